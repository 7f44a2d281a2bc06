"""The part of the page on published figures: overview, one part a paper, integrity, pooling, what was not compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup

from nmosd_cohort.literature.references import paper_name
from nmosd_cohort.report.format import is_missing, whole
from nmosd_cohort.report.page_table import PageTable
from nmosd_cohort.report.rows import records
from nmosd_cohort.report.svg import inline_svg
from nmosd_cohort.report.tables_case_mix import reweighted_table, table_1
from nmosd_cohort.report.tables_integrity import finding_table, integrity_counts, integrity_said, to_read
from nmosd_cohort.report.tables_literature import (
    by_paper,
    counts_of,
    counts_said,
    figure_subject,
    in_order,
    is_compared,
    known_text,
    uncompared_table,
    verdict_sign,
    verdict_table,
)
from nmosd_cohort.report.tables_pooled import borrowed_table, pooled_table
from nmosd_cohort.report.uncompared import uncompared_tables
from nmosd_cohort.report.words import humanise, labels, outcome_label, question_short

if TYPE_CHECKING:
    from nmosd_cohort.report.drawings import Drawing, Drawings

PEOPLE = {
    "diagnosis": "Diagnosis",
    "country": "Country",
    "design": "Design",
    "n_centres": "Centres",
    "population_serostatus": "Serostatus",
    "population_care_level": "Care",
    "years": "Years",
    "extent_read": "What was read",
}


def _none() -> pd.DataFrame:
    return pd.DataFrame()


@dataclass(frozen=True, slots=True)
class LiteraturePart:
    """What the page says of the literature beside the verdicts, as frames; an empty one is left out.

    ``papers`` has one row a paper, columns of ``published_figures``; ``integrity`` one row a figure and check;
    ``pooled`` one row a group of figures, ``forests`` by group the rows of its plot, ``borrowed`` one row a group;
    ``reweighted`` one row a figure; ``case_mix`` one row a paper and variable.
    """

    papers: pd.DataFrame = field(default_factory=_none)
    integrity: pd.DataFrame = field(default_factory=_none)
    pooled: pd.DataFrame = field(default_factory=_none)
    forests: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    borrowed: pd.DataFrame = field(default_factory=_none)
    reweighted: pd.DataFrame = field(default_factory=_none)
    case_mix: pd.DataFrame = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class Count:
    """How many figures received one verdict, with what it means and the length of its bar in percent."""

    sign: str
    name: str
    meaning: str
    colour: str
    n: int
    percent: float


@dataclass(frozen=True, slots=True)
class PaperPart:
    """One paper on the page: reference, who was studied, and tables, of which some may be missing."""

    id: str
    heading: str
    said: str
    reference: str
    people: tuple[tuple[str, str], ...]
    tables: tuple[PageTable, ...]
    caveats: PageTable
    checks: PageTable


@dataclass(frozen=True, slots=True)
class Literature:
    """All that the page says of published figures, ready to print."""

    said: str
    counts: tuple[Count, ...]
    forests: tuple[tuple[str, Markup], ...]
    papers: tuple[PaperPart, ...]
    uncompared_papers: tuple[PaperPart, ...]
    integrity: str
    integrity_counts: PageTable
    contradictions: PageTable
    pooled: PageTable
    pooled_forests: tuple[Markup, ...]
    borrowed: PageTable
    uncompared: tuple[PageTable, ...]


def literature_section(verdicts: pd.DataFrame, part: LiteraturePart, drawings: Drawings) -> Literature:
    """Return the literature part of a page.

    Parameters
    ----------
    verdicts
        One row a published figure; may have no rows.
    part
        Frames beside the verdicts.
    drawings
        Forest plots by question, and those of the pooled evidence by group.
    """
    papers = [(bool(is_compared(rows).any()), _paper(key, rows, part)) for key, rows in by_paper(verdicts)]
    inconsistent = _where(part.integrity, "status", "inconsistent")
    return Literature(
        said=_said(verdicts),
        counts=verdict_counts(verdicts),
        forests=_forests(verdicts, drawings.forests),
        papers=tuple(paper for compared, paper in papers if compared),
        uncompared_papers=tuple(paper for compared, paper in papers if not compared),
        integrity=integrity_said(part.integrity),
        integrity_counts=integrity_counts(part.integrity),
        contradictions=finding_table(inconsistent, caption="Printed numbers that contradict each other", paper=True),
        pooled=pooled_table(part.pooled, part.forests),
        pooled_forests=tuple(_pooled_forest(name, drawing) for name, drawing in drawings.pooled.items()),
        borrowed=borrowed_table(part.borrowed),
        uncompared=uncompared_tables(verdicts),
    )


def _said(verdicts: pd.DataFrame) -> str:
    if verdicts.empty:
        return "No figure was compared."
    n, papers, compared = len(verdicts), verdicts["paper"].nunique(), int(is_compared(verdicts).sum())
    return (
        f"{whole(n)} published figures of {whole(papers)} papers were looked at. For {whole(compared)} of them "
        "there is a number of this registry to set beside."
    )


def verdict_counts(verdicts: pd.DataFrame) -> tuple[Count, ...]:
    """Return the legend: every verdict with its meaning and how many figures received it."""
    counts = counts_of(verdicts)
    most = max([*counts.values(), 1])
    entries = labels()["verdicts"]
    return tuple(
        Count(
            verdict_sign(name),
            name,
            entries.get(name, {}).get("meaning", ""),
            entries.get(name, {}).get("colour", "#6B6B6B"),
            n,
            100 * n / most,
        )
        for name, n in counts.items()
    )


def _forests(verdicts: pd.DataFrame, drawings: Mapping[str, Drawing]) -> tuple[tuple[str, Markup], ...]:
    shown = [(name, rows) for name, rows in in_order(verdicts) if name in drawings]
    return tuple(
        (question_short(name), _forest(name, rows, drawings[name], number))
        for number, (name, rows) in enumerate(shown, start=1)
    )


def _forest(question: str, verdicts: pd.DataFrame, drawing: Drawing, number: int) -> Markup:
    title = f"{question_short(question)}: published figures and those of the registry"
    return inline_svg(drawing.svg, prefix=f"f{number}", title=title, description=counts_said(verdicts))


def _pooled_forest(name: str, drawing: Drawing) -> Markup:
    title = f"{outcome_label(name)}: published studies, their pooled share, and the registry"
    return inline_svg(drawing.svg, prefix=f"pooled-{name}", title=title, description="Numbers in the table above.")


def _paper(key: str, verdicts: pd.DataFrame, part: LiteraturePart) -> PaperPart:
    first = records(verdicts)[0]
    heading = paper_name(key)
    findings = _where(part.integrity, "paper", key)
    others = (
        table_1(_where(part.case_mix, "paper", key)),
        reweighted_table(_where(part.reweighted, "paper", key), verdicts),
        finding_table(to_read(findings), caption="Printed numbers: contradictions, and what they imply"),
    )
    compared = int(is_compared(verdicts).sum())
    figures = f"{whole(len(verdicts))} figure{'s' if len(verdicts) > 1 else ''}, {whole(compared)} compared"
    contradictions = len(_where(findings, "status", "inconsistent"))
    return PaperPart(
        id=f"paper-{key}",
        heading=heading,
        said=f"{figures}: {counts_said(verdicts)}"
        + (f"; contradictions in print {contradictions}" * (contradictions > 0)),
        reference=known_text(first["citation"], "Reference not recorded."),
        people=_people(_where(part.papers, "paper", key)),
        tables=tuple(table for table in (*_verdicts(verdicts), *others) if table.rows),
        caveats=_caveats(verdicts),
        checks=finding_table(findings, caption="Every check of the printed numbers"),
    )


def _verdicts(verdicts: pd.DataFrame) -> tuple[PageTable, PageTable]:
    has = is_compared(verdicts)
    return (
        verdict_table(verdicts[has], caption="Figures with a number of this registry beside them"),
        uncompared_table(verdicts[~has], caption="Figures that could not be compared"),
    )


def _people(papers: pd.DataFrame) -> tuple[tuple[str, str], ...]:
    """Return who was studied, as far as the paper says; what it does not say is named once."""
    if papers.empty:
        return ()
    row = records(papers)[0]
    known = {label: row.get(name) for name, label in PEOPLE.items()}
    said = tuple((label, humanise(str(value))) for label, value in known.items() if not is_missing(value))
    unknown = [label.lower() for label, value in known.items() if is_missing(value)]
    return (*said, *((("Not seen", ", ".join(unknown)),) if unknown else ()))


def _caveats(verdicts: pd.DataFrame) -> PageTable:
    """Return the catalogue's caveats and how each figure was read: one row a figure."""
    rows = tuple(
        (
            figure_subject(row),
            known_text(row["caveats"], "none noted"),
            known_text(row["provenance"], "not recorded"),
            str(row["figure"]),
        )
        for row in records(verdicts)
    )
    columns = ("Figure", "Caveats", "How it was read", "Id in the catalogue")
    return PageTable("Caveats and sources", columns, rows, name="caveats")


def _where(frame: pd.DataFrame, column: str, value: str) -> pd.DataFrame:
    return frame[frame[column] == value] if len(frame) else frame
