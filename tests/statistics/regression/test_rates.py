"""Rates and their ratios against R and the vectors of the registry rules."""

import csv
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_cohort.statistics.regression.rates import overdispersion, paired_rate_ratio, poisson_rate, rate_ratio

REFERENCE = Path(__file__).parents[2] / "reference" / "proportions.csv"
BEFORE, YEARS_BEFORE = [2, 1, 3, 0, 2, 1, 1, 2, 4, 1, 0, 2], [1, 1, 2, 1, 1, 0.5, 1, 1, 2, 1, 1, 1]
AFTER, YEARS_AFTER = [0, 1, 1, 0, 0, 0, 1, 0, 2, 0, 0, 1], [1, 2, 1, 1, 0.5, 1, 1, 3, 1, 1, 1, 2]


def reference(case: str):
    """Return the numbers of R whose case is this word, by what follows the word."""
    cases = {}
    with REFERENCE.open() as file:
        for row in csv.DictReader(file):
            name, _, numbers = row["case"].partition(" ")
            if name == case:
                cases.setdefault(numbers, {})[row["quantity"]] = float(row["value"])
    return cases


def test_limits_of_a_rate_are_those_of_r():
    cases = reference("rate")
    assert len(cases) == 5
    for name, numbers in cases.items():
        events, years = (float(number) for number in name.split("/"))
        rate = poisson_rate(events, years)
        assert rate.estimate == events / years
        assert (rate.conf_low, rate.conf_high) == pytest.approx((numbers["conf_low"], numbers["conf_high"]), abs=1e-9)


# registry.md C2
@pytest.mark.parametrize(
    ("events", "years", "estimate", "low", "high"),
    [
        (0, 10, 0, 0, 0.368888),
        (1, 2.5, 0.4, 0.010127, 2.228657),
        (12, 20, 0.6, 0.310029, 1.048079),
        (33, 41.7, 0.791367, 0.544741, 1.111373),
        (100, 250, 0.4, 0.325456, 0.486507),
    ],
)
def test_the_golden_rates(events: int, years: float, estimate: float, low: float, high: float):
    rate = poisson_rate(events, years)
    assert (rate.estimate, rate.conf_low, rate.conf_high) == pytest.approx((estimate, low, high), abs=5.1e-7)


def test_a_rate_without_events_has_lower_limit_exactly_0_and_keeps_its_patients():
    rate = poisson_rate(0, 10, n=7)
    assert (rate.conf_low, rate.n, rate.events) == (0.0, 7, 0)


def test_no_time_gives_no_rate():
    assert poisson_rate(0, 0).method == "not estimable: no person-years"
    assert rate_ratio(0, 0, 3, 5).method == "not estimable: no person-years on one side"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: poisson_rate(2, 0), "person_years is 0 but there are 2 events"),
        (lambda: poisson_rate(2, -1), "person_years is -1; it must be 0 or more years"),
        (lambda: poisson_rate(2, math.nan), "person_years is nan"),
        (lambda: poisson_rate(1.5, 2), "events is 1.5"),
        (lambda: rate_ratio(1, 2, -3, 2), "events_2 is -3"),
        (lambda: paired_rate_ratio([1], [1, 2], [1], [1]), "events before has 2 entries but 1 counts|has 2"),
        (lambda: paired_rate_ratio([1, 2], [1, 2], [1], [1]), "before has 2 patients and after 1"),
        (lambda: paired_rate_ratio([1], [-1], [1], [1]), "years before: 1 are negative"),
        (lambda: paired_rate_ratio([1], [1], [2], [0]), "events after: 1 rows have events but no time"),
        (lambda: overdispersion([1], [1]), "there are 1 patients with 1 events"),
        (lambda: overdispersion([0, 0], [1, 1]), "there are 2 patients with 0 events"),
    ],
)
def test_events_and_time_that_do_not_fit_are_named(call: Callable[[], object], message: str):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_rate_ratio_is_that_of_r():
    cases = reference("rate_ratio")
    assert len(cases) == 3
    for name, numbers in cases.items():
        events_1, years_1, events_2, years_2 = (float(number) for number in name.split("/"))
        ratio = rate_ratio(events_1, years_1, events_2, years_2)
        assert ratio.conf_low == pytest.approx(numbers["conf_low"], rel=1e-8)
        assert ratio.conf_high == pytest.approx(numbers["conf_high"], rel=1e-8)


def test_the_golden_rate_ratio():
    ratio = rate_ratio(12, 20, 30, 22)
    assert (ratio.estimate, ratio.conf_low, ratio.conf_high) == pytest.approx((0.44, 0.20516, 0.884982), abs=5.1e-6)
    assert ratio.p_value < 0.05


def test_ratios_without_events_are_defined():
    none_first, none_second = rate_ratio(0, 10, 4, 10), rate_ratio(4, 10, 0, 10)
    assert (none_first.estimate, none_first.conf_low) == (0.0, 0.0)
    assert none_first.p_value == pytest.approx(2 / 16)  # all four events on one side, twice
    assert (none_second.estimate, none_second.conf_high) == (math.inf, math.inf)
    assert none_second.conf_low == pytest.approx(1 / none_first.conf_high)
    nothing = rate_ratio(0, 10, 0, 10)
    assert math.isnan(nothing.estimate)
    assert (nothing.conf_low, nothing.conf_high, nothing.p_value) == (0.0, math.inf, 1.0)
    assert nothing.method == "not estimable: no event on either side"


@settings(deadline=None)
@given(st.integers(0, 60), st.floats(0.5, 80), st.integers(0, 60), st.floats(0.5, 80))
def test_the_ratio_excludes_1_exactly_when_it_rejects(events_1: int, years_1: float, events_2: int, years_2: float):
    ratio = rate_ratio(events_1, years_1, events_2, years_2)
    if abs(ratio.p_value - 0.05) > 1e-9:
        assert (ratio.conf_low > 1 or ratio.conf_high < 1) == (ratio.p_value < 0.05)


def test_the_paired_ratio_is_that_of_clustered_poisson_regression():
    (numbers,) = reference("paired_rate_ratio").values()
    ratio = paired_rate_ratio(BEFORE, YEARS_BEFORE, AFTER, YEARS_AFTER)
    for name in ("estimate", "conf_low", "conf_high", "p_value"):
        assert getattr(ratio, name) == pytest.approx(numbers[name], rel=1e-5)
    assert (ratio.n, ratio.events) == (12, 25)
    assert "clustered by patient, t(11)" in ratio.method


@settings(deadline=None)
@given(st.permutations(range(12)))
def test_the_order_of_patients_does_not_matter(order: list[int]):
    arrays = [np.array(column)[list(order)] for column in (BEFORE, YEARS_BEFORE, AFTER, YEARS_AFTER)]
    one, two = paired_rate_ratio(*arrays), paired_rate_ratio(BEFORE, YEARS_BEFORE, AFTER, YEARS_AFTER)
    assert (one.conf_low, one.conf_high) == pytest.approx((two.conf_low, two.conf_high), rel=1e-12)


@pytest.mark.parametrize(
    ("before", "after"),
    [([2, 1, 3], [1, 0, 1]), ([2] * 12, [0] * 12), ([1] * 12, [1] * 12)],
    ids=["few patients", "no event after", "every patient alike"],
)
def test_what_cannot_be_clustered_is_exact(before: list[float], after: list[float]):
    years = [1.0] * len(before)
    ratio = paired_rate_ratio(before, years, after, years)
    exact = rate_ratio(sum(after), len(after), sum(before), len(before))
    assert ratio.method == "exact conditional"
    assert (ratio.estimate, ratio.conf_low, ratio.conf_high) == (exact.estimate, exact.conf_low, exact.conf_high)
    assert ratio.n == len(before)


def test_patients_without_time_after_are_left_out_and_counted():
    ratio = paired_rate_ratio([*BEFORE, 5], [*YEARS_BEFORE, 1], [*AFTER, 0], [*YEARS_AFTER, 0])
    whole = paired_rate_ratio(BEFORE, YEARS_BEFORE, AFTER, YEARS_AFTER)
    assert (ratio.estimate, ratio.conf_low, ratio.n) == (whole.estimate, whole.conf_low, 12)
    assert ratio.method.endswith("1 patients without time in both periods left out")


def test_nobody_followed_gives_no_ratio():
    nothing = paired_rate_ratio([1], [1], [0], [0])
    assert math.isnan(nothing.estimate)
    assert nothing.method.startswith("not estimable: no person-years on one side; 1 patients")


def test_overdispersion_is_that_of_r_and_grows_with_clustering():
    (numbers,) = reference("overdispersion").values()
    assert overdispersion(BEFORE, YEARS_BEFORE) == pytest.approx(numbers["estimate"], rel=1e-6)
    assert overdispersion([0, 0, 0, 8, 3], [1, 1, 1, 1, 0.5]) > overdispersion([2, 2, 2, 2, 1], [1, 1, 1, 1, 0.5])


def test_clustered_limits_cover_where_exact_ones_fall_short():
    # gamma frailty shared by both periods and by all attacks of a patient; no effect
    rng = np.random.default_rng(3)
    clustered, exact = [], []
    for _ in range(400):
        after_share = rng.gamma(0.7, 1 / 0.7, 40)
        before = rng.poisson(1.2 * rng.gamma(0.7, 1 / 0.7, 40))
        after = rng.poisson(1.2 * after_share)
        one = paired_rate_ratio(before, np.ones(40), after, np.ones(40))
        two = rate_ratio(int(after.sum()), 40, int(before.sum()), 40)
        clustered.append(one.conf_low <= 1 <= one.conf_high)
        exact.append(two.conf_low <= 1 <= two.conf_high)
    assert 0.92 <= np.mean(clustered) <= 0.98
    assert np.mean(exact) < 0.88
