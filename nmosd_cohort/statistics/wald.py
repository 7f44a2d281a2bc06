"""Estimates whose limits are so many standard errors wide, on the plain, log or logit scale or Fisher's z."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from scipy.special import expit
from scipy.stats import t

from nmosd_cohort.statistics.estimate import Estimate, check_conf_level, check_option

Scale = Literal["plain", "log", "logit", "fisher_z"]


def wald_estimate(
    point: float,
    std_error: float,
    n: int,
    method: str,
    *,
    conf_level: float = 0.95,
    freedom: float = math.inf,
    scale: Scale = "plain",
    null: float | None = 0.0,
    events: int | None = None,
) -> Estimate:
    """Estimate with limits `point` plus or minus t times its standard error, taken back to the plain scale.

    Parameters
    ----------
    point, std_error
        On the scale named by `scale`: for an odds ratio its logarithm and the error of that.
    n
        Patients.
    method
        How the numbers were made.
    conf_level
        Coverage of the limits.
    freedom
        Degrees of freedom of t; infinite gives the normal distribution.
    scale
        Where limits are symmetric. The estimate is handed back as exp (``log``), expit (``logit``) or tanh
        (``fisher_z``) of the point.
    null
        Value without effect, on the scale named; None makes no p-value.
    events
        Patients with the event, or events, handed on.

    Returns
    -------
    Estimate
        `std_error` on the scale of the estimate by the delta method.

    Raises
    ------
    ValueError
        If the confidence level or the scale is not allowed.

    Examples
    --------
    >>> ratio = wald_estimate(math.log(2), 0.25, 80, "by hand", scale="log")
    >>> round(ratio.estimate, 2), round(ratio.conf_low, 2), round(ratio.conf_high, 2), round(ratio.p_value, 4)
    (2.0, 1.23, 3.26, 0.0056)
    """
    level = check_conf_level(conf_level)
    check_option("scale", scale, get_args(Scale))
    reach = float(t.ppf((1 + level) / 2, freedom)) * std_error
    low, estimate, high = (_plain(value, scale) for value in (point - reach, point, point + reach))
    p_value = math.nan if null is None else p_of_t(point - null, std_error, freedom)
    error = std_error * _slope(estimate, scale)
    return Estimate(estimate, low, high, n, method, std_error=error, p_value=p_value, conf_level=level, events=events)


def p_of_t(distance: float, std_error: float, freedom: float = math.inf) -> float:
    """Return the two-sided p-value of a distance from the null value; without error it is 0, or 1 at the null.

    Examples
    --------
    >>> round(p_of_t(1.96, 1.0), 3), p_of_t(0.0, 0.0)
    (0.05, 1.0)
    """
    if std_error == 0:
        return float(distance == 0)
    return float(2 * t.sf(abs(distance) / std_error, freedom))


def square_and_add(one: Estimate, other: Estimate) -> tuple[float, float]:
    """Return limits of the difference of two independent estimates from the limits of each.

    Notes
    -----
    Zou and Donner 2008 (doi:10.1002/sim.3095); for shares with Wilson limits, Newcombe 1998.

    Examples
    --------
    >>> square_and_add(Estimate(9.0, 6.0, 12.0, 30, "by hand"), Estimate(4.0, 0.0, 8.0, 30, "by hand"))
    (0.0, 10.0)
    """
    gap = one.estimate - other.estimate
    below = math.hypot(one.estimate - one.conf_low, other.conf_high - other.estimate)
    above = math.hypot(one.conf_high - one.estimate, other.estimate - other.conf_low)
    return gap - below, gap + above


def _plain(value: float, scale: Scale) -> float:
    if scale == "log":
        with np.errstate(over="ignore"):
            return float(np.exp(value))
    if scale == "logit":
        return float(expit(value))
    return math.tanh(value) if scale == "fisher_z" else value


def _slope(estimate: float, scale: Scale) -> float:
    """Return the derivative of the plain scale by the scale of the limits, at the estimate."""
    if scale == "log":
        return estimate
    if scale == "logit":
        return estimate * (1 - estimate)
    return 1 - estimate**2 if scale == "fisher_z" else 1.0
