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
    from nmosd_cohort.questions.change_after_start import change_after_start as change_after_start
    from nmosd_cohort.questions.lesion_level_and_pain import lesion_level_and_pain as lesion_level_and_pain
    from nmosd_cohort.questions.neuropathic_pain_and_disability import (
        neuropathic_pain_and_disability as neuropathic_pain_and_disability,
    )
    from nmosd_cohort.questions.neuropathic_pain_and_quality_of_life import (
        neuropathic_pain_and_quality_of_life as neuropathic_pain_and_quality_of_life,
    )
    from nmosd_cohort.questions.pain_and_depression import pain_and_depression as pain_and_depression
    from nmosd_cohort.questions.pain_prevalence import pain_prevalence as pain_prevalence
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
    "borrow": "literature.evidence",
    "change_after_start": "questions.change_after_start",
    "check_figures": "literature.integrity.catalogue_checks",
    "cite": "literature.catalogue",
    "codebook_frame": "codebook.reader",
    "demo_registry": "script",
    "evidence_for": "literature.evidence",
    "lesion_level_and_pain": "questions.lesion_level_and_pain",
    "model_terms": "statistics.models.model_terms",
    "neuropathic_pain_and_disability": "questions.neuropathic_pain_and_disability",
    "neuropathic_pain_and_quality_of_life": "questions.neuropathic_pain_and_quality_of_life",
    "open_registry": "intake.open",
    "pain_and_depression": "questions.pain_and_depression",
    "pain_prevalence": "questions.pain_prevalence",
    "patient_frame": "cohort.patient_frame",
    "plot": "report.plots",
    "pooled_evidence": "literature.pooled",
    "pooled_forest": "report.plots_pooled",
    "published_figures": "literature.catalogue",
    "Registry": "intake.registry",
    "Result": "result",
    "reweighted_verdicts": "literature.reweighted",
    "script_registry": "script",
    "show": "report.show",
    "simulate": "synthetic.generate",
    "start_pairs": "cohort.start_pairs",
    "table": "report.tables",
    "tally": "cohort.tally",
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
