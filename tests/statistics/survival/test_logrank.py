"""The log-rank test against R, statsmodels, arithmetic and its own laws."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from statsmodels.duration.survfunc import survdiff

from nmosd_cohort.statistics.survival.logrank import logrank
from tests.statistics.survival_reference import EXACT, columns, numbers, rows, tallies, tally_of


@pytest.mark.parametrize(("name", "strata"), [("lung", None), ("lung_strata", "x"), ("veteran", None)])
def test_observed_expected_and_test_are_those_of_r(name: str, strata: str | None):
    # R: survdiff(Surv(time, event) ~ group (+ strata(x)))
    cells = tally_of(name.split("_")[0])
    labels = None if strata is None else cells[strata]
    test = logrank(cells["time"], cells["event"], cells["group"], cells["n"], strata=labels)
    expected = numbers(f"logrank_{name}")
    assert test.statistic == pytest.approx(expected["chi_square"], rel=EXACT)
    assert test.p_value == pytest.approx(expected["p_value"], rel=EXACT)
    assert test.groups["observed"].tolist() == list(numbers(f"logrank_{name}_observed").values())
    assert test.groups["expected"].tolist() == pytest.approx(list(numbers(f"logrank_{name}_expected").values()))
    assert test.freedom == len(test.groups) - 1
    if len(test.groups) == 2:
        # Peto: exp((O - E) / V), log error 1 / sqrt(V), with R's O, E and V
        spread = expected["variance"]
        gap = (test.groups["observed"] - test.groups["expected"])[1] / spread
        ratio = test.hazard_ratios["2"]
        assert ratio.estimate == pytest.approx(math.exp(gap))
        assert ratio.conf_high == pytest.approx(math.exp(gap + 1.959963984540054 / math.sqrt(spread)))
        assert ratio.p_value == pytest.approx(test.p_value, rel=EXACT)


@settings(max_examples=25, deadline=None)
@given(tallies)
def test_the_test_is_that_of_statsmodels(tally: list[tuple[int, int, int, int]]):
    time, event, group = rows(tally)
    assume(np.unique(group).size == 2)
    test = logrank(time, event, group)
    assume(not math.isnan(test.statistic))
    chi_square, p_value = survdiff(time.astype(float), event, group)
    assert test.statistic == pytest.approx(chi_square, abs=1e-9)
    assert test.p_value == pytest.approx(p_value, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(tallies)
def test_a_tally_gives_the_test_of_its_rows_and_groups_can_be_swapped(tally: list[tuple[int, int, int, int]]):
    time, event, group, counts = columns(tally)
    assume(np.unique(group).size == 2)
    by_tally, by_rows = logrank(time, event, group, counts), logrank(*rows(tally))
    assert repr(by_tally) == repr(by_rows)
    swapped = logrank(time[::-1] * 7, event[::-1], 1 - group[::-1], counts[::-1])
    assert swapped.statistic == pytest.approx(by_tally.statistic, abs=EXACT, nan_ok=True)
    ratio, other = by_tally.hazard_ratios["1"], swapped.hazard_ratios["1"]
    assert ratio.estimate == pytest.approx(1 / other.estimate, nan_ok=True)
    assert ratio.conf_low == pytest.approx(1 / other.conf_high, nan_ok=True)
    back = logrank(time, event, group, counts, reference="1").hazard_ratios["0"]
    assert back.estimate == pytest.approx(other.estimate, nan_ok=True)


def test_the_test_by_hand():
    # at 1: 4 at risk, 2 a group, 1 event in a: E_a = 0.5, V = 0.25; at 2: 3 at risk, 1 in a, 1 event in b: 1/3, 2/9
    test = logrank([1, 2, 3, 3], [1, 1, 0, 0], ["a", "b", "a", "b"])
    assert test.groups["expected"].tolist() == pytest.approx([5 / 6, 7 / 6])
    assert test.statistic == pytest.approx((1 / 6) ** 2 / (1 / 4 + 2 / 9))
    assert test.hazard_ratios["b"].estimate == pytest.approx(math.exp((-1 / 6) / (1 / 4 + 2 / 9)))


def test_entry_decides_who_is_compared():
    # with entry after 1 the patients of b are not at risk at the only event
    late = logrank([1, 5], [1, 0], ["a", "b"], [4, 4], [0, 2])
    assert math.isnan(late.p_value)
    assert late.method == "not estimable: no event while patients of different groups are at risk"
    assert late.hazard_ratios["b"].method == "not estimable: no event while patients of both groups are at risk"


def test_a_group_without_events_has_a_hazard_ratio_and_one_never_at_risk_does_not():
    test = logrank([1, 2, 3, 4, 0.5], [1, 1, 0, 0, 0], ["a", "a", "a", "b", "c"], [5, 5, 5, 20, 3])
    assert test.freedom == 1
    assert 0 < test.hazard_ratios["b"].estimate < test.hazard_ratios["b"].conf_high < 1
    assert math.isnan(test.hazard_ratios["c"].estimate)
    assert test.groups["n"].tolist() == [15, 20, 3]


def test_without_events_there_is_no_test():
    test = logrank([1, 2], [0, 0], ["a", "b"])
    assert (test.freedom, test.method) == (0, "not estimable: nobody has the event")
    assert math.isnan(test.p_value)


def test_a_reference_may_be_a_number():
    test = logrank([1, 2, 3, 3], [1, 1, 0, 1], [1, 2, 1, 2], reference=2)
    assert list(test.hazard_ratios) == ["1"]
    same = logrank([1, 2, 3, 3], [1, 1, 0, 1], np.array([1, 2, 1, 2]), reference=np.int64(2))
    assert same.hazard_ratios == test.hazard_ratios
    with pytest.raises(ValueError, match="reference is '3'; it must be one of 1, 2"):
        logrank([1, 2], [0, 1], [1, 2], reference=3)


@pytest.mark.parametrize("labels", [None, "ab", 3, [["a"], ["b"]]])
def test_labels_must_be_one_for_each_row(labels: object):
    with pytest.raises(ValueError, match=r"group has [02] dimensions; it must have one, with a label for each row"):
        logrank([1, 2], [0, 1], labels)


def test_impossible_comparisons_are_named():
    with pytest.raises(ValueError, match=r"group has one label with patients \(a\)"):
        logrank([1, 2], [0, 1], ["a", "b"], [3, 0])
    with pytest.raises(ValueError, match="reference is 'z'; it must be one of a, b"):
        logrank([1, 2], [0, 1], ["a", "b"], reference="z")
    with pytest.raises(ValueError, match="strata has 1 entries but there are 2 rows"):
        logrank([1, 2], [0, 1], ["a", "b"], strata=["s"])
