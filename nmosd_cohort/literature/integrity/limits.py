"""Printed confidence limits set against those that the other numbers give, by every usual method."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nmosd_cohort.literature.integrity.finding import Check
from nmosd_cohort.literature.integrity.p_of_groups import MeanSpan
from nmosd_cohort.literature.integrity.p_values import critical_value
from nmosd_cohort.literature.integrity.share_limits import share_candidates
from nmosd_cohort.literature.integrity.tolerance import Span, over_rounding, overlap, span, words
from nmosd_cohort.statistics.shares.proportions import proportion_difference

# Limits up to this share of a usual interval's width outside all usual limits may come from weights, clusters or
# a bootstrap; beyond it nothing usual gives them.
SLACK = 0.25
LEVELS = (0.95, 0.90, 0.99)
MOST_COUNTS = 40


@dataclass(frozen=True, slots=True)
class Limits:
    """Lower and upper limit by one method, each as the range that rounding of its ingredients leaves open.

    Examples
    --------
    >>> Limits((0.57, 0.58), (0.74, 0.75)).high
    (0.74, 0.75)
    """

    low: Span
    high: Span


Candidates = Mapping[str, Limits]


def check_share_limits(counts: range, n: int, low: float, high: float, decimals: int) -> Check:
    """Test whether printed 95 % limits of a share are those of its count.

    Parameters
    ----------
    counts, n
        Counts that the printed percentage or the printed count allows, and patients.
    low, high, decimals
        Limits as printed, in percent.

    Returns
    -------
    Check
        ``consistent`` names the methods that give these limits. ``informative`` if they are 90 or 99 % limits, or
        lie so near the usual ones that weights, clusters or a bootstrap can explain them. ``inconsistent`` if a
        limit is farther than a quarter of the Wilson interval's width outside those of all methods.

    Raises
    ------
    ValueError
        If there are no counts or no patients.

    Examples
    --------
    >>> check_share_limits(range(81, 82), 122, 39.9, 92.9, 1).status
    'inconsistent'
    >>> check_share_limits(range(35, 36), 122, 20.7, 36.7, 1).detail
    'Given by Wald.'
    """
    if n < 1 or not counts:
        raise ValueError(f"limits of a share need patients and a count; n is {n}, counts are {list(counts)}")
    some = counts if len(counts) <= MOST_COUNTS else range(counts.start, counts.stop, len(counts) // MOST_COUNTS + 1)

    def candidates(level: float) -> Candidates:
        by_count = [share_candidates(events, n, level) for events in some]
        return {
            method: Limits(_ends([one[method][0] for one in by_count]), _ends([one[method][1] for one in by_count]))
            for method in by_count[0]
        }

    return judge_limits("limits of a share", low, high, decimals, candidates, usual="Wilson", cut=(0.0, 100.0))


def check_correlation_limits(r: Span, n: int, low: float, high: float, decimals: int) -> Check:
    """Test whether printed 95 % limits of a correlation are Fisher's or, for ranks, those of Bonett and Wright.

    Parameters
    ----------
    r
        Range of the correlation.
    n
        Patients, four or more.
    low, high, decimals
        Limits as printed.

    Raises
    ------
    ValueError
        If n is below four.

    Notes
    -----
    Fisher 1921; Bonett and Wright 2000 (doi:10.1007/BF02294183); Fieller's variance is 1.06 / (n - 3).

    Examples
    --------
    >>> check_correlation_limits((0.3405, 0.342), 71, 0.12, 0.53, 2).status
    'consistent'
    """
    if n < 4:
        raise ValueError(f"n is {n}; limits of a correlation need four patients or more")
    variances: dict[str, Callable[[float], float]] = {
        "Fisher z": lambda _: 1.0,
        "Bonett-Wright": lambda r: 1 + r * r / 2,
        "Fieller": lambda _: 1.06,
    }

    def candidates(level: float) -> Candidates:
        reach = critical_value(math.inf, level) / math.sqrt(n - 3)

        def limit(z_variance: Callable[[float], float], side: int) -> Span:
            return over_rounding(lambda r: _shifted_r(r, side * reach * math.sqrt(z_variance(r))), r)

        return {name: Limits(limit(variance, -1), limit(variance, 1)) for name, variance in variances.items()}

    return judge_limits("limits of a correlation", low, high, decimals, candidates, usual="Fisher z")


def check_mean_limits(group: MeanSpan, low: float, high: float, decimals: int) -> Check:
    """Test whether printed 95 % limits of a mean follow from its SD and n, by t or the normal distribution.

    Raises
    ------
    ValueError
        If there are fewer than two patients.

    Examples
    --------
    >>> check_mean_limits(MeanSpan((9.95, 10.05), (1.95, 2.05), 25), 9.2, 10.8, 1).status
    'consistent'
    """
    if group.n < 2:
        raise ValueError(f"n is {group.n}; limits of a mean need two patients or more")

    def candidates(level: float) -> Candidates:
        freedoms = {"t": group.n - 1, "normal": math.inf}
        return {
            name: _around(group.mean, group.sd, critical_value(freedom, level) / math.sqrt(group.n))
            for name, freedom in freedoms.items()
        }

    return judge_limits("limits of a mean", low, high, decimals, candidates, usual="t")


def check_mean_difference_limits(one: MeanSpan, other: MeanSpan, low: float, high: float, decimals: int) -> Check:
    """Test whether printed 95 % limits of a difference of means, first less second, follow from both groups.

    Raises
    ------
    ValueError
        If a group has fewer than two patients.

    Examples
    --------
    >>> groups = MeanSpan((3.25, 3.35), (3.05, 3.15), 38), MeanSpan((2.25, 2.35), (2.15, 2.25), 43)
    >>> check_mean_difference_limits(*groups, -0.2, 2.2, 1).status
    'consistent'
    """
    if min(one.n, other.n) < 2:
        raise ValueError(f"the groups have {one.n} and {other.n} patients; two are needed in each")
    gap = (one.mean[0] - other.mean[1], one.mean[1] - other.mean[0])

    def errors(pooled: bool) -> Span:
        if not pooled:
            return over_rounding(lambda a, b: math.sqrt(a * a / one.n + b * b / other.n), one.sd, other.sd)
        shares = ((one.n - 1) / (one.n + other.n - 2), (other.n - 1) / (one.n + other.n - 2))
        size = 1 / one.n + 1 / other.n
        return over_rounding(lambda a, b: math.sqrt((shares[0] * a * a + shares[1] * b * b) * size), one.sd, other.sd)

    def candidates(level: float) -> Candidates:
        fewest = critical_value(min(one.n, other.n) - 1, level)
        student = critical_value(one.n + other.n - 2, level)
        welch, pooled = errors(False), errors(True)
        return {
            "Student": _around(gap, pooled, student),
            # Welch's degrees of freedom lie between those of the smaller group and those of both.
            "Welch": _around(gap, (welch[0] * student / fewest, welch[1]), fewest),
            "normal": _around(gap, welch, critical_value(math.inf, level)),
        }

    return judge_limits("limits of a difference of means", low, high, decimals, candidates, usual="Student")


def check_share_difference_limits(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float, decimals: int
) -> Check:
    """Test whether printed 95 % limits of a difference of shares, first less second, follow from the counts.

    Parameters
    ----------
    one, other
        Events and patients of the groups.
    low, high, decimals
        Limits as printed, in percentage points.

    Notes
    -----
    Wald, Agresti and Caffo 2000 (doi:10.1080/00031305.2000.10474560), and Newcombe's hybrid score.

    Examples
    --------
    >>> check_share_difference_limits((6, 7), (2, 9), 14.2, 83.2, 1).detail
    'Given by Newcombe.'
    """

    def candidates(level: float) -> Candidates:
        z = critical_value(math.inf, level)
        newcombe = proportion_difference(*one, *other, conf_level=level)
        adjusted = [(events + 1, n + 2) for events, n in (one, other)]
        limits = {
            "Newcombe": (newcombe.conf_low, newcombe.conf_high),
            "Wald": _wald_difference(*one, *other, z),
            "Agresti-Caffo": _wald_difference(*adjusted[0], *adjusted[1], z),
        }
        return {name: Limits((100 * a, 100 * a), (100 * b, 100 * b)) for name, (a, b) in limits.items()}

    return judge_limits("limits of a difference of shares", low, high, decimals, candidates, usual="Newcombe")


def judge_limits(
    check: str,
    low: float,
    high: float,
    decimals: int,
    candidates: Callable[[float], Candidates],
    *,
    usual: str,
    cut: Span = (-math.inf, math.inf),
) -> Check:
    """Say whether printed limits are among those that usual methods give.

    Parameters
    ----------
    check
        Name of the test of integrity.
    low, high, decimals
        Limits as printed.
    candidates
        From a confidence level to the limits of each method.
    usual
        The method that is named, and whose width measures the slack.
    cut
        Ends of the scale, where limits beyond are cut off.

    Examples
    --------
    >>> judge_limits("limits", 1.0, 3.0, 1, lambda level: {"t": Limits((1.0, 1.0), (3.0, 3.0))}, usual="t").status
    'consistent'
    """
    printed, spans = f"{low} to {high}", (span(low, decimals), span(high, decimals))
    usual_level, *other_levels = LEVELS
    methods = candidates(usual_level)
    expected = methods[usual]
    recomputed = f"{words(expected.low)} to {words(expected.high)} ({usual})"
    agreeing = [name for name, limits in methods.items() if _agree(limits, spans, cut)]
    if agreeing:
        return Check(check, "consistent", printed, recomputed, f"Given by {', '.join(agreeing)}.")
    for level in other_levels:
        agreeing = [name for name, limits in candidates(level).items() if _agree(limits, spans, cut)]
        if agreeing:
            detail = f"These are limits of {level:.0%} by {', '.join(agreeing)}, not of {usual_level:.0%}."
            return Check(check, "informative", printed, recomputed, detail)
    if _near(list(methods.values()), spans, SLACK * (expected.high[1] - expected.low[0])):
        detail = "No usual method gives exactly these; they are near enough for weights, clusters or a bootstrap."
        return Check(check, "informative", printed, recomputed, detail)
    detail = f"No method tried ({len(methods)}) comes nearer than a quarter of the usual width: {', '.join(methods)}."
    return Check(check, "inconsistent", printed, recomputed, detail)


def check_within_limits(estimate: float, low: float, high: float, decimals: int) -> Check:
    """Test whether an estimate lies between its own limits, but for rounding.

    Examples
    --------
    >>> check_within_limits(1.8, 2.1, 3.0, 1).status
    'inconsistent'
    """
    places = max(decimals, 0)
    between = (span(low, places)[0], span(high, places)[1])
    printed, recomputed = f"{estimate} ({low} to {high})", f"{low} to {high}"
    if overlap(span(estimate, places), between):
        return Check("estimate and limits", "consistent", printed, recomputed, "The estimate lies between its limits.")
    return Check(
        "estimate and limits", "inconsistent", printed, recomputed, "The estimate lies outside its own limits."
    )


def _agree(limits: Limits, printed: tuple[Span, Span], cut: Span) -> bool:
    return all(
        overlap(one, shown) or overlap((_within(one[0], cut), _within(one[1], cut)), shown)
        for one, shown in zip((limits.low, limits.high), printed, strict=True)
    )


def _near(methods: Sequence[Limits], printed: tuple[Span, Span], room: float) -> bool:
    """Whether both limits lie among those of all methods, with some room on either side."""
    return all(
        overlap(shown, (min(ends[0] for ends in side) - room, max(ends[1] for ends in side) + room))
        for side, shown in zip(([one.low for one in methods], [one.high for one in methods]), printed, strict=True)
    )


def _within(value: float, cut: Span) -> float:
    return min(max(value, cut[0]), cut[1])


def _ends(values: list[float]) -> Span:
    return min(values), max(values)


def _around(centre: Span, error: Span, reach: float) -> Limits:
    return Limits(
        over_rounding(lambda mid, e: mid - reach * e, centre, error),
        over_rounding(lambda mid, e: mid + reach * e, centre, error),
    )


def _shifted_r(r: float, distance: float) -> float:
    return math.copysign(1.0, r) if abs(r) >= 1 else math.tanh(math.atanh(r) + distance)


def _wald_difference(events_1: int, n_1: int, events_2: int, n_2: int, z: float) -> tuple[float, float]:
    share_1, share_2 = events_1 / n_1, events_2 / n_2
    error = math.sqrt(share_1 * (1 - share_1) / n_1 + share_2 * (1 - share_2) / n_2)
    return share_1 - share_2 - z * error, share_1 - share_2 + z * error
