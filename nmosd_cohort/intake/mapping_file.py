"""Read registry.toml: every key is checked against what is known, and all problems are reported at once."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.codebook.catchment import read_population
from nmosd_cohort.codebook.nearest import nearest
from nmosd_cohort.intake.columnar import cell_text
from nmosd_cohort.intake.errors import ConfigurationError
from nmosd_cohort.intake.files import read_bytes
from nmosd_cohort.intake.mapping import Block, RegistryMapping, Rule, Source
from nmosd_cohort.intake.mapping_rule import (
    Problems,
    read_date_format,
    read_day,
    read_decimal,
    read_rule,
    read_texts,
)
from nmosd_cohort.intake.values import ValueFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from nmosd_cohort.codebook import Variable

TOP_KEYS = {"registry": dict, "catchment": dict, "limits": dict, "source": list}
REGISTRY_KEYS = {"name": str, "data_cut": (str, date), "language": str, "care_level": str}
# Where the patients come from, in the codes that the catalogue of published figures uses.
CARE_LEVELS = ("inpatients", "specialist_clinic", "several_clinics", "survey", "trial", "population")
CATCHMENT_KEYS = {"population": dict}
LIMIT_KEYS = {"quarantine_percent": (int, float)}
SOURCE_KEYS = {
    "file": str,
    "encoding": str,
    "delimiter": str,
    "decimal": str,
    "date_format": str,
    "missing": dict,
    "ignore": list,
    "table": list,
}
BLOCK_KEYS = {"table": str, "where": dict, "distinct": bool, "duplicates": str, "columns": dict}
FILE_TYPES = (".csv", ".tsv", ".txt", ".parquet")


def read_mapping(path: Path) -> RegistryMapping:
    """Return the mapping that a registry.toml declares.

    Parameters
    ----------
    path
        The file; the files it names must lie in its folder.

    Raises
    ------
    ConfigurationError
        With every problem, one a line, each with the nearest right name.
    """
    content = read_bytes(path, path.name)
    try:
        text = content.decode("utf-8-sig")
        entry = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path.name}: byte {error.start} is not UTF-8; save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path.name}: is not valid TOML: {error}") from None
    problems = Problems(path.name, text)
    mapping = _mapping(problems.keys(entry, TOP_KEYS, "the file"), path.parent, problems)
    if problems.messages:
        raise ConfigurationError("\n".join(dict.fromkeys(problems.messages)))
    return replace(mapping, sha256=hashlib.sha256(content).hexdigest())


def _mapping(entry: Mapping[str, Any], folder: Path, problems: Problems) -> RegistryMapping:
    head = problems.keys(entry.get("registry", {}), REGISTRY_KEYS, "[registry]")
    limits = problems.keys(entry.get("limits", {}), LIMIT_KEYS, "[limits]")
    if not head.get("name"):
        problems.add("[registry] needs a name")
    if head.get("language", "en") not in ("en", "zh"):
        problems.add("[registry]: language is one of en, zh", "language")
    if head.get("care_level", CARE_LEVELS[0]) not in CARE_LEVELS:
        problems.add(f"[registry]: care_level is one of {', '.join(CARE_LEVELS)}", "care_level")
    percent = float(limits.get("quarantine_percent", 10))
    if not 0 <= percent <= 100:
        problems.add("[limits]: quarantine_percent is from 0 to 100", "quarantine_percent")
    data_cut = read_day(head["data_cut"], "data_cut", problems) if "data_cut" in head else None
    sources = [
        _source(source, data_cut, folder, problems) for source in _tables(entry.get("source", []), "source", problems)
    ]
    _check_whole(sources, problems)
    return RegistryMapping(
        head.get("name", ""),
        data_cut,
        head.get("language", "en"),
        percent,
        tuple(sources),
        care_level=head.get("care_level"),
        catchment=_catchment(entry, problems),
    )


def _catchment(entry: Mapping[str, Any], problems: Problems) -> dict[str, Any] | None:
    """Return the population that the registry covers, as it is written, None without one."""
    if "catchment" not in entry:
        return None
    good = problems.keys(entry["catchment"], CATCHMENT_KEYS, "[catchment]")
    try:
        read_population(good.get("population"))
    except ValueError as problem:
        problems.add(f"[catchment]: {problem}", "catchment")
        return None
    return good


def _check_whole(sources: Iterable[Source], problems: Problems) -> None:
    files = [source.file for source in sources]
    for file in dict.fromkeys(files):
        if file and files.count(file) > 1:
            problems.add(f'two [[source]] read "{file}"; give the second table as [[source.table]] of the first', file)
    tables = [block.table for source in sources for block in source.blocks]
    if files and "patients" not in tables:
        problems.add("no [[source.table]] feeds the table patients; every row belongs to a patient")


def _source(entry: Mapping[str, Any], data_cut: date | None, folder: Path, problems: Problems) -> Source:
    good = problems.keys(entry, SOURCE_KEYS, "[[source]]")
    file = good.get("file", "")
    _check_file(file, folder, problems)
    for key in ("delimiter", "decimal"):
        if key in good and (len(good[key]) != 1 or good[key] in '"\r\n'):
            problems.add(f'[[source]] "{file}": {key} is one sign that is not a quote or a line break', key)
    form = ValueFormat(
        decimal=read_decimal(good, problems),
        date_format=read_date_format(good, problems),
        missing=read_texts(good.get("missing", {}), "missing", problems),
        data_cut=data_cut,
    )
    blocks = [_block(block, form, file, problems) for block in _tables(good.get("table", []), "table", problems)]
    if not blocks:
        problems.add(f'[[source]] "{file}" needs at least one [[source.table]]', file)
    return Source(
        file,
        tuple(block for block in blocks if block is not None),
        good.get("encoding", "utf-8"),
        good.get("delimiter", ","),
        tuple(str(column) for column in good.get("ignore", [])),
    )


def _check_file(file: str, folder: Path, problems: Problems) -> None:
    if not file:
        problems.add("[[source]] needs file, the name of a file in the folder of registry.toml")
        return
    inside = folder.resolve()
    try:
        is_inside = (inside / file).resolve().is_relative_to(inside)
    except (OSError, ValueError):
        is_inside = False
    if not is_inside or ":" in file or "\\" in file or file.startswith("/"):
        problems.add(f'file "{file}" lies outside the folder of registry.toml; put it inside', file)
    elif not file.lower().endswith(FILE_TYPES):
        problems.add(f'file "{file}" must end in one of {", ".join(FILE_TYPES)}', file)


def _block(entry: Mapping[str, Any], form: ValueFormat, file: str, problems: Problems) -> Block | None:
    good = problems.keys(entry, BLOCK_KEYS, "[[source.table]]")
    table, book = good.get("table", ""), read_codebook()
    if table not in book:
        problems.add(f'[[source.table]] of "{file}": there is no table "{table}"; {nearest(table, book)}', table)
        return None
    if good.get("duplicates", "reject") not in ("reject", "keep_one"):
        problems.add('[[source.table]]: duplicates is one of "reject", "keep_one"', "duplicates")
    variables = book[table].variables
    rules = [
        read_rule(name, rule, variables[name], form, problems)
        for name, rule in good.get("columns", {}).items()
        if _is_known(name, table, variables, problems)
    ]
    _check_required(table, rules, file, problems)
    for column, wanted in good.get("where", {}).items():
        if isinstance(wanted, dict) or not _as_list(wanted):
            problems.add(f"where: {column} needs a text or a list of texts", column)
    where = {column: tuple(map(cell_text, _as_list(wanted))) for column, wanted in good.get("where", {}).items()}
    return Block(
        table,
        tuple(rules),
        where,
        is_distinct=good.get("distinct", False),
        keeps_one=good.get("duplicates", "reject") == "keep_one",
    )


def _is_known(name: str, table: str, variables: Mapping[str, Variable], problems: Problems) -> bool:
    if name in variables:
        return True
    problems.add(f'table {table} has no variable "{name}"; {nearest(name, variables)}', name)
    return False


def _check_required(table: str, rules: Iterable[Rule], file: str, problems: Problems) -> None:
    given = {rule.variable for rule in rules}
    for name, variable in read_codebook()[table].variables.items():
        if variable.required and name not in given:
            problems.add(f'[[source.table]] {table} of "{file}" must map {name}, which every row needs', table)


def _tables(entries: Iterable[Any], name: str, problems: Problems) -> list[dict[str, Any]]:
    good = [entry for entry in entries if isinstance(entry, dict)]
    if len(good) < len(list(entries)):
        problems.add(f"{name} is written as [[...]] with its own keys", name)
    return good


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
