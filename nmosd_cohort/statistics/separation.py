"""Separation: covariates that order the outcome without error, so that no finite coefficient exists."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, hstack

from nmosd_cohort.statistics.cumulative_link import SortedCells
from nmosd_cohort.statistics.estimate import Floats

SMALLEST_DIRECTION = 1e-7


def separating_column(cells: SortedCells) -> int | None:
    """Return the first column that alone puts all outcome levels in order, None if there is none.

    A column separates if its values in one level never exceed those in the next (or never fall below):
    equal values at the border are quasi-separation (Albert and Anderson 1984).

    Examples
    --------
    >>> from nmosd_cohort.statistics.cumulative_link import sort_by_level
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
    >>> from nmosd_cohort.statistics.cumulative_link import sort_by_level
    >>> level = np.array([0, 0, 1, 1])
    >>> design = np.array([[0.0, 1.0], [2.0, 3.0], [1.0, 0.0], [3.0, 2.0]])
    >>> separating_columns(sort_by_level(level, design, np.ones(4, dtype=np.int64)))
    [0, 1]
    """
    n_thresholds, n_columns = cells.starts.size - 1, cells.design.shape[1]
    slack = _slack_matrix(cells)
    cost, limit = -np.asarray(slack.sum(axis=0)).ravel(), np.zeros(slack.shape[0])
    bounds = [(None, None)] * n_thresholds + [(-1.0, 1.0)] * n_columns
    # The type stubs of linprog leave out sparse matrices.
    answer = linprog(cost, A_ub=-slack, b_ub=limit, bounds=bounds)  # type: ignore[call-overload]
    if not answer.success or -answer.fun < SMALLEST_DIRECTION:
        return []
    direction: Floats = answer.x[n_thresholds:]
    return [int(column) for column in np.flatnonzero(np.abs(direction) > SMALLEST_DIRECTION)]


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
