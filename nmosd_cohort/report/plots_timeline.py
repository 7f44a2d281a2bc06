"""Picture of one patient: attacks, pain, numbness, strength, drugs, MRI and laboratory values on one time axis."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from nmosd_cohort.report.format import is_missing
from nmosd_cohort.report.plots_core import INK, PALE, QUIET, empty_figure
from nmosd_cohort.report.rows import Row, records
from nmosd_cohort.report.timeline_marks import attack_marks, draw_marks, mri_marks, time_of
from nmosd_cohort.report.words import level_label, outcome_label, without_capital

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from nmosd_cohort.report.timeline_marks import Mark, Scale
    from nmosd_cohort.result import Result

ORDER = ("attacks", "pain", "numbness", "strength", "disability", "drugs", "mri", "csf", "blood")
NAMES = {
    "attacks": "Attacks",
    "pain": "Pain\n(NRS 0 to 10)",
    "numbness": "Numbness",
    "strength": "Strength\n(MRC grade)",
    "disability": "EDSS",
    "drugs": "Drugs",
    "mri": "MRI",
    "csf": "CSF",
    "blood": "Blood",
}
PAIN, DRUG, RIGHT, LEFT = "#B2340B", "#0072B2", "#0072B2", "#B2340B"
DAYS_PER_WEEK, DAYS_PER_YEAR = 7, 365.25
LONG_DAYS = 2 * 365  # a longer course is drawn in years
FAR = 3.0  # an event farther before the rest than this many times its length stands at the edge
UNDATED_ROOM = 0.46  # of the length of the axis, for what has no date
EDGE_ROOM = 0.12  # of the length of the axis, for what happened far earlier
AFTER_ROOM = 0.14  # of the length of the axis, for what goes on after the last event
WIDTH, LEFT_INCHES, TOP_INCHES, BOTTOM_INCHES = 9.4, 1.85, 0.12, 0.55
SIDE_CHARACTERS = 36
OPEN = (0, (3, 1.2))  # dashes of what has no recorded end


def plot_timeline(result: Result) -> Figure:
    """Draw the events of one patient, one lane a kind; what has no date is listed at the right, not placed."""
    events = records(result.tally)
    dated = [event for event in events if not is_missing(event["start_days"])]
    if not dated:
        return empty_figure("Nothing to draw: no event of this patient has a date.")
    lanes = [lane for lane in ORDER if any(event["lane"] == lane for event in events)]
    start, end = _window(dated)
    scale = (DAYS_PER_YEAR, "years") if end - start > LONG_DAYS else (DAYS_PER_WEEK, "weeks")
    last = (end + AFTER_ROOM * (end - start)) / scale[0]
    edges, length = (start / scale[0], last), (end - start) / scale[0]
    has_side = any(is_missing(event["start_days"]) or event["note"] for event in events)
    limits = (edges[0] - 0.03 * length, last + length * (UNDATED_ROOM if has_side else AFTER_ROOM))
    inch = (limits[1] - limits[0]) / (0.99 * WIDTH - LEFT_INCHES)
    of_lane = {lane: [event for event in events if event["lane"] == lane] for lane in lanes}
    marks = {lane: MARKS[lane](of_lane[lane], scale, edges, inch, limits[1]) for lane in lanes if lane in MARKS}
    panels = _panels([_height(of_lane[lane], lane, marks.get(lane, [])) for lane in lanes])
    panels[-1].set_xlim(*limits)
    for lane, panel in zip(lanes, panels, strict=True):
        _dress(panel, lane, *edges)
        if lane in MARKS:
            draw_marks(panel, marks[lane])
        else:
            DRAW.get(lane, _draw_values)(panel, of_lane[lane], scale, edges)
    panels[-1].tick_params(axis="x", bottom=True, labelbottom=True)
    ticks = [tick for tick in panels[-1].get_xticks() if start / scale[0] - 0.02 * length <= tick <= last]
    panels[-1].set_xticks(ticks)
    zero = str(result.definitions.get("zero", "onset"))
    is_open = any(_is_open(event) and not is_missing(event["start_days"]) for event in events)
    said = "; dashed: end not recorded" if is_open else ""
    panels[-1].set_xlabel(f"Time since {ZEROS.get(zero, 'day zero')}, {scale[1]}{said}")
    figure = panels[0].figure
    assert isinstance(figure, Figure)
    return figure


def _panels(heights: Sequence[float]) -> list[Axes]:
    """Return one panel a lane on a common time axis, heights in inches."""
    tall = sum(heights) + TOP_INCHES + BOTTOM_INCHES
    figure = Figure(figsize=(WIDTH, tall))
    figure.subplots_adjust(
        left=LEFT_INCHES / WIDTH, right=0.99, top=1 - TOP_INCHES / tall, bottom=BOTTOM_INCHES / tall, hspace=0.06
    )
    return list(figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=list(heights))[:, 0])


ZEROS = {
    "onset": "onset",
    "first_attack": "the first attack",
    "last_attack": "the last attack",
    "drug_start": "the start of the drug",
}


def _window(dated: list[Row]) -> tuple[float, float]:
    """Return the first and last day of the axis; a far earlier event stands at its edge, not in its scale."""
    days = sorted(float(event["start_days"]) for event in dated)
    ends = [float(event["end_days"]) for event in dated if not is_missing(event["end_days"])]
    end = max([*days, *ends])
    start = next(
        (d for i, d in enumerate(days) if i == len(days) - 1 or days[i + 1] - d < FAR * (end - days[i + 1])), 0
    )
    end = max(end, start + DAYS_PER_WEEK)
    return (start - EDGE_ROOM * (end - start) if days[0] < start else start), end


def _height(events: list[Row], lane: str, marks: Sequence[Mark]) -> float:
    """Return the height of a lane in inches."""
    names = len({event["label"] for event in events})
    if marks:
        return 0.14 + 0.3 * (1 + max(mark.row for mark in marks))
    if lane == "pain":
        return 1.2 + 0.2 * len({event["label"] for event in events if event["kind"] == "episode"})
    if lane == "drugs":
        undated = len({event["label"] for event in events if is_missing(event["start_days"])})
        return 0.3 + 0.27 * names + 0.08 * undated
    return {"strength": 1.15, "disability": 0.9, "numbness": 0.35}.get(lane, 0.2 + 0.25 * max(1, names))


def _dress(panel: Axes, lane: str, start: float, last: float) -> None:
    panel.set_ylabel(NAMES[lane], rotation=0, ha="right", va="center", labelpad=10)
    panel.tick_params(axis="x", bottom=False, labelbottom=False)
    panel.axvline(0, color=QUIET, lw=0.8, ls=(0, (4, 2)), label="_zero")
    panel.spines["left"].set_visible(False)
    panel.spines["bottom"].set_color(PALE)
    panel.axvspan(start, last, color="#FAFAFA", lw=0, zorder=0, label="_ground")


def _is_open(event: Row) -> bool:
    return event["kind"] in ("episode", "course") and is_missing(event["end_days"])


def _pain_name(label: str) -> str:
    return "pain, type not recorded" if label == "unclassified" else without_capital(level_label(label))


def _value(event: Row) -> str:
    """Return a value with its unit, as a range or a limit where it is one."""
    if is_missing(event["value"]):
        return ""
    sign = {"above_limit": "≥ ", "below_limit": "< "}.get(str(event["kind"]), "")
    low, high = float(event["value"]), float(event["value_high"])
    text = f"{low:g}" if low == high else f"{low:g}-{high:g}"
    return f"{sign}{text}\u00a0{str(event['unit']).replace('/uL', '/µL').replace('ug/', 'µg/')}".strip()


def _side(
    panel: Axes, position: float, told: Sequence[str], undated: Sequence[str], edges: tuple[float, float]
) -> None:
    """Write at the right of a lane what is told of it and what has no date."""
    texts = [*dict.fromkeys(told), *(["start not recorded: " + ", ".join(undated)] if undated else [])]
    panel.annotate(textwrap.fill("; ".join(texts), SIDE_CHARACTERS), (edges[1], position), xytext=(5, 0),
                   textcoords="offset points", va="center", fontsize=8, color=QUIET, style="italic")  # fmt: skip


def _draw_pain(panel: Axes, events: list[Row], scale: Scale, edges: tuple[float, float]) -> None:
    for event in events:
        if is_missing(event["start_days"]):
            continue
        where, _ = time_of(event, scale, edges)
        if event["kind"] == "score_range":
            low, high = float(event["value"]), float(event["value_high"])
            panel.plot([where] * 2, [low, high], color=PAIN, lw=6, solid_capstyle="butt", label="_range")
            panel.annotate(f"NRS {low:g} to {high:g}", (where, high), xytext=(-7, 0), textcoords="offset points",
                           fontsize=8, ha="right", va="center")  # fmt: skip
        elif event["kind"] == "answer":
            panel.plot([where], [0], marker="x" if event["label"] == "yes" else "o", mfc="white", color=PAIN, ms=6,
                       clip_on=False, label="_answer")  # fmt: skip
            if event["label"] == "yes":
                panel.annotate("pain, no score", (where, 0), xytext=(7, 5), textcoords="offset points", fontsize=8)
    _line(panel, [event for event in events if event["kind"] == "score"], scale, PAIN, "o")
    episodes = [event for event in events if event["kind"] == "episode"]
    names = list(dict.fromkeys(str(event["label"]) for event in episodes))
    said: set[str] = set()
    for event in episodes:
        if not is_missing(event["start_days"]):
            where, _ = time_of(event, scale, edges)
            height = 11.3 + 1.7 * names.index(str(event["label"]))
            until = edges[1] if is_missing(event["end_days"]) else float(event["end_days"]) / scale[0]
            panel.plot([where, until], [height] * 2, color=PAIN, lw=3, alpha=0.45, solid_capstyle="butt",
                       dash_capstyle="butt", ls=OPEN if _is_open(event) else "-", label="_spell")  # fmt: skip
            text = "" if event["label"] in said else _pain_name(str(event["label"]))
            said.add(event["label"])
            panel.annotate(text, (where, height), xytext=(2, 1.5), textcoords="offset points", fontsize=8,
                           va="bottom")  # fmt: skip
    panel.set_ylim(-0.8, 12.8 + 1.7 * max(0, len(names) - 1) + (0.6 if names else -2.0))
    panel.set_yticks([0, 5, 10])
    undated = [_pain_name(str(e["label"])) for e in episodes if is_missing(e["start_days"])]
    _side(panel, 6, [], undated, edges)


def _line(panel: Axes, events: list[Row], scale: Scale, colour: str, marker: str) -> None:
    known = [event for event in events if not is_missing(event["start_days"])]
    times = [float(event["start_days"]) / scale[0] for event in known]
    values = [float(event["value"]) for event in known]
    panel.plot(times, values, color=colour, marker=marker, ms=5, lw=1.2, clip_on=False, label="_scores")


def _draw_answers(panel: Axes, events: list[Row], scale: Scale, edges: tuple[float, float]) -> None:
    for event in events:
        if not is_missing(event["start_days"]):
            where, _ = time_of(event, scale, edges)
            fill = INK if event["label"] == "yes" else "white"
            panel.plot([where], [0], marker="s", ms=6, color=INK, mfc=fill, clip_on=False, label="_answer")
    panel.text(1.0, 0.5, "filled: yes, hollow: no", transform=panel.transAxes, fontsize=7.5, color=QUIET, ha="right",
               va="center")  # fmt: skip
    panel.set_yticks([])
    panel.set_ylim(-1, 1)


def _draw_strength(panel: Axes, events: list[Row], scale: Scale, edges: tuple[float, float]) -> None:
    """Draw one line a leg; a half grade, which stands for two neighbouring grades, as the bar between them."""
    sides = (("mrc_right_leg", RIGHT, "o", "right leg", 4), ("mrc_left_leg", LEFT, "s", "left leg", -4))
    for name, colour, marker, words, up in sides:
        own = [event for event in events if event["label"] == name and not is_missing(event["start_days"])]
        _line(panel, own, scale, colour, marker)
        for event in own:
            where, low, high = time_of(event, scale, edges)[0], *_grades(event)
            panel.plot([where] * 2, [low, high], color=colour, lw=4, alpha=0.5, label="_grades")
        if own:
            low, high = _grades(own[-1])
            text = f"{words}: {low:g}" if low == high else f"{words}: {low:g} to {high:g}"
            where = float(own[-1]["start_days"]) / scale[0]
            panel.annotate(text, (where, (low + high) / 2), xytext=(8, up), textcoords="offset points", color=colour,
                           fontsize=8, va="center")  # fmt: skip
    panel.set_ylim(-0.4, 5.4)
    panel.set_yticks(range(6))
    panel.tick_params(axis="y", labelsize=7.5)


def _grades(event: Row) -> tuple[float, float]:
    """Return the two whole grades that a half grade stands for, or the grade twice."""
    return float(math.floor(event["value"])), float(math.ceil(event["value"]))


def _draw_disability(panel: Axes, events: list[Row], scale: Scale, edges: tuple[float, float]) -> None:
    _line(panel, events, scale, INK, "D")
    panel.set_ylim(-0.5, 10.5)
    panel.set_yticks([0, 5, 10])


def _draw_drugs(panel: Axes, events: list[Row], scale: Scale, edges: tuple[float, float]) -> None:
    """Draw one row a drug; each course is a step with its dose, and doses without a date stand at the right."""
    names = list(dict.fromkeys(str(event["label"]) for event in events))
    dated = {name: [e for e in events if e["label"] == name and not is_missing(e["start_days"])] for name in names}
    names.sort(key=lambda name: (not dated[name], dated[name][0]["start_days"] if dated[name] else 0))
    for row, name in enumerate(names):
        for event in dated[name]:
            where, when = time_of(event, scale, edges)
            until = edges[1] if is_missing(event["end_days"]) else max(float(event["end_days"]) / scale[0], where)
            panel.barh(row, until - where, left=where, height=0.62, ec=DRUG, lw=0.8, fc=(*to_rgb(DRUG), 0.28),
                       ls=OPEN if _is_open(event) else "-", label="_course")  # fmt: skip
            roomy = until - where > 0.16 * (edges[1] - edges[0])
            panel.annotate(f"{when}{_value(event)}", (where if roomy else until, row), ha="left" if roomy else "right",
                           xytext=(3, 0) if roomy else (-(until - where > 0) * 3, 0), textcoords="offset points",
                           va="center", fontsize=8)  # fmt: skip
        undated = [_value(e) for e in events if e["label"] == name and is_missing(e["start_days"])]
        answers = [f"response {e['note']}" for e in events if e["label"] == name and e["note"]]
        _side(panel, row, answers, [text or "dose not recorded" for text in undated], edges)
    panel.set_yticks(range(len(names)), names)
    panel.tick_params(axis="y", length=0)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.set_ylabel("")


def _draw_values(panel: Axes, events: list[Row], scale: Scale, edges: tuple[float, float]) -> None:
    """Draw one row an analyte with its values as text at their times."""
    names = list(dict.fromkeys(str(event["label"]) for event in events))
    for event in events:
        if is_missing(event["start_days"]):
            continue
        where, when = time_of(event, scale, edges)
        row = names.index(str(event["label"]))
        panel.plot([where], [row], marker=".", color=INK, ms=6, label="_value")
        panel.annotate(when + _value(event), (where, row), xytext=(6, 0), textcoords="offset points", va="center",
                       fontsize=8)  # fmt: skip
    panel.set_yticks(range(len(names)), [outcome_label(name) for name in names])
    panel.tick_params(axis="y", length=0)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.set_ylabel("")


DRAW: dict[str, Callable[..., Any]] = {
    "pain": _draw_pain,
    "numbness": _draw_answers,
    "strength": _draw_strength,
    "disability": _draw_disability,
    "drugs": _draw_drugs,
}
MARKS = {"attacks": attack_marks, "mri": mri_marks}
