"""Attacks before and after a start: by hand, and what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.cohort.attack_exposure import treated_patients
from nmosd_cohort.report.plots import plot
from tests.conftest import registry_of

YEAR = 365.25


def day(since, start="2020-01-01"):
    return str((pd.Timestamp(start) + pd.Timedelta(days=since)).date())


@pytest.fixture
def three():
    """Return three starters: A attacked before and after, B only before, C never; D never started, E has no end."""
    patients = {
        "patient_id": list("ABCDE"),
        "diagnosis": ["nmosd"] * 5,
        "onset_date": [day(-1000)] * 5,
        "last_contact_date": [day(730), day(365), day(100), day(900), None],
    }
    attacks = {
        # A: one 200 days and one 40 days before, one 500 days after; also entered twice, 10 days later. B: one on the
        # day of the start, which counts as before, and one after last contact, which does not count.
        "patient_id": ["A", "A", "A", "A", "B", "B", "E"],
        "attack_date": [day(-200), day(-40), day(500), day(510), day(0), day(400), day(50)],
    }
    treatments = {
        "patient_id": ["A", "A", "B", "C", "D", "E"],
        "drug": ["Tocilizumab", "tocilizumab", "tocilizumab", "tocilizumab", "rituximab", "tocilizumab"],
        "drug_class": ["il6_receptor_inhibitor"] * 4 + ["b_cell_depletion", "il6_receptor_inhibitor"],
        # A pauses for 60 days, which is no stop, and stops at day 400.
        "start_date": [day(0), day(160), day(0), day(0), day(0), day(0)],
        "stop_date": [day(100), day(400), None, None, None, None],
    }
    return registry_of(patients=patients, attacks=attacks, treatments=treatments)


def row(result, **wanted):
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def test_rates_by_hand(three, on_backend):
    result = nc.attacks_after_start(on_backend(three), drug="tocilizumab")
    before, after = (row(result, measure="rate", level=level) for level in ("before", "after"))
    # three patients with 365 days each before, A 2 and B 1 attack; after: A 1 attack in 730 + 365 + 100 days
    assert before["estimate"] == pytest.approx(3 / (3 * 365 / YEAR))
    assert after["estimate"] == pytest.approx(1 / (1195 / YEAR))
    ratio = row(result, role="primary")
    assert ratio["estimate"] == pytest.approx((1 / 1195) / (3 / 1095))
    assert "exact" in ratio["method"]
    # own rates before: A 2, B 1, C 0 in 365 days; after: A 0.5, B 0, C 0
    assert row(result, measure="patient_rate_median", level="before")["estimate"] == pytest.approx(YEAR / 365)
    assert row(result, measure="patient_rate_median", level="after")["estimate"] == 0


def test_the_attack_that_led_to_the_start_and_the_time_before(three):
    result = nc.attacks_after_start(three, drug="tocilizumab")
    # without A's attack 40 days before and B's on the day of the start one attack is left in 12 months
    fewer = row(result, term="12 months before, attack that led to the start left out")
    assert fewer["estimate"] == pytest.approx((1 / 1195) / (1 / 1095))
    # 6 months are 183 days: A's attack 200 days before is out
    assert row(result, term="6 months before")["estimate"] == pytest.approx((1 / 1195) / (2 / 549))
    assert row(result, term="24 months before")["estimate"] == pytest.approx((1 / 1195) / (3 / (3 * 730)), rel=2e-3)
    detail = result.checks.set_index("check").loc["rate before not chosen by the start", "detail"]
    assert "2 of 3 starters" in detail


def test_flow_loses_nobody_silently(three):
    flow = nc.attacks_after_start(three, drug="tocilizumab").flow
    assert flow["n"].tolist() == [5, 4, 4, 3, 3, 3]
    assert flow.loc[flow["reason"] == "last contact not recorded", "excluded"].item() == 1


def test_the_stop_of_treatment_ends_time_only_while_on_treatment(three, on_backend):
    result = nc.attacks_after_start(on_backend(three), drug="tocilizumab", strategy="while_on_treatment")
    after = row(result, measure="rate", level="after")
    # A stops at day 400, before the attack: none in 400 + 365 + 100 days
    assert after["estimate"] == 0
    assert "0 attacks in 2.4 person-years" in after["method"]
    assert row(result, measure="attack_free_share")["events"] == 3


def test_attack_free_time_by_hand(three):
    result = nc.attacks_after_start(three, drug="tocilizumab")
    share = row(result, measure="attack_free_share")
    assert (share["events"], share["n"]) == (2, 3)
    assert "median of 12.0 months (range 3.3 to 24.0)" in share["method"]
    # nobody attacked by month 6 and 12
    assert row(result, measure="attack_free_survival", term="month 12")["estimate"] == 1
    assert "2 at risk" in row(result, measure="attack_free_survival", term="month 6")["method"]


def test_eleven_of_twelve_free_with_a_median_of_five_and_a_half_months():
    """The share that a cell therapy series printed, with its follow-up beside it."""
    months = [2, 3, 4, 4.5, 5, 5.4, 5.6, 6, 7, 9, 11, 13]
    people = [f"P{number}" for number in range(12)]
    registry = registry_of(
        patients={
            "patient_id": people,
            "diagnosis": ["nmosd"] * 12,
            "onset_date": [day(-2000)] * 12,
            "last_contact_date": [day(round(value * YEAR / 12)) for value in months],
        },
        attacks={"patient_id": ["P11", "P3"], "attack_date": [day(380), day(-100)]},
        treatments={
            "patient_id": people,
            "drug": ["ct103a"] * 12,
            "drug_class": ["cell_therapy"] * 12,
            "start_date": [day(0)] * 12,
        },
    )
    result = nc.attacks_after_start(registry, drug=None, drug_class="cell_therapy")
    share = row(result, measure="attack_free_share")
    assert (share["events"], share["n"]) == (11, 12)
    assert share["estimate"] == pytest.approx(11 / 12)
    assert "median of 5.5 months" in share["method"]
    # everybody at risk at month 6 was free of attacks; five had been followed that long
    assert row(result, measure="attack_free_survival", term="month 6")["estimate"] == 1


def test_two_drugs_of_concurrent_first_starters(three):
    result = nc.attacks_after_start(nc.simulate(n=600, seed=3), drug="tocilizumab", comparator="rituximab")
    hazard = row(result, measure="hazard_ratio", role="primary")
    assert (hazard["level"], hazard["reference"]) == ("tocilizumab", "rituximab")
    assert hazard["conf_low"] < hazard["estimate"] < hazard["conf_high"] < 1.5
    arms = result.estimates[result.estimates["measure"] == "attack_free_share"]
    assert set(arms["level"]) == {"", "tocilizumab", "rituximab"}
    assert arms.loc[arms["level"] != "", "n"].sum() == hazard["n"]
    none = nc.attacks_after_start(three, drug="tocilizumab", comparator="rituximab")
    assert "not assessable" in none.checks.set_index("check").loc["tocilizumab against rituximab", "status"]


def test_nothing_is_made_up_without_attacks_or_starts(on_backend):
    bare = on_backend(registry_of(patients={"patient_id": ["A"], "diagnosis": ["nmosd"]}))
    result = nc.attacks_after_start(bare, drug="tocilizumab")
    assert result.estimates.empty
    assert result.checks["check"].iloc[0] == "somebody started"
    assert result.checks["detail"].str.contains("attacks.attack_date").any()
    plot(result)


def test_no_follow_up_is_said():
    registry = registry_of(
        patients={"patient_id": ["A"], "diagnosis": ["nmosd"], "onset_date": ["2015-01-01"]},
        attacks={"patient_id": ["A"], "attack_date": ["2019-06-01"]},
        treatments={"patient_id": ["A"], "drug": ["tocilizumab"], "start_date": ["2020-01-01"]},
    )
    result = nc.attacks_after_start(registry, drug="tocilizumab")
    assert result.estimates.empty
    assert set(result.checks["status"]) == {"not assessable"}
    assert result.flow["n"].tolist()[-3:] == [0, 0, 0]


def test_wrong_options(three):
    with pytest.raises(ValueError, match="either drug or drug_class"):
        nc.attacks_after_start(three, drug="a", drug_class="device")
    with pytest.raises(ValueError, match="cell_therapy"):
        nc.attacks_after_start(three, drug=None, drug_class="cells")
    with pytest.raises(ValueError, match="another drug"):
        nc.attacks_after_start(three, drug="a", comparator="A")
    with pytest.raises(ValueError, match="above 0"):
        nc.attacks_after_start(three, before_months=0)
    with pytest.raises(ValueError, match="treatment_policy"):
        nc.attacks_after_start(three, strategy="as treated")
    with pytest.raises(TypeError):
        nc.attacks_after_start(None)


def test_a_death_ends_time_and_an_open_course_has_no_stop():
    registry = registry_of(
        patients={
            "patient_id": ["A"],
            "diagnosis": ["nmosd"],
            "last_contact_date": [day(400)],
            "death_date": [day(300)],
        },
        treatments={"patient_id": ["A", "A"], "drug": ["x", "x"], "start_date": [day(0), day(500)],
                    "stop_date": [day(50), None]},
    )  # fmt: skip
    people = treated_patients(registry, drug="X")
    start = people["start_day"].item()
    assert people["end_day"].item() - start == 300
    # the second course begins more than 90 days after the first ended
    assert people["stop_day"].item() - start == 50
    assert np.isnan(people["observed_from_day"].item())


def test_the_picture_is_drawn(three):
    assert len(plot(nc.attacks_after_start(three, drug="tocilizumab")).axes) == 2
    both = plot(nc.attacks_after_start(nc.simulate(n=600, seed=3), comparator="rituximab"))
    assert "hazard ratio" in both.axes[1].get_title(loc="left").replace("\n", " ")


def test_serostatus_leaves_the_others_and_the_unknown_out(three, on_backend):
    three.tables["patients"]["aqp4_status"] = ["positive", "negative", "positive", "positive", None]
    result = nc.attacks_after_start(on_backend(three), drug="tocilizumab", serostatus="aqp4_positive")
    # A and C are left: two attacks in 730 days before, one in 730 + 100 days after
    assert row(result, role="primary")["estimate"] == pytest.approx((1 / 830) / (2 / 730))
    assert result.flow["n"].tolist() == [5, 3, 2, 2, 2, 2, 2]
    with pytest.raises(ValueError, match="aqp4_negative"):
        nc.attacks_after_start(three, serostatus="positive")


def test_attacks_without_any_date_say_nothing(three):
    three.tables["attacks"]["attack_date"] = three.tables["attacks"]["attack_date"].where([False] * 7)
    result = nc.attacks_after_start(three, drug="tocilizumab")
    assert result.estimates.empty
    assert result.checks["check"].tolist() == ["attacks"]
