"""Plots of the pain score: by lesion level, against depression, and over time after the start of a drug."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.ticker import MultipleLocator

from nmosd_cohort.report.format import is_missing
from nmosd_cohort.report.plots_core import (
    INK,
    PALE,
    QUIET,
    empty_figure,
    first_row,
    new_figure,
    set_title,
    tally_sum,
    why_empty,
)
from nmosd_cohort.report.rows import row_estimate, row_patients
from nmosd_cohort.report.words import level_label, measure_label, outcome_label, without_capital

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nmosd_cohort.report.rows import Row
    from nmosd_cohort.result import Result

LESION_LEVELS = ("cervical_only", "thoracic_only", "both", "neither")
FILLS = {"cervical_only": "#0072B2", "thoracic_only": "#B2340B", "both": "#8A6D3B", "neither": "#8C8C8C"}
DAYS_PER_MONTH = 30.4375
LANE = 0.78  # of the distance of two lanes, for the longest bar


def _contrast(result: Result, outcome: str) -> str:
    row = first_row(result, "probability_superiority", outcome=outcome)
    return f". P(higher), {without_capital(row_patients(row))}: {row_estimate(row)}" if row else ""


def _draw_lane(panel: Axes, lane: int, counts: pd.DataFrame, colour: str) -> None:
    """Draw the pain scores of one level as centred bars, as long as their patients are many, with counts."""
    largest = int(counts["n"].max())
    for score, n in zip(counts["pain_nrs"].astype(float), counts["n"].astype(int), strict=True):
        width = LANE * n / largest
        panel.barh(score, width, left=lane - width / 2, height=0.7, color=colour, label="_count")
        panel.text(lane + width / 2 + 0.03, score, str(n), va="center", fontsize=8, color=QUIET)


def plot_lesion_level(result: Result) -> Figure:
    """Draw the pain scores of the four lesion cells as bars of counts, with the median of each cell."""
    if result.tally.empty:
        return empty_figure(why_empty(result))
    counts = tally_sum(result.tally, ["lesion_level", "pain_nrs"])
    present = [level for level in LESION_LEVELS if (counts["lesion_level"] == level).any()]
    figure, (panel,) = new_figure(7.6, 4.8)
    names = []
    for lane, level in enumerate(present):
        chosen = counts[counts["lesion_level"] == level]
        _draw_lane(panel, lane, chosen, FILLS[level])
        median = first_row(result, "median", outcome="pain_nrs", level=level)
        if median:
            panel.plot([lane], [median["estimate"]], marker="D", ms=9, color=INK, mec="white", label="_median")
        names.append(f"{level_label(level)}\nn = {int(chosen['n'].sum())}")
    panel.set_xticks(range(len(present)), names)
    panel.set_xlim(-0.6, len(present) - 0.35)
    panel.set_yticks(range(11))
    panel.set_ylim(-0.7, 10.7)
    panel.set_ylabel("Pain intensity, NRS 0 to 10")
    panel.set_xlabel("Bar and number: patients with this score; diamond: median of the cell")
    set_title(panel, f"Pain by lesion level{_contrast(result, 'pain_nrs')}", width=7)
    return figure


def _correlation_title(result: Result) -> str:
    parts = []
    for level in ("all", "with_pain"):
        row = first_row(result, "spearman", level=level)
        if row:
            parts.append(f"{without_capital(level_label(level))} {row_estimate(row)}, n = {row['n']}")
    return "Spearman correlation: " + "; ".join(parts) if parts else "Pain and depression"


def _draw_cut_off(panel: Axes, result: Result) -> None:
    cut_off = next((result.definitions[key] for key in ("cutoff", "cut_off") if key in result.definitions), None)
    if isinstance(cut_off, int | float) and not is_missing(cut_off):
        panel.axhline(cut_off, color=QUIET, lw=1, ls=(0, (4, 2)), label="_cut_off")
        panel.text(1.01, cut_off, f"cut-off\n{cut_off:g}", transform=panel.get_yaxis_transform(), va="center",
                   fontsize=8.5, color=QUIET)  # fmt: skip


def plot_depression(result: Result) -> Figure:
    """Draw the depression score against the pain score, one bubble a pair of scores, its area the patients."""
    if result.tally.empty:
        return empty_figure(why_empty(result))
    counts = tally_sum(result.tally, ["pain_nrs", "depression"])
    largest = int(counts["n"].max())
    area = 34.0 if largest < 12 else 420.0 / largest
    figure, (panel,) = new_figure(7.2, 4.9)
    pain, mood = counts["pain_nrs"].astype(float), counts["depression"].astype(float)
    looks: dict[str, Any] = {"color": "#0072B2", "alpha": 0.75, "ec": "white", "lw": 0.6}
    panel.scatter(pain, mood, s=area * counts["n"].astype(int), label="_patients", **looks)
    for size in dict.fromkeys((1, max(1, (largest + 1) // 2), largest)):
        name = "1 patient" if size == 1 else f"{size} patients"
        panel.scatter([], [], s=area * size, label=name, **looks)
    _draw_cut_off(panel, result)
    panel.set_xticks(range(11))
    panel.set_xlim(-0.6, 10.6)
    panel.set_ylim(bottom=-2)
    panel.set_xlabel("Pain intensity, NRS 0 to 10")
    instrument = str(result.definitions.get("instrument", result.definitions.get("depression", "depression")))
    panel.set_ylabel(f"{outcome_label(instrument)}, points")
    panel.grid(color="#EEEEEE", lw=0.8)
    panel.set_axisbelow(True)
    figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
    set_title(panel, _correlation_title(result), width=6.6)
    return figure


def _draw_mean(panel: Axes, row: Row | None, months: float) -> None:
    """Draw a mean with its interval at a time."""
    if row is None:
        return
    if not is_missing(row["conf_low"]):
        panel.plot(
            [months] * 2, [row["conf_low"], row["conf_high"]], color="#B2340B", lw=2, zorder=5, label="_interval"
        )
    panel.plot([months], [row["estimate"]], marker="D", ms=8, color="#B2340B", mec="white", zorder=6, label="_mean")


def _changed_score(result: Result) -> str:
    return str(result.definitions.get("outcome", "pain_nrs"))


def _follow_up_months(result: Result) -> float:
    days = result.definitions.get("at_days")
    months = float(days) / DAYS_PER_MONTH if isinstance(days, int) else result.definitions.get("at_months")
    return float(months) if isinstance(months, int | float) else float(result.tally["months"].max())


def plot_change(result: Result) -> Figure:
    """Draw every patient's pain scores over the months from the start as a thin line, and the two means."""
    if result.tally.empty:
        return empty_figure(why_empty(result))
    outcome = _changed_score(result)
    lines = [line.sort_values("months") for _, line in result.tally.groupby("trajectory", sort=True)]
    figure, (panel,) = new_figure(7.6, 4.6)
    for line in lines:
        panel.plot(line["months"].astype(float), line["value"].astype(float), color="#5B6F80", lw=0.9, marker="o", ms=3,
                   alpha=0.75 if len(lines) <= 30 else 0.35, label="_trajectory")  # fmt: skip
    baseline, follow_up = (first_row(result, name, outcome=outcome) for name in ("baseline_mean", "follow_up_mean"))
    at_months = _follow_up_months(result)
    _draw_mean(panel, baseline, 0)
    _draw_mean(panel, follow_up, at_months)
    if baseline and follow_up:
        panel.plot([0, at_months], [baseline["estimate"], follow_up["estimate"]], color="#B2340B", lw=2, zorder=4,
                   label="_mean line")  # fmt: skip
    months = result.tally["months"].astype(float)
    first, last = min(float(months.min()), -0.5) - 0.5, max(float(months.max()), at_months) + 0.7
    panel.axvspan(first, 0, color=PALE, alpha=0.4, lw=0, zorder=0)
    panel.set_xlim(first, last)
    panel.axvline(0, color=INK, lw=1.2, label="_start")
    if outcome in ("pain_nrs", "edss"):
        panel.set_ylim(-0.4, 10.4)
        panel.set_yticks(range(0, 11, 2))
    panel.xaxis.set_major_locator(_every_months(result))
    panel.set_xlabel("Months from the start (grey: before); thin line: one patient; diamond: mean with 95 % interval")
    panel.set_ylabel(f"{outcome_label(outcome)}, points")
    set_title(panel, _change_title(result, len(lines)), width=7)
    return figure


def _every_months(result: Result) -> MultipleLocator:
    span = float(result.tally["months"].max() - result.tally["months"].min())
    return MultipleLocator(0.5 if span <= 4 else 3 if span <= 18 else 6 if span <= 48 else 12)


def _change_title(result: Result, trajectories: int) -> str:
    drug = str(result.definitions.get("treatment", result.definitions.get("drug", "the drug")))
    outcome = _changed_score(result)
    row = first_row(result, "mean_change", outcome=outcome) or first_row(
        result, "pseudo_median_change", outcome=outcome
    )
    measure = without_capital(measure_label(row["measure"])) if row else ""
    change = f": {measure} {row_estimate(row)}, n = {row['n']}" if row else ""
    return f"{outcome_label(outcome)} after the start of {drug}{change}. Every trajectory is drawn, n = {trajectories}"
