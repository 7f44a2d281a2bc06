"""P-values that follow from what was printed of groups: counts of events, or means and SDs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from scipy.special import chdtrc, fdtrc, xlogy

from nmosd_cohort.literature.integrity.p_values import PossibleP, two_sided_p
from nmosd_cohort.literature.integrity.tolerance import Span, over_rounding
from nmosd_cohort.statistics.shares.two_by_two import EQUALLY_LIKELY, fisher_mid_p, table_chances


@dataclass(frozen=True, slots=True)
class MeanSpan:
    """Mean and SD of a group as the ranges that their printed digits leave open, with the patients.

    Examples
    --------
    >>> MeanSpan((0.95, 1.1), (0.45, 0.6), 12).n
    12
    """

    mean: Span
    sd: Span
    n: int


def p_from_means(one: MeanSpan, other: MeanSpan) -> tuple[PossibleP, ...]:
    """Two-sided p-values of the t tests between two groups known by mean, SD and patients.

    Returns
    -------
    tuple of PossibleP
        Welch's, Student's and the z test.

    Raises
    ------
    ValueError
        If a group has fewer than two patients.

    Notes
    -----
    Welch 1947 (doi:10.1093/biomet/34.1-2.28).

    Examples
    --------
    >>> welch, student, z = p_from_means(MeanSpan((3.3, 3.3), (3.1, 3.1), 38), MeanSpan((2.3, 2.3), (2.2, 2.2), 43))
    >>> round(welch.low, 3), round(student.low, 3), round(z.low, 3)
    (0.103, 0.095, 0.098)
    """
    sizes = (one.n, other.n)
    if min(sizes) < 2:
        raise ValueError(f"the groups have {sizes[0]} and {sizes[1]} patients; a t test needs two in each")
    gap = (one.mean[0] - other.mean[1], one.mean[1] - other.mean[0])
    distance = (0.0 if gap[0] <= 0 <= gap[1] else min(map(abs, gap)), max(map(abs, gap)))
    spreads = [(max(0.0, group.sd[0]), group.sd[1]) for group in (one, other)]
    return tuple(
        PossibleP(
            name, *over_rounding(lambda d, a, b, name=name: _p_of_means(name, d, (a, b), sizes), distance, *spreads)
        )
        for name in ("Welch t", "Student t", "z of the means")
    )


def p_from_many_means(groups: Sequence[MeanSpan]) -> tuple[PossibleP, ...]:
    """P-values of groups known by mean, SD and patients: analysis of variance, and t tests of all pairs.

    Raises
    ------
    ValueError
        If there are fewer than two groups, or fewer than two patients in one.

    Examples
    --------
    >>> ages = [MeanSpan((m, m), (sd, sd), n) for m, sd, n in [(26.1, 12.7, 19), (40.1, 12.5, 32), (37.2, 11.4, 21)]]
    >>> found = p_from_many_means(ages)[0]
    >>> found.test, round(found.low, 5)
    ('analysis of variance', 0.00072)
    """
    pairs = tuple(one for first, second in combinations(groups, 2) for one in p_from_means(first, second))
    if len(groups) < 2:
        raise ValueError("means are needed of two groups or more")
    if len(groups) == 2:
        return pairs
    sizes = [group.n for group in groups]

    def p(*values: float) -> float:
        return _p_of_variance_analysis(values[: len(groups)], values[len(groups) :], sizes)

    spans = [group.mean for group in groups] + [(max(0.0, group.sd[0]), group.sd[1]) for group in groups]
    return (PossibleP("analysis of variance", *over_rounding(p, *spans)), *pairs)


def _p_of_means(name: str, distance: float, sds: tuple[float, float], sizes: tuple[int, int]) -> float:
    parts = [sd * sd / n for sd, n in zip(sds, sizes, strict=True)]
    error, freedom = math.sqrt(sum(parts)), math.inf
    if name == "Student t":
        freedom = sum(sizes) - 2
        pooled = sum(sd * sd * (n - 1) for sd, n in zip(sds, sizes, strict=True)) / freedom
        error = math.sqrt(pooled * sum(1 / n for n in sizes))
    elif name == "Welch t" and error > 0:
        freedom = sum(parts) ** 2 / sum(part * part / (n - 1) for part, n in zip(parts, sizes, strict=True))
    if error == 0:
        return float(distance == 0)
    return two_sided_p(distance / error, freedom)


def _p_of_variance_analysis(means: Sequence[float], sds: Sequence[float], sizes: Sequence[int]) -> float:
    everybody, groups = sum(sizes), len(sizes)
    centre = sum(mean * n for mean, n in zip(means, sizes, strict=True)) / everybody
    between = sum(n * (mean - centre) ** 2 for mean, n in zip(means, sizes, strict=True)) / (groups - 1)
    within = sum((n - 1) * sd * sd for sd, n in zip(sds, sizes, strict=True)) / (everybody - groups)
    if within == 0:
        return float(between == 0)
    return float(fdtrc(groups - 1, everybody - groups, between / within))


def p_from_counts(groups: Sequence[tuple[int, int]]) -> tuple[PossibleP, ...]:
    """Two-sided p-values against equal shares in groups.

    Parameters
    ----------
    groups
        Events and patients of each group, two or more groups.

    Returns
    -------
    tuple of PossibleP
        Of two groups: chi-square without and with correction, with N - 1, likelihood ratio, unpooled z,
        Fisher's exact test (by likelihood and doubled) and its mid-p. Of more: chi-square and likelihood ratio.

    Raises
    ------
    ValueError
        If there are fewer than two groups or one of them has no patients.

    Examples
    --------
    >>> found = {one.test: round(one.low, 4) for one in p_from_counts([(36, 57), (18, 51)])}
    >>> found["Pearson chi-square"], found["chi-square with Yates correction"]
    (0.0038, 0.007)
    """
    if len(groups) < 2 or any(n < 1 for _, n in groups):
        raise ValueError("counts are needed of two groups or more, each with patients")
    statistics = chi_squares(groups)
    found = {name: float(chdtrc(len(groups) - 1, value)) for name, value in statistics.items()}
    if len(groups) == 2:
        found |= _exact_p(*groups[0], *groups[1])
    return tuple(PossibleP(name, p, p) for name, p in found.items())


def p_if_paired(one: tuple[int, int], other: tuple[int, int]) -> Span:
    """Return the least and largest p of McNemar's test, if both counts are of the same patients.

    Between the difference of the counts and all that may differ, any number of patients may have changed. Groups of
    unlike size are no pairs: (1, 1).

    Examples
    --------
    >>> low, high = p_if_paired((60, 100), (40, 100))  # 20 to 100 changed: chi-square 20 to 4, corrected 3.61
    >>> round(low, 6), round(high, 3)
    (2e-06, 0.057)
    """
    (events_1, n), (events_2, size) = one, other
    gap, most = abs(events_1 - events_2), min(events_1 + events_2, 2 * n - events_1 - events_2)
    if n != size or gap == 0:
        return 1.0, 1.0
    exact = 2.0 ** (1 - gap)
    return min(exact, float(chdtrc(1, gap))), max(min(1.0, exact), float(chdtrc(1, (gap - 1) ** 2 / most)))


def chi_squares(groups: Sequence[tuple[int, int]]) -> dict[str, float]:
    """Return the chi-square statistics that are in use for shares of groups, by name.

    Examples
    --------
    >>> {name: round(value, 3) for name, value in chi_squares([(36, 57), (18, 51)]).items()}["Pearson chi-square"]
    8.359
    """
    events, patients = sum(k for k, _ in groups), sum(n for _, n in groups)
    if events in (0, patients):
        return {"Pearson chi-square": 0.0}
    cells = [(k, events * n / patients) for k, n in groups]
    cells += [(n - k, (patients - events) * n / patients) for k, n in groups]
    pearson = sum((seen - expected) ** 2 / expected for seen, expected in cells)
    likelihood = 2 * sum(float(xlogy(seen, seen / expected)) for seen, expected in cells)
    found = {"Pearson chi-square": pearson, "likelihood ratio chi-square": max(0.0, likelihood)}
    if len(groups) > 2:
        return found
    yates = sum(max(0.0, abs(seen - expected) - 0.5) ** 2 / expected for seen, expected in cells)
    (events_1, n_1), (events_2, n_2) = groups
    share_1, share_2 = events_1 / n_1, events_2 / n_2
    variance = share_1 * (1 - share_1) / n_1 + share_2 * (1 - share_2) / n_2
    unpooled = {"unpooled z": (share_1 - share_2) ** 2 / variance} if variance else {}
    smaller = {"N - 1 chi-square": pearson * (patients - 1) / patients}
    return found | {"chi-square with Yates correction": yates} | smaller | unpooled


def _exact_p(events_1: int, n_1: int, events_2: int, n_2: int) -> dict[str, float]:
    counts, chances = table_chances(events_1, n_1, events_2, n_2, 0.0)
    if not counts[0] <= events_1 <= counts[-1]:
        return dict.fromkeys(("Fisher exact", "Fisher exact, one tail doubled", "Fisher mid-p"), 0.0)
    place = int(events_1 - counts[0])
    below, above = float(chances[: place + 1].sum()), float(chances[place:].sum())
    fisher = float(chances[chances <= chances[place] * (1 + EQUALLY_LIKELY)].sum())
    return {
        "Fisher exact": min(1.0, fisher),
        "Fisher exact, one tail doubled": min(1.0, 2 * below, 2 * above),
        "Fisher mid-p": fisher_mid_p(events_1, n_1, events_2, n_2),
    }
