"""Read one variable of registry.toml, and note what is wrong with it and with the file as a whole."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nmosd_cohort.codebook.nearest import nearest
from nmosd_cohort.intake.columnar import cell_text
from nmosd_cohort.intake.mapping import Rule
from nmosd_cohort.intake.values import CellState, ValueFormat, parse_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nmosd_cohort.codebook import Variable

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


def read_rule(name: str, entry: Any, variable: Variable, form: ValueFormat, problems: Problems) -> Rule:
    """Return how one variable is read; what is wrong with it is noted."""
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
    if "columns" in good and not good["columns"]:
        problems.add(f"{name}: columns names no column", name)
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
    codes = read_texts(good["codes"], f"{name}: codes", problems) if "codes" in good else None
    for theirs, ours in (codes or {}).items():
        parsed = parse_text(ours, variable, ValueFormat())
        if parsed.state is not CellState.ACCEPTED:
            problems.add(f'{name}: code "{theirs}" becomes "{ours}", allowed is {variable.allowed_in_words}', name)
    own_missing = read_texts(good.get("missing", {}), f"{name}: missing", problems)
    # A code for missing that holds for the whole file is not applied to ids: NA and -99 can be patients.
    shared_missing = {} if variable.type == "id" else form.missing
    return replace(
        form,
        decimal=read_decimal(good, problems) if "decimal" in good else form.decimal,
        date_format=read_date_format(good, problems) if "date_format" in good else form.date_format,
        factor=Decimal(str(good["factor"])) if "factor" in good else None,
        day_zero=read_day(good["day_zero"], "day_zero", problems) if "day_zero" in good else None,
        codes=codes,
        missing={**shared_missing, **own_missing},
    )


def read_decimal(good: Mapping[str, Any], problems: Problems) -> str:
    """Return the decimal mark that an entry declares."""
    decimal: str = good.get("decimal", ".")
    if decimal not in (".", ","):
        problems.add('decimal is "." or ","', "decimal")
        return "."
    return decimal


def read_date_format(good: Mapping[str, Any], problems: Problems) -> str:
    """Return the date format that an entry declares."""
    date_format: str = good.get("date_format", "%Y-%m-%d")
    directives = re.findall(r"%(.?)", date_format)
    if "y" in directives:
        problems.add("date_format: two-digit years (%y) are refused; export the dates with four digits", "date_format")
    elif set(directives) - set("YmdHMST") or not {"Y", "m", "d"} <= set(directives):
        problems.add("date_format needs %Y, %m and %d, for example %d.%m.%Y; a time may follow as %H:%M", "date_format")
    else:
        return date_format
    return "%Y-%m-%d"


def read_day(value: object, key: str, problems: Problems) -> date | None:
    """Return a day, or None after noting that it is none."""
    try:
        return date.fromisoformat(cell_text(value))
    except ValueError:
        problems.add(f"{key} is a day such as 2025-12-31", key)
        return None


def read_texts(entry: Mapping[str, Any], where: str, problems: Problems) -> dict[str, str]:
    """Return a table of texts by text."""
    for key, value in entry.items():
        if isinstance(value, (dict, list)):
            problems.add(f'{where}: "{key}" must stand for one text', key)
    return {str(key): cell_text(value) for key, value in entry.items()}


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
