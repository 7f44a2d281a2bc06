"""Rows of a before-and-after comparison: change, responders, regression to the mean, attack rates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nmosd_cohort.cohort.outcomes import burden, higher_is_better, score_limits
from nmosd_cohort.questions.parts import estimate_row
from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.means.mean import mean
from nmosd_cohort.statistics.paired.baseline_change import baseline_change_relation
from nmosd_cohort.statistics.paired.change import mean_change, responders
from nmosd_cohort.statistics.paired.no_effect_responders import no_effect_responders
from nmosd_cohort.statistics.paired.regression_to_the_mean import regression_to_the_mean, sensitivity_curve
from nmosd_cohort.statistics.paired.signed_rank import pseudo_median
from nmosd_cohort.statistics.ranks.median_and_shift import median
from nmosd_cohort.statistics.regression.rates import overdispersion, paired_rate_ratio, poisson_rate
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.statistics.paired.regression_to_the_mean import RegressionToTheMean

DENOMINATOR = "starters with a score before and after"
RULES: tuple[Literal["pct30", "pct50", "abs2"], ...] = ("pct30", "pct50", "abs2")
PLAUSIBLE_CORRELATIONS = (0.3, 0.5, 0.7, 0.9)
HUNDRED_POINTS = 100

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]


def change_rows(pairs: Pairs, outcome: str, conf_level: float, *, ordinal: bool = False) -> list[dict[str, Any]]:
    """Return both distributions and the change between them; for an ordinal score no means.

    Parameters
    ----------
    pairs
        Scores before, after, and how many patients have that pair.
    ordinal
        EDSS: medians and the median change only.
    """
    before, after, counts = pairs
    if counts.sum() < 2:
        return []
    labels = {"outcome": outcome, "denominator": DENOMINATOR, "unit": "points"}
    rows = []
    for name, values in (("baseline", before), ("follow_up", after)):
        level = {"level": name}
        middle = median(values, counts, conf_level=conf_level)
        rows.append(estimate_row(middle, role="description", measure=f"{name}_median", **(labels | level)))
        if not ordinal:
            average = mean(values, counts, conf_level=conf_level)
            rows.append(estimate_row(average, role="description", measure=f"{name}_mean", **(labels | level)))
    role = "secondary" if ordinal else "primary"
    shift = pseudo_median(after - before, counts, conf_level=conf_level)
    rows.append(estimate_row(shift, role=role, measure="pseudo_median_change", **labels))
    if not ordinal:
        change = mean_change(before, after, counts, conf_level=conf_level)
        rows.append(estimate_row(change, role="primary", measure="mean_change", **labels))
    return rows


def _by_baseline(counted: pd.DataFrame, outcome: str) -> list[tuple[str, pd.DataFrame]]:
    """Return all starters, and those whose baseline lets them improve: not at the best score, and far from it."""
    parts = [(DENOMINATOR, counted)]
    if higher_is_better(outcome):
        best = score_limits(outcome)[1]
        return [*parts, (f"{DENOMINATOR}, baseline below {best:g}", counted[counted["before"] < best])]
    leasts = (1, 40) if score_limits(outcome)[1] == HUNDRED_POINTS else (1, 4)
    parts += [(f"{DENOMINATOR}, baseline at least {least}", counted[counted["before"] >= least]) for least in leasts]
    return parts


def responder_rules(outcome: str) -> tuple[Literal["pct30", "pct50", "abs2"], ...]:
    """Return the rules that a score can be judged by; 2 points say nothing on a scale of a hundred.

    Examples
    --------
    >>> responder_rules("pain_nrs"), responder_rules("sf36_bp")
    (('pct30', 'pct50', 'abs2'), ('pct30', 'pct50'))
    """
    return RULES if score_limits(outcome)[1] < HUNDRED_POINTS else RULES[:2]


def responder_rows(counted: pd.DataFrame, outcome: str, conf_level: float) -> list[dict[str, Any]]:
    """Return the shares of responders by each rule, in all starters and by the least baseline.

    Where higher is better, the fall is that of the distance from the best score.
    """
    rows = []
    for words, part in _by_baseline(counted, outcome):
        before, after = (burden(outcome, part[name].to_numpy(dtype=float)) for name in ("before", "after"))
        counts = part["n"].to_numpy(dtype=float)
        for rule in responder_rules(outcome):
            found = responders(before, after, counts, rule=rule)
            evaluable = found.responders + found.non_responders + found.worsened
            if not evaluable:
                continue
            share = proportion(found.responders, evaluable, conf_level=conf_level)
            labels = {"outcome": outcome, "denominator": words, "unit": "share", "role": "secondary"}
            row = estimate_row(share, measure=f"responders_{rule}", **labels)
            row["method"] += f"; {found.worsened} worsened; {found.not_evaluable} not evaluable"
            rows.append(row)
    return rows


def regression_rows(
    counted: pd.DataFrame, repeats: pd.DataFrame, outcome: str, *, conf_level: float, seed: int
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return what regression to the mean alone would have done, from untreated repeats, or why that is unknown."""
    before, after, counts = (counted[name].to_numpy(dtype=float) for name in ("before", "after", "n"))
    first, second, pair_counts = (repeats[name].to_numpy(dtype=float) for name in ("first", "second", "n"))
    known: dict[str, Any] = {
        "first": first,
        "second": second,
        "pair_counts": pair_counts,
        "conf_level": conf_level,
        "seed": seed,
    }
    report = regression_to_the_mean(before, after, counts, **known)
    if not report.identifiable:
        return _curve_rows(before, counts, first, pair_counts, outcome, report.reason)
    labels = {"outcome": outcome, "denominator": DENOMINATOR, "role": "secondary", "unit": "points"}
    rows = [
        *expected_rows(report, outcome, DENOMINATOR),
        *relation_rows((before, after, counts), report.correlation, report.n_pairs, labels, conf_level),
    ]
    shown = known | {"first": burden(outcome, first), "second": burden(outcome, second)}
    unknown = ""
    for words, part in _by_baseline(counted, outcome):
        if part.empty:
            continue
        scores, n = burden(outcome, part["before"].to_numpy(dtype=float)), part["n"].to_numpy(dtype=float)
        shares = {rule: no_effect_responders(scores, n, rule=rule, **shown) for rule in responder_rules(outcome)}
        own = labels | {"unit": "share", "denominator": words}
        rows += [
            estimate_row(share, measure=f"no_effect_responders_{rule}", **own)
            for rule, share in shares.items()
            if not math.isnan(share.estimate)
        ]
        unknown = unknown or next((share.method for share in shares.values() if math.isnan(share.estimate)), "")
    detail = (
        f"from {report.n_pairs} patients with two scores and without the treatment: mean "
        f"{report.off_selection_mean:.2f}, correlation {report.correlation:.2f}; assumes that starters would have "
        "moved like them, that is, that this score at that visit decided who started, and nothing else tied to it"
    )
    checks: list[Check] = [("regression to the mean identifiable", "met", detail)]
    return rows, [*checks, ("responders without effect", "not assessable", unknown)] if unknown else checks


def expected_rows(report: RegressionToTheMean, outcome: str, denominator: str) -> list[dict[str, Any]]:
    """Return the change expected without any effect, and the change beyond it.

    Examples
    --------
    >>> report = regression_to_the_mean([6, 8], [4, 6], first=[0, 2, 4, 6, 8] * 2, second=[1, 2, 4, 5, 6] * 2)
    >>> [row["measure"] for row in expected_rows(report, "pain_nrs", DENOMINATOR)]
    ['expected_change_without_effect', 'corrected_change']
    """
    labels = {"outcome": outcome, "denominator": denominator, "role": "secondary", "unit": "points"}
    return [
        estimate_row(report.expected_change, measure="expected_change_without_effect", **labels),
        estimate_row(report.corrected_change, measure="corrected_change", **labels),
    ]


def relation_rows(
    pairs: Pairs, correlation: float, n_pairs: int, labels: dict[str, Any], conf_level: float
) -> list[dict[str, Any]]:
    """Return whether those with higher scores change more, with the correlation of untreated repeats as reliability."""
    if not 0 < correlation <= 1:
        return []
    error = (1 - correlation**2) / math.sqrt(n_pairs - 1)
    found = baseline_change_relation(*pairs, reliability=correlation, reliability_error=error, conf_level=conf_level)
    split = labels | {"role": "sensitivity", "unit": "points per point"}
    return [
        estimate_row(found.slope, measure="baseline_change_slope", **split),
        estimate_row(found.correlation, measure="baseline_change_correlation", **(split | {"unit": "correlation"})),
    ]


def _curve_rows(
    before: np.ndarray,
    counts: np.ndarray,
    first: np.ndarray,
    pair_counts: np.ndarray,
    outcome: str,
    reason: str,
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the expected change over plausible correlations, if the registry tells an off-selection mean at all."""
    checks: list[Check] = [("regression to the mean identifiable", "not met", f"not identifiable: {reason}")]
    if not pair_counts.sum():
        return [], checks
    mean = float(np.average(first, weights=pair_counts))
    curve = sensitivity_curve(before, counts, population_mean=mean, correlations=PLAUSIBLE_CORRELATIONS)
    n = int(counts.sum())
    method = f"if the mean without selection is {mean:.2f}: what regression to the mean alone would do"
    labels = {"outcome": outcome, "denominator": DENOMINATOR, "role": "sensitivity", "unit": "points"}
    rows = [
        estimate_row(
            Estimate(float(change), math.nan, math.nan, n, method),
            measure="expected_change_without_effect",
            term=f"correlation {correlation:g}",
            **labels,
        )
        for correlation, change in zip(curve["correlation"], curve["expected_change"], strict=True)
    ]
    return rows, checks


def rate_rows(exposure: pd.DataFrame, months: float, conf_level: float) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the attack rates before and after the start, their ratio, and what to mind about them."""
    usable = exposure.dropna(subset=["years_before", "years_after"])
    usable = usable[(usable["years_before"] > 0) & (usable["years_after"] > 0)]
    n = len(usable)
    lost: list[Check] = []
    if n < len(exposure):
        detail = (
            f"{n} of {len(exposure)} starters with a known start; the others have no observed time before or after it"
        )
        lost = [("all starters in the attack rates", "not met", detail)]
    if n == 0:
        return [], [
            *lost,
            ("attack rate", "not assessable", "no starter has observed time both before and after the start"),
        ]
    labels = {
        "outcome": "attack_rate",
        "role": "secondary",
        "denominator": "starters with observed time before and after",
    }
    rows, totals = [], {}
    for level in ("before", "after"):
        events, years = int(usable[f"events_{level}"].sum()), float(usable[f"years_{level}"].sum())
        totals[level] = (events, years)
        rate = poisson_rate(events, years, conf_level=conf_level)
        row = estimate_row(rate, measure="rate", level=level, unit="attacks per person-year", **labels)
        rows.append(row | {"n": n, "method": f"{row['method']}; {events} attacks in {years:.1f} person-years"})
    ratio = paired_rate_ratio(
        *(
            usable[name].to_numpy(dtype=float)
            for name in ("events_before", "years_before", "events_after", "years_after")
        ),
        conf_level=conf_level,
    )
    split = {"level": "after", "reference": "before", "unit": "ratio"}
    rows.append(estimate_row(ratio, measure="rate_ratio", **split, **labels) | {"n": n})
    checks: list[Check] = [
        *lost,
        (
            "rate before not chosen by the start",
            "not met",
            f"patients start after attacks, so the rate in the {months:g} months before is inflated by selection",
        ),
    ]
    if n > 1 and totals["before"][0]:
        spread = overdispersion(usable["events_before"].to_numpy(float), usable["years_before"].to_numpy(float))
        checks.append(
            (
                "attacks Poisson before start",
                "note",
                f"dispersion {spread:.2f}; above 1 the exact limits are too narrow",
            )
        )
    return rows, checks
