"""Records of a file: cells as text with record numbers and physical lines, each column kept as distinct texts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nmosd_cohort.intake.errors import InputError
from nmosd_cohort.intake.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file: codes point to distinct texts; `texts` are `raw` without outer blanks."""

    codes: NDArray[np.intp]
    texts: tuple[str, ...]
    raw: tuple[str, ...]

    def is_blank(self) -> NDArray[np.bool_]:
        """Return for each record whether its cell is blank."""
        import numpy as np

        blank = np.array([text == "" for text in self.texts], dtype=bool)
        return blank[self.codes] if len(blank) else np.zeros(len(self.codes), dtype=bool)


@dataclass(frozen=True, slots=True)
class Misshapen:
    """One record whose cells do not fit the header, so that no cell can be given a column."""

    record: int
    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one file as text.

    Parameters
    ----------
    columns
        Column by name, in the order of the file; each holds one cell for each well-formed record.
    lines, numbers
        Physical line on which each well-formed record starts (0 where a file has no lines), and its number.
    misshapen
        Records with too few or too many cells.
    empty_count, empty_cells
        Records without any content, and how many cells they had.
    native
        Columns that were numbers or dates already, hence free of any decimal mark or date format.
    """

    file: str
    columns: dict[str, Column]
    lines: NDArray[np.int64]
    numbers: NDArray[np.int64]
    misshapen: tuple[Misshapen, ...]
    empty_count: int
    empty_cells: int
    findings: tuple[Finding, ...]
    sha256: str
    size: int
    native: frozenset[str] = frozenset()

    @property
    def records_read(self) -> int:
        """How many data records the file held."""
        return len(self.numbers) + len(self.misshapen) + self.empty_count


def build_records(
    file: str,
    header: Sequence[str],
    cells: Sequence[Sequence[str]],
    lines: Sequence[int],
    numbers: Sequence[int],
    content: bytes,
    *,
    misshapen: tuple[Misshapen, ...] = (),
    empty: tuple[int, int] = (0, 0),
    findings: Sequence[Finding] = (),
    native: frozenset[str] = frozenset(),
) -> Records:
    """Return records from a header and one sequence of cells a column."""
    import numpy as np

    names = [name or f"column {place}" for place, name in enumerate(header, start=1)]
    columns = {name: _column(values) for name, values in zip(names, cells, strict=True)}
    unnamed = [name for name, given in zip(names, header, strict=True) if not given]
    notes = [*findings, *_unnamed_columns(columns, unnamed, file), *_outer_blanks(columns, file)]
    notes += [_misshapen_finding(record, len(names), file) for record in misshapen]
    return Records(
        file=file,
        columns=columns,
        lines=np.asarray(lines, dtype=np.int64),
        numbers=np.asarray(numbers, dtype=np.int64),
        misshapen=misshapen,
        empty_count=empty[0],
        empty_cells=empty[1],
        findings=tuple(notes),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        native=native,
    )


def check_header(header: Sequence[str], file: str) -> None:
    """Raise when two columns have the same name."""
    for name in dict.fromkeys(header):
        places = [str(place) for place, other in enumerate(header, start=1) if other == name]
        if name and len(places) > 1:
            raise InputError(
                f"{file}: line 1: the header has the same name in columns {', '.join(places)}; "
                "give each column its own name"
            )


def _column(values: Sequence[str]) -> Column:
    import numpy as np
    import pandas as pd

    cells = np.empty(len(values), dtype=object)
    cells[:] = values
    codes, raw = pd.factorize(cells)
    return Column(codes, tuple(text.strip() for text in raw), tuple(raw))


def _unnamed_columns(columns: dict[str, Column], unnamed: Sequence[str], file: str) -> Iterator[Finding]:
    for name in unnamed:
        if not columns[name].is_blank().all():
            raise InputError(f"{file}: line 1: {name} has values but no name in the header; name it")
        yield Finding("warn", "unnamed_column", file, line=1, column=name, action="empty column left out")


def _outer_blanks(columns: dict[str, Column], file: str) -> Iterator[Finding]:
    import numpy as np

    for name, column in columns.items():
        padded = [code for code, text in enumerate(column.texts) if text and text != column.raw[code]]
        if padded:
            count = int(np.isin(column.codes, padded).sum())
            yield Finding(
                "info",
                "outer_blanks",
                file,
                column=name,
                action=f"blanks around the value removed in {count} cells",
            )


def _misshapen_finding(record: Misshapen, width: int, file: str) -> Finding:
    count = len(record.cells)
    return Finding(
        "reject",
        "short_row" if count < width else "long_row",
        file,
        line=record.line,
        record=record.record,
        allowed=f"{width} cells as in the header; this row has {count}",
        action="row quarantined",
    )
