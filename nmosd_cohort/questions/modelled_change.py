"""Change after a start by a model of all visits, so that starters with a missed visit count too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from nmosd_cohort.cohort.tally import collect
from nmosd_cohort.cohort.treatment import DAYS_PER_MONTH, paired_scores
from nmosd_cohort.questions.parts import estimate_row
from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.longitudinal.covariance_structures import CovarianceName
from nmosd_cohort.statistics.longitudinal.mixed_model import change_from_baseline

if TYPE_CHECKING:
    import narwhals as nw

    from nmosd_cohort.questions.parts import Check

N_VISITS = 4
FEWEST_AT_A_VISIT = 5
DENOMINATOR = "starters with any score before or after"
COVARIANCES: tuple[CovarianceName, ...] = ("unstructured", "ar1")
NAME = "change modelled over all visits"
ASSUMES = (
    "assumes that missed visits depend on recorded scores only; uses starters who missed a visit as well; the primary "
    "result remains the change of those with both scores"
)


def visit_grid(
    timed: nw.LazyFrame[Any], *, at_months: float, window_days: int, at_days: int | None = None
) -> pd.DataFrame:
    """One row a trajectory of scores at the start and at four equal steps to the target, with ``n``, NaN if missed.

    A step at which fewer than five starters have a score is left out. A target in days is the only step.

    Parameters
    ----------
    timed
        From ``timed_scores``.
    at_months, window_days, at_days
        Target, and how far a score may lie from a step; windows never overlap.
    """
    if at_days is not None:
        scores = scores_at(timed, (at_days,), window_days).rename(columns={"before": "start"})
        grid = scores.rename(columns={str(at_days): f"day {at_days}"})
    else:
        step = at_months / N_VISITS
        window = min(window_days, int(step * DAYS_PER_MONTH / 2 - 0.5))
        times = {f"month {visit * step:g}": visit * step for visit in range(1, N_VISITS + 1)}
        pairs = {
            name: collect(paired_scores(timed, at_months=months, window_days=window), ["patient_id"])
            for name, months in times.items()
        }
        grid = _wide(pairs).rename(columns={"before": "start"})
    grid = grid.dropna(how="all")
    seen = grid.columns[grid.notna().sum() >= FEWEST_AT_A_VISIT]
    grid = grid.dropna(how="all", subset=seen)
    return grid[seen].groupby(list(seen), dropna=False).size().rename("n").reset_index()


def scores_at(timed: nw.LazyFrame[Any], days: tuple[int, ...], window_days: int) -> pd.DataFrame:
    """One row a starter with any score: before, and one column a time named by its days, NaN where there is none.

    Parameters
    ----------
    timed
        From ``timed_scores``.
    days
        Rising times from the start.
    window_days
        How far a score may lie from its time; never half-way to another time, or to the start, or farther.
    """
    edges = (0, *days, days[-1] + 4 * window_days)
    pairs = {}
    for place, when in enumerate(days, start=1):
        gap = min(when - edges[place - 1], edges[place + 1] - when)
        window = min(window_days, (gap - 1) // 2)
        near = paired_scores(timed, at_months=1, window_days=window, at_days=when)
        pairs[str(when)] = collect(near, ["patient_id"])
    return _wide(pairs)


def _wide(pairs: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return before and the later scores side by side, one row a patient."""
    indexed = {name: rows.set_index("patient_id") for name, rows in pairs.items()}
    first = next(iter(indexed.values()))
    return pd.DataFrame(
        {
            "before": first["before"].astype(float),
            **{name: rows["after"].astype(float) for name, rows in indexed.items()},
        }
    )


def modelled_rows(grid: pd.DataFrame, outcome: str, conf_level: float) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the modelled change from the start to each later visit, or a check that says why there is none.

    Below ten starters each row is the paired change of that visit, and its method says so.

    Notes
    -----
    Kenward and Roger 1997 (doi:10.2307/2533558); every visit is used, so that one missed at random does no harm.
    """
    visits = grid.drop(columns="n")
    if "start" not in visits or visits.shape[1] < 2:
        return [], [(NAME, "not assessable", "no score at the start, or none after it")]
    reason = ""
    for covariance in COVARIANCES:
        try:
            found = change_from_baseline(visits, grid["n"], covariance=covariance, conf_level=conf_level)
        except ValueError as problem:
            reason = reason or str(problem)
            continue
        detail = f"{covariance} covariance" + (f", as the unstructured model has no answer: {reason}" if reason else "")
        rows = [_row(visit, outcome, conf_level) for visit in found.itertuples()]
        return rows, [(NAME, "note", f"{detail}; {ASSUMES}")]
    return [], [(NAME, "not assessable", reason)]


def _row(visit: Any, outcome: str, conf_level: float) -> dict[str, Any]:
    change = Estimate(
        visit.estimate,
        visit.conf_low,
        visit.conf_high,
        int(visit.n),
        f"{visit.method}; {int(visit.n_at_visit)} seen at that visit",
        std_error=visit.std_error,
        p_value=visit.p_value,
        conf_level=conf_level,
    )
    own = {"outcome": outcome, "role": "secondary", "denominator": DENOMINATOR, "unit": "points"}
    return estimate_row(change, measure="modelled_change", level=visit.visit, reference="start", **own)
