"""Values of cells: what is accepted, what is missing by rule, and what is rejected with what is allowed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.intake.values import CellState, ValueFormat, parse_pair, parse_text

if TYPE_CHECKING:
    from nmosd_cohort.codebook import Variable


ASSESSMENTS = read_codebook()["assessments"].variables
PATIENTS = read_codebook()["patients"].variables
PLAIN = ValueFormat(data_cut=date(2025, 12, 31))


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("11", "out_of_range", "whole numbers from 0 to 10"),
        ("-1", "out_of_range", "whole numbers from 0 to 10"),
        ("7.5", "not_whole", "whole numbers from 0 to 10"),
        ("7-8", "range", "this is a range"),
        (">5", "limit", "this is a limit"),
        ("severe", "not_a_number", "whole numbers from 0 to 10"),
        ("3,5", "decimal_mark", 'set decimal = ","'),
        ("-0", "negative_zero", "whole numbers from 0 to 10"),
        ("٣", "not_a_number", "whole numbers from 0 to 10"),
        ("1e999", "out_of_range", "whole numbers from 0 to 10"),
        ("nan", "not_a_number", "whole numbers from 0 to 10"),
        ("1 0", "not_a_number", "whole numbers from 0 to 10"),
    ],
)
def test_pain_score_that_is_rejected(text: str, kind: str, said: str):
    parsed = parse_text(text, ASSESSMENTS["pain_nrs"], PLAIN)
    assert (parsed.state, parsed.kind, parsed.value) == (CellState.REJECTED, kind, None)
    assert said in parsed.allowed


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("10", 10), ("7.0", 7), ("+3", 3)])
def test_pain_score_that_is_accepted(text: str, value: object):
    parsed = parse_text(text, ASSESSMENTS["pain_nrs"], PLAIN)
    assert parsed.state is CellState.ACCEPTED
    assert parsed.value == value
    assert isinstance(parsed.value, int)


@pytest.mark.parametrize("text", ["0.5", "4.25", "10.5", "-0", "-1"])
def test_edss_step_that_does_not_exist_lists_the_steps(text: str):
    parsed = parse_text(text, ASSESSMENTS["edss"], PLAIN)
    assert parsed.state is CellState.REJECTED
    assert parsed.allowed.startswith("one of 0, 1, 1.5, 2, 2.5")


def test_every_edss_step_is_accepted():
    steps = [0, *[half / 2 for half in range(2, 21)]]
    assert [parse_text(f"{step:g}", ASSESSMENTS["edss"], PLAIN).value for step in steps] == steps


@pytest.mark.parametrize(
    ("text", "date_format", "kind"),
    [
        ("03/04/2021", "%Y-%m-%d", "not_a_date"),
        ("31.02.2021", "%d.%m.%Y", "not_a_date"),
        ("2021", "%Y-%m-%d", "not_a_date"),
        ("2021-13-01", "%Y-%m-%d", "not_a_date"),
        ("0000-00-00", "%Y-%m-%d", "not_a_date"),
        ("5/3/68", "%d/%m/%Y", "two_digit_year"),
        ("2999-01-01", "%Y-%m-%d", "implausible_date"),
        ("9999-12-31", "%Y-%m-%d", "implausible_date"),
        ("1899-12-31", "%Y-%m-%d", "implausible_date"),
        ("2026-01-01", "%Y-%m-%d", "implausible_date"),
        ("2021-05-03 14:30:00", "%Y-%m-%d", "not_a_date"),
    ],
)
def test_date_that_is_rejected(text: str, date_format: str, kind: str):
    form = ValueFormat(date_format=date_format, data_cut=date(2025, 12, 31))
    parsed = parse_text(text, PATIENTS["onset_date"], form)
    assert (parsed.state, parsed.kind) == (CellState.REJECTED, kind)


def test_implausible_date_says_the_span():
    parsed = parse_text("2999-01-01", PATIENTS["onset_date"], PLAIN)
    assert parsed.allowed == "dates from 1900-01-01 to the data cut 2025-12-31"


def test_stand_in_dates_are_implausible_without_a_data_cut_too():
    parsed = parse_text("2999-01-01", PATIENTS["onset_date"], ValueFormat())
    assert parsed.allowed == "dates from 1900-01-01 to 2199-12-31"


@pytest.mark.parametrize(
    ("text", "date_format"),
    [
        ("2021-05-03", "%Y-%m-%d"),
        ("2021-05-03 00:00:00", "%Y-%m-%d"),
        ("03.05.2021", "%d.%m.%Y"),
        ("05/03/2021", "%m/%d/%Y"),
        ("2021年5月3日", "%Y年%m月%d日"),
        ("2021-05-03 14:30", "%Y-%m-%d %H:%M"),
    ],
)
def test_date_that_is_accepted(text: str, date_format: str):
    parsed = parse_text(text, PATIENTS["onset_date"], ValueFormat(date_format=date_format))
    assert parsed.value == datetime(2021, 5, 3)


@pytest.mark.parametrize(("text", "expected"), [("0", datetime(2000, 1, 1)), ("-31", datetime(1999, 12, 1))])
def test_day_count_from_day_zero(text: str, expected: datetime):
    form = ValueFormat(day_zero=date(2000, 1, 1))
    assert parse_text(text, ASSESSMENTS["assessment_date"], form).value == expected


@pytest.mark.parametrize(("text", "kind"), [("1.5", "not_a_day_count"), ("999999", "implausible_date")])
def test_day_count_that_is_rejected(text: str, kind: str):
    form = ValueFormat(day_zero=date(2000, 1, 1), data_cut=date(2025, 12, 31))
    assert parse_text(text, ASSESSMENTS["assessment_date"], form).kind == kind


@pytest.mark.parametrize("text", ["3", "F", "Female"])
def test_code_that_is_not_declared_is_rejected(text: str):
    declared = ValueFormat(codes={"1": "female", "2": "male"})
    assert parse_text("2", PATIENTS["sex"], declared).value == "male"
    assert parse_text(text, PATIENTS["sex"], declared).allowed.endswith("1, 2")
    assert parse_text(text, PATIENTS["sex"], PLAIN).allowed == "one of female, male"


def test_several_codes_come_in_codebook_order():
    attack_type = read_codebook()["attacks"].variables["attack_type"]
    assert parse_text("brainstem; myelitis;brainstem", attack_type, PLAIN).value == "myelitis;brainstem"
    assert parse_text("myelitis;leg", attack_type, PLAIN).kind == "undeclared_code"
    declared = ValueFormat(codes={"M": "myelitis", "B": "brainstem", "LETM": "myelitis"})
    assert parse_text("B;LETM", attack_type, declared).value == "myelitis;brainstem"


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("TRUE", True), ("1", True), ("False", False), ("0", False)]
)
def test_truth_that_is_accepted(text: str, value: object):
    assert parse_text(text, ASSESSMENTS["has_pain"], PLAIN).value is value


@pytest.mark.parametrize("text", ["2", "yes", "ja", "checked"])
def test_truth_that_is_rejected(text: str):
    assert parse_text(text, ASSESSMENTS["has_pain"], PLAIN).kind == "not_boolean"


def test_declared_code_for_missing_is_missing_and_another_is_not():
    form = ValueFormat(missing={"-99": "not asked"})
    assert parse_text("-99", ASSESSMENTS["pain_nrs"], form).missing_label == "not asked"
    assert parse_text("-98", ASSESSMENTS["pain_nrs"], form).kind == "out_of_range"
    assert parse_text("-99", ASSESSMENTS["pain_nrs"], PLAIN).kind == "out_of_range"


@pytest.mark.parametrize("text", ["001", "1", "NA", "null", "None", "331-2", "1E5", "12345678901234567890123"])
def test_patient_id_stays_as_it_is(text: str):
    assert parse_text(text, PATIENTS["patient_id"], PLAIN).value == text


def test_factor_is_exact():
    form = ValueFormat(factor=Decimal("0.1"), decimal=",")
    assert parse_text("30,3", ASSESSMENTS["bpi_severity"], form).value == 3.03
    assert (
        parse_text("3", read_codebook()["treatments"].variables["dose"], ValueFormat(factor=Decimal(1000))).value
        == 3000
    )


@pytest.mark.parametrize(
    ("low", "high", "value", "kind"),
    [
        ("7", "7", 7, ""),
        ("7", "8", None, "range"),
        ("7", "", None, "range"),
        ("", "3", None, "range"),
        ("", "", None, ""),
        ("11", "11", None, "out_of_range"),
    ],
)
def test_pair_is_accepted_only_where_both_ends_agree(low: str, high: str, value: object, kind: str):
    parsed = parse_pair(low, high, ASSESSMENTS["pain_nrs"], PLAIN)
    assert (parsed.value, parsed.kind) == (value, kind)


@given(st.sampled_from([*ASSESSMENTS.values(), *PATIENTS.values()]), st.text(max_size=12))
def test_any_text_is_one_of_three_and_a_rejection_says_what_is_allowed(variable: Variable, text: str):
    parsed = parse_text(text.strip(), variable, PLAIN)
    assert parsed.state in (CellState.MISSING, CellState.ACCEPTED, CellState.REJECTED)
    assert (parsed.value is None) == (parsed.state is not CellState.ACCEPTED)
    assert bool(parsed.kind and parsed.allowed) == (parsed.state is CellState.REJECTED)


@given(st.integers(min_value=-100, max_value=200))
def test_whole_numbers_are_accepted_exactly_within_range(number: int):
    parsed = parse_text(str(number), PATIENTS["age_years"], PLAIN)
    assert (parsed.value == number) == (0 <= number <= 110)
