"""What could not be compared, grouped by why: the definitions, the registry, the questions, or the print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nmosd_cohort.report.format import is_missing, whole
from nmosd_cohort.report.page_table import PageTable
from nmosd_cohort.report.rows import records
from nmosd_cohort.report.tables_literature import known_text

if TYPE_CHECKING:
    import pandas as pd

PRINT = "The printed numbers contradict each other"
DEFINITIONS = "The definitions differ"
REGISTRY = "This registry cannot answer"
NUMBER = "The paper gives no number that a difference could be formed with"
QUESTION = "No question here answers the figure"
CAUSES = (DEFINITIONS, REGISTRY, NUMBER, PRINT, QUESTION)
MOST_NAMED = 6


def cause_of(verdict: str, question: str, *, answered: bool) -> str:
    """Return which of five causes kept a figure from a comparison.

    Parameters
    ----------
    verdict, question
        Of the figure; a figure that no question answers has an empty one.
    answered
        Whether the registry has an estimate.

    Examples
    --------
    >>> cause_of("not comparable", "pain_prevalence", answered=True)
    'The definitions differ'
    >>> cause_of("not assessable", "pain_prevalence", answered=False)
    'This registry cannot answer'
    """
    if verdict == "published figure inconsistent":
        return PRINT
    if not question:
        return QUESTION
    if verdict == "not comparable":
        return DEFINITIONS
    return NUMBER if answered else REGISTRY


def reasons(verdicts: pd.DataFrame) -> list[tuple[str, str, list[str]]]:
    """Return cause, reason and figures of what could not be compared, commonest reason of each cause first."""
    without = verdicts[verdicts["difference"].isna()]
    found: dict[tuple[str, str], list[str]] = {}
    for row in records(without):
        answered = not is_missing(row["local_estimate"]) and "The registry has" not in str(row["reason"])
        cause = cause_of(str(row["verdict"]), known_text(row["question"], ""), answered=answered)
        found.setdefault((cause, known_text(row["reason"], "none given")), []).append(str(row["figure"]))
    listed = [(cause, reason, figures) for (cause, reason), figures in found.items()]
    return sorted(listed, key=lambda entry: (CAUSES.index(entry[0]), -len(entry[2])))


def uncompared_tables(verdicts: pd.DataFrame) -> tuple[PageTable, ...]:
    """Return one table a cause: one row a reason, with how many figures it kept out and which."""
    found = reasons(verdicts) if len(verdicts) else []
    return tuple(
        _table(cause, [entry[1:] for entry in found if entry[0] == cause]) for cause in CAUSES if _any(cause, found)
    )


def _any(cause: str, found: list[tuple[str, str, list[str]]]) -> bool:
    return any(entry[0] == cause for entry in found)


def _table(cause: str, found: list[tuple[str, list[str]]]) -> PageTable:
    rows = tuple((reason, whole(len(figures)), _named(figures)) for reason, figures in found)
    total = whole(sum(len(figures) for _, figures in found))
    return PageTable(f"{cause} ({total})", ("Reason", "Figures", "Which"), rows, (1,))


def _named(figures: list[str]) -> str:
    more = len(figures) - MOST_NAMED
    return ", ".join(figures[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
