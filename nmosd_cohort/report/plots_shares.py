"""Plots of shares: prevalence as dots with intervals, and the plot of a result that has no plot of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nmosd_cohort.report.format import is_missing
from nmosd_cohort.report.plots_core import (
    PALE,
    Look,
    draw_interval,
    empty_figure,
    label_rows,
    new_figure,
    rows_of,
    set_title,
    side_texts,
    why_empty,
)
from nmosd_cohort.report.rows import Row, records, row_count, row_estimate, row_name, row_patients
from nmosd_cohort.report.words import measure_kind, outcome_label, question_short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nmosd_cohort.result import Result

OVERALL = Look("#B2340B", "D")
GROUP = Look("#0072B2", "o")
OTHERWISE = Look("#0072B2", "s", "#FFFFFF")


def _row_label(row: Row, *, several_outcomes: bool) -> str:
    patients = row_patients(row)
    return f"{outcome_label(row['outcome'])}, {patients}" if several_outcomes else patients


def _positions(rows: list[Row]) -> list[float]:
    """Return heights with a gap where the grouping variable changes."""
    heights: list[float] = []
    for i, row in enumerate(rows):
        gap = 0.5 if i and row["group"] != rows[i - 1]["group"] else 0.0
        heights.append(heights[-1] + 1 + gap if i else 0.0)
    return heights


def _look(row: Row) -> Look:
    """Return a diamond for everyone, a dot for a group, a hollow square for another definition."""
    if row["level"]:
        return GROUP
    return OTHERWISE if row["role"] == "sensitivity" else OVERALL


def _draw_bounds(panel: Axes, rows: list[Row], position: float) -> list[str]:
    """Draw the range that shares could take had all been asked; return the labels of those rows."""
    for i, row in enumerate(rows):
        low, high = 100 * row["conf_low"], 100 * row["conf_high"]
        panel.barh(position + i, high - low, left=low, height=0.45, color=PALE, edgecolor="#8C8C8C", label="_bounds")
    return ["Possible range had all been asked"] * len(rows)


def plot_prevalence(result: Result) -> Figure:
    """Draw shares of patients as dots with intervals, overall and by group, with counts at the right."""
    rows = rows_of(result, "proportion")
    if not rows:
        return empty_figure(why_empty(result))
    bounds = [
        row
        for row in records(result.estimates)
        if row["measure"] == "bounds_if_never_asked" and not is_missing(row["conf_low"])
    ]
    positions = _positions(rows)
    height = 1.5 + 0.34 * (positions[-1] + len(bounds) + 1)
    figure, (panel,) = new_figure(8.4, height)
    for position, row in zip(positions, rows, strict=True):
        numbers = (100 * row["estimate"], 100 * row["conf_low"], 100 * row["conf_high"])
        draw_interval(panel, position, numbers, _look(row))
    below = positions[-1] + 1.4
    several = len({row["outcome"] for row in rows}) > 1
    texts = [_row_label(row, several_outcomes=several) for row in rows] + _draw_bounds(panel, bounds, below)
    places = positions + [below + i for i in range(len(bounds))]
    label_rows(panel, places, texts)
    side_texts(panel, places, [_share_and_count(row) for row in rows + bounds], head="share (95 % interval), patients")
    panel.set_xlim(-2, 102)
    panel.set_xlabel("Share of patients, %")
    heading = question_short(result.name) if several else outcome_label(rows[0]["outcome"])
    set_title(panel, f"{heading}: share of patients", width=6.5, lift=22)
    return figure


def _share_and_count(row: Row) -> str:
    return f"{row_estimate(row)}\N{EM SPACE}{row_count(row)}"


def plot_primary(result: Result) -> Figure:
    """Draw the primary estimates of a result that has no plot of its own, one panel a kind of number."""
    rows = [row for row in records(result.estimates) if row["role"] == "primary" and not is_missing(row["estimate"])]
    if not rows:
        return empty_figure(why_empty(result))
    kinds = list(dict.fromkeys(measure_kind(row["measure"], row["unit"]) for row in rows))
    figure, panels = new_figure(7.2, 1.2 + 0.36 * len(rows), len(kinds))
    for panel, kind in zip(panels, kinds, strict=True):
        chosen = [row for row in rows if measure_kind(row["measure"], row["unit"]) == kind]
        places = [float(i) for i in range(len(chosen))]
        for place, row in zip(places, chosen, strict=True):
            draw_interval(panel, place, (row["estimate"], row["conf_low"], row["conf_high"]), GROUP)
        label_rows(panel, places, [row_name(row) for row in chosen])
    set_title(panels[0], question_short(result.name), width=5)
    return figure
