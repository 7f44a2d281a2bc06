"""Means of counted samples and their differences."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Estimate, as_counts, check_conf_level, not_estimable
from nmosd_cohort.statistics.wald import wald_estimate


class Moments(NamedTuple):
    """Patients of a counted sample, their mean and variance (divisor n - 1, NaN for one patient)."""

    n: int
    mean: float
    variance: float


def moments(values: ArrayLike, counts: ArrayLike | None = None, *, name: str = "values") -> Moments:
    """Return number, mean and variance of a counted sample, without loss of digits far from 0.

    Raises
    ------
    ValueError
        If values or counts cannot be counted, see ``as_counts``.

    Notes
    -----
    Two passes over deviations from one of the values, the second corrected for the rounding of the first:
    Chan, Golub and LeVeque 1983 (doi:10.1080/00031305.1983.10483115).

    Examples
    --------
    >>> moments([10_000_001, 10_000_003], [1, 1])
    Moments(n=2, mean=10000002.0, variance=2.0)
    """
    scores, weights = as_counts(values, counts, name=name)
    n = int(weights.sum())
    if n == 0:
        return Moments(0, math.nan, math.nan)
    base = float(scores[0])
    steps = scores - base
    centre = float(weights @ steps) / n
    deviations = steps - centre
    squares = float(weights @ deviations**2) - float(weights @ deviations) ** 2 / n
    if n < 2 or np.ptp(scores) == 0:
        return Moments(n, base + centre, math.nan if n < 2 else 0.0)
    return Moments(n, base + centre, squares / (n - 1))


def mean(values: ArrayLike, counts: ArrayLike | None = None, *, conf_level: float = 0.95) -> Estimate:
    """Mean of a counted sample with Student's t limits.

    Parameters
    ----------
    values
        Distinct values or one a patient.
    counts
        Patients who have each value; None for one each.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Not estimable without patients; one patient, or patients of one value, have no limits. The standard
        error is that of the mean: times the root of n it is the standard deviation.

    Raises
    ------
    ValueError
        If values or counts cannot be counted, see ``as_counts``.

    Notes
    -----
    Student 1908 (doi:10.1093/biomet/6.1.1).

    Examples
    --------
    >>> mean([1.0, 3.0], [1, 1]).estimate
    2.0
    """
    level = check_conf_level(conf_level)
    n, average, variance = moments(values, counts)
    if n == 0:
        return not_estimable("no patients", 0, conf_level=level)
    if n < 2 or variance == 0:
        return Estimate(average, math.nan, math.nan, n, "mean; all values equal, no limits", conf_level=level)
    error = math.sqrt(variance / n)
    return wald_estimate(average, error, n, "mean, t limits", conf_level=level, freedom=n - 1, null=None)


def mean_difference(
    x: ArrayLike,
    x_counts: ArrayLike | None,
    y: ArrayLike,
    y_counts: ArrayLike | None,
    *,
    conf_level: float = 0.95,
) -> Estimate:
    """Mean of group x less mean of group y, in points of the scale; variances may differ.

    Parameters
    ----------
    x, x_counts, y, y_counts
        Values of each group and patients with each value; None counts every value once.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Limits and p by t with Satterthwaite degrees of freedom. NaN limits, with the reason in `method`, if a
        group has one patient or neither group has any spread.

    Raises
    ------
    ValueError
        If values or counts cannot be counted, see ``as_counts``.

    Notes
    -----
    Welch 1947 (doi:10.1093/biomet/34.1-2.28).

    Examples
    --------
    >>> gap = mean_difference([4, 6, 8], [3, 2, 4], [1, 4], [5, 4])
    >>> round(gap.estimate, 3), round(gap.conf_low, 3), round(gap.conf_high, 3), round(gap.p_value, 5)
    (3.889, 2.162, 5.615, 0.00022)
    """
    level = check_conf_level(conf_level)
    one, two = moments(x, x_counts, name="x"), moments(y, y_counts, name="y")
    n = one.n + two.n
    if min(one.n, two.n) == 0:
        return not_estimable("a group has no patients", n, conf_level=level)
    gap = one.mean - two.mean
    if min(one.n, two.n) == 1:
        return not_estimable("a group has one patient", n, estimate=gap, conf_level=level)
    parts = one.variance / one.n, two.variance / two.n
    if sum(parts) == 0:
        return not_estimable("each group holds a single value", n, estimate=gap, conf_level=level)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (one.n - 1) + parts[1] ** 2 / (two.n - 1))
    return wald_estimate(
        gap, math.sqrt(sum(parts)), n, "difference of means, Welch t", conf_level=level, freedom=freedom
    )
