"""Pairs of scores are those of the question, from the first start, with the class of pain on the day of the first."""

import pandas as pd
import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of

START = "2024-03-01"


@pytest.fixture(scope="module")
def registry() -> nc.Registry:
    names = ["A", "B", "C", "D"]
    every = {"diagnosis": "nmosd", "aqp4_status": "positive", "onset_date": "2015-01-01", "last_contact_date": START}
    return registry_of(
        patients={"patient_id": names, **{name: [value] * 4 for name, value in every.items()}},
        treatments={
            "patient_id": ["A", "A", "B", "C", "D"],
            "drug": ["Tocilizumab", "tocilizumab", "tocilizumab", "tocilizumab", "rituximab"],
            "start_date": ["2024-09-01", START, START, None, START],
        },
        assessments={
            "patient_id": ["A", "A", "B", "B", "C"],
            "assessment_date": ["2024-02-20", "2025-03-01", "2024-02-20", "2024-02-28", "2024-02-20"],
            "pain_nrs": [6, 2, None, 5, 4],
            "has_neuropathic_pain": [True, False, True, None, True],
        },
    )


def test_first_start_counts_and_an_unknown_one_has_no_scores(registry: nc.Registry) -> None:
    pairs = nc.start_pairs(registry, drug="tocilizumab").set_index("patient_id")
    assert pairs.index.tolist() == ["A", "B", "C"]  # D had another drug
    # 2024-02-20 is 10 days before 2024-03-01; 2025-03-01 is 365 days after it
    assert pairs.loc["A", ["before", "before_days", "after", "after_days"]].tolist() == [6.0, -10, 2.0, 365]
    assert pairs["start_day"].isna().tolist() == [False, False, True]
    assert pairs.loc["C", ["before", "after"]].isna().all()


def test_class_of_pain_is_that_of_the_day_of_the_score_before(registry: nc.Registry) -> None:
    pairs = nc.start_pairs(registry, drug="tocilizumab").set_index("patient_id")
    assert pairs["is_neuropathic_before"].isna().tolist() == [False, True, True]  # B was classified on another day
    assert bool(pairs.loc["A", "is_neuropathic_before"])


def test_pairs_are_those_of_the_question_on_both_backends() -> None:
    big = nc.simulate(n=200, seed=1)
    pairs = nc.start_pairs(big, drug="tocilizumab")
    complete = pairs.dropna(subset=["before", "after"])
    answer = nc.change_after_start(big, drug="tocilizumab")
    row = answer.estimates.query("outcome == 'pain_nrs' and measure == 'mean_change'").iloc[0]
    assert row["n"] == len(complete)
    assert row["estimate"] == pytest.approx((complete["after"] - complete["before"]).mean())
    pd.testing.assert_frame_equal(pairs, nc.start_pairs(big.to_duckdb(), drug="tocilizumab"))


def test_nobody_on_the_drug_gives_no_rows(registry: nc.Registry) -> None:
    assert nc.start_pairs(registry, drug="nothing").empty


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"outcome": "pain"}, "outcome is 'pain'; columns are"),
        ({"at_months": 0}, "must be above 0"),
        ({"window_days": 0}, "must be above 0"),
    ],
)
def test_wrong_options_are_named(registry: nc.Registry, options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        nc.start_pairs(registry, drug="tocilizumab", **options)
