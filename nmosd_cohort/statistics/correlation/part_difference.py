"""Rank correlation with a score and with a part of it, in the same patients."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Counts, Estimate, Floats, as_values, patient_counts
from nmosd_cohort.statistics.resampling.bootstrap import bootstrap_cells


def spearman_part_difference(
    x: ArrayLike,
    full: ArrayLike,
    part: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    seed: int,
    n_resamples: int = 1000,
    conf_level: float = 0.95,
) -> Estimate:
    """Spearman correlation of x with the part less that with the full score, of the same patients, from -2 to 2.

    Parameters
    ----------
    x, full, part
        Ordered numbers, one a cell, of the same length.
    counts
        Patients in each cell; None counts every row once.
    seed, n_resamples
        Of the bootstrap of patients.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Percentile limits: each resample takes both correlations in the same patients, so that what they share
        cancels. NaN, with the reason in `method`, where a variable is constant.

    Raises
    ------
    ValueError
        If lengths differ or a value is missing.

    Notes
    -----
    Bootstrap of patients: Efron 1987 (doi:10.1080/01621459.1987.10478410).

    Examples
    --------
    >>> pain, total, mood = [0, 1, 2, 3, 4], [1, 2, 3, 4, 5], [2, 1, 4, 3, 5]
    >>> gap = spearman_part_difference(pain, total, mood, [9, 9, 9, 9, 9], seed=1, n_resamples=100)
    >>> round(gap.estimate, 3), gap.n
    (-0.2, 45)
    """
    values = [as_values(item, name=name) for item, name in ((x, "x"), (full, "full"), (part, "part"))]
    if len({item.size for item in values}) > 1:
        raise ValueError(f"x, full and part have {', '.join(str(item.size) for item in values)} entries")
    whole = patient_counts(counts, size=values[0].size, name="x")
    places = [np.unique(item, return_inverse=True)[1].astype(np.int64) for item in values]
    return bootstrap_cells(
        whole,
        partial(_difference, places),
        seed=seed,
        n_resamples=n_resamples,
        conf_level=conf_level,
        method="percentile",
    )


def _difference(places: list[Counts], counts: Counts) -> float:
    x, full, part = (_mean_ranks(place, counts) for place in places)
    return _correlation(x, part, counts) - _correlation(x, full, counts)


def _mean_ranks(place: Counts, counts: Counts) -> Floats:
    """Return the rank of each cell, ties at their mean."""
    sizes = np.bincount(place, weights=counts)
    ranks: Floats = (np.cumsum(sizes) - sizes / 2)[place]
    return ranks


def _correlation(one: Floats, other: Floats, counts: Counts) -> float:
    n = counts.sum()
    one, other = one - counts @ one / n, other - counts @ other / n
    size = (counts @ one**2) * (counts @ other**2)
    return float(counts @ (one * other)) / math.sqrt(size) if size > 0 else math.nan
