"""Shares of those in chronic pain, of the depressed and of the untreated by hand; explained variance recomputed."""

from typing import Any

import numpy as np
import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of
from tests.papers.registries import figures_of, people, rows

PAPER = "ayzenberg_2021"


@pytest.fixture(scope="module")
def by_hand() -> nc.Registry:
    # p1 to p5 seropositive, s1 seronegative: pain, spasms, painDETECT, BPI severity, BDI-II.
    answers = (
        ("p1", True, False, 20, 5.0, 25),
        ("p2", True, False, 25, 3.0, 15),
        ("p3", True, True, 10, 4.0, 30),
        ("p4", True, False, 5, 2.0, 5),
        ("p5", False, False, None, 0.0, 14),
        ("s1", True, True, 30, 8.0, 40),
    )
    return registry_of(
        patients=people([row[0] for row in answers], aqp4_status=["positive"] * 5 + ["negative"]),
        assessments=rows(
            "patient_id assessment_date has_pain has_tonic_spasm paindetect bpi_severity bdi_ii",
            *((name, "2024-06-01", *rest) for name, *rest in answers),
        ),
        pain=rows(
            "patient_id pain_type onset_date",
            ("p1", "spasticity", "2023-01-01"),
            ("p1", "neuropathic", "2023-01-01"),
            ("p2", "neuropathic", "2023-01-01"),
            ("p3", "tonic_spasm", "2023-01-01"),
            ("p4", "spasticity", "2024-05-02"),  # 30 days: not chronic
            ("s1", "spasticity", "2023-01-01"),
        ),
        treatments=rows(
            "patient_id drug drug_class start_date stop_date",
            ("p1", "amitriptyline", "antidepressant", "2024-01-01", None),
            ("p2", "pregabalin", "anticonvulsant", "2022-01-01", "2023-01-01"),  # stopped before the visit
        ),
    )


def test_sets_every_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay(PAPER)
    assert set(made["verdicts"]["figure"]) == figures_of(PAPER)
    assert "published 75.3 %" in printed
    assert "published 1.27" in printed
    assert "published 53.90" in printed


def test_counts_by_hand(replay: Any, by_hand: nc.Registry) -> None:
    made, _ = replay(PAPER, by_hand)
    counts = {name: (row["events"], row["n"]) for name, (row, _) in made["own"].items()}
    assert counts == {
        f"{PAPER}_spasticity_pain": (1, 3),  # p1 of p1, p2, p3
        f"{PAPER}_tonic_spasm_among_pain": (1, 3),  # p3
        f"{PAPER}_depression_moderate_of_depressed": (2, 4),  # p1 and p3 of p1, p2, p3, p5
        f"{PAPER}_modsev_pain_on_treatment": (1, 1),  # p1
        f"{PAPER}_untreated_moderate_depression": (1, 2),  # p3
        f"{PAPER}_untreated_np": (1, 2),  # p2
    }


def test_own_figures_are_of_seropositive_patients(replay: Any) -> None:
    made, _ = replay(PAPER)
    own = made["verdicts"].set_index("figure").loc[list(made["own"])]
    assert not own["gate_different"].str.contains("serostatus").any()
    unequal = own[own["verdict"] == "not comparable"].index
    assert set(unequal) == {
        f"{PAPER}_or_spasticity_upper_thoracic",  # patients with an MRI
        f"{PAPER}_r2_physical_qol",  # EDSS in the place of walking
        f"{PAPER}_r2_mental_qol",
    }


@pytest.mark.parametrize(
    ("figure", "outcome", "terms"),
    [("r2_physical_qol", "sf36_pcs", ["bpi_severity", "edss2"]), ("r2_mental_qol", "sf36_mcs", ["bdi_ii", "edss2"])],
)
def test_explained_variance_is_that_of_least_squares(
    replay: Any, demo: nc.Registry, figure: str, outcome: str, terms: list[str]
) -> None:
    made, _ = replay(PAPER)
    known = nc.patient_frame(demo, needs=[outcome, *terms]).query("aqp4_status == 'positive'")
    values = known[outcome].to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(known)), known[terms].to_numpy(dtype=float)])
    left = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    row = made["own"][f"{PAPER}_{figure}"][0]
    assert row["estimate"] == pytest.approx(
        100 * (1 - left @ left / ((values - values.mean()) @ (values - values.mean())))
    )
    assert row["n"] == len(known)


def test_says_what_a_poor_registry_lacks(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay(PAPER, poor_registry)
    assert "Missing for pain with spasticity" in printed
    assert "Missing for the physical summary" in printed
    assert "Missing for untreated_np" in printed
    assert made["own"] == {}
