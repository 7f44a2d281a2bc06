"""What a script prints: answers, verdicts and tables as running text for a log file, a notebook or a terminal.

``terminal`` is for the commands of the shell: tables of the width of the window, lines for a pipe.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console
from rich.text import Text

from nmosd_cohort.report.format import whole
from nmosd_cohort.report.rows import records, row_sentence
from nmosd_cohort.report.show_frames import bullets, show_frame, value_text
from nmosd_cohort.report.streams import write_what_can_be_written
from nmosd_cohort.report.tables import role_caption
from nmosd_cohort.report.words import labels, readable
from nmosd_cohort.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

PLAIN_WIDTH = 120  # of a log file, which tells no width
SHOWN_ROLES = ("primary", "secondary")


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
        ended with, and the assumptions that do not hold. A frame with the columns ``figure`` and
        ``verdict`` prints a block a figure, with what else it has. Any other frame prints as a table, or where
        that is wider than the page as a block a row, at most 50. An Estimate prints as one line, a mapping as one
        line a name, text as it is. Numbers have up to 4 significant digits.
    title
        Heading above all of them.
    measures
        Measures of a Result to print, of any role; by default all that are primary or secondary.
    console
        Where to print; by default standard output, or the cell of a notebook.

    Raises
    ------
    ValueError
        If a measure is asked for that neither a Result nor any question has; the message lists those it has.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> nc.show(nc.statistics.proportion(35, 122))
    0.287 (0.214 to 0.373), n = 122; Wilson
    """
    write_what_can_be_written()
    out = console or _console()
    if title:
        out.rule(Text(title), align="left", style="bold")
    for thing in things:
        if isinstance(thing, Result):
            _show_result(out, thing, measures)
        elif isinstance(thing, pd.DataFrame):
            show_frame(out, thing)
            out.print()
        elif isinstance(thing, Mapping):
            bullets(out, (f"{name}: {value_text(value)}" for name, value in thing.items()))
        else:
            out.print(value_text(thing), markup=False, highlight=False)


def _console() -> Console:
    """Return standard output; in a notebook as plain text, as each print would be a block of its own there."""
    return Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH, force_jupyter=False)


def _show_result(out: Console, result: Result, measures: Sequence[str] | None) -> None:
    rows = records(result.estimates)
    _check_measures(result, measures or ())
    out.print(Text(readable(result.question), style="bold"))
    kept = [row for row in rows if (row["measure"] in measures if measures else row["role"] in SHOWN_ROLES)]
    for role in dict.fromkeys(str(row["role"]) for row in kept):
        out.print(f"{role_caption(role)}:", markup=False)
        bullets(out, (row_sentence(row) for row in kept if row["role"] == role))
    if not kept:
        asked = f" of {', '.join(measures)}" if measures and rows else ""
        out.print(f"No estimate{asked} could be made.", markup=False, highlight=False)
    steps = records(result.flow)
    if steps:
        ends = f"{whole(steps[0]['n'])} patients at the first step, {whole(steps[-1]['n'])} analysed"
        lost = [f"{whole(step['excluded'])} {step['reason']}" for step in steps if step["excluded"]]
        out.print(f"Patients: {'; '.join([ends, *map(readable, lost)])}.", markup=False)
    bullets(
        out,
        (
            f"{row['check']}: {row['status']}. {row['detail']}"
            for row in records(result.checks)
            if row["status"] != "met"
        ),
    )
    out.print()


def _check_measures(result: Result, measures: Sequence[str]) -> None:
    """Refuse a measure that does not exist; one that exists may lack an estimate in a small registry."""
    known = list(dict.fromkeys(result.estimates["measure"]))
    unknown = [measure for measure in measures if measure not in known and measure not in labels()["measures"]]
    if unknown:
        has = ", ".join(known) or "no estimate"
        raise ValueError(f"{result.name} has no measure {', '.join(unknown)}; it has {has}")
