"""Pain states of one visit, and of one patient over time, each with unknown as its own answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from nmosd_cohort.codebook import CHRONIC_DAYS
from nmosd_cohort.cohort.tally import day, lazy

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

NEUROPATHIC_BY = ("recorded", "dn4", "paindetect")
DN4_CUTOFF = 4
PAINDETECT_CUTOFF = 19
STATES = {"any": "has_pain", "neuropathic": "has_neuropathic_pain", "tonic_spasm": "has_tonic_spasm"}
PAIN_GROUPS = ("neuropathic", "other_pain", "no_pain")


def pain_columns(assessments: nw.LazyFrame[Any], *, neuropathic_by: str = "recorded") -> nw.LazyFrame[Any]:
    """Resolve the pain states of each assessment; what was not asked stays missing.

    Parameters
    ----------
    assessments
        The codebook's assessments table.
    neuropathic_by
        ``recorded``: the centre's own classification. ``dn4`` (10 items, at least 4) and ``paindetect``
        (at least 19) screen for it; a screening score is never mixed with a classification.

    Returns
    -------
    narwhals.LazyFrame
        has_pain: the answer to the question, else whether the NRS is above 0. has_neuropathic_pain and
        has_tonic_spasm: false where there is no pain. pain_group: neuropathic, other_pain or no_pain.
    """
    has_pain = nw.coalesce("has_pain", nw.col("pain_nrs") > 0)
    source = {
        "recorded": nw.col("has_neuropathic_pain"),
        "dn4": nw.col("dn4") >= DN4_CUTOFF,
        "paindetect": nw.col("paindetect") >= PAINDETECT_CUTOFF,
    }[neuropathic_by]
    # A yes to "neuropathic" is itself a yes to "pain"; a no to "pain" is a no to "neuropathic".
    resolved = assessments.with_columns(is_neuropathic=source, has_pain=has_pain).with_columns(
        has_pain=nw.coalesce("has_pain", nw.when(nw.col("is_neuropathic")).then(nw.col("is_neuropathic")))
    )
    # Spasms do not answer the question about pain; where there is no pain there are no painful spasms.
    resolved = resolved.with_columns(
        has_neuropathic_pain=nw.col("is_neuropathic") & nw.col("has_pain"),
        has_tonic_spasm=nw.col("has_tonic_spasm") & nw.coalesce("has_pain", "has_tonic_spasm"),
    )
    return resolved.with_columns(
        pain_group=nw.when((~nw.col("has_pain")).fill_null(False))
        .then(nw.lit("no_pain"))
        .when((nw.col("has_pain") & nw.col("has_neuropathic_pain")).fill_null(False))
        .then(nw.lit("neuropathic"))
        .when((nw.col("has_pain") & ~nw.col("has_neuropathic_pain")).fill_null(False))
        .then(nw.lit("other_pain"))
    )


def _episodes(registry: Registry, pain: str) -> nw.LazyFrame[Any]:
    episodes = lazy(registry.tables["pain"]).select(
        "patient_id", "pain_type", onset_day=day("onset_date"), end_day=day("end_date")
    )
    return episodes if pain == "any" else episodes.filter(nw.col("pain_type") == pain)


def open_episode(registry: Registry, index: nw.LazyFrame[Any], *, pain: str) -> nw.LazyFrame[Any]:
    """One row a patient with an episode open on the index day: whether one of them is chronic.

    Returns
    -------
    narwhals.LazyFrame
        patient_id, has_chronic_episode: true if an open episode began more than 91.3 days before; missing if
        none is known to have, but the onset of one is not recorded; else false.
    """
    pairs = index.select("patient_id", "assessment_day").join(_episodes(registry, pain), on="patient_id", how="inner")
    is_open = (nw.col("onset_day") <= nw.col("assessment_day")).fill_null(True) & (
        nw.col("end_day") >= nw.col("assessment_day")
    ).fill_null(True)
    lasted = (nw.col("assessment_day") - nw.col("onset_day")) > CHRONIC_DAYS
    flags = (
        pairs.filter(is_open)
        .with_columns(
            chronic=lasted.fill_null(False).cast(nw.Int64), undated=nw.col("onset_day").is_null().cast(nw.Int64)
        )
        .group_by("patient_id")
        .agg(nw.col("chronic").max(), nw.col("undated").max())
    )
    is_chronic = nw.col("chronic") > 0
    return flags.select(
        "patient_id", has_chronic_episode=nw.when(is_chronic | (nw.col("undated") == 0)).then(is_chronic)
    )


def episode_recorded(registry: Registry, *, pain: str) -> nw.LazyFrame[Any]:
    """One row a patient for whom any episode of the pain was ever recorded: patient_id, episode_patient (the same)."""
    return _episodes(registry, pain).select("patient_id", episode_patient=nw.col("patient_id")).unique()
