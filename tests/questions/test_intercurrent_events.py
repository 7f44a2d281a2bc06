"""Four strategies for what happens between two scores: by hand, and what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.cohort.attack_exposure import treated_patients
from nmosd_cohort.cohort.intercurrent import events_after_start, last_clean_days
from nmosd_cohort.report.plots import plot
from tests.conftest import registry_of


def day(since):
    return str((pd.Timestamp("2020-01-01") + pd.Timedelta(days=since)).date())


SCORES = {
    # before, month 6, month 12. A: rescue at month 6, B: nothing, C: attack at day 300, D: steroid taper at day 200.
    "A": {0: 6, 180: 7, 365: 2},
    "B": {0: 5, 180: 4, 365: 3},
    "C": {0: 4, 180: 2, 365: 5},
    "D": {0: 8, 180: 8, 365: 4},
}


@pytest.fixture
def four():
    """Return four starters with one event each, but for B."""
    visits = [(patient, since, nrs) for patient, scores in SCORES.items() for since, nrs in scores.items()]
    courses = [
        *[(patient, "tocilizumab", "il6_receptor_inhibitor", 8.0, 0, None, "attack_prevention") for patient in "ABCD"],
        ("A", "Amitriptyline", "antidepressant", 25.0, 180, None, "pain"),
        # an antidepressant for depression and a drug of before the start at the same dose are no rescue
        ("B", "sertraline", "antidepressant", 50.0, 60, None, "depression"),
        ("B", "gabapentin", "anticonvulsant", 300.0, -100, 20, "pain"),
        ("B", "gabapentin", "anticonvulsant", 300.0, 30, None, "pain"),
        ("D", "prednisolone", "corticosteroid", 10.0, -50, 200, "attack_prevention"),
    ]
    names = ("patient_id", "drug", "drug_class", "dose", "start_date", "stop_date", "indication")
    table = {name: [row[place] for row in courses] for place, name in enumerate(names)}
    table |= {name: [None if since is None else day(since) for since in table[name]]
              for name in ("start_date", "stop_date")}  # fmt: skip
    return registry_of(
        patients={
            "patient_id": list("ABCD"),
            "diagnosis": ["nmosd"] * 4,
            "onset_date": [day(-900)] * 4,
            "last_contact_date": [day(500)] * 4,
        },
        assessments={
            "patient_id": [visit[0] for visit in visits],
            "assessment_date": [day(visit[1]) for visit in visits],
            "pain_nrs": [visit[2] for visit in visits],
        },
        attacks={"patient_id": ["C"], "attack_date": [day(300)]},
        treatments=table | {"dose_unit": ["mg/day"] * len(courses)},
    )


def row(result, **wanted):
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def events_of(registry):
    people = treated_patients(registry, drug="tocilizumab")
    found = events_after_start(registry, people, drug="tocilizumab")
    return {(item.patient_id, item.event): item.since_start for item in found.itertuples()}


def test_events_by_hand(four, on_backend):
    assert events_of(on_backend(four)) == {
        ("A", "rescue_analgesic"): 180,
        ("C", "attack"): 300,
        ("D", "steroid_taper"): 200,
    }


def test_change_under_each_strategy_by_hand(four, on_backend):
    result = nc.intercurrent_events(on_backend(four), drug="tocilizumab")
    change = {level: row(result, measure="mean_change", level=level) for level in
              ("treatment_policy", "composite", "while_on_treatment")}  # fmt: skip
    # whatever happened: -4, -2, +1, -4
    assert change["treatment_policy"]["estimate"] == pytest.approx(-9 / 4)
    assert change["treatment_policy"]["role"] == "primary"
    # A failed: no fall, 0; C failed and rose: +1; D only tapered
    assert change["composite"]["estimate"] == pytest.approx((0 - 2 + 1 - 4) / 4)
    # A: 7 on the day of the rescue; C: 2 at month 6; D: 8 at month 6
    assert change["while_on_treatment"]["estimate"] == pytest.approx((1 - 2 - 2 + 0) / 4)
    # 30 % less: A, B and D; A failed; before the event B and C
    shares = {level: row(result, measure="responders_pct30", level=level) for level in change}
    assert [int(shares[level]["events"]) for level in change] == [3, 2, 2]
    assert [int(shares[level]["n"]) for level in change] == [4, 4, 4]


def test_the_hypothetical_strategy_says_how_many_it_needs(four):
    result = nc.intercurrent_events(four, drug="tocilizumab")
    check = result.checks.set_index("check").loc["hypothetical strategy"]
    assert check["status"] == "not assessable"
    assert check["detail"].startswith("1 patients")
    assert "20 are needed" in check["detail"]
    assert "hypothetical" not in set(result.estimates["level"])


def test_events_are_counted_with_their_first_day(four):
    result = nc.intercurrent_events(four, drug="tocilizumab")
    shares = result.estimates[result.estimates["measure"] == "event_share"].set_index("level")["events"]
    assert shares.to_dict() == {
        "rescue_analgesic": 1,
        "steroid_taper": 1,
        "acute_treatment": 0,
        "attack": 1,
        "drug_stop": 0,
        "death": 0,
        "any_event": 3,
    }
    assert row(result, measure="event_median_day", level="any_event")["estimate"] == 200


def test_only_the_events_that_are_asked_for_count(four):
    result = nc.intercurrent_events(four, drug="tocilizumab", events=["attack"])
    # only C is taken before the event
    found = row(result, measure="mean_change", level="while_on_treatment")
    assert found["estimate"] == pytest.approx((-4 - 2 - 2 - 4) / 4)


def test_raised_doses_tapers_acute_treatment_stops_and_deaths():
    registry = registry_of(
        patients={"patient_id": ["A"], "diagnosis": ["nmosd"], "last_contact_date": [day(400)],
                  "death_date": [day(390)]},
        attacks={"patient_id": ["A"], "attack_date": [day(70)], "acute_treatment": ["methylprednisolone"]},
        treatments={
            "patient_id": ["A"] * 6,
            "drug": ["x", "pregabalin", "pregabalin", "prednisolone", "prednisolone", "plasma exchange"],
            "drug_class": ["other", "anticonvulsant", "anticonvulsant", "corticosteroid", "corticosteroid",
                           "plasma_exchange"],
            "dose": [1.0, 75.0, 150.0, 20.0, 10.0, None],
            "dose_unit": ["mg/day"] * 5 + [None],
            "start_date": [day(0), day(-10), day(40), day(-30), day(15), day(60)],
            "stop_date": [day(200), day(39), None, day(14), None, day(65)],
        },
    )  # fmt: skip
    people = treated_patients(registry, drug="x")
    found = events_after_start(registry, people, drug="x")
    assert found.set_index("event")["since_start"].to_dict() == {
        "rescue_analgesic": 40,
        "steroid_taper": 15,
        "acute_treatment": 60,
        "attack": 70,
        "drug_stop": 200,
        "death": 390,
    }
    # a score of day 69 is the last before the attack, one of day 40 may be the last before the rescue
    assert last_clean_days(found, ("attack",)).tolist() == [69]
    assert last_clean_days(found, ("attack", "rescue_analgesic")).tolist() == [40]


def test_nothing_is_made_up_without_scores(on_backend):
    bare = on_backend(registry_of(patients={"patient_id": ["A"], "diagnosis": ["nmosd"]}))
    result = nc.intercurrent_events(bare, drug="tocilizumab")
    assert result.estimates.empty
    assert result.checks["check"].iloc[0] == "somebody started"
    assert result.checks["detail"].str.contains("assessments.pain_nrs").any()
    plot(result)


def test_wrong_options(four):
    with pytest.raises(ValueError, match="pain_nrs"):
        nc.intercurrent_events(four, outcome="edss")
    with pytest.raises(ValueError, match="rescue_analgesic"):
        nc.intercurrent_events(four, events=["rescue"])
    with pytest.raises(TypeError, match="must be a list"):
        nc.intercurrent_events(four, events="attack")
    with pytest.raises(ValueError, match="events is empty"):
        nc.intercurrent_events(four, events=[])
    with pytest.raises(ValueError, match="above 0"):
        nc.intercurrent_events(four, at_months=0)
    with pytest.raises(TypeError):
        nc.intercurrent_events(None)


def test_backends_agree_and_the_picture_is_drawn(review):
    answers = [nc.intercurrent_events(registry, seed=3) for registry in (review, review.to_duckdb())]
    first, second = (answer.estimates["estimate"].to_numpy(dtype=float) for answer in answers)
    np.testing.assert_allclose(first, second)
    assert len(plot(answers[0]).axes) == 3


def test_without_any_dated_attack_attacks_are_no_event(four):
    four.tables["attacks"] = four.tables["attacks"].head(0)
    result = nc.intercurrent_events(four, drug="tocilizumab")
    assert "attack" not in set(result.estimates["level"])
    assert result.checks.set_index("check").loc["attacks among the events", "status"] == "not assessable"
    with pytest.raises(ValueError, match="n_imputations"):
        nc.intercurrent_events(four, n_imputations=1)
