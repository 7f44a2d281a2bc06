"""Printed p-values of a figure set against its statistic, counts, correlation, means or limits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from nmosd_cohort.literature.integrity.finding import Check
from nmosd_cohort.literature.integrity.p_agreement import OTHER_TEST, compare_p, printed_p
from nmosd_cohort.literature.integrity.p_of_groups import MeanSpan, p_from_counts, p_from_many_means, p_if_paired
from nmosd_cohort.literature.integrity.p_values import PossibleP, p_from_limits, p_from_statistic, two_sided_p
from nmosd_cohort.literature.integrity.ratios import SPARSE
from nmosd_cohort.literature.integrity.tolerance import decimals_of, overlap, span
from nmosd_cohort.literature.numbers import Numbers, Statistic

# A rank test of the same scores may lie this many normal deviates from a t test.
RANK_TEST = 3.5
# A model adjusted for other variables may lie this far from a test of the counts alone.
ADJUSTED = 1.0
# A partial correlation has a few degrees of freedom less.
PARTIAL = 0.25
# Limits and p of a difference that contradict each other at 5 % leave less room.
ACROSS = 0.25
FEWEST_FREEDOM = 2  # pooled by Hartung and Knapp, three studies


def check_statistic_p(statistic: Statistic, p: str, *, n: int | None = None, groups: int = 2) -> Check:
    """Test whether a printed statistic gives the printed p.

    Parameters
    ----------
    statistic
        As printed.
    p
        As printed.
    n
        Patients.
    groups
        Groups compared, for the degrees of freedom of a chi-square that were not printed.

    Examples
    --------
    >>> check_statistic_p(Statistic(name="chi2", value=3.038, decimals=3), "0.081").status
    'consistent'
    """
    value = span(statistic.value, decimals_of(statistic.value, declared=statistic.decimals))
    freedom = statistic.freedom
    if statistic.name == "chi2" and freedom is None:
        freedom = groups - 1
    possible = p_from_statistic(statistic.name, value, freedom=freedom, n=n)
    found = compare_p("p and statistic", p, possible, other_test=0.0)
    return replace(found, printed=f"{statistic.name} {statistic.value}, {found.printed}")


def check_counts_p(groups: Sequence[tuple[int, int]], p: str) -> Check:
    """Test whether the counts of groups give the printed p by a usual test, of all groups or of a pair.

    Parameters
    ----------
    groups
        Events and patients of each group.
    p
        As printed.

    Returns
    -------
    Check
        ``informative`` up to one normal deviate from all of them, as a test adjusted for other variables may be, and
        if McNemar's test may give it to groups of one size.

    Examples
    --------
    >>> check_counts_p([(36, 57), (18, 51)], "0.004").status
    'consistent'
    """
    possible = list(p_from_counts(groups))
    if len(groups) > 2:
        pairs = [(one, other) for place, one in enumerate(groups) for other in groups[place + 1 :]]
        possible += [one for pair in pairs for one in p_from_counts(pair)]
    shown = " and ".join(f"{events}/{n}" for events, n in groups)
    found = compare_p("p and counts", p, possible, other_test=ADJUSTED, is_one_of_several=True)
    if found.status == "inconsistent" and len(groups) == 2 and overlap(p_if_paired(*groups), printed_p(p)):
        detail = "Only McNemar's test gives it, if these are the same patients twice."
        found = replace(found, status="informative", detail=detail)
    return replace(found, printed=f"{shown}, {found.printed}")


def check_correlation_p(r: float, decimals: int, n: int, p: str) -> Check:
    """Test whether a correlation of n patients gives the printed p, and if not, how many patients would.

    Parameters
    ----------
    r, decimals
        Correlation as printed.
    n
        Patients, four or more.
    p
        As printed.

    Examples
    --------
    >>> check_correlation_p(0.341, 3, 71, "<0.004").recomputed
    'p 0.0033 to 0.00367'
    """
    value = span(r, decimals)
    possible = p_from_statistic("r", value, n=n)
    remark = ""
    fitting = _patients_for(r, p)
    if fitting and not fitting[0] <= n <= fitting[1]:
        several = f"{fitting[0]} to {fitting[1]}" if fitting[0] < fitting[1] else str(fitting[0])
        remark = f"With this correlation p {p} takes {several} patients."
    found = compare_p("p and correlation", p, possible, other_test=PARTIAL, is_one_of_several=True)
    remark = "" if found.status == "consistent" else remark
    return replace(found, printed=f"r {r}, n = {n}, {found.printed}", detail=f"{found.detail} {remark}".strip())


def check_means_p(groups: Sequence[MeanSpan], p: str, *, is_sd_certain: bool) -> Check:
    """Test whether means and SDs of groups give the printed p by a t test or analysis of variance.

    Parameters
    ----------
    groups
        Two or more.
    p
        As printed.
    is_sd_certain
        Whether the paper calls the spread an SD; if not, a p that fits standard errors is ``informative``.

    Returns
    -------
    Check
        ``informative`` too if a rank test may give the p.

    Examples
    --------
    >>> groups = [MeanSpan((3.25, 3.4), (3.05, 3.2), 38), MeanSpan((2.25, 2.4), (2.15, 2.3), 43)]
    >>> check_means_p(groups, "0.087", is_sd_certain=True).status
    'consistent'
    """
    found = compare_p("p and means", p, p_from_many_means(groups), other_test=RANK_TEST, is_one_of_several=True)
    if found.status == "consistent" or is_sd_certain:
        return found
    roots = [math.sqrt(group.n) for group in groups]
    errors = [
        replace(group, sd=(group.sd[0] * root, group.sd[1] * root)) for group, root in zip(groups, roots, strict=True)
    ]
    if compare_p("p and means", p, p_from_many_means(errors)).status == "consistent":
        return replace(found, status="informative", detail=f"{found.detail} As standard errors they would give it.")
    return found


def check_limits_p(numbers: Numbers, p: str, *, is_ratio: bool) -> Iterator[Check]:
    """Test whether 95 % limits of a ratio or a difference imply the printed p.

    Parameters
    ----------
    numbers
        Of the figure; nothing is yielded without estimate and limits.
    p
        As printed.
    is_ratio
        Whether no effect is 1, on the log scale, rather than 0.

    Yields
    ------
    Check
        ``informative`` if only a t distribution with few degrees of freedom, as of a pooled result, or another test
        of the same patients may give it. Where limits span two orders of magnitude, tests differ more.

    Examples
    --------
    >>> pooled = Numbers(n=361, estimate=-0.18, unit=None, decimals=2, conf_low=-0.41, conf_high=0.05, p="0.93")
    >>> [one.status for one in check_limits_p(pooled, "0.93", is_ratio=False)]
    ['inconsistent']
    """
    estimate, low, high = numbers.estimate, numbers.conf_low, numbers.conf_high
    if estimate is None or low is None or high is None:
        return
    places = decimals_of(low, high)
    spans = (span(estimate, decimals_of(estimate, declared=numbers.decimals)), span(low, places), span(high, places))
    freedoms = _freedoms(numbers)

    def possible(degrees: Sequence[float]) -> tuple[PossibleP, ...]:
        return p_from_limits(*spans, scale="log" if is_ratio else "plain", freedoms=degrees)

    other_test = 2 * OTHER_TEST if is_ratio and low > 0 and high >= SPARSE * low else OTHER_TEST
    across = None if is_ratio else ACROSS
    found = compare_p("p and limits", p, possible(freedoms), other_test=other_test, across=across)
    if found.status == "inconsistent" and not is_ratio:
        few = possible((FEWEST_FREEDOM,))
        usual = possible((math.inf,))
        reach = [PossibleP("t", min(a.low, b.low), max(a.high, b.high)) for a, b in zip(few, usual, strict=True)]
        if any(overlap((one.low, one.high), printed_p(p)) for one in reach):
            detail = "Only t with few degrees of freedom, as of a few studies pooled, gives this p."
            found = replace(found, status="informative", detail=detail)
    yield replace(found, printed=f"{estimate} ({low} to {high}), {found.printed}")


def _freedoms(numbers: Numbers) -> list[float]:
    degrees: set[float] = {math.inf}
    sizes = [group.n for group in numbers.groups if group.n is not None]
    if numbers.n is not None and numbers.n > 3:
        degrees |= {numbers.n - 1, numbers.n - 2}
    if len(sizes) == 2 and min(sizes) > 1:
        degrees |= {min(sizes) - 1, sum(sizes) - 2}
    return sorted(degrees, reverse=True)


def _patients_for(r: float, p: str) -> tuple[int, int] | None:
    """Return the fewest and most patients with which a correlation gives an exact p."""
    if p.startswith("<") or not 0 < abs(r) < 1:
        return None
    low, high = printed_p(p)
    fitting = [n for n in range(4, 400) if low <= two_sided_p(abs(r) * math.sqrt((n - 2) / (1 - r * r)), n - 2) <= high]
    return (fitting[0], fitting[-1]) if fitting else None
