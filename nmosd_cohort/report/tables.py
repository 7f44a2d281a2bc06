"""Tables of one Result: as great_tables for a notebook, as accessible HTML for the page."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING

import great_tables
from markupsafe import Markup

from nmosd_cohort.literature.references import paper_name
from nmosd_cohort.literature.reweighted import REWEIGHTED_COLUMNS
from nmosd_cohort.report.format import NOT_RECORDED, NOT_TESTED, is_missing, whole
from nmosd_cohort.report.page_table import PageTable, environment
from nmosd_cohort.report.rows import (
    Row,
    check_result,
    records,
    row_count,
    row_counted,
    row_estimate,
    row_p,
    row_patients,
)
from nmosd_cohort.report.tables_case_mix import reweighted_alone
from nmosd_cohort.report.tables_cohort import table_1_pages
from nmosd_cohort.report.tables_literature import (
    VERDICT_HEADS,
    by_paper,
    check_verdicts,
    counts_of,
    signed_verdict,
    verdict_rows,
)
from nmosd_cohort.report.words import ROLE_ORDER, humanise, labels, measure_label, outcome_label, readable, value_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nmosd_cohort.result import Result


@dataclass(frozen=True, slots=True)
class Footnote:
    """One method of a result's estimates, with its mark."""

    mark: str
    text: str


def footnote_mark(position: int) -> str:
    """Return the mark of a footnote by its position from 0: a to z, then aa, ab ...

    Examples
    --------
    >>> footnote_mark(0), footnote_mark(25), footnote_mark(26)
    ('a', 'z', 'aa')
    """
    letters = string.ascii_lowercase
    head = letters[position // 26 - 1] if position >= 26 else ""
    return head + letters[position % 26]


def by_role(result: Result, *, measures: Sequence[str] | None = None) -> list[tuple[str, pd.DataFrame]]:
    """Return the estimates of a result by role, primary first, in the order in which they were made.

    Raises
    ------
    ValueError
        If a measure is asked for that the result does not have; the message lists those it has.
    """
    shown = result.estimates
    if measures is not None:
        known = list(dict.fromkeys(shown["measure"]))
        unknown = [measure for measure in measures if measure not in known]
        if unknown:
            raise ValueError(f"{result.name} has no measure {', '.join(unknown)}; it has {', '.join(known)}")
        shown = shown[shown["measure"].isin(measures)]
    roles = list(dict.fromkeys([*ROLE_ORDER, *shown["role"].astype(str)]))
    return [(role, shown[shown["role"] == role]) for role in roles if (shown["role"] == role).any()]


def footnotes(result: Result, *, measures: Sequence[str] | None = None) -> tuple[Footnote, ...]:
    """Return every method of a result once, in the order in which a reader meets them."""
    methods: dict[str, None] = {}
    for _, rows in by_role(result, measures=measures):
        methods |= dict.fromkeys(method for method in rows["method"] if not is_missing(method) and method)
    return tuple(Footnote(footnote_mark(i), method) for i, method in enumerate(methods))


def _estimate_cells(row: Row) -> tuple[str, ...]:
    return (
        outcome_label(row["outcome"]) if row["outcome"] else "Result",
        measure_label(row["measure"]),
        row_patients(row),
        row_counted(row),
        row_count(row),
        row_p(row),
        row_estimate(row),
    )


def role_caption(role: str) -> str:
    """Return the heading of the estimates of one role.

    Examples
    --------
    >>> role_caption("primary")
    'Primary estimates'
    """
    return str(labels()["roles"].get(role, humanise(role or "estimates")))


ESTIMATE_HEADS = (
    "Outcome",
    "Measure",
    "Patients or contrast",
    "Counted are",
    "n",
    "p",
    "Estimate (95 % interval)",
)


def estimate_tables(result: Result, *, measures: Sequence[str] | None = None) -> list[PageTable]:
    """Return one table a role, primary first: what, in whom, n, p, estimate with interval, footnote mark."""
    if result.name == "describe_cohort" and measures is None:
        return table_1_pages(result)
    marks = {note.text: note.mark for note in footnotes(result, measures=measures)}
    tables = []
    for role, rows in by_role(result, measures=measures):
        shown = records(rows)
        tested = any(row_p(row) != NOT_TESTED for row in shown)
        kept = [i for i, head in enumerate(ESTIMATE_HEADS) if head != "p" or tested]
        tables.append(
            PageTable(
                caption=role_caption(role),
                columns=tuple(ESTIMATE_HEADS[i] for i in kept),
                rows=tuple(tuple(_estimate_cells(row)[i] for i in kept) for row in shown),
                numeric=tuple(range(4, len(kept))),
                row_heads=3,
                marks=tuple(marks.get(row["method"], "") for row in shown),
                name=role,
            )
        )
    return tables


def flow_table(result: Result) -> PageTable:
    """Return the flow of a result: one row a step, with those who left and why."""
    rows = tuple(
        (
            readable(str(step["step"])),
            whole(step["excluded"]),
            readable(str(step["reason"])) if step["reason"] else "nobody left",
            whole(step["n"]),
        )
        for step in records(result.flow)
    )
    columns = ("Step", "Left", "Reason", "Remain")
    return PageTable("Who was counted, and who was not", columns, rows, (1, 3), empty="No flow was recorded.")


def flow_is_consistent(result: Result) -> bool:
    """Return whether each step's patients are those of an earlier step less those who left; steps may branch."""
    numbers = [(int(step["n"]), int(step["excluded"])) for step in records(result.flow)]
    return all(any(before - excluded == n for before, _ in numbers[:i]) for i, (n, excluded) in enumerate(numbers) if i)


def check_table(result: Result) -> PageTable:
    """Return the checks of a result: one row an assumption with its status."""
    rows = tuple(
        tuple(readable(str(row[part])) for part in ("check", "status", "detail")) for row in records(result.checks)
    )
    columns = ("Assumption or limit", "Status", "Detail")
    return PageTable("Assumptions and limits", columns, rows, empty="No assumption was checked.", name="checks")


def definition_table(result: Result) -> PageTable:
    """Return the definitions of a result: one row a choice that was made."""
    rows = tuple((humanise(key), value_words(value)) for key, value in result.definitions.items())
    return PageTable("Definitions", ("Choice", "Here"), rows, empty="No definition was recorded.")


def tally_table(tally: pd.DataFrame, *, caption: str, limit: int = 400) -> PageTable:
    """Return the counts behind a plot as a table, at most ``limit`` rows."""
    shown = tally.head(limit)
    rows = tuple(tuple(_cell(value) for value in row.values()) for row in records(shown))
    more = f"; the first {limit} of {len(tally)} rows, all are in the folder tables" if len(tally) > limit else ""
    numeric = tuple(i for i, name in enumerate(shown.columns) if shown[name].dtype.kind in "iuf" and i > 0)
    columns = tuple("n" if name == "n" else outcome_label(str(name)) for name in shown.columns)
    return PageTable(caption + more, columns, rows, numeric, empty="Nothing was counted.")


def _cell(value: object) -> str:
    if is_missing(value):
        return NOT_RECORDED
    return f"{value:.3g}" if isinstance(value, float) else value_words(str(value))


def table_html(result: Result, *, measures: Sequence[str] | None = None, prefix: str = "") -> Markup:
    """Return the estimates of a result as HTML: one table a role, primary first, then the methods once.

    Parameters
    ----------
    result
        Answer of a question.
    measures
        Measures to show; all by default.
    prefix
        Start of the ids of the footnotes, so that several results can share a page.

    Raises
    ------
    ValueError
        If the result has no such measure.
    """
    macro = environment().get_template("tables.html.j2").module.estimates  # type: ignore[attr-defined]
    notes = list(footnotes(result, measures=measures))
    return Markup(macro(estimate_tables(result, measures=measures), notes, prefix))


def table(result: Result | pd.DataFrame, *, measures: Sequence[str] | None = None) -> great_tables.GT:
    """Return a result or verdicts as a formatted table: one row an estimate, or one row a published figure.

    Parameters
    ----------
    result
        Answer of a question, or the frame that ``validate`` or ``reweighted_verdicts`` returns.
    measures
        Measures of a result to show; all by default.

    Returns
    -------
    great_tables.GT
        Shares as percent, each estimate with its interval and n. Estimates by role, primary first, methods as
        source notes; verdicts by paper, what each means as source notes.

    Raises
    ------
    TypeError
        If it is neither a Result nor a frame.
    ValueError
        If the result has no such measure, or a frame holds no verdicts.

    Examples
    --------
    >>> import pandas as pd
    >>> from nmosd_cohort.result import Result, estimate_frame
    >>> rows = [{"role": "primary", "measure": "proportion", "n": 30, "events": 9, "estimate": 0.3}]
    >>> none = pd.DataFrame()
    >>> answer = Result("Share with pain", estimate_frame(rows), none, none, none, name="pain_prevalence")
    >>> "30.0 % (no interval)" in table(answer).as_raw_html()
    True
    """
    import pandas as pd

    if isinstance(result, pd.DataFrame):
        is_reweighted = set(REWEIGHTED_COLUMNS) <= set(result)
        return _reweighted(result) if is_reweighted else _verdicts(result)
    check_result(result, "table", or_else="the frame that validate() or reweighted_verdicts() returns")
    if result.name == "describe_cohort" and measures is None:
        page = table_1_pages(result)[0]
        return great_tables.GT(pd.DataFrame(page.rows, columns=list(page.columns))).tab_header(title=page.caption)
    notes = footnotes(result, measures=measures)
    marks = {note.text: note.mark for note in notes}
    rows = [
        (
            role_caption(role),
            *_estimate_cells(row),
            marks.get(row["method"], ""),
        )
        for role, frame in by_role(result, measures=measures)
        for row in records(frame)
    ]
    printed = pd.DataFrame(rows, columns=["role", *ESTIMATE_HEADS, "Method"])
    built = great_tables.GT(printed, groupname_col="role").tab_header(title=result.question)
    built = built.cols_align("right", columns=["n", "p", "Estimate (95 % interval)"])
    for note in notes:
        built = built.tab_source_note(f"{note.mark}  {note.text}")
    return built


def _reweighted(reweighted: pd.DataFrame) -> great_tables.GT:
    """Return verdicts before and after reweighting by paper."""
    import pandas as pd

    made = reweighted_alone(reweighted)
    printed = pd.DataFrame(made.rows, columns=list(made.columns))
    printed.insert(0, "paper", [paper_name(str(paper)) for paper in reweighted["paper"]])
    return great_tables.GT(printed, groupname_col="paper").tab_header(title=made.caption)


def _verdicts(verdicts: pd.DataFrame) -> great_tables.GT:
    """Return verdicts by paper, with the meaning of those that occur as source notes."""
    import pandas as pd

    check_verdicts(verdicts)
    rows = [(paper_name(paper), *cells) for paper, group in by_paper(verdicts) for cells in verdict_rows(group)]
    printed = pd.DataFrame(rows, columns=["paper", *VERDICT_HEADS])
    built = great_tables.GT(printed, groupname_col="paper").tab_header(title="Published figures and this registry")
    for name, n in counts_of(verdicts).items():
        if n:
            meaning = labels()["verdicts"].get(name, {}).get("meaning", "")
            built = built.tab_source_note(f"{signed_verdict(name)} ({whole(n)}): {meaning}")
    return built
