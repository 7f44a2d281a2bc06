"""Specification curves: one estimate under every definition, and the choices that make each definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nmosd_cohort.report.plots_core import (
    INK,
    PALE,
    QUIET,
    Look,
    draw_interval,
    empty_figure,
    new_figure,
    rows_of,
    set_title,
    why_empty,
)
from nmosd_cohort.report.rows import row_estimate
from nmosd_cohort.report.words import level_label, outcome_label, without_capital

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nmosd_cohort.report.rows import Row
    from nmosd_cohort.result import Result

EVENTS = ("onset", "worsening")
SHADES = {
    "attack_related": "#B2340B",
    "independent_stable_mri": "#00684A",
    "independent_mri_unknown": "#7FB8A4",
    "undetermined": PALE,
}


def plot_attribution(result: Result) -> Figure:
    """Draw the classes of events under every definition as stacked bars, and the attack-related share's limits."""
    rows = rows_of(result, "share_of_events")
    present = [event for event in EVENTS if any(row["outcome"] == event for row in rows)]
    if not present:
        return empty_figure(why_empty(result))
    groups = {event: _by_definition([row for row in rows if row["outcome"] == event]) for event in present}
    height = 1.7 + 0.36 * sum(len(group) + 2 for group in groups.values())
    figure, (panel,) = new_figure(8.4, height)
    position, ticks, names = 0.0, [], []
    for event, group in groups.items():
        panel.text(0, position, outcome_label(event), fontweight="bold", va="center", fontsize=10)
        position += 1
        for definition, parts in group:
            _draw_stack(panel, position, parts)
            ticks.append(position)
            names.append(definition + (" (primary)" if parts[0]["role"] == "primary" else ""))
            position += 1
        position += 0.5
    for level, colour in SHADES.items():
        panel.barh([0], [0], color=colour, label=level_label(level))
    panel.set_yticks(ticks, names, fontsize=8.5)
    panel.tick_params(axis="y", length=0)
    panel.set_ylim(position - 0.6, -0.7)
    panel.set_xlim(0, 1)
    panel.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    panel.set_xlabel("Share of events; line: 95 % interval of the share with an attack")
    handles, labels = panel.get_legend_handles_labels()
    chosen = [place for place, label in enumerate(labels) if not label.startswith("_")]
    figure.legend(*zip(*[(handles[k], labels[k]) for k in chosen], strict=True), loc="outside lower center", ncols=2,
                  fontsize=9)  # fmt: skip
    set_title(panel, "Pain with and apart from attacks, under every definition", width=7)
    return figure


def _by_definition(rows: list[Row]) -> list[tuple[str, list[Row]]]:
    """Return the rows of each definition, the primary one first, the rest as the attack-related share rises."""
    names = dict.fromkeys(row["term"] for row in rows)
    groups = [(name, [row for row in rows if row["term"] == name]) for name in names]
    return sorted(groups, key=lambda group: (group[1][0]["role"] != "primary", group[1][0]["estimate"]))


def _draw_stack(panel: Axes, position: float, parts: list[Row]) -> None:
    left = 0.0
    for row in parts:
        panel.barh(position, row["estimate"], left=left, height=0.72, color=SHADES[row["level"]], label="_share")
        left += row["estimate"]
    first = parts[0]
    panel.plot([first["conf_low"], first["conf_high"]], [position] * 2, color=INK, lw=1.6, label="_interval")


def plot_severity(result: Result) -> Figure:
    """Draw the pain scores by number of attacks so far: bubbles of patients, and the rank correlation in the title."""
    if result.tally.empty:
        return empty_figure(why_empty(result))
    counts = result.tally
    figure, (panel,) = new_figure(7.2, 4.6)
    largest = int(counts["n"].max())
    looks: dict[str, Any] = {"color": "#0072B2", "alpha": 0.7, "ec": "white", "lw": 0.6}
    area = 34.0 if largest < 12 else 420.0 / largest
    for size in dict.fromkeys((1, max(1, (largest + 1) // 2), largest)):
        panel.scatter([], [], s=area * size, label="1 patient" if size == 1 else f"{size} patients", **looks)
    where = counts["attack_count"].astype(float), counts["pain_nrs"].astype(float)
    panel.scatter(*where, s=area * counts["n"].astype(int), label="_patients", **looks)
    panel.set_xlabel("Attacks up to the visit")
    panel.set_ylabel("Pain intensity, NRS 0 to 10")
    panel.set_yticks(range(11))
    panel.set_ylim(-0.7, 10.7)
    panel.grid(color="#EEEEEE", lw=0.8)
    panel.set_axisbelow(True)
    figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
    found = rows_of(result, "spearman", role="primary")
    words = [f"{row_estimate(row)}, n = {row['n']}" for row in found]
    set_title(panel, "Pain severity and attacks. Spearman correlation: " + "; ".join(words), width=6.6)
    return figure


def plot_multiverse(result: Result) -> Figure:
    """Draw the primary estimate and each one-at-a-time variant with its interval, choice by choice."""
    rows = [row for row in rows_of(result, result.definitions["measure"]) if row["role"] != "description"]
    if not rows:
        return empty_figure(why_empty(result))
    figure, (panel,) = new_figure(8.0, 1.6 + 0.34 * len(rows))
    first = rows[0]
    panel.axvline(first["estimate"], color=QUIET, lw=1, ls=(0, (4, 2)), label="_primary")
    for position, row in enumerate(rows):
        is_primary = row["role"] == "primary"
        look = Look("#B2340B" if is_primary else INK, "D" if is_primary else "o")
        draw_interval(panel, position, (row["estimate"], row["conf_low"], row["conf_high"]), look)
    names = [_choice(row) for row in rows]
    panel.set_yticks(range(len(rows)), [f"{name}, n = {row['n']}" for name, row in zip(names, rows, strict=True)])
    panel.tick_params(axis="y", length=0)
    panel.set_ylim(len(rows) - 0.4, -0.6)
    for end in ("lowest_of_grid", "highest_of_grid"):
        for row in [*rows_of(result, end), *rows_of(result, f"points_{end}")]:
            panel.axvline(row["estimate"], color=PALE, lw=3, zorder=0, label="_range")
    is_share = result.definitions["measure"] == "proportion"
    scale = "Share of patients" if is_share else "Change in points of the NRS"
    panel.set_xlabel(f"{scale}; grey lines: range over all combinations")
    set_title(panel, "One choice changed at a time; the primary definition was fixed beforehand", width=5)
    return figure


def _choice(row: Row) -> str:
    """Return the choice of a row in words, with the value that it takes."""
    if not row["level"]:
        return "Primary definition"
    value = str(row["term"]).partition(": ")[2]
    return f"{level_label(row['level'])}: {without_capital(level_label(value)) if value.isidentifier() else value}"
