"""Plots of types and sites of pain: which occur together (UpSet), and how often each occurs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from nmosd_cohort.report.plots_core import (
    PALE,
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
from nmosd_cohort.report.rows import Row, row_count, row_estimate
from nmosd_cohort.report.words import level_label, outcome_label, question_short

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from nmosd_cohort.result import Result

MOST_COMBINATIONS = 18
FILL = "#0072B2"
ALONE = "#B2340B"


def plot_pain_types(result: Result) -> Figure:
    """Draw an UpSet plot: patients with each combination of types of pain, and with each type at the left."""
    counts = _described(result.tally, "pain_type")
    if counts.empty:
        return empty_figure(why_empty(result))
    sizes = _sizes(counts, "pain_type")
    shown = counts.head(MOST_COMBINATIONS)
    present = set(";".join(shown["pain_type"]).split(";"))
    names = [name for name in sizes if name in present]
    figure = Figure(figsize=(9.2, 3.2 + 0.34 * len(names)), layout=ConstrainedLayoutEngine(h_pad=0.06))
    grid = figure.add_gridspec(2, 2, width_ratios=(1.0, 2.4), height_ratios=(2.4, 0.34 * len(names) + 0.3))
    bars, matrix, left = (figure.add_subplot(grid[place]) for place in ((0, 1), (1, 1), (1, 0)))
    _draw_bars(bars, shown)
    _draw_matrix(matrix, shown, names)
    _draw_sizes(left, {name: sizes[name] for name in names})
    note = figure.add_subplot(grid[0, 0])
    note.set_axis_off()
    note.text(0, 0.05, _note(result, counts, len(shown)), va="bottom", fontsize=8.8, color=QUIET, wrap=True)
    set_title(bars, f"{question_short(result.name)}: patients with each combination", width=6)
    return figure


def _described(tally: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the combinations of patients whose types are known, the commonest first."""
    if tally.empty:
        return tally
    known = tally[tally["pain"].eq("yes") & tally[name].ne("")]
    return known.sort_values(["n", name], ascending=[False, True], ignore_index=True)


def _sizes(counts: pd.DataFrame, name: str) -> dict[str, int]:
    """Return the patients with each code, the commonest first."""
    sizes: dict[str, int] = {}
    for codes, n in zip(counts[name], counts["n"], strict=True):
        for code in codes.split(";"):
            sizes[code] = sizes.get(code, 0) + int(n)
    return dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))


def _draw_bars(panel: Axes, shown: pd.DataFrame) -> None:
    colours = [FILL if ";" in codes else ALONE for codes in shown["pain_type"]]
    panel.bar(range(len(shown)), shown["n"].astype(int), width=0.62, color=colours, label="_combination")
    for place, n in enumerate(shown["n"].astype(int)):
        panel.text(place, n, f"{n}", ha="center", va="bottom", fontsize=8.5)
    panel.set_xticks([])
    panel.set_xlim(-0.6, len(shown) - 0.4)
    panel.set_ylabel("Patients")


def _draw_matrix(panel: Axes, shown: pd.DataFrame, names: list[str]) -> None:
    for row in range(0, len(names), 2):
        panel.axhspan(row - 0.5, row + 0.5, color=PALE, alpha=0.35, lw=0, label="_band")
    for place, codes in enumerate(shown["pain_type"].str.split(";")):
        rows = [names.index(code) for code in codes if code in names]
        panel.plot([place] * len(names), range(len(names)), ls="none", marker="o", ms=7, color=PALE, label="_empty")
        colour = FILL if len(rows) > 1 else ALONE
        panel.plot([place] * len(rows), rows, color=colour, marker="o", ms=7, lw=1.8, label="_member")
    panel.set_xlim(-0.6, len(shown) - 0.4)
    panel.set_ylim(len(names) - 0.5, -0.5)
    panel.set_xticks([])
    panel.set_yticks([])
    for side in ("left", "bottom"):
        panel.spines[side].set_visible(False)
    panel.set_xlabel("Orange: one type alone; blue: several types in one patient")


def _draw_sizes(panel: Axes, sizes: dict[str, int]) -> None:
    largest = max(sizes.values())
    panel.barh(range(len(sizes)), list(sizes.values()), height=0.55, color=QUIET, label="_all with it")
    for row, n in enumerate(sizes.values()):
        panel.text(n + 0.03 * largest, row, f"{n}", va="center", ha="right", fontsize=8.5)
    panel.set_yticks(range(len(sizes)), [level_label(name) for name in sizes])
    panel.yaxis.tick_right()
    panel.tick_params(axis="y", length=0)
    panel.set_xlim(1.25 * largest, 0)
    panel.set_ylim(len(sizes) - 0.5, -0.5)
    panel.set_xticks([])
    for side in ("left", "bottom"):
        panel.spines[side].set_visible(False)
    panel.set_xlabel("Patients with the type")


def _note(result: Result, counts: pd.DataFrame, shown: int) -> str:
    """Return who is in the picture and who is not."""
    by_pain = result.tally.groupby("pain")["n"].sum()
    lines = [f"{int(counts['n'].sum())} patients with", "pain and its type known"]
    for pain, words in (("no", "without pain"), ("unknown", "with pain, type unknown")):
        if pain in by_pain.index:
            lines.append(f"{int(by_pain[pain])} {words}")
    if len(counts) > shown:
        rest = counts.iloc[shown:]
        lines.append(f"{len(rest)} rarer combinations,")
        lines.append(f"{int(rest['n'].sum())} patients, not drawn")
    return "\n".join(lines)


def plot_pain_sites(result: Result) -> Figure:
    """Draw the share of patients with pain at each site as dots with intervals, and the share with several sites."""
    rows = [row for row in rows_of(result, "proportion", group="") if row["role"] in ("primary", "secondary")]
    if not rows:
        return empty_figure(why_empty(result))
    several = [row for row in rows if row["role"] == "primary"]
    sites = sorted((row for row in rows if row["role"] == "secondary"), key=lambda row: -row["estimate"])
    chosen = several + sites
    places = [float(i) if i < len(several) else i + 0.5 for i in range(len(chosen))]
    figure, (panel,) = new_figure(8.2, 1.5 + 0.34 * len(chosen))
    for place, row in zip(places, chosen, strict=True):
        numbers = (100 * row["estimate"], 100 * row["conf_low"], 100 * row["conf_high"])
        draw_interval(panel, place, numbers, Look(ALONE, "D") if row["role"] == "primary" else Look(FILL, "o"))
    label_rows(panel, places, [outcome_label(row["outcome"]) for row in chosen])
    side_texts(panel, places, [_numbers(row) for row in chosen], head="share (95 % interval), patients")
    panel.set_xlim(-2, 102)
    panel.set_xlabel("Share of patients with pain whose sites are known, %")
    set_title(panel, f"{question_short(result.name)}: one patient may have several", width=6.3, lift=22)
    return figure


def _numbers(row: Row) -> str:
    return f"{row_estimate(row)}\N{EM SPACE}{row_count(row)}"
