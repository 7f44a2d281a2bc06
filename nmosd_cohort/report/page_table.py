"""One table of a page as texts, and the templates that print it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined


@dataclass(frozen=True, slots=True)
class PageTable:
    """One table of the page: texts only, ready to print.

    ``marks`` holds, for each row, the footnote mark of its last cell, or nothing; ``numeric`` the columns
    that are set flush right; ``row_heads`` how many leading columns head the row.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()
    row_heads: int = 1
    marks: tuple[str, ...] = ()
    empty: str = "No rows."
    name: str = ""


@cache
def environment() -> Environment:
    """Return the templates of the report; every text is escaped."""
    loader = PackageLoader("nmosd_cohort.report", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
