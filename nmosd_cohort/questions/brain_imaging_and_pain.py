"""Brain volumes and activity at rest against pain: rank correlations and group differences, adjusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from nmosd_cohort.cohort.assessments import index_reasons, index_steps, index_visits, visits
from nmosd_cohort.cohort.brain_measures import KINDS, kind_of, measures_near, pain_days
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY
from nmosd_cohort.cohort.patient_frame import SEROSTATUS_CODES, Serostatus, patient_frame
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.questions.brain_rows import CONTRASTS, brain_rows
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import finish, remission_check
from nmosd_cohort.statistics.estimate import check_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nmosd_cohort.cohort.brain_measures import BrainMeasures
    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

Contrast = Literal["neuropathic_vs_no_pain", "pain_vs_no_pain", "neuropathic_vs_no_neuropathic"]
Sex = Literal["any", "female", "male"]
SELECTION: Check = (
    "patients with an MRI are like the others",
    "not assessable",
    "patients picked for imaging are rarely a random part of the registry; the MRI may have been made because of pain",
)
ALWAYS = {
    "family": "all measures of one kind against one aspect of pain",
    "MRI": "nearest to the assessment, before or after",
    "time_frame": "current",
    "denominator": "assessed",
}


@checked
def brain_imaging_and_pain(
    registry: Registry,
    *,
    measures: Sequence[str] | None = None,
    contrast: Contrast = "neuropathic_vs_no_pain",
    serostatus: Serostatus = "any",
    sex: Sex = "any",
    adjust_for_site: bool = False,
    window_days: int = 183,
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    n_draws: int = 4999,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Rank correlation of each brain measure with the pain score given age, sex and head size, and group differences.

    At the last assessment in remission at which pain was answered, with the MRI of the brain nearest to it. Volumes
    (``<structure>_volume``) are adjusted for age, sex and head size, ALFF (``<structure>_alff``) for age and sex.

    Parameters
    ----------
    registry
        Checked tables.
    measures
        Names in imaging.measure; None takes every volume and ALFF on record. The family of tests is what is named.
    contrast
        Groups whose means are compared: neuropathic pain or any pain against no pain, or neuropathic pain against
        everyone else.
    serostatus
        ``aqp4_positive`` or ``aqp4_negative`` leaves out the others and the unknown.
    sex
        ``female`` or ``male`` leaves out the others and the unknown.
    adjust_for_site
        Adds the centre, and with it the scanner, to the covariates.
    window_days
        Days between MRI and assessment, before or after, at most.
    diagnosis, neuropathic_by, min_days_after_attack, conf_level
        As in ``pain_prevalence``.
    n_draws
        Orders drawn by the permutation.
    seed
        Of these orders.

    Returns
    -------
    Result
        For each measure: ``partial_spearman`` with the pain score (NRS) in all, pain-free patients included, and in
        those with pain; with days since the oldest open pain episode began (patients whose onset is not recorded
        left out); with attacks so far; with DN4. ``mean`` by group, ``adjusted_mean_difference`` in the unit of the
        measure and ``adjusted_standardised_difference`` in SDs within groups. p_value and p_adjusted by one
        Freedman-Lane permutation for all measures of a kind, single-step max-T.

    Raises
    ------
    ValueError
        If an option is not one of those listed, or a measure is neither a volume nor ALFF.

    References
    ----------
    Liu, Li, Wanga and Shepherd 2018 (doi:10.1111/biom.12812); Freedman and Lane 1983 (doi:10.2307/1391660); Winkler
    et al. 2014 (doi:10.1016/j.neuroimage.2014.01.060).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.brain_imaging_and_pain(nc.simulate(n=150, seed=1), measures=["hippocampus_volume"], n_draws=199)
    >>> answer.estimates["outcome"].unique().tolist()
    ['hippocampus_volume']
    """
    _check_options(contrast, serostatus, sex, neuropathic_by, measures)
    frame = visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by)
    needs: dict[str, Any] = {"needs": ["has_pain"], "min_days_after_attack": min_days_after_attack}
    index = index_visits(frame, **needs)
    reasons = index_reasons(registry, frame, diagnosis=diagnosis, **needs)
    found = measures_near(registry, index, window_days=window_days)
    people = patient_frame(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by, **needs)
    patients, steps = _chosen(people, serostatus, sex)
    patients = patients.merge(pain_days(registry, index), on="patient_id", how="left")
    wanted = [name for name in found.values.columns if kind_of(name) and (measures is None or name in measures)]
    rows, checks, counts, n = brain_rows(
        patients.merge(found.values, on="patient_id"),
        {kind: [name for name in wanted if kind_of(name) == kind] for kind in KINDS},
        found.units,
        contrast=contrast,
        adjust_for_site=adjust_for_site,
        n_draws=n_draws,
        conf_level=conf_level,
        seed=seed,
    )
    flow = eligibility_steps(select_patients(registry, diagnosis=diagnosis)) + index_steps(reasons, "answer about pain")
    no_mri = f"no brain measure that was asked for within {window_days} days of the assessment"
    return finish(
        registry,
        name="brain_imaging_and_pain",
        question="Rank correlation of brain volumes and activity at rest with the pain score at the last assessment in "
        "remission, given age, sex and, for volumes, head size; and the mean difference between pain groups.",
        rows=rows,
        steps=[*flow, *steps, ("MRI of the brain near the assessment", n, len(patients) - n, no_mri)],
        checks=[*remission_check(index), *_data_checks(found, wanted, measures), *checks, SELECTION],
        tally=counts,
        definitions={
            "measures": wanted,
            "contrast": contrast,
            "serostatus": serostatus,
            "sex": sex,
            "adjust_for_site": adjust_for_site,
            "window_days": window_days,
            **ALWAYS,
            "diagnosis": diagnosis,
            "neuropathic_by": neuropathic_by,
            "min_days_after_attack": min_days_after_attack,
            "conf_level": conf_level,
            "seed": seed,
        },
    )


def _check_options(
    contrast: str, serostatus: str, sex: str, neuropathic_by: str, measures: Sequence[str] | None
) -> None:
    check_option("contrast", contrast, tuple(CONTRASTS))
    check_option("serostatus", serostatus, get_args(Serostatus))
    check_option("sex", sex, get_args(Sex))
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    wrong = [name for name in measures or () if not kind_of(name)]
    if wrong:
        raise ValueError(f"measures has {', '.join(wrong)}; a measure ends in _volume or _alff, and is no head size")


def _chosen(patients: pd.DataFrame, serostatus: str, sex: str) -> tuple[pd.DataFrame, list[tuple[str, int, int, str]]]:
    """Return the patients of a serostatus and sex, and a step for each that was asked for."""
    steps = []
    for column, wanted in (("aqp4_status", SEROSTATUS_CODES.get(serostatus)), ("sex", None if sex == "any" else sex)):
        if wanted is not None:
            kept = patients[patients[column].eq(wanted).fillna(False).astype(bool)]
            name = {"aqp4_status": f"AQP4-IgG {wanted}", "sex": wanted}[column]
            steps.append((name, len(kept), len(patients) - len(kept), "other or not known"))
            patients = kept
    return patients.reset_index(drop=True), steps


def _data_checks(found: BrainMeasures, wanted: Sequence[str], measures: Sequence[str] | None) -> list[Check]:
    checks: list[Check] = []
    if not wanted:
        needed = "imaging.measure (<structure>_volume or <structure>_alff), value and unit, rows of region brain"
        checks.append(
            ("measures of the brain", "not assessable", f"no patient has one in the window; needed: {needed}")
        )
    if absent := [name for name in measures or () if name not in wanted]:
        checks.append(
            ("measures asked for", "not assessable", f"imaging.measure has no {', '.join(absent)} in the window")
        )
    other = [
        f"{name}: {n} values are not in {found.units[name] or 'the empty unit'}"
        for name, n in found.other_units.items()
    ]
    detail = "; ".join(other) + "; left out" if other else "every measure has one unit"
    return [*checks, ("one unit for each measure", "not met" if other else "met", detail)]
