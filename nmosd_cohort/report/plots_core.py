"""What every plot shares: style, colours with shapes, a dot with its interval, a figure that says what is missing."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from matplotlib import font_manager, rc_context
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from nmosd_cohort.report.format import is_missing
from nmosd_cohort.report.rows import Row, records

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    import pandas as pd
    from matplotlib.axes import Axes

    from nmosd_cohort.result import Result

INK = "#222222"
QUIET = "#6B6B6B"
PALE = "#D9D9D9"
CHARACTERS_PER_INCH = 11.8  # of a title, to wrap it before it is cut off


@dataclass(frozen=True, slots=True)
class Look:
    """Colour and shape of one group, so that either alone tells it apart."""

    colour: str = INK
    marker: str = "o"
    fill: str = ""


LOOKS = {
    "neuropathic": Look("#B2340B", "o"),
    "other_pain": Look("#0072B2", "s", "#FFFFFF"),
    "no_pain": Look("#5F6B6D", "^"),
}


@cache
def _fonts() -> list[str]:
    """Return a sans-serif font and, where installed, one that has Chinese characters."""
    installed = set(font_manager.get_font_names())
    wanted = ("Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC")
    return ["DejaVu Sans", *[name for name in wanted if name in installed][:1]]


def styled() -> AbstractContextManager[None]:
    """Return the settings under which every figure is made and saved, for use in a with statement."""
    settings: Any = {
        "font.family": _fonts(),
        "font.size": 9.5,
        "axes.titlesize": 10.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": QUIET,
        "axes.labelcolor": INK,
        "text.color": INK,
        "text.parse_math": False,
        "xtick.color": INK,
        "ytick.color": INK,
        "axes.unicode_minus": True,
        "legend.frameon": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "nmosd-cohort",
        "savefig.facecolor": "white",
    }
    return rc_context(settings)


def new_figure(width: float, height: float, columns: int = 1, **layout: Any) -> tuple[Figure, list[Axes]]:
    """Return a figure without any global state and its panels side by side, sizes in inches."""
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(h_pad=0.08))
    panels = figure.subplots(1, columns, squeeze=False, **layout)
    return figure, list(panels[0])


def set_title(panel: Axes, text: str, *, width: float, lift: float = 10) -> None:
    """Set a title that is wrapped to a width in inches and stands so many points above its panel."""
    panel.set_title(textwrap.fill(text, max(20, int(width * CHARACTERS_PER_INCH))), pad=lift)


def empty_figure(text: str) -> Figure:
    """Return a figure that says in words what is missing.

    Examples
    --------
    >>> empty_figure("No patient was asked about pain.").texts[0].get_text()
    'No patient was asked about pain.'
    """
    figure = Figure(figsize=(7, 1.6))
    figure.text(0.5, 0.5, textwrap.fill(text, 80), ha="center", va="center", fontsize=10.5, color=INK)
    return figure


def why_empty(result: Result) -> str:
    """Return why a result has nothing to draw: what is missing, else the step of the flow that lost the most."""
    missing = [check["detail"] for check in records(result.checks) if check["status"] == "not assessable"]
    if missing:
        return f"Nothing to draw: {missing[0]}."
    steps = records(result.flow)
    lost = [step for step in steps if not is_missing(step["excluded"]) and step["excluded"] > 0]
    if not lost:
        return "Nothing to draw: the registry holds no patient for this question."
    most = max(lost, key=lambda step: int(step["excluded"]))
    return f'Nothing to draw: {int(most["excluded"])} patients left at the step "{most["step"]}" ({most["reason"]}).'


def rows_of(result: Result, measure: str, **conditions: str) -> list[Row]:
    """Return the rows of one measure that were estimated and meet every condition."""
    rows = [row for row in records(result.estimates) if row["measure"] == measure]
    return [
        row
        for row in rows
        if not is_missing(row["estimate"]) and all(row[name] == value for name, value in conditions.items())
    ]


def first_row(result: Result, measure: str, **conditions: str) -> Row | None:
    """Return the first row of one measure that meets every condition, or nothing."""
    return next(iter(rows_of(result, measure, **conditions)), None)


def tally_sum(tally: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the patients of a tally added up over all other columns."""
    return tally.groupby(list(by), sort=True, observed=True)["n"].sum().reset_index()


def draw_interval(
    panel: Axes, position: float, numbers: tuple[float, float, float], look: Look, *, size: float = 7
) -> None:
    """Draw one estimate as a dot with its interval at a height of the panel; what is missing is left out."""
    estimate, low, high = (math.nan if is_missing(number) else float(number) for number in numbers)
    if math.isfinite(low) and math.isfinite(high):
        panel.plot([low, high], [position] * 2, color=look.colour, lw=1.8, solid_capstyle="butt", label="_interval")
    elif math.isfinite(low) and math.isinf(high):
        panel.plot([low, 2 * estimate], [position] * 2, color=look.colour, lw=1.8, label="_interval")
        panel.plot([2 * estimate], [position], marker=">", color=look.colour, label="_open end")
    panel.plot(
        [estimate],
        [position],
        marker=look.marker,
        ms=size,
        mfc=look.fill or look.colour,
        mec=look.colour,
        mew=1.5,
        ls="none",
        clip_on=False,
        zorder=3,
        label="_estimate",
    )


def label_rows(panel: Axes, positions: Sequence[float], texts: Sequence[str]) -> None:
    """Name the rows of a panel at its left, first row on top."""
    panel.set_yticks(list(positions), list(texts))
    panel.tick_params(axis="y", length=0)
    panel.set_ylim(max(positions, default=0) + 0.7, min(positions, default=0) - 0.7)
    panel.spines["left"].set_visible(False)
    panel.grid(axis="x", color="#E6E6E6", lw=0.8)
    panel.set_axisbelow(True)


def side_texts(panel: Axes, positions: Sequence[float], texts: Sequence[str], *, head: str = "") -> None:
    """Write one text a row to the right of a panel."""
    where = panel.get_yaxis_transform()
    for position, text in zip(positions, texts, strict=True):
        panel.text(1.02, position, text, transform=where, va="center", ha="left", fontsize=9)
    if head:
        panel.text(1.02, 1.01, head, transform=panel.transAxes, va="bottom", ha="left", fontsize=9, color=QUIET)
