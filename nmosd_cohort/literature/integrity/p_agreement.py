"""A printed p-value set against those that the other numbers allow."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import ndtri

from nmosd_cohort.literature.integrity.finding import Check
from nmosd_cohort.literature.integrity.p_of_groups import chi_squares
from nmosd_cohort.literature.integrity.p_values import PossibleP
from nmosd_cohort.literature.integrity.printed import possible_values
from nmosd_cohort.literature.integrity.tolerance import Span, overlap, span, words

SIGNIFICANT = 0.05
NAMED = 2  # tests that a sentence lists
# Times that a p corrected for several tests may be larger than it was.
SEVERAL_TESTS = 20
SMALL_P = 0.0001
# Distance between p-values, in standard deviations of the normal deviate behind each, up to which another test
# of the same patients may explain them. With p and limits on different sides of 5 % it is halved.
OTHER_TEST = 0.5


def printed_p(text: str) -> Span:
    """Return the range of p-values that print as this text.

    Parameters
    ----------
    text
        Such as ``0.016``, ``.02`` or ``<0.05``; a bound gives the range from 0.

    Raises
    ------
    ValueError
        If it is no p-value.

    Examples
    --------
    >>> printed_p("0.016"), printed_p("<0.05")
    ((0.0155, 0.017), (0.0, 0.05))
    """
    number = text.removeprefix("<").strip()
    number = f"0{number}" if number.startswith(".") else number
    low, high = (float(end) for end in possible_values(number))
    if low > 1:
        raise ValueError(f"p is {text}; it must lie between 0 and 1")
    return (0.0, min(1.0, float(number))) if text.startswith("<") else (max(0.0, low), min(1.0, high))


def compare_p(
    check: str,
    printed: str,
    possible: Sequence[PossibleP],
    *,
    other_test: float = OTHER_TEST,
    across: float | None = None,
    is_one_of_several: bool = False,
) -> Check:
    """Say whether a printed p-value is one that the usual tests give.

    Parameters
    ----------
    check
        Name of the test of integrity.
    printed
        The p-value as printed, ``<`` in front of a bound.
    possible
        What the tests give, over all that rounding leaves open.
    other_test
        Distance in normal deviates up to which a p-value that none of the tests gives is put down to another test
        (``informative``); beyond it is ``inconsistent``.
    across
        The same where the printed p and those of all tests lie on different sides of 5 %; None takes
        ``other_test``.
    is_one_of_several
        Whether a p below 5 %, up to 20 times too large, may be one corrected for several tests.

    Returns
    -------
    Check
        ``consistent`` if one of the tests gives the printed p. ``informative`` if only half of a p (one-sided) or
        another test may. Without any test ``not checkable``.

    Examples
    --------
    >>> compare_p("p and limits", "0.93", [PossibleP("normal", 0.12, 0.13)]).status
    'inconsistent'
    """
    if not possible:
        return Check(check, "not checkable", f"p {printed}", "", "The numbers printed beside p do not give one.")
    as_printed = printed_p(printed)
    found = (min(one.low for one in possible), max(one.high for one in possible))
    agreeing = [one for one in possible if overlap((one.low, one.high), as_printed)]
    if agreeing:
        recomputed = f"p {_p_words((min(one.low for one in agreeing), max(one.high for one in agreeing)))}"
        detail = f"Given by {_listed([one.test for one in agreeing])}."
        return Check(check, "consistent", f"p {printed}", recomputed, detail)
    recomputed = f"p {_p_words(found)}"
    if any(overlap((one.low / 2, one.high / 2), as_printed) for one in possible):
        detail = "Only half of the two-sided p gives it, so it may be one-sided."
        return Check(check, "informative", f"p {printed}", recomputed, detail)
    gap = min(p_distance((one.low, one.high), as_printed) for one in possible)
    differ = _across(found, as_printed)
    if gap <= (across if differ and across is not None else other_test):
        detail = "No usual test gives exactly this p; another test of the same patients may."
        return Check(check, "informative", f"p {printed}", recomputed, detail)
    if is_one_of_several and found[1] < as_printed[0] <= SEVERAL_TESTS * found[1] and as_printed[0] < SIGNIFICANT:
        detail = "It is larger than these numbers give; a correction for several tests would do that."
        return Check(check, "informative", f"p {printed}", recomputed, detail)
    detail = f"None of the {len(possible)} usual ways to a p from these numbers gives it."
    if differ:
        detail += " The two lie on different sides of 5 %."
    return Check(check, "inconsistent", f"p {printed}", recomputed, detail)


def compare_chi_square(value: float, decimals: int, groups: Sequence[tuple[int, int]]) -> Check:
    """Say whether a printed chi-square is one that the counts of the groups give.

    Parameters
    ----------
    value, decimals
        The statistic as printed.
    groups
        Events and patients of each group.

    Returns
    -------
    Check
        ``informative`` if it is off by no more than an adjusted test may be.

    Examples
    --------
    >>> compare_chi_square(8.359, 3, [(36, 57), (18, 51)]).detail
    'Given by Pearson chi-square.'
    """
    name, shown, printed = "chi-square and counts", f"chi-square {value}", span(value, decimals)
    found = chi_squares(groups)
    recomputed = ", ".join(f"{one:.{decimals}f} ({method})" for method, one in found.items())
    agreeing = [method for method, one in found.items() if overlap((one, one), printed)]
    if agreeing:
        return Check(name, "consistent", shown, recomputed, f"Given by {_listed(agreeing)}.")
    gap = min(abs(math.sqrt(one) - math.sqrt(max(0.0, value))) for one in found.values())
    if gap <= OTHER_TEST:
        detail = "No usual chi-square gives exactly this; an adjusted one of the same patients may."
        return Check(name, "informative", shown, recomputed, detail)
    return Check(name, "inconsistent", shown, recomputed, "No usual chi-square of these counts gives this.")


def _across(found: Span, printed: Span) -> bool:
    """Whether all of one range lies below 5 % and all of the other above it."""
    return found[1] < SIGNIFICANT < printed[0] or printed[1] < SIGNIFICANT < found[0]


def p_distance(one: Span, other: Span) -> float:
    """Return how far apart two ranges of p lie, as normal deviates; they must not overlap.

    Examples
    --------
    >>> round(p_distance((0.04, 0.05), (0.10, 0.20)), 3)  # 1.960 - 1.645
    0.315
    """
    lower, upper = (one, other) if one[1] < other[0] else (other, one)
    return _deviate(lower[1]) - _deviate(upper[0])


def _deviate(p: float) -> float:
    return -float(ndtri(max(p, 1e-300) / 2))


def _listed(names: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(names))
    more = len(distinct) - NAMED
    if more > 0:
        return f"{', '.join(distinct[:NAMED])} and {more} more"
    return " and ".join(distinct)


def _p_words(found: Span) -> str:
    low, high = found
    if low >= SMALL_P:
        return words(found)
    return f"below {max(high, SMALL_P):.3g}"
