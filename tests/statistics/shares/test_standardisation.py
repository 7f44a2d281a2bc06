"""Directly standardised rates and shares against R, single strata and hand calculation."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_cohort.statistics.regression.rates import poisson_rate
from nmosd_cohort.statistics.shares.proportions import proportion
from nmosd_cohort.statistics.shares.standardisation import standardised_proportion, standardised_rate
from tests.statistics.shares_reference import shares

EXACT = 1e-9
# Fleiss 1981, one row a birth order, one column an age group of the mothers
BIRTHS = np.array(
    [
        [230061, 329449, 114920, 39487, 14208, 3052],
        [72202, 326701, 208667, 83228, 28466, 5375],
        [15050, 175702, 207081, 117300, 45026, 8660],
        [2293, 68800, 132424, 98301, 46075, 9834],
        [327, 30666, 123419, 149919, 104088, 34392],
    ]
)
CASES = np.array(
    [
        [107, 141, 60, 40, 39, 25],
        [25, 150, 110, 84, 82, 39],
        [3, 71, 114, 103, 108, 75],
        [1, 26, 64, 89, 137, 96],
        [0, 8, 63, 112, 262, 295],
    ]
)

strata = st.lists(
    st.integers(1, 30).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n), st.floats(0.1, 9))),
    min_size=1,
    max_size=6,
)


def same_limits(numbers: dict[str, float], estimate: object) -> bool:
    return all(getattr(estimate, term) == pytest.approx(value, rel=EXACT) for term, value in numbers.items())


def test_the_standardised_rate_is_that_of_epitools():
    cases = shares("fleiss")
    assert len(cases) == 5
    for case, numbers in cases.items():
        order = int(case) - 1
        assert same_limits(numbers, standardised_rate(CASES[order], BIRTHS[order], BIRTHS.mean(axis=0)))


def test_the_standardised_rate_is_that_of_epir():
    cases = shares("leptospirosis")
    assert same_limits(cases["1"], standardised_rate([15, 46], [48, 212], [250, 250]))
    assert same_limits(cases["2"], standardised_rate([53, 16], [180, 71], [250, 250]))


def test_a_standardised_rate_by_hand():
    # 0.25 x 2 / 10 + 0.75 x 3 / 30 = 0.125; variance 0.25^2 x 2 / 100 + 0.75^2 x 3 / 900
    rate = standardised_rate([2, 3], [10, 30], [1, 3], n=22)
    assert rate.estimate == pytest.approx(0.125)
    assert rate.std_error == pytest.approx(math.sqrt(0.00125 + 0.001875))
    assert (rate.n, rate.events) == (22, 5)
    assert rate.method == "directly standardised over 2 strata, Fay-Feuer gamma limits"


@pytest.mark.parametrize("events", [0, 1, 12])
def test_one_stratum_gives_the_exact_poisson_limits(events: int):
    one, plain = standardised_rate([events], [20.5], [3], conf_level=0.9), poisson_rate(events, 20.5, conf_level=0.9)
    assert (one.estimate, one.conf_low, one.conf_high) == pytest.approx(
        (plain.estimate, plain.conf_low, plain.conf_high), rel=EXACT
    )


def test_no_events_in_any_stratum_leave_an_upper_limit():
    # upper limit: an exponential with mean max(0.5 / 10, 0.5 / 40), its 97.5 % point -log(0.025)
    rate = standardised_rate([0, 0], [10, 40], [1, 1])
    assert (rate.estimate, rate.conf_low, rate.std_error) == (0.0, 0.0, 0.0)
    assert rate.conf_high == pytest.approx(-0.05 * math.log(0.025))


@settings(deadline=None)
@given(strata, st.floats(0.01, 100))
def test_order_and_scale_of_the_weights_do_not_matter(cells: list[tuple[int, int, float]], scale: float):
    events, n, weights = (np.array(column) for column in zip(*cells, strict=True))
    for standardise in (standardised_rate, standardised_proportion):
        one = standardise(events, n, weights)
        two = standardise(events[::-1], n[::-1], weights[::-1] * scale)
        left_out = standardise([*events, 3], [*n, 4], [*weights, 0.0])
        for other in (two, left_out):
            assert (one.estimate, one.conf_low, one.conf_high) == pytest.approx(
                (other.estimate, other.conf_low, other.conf_high), rel=1e-8, abs=EXACT
            )
        assert one.events == left_out.events == events.sum()
        assert one.conf_low <= one.estimate + EXACT
        assert one.estimate <= one.conf_high + EXACT


@settings(deadline=None)
@given(strata)
def test_swapping_event_and_no_event_mirrors_the_standardised_share(cells: list[tuple[int, int, float]]):
    events, n, weights = (np.array(column) for column in zip(*cells, strict=True))
    share, rest = standardised_proportion(events, n, weights), standardised_proportion(n - events, n, weights)
    assert share.estimate == pytest.approx(1 - rest.estimate, abs=EXACT)
    assert share.conf_low == pytest.approx(1 - rest.conf_high, abs=EXACT)
    assert share.conf_high == pytest.approx(1 - rest.conf_low, abs=EXACT)
    assert share.std_error == pytest.approx(rest.std_error, abs=EXACT)


@pytest.mark.parametrize(
    ("case", "events", "n", "weights", "conf_level"),
    [
        ("mixed", [1, 8, 14, 2], [3, 20, 31, 2], [1, 2, 3, 4], 0.95),
        ("wide", [12, 30, 9], [40, 50, 12], [0.2, 0.5, 0.3], 0.9),
        ("extremes", [0, 3, 0, 4], [2, 3, 5, 4], [1, 1, 1, 1], 0.95),
    ],
)
def test_stratified_wilson_limits_are_those_of_r(case: str, events, n, weights, conf_level: float):
    share = standardised_proportion(events, n, weights, conf_level=conf_level)
    assert same_limits(shares("stratified")[case], share)
    assert share.n == sum(n)


@pytest.mark.parametrize(("events", "n"), [(0, 7), (3, 7), (7, 7), (117, 145)])
def test_one_stratum_gives_wilson_limits(events: int, n: int):
    one, plain = standardised_proportion([events], [n], [2]), proportion(events, n)
    for term in ("estimate", "conf_low", "conf_high", "std_error"):
        assert getattr(one, term) == pytest.approx(getattr(plain, term), abs=1e-12)


def test_equal_strata_give_about_the_limits_of_all_patients_together():
    # Four strata of 25 with the same share are one group of 100; z / sqrt(4) in each stratum, so that the limits
    # solve the same equation.
    strata_share, plain = standardised_proportion([5] * 4, [25] * 4, [1] * 4), proportion(20, 100)
    assert strata_share.conf_low == pytest.approx(plain.conf_low, abs=1e-12)
    assert strata_share.conf_high == pytest.approx(plain.conf_high, abs=1e-12)


def test_nobody_with_the_event_puts_the_strata_limits_together():
    # Wilson upper limit of 0 / n is z^2 / (n + z^2); distances 0.5 x that add up as squares
    share = standardised_proportion([0, 0], [4, 10], [1, 1])
    z2 = 1.959963984540054**2
    assert (share.estimate, share.conf_low) == (0.0, 0.0)
    assert share.conf_high == pytest.approx(0.5 * math.hypot(z2 / (4 + z2), z2 / (10 + z2)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: standardised_proportion([1, 0], [4, 0], [1, 1], strata=["AQP4", "seronegative"]),
            "stratum 'seronegative' has a standard weight but no patients",
        ),
        (lambda: standardised_rate([1, 0, 0], [4, 0, 0], [1, 1, 2]), "stratum '2', '3' has a standard weight but no p"),
        (lambda: standardised_proportion([1, 5], [4, 3], [1, 1]), "stratum '2' has 5 events but 3 patients"),
        (lambda: standardised_rate([1, 5], [4, 0], [1, 0]), "stratum '2' has 5 events but 0 person-years"),
        (lambda: standardised_rate([1], [-4], [1]), "person-years: 1 are negative"),
        (lambda: standardised_rate([1, 2], [4], [1, 1]), r"differs \(events 2, person-years 1, weights 2, strata 2\)"),
        (
            lambda: standardised_proportion([1, 2], [4, 5], [1]),
            r"differs \(events 2, patients 2, weights 1, strata 1\)",
        ),
        (lambda: standardised_proportion([1], [4], [0]), "at least one above 0"),
        (lambda: standardised_proportion([1, 1], [4, 4], [2, -1]), "weights must be 0 or more"),
        (lambda: standardised_proportion([], [], []), "at least one above 0"),
        (
            lambda: standardised_proportion([1], [4], [1], strata=["a", "b"]),
            r"weights 1, strata 2\); there must be one of each",
        ),
        (lambda: standardised_proportion([1.5], [4], [1]), "not whole"),
        (lambda: standardised_proportion([1], [4], [1], conf_level=1), "conf_level is 1"),
    ],
)
def test_what_cannot_be_standardised_is_named(call: Callable[[], object], message: str):
    with pytest.raises(ValueError, match=message):
        call()


def test_limits_are_called_what_they_are():
    none = standardised_proportion([0, 0], [10, 20], [1, 1])
    assert none.method == "directly standardised over 2 strata, Zou-Donner limits from Wilson's"
    assert standardised_proportion([10, 20], [10, 20], [1, 1]).method == none.method
    assert standardised_proportion([1, 0], [10, 20], [1, 1]).method.endswith("stratified Wilson limits")
    assert standardised_proportion([0], [10], [1]).method.endswith(", Wilson limits")


@pytest.mark.parametrize("n", ["x", -5, 2.5])
def test_patients_behind_a_rate_are_a_whole_number(n):
    with pytest.raises(ValueError, match=f"n is {n!r}; it must be a whole number"):
        standardised_rate([3, 12], [20, 60], [0.5, 0.5], n=n)
