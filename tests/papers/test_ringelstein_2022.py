"""Attacks on tocilizumab by antibody: shares, Kaplan-Meier and rates of a few patients made by hand."""

from typing import Any

import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of
from tests.papers.registries import figures_of, people, rows


@pytest.fixture(scope="module")
def by_hand() -> nc.Registry:
    return registry_of(
        patients=people(
            ["a", "b", "c", "d", "e"],
            diagnosis=["nmosd", "nmosd", "nmosd", "mogad", "nmosd"],
            aqp4_status=["positive", "positive", "negative", "negative", "positive"],
            mog_status=["negative", None, None, "positive", None],
            last_contact_date=["2024-01-01", "2023-01-01", "2023-01-01", "2023-01-01", "2023-01-01"],
        ),
        treatments=rows(
            "patient_id drug start_date stop_date",
            ("a", "tocilizumab", "2020-01-01", "2022-12-31"),
            ("b", "tocilizumab", "2020-01-01", None),
            ("c", "tocilizumab", "2020-01-01", None),
            ("d", "tocilizumab", "2020-01-01", None),
            ("e", "tocilizumab", None, None),  # start unknown
        ),
        attacks=rows(
            "patient_id attack_date",
            ("a", "2019-07-01"),
            ("a", "2023-06-01"),  # after the stop
            ("b", "2020-07-01"),
            ("b", "2020-07-11"),  # the same attack again
            ("c", "2020-01-01"),  # on the day of the start: before
            ("d", "2019-05-01"),
        ),
    )


def test_sets_every_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay("ringelstein_2022")
    assert set(made["verdicts"]["figure"]) == figures_of("ringelstein_2022")
    assert "published 59.6 %" in printed
    assert "published 55.6 %" in printed


def test_attacks_before_and_on_the_drug_by_hand(replay: Any, by_hand: nc.Registry) -> None:
    made, printed = replay("ringelstein_2022", by_hand)
    patients = made["patients"].set_index("patient_id")
    assert patients["events_before"].to_dict() == {"a": 1, "b": 0, "c": 1, "d": 1}
    assert patients["events_on"].to_dict() == {"a": 0, "b": 1, "c": 0, "d": 0}
    assert patients.loc["a", "years_on"] == pytest.approx(1095 / 365.25)
    assert patients.loc["b", "years_without"] == pytest.approx(182 / 365.25)
    assert {name: int(group.sum()) for name, group in made["groups"].items()} == {
        "aqp4": 2,
        "mog": 1,
        "seronegative": 1,
        "all": 4,
    }
    assert "aqp4, no attack over unequal times: 0.500" in printed
    assert "all, no attack over unequal times: 0.750" in printed


def test_curve_is_shown_but_not_compared(replay: Any, by_hand: nc.Registry) -> None:
    made, _ = replay("ringelstein_2022", by_hand)
    verdicts = made["verdicts"].set_index("figure")
    row = verdicts.loc["ringelstein_2022_relapse_free"]
    assert row["local_estimate"] == pytest.approx(0.75)
    assert row["verdict"] == "not comparable"
    assert verdicts.loc["ringelstein_2022_relapse_free_aqp4", "local_estimate"] == pytest.approx(0.5)


def test_median_change_of_own_rates_by_hand(replay: Any, by_hand: nc.Registry) -> None:
    made, _ = replay("ringelstein_2022", by_hand)
    # a: 1 attack in the 365 days before, none after; b: none before, 1 in 1096 days.
    expected = (-365.25 / 365 + 365.25 / 1096) / 2
    assert made["own"]["ringelstein_2022_arr_aqp4"].estimate == pytest.approx(expected)
    assert "ringelstein_2022_arr_mog" not in made["own"]


def test_says_what_a_poor_registry_lacks(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay("ringelstein_2022", poor_registry)
    assert made["own"] == {}
    assert "Missing: patients of the group aqp4" in printed
