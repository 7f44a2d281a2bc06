"""Rows of one biomarker: its level by pain, and against anxiety and quality of life."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.pain import PAIN_GROUPS
from nmosd_cohort.questions.parts import complete_cells, covariate_design, dummies, estimate_row
from nmosd_cohort.statistics.censored.censored_normal import censored_normal
from nmosd_cohort.statistics.censored.tied import tied_beyond_limits
from nmosd_cohort.statistics.correlation.coefficients import spearman
from nmosd_cohort.statistics.estimate import not_estimable
from nmosd_cohort.statistics.ranks.superiority import probability_superiority
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.statistics.estimate import Estimate

    Row = dict[str, Any]

FEWEST_IN_A_GROUP = 5
CONTRASTS = (
    ("with_pain", "yes", "no"),
    ("pain_group", "neuropathic", "other_pain"),
    ("pain_group", "neuropathic", "no_pain"),
    ("pain_group", "other_pain", "no_pain"),
)
RATIO = {"measure": "geometric_mean_ratio", "unit": "ratio"}


def usable(samples: pd.DataFrame) -> tuple[pd.DataFrame, list[Check]]:
    """Return the samples above 0, which have a logarithm, and a check that counts the others.

    Examples
    --------
    >>> kept, checks = usable(pd.DataFrame({"value": [0.0, 2.0]}))
    >>> len(kept), checks[0][2]
    (1, '1 samples have the value 0 and no logarithm: left out; a value below the limit is entered as the limit')
    """
    kept = samples[samples["value"] > 0].reset_index(drop=True)
    left = len(samples) - len(kept)
    detail = (
        f"{left} samples have the value 0 and no logarithm: left out; a value below the limit is entered as the limit"
    )
    return kept, [("values above 0", "not met", detail)] if left else []


def limit_rows(samples: pd.DataFrame, labels: Row, conf_level: float) -> list[Row]:
    """Return the shares of samples below and, where there are any, above the limit of detection.

    Examples
    --------
    >>> rows = limit_rows(pd.DataFrame({"censoring": [-1, 0]}), {"outcome": "il6_serum"}, 0.95)
    >>> [(row["measure"], row["events"]) for row in rows]
    [('share_below_limit', 1)]
    """
    rows = []
    for measure, kind in (("share_below_limit", -1), ("share_above_limit", 1)):
        events = int((samples["censoring"] == kind).sum())
        if len(samples) and (events or kind < 0):
            share = proportion(events, len(samples), conf_level=conf_level)
            rows.append(estimate_row(share, measure=measure, **(labels | {"role": "description", "unit": "share"})))
    return rows


def mean_rows(samples: pd.DataFrame, labels: Row, unit: str, conf_level: float) -> list[Row]:
    """Return the geometric mean with and without pain and in each pain group."""
    groups = [("with_pain", level) for level in ("yes", "no")] + [("pain_group", level) for level in PAIN_GROUPS]
    rows = []
    for group, level in groups:
        part = samples[(samples[group] == level).fillna(False)]
        rows += _geometric_mean(part, labels | {"group": group, "level": level}, unit, conf_level)
    return rows


def attack_rows(samples: pd.DataFrame, labels: Row, unit: str, conf_level: float) -> list[Row]:
    """Return the geometric mean of samples drawn in an attack, which no comparison uses."""
    denominator = "patients with a sample drawn within the days after an attack"
    split = labels | {"group": "phase", "level": "in_attack", "denominator": denominator}
    return _geometric_mean(samples, split, unit, conf_level)


def _geometric_mean(samples: pd.DataFrame, labels: Row, unit: str, conf_level: float) -> list[Row]:
    if len(samples) < FEWEST_IN_A_GROUP:
        return []
    frame = pd.DataFrame(index=samples.index)
    found = censored_normal(*_numbers(samples, frame), columns=["intercept"], conf_level=conf_level)["intercept"]
    described = labels | {"role": "description", "unit": unit}
    return [estimate_row(found, **described, measure="geometric_mean") | {"events": None}]


def _numbers(samples: pd.DataFrame, design: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame, np.ndarray]:
    return samples["value"].to_numpy(dtype=float), design, samples["censoring"].to_numpy(dtype=np.int64)


def ratio_rows(
    samples: pd.DataFrame, labels: Row, covariates: Sequence[str], conf_level: float, *, role: str
) -> tuple[list[Row], list[Check]]:
    """Return ratios of geometric means between the groups, adjusted and not, and checks.

    Parameters
    ----------
    samples
        One row a patient with value, censoring, with_pain, pain_group and the covariates.
    labels
        Outcome and denominator of the rows.
    covariates
        Of the adjusted ratios.
    conf_level
        Coverage of the limits.
    role
        Of the adjusted ratio with against without pain.
    """
    name = str(labels["outcome"])
    rows: list[Row] = []
    checks: list[Check] = []
    for group, level, reference in CONTRASTS:
        part = samples[samples[group].isin([level, reference])].reset_index(drop=True).assign(n=1)
        fewest = min(int((part[group] == value).sum()) for value in (level, reference))
        split = labels | RATIO | {"group": group, "level": level, "reference": reference}
        if fewest < FEWEST_IN_A_GROUP:
            detail = f"{name}: {fewest} patients in one group, {FEWEST_IN_A_GROUP} are needed"
            checks.append((f"{level} against {reference}", "not assessable", detail))
            continue
        design, left_out = covariate_design(part, covariates)
        kept, terms, dropped = complete_cells(part, design)
        is_first = group == "with_pain"
        if is_first:
            checks += [(f"{name}: {check}", status, detail) for check, status, detail in left_out]
        if dropped and is_first:
            checks.append((f"{name}: all in the adjusted ratio", "not met", f"{dropped} dropped: covariate missing"))
        own = role if is_first else "secondary"
        split["term"] = f"{group} given {', '.join(terms.columns)}" if len(terms.columns) else group
        try:
            rows += _ratio(kept, group, level, terms, split | {"role": own}, conf_level)
        except ValueError as problem:
            checks.append((f"{name}: {level} against {reference}, adjusted", "not assessable", str(problem)))
        if is_first and len(terms.columns):
            crude = pd.DataFrame(index=part.index)
            rows += _ratio(part, group, level, crude, split | {"role": "sensitivity", "term": group}, conf_level)
    return rows, checks


def _ratio(
    samples: pd.DataFrame, group: str, level: str, terms: pd.DataFrame, labels: Row, conf_level: float
) -> list[Row]:
    design = dummies(samples, group, [level]).join(terms)
    if design[level].nunique() < 2:
        return []
    found = censored_normal(*_numbers(samples, design), columns=[level], conf_level=conf_level)[level]
    return [estimate_row(found, **labels) | {"events": None}]


def rank_rows(samples: pd.DataFrame, labels: Row, conf_level: float, seed: int) -> list[Row]:
    """Return the probability that a patient with pain has the higher value, values beyond a limit tied."""
    known = samples[samples["with_pain"].notna()]
    tied = tied_beyond_limits(known["value"].to_numpy(float), known["censoring"].to_numpy(np.int64))
    has_pain = (known["with_pain"] == "yes").to_numpy(dtype=bool)
    if min(int(has_pain.sum()), int((~has_pain).sum())) < FEWEST_IN_A_GROUP:
        return []
    higher = probability_superiority(tied[has_pain], None, tied[~has_pain], None, conf_level=conf_level, seed=seed)
    split = labels | {"group": "with_pain", "level": "yes", "reference": "no", "role": "sensitivity", "unit": "share"}
    return [estimate_row(higher, measure="probability_superiority", **split)]


def score_rows(
    samples: pd.DataFrame,
    labels: Row,
    score: str,
    per: float,
    covariates: Sequence[str],
    conf_level: float,
    seed: int,
    *,
    is_modelled: bool,
) -> list[Row]:
    """Return the ratio of geometric means per so many points of a score, and the rank correlation.

    Examples
    --------
    >>> score_rows(pd.DataFrame({"value": [], "eq_vas": []}), {}, "eq_vas", 10, (), 0.95, 0, is_modelled=True)
    []
    """
    known = samples[samples[score].notna()].reset_index(drop=True).assign(n=1) if len(samples) else samples
    if len(known) < 2 * FEWEST_IN_A_GROUP or known[score].nunique() < 2:
        return []
    split = labels | {"term": score, "denominator": f"{labels['denominator']}, with {score}"}
    rows = []
    if is_modelled:
        found = _per_points(known, score, per, covariates, conf_level)
        unit = f"ratio per {per:g} points"
        adjusted = split | {"role": "secondary", "unit": unit, "measure": "geometric_mean_ratio_per_points"}
        rows.append(estimate_row(found, **adjusted) | {"events": None})
    tied = tied_beyond_limits(known["value"].to_numpy(float), known["censoring"].to_numpy(np.int64))
    ranks = spearman(tied, known[score].to_numpy(dtype=float), conf_level=conf_level, seed=seed)
    rows.append(estimate_row(ranks, measure="spearman", **(split | {"role": "sensitivity", "unit": "correlation"})))
    return rows


def _per_points(known: pd.DataFrame, score: str, per: float, covariates: Sequence[str], conf_level: float) -> Estimate:
    design, _ = covariate_design(known, covariates)
    kept, terms, _ = complete_cells(known, design)
    points = pd.DataFrame({score: kept[score].astype("Float64").astype(float) / per}, index=kept.index)
    columns = points.join(terms)
    try:
        return censored_normal(*_numbers(kept, columns), columns=[score], conf_level=conf_level)[score]
    except ValueError as problem:
        return not_estimable(str(problem), len(kept), conf_level=conf_level)
