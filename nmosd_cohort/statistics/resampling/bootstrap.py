"""Bootstrap of patients through the cells of their tally."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    Floats,
    as_values,
    check_conf_level,
    check_counts,
    check_option,
    not_estimable,
    whole_number,
)
from nmosd_cohort.statistics.resampling.progress import tracked
from nmosd_cohort.statistics.resampling.seed import check_seed
from nmosd_cohort.statistics.rounding import SAME_WITHIN

BootstrapMethod = Literal["percentile", "bca"]
Statistic = Callable[[Counts], Any]
OfRows = Callable[[Counts], Floats]
MIN_RESAMPLES = 100
BLOCK_CELLS = 1_000_000  # cells of resamples that a vectorised statistic is handed at a time
MIN_USABLE_SHARE = 0.5  # with fewer resamples that give a value the limits would describe a subset


def bootstrap_cells(
    counts: ArrayLike,
    statistic: Statistic,
    *,
    seed: int,
    n_resamples: int = 2000,
    conf_level: float = 0.95,
    method: BootstrapMethod = "bca",
    vectorized: bool = False,
    progress: bool | None = None,
) -> Estimate:
    """Statistic of a tally, with limits from resampling its patients.

    Parameters
    ----------
    counts
        Patients in each cell of the tally.
    statistic
        Takes counts of the same length and gives the estimate; NaN where counts do not give one. If
        `vectorized`, takes counts of shape (resamples, cells) and gives one estimate a row.
    seed
        Of the resamples; the same seed gives the same limits.
    n_resamples
        Resamples, at least 100.
    conf_level
        Coverage of the limits.
    method
        ``bca`` (default) corrects for bias and skewness by leaving out one patient of each cell; ``percentile``
        does not.
    vectorized
        Whether the statistic takes many rows of counts at once, which is much faster.
    progress
        None shows a bar on a terminal when the work lasts longer than two seconds; True at once; False never.

    Returns
    -------
    Estimate
        The standard error is that of the resamples. Limits are NaN, with the reason in `method`, without
        patients, when the statistic has no value, when half of the resamples have none, or when all are equal.

    Raises
    ------
    ValueError
        If a count is not whole, the method is unknown, there are fewer than 100 resamples, the seed is no whole
        number of 0 or more, or a vectorised statistic does not give one number a row.

    Notes
    -----
    Efron 1987 (doi:10.1080/01621459.1987.10478410); resampling patients is a multinomial draw over cells, and
    every patient of a cell has the same jackknife value, so that BCa needs one value a cell and no more.
    Of the 95 % limits of a mean pain score, skewed, BCa held the truth in 90, 94 and 94 % of 500 samples of 8, 15
    and 30 patients, percentile limits in 86, 89 and 93 %: in few patients neither covers what it promises.

    Examples
    --------
    >>> values = np.array([0.0, 3.0, 8.0])
    >>> mean = bootstrap_cells([5, 9, 6], lambda n: float(n @ values / n.sum()), seed=1)
    >>> mean.estimate, mean.method
    (3.75, 'bootstrap of patients, BCa, 2000 resamples, seed 1')
    >>> bootstrap_cells([5, 9, 6], lambda n: n @ values / n.sum(axis=1), seed=1, vectorized=True) == mean
    True
    """
    check_option("method", method, get_args(BootstrapMethod))
    level, n_resamples, seed = check_conf_level(conf_level), check_resamples(n_resamples), check_seed(seed)
    cells = check_counts(counts, size=as_values(counts, name="counts").size)
    n = int(cells.sum())
    of_rows = _vectorized(statistic) if vectorized else _row_by_row(statistic)
    estimate = float(of_rows(cells[None])[0]) if n else math.nan
    if not math.isfinite(estimate):
        reason = "the statistic has no value" if n else "no patients"
        return not_estimable(reason, n, conf_level=level)
    drawn = resample(cells, n_resamples, np.random.default_rng(seed))
    replicates = _replicates(drawn, of_rows, 0 if vectorized else 1, progress)
    usable, reason = usable_replicates(replicates)
    if reason:
        return not_estimable(reason, n, estimate=estimate, conf_level=level)
    shares, label = _tail_shares(cells, of_rows, estimate, usable, level, method)
    low, high = np.quantile(usable, shares)
    lost = replicates.size - usable.size
    label = f"bootstrap of patients, {label}, {n_resamples} resamples, seed {seed}"
    label += f", {lost} without a value left out" if lost else ""
    error = float(usable.std(ddof=1))
    return Estimate(estimate, float(low), float(high), n, label, std_error=error, conf_level=level)


def check_resamples(n_resamples: int) -> int:
    """Return the number of resamples, which must be whole and enough for limits.

    Examples
    --------
    >>> check_resamples(10)
    Traceback (most recent call last):
    ValueError: n_resamples is 10; limits need at least 100
    """
    whole = whole_number("n_resamples", n_resamples)
    if whole < MIN_RESAMPLES:
        raise ValueError(f"n_resamples is {n_resamples}; limits need at least {MIN_RESAMPLES}")
    return whole


def resample(counts: Counts, n_resamples: int, rng: np.random.Generator) -> Counts:
    """Return one row of counts a resample, each with as many patients as `counts`.

    Examples
    --------
    >>> resample(np.array([3, 0, 4]), 5, np.random.default_rng(1)).sum(axis=1).tolist()
    [7, 7, 7, 7, 7]
    """
    n = int(counts.sum())
    return rng.multinomial(n, counts / n, size=n_resamples).astype(np.int64)


def usable_replicates(replicates: Floats) -> tuple[Floats, str]:
    """Return the resampled values that are numbers, and why they give no limits (empty if they do).

    Examples
    --------
    >>> usable_replicates(np.array([1.0, np.nan, 2.0]))[0].tolist()
    [1.0, 2.0]
    >>> usable_replicates(np.array([1.0, 1.0]))[1]
    'all resamples give the same value'
    """
    usable = replicates[np.isfinite(replicates)]
    if usable.size <= MIN_USABLE_SHARE * replicates.size:
        return usable, f"{replicates.size - usable.size} of {replicates.size} resamples have no value"
    spread = float(np.ptp(usable))
    if spread <= SAME_WITHIN * float(np.abs(usable).max()):
        return usable, "all resamples give the same value"
    return usable, ""


def _row_by_row(statistic: Statistic) -> OfRows:
    def of_rows(rows: Counts) -> Floats:
        return np.array([float(statistic(row)) for row in rows])

    return of_rows


def _vectorized(statistic: Statistic) -> OfRows:
    def of_rows(rows: Counts) -> Floats:
        values = np.asarray(statistic(rows), dtype=np.float64)
        if values.shape != (len(rows),):
            raise ValueError(
                f"statistic gave shape {values.shape} for {len(rows)} rows of counts; "
                "with vectorized=True it must give one number a row"
            )
        return values

    return of_rows


def _replicates(drawn: Counts, of_rows: OfRows, block: int, progress: bool | None) -> Floats:
    """Return the statistic of each resample, `block` rows at a time (0: as many as fit)."""
    step = block or max(1, BLOCK_CELLS // drawn.shape[1])
    starts = range(0, len(drawn), step)
    parts = tracked(starts, len(starts), label="bootstrap", progress=progress)
    return np.concatenate([of_rows(drawn[start : start + step]) for start in parts])


def _tail_shares(
    counts: Counts, of_rows: OfRows, estimate: float, usable: Floats, level: float, method: str
) -> tuple[Floats, str]:
    """Return the two shares of the resampled values below the limits, and the method in words."""
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if method == "percentile":
        return tails, "percentile"
    is_tied = np.abs(usable - estimate) <= SAME_WITHIN * float(np.abs(usable).max())
    below = float(((usable < estimate) & ~is_tied).mean() + is_tied.mean() / 2)
    if below in (0.0, 1.0):
        return tails, "percentile because every resample lies on one side of the estimate"
    acceleration = _acceleration(counts, of_rows)
    if not math.isfinite(acceleration):
        return tails, "percentile because leaving out one patient gives no value"
    bias = float(ndtri(below))
    z = bias + ndtri(tails)
    shares: Floats = ndtr(bias + z / (1 - acceleration * z))
    return shares, "BCa"


def _acceleration(counts: Counts, of_rows: OfRows) -> float:
    """Return the acceleration from leaving out one patient of each cell in turn; 0 if none matters."""
    occupied = np.flatnonzero(counts)
    if counts.sum() == 1:
        return math.nan
    values = of_rows(counts - (np.arange(counts.size) == occupied[:, None]))
    weights = counts[occupied]
    centred = float(weights @ values) / float(weights.sum()) - values
    spread = float(weights @ centred**2)
    return float(weights @ centred**3) / (6 * spread**1.5) if spread != 0 else 0.0
