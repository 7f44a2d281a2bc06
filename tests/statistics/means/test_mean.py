"""Means and their differences against scipy, R, NIST's certified values and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.means.mean import mean, mean_difference, moments
from tests.statistics.tally_helpers import SAMPLES, assert_same, columns, numbers_of, rows, tallies

R = numbers_of("rank_tests")


def test_limits_are_those_of_a_one_sample_t_test():
    values, counts = np.array([1.0, 2.0, 5.0]), np.array([3, 1, 2])
    found = mean(values, counts, conf_level=0.9)
    expected = stats.ttest_1samp(np.repeat(values, counts), 0).confidence_interval(0.9)
    assert found.estimate == pytest.approx(2.5)
    assert (found.conf_low, found.conf_high) == pytest.approx((expected.low, expected.high))
    assert found.n == 6
    assert math.isnan(found.p_value)


# NIST StRD, univariate summary statistics: values by rule, certified mean and standard deviation. A value such
# as 10000000.2 is itself held to 1.9e-9 only, which is 2e-8 of the deviation 0.1: no method gets nearer.
NIST = {
    "NumAcc1": ([10000001.0, 10000003.0, 10000002.0], [1, 1, 1], 10000002.0, 1.0, 1e-14),
    "NumAcc2": ([1.2, 1.1, 1.3], [1, 500, 500], 1.2, 0.1, 1e-14),
    "NumAcc3": ([1000000.2, 1000000.1, 1000000.3], [1, 500, 500], 1000000.2, 0.1, 2e-9),
    "NumAcc4": ([10000000.2, 10000000.1, 10000000.3], [1, 500, 500], 10000000.2, 0.1, 2e-8),
}


@pytest.mark.parametrize("name", NIST)
@pytest.mark.parametrize("as_rows", [False, True])
def test_mean_and_deviation_are_those_nist_certifies(name: str, as_rows: bool):
    values, counts, certified_mean, certified_deviation, precision = NIST[name]
    if as_rows and len(set(counts)) > 1:  # as printed by NIST: the middle, then low and high in turn
        values, counts = [values[0], *([values[1], values[2]] * 500)], None
    found = mean(values, counts)
    assert found.estimate == pytest.approx(certified_mean, rel=1e-15)
    assert found.std_error * math.sqrt(found.n) == pytest.approx(certified_deviation, rel=precision)


@pytest.mark.parametrize("counts", [[1], [4]])
def test_one_value_has_a_mean_and_no_limits(counts):
    found = mean([3.0], counts)
    assert found.estimate == 3
    assert math.isnan(found.conf_low)
    assert "no limits" in found.method


def test_nobody_has_no_mean():
    assert mean([], []).method.startswith("not estimable")
    assert moments([2, 3], [0, 0]).n == 0


@pytest.mark.parametrize("term", ["scores", "uneven", "untied"])
def test_the_difference_is_that_of_t_test_in_r(term: str):
    gap = mean_difference(SAMPLES[term][0], None, SAMPLES[term][1], None)
    found = (gap.estimate, gap.std_error, gap.conf_low, gap.conf_high, gap.p_value)
    expected = [R[f"welch {name}", term] for name in ("estimate", "se", "low", "high", "p")]
    assert found == pytest.approx(tuple(expected), rel=1e-10)


@settings(max_examples=60, deadline=None)
@given(tallies, tallies, st.integers(-1000, 1000))
def test_differences_of_tallies_are_those_of_rows_and_turn_round(
    x: list[tuple[int, ...]], y: list[tuple[int, ...]], distance: int
):
    gap = mean_difference(*columns(x), *columns(y))
    assert_same(gap, mean_difference(rows(x)[::-1], None, rows(y), None))
    swapped = mean_difference(*columns(y), *columns(x))
    assert (gap.estimate, gap.conf_low) == pytest.approx((-swapped.estimate, -swapped.conf_high), nan_ok=True)
    moved = mean_difference(rows(x) + distance, None, rows(y), None)
    assert moved.conf_low == pytest.approx(gap.conf_low + distance, nan_ok=True, abs=1e-9)
    if not math.isnan(gap.p_value):
        assert (gap.conf_low > 0 or gap.conf_high < 0) == (gap.p_value < 0.05)
    if min(len(set(rows(x))), len(set(rows(y)))) > 1:
        expected = stats.ttest_ind(rows(x), rows(y), equal_var=False)
        assert gap.p_value == pytest.approx(expected.pvalue, abs=1e-10)


@pytest.mark.parametrize(
    ("x", "y", "estimate", "reason"),
    [
        ([], [1, 2], math.nan, "not estimable: a group has no patients"),
        ([4], [1, 2], 2.5, "limits not estimable: a group has one patient"),
        ([4, 4], [1, 1], 3, "limits not estimable: each group holds a single value"),
    ],
)
def test_a_difference_without_limits_says_why(x, y, estimate, reason):
    gap = mean_difference(x, None, y, None)
    assert gap.estimate == pytest.approx(estimate, nan_ok=True)
    assert gap.method == reason
