"""The scale of a score: the answers one patient can give, the sums that n of them can have, and their squares."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from nmosd_cohort.literature.integrity.printed import Interval, Number, as_printed, exact
from nmosd_cohort.statistics.estimate import whole_number

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


def score_grid(*, minimum: Number = 0, maximum: Number | None = None, step: Number = 1) -> Grid:
    """Return the answers that one patient can give.

    Parameters
    ----------
    minimum, maximum
        Lowest and highest score; a maximum of None leaves the scale open above.
    step
        Distance between neighbouring answers; ``Fraction(1, k)`` where a patient's score is the mean of k items.

    Raises
    ------
    ValueError
        If the step is not above zero, or the maximum is not some steps above the minimum.

    Examples
    --------
    >>> score_grid(maximum=10, step=0.5).top
    20
    """
    if (width := exact("step", step)) <= 0:
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
