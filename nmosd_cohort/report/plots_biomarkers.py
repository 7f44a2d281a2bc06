"""Plots of laboratory values by pain group, and of incidence and prevalence by calendar year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import LogLocator, NullFormatter

from nmosd_cohort.report.plots_core import (
    INK,
    LOOKS,
    QUIET,
    Look,
    draw_interval,
    empty_figure,
    first_row,
    new_figure,
    rows_of,
    set_title,
    why_empty,
)
from nmosd_cohort.report.rows import row_estimate
from nmosd_cohort.report.words import level_label, outcome_label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nmosd_cohort.result import Result

GROUPS = ("neuropathic", "other_pain", "no_pain")
MOST_PANELS = 3
WIDEST = 0.42  # of half a lane, for the value with the most patients


def plot_biomarkers(result: Result) -> Figure:
    """Draw the values of each analyte by pain group on a log axis, with geometric means; hollow: beyond a limit."""
    names = list(dict.fromkeys(result.tally["outcome"])) if not result.tally.empty else []
    if not names:
        return empty_figure(why_empty(result))
    figure, panels = new_figure(0.6 + 4.4 * min(len(names), MOST_PANELS), 4.8, min(len(names), MOST_PANELS))
    for panel, name in zip(panels, names, strict=False):
        _draw_values(panel, result, str(name))
    return figure


def _draw_values(panel: Axes, result: Result, name: str) -> None:
    values = result.tally[result.tally["outcome"] == name]
    ticks = []
    for lane, group in enumerate(GROUPS):
        part = values[(values["pain_group"] == group).fillna(False)]
        ticks.append(f"{level_label(group).replace(' pain', chr(10) + 'pain')}\nn = {int(part['n'].sum())}")
        for is_beyond in (False, True):
            _draw_dots(panel, lane, part[(part["censoring"] != 0) == is_beyond], group, is_beyond=is_beyond)
        mean = first_row(result, "geometric_mean", outcome=name, group="pain_group", level=group)
        if mean:
            numbers = mean["estimate"], mean["conf_low"], mean["conf_high"]
            panel.plot([lane + 0.33] * 2, numbers[1:], color=INK, lw=1.8, label="_interval")
            panel.plot([lane + 0.33], [numbers[0]], marker="D", ms=7, color=INK, mec="white", label="_mean")
    panel.set_yscale("log")
    panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    panel.yaxis.set_minor_formatter(NullFormatter())
    panel.set_xticks(range(len(GROUPS)), ticks)
    panel.set_xlim(-0.5, len(GROUPS) - 0.35)
    panel.set_ylabel(f"{outcome_label(name)}, {result.definitions['units'][name]} (log scale)")
    panel.set_xlabel("Diamond: geometric mean; hollow: beyond a limit", fontsize=8.5, color=QUIET)
    ratio = first_row(result, "geometric_mean_ratio", outcome=name, group="with_pain")
    text = f": pain against none, ratio {row_estimate(ratio)}" if ratio else ""
    set_title(panel, f"{outcome_label(name)}{text}", width=3.0)


def _draw_dots(panel: Axes, lane: int, part: pd.DataFrame, group: str, *, is_beyond: bool) -> None:
    """Draw one dot a patient; patients of one value stand side by side."""
    look = LOOKS[group]
    across, up = [], []
    for value, n in zip(part["value"].astype(float), part["n"].astype(int), strict=True):
        step = min(0.05, 2 * WIDEST / max(n, 1))
        across += [lane - 0.08 + step * (at - (n - 1) / 2) * 0.8 for at in range(n)]
        up += [value] * n
    fill = "none" if is_beyond else look.colour
    panel.plot(across, up, ls="none", marker="o", ms=3.2, mfc=fill, mec=look.colour, mew=0.7, alpha=0.7, label="_value")


def plot_incidence(result: Result) -> Figure:
    """Draw incidence and prevalence by calendar year with exact limits."""
    panels_of = (("rate_per_100000", "incidence"), ("prevalence_per_100000", "prevalence"))
    rows = {outcome: rows_of(result, measure, group="calendar_year", term="") for measure, outcome in panels_of}
    if not any(rows.values()):
        return empty_figure(why_empty(result))
    figure, panels = new_figure(9.4, 4.2, 2)
    texts = {
        "incidence": ("New cases per 100,000 person-years", first_row(result, "rate_per_100000", role="primary")),
        "prevalence": (
            "Patients alive per 100,000 persons",
            first_row(result, "prevalence_per_100000", role="primary"),
        ),
    }
    for panel, (outcome, found) in zip(panels, rows.items(), strict=True):
        for row in found:
            year = int(row["level"])
            panel.plot([year] * 2, [row["conf_low"], row["conf_high"]], color=INK, lw=1.6, label="_interval")
            draw_interval(panel, row["estimate"], (year, float("nan"), float("nan")), Look("#0072B2", "o"))
            panel.annotate(str(row["n"]), (year, row["conf_high"]), xytext=(0, 3), textcoords="offset points",
                           ha="center", fontsize=8, color=QUIET)  # fmt: skip
        years = [int(row["level"]) for row in found]
        panel.set_xticks(years, [str(year) for year in years], rotation=45 if len(years) > 6 else 0)
        panel.set_xlim(min(years) - 0.6, max(years) + 0.6)
        panel.set_ylim(0, None)
        name, total = texts[outcome]
        panel.set_ylabel(name)
        panel.set_xlabel("Calendar year; number: patients")
        whole = "all years" if outcome == "incidence" else f"1 July {max(years)}"
        end = f", {whole}: {row_estimate(total)}" if total else ""
        set_title(panel, f"{outcome_label(outcome)}{end}", width=4)
    return figure
