"""The population behind a registry: persons by calendar year and, if given, by age group."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from numbers import Real
from typing import Any

ALL_AGES = "all ages"
OLDEST = 200
_SPAN = re.compile(r"(\d{1,3})-(\d{1,3})")
_OPEN = re.compile(r"(\d{1,3})\+")


def age_limits(label: str) -> tuple[int, int]:
    """Return first and last completed year of age of a group such as 18-64 or 65+.

    Raises
    ------
    ValueError
        If it is not written so.

    Examples
    --------
    >>> age_limits("18-64"), age_limits("65+")
    ((18, 64), (65, 200))
    """
    if found := _SPAN.fullmatch(label):
        low, high = int(found[1]), int(found[2])
        if low <= high:
            return low, high
    if found := _OPEN.fullmatch(label):
        return int(found[1]), OLDEST
    raise ValueError(f"age group {label!r} is not written as 18-64 or 65+")


def read_population(population: object) -> dict[int, dict[str, float]]:
    """Return persons by year and age group; a plain number stands for all ages.

    Parameters
    ----------
    population
        Calendar year to persons, or to a mapping of age group to persons; all years in the same form.

    Raises
    ------
    ValueError
        If it is no such mapping, a year or group is not written as one, groups overlap or differ between years, or a
        number is not above 0.

    Examples
    --------
    >>> read_population({2019: 1000000})
    {2019: {'all ages': 1000000.0}}
    >>> read_population({"2019": {"0-17": 200000, "18+": 800000}})
    {2019: {'0-17': 200000.0, '18+': 800000.0}}
    """
    if not isinstance(population, Mapping) or not population:
        raise ValueError("population must map calendar years to persons, for example {2019: 1000000}")
    years = {_year(year): _groups(year, persons) for year, persons in population.items()}
    if len({tuple(groups) for groups in years.values()}) > 1:
        raise ValueError("population must have the same age groups in every year, in the same order")
    return dict(sorted(years.items()))


def _year(year: object) -> int:
    text = str(year)
    if not re.fullmatch(r"(19|20)\d\d", text):
        raise ValueError(f"population: {text!r} is not a calendar year such as 2019")
    return int(text)


def _groups(year: object, persons: Any) -> dict[str, float]:
    if not isinstance(persons, Mapping):
        return {ALL_AGES: _persons(year, persons)}
    groups = {str(label): _persons(f"{year}, {label}", number) for label, number in persons.items()}
    limits = sorted(age_limits(label) for label in groups)
    if not groups or any(first[1] >= second[0] for first, second in pairwise(limits)):
        raise ValueError(f"population of {year}: age groups are missing or overlap")
    return groups


def _persons(where: object, number: object) -> float:
    if isinstance(number, bool) or not isinstance(number, Real) or not 0 < float(number) < float("inf"):
        raise ValueError(f"population of {where} is {number!r}; it must be a number of persons above 0")
    return float(number)
