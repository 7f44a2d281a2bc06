"""Gray's test that a cause of event has the same cumulative incidence in all groups."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2

from nmosd_cohort.statistics.estimate import Counts, Estimate, Floats
from nmosd_cohort.statistics.survival.competing_risks import check_cause, cumulative_incidence_difference
from nmosd_cohort.statistics.survival.survival_cells import (
    SurvivalCells,
    patients_at_risk,
    row_groups,
    survival_cells,
    totals_at,
)


@dataclass(frozen=True, slots=True)
class GrayTest:
    """Gray's test and the effects beside it.

    Parameters
    ----------
    statistic, freedom, p_value
        Of the test that the cumulative incidence is the same in all groups at all times; NaN where there is
        none, `method` says why.
    n
        Patients.
    differences
        Group to its cumulative incidence at one time minus that of the reference.
    method
        How it was made.
    """

    statistic: float
    freedom: int
    p_value: float
    n: int
    differences: dict[str, Estimate]
    method: str


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Patients at risk, events of the cause and competing events: shape (k times, g groups) each."""

    at_risk: Floats
    own: Floats
    competing: Floats


def gray_test(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    at: float,
    cause: int = 1,
    reference: str | float | None = None,
    conf_level: float = 0.95,
) -> GrayTest:
    """Difference between the cumulative incidences of a cause in groups: a test over all times, sizes at one.

    Parameters
    ----------
    time
        End of follow-up, 0 or more, in any unit.
    event
        Number of the cause that ended follow-up (1, 2 ...), 0 where it was censored.
    group
        Label of each row's group.
    counts
        Patients in each row; None counts every row once.
    at
        Time at which the differences are given, not after the last follow-up of any group.
    cause
        Cause of interest; all others compete with it.
    reference
        Group that is taken away; None takes the first in sorted order.
    conf_level
        Coverage of the limits.

    Returns
    -------
    GrayTest
        Its p holds for the whole curves, its differences for the time asked.

    Raises
    ------
    ValueError
        As ``cumulative_incidence_difference``.

    Notes
    -----
    Gray 1988 (doi:10.1214/aos/1176350951) with rho 0 and his variance, as in R's cmprsk.

    Examples
    --------
    >>> test = gray_test([1, 2, 1, 2], [1, 2, 1, 2], ["a", "a", "b", "b"], [3, 7, 7, 3], at=1)
    >>> round(test.statistic, 3), test.freedom, round(test.differences["b"].estimate, 3)
    (3.04, 1, 0.4)
    """
    differences = cumulative_incidence_difference(
        time, event, group, counts, at=at, cause=cause, reference=reference, conf_level=conf_level
    )
    cells = survival_cells(time, event, counts, causes=True)
    codes, names = row_groups(group, counts, cells)
    distance, variance = _score(_group_counts(cells, codes, len(names), check_cause(cause)))
    freedom = len(names) - 1
    if np.linalg.matrix_rank(variance, hermitian=True) < freedom:
        reason = "no event of the cause while patients of every group are at risk"
        return GrayTest(math.nan, 0, math.nan, cells.n, differences, f"not estimable: {reason}")
    statistic = float(distance @ np.linalg.solve(variance, distance))
    return GrayTest(statistic, freedom, float(chi2.sf(statistic, freedom)), cells.n, differences, "Gray's test, rho 0")


def _group_counts(cells: SurvivalCells, codes: Counts, n_groups: int, cause: int) -> GroupCounts:
    had_event = cells.event > 0
    times = np.unique(cells.time[had_event])
    numbers = np.zeros((3, times.size, n_groups))
    for code in range(n_groups):
        numbers[0, :, code] = patients_at_risk(cells.rows(codes == code), times)
        for place, chosen in ((1, cells.event == cause), (2, had_event & (cells.event != cause))):
            rows = chosen & (codes == code)
            numbers[place, :, code] = totals_at(times, cells.time[rows], cells.counts[rows])
    return GroupCounts(*numbers)


def _score(numbers: GroupCounts) -> tuple[Floats, Floats]:
    """Return observed minus expected events of all groups but the last, and their covariance.

    The weight of a group is its patients at risk over its survival: the risk set of the cause's own hazard. The
    score is a sum of martingale increments of each group's events; `drift` holds what the estimate of the common
    incidence adds to them later on.
    """
    n_groups = numbers.at_risk.shape[1]
    survival, incidence, common = np.ones(n_groups), np.zeros(n_groups), 0.0
    distance, drift = np.zeros(n_groups), np.zeros((n_groups, n_groups))
    fixed, mixed, square = np.zeros((n_groups, n_groups)), np.zeros((n_groups, n_groups)), np.zeros(n_groups)
    for at_risk, own, competing in zip(numbers.at_risk, numbers.own, numbers.competing, strict=True):
        there = at_risk > 0
        safe = np.where(there, at_risk, 1.0)
        weight = np.divide(at_risk, survival, out=np.zeros(n_groups), where=there)
        total, d1 = float(weight.sum()), float(own.sum())
        new_survival = np.where(there, survival * (at_risk - own - competing) / safe, survival)
        rise = d1 / total
        direct = np.diag(weight) - np.outer(weight, weight) / total
        drift = drift + (direct * rise / (1 - common) if common < 1 else 0.0)
        distance += own - d1 * weight * (1 - incidence) / float(weight @ (1 - incidence))
        common_after = common + rise
        rest = np.divide(1 - common_after, new_survival, out=np.zeros(n_groups), where=new_survival > 0)
        # events of the cause
        share = np.where(new_survival > 0, 1 - rest, 1.0)
        tied = np.ones(n_groups)
        if d1 > 1:
            tied = 1 - (d1 - 1) / np.where(there, total * survival - 1, 1.0)
        size = np.where(there, tied * survival * rise / safe, 0.0)
        change = direct - share * drift
        fixed += (change * size) @ change.T
        mixed += change * (share * size)
        square += share**2 * size
        # competing events
        tied = np.where(competing > 1, 1 - (competing - 1) / np.maximum(safe - 1, 1.0), 1.0)
        size = np.where((new_survival > 0) & there, tied * survival**2 * competing / safe**2, 0.0)
        lost = rest * drift
        fixed += (lost * size) @ lost.T
        mixed -= lost * (rest * size)
        square += rest**2 * size
        incidence = incidence + np.where(there, survival * own / safe, 0.0)
        survival, common = new_survival, common_after
    variance = fixed + drift @ mixed.T + mixed @ drift.T + (drift * square) @ drift.T
    return distance[:-1], variance[:-1, :-1]
