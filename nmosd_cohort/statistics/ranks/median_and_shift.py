"""Quantiles, medians and the Hodges-Lehmann shift, exact from tallies."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom

from nmosd_cohort.statistics.distinct import distinct, order_statistics
from nmosd_cohort.statistics.estimate import Counts, Estimate, Floats, as_number, check_conf_level, not_estimable
from nmosd_cohort.statistics.ranks.mann_whitney import exact_rank_sum_p
from nmosd_cohort.statistics.ranks.rank_inversion import (
    EXACT_GROUP,
    exact_limits,
    inverted_limits,
    mann_whitney_null,
    standardised,
)
from nmosd_cohort.statistics.rounding import SAME_WITHIN, grouped


def quantile(values: ArrayLike, counts: ArrayLike | None, probability: float) -> float:
    """Value below which this share of the patients lies, interpolated between neighbours.

    Parameters
    ----------
    values, counts
        Values of the tally and patients with each; None counts every value once.
    probability
        From 0 (smallest value) to 1 (largest).

    Raises
    ------
    ValueError
        If there are no values, or the probability is outside 0 to 1.

    Notes
    -----
    Type 7 of Hyndman and Fan 1996 (doi:10.2307/2684934), the default of numpy and R, on the values repeated by
    their counts.

    Examples
    --------
    >>> quantile([1, 2, 10], [1, 2, 1], 0.75)
    4.0
    """
    levels, totals = distinct(values, counts)
    probability = as_number("probability", probability, low=0, high=1)
    if levels.size == 0:
        raise ValueError("values is empty; a quantile needs at least one patient")
    place = (int(totals.sum()) - 1) * probability
    low, high = order_statistics(levels, totals, [math.floor(place), math.ceil(place)])
    return float(low + (place - math.floor(place)) * (high - low))


def median(values: ArrayLike, counts: ArrayLike | None = None, *, conf_level: float = 0.95) -> Estimate:
    """Middle value of the patients, with limits that are themselves observed values.

    Parameters
    ----------
    values, counts
        Values of the tally and patients with each; None counts every value once.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Binomial limits from the order statistics, coverage at least `conf_level`. With too few patients
        (five or fewer at 95 %) the limits are NaN and `method` says so.

    Raises
    ------
    ValueError
        If values or counts break the rules of `as_counts`.

    Notes
    -----
    Thompson 1936 (doi:10.1214/aoms/1177732502); Conover 1999, section 3.2.

    Examples
    --------
    >>> middle = median([0, 2, 3, 5, 8], [4, 6, 5, 4, 1])
    >>> middle.estimate, middle.conf_low, middle.conf_high
    (2.5, 2.0, 3.0)
    """
    levels, totals = distinct(values, counts)
    level = check_conf_level(conf_level)
    n = int(totals.sum())
    if n == 0:
        return not_estimable("no patients", 0, conf_level=level)
    middle = quantile(levels, totals, 0.5)
    rank = int(binom.ppf((1 - level) / 2, n, 0.5))
    if rank == 0:
        return not_estimable(f"too few patients (n = {n})", n, estimate=middle, conf_level=level)
    low, high = order_statistics(levels, totals, [rank - 1, n - rank])
    return Estimate(middle, float(low), float(high), n, "order statistics, binomial", conf_level=level)


def hodges_lehmann_shift(
    x: ArrayLike,
    x_counts: ArrayLike | None,
    y: ArrayLike,
    y_counts: ArrayLike | None,
    *,
    conf_level: float = 0.95,
) -> Estimate:
    """Median of all differences between a patient of group x and one of group y, in points of the scale.

    Parameters
    ----------
    x, x_counts, y, y_counts
        Values of each group and patients with each value; None counts every value once.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Limits are the shifts that the Mann-Whitney test does not reject: with its exact distribution for
        groups of fewer than 50 without ties, otherwise normal with tie and continuity correction. p is that of
        the same test at shift 0; in groups of fewer than 50 with ties it is exact given the ties. Normal limits
        that leave out 0 though exact p does not reject it are widened to 0. On a coarse scale the shifts that
        are not rejected can begin just beside 0, or exact p can reject 0 though normal limits hold it: the limit
        is then 0, and `method` ends in "0 itself rejected". Limits are NaN, with the reason in `method`, when
        there are too few patients or each group holds a single value.

    Notes
    -----
    Hodges and Lehmann 1963 (doi:10.1214/aoms/1177704172); Hollander, Wolfe and Chicken 2014
    (doi:10.1002/9781119196037), section 4.3. Limits are those of R's ``wilcox.test``, which finds a limit of 0
    only up to rounding, unless moved to 0; p is its p, but with ties in small groups that of ``coin``'s exact
    ``wilcox_test``.

    Examples
    --------
    >>> shift = hodges_lehmann_shift([6.1, 7.2, 9.3, 8.4], None, [1.0, 2.5, 4.9, 5.7], None)
    >>> round(shift.estimate, 2), round(shift.conf_low, 2), round(shift.conf_high, 2)
    (4.0, 0.4, 8.3)
    """
    level = check_conf_level(conf_level)
    x_levels, x_totals = distinct(x, x_counts, name="x")
    y_levels, y_totals = distinct(y, y_counts, name="y")
    n = int(x_totals.sum() + y_totals.sum())
    if min(x_levels.size, y_levels.size) == 0:
        return not_estimable("a group has no patients", n, conf_level=level)
    differences, weights, position = _differences(x_levels, x_totals, y_levels, y_totals)
    shift = quantile(differences, weights, 0.5)
    is_untied = n == np.union1d(x_levels, y_levels).size
    is_small = int(max(x_totals.sum(), y_totals.sum())) < EXACT_GROUP
    if is_untied and max(x_levels.size, y_levels.size) < EXACT_GROUP:
        label = "Mann-Whitney inversion, exact"
        null = mann_whitney_null(x_levels.size, y_levels.size)
        low, high, p_value = exact_limits(differences, weights, null, level)
    else:
        label = "Mann-Whitney inversion, normal with tie and continuity correction"
        z_at, z_between = _mann_whitney_z(weights, position, x_totals, y_totals)
        low, high, p_value = inverted_limits(differences, z_at, z_between, shift, level)
        if is_small:
            label += ", p exact given the ties"
            p_value = exact_rank_sum_p(*_group_cells(x_levels, x_totals, y_levels, y_totals))
            low, high = _in_accord(low, high, p_value < 1 - level, float(weights @ np.sign(differences)))
    if x_levels.size == y_levels.size == 1:
        reason = "each group holds a single value"
        return not_estimable(reason, n, estimate=shift, p_value=p_value, conf_level=level)
    if math.isinf(low) or math.isinf(high):
        reason = f"too few patients ({int(x_totals.sum())} and {int(y_totals.sum())})"
        return not_estimable(reason, n, estimate=shift, p_value=p_value, conf_level=level)
    label += ", 0 itself rejected" if low * high == 0 and p_value < 1 - level else ""
    return Estimate(shift, low, high, n, label, p_value=p_value, conf_level=level)


def _in_accord(low: float, high: float, is_rejected: bool, balance: float) -> tuple[float, float]:
    """Return limits moved to 0 where they contradict a test of 0, by the side on which most differences lie."""
    if not is_rejected:
        return min(low, 0.0), max(high, 0.0)
    return (max(low, 0.0), high) if balance > 0 else (low, min(high, 0.0))


def _group_cells(x_levels: Floats, x_totals: Counts, y_levels: Floats, y_totals: Counts) -> tuple[Floats, Floats]:
    """Return the patients of each group at every value, values that differ by rounding taken as one."""
    levels = np.concatenate((x_levels, y_levels))
    distinct_levels, position = grouped(levels, float(np.abs(levels).max()))
    cells = np.zeros((2, distinct_levels.size))
    np.add.at(cells[0], position[: x_levels.size], x_totals)
    np.add.at(cells[1], position[x_levels.size :], y_totals)
    return cells[0], cells[1]


def _differences(
    x_levels: Floats, x_totals: Counts, y_levels: Floats, y_totals: Counts
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return the distinct differences x - y, the pairs with each, and the place of every pair of levels."""
    scale = max(float(np.abs(x_levels).max()), float(np.abs(y_levels).max()))
    differences, position = grouped(np.subtract.outer(x_levels, y_levels).ravel(), scale)
    differences = np.where(np.abs(differences) <= SAME_WITHIN * scale, 0.0, differences)
    pairs = np.multiply.outer(x_totals, y_totals).ravel()
    return differences, np.bincount(position, weights=pairs).astype(np.float64), position


def _mann_whitney_z(
    weights: Floats, position: NDArray[np.intp], x_totals: Counts, y_totals: Counts
) -> tuple[Floats, Floats]:
    """Return the absolute Mann-Whitney z at each distinct difference and in the gaps around them."""
    x, y = x_totals.astype(np.float64), y_totals.astype(np.float64)
    n, pairs = x.sum() + y.sum(), x.sum() * y.sum()
    own_ties = (x**3 - x).sum() + (y**3 - y).sum()
    joined = 3 * np.multiply.outer(x, y) * np.add.outer(x, y)
    ties_at = own_ties + np.bincount(position, weights=joined.ravel())
    through = np.cumsum(weights)
    balance_at, balance_between = pairs + weights - 2 * through, pairs - 2 * np.append(0.0, through)
    spread_at = np.sqrt(np.maximum(pairs / 12 * (n + 1 - ties_at / (n * (n - 1))), 0.0))
    spread_between = math.sqrt(max(pairs / 12 * (n + 1 - own_ties / (n * (n - 1))), 0.0))
    return (
        standardised(np.abs(balance_at) / 2 - 0.5, spread_at),
        standardised(np.abs(balance_between) / 2 - 0.5, np.full(through.size + 1, spread_between)),
    )
