"""Confidence limits of shifts by inverting rank tests, from the distinct pairwise values and their counts."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr, ndtri

from nmosd_cohort.statistics.distinct import order_statistics
from nmosd_cohort.statistics.estimate import Floats

EXACT_GROUP = 50  # groups below this: the null distribution of Mann-Whitney is computed, as in R


def exact_limits(candidates: Floats, weights: Floats, null: Floats, conf_level: float) -> tuple[float, float, float]:
    """Return limits and p at 0 from the exact null distribution of the number of candidates above 0.

    Parameters
    ----------
    candidates, weights
        Rising distinct pairwise differences (or averages) and how many pairs give each.
    null
        Probability of 0, 1, 2 ... candidates above the true value.
    conf_level
        Coverage of the limits.

    Returns
    -------
    tuple
        Lower limit, upper limit (infinite when there are too few patients) and two-sided p.
    """
    cumulative = np.cumsum(null)
    rank = int(np.searchsorted(cumulative, (1 - conf_level) / 2))
    above = int(weights[candidates > 0].sum())
    p_value = min(1.0, 2 * min(float(cumulative[above]), float(null[above:].sum())))
    if rank == 0:
        return -math.inf, math.inf, p_value
    low, high = order_statistics(candidates, weights, [rank - 1, null.size - 1 - rank])
    return float(low), float(high), p_value


def inverted_limits(
    candidates: Floats, z_at: Floats, z_between: Floats, centre: float, conf_level: float
) -> tuple[float, float, float]:
    """Return the outermost shifts that a rank test does not reject, and its p at shift 0.

    Parameters
    ----------
    candidates
        Rising distinct shifts at which the test statistic jumps.
    z_at, z_between
        Absolute standardised statistic at each candidate, and in each of the gaps before, between and
        after them (one more than there are candidates).
    centre
        Point estimate, which always belongs to the interval.
    conf_level
        Coverage of the limits.

    Returns
    -------
    tuple
        Lower limit, upper limit (infinite when the test rejects no shift on that side) and two-sided p.
    """
    critical = -float(ndtri((1 - conf_level) / 2))
    is_kept, is_gap_kept = z_at <= critical, z_between <= critical
    edges = np.concatenate(([-math.inf], candidates, [math.inf]))
    inside = np.append(candidates[is_kept], centre)
    low = np.concatenate((inside, edges[:-1][is_gap_kept])).min()
    high = np.concatenate((inside, edges[1:][is_gap_kept])).max()
    gap = int(np.searchsorted(candidates, 0.0))
    is_on_zero = gap < candidates.size and candidates[gap] == 0
    z = z_at[gap] if is_on_zero else z_between[gap]
    return float(low), float(high), float(2 * ndtr(-z))


def mann_whitney_null(n_x: int, n_y: int) -> Floats:
    """Return the probability of 0, 1 ... n_x n_y pairs with x above y when nothing differs and nothing ties.

    Notes
    -----
    Mann and Whitney 1947 (doi:10.1214/aoms/1177730491), by the recursion over which group holds the largest value.

    Examples
    --------
    >>> (6 * mann_whitney_null(2, 2)).round(12).tolist()
    [1.0, 1.0, 2.0, 1.0, 1.0]
    """
    rows = [np.ones(1) for _ in range(n_y + 1)]
    for size_x in range(1, n_x + 1):
        rows[0] = np.ones(1)
        for size_y in range(1, n_y + 1):
            both = np.zeros(size_x * size_y + 1)
            both[size_y:] += rows[size_y] * (size_x / (size_x + size_y))
            both[: rows[size_y - 1].size] += rows[size_y - 1] * (size_y / (size_x + size_y))
            rows[size_y] = both
    return rows[n_y]


def standardised(distance: Floats, spread: Floats) -> Floats:
    """Return distance / spread, no less than 0, and 0 where there is no spread.

    Examples
    --------
    >>> standardised(np.array([3.0, -0.5, 0.0]), np.array([2.0, 1.0, 0.0])).tolist()
    [1.5, 0.0, 0.0]
    """
    return np.divide(np.maximum(distance, 0.0), spread, out=np.zeros_like(spread), where=spread > 0)
