"""Columns that are numbers, and those that are not."""

import datetime
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nmosd_cohort.statistics.columns import check_columns, check_frame, numeric_column

DAY = datetime.date(2020, 1, 1)


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(pd.to_datetime(["2020-01-01", None])),
        pd.Series(pd.to_datetime(["2020-01-01", None]).tz_localize("UTC")),
        pd.Series(pd.to_timedelta([1, None], unit="D")),
        pd.Series([pd.NaT, 3], dtype=object),
        pd.Series([DAY, None], dtype=object),
        pd.Series(["3", None], dtype=object),
        pd.Series(["3", None], dtype="string"),
        pd.Series(["3", "4"], dtype="category"),
        pd.Series([1 + 2j, 3]),
    ],
)
def test_texts_and_dates_are_no_numbers(values: pd.Series):
    with pytest.raises(ValueError, match="column 'onset' holds texts or dates; give it as numbers"):
        numeric_column(values, "onset")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.Series([1, pd.NA], dtype="Int64"), [1, math.nan]),
        (pd.Series([True, False]), [1, 0]),
        (pd.Series([True, None], dtype="boolean"), [1, math.nan]),
        (pd.Series([2, None, 2.5], dtype=object), [2, math.nan, 2.5]),
        (pd.Series([3, 1], dtype="category"), [3, 1]),
        (pd.Series([], dtype=float), []),
        (pd.Series([None, None], dtype=object), [math.nan, math.nan]),
    ],
)
def test_numbers_of_any_type_become_floats(values: pd.Series, expected: list[float]):
    assert np.array_equal(numeric_column(values, "pain"), expected, equal_nan=True)


def test_what_is_neither_is_told_by_its_type():
    with pytest.raises(ValueError, match="column 'pain' holds object values; give it as numbers"):
        numeric_column(pd.Series([[1], [2]], dtype=object), "pain")


@pytest.mark.parametrize("frame", [[1, 2], {"a": [1]}, None, pd.Series([1])])
def test_a_frame_is_a_frame(frame: Any):
    with pytest.raises(ValueError, match="it must be a pandas DataFrame"):
        check_frame(frame, "outcomes")


def test_columns_are_there_once():
    check_columns(pd.DataFrame({"a": [1]}), ["a"])
    with pytest.raises(ValueError, match="the frame has no column 'b'; it has none"):
        check_columns(pd.DataFrame(), ["b"])
    with pytest.raises(ValueError, match="the frame has 2 columns 'a'; names must differ"):
        check_columns(pd.DataFrame([[1, 2]], columns=["a", "a"]), ["a"])
