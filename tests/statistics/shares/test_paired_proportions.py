"""McNemar's mid-p against R, the published examples and hand calculation."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from nmosd_cohort.statistics.shares.paired_proportions import paired_proportion_difference
from nmosd_cohort.statistics.shares.two_by_two import mcnemar_mid_p
from tests.statistics.shares_reference import shares, whole_numbers


def test_the_mid_p_is_that_of_r():
    cases = shares("mcnemar_mid_p")
    assert len(cases) == 5
    for case, numbers in cases.items():
        assert mcnemar_mid_p(*whole_numbers(case)) == pytest.approx(numbers["p_value"], rel=1e-12)


def test_the_mid_p_of_the_published_examples():
    # Fagerland, Lydersen and Laake 2013: airway hyper-responsiveness (1, 7) and complete response (6, 16)
    assert round(mcnemar_mid_p(1, 7), 3) == 0.039
    assert round(mcnemar_mid_p(6, 16), 3) == 0.035


def test_nobody_or_one_patient_changed():
    assert mcnemar_mid_p(0, 0) == 1.0
    assert mcnemar_mid_p(0, 1) == pytest.approx(0.5)  # 2 (1/2) - 1/2
    assert mcnemar_mid_p(1, 1) == pytest.approx(0.75)  # P(2 or 0) + P(1) / 2 = 1/2 + 1/4
    with pytest.raises(ValueError, match="second_only is -1"):
        mcnemar_mid_p(2, -1)


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 40))
def test_the_mid_p_lies_below_the_exact_p_and_turns_round(first_only: int, second_only: int):
    assume(first_only + second_only > 0)
    mid = mcnemar_mid_p(first_only, second_only)
    assert mid == mcnemar_mid_p(second_only, first_only)
    exact = mcnemar([[0, first_only], [second_only, 0]], exact=True).pvalue
    assert 0 <= mid < exact
    # one patient more on the smaller side brings p nearer to 1
    assert mid < mcnemar_mid_p(min(first_only, second_only) + 1, max(first_only, second_only)) or mid > 0.5


@settings(deadline=None)
@given(*[st.integers(0, 30)] * 4)
def test_swapping_event_and_no_event_turns_the_paired_difference_round(a: int, b: int, c: int, d: int):
    assume(a + b + c + d > 0)
    one, rest = paired_proportion_difference(a, b, c, d), paired_proportion_difference(d, c, b, a)
    assert one.estimate == pytest.approx(-rest.estimate, abs=1e-12)
    assert (one.conf_low, one.conf_high) == pytest.approx((-rest.conf_high, -rest.conf_low), abs=1e-9)
    assert one.p_value == rest.p_value
