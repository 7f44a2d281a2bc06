"""What a comparison says: a verdict for each published figure, never a bare pass."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from nmosd_cohort.literature.catalogue import published_figures
from nmosd_cohort.literature.comparability import GateOutcome, margin_of
from nmosd_cohort.literature.differences import difference
from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.pooled import FEWEST_FOR_PREDICTION, checked_figures, counts_of_shares, group_shares
from nmosd_cohort.literature.power import Capability, capability
from nmosd_cohort.literature.scales.difference import Difference, number
from nmosd_cohort.literature.verdict_columns import (
    difference_columns,
    figure_columns,
    side_columns,
)
from nmosd_cohort.literature.verdict_words import ALPHA, ending, gate_words, power_words, sentence
from nmosd_cohort.statistics.multiplicity import holm
from nmosd_cohort.statistics.pooling.proportions import pool_proportions
from nmosd_cohort.statistics.pooling.random_effects import Pooled

VERDICT_COLUMNS = (
    "figure",
    "paper",
    "citation",
    "question",
    "construct",
    "denominator",
    "time_frame",
    "scale",
    "local_n",
    "local_estimate",
    "local_low",
    "local_high",
    "published_n",
    "published_estimate",
    "published_low",
    "published_high",
    "difference",
    "difference_low",
    "difference_high",
    "p_value",
    "p_adjusted",
    "margin",
    "smallest_detectable",
    "verdict",
    "reason",
    "gate",
    "caveats",
    "provenance",
    "overlap_group",
    "group",
    "gate_same",
    "gate_different",
    "gate_unknown",
    "detectable_down",
    "detectable_up",
    "can_show_equality",
)
VERDICTS = (
    "not comparable",
    "not assessable",
    "published figure inconsistent",
    "consistent",
    "compatible but imprecise",
    "different",
    "different, within between-study spread",
)
FEWEST_PATIENTS = 5

Spread = Mapping[str, Pooled]
Comparison = tuple[Figure, Mapping[str, Any], GateOutcome]


@dataclass(frozen=True, slots=True)
class Compared:
    """A published figure with the local row, the gate, and the difference or why there is none."""

    figure: Figure
    local: Mapping[str, Any]
    gate: GateOutcome
    gap: Difference | None
    blocked: str
    reason: str
    found: Capability | None = None


def judge(
    figure: Figure, local_row: Mapping[str, Any], gate: GateOutcome, *, spread: Spread | None = None
) -> dict[str, Any]:
    """Judge one published figure against the registry's own value, as a family of one.

    Parameters
    ----------
    figure
        The published figure.
    local_row
        Row of the local Result's estimates, read: estimate, conf_low, conf_high, n, events, std_error.
        An empty mapping if the question gave none.
    gate
        Outcome of ``compare_definitions``.
    spread
        Pooled shares by pool group, see ``pool_groups``; None leaves the spread between studies out.

    Returns
    -------
    dict
        Keys ``VERDICT_COLUMNS``. Shares run from 0 to 1. ``detectable_down`` and ``detectable_up`` say how far the
        truth here must lie below or above the published value to be found with 80 % power at 5 % (before the
        adjustment over a family), ``smallest_detectable`` is the larger of them; ``can_show_equality`` whether
        any local value would have been ``consistent``.

    Notes
    -----
    Equivalence by two one-sided tests (Schuirmann 1987); spread between studies by the prediction interval
    (Higgins, Thompson and Spiegelhalter 2009).

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> from nmosd_cohort.literature.comparability import compare_definitions
    >>> figure = find_figure("zhang_2022_pain_current")
    >>> row = {"estimate": 0.70, "conf_low": 0.56, "conf_high": 0.81, "n": 50, "events": 35}
    >>> judge(figure, row, compare_definitions(figure, {}))["verdict"]
    'compatible but imprecise'
    """
    compared = _compare(figure, local_row, gate)
    return _row(compared, compared.gap.p_value if compared.gap else math.nan, spread or {}, 1)


def judge_all(comparisons: Iterable[Comparison], *, spread: Spread | None = None) -> pd.DataFrame:
    """Judge published figures together, one row a figure, p-values adjusted over the family (Holm 1979).

    Parameters
    ----------
    comparisons
        For each figure: the figure, the local row (empty if there is none), the gate.
    spread
        Pooled shares by pool group; None takes those of the catalogue.

    Returns
    -------
    DataFrame
        Columns ``VERDICT_COLUMNS``, in the order given.

    Notes
    -----
    The family is every figure that could be compared, so a shorter list of figures adjusts less: choose them
    before their verdicts are seen. Figures of overlapping cohorts, and several figures of one paper, hang
    together; Holm's method holds whatever their correlation and is only the more cautious for it. Equivalence is
    not adjusted: each figure that truly lies at its margin is called ``consistent`` in up to about 5 % of
    repetitions. Detectable differences, too, are those of one comparison alone.

    Examples
    --------
    >>> judge_all([]).shape
    (0, 36)
    """
    compared = [_compare(*comparison) for comparison in comparisons]
    known = pool_groups(published_figures()) if spread is None else spread
    p_values = [one.gap.p_value if one.gap else math.nan for one in compared]
    adjusted = holm(np.asarray(p_values, dtype=float))
    family = sum(one.gap is not None for one in compared)
    rows = [_row(one, float(p), known, family) for one, p in zip(compared, adjusted, strict=True)]
    table = pd.DataFrame(rows, columns=list(VERDICT_COLUMNS))
    return table.astype({"local_n": "Int64", "published_n": "Int64", "can_show_equality": "boolean"})


def pool_groups(figures: pd.DataFrame) -> dict[str, Pooled]:
    """Pool the shares of each pool group, the largest figure of each overlap group alone.

    Parameters
    ----------
    figures
        As ``published_figures`` returns them.

    Returns
    -------
    dict
        By pool group, those with at least five overlap groups whose counts are known.

    Raises
    ------
    ValueError
        If a column is missing.

    Examples
    --------
    >>> pool_groups(published_figures())["neuropathic_all"].k
    8
    """
    pools = {}
    for name in checked_figures(figures)["pool_group"].dropna().unique():
        shares = group_shares(figures, str(name))
        counted = shares[shares["is_counted"]]
        if len(counted) >= FEWEST_FOR_PREDICTION:
            pools[str(name)] = pool_proportions(*counts_of_shares(counted))
    return pools


def _compare(figure: Figure, local: Mapping[str, Any], gate: GateOutcome) -> Compared:
    blocked, reason = _obstacle(figure, local, gate)
    if blocked:
        return Compared(figure, local, gate, None, blocked, reason)
    gap = difference(figure, local)
    if isinstance(gap, Difference):
        return Compared(figure, local, gate, gap, "", gap.note, capability(figure, local))
    inconsistent = figure.integrity.verdict == "inconsistent"
    verdict = "published figure inconsistent" if inconsistent else "not assessable"
    text = f"{gap}; {figure.integrity.note}" if inconsistent else gap
    return Compared(figure, local, gate, None, verdict, sentence(text))


def _obstacle(figure: Figure, local: Mapping[str, Any], gate: GateOutcome) -> tuple[str, str]:
    """Return the verdict that needs no difference, with its reason; empty texts if there is none."""
    if not gate.comparable:
        return "not comparable", sentence(gate.reason)
    n = number(local, "n")
    if not n:
        return "not assessable", "The registry has no patients for this."
    if number(local, "estimate") is None:
        return "not assessable", "The registry has no value for this."
    if n < FEWEST_PATIENTS:
        return "not assessable", f"The registry has fewer than {FEWEST_PATIENTS} patients for this."
    return "", ""


def _row(compared: Compared, p_adjusted: float, spread: Spread, family: int) -> dict[str, Any]:
    figure, gap, found = compared.figure, compared.gap, compared.found
    verdict, reason = compared.blocked, compared.reason
    if gap is not None and found is not None:
        verdict = _verdict(figure, compared.local, gap, p_adjusted, spread)
        basis = ending(
            figure,
            gap,
            p_adjusted,
            verdict,
            _prediction(figure, spread),
            family=family,
            unlike=_of_other_denominators(figure),
        )
        reason = f"{_reason(compared, gap, basis)} {power_words(gap, found, verdict, family=family)}"
    provenance = ", ".join(text for text in (figure.provenance.read, figure.provenance.url) if text)
    gate = compared.gate
    return {
        **figure_columns(figure, gap),
        **side_columns(figure, compared.local),
        **difference_columns(figure, gap, found, p_adjusted),
        "verdict": verdict,
        "reason": reason,
        "gate": str(gate),
        "caveats": " ".join(figure.caveats),
        "provenance": f"{figure.provenance.level}: {provenance}",
        "overlap_group": figure.overlap_group,
        "group": figure.pool_group or "",
        "gate_same": gate.listed("same"),
        "gate_different": gate.listed("different"),
        "gate_unknown": gate.listed("unknown"),
        "detectable_down": found.detectable_down if found else math.nan,
        "detectable_up": found.detectable_up if found else math.nan,
        "can_show_equality": found.can_show_equality if found else None,
    }


def _verdict(figure: Figure, local: Mapping[str, Any], gap: Difference, p_adjusted: float, spread: Spread) -> str:
    """Equivalence first: a difference below the margin is no difference, however many patients found it."""
    if gap.is_within(margin_of(figure)):
        return "consistent"
    if not p_adjusted < ALPHA:
        return "compatible but imprecise"
    pooled = _prediction(figure, spread)
    estimate = number(local, "estimate")
    if pooled is not None and estimate is not None and pooled.prediction_low <= estimate <= pooled.prediction_high:
        return "different, within between-study spread"
    return "different"


def _prediction(figure: Figure, spread: Spread) -> Pooled | None:
    pooled = spread.get(figure.pool_group or "") if figure.measure == "proportion" else None
    return pooled if pooled is not None and pooled.k >= FEWEST_FOR_PREDICTION else None


def _of_other_denominators(figure: Figure) -> int:
    """Return how many pooled studies of the figure's group have another denominator."""
    return sum(name != figure.denominator for name in _denominators(figure.pool_group or ""))


@cache
def _denominators(group: str) -> tuple[str, ...]:
    """Return the denominators of the counted figures of a pool group of the catalogue."""
    figures = published_figures()
    if not figures["pool_group"].eq(group).any():
        return ()
    shares = group_shares(figures, group)
    return tuple(shares.loc[shares["is_counted"], "denominator"])


def _reason(compared: Compared, gap: Difference, basis: str) -> str:
    """Return what the verdict rests on; both values and their difference stand in columns of their own."""
    figure = compared.figure
    integrity = figure.integrity.note if figure.integrity.verdict == "inconsistent" else ""
    remarks = [gap.note, *gate_words(compared.gate), integrity]
    return sentence("; ".join([basis, *filter(None, remarks)]))
