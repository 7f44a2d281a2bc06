"""Tables seen lazily, days as whole numbers, and the reduction of a frame to its tally."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import narwhals as nw

from nmosd_cohort.codebook import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

MINUTES_PER_DAY = 1440
EPOCH = datetime(1970, 1, 1)


def lazy(table: Any) -> nw.LazyFrame[Any]:
    """Return a table of a registry as a lazy frame, so that the same expressions run on every backend."""
    frame: nw.LazyFrame[Any] = nw.from_native(table).lazy()
    return frame


def day(column: str) -> nw.Expr:
    """Return a date column as whole days since 1970-01-01, of which every backend can take the least and greatest."""
    return ((nw.col(column) - nw.lit(EPOCH)).dt.total_minutes() // MINUTES_PER_DAY).cast(nw.Int64)


def completed_years(days: nw.Expr) -> nw.Expr:
    """Return a number of days as completed years of 365.25 days."""
    return (days / DAYS_PER_YEAR).floor().cast(nw.Int64)


def collect(frame: nw.LazyFrame[Any], sort_by: Sequence[str]) -> pd.DataFrame:
    """Return the rows of a lazy frame as pandas, in a fixed order, with the same types from every backend."""
    types = {name: _nullable(dtype) for name, dtype in frame.collect_schema().items()}
    rows = frame.collect(backend="pyarrow").select(*types).sort(*sort_by, nulls_last=True)
    collected: pd.DataFrame = rows.to_native().to_pandas(ignore_metadata=True).astype(types)
    return collected


def _nullable(dtype: nw.dtypes.DType) -> str:
    if dtype.is_integer() or dtype.is_decimal():
        return "Int64"
    if dtype.is_float():
        return "Float64"
    return "boolean" if dtype == nw.Boolean else "string"


def tally(frame: Any, by: Sequence[str]) -> pd.DataFrame:
    """One row a combination of values that occurs, with ``n``, the rows (patients) that have it.

    Parameters
    ----------
    frame
        Analysis frame, one row a patient: of this package, or a pandas frame, DuckDB relation or Arrow table.
    by
        Columns that make the combination. A missing value is a value of its own.

    Returns
    -------
    pandas.DataFrame
        The columns of ``by`` and ``n``, sorted by ``by``, missing last. Tallies of several sites add up.

    Raises
    ------
    ValueError
        If a column of ``by`` is not in the frame.

    Examples
    --------
    >>> import pandas as pd
    >>> patients = pd.DataFrame({"sex": ["female", "male", "female"]})
    >>> tally(patients, by=["sex"])["n"].tolist()
    [2, 1]
    """
    rows = frame if isinstance(frame, nw.LazyFrame) else lazy(frame)
    columns = rows.collect_schema().names()
    if absent := [name for name in by if name not in columns]:
        raise ValueError(f"the frame has no column {', '.join(absent)}; it has {', '.join(columns)}")
    return collect(rows.group_by(*by).agg(nw.len().alias("n")), by)
