"""Plots of predictors of neuropathic pain and of quality of life, and of associations without overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from nmosd_cohort.report.plots_core import (
    INK,
    QUIET,
    Look,
    draw_interval,
    empty_figure,
    first_row,
    label_rows,
    new_figure,
    rows_of,
    set_title,
    side_texts,
    why_empty,
)
from nmosd_cohort.report.rows import row_estimate, row_patients
from nmosd_cohort.report.words import outcome_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nmosd_cohort.report.rows import Row
    from nmosd_cohort.result import Result

CRUDE, ADJUSTED = Look("#0072B2", "s", "#FFFFFF"), Look("#B2340B", "o")
MRI = "MRI"


def _legend(figure: Figure, looks: dict[str, Look]) -> None:
    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, mfc=look.fill or look.colour, label=label)
        for label, look in looks.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=9)


def _numbers(row: Row) -> tuple[float, float, float]:
    return row["estimate"], row["conf_low"], row["conf_high"]


def _draw_pair(panel: Axes, place: float, first: Row | None, second: Row | None) -> str:
    """Draw two estimates of one row of the panel, the first above, and return their numbers as text."""
    texts = []
    for shift, row, look in ((-0.17, first, CRUDE), (0.17, second, ADJUSTED)):
        if row:
            draw_interval(panel, place + shift, _numbers(row), look, size=6)
        texts.append(row_estimate(row) if row else "not estimated")
    return "\n".join(texts)


def plot_neuropathic_predictors(result: Result) -> Figure:
    """Draw odds ratios of neuropathic pain for each exposure, not adjusted above adjusted, on a log axis."""
    rows = rows_of(result, "odds_ratio", outcome="neuropathic")
    main = [row for row in rows if MRI not in row["denominator"]]
    shown = main + [row for row in rows if row["term"] == "lesion_segments"]
    if not shown:
        return empty_figure(why_empty(result))
    figure, (panel,) = new_figure(9.6, 2.1 + 0.62 * len(shown))
    places = [float(at) for at in range(len(shown))]
    texts = [
        _draw_pair(panel, place, first_row(result, "crude_odds_ratio", outcome="neuropathic", term=row["term"]), row)
        for place, row in zip(places, shown, strict=True)
    ]
    names = [
        row_patients(row).replace(" vs ", "\nvs ") + (f"\n(n = {row['n']}, with MRI)" if row not in main else "")
        for row in shown
    ]
    label_rows(panel, places, names)
    side_texts(panel, places, texts, head="Odds ratio (95 % limits)")
    panel.axvline(1, color=QUIET, lw=1)
    panel.set_xscale("log")
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_locator(NullLocator())
    low, high = panel.get_xlim()
    panel.set_xlim(min(low, 0.5), max(high, 2.0))
    panel.set_xlabel("Odds ratio of neuropathic pain (log axis)")
    set_title(panel, "Neuropathic pain against all other assessed patients", width=6.5)
    _legend(figure, {"not adjusted": CRUDE, "adjusted for the others, age, sex and duration": ADJUSTED})
    return figure


def plot_quality_predictors(result: Result) -> Figure:
    """Draw standardised coefficients of each predictor at the left and shares of explained variation at the right."""
    rows = rows_of(result, "standardised_coefficient")
    if not rows:
        return empty_figure(why_empty(result))
    figure, panels = new_figure(11.0, 2.3 + 0.55 * len(rows), columns=2, sharey=True)
    places = [float(at) for at in range(len(rows))]
    for place, row in zip(places, rows, strict=True):
        _draw_pair(panels[0], place, first_row(result, "crude_standardised_coefficient", term=row["term"]), row)
    panels[0].axvline(0, color=QUIET, lw=1)
    panels[0].set_xlabel("SDs of quality of life for each SD of the predictor")
    set_title(panels[0], "Standardised coefficient", width=4)
    texts = []
    for place, row in zip(places, rows, strict=True):
        share = first_row(result, "relative_importance", term=row["term"])
        if share:
            percents = [100 * number for number in _numbers(share)]
            draw_interval(panels[1], place, (percents[0], percents[1], percents[2]), Look(INK, "D"), size=6)
        texts.append(row_estimate(share) if share else "not estimated")
    panels[1].set_xlim(left=0)
    panels[1].set_xlabel("Share of the variation of quality of life, %")
    set_title(panels[1], "Relative importance", width=4)
    for panel in panels:
        label_rows(panel, places, [row_patients(row) for row in rows])
    panels[1].tick_params(axis="y", labelleft=False)
    side_texts(panels[1], places, texts)
    figure.suptitle(f"{outcome_label(rows[0]['outcome'])}; n = {rows[0]['n']}", x=0.01, ha="left", fontsize=10)
    _legend(figure, {"one predictor": CRUDE, "given the others, age, sex and duration": ADJUSTED})
    return figure


def plot_without_overlap(result: Result) -> Figure:
    """Draw the correlation of pain with each full score above that with the overlap taken out."""
    differences = rows_of(result, "spearman_part_difference")
    correlations = rows_of(result, "spearman")
    rests = [row["outcome"] for row in differences]
    pairs: list[tuple[Row, Row | None]] = []
    for row in correlations:
        if row["outcome"] in rests:
            pairs[-1] = (pairs[-1][0], row)
        else:
            pairs.append((row, None))
    figure, (panel,) = new_figure(10.4, 1.9 + 0.72 * len(pairs))
    places, names, texts = [float(at) for at in range(len(pairs))], [], []
    for place, (full, rest) in zip(places, pairs, strict=True):
        lines = _draw_pair(panel, place, full, rest).split("\n")
        names.append(outcome_label(full["outcome"]) + (f"\n{outcome_label(rest['outcome'])}" if rest else ""))
        lines[1] = lines[1] if rest else "overlap not removable"
        texts.append("\n".join([f"{lines[0]}, n = {full['n']}", lines[1]]))
    label_rows(panel, places, names)
    side_texts(panel, places, texts, head="Correlation (95 % limits)")
    panel.axvline(0, color=QUIET, lw=1)
    panel.set_xlabel("Spearman correlation with pain intensity (NRS)")
    set_title(panel, "With the full score (above) and without overlap", width=6)
    _legend(figure, {"full score": CRUDE, "overlap taken out": ADJUSTED})
    return figure
