"""One row a starter of a drug with the scores before and after, for analyses that no question makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nmosd_cohort.cohort.assessments import visits
from nmosd_cohort.cohort.outcomes import score_names, score_visits
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect
from nmosd_cohort.cohort.treatment import paired_scores, starters, timed_scores

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry

PAIR_COLUMNS = ("before", "before_days", "after", "after_days")


def start_pairs(
    registry: Registry,
    *,
    drug: str = "",
    drug_class: str | None = None,
    outcome: str = "pain_nrs",
    at_months: float = 12,
    at_days: int | None = None,
    window_days: int = 60,
    diagnosis: str = "nmosd",
) -> pd.DataFrame:
    """One row an eligible patient who ever had the drug: the score before its first start and the one after.

    Patients, start and scores are those of ``change_after_start``, so what is computed from this frame can stand
    beside its answer.

    Parameters
    ----------
    registry
        Checked tables.
    drug
        As in treatments.drug; capital letters do not matter.
    drug_class
        Code of treatments.drug_class: any treatment of that class counts, and ``drug`` is not read.
    outcome
        Column of the visits, for example pain_nrs or edss2, or any other score of the assessments table.
    at_months, at_days
        Target of the later score, in months of 30.44 days, or in days where ``at_days`` is given.
    window_days
        The later score lies within this many days of the target.
    diagnosis
        Code of patients.diagnosis.

    Returns
    -------
    DataFrame
        patient_id; start_day (days since 1970-01-01, missing if unknown); before (last score in the 90 days up to
        the start) and after (score nearest to the target), numbers, NaN where there is none; before_days and
        after_days, their days since the start; is_neuropathic_before, whether the pain was recorded as neuropathic
        at the visit of the score before, missing if that was not recorded there.

    Raises
    ------
    ValueError
        If the outcome is not a column of the visits, or the times are not positive.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> pairs = nc.start_pairs(nc.simulate(n=300, seed=1), drug="tocilizumab")
    >>> len(pairs), len(pairs.dropna(subset=["before", "after"]))
    (59, 39)
    """
    if at_months <= 0 or window_days <= 0:
        raise ValueError(f"at_months and window_days must be above 0, not {at_months} and {window_days}")
    seen = visits(registry, diagnosis=diagnosis)
    known = seen.collect_schema().names()
    if outcome not in (*known, *score_names()):
        raise ValueError(f"outcome is {outcome!r}; columns are {', '.join(sorted({*known, *score_names()}))}")
    patients = eligible(select_patients(registry, diagnosis=diagnosis))
    started = starters(registry, patients, drug=drug, drug_class=drug_class)
    scored = seen if outcome in known else score_visits(registry, outcome=outcome, diagnosis=diagnosis)
    timed = (
        timed_scores(scored, started, outcome=outcome),
        timed_scores(seen, started, outcome="has_neuropathic_pain"),
    )
    window: dict[str, Any] = {"at_months": at_months, "window_days": window_days, "at_days": at_days}
    scores, classes = (collect(paired_scores(one, **window), ["patient_id"]) for one in timed)
    classes = classes.dropna(subset=["before"]).rename(columns={"before": "is_neuropathic_before"})
    classes = classes[["patient_id", "before_days", "is_neuropathic_before"]].astype(
        {"is_neuropathic_before": "boolean"}
    )
    pairs = collect(started.select("patient_id", "start_day"), ["patient_id"])
    pairs = pairs.merge(scores[["patient_id", *PAIR_COLUMNS]], on="patient_id", how="left")
    pairs = pairs.merge(classes, on=["patient_id", "before_days"], how="left")
    numbers = {name: pairs[name].to_numpy(dtype=float, na_value=float("nan")) for name in ("before", "after")}
    return pairs.assign(**numbers)
