"""Cumulative incidence and Gray's test against R, Kaplan-Meier, arithmetic and their own laws."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nmosd_cohort.statistics.shares.proportions import proportion_difference
from nmosd_cohort.statistics.survival.competing_risks import cumulative_incidence, cumulative_incidence_difference
from nmosd_cohort.statistics.survival.gray import gray_test
from nmosd_cohort.statistics.survival.kaplan_meier import kaplan_meier
from tests.statistics.survival_reference import EXACT, assert_same_frame, by_time, columns, numbers, rows, tally_of

causes = st.lists(
    st.tuples(st.integers(1, 6), st.integers(0, 2), st.integers(0, 1), st.integers(1, 4)), min_size=4, max_size=12
)


@pytest.mark.parametrize("cause", [1, 2])
def test_incidence_is_that_of_r(cause: int):
    # R: survfit(Surv(time, factor(event)) ~ 1, id), infinitesimal jackknife; limits on log(-log(1 - F)) in base R
    cells = tally_of("mgus")
    curve = cumulative_incidence(cells["time"], cells["event"], cells["n"], cause=cause).set_index("time")
    for column, part in (("estimate", "estimate"), ("std_error", "se"), ("conf_low", "low"), ("conf_high", "high")):
        expected = by_time(f"cif_{cause}_{part}")
        assert len(expected) == 33
        assert curve.loc[list(expected), column].tolist() == pytest.approx(list(expected.values()), rel=EXACT)


@pytest.mark.parametrize("name", ["mgus", "veteran", "lung"])
@pytest.mark.parametrize("cause", [1, 2])
def test_grays_test_is_that_of_r(name: str, cause: int):
    # R: cmprsk::cuminc(time, event, group)$Tests; the events of veteran and lung split in two by z
    cells = tally_of(name)
    event = cells["event"]
    if name != "mgus":
        second = cells["z"] < 50 if name == "veteran" else cells["z"] > 60
        event = np.where(event == 0, 0, 1 + second)
    test = gray_test(cells["time"], event, cells["group"], cells["n"], cause=cause, at=5)
    assert test.statistic == pytest.approx(numbers(f"gray_{name}")[f"stat_{cause}"], rel=EXACT)
    assert test.p_value == pytest.approx(numbers(f"gray_{name}")[f"p_{cause}"], rel=1e-9)  # R: 1 - pchisq()
    assert len(test.differences) == test.freedom


@settings(max_examples=25, deadline=None)
@given(causes)
def test_one_cause_is_one_minus_kaplan_meier(tally: list[tuple[int, int, int, int]]):
    time, event, _, counts = columns(tally)
    event = np.minimum(event, 1)
    curve, survival = cumulative_incidence(time, event, counts), kaplan_meier(time, event, counts)
    assert curve["estimate"].to_numpy() == pytest.approx(1 - survival["estimate"].to_numpy(), abs=EXACT)
    assert curve["std_error"].to_numpy() == pytest.approx(survival["std_error"].to_numpy(), abs=1e-8)
    assert curve["conf_low"].to_numpy() == pytest.approx(1 - survival["conf_high"].to_numpy(), abs=1e-8)
    assert curve["conf_high"].to_numpy() == pytest.approx(1 - survival["conf_low"].to_numpy(), abs=1e-8)


@settings(max_examples=25, deadline=None)
@given(causes)
def test_causes_and_survival_add_up_and_the_order_of_rows_does_not_matter(tally: list[tuple[int, int, int, int]]):
    time, event, _, counts = columns(tally)
    one, two = (cumulative_incidence(time, event, counts, cause=cause) for cause in (1, 2))
    survival = kaplan_meier(time, np.minimum(event, 1), counts)
    total = one["estimate"] + two["estimate"] + survival["estimate"]
    assert total.to_numpy() == pytest.approx(np.ones(len(total)), abs=EXACT)
    assert ((one["conf_low"] <= one["estimate"] + 1e-12) & (one["estimate"] <= one["conf_high"] + 1e-12)).all()
    by_rows = cumulative_incidence(*(part[::-1] for part in rows(tally)[:2]))
    assert_same_frame(one, by_rows)


@settings(max_examples=30, deadline=None)
@given(causes)
def test_with_complete_follow_up_incidence_is_a_share(tally: list[tuple[int, int, int, int]]):
    time, event, _, _ = (np.array(part) for part in (*rows(tally), []))
    event = np.maximum(event, 1)
    row = cumulative_incidence(time, event, times=[4]).iloc[0]
    share = np.mean((time <= 4) & (event == 1))
    assert row["estimate"] == pytest.approx(share, abs=EXACT)
    assert row["std_error"] == pytest.approx(math.sqrt(share * (1 - share) / time.size), abs=1e-8)


@settings(max_examples=25, deadline=None)
@given(causes)
def test_a_tally_gives_grays_test_of_its_rows_and_groups_can_be_swapped(tally: list[tuple[int, int, int, int]]):
    time, event, group, counts = columns(tally)
    assume(np.unique(group).size == 2)
    test = gray_test(time, event, group, counts, at=1)
    assert repr(test) == repr(gray_test(*rows(tally), at=1))
    swapped = gray_test(time * 3, event, 1 - group, counts, at=3)
    assert swapped.statistic == pytest.approx(test.statistic, nan_ok=True, abs=1e-8)
    one, other = test.differences["1"], swapped.differences["1"]
    assert one.estimate == pytest.approx(-other.estimate, abs=EXACT)
    assert one.conf_low == pytest.approx(-other.conf_high, abs=EXACT)
    assert -1 <= one.conf_low <= one.estimate <= one.conf_high <= 1


def test_incidence_by_hand():
    # 10 at risk: 3 of cause 1, then 7 at risk, 4 of cause 2 and 2 of cause 1: 0.3, then 0.3 + 0.7 * 2 / 7
    curve = cumulative_incidence([1, 2, 2, 3], [1, 2, 1, 0], [3, 4, 2, 1])
    assert curve["estimate"].tolist() == pytest.approx([0.3, 0.5, 0.5])
    assert curve["competing"].tolist() == [0, 4, 0]
    assert curve["std_error"].tolist()[1] == pytest.approx(math.sqrt(0.25 / 10))


def test_a_cause_that_nobody_had_has_an_upper_limit():
    row = cumulative_incidence([1, 2], [1, 0], [4, 6], cause=3, times=[1]).iloc[0]
    assert (row["estimate"], row["conf_low"], row["std_error"]) == (0.0, 0.0, 0.0)
    assert row["conf_high"] == pytest.approx(1 - 0.025 ** (1 / 10))


def test_everybody_with_the_cause_has_a_lower_limit():
    row = cumulative_incidence([1, 2], [1, 1], [4, 6], times=[7]).iloc[0]
    assert (row["estimate"], row["conf_high"]) == (pytest.approx(1.0), 1.0)
    assert row["conf_low"] == pytest.approx(0.025 ** (1 / 10))


def test_incidence_ends_with_follow_up_unless_nobody_is_left():
    late = cumulative_incidence([1, 2], [1, 0], times=[3]).iloc[0]
    assert late["method"] == "not estimable: after the last follow-up at 2"
    assert math.isnan(late["estimate"])
    assert cumulative_incidence([1, 2], [1, 2], times=[3])["estimate"].tolist() == [0.5]


def test_entry_is_that_of_the_survival_curve():
    cells = tally_of("heart")
    parts = (cells["time"], cells["event"], cells["n"], cells["start"])
    curve, survival = cumulative_incidence(*parts), kaplan_meier(*parts)
    assert curve["estimate"].to_numpy() == pytest.approx(1 - survival["estimate"].to_numpy(), abs=EXACT)
    assert curve["std_error"].to_numpy() == pytest.approx(survival["std_error"].to_numpy(), abs=EXACT)


def test_the_difference_is_square_and_add():
    time, event, group, counts = [1, 2, 1, 2], [1, 0, 1, 2], list("aabb"), [3, 7, 6, 4]
    gap = cumulative_incidence_difference(time, event, group, counts, at=1)["b"]
    a, b = (cumulative_incidence([1, 2], [1, 0], n, times=[1]).iloc[0] for n in ([3, 7], [6, 4]))
    assert gap.estimate == pytest.approx(0.3)
    assert gap.conf_low == pytest.approx(0.3 - math.hypot(0.6 - b["conf_low"], a["conf_high"] - 0.3))
    assert gap.conf_high == pytest.approx(0.3 + math.hypot(b["conf_high"] - 0.6, 0.3 - a["conf_low"]))
    assert gap.events == 9
    # near Newcombe's limits of the same shares, which rest on Wilson's
    plain = proportion_difference(6, 10, 3, 10)
    assert (gap.conf_low, gap.conf_high) == pytest.approx((plain.conf_low, plain.conf_high), abs=0.05)


def test_without_the_cause_there_is_a_difference_but_no_test():
    test = gray_test([1, 2, 1, 2], [2, 0, 2, 0], list("aabb"), [5, 5, 5, 5], at=1)
    assert test.method == "not estimable: no event of the cause while patients of every group are at risk"
    assert math.isnan(test.p_value)
    assert test.differences["b"].estimate == 0
    assert test.differences["b"].conf_low == pytest.approx(-test.differences["b"].conf_high)


@pytest.mark.parametrize("cause", [0, 1.5, True, math.nan, math.inf, None])
def test_a_cause_is_a_whole_number(cause: float):
    with pytest.raises(ValueError, match=f"cause is {cause}; it must be a whole number of 1 or more"):
        cumulative_incidence([1, 2], [1, 0], cause=cause)


@pytest.mark.parametrize("at", ["x", None, math.nan, -1])
def test_the_time_of_a_difference_is_a_number(at: object):
    for method in (gray_test, cumulative_incidence_difference):
        with pytest.raises(ValueError, match=r"at is .*; it must be a number of 0 or more"):
            method([9, 9, 1, 4], [1, 0, 1, 0], list("aabb"), at=at)


def test_a_reference_may_be_a_number():
    one = cumulative_incidence_difference([1, 2, 1, 2], [1, 0, 1, 0], [1, 1, 2, 2], [3, 7, 6, 4], at=1, reference=2)
    two = gray_test([1, 2, 1, 2], [1, 0, 1, 0], [1, 1, 2, 2], [3, 7, 6, 4], at=1, reference=2).differences
    assert one == two
    assert one["1"].estimate == pytest.approx(-0.3)


def test_impossible_comparisons_are_named():
    with pytest.raises(ValueError, match="at is 5, after the last follow-up in group b; at most 4"):
        gray_test([9, 9, 1, 4], [1, 0, 1, 0], list("aabb"), at=5)
    with pytest.raises(ValueError, match=r"group has one label with patients \(a\)"):
        cumulative_incidence_difference([9, 9], [1, 0], list("aa"), at=5)
    with pytest.raises(ValueError, match="reference is 'z'"):
        cumulative_incidence_difference([9, 9], [1, 0], list("ab"), at=5, reference="z")
