"""Tallies, their rows and comparisons of estimates, for the tests of rank methods and correlations."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st

from nmosd_cohort.statistics.estimate import Estimate

EXACT = 1e-10
REFERENCE = Path(__file__).parents[1] / "reference"

tallies = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 6)), min_size=1, max_size=7)

# Samples of rank_tests.R.
UNTIED_X = [1.83, 0.51, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3]
UNTIED_Y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06001, 3.14, 1.293]
SCORES_X = [0, 1, 1, 2, 3, 3, 3, 4, 5, 7, 8, 2, 2, 6, 4]
SCORES_Y = [0, 0, 0, 1, 1, 2, 2, 3, 3, 5, 1, 0, 2, 4, 1, 0]
SCORES_Z = [4, 4, 6, 7, 2, 8, 9, 5]
SAMPLES = {
    "untied": (UNTIED_X, UNTIED_Y),
    "scores": (SCORES_X, SCORES_Y),
    "uneven": (SCORES_Z, SCORES_Y),
    "many": (SCORES_X * 3, SCORES_Y * 3),
}


def numbers_of(script: str) -> pd.Series:
    """Return what an R script found, by quantity and term."""
    frame = pd.read_csv(REFERENCE / f"{script}.csv", keep_default_na=False, na_values={"value": "NA"})
    return frame.set_index(["quantity", "term"])["value"].astype(float)


def reference(case: str):
    """Return the numbers of ranks.R for a case: one entry a sample or pair of samples."""
    cases = {}
    with (REFERENCE / "ranks.csv").open() as file:
        for row in csv.DictReader(file):
            if row["case"] == case:
                key = (row["x"], row["y"], float(row["conf_level"]))
                cases.setdefault(key, {})[row["quantity"]] = float(row["value"])
    return [
        ([float(value) for value in x.split()], [float(value) for value in y.split()], level, numbers)
        for (x, y, level), numbers in cases.items()
    ]


def expanded(cells: pd.DataFrame) -> pd.DataFrame:
    """Return a tally with column n as one row a patient."""
    return cells.loc[cells.index.repeat(cells["n"])].reset_index(drop=True)


def rows(tally: list[tuple[int, ...]]):
    """Return the values of a tally, each as often as it occurs."""
    return np.repeat([float(value) for value, _ in tally], [n for _, n in tally])


def columns(tally: list[tuple[int, ...]]):
    """Return the values and the counts of a tally."""
    return [value for value, _ in tally], [n for _, n in tally]


def assert_same(one: Estimate, two: Estimate):
    """Check that two estimates agree in every number and in words."""
    for name in ("estimate", "conf_low", "conf_high", "std_error", "p_value"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), abs=EXACT, nan_ok=True), name
    assert (one.n, one.method) == (two.n, two.method)
