"""Plant named errors in text tables, and keep a log, so that a reader's findings can be scored against it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOG_COLUMNS = (
    "table",
    "row",  # position in the dirty table, counted from 0
    "column",  # empty where the whole row is the error
    "kind",
    "value",  # what stands there now
)
# Errors of one cell: kind, table, column, the new text made from the old one.
CELL_ERRORS: tuple[tuple[str, str, str, Callable[[str], str]], ...] = (
    ("edss_half_point", "assessments", "edss", lambda _: "0.5"),
    ("nrs_above_range", "assessments", "pain_nrs", lambda _: "11"),
    ("nrs_range", "assessments", "pain_nrs", lambda _: "7-8"),
    ("decimal_comma", "assessments", "bpi_severity", lambda text: f"{float(text):.2f}".replace(".", ",")),
    ("text_in_number", "assessments", "bdi_ii", lambda _: "not done"),
    ("undeclared_code", "assessments", "pain_nrs", lambda _: "-99"),
    ("swapped_date", "attacks", "attack_date", lambda text: _swapped(text)),
    ("two_digit_year", "assessments", "assessment_date", lambda text: _short_year(text)),
    ("blank_id", "assessments", "patient_id", lambda _: ""),
    ("undeclared_sex", "patients", "sex", lambda _: "3"),
)
ROW_ERRORS = ("duplicate_key", "orphan_row")


def text_tables(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return tables in codebook form as text, a blank for a missing value, dates as 2025-12-31.

    Examples
    --------
    >>> from nmosd_cohort.codebook import typed_table
    >>> labs = typed_table("labs", pd.DataFrame({"patient_id": ["1"], "analyte": ["c5a"], "value": [2.5]}))
    >>> text_tables({"labs": labs})["labs"].loc[0, ["value", "unit"]].tolist()
    ['2.5', '']
    """
    return {name: table.apply(_as_text) for name, table in tables.items()}


def _as_text(column: pd.Series[Any]) -> pd.Series[str]:
    kind = str(column.dtype)
    if kind.startswith("timestamp"):
        text = column.dt.strftime("%Y-%m-%d")
    elif kind.startswith("bool"):
        text = column.map({True: "true", False: "false"})
    elif kind.startswith("double"):
        text = column.map(lambda value: f"{value:.12g}", na_action="ignore")
    else:
        text = column.astype("string")
    filled: pd.Series[str] = text.astype(object).where(column.notna(), "")
    return filled


def make_dirty(
    tables: Mapping[str, pd.DataFrame], *, seed: int, per_kind: int = 1
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return the tables with errors planted, and one row an error that was planted.

    Parameters
    ----------
    tables
        Tables of text in codebook form (see ``text_tables``); they are not changed. Errors of a table that
        is absent or too small are left out.
    seed
        Seed of the places where errors go; no two errors share a row.
    per_kind
        How many errors of each kind.

    Returns
    -------
    tuple
        The dirty tables, and the log with the columns table, row, column, kind, value. A duplicated key
        logs both rows that carry it.
    """
    rng = np.random.default_rng(seed)
    dirty = {name: table.reset_index(drop=True).copy() for name, table in tables.items()}
    used: dict[str, set[int]] = {name: set() for name in dirty}
    log: list[tuple[str, int, str, str, str]] = []
    for kind, table, column, change in CELL_ERRORS:
        if table in dirty:
            for row in _free_rows(dirty[table], column, kind, used[table], per_kind, rng):
                value = change(str(dirty[table].loc[row, column]))
                dirty[table].loc[row, column] = value
                log.append((table, row, column, kind, value))
    for kind in ROW_ERRORS:
        log += _add_rows(dirty, kind, used, per_kind, rng)
    return dirty, pd.DataFrame(log, columns=list(LOG_COLUMNS))


def _free_rows(
    table: pd.DataFrame, column: str, kind: str, used: set[int], wanted: int, rng: np.random.Generator
) -> list[int]:
    """Return rows, not used so far, in which the error changes the cell; they are marked as used."""
    text = table[column]
    fits = text != ""
    if kind == "swapped_date":
        # A day above 12 cannot be a month, so a swap is wrong for certain.
        fits &= text.str.slice(-2).map(lambda day: day.isdigit() and int(day) > 12)
    if kind == "decimal_comma":
        fits &= text.str.contains(".", regex=False)
    free = [row for row in np.flatnonzero(fits).tolist() if row not in used]
    chosen = sorted(rng.choice(free, size=min(wanted, len(free)), replace=False).tolist()) if free else []
    used.update(chosen)
    return chosen


def _add_rows(
    dirty: dict[str, pd.DataFrame], kind: str, used: dict[str, set[int]], wanted: int, rng: np.random.Generator
) -> list[tuple[str, int, str, str, str]]:
    """Append rows with a repeated key and another score, or of a patient who does not exist; return the log."""
    log: list[tuple[str, int, str, str, str]] = []
    table = "assessments"
    if table not in dirty:
        return log
    for row in _free_rows(dirty[table], "edss", kind, used[table], wanted, rng):
        added = dirty[table].loc[[row]].copy()
        if kind == "duplicate_key":
            added["edss"] = "3" if added["edss"].item() != "3" else "4"
            log.append((table, row, "", kind, ""))
        else:
            added["patient_id"] = f"X{rng.integers(10**5, 10**6)}"
        dirty[table] = pd.concat([dirty[table], added], ignore_index=True)
        log.append((table, len(dirty[table]) - 1, "", kind, ""))
        used[table].add(len(dirty[table]) - 1)
    return log


def _swapped(text: str) -> str:
    year, month, day = text.split("-")
    return f"{year}-{day}-{month}"


def _short_year(text: str) -> str:
    """Return a date with two digits for its year, day first: 2025-12-31 becomes 31.12.25."""
    year, month, day = re.split("-", text)
    return f"{day}.{month}.{year[2:]}"
