"""Hedges g against R's effectsize and noncentral t."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import stats

from nmosd_cohort.statistics.means.noncentral import f_noncentrality, t_noncentrality
from nmosd_cohort.statistics.means.standardised_difference import hedges_g, small_sample_correction
from tests.statistics.tally_helpers import SAMPLES, assert_same, columns, numbers_of, rows, tallies

R = numbers_of("rank_tests")
PNT = 1e-9  # R's noncentral t warns that it may not reach full precision
OPTIM = 1e-5  # effectsize finds its limits by optim


@pytest.mark.parametrize("term", ["scores", "uneven", "untied"])
def test_g_limits_and_p_are_those_of_r(term: str):
    g = hedges_g(SAMPLES[term][0], None, SAMPLES[term][1], None)
    assert g.estimate == pytest.approx(R["hedges g", term], rel=1e-6)
    assert g.p_value == pytest.approx(R["pooled t p", term], rel=1e-9)
    assert (g.conf_low, g.conf_high) == pytest.approx((R["delta low", term], R["delta high", term]), rel=PNT)
    assert (g.conf_low, g.conf_high) == pytest.approx((R["d low", term], R["d high", term]), rel=OPTIM)


def test_the_correction_by_hand():
    # gamma(1) / (gamma(1/2) sqrt(1)) = 1 / sqrt(pi); the usual 1 - 3 / (4 df - 1) is near it for many
    assert small_sample_correction(2) == pytest.approx(1 / math.sqrt(math.pi))
    assert small_sample_correction(50) == pytest.approx(1 - 3 / 199, abs=2e-5)


def test_the_standard_error_is_the_spread_of_g():
    # 20,000 samples of 8 and 12 at a true difference of 0.8: Monte Carlo error of a standard deviation is 0.5 %
    rng = np.random.default_rng(4)
    x, y = rng.normal(0.8, 1, (20_000, 8)), rng.normal(0, 1, (20_000, 12))
    squares = ((x - x.mean(1, keepdims=True)) ** 2).sum(1) + ((y - y.mean(1, keepdims=True)) ** 2).sum(1)
    drawn = small_sample_correction(18) * (x.mean(1) - y.mean(1)) / np.sqrt(squares / 18)
    # a sample whose g is 0.8 exactly: both groups with variance 1 and the right distance
    one, two = (math.sqrt((n - 1) / n) * np.resize([1.0, -1.0], n) for n in (8, 12))
    g = hedges_g(one + 0.8 / small_sample_correction(18), None, two, None)
    assert g.estimate == pytest.approx(0.8, rel=1e-12)
    assert drawn.mean() == pytest.approx(0.8, abs=0.012)
    assert g.std_error == pytest.approx(drawn.std(), rel=0.02)


@settings(max_examples=50, deadline=None)
@given(tallies, tallies)
def test_g_of_tallies_is_that_of_rows_turns_round_and_has_no_unit(x: list[tuple[int, ...]], y: list[tuple[int, ...]]):
    g = hedges_g(*columns(x), *columns(y))
    assert_same(g, hedges_g(rows(x)[::-1], None, rows(y), None))
    swapped = hedges_g(*columns(y), *columns(x))
    assert (g.estimate, g.conf_low) == pytest.approx((-swapped.estimate, -swapped.conf_high), nan_ok=True, abs=1e-8)
    scaled = hedges_g(rows(x) * 10 - 3, None, rows(y) * 10 - 3, None)
    assert (scaled.estimate, scaled.conf_high) == pytest.approx((g.estimate, g.conf_high), nan_ok=True, abs=1e-8)
    if not math.isnan(g.p_value):
        assert (g.conf_low > 0 or g.conf_high < 0) == (g.p_value < 0.05)


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([], [1, 2], "not estimable: a group has no patients"),
        ([1], [2, 3], "not estimable: too few patients (1 and 2)"),
        ([1, 1], [2, 2], "not estimable: each group holds a single value"),
    ],
)
def test_a_g_that_cannot_be_estimated_says_why(x, y, reason):
    assert hedges_g(x, None, y, None).method == reason


def test_differences_far_beyond_the_spread_have_no_limits():
    g = hedges_g([1e7, 1e7 + 1], [3, 4], [0, 1], [4, 4])
    assert g.method == "limits not estimable: next to no spread within groups"
    rounding = hedges_g([0.3, 0.1 + 0.2], [3, 4], [1.1], [4])
    assert rounding.method == g.method


def test_four_patients_have_limits_and_no_standard_error():
    g = hedges_g([1, 4], None, [2, 3], None)
    assert math.isnan(g.std_error)
    assert g.conf_low < g.estimate == 0 < g.conf_high


@pytest.mark.parametrize(("statistic", "freedom"), [(0.0, 5), (-3.2, 40), (95.0, 38), (500.0, 600_000)])
def test_limits_of_t_solve_the_noncentral_distribution(statistic: float, freedom: float):
    low, high = t_noncentrality(statistic, freedom, 0.9)
    assert stats.nct.cdf(statistic, freedom, low) == pytest.approx(0.95, abs=1e-7)
    assert stats.nct.cdf(statistic, freedom, high) == pytest.approx(0.05, abs=1e-7)


def test_limits_of_f_stop_at_zero():
    assert f_noncentrality(0.01, (2, 30), 0.95) == (0, 0)
    low, high = f_noncentrality(12.0, (3, 30), 0.95)
    assert stats.ncf.cdf(12.0, 3, 30, low) == pytest.approx(0.975)
    assert stats.ncf.cdf(12.0, 3, 30, high) == pytest.approx(0.025)
