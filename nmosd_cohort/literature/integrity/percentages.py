"""Percentages and the whole counts behind them: which counts fit, and of how many patients they can be a share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

from nmosd_cohort.literature.integrity.finding import Check
from nmosd_cohort.literature.integrity.printed import (
    CUT_OFF,
    Interval,
    Number,
    as_printed,
    printed_interval,
    share_possible,
)
from nmosd_cohort.statistics.estimate import part_of_whole, whole_number

LARGEST_RANGE = 100_000
NAMED = 6  # counts or denominators that a sentence lists


def printed_percentages(events: int, n: int, decimals: int) -> set[Decimal]:
    """Percentages that a paper may print for a count: rounded half up, half to even, or cut off.

    Parameters
    ----------
    events, n
        Patients with the event, and patients; n above zero.
    decimals
        Decimals of the printed percentage.

    Examples
    --------
    >>> sorted(printed_percentages(25, 66, 1))  # 37.88 %, and some print 37.8
    [Decimal('37.8'), Decimal('37.9')]
    """
    exact = Decimal(events) * 100 / Decimal(n)
    step = Decimal(1).scaleb(-decimals)
    return {exact.quantize(step, rounding=rule) for rule in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)}


def fitting_counts(percent: Number, n: int, decimals: int | None = None, *, truncation: bool = True) -> tuple[int, ...]:
    """Return the whole counts of n patients whose share prints as a percentage.

    Parameters
    ----------
    percent
        The percentage as printed, 0 to 100; a text such as "26.40" keeps its decimals.
    n
        Patients, one or more.
    decimals
        Decimals of the percentage; None takes those of a text.
    truncation
        Whether digits may have been cut off; rounding half up and half to even are always allowed for.

    Raises
    ------
    ValueError
        If the percentage is not from 0 to 100, its decimals are not known, or n is not a whole number above zero.

    Notes
    -----
    The GRIM test for shares: Brown and Heathers 2017 (doi:10.1177/1948550616673876).

    Examples
    --------
    >>> fitting_counts("65.9", 125), fitting_counts("65.9", 123)
    ((), (81,))
    """
    return tuple(_counts(_percent_interval(percent, decimals, truncation), _patients(n)))


def possible_denominators(
    percent: Number, decimals: int | None, low: int, high: int, *, truncation: bool = True
) -> dict[int, tuple[int, ...]]:
    """Return the numbers of patients that could have given a percentage, each with the counts that fit.

    Parameters
    ----------
    percent, decimals, truncation
        As for `fitting_counts`.
    low, high
        Fewest and most patients to try, both included.

    Raises
    ------
    ValueError
        As `fitting_counts`, or if the range is empty or longer than 100,000.

    Examples
    --------
    >>> possible_denominators("65.9", None, 100, 125)
    {123: (81,)}
    """
    first, last = part_of_whole("low", _patients(low, "low"), "high", high)
    if last - first >= LARGEST_RANGE:
        raise ValueError(f"low is {low} and high is {high}; try at most {LARGEST_RANGE} denominators at a time")
    between = _percent_interval(percent, decimals, truncation)
    found = ((n, tuple(_counts(between, n))) for n in range(first, last + 1))
    return {n: counts for n, counts in found if counts}


def fitting_denominators(
    percent: Number, events: int, decimals: int | None = None, *, truncation: bool = True
) -> range:
    """Return the numbers of patients of which a count is the printed percentage.

    Parameters
    ----------
    percent, decimals, truncation
        As for `fitting_counts`; the percentage must not print as zero, as any large n would then fit.
    events
        Patients with the event, one or more.

    Raises
    ------
    ValueError
        As `fitting_counts`, or if the percentage or the count is zero.

    Examples
    --------
    >>> list(fitting_denominators("60.7", 117)), list(fitting_denominators("60.7", 71))
    ([], [117])
    """
    events = _patients(events, "events")
    between = _percent_interval(percent, decimals, truncation)
    if between.low <= 0:
        raise ValueError(f"percent is {percent}; a percentage that prints as zero has no largest denominator")
    turned = Interval(1 / between.high, 1 / between.low, between.has_high, between.has_low)
    whole = turned.times(Fraction(100 * events)).whole_numbers()
    return range(max(whole.start, events), max(whole.stop, events))


def check_percentage(percent: Number, n: int, decimals: int | None = None, *, events: int | None = None) -> Check:
    """Test whether a percentage can be a share of n patients, or of its count and n.

    Parameters
    ----------
    percent, n, decimals
        As for `fitting_counts`.
    events
        The printed count, if there is one.

    Returns
    -------
    Check
        ``inconsistent`` if no whole count, or not the printed one, gives the percentage; the detail then names
        what does. Without a count, and n so large that any percentage fits one: ``not checkable``, or
        ``informative`` if the percentage fits only as cut off.

    Raises
    ------
    ValueError
        As `fitting_counts`, or if events are more than n.

    Notes
    -----
    With a count, the two numbers are set against each other at any n. Without one, the test has power only while
    n is small for the decimals: see `share_possible`.

    Examples
    --------
    >>> check_percentage("79.5", 145).detail
    'No whole count of 145 prints as 79.5 %. With 116 to 145 patients it can be 93/117, 97/122, 101/127, ...'
    >>> check_percentage("80.7", 145, events=117).status
    'consistent'
    """
    shown, size = as_printed(percent, decimals, name="percent"), _patients(n)
    counts = _counts(_percent_interval(shown, None, truncation=True), size)
    if events is not None:
        return _count_check(shown, size, part_of_whole("events", events, "n", size)[0], counts)
    printed = f"{shown} % of {size}"
    if not counts:
        nearby = possible_denominators(shown, None, max(1, math.ceil(size * 0.8)), size)
        detail = f"No whole count of {size} prints as {shown} %. {_denominators_named(nearby, size)}"
        return Check("percentage", "inconsistent", printed, "no count", detail)
    note = "" if _counts(_percent_interval(shown, None, truncation=False), size) else CUT_OFF
    decimal_places = -int(shown.as_tuple().exponent)
    share, rounded = (share_possible(Fraction(100, size), decimal_places, truncation=cut) for cut in (True, False))
    found = f"{_named(counts)} of {size}"
    if share < 1:
        detail = f"{found} prints as {shown} %. Of all such percentages {share:.0%} fit a count of {size}.{note}"
        return Check("percentage", "consistent", printed, found, detail)
    detail = f"With {size} patients any percentage of so many decimals fits a count, so nothing is tested."
    if rounded < 1:
        detail = (
            f"If digits may be cut off, any such percentage fits a count of {size}, by rounding {rounded:.0%}.{note}"
        )
    return Check("percentage", "informative" if note else "not checkable", printed, found, detail)


def _count_check(shown: Decimal, n: int, events: int, counts: range) -> Check:
    printed = f"{events}/{n} = {shown} %"
    places = -int(shown.as_tuple().exponent)
    recomputed = f"{100 * events / n:.{places + 1}f} %"
    if events in counts:
        note = "" if events in _counts(_percent_interval(shown, None, truncation=False), n) else CUT_OFF
        return Check("percentage", "consistent", printed, recomputed, f"{events} of {n} prints as {shown} %.{note}")
    ways = [f"{_named(counts)} of {n}"] if counts else []
    others = fitting_denominators(shown, events) if events and shown > 0 else range(0)
    ways += [f"{events} of {_named(others)}"] if others else []
    instead = f"{shown} % would be {' or '.join(ways)}." if ways else f"No count of {n}, and no n for {events}, fits."
    if shown - Decimal(1).scaleb(-places) in printed_percentages(events, n, places):
        instead += " The last digit alone is one too high, as where the other share, cut off, is taken from 100 %."
    return Check("percentage", "inconsistent", printed, recomputed, f"{events} of {n} is {recomputed}. {instead}")


def _denominators_named(found: Mapping[int, tuple[int, ...]], n: int) -> str:
    low = max(1, math.ceil(n * 0.8))
    if not found:
        return f"Nor does one of {low} to {n}."
    return f"With {low} to {n} patients it can be {_fractions(found)}."


def _fractions(found: Mapping[int, tuple[int, ...]]) -> str:
    ways = [f"{count}/{n}" for n, counts in found.items() for count in counts]
    return ", ".join(ways[:NAMED]) + (", ..." if len(ways) > NAMED else "")


def _named(numbers: range) -> str:
    if len(numbers) > NAMED:
        return f"{numbers[0]} to {numbers[-1]}"
    *rest, last = [str(number) for number in numbers]
    return f"{', '.join(rest)} or {last}" if rest else last


def _counts(between: Interval, n: int) -> range:
    whole = between.times(Fraction(n, 100)).whole_numbers()
    return range(max(whole.start, 0), min(whole.stop, n + 1))


def _percent_interval(percent: Number, decimals: int | None, truncation: bool) -> Interval:
    shown = as_printed(percent, decimals, name="percent")
    if not 0 <= shown <= 100:
        raise ValueError(f"percent is {percent}; it must lie from 0 to 100")
    return printed_interval(shown, truncation=truncation)


def _patients(n: float, name: str = "n") -> int:
    size = whole_number(name, n)
    if size < 1:
        raise ValueError(f"{name} is {n}; it must be a whole number of 1 or more")
    return size
