"""Limits of a mean difference by inverting permutation tests, through the cells of a tally."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.distinct import distinct
from nmosd_cohort.statistics.estimate import Counts, Estimate, Floats, check_conf_level, not_estimable
from nmosd_cohort.statistics.resampling.allocations import drawn_flips, drawn_tables, every_flip, every_table
from nmosd_cohort.statistics.resampling.permutation import check_draws
from nmosd_cohort.statistics.resampling.seed import check_seed
from nmosd_cohort.statistics.rounding import SAME_WITHIN


def permutation_mean_difference(
    x: ArrayLike,
    x_counts: ArrayLike | None,
    y: ArrayLike,
    y_counts: ArrayLike | None,
    *,
    seed: int,
    n_draws: int = 9999,
    conf_level: float = 0.95,
) -> Estimate:
    """Mean of x minus mean of y, with limits that hold every shift the permutation test does not reject.

    Parameters
    ----------
    x, x_counts, y, y_counts
        Values of both groups and patients with each; counts None for one each.
    seed
        Of the allocations that are drawn; unused when all of them are listed.
    n_draws
        Allocations drawn when there are too many different tables to list.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        p-value twice the smaller tail, in accord with the limits. Limits are NaN without patients in a
        group, when each group holds a single value, or when even the most extreme allocation is too likely.

    Raises
    ------
    ValueError
        If values or counts break the rules of `as_counts`, there are 1 000 000 000 patients or more, fewer than
        99 allocations are asked for, or the seed is no whole number of 0 or more.

    Notes
    -----
    Pitman 1937 (doi:10.2307/2984124); limits as Garthwaite 1996 (doi:10.2307/2532852), here without a search:
    each allocation stops being as extreme as the observed one at one shift, so that the limits are quantiles of
    those shifts. They assume that the groups differ by a shift.

    Examples
    --------
    >>> difference = permutation_mean_difference([6, 7, 8, 9], None, [1, 2, 4, 5], None, seed=1)
    >>> difference.estimate, difference.conf_low, difference.conf_high, round(difference.p_value, 3)
    (4.5, 1.0, 8.0, 0.029)
    """
    level, n_draws, seed = check_conf_level(conf_level), check_draws(n_draws), check_seed(seed)
    (one, n_one), (two, n_two) = distinct(x, x_counts, name="x"), distinct(y, y_counts, name="y")
    n_x, n_y = int(n_one.sum()), int(n_two.sum())
    n = n_x + n_y
    if not n_x or not n_y:
        return not_estimable("a group has no patients", n, conf_level=level)
    values, pooled = np.concatenate((one, two)), np.concatenate((n_one, n_two))
    difference = float(n_one @ one / n_x - n_two @ two / n_y)
    if np.ptp(values) == 0:
        return not_estimable("all values equal", n, estimate=difference, p_value=1.0, conf_level=level)
    is_x = np.arange(pooled.size) < n_one.size
    tables = np.stack((pooled * is_x, pooled * ~is_x))[None]
    centred = values - values.mean()
    (stayed, sums), chances, how = _allocated(tables, np.column_stack((is_x, centred)), n_draws, seed)
    means = sums / n_x - (pooled @ centred - sums) / n_y
    moved = stayed < n_x
    overlap = stayed[moved] / n_x - (n_x - stayed[moved]) / n_y
    shifts = (difference - means[moved]) / (1 - overlap)
    identity = 1 - float(chances[moved].sum())
    if one.size == two.size == 1:
        p_value = _tails(shifts, chances[moved], identity, float(np.ptp(values)))
        reason = "each group holds a single value"
        return not_estimable(reason, n, estimate=difference, p_value=p_value, conf_level=level)
    method = f"mean difference, limits by permutation of groups, {how}"
    few = f"too few patients ({n_x} and {n_y})"
    return _inverted(difference, shifts, chances[moved], identity, n, method, few, level, float(np.ptp(values)))


def sign_flip_mean(
    differences: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    seed: int,
    n_draws: int = 9999,
    conf_level: float = 0.95,
) -> Estimate:
    """Mean of paired differences, with limits that hold every mean the sign-flip test does not reject.

    Parameters
    ----------
    differences
        After minus before, one a patient or one a cell of a tally.
    counts
        Patients with each difference; None for one each.
    seed
        Of the signs that are drawn; unused when all of them are listed.
    n_draws
        Sets of signs drawn when there are too many different ones to list.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        p-value twice the smaller tail, in accord with the limits. Limits are NaN without patients, when all
        differences are equal, or when even the most extreme signs are too likely.

    Raises
    ------
    ValueError
        If differences or counts break the rules of `as_counts`, fewer than 99 draws are asked for, or the seed
        is no whole number of 0 or more.

    Notes
    -----
    Fisher 1935 (The Design of Experiments); limits from the means of all subsets of patients, Hartigan 1969,
    Journal of the American Statistical Association 64:1303. Assumes differences symmetric about their mean.

    Examples
    --------
    >>> change = sign_flip_mean([-4, -3, -3, -2, -2, -1, 0, 1], seed=1)
    >>> change.estimate, change.conf_low, change.conf_high, round(change.p_value, 4)
    (-1.75, -3.0, -0.3333333333333333, 0.0469)
    """
    level, n_draws, seed = check_conf_level(conf_level), check_draws(n_draws), check_seed(seed)
    values, whole = distinct(differences, counts, name="differences")
    n = int(whole.sum())
    if n == 0:
        return not_estimable("no patients", 0, conf_level=level)
    mean = float(whole @ values / n)
    listed = every_flip(whole)
    each = np.column_stack((np.ones(values.size), values))
    if listed is not None:
        (size, sums), chances = (listed[0] @ each).T, listed[1]
        how = f"all {len(chances)} sign tables"
    else:
        size, sums = np.concatenate([flipped @ each for flipped in drawn_flips(whole, n_draws, seed)]).T
        chances, how = np.full(n_draws, 1 / (n_draws + 1)), f"{n_draws} draws, seed {seed}"
    moved = size > 0
    shifts = sums[moved] / size[moved]
    identity = 1 - float(chances[moved].sum())
    if values.size == 1:
        p_value = _tails(shifts, chances[moved], identity, float(np.abs(values).max()))
        return not_estimable("all differences equal", n, estimate=mean, p_value=p_value, conf_level=level)
    method = f"mean difference, limits by change of signs, {how}"
    scale = float(np.abs(values).max())
    return _inverted(mean, shifts, chances[moved], identity, n, method, f"too few patients ({n})", level, scale)


def _allocated(tables: Counts, each: Floats, n_draws: int, seed: int) -> tuple[Floats, Floats, str]:
    """Return sums over the patients dealt to the first group, shape (sums, allocations), chances, and how."""
    listed = every_table(tables)
    if listed is not None:
        return (listed[0][:, 0, 0] @ each).T, listed[1], f"all {len(listed[1])} tables"
    sums = np.concatenate([block[:, 0, 0] @ each for block in drawn_tables(tables, n_draws, seed)])
    return sums.T, np.full(n_draws, 1 / (n_draws + 1)), f"{n_draws} allocations, seed {seed}"


def _tails(shifts: Floats, chances: Floats, identity: float, scale: float) -> float:
    slack = SAME_WITHIN * 1000 * scale
    above, below = chances[shifts <= slack].sum(), chances[shifts >= -slack].sum()
    return min(1.0, 2 * (identity + float(min(above, below))))


def _inverted(
    estimate: float,
    shifts: Floats,
    chances: Floats,
    identity: float,
    n: int,
    method: str,
    too_few: str,
    level: float,
    scale: float,
) -> Estimate:
    """Return the estimate with limits at the outermost shifts that are not rejected.

    Shift d is not rejected from below when identity + chance(shifts <= d) exceeds half of 1 - level.
    """
    p_value = _tails(shifts, chances, identity, scale)
    spare = (1 - level) / 2 - identity + 1e-12
    if spare < 0:
        return not_estimable(too_few, n, estimate=estimate, p_value=p_value, conf_level=level)
    order = np.argsort(shifts)
    rising, cumulative = shifts[order], np.cumsum(chances[order])
    low = rising[min(int(np.searchsorted(cumulative, spare, side="right")), rising.size - 1)]
    falling, cumulative = rising[::-1], np.cumsum(chances[order][::-1])
    high = falling[min(int(np.searchsorted(cumulative, spare, side="right")), rising.size - 1)]
    return Estimate(estimate, float(low), float(high), n, method, p_value=p_value, conf_level=level)
