"""One row of estimates as text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from nmosd_cohort.report.format import NOT_RECORDED, NOT_TESTED, count_text, estimate_text, is_missing, p_text
from nmosd_cohort.report.words import (
    measure_kind,
    measure_label,
    outcome_label,
    patients_label,
    shows_events,
    value_words,
    without_capital,
)
from nmosd_cohort.result import Result

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]


def records(frame: pd.DataFrame) -> list[Row]:
    """Return the rows of a frame as mappings from column to value."""
    return cast("list[Row]", frame.to_dict("records"))


def check_result(thing: object, taker: str, *, or_else: str = "") -> None:
    """Check that a thing is the answer of a question.

    Raises
    ------
    TypeError
        If it is not; the message says what ``taker`` takes.

    Examples
    --------
    >>> check_result(5, "plot")
    Traceback (most recent call last):
    TypeError: plot takes the Result of a question, not int
    """
    if not isinstance(thing, Result):
        other = f" or {or_else}" if or_else else ""
        raise TypeError(f"{taker} takes the Result of a question{other}, not {type(thing).__name__}")


def row_estimate(row: Row) -> str:
    """Return a row as "28.7 % (21.4 to 37.3)"; another coverage than 95 %, and that of limits alone, is said."""
    kind = measure_kind(row["measure"], row["unit"])
    text = estimate_text(
        row["estimate"],
        row["conf_low"],
        row["conf_high"],
        kind=kind,
        n=None if is_missing(row["n"]) else row["n"],
    )
    level = row["conf_level"]
    is_usual = is_missing(level) or (abs(level - 0.95) < 1e-9 and not is_missing(row["estimate"]))
    return text if is_usual else f"{text} [{100 * level:g} % interval]"


def row_p(row: Row) -> str:
    """Return the p value of a row, or that there is none; never one without an estimate and its interval."""
    if is_missing(row["estimate"]) or is_missing(row["conf_low"]) or is_missing(row["conf_high"]):
        return NOT_TESTED
    adjusted = row.get("p_adjusted", math.nan)
    how = "max-T" if "max-T" in str(row.get("method", "")) else "Holm"
    return p_text(row["p_value"]) + ("" if is_missing(adjusted) else f" ({how} {p_text(adjusted)})")


def row_patients(row: Row) -> str:
    """Return whom a row is about in words."""
    return patients_label(group=row["group"], level=row["level"], reference=row["reference"], term=row["term"])


def row_name(row: Row) -> str:
    """Return a row as "EDSS, P(higher), neuropathic pain vs no pain"; of no group, with who is counted instead."""
    is_of_all = row["denominator"] and not (row["level"] or row["term"])
    parts = (
        outcome_label(row["outcome"]) if row["outcome"] else "",
        measure_label(row["measure"]),
        row_counted(row) if is_of_all else row_patients(row),
    )
    return ", ".join([part for part in parts[:1] if part] + [without_capital(part) for part in parts[1:]])


def row_counted(row: Row) -> str:
    """Return who is counted in n, in words."""
    return value_words(row["denominator"]) if row["denominator"] else NOT_RECORDED


def row_count(row: Row) -> str:
    """Return the patients of a row as "35/122", or as "122" where its events are not patients of its n."""
    return count_text(row["events"] if shows_events(row["measure"]) else None, row["n"])


def row_sentence(row: Row) -> str:
    """Return a row as one line: what it is, estimate with interval, and patients."""
    counted = row_count(row)
    patients = f"{counted} patients" if "/" in counted else f"n = {counted}"
    return f"{row_name(row)}: {row_estimate(row)}, {patients}"
