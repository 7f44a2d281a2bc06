"""Least squares with HC3 errors and Firth's logistic model."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from statsmodels.regression.linear_model import OLS

from nmosd_cohort.statistics import firth as firth_module
from nmosd_cohort.statistics.regression import (
    adjusted_mean_difference,
    firth_logistic,
    standardised_coefficient,
)

REFERENCE = Path(__file__).parents[1] / "reference"
COVARIATES = ["neuropathic", "woman", "age_decade", "duration_years"]
# The reference profile likelihood is climbed by a general optimiser.
PROFILE_TOLERANCE = 2e-5


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


@pytest.mark.parametrize("term", ["neuropathic", "woman", "nrs"])
def test_firth_gives_the_numbers_of_r(numbers: pd.Series, term: str):
    # models.R checks its profile routine against the table that Heinze and Schemper (2002) print.
    frame = pd.read_csv(REFERENCE / "firth_tally.csv")
    ratio = firth_logistic(frame["depressed"], frame[["neuropathic", "woman", "nrs"]], frame["n"])[term]
    found = np.log([ratio.estimate, ratio.conf_low, ratio.conf_high])
    expected = [numbers[f"firth_{name}", term] for name in ("coefficient", "low", "high")]
    assert_allclose(found, expected, atol=PROFILE_TOLERANCE)
    assert ratio.p_value == pytest.approx(numbers["firth_p", term], abs=PROFILE_TOLERANCE)


def test_firth_is_finite_where_the_exposed_all_have_the_event(numbers: pd.Series):
    ratio = firth_logistic([0, 1, 1], pd.DataFrame({"exposed": [0, 0, 1]}), [9, 5, 6])["exposed"]
    # In a saturated two by two table Firth adds a half to each cell: (6.5 * 9.5) / (5.5 * 0.5).
    assert ratio.estimate == pytest.approx(6.5 * 9.5 / (5.5 * 0.5))
    found = np.log([ratio.conf_low, ratio.conf_high])
    expected = [numbers["firth_separated_low", "exposed"], numbers["firth_separated_high", "exposed"]]
    assert_allclose(found, expected, atol=PROFILE_TOLERANCE)
    assert (ratio.n, ratio.events) == (20, 11)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_firth_of_tally_rows_and_reversed_outcome_agree(seed: int):
    frame = random_tally(seed)
    frame["event"] = (frame["y"] > frame["y"].median()).astype(int)
    whole = firth_logistic(frame["event"], frame[["a", "b"]], frame["n"])
    rows = expanded(frame).sample(frac=1, random_state=seed)
    by_row = firth_logistic(rows["event"], rows[["a", "b"]])
    reversed_outcome = firth_logistic(1 - frame["event"], frame[["a", "b"]], frame["n"])
    for term, ratio in whole.items():
        assert np.log(by_row[term].estimate) == pytest.approx(np.log(ratio.estimate), abs=1e-8)
        assert np.log(by_row[term].conf_low) == pytest.approx(np.log(ratio.conf_low), abs=1e-7)
        assert np.log(reversed_outcome[term].conf_high) == pytest.approx(-np.log(ratio.conf_low), abs=1e-6)
        assert reversed_outcome[term].p_value == pytest.approx(ratio.p_value, abs=1e-7)


def test_firth_p_value_and_limits_tell_the_same_story():
    # The p-value at a limit is 1 - conf_level: the limits of level 1 - p touch an odds ratio of 1.
    frame = pd.DataFrame({"a": [0, 0, 1, 1]})
    ratio = firth_logistic([0, 1, 0, 1], frame, [14, 6, 5, 9])["a"]
    touching = firth_logistic([0, 1, 0, 1], frame, [14, 6, 5, 9], conf_level=1 - ratio.p_value)["a"]
    assert touching.conf_low == pytest.approx(1, abs=1e-7)


def test_firth_refuses_other_outcomes():
    design = pd.DataFrame({"a": [0, 1, 0]})
    with pytest.raises(ValueError, match="values other than 0 and 1"):
        firth_logistic([0, 1, 2], design)
    with pytest.raises(ValueError, match="outcome01 is 1 in all 3 patients"):
        firth_logistic([1, 1, 1], design)
    with pytest.raises(ValueError, match="design column 'a' has one value only"):
        firth_logistic([1, 0, 1], design * 0)


def test_firth_takes_newton_steps_where_scoring_crawls_and_finds_the_same_maximum(
    monkeypatch: pytest.MonkeyPatch,
):
    frame = pd.read_csv(REFERENCE / "firth_tally.csv")
    arguments = frame["depressed"], frame[["neuropathic", "woman", "nrs"]], frame["n"]
    scoring = firth_logistic(*arguments)
    monkeypatch.setattr(firth_module, "SCORING_STEPS", 0)
    for term, ratio in firth_logistic(*arguments).items():
        assert np.log(ratio.estimate) == pytest.approx(np.log(scoring[term].estimate), abs=1e-6)
        assert np.log(ratio.conf_high) == pytest.approx(np.log(scoring[term].conf_high), abs=1e-6)


def test_second_derivatives_of_the_penalised_likelihood_are_exact():
    rng = np.random.default_rng(2)
    matrix = np.column_stack([np.ones(30), rng.normal(size=(30, 2))])
    patients = rng.integers(1, 4, 30).astype(float)
    trials = firth_module.Trials(matrix, patients, np.floor(patients * rng.random(30)))
    at = np.array([0.2, -0.3, 0.5])
    steps = 1e-5 * np.eye(3)
    slopes = [(firth_module._penalised(at + s, trials) - firth_module._penalised(at - s, trials)) / 2e-5 for s in steps]
    curves = [(firth_module._score(at + s, trials)[0] - firth_module._score(at - s, trials)[0]) / 2e-5 for s in steps]
    score, information = firth_module._score(at, trials)
    assert_allclose(score, slopes, rtol=1e-6, atol=1e-7)
    assert_allclose(
        firth_module._curvature(at, trials, information, np.arange(3)), -np.array(curves), rtol=1e-6, atol=1e-6
    )


def test_firth_refuses_data_whose_penalised_likelihood_has_two_peaks():
    # All but separated by two columns together: away from the peak that is found there is a higher one.
    design = pd.DataFrame(
        {
            "a": [0, 0, 0.5, 0, -0.5, 0, 0.5, -0.5, -0.5, 0, -0.5],
            "b": [0.1, -0.2, 0, -0.9, 0.9, 0.3, -0.2, 0.5, -1.0, -0.3, -0.7],
            "c": [1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1],
        }
    )
    event, counts = [1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0], [2, 4, 1, 4, 4, 1, 3, 2, 4, 4, 3]
    with pytest.raises(ValueError, match="more than one maximum: too many columns for the patients"):
        firth_logistic(event, design, counts)


def test_firth_says_when_the_likelihood_is_flat(monkeypatch: pytest.MonkeyPatch):
    def singular(*_: object) -> None:
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(firth_module, "_score", singular)
    with pytest.raises(ValueError, match="flat likelihood"):
        firth_logistic([0, 1, 1, 0], pd.DataFrame({"a": [0, 0, 1, 1]}), [9, 5, 6, 2])


def test_halved_steps_never_go_down():
    trials = firth_module.Trials(np.ones((1, 1)), np.array([10.0]), np.array([5.0]))
    start = np.array([1.0])
    value = firth_module._penalised(start, trials)
    shorter, higher = firth_module._halved_step(start, value, np.array([-12.0]), trials)
    assert higher > value
    assert shorter[0] == pytest.approx(-0.5)
    assert firth_module._halved_step(start, value, np.array([16.0]), trials) == (start, value)


def test_firth_says_when_it_does_not_converge(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(firth_module, "MAX_STEPS", 1)
    with pytest.raises(ValueError, match="did not converge in 1 steps"):
        firth_logistic([0, 1, 1, 0], pd.DataFrame({"a": [0, 0, 1, 1]}), [9, 5, 6, 2])
    with pytest.raises(ValueError, match="limit not found in 1 steps"):
        firth_module._solve(lambda value: (value, 0.1), 0.0, 1.0, 2.0)


def test_root_search_survives_steps_that_leave_the_bracket():
    # A slope that is far too small throws Newton's step across the best value.
    found = firth_module._solve(lambda value: (value**3, 0.01), 0.0, 3.0, 2.0)
    assert found == pytest.approx(2 ** (1 / 3))
