"""Relative importance and correlations of the demo registry recomputed; role scales and moderate pain by hand."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of
from tests.papers.registries import figures_of, people, rows

PAPER = "fujihara_2021"


def explained(outcome: np.ndarray, columns: np.ndarray) -> float:
    """Return R squared of least squares with an intercept."""
    design = np.column_stack([np.ones(len(outcome)), columns])
    left = outcome - design @ np.linalg.lstsq(design, outcome, rcond=None)[0]
    return float(1 - left.var() / outcome.var())


@pytest.fixture(scope="module")
def by_hand() -> nc.Registry:
    answers = (  # pain, role physical, day of the last attack
        ("p1", 4, 0.0, "2020-01-01"),
        ("p2", 3, 100.0, "2020-01-01"),
        ("p3", 9, 50.0, "2024-04-01"),  # 61 days before the visit: not counted as calm
        ("p4", 7, 25.0, "2024-03-03"),  # 90 days: counted
    )
    return registry_of(
        patients=people([row[0] for row in answers], sex=["female", "female", "male", None]),
        attacks=rows("patient_id attack_date", *((name, day) for name, _, _, day in answers)),
        assessments=rows(
            "patient_id assessment_date has_pain pain_nrs sf36_rp",
            *((name, "2024-06-01", True, pain, role) for name, pain, role, _ in answers),
        ),
    )


def test_sets_every_figure_of_both_papers_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay(PAPER)
    assert set(made["verdicts"]["figure"]) == figures_of(PAPER) | figures_of("beekman_2019")
    assert "published 0.61" in printed
    assert "published 27.10" in printed
    assert "own scales of bladder and of work" in printed


def test_shares_are_the_mean_gains_over_all_orders(replay: Any) -> None:
    made, _ = replay(PAPER)
    known, terms, outcome = made["model"].terms, list(made["model"].terms), made["model"].outcome.to_numpy()
    others = [term for term in terms if term != "pain"]
    gains = []
    for size in range(len(others) + 1):
        of_size = []
        for chosen in combinations(others, size):
            before = explained(outcome, known[list(chosen)].to_numpy()) if chosen else 0.0
            of_size.append(explained(outcome, known[[*chosen, "pain"]].to_numpy()) - before)
        gains.append(np.mean(of_size))
    importance = made["importance"].set_index("term")["estimate"]
    assert importance["pain"] == pytest.approx(np.mean(gains))
    assert importance.drop("total").sum() == pytest.approx(importance["total"])


def test_pain_is_correlated_with_worse_function(replay: Any, demo: nc.Registry) -> None:
    made, _ = replay(PAPER)
    paired = nc.patient_frame(demo, needs=["pain_nrs", "sf36_pf"])[["pain_nrs", "sf36_pf"]].to_numpy(dtype=float)
    verdict = made["verdicts"].set_index("figure").loc["beekman_2019_r_pain_qol"]
    assert verdict["local_estimate"] == pytest.approx(-np.corrcoef(paired.T)[0, 1])
    assert verdict["verdict"] == "not comparable"  # SF-36 is not the survey's own scale


def test_role_scale_and_moderate_pain_by_hand(replay: Any, by_hand: nc.Registry) -> None:
    made, printed = replay(PAPER, by_hand)
    assert (made["severe"].events, made["severe"].n) == (2, 3)  # p1 and p4 of p1, p2, p4
    assert "43.75" in printed  # mean of 0, 100, 50, 25
    assert (made["women"], made["positive"]) == (2, 4)


def test_says_what_a_poor_registry_lacks(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay(PAPER, poor_registry)
    assert "Missing for the relative importance" in printed
    assert "Missing: sf36_rp." in printed
    assert "Missing for moderate or severe pain" in printed
    assert made["own"] == {}
