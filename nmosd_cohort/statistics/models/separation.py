"""Separation: covariates that order the outcome without error, so that no finite coefficient exists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, hstack

from nmosd_cohort.statistics.estimate import Floats
from nmosd_cohort.statistics.models.cumulative_link import SortedCells

SMALLEST_DIRECTION = 1e-7
# In log odds per SD of a column. No design that does not separate comes near it.
LARGEST_STD_ERROR = 100.0


def separating_column(cells: SortedCells) -> int | None:
    """Return the first column that alone puts all outcome levels in order, None if there is none.

    A column separates if its values in one level never exceed those in the next (or never fall below):
    equal values at the border are quasi-separation (Albert and Anderson 1984, doi:10.1093/biomet/71.1.1).

    Examples
    --------
    >>> from nmosd_cohort.statistics.models.cumulative_link import sort_by_level
    >>> level, column = np.array([0, 0, 1, 1]), np.array([[0.0], [0.0], [0.0], [1.0]])
    >>> separating_column(sort_by_level(level, column, np.ones(4, dtype=np.int64)))
    0
    """
    if cells.design.shape[1] == 0:
        return None
    lowest = np.minimum.reduceat(cells.design, cells.starts, axis=0)
    highest = np.maximum.reduceat(cells.design, cells.starts, axis=0)
    rises = (highest[:-1] <= lowest[1:]).all(axis=0)
    falls = (lowest[:-1] >= highest[1:]).all(axis=0)
    found = np.flatnonzero(rises | falls)
    return int(found[0]) if found.size else None


def separating_columns(cells: SortedCells) -> list[int]:
    """Return the columns of a combination that puts all outcome levels in order, empty if there is none.

    Linear programme of Konis (2007): a direction b with thresholds t such that
    t[level - 1] <= design @ b <= t[level] in every cell, at least one of them strictly.

    Examples
    --------
    >>> from nmosd_cohort.statistics.models.cumulative_link import sort_by_level
    >>> level = np.array([0, 0, 1, 1])
    >>> design = np.array([[0.0, 1.0], [2.0, 3.0], [1.0, 0.0], [3.0, 2.0]])
    >>> separating_columns(sort_by_level(level, design, np.ones(4, dtype=np.int64)))
    [0, 1]
    """
    return separating_parameters(_slack_matrix(cells), cells.starts.size - 1)


def unbounded_sides(cells: SortedCells, column: int) -> tuple[bool, bool]:
    """Return whether the likelihood never falls as the coefficient of a column goes to minus and plus infinity.

    The same linear programme, which now seeks the direction that takes this column furthest down, then up.

    Examples
    --------
    >>> from nmosd_cohort.statistics.models.cumulative_link import sort_by_level
    >>> level, design = np.array([0, 0, 1, 1]), np.array([[0.0, 3.0], [0.0, 1.0], [0.0, 2.0], [1.0, 1.0]])
    >>> cells = sort_by_level(level, design, np.ones(4, dtype=np.int64))
    >>> unbounded_sides(cells, 0), unbounded_sides(cells, 1)
    ((False, True), (False, False))
    """
    n_thresholds = cells.starts.size - 1
    slack = _slack_matrix(cells)
    along = np.zeros(slack.shape[1])
    along[n_thresholds + column] = 1.0
    down, up = (side * steepest_direction(slack, side * along, n_thresholds) @ along for side in (-1, 1))
    return bool(down > SMALLEST_DIRECTION), bool(up > SMALLEST_DIRECTION)


def steepest_direction(slack: csr_matrix, gains: Floats, n_thresholds: int) -> Floats:
    """Return the direction with the largest gain that leaves no slack below 0, zero if there is none.

    Parameters
    ----------
    slack
        Shape (rows, parameters): slack @ direction is what must not fall below 0.
    gains
        Shape (parameters,), gain per unit of each.
    n_thresholds
        Parameters without a bound; those after them stay within -1 and 1.

    Examples
    --------
    >>> float(steepest_direction(csr_matrix([[1.0, -1.0]]), np.array([0.0, 1.0]), 1)[1])
    1.0
    """
    limit = np.zeros(slack.shape[0])
    bounds = [(None, None)] * n_thresholds + [(-1.0, 1.0)] * (gains.size - n_thresholds)
    # The type stubs of linprog leave out sparse matrices.
    answer = linprog(-gains, A_ub=-slack, b_ub=limit, bounds=bounds)  # type: ignore[call-overload]
    if not answer.success or -answer.fun < SMALLEST_DIRECTION:
        return np.zeros(gains.size)
    return np.asarray(answer.x, dtype=np.float64)


def separating_parameters(slack: csr_matrix, n_thresholds: int) -> list[int]:
    """Return the parameters after the thresholds that a direction without slack below 0 moves, empty if none.

    Examples
    --------
    >>> separating_parameters(csr_matrix([[1.0, -1.0], [0.0, 1.0]]), 0)
    [0]
    """
    total = np.asarray(slack.sum(axis=0), dtype=np.float64).ravel()
    direction = steepest_direction(slack, total, n_thresholds)[n_thresholds:]
    return [int(place) for place in np.flatnonzero(np.abs(direction) > SMALLEST_DIRECTION)]


def are_finite(variances: Floats) -> bool:
    """Return whether variances of log odds per SD of a column are those of a finite maximum.

    Examples
    --------
    >>> are_finite(np.array([0.2, 1.5])), are_finite(np.array([0.2, np.inf]))
    (True, False)
    """
    return bool((variances > 0).all() and (variances < LARGEST_STD_ERROR**2).all())


def separation_message(columns: Sequence[str], what: str) -> str:
    """Return which columns separate what.

    Examples
    --------
    >>> separation_message(["age", "woman"], "the levels; merge them")
    "design columns 'age', 'woman' together separate the levels; merge them"
    """
    if len(columns) == 1:
        return f"design column {columns[0]!r} separates {what}"
    return f"design columns {', '.join(map(repr, columns))} together separate {what}"


def _slack_matrix(cells: SortedCells) -> csr_matrix:
    """Return rows t[level] - design @ b and design @ b - t[level - 1] as a matrix over (t, b)."""
    n_thresholds = cells.starts.size - 1
    distinct = np.unique(np.column_stack([cells.level, cells.design]), axis=0)
    level, design = distinct[:, 0].astype(np.int64), distinct[:, 1:]
    below, above = level < n_thresholds, level > 0
    signs = np.concatenate([np.ones(below.sum()), -np.ones(above.sum())])
    columns = np.concatenate([level[below], level[above] - 1])
    shape = (signs.size, n_thresholds)
    thresholds = csr_matrix((signs, (np.arange(signs.size), columns)), shape=shape)
    return csr_matrix(hstack([thresholds, csr_matrix(np.vstack([-design[below], design[above]]))]))
