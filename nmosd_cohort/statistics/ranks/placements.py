"""Placements of one group among another, and their distribution over all allocations of the patients.

Groups are rows of counts on common rising levels; leading axes hold one allocation each.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from nmosd_cohort.statistics.distinct import distinct
from nmosd_cohort.statistics.estimate import Counts, Floats
from nmosd_cohort.statistics.ranks.rank_inversion import standardised
from nmosd_cohort.statistics.resampling.allocations import BLOCK_CELLS

N_PERMUTATIONS = 9_999


def two_group_cells(
    x: ArrayLike, x_counts: ArrayLike | None, y: ArrayLike, y_counts: ArrayLike | None
) -> tuple[Floats, Floats]:
    """Return the patients of each group at every value that occurs in either, in rising order.

    Examples
    --------
    >>> x_cells, y_cells = two_group_cells([3, 5], [4, 1], [5, 9], [2, 2])
    >>> x_cells.tolist(), y_cells.tolist()
    ([4.0, 1.0, 0.0], [0.0, 2.0, 2.0])
    """
    x_levels, x_totals = distinct(x, x_counts, name="x")
    y_levels, y_totals = distinct(y, y_counts, name="y")
    levels = np.union1d(x_levels, y_levels)
    cells = np.zeros((2, levels.size))
    cells[0, np.searchsorted(levels, x_levels)] = x_totals
    cells[1, np.searchsorted(levels, y_levels)] = y_totals
    return cells[0], cells[1]


def superiority_of(x_cells: Floats, y_cells: Floats) -> Floats:
    """Return P(X > Y) + P(X = Y) / 2 for each row of counts.

    Examples
    --------
    >>> float(superiority_of(np.array([0.0, 1.0]), np.array([1.0, 1.0])))
    0.75
    """
    doubled = 2 * np.cumsum(y_cells, axis=-1) - y_cells
    superiority: Floats = (x_cells * doubled).sum(-1) / (2 * x_cells.sum(-1) * y_cells.sum(-1))
    return superiority


def placement_variance(own: Floats, other: Floats) -> Floats:
    """Return the variance of a group's mean placement among the other group, for each row of counts.

    Examples
    --------
    >>> float(placement_variance(np.array([1.0, 1.0]), np.array([1.0, 1.0])))
    0.0625
    """
    doubled = 2 * np.cumsum(other, axis=-1) - other
    n = own.sum(-1, keepdims=True)
    mean = (own * doubled).sum(-1, keepdims=True) / n
    squares = (own * (doubled - mean) ** 2).sum(-1, keepdims=True)
    variance: Floats = squares / ((n - 1) * n * (2 * other.sum(-1, keepdims=True)) ** 2)
    return variance[..., 0]


def all_allocations(pooled: Counts, n_x: int) -> tuple[Floats, Floats]:
    """Return the studentised statistics of every way to choose group x from the pooled patients.

    Examples
    --------
    >>> all_allocations(np.array([2, 2]), 2)[0].tolist()
    [inf, 0.0, 0.0, 0.0, 0.0, inf]
    """
    rows = np.repeat(np.arange(pooled.size), pooled)
    chosen = rows[np.array(list(combinations(range(rows.size), n_x)))]
    cells = np.zeros((chosen.shape[0], pooled.size))
    np.add.at(cells, (np.arange(chosen.shape[0])[:, None], chosen), 1)
    return studentised(cells, pooled)


def random_allocations(pooled: Counts, n_x: int, *, size: int, seed: int) -> tuple[Floats, Floats]:
    """Return the studentised statistics of random choices of group x from the pooled patients.

    Examples
    --------
    >>> random_allocations(np.array([9, 9]), 6, size=100, seed=1)[0].shape
    (100,)
    """
    rng = np.random.default_rng(seed)
    block = max(1, min(size, BLOCK_CELLS // pooled.size))
    parts = []
    for start in range(0, size, block):
        rows = min(block, size - start)
        cells = rng.multivariate_hypergeometric(pooled, n_x, size=rows, method="marginals")
        parts.append(studentised(cells.astype(np.float64), pooled))
    plain, on_logit = zip(*parts, strict=True)
    return np.concatenate(plain), np.concatenate(on_logit)


def studentised(x_cells: Floats, pooled: Counts) -> tuple[Floats, Floats]:
    """Return the absolute studentised superiority of each row, plain and on the logit scale.

    An allocation without overlap has no variance and is more extreme than all others: infinite.

    Examples
    --------
    >>> plain, on_logit = studentised(np.array([[0.0, 2.0]]), np.array([2, 2]))
    >>> float(plain[0]), float(on_logit[0])
    (inf, inf)
    """
    y_cells = pooled - x_cells
    superiority = superiority_of(x_cells, y_cells)
    error = np.sqrt(placement_variance(x_cells, y_cells) + placement_variance(y_cells, x_cells))
    is_inside = (superiority > 0) & (superiority < 1)
    inside = np.where(is_inside, superiority, 0.5)
    plain = standardised(np.abs(inside - 0.5), error)
    on_logit = standardised(np.abs(logit(inside)) * inside * (1 - inside), error)
    return np.where(is_inside, plain, math.inf), np.where(is_inside, on_logit, math.inf)
