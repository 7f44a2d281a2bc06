"""CSV files as they come: each case says what a reader that guesses would do wrong."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

from nmosd_cohort.intake.errors import ConfigurationError, InputError
from nmosd_cohort.intake.open import open_registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nmosd_cohort.intake.registry import Registry


HEADER = "patient_id,age_years\n"


def mapped(settings: str, columns: str = 'patient_id = "id"\nage_years = "age"\n') -> str:
    return (
        f'[registry]\nname = "t"\ndata_cut = "2025-01-01"\n[[source]]\nfile = "p.csv"\n{settings}\n'
        f'[[source.table]]\ntable = "patients"\n[source.table.columns]\n{columns}'
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n", "no header"),
        (b"\xef\xbb\xbf", "empty"),
        (b",,\n1,2,3\n", "no header"),
    ],
    ids=["zero bytes", "one newline", "only a byte order mark", "blank header"],
)
def test_file_without_content_is_fatal(open_files: Callable[..., Registry], content: bytes, said: str):
    with pytest.raises(InputError, match=said) as caught:
        open_files({"patients.csv": content})
    assert str(caught.value).startswith("patients.csv")
    assert "\n" not in str(caught.value)


def test_header_alone_reads_as_no_records(open_files: Callable[..., Registry]):
    registry = open_files({"patients.csv": HEADER})
    assert len(registry.tables["patients"]) == 0
    assert registry.accounting["records_read"].tolist() == [0]
    assert registry.provenance["quarantine_percent"] == 0


def test_byte_order_mark_is_removed_and_noted(open_files: Callable[..., Registry]):
    registry = open_files({"patients.csv": b"\xef\xbb\xbf" + HEADER.encode() + b"a,40\n"})
    assert registry.tables["patients"]["age_years"].tolist() == [40]
    assert registry.findings[["severity", "kind"]].to_numpy().tolist() == [["info", "byte_order_mark"]]


def test_wrong_encoding_names_the_byte_and_the_option(open_files: Callable[..., Registry]):
    content = "patient_id,site\n1,a\n2,北京\n".encode("gb18030")
    with pytest.raises(InputError, match=r"line 3: byte 22 .*encoding = ") as caught:
        open_files({"patients.csv": content})
    assert "\n" not in str(caught.value)


def test_declared_gb18030_is_read(open_files: Callable[..., Registry]):
    content = "id,age,中心\n1,40,北京\n".encode("gb18030")
    columns = 'patient_id = "id"\nage_years = "age"\nsite = "中心"\n'
    registry = open_files({"p.csv": content, "registry.toml": mapped('encoding = "gb18030"', columns)})
    assert registry.tables["patients"]["site"].tolist() == ["北京"]


def test_unknown_encoding_is_a_configuration_error(open_files: Callable[..., Registry]):
    with pytest.raises(ConfigurationError, match='no text encoding "utf-9"'):
        open_files({"p.csv": "id,age\n1,2\n", "registry.toml": mapped('encoding = "utf-9"')})


@pytest.mark.parametrize("encoding", ["base64", "utf-8\\u0000"])
def test_encoding_that_is_none_is_a_configuration_error(open_files: Callable[..., Registry], encoding: str):
    with pytest.raises(ConfigurationError, match=r"p.csv: there is no text encoding"):
        open_files({"p.csv": "id,age\n1,2\n", "registry.toml": mapped(f'encoding = "{encoding}"')})


def test_byte_order_mark_that_contradicts_the_declared_encoding(open_files: Callable[..., Registry]):
    with pytest.raises(InputError, match='byte order mark of UTF-8 but encoding is "gb18030"'):
        open_files({"p.csv": b"\xef\xbb\xbfid,age\n1,2\n", "registry.toml": mapped('encoding = "gb18030"')})


def test_cell_without_end_is_told_by_the_line_where_it_begins(open_files: Callable[..., Registry]):
    with pytest.raises(InputError, match=r"line 2: a cell that begins here is too long"):
        open_files({"patients.csv": 'patient_id,site\n1,"' + "x\n" * 100_000})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_utf_16_is_told_by_its_mark_or_its_zero_bytes(open_files: Callable[..., Registry], encoding: str):
    with pytest.raises(InputError, match="utf-16"):
        open_files({"patients.csv": (HEADER + "1,2\n").encode(encoding)})


def test_other_delimiter_is_named_not_tried(open_files: Callable[..., Registry]):
    with pytest.raises(InputError, match='one column but 1 semicolons; set delimiter = ";"'):
        open_files({"patients.csv": "patient_id;age_years\n1;3,5\n"})


def test_every_row_one_cell_longer_than_the_header_is_rejected(open_files: Callable[..., Registry]):
    registry = open_files({"patients.csv": HEADER + "1,40,9\n2,41,9\n"})
    assert len(registry.tables["patients"]) == 0
    assert registry.findings[["line", "kind", "allowed"]].to_numpy().tolist() == [
        [2, "long_row", "2 cells as in the header; this row has 3"],
        [3, "long_row", "2 cells as in the header; this row has 3"],
    ]
    assert registry.quarantine["cells"].iloc[0] == '{"patient_id": "1", "age_years": "40", "cell 3": "9"}'


@pytest.mark.parametrize(("row", "kind"), [("1", "short_row"), ("1,2,3,4", "long_row")])
def test_misshapen_row_is_rejected_and_the_others_kept(open_files: Callable[..., Registry], row: str, kind: str):
    registry = open_files({"patients.csv": f"{HEADER}a,40\n{row}\nb,41\n"})
    assert registry.tables["patients"]["patient_id"].tolist() == ["a", "b"]
    assert registry.quarantine[["line", "record", "reason"]].to_numpy().tolist() == [[3, 2, kind]]


def test_unclosed_quote_names_the_line_where_it_opened(open_files: Callable[..., Registry]):
    rows = [f"{number},{number % 90}" for number in range(1000)]
    rows[1] = '"1,1'
    with pytest.raises(InputError, match=r"line 3: a quote opens here"):
        open_files({"patients.csv": HEADER + "\n".join(rows)})


def test_unclosed_quote_before_other_quoted_cells(open_files: Callable[..., Registry]):
    rows = ['"a","1"', '"b,2', '"c","3"', '"d","4"']
    with pytest.raises(InputError, match=r"line 3: a quote opens here"):
        open_files({"patients.csv": HEADER + "\n".join(rows) + "\n"})


def test_quote_that_opens_on_a_later_line_of_its_row(open_files: Callable[..., Registry]):
    content = 'patient_id,site,diagnosis\n1,"two\nlines","nmosd\n2,x,nmosd\n'
    with pytest.raises(InputError, match=r"line 3: a quote opens here"):
        open_files({"patients.csv": content})


def test_line_and_record_differ_after_a_line_break_in_a_cell(open_files: Callable[..., Registry]):
    content = 'patient_id,site,age_years\n1,"two\nlines",40\n2,x,old\n'
    finding = open_files({"patients.csv": content}).findings.iloc[0]
    assert (finding["line"], finding["record"], finding["value"]) == (4, 2, "old")


def test_duplicate_header_is_fatal_with_positions(open_files: Callable[..., Registry]):
    with pytest.raises(InputError, match="the same name in columns 2, 3"):
        open_files({"patients.csv": "patient_id,age_years,age_years\n1,2,3\n"})


def test_unnamed_empty_column_is_left_out_with_a_warning(open_files: Callable[..., Registry]):
    registry = open_files({"patients.csv": "patient_id,age_years,\n1,40,\n"})
    assert registry.tables["patients"]["age_years"].tolist() == [40]
    assert registry.findings[["severity", "kind", "column"]].to_numpy().tolist() == [
        ["warn", "unnamed_column", "column 3"]
    ]


def test_unnamed_column_with_values_is_fatal(open_files: Callable[..., Registry]):
    with pytest.raises(InputError, match="column 3 has values but no name"):
        open_files({"patients.csv": "patient_id,age_years,\n1,40,\n2,41,x\n"})


def test_filler_lines_are_counted_as_empty(open_files: Callable[..., Registry]):
    registry = open_files({"patients.csv": HEADER + "a,40\n\n,\n  ,\n,,,,\n"})
    counts = registry.accounting.iloc[0]
    assert (counts["records_read"], counts["records_accepted"], counts["records_empty"]) == (5, 1, 4)
    assert counts["cells_read"] == 2 + 0 + 2 + 2 + 5
    assert counts["cells_missing"] == 9
    assert len(registry.findings) == 0


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings_do_not_matter(open_files: Callable[..., Registry], ending: str):
    registry = open_files({"patients.csv": (HEADER + "a,40\nb,old\n").replace("\n", ending)})
    assert registry.findings["line"].tolist() == [3]


def test_path_that_cannot_be_read_is_told_in_one_line(tmp_path: Path):
    with pytest.raises(InputError, match=r"nowhere.*no such file") as caught:
        open_registry(tmp_path / "nowhere")
    assert "\n" not in str(caught.value)
    (tmp_path / "patients.csv").mkdir()
    with pytest.raises(InputError, match=r"patients.csv: is a folder"):
        open_registry(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (pickle.dumps({"a": 1}), "pickle"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"PAR1rest", "Parquet"),
        (b"\x1f\x8brest", "gzip"),
        (b"FEA1rest", "Feather"),
        (b"RDX3\nrest", "R data"),
    ],
)
def test_other_formats_under_a_csv_name_are_refused(open_files: Callable[..., Registry], content: bytes, said: str):
    with pytest.raises(InputError, match=said):
        open_files({"patients.csv": content})


def test_unknown_file_and_unknown_column_are_warned_about(open_files: Callable[..., Registry]):
    registry = open_files({"patients.csv": "patient_id,agee_years\n1,40\n", "attack.csv": "x\n", "notes.txt": "n"})
    found = registry.findings.set_index("kind")
    assert found.loc["unknown_column", "allowed"] == "did you mean age_years?"
    assert found.loc["unknown_file", "file"].tolist() == ["attack.csv", "notes.txt"]
    assert found.loc["unknown_file", "allowed"].iloc[0] == "did you mean attacks.csv?"
    assert set(registry.findings["severity"]) == {"warn"}
    assert registry.accounting["cells_not_mapped"].tolist() == [1]


def test_same_table_twice_is_fatal(open_files: Callable[..., Registry]):
    with pytest.raises(InputError, match="holds the same table"):
        open_files({"patients.csv": HEADER, "patients.parquet": b"x"})


def test_folder_without_patients_is_fatal(open_files: Callable[..., Registry]):
    with pytest.raises(InputError, match="no table patients"):
        open_files({"attacks.csv": "patient_id,attack_date\n"})


def test_missing_required_column_is_fatal(open_files: Callable[..., Registry]):
    with pytest.raises(InputError, match="table patients needs the column patient_id; none of the 1 columns"):
        open_files({"patients.csv": "id\n1\n"})


def test_blanks_around_values_are_removed_and_counted(open_files: Callable[..., Registry]):
    registry = open_files({"patients.csv": HEADER + "a , 40\nb,41\n"})
    assert registry.tables["patients"]["patient_id"].tolist() == ["a", "b"]
    assert registry.findings["action"].tolist() == ["blanks around the value removed in 1 cells"] * 2


def test_the_same_bytes_under_two_names_are_warned_about(open_files: Callable[..., Registry]):
    content = "patient_id,attack_date,mri_date,region\n"
    registry = open_files({"patients.csv": "patient_id\n", "attacks.csv": content, "imaging.csv": content})
    assert "same_content" in registry.findings["kind"].tolist()
