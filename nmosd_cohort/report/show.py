"""What a script prints: answers, verdicts and tables as running text for a log file, a notebook or a terminal.

``terminal`` is for the commands of the shell: tables of the width of the window, lines for a pipe.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nmosd_cohort.report.format import decimal, is_missing, whole
from nmosd_cohort.report.rows import records, row_sentence
from nmosd_cohort.report.tables import role_caption
from nmosd_cohort.report.tables_literature import difference_text, figure_name, side_with_n, signed_verdict
from nmosd_cohort.report.words import humanise, readable
from nmosd_cohort.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nmosd_cohort.report.rows import Row

PLAIN_WIDTH = 120  # of a log file, which tells no width
SHOWN_ROLES = ("primary", "secondary")
DECIMALS = 3


def show(
    *things: Result | pd.DataFrame | Mapping[str, Any] | str | Any,
    title: str = "",
    measures: Sequence[str] | None = None,
    console: Console | None = None,
) -> None:
    """Print answers of questions, verdicts on published figures, estimates, tables or text, rounded.

    Parameters
    ----------
    things
        A Result prints its question, its primary and secondary estimates, how many patients it began and
        ended with, and the assumptions that do not hold. A frame of verdicts prints a block a figure. Any
        other frame prints as a table, an Estimate as one line, a mapping as one line a name, text as it is.
    title
        Heading above all of them.
    measures
        Measures of a Result to print, of any role; by default all that are primary or secondary.
    console
        Where to print; by default standard output, or the cell of a notebook.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> nc.show(nc.statistics.proportion(35, 122))
    0.287 (0.214 to 0.373), n = 122; Wilson
    """
    out = console or _console()
    if title:
        out.rule(Text(title), align="left", style="bold")
    for thing in things:
        if isinstance(thing, Result):
            _show_result(out, thing, measures)
        elif isinstance(thing, pd.DataFrame):
            _show_frame(out, thing)
        elif isinstance(thing, Mapping):
            _bullets(out, (f"{name}: {_line(value)}" for name, value in thing.items()))
        else:
            out.print(_line(thing), markup=False, highlight=False)


def _console() -> Console:
    """Return standard output; in a notebook as plain text, as each print would be a block of its own there."""
    return Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH, force_jupyter=False)


def _line(thing: Any) -> str:
    """Return an Estimate as one line, anything else as text."""
    names = {field.name for field in fields(thing)} if is_dataclass(thing) and not isinstance(thing, type) else set()
    if not {"estimate", "conf_low", "conf_high", "n", "method"} <= names:
        return str(thing)
    if is_missing(thing.estimate):
        return f"not estimated, n = {whole(thing.n)}; {thing.method}"
    limits = "no interval"
    if not is_missing(thing.conf_low):
        limits = f"{decimal(thing.conf_low, DECIMALS)} to {decimal(thing.conf_high, DECIMALS)}"
    return f"{decimal(thing.estimate, DECIMALS)} ({limits}), n = {whole(thing.n)}; {thing.method}"


def _show_result(out: Console, result: Result, measures: Sequence[str] | None) -> None:
    out.print(Text(readable(result.question), style="bold"))
    rows = records(result.estimates)
    kept = [row for row in rows if (row["measure"] in measures if measures else row["role"] in SHOWN_ROLES)]
    for role in dict.fromkeys(str(row["role"]) for row in kept):
        out.print(f"{role_caption(role)}:", markup=False)
        _bullets(out, (row_sentence(row) for row in kept if row["role"] == role))
    if not kept:
        out.print("No estimate could be made.", markup=False)
    steps = records(result.flow)
    if steps:
        ends = f"{whole(steps[0]['n'])} patients at the first step, {whole(steps[-1]['n'])} analysed"
        lost = [f"{whole(step['excluded'])} {step['reason']}" for step in steps if step["excluded"]]
        out.print(f"Patients: {'; '.join([ends, *map(readable, lost)])}.", markup=False)
    _bullets(
        out,
        (
            f"{row['check']}: {row['status']}. {row['detail']}"
            for row in records(result.checks)
            if row["status"] != "met"
        ),
    )
    out.print()


def _bullets(out: Console, lines: Iterable[str]) -> None:
    for line in lines:
        out.print(Text(f"  - {line}"))


def _show_frame(out: Console, frame: pd.DataFrame) -> None:
    if {"figure", "verdict", "reason", "published_estimate"} <= set(frame.columns):
        for row in records(frame):
            _show_verdict(out, row)
    else:
        out.print(_table(frame))
    out.print()


def _show_verdict(out: Console, row: Row) -> None:
    out.print(Text(f"{figure_name(row)}: {signed_verdict(row['verdict'])}", style="bold"))
    sides = [f"{word} {side_with_n(row, side)}" for side, word in (("published", "published"), ("local", "here"))]
    if not is_missing(row["difference"]):
        sides.append(f"difference {difference_text(row)}")
    _bullets(out, ["; ".join(sides), str(row["reason"])])


def _table(frame: pd.DataFrame) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in frame.columns:
        numeric = pd.api.types.is_numeric_dtype(frame[name])
        table.add_column(humanise(str(name)), justify="right" if numeric else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        table.add_row(*(Text(_cell(value)) for value in row))
    return table


def _cell(value: Any) -> str:
    if is_missing(value):
        return ""
    return decimal(value, DECIMALS) if isinstance(value, float) else str(value)
