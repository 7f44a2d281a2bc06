"""How often the test of a two-by-two table finds a difference of shares, both groups being chance draws."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, ndtr, ndtri
from scipy.stats import binom

from nmosd_cohort.statistics.estimate import as_number, whole_number
from nmosd_cohort.statistics.shares.two_by_two import EQUALLY_LIKELY

MOST_TABLES = 500_000  # of which the sum is always taken
LARGE_GROUP = 200  # if both groups have so many patients the normal approximation is near enough
MOST_TIMES_LARGER = 50  # patients beyond so many times those of a small group hardly add to what is known
KEPT_SIZES = 16  # pairs of group sizes whose rejected tables are kept: at most 32 MB of them


def two_by_two_power(share_1: float, n_1: int, share_2: float, n_2: int, *, alpha: float = 0.05) -> float:
    """Probability that ``larger_p`` is below alpha when both groups are drawn anew.

    Parameters
    ----------
    share_1, n_1, share_2, n_2
        True share and patients of each group.
    alpha
        Two-sided level of the test.

    Returns
    -------
    float
        Exact, a sum over all tables of two binomials, up to half a million tables. Beyond that by the normal
        approximation of the score test if both groups have 200 patients or more, then within 0.011 of the sum; else
        exact with the larger group taken as at most 50 times the smaller, which adds at most 2 % to the variance.

    Raises
    ------
    ValueError
        If a share is not from 0 to 1, alpha not between 0 and 1, or a group is empty.

    Notes
    -----
    Normal approximation: Fleiss, Levin and Paik 2003, Statistical Methods for Rates and Proportions, chapter 4.

    Examples
    --------
    >>> round(two_by_two_power(0.5, 100, 0.7, 100), 3)
    0.832
    """
    for name, share in (("share_1", share_1), ("share_2", share_2)):
        as_number(name, share, low=0, high=1)
    sizes = whole_number("n_1", n_1), whole_number("n_2", n_2)
    if 0 in sizes or not 0 < alpha < 1:
        raise ValueError(f"n_1 is {n_1}, n_2 {n_2}, alpha {alpha}; groups need patients, and alpha is between 0 and 1")
    if (sizes[0] + 1) * (sizes[1] + 1) > MOST_TABLES:
        if min(sizes) >= LARGE_GROUP:
            return _normal_power(share_1, sizes[0], share_2, sizes[1], alpha)
        most = MOST_TIMES_LARGER * min(sizes)
        sizes = min(sizes[0], most), min(sizes[1], most)
    chances = binom.pmf(np.arange(sizes[0] + 1), sizes[0], share_1)
    return float(chances @ _rejection_chances(*sizes, float(share_2), alpha))


@lru_cache(maxsize=KEPT_SIZES)
def _rejection_chances(n_1: int, n_2: int, share_2: float, alpha: float) -> NDArray[np.float64]:
    """Return for each number of events in group 1 the chance that group 2 leads to a rejection."""
    return np.asarray(_rejected(n_1, n_2, alpha) @ binom.pmf(np.arange(n_2 + 1), n_2, share_2))


@lru_cache(maxsize=KEPT_SIZES)
def _rejected(n_1: int, n_2: int, alpha: float) -> NDArray[np.bool_]:
    """Return for each table, events of group 1 down and of group 2 across, whether p is below alpha."""
    one, two = np.arange(n_1 + 1)[:, None], np.arange(n_2 + 1)[None, :]
    events, patients = one + two, n_1 + n_2
    pooled = events / patients
    variance = pooled * (1 - pooled) * (1 / n_1 + 1 / n_2)
    gap = np.abs(one / n_1 - two / n_2)
    rejected = np.asarray(gap > -ndtri(alpha / 2) * np.sqrt(variance))
    # logarithms of the ways to choose so many patients of each group; margins fixed, chances are their products
    ways = [gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) for n, k in ((n_1, one.ravel()), (n_2, two.ravel()))]
    for total in range(patients + 1):
        least, most = max(0, total - n_2), min(total, n_1)
        counts = np.arange(least, most + 1)
        rejected[counts, total - counts] &= _mid_p_values(ways[0][counts] + ways[1][total - counts]) < alpha
    return rejected


def _mid_p_values(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Fisher's mid-p of every table with the same margins, from the logarithms of their chances."""
    chances = np.exp(logs - logs.max())
    chances /= chances.sum()
    if chances.size == 1:
        return np.ones(1)
    rising = np.sort(chances)
    sums = np.concatenate([[0.0], np.cumsum(rising)])
    below = sums[np.searchsorted(rising, chances * (1 - EQUALLY_LIKELY), side="left")]
    no_more = sums[np.searchsorted(rising, chances * (1 + EQUALLY_LIKELY), side="right")]
    return np.asarray((below + no_more) / 2)


def _normal_power(share_1: float, n_1: int, share_2: float, n_2: int, alpha: float) -> float:
    pooled = (n_1 * share_1 + n_2 * share_2) / (n_1 + n_2)
    reach = -float(ndtri(alpha / 2)) * math.sqrt(pooled * (1 - pooled) * (1 / n_1 + 1 / n_2))
    spread = math.sqrt(share_1 * (1 - share_1) / n_1 + share_2 * (1 - share_2) / n_2)
    gap = abs(share_1 - share_2)
    if spread == 0:
        return float(gap > reach)
    return float(ndtr((gap - reach) / spread) + ndtr((-gap - reach) / spread))
