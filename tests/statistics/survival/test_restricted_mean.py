"""Restricted mean survival against R, arithmetic and its own laws."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings

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
    for contrast in ("difference", "ratio"):
        assert found[contrast].estimate == pytest.approx(expected[contrast], rel=EXACT)
        assert found[contrast].conf_low == pytest.approx(expected[f"{contrast}_low"], rel=EXACT)
        assert found[contrast].conf_high == pytest.approx(expected[f"{contrast}_high"], rel=EXACT)
        assert found[contrast].p_value == pytest.approx(expected[f"{contrast}_p"], rel=EXACT)


@settings(max_examples=25, deadline=None)
@given(tallies)
def test_with_complete_follow_up_it_is_the_mean_of_the_capped_times(tally: list[tuple[int, int, int, int]]):
    time, _, _ = rows(tally)
    capped = np.minimum(time, 4)
    mean = restricted_mean_survival(time, np.ones(time.size), tau=4)
    assert mean.estimate == pytest.approx(capped.mean())
    if mean.events:
        assert mean.std_error == pytest.approx(capped.std() / math.sqrt(time.size))  # Greenwood's divisor is n
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
