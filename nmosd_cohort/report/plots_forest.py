"""Published figures against the registry's own, as a forest plot."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from nmosd_cohort.report.format import is_missing
from nmosd_cohort.report.plots_core import (
    INK,
    QUIET,
    Look,
    draw_interval,
    empty_figure,
    label_rows,
    set_title,
)
from nmosd_cohort.report.rows import Row, records
from nmosd_cohort.report.tables_literature import figure_name, in_order, side_text
from nmosd_cohort.report.words import humanise, labels, question_order, question_short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PUBLISHED = Look("#222222", "o", "#FFFFFF")
PANEL_TITLES = {
    "share": "Shares, %",
    "points": "Points",
    "correlation": "Correlation",
    "standard deviations": "Standardised coefficient",
    "log odds ratio": "Odds ratio (log axis)",
    "log rate ratio": "Rate ratio (log axis)",
    "log rate": "Rate per person-year (log axis)",
}  # in the order of the panels
WITH_ZERO = ("correlation", "standard deviations")
WIDTH_INCHES, LEFT_INCHES, RIGHT_INCHES = 11.0, 3.5, 3.85
ROW_INCHES = 0.37
TITLE_INCHES, BETWEEN_INCHES, LEGEND_INCHES = 0.35, 0.85, 0.85
LABEL_CHARACTERS = 54  # that fit to the left of a panel


def verdict_look(verdict: str) -> Look:
    """Return colour and shape of a verdict.

    Examples
    --------
    >>> verdict_look("different")
    Look(colour='#B2340B', marker='D', fill='')
    """
    entry = labels()["verdicts"].get(verdict)
    return Look(entry["colour"], entry["marker"]) if entry else Look(QUIET, ".")


def _numbers(row: Row, side: str, factor: float) -> tuple[float, float, float]:
    values = [row[f"{side}_{part}"] for part in ("estimate", "low", "high")]
    estimate, low, high = (math.nan if is_missing(value) else factor * float(value) for value in values)
    return estimate, low, high


def _draw_row(panel: Axes, place: float, row: Row, factor: float) -> None:
    """Draw the published figure above and the local one below, the latter in the look of the verdict."""
    published, local = _numbers(row, "published", factor), _numbers(row, "local", factor)
    if not math.isnan(published[0]):
        draw_interval(panel, place - 0.17, published, PUBLISHED, size=5)
    if not math.isnan(local[0]):
        draw_interval(panel, place + 0.17, local, verdict_look(str(row["verdict"])), size=6.5)


def _layout(verdicts: pd.DataFrame) -> tuple[list[tuple[float, str]], list[tuple[float, Row]]]:
    """Return the heights of question headings and of figures, from top to bottom."""
    heads, rows, place = [], [], 0.0
    for name, group in in_order(verdicts):
        heads.append((place, question_short(name)))
        for row in records(group):
            place += 1
            rows.append((place, row))
        place += 1.3
    return heads, rows


def drawn(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the verdicts that have two numbers on one scale to draw."""
    has_both = verdicts["published_estimate"].notna() & verdicts["local_estimate"].notna()
    return verdicts[has_both & (verdicts["scale"].fillna("") != "")]


def forest(verdicts: pd.DataFrame) -> Figure:
    """Draw published figures with the registry's own below each, one row a figure, one panel a scale.

    Parameters
    ----------
    verdicts
        One row a published figure, columns of the verdicts.

    Returns
    -------
    matplotlib.figure.Figure
        Published estimates are hollow, local ones have the colour and shape of their verdict.
    """
    shown = drawn(verdicts) if len(verdicts) else verdicts
    if not len(shown):
        return empty_figure("Nothing to draw: no published figure has a local one beside it.")
    keys = pd.Series([_panel_key(row) for row in records(shown)], index=shown.index)
    chosen = sorted(set(keys), key=lambda key: (_panel_place(key[0]), question_order(key[1])))
    layouts = [_layout(shown[[key == own for own in keys]]) for key in chosen]
    left_out = len(verdicts) - len(shown)
    figure, panels = _stacked([rows[-1][0] + 1.4 for _, rows in layouts], foot=0.45 if left_out else 0.1)
    for (scale, _), panel, layout in zip(chosen, panels, layouts, strict=True):
        _draw_panel(panel, scale, *layout)
    _legend(figure, shown)
    if left_out:
        some = "figure has" if left_out == 1 else "figures have"
        words = f"{left_out} more {some} no local estimate to compare; the table gives the reasons."
        figure.text(LEFT_INCHES / WIDTH_INCHES, 0.15 / figure.get_figheight(), words, fontsize=9)
    return figure


def _panel_key(row: Row) -> tuple[str, str]:
    """Return the panel of a figure: its scale, and for points the question too, as instruments differ in range."""
    scale = str(row["scale"])
    return scale, str(row["question"]) if scale == "points" else ""


def _panel_place(scale: str) -> int:
    names = list(PANEL_TITLES)
    return names.index(scale) if scale in names else len(names)


def _stacked(heights: list[float], *, foot: float) -> tuple[Figure, list[Axes]]:
    """Return a figure with panels of so many rows below each other, placed in inches, the same each time."""
    total = LEGEND_INCHES + sum(ROW_INCHES * height + BETWEEN_INCHES for height in heights) + foot
    figure = Figure(figsize=(WIDTH_INCHES, total))
    panels, top = [], total - LEGEND_INCHES
    for height in heights:
        inches = ROW_INCHES * height
        width = WIDTH_INCHES - LEFT_INCHES - RIGHT_INCHES
        place = (
            LEFT_INCHES / WIDTH_INCHES,
            (top - TITLE_INCHES - inches) / total,
            width / WIDTH_INCHES,
            inches / total,
        )
        panels.append(figure.add_axes(place))
        top -= inches + BETWEEN_INCHES
    return figure, panels


def _draw_panel(panel: Axes, scale: str, heads: list[tuple[float, str]], rows: list[tuple[float, Row]]) -> None:
    for place, row in rows:
        _draw_row(panel, place, row, 100 if scale == "share" else 1)
    label_rows(panel, [place for place, _ in rows], [_label(row) for _, row in rows])
    panel.tick_params(axis="y", labelsize=8)
    panel.set_ylim(rows[-1][0] + 0.8, -0.6)
    where = panel.get_yaxis_transform()
    for place, text in heads:
        panel.text(-0.015, place, text, transform=where, fontweight="bold", va="center", ha="right", fontsize=9)
    for place, row in rows:
        panel.text(1.015, place, _side(row), transform=where, va="center", fontsize=8, linespacing=1.25)
    if scale == "share":
        panel.set_xlim(-2, 102)
    elif scale.startswith("log"):
        panel.set_xscale("log")
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.xaxis.set_minor_locator(NullLocator())
    elif scale in WITH_ZERO:
        panel.axvline(0, color=QUIET, lw=1)
    if "ratio" in scale:
        panel.axvline(1, color=QUIET, lw=1)
    set_title(panel, PANEL_TITLES.get(scale, humanise(scale)), width=4)


def _label(row: Row) -> str:
    """Return the name of a figure on as many lines as it needs, denominator and time frame on their own."""
    name, mark, where = figure_name(row).partition(" (")
    return "\n".join(textwrap.fill(part, LABEL_CHARACTERS) for part in (name, f"({where}" if mark else "") if part)


def _side(row: Row) -> str:
    return f"{side_text(row, 'published')} published\n{side_text(row, 'local')}: {row['verdict']}"


def _legend(figure: Figure, shown: pd.DataFrame) -> None:
    """Explain the shapes: hollow for published, one for each verdict that is drawn."""
    assessed = set(shown["verdict"].astype(str))
    handles = [Line2D([], [], color=INK, marker="o", mfc="white", mec=INK, label="published")]
    for name in labels()["verdicts"]:
        if name in assessed:
            look = verdict_look(name)
            handles.append(Line2D([], [], color=look.colour, marker=look.marker, label=f"local: {name}"))
    figure.legend(handles=handles, loc="upper left", ncols=2, fontsize=9)
