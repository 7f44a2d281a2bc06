"""The logistic model against R, statsmodels and arithmetic."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from nmosd_cohort.statistics.models import separation
from nmosd_cohort.statistics.ordinal.cumulative_logit import fit_cumulative_link
from nmosd_cohort.statistics.regression.glm import GlmLikelihood, finite_maximum, maximum
from nmosd_cohort.statistics.regression.logistic import fit_logistic, logistic_regression
from tests.statistics.tally_helpers import REFERENCE

COVARIATES = ["neuropathic", "woman", "age_decade", "duration_years"]
# uniroot of the reference stops at 1e-13 of the log odds ratio, glm at 1e-15 of the deviance, which is its
# square root in the log odds ratio.
PROFILE_TOLERANCE = 1e-7


def cohort(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / ("models_tally.csv" if name == "logistic" else "regression_small.csv"))


def random_tally(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.integers(0, 2, 60), "b": rng.integers(0, 6, 60), "n": rng.integers(1, 4, 60)})
    frame["event"] = rng.random(60) < 1 / (1 + np.exp(1 - 0.8 * frame["a"] - 0.2 * frame["b"]))
    return frame.astype(int)


@pytest.mark.parametrize("name", ["logistic", "logistic_small"])
def test_the_fit_is_that_of_r_glm(found: pd.Series, name: str):
    tally = cohort(name)
    fit = fit_logistic(tally["depressed"], tally[COVARIATES], tally["n"])
    terms = ["(Intercept)", *COVARIATES]
    assert_allclose(fit.coefficients, found[f"{name}_coefficient"][terms], rtol=1e-9)
    assert_allclose(np.sqrt(np.diagonal(fit.covariance)), found[f"{name}_se"][terms], rtol=1e-9)
    for quantity in ("log_likelihood", "deviance", "pearson"):
        assert getattr(fit, quantity) == pytest.approx(found[f"{name}_{quantity}", ""], rel=1e-10)
    assert fit.freedom == tally["n"].sum() - 5


@pytest.mark.parametrize("name", ["logistic", "logistic_small"])
@pytest.mark.parametrize("term", COVARIATES)
def test_limits_and_p_values_are_those_of_r(found: pd.Series, name: str, term: str):
    # profile: uniroot over glm with an offset, checked there against MASS::confint; p: drop1(test = "LRT")
    tally = cohort(name)
    data = tally["depressed"], tally[COVARIATES], tally["n"]
    profile, wald = logistic_regression(*data)[term], logistic_regression(*data, limits="wald")[term]
    assert math.log(profile.conf_low) == pytest.approx(found[f"{name}_profile_low", term], abs=PROFILE_TOLERANCE)
    assert math.log(profile.conf_high) == pytest.approx(found[f"{name}_profile_high", term], abs=PROFILE_TOLERANCE)
    assert profile.p_value == pytest.approx(found[f"{name}_lr_p", term], rel=1e-6)
    assert math.log(wald.conf_low) == pytest.approx(found[f"{name}_wald_low", term], rel=1e-8)
    assert math.log(wald.conf_high) == pytest.approx(found[f"{name}_wald_high", term], rel=1e-8)
    assert wald.p_value == pytest.approx(found[f"{name}_wald_p", term], rel=1e-8)
    assert profile.std_error == pytest.approx(wald.std_error, rel=1e-12)
    assert wald.std_error == pytest.approx(wald.estimate * found[f"{name}_se", term])


def test_two_groups_give_the_odds_ratio_by_hand():
    # Odds 20 / 10 and 10 / 20: ratio 4, log error sqrt(1/20 + 1/10 + 1/10 + 1/20).
    data = [0, 1, 0, 1], pd.DataFrame({"pain": [0, 0, 1, 1]}), [20, 10, 10, 20]
    ratio = logistic_regression(*data, limits="wald", conf_level=0.9)["pain"]
    assert ratio.estimate == pytest.approx(4)
    assert ratio.std_error == pytest.approx(4 * 0.3**0.5)
    assert ratio.conf_high == pytest.approx(4 * math.exp(1.6448536269514722 * 0.3**0.5))
    assert (ratio.n, ratio.events, ratio.conf_level) == (60, 30, 0.9)
    # Likelihood-ratio statistic of the table: 2 sum(observed log(observed / 15)).
    statistic = 2 * (40 * math.log(20 / 15) + 20 * math.log(10 / 15))
    assert logistic_regression(*data)["pain"].p_value == pytest.approx(math.erfc(math.sqrt(statistic / 2)))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_tally_is_its_rows_and_statsmodels_agrees(seed: int):
    frame = random_tally(seed)
    rows = frame.loc[frame.index.repeat(frame["n"])].sample(frac=1, random_state=seed)
    fit = fit_logistic(frame["event"], frame[["a", "b"]], frame["n"])
    by_row = fit_logistic(rows["event"], rows[["a", "b"]])
    assert_allclose(fit.coefficients, by_row.coefficients, atol=1e-10)
    assert_allclose(fit.covariance, by_row.covariance, atol=1e-10)
    other = GLM(rows["event"], rows[["a", "b"]].assign(c=1.0)[["c", "a", "b"]], family=Binomial()).fit(tol=1e-14)
    assert_allclose(fit.coefficients, other.params, atol=1e-8)
    assert_allclose(np.sqrt(np.diagonal(fit.covariance)), other.bse, atol=1e-8)
    assert fit.log_likelihood == pytest.approx(other.llf)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([0.1, 3, 1000]))
def test_mirrored_outcomes_and_other_units(seed: int, scale: float):
    frame = random_tally(seed)
    ratios = logistic_regression(frame["event"], frame[["a", "b"]], frame["n"])
    mirrored = logistic_regression(1 - frame["event"], frame[["a", "b"]], frame["n"])
    moved = logistic_regression(frame["event"], frame[["a"]].assign(b=frame["b"] * scale - 7), frame["n"])
    for name, unit in (("a", 1.0), ("b", scale)):
        ends = np.log([ratios[name].conf_low, ratios[name].estimate, ratios[name].conf_high])
        others = np.log([mirrored[name].conf_high, mirrored[name].estimate, mirrored[name].conf_low])
        assert_allclose(ends, -others, atol=1e-6)
        scaled = np.log([moved[name].conf_low, moved[name].estimate, moved[name].conf_high]) * unit
        assert_allclose(ends, scaled, atol=1e-6)
        assert ratios[name].conf_low < ratios[name].estimate < ratios[name].conf_high
        assert (ratios[name].p_value < 0.05) == (ends[0] > 0 or ends[2] < 0)


def test_it_is_the_cumulative_logit_model_of_two_levels():
    tally = cohort("logistic")
    one = fit_logistic(tally["depressed"], tally[COVARIATES], tally["n"])
    other = fit_cumulative_link(tally["depressed"], tally[COVARIATES], tally["n"])
    assert_allclose(one.coefficients, [-other.thresholds[0], *other.coefficients], atol=1e-9)
    assert one.log_likelihood == pytest.approx(other.log_likelihood)


def test_separation_names_the_column_and_points_to_firth():
    design = pd.DataFrame({"exposed": [0, 0, 1], "age": [3, 5, 4]})
    with pytest.raises(ValueError, match=r"'exposed' separates those with events .* use firth_logistic"):
        logistic_regression([0, 1, 1], design, [9, 5, 6])
    together = pd.DataFrame({"a": [0, 2, 1, 3], "b": [1, 3, 0, 2]})
    with pytest.raises(ValueError, match="columns 'a', 'b' together separate"):
        fit_logistic([0, 0, 1, 1], together, [5, 5, 5, 5])


def test_a_column_that_all_but_separates_is_fitted():
    # One patient in 10 000 on the wrong side: odds ratio 9999^2 / 1, nothing is separated.
    ratio = logistic_regression([0, 1, 0, 1], pd.DataFrame({"a": [0, 0, 1, 1]}), [9999, 1, 1, 9999])["a"]
    assert ratio.estimate == pytest.approx(9999**2, rel=1e-6)
    assert ratio.conf_low < 9999**2 < ratio.conf_high < math.inf


def test_few_events_are_told():
    ratio = logistic_regression([0, 1, 0, 1], pd.DataFrame({"a": [0, 0, 1, 1]}), [20, 3, 15, 5])["a"]
    assert ratio.method.endswith("8 events per column, which is few: see firth_logistic")
    fit = fit_logistic([0, 1], pd.DataFrame(index=[0, 1]), [3, 5])
    assert fit.events_per_column == math.inf
    assert fit.coefficients[0] == pytest.approx(math.log(5 / 3))


@pytest.mark.parametrize(
    ("outcome", "design", "message"),
    [
        ([0, 1, 2], {"a": [0, 1, 0]}, "values other than 0 and 1"),
        ([1, 1, 1], {"a": [0, 1, 0]}, "outcome01 is 1 in all 3 patients"),
        ([0, 0, 0], {"a": [0, 1, 0]}, "outcome01 is 0 in all 3 patients"),
        ([0, 1, 0], {"a": [1, 1, 1]}, "'a' has one value only"),
        ([0, 1], {"a": [0, 1, 0]}, "outcome01 has 2 entries but the design 3 rows"),
        ([], {"a": []}, "outcome01 has no patients"),
    ],
)
def test_other_data_are_refused(outcome: list[float], design: dict[str, list[float]], message: str):
    with pytest.raises(ValueError, match=message):
        logistic_regression(outcome, pd.DataFrame(design))


def test_options_are_checked():
    with pytest.raises(ValueError, match="limits is 'exact'; it must be one of profile, wald"):
        logistic_regression([0, 1], pd.DataFrame({"a": [0, 1]}), limits="exact")


def test_derivatives_are_exact():
    rng = np.random.default_rng(4)
    matrix = np.column_stack([np.ones(25), rng.normal(size=(25, 2))])
    counts, at = rng.integers(1, 5, 25).astype(float), np.array([0.2, -0.3, 0.5])
    events = rng.poisson(2, 25).astype(float)
    for likelihood in (
        GlmLikelihood("binomial", matrix, np.minimum(events, 1), counts, np.zeros(25)),
        GlmLikelihood("poisson", matrix, events, counts, rng.normal(size=25)),
        GlmLikelihood("negative_binomial", matrix, events, counts, rng.normal(size=25), 0.7),
    ):
        point, steps = likelihood.at(at), 1e-5 * np.eye(3)
        slopes = [(likelihood.at(at + s).value - likelihood.at(at - s).value) / 2e-5 for s in steps]
        curves = [(likelihood.at(at + s).score - likelihood.at(at - s).score) / 2e-5 for s in steps]
        assert_allclose(point.score, slopes, rtol=1e-6, atol=1e-6)
        assert_allclose(likelihood.curvature(point), -np.array(curves), rtol=1e-6, atol=1e-6)


def test_a_climb_without_a_maximum_says_so(monkeypatch: pytest.MonkeyPatch):
    overflowing = GlmLikelihood("poisson", np.ones((1, 1)), np.ones(1), np.ones(1), np.array([800.0]))
    assert maximum(overflowing, np.zeros(1)) is None
    coin = GlmLikelihood("binomial", np.ones((2, 1)), np.array([0.0, 1.0]), np.ones(2), np.zeros(2))
    monkeypatch.setattr(separation, "LARGEST_STD_ERROR", 0.1)
    with pytest.raises(ValueError, match="design column 'age' separates"):
        finite_maximum(coin, ("age",), "leave it out")
