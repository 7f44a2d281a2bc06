"""Content of files: CSV that a spreadsheet opens safely, JSON without NaN, and files that only their owner reads."""

from __future__ import annotations

import hashlib
import json
import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

LOCAL_ONLY = "local_only"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
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


def write_own(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame as CSV; an earlier file is replaced only if it has the same columns.

    Raises
    ------
    ValueError
        If the file exists and has other columns.
    OSError
        If the file cannot be written.
    """
    _check_own(path, frame)
    path.write_bytes(csv_bytes(frame))


def write_private(path: Path, frame: pd.DataFrame) -> None:
    """Write a frame that holds raw values as ``write_own`` does, readable by its owner alone.

    Raises
    ------
    ValueError
        If the file exists and has other columns.
    OSError
        If the file cannot be written.
    """
    _check_own(path, frame)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.chmod(path, 0o600)
        file.write(csv_bytes(frame))


def _check_own(path: Path, frame: pd.DataFrame) -> None:
    if path.exists() and not path.read_bytes().startswith(csv_bytes(frame.head(0))):
        raise ValueError(f"{path.name} exists and holds something else; give a new file")


def json_bytes(content: object) -> bytes:
    """Return content as JSON text, readable by a person, without NaN."""
    return (json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode("utf-8")


def write_file(folder: Path, name: str, content: bytes) -> dict[str, Any]:
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
