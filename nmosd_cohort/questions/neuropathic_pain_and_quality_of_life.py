"""Quality of life (SF-36) in patients with neuropathic pain, other pain and no pain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.assessments import index_reasons, index_visits, visits
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY, PAIN_GROUPS
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.contrasts import group_summary, overall_rows, pairwise_contrasts, standardised_rows
from nmosd_cohort.questions.pain_groups import EXPOSED, REFERENCE, group_model
from nmosd_cohort.questions.parts import (
    COVARIATES,
    estimate_row,
    finish,
    remission_check,
)
from nmosd_cohort.statistics.estimate import check_option
from nmosd_cohort.statistics.means.mean import mean
from nmosd_cohort.statistics.multiplicity import holm
from nmosd_cohort.statistics.regression.linear import adjusted_mean_difference
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    import narwhals as nw

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

SCALES = tuple(f"sf36_{scale}" for scale in ("pf", "rp", "gh", "vt", "sf", "re", "mh"))
BODILY_PAIN = "sf36_bp"
SUMMARIES = ("sf36_pcs", "sf36_mcs")
OUTCOMES = (*SCALES, BODILY_PAIN, *SUMMARIES)
CHECKS: tuple[Check, ...] = (
    (
        "outcome free of the exposure",
        "note",
        "bodily pain is pain itself: it stands apart and is not in the family",
    ),
    (
        "outcome free of the exposure",
        "not met",
        "PCS contains bodily pain; MCS rises a little with it by its weights",
    ),
)


@checked
def neuropathic_pain_and_quality_of_life(
    registry: Registry,
    *,
    covariates: tuple[str, ...] = tuple(COVARIATES),
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Difference in each SF-36 scale between patients with neuropathic pain, other pain and no pain.

    Each scale is taken from the last visit in remission at which it and pain were recorded. Bodily pain is
    kept apart, because it measures the exposure; PCS and MCS contain it and come second.

    Parameters
    ----------
    registry
        Checked tables.
    covariates, diagnosis, neuropathic_by, min_days_after_attack, conf_level, seed
        As in ``neuropathic_pain_and_disability``.

    Returns
    -------
    Result
        For each scale: ``median``, quartiles, ``mean`` of each group and ``mean`` of all;
        ``floor_share`` and ``ceiling_share``; ``hodges_lehmann_shift`` and ``probability_superiority`` of
        each pair, ``hedges_g`` only because papers print it, and ``rank_variance_share`` over all groups;
        ``adjusted_mean_difference`` (points, HC3). p-values of the seven scales other than bodily
        pain are Holm-adjusted as one family.

    Raises
    ------
    ValueError
        If an option is not one of those listed.

    References
    ----------
    Hodges and Lehmann 1963 (doi:10.1214/aoms/1177704172); MacKinnon and White 1985 (HC3,
    doi:10.1016/0304-4076(85)90158-7); Taft 2001 (PCS and MCS are not independent, doi:10.1023/A:1012552211996).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.neuropathic_pain_and_quality_of_life(nc.simulate(n=200, seed=1))
    >>> answer.estimates["outcome"].nunique()
    10
    """
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    for name in covariates:
        check_option("covariates", name, COVARIATES)
    frame = visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by)
    rows: list[dict[str, Any]] = []
    checks: list[Check] = []
    counted: list[pd.DataFrame] = []
    recorded: dict[str, tuple[int, str]] = {}
    for outcome in OUTCOMES:
        needs = ["pain_group", outcome]
        index = index_visits(frame, needs=needs, min_days_after_attack=min_days_after_attack)
        cells = tally(index, [*needs, *(COVARIATES[name][0] for name in covariates)])
        recorded[outcome] = _recorded(registry, frame, needs, min_days_after_attack, diagnosis)
        if cells.empty:
            checks.append((f"{outcome} recorded", "not assessable", "no eligible patient has it beside pain"))
            continue
        if not counted:
            checks += remission_check(index)
        new_rows, new_checks = _scale(cells, outcome, covariates, conf_level, seed)
        rows, checks = rows + new_rows, checks + new_checks
        values = cells.groupby(["pain_group", outcome])["n"].sum().reset_index().rename(columns={outcome: "value"})
        counted.append(values.assign(outcome=outcome)[["outcome", "pain_group", "value", "n"]])
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    most = max(recorded, key=lambda outcome: recorded[outcome][0])
    n, why = recorded[most]
    steps.append((f"pain and {most} recorded in remission", n, steps[-1][1] - n, why))
    numbers = ", ".join(f"{outcome} {n}" for outcome, (n, _) in recorded.items())
    checks.append(("every scale in every patient", "met" if len(set(recorded.values())) == 1 else "not met", numbers))
    return finish(
        registry,
        name="neuropathic_pain_and_quality_of_life",
        question="Difference in each SF-36 scale between patients with neuropathic pain, other pain and no pain at the "
        "last visit in remission with both recorded.",
        rows=_holm(rows),
        steps=steps,
        checks=[*checks, *CHECKS],
        tally=pd.concat(counted, ignore_index=True)
        if counted
        else pd.DataFrame(columns=["outcome", "pain_group", "value", "n"]),
        definitions={
            "diagnosis": diagnosis,
            "neuropathic_by": neuropathic_by,
            "min_days_after_attack": min_days_after_attack,
            "covariates": list(covariates),
            "family": f"{len(SCALES)} scales without bodily pain, neuropathic against no pain",
            "conf_level": conf_level,
            "time_frame": "current",
            "denominator": "assessed",
        },
    )


def _recorded(
    registry: Registry, frame: nw.LazyFrame[Any], needs: list[str], min_days: int, diagnosis: str
) -> tuple[int, str]:
    """Return how many eligible patients have the scale beside pain, and why the others do not."""
    reasons = index_reasons(registry, frame, needs=needs, min_days_after_attack=min_days, diagnosis=diagnosis)
    counts = tally(reasons, ["index_status"])
    used = int(counts.loc[counts["index_status"] == "used", "n"].sum())
    lost = counts[counts["index_status"] != "used"]
    words = "; ".join(f"{status}: {n}" for status, n in zip(lost["index_status"], lost["n"], strict=True))
    return used, words


def _scale(
    cells: pd.DataFrame, outcome: str, covariates: tuple[str, ...], conf_level: float, seed: int
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return all rows and checks of one scale."""
    labels = {
        "outcome": outcome,
        "group": "pain_group",
        "denominator": "patients with pain (yes or no) and the scale recorded at one visit in remission",
    }
    whole = cells.groupby(outcome)["n"].sum()
    values, counts = whole.index.to_numpy(dtype=float), whole.to_numpy(dtype=np.int64)
    everyone = labels | {"group": "", "level": ""}
    rows = [
        estimate_row(
            mean(values, counts, conf_level=conf_level),
            role="comparison",
            measure="mean",
            unit="points",
            **everyone,
        )
    ]
    rows += group_summary(cells, "pain_group", PAIN_GROUPS, outcome, labels, conf_level=conf_level)
    if outcome not in SUMMARIES:
        n = int(counts.sum())
        for measure, limit in (("floor_share", 0.0), ("ceiling_share", 100.0)):
            at_limit = proportion(int(counts[values == limit].sum()), n, conf_level=conf_level)
            rows.append(estimate_row(at_limit, role="description", measure=measure, unit="share", **everyone))
    contrasts = pairwise_contrasts(cells, "pain_group", PAIN_GROUPS, outcome, labels, conf_level=conf_level, seed=seed)
    rows += [row | {"role": "secondary"} for row in contrasts]
    rows += overall_rows(cells, "pain_group", outcome, labels, conf_level=conf_level, seed=seed)
    rows += standardised_rows(cells, "pain_group", PAIN_GROUPS, outcome, labels, conf_level=conf_level)
    adjusted, checks = _adjusted(cells, outcome, covariates, labels, conf_level)
    return rows + adjusted, checks


def _adjusted(
    cells: pd.DataFrame,
    outcome: str,
    covariates: tuple[str, ...],
    labels: dict[str, Any],
    conf_level: float,
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the adjusted mean differences of both pain groups from no pain, or why there are none."""
    model = group_model(cells, covariates)
    checks: list[Check] = [(check, status, f"{outcome}: {detail}") for check, status, detail in model.checks]
    if model.why_not:
        return [], [*checks, (f"{outcome} adjusted", "not assessable", model.why_not)]
    values, counts = model.cells[outcome].to_numpy(dtype=float), model.cells["n"].to_numpy(dtype=np.int64)
    rows = []
    for level in EXPOSED:
        try:
            difference = adjusted_mean_difference(values, model.design, counts, level, conf_level=conf_level)
        except ValueError as problem:
            return [], [*checks, (f"{outcome} adjusted", "not assessable", str(problem))]
        split = labels | {
            "term": "pain_group",
            "level": level,
            "reference": REFERENCE,
            "role": "primary" if level == "neuropathic" and outcome in SCALES else "secondary",
        }
        rows.append(estimate_row(difference, measure="adjusted_mean_difference", unit="points", **split))
    if model.dropped:
        checks.append((f"{outcome} adjusted", "note", f"{model.dropped} patients dropped: a covariate is missing"))
    return rows, checks


def _holm(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Adjust the p-values of neuropathic against no pain over the scales, one family for each measure."""
    for measure in ("hodges_lehmann_shift", "adjusted_mean_difference"):
        family = [row for row in rows if row["measure"] == measure and _is_in_family(row)]
        adjusted = holm(np.array([row["p_value"] for row in family], dtype=float))
        for row, p_adjusted in zip(family, adjusted, strict=True):
            row["p_adjusted"] = float(p_adjusted)
    return rows


def _is_in_family(row: dict[str, Any]) -> bool:
    return row["outcome"] in SCALES and (row["level"], row["reference"]) == ("neuropathic", REFERENCE)
