"""Whatever a file holds, every record and every cell of it is counted exactly once."""

from __future__ import annotations

import csv
import io
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nmosd_cohort.intake.errors import InputError
from nmosd_cohort.intake.files import csv_records
from nmosd_cohort.intake.ledger import accounting_row, close_ledger
from nmosd_cohort.intake.open import open_registry

if TYPE_CHECKING:
    from random import Random


COLUMNS = ("id", "kind", "day", "low", "high", "sex", "free")
MAPPING = """
[registry]
name = "messy"
data_cut = "2025-12-31"

[[source]]
file = "messy.csv"
missing = { "-99" = "not asked" }

[[source.table]]
table = "patients"
distinct = true
where = { kind = ["p", "v"] }
[source.table.columns]
patient_id = "id"
sex = { column = "sex", codes = { "1" = "female", "2" = "male" } }

[[source.table]]
table = "assessments"
where = { kind = "v" }
[source.table.columns]
patient_id = "id"
assessment_date = "day"
pain_nrs = { column = "low", upper = "high" }

[[source.table]]
table = "assessments"
where = { kind = "v" }
[source.table.columns]
patient_id = "id"
assessment_date = "day"
edss = "low"

[[source.table]]
table = "attacks"
[source.table.columns]
patient_id = "id"
attack_date = "day"
"""
CELLS = {
    "id": ["1", "001", "NA", "", "2", " 2 "],
    "kind": ["p", "v", "x", ""],
    "day": ["2020-01-01", "2021-01-01", "2099-01-01", "1.1.20", ""],
    "low": ["3", "7", "-99", "11", "3,5", ""],
    "high": ["3", "8", "-99", ""],
    "sex": ["1", "2", "3", ""],
    "free": ["text", 'with "quotes"', "two\nlines", "北京", ""],
}
GOOD_ROW = st.tuples(*(st.sampled_from(CELLS[name]) for name in COLUMNS))
ANY_ROW = st.lists(st.sampled_from(["", " ", "1", "x", "a\nb"]), max_size=9).map(tuple)
ROWS = st.lists(st.one_of(GOOD_ROW, GOOD_ROW, GOOD_ROW, ANY_ROW), max_size=25)


def as_csv(rows: list[tuple[str, ...]], ending: str = "\n") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=ending)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def open_messy(rows: list[tuple[str, ...]], ending: str = "\n"):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "registry.toml").write_text(MAPPING, encoding="utf-8")
        (Path(folder) / "messy.csv").write_bytes(as_csv(rows, ending))
        return open_registry(folder)


def read_back(rows: list[tuple[str, ...]]) -> list[list[str]]:
    return list(csv.reader(io.StringIO(as_csv(rows).decode("utf-8"), newline="")))[1:]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS)
def test_records_and_cells_read_are_the_sum_of_their_parts(rows: list[tuple[str, ...]]):
    registry = open_messy(rows)
    counts = registry.accounting.iloc[0]
    physical = read_back(rows)
    assert counts["records_read"] == len(physical)
    assert counts["cells_read"] == sum(map(len, physical))
    parts = ("accepted", "quarantined", "empty")
    assert counts["records_read"] == sum(counts[f"records_{part}"] for part in parts)
    parts = ("accepted", "missing", "rejected", "not_mapped")
    assert counts["cells_read"] == sum(counts[f"cells_{part}"] for part in parts)
    assert counts["records_empty"] == sum(not "".join(row).strip() for row in physical)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS)
def test_every_quarantined_record_has_a_reason_and_a_finding(rows: list[tuple[str, ...]]):
    registry = open_messy(rows)
    whole = registry.quarantine[registry.quarantine["table"] == ""]
    assert len(whole) == registry.accounting["records_quarantined"].iloc[0]
    assert whole["record"].is_unique
    assert (registry.quarantine["reason"] != "").all()
    told = set(registry.findings.loc[registry.findings["severity"].isin(["reject", "warn"]), "record"].dropna())
    assert set(registry.quarantine["record"]) <= told


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, st.randoms(use_true_random=False))
def test_order_of_rows_changes_no_table_and_no_count(rows: list[tuple[str, ...]], random: Random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    first, second = open_messy(rows), open_messy(shuffled)
    assert first.accounting.drop(columns="file").equals(second.accounting.drop(columns="file"))
    for name, table in first.tables.items():
        columns = list(table.columns)
        ours, theirs = (t.astype(str).sort_values(columns).to_numpy().tolist() for t in (table, second.tables[name]))
        assert ours == theirs
    kinds = [
        sorted(r.findings[["kind", "variable", "value"]].astype(str).agg("|".join, axis=1)) for r in (first, second)
    ]
    assert kinds[0] == kinds[1]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS)
def test_same_bytes_give_the_same_findings_and_line_endings_do_not_matter(rows: list[tuple[str, ...]]):
    first, again, windows = open_messy(rows), open_messy(rows), open_messy(rows, "\r\n")
    assert first.findings.equals(again.findings)
    assert first.quarantine.equals(again.quarantine)
    assert first.findings["kind"].tolist() == windows.findings["kind"].tolist()
    assert first.findings["line"].equals(windows.findings["line"])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(GOOD_ROW, max_size=15))
def test_counts_of_two_registries_add_up_when_their_files_are_joined(rows: list[tuple[str, ...]]):
    ours = [("a" + row[0].strip(), *row[1:]) for row in rows]
    theirs = [("b" + row[0].strip(), *row[1:]) for row in rows]
    apart = open_messy(ours).accounting.drop(columns="file") + open_messy(theirs).accounting.drop(columns="file")
    assert open_messy(ours + theirs).accounting.drop(columns="file").equals(apart)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_in_one_line(content: bytes):
    try:
        records = csv_records(content, "x.csv", encoding="utf-8", delimiter=",")
    except InputError as refusal:
        said = str(refusal)
    else:
        row = accounting_row(close_ledger(records, [])[0])
        said = f"x.csv: {row[1]} records"
    assert said.startswith("x.csv: ")
    assert "\n" not in said


def test_an_account_that_does_not_add_up_is_an_error_of_this_package():
    records = csv_records(b"a,b\n1,2\n", "x.csv", encoding="utf-8", delimiter=",")
    ledger, _ = close_ledger(records, [])
    broken = replace(ledger, is_accepted=ledger.is_accepted[:0])
    with pytest.raises(RuntimeError, match=r"x.csv: the accounting does not add up"):
        accounting_row(broken)


def test_counts_by_hand():
    registry = open_messy(
        [
            ("1", "p", "", "", "", "1", "note"),  # accepted: id, kind, sex
            ("1", "v", "2020-01-01", "3", "3", "1", "note"),  # accepted: id, kind, day, low, high, sex
            ("2", "x", "", "5", "", "", "note"),  # nobody's: 4 cells rejected
            ("3", "p", "", "", "", "9", ""),  # sex rejected, id and kind accepted
            ("", "", "", "", "", "", ""),
            ("4", "p"),
        ]
    )
    counts = registry.accounting.iloc[0]
    assert counts[["records_read", "records_accepted", "records_quarantined", "records_empty"]].tolist() == [6, 3, 2, 1]
    assert counts["cells_read"] == 37
    # 2 of the third record, 7 of the blank line; 1 blank day each of records 1, 3 and 4 is counted below
    assert counts["cells_accepted"] == 3 + 6 + 2
    assert counts["cells_rejected"] == 4 + 1 + 2
    # low, high and free are not mapped in records 1 and 4, free in record 2; their blank day was looked at
    assert counts["cells_not_mapped"] == 3 + 1 + 3
    assert counts["cells_missing"] == 1 + 3 + 1 + 7
