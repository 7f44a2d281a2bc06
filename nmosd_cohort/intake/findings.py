"""Findings and quarantine: what was wrong, where it stands in the file, and what was done about it."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Literal

from nmosd_cohort.intake.registry import ACCOUNTING_COLUMNS, FINDING_COLUMNS, QUARANTINE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

Severity = Literal["reject", "warn", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem; the fields are the columns of ``Registry.findings``, in their order."""

    severity: Severity
    kind: str
    file: str
    line: int | None = None
    record: int | None = None
    table: str = ""
    column: str = ""
    variable: str = ""
    value: str = ""
    allowed: str = ""
    action: str = "kept"


def findings_frame(findings: Iterable[Finding], column_order: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return the findings one row a problem, ordered by file, record and column.

    Parameters
    ----------
    findings
        In any order.
    column_order
        Files in the order of the registry, each with its columns as they stand in the file.
    """
    files = {file: number for number, file in enumerate(column_order)}
    places = {file: {column: i for i, column in enumerate(columns)} for file, columns in column_order.items()}

    def order(finding: Finding) -> tuple[int, int, int, str, str, str, str]:
        place = places.get(finding.file, {}).get(finding.column, -1)
        rank = files.get(finding.file, len(files))
        return rank, finding.record or 0, place, finding.file, finding.table, finding.variable, finding.kind

    rows = [astuple(finding) for finding in sorted(findings, key=order)]
    return typed_frame(rows, FINDING_COLUMNS, whole=("line", "record"))


def typed_frame(rows: Sequence[Sequence[object]], columns: Sequence[str], *, whole: Sequence[str]) -> pd.DataFrame:
    """Return a frame of text columns in which the columns named in `whole` are whole numbers."""
    import pandas as pd

    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    series = {
        name: pd.Series(list(cells), dtype="int64[pyarrow]" if name in whole else "string[pyarrow]")
        for name, cells in zip(columns, values, strict=True)
    }
    return pd.DataFrame(series)


def quarantine_frame(rows: Sequence[Sequence[object]]) -> pd.DataFrame:
    """Return the quarantine, one row a record (or a table's row of a record) that was not taken."""
    return typed_frame(rows, QUARANTINE_COLUMNS, whole=("line", "record"))


def accounting_frame(rows: Sequence[Sequence[object]]) -> pd.DataFrame:
    """Return the accounting, one row a file."""
    return typed_frame(rows, ACCOUNTING_COLUMNS, whole=ACCOUNTING_COLUMNS[1:])
