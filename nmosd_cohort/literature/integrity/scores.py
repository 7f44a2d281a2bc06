"""Whole scores on a scale: which sums and sums of squares n of them can have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from nmosd_cohort.literature.integrity.printed import Interval, Number, as_printed, exact
from nmosd_cohort.statistics.estimate import whole_number

CHEAP_TABLE = 200_000  # additions for a table kept for further samples of the same scale
LARGEST_SEARCH = 2_000_000  # additions for one sample, about a second
WIDE = 10_000  # bits of a table row that are still quick to shift
MOST_PATIENTS = 100_000


@dataclass(frozen=True, slots=True)
class Grid:
    """The answers one patient can give: ``minimum + step * level`` with level 0, 1, ... ``top``.

    ``top`` is None where no highest answer is known.

    Examples
    --------
    >>> Grid(Fraction(0), Fraction(1), 10).mean(6, 7)
    Fraction(6, 7)
    """

    minimum: Fraction
    step: Fraction
    top: int | None

    def mean(self, levels: int, n: int) -> Fraction:
        """Mean score of n patients whose levels add up to a number."""
        return self.minimum + self.step * Fraction(levels, n)


def score_grid(*, minimum: Number = 0, maximum: Number | None = None, step: Number = 1, items: int = 1) -> Grid:
    """Return the answers that one patient can give.

    Parameters
    ----------
    minimum, maximum
        Lowest and highest score; a maximum of None leaves the scale open above.
    step
        Distance between neighbouring answers to one item.
    items
        Items whose mean is a patient's score, 1 for a single answer. A score that is a sum of items is one answer.

    Raises
    ------
    ValueError
        If step or items are not above zero, or the maximum is not some steps above the minimum.

    Examples
    --------
    >>> score_grid(maximum=10, step=0.5).top
    20
    """
    if (count := whole_number("items", items)) < 1:
        raise ValueError(f"items is {items}; it must be 1 or more")
    if (width := exact("step", step) / count) <= 0:
        raise ValueError(f"step is {step}; it must be above zero")
    low = exact("minimum", minimum)
    if maximum is None:
        return Grid(low, width, None)
    levels = (exact("maximum", maximum) - low) / width
    if levels.denominator != 1 or levels < 1:
        raise ValueError(f"maximum is {maximum}; it must be a whole number of steps of {step} above {minimum}")
    return Grid(low, width, int(levels))


def sums_of_levels(mean: Interval, n: int, grid: Grid) -> range:
    """Return the sums of levels that give n patients a mean within an interval.

    Examples
    --------
    >>> from nmosd_cohort.literature.integrity.printed import printed_interval
    >>> sums_of_levels(printed_interval("0.9"), 7, score_grid(maximum=10))
    range(6, 7)
    """
    shifted = Interval(mean.low - grid.minimum, mean.high - grid.minimum, mean.has_low, mean.has_high)
    sums = shifted.times(Fraction(n) / grid.step).whole_numbers()
    most = sums.stop if grid.top is None else n * grid.top + 1
    return range(max(sums.start, 0), min(sums.stop, most))


def limits_of_squares(total: int, n: int, top: int | None) -> tuple[int, int]:
    """Return the smallest and largest sum of squares of n levels that add up to a total.

    Smallest when all are as equal as they can be, largest when all but one lie at an end of the scale.

    Examples
    --------
    >>> limits_of_squares(6, 7, 10)
    (6, 36)
    """
    each, over = divmod(total, n)
    smallest = over * (each + 1) ** 2 + (n - over) * each**2
    if top is None:
        return smallest, total**2
    full, rest = divmod(total, top)
    return smallest, full * top**2 + rest**2


def squares_possible(total: int, n: int, top: int | None, squares: Interval) -> tuple[bool, bool]:
    """Tell whether n levels with a given total can have a sum of squares within an interval.

    Parameters
    ----------
    total
        Sum of the levels, from 0 to n times top.
    n, top
        Patients, and the highest level (None for no end).
    squares
        Sums of squares to look for.

    Returns
    -------
    tuple
        Whether it is possible, and whether that is proved. A possibility is unproved where the search would be too
        long (about n above 100 on 0 to 10); parity and the limits were then all that could be tested. An
        impossibility is always proved.

    Notes
    -----
    Exact, by dynamic programming over (sum, sum of squares), where the analytic GRIMMER test (Anaya 2016, Allard
    2018) tests parity and size. A square is odd when its number is, so total and sum of squares share parity.
    Moving a point from one score to another that is d higher raises the sum of squares by 2 (d + 1), and such moves
    lead from the smallest sum to the largest. As d is at most top - 2, and d squared at most twice the sum of squared
    deviations, an interval longer than such a rise needs no search.

    Examples
    --------
    >>> one_value = Interval(Fraction(12), Fraction(12), has_low=True, has_high=True)
    >>> squares_possible(4, 2, None, one_value)  # 16, 10 and 8 are possible, 12 has the right parity only
    (False, True)
    """
    smallest, largest = limits_of_squares(total, n, top)
    wanted = squares.whole_numbers()
    low, high = max(wanted.start, smallest), min(wanted.stop - 1, largest)
    low, high = low + (low - total) % 2, high - (high - total) % 2
    if low > high:
        return False, True
    widest = min(total if top is None else top, math.isqrt(2 * (high - total**2 // n)) + 2)
    if low == smallest or high == largest or high - low > 2 * widest - 6:
        return True, True
    return _search(total, n, top, low, high)


def patients(n: float, *, least: int = 1) -> int:
    """Return the number of patients as a whole number.

    Raises
    ------
    ValueError
        If it is not whole, or below the least or above 100,000.

    Examples
    --------
    >>> patients(7.0)
    7
    """
    size = whole_number("n", n)
    if not least <= size <= MOST_PATIENTS:
        raise ValueError(f"n is {n}; it must be a whole number from {least} to {MOST_PATIENTS}")
    return size


def printed_sd(sd: Number, decimals: int | None = None, *, name: str = "sd") -> Decimal:
    """Return a printed SD with its decimals.

    Raises
    ------
    ValueError
        If it is negative, or cannot be read as a printed number.

    Examples
    --------
    >>> printed_sd(1.5, 2)
    Decimal('1.50')
    """
    shown = as_printed(sd, decimals, name=name)
    if shown < 0:
        raise ValueError(f"{name} is {sd}; it must be 0 or more")
    return shown


def _search(total: int, n: int, top: int | None, low: int, high: int) -> tuple[bool, bool]:
    """Whether a sum of squares from low to high occurs, by a table of all that do."""
    if top is not None and n * n * top * (top + 1) * (1 + n * top**2 // WIDE) <= CHEAP_TABLE:
        centre, shift = 0, 0
        reached = _kept_table(n, 0, top, n * top**2)
    else:
        centre = total // n
        shift = n * centre**2 - 2 * centre * total
        reach = math.isqrt(high + shift)
        down, up = min(centre, reach), reach if top is None else min(top - centre, reach)
        if not _is_short(n, down + up + 1, high + shift):
            return True, False
        reached = _table(n, down, up, high + shift)
    bits = reached.get(total - n * centre, 0) >> (low + shift)
    return bool(bits & ((1 << (high - low + 1)) - 1)), True


def _is_short(n: int, levels: int, limit: int) -> bool:
    sums = min(n * levels, 2 * math.isqrt(n * limit) + 1)
    return n * sums * levels * (1 + limit // WIDE) <= LARGEST_SEARCH


def _table(n: int, down: int, up: int, limit: int) -> dict[int, int]:
    """For each sum of n offsets from -down to up: a number whose bit k says that a sum of squares k occurs."""
    mask = (1 << (limit + 1)) - 1
    reached = {0: 1}
    for _ in range(n):
        further: dict[int, int] = {}
        for total, bits in reached.items():
            for offset in range(-down, up + 1):
                if moved := bits << offset**2 & mask:
                    further[total + offset] = further.get(total + offset, 0) | moved
        reached = further
    return reached


_kept_table = lru_cache(maxsize=64)(_table)
