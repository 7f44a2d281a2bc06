"""Plots of imaging: brain measures against pain, pain along the cord, and lesions that persist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nmosd_cohort.report.format import is_missing, p_text
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
from nmosd_cohort.report.words import level_label, outcome_label, patients_label, without_capital

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nmosd_cohort.report.rows import Row
    from nmosd_cohort.result import Result

FOUND = Look("#B2340B", "o")
NOT_FOUND = Look("#5F6B6D", "o", "#FFFFFF")


def _look(row: Row) -> Look:
    return FOUND if not is_missing(row["p_adjusted"]) and row["p_adjusted"] < 0.05 else NOT_FOUND


def _forest(panel: Axes, rows: Sequence[Row], positions: Sequence[int], texts: Sequence[str]) -> None:
    """Draw one interval a row around a line at no effect, with its adjusted p beside it."""
    for row, position in zip(rows, positions, strict=True):
        draw_interval(panel, position, (row["estimate"], row["conf_low"], row["conf_high"]), _look(row))
    panel.axvline(0, color=QUIET, lw=1, zorder=1)
    label_rows(panel, positions, texts)
    side_texts(panel, positions, [p_text(row["p_adjusted"]) for row in rows], head="adjusted p")


def plot_brain_imaging(result: Result) -> Figure:
    """Draw, one row a measure, its adjusted rank correlation with the pain score and the difference of the groups."""
    correlations = rows_of(result, "partial_spearman", term="pain_nrs", level="all")
    differences = rows_of(result, "adjusted_standardised_difference")
    names = list(dict.fromkeys(str(row["outcome"]) for row in (*correlations, *differences)))
    if not names:
        return empty_figure(why_empty(result))
    figure, (left, right) = new_figure(11, 1.9 + 0.42 * len(names), columns=2)
    for panel, rows, words in (
        (left, correlations, "Adjusted Spearman correlation with the pain score"),
        (right, differences, "Adjusted difference, SDs within groups"),
    ):
        texts = [f"{outcome_label(str(row['outcome']))}, n = {row['n']}" for row in rows]
        shown = texts if panel is left else [f"n = {row['n']}" for row in rows]
        _forest(panel, rows, [names.index(str(row["outcome"])) for row in rows], shown)
        panel.set_ylim(len(names) - 0.3, -0.7)
        panel.set_xlabel(words)
    if differences:
        first = differences[0]
        between = f"{level_label(first['level'])} against {without_capital(level_label(first['reference']))}"
        set_title(right, between, width=3.6, lift=22)
    set_title(left, "Pain intensity, all patients with an MRI", width=3.6, lift=22)
    figure.supxlabel("Filled: p adjusted for all measures of a kind below 0.05 (permutation, max-T)", fontsize=9)
    return figure


def plot_segment_map(result: Result) -> Figure:
    """Draw, from the head down, how many patients have a lesion at each segment and the difference in pain there."""
    overlap = rows_of(result, "proportion", outcome="cord_lesion")
    if not overlap:
        return empty_figure(why_empty(result))
    names = [str(row["level"]) for row in overlap]
    effects = [row for row in rows_of(result, _effect(result)) if row["level"] in names]
    figure, (left, right) = new_figure(9.4, 7.6, columns=2, width_ratios=[1, 1.5])
    places = range(len(names))
    left.barh(places, [row["events"] for row in overlap], height=0.75, color=PALE, label="_overlap")
    for place, row in zip(places, overlap, strict=True):
        left.text(row["events"], place, f" {row['events']} of {row['n']}", va="center", fontsize=7.5, color=QUIET)
    label_rows(left, list(places), names)
    left.set_xlim(0, 1.35 * max(1, *(int(row["events"]) for row in overlap)))
    left.set_xlabel("Patients with a lesion")
    for row in effects:
        place = names.index(str(row["level"]))
        draw_interval(right, place, (row["estimate"], row["conf_low"], row["conf_high"]), _look(row), size=6)
    right.axvline(0, color=QUIET, lw=1, zorder=1)
    label_rows(right, list(places), names)
    side_texts(
        right,
        [names.index(str(row["level"])) for row in effects],
        [p_text(row["p_adjusted"]) for row in effects],
        head="adjusted p",
    )
    unit = "NRS points" if result.definitions.get("outcome") == "pain_nrs" else "share of patients"
    right.set_xlabel(f"Adjusted difference, {unit}, simultaneous limits")
    set_title(left, "Overlap of lesions", width=3)
    set_title(right, f"{outcome_label(str(result.definitions.get('outcome', '')))}: lesion there or not", width=4.6)
    words = "Filled: adjusted p below 0.05 (max-T over these segments); the others have too few lesions for a test"
    figure.supxlabel(words if effects else "No segment has enough lesions for a test", fontsize=8.5)
    return figure


def _effect(result: Result) -> str:
    is_score = result.definitions.get("outcome") == "pain_nrs"
    return "adjusted_mean_difference" if is_score else "adjusted_risk_difference"


def plot_persistent_lesions(result: Result) -> Figure:
    """Draw the standardised coefficients of lesions that persist and of lesions at the attack, each level a row."""
    rows = rows_of(result, "standardised_coefficient")
    if not rows:
        return empty_figure(why_empty(result))
    figure, (panel,) = new_figure(7.6, 1.6 + 0.5 * len(rows))
    for place, row in enumerate(rows):
        look = FOUND if str(row["term"]).startswith("persistent") else NOT_FOUND
        draw_interval(panel, place, (row["estimate"], row["conf_low"], row["conf_high"]), look)
    panel.axvline(0, color=QUIET, lw=1, zorder=1)
    label_rows(panel, range(len(rows)), [f"{patients_label(term=row['term'])}, n = {row['n']}" for row in rows])
    panel.set_xlabel("Difference in the pain score (NRS), SDs per SD; filled: persistent")
    set_title(panel, "Lesions that persist, and lesions at the attack", width=4.6)
    return figure
