"""One row a starter with the scores that each way of handling later events takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.treatment import BASELINE_DAYS, DAYS_PER_MONTH

if TYPE_CHECKING:
    from collections.abc import Sequence

N_STEPS = 4


def event_scores(
    people: pd.DataFrame,
    scores: pd.DataFrame,
    clean_days: pd.Series,
    failure_days: pd.Series,
    *,
    at_months: float,
    window_days: int,
) -> pd.DataFrame:
    """One row a starter with a score before, with the later score under each strategy.

    Parameters
    ----------
    people
        From ``treated_patients``.
    scores
        From ``timed_scores``, collected: patient_id, score, days_since_start.
    clean_days, failure_days
        Last day free of any event, and of any that counts as failure, by patient_id.
    at_months, window_days
        As in ``change_after_start``.

    Returns
    -------
    DataFrame
        patient_id; before; after (nearest to the target); after_days; has_event and has_failure, whether an event
        came before the later score (without one: before the end of the window); clean_after (after where no event
        came before it, else NaN); last_clean (the last score after the start, up to the target window, that no event
        came before); step_1 to step_3 (scores free of events near a quarter, half and three quarters of the time);
        is_followed (under observation until the window, or dead before it).
    """
    target = round(at_months * DAYS_PER_MONTH)
    known = people.dropna(subset=["start_day"])
    since = scores["days_since_start"].astype(float)
    timed = scores.assign(since=since, score=scores["score"].astype(float)).sort_values(["patient_id", "since"])
    start = timed[timed["since"].between(-BASELINE_DAYS, 0)].groupby("patient_id")["score"].last()
    rows = known[["patient_id"]].assign(before=known["patient_id"].map(start))
    later = timed[timed["since"] > 0]
    for name, values in zip(("after", "after_days"), _nearest(later, target, window_days), strict=True):
        rows[name] = rows["patient_id"].map(values).astype(float)
    clean = rows["patient_id"].map(clean_days).astype(float).fillna(np.inf)
    failed = rows["patient_id"].map(failure_days).astype(float).fillna(np.inf)
    last = rows["after_days"].fillna(target + window_days)
    rows["has_event"], rows["has_failure"] = clean < last, failed < last
    rows["clean_after"] = rows["after"].where(~rows["has_event"])
    limit = later["patient_id"].map(clean_days).astype(float).fillna(np.inf)
    free = later[later["since"] <= limit]
    in_time = free[free["since"] <= target + window_days]
    rows["last_clean"] = rows["patient_id"].map(in_time.groupby("patient_id")["score"].last()).astype(float)
    rows["last_clean"] = rows["clean_after"].fillna(rows["last_clean"].where(rows["has_event"]))
    step = target / N_STEPS
    near = min(window_days, int(step / 2 - 0.5))
    for number in range(1, N_STEPS):
        rows[f"step_{number}"] = rows["patient_id"].map(_nearest(free, round(number * step), near)[0]).astype(float)
    observed = (known["end_day"] - known["start_day"] >= target - window_days) | (
        known["death_day"] - known["start_day"] < target
    )
    rows["is_followed"] = observed.to_numpy(dtype=bool)
    return rows.dropna(subset=["before"]).reset_index(drop=True)


def _nearest(later: pd.DataFrame, target: int, window_days: int) -> tuple[pd.Series, pd.Series]:
    """Return the score nearest to a day and its day, by patient_id; of two equally near the earlier."""
    distance = (later["since"] - target).abs()
    near = later.assign(distance=distance)[distance <= window_days]
    first = near.sort_values(["patient_id", "distance", "since"], kind="stable").groupby("patient_id").first()
    return first["score"], first["since"]


def evaluable(rows: pd.DataFrame) -> pd.DataFrame:
    """Return those with a later score, and those whom an event kept from one although they were followed that long.

    Whoever left observation early is not counted for an event: those without one who left are not counted either.
    """
    seen = rows["after"].notna() | (rows["has_event"] & rows["is_followed"])
    return rows[seen].reset_index(drop=True)


def imputation_columns(rows: pd.DataFrame, *, least_share: float = 0.3) -> Sequence[str]:
    """Return the scores that the imputation may use: those that enough of the patients have."""
    steps = [f"step_{number}" for number in range(1, N_STEPS)]
    return ["before", *(name for name in steps if rows[name].notna().mean() >= least_share), "clean_after"]
