"""Means, changes, correlations and ratios pooled over studies, and means made from medians."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from nmosd_cohort.statistics.correlation.fisher_z import correlation_from_summary
from nmosd_cohort.statistics.pooling.correlations import correlation_studies, pool_correlations
from nmosd_cohort.statistics.pooling.means import change_studies, mean_studies, pool_changes, pool_means
from nmosd_cohort.statistics.pooling.quartiles import mean_from_quartiles
from nmosd_cohort.statistics.pooling.ratios import (
    pool_ratios,
    pool_two_groups,
    ratio_studies,
    two_group_studies,
)

NEAR = {"rel": 1e-9, "abs": 1e-11}  # metafor was told to stop late
MEANS = ([4.1, 5.0, 3.6, 4.4], [2.0, 2.4, 1.9, 2.2], [40, 25, 60, 12])
CHANGES = ([-2.1, -1.5, -1.9], [7, 19, 31])
SDS = {"sd_before": [1.5, 2.2, 2.0], "sd_after": [1.2, 2.6, 1.9], "correlation": 0.6}
COUNTS = ([0, 4, 6, 12, 0], [20, 31, 30, 40, 15], [3, 9, 9, 12, 0], [22, 30, 28, 12, 15])
RATES = ([12, 0, 5, 20], [20, 8, 11.5, 40], [30, 4, 9, 61], [22, 7, 10, 38])
HAZARDS = ([0.22, 0.38, 0.31, 0.55], [0.12, 0.21, 0.15, 0.30], [0.40, 0.69, 0.64, 1.01])


def agrees(pooled, expected: dict[str, float], scale=lambda value: value) -> None:
    """Compare with metafor, which hands effects back on the scale of the pooling."""
    found = {
        "mean": scale(pooled.estimate),
        "low": scale(pooled.conf_low),
        "high": scale(pooled.conf_high),
        "prediction_low_2": scale(pooled.prediction_low),
        "prediction_high_2": scale(pooled.prediction_high),
        **{name: getattr(pooled, name) for name in ("tau2", "tau2_low", "tau2_high", "i2", "h2", "q", "q_p")},
    }
    assert found == pytest.approx({term: expected[term] for term in found}, **NEAR)


def test_means_come_out_as_in_r_metafor(metafor):
    pooled = pool_means(*MEANS, knapp_hartung="floor")
    agrees(pooled, metafor["means"])
    assert pooled.std_error == pytest.approx(metafor["means"]["error"], **NEAR)
    assert pooled.n == 137
    assert math.isnan(pooled.p_value)


def test_changes_come_out_as_in_r_metafor(metafor):
    pooled = pool_changes(*CHANGES, **SDS, knapp_hartung="plain")
    agrees(pooled, metafor["changes"])
    assert pooled.p_value == pytest.approx(metafor["changes"]["p_value"], **NEAR)
    assert "assumed correlation of 0.6 in 3 of 3 studies" in pooled.method


def test_correlations_come_out_as_in_r_metafor(metafor):
    molloy = metafor["molloy"]
    r, n = ([molloy[f"{name} {study}"] for study in range(1, 17)] for name in ("ri", "ni"))
    pooled = pool_correlations(r, n, kind="pearson", knapp_hartung="none")
    agrees(pooled, metafor["pearson"], math.atanh)
    # help(dat.molloy2014): r = 0.15 (0.09 to 0.21)
    assert (pooled.estimate, pooled.conf_low, pooled.conf_high) == pytest.approx((0.15, 0.09, 0.21), abs=0.005)


def test_rank_correlations_have_the_bonett_wright_variance(metafor):
    pooled = pool_correlations(
        [0.34, 0.52, 0.41, 0.15, 0.60], [71, 40, 122, 35, 28], kind="spearman", knapp_hartung="plain"
    )
    agrees(pooled, metafor["spearman"], math.atanh)
    assert pooled.p_value == pytest.approx(metafor["spearman"]["p_value"], **NEAR)


@pytest.mark.parametrize(("measure", "name"), [("odds_ratio", "OR"), ("risk_ratio", "RR")])
def test_ratios_from_counts_with_empty_cells_come_out_as_in_r_metafor(metafor, measure: str, name: str):
    pooled = pool_two_groups(*COUNTS, measure=measure, knapp_hartung="floor")
    agrees(pooled, metafor[name], math.log)
    assert pooled.k == 4
    assert "half an event added to every cell in 2 of 4 studies" in pooled.method
    assert "1 study left out that tell nothing" in pooled.method
    assert pooled.n == 20 + 22 + 31 + 30 + 30 + 28 + 40 + 12


def test_rate_ratios_come_out_as_in_r_metafor(metafor):
    pooled = pool_two_groups(*RATES, measure="rate_ratio", knapp_hartung="plain")
    agrees(pooled, metafor["IRR"], math.log)
    assert "half an event added to both groups in 1 of 4 studies" in pooled.method


def test_ratios_with_limits_come_out_as_in_r_metafor(metafor):
    pooled = pool_ratios(*HAZARDS, knapp_hartung="floor")
    agrees(pooled, metafor["HR"], math.log)


@pytest.mark.parametrize("n", [5, 30, 201])
def test_means_from_medians_follow_the_formulas(metafor, n: int):
    expected = metafor["median"]
    for name, known in {
        "range": {"extremes": (1, 10)},
        "quartiles": {"quartiles": (3, 6.5)},
        "both": {"quartiles": (3, 6.5), "extremes": (1, 10)},
    }.items():
        found = mean_from_quartiles(4, n, **known)
        assert (found.mean, found.sd) == pytest.approx((expected[f"{name} {n}"], expected[f"{name}_sd {n}"]), rel=1e-12)


def test_a_mean_from_a_range_is_that_of_the_package_metablue():
    # R package metaBLUE, example of Luo.mean: X = c(1, 4, 10), n = 30 gives 4.356748
    assert mean_from_quartiles(4, 30, extremes=(1, 10)).mean == pytest.approx(4.356748, abs=5e-7)


def test_a_mean_from_quartiles_finds_normal_values_again():
    values = np.random.default_rng(4).normal(50, 10, (400, 40))
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75], axis=1)
    found = [
        mean_from_quartiles(*study, 40, quartiles=pair)
        for study, pair in zip(median[:, None], zip(low, high, strict=True), strict=True)
    ]
    # 400 studies of 40: means within 10 / sqrt(16000) x 3 = 0.24, SDs within a few per cent
    assert np.mean([study.mean for study in found]) == pytest.approx(50, abs=0.24)
    assert np.mean([study.sd for study in found]) == pytest.approx(10, abs=0.35)


def test_method_tells_how_lopsided_the_median_is():
    assert "median 0% off the middle" in mean_from_quartiles(5, 20, quartiles=(3, 7)).method
    # 1 is 3 below the middle of 0 and 8, of half a distance of 4
    assert "median 75% off the middle" in mean_from_quartiles(1, 20, quartiles=(0, 8)).method
    # quartiles that are equal tell nothing; the range does
    assert "median 100% off the middle" in mean_from_quartiles(0, 20, quartiles=(0, 0), extremes=(0, 9)).method


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 4, "quartiles": (1, 5)}, "needs 5 patients"),
        ({"n": 20}, "give the quartiles, the extremes, or both"),
        ({"n": 20, "quartiles": (4, 5)}, "4, 3, 5 do not rise"),
        ({"n": 20, "quartiles": (2, 5), "extremes": (2.5, 9)}, "2.5, 2, 3, 5, 9 do not rise"),
        ({"n": 20, "extremes": (3, 3)}, "all values are equal"),
        ({"n": 20, "extremes": (math.nan, 3)}, "lower of extremes is nan; it must be a number"),
        ({"n": 20, "extremes": (-math.inf, 3)}, "finite numbers"),
        ({"n": 20, "quartiles": [1]}, "quartiles is .1.; it must be two numbers"),
        ({"n": 20, "quartiles": (1, 3, 5)}, "it must be two numbers"),
        ({"n": 20, "quartiles": 2}, "quartiles is 2; it must be two numbers"),
        ({"n": 20, "quartiles": ("1", 5)}, "lower of quartiles is '1'; it must be a number"),
        ({"n": 20, "extremes": (1, None)}, "upper of extremes is None; it must be a number"),
        ({"n": 20, "extremes": "19"}, "lower of extremes is '1'; it must be a number"),
        ({"median": "3", "n": 20, "quartiles": (1, 5)}, "median is '3'; it must be a number"),
        ({"n": 2.5, "extremes": (1, 9)}, "whole number"),
    ],
)
def test_impossible_medians_are_named(arguments, message: str):
    with pytest.raises(ValueError, match=message):
        mean_from_quartiles(**{"median": 3, **arguments})


def test_one_study_comes_back_with_limits_of_its_own():
    mean = pool_means([4.1], [2.0], [40])
    reach = float(t.ppf(0.975, 39)) * 2 / math.sqrt(40)
    assert (mean.estimate, mean.conf_low, mean.conf_high) == pytest.approx((4.1, 4.1 - reach, 4.1 + reach))
    assert mean.method == "one study, t limits"
    # n = 19, r = 0.6: -1.5 (-2.55 to -0.45); n = 7: -2.1 (-3.24 to -0.96); statistics.md 4.3
    for change, n, before, after, limits in ((-1.5, 19, 2.2, 2.6, (-2.55, -0.45)), (-2.1, 7, 1.5, 1.2, (-3.24, -0.96))):
        one = pool_changes([change], [n], sd_before=[before], sd_after=[after], correlation=0.6)
        assert (one.conf_low, one.conf_high) == pytest.approx(limits, abs=0.005)
        assert one.p_value < 0.05
    hazard = pool_ratios([0.22], [0.12], [0.40])
    assert (hazard.estimate, hazard.conf_low, hazard.conf_high) == (0.22, 0.12, 0.40)
    assert hazard.method == "one study, limits as given"
    r = pool_correlations([0.341], [71], kind="pearson")
    alone = correlation_from_summary(0.341, 71, kind="pearson")
    assert (r.conf_low, r.conf_high, r.p_value) == (alone.conf_low, alone.conf_high, alone.p_value)


def test_limits_of_another_level_are_made_anew():
    studies = ratio_studies([0.5], [0.25], [1.0], limits_level=0.9)
    # error log 2 / 1.644854 = 0.421404; 95 %: exp(log 0.5 -+ 0.825936)
    assert studies.own[0].conf_low == pytest.approx(0.5 * math.exp(-1.959964 * math.log(2) / 1.644854), rel=1e-6)


def test_a_known_sd_of_change_needs_no_correlation():
    mixed = pool_changes(
        *CHANGES,
        sd_change=[1.3, math.nan, 2.0],
        sd_before=[math.nan, 2.2, math.nan],
        sd_after=[math.nan, 2.6, 1.0],
        correlation=0.5,
        notes=["", "read off a figure", ""],
    )
    assert "read off a figure; SD of change from SDs before and after" in mixed.method
    assert mixed.method.endswith("correlation of 0.5 in 1 of 3 studies")
    made = math.sqrt(2.2**2 + 2.6**2 - 2.2 * 2.6)
    same = pool_changes(*CHANGES, sd_change=[1.3, made, 2.0])
    assert (same.estimate, same.conf_low) == pytest.approx((mixed.estimate, mixed.conf_low))
    assert "correlation" not in same.method


def test_means_from_medians_are_told():
    made = mean_from_quartiles(4, 25, quartiles=(2, 6))
    pooled = pool_means([4.1, made.mean], [2.0, made.sd], [40, 25], notes=["", made.method])
    assert "from median, quartiles" in pooled.method
    assert pooled.method.endswith("in 1 of 2 studies")


def test_a_ratio_off_the_middle_of_its_limits_is_told():
    assert "ratio off the middle of its limits in 1 of 2 studies" in pool_ratios([0.5, 3], [0.25, 1], [1, 4]).method


def test_both_kinds_of_correlation_are_told():
    pooled = pool_correlations([0.3, 0.4, 0.5], [40, 50, 60], kind=["pearson", "spearman", "spearman"])
    assert pooled.method.endswith("Pearson in 1 of 3 studies; Spearman in 2 of 3 studies")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(0.5, 4), st.integers(5, 80)), min_size=2, max_size=5),
    st.floats(-10, 10),
    st.floats(0.2, 5),
)
def test_moving_and_scaling_all_means(studies, shift: float, factor: float):
    means, sds, n = (np.array(column) for column in zip(*studies, strict=True))
    pooled = pool_means(means, sds, n)
    moved = pool_means(shift + factor * means, factor * sds, n)
    assert moved.estimate == pytest.approx(shift + factor * pooled.estimate, abs=1e-5)
    assert moved.conf_high == pytest.approx(shift + factor * pooled.conf_high, abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(1, 12), st.integers(0, 12), st.integers(1, 12)),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["odds_ratio", "risk_ratio", "rate_ratio"]),
)
def test_swapping_groups_turns_the_ratio_over(studies, measure: str):
    first, more_1, second, more_2 = (np.array(column) for column in zip(*studies, strict=True))
    if (first + second).sum() == 0:
        with pytest.raises(ValueError, match="no study tells anything"):
            pool_two_groups(first, first + more_1, second, second + more_2, measure=measure)
        return
    there = pool_two_groups(first, first + more_1, second, second + more_2, measure=measure)
    back = pool_two_groups(second, second + more_2, first, first + more_1, measure=measure)
    assert back.estimate * there.estimate == pytest.approx(1, rel=1e-8)
    assert back.conf_low * there.conf_high == pytest.approx(1, rel=1e-8)
    assert back.p_value == pytest.approx(there.p_value, rel=1e-6, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-0.95, 0.95), st.integers(4, 200)), min_size=1, max_size=5))
def test_correlations_change_sign_with_the_variable(studies):
    r, n = (np.array(column) for column in zip(*studies, strict=True))
    there, back = (pool_correlations(sign * r, n, kind="spearman") for sign in (1, -1))
    assert back.estimate == pytest.approx(-there.estimate, abs=1e-9)
    assert back.conf_low == pytest.approx(-there.conf_high, abs=1e-9)
    assert -1 <= there.conf_low <= there.estimate <= there.conf_high <= 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_studies([1, 2], [1, 0], [9, 9]), "sds of study 2 is 0; it must be above 0"),
        (lambda: mean_studies([1, 2], [1, 1], [9, 1]), "study 2 has 1 patients"),
        (lambda: mean_studies([1, 2], [1], [9, 9]), "sds has 1 entries for 2 studies"),
        (lambda: mean_studies([1, 2], [1, 1], [9, 9], notes=["a"]), "2 studies but 1 notes"),
        (lambda: change_studies([1, 2], [9, 9]), "study 1 has no sd_change"),
        (lambda: change_studies([1], [9], sd_before=[1], sd_after=[1]), "correlation is not given"),
        (lambda: change_studies([1], [9], sd_before=[1], sd_after=[1], correlation=2), "correlation is 2"),
        (lambda: change_studies([1], [9], sd_before=[1], sd_after=[1], correlation=1), "sd_change of study 1 is 0"),
        (lambda: change_studies([1], [9], sd_before=[-1], sd_after=[1], correlation=0), "sd_before of study 1 is -1"),
        (lambda: change_studies([1], [9], sd_change=[math.inf]), "missing or infinite"),
        (lambda: correlation_studies([1.0], [9], kind="pearson"), "study 1 is perfect"),
        (lambda: correlation_studies([1.2], [9], kind="pearson"), "1.2 is not possible"),
        (lambda: correlation_studies([0.2], [3], kind="pearson"), "n is 3"),
        (lambda: correlation_studies([0.2], [9], kind="kendall"), "kind is 'kendall'"),
        (lambda: correlation_studies([0.2, 0.1], [9, 9], kind=["pearson"]), "kind has 1 entries for 2 studies"),
        (lambda: ratio_studies([0.5], [0.6], [1.0]), "ratio 0.5 with limits 0.6 to 1"),
        (lambda: ratio_studies([0.5], [0.0], [1.0]), "conf_low of study 1 is 0"),
        (lambda: ratio_studies([0.5], [0.5], [0.5]), "check the three"),
        (lambda: two_group_studies([5], [4], [1], [9], measure="odds_ratio"), "5 events in 4 patients of group 1"),
        (lambda: two_group_studies([1], [4.5], [1], [9], measure="odds_ratio"), "not whole"),
        (lambda: two_group_studies([0], [0], [1], [9], measure="odds_ratio"), "of_1 of study 1 is 0"),
        (lambda: two_group_studies([0], [4], [0], [9], measure="rate_ratio"), "no study tells anything"),
        (lambda: two_group_studies([4], [4], [9], [9], measure="odds_ratio"), "no study tells anything"),
        (lambda: two_group_studies([1], [4], [1], [9], measure="hazard"), "measure is 'hazard'"),
    ],
)
def test_impossible_studies_are_named(call, message: str):
    with pytest.raises(ValueError, match=message):
        call()
