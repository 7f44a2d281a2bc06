"""Who was asked about pain: shares by hand, missing values by site, and what cannot be told."""

from __future__ import annotations

import pandas as pd
import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of


def row(result, **wanted):
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


@pytest.fixture
def six():
    """Return six patients of two sites: e was never asked, f was never assessed."""
    return registry_of(
        patients={
            "patient_id": list("abcdef"),
            "diagnosis": ["nmosd"] * 6,
            "site": ["x", "x", "x", "y", "y", "y"],
            "sex": ["female"] * 4 + ["male"] * 2,
        },
        assessments={
            "patient_id": ["a", "b", "c", "d", "d", "e"],
            "assessment_date": ["2020-05-01", "2020-05-01", "2021-05-01", "2020-05-01", "2021-05-01", "2021-05-01"],
            "has_pain": [True, False, None, True, None, None],
            "pain_nrs": [None, None, 0, None, None, None],
            "edss": [2.0, 4.0, 6.5, 2.0, 2.0, None],
        },
    )


def test_shares_by_hand(six, on_backend):
    result = nc.ascertainment(on_backend(six))
    # Last assessment: a yes, b no, c NRS 0 is an answer, d not asked (asked in 2020), e not asked; f has none.
    overall = row(result, outcome="asked_about_pain", role="primary")
    assert (overall["events"], overall["n"]) == (3, 5)
    shares = {
        (group, level): (int(found["events"]), int(found["n"]))
        for group, level, found in (
            (found["group"], found["level"], found)
            for found in result.estimates.query("outcome == 'asked_about_pain' and measure == 'proportion'").to_dict(
                "records"
            )
        )
        if group
    }
    assert shares["site", "x"] == (3, 3)
    assert shares["site", "y"] == (0, 2)
    assert shares["year", "2020"] == (2, 2)
    assert shares["year", "2021"] == (1, 3)
    assert shares["edss_band", "0 to 3.5"] == (1, 2)
    assert shares["edss_band", "4 to 5.5"] == (1, 1)
    assert shares["edss_band", "6 or more"] == (1, 1)
    # never asked at any visit: e and f of six
    never = row(result, outcome="never_asked_about_pain")
    assert (never["events"], never["n"]) == (2, 6)
    edss = row(result, outcome="edss", measure="missing_share", level="y")
    assert (edss["events"], edss["n"]) == (1, 2)
    assert result.flow[["n", "excluded"]].to_numpy().tolist()[-1] == [5, 1]


def test_too_few_for_a_model_says_so(six):
    checks = nc.ascertainment(six).checks.set_index("check")
    assert checks.loc["odds of being asked", "status"] == "not assessable"
    # all terms are known of a to d, and of these only d was not asked
    assert "1 patients on the smaller side" in checks.loc["odds of being asked", "detail"]
    assert "2 of 5 not asked" in checks.loc["answers missing by chance", "detail"]


def test_patterns_add_up_to_what_is_missing(review):
    result = nc.ascertainment(review)
    patterns = result.estimates[result.estimates["outcome"] == "missing_pattern"]
    assert 1 < len(patterns) <= 10
    assert patterns["events"].sum() <= patterns["n"].iloc[0]
    assert "nothing missing" in set(patterns["term"])


def test_nothing_delivered():
    nobody = nc.ascertainment(registry_of(patients={"patient_id": []}))
    assert nobody.estimates["estimate"].notna().sum() == 0
    assert ("asked about pain", "not assessable") in set(
        zip(nobody.checks["check"], nobody.checks["status"], strict=True)
    )
    unasked = registry_of(
        patients={"patient_id": ["a", "b"], "diagnosis": ["nmosd"] * 2, "site": ["x", "y"]},
        assessments={"patient_id": ["a", "b"], "assessment_date": ["2020-01-01"] * 2},
    )
    result = nc.ascertainment(unasked)
    assert "assessments.has_pain and pain_nrs are blank in all" in set(result.checks["detail"])
    assert nc.plot(result).axes


def test_one_site(review):
    patients = review.tables["patients"].assign(site="only")
    single = nc.Registry(review.tables | {"patients": patients}, *[pd.DataFrame()] * 3, {"name": "one site"})
    result = nc.ascertainment(single)
    assert "patients.site has 1 values; two are needed" in set(result.checks["detail"])
    assert (
        not (result.estimates["group"] == "site").any()
        or result.estimates.query("group == 'site'")["level"].eq("only").all()
    )
    assert "odds_ratio" in set(result.estimates["measure"])


def test_wrong_options(six):
    with pytest.raises(ValueError, match="neuropathic_by"):
        nc.ascertainment(six, neuropathic_by="guess")
    with pytest.raises(TypeError, match="not a Registry"):
        nc.ascertainment(None)
