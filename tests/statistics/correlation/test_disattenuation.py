"""Correlation of true scores: by hand, and limits against simulated truth."""

import math

import numpy as np
import pytest

from nmosd_cohort.statistics.correlation.coefficients import pearson
from nmosd_cohort.statistics.correlation.disattenuation import disattenuated_correlation
from nmosd_cohort.statistics.correlation.fisher_z import correlation_from_summary
from nmosd_cohort.statistics.estimate import Estimate

MEASURED = correlation_from_summary(0.341, 71, kind="pearson")
ALPHA = Estimate(0.8, 0.7, 0.87, 71, "alpha", std_error=0.04)


def test_known_reliabilities_divide_estimate_and_limits():
    # 0.341 / sqrt(0.9 * 0.4) = 0.341 / 0.6
    true = disattenuated_correlation(MEASURED, 0.9, 0.4)
    assert true.estimate == pytest.approx(0.341 / 0.6)
    assert (true.conf_low, true.conf_high) == pytest.approx((MEASURED.conf_low / 0.6, MEASURED.conf_high / 0.6))
    assert (true.std_error, true.p_value) == pytest.approx((MEASURED.std_error / 0.6, MEASURED.p_value))
    assert true.method == "Pearson, Fisher z limits, over the root of known reliabilities 0.9 and 0.4"


def test_perfect_measurements_change_nothing():
    true = disattenuated_correlation(MEASURED, 1, 1)
    limits = (true.conf_low, true.conf_high)
    assert (true.estimate, *limits) == pytest.approx((0.341, MEASURED.conf_low, MEASURED.conf_high), abs=1e-15)


def test_reliabilities_with_an_error_widen_the_limits_by_hand():
    # root of 0.8 * 0.9 = 0.72; relative error of the root is 0.04 / 0.8 / 2 = 0.025
    true, root = disattenuated_correlation(MEASURED, ALPHA, 0.9), math.sqrt(0.72)
    reach = 1.959963984540054 * 0.025 * 0.341 / root
    assert true.conf_low == pytest.approx(true.estimate - math.hypot((0.341 - MEASURED.conf_low) / root, reach))
    assert true.conf_high == pytest.approx(true.estimate + math.hypot((MEASURED.conf_high - 0.341) / root, reach))
    assert true.std_error == pytest.approx(math.hypot(MEASURED.std_error, 0.025 * 0.341) / root)
    assert "estimated reliabilities 0.8 and 0.9" in true.method


def test_x_and_y_can_be_swapped_and_the_sign_turned():
    one, two = disattenuated_correlation(MEASURED, ALPHA, 0.7), disattenuated_correlation(MEASURED, 0.7, ALPHA)
    assert (one.estimate, one.conf_low, one.conf_high) == pytest.approx((two.estimate, two.conf_low, two.conf_high))
    turned = disattenuated_correlation(correlation_from_summary(-0.341, 71, kind="pearson"), ALPHA, 0.7)
    assert (turned.estimate, turned.conf_low) == pytest.approx((-one.estimate, -one.conf_high))


def test_a_result_beyond_one_is_kept_and_named():
    strong = correlation_from_summary(0.8, 50, kind="pearson")
    true = disattenuated_correlation(strong, 0.7, 0.7)
    assert true.estimate == pytest.approx(0.8 / 0.7)
    assert true.method.endswith("beyond 1: reliabilities too low, or chance")
    assert disattenuated_correlation(strong, 0.9, 0.9).method.endswith("0.9 and 0.9; a limit is beyond 1") is False
    assert disattenuated_correlation(strong, 0.8, 0.9).method.endswith("; a limit is beyond 1")


def test_what_has_no_limits_says_why():
    constant = disattenuated_correlation(pearson([1, 1, 1, 1], [1, 2, 3, 4]), 0.8, 0.8)
    assert constant.method == "not estimable: all patients have the same value of x"
    unsure = disattenuated_correlation(MEASURED, Estimate(0.8, 0.7, 0.9, 71, "alpha"), 0.9)
    assert unsure.method == "limits not estimable: a reliability has no standard error"
    assert unsure.estimate == pytest.approx(0.341 / math.sqrt(0.72))


@pytest.mark.parametrize("wrong", [0, -0.2, 1.3, math.nan])
def test_an_impossible_reliability_is_named(wrong: float):
    with pytest.raises(ValueError, match=f"reliability_y is {wrong}"):
        disattenuated_correlation(MEASURED, 0.8, wrong)


def test_limits_cover_the_correlation_of_true_scores():
    # truth 0.6, reliabilities 0.8 and 0.7 each estimated from a retest of the same 80 patients
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(300):
        true_x = rng.normal(size=80)
        true_y = 0.6 * true_x + 0.8 * rng.normal(size=80)
        tests = [
            [true + rng.normal(0, math.sqrt(1 / share - 1), 80) for _ in range(2)]
            for true, share in ((true_x, 0.8), (true_y, 0.7))
        ]
        limits = disattenuated_correlation(pearson(tests[0][0], tests[1][0]), pearson(*tests[0]), pearson(*tests[1]))
        covered += limits.conf_low < 0.6 < limits.conf_high
    assert 275 <= covered <= 296


def test_what_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="reliability_x is 'good'; it must be a number"):
        disattenuated_correlation(correlation_from_summary(0.3, 50, kind="pearson"), "good", 0.9)
    with pytest.raises(ValueError, match=r"correlation is 0\.3; it must be an Estimate"):
        disattenuated_correlation(0.3, 0.9, 0.9)


def test_a_perfect_correlation_has_no_limits_afterwards():
    true = disattenuated_correlation(correlation_from_summary(1, 50, kind="pearson"), 0.9, 0.9)
    assert true.method == "limits not estimable: perfect correlation"
