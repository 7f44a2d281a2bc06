"""Plots of two treatments side by side, and of a score before and after a start by quarter of a year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.ticker import MultipleLocator

from nmosd_cohort.report.format import is_missing
from nmosd_cohort.report.plots_core import (
    INK,
    PALE,
    QUIET,
    Look,
    draw_interval,
    empty_figure,
    first_row,
    label_rows,
    new_figure,
    set_title,
    why_empty,
)
from nmosd_cohort.report.rows import row_estimate
from nmosd_cohort.report.words import measure_label, outcome_label, without_capital

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nmosd_cohort.report.rows import Row
    from nmosd_cohort.result import Result

ARM_LOOKS = (Look("#B2340B", "o"), Look("#0072B2", "s", "#FFFFFF"))
CONTRASTS = ("adjusted_mean_difference", "difference_at_equal_baseline", "change_shift")
PERIODS = {"before": Look("#5F6B6D", "o"), "lag": Look("#8A6D3B", "D", "#FFFFFF"), "after": Look("#B2340B", "s")}
PERIOD_NAMES = {"before": "before the start", "lag": "in the lag, left out of the model", "after": "after the start"}


def plot_contrast(result: Result) -> Figure:
    """Draw the scores of both arms before and after, and the differences between them."""
    if result.tally.empty:
        return empty_figure(why_empty(result))
    figure, (left, right) = new_figure(9.4, 4.2, 2, width_ratios=(1, 1.05))
    arms = (str(result.definitions["drug"]), str(result.definitions["comparator"]))
    is_ordinal = first_row(result, "baseline_mean") is None
    for place, (arm, look) in enumerate(zip(arms, ARM_LOOKS, strict=True)):
        _draw_arm(left, result, arm, look, shift=0.05 * (2 * place - 1), kind="median" if is_ordinal else "mean")
    left.set_xticks([0, 1], ["Before", "After"])
    left.set_xlim(-0.35, 1.35)
    left.set_ylabel(f"{outcome_label(str(result.definitions['outcome']))}, {'median' if is_ordinal else 'mean'}")
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), fontsize=9)
    set_title(left, "Each arm; a change in one\nalone is no contrast", width=4)
    _draw_contrasts(right, result)
    return figure


def _draw_arm(panel: Axes, result: Result, arm: str, look: Look, *, shift: float, kind: str) -> None:
    rows = [first_row(result, f"{time}_{kind}", level=arm) for time in ("baseline", "follow_up")]
    shown: list[tuple[float, Row]] = [(place + shift, row) for place, row in enumerate(rows) if row is not None]
    for where, row in shown:
        if not is_missing(row["conf_low"]):
            panel.plot([where] * 2, [row["conf_low"], row["conf_high"]], color=look.colour, lw=1.8, label="_interval")
    n = f", n = {shown[0][1]['n']}" if shown else ""
    looks: dict[str, Any] = {"color": look.colour, "marker": look.marker, "mfc": look.fill or look.colour, "ms": 7}
    panel.plot([where for where, _ in shown], [row["estimate"] for _, row in shown], lw=1.3, label=f"{arm}{n}", **looks)


def _draw_contrasts(panel: Axes, result: Result) -> None:
    rows = [row for row in (first_row(result, name) for name in CONTRASTS) if row is not None]
    label_rows(panel, range(len(rows)), [measure_label(row["measure"]).replace(", ", ",\n") for row in rows])
    for place, row in enumerate(rows):
        draw_interval(panel, place, (row["estimate"], row["conf_low"], row["conf_high"]), ARM_LOOKS[0])
        panel.text(row["estimate"], place - 0.16, row_estimate(row), ha="center", va="bottom", fontsize=9)
    panel.axvline(0, color=INK, lw=1, label="_no difference")
    panel.margins(x=0.15)
    panel.set_xlabel("Points, with 95 % interval; 0: no difference")
    set_title(panel, f"{result.definitions['drug']} less {result.definitions['comparator']}", width=2.7)


def plot_series(result: Result) -> Figure:
    """Draw the mean score of each quarter of a year from the start, as large as its visits are many."""
    if result.tally.empty:
        return empty_figure(why_empty(result))
    figure, (panel,) = new_figure(7.8, 4.4)
    counts = result.tally
    largest = int(counts["n"].max())
    for period, look in PERIODS.items():
        rows = counts[counts["period"] == period]
        if rows.empty:
            continue
        panel.scatter(
            rows["months"].astype(float), rows["mean"].astype(float), s=20 + 160 * rows["n"].astype(float) / largest,
            marker=look.marker, fc=look.fill or look.colour, ec=look.colour, lw=1.2, label=PERIOD_NAMES[period],
        )  # fmt: skip
    lag = float(result.definitions["lag_days"]) / 30.4375
    panel.axvspan(-lag, 0, color=PALE, alpha=0.5, lw=0, zorder=0, label="_lag")
    panel.axvline(0, color=INK, lw=1.2, label="_start")
    panel.xaxis.set_major_locator(MultipleLocator(6))
    panel.set_xlabel(f"Months from the start; area: visits, at most {largest}")
    panel.set_ylabel(f"{outcome_label(str(result.definitions['outcome']))}, mean")
    panel.grid(color="#EEEEEE", lw=0.8)
    panel.set_axisbelow(True)
    panel.margins(y=0.15)
    figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9, labelcolor=QUIET)
    row = first_row(result, "level_change")
    change = f": {without_capital(measure_label('level_change'))} {row_estimate(row)}, n = {row['n']}" if row else ""
    set_title(panel, f"Around the start of {result.definitions['treatment']}{change}", width=7)
    return figure
