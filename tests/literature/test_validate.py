"""The registry's answers beside the catalogue: every figure gets a verdict, and none without a reason."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import get_args

import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.intake.mapping_file import CARE_LEVELS
from nmosd_cohort.literature import validate as module
from nmosd_cohort.literature.catalogue import read_catalogue
from nmosd_cohort.literature.figure import CareLevel
from nmosd_cohort.literature.verdict import VERDICT_COLUMNS, VERDICTS
from tests.conftest import registry_of


@pytest.fixture(scope="module")
def verdicts(review):
    return nc.validate(review).set_index("figure")


def test_every_figure_of_the_catalogue_has_one_verdict_with_a_reason(verdicts):
    assert set(verdicts.index) == set(nc.published_figures()["figure"])
    assert verdicts.index.is_unique
    assert set(verdicts["verdict"]) <= set(VERDICTS)
    assert verdicts["reason"].str.len().gt(10).all()


def test_each_value_beside_a_share_is_of_the_same_denominator(verdicts, review):
    for figure, denominator in (("xue_np_among_pain", "with_pain"), ("xue_np_all_derived", "all_diagnosed")):
        local = nc.pain_prevalence(review, pain="neuropathic", time_frame="ever", denominator=denominator)
        assert verdicts.loc[figure, "local_estimate"] == local.estimates.iloc[0]["estimate"]
        assert verdicts.loc[figure, "denominator"] == denominator


def test_a_figure_without_a_question_says_why(verdicts):
    row = verdicts.loc["akrivaki_2026_disability"]
    assert row["verdict"] == "not assessable"
    assert "between studies" in row["reason"]


def test_no_published_figure_of_nmosd_is_compared_with_another_disease():
    people = {"patient_id": [f"p{i}" for i in range(20)], "diagnosis": ["suspected_ms"] * 20}
    visits = {"patient_id": people["patient_id"], "assessment_date": ["2024-01-01"] * 20, "has_pain": [True] * 20}
    found = nc.validate(
        registry_of(patients=people, assessments=visits), diagnosis="suspected_ms", papers=["qian_2012", "liu_2017"]
    )
    row = found.set_index("figure").loc["qian_2012_pain_current"]
    assert row["reason"] == "The diagnosis differs: published nmosd, local suspected ms."
    assert set(found["verdict"]) == {"not comparable", "not assessable"}
    assert found["difference"].isna().all()


def test_an_empty_registry_gets_no_comparison():
    found = nc.validate(registry_of(), papers=["qian_2012", "liu_2023", "tocilizumab_n19"])
    assert len(found) >= 3
    assert found["difference"].isna().all()


def test_another_depression_scale_is_not_comparable():
    people = {"patient_id": [f"p{i}" for i in range(30)], "diagnosis": ["nmosd"] * 30}
    visits = {
        "patient_id": people["patient_id"],
        "assessment_date": ["2024-01-01"] * 30,
        "pain_nrs": [i % 7 for i in range(30)],
        "phq9": [i % 13 for i in range(30)],
    }
    found = nc.validate(registry_of(patients=people, assessments=visits), papers=["zhang_2022"]).set_index("figure")
    row = found.loc["zhang_2022_depression"]
    assert row["verdict"] == "not comparable"
    assert row["reason"] == "The instrument differs: published BDI-II, local phq9."


def test_a_share_of_all_diagnosed_is_not_compared_where_most_were_never_asked():
    people = {"patient_id": [f"p{i}" for i in range(20)], "diagnosis": ["nmosd"] * 20}
    visits = {"patient_id": people["patient_id"][:6], "assessment_date": ["2024-01-01"] * 6, "has_pain": [True] * 6}
    row = (
        nc.validate(registry_of(patients=people, assessments=visits), papers=["xue"])
        .set_index("figure")
        .loc["xue_pain_all"]
    )
    assert row["verdict"] == "not assessable"
    assert row["reason"].endswith("anywhere from 30 to 100 %.")


@pytest.fixture
def questions_asked(monkeypatch):
    """Record the name of every question that is asked."""
    asked = []

    def recorder(name, question):
        def ask(registry, **arguments):
            asked.append(name)
            return question(registry, **arguments)

        ask.__signature__ = module.signature(question)
        return ask

    monkeypatch.setattr(module, "QUESTIONS", {name: recorder(name, one) for name, one in module.QUESTIONS.items()})
    return asked


@pytest.mark.parametrize(
    ("tests", "expected"),
    [
        (["positive"] * 3, "aqp4_positive"),
        (["negative"] * 3, "aqp4_negative"),
        (["positive", "negative", None], "mixed"),
        (["positive", None, None], "unknown"),
        ([None] * 3, "unknown"),
    ],
)
def test_serostatus_of_the_registry(tests, expected):
    people = {"patient_id": ["a", "b", "c"], "diagnosis": ["nmosd"] * 3, "aqp4_status": tests}
    assert module._serostatus(registry_of(patients=people), "nmosd") == expected


def test_another_disease_goes_before_what_the_registry_lacks():
    people = {"patient_id": [f"p{i}" for i in range(20)], "diagnosis": ["ms"] * 20}
    found = nc.validate(registry_of(patients=people), diagnosis="ms", papers=["xue"]).set_index("figure")
    assert found.loc["xue_pain_all", "reason"] == "The diagnosis differs: published nmosd, local ms."
    assert found.loc["xue_pain_all", "verdict"] == "not comparable"


def test_own_estimates_have_limits_of_95_percent(review):
    ninety = nc.statistics.proportion(30, 60, conf_level=0.9)
    row = {"estimate": 0.5, "n": 60, "events": 30, "conf_level": 0.9}
    for own in (ninety, (row, {"denominator": "assessed"})):
        with pytest.raises(ValueError, match="qian_2012_pain_current has limits of 90 %; give those of 95 %"):
            nc.validate(review, papers=["qian_2012"], own={"qian_2012_pain_current": own})


def test_every_backend_gives_the_same_verdicts(review):
    papers = ["qian_2012", "xue"]
    pd.testing.assert_frame_equal(nc.validate(review, papers=papers), nc.validate(review.to_duckdb(), papers=papers))


def test_papers_restrict_the_figures_and_the_family(review, verdicts):
    found = nc.validate(review, papers=["qian_2012", "qian_2012"])
    assert found["paper"].unique().tolist() == ["qian_2012"]
    assert found["figure"].is_unique
    assert tuple(found.columns) == VERDICT_COLUMNS
    shared = found.set_index("figure")
    alike = ["local_estimate", "difference", "p_value", "smallest_detectable"]
    pd.testing.assert_frame_equal(shared[alike], verdicts.loc[shared.index, alike])
    tested = shared["p_value"].notna()
    assert (shared.loc[tested, "p_adjusted"] <= verdicts.loc[shared.index[tested], "p_adjusted"] + 1e-12).all()
    assert nc.validate(review, papers="qian_2012")["figure"].tolist() == found["figure"].tolist()
    assert nc.validate(review, papers=[]).empty


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"papers": ["zang_2022"]}, "there is no paper zang_2022; did you mean zhang_2022?"),
        (
            {"own": {"zhang_2022_np": ({}, {})}},
            "no published figure is called '?zhang_2022_np'?; .*zhang_2022_np_all",
        ),
        (
            {"papers": ["qian_2012"], "own": {"zhang_2022_np_all": ({}, {})}},
            "zhang_2022_np_all is of the paper zhang_2022, which is not among papers",
        ),
    ],
)
def test_unknown_papers_and_figures_are_named(review, options, words):
    with pytest.raises(ValueError, match=words):
        nc.validate(review, **options)


def test_own_estimates_go_before_the_answer_of_the_question(review, questions_asked):
    row = {"estimate": 0.75, "conf_low": 0.66, "conf_high": 0.83, "std_error": 0.043, "n": 130}
    definitions = {"construct": "any_pain", "denominator": "assessed", "time_frame": "current"}
    other = {"estimate": 0.5, "std_error": 0.05, "n": 90}
    own = {
        "qian_2012_pain_current": (row, definitions),
        "qian_2012_pain_intensity": (other, {"denominator": "assessed"}),
    }
    found = nc.validate(review, papers=["qian_2012"], own=own).set_index("figure")
    ours = found.loc["qian_2012_pain_current"]
    assert "pain_prevalence" not in questions_asked
    assert (ours["local_estimate"], ours["local_n"]) == (0.75, 130)
    assert "tested on the logit scale" in ours["reason"]
    assert ours["verdict"] == "compatible but imprecise"
    # a figure that no question answers is judged by what the caller states of his own
    assert found.loc["qian_2012_pain_intensity", "verdict"] == "not comparable"
    assert found.loc["qian_2012_pain_intensity", "reason"].startswith("The construct of the local figure is unknown")


def test_answers_that_are_there_are_not_asked_again(questions_asked):
    review = nc.simulate(n=60, seed=3)
    ready = [nc.pain_prevalence(review), nc.pain_and_depression(review, seed=7)]
    with_ready = nc.validate(review, papers=["kanamori_2011", "liu_2023", "tong_2022"], results=ready)
    assert sorted(questions_asked) == ["pain_and_diagnosis", *["pain_prevalence"] * 2]  # neuropathic, two denominators
    questions_asked.clear()
    without = nc.validate(review, papers=["kanamori_2011", "liu_2023", "tong_2022"])
    assert sorted(questions_asked) == ["pain_and_depression", "pain_and_diagnosis", *["pain_prevalence"] * 3]
    pd.testing.assert_frame_equal(with_ready, without)


OTHER_DEFINITIONS = ({"by": ["sex"]}, {"conf_level": 0.9}, {"min_days_after_attack": 90}, {"diagnosis": "mogad"})


def test_answers_of_other_definitions_or_registries_are_not_used(review, questions_asked):
    usual = nc.pain_prevalence(review)
    ready = [
        *(replace(usual, definitions={**usual.definitions, **other}) for other in OTHER_DEFINITIONS),
        replace(usual, provenance={"name": "another registry"}),
        replace(usual, definitions={}),
        replace(usual, name="pain_and_depression"),
    ]
    nc.validate(review, papers=["liang_2025"], results=ready)
    assert questions_asked == ["pain_prevalence"]


def test_cutoff_of_a_screening_instrument_is_stated(review, monkeypatch):
    figure = next(one for paper in read_catalogue() for one in paper.figures if one.id == "zhang_2022_np_all")
    arguments = figure.answers.arguments | {"neuropathic_by": "dn4"}
    dn4 = replace(figure, answers=replace(figure.answers, arguments=arguments), cutoff="4 or more", instrument="DN4")
    monkeypatch.setattr(module, "_chosen", lambda papers: [dn4])
    row = nc.validate(review).iloc[0]
    assert {"instrument", "cutoff", "diagnosis"} <= set(row["gate_same"].split(", "))


def test_care_level_of_the_registry_stands_beside_that_of_the_paper(review, monkeypatch):
    figure = next(one for paper in read_catalogue() for one in paper.figures if one.id == "qian_2012_pain_current")
    monkeypatch.setattr(module, "_chosen", lambda papers: [replace(figure, care_level="inpatients")])
    assert "care_level" in nc.validate(review).iloc[0]["gate_unknown"]
    told = replace(review, provenance={**review.provenance, "care_level": "survey"})
    assert "care_level" in nc.validate(told).iloc[0]["gate_different"]


def test_codes_of_care_levels_are_those_of_the_catalogue():
    assert get_args(CareLevel) == CARE_LEVELS


def test_every_reason_is_a_sentence_and_every_difference_has_limits_and_power(verdicts):
    assert verdicts["reason"].str.endswith((".", "?")).all()
    assert verdicts["reason"].str[0].str.match(r"[A-Z0-9]").all()
    compared = verdicts[verdicts["difference"].notna()]
    assert len(compared) > 20
    assert (
        compared[["difference_low", "difference_high", "p_value", "p_adjusted", "smallest_detectable"]]
        .notna()
        .all(None)
    )
    assert compared["can_show_equality"].notna().all()
    assert verdicts.loc[verdicts["difference"].isna(), ["p_value", "smallest_detectable"]].isna().all(None)
    assert compared.loc[compared["verdict"] == "consistent", "can_show_equality"].all()


def test_select_that_fits_several_rows_is_a_fault_of_the_catalogue(review, monkeypatch):
    figure = next(one for paper in read_catalogue() for one in paper.figures if one.id == "qian_2012_pain_current")
    vague = replace(figure, answers=replace(figure.answers, select={"measure": "proportion"}))
    monkeypatch.setattr(module, "_chosen", lambda papers: [vague])
    with pytest.raises(
        ValueError, match=r"qian_2012_pain_current: its select fits .* rows of pain_prevalence, not one"
    ):
        nc.validate(review)


def test_an_own_estimate_alone_stands_for_the_figure_s_own_construct_and_denominator(review):
    # 15.78 (1.37 to 182.15) is so wide that 2 does not contradict it
    ratio = nc.statistics.odds_ratio(20, 60, 10, 50)
    found = nc.validate(review, papers=["zhang_2022"], own={"zhang_2022_or_spinal_onset": ratio}).set_index("figure")
    row = found.loc["zhang_2022_or_spinal_onset"]
    assert row["verdict"] == "compatible but imprecise"
    assert row["local_estimate"] == ratio.estimate
    assert {"construct", "denominator"} <= set(row["gate_same"].split(", "))
    none = nc.statistics.proportion(0, 0)
    found = nc.validate(review, papers=["qian_2012"], own={"qian_2012_pain_current": none}).set_index("figure")
    assert found.loc["qian_2012_pain_current", "verdict"] == "not assessable"
    assert none.method.lower() in found.loc["qian_2012_pain_current", "reason"].lower()


MS_FIGURES = ("kanamori_2011_pain_ms", "qian_2012_pain_ms", "sun_2017_pain_ms", "zhou_2019_pain_ms")


@pytest.fixture(scope="module")
def with_ms():
    return nc.simulate("demo", n=120, seed=7)


@pytest.mark.parametrize("diagnosis", ["nmosd", "ms"])
def test_patients_with_multiple_sclerosis_stand_beside_published_ones_whoever_is_studied(with_ms, diagnosis):
    papers = ["kanamori_2011", "qian_2012", "sun_2017", "zhou_2019"]
    found = nc.validate(with_ms, papers=papers, diagnosis=diagnosis).set_index("figure").loc[list(MS_FIGURES)]
    ms = nc.pain_prevalence(with_ms, pain="any", diagnosis="ms").estimates.iloc[0]
    assert found["local_estimate"].eq(ms["estimate"]).all()
    assert found["local_n"].eq(ms["n"]).all()
    assert found["difference"].notna().all()
    assert found["gate_same"].str.contains("diagnosis").all()


def test_nmosd_share_is_not_set_beside_multiple_sclerosis_when_that_is_studied(with_ms):
    found = nc.validate(with_ms, papers=["kanamori_2011"], diagnosis="ms").set_index("figure")
    assert found.loc["kanamori_2011_pain", "reason"] == "The diagnosis differs: published nmosd, local ms."


def test_what_the_registry_lacks_is_said_by_the_question_itself(with_ms):
    found = nc.validate(with_ms, papers=["yamamura_2019", "tian_2020"]).set_index("figure")
    assert set(found["verdict"]) == {"not assessable"}
    hazard = found.loc["yamamura_2019_relapse_hr", "reason"]
    assert hazard.startswith("The registry has no value for this (satralizumab against placebo: 0 and 0 first starters")
    assert "a clinic registry has no population behind it" in found.loc["tian_2020_incidence", "reason"]


def test_incidence_is_compared_where_the_population_is_known(with_ms):
    catchment = nc.incidence_and_prevalence(with_ms, population={2015: 10**6, 2016: 10**6})
    row = catchment.estimates.query("outcome == 'incidence' and term == ''").iloc[0]
    found = nc.validate(with_ms, papers=["tian_2020"], own={"tian_2020_incidence": (dict(row), {})}).iloc[0]
    assert found["difference"] == pytest.approx(math.log(row["estimate"] / 0.278))


def test_drugs_and_sites_are_those_of_the_questions(with_ms):
    found = nc.validate(with_ms, papers=["zhang_2022", "xue"]).set_index("figure")
    used = nc.drug_use_and_response(with_ms).estimates
    on_drug = used.query("outcome == 'on_drug_for_pain' and group == 'pain_kind' and level == 'with_pain'").iloc[0]
    assert found.loc["zhang_2022_analgesic_use", ["local_estimate", "local_n"]].tolist() == [
        on_drug["estimate"],
        on_drug["n"],
    ]
    sites = nc.pain_sites(with_ms, time_frame="ever").estimates.iloc[0]
    assert found.loc["xue_pain_two_sites", "local_estimate"] == sites["estimate"]


@pytest.mark.parametrize("registry", [nc.demo_registry, lambda: nc.simulate("demo", n=120, seed=7)])
def test_every_select_fits_one_row_at_most(registry):
    found = nc.validate(registry())
    assert len(found) == len(nc.published_figures())
    assert found["local_estimate"].notna().sum() > 60


def test_subgroup_by_serostatus_is_asked_of_that_subgroup():
    registry = nc.demo_registry()
    found = nc.validate(registry, papers=["ringelstein_2022"]).set_index("figure")
    for subgroup, serostatus in (("aqp4", "aqp4_positive"), ("seronegative", "aqp4_negative")):
        asked = nc.attacks_after_start(registry, serostatus=serostatus).estimates
        share = asked.query("measure == 'attack_free_share' and term == ''").iloc[0]
        row = found.loc[f"ringelstein_2022_relapse_free_{subgroup}"]
        assert (row["local_estimate"], row["local_n"]) == (share["estimate"], share["n"])
        assert "serostatus" in row["gate_same"].split(", ")
