"""Rows that contrast pain of two diagnoses: shares, standardised shares and severity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.questions.parts import complete_cells, covariate_design, estimate_row, group_counts
from nmosd_cohort.statistics.models.g_computation import standardised_risk_difference, standardised_risk_ratio
from nmosd_cohort.statistics.ranks.median_and_shift import median
from nmosd_cohort.statistics.ranks.superiority import probability_superiority
from nmosd_cohort.statistics.regression.logistic import fit_logistic
from nmosd_cohort.statistics.shares.proportions import proportion, proportion_difference
from nmosd_cohort.statistics.shares.ratios import risk_ratio
from nmosd_cohort.statistics.shares.standardisation import standardised_proportion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.questions.parts import Check

DENOMINATOR = "patients of either diagnosis who were asked"
OWN = "patients of this diagnosis who were asked"
# Outcome -> words on the patients whose answer is known.
KNOWN = {"any": "", "neuropathic": ", kind of pain known", "chronic": ", duration known"}
AGE_BANDS = (-1, 39, 59, 200)  # upper ages: 0 to 39, 40 to 59, 60 and over
COVARIATES = ("age_per_10_years", "male")


def _labels(outcome: str, **others: Any) -> dict[str, Any]:
    denominator = DENOMINATOR + KNOWN[outcome]
    return {"outcome": outcome, "group": "diagnosis", "denominator": denominator, "unit": "share"} | others


def _counts(cells: pd.DataFrame, outcome: str, code: str) -> tuple[int, int]:
    own = cells[cells["diagnosis"] == code]
    return int(own.loc[own[outcome].astype(bool), "n"].sum()), int(own["n"].sum())


def share_contrasts(
    cells: pd.DataFrame, outcome: str, pair: tuple[str, str], *, role: str, conf_level: float
) -> list[dict[str, Any]]:
    """Return the share of each diagnosis, their difference and their ratio.

    Parameters
    ----------
    cells
        From ``cohort.diagnoses.diagnosis_cells``, the outcome known.
    outcome
        any, neuropathic or chronic.
    pair
        Studied diagnosis and comparator.
    role
        Of the difference; the rest is secondary.
    conf_level
        Coverage of the limits.
    """
    counts = {code: _counts(cells, outcome, code) for code in pair}
    rows = []
    if all(n for _, n in counts.values()):
        both = (*counts[pair[0]], *counts[pair[1]])
        split = _labels(outcome, level=pair[0], reference=pair[1])
        difference = proportion_difference(*both, conf_level=conf_level)
        rows.append(estimate_row(difference, role=role, measure="risk_difference", **split))
        ratio = risk_ratio(*both, conf_level=conf_level)
        rows.append(estimate_row(ratio, role="secondary", measure="risk_ratio", **split | {"unit": "ratio"}))
    for code, (events, n) in counts.items():
        share = proportion(events, n, conf_level=conf_level)
        own = _labels(outcome, level=code, denominator=OWN + KNOWN[outcome])
        rows.append(estimate_row(share, role="secondary", measure="proportion", **own))
    return rows


def standardised_rows(
    cells: pd.DataFrame, outcome: str, pair: tuple[str, str], *, conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return difference and ratio as if both groups had the age and sex of the studied one, and the direct share."""
    name = f"standardised share, {outcome}"
    design, notes = covariate_design(cells, COVARIATES)
    kept, terms, dropped = complete_cells(cells, design)
    checks = [(f"{check}, {outcome}", status, detail) for check, status, detail in notes]
    if dropped:
        checks.append((name, "not met", f"{dropped} patients left out: age or sex is not recorded"))
    design = terms.assign(studied=kept["diagnosis"].eq(pair[0]).astype(float))
    if kept.empty or design["studied"].nunique() < 2 or terms.empty:
        return [], [*checks, (name, "not assessable", "age and sex (patients.birth_date, sex) are not known in both")]
    counts = kept["n"].to_numpy(np.int64)
    is_own = design["studied"].eq(1).to_numpy()
    shared = _labels(outcome, role="secondary", level=pair[0], reference=pair[1], n=int(counts.sum()))
    try:
        fit = fit_logistic(kept[outcome].to_numpy(dtype=float), design, counts)
        contrast: dict[str, Any] = {"assign": {"studied": 1.0}, "reference": {"studied": 0.0}, "conf_level": conf_level}
        target = (design[is_own].reset_index(drop=True), counts[is_own])
        gap = standardised_risk_difference(fit, *target, **contrast)
        ratio = standardised_risk_ratio(fit, *target, **contrast)
    except ValueError as problem:
        return [], [*checks, (name, "not assessable", str(problem))]
    rows = [
        estimate_row(gap, measure="standardised_risk_difference", **_without_n(shared)) | {"n": shared["n"]},
        estimate_row(ratio, measure="standardised_risk_ratio", **_without_n(shared) | {"unit": "ratio"})
        | {"n": shared["n"]},
    ]
    direct, note = _direct_row(kept, outcome, pair, conf_level)
    return rows + direct, checks + note


def _without_n(labels: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in labels.items() if name != "n"}


def _direct_row(
    kept: pd.DataFrame, outcome: str, pair: tuple[str, str], conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the share of the comparators directly standardised to the bands of age and sex of the studied group."""
    if kept["age_years"].isna().any() or kept["is_male"].isna().any():
        return [], []
    band = pd.cut(kept["age_years"].astype(float), AGE_BANDS, labels=["0 to 39", "40 to 59", "60 and over"]).astype(str)
    sex = kept["is_male"].astype(int).map({0: "women", 1: "men"})
    strata = band + ", " + sex
    names = sorted(strata[kept["diagnosis"] == pair[0]].unique())

    def of(code: str, which: pd.Series[bool]) -> NDArray[np.int64]:
        own = kept[(kept["diagnosis"] == code) & which]
        return own["n"].groupby(strata[own.index]).sum().reindex(names, fill_value=0).to_numpy(np.int64)

    everybody = pd.Series(data=True, index=kept.index)
    events, n = of(pair[1], kept[outcome].astype(bool)), of(pair[1], everybody)
    try:
        share = standardised_proportion(events, n, of(pair[0], everybody), strata=names, conf_level=conf_level)
    except ValueError as problem:
        return [], [(f"directly standardised share, {outcome}", "not assessable", str(problem))]
    labels = _labels(outcome, role="sensitivity", measure="standardised_share", level=pair[1])
    labels["denominator"] = OWN + KNOWN[outcome]
    return [estimate_row(share, **labels)], []


def severity_rows(
    cells: pd.DataFrame, pair: tuple[str, str], *, conf_level: float, seed: int
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the median NRS of each diagnosis and the chance of a higher one, of all and of those with pain."""
    rows: list[dict[str, Any]] = []
    checks: list[Check] = []
    scored = cells[cells["pain_nrs"].notna()]
    for term, part, words in (
        ("all assessed", scored, f"{DENOMINATOR}, NRS recorded"),
        ("with pain", scored[scored["any"].fillna(False).astype(bool)], "patients with pain, NRS recorded"),
    ):
        values = {code: group_counts(part, "diagnosis", code, "pain_nrs") for code in pair}
        if any(len(scores) == 0 for scores, _ in values.values()):
            detail = f"no assessments.pain_nrs in one of the groups ({term})"
            checks.append(("severity", "not assessable", detail))
            continue
        shared = {"outcome": "pain_nrs", "group": "diagnosis", "denominator": words, "role": "secondary", "term": term}
        for code, (scores, counts) in values.items():
            middle = median(scores, counts, conf_level=conf_level)
            own = shared | {"denominator": words.replace("either", "this")}
            rows.append(estimate_row(middle, measure="median", level=code, unit="points", **own))
        superior = probability_superiority(*values[pair[0]], *values[pair[1]], conf_level=conf_level, seed=seed)
        split = shared | {"level": pair[0], "reference": pair[1], "unit": "probability"}
        rows.append(estimate_row(superior, measure="probability_superiority", **split))
    return rows, checks
