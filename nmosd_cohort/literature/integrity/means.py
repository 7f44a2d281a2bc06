"""Means and SDs of whole scores: GRIM, GRIMMER and DEBIT."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

from nmosd_cohort.literature.integrity.deviations import DIVISORS, Divisor, limits_of_sd, variance_possible
from nmosd_cohort.literature.integrity.finding import Check
from nmosd_cohort.literature.integrity.printed import CUT_OFF, Number, as_printed, printed_interval, share_possible
from nmosd_cohort.literature.integrity.scores import Grid, patients, printed_sd, score_grid, sums_of_levels

UNPROVED = " Tested by limits and parity only, as there are too many samples to search."


def possible_sums(
    mean: Number,
    n: int,
    decimals: int | None = None,
    *,
    minimum: Number = 0,
    maximum: Number | None = None,
    step: Number = 1,
    items: int = 1,
    truncation: bool = True,
) -> tuple[Fraction, ...]:
    """Return the sums of n scores whose mean prints as given.

    Parameters
    ----------
    mean
        The mean as printed; a text such as "3.0" keeps its decimals.
    n
        Patients, one or more.
    decimals
        Decimals of the mean; None takes those of a text.
    minimum, maximum, step, items
        The answers one patient can give: lowest, highest (None where no end is known), distance between two, and
        items whose mean is the score.
    truncation
        Whether digits may have been cut off; rounding half up and half to even are always allowed for.

    Raises
    ------
    ValueError
        If a number, its decimals or the scale cannot be used.

    Examples
    --------
    >>> possible_sums("0.9", 7)
    (Fraction(6, 1),)
    """
    grid, size = score_grid(minimum=minimum, maximum=maximum, step=step, items=items), patients(n)
    between = printed_interval(as_printed(mean, decimals, name="mean"), truncation=truncation)
    return tuple(grid.mean(total, size) * size for total in sums_of_levels(between, size, grid))


def check_mean(
    mean: Number,
    n: int,
    decimals: int | None = None,
    *,
    minimum: Number = 0,
    maximum: Number | None = None,
    step: Number = 1,
    items: int = 1,
    truncation: bool = True,
) -> Check:
    """Test whether a printed mean can be that of n whole scores (GRIM).

    Parameters
    ----------
    mean, n, decimals, minimum, maximum, step, items, truncation
        As for `possible_sums`.

    Returns
    -------
    Check
        Where n is so large for the decimals that any mean would pass: ``not checkable``, or ``informative`` if the
        mean fits only as cut off.

    Raises
    ------
    ValueError
        As `possible_sums`.

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
    grid, size = score_grid(minimum=minimum, maximum=maximum, step=step, items=items), patients(n)
    shown = as_printed(mean, decimals, name="mean")
    sums = sums_of_levels(printed_interval(shown, truncation=truncation), size, grid)
    printed = f"mean {shown} of {size}"
    if not sums:
        around = " and ".join(f"{float(near):.6g}" for near in _neighbours(shown, size, grid))
        detail = f"No {size} scores {_scale(grid)} have a mean that prints as {shown}; the nearest are {around}."
        return Check("mean (GRIM)", "inconsistent", printed, "no sum", detail)
    note = "" if sums_of_levels(printed_interval(shown, truncation=False), size, grid) else CUT_OFF
    spacing, places = grid.step / size, _decimals(shown)
    share, rounded = (share_possible(spacing, places, truncation=cut) for cut in (truncation, False))
    found = f"sum {_span(sums, size, grid)}"
    if share < 1:
        detail = f"The scores add up to {_span(sums, size, grid)}. Of all such means {share:.0%} are possible.{note}"
        return Check("mean (GRIM)", "consistent", printed, found, detail)
    detail = f"With {size} scores any mean of so many decimals is possible, so nothing is tested."
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
    items: int = 1,
    truncation: bool = True,
) -> Check:
    """Test whether a printed mean and SD can be those of n whole scores (GRIMMER), exactly where n allows it.

    Parameters
    ----------
    mean, n, minimum, maximum, step, items, truncation
        As for `possible_sums`; n is 2 or more.
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
        As `possible_sums`, or if the SD is negative.

    Notes
    -----
    Anaya 2016 and Allard 2018 derive the test from parity and the size of the sum of squares. That passes some
    impossible samples, and the reconstruction of sums from a rounded SD has raised false alarms in programs. Here
    every sum of squares is decided in whole numbers: see `squares_possible`.

    Examples
    --------
    >>> check_mean_and_sd("0.9", "1.2", 7, maximum=10).recomputed
    'SD with divisor n-1'
    >>> check_mean_and_sd("0.9", "2.4", 7, maximum=10).status
    'inconsistent'
    """
    grid, size = score_grid(minimum=minimum, maximum=maximum, step=step, items=items), patients(n, least=2)
    shown, spread = (
        as_printed(mean, decimals, name="mean"),
        printed_sd(sd, decimals if sd_decimals is None else sd_decimals),
    )
    sums = sums_of_levels(printed_interval(shown, truncation=truncation), size, grid)
    printed = f"{shown} ± {spread}, n {size}"
    name = "mean and SD (GRIMMER)"
    if not sums:
        return Check(name, "inconsistent", printed, "no sum", f"No {size} scores {_scale(grid)} have this mean.")
    readings = _divisors_that_fit(shown, spread, size, grid, truncation=truncation)
    limits = limits_of_sd(sums, size, grid)
    around = f"The mean allows SDs (divisor n-1) from {limits.smallest:.2f} to {limits.largest:.2f}."
    if not readings:
        detail = f"No {size} scores {_scale(grid)} have this mean and SD, with divisor n-1 or n. {around}"
        return Check(name, "inconsistent", printed, "no sample", detail)
    recomputed = "SD with divisor " + " or ".join(readings)
    note = "" if _divisors_that_fit(shown, spread, size, grid, truncation=False) else CUT_OFF
    how = "" if any(readings.values()) else UNPROVED
    return Check(name, "consistent", printed, recomputed, f"Possible as an {recomputed}. {around}{note}{how}")


def check_binary_sd(
    share: Number, sd: Number, n: int, decimals: int | None = None, *, truncation: bool = True
) -> Check:
    """Test whether a mean and SD can be those of n answers of 0 or 1 (DEBIT).

    Parameters
    ----------
    share
        The mean of the answers as printed, 0 to 1.
    sd, n, decimals, truncation
        As for `check_mean_and_sd`.

    Raises
    ------
    ValueError
        As `check_mean_and_sd`.

    Notes
    -----
    Heathers and Brown 2019. With k ones the sample variance is k (n - k) / (n (n - 1)), and nothing else.

    Examples
    --------
    >>> check_binary_sd("0.36", "0.48", 100).status, check_binary_sd("0.36", "0.40", 100).status
    ('consistent', 'inconsistent')
    """
    found = check_mean_and_sd(share, sd, n, decimals, maximum=1, truncation=truncation)
    return Check("share and SD (DEBIT)", found.status, found.printed, found.recomputed, found.detail)


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
