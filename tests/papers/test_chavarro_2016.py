"""Correlation of painDETECT with depression, and antidepressants among the depressed."""

from typing import Any

import numpy as np
import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of
from tests.papers.registries import figures_of, people, rows

NAMES = [f"p{number:02d}" for number in range(24)]
PAINDETECT = list(range(24))
BDI = [(7 * number) % 24 for number in range(24)]  # each of 0 to 23 once: four of 20 or more


@pytest.fixture(scope="module")
def by_hand() -> nc.Registry:
    visits = [
        (name, "2024-06-01", number >= 4, score, bdi, 1 + (number % 7) * 0.5)
        for number, (name, score, bdi) in enumerate(zip(NAMES, PAINDETECT, BDI, strict=True))
    ]
    depressed = [name for name, bdi in zip(NAMES, BDI, strict=True) if bdi >= 20]
    return registry_of(
        patients=people(NAMES),
        assessments=rows("patient_id assessment_date has_pain paindetect bdi_ii fss", *visits),
        treatments=rows(
            "patient_id drug drug_class start_date stop_date",
            (depressed[0], "sertraline", "antidepressant", "2023-01-01", None),
            (depressed[1], "sertraline", "antidepressant", "2022-01-01", "2023-01-01"),  # over by the visit
            (NAMES[0], "sertraline", "antidepressant", "2023-01-01", None),  # not depressed
        ),
    )


def test_sets_every_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay("chavarro_2016")
    assert set(made["verdicts"]["figure"]) == figures_of("chavarro_2016")
    assert "0.341" in printed
    assert "40.0 %" in printed


def test_a_correlation_of_those_with_pain_alone_is_not_compared(replay: Any) -> None:
    made, _ = replay("chavarro_2016")
    row = made["verdicts"].set_index("figure").loc["chavarro_2016_r_np_depression"]
    assert made["without_pain"] == 0
    assert row["verdict"] == "not comparable"
    assert "patients with pain" in row["reason"]


def test_correlation_by_hand(replay: Any, by_hand: nc.Registry) -> None:
    made, _ = replay("chavarro_2016", by_hand)
    row = made["verdicts"].set_index("figure").loc["chavarro_2016_r_np_depression"]
    assert row["local_estimate"] == pytest.approx(np.corrcoef(PAINDETECT, BDI)[0, 1], abs=1e-12)
    assert row["local_n"] == 24
    assert row["verdict"] in ("consistent", "compatible but imprecise", "different")
    # One covariate more: the adjusted correlation is of the same 24 patients.
    assert made["adjusted"].n == 24


def test_antidepressants_among_the_depressed_by_hand(replay: Any, by_hand: nc.Registry) -> None:
    made, _ = replay("chavarro_2016", by_hand)
    share = made["own"]["chavarro_2016_antidepressant_use"]
    assert (share.events, share.n) == (1, 4)


def test_says_what_a_poor_registry_lacks(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay("chavarro_2016", poor_registry)
    assert made["own"] == {}
    assert "Missing: painDETECT and BDI-II" in printed
    assert "Missing: a patient with moderate depression" in printed


def test_few_scores_without_pain_count_as_none(replay: Any, mostly_in_pain: nc.Registry) -> None:
    made, _ = replay("chavarro_2016", mostly_in_pain)
    row = made["verdicts"].set_index("figure").loc["chavarro_2016_r_np_depression"]
    assert (made["without_pain"], made["all_without_pain"]) == (1, 4)
    assert row["verdict"] == "not comparable"


@pytest.fixture(scope="module")
def mostly_in_pain() -> nc.Registry:
    visits = [
        (name, "2024-06-01", number >= 4, score if number >= 3 else None, bdi)
        for number, (name, score, bdi) in enumerate(zip(NAMES, PAINDETECT, BDI, strict=True))
    ]
    return registry_of(
        patients=people(NAMES),
        assessments=rows("patient_id assessment_date has_pain paindetect bdi_ii", *visits),
    )
