"""What the patients never asked could change."""

import pandas as pd
import pytest

from nmosd_cohort.questions.never_asked import assessment_design, never_asked_rows

LABELS = {"outcome": "any", "denominator": "patients who were asked", "unit": "share"}


def cells(*rows: tuple[str, bool | None, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["site", "status", "n"])
    frame["status"] = frame["status"].astype("boolean")
    return frame.assign(sex="female", aqp4_status="positive", onset_phenotype="myelitis")


def test_the_weighted_share_lets_each_site_stand_for_its_own_patients():
    # Site a: 8 of 20 asked, 60 in all; site b: 36 of 40 asked, 50 in all: (60 * 0.4 + 50 * 0.9) / 110 = 69 / 110
    tally = cells(("a", True, 8), ("a", False, 12), ("a", None, 40), ("b", True, 36), ("b", False, 4), ("b", None, 10))
    rows, checks = never_asked_rows(tally, LABELS, 0.95)
    bounds, limits, weighted = rows
    assert (bounds["conf_low"], bounds["conf_high"]) == pytest.approx((44 / 110, 94 / 110))
    assert limits["conf_low"] < 44 / 110
    assert limits["conf_high"] > 94 / 110
    assert weighted["estimate"] == pytest.approx(69 / 110)
    assert (weighted["n"], weighted["events"], weighted["term"]) == (60, 44, "weighted for who was asked")
    assert checks[0][1] == "note"
    assert "weights by site; effective number of patients 50 of 60 asked, largest weight" in checks[0][2]


def test_without_anyone_unasked_there_is_nothing_to_weight():
    rows, checks = never_asked_rows(cells(("a", True, 8), ("b", False, 12)), LABELS, 0.95)
    assert [row["measure"] for row in rows] == ["bounds_if_never_asked", "limits_if_never_asked"]
    assert rows[0]["conf_low"] == rows[0]["conf_high"] == 0.4
    assert checks == []


def test_what_tells_nothing_of_being_asked_is_said():
    rows, checks = never_asked_rows(cells(("a", True, 8), ("a", False, 12), ("a", None, 40)), LABELS, 0.95)
    assert len(rows) == 2
    assert checks[0][:2] == ("share weighted for who was asked", "not assessable")


def test_patients_hardly_ever_asked_are_not_stood_for_by_one():
    # One of 2000 patients of site b was asked
    tally = cells(("a", True, 800), ("a", False, 1300), ("a", None, 400), ("b", True, 1), ("b", None, 1999))
    rows, checks = never_asked_rows(tally, LABELS, 0.95)
    assert len(rows) == 2
    assert "2000 patients have a modelled probability of being assessed below 0.01" in checks[0][2]


def test_no_patients_have_no_bounds():
    rows, checks = never_asked_rows(cells().astype({"n": int}), LABELS, 0.95)
    assert [row["n"] for row in rows] == [0]
    assert checks == []


def test_a_level_in_which_all_or_few_were_asked_joins_the_commonest():
    tally = cells(("a", True, 50), ("a", None, 20), ("b", True, 30), ("c", True, 5), ("c", None, 4), ("d", None, 20))
    assert assessment_design(tally).columns.tolist() == []
    more = cells(("a", True, 50), ("a", None, 20), ("e", True, 7), ("e", None, 5), ("b", True, 30))
    assert assessment_design(more).columns.tolist() == ["site = e"]


def test_no_more_columns_than_the_unasked_allow():
    sites = [(site, status, 10 + place) for place, site in enumerate("abc") for status in (True, None)]
    tally = cells(*sites).assign(n=lambda frame: frame["n"].where(frame["status"].notna(), 3))
    # 9 not asked: one column, the largest level after the commonest
    assert assessment_design(tally).columns.tolist() == ["site = b"]
