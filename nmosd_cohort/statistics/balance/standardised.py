"""Differences of shares, of categories and of ordered scores, each in standard deviations, without a test."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import chndtr

from nmosd_cohort.statistics.estimate import Estimate, check_conf_level, check_counts, not_estimable, part_of_whole
from nmosd_cohort.statistics.ranks.superiority import probability_superiority


def standardised_share_difference(
    events_x: float, n_x: float, events_y: float, n_y: float, *, conf_level: float = 0.95
) -> Estimate:
    """Share in group x less share in group y, in units of the mean standard deviation of the two.

    Parameters
    ----------
    events_x, n_x, events_y, n_y
        Patients with the event and patients of each group.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Limits are normal, with the variance of a standardised difference. There is no p: the difference describes
        how unlike the groups are and tests nothing. NaN, with the reason in `method`, where a group is empty or
        everybody, or nobody, has the event in both.

    Raises
    ------
    ValueError
        If a number is not whole or events exceed patients.

    Notes
    -----
    Yang and Dalton 2012; Austin 2009 (doi:10.1002/sim.3697); variance of Hedges and Olkin 1985.

    Examples
    --------
    >>> gap = standardised_share_difference(30, 40, 50, 100)
    >>> round(gap.estimate, 3), round(gap.conf_low, 3), round(gap.conf_high, 3)
    (0.535, 0.163, 0.907)
    """
    level = check_conf_level(conf_level)
    events_one, one = part_of_whole("events_x", events_x, "n_x", n_x)
    events_two, two = part_of_whole("events_y", events_y, "n_y", n_y)
    if min(one, two) == 0:
        return not_estimable("a group has no patients", one + two, conf_level=level)
    p, q = events_one / one, events_two / two
    variance = (p * (1 - p) + q * (1 - q)) / 2
    if variance == 0:
        reason = "each group holds a single value"
        return not_estimable(reason, one + two, estimate=0.0 if p == q else math.nan, conf_level=level)
    gap = (p - q) / math.sqrt(variance)
    error = _error(gap, one, two)
    reach = NormalDist().inv_cdf(0.5 + level / 2) * error
    method = "standardised difference of shares, normal limits (Hedges and Olkin)"
    return Estimate(gap, gap - reach, gap + reach, one + two, method, std_error=error, conf_level=level)


def standardised_category_difference(x_counts: ArrayLike, y_counts: ArrayLike, *, conf_level: float = 0.95) -> Estimate:
    """Distance of the shares of several categories in two groups, in standard deviations, 0 or more.

    Parameters
    ----------
    x_counts, y_counts
        Patients of each group in each category, categories in the same order.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Mahalanobis distance with the mean covariance of the two groups. Even without any difference it is above
        0 in small groups; the lower limit, of a noncentral chi-square, is 0 where chance may have made it. The
        upper limit is that or the normal one, whichever is higher: inversion alone gives 0 for groups that are
        more alike than chance lets expect. There is no p. NaN, with the reason in `method`, where a group is
        empty, there is one category, or the groups share none.

    Raises
    ------
    ValueError
        If counts are not whole or the two differ in length.

    Notes
    -----
    Yang and Dalton 2012; limits by inversion of the noncentral chi-square with one degree of freedom less than
    categories, on n_x n_y / (n_x + n_y) times the squared distance; normal limit: Hedges and Olkin 1985.

    Examples
    --------
    >>> gap = standardised_category_difference([20, 30, 50], [40, 30, 30])
    >>> round(gap.estimate, 3), round(gap.conf_low, 3), round(gap.conf_high, 3)
    (0.498, 0.188, 0.779)
    """
    level = check_conf_level(conf_level)
    given = np.asarray(x_counts)
    one = check_counts(x_counts, size=given.size, name="x")
    two = check_counts(y_counts, size=given.size, name="y")
    one, two = one[(one + two) > 0], two[(one + two) > 0]
    n_x, n_y = int(one.sum()), int(two.sum())
    if min(n_x, n_y) == 0:
        return not_estimable("a group has no patients", n_x + n_y, conf_level=level)
    if one.size < 2:
        return not_estimable("one category", n_x + n_y, estimate=0.0, conf_level=level)
    p, q = (one / n_x)[1:], (two / n_y)[1:]
    spread = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    if np.linalg.matrix_rank(spread) < spread.shape[0]:
        return not_estimable("the groups share no category", n_x + n_y, conf_level=level)
    gap = math.sqrt(max(0.0, float((p - q) @ np.linalg.solve(spread, p - q))))
    weight = n_x * n_y / (n_x + n_y)
    low, high = (math.sqrt(limit / weight) for limit in _noncentralities(weight * gap**2, one.size - 1, level))
    normal = gap + NormalDist().inv_cdf(0.5 + level / 2) * _error(gap, n_x, n_y)
    method = "standardised difference of categories (Yang and Dalton), noncentral chi-square or normal limits"
    return Estimate(gap, low, max(high, normal), n_x + n_y, method, conf_level=level)


def _error(gap: float, n_x: int, n_y: int) -> float:
    """Return the standard error of a standardised difference."""
    return math.sqrt((n_x + n_y) / (n_x * n_y) + gap**2 / (2 * (n_x + n_y)))


def _noncentralities(statistic: float, freedom: int, level: float) -> tuple[float, float]:
    """Return the noncentralities at which the statistic is the upper and the lower end of what is expected."""

    def at(share: float) -> float:
        if float(chndtr(statistic, freedom, 0.0)) <= share:
            return 0.0
        top = 10.0 + 2 * statistic
        while float(chndtr(statistic, freedom, top)) > share:
            top *= 2
        return float(brentq(lambda shift: float(chndtr(statistic, freedom, shift)) - share, 0.0, top))

    return at(0.5 + level / 2), at(0.5 - level / 2)


def standardised_score_difference(
    x: ArrayLike,
    x_counts: ArrayLike | None,
    y: ArrayLike,
    y_counts: ArrayLike | None,
    *,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Distance in standard deviations of two normal groups that would have the same probability of superiority.

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
        Uses the order of the scores alone, so that it suits the EDSS and other steps of unequal size. Positive
        where x is higher. The square root of 2 times the normal quantile of P(higher), limits likewise. There is no
        p. NaN where P(higher) is 0 or 1 or cannot be estimated, with the reason in `method`.

    Raises
    ------
    ValueError
        If values or counts cannot be counted.

    Notes
    -----
    Ruscio 2008 (doi:10.1037/1082-989X.13.1.19); P(higher) and its limits: Brunner and Munzel 2000
    (doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U).

    Examples
    --------
    >>> gap = standardised_score_difference([4, 6, 7], [10, 12, 8], [2, 4, 6], [9, 14, 7])
    >>> round(gap.estimate, 3), round(gap.conf_low, 3), round(gap.conf_high, 3)
    (1.179, 0.649, 1.672)
    """
    superior = probability_superiority(x, x_counts, y, y_counts, conf_level=conf_level, seed=seed)
    level = superior.conf_level
    if math.isnan(superior.estimate):
        return not_estimable(superior.method.removeprefix("not estimable: "), superior.n, conf_level=level)
    if superior.estimate in (0.0, 1.0):
        return not_estimable("the groups do not overlap", superior.n, conf_level=level)
    gap, low, high = (_distance(share) for share in (superior.estimate, superior.conf_low, superior.conf_high))
    method = f"sqrt(2) times the normal quantile of P(higher); {superior.method}"
    return Estimate(gap, low, high, superior.n, method, conf_level=level)


def _distance(share: float) -> float:
    if math.isnan(share):
        return math.nan
    if share in (0.0, 1.0):
        return math.inf if share == 1.0 else -math.inf
    return math.sqrt(2) * NormalDist().inv_cdf(share)
