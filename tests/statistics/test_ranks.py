"""Quantiles, superiority and shift against R, scipy, numpy and their own laws; tallies give the answer of rows."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.placements import all_allocations, random_allocations
from nmosd_cohort.statistics.rank_inversion import mann_whitney_null
from nmosd_cohort.statistics.ranks import hodges_lehmann_shift, median, probability_superiority, quantile
from tests.statistics.conftest import reference

EXACT = 1e-10
ROOT = 1e-7  # limits that R finds by a numerical search

scores = st.lists(st.integers(0, 10), min_size=2, max_size=25)
tallies = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 6)), min_size=1, max_size=7)


def rows(tally: list[tuple[int, ...]]):
    """Return the values of a tally, each as often as it occurs."""
    return np.repeat([float(value) for value, _ in tally], [n for _, n in tally])


def columns(tally: list[tuple[int, ...]]):
    """Return the values and the counts of a tally."""
    return [value for value, _ in tally], [n for _, n in tally]


def assert_same(one: Estimate, two: Estimate):
    """Check that two estimates agree in every number and in words."""
    for name in ("estimate", "conf_low", "conf_high", "std_error", "p_value"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), abs=EXACT, nan_ok=True), name
    assert (one.n, one.method) == (two.n, two.method)


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


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10), min_size=15, max_size=40), st.lists(st.integers(0, 10), min_size=15, max_size=40))
def test_superiority_is_that_of_scipy(x: list[float], y: list[float]):
    superior = probability_superiority(x, None, y, None)
    pairs = np.subtract.outer(x, y)
    assert superior.estimate == pytest.approx((pairs > 0).mean() + (pairs == 0).mean() / 2, abs=EXACT)
    if "Brunner" in superior.method:
        assert superior.p_value == pytest.approx(stats.brunnermunzel(y, x).pvalue, abs=1e-9)
        assert 0 < superior.conf_low < superior.estimate < superior.conf_high < 1


def test_limits_of_superiority_by_hand():
    # logit of the estimate, error by the delta method, t with Satterthwaite degrees of freedom
    x, y = [4] * 10 + [6] * 12 + [7] * 8, [2] * 9 + [4] * 14 + [6] * 7
    superior = probability_superiority(x, None, y, None, conf_level=0.9)
    in_y = np.array([(np.sum(np.array(y) < value) + np.sum(np.array(y) == value) / 2) / 30 for value in x])
    in_x = np.array([(np.sum(np.array(x) < value) + np.sum(np.array(x) == value) / 2) / 30 for value in y])
    parts = np.array([in_y.var(ddof=1), in_x.var(ddof=1)]) / 30
    error, share = math.sqrt(parts.sum()), in_y.mean()
    critical = stats.t.ppf(0.95, parts.sum() ** 2 / (parts**2 / 29).sum())
    odds = share / (1 - share) * np.exp(np.array([-1, 1]) * critical * error / (share * (1 - share)))
    assert superior.std_error == pytest.approx(error, abs=EXACT)
    assert (superior.conf_low, superior.conf_high) == pytest.approx(tuple(odds / (1 + odds)), abs=EXACT)


@settings(max_examples=40, deadline=None)
@given(tallies, tallies)
def test_superiority_of_tallies_is_that_of_rows_and_turns_round(x: list[float], y: list[float]):
    by_tally = probability_superiority(*columns(x), *columns(y))
    assert_same(by_tally, probability_superiority(rows(x), None, rows(y), None))
    swapped = probability_superiority(*columns(y), *columns(x))
    assert by_tally.estimate == pytest.approx(1 - swapped.estimate, abs=EXACT)
    if "seed" not in by_tally.method and not math.isnan(by_tally.conf_low):
        assert by_tally.conf_low == pytest.approx(1 - swapped.conf_high, abs=EXACT)


def test_small_groups_use_every_allocation():
    x, y = [1, 3, 4, 6], [0, 1, 2, 2, 5]
    superior = probability_superiority(x, None, y, None)
    observed = abs(stats.brunnermunzel(x, y).statistic)
    pooled = np.array(x + y, dtype=float)
    extreme = []
    for chosen in itertools.combinations(range(9), 4):
        rest = np.setdiff1d(range(9), chosen)
        one, two = pooled[list(chosen)], pooled[rest]
        is_apart = one.max() < two.min() or two.max() < one.min()
        extreme.append(is_apart or abs(stats.brunnermunzel(one, two).statistic) >= observed - 1e-9)
    assert "all 126 allocations" in superior.method
    assert superior.p_value == pytest.approx(np.mean(extreme))
    assert 0 < superior.conf_low < superior.estimate < superior.conf_high < 1


def test_random_allocations_are_repeatable_and_near_all_of_them():
    pooled = np.array([3, 4, 4, 3, 2])
    every, drawn = all_allocations(pooled, 6), random_allocations(pooled, 6, size=9_999, seed=3)
    again = random_allocations(pooled, 6, size=9_999, seed=3)
    assert (drawn[0] == again[0]).all()
    for one, two in zip(every, drawn, strict=True):
        assert np.quantile(one, 0.9) == pytest.approx(np.quantile(two, 0.9), rel=0.06)
        assert (one >= 2).mean() == pytest.approx((two >= 2).mean(), abs=0.01)


def test_random_allocations_in_blocks_have_the_size_asked_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("nmosd_cohort.statistics.placements.BLOCK_CELLS", 70)
    plain, on_logit = random_allocations(np.array([5, 6, 7]), 8, size=50, seed=1)
    assert plain.shape == on_logit.shape == (50,)


def test_a_middling_small_group_draws_allocations_with_its_seed():
    x, y = [2, 3, 3, 4, 5, 5, 6, 7, 8, 9], [0, 1, 2, 2, 3, 3, 4, 5, 5, 6, 7, 1]
    one, two = (probability_superiority(x, None, y, None, seed=seed) for seed in (1, 2))
    assert "9999 allocations, seed 1" in one.method
    assert one.p_value == pytest.approx(two.p_value, abs=0.01)
    assert one.p_value == pytest.approx(stats.brunnermunzel(x, y).pvalue, abs=0.02)
    assert (one.conf_low, one.conf_high) == pytest.approx((two.conf_low, two.conf_high), abs=0.02)


def test_very_small_groups_leave_every_superiority_possible():
    superior = probability_superiority([1, 3], None, [2, 4, 0], None)
    assert (superior.conf_low, superior.conf_high) == (0.0, 1.0)
    assert superior.p_value == 1.0


def test_groups_that_do_not_overlap_have_a_defined_answer():
    above = probability_superiority([5, 6, 7, 8], None, [1, 2, 3, 4], None)
    below = probability_superiority([1, 2, 3, 4], None, [5, 6, 7, 8], None)
    assert (above.estimate, above.conf_high, below.estimate, below.conf_low) == (1.0, 1.0, 0.0, 0.0)
    assert above.p_value == pytest.approx(2 / 70)
    assert above.conf_low == pytest.approx(1 - below.conf_high)
    # the limit solves Newcombe's equation: distance squared is z squared times the variance at the limit
    area, size = above.conf_low, 3
    spread = area * (1 - area) * (1 + size * ((1 - area) / (2 - area) + area / (1 + area))) / 16
    assert (1 - area) ** 2 == pytest.approx(1.959963984540054**2 * spread)
    large = probability_superiority([5], [400], [1], [300])
    assert 0.97 < large.conf_low < 1
    assert large.p_value < 1e-100


@pytest.mark.parametrize(
    ("x", "y", "estimate", "reason"),
    [
        ([], [1, 2], math.nan, "not estimable: a group has no patients"),
        ([2], [1, 2, 3], 0.5, "limits not estimable: a group has one patient"),
        ([4] * 20, [4] * 20, 0.5, "limits not estimable: all values equal"),
    ],
)
def test_superiority_that_cannot_have_limits_says_why(x: list[float], y: list[float], estimate: float, reason: str):
    superior = probability_superiority(x, None, y, None)
    assert superior.estimate == pytest.approx(estimate, nan_ok=True)
    assert superior.method == reason
    assert math.isnan(superior.conf_low)
    assert math.isnan(superior.conf_high)


def test_permutation_limits_of_small_groups_cover_as_promised():
    # 0.75 = P(X > Y) for normal X and Y one SD of their difference times 0.674 apart; 10 and 6 patients
    rng = np.random.default_rng(11)
    distance = stats.norm.ppf(0.75) * math.sqrt(1 + 4)
    covered = []
    for _ in range(120):
        x, y = rng.normal(distance, 1, 10), rng.normal(0, 2, 6)
        superior = probability_superiority(x, None, y, None)
        covered.append(superior.conf_low <= 0.75 <= superior.conf_high)
    assert 0.90 <= np.mean(covered) <= 0.995


@pytest.mark.parametrize("case", ["two exact", "two normal"])
def test_the_shift_is_that_of_r(case: str):
    cases = reference(case)
    assert len(cases) >= 2
    for x, y, level, numbers in cases:
        shift = hodges_lehmann_shift(x, None, y, None, conf_level=level)
        assert shift.estimate == pytest.approx(numbers["estimate"], abs=EXACT)
        assert shift.conf_low == pytest.approx(numbers["conf_low"], abs=ROOT)
        assert shift.conf_high == pytest.approx(numbers["conf_high"], abs=ROOT)
        assert shift.p_value == pytest.approx(numbers["p_value"], abs=EXACT)
        assert case.split()[1] in shift.method


@settings(deadline=None)
@given(scores, scores)
def test_the_shift_has_the_p_value_of_scipy(x: list[float], y: list[float]):
    shift = hodges_lehmann_shift(x, None, y, None)
    assert shift.estimate == pytest.approx(np.median(np.subtract.outer(x, y)), abs=EXACT)
    if len(set(x + y)) > 1 and len(set(x + y)) < len(x + y):
        expected = stats.mannwhitneyu(x, y, method="asymptotic").pvalue
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
