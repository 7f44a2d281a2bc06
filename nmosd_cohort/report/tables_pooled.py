"""Tables of the pooled evidence: what published studies give together, and the registry beside it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nmosd_cohort.report.format import NOT_ESTIMATED, NOT_RECORDED, decimal, estimate_text, is_missing, p_text, whole
from nmosd_cohort.report.page_table import PageTable
from nmosd_cohort.report.rows import Row, records
from nmosd_cohort.report.tables_literature import known_text
from nmosd_cohort.report.words import outcome_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

POOLED_HEADS = (
    "Group",
    "Studies (patients)",
    "Mean share",
    "A further study",
    "This registry",
    "SD between studies (logits)",
    "Mean without one study",
    "Figures left out or remarked on",
)
BORROWED_HEADS = (
    "Group",
    "This registry alone",
    "Expected from past studies",
    "With what past studies tell",
    "Patients that the past is worth",
    "Conflict with the past, p",
    "How",
)


def pooled_table(pooled: pd.DataFrame, forests: Mapping[str, pd.DataFrame]) -> PageTable:
    """Return the pooled evidence: one row a group of figures, the registry's own share beside it."""
    rows = tuple(_pooled_cells(row, forests.get(str(row["group"]))) for row in records(pooled))
    return PageTable("Published shares taken together", POOLED_HEADS, rows, name="pooled", empty="Nothing was pooled.")


def _pooled_cells(row: Row, forest: pd.DataFrame | None) -> tuple[str, ...]:
    limits = (row["prediction_low"], row["prediction_high"])
    mean = (row["estimate"], row["conf_low"], row["conf_high"])
    return (
        outcome_label(str(row["group"])),
        f"{whole(row['studies'])} ({whole(row['n'])})",
        str(row["method"]) if is_missing(row["estimate"]) else estimate_text(*mean),
        _further(row, limits),
        _local(forest),
        NOT_ESTIMATED if is_missing(row["tau"]) else decimal(float(row["tau"]), 2),
        estimate_text(math.nan, row["lowest_without"], row["highest_without"]),
        _notes(row),
    )


def _notes(row: Row) -> str:
    parts = (("Left out", known_text(row["left_out"], "")), ("Counted", known_text(row["remarks"], "")))
    return " ".join(f"{head}: {text}." for head, text in parts if text) or "none"


def _further(row: Row, limits: tuple[float, float]) -> str:
    """Return where a further study is expected; of few studies with a mark, as no verdict may rest on it."""
    text = estimate_text(math.nan, *limits)
    return text if row["is_for_verdicts"] or text == NOT_ESTIMATED else f"{text}; too few studies for verdicts"


def _local(forest: pd.DataFrame | None) -> str:
    own = [] if forest is None else [row for row in records(forest) if row["kind"] == "local"]
    if not own:
        return NOT_ESTIMATED
    row = own[0]
    limits = (row["estimate"], row["conf_low"], row["conf_high"])
    return f"{estimate_text(*limits, n=row['n'])}, n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{whole(row['n'])}"


def borrowed_table(borrowed: pd.DataFrame) -> PageTable:
    """Return what a tiny registry may borrow from past studies, secondary to its own share: one row a group."""
    rows = tuple(_borrowed_cells(row) for row in records(borrowed))
    caption = "Secondary: the registry's share once past studies are taken into account"
    return PageTable(caption, BORROWED_HEADS, rows, name="borrowed")


def _borrowed_cells(row: Row) -> tuple[str, ...]:
    n = row["local_n"]
    sides = [(row[f"{side}estimate"], row[f"{side}low"], row[f"{side}high"]) for side in ("local_", "prior_")]
    patients = row["prior_patients"]
    conflict = p_text(row["conflict_p"])
    return (
        outcome_label(str(row["group"])),
        f"{estimate_text(*sides[0], n=n)}, n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{whole(n)}",
        estimate_text(*sides[1]),
        estimate_text(row["estimate"], row["conf_low"], row["conf_high"], n=n),
        NOT_RECORDED if is_missing(patients) else decimal(float(patients), 1),
        f"{conflict}: they disagree" if row["is_in_conflict"] is True else conflict,
        str(row["method"]),
    )
