"""Rows of one change after a start under four ways of handling what happened in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.event_scores import evaluable, imputation_columns
from nmosd_cohort.questions.parts import estimate_row
from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.missing.imputation import Imputations, impute
from nmosd_cohort.statistics.missing.rubin import pool_estimates
from nmosd_cohort.statistics.missing.tipping_point import tipping_point
from nmosd_cohort.statistics.paired.change import mean_change, responders
from nmosd_cohort.statistics.paired.regression_to_the_mean import regression_to_the_mean
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nmosd_cohort.questions.parts import Check

Rule = Literal["pct30", "pct50", "abs2"]
Rows = tuple[list[dict[str, Any]], "list[Check]"]
FEWEST_FREE = 20  # patients without an event whose later scores stand for those of the others
FEWEST_IMPUTATIONS = 20
MOST_IMPUTATIONS = 40
ITERATIONS = 5  # two or three scores in the order of time: nothing to converge
MOST_LEVELS = 12  # a score of no more values than this is imputed as an ordered one
RESAMPLES = 400
DENOMINATORS = {
    "treatment_policy": "starters with a score before and after",
    "composite": "starters with a score before, and a score after or a failure",
    "hypothetical": "starters with a score before, and a score after or an event",
    "while_on_treatment": "starters with a score before, and one after that no event came before",
}


def observed_rows(rows: pd.DataFrame, outcome: str, *, rule: Rule, conf_level: float) -> Rows:
    """Return change and responders under the three strategies that take scores as they are.

    Parameters
    ----------
    rows
        From ``event_scores``.
    """
    seen = rows.dropna(subset=["after"])
    failed = rows[rows["after"].notna() | (rows["has_failure"] & rows["is_followed"])]
    # A failure takes no fall: the higher of both scores, and that before where there is none after.
    worst = failed["after"].fillna(failed["before"]).clip(lower=failed["before"])
    unchanged = failed.assign(after=worst.where(failed["has_failure"], failed["after"]))
    clean = rows.dropna(subset=["last_clean"]).assign(after=rows["last_clean"])
    made: list[dict[str, Any]] = []
    for strategy, pairs, words in (
        ("treatment_policy", seen, ""),
        ("composite", unchanged, f"; {int(failed['has_failure'].sum())} failures counted as no fall"),
        ("while_on_treatment", clean, f"; {int(clean['has_event'].sum())} by the last score before an event"),
    ):
        made += _pair_rows(pairs, strategy, outcome, words, rule=rule, conf_level=conf_level)
    lost = int((rows["has_event"] & rows["last_clean"].isna()).sum())
    checks: list[Check] = []
    if lost:
        detail = f"{lost} patients had an event before any score after the start and are not counted"
        checks.append(("score before the event", "not met", detail))
    return made, checks


def hypothetical_rows(
    rows: pd.DataFrame,
    repeats: pd.DataFrame,
    outcome: str,
    *,
    rule: Rule,
    conf_level: float,
    seed: int,
    limits: tuple[float, float],
    n_imputations: int | None = None,
) -> Rows:
    """Return change and responders had no event happened, by imputation of the scores after an event.

    Parameters
    ----------
    rows
        From ``event_scores``.
    repeats
        Columns first, second and n of ``untreated_repeats``, for regression to the mean.
    limits
        Lowest and highest score.
    n_imputations
        None for as many as the per cent of incomplete patients, from 20 to 40.
    """
    people = evaluable(rows)
    free = int(people["clean_after"].notna().sum())
    title = "hypothetical strategy"
    if free < FEWEST_FREE:
        detail = (
            f"{free} patients have a later score that no event came before; {FEWEST_FREE} are needed to impute from"
        )
        return [], [(title, "not assessable", detail)]
    made = _impute(people, seed, n_imputations)
    freedom = float(len(people) - 1)
    labels = _labels("hypothetical", outcome)
    words = f"; {len(people) - free} of {len(people)} imputed"
    change = pool_estimates([_change(frame, conf_level) for frame in made.frames()], complete_freedom=freedom).estimate
    found = [estimate_row(change, role="secondary", measure="mean_change", unit="points", **labels)]
    found += _pooled_responders(made, labels, rule, conf_level)
    found += _corrected(people, made, repeats, outcome, conf_level, seed)
    for row in found:
        row["method"] += words
    shifted, check = _shifted(made, labels, limits, len(people), conf_level)
    assumes = (
        "scores after an event are imputed as if they had depended on the scores before it alone (missing at random), "
        f"from {free} patients without an event, with {', '.join(imputation_columns(people))}, age and AQP4-IgG"
    )
    notes: list[Check] = [(title, "note", assumes), check]
    return found + shifted, notes


def _labels(strategy: str, outcome: str) -> dict[str, Any]:
    return {"outcome": outcome, "group": "strategy", "level": strategy, "denominator": DENOMINATORS[strategy]}


def _pair_rows(
    pairs: pd.DataFrame, strategy: str, outcome: str, words: str, *, rule: Rule, conf_level: float
) -> list[dict[str, Any]]:
    if len(pairs) < 2:
        return []
    labels = _labels(strategy, outcome)
    change = mean_change(pairs["before"], pairs["after"], conf_level=conf_level)
    role = "primary" if strategy == "treatment_policy" else "secondary"
    found = [estimate_row(change, role=role, measure="mean_change", unit="points", **labels)]
    failed = pairs["has_failure"].to_numpy(dtype=bool) if strategy == "composite" else np.zeros(len(pairs), dtype=bool)
    share = _share(pairs["before"], pairs["after"], failed, rule, conf_level)
    if share.n:
        found.append(estimate_row(share, role="secondary", measure=f"responders_{rule}", unit="share", **labels))
    return [row | {"method": f"{row['method']}{words}"} for row in found]


def _share(before: pd.Series, after: pd.Series, failed: np.ndarray, rule: Rule, conf_level: float) -> Estimate:
    """Return the share of responders, none of whom failed."""
    succeeded = responders(before[~failed], after[~failed], rule=rule)
    failures = responders(before[failed], before[failed], rule=rule)
    return proportion(succeeded.responders, succeeded.evaluable + failures.evaluable, conf_level=conf_level)


def _impute(people: pd.DataFrame, seed: int, n_imputations: int | None) -> Imputations:
    """Complete the later scores from earlier ones, age and serostatus."""
    scores = imputation_columns(people)
    frame = people[[*scores]].assign(
        age=people["age_years"].astype(float), aqp4=people["is_aqp4_positive"].astype("Float64").astype(float)
    )
    few = frame[list(scores)].stack().nunique() <= MOST_LEVELS
    kinds: dict[str, Any] = dict.fromkeys(scores, "ordinal" if few else "numeric")
    traits = (("age", "numeric"), ("aqp4", "binary"))
    kinds |= {name: kind for name, kind in traits if frame[name].nunique() > 1}
    incomplete = int(np.ceil(100 * frame[list(kinds)].isna().any(axis=1).mean()))
    m = n_imputations or min(max(FEWEST_IMPUTATIONS, incomplete), MOST_IMPUTATIONS)
    return impute(frame[list(kinds)], kinds, seed=seed, m=m, iterations=ITERATIONS, progress=False)


def _change(frame: pd.DataFrame, conf_level: float) -> Estimate:
    return mean_change(frame["before"], frame["clean_after"], conf_level=conf_level)


def _pooled_responders(
    made: Imputations, labels: Mapping[str, Any], rule: Rule, conf_level: float
) -> list[dict[str, Any]]:
    shares = [
        _share(frame["before"], frame["clean_after"], np.zeros(len(frame), dtype=bool), rule, conf_level)
        for frame in made.frames()
    ]
    if not shares[0].n:
        return []
    pooled = pool_estimates(shares, complete_freedom=shares[0].n - 1).estimate
    return [estimate_row(pooled, role="secondary", measure=f"responders_{rule}", unit="share", **labels)]


def _corrected(
    people: pd.DataFrame, made: Imputations, repeats: pd.DataFrame, outcome: str, conf_level: float, seed: int
) -> list[dict[str, Any]]:
    """Return the change beyond regression to the mean under both strategies, where untreated repeats tell it."""
    known: dict[str, Any] = {
        "first": repeats["first"].to_numpy(dtype=float),
        "second": repeats["second"].to_numpy(dtype=float),
        "pair_counts": repeats["n"].to_numpy(dtype=float),
        "conf_level": conf_level,
        "seed": seed,
        "n_resamples": RESAMPLES,
    }

    def beyond(frame: pd.DataFrame) -> Estimate:
        return regression_to_the_mean(frame["before"], frame["clean_after"], **known).corrected_change

    seen = people.dropna(subset=["after"])
    policy = regression_to_the_mean(seen["before"], seen["after"], **known)
    if not policy.identifiable:
        return []
    pooled = pool_estimates(
        [beyond(frame) for frame in made.frames()], complete_freedom=float(len(people) - 1)
    ).estimate
    return [
        estimate_row(found, role="secondary", measure="corrected_change", unit="points", **_labels(strategy, outcome))
        for strategy, found in (("treatment_policy", policy.corrected_change), ("hypothetical", pooled))
    ]


def _shifted(
    made: Imputations, labels: Mapping[str, Any], limits: tuple[float, float], n: int, conf_level: float
) -> tuple[list[dict[str, Any]], Check]:
    """Return the change if the imputed scores were higher, and where the conclusion tips."""
    step = (limits[1] - limits[0]) / 10
    options: dict[str, Any] = {"shift": "value", "limits": limits, "complete_freedom": float(n - 1)}
    point = tipping_point(
        made,
        "clean_after",
        [step, 2 * step, 3 * step],
        lambda frame: _change(frame, conf_level),
        **options,
    )
    rows = []
    for shown in point.rows.to_dict("records"):
        if shown["delta"] == 0:
            continue
        found = Estimate(
            shown["estimate"],
            shown["conf_low"],
            shown["conf_high"],
            n,
            "multiple imputation, imputed scores raised",
            std_error=shown["std_error"],
            conf_level=conf_level,
        )
        term = f"imputed scores {shown['delta']:g} points higher"
        rows.append(estimate_row(found, role="sensitivity", measure="mean_change", unit="points", term=term, **labels))
    tips = "does not tip up to there" if point.tipping_delta is None else f"tips at {point.tipping_delta:g} points"
    detail = (
        f"conclusion without a shift: {point.conclusion} 0; with imputed scores up to {3 * step:g} points higher "
        f"it {tips}"
    )
    return rows, ("departure from missing at random", "note", detail)
