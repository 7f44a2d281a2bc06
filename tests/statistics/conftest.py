"""Numbers of R that several tests of the statistics read; the scripts that made them lie beside them."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

REFERENCE = Path(__file__).parents[1] / "reference"


@pytest.fixture(scope="module")
def tally() -> pd.DataFrame:
    """Return the tally that models.R was given."""
    return pd.read_csv(REFERENCE / "models_tally.csv")


@pytest.fixture(scope="module")
def numbers() -> pd.Series:
    """Return what models.R found, by quantity and term."""
    frame = pd.read_csv(REFERENCE / "models_numbers.csv", keep_default_na=False)
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
