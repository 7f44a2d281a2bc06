"""SDs that a printed mean of whole scores allows: the smallest, the largest, and whether one in between occurs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from nmosd_cohort.literature.integrity.printed import Interval, Number, as_printed, printed_interval
from nmosd_cohort.literature.integrity.scores import (
    Grid,
    limits_of_squares,
    patients,
    score_grid,
    squares_possible,
    sums_of_levels,
)
from nmosd_cohort.statistics.estimate import check_option

Divisor = Literal["n-1", "n"]
DIVISORS: tuple[Divisor, ...] = ("n-1", "n")


@dataclass(frozen=True, slots=True)
class SdLimits:
    """Smallest and largest SD that n scores with a printed mean can have.

    Examples
    --------
    >>> SdLimits(0.378, 2.268).largest
    2.268
    """

    smallest: float
    largest: float


def sd_limits(
    mean: Number,
    n: int,
    decimals: int | None = None,
    *,
    minimum: Number = 0,
    maximum: Number | None = None,
    step: Number = 1,
    items: int = 1,
    divisor: Divisor = "n-1",
    truncation: bool = True,
) -> SdLimits:
    """Return the smallest and largest SD that n whole scores with a printed mean can have.

    Parameters
    ----------
    mean, n, decimals, minimum, maximum, step, items, truncation
        As for `possible_sums`; n is 2 or more.
    divisor
        ``n-1`` for the SD of a sample, ``n`` for that of a population.

    Raises
    ------
    ValueError
        As `possible_sums`, or if no n scores have that mean.

    Notes
    -----
    Exact: scores as equal as the sum allows, and all but one at an end of the scale.

    Examples
    --------
    >>> limits = sd_limits("0.9", 7, maximum=10)
    >>> round(limits.smallest, 3), round(limits.largest, 3)
    (0.378, 2.268)
    """
    grid, size = score_grid(minimum=minimum, maximum=maximum, step=step, items=items), patients(n, least=2)
    shown = as_printed(mean, decimals, name="mean")
    sums = sums_of_levels(printed_interval(shown, truncation=truncation), size, grid)
    if not sums:
        raise ValueError(f"mean is {mean}; no {size} scores of this scale have it, as check_mean tells")
    return limits_of_sd(sums, size, grid, divisor=divisor)


def limits_of_sd(sums: range, n: int, grid: Grid, *, divisor: Divisor = "n-1") -> SdLimits:
    """Return the smallest and largest SD of n scores with one of some sums.

    Parameters
    ----------
    sums, n, grid, divisor
        As for `variance_possible`; one sum or more.

    Examples
    --------
    >>> round(limits_of_sd(range(6, 7), 7, score_grid(maximum=10)).largest, 3)
    2.268
    """
    by = _divide_by(n, divisor)
    around = [[n * squares - total**2 for squares in limits_of_squares(total, n, grid.top)] for total in sums]
    smallest, largest = min(low for low, _ in around), max(high for _, high in around)
    return SdLimits(*(float(grid.step) * math.sqrt(Fraction(part, by)) for part in (smallest, largest)))


def variance_possible(
    sums: range, n: int, grid: Grid, variance: Interval, *, divisor: Divisor = "n-1"
) -> tuple[bool, bool]:
    """Tell whether n scores with one of some sums can have a variance within an interval.

    Parameters
    ----------
    sums
        Sums of levels, as of `sums_of_levels`.
    n, grid
        Patients, 2 or more, and the answers one can give.
    variance
        Variances to look for, in squared units of the scale.
    divisor
        ``n-1`` for the variance of a sample, ``n`` for that of a population.

    Returns
    -------
    tuple
        Whether it is possible, and whether that is proved, as for `squares_possible`.

    Raises
    ------
    ValueError
        If the divisor is neither.

    Examples
    --------
    >>> from nmosd_cohort.literature.integrity.printed import printed_interval
    >>> variance_possible(range(6, 7), 7, score_grid(maximum=10), printed_interval("1.2").squared())
    (True, True)
    """
    deviations = n_squared_deviations(variance, n, grid, divisor=divisor)
    for total in sums:
        is_possible, is_proved = squares_possible(total, n, grid.top, squares_behind(deviations, total, n))
        if is_possible:
            return True, is_proved
    return False, True


def n_squared_deviations(variance: Interval, n: int, grid: Grid, *, divisor: Divisor = "n-1") -> Interval:
    """Return n times the sum of squared deviations, in levels, behind a variance: a whole number for any sample.

    Parameters
    ----------
    variance, n, grid, divisor
        As for `variance_possible`.

    Examples
    --------
    >>> four = Interval(Fraction(4), Fraction(4), has_low=True, has_high=True)
    >>> n_squared_deviations(four, 3, score_grid()).low  # 1, 3, 5: three times 8
    Fraction(24, 1)
    """
    return variance.times(_divide_by(n, divisor) / grid.step**2)


def squares_behind(deviations: Interval, total: int, n: int) -> Interval:
    """Return the sums of squares of n levels with a total, from n times their sum of squared deviations.

    Examples
    --------
    >>> squares_behind(Interval(Fraction(62), Fraction(62), has_low=True, has_high=True), 6, 7).low
    Fraction(14, 1)
    """
    low, high = ((end + total**2) / n for end in (deviations.low, deviations.high))
    return Interval(low, high, deviations.has_low, deviations.has_high)


def _divide_by(n: int, divisor: Divisor) -> int:
    """Divisor of n times the sum of squared deviations that gives the variance."""
    return n * (n if check_option("divisor", divisor, DIVISORS) == "n" else n - 1)
