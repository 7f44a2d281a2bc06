"""The main job: open a registry, ask the questions, set the published figures beside them, write the report."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING

from nmosd_cohort.agenda import agenda
from nmosd_cohort.cohort.remember import remembering
from nmosd_cohort.intake.errors import InputError
from nmosd_cohort.intake.open import open_registry
from nmosd_cohort.literature.catalogue import catalogue_hash
from nmosd_cohort.literature.validate import validate
from nmosd_cohort.literature_part import literature_part
from nmosd_cohort.report.folder import write_report
from nmosd_cohort.report.manifest import REPORT_KIND, VERDICTS_KIND
from nmosd_cohort.report.staging import check_replaceable
from nmosd_cohort.report.verdicts import write_verdicts
from nmosd_cohort.report.words import question_order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.result import Result


def answer_questions(
    registry: Registry,
    *,
    diagnosis: str = "nmosd",
    seed: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[Result]:
    """One Result for each call of the ``agenda``, in the order of the report.

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
    calls = agenda(registry, diagnosis=diagnosis)
    results = []
    with remembering():
        for done, (question, options) in enumerate(calls):
            if progress is not None:
                progress(done, len(calls), question.__name__.replace("_", " "))
            drawn = {"seed": seed} if "seed" in signature(question).parameters else {}
            results.append(question(registry, diagnosis=diagnosis, **options, **drawn))
    return sorted(results, key=lambda result: question_order(result.name))


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
