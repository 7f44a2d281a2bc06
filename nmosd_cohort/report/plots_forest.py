"""Published figures against the registry's own, as a forest plot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.lines import Line2D

from nmosd_cohort.report.format import is_missing
from nmosd_cohort.report.plots_core import (
    INK,
    QUIET,
    Look,
    draw_interval,
    empty_figure,
    label_rows,
    new_figure,
    set_title,
)
from nmosd_cohort.report.rows import Row, records
from nmosd_cohort.report.tables_literature import figure_name, in_order, scale_kind, side_text
from nmosd_cohort.report.words import labels, question_short

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PUBLISHED = Look("#222222", "o", "#FFFFFF")
PANEL_TITLES = {
    "share": "Shares, %",
    "mean": "Points",
    "correlation": "Correlation",
    "probability": "Probability",
    "ratio": "Ratio (log scale)",
    "rate": "Rate per person-year",
}
"""Panels in the order in which they stand, by the kind of number."""
ROW_INCHES = 0.37


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


def _drawn(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Return the verdicts that have at least one number to draw."""
    return verdicts[verdicts["published_estimate"].notna() | verdicts["local_estimate"].notna()]


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
    shown = _drawn(verdicts) if len(verdicts) else verdicts
    if not len(shown):
        return empty_figure("Nothing to draw: no published figure was compared.")
    kinds = [kind for kind in PANEL_TITLES if kind in {scale_kind(scale) for scale in shown["scale"]}]
    parts = {kind: shown[[scale_kind(scale) == kind for scale in shown["scale"]]] for kind in kinds}
    layouts = {kind: _layout(part) for kind, part in parts.items()}
    heights = [rows[-1][0] + 3.2 for _, rows in layouts.values()]
    figure, panels = _stacked(kinds, heights)
    for kind, panel in zip(kinds, panels, strict=True):
        _draw_panel(panel, kind, *layouts[kind])
    figure.get_layout_engine().set(h_pad=0.12)  # type: ignore[union-attr]
    _legend(figure, shown)
    if len(shown) < len(verdicts):
        figure.supxlabel(
            f"{len(verdicts) - len(shown)} figures without any number to draw are in the table.", fontsize=9
        )
    return figure


def _stacked(kinds: list[str], heights: list[float]) -> tuple[Figure, list[Axes]]:
    figure, (whole,) = new_figure(10.4, ROW_INCHES * sum(heights) + 0.9)
    whole.remove()
    grid = figure.add_gridspec(len(kinds), 1, height_ratios=heights)
    return figure, [figure.add_subplot(grid[i]) for i in range(len(kinds))]


def _draw_panel(panel: Axes, kind: str, heads: list[tuple[float, str]], rows: list[tuple[float, Row]]) -> None:
    for place, row in rows:
        _draw_row(panel, place, row, 100 if kind == "share" else 1)
    label_rows(panel, [place for place, _ in rows], [figure_name(row).replace(" (", "\n(", 1) for _, row in rows])
    panel.tick_params(axis="y", labelsize=8)
    panel.set_ylim(rows[-1][0] + 0.8, -0.6)
    where = panel.get_yaxis_transform()
    for place, text in heads:
        panel.text(-0.015, place, text, transform=where, fontweight="bold", va="center", ha="right", fontsize=9)
    for place, row in rows:
        panel.text(1.015, place, _side(row), transform=where, va="center", fontsize=8, linespacing=1.25)
    if kind == "share":
        panel.set_xlim(-2, 102)
    elif kind == "ratio":
        panel.set_xscale("log")
        panel.axvline(1, color=QUIET, lw=1)
    elif kind == "correlation":
        panel.axvline(0, color=QUIET, lw=1)
    set_title(panel, PANEL_TITLES[kind], width=4)


def _side(row: Row) -> str:
    local = "" if is_missing(row["local_estimate"]) else f"{side_text(row, 'local')}: "
    return f"{side_text(row, 'published')} published\n{local}{row['verdict']}"


def _legend(figure: Figure, shown: pd.DataFrame) -> None:
    """Explain the shapes: hollow for published, one for each verdict that has a local estimate."""
    assessed = set(shown.loc[shown["local_estimate"].notna(), "verdict"].astype(str))
    handles = [Line2D([], [], color=INK, marker="o", mfc="white", mec=INK, label="published")]
    for name in labels()["verdicts"]:
        if name in assessed:
            look = verdict_look(name)
            handles.append(Line2D([], [], color=look.colour, marker=look.marker, label=f"local: {name}"))
    figure.legend(handles=handles, loc="outside upper left", ncols=2, fontsize=9)
