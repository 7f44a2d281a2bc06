"""Difference of means in standard deviations."""

from __future__ import annotations

import math

from numpy.typing import ArrayLike
from scipy.special import gammaln

from nmosd_cohort.statistics.estimate import Estimate, check_conf_level, not_estimable
from nmosd_cohort.statistics.means.mean import moments
from nmosd_cohort.statistics.means.noncentral import t_noncentrality
from nmosd_cohort.statistics.wald import p_of_t

FEWEST_FREEDOM = 2  # with one degree of freedom the correction is 0


def hedges_g(
    x: ArrayLike,
    x_counts: ArrayLike | None,
    y: ArrayLike,
    y_counts: ArrayLike | None,
    *,
    conf_level: float = 0.95,
) -> Estimate:
    """Mean of group x less mean of group y in units of their common standard deviation, free of small-sample bias.

    Parameters
    ----------
    x, x_counts, y, y_counts
        Values of each group and patients with each value; None counts every value once.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Limits by the noncentral t distribution; p is that of the t test with one variance, so that limits
        leave out 0 when p is below 1 - `conf_level`, and only then. Both are exact for normal values with one
        variance. Limits are NaN, with the reason in `method`, with fewer than four patients or without spread.

    Raises
    ------
    ValueError
        If values or counts cannot be counted, see ``as_counts``.

    Notes
    -----
    Hedges 1981 (doi:10.3102/10769986006002107), with the exact correction; limits: Cumming and Finch 2001
    (doi:10.1177/0013164401614002). They are limits of the true difference and are not shrunk by the correction
    (R's ``effectsize`` shrinks them, which costs a point of coverage with five patients a group), so that at a low
    level such as 0.2 they can leave out the estimate, which is.

    Examples
    --------
    >>> g = hedges_g([4, 6, 8], [3, 2, 4], [1, 4], [5, 4])
    >>> round(g.estimate, 3), round(g.conf_low, 3), round(g.conf_high, 3), round(g.p_value, 5)
    (2.148, 1.029, 3.441, 0.0002)
    """
    level = check_conf_level(conf_level)
    one, two = moments(x, x_counts, name="x"), moments(y, y_counts, name="y")
    n, freedom = one.n + two.n, one.n + two.n - 2
    if min(one.n, two.n) == 0:
        return not_estimable("a group has no patients", n, conf_level=level)
    if freedom < FEWEST_FREEDOM:
        return not_estimable(f"too few patients ({one.n} and {two.n})", n, conf_level=level)
    squares = sum((group.n - 1) * group.variance for group in (one, two) if group.n > 1)
    if squares == 0:
        return not_estimable("each group holds a single value", n, conf_level=level)
    gap = (one.mean - two.mean) / math.sqrt(squares / freedom)
    root = math.sqrt(one.n * two.n / n)
    low, high = t_noncentrality(gap * root, freedom, level)
    correction = small_sample_correction(freedom)
    if math.isnan(low) or math.isnan(high):
        reason = "next to no spread within groups"
        return not_estimable(reason, n, estimate=gap * correction, conf_level=level)
    return Estimate(
        gap * correction,
        low / root,
        high / root,
        n,
        "Hedges g, noncentral t limits",
        std_error=_error(gap * correction, root, freedom, correction),
        p_value=p_of_t(gap, 1 / root, freedom),
        conf_level=level,
    )


def small_sample_correction(freedom: float) -> float:
    """Return the factor that frees Cohen's d of bias.

    Examples
    --------
    >>> round(small_sample_correction(18), 5), small_sample_correction(10**9) > 0.999999
    (0.95765, True)
    """
    return math.exp(float(gammaln(freedom / 2) - gammaln((freedom - 1) / 2))) / math.sqrt(freedom / 2)


def _error(effect: float, root: float, freedom: int, correction: float) -> float:
    """Return the exact standard error of g where the true difference is g, NaN with two degrees of freedom."""
    if freedom == FEWEST_FREEDOM:
        return math.nan
    spread = freedom / (freedom - 2) * (1 / root**2 + effect**2) * correction**2 - effect**2
    return math.sqrt(spread)
