"""Change after start: pairs, responders, attacks and regression to the mean, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nmosd_cohort as nc
from nmosd_cohort.cohort.assessments import visits
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.cohort.treatment import starters, untreated_repeats
from tests.conftest import registry_of

START, BEFORE, AFTER = "2022-01-01", "2021-12-15", "2022-12-31"
PAIRS = {"a": (6, 2), "b": (5, 5), "c": (4, 3), "d": (0, 0), "e": (8, None)}


@pytest.fixture
def five(on_backend):
    """Five starters: four with both scores, one without a later one."""
    scores = [
        (name, date, score) for name, pair in PAIRS.items() for date, score in zip((BEFORE, AFTER), pair, strict=True)
    ]
    registry = registry_of(
        patients={
            "patient_id": list(PAIRS),
            "diagnosis": ["nmosd"] * 5,
            "onset_date": ["2015-01-01"] * 5,
            "last_contact_date": ["2023-01-01"] * 5,
        },
        attacks={"patient_id": ["a", "a", "b"], "attack_date": ["2021-03-01", "2021-09-01", "2022-06-01"]},
        assessments={
            "patient_id": [name for name, _, _ in scores],
            "assessment_date": [date for _, date, _ in scores],
            "pain_nrs": [score for _, _, score in scores],
        },
        treatments={"patient_id": list(PAIRS), "drug": ["tocilizumab"] * 5, "start_date": [START] * 5},
    )
    return on_backend(registry)


def rows_of(result, **wanted):
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows.set_index("measure")


def test_paired_change_by_hand(five):
    rows = rows_of(nc.change_after_start(five), outcome="pain_nrs", role="primary")
    # changes -4, 0, -1, 0: mean -1.25, sd 1.8930, t(3) 3.1824
    assert rows.loc["mean_change", "estimate"] == -1.25
    assert rows.loc["mean_change", "conf_low"] == pytest.approx(-1.25 - 3.18245 * 1.89297 / 2, abs=1e-4)
    assert rows.loc["mean_change", "n"] == 4


def test_responders_count_whom_a_percentage_can_judge(five):
    rows = rows_of(nc.change_after_start(five), denominator="starters with a score before and after")
    # a falls by 67 %, c by 25 %, b not at all; d starts at 0 and cannot be judged
    assert rows.loc["responders_pct30", ["events", "n"]].tolist() == [1, 3]
    assert "1 not evaluable" in rows.loc["responders_pct30", "method"]
    assert rows.loc["responders_abs2", ["events", "n"]].tolist() == [1, 4]


def test_every_trajectory_is_there_without_its_identifier(five):
    tally = nc.change_after_start(five).tally
    assert tally["trajectory"].nunique() == 4
    assert len(tally) == 8
    assert not set(tally.columns) & {"patient_id"}


def test_regression_to_the_mean_is_not_identifiable_without_untreated_repeats(five):
    result = nc.change_after_start(five)
    check = result.checks.set_index("check").loc["regression to the mean identifiable"]
    assert check["status"] == "not met"
    assert check["detail"].startswith("not identifiable: ")
    assert "corrected_change" not in set(result.estimates["measure"])


def test_attack_rates_are_events_over_time(five):
    rows = nc.change_after_start(five).estimates
    rates = rows[rows["measure"] == "rate"].set_index("level")
    years = 365 / 365.25
    assert rates["events"].to_dict() == {"before": 2, "after": 1}
    assert rates.loc["before", "estimate"] == pytest.approx(2 / (5 * years))
    ratio = rows[rows["measure"] == "rate_ratio"].iloc[0]
    assert ratio["estimate"] == pytest.approx(0.5)


def test_the_flow_names_who_is_lost(five):
    flow = nc.change_after_start(five).flow.set_index("step")
    assert flow.loc["pain_nrs after", "excluded"] == 1
    assert flow.loc["pain_nrs after", "n"] == 4


def test_nobody_on_the_drug_gives_no_change_and_a_reason():
    result = nc.change_after_start(registry_of(patients={"patient_id": ["a"], "diagnosis": ["nmosd"]}))
    assert result.estimates.empty
    assert set(result.checks.set_index("check").loc[["change", "attack rate"], "status"]) == {"not assessable"}


def test_corrected_change_takes_the_expected_fall_away(review):
    rows = rows_of(nc.change_after_start(review), outcome="pain_nrs")
    crude, expected, corrected = (
        rows.loc[name, "estimate"] for name in ("mean_change", "expected_change_without_effect", "corrected_change")
    )
    assert corrected == pytest.approx(crude - expected)
    assert expected < 0
    assert not math.isnan(rows.loc["corrected_change", "conf_low"])


def test_no_effect_responders_are_of_the_rule_that_their_name_says(review):
    everyone = "starters with a score before and after"
    rows = rows_of(nc.change_after_start(review), outcome="pain_nrs", denominator=everyone)
    started = starters(review, eligible(select_patients(review)), drug="tocilizumab")
    window = {"outcome": "pain_nrs", "at_months": 12, "window_days": 60}
    repeats = tally(untreated_repeats(visits(review), started, **window), ["first", "second"])
    first, second, n = (repeats[name].to_numpy(dtype=float) for name in ("first", "second", "n"))
    before = nc.change_after_start(review).tally.query("period == 'before'").groupby("trajectory")["value"].last()
    baseline = before.value_counts()
    baseline = baseline[baseline.index > 0]
    expected = 0.0
    for score, patients in baseline.items():
        nearest = first[np.argmin(np.abs(first - score))] if score not in first else score
        chosen = first == nearest
        share = n[chosen & (second <= 0.7 * first + 1e-9)].sum() / n[chosen].sum()
        expected += share * patients / baseline.sum()
    assert rows.loc["no_effect_responders_pct30", "estimate"] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("option", [{"outcome": "edss"}, {"at_months": 0}, {"window_days": -1}])
def test_wrong_options_are_refused(five, option):
    with pytest.raises(ValueError, match="must be"):
        nc.change_after_start(five, **option)
