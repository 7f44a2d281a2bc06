"""How long a change lasts: the change of the same patients at several times, and who was back where they began."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nmosd_cohort.cohort.outcomes import ORDINAL, burden
from nmosd_cohort.questions.parts import estimate_row
from nmosd_cohort.statistics.multiplicity import holm
from nmosd_cohort.statistics.paired.change import mean_change
from nmosd_cohort.statistics.paired.signed_rank import pseudo_median
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.questions.parts import Check

NAME = "durability"
FEWEST = 3
SAME_PATIENTS = "starters with a score before and at every time"
IMPROVED = "starters with a score before and at every time who were better at the first"


def durability_rows(
    scores: pd.DataFrame, outcome: str, days: tuple[int, ...], conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the change at each time in the same patients, and the share of the improved who lost it again.

    Times are read in their order: the change lasts until the first time whose interval holds 0, so that no
    correction for several times is needed; p-values are Holm-adjusted all the same.

    Parameters
    ----------
    scores
        before, and one column a time named by its days; one row a starter, NaN where there is no score.
    days
        Times in days from the start, rising.

    Examples
    --------
    >>> import pandas as pd
    >>> scores = pd.DataFrame({"before": [6.0, 7, 8], "10": [3.0, 5, 5], "30": [5.0, 7, 9]})
    >>> rows, checks = durability_rows(scores, "pain_nrs", (10, 30), 0.95)
    >>> [(row["measure"], row["level"], round(row["estimate"], 2)) for row in rows]
    [('mean_change_at', 'day 10', -2.67), ('mean_change_at', 'day 30', 0.0), ('back_at_baseline_by', 'day 30', 0.67)]
    """
    complete = scores.dropna(subset=["before", *map(str, days)])
    lost = len(scores) - len(complete)
    if len(complete) < FEWEST:
        detail = f"{len(complete)} starters have a score before and at days {_listed(days)}; {FEWEST} are needed"
        return [], [(NAME, "not assessable", detail)]
    before = complete["before"].to_numpy(dtype=float)
    later = [complete[str(when)].to_numpy(dtype=float) for when in days]
    rows = _changes(before, later, outcome, days, conf_level)
    checks: list[Check] = [_until(rows, days), *_returns(before, later, outcome, days, conf_level, rows)]
    if lost:
        checks.append((NAME, "note", f"{lost} starters lack a score at one of the times and are not in these rows"))
    return rows, checks


def _changes(
    before: np.ndarray, later: list[np.ndarray], outcome: str, days: tuple[int, ...], conf_level: float
) -> list[dict[str, Any]]:
    rows = []
    ordinal = outcome in ORDINAL
    for when, after in zip(days, later, strict=True):
        if ordinal:
            change = pseudo_median(after - before, np.ones(before.size, dtype=np.int64), conf_level=conf_level)
        else:
            change = mean_change(before, after, conf_level=conf_level)
        rows.append(
            estimate_row(
                change,
                outcome=outcome,
                measure="pseudo_median_change_at" if ordinal else "mean_change_at",
                level=f"day {when}",
                reference="start",
                denominator=SAME_PATIENTS,
                role="secondary",
                unit="points",
            )
        )
    for row, p in zip(rows, holm([row["p_value"] for row in rows]), strict=True):
        row["p_adjusted"] = float(p)
    return rows


def _until(rows: list[dict[str, Any]], days: tuple[int, ...]) -> Check:
    """Say until which time the interval leaves out no change, without a break from the first time on."""
    last = None
    for row, when in zip(rows, days, strict=True):
        if not (row["conf_low"] > 0 or row["conf_high"] < 0):
            break
        last = when
    if last is None:
        return (NAME, "note", f"already at day {days[0]} the interval of the change holds 0")
    after = f"; at day {days[days.index(last) + 1]} it holds 0" if last != days[-1] else ", the last time asked for"
    return (NAME, "note", f"the interval of the change leaves out 0 up to day {last}{after}")


def _returns(
    before: np.ndarray,
    later: list[np.ndarray],
    outcome: str,
    days: tuple[int, ...],
    conf_level: float,
    rows: list[dict[str, Any]],
) -> list[Check]:
    """Add the share back at their baseline, or worse, by each later time, among those better at the first time."""
    worst = burden(outcome, before)
    better = burden(outcome, later[0]) < worst
    n = int(better.sum())
    if not n:
        return [("return to baseline", "not assessable", f"no starter was better at day {days[0]}")]
    is_back = np.zeros(n, dtype=bool)
    for when, after in zip(days[1:], later[1:], strict=True):
        is_back |= burden(outcome, after)[better] >= worst[better]
        row = estimate_row(
            proportion(int(is_back.sum()), n, conf_level=conf_level),
            outcome=outcome,
            measure="back_at_baseline_by",
            level=f"day {when}",
            denominator=IMPROVED,
            role="secondary",
            unit="share",
        )
        row["method"] += "; counted at the visits of these times, so that a return in between is seen late"
        rows.append(row)
    return []


def _listed(days: tuple[int, ...]) -> str:
    return ", ".join(map(str, days))
