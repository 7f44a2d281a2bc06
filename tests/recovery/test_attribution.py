"""Attribution of pain to attacks against the causes that the generator knows."""

from __future__ import annotations

import pytest

import nmosd_cohort as nc
from nmosd_cohort.cohort.pain_events import classify, mri_around, pain_answers, pain_events, with_surroundings
from nmosd_cohort.synthetic.causes import true_causes, true_relative_incidence

N, SEED = 3000, 7
CALM = """
name = "calm"
based_on = "null"
[pain]
attack_shift = { value = 0.0, source = "assumption", note = "attacks do not hurt" }
"""


@pytest.fixture(scope="module")
def large():
    return nc.simulate("review", n=N, seed=SEED)


@pytest.fixture(scope="module")
def attributed(large):
    return nc.relapse_attribution(large)


@pytest.fixture(scope="module")
def judged(large):
    """Return worsenings with their true cause and their class at 30, 60 and 90 days."""
    answers = pain_answers(large)
    events = with_surroundings(large, pain_events(large, answers, rise="2_points"), answers, lead_days=7)
    around = mri_around(large, events)
    causes = true_causes("review", n=N, seed=SEED).query("event == 'worsening'").astype({"event_day": "Int64"})
    joined = {}
    for window in (30, 60, 90):
        found = classify(events, around, window_days=window, lead_days=7, needs_mri=False)
        own = found[found["event"] == "worsening"]
        joined[window] = own.merge(causes[["patient_id", "event_day", "is_by_attack"]], on=["patient_id", "event_day"])
        assert len(joined[window]) == len(own)  # every worsening has a true cause
    return joined


@pytest.mark.parametrize(("window", "specificity"), [(30, 0.92), (60, 0.90), (90, 0.88)])
def test_sensitivity_and_specificity_against_the_true_cause(judged, window, specificity):
    rows = judged[window]
    known = rows[rows["class"] != "undetermined"]
    called = known["class"] == "attack_related"
    assert called[known["is_by_attack"]].mean() == 1.0
    # What is left over is pain's own course that falls into the window by chance
    assert (~called[~known["is_by_attack"]]).mean() == pytest.approx(specificity, abs=0.02)
    assert (rows["class"] == "undetermined").mean() < 0.02


def one(result, **wanted):
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def test_relative_incidence_per_assessment_is_the_true_one(attributed):
    truth = true_relative_incidence("review")["relative_incidence_per_assessment"]
    found = one(attributed, term="per assessment")
    assert abs(found["estimate"] - truth) <= 3 * found["std_error"]
    # Attacks prompt assessments, so that per observed time the ratio is too high: the check says so.
    assert one(attributed, term="per observed time")["conf_low"] > truth


def test_where_attacks_do_not_hurt_only_the_ratio_per_time_finds_something(tmp_path):
    path = tmp_path / "calm.toml"
    path.write_text(CALM)
    result = nc.relapse_attribution(nc.simulate(path, n=N, seed=SEED))
    found = one(result, term="per assessment")
    assert abs(found["estimate"] - 1) <= 3 * found["std_error"]
    assert one(result, term="per observed time")["conf_low"] > 1.5


def test_severity_is_tied_to_attacks_in_no_more_than_the_model_says():
    rows = nc.pain_severity_and_attacks(nc.simulate("null", n=N, seed=SEED)).estimates
    for row in rows[rows["term"] == "attack_count"].itertuples():
        null = 0 if row.measure == "spearman" else 1
        assert abs(row.estimate - null) <= 3 * row.std_error


def test_onsets_against_the_true_cause(large):
    answers = pain_answers(large)
    events = with_surroundings(large, pain_events(large, answers, rise="2_points"), answers, lead_days=7)
    found = classify(events, mri_around(large, events), window_days=30, lead_days=7, needs_mri=False)
    causes = true_causes("review", n=N, seed=SEED).query("event == 'onset'").astype({"event_day": "Int64"})
    before = answers[["patient_id", "assessment_day", "previous_day"]].rename(columns={"assessment_day": "event_day"})
    causes = causes.merge(before, on=["patient_id", "event_day"]).rename(columns={"event_day": "seen_day"})
    pairs = causes.merge(found[found["event"] == "onset"], on="patient_id")
    # an episode begins between the answer without pain and the one with it
    inside = (pairs["event_day"] > pairs["previous_day"]) & (pairs["event_day"] <= pairs["seen_day"])
    pairs = pairs[inside.fillna(False)].drop_duplicates(["patient_id", "seen_day"])
    assert len(pairs) > 0.98 * len(causes)
    known = pairs[pairs["class"] != "undetermined"]
    called = known["class"] == "attack_related"
    assert called[known["is_by_attack"]].mean() == pytest.approx(0.87, abs=0.06)
    assert (~called[~known["is_by_attack"]]).mean() == pytest.approx(0.91, abs=0.02)
    assert (found.loc[found["event"] == "onset", "class"] == "undetermined").mean() < 0.03
