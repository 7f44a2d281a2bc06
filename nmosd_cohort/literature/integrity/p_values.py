"""P-values that follow from printed statistics and limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scipy.special import chdtrc, fdtrc, ndtr, stdtr, stdtrit

from nmosd_cohort.literature.integrity.tolerance import Span, over_rounding
from nmosd_cohort.statistics.estimate import check_option

StatisticName = Literal["chi2", "t", "z", "f", "r", "rho", "u"]


@dataclass(frozen=True, slots=True)
class PossibleP:
    """The p-values that one test can give, over all values that print as the numbers it was made of.

    Parameters
    ----------
    test
        Name of the test.
    low, high
        Smallest and largest two-sided p.

    Examples
    --------
    >>> PossibleP("t", 0.01, 0.02).high
    0.02
    """

    test: str
    low: float
    high: float


def p_from_statistic(
    name: StatisticName, value: Span, *, freedom: float | None = None, n: int | None = None
) -> tuple[PossibleP, ...]:
    """Two-sided p-values of a test statistic.

    Parameters
    ----------
    name
        ``chi2``, ``t``, ``z``, ``f`` (of one numerator degree of freedom), ``r``, ``rho``, or ``u``, which gives
        none, as its p depends on ties.
    value
        Range of the statistic; its sign is not used.
    freedom
        Degrees of freedom (of the denominator for f). Without them chi-square has 1; t and f take n - 1 and
        n - 2, or without n every value.
    n
        Patients, for t, f and correlations.

    Returns
    -------
    tuple of PossibleP
        Empty where the numbers do not suffice.

    Raises
    ------
    ValueError
        If the name is none of those above.

    Examples
    --------
    >>> [found] = p_from_statistic("chi2", (8.3585, 8.3595))
    >>> found.test, round(found.low, 4)
    ('chi-square, 1 degree of freedom', 0.0038)
    """
    check_option("name", name, ("chi2", "t", "z", "f", "r", "rho", "u"))
    size = _absolute(value)
    if name == "chi2":
        degrees = freedom or 1
        label = f"chi-square, {degrees:g} degree{'' if degrees == 1 else 's'} of freedom"
        return (PossibleP(label, *over_rounding(lambda x: float(chdtrc(degrees, x)), size)),)
    if name == "z":
        return (_p_of_t("z", size, math.inf),)
    if name in ("t", "f"):
        root = size if name == "t" else (math.sqrt(size[0]), math.sqrt(size[1]))
        return _p_of_t_or_f(name, root, freedom, n)
    patients = n if freedom is None else round(freedom) + 2
    return () if name == "u" or patients is None or patients < 4 else _p_of_correlation(size, patients)


def p_from_limits(
    estimate: Span,
    low: Span,
    high: Span,
    *,
    scale: Literal["plain", "log"] = "plain",
    freedoms: Sequence[float] = (math.inf,),
) -> tuple[PossibleP, ...]:
    """Two-sided p-values against no effect that 95 % limits imply.

    Parameters
    ----------
    estimate, low, high
        Ranges of the estimate and its limits.
    scale
        ``log`` for ratios, whose value without effect is 1; ``plain`` for differences, where it is 0.
    freedoms
        Degrees of freedom to try; infinite is the normal distribution.

    Returns
    -------
    tuple of PossibleP
        For each of them from the width of the interval, and from its limit on the side of no effect, which
        differ where limits are not symmetric. Empty if a ratio's range reaches 0.

    Raises
    ------
    ValueError
        If the scale is not one of the two.

    Notes
    -----
    Altman and Bland 2011 (doi:10.1136/bmj.d2304).

    Examples
    --------
    >>> found = p_from_limits((-0.18, -0.18), (-0.41, -0.41), (0.05, 0.05))
    >>> round(found[0].low, 3)
    0.125
    """
    check_option("scale", scale, ("plain", "log"))
    if scale == "log":
        if min(estimate[0], low[0], high[0]) <= 0:
            return ()
        estimate, low, high = ((math.log(one), math.log(two)) for one, two in (estimate, low, high))
    reaches = {
        "the width of the limits": over_rounding(lambda e, a, b: _reach(e, (b - a) / 2), estimate, low, high),
        "limit towards no effect": over_rounding(
            lambda e, a, b: _reach(e, e - a if e > 0 else b - e), estimate, low, high
        ),
    }
    if estimate[0] <= 0 <= estimate[1]:
        reaches = {name: (0.0, most) for name, (_, most) in reaches.items()}
    return tuple(
        _p_of_t(f"{name} ({_distribution(freedom)})", (critical * reach[0], critical * reach[1]), freedom)
        for name, reach in reaches.items()
        for freedom in freedoms
        for critical in (critical_value(freedom),)
    )


def critical_value(freedom: float, level: float = 0.95) -> float:
    """Return how many standard errors limits reach from the estimate.

    Examples
    --------
    >>> round(critical_value(6), 3), round(critical_value(math.inf), 3)
    (2.447, 1.96)
    """
    tail = (1 + level) / 2
    return float(stdtrit(freedom, tail)) if math.isfinite(freedom) else float(stdtrit(1e12, tail))


def two_sided_p(distance: float, freedom: float = math.inf) -> float:
    """Return the two-sided p of a distance in standard errors by t, or by the normal distribution.

    Examples
    --------
    >>> round(two_sided_p(1.96), 3), round(two_sided_p(2.447, 6), 3)
    (0.05, 0.05)
    """
    lower = -abs(distance)
    return float(2 * (stdtr(freedom, lower) if math.isfinite(freedom) else ndtr(lower)))


def _absolute(value: Span) -> Span:
    low, high = sorted((abs(value[0]), abs(value[1])))
    return (0.0 if value[0] <= 0 <= value[1] else low, high)


def _distribution(freedom: float) -> str:
    return f"t with {freedom:g} degrees of freedom" if math.isfinite(freedom) else "normal"


def _p_of_t(test: str, distance: Span, freedom: float) -> PossibleP:
    return PossibleP(test, *over_rounding(lambda x: two_sided_p(x, freedom), distance))


def _p_of_t_or_f(name: str, root: Span, freedom: float | None, n: int | None) -> tuple[PossibleP, ...]:
    if freedom is not None and name == "f":
        p = over_rounding(lambda x: float(fdtrc(1, freedom, x * x)), root)
        return (PossibleP(f"F with 1 and {freedom:g} degrees of freedom", *p),)
    if freedom is not None:
        return (_p_of_t(_distribution(freedom), root, freedom),)
    if n is not None and n > 2:
        return tuple(_p_of_t(_distribution(d), root, d) for d in (n - 1, n - 2, math.inf))
    return (PossibleP("t with any degrees of freedom", two_sided_p(root[1]), two_sided_p(root[0], 1)),)


def _p_of_correlation(size: Span, n: int) -> tuple[PossibleP, ...]:
    size = (min(size[0], 1.0), min(size[1], 1.0))

    def by_t(r: float) -> float:
        return 0.0 if r >= 1 else two_sided_p(r * math.sqrt((n - 2) / (1 - r * r)), n - 2)

    def by_fisher(r: float) -> float:
        return 0.0 if r >= 1 else two_sided_p(math.atanh(r) * math.sqrt(n - 3))

    def by_normal(r: float) -> float:
        return two_sided_p(r * math.sqrt(n - 1))

    tests = (
        (f"t with {n - 2} degrees of freedom", by_t),
        ("Fisher z", by_fisher),
        ("normal, root of n - 1", by_normal),
    )
    return tuple(PossibleP(name, *over_rounding(function, size)) for name, function in tests)


def _reach(estimate: float, arm: float) -> float:
    """Return the estimate in units of an arm of its interval; an arm without length leaves p at 0."""
    return math.inf if arm <= 0 else abs(estimate) / arm
