"""Mean and SD of a sample that is known by its median with quartiles or range."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from nmosd_cohort.statistics.estimate import as_number, whole_number

FEWEST_PATIENTS = 5


@dataclass(frozen=True, slots=True)
class ConvertedMean:
    """Mean and SD that a median with quartiles or range stands for if the values were normal.

    Parameters
    ----------
    mean, sd
        On the scale of the values.
    n
        Patients.
    method
        What they were made from, and how.

    Examples
    --------
    >>> mean_from_quartiles(4, 30, quartiles=(2, 6)).n
    30
    """

    mean: float
    sd: float
    n: int
    method: str


def mean_from_quartiles(
    median: float,
    n: int,
    *,
    quartiles: tuple[float, float] | None = None,
    extremes: tuple[float, float] | None = None,
) -> ConvertedMean:
    """Mean and SD of a sample from its median, with its quartiles, its smallest and largest value, or both.

    Parameters
    ----------
    median, n
        Median, and patients (5 or more).
    quartiles
        Lower and upper quartile.
    extremes
        Smallest and largest value.

    Returns
    -------
    ConvertedMean
        For normal values. Skewed values, such as scales with many zeros, give a mean that is off; `method` says
        how far the median lies from the middle of its quartiles (or range), as a share of half their distance:
        beyond about a third do not pool the mean without the original data.

    Raises
    ------
    ValueError
        If neither is given or one is not a pair of numbers, values are not in rising order or all equal, or there
        are fewer than five patients.

    Notes
    -----
    Mean: Luo, Wan, Liu and Tong 2018 (doi:10.1177/0962280216669183). SD: Wan, Wang, Liu and Tong 2014
    (doi:10.1186/1471-2288-14-135), by their formula for any n; their table for small n differs in the third digit.

    Examples
    --------
    >>> converted = mean_from_quartiles(4, 30, extremes=(1, 10))
    >>> round(converted.mean, 6), round(converted.sd, 3)
    (4.356748, 2.206)
    """
    size = whole_number("n", n)
    if size < FEWEST_PATIENTS:
        raise ValueError(f"n is {size}; a mean from a median needs {FEWEST_PATIENTS} patients or more")
    if quartiles is None and extremes is None:
        raise ValueError("give the quartiles, the extremes, or both; a median alone has no spread")
    median = as_number("median", median)
    quartiles, extremes = _pair("quartiles", quartiles), _pair("extremes", extremes)
    _check_order(median, quartiles, extremes)
    mean, sds = float(median), []
    quartile_share, extreme_share = _shares(size, quartiles is not None, extremes is not None)
    if quartiles is not None:
        mean += quartile_share * (sum(quartiles) / 2 - median)
        sds.append((quartiles[1] - quartiles[0]) / (2 * float(norm.ppf((0.75 * size - 0.125) / (size + 0.25)))))
    if extremes is not None:
        mean += extreme_share * (sum(extremes) / 2 - median)
        sds.append((extremes[1] - extremes[0]) / (2 * float(norm.ppf((size - 0.375) / (size + 0.25)))))
    known = " and ".join(name for name, pair in (("quartiles", quartiles), ("range", extremes)) if pair is not None)
    low, high = quartiles if quartiles is not None and quartiles[0] < quartiles[1] else extremes or (0.0, 1.0)
    lean = abs(2 * median - low - high) / (high - low)
    method = f"from median, {known} as of a normal sample (Luo 2018, Wan 2014); median {lean:.0%} off the middle"
    return ConvertedMean(mean, sum(sds) / len(sds), size, method)


def _shares(n: int, has_quartiles: bool, has_extremes: bool) -> tuple[float, float]:
    """Return the weights of the middle of the quartiles and of the range; the median has the rest."""
    if has_quartiles and has_extremes:
        return 0.7 - 0.72 / n**0.55, 2.2 / (2.2 + n**0.75)
    return 0.7 + 0.39 / n, 4 / (4 + n**0.75)


def _pair(name: str, given: Sequence[float] | None) -> tuple[float, float] | None:
    if given is None:
        return None
    parts = list(given) if np.iterable(given) else []
    if len(parts) != 2:
        raise ValueError(f"{name} is {given!r}; it must be two numbers, the lower first")
    return as_number(f"lower of {name}", parts[0]), as_number(f"upper of {name}", parts[1])


def _check_order(median: float, quartiles: tuple[float, float] | None, extremes: tuple[float, float] | None) -> None:
    values: list[float] = [median]
    for pair in (quartiles, extremes):
        if pair is not None:
            values = [pair[0], *values, pair[1]]
    if not all(math.isfinite(value) for value in values):
        raise ValueError("median, quartiles and extremes must be finite numbers")
    if values != sorted(values):
        raise ValueError(f"{', '.join(f'{value:g}' for value in values)} do not rise; check quartiles and extremes")
    if values[0] == values[-1]:
        raise ValueError("all values are equal; there is no spread to make an SD of")
