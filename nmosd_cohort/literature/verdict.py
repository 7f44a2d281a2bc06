"""What a comparison says: a verdict for each published figure, never a bare pass."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from nmosd_cohort.literature.catalogue import published_figures
from nmosd_cohort.literature.comparability import GateOutcome, margin_of
from nmosd_cohort.literature.differences import Difference, difference, number
from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.statistics.multiplicity import holm
from nmosd_cohort.statistics.pooling.proportions import pool_proportions
from nmosd_cohort.statistics.pooling.random_effects import Pooled
from nmosd_cohort.statistics.shares.proportions import proportion

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
FEWEST_STUDIES = 5  # a prediction interval of fewer spans almost every share
ALPHA = 0.05
# Difference that is found with 80 % power by a two-sided test at 5 %, in standard errors.
DETECTABLE = float(norm.ppf(0.975) + norm.ppf(0.80))
FRAME_COLUMNS = ("pool_group", "overlap_group", "measure", "n", "events")

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
        Keys ``VERDICT_COLUMNS``. Shares run from 0 to 1.

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
    return _row(compared, compared.gap.p_value if compared.gap else math.nan, spread or {})


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

    Examples
    --------
    >>> judge_all([]).shape
    (0, 30)
    """
    compared = [_compare(*comparison) for comparison in comparisons]
    known = pool_groups(published_figures()) if spread is None else spread
    p_values = [one.gap.p_value if one.gap else math.nan for one in compared]
    adjusted = holm(np.asarray(p_values, dtype=float))
    rows = [_row(one, float(p), known) for one, p in zip(compared, adjusted, strict=True)]
    table = pd.DataFrame(rows, columns=list(VERDICT_COLUMNS))
    return table.astype({"local_n": "Int64", "published_n": "Int64"})


def pool_groups(figures: pd.DataFrame) -> dict[str, Pooled]:
    """Pool the shares of each pool group, the largest figure of each overlap group alone.

    Parameters
    ----------
    figures
        As ``published_figures`` returns them; columns pool_group, overlap_group, measure, n, events.

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
    missing = [name for name in FRAME_COLUMNS if name not in figures]
    if missing:
        raise ValueError(f"figures has no column {', '.join(missing)}; it must have {', '.join(FRAME_COLUMNS)}")
    usable = figures["events"].notna() & figures["n"].notna() & figures["measure"].eq("proportion")
    shares = figures[usable & figures["pool_group"].notna()].sort_values("n", ascending=False, kind="stable")
    single = shares.drop_duplicates(["pool_group", "overlap_group"])
    return {
        str(name): pool_proportions(group["events"].to_numpy(dtype=int), group["n"].to_numpy(dtype=int))
        for name, group in single.groupby("pool_group")
        if len(group) >= FEWEST_STUDIES
    }


def _compare(figure: Figure, local: Mapping[str, Any], gate: GateOutcome) -> Compared:
    blocked, reason = _obstacle(figure, local, gate)
    if blocked:
        return Compared(figure, local, gate, None, blocked, reason)
    gap = difference(figure, local)
    if isinstance(gap, Difference):
        return Compared(figure, local, gate, gap, "", gap.note)
    inconsistent = figure.integrity.verdict == "inconsistent"
    verdict = "published figure inconsistent" if inconsistent else "not assessable"
    text = f"{gap}; {figure.integrity.note}" if inconsistent else gap
    return Compared(figure, local, gate, None, verdict, _sentence(text))


def _obstacle(figure: Figure, local: Mapping[str, Any], gate: GateOutcome) -> tuple[str, str]:
    """Return the verdict that needs no difference, with its reason; empty texts if there is none."""
    if not gate.comparable:
        return "not comparable", _sentence(gate.reason)
    n = number(local, "n")
    if not n or number(local, "estimate") is None:
        return "not assessable", "The registry has no patients or no estimate for this."
    if n < FEWEST_PATIENTS:
        return "not assessable", f"The registry has fewer than {FEWEST_PATIENTS} patients for this."
    return "", ""


def _row(compared: Compared, p_adjusted: float, spread: Spread) -> dict[str, Any]:
    figure, local, gap = compared.figure, compared.local, compared.gap
    verdict, reason = compared.blocked, compared.reason
    if gap is not None:
        verdict = _verdict(figure, local, gap, p_adjusted, spread)
        reason = _reason(compared, gap, p_adjusted, verdict, spread)
    nan = math.nan
    n = number(local, "n")
    published = _published(figure)
    values = {
        "figure": figure.id,
        "paper": figure.paper,
        "citation": figure.citation,
        "question": figure.answers.question if figure.answers else "",
        "construct": figure.construct,
        "denominator": figure.denominator,
        "time_frame": figure.time_frame or "",
        "scale": gap.scale if gap else "share" if figure.measure == "proportion" else "",
        "local_n": None if n is None else int(n),
        "local_estimate": _or_nan(number(local, "estimate")),
        "local_low": _or_nan(number(local, "conf_low")),
        "local_high": _or_nan(number(local, "conf_high")),
        "published_n": figure.numbers.n,
        "published_estimate": published[0],
        "published_low": published[1],
        "published_high": published[2],
        "difference": gap.estimate if gap else nan,
        "difference_low": gap.conf_low if gap else nan,
        "difference_high": gap.conf_high if gap else nan,
        "p_value": gap.p_value if gap else nan,
        "p_adjusted": p_adjusted,
        "margin": margin_of(figure),
        "smallest_detectable": DETECTABLE * gap.std_error if gap else nan,
    }
    provenance = ", ".join(text for text in (figure.provenance.read, figure.provenance.url) if text)
    tail = {
        "verdict": verdict,
        "reason": reason,
        "gate": str(compared.gate),
        "caveats": " ".join(figure.caveats),
        "provenance": f"{figure.provenance.level}: {provenance}",
        "overlap_group": figure.overlap_group,
        "group": figure.pool_group or "",
    }
    return values | tail


def _verdict(figure: Figure, local: Mapping[str, Any], gap: Difference, p_adjusted: float, spread: Spread) -> str:
    """Equivalence first: a difference below the margin is no difference, however many patients found it."""
    if _is_equivalent(gap, margin_of(figure)):
        return "consistent"
    if not p_adjusted < ALPHA:
        return "compatible but imprecise"
    pooled = _prediction(figure, spread)
    estimate = number(local, "estimate")
    if pooled is not None and estimate is not None and pooled.prediction_low <= estimate <= pooled.prediction_high:
        return "different, within between-study spread"
    return "different"


def _is_equivalent(gap: Difference, margin: float) -> bool:
    return -margin < gap.equivalence_low and gap.equivalence_high < margin


def _prediction(figure: Figure, spread: Spread) -> Pooled | None:
    pooled = spread.get(figure.pool_group or "") if figure.measure == "proportion" else None
    return pooled if pooled is not None and pooled.k >= FEWEST_STUDIES else None


def _published(figure: Figure) -> tuple[float, float, float]:
    """Return the published value and the limits to show: Wilson from the counts, else as printed."""
    numbers, share = figure.numbers, figure.share
    if share is not None and numbers.events is not None and numbers.n:
        wilson = proportion(numbers.events, numbers.n)
        return wilson.estimate, wilson.conf_low, wilson.conf_high
    scale = 100.0 if figure.measure == "proportion" else 1.0
    estimate = numbers.estimate
    if numbers.baseline is not None and numbers.follow_up is not None and estimate is None:
        before, after = numbers.baseline.mean, numbers.follow_up.mean
        estimate = None if before is None or after is None else after - before
    values = [_or_nan(value) / scale for value in (estimate, numbers.conf_low, numbers.conf_high)]
    return values[0], values[1], values[2]


def _reason(compared: Compared, gap: Difference, p_adjusted: float, verdict: str, spread: Spread) -> str:
    figure = compared.figure
    here = _shown(figure, _or_nan(number(compared.local, "estimate")))
    there = _shown(figure, _published(figure)[0])
    size = _size(gap)
    ending = _ending(figure, gap, p_adjusted, verdict, spread)
    unstated = [item.item for item in compared.gate.items if item.item == "time_frame" and item.published is None]
    remarks = [gap.note, "the paper does not state the time frame" if unstated else ""]
    note = "".join(f"; {remark}" for remark in remarks if remark)
    return f"Here {here}, published {there}: difference {size}; {ending}{note}."


def _ending(figure: Figure, gap: Difference, p_adjusted: float, verdict: str, spread: Spread) -> str:
    """Say what the verdict rests on."""
    margin = margin_of(figure)
    if verdict == "consistent":
        return f"both 90 % limits lie within the margin of {margin:.2f}"
    if verdict == "compatible but imprecise":
        alone = gap.p_value < ALPHA
        found = f"p {gap.p_value:.2g} alone does not hold over the family" if alone else "no significant difference"
        return f"{found} (adjusted p {p_adjusted:.2f}), and equality within {margin:.2f} is not shown"
    pooled = _prediction(figure, spread)
    if verdict == "different" or pooled is None:
        return f"adjusted p {p_adjusted:.2g}"
    low, high = (_shown(figure, limit) for limit in (pooled.prediction_low, pooled.prediction_high))
    return f"adjusted p {p_adjusted:.2g}, yet inside the {low} to {high} that {pooled.k} studies predict"


def _size(gap: Difference) -> str:
    if gap.scale == "share":
        low, middle, high = (f"{100 * value:+.1f}" for value in (gap.conf_low, gap.estimate, gap.conf_high))
        return f"{middle} percentage points ({low} to {high})"
    return f"{gap.estimate:+.2f} ({gap.conf_low:+.2f} to {gap.conf_high:+.2f}, {gap.scale})"


def _shown(figure: Figure, value: float) -> str:
    return f"{100 * value:.1f} %" if figure.measure == "proportion" else f"{value:.2f}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
