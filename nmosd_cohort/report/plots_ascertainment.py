"""Picture of who was asked about pain, and of what is missing at which site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nmosd_cohort.report.plots_core import Look, draw_interval, label_rows, new_figure, rows_of, set_title, side_texts
from nmosd_cohort.report.rows import Row, row_count, row_estimate, row_patients
from nmosd_cohort.report.words import outcome_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nmosd_cohort.result import Result

OVERALL, GROUP, MISSING = Look("#B2340B", "D"), Look("#0072B2", "o"), Look("#8A6D3B", "s")


def plot_ascertainment(result: Result) -> Figure:
    """Draw the share asked about pain by group, and beside it the missing share of each core variable."""
    asked = rows_of(result, "proportion", outcome="asked_about_pain")
    missing = rows_of(result, "missing_share", level="")
    figure, panels = new_figure(10.4, 1.3 + 0.27 * (max(len(asked), len(missing)) + 3), columns=2)
    _draw_asked(panels[0], asked)
    positions = [float(i) for i in range(len(missing))]
    for place, row in zip(positions, missing, strict=True):
        draw_interval(panels[1], place, _percent(row), MISSING, size=5)
    label_rows(panels[1], positions, [outcome_label(row["outcome"]) for row in missing])
    panels[1].set_xlim(-3, 103)
    panels[1].set_xlabel("Missing, %")
    set_title(panels[1], "Missing at that assessment", width=3.2)
    return figure


def _draw_asked(panel: Axes, rows: list[Row]) -> None:
    places: list[float] = []
    for i, row in enumerate(rows):
        new = i and row["group"] != rows[i - 1]["group"]
        places.append(places[-1] + (1.5 if new else 1.0) if i else 0.0)
    for place, row in zip(places, rows, strict=True):
        draw_interval(panel, place, _percent(row), GROUP if row["level"] else OVERALL, size=5)
    label_rows(panel, places, [row_patients(row) for row in rows])
    side_texts(panel, places, [row_count(row) for row in rows])
    panel.set_xlim(-3, 103)
    panel.set_xlabel("Asked about pain, % (right: asked of all)")
    overall = row_estimate(rows[0]) if rows else "nobody assessed"
    set_title(panel, f"Asked about pain: {overall}", width=3.6)


def _percent(row: Row) -> tuple[float, float, float]:
    one, two, three = (100 * float(row[name]) for name in ("estimate", "conf_low", "conf_high"))
    return one, two, three
