"""The registry's answers beside the catalogue: every figure gets a verdict, and none without a reason."""

from __future__ import annotations

import pytest

import nmosd_cohort as nc
from nmosd_cohort.literature.verdict import VERDICTS
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
    found = nc.validate(registry_of(patients=people, assessments=visits), diagnosis="suspected_ms")
    assert set(found["verdict"]) == {"not comparable", "not assessable"}
    assert found["difference"].isna().all()


def test_an_empty_registry_gets_no_comparison():
    found = nc.validate(registry_of())
    assert found["difference"].isna().all()


def test_another_depression_scale_is_not_comparable():
    people = {"patient_id": [f"p{i}" for i in range(30)], "diagnosis": ["nmosd"] * 30}
    visits = {
        "patient_id": people["patient_id"],
        "assessment_date": ["2024-01-01"] * 30,
        "pain_nrs": [i % 7 for i in range(30)],
        "phq9": [i % 13 for i in range(30)],
    }
    found = nc.validate(registry_of(patients=people, assessments=visits)).set_index("figure")
    row = found.loc["zhang_2022_depression"]
    assert row["verdict"] == "not comparable"
    assert row["reason"] == "The instrument differs: published BDI-II, local phq9."


def test_a_share_of_all_diagnosed_is_not_compared_where_most_were_never_asked():
    people = {"patient_id": [f"p{i}" for i in range(20)], "diagnosis": ["nmosd"] * 20}
    visits = {"patient_id": people["patient_id"][:6], "assessment_date": ["2024-01-01"] * 6, "has_pain": [True] * 6}
    row = nc.validate(registry_of(patients=people, assessments=visits)).set_index("figure").loc["xue_pain_all"]
    assert row["verdict"] == "not assessable"
    assert row["reason"].endswith("anywhere from 30 to 100 %.")
