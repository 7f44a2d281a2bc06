"""Parquet files and frames become the same text records that a CSV file gives."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from numbers import Integral, Real
from typing import TYPE_CHECKING

from nmosd_cohort.intake.errors import InputError
from nmosd_cohort.intake.records import Records, build_records, check_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def parquet_records(content: bytes, file: str) -> Records:
    """Return the records of a Parquet file; they have numbers but no lines."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError, ValueError):
        raise InputError(f"{file}: is not a Parquet file that can be read whole; write it again") from None
    nested = [field.name for field in table.schema if pa.types.is_nested(field.type)]
    if nested:
        raise InputError(f"{file}: column {nested[0]} holds lists or structures; write one value a cell")
    columns = [column.to_pylist() for column in table.columns]
    return _records(file, [str(name) for name in table.column_names], columns, content)


def frame_records(frame: pd.DataFrame, file: str) -> Records:
    """Return the records of a pandas frame; they have numbers but no lines."""
    names = [str(name) for name in frame.columns]
    columns = [frame.iloc[:, place].astype(object).tolist() for place in range(len(names))]
    return _records(file, names, columns, None)


def cell_text(value: object) -> str:
    """Return the text of a value: whole numbers without .0, true and false, ISO dates, missing as blank.

    Examples
    --------
    >>> [cell_text(value) for value in (3.0, 2.5, True, None, "001", float("nan"))]
    ['3', '2.5', 'true', '', '001', '']
    """
    if isinstance(value, str):
        return value
    if value is None or type(value).__name__ in ("NAType", "NaTType") or value != value:
        return ""
    if isinstance(value, bool) or type(value).__name__ == "bool":
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat()
    return _number_text(value)


def _number_text(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Real):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    return str(value)


def _records(file: str, names: Sequence[str], columns: Sequence[Sequence[object]], content: bytes | None) -> Records:
    header = [name.strip() for name in names]
    check_header(header, file)
    if not header:
        raise InputError(f"{file}: has no columns")
    texts = [[cell_text(value) for value in column] for column in columns]
    native = frozenset(
        name for name, column in zip(header, columns, strict=True) if not any(isinstance(v, str) for v in column)
    )
    filled = [any(cell.strip() for cell in row) for row in zip(*texts, strict=True)]
    numbers = [number for number, is_filled in enumerate(filled, start=1) if is_filled]
    kept = [[text for text, is_filled in zip(column, filled, strict=True) if is_filled] for column in texts]
    empty = len(filled) - len(numbers)
    # A frame has no bytes of its own; its names and cells, set apart by control signs, stand for them.
    own = content or "\x1e".join("\x1f".join(row) for row in (header, *texts)).encode("utf-8", "surrogatepass")
    lines = [0] * len(numbers)
    return build_records(file, header, kept, lines, numbers, own, empty=(empty, empty * len(header)), native=native)
