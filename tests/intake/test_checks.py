"""Rules across rows: duplicates, unknown patients, and orders that are warned about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from nmosd_cohort.intake.errors import ConfigurationError
from nmosd_cohort.intake.open import open_registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nmosd_cohort.intake.registry import Registry


PATIENTS = "patient_id,birth_date,onset_date,diagnosis_date,last_contact_date,death_date\n"


def kinds(registry: Registry):
    return registry.findings["kind"].tolist()


def test_rows_with_the_same_key_are_all_rejected_and_name_one_another(open_files: Callable[..., Registry]):
    registry = open_files({"patients.csv": "patient_id,age_years\na,40\nb,50\na,41\n"})
    assert registry.tables["patients"]["patient_id"].tolist() == ["b"]
    assert registry.findings[["line", "kind"]].to_numpy().tolist() == [[2, "duplicate_key"], [4, "duplicate_key"]]
    assert registry.findings["allowed"].tolist() == [
        "one row for each patient_id; the same key in patients.csv line 4",
        "one row for each patient_id; the same key in patients.csv line 2",
    ]


def test_identical_rows_are_rejected_too(open_files: Callable[..., Registry]):
    registry = open_files({"patients.csv": "patient_id,age_years\na,40\na,40\n"})
    assert kinds(registry) == ["duplicate_key", "duplicate_key"]


def test_many_duplicates_name_five_and_count_the_rest(open_files: Callable[..., Registry]):
    registry = open_files({"patients.csv": "patient_id\n" + "a\n" * 9})
    assert registry.findings["allowed"].iloc[0].endswith("patients.csv line 7 and 3 more")
    assert registry.findings["allowed"].iloc[8].count("line") == 5


def test_key_with_a_blank_part_is_not_compared(open_files: Callable[..., Registry]):
    registry = open_files({"patients.csv": "patient_id\na\n", "treatments.csv": "patient_id,drug\na,x\na,x\n"})
    assert len(registry.tables["treatments"]) == 2
    assert kinds(registry) == []


def test_row_of_an_unknown_patient_is_rejected(open_files: Callable[..., Registry]):
    registry = open_files(
        {"patients.csv": "patient_id\n1\n", "attacks.csv": "patient_id,attack_date\n001,2020-01-01\n1,2020-01-01\n"}
    )
    assert registry.tables["attacks"]["patient_id"].tolist() == ["1"]
    assert registry.findings[["file", "line", "kind", "value"]].to_numpy().tolist() == [
        ["attacks.csv", 2, "unknown_patient", "001"]
    ]


def test_rejecting_a_patient_takes_its_other_rows_along(open_files: Callable[..., Registry]):
    registry = open_files(
        {"patients.csv": "patient_id\na\na\n", "attacks.csv": "patient_id,attack_date\na,2020-01-01\n"}
    )
    assert kinds(registry) == ["duplicate_key", "duplicate_key", "unknown_patient"]
    assert registry.accounting["records_quarantined"].tolist() == [2, 1]


def test_blank_required_variable_rejects_the_row(open_files: Callable[..., Registry]):
    registry = open_files(
        {"patients.csv": "patient_id,age_years\n,40\n", "attacks.csv": "patient_id,attack_date\na,31.2.\n"}
    )
    assert kinds(registry) == ["required_missing", "not_a_date", "required_missing"]
    assert registry.quarantine["reason"].tolist() == ["required_missing", "required_missing"]


def test_dates_out_of_order_are_warned_about_and_kept(open_files: Callable[..., Registry]):
    rows = "a,1980-01-01,2021-01-01,2020-01-01,2019-01-01,2018-01-01\nb,1980-01-01,2018-01-01,2019-01-01,2020-01-01,\n"
    registry = open_files(
        {
            "patients.csv": PATIENTS + rows,
            "treatments.csv": "patient_id,drug,start_date,stop_date\nb,x,2020-02-02,2020-02-01\nb,y,1979-01-01,\n",
            "pain.csv": "patient_id,pain_type,onset_date,end_date\nb,eye,2020-02-02,2020-02-01\n",
            "attacks.csv": "patient_id,attack_date\na,2018-01-02\na,2018-01-01\n",
        }
    )
    assert set(registry.findings["severity"]) == {"warn"}
    assert len(registry.tables["patients"]) == 2
    told = registry.findings.groupby("file", sort=False).size().to_dict()
    # onset and diagnosis after last contact, onset after diagnosis, and three dates after death
    assert told == {"patients.csv": 6, "attacks.csv": 1, "pain.csv": 1, "treatments.csv": 2}
    attack = registry.findings[registry.findings["file"] == "attacks.csv"].iloc[0]
    assert (attack["line"], attack["value"], attack["allowed"]) == (
        2,
        "2018-01-02",
        "on or before death_date 2018-01-01",
    )


def test_segments(open_files: Callable[..., Registry]):
    rows = "a,2020-01-01,T4,C7,cord\na,2020-01-02,C8,T1,vertebral\na,2020-01-03,C8,T1,cord\n"
    registry = open_files(
        {
            "patients.csv": "patient_id\na\n",
            "lesions.csv": "patient_id,mri_date,upper_segment,lower_segment,level_system\n" + rows,
        }
    )
    assert registry.findings[["line", "kind"]].to_numpy().tolist() == [[2, "segment_order"], [3, "segment_system"]]
    assert len(registry.tables["lesions"]) == 3


def test_edss_ten_without_death_is_warned_about(open_files: Callable[..., Registry]):
    registry = open_files(
        {
            "patients.csv": "patient_id,death_date\na,\nb,2020-01-01\n",
            "assessments.csv": "patient_id,assessment_date,edss\na,2020-01-01,10\nb,2020-01-01,10\n",
        }
    )
    assert registry.findings[["line", "kind"]].to_numpy().tolist() == [[2, "edss_without_death"]]


def test_findings_are_ordered_by_file_record_and_column():
    frames = {
        "patients": pd.DataFrame({"patient_id": ["a", "b"], "age_years": ["x", "y"], "sex": ["q", "q"]}),
        "attacks": pd.DataFrame({"patient_id": ["z"], "attack_date": ["2020-01-01"]}),
    }
    found = open_registry(dict(reversed(frames.items()))).findings
    assert found[["file", "record", "column"]].to_numpy().tolist() == [
        ["patients", 1, "age_years"],
        ["patients", 1, "sex"],
        ["patients", 2, "age_years"],
        ["patients", 2, "sex"],
        ["attacks", 1, "patient_id"],
    ]


def test_findings_never_show_another_value_of_the_patient(open_files: Callable[..., Registry]):
    registry = open_files(
        {
            "patients.csv": "patient_id,site,age_years\nSECRET1,CENTRE,old\nSECRET2,CENTRE,41\nSECRET2,CENTRE,42\n",
            "attacks.csv": "patient_id,attack_date\nSECRET3,2020-02-30\n",
        }
    )
    text = registry.findings.to_csv()
    assert len(registry.findings) == 5
    assert "CENTRE" not in text
    assert "SECRET" not in text
    assert "41" not in text


def test_wrong_arguments_are_configuration_errors(tmp_path: Path):
    with pytest.raises(ConfigurationError, match='"pandas", "duckdb"'):
        open_registry(tmp_path, backend="polars")
    with pytest.raises(ConfigurationError, match='no table "attack"; did you mean attacks'):
        open_registry({"attack": pd.DataFrame()})
    with pytest.raises(ConfigurationError, match="not list"):
        open_registry([])
    (tmp_path / "x.csv").write_text("a\n")
    with pytest.raises(ConfigurationError, match=r"x.csv: give the folder"):
        open_registry(tmp_path / "x.csv")


def test_answers_that_contradict_the_answer_to_pain_are_warned_about_and_kept(open_files: Callable[..., Registry]):
    registry = open_files(
        {
            "patients.csv": "patient_id\na\nb\nc\n",
            "assessments.csv": "patient_id,assessment_date,has_pain,pain_nrs,has_neuropathic_pain,has_tonic_spasm\n"
            "a,2024-01-01,false,9,true,false\nb,2024-01-01,true,0,false,true\nc,2024-01-01,false,0,,\n",
        }
    )
    found = registry.findings[registry.findings["kind"] == "contradiction"]
    assert found[["line", "variable", "value", "severity"]].to_numpy().tolist() == [
        [2, "pain_nrs", "9", "warn"],
        [2, "has_neuropathic_pain", "true", "warn"],
        [3, "pain_nrs", "0", "warn"],
    ]
    assert len(registry.tables["assessments"]) == 3
