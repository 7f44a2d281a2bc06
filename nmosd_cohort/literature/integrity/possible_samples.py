"""All samples of whole scores behind a printed mean and SD, for a few patients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from nmosd_cohort.literature.integrity.deviations import Divisor, n_squared_deviations, squares_behind
from nmosd_cohort.literature.integrity.printed import Number, as_printed, printed_interval
from nmosd_cohort.literature.integrity.scores import (
    Grid,
    limits_of_squares,
    patients,
    printed_sd,
    score_grid,
    sums_of_levels,
)
from nmosd_cohort.statistics.estimate import whole_number

MOST_SCORES = 12
MOST_STEPS = 300_000


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
    items: int = 1,
    divisor: Divisor = "n-1",
    limit: int = 1000,
    truncation: bool = True,
) -> PossibleSamples:
    """Return all samples of n whole scores whose mean and SD print as given.

    Parameters
    ----------
    mean, sd, decimals, sd_decimals, minimum, maximum, step, items, truncation
        As for `check_mean_and_sd`.
    n
        Patients, 2 to 12.
    divisor
        ``n-1`` for the SD of a sample, ``n`` for that of a population.
    limit
        Most samples to return, one or more.

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
    grid, size = score_grid(minimum=minimum, maximum=maximum, step=step, items=items), patients(n, least=2)
    if size > MOST_SCORES:
        raise ValueError(
            f"n is {n}; samples are listed for at most {MOST_SCORES} patients, check_mean_and_sd takes more"
        )
    if (most := whole_number("limit", limit)) < 1:
        raise ValueError(f"limit is {limit}; it must be 1 or more")
    shown = as_printed(mean, decimals, name="mean")
    spread = printed_sd(sd, decimals if sd_decimals is None else sd_decimals)
    variance = printed_interval(spread, truncation=truncation).squared()
    deviations = n_squared_deviations(variance, size, grid, divisor=divisor)
    found: list[tuple[float, ...]] = []
    budget = [MOST_STEPS]
    for total in sums_of_levels(printed_interval(shown, truncation=truncation), size, grid):
        squares = squares_behind(deviations, total, size).whole_numbers()
        for levels in _samples(size, grid.top, total, squares, budget):
            if len(found) == most:
                return PossibleSamples(tuple(found), is_complete=False)
            found.append(tuple(_score(level, grid) for level in levels))
    return PossibleSamples(tuple(found), is_complete=budget[0] > 0)


def _samples(n: int, top: int | None, total: int, squares: range, budget: list[int]) -> Iterator[tuple[int, ...]]:
    """N levels from high to low, at most top, with a total and one of some sums of squares, while the budget lasts."""
    if n == 0 or total == 0:
        if total == 0 and 0 in squares:
            yield (0,) * n
        return
    for level in range(total if top is None else min(total, top), -(-total // n) - 1, -1):
        budget[0] -= 1
        if budget[0] <= 0:
            return
        rest = range(squares.start - level**2, squares.stop - level**2)
        least, most = limits_of_squares(total - level, n - 1, level) if n > 1 else (0, 0)
        if least < rest.stop and most >= rest.start:
            yield from ((level, *others) for others in _samples(n - 1, level, total - level, rest, budget))


def _score(level: int, grid: Grid) -> float:
    score: Fraction = grid.minimum + grid.step * level
    return int(score) if score.denominator == 1 else float(score)
