"""Quantiles and the Hodges-Lehmann shift against R, scipy, numpy and their own laws; tallies are their rows."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.ranks.mann_whitney import mann_whitney
from nmosd_cohort.statistics.ranks.median_and_shift import _in_accord, hodges_lehmann_shift, median, quantile
from nmosd_cohort.statistics.ranks.rank_inversion import mann_whitney_null
from tests.statistics.tally_helpers import EXACT, SAMPLES, assert_same, columns, numbers_of, reference, rows, tallies

ROOT = 1e-7  # limits that R finds by a numerical search

scores = st.lists(st.integers(0, 10), min_size=2, max_size=25)


def test_quantiles_are_those_of_r():
    cases = reference("quantile")
    assert len(cases) == 6
    for x, _, probability, numbers in cases:
        assert quantile(x, None, probability) == pytest.approx(numbers["estimate"], abs=EXACT)


@settings(deadline=None)
@given(tallies, st.floats(0, 1))
def test_quantiles_of_a_tally_are_those_of_its_rows(tally: list[tuple[int, ...]], probability: float):
    expected = np.quantile(rows(tally), probability)
    assert quantile(*columns(tally), probability) == pytest.approx(expected, abs=EXACT)


def test_quantiles_need_patients_and_a_probability():
    with pytest.raises(ValueError, match="values is empty"):
        quantile([1], [0], 0.5)
    with pytest.raises(ValueError, match="probability is 50"):
        quantile([1], None, 50)
    with pytest.raises(ValueError, match="probability is 'half'; it must be a number"):
        quantile([1], None, "half")


def test_the_limits_of_a_median_are_the_binomial_places():
    # n = 10: P(at most 1 below) = 11 / 1024 < 0.025 <= P(at most 2) = 56 / 1024, so the 2nd and the 9th
    middle = median(range(10))
    assert (middle.estimate, middle.conf_low, middle.conf_high) == (4.5, 1.0, 8.0)


@pytest.mark.parametrize("n", [6, 17, 60, 301])
def test_the_limits_of_a_median_cover_as_promised_and_not_much_more(n: int):
    middle = median(range(n))
    rank = int(middle.conf_low) + 1
    assert middle.conf_high == n - rank
    assert 1 - 2 * stats.binom.cdf(rank - 1, n, 0.5) >= 0.95
    assert 1 - 2 * stats.binom.cdf(rank, n, 0.5) < 0.95


def test_few_patients_have_a_median_but_no_limits():
    middle = median([2, 4, 9])
    assert middle.estimate == 4.0
    assert math.isnan(middle.conf_low)
    assert middle.method == "limits not estimable: too few patients (n = 3)"
    assert median([], []).method == "not estimable: no patients"
    assert median([3] * 9).conf_low == median([3] * 9).conf_high == 3.0


@settings(deadline=None)
@given(tallies)
def test_a_median_of_a_tally_is_that_of_its_rows(tally: list[tuple[int, ...]]):
    assert_same(median(*columns(tally)), median(rows(tally)))


@pytest.mark.parametrize("case", ["two exact", "two normal"])
def test_the_shift_is_that_of_r(case: str):
    cases = reference(case)
    assert len(cases) >= 2
    for x, y, level, numbers in cases:
        shift = hodges_lehmann_shift(x, None, y, None, conf_level=level)
        assert shift.estimate == pytest.approx(numbers["estimate"], abs=EXACT)
        assert shift.conf_low == pytest.approx(numbers["conf_low"], abs=ROOT)
        assert shift.conf_high == pytest.approx(numbers["conf_high"], abs=ROOT)
        if "exact given" not in shift.method:
            assert shift.p_value == pytest.approx(numbers["p_value"], abs=EXACT)
        assert case.split()[1] in shift.method


@settings(deadline=None)
@given(scores, scores)
def test_the_shift_of_few_tied_patients_has_the_exact_p(x: list[float], y: list[float]):
    shift = hodges_lehmann_shift(x, None, y, None)
    assert shift.estimate == pytest.approx(np.median(np.subtract.outer(x, y)), abs=EXACT)
    if len(set(x + y)) > 1 and len(set(x + y)) < len(x + y):
        expected = mann_whitney(x, None, y, None, distribution="exact").p_value
        assert shift.p_value == pytest.approx(expected, abs=EXACT)


@settings(deadline=None)
@given(tallies, tallies)
def test_the_shift_of_tallies_is_that_of_rows_and_turns_round(x: list[float], y: list[float]):
    by_tally = hodges_lehmann_shift(*columns(x), *columns(y))
    assert_same(by_tally, hodges_lehmann_shift(rows(x), None, rows(y), None))
    swapped = hodges_lehmann_shift(*columns(y), *columns(x))
    assert by_tally.conf_low == pytest.approx(-swapped.conf_high, abs=EXACT, nan_ok=True)


@settings(deadline=None)
@given(tallies, tallies, st.integers(-20, 20))
def test_moving_a_group_moves_the_shift_and_its_limits(x: list[float], y: list[float], distance: int):
    # groups of 50 or more: in smaller ones exact p of a shift of 0 can move a limit to 0
    x, y = ([(value, 50 * count) for value, count in group] for group in (x, y))
    still = hodges_lehmann_shift(*columns(x), *columns(y))
    moved = hodges_lehmann_shift([value + distance for value, _ in x], columns(x)[1], *columns(y))
    for name in ("estimate", "conf_low", "conf_high"):
        assert getattr(moved, name) == pytest.approx(getattr(still, name) + distance, abs=EXACT, nan_ok=True)


@settings(deadline=None)
@given(tallies, tallies)
def test_zero_outside_the_limits_means_rejection(x: list[float], y: list[float]):
    shift = hodges_lehmann_shift(*columns(x), *columns(y))
    if not math.isnan(shift.conf_low) and (shift.conf_low > 0 or shift.conf_high < 0):
        assert shift.p_value < 0.05


def test_a_limit_of_zero_beside_a_small_p_is_explained():
    # R 4.2.2: wilcox.test(x, y, conf.int = TRUE, exact = FALSE): lower limit 3.1e-12; p by coin's wilcox_test
    x, y = SAMPLES["scores"]
    shift = hodges_lehmann_shift(x, None, y, None)
    assert (shift.conf_low, shift.p_value) == (0, pytest.approx(numbers_of("rank_tests")["exact p", "scores"]))
    assert shift.method.endswith("0 itself rejected")
    assert "rejected" not in hodges_lehmann_shift(x, None, y, None, conf_level=0.99).method


@settings(deadline=None)
@given(tallies, tallies)
def test_zero_inside_the_limits_means_no_rejection_unless_the_method_says_so(x: list[float], y: list[float]):
    shift = hodges_lehmann_shift(*columns(x), *columns(y))
    if shift.conf_low <= 0 <= shift.conf_high:
        assert ("0 itself rejected" in shift.method) == (shift.p_value < 0.05)


def test_halves_and_thirds_do_not_split_ties():
    thirds = hodges_lehmann_shift([100 / 3, 200 / 3, 0.1 + 0.2], [9, 5, 4], [0.3, 100 / 3], [8, 8])
    whole = hodges_lehmann_shift([1, 2, 0], [9, 5, 4], [0, 1], [8, 8])
    assert thirds.p_value == pytest.approx(whole.p_value, abs=EXACT)


@pytest.mark.parametrize(
    ("x", "y", "estimate", "reason"),
    [
        ([], [1, 2], math.nan, "not estimable: a group has no patients"),
        ([5, 7], [1, 2], 4.5, "limits not estimable: too few patients (2 and 2)"),
        ([5, 5, 7], [1, 2, 2], 4.0, "limits not estimable: too few patients (3 and 3)"),
        ([4] * 20, [4] * 20, 0.0, "limits not estimable: each group holds a single value"),
        ([6] * 20, [4] * 20, 2.0, "limits not estimable: each group holds a single value"),
    ],
)
def test_a_shift_that_cannot_have_limits_says_why(x: list[float], y: list[float], estimate: float, reason: str):
    shift = hodges_lehmann_shift(x, None, y, None)
    assert shift.estimate == pytest.approx(estimate, nan_ok=True)
    assert shift.method == reason
    assert math.isnan(shift.conf_low)


def test_all_values_tied_give_p_1():
    assert hodges_lehmann_shift([4], [20], [4], [20]).p_value == 1.0


def test_many_patients_cost_no_more_than_few():
    # 300,000 patients a group on eleven levels: expanded rows would be 9e10 differences
    rng = np.random.default_rng(5)
    x, y = rng.multinomial(300_000, np.full(11, 1 / 11)), rng.multinomial(300_000, np.arange(1, 12) / 66)
    shift = hodges_lehmann_shift(range(11), x, range(11), y)
    assert (shift.estimate, shift.conf_low, shift.conf_high) == (-2.0, -2.0, -2.0)


@pytest.mark.parametrize(("n_x", "n_y"), [(1, 1), (3, 5), (20, 7)])
def test_the_null_distribution_is_that_of_scipy(n_x: int, n_y: int):
    null = mann_whitney_null(n_x, n_y)
    assert null.sum() == pytest.approx(1)
    untied = stats.mannwhitneyu(np.arange(n_x) + 0.5, np.arange(n_y) * 1.0, method="exact", alternative="less")
    statistic = int(untied.statistic)
    assert null[: statistic + 1].sum() == pytest.approx(untied.pvalue)


def test_the_null_distribution_of_large_groups_is_finite():
    null = mann_whitney_null(50, 50)
    assert null.size == 2501
    assert null.sum() == pytest.approx(1)
    assert null @ np.arange(2501) == pytest.approx(1250)


def test_a_shift_that_exact_p_does_not_reject_holds_0():
    # 4 of C(8, 4) ways: either 2 may be the one in x, and the mirror image
    shift = hodges_lehmann_shift([3, 3, 3, 2], None, [1, 1, 1, 2], None)
    assert shift.p_value == pytest.approx(4 / 70)
    assert (shift.estimate, shift.conf_low, shift.conf_high) == (2, 0, 2)
    assert shift.method.endswith("p exact given the ties")


def test_three_equal_against_three_equal_are_two_of_twenty_allocations():
    assert hodges_lehmann_shift([3] * 3, None, [1] * 3, None).p_value == pytest.approx(0.1)


def test_groups_of_50_are_normal_as_in_r():
    values = np.arange(100.0)
    assert "normal" in hodges_lehmann_shift(values[::2], None, values[1::2], None).method
    assert hodges_lehmann_shift(values[:98:2], None, values[1:98:2], None).method == "Mann-Whitney inversion, exact"


@pytest.mark.parametrize("side", [1, -1])
def test_normal_limits_that_hold_0_end_there_when_exact_p_rejects_it(side: int):
    assert _in_accord(-1.0, 3.0, True, side) == ((0, 3) if side > 0 else (-1, 0))
    assert _in_accord(1.0, 3.0, False, side) == (0, 3)
