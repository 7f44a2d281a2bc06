"""Plots of pain as the first sign of attacks and of pain in two diagnoses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nmosd_cohort.report.plots_core import (
    Look,
    draw_interval,
    empty_figure,
    first_row,
    label_rows,
    new_figure,
    rows_of,
    set_title,
    side_texts,
    tally_sum,
    why_empty,
)
from nmosd_cohort.report.rows import Row, row_count, row_estimate
from nmosd_cohort.report.words import level_label, outcome_label, question_short, without_capital

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nmosd_cohort.result import Result

OVERALL = Look("#B2340B", "D")
GROUP = Look("#0072B2", "o")
OTHERWISE = Look("#0072B2", "s", "#FFFFFF")
BY_DIAGNOSIS = (Look("#B2340B", "o"), Look("#0072B2", "s", "#FFFFFF"))
ADJUSTED = Look("#5F6B6D", "^")


def plot_first_sign(result: Result) -> Figure:
    """Draw the share of attacks heralded by pain, of all and by type, and of patients with such an attack."""
    rows = rows_of(result, "attack_share") + rows_of(result, "proportion", outcome="ever_heralded_by_pain")
    if not rows:
        return empty_figure(why_empty(result))
    attacks = tally_sum(result.tally[result.tally["is_heralded"].ne("unknown")], ["attack_type"])
    counts = dict(zip(attacks["attack_type"], attacks["n"].astype(int), strict=True))
    places = _places(rows)
    figure, (panel,) = new_figure(8.6, 1.6 + 0.36 * len(rows))
    for place, row in zip(places, rows, strict=True):
        look = GROUP if row["level"] else OTHERWISE if row["role"] == "sensitivity" else OVERALL
        draw_interval(panel, place, _percent(row), look)
    label_rows(panel, places, [_sign_label(row) for row in rows])
    side_texts(panel, places, [_sign_numbers(row, counts) for row in rows], head="share (95 % interval)")
    panel.set_xlim(-2, 102)
    panel.axvline(50, color="#BBBBBB", lw=1, ls=(0, (4, 2)), zorder=0, label="_half")
    panel.set_xlabel("Share heralded by new or worse pain, %")
    set_title(panel, f"{question_short(result.name)} of an attack", width=6, lift=22)
    return figure


def _places(rows: list[Row]) -> list[float]:
    """Return heights with a gap before the types of attack and before the patients."""
    heights, gap = [], 0.0
    for i, row in enumerate(rows):
        if i and (bool(row["level"]) != bool(rows[i - 1]["level"])):
            gap += 0.5
        heights.append(i + gap)
    return heights


def _percent(row: Row) -> tuple[float, float, float]:
    return 100 * row["estimate"], 100 * row["conf_low"], 100 * row["conf_high"]


def _sign_label(row: Row) -> str:
    if row["measure"] == "proportion":
        return "Patients with at least one such attack"
    if row["level"]:
        return level_label(row["level"])
    return "All attacks, each patient counting the same" if row["term"] else "All attacks"


def _sign_numbers(row: Row, attacks: dict[str, int]) -> str:
    if row["measure"] == "proportion":
        return f"{row_estimate(row)}\N{EM SPACE}{row_count(row)} patients"
    n = attacks.get(row["level"], 0) if row["level"] else sum(attacks.values())
    return f"{row_estimate(row)}\N{EM SPACE}{n} attacks, {row['n']} patients"


def plot_diagnosis(result: Result) -> Figure:
    """Draw the shares with pain of both diagnoses, and their differences, crude and at the same age and sex."""
    outcomes = [row["outcome"] for row in rows_of(result, "risk_difference")]
    if not outcomes:
        return empty_figure(why_empty(result))
    figure, (shares, gaps) = new_figure(10.2, 1.9 + 0.62 * len(outcomes), 2, width_ratios=(1.0, 1.0))
    first = first_row(result, "risk_difference")
    codes = (first["level"], first["reference"]) if first else ("", "")
    for place, outcome in enumerate(outcomes):
        for shift, code, look in zip((-0.14, 0.14), codes, BY_DIAGNOSIS, strict=True):
            row = first_row(result, "proportion", outcome=outcome, level=code)
            if row:
                draw_interval(shares, place + shift, _percent(row), look)
        _draw_gaps(gaps, result, outcome, place)
    label_rows(shares, [float(i) for i in range(len(outcomes))], [outcome_label(name) for name in outcomes])
    label_rows(gaps, [float(i) for i in range(len(outcomes))], [""] * len(outcomes))
    shares.set_xlim(-2, 102)
    shares.set_xlabel("Share of patients who were asked, %")
    gaps.axvline(0, color="#BBBBBB", lw=1, zorder=0, label="_none")
    gaps.set_xlabel(f"{level_label(codes[0])} less {without_capital(level_label(codes[1]))}, percentage points")
    set_title(shares, _severity(result), width=4.6)
    set_title(gaps, "Difference in shares", width=4.6)
    _legend(figure, shares, gaps, codes)
    return figure


def _draw_gaps(panel: Axes, result: Result, outcome: str, place: int) -> None:
    for shift, measure, look in (
        (-0.14, "risk_difference", OVERALL),
        (0.14, "standardised_risk_difference", ADJUSTED),
    ):
        row = first_row(result, measure, outcome=outcome)
        if row:
            draw_interval(panel, place + shift, _percent(row), look)
            panel.text(1.02, place + shift, row_estimate(row), transform=panel.get_yaxis_transform(), va="center",
                       fontsize=8.5)  # fmt: skip


def _severity(result: Result) -> str:
    row = first_row(result, "probability_superiority", term="with pain")
    return f"Pain by diagnosis; chance of the higher NRS with pain: {row_estimate(row)}" if row else "Pain by diagnosis"


def _legend(figure: Figure, shares: Axes, gaps: Axes, codes: tuple[str, str]) -> None:
    for panel, looks, names in (
        (shares, BY_DIAGNOSIS, [level_label(code) for code in codes]),
        (gaps, (OVERALL, ADJUSTED), ["crude", "at the same age and sex"]),
    ):
        for look, name in zip(looks, names, strict=True):
            panel.plot([], [], marker=look.marker, mfc=look.fill or look.colour, mec=look.colour, ls="none", label=name)
    handles = [panel.get_legend_handles_labels() for panel in (shares, gaps)]
    lines = [line for own, _ in handles for line in own]
    figure.legend(lines, [name for _, own in handles for name in own], loc="outside lower center", ncols=4, fontsize=9)
