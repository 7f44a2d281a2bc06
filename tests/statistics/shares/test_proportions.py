"""Shares, differences and ratios against R, published tables and hand calculation."""

import csv
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from nmosd_cohort.statistics.shares.assessment_bounds import worst_case_bounds
from nmosd_cohort.statistics.shares.paired_proportions import paired_proportion_difference
from nmosd_cohort.statistics.shares.proportions import proportion, proportion_difference
from nmosd_cohort.statistics.shares.ratios import odds_ratio, risk_ratio
from nmosd_cohort.statistics.shares.two_by_two import fisher_mid_p, is_sparse, score_p

EXACT = 1e-9
ITERATIVE = 1e-4  # limits of glm and fisher.test, which stop their iterations early
ROOT = 1e-7  # limits that R finds by a numerical search
REFERENCE = Path(__file__).parents[2] / "reference" / "proportions.csv"

tables = st.tuples(st.integers(1, 60), st.integers(1, 60)).flatmap(
    lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
)


def reference(prefix: str):
    """Return the numbers of R whose case starts with the prefix: one entry a case."""
    cases = {}
    with REFERENCE.open() as file:
        for row in csv.DictReader(file):
            if row["case"].startswith(prefix + " "):
                numbers = tuple(int(number) for number in row["case"].split()[1].split("/"))
                cases.setdefault(numbers, {})[row["quantity"]] = float(row["value"])
    return list(cases.items())


@pytest.mark.parametrize("method", ["wilson", "clopper_pearson", "jeffreys"])
def test_limits_of_a_share_are_those_of_r(method: str):
    cases = reference(method)
    assert len(cases) == 5
    for (events, n), numbers in cases:
        share = proportion(events, n, method=method)
        assert share.estimate == events / n
        assert share.conf_low == pytest.approx(numbers["conf_low"], abs=EXACT)
        assert share.conf_high == pytest.approx(numbers["conf_high"], abs=EXACT)


@pytest.mark.parametrize("method", ["wilson", "clopper_pearson", "jeffreys"])
@pytest.mark.parametrize("conf_level", [0.8, 0.99])
def test_limits_at_other_levels_are_those_of_statsmodels(method: str, conf_level: float):
    names = {"wilson": "wilson", "clopper_pearson": "beta", "jeffreys": "jeffreys"}
    low, high = proportion_confint(37, 86, alpha=1 - conf_level, method=names[method])
    share = proportion(37, 86, method=method, conf_level=conf_level)
    assert (share.conf_low, share.conf_high) == pytest.approx((low, high), abs=EXACT)
    assert share.conf_level == conf_level


@pytest.mark.parametrize("method", ["wilson", "clopper_pearson", "jeffreys"])
@pytest.mark.parametrize("n", [1, 7, 400])
def test_the_limit_at_the_boundary_is_exact(method: str, n: int):
    none, every = proportion(0, n, method=method), proportion(n, n, method=method)
    assert none.conf_low == 0.0
    assert every.conf_high == 1.0
    assert none.conf_high == pytest.approx(1 - every.conf_low, abs=EXACT)
    assert 0 < none.conf_high < 1


def test_the_golden_shares():
    wilson, exact = proportion(117, 145), proportion(117, 145, method="clopper_pearson")
    assert (wilson.conf_low, wilson.conf_high) == pytest.approx((0.735, 0.863), abs=5e-4)
    assert (exact.conf_low, exact.conf_high) == pytest.approx((0.733, 0.868), abs=5e-4)
    wilson, exact = proportion(6, 7), proportion(6, 7, method="clopper_pearson")
    assert (wilson.conf_low, wilson.conf_high) == pytest.approx((0.4869, 0.9743), abs=5e-5)
    assert (exact.conf_low, exact.conf_high) == pytest.approx((0.4213, 0.9964), abs=5e-5)


def test_the_standard_error_of_a_share():
    assert proportion(1, 4).std_error == pytest.approx(math.sqrt(0.25 * 0.75 / 4), abs=EXACT)


@settings(deadline=None)
@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_swapping_event_and_no_event_mirrors_the_limits(counts: list[int]):
    events, n = counts
    share, rest = proportion(events, n), proportion(n - events, n)
    assert share.conf_low <= share.estimate <= share.conf_high
    assert share.conf_low == pytest.approx(1 - rest.conf_high, abs=EXACT)


def test_no_patients_give_no_estimate_and_say_so():
    for nothing in (
        proportion(0, 0),
        proportion_difference(0, 0, 1, 5),
        risk_ratio(1, 5, 0, 0),
        odds_ratio(0, 0, 1, 5),
        paired_proportion_difference(0, 0, 0, 0),
    ):
        assert math.isnan(nothing.estimate)
        assert nothing.method == "not estimable: no patients in the denominator"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: proportion(5, 4), "events is 5, more than n = 4"),
        (lambda: proportion(-1, 4), "events is -1"),
        (lambda: proportion(1, 4, method="wald"), "wilson, clopper_pearson, jeffreys"),
        (lambda: proportion(1, 4, conf_level=95), "conf_level is 95"),
        (lambda: proportion_difference(1, 4, 9, 8), "events_2 is 9, more than n_2 = 8"),
        (lambda: paired_proportion_difference(1, 0.5, 2, 3), "first_only is 0.5"),
        (lambda: worst_case_bounds(5, 4, 9), "events is 5, more than n_assessed = 4"),
        (lambda: worst_case_bounds(1, 10, 9), "n_assessed is 10, more than n_all = 9"),
        (lambda: worst_case_bounds(0, 0, 0), "n_all is 0"),
    ],
)
def test_wrong_counts_are_named(call: Callable[[], object], message: str):
    with pytest.raises(ValueError, match=message):
        call()


# Newcombe 1998, Statistics in Medicine 17:873, table II, method 10
@pytest.mark.parametrize(
    ("table", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_limits_of_a_difference_are_the_published_ones(table: tuple[int, int, int, int], low: float, high: float):
    difference = proportion_difference(*table)
    assert difference.conf_low == pytest.approx(low, abs=5.1e-5)
    assert difference.conf_high == pytest.approx(high, abs=5.1e-5)


def test_the_golden_difference():
    difference = proportion_difference(6, 7, 2, 9)
    assert (difference.conf_low, difference.conf_high) == pytest.approx((0.142, 0.832), abs=5e-4)
    assert (difference.n, difference.events) == (16, 8)


@settings(deadline=None)
@given(tables)
def test_swapping_groups_turns_the_difference_and_the_ratio_round(table: tuple[int, int, int, int]):
    events_1, n_1, events_2, n_2 = table
    one, two = proportion_difference(*table), proportion_difference(events_2, n_2, events_1, n_1)
    assert one.estimate == pytest.approx(-two.estimate, abs=EXACT)
    assert one.conf_low == pytest.approx(-two.conf_high, abs=EXACT)
    assert one.p_value == pytest.approx(two.p_value, abs=EXACT)
    if events_1 > 0 and events_2 > 0:
        ratio, inverse = risk_ratio(*table), risk_ratio(events_2, n_2, events_1, n_1)
        assert ratio.conf_low == pytest.approx(1 / inverse.conf_high, rel=1e-6)
        assert ratio.conf_low <= ratio.estimate * (1 + EXACT)
        assert ratio.estimate <= ratio.conf_high * (1 + EXACT)


@settings(deadline=None)
@given(tables)
def test_a_difference_agrees_with_statsmodels(table: tuple[int, int, int, int]):
    difference = proportion_difference(*table, conf_level=0.9)
    low, high = confint_proportions_2indep(*table, method="newcomb", compare="diff", alpha=0.1)
    assert difference.conf_low == pytest.approx(low, abs=1e-7)
    assert difference.conf_high == pytest.approx(high, abs=1e-7)


def test_groups_that_are_all_events_do_not_differ():
    same = proportion_difference(5, 5, 9, 9)
    assert (same.estimate, same.p_value) == (0.0, 1.0)
    assert same.conf_low < 0 < same.conf_high


def test_the_risk_ratio_is_that_of_r():
    cases = reference("risk_ratio")
    assert len(cases) == 4
    for table, numbers in cases:
        ratio = risk_ratio(*table)
        assert ratio.estimate == pytest.approx(table[0] / table[1] / (table[2] / table[3]))
        assert ratio.conf_low == pytest.approx(numbers["conf_low"], rel=1e-6)
        assert ratio.conf_high == pytest.approx(numbers["conf_high"], rel=1e-6)
        assert score_p(*table) == pytest.approx(numbers["p_value"], abs=EXACT)


@settings(deadline=None)
@given(tables)
def test_the_score_test_at_a_limit_of_the_risk_ratio_excludes_1_when_it_rejects(table: tuple[int, int, int, int]):
    ratio, p_value = risk_ratio(*table), score_p(*table)
    if abs(p_value - 0.05) > 1e-6:
        assert (ratio.conf_low > 1 or ratio.conf_high < 1) == (p_value < 0.05)


def test_a_risk_ratio_without_events_on_one_side_has_one_limit():
    none_first, none_second = risk_ratio(0, 10, 3, 20), risk_ratio(3, 20, 0, 10)
    assert (none_first.estimate, none_first.conf_low) == (0.0, 0.0)
    # statsmodels 0.15: confint_proportions_2indep(0, 10, 3, 20, "score", "ratio", correction=False)
    assert none_first.conf_high == pytest.approx(2.179222275677804, rel=ROOT)
    assert (none_second.estimate, none_second.conf_high) == (math.inf, math.inf)
    assert none_second.conf_low == pytest.approx(1 / 2.179222275677804, rel=ROOT)


def test_ratios_without_information_allow_every_value():
    for nothing in (risk_ratio(0, 10, 0, 10), odds_ratio(0, 10, 0, 10), odds_ratio(10, 10, 4, 4)):
        assert math.isnan(nothing.estimate)
        assert (nothing.conf_low, nothing.conf_high, nothing.p_value) == (0.0, math.inf, 1.0)
        assert nothing.method.startswith("not estimable: ")


def test_a_risk_ratio_of_groups_with_only_events_is_1():
    # (1 - r) / sqrt(r (1 - r) / 10) = 1.96 solved by hand: r = 10 / (10 + 1.96 ** 2)
    ratio = risk_ratio(10, 10, 20, 20)
    assert (ratio.estimate, ratio.p_value) == (1.0, 1.0)
    assert ratio.conf_low == pytest.approx(10 / (10 + 1.959963984540054**2), rel=ROOT)
    assert ratio.conf_high == pytest.approx((20 + 1.959963984540054**2) / 20, rel=ROOT)


def test_the_odds_ratio_is_that_of_r():
    cases = reference("odds_ratio")
    assert len(cases) == 4
    for table, numbers in cases:
        ratio = odds_ratio(*table)
        assert ratio.conf_low == pytest.approx(numbers["conf_low"], rel=ITERATIVE)
        assert ratio.conf_high == pytest.approx(numbers["conf_high"], rel=ITERATIVE)
        if "estimate" in numbers:
            assert ratio.method == "Woolf"
            assert ratio.estimate == pytest.approx(numbers["estimate"], rel=ITERATIVE)
            assert ratio.p_value == pytest.approx(numbers["p_value"], rel=ITERATIVE)


def test_an_odds_ratio_with_an_empty_cell_is_exact():
    # P(no event in group 1 | 5 events in 20) = C(10, 5) / C(20, 5) = 252 / 15504
    ratio = odds_ratio(0, 10, 5, 10)
    assert (ratio.estimate, ratio.conf_low) == (0.0, 0.0)
    assert ratio.p_value == pytest.approx(2 * 252 / 15504)
    assert ratio.method.startswith("exact conditional")
    inverse = odds_ratio(5, 10, 0, 10)
    assert (inverse.estimate, inverse.conf_high) == (math.inf, math.inf)
    assert inverse.conf_low == pytest.approx(1 / ratio.conf_high, rel=1e-6)


# Newcombe 1998, Statistics in Medicine 17:2635, table III, method 10
@pytest.mark.parametrize(
    ("table", "low", "high"),
    [
        ((36, 12, 2, 0), 0.0569, 0.3404),
        ((20, 12, 2, 16), 0.0562, 0.3292),
        ((18, 12, 2, 18), 0.0562, 0.3290),
        ((36, 14, 0, 0), 0.1528, 0.4167),
        ((35, 14, 0, 1), 0.1461, 0.4175),
        ((18, 14, 0, 18), 0.1441, 0.3963),
        ((2, 97, 1, 0), 0.8721, 0.9854),
        ((1, 97, 1, 1), 0.8737, 0.9850),  # printed 0.8736; 0.87367 when computed
        ((0, 30, 0, 0), 0.8395, 1.0),
        ((54, 0, 0, 0), -0.0664, 0.0664),
        ((30, 0, 0, 24), -0.0358, 0.0358),
    ],
)
def test_limits_of_a_paired_difference_are_the_published_ones(
    table: tuple[int, int, int, int], low: float, high: float
):
    change = paired_proportion_difference(*table)
    assert change.conf_low == pytest.approx(low, abs=5.1e-5)
    assert change.conf_high == pytest.approx(high, abs=5.1e-5)


def test_the_paired_p_value_is_the_mid_p_by_hand():
    change = paired_proportion_difference(1, 1, 7, 12)
    assert (change.n, change.events) == (21, 8)
    assert change.p_value == pytest.approx(10 / 256)  # 2 (1 + 8) / 256 - 8 / 256


@settings(deadline=None)
@given(*[st.integers(0, 30)] * 4)
def test_the_paired_difference_turns_round_with_the_occasions(
    both: int, first_only: int, second_only: int, neither: int
):
    if both + first_only + second_only + neither == 0:
        return
    one = paired_proportion_difference(both, first_only, second_only, neither)
    two = paired_proportion_difference(both, second_only, first_only, neither)
    assert -1 <= one.conf_low <= one.estimate <= one.conf_high <= 1
    assert one.conf_low == pytest.approx(-two.conf_high, abs=EXACT)
    assert one.p_value == pytest.approx(two.p_value, abs=EXACT)


def test_no_change_at_all_is_a_difference_of_0():
    same = paired_proportion_difference(4, 0, 0, 6)
    assert (same.estimate, same.p_value, same.std_error) == (0.0, 1.0, 0.0)


def test_worst_case_bounds_of_the_plan():
    assert worst_case_bounds(48, 60, 100) == (0.48, 0.88)
    assert worst_case_bounds(3, 4, 4) == (0.75, 0.75)


@pytest.mark.parametrize(
    ("table", "p_value"),
    [
        ((3, 4, 1, 4), 18 / 70),  # chances 1, 16, 36, 16, 1 of 70: 2 less likely, half of 32 as likely
        # R package contingencytables: Fisher_midP_test_2x2 of its perondi_2004, lampasona_2013 and ritland_2007
        ((7, 34, 1, 34), 0.02966),
        ((9, 13, 4, 14), 0.03914),
        ((0, 16, 15, 72), 0.04466),
        ((5, 5, 9, 9), 1.0),
    ],
)
def test_fisher_mid_p_is_the_published_one(table: tuple[int, int, int, int], p_value: float):
    assert fisher_mid_p(*table) == pytest.approx(p_value, abs=5.1e-6)


@settings(deadline=None)
@given(tables)
def test_one_table_has_one_p(table: tuple[int, int, int, int]):
    difference, ratio = proportion_difference(*table), risk_ratio(*table)
    assert difference.p_value == ratio.p_value
    assert ("mid-p" in difference.method) == is_sparse(*table)
    if table[0] + table[2] > 0:
        assert ratio.method.partition("; ")[2] == difference.method.partition("; ")[2]
    if is_sparse(*table) and 0 < table[0] + table[2] < table[1] + table[3]:
        assert (
            fisher_mid_p(*table) < fisher_exact([[table[0], table[1] - table[0]], [table[2], table[3] - table[2]]])[1]
        )


def test_huge_groups_keep_their_digits_and_cost_little():
    # (r - 1)^2 = z^2 (r - 1) / n if all have the event
    ratio = risk_ratio(10**9, 10**9, 10**9, 10**9)
    assert ratio.conf_high - 1 == pytest.approx(1.959963984540054**2 / 1e9, rel=1e-6)
    # 3 events in two groups of one size: chances 1, 3, 3, 1 of 8
    assert proportion_difference(3, 10**9, 0, 10**9).p_value == pytest.approx(1 / 8)
    assert fisher_mid_p(400_000, 400_000, 3, 10**12) == 0
    many = odds_ratio(30_000, 100_000, 50_000, 100_000, method="conditional")
    woolf = odds_ratio(30_000, 100_000, 50_000, 100_000)
    assert (many.estimate, many.conf_low) == pytest.approx((woolf.estimate, woolf.conf_low), rel=1e-4)
    assert many.p_value == 0
