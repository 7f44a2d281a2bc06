"""Mann-Whitney test of two groups, exact where it is cheap, with ties or without."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import comb, ndtr

from nmosd_cohort.statistics.estimate import Estimate, Floats, check_option
from nmosd_cohort.statistics.ranks.placements import superiority_of, two_group_cells
from nmosd_cohort.statistics.ranks.rank_inversion import EXACT_GROUP
from nmosd_cohort.statistics.ranks.superiority import probability_superiority

Distribution = Literal["automatic", "exact", "normal"]


@dataclass(frozen=True, slots=True)
class MannWhitney:
    """Mann-Whitney test with the effect that belongs to it.

    Parameters
    ----------
    statistic
        U of group x: pairs of patients with x above y, ties counting half.
    p_value
        Two-sided, against equal distributions; NaN if a group has no patients.
    method
        How p was made, or why there is none.
    superiority
        P(X > Y) with limits. Its own p is that of Brunner and Munzel, against P(X > Y) = 0.5 without the
        assumption that spreads are equal, and can differ from `p_value`.
    """

    statistic: float
    p_value: float
    method: str
    superiority: Estimate


def mann_whitney(
    x: ArrayLike,
    x_counts: ArrayLike | None,
    y: ArrayLike,
    y_counts: ArrayLike | None,
    *,
    conf_level: float = 0.95,
    seed: int = 0,
    distribution: Distribution = "automatic",
) -> MannWhitney:
    """Pairs of patients in which group x is higher than group y, and a test that both have one distribution.

    Parameters
    ----------
    x, x_counts, y, y_counts
        Values of each group and patients with each value; None counts every value once.
    conf_level
        Coverage of the limits of P(X > Y).
    seed
        Of the permutations behind those limits.
    distribution
        ``exact`` is conditional on the ties: all ways to choose group x from the pooled patients; ``normal``
        has tie and continuity correction; ``automatic`` is exact with fewer than 50 patients in both groups.

    Returns
    -------
    MannWhitney

    Raises
    ------
    ValueError
        If values or counts cannot be counted, the distribution is unknown, or it is to be exact with 50
        patients or more in a group.

    Notes
    -----
    Mann and Whitney 1947 (doi:10.1214/aoms/1177730491). The exact two-sided p is the probability of a rank
    sum as far from its expectation as the one seen.

    Examples
    --------
    >>> test = mann_whitney([4, 6, 7], [3, 2, 4], [2, 4, 6], [3, 4, 1])
    >>> test.statistic, round(test.p_value, 4), test.method
    (62.0, 0.009, 'Mann-Whitney, exact given the ties')
    """
    check_option("distribution", distribution, get_args(Distribution))
    superior = probability_superiority(x, x_counts, y, y_counts, conf_level=conf_level, seed=seed)
    x_cells, y_cells = two_group_cells(x, x_counts, y, y_counts)
    n_x, n_y = int(x_cells.sum()), int(y_cells.sum())
    if min(n_x, n_y) == 0:
        return MannWhitney(math.nan, math.nan, superior.method, superior)
    is_small = max(n_x, n_y) < EXACT_GROUP
    if distribution == "exact" and not is_small:
        raise ValueError(f"the groups have {n_x} and {n_y} patients; exact p needs fewer than {EXACT_GROUP} in each")
    pairs_above = round(2 * float(superiority_of(x_cells, y_cells)) * n_x * n_y) / 2
    if distribution == "normal" or not is_small:
        label = "Mann-Whitney, normal with tie and continuity correction"
        return MannWhitney(pairs_above, _normal_p(pairs_above, x_cells, y_cells), label, superior)
    is_tied = bool((x_cells + y_cells > 1).any())
    label = f"Mann-Whitney, exact{' given the ties' if is_tied else ''}"
    return MannWhitney(pairs_above, exact_rank_sum_p(x_cells, y_cells), label, superior)


def tie_correction(pooled: Floats) -> float:
    """Return the share of the variance of untied ranks that ties leave, 0 if all values are equal.

    Examples
    --------
    >>> tie_correction(np.array([1.0, 1.0, 1.0])), tie_correction(np.array([3.0]))
    (1.0, 0.0)
    """
    n = float(pooled.sum())
    return 1 - float((pooled**3 - pooled).sum()) / (n**3 - n) if n > 1 else 0.0


def _normal_p(pairs_above: float, x_cells: Floats, y_cells: Floats) -> float:
    pairs, n = float(x_cells.sum() * y_cells.sum()), float(x_cells.sum() + y_cells.sum())
    spread = math.sqrt(pairs * (n + 1) / 12 * tie_correction(x_cells + y_cells))
    distance = max(abs(pairs_above - pairs / 2) - 0.5, 0.0)
    return float(2 * ndtr(-distance / spread)) if spread > 0 else 1.0


def exact_rank_sum_p(x_cells: Floats, y_cells: Floats) -> float:
    """Return two-sided p from the rank sums of all ways to choose the smaller group, given the ties.

    Parameters
    ----------
    x_cells, y_cells
        Shape (m,), patients of each group at every value, values rising.

    Examples
    --------
    >>> exact_rank_sum_p(np.array([0.0, 3.0]), np.array([3.0, 0.0]))
    0.1
    """
    chosen = x_cells if x_cells.sum() <= y_cells.sum() else y_cells
    pooled, size = x_cells + y_cells, int(chosen.sum())
    doubled = (2 * np.cumsum(pooled) - pooled).astype(np.int64)
    scores = doubled - doubled[0]
    scores //= max(int(np.gcd.reduce(scores)), 1)
    ways = rank_sum_ways(scores, pooled.astype(np.int64), size)
    expected = size * float(pooled @ scores) / float(pooled.sum())
    distances = np.abs(np.arange(ways.size) - expected)
    is_as_far = distances >= abs(float(chosen @ scores) - expected) - 1e-7
    return min(1.0, float(ways[is_as_far].sum() / ways.sum()))


def rank_sum_ways(scores: np.ndarray, pooled: np.ndarray, size: int) -> Floats:
    """Return the ways to choose `size` patients whose scores sum to 0, 1, 2 ...

    Parameters
    ----------
    scores
        Shape (m,), rising whole numbers, the first 0.
    pooled
        Shape (m,), patients with each score.
    size
        Patients to choose.

    Examples
    --------
    >>> rank_sum_ways(np.array([0, 1, 2, 3]), np.ones(4, dtype=int), 2).tolist()
    [0.0, 1.0, 1.0, 2.0, 1.0, 1.0]
    """
    largest = int(np.repeat(scores, np.minimum(pooled, size))[-size:].sum())
    ways = np.zeros((size + 1, largest + 1))
    ways[0, 0] = 1.0
    for score, ties in zip(scores, pooled, strict=True):
        before = ways.copy()
        for taken in range(1, min(int(ties), size) + 1):
            shift = taken * int(score)
            ways[taken:, shift:] += float(comb(ties, taken)) * before[: size + 1 - taken, : largest + 1 - shift]
    found: Floats = ways[size]
    return found
