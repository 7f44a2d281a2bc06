"""Records become rows: each block of the mapping gives at most one row of its table from each record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nmosd_cohort.codebook import Variable, read_codebook
from nmosd_cohort.intake.findings import Finding
from nmosd_cohort.intake.values import BLANK, CellState, Parsed, parse_pair, parse_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from nmosd_cohort.intake.mapping import Block, Rule
    from nmosd_cohort.intake.records import Records

# Statuses of a row. Every other status is the kind of the rule for which the row was not taken.
KEPT, COLLAPSED, JOINED, ABSENT = "", "collapsed", "joined", "absent"
TAKEN = (KEPT, COLLAPSED, JOINED)
# Signs of an offending cell that a finding shows; the quarantine holds it whole.
SHOWN = 80


@dataclass(frozen=True, slots=True)
class Reading:
    """One variable read from the selected records: distinct outcomes, and which of them each record has."""

    rule: Rule
    outcomes: tuple[Parsed, ...]
    codes: NDArray[np.intp]

    def values(self) -> NDArray[np.object_]:
        """Return the value for each record, None where there is none."""
        import numpy as np

        distinct = np.empty(len(self.outcomes), dtype=object)
        distinct[:] = [outcome.value for outcome in self.outcomes]
        return distinct[self.codes]

    def states(self) -> NDArray[np.uint8]:
        """Return the cell state for each record."""
        import numpy as np

        return np.array([outcome.state for outcome in self.outcomes], dtype=np.uint8)[self.codes]


@dataclass(frozen=True, slots=True)
class BlockRows:
    """The rows that one block gives: the record of each, its readings, and its status, changed in place."""

    block: Block
    records: Records
    positions: NDArray[np.intp]
    readings: tuple[Reading, ...]
    statuses: NDArray[np.object_]

    def place(self, row: int) -> tuple[int | None, int]:
        """Return the physical line (None where a file has no lines) and the record number of a row."""
        position = self.positions[row]
        return int(self.records.lines[position]) or None, int(self.records.numbers[position])

    def column_of(self, variable: str) -> str:
        """Return the column, or the columns, from which a variable is read."""
        return next((" + ".join(r.rule.columns) for r in self.readings if r.rule.variable == variable), "")

    def finding(self, row: int, severity: str, kind: str, **fields: str) -> Finding:
        """Return a finding about a row of this block."""
        line, record = self.place(row)
        return Finding(severity, kind, self.records.file, line, record, self.block.table, **fields)  # type: ignore[arg-type]


def read_block(block: Block, records: Records) -> tuple[BlockRows, list[Finding]]:
    """Return the rows of a block and what was found in their cells, before any check across rows.

    Parameters
    ----------
    block
        What to read, checked against the codebook already.
    records
        The records of its file, which has every column the block names.
    """
    import numpy as np

    variables = read_codebook()[block.table].variables
    positions = _selected(block, records)
    readings = tuple(_read(rule, records, positions, variables[rule.variable]) for rule in block.rules)
    rows = BlockRows(block, records, positions, readings, np.full(len(positions), KEPT, dtype=object))
    findings = [*_blank_rows(rows), *_cell_findings(rows), *_missing_codes(rows), *_required(rows)]
    return rows, findings


def rows_frame(blocks: list[BlockRows], table: str) -> pd.DataFrame:
    """Return the rows of a table that are still kept, each with its block and its number there."""
    import numpy as np
    import pandas as pd

    names = list(read_codebook()[table].variables)
    parts = []
    for number, rows in enumerate(blocks):
        kept = np.flatnonzero(rows.statuses == KEPT)
        values = {reading.rule.variable: reading.values()[kept] for reading in rows.readings}
        nothing = np.full(len(kept), None, dtype=object)
        # Of type object: pandas would turn dates into nanoseconds, which end in the year 2262.
        part = pd.DataFrame({name: values.get(name, nothing) for name in names}, dtype=object)
        parts.append(part.assign(_block=number, _row=kept))
    if not parts:
        return pd.DataFrame(columns=[*names, "_block", "_row"])
    return pd.concat(parts, ignore_index=True)


def _selected(block: Block, records: Records) -> NDArray[np.intp]:
    import numpy as np

    chosen = np.ones(len(records.numbers), dtype=bool)
    for name, wanted in block.where.items():
        column = records.columns[name]
        fits = np.array([text in wanted for text in column.texts], dtype=bool)
        chosen &= fits[column.codes] if len(fits) else False
    return np.flatnonzero(chosen)


def _read(rule: Rule, records: Records, positions: NDArray[np.intp], variable: Variable) -> Reading:
    import numpy as np

    if rule.constant is not None:
        outcome = parse_text(rule.constant, variable, rule.form)
        return Reading(rule, (outcome,), np.zeros(len(positions), dtype=np.intp))
    form = rule.form.without_notation() if set(rule.columns) <= records.native else rule.form
    columns = [records.columns[name] for name in rule.columns]
    if len(columns) == 1:
        outcomes = tuple(parse_text(text, variable, form) for text in columns[0].texts)
        return Reading(rule, outcomes, columns[0].codes[positions])
    together = np.stack([column.codes[positions] for column in columns], axis=1)
    distinct, codes = np.unique(together, axis=0, return_inverse=True)
    groups = [tuple(c.texts[code] for c, code in zip(columns, row, strict=True)) for row in distinct]
    if rule.is_pair:
        outcomes = tuple(parse_pair(low, high, variable, form) for low, high in groups)
    else:
        outcomes = tuple(_joined(parts, rule, variable) for parts in groups)
    return Reading(rule, outcomes, codes.reshape(-1))


def _joined(parts: tuple[str, ...], rule: Rule, variable: Variable) -> Parsed:
    if not any(parts):
        return BLANK
    if not all(parts):
        shown = rule.join.join(parts)
        words = f"a value in each of {', '.join(rule.columns)}"
        return Parsed(None, CellState.REJECTED, "incomplete", words, shown)
    return parse_text(rule.join.join(parts), variable, rule.form)


def _blank_rows(rows: BlockRows) -> Iterator[Finding]:
    """Set the status of rows without content; those that were asked for, or carry a date, are told."""
    import numpy as np

    payload = rows.block.payload()
    blank = np.ones(len(rows.positions), dtype=bool)
    silent = np.full(len(rows.positions), not rows.block.where)
    for reading in rows.readings:
        missing = reading.states() == CellState.MISSING
        if reading.rule.variable in payload:
            blank &= missing
        elif reading.rule.columns and reading.rule.variable != "patient_id":
            silent &= missing
    rows.statuses[blank & silent] = ABSENT
    rows.statuses[blank & ~silent] = "blank_row"
    for row in np.flatnonzero(blank & ~silent).tolist():
        words = f"a value in {', '.join(rows.column_of(name) for name in payload)}"
        yield rows.finding(row, "warn", "blank_row", allowed=words, action="row left out")


def _cell_findings(rows: BlockRows) -> Iterator[Finding]:
    import numpy as np

    for reading in rows.readings:
        for row in np.flatnonzero((reading.states() == CellState.REJECTED) & (rows.statuses != ABSENT)).tolist():
            outcome = reading.outcomes[reading.codes[row]]
            yield rows.finding(
                row,
                "reject",
                outcome.kind,
                column=" + ".join(reading.rule.columns),
                variable=reading.rule.variable,
                value=outcome.text[:SHOWN],
                allowed=outcome.allowed,
                action="cell rejected",
            )


def _missing_codes(rows: BlockRows) -> Iterator[Finding]:
    import numpy as np

    for reading in rows.readings:
        counts = np.bincount(reading.codes, minlength=len(reading.outcomes))
        for outcome, count in zip(reading.outcomes, counts, strict=True):
            if outcome.missing_label and count:
                yield Finding(
                    "info",
                    "missing_code",
                    rows.records.file,
                    table=rows.block.table,
                    column=" + ".join(reading.rule.columns),
                    variable=reading.rule.variable,
                    value=outcome.text,
                    action=f"{count} cells are missing: {outcome.missing_label}",
                )


def _required(rows: BlockRows) -> Iterator[Finding]:
    import numpy as np

    variables = read_codebook()[rows.block.table].variables
    for reading in rows.readings:
        variable = variables[reading.rule.variable]
        if not variable.required:
            continue
        for row in np.flatnonzero((reading.states() != CellState.ACCEPTED) & (rows.statuses == KEPT)).tolist():
            rows.statuses[row] = "required_missing"
            yield rows.finding(
                row,
                "reject",
                "required_missing",
                column=" + ".join(reading.rule.columns),
                variable=variable.name,
                allowed=f"every row of {rows.block.table} needs {variable.name}: {variable.allowed_in_words}",
                action="row rejected",
            )
