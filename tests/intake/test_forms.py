"""The same registry as CSV, Parquet or frames, in Chinese or German notation, gives the same tables."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nmosd_cohort.codebook import read_codebook, typed_table
from nmosd_cohort.intake.errors import InputError
from nmosd_cohort.intake.open import open_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from nmosd_cohort.intake.registry import Registry


FIXTURES = Path(__file__).parent / "fixtures"


def example_frames() -> dict[str, pd.DataFrame]:
    patients = pd.DataFrame(
        {
            "patient_id": ["001", "1", "NA", "1E5"],
            "sex": ["female", None, "male", "female"],
            "age_years": [40, None, 52, 61],
            "onset_date": [pd.Timestamp("2018-05-03"), None, pd.Timestamp("2017-01-01"), None],
            "had_myelitis": [True, False, None, True],
        }
    )
    assessments = pd.DataFrame(
        {
            "patient_id": ["001", "1", "NA"],
            "assessment_date": [pd.Timestamp("2020-01-01")] * 3,
            "pain_nrs": [3, None, 10],
            "edss": [2.5, 4.0, None],
            "sf36_bp": [41.25, 0.1, 1e-7],
        }
    )
    attacks = pd.DataFrame(
        {"patient_id": ["1"], "attack_date": [pd.Timestamp("2019-02-28")], "attack_type": ["myelitis;optic_neuritis"]}
    )
    frames = {"patients": patients, "assessments": assessments, "attacks": attacks}
    return {name: typed_table(name, frame) for name, frame in frames.items()}


def write(folder: Path, frames: dict[str, pd.DataFrame], form: str) -> Path:
    for name, frame in frames.items():
        if form == "csv":
            frame.to_csv(folder / f"{name}.csv", index=False)
        else:
            frame.to_parquet(folder / f"{name}.parquet", index=False)
    return folder


@pytest.mark.parametrize("form", ["csv", "parquet", "frames"])
def test_what_was_written_is_read_back(tmp_path: Path, form: str):
    frames = example_frames()
    registry = open_registry(frames if form == "frames" else write(tmp_path, frames, form))
    assert registry.findings.empty
    assert list(registry.tables) == list(read_codebook())
    for name, table in registry.tables.items():
        pd.testing.assert_frame_equal(table, typed_table(name, frames.get(name)))


def test_tables_read_back_are_the_same_again():
    first = open_registry(example_frames())
    second = open_registry(dict(first.tables))
    for name, table in first.tables.items():
        pd.testing.assert_frame_equal(table, second.tables[name])


def test_order_of_columns_and_a_further_column_change_no_table():
    frames = example_frames()
    turned = {name: frame[frame.columns[::-1]].assign(further=1) for name, frame in frames.items()}
    first, second = open_registry(frames), open_registry(turned)
    assert second.findings["kind"].tolist() == ["unknown_column"] * 3
    for name, table in first.tables.items():
        pd.testing.assert_frame_equal(table, second.tables[name])


def test_frames_with_python_values():
    frames = {
        "patients": pd.DataFrame(
            {"patient_id": [1, 2.0], "birth_date": [date(1980, 1, 2), None], "had_myelitis": [True, None]}
        ),
        "assessments": pd.DataFrame(
            {
                "patient_id": ["1", "2"],
                "assessment_date": ["2020-01-01", date(2020, 1, 1)],
                "pain_nrs": [3.0, float("nan")],
            }
        ),
    }
    registry = open_registry(frames)
    assert registry.findings.empty
    assert registry.tables["patients"]["patient_id"].tolist() == ["1", "2"]
    assert registry.tables["assessments"]["pain_nrs"].fillna(-1).tolist() == [3, -1]


def test_frames_have_records_and_no_lines():
    finding = open_registry({"patients": pd.DataFrame({"patient_id": ["a"], "age_years": [400]})}).findings.iloc[0]
    assert finding["record"] == 1
    assert finding["line"] is pd.NA


def test_parquet_with_numbers_and_dates_ignores_the_notation_of_the_text_columns(
    open_files: Callable[..., Registry], tmp_path: Path
):
    table = pa.table(
        {"id": ["a", "b"], "day": pa.array([date(2020, 1, 2), None]), "age": [40.0, 41.0], "bad": ["03.04.2021", "x"]}
    )
    pq.write_table(table, tmp_path / "p.parquet")
    mapping = (
        '[registry]\nname = "t"\ndata_cut = "2025-01-01"\n[[source]]\nfile = "p.parquet"\ndecimal = ","\n'
        'date_format = "%d.%m.%Y"\n[[source.table]]\ntable = "patients"\n[source.table.columns]\n'
        'patient_id = "id"\nonset_date = "day"\ndiagnosis_date = "bad"\nage_years = "age"\n'
    )
    registry = open_files({"registry.toml": mapping})
    patients = registry.tables["patients"]
    assert patients["age_years"].tolist() == [40, 41]
    assert patients["onset_date"][0] == pd.Timestamp("2020-01-02")
    assert patients["diagnosis_date"][0] == pd.Timestamp("2021-04-03")
    assert registry.findings[["record", "kind", "value"]].to_numpy().tolist() == [[2, "not_a_date", "x"]]


@pytest.mark.parametrize(
    ("content", "said"), [(b"PAR1 is not all", "not a Parquet file"), (b"patient_id\n1\n", "not a Parquet file")]
)
def test_broken_parquet_is_fatal(open_files: Callable[..., Registry], content: bytes, said: str):
    with pytest.raises(InputError, match=said):
        open_files({"patients.parquet": content})


def test_nested_parquet_is_fatal(open_files: Callable[..., Registry], tmp_path: Path):
    pq.write_table(pa.table({"patient_id": [["a"]]}), tmp_path / "patients.parquet")
    with pytest.raises(InputError, match="patient_id holds lists"):
        open_files({})


def test_german_notation(open_files: Callable[..., Registry]):
    mapping = (
        '[registry]\nname = "t"\ndata_cut = "2025-01-01"\n[[source]]\nfile = "p.csv"\nencoding = "cp1252"\n'
        'delimiter = ";"\ndecimal = ","\ndate_format = "%d.%m.%Y"\n'
        '[[source.table]]\ntable = "patients"\n[source.table.columns]\npatient_id = "ID"\nsite = "Zentrum"\n'
        '[[source.table]]\ntable = "assessments"\n[source.table.columns]\npatient_id = "ID"\n'
        'assessment_date = "Tag"\nedss = "EDSS"\nbpi_severity = { column = "BPI", decimal = "." }\n'
    )
    rows = "ID;Zentrum;Tag;EDSS;BPI\n1;Köln;03.05.2021;3,5;4.25\n2;Mainz;31.02.2021;3.5;4,25\n"
    registry = open_files({"p.csv": rows.encode("cp1252"), "registry.toml": mapping})
    assert registry.tables["patients"]["site"].tolist() == ["Köln", "Mainz"]
    assessment = registry.tables["assessments"].iloc[0]
    assert (assessment["edss"], assessment["bpi_severity"]) == (3.5, 4.25)
    assert registry.findings["kind"].tolist() == ["not_a_date", "required_missing", "decimal_mark", "decimal_mark"]


def test_chinese_notation(tmp_path: Path):
    (tmp_path / "patients_gb18030.csv").write_bytes((FIXTURES / "patients_gb18030.csv").read_bytes())
    (tmp_path / "registry.toml").write_text(
        '[registry]\nname = "登记"\ndata_cut = "2025-01-01"\nlanguage = "zh"\n[[source]]\n'
        'file = "patients_gb18030.csv"\nencoding = "gb18030"\ndelimiter = ";"\ndate_format = "%Y年%m月%d日"\n'
        '[[source.table]]\ntable = "patients"\n[source.table.columns]\npatient_id = "编号"\nsite = "中心"\n'
        'age_years = "年龄"\nonset_date = "起病"\n'
        'sex = { column = "性别", codes = { "女" = "female", "男" = "male" } }\n',
        encoding="utf-8",
    )
    registry = open_registry(tmp_path)
    patients = registry.tables["patients"]
    assert patients["patient_id"].tolist() == ["甲1", "甲2", "甲3"]
    assert patients["sex"].fillna("?").tolist() == ["female", "male", "?"]
    assert patients["onset_date"][1] == pd.Timestamp("2018-12-30")
    assert registry.findings[["line", "column", "value"]].to_numpy().tolist() == [
        [4, "性别", "未知"],
        [4, "起病", "19年1月2日"],
    ]


def test_backend_duckdb_holds_the_same_rows():
    ours = open_registry(example_frames())
    theirs = open_registry(example_frames(), backend="duckdb")
    for name, table in ours.tables.items():
        assert len(theirs.tables[name].fetchall()) == len(table)
    scores = theirs.tables["assessments"].project("pain_nrs").fetchall()
    assert scores == [(3,), (None,), (10,)]


def test_importing_intake_loads_no_pandas():
    code = "import sys, nmosd_cohort.intake.open; print(sorted({'pandas', 'numpy', 'pyarrow'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
