"""The main job: open a registry, ask the questions, set the published figures beside them, write the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmosd_cohort.intake.errors import InputError
from nmosd_cohort.intake.open import open_registry
from nmosd_cohort.literature.catalogue import catalogue_hash
from nmosd_cohort.literature.validate import validate
from nmosd_cohort.literature_part import literature_part
from nmosd_cohort.questions.ascertainment import ascertainment
from nmosd_cohort.questions.attacks_after_start import attacks_after_start
from nmosd_cohort.questions.biomarkers_and_pain import biomarkers_and_pain
from nmosd_cohort.questions.brain_imaging_and_pain import brain_imaging_and_pain
from nmosd_cohort.questions.change_after_start import change_after_start
from nmosd_cohort.questions.definition_multiverse import definition_multiverse
from nmosd_cohort.questions.depression_treatment_gap import depression_treatment_gap
from nmosd_cohort.questions.describe_cohort import describe_cohort
from nmosd_cohort.questions.drug_use_and_response import drug_use_and_response
from nmosd_cohort.questions.intercurrent_events import intercurrent_events
from nmosd_cohort.questions.interrupted_series import interrupted_series
from nmosd_cohort.questions.lesion_level_and_pain import lesion_level_and_pain
from nmosd_cohort.questions.lesion_segment_map import lesion_segment_map
from nmosd_cohort.questions.neuropathic_pain_and_disability import neuropathic_pain_and_disability
from nmosd_cohort.questions.neuropathic_pain_and_quality_of_life import neuropathic_pain_and_quality_of_life
from nmosd_cohort.questions.pain_and_depression import pain_and_depression
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
from nmosd_cohort.report.folder import write_report
from nmosd_cohort.report.manifest import REPORT_KIND, VERDICTS_KIND
from nmosd_cohort.report.staging import check_replaceable
from nmosd_cohort.report.verdicts import write_verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.result import Result

PREVALENCES: tuple[dict[str, Any], ...] = (
    {"pain": "any", "by": ("sex", "age_group", "aqp4_status", "had_myelitis")},
    {"pain": "any", "time_frame": "chronic"},
    {"pain": "neuropathic"},
    {"pain": "neuropathic", "denominator": "with_pain"},
    {"pain": "tonic_spasm"},
    {"pain": "tonic_spasm", "time_frame": "ever", "denominator": "with_myelitis"},
)
DRUG = "tocilizumab"


def answer_questions(
    registry: Registry,
    *,
    diagnosis: str = "nmosd",
    seed: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[Result]:
    """One Result a question, in the order of the report; pain prevalence comes once for each kind and denominator.

    Parameters
    ----------
    registry
        Checked tables.
    diagnosis
        Code of patients.diagnosis.
    seed
        Of bootstrap and permutation limits.
    progress
        Called with steps done, steps in all, and the name of the step that comes next.
    """
    calls: list[tuple[Any, dict[str, Any]]] = [(pain_prevalence, options) for options in PREVALENCES]
    calls += [
        (pain_types, {}),
        (pain_sites, {}),
        (neuropathic_pain_and_disability, {"seed": seed}),
        (neuropathic_pain_and_quality_of_life, {"seed": seed}),
        (lesion_level_and_pain, {"seed": seed}),
        (predictors_of_neuropathic_pain, {}),
        (predictors_of_quality_of_life, {"seed": seed}),
        (pain_and_depression, {"seed": seed}),
        (depression_treatment_gap, {}),
        (drug_use_and_response, {"seed": seed}),
        (biomarkers_and_pain, {"seed": seed}),
        (brain_imaging_and_pain, {"seed": seed}),
        (lesion_segment_map, {"seed": seed}),
        (persistent_lesions_and_pain, {}),
        (pain_without_construct_overlap, {"seed": seed}),
        (change_after_start, {"drug": DRUG, "seed": seed}),
        (treatment_contrast, {"drug": DRUG, "seed": seed}),
        (interrupted_series, {"drug": DRUG}),
        (attacks_after_start, {"drug": DRUG}),
        (intercurrent_events, {"drug": DRUG, "seed": seed}),
    ]
    calls += [
        (relapse_attribution, {}),
        (pain_severity_and_attacks, {"seed": seed}),
        (definition_multiverse, {"of": "prevalence", "seed": seed}),
        (definition_multiverse, {"of": "change", "drug": DRUG, "seed": seed}),
    ]
    calls += [(describe_cohort, {"by": "pain_group", "seed": seed}), (ascertainment, {})]
    results = []
    for done, (question, options) in enumerate(calls):
        if progress is not None:
            progress(done, len(calls), question.__name__.replace("_", " "))
        results.append(question(registry, diagnosis=diagnosis, **options))
    return results


def run_report(
    source: str | Path,
    out: str | Path,
    *,
    command: str = "run_report",
    diagnosis: str = "nmosd",
    seed: int = 1,
    title: str | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> tuple[Path, Registry]:
    """Write the report of a registry and return the path of its page, and the registry as it was read.

    Parameters
    ----------
    source
        registry.toml or a folder in codebook form.
    out
        Folder of the report. An earlier report there stays whole until the new one is complete.
    command
        What was called, for the manifest.
    diagnosis, seed, progress
        As in ``answer_questions``.
    title
        Heading of the page; by default the name of the registry.

    Raises
    ------
    nmosd_cohort.intake.errors.InputError
        If the files cannot be read at all, or no record of a patient was accepted.
    nmosd_cohort.intake.errors.ConfigurationError
        If registry.toml is wrong.
    ValueError
        If ``out`` is a folder that is not a report.
    """
    check_replaceable(Path(out).resolve(), kind=REPORT_KIND)
    if progress is not None:
        progress(0, 1, "reading the files")
    registry = _with_patients(source)
    results = answer_questions(registry, diagnosis=diagnosis, seed=seed, progress=progress)
    if progress is not None:
        progress(0, 1, "published figures")
    verdicts = validate(registry, diagnosis=diagnosis, results=results)
    folder = write_report(
        results,
        verdicts,
        registry,
        out,
        title=title or f"Pain report: {registry.provenance.get('name', 'registry')}",
        command=command,
        seed=seed,
        literature=literature_part(registry, verdicts, diagnosis=diagnosis),
        settings={"diagnosis": diagnosis, "catalogue_sha256": catalogue_hash()},
        progress=progress,
    )
    return folder / "index.html", registry


def run_validate(
    source: str | Path,
    out: str | Path | None = None,
    *,
    command: str = "run_validate",
    diagnosis: str = "nmosd",
    papers: Sequence[str] | None = None,
) -> tuple[pd.DataFrame, Registry]:
    """Judge the published figures against a registry; return the verdicts and the registry as it was read.

    Parameters
    ----------
    source
        registry.toml or a folder in codebook form.
    out
        Folder for verdicts.html, verdicts.csv and verdicts.json; None writes nothing.
    command
        What was called, for the manifest.
    diagnosis
        Code of patients.diagnosis.
    papers
        Keys of the papers to look at; None takes all. p values are adjusted over the figures looked at.

    Raises
    ------
    nmosd_cohort.intake.errors.InputError
        If the files cannot be read at all, or no record of a patient was accepted.
    ValueError
        If a paper is unknown, or ``out`` is a folder of something else.
    """
    if out is not None:
        check_replaceable(Path(out).resolve(), kind=VERDICTS_KIND)
    registry = _with_patients(source)
    verdicts = validate(registry, diagnosis=diagnosis, papers=papers)
    if out is not None:
        settings = {"diagnosis": diagnosis, "papers": papers, "catalogue_sha256": catalogue_hash()}
        write_verdicts(
            verdicts,
            registry,
            out,
            title=f"Published figures beside {registry.provenance.get('name', 'the registry')}",
            command=command,
            literature=literature_part(registry, verdicts, diagnosis=diagnosis),
            settings=settings,
        )
    return verdicts, registry


def _with_patients(source: str | Path) -> Registry:
    """Read a registry that holds patients."""
    registry = open_registry(source)
    if len(registry.tables["patients"]) == 0:
        raise InputError(f"{source}: no record of a patient was accepted; there is nothing to report")
    return registry
