"""Pain in NMOSD and in multiple sclerosis, where a registry has both."""

from dataclasses import replace
from typing import Any

import pytest

import nmosd_cohort as nc
from nmosd_cohort.codebook import typed_table
from tests.papers.registries import figures_of

PAPER = "kanamori_2011"


@pytest.fixture(scope="module")
def two_diseases() -> nc.Registry:
    """Every third patient of a synthetic registry relabelled as multiple sclerosis."""
    registry = nc.simulate(n=90, seed=4)
    patients = registry.tables["patients"]
    codes = ["ms" if place % 3 == 0 else code for place, code in enumerate(patients["diagnosis"])]
    return replace(
        registry, tables={**registry.tables, "patients": typed_table("patients", patients.assign(diagnosis=codes))}
    )


def test_sets_every_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay(PAPER)
    assert set(made["verdicts"]["figure"]) == figures_of(PAPER)
    assert "published 83.8 %" in printed
    assert "published 47.1 %" in printed
    assert "NMOSD less multiple sclerosis" in printed
    assert made["verdicts"]["difference"].notna().all()


def test_multiple_sclerosis_is_asked_the_same_question(replay: Any, two_diseases: nc.Registry) -> None:
    made, printed = replay(PAPER, two_diseases)
    answer = nc.pain_prevalence(two_diseases, diagnosis="ms").estimates.query("role == 'primary'").iloc[0]
    verdict = made["verdicts"].set_index("figure").loc["kanamori_2011_pain_ms"]
    assert verdict["local_estimate"] == answer["estimate"]
    assert verdict["local_n"] == answer["n"]
    assert verdict["verdict"] not in ("not comparable", "not assessable")
    assert "NMOSD less multiple sclerosis" in printed
    assert "Odds ratio of pain" in printed


def test_difference_is_that_of_the_two_shares(replay: Any, two_diseases: nc.Registry) -> None:
    made, _ = replay(PAPER, two_diseases)
    here, n_here, there, n_there = made["counts"]
    groups = nc.patient_frame(two_diseases)["has_pain"], nc.patient_frame(two_diseases, diagnosis="ms")["has_pain"]
    assert [n_here, n_there] == [len(group) for group in groups]
    assert [here, there] == [int(group.astype(int).sum()) for group in groups]


def test_says_what_a_poor_registry_lacks(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay(PAPER, poor_registry)
    assert "Missing for the comparison: patients with multiple sclerosis" in printed
    assert "Missing: bpi_severity." in printed
    assert "Missing for sf36_pcs" in printed
    assert made["own"] == {}
