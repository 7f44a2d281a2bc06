"""One row an eligible patient with what a Table 1 tells of them, and the groups that may stand side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw
import pandas as pd

from nmosd_cohort.codebook import DAYS_PER_YEAR
from nmosd_cohort.cohort.patient_frame import patient_frame
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect, completed_years, day, lazy

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

Kind = Literal["amount", "score", "category", "yes_no"]


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One line of a Table 1: its variable, what kind of value it is, and the table that delivers it."""

    name: str
    kind: Kind
    source: str


CHARACTERISTICS = (
    Characteristic("sex", "category", "patients.sex"),
    Characteristic("age_years", "amount", "patients.birth_date or age_years"),
    Characteristic("onset_age_years", "amount", "patients.birth_date and onset_date"),
    Characteristic("disease_duration_years", "amount", "patients.onset_date"),
    Characteristic("aqp4_status", "category", "patients.aqp4_status"),
    Characteristic("mog_status", "category", "patients.mog_status"),
    Characteristic("onset_phenotype", "category", "patients.onset_phenotype"),
    Characteristic("had_myelitis", "yes_no", "patients.had_myelitis or attacks.attack_type"),
    Characteristic("attack_count", "score", "attacks.attack_date or patients.attack_count"),
    Characteristic("lesion_level", "category", "imaging.region and lesions"),
    Characteristic("edss", "score", "assessments.edss"),
    Characteristic("has_pain", "yes_no", "assessments.has_pain"),
    Characteristic("pain_group", "category", "assessments.has_neuropathic_pain"),
    Characteristic("pain_nrs", "score", "assessments.pain_nrs"),
    Characteristic("dn4", "score", "assessments.dn4"),
    Characteristic("sf36_pcs", "score", "assessments.sf36_pcs"),
    Characteristic("sf36_mcs", "score", "assessments.sf36_mcs"),
    Characteristic("sf36_bp", "score", "assessments.sf36_bp"),
    Characteristic("bdi_ii", "score", "assessments.bdi_ii"),
    Characteristic("phq9", "score", "assessments.phq9"),
    Characteristic("fss", "score", "assessments.fss"),
    Characteristic("on_anticonvulsant", "yes_no", "treatments.drug_class"),
    Characteristic("on_antidepressant", "yes_no", "treatments.drug_class"),
    Characteristic("on_opioid", "yes_no", "treatments.drug_class"),
    Characteristic("on_nonopioid_analgesic", "yes_no", "treatments.drug_class"),
)


def described_patients(
    registry: Registry,
    *,
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    drug: str | None = None,
) -> pd.DataFrame:
    """One row an eligible patient: who they are, and what was recorded at the last assessment in remission.

    Parameters
    ----------
    registry
        Checked tables.
    diagnosis, neuropathic_by, min_days_after_attack
        As in ``patient_frame``.
    drug
        Name in treatments.drug for the column of that name: yes where any course of it is on record.

    Returns
    -------
    DataFrame
        patient_id, site, the names of ``CHARACTERISTICS`` and, with a drug, drug (yes, or no course on record: no);
        assessment_day (missing: no assessment in remission). Texts and numbers; missing stays missing. Age
        (completed years) and duration (years with their fraction) are those at the assessment; without one they are
        missing. No course of a drug or a drug class on record is "no", unless the registry delivers no treatments.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> patients = described_patients(nc.simulate(n=40, seed=1))
    >>> bool(patients["patient_id"].is_unique), int(patients["sex"].isna().sum())
    (True, 0)
    """
    seen = patient_frame(
        registry,
        needs=(),
        diagnosis=diagnosis,
        neuropathic_by=neuropathic_by,
        min_days_after_attack=min_days_after_attack,
    )
    seen["edss"] = seen["edss2"].astype("Float64") / 2
    persons = eligible(select_patients(registry, diagnosis=diagnosis)).select(
        *("patient_id", "site", "sex", "aqp4_status", "mog_status", "onset_phenotype", "had_myelitis"),
        onset_day="onset_day",
        onset_age_years=completed_years(nw.col("onset_day") - nw.col("birth_day")),
    )
    patients = collect(persons, ["patient_id"])
    others = [line.name for line in CHARACTERISTICS if line.name not in patients]
    joined = patients.merge(seen[["patient_id", "assessment_day", *others]], on="patient_id", how="left")
    known = joined["disease_duration_years"].notna()  # not where the onset is after the assessment
    duration = (joined["assessment_day"] - joined.pop("onset_day")).astype("Float64") / DAYS_PER_YEAR
    joined["disease_duration_years"] = duration.where(known)
    untreated = len(collect(lazy(registry.tables["treatments"]).select("patient_id").head(1), ["patient_id"])) == 0
    if untreated:
        joined[[line.name for line in CHARACTERISTICS if line.source == "treatments.drug_class"]] = pd.NA
    for line in CHARACTERISTICS:
        if line.kind == "yes_no":
            joined[line.name] = _yes_no(joined[line.name])
    if drug is not None:
        courses = lazy(registry.tables["treatments"]).filter(nw.col("drug").str.to_lowercase() == drug.strip().lower())
        treated = set(collect(courses.select("patient_id", start=day("start_date")), ["patient_id"])["patient_id"])
        joined["drug"] = _yes_no(
            joined["patient_id"].isin(treated).astype("boolean").mask(joined["patient_id"].notna() & untreated)
        )
    return joined


def described_diagnoses(registry: Registry, **options: Any) -> pd.DataFrame:
    """One row a patient as ``described_patients`` has them, for every diagnosis in turn, with a column diagnosis.

    Parameters
    ----------
    registry
        Checked tables.
    **options
        As in ``described_patients``, but for diagnosis.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> patients = described_diagnoses(nc.simulate("demo", n=40, seed=1))
    >>> sorted(patients["diagnosis"].unique())
    ['mogad', 'ms', 'nmosd']
    """
    told = collect(lazy(registry.tables["patients"]).select("diagnosis").unique(), ["diagnosis"])["diagnosis"].dropna()
    parts = [described_patients(registry, diagnosis=name, **options).assign(diagnosis=name) for name in told]
    return pd.concat(parts or [described_patients(registry, **options).assign(diagnosis="")], ignore_index=True)


def _yes_no(values: pd.Series[bool]) -> pd.Series[str]:
    return values.astype("boolean").map({True: "yes", False: "no"}).astype("string")
