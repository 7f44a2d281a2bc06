"""Segments with a lesion: both ends count, systems are never mixed, and what the MRI did not cover is unknown."""

import pandas as pd
import pytest

from nmosd_cohort.codebook import SEGMENTS
from nmosd_cohort.cohort.lesions import covered_mri
from nmosd_cohort.cohort.segments import in_one_system, scan_segments
from tests.conftest import registry_of

DATE = "2020-01-01"


def scans(on_backend, lesions, regions=("cervical_cord", "thoracic_cord")):
    """Return the scans of patients a, b, ... with the lesions of each as (upper, lower, system)."""
    ids = sorted(lesions)
    rows = [(who, *lesion) for who in ids for lesion in lesions[who]]
    registry = registry_of(
        imaging={
            "patient_id": [who for who in ids for _ in regions],
            "mri_date": [DATE] * len(ids) * len(regions),
            "region": list(regions) * len(ids),
        },
        lesions={
            "patient_id": [row[0] for row in rows],
            "mri_date": [DATE] * len(rows),
            "upper_segment": [row[1] for row in rows],
            "lower_segment": [row[2] for row in rows],
            "level_system": [row[3] for row in rows],
        },
    )
    registry = on_backend(registry)
    return scan_segments(registry, covered_mri(registry)).set_index("patient_id")


def hit(row):
    return [name for name in SEGMENTS if row[name] == 1]


def test_both_ends_count_and_the_gap_of_two_lesions_does_not(on_backend):
    found = scans(on_backend, {"a": [("C7", "T1", "cord"), ("T4", "T5", "cord")], "b": []})
    assert hit(found.loc["a"]) == ["C7", "C8", "T1", "T4", "T5"]
    assert found.loc["a", "system"] == "cord"
    assert hit(found.loc["b"]) == []
    assert found.loc["b", "system"] == ""
    assert found.loc["b", "T12"] == 0
    assert pd.isna(found.loc["b", "L1"])


def test_there_is_no_c8_by_vertebral_bodies(on_backend):
    row = scans(on_backend, {"a": [("C7", "T1", "vertebral")]}).loc["a"]
    assert hit(row) == ["C7", "T1"]
    assert pd.isna(row["C8"])


def test_the_lumbar_cord_is_known_where_it_was_covered_or_shows_a_lesion(on_backend):
    row = scans(on_backend, {"a": [("T12", "L2", "cord")]}).loc["a"]
    assert hit(row) == ["T12", "L1", "L2"]
    assert pd.isna(row["L3"])
    assert scans(on_backend, {"a": []}, regions=["whole_cord"]).loc["a", "conus"] == 0


def test_systems_are_kept_apart_and_what_is_left_out_is_counted(on_backend):
    found = scans(
        on_backend,
        {
            "a": [("C2", "C3", "cord")],
            "b": [("C2", "C3", "cord")],
            "c": [("C2", "C3", "vertebral")],
            "d": [("C2", "C3", "cord"), ("T2", "T3", "vertebral")],
            "e": [("T6", "T3", "cord")],
            "f": [("C2", "C3", None)],
            "g": [],
        },
    ).reset_index()
    kept, system, left_out = in_one_system(found, "most_used")
    assert system == "cord"
    assert kept["patient_id"].tolist() == ["a", "b", "g"]
    assert left_out == {
        "segments missing or in the wrong order": 1,
        "lesions counted by mixed segments": 1,
        "lesions counted by not_recorded segments": 1,
        "lesions counted by vertebral segments": 1,
    }
    assert in_one_system(found, "vertebral")[0]["patient_id"].tolist() == ["c", "g"]


@pytest.mark.parametrize("regions", [["cervical_cord"], ["thoracic_cord"], ["brain"]])
def test_an_mri_of_one_level_is_not_there(on_backend, regions):
    assert scans(on_backend, {"a": [("C2", "C3", "cord")]}, regions=regions).empty
