"""Plots of drugs: depression left untreated, drug use by kind of pain, and response to each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nmosd_cohort.report.plots_core import (
    LOOKS,
    QUIET,
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
from nmosd_cohort.report.rows import row_count, row_estimate
from nmosd_cohort.report.words import level_label, outcome_label, without_capital

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nmosd_cohort.report.rows import Row
    from nmosd_cohort.result import Result

KIND_LOOKS = {
    "with_pain": Look("#222222", "D"),
    "neuropathic": LOOKS["neuropathic"],
    "tonic_spasm": Look("#0072B2", "s", "#FFFFFF"),
}
ANSWER_FILLS = {"good": "#0072B2", "partial": "#9CC5DF", "none": "#D9D9D9"}
ANSWER_INK = {"good": "white", "partial": "#222222", "none": "#222222"}
GAP = ("no_antidepressant", "antidepressant_for_depression", "antidepressant_for_pain")
PERSISTING = ("depressed_on_antidepressant", "depressed_on_antidepressant_for_depression")
USE = (
    *("on_pain_drug", "on_anticonvulsant", "on_antidepressant", "on_opioid", "on_nonopioid_analgesic"),
    *("on_muscle_relaxant", "no_symptomatic_drug", "two_or_more_drug_classes"),
)
NARROWEST = 0.07  # a part of a bar that still holds its number


def plot_depression_gap(result: Result) -> Figure:
    """Draw the shares untreated, treated and depressed in spite of treatment, of patients with pain now."""
    shares = rows_of(result, "proportion", level="yes")
    rows = [row for name in (*GAP, *PERSISTING) for row in shares if row["outcome"] in (name, f"{name}_moderate")]
    if not rows:
        return empty_figure(why_empty(result))
    places, height = [], 0.0
    for at, row in enumerate(rows):
        height += 0.0 if at == 0 else 1.0 if row["outcome"].endswith("_moderate") else 1.5
        places.append(height)
    figure, (panel,) = new_figure(10.2, 1.6 + 0.34 * (places[-1] + 1))
    for place, row in zip(places, rows, strict=True):
        look = Look("#0072B2", "s", "#FFFFFF") if row["outcome"].endswith("_moderate") else Look("#B2340B", "D")
        _draw_share(panel, place, row, look)
    label_rows(panel, places, [_gap_label(row["outcome"]) for row in rows])
    texts = [f"{row_estimate(row)}\N{EM SPACE}{row_count(row)}" for row in rows]
    side_texts(panel, places, texts, head="share (95 % interval), patients")
    panel.set_xlim(-2, 102)
    panel.set_xlabel("Share, % (first three: of those depressed; then: of those treated)")
    title = "Patients with pain now: depression left untreated, or there in spite of treatment"
    set_title(panel, title, width=4.5, lift=22)
    return figure


def _gap_label(outcome: str) -> str:
    """Return the label of an outcome; the row below it, of the higher cut-off, says only that."""
    return "moderate or severe depression" if outcome.endswith("_moderate") else outcome_label(outcome)


def _draw_share(panel: Axes, place: float, row: Row, look: Look) -> None:
    draw_interval(panel, place, (100 * row["estimate"], 100 * row["conf_low"], 100 * row["conf_high"]), look, size=6)


def plot_drugs(result: Result) -> Figure:
    """Draw the share on each class by kind of pain, and beside it the response to the last course of each class."""
    used = [row for row in rows_of(result, "proportion", group="pain_kind") if row["outcome"] in USE]
    answers = rows_of(result, "proportion", group="response")
    if not used and not answers:
        return empty_figure(why_empty(result))
    figure, panels = new_figure(11.6, 5.2, 2, width_ratios=[1.25, 1])
    _draw_use(panels[0], used)
    _draw_answers(panels[1], answers)
    return figure


def _draw_use(panel: Axes, rows: list[Row]) -> None:
    if not rows:
        panel.text(0.5, 0.5, "Who takes which drug is not assessable", ha="center", transform=panel.transAxes)
        panel.set_axis_off()
        return
    names = [name for name in USE if any(row["outcome"] == name for row in rows)]
    for lane, (level, look) in enumerate(KIND_LOOKS.items()):
        for row in rows:
            if row["level"] == level:
                _draw_share(panel, names.index(row["outcome"]) + 0.24 * (lane - 1), row, look)
        panel.plot([], [], marker=look.marker, mfc=look.fill or look.colour, mec=look.colour, ls="none",
                   label=f"{level_label(level)}, n = {_denominator(rows, level)}")  # fmt: skip
    label_rows(panel, list(range(len(names))), [outcome_label(name) for name in names])
    handles, texts = panel.get_legend_handles_labels()
    shown = [(handle, text) for handle, text in zip(handles, texts, strict=True) if not text.startswith("_")]
    panel.legend(*zip(*shown, strict=True), loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, fontsize=8.5)
    panel.set_xlim(-2, 102)
    panel.set_xlabel("Share of patients at the visit, %")
    set_title(panel, "Drugs by kind of pain", width=4)


def _denominator(rows: list[Row], level: str) -> int:
    return max((int(row["n"]) for row in rows if row["level"] == level), default=0)


def _draw_answers(panel: Axes, rows: list[Row]) -> None:
    """Draw one bar a class, parted by the answers, with the number of patients in each part."""
    names = list(dict.fromkeys(row["outcome"] for row in rows))
    for place, name in enumerate(names):
        left = 0.0
        for answer, colour in ANSWER_FILLS.items():
            row = next(row for row in rows if row["outcome"] == name and row["level"] == answer)
            panel.barh(place, 100 * row["estimate"], left=100 * left, height=0.6, color=colour, label="_answer")
            if row["estimate"] >= NARROWEST:
                middle = 100 * (left + row["estimate"] / 2)
                panel.text(middle, place, str(row["events"]), ha="center", va="center", fontsize=9,
                           color=ANSWER_INK[answer])  # fmt: skip
            left += row["estimate"]
    if not names:
        panel.text(0.5, 0.5, "No response is recorded", ha="center", transform=panel.transAxes, color=QUIET)
        panel.set_axis_off()
        return
    for answer, colour in ANSWER_FILLS.items():
        panel.barh([0], [0], color=colour, label=level_label(answer))
    panel.set_yticks(range(len(names)), [_class_name(name, rows) for name in names])
    panel.tick_params(axis="y", length=0)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.set_xlim(0, 100)
    panel.set_xlabel("Patients by response to the last course, %")
    handles, texts = panel.get_legend_handles_labels()
    shown = [(handle, text) for handle, text in zip(handles, texts, strict=True) if not text.startswith("_")]
    panel.legend(*zip(*shown, strict=True), loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, fontsize=8.5)
    set_title(panel, "Response by class", width=3.5)


def _class_name(outcome: str, rows: list[Row]) -> str:
    n = next(int(row["n"]) for row in rows if row["outcome"] == outcome)
    name = outcome_label(outcome).removeprefix("Response to the last ")
    return f"{without_capital(name)[:1].upper()}{name[1:]}\nn = {n}"
