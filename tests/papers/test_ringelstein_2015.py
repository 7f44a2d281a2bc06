"""Pain before tocilizumab and at the last visit in the paper's range of months."""

from typing import Any

import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of
from tests.papers.registries import figures_of, people, rows


@pytest.fixture(scope="module")
def by_hand() -> nc.Registry:
    names = ["a", "b", "c", "d", "e", "f"]
    return registry_of(
        patients=people(names),
        treatments=rows("patient_id drug start_date", *((name, "tocilizumab", "2020-01-01") for name in names)),
        assessments=rows(
            "patient_id assessment_date pain_nrs",
            ("a", "2019-12-20", 6),
            ("a", "2021-01-01", 3),
            ("a", "2023-05-01", 2),  # month 40, the last one that counts
            ("a", "2024-12-01", 9),  # month 59
            ("b", "2020-01-01", 7),
            ("b", "2021-09-01", 0),
            ("c", "2019-11-01", 5),
            ("c", "2021-04-01", 5),
            ("d", "2019-12-01", 0),
            ("d", "2021-01-01", 0),
            ("e", "2019-12-01", 8),  # none after
            ("f", "2019-09-01", 8),  # more than 90 days before
            ("f", "2021-01-01", 1),
        ),
    )


def test_sets_every_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay("ringelstein_2015")
    assert set(made["verdicts"]["figure"]) == figures_of("ringelstein_2015")
    assert " 6.5 " in printed
    assert " 2.5 " in printed


def test_medians_and_shares_by_hand(replay: Any, by_hand: nc.Registry) -> None:
    made, printed = replay("ringelstein_2015", by_hand)
    assert made["pairs"].to_dict("index") == {
        "a": {"before": 6, "after": 2},
        "b": {"before": 7, "after": 0},
        "c": {"before": 5, "after": 5},
        "d": {"before": 0, "after": 0},
    }
    own = made["own"]
    assert own["ringelstein_2015_pain_baseline"].estimate == 5.5  # 0 5 6 7
    assert own["ringelstein_2015_pain_follow_up"].estimate == 1  # 0 0 2 5
    assert (own["ringelstein_2015_less_pain"].events, own["ringelstein_2015_less_pain"].n) == (2, 4)
    assert (own["ringelstein_2015_pain_free"].events, own["ringelstein_2015_pain_free"].n) == (2, 4)
    assert (made["less"].events, made["less"].n) == (2, 3)
    assert (made["freed"].events, made["freed"].n) == (1, 3)
    assert "less pain, of those with pain at the start" in printed


def test_pairs_of_the_demo_registry_counted_again(replay: Any, demo: nc.Registry) -> None:
    made, _ = replay("ringelstein_2015")
    courses = demo.tables["treatments"].query("drug == 'tocilizumab'").groupby("patient_id")["start_date"].min()
    counted = 0
    for patient, start in courses.dropna().items():
        if patient not in set(demo.tables["patients"].query("diagnosis == 'nmosd'")["patient_id"]):
            continue
        visits = demo.tables["assessments"].query("patient_id == @patient").dropna(subset=["pain_nrs"])
        days = [(visit - start).days for visit in visits["assessment_date"]]
        has_before = any(-90 <= day <= 0 for day in days)
        counted += has_before and any(10 * 30.4375 <= day <= 51 * 30.4375 for day in days)
    assert counted == len(made["pairs"]) > 0


def test_says_what_a_poor_registry_lacks(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay("ringelstein_2015", poor_registry)
    assert made["own"] == {}
    assert "Missing: two starters of tocilizumab" in printed
