"""The flow of a result as a picture: a box for each step with who remains, and beside it who left and why."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from nmosd_cohort.report.format import is_missing
from nmosd_cohort.report.plots_core import INK, QUIET, empty_figure, styled
from nmosd_cohort.report.rows import check_result, records
from nmosd_cohort.report.words import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nmosd_cohort.result import Result

WIDTH = 7.6  # inches
MAIN, SIDE = (0.2, 3.2), (4.1, 3.4)  # left edge and width of the two columns of boxes, in inches
LINE = 0.19  # height of a line of text, in inches
PADDING, GAP = 0.2, 0.32
MAIN_CHARACTERS, SIDE_CHARACTERS = 38, 44


@dataclass(frozen=True, slots=True)
class Step:
    """One box of the diagram: who remains, and who left before it with the reasons."""

    text: str
    left: tuple[str, ...]

    @property
    def main_height(self) -> float:
        """Height of the box of those who remain, in inches."""
        return PADDING + LINE * (self.text.count("\n") + 1)

    @property
    def side_height(self) -> float:
        """Height of the box of those who left, in inches; 0 without any."""
        return PADDING + LINE * sum(text.count("\n") + 1 for text in self.left) if self.left else 0.0


def flow_diagram(result: Result) -> Figure:
    r"""Draw the flow of a result as boxes: patients that remain, and beside them those who left, with the reasons.

    Steps of one name that follow each other are one box with several reasons. Nothing is computed.

    Parameters
    ----------
    result
        Answer of a question.

    Returns
    -------
    matplotlib.figure.Figure
        A flow diagram as item 13 of STROBE asks for. If no flow was recorded, the figure says so.

    Raises
    ------
    TypeError
        If it is no Result.

    References
    ----------
    von Elm 2007 (STROBE, doi:10.1016/S0140-6736(07)61602-X).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> figure = flow_diagram(nc.pain_prevalence(nc.simulate(n=60, seed=1)))
    >>> figure.axes[0].texts[0].get_text()
    'Patients in the registry\nn = 60'
    """
    check_result(result, "flow_diagram")
    with styled():
        steps = _steps(result)
        if not steps:
            return empty_figure("No flow was recorded.")
        heights = [max(step.main_height, 0.0) for step in steps]
        between = [max(GAP, step.side_height + 0.16) for step in steps[1:]]
        tall = sum(heights) + sum(between) + 0.3
        figure = Figure(figsize=(WIDTH, tall))
        panel = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        panel.set_xlim(0, WIDTH)
        panel.set_ylim(tall, 0)
        panel.axis("off")
        _draw(panel, steps)
        return figure


def _steps(result: Result) -> list[Step]:
    """Return the boxes of a flow, rows of one step joined."""
    joined: list[tuple[str, int, list[str]]] = []
    for row in records(result.flow):
        excluded = 0 if is_missing(row["excluded"]) else int(row["excluded"])
        left = [f"{excluded}: {readable(str(row['reason'])) or 'reason not recorded'}"] if excluded else []
        if joined and joined[-1][0] == row["step"]:
            joined[-1] = (row["step"], int(row["n"]), joined[-1][2] + left)
        else:
            joined.append((str(row["step"]), int(row["n"]), left))
    steps = []
    for name, n, left in joined:
        words = readable(name)
        head = textwrap.fill(words[:1].upper() + words[1:], MAIN_CHARACTERS)
        reasons = tuple(textwrap.fill(reason, SIDE_CHARACTERS, subsequent_indent="    ") for reason in left)
        steps.append(Step(f"{head}\nn = {n}", ("Left:", *reasons) if reasons else ()))
    return steps


def _draw(panel: Axes, steps: list[Step]) -> None:
    """Draw the boxes from the top down, each step's side box at the arrow that leads to it."""
    middle = MAIN[0] + MAIN[1] / 2
    top = 0.15
    for i, step in enumerate(steps):
        if i:
            gap = max(GAP, step.side_height + 0.16)
            _arrow(panel, (middle, top), (middle, top + gap))
            if step.left:
                centre = top + gap / 2
                _arrow(panel, (middle, centre), (SIDE[0], centre))
                _box(panel, SIDE, centre - step.side_height / 2, step.side_height, "\n".join(step.left), left=True)
            top += gap
        _box(panel, MAIN, top, step.main_height, step.text, left=False)
        top += step.main_height


def _arrow(panel: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    panel.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": QUIET, "lw": 1, "shrinkA": 0, "shrinkB": 0}
    )


def _box(panel: Axes, column: tuple[float, float], top: float, height: float, text: str, *, left: bool) -> None:
    from matplotlib.patches import Rectangle

    panel.add_patch(Rectangle((column[0], top), column[1], height, fc="white", ec=INK, lw=1))
    where, align = (column[0] + 0.12, "left") if left else (column[0] + column[1] / 2, "center")
    panel.text(where, top + height / 2, text, ha=align, va="center", fontsize=9, linespacing=1.25)
