"""Survival curves and quantiles against R, statsmodels, arithmetic and their own laws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from nmosd_cohort.statistics.survival.kaplan_meier import kaplan_meier, survival_quantile
from tests.statistics.survival_reference import (
    EXACT,
    assert_same_frame,
    by_time,
    columns,
    numbers,
    rows,
    tallies,
    tally_of,
)

IN_R = {
    "estimate": "surv",
    "std_error": "std.err",
    "conf_low": "lower",
    "conf_high": "upper",
    "at_risk": "n.risk",
    "events": "n.event",
    "censored": "n.censor",
}


def arguments(name: str):
    """Return time, event, counts and entry of a tally."""
    cells = tally_of(name)
    return cells["time"], cells["event"], cells["n"], cells["start"] if name == "heart" else None


@pytest.mark.parametrize("name", ["lung", "ovarian", "heart"])
@pytest.mark.parametrize("column", IN_R)
def test_the_curve_is_that_of_r(name: str, column: str):
    # R: survfit(Surv(time, event) ~ 1, conf.type = "log-log"); heart has left truncation
    curve = kaplan_meier(*arguments(name)).set_index("time")[column]
    expected = by_time(f"km_{name}_{IN_R[column]}")
    assert len(expected) >= 26
    assert curve[list(expected)].to_numpy() == pytest.approx(list(expected.values()), abs=EXACT)


@pytest.mark.parametrize("name", ["lung", "ovarian", "heart"])
def test_quartiles_are_those_of_r(name: str):
    # R: quantile(survfit(...))
    for part, column in (("quantile", "estimate"), ("lower", "conf_low"), ("upper", "conf_high")):
        expected = numbers(f"quartile_{name}_{part}")
        for probability in (0.25, 0.5, 0.75):
            found = getattr(survival_quantile(*arguments(name), probability=probability), column)
            assert found == pytest.approx(expected.get(str(probability), math.nan), abs=EXACT, nan_ok=True)


def test_the_middle_of_a_flat_piece_is_the_median_as_in_r():
    # survival is 0.5 from 2 until 4
    assert survival_quantile([1, 2, 3, 4], [1, 1, 0, 1]).estimate == numbers("km_flat")["median"] == 3.0


def test_times_asked_for_are_those_of_r_summary():
    curve = kaplan_meier(*arguments("lung"), times=[6.5, 12, 20])
    for column in ("estimate", "conf_low", "conf_high", "at_risk", "events", "censored"):
        expected = list(numbers(f"km_at_{IN_R[column]}").values())
        assert curve[column].tolist() == pytest.approx(expected, abs=EXACT)


@settings(max_examples=25, deadline=None)
@given(tallies)
def test_the_curve_is_that_of_statsmodels(tally: list[tuple[int, int, int, int]]):
    time, event, _, counts = columns(tally)
    if not event.any():
        event[0] = 1
    curve = kaplan_meier(time, event, counts)
    curve = curve[curve["events"] > 0]
    other = SurvfuncRight(np.repeat(time, counts).astype(float), np.repeat(event, counts))
    assert curve["time"].tolist() == other.surv_times.tolist()
    assert curve["estimate"].to_numpy() == pytest.approx(other.surv_prob, abs=EXACT)
    inside = curve["estimate"].to_numpy() > 0
    assert curve["std_error"].to_numpy()[inside] == pytest.approx(other.surv_prob_se[inside], abs=EXACT)
    assert (curve["conf_low"] <= curve["estimate"]).all()
    assert (curve["conf_high"] >= curve["estimate"]).all()


@settings(max_examples=25, deadline=None)
@given(tallies, st.randoms())
def test_a_tally_gives_the_curve_of_its_rows_in_any_order(tally: list[tuple[int, int, int, int]], random):
    time, event, _, counts = columns(tally)
    by_tally = kaplan_meier(time, event, counts)
    one, two, _ = rows(tally)
    order = list(range(one.size))
    random.shuffle(order)
    assert_same_frame(by_tally, kaplan_meier(one[order], two[order]))
    assert repr(survival_quantile(time, event, counts)) == repr(survival_quantile(one, two))
    in_weeks = kaplan_meier(time * 4.348, event, counts)
    assert_same_frame(by_tally, in_weeks, but=("time",))
    assert in_weeks["time"].to_numpy() == pytest.approx(by_tally["time"].to_numpy() * 4.348)


@settings(max_examples=30, deadline=None)
@given(tallies)
def test_entry_at_the_start_changes_nothing(tally: list[tuple[int, int, int, int]]):
    time, event, _, counts = columns(tally)
    assert_same_frame(kaplan_meier(time, event, counts), kaplan_meier(time, event, counts, np.zeros(time.size)))


def test_survival_by_hand():
    # 10 at risk, 4 events at 1: 0.6; 2 censored at 2; 4 of 4 events at 3: 0. Greenwood at 1: 0.36 * 4 / (10 * 6)
    curve = kaplan_meier([1, 2, 3], [1, 0, 1], [4, 2, 4])
    assert curve["estimate"].tolist() == pytest.approx([0.6, 0.6, 0.0])
    assert curve["std_error"].tolist() == pytest.approx([math.sqrt(0.024), math.sqrt(0.024), 0.0])
    # at 0 the upper limit is that of 10 events in 0.6 * 0.4 / 0.024 = 10 patients: 1 - 0.025^(1/10)
    assert (curve["conf_low"].iloc[2], curve["conf_high"].iloc[2]) == pytest.approx((0.0, 1 - 0.025**0.1))


def test_before_the_first_event_the_lower_limit_is_that_of_those_still_followed():
    curve = kaplan_meier([1, 2, 3], [0, 0, 1], [10, 5, 5], times=[0, 1, 1.5, 2.5])
    assert curve["estimate"].tolist() == [1.0] * 4
    assert curve["conf_low"].tolist() == pytest.approx([0.025 ** (1 / n) for n in (20, 20, 10, 5)])
    assert curve["conf_high"].tolist() == [1.0] * 4


def test_after_the_last_follow_up_there_is_no_survival_unless_it_is_0():
    late = kaplan_meier([1, 2], [1, 0], [3, 3], times=[2, 2.5])
    assert late["method"].tolist() == ["Kaplan-Meier, log-log limits", "not estimable: after the last follow-up at 2"]
    assert late[["estimate", "std_error", "conf_low", "conf_high"]].iloc[1].isna().all()
    gone = kaplan_meier([1, 2], [0, 1], [3, 3], times=[9])
    assert gone["estimate"].tolist() == [0.0]
    assert gone["conf_high"].tolist() == pytest.approx([1 - 0.025 ** (1 / 3)])


def test_left_truncation_says_where_the_curve_has_no_ground():
    gap = kaplan_meier([2, 9], [0, 1], [5, 5], [0, 5])
    assert "nobody at risk just after 2: the curve takes it that there was no event" in gap["method"].iloc[0]
    assert gap["conf_low"].iloc[1] == 0.0
    fallen = kaplan_meier([2, 9], [1, 1], [1, 5], [0, 1])
    assert fallen["method"].iloc[0] == "Kaplan-Meier, log-log limits"
    early = kaplan_meier([2, 9], [1, 1], [1, 5], [0, 3])
    assert "everybody at risk at 2 had the event and others entered later" in early["method"].iloc[0]
    before = kaplan_meier([4, 9], [1, 1], [3, 5], [2, 3], times=[1, 2, 4])
    assert before["method"].iloc[0] == "not estimable: before the first entry at 2"
    assert before["estimate"].tolist() == pytest.approx([math.nan, 1.0, 5 / 8], nan_ok=True)
    assert before["conf_low"].iloc[1] == 0.0


def test_a_median_that_is_not_reached_says_so():
    never = survival_quantile([1, 2, 3], [0, 0, 0], [4, 4, 4])
    assert np.isnan([never.estimate, never.conf_low, never.conf_high]).all()
    assert never.method.endswith(
        "estimate and upper limit not reached by the last follow-up at 3; lower limit not reached"
    )
    some = survival_quantile(range(1, 11), [1] * 4 + [0] * 6)
    assert np.isnan([some.estimate, some.conf_high]).all()
    # at 1 survival is 0.9 and its lower limit exp(-0.10536 exp(1.96 * 0.09487 / 0.09482)) = 0.473, below 0.5
    assert some.conf_low == 1.0
    assert (some.n, some.events) == (10, 4)
    everybody = survival_quantile([1, 2], [1, 1], [1, 8])
    assert (everybody.estimate, everybody.conf_low, everybody.conf_high) == (2.0, 1.0, 2.0)


@pytest.mark.parametrize("probability", [0, 1, 50, "x", None])
def test_a_quantile_needs_a_share(probability: float):
    with pytest.raises(ValueError, match=f"probability is {probability!r}"):
        survival_quantile([1], [1], probability=probability)


def test_a_confidence_level_is_a_share():
    with pytest.raises(ValueError, match="conf_level is 95"):
        kaplan_meier([1], [1], conf_level=95)
