"""Differences of the logarithms of odds ratios, hazard ratios, rate ratios and rates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.numbers import Numbers
from nmosd_cohort.literature.scales.difference import (
    Z975,
    Difference,
    error_from_p,
    is_infinite,
    number,
    printed_error,
    wald_difference,
)


def ratio_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    """Return the logarithm of the local ratio or rate less that of the published one, or why there is none.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> figure = find_figure("zhang_2022_or_depression_np_vs_other_pain")
    >>> gap = ratio_difference(figure, {"estimate": 2.0, "conf_low": 1.0, "conf_high": 4.0})
    >>> round(gap.estimate, 2), gap.scale
    (-0.73, 'log odds ratio')
    """
    numbers, scale = figure.numbers, f"log {figure.measure.replace('_', ' ')}"
    if numbers.estimate is None or numbers.estimate <= 0:
        return f"the published {scale.removeprefix('log ')} was not seen"
    published_error, freedom, note = _published_log_error(numbers, numbers.estimate)
    if published_error is None:
        return "no interval, spread or p-value was printed from which a standard error follows"
    estimate, error = number(local, "estimate"), _local_log_error(local)
    if error is None or estimate is None or estimate <= 0:
        return "the local value or its limits are zero, infinite or missing, so it has no logarithm"
    gap = math.log(estimate) - math.log(numbers.estimate)
    return wald_difference(scale, gap, math.hypot(error, published_error), freedom=freedom, note=note)


def _published_log_error(numbers: Numbers, estimate: float) -> tuple[float | None, float, str]:
    """Return the standard error of the logarithm, its degrees of freedom, and what it was taken from."""
    if numbers.conf_low is not None and numbers.conf_high is not None and numbers.conf_low > 0:
        return math.log(numbers.conf_high / numbers.conf_low) / (2 * Z975), math.inf, ""
    if numbers.sem is not None or numbers.sd is not None:
        error, freedom, note = printed_error(numbers)
        if error is not None:
            return error / estimate, freedom, note or "the published error follows from the spread between patients"
    if "ratio" not in (numbers.unit or ""):
        return None, math.inf, ""
    error, note = error_from_p(math.log(estimate), numbers.p)
    return error, math.inf, note


def _local_log_error(local: Mapping[str, Any]) -> float | None:
    low, high = number(local, "conf_low"), number(local, "conf_high")
    if is_infinite(local, "conf_high"):
        return None
    if low is not None and high is not None:
        return math.log(high / low) / (2 * Z975) if 0 < low < high else None
    estimate, error = number(local, "estimate"), number(local, "std_error")
    if estimate is None or error is None or estimate <= 0 or error <= 0:
        return None
    return error / estimate
