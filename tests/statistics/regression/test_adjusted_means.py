"""Least squares with HC3 errors."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from statsmodels.regression.linear_model import OLS

from nmosd_cohort.statistics.regression.linear import (
    adjusted_mean_difference,
    standardised_coefficient,
)

COVARIATES = ["neuropathic", "woman", "age_decade", "duration_years"]


def random_tally(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.integers(0, 2, 40), "b": rng.integers(20, 70, 40)})
    frame["y"] = np.round(frame["a"] + frame["b"] / 20 + rng.normal(size=40))
    frame["n"] = rng.integers(1, 4, 40)
    return frame


def expanded(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.loc[frame.index.repeat(frame["n"])].reset_index(drop=True)


@pytest.mark.parametrize("term", COVARIATES)
def test_mean_difference_gives_the_numbers_of_r_lm_and_sandwich(tally: pd.DataFrame, numbers: pd.Series, term: str):
    gap = adjusted_mean_difference(tally["nrs"], tally[COVARIATES], tally["n"], term)
    assert gap.estimate == pytest.approx(numbers["hc3_coefficient", term], rel=1e-10)
    assert gap.std_error == pytest.approx(numbers["hc3_se", term], rel=1e-10)
    assert gap.n == 320


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_mean_difference_of_a_tally_is_that_of_statsmodels_on_rows(seed: int):
    frame = random_tally(seed)
    rows = expanded(frame)
    other = OLS(rows["y"], rows[["a", "b"]].assign(constant=1.0)).fit(cov_type="HC3", use_t=True)
    gap = adjusted_mean_difference(frame["y"], frame[["a", "b"]], frame["n"], "a", conf_level=0.9)
    assert gap.estimate == pytest.approx(other.params["a"], abs=1e-9)
    assert gap.std_error == pytest.approx(other.bse["a"], abs=1e-9)
    assert gap.p_value == pytest.approx(other.pvalues["a"], abs=1e-9)
    assert_allclose([gap.conf_low, gap.conf_high], other.conf_int(0.1).loc["a"], atol=1e-9)
    flipped = adjusted_mean_difference(-frame["y"], frame[["a", "b"]], frame["n"], "a", conf_level=0.9)
    assert (flipped.conf_low, flipped.conf_high) == pytest.approx((-gap.conf_high, -gap.conf_low))


def test_two_groups_give_the_difference_of_means_by_hand():
    # Means 50 and 40; squared residuals 100 each; HC3 divides them by (1 - 1/20)^2: variance of a mean
    # 100 / 20 / (19/20)^2.
    gap = adjusted_mean_difference([40, 60, 30, 50], pd.DataFrame({"pain": [0, 0, 1, 1]}), [10, 10, 10, 10], "pain")
    assert gap.estimate == pytest.approx(-10)
    assert gap.std_error == pytest.approx((2 * 100 / 20 / (19 / 20) ** 2) ** 0.5)


def test_standardised_coefficient_gives_the_number_of_r(tally: pd.DataFrame, numbers: pd.Series):
    effect = standardised_coefficient(tally["nrs"], tally[COVARIATES], tally["n"], "neuropathic")
    gap = adjusted_mean_difference(tally["nrs"], tally[COVARIATES], tally["n"], "neuropathic")
    assert effect.estimate == pytest.approx(numbers["standardised_coefficient", "neuropathic"], rel=1e-10)
    assert effect.p_value == pytest.approx(gap.p_value)
    rescaled = tally.assign(neuropathic=12 * tally["neuropathic"] - 7, nrs=100 - 10 * tally["nrs"])
    other = standardised_coefficient(rescaled["nrs"], rescaled[COVARIATES], tally["n"], "neuropathic")
    assert other.estimate == pytest.approx(-effect.estimate)
    assert other.conf_low == pytest.approx(-effect.conf_high)


def test_standardised_coefficient_of_one_covariate_is_the_correlation():
    frame = random_tally(3)
    rows = expanded(frame)
    effect = standardised_coefficient(frame["y"], frame[["b"]], frame["n"], "b")
    assert effect.estimate == pytest.approx(np.corrcoef(rows["y"], rows["b"])[0, 1])


def test_too_few_patients_and_constant_outcomes_say_so():
    design = pd.DataFrame({"a": [0, 1]})
    for function in (adjusted_mean_difference, standardised_coefficient):
        answer = function([1, 2], design, None, "a")
        assert answer.method == "not estimable: not more patients than parameters"
        assert np.isnan(answer.estimate)
        constant = function([3, 3], design, [4, 5], "a")
        assert constant.method == "not estimable: all patients have the same outcome"
    exact = adjusted_mean_difference([3, 5], design, [4, 5], "a")
    assert (exact.estimate, exact.std_error) == pytest.approx((2, 0), abs=1e-12)


def test_columns_that_rest_on_one_patient_are_named():
    design = pd.DataFrame({"rare": [1, 0, 0, 0], "b": [0, 1, 0, 1]})
    with pytest.raises(ValueError, match="without one patient who decides it, design column 'rare' has one"):
        adjusted_mean_difference([1, 2, 3, 5], design, [1, 4, 5, 3], "b")
    with pytest.raises(ValueError, match="no column 'c'; it has rare, b"):
        adjusted_mean_difference([1, 2, 3, 5], design, [2, 4, 5, 3], "c")
