"""Risk ratios and odds ratios against R, statsmodels and hand calculation."""

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import confint_proportions_2indep

from nmosd_cohort.statistics.shares.ratios import odds_ratio, risk_ratio
from tests.statistics.shares_reference import shares, whole_numbers

EXACT = 1e-9
SEARCH = 1e-4  # fisher.test stops its search early: up to 1 % in a limit of 1000, 1e-4 in the others

tables = st.tuples(st.integers(1, 60), st.integers(1, 60)).flatmap(
    lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
)


def test_the_conditional_odds_ratio_is_that_of_r():
    cases = shares("conditional")
    assert len(cases) == 5
    for case, numbers in cases.items():
        ratio = odds_ratio(*whole_numbers(case), method="conditional")
        for term in {"estimate", "conf_low", "conf_high", "p_value"} & set(numbers):
            assert getattr(ratio, term) == pytest.approx(numbers[term], rel=1e-8), (case, term)
        assert ratio.estimate == pytest.approx(numbers["fisher_estimate"], rel=1e-3)
        assert ratio.conf_low == pytest.approx(numbers["fisher_low"], rel=SEARCH)
        assert ratio.conf_high == pytest.approx(numbers["fisher_high"], rel=1e-2)
        assert ratio.method == "exact conditional; p twice the smaller tail"


def test_the_tea_tasting_lady_by_hand():
    # Fisher 1935: 3 of 4 right. Both margins 4: P(3) + P(4) = 17 / 70 if the odds ratio is 1, and the conditional
    # maximum solves (16 r + 72 r^2 + 48 r^3 + 4 r^4) / (1 + 16 r + 36 r^2 + 16 r^3 + r^4) = 3.
    ratio = odds_ratio(3, 4, 1, 4, method="conditional")
    r = ratio.estimate
    mean = (16 * r + 72 * r**2 + 48 * r**3 + 4 * r**4) / (1 + 16 * r + 36 * r**2 + 16 * r**3 + r**4)
    assert mean == pytest.approx(3)
    assert ratio.p_value == pytest.approx(34 / 70)
    assert (round(ratio.estimate, 3), round(ratio.conf_low, 3), round(ratio.conf_high, 1)) == (6.408, 0.212, 626.2)


def test_the_woolf_odds_ratio_is_that_of_epir():
    cases = shares("epi_2by2")
    assert len(cases) == 2
    for case, numbers in cases.items():
        ratio = odds_ratio(*whole_numbers(case), method="woolf")
        assert ratio.estimate == pytest.approx(numbers["odds_ratio"], rel=EXACT)
        assert ratio.conf_low == pytest.approx(numbers["odds_low"], rel=EXACT)
        assert ratio.conf_high == pytest.approx(numbers["odds_high"], rel=EXACT)


@settings(deadline=None, max_examples=60)
@given(st.tuples(*[st.integers(1, 40)] * 4), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_woolf_odds_ratio_is_that_of_statsmodels(cells: tuple[int, int, int, int], conf_level: float):
    yes_1, no_1, yes_2, no_2 = cells
    other = Table2x2([[yes_1, no_1], [yes_2, no_2]])
    ratio = odds_ratio(yes_1, yes_1 + no_1, yes_2, yes_2 + no_2, conf_level=conf_level)
    low, high = other.oddsratio_confint(1 - conf_level)
    assert (ratio.estimate, ratio.conf_low, ratio.conf_high) == pytest.approx((other.oddsratio, low, high), rel=EXACT)
    assert ratio.p_value == pytest.approx(other.oddsratio_pvalue(), abs=EXACT)
    assert ratio.std_error == pytest.approx(other.oddsratio * other.log_oddsratio_se, rel=EXACT)
    assert ratio.events == yes_1 + yes_2


@settings(deadline=None, max_examples=60)
@given(tables)
def test_the_conditional_odds_ratio_turns_round_and_agrees_with_its_p(table: tuple[int, int, int, int]):
    events_1, n_1, events_2, n_2 = table
    assume(0 < events_1 + events_2 < n_1 + n_2)
    one = odds_ratio(*table, method="conditional")
    two = odds_ratio(events_2, n_2, events_1, n_1, method="conditional")
    rest = odds_ratio(n_1 - events_1, n_1, n_2 - events_2, n_2, method="conditional")
    for inverse in (two, rest):
        assert one.p_value == pytest.approx(inverse.p_value, rel=1e-9)
        if inverse.conf_low > 0:
            assert one.conf_high == pytest.approx(1 / inverse.conf_low, rel=1e-6)
        else:
            assert one.conf_high == math.inf
    assert one.conf_low <= one.estimate <= one.conf_high
    if abs(one.p_value - 0.05) > 1e-9:
        assert (one.conf_low > 1 or one.conf_high < 1) == (one.p_value < 0.05)


def test_an_empty_cell_hands_over_to_the_conditional_method():
    woolf, conditional = odds_ratio(0, 10, 5, 10), odds_ratio(0, 10, 5, 10, method="conditional")
    assert (woolf.estimate, woolf.conf_low, woolf.conf_high) == (0.0, 0.0, conditional.conf_high)
    assert woolf.method == "exact conditional, because a cell is empty; p twice the smaller tail"


@settings(deadline=None, max_examples=80)
@given(tables, st.sampled_from([0.8, 0.95, 0.99]))
def test_the_risk_ratio_is_that_of_statsmodels(table: tuple[int, int, int, int], conf_level: float):
    events_1, n_1, events_2, n_2 = table
    assume(0 < events_1 < n_1)
    assume(0 < events_2 < n_2)
    low, high = confint_proportions_2indep(
        *table, method="score", compare="ratio", correction=False, alpha=1 - conf_level
    )
    ratio = risk_ratio(*table, conf_level=conf_level)
    assert (ratio.conf_low, ratio.conf_high) == pytest.approx((low, high), rel=1e-6)  # found by a search there


def test_a_wrong_method_is_named():
    with pytest.raises(ValueError, match="method is 'fisher'; it must be one of woolf, conditional"):
        odds_ratio(1, 4, 2, 4, method="fisher")
