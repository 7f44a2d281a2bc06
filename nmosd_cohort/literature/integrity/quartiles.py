"""Medians and quartiles of whole scores: which of the rules for quartiles can have given them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

from nmosd_cohort.literature.integrity.finding import Check
from nmosd_cohort.literature.integrity.printed import Interval, Number, as_printed, printed_interval
from nmosd_cohort.literature.integrity.scores import patients, score_grid

LOWER, UPPER = Fraction(1, 4), Fraction(3, 4)


def _continuous(shift: Callable[[Fraction], Fraction]) -> Callable[[int, Fraction], Fraction]:
    return lambda n, p: n * p + shift(p)


def _averaged(n: int, p: Fraction) -> Fraction:
    place = n * p
    return place + Fraction(1, 2) if place.denominator == 1 else Fraction(math.ceil(place))


def _nearest_even(n: int, p: Fraction) -> Fraction:
    place = n * p - Fraction(1, 2)
    below = math.floor(place)
    return Fraction(below if place == below and below % 2 == 0 else below + 1)


def _halves(n: int, p: Fraction, half: int) -> Fraction:
    place = Fraction(half + 1, 2)
    return place if p < Fraction(1, 2) else n + 1 - place


RULES: Mapping[str, Callable[[int, Fraction], Fraction]] = {
    "(n+1)p": _continuous(lambda p: p),
    "(n-1)p": _continuous(lambda p: 1 - p),
    "averaged": _averaged,
    "hinges": lambda n, p: _halves(n, p, (n + 1) // 2),
    "halves without the median": lambda n, p: _halves(n, p, n // 2),
    "midpoints": _continuous(lambda _: Fraction(1, 2)),
    "median-unbiased": _continuous(lambda p: (p + 1) / 3),
    "normal-unbiased": _continuous(lambda p: p / 4 + Fraction(3, 8)),
    "np": _continuous(lambda _: Fraction(0)),
    "inverse distribution": lambda n, p: Fraction(math.ceil(n * p)),
    "nearest even": _nearest_even,
}


def quartile_place(rule: str, n: int, p: Fraction) -> Fraction:
    """Return the place of a quartile among n sorted values: 2.25 lies a quarter of the way from the second on.

    Parameters
    ----------
    rule
        ``(n+1)p`` (SPSS, Minitab, Prism; type 6 of R), ``(n-1)p`` (R, NumPy, Excel; type 7), ``averaged`` (SAS,
        Stata; type 2), ``hinges`` (Tukey's, the median in both halves), ``halves without the median``,
        ``midpoints`` (type 5), ``median-unbiased`` (8), ``normal-unbiased`` (9), ``np`` (4), ``inverse
        distribution`` (1) or ``nearest even`` (3).
    n
        Values.
    p
        1/4 or 3/4.

    Raises
    ------
    ValueError
        If the rule is none of these.

    Notes
    -----
    Hyndman and Fan 1996 (doi:10.1080/00031305.1996.10473566) number the nine types.

    Examples
    --------
    >>> quartile_place("(n+1)p", 8, Fraction(1, 4)), quartile_place("(n-1)p", 8, Fraction(1, 4))
    (Fraction(9, 4), Fraction(11, 4))
    """
    if rule not in RULES:
        raise ValueError(f"rule is {rule!r}; it must be one of {', '.join(RULES)}")
    return min(max(RULES[rule](n, p), Fraction(1)), Fraction(n))


def fitting_quartile_rules(
    median: Number,
    quartile_1: Number,
    quartile_3: Number,
    n: int,
    decimals: int | None = None,
    *,
    minimum: Number = 0,
    maximum: Number | None = None,
    step: Number = 1,
) -> tuple[str, ...]:
    """Return the quartile rules by which n whole scores can have a printed median and quartiles.

    The parameters, and what is refused, are those of `check_quartiles`.

    Examples
    --------
    >>> fitting_quartile_rules("2.5", "0.3", "4.5", 8, maximum=10)
    ('(n+1)p',)
    """
    grid, size = score_grid(minimum=minimum, maximum=maximum, step=step), patients(n, least=2)
    printed = {"quartile_1": quartile_1, "median": median, "quartile_3": quartile_3}
    levels = []
    for name, value in printed.items():
        between = printed_interval(as_printed(value, decimals, name=name))
        shifted = Interval(between.low - grid.minimum, between.high - grid.minimum, between.has_low, between.has_high)
        levels.append(shifted.times(1 / grid.step))
    fit = []
    for rule in RULES:
        places = (quartile_place(rule, size, LOWER), Fraction(size + 1, 2), quartile_place(rule, size, UPPER))
        if _is_possible(list(zip(places, levels, strict=True)), grid.top):
            fit.append(rule)
    return tuple(fit)


def check_quartiles(
    median: Number,
    quartile_1: Number,
    quartile_3: Number,
    n: int,
    decimals: int | None = None,
    *,
    minimum: Number = 0,
    maximum: Number | None = None,
    step: Number = 1,
) -> Check:
    """Test whether a printed median and quartiles can be those of n whole scores, by any of eleven rules.

    Parameters
    ----------
    median, quartile_1, quartile_3
        As printed; the median is the middle score, or the mean of the middle two.
    n
        Patients, 2 or more.
    decimals
        Decimals of all three; None takes those of texts.
    minimum, maximum, step
        As for `check_mean`.

    Returns
    -------
    Check
        ``inconsistent`` if no rule fits; else ``consistent``, and the detail names the rules if not all fit.

    Raises
    ------
    ValueError
        If a number or the scale cannot be used.

    Examples
    --------
    >>> check_quartiles("2.5", "0.3", "4.5", 8, maximum=10).detail
    'Possible for 8 whole scores, by the rule (n+1)p only.'
    """
    fit = fitting_quartile_rules(
        median, quartile_1, quartile_3, n, decimals, minimum=minimum, maximum=maximum, step=step
    )
    shown = [as_printed(value, decimals) for value in (median, quartile_1, quartile_3)]
    printed = f"{shown[0]} ({shown[1]} to {shown[2]}), n {n}"
    scores = f"{n} whole scores" if step == 1 else f"{n} scores of this scale"
    if not fit:
        detail = f"No {scores} have this median and these quartiles, by any of {len(RULES)} rules for quartiles."
        return Check("median and quartiles", "inconsistent", printed, "no rule", detail)
    if len(fit) == len(RULES):
        return Check("median and quartiles", "consistent", printed, "any rule", f"Possible for {scores}, by any rule.")
    by = f"the rule {fit[0]} only" if len(fit) == 1 else f"{len(fit)} of {len(RULES)} rules: {', '.join(fit)}"
    return Check("median and quartiles", "consistent", printed, ", ".join(fit), f"Possible for {scores}, by {by}.")


def _is_possible(wanted: list[tuple[Fraction, Interval]], top: int | None) -> bool:
    """Whether sorted levels exist with values in the intervals at the places."""
    single: dict[int, list[Interval]] = {}
    paired: dict[int, list[tuple[Fraction, Interval]]] = {}
    for place, levels in wanted:
        below = math.floor(place)
        if place == below:
            single.setdefault(below, []).append(levels)
        else:
            paired.setdefault(below, []).append((place - below, levels))
    reached, previous = {0}, 0
    for index in sorted({*single, *paired, *(below + 1 for below in paired)}):
        if index - 1 == previous and previous in paired:
            reached = {next_one for one in reached for next_one in _following(one, paired[previous])}
        else:
            highest = [math.floor(levels.high) for levels in single.get(index, [])]
            highest += [math.floor(levels.high) for _, levels in paired.get(index, [])]
            reached = set(range(min(reached), min(highest) + 1))
        reached = {one for one in reached if _is_allowed(one, single.get(index, []), top)}
        if not reached:
            return False
        previous = index
    return True


def _following(level: int, wanted: list[tuple[Fraction, Interval]]) -> range:
    """Levels of the next value, not lower, that put each weighted mean of the two in its interval."""
    first, stop = level, None
    for weight, levels in wanted:
        start = (1 - weight) * level
        shifted = Interval(levels.low - start, levels.high - start, levels.has_low, levels.has_high)
        allowed = shifted.times(1 / weight).whole_numbers()
        first = max(first, allowed.start)
        stop = allowed.stop if stop is None else min(stop, allowed.stop)
    return range(first, first if stop is None else stop)


def _is_allowed(level: int, intervals: list[Interval], top: int | None) -> bool:
    within = top is None or level <= top
    return within and all(between.holds(Fraction(level)) for between in intervals)
