"""Limits of effects by the noncentral t and F distributions."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.optimize import brentq
from scipy.special import ncfdtr, nctdtr


def t_noncentrality(statistic: float, freedom: float, conf_level: float) -> tuple[float, float]:
    """Return limits of the noncentrality of t, exact for normal values; NaN where t is too large to compute them.

    Examples
    --------
    >>> low, high = t_noncentrality(0.0, 20, 0.95)
    >>> round(low, 3), round(high, 3)
    (-1.96, 1.96)
    """

    def below(noncentrality: float) -> float:
        return float(nctdtr(freedom, noncentrality, statistic))

    return (
        _solved(below, (1 + conf_level) / 2, statistic, -math.inf),
        _solved(below, (1 - conf_level) / 2, statistic, -math.inf),
    )


def f_noncentrality(statistic: float, freedom: tuple[float, float], conf_level: float) -> tuple[float, float]:
    """Return limits of the noncentrality of F, 0 where F is too small for a positive one, NaN where too large.

    Examples
    --------
    >>> low, high = f_noncentrality(4.0, (2, 57), 0.95)
    >>> round(low, 2), round(high, 2)
    (0.03, 22.18)
    """

    def below(noncentrality: float) -> float:
        return float(ncfdtr(*freedom, noncentrality, statistic))

    start = statistic * freedom[0]
    return (
        _solved(below, (1 + conf_level) / 2, start, 0.0),
        _solved(below, (1 - conf_level) / 2, start, 0.0),
    )


def _solved(below: Callable[[float], float], share: float, start: float, lowest: float) -> float:
    """Return the noncentrality whose share of statistics below the one seen is this; the share falls with it."""

    def excess(noncentrality: float) -> float:
        found = below(noncentrality) - share
        if math.isnan(found):
            raise FloatingPointError
        return found

    try:
        low = _stepped(lambda value: excess(value) >= 0, start, -1.0, lowest)
        if excess(low) < 0:
            return lowest
        high = _stepped(lambda value: excess(value) <= 0, start, 1.0, math.inf)
        return float(brentq(excess, low, high, xtol=1e-12, rtol=1e-12))
    except FloatingPointError:
        return math.nan


def _stepped(is_reached: Callable[[float], bool], start: float, step: float, end: float) -> float:
    """Return a value beyond start, by steps that double, that has reached the other side; at most the end."""
    value = start + step if step > 0 else max(start + step, end)
    while not is_reached(value) and value != end:
        step *= 2
        value = start + step if step > 0 else max(start + step, end)
    return value
