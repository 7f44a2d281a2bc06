"""Whether an estimate lies where its kind of limits puts it: the middle, on the log scale for ratios."""

from __future__ import annotations

import math

from nmosd_cohort.literature.integrity.finding import Check
from nmosd_cohort.literature.integrity.tolerance import Span, over_rounding, span, words

# Arms of an interval, upper to lower, may differ by this factor through profile, exact or bootstrap limits.
GROSS_RATIO, GROSS_DIFFERENCE = 3.0, 5.0
NEAR = 1.1  # explained by limits made of an estimate that was itself rounded
SPARSE = 100.0  # upper limit in multiples of the lower one
LOPSIDED = 20.0  # arms of sparse data


def check_ratio_symmetry(
    estimate: float, low: float, high: float, decimals: int, limit_decimals: int
) -> tuple[Check, ...]:
    """Test whether a ratio is the geometric mean of its limits, and tell limits that span two orders of magnitude.

    Parameters
    ----------
    estimate, low, high
        Ratio and limits as printed.
    decimals, limit_decimals
        Their decimals.

    Returns
    -------
    tuple of Check
        ``consistent`` if it is, within rounding and a tenth of an arm. ``informative`` if the arms of the interval
        differ by up to three times on the log scale, as those of profile or exact limits may, or are alike on the
        plain scale. ``inconsistent`` beyond. A second check, ``sparse data``, is there if the upper limit is 100
        times the lower one or more.

    Examples
    --------
    >>> [one.status for one in check_ratio_symmetry(15.78, 1.37, 182.15, 2, 2)]
    ['consistent', 'informative']
    >>> check_ratio_symmetry(4.15, 1.4, 72.35, 2, 2)[0].status
    'informative'
    """
    name, printed = "log symmetry of limits", f"{estimate} ({low} to {high})"
    spans = (span(estimate, decimals), span(low, limit_decimals), span(high, limit_decimals))
    if min(one[0] for one in spans) <= 0:
        detail = "A limit that prints as zero, or nearly, has no logarithm."
        return (Check(name, "not checkable", printed, "", detail),)
    logs = [(math.log(one[0]), math.log(one[1])) for one in spans]
    recomputed = f"geometric mean of the limits {words((math.sqrt(low * high),) * 2, 4)}"
    factor = arm_ratio(logs[0], logs[1], logs[2])
    on_plain_scale = nearest_to_one(arm_ratio(*spans)) == 1.0
    # Profile and exact limits of sparse data are lopsided; an estimate outside its limits is told all the same.
    gross = GROSS_RATIO if high < SPARSE * low else LOPSIDED
    found = [_symmetry(name, printed, recomputed, factor, gross, on_plain_scale)]
    if high >= SPARSE * low:
        found.append(
            Check(
                "sparse data",
                "informative",
                printed,
                f"upper limit {words((high / low,) * 2)} times the lower",
                "The limits span two orders of magnitude or more: too few patients in a cell to tell how large the "
                "ratio is.",
            )
        )
    return tuple(found)


def check_difference_symmetry(estimate: float, low: float, high: float, decimals: int, limit_decimals: int) -> Check:
    """Test whether a difference lies in the middle of its limits.

    Parameters
    ----------
    estimate, low, high, decimals, limit_decimals
        As for `check_ratio_symmetry`, on the plain scale.

    Returns
    -------
    Check
        ``informative`` up to arms that differ five times; beyond that ``inconsistent``. The detail says if the
        sign of one limit turned round would mend it.

    Examples
    --------
    >>> check_difference_symmetry(-0.79, -1.89, -0.31, 2, 2).detail
    'The arms differ 2.19 to 2.4 times. With -1.89 to 0.31 the estimate would be in the middle.'
    """
    name, printed = "symmetry of limits", f"{estimate} ({low} to {high})"
    spans = (span(estimate, decimals), span(low, limit_decimals), span(high, limit_decimals))
    recomputed = f"middle of the limits {words(((low + high) / 2,) * 2, 4)}"
    found = _symmetry(name, printed, recomputed, arm_ratio(*spans), GROSS_DIFFERENCE, False)
    if found.status == "consistent":
        return found
    for other in ((low, -high), (-low, high)):
        turned = tuple(span(value, limit_decimals) for value in sorted(other))
        if nearest_to_one(arm_ratio(spans[0], turned[0], turned[1])) == 1.0 and other[0] < other[1]:
            detail = f"{found.detail} With {other[0]} to {other[1]} the estimate would be in the middle."
            return Check(name, found.status, printed, recomputed, detail)
    return found


def arm_ratio(estimate: Span, low: Span, high: Span) -> Span:
    """Return the range of the upper arm of an interval over its lower arm; infinite where one has no length.

    Examples
    --------
    >>> arm_ratio((2.0, 2.0), (1.0, 1.0), (4.0, 4.0))
    (2.0, 2.0)
    """

    def ratio(middle: float, bottom: float, top: float) -> float:
        upper, lower = max(0.0, top - middle), max(0.0, middle - bottom)
        if lower == 0:
            return 1.0 if upper == 0 else math.inf
        return upper / lower

    return over_rounding(ratio, estimate, low, high)


def nearest_to_one(ratio: Span) -> float:
    """Return how far a range of ratios keeps from 1, as a factor of 1 or more.

    Examples
    --------
    >>> nearest_to_one((0.25, 0.5)), nearest_to_one((0.9, 1.3))
    (2.0, 1.0)
    """
    low, high = ratio
    room = 1e-9
    if low - room <= 1 <= high + room:
        return 1.0
    return low if low > 1 else 1 / high if high > 0 else math.inf


def _symmetry(name: str, printed: str, recomputed: str, arms: Span, gross: float, on_plain_scale: bool) -> Check:
    factor = nearest_to_one(arms)
    if factor <= NEAR:
        return Check(name, "consistent", printed, recomputed, "The estimate is in the middle, within rounding.")
    span_of_factor = (
        arms if arms[0] > 1 else (1 / arms[1] if arms[1] else math.inf, 1 / arms[0] if arms[0] else math.inf)
    )
    detail = f"The arms differ {words(span_of_factor)} times."
    if on_plain_scale:
        detail += " On the plain scale the estimate is in the middle, so the limits may have been made there."
    if on_plain_scale or factor <= gross:
        return Check(name, "informative", printed, recomputed, detail)
    return Check(name, "inconsistent", printed, recomputed, detail)
