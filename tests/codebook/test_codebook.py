"""The codebook: every variable is complete, and words tell what is allowed."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from nmosd_cohort.codebook import codebook_frame, read_codebook, typed_table

TABLES = ["patients", "attacks", "assessments", "pain", "lesions", "treatments", "labs", "imaging"]
SCORES = {
    "pain_nrs",
    "edss",
    "bdi_ii",
    "phq9",
    "fss",
    "eq_vas",
    *(f"sf36_{scale}" for scale in ("pf", "bp", "mh", "pcs")),
}


def test_the_eight_tables_are_there_in_order():
    assert list(read_codebook()) == TABLES


@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_a_variable_and_every_variable_has_meaning_and_both_labels(table):
    content = read_codebook()[table]
    assert set(content.key) <= set(content.variables)
    for variable in content.variables.values():
        assert variable.meaning.endswith((".", "null")), variable.name
        assert variable.label_en
        assert re.search(r"[\u4e00-\u9fff]|^EQ VAS$", variable.label_zh), variable.name
        for code in variable.codes:
            assert code.en
            assert code.zh


def test_numbers_have_a_unit_and_a_range_and_scores_a_direction():
    frame = codebook_frame().set_index("variable")
    numbers = frame[frame["type"].isin(["integer", "number"])]
    assert (numbers["allowed"].str.startswith(("whole numbers from", "numbers from", "one of"))).all()
    assert (frame.loc[sorted(SCORES), "direction"] != "").all()
    assert frame.loc["sf36_bp", "direction"] == "higher is better"
    assert frame.loc["edss", "direction"] == "higher is worse"


def test_edss_has_twenty_steps_and_no_half():
    allowed = read_codebook()["assessments"].variables["edss"].allowed
    assert len(allowed) == 20
    assert 0.5 not in allowed


def test_a_table_has_every_column_and_a_true_null():
    table = typed_table("attacks", pd.DataFrame({"patient_id": ["a", "b"], "is_confirmed": [True, None]}))
    assert table.columns.tolist() == list(read_codebook()["attacks"].variables)
    assert table.loc[1, "is_confirmed"] is pd.NA
    assert (~table["is_confirmed"]).isna().tolist() == [False, True]
    assert table["attack_date"].isna().all()
