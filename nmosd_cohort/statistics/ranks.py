"""Medians, the probability of superiority and the Hodges-Lehmann shift, exact from tallies."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import comb, expit, logit, ndtri, stdtrit
from scipy.stats import binom
from scipy.stats import t as t_distribution

from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    Floats,
    check_conf_level,
    distinct,
    not_estimable,
    order_statistics,
)
from nmosd_cohort.statistics.placements import (
    all_allocations,
    placement_variance,
    random_allocations,
    superiority_of,
)
from nmosd_cohort.statistics.rank_inversion import (
    SAME_WITHIN,
    exact_limits,
    grouped,
    inverted_limits,
    mann_whitney_null,
    standardised,
)

SMALL_GROUP = 15  # below this the t approximation of Brunner and Munzel is too liberal
EXACT_GROUP = 50  # up to this the null distribution of Mann-Whitney is computed, as in R
N_PERMUTATIONS = 9_999


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
    Type 7 of Hyndman and Fan 1996, the default of numpy and R, on the values repeated by their counts.

    Examples
    --------
    >>> quantile([1, 2, 10], [1, 2, 1], 0.75)
    4.0
    """
    levels, totals = distinct(values, counts)
    if not 0 <= probability <= 1:
        raise ValueError(f"probability is {probability}; it must lie between 0 and 1")
    if levels.size == 0:
        raise ValueError("values is empty; a quantile needs at least one patient")
    place = (int(totals.sum()) - 1) * probability
    low, high = order_statistics(levels, totals, [math.floor(place), math.ceil(place)])
    return float(low + (place - math.floor(place)) * (high - low))


def median(values: ArrayLike, counts: ArrayLike | None = None, *, conf_level: float = 0.95) -> Estimate:
    """Middle value of the patients, with limits that are themselves observed values.

    Returns
    -------
    Estimate
        Binomial limits from the order statistics, coverage at least `conf_level`. With too few patients
        (five or fewer at 95 %) the limits are NaN and `method` says so.

    Notes
    -----
    Thompson 1936; Conover 1999, section 3.2.

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


def probability_superiority(
    x: ArrayLike,
    x_counts: ArrayLike | None,
    y: ArrayLike,
    y_counts: ArrayLike | None,
    *,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Probability that a patient of group x has a higher value than one of group y, ties counting half.

    Parameters
    ----------
    x, x_counts, y, y_counts
        Values of each group and patients with each value; None counts every value once.
    conf_level
        Coverage of the limits, made on the logit scale so that they stay within 0 and 1.
    seed
        Of the permutations drawn when a group has fewer than 15 patients.

    Returns
    -------
    Estimate
        p against 0.5. Groups that do not overlap: estimate 0 or 1, Newcombe's score limits, p from all
        allocations. All values equal, or one patient in a group: limits NaN and `method` says why.

    Notes
    -----
    Brunner and Munzel 2000; studentised permutation: Neubert and Brunner 2007, its logit limits: Pauly,
    Asendorf and Konietschke 2016; no overlap: Newcombe 2006, method 5.

    Examples
    --------
    >>> superior = probability_superiority([4, 6, 7], [10, 12, 8], [2, 4, 6], [9, 14, 7])
    >>> round(superior.estimate, 3), superior.method
    (0.798, 'Brunner-Munzel, t limits on the logit scale')
    """
    level = check_conf_level(conf_level)
    x_cells, y_cells = _on_common_levels(*distinct(x, x_counts, name="x"), *distinct(y, y_counts, name="y"))
    n_x, n_y = int(x_cells.sum()), int(y_cells.sum())
    if min(n_x, n_y) == 0:
        return not_estimable("a group has no patients", n_x + n_y, conf_level=level)
    superiority = float(superiority_of(x_cells, y_cells))
    if superiority in (0.0, 1.0):
        return _separated(superiority, n_x, n_y, level)
    if min(n_x, n_y) == 1:
        reason = "a group has one patient"
        return not_estimable(reason, n_x + n_y, estimate=superiority, conf_level=level)
    if np.count_nonzero(x_cells + y_cells) == 1:
        return not_estimable("all values equal", n_x + n_y, estimate=superiority, p_value=1.0, conf_level=level)
    if min(n_x, n_y) < SMALL_GROUP:
        return _permuted(x_cells, y_cells, level, seed)
    return _brunner_munzel(x_cells, y_cells, level)


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
        groups of up to 50 without ties, otherwise normal with tie and continuity correction. p is that of
        the same test at shift 0; on a coarse scale a limit can be 0 although 0 itself is rejected, when all
        shifts just beside it are not. Limits are NaN, with the reason in `method`, when there are too few
        patients or each group holds a single value.

    Notes
    -----
    Hodges and Lehmann 1963; Hollander, Wolfe and Chicken 2014, section 4.3.

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
    if is_untied and max(x_levels.size, y_levels.size) <= EXACT_GROUP:
        label = "Mann-Whitney inversion, exact"
        null = mann_whitney_null(x_levels.size, y_levels.size)
        low, high, p_value = exact_limits(differences, weights, null, level)
    else:
        label = "Mann-Whitney inversion, normal with tie and continuity correction"
        z_at, z_between = _mann_whitney_z(weights, position, x_totals, y_totals)
        low, high, p_value = inverted_limits(differences, z_at, z_between, shift, level)
    if x_levels.size == y_levels.size == 1:
        reason = "each group holds a single value"
        return not_estimable(reason, n, estimate=shift, p_value=p_value, conf_level=level)
    if math.isinf(low) or math.isinf(high):
        reason = f"too few patients ({int(x_totals.sum())} and {int(y_totals.sum())})"
        return not_estimable(reason, n, estimate=shift, p_value=p_value, conf_level=level)
    return Estimate(shift, low, high, n, label, p_value=p_value, conf_level=level)


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


def _on_common_levels(x_levels: Floats, x_totals: Counts, y_levels: Floats, y_totals: Counts) -> tuple[Floats, Floats]:
    """Return the patients of each group at every value that occurs in either."""
    levels = np.union1d(x_levels, y_levels)
    cells = np.zeros((2, levels.size))
    cells[0, np.searchsorted(levels, x_levels)] = x_totals
    cells[1, np.searchsorted(levels, y_levels)] = y_totals
    return cells[0], cells[1]


def _brunner_munzel(x_cells: Floats, y_cells: Floats, level: float) -> Estimate:
    n_x, n_y = int(x_cells.sum()), int(y_cells.sum())
    superiority = float(superiority_of(x_cells, y_cells))
    part_x = float(placement_variance(x_cells, y_cells))
    part_y = float(placement_variance(y_cells, x_cells))
    error = math.sqrt(part_x + part_y)
    freedom = (part_x + part_y) ** 2 / (part_x**2 / (n_x - 1) + part_y**2 / (n_y - 1))
    low, high = _logit_limits(superiority, error, -float(stdtrit(freedom, (1 - level) / 2)))
    return Estimate(
        superiority,
        low,
        high,
        n_x + n_y,
        "Brunner-Munzel, t limits on the logit scale",
        std_error=error,
        p_value=float(2 * t_distribution.sf(abs(superiority - 0.5) / error, freedom)),
        conf_level=level,
    )


def _logit_limits(superiority: float, error: float, critical: float) -> tuple[float, float]:
    half_width = critical * error / (superiority * (1 - superiority))
    centre = logit(superiority)
    return float(expit(centre - half_width)), float(expit(centre + half_width))


def _permuted(x_cells: Floats, y_cells: Floats, level: float, seed: int) -> Estimate:
    """Return the estimate with p and limits from the studentised permutation distribution."""
    n_x, n_y = int(x_cells.sum()), int(y_cells.sum())
    pooled = (x_cells + y_cells).astype(np.int64)
    is_complete = comb(n_x + n_y, n_x) <= N_PERMUTATIONS
    if is_complete:
        plain, on_logit = all_allocations(pooled, n_x)
    else:
        plain, on_logit = random_allocations(pooled, n_x, size=N_PERMUTATIONS, seed=seed)
    superiority = float(superiority_of(x_cells, y_cells))
    error = math.sqrt(float(placement_variance(x_cells, y_cells) + placement_variance(y_cells, x_cells)))
    as_extreme = int((plain >= abs(superiority - 0.5) / error - 1e-9).sum())
    extra = 0 if is_complete else 1
    place = math.ceil(level * (on_logit.size + extra)) - 1
    critical = float(np.sort(on_logit)[place]) if place < on_logit.size else math.inf
    low, high = _logit_limits(superiority, error, critical)
    count = f"all {plain.size} allocations" if is_complete else f"{plain.size} allocations, seed {seed}"
    return Estimate(
        superiority,
        low,
        high,
        n_x + n_y,
        f"Brunner-Munzel, studentised permutation ({count}), limits on the logit scale",
        std_error=error,
        p_value=(as_extreme + extra) / (plain.size + extra),
        conf_level=level,
    )


def _separated(superiority: float, n_x: int, n_y: int, level: float) -> Estimate:
    """Return the estimate of groups that do not overlap; p is exact: two of all allocations separate them."""
    z = -float(ndtri((1 - level) / 2))
    size = (n_x + n_y) / 2 - 1

    def excess(area: float) -> float:
        spread = 1 + size * ((1 - area) / (2 - area) + area / (1 + area))
        return 1 - area - z * z * area * spread / (n_x * n_y)

    bound = float(brentq(excess, 0.0, 1.0))
    low, high = (bound, 1.0) if superiority == 1 else (0.0, 1 - bound)
    label = "groups do not overlap: Newcombe score limits, p from all allocations"
    p_value = min(1.0, 2 / float(comb(n_x + n_y, n_x)))
    return Estimate(superiority, low, high, n_x + n_y, label, p_value=p_value, conf_level=level)
