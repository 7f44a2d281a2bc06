"""Scores and drugs of nine patients, five with NMOSD and four with multiple sclerosis, by hand."""

from typing import Any

import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of
from tests.papers.registries import figures_of, people, rows

PAPER = "qian_2012"
SCORES = {"n1": 8, "n2": 6, "n3": 4, "n4": 0, "n5": 0, "m1": 3, "m2": 1, "m3": 0, "m4": 0}


@pytest.fixture(scope="module")
def by_hand() -> nc.Registry:
    return registry_of(
        patients=people(SCORES, diagnosis=["nmosd"] * 5 + ["ms"] * 4),
        assessments=rows(
            "patient_id assessment_date has_pain pain_nrs",
            *((name, "2024-06-01", score > 0, score) for name, score in SCORES.items()),
        ),
        treatments=rows(
            "patient_id drug drug_class indication start_date stop_date",
            ("n1", "pregabalin", "anticonvulsant", "pain", "2024-01-01", None),
            ("n1", "tramadol", "opioid", None, None, None),  # reason and dates unknown: counts
            ("n2", "gabapentin", "anticonvulsant", "pain", "2024-01-01", "2024-06-01"),  # to the day of the visit
            ("n2", "gabapentin", "anticonvulsant", "pain", "2023-01-01", None),  # the same drug twice
            ("n3", "amitriptyline", "antidepressant", "depression", "2024-01-01", None),  # for another reason
            ("n4", "pregabalin", "anticonvulsant", "pain", "2024-01-01", None),
            ("n5", "pregabalin", "anticonvulsant", "pain", "2024-01-01", "2024-05-31"),  # stopped before
            ("n5", "rituximab", "b_cell_depletion", "attack_prevention", "2024-01-01", None),
            ("m3", "ibuprofen", "nonopioid_analgesic", "pain", "2024-01-01", None),
        ),
    )


def test_sets_every_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay(PAPER)
    assert set(made["verdicts"]["figure"]) == figures_of(PAPER)
    assert "published 86.2 %" in printed
    assert "published 3.53" in printed
    assert "published 75.9 %" in printed


def test_drugs_by_hand(replay: Any, by_hand: nc.Registry) -> None:
    made, printed = replay(PAPER, by_hand)
    names = ("pain_medication", "multiple_medications", "pain_free_on_medication")
    shares = [made["own"][f"{PAPER}_{name}"] for name in names]
    # n1, n2 and n4 of five take one; n1 takes two; of the three n4 has no pain.
    assert [(share.events, share.n) for share in shares] == [(3, 5), (1, 5), (1, 3)]
    assert "pain_medication, multiple sclerosis: 0.250" in printed  # m3 of four
    assert "pain_free_on_medication, multiple sclerosis: 1.000" in printed


def test_scores_by_hand(replay: Any, by_hand: nc.Registry) -> None:
    made, _ = replay(PAPER, by_hand)
    difference = made["own"]["qian_2012_pain_intensity"]
    assert difference.estimate == pytest.approx(18 / 5 - 4 / 4)
    verdicts = made["verdicts"].set_index("figure")
    assert verdicts.loc["qian_2012_pain_ms", "local_estimate"] == 0.5  # m1 and m2 of four
    assert verdicts.loc["qian_2012_pain_intensity", "difference"] == pytest.approx(2.6 - 3.53)


def test_medication_agrees_with_the_drug_classes_of_the_demo_registry(replay: Any, demo: nc.Registry) -> None:
    made, _ = replay(PAPER)
    # In the demo registry all courses of these classes are for pain, but for antidepressants given for depression.
    on_pain_drug = nc.patient_frame(demo, needs=["has_pain", "pain_nrs"])["on_pain_drug"]
    assert made["own"]["qian_2012_pain_medication"].events == int(on_pain_drug.sum()) > 0


def test_says_what_a_poor_registry_lacks(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay(PAPER, poor_registry)
    assert "Missing for every comparison" in printed
    assert "Missing for pain_medication" in printed
    assert made["own"] == {}
