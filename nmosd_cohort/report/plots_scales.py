"""Plots of scales by pain group: the EDSS as stacked bars, the SF-36 as quartiles and adjusted differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap, to_hex, to_rgb

from nmosd_cohort.report.format import decimal
from nmosd_cohort.report.plots_core import (
    INK,
    LOOKS,
    QUIET,
    Look,
    draw_interval,
    empty_figure,
    first_row,
    label_rows,
    new_figure,
    set_title,
    side_texts,
    tally_sum,
    why_empty,
)
from nmosd_cohort.report.rows import row_estimate, row_patients
from nmosd_cohort.report.words import level_label, outcome_label, without_capital

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nmosd_cohort.result import Result

GROUPS = ("neuropathic", "other_pain", "no_pain")
STEP_COLOURS = [to_hex(colour) for colour in colormaps["cividis_r"].resampled(21)(range(21))]  # EDSS 0, 0.5 ... 10
SHOWN_IF_AT_LEAST = 0.045  # share of a bar that has room for its label
# Bodily pain measures pain itself, so it stands apart from the other scales, as do the component scores.
SCALE_PLACES = {
    "sf36_pf": 0.0,
    "sf36_rp": 1.0,
    "sf36_gh": 2.0,
    "sf36_vt": 3.0,
    "sf36_sf": 4.0,
    "sf36_re": 5.0,
    "sf36_mh": 6.0,
    "sf36_bp": 7.7,
    "sf36_pcs": 9.4,
    "sf36_mcs": 10.4,
}


def quartile_text(result: Result, **conditions: str) -> str:
    """Return "median 3.5 (quartiles 2.0 to 6.0)" from the estimates of one group, or that there is none."""
    rows = [first_row(result, measure, **conditions) for measure in ("median", "quartile_1", "quartile_3")]
    if rows[0] is None:
        return "no median"
    text = f"median {decimal(rows[0]['estimate'], 1)}"
    if rows[1] is None or rows[2] is None:
        return text
    return f"{text} (quartiles {decimal(rows[1]['estimate'], 1)} to {decimal(rows[2]['estimate'], 1)})"


def _ink_on(colour: str) -> str:
    """Return black or white, whichever is readable on a colour."""
    red, green, blue = to_rgb(colour)
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "#FFFFFF"


def _stack(panel: Axes, position: float, counts: pd.DataFrame) -> None:
    """Draw one group's patients as a bar of 100 %, one part an EDSS step."""
    total, left = int(counts["n"].sum()), 0.0
    for edss, n in zip(counts["edss"].astype(float), counts["n"].astype(int), strict=True):
        share = n / total
        colour = STEP_COLOURS[round(2 * edss)]
        panel.barh(position, 100 * share, left=100 * left, height=0.66, color=colour, ec="white", lw=0.7)
        if share >= SHOWN_IF_AT_LEAST:
            middle = 100 * (left + share / 2)
            panel.text(middle, position, f"{edss:g}", ha="center", va="center", fontsize=8.5, color=_ink_on(colour))
        left += share


def plot_disability(result: Result) -> Figure:
    """Draw the EDSS of each pain group as a bar of 100 %, lowest step at the left, with n and median."""
    if result.tally.empty:
        return empty_figure(why_empty(result))
    counts = tally_sum(result.tally, ["pain_group", "edss"])
    present = [group for group in GROUPS if (counts["pain_group"] == group).any()]
    figure, (panel,) = new_figure(8.6, 1.9 + 0.62 * len(present))
    texts = []
    for i, group in enumerate(present):
        chosen = counts[counts["pain_group"] == group]
        _stack(panel, i, chosen)
        texts.append(f"n = {int(chosen['n'].sum())}\n{quartile_text(result, outcome='edss', level=group)}")
    places = [float(i) for i in range(len(present))]
    label_rows(panel, places, [level_label(group) for group in present])
    side_texts(panel, places, [text.replace(" (", "\n(") for text in texts])
    panel.axvline(50, color=INK, lw=1.5, ls=(0, (3, 1.5)), zorder=0.9, label="_half")
    panel.set_xlim(0, 100)
    panel.set_xlabel("Patients of the group, % (dashed line: the median patient)")
    colours = ScalarMappable(BoundaryNorm([step / 2 - 0.25 for step in range(22)], 21), ListedColormap(STEP_COLOURS))
    bar = figure.colorbar(colours, ax=panel, location="bottom", shrink=0.5, aspect=40, ticks=range(11))
    bar.set_label("EDSS, written in each part that has room")
    set_title(panel, _contrast_title(result), width=7.6)
    return figure


def _contrast_title(result: Result) -> str:
    row = first_row(result, "probability_superiority", outcome="edss", role="primary") or first_row(
        result, "probability_superiority", outcome="edss"
    )
    if row is None:
        return "EDSS by pain group"
    return f"EDSS by pain group. P(higher), {without_capital(row_patients(row))}: {row_estimate(row)}"


def _short(outcome: str) -> str:
    text = outcome_label(outcome).removeprefix("SF-36 ")
    return f"{text[:1].upper()}{text[1:]}" + (" (pain itself)" if outcome == "sf36_bp" else "")


def _draw_quartiles(panel: Axes, result: Result, present: list[str]) -> None:
    for outcome in present:
        for i, group in enumerate(GROUPS):
            rows: list[Any] = [
                first_row(result, measure, outcome=outcome, level=group)
                for measure in ("median", "quartile_1", "quartile_3")
            ]
            numbers = tuple(row["estimate"] if row else float("nan") for row in rows)
            draw_interval(panel, SCALE_PLACES[outcome] + 0.25 * (i - 1), (numbers[0], numbers[1], numbers[2]),
                          LOOKS[group], size=5.5)  # fmt: skip
    for group in GROUPS:
        look = LOOKS[group]
        panel.plot([], [], color=look.colour, marker=look.marker, mfc=look.fill or look.colour, ms=5.5,
                   label=level_label(group))  # fmt: skip


def _draw_differences(panel: Axes, result: Result, present: list[str]) -> None:
    places, texts = [], []
    for outcome in present:
        row = first_row(result, "adjusted_mean_difference", outcome=outcome, level="neuropathic", reference="no_pain")
        if row:
            look = Look("#B2340B", "D", "#FFFFFF" if outcome == "sf36_bp" else "")
            draw_interval(panel, SCALE_PLACES[outcome], (row["estimate"], row["conf_low"], row["conf_high"]), look)
        places.append(SCALE_PLACES[outcome])
        texts.append(row_estimate(row) if row else "not estimated")
    panel.axvline(0, color=QUIET, lw=1, label="_zero")
    side_texts(panel, places, texts)


def plot_quality_of_life(result: Result) -> Figure:
    """Draw each SF-36 scale: median and quartiles by pain group, and the adjusted difference to no pain."""
    outcomes = set(result.estimates["outcome"])
    present = [outcome for outcome in SCALE_PLACES if outcome in outcomes]
    if not present:
        return empty_figure(why_empty(result))
    places = [SCALE_PLACES[outcome] for outcome in present]
    figure, (left, right) = new_figure(9.6, 1.7 + 0.44 * (max(places) + 1), 2, sharey=True)
    _draw_quartiles(left, result, present)
    _draw_differences(right, result, present)
    for panel in (left, right):
        label_rows(panel, places, [_short(outcome) for outcome in present])
        if "sf36_bp" in present:
            panel.axhspan(SCALE_PLACES["sf36_bp"] - 0.65, SCALE_PLACES["sf36_bp"] + 0.65, color="#F2EEE6", zorder=0)
    left.set_xlim(0, 100)
    left.set_xlabel("Score, 100 is best: median and quartiles")
    right.set_xlabel("Points, below 0 is worse with neuropathic pain")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=3, fontsize=9)
    set_title(left, "Scores by pain group", width=3)
    set_title(right, "Neuropathic minus no pain, adjusted", width=3.6)
    return figure
