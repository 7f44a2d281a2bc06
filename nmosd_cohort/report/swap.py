"""Put a finished folder in the place of an old one, so that at every moment one whole folder has the name."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import time
from pathlib import Path

AT_FDCWD = -100
RENAME_EXCHANGE = 2
LEFTOVER_HOURS = 24


def sync(path: Path) -> None:
    """Have the system write a folder's entries to the disk, where it can."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def exchange(first: Path, second: Path) -> bool:
    """Exchange two folders in one step and return whether the system could (Linux, most file systems)."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    return bool(rename(AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE) == 0)


def put_in_place(new: Path, target: Path, *, run_id: str) -> None:
    """Give ``new`` the name of ``target``; an old folder of that name is deleted once the new one stands.

    Parameters
    ----------
    new, target
        Folders on the same file system.
    run_id
        Names the old folder, ``<target>.old-<run id>``, for the moment in which both exist.

    Raises
    ------
    OSError
        If a rename fails; the old folder then has its name again.
    """
    if not target.exists():
        new.rename(target)
    elif exchange(new, target):
        shutil.rmtree(new)
    else:
        _replace_in_two_steps(new, target, run_id)
    sync(target.parent)


def _replace_in_two_steps(new: Path, target: Path, run_id: str) -> None:
    old = target.with_name(f"{target.name}.old-{run_id}")
    target.rename(old)
    try:
        new.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old)


def recover(target: Path) -> None:
    """Give an old folder its name back if a run was killed between the two renames; delete old leftovers."""
    if not target.parent.is_dir():
        return
    olds = [path for path in target.parent.iterdir() if path.name.startswith(f"{target.name}.old-")]
    if not target.exists() and olds:
        max(olds, key=lambda path: path.stat().st_mtime).rename(target)
    limit = time.time() - 3600 * LEFTOVER_HOURS
    for path in target.parent.iterdir():
        if path.name.startswith(f".{target.name}.new-") and path.stat().st_mtime < limit:
            shutil.rmtree(path, ignore_errors=True)
