"""Probability of superiority and Cliff's delta of two groups, from a tally."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import comb, expit, logit, ndtri

from nmosd_cohort.statistics.estimate import Estimate, Floats, check_conf_level, check_option, not_estimable
from nmosd_cohort.statistics.ranks.placements import (
    N_PERMUTATIONS,
    all_allocations,
    placement_variance,
    random_allocations,
    superiority_of,
    two_group_cells,
)
from nmosd_cohort.statistics.rounding import TIED_WITHIN
from nmosd_cohort.statistics.wald import wald_estimate

SuperiorityScale = Literal["logit", "plain"]
SMALL_GROUP = 30  # below this t with Satterthwaite freedom is not near enough to the null distribution


def probability_superiority(
    x: ArrayLike,
    x_counts: ArrayLike | None,
    y: ArrayLike,
    y_counts: ArrayLike | None,
    *,
    conf_level: float = 0.95,
    seed: int = 0,
    scale: SuperiorityScale = "logit",
) -> Estimate:
    """Probability that a patient of group x has a higher value than one of group y, ties counting half.

    Parameters
    ----------
    x, x_counts, y, y_counts
        Values of each group and patients with each value; None counts every value once.
    conf_level
        Coverage of the limits.
    seed
        Of the permutations drawn when a group has fewer than 30 patients.
    scale
        Where the statistic is studentised. ``logit`` keeps the limits within 0 and 1; ``plain`` is the test
        as published by Brunner and Munzel, with its limits cut off at 0 and 1.

    Returns
    -------
    Estimate
        p against 0.5, from the same statistic as the limits: they leave out 0.5 when p is below
        1 - `conf_level`, and only then. Groups that do not overlap: estimate 0 or 1, Newcombe's score limits,
        widened to 0.5 if p from all allocations does not reject it, or narrowed to 0.5 if it does (`method`
        then ends in "0.5 itself rejected"). All values equal, or one patient in a group: limits NaN and
        `method` says why.

    Raises
    ------
    ValueError
        If values or counts cannot be counted, or the scale is not one of the two.

    Notes
    -----
    Brunner and Munzel 2000 (doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U); studentised
    permutation: Neubert and Brunner 2007 (doi:10.1016/j.csda.2006.05.024), on the logit scale: Pauly,
    Asendorf and Konietschke 2016 (doi:10.1002/bimj.201500105); no overlap: Newcombe 2006, method 5
    (doi:10.1002/sim.2324).

    Why the logit scale and permutations below 30: plain limits of 15 patients a group cover a true 0.85 in
    90 %, and logit limits by t reject a true 0.5 in 3 %; logit limits by permutation cover both in 94 to 96 %
    (with 5 to 7 patients a group, 91.5 to 96 %).
    They are wide where four fifths of the patients share one value and one group is ten times the other: many
    allocations then leave the smaller group without any spread.

    Examples
    --------
    >>> superior = probability_superiority([4, 6, 7], [10, 12, 8], [2, 4, 6], [9, 14, 7])
    >>> round(superior.estimate, 3), superior.method
    (0.798, 'Brunner-Munzel, t on the logit scale')
    """
    level = check_conf_level(conf_level)
    check_option("scale", scale, get_args(SuperiorityScale))
    x_cells, y_cells = two_group_cells(x, x_counts, y, y_counts)
    n_x, n_y = int(x_cells.sum()), int(y_cells.sum())
    if min(n_x, n_y) == 0:
        return not_estimable("a group has no patients", n_x + n_y, conf_level=level)
    superiority = float(superiority_of(x_cells, y_cells))
    separated_p = _separated_p(x_cells, y_cells) if superiority in (0.0, 1.0) else math.nan
    if min(n_x, n_y) == 1:
        reason = "a group has one patient"
        return not_estimable(reason, n_x + n_y, estimate=superiority, p_value=separated_p, conf_level=level)
    if superiority in (0.0, 1.0):
        return _separated(superiority, n_x, n_y, separated_p, level)
    if np.count_nonzero(x_cells + y_cells) == 1:
        return not_estimable("all values equal", n_x + n_y, estimate=superiority, p_value=1.0, conf_level=level)
    if min(n_x, n_y) < SMALL_GROUP:
        return _permuted(x_cells, y_cells, level, seed, scale)
    return _brunner_munzel(x_cells, y_cells, level, scale)


def cliffs_delta(
    x: ArrayLike,
    x_counts: ArrayLike | None,
    y: ArrayLike,
    y_counts: ArrayLike | None,
    *,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Probability that a patient of group x is higher than one of group y less the probability that it is lower.

    Parameters
    ----------
    x, x_counts, y, y_counts
        Values of each group and patients with each value; None counts every value once.
    conf_level
        Coverage of the limits.
    seed
        Of the permutations drawn when a group has fewer than 30 patients.

    Returns
    -------
    Estimate
        From -1 to 1: twice the probability of superiority less 1, with its limits and its p.

    Raises
    ------
    ValueError
        If values or counts cannot be counted.

    Notes
    -----
    Cliff 1993 (doi:10.1037/0033-2909.114.3.494). His variance is less by a term of the order of
    1 / (n_x n_y); limits are those of `probability_superiority`, not those of Feng and Cliff 2004
    (doi:10.22237/jmasm/1099267560).

    Examples
    --------
    >>> delta = cliffs_delta([4, 6, 7], [10, 12, 8], [2, 4, 6], [9, 14, 7])
    >>> round(delta.estimate, 3), round(delta.conf_low, 3), round(delta.conf_high, 3)
    (0.596, 0.354, 0.763)
    """
    superior = probability_superiority(x, x_counts, y, y_counts, conf_level=conf_level, seed=seed)
    return replace(
        superior,
        estimate=2 * superior.estimate - 1,
        conf_low=2 * superior.conf_low - 1,
        conf_high=2 * superior.conf_high - 1,
        std_error=2 * superior.std_error,
    )


def _brunner_munzel(x_cells: Floats, y_cells: Floats, level: float, scale: SuperiorityScale) -> Estimate:
    n_x, n_y = int(x_cells.sum()), int(y_cells.sum())
    superiority = float(superiority_of(x_cells, y_cells))
    part_x = float(placement_variance(x_cells, y_cells))
    part_y = float(placement_variance(y_cells, x_cells))
    error = math.sqrt(part_x + part_y)
    freedom = (part_x + part_y) ** 2 / (part_x**2 / (n_x - 1) + part_y**2 / (n_y - 1))
    centre, spread = _on_scale(superiority, error, scale)
    found = wald_estimate(
        centre,
        spread,
        n_x + n_y,
        f"Brunner-Munzel, t on the {scale} scale",
        conf_level=level,
        freedom=freedom,
        scale=scale,
        null=_on_scale(0.5, error, scale)[0],
    )
    return replace(found, conf_low=max(found.conf_low, 0.0), conf_high=min(found.conf_high, 1.0))


def _on_scale(superiority: float, error: float, scale: SuperiorityScale) -> tuple[float, float]:
    if scale == "plain":
        return superiority, error
    return float(logit(superiority)), error / (superiority * (1 - superiority))


def _permuted(x_cells: Floats, y_cells: Floats, level: float, seed: int, scale: SuperiorityScale) -> Estimate:
    """Return the estimate with p and limits from the permutation distribution of one studentised statistic."""
    n_x, n_y = int(x_cells.sum()), int(y_cells.sum())
    superiority = float(superiority_of(x_cells, y_cells))
    error = math.sqrt(float(placement_variance(x_cells, y_cells) + placement_variance(y_cells, x_cells)))
    centre, spread = _on_scale(superiority, error, scale)
    distance = abs(centre - _on_scale(0.5, error, scale)[0]) / spread
    statistics, count, extra = _null_statistics(x_cells, y_cells, seed, scale)
    as_extreme = int((statistics >= distance - TIED_WITHIN).sum())
    place = math.ceil(level * (statistics.size + extra)) - 1
    critical = float(np.sort(statistics)[place]) + TIED_WITHIN if place < statistics.size else math.inf
    edges = np.array([centre - critical * spread, centre + critical * spread])
    low, high = expit(edges) if scale == "logit" else np.clip(edges, 0, 1)
    return Estimate(
        superiority,
        float(low),
        float(high),
        n_x + n_y,
        f"Brunner-Munzel, studentised permutation on the {scale} scale ({count})",
        std_error=error,
        p_value=(as_extreme + extra) / (statistics.size + extra),
        conf_level=level,
    )


def _null_statistics(x_cells: Floats, y_cells: Floats, seed: int, scale: SuperiorityScale) -> tuple[Floats, str, int]:
    """Return statistics of reallocated patients, what they are in words, and 1 if the data count as one more."""
    n_x, n = int(x_cells.sum()), int((x_cells + y_cells).sum())
    pooled = (x_cells + y_cells).astype(np.int64)
    is_complete = comb(n, n_x) <= N_PERMUTATIONS
    if is_complete:
        plain, on_logit = all_allocations(pooled, n_x)
    else:
        plain, on_logit = random_allocations(pooled, n_x, size=N_PERMUTATIONS, seed=seed)
    count = f"all {plain.size} allocations" if is_complete else f"{plain.size} allocations, seed {seed}"
    return on_logit if scale == "logit" else plain, count, int(not is_complete)


def _separated_p(x_cells: Floats, y_cells: Floats) -> float:
    """Return exact p of groups that do not overlap: this allocation, and its mirror image unless that cuts a tie."""
    n_x, n_y, through = int(x_cells.sum()), int(y_cells.sum()), np.cumsum(x_cells + y_cells)
    other_side = n_y if x_cells[-1] == 0 else n_x
    separating = 1 + int(other_side in through)
    return min(1.0, separating / float(comb(n_x + n_y, n_x)))


def _separated(superiority: float, n_x: int, n_y: int, p_value: float, level: float) -> Estimate:
    """Return the estimate of groups that do not overlap, with Newcombe's limit on the side of p."""
    z = -float(ndtri((1 - level) / 2))
    size = (n_x + n_y) / 2 - 1

    def excess(area: float) -> float:
        spread = 1 + size * ((1 - area) / (2 - area) + area / (1 + area))
        return 1 - area - z * z * area * spread / (n_x * n_y)

    newcombe = float(brentq(excess, 0.0, 1.0))
    is_rejected = p_value < 1 - level
    bound = max(newcombe, 0.5) if is_rejected else min(newcombe, 0.5)
    low, high = (bound, 1.0) if superiority == 1 else (0.0, 1 - bound)
    label = "groups do not overlap: Newcombe score limits, p from all allocations"
    label += ", 0.5 itself rejected" if is_rejected and newcombe <= 0.5 else ""
    return Estimate(superiority, low, high, n_x + n_y, label, p_value=p_value, conf_level=level)
