"""The two examples of the documentation, on real published values."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nmosd_cohort.intake.open import open_registry

ROOT = Path(__file__).parents[2]
CASE_REPORTS = ROOT / "examples" / "case_reports"
LITHUANIA = ROOT / "examples" / "lithuania"
LITHUANIA_FILE = "lithuania_suspected_ms_pain.csv"
FIXTURES = Path(__file__).parent / "fixtures"


def test_all_published_patients_come_in():
    patients = open_registry(CASE_REPORTS).tables["patients"]
    assert len(patients) == 13
    assert patients["site"].nunique() == 8
    assert patients["sex"].value_counts().to_dict() == {"female": 12, "male": 1}
    assert patients["age_years"].isna().sum() == 1


def test_published_scores():
    assessments = open_registry(CASE_REPORTS).tables["assessments"].set_index("patient_id")
    assert assessments.loc["araki2013/P1", "pain_nrs"].tolist() == [4, 0]
    assert assessments.loc["maillart2020/P1", "edss"].tolist() == [3.0, 3.0]
    days = assessments.loc["araki2013/P1", "assessment_date"]
    assert (days.iloc[1] - days.iloc[0]).days == 183
    assert len(assessments) == 5


def test_published_range_is_rejected_as_a_range():
    findings = open_registry(CASE_REPORTS).findings
    ranges = findings[findings["kind"] == "range"]
    assert ranges[["line", "variable", "value"]].to_numpy().tolist() == [[2, "pain_nrs", "7-8"]]


def test_rows_without_value_or_time_stand_in_the_quarantine():
    registry = open_registry(CASE_REPORTS)
    assert registry.quarantine[["line", "table", "reason"]].to_numpy().tolist() == [
        [3, "assessments", "blank_row"],
        [13, "assessments", "required_missing"],
        [15, "assessments", "blank_row"],
        [17, "assessments", "required_missing"],
        [19, "assessments", "blank_row"],
    ]
    assert registry.accounting["records_accepted"].tolist() == [37]


def test_treatments_and_csf_protein():
    tables = open_registry(CASE_REPORTS).tables
    assert tables["treatments"]["drug"].tolist() == [
        "amitriptyline",
        "tocilizumab",
        "pulsed radiofrequency",
        "ofatumumab",
    ]
    assert tables["labs"]["value"].tolist() == [66.7, 45.5]
    # protein in week 15 after onset was measured about when amitriptyline was begun
    assert tables["labs"]["sample_date"][1] == tables["treatments"]["start_date"][0]


def open_lithuania(file: Path, folder: Path):
    (folder / LITHUANIA_FILE).write_bytes(file.read_bytes())
    (folder / "registry.toml").write_bytes((LITHUANIA / "registry.toml").read_bytes())
    return open_registry(folder)


def test_lithuania_shape(tmp_path: Path):
    registry = open_lithuania(FIXTURES / LITHUANIA_FILE, tmp_path)
    assert registry.findings.empty
    assert registry.tables["assessments"]["has_pain"].tolist() == [False, True, True]
    assert registry.tables["patients"]["diagnosis"].tolist() == ["suspected_ms"] * 3
    assert registry.tables["patients"]["sex"].isna().all()
    assert "sex" not in registry.provenance["delivered"]["patients"]


def test_lithuania(tmp_path: Path):
    folder = Path(os.environ.get("NMOSD_COHORT_REAL_FILES", str(LITHUANIA)))
    if not (folder / LITHUANIA_FILE).exists():
        pytest.skip(f"{LITHUANIA_FILE} is not part of the package; examples/lithuania/README.md says where it is")
    registry = open_lithuania(folder / LITHUANIA_FILE, tmp_path)
    assert registry.findings.empty
    assert len(registry.tables["patients"]) == 138
    assert registry.tables["assessments"]["has_pain"].sum() == 43
    assert registry.tables["patients"]["age_years"].min() == 13
