"""Numbers of shares.R, for the tests of odds ratios, standardised shares, true prevalence and assessment."""

import csv
from pathlib import Path

REFERENCE = Path(__file__).parents[1] / "reference" / "shares.csv"


def shares(prefix: str) -> dict[str, dict[str, float]]:
    """Return the cases that start with the prefix: what follows it, and the numbers of R by term."""
    cases: dict[str, dict[str, float]] = {}
    with REFERENCE.open() as file:
        for row in csv.DictReader(file):
            if row["quantity"].startswith(prefix + " "):
                cases.setdefault(row["quantity"].removeprefix(prefix + " "), {})[row["term"]] = float(row["value"])
    return cases


def whole_numbers(case: str) -> tuple[int, ...]:
    """Return the counts of a case such as ``6/7/2/9``."""
    return tuple(int(number) for number in case.split("/"))
