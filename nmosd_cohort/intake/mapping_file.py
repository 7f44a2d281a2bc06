"""Read registry.toml: every key is checked against what is known, and all problems are reported at once."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.intake.columnar import cell_text
from nmosd_cohort.intake.errors import ConfigurationError, nearest
from nmosd_cohort.intake.files import read_bytes
from nmosd_cohort.intake.mapping import Block, RegistryMapping, Rule, Source
from nmosd_cohort.intake.values import CellState, ValueFormat, parse_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from nmosd_cohort.codebook import Variable

TOP_KEYS = {"registry": dict, "limits": dict, "source": list}
REGISTRY_KEYS = {"name": str, "data_cut": (str, date), "language": str}
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
RULE_KEYS = {
    "column": str,
    "columns": list,
    "join": str,
    "value": (str, int, float, date),
    "codes": dict,
    "factor": (int, float),
    "date_format": str,
    "decimal": str,
    "missing": dict,
    "day_zero": (str, date),
    "upper": str,
}
# Keys of a rule that make sense only for variables of these types.
RULE_TYPES = {
    "factor": ("integer", "number"),
    "decimal": ("integer", "number"),
    "date_format": ("date",),
    "day_zero": ("date",),
    "upper": ("integer", "number"),
}
FILE_TYPES = (".csv", ".tsv", ".txt", ".parquet")


@dataclass(frozen=True, slots=True)
class Problems:
    """What is wrong with one registry.toml, each with its line where the key can be found in the text."""

    file: str
    text: str
    messages: list[str] = field(default_factory=list)

    def add(self, message: str, key: str = "") -> None:
        """Note a problem with a key."""
        found = re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", self.text) if key else None
        line = f" line {self.text.count(chr(10), 0, found.start()) + 1}:" if found else ""
        self.messages.append(f"{self.file}:{line} {message}")

    def keys(self, entry: Mapping[str, Any], known: Mapping[str, Any], where: str) -> dict[str, Any]:
        """Return the keys of an entry that are known and have the right type; note the others."""
        good = {}
        for key, value in entry.items():
            if key not in known:
                self.add(f'{where} has no key "{key}"; {nearest(key, known)}', key)
            elif not isinstance(value, known[key]) or (isinstance(value, bool) and known[key] is not bool):
                self.add(f'{where}: "{key}" must be {_type_words(known[key])}', key)
            else:
                good[key] = value
        return good


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
    percent = float(limits.get("quarantine_percent", 10))
    if not 0 <= percent <= 100:
        problems.add("[limits]: quarantine_percent is from 0 to 100", "quarantine_percent")
    data_cut = _day(head["data_cut"], "data_cut", problems) if "data_cut" in head else None
    sources = [
        _source(source, data_cut, folder, problems) for source in _tables(entry.get("source", []), "source", problems)
    ]
    _check_whole(sources, problems)
    return RegistryMapping(head.get("name", ""), data_cut, head.get("language", "en"), percent, tuple(sources))


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
        if key in good and len(good[key]) != 1:
            problems.add(f'[[source]] "{file}": {key} is one sign', key)
    form = ValueFormat(
        decimal=_decimal(good, problems),
        date_format=_date_format(good, problems),
        missing=_texts(good.get("missing", {}), "missing", problems),
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
        _rule(name, rule, variables[name], form, problems)
        for name, rule in good.get("columns", {}).items()
        if _is_known(name, table, variables, problems)
    ]
    _check_required(table, rules, file, problems)
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


def _rule(name: str, entry: Any, variable: Variable, form: ValueFormat, problems: Problems) -> Rule:
    if isinstance(entry, str):
        entry = {"column": entry}
    if not isinstance(entry, dict):
        problems.add(f"{name} is a column name or a table such as {{ column = ... }}", name)
        return Rule(name, (), form, constant="")
    good = problems.keys(entry, RULE_KEYS, name)
    for key, types in RULE_TYPES.items():
        if key in good and variable.type not in types:
            problems.add(f"{name}: {key} is for {' and '.join(types)} variables, not for {variable.type}", key)
    if sum(key in good for key in ("column", "columns", "value")) != 1:
        problems.add(f"{name} needs exactly one of column, columns, value", name)
    for key, needed in (("upper", "column"), ("join", "columns")):
        if key in good and needed not in good:
            problems.add(f"{name}: {key} goes with {needed}", key)
    if "value" in good:
        return _constant(name, cell_text(good["value"]), variable, form, problems)
    columns = [good["column"]] if "column" in good else [str(column) for column in good.get("columns", [])]
    columns += [good["upper"]] if "upper" in good else []
    own = _rule_form(name, good, variable, form, problems)
    return Rule(name, tuple(columns), own, join=good.get("join", "/"), is_pair="upper" in good)


def _constant(name: str, text: str, variable: Variable, form: ValueFormat, problems: Problems) -> Rule:
    plain = ValueFormat(data_cut=form.data_cut)
    parsed = parse_text(text, variable, plain)
    if parsed.state is not CellState.ACCEPTED:
        problems.add(f'{name}: value "{text}" is not allowed: {parsed.allowed or "it is blank"}', name)
    return Rule(name, (), plain, constant=text)


def _rule_form(
    name: str, good: Mapping[str, Any], variable: Variable, form: ValueFormat, problems: Problems
) -> ValueFormat:
    codes = _texts(good["codes"], f"{name}: codes", problems) if "codes" in good else None
    for theirs, ours in (codes or {}).items():
        parsed = parse_text(ours, variable, ValueFormat())
        if parsed.state is not CellState.ACCEPTED:
            problems.add(f'{name}: code "{theirs}" becomes "{ours}", allowed is {variable.allowed_in_words}', name)
    own_missing = _texts(good.get("missing", {}), f"{name}: missing", problems)
    # A code for missing that holds for the whole file is not applied to ids: NA and -99 can be patients.
    shared_missing = {} if variable.type == "id" else form.missing
    return replace(
        form,
        decimal=_decimal(good, problems) if "decimal" in good else form.decimal,
        date_format=_date_format(good, problems) if "date_format" in good else form.date_format,
        factor=Decimal(str(good["factor"])) if "factor" in good else None,
        day_zero=_day(good["day_zero"], "day_zero", problems) if "day_zero" in good else None,
        codes=codes,
        missing={**shared_missing, **own_missing},
    )


def _decimal(good: Mapping[str, Any], problems: Problems) -> str:
    decimal: str = good.get("decimal", ".")
    if decimal not in (".", ","):
        problems.add('decimal is "." or ","', "decimal")
        return "."
    return decimal


def _date_format(good: Mapping[str, Any], problems: Problems) -> str:
    date_format: str = good.get("date_format", "%Y-%m-%d")
    directives = re.findall(r"%(.?)", date_format)
    if "y" in directives:
        problems.add("date_format: two-digit years (%y) are refused; export the dates with four digits", "date_format")
    elif set(directives) - set("YmdHMST") or not {"Y", "m", "d"} <= set(directives):
        problems.add("date_format needs %Y, %m and %d, for example %d.%m.%Y; a time may follow as %H:%M", "date_format")
    else:
        return date_format
    return "%Y-%m-%d"


def _day(value: object, key: str, problems: Problems) -> date | None:
    try:
        return date.fromisoformat(cell_text(value))
    except ValueError:
        problems.add(f"{key} is a day such as 2025-12-31", key)
        return None


def _texts(entry: Mapping[str, Any], where: str, problems: Problems) -> dict[str, str]:
    for key, value in entry.items():
        if isinstance(value, (dict, list)):
            problems.add(f'{where}: "{key}" must stand for one text', key)
    return {str(key): cell_text(value) for key, value in entry.items()}


def _tables(entries: Iterable[Any], name: str, problems: Problems) -> list[dict[str, Any]]:
    good = [entry for entry in entries if isinstance(entry, dict)]
    if len(good) < len(list(entries)):
        problems.add(f"{name} is written as [[...]] with its own keys", name)
    return good


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _type_words(kind: type | tuple[type, ...]) -> str:
    words = {
        str: "text",
        dict: "a table",
        list: "a list",
        bool: "true or false",
        int: "a number",
        date: "a day",
    }
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return " or ".join(dict.fromkeys(words[one] for one in kinds if one in words))
