"""Planted errors: each is in the log, each is found by the reader, and clean text reads as the tables it came from."""

import pandas as pd
import pytest

from nmosd_cohort.intake.open import open_registry
from nmosd_cohort.synthetic.errors import LOG_COLUMNS, make_dirty, text_tables
from nmosd_cohort.synthetic.generate import simulate

# What the reader must call each planted error, by the kind of the log.
FOUND_AS = {
    "edss_half_point": "out_of_range",
    "nrs_above_range": "out_of_range",
    "nrs_range": "range",
    "decimal_comma": "decimal_mark",
    "text_in_number": "not_a_number",
    "undeclared_code": "out_of_range",
    "swapped_date": "not_a_date",
    "two_digit_year": "two_digit_year",
    "blank_id": "required_missing",
    "undeclared_sex": "undeclared_code",
    "duplicate_key": "duplicate_key",
    "orphan_row": "unknown_patient",
}


@pytest.fixture(scope="module")
def clean():
    return text_tables(simulate("review", n=120, seed=21).tables)


def test_clean_text_reads_as_the_tables_it_came_from(clean: dict[str, pd.DataFrame]):
    opened = open_registry(clean)
    assert opened.findings.empty
    for name, table in simulate("review", n=120, seed=21).tables.items():
        pd.testing.assert_frame_equal(opened.tables[name], table)


def test_every_planted_error_is_found_in_its_row_and_no_other(clean: dict[str, pd.DataFrame]):
    dirty, log = make_dirty(clean, seed=4, per_kind=3)
    findings = open_registry(dirty).findings
    planted = {(entry.table, entry.row + 1, FOUND_AS[entry.kind]) for entry in log.itertuples()}
    found = {(entry.table, entry.record, entry.kind) for entry in findings.itertuples()}
    assert set(log["kind"]) == set(FOUND_AS)
    assert planted <= found
    # A date that cannot be read is also a required value that is missing: the one extra finding allowed.
    assert {row[:2] for row in found} == {row[:2] for row in planted}


def test_log_quotes_what_stands_in_the_table(clean: dict[str, pd.DataFrame]):
    dirty, log = make_dirty(clean, seed=4)
    assert tuple(log.columns) == LOG_COLUMNS
    for entry in log[log["column"] != ""].itertuples():
        assert dirty[entry.table].loc[entry.row, entry.column] == entry.value


def test_the_given_tables_stay_as_they_are_and_the_seed_decides(clean: dict[str, pd.DataFrame]):
    before = {name: table.copy() for name, table in clean.items()}
    first, first_log = make_dirty(clean, seed=4)
    again, again_log = make_dirty(clean, seed=4)
    for name in clean:
        pd.testing.assert_frame_equal(clean[name], before[name])
        pd.testing.assert_frame_equal(first[name], again[name])
    pd.testing.assert_frame_equal(first_log, again_log)
    assert not first_log.equals(make_dirty(clean, seed=5)[1])


def test_tables_that_are_absent_are_left_out(clean: dict[str, pd.DataFrame]):
    dirty, log = make_dirty({"patients": clean["patients"]}, seed=1)
    assert set(dirty) == {"patients"}
    assert set(log["table"]) == {"patients"}
