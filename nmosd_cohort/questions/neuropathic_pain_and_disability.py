"""Disability (EDSS) in patients with neuropathic pain, other pain and no pain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nmosd_cohort.cohort.assessments import index_reasons, index_steps, index_visits, visits
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY, PAIN_GROUPS
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.contrasts import group_summary, overall_rows, pairwise_contrasts
from nmosd_cohort.questions.pain_groups import EXPOSED, REFERENCE, group_model
from nmosd_cohort.questions.parts import (
    COVARIATES,
    estimate_row,
    finish,
    remission_check,
)
from nmosd_cohort.statistics.estimate import check_option
from nmosd_cohort.statistics.ordinal.cumulative_logit import (
    fit_cumulative_link,
    standardised_contrast,
    standardised_probability,
)
from nmosd_cohort.statistics.ordinal.cutpoints import cutpoint_odds_ratios
from nmosd_cohort.statistics.ordinal.profile import profile_odds_ratios
from nmosd_cohort.statistics.ordinal.proportional_odds import proportional_odds_test

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

MILESTONES = (4, 6)


@checked
def neuropathic_pain_and_disability(
    registry: Registry,
    *,
    covariates: tuple[str, ...] = tuple(COVARIATES),
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Difference in the EDSS distribution between patients with neuropathic pain, other pain and no pain.

    A description, not an effect: disability, lesions and pain share causes, so a cross-section cannot say
    that pain disables. EDSS and pain are taken from the same visit, the last in remission with both.

    Parameters
    ----------
    registry
        Checked tables.
    covariates
        Of the adjusted model: any of age_per_10_years, male, duration_per_10_years, aqp4_positive, attacks.
        Depression and analgesics are left out on purpose, since they may lie on the way from pain to disability.
    diagnosis, neuropathic_by, min_days_after_attack
        As in ``pain_prevalence``.
    conf_level
        Coverage of the limits.
    seed
        Of the permutation limits that small groups get.

    Returns
    -------
    Result
        EDSS by pain_group: ``median``, ``quartile_1``, ``quartile_3``, ``mean`` (only because papers print
        it); ``probability_superiority`` and ``hodges_lehmann_shift`` (EDSS points) of each pair of groups, and
        over all groups ``rank_variance_share`` with the Kruskal-Wallis p;
        from the cumulative-link model ``odds_ratio`` of a higher EDSS, and by standardisation
        ``probability_edss_at_least_4`` and ``_6`` of each group and their ``risk_difference``.

    Raises
    ------
    ValueError
        If an option is not one of those listed.

    References
    ----------
    Brunner and Munzel 2000 (doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U); Neubert and
    Brunner 2007 (doi:10.1016/j.csda.2006.05.024); Kruskal and Wallis 1952 (doi:10.1080/01621459.1952.10483441);
    McCullagh 1980 (doi:10.1111/j.2517-6161.1980.tb01109.x); Venzon and Moolgavkar 1988 (profile limits,
    doi:10.2307/2347496); Peterson and Harrell 1990 (score test, doi:10.2307/2347760).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.neuropathic_pain_and_disability(nc.simulate(n=200, seed=1))
    >>> sorted(answer.estimates["role"].unique())
    ['comparison', 'description', 'primary', 'secondary']
    """
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    for name in covariates:
        check_option("covariates", name, COVARIATES)
    frame = visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by)
    needs = ["pain_group", "edss2"]
    index = index_visits(frame, needs=needs, min_days_after_attack=min_days_after_attack)
    cells = tally(index, [*needs, *(COVARIATES[name][0] for name in covariates)])
    labels = {
        "outcome": "edss",
        "group": "pain_group",
        "denominator": "patients with pain (yes or no) and EDSS recorded at one visit in remission",
    }
    rows = group_summary(cells, "pain_group", PAIN_GROUPS, "edss2", labels, factor=0.5, conf_level=conf_level)
    rows += pairwise_contrasts(
        cells, "pain_group", PAIN_GROUPS, "edss2", labels, factor=0.5, conf_level=conf_level, seed=seed
    )
    rows += overall_rows(cells, "pain_group", "edss2", labels, conf_level=conf_level, seed=seed)
    model_rows, model_checks, dropped = adjusted_odds(cells, covariates, labels, conf_level)
    reasons = index_reasons(
        registry, frame, needs=needs, min_days_after_attack=min_days_after_attack, diagnosis=diagnosis
    )
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis)) + index_steps(reasons, "pain and EDSS")
    if dropped:
        detail = f"{dropped} patients dropped from it: a covariate is missing"
        model_checks.append(("all in the adjusted model", "not met", detail))
    return finish(
        registry,
        name="neuropathic_pain_and_disability",
        question="Difference in EDSS between patients with neuropathic pain, other pain and no pain at the last visit "
        "in remission with both recorded.",
        rows=rows + model_rows,
        steps=steps,
        checks=[*remission_check(index), *model_checks, OVERLAP],
        tally=cells.assign(edss=cells["edss2"] / 2).groupby(["pain_group", "edss"])["n"].sum().reset_index(),
        definitions={
            "diagnosis": diagnosis,
            "neuropathic_by": neuropathic_by,
            "min_days_after_attack": min_days_after_attack,
            "covariates": list(covariates),
            "conf_level": conf_level,
            "time_frame": "current",
            "denominator": "assessed",
        },
    )


OVERLAP: Check = (
    "outcome free of the exposure",
    "not met",
    "EDSS counts sensory function, which pain accompanies; the overlap is not removable without functional systems",
)


def adjusted_odds(
    cells: pd.DataFrame, covariates: tuple[str, ...], labels: dict[str, Any], conf_level: float
) -> tuple[list[dict[str, Any]], list[Check], int]:
    """Return the rows of the cumulative-link model, its checks, and how many patients it dropped."""
    model = group_model(cells, covariates)
    if model.why_not:
        return [], [*model.checks, ("adjusted model", "not assessable", model.why_not)], model.dropped
    outcome, counts = model.cells["edss2"].to_numpy(dtype=float), model.cells["n"].to_numpy(dtype=np.int64)
    try:
        fit = fit_cumulative_link(outcome, model.design, counts)
        ratios = profile_odds_ratios(outcome, model.design, counts, columns=EXPOSED, conf_level=conf_level)
    except ValueError as problem:
        return [], [*model.checks, ("adjusted model", "not assessable", str(problem))], model.dropped
    rows = [
        estimate_row(
            ratios[level],
            role="primary" if level == "neuropathic" else "secondary",
            measure="odds_ratio",
            unit="odds ratio of a higher EDSS",
            **(labels | {"term": "pain_group", "level": level, "reference": REFERENCE}),
        )
        for level in EXPOSED
    ]
    within = [milestone for milestone in MILESTONES if fit.levels[0] < 2 * milestone <= fit.levels[-1]]
    checks = [
        (f"probability of EDSS at least {milestone}", "not assessable", "all patients, or none, have reached it")
        for milestone in MILESTONES
        if milestone not in within
    ]
    rows += [
        row for milestone in within for row in _milestone_rows(fit, model.design, counts, milestone, labels, conf_level)
    ]
    return rows, [*model.checks, *checks, *_proportional_odds(outcome, model.design, counts)], model.dropped


def _milestone_rows(
    fit: Any, design: pd.DataFrame, counts: Any, milestone: int, labels: dict[str, Any], conf_level: float
) -> list[dict[str, Any]]:
    """Return P(EDSS >= milestone) of each group, standardised to all patients, and its differences."""
    measure = f"probability_edss_at_least_{milestone}"
    assign = {level: {name: float(name == level) for name in EXPOSED} for level in PAIN_GROUPS}
    options = {"at_least": 2.0 * milestone, "conf_level": conf_level}
    rows = []
    for level in PAIN_GROUPS:
        share = standardised_probability(fit, design, counts, assign=assign[level], **options)
        rows.append(estimate_row(share, role="secondary", measure=measure, unit="share", **(labels | {"level": level})))
    for level in EXPOSED:
        contrast = standardised_contrast(
            fit, design, counts, assign=assign[level], reference=assign[REFERENCE], **options
        )
        split = labels | {"term": measure, "level": level, "reference": REFERENCE}
        rows.append(estimate_row(contrast, role="secondary", measure="risk_difference", unit="share", **split))
    return rows


def _proportional_odds(outcome: Any, design: pd.DataFrame, counts: Any) -> list[Check]:
    """Return how far the odds ratio of neuropathic pain moves over the cut points, and the score test beside it."""
    n, parameters = int(counts.sum()), design.shape[1]
    cuts = cutpoint_odds_ratios(outcome, design, counts, "neuropathic")
    checks: list[Check] = [
        ("patients per model term", "met" if n >= 10 * parameters else "not met", f"{n / parameters:.0f}")
    ]
    if cuts.empty:
        return [
            *checks,
            (
                "proportional odds",
                "not assessable",
                "no cut point of the EDSS has enough patients on both sides",
            ),
        ]
    spread = f"odds ratio {cuts['estimate'].min():.2f} to {cuts['estimate'].max():.2f} over {len(cuts)} cut points"
    try:
        test = proportional_odds_test(outcome, design, counts)
        p_value = float(test.loc[test["term"] == "neuropathic", "p_value"].iloc[0])
    except ValueError as problem:
        return [*checks, ("proportional odds", "note", f"{spread}; the score test is not assessable: {problem}")]
    detail = f"{spread}; score test p = {p_value:.3f}; where the odds ratios differ, read the common one as an average "
    detail += "over the scale"
    return [*checks, ("proportional odds", "note", detail)]
