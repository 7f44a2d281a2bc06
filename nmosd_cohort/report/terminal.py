"""What the commands of the shell print: tables where a person watches, tab-separated lines where a program reads.

``show`` is for scripts and notebooks: running text in both cases.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from nmosd_cohort.literature.references import paper_name
from nmosd_cohort.report.format import is_missing, whole
from nmosd_cohort.report.rows import Row, records
from nmosd_cohort.report.tables_literature import (
    BLANK,
    by_paper,
    counts_said,
    difference_text,
    figure_subject,
    is_compared,
    side_with_n,
    signed_verdict,
)
from nmosd_cohort.report.uncompared import reasons
from nmosd_cohort.report.words import humanise, labels

if TYPE_CHECKING:
    import pandas as pd

FIGURE_COLUMNS = ("figure", "paper", "construct", "denominator", "time_frame", "n", "events", "printed", "printed_unit",
    "conf_low", "conf_high", "question", "provenance", "integrity")  # fmt: skip
VERDICT_COLUMNS = ("figure", "paper", "verdict", "published_estimate", "published_low", "published_high", "published_n",
    "local_estimate", "local_low", "local_high", "local_n", "difference", "difference_low", "difference_high", "scale",
    "p_adjusted", "smallest_detectable", "reason")  # fmt: skip
HEADS = ("Figure", "Published", "Local", "Local minus published", "Verdict")
MOST_REASONS = 6


def print_figures(figures: pd.DataFrame, *, console: Console | None = None) -> None:
    """Print published figures by paper and their number; tab-separated where no person watches.

    Parameters
    ----------
    figures
        Rows of ``published_figures``.
    console
        Where to print; by default standard output.
    """
    out = console or Console()
    papers = figures["paper"].nunique()
    total = f"{whole(len(figures))} figure{_s(len(figures))} of {whole(papers)} paper{_s(papers)}"
    if not out.is_terminal:
        _print_lines(figures, FIGURE_COLUMNS, total)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    for head, ratio in (("Figure", 5), ("What", 5), ("n", None), ("Printed", 4), ("Read", None)):
        table.add_column(head, ratio=ratio, overflow="fold", no_wrap=ratio is None)
    for _, rows in figures.groupby("paper", sort=False):
        for row in records(rows):
            table.add_row(*(Text(cell) for cell in _figure_cells(row)))
        table.add_section()
    out.print(table)
    out.print(total, highlight=False)


def _s(n: int) -> str:
    return "" if n == 1 else "s"


def _figure_cells(row: Row) -> tuple[str, ...]:
    n = "" if is_missing(row["n"]) else str(row["n"])
    return (
        str(row["figure"]),
        figure_subject(row),
        n if is_missing(row["events"]) else f"{row['events']}/{n}",
        printed_text(row),
        str(row["provenance"]),
    )


def printed_text(row: Row) -> str:
    """Return the number of a published figure as it stands in the paper, with the limits printed beside it.

    Examples
    --------
    >>> row = {"printed": 28.7, "decimals": 1, "printed_unit": "percent", "unit": "share", "derived": False}
    >>> printed_text(row | {"conf_low": 0.207, "conf_high": 0.367})
    '28.7 % (20.7 to 36.7)'
    """
    if is_missing(row["printed"]):
        return f"{100 * row['estimate']:.1f} % (derived)" if row["derived"] else _before_after(row)
    decimals = 0 if is_missing(row["decimals"]) else int(row["decimals"])
    unit = {"percent": " %", None: ""}.get(row["printed_unit"], f" {row['printed_unit']}")
    number = f"{row['printed']:.{decimals}f}" if decimals else f"{row['printed']:g}"
    if is_missing(row["conf_low"]):
        return f"{number}{unit}"
    factor = 100 if row["unit"] == "share" else 1
    low, high = (f"{factor * row[side]:.4g}" for side in ("conf_low", "conf_high"))
    return f"{number}{unit} ({low} to {high})"


def _before_after(row: Row) -> str:
    """Return what a paper prints in place of one number: two means or medians, one median, or nothing."""
    for name in ("mean", "median"):
        before, after = row.get(f"baseline_{name}"), row.get(f"follow_up_{name}")
        if not is_missing(before) and not is_missing(after):
            return f"{name} {before:g} before, {after:g} after"
    median = row.get("median")
    return "no number seen" if is_missing(median) else f"median {median:g}"


def print_verdicts(verdicts: pd.DataFrame, *, console: Console | None = None) -> None:
    """Print verdicts by paper, their counts, and what could not be compared; tab-separated where no person watches.

    Parameters
    ----------
    verdicts
        As ``validate`` returns them.
    console
        Where to print; by default standard output.
    """
    out = console or Console()
    if not out.is_terminal:
        _print_lines(verdicts, VERDICT_COLUMNS, summary(verdicts))
        return
    compared = verdicts[is_compared(verdicts)]
    if len(compared):
        out.print(_columns([Text(head, style="bold") for head in HEADS]))
    for paper, rows in by_paper(compared):
        out.print(Rule(Text(paper_name(paper), style="bold"), align="left", style="dim"))
        for row in records(rows):
            _print_verdict(out, row)
    _print_uncompared(out, verdicts)
    out.print(Text(summary(verdicts), style="bold"))


def summary(verdicts: pd.DataFrame) -> str:
    """Return how many figures were compared, and how often each verdict was reached, in one line."""
    compared = int(is_compared(verdicts).sum())
    return f"{whole(compared)} of {whole(len(verdicts))} figures compared. {humanise(counts_said(verdicts))}"


def _print_verdict(out: Console, row: Row) -> None:
    entry = labels()["verdicts"].get(str(row["verdict"]), {})
    sides = [side_with_n(row, side).replace(f", n{BLANK}", f"\nn{BLANK}") for side in ("published", "local")]
    cells = [figure_subject(row), *sides, difference_text(row)]
    verdict = Text(signed_verdict(row["verdict"]), style=f"bold {entry.get('colour', '')}".strip())
    out.print(_columns([*(Text(cell) for cell in cells), verdict]))
    out.print(Padding(Text(f"{row['figure']}: {row['reason']}", style="dim"), (0, 0, 1, 2)))


def _columns(cells: list[Text]) -> Table:
    """Return one line of cells in columns of the same width on every line."""
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for _ in cells:
        grid.add_column(ratio=1, overflow="fold")
    grid.add_row(*cells)
    return grid


def _print_uncompared(out: Console, verdicts: pd.DataFrame) -> None:
    found = reasons(verdicts)
    if found:
        out.print(Rule(Text("What could not be compared, and why", style="bold"), align="left", style="dim"))
    for cause, by_reason in found.items():
        own = [(reason, len(figures)) for reason, figures in by_reason.items()]
        out.print(Text(f"{cause}: {whole(sum(n for _, n in own))}"))
        table = Table.grid(padding=(0, 1))
        table.add_column(justify="right", min_width=5)
        table.add_column(overflow="fold")
        for reason, n in own[:MOST_REASONS]:
            table.add_row(whole(n), Text(reason))
        more = own[MOST_REASONS:]
        if more:
            table.add_row(whole(sum(n for _, n in more)), f"for {whole(len(more))} other reasons, see --out")
        out.print(Padding(table, (0, 0, 1, 0)))


def _print_lines(frame: pd.DataFrame, columns: tuple[str, ...], total: str) -> None:
    """Write a header and one tab-separated line a row to standard output, and the total to standard error."""
    lines = ["\t".join(columns)]
    lines += ["\t".join(_plain(row[name]) for name in columns) for row in records(frame)]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stderr.write(f"{total}\n")


def _plain(value: Any) -> str:
    if is_missing(value):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else " ".join(str(value).split())
