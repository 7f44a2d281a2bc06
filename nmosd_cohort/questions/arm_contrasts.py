"""Rows of a contrast between two arms: the score after at equal scores before, ranks, responders, and the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.outcomes import ORDINAL, burden
from nmosd_cohort.cohort.treatment_arms import BASELINE_COLUMNS
from nmosd_cohort.questions.before_after import responder_rules
from nmosd_cohort.questions.parts import complete_cells, covariate_design, estimate_row
from nmosd_cohort.statistics.balance.standardised import standardised_share_difference
from nmosd_cohort.statistics.means.mean import mean
from nmosd_cohort.statistics.means.standardised_difference import hedges_g
from nmosd_cohort.statistics.multiplicity import holm
from nmosd_cohort.statistics.paired.ancova import ancova
from nmosd_cohort.statistics.paired.change import mean_change, responders
from nmosd_cohort.statistics.paired.signed_rank import pseudo_median
from nmosd_cohort.statistics.ranks.median_and_shift import hodges_lehmann_shift, median
from nmosd_cohort.statistics.ranks.superiority import probability_superiority
from nmosd_cohort.statistics.shares.proportions import proportion, proportion_difference

if TYPE_CHECKING:
    from nmosd_cohort.questions.parts import Check

DENOMINATOR = "new users of either treatment with a score before and after"
BASELINE_NAMES = {"is_male": "male", "is_aqp4_positive": "aqp4_positive"}
ADJUSTED = "adjusted contrast"
FEWEST_PER_TERM = 10


def between_rows(
    arms: pd.DataFrame, labels: dict[str, Any], covariates: tuple[str, ...], *, conf_level: float, seed: int
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the contrasts between the arms, the first row primary.

    Parameters
    ----------
    arms
        Patients who are analysed, from ``treatment_arms``.
    labels
        outcome, level, reference and denominator of every row.
    covariates
        Known at the start; besides them the score before.
    """
    outcome = labels["outcome"]
    before, after = (arms[name].to_numpy(dtype=float) for name in ("before", "after"))
    group = arms["arm"].to_numpy(dtype=float)
    change = after - before
    rows: list[dict[str, Any]] = []
    checks: list[Check] = []
    if outcome not in ORDINAL:
        rows, checks = _ancova_rows(arms, labels, covariates, conf_level)
    role = "primary" if outcome in ORDINAL else "sensitivity"
    parts = (change[group == 1], None, change[group == 0], None)
    superiority = probability_superiority(*parts, conf_level=conf_level, seed=seed)
    shift = hodges_lehmann_shift(*parts, conf_level=conf_level)
    rows += [
        estimate_row(superiority, role=role, measure="probability_change_higher", unit="probability", **labels),
        estimate_row(shift, role="sensitivity", measure="change_shift", unit="points", **labels),
    ]
    if outcome not in ORDINAL:
        rows += _responder_rows(before, after, group, labels, conf_level)
    return rows, checks


def _ancova_rows(
    arms: pd.DataFrame, labels: dict[str, Any], covariates: tuple[str, ...], conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the contrast at equal covariates and scores before, and the one at equal scores before alone."""
    cells = arms.assign(n=1)
    rows = []
    design, checks = covariate_design(cells, covariates)
    kept, design, dropped = complete_cells(cells, design) if len(design.columns) else (cells, design, 0)
    per_term = len(kept) / (len(design.columns) + 2)
    if len(design.columns) and per_term < FEWEST_PER_TERM:
        detail = (
            f"{per_term:.0f} patients for each term of the model; below {FEWEST_PER_TERM} it follows single patients"
        )
        checks.append((ADJUSTED, "not met", detail))
    if dropped:
        checks.append((ADJUSTED, "not met", f"{dropped} of {len(arms)} patients lack a covariate and are left out"))
    models: list[tuple[str, pd.DataFrame, pd.DataFrame | None]] = [("difference_at_equal_baseline", arms, None)]
    if len(design.columns):
        models.insert(0, ("adjusted_mean_difference", kept, design))
    for place, (measure, part, shared) in enumerate(models):
        words = ", ".join(["score before", *(() if shared is None else shared.columns)])
        before, after, group = (part[name].to_numpy(dtype=float) for name in ("before", "after", "arm"))
        try:
            gap = ancova(before, after, group, covariates=shared, conf_level=conf_level)
        except ValueError as problem:
            checks.append((ADJUSTED, "not assessable", f"at equal {words}: {problem}"))
            continue
        if np.isnan(gap.estimate):
            checks.append((ADJUSTED, "not assessable", f"at equal {words}: {gap.method}"))
            continue
        role = "sensitivity" if place else "primary"
        row = estimate_row(gap, role=role, measure=measure, unit="points", **labels)
        rows.append(row | {"method": f"{row['method']}; at equal {words}"})
    return rows, checks


def _responder_rows(
    before: np.ndarray, after: np.ndarray, group: np.ndarray, labels: dict[str, Any], conf_level: float
) -> list[dict[str, Any]]:
    """Return the share of responders in each arm and the difference, by each rule that the scale has."""
    rows = []
    outcome = labels["outcome"]
    for rule in responder_rules(outcome):
        counts = []
        for arm, level in ((1, labels["level"]), (0, labels["reference"])):
            chosen = group == arm
            found = responders(burden(outcome, before[chosen]), burden(outcome, after[chosen]), rule=rule)
            counts += [found.responders, found.evaluable]
            if found.evaluable:
                share = proportion(found.responders, found.evaluable, conf_level=conf_level)
                own = labels | {"level": level, "reference": "", "unit": "share", "role": "description"}
                row = estimate_row(share, measure=f"responders_{rule}", **own)
                rows.append(row | {"method": f"{row['method']}; {found.not_evaluable} not evaluable"})
        if counts[1] and counts[3]:
            gap = proportion_difference(*counts, conf_level=conf_level)
            own = labels | {"unit": "share", "role": "secondary"}
            rows.append(estimate_row(gap, measure=f"responders_difference_{rule}", **own))
    differences = [row for row in rows if row["role"] == "secondary"]
    for row, p in zip(differences, holm([row["p_value"] for row in differences]), strict=True):
        row["p_adjusted"] = float(p)
    return rows


def within_rows(arms: pd.DataFrame, labels: dict[str, Any], conf_level: float) -> list[dict[str, Any]]:
    """Return the score before and after and the change within each arm; a change in one arm is no contrast."""
    rows = []
    is_ordinal = labels["outcome"] in ORDINAL
    for arm, level in ((1, labels["level"]), (0, labels["reference"])):
        part = arms[arms["arm"] == arm]
        before, after = (part[name].to_numpy(dtype=float) for name in ("before", "after"))
        own = labels | {"level": level, "reference": "", "role": "description", "unit": "points", "p_value": None}
        ones = np.ones(len(part), dtype=np.int64)
        for name, scores in (("baseline", before), ("follow_up", after)):
            middle = median(scores, conf_level=conf_level)
            rows.append(estimate_row(middle, measure=f"{name}_median", **own))
            if not is_ordinal:
                rows.append(estimate_row(mean(scores, ones, conf_level=conf_level), measure=f"{name}_mean", **own))
        change = pseudo_median(after - before, ones, conf_level=conf_level)
        rows.append(estimate_row(change, measure="pseudo_median_change", **own))
        if not is_ordinal:
            average = mean_change(before, after, conf_level=conf_level)
            rows.append(estimate_row(average, measure="mean_change", **own))
    return rows


def balance_rows(arms: pd.DataFrame, labels: dict[str, Any], conf_level: float) -> tuple[list[dict[str, Any]], Check]:
    """Return the standardised difference of each thing known at the start, without p, and the largest as a check."""
    rows = []
    for column in ("before", *BASELINE_COLUMNS):
        values = arms[column].astype("Float64").astype(float)
        one, two = (values[(arms["arm"] == arm) & values.notna()].to_numpy() for arm in (1, 0))
        if column in BASELINE_NAMES:
            shares = (int(one.sum()), one.size, int(two.sum()), two.size)
            gap = standardised_share_difference(*shares, conf_level=conf_level)
        else:
            gap = hedges_g(one, None, two, None, conf_level=conf_level)
        if np.isnan(gap.estimate):
            continue
        outcome = labels["outcome"] if column == "before" else BASELINE_NAMES.get(column, column)
        own = labels | {
            "outcome": outcome,
            "term": "at the start",
            "role": "description",
            "unit": "standard deviations",
        }
        rows.append(estimate_row(gap, measure="standardised_difference_at_start", **own) | {"p_value": None})
    if not rows:
        return [], ("arms alike at the start", "not assessable", "nothing known at the start differs within an arm")
    largest = max(rows, key=lambda row: abs(row["estimate"]))
    detail = f"largest standardised difference {largest['estimate']:.2f}, of {largest['outcome']}"
    return rows, ("arms alike at the start", "note", detail)
