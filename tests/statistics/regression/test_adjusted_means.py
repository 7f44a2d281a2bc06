"""Least squares with HC3 errors."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from statsmodels.regression.linear_model import OLS

from nmosd_cohort.statistics.regression.linear import adjusted_mean_difference, standardised_coefficient
from tests.statistics.tally_helpers import expanded

COVARIATES = ["neuropathic", "woman", "age_decade", "duration_years"]


def random_tally(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.integers(0, 2, 40), "b": rng.integers(20, 70, 40)})
    frame["y"] = np.round(frame["a"] + frame["b"] / 20 + rng.normal(size=40))
    frame["n"] = rng.integers(1, 4, 40)
    return frame


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


@pytest.mark.parametrize("counts", [[4, 5], [3, 3], [5, 5]])
@pytest.mark.parametrize("scale", [1.0, 0.1, 1e-8, 1e9])
def test_outcomes_without_residuals_have_no_limits(counts: list[int], scale: float):
    outcome, design = np.array([3, 5]) * scale, pd.DataFrame({"a": [0, 1]})
    for function, expected in ((adjusted_mean_difference, 2 * scale), (standardised_coefficient, 1.0)):
        exact = function(outcome, design, counts, "a")
        assert exact.estimate == pytest.approx(expected)
        assert exact.method.startswith("limits not estimable: the patients that it rests on lie exactly")
        assert np.isnan([exact.std_error, exact.conf_low, exact.conf_high, exact.p_value]).all()
    # one patient off by a hundred millionth is a residual
    loose = adjusted_mean_difference(
        np.append(outcome, outcome[1] * (1 + 1e-8)), pd.DataFrame({"a": [0, 1, 1]}), [*counts, 1], "a"
    )
    assert 0 < loose.std_error < 1e-7 * scale


def test_outcomes_that_differ_by_rounding_only_are_constant():
    answer = adjusted_mean_difference([0.3, 0.1 + 0.2], pd.DataFrame({"a": [0, 1]}), [4, 5], "a")
    assert answer.method == "not estimable: all patients have the same outcome"


def test_columns_that_rest_on_one_patient_are_named():
    design = pd.DataFrame({"rare": [1, 0, 0, 0], "b": [0, 1, 0, 1]})
    with pytest.raises(ValueError, match="without one patient who decides it, design column 'rare' has one"):
        adjusted_mean_difference([1, 2, 3, 5], design, [1, 4, 5, 3], "b")
    with pytest.raises(ValueError, match="no column 'c'; it has rare, b"):
        adjusted_mean_difference([1, 2, 3, 5], design, [2, 4, 5, 3], "c")
