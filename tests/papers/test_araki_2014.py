"""Change after the start of tocilizumab, and what the paper's means and SDs can say of it."""

from typing import Any

import numpy as np
import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of
from tests.papers.registries import figures_of, people, rows

BEFORE, AFTER = [6, 5, 8, 4, 7, 3], [2, 3, 5, 1, 6, 3]


@pytest.fixture(scope="module")
def by_hand() -> nc.Registry:
    names = [f"p{number}" for number in range(len(BEFORE))]
    visits = [(name, "2021-12-20", score) for name, score in zip(names, BEFORE, strict=True)]
    visits += [(name, "2022-12-30", score) for name, score in zip(names, AFTER, strict=True)]
    return registry_of(
        patients=people(names),
        treatments=rows("patient_id drug start_date", *((name, "Tocilizumab", "2022-01-01") for name in names)),
        assessments=rows("patient_id assessment_date pain_nrs", *visits),
        # Three attacks in the year before, one in the year after, one outside both.
        attacks=rows(
            "patient_id attack_date",
            ("p0", "2021-03-01"),
            ("p0", "2021-09-01"),
            ("p1", "2021-06-01"),
            ("p2", "2022-06-01"),
            ("p3", "2018-06-01"),
        ),
    )


def test_sets_every_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay("araki_2014")
    assert set(made["verdicts"]["figure"]) == figures_of("araki_2014")
    assert "published −2.1" in printed
    assert "published −1.7" in printed


def test_answers_are_those_of_the_question(replay: Any, demo: nc.Registry) -> None:
    made, _ = replay("araki_2014")
    asked = nc.validate(demo, papers=["araki_2014"])
    assert made["verdicts"]["local_estimate"].tolist() == pytest.approx(asked["local_estimate"].tolist(), nan_ok=True)
    assert made["verdicts"]["verdict"].tolist() == asked["verdict"].tolist()


def test_change_of_the_paper_by_correlation(replay: Any) -> None:
    _, printed = replay("araki_2014")
    # At r = 0.5 the SD of the change is sqrt(1.5^2 + 1.2^2 - 1.5 * 1.2) = 1.375; limits -2.1 -+ 2.447 * 1.375 / sqrt 7.
    half = next(line for line in printed.splitlines() if line.split()[:2] == ["0.5", "−2.1"])
    assert half.split()[2:5] == ["1.375", "−3.371", "−0.8285"]
    assert "a correlation above -0.41" in printed


def test_registry_by_hand(replay: Any, by_hand: nc.Registry) -> None:
    made, _ = replay("araki_2014", by_hand)
    local = made["verdicts"].set_index("figure")["local_estimate"]
    assert local["araki_2014_pain_12m"] == pytest.approx((20 - 33) / 6)
    assert local["araki_2014_pain_baseline"] == pytest.approx(33 / 6)
    assert made["correlation"].estimate == pytest.approx(np.corrcoef(BEFORE, AFTER)[0, 1])
    assert local["araki_2014_arr_before"] == pytest.approx(3 / (6 * 365 / 365.25))
    assert local["araki_2014_arr_after"] == pytest.approx(1 / (6 * 365 / 365.25))


def test_says_what_a_poor_registry_lacks(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay("araki_2014", poor_registry)
    assert made["own"] == {}
    assert "Missing: starters of tocilizumab" in printed
