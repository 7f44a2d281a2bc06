"""Plots drawn once: for the files of a report and for its page alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nmosd_cohort.report.flow_diagram import flow_diagram
from nmosd_cohort.report.plots import forest, plot
from nmosd_cohort.report.plots_forest import drawn
from nmosd_cohort.report.plots_pooled import pooled_forest
from nmosd_cohort.report.svg import png_bytes, svg_text
from nmosd_cohort.report.tables_literature import in_order
from nmosd_cohort.report.words import outcome_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from nmosd_cohort.result import Result


@dataclass(frozen=True, slots=True)
class Drawing:
    """One plot as it goes into a file: SVG text and PNG bytes."""

    svg: str
    png: bytes

    def files(self, stem: str) -> dict[str, bytes]:
        """Return both files of the plot by their path in a report."""
        return {f"plots/{stem}.svg": self.svg.encode("utf-8"), f"plots/{stem}.png": self.png}


@dataclass(frozen=True, slots=True)
class Drawings:
    """All plots of a report: answers by their place from 1, forest plots by question, pooled ones by group."""

    answers: Mapping[int, Drawing]
    forests: Mapping[str, Drawing]
    pooled: Mapping[str, Drawing]


def draw_all(results: Sequence[Result], verdicts: pd.DataFrame, forests: Mapping[str, pd.DataFrame]) -> Drawings:
    """Draw every plot of a report."""
    answers = {position: draw_result(result) for position, result in enumerate(results, start=1)}
    return Drawings(answers, draw_forests(verdicts), draw_pooled(forests))


def draw_result(result: Result) -> Drawing:
    """Draw the picture of one result."""
    return as_drawing(plot(result))


def draw_flow(result: Result) -> Drawing:
    """Draw the flow diagram of one result."""
    return as_drawing(flow_diagram(result))


def draw_forests(verdicts: pd.DataFrame) -> Mapping[str, Drawing]:
    """Draw the forest plot of each question that has a figure with both numbers, by question."""
    shown = {name: rows for name, rows in in_order(verdicts) if len(drawn(rows))}
    return {name: as_drawing(forest(rows)) for name, rows in shown.items()}


def draw_pooled(forests: Mapping[str, pd.DataFrame]) -> Mapping[str, Drawing]:
    """Draw the forest plot of each pooled group, by group."""
    return {name: as_drawing(pooled_forest(rows, title=outcome_label(name))) for name, rows in forests.items()}


def as_drawing(figure: Figure) -> Drawing:
    """Return a figure as it goes into files."""
    return Drawing(svg_text(figure), png_bytes(figure))
