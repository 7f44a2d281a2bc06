"""Standardised risks against R by hand, the cumulative logit model and the bootstrap."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit
from scipy.stats import t

from nmosd_cohort.statistics.models.g_computation import (
    mean_risk,
    standardised_risk,
    standardised_risk_difference,
    standardised_risk_ratio,
)
from nmosd_cohort.statistics.ordinal.cumulative_logit import (
    fit_cumulative_link,
    standardised_contrast,
    standardised_probability,
)
from nmosd_cohort.statistics.regression.logistic import fit_logistic
from nmosd_cohort.statistics.regression.rate_regression import fit_poisson
from nmosd_cohort.statistics.resampling.bootstrap import bootstrap_cells
from tests.statistics.tally_helpers import REFERENCE, numbers_of

COVARIATES = ["neuropathic", "woman", "age_decade", "duration_years"]
CONTRAST = {"assign": {"neuropathic": 1}, "reference": {"neuropathic": 0}}
# The covariance of R's glm is that of its last step but one.
GLM_ERROR_TOLERANCE = 1e-7


@pytest.fixture(scope="module")
def found() -> pd.Series:
    return numbers_of("regression")


def cohort(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / ("models_tally.csv" if name == "all" else "regression_small.csv"))


@pytest.mark.parametrize("name", ["all", "small"])
@pytest.mark.parametrize("covariates", ["fixed", "random"])
def test_risks_are_those_of_r_by_hand(found: pd.Series, name: str, covariates: str):
    tally = cohort(name)
    data = fit_logistic(tally["depressed"], tally[COVARIATES], tally["n"]), tally, tally["n"]
    risk = standardised_risk(*data, assign={"neuropathic": 1}, covariates=covariates)
    gap = standardised_risk_difference(*data, **CONTRAST, covariates=covariates)
    ratio = standardised_risk_ratio(*data, **CONTRAST, covariates=covariates)
    expected = found.loc[[f"g_{name}_risk", f"g_{name}_difference", f"g_{name}_log_ratio"]].unstack()
    assert risk.estimate == pytest.approx(expected.at[f"g_{name}_risk", "estimate"], rel=1e-9)
    assert risk.std_error == pytest.approx(expected.at[f"g_{name}_risk", covariates], rel=GLM_ERROR_TOLERANCE)
    assert gap.estimate == pytest.approx(expected.at[f"g_{name}_difference", "estimate"], rel=1e-8)
    freedom = data[0].freedom  # the error of the difference is that of R times the root of n / (n - coefficients)
    widened = expected.at[f"g_{name}_difference", covariates] * math.sqrt((freedom + 5) / freedom)
    assert gap.std_error == pytest.approx(widened, rel=GLM_ERROR_TOLERANCE)
    assert math.log(ratio.estimate) == pytest.approx(expected.at[f"g_{name}_log_ratio", "estimate"], rel=1e-8)
    error = ratio.std_error / ratio.estimate
    assert error == pytest.approx(expected.at[f"g_{name}_log_ratio", covariates], rel=GLM_ERROR_TOLERANCE)
    # limits on their scales
    reach = float(t.ppf(0.975, freedom))
    assert gap.conf_high == pytest.approx(gap.estimate + reach * gap.std_error)
    assert ratio.conf_low == pytest.approx(ratio.estimate * math.exp(-reach * error))
    slope = risk.estimate * (1 - risk.estimate)
    assert logit(risk.conf_low) == pytest.approx(logit(risk.estimate) - reach * risk.std_error / slope)
    assert risk.method.endswith(f"delta-method t({freedom}) limits on the logit scale, covariates {covariates}")
    assert math.isnan(risk.p_value)


def test_without_other_covariates_the_difference_is_that_of_two_shares():
    # 20 of 30 and 10 of 30: difference 1/3 with variance 2 x (2/9) / 30, times 60 / 58
    design = pd.DataFrame({"pain": [0, 0, 1, 1]})
    data = fit_logistic([0, 1, 0, 1], design, [20, 10, 10, 20]), design, [20, 10, 10, 20]
    contrast = {"assign": {"pain": 1}, "reference": {"pain": 0}}
    gap = standardised_risk_difference(*data, **contrast)
    assert gap.estimate == pytest.approx(1 / 3)
    assert gap.std_error == pytest.approx(math.sqrt(4 / 9 / 29))
    # every patient has the same difference, so nothing is added for covariates at random
    assert standardised_risk_difference(*data, **contrast, covariates="fixed").std_error == pytest.approx(gap.std_error)
    ratio = standardised_risk_ratio(*data, **contrast)
    assert ratio.estimate == pytest.approx(2)
    assert ratio.std_error == pytest.approx(2 * math.sqrt(1 / 20 - 1 / 30 + 1 / 10 - 1 / 30))


def test_it_is_the_ordinal_contrast_of_two_levels():
    tally = cohort("all")
    fit = fit_logistic(tally["depressed"], tally[COVARIATES], tally["n"])
    ordinal = fit_cumulative_link(tally["depressed"], tally[COVARIATES], tally["n"])
    one = standardised_risk_difference(fit, tally, tally["n"], **CONTRAST, covariates="fixed")
    other = standardised_contrast(ordinal, tally, tally["n"], **CONTRAST, at_least=1)
    assert one.estimate == pytest.approx(other.estimate, rel=1e-7)
    # the ordinal contrast has normal limits without a factor for the coefficients
    assert one.std_error == pytest.approx(other.std_error * math.sqrt(1 + 5 / fit.freedom), rel=1e-7)
    assert other.conf_high == pytest.approx(other.estimate + 1.959963984540054 * other.std_error)
    one = standardised_risk(fit, tally, tally["n"], assign={"woman": 0}, covariates="fixed")
    other = standardised_probability(ordinal, tally, tally["n"], assign={"woman": 0}, at_least=1)
    assert (one.estimate, one.std_error) == pytest.approx((other.estimate, other.std_error), rel=1e-7)
    assert other.method.endswith("delta-method limits on the logit scale, covariates fixed")


def test_limits_are_for_the_population_unless_told_otherwise():
    tally = cohort("small")
    data = fit_logistic(tally["depressed"], tally[COVARIATES], tally["n"]), tally, tally["n"]
    assert standardised_risk(*data, assign={"woman": 1}).method.endswith("covariates random")
    assert standardised_risk_difference(*data, **CONTRAST).method.endswith("covariates random")
    assert standardised_risk_ratio(*data, **CONTRAST).method.endswith("covariates random")


@pytest.mark.parametrize("value", [math.nan, math.inf, "a", None])
def test_an_assigned_value_that_is_no_finite_number_is_named(value: object):
    design = pd.DataFrame({"pain": [0, 0, 1, 1]})
    fit = fit_logistic([0, 1, 0, 1], design, [20, 10, 10, 20])
    with pytest.raises(ValueError, match=r"assigned to column 'pain' is .*; it must be a"):
        standardised_risk(fit, design, assign={"pain": value})
    with pytest.raises(ValueError, match=r"assigned to column 'pain' is .*; it must be a"):
        standardised_risk_ratio(fit, design, assign={"pain": 1}, reference={"pain": value})


def test_without_warning_near_separation():
    # the far patient has a probability of 1 to the last digit: neither residual nor weight, 0 to Pearson's chi-square
    design = pd.DataFrame({"load": [0, 1, 0, 1, 100]})
    fit = fit_logistic([0, 0, 1, 1, 1], design, [9, 5, 5, 9, 1])
    # the others: both kinds of load fitted exactly, 14 patients each, whose chi-square is their number
    assert fit.pearson == pytest.approx(28)


def test_the_bootstrap_of_patients_gives_the_error_with_random_covariates():
    tally = cohort("all")

    def difference(counts: np.ndarray) -> float:
        fit = fit_logistic(tally["depressed"], tally[COVARIATES], counts)
        return (
            mean_risk(fit, tally, counts, {"neuropathic": 1}).risk
            - mean_risk(fit, tally, counts, {"neuropathic": 0}).risk
        )

    boot = bootstrap_cells(tally["n"], difference, seed=4, n_resamples=400, method="percentile")
    fit = fit_logistic(tally["depressed"], tally[COVARIATES], tally["n"])
    gap = standardised_risk_difference(fit, tally, tally["n"], **CONTRAST, covariates="random")
    # 400 resamples know a standard error to 1 / sqrt(800) = 3.5 %; three times that
    assert boot.std_error == pytest.approx(gap.std_error, rel=0.106)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_tally_order_and_swapped_groups(seed: int):
    tally = cohort("small").sample(frac=1, random_state=seed)
    rows = tally.loc[tally.index.repeat(tally["n"])]
    data = fit_logistic(tally["depressed"], tally[COVARIATES], tally["n"]), tally, tally["n"]
    by_row = fit_logistic(rows["depressed"], rows[COVARIATES]), rows, None
    for function in (standardised_risk_difference, standardised_risk_ratio):
        one, other = (function(*each, **CONTRAST, covariates="random") for each in (data, by_row))
        assert (one.estimate, one.std_error, one.n) == pytest.approx(
            (other.estimate, other.std_error, other.n), abs=1e-10
        )
    swapped = {"assign": CONTRAST["reference"], "reference": CONTRAST["assign"]}
    one, back = standardised_risk_difference(*data, **CONTRAST), standardised_risk_difference(*data, **swapped)
    assert (back.conf_low, back.conf_high) == pytest.approx((-one.conf_high, -one.conf_low))
    one, back = standardised_risk_ratio(*data, **CONTRAST), standardised_risk_ratio(*data, **swapped)
    assert back.conf_low * one.conf_high == pytest.approx(1)


def test_assigned_values_beyond_all_bounds_give_no_limits():
    design = pd.DataFrame({"age": [0, 1, 2, 3]})
    fit = fit_logistic([0, 1, 0, 1], design, [20, 10, 10, 20])
    sure = standardised_risk(fit, design, assign={"age": 1e6})
    assert (sure.estimate, sure.method[:27]) == (1.0, "limits not estimable: the a")
    never = {"assign": {"age": 1}, "reference": {"age": -1e6}}
    assert standardised_risk_ratio(fit, design, **never).method == "not estimable: the model gives a risk of 0"


def test_difference_limits_stay_within_1():
    design = pd.DataFrame({"pain": [0, 0, 1, 1]})
    fit = fit_logistic([0, 1, 0, 1], design, [5, 1, 1, 5])
    gap = standardised_risk_difference(fit, design, assign={"pain": 1}, reference={"pain": 0}, conf_level=0.999)
    assert gap.conf_high == 1


def test_what_does_not_fit_is_named():
    design = pd.DataFrame({"pain": [0, 0, 1, 1]})
    fit = fit_logistic([0, 1, 0, 1], design, [20, 10, 10, 20])
    with pytest.raises(ValueError, match="the design has no column 'pain', which the fit has"):
        standardised_risk(fit, pd.DataFrame({"age": [1]}), assign={"pain": 1})
    with pytest.raises(ValueError, match="no column 'age'; it has pain"):
        standardised_risk(fit, design, assign={"age": 1})
    with pytest.raises(ValueError, match="design has no patients"):
        standardised_risk(fit, design, [0] * 4, assign={"pain": 1})
    with pytest.raises(ValueError, match="do not differ"):
        standardised_risk_difference(fit, design, assign={"pain": 1}, reference={"pain": 1})
    with pytest.raises(ValueError, match="do not differ"):
        standardised_risk_ratio(fit, design, assign={}, reference={})
    with pytest.raises(ValueError, match="covariates is 'free'; it must be one of fixed, random"):
        standardised_risk(fit, design, assign={"pain": 1}, covariates="free")
    rates = fit_poisson([0, 2, 0, 1], [1] * 4, design)
    with pytest.raises(ValueError, match="the fit is of a model of rates"):
        standardised_risk(rates, design, assign={"pain": 1})
    with pytest.raises(ValueError, match="the fit is of a model of rates"):
        mean_risk(replace(fit, family="poisson"), design, None, {})
