"""The manifest of a run: what went in, what made it, and what came out, as JSON without names or paths of a person."""

from __future__ import annotations

import hashlib
import json
import locale
import math
import os
import platform
import re
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from nmosd_cohort._version import __version__
from nmosd_cohort.report.format import is_missing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.intake.registry import Registry

REPORT_KIND = "nmosd_cohort report"
VERDICTS_KIND = "nmosd_cohort list of verdicts"
TIMES = ("run_id", "started", "finished")  # what differs between two runs on the same input and settings
DEPENDENCIES = (
    "duckdb",
    "great-tables",
    "jinja2",
    "matplotlib",
    "narwhals",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
)
NOT_SHOWN = ("truth", "delivered")  # parts of the provenance that are large or not about the run
_FOLDERS = re.compile(r"(?:(?<![\w.:/])(?:[A-Za-z]:)?[\\/]|~[\\/])(?:[^\s\\/'\"]+[\\/])*(?=[^\s\\/'\"])")


def without_folders(text: str) -> str:
    r"""Return text in which every absolute path is cut to its last part, so that no user name remains.

    Examples
    --------
    >>> without_folders("report --out=/home/someone/out registry.toml")
    'report --out=out registry.toml'
    >>> without_folders(r"C:\Users\someone\registry.toml"), without_folders("site_a/visits.csv")
    ('registry.toml', 'site_a/visits.csv')
    """
    return _FOLDERS.sub("", text)


def _argument(text: str) -> str:
    """Return one argument of a command with an absolute path, blanks and all, cut to its last part."""
    option, mark, value = text.partition("=") if text.startswith("-") else ("", "", text)
    for form in (PurePosixPath(value), PureWindowsPath(value)):
        if form.is_absolute():
            return f"{option}{mark}{form.name}"
    return f"{option}{mark}{without_folders(value)}"


def plain(value: object) -> Any:
    """Return a value as JSON can hold it: absolute paths cut, dates as text, what is missing as null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "item"):  # a number of numpy
        return plain(value.item())
    text = str(value)
    is_path = any(form.is_absolute() for form in (PurePosixPath(text), PureWindowsPath(text)))
    return None if is_missing(value) else without_folders(text) if is_path else text


def now() -> datetime:
    """Return the time of the run in UTC, or that of SOURCE_DATE_EPOCH where it is set.

    Raises
    ------
    ValueError
        If SOURCE_DATE_EPOCH is not a whole number of seconds.
    """
    fixed = os.environ.get("SOURCE_DATE_EPOCH")
    if not fixed:
        return datetime.now(UTC)
    if not fixed.isdigit():
        raise ValueError(f"SOURCE_DATE_EPOCH is {fixed!r}; it must be a whole number of seconds since 1970")
    return datetime.fromtimestamp(int(fixed), UTC)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _versions() -> dict[str, str]:
    ours = {"nmosd_cohort": __version__, "python": platform.python_version()}
    return ours | {package: _version(package) for package in DEPENDENCIES}


def _finding_counts(registry: Registry) -> dict[str, int]:
    counts = Counter(registry.findings["severity"].astype(str))
    return {severity: counts[severity] for severity in ("reject", "warn", "info")}


def _run_id(started: datetime, content: Mapping[str, Any]) -> str:
    """Return an id of time and settings: equal input, settings and second give an equal id."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return f"{started:%Y%m%dT%H%M%SZ}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def build_manifest(
    registry: Registry,
    *,
    command: str | Sequence[str],
    started: datetime,
    seed: int | None = None,
    extra: Mapping[str, Any] | None = None,
    kind: str = REPORT_KIND,
) -> dict[str, Any]:
    """Return what a run was made of: input and mapping hashes, versions, machine, settings and run id.

    Parameters
    ----------
    registry
        Its provenance gives the hashes of the files and of the mapping, and the data cut.
    command
        Command line or call; absolute paths in it are cut to their last part.
    started
        When the run began, with its time zone; SOURCE_DATE_EPOCH takes its place where it is set.
    seed
        Seed of what is random, if one was set.
    extra
        Anything else that belongs to the run, for example the settings.
    kind
        What the folder is, so that only one of the same kind replaces it.

    Returns
    -------
    dict
        Ready for JSON. Only ``run_id``, ``started`` and ``finished`` differ between two runs on the same
        machine with the same input and settings.

    Raises
    ------
    ValueError
        If ``started`` has no time zone.
    """
    if started.tzinfo is None:
        raise ValueError(f"started must carry its time zone, {started.isoformat()} has none")
    began = now() if os.environ.get("SOURCE_DATE_EPOCH") else started.astimezone(UTC)
    provenance = {key: plain(value) for key, value in registry.provenance.items() if key not in NOT_SHOWN}
    files = provenance.pop("files", [])
    content = {
        "kind": kind,
        "registry": provenance.pop("name", None),
        "data_cut": provenance.pop("data_cut", None) or None,
        "inputs": files,
        "mapping_sha256": provenance.pop("mapping_sha256", None),
        "provenance": provenance,
        "findings": _finding_counts(registry),
        "command": without_folders(command) if isinstance(command, str) else " ".join(map(_argument, command)),
        "seed": seed,
        "extra": plain(extra or {}),
        "versions": _versions(),
        "platform": f"{platform.system()} {platform.machine()}",
        "locale": ".".join(part or "none" for part in locale.getlocale()),
        "time_zone": time.tzname[0],
    }
    times = {"run_id": _run_id(began, content), "started": began.isoformat(timespec="seconds")}
    return times | content
