"""The report as one page that needs neither network nor script."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from nmosd_cohort.report.drawings import Drawing, Drawings, draw_all, draw_flow
from nmosd_cohort.report.format import is_missing, time_text, whole
from nmosd_cohort.report.literature_page import LiteraturePart, literature_section
from nmosd_cohort.report.manifest import TIMES
from nmosd_cohort.report.page_table import PageTable, environment
from nmosd_cohort.report.rows import records, row_sentence
from nmosd_cohort.report.svg import inline_svg
from nmosd_cohort.report.tables import (
    check_table,
    definition_table,
    flow_is_consistent,
    flow_table,
    table_html,
    tally_table,
)
from nmosd_cohort.report.tables_cohort import TABLE_1_OF
from nmosd_cohort.report.tables_registry import cell_table, contents_table, findings_table, record_table
from nmosd_cohort.report.words import (
    chapter,
    group_label,
    humanise,
    labels,
    question_order,
    question_short,
    question_title,
    readable,
    references_for,
    value_words,
    without_capital,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.result import Result

HEADLINES = 4  # primary answers of one result that the box at the top shows
HEADLINE_MEASURE = "adjusted_mean_difference"  # is shown for every outcome where there are more than that
MOST_HEADLINES = 10  # even of that measure
SUBJECTS = ("drug", "pain", "outcome", "instrument", "depression")
CIRCUMSTANCES = ("time_frame", "denominator")


@dataclass(frozen=True, slots=True)
class Answer:
    """One result on the page."""

    id: str
    heading: str
    estimand: str
    headlines: tuple[str, ...]
    estimates: Markup
    drawing: Markup
    numbers: PageTable
    flow: PageTable
    flow_drawing: Markup
    flow_adds_up: bool
    checks: PageTable
    definitions: PageTable


@dataclass(frozen=True, slots=True)
class Section:
    """One clinical question on the page, with the answers to it."""

    id: str
    chapter: str
    title: str
    short: str
    answers: tuple[Answer, ...]


FEW_PATIENTS = 50


def ordered(results: Iterable[Result]) -> list[Result]:
    """Return results in the order of the report: by question, and within one as they came."""
    return sorted(results, key=lambda result: question_order(result.name))


def headlines(result: Result) -> tuple[str, ...]:
    """Return the primary answers of a result as sentences; what could not be estimated is said.

    Examples
    --------
    >>> import pandas as pd
    >>> from nmosd_cohort.result import Result, estimate_frame
    >>> row = {"role": "primary", "outcome": "edss", "measure": "median", "n": 9, "estimate": 3.5}
    >>> none = pd.DataFrame()
    >>> headlines(Result("EDSS", estimate_frame([row]), none, none, none))
    ('EDSS, median, all patients: 3.5 (no interval), n = 9',)
    """
    rows = [row for row in records(result.estimates) if row["role"] == "primary"]
    if not rows:
        return ("No primary estimate could be made.",)
    chosen = (
        rows
        if len(rows) <= HEADLINES
        else [row for row in rows if row["measure"] == HEADLINE_MEASURE] or rows[:HEADLINES]
    )
    chosen = chosen if len(chosen) <= MOST_HEADLINES else chosen[:HEADLINES]
    shown = tuple(row_sentence(row) for row in chosen)
    more = len(rows) - len(shown)
    return (*shown, f"and {more} more in the section") if more else shown


def variant(result: Result) -> str:
    """Return what tells a result from others of the same question, from its definitions."""
    said = dict(result.definitions)
    if said.get("drug_class") or "drug" not in said:  # the class counts then, and a drug named beside it does not
        treatment = said.get("drug_class") or said.get("treatment")
        said["drug"] = humanise(treatment) if isinstance(treatment, str) else None
    if said.get("of") == "prevalence":
        del said["drug"]
    subjects, circumstances = (
        [value_words(said[key]) for key in keys if said.get(key) not in (None, "most_used")]
        for keys in (SUBJECTS, CIRCUMSTANCES)
    )
    circumstances += [f"definitions of {said['of']}"] if "of" in said else []
    by = said.get("by")
    circumstances += [f"by {without_capital(group_label(by))}"] if isinstance(by, str) else []
    head, *tail = [*(subjects or [question_short(result.name)]), *circumstances]
    return ", ".join([head[:1].upper() + head[1:], *map(without_capital, tail)])


def _answer(result: Result, position: int, drawing: Drawing) -> Answer:
    prefix = f"a{position}-"
    said = headlines(result)
    title = f"{question_short(result.name)}. {variant(result)}"
    return Answer(
        id=f"a{position}",
        heading=variant(result),
        estimand=readable(result.question),
        headlines=said,
        estimates=table_html(result, prefix=prefix),
        drawing=inline_svg(drawing.svg, prefix=f"a{position}", title=title, description=". ".join(said)),
        numbers=tally_table(result.tally, caption="Counts behind the plot"),
        flow=flow_table(result),
        flow_drawing=_flow_drawing(result, position),
        flow_adds_up=flow_is_consistent(result),
        checks=check_table(result),
        definitions=definition_table(result),
    )


def _flow_drawing(result: Result, position: int) -> Markup:
    """Return the flow diagram of the Table 1; other answers have theirs as a table here and as a file."""
    if result.name != TABLE_1_OF:
        return Markup("")
    return inline_svg(draw_flow(result).svg, prefix=f"f{position}", title="Flow of patients", description="")


def _sections(results: Sequence[Result], drawings: Mapping[int, Drawing]) -> list[Section]:
    numbered = enumerate(results, start=1)
    answers = [(result.name, _answer(result, position, drawings[position])) for position, result in numbered]
    names = dict.fromkeys(name for name, _ in answers)
    return [
        Section(
            id=f"q{number}",
            chapter=chapter(name),
            title=question_title(name),
            short=question_short(name),
            answers=tuple(answer for own, answer in answers if own == name),
        )
        for number, name in enumerate(names, start=1)
    ]


def patient_flow(results: Sequence[Result]) -> PageTable:
    """Return from how many to how many patients each question went, and where most were lost: one row a result."""
    rows = []
    for result in results:
        steps = records(result.flow)
        lost = [step for step in steps if not is_missing(step["excluded"]) and step["excluded"] > 0]
        most = max(lost, key=lambda step: int(step["excluded"]), default=None)
        where = f"{most['step']}: {whole(most['excluded'])} left ({most['reason']})" if most else "nobody left"
        where = readable(where)
        ends = (whole(steps[0]["n"]), whole(steps[-1]["n"])) if steps else ("not recorded", "not recorded")
        rows.append((question_short(result.name), variant(result), *ends, where))
    columns = ("Question", "Analysis", "Patients at the first step", "Analysed", "Largest loss")
    return PageTable("Patients of each analysis", columns, tuple(rows), (2, 3), 2, empty="No question was asked.")


def _methods(results: Sequence[Result], verdicts: pd.DataFrame) -> tuple[list[str], list[Mapping[str, Any]]]:
    """Return the methods that the estimates name, and the references that they call for."""
    named = dict.fromkeys(str(text) for result in results for text in result.estimates["method"] if text)
    fixed = ["STROBE"] + (["Holm", "equivalence", "between-study"] if len(verdicts) else [])
    return list(named), references_for([*named, *fixed])


def _manifest_rows(content: Mapping[str, Any], head: str = "") -> list[tuple[str, str]]:
    """Return a manifest as rows of name and value, without its times and its lists of files."""
    rows: list[tuple[str, str]] = []
    for key, value in content.items():
        name = f"{head}{humanise(key)}"
        if key in (*TIMES, "inputs", "kind", "artefacts"):
            continue
        if isinstance(value, dict):
            rows += _manifest_rows(value, f"{name}: ")
        else:
            rows.append((name, "none" if value is None else str(value)))
    return rows


def _input_table(manifest: Mapping[str, Any]) -> PageTable:
    inputs = manifest.get("inputs") or []
    entries = [entry for entry in inputs if isinstance(entry, dict)]
    rows = tuple(
        (str(entry.get("file", "")), whole(entry.get("bytes")), whole(entry.get("rows")), str(entry.get("sha256", "")))
        for entry in entries
    )
    columns = ("File", "Bytes", "Rows", "SHA-256")
    return PageTable("Input files", columns, rows, (1, 2), empty="No file was read: the registry was made in memory.")


def _manifest_table(manifest: Mapping[str, Any]) -> PageTable:
    return PageTable("Run", ("Item", "Value"), tuple(_manifest_rows(manifest)), empty="No manifest was given.")


def stylesheet() -> Markup:
    """Return the style of every page."""
    return Markup((files("nmosd_cohort.report") / "templates" / "report.css").read_text("utf-8"))


def _few_patients(registry: Registry) -> str:
    """Return a warning for the head of the answers where the registry is too small for most of them."""
    n = len(registry.tables["patients"])
    if n >= FEW_PATIENTS:
        return ""
    return (
        f"This registry holds {n} patients. Most questions cannot be answered from so few: where a number is given, "
        "its interval says how little is known, and no number here is a finding about the disease."
    )


def render(
    results: Sequence[Result],
    verdicts: pd.DataFrame,
    registry: Registry,
    *,
    title: str,
    generated: datetime,
    manifest: Mapping[str, Any],
    literature: LiteraturePart | None = None,
    drawings: Drawings | None = None,
) -> str:
    """Return the report as one HTML page with all plots inside.

    Parameters
    ----------
    results
        Answers of questions, in any order.
    verdicts
        One row a published figure; may have no rows.
    registry
        For the section on data quality; its raw values and ids do not reach the page.
    title
        Heading of the page.
    generated
        Time of the run, shown in the header alone.
    manifest
        As ``build_manifest`` returns it.
    literature
        Frames that stand beside the verdicts.
    drawings
        The plots if they are drawn already, answers by their place in the order of the report.

    Returns
    -------
    str
        The page. Two runs on the same input and settings differ only in the run list of the header.
    """
    chosen = ordered(results)
    part = literature or LiteraturePart()
    drawn = drawings or draw_all(chosen, verdicts, part.forests)
    methods, references = _methods(chosen, verdicts)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            title=title,
            css=stylesheet(),
            registry_name=value_words(manifest.get("registry") or registry.provenance.get("name")),
            data_cut=value_words(manifest.get("data_cut") or "not recorded"),
            version=manifest.get("versions", {}).get("nmosd_cohort", "not recorded"),
            run_id=manifest.get("run_id", "not recorded"),
            generated=time_text(generated),
            few=_few_patients(registry),
            sections=_sections(chosen, drawn.answers),
            patient_flow=patient_flow(chosen),
            records_by_file=record_table(registry),
            cells_by_file=cell_table(registry),
            findings=findings_table(registry),
            contents=contents_table(registry),
            literature=literature_section(verdicts, part, drawn),
            glossary=labels()["glossary"],
            methods=methods,
            references=references,
            inputs=_input_table(manifest),
            manifest=_manifest_table(manifest),
        )
    )
