"""Numbers of R and tallies that the survival tests share; survival.R beside the numbers made both."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from tests.statistics.tally_helpers import REFERENCE

EXACT = 1e-10  # R does the same arithmetic
ROOT = 1e-9  # R finds these by a numerical search with tolerance 1e-12 or less
LOGLIK = 1e-8  # a difference of two log-likelihoods

# time, event, group, patients: tied times, a few patients in each row
tallies = st.lists(
    st.tuples(st.integers(1, 6), st.integers(0, 1), st.integers(0, 1), st.integers(1, 4)), min_size=4, max_size=12
)


@functools.cache
def _numbers() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "survival.csv", dtype={"term": str})


@functools.cache
def _cells() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "survival_cells.csv")


def numbers(quantity: str) -> dict[str, float]:
    """Return what survival.R found, by term."""
    chosen = _numbers()[_numbers()["quantity"] == quantity]
    assert len(chosen) > 0, quantity
    return dict(zip(chosen["term"], chosen["value"], strict=True))


def by_time(quantity: str) -> dict[float, float]:
    """Return what survival.R found, by time."""
    return {float(term): value for term, value in numbers(quantity).items()}


def tally_of(name: str) -> pd.DataFrame:
    """Return the tally that survival.R was given."""
    return _cells()[_cells()["set"] == name].reset_index(drop=True)


def columns(tally: list[tuple[int, int, int, int]]) -> tuple[np.ndarray, ...]:
    """Return time, event, group and counts of a tally."""
    return tuple(np.array(column) for column in zip(*tally, strict=True))


def rows(tally: list[tuple[int, int, int, int]]) -> tuple[np.ndarray, ...]:
    """Return time, event and group with one row a patient."""
    time, event, group, counts = columns(tally)
    return tuple(np.repeat(part, counts) for part in (time, event, group))


def assert_same_frame(one: pd.DataFrame, two: pd.DataFrame, *, but: tuple[str, ...] = ()) -> None:
    """Check that two frames of estimates agree."""
    pd.testing.assert_frame_equal(
        one.drop(columns=list(but)), two.drop(columns=list(but)), check_dtype=False, rtol=0, atol=EXACT
    )
