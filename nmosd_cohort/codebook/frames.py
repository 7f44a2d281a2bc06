"""Frames in codebook form: every column of a table, in order, with a type that keeps missing apart from zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nmosd_cohort.codebook.reader import read_codebook

if TYPE_CHECKING:
    import pandas as pd

# pyarrow types hold a true null, so comparisons follow three-valued logic exactly as they do in DuckDB.
ARROW_TYPES = {
    "id": "string",
    "text": "string",
    "code": "string",
    "codes": "string",
    "boolean": "bool",
    "integer": "int64",
    "number": "double",
    "date": "timestamp[us]",
}


def typed_table(name: str, frame: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the table in codebook form: all its columns, in order, typed; absent ones are all missing.

    Parameters
    ----------
    name
        A table of the codebook.
    frame
        Values that are valid already (checking them is the task of intake), or None for an empty table.

    Examples
    --------
    >>> typed_table("attacks").columns.tolist()[:2]
    ['patient_id', 'attack_date']
    """
    import pandas as pd

    variables = read_codebook()[name].variables
    source = pd.DataFrame() if frame is None else frame
    columns = {
        variable.name: pd.Series(
            source.get(variable.name), index=source.index, dtype=f"{ARROW_TYPES[variable.type]}[pyarrow]"
        )
        for variable in variables.values()
    }
    return pd.DataFrame(columns).reset_index(drop=True)
