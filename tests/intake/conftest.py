"""Write small files and open them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nmosd_cohort.intake.open import open_registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nmosd_cohort.intake.registry import Registry


@pytest.fixture
def open_files(tmp_path: Path) -> Callable[[dict[str, str | bytes]], Registry]:
    """Open a folder made of the given files."""

    def write_and_open(files: dict[str, str | bytes]) -> Registry:
        for name, content in files.items():
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return open_registry(tmp_path)

    return write_and_open
