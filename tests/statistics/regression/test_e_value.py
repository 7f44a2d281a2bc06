"""E-values against published examples and arithmetic."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_cohort.statistics.regression.e_value import METHODS, e_value, e_value_of_mean_difference

ROUND = 0.0051


# VanderWeele and Ding 2017: smoking and lung cancer; bottle feeding and deaths by infection; breastfeeding and
# leukaemia.
@pytest.mark.parametrize(
    ("ratio", "expected"),
    [((10.73, 8.02, 14.36), (20.95, 15.52)), ((3.9, 1.8, 8.7), (7.26, 3.0)), ((0.80, 0.71, 0.91), (1.81, 1.43))],
)
def test_published_e_values(ratio: tuple[float, float, float], expected: tuple[float, float]):
    found = e_value(*ratio, measure="risk_ratio")
    assert (found.estimate, found.limit) == pytest.approx(expected, abs=ROUND)
    assert (found.risk_ratio, found.conf_low, found.conf_high) == ratio


def test_common_outcomes_by_hand():
    # Odds ratio 4 (1.44, 9) stands for a risk ratio of 2 (1.2, 3): 2 + sqrt(2), 1.2 + sqrt(0.24).
    found = e_value(4, 1.44, 9, measure="common_odds_ratio")
    assert (found.estimate, found.limit) == pytest.approx((2 + math.sqrt(2), 1.2 + math.sqrt(0.24)))
    # Hazard ratio 4: (1 - 0.5^2) / (1 - 0.5^0.5).
    found = e_value(4, measure="common_hazard_ratio")
    assert found.risk_ratio == pytest.approx(0.75 / (1 - math.sqrt(0.5)))
    assert math.isnan(found.limit)
    # Difference of 1 SD with error 0.2: exp(0.91), exp(0.91 - 0.356).
    found = e_value_of_mean_difference(1, 0.2)
    nearer = math.exp(0.554)
    assert found.risk_ratio == pytest.approx(math.exp(0.91))
    assert found.limit == pytest.approx(nearer + math.sqrt(nearer * (nearer - 1)))
    assert math.isnan(e_value_of_mean_difference(1).limit)


@pytest.mark.parametrize("measure", sorted(METHODS))
@given(st.floats(0.02, 50), st.floats(1, 5), st.floats(1, 5))
def test_inverting_the_exposure_changes_nothing(measure: str, ratio: float, below: float, above: float):
    one = e_value(ratio, ratio / below, ratio * above, measure=measure)
    other = e_value(1 / ratio, 1 / (ratio * above), below / ratio, measure=measure)
    assert one.estimate == pytest.approx(other.estimate, rel=1e-6)
    assert one.limit == pytest.approx(other.limit, rel=1e-6)
    assert 1 <= one.limit <= one.estimate * (1 + 1e-12)
    assert (one.limit == 1) == (one.conf_low <= 1 <= one.conf_high)


@given(st.floats(-3, 3), st.floats(0, 2))
def test_the_sign_of_a_difference_does_not_matter(difference: float, error: float):
    one, other = e_value_of_mean_difference(difference, error), e_value_of_mean_difference(-difference, error)
    assert (one.estimate, one.limit) == pytest.approx((other.estimate, other.limit))


@given(st.floats(1.01, 40))
def test_a_confounder_of_that_strength_just_suffices(ratio: float):
    # The most that a confounder can bias a risk ratio is a b / (a + b - 1) (Ding and VanderWeele 2016).
    needed = e_value(ratio, measure="risk_ratio").estimate
    assert needed**2 / (2 * needed - 1) == pytest.approx(ratio)


def test_rare_outcomes_take_the_ratio_as_it_is():
    assert (
        e_value(3.9, 1.8, 8.7, measure="odds_ratio").estimate == e_value(3.9, 1.8, 8.7, measure="risk_ratio").estimate
    )
    assert e_value(3.9, measure="hazard_ratio").method == "hazard ratio of a rare outcome, taken as a risk ratio"
    assert e_value(1.0, 0.5, 2.0, measure="risk_ratio").estimate == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0,), "estimate is 0.0; a ratio must be above 0 and finite"),
        ((math.inf,), "estimate is inf"),
        ((2, -1, 3), "conf_low is -1"),
        ((2, 1, math.inf), "conf_high is inf"),
        ((2, 1), "one of conf_low and conf_high is missing"),
        ((math.nan, 1, 2), "the limits must enclose the estimate"),
        ((2, 2.5, 3), "the limits must enclose the estimate"),
    ],
)
def test_impossible_ratios_are_named(arguments: tuple[float, ...], message: str):
    with pytest.raises(ValueError, match=message):
        e_value(*arguments, measure="risk_ratio")


def test_impossible_differences_and_measures_are_named():
    with pytest.raises(ValueError, match="difference_in_sds is nan"):
        e_value_of_mean_difference(math.nan)
    with pytest.raises(ValueError, match="std_error is -1"):
        e_value_of_mean_difference(1, -1)
    with pytest.raises(ValueError, match="measure is 'rr'; it must be one of risk_ratio"):
        e_value(2, measure="rr")


@pytest.mark.parametrize("given", [(1000.0,), (-1000.0,), (0.5, 1000.0), ("x",), (0.5, "x"), (math.inf,)])
def test_differences_that_are_not_in_sds_are_refused(given: tuple):
    with pytest.raises(ValueError, match=r"(difference_in_sds|std_error) is .*; it must be"):
        e_value_of_mean_difference(*given)


@pytest.mark.parametrize("given", [("x",), (2.0, "x", 3.0), (None,)])
def test_a_ratio_that_is_no_number_is_refused(given: tuple):
    with pytest.raises(ValueError, match="a ratio must be above 0 and finite"):
        e_value(*given, measure="risk_ratio")
