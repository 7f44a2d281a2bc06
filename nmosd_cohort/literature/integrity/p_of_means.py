"""P-values that follow from the printed means and SDs of groups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from scipy.special import fdtrc

from nmosd_cohort.literature.integrity.p_values import PossibleP, two_sided_p
from nmosd_cohort.literature.integrity.tolerance import Span, over_rounding


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
