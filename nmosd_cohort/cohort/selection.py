"""Eligibility: which patients of a registry a question is about, and why the others are not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.cohort.remember import remembered
from nmosd_cohort.cohort.tally import day, lazy, tally

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

INCLUDED = "included"
PATIENT_GROUPS = ("site", "sex", "aqp4_status", "mog_status", "onset_phenotype")


def _exclusion_reason(diagnosis: str, with_mog: bool) -> nw.Expr:
    """Say why a patient is left out; the first reason that applies counts."""
    reason = (
        nw.when(nw.col("diagnosis").is_null())
        .then(nw.lit("diagnosis not recorded"))
        .when(nw.col("diagnosis") != diagnosis)
        .then(nw.lit("another diagnosis"))
    )
    if diagnosis == "nmosd" and not with_mog:
        is_mogad = (nw.col("mog_status") == "positive") & (nw.col("aqp4_status") == "negative")
        reason = reason.when(is_mogad.fill_null(False)).then(nw.lit("MOG-IgG positive and AQP4-IgG negative"))
    return reason.otherwise(nw.lit(INCLUDED))


def _is_true(condition: nw.Expr) -> nw.Expr:
    return condition.fill_null(False)


def _attack_entries(registry: Registry) -> nw.LazyFrame[Any]:
    """One row a patient with attacks: how many entries there are, how many name myelitis, how many name no type."""
    return (
        lazy(registry.tables["attacks"])
        .with_columns(
            is_myelitis=nw.col("attack_type").str.contains("myelitis", literal=True).cast(nw.Int64),
            is_untyped=nw.col("attack_type").is_null().cast(nw.Int64),
        )
        .group_by("patient_id")
        .agg(
            nw.col("is_myelitis").sum().alias("myelitis_entries"),
            nw.col("is_untyped").sum().alias("untyped_entries"),
        )
    )


@remembered
def select_patients(registry: Registry, *, diagnosis: str = "nmosd", with_mog: bool = False) -> nw.LazyFrame[Any]:
    """One row a patient of the registry, with ``eligibility``: included, or the reason why not.

    Parameters
    ----------
    registry
        Checked tables.
    diagnosis
        Code of patients.diagnosis that is studied. For NMOSD, patients who are MOG-IgG positive and
        AQP4-IgG negative are left out, since their disease is now classified apart.
    with_mog
        Whether to count these as well, as older series did.

    Returns
    -------
    narwhals.LazyFrame
        patient_id, eligibility, PATIENT_GROUPS, is_male, is_aqp4_positive, had_myelitis
        (true, false, or missing where the registry does not tell), birth_day, entry_day, age_at_entry_years,
        onset_day, last_contact_day, recorded_attack_count.

    Raises
    ------
    ValueError
        If ``diagnosis`` is not a code of the codebook.
    """
    known = [code.code for code in read_codebook()["patients"].variables["diagnosis"].codes]
    if diagnosis not in known:
        raise ValueError(f"diagnosis is {diagnosis!r}; it must be one of {', '.join(known)}")
    patients = lazy(registry.tables["patients"]).join(_attack_entries(registry), on="patient_id", how="left")
    yes = _is_true(
        nw.col("had_myelitis") | (nw.col("onset_phenotype") == "myelitis") | (nw.col("myelitis_entries") > 0)
    )
    # Every attack has a type and none is myelitis; the first attack, if it is described, was not a mixed one.
    no_by_attacks = (nw.col("untyped_entries") == 0) & (nw.col("onset_phenotype") != "mixed").fill_null(True)
    told = yes | _is_true(~nw.col("had_myelitis")) | _is_true(no_by_attacks)
    return patients.select(
        "patient_id",
        *PATIENT_GROUPS,
        eligibility=_exclusion_reason(diagnosis, with_mog),
        is_male=(nw.col("sex") == "male").cast(nw.Int64),
        is_aqp4_positive=(nw.col("aqp4_status") == "positive").cast(nw.Int64),
        had_myelitis=nw.when(told).then(yes),
        birth_day=day("birth_date"),
        entry_day=day("entry_date"),
        age_at_entry_years=nw.col("age_years"),
        onset_day=day("onset_date"),
        last_contact_day=day("last_contact_date"),
        recorded_attack_count=nw.col("attack_count"),
    )


def eligible(patients: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row an included patient of ``select_patients``."""
    return patients.filter(nw.col("eligibility") == INCLUDED).drop("eligibility")


def eligibility_steps(patients: nw.LazyFrame[Any]) -> list[tuple[str, int, int, str]]:
    """Return the flow from all patients of the registry to those included, one step a reason."""
    counts = tally(patients, ["eligibility"])
    left = int(counts["n"].sum())
    steps = [("patients in the registry", left, 0, "")]
    for reason, n in zip(counts["eligibility"], counts["n"], strict=True):
        if reason != INCLUDED:
            left -= int(n)
            steps.append(("eligible", left, int(n), str(reason)))
    return steps
