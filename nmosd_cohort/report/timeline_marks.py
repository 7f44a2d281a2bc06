"""Markers with texts on a time axis, in rows so that no text covers another: attacks and MRI of one patient."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nmosd_cohort.report.format import is_missing
from nmosd_cohort.report.plots_core import INK
from nmosd_cohort.report.words import level_label, without_capital

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from nmosd_cohort.report.rows import Row

Scale = tuple[float, str]  # days in a unit of the axis, and its name
MRI_WORDS = {
    "first_lesions": "lesion {label}",
    "new_lesion": "new lesion: {label}",
    "same_lesions": "no new lesion: {label}",
    "no_lesion": "{region}: no lesion",
    "imaged": "{region} imaged",
}
CHARACTER = 0.064  # inches, of a text in a lane
MOST_TEXTS = 5  # more markers than these are drawn without texts


@dataclass(frozen=True, slots=True)
class Mark:
    """One marker with its text, and the row of the lane in which they stand."""

    where: float
    text: str
    marker: str
    is_filled: bool
    row: int = 0
    is_left: bool = False  # the text stands left of the marker


def _in_rows(marks: Sequence[Mark], inch: float, right: float) -> list[Mark]:
    """Return marks from the left, each in the first row where no text is in its way.

    ``inch`` is the length of an inch on the axis and ``right`` the end of the picture.
    """
    ends: list[float] = []
    placed = []
    for mark in sorted(marks, key=lambda mark: mark.where):
        text = mark.text if len(marks) <= MOST_TEXTS else ""
        length = inch * (0.3 + CHARACTER * max(map(len, text.split("\n"))))
        is_left = mark.where + length > right
        start = mark.where - (length if is_left else inch * 0.1)
        row = next((i for i, taken in enumerate(ends) if taken <= start), len(ends)) if text else 0
        ends[row : row + 1] = [mark.where + (inch * 0.1 if is_left else length)]
        placed.append(replace(mark, text=text, row=row, is_left=is_left))
    return placed


def draw_marks(panel: Axes, marks: Sequence[Mark]) -> None:
    """Draw markers with their texts, the first row on top."""
    for i, mark in enumerate(marks):
        panel.plot([mark.where], [mark.row], marker=mark.marker, ms=8, color=INK, clip_on=False,
                   mfc=INK if mark.is_filled else "white", label="_mark")  # fmt: skip
        panel.annotate(mark.text, (mark.where, mark.row), xytext=(-9 if mark.is_left else 9, 0), va="center",
                       ha="right" if mark.is_left else "left", textcoords="offset points", fontsize=8,
                       label=f"_{i}")  # fmt: skip
    panel.set_yticks([])
    panel.set_ylim(max((mark.row for mark in marks), default=0) + 0.6, -0.6)


def time_of(event: Row, scale: Scale, edges: tuple[float, float]) -> tuple[float, str]:
    """Return where an event stands, and its time in words if that is the edge."""
    where = float(event["start_days"]) / scale[0]
    if where < edges[0]:
        return edges[0], f"{where:.0f} {scale[1]}: ".replace("-", "−")
    return where, ""


def attack_marks(events: list[Row], scale: Scale, edges: tuple[float, float], inch: float, right: float) -> list[Mark]:
    """Return one marker an attack: its type, or its first signs without one, and its treatment."""
    treated = {event["start_days"]: str(event["label"]) for event in events if event["kind"] == "acute_treatment"}
    marks = []
    for event in events:
        if event["kind"] == "attack" and not is_missing(event["start_days"]):
            where, when = time_of(event, scale, edges)
            names = [level_label(part) for part in str(event["label"]).split(";") if part]
            text = without_capital(", ".join([names[0], *map(without_capital, names[1:])])) if names else "attack"
            text += f"\n{treated[event['start_days']]}" if event["start_days"] in treated else ""
            marks.append(Mark(where, f"{when}{text}", "<" if when else "v", is_filled=True))
    return _in_rows(marks, inch, right)


def mri_marks(events: list[Row], scale: Scale, edges: tuple[float, float], inch: float, right: float) -> list[Mark]:
    """Return one marker an MRI, filled where it showed a lesion that was not there before."""
    said: dict[float, list[str]] = {}
    filled: dict[float, bool] = {}
    for event in [event for event in events if not is_missing(event["start_days"])]:
        where, when = time_of(event, scale, edges)
        said.setdefault(where, []).append(when + _mri_text(event))
        is_new = event["kind"] in ("first_lesions", "new_lesion") or (
            event["kind"] == "new_lesions" and float(event["value"]) > 0
        )
        filled[where] = filled.get(where, False) or is_new
    marks = [Mark(where, textwrap.fill("; ".join(texts), 34), "D", filled[where]) for where, texts in said.items()]
    return _in_rows(marks, inch, right)


def _mri_text(event: Row) -> str:
    region = without_capital(level_label(str(event["label"])))
    if event["kind"] == "new_lesions":
        n = int(float(event["value"]))
        return f"{region}: {n if n else 'no'} new lesion{'' if n == 1 else 's'}"
    return MRI_WORDS[str(event["kind"])].format(label=event["label"], region=region)
