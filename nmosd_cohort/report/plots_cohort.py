"""Pictures of who the patients are: differences between groups in standard deviations, and what is known of whom."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nmosd_cohort.report.format import is_missing
from nmosd_cohort.report.plots_core import PALE, QUIET, Look, draw_interval, label_rows, new_figure, rows_of, set_title
from nmosd_cohort.report.rows import records
from nmosd_cohort.report.words import group_label, level_label, outcome_label, without_capital

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nmosd_cohort.result import Result

LOOKS = (Look("#0072B2", "o"), Look("#B2340B", "s"), Look("#00684A", "^"), Look("#8A6D3B", "D"), Look("#6A3D9A", "v"))
REACH = 2.5  # standard deviations that are drawn


def plot_cohort(result: Result) -> Figure:
    """Draw standardised differences of the groups from the reference; without groups, the share known of each line."""
    rows = rows_of(result, "standardised_difference")
    return _differences(result) if rows else _known(result)


def _differences(result: Result) -> Figure:
    rows = rows_of(result, "standardised_difference")
    outcomes = list(dict.fromkeys(row["outcome"] for row in rows))
    levels = list(dict.fromkeys(row["level"] for row in rows))
    figure, (panel,) = new_figure(7.6, 1.5 + 0.24 * len(outcomes) * max(1.0, 0.55 * min(len(levels), 5)))
    panel.axvline(0, color=QUIET, lw=1, label="_zero")
    panel.axvspan(-0.2, 0.2, color=PALE, alpha=0.5, lw=0, label="_small")
    several = len(levels) > len(LOOKS)
    for row in rows:
        place = levels.index(row["level"])
        offset = 0.0 if several else 0.7 * ((place + 0.5) / len(levels) - 0.5)
        look = Look("#0072B2", "o", "#FFFFFF") if several else LOOKS[place]
        numbers = (row["estimate"], row["conf_low"], row["conf_high"])
        if not is_missing(row["estimate"]) and abs(row["estimate"]) > REACH:
            look = replace(look, marker="<" if row["estimate"] < 0 else ">")
        if several:
            numbers = (row["estimate"], float("nan"), float("nan"))
        draw_interval(panel, outcomes.index(row["outcome"]) + offset, _clipped(numbers), look, size=4.5)
    label_rows(panel, list(range(len(outcomes))), [outcome_label(name) for name in outcomes])
    panel.set_xlim(-REACH, REACH)
    is_beyond = any(not is_missing(row["estimate"]) and abs(row["estimate"]) > REACH for row in rows)
    beyond = f"\narrowhead: beyond {REACH}, see the table" if is_beyond else ""
    panel.set_xlabel("Standardised difference (grey: less than 0.2); of categories its size alone" + beyond)
    if not several:
        for level, look in zip(levels, LOOKS, strict=False):
            panel.plot([], [], color=look.colour, marker=look.marker, label=level_label(level))
        named = [line for line in panel.lines if not str(line.get_label()).startswith("_")]
        figure.legend(named, [str(line.get_label()) for line in named], loc="outside lower center", ncols=3, fontsize=9)
    base = without_capital(level_label(rows[0]["reference"]))
    set_title(panel, f"{group_label(rows[0]['group'])}: each group against {base}", width=6.0)
    return figure


def _clipped(numbers: tuple[float, float, float]) -> tuple[float, float, float]:
    """Return an estimate with its limits, each cut off at the edges of the picture."""
    one, two, three = (n if is_missing(n) else min(max(float(n), -REACH), REACH) for n in numbers)
    return one, two, three


def _known(result: Result) -> Figure:
    lines = [row for row in records(result.tally) if row["level"] == "" and row["n"]]
    figure, (panel,) = new_figure(7.6, 1.2 + 0.24 * len(lines))
    for i, line in enumerate(lines):
        share = 100 * line["known"] / line["n"]
        panel.barh(i, 100, height=0.6, color=PALE, label="_all")
        panel.barh(i, share, height=0.6, color="#0072B2", label="_known")
        panel.text(101, i, f"{line['known']}/{line['n']}", va="center", fontsize=8)
    label_rows(panel, list(range(len(lines))), [outcome_label(line["variable"]) for line in lines])
    panel.set_xlim(0, 112)
    panel.set_xticks([0, 25, 50, 75, 100])
    panel.set_xlabel("Patients in whom the value is known, %")
    set_title(panel, "What is known of how many patients", width=6.0)
    return figure
