"""Text becomes a value of the codebook, is missing by rule, or is rejected with what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nmosd_cohort.codebook import Variable

ISO_DATE = "%Y-%m-%d"
NUMBERS = {
    mark: re.compile(rf"[+-]?(?:[0-9]+(?:[{mark}][0-9]*)?|[{mark}][0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?") for mark in ".,"
}
ANY_NUMBER = r"[+-]?[0-9]+(?:[.,][0-9]+)?"
RANGE = re.compile(rf"{ANY_NUMBER}\s*(?:-|–|—|~|～|to|bis|至)\s*{ANY_NUMBER}")
LIMIT = re.compile(rf"(?:[<>≤≥＜＞]=?|=<|=>)\s*{ANY_NUMBER}")
TWO_DIGIT_YEAR = re.compile(r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2}")
MIDNIGHT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]00:00(?::00(?:\.0+)?)?")
# Without a data cut a year such as 2999 or 9999 is still a stand-in for "not known" and no date.
LAST_DATE = date(2199, 12, 31)
TRUTH = {"true": True, "1": True, "false": False, "0": False}


class CellState(IntEnum):
    """What became of a cell; where a cell is used more than once the highest state counts."""

    NOT_MAPPED = 0
    MISSING = 1
    ACCEPTED = 2
    REJECTED = 3


@dataclass(frozen=True, slots=True)
class Parsed:
    """The outcome of one text: its value, its state, and for a rejected one the rule and what is allowed."""

    value: Any
    state: CellState
    kind: str = ""
    allowed: str = ""
    text: str = ""
    missing_label: str = ""


@dataclass(frozen=True, slots=True)
class ValueFormat:
    """How a file writes its values: what registry.toml declares for one variable."""

    decimal: str = "."
    date_format: str = ISO_DATE
    factor: Decimal | None = None
    day_zero: date | None = None
    codes: Mapping[str, str] | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    data_cut: date | None = None

    def without_notation(self) -> ValueFormat:
        """Return the format for a column that held numbers or dates and no text."""
        return replace(self, decimal=".", date_format=ISO_DATE)


BLANK = Parsed(None, CellState.MISSING)


def parse_text(text: str, variable: Variable, form: ValueFormat) -> Parsed:
    """Return what a cell says about a variable.

    Parameters
    ----------
    text
        The cell without outer blanks.
    variable
        The variable of the codebook that the cell is mapped to.
    form
        How the file writes values.

    Examples
    --------
    >>> from nmosd_cohort.codebook import read_codebook
    >>> nrs = read_codebook()["assessments"].variables["pain_nrs"]
    >>> parse_text("7-8", nrs, ValueFormat()).allowed
    'whole numbers from 0 to 10; this is a range, a single value is needed'
    """
    if text == "":
        return BLANK
    if text in form.missing:
        return Parsed(None, CellState.MISSING, text=text, missing_label=form.missing[text])
    if form.codes is not None:
        return _translated(text, variable, form)
    parsed = PARSERS[variable.type](text, variable, form)
    return parsed if parsed.state is CellState.ACCEPTED else replace(parsed, text=text)


def parse_pair(low: str, high: str, variable: Variable, form: ValueFormat) -> Parsed:
    """Return the value on which the two ends of a published range agree; two different ends are rejected."""
    ends = [parse_text(text, variable, form) for text in (low, high)]
    if all(end.state is CellState.MISSING for end in ends):
        return ends[0]
    rejected = [end for end in ends if end.state is CellState.REJECTED]
    if rejected:
        return rejected[0]
    if ends[0].state == ends[1].state and ends[0].value == ends[1].value:
        return ends[0]
    shown = f"{low}-{high}" if low and high else f"{low} or more" if low else f"{high} or less"
    words = f"{variable.allowed_in_words}; the two ends differ, so this is a range and a single value is needed"
    return Parsed(None, CellState.REJECTED, "range", words, shown)


def _accepted(value: object) -> Parsed:
    return Parsed(value, CellState.ACCEPTED)


def _rejected(kind: str, allowed: str) -> Parsed:
    return Parsed(None, CellState.REJECTED, kind, allowed)


def _translated(text: str, variable: Variable, form: ValueFormat) -> Parsed:
    """Replace the registry's codes by ours; a code that is not declared is rejected, never passed on."""
    codes = form.codes or {}
    parts = [text]
    if variable.type == "codes" and text not in codes:
        parts = [part.strip() for part in text.split(";")]
    if any(part not in codes for part in parts):
        declared = ", ".join(codes)
        return replace(_rejected("undeclared_code", f"a code declared in registry.toml: {declared}"), text=text)
    ours = ";".join(codes[part] for part in parts)
    plain = ValueFormat(data_cut=form.data_cut)
    return replace(PARSERS[variable.type](ours, variable, plain), text=text)


def _text(text: str, variable: Variable, form: ValueFormat) -> Parsed:
    del variable, form
    return _accepted(text)


def _boolean(text: str, variable: Variable, form: ValueFormat) -> Parsed:
    del form
    value = TRUTH.get(text.lower())
    return _rejected("not_boolean", f"{variable.allowed_in_words}, also 1 or 0") if value is None else _accepted(value)


def _code(text: str, variable: Variable, form: ValueFormat) -> Parsed:
    del form
    if any(text == code.code for code in variable.codes):
        return _accepted(text)
    return _rejected("undeclared_code", variable.allowed_in_words)


def _codes(text: str, variable: Variable, form: ValueFormat) -> Parsed:
    del form
    given = {part.strip() for part in text.split(";")}
    known = [code.code for code in variable.codes if code.code in given]
    if len(known) < len(given):
        return _rejected("undeclared_code", variable.allowed_in_words)
    return _accepted(";".join(known))


def _number(text: str, variable: Variable, form: ValueFormat) -> Parsed:
    if not NUMBERS[form.decimal].fullmatch(text):
        return _not_a_number(text, variable, form)
    value = Decimal(text.replace(form.decimal, ".")) * (1 if form.factor is None else form.factor)
    if value == 0 and text.startswith("-"):
        return _rejected("negative_zero", variable.allowed_in_words)
    if _is_outside(value, variable):
        return _rejected("out_of_range", variable.allowed_in_words)
    if variable.type == "number":
        return _accepted(float(value))
    whole = value == value.to_integral_value()
    return _accepted(int(value)) if whole else _rejected("not_whole", variable.allowed_in_words)


def _is_outside(value: Decimal, variable: Variable) -> bool:
    if variable.allowed:
        return float(value) not in variable.allowed
    low, high = variable.min, variable.max
    too_low = isinstance(low, (int, float)) and value < low
    return too_low or (isinstance(high, (int, float)) and value > high)


def _not_a_number(text: str, variable: Variable, form: ValueFormat) -> Parsed:
    words = variable.allowed_in_words
    other = "," if form.decimal == "." else "."
    if NUMBERS[other].fullmatch(text):
        hint = f'the decimal mark is declared as "{form.decimal}" but this cell has "{other}"'
        return _rejected("decimal_mark", f'{words}; {hint}: if the column does, set decimal = "{other}"')
    if RANGE.fullmatch(text):
        return _rejected("range", f"{words}; this is a range, a single value is needed")
    if LIMIT.fullmatch(text):
        return _rejected("limit", f"{words}; this is a limit, a single value is needed")
    return _rejected("not_a_number", words)


def _date(text: str, variable: Variable, form: ValueFormat) -> Parsed:
    if form.day_zero is not None:
        return _day_count(text, variable, form)
    midnight = MIDNIGHT.fullmatch(text) if form.date_format == ISO_DATE else None
    try:
        moment = datetime.strptime(midnight[1] if midnight else text, form.date_format)
    except ValueError:
        kind = "two_digit_year" if TWO_DIGIT_YEAR.fullmatch(text) else "not_a_date"
        return _rejected(kind, f"a date that exists, written {date_format_in_words(form.date_format)}")
    return _plausible(moment.date(), variable, form)


def _day_count(text: str, variable: Variable, form: ValueFormat) -> Parsed:
    if form.day_zero is None or not re.fullmatch(r"[+-]?[0-9]{1,6}", text):
        return _rejected("not_a_day_count", "a whole number of days from day zero")
    try:
        day = form.day_zero + timedelta(days=int(text))
    except OverflowError:
        return _rejected("implausible_date", _span_in_words(variable, form))
    return _plausible(day, variable, form)


def _plausible(day: date, variable: Variable, form: ValueFormat) -> Parsed:
    too_early = variable.min is not None and day < date.fromisoformat(str(variable.min))
    too_late = day > (form.data_cut or LAST_DATE)
    if too_early or too_late:
        return _rejected("implausible_date", _span_in_words(variable, form))
    return _accepted(datetime(day.year, day.month, day.day))


def _span_in_words(variable: Variable, form: ValueFormat) -> str:
    latest = f"to the data cut {form.data_cut.isoformat()}" if form.data_cut else f"to {LAST_DATE.isoformat()}"
    return f"dates from {variable.min} {latest}" if variable.min is not None else f"dates {latest}"


def date_format_in_words(date_format: str) -> str:
    """Return a date format as a person would write it.

    Examples
    --------
    >>> date_format_in_words("%d.%m.%Y")
    'dd.mm.yyyy'
    """
    words = {"%Y": "yyyy", "%m": "mm", "%d": "dd", "%H": "hh", "%M": "mm", "%S": "ss"}
    for directive, word in words.items():
        date_format = date_format.replace(directive, word)
    return date_format


PARSERS: dict[str, Callable[[str, Variable, ValueFormat], Parsed]] = {
    "id": _text,
    "text": _text,
    "boolean": _boolean,
    "code": _code,
    "codes": _codes,
    "integer": _number,
    "number": _number,
    "date": _date,
}
