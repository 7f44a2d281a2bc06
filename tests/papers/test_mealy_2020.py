"""Pain before and after a device, in patients with neuropathic pain of 4 or more."""

from typing import Any

import pytest

import nmosd_cohort as nc
from tests.papers.registries import device_registry, figures_of, renamed

DEVICE, COMPARATOR = "scrambler therapy", "sham scrambler therapy"


@pytest.fixture(scope="module")
def by_hand() -> nc.Registry:
    return device_registry(
        DEVICE,
        COMPARATOR,
        ("a", "active", True, 6, "2024-03-15", 2),
        ("b", "active", True, 4, "2024-03-16", 3),
        ("c", "active", True, 5, "2024-03-11", 1),
        ("c", "active", True, 5, "2024-05-01", 5),  # month 2
        ("d", "active", True, 3, "2024-03-15", 0),  # below 4
        ("e", "active", False, 8, "2024-03-15", 0),  # not neuropathic
        ("f", "both", True, 9, "2024-03-15", 0),  # had both devices
        ("g", "sham", True, 6, "2024-03-15", 5),
        ("h", "sham", True, 5, "2024-03-15", 5),
    )


@pytest.fixture(scope="module")
def under_another_name() -> nc.Registry:
    return renamed(nc.simulate(n=300, seed=1), {"tocilizumab": DEVICE})


def test_sets_every_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay("mealy_2020")
    assert set(made["verdicts"]["figure"]) == figures_of("mealy_2020")
    assert set(made["verdicts"]["verdict"]) == {"not assessable"}
    assert " 1.5 " in printed
    assert f"{DEVICE} less {COMPARATOR}" in printed
    assert len(made["active"]) == made["own"]["mealy_2020_pain"].n > 1


def test_medians_by_hand(replay: Any, by_hand: nc.Registry) -> None:
    made, printed = replay("mealy_2020", by_hand)
    assert sorted(made["pairs"][DEVICE, 0.5]["patient_id"]) == ["a", "b", "c"]
    assert made["own"]["mealy_2020_pain"].estimate == -4  # -4 -1 -4
    assert made["own"]["mealy_2020_pain_sham"].estimate == -0.5  # -1 0
    assert made["pairs"][DEVICE, 2]["after"].tolist() == [5]
    assert "before: 5.000" in printed
    assert "after: 2.000" in printed


def test_answer_of_a_device_is_that_of_the_drug(replay: Any, under_another_name: nc.Registry) -> None:
    made, _ = replay("mealy_2020", under_another_name)
    asked = nc.change_after_start(nc.simulate(n=300, seed=1), drug="tocilizumab", at_months=2, window_days=30)
    assert made["answer"].estimates["estimate"].tolist() == pytest.approx(
        asked.estimates["estimate"].tolist(), nan_ok=True
    )
    assert len(asked.estimates) > 0


def test_runs_on_a_poor_registry(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay("mealy_2020", poor_registry)
    assert made["own"] == {}
    assert "Missing: two patients in pain of 4 or more before scrambler therapy" in printed
    assert "there is nothing to compare it with" in printed
