"""One row a patient: what a question about pain counted, and who the patient was, for weighting by case mix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import narwhals as nw

from nmosd_cohort.codebook import DAYS_PER_YEAR
from nmosd_cohort.cohort.assessments import index_visits, visits
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY, STATES
from nmosd_cohort.cohort.pain_status import pain_status
from nmosd_cohort.cohort.tally import collect, completed_years
from nmosd_cohort.questions.pain_prevalence import Pain, TimeFrame
from nmosd_cohort.statistics.estimate import check_option

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry

DENOMINATORS = ("assessed", "all_diagnosed", "with_myelitis", "aqp4_positive")
AT_VISIT = ("age_years", "duration_years", "edss", "attacks")
VARIABLES = (
    "female",
    "aqp4_positive",
    "had_myelitis",
    "age_years",
    "onset_age_years",
    "duration_years",
    "edss",
    "attacks",
)


def local_case_mix(
    registry: Registry,
    *,
    pain: Pain = "any",
    time_frame: TimeFrame = "current",
    denominator: str = "assessed",
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
) -> pd.DataFrame:
    """One row a patient whom ``pain_prevalence`` of the same arguments is about: the answer and the case mix.

    Parameters
    ----------
    registry
        Checked tables.
    pain, time_frame, diagnosis, neuropathic_by, min_days_after_attack
        As in ``pain_prevalence``.
    denominator
        ``assessed``, ``all_diagnosed``, ``with_myelitis`` or ``aqp4_positive``.

    Returns
    -------
    pandas.DataFrame
        patient_id; outcome (1 has the pain, 0 has not, missing: no answer; of all diagnosed no answer is 0, as
        the share counts it), whose mean is the share that ``pain_prevalence`` gives; female, aqp4_positive and
        had_myelitis (1, 0 or missing); onset_age_years (completed); age_years (completed), duration_years (from
        onset, in years of 365.25 days), edss and attacks (so far) at the visit of the answer, where it was not
        recorded there at the last visit that has it, age and duration else at the last contact.

    Raises
    ------
    ValueError
        If an option is not one of those listed.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> registry = nc.simulate(n=200, seed=1)
    >>> share = nc.pain_prevalence(registry).estimates["estimate"].iloc[0]
    >>> bool(abs(local_case_mix(registry)["outcome"].mean() - share) < 1e-12)
    True
    """
    check_option("pain", pain, get_args(Pain))
    check_option("time_frame", time_frame, get_args(TimeFrame))
    check_option("denominator", denominator, DENOMINATORS)
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    status = pain_status(
        registry,
        pain=pain,
        time_frame=time_frame,
        diagnosis=diagnosis,
        neuropathic_by=neuropathic_by,
        min_days_after_attack=min_days_after_attack,
    )
    seen = _described_visits(registry, diagnosis, neuropathic_by)
    index = index_visits(seen, needs=[STATES[pain]], min_days_after_attack=min_days_after_attack)
    described = _numbers(_with_visits(status, seen, index))
    patients = collect(described, ["patient_id"]).astype(dict.fromkeys(["outcome", *VARIABLES], "float64"))
    if denominator == "all_diagnosed":
        patients["outcome"] = patients["outcome"].fillna(0.0)
    kept = {"with_myelitis": "had_myelitis", "aqp4_positive": "aqp4_positive"}.get(denominator)
    return patients if kept is None else patients[patients[kept] == 1].reset_index(drop=True)


def _described_visits(registry: Registry, diagnosis: str, neuropathic_by: str) -> nw.LazyFrame[Any]:
    """One row a visit with what Table 1 may say of the patient on that day."""
    return visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by).with_columns(
        duration_years=(nw.col("assessment_day") - nw.col("onset_day")) / DAYS_PER_YEAR,
        edss=nw.col("edss2") / 2,
        attacks=nw.col("attack_count"),
    )


def _with_visits(patients: nw.LazyFrame[Any], seen: nw.LazyFrame[Any], index: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Add what was recorded at the index visit, else at the last visit that has it recorded."""
    there = index.select("patient_id", **{f"{name}_then": nw.col(name) for name in AT_VISIT})
    described = patients.join(there, on="patient_id", how="left")
    for name in AT_VISIT:
        known = seen.filter(~nw.col(name).is_null())
        last = known.filter(nw.col("assessment_day") == nw.col("assessment_day").max().over("patient_id"))
        described = described.join(
            last.select("patient_id", **{f"{name}_last": nw.col(name)}), on="patient_id", how="left"
        )
        described = described.with_columns(nw.coalesce(f"{name}_then", f"{name}_last").alias(name))
    return described


def _numbers(described: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the outcome and the variables alone, as numbers."""
    contact = nw.col("last_contact_day")
    dated = described.with_columns(
        age_years=nw.coalesce(nw.col("age_years"), completed_years(contact - nw.col("birth_day"))),
        duration_years=nw.coalesce(nw.col("duration_years"), (contact - nw.col("onset_day")) / DAYS_PER_YEAR),
    )
    numbers = dated.with_columns(
        outcome=nw.col("status").cast(nw.Int64),
        female=(nw.col("sex") == "female").cast(nw.Int64),
        aqp4_positive=nw.col("is_aqp4_positive"),
        had_myelitis=nw.col("had_myelitis").cast(nw.Int64),
        onset_age_years=nw.coalesce(
            completed_years(nw.col("onset_day") - nw.col("birth_day")),
            (nw.col("age_years") - nw.col("duration_years")).round(0).cast(nw.Int64),
        ),
    )
    return numbers.select("patient_id", "outcome", *VARIABLES)
