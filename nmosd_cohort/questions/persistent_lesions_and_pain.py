"""Pain by cord lesions that persist, beside lesions seen at the attack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from nmosd_cohort.cohort.assessments import index_reasons, index_steps, index_visits, visits
from nmosd_cohort.cohort.persistence import LEVELS, scan_pairs
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import collect
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.contrasts import group_summary
from nmosd_cohort.questions.parts import covariate_design, estimate_row, finish, remission_check
from nmosd_cohort.statistics.estimate import check_conf_level, whole_number
from nmosd_cohort.statistics.regression.linear import adjusted_mean_difference, standardised_coefficient
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

FEWEST = 8  # patients with and without a lesion of a level
STATES = ("persistent", "resolved", "never")
DENOMINATOR = "patients with a pain score, a cord MRI at a myelitis attack and a later one before the score"
CHECKS: tuple[Check, ...] = (
    ("MRI independent of pain", "not assessable", "scans repeated because of pain find lesions (verification bias)"),
    ("coefficients causal", "not met", "each level given the other; a description, not an effect of removing a lesion"),
)


@checked
def persistent_lesions_and_pain(
    registry: Registry,
    *,
    onset_days: int = 30,
    days_apart: int = 90,
    diagnosis: str = "nmosd",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
) -> Result:
    """Standardised difference in the pain score with persistent cervical and thoracic lesions, each given the other.

    Among patients with two MRIs of both cord levels on or before a pain score in remission: one at a myelitis attack
    and one later. A lesion is persistent where a segment is affected on both. The same is shown for lesions seen at
    the attack, whether or not they persist.

    Parameters
    ----------
    registry
        Checked tables.
    onset_days
        Days from the start of the attack to its MRI, at most.
    days_apart
        Days from that MRI to the last one, at least.
    diagnosis, min_days_after_attack, conf_level
        As in ``pain_prevalence``.

    Returns
    -------
    Result
        ``standardised_coefficient`` and ``adjusted_mean_difference`` (NRS points, given age and sex too) of
        persistent_cervical and persistent_thoracic, and of at_onset_cervical and at_onset_thoracic; ``median`` and
        quartiles of the score by what became of the lesions of a level; ``proportion`` of lesions at the attack that
        persist. Patients with a new lesion since the attack are left out of all but the shares.

    Raises
    ------
    ValueError
        If a number of days is no whole number.

    References
    ----------
    Tackley 2017, Journal of Neurology, Neurosurgery and Psychiatry 88:165 (persisting lesions, opposite signs).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.persistent_lesions_and_pain(nc.simulate(n=300, seed=1))
    >>> "persistent_thoracic" in set(answer.estimates["term"])
    True
    """
    onset_days, days_apart = whole_number("onset_days", onset_days), whole_number("days_apart", days_apart)
    conf_level = check_conf_level(conf_level)
    frame = visits(registry, diagnosis=diagnosis)
    index = index_visits(frame, needs=["pain_nrs"], min_days_after_attack=min_days_after_attack)
    reasons = index_reasons(
        registry, frame, needs=["pain_nrs"], min_days_after_attack=min_days_after_attack, diagnosis=diagnosis
    )
    pairs, system, left_out = scan_pairs(registry, index, onset_days=onset_days, days_apart=days_apart)
    people = collect(index.select("patient_id", "pain_nrs", "age_years", "is_male"), ["patient_id"])
    paired = people.merge(pairs, on="patient_id").assign(n=1)
    is_new = paired[list(LEVELS)].isin(["new"]).any(axis=1)
    kept = paired[~is_new].reset_index(drop=True)
    rows, checks = _models(kept, conf_level)
    flow = eligibility_steps(select_patients(registry, diagnosis=diagnosis)) + index_steps(reasons, "pain score")
    no_pair = (
        f"no readable MRI of both levels within {onset_days} days of a myelitis and another {days_apart} days later"
    )
    words = "; ".join(f"{reason}: {n} MRIs" for reason, n in left_out.items())
    one_system = ("one level system", "not met" if words else "met", words or f"all by {system} segments")
    return finish(
        registry,
        name="persistent_lesions_and_pain",
        question="Difference in the pain score (NRS, zeros included) with cervical and thoracic lesions that persist "
        "from a myelitis attack to the last MRI before the score, each given the other, in standard deviations.",
        rows=rows + _described(paired, kept, conf_level),
        steps=[
            *flow,
            ("MRI at the attack and later", len(paired), len(people) - len(paired), no_pair),
            ("no new lesion since", len(kept), int(is_new.sum()), "a lesion that the MRI at the attack did not show"),
        ],
        checks=[*remission_check(index), one_system, *checks, *CHECKS],
        tally=_counts(kept),
        definitions={
            "onset_days": onset_days,
            "days_apart": days_apart,
            "level_system": system,
            "persistent": "a segment of the level has a lesion on both MRIs",
            "diagnosis": diagnosis,
            "min_days_after_attack": min_days_after_attack,
            "conf_level": conf_level,
            "time_frame": "current",
            "denominator": "with_myelitis",
        },
    )


def _models(kept: pd.DataFrame, conf_level: float) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the coefficients of persistent lesions and, beside them, of lesions at the attack."""
    rows: list[dict[str, Any]] = []
    checks: list[Check] = []
    covariates, missing = covariate_design(kept, ["age_per_10_years", "male"])
    for prefix, states, role in (("persistent", ("persistent",), "primary"),
                                 ("at_onset", ("persistent", "resolved"), "secondary")):  # fmt: skip
        lesions = pd.DataFrame(
            {f"{prefix}_{level}": kept[level].isin(states).astype(float) for level in LEVELS}, index=kept.index
        )
        fewest = int(min(lesions.sum().min(), (1 - lesions).sum().min())) if len(kept) else 0
        if fewest < FEWEST or kept["pain_nrs"].nunique() < 2:
            needed = "needed: two dates of lesions.mri_date and imaging.mri_date around attacks.attack_date"
            detail = f"{fewest} patients with or without a lesion of one level, {FEWEST} are needed; {needed}"
            checks.append((f"pain by {prefix} lesions", "not assessable", detail))
            continue
        found, problems = _both(kept, lesions, covariates, role, conf_level)
        rows, checks = rows + found, checks + problems
    return rows, [*missing, *checks]


def _both(
    kept: pd.DataFrame, lesions: pd.DataFrame, covariates: pd.DataFrame, role: str, conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    score = kept["pain_nrs"].astype(float)
    complete = covariates.notna().all(axis=1)
    terms = covariates[complete].loc[:, covariates[complete].nunique() > 1]
    full = lesions[complete].join(terms)
    labels = {"outcome": "pain_nrs", "denominator": DENOMINATOR}
    rows: list[dict[str, Any]] = []
    try:
        for term in lesions:
            beta = standardised_coefficient(score, lesions, None, str(term), conf_level=conf_level)
            in_sds = labels | {"term": str(term), "role": role, "unit": "standard deviations"}
            rows.append(estimate_row(beta, measure="standardised_coefficient", **in_sds))
            gap = adjusted_mean_difference(score[complete], full, None, str(term), conf_level=conf_level)
            in_points = labels | {"term": str(term), "role": "secondary", "unit": "points"}
            rows.append(estimate_row(gap, measure="adjusted_mean_difference", **in_points))
    except ValueError as problem:
        return [], [(f"pain by {', '.join(map(str, lesions.columns))}", "not assessable", str(problem))]
    return rows, []


def _described(paired: pd.DataFrame, kept: pd.DataFrame, conf_level: float) -> list[dict[str, Any]]:
    """Return the scores by what became of the lesions, and the share of lesions at the attack that persist."""
    rows: list[dict[str, Any]] = []
    for level in LEVELS:
        labels = {"outcome": "pain_nrs", "group": f"{level}_lesion", "denominator": DENOMINATOR}
        scores = kept.rename(columns={level: f"{level}_lesion"})
        rows += group_summary(scores, f"{level}_lesion", STATES, "pain_nrs", labels, conf_level=conf_level)
        seen = paired[level].isin(["persistent", "resolved"])
        if seen.any():
            share = proportion(int(paired[level].eq("persistent").sum()), int(seen.sum()), conf_level=conf_level)
            split = {"outcome": f"{level}_lesion_persists", "unit": "share", "role": "description"}
            whom = f"patients with a {level} lesion at the attack"
            rows.append(estimate_row(share, measure="proportion", denominator=whom, **split))
    return rows


def _counts(kept: pd.DataFrame) -> pd.DataFrame:
    """Return patients by what became of cervical and thoracic lesions, and pain score."""
    columns = [*LEVELS, "pain_nrs"]
    return kept.groupby(columns, sort=True)["n"].sum().reset_index() if len(kept) else kept[[*columns, "n"]]
