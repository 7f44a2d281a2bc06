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


def reasons(verdicts: pd.DataFrame) -> dict[str, dict[str, list[str]]]:
    """Return by cause and reason the figures that could not be compared, commonest reason of each cause first."""
    found: dict[str, dict[str, list[str]]] = {cause: {} for cause in CAUSES}
    without = verdicts[verdicts["difference"].isna()] if len(verdicts) else verdicts
    for row in records(without):
        answered = not is_missing(row["local_estimate"]) and "The registry has" not in str(row["reason"])
        cause = cause_of(str(row["verdict"]), known_text(row["question"], ""), answered=answered)
        found[cause].setdefault(known_text(row["reason"], "none given"), []).append(str(row["figure"]))
    return {cause: dict(sorted(own.items(), key=lambda entry: -len(entry[1]))) for cause, own in found.items() if own}


def uncompared_tables(verdicts: pd.DataFrame) -> tuple[PageTable, ...]:
    """Return one table a cause: one row a reason, with how many figures it kept out and which."""
    return tuple(_table(cause, found) for cause, found in reasons(verdicts).items())


def _table(cause: str, found: dict[str, list[str]]) -> PageTable:
    rows = tuple((reason, whole(len(figures)), _named(figures)) for reason, figures in found.items())
    total = whole(sum(map(len, found.values())))
    return PageTable(f"{cause} ({total})", ("Reason", "Figures", "Which"), rows, (1,))


def _named(figures: list[str]) -> str:
    more = len(figures) - MOST_NAMED
    return ", ".join(figures[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
