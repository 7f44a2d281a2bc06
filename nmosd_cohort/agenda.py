"""What the report asks: every question with its options, in the order of the report's chapters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from nmosd_cohort.cohort.tally import lazy, tally
from nmosd_cohort.questions.ascertainment import ascertainment
from nmosd_cohort.questions.attacks_after_start import attacks_after_start
from nmosd_cohort.questions.biomarkers_and_pain import biomarkers_and_pain
from nmosd_cohort.questions.brain_imaging_and_pain import brain_imaging_and_pain
from nmosd_cohort.questions.change_after_start import change_after_start
from nmosd_cohort.questions.definition_multiverse import definition_multiverse
from nmosd_cohort.questions.depression_treatment_gap import depression_treatment_gap
from nmosd_cohort.questions.describe_cohort import describe_cohort
from nmosd_cohort.questions.drug_use_and_response import drug_use_and_response
from nmosd_cohort.questions.incidence_and_prevalence import incidence_and_prevalence
from nmosd_cohort.questions.intercurrent_events import intercurrent_events
from nmosd_cohort.questions.interrupted_series import interrupted_series
from nmosd_cohort.questions.lesion_level_and_pain import lesion_level_and_pain
from nmosd_cohort.questions.lesion_segment_map import lesion_segment_map
from nmosd_cohort.questions.neuropathic_pain_and_disability import neuropathic_pain_and_disability
from nmosd_cohort.questions.neuropathic_pain_and_quality_of_life import neuropathic_pain_and_quality_of_life
from nmosd_cohort.questions.pain_and_depression import pain_and_depression
from nmosd_cohort.questions.pain_and_diagnosis import pain_and_diagnosis
from nmosd_cohort.questions.pain_as_first_sign import pain_as_first_sign
from nmosd_cohort.questions.pain_as_worst_symptom import pain_as_worst_symptom
from nmosd_cohort.questions.pain_prevalence import pain_prevalence
from nmosd_cohort.questions.pain_severity_and_attacks import pain_severity_and_attacks
from nmosd_cohort.questions.pain_sites import pain_sites
from nmosd_cohort.questions.pain_types import pain_types
from nmosd_cohort.questions.pain_without_construct_overlap import pain_without_construct_overlap
from nmosd_cohort.questions.persistent_lesions_and_pain import persistent_lesions_and_pain
from nmosd_cohort.questions.predictors_of_neuropathic_pain import predictors_of_neuropathic_pain
from nmosd_cohort.questions.predictors_of_quality_of_life import predictors_of_quality_of_life
from nmosd_cohort.questions.relapse_attribution import relapse_attribution
from nmosd_cohort.questions.treatment_contrast import treatment_contrast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.result import Result

Call = tuple["Callable[..., Result]", "Mapping[str, Any]"]
DRUG = "tocilizumab"
COMPARATOR = "azathioprine"
# Device, its sham, and the days after the start at which their trials took the score; asked where there is a course.
DEVICES = (("scrambler therapy", "sham scrambler therapy", 10, (10, 30, 60)), ("tens", "sham tens", 28, ()))
ABOUT_PATIENTS: tuple[Call, ...] = (
    (describe_cohort, {"by": "pain_group"}),
    (ascertainment, {}),
    (incidence_and_prevalence, {}),
    (pain_prevalence, {"pain": "any", "by": ("sex", "age_group", "aqp4_status", "had_myelitis")}),
    (pain_prevalence, {"pain": "any", "time_frame": "chronic"}),
    (pain_prevalence, {"pain": "neuropathic"}),
    (pain_prevalence, {"pain": "neuropathic", "denominator": "with_pain"}),
    (pain_prevalence, {"pain": "tonic_spasm"}),
    (pain_prevalence, {"pain": "tonic_spasm", "time_frame": "ever", "denominator": "with_myelitis"}),
    (pain_types, {}),
    (pain_sites, {}),
    (pain_as_worst_symptom, {}),
    (pain_as_first_sign, {}),
    (predictors_of_neuropathic_pain, {}),
    (neuropathic_pain_and_disability, {}),
    (neuropathic_pain_and_quality_of_life, {}),
    (predictors_of_quality_of_life, {}),
    (pain_without_construct_overlap, {}),
    (pain_and_depression, {}),
    (depression_treatment_gap, {}),
    (drug_use_and_response, {}),
    (lesion_level_and_pain, {}),
    (lesion_segment_map, {}),
    (persistent_lesions_and_pain, {}),
    (brain_imaging_and_pain, {}),
    (biomarkers_and_pain, {}),
    (relapse_attribution, {}),
    (pain_severity_and_attacks, {}),
)
AFTER_A_DRUG: tuple[Call, ...] = (
    (change_after_start, {"drug": DRUG}),
    (treatment_contrast, {"drug": DRUG, "comparator": COMPARATOR}),
    (interrupted_series, {"drug": DRUG}),
    (intercurrent_events, {"drug": DRUG}),
    (attacks_after_start, {"drug": DRUG}),
    (definition_multiverse, {"of": "prevalence"}),
    (definition_multiverse, {"of": "change", "drug": DRUG}),
)


def agenda(registry: Registry, *, diagnosis: str = "nmosd") -> list[Call]:
    """Return every call of the report: a question and its options, without registry, diagnosis and seed.

    Parameters
    ----------
    registry
        Checked tables; devices and cell therapy are asked about where the registry has a course of them.
    diagnosis
        Code of patients.diagnosis; multiple sclerosis is the comparator of all others, and NMOSD that of it.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> calls = agenda(nc.simulate(n=20, seed=1))
    >>> calls[0][0].__name__, calls[0][1]
    ('describe_cohort', {'by': 'pain_group'})
    """
    comparator = "nmosd" if diagnosis == "ms" else "ms"
    calls: list[Call] = [*ABOUT_PATIENTS, (pain_and_diagnosis, {"comparator": comparator}), *AFTER_A_DRUG]
    courses = lazy(registry.tables["treatments"]).with_columns(nw.col("drug").str.to_lowercase())
    given = set(tally(courses, ["drug"])["drug"].dropna())
    classes = set(tally(courses, ["drug_class"])["drug_class"].dropna())
    for device, sham, days, durable in DEVICES:
        if device in given:
            times = {"at_days": days, "window_days": 5}
            calls.append((change_after_start, {"drug": device, **times, "durability_days": durable}))
            if sham in given:
                calls.append((treatment_contrast, {"drug": device, "comparator": sham, **times}))
    if "cell_therapy" in classes:
        calls.append((change_after_start, {"drug_class": "cell_therapy", "outcome": "sf36_bp", "at_months": 6}))
        calls.append((attacks_after_start, {"drug": None, "drug_class": "cell_therapy"}))
    return calls
