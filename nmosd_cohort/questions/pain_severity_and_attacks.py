"""Pain severity and the number of attacks so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nmosd_cohort.cohort.assessments import index_reasons, index_steps, index_visits, visits
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import (
    COVARIATES,
    complete_cells,
    covariate_design,
    estimate_row,
    finish,
    remission_check,
    small_n_check,
)
from nmosd_cohort.statistics.correlation.coefficients import spearman
from nmosd_cohort.statistics.estimate import check_conf_level, check_option
from nmosd_cohort.statistics.ordinal.profile import profile_odds_ratios

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

ADJUSTED = ("age_per_10_years", "male", "duration_per_10_years", "aqp4_positive")
COUNTS = {"attack_count": "odds_ratio_per_attack", "myelitis_attack_count": "odds_ratio_per_attack_of_myelitis"}
FEWEST = 5
FEWEST_PER_PARAMETER = 5
DENOMINATOR = "patients with a pain score and a known number of attacks at the last visit in remission"
ONE_DIRECTION: Check = (
    "attacks counted alike in all",
    "not met",
    "attacks before entry come from the history; patients seen more often, perhaps for pain, may have more recorded",
)


@checked
def pain_severity_and_attacks(
    registry: Registry,
    *,
    covariates: tuple[str, ...] = ADJUSTED,
    diagnosis: str = "nmosd",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Rank correlation of pain intensity (NRS) with the number of attacks up to the last visit in remission.

    A description, not an effect: attacks, lesions and disease duration go together.

    Parameters
    ----------
    registry
        Checked tables.
    covariates
        Of the adjusted model: any of age_per_10_years, male, duration_per_10_years, aqp4_positive.
    diagnosis, min_days_after_attack, conf_level
        As in ``pain_prevalence``.
    seed
        Of the bootstrap limits that few or heavily tied patients get.

    Returns
    -------
    Result
        ``spearman`` of the pain score with all attacks and with attacks of myelitis, in all (primary for all
        attacks) and in those with pain; ``odds_ratio_per_attack`` and ``odds_ratio_per_attack_of_myelitis`` of more
        severe pain, by cumulative-link models with the covariates.

    Raises
    ------
    ValueError
        If an option is not one of those listed.

    References
    ----------
    Bonett and Wright 2000 (doi:10.1007/BF02294183); McCullagh 1980 (doi:10.1111/j.2517-6161.1980.tb01109.x);
    Venzon and Moolgavkar 1988 (doi:10.2307/2347496).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.pain_severity_and_attacks(nc.simulate(n=200, seed=1))
    >>> answer.estimates["measure"].unique().tolist()
    ['spearman', 'odds_ratio_per_attack', 'odds_ratio_per_attack_of_myelitis']
    """
    for name in covariates:
        check_option("covariates", name, ADJUSTED)
    check_conf_level(conf_level)
    frame = visits(registry, diagnosis=diagnosis)
    needs = ["pain_nrs", "attack_count"]
    index = index_visits(frame, needs=needs, min_days_after_attack=min_days_after_attack)
    columns = [COVARIATES[name][0] for name in covariates]
    cells = tally(index, [*needs, "myelitis_attack_count", *columns])
    rows, checks = _correlations(cells, conf_level, seed)
    for count, measure in COUNTS.items() if rows else ():
        more, new_checks = _per_attack(cells, count, measure, covariates, conf_level)
        rows, checks = rows + more, checks + new_checks
    reasons = index_reasons(
        registry, frame, needs=needs, min_days_after_attack=min_days_after_attack, diagnosis=diagnosis
    )
    return finish(
        registry,
        name="pain_severity_and_attacks",
        question="Rank correlation of pain intensity (NRS) with the number of attacks up to the last visit in "
        "remission at which both are known.",
        rows=rows,
        steps=eligibility_steps(select_patients(registry, diagnosis=diagnosis))
        + index_steps(reasons, "pain score and number of attacks"),
        checks=[*remission_check(index), *checks, ONE_DIRECTION, *small_n_check(int(cells["n"].sum()))],
        tally=cells.groupby(needs)["n"].sum().reset_index(),
        definitions={
            "covariates": list(covariates),
            "diagnosis": diagnosis,
            "min_days_after_attack": min_days_after_attack,
            "conf_level": conf_level,
            "time_frame": "current",
            "denominator": "assessed",
        },
    )


def _correlations(cells: pd.DataFrame, conf_level: float, seed: int) -> tuple[list[dict[str, Any]], list[Check]]:
    rows: list[dict[str, Any]] = []
    for count in COUNTS:
        known = cells[cells[count].notna()]
        for level, part in (("all", known), ("with_pain", known[known["pain_nrs"] > 0])):
            if part["n"].sum() < FEWEST:
                continue
            pain, attacks = (part[name].to_numpy(dtype=float) for name in ("pain_nrs", count))
            found = spearman(pain, attacks, part["n"].to_numpy(np.int64), conf_level=conf_level, seed=seed)
            primary = (count, level) == ("attack_count", "all")
            labels = {"outcome": "pain_nrs", "term": count, "level": level, "unit": "correlation"}
            labels["denominator"] = DENOMINATOR if level == "all" else f"{DENOMINATOR}, those with pain"
            role = "primary" if primary else "secondary"
            rows.append(estimate_row(found, role=role, measure="spearman", **labels))
    if rows:
        return rows, []
    detail = (
        f"{int(cells['n'].sum())} patients have both, {FEWEST} are needed: assessments.pain_nrs with "
        "attacks.attack_date or patients.attack_count"
    )
    return [], [("correlation", "not assessable", detail)]


def _per_attack(
    cells: pd.DataFrame, count: str, measure: str, covariates: tuple[str, ...], conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the common odds ratio of more severe pain per attack, the covariates held equal."""
    design, checks = covariate_design(cells, (count, *covariates))
    kept, terms, dropped = complete_cells(cells, design)
    name = "myelitis" if count.startswith("myelitis") else "all attacks"
    checks = [(f"{words} ({name})", status, detail) for words, status, detail in checks]
    if dropped:
        checks.append((f"all in the model of {name}", "not met", f"{dropped} patients dropped: a covariate is missing"))
    n = int(kept["n"].sum())
    if count not in terms or n < FEWEST_PER_PARAMETER * terms.shape[1]:
        detail = f"{n} patients with a known and varying number of attacks and all covariates are too few"
        return [], [*checks, (f"model of {name}", "not assessable", detail)]
    outcome = kept["pain_nrs"].to_numpy(dtype=float)
    try:
        ratios = profile_odds_ratios(
            outcome, terms, kept["n"].to_numpy(np.int64), columns=[count], conf_level=conf_level
        )
    except ValueError as problem:
        return [], [*checks, (f"model of {name}", "not assessable", str(problem))]
    labels = {"outcome": "pain_nrs", "term": count, "denominator": DENOMINATOR, "unit": "odds ratio of a higher NRS"}
    return [estimate_row(ratios[count], role="secondary", measure=measure, **labels)], checks
