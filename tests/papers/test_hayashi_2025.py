"""Amitriptyline, pain apart from attacks, and pain around the first step down of a steroid."""

from typing import Any

import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of
from tests.papers.registries import figures_of, people, renamed, rows


@pytest.fixture(scope="module")
def by_hand() -> nc.Registry:
    return registry_of(
        patients=people(["a", "b", "c", "d"]),
        treatments=rows(
            "patient_id drug dose dose_unit start_date",
            ("a", "prednisolone", 40, "mg/day", "2024-01-01"),
            ("a", "prednisolone", 8, "mg/day", "2024-04-15"),  # the first step down
            ("a", "prednisolone", 5, "mg/day", "2024-07-01"),
            ("b", "prednisolone", 10, "mg/day", "2024-01-01"),
            ("b", "prednisolone", 5, "mg/day", "2024-04-15"),
            ("c", "prednisolone", 5, "mg/day", "2024-01-01"),
            ("c", "prednisolone", 20, "mg/day", "2024-04-15"),  # a step up
            ("a", "amitriptyline", 5, "mg/day", "2024-05-10"),
            ("d", "amitriptyline", 10, "mg/day", None),
        ),
        assessments=rows(
            "patient_id assessment_date pain_nrs",
            ("a", "2024-04-01", 2),
            ("a", "2024-05-01", 8),
            ("a", "2024-08-01", 3),
            ("b", "2024-04-01", 3),
            ("b", "2024-05-01", 4),
            ("b", "2024-06-20", 9),
            ("c", "2024-04-01", 1),
            ("c", "2024-05-01", 9),
        ),
        pain=rows(
            "patient_id pain_type context onset_date",
            ("a", "neuropathic", "independent", "2024-04-20"),
            ("a", "neuropathic", "attack", "2023-04-20"),
            ("b", "neuropathic", "attack", "2024-04-20"),
            ("c", "neuropathic", None, "2024-04-20"),  # not judged
            ("d", "headache", "independent", "2024-04-20"),
        ),
    )


@pytest.fixture(scope="module")
def under_another_name() -> nc.Registry:
    return renamed(nc.simulate(n=300, seed=1), {"tocilizumab": "Amitriptyline", "amitriptyline": "another drug"})


def test_sets_every_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay("hayashi_2025")
    assert set(made["verdicts"]["figure"]) == figures_of("hayashi_2025")
    assert set(made["verdicts"]["verdict"]) == {"not assessable"}
    for number in ("41.6", "90.9", "22.61", "26.66", ": 7\n", ": 8\n"):
        assert number in printed


def test_never_makes_up_a_score_after_the_start(replay: Any) -> None:
    made, _ = replay("hayashi_2025")
    row = made["verdicts"].set_index("figure").loc["hayashi_2025_amitriptyline_pain"]
    assert row[["published_estimate", "published_low", "published_high", "difference"]].isna().all()


def test_counts_by_hand(replay: Any, by_hand: nc.Registry) -> None:
    made, _ = replay("hayashi_2025", by_hand)
    # a has 8 on 1 May, before the start on 10 May, and 3 on 1 August; d's start is unknown.
    assert list(made["known"].values()) == [2, 1, 1, 1]
    assert made["is_apart"].to_dict() == {"a": True, "b": False}
    # a: 2 to 8; b: 3 to 4, and the 9 came later.
    assert made["change"].to_dict() == {"a": 6, "b": 1}
    assert (made["rose"].events, made["rose"].n) == (1, 2)


def test_change_is_that_of_the_question(replay: Any, under_another_name: nc.Registry) -> None:
    made, _ = replay("hayashi_2025", under_another_name)
    asked = nc.change_after_start(nc.simulate(n=300, seed=1), drug="tocilizumab", at_months=3, window_days=60)
    change = asked.estimates.query("outcome == 'pain_nrs' and measure == 'mean_change'").iloc[0]
    row = made["verdicts"].set_index("figure").loc["hayashi_2025_amitriptyline_pain"]
    assert row["local_estimate"] == pytest.approx(change["estimate"])
    assert row["verdict"] == "not assessable"


def test_says_what_a_poor_registry_lacks(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay("hayashi_2025", poor_registry)
    assert made["own"] == {}
    assert "Missing: a pain score before and after the start of amitriptyline" in printed
    assert "Missing: episodes of neuropathic pain" in printed
