"""The log-rank test of groups, with the hazard ratios that it stands for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import chi2

from nmosd_cohort.statistics.estimate import Counts, Estimate, Floats, check_conf_level, not_estimable
from nmosd_cohort.statistics.survival.survival_cells import (
    SurvivalCells,
    compared_groups,
    occupied_codes,
    patients_at_risk,
    survival_cells,
    totals_at,
)
from nmosd_cohort.statistics.wald import wald_estimate


@dataclass(frozen=True, slots=True)
class LogRank:
    """A log-rank test and the effects beside it.

    Parameters
    ----------
    statistic, freedom, p_value
        Of the test that all groups have the same hazard; NaN where there is no test, `method` says why.
    n
        Patients.
    groups
        One row a group: `group`, `n`, `observed` events, `expected` events if all hazards were the same.
    hazard_ratios
        Group to its hazard divided by that of the reference, from these two groups alone.
    method
        How it was made.
    """

    statistic: float
    freedom: int
    p_value: float
    n: int
    groups: pd.DataFrame
    hazard_ratios: dict[str, Estimate]
    method: str


def logrank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    counts: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    *,
    strata: ArrayLike | None = None,
    reference: str | float | None = None,
    conf_level: float = 0.95,
) -> LogRank:
    """Difference between the hazards of groups: observed against expected events, and hazard ratios.

    Parameters
    ----------
    time
        End of follow-up, 0 or more, in any unit.
    event
        1 where follow-up ended with the event, 0 where it was censored.
    group
        Label of each row's group.
    counts
        Patients in each row; None counts every row once.
    entry
        Time after which the patient was under observation (left truncation); None from the start.
    strata
        Labels within which groups are compared; None compares all.
    reference
        Group that the hazard ratios divide by; None takes the first in sorted order.
    conf_level
        Coverage of the limits.

    Returns
    -------
    LogRank
        Hazard ratios are Peto's one-step estimates, exp((O - E) / V), with Wald limits of the log; each p is the
        log-rank p of the two groups. A group expected to have no event is left out of the test.

    Raises
    ------
    ValueError
        If there are fewer than two groups, the reference is not one of them, or the times break the rules of
        ``kaplan_meier``.

    Notes
    -----
    Mantel 1966, Cancer Chemotherapy Reports 50:163; Peto and Peto 1972 (doi:10.2307/2344317); hypergeometric
    variance. Peto's hazard ratio is too near 1 when the true one is far from it or the groups differ much in
    size; ``cox_regression`` is not.

    Examples
    --------
    >>> test = logrank([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 0], ["a", "a", "b", "a", "b", "b"], [3] * 6)
    >>> round(test.statistic, 3), test.freedom, round(test.p_value, 4), round(test.hazard_ratios["b"].estimate, 3)
    (9.246, 1, 0.0024, 0.131)
    """
    level = check_conf_level(conf_level)
    cells = survival_cells(time, event, counts, entry)
    codes, names, chosen = compared_groups(group, counts, cells, reference)
    blocks = occupied_codes(strata, counts, cells, name="strata")
    observed, expected, variance = _compared(cells, codes, blocks, len(names))
    groups = pd.DataFrame(
        {
            "group": names,
            "n": [int(cells.counts[codes == code].sum()) for code in range(len(names))],
            "observed": observed.astype(np.int64),
            "expected": expected,
        }
    )
    base = names.index(chosen)
    ratios = {
        name: _hazard_ratio(cells, codes, blocks, code, base, level) for code, name in enumerate(names) if code != base
    }
    method = "log-rank" if strata is None else f"log-rank within {np.unique(blocks).size} strata"
    statistic, freedom, reason = _chi_square(observed - expected, expected, variance)
    p_value = math.nan if reason else float(chi2.sf(statistic, freedom))
    return LogRank(
        statistic, freedom, p_value, cells.n, groups, ratios, f"not estimable: {reason}" if reason else method
    )


def _compared(cells: SurvivalCells, codes: Counts, blocks: Counts, n_groups: int) -> tuple[Floats, Floats, Floats]:
    """Return observed and expected events of each group and the covariance of their difference."""
    observed, expected, variance = np.zeros(n_groups), np.zeros(n_groups), np.zeros((n_groups, n_groups))
    for block in np.unique(blocks):
        inside, part = codes[blocks == block], cells.rows(blocks == block)
        died = part.event > 0
        times = np.unique(part.time[died])
        at_risk, events = np.zeros((times.size, n_groups)), np.zeros((times.size, n_groups))
        for code in range(n_groups):
            at_risk[:, code] = patients_at_risk(part.rows(inside == code), times)
            own = died & (inside == code)
            events[:, code] = totals_at(times, part.time[own], part.counts[own])
        all_risk, all_events = at_risk.sum(axis=1), events.sum(axis=1)
        share = at_risk / all_risk[:, None]
        spread = all_events * (all_risk - all_events) / np.maximum(all_risk - 1, 1)
        observed += events.sum(axis=0)
        expected += all_events @ share
        variance += np.diag(spread @ share) - share.T @ (spread[:, None] * share)
    return observed, expected, variance


def _chi_square(distance: Floats, expected: Floats, variance: Floats) -> tuple[float, int, str]:
    """Return chi-square, degrees of freedom and why there are none, empty if there are."""
    kept = np.flatnonzero(expected > 0)
    if kept.size == 0:
        return math.nan, 0, "nobody has the event"
    inner = kept[1:]
    block = variance[np.ix_(inner, inner)]
    if inner.size == 0 or np.linalg.matrix_rank(block, hermitian=True) < inner.size:
        return math.nan, 0, "no event while patients of different groups are at risk"
    return float(distance[inner] @ np.linalg.solve(block, distance[inner])), int(inner.size), ""


def _hazard_ratio(
    cells: SurvivalCells, codes: Counts, blocks: Counts, code: int, base: int, conf_level: float
) -> Estimate:
    pair = (codes == code) | (codes == base)
    part = cells.rows(pair)
    observed, expected, variance = _compared(part, (codes[pair] == code).astype(np.int64), blocks[pair], 2)
    if variance[1, 1] <= 0:
        reason = "no event while patients of both groups are at risk"
        return not_estimable(reason, part.n, conf_level=conf_level, events=part.events)
    distance, spread = observed[1] - expected[1], float(variance[1, 1])
    method = "Peto one-step hazard ratio from the log-rank test, Wald limits of its log"
    return wald_estimate(
        float(distance) / spread,
        1 / math.sqrt(spread),
        part.n,
        method,
        conf_level=conf_level,
        scale="log",
        events=part.events,
    )
