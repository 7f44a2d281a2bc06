"""A report as a folder: page, tables, plots, results and manifest, put in place only when all of it is written."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmosd_cohort.report.html import ordered, render
from nmosd_cohort.report.manifest import REPORT_KIND, build_manifest, now, plain
from nmosd_cohort.report.plots import forest, plot
from nmosd_cohort.report.svg import png_bytes, svg_text
from nmosd_cohort.report.swap import put_in_place, recover, sync
from nmosd_cohort.report.tables_registry import findings_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.result import Result

    Progress = Callable[[int, int, str], None]
    Step = tuple[str, Callable[[], Mapping[str, bytes]]]

LOCAL_ONLY = "local_only"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
IGNORED_FILES = (".DS_Store", "Thumbs.db", "desktop.ini")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?")


def safe_cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: such text gets a leading apostrophe, numbers stay.

    Examples
    --------
    >>> safe_cell("=HYPERLINK(1)"), safe_cell("-3"), safe_cell("plain"), safe_cell(-3)
    ("'=HYPERLINK(1)", '-3', 'plain', -3)
    """
    if isinstance(value, str) and value.startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a frame as CSV, unrounded, with every text safe to open in a spreadsheet."""
    safe = frame.copy()
    for name in safe.columns:
        if safe[name].dtype.kind not in "iufbM":
            safe[name] = safe[name].astype("object").map(safe_cell)
    safe.columns = [str(safe_cell(str(name))) for name in safe.columns]
    return safe.to_csv(index=False, lineterminator="\n").encode("utf-8")


def write_private(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame that holds raw values as CSV, readable by its owner alone; an earlier such file is replaced.

    Raises
    ------
    ValueError
        If the file exists and has other columns.
    OSError
        If the file cannot be written.
    """
    header = csv_bytes(frame.head(0))
    if path.exists() and not path.read_bytes().startswith(header):
        raise ValueError(f"{path.name} exists and holds something else; give a new file")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.chmod(path, 0o600)
        file.write(csv_bytes(frame))


def json_bytes(content: object) -> bytes:
    """Return content as JSON text, readable by a person, without NaN."""
    return (json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode("utf-8")


def file_stem(position: int, name: str) -> str:
    """Return the start of the file names of one result.

    Examples
    --------
    >>> file_stem(1, "pain_prevalence"), file_stem(12, "my question/../x")
    ('01_pain_prevalence', '12_my_question_x')
    """
    return f"{position:02d}_{re.sub(r'[^0-9A-Za-z]+', '_', name).strip('_')}"


def _result_files(result: Result, stem: str) -> dict[str, bytes]:
    parts = ("estimates", "flow", "checks", "tally")
    files = {f"tables/{stem}_{part}.csv": csv_bytes(getattr(result, part)) for part in parts}
    figure = plot(result)
    return files | {f"plots/{stem}.svg": svg_text(figure).encode("utf-8"), f"plots/{stem}.png": png_bytes(figure)}


def _registry_files(registry: Registry) -> dict[str, bytes]:
    return {
        "tables/accounting.csv": csv_bytes(registry.accounting),
        "tables/findings_summary.csv": csv_bytes(findings_summary(registry)),
        f"{LOCAL_ONLY}/findings.csv": csv_bytes(registry.findings),
        f"{LOCAL_ONLY}/quarantine.csv": csv_bytes(registry.quarantine),
    }


def _verdict_files(verdicts: pd.DataFrame) -> dict[str, bytes]:
    figure = forest(verdicts)
    drawn = {"plots/published_figures.svg": svg_text(figure).encode("utf-8")}
    return drawn | {"plots/published_figures.png": png_bytes(figure), "tables/verdicts.csv": csv_bytes(verdicts)}


def _steps(
    results: Sequence[Result], verdicts: pd.DataFrame, registry: Registry, *, title: str, manifest: Mapping[str, Any]
) -> Iterator[Step]:
    """Return what is written, step by step, each with what makes its files."""
    yield "data quality", lambda: _registry_files(registry)
    for position, result in enumerate(results, start=1):
        stem = file_stem(position, result.name)
        yield result.name, lambda result=result, stem=stem: _result_files(result, stem)  # type: ignore[misc]
    yield "published figures", lambda: _verdict_files(verdicts)
    results_as_data = [plain_result(result) for result in results]
    yield "results.json", lambda: {"results.json": json_bytes(results_as_data)}
    yield (
        "index.html",
        lambda: {
            "index.html": render(results, verdicts, registry, title=title, generated=now(), manifest=manifest).encode(
                "utf-8"
            )
        },
    )


def plain_result(result: Result) -> Any:
    """Return a result as JSON can hold it, unrounded, missing values as null."""
    return plain(json.loads(result.to_json()))


def _write(folder: Path, name: str, content: bytes) -> dict[str, Any]:
    """Write one file to the disk and return its entry for the manifest."""
    path = folder / name
    is_local = name.startswith(f"{LOCAL_ONLY}/")
    path.parent.mkdir(mode=0o700 if is_local else 0o777, exist_ok=True)
    handle = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600 if is_local else 0o666
    )
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return {"file": name, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def check_replaceable(target: Path) -> None:
    """Check that a folder may be replaced: it is empty, or a report of ours with nothing of anyone else in it.

    Raises
    ------
    ValueError
        If it is a file, another folder, or holds files that the report did not write.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise ValueError(f"{target.name} is a file; the report needs a folder of its own")
    held = {path.relative_to(target).as_posix() for path in target.rglob("*") if not path.is_dir()}
    held = {name for name in held if Path(name).name not in IGNORED_FILES}
    if not held:
        return
    known = _reported_files(target / "manifest.json")
    if known is None:
        raise ValueError(
            f"{target.name} is not a report of nmosd_cohort (no manifest.json of ours): choose another folder"
        )
    foreign = sorted(held - known)
    if foreign:
        shown = ", ".join(foreign[:3])
        raise ValueError(
            f"{target.name} holds {len(foreign)} files that the report did not write ({shown}): move them, "
            "since replacing the report would delete them"
        )


def _reported_files(manifest: Path) -> set[str] | None:
    """Return the files that a manifest of ours lists, or nothing if it is not one of ours."""
    try:
        content = json.loads(manifest.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or content.get("kind") != REPORT_KIND:
        return None
    return {entry["file"] for entry in content.get("artefacts", [])} | {"manifest.json"}


def write_report(
    results: Sequence[Result],
    verdicts: pd.DataFrame,
    registry: Registry,
    out_dir: str | os.PathLike[str],
    *,
    title: str,
    command: str | Sequence[str],
    seed: int | None = None,
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
    target = Path(out_dir).resolve()
    recover(target)
    check_replaceable(target)
    chosen = ordered(results)
    manifest = build_manifest(registry, command=command, started=now(), seed=seed, extra={"title": title})
    staging = target.with_name(f".{target.name}.new-{manifest['run_id']}-{os.getpid()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    staging.mkdir()
    try:
        steps = list(_steps(chosen, verdicts, registry, title=title, manifest=manifest))
        artefacts = _write_steps(staging, steps, progress)
        ended = {"finished": now().isoformat(timespec="seconds"), "artefacts": artefacts}
        _write(staging, "manifest.json", json_bytes(manifest | ended))
        for folder in [*(path for path in staging.rglob("*") if path.is_dir()), staging]:
            sync(folder)
        put_in_place(staging, target, run_id=manifest["run_id"])
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target


def _write_steps(staging: Path, steps: Sequence[Step], progress: Progress | None) -> list[dict[str, Any]]:
    artefacts = []
    for done, (name, make) in enumerate(steps):
        if progress:
            progress(done, len(steps), name)
        artefacts += [_write(staging, file, content) for file, content in make().items()]
    if progress:
        progress(len(steps), len(steps), "done")
    return sorted(artefacts, key=lambda entry: str(entry["file"]))
