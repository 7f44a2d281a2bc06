"""A folder of output that is put in place only when all of it is written."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nmosd_cohort.report.files import json_bytes, write_file
from nmosd_cohort.report.manifest import now
from nmosd_cohort.report.swap import put_in_place, recover, sync

IGNORED_FILES = (".DS_Store", "Thumbs.db", "desktop.ini")

Progress = Callable[[int, int, str], None]
Step = tuple[str, Callable[[], Mapping[str, bytes]]]


def write_folder(
    steps: Sequence[Step],
    out_dir: str | os.PathLike[str],
    *,
    manifest: Mapping[str, Any],
    progress: Progress | None = None,
) -> Path:
    """Write the files of all steps and a manifest beside the target, then put the whole in its place.

    Parameters
    ----------
    steps
        Name of each step, and what makes its files: content by path within the folder.
    out_dir
        The folder. One of the same kind that stands there is replaced when the new one is complete.
    manifest
        With ``kind`` and ``run_id``; the time of the end and the hashes of all files are added.
    progress
        Called with steps done, steps in all, and the name of the step that comes next.

    Raises
    ------
    ValueError
        If ``out_dir`` is something else than an empty folder or one of the same kind.
    OSError
        If the disk is full or the folder cannot be written.
    """
    target = Path(out_dir).resolve()
    recover(target)
    check_replaceable(target, kind=manifest["kind"])
    staging = target.with_name(f".{target.name}.new-{manifest['run_id']}-{os.getpid()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    staging.mkdir()
    try:
        artefacts = _write_steps(staging, steps, progress)
        ended = {"finished": now().isoformat(timespec="seconds"), "artefacts": artefacts}
        write_file(staging, "manifest.json", json_bytes({**manifest, **ended}))
        for folder in [*(path for path in staging.rglob("*") if path.is_dir()), staging]:
            sync(folder)
        put_in_place(staging, target, run_id=manifest["run_id"])
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target


def check_replaceable(target: Path, *, kind: str) -> None:
    """Check that a folder may be replaced: it is empty, or ours of that kind with nothing of anyone else in it.

    Raises
    ------
    ValueError
        If it is a file, another folder, or holds files that the report did not write.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise ValueError(f"{target.name} is a file; the output needs a folder of its own")
    held = {path.relative_to(target).as_posix() for path in target.rglob("*") if not path.is_dir()}
    held = {name for name in held if Path(name).name not in IGNORED_FILES}
    if not held:
        return
    known = _reported_files(target / "manifest.json", kind)
    if known is None:
        raise ValueError(f"{target.name} is not an earlier {kind} (no manifest.json says so): choose another folder")
    foreign = sorted(held - known)
    if foreign:
        shown = ", ".join(foreign[:3])
        raise ValueError(
            f"{target.name} holds {len(foreign)} files that were not written here ({shown}): move them, "
            "since replacing the folder would delete them"
        )


def _reported_files(manifest: Path, kind: str) -> set[str] | None:
    """Return the files that a manifest of that kind lists, or nothing if it is not one."""
    try:
        content = json.loads(manifest.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or content.get("kind") != kind:
        return None
    return {entry["file"] for entry in content.get("artefacts", [])} | {"manifest.json"}


def _write_steps(staging: Path, steps: Sequence[Step], progress: Progress | None) -> list[dict[str, Any]]:
    artefacts = []
    for done, (name, make) in enumerate(steps):
        if progress:
            progress(done, len(steps), name)
        artefacts += [write_file(staging, file, content) for file, content in make().items()]
    if progress:
        progress(len(steps), len(steps), "done")
    return sorted(artefacts, key=lambda entry: str(entry["file"]))
