"""Lesion cells: what an MRI did not cover is unknown, two lesions stay two, and C8 exists only by cord."""

from __future__ import annotations

import pytest

from nmosd_cohort.cohort.assessments import index_visits, visits
from nmosd_cohort.cohort.lesions import lesion_cells, lesions_by_mri
from nmosd_cohort.cohort.tally import collect
from tests.conftest import registry_of

DATE = "2020-01-01"


def lesion(upper, lower, system="cord"):
    return {
        "patient_id": ["a"],
        "mri_date": [DATE],
        "upper_segment": [upper],
        "lower_segment": [lower],
        "level_system": [system],
    }


@pytest.mark.parametrize(
    ("upper", "lower", "system", "cervical", "thoracic", "total"),
    [
        ("C7", "T1", "cord", 2, 1, 3),
        ("C7", "T1", "vertebral", 1, 1, 2),
        ("C2", "C2", "cord", 1, 0, 1),
        ("T12", "L1", "cord", 0, 1, 2),
        ("C1", "T12", "vertebral", 7, 12, 19),
    ],
)
def test_length_counts_both_ends(upper, lower, system, cervical, thoracic, total, on_backend):
    registry = on_backend(registry_of(lesions=lesion(upper, lower, system)))
    row = collect(lesions_by_mri(registry), ["patient_id"]).iloc[0]
    assert (row["cervical_segments"], row["thoracic_segments"], row["lesion_segments"]) == (cervical, thoracic, total)


@pytest.mark.parametrize(("lower", "segments"), [("T6", 4), ("T7", 4), ("T12", 4), ("T4", 2)])
def test_upper_thoracic_ends_at_t6(lower, segments, on_backend):
    registry = on_backend(registry_of(lesions=lesion("T3", lower)))
    assert collect(lesions_by_mri(registry), ["patient_id"]).iloc[0]["upper_thoracic_segments"] == segments


def cells(on_backend, *, regions, lesions, visit="2021-01-01"):
    registry = registry_of(
        patients={"patient_id": ["a"], "diagnosis": ["nmosd"]},
        assessments={"patient_id": ["a"], "assessment_date": [visit], "pain_nrs": [3]},
        imaging={"patient_id": ["a"] * len(regions), "mri_date": [DATE] * len(regions), "region": regions},
        lesions=lesions,
    )
    registry = on_backend(registry)
    index = index_visits(visits(registry), needs=["pain_nrs"], min_days_after_attack=30)
    return collect(lesion_cells(registry, index), ["patient_id"])


def test_a_patient_without_an_mri_of_both_levels_is_unknown(on_backend):
    assert cells(on_backend, regions=["cervical_cord"], lesions=lesion("C2", "C4")).empty


def test_an_mri_after_the_visit_is_not_used(on_backend):
    assert cells(on_backend, regions=["whole_cord"], lesions=lesion("C2", "C4"), visit="2019-01-01").empty


@pytest.mark.parametrize("regions", [["whole_cord"], ["cervical_cord", "thoracic_cord"]])
def test_both_levels_covered_and_one_lesion_gives_a_cell(regions, on_backend):
    assert cells(on_backend, regions=regions, lesions=lesion("T3", "T6"))["lesion_level"].tolist() == ["thoracic_only"]


def test_covered_cord_without_a_lesion_is_neither(on_backend):
    assert cells(on_backend, regions=["whole_cord"], lesions={})["lesion_level"].tolist() == ["neither"]


def test_segments_in_the_wrong_order_leave_the_mri_unknown_not_free_of_lesions(on_backend):
    assert cells(on_backend, regions=["whole_cord"], lesions=lesion("T6", "T3")).empty


def test_two_lesions_add_up_without_the_gap_between_them(on_backend):
    two = {key: value * 2 for key, value in lesion("C2", "C3").items()}
    two["upper_segment"], two["lower_segment"] = ["C2", "T4"], ["C3", "T6"]
    row = cells(on_backend, regions=["whole_cord"], lesions=two).iloc[0]
    assert (row["lesion_level"], row["lesion_segments"]) == ("both", 5)
