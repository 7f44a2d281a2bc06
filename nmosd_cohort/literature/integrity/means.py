"""Means and SDs that whole scores can have: the tests known as GRIM, GRIMMER and, for answers of 0 or 1, DEBIT."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from nmosd_cohort.literature.integrity.finding import Check
from nmosd_cohort.literature.integrity.printed import CUT_OFF, Number, as_printed, printed_interval, share_possible
from nmosd_cohort.literature.integrity.samples import (
    DIVISORS,
    MOST_SCORES,
    Divisor,
    limits_of_sd,
    possible_samples,
    variance_possible,
)
from nmosd_cohort.literature.integrity.scores import Grid, patients, printed_sd, score_grid, sums_of_levels

UNPROVED = " Tested by limits and parity only, as there are too many samples to search."
SMALLER_N = " A smaller n, as some had no score, may explain it."
FEW = 6  # samples that are counted


def check_mean(
    mean: Number,
    n: int,
    decimals: int | None = None,
    *,
    minimum: Number = 0,
    maximum: Number | None = None,
    step: Number = 1,
) -> Check:
    """Test whether a printed mean can be that of n whole scores (GRIM).

    Parameters
    ----------
    mean
        The mean as printed; a text such as "3.0" keeps its decimals.
    n
        Patients, one or more.
    decimals
        Decimals of the mean; None takes those of a text.
    minimum, maximum, step
        The answers one patient can give: lowest, highest (None where no end is known), distance between two.

    Returns
    -------
    Check
        Where n is so large for the decimals that any mean would pass: ``not checkable``, or ``informative`` if the
        mean fits only as cut off.

    Raises
    ------
    ValueError
        If a number, its decimals or the scale cannot be used.

    Notes
    -----
    Brown and Heathers 2017 (doi:10.1177/1948550616673876).

    Examples
    --------
    >>> check_mean("5.19", 28).status
    'inconsistent'
    >>> check_mean("3.2", 19).status
    'not checkable'
    """
    grid, size = score_grid(minimum=minimum, maximum=maximum, step=step), patients(n)
    shown = as_printed(mean, decimals, name="mean")
    sums = sums_of_levels(printed_interval(shown), size, grid)
    printed = f"mean {shown} of {size}"
    if not sums:
        around = " and ".join(f"{float(near):.6g}" for near in _neighbours(shown, size, grid))
        detail = (
            f"No {size} scores {_scale(grid)} have a mean that prints as {shown}; the nearest are {around}.{SMALLER_N}"
        )
        return Check("mean (GRIM)", "inconsistent", printed, "no sum", detail)
    note = "" if sums_of_levels(printed_interval(shown, truncation=False), size, grid) else CUT_OFF
    spacing, places = grid.step / size, _decimals(shown)
    share, rounded = (share_possible(spacing, places, truncation=cut) for cut in (True, False))
    found = f"sum {_span(sums, size, grid)}"
    if share < 1:
        detail = f"The scores add up to {_span(sums, size, grid)}. Of all such means {share:.0%} are possible.{note}"
        return Check("mean (GRIM)", "consistent", printed, found, detail)
    scores = "1 score" if size == 1 else f"{size} scores"
    detail = f"With {scores} any mean of so many decimals is possible, so nothing is tested."
    if rounded < 1:
        detail = (
            f"If digits may be cut off, any such mean of {size} scores is possible, by rounding {rounded:.0%}.{note}"
        )
    return Check("mean (GRIM)", "informative" if note else "not checkable", printed, found, detail)


def check_mean_and_sd(
    mean: Number,
    sd: Number,
    n: int,
    decimals: int | None = None,
    *,
    sd_decimals: int | None = None,
    minimum: Number = 0,
    maximum: Number | None = None,
    step: Number = 1,
) -> Check:
    """Test whether a printed mean and SD can be those of n whole scores (GRIMMER), exactly where n allows it.

    Parameters
    ----------
    mean, n, minimum, maximum, step
        As for `check_mean`; n is 2 or more.
    sd
        The standard deviation as printed.
    decimals, sd_decimals
        Decimals of the mean, and of the SD where they differ; None takes those of a text.

    Returns
    -------
    Check
        ``inconsistent`` if neither the sample SD (divisor n-1) nor the population SD (divisor n) can print so. The
        detail says which of the two can, the SDs the mean allows, and whether the search was exhaustive.

    Raises
    ------
    ValueError
        As `check_mean`, or if the SD is negative.

    Notes
    -----
    Anaya 2016 and Allard 2018; decided in whole numbers, see `variance_possible`. With a maximum of 1 it is the DEBIT
    test of Heathers and Brown 2019.

    Examples
    --------
    >>> check_mean_and_sd("0.9", "1.2", 7, maximum=10).recomputed
    'SD with divisor n-1'
    >>> check_mean_and_sd("0.9", "2.4", 7, maximum=10).status
    'inconsistent'
    """
    grid, size = score_grid(minimum=minimum, maximum=maximum, step=step), patients(n, least=2)
    shown, spread = (
        as_printed(mean, decimals, name="mean"),
        printed_sd(sd, decimals if sd_decimals is None else sd_decimals),
    )
    sums = sums_of_levels(printed_interval(shown), size, grid)
    printed = f"{shown} ± {spread}, n {size}"
    name = "mean and SD (GRIMMER)"
    if not sums:
        return Check(
            name, "inconsistent", printed, "no sum", f"No {size} scores {_scale(grid)} have this mean.{SMALLER_N}"
        )
    readings = _divisors_that_fit(shown, spread, size, grid, truncation=True)
    smallest, largest = limits_of_sd(sums, size, grid)
    around = f"The mean allows SDs (divisor n-1) from {smallest:.2f} to {largest:.2f}."
    if not readings:
        detail = f"No {size} scores {_scale(grid)} have this mean and SD, with divisor n-1 or n. {around}{SMALLER_N}"
        return Check(name, "inconsistent", printed, "no sample", detail)
    recomputed = "SD with divisor " + " or ".join(readings)
    note = "" if _divisors_that_fit(shown, spread, size, grid, truncation=False) else CUT_OFF
    how = "" if any(readings.values()) else UNPROVED
    few = "" if size > MOST_SCORES else _few_samples(shown, spread, size, (minimum, maximum, step), list(readings))
    return Check(name, "consistent", printed, recomputed, f"Possible as an {recomputed}. {around}{few}{note}{how}")


def _few_samples(
    shown: Decimal, spread: Decimal, n: int, scale: tuple[Number, Number | None, Number], divisors: list[Divisor]
) -> str:
    """Say how few samples there are, where there are few."""
    low, high, step = scale
    found = [
        possible_samples(shown, spread, n, minimum=low, maximum=high, step=step, divisor=one, limit=FEW + 1)
        for one in divisors
    ]
    samples = {sample for one in found for sample in one.samples}
    if len(samples) > FEW or not all(one.is_complete for one in found):
        return ""
    if len(samples) == 1:
        return f" Only the scores {', '.join(f'{score:g}' for score in next(iter(samples)))} fit."
    return f" Only {len(samples)} sets of scores fit."


def _divisors_that_fit(shown: Decimal, spread: Decimal, n: int, grid: Grid, *, truncation: bool) -> dict[Divisor, bool]:
    """Divisors whose SD can print so, each with whether that is proved."""
    sums = sums_of_levels(printed_interval(shown, truncation=truncation), n, grid)
    variance = printed_interval(spread, truncation=truncation).squared()
    found = {divisor: variance_possible(sums, n, grid, variance, divisor=divisor) for divisor in DIVISORS}
    return {divisor: is_proved for divisor, (is_possible, is_proved) in found.items() if is_possible}


def _neighbours(shown: Decimal, n: int, grid: Grid) -> tuple[Fraction, ...]:
    """Nearest possible means at or below, and above, a printed one that is not possible."""
    below = math.floor((Fraction(shown) - grid.minimum) / grid.step * n)
    most = below + 1 if grid.top is None else n * grid.top
    return tuple(sorted({grid.mean(min(max(level, 0), most), n) for level in (below, below + 1)}))


def _scale(grid: Grid) -> str:
    step = "" if grid.step == 1 else f" in steps of {float(grid.step):.4g}"
    if grid.top is None:
        return f"from {float(grid.minimum):g} up{step}"
    return f"from {float(grid.minimum):g} to {float(grid.minimum + grid.step * grid.top):g}{step}"


def _span(sums: range, n: int, grid: Grid) -> str:
    first, last = (f"{float(grid.mean(level, n) * n):.10g}" for level in (sums[0], sums[-1]))
    return first if len(sums) == 1 else f"{first} {'or' if len(sums) == 2 else 'to'} {last}"


def _decimals(shown: Decimal) -> int:
    return -int(shown.as_tuple().exponent)
