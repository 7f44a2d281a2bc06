"""Probability of superiority and Cliff's delta against R, scipy, all allocations and their own laws."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.ranks.placements import all_allocations, random_allocations
from nmosd_cohort.statistics.ranks.superiority import cliffs_delta, probability_superiority
from tests.statistics.tally_helpers import EXACT, SAMPLES, assert_same, columns, numbers_of, rows, tallies

R = numbers_of("rank_tests")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10), min_size=30, max_size=45), st.lists(st.integers(0, 10), min_size=30, max_size=45))
def test_plain_superiority_is_that_of_scipy(x: list[float], y: list[float]):
    superior = probability_superiority(x, None, y, None, scale="plain")
    pairs = np.subtract.outer(x, y)
    assert superior.estimate == pytest.approx((pairs > 0).mean() + (pairs == 0).mean() / 2, abs=EXACT)
    if "Brunner" in superior.method:
        assert superior.p_value == pytest.approx(stats.brunnermunzel(y, x).pvalue, abs=1e-9)
        assert 0 <= superior.conf_low < superior.estimate < superior.conf_high <= 1


@pytest.mark.parametrize("scale", ["plain", "logit"])
def test_superiority_is_the_formula_in_r(scale: str):
    superior = probability_superiority(SAMPLES["many"][0], None, SAMPLES["many"][1], None, scale=scale)
    assert superior.estimate == pytest.approx(R["bm estimate", "many"], abs=EXACT)
    assert superior.std_error == pytest.approx(R["bm se", "many"], abs=EXACT)
    assert superior.p_value == pytest.approx(R[f"bm {scale} p", "many"], rel=1e-9)
    assert superior.conf_low == pytest.approx(R[f"bm {scale} low", "many"], abs=EXACT)
    assert superior.conf_high == pytest.approx(R[f"bm {scale} high", "many"], abs=EXACT)
    assert superior.method == f"Brunner-Munzel, t on the {scale} scale"


many = st.lists(st.tuples(st.integers(0, 4), st.integers(3, 20)), min_size=2, max_size=5)


@settings(max_examples=60, deadline=None)
@given(many | tallies, many | tallies, st.sampled_from(["logit", "plain"]), st.sampled_from([0.9, 0.95]))
def test_limits_leave_out_a_half_when_p_is_small_and_only_then(
    x: list[tuple[int, ...]], y: list[tuple[int, ...]], scale: str, level: float
):
    superior = probability_superiority(*columns(x), *columns(y), scale=scale, conf_level=level)
    is_borderline = abs(superior.p_value - (1 - level)) < 1e-12
    if not math.isnan(superior.conf_low) and not is_borderline:
        leaves_out = superior.conf_low > 0.5 or superior.conf_high < 0.5 or "0.5 itself rejected" in superior.method
        assert leaves_out == (superior.p_value < 1 - level)


def test_plain_limits_are_cut_off_at_one():
    high = [4] * 39 + [1]
    superior = probability_superiority(high, None, [1] * 34 + [4], None, scale="plain")
    assert superior.conf_high == 1
    assert probability_superiority(high[:2] + high[-2:], None, [1, 1, 1, 4], None, scale="plain").conf_high == 1


def test_three_against_three_apart_do_not_reject_a_half():
    # p = 2 / choose(6, 3) = 0.1, though Newcombe's limit alone is 0.501
    superior = probability_superiority([4, 5, 6], None, [1, 2, 3], None)
    assert (superior.conf_low, superior.p_value) == (0.5, pytest.approx(0.1))


def test_an_unknown_scale_is_named():
    with pytest.raises(ValueError, match="scale is 'probit'; it must be one of logit, plain"):
        probability_superiority([1], None, [2], None, scale="probit")


def test_cliffs_delta_is_that_of_r_and_its_error_near_that_of_cliff():
    term = "many"
    delta = cliffs_delta(SAMPLES[term][0], None, SAMPLES[term][1], None)
    assert delta.estimate == pytest.approx(R["cliffs delta", term], abs=EXACT)
    assert delta.p_value == pytest.approx(R["bm logit p", term], rel=1e-9)
    assert delta.conf_low == pytest.approx(2 * R["bm logit low", term] - 1, abs=EXACT)
    assert delta.std_error == pytest.approx(R["cliff 1993 se", term], rel=0.01)


@settings(max_examples=30, deadline=None)
@given(tallies, tallies, st.integers(2, 4))
def test_delta_turns_round_and_takes_no_notice_of_the_unit(
    x: list[tuple[int, ...]], y: list[tuple[int, ...]], factor: int
):
    delta = cliffs_delta(*columns(x), *columns(y))
    assert delta.estimate == pytest.approx(-cliffs_delta(*columns(y), *columns(x)).estimate, abs=EXACT)
    cubed = [[float(value**3 * factor) for value in columns(group)[0]] for group in (x, y)]
    assert_same(delta, cliffs_delta(cubed[0], columns(x)[1], cubed[1], columns(y)[1]))
    pairs = np.sign(np.subtract.outer(rows(x), rows(y)))
    assert delta.estimate == pytest.approx(pairs.mean(), abs=EXACT)


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
    superior = probability_superiority(x, None, y, None, scale="plain")
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
    on_logit = probability_superiority(x, None, y, None)
    assert 0 < on_logit.conf_low < superior.estimate < on_logit.conf_high < 1


def test_random_allocations_are_repeatable_and_near_all_of_them():
    pooled = np.array([3, 4, 4, 3, 2])
    every, drawn = all_allocations(pooled, 6), random_allocations(pooled, 6, size=9_999, seed=3)
    again = random_allocations(pooled, 6, size=9_999, seed=3)
    assert (drawn[0] == again[0]).all()
    for one, two in zip(every, drawn, strict=True):
        assert np.quantile(one, 0.9) == pytest.approx(np.quantile(two, 0.9), rel=0.06)
        assert (one >= 2).mean() == pytest.approx((two >= 2).mean(), abs=0.01)


def test_random_allocations_in_blocks_have_the_size_asked_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("nmosd_cohort.statistics.ranks.placements.BLOCK_CELLS", 70)
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


@pytest.mark.parametrize(
    ("x", "y", "p_value"),
    [
        ([9, 9], [1] * 5, 1 / 21),  # the mirror image would cut the five
        ([1] * 5, [9, 9], 1 / 21),
        ([3, 4], [1, 1, 1, 2, 2], 1 / 21),
        ([3, 4], [1, 1, 2, 2, 2], 2 / 21),
        ([9] * 3, [1] * 3, 2 / 20),
    ],
)
def test_p_of_separated_groups_counts_the_mirror_image_unless_it_cuts_a_tie(x: list[int], y: list[int], p_value: float):
    superior = probability_superiority(x, None, y, None)
    pooled = np.array(x + y)
    chosen = [list(places) for places in itertools.combinations(range(pooled.size), len(x))]
    apart = [
        pooled[one].min() > np.delete(pooled, one).max() or pooled[one].max() < np.delete(pooled, one).min()
        for one in chosen
    ]
    assert superior.p_value == pytest.approx(p_value) == pytest.approx(np.mean(apart))
    assert p_value > 0.05 or 0.5 in (superior.conf_low, superior.conf_high)


def test_one_patient_beyond_all_others_has_a_p_but_no_limits():
    superior = probability_superiority([9], None, [1], [40])
    assert (superior.estimate, superior.p_value) == (1, pytest.approx(1 / 41))
    assert superior.method == "limits not estimable: a group has one patient"
    assert math.isnan(superior.conf_low)
