"""Picture of attacks after a start: rate ratios under several choices, and the share still without an attack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from nmosd_cohort.report.plots_core import (
    INK,
    QUIET,
    Look,
    draw_interval,
    first_row,
    label_rows,
    new_figure,
    rows_of,
    set_title,
    side_texts,
)
from nmosd_cohort.report.rows import row_estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nmosd_cohort.report.rows import Row
    from nmosd_cohort.result import Result

ARM_LOOKS = (Look("#B2340B", "o"), Look("#0072B2", "s", "#FFFFFF"))
LED = ", attack that led to the start left out"


def plot_attacks(result: Result) -> Figure:
    """Draw the rate ratios in one panel and the attack-free curve with those at risk in the other."""
    figure, (left, right) = new_figure(12.4, 4.9, 2, gridspec_kw={"width_ratios": [1.0, 1.25]})
    ratios = rows_of(result, "rate_ratio")
    if ratios:
        _draw_ratios(left, ratios, result)
    else:
        left.set_axis_off()
        left.text(0, 0.5, "No rate ratio: see the checks.", transform=left.transAxes)
    if result.tally.empty:
        right.set_axis_off()
        right.text(0, 0.5, "No time after the start was observed.", transform=right.transAxes)
    else:
        _draw_curves(right, result)
    return figure


def _draw_ratios(panel: Axes, ratios: list[Row], result: Result) -> None:
    positions = list(range(len(ratios)))
    for position, row in zip(positions, ratios, strict=True):
        is_primary = row["role"] == "primary"
        look = Look("#B2340B" if is_primary else QUIET, "D" if is_primary else "o")
        draw_interval(panel, position, (row["estimate"], row["conf_low"], row["conf_high"]), look)
    months = result.definitions["before_months"]
    label_rows(panel, positions, [_words(str(row["term"]), f"{months:g} months before") for row in ratios])
    side_texts(panel, positions, [row_estimate(row) for row in ratios])
    drawn = [float(row["estimate"]) for row in ratios if float(row["estimate"]) > 0]
    if drawn:
        panel.set_xscale("log")
        ticks = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]
        low, high = panel.get_xlim()
        panel.set_xlim(low, max(high, 1.2))
        shown = [tick for tick in ticks if low * 0.9 <= tick <= max(high, 1) * 1.1]
        panel.set_xticks(shown, [f"{tick:g}" for tick in shown])
        panel.minorticks_off()
    panel.axvline(1, color=INK, lw=1, ls=(0, (4, 3)), label="_no change")
    panel.set_xlabel("Attack rate after / before (log scale)")
    rates = {level: first_row(result, "rate", level=level) for level in ("before", "after")}
    text = ", ".join(f"{level} {row_estimate(row)}" for level, row in rates.items() if row)
    set_title(panel, f"Attacks per person-year: {text}", width=4.6)


def _words(term: str, chosen: str) -> str:
    if not term:
        return f"{chosen} (primary)"
    return term.replace(LED, ",\nattack that led to start left out").replace("negative binomial", "negative\nbinomial")


def _draw_curves(panel: Axes, result: Result) -> None:
    arms = list(dict.fromkeys(result.tally["arm"]))
    last = float(result.tally["months"].max())
    for arm, look in zip(arms, ARM_LOOKS, strict=False):
        points = result.tally[result.tally["arm"] == arm].sort_values("months")
        months = [0.0, *points["months"].astype(float)]
        values = {name: [1.0, *points[name].astype(float)] for name in ("attack_free", "conf_low", "conf_high")}
        panel.step(months, values["attack_free"], where="post", color=look.colour, lw=1.8, label=str(arm))
        if len(months) > 1:
            low = [values["conf_low"][1], *values["conf_low"][1:]]
            panel.fill_between(months, low, values["conf_high"], step="post", color=look.colour, alpha=0.13, lw=0)
    panel.set_ylim(0, 1.03)
    panel.set_xlim(0, last)
    step = 6 if last <= 48 else 12 if last <= 96 else 24
    ticks = list(range(0, int(last) + 1, step))
    panel.set_xticks(ticks)
    panel.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    panel.set_xlabel("Months from the start; shaded: 95 % limits" if _is_95(result) else "Months from the start")
    panel.set_ylabel("Without an attack")
    panel.grid(axis="y", color="#E6E6E6", lw=0.8)
    _write_at_risk(panel, result.tally, arms, ticks)
    if len(arms) > 1:
        panel.legend(loc="lower left")
    set_title(panel, _curve_title(result, arms), width=4.3)


def _is_95(result: Result) -> bool:
    return bool(result.definitions.get("conf_level") == 0.95)


def _write_at_risk(panel: Axes, tally: pd.DataFrame, arms: list[str], ticks: list[int]) -> None:
    """Write under each tick how many were still at risk."""
    where = panel.get_xaxis_transform()
    for line, (arm, look) in enumerate(zip(arms, ARM_LOOKS, strict=False)):
        points = tally[tally["arm"] == arm]
        height = -0.23 - 0.075 * line
        for tick in ticks:
            later = points[points["months"].astype(float) >= tick]
            n = int(later["n"].max()) if len(later) else 0
            panel.text(tick, height, str(n), transform=where, ha="center", va="top", fontsize=8.5, color=look.colour)
    panel.text(0, -0.17, "At risk", transform=where, ha="left", va="top", fontsize=8.5, color=QUIET)


def _curve_title(result: Result, arms: list[str]) -> str:
    if len(arms) > 1:
        row = first_row(result, "hazard_ratio", role="primary")
        ratio = f": hazard ratio {row_estimate(row)}" if row else ""
        return f"Time to the first attack, {arms[0]} and {arms[1]}{ratio}"
    share, follow = first_row(result, "attack_free_share"), first_row(result, "median_follow_up")
    text = f"{share['events']} of {share['n']} without an attack" if share else "Time to the first attack"
    return f"{text}; median follow-up {follow['estimate']:.1f} months" if follow else text
