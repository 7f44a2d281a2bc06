"""New users of either of two treatments, with what was known of them at the start, and the score before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import narwhals as nw
import numpy as np
import pandas as pd

from nmosd_cohort.codebook import DAYS_PER_YEAR
from nmosd_cohort.cohort.attacks import distinct_attacks
from nmosd_cohort.cohort.outcomes import score_visits
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect
from nmosd_cohort.cohort.treatment import paired_scores, starters, timed_scores
from nmosd_cohort.statistics.estimate import check_option

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

Kind = Literal["concurrent", "historical", "any_time"]
DAYS_BEFORE = 365  # in which attacks before the start are counted
REASONS = {
    "no_start": "start of the first course of one of them not recorded",
    "same_day": "both started on the same day",
    "other_time": "started at a time that the other arm does not cover",
    "never_scored": "score never recorded",
    "no_before": "no score in the 90 days up to the start",
    "no_after": "no score near the target time",
}
BASELINE_COLUMNS = ("age_years", "is_male", "is_aqp4_positive", "disease_duration_years", "attacks_in_year_before")


def treatment_arms(
    registry: Registry,
    *,
    drug: str,
    comparator: str,
    outcome: str,
    kind: Kind = "concurrent",
    at_months: float = 12,
    at_days: int | None = None,
    window_days: int = 60,
    diagnosis: str = "nmosd",
) -> pd.DataFrame:
    """One row an eligible patient who ever had either treatment, in the arm of the one that was started first.

    Time zero is the start in both arms, and what came later decides neither the arm nor who is counted except by
    the score after: nobody has to survive or stay on treatment for an arm, so no time is immortal.

    Parameters
    ----------
    registry
        Checked tables.
    drug, comparator
        As in treatments.drug; capital letters do not matter.
    outcome
        Score of the assessments table.
    kind
        ``concurrent``: starts in the calendar time in which both were started. ``historical``: of the comparator
        those before the first start of the drug. ``any_time``: all starts, as in a trial.
    at_months, at_days, window_days
        Target of the later score, as in ``change_after_start``.
    diagnosis
        Code of patients.diagnosis.

    Returns
    -------
    DataFrame
        patient_id; arm (1 drug, 0 comparator, missing without a start); start_day; before, after (NaN if none);
        age_years, disease_duration_years at the start; is_male, is_aqp4_positive; attacks_in_year_before (an attack
        on the day of the start counts; missing for patients without any dated attack); switched (the other treatment
        began later, up to the score after, or the target if there is none); had_both; reason, a key of REASONS, or
        empty for those who are analysed.

    Raises
    ------
    ValueError
        If the kind is neither, or both treatments are the same.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> registry = nc.simulate(n=300, seed=1)
    >>> arms = treatment_arms(registry, drug="tocilizumab", comparator="azathioprine", outcome="pain_nrs")
    >>> arms["arm"].nunique(), bool(arms["had_both"].any())
    (2, True)
    """
    check_option("kind", kind, get_args(Kind))
    if drug.strip().lower() == comparator.strip().lower():
        raise ValueError(f"drug and comparator are both {drug}; a contrast needs two treatments")
    patients = eligible(select_patients(registry, diagnosis=diagnosis))
    starts = _starts(registry, patients, drug, comparator)
    known = starts.dropna(subset=["start_day"])
    timed = _timed(registry, known, outcome, diagnosis)
    window: dict[str, Any] = {"at_months": at_months, "at_days": at_days, "window_days": window_days}
    pairs = collect(paired_scores(timed, **window), ["patient_id"]).assign(scored=True)
    arms = starts.merge(pairs, on="patient_id", how="left").merge(_attack_counts(registry, known), how="left")
    arms = arms.assign(**{name: arms[name].astype("Float64").astype(float) for name in ("before", "after")})
    last_day = arms["after_days"].fillna(at_days if at_days is not None else round(at_months * DAYS_PER_YEAR / 12))
    arms["switched"] = (arms["other_day"] <= arms["start_day"] + last_day).fillna(False).astype(bool)
    arms["had_both"] = arms["other_day"].notna()
    return arms.assign(**_at_start(arms), reason=_reasons(arms, kind)).drop(columns=["other_day", "scored"])


def _starts(registry: Registry, patients: nw.LazyFrame[Any], drug: str, comparator: str) -> pd.DataFrame:
    """One row a patient with either treatment: the arm, the first start, and the start of the other treatment."""
    days = {}
    for name, treatment in (("drug_day", drug), ("comparator_day", comparator)):
        rows = collect(starters(registry, patients, drug=treatment).select("patient_id", "start_day"), ["patient_id"])
        days[name] = rows.rename(columns={"start_day": name}).assign(**{f"had_{name}": True})
    both = days["drug_day"].merge(days["comparator_day"], on="patient_id", how="outer").sort_values("patient_id")
    had = both[["had_drug_day", "had_comparator_day"]].astype("boolean").fillna(False)
    undated = (had["had_drug_day"] & both["drug_day"].isna()) | (
        had["had_comparator_day"] & both["comparator_day"].isna()
    )
    first = both[["drug_day", "comparator_day"]].min(axis=1).astype("Int64").mask(undated)
    other = both[["drug_day", "comparator_day"]].max(axis=1).astype("Int64")
    arm = (both["drug_day"] <= both["comparator_day"]).fillna(both["drug_day"].notna()).astype("Int64").mask(undated)
    starts = pd.DataFrame(
        {
            "patient_id": both["patient_id"],
            "arm": arm,
            "start_day": first,
            "other_day": other.where(both["drug_day"].notna() & both["comparator_day"].notna()),
        }
    )
    details = collect(
        patients.select("patient_id", "is_male", "is_aqp4_positive", "birth_day", "entry_day", "age_at_entry_years",
                        "onset_day"),
        ["patient_id"],
    )  # fmt: skip
    return starts.merge(details, on="patient_id", how="left").reset_index(drop=True)


def _timed(registry: Registry, known: pd.DataFrame, outcome: str, diagnosis: str) -> nw.LazyFrame[Any]:
    """One row a score of a patient with a known start of an arm."""
    scores = collect(score_visits(registry, outcome=outcome, diagnosis=diagnosis), ["patient_id", "assessment_day"])
    kept = scores[scores["patient_id"].isin(known["patient_id"])]
    starts = known[["patient_id", "start_day"]]
    return timed_scores(_lazy(kept), _lazy(starts), outcome=outcome)


def _lazy(frame: pd.DataFrame) -> nw.LazyFrame[Any]:
    return nw.from_native(frame.convert_dtypes(dtype_backend="pyarrow")).lazy()


def _attack_counts(registry: Registry, known: pd.DataFrame) -> pd.DataFrame:
    """One row a patient with any dated attack: how many began in the year up to the start, that day included."""
    attacks = collect(distinct_attacks(registry).select("patient_id", "attack_day"), ["patient_id", "attack_day"])
    joined = known[["patient_id", "start_day"]].merge(attacks, on="patient_id")
    since = joined["start_day"] - joined["attack_day"]
    joined["attacks_in_year_before"] = ((since >= 0) & (since < DAYS_BEFORE)).astype("Int64")
    return joined.groupby("patient_id")["attacks_in_year_before"].sum().reset_index()


def _at_start(arms: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    """Return age and disease duration at the start, in completed years."""

    def years(since: str) -> pd.Series[Any]:
        days = (arms["start_day"] - arms[since]).to_numpy(dtype=float, na_value=np.nan)
        return pd.Series(np.floor(days / DAYS_PER_YEAR), index=arms.index).astype("Int64")

    age = years("birth_day").fillna(arms["age_at_entry_years"] + years("entry_day"))
    return {"age_years": age.astype("Int64"), "disease_duration_years": years("onset_day")}


def _reasons(arms: pd.DataFrame, kind: Kind) -> pd.Series[Any]:
    """Return why each patient is not analysed; the first reason that applies counts."""
    day, arm = arms["start_day"], arms["arm"]
    found = {
        "no_start": day.isna(),
        "same_day": arms["other_day"] == day,
        "other_time": ~_in_time(day, arm, kind),
        "never_scored": arms["scored"].isna(),
        "no_before": arms["before"].isna(),
        "no_after": arms["after"].isna(),
    }
    reason = pd.Series("", index=arms.index)
    for name, applies in reversed(found.items()):
        reason = reason.mask(applies.fillna(False).astype(bool), name)
    return reason


def _in_time(day: pd.Series[Any], arm: pd.Series[Any], kind: Kind) -> pd.Series[Any]:
    """Whether the start lies in the time that the kind of comparison allows."""
    drug, comparator = day[arm == 1], day[arm == 0]
    allowed = pd.Series(True, index=day.index)
    if kind == "any_time" or drug.empty or comparator.empty:
        return allowed
    if kind == "historical":
        return allowed.where((arm == 1) | (day < drug.min()), other=False)
    first, last = max(drug.min(), comparator.min()), min(drug.max(), comparator.max())
    return allowed.where((day >= first) & (day <= last), other=False)
