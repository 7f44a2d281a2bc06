"""Differences from published figures, by hand and from other software."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind_from_stats
from statsmodels.stats.proportion import confint_proportions_2indep

from nmosd_cohort.literature.catalogue import find_figure
from nmosd_cohort.literature.differences import METHODS, NO_METHOD, difference
from nmosd_cohort.literature.figure import Figure, Measure
from nmosd_cohort.literature.scales.difference import (
    Difference,
    error_from_p,
    number,
    printed_error,
    wald_difference,
    welch_freedom,
)

# tests/reference/verdicts.R
REFERENCE = pd.read_csv(Path(__file__).parents[1] / "reference" / "verdicts.csv").set_index(["case", "quantity"])[
    "value"
]


def with_counts(events: int, n: int) -> Figure:
    """Return a published share with other counts."""
    figure = find_figure("zhang_2022_pain_current")
    return replace(figure, numbers=replace(figure.numbers, events=events, n=n, estimate=None))


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


def test_medians_are_not_compared_those_of_attack_rates_for_their_own_reason() -> None:
    for figure in ("ringelstein_2022_arr_aqp4", "ringelstein_2015_arr"):  # one with its unit, one without
        reason = str(difference(find_figure(figure), {"estimate": -1.0, "n": 40}))
        assert reason.startswith("medians of patients' own attack rates have no reliable error")
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
        ("zhang_2022_np_all", {"estimate": 0.3, "n": 50}, "neither counts nor a standard error"),
        ("zhang_2022_np_all", {"estimate": 0.0, "std_error": 0.1, "n": 50}, "is 0 or 1 and has no counts"),
        ("khieukhajee_2020_tonic_spasm", {"estimate": 0.3, "n": 50, "events": 15}, "neither counts nor an interval"),
        ("chai_review_pain_ms", {"estimate": 0.3, "n": 50, "events": 15}, "share was not seen"),
        ("beekman_2019_r_pain_qol", {"estimate": 1.0, "n": 50}, "does not lie between -1 and 1"),
        ("beekman_2019_r_pain_qol", {"estimate": 0.5, "n": 3}, "fewer than 4 patients"),
        ("kong_2016_pain_qol", {"estimate": 0.3, "n": 50}, "correlation or its n was not seen"),
        ("zhang_2022_np_all", {"estimate": 1.2, "n": 50, "events": 60}, "share is 1.2; shares run from 0 to 1"),
        ("zhang_2022_np_all", {"estimate": 0.5, "n": 50, "events": 60}, "has 60 events of 50 patients"),
        ("zhang_2022_np_all", {"estimate": 0.5, "n": 50, "events": -1}, "has -1 events of 50 patients"),
        ("zhang_2022_np_all", {"estimate": 0.5, "n": 21, "events": 10.5}, "neither counts nor a standard error"),
        ("zhang_2022_np_all", {"estimate": 0.5, "n": pd.NA, "events": pd.NA}, "neither counts nor a standard error"),
        (
            "araki_2014_arr_after",
            {"estimate": 1.0, "conf_low": 0.2, "conf_high": math.inf, "std_error": 0.4},
            "infinite",
        ),
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
        ("du_2021_relapse_hr", {"estimate": 0.4}, "no logarithm"),
        ("araki_2014_arr_after", {"estimate": 0.3, "std_error": 0.0}, "no logarithm"),
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


@pytest.mark.parametrize("case", ["30/60/81/122", "5/40/35/122", "45/50/117/145"])
def test_shares_agree_with_r(case: str) -> None:
    ours, n, theirs, m = (int(part) for part in case.split("/"))
    gap = difference(with_counts(theirs, m), {"estimate": ours / n, "n": n, "events": ours})
    assert isinstance(gap, Difference)
    found = (gap.conf_low, gap.conf_high, gap.equivalence_low, gap.equivalence_high, gap.p_value)
    names = ("low_95", "high_95", "low_90", "high_90", "p_value")
    assert found == pytest.approx([REFERENCE[f"newcombe {case}", name] for name in names])


def test_welch_agrees_with_r() -> None:
    gap = gap_to("argentina_2022_bodily_pain", estimate=50.0, std_error=3.0, n=100)
    found = (gap.p_value, gap.freedom, gap.conf_low, gap.conf_high)
    assert found == pytest.approx([REFERENCE["welch", name] for name in ("p_value", "freedom", "low_95", "high_95")])


def test_rank_correlations_agree_with_r() -> None:
    gap = gap_to("chavarro_2016_r_np_depression", estimate=0.55, n=60, measure="spearman")
    assert gap.p_value == pytest.approx(REFERENCE["bonett_wright 0.55/60 0.341/71", "p_value"])


def test_spread_of_a_rate_needs_its_patients() -> None:
    figure = find_figure("araki_2014_arr_before")
    unknown = replace(figure, numbers=replace(figure.numbers, n=None, events=None))
    local = {"estimate": 1.0, "conf_low": 0.5, "conf_high": 2.0, "n": 30}
    assert "no interval, spread or p-value" in str(difference(unknown, local))


def test_every_measure_of_the_catalogue_has_a_method_or_a_reason() -> None:
    assert set(METHODS) | set(NO_METHOD) == set(Measure.__args__)
    assert not set(METHODS) & set(NO_METHOD)


@pytest.mark.parametrize("measure", sorted(NO_METHOD))
def test_measures_without_a_method_say_why(measure: Any) -> None:
    figure = replace(find_figure("zhang_2022_pcs_by_np"), measure=measure)
    assert difference(figure, {"estimate": 1.0, "std_error": 0.1, "n": 50}) == NO_METHOD[measure]


def test_reweighted_share_is_tested_on_the_logit_scale() -> None:
    # local logit 0 with error 0.05 / 0.25 = 0.2; published 81/122: log(81/41) = 0.6809, sqrt(1/81 + 1/41) = 0.1917
    gap = gap_to("zhang_2022_pain_current", estimate=0.5, std_error=0.05, n=300)
    assert gap.p_value == pytest.approx(2 * 0.00702, abs=2e-4)  # z = 0.6809 / 0.2770 = 2.458
    assert gap.estimate == pytest.approx(0.5 - 81 / 122)
    assert gap.conf_low < gap.equivalence_low < gap.estimate < gap.equivalence_high < gap.conf_high < 0


def test_counts_that_do_not_give_the_estimate_are_not_used() -> None:
    # events of the raw patients, estimate of the weighted ones
    gap = gap_to("zhang_2022_pain_current", estimate=0.5, std_error=0.05, n=300, events=200)
    assert gap.note == "tested on the logit scale"


@pytest.mark.parametrize("events", [0, 40])
def test_reweighted_share_against_none_or_all_keeps_finite_limits(events: int) -> None:
    gap = difference(with_counts(events, 40), {"estimate": 0.5, "std_error": 0.05, "n": 100})
    assert isinstance(gap, Difference)
    # half a patient on either side: log(0.5 / 40.5) = -4.394, error sqrt(1 / 0.5 + 1 / 40.5) = 1.423
    assert gap.p_value == pytest.approx(0.00223, abs=1e-4)  # z = 4.394 / hypot(1.423, 0.2) = 3.058
    assert gap.conf_low <= gap.estimate <= gap.conf_high


def test_share_of_none_stays_inside_its_own_limits() -> None:
    gap = gap_to("akrivaki_2026_np", estimate=0.0, n=40, events=0)
    assert gap.conf_low == gap.estimate == pytest.approx(-0.562)


def test_correlation_with_its_own_error() -> None:
    # own error on the z scale 0.14 / (1 - 0.55^2) = 0.2007; published 1 / sqrt(68) = 0.1213; z = 0.2631 / 0.2345
    gap = gap_to("chavarro_2016_r_np_depression", estimate=0.55, n=60, measure="spearman", std_error=0.14)
    assert gap.p_value == pytest.approx(0.2618, abs=1e-3)


def test_published_correlation_of_too_few_patients_is_refused() -> None:
    figure = find_figure("chavarro_2016_r_np_depression")
    few = replace(figure, numbers=replace(figure.numbers, n=3))
    assert "fewer than 4 patients" in str(difference(few, {"estimate": 0.2, "n": 50}))


def test_hazard_ratios_are_compared_on_the_log_scale() -> None:
    figure = find_figure("du_2021_relapse_hr")
    printed = replace(figure.numbers, estimate=0.5, conf_low=0.25, conf_high=1.0, p=None)
    gap = difference(replace(figure, numbers=printed), {"estimate": 1.0, "std_error": 0.3, "n": 60})
    assert isinstance(gap, Difference)
    assert gap.scale == "log hazard ratio"
    assert gap.estimate == pytest.approx(math.log(2))
    # log(4) / 3.92 = 0.3536 there, 0.3 / 1.0 here
    assert gap.std_error == pytest.approx(math.hypot(0.3536, 0.3), abs=1e-3)


def test_standard_error_of_a_printed_mean_goes_before_its_sd() -> None:
    figure = find_figure("argentina_2022_bodily_pain")
    numbers = replace(figure.numbers, sem=2.0, spread="sem")
    assert printed_error(numbers)[:2] == (2.0, 52.0)
    gap = difference(replace(figure, numbers=numbers), {"estimate": 58.8, "std_error": 1.5, "n": 100})
    assert isinstance(gap, Difference)
    assert gap.std_error == pytest.approx(2.5)


def test_printed_limits_of_a_mean_are_taken_as_those_of_t() -> None:
    numbers = replace(find_figure("argentina_2022_bodily_pain").numbers, n=10, sd=None, conf_low=50.0, conf_high=60.0)
    assert printed_error(numbers)[0] == pytest.approx(10 / (2 * 2.262157))


def test_spread_that_the_paper_does_not_name_is_told() -> None:
    numbers = replace(find_figure("argentina_2022_bodily_pain").numbers, spread="not stated")
    assert "taken as one" in printed_error(numbers)[2]
    assert printed_error(replace(numbers, spread="sd"))[2] == ""


def test_change_printed_with_its_own_error_needs_no_correlation() -> None:
    figure = find_figure("araki_2014_pain_12m")
    numbers = replace(figure.numbers, estimate=-2.0, sem=0.4)
    gap = difference(replace(figure, numbers=numbers), {"estimate": -1.0, "std_error": 0.3, "n": 40})
    assert isinstance(gap, Difference)
    assert (gap.estimate, gap.std_error, gap.note) == (pytest.approx(1.0), pytest.approx(0.5), "")


def test_errors_of_the_mean_before_and_after_are_made_spreads() -> None:
    figure = find_figure("araki_2014_pain_12m")
    before, after = figure.numbers.baseline, figure.numbers.follow_up
    assert before is not None
    assert after is not None
    root = math.sqrt(7)
    means = replace(
        figure.numbers,
        baseline=replace(before, sd=None, sem=1.5 / root),
        follow_up=replace(after, sd=None, sem=1.2 / root),
    )
    gap = difference(replace(figure, numbers=means), {"estimate": -1.0, "std_error": 1e-9, "n": 50})
    assert isinstance(gap, Difference)
    assert gap.std_error == pytest.approx(1.6155 / root, abs=1e-4)


def test_coefficient_with_a_printed_standard_error() -> None:
    figure = find_figure("tackley_2017_beta_cervical")
    numbers = replace(figure.numbers, sem=0.2)
    gap = difference(replace(figure, numbers=numbers), {"estimate": 0.0, "std_error": 0.15, "n": 40})
    assert isinstance(gap, Difference)
    assert gap.std_error == pytest.approx(0.25)


@pytest.mark.parametrize("p", [None, "<1", ".0", "0.0"])
def test_no_error_follows_from_a_p_that_says_nothing(p: str | None) -> None:
    assert error_from_p(0.4, p) == (None, "")


def test_known_errors_have_infinite_freedom() -> None:
    assert welch_freedom((1.0, math.inf), (2.0, math.inf)) == math.inf
    assert wald_difference("points", 0.0, 0.0).p_value == 1.0


COUNTS = st.integers(1, 150).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, COUNTS)
def test_swapped_sides_change_the_sign(one: tuple[int, int], other: tuple[int, int]) -> None:
    ours = difference(with_counts(*other), {"estimate": one[0] / one[1], "n": one[1], "events": one[0]})
    theirs = difference(with_counts(*one), {"estimate": other[0] / other[1], "n": other[1], "events": other[0]})
    assert isinstance(ours, Difference)
    assert isinstance(theirs, Difference)
    assert (ours.estimate, ours.conf_low, ours.conf_high) == pytest.approx(
        (-theirs.estimate, -theirs.conf_high, -theirs.conf_low)
    )
    assert ours.p_value == pytest.approx(theirs.p_value)


@given(COUNTS)
def test_equal_shares_are_never_different_and_more_patients_narrow_the_limits(counts: tuple[int, int]) -> None:
    events, n = counts
    gaps = [
        difference(
            with_counts(times * events, times * n), {"estimate": events / n, "n": times * n, "events": times * events}
        )
        for times in (1, 10)
    ]
    for gap in gaps:
        assert isinstance(gap, Difference)
        assert gap.p_value > 0.6
        assert gap.conf_low <= 0 <= gap.conf_high
    assert gaps[1].conf_high - gaps[1].conf_low < gaps[0].conf_high - gaps[0].conf_low  # type: ignore[union-attr]


def test_quartile_errors_of_medians_raise_false_alarms_where_many_have_no_pain() -> None:
    # why medians are refused: 40 % at 0, the rest around 5, 50 patients on both sides
    rng = np.random.default_rng(20240504)
    scores = np.where(rng.random((800, 2, 50)) < 0.4, 0, rng.normal(5, 2, (800, 2, 50)).round().clip(1, 10))
    scores.sort(axis=2)
    middles, quartiles = np.median(scores, axis=2), np.percentile(scores[:, 1], [25, 75], axis=1)
    # order statistics 18 and 33 are distribution-free 95 % limits of the median of 50
    here = (scores[:, 0, 32] - scores[:, 0, 17]) / 3.92
    there = math.sqrt(math.pi / 2) * (quartiles[1] - quartiles[0]) / 1.349 / math.sqrt(50)
    assert np.mean(np.abs(middles[:, 0] - middles[:, 1]) > 1.96 * np.hypot(here, there)) > 0.10
