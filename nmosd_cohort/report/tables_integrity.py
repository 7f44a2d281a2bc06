"""Tables of the checks whether a paper's printed numbers agree with one another."""

from __future__ import annotations

import pandas as pd

from nmosd_cohort.literature.references import paper_name
from nmosd_cohort.report.format import whole
from nmosd_cohort.report.page_table import PageTable
from nmosd_cohort.report.rows import records
from nmosd_cohort.report.tables_literature import known_text

STATUSES = ("inconsistent", "consistent", "informative", "not checkable")
TO_READ = ("inconsistent", "informative")
HEADS = ("Figure", "Check", "Finding", "Printed", "Recomputed", "Detail")


def finding_table(findings: pd.DataFrame, *, caption: str, paper: bool = False) -> PageTable:
    """Return checks of printed numbers: one row a figure and check; with ``paper`` the paper leads the row."""
    order = {status: place for place, status in enumerate(STATUSES)}
    shown = sorted(records(findings), key=lambda row: order.get(str(row["status"]), len(order)))
    rows = tuple(
        (
            *((paper_name(str(row["paper"])),) if paper else ()),
            str(row["figure"]),
            str(row["check"]),
            str(row["status"]),
            *(known_text(row[part], "none") for part in ("printed", "recomputed", "detail")),
        )
        for row in shown
    )
    heads = ("Paper", *HEADS) if paper else HEADS
    return PageTable(caption, heads, rows, row_heads=2 if paper else 1, empty="None was found.", name="integrity")


def to_read(findings: pd.DataFrame) -> pd.DataFrame:
    """Return the findings that a reader should look at: contradictions, and what the numbers imply."""
    return findings[findings["status"].isin(TO_READ)] if len(findings) else findings


def integrity_counts(findings: pd.DataFrame) -> PageTable:
    """Return how often each check came to each finding: one row a check, over all groups and times."""
    kinds = findings["check"].str.partition(",")[0] if len(findings) else pd.Series(dtype=str)
    rows = tuple(
        (
            check,
            *(whole(int(((kinds == check) & (findings["status"] == status)).sum())) for status in STATUSES),
        )
        for check in dict.fromkeys(kinds)
    )
    heads = ("Check", *(status.capitalize() for status in STATUSES))
    return PageTable("Checks of printed numbers", heads, rows, tuple(range(1, 5)), empty="No number was checked.")


def integrity_said(findings: pd.DataFrame) -> str:
    """Return how many figures were checked and how many contradict themselves, in one sentence."""
    if findings.empty:
        return "The printed numbers were not checked in this run."
    counts = findings.groupby("status")["figure"].nunique()
    checked = findings[findings["status"] != "not checkable"]["figure"].nunique()
    return (
        f"{whole(checked)} of {whole(findings['figure'].nunique())} figures print enough to be checked; "
        f"{whole(int(counts.get('inconsistent', 0)))} hold a contradiction. A contradiction may be a misprint; it says "
        "nothing about how it came about."
    )
