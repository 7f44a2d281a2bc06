"""Columns with true nulls, dates and identifiers, as codebook tables hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def with_nulls(values: NDArray[Any], is_missing: NDArray[np.bool_]) -> pd.Series[Any]:
    """Return values as a column in which the missing ones are null."""
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.array(values, mask=is_missing)))


def dates(days: NDArray[np.int64], is_missing: NDArray[np.bool_] | None = None) -> pd.Series[Any]:
    """Return days since 1970-01-01 as a column of dates.

    Examples
    --------
    >>> dates(np.array([0, 31])).dt.strftime("%Y-%m-%d").tolist()
    ['1970-01-01', '1970-02-01']
    """
    missing = np.zeros(len(days), dtype=bool) if is_missing is None else is_missing
    return with_nulls(days.astype("datetime64[D]").astype("datetime64[us]"), missing)


def labels(
    codes: NDArray[np.int64], names: Sequence[str], is_missing: NDArray[np.bool_] | None = None
) -> pd.Series[Any]:
    """Return whole numbers as the names that they stand for."""
    named = np.asarray(names, dtype=object)[codes]
    return with_nulls(named, np.zeros(len(codes), dtype=bool) if is_missing is None else is_missing)


def patient_ids(patient: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return identifiers of patients by their number, the same for the same patient whatever the cohort's size.

    Examples
    --------
    >>> patient_ids(np.array([0, 1])).tolist()
    ['P000001', 'P000002']
    """
    known, where = np.unique(patient, return_inverse=True)
    names = np.array([f"P{number + 1:06d}" for number in known.tolist()], dtype=object)
    return names[where]


def subset_names(names: Sequence[str]) -> NDArray[np.object_]:
    """Return the joined names of every subset of names; bit k of the position says whether name k belongs to it.

    Examples
    --------
    >>> subset_names(["arm", "leg"]).tolist()
    ['', 'arm', 'leg', 'arm;leg']
    """
    joined = [
        ";".join(name for bit, name in enumerate(names) if number >> bit & 1) for number in range(2 ** len(names))
    ]
    return np.array(joined, dtype=object)
