"""Published shares of one pool group as a forest plot, with the registry's own share below the line."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from nmosd_cohort.report.format import count_text, estimate_text, is_missing
from nmosd_cohort.report.plots_core import INK, QUIET, Look, draw_interval, empty_figure, label_rows, styled
from nmosd_cohort.report.rows import Row, records

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_INCHES, LEFT_INCHES, RIGHT_INCHES = 10.0, 2.6, 3.0
ROW_INCHES, TOP_INCHES, BOTTOM_INCHES, LINE_INCHES = 0.32, 0.62, 0.98, 0.19
SMALLEST, LARGEST = 4.0, 15.0  # side of a square, in points
LOCAL = Look("#B2340B", "D")
NOT_COUNTED = Look(QUIET, "s", "#FFFFFF")
NEEDED = ("kind", "label", "n", "events", "estimate", "conf_low", "conf_high", "weight", "note")
ORDER = ("study", "not counted", "pooled", "prediction", "local")
GAPS = {"pooled": 0.35, "prediction": 0.0, "local": 0.7}  # rows of air above
COUNTS_AT, NUMBERS_AT = 1.03, 1.23  # of the width of the panel
LABEL_CHARACTERS, NOTE_CHARACTERS = 34, 150


def pooled_forest(rows: pd.DataFrame, *, title: str = "") -> Figure:
    """Draw the published shares of one pool group, their mean, where a further one would lie, and the registry's.

    Parameters
    ----------
    rows
        One row a share as ``evidence_for`` returns them; shares from 0 to 1.
    title
        What is measured, above the plot; empty for none.

    Returns
    -------
    matplotlib.figure.Figure
        The area of a square grows with the weight of its study, from a smallest one that can be seen up to half of
        all weight. Hollow squares do not count; the notes below the plot say why.

    Raises
    ------
    TypeError
        If it is no frame.
    ValueError
        If the frame has other columns.

    Examples
    --------
    >>> import pandas as pd
    >>> share = {"kind": "local", "label": "This registry", "n": 20, "events": 9, "weight": None, "note": ""}
    >>> share |= {"estimate": 0.45, "conf_low": 0.26, "conf_high": 0.66}
    >>> len(pooled_forest(pd.DataFrame([share])).axes)
    1
    """
    _check_rows(rows)
    drawn = [row for kind in ORDER for row in records(rows) if row["kind"] == kind] if len(rows) else []
    with styled():
        if not drawn:
            return empty_figure("Nothing to draw: no published share is of this group.")
        return _draw(drawn, title)


def _check_rows(rows: object) -> None:
    taken = "pooled_forest takes the frame that evidence_for returns"
    if not isinstance(rows, pd.DataFrame):
        raise TypeError(f"{taken}, not {type(rows).__name__}")
    missing = [name for name in NEEDED if name not in rows]
    if missing and len(rows):
        raise ValueError(f"{taken}; this one has no {', '.join(missing)}")


def _draw(rows: list[Row], title: str) -> Figure:
    places = _places(rows)
    notes = _notes(rows)
    height = ROW_INCHES * (places[-1] + 1.4)
    total = TOP_INCHES + height + BOTTOM_INCHES + LINE_INCHES * (notes.count("\n") + 1 if notes else 0)
    figure = Figure(figsize=(WIDTH_INCHES, total))
    width = WIDTH_INCHES - LEFT_INCHES - RIGHT_INCHES
    bottom = total - TOP_INCHES - height
    panel = figure.add_axes((LEFT_INCHES / WIDTH_INCHES, bottom / total, width / WIDTH_INCHES, height / total))
    _draw_mean_line(panel, rows)
    for place, row in zip(places, rows, strict=True):
        _draw_row(panel, place, row)
    label_rows(panel, places, [textwrap.fill(str(row["label"]), LABEL_CHARACTERS) for row in rows])
    panel.set_xlim(0, 100)
    panel.set_xlabel("Share of patients, %")
    _write_numbers(panel, places, rows)
    _draw_line_above_local(panel, places, rows)
    if title:
        figure.text(0.015, 1 - 0.2 / total, title, fontweight="bold", fontsize=10.5, va="center")
    _legend(figure, rows, (bottom - 0.52) / total)
    if notes:
        figure.text(0.015, 0.08 / total, notes, fontsize=8, color=QUIET, va="bottom", linespacing=1.3)
    return figure


def _places(rows: list[Row]) -> list[float]:
    """Return the height of each row from the top, with air above the mean and above the registry."""
    places: list[float] = []
    for row in rows:
        above = places[-1] + 1 if places else 0.0
        places.append(above + (GAPS.get(str(row["kind"]), 0.0) if places else 0.0))
    return places


def _percent(row: Row) -> tuple[float, float, float]:
    values = [row[name] for name in ("estimate", "conf_low", "conf_high")]
    estimate, low, high = (math.nan if is_missing(value) else 100 * float(value) for value in values)
    return estimate, low, high


def _draw_row(panel: Axes, place: float, row: Row) -> None:
    estimate, low, high = _percent(row)
    if row["kind"] == "pooled":
        outline = [(low, place), (estimate, place - 0.3), (high, place), (estimate, place + 0.3)]
        if not math.isnan(low):
            panel.fill(*zip(*outline, strict=True), color=INK, label="_mean", zorder=3)
        else:
            draw_interval(panel, place, (estimate, low, high), Look(INK, "D"))
    elif row["kind"] == "prediction":
        panel.plot([low, high], [place] * 2, color=INK, lw=2.2, ls=(0, (3, 1.4)), label="_prediction")
        for end in (low, high):
            panel.plot([end] * 2, [place - 0.18, place + 0.18], color=INK, lw=1.6, clip_on=False, label="_end")
    elif row["kind"] == "study":
        draw_interval(panel, place, (estimate, low, high), Look(INK, "s"), size=_side(row["weight"]))
    else:
        look = LOCAL if row["kind"] == "local" else NOT_COUNTED
        draw_interval(panel, place, (estimate, low, high), look, size=8 if row["kind"] == "local" else 5)


def _side(weight: float | None) -> float:
    """Return the side of a square whose area grows with the weight, large enough to be seen."""
    share = 0.0 if is_missing(weight) or weight is None else float(weight)
    return max(SMALLEST, LARGEST * math.sqrt(min(1.0, 2 * share)))


def _draw_mean_line(panel: Axes, rows: list[Row]) -> None:
    means = [_percent(row)[0] for row in rows if row["kind"] == "pooled"]
    for mean in means:
        panel.axvline(mean, color=QUIET, lw=0.9, ls=":", zorder=0, label="_mean line")


def _draw_line_above_local(panel: Axes, places: list[float], rows: list[Row]) -> None:
    """Draw the line that the registry's own share is below, over the whole width of the figure."""
    if len(rows) > 1 and rows[-1]["kind"] == "local":
        left, right = -LEFT_INCHES, WIDTH_INCHES - LEFT_INCHES
        width = WIDTH_INCHES - LEFT_INCHES - RIGHT_INCHES
        ends = ((left + 0.15) / width, (right - 0.15) / width)
        heights = [(places[-1] + places[-2]) / 2] * 2
        where = panel.get_yaxis_transform()
        panel.plot(ends, heights, color=INK, lw=1, transform=where, clip_on=False, label="_line")


def _write_numbers(panel: Axes, places: list[float], rows: list[Row]) -> None:
    """Write counts and share with limits to the right of each row."""
    where = panel.get_yaxis_transform()
    top = places[0] - 0.95
    for at, head in ((COUNTS_AT, "Events/n"), (NUMBERS_AT, "Share (limits)")):
        panel.text(at, top, head, transform=where, va="center", fontsize=8.5, color=QUIET)
    for place, row in zip(places, rows, strict=True):
        weight = "bold" if row["kind"] in ("pooled", "local") else "normal"
        colour = QUIET if row["kind"] == "not counted" else INK
        style: dict[str, Any] = {
            "transform": where,
            "va": "center",
            "fontsize": 8.5,
            "fontweight": weight,
            "color": colour,
        }
        if row["kind"] != "prediction":
            panel.text(
                COUNTS_AT, place, "no counts" if is_missing(row["n"]) else count_text(row["events"], row["n"]), **style
            )
        panel.text(NUMBERS_AT, place, _numbers(row), **style)


def _numbers(row: Row) -> str:
    if row["kind"] == "prediction":
        return estimate_text(math.nan, row["conf_low"], row["conf_high"])
    n = None if is_missing(row["n"]) else float(row["n"])
    return estimate_text(row["estimate"], row["conf_low"], row["conf_high"], n=n)


def _notes(rows: list[Row]) -> str:
    """Return what is to be known of figures, why others do not count and how the mean was made."""
    of_note: dict[str, list[str]] = {}
    for row in rows:
        if row["kind"] != "local" and row["note"]:
            note = f"{'not counted, ' if row['kind'] == 'not counted' else ''}{row['note']}."
            of_note.setdefault(note, []).append(str(row["label"]))
    told = [f"{', '.join(dict.fromkeys(labels))}: {note}" for note, labels in of_note.items()]
    lines = [line for text in told for line in textwrap.wrap(text, NOTE_CHARACTERS)]
    return "\n".join(lines)


def _legend(figure: Figure, rows: list[Row], top: float) -> None:
    """Explain the shapes that are drawn."""
    entries = {
        "study": Line2D([], [], color=INK, marker="s", label="study, area by weight"),
        "not counted": Line2D([], [], color=QUIET, marker="s", mfc="white", ls="none", label="not counted"),
        "pooled": Patch(color=INK, label="mean with limits"),
        "prediction": Line2D([], [], color=INK, ls=(0, (3, 1.4)), lw=2.2, label="a further study"),
        "local": Line2D([], [], color=LOCAL.colour, marker=LOCAL.marker, label="this registry"),
    }
    kinds = {row["kind"] for row in rows}
    handles = [handle for kind, handle in entries.items() if kind in kinds]
    left = LEFT_INCHES / WIDTH_INCHES / 2
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(left, top), ncols=len(handles), fontsize=8.5)
