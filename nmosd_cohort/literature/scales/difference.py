"""Difference, what every scale returns, and the standard errors that all of them look for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from scipy.stats import norm, t

from nmosd_cohort.literature.numbers import Numbers
from nmosd_cohort.statistics.wald import p_of_t

Z975 = float(norm.ppf(0.975))
Z95 = float(norm.ppf(0.95))
CONFIDENCE, EQUIVALENCE = 0.95, 0.90


@dataclass(frozen=True, slots=True)
class Difference:
    """Local estimate less published figure, with what a verdict needs.

    Parameters
    ----------
    scale
        Scale of the difference and its limits: share, correlation, log odds ratio, points ...
    estimate, conf_low, conf_high
        Difference with its 95 % limits.
    equivalence_low, equivalence_high
        Its 90 % limits, those of two one-sided tests at 5 % (Schuirmann 1987).
    p_value
        Two-sided, against no difference.
    std_error
        Standard error on that scale.
    note
        What had to be assumed, in words; empty if nothing.
    freedom
        Degrees of freedom of limits and p; infinite for the normal distribution.
    """

    scale: str
    estimate: float
    conf_low: float
    conf_high: float
    equivalence_low: float
    equivalence_high: float
    p_value: float
    std_error: float
    note: str = ""
    freedom: float = math.inf

    def is_within(self, margin: float) -> bool:
        """Return whether both 90 % limits lie within the margin, the difference being too small to count."""
        return -margin < self.equivalence_low and self.equivalence_high < margin


def number(row: Mapping[str, Any], name: str) -> float | None:
    """Return a finite number of a row, None where it is missing.

    Examples
    --------
    >>> number({"n": 12, "estimate": float("nan")}, "estimate") is None
    True
    """
    value = row.get(name)
    try:
        found = float(cast("float", value))
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def is_infinite(row: Mapping[str, Any], name: str) -> bool:
    """Return whether a number of a row is there, but infinite.

    Examples
    --------
    >>> is_infinite({"conf_high": math.inf}, "conf_high"), is_infinite({}, "conf_high")
    (True, False)
    """
    try:
        return math.isinf(float(cast("float", row.get(name))))
    except (TypeError, ValueError):
        return False


def local_error(local: Mapping[str, Any]) -> float | None:
    """Return the local standard error, from the 95 % limits where it was not given; None if there is none above 0.

    Examples
    --------
    >>> local_error({"std_error": 0.4, "conf_low": 0.0, "conf_high": 9.0}), local_error({"estimate": 3})
    (0.4, None)
    """
    error, low, high = (number(local, name) for name in ("std_error", "conf_low", "conf_high"))
    if error is None and low is not None and high is not None:
        error = (high - low) / (2 * Z975)
    return error if error is not None and error > 0 else None


def printed_error(numbers: Numbers) -> tuple[float | None, float, str]:
    """Return the standard error of a printed estimate, its degrees of freedom, and what was assumed.

    Taken from the limits, else from the standard error of the mean, else from the SD and n. The degrees of
    freedom are finite where patients are known, as an error from few patients is itself uncertain.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> error, freedom, note = printed_error(find_figure("argentina_2022_bodily_pain").numbers)
    >>> round(error, 2), freedom
    (4.09, 52.0)
    """
    freedom = float(numbers.n - 1) if numbers.n and numbers.n > 1 else math.inf
    if numbers.conf_low is not None and numbers.conf_high is not None:
        return (numbers.conf_high - numbers.conf_low) / (2 * float(t.ppf(0.975, freedom))), freedom, ""
    if numbers.sem is not None:
        return numbers.sem, freedom, ""
    if numbers.sd is not None and numbers.n and numbers.n > 1:
        unsaid = numbers.spread == "not stated"
        note = "the paper does not say whether its spread is a SD; it is taken as one" if unsaid else ""
        return numbers.sd / math.sqrt(numbers.n), freedom, note
    return None, math.inf, ""


def error_from_p(effect: float, p: str | None) -> tuple[float | None, str]:
    """Return the standard error that a printed p-value implies; a bound on p gives the largest one.

    Examples
    --------
    >>> error, note = error_from_p(0.48, "<0.01")
    >>> round(error, 3), note
    (0.186, 'the published error is at most what p <0.01 implies')
    """
    if p is None or effect == 0:
        return None, ""
    value = float(p.removeprefix("<"))
    if not 0 < value < 1:
        return None, ""
    words = "is at most what" if p.startswith("<") else "is the one that"
    return abs(effect) / float(norm.isf(value / 2)), f"the published error {words} p {p} implies"


def wald_difference(scale: str, gap: float, error: float, *, freedom: float = math.inf, note: str = "") -> Difference:
    """Return a difference with limits of so many standard errors.

    Examples
    --------
    >>> round(wald_difference("points", 1.0, 0.5).p_value, 4)
    0.0455
    """
    wide, narrow = (float(t.ppf((1 + level) / 2, freedom)) * error for level in (CONFIDENCE, EQUIVALENCE))
    p_value = p_of_t(gap, error, freedom)
    return Difference(scale, gap, gap - wide, gap + wide, gap - narrow, gap + narrow, p_value, error, note, freedom)


def welch_freedom(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the degrees of freedom of a difference, from the standard error and the freedom of each side.

    Notes
    -----
    Welch 1947 (doi:10.1093/biomet/34.1-2.28).

    Examples
    --------
    >>> round(welch_freedom((3.0, 99), (4.09, 52)), 1)
    106.8
    """
    weights = sum(error**4 / freedom for error, freedom in (one, other))
    return (one[0] ** 2 + other[0] ** 2) ** 2 / weights if weights > 0 else math.inf
