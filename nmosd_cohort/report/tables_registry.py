"""Tables of a registry's data quality: counts by file, rule and column, never a raw value or an id."""

from __future__ import annotations

from collections.abc import Sized
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.report.format import whole
from nmosd_cohort.report.page_table import PageTable
from nmosd_cohort.report.rows import Row, records
from nmosd_cohort.report.words import humanise, labels, outcome_label

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry

SUMMARY_COLUMNS = ("severity", "kind", "file", "column", "variable", "action")  # no value, id, line or record


def file_name(path: str) -> str:
    """Return a file as the page may show it: relative as given, of an absolute path the last part.

    Examples
    --------
    >>> file_name("/home/someone/export/visits.csv"), file_name("site_a/visits.csv")
    ('visits.csv', 'site_a/visits.csv')
    """
    for form in (PurePosixPath(path), PureWindowsPath(path)):
        if form.is_absolute() or ".." in form.parts:
            return form.name
    return path


def record_table(registry: Registry) -> PageTable:
    """Return the accounting of records: one row a file, read = accepted + quarantined + empty."""
    parts = ("records_read", "records_accepted", "records_quarantined", "records_empty")
    return _accounting(registry, parts, "Records of each file: read = accepted + quarantined + empty")


def cell_table(registry: Registry) -> PageTable:
    """Return the accounting of cells: one row a file, read = accepted + missing + rejected + not mapped."""
    parts = ("cells_read", "cells_accepted", "cells_missing", "cells_rejected", "cells_not_mapped")
    return _accounting(registry, parts, "Cells of each file: read = accepted + missing + rejected + not mapped")


def _accounting(registry: Registry, parts: tuple[str, ...], caption: str) -> PageTable:
    heads = tuple(humanise(part.split("_", 1)[1]) for part in parts)
    rows = tuple(
        (file_name(str(row["file"])), *(whole(row[part]) for part in parts), _adds_up(row, parts))
        for row in records(registry.accounting)
    )
    numeric = tuple(range(1, len(parts) + 1))
    return PageTable(caption, ("File", *heads, "Adds up"), rows, numeric, empty="No file was read.")


def _adds_up(row: Row, parts: tuple[str, ...]) -> str:
    read, *others = (int(row[part]) for part in parts)
    gap = read - sum(others)
    return "yes" if gap == 0 else f"no: {abs(gap)} {'unaccounted for' if gap > 0 else 'counted twice'}"


def findings_summary(registry: Registry) -> pd.DataFrame:
    """Return how often each rule was broken: one row a severity, rule, file, column and action, with count.

    The frame holds no value, record or line.
    """
    columns = list(SUMMARY_COLUMNS)
    known = registry.findings.reindex(columns=columns).astype("object")
    known = known.where(known.notna(), "").astype(str)
    known["file"] = known["file"].map(file_name)
    # The name of an unknown column may be a cell of a file that has no header.
    known.loc[known["kind"] == "unknown_column", "column"] = "not in the codebook"
    counted = known.groupby(columns, sort=False).size().rename("findings").reset_index()
    order = {name: i for i, name in enumerate(labels()["severities"])}
    counted["order"] = counted["severity"].map(order).fillna(len(order))
    return counted.sort_values(["order", "findings"], ascending=[True, False], kind="stable").drop(columns="order")


def findings_table(registry: Registry) -> PageTable:
    """Return the summary of findings as a table for the page."""
    rows = tuple(
        (
            humanise(row["kind"]),
            str(labels()["severities"].get(row["severity"], row["severity"])),
            row["file"] or "all files",
            row["column"] or "whole record",
            outcome_label(row["variable"]) if row["variable"] else "none",
            row["action"] or "not recorded",
            whole(row["findings"]),
        )
        for row in records(findings_summary(registry))
    )
    columns = ("Rule", "Severity", "File", "Column", "Variable", "Action", "Findings")
    return PageTable("Findings by rule and column", columns, rows, (6,), empty="No rule was broken.")


def contents_table(registry: Registry) -> PageTable:
    """Return what the registry holds: one row a table with what a row is and how many there are."""
    book = read_codebook()
    rows = tuple(
        (
            book[name].label_en if name in book else humanise(name),
            book[name].row if name in book else "",
            _length(held),
        )
        for name, held in registry.tables.items()
    )
    return PageTable("What the registry holds", ("Table", "One row is", "Rows"), rows, (2,), empty="No tables.")


def _length(held: object) -> str:
    return whole(len(held) if isinstance(held, Sized) else None)
