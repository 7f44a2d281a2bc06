"""Assessments with what was known on that day, and the one assessment of each patient that a question uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from nmosd_cohort.cohort.attacks import attack_history, distinct_attacks
from nmosd_cohort.cohort.pain import pain_columns
from nmosd_cohort.cohort.remember import remembered
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import completed_years, day, lazy, tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.intake.registry import Registry

SCORES = (
    "pain_nrs",
    *(f"sf36_{scale}" for scale in ("pf", "rp", "bp", "gh", "vt", "sf", "re", "mh", "pcs", "mcs")),
    *("bdi_ii", "bdi_i", "phq9", "hads_d", "ces_d", "fss"),
)


@remembered
def visits(
    registry: Registry, *, diagnosis: str = "nmosd", neuropathic_by: str = "recorded", with_mog: bool = False
) -> nw.LazyFrame[Any]:
    """One row an assessment of an eligible patient, with pain states, scores, covariates and attack history.

    ``with_mog`` as in ``select_patients``.

    Returns
    -------
    narwhals.LazyFrame
        The patient's columns of ``select_patients``; assessment_day; has_pain, has_neuropathic_pain,
        has_tonic_spasm, pain_group (see ``cohort.pain``); edss2 (twice the EDSS, a whole number); the scores;
        age_years and disease_duration_years (completed years of 365.25 days); attack_count and
        myelitis_attack_count so far; days_since_attack (missing where no attack is recorded before).
    """
    patients = eligible(select_patients(registry, diagnosis=diagnosis, with_mog=with_mog))
    assessed = pain_columns(
        lazy(registry.tables["assessments"]).with_columns(
            assessment_day=day("assessment_date"), edss2=(nw.col("edss") * 2).cast(nw.Int64)
        ),
        neuropathic_by=neuropathic_by,
    ).select(
        *(
            "patient_id",
            "assessment_day",
            "has_pain",
            "has_neuropathic_pain",
            "has_tonic_spasm",
            "pain_group",
            "edss2",
        ),
        *SCORES,
    )
    joined = assessed.join(patients, on="patient_id", how="inner")
    history = attack_history(joined, distinct_attacks(registry))
    joined = joined.join(history, on=["patient_id", "assessment_day"], how="left")
    dated = lazy(registry.tables["attacks"]).select("patient_id", dated_patient=nw.col("patient_id")).unique()
    joined = joined.join(dated, on="patient_id", how="left")
    return joined.with_columns(**_covariates()).drop(
        "birth_day",
        "entry_day",
        "age_at_entry_years",
        "attacks_so_far",
        "myelitis_attacks_so_far",
        "last_attack_day",
    )


def _covariates() -> dict[str, nw.Expr]:
    # A stated total includes attacks after the visit: it counts only where no attack of the patient has a date.
    undated_count = nw.when(nw.col("dated_patient").is_null()).then(nw.col("recorded_attack_count"))
    since_entry = nw.coalesce(nw.col("assessment_day") - nw.col("entry_day"), nw.lit(0))
    return {
        "age_years": nw.coalesce(
            completed_years(nw.col("assessment_day") - nw.col("birth_day")),
            nw.col("age_at_entry_years") + completed_years(since_entry),
        ),
        "disease_duration_years": completed_years(nw.col("assessment_day") - nw.col("onset_day")),
        "attack_count": nw.coalesce("attacks_so_far", undated_count).cast(nw.Int64),
        "myelitis_attack_count": nw.col("myelitis_attacks_so_far"),
        "days_since_attack": nw.col("assessment_day") - nw.col("last_attack_day"),
    }


def in_remission(min_days_after_attack: int) -> nw.Expr:
    """Whether no attack began in the days before the visit; without any recorded attack it counts as remission."""
    return (nw.col("days_since_attack") >= min_days_after_attack).fill_null(True)


def index_visits(frame: nw.LazyFrame[Any], *, needs: Sequence[str], min_days_after_attack: int) -> nw.LazyFrame[Any]:
    """One row a patient: the last visit in remission at which all of ``needs`` were recorded.

    Parameters
    ----------
    frame
        From ``visits``.
    needs
        Columns that may not be missing.
    min_days_after_attack
        A visit nearer than this to the start of the last attack is not used.

    Raises
    ------
    ValueError
        If ``min_days_after_attack`` is below 0.
    """
    if min_days_after_attack < 0:
        raise ValueError(f"min_days_after_attack is {min_days_after_attack}; it must be 0 or more")
    usable = frame.filter(in_remission(min_days_after_attack), *(~nw.col(name).is_null() for name in needs))
    return usable.filter(nw.col("assessment_day") == nw.col("assessment_day").max().over("patient_id"))


def index_reasons(
    registry: Registry,
    frame: nw.LazyFrame[Any],
    *,
    needs: Sequence[str],
    min_days_after_attack: int,
    diagnosis: str,
) -> nw.LazyFrame[Any]:
    """One row an eligible patient with ``index_status``: used, or the reason why no visit of theirs could be."""
    recorded = nw.lit(1).cast(nw.Int64)
    for name in needs:
        recorded = recorded * (~nw.col(name).is_null()).cast(nw.Int64)
    seen = (
        frame.with_columns(recorded=recorded, calm=in_remission(min_days_after_attack).cast(nw.Int64))
        .with_columns(usable=nw.col("recorded") * nw.col("calm"))
        .group_by("patient_id")
        .agg(nw.col("recorded").max(), nw.col("usable").max())
    )
    patients = eligible(select_patients(registry, diagnosis=diagnosis)).join(seen, on="patient_id", how="left")
    status = (
        nw.when(nw.col("recorded").is_null())
        .then(nw.lit("no assessment on record"))
        .when(nw.col("recorded") == 0)
        .then(nw.lit("assessed, but never with all that is needed"))
        .when(nw.col("usable") == 0)
        .then(nw.lit(f"recorded only within {min_days_after_attack} days of an attack"))
        .otherwise(nw.lit("used"))
    )
    return patients.with_columns(index_status=status)


def index_steps(reasons: nw.LazyFrame[Any], needed: str) -> list[tuple[str, int, int, str]]:
    """Return the flow from eligible patients to those with an index visit, one step a reason."""
    counts = tally(reasons, ["index_status"])
    left = int(counts["n"].sum())
    steps = []
    for status, n in zip(counts["index_status"], counts["n"], strict=True):
        if status != "used":
            left -= int(n)
            steps.append((f"{needed} recorded in remission", left, int(n), str(status)))
    return steps or [(f"{needed} recorded in remission", left, 0, "")]
