"""Pseudo-median of many resamples of the same patients at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nmosd_cohort.statistics.rounding import grouped

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from nmosd_cohort.statistics.estimate import Floats


def pseudo_medians(differences: ArrayLike, counts: ArrayLike) -> Floats:
    """Median of the means of all pairs of differences, one for each row of counts.

    Parameters
    ----------
    differences
        Distinct or repeated changes, none missing.
    counts
        Patients with each change, one row a resample.

    Returns
    -------
    numpy.ndarray
        What ``pseudo_median`` gives for each row; NaN for a row without patients.

    Notes
    -----
    Hodges and Lehmann 1963 (doi:10.1214/aoms/1177704172).

    Examples
    --------
    >>> pseudo_medians([-2, 0, 1], [[1, 2, 1], [4, 0, 0], [0, 0, 0]]).tolist()
    [0.0, -2.0, nan]
    """
    changes, drawn = np.asarray(differences, dtype=float), np.asarray(counts, dtype=np.int64)
    medians = np.full(len(drawn), np.nan)
    if not changes.size:
        return medians
    levels, place = grouped(changes, float(np.abs(changes).max()))
    totals = drawn @ (place[:, None] == np.arange(levels.size)).astype(np.int64)
    first, second = np.triu_indices(levels.size)
    averages, position = grouped((levels[first] + levels[second]) / 2, float(np.abs(levels).max()))
    one, two = totals[:, first], totals[:, second]
    pairs = np.where(first == second, one * (one + 1) // 2, one * two)
    through = np.cumsum(pairs @ (position[:, None] == np.arange(averages.size)).astype(np.int64), axis=1)
    n = through[:, -1]
    known = n > 0
    middle = [(through[known] > rank[known, None]).argmax(axis=1) for rank in ((n - 1) // 2, n // 2)]
    medians[known] = (averages[middle[0]] + averages[middle[1]]) / 2
    return medians
