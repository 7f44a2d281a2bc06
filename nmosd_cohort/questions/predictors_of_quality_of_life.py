"""What weighs most on quality of life: pain severity against bladder and bowel, sexual, visual and motor function."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import narwhals as nw
import numpy as np
import pandas as pd

from nmosd_cohort.cohort.assessments import index_reasons, index_steps, index_visits, visits
from nmosd_cohort.cohort.composites import SCALES_WITHOUT_PAIN, scale_mean
from nmosd_cohort.cohort.predictors import with_scores
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import (
    complete_cells,
    covariate_design,
    estimate_row,
    finish,
    remission_check,
    small_n_check,
)
from nmosd_cohort.statistics.correlation.coefficients import pearson
from nmosd_cohort.statistics.estimate import Estimate, check_option
from nmosd_cohort.statistics.multiplicity import holm
from nmosd_cohort.statistics.regression.importance_rank import importance_rank
from nmosd_cohort.statistics.regression.linear import standardised_coefficient
from nmosd_cohort.statistics.regression.relative_importance import relative_importance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

QualityOfLife = Literal["sf36_without_bodily_pain", "sf36_pcs", "sf36_mcs", "eq_vas", "msis29_physical"]
Depression = Literal["none", "bdi_ii", "bdi_i", "phq9", "hads_d", "ces_d", "bdi_ii_cognitive", "phq9_cognitive"]
PREDICTORS = ("pain_nrs", "edss_bowel_bladder", "sexual_dysfunction", "edss_visual", "edss_pyramidal")
COVARIATES = ("age_per_10_years", "male", "duration_per_10_years")
COVARIATE_SOURCES = ("age_years", "is_male", "disease_duration_years")
DENOMINATOR = "patients with quality of life and all predictors recorded at one visit in remission"
FEWEST_PER_TERM = 5
OVERLAPS = {
    "sf36_without_bodily_pain": ("met", "SF-36 bodily pain is left out"),
    "sf36_pcs": ("not met", "overlap not removable: the physical component score contains bodily pain"),
    "sf36_mcs": ("not met", "overlap not removable: the mental component score gives bodily pain a weight"),
    "eq_vas": ("note", "one rating of health as a whole: there is no pain item to remove"),
    "msis29_physical": ("not met", "overlap not removable: items on bladder, walking and spasms are in the score"),
}


@checked
def predictors_of_quality_of_life(
    registry: Registry,
    *,
    outcome: QualityOfLife = "sf36_without_bodily_pain",
    depression: Depression = "none",
    diagnosis: str = "nmosd",
    min_days_after_attack: int = 30,
    n_resamples: int = 1000,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Standardised effect of pain severity on quality of life beside bladder, sexual, visual and motor function.

    Parameters
    ----------
    registry
        Checked tables.
    outcome
        ``sf36_without_bodily_pain``: mean of the seven SF-36 scales other than bodily pain, which would be pain
        against pain. ``sf36_pcs``, ``sf36_mcs``, ``msis29_physical``: composites from which the overlap cannot be
        removed. ``eq_vas``: rating of health.
    depression
        A depression score as one more predictor, which may lie between pain and quality of life; ``none``, the
        default, leaves it out.
    diagnosis, min_days_after_attack, conf_level
        As in ``pain_prevalence``.
    n_resamples, seed
        Of the bootstrap, at least 100.

    Returns
    -------
    Result
        For each predictor ``crude_standardised_coefficient`` and ``standardised_coefficient`` (SDs of the outcome
        for each SD, given the other predictors, age, sex and duration), ``relative_importance`` (share of R squared
        averaged over orders of entry) and, because papers print it, ``pearson``; ``explained_variance``; of pain
        ``rank_of_importance`` and ``probability_most_important``, the share of resamples that put it first. All
        rows are of the same patients. Primary: the adjusted coefficient of pain.

    Raises
    ------
    ValueError
        If an option is not one of those listed.
    TypeError
        If ``registry`` is no registry.

    Notes
    -----
    Least squares with HC3 errors (Long and Ervin 2000, doi:10.1080/00031305.2000.10474549); relative importance:
    Groemping 2006 (doi:10.18637/jss.v017.i01). Describes what goes together at one visit, not causes.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.predictors_of_quality_of_life(nc.simulate(n=200, seed=1), n_resamples=100)
    >>> answer.estimates.query("measure == 'relative_importance'")["term"].tolist()[:2]
    ['pain_nrs', 'edss_bowel_bladder']
    """
    check_option("outcome", outcome, get_args(QualityOfLife))
    check_option("depression", depression, get_args(Depression))
    scales = SCALES_WITHOUT_PAIN if outcome == "sf36_without_bodily_pain" else (outcome,)
    wanted = [*PREDICTORS, *([] if depression == "none" else [depression])]
    frame = with_scores(registry, visits(registry, diagnosis=diagnosis), [*scales, *wanted])
    predictors, checks = _delivered(frame, wanted)
    options: dict[str, Any] = {"needs": [*scales, *predictors], "min_days_after_attack": min_days_after_attack}
    index = index_visits(frame, **options)
    cells = tally(index, [*scales, *predictors, *COVARIATE_SOURCES])
    cells["quality_of_life"] = scale_mean(cells, scales)
    n = int(cells["n"].sum())
    rows, more = _rows(cells, outcome, predictors, n_resamples, conf_level, seed)
    status, words = OVERLAPS[outcome]
    return finish(
        registry,
        name="predictors_of_quality_of_life",
        question="Standardised effect and relative importance of pain severity for quality of life beside bladder and "
        "bowel, sexual, visual and motor function, at the last visit in remission with all of them.",
        rows=rows,
        steps=[
            *eligibility_steps(select_patients(registry, diagnosis=diagnosis)),
            *index_steps(
                index_reasons(registry, frame, diagnosis=diagnosis, **options), "quality of life and predictors"
            ),
            *_model_steps(cells, predictors),
        ],
        checks=[
            *(remission_check(index) if n else []),
            *checks,
            ("outcome free of pain items", status, words),
            *more,
            *small_n_check(n),
        ],
        tally=_tally(cells, predictors),
        definitions={
            "outcome": outcome,
            "predictors": list(predictors),
            "depression": depression,
            "covariates": list(COVARIATES),
            "family": "adjusted coefficients of the predictors",
            "diagnosis": diagnosis,
            "min_days_after_attack": min_days_after_attack,
            "n_resamples": n_resamples,
            "seed": seed,
            "conf_level": conf_level,
            "time_frame": "current",
            "denominator": "assessed",
        },
    )


def _delivered(frame: nw.LazyFrame[Any], wanted: Sequence[str]) -> tuple[list[str], list[Check]]:
    """Return the predictors that some eligible patient has, and a check for each of the others."""
    flags = {name: (~nw.col(name).is_null()).cast(nw.Int64) for name in wanted}
    counts = tally(frame.select(**flags), list(wanted))
    recorded = {name: int(counts.loc[counts[name] == 1, "n"].sum()) for name in wanted}
    checks: list[Check] = [
        (f"{name} among the predictors", "not assessable", f"assessments.{name} is not recorded at any visit")
        for name, n in recorded.items()
        if not n
    ]
    return [name for name, n in recorded.items() if n], checks


def _rows(
    cells: pd.DataFrame, outcome: str, predictors: Sequence[str], n_resamples: int, conf_level: float, seed: int
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return all rows of the patients with outcome, predictors and covariates, and why there are none."""
    design, checks = covariate_design(cells, [*predictors, *COVARIATES])
    kept, terms, _ = complete_cells(cells, design)
    ranked = [name for name in predictors if name in terms]
    n, values = int(kept["n"].sum()), kept["quality_of_life"].to_numpy(dtype=float)
    if "pain_nrs" not in ranked:
        needed = f"assessments.pain_nrs and {outcome} at one visit"
        return [], [*checks, ("pain and quality of life", "not assessable", f"{needed}: {n} patients, or no spread")]
    if n < FEWEST_PER_TERM * terms.shape[1]:
        detail = f"{n} patients for {terms.shape[1]} terms; {FEWEST_PER_TERM} a term are needed"
        return [], [*checks, ("model of quality of life", "not assessable", detail)]
    counts = kept["n"].to_numpy(np.int64)
    try:
        rows = _coefficients(values, terms, counts, ranked, conf_level)
        rows += _importance(values, terms, counts, ranked, n_resamples, conf_level, seed)
    except ValueError as problem:
        return [], [*checks, ("model of quality of life", "not assessable", str(problem))]
    return [row | {"outcome": outcome, "denominator": DENOMINATOR} for row in rows], checks


def _model_steps(cells: pd.DataFrame, predictors: Sequence[str]) -> list[tuple[str, int, int, str]]:
    """Return the step to patients whose age, sex and duration are known too."""
    n = int(cells["n"].sum())
    design, _ = covariate_design(cells, [*predictors, *COVARIATES])
    lost = int(cells.loc[design.isna().any(axis=1), "n"].sum())
    missing = {name: int(cells.loc[design[name].isna(), "n"].sum()) for name in design.columns}
    words = ", ".join(f"{name} missing in {count}" for name, count in missing.items() if count)
    return [("all of the model recorded", n - lost, lost, words)] if n else []


def _coefficients(
    values: np.ndarray, terms: pd.DataFrame, counts: np.ndarray, ranked: Sequence[str], conf_level: float
) -> list[dict[str, Any]]:
    """Return crude and adjusted standardised coefficients and the correlation of each predictor."""
    rows: list[dict[str, Any]] = []
    adjusted = []
    for name in ranked:
        alone = standardised_coefficient(values, terms[[name]], counts, name, conf_level=conf_level)
        labels = {"term": name, "unit": "standard deviations"}
        rows.append(estimate_row(_per_sd(alone), role="secondary", measure="crude_standardised_coefficient", **labels))
        given_others = standardised_coefficient(values, terms, counts, name, conf_level=conf_level)
        role = "primary" if name == "pain_nrs" else "secondary"
        adjusted.append(estimate_row(given_others, role=role, measure="standardised_coefficient", **labels))
        linear = pearson(terms[name], values, counts, conf_level=conf_level)
        rows.append(estimate_row(linear, role="comparison", measure="pearson", term=name, unit="correlation"))
    for row, p_adjusted in zip(adjusted, holm(np.array([row["p_value"] for row in adjusted])), strict=True):
        row["p_adjusted"] = float(p_adjusted)
    return adjusted + rows


def _per_sd(alone: Estimate) -> Estimate:
    return replace(alone, method=f"{alone.method}; one predictor")


def _importance(
    values: np.ndarray,
    terms: pd.DataFrame,
    counts: np.ndarray,
    ranked: Sequence[str],
    n_resamples: int,
    conf_level: float,
    seed: int,
) -> list[dict[str, Any]]:
    """Return the share of R squared of each predictor and their total, and the place of pain."""
    groups: dict[str, list[str]] = {name: [name] for name in ranked}
    if others := [name for name in terms.columns if name not in ranked]:
        groups["age_sex_duration"] = others
    options: dict[str, Any] = {"n_resamples": n_resamples, "conf_level": conf_level, "seed": seed, "groups": groups}
    shares = relative_importance(values, terms, counts, **options)
    rows = []
    for share in shares.to_dict("records"):
        is_total = share["term"] == "total"
        labels = {
            "measure": "explained_variance" if is_total else "relative_importance",
            "term": "" if is_total else share["term"],
        }
        numbers: dict[str, Any] = {str(key): value for key, value in share.items()}
        rows.append({**numbers, **labels, "role": "secondary", "unit": "share", "conf_level": conf_level})
    if len(ranked) > 1:
        place = importance_rank(values, terms, counts, "pain_nrs", among=ranked, **options)
        chance = {"measure": "probability_most_important", "unit": "share", "term": "pain_nrs", "role": "secondary"}
        rows.append(estimate_row(place["rank"], **(chance | {"measure": "rank_of_importance", "unit": "rank"})))
        rows.append(estimate_row(place["probability_first"], **chance))
    return rows


def _tally(cells: pd.DataFrame, predictors: Sequence[str]) -> pd.DataFrame:
    """Return how many patients have each value of each predictor, and their mean quality of life."""
    parts = []
    for name in predictors:
        part = cells.assign(total=cells["quality_of_life"] * cells["n"])
        counted = part.groupby(name)[["n", "total"]].sum().reset_index().rename(columns={name: "value"})
        counted["mean_quality_of_life"] = counted["total"] / counted["n"]
        parts.append(counted.assign(predictor=name)[["predictor", "value", "mean_quality_of_life", "n"]])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["predictor", "value", "n"])
