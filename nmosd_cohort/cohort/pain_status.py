"""Whether each eligible patient has a pain now, chronically or ever; unknown is an answer with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from nmosd_cohort.cohort.assessments import index_reasons, index_visits, visits
from nmosd_cohort.cohort.pain import STATES, episode_recorded, open_episode
from nmosd_cohort.cohort.selection import PATIENT_GROUPS, eligible, select_patients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.intake.registry import Registry

# Group -> column of the visits, where the second and the third band begin, and the bands' names.
BANDS: dict[str, tuple[str, tuple[int, int], tuple[str, str, str]]] = {
    "age_group": ("age_years", (40, 60), ("0 to 39", "40 to 59", "60 and over")),
    "duration_group": ("disease_duration_years", (5, 10), ("0 to 4 years", "5 to 9 years", "at least 10 years")),
    "attack_group": ("attack_count", (2, 5), ("1 or none", "2 to 4", "5 and more")),
    "edss_group": ("edss2", (8, 12), ("0 to 3.5", "4 to 5.5", "6 and more")),
}
GROUPS = (*PATIENT_GROUPS, "had_myelitis", *BANDS)


def pain_status(
    registry: Registry,
    *,
    pain: str,
    time_frame: str,
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    asked: str | None = None,
    groups: Sequence[str] = (),
) -> nw.LazyFrame[Any]:
    """One row an eligible patient: whether they have the pain in the time frame, or why that is not known.

    Parameters
    ----------
    registry
        Checked tables.
    pain
        any, neuropathic or tonic_spasm.
    time_frame
        current, chronic or ever, as ``questions.pain_prevalence`` defines them.
    diagnosis, neuropathic_by, min_days_after_attack
        As in ``questions.pain_prevalence``.
    asked
        The pain that the index visit must have an answer to; by default the same as ``pain``.
    groups
        Groups of ``BANDS`` to add.

    Returns
    -------
    narwhals.LazyFrame
        The patient columns of ``select_patients``, the groups asked for (at the last visit that has them
        recorded), status (true, false, or missing), pain_known (the same for pain of any kind), reason (why
        status is missing), remission_known (true where a dated attack precedes the index visit, and for ever;
        else missing).
    """
    frame = visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by)
    patients = eligible(select_patients(registry, diagnosis=diagnosis))
    if time_frame == "ever":
        status = _ever(registry, frame, patients, pain)
    else:
        needs = [STATES[asked or pain]]
        index = index_visits(frame, needs=needs, min_days_after_attack=min_days_after_attack)
        reasons = index_reasons(
            registry, frame, needs=needs, min_days_after_attack=min_days_after_attack, diagnosis=diagnosis
        ).select("patient_id", reason=nw.col("index_status"))
        answers = _chronic(registry, index, pain) if time_frame == "chronic" else _current(index, pain)
        status = reasons.join(answers, on="patient_id", how="left")
    return _with_bands(patients, frame, groups).join(status, on="patient_id", how="left")


def _with_bands(patients: nw.LazyFrame[Any], frame: nw.LazyFrame[Any], groups: Sequence[str]) -> nw.LazyFrame[Any]:
    """Return the patients with the band of each grouping variable at their last visit that has it recorded."""
    banded = patients
    for group in (name for name in groups if name in BANDS):
        column, starts, names = BANDS[group]
        known = frame.filter(~nw.col(column).is_null())
        last = known.filter(nw.col("assessment_day") == nw.col("assessment_day").max().over("patient_id"))
        band = last.select("patient_id", _band(nw.col(column), starts, names).alias(group))
        banded = banded.join(band, on="patient_id", how="left")
    return banded


def _band(value: nw.Expr, starts: tuple[int, int], names: tuple[str, str, str]) -> nw.Expr:
    return (
        nw.when(value < starts[0])
        .then(nw.lit(names[0]))
        .when(value < starts[1])
        .then(nw.lit(names[1]))
        .otherwise(nw.lit(names[2]))
    )


def _current(index: nw.LazyFrame[Any], pain: str) -> nw.LazyFrame[Any]:
    """One row a patient with an index visit: status and pain_known there."""
    return index.select(
        "patient_id",
        status=nw.col(STATES[pain]),
        pain_known=nw.col("has_pain"),
        remission_known=nw.col("days_since_attack") >= 0,
    )


def _chronic(registry: Registry, index: nw.LazyFrame[Any], pain: str) -> nw.LazyFrame[Any]:
    """Return the same, true only with an open episode of more than three months; without a dated one it is unknown."""
    answers = _current(index, pain)
    for name, kind in (("status", pain), ("pain_known", "any")):
        lasting = open_episode(registry, index, pain=kind)
        answers = answers.join(lasting, on="patient_id", how="left")
        answers = answers.with_columns((nw.col(name) & nw.col("has_chronic_episode")).alias(name))
        answers = answers.drop("has_chronic_episode")
    return answers


def _ever(registry: Registry, frame: nw.LazyFrame[Any], patients: nw.LazyFrame[Any], pain: str) -> nw.LazyFrame[Any]:
    """One row an eligible patient: yes if any visit or episode says so, no if asked and never yes, else unknown."""
    columns = {"status": (STATES[pain], pain), "pain_known": ("has_pain", "any")}
    seen = (
        frame.with_columns(**{name: nw.col(column).cast(nw.Int64) for name, (column, _) in columns.items()})
        .group_by("patient_id")
        .agg(*(nw.col(name).max() for name in columns))
        .select("patient_id", *((nw.col(name) > 0).alias(name) for name in columns))
    )
    answers = patients.select("patient_id").join(seen, on="patient_id", how="left")
    for name, (_, kind) in columns.items():
        answers = answers.join(episode_recorded(registry, pain=kind), on="patient_id", how="left")
        has_episode = (nw.col("episode_patient") == nw.col("patient_id")).fill_null(False)
        answers = answers.with_columns((has_episode | nw.col(name)).alias(name)).drop("episode_patient")
    return answers.with_columns(
        reason=nw.lit("never asked, and no episode on record"),
        remission_known=nw.col("patient_id") == nw.col("patient_id"),
    )
