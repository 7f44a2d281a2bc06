"""Both lesion levels in one linear model, among seropositive patients with myelitis."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of
from tests.papers.registries import figures_of, people, rows

# Cell -> pain scores of its seropositive patients.
SCORES = {
    "cervical_only": [0, 1, 2, 0, 3, 1, 0, 2],
    "thoracic_only": [5, 4, 6, 7, 3, 5, 8, 4, 6, 2],
    "both": [3, 4, 2, 5, 1, 3],
    "neither": [1, 0, 4, 2],
}
SEGMENTS = {
    "cervical_only": [("C3", "C5")],
    "thoracic_only": [("T2", "T6")],
    "both": [("C4", "C6"), ("T3", "T4")],
    "neither": [],
}


@pytest.fixture(scope="module")
def by_hand() -> nc.Registry:
    chosen = [(cell, score) for cell, scores in SCORES.items() for score in scores]
    # Seronegative, and without an MRI of the thoracic cord: neither counts.
    chosen += [("thoracic_only", 10), ("cervical_only", 10)]
    names = [f"p{number:02d}" for number in range(len(chosen))]
    status = ["positive"] * (len(chosen) - 2) + ["negative", "positive"]
    lesions = [
        (name, "2024-01-01", top, bottom, "cord")
        for name, (cell, _) in zip(names, chosen, strict=True)
        for top, bottom in SEGMENTS[cell]
    ]
    regions = ["whole_cord"] * (len(chosen) - 1) + ["cervical_cord"]
    return registry_of(
        patients=people(names, aqp4_status=list(status), had_myelitis=[True] * len(names)),
        assessments=rows(
            "patient_id assessment_date pain_nrs",
            *((name, "2024-06-01", score) for name, (_, score) in zip(names, chosen, strict=True)),
        ),
        lesions=rows("patient_id mri_date upper_segment lower_segment level_system", *lesions),
        imaging=rows(
            "patient_id mri_date region",
            *((name, "2024-01-01", region) for name, region in zip(names, regions, strict=True)),
        ),
    )


def test_sets_every_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay("tackley_2017")
    assert set(made["verdicts"]["figure"]) == figures_of("tackley_2017")
    assert "0.48" in printed
    assert "−0.46" in printed
    assert set(made["verdicts"]["gate_different"]) == {""}  # seropositive, as in the paper


def test_coefficients_against_least_squares(replay: Any, by_hand: nc.Registry) -> None:
    made, _ = replay("tackley_2017", by_hand)
    flat = pd.DataFrame([(cell, float(score)) for cell, scores in SCORES.items() for score in scores])
    design = pd.DataFrame({"cervical": flat[0].isin(["cervical_only", "both"])}).astype(float)
    design["thoracic"] = flat[0].isin(["thoracic_only", "both"]).astype(float)
    scaled = (design - design.mean()) / design.std(ddof=1)
    pain = (flat[1] - flat[1].mean()) / flat[1].std(ddof=1)
    slopes = np.linalg.lstsq(scaled.to_numpy(), pain.to_numpy(), rcond=None)[0]
    local = made["verdicts"].set_index("figure")
    for level, slope in zip(("cervical", "thoracic"), slopes, strict=True):
        row = local.loc[f"tackley_2017_beta_{level}"]
        assert row["local_estimate"] == pytest.approx(slope, abs=1e-9)
        assert row["local_n"] == 28


def test_cells_by_hand(replay: Any, by_hand: nc.Registry) -> None:
    made, _ = replay("tackley_2017", by_hand)
    cells = made["by_cell"]
    assert cells["count"].to_dict() == {"cervical_only": 8, "thoracic_only": 10, "both": 6, "neither": 4}
    # 2 3 4 4 5 5 6 6 7 8: the two in the middle are 5 and 5.
    assert cells.loc["thoracic_only", "median"] == 5
    assert cells.loc["neither", "mean"] == pytest.approx(7 / 4)


def test_says_what_a_poor_registry_lacks(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay("tackley_2017", poor_registry)
    assert made["own"] == {}
    assert "Missing: seropositive patients with past myelitis" in printed
