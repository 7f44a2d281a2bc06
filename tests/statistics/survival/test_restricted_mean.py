"""Restricted mean survival against R, arithmetic and its own laws."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from scipy.stats import norm, t, ttest_ind

from nmosd_cohort.statistics.survival.restricted_mean import restricted_mean_contrast, restricted_mean_survival
from tests.statistics.survival_reference import EXACT, columns, numbers, rows, tallies, tally_of


@pytest.mark.parametrize(("name", "tau"), [("lung", 12), ("ovarian", 700.5)])
def test_means_and_contrasts_are_those_of_r(name: str, tau: float):
    # R: summary(survfit(...), rmean = tau)$table; contrasts by the formulas of survRM2
    cells = tally_of(name)
    found = restricted_mean_contrast(cells["time"], cells["event"], cells["group"], cells["n"], tau=tau)
    expected = numbers(f"rmst_{name}")
    for group in ("1", "2"):
        assert found[group].estimate == pytest.approx(expected[f"mean_{group}"], rel=EXACT)
        assert found[group].std_error == pytest.approx(expected[f"se_{group}"], rel=EXACT)
    # the reference has normal limits: its error is theirs, limits and p here are by t
    ends = [(expected[f"difference_{end}"], math.log(expected[f"ratio_{end}"])) for end in ("low", "high")]
    errors = [(high - low) / 2 / norm.ppf(0.975) for low, high in zip(*ends, strict=True)]
    divisors = (1.0, 1.0), tuple(found[group].estimate for group in ("1", "2"))
    for contrast, error, divisor in zip(("difference", "ratio"), errors, divisors, strict=True):
        estimate = found[contrast]
        assert estimate.estimate == pytest.approx(expected[contrast], rel=EXACT)
        # Satterthwaite: (a + b)^2 / (a^2 / (events - 1) + b^2 / (events - 1))
        parts = [(found[group].std_error / by) ** 2 for group, by in zip(("1", "2"), divisor, strict=True)]
        own = [part**2 / (found[group].events - 1) for part, group in zip(parts, ("1", "2"), strict=True)]
        freedom = sum(parts) ** 2 / sum(own)
        place = estimate.estimate if contrast == "difference" else math.log(estimate.estimate)
        limits = [estimate.conf_low, estimate.conf_high]
        limits = limits if contrast == "difference" else [math.log(limit) for limit in limits]
        reach = t.ppf(0.975, freedom) * error
        assert limits == pytest.approx([place - reach, place + reach], rel=EXACT)
        assert estimate.p_value == pytest.approx(2 * t.sf(abs(place) / error, freedom), rel=EXACT)


@settings(max_examples=25, deadline=None)
@given(tallies)
def test_with_complete_follow_up_it_is_the_mean_of_the_capped_times(tally: list[tuple[int, int, int, int]]):
    time, _, _ = rows(tally)
    capped = np.minimum(time, 4)
    mean = restricted_mean_survival(time, np.ones(time.size), tau=4)
    assert mean.estimate == pytest.approx(capped.mean())
    if mean.events:
        assert mean.std_error == pytest.approx(capped.std() / math.sqrt(time.size))  # Greenwood's divisor is n
    if mean.std_error > 0:
        assert 0 <= mean.conf_low <= mean.estimate <= mean.conf_high <= 4


@settings(max_examples=25, deadline=None)
@given(tallies)
def test_a_tally_gives_the_contrast_of_its_rows_and_groups_can_be_swapped(tally: list[tuple[int, int, int, int]]):
    time, event, group, counts = columns(tally)
    assume(np.unique(group).size == 2)
    tau = min(time[group == 0].max(), time[group == 1].max())
    found = restricted_mean_contrast(time, event, group, counts, tau=tau)
    assert repr(found) == repr(restricted_mean_contrast(*rows(tally), tau=tau))
    swapped = restricted_mean_contrast(time * 12, event, 1 - group, counts, tau=tau * 12)
    assert swapped["difference"].estimate == pytest.approx(-12 * found["difference"].estimate)
    assert swapped["difference"].conf_low == pytest.approx(-12 * found["difference"].conf_high, nan_ok=True)
    assert swapped["ratio"].estimate == pytest.approx(1 / found["ratio"].estimate)
    assert swapped["ratio"].conf_low == pytest.approx(1 / found["ratio"].conf_high, nan_ok=True)
    back = restricted_mean_contrast(time, event, group, counts, tau=tau, reference="1")
    assert back["difference"].estimate == pytest.approx(-found["difference"].estimate)


def test_with_complete_follow_up_the_limits_are_nearly_those_of_welch():
    one, two = np.array([1, 2, 2.5, 3.5, 3.6, 4]), np.array([2, 2.2, 3, 5, 5.5, 6, 6.1])
    time, group = np.concatenate((one, two)), np.repeat(["a", "b"], (one.size, two.size))
    found = restricted_mean_contrast(time, np.ones(time.size), group, tau=9)["difference"]
    # Greenwood's divisor is n, Welch's n - 1
    welch = ttest_ind(two, one, equal_var=False)
    interval = welch.confidence_interval()
    assert found.estimate == pytest.approx(two.mean() - one.mean())
    assert found.conf_high - found.conf_low == pytest.approx(
        (interval.high - interval.low) * (12 / 14) ** 0.5, rel=0.02
    )


def test_one_event_in_a_group_has_the_widest_t():
    # error 0.5 of 1 event among 2 at time 1, tau 2: area after it 0.5, sqrt(0.25 / 2) and t with 1 degree of freedom
    mean = restricted_mean_survival([1, 2], [1, 0], tau=2)
    assert mean.std_error == pytest.approx(0.5 / math.sqrt(2))
    assert (mean.conf_low, mean.conf_high) == (0.0, 2.0)


def test_all_events_at_one_time_have_no_limits():
    mean = restricted_mean_survival([1, 2], [1, 1], [5, 0], tau=3)
    assert (mean.estimate, mean.method) == (
        1.0,
        "limits not estimable: all patients of a group had the event at one time",
    )
    assert math.isnan(mean.conf_low)
    both = restricted_mean_contrast([1, 2], [1, 1], ["a", "b"], [5, 5], tau=3)
    assert both["difference"].estimate == pytest.approx(1)
    assert both["ratio"].estimate == pytest.approx(2)
    assert {both[name].method for name in both} == {mean.method}
    one = restricted_mean_contrast([1, 2, 3], [1, 1, 1], ["a", "b", "b"], [5, 5, 5], tau=3)["difference"]
    assert one.conf_low < one.estimate < one.conf_high


def test_a_horizon_that_is_no_number_is_named():
    for tau in ("x", None, [1.0]):
        with pytest.raises(ValueError, match="it must be a time above 0, at most 4"):
            restricted_mean_survival([1, 4], [1, 0], tau=tau)


def test_a_mean_by_hand():
    # survival 1 until 1, 0.75 until 3: 1 + 1.5 = 2.5; error 1.5 sqrt(4 / (16 * 12)); the 4 events at tau add nothing
    mean = restricted_mean_survival([1, 2, 3, 4], [1, 0, 1, 0], [4, 2, 4, 6], tau=3)
    assert mean.estimate == pytest.approx(2.5)
    assert mean.std_error == pytest.approx(1.5 * math.sqrt(4 / (16 * 12)))
    assert (mean.n, mean.events) == (16, 4)


def test_a_horizon_after_the_last_follow_up_is_refused():
    with pytest.raises(ValueError, match="tau is 5, after the last follow-up; at most 4 is allowed"):
        restricted_mean_survival([1, 4], [1, 0], tau=5)
    with pytest.raises(ValueError, match="tau is 5, after the last follow-up in group b; at most 4 is allowed"):
        restricted_mean_contrast([1, 6, 1, 4], [1, 0, 1, 0], list("aabb"), tau=5)
    for tau in (0, -1, math.nan, math.inf):
        with pytest.raises(ValueError, match="it must be a time above 0, at most 4"):
            restricted_mean_survival([1, 4], [1, 0], tau=tau)


def test_a_curve_at_0_has_a_mean_for_any_horizon():
    assert restricted_mean_survival([1, 4], [1, 1], tau=50).estimate == pytest.approx(2.5)


def test_without_events_there_are_no_limits():
    mean = restricted_mean_survival([3, 4], [1, 0], tau=3)
    assert (mean.estimate, mean.method) == (3.0, "limits not estimable: no event before tau")
    contrast = restricted_mean_contrast([3, 4, 1, 4], [0, 0, 1, 0], list("aabb"), tau=3)
    assert contrast["difference"].estimate == pytest.approx(-1.0)
    assert contrast["difference"].method == "limits not estimable: a group has no event before tau"
    assert math.isnan(contrast["ratio"].conf_low)


def test_a_group_without_any_time_has_no_ratio():
    contrast = restricted_mean_contrast([0, 1, 4], [1, 1, 0], ["a", "b", "b"], [5, 5, 5], tau=3)
    assert contrast["difference"].estimate == pytest.approx(2.0)
    assert contrast["ratio"].method == "not estimable: a group has no time without the event"


def test_a_contrast_needs_two_groups():
    with pytest.raises(ValueError, match="group has 3 labels with patients; the contrast needs two"):
        restricted_mean_contrast([1, 2, 3], [1, 1, 1], [1, 2, 3], tau=1)
    with pytest.raises(ValueError, match="reference is 'z'"):
        restricted_mean_contrast([1, 2], [1, 1], [1, 2], tau=1, reference="z")
