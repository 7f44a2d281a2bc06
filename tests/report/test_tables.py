"""Tables of results: order, denominators, footnotes, accessibility, escaping."""

import re

import pandas as pd
import pytest

from nmosd_cohort.intake.registry import Registry
from nmosd_cohort.report.literature_page import LiteraturePart
from nmosd_cohort.report.plots import plot
from nmosd_cohort.report.plots_pooled import pooled_forest
from nmosd_cohort.report.tables import (
    estimate_tables,
    flow_is_consistent,
    flow_table,
    footnotes,
    table,
    table_html,
    tally_table,
)
from nmosd_cohort.report.tables_literature import verdict_table
from nmosd_cohort.report.tables_registry import cell_table, contents_table, findings_summary, record_table
from nmosd_cohort.result import Result, flow_frame


def test_roles_come_in_their_order_with_n_and_denominator_on_each_row(results: list[Result]):
    for result in results:
        tables = estimate_tables(result)
        order = [made.name for made in tables]
        assert order == [role for role in ("primary", "secondary", "sensitivity", "comparison") if role in order]
        assert order[0] == "primary"
        for made in tables:
            n, counted = made.columns.index("n"), made.columns.index("Counted are")
            assert all(re.fullmatch(r"\d+(/\d+)?", row[n]) and row[counted] for row in made.rows)


def test_prevalence_row_reads_as_a_clinician_writes_it(prevalence: Result):
    primary = estimate_tables(prevalence)[0]
    whom = ("Neuropathic pain", "Share of patients", "All patients", "assessed patients")
    assert primary.rows == ((*whom, "35/122", "28.7 % (21.4 to 37.3)"),)


def test_no_cell_is_blank(results: list[Result]):
    for result in results:
        for made in (*estimate_tables(result), flow_table(result), tally_table(result.tally, caption="n")):
            assert all(cell.strip() for row in made.rows for cell in row)


def test_p_value_never_stands_without_an_interval(prevalence: Result):
    prevalence.estimates.loc[0, ["p_value", "conf_low", "conf_high"]] = [0.01, None, None]
    assert "p" not in estimate_tables(prevalence)[0].columns


def test_each_method_is_listed_once_and_every_mark_has_its_footnote(results: list[Result]):
    for result in results:
        notes = footnotes(result)
        assert len({note.text for note in notes}) == len(notes)
        html = table_html(result, prefix="x-")
        targets = set(re.findall(r'href="#(x-note-\w+)"', html))
        assert targets == set(re.findall(r'id="(x-note-\w+)"', html))


def test_page_table_has_caption_and_scopes_and_escapes_labels(prevalence: Result):
    html = str(table_html(prevalence))
    assert html.count("<table") == html.count("<caption>") == 3
    assert '<th scope="col"' in html
    assert '<th scope="row">' in html
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert "colspan" not in html
    assert "rowspan" not in html


def test_measures_choose_rows_and_an_unknown_one_is_refused(prevalence: Result):
    (only,) = estimate_tables(prevalence, measures=["risk_difference"])
    assert [row[1] for row in only.rows] == ["Difference in shares"]
    with pytest.raises(ValueError, match="has no measure median; it has proportion, risk_difference"):
        table(prevalence, measures=["median"])


def test_notebook_table_groups_by_role_and_escapes(prevalence: Result):
    html = table(prevalence).as_raw_html()
    assert html.index("Primary estimates") < html.index("Secondary estimates") < html.index("Sensitivity estimates")
    assert "<script>alert" not in html
    assert "43 % (16 to 75)" in html


def test_flow_that_does_not_add_up_is_noticed(prevalence: Result):
    assert flow_is_consistent(prevalence)
    steps = flow_frame([("all", 10, 0, ""), ("assessed", 7, 2, "never asked")])
    branched = [("all", 10, 0, ""), ("with an EDSS", 7, 3, "none"), ("of all, with an SF-36", 6, 4, "none")]
    assert flow_is_consistent(
        Result("q", prevalence.estimates, flow_frame(branched), prevalence.checks, prevalence.tally)
    )
    broken = type(prevalence)("q", prevalence.estimates, steps, prevalence.checks, prevalence.tally)
    assert not flow_is_consistent(broken)


def test_accounting_identity_is_stated_for_each_file(registry: Registry):
    assert [row[-1] for row in record_table(registry).rows] == ["yes", "yes"]
    registry.accounting.loc[1, "cells_missing"] = 590
    assert [row[-1] for row in cell_table(registry).rows] == ["yes", "no: 10 unaccounted for"]


def test_findings_are_counted_by_rule_and_column_without_values(registry: Registry):
    summary = findings_summary(registry)
    assert summary["findings"].tolist() == [2, 1, 1]
    assert not {"value", "line", "record"} & set(summary.columns)
    assert [row[2] for row in contents_table(registry).rows] == ["2", "3"]


@pytest.mark.parametrize("thing", [5, None, "abc"])
def test_what_is_no_result_is_refused_in_words(thing: object):
    with pytest.raises(TypeError, match="table takes the Result of a question or the frame that validate"):
        table(thing)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="plot takes the Result of a question, not"):
        plot(thing)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="pooled_forest takes the frame that evidence_for returns, not"):
        pooled_forest(thing)  # type: ignore[arg-type]


def test_a_frame_of_something_else_is_refused_in_words(verdicts: pd.DataFrame):
    with pytest.raises(TypeError, match="plot takes the Result of a question, not DataFrame"):
        plot(verdicts)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="evidence_for returns; this one has no kind, label"):
        pooled_forest(verdicts)
    with pytest.raises(ValueError, match="the frame has no figure, paper"):
        table(pd.DataFrame({"a": [1]}))


def test_reweighted_verdicts_make_a_table_without_the_verdicts(literature: LiteraturePart):
    known = literature.reweighted.assign(figure="zhang_2022_pain_current", paper="zhang_2022")
    html = table(pd.concat([known, literature.reweighted])).as_raw_html()
    assert html.index("Zhang 2022") < html.index("Any pain (assessed patients, current)") < html.index("28.0 % (20.0")
    assert "Figure 00" in html  # not in the catalogue


def test_figures_of_a_paper_that_read_the_same_have_their_id(verdicts: pd.DataFrame):
    twice = pd.concat([verdicts.iloc[[0]], verdicts.iloc[[0]].assign(figure="figure_99"), verdicts.iloc[[1]]])
    names = [row[0] for row in verdict_table(twice, caption="x").rows]
    assert [name.endswith(f"[{figure}]") for name, figure in zip(names, twice["figure"], strict=True)] == [True] * 2 + [
        False
    ]
