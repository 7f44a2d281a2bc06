"""Stimulation against sham at equal pain before."""

from typing import Any

import numpy as np
import pytest

import nmosd_cohort as nc
from tests.papers.registries import device_registry, figures_of, renamed

DEVICE, COMPARATOR = "tens", "sham tens"
ACTIVE = [(6, 3), (7, 5), (5, 4), (8, 5), (4, 4)]
SHAM = [(6, 5), (5, 5), (7, 4), (8, 7), (4, 3)]


@pytest.fixture(scope="module")
def by_hand() -> nc.Registry:
    arms = (("active", ACTIVE), ("sham", SHAM))
    return device_registry(
        DEVICE,
        COMPARATOR,
        *(
            (f"{arm}{number}", arm, True, before, "2024-03-29", after)
            for arm, scores in arms
            for number, (before, after) in enumerate(scores)
        ),
        ("x", "both", True, 9, "2024-03-29", 0),
        ("y", "active", True, 2, "2024-03-29", 9),
        ("z", "sham", None, 8, "2024-03-29", 0),  # never classified
    )


def test_sets_the_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay("vishnevetsky_2024")
    assert set(made["verdicts"]["figure"]) == figures_of("vishnevetsky_2024")
    assert set(made["verdicts"]["verdict"]) == {"not assessable"}
    assert "40" in printed
    assert made["own"]["vishnevetsky_2024_pain"].n == len(made["both"])


def test_difference_of_the_arms_against_least_squares(replay: Any, by_hand: nc.Registry) -> None:
    made, printed = replay("vishnevetsky_2024", by_hand)
    before, after = (np.array([row[place] for row in ACTIVE + SHAM], dtype=float) for place in (0, 1))
    design = np.column_stack([np.ones(10), np.repeat([1.0, 0.0], 5), before])
    slope = np.linalg.lstsq(design, after, rcond=None)[0][1]
    assert made["own"]["vishnevetsky_2024_pain"].estimate == pytest.approx(slope, abs=1e-9)
    assert made["own"]["vishnevetsky_2024_pain"].n == 10
    assert made["verdicts"]["local_estimate"].iloc[0] == pytest.approx(slope, abs=1e-9)
    # Changes -3 -2 -1 -3 0 and -1 0 -3 -1 -1.
    assert f"change with {DEVICE}: −1.800" in printed
    assert f"change with {COMPARATOR}: −1.200" in printed


def test_one_arm_alone_gives_no_difference(replay: Any, one_arm: nc.Registry) -> None:
    made, printed = replay("vishnevetsky_2024", one_arm)
    assert made["own"] == {}
    assert "Missing: patients with tens and with sham tens; without both there is no comparison" in printed


@pytest.fixture(scope="module")
def one_arm(by_hand: nc.Registry) -> nc.Registry:
    return renamed(by_hand, {COMPARATOR: "another device"})


def test_runs_on_a_poor_registry(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay("vishnevetsky_2024", poor_registry)
    assert made["own"] == {}
    assert "Missing: two patients with neuropathic pain" in printed
