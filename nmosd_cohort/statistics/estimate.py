"""Estimate, what every statistical function returns, and the checks that all of them share."""

from __future__ import annotations

import datetime
import math
import numbers
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
LARGEST_COUNT = 1e15  # above it whole numbers are no longer exact in every step
ROW_COLUMNS = ("estimate", "std_error", "conf_low", "conf_high", "p_value", "n", "method")


@dataclass(frozen=True, slots=True)
class Estimate:
    """One estimate with its confidence limits, unrounded.

    Parameters
    ----------
    estimate
        The point estimate, NaN where the data do not give one.
    conf_low, conf_high
        Confidence limits, NaN where they cannot be estimated; `method` then says why.
    n
        Patients (or pairs) that the estimate was made of.
    method
        How estimate and limits were made.
    std_error
        Standard error on the scale of the estimate, NaN where the limits do not rest on one.
    p_value
        Two-sided p-value against no effect, NaN where there is none to test.
    conf_level
        Coverage of the limits, above 0 and below 1.
    events
        Patients with the event, for shares and counts.

    Examples
    --------
    >>> Estimate(0.25, 0.05, 0.70, 4, "by hand", events=1).estimate
    0.25
    """

    estimate: float
    conf_low: float
    conf_high: float
    n: int
    method: str
    std_error: float = math.nan
    p_value: float = math.nan
    conf_level: float = 0.95
    events: int | None = None


def not_estimable(
    reason: str,
    n: int,
    *,
    estimate: float = math.nan,
    p_value: float = math.nan,
    conf_level: float = 0.95,
    events: int | None = None,
) -> Estimate:
    """Return an estimate without limits whose `method` says why there are none.

    Examples
    --------
    >>> not_estimable("only one value", 1).method
    'not estimable: only one value'
    >>> not_estimable("all values equal", 9, estimate=3.0).method
    'limits not estimable: all values equal'
    """
    what = "not estimable" if math.isnan(estimate) else "limits not estimable"
    method = f"{what}: {reason}"
    return Estimate(estimate, math.nan, math.nan, n, method, p_value=p_value, conf_level=conf_level, events=events)


def as_row(estimate: object) -> dict[str, Any]:
    """Return an estimate, or a record with the same fields, as a row of a tidy table.

    Examples
    --------
    >>> as_row(Estimate(0.25, 0.05, 0.70, 4, "by hand"))["conf_high"]
    0.7
    """
    return {column: getattr(estimate, column) for column in ROW_COLUMNS}


def check_conf_level(conf_level: float) -> float:
    """Return the confidence level as a float.

    Raises
    ------
    ValueError
        If it is not above 0 and below 1.

    Examples
    --------
    >>> check_conf_level(0.9)
    0.9
    """
    if not isinstance(conf_level, numbers.Real) or not 0 < conf_level < 1:
        raise ValueError(f"conf_level is {conf_level!r}; it must lie between 0 and 1, for example 0.95")
    return float(conf_level)


def as_number(name: str, value: float, *, low: float = -math.inf, high: float = math.inf) -> float:
    """Return a single number within bounds, both allowed.

    Raises
    ------
    ValueError
        If it is not a number, missing, or out of bounds.

    Examples
    --------
    >>> as_number("sensitivity", 1, low=0, high=1)
    1.0
    """
    if isinstance(value, numbers.Real) and low <= value <= high:
        return float(value)
    bounds = [f"{low:g} or more"] if low > -math.inf else []
    bounds += [f"{high:g} or less"] if high < math.inf else []
    raise ValueError(f"{name} is {value!r}; it must be a number{' of ' if bounds else ''}{' and '.join(bounds)}")


def check_option(name: str, value: str, allowed: Collection[str]) -> str:
    """Return the value of an option.

    Raises
    ------
    ValueError
        If it is not one of the allowed values; the message lists them.

    Examples
    --------
    >>> check_option("zeros", "pratt", ("pratt", "drop"))
    'pratt'
    """
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(allowed)}")
    return value


def as_values(values: ArrayLike, *, name: str = "values") -> Floats:
    """Return values as a one-dimensional float array.

    Raises
    ------
    ValueError
        If they are not numbers (dates and numbers in quotes are not), not one-dimensional, or some are missing
        or infinite.

    Examples
    --------
    >>> as_values([1, 2]).tolist()
    [1.0, 2.0]
    """
    given = np.asarray(values)
    is_mixed = given.dtype.kind == "O" and any(isinstance(part, (str, datetime.date)) for part in given.flat)
    if is_mixed or given.dtype.kind in "mMSUV":
        raise ValueError(f"{name} must be numbers; texts, dates and times are not")
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers without missing entries") from error
    if array.ndim != 1:
        raise ValueError(f"{name} has {array.ndim} dimensions; it must have one")
    bad = int((~np.isfinite(array)).sum())
    if bad:
        raise ValueError(f"{name} has {bad} missing or infinite entries of {array.size}; remove and count them first")
    return array


def check_aligned(**arguments: object) -> None:
    """Raise if pandas arguments of one length have different row labels, as rows are taken in their order.

    Parameters
    ----------
    arguments
        Arguments of a function by their names; those without row labels are not looked at.

    Raises
    ------
    ValueError
        If two differ; the message names them.

    Examples
    --------
    >>> import pandas as pd
    >>> check_aligned(outcome=pd.Series([1, 2]), design=pd.DataFrame({"woman": [1, 0]}, index=[1, 0]))
    Traceback (most recent call last):
    ValueError: outcome and design have different row labels; align them, or hand in .to_numpy() if rows do match
    """
    indexes = {name: getattr(given, "index", None) for name, given in arguments.items()}
    labels: dict[str, Any] = {name: index for name, index in indexes.items() if hasattr(index, "equals")}
    first = next(iter(labels), "")
    for name, index in labels.items():
        if len(index) == len(labels[first]) and not index.equals(labels[first]):
            raise ValueError(
                f"{first} and {name} have different row labels; align them, or hand in .to_numpy() if rows do match"
            )


def as_counts(values: ArrayLike, counts: ArrayLike | None = None, *, name: str = "values") -> tuple[Floats, Counts]:
    """Return values and their whole-number counts, rows with count 0 left out.

    Parameters
    ----------
    values
        Numbers, one a cell of the tally.
    counts
        Patients in each cell; None counts every value once.
    name
        What the values are, for messages.

    Returns
    -------
    tuple
        A float array and an integer array of the same length.

    Raises
    ------
    ValueError
        If a value is missing, or a count is missing, negative, not whole, or the lengths differ.

    Examples
    --------
    >>> values, n = as_counts([0, 5, 7], [3, 0, 2])
    >>> values.tolist(), n.tolist()
    ([0.0, 7.0], [3, 2])
    """
    check_aligned(**{name: values, "counts": counts})
    array = as_values(values, name=name)
    whole = patient_counts(counts, size=array.size, name=name)
    return array[whole > 0], whole[whole > 0]


def as_pairs(
    before: ArrayLike,
    after: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    names: tuple[str, str] = ("before", "after"),
) -> tuple[Floats, Floats, Counts]:
    """Return two values of the same patients and the patients with each pair, rows with count 0 left out.

    Raises
    ------
    ValueError
        If the two differ in length, or one of them or the counts break the rules of `as_counts`.

    Examples
    --------
    >>> before, after, n = as_pairs([5, 7], [3, 7], [2, 1])
    >>> (after - before).tolist(), n.tolist()
    ([-2.0, 0.0], [2, 1])
    """
    check_aligned(**{names[0]: before, names[1]: after, "counts": counts})
    one, two = as_values(before, name=names[0]), as_values(after, name=names[1])
    if one.size != two.size:
        raise ValueError(f"{names[0]} has {one.size} entries and {names[1]} {two.size}; they must be paired")
    whole = patient_counts(counts, size=one.size, name=names[0])
    return one[whole > 0], two[whole > 0], whole[whole > 0]


def patient_counts(counts: ArrayLike | None, *, size: int, name: str = "values") -> Counts:
    """Return the patients in each row as an integer array of the given size, one each without counts.

    Raises
    ------
    ValueError
        As `check_counts`, or if they are yes and no, which is a group and no number of patients.

    Examples
    --------
    >>> patient_counts(None, size=2).tolist(), patient_counts([3, 0], size=2).tolist()
    ([1, 1], [3, 0])
    """
    if counts is None:
        return np.ones(size, dtype=np.int64)
    if np.asarray(counts).dtype == np.bool_:
        raise ValueError(f"counts of {name} are yes or no; give the number of patients in each row")
    return check_counts(counts, size=size, name=name)


def check_counts(counts: ArrayLike, *, size: int, name: str = "values") -> Counts:
    """Return counts as an integer array of the given size, zeros kept.

    Raises
    ------
    ValueError
        If a count is missing, negative or not whole, or there are not `size` of them.

    Examples
    --------
    >>> check_counts([2.0, 0.0], size=2).tolist()
    [2, 0]
    """
    weights = as_values(counts, name=f"counts of {name}")
    if weights.size != size:
        raise ValueError(f"{name} has {size} entries but {weights.size} counts; there must be one count for each")
    bad = int(((weights < 0) | (weights >= LARGEST_COUNT) | (weights != np.floor(weights))).sum())
    if bad:
        raise ValueError(f"counts of {name}: {bad} are negative or not whole; counts are numbers of patients")
    return weights.astype(np.int64)


def whole_number(name: str, value: float) -> int:
    """Return a single non-negative whole number.

    Raises
    ------
    ValueError
        If it is missing, negative or not whole.

    Examples
    --------
    >>> whole_number("n", 12.0)
    12
    """
    if hasattr(value, "__len__") and not isinstance(value, str):
        raise ValueError(f"{name} holds {len(value)} values; it must be one total, for example {name}.sum()")
    number = float(value) if isinstance(value, numbers.Real) else math.nan
    if not 0 <= number < LARGEST_COUNT or number != math.floor(number):
        raise ValueError(f"{name} is {value!r}; it must be a whole number of 0 or more")
    return int(number)


def part_of_whole(part_name: str, part: float, whole_name: str, whole: float) -> tuple[int, int]:
    """Return a part and its whole as whole numbers.

    Raises
    ------
    ValueError
        If one of them is not a whole number, or the part is larger than the whole.

    Examples
    --------
    >>> part_of_whole("events", 3, "n", 4.0)
    (3, 4)
    """
    events, n = whole_number(part_name, part), whole_number(whole_name, whole)
    if events > n:
        raise ValueError(f"{part_name} is {events}, more than {whole_name} = {n}")
    return events, n
