"""A report as a folder: page, tables, plots, results and manifest, put in place only when all of it is written."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from nmosd_cohort.report.drawings import Drawing, Drawings, draw_flow, draw_forests, draw_pooled, draw_result
from nmosd_cohort.report.files import LOCAL_ONLY, csv_bytes, json_bytes
from nmosd_cohort.report.html import ordered, render
from nmosd_cohort.report.literature_page import LiteraturePart
from nmosd_cohort.report.manifest import build_manifest, now, plain
from nmosd_cohort.report.staging import write_folder
from nmosd_cohort.report.tables_cohort import TABLE_1_OF, table_1
from nmosd_cohort.report.tables_registry import findings_summary

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.report.staging import Progress, Step
    from nmosd_cohort.result import Result


def file_stem(position: int, name: str) -> str:
    """Return the start of the file names of one result.

    Examples
    --------
    >>> file_stem(1, "pain_prevalence"), file_stem(12, "my question/../x")
    ('01_pain_prevalence', '12_my_question_x')
    """
    return f"{position:02d}_{re.sub(r'[^0-9A-Za-z]+', '_', name).strip('_')}"


def _result_files(result: Result, stem: str, drawing: Drawing) -> dict[str, bytes]:
    parts = ("estimates", "flow", "checks", "tally")
    written = {f"tables/{stem}_{part}.csv": csv_bytes(getattr(result, part)) for part in parts} | drawing.files(stem)
    if result.name == TABLE_1_OF:
        written[f"tables/{stem}_table_1.csv"] = csv_bytes(table_1(result))
    return written | draw_flow(result).files(f"{stem}_flow")


def _registry_files(registry: Registry) -> dict[str, bytes]:
    return {
        "tables/accounting.csv": csv_bytes(registry.accounting),
        "tables/findings_summary.csv": csv_bytes(findings_summary(registry)),
        f"{LOCAL_ONLY}/findings.csv": csv_bytes(registry.findings),
        f"{LOCAL_ONLY}/quarantine.csv": csv_bytes(registry.quarantine),
    }


def _literature_files(
    verdicts: pd.DataFrame, literature: LiteraturePart, forests: Mapping[str, Drawing], pooled: Mapping[str, Drawing]
) -> dict[str, bytes]:
    files = {"tables/verdicts.csv": csv_bytes(verdicts)}
    for name in ("integrity", "pooled", "borrowed", "reweighted", "case_mix"):
        frame = getattr(literature, name)
        if len(frame):
            files[f"tables/literature_{name}.csv"] = csv_bytes(frame)
    for start, drawings in (("published", forests), ("pooled", pooled)):
        for name, drawing in drawings.items():
            files |= drawing.files(f"{start}_{name or 'no_question'}")
    return files


def _steps(
    results: Sequence[Result],
    verdicts: pd.DataFrame,
    registry: Registry,
    page: Callable[[Drawings], str],
    literature: LiteraturePart,
) -> Iterator[Step]:
    """Return what is written, step by step, each with what makes its files; a plot is drawn once."""
    drawn: dict[int, Drawing] = {}
    forests: dict[str, Drawing] = {}
    pooled: dict[str, Drawing] = {}

    def answer(position: int, result: Result) -> dict[str, bytes]:
        drawn[position] = draw_result(result)
        return _result_files(result, file_stem(position, result.name), drawn[position])

    def published() -> dict[str, bytes]:
        forests.update(draw_forests(verdicts))
        pooled.update(draw_pooled(literature.forests))
        return _literature_files(verdicts, literature, forests, pooled)

    yield "data quality", lambda: _registry_files(registry)
    for position, result in enumerate(results, start=1):
        yield result.name, partial(answer, position, result)
    yield "published figures", published
    yield "results.json", lambda: {"results.json": json_bytes([plain_result(result) for result in results])}
    drawings = Drawings(drawn, forests, pooled)
    yield "index.html", lambda: {"index.html": page(drawings).encode("utf-8")}


def plain_result(result: Result) -> Any:
    """Return a result as JSON can hold it, unrounded, missing values as null."""
    return plain(json.loads(result.to_json()))


def write_report(
    results: Sequence[Result],
    verdicts: pd.DataFrame,
    registry: Registry,
    out_dir: str | os.PathLike[str],
    *,
    title: str,
    command: str | Sequence[str],
    seed: int | None = None,
    literature: LiteraturePart | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write a report: one page, its tables and plots as files, all results, and the manifest of the run.

    Parameters
    ----------
    results
        Answers of questions, in any order; the report has its own.
    verdicts
        One row a published figure; may have no rows.
    registry
        Where the results come from: its findings and accounting are the section on data quality.
    out_dir
        Folder of the report. A report that stands there is replaced when the new one is complete; until then,
        and if the run fails or is killed, it stays whole.
    title
        Heading of the page.
    command
        Command line or call that made the report, for the manifest.
    seed
        Seed of what is random, for the manifest.
    literature
        Frames that stand beside the verdicts: papers, integrity, pooled evidence, case-mix.
    settings
        Further settings of the run, for the manifest.
    progress
        Called with steps done, steps in all, and the name of the step that comes next.

    Returns
    -------
    pathlib.Path
        The folder. ``local_only`` in it holds raw values and is readable by its owner alone.

    Raises
    ------
    ValueError
        If ``out_dir`` is something else than an empty folder or a report of ours.
    OSError
        If the disk is full or the folder cannot be written.
    """
    chosen, part = ordered(results), literature or LiteraturePart()
    manifest = build_manifest(
        registry, command=command, started=now(), seed=seed, extra={"title": title, **(settings or {})}
    )

    def page(drawings: Drawings) -> str:
        settings: dict[str, Any] = {"title": title, "generated": now(), "manifest": manifest}
        return render(chosen, verdicts, registry, literature=part, drawings=drawings, **settings)

    steps = list(_steps(chosen, verdicts, registry, page, literature=part))
    return write_folder(steps, out_dir, manifest=manifest, progress=progress)
