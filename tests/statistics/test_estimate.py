"""Estimates and the checks of values and counts that all statistics share."""

import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nmosd_cohort.statistics.distinct import distinct, distinct_pairs, order_statistics
from nmosd_cohort.statistics.estimate import (
    Estimate,
    as_counts,
    as_number,
    as_pairs,
    as_values,
    check_aligned,
    check_conf_level,
    check_counts,
    check_option,
    not_estimable,
    part_of_whole,
    whole_number,
)


def test_an_estimate_cannot_be_changed():
    estimate = Estimate(0.5, 0.1, 0.9, 4, "by hand")
    with pytest.raises(AttributeError):
        estimate.estimate = 1.0


def test_what_cannot_be_estimated_says_why_and_keeps_the_estimate():
    nothing = not_estimable("no patients", 0, conf_level=0.9)
    assert math.isnan(nothing.estimate)
    assert (nothing.method, nothing.conf_level) == ("not estimable: no patients", 0.9)
    point = not_estimable("one patient", 1, estimate=3.0, p_value=1.0, events=1)
    assert math.isnan(point.conf_low)
    assert math.isnan(point.conf_high)
    assert (point.estimate, point.p_value, point.events) == (3.0, 1.0, 1)
    assert point.method == "limits not estimable: one patient"


@pytest.mark.parametrize("conf_level", [0, 1, 95, -0.1, float("nan"), "x", None])
def test_a_confidence_level_outside_0_to_1_is_refused(conf_level: float):
    with pytest.raises(ValueError, match=f"conf_level is {conf_level!r}"):
        check_conf_level(conf_level)


def test_a_wrong_option_is_answered_with_the_right_ones():
    with pytest.raises(ValueError, match="zeros is 'keep'; it must be one of pratt, drop"):
        check_option("zeros", "keep", ("pratt", "drop"))


@pytest.mark.parametrize(
    ("values", "counts", "message"),
    [
        ([1, float("nan")], None, "values has 1 missing or infinite"),
        ([1, None], [1, 1], "values has 1 missing"),
        (["a"], None, "values must be numbers"),
        (["1", "2"], None, "values must be numbers; texts, dates"),
        ([1, "2"], None, "values must be numbers; texts, dates"),
        (pd.to_datetime(pd.Series(["2020-01-01", None])), None, "values must be numbers; texts, dates"),
        (pd.Series(["2020-01-01"]).astype("datetime64[ns]").dt.date, None, "values must be numbers; texts, dates"),
        (pd.Series(["1"]).astype("string"), None, "values must be numbers"),
        ([1], [1e19], "1 are negative or not whole"),
        ([[1, 2]], None, "values has 2 dimensions"),
        ([1, 2], [1], "values has 2 entries but 1 counts"),
        ([1, 2], [1, -1], "1 are negative or not whole"),
        ([1, 2], [1, 0.5], "1 are negative or not whole"),
        ([1, 2], [1, float("nan")], "counts of values has 1 missing"),
    ],
)
def test_values_and_counts_that_do_not_make_a_tally_are_refused(values: list[Any], counts: list[int], message: str):
    with pytest.raises(ValueError, match=message):
        as_counts(values, counts)


def test_rows_without_patients_are_left_out():
    values, counts = as_counts([1, 2, 3], [0, 4, 1])
    assert values.tolist() == [2, 3]
    assert counts.tolist() == [4, 1]
    before, after, n = as_pairs([1, 2], [3, 4], [0, 2])
    assert (before.tolist(), after.tolist(), n.tolist()) == ([2], [4], [2])
    assert check_counts([0, 3], size=2).tolist() == [0, 3]


def test_no_values_are_an_empty_tally():
    values, counts = as_counts([], [])
    assert values.size == counts.size == 0
    assert as_values([]).size == 0


def test_pairs_must_be_pairs():
    with pytest.raises(ValueError, match="first has 2 entries and second 1"):
        as_pairs([1, 2], [1], names=("first", "second"))


@pytest.mark.parametrize("value", [-1, 1.5, float("inf"), float("nan"), None, "many"])
def test_counts_of_patients_are_whole(value: float):
    with pytest.raises(ValueError, match=re.escape(f"n is {value!r}")):
        whole_number("n", value)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), "x", None])
def test_a_number_keeps_its_bounds(value: float):
    with pytest.raises(ValueError, match=re.escape(f"share is {value!r}; it must be a number of 0 or more and 1 or")):
        as_number("share", value, low=0, high=1)
    assert as_number("share", np.float64(0.5), low=0, high=1) == 0.5


def test_a_part_is_not_larger_than_its_whole():
    with pytest.raises(ValueError, match="events is 5, more than n = 4"):
        part_of_whole("events", 5, "n", 4)


def test_distinct_values_add_up_their_patients():
    levels, totals = distinct([2.5, 0, 2.5], [1, 2, 3])
    assert levels.tolist() == [0, 2.5]
    assert totals.tolist() == [2, 4]


def test_distinct_pairs_add_up_their_patients():
    before, after, totals = distinct_pairs([2, 0, 2, 2], [1, 3, 1, 0], [1, 2, 3, 0])
    assert (before.tolist(), after.tolist(), totals.tolist()) == ([0, 2], [3, 1], [2, 4])
    assert distinct_pairs([], [])[2].size == 0


def test_order_statistics_are_those_of_the_repeated_values():
    levels, totals = np.array([0.0, 2.5, 4.0]), np.array([2, 1, 3])
    assert order_statistics(levels, totals, range(6)).tolist() == np.repeat(levels, totals).tolist()


def test_rows_of_other_labels_are_not_taken_for_the_same_patients():
    one, other = pd.Series([1, 2, 3]), pd.Series([3, 2, 1], index=[2, 1, 0])
    with pytest.raises(ValueError, match="before and after have different row labels; align them"):
        as_pairs(one, other)
    with pytest.raises(ValueError, match="values and counts have different row labels"):
        as_counts(one, other)
    assert as_pairs(one, other.to_numpy())[0].tolist() == [1, 2, 3]
    check_aligned(x=one, y=one.rename("y"), counts=[1, 2, 3], other_length=other.iloc[:2])


def test_counts_are_numbers_and_totals_no_columns():
    with pytest.raises(ValueError, match="counts of values are yes or no"):
        as_counts([1, 2], [True, False])
    with pytest.raises(
        ValueError, match=re.escape("events holds 2 values; it must be one total, for example events.sum()")
    ):
        whole_number("events", pd.Series([0, 1]))
