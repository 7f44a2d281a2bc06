"""The number after a plus-minus sign: whether it can be a standard deviation, a standard error, or both."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from nmosd_cohort.literature.integrity.finding import Check, Status
from nmosd_cohort.literature.integrity.printed import Interval, Number, as_printed, exact, printed_interval
from nmosd_cohort.literature.integrity.samples import DIVISORS, limits_of_sd, variance_possible
from nmosd_cohort.literature.integrity.scores import patients, printed_sd, score_grid, sums_of_levels
from nmosd_cohort.statistics.estimate import check_option

Reading = Literal["sd", "sem"]
Stated = Literal["sd", "sem", "not stated"]
WORDS = {"sd": "an SD", "sem": "a standard error (SEM)"}


@dataclass(frozen=True, slots=True)
class SpreadReadings:
    """Which readings of a printed spread are possible, and the largest SD and SEM that the mean allows.

    The two are NaN, and nothing is possible, where no scores have the printed mean.

    Examples
    --------
    >>> SpreadReadings(("sd",), 2.27, 0.86).possible
    ('sd',)
    """

    possible: tuple[Reading, ...]
    largest_sd: float
    largest_sem: float


def spread_readings(
    mean: Number,
    spread: Number,
    n: int,
    minimum: Number = 0,
    maximum: Number | None = None,
    step: Number | None = 1,
    decimals: int | None = None,
    *,
    spread_decimals: int | None = None,
) -> SpreadReadings:
    """Return whether a printed spread can be the SD of n scores, and whether it can be the error of their mean.

    The parameters, and what is refused, are those of `sd_or_sem`.

    Notes
    -----
    Scores of 0 or more: their SEM is at most their mean, as the SD is largest when all but one are 0. On a scale
    with two ends the variance is at most n / (n - 1) times (mean - minimum) (maximum - mean): Bhatia and Davis
    2000. With a step, every reading is decided in whole numbers, as by `check_mean_and_sd`. Divisors n - 1 and n
    both count as an SD, and for the error.

    Examples
    --------
    >>> readings = spread_readings("0.9", "1.2", 7, 0, 10)
    >>> readings.possible, round(readings.largest_sd, 2), round(readings.largest_sem, 2)
    (('sd',), 2.27, 0.86)
    """
    size = patients(n, least=2)
    shown = as_printed(mean, decimals, name="mean")
    after = printed_sd(spread, decimals if spread_decimals is None else spread_decimals, name="spread")
    between = printed_interval(shown)
    variance = printed_interval(after).squared()
    behind: dict[Reading, Interval] = {"sd": variance, "sem": variance.times(Fraction(size))}
    possible: tuple[Reading, ...]
    if step is None:
        largest = _largest_variance(between, size, exact("minimum", minimum), maximum)
        if largest is None:
            return SpreadReadings((), math.nan, math.nan)
        possible = tuple(name for name, wanted in behind.items() if wanted.low <= largest)
        return SpreadReadings(possible, math.sqrt(largest), math.sqrt(largest / size))
    grid = score_grid(minimum=minimum, maximum=maximum, step=step)
    sums = sums_of_levels(between, size, grid)
    if not sums:
        return SpreadReadings((), math.nan, math.nan)
    possible = tuple(
        name
        for name, wanted in behind.items()
        if any(variance_possible(sums, size, grid, wanted, divisor=divisor)[0] for divisor in DIVISORS)
    )
    largest_sd = limits_of_sd(sums, size, grid)[1]
    return SpreadReadings(possible, largest_sd, largest_sd / math.sqrt(size))


def sd_or_sem(
    mean: Number,
    spread: Number,
    n: int,
    minimum: Number = 0,
    maximum: Number | None = None,
    step: Number | None = 1,
    decimals: int | None = None,
    *,
    stated: Stated | None = None,
    spread_decimals: int | None = None,
) -> Check:
    """Test whether the number after a plus-minus sign can be an SD or a standard error, and what it was called.

    Parameters
    ----------
    mean, spread
        The numbers before and after the plus-minus sign, as printed.
    n
        Patients, 2 or more.
    minimum, maximum, step
        As for `check_mean`; a step of None where any value between the ends is possible.
    decimals, spread_decimals
        Decimals of the mean, and of the spread where they differ; None takes those of a text.
    stated
        What the paper, or whoever quotes it, calls the number; None and ``not stated`` are the same.

    Returns
    -------
    Check
        ``inconsistent`` if no reading, or not the stated one, is possible, or no scores have the mean. Without a
        stated reading: ``informative`` if just one is possible, ``not checkable`` if both are.

    Raises
    ------
    ValueError
        If a number or the scale cannot be used, or ``stated`` is none of the options.

    Examples
    --------
    >>> sd_or_sem("0.9", "1.2", 7, 0, 10, stated="sem").status
    'inconsistent'
    >>> print(sd_or_sem("0.9", "1.2", 7, 0, 10).detail)
    7 scores with mean 0.9 have an SD of at most 2.27 and an SEM of at most 0.86. As an SEM, 1.2 would need an SD of \
about 3.17. So 1.2 can only be an SD.
    """
    called = check_option("stated", stated or "not stated", ("sd", "sem", "not stated"))
    readings = spread_readings(mean, spread, n, minimum, maximum, step, decimals, spread_decimals=spread_decimals)
    shown = as_printed(mean, decimals, name="mean")
    after = printed_sd(spread, decimals if spread_decimals is None else spread_decimals)
    label = "" if called == "not stated" else f" ({called.upper()})"
    recomputed = " or ".join(name.upper() for name in readings.possible) or "neither SD nor SEM"
    return Check(
        "SD or SEM",
        _status(called, readings.possible),
        f"{shown} ± {after}{label}, n {n}",
        recomputed,
        _sentence(shown, after, n, readings, called),
    )


def _status(called: str, possible: tuple[Reading, ...]) -> Status:
    if not possible or (called != "not stated" and called not in possible):
        return "inconsistent"
    if called != "not stated":
        return "consistent"
    return "informative" if len(possible) == 1 else "not checkable"


def _sentence(shown: Decimal, after: Decimal, n: int, readings: SpreadReadings, called: str) -> str:
    if math.isnan(readings.largest_sd):
        return f"No {n} scores of this scale have mean {shown}."
    largest = f"an SD of at most {readings.largest_sd:.2f} and an SEM of at most {readings.largest_sem:.2f}"
    need = f"As an SEM, {after} would need an SD of about {float(after) * math.sqrt(n):.2f}."
    if not readings.possible:
        verdict = f"So {after} can be neither."
    elif len(readings.possible) == 2:
        verdict = "Both readings are possible."
    else:
        verdict = f"So {after} can only be {WORDS[readings.possible[0]]}."
    if called != "not stated" and readings.possible and called not in readings.possible:
        verdict = f"{verdict[:-1]}, not {WORDS[called]}."
    return f"{n} scores with mean {shown} have {largest}. {need} {verdict}"


def _largest_variance(mean: Interval, n: int, minimum: Fraction, maximum: Number | None) -> Fraction | None:
    """Largest sample variance of n values of any size whose mean lies in an interval; None if it is off the scale."""
    if maximum is None:
        return None if mean.high < minimum else n * (mean.high - minimum) ** 2
    top = exact("maximum", maximum)
    if top <= minimum:
        raise ValueError(f"maximum is {maximum}; it must be above the minimum {float(minimum):g}")
    if mean.high < minimum or mean.low > top:
        return None
    middle = min(max((minimum + top) / 2, mean.low), mean.high)
    return Fraction(n, n - 1) * max((middle - minimum) * (top - middle), Fraction(0))
