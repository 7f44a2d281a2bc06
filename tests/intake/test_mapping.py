"""registry.toml: a registry's own columns and codes become variables, and a wrong mapping is told in full."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nmosd_cohort.codebook.nearest import nearest
from nmosd_cohort.intake.errors import ConfigurationError
from nmosd_cohort.intake.mapping_file import read_mapping
from nmosd_cohort.intake.open import open_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from nmosd_cohort.intake.registry import Registry


FIXTURES = Path(__file__).parent / "fixtures"
HEAD = '[registry]\nname = "t"\ndata_cut = "2025-01-01"\n'
PATIENTS = (
    '[[source]]\nfile = "p.csv"\n[[source.table]]\ntable = "patients"\n[source.table.columns]\npatient_id = "id"\n'
)


def test_wide_file_gives_one_row_a_visit():
    registry = open_registry(FIXTURES / "wide.toml")
    assessments = registry.tables["assessments"]
    assert assessments["patient_id"].tolist() == ["001", "1", "001"]
    assert assessments["pain_nrs"].fillna(-1).tolist() == [7, -1, 4]
    assert assessments["edss"].tolist() == [3.5, 2.0, 3.0]
    assert registry.tables["attacks"]["patient_id"].tolist() == ["001", "1", "1"]
    assert registry.tables["patients"]["sex"].tolist() == ["female", "male", "female"]


def test_wide_file_tells_missing_codes_and_a_visit_without_values():
    registry = open_registry(FIXTURES / "wide.toml")
    assert registry.findings[["severity", "kind", "record"]].fillna(0).to_numpy().tolist() == [
        ["info", "missing_code", 0],
        ["warn", "blank_row", 3],
    ]
    assert registry.findings["action"].iloc[0] == "1 cells are missing: not asked"
    assert registry.quarantine[["record", "table", "reason"]].to_numpy().tolist() == [[3, "assessments", "blank_row"]]
    counts = registry.accounting.iloc[0]
    assert counts["records_accepted"] == 3
    # by hand: 3 notes; blanks 1 + 3 + 1 of rows 2 and 3 and so on; the lone visit day is the only cell lost
    assert (counts["cells_read"], counts["cells_not_mapped"], counts["cells_rejected"]) == (36, 3, 2)
    assert counts["cells_missing"] == 1 + (1 + 3) + (3 + 2 + 2)


def test_ids_are_not_touched_by_a_code_for_missing():
    assert "NA" in open_registry(FIXTURES / "wide.toml").tables["patients"]["patient_id"].tolist()


def test_long_file_is_split_by_where(open_files: Callable[..., Registry]):
    mapping = HEAD + (
        '[[source]]\nfile = "p.csv"\nignore = ["kind"]\n'
        '[[source.table]]\ntable = "patients"\ndistinct = true\n[source.table.columns]\npatient_id = "id"\n'
        '[[source.table]]\ntable = "attacks"\nwhere = { kind = ["attack", "relapse"] }\n'
        '[source.table.columns]\npatient_id = "id"\nattack_date = "day"\n'
    )
    rows = "a,attack,2020-01-01\na,relapse,2021-01-01\nb,visit,2020-01-01\n"
    registry = open_files({"p.csv": "id,kind,day\n" + rows, "registry.toml": mapping})
    assert len(registry.tables["attacks"]) == 2
    assert registry.tables["patients"]["patient_id"].tolist() == ["a", "b"]
    assert registry.accounting["cells_not_mapped"].tolist() == [2]
    assert registry.accounting["records_quarantined"].tolist() == [0]


def test_record_that_no_block_takes_is_quarantined(open_files: Callable[..., Registry]):
    mapping = HEAD + PATIENTS.replace("[source.table.columns]", 'where = { kind = "p" }\n[source.table.columns]')
    registry = open_files({"p.csv": "id,kind\na,p\nb,q\n", "registry.toml": mapping})
    assert registry.findings[["severity", "kind", "line"]].to_numpy().tolist() == [["warn", "unmapped_row", 3]]
    assert registry.quarantine[["line", "table", "reason", "cells"]].to_numpy().tolist() == [
        [3, "", "unmapped_row", '{"id": "b", "kind": "q"}']
    ]
    assert registry.provenance["quarantine_percent"] == 50
    assert registry.provenance["quarantine_exceeded"] is True


def two_files(first: str, second: str) -> dict[str, str]:
    block = (
        '[[source]]\nfile = "{0}.csv"\n[[source.table]]\ntable = "assessments"\n'
        '[source.table.columns]\npatient_id = "id"\nassessment_date = "day"\n{0} = "{0}"\n'
    )
    return {
        "p.csv": "id\na\nb\n",
        "pain_nrs.csv": "id,day,pain_nrs\n" + first,
        "edss.csv": "id,day,edss\n" + second,
        "registry.toml": HEAD + PATIENTS + block.format("pain_nrs") + block.format("edss"),
    }


def test_two_files_that_complete_one_another_become_one_row(open_files: Callable[..., Registry]):
    files = two_files("a,2020-01-01,3\nb,2020-01-01,4\n", "b,2020-01-01,2.5\nb,2021-01-01,3\n")
    registry = open_files(files)
    assessments = registry.tables["assessments"]
    assert assessments["pain_nrs"].fillna(-1).tolist() == [3, 4, -1]
    assert assessments["edss"].fillna(-1).tolist() == [-1, 2.5, 3]
    assert registry.findings[["severity", "kind"]].to_numpy().tolist() == [["info", "joined_rows"]]
    assert registry.accounting["records_accepted"].tolist() == [2, 2, 2]


def test_two_rows_of_one_file_are_not_joined_with_that_of_another(open_files: Callable[..., Registry]):
    registry = open_files(two_files("a,2020-01-01,3\na,2020-01-01,4\n", "a,2020-01-01,2.5\n"))
    assert registry.findings["kind"].tolist() == ["duplicate_key"] * 3
    assert len(registry.tables["assessments"]) == 0


def test_rows_of_two_blocks_that_contradict_are_rejected(open_files: Callable[..., Registry]):
    block = (
        '[[source.table]]\ntable = "assessments"\n[source.table.columns]\n'
        'patient_id = "id"\nassessment_date = "day"\npain_nrs = "{}"\n'
    )
    files = {"p.csv": "id,day,x,y\na,2020-01-01,3,4\nb,2020-01-01,5,5\n"}
    files["registry.toml"] = HEAD + PATIENTS + block.format("x") + block.format("y")
    registry = open_files(files)
    assert registry.tables["assessments"][["patient_id", "pain_nrs"]].to_numpy().tolist() == [["b", 5]]
    assert registry.findings["kind"].tolist() == ["joined_rows", "duplicate_key", "duplicate_key"]


def test_identical_rows_may_be_kept_once_with_a_warning(open_files: Callable[..., Registry]):
    mapping = HEAD + PATIENTS.replace("[source.table.columns]", 'duplicates = "keep_one"\n[source.table.columns]')
    registry = open_files({"p.csv": "id\na\na\nb\n", "registry.toml": mapping})
    assert registry.tables["patients"]["patient_id"].tolist() == ["a", "b"]
    assert registry.findings[["severity", "kind", "line", "allowed"]].to_numpy().tolist() == [
        ["warn", "identical_row", 3, "one row; the same as p.csv line 2"]
    ]
    assert registry.accounting["records_accepted"].tolist() == [3]


def test_distinct_rows_that_differ_are_still_duplicates(open_files: Callable[..., Registry]):
    mapping = HEAD + PATIENTS.replace("[source.table.columns]", "distinct = true\n[source.table.columns]")
    mapping += 'age_years = "age"\n'
    registry = open_files({"p.csv": "id,age\na,40\na,41\nb,5\nb,5\n", "registry.toml": mapping})
    assert registry.tables["patients"]["patient_id"].tolist() == ["b"]
    assert registry.findings["kind"].tolist() == ["identical_rows", "duplicate_key", "duplicate_key"]


@pytest.mark.parametrize("option", ["distinct = true", 'duplicates = "keep_one"'])
def test_row_that_repeats_a_rejected_row_is_rejected_with_it(open_files: Callable[..., Registry], option: str):
    mapping = HEAD + PATIENTS.replace("[source.table.columns]", f"{option}\n[source.table.columns]")
    mapping += 'age_years = "age"\n'
    registry = open_files({"p.csv": "id,age\na,40\na,41\na,40\n", "registry.toml": mapping})
    assert registry.findings[["line", "kind"]].to_numpy().tolist() == [[line, "duplicate_key"] for line in (2, 3, 4)]
    assert registry.accounting["records_quarantined"].tolist() == [3]
    assert registry.findings["allowed"].iloc[2] == "one row; the same as p.csv line 2, which was rejected"


def test_two_visits_of_one_line_on_the_same_day_name_that_line(open_files: Callable[..., Registry]):
    block = (
        '[[source.table]]\ntable = "assessments"\n[source.table.columns]\n'
        'patient_id = "id"\nassessment_date = "day{0}"\npain_nrs = "nrs{0}"\n'
    )
    mapping = HEAD + PATIENTS + block.format(1) + block.format(2)
    row = "a,2020-01-01,3,2020-01-01,4\n"
    registry = open_files({"p.csv": "id,day1,nrs1,day2,nrs2\n" + row, "registry.toml": mapping})
    assert registry.findings["kind"].tolist() == ["duplicate_key", "duplicate_key"]
    assert set(registry.findings["allowed"].str[-10:]) == {"csv line 2"}
    assert registry.quarantine["table"].tolist() == ["assessments", "assessments"]


def test_joined_id_with_a_blank_part_is_rejected(open_files: Callable[..., Registry]):
    mapping = HEAD + PATIENTS.replace('patient_id = "id"', 'patient_id = { columns = ["site", "nr"], join = "-" }')
    registry = open_files({"p.csv": "site,nr\nA,1\nA,\n", "registry.toml": mapping})
    assert registry.tables["patients"]["patient_id"].tolist() == ["A-1"]
    assert registry.findings["kind"].tolist() == ["incomplete", "required_missing"]
    assert registry.accounting["cells_rejected"].tolist() == [1]


def test_column_that_nobody_mentions_is_warned_about(open_files: Callable[..., Registry]):
    registry = open_files({"p.csv": "id,extra\na,1\n", "registry.toml": HEAD + PATIENTS})
    assert registry.findings[["severity", "kind", "column"]].to_numpy().tolist() == [
        ["warn", "unmapped_column", "extra"]
    ]


def test_columns_that_are_not_there_are_all_named(open_files: Callable[..., Registry]):
    mapping = HEAD + PATIENTS + 'age_years = "agee"\nsite = "centre"\n'
    with pytest.raises(ConfigurationError) as caught:
        open_files({"p.csv": "id,age\na,1\n", "registry.toml": mapping})
    assert str(caught.value).splitlines()[1:] == [
        'p.csv: has no column "agee"; did you mean age?',
        'p.csv: has no column "centre"; known: id, age',
    ]


def test_every_mistake_in_the_file_is_told_with_its_line(tmp_path: Path):
    (tmp_path / "registry.toml").write_text(
        '[registry]\nname = "t"\nlanguge = "en"\n[limits]\nquarantine_percent = 120\n'
        '[[source]]\nfile = "p.csv"\ndelimeter = ";"\n[[source.table]]\ntable = "patient"\n'
        '[[source.table]]\ntable = "patients"\n[source.table.columns]\npatient_id = "id"\n'
        'sexx = "sex"\nsex = { column = "sex", codes = { 1 = "woman" } }\n'
        'age_years = { column = "a", date_format = "%d.%m.%Y" }\n'
        'diagnosis = { value = "NMO" }\nsite = { colunm = "s" }\n'
    )
    with pytest.raises(ConfigurationError) as caught:
        read_mapping(tmp_path / "registry.toml")
    lines = str(caught.value).splitlines()
    assert all(line.startswith("registry.toml:") for line in lines)
    expected = [
        ('line 3: [registry] has no key "languge"; did you mean language?'),
        ("line 5: [limits]: quarantine_percent is from 0 to 100"),
        ('line 8: [[source]] has no key "delimeter"; did you mean delimiter?'),
        ('there is no table "patient"; did you mean patients?'),
        ('line 15: table patients has no variable "sexx"; did you mean sex?'),
        ('code "1" becomes "woman", allowed is one of female, male'),
        ("age_years: date_format is for date variables, not for integer"),
        ('diagnosis: value "NMO" is not allowed: one of nmosd, mogad, ms, suspected_ms, other'),
        ('site has no key "colunm"; did you mean column?'),
        ("site needs exactly one of column, columns, value"),
    ]
    for words in expected:
        assert sum(words in line for line in lines) == 1, words
    assert len(lines) == len(expected)


@pytest.mark.parametrize("file", ["../p.csv", "/etc/passwd", "a/../../p.csv", "C:\\p.csv", "..\\p.csv"])
def test_file_outside_the_folder_is_refused(tmp_path: Path, file: str):
    mapping = HEAD + PATIENTS.replace('"p.csv"', f"'{file}'")
    (tmp_path / "registry.toml").write_text(mapping)
    with pytest.raises(ConfigurationError, match="lies outside the folder"):
        read_mapping(tmp_path / "registry.toml")


def test_link_that_leads_outside_the_folder_is_refused(tmp_path: Path):
    (tmp_path / "outside.csv").write_text("id\na\n")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "p.csv").symlink_to(tmp_path / "outside.csv")
    (tmp_path / "inside" / "registry.toml").write_text(HEAD + PATIENTS)
    with pytest.raises(ConfigurationError, match="lies outside the folder"):
        open_registry(tmp_path / "inside")


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ("[registry\n", "not valid TOML.*line 1"),
        (PATIENTS, "needs a name"),
        (HEAD.replace("2025-01-01", "1.1.2025") + PATIENTS, "line 3: data_cut is a day such as"),
        (HEAD + PATIENTS.replace("p.csv", "p.xlsx"), "must end in one of .csv"),
        (HEAD + PATIENTS + PATIENTS, 'two .* read "p.csv"'),
        (HEAD + PATIENTS.replace("patients", "attacks"), "must map attack_date"),
        (HEAD + PATIENTS.replace("patients", "attacks"), "feeds the table patients"),
        (HEAD + '[[source]]\nfile = "p.csv"\n', "at least one"),
        (HEAD + PATIENTS.replace('file = "p.csv"', 'file = "p.csv"\ndate_format = "%d.%m.%y"'), "two-digit years"),
        (HEAD + PATIENTS.replace('file = "p.csv"', 'file = "p.csv"\ndate_format = "%m.%Y"'), "needs %Y, %m and %d"),
        (HEAD + PATIENTS.replace('file = "p.csv"', 'file = "p.csv"\ndecimal = "x"'), 'decimal is "." or ","'),
        (HEAD + PATIENTS.replace('file = "p.csv"', 'file = "p.csv"\ndelimiter = ";;"'), "delimiter is one sign"),
        (HEAD + PATIENTS.replace('file = "p.csv"', 'file = "p.csv"\nignore = "x"'), '"ignore" must be a list'),
        (HEAD + PATIENTS + "site = { columns = [] }\n", "site: columns names no column"),
        (HEAD + PATIENTS.replace("[source.table.col", "where = { kind = [] }\n[source.table.col"), "where: kind needs"),
        (HEAD + PATIENTS + "site = 3\n", "site is a column name or a table"),
        (HEAD + PATIENTS + 'age_years = { column = "a", factor = true }\n', '"factor" must be a number'),
        (HEAD + PATIENTS + 'onset_date = { column = "a", day_zero = "x" }\n', "day_zero is a day such as"),
    ],
)
def test_one_mistake_is_told(tmp_path: Path, mapping: str, said: str):
    (tmp_path / "registry.toml").write_text(mapping)
    with pytest.raises(ConfigurationError, match=said):
        read_mapping(tmp_path / "registry.toml")


def test_mapping_that_is_not_utf8(tmp_path: Path):
    (tmp_path / "registry.toml").write_bytes(b'[registry]\nname = "\xff"\n')
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        open_registry(tmp_path)


def test_mapping_without_sources_gives_a_codebook_folder_its_name_and_data_cut(open_files: Callable[..., Registry]):
    registry = open_files({"registry.toml": HEAD, "patients.csv": "patient_id,onset_date\na,2025-01-02\n"})
    assert registry.provenance["name"] == "t"
    assert registry.findings["kind"].tolist() == ["implausible_date"]


def test_mapping_without_a_data_cut_is_told(open_files: Callable[..., Registry]):
    registry = open_files({"p.csv": "id\na\n", "registry.toml": '[registry]\nname = "t"\n' + PATIENTS})
    assert registry.findings[["severity", "kind"]].to_numpy().tolist() == [["info", "no_data_cut"]]


def test_care_level_is_handed_on_and_checked(open_files: Callable[..., Registry]):
    files = {"p.csv": "id\n1\n", "registry.toml": HEAD + PATIENTS}
    assert open_files(files).provenance["care_level"] is None
    named = HEAD.replace("[registry]\n", '[registry]\ncare_level = "inpatients"\n')
    assert open_files(files | {"registry.toml": named + PATIENTS}).provenance["care_level"] == "inpatients"
    wrong = named.replace("inpatients", "hospital")
    with pytest.raises(ConfigurationError, match=r"line 2: .*care_level is one of inpatients, specialist_clinic"):
        open_files(files | {"registry.toml": wrong + PATIENTS})


def test_provenance_tells_files_and_what_was_delivered(open_files: Callable[..., Registry]):
    registry = open_files({"p.csv": "id\na\n", "registry.toml": HEAD + PATIENTS + 'diagnosis = { value = "nmosd" }\n'})
    told = registry.provenance
    assert told["delivered"] == {"patients": ["patient_id", "diagnosis"]}
    assert told["files"][0]["bytes"] == 5
    # printf 'id\na\n' | sha256sum
    assert told["files"][0]["sha256"] == "1830fc9c555d1d487575d177ff91a65767af948c8319af93d72ca6cffa43c7f9"
    assert len(told["mapping_sha256"]) == 64
    assert (told["quarantine_percent"], told["quarantine_percent_limit"]) == (0.0, 10.0)


def test_nearest_without_any_name():
    assert nearest("x", []) == "known: none"
