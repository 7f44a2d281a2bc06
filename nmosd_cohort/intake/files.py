"""Files become records: cells as text, with record numbers and physical lines; nothing is guessed."""

from __future__ import annotations

import codecs
import csv
import io
from typing import TYPE_CHECKING

from nmosd_cohort.intake.errors import ConfigurationError, InputError
from nmosd_cohort.intake.findings import Finding
from nmosd_cohort.intake.records import Misshapen, Records, build_records, check_header

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Known by their first bytes, whatever the file is called; none of them is ever unpacked or unpickled.
SIGNATURES = (
    (b"PK\x03\x04", "a zip archive or spreadsheet workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet workbook"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"FEA1", "a Feather file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"$FL2", "an SPSS file"),
    (b"<stata_dta>", "a Stata file"),
    (b"RDX", "an R data file"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    *((bytes([0x80, protocol]), "a pickle") for protocol in range(2, 6)),
)
DELIMITERS = {";": "semicolons", ",": "commas", "\t": "tabs", "|": "bars"}


def read_file(path: Path, file: str, *, encoding: str = "utf-8", delimiter: str = ",") -> Records:
    """Return the records of one CSV or Parquet file.

    Parameters
    ----------
    path
        Where the file lies; a name that ends in ``.parquet`` is read as Parquet, every other one as CSV.
    file
        What messages and findings call it.
    encoding, delimiter
        As declared for the file; no other is ever tried.

    Raises
    ------
    InputError
        When the file as a whole cannot be read, with the line and the remedy.
    ConfigurationError
        When the encoding does not exist.
    """
    content = read_bytes(path, file)
    if path.suffix.lower() == ".parquet":
        from nmosd_cohort.intake.columnar import parquet_records

        return parquet_records(content, file)
    return csv_records(content, file, encoding=encoding, delimiter=delimiter)


def read_bytes(path: Path, file: str) -> bytes:
    """Return the bytes of a file, or say in one line why they cannot be had."""
    try:
        content = path.read_bytes()
    except IsADirectoryError:
        raise InputError(f"{file}: is a folder, a file was expected") from None
    except FileNotFoundError:
        raise InputError(f"{file}: there is no such file; put it there or correct the name") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror or 'input error'}") from None
    if not content:
        raise InputError(f"{file}: the file is empty; export it again")
    return content


def csv_records(content: bytes, file: str, *, encoding: str, delimiter: str) -> Records:
    """Return the records of a CSV file from its bytes; see `read_file`."""
    _refuse_other_formats(content, file)
    text, has_mark = _decoded(content, file, encoding)
    rows = _numbered_rows(text, file, delimiter)
    header = _header(next(rows, (1, [])), file, delimiter)
    width = len(header)
    kept: list[list[str]] = []
    lines: list[int] = []
    numbers: list[int] = []
    misshapen: list[Misshapen] = []
    empty_count, empty_cells = 0, 0
    for number, (line, row) in enumerate(rows, start=1):
        if not any(row) or not "".join(row).strip():
            empty_count, empty_cells = empty_count + 1, empty_cells + len(row)
        elif len(row) != width:
            misshapen.append(Misshapen(number, line, tuple(row)))
        else:
            kept.append(row)
            lines.append(line)
            numbers.append(number)
    notes = [Finding("info", "byte_order_mark", file, line=1, action="byte order mark removed")] if has_mark else []
    return build_records(
        file,
        header,
        list(zip(*kept, strict=True)) if kept else [()] * width,
        lines,
        numbers,
        content,
        misshapen=tuple(misshapen),
        empty=(empty_count, empty_cells),
        findings=notes,
    )


def _refuse_other_formats(content: bytes, file: str) -> None:
    for signature, description in SIGNATURES:
        if content.startswith(signature):
            raise InputError(f"{file}: this is {description}, not a text file; export the table as CSV or Parquet")


def _decoded(content: bytes, file: str, encoding: str) -> tuple[str, bool]:
    """Return the text without its byte order mark, and whether it had one."""
    try:
        is_utf8 = codecs.lookup(encoding.replace("\x00", "x")).name in ("utf-8", "utf-8-sig")
        if content.startswith(codecs.BOM_UTF8) and not is_utf8:
            raise InputError(
                f'{file}: begins with the byte order mark of UTF-8 but encoding is "{encoding}"; set encoding = "utf-8"'
            )
        text = content.decode("utf-8" if is_utf8 else encoding)
    except LookupError:
        raise ConfigurationError(f'{file}: there is no text encoding "{encoding}"; set encoding to its name') from None
    except UnicodeDecodeError as error:
        raise InputError(_undecodable(content, file, encoding, error.start)) from None
    has_mark = text.startswith("\ufeff")
    text = text.removeprefix("\ufeff")
    if "\x00" in text:
        line = text[: text.index("\x00")].count("\n") + 1
        raise InputError(f'{file}: line {line}: has a zero byte; if the file is UTF-16 set encoding = "utf-16"')
    if not text:
        raise InputError(f"{file}: the file is empty; export it again")
    return text, has_mark


def _undecodable(content: bytes, file: str, encoding: str, offset: int) -> str:
    line = content.count(b"\n", 0, offset) + 1
    example = "utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "gb18030"
    return (
        f"{file}: line {line}: byte {offset} is not valid {encoding}; "
        f'set encoding = "..." of this [[source]] to what the file was saved in, for example "{example}"'
    )


def _numbered_rows(text: str, file: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the physical line on which each row starts, and the row."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for row in reader:
            yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        line = _opening_quote(text, start, delimiter)
        words = "a cell that begins here is too long" if "limit" in str(error) else "a quote opens here"
        raise InputError(
            f"{file}: line {line}: {words} and is not closed properly; "
            'close its quote, and write a quote inside a quoted cell as ""'
        ) from None


def _opening_quote(text: str, start: int, delimiter: str) -> int:
    """Return the line of the quote that the row starting at line `start` leaves open or closes wrongly."""
    line, opened = start, start
    at_cell_start, quoted, closed = True, False, False
    for position, lines in enumerate(io.StringIO(text, newline=""), start=1):
        line = position
        for sign in lines if position >= start else ():
            if quoted and not closed:
                closed = sign == '"'
            elif quoted and sign == '"':
                closed = False
            elif quoted and sign != delimiter and sign not in "\r\n":
                return opened
            elif at_cell_start and sign == '"':
                quoted, closed, opened = True, False, line
            else:
                quoted, closed = False, False
            at_cell_start = not quoted and (sign == delimiter or sign in "\r\n")
    return opened


def _header(first: tuple[int, list[str]], file: str, delimiter: str) -> list[str]:
    header = [cell.strip() for cell in first[1]]
    if not any(header):
        raise InputError(f"{file}: line 1: there is no header; the first line must name the columns")
    if len(header) == 1:
        for other, words in DELIMITERS.items():
            count = header[0].count(other)
            if other != delimiter and count:
                shown = "\\t" if other == "\t" else other
                raise InputError(
                    f"{file}: line 1: the header has one column but {count} {words}; "
                    f'set delimiter = "{shown}" of this [[source]] in registry.toml'
                )
    check_header(header, file)
    return header
