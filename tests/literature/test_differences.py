"""Differences from published figures, by hand and from other software."""

from dataclasses import replace
from typing import Any

import pytest
from scipy.stats import ttest_ind_from_stats
from statsmodels.stats.proportion import confint_proportions_2indep

from nmosd_cohort.literature.catalogue import find_figure
from nmosd_cohort.literature.differences import Difference, difference, number


def gap_to(figure_id: str, **local: Any) -> Difference:
    gap = difference(find_figure(figure_id), local)
    assert isinstance(gap, Difference), gap
    return gap


def why_not(figure_id: str, **local: Any) -> str:
    gap = difference(find_figure(figure_id), local)
    assert isinstance(gap, str)
    return gap


def test_shares_with_counts_agree_with_statsmodels_newcombe() -> None:
    gap = gap_to("zhang_2022_pain_current", estimate=0.5, n=60, events=30)
    low, high = confint_proportions_2indep(30, 60, 81, 122, method="newcomb")
    narrow = confint_proportions_2indep(30, 60, 81, 122, method="newcomb", alpha=0.10)
    assert (gap.conf_low, gap.conf_high) == pytest.approx((low, high))
    assert (gap.equivalence_low, gap.equivalence_high) == pytest.approx(narrow)
    # chi-square without correction: z = (30/60 - 81/122) / sqrt(111/182 * 71/182 * (1/60 + 1/122)) = -2.132
    assert gap.p_value == pytest.approx(0.0330, abs=2e-4)


def test_share_against_pooled_interval_is_tested_on_the_logit_scale() -> None:
    # by hand: logit(0.562) = 0.2493, published error (0.8526 + 0.3352) / 3.92 = 0.3030; local logit 0, error 0.2
    gap = gap_to("akrivaki_2026_np", estimate=0.5, n=100, events=50)
    assert gap.estimate == pytest.approx(-0.062)
    assert gap.p_value == pytest.approx(0.492, abs=0.003)
    assert gap.conf_low < -0.062 < gap.conf_high
    assert "logit" in gap.note


@pytest.mark.parametrize("events", [0, 40])
def test_empty_and_full_local_share_keep_finite_limits_against_a_pooled_one(events: int) -> None:
    gap = gap_to("akrivaki_2026_np", estimate=events / 40, n=40, events=events)
    assert -1 < gap.conf_low < gap.conf_high < 1
    assert gap.p_value < 0.01


def test_correlations_are_compared_by_kind() -> None:
    row = {"estimate": 0.55, "n": 60, "measure": "spearman"}
    gap = gap_to("chavarro_2016_r_np_depression", **row)
    # z difference 0.6184 - 0.3553; variance (1 + 0.55^2 / 2) / 57 + 1 / 68 = 0.03490: z = 1.408
    assert gap.p_value == pytest.approx(0.159, abs=1e-3)
    pearson = gap_to("chavarro_2016_r_np_depression", **(row | {"measure": "pearson"}))
    assert pearson.p_value < gap.p_value
    rank = gap_to("meca_lallana_2022_rho_pain_psychological", **row)
    assert rank.estimate == pytest.approx(0.55 - 0.76487)


def test_odds_ratios_are_compared_on_the_log_scale() -> None:
    # log(2 / 4.15) = -0.7301; errors log(12.35 / 1.4) / 3.92 = 0.5554 and log(4) / 3.92 = 0.3537, together 0.6584
    gap = gap_to("zhang_2022_or_depression_np_vs_other_pain", estimate=2.0, conf_low=1.0, conf_high=4.0, n=100)
    assert gap.estimate == pytest.approx(-0.7300, abs=1e-3)
    assert gap.std_error == pytest.approx(0.6585, abs=1e-3)
    assert gap.p_value == pytest.approx(0.268, abs=1e-3)


def test_standard_error_follows_from_a_printed_p_value() -> None:
    # log(1.27) = 0.2390, p 0.018 is z = 2.366: error 0.1010; local log(4) / 3.92 = 0.3537
    gap = gap_to("ayzenberg_2021_or_myelitis_attacks", estimate=1.27, conf_low=0.635, conf_high=2.54, n=100)
    assert gap.estimate == pytest.approx(0)
    assert gap.std_error == pytest.approx(0.3678, abs=1e-3)
    assert "p 0.018 implies" in gap.note


def test_bound_on_p_gives_the_largest_error() -> None:
    # 0.48 / 2.576 = 0.1863
    gap = gap_to("tackley_2017_beta_thoracic", estimate=0.48, std_error=1e-6, n=40)
    assert gap.std_error == pytest.approx(0.1863, abs=2e-4)
    assert "at most" in gap.note


def test_means_agree_with_scipy_welch() -> None:
    gap = gap_to("argentina_2022_bodily_pain", estimate=50.0, std_error=3.0, n=100)
    welch = ttest_ind_from_stats(50, 30, 100, 58.8, 29.8, 53, equal_var=False)
    assert gap.p_value == pytest.approx(welch.pvalue)
    assert gap.estimate == pytest.approx(-8.8)


def test_change_of_means_uses_the_widest_plausible_error() -> None:
    # SD of the change: sqrt(1.5^2 + 1.2^2 - 2 r 1.5 * 1.2) = 1.616 for r 0.3 and 0.900 for r 0.8
    gap = gap_to("araki_2014_pain_12m", estimate=-1.0, std_error=1e-9, n=50)
    assert gap.estimate == pytest.approx(1.1)
    assert gap.std_error == pytest.approx(1.6155 / 7**0.5, abs=1e-4)
    assert "between 0.90 and 1.62" in gap.note


def test_medians_are_not_compared() -> None:
    local = {"estimate": 6.0, "conf_low": 4.0, "conf_high": 8.0, "n": 20}
    assert "medians of whole scores" in str(difference(find_figure("ringelstein_2015_pain_baseline"), local))


def test_attack_rates_are_compared_on_the_log_scale() -> None:
    # published 1.1 / sqrt(7) / 2.9 = 0.1434, local log(4) / 3.92 = 0.3537
    gap = gap_to("araki_2014_arr_before", estimate=1.0, conf_low=0.5, conf_high=2.0, n=30)
    assert gap.std_error == pytest.approx(0.3816, abs=1e-3)
    assert gap.scale == "log rate"


def test_printed_limits_give_the_error_of_an_adjusted_difference() -> None:
    # (1.6 - 1.09) / 3.92 = 0.1301
    gap = gap_to("meta_tocilizumab_2023_arr", estimate=-1.34, std_error=1e-9, n=30)
    assert gap.std_error == pytest.approx(0.1301, abs=1e-3)


@pytest.mark.parametrize(
    ("figure_id", "local", "reason"),
    [
        ("zhang_2022_np_all", {}, "no local value"),
        ("zhang_2022_np_all", {"estimate": 0.3, "n": 50}, "no counts"),
        ("khieukhajee_2020_tonic_spasm", {"estimate": 0.3, "n": 50, "events": 15}, "neither counts nor an interval"),
        ("chai_review_pain_ms", {"estimate": 0.3, "n": 50, "events": 15}, "share was not seen"),
        ("beekman_2019_r_pain_qol", {"estimate": 1.0, "n": 50}, "perfect"),
        ("kong_2016_pain_qol", {"estimate": 0.3, "n": 50}, "correlation or its n was not seen"),
        ("tong_2022_edss", {"estimate": 2.0}, "odds ratio was not seen"),
        ("tong_2022_or_c5a", {"estimate": 2.0, "conf_low": 1, "conf_high": 4}, "no interval, spread or p-value"),
        ("jrcts031180152_arr_before", {"estimate": 1.0, "conf_low": 0.5, "conf_high": 2}, "no interval, spread"),
        ("araki_2014_arr_after", {"estimate": 0.0, "conf_low": 0, "conf_high": 0.2}, "no logarithm"),
        ("mealy_2019_eq5d", {"estimate": 0.7}, "mean, its SD or its n"),
        ("argentina_2022_bodily_pain", {"estimate": 50.0, "n": 9}, "local mean has no standard error"),
        ("ringelstein_2015_pain_baseline", {"estimate": 6.0, "n": 9}, "medians of whole scores"),
        ("araki_2014_edss", {"estimate": -1.0}, "change was not seen as a number"),
        ("araki_2013_pain", {"estimate": -1.0}, "change has no spread"),
        ("araki_2014_pain_6m", {"estimate": -1.0}, "local change has no standard error"),
        ("zhang_2022_pcs_by_np", {"estimate": -4.0}, "value was not seen as a number"),
        ("tackley_2017_beta_cervical", {"estimate": -0.2}, "published or the local value is unknown"),
        ("qian_2012_pain_intensity", {"estimate": 0.0, "conf_low": 0, "conf_high": 0}, "local value is unknown"),
        ("du_2021_relapse_hr", {"estimate": 0.4}, "no way is laid down to compare a published hazard ratio"),
    ],
)
def test_reason_is_given_where_there_is_no_difference(figure_id: str, local: dict[str, Any], reason: str) -> None:
    assert reason in why_not(figure_id, **local)


def test_an_open_interval_is_not_assessable() -> None:
    pooled = find_figure("akrivaki_2026_np")
    open_ended = replace(pooled, numbers=replace(pooled.numbers, conf_high=100.0))
    assert "reaches 0 or 100" in str(difference(open_ended, {"estimate": 0.5, "n": 40, "events": 20}))


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), "many"])
def test_what_is_no_number_is_missing(value: object) -> None:
    assert number({"n": value}, "n") is None
