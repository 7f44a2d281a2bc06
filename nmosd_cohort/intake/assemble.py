"""Rows become tables: checks across rows, then codebook form, with each problem told by file and line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nmosd_cohort.codebook import read_codebook, typed_table
from nmosd_cohort.intake.checks import doubts, duplicates, identical_rows, join_rows, unknown_patients
from nmosd_cohort.intake.findings import Finding
from nmosd_cohort.intake.rows import COLLAPSED, JOINED, TAKEN, BlockRows, rows_frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

OTHERS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of one table on their way, with the blocks they come from."""

    table: str
    blocks: list[BlockRows]
    frame: pd.DataFrame

    def at(self, row: int) -> tuple[BlockRows, int]:
        """Return the block of a row of the frame, and its number there."""
        return self.blocks[self.frame["_block"][row]], int(self.frame["_row"][row])

    def set_status(self, row: int, status: str) -> None:
        """Set the status of a row."""
        rows, own = self.at(row)
        rows.statuses[own] = status

    def refuse(self, row: int, kind: str, *, variable: str = "", value: str = "", allowed: str = "") -> Finding:
        """Reject a row and return the finding that says so."""
        rows, own = self.at(row)
        rows.statuses[own] = kind
        column = rows.column_of(variable)
        return rows.finding(
            own,
            "reject",
            kind,
            column=column,
            variable=variable,
            value=value,
            allowed=allowed,
            action="row rejected",
        )

    def place_in_words(self, row: int) -> str:
        """Return where a row stands, for a finding about another row."""
        rows, own = self.at(row)
        line, record = rows.place(own)
        return f"{rows.records.file} " + (f"record {record}" if line is None else f"line {line}")

    def kept(self) -> TableRows:
        """Return the rows that no check has taken out so far."""
        return TableRows(self.table, self.blocks, rows_frame(self.blocks, self.table))


def assemble_tables(blocks: Sequence[BlockRows]) -> tuple[dict[str, pd.DataFrame], list[Finding]]:
    """Return every table in codebook form, and what the checks across rows found.

    Parameters
    ----------
    blocks
        The rows of every block; their statuses are set in place.
    """
    tables: dict[str, pd.DataFrame] = {}
    findings: list[Finding] = []
    for table in read_codebook():
        own = [rows for rows in blocks if rows.block.table == table]
        rows = TableRows(table, own, rows_frame(own, table))
        if table != "patients":
            findings += _refuse_unknown_patients(rows, tables["patients"])
            rows = rows.kept()
        repeats = _collapse(rows)
        unique = rows.kept()
        findings += _refuse_duplicates(unique)
        findings += _tell_repeats(rows, repeats)
        rows = _settled(unique)
        tables[table] = typed_table(table, rows.frame)
        findings += _warnings(rows, tables[table], tables["patients"])
    return tables, findings


def _refuse_unknown_patients(rows: TableRows, patients: pd.DataFrame) -> Iterator[Finding]:
    for row in unknown_patients(rows.frame, patients):
        yield rows.refuse(
            row,
            "unknown_patient",
            variable="patient_id",
            value=rows.frame["patient_id"][row],
            allowed="a patient_id that has an accepted row in patients",
        )


def _collapse(rows: TableRows) -> list[tuple[int, int]]:
    """Set identical rows aside where the mapping says so, and return each with the earlier row it repeats."""
    tolerant = [n for n, own in enumerate(rows.blocks) if own.block.is_distinct or own.block.keeps_one]
    repeats = identical_rows(rows.frame, tolerant) if tolerant else []
    for row, _ in repeats:
        rows.set_status(row, COLLAPSED)
    return repeats


def _tell_repeats(rows: TableRows, repeats: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    """Tell of rows that repeat a row that was taken; where that one was rejected, they are rejected with it."""
    counts: dict[int, int] = {}
    for row, earlier in repeats:
        own, number = rows.at(row)
        head, head_number = rows.at(earlier)
        words = f"one row; the same as {rows.place_in_words(earlier)}"
        if head.statuses[head_number] not in TAKEN:
            words = f"{words}, which was rejected"
            yield rows.refuse(row, head.statuses[head_number], variable="patient_id", allowed=words)
        elif own.block.is_distinct:
            block = rows.frame["_block"][row]
            counts[block] = counts.get(block, 0) + 1
        else:
            yield own.finding(number, "warn", "identical_row", allowed=words, action="counted once")
    for block, count in counts.items():
        words = f"{count} rows repeat an earlier one and are counted once (distinct = true)"
        file = rows.blocks[block].records.file
        yield Finding("info", "identical_rows", file, table=rows.table, action=words)


def _refuse_duplicates(rows: TableRows) -> Iterator[Finding]:
    found = duplicates(rows.frame, rows.table)
    key = ", ".join(read_codebook()[rows.table].key)
    for group in found.clashing:
        places = {row: rows.place_in_words(row) for row in group[: OTHERS_SHOWN + 1]}
        for row in group:
            others = [place for other, place in places.items() if other != row][:OTHERS_SHOWN]
            more = f" and {len(group) - 1 - len(others)} more" if len(group) - 1 > len(others) else ""
            words = f"one row for each {key}; the same key in {', '.join(others)}{more}"
            yield rows.refuse(row, "duplicate_key", variable="patient_id", allowed=words)
    if found.joined:
        count = sum(len(group) - 1 for group in found.joined)
        first = rows.at(found.joined[0][0])[0].records.file
        words = f"{count} rows complete a row of another block with the same {key} and are joined to it"
        yield Finding("info", "joined_rows", first, table=rows.table, action=words)


def _settled(rows: TableRows) -> TableRows:
    """Join the rows that complete one another; what clashed was taken out before."""
    kept = rows.kept()
    groups = duplicates(kept.frame, kept.table).joined
    if not groups:
        return kept
    joined = TableRows(kept.table, kept.blocks, join_rows(kept.frame, groups))
    followers = [row for group in groups for row in group[1:]]
    for row in followers:
        joined.set_status(row, JOINED)
    return TableRows(kept.table, kept.blocks, joined.frame.drop(index=followers).reset_index(drop=True))


def _warnings(rows: TableRows, content: pd.DataFrame, patients: pd.DataFrame) -> Iterator[Finding]:
    for doubt in doubts(rows.table, content, patients):
        own, number = rows.at(doubt.row)
        yield own.finding(
            number,
            "warn",
            doubt.kind,
            column=own.column_of(doubt.variable),
            variable=doubt.variable,
            value=doubt.value,
            allowed=doubt.allowed,
            action="kept",
        )
