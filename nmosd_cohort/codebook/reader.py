"""Read the codebook from its TOML files, one file a table."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

DAYS_PER_YEAR = 365.25
CHRONIC_DAYS = 91.3  # three months of 30.44 days; ICD-11: pain that lasts longer than three months
VariableType = Literal["id", "text", "code", "codes", "boolean", "integer", "number", "date"]
TABLE_ORDER = ("patients", "attacks", "assessments", "pain", "lesions", "treatments", "labs", "imaging")
# Vertebral C8 does not exist; a lesion that uses it is counted by cord segments.
SEGMENTS = (
    *(f"C{i}" for i in range(1, 9)),
    *(f"T{i}" for i in range(1, 13)),
    *(f"L{i}" for i in range(1, 6)),
    "S1",
    "conus",
)


@dataclass(frozen=True, slots=True)
class Code:
    """One allowed value of a coded variable, with its English and Chinese label."""

    code: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a table: its type, unit, what is allowed, meaning, direction and labels."""

    name: str
    type: VariableType
    meaning: str
    label_en: str
    label_zh: str
    required: bool = False
    unit: str = ""
    min: float | str | None = None
    max: float | str | None = None
    allowed: tuple[float, ...] = ()
    codes: tuple[Code, ...] = ()
    direction: str = ""

    @property
    def allowed_in_words(self) -> str:
        """What a value may be, in words that an error message can quote."""
        if self.codes:
            listed = ", ".join(code.code for code in self.codes)
            return f"one or more of {listed}, separated by ;" if self.type == "codes" else f"one of {listed}"
        if self.allowed:
            return "one of " + ", ".join(f"{value:g}" for value in self.allowed)
        kinds = {"integer": "whole numbers", "number": "numbers", "date": "dates"}
        if self.type in kinds and self.min is not None:
            upper = f" to {self.max}" if self.max is not None else " or later" if self.type == "date" else " or more"
            return f"{kinds[self.type]} from {self.min}{upper}"
        return {"boolean": "true or false", "date": "a date", "id": "any text that is not blank"}.get(
            self.type, "any text"
        )


@dataclass(frozen=True, slots=True)
class Table:
    """One table: what a row is, the columns that identify a row, and its variables by name."""

    name: str
    row: str
    key: tuple[str, ...]
    label_en: str
    label_zh: str
    variables: Mapping[str, Variable]


def _variable(entry: dict[str, Any]) -> Variable:
    segments = entry.pop("segments", False)
    codes = [Code(segment, segment, segment) for segment in SEGMENTS] if segments else []
    codes += [Code(**code) for code in entry.pop("codes", [])]
    return Variable(codes=tuple(codes), allowed=tuple(entry.pop("allowed", ())), **entry)


@cache
def read_codebook() -> Mapping[str, Table]:
    """Return every table of the codebook by name, in the order in which a reader meets them.

    Examples
    --------
    >>> book = read_codebook()
    >>> book["assessments"].variables["pain_nrs"].allowed_in_words
    'whole numbers from 0 to 10'
    """
    tables = {}
    for name in TABLE_ORDER:
        content = tomllib.loads((files("nmosd_cohort.codebook") / "tables" / f"{name}.toml").read_text("utf-8"))
        variables = {entry["name"]: _variable(entry) for entry in content["variable"]}
        head = content["table"] | {"key": tuple(content["table"]["key"])}
        tables[name] = Table(variables=variables, **head)
    return tables


def codebook_frame() -> pd.DataFrame:
    """Return the codebook as a frame, one row a variable, for printing and for the docs.

    Returns
    -------
    pandas.DataFrame
        Columns table, variable, type, unit, required, allowed, direction, meaning, label_en, label_zh.

    Examples
    --------
    >>> frame = codebook_frame()
    >>> frame.loc[frame["variable"] == "edss", "direction"].item()
    'higher is worse'
    """
    import pandas as pd

    return pd.DataFrame(
        {
            "table": table.name,
            "variable": variable.name,
            "type": variable.type,
            "unit": variable.unit,
            "required": variable.required,
            "allowed": variable.allowed_in_words,
            "direction": variable.direction,
            "meaning": variable.meaning,
            "label_en": variable.label_en,
            "label_zh": variable.label_zh,
        }
        for table in read_codebook().values()
        for variable in table.variables.values()
    )
