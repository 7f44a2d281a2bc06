"""Pain in NMOSD registries: check the export, answer the questions, set the published figures beside, report.

The public names are loaded on first use, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nmosd_cohort._version import __version__

if TYPE_CHECKING:
    from nmosd_cohort import statistics as statistics
    from nmosd_cohort.codebook.reader import codebook_frame as codebook_frame
    from nmosd_cohort.cohort.patient_frame import patient_frame as patient_frame
    from nmosd_cohort.cohort.start_pairs import start_pairs as start_pairs
    from nmosd_cohort.cohort.tally import tally as tally
    from nmosd_cohort.intake.open import open_registry as open_registry
    from nmosd_cohort.intake.registry import Registry as Registry
    from nmosd_cohort.literature.catalogue import cite as cite
    from nmosd_cohort.literature.catalogue import published_figures as published_figures
    from nmosd_cohort.literature.evidence import borrow as borrow
    from nmosd_cohort.literature.evidence import evidence_for as evidence_for
    from nmosd_cohort.literature.integrity.catalogue_checks import check_figures as check_figures
    from nmosd_cohort.literature.pooled import pooled_evidence as pooled_evidence
    from nmosd_cohort.literature.reweighted import reweighted_verdicts as reweighted_verdicts
    from nmosd_cohort.literature.validate import validate as validate
    from nmosd_cohort.questions.ascertainment import ascertainment as ascertainment
    from nmosd_cohort.questions.attacks_after_start import attacks_after_start as attacks_after_start
    from nmosd_cohort.questions.biomarkers_and_pain import biomarkers_and_pain as biomarkers_and_pain
    from nmosd_cohort.questions.brain_imaging_and_pain import brain_imaging_and_pain as brain_imaging_and_pain
    from nmosd_cohort.questions.change_after_start import change_after_start as change_after_start
    from nmosd_cohort.questions.definition_multiverse import definition_multiverse as definition_multiverse
    from nmosd_cohort.questions.depression_treatment_gap import depression_treatment_gap as depression_treatment_gap
    from nmosd_cohort.questions.describe_cohort import describe_cohort as describe_cohort
    from nmosd_cohort.questions.drug_use_and_response import drug_use_and_response as drug_use_and_response
    from nmosd_cohort.questions.incidence_and_prevalence import incidence_and_prevalence as incidence_and_prevalence
    from nmosd_cohort.questions.intercurrent_events import intercurrent_events as intercurrent_events
    from nmosd_cohort.questions.interrupted_series import interrupted_series as interrupted_series
    from nmosd_cohort.questions.lesion_level_and_pain import lesion_level_and_pain as lesion_level_and_pain
    from nmosd_cohort.questions.lesion_segment_map import lesion_segment_map as lesion_segment_map
    from nmosd_cohort.questions.neuropathic_pain_and_disability import (
        neuropathic_pain_and_disability as neuropathic_pain_and_disability,
    )
    from nmosd_cohort.questions.neuropathic_pain_and_quality_of_life import (
        neuropathic_pain_and_quality_of_life as neuropathic_pain_and_quality_of_life,
    )
    from nmosd_cohort.questions.pain_and_depression import pain_and_depression as pain_and_depression
    from nmosd_cohort.questions.pain_and_diagnosis import pain_and_diagnosis as pain_and_diagnosis
    from nmosd_cohort.questions.pain_as_first_sign import pain_as_first_sign as pain_as_first_sign
    from nmosd_cohort.questions.pain_as_worst_symptom import pain_as_worst_symptom as pain_as_worst_symptom
    from nmosd_cohort.questions.pain_prevalence import pain_prevalence as pain_prevalence
    from nmosd_cohort.questions.pain_severity_and_attacks import pain_severity_and_attacks as pain_severity_and_attacks
    from nmosd_cohort.questions.pain_sites import pain_sites as pain_sites
    from nmosd_cohort.questions.pain_types import pain_types as pain_types
    from nmosd_cohort.questions.pain_without_construct_overlap import (
        pain_without_construct_overlap as pain_without_construct_overlap,
    )
    from nmosd_cohort.questions.patient_timeline import patient_timeline as patient_timeline
    from nmosd_cohort.questions.persistent_lesions_and_pain import (
        persistent_lesions_and_pain as persistent_lesions_and_pain,
    )
    from nmosd_cohort.questions.predictors_of_neuropathic_pain import (
        predictors_of_neuropathic_pain as predictors_of_neuropathic_pain,
    )
    from nmosd_cohort.questions.predictors_of_quality_of_life import (
        predictors_of_quality_of_life as predictors_of_quality_of_life,
    )
    from nmosd_cohort.questions.relapse_attribution import relapse_attribution as relapse_attribution
    from nmosd_cohort.questions.treatment_contrast import treatment_contrast as treatment_contrast
    from nmosd_cohort.report.flow_diagram import flow_diagram as flow_diagram
    from nmosd_cohort.report.folder import write_report as write_report
    from nmosd_cohort.report.plots import plot as plot
    from nmosd_cohort.report.plots_pooled import pooled_forest as pooled_forest
    from nmosd_cohort.report.show import show as show
    from nmosd_cohort.report.tables import table as table
    from nmosd_cohort.result import Result as Result
    from nmosd_cohort.script import demo_registry as demo_registry
    from nmosd_cohort.script import script_registry as script_registry
    from nmosd_cohort.statistics.models.model_terms import model_terms as model_terms
    from nmosd_cohort.synthetic.generate import simulate as simulate

_HOME = {
    "ascertainment": "questions.ascertainment",
    "attacks_after_start": "questions.attacks_after_start",
    "biomarkers_and_pain": "questions.biomarkers_and_pain",
    "borrow": "literature.evidence",
    "brain_imaging_and_pain": "questions.brain_imaging_and_pain",
    "change_after_start": "questions.change_after_start",
    "check_figures": "literature.integrity.catalogue_checks",
    "cite": "literature.catalogue",
    "codebook_frame": "codebook.reader",
    "definition_multiverse": "questions.definition_multiverse",
    "demo_registry": "script",
    "depression_treatment_gap": "questions.depression_treatment_gap",
    "describe_cohort": "questions.describe_cohort",
    "drug_use_and_response": "questions.drug_use_and_response",
    "evidence_for": "literature.evidence",
    "flow_diagram": "report.flow_diagram",
    "incidence_and_prevalence": "questions.incidence_and_prevalence",
    "intercurrent_events": "questions.intercurrent_events",
    "interrupted_series": "questions.interrupted_series",
    "lesion_level_and_pain": "questions.lesion_level_and_pain",
    "lesion_segment_map": "questions.lesion_segment_map",
    "model_terms": "statistics.models.model_terms",
    "neuropathic_pain_and_disability": "questions.neuropathic_pain_and_disability",
    "neuropathic_pain_and_quality_of_life": "questions.neuropathic_pain_and_quality_of_life",
    "open_registry": "intake.open",
    "pain_and_depression": "questions.pain_and_depression",
    "pain_and_diagnosis": "questions.pain_and_diagnosis",
    "pain_as_first_sign": "questions.pain_as_first_sign",
    "pain_as_worst_symptom": "questions.pain_as_worst_symptom",
    "pain_prevalence": "questions.pain_prevalence",
    "pain_severity_and_attacks": "questions.pain_severity_and_attacks",
    "pain_sites": "questions.pain_sites",
    "pain_types": "questions.pain_types",
    "pain_without_construct_overlap": "questions.pain_without_construct_overlap",
    "patient_frame": "cohort.patient_frame",
    "patient_timeline": "questions.patient_timeline",
    "persistent_lesions_and_pain": "questions.persistent_lesions_and_pain",
    "plot": "report.plots",
    "pooled_evidence": "literature.pooled",
    "pooled_forest": "report.plots_pooled",
    "predictors_of_neuropathic_pain": "questions.predictors_of_neuropathic_pain",
    "predictors_of_quality_of_life": "questions.predictors_of_quality_of_life",
    "published_figures": "literature.catalogue",
    "Registry": "intake.registry",
    "relapse_attribution": "questions.relapse_attribution",
    "Result": "result",
    "reweighted_verdicts": "literature.reweighted",
    "script_registry": "script",
    "show": "report.show",
    "simulate": "synthetic.generate",
    "start_pairs": "cohort.start_pairs",
    "table": "report.tables",
    "tally": "cohort.tally",
    "treatment_contrast": "questions.treatment_contrast",
    "validate": "literature.validate",
    "write_report": "report.folder",
}

__all__ = ["__version__", *sorted(_HOME), "statistics"]


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use."""
    if name == "statistics":
        return import_module("nmosd_cohort.statistics")
    if name not in _HOME:
        raise AttributeError(f"nmosd_cohort has no {name!r}; it has {', '.join(sorted(_HOME))}")
    value = getattr(import_module(f"nmosd_cohort.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
