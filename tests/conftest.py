"""Registries that several tests read."""

from __future__ import annotations

import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.codebook import read_codebook, typed_table


def registry_of(**tables: pd.DataFrame | dict[str, list[object]]) -> nc.Registry:
    """Return a registry with these tables; dates are given as ISO text, the rest is empty."""
    typed = {}
    for name, table in read_codebook().items():
        frame = pd.DataFrame(tables.get(name, {}))
        for column in frame.columns:
            if table.variables[column].type == "date":
                frame[column] = pd.to_datetime(frame[column])
        typed[name] = typed_table(name, frame)
    empty = pd.DataFrame()
    return nc.Registry(typed, empty, empty, empty, {"name": "by hand"})


@pytest.fixture(params=["pandas", "duckdb"])
def on_backend(request: pytest.FixtureRequest):
    """Return a function that puts a registry on each backend in turn."""
    return lambda registry: registry if request.param == "pandas" else registry.to_duckdb()


@pytest.fixture(scope="session")
def review() -> nc.Registry:
    """Return a synthetic registry of 400 patients."""
    return nc.simulate("review", n=400, seed=11)
