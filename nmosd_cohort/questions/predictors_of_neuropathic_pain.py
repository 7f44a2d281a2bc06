"""What goes with neuropathic pain: spinal onset, number of attacks, lesion length and serostatus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.assessments import index_reasons, index_steps, index_visits, visits
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY
from nmosd_cohort.cohort.predictors import with_predictors
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
from nmosd_cohort.questions.sparse_odds import sparse_odds_ratios, width_checks
from nmosd_cohort.statistics.estimate import check_conf_level, check_option
from nmosd_cohort.statistics.models.g_computation import standardised_risk, standardised_risk_difference
from nmosd_cohort.statistics.multiplicity import holm
from nmosd_cohort.statistics.regression.logistic import ENOUGH_EVENTS, fit_logistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result
    from nmosd_cohort.statistics.estimate import Estimate

Covariate = Literal["age_per_10_years", "male", "duration_per_10_years"]
COVARIATES: tuple[Covariate, ...] = ("age_per_10_years", "male", "duration_per_10_years")
EXPOSURES = ("spinal_onset", "attacks", "aqp4_positive")
LENGTH = "lesion_segments"
# Exposure -> level and reference; the others are per unit.
CONTRASTS = {"spinal_onset": ("spinal_onset", "other_onset"), "aqp4_positive": ("aqp4_positive", "aqp4_negative")}
# Outcome -> pain groups that neuropathic pain is set against, and the role of its rows.
AGAINST = {
    "neuropathic": (("other_pain", "no_pain"), "secondary"),
    "neuropathic_against_other_pain": (("other_pain",), "sensitivity"),
    "neuropathic_against_no_pain": (("no_pain",), "sensitivity"),
}
COMPARED = {
    "neuropathic": "patients asked about pain, its kind known",
    "neuropathic_against_other_pain": "patients with pain of a known kind",
    "neuropathic_against_no_pain": "patients with neuropathic pain or without pain",
}


@checked
def predictors_of_neuropathic_pain(
    registry: Registry,
    *,
    covariates: tuple[Covariate, ...] = COVARIATES,
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
) -> Result:
    """Odds ratio of neuropathic pain at the index visit for spinal onset, each attack, lesion length and serostatus.

    Neuropathic pain is set against all other assessed patients, and as sensitivity against other pain and against
    no pain alone. An association in a cross-section, not an effect.

    Parameters
    ----------
    registry
        Checked tables.
    covariates
        Of the adjusted models, beside the exposures: any of age_per_10_years, male, duration_per_10_years.
    diagnosis, neuropathic_by, min_days_after_attack, conf_level
        As in ``pain_prevalence``.

    Returns
    -------
    Result
        ``crude_odds_ratio`` and ``odds_ratio`` (exposures and covariates together) of spinal_onset, attacks (per
        attack) and aqp4_positive; the same with lesion_segments (per segment) in patients with an MRI of both
        cord levels, where without such an MRI the length is unknown, not 0; ``adjusted_risk`` of neuropathic
        pain with and without spinal onset and their ``adjusted_risk_difference``. Primary: the adjusted odds ratio of
        spinal onset against all. Its p-value and those of the other exposures of that model and of lesion length
        are Holm-adjusted together.

    Raises
    ------
    ValueError
        If an option is not one of those listed.
    TypeError
        If ``registry`` is no registry.

    Notes
    -----
    Logistic model with profile-likelihood limits (Venzon and Moolgavkar 1988, doi:10.2307/2347496). Firth's model
    (Heinze and Schemper 2002, doi:10.1002/sim.1047) where a parameter has fewer than 10 events or non-events
    (Peduzzi et al 1996, doi:10.1016/S0895-4356(96)00236-3), or a covariate separates them. Standardised risks from
    the logistic model by g-computation.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.predictors_of_neuropathic_pain(nc.simulate(n=200, seed=1))
    >>> answer.estimates.query("role == 'primary'")[["term", "measure"]].values.tolist()
    [['spinal_onset', 'odds_ratio']]
    """
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    for name in covariates:
        check_option("covariates", name, COVARIATES)
    check_conf_level(conf_level)
    frame = visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by)
    options: dict[str, Any] = {"needs": ["pain_group"], "min_days_after_attack": min_days_after_attack}
    index = index_visits(frame, **options)
    columns = ["is_aqp4_positive", "attack_count", "age_years", "is_male", "disease_duration_years"]
    cells = tally(with_predictors(registry, index), ["pain_group", "spinal_onset", LENGTH, *columns])
    n = int(cells["n"].sum())
    rows, checks = _all_rows(cells, covariates, conf_level)
    return finish(
        registry,
        name="predictors_of_neuropathic_pain",
        question="Odds of neuropathic pain at the last visit in remission by spinal onset, number of attacks, lesion "
        "length and AQP4-IgG serostatus, each alone and adjusted for the others.",
        rows=rows,
        steps=[
            *eligibility_steps(select_patients(registry, diagnosis=diagnosis)),
            *index_steps(index_reasons(registry, frame, diagnosis=diagnosis, **options), "kind of pain"),
            *_model_steps(cells, covariates),
        ],
        checks=[*(remission_check(index) if n else []), *checks, *small_n_check(n)],
        tally=cells.groupby(["pain_group", "spinal_onset"], dropna=False)["n"].sum().reset_index(),
        definitions={
            "covariates": list(covariates),
            "exposures": [*EXPOSURES, LENGTH],
            "mixed_onset": "spinal if the first attack names myelitis, unknown if it has no type",
            "firth_below_events_per_parameter": 10,
            "family": "exposures of the adjusted model, against all, and lesion length of that with MRI",
            "diagnosis": diagnosis,
            "neuropathic_by": neuropathic_by,
            "min_days_after_attack": min_days_after_attack,
            "conf_level": conf_level,
            "time_frame": "current",
            "denominator": "assessed",
        },
    )


def _all_rows(
    cells: pd.DataFrame, covariates: Sequence[str], conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the rows of every comparison, then those with lesion length, then the standardised risks."""
    rows: list[dict[str, Any]] = []
    checks: list[Check] = []
    for outcome in AGAINST:
        new_rows, new_checks = _comparison(cells, outcome, EXPOSURES, covariates, conf_level)
        rows, checks = rows + new_rows, checks + new_checks
    with_mri = cells[cells[LENGTH].notna()]
    if with_mri.empty:
        need = "imaging: mri_date and region of both cord levels; lesions: upper_segment, lower_segment"
        checks.append(("lesion length", "not assessable", f"no patient has an MRI of both cord levels ({need})"))
    else:
        n, of = int(with_mri["n"].sum()), int(cells["n"].sum())
        checks.append(("lesion length of all", "not met" if n < of else "met", f"known in {n} of {of}; else unknown"))
        more, new_checks = _comparison(with_mri, "neuropathic", (*EXPOSURES, LENGTH), covariates, conf_level)
        rows += [_of_mri(row) for row in more if row["measure"] == "odds_ratio" or row["term"] == LENGTH]
        checks += [(f"{check} (with MRI)", status, detail) for check, status, detail in new_checks]
    _adjust(rows)
    risks, new_checks = _risks(cells, covariates, conf_level)
    return rows + risks, checks + new_checks


def _comparison(
    cells: pd.DataFrame, outcome: str, exposures: Sequence[str], covariates: Sequence[str], conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return crude and adjusted odds ratios of the exposures for one comparison."""
    others, role = AGAINST[outcome]
    used = cells[cells["pain_group"].isin(["neuropathic", *others])].reset_index(drop=True)
    design, checks = covariate_design(used, [*exposures, *covariates])
    checks = [(f"{outcome}, {check}", status, detail) for check, status, detail in checks]
    rows: list[dict[str, Any]] = []
    models = [("crude_odds_ratio", [name]) for name in exposures if name in design]
    models.append(("odds_ratio", list(design.columns)))
    for measure, columns in models:
        kept, terms, _ = complete_cells(used, design[columns])
        kind = f"{columns[0]} alone" if measure == "crude_odds_ratio" else "adjusted"
        name = f"{outcome}, {kind}"
        is_neuropathic = np.asarray(kept["pain_group"] == "neuropathic", dtype=np.float64)
        counts = kept["n"].to_numpy(np.int64)
        found = sparse_odds_ratios(is_neuropathic, terms, counts, name=name, conf_level=conf_level)
        checks += [check for check in found.checks if kind == "adjusted" or check[1] != "met"]
        if found.why_not:
            checks.append((f"odds ratio, {name}", "not assessable", found.why_not))
        wanted = {term: ratio for term, ratio in found.ratios.items() if term in exposures}
        checks += width_checks(wanted, name)
        labels = {"outcome": outcome, "denominator": COMPARED[outcome], "unit": "odds ratio", "role": role}
        rows += [_ratio_row(ratio, term, measure=measure, **labels) for term, ratio in wanted.items()]
    return rows, checks


def _ratio_row(ratio: Estimate, term: str, **labels: Any) -> dict[str, Any]:
    level, reference = CONTRASTS.get(term, ("", ""))
    return estimate_row(ratio, term=term, level=level, reference=reference, **labels)


def _adjust(rows: list[dict[str, Any]]) -> None:
    """Mark the primary row, and adjust the p-values of the four exposures, each in its main model, in place."""
    family = [row for row in rows if row["measure"] == "odds_ratio" and row["role"] == AGAINST["neuropathic"][1]]
    for row, p_adjusted in zip(family, holm(np.array([row["p_value"] for row in family], dtype=float)), strict=True):
        row["p_adjusted"] = float(p_adjusted)
        if row["term"] == "spinal_onset":
            row["role"] = "primary"


def _of_mri(row: dict[str, Any]) -> dict[str, Any]:
    role = "secondary" if row["term"] == LENGTH else "sensitivity"
    return row | {"role": role, "denominator": f"{row['denominator']}; with an MRI of both cord levels"}


def _risks(
    cells: pd.DataFrame, covariates: Sequence[str], conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the standardised risk of neuropathic pain with and without spinal onset, and their difference."""
    design, _ = covariate_design(cells, [*EXPOSURES, *covariates])
    kept, terms, _ = complete_cells(cells, design)
    if "spinal_onset" not in terms:
        needed = "patients.onset_phenotype, or attacks.attack_type of the first attack"
        return [], [("risk by spinal onset", "not assessable", f"spinal onset is unknown or the same in all: {needed}")]
    counts = kept["n"].to_numpy(np.int64)
    is_neuropathic = (kept["pain_group"] == "neuropathic").to_numpy(dtype=float)
    try:
        fit = fit_logistic(is_neuropathic, terms, counts)
    except ValueError as problem:
        return [], [("risk by spinal onset", "not assessable", str(problem))]
    labels = {"outcome": "neuropathic", "term": "spinal_onset", "denominator": COMPARED["neuropathic"]}
    labels |= {"unit": "share", "role": "secondary"}
    rows = []
    for level, value in (("spinal_onset", 1.0), ("other_onset", 0.0)):
        risk = standardised_risk(fit, terms, counts, assign={"spinal_onset": value}, conf_level=conf_level)
        rows.append(estimate_row(risk, measure="adjusted_risk", level=level, **labels))
    difference = standardised_risk_difference(
        fit, terms, counts, assign={"spinal_onset": 1.0}, reference={"spinal_onset": 0.0}, conf_level=conf_level
    )
    level, reference = CONTRASTS["spinal_onset"]
    labels["measure"] = "adjusted_risk_difference"
    fewer = min(counts @ is_neuropathic, counts @ (1 - is_neuropathic)) / terms.shape[1]
    detail = f"{fewer:.1f} events a parameter: shares are of the logistic model, not of Firth's: they may be extreme"
    checks: list[Check] = [("risk by spinal onset", "not met", detail)] if fewer < ENOUGH_EVENTS else []
    return [*rows, estimate_row(difference, level=level, reference=reference, **labels)], checks


def _model_steps(cells: pd.DataFrame, covariates: Sequence[str]) -> list[tuple[str, int, int, str]]:
    """Return the step from patients with a known kind of pain to those of the adjusted model."""
    n = int(cells["n"].sum())
    if not n:
        return []
    design, _ = covariate_design(cells, [*EXPOSURES, *covariates])
    lost = int(cells.loc[design.isna().any(axis=1), "n"].sum())
    missing = {name: int(cells.loc[design[name].isna(), "n"].sum()) for name in design.columns}
    words = ", ".join(f"{name} missing in {count}" for name, count in missing.items() if count)
    return [("all of the adjusted model recorded", n - lost, lost, words)]
