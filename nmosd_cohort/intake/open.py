"""Open a registry: a folder, a registry.toml or a dict of frames becomes a checked `Registry`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nmosd_cohort._version import __version__
from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.codebook.nearest import nearest
from nmosd_cohort.intake.assemble import assemble_tables
from nmosd_cohort.intake.columnar import frame_records
from nmosd_cohort.intake.errors import ConfigurationError, InputError
from nmosd_cohort.intake.files import read_file
from nmosd_cohort.intake.findings import Finding, Severity, accounting_frame, findings_frame, quarantine_frame
from nmosd_cohort.intake.ledger import Ledger, accounting_row, close_ledger, quarantine_rows
from nmosd_cohort.intake.mapping import RegistryMapping, Source, check_columns, codebook_source
from nmosd_cohort.intake.mapping_file import read_mapping
from nmosd_cohort.intake.records import Records
from nmosd_cohort.intake.registry import Registry
from nmosd_cohort.intake.rows import read_block

if TYPE_CHECKING:
    import pandas as pd

Backend = Literal["pandas", "duckdb"]
MAPPING_FILE = "registry.toml"
TABLE_FILE_TYPES = (".csv", ".parquet")
NOTE_FILE_TYPES = (".json", ".md", ".pdf", ".toml")


def open_registry(
    source: str | os.PathLike[str] | Mapping[str, pd.DataFrame], *, backend: Backend = "pandas"
) -> Registry:
    """Return the checked tables of a registry, with a finding for each problem and every record counted.

    Parameters
    ----------
    source
        One of three, all of which pass through the same checks:

        - a ``registry.toml`` that maps a registry's own files, or a folder that holds one;
        - a folder of CSV or Parquet files in codebook form, named after the tables, for example
          ``patients.csv``. A ``registry.toml`` beside them that has no ``[[source]]`` may give name, data cut
          and limits. Names that begin with a dot are not looked at;
        - a dict of table name to pandas frame in codebook form.
    backend
        Whether the tables are pandas frames or relations of an in-memory DuckDB database.

    Returns
    -------
    Registry
        ``tables`` holds every table of the codebook. ``provenance`` holds name, data_cut, language, care_level,
        catchment, files (file, sha256, bytes, rows), mapping_sha256, package_version, delivered (variables by table),
        quarantine_percent, quarantine_percent_limit and quarantine_exceeded.

    Raises
    ------
    InputError
        When a file cannot be read at all.
    ConfigurationError
        When registry.toml or an argument is wrong.

    Notes
    -----
    A ``registry.toml`` in full; only name, file, table and columns are needed::

        [registry]
        name = "Our registry"
        data_cut = "2025-12-31"          # later dates are rejected as implausible
        language = "en"                  # or "zh"

        [limits]
        quarantine_percent = 10          # more than this and quarantine_exceeded is true

        [[source]]                       # one for each CSV or Parquet file in the folder of this file
        file = "visits.csv"
        encoding = "gb18030"             # default utf-8; no other is ever tried
        delimiter = ";"                  # default ,
        decimal = ","                    # default .
        date_format = "%d.%m.%Y"         # default %Y-%m-%d
        missing = { "-99" = "not asked" }    # in every column but ids
        ignore = ["free_text"]           # columns known and left out

        [[source.table]]                 # one for each row that a record can give, so several for a wide file
        table = "assessments"
        where = { form = "visit" }       # records to take: one text or a list of texts for each column
        distinct = true                  # identical rows become one: for files that repeat a patient's facts
        duplicates = "keep_one"          # of identical rows keep one, with a warning; default "reject"

        [source.table.columns]           # variable = where it comes from
        patient_id = { columns = ["series", "patient"], join = "/" }
        assessment_date = { column = "day", day_zero = "2000-01-01" }   # whole days from day zero
        pain_nrs = { column = "low", upper = "high" }    # taken where both agree, else rejected as a range
        sf36_bp = { column = "bp", decimal = ".", missing = { "99" = "unknown" } }
        edss = "EDSS"
        pain_recall = { value = "worst_24h" }            # the same for every row
        has_pain = { column = "pain", codes = { "ja" = "true", "nein" = "false" } }
        bpi_severity = { column = "mm", factor = 0.1 }

    A record whose cells are all blank for a block, apart from the patient, gives no row of that block; for
    assessments and labs the date does not count as content either. Rows of different blocks with the same key
    become one where they do not contradict one another. A time of day is dropped from a date.

    Examples
    --------
    >>> import pandas as pd
    >>> patients = pd.DataFrame({"patient_id": ["001", "1"], "sex": ["female", "F"]})
    >>> registry = open_registry({"patients": patients})
    >>> registry.findings[["record", "variable", "value", "allowed"]].iloc[0].tolist()
    [2, 'sex', 'F', 'one of female, male']
    """
    if backend not in ("pandas", "duckdb"):
        raise ConfigurationError(f'backend is one of "pandas", "duckdb", not {backend!r}')
    mapping, records, findings = _delivered(source)
    registry = _checked(mapping, records, findings)
    return registry.to_duckdb() if backend == "duckdb" else registry


Delivered = tuple[RegistryMapping, dict[str, Records], list[Finding]]


def _delivered(source: object) -> Delivered:
    if isinstance(source, Mapping):
        return _from_frames(source)
    if not isinstance(source, (str, os.PathLike)):
        raise ConfigurationError(
            f"source is a folder, a registry.toml or a dict of frames by table, not {type(source).__name__}"
        )
    path = Path(source)
    if path.is_dir():
        has_mapping = (path / MAPPING_FILE).exists()
        return _from_mapping(path / MAPPING_FILE) if has_mapping else _from_folder(path, RegistryMapping(path.name))
    if path.suffix.lower() == ".toml" or not path.exists():
        return _from_mapping(path)
    raise ConfigurationError(f"{path.name}: give the folder that holds it, or a registry.toml that maps it")


def _from_mapping(path: Path) -> Delivered:
    mapping = read_mapping(path)
    if not mapping.sources:
        return _from_folder(path.parent, mapping)
    records = {
        source.file: read_file(
            path.parent / source.file, source.file, encoding=source.encoding, delimiter=source.delimiter
        )
        for source in mapping.sources
    }
    findings = check_columns(mapping.sources, records)
    if mapping.data_cut is None:
        words = "data_cut in [registry]; without it a date in the future cannot be told"
        findings.append(Finding("info", "no_data_cut", path.name, allowed=words))
    return mapping, records, findings


def _from_folder(folder: Path, mapping: RegistryMapping) -> Delivered:
    found: dict[str, Path] = {}
    findings = []
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder.name}: cannot be read: {error.strerror or 'input error'}") from None
    for path in paths:
        if path.name.startswith(".") or path.name == MAPPING_FILE:
            continue
        if path.suffix.lower() not in TABLE_FILE_TYPES or path.stem not in read_codebook():
            findings.append(_unknown_file(path))
        elif path.stem in found:
            raise InputError(f"{path.name}: {found[path.stem].name} holds the same table; keep one of the two")
        else:
            found[path.stem] = path
    records = {table: read_file(found[table], found[table].name) for table in read_codebook() if table in found}
    return _in_codebook_form(mapping, records, findings, f"{folder.name}: ")


def _from_frames(frames: Mapping[Any, Any]) -> Delivered:
    unknown = [str(name) for name in frames if name not in read_codebook()]
    if unknown:
        raise ConfigurationError(f'there is no table "{unknown[0]}"; {nearest(unknown[0], read_codebook())}')
    for name, frame in frames.items():
        if not hasattr(frame, "iloc"):
            raise ConfigurationError(f'table "{name}" must be a pandas frame, not {type(frame).__name__}')
    records = {table: frame_records(frames[table], table) for table in read_codebook() if table in frames}
    return _in_codebook_form(RegistryMapping("frames"), records, [], "")


def _in_codebook_form(
    mapping: RegistryMapping, records: dict[str, Records], findings: list[Finding], where: str
) -> Delivered:
    if "patients" not in records:
        raise InputError(f"{where}there is no table patients; every row belongs to a patient")
    sources = []
    for table, content in records.items():
        source, found = codebook_source(table, content, mapping.data_cut)
        sources.append(source)
        findings += found
    return replace(mapping, sources=tuple(sources)), {own.file: own for own in records.values()}, findings


def _unknown_file(path: Path) -> Finding:
    tables = [f"{table}{suffix}" for table in read_codebook() for suffix in TABLE_FILE_TYPES]
    hint = nearest(path.name, tables)
    words = hint if hint.startswith("did") else "a CSV or Parquet file named after a table of the codebook"
    # A note beside the tables loses no data; anything that could be data is a warning.
    severity: Severity = "info" if path.suffix.lower() in NOTE_FILE_TYPES else "warn"
    return Finding(severity, "unknown_file", path.name, allowed=words, action="file not read")


def _checked(mapping: RegistryMapping, records: Mapping[str, Records], findings: list[Finding]) -> Registry:
    """Read, check and count: the one path that every source takes."""
    findings = [
        *findings,
        *(note for own in records.values() for note in own.findings),
        *_same_content(records),
    ]
    blocks = []
    for source in mapping.sources:
        for block in source.blocks:
            rows, found = read_block(block, records[source.file])
            blocks.append(rows)
            findings += found
    tables, found = assemble_tables(blocks)
    findings += found
    ledgers = []
    for file, own in records.items():
        ledger, found = close_ledger(own, [rows for rows in blocks if rows.records.file == file])
        ledgers.append(ledger)
        findings += found
    return Registry(
        tables=tables,
        findings=findings_frame(findings, {file: list(own.columns) for file, own in records.items()}),
        quarantine=quarantine_frame([row for ledger in ledgers for row in quarantine_rows(ledger)]),
        accounting=accounting_frame([accounting_row(ledger) for ledger in ledgers]),
        provenance=_provenance(mapping, ledgers),
    )


def _same_content(records: Mapping[str, Records]) -> list[Finding]:
    first: dict[str, str] = {}
    findings = []
    for file, own in records.items():
        if own.sha256 in first:
            words = f"a file of its own; the same bytes as {first[own.sha256]}"
            findings.append(Finding("warn", "same_content", file, allowed=words))
        first.setdefault(own.sha256, file)
    return findings


def _provenance(mapping: RegistryMapping, ledgers: list[Ledger]) -> dict[str, Any]:
    files = [
        {"file": own.file, "sha256": own.sha256, "bytes": own.size, "rows": own.records_read}
        for own in (ledger.records for ledger in ledgers)
    ]
    share = _quarantine_percent(ledgers)
    return {
        "name": mapping.name,
        "data_cut": mapping.data_cut.isoformat() if mapping.data_cut else "",
        "language": mapping.language,
        "care_level": mapping.care_level,
        "catchment": mapping.catchment,
        "files": files,
        "mapping_sha256": mapping.sha256,
        "package_version": __version__,
        "delivered": _delivered_variables(mapping.sources),
        "quarantine_percent": share,
        "quarantine_percent_limit": mapping.quarantine_percent,
        "quarantine_exceeded": share > mapping.quarantine_percent,
    }


def _quarantine_percent(ledgers: list[Ledger]) -> float:
    rows = [accounting_row(ledger) for ledger in ledgers]
    quarantined = sum(row[3] for row in rows)
    filled = sum(row[2] for row in rows) + quarantined
    return 100.0 * quarantined / filled if filled else 0.0


def _delivered_variables(sources: tuple[Source, ...]) -> dict[str, list[str]]:
    given = {(block.table, rule.variable) for source in sources for block in source.blocks for rule in block.rules}
    return {
        name: [variable for variable in table.variables if (name, variable) in given]
        for name, table in read_codebook().items()
        if any(own == name for own, _ in given)
    }
