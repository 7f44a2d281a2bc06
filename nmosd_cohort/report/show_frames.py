"""Frames as running text: verdicts as a block a figure, others as a table, or as a block a row where they are wide."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from nmosd_cohort.literature.verdict import VERDICT_COLUMNS
from nmosd_cohort.report.format import decimal, is_missing, number_text, p_text, whole
from nmosd_cohort.report.rows import records
from nmosd_cohort.report.tables_literature import difference_text, figure_name, side_text, side_with_n, signed_verdict
from nmosd_cohort.report.words import humanise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from nmosd_cohort.report.rows import Row

DECIMALS = 3
MOST_ROWS = 50  # printed as blocks
FEW_COLUMNS = 12  # of a cut frame of verdicts: whoever chose so few wants to see each
NARROWEST = 24  # characters that a column of long text needs to be read
NAMED_BY = ("paper", "construct", "denominator", "time_frame")
SIDES = (("published", "published"), ("local", "here"))


def show_frame(out: Console, frame: pd.DataFrame) -> None:
    """Print a frame: verdicts as blocks, another one as a table if that fits the width, else a block a row."""
    named = [name for name in frame.index.names if name is not None and name not in frame.columns]
    shown = frame.reset_index(level=named) if named else frame
    if {"figure", "verdict"} <= set(shown.columns):
        chosen = [name for name in shown.columns if len(shown.columns) <= FEW_COLUMNS or name not in VERDICT_COLUMNS]
        for row in records(shown):
            _show_verdict(out, row, chosen)
        return
    table, width = _table(shown)
    if width <= out.width:
        out.print(table)
    else:
        _show_rows(out, shown)


def bullets(out: Console, lines: Iterable[str]) -> None:
    """Print one line each with a dash before it."""
    for line in lines:
        out.print(Text(f"  - {line}"))


def value_text(value: Any) -> str:
    """Return a value as text, numbers rounded, an Estimate with its limits, patients and method.

    Examples
    --------
    >>> value_text(0.123456), value_text([1, 2.50]), value_text("as it is")
    ('0.1235', '1, 2.5', 'as it is')
    """
    if isinstance(value, (list, tuple)):
        return ", ".join(map(value_text, value))
    names = {field.name for field in fields(value)} if is_dataclass(value) and not isinstance(value, type) else set()
    if not {"estimate", "conf_low", "conf_high", "n", "method"} <= names:
        return number_text(value) if isinstance(value, float) else str(value)
    if is_missing(value.estimate):
        return f"not estimated, n = {whole(value.n)}; {value.method}"
    limits = "no interval"
    if not is_missing(value.conf_low):
        limits = f"{decimal(value.conf_low, DECIMALS)} to {decimal(value.conf_high, DECIMALS)}"
    return f"{decimal(value.estimate, DECIMALS)} ({limits}), n = {whole(value.n)}; {value.method}"


def _show_verdict(out: Console, row: Row, chosen: list[str]) -> None:
    """Print what there is of one verdict: its name and id, both sides, the reason, and other columns chosen."""
    has_name = set(NAMED_BY) <= set(row)
    name = figure_name(row) if has_name else str(row["figure"])
    out.print(Text(f"{name}: {signed_verdict(row['verdict'])}", style="bold"))
    if has_name:
        out.print(Text(f"  {row['figure']}", style="dim"))
    used = {"figure", "verdict", "reason", *(NAMED_BY if has_name else ())}
    sides = []
    for side, word in SIDES:
        parts = {f"{side}_{part}" for part in ("estimate", "low", "high", "n")}
        if f"{side}_estimate" in row:
            used |= {*parts, "scale"}
            sides.append(f"{word} {_side(row, side)}")
    if "difference" in row:
        used |= {"difference", "difference_low", "difference_high", "scale"}
        if not is_missing(row["difference"]):
            whole_row = {"difference_low": None, "difference_high": None, "scale": ""} | dict(row)
            sides.append(f"difference {difference_text(whole_row)}")
    others = _named({column: row[column] for column in chosen if column not in used})
    reason = "" if is_missing(row.get("reason")) else str(row["reason"])
    bullets(out, filter(None, ("; ".join(sides), reason, "; ".join(others))))


def _side(row: Row, side: str) -> str:
    has_n = f"{side}_n" in row
    whole_row = {f"{side}_low": None, f"{side}_high": None, f"{side}_n": None, "scale": ""} | dict(row)
    return side_with_n(whole_row, side) if has_n else side_text(whole_row, side)


def _named(values: Row) -> list[str]:
    return [f"{_head(name)}: {_cell(value, name)}" for name, value in values.items() if _cell(value, name)]


def _show_rows(out: Console, frame: pd.DataFrame) -> None:
    """Print one block a row, its first value as the heading, missing values left out."""
    for cells in frame.head(MOST_ROWS).itertuples(index=False, name=None):
        pairs = [(str(name), _cell(value, name)) for name, value in zip(frame.columns, cells, strict=True)]
        out.print(Text(pairs[0][1] or "no name", style="bold"))
        bullets(out, [f"{_head(name)}: {text}" for name, text in pairs[1:] if text])
    more = len(frame) - MOST_ROWS
    if more > 0:
        out.print(f"and {whole(more)} more row{'' if more == 1 else 's'}", highlight=False)


def _table(frame: pd.DataFrame) -> tuple[Table, int]:
    """Return a frame as a table, and the characters a line needs so that each column can be read."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    rows = [[_cell(value, name) for value, name in zip(cells, frame.columns, strict=True)]
            for cells in frame.itertuples(index=False, name=None)]  # fmt: skip
    width = 0
    for place, name in enumerate(frame.columns):
        head = _head(name)
        numeric = pd.api.types.is_numeric_dtype(frame.dtypes.iloc[place])
        least = _least_width([head, *(row[place] for row in rows)])
        table.add_column(head, justify="right" if numeric else "left", overflow="fold", min_width=least)
        width += least + 3
    for row in rows:
        table.add_row(*map(Text, row))
    return table, width


def _least_width(texts: list[str]) -> int:
    """Return the width of the longest text, of long ones as much as they need to be read: their longest word."""
    longest = max(map(len, texts))
    word = max((len(word) for text in texts for word in text.split()), default=0)
    return min(longest, max(word, NARROWEST))


def _cell(value: Any, name: object) -> str:
    if not isinstance(value, (list, tuple, dict)) and is_missing(value):
        return ""
    if isinstance(value, float) and str(name) in ("p_value", "p_adjusted"):
        return p_text(value)
    return value_text(value)


def _head(name: object) -> str:
    return "n" if name == "n" else humanise(str(name))
