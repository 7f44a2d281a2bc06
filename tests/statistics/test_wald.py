"""Limits so many standard errors wide."""

import math

import pytest
from scipy import stats

from nmosd_cohort.statistics.wald import p_of_t, wald_estimate


@pytest.mark.parametrize(
    ("scale", "back", "slope"),
    [
        ("plain", lambda value: value, 1.0),
        ("log", math.exp, math.exp(0.4)),
        ("logit", lambda value: 1 / (1 + math.exp(-value)), math.exp(0.4) / (1 + math.exp(0.4)) ** 2),
        ("fisher_z", math.tanh, 1 / math.cosh(0.4) ** 2),
    ],
)
def test_limits_are_symmetric_on_the_scale_named(scale, back, slope):
    found = wald_estimate(0.4, 0.3, 12, "by hand", freedom=5, scale=scale, conf_level=0.9)
    reach = 2.015048372669157 * 0.3  # R: qt(0.95, 5)
    assert (found.conf_low, found.estimate, found.conf_high) == pytest.approx(
        (back(0.4 - reach), back(0.4), back(0.4 + reach))
    )
    assert found.std_error == pytest.approx(0.3 * slope)
    assert found.p_value == pytest.approx(0.239939, abs=1e-6)  # R: 2 * pt(-0.4 / 0.3, 5)


def test_the_normal_distribution_is_t_without_end():
    found = wald_estimate(1.0, 0.5, 30, "by hand", null=0.5)
    assert found.conf_high == pytest.approx(1 + 0.5 * stats.norm.ppf(0.975))
    assert found.p_value == pytest.approx(2 * stats.norm.sf(1.0))
    assert math.isnan(wald_estimate(1.0, 0.5, 30, "by hand", null=None).p_value)
    assert p_of_t(1.0, 0.0) == 0.0


def test_a_huge_limit_is_infinite_and_a_wrong_scale_an_error():
    assert wald_estimate(600.0, 200.0, 3, "by hand", scale="log").conf_high == math.inf
    with pytest.raises(ValueError, match="scale is 'square'; it must be one of plain, log, logit, fisher_z"):
        wald_estimate(1.0, 1.0, 3, "by hand", scale="square")
