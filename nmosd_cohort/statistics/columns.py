"""Checks of frames whose columns may have missing values."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

import numpy as np
import pandas as pd

from nmosd_cohort.statistics.estimate import Floats

NO_NUMBERS = "cmMSUV"  # kinds of numpy arrays that are complex numbers, times, texts or records


def check_frame(frame: pd.DataFrame, name: str = "frame") -> pd.DataFrame:
    """Return a frame.

    Raises
    ------
    ValueError
        If it is something else.

    Examples
    --------
    >>> check_frame([1, 2])
    Traceback (most recent call last):
    ValueError: frame is of type list; it must be a pandas DataFrame
    """
    if not isinstance(frame, pd.DataFrame):
        raise ValueError(f"{name} is of type {type(frame).__name__}; it must be a pandas DataFrame")
    return frame


def check_columns(frame: pd.DataFrame, names: Iterable[object]) -> None:
    """Raise if the frame has not exactly one column of each name.

    Examples
    --------
    >>> check_columns(pd.DataFrame({"pain": [3]}), ["edss"])
    Traceback (most recent call last):
    ValueError: the frame has no column 'edss'; it has pain
    """
    held: list[object] = list(frame.columns)
    for name in names:
        if held.count(name) == 0:
            raise ValueError(f"the frame has no column {name!r}; it has {', '.join(map(str, held)) or 'none'}")
        if held.count(name) > 1:
            raise ValueError(f"the frame has {held.count(name)} columns {name!r}; names must differ")


def numeric_column(column: pd.Series, name: object, *, what: str = "column") -> Floats:
    """Return a column as floats, NaN where a value is missing; `what` is what a message calls it.

    Raises
    ------
    ValueError
        If it holds texts, dates or anything else that is no number.

    Examples
    --------
    >>> numeric_column(pd.Series([1, None, True], dtype=object), "pain").tolist()
    [1.0, nan, 1.0]
    >>> numeric_column(pd.Series(["3", None]), "pain")
    Traceback (most recent call last):
    ValueError: column 'pain' holds texts or dates; give it as numbers, categories as 0/1 columns
    """
    given = column.to_numpy()
    no_numbers = (str, bytes, datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)
    is_mixed = given.dtype.kind == "O" and any(isinstance(part, no_numbers) for part in given)
    if is_mixed or given.dtype.kind in NO_NUMBERS:
        raise ValueError(f"{what} {name!r} holds texts or dates; give it as numbers, categories as 0/1 columns")
    try:
        numbers: Floats = column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{what} {name!r} holds {column.dtype} values; give it as numbers, categories as 0/1 columns"
        ) from error
    return numbers
