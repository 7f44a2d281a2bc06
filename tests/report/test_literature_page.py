"""The part on published figures: counts, one part a paper, integrity, case-mix, pooling, what was not compared."""

import math
import re

import pandas as pd
import pytest

from nmosd_cohort.report.drawings import Drawing, Drawings
from nmosd_cohort.report.literature_page import Literature, LiteraturePart, literature_section, verdict_counts
from nmosd_cohort.report.tables import table
from nmosd_cohort.report.tables_case_mix import characteristic_text, table_1
from nmosd_cohort.report.tables_integrity import integrity_counts, integrity_said
from nmosd_cohort.report.tables_literature import by_paper, detectable_text, difference_text
from nmosd_cohort.report.uncompared import CAUSES, DEFINITIONS, NUMBER, PRINT, QUESTION, REGISTRY, cause_of, reasons

DIFFERENCE = ("difference", "difference_low", "difference_high")
NO_DRAWINGS = Drawings({}, {}, {})


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
def section(verdicts: pd.DataFrame, literature: LiteraturePart) -> Literature:
    return literature_section(verdicts, literature, NO_DRAWINGS)


def test_every_figure_is_counted_once_under_its_verdict(verdicts: pd.DataFrame) -> None:
    counts = verdict_counts(verdicts)
    assert sum(count.n for count in counts) == len(verdicts) == 24
    assert {count.name: count.n for count in counts} == verdicts["verdict"].value_counts().to_dict()
    assert max(count.percent for count in counts) == 100
    assert all(count.meaning for count in counts)


def test_papers_without_a_compared_figure_stand_apart(section: Literature, verdicts: pd.DataFrame) -> None:
    compared = set(verdicts.loc[verdicts["difference"].notna(), "paper"])
    assert {f"paper-{key}" for key in compared} == {paper.id for paper in section.papers}
    assert len(section.papers) + len(section.uncompared_papers) == verdicts["paper"].nunique()


def test_a_paper_shows_reference_people_figures_case_mix_and_integrity(section: Literature) -> None:
    (paper,) = [paper for paper in section.papers if paper.id == "paper-author_2010"]
    assert paper.heading == "Author 2010"
    assert paper.reference == "Author et al. 2010"
    people = dict(paper.people)
    assert (people["Country"], people["Care"], people["Not seen"]) == (
        "China",
        "Specialist clinic",
        "design, serostatus, years",
    )
    captions = [made.caption for made in paper.tables]
    assert captions == [
        "Figures with a number of this registry beside them",
        "Who was studied, and who in this registry was assessed for pain",
        "The same patients, weighted so that they resemble the paper's",
        "Printed numbers: contradictions, and what they imply",
    ]
    assert "contradictions in print 1" in paper.said
    assert [row[2] for row in paper.checks.rows] == ["inconsistent", "consistent"]


def test_raw_and_reweighted_verdict_stand_side_by_side(section: Literature) -> None:
    (made,) = [t for paper in section.papers for t in paper.tables if t.name == "reweighted"]
    row = dict(zip(made.columns, map(plain, made.rows[0]), strict=True))
    assert row["Verdict"] == "● consistent"
    assert row["Verdict, reweighted"] == "■ compatible but imprecise"
    assert row["Local, reweighted to the paper's patients"] == "28.0 % (20.0 to 37.0)"
    assert row["Effective patients"] == "61.2 (50.2 %), largest weight 3.2"
    assert row["Reason"] == "Here 28.0 %. Not matched: Age at onset (years): not printed."


def test_compared_and_uncompared_figures_of_a_paper_have_tables_of_their_own(verdicts: pd.DataFrame) -> None:
    one = verdicts.assign(paper="author_2010")
    (paper,) = literature_section(one, LiteraturePart(), NO_DRAWINGS).papers
    compared, rest = paper.tables
    assert len(compared.rows) == one["difference"].notna().sum()
    assert len(compared.rows) + len(rest.rows) == len(one)
    first = [plain(cell) for cell in compared.rows[0]]
    assert first[2:5] == ["30.0 % (no interval), n = 145", "32.4 % (24.4 to 40.4), n = 122", "2.4 pp (−5.6 to 10.4)"]
    assert "not estimated" not in str([row[4] for row in compared.rows])


def test_detectable_difference_is_told_down_and_up_where_they_differ() -> None:
    row = {"scale": "share", "difference": 0.1, "smallest_detectable": 0.2}
    assert detectable_text(row) == "20.0 pp"
    assert detectable_text(row | {"detectable_down": 0.15, "detectable_up": 0.22}) == "15.0 pp below, 22.0 pp above"
    assert detectable_text(row | {"difference": float("nan")}) == "not estimated"
    assert detectable_text(row | {"scale": "log odds ratio", "smallest_detectable": math.log(4)}) == "factor 4.00"


def test_difference_of_two_logs_is_the_factor_between_them() -> None:
    """An odds ratio of 1.5 here and 3 in print differ by the factor 0.5."""
    row = {"scale": "log odds ratio", "difference": math.log(0.5), "difference_low": math.log(0.25)}
    assert difference_text(row | {"difference_high": 0.0}) == "factor 0.50 (0.25 to 1.00)"
    assert difference_text({"scale": "log rate", **dict.fromkeys(DIFFERENCE, float("nan"))}) == "not estimated"


@pytest.mark.parametrize(
    ("verdict", "question", "answered", "cause"),
    [
        ("published figure inconsistent", "pain_prevalence", True, PRINT),
        ("not assessable", "", False, QUESTION),
        ("not comparable", "pain_prevalence", True, DEFINITIONS),
        ("not assessable", "pain_prevalence", False, REGISTRY),
        ("not assessable", "pain_prevalence", True, NUMBER),
    ],
)
def test_what_kept_a_figure_from_a_comparison(verdict: str, question: str, answered: bool, cause: str) -> None:
    assert cause_of(verdict, question, answered=answered) == cause


def test_reasons_are_grouped_and_every_uncompared_figure_is_named_once(
    verdicts: pd.DataFrame, section: Literature
) -> None:
    found = reasons(verdicts)
    named = [figure for by_reason in found.values() for figures in by_reason.values() for figure in figures]
    assert sorted(named) == sorted(verdicts.loc[verdicts["difference"].isna(), "figure"])
    assert list(found) == [cause for cause in CAUSES if cause in found]
    for by_reason in found.values():
        sizes = [len(figures) for figures in by_reason.values()]
        assert sizes == sorted(sizes, reverse=True)
    total = sum(int(re.findall(r"\((\d+)\)$", made.caption)[0]) for made in section.uncompared)
    assert total == len(named)


def test_integrity_is_summed_by_check_and_contradictions_are_listed(
    section: Literature, literature: LiteraturePart
) -> None:
    assert integrity_counts(literature.integrity).rows == (
        ("limits of a share", "1", "0", "0", "0"),
        ("percentage", "0", "1", "0", "0"),
    )
    assert section.integrity.startswith("1 of 1 figures print enough to be checked; 1 hold")
    assert section.contradictions.rows[0][:3] == ("Author 2010", "figure_00", "limits of a share")
    assert integrity_said(pd.DataFrame()) == "The printed numbers were not checked in this run."


def test_pooled_share_has_the_registry_beside_it_and_the_borrowed_one_is_secondary(section: Literature) -> None:
    (row,) = [[plain(cell) for cell in row] for row in section.pooled.rows]
    assert row[:5] == [
        "Neuropathic pain, all patients",
        "6 (512)",
        "36.0 % (28.0 to 45.0)",
        "between 17.0 % and 61.0 %",
        "40.0 % (26.0 to 55.0), n = 40",
    ]
    assert section.borrowed.caption.startswith("Secondary")
    assert [plain(cell) for cell in section.borrowed.rows[0][1:6]] == [
        "40.0 % (26.0 to 55.0), n = 40",
        "36.0 % (17.0 to 61.0)",
        "39.0 % (27.0 to 52.0)",
        "14.2",
        "0.71",
    ]


def test_group_that_is_too_small_to_pool_says_so(verdicts: pd.DataFrame, literature: LiteraturePart) -> None:
    literature.pooled.loc[0, ["estimate", "tau", "method"]] = [float("nan"), float("nan"), "not pooled: 1 study"]
    part = LiteraturePart(pooled=literature.pooled)
    (row,) = literature_section(verdicts, part, NO_DRAWINGS).pooled.rows
    assert (row[2], row[4], row[5]) == ("not pooled: 1 study", "not estimated", "not estimated")


def test_table_1_stands_beside_the_registry(literature: LiteraturePart) -> None:
    assert table_1(literature.case_mix).rows == (
        (
            "EDSS",
            "median 3.5 (quartiles 2.0 to 5.5), n = 122",
            "mean 3.9 (SD 2.0); median 4.0 (quartiles 2.5 to 6.0), n = 100",
            "7",
            "Table 1",
        ),
    )


@pytest.mark.parametrize(
    ("known", "text"),
    [
        ({"percent": 65.9, "events": 29, "n": 44}, "65.9 % (29/44)"),
        ({"percent": 80.0}, "80.0 %"),
        ({"mean": 41.2, "n": 30}, "mean 41.2, n = 30"),
        ({"minimum": 18, "maximum": 70}, "range 18.0 to 70.0"),
        ({"median": 40, "minimum": 18, "maximum": 70}, "median 40.0 (range 18.0 to 70.0)"),
        ({}, "not recorded"),
    ],
)
def test_characteristics_read_as_in_a_paper(known: dict[str, float], text: str) -> None:
    names = ("n", "events", "percent", "mean", "sd", "median", "quartile_1", "quartile_3", "minimum", "maximum")
    row = {f"local_{name}": known.get(name) for name in names}
    assert characteristic_text(row, "local") == text


def test_nothing_compared_is_said() -> None:
    none = pd.DataFrame(columns=["paper", "figure", "verdict", "question", "difference"])
    section = literature_section(none, LiteraturePart(), NO_DRAWINGS)
    assert section.said == "No figure was compared."
    assert not section.papers
    assert not section.uncompared
    assert by_paper(none) == []


def test_drawings_of_questions_and_of_pooled_groups_are_in_the_page(verdicts: pd.DataFrame) -> None:
    svg = '<?xml?><svg width="10pt" height="10pt"><g id="a"/></svg>'
    drawings = Drawings({}, {"pain_prevalence": Drawing(svg, b"")}, {"neuropathic_all": Drawing(svg, b"")})
    section = literature_section(verdicts, LiteraturePart(), drawings)
    assert [title for title, _ in section.forests] == ["Pain prevalence"]
    assert "Neuropathic pain, all patients: published studies" in section.pooled_forests[0]


def test_verdicts_are_a_table_in_a_notebook(verdicts: pd.DataFrame) -> None:
    html = table(verdicts).as_raw_html()
    assert html.index("Author 2010") < html.index("Author 2011")
    assert "differ by less than the margin" in html
    with pytest.raises(ValueError, match=r"the frame has no figure, paper, .*of the frame of validate\(\)"):
        table(pd.DataFrame({"a": [1]}))
