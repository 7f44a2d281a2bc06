"""Distinct values and pairs of a tally with the patients that have them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nmosd_cohort.statistics.estimate import Counts, Floats, as_counts, as_pairs


def distinct(values: ArrayLike, counts: ArrayLike | None = None, *, name: str = "values") -> tuple[Floats, Counts]:
    """Return the distinct values in rising order with the patients that have each.

    Examples
    --------
    >>> values, n = distinct([3, 1, 3], [1, 2, 4])
    >>> values.tolist(), n.tolist()
    ([1.0, 3.0], [2, 5])
    """
    array, whole = as_counts(values, counts, name=name)
    levels, position = np.unique(array, return_inverse=True)
    totals = np.zeros(levels.size, dtype=np.int64)
    np.add.at(totals, position, whole)
    return levels, totals


def distinct_pairs(
    before: ArrayLike,
    after: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    names: tuple[str, str] = ("before", "after"),
) -> tuple[Floats, Floats, Counts]:
    """Return the distinct pairs of values in rising order with the patients that have each.

    Examples
    --------
    >>> before, after, n = distinct_pairs([3, 1, 3], [2, 1, 2])
    >>> before.tolist(), after.tolist(), n.tolist()
    ([1.0, 3.0], [1.0, 2.0], [1, 2])
    """
    one, two, whole = as_pairs(before, after, counts, names=names)
    pairs, position = np.unique(np.column_stack((one, two)), axis=0, return_inverse=True)
    totals = np.zeros(len(pairs), dtype=np.int64)
    np.add.at(totals, position.ravel(), whole)
    return pairs[:, 0], pairs[:, 1], totals


def order_statistics(levels: Floats, totals: NDArray[np.generic], positions: ArrayLike) -> Floats:
    """Return the values at these places (0 is the smallest) of rising levels, each present `totals` times.

    Examples
    --------
    >>> order_statistics(np.array([1.0, 5.0]), np.array([2, 1]), [0, 1, 2]).tolist()
    [1.0, 1.0, 5.0]
    """
    found: Floats = levels[np.searchsorted(np.cumsum(totals), np.asarray(positions), side="right")]
    return found
