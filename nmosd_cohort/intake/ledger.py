"""Every record and every cell of a file is counted exactly once, whatever became of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nmosd_cohort.intake.findings import Finding
from nmosd_cohort.intake.rows import ABSENT, TAKEN, BlockRows
from nmosd_cohort.intake.values import CellState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from nmosd_cohort.intake.records import Misshapen, Records


@dataclass(frozen=True, slots=True)
class Ledger:
    """What became of one file.

    Parameters
    ----------
    states
        State of each cell, one row a well-formed record, one column a column of the file.
    is_accepted
        Whether any table took a row of the record.
    refusals
        Record position, table and reason of each row that was not taken.
    """

    records: Records
    states: NDArray[np.uint8]
    is_accepted: NDArray[np.bool_]
    refusals: tuple[tuple[int, str, str], ...]


def close_ledger(records: Records, blocks: Sequence[BlockRows]) -> tuple[Ledger, list[Finding]]:
    """Return the ledger of a file after all checks, and a finding for each record that no block took.

    Parameters
    ----------
    records
        The records of the file.
    blocks
        The rows of the blocks that read it, with their final statuses.
    """
    import numpy as np

    is_accepted = np.zeros(len(records.numbers), dtype=bool)
    is_asked = np.zeros(len(records.numbers), dtype=bool)
    refusals = []
    for rows in blocks:
        taken = np.isin(rows.statuses, TAKEN)
        is_accepted[rows.positions[taken]] = True
        is_asked[rows.positions] = True
        refused_rows = np.flatnonzero(~taken & (rows.statuses != ABSENT))
        refusals += [(int(rows.positions[row]), rows.block.table, rows.statuses[row]) for row in refused_rows]
    findings = []
    refused = {position for position, _, _ in refusals}
    for position in np.flatnonzero(~is_accepted):
        if position not in refused:
            kind = "blank_row" if is_asked[position] else "unmapped_row"
            refusals.append((int(position), "", kind))
            findings.append(_left_out(records, int(position), kind))
    states = _cell_states(records, blocks, is_accepted)
    return Ledger(records, states, is_accepted, tuple(refusals)), findings


def quarantine_rows(ledger: Ledger) -> Iterator[tuple[object, ...]]:
    """Yield what was not taken, in the order of the file: whole records, and rows of single tables."""
    records = ledger.records
    whole: dict[int, list[str]] = {}
    rows: list[tuple[int, int, str, str, str]] = []
    for position, table, reason in ledger.refusals:
        if ledger.is_accepted[position]:
            rows.append((*_place(records, position), table, reason, _cells(records, position)))
        else:
            whole.setdefault(position, []).append(reason)
    for position, reasons in whole.items():
        reason = "; ".join(dict.fromkeys(reasons))
        rows.append((*_place(records, position), "", reason, _cells(records, position)))
    rows += [_misshapen_row(record, list(records.columns)) for record in records.misshapen]
    for number, line, *rest in sorted(rows, key=lambda row: row[0]):
        yield records.file, line or None, number, *rest


def accounting_row(ledger: Ledger) -> tuple[Any, ...]:
    """Return the counts of a file in the order of ``ACCOUNTING_COLUMNS``.

    Raises
    ------
    RuntimeError
        When the parts do not add up to what was read, which would be an error of this package.
    """
    import numpy as np

    records = ledger.records
    accepted = int(ledger.is_accepted.sum())
    quarantined = len(ledger.is_accepted) - accepted + len(records.misshapen)
    counts = np.bincount(ledger.states.reshape(-1), minlength=4)
    misshapen = [cell for record in records.misshapen for cell in record.cells]
    blank = sum(not cell.strip() for cell in misshapen)
    cells_read = ledger.states.size + len(misshapen) + records.empty_cells
    missing = int(counts[CellState.MISSING]) + blank + records.empty_cells
    rejected = int(counts[CellState.REJECTED]) + len(misshapen) - blank
    row = (
        records.file,
        *(records.records_read, accepted, quarantined, records.empty_count),
        *(cells_read, int(counts[CellState.ACCEPTED]), missing, rejected, int(counts[CellState.NOT_MAPPED])),
    )
    if row[1] != sum(row[2:5]) or row[5] != sum(row[6:10]):
        raise RuntimeError(f"{records.file}: the accounting does not add up: {row[1:]}")
    return row


def _cell_states(records: Records, blocks: Sequence[BlockRows], is_accepted: NDArray[np.bool_]) -> NDArray[np.uint8]:
    import numpy as np

    number = {name: place for place, name in enumerate(records.columns)}
    blank = {name: column.is_blank() for name, column in records.columns.items()}
    states = np.zeros((len(records.numbers), len(number)), dtype=np.uint8)
    for rows in blocks:
        taken = np.isin(rows.statuses, TAKEN)
        for reading in rows.readings:
            outcome = _row_states(reading.states(), taken, rows)
            for name in reading.rule.columns:
                _raise(states, rows.positions, number[name], outcome, blank[name][rows.positions])
        used = np.full(len(taken), CellState.ACCEPTED, dtype=np.uint8)
        for name in rows.block.where:
            outcome = _row_states(used, taken, rows)
            _raise(states, rows.positions, number[name], outcome, blank[name][rows.positions])
    for name, place in number.items():
        quarantined = np.where(blank[name], CellState.MISSING, CellState.REJECTED)
        states[~is_accepted, place] = quarantined[~is_accepted]
    return states


def _row_states(states: NDArray[np.uint8], taken: NDArray[np.bool_], rows: BlockRows) -> NDArray[np.uint8]:
    """Return the states of the cells of a block; no cell of a row that was not taken is accepted."""
    import numpy as np

    absent = rows.statuses == ABSENT
    return np.where(taken, states, np.where(absent, CellState.NOT_MAPPED, CellState.REJECTED)).astype(np.uint8)


def _raise(
    states: NDArray[np.uint8],
    positions: NDArray[np.intp],
    place: int,
    outcome: NDArray[np.uint8],
    blank: NDArray[np.bool_],
) -> None:
    import numpy as np

    own = np.where(blank, CellState.MISSING, outcome).astype(np.uint8)
    states[positions, place] = np.maximum(states[positions, place], own)


def _left_out(records: Records, position: int, kind: str) -> Finding:
    words = {
        "unmapped_row": "a record that some [[source.table]] takes",
        "blank_row": "a value in at least one mapped column besides the patient",
    }
    number, line = _place(records, position)
    return Finding("warn", kind, records.file, line or None, number, allowed=words[kind], action="row quarantined")


def _place(records: Records, position: int) -> tuple[int, int]:
    return int(records.numbers[position]), int(records.lines[position])


def _cells(records: Records, position: int) -> str:
    cells = {name: column.raw[column.codes[position]] for name, column in records.columns.items()}
    return json.dumps(cells, ensure_ascii=False)


def _misshapen_row(record: Misshapen, names: list[str]) -> tuple[int, int, str, str, str]:
    names = names + [f"cell {place}" for place in range(len(names) + 1, len(record.cells) + 1)]
    cells = json.dumps(dict(zip(names, record.cells, strict=False)), ensure_ascii=False)
    reason = "short_row" if len(record.cells) < len(names) else "long_row"
    return record.record, record.line, "", reason, cells
