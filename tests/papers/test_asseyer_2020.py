"""Volume of the ventral posterior nucleus and thoracic lesions of patients made by hand."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

import nmosd_cohort as nc
from tests.conftest import registry_of
from tests.papers.registries import figures_of, people, rows

PAPER = "asseyer_2020"
VOLUME = "thalamus_ventral_posterior_volume"
PAIN = [0, 0, 0, 2, 3, 4, 5, 6, 7, 8, 9, 4]  # pain scores; those with pain have a painDETECT of 20
VOLUMES = [700.0, 690.0, 710.0, 705.0, 690.0, 680.0, 695.0, 660.0, 650.0, 655.0, 640.0, 685.0]
# Thoracic lesions of the last MRI before the visit.
LESIONS = [0, 1, 0, 1, 2, 0, 1, 0, 0, 2, 0, 1]
NAMES = [f"p{place:02d}" for place in range(len(PAIN))]


@pytest.fixture(scope="module")
def by_hand() -> nc.Registry:
    extra = ["negative", "late"]  # one seronegative, one whose MRI is more than a year away
    patients = people(
        [*NAMES, *extra],
        aqp4_status=["positive"] * len(NAMES) + ["negative", "positive"],
        birth_date=[f"{1960 + place}-07-01" for place in range(len(NAMES) + 2)],
    )
    pains = [*PAIN, 10, 10]
    cord = [(name, "2024-01-01", "whole_cord", None, None) for name in NAMES]
    measured = [(name, "2024-05-01", "brain", VOLUME, size) for name, size in zip(NAMES, VOLUMES, strict=True)]
    other = [
        ("p00", "2023-12-01", "brain", VOLUME, 100.0),  # farther from the visit
        ("p01", "2024-05-20", "brain", "thalamus_volume", 5000.0),  # another measure
        ("negative", "2024-05-01", "brain", VOLUME, 100.0),
        ("late", "2022-05-01", "brain", VOLUME, 100.0),
    ]
    places = [("T2", "T4"), ("C7", "T1")]
    lesions = [
        (name, "2024-01-01", *places[number])
        for name, count in zip(NAMES, LESIONS, strict=True)
        for number in range(count)
    ]
    lesions += [("p05", "2024-01-01", "C2", "C4"), ("p05", "2020-01-01", "T2", "T4")]  # cervical; an earlier MRI
    return registry_of(
        patients=patients,
        assessments=rows(
            "patient_id assessment_date has_pain pain_nrs pain_recall paindetect",
            *(
                (name, "2024-06-01", pain > 0, pain, "average_24h", 20 if pain else None)
                for name, pain in zip([*NAMES, *extra], pains, strict=True)
            ),
        ),
        lesions=rows("patient_id mri_date upper_segment lower_segment", *lesions),
        imaging=rows("patient_id mri_date region measure value", *cord, *measured, *other),
    )


def test_sets_every_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay(PAPER)
    assert set(made["verdicts"]["figure"]) == figures_of(PAPER)
    assert "−0.486" in printed
    assert "published −31.50" in printed
    assert "Missing: imaging rows" not in printed
    assert f"{PAPER}_thalamic_volume" in made["own"]


def test_volume_nearest_to_the_visit(replay: Any, by_hand: nc.Registry) -> None:
    made, _ = replay(PAPER, by_hand)
    measured = made["measured"].set_index("patient_id")["volume"].sort_index()
    assert measured.to_dict() == dict(zip(NAMES, VOLUMES, strict=True))


def test_correlation_is_that_of_the_window_on_record(replay: Any, by_hand: nc.Registry) -> None:
    made, _ = replay(PAPER, by_hand)
    assert "asseyer_2020_rho_worst_pain" not in made["own"]
    rho = made["own"]["asseyer_2020_rho_average_pain"]
    assert rho.estimate == pytest.approx(stats.spearmanr(PAIN, VOLUMES).statistic)
    assert rho.n == 12


def test_difference_of_means(replay: Any, by_hand: nc.Registry) -> None:
    made, _ = replay(PAPER, by_hand)
    verdict = made["verdicts"].set_index("figure").loc["asseyer_2020_thalamic_volume"]
    # No pain: 700, 690 and 710, mean 700; pain: the other nine.
    assert verdict["local_estimate"] == pytest.approx(np.mean(VOLUMES[3:]) - 700)
    assert verdict["difference"] == pytest.approx(np.mean(VOLUMES[3:]) - 700 + 31.5)


def test_thoracic_lesions_of_the_last_mri(replay: Any, by_hand: nc.Registry) -> None:
    made, _ = replay(PAPER, by_hand)
    assert made["mri"].set_index("patient_id")["thoracic_lesions"].sort_index().tolist() == LESIONS
    # With neuropathic pain (the last nine) 7 lesions, without (the first three) 1.
    assert made["difference"].estimate == pytest.approx(7 / 9 - 1 / 3)


def test_says_what_a_poor_registry_lacks(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay(PAPER, poor_registry)
    assert "Missing: imaging rows" in printed
    assert "Missing for thoracic lesions" in printed
    assert made["own"] == {}
