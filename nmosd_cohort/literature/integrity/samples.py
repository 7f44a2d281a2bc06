"""Samples of whole scores behind a printed mean and SD: whether there is one, and for a few patients all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from nmosd_cohort.literature.integrity.printed import Interval, Number, as_printed, printed_interval
from nmosd_cohort.literature.integrity.scores import (
    Grid,
    limits_of_squares,
    patients,
    printed_sd,
    score_grid,
    sums_of_levels,
)
from nmosd_cohort.statistics.estimate import check_option, whole_number

Divisor = Literal["n-1", "n"]
DIVISORS: tuple[Divisor, ...] = ("n-1", "n")
MOST_SCORES = 12  # patients whose samples are listed
MOST_SEARCHED = 300  # patients for whom one sample is searched
MOST_STEPS = 100_000  # levels tried in one search, about a third of a second


@dataclass(frozen=True, slots=True)
class PossibleSamples:
    """Samples that fit printed numbers; an inference, never to be called patient data.

    Parameters
    ----------
    samples
        Each from the highest score to the lowest; which patient had which is not known.
    is_complete
        Whether these are all there are.

    Examples
    --------
    >>> PossibleSamples(((1, 0),), True).is_complete
    True
    """

    samples: tuple[tuple[float, ...], ...]
    is_complete: bool


def possible_samples(
    mean: Number,
    sd: Number,
    n: int,
    decimals: int | None = None,
    *,
    sd_decimals: int | None = None,
    minimum: Number = 0,
    maximum: Number | None = None,
    step: Number = 1,
    divisor: Divisor = "n-1",
    limit: int = 1000,
    truncation: bool = True,
) -> PossibleSamples:
    """Return all samples of n whole scores whose mean and SD print as given.

    Parameters
    ----------
    mean, sd, decimals, sd_decimals, minimum, maximum, step
        As for `check_mean_and_sd`.
    n
        Patients, 2 to 12.
    divisor
        ``n-1`` for the SD of a sample, ``n`` for that of a population.
    limit
        Most samples to return, one or more.
    truncation
        Whether digits may have been cut off; rounding half up and half to even are always allowed for.

    Returns
    -------
    PossibleSamples
        Cut short, and said to be, at the limit or after a long search.

    Raises
    ------
    ValueError
        If n is above 12, or a number cannot be used.

    Notes
    -----
    The aim of SPRITE (Heathers, Anaya, van der Zee and Brown 2018), which draws samples at random; here every one
    is visited once.

    Examples
    --------
    >>> possible_samples("0.9", "1.2", 7, maximum=10)
    PossibleSamples(samples=((3, 2, 1, 0, 0, 0, 0),), is_complete=True)
    """
    grid, size = score_grid(minimum=minimum, maximum=maximum, step=step), patients(n, least=2)
    if size > MOST_SCORES:
        raise ValueError(f"n is {n}; samples are listed for at most {MOST_SCORES} patients")
    if (most := whole_number("limit", limit)) < 1:
        raise ValueError(f"limit is {limit}; it must be 1 or more")
    spread = printed_sd(sd, decimals if sd_decimals is None else sd_decimals)
    variance = printed_interval(spread, truncation=truncation).squared()
    between = printed_interval(as_printed(mean, decimals, name="mean"), truncation=truncation)
    found: list[tuple[float, ...]] = []
    search = _Search()
    for total in sums_of_levels(between, size, grid):
        squares = _squares(variance, total, size, grid, divisor)
        for levels in search.samples(size, _top(grid, total), total, squares):
            if len(found) == most:
                return PossibleSamples(tuple(found), is_complete=False)
            found.append(tuple(_score(level, grid) for level in levels))
    return PossibleSamples(tuple(found), is_complete=search.steps > 0)


def limits_of_sd(sums: range, n: int, grid: Grid, *, divisor: Divisor = "n-1") -> tuple[float, float]:
    """Return the smallest and largest SD of n scores with one of some sums of levels.

    Exact: scores as equal as the sum allows, and all but one at an end of the scale.

    Examples
    --------
    >>> round(limits_of_sd(range(6, 7), 7, score_grid(maximum=10))[1], 3)
    2.268
    """
    around = [[n * squares - total**2 for squares in limits_of_squares(total, n, grid.top)] for total in sums]
    ends = (min(low for low, _ in around), max(high for _, high in around))
    smallest, largest = (float(grid.step) * math.sqrt(Fraction(end, _divide_by(n, divisor))) for end in ends)
    return smallest, largest


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
        Whether it is possible, and whether that is proved. Above 300 patients, or where the search grows too long,
        a possibility rests on limits and parity alone. An impossibility is always proved.

    Raises
    ------
    ValueError
        If the divisor is neither.

    Notes
    -----
    The analytic GRIMMER test (Anaya 2016, Allard 2018) asks for the size and parity of the sum of squares: a square
    is odd when its number is, so that sum and sum of squares share parity. That passes some impossible samples.
    Moving a point from one score to another that is d higher raises the sum of squares by 2 (d + 1), and such moves
    lead from its smallest value to its largest. As d is at most top - 2, and d squared at most twice the sum of
    squared deviations, an interval longer than such a rise holds a sample. Else one is searched from its highest
    score down; a branch ends when its smallest or largest sum of squares lies beyond those wanted.

    Examples
    --------
    >>> from nmosd_cohort.literature.integrity.printed import printed_interval
    >>> variance_possible(range(6, 7), 7, score_grid(maximum=10), printed_interval("1.2").squared())
    (True, True)
    """
    is_proved = True
    for total in sums:
        squares = _squares(variance, total, n, grid, divisor)
        smallest, largest = limits_of_squares(total, n, grid.top)
        low, high = max(squares.start, smallest), min(squares.stop - 1, largest)
        low, high = low + (low - total) % 2, high - (high - total) % 2
        if low > high:
            continue
        widest = min(_top(grid, total), math.isqrt(2 * (high - total**2 // n)) + 2)
        if low == smallest or high == largest or high - low > 2 * widest - 6:
            return True, True
        search = _Search()
        if n > MOST_SEARCHED:
            is_proved = False
        elif next(search.samples(n, _top(grid, total), total, range(low, high + 1)), None) is not None:
            return True, True
        elif search.steps <= 0:
            is_proved = False
    return not is_proved, is_proved


class _Search:
    """Levels from high to low with a total and a sum of squares, while the steps last."""

    def __init__(self) -> None:
        self.steps = MOST_STEPS
        self.empty: set[tuple[int, int, int, range]] = set()

    def samples(self, n: int, top: int, total: int, squares: range) -> Iterator[tuple[int, ...]]:
        """Yield every n levels of at most top with the total and one of the sums of squares."""
        if n == 2:
            yield from _pairs(top, total, squares)
            return
        if (n, top, total, squares) in self.empty:
            return
        found = False
        for level in _highest_levels(n, top, total, squares):
            self.steps -= 1
            if self.steps <= 0:
                return
            rest = range(squares.start - level**2, squares.stop - level**2)
            for others in self.samples(n - 1, level, total - level, rest):
                found = True
                yield (level, *others)
        if not found and self.steps > 0:
            self.empty.add((n, top, total, squares))


def _highest_levels(n: int, top: int, total: int, squares: range) -> list[int]:
    """Levels that the highest of n may have, those in the middle first, as they leave the rest most room."""
    levels = []
    for level in range(-(-total // n), min(total, top) + 1):
        least, most = limits_of_squares(total - level, n - 1, level) if level else (0, 0)
        if least + level**2 < squares.stop and most + level**2 >= squares.start:
            levels.append(level)
    return sorted(levels, key=lambda level: abs(level - levels[len(levels) // 2]))


def _pairs(top: int, total: int, squares: range) -> Iterator[tuple[int, int]]:
    """Two levels: the square of their difference is twice the sum of squares less the squared total."""
    least = 2 * squares.start - total**2
    gap = math.isqrt(least - 1) + 1 if least > 0 else 0
    gap += (gap - total) % 2
    while gap <= min(total, 2 * top - total) and gap**2 <= 2 * (squares.stop - 1) - total**2:
        yield (total + gap) // 2, (total - gap) // 2
        gap += 2


def _squares(variance: Interval, total: int, n: int, grid: Grid, divisor: Divisor) -> range:
    """Return the sums of squares of n levels with a total whose variance lies in an interval."""
    deviations = variance.times(_divide_by(n, divisor) / grid.step**2)
    low, high = ((end + total**2) / n for end in (deviations.low, deviations.high))
    return Interval(low, high, deviations.has_low, deviations.has_high).whole_numbers()


def _divide_by(n: int, divisor: Divisor) -> int:
    """Divisor of n times the sum of squared deviations that gives the variance."""
    return n * (n if check_option("divisor", divisor, DIVISORS) == "n" else n - 1)


def _top(grid: Grid, total: int) -> int:
    return total if grid.top is None else grid.top


def _score(level: int, grid: Grid) -> float:
    score: Fraction = grid.minimum + grid.step * level
    return int(score) if score.denominator == 1 else float(score)
