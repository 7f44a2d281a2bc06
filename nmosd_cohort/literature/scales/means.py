"""Differences of means, changes, coefficients and adjusted differences, and why medians have none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.numbers import Moment, Numbers
from nmosd_cohort.literature.scales.difference import (
    Z975,
    Difference,
    error_from_p,
    local_error,
    number,
    printed_error,
    wald_difference,
    welch_freedom,
)

# Correlations between the scores before and after that are taken as plausible where none was printed.
PLAUSIBLE_CORRELATIONS = (0.3, 0.8)


def mean_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    """Return local less published mean by Welch's t, or why there is none.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> figure = find_figure("argentina_2022_bodily_pain")
    >>> round(mean_difference(figure, {"estimate": 50.0, "std_error": 3.0, "n": 100}).p_value, 3)
    0.086
    """
    numbers = figure.numbers
    published_error, freedom, note = printed_error(numbers)
    if numbers.estimate is None or published_error is None:
        return "the published mean, its SD or its n was not seen"
    return _against(numbers.estimate, published_error, freedom, local, "mean", note)


def median_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    """Say why medians are not compared, those of attack rates for a reason of their own.

    Notes
    -----
    Tried: the published error from the quartiles as of a normal sample (Wan 2014), the local one from
    distribution-free limits. Two samples of one population were called different at 5 % in 5 to 25 % of runs
    where whole scores from 0 to 10 have one peak, and in 11 to 38 % where 40 to 48 % have no pain or the scores
    (or EDSS steps) have two peaks, for 20 to 500 patients a side; more patients did not help, as the median
    jumps between two scores. Allowing for the rounding of scores left 10 to 37 % in the second kind.
    """
    if figure.construct.startswith("attack_rate") or "attacks" in (figure.numbers.unit or ""):
        return (
            "medians of patients' own attack rates have no reliable error: many patients have no attack and one attack "
            "more moves a rate far, so the median jumps by chance"
        )
    return (
        "medians of whole scores, or of half points, have no reliable error: they jump from one score to the next by "
        "chance, and equal populations would be called different far too often"
    )


def change_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    """Return local less published mean change; without a correlation the widest plausible error is used.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> gap = change_difference(find_figure("araki_2014_pain_12m"), {"estimate": -1.0, "std_error": 0.3, "n": 50})
    >>> round(gap.estimate, 2)
    1.1
    """
    numbers = figure.numbers
    direct, freedom, note = printed_error(numbers)
    if numbers.estimate is not None and direct is not None:
        return _against(numbers.estimate, direct, freedom, local, "change", note)
    before, after = numbers.baseline, numbers.follow_up
    if before is None or after is None or before.mean is None or after.mean is None:
        return "the published change was not seen as a number"
    spreads = _sd(before, numbers), _sd(after, numbers)
    if spreads[0] is None or spreads[1] is None or not numbers.n or numbers.n < 2:
        return "the published change has no spread"
    lowest, highest = (_change_sd(spreads[0], spreads[1], r) for r in reversed(PLAUSIBLE_CORRELATIONS))
    note = (
        f"the published SD of the change lies between {lowest:.2f} and {highest:.2f} for correlations of "
        f"{PLAUSIBLE_CORRELATIONS[1]} to {PLAUSIBLE_CORRELATIONS[0]}; the larger is used"
    )
    error, change = highest / math.sqrt(numbers.n), after.mean - before.mean
    return _against(change, error, numbers.n - 1.0, local, "change", note)


def coefficient_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    """Return local less published coefficient or adjusted difference, whose error comes from limits or p.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> figure = find_figure("tackley_2017_beta_thoracic")
    >>> round(coefficient_difference(figure, {"estimate": 0.1, "std_error": 0.2, "n": 40}).estimate, 2)
    -0.38
    """
    numbers = figure.numbers
    if numbers.estimate is None:
        return "the published value was not seen as a number"
    note, published_error = "", numbers.sem
    if numbers.conf_low is not None and numbers.conf_high is not None:
        published_error = (numbers.conf_high - numbers.conf_low) / (2 * Z975)
    elif published_error is None:
        published_error, note = error_from_p(numbers.estimate, numbers.p)
    error, estimate = local_error(local), number(local, "estimate")
    if published_error is None or error is None or estimate is None:
        return "the standard error of the published or the local value is unknown"
    gap = estimate - numbers.estimate
    return wald_difference(numbers.unit or "points", gap, math.hypot(error, published_error), note=note)


def _against(
    published: float, published_error: float, freedom: float, local: Mapping[str, Any], what: str, note: str
) -> Difference | str:
    error, estimate, n = local_error(local), number(local, "estimate"), number(local, "n")
    if error is None or estimate is None:
        return f"the local {what} has no standard error"
    own_freedom = n - 1 if n is not None and n > 1 else math.inf
    both = welch_freedom((error, own_freedom), (published_error, freedom))
    return wald_difference("points", estimate - published, math.hypot(error, published_error), freedom=both, note=note)


def _sd(moment: Moment, numbers: Numbers) -> float | None:
    """Return the SD at one time, from the standard error of the mean where only that was printed."""
    if moment.sem is not None and numbers.n:
        return moment.sem * math.sqrt(numbers.n)
    return moment.sd


def _change_sd(first: float, second: float, correlation: float) -> float:
    return math.sqrt(first**2 + second**2 - 2 * correlation * first * second)
