"""Importing the package, or its command line, loads no heavy library."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {
    "pandas",
    "numpy",
    "scipy",
    "matplotlib",
    "duckdb",
    "narwhals",
    "pyarrow",
    "pydantic",
    "jinja2",
    "great_tables",
}


def test_import_and_command_line_load_no_heavy_library():
    code = "import sys, nmosd_cohort, nmosd_cohort.cli; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert HEAVY & set(loaded) == set()


def test_every_public_name_is_found_on_first_use():
    import nmosd_cohort as nc

    assert [name for name in nc.__all__ if getattr(nc, name) is None] == []
    assert set(nc.__all__) <= set(dir(nc))
