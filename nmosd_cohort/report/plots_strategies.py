"""Picture of one change under four strategies, with the events that lie between the two scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nmosd_cohort.report.plots_core import (
    INK,
    QUIET,
    Look,
    draw_interval,
    label_rows,
    new_figure,
    rows_of,
    set_title,
    side_texts,
)
from nmosd_cohort.report.rows import row_estimate
from nmosd_cohort.report.words import labels, outcome_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nmosd_cohort.report.rows import Row
    from nmosd_cohort.result import Result

STRATEGIES = {
    "treatment_policy": "Treatment policy",
    "composite": "Composite",
    "while_on_treatment": "While on treatment",
    "hypothetical": "Hypothetical",
}
PRIMARY, OTHER = Look("#B2340B", "D"), Look("#0072B2", "o")
SHIFTED = Look(QUIET, "s", "#FFFFFF")


def plot_strategies(result: Result) -> Figure:
    """Draw the change and the responders under each strategy, and how many starters had each event."""
    figure, (left, middle, right) = new_figure(13.2, 4.6, 3, gridspec_kw={"width_ratios": [1.15, 1.0, 0.8]})
    _draw_changes(left, result)
    _draw_responders(middle, result)
    _draw_events(right, result)
    return figure


def _ordered(rows: list[Row]) -> list[Row]:
    order = list(STRATEGIES)
    return sorted(rows, key=lambda row: (order.index(str(row["level"])), str(row["term"])))


def _draw_changes(panel: Axes, result: Result) -> None:
    rows = _ordered(rows_of(result, "mean_change"))
    positions = list(range(len(rows)))
    for position, row in zip(positions, rows, strict=True):
        look = SHIFTED if row["term"] else PRIMARY if row["role"] == "primary" else OTHER
        draw_interval(panel, position, (row["estimate"], row["conf_low"], row["conf_high"]), look)
    label_rows(panel, positions, [_name(row) for row in rows])
    side_texts(panel, positions, [row_estimate(row) for row in rows])
    panel.axvline(0, color=INK, lw=1, ls=(0, (4, 3)), label="_no change")
    panel.set_xlabel("Mean change, points (left: better)")
    drug, outcome = result.definitions.get("drug", "the drug"), str(result.definitions.get("outcome", ""))
    set_title(panel, f"{outcome_label(outcome)} after the start of {drug}", width=4)


def _name(row: Row) -> str:
    name = STRATEGIES[str(row["level"])]
    extra = str(row["term"]).replace("imputed scores ", "imputed ").replace(" points higher", " higher")
    return f"{extra}, n = {row['n']}" if extra else f"{name}, n = {row['n']}"


def _draw_responders(panel: Axes, result: Result) -> None:
    measure = f"responders_{result.definitions.get('responder', 'pct30')}"
    rows = _ordered(rows_of(result, measure))
    positions = list(range(len(rows)))
    for position, row in zip(positions, rows, strict=True):
        numbers = tuple(100 * float(row[name]) for name in ("estimate", "conf_low", "conf_high"))
        look = PRIMARY if row["level"] == "treatment_policy" else OTHER
        draw_interval(panel, position, (numbers[0], numbers[1], numbers[2]), look)
    label_rows(panel, positions, [f"{STRATEGIES[str(row['level'])]}, n = {row['n']}" for row in rows])
    panel.set_xlim(0, 100)
    panel.set_xlabel("Responders, %")
    set_title(panel, str(labels()["measures"][measure]["label"]), width=3)


def _draw_events(panel: Axes, result: Result) -> None:
    rows = rows_of(result, "event_share")
    positions = list(range(len(rows)))
    panel.barh(positions, [100 * float(row["estimate"]) for row in rows], color="#9DB4C0", height=0.6)
    label_rows(panel, positions, [str(labels()["levels"].get(str(row["level"]), row["level"])) for row in rows])
    side_texts(panel, positions, [f"{row['events']} of {row['n']}" for row in rows])
    panel.set_xlim(0, 100)
    panel.set_xlabel("Starters with the event, %")
    set_title(panel, "Events after the start", width=1.7)
