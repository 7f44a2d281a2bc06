"""Negative binomial regression of rates against R, statsmodels and arithmetic."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.special import digamma
from scipy.stats import nbinom, t
from statsmodels.discrete.discrete_model import NegativeBinomial

from nmosd_cohort.statistics.regression import negative_binomial as module
from nmosd_cohort.statistics.regression.glm import GlmLikelihood
from nmosd_cohort.statistics.regression.negative_binomial import (
    dispersion_slope,
    fit_negative_binomial,
    negative_binomial_regression,
)
from nmosd_cohort.statistics.regression.rate_regression import fit_poisson
from nmosd_cohort.statistics.regression.rising_sums import log_rising, rising_slope

COVARIATES = ["treated", "woman", "age_decade"]
# glm.nb was made to repeat its two steps 200 times; it stops within this of the joint maximum.
GLM_NB_TOLERANCE = 1e-7
DESIGN = pd.DataFrame({"treated": [0, 0, 0, 1, 1]})
SMALL = [0, 1, 5, 0, 3], [1] * 5, DESIGN, [4, 3, 3, 7, 3]


def arguments(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.DataFrame, pd.Series]:
    return frame["events"], frame["person_years"], frame[COVARIATES], frame["n"]


def random_tally(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"treated": np.arange(30) % 2, "woman": rng.integers(0, 2, 30)})
    frame = frame.assign(age_decade=rng.integers(2, 7, 30), person_years=rng.choice([0.5, 1, 2.5], 30))
    rate = 1.5 * np.exp(-0.5 * frame["treated"]) * rng.gamma(0.8, 1 / 0.8, 30)
    return frame.assign(events=rng.poisson(rate * frame["person_years"]), n=rng.integers(1, 4, 30))


def test_the_fit_is_that_of_r_glm_nb(found: pd.Series, attacks: pd.DataFrame):
    fit = fit_negative_binomial(*arguments(attacks))
    terms = ["(Intercept)", *COVARIATES]
    assert_allclose(fit.coefficients, found["nb_coefficient"][terms], rtol=GLM_NB_TOLERANCE)
    assert_allclose(np.sqrt(np.diagonal(fit.covariance)), found["nb_se"][terms], rtol=GLM_NB_TOLERANCE)
    assert 1 / fit.dispersion == pytest.approx(found["nb_theta", ""], rel=GLM_NB_TOLERANCE)
    for quantity in ("log_likelihood", "deviance", "pearson"):
        assert getattr(fit, quantity) == pytest.approx(found[f"nb_{quantity}", ""], rel=GLM_NB_TOLERANCE)


def test_wald_limits_are_those_of_r_with_t(found: pd.Series, attacks: pd.DataFrame):
    for term, ratio in negative_binomial_regression(*arguments(attacks), limits="wald").items():
        log_ratio, error = found["nb_coefficient", term], found["nb_se", term]
        assert math.log(ratio.conf_high) == pytest.approx(
            log_ratio + 1.970066853102 * error, abs=1e-7
        )  # qt(0.975, 236)
        assert "Wald t(236) limits" in ratio.method


def test_profile_limits_are_those_of_r():
    # MASS::negative.binomial with theta by optimize() at each held log ratio, uniroot for the drop qt(0.975, 18)^2;
    # e <- c(0,1,5,0,3), t <- c(0,0,0,1,1), rows repeated c(4,3,3,7,3) times; optimize stops at 1e-10.
    ratio = negative_binomial_regression(*SMALL)["treated"]
    assert ratio.estimate == pytest.approx(0.5, abs=1e-9)
    assert ratio.conf_low == pytest.approx(0.08546888227, rel=1e-8)
    assert ratio.conf_high == pytest.approx(2.89060392224, rel=1e-8)
    assert ratio.p_value == pytest.approx(0.3675632, rel=1e-6)
    assert fit_negative_binomial(*SMALL).dispersion == pytest.approx(1.8665951241, rel=1e-8)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_tally_is_its_rows_and_the_likelihood_is_that_of_scipy(seed: int):
    frame = random_tally(seed)
    rows = frame.loc[frame.index.repeat(frame["n"])].sample(frac=1, random_state=seed).assign(n=1)
    whole, by_row = fit_negative_binomial(*arguments(frame)), fit_negative_binomial(*arguments(rows))
    assert_allclose(whole.coefficients, by_row.coefficients, atol=1e-9)
    assert whole.dispersion == pytest.approx(by_row.dispersion, rel=1e-8)
    mean = np.exp(np.column_stack([np.ones(len(rows)), rows[COVARIATES]]) @ by_row.coefficients) * rows["person_years"]
    if by_row.dispersion > 0:
        size = 1 / by_row.dispersion
        assert whole.log_likelihood == pytest.approx(nbinom.logpmf(rows["events"], size, size / (size + mean)).sum())


def test_statsmodels_finds_the_same_maximum(attacks: pd.DataFrame):
    rows = attacks.loc[attacks.index.repeat(attacks["n"])]
    design = rows[COVARIATES].assign(c=1.0)[["c", *COVARIATES]]
    other = NegativeBinomial(rows["events"], design, offset=np.log(rows["person_years"])).fit(disp=0, gtol=1e-10)
    fit = fit_negative_binomial(*arguments(attacks))
    assert fit.log_likelihood == pytest.approx(other.llf, abs=1e-8)
    assert_allclose(fit.coefficients, other.params[:-1], atol=1e-4)  # its optimiser stops early


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_swapped_groups_and_other_units_of_time(seed: int):
    frame = random_tally(seed)
    events, years, design, counts = frame["events"], frame["person_years"], frame[["treated"]], frame["n"]
    ratio = negative_binomial_regression(events, years, design, counts)["treated"]
    swapped = negative_binomial_regression(events, years, 1 - design, counts)["treated"]
    in_days = negative_binomial_regression(events, 365.25 * years, design, counts)["treated"]
    assert swapped.conf_low * ratio.conf_high == pytest.approx(1, abs=1e-6)
    assert swapped.p_value == pytest.approx(ratio.p_value, abs=1e-6)
    assert in_days.conf_low == pytest.approx(ratio.conf_low, rel=1e-6)
    assert ratio.conf_low < ratio.estimate < ratio.conf_high
    assert (ratio.p_value < 0.05) == (ratio.conf_high < 1 or ratio.conf_low > 1)


def test_the_fit_is_the_joint_maximum():
    fit = fit_negative_binomial(*SMALL)
    events, counts = np.array(SMALL[0]), np.array(SMALL[3])

    def likelihood(coefficients: np.ndarray, dispersion: float) -> float:
        mean = np.exp(coefficients[0] + coefficients[1] * DESIGN["treated"].to_numpy())
        return float(counts @ nbinom.logpmf(events, 1 / dispersion, 1 / (1 + dispersion * mean)))

    assert likelihood(fit.coefficients, fit.dispersion) == pytest.approx(fit.log_likelihood)
    for step in ([1e-3, 0, 0], [0, 1e-3, 0], [0, 0, 1e-3]):
        for side in (-1, 1):
            moved = likelihood(fit.coefficients + side * np.array(step[:2]), fit.dispersion + side * step[2])
            assert moved < fit.log_likelihood


def test_events_that_do_not_cluster_give_the_poisson_model_and_say_so():
    data = [1, 2, 1, 0, 1], [1] * 5, DESIGN, [6, 3, 6, 2, 6]
    fit, poisson = fit_negative_binomial(*data), fit_poisson(*data)
    assert fit.dispersion == 0
    assert_allclose(fit.coefficients, poisson.coefficients)
    assert fit.log_likelihood == pytest.approx(poisson.log_likelihood)
    ratio = negative_binomial_regression(*data)["treated"]
    assert ratio.method == (
        "negative binomial model, which is the Poisson model as events do not cluster (dispersion 0), "
        "profile-likelihood t(21) limits"
    )
    # Drop of the Poisson log-likelihood at the limits: total 18 events in 15 years against 6 in 8.
    for end in (ratio.conf_low, ratio.conf_high):
        rate = 24 / (15 + 8 * end)
        held = 24 * math.log(rate) + 6 * math.log(end) - rate * (15 + 8 * end)
        best = 18 * math.log(18 / 15) + 6 * math.log(6 / 8) - 24
        assert 2 * (best - held) == pytest.approx(t.ppf(0.975, 21) ** 2, rel=1e-6)


def test_barely_clustered_events_have_a_tiny_dispersion():
    # Squared residuals exceed the events by a trifle, so that the dispersion is just above 0.
    likelihood = GlmLikelihood("negative_binomial", np.ones((3, 1)), np.array([0.0, 1, 2]), np.ones(3), np.zeros(3))
    counts = [10001, 20000, 10001]
    fit = fit_negative_binomial([0, 1, 2], [1] * 3, pd.DataFrame(index=range(3)), counts)
    assert fit.dispersion == 0  # variance 20002 / 40002 is below the mean of 1
    counts = [100_010, 100_000, 0, 50_010]
    tiny = fit_negative_binomial([0, 1, 2, 3], [1] * 4, pd.DataFrame(index=range(4)), counts)
    assert 0 < tiny.dispersion < 1
    here = replace(likelihood, dispersion=0.3)
    numeric = [replace(likelihood, dispersion=0.3 + step).at(np.zeros(1)).value for step in (-1e-6, 1e-6)]
    assert dispersion_slope(here, np.ones(3)) == pytest.approx((numeric[1] - numeric[0]) / 2e-6, rel=1e-6)


def test_the_slope_keeps_its_digits_near_no_clustering():
    one = GlmLikelihood("negative_binomial", np.ones((2, 1)), np.array([0.0, 4.0]), np.ones(2), np.zeros(2))
    at_zero = dispersion_slope(one, np.array([2.0, 2.0]))
    assert at_zero == 2  # half of (4 - 0) + (4 - 4)
    for spread in (1e-12, 1e-9, 1e-6):
        near = dispersion_slope(replace(one, dispersion=spread), np.array([2.0, 2.0]))
        assert near == pytest.approx(at_zero, abs=30 * spread + 1e-12)
    either_side = [
        dispersion_slope(replace(one, dispersion=0.01 * factor), np.array([2.0, 2.0]))
        for factor in (1 - 1e-9, 1 + 1e-9)
    ]
    assert either_side[0] == pytest.approx(either_side[1], rel=1e-7)


def test_strongly_clustered_events_have_a_large_dispersion():
    data = [0, 60, 0, 1, 90], [1] * 5, DESIGN, [19, 1, 15, 3, 2]
    fit = fit_negative_binomial(*data)
    assert fit.dispersion > 5
    ratio = negative_binomial_regression(*data)["treated"]
    assert ratio.conf_low < ratio.estimate < ratio.conf_high < math.inf


def test_limits_are_without_bound_where_more_clustering_explains_any_ratio():
    # Four patients, t(2): a lower rate of the unexposed is made up for by ever more clustering.
    ratio = negative_binomial_regression([0, 4, 2], [1] * 3, pd.DataFrame({"a": [0, 1, 0]}), [1, 1, 2])["a"]
    assert ratio.conf_high == math.inf
    assert 0 < ratio.conf_low < ratio.estimate
    # Three patients, t(1) = 12.7: nothing is excluded.
    ratio = negative_binomial_regression([2, 3, 3], [0.1, 0.1, 1], pd.DataFrame({"a": [1, 0, 0]}))["a"]
    assert (ratio.conf_low, ratio.conf_high) == (0, math.inf)


def test_a_profile_that_is_too_flat_gives_the_estimate_and_the_reason():
    design = pd.DataFrame({"a": [0, 0, 0, 1], "b": [0, 0, 1, 1]})
    data = [1, 5, 1, 1], [50, 1, 50, 50], design
    ratio = negative_binomial_regression(*data)["a"]
    assert ratio.method == "limits not estimable: the profile likelihood is too flat; limits='wald' gives some"
    assert ratio.estimate == pytest.approx(1)
    assert negative_binomial_regression(*data, limits="wald")["a"].conf_low < 1


def test_a_climb_that_fails_gives_the_estimate_and_the_reason(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "maximum", lambda *_: None)
    ratio = negative_binomial_regression(*SMALL)["treated"]
    assert ratio.estimate == pytest.approx(0.5)
    assert ratio.method.startswith("limits not estimable: the profile likelihood is too flat")


def test_clustering_is_looked_for_up_to_a_bound(monkeypatch: pytest.MonkeyPatch):
    whole = fit_negative_binomial(*SMALL)
    monkeypatch.setattr(module, "LARGEST_DISPERSION", 1.0)
    bounded = fit_negative_binomial(*SMALL)
    assert bounded.dispersion == pytest.approx(1)
    assert bounded.log_likelihood < whole.log_likelihood


def test_as_many_patients_as_parameters_give_no_ratio():
    answer = negative_binomial_regression([1, 3], [1, 1], pd.DataFrame({"a": [0, 1]}))["a"]
    assert answer.method == "not estimable: not more patients than parameters"


def test_patients_without_time_are_left_out_and_counted():
    ratio = negative_binomial_regression(
        [*SMALL[0], 0], [1] * 5 + [0], pd.DataFrame({"treated": [0, 0, 0, 1, 1, 1]}), [4, 3, 3, 7, 3, 2]
    )
    same = negative_binomial_regression(*SMALL)["treated"]
    assert ratio["treated"].conf_low == pytest.approx(same.conf_low)
    assert ratio["treated"].method == f"{same.method}; 2 patients without time left out"


def test_separation_and_options_are_checked():
    with pytest.raises(ValueError, match="'treated' separates those with events from those without; the rate ratio"):
        negative_binomial_regression([0, 1, 5, 0, 0], [1] * 5, DESIGN, [4, 3, 3, 7, 3])
    with pytest.raises(ValueError, match="limits is 'z'; it must be one of profile, wald"):
        negative_binomial_regression(*SMALL, limits="z")


@pytest.mark.parametrize("dispersion", [1e-9, 1e-4, 0.01, 1.0, 50.0])
def test_sums_over_many_events_are_those_of_every_term(dispersion: float):
    events = np.array([0.0, 3.0, 1000.0, 1001.0, 50_000.0])
    places = np.arange(50_000.0)
    logs = np.concatenate(([0.0], np.cumsum(np.log1p(dispersion * places))))[events.astype(int)]
    slopes = np.concatenate(([0.0], np.cumsum(places / (1 + dispersion * places))))[events.astype(int)]
    # 1e-9: the digits that an integral from 1000 on keeps at the least dispersion
    assert_allclose(log_rising(events, dispersion), logs, rtol=1e-9)
    assert_allclose(rising_slope(events, dispersion), slopes, rtol=1e-12)


def test_a_million_events_of_one_patient_cost_no_more_than_one():
    events = [900_000, 1_000_000, 400_000, 300_000, 500_000]
    fit = fit_negative_binomial(events, [1] * 5, pd.DataFrame({"treated": [0, 0, 1, 1, 1]}))
    # at such rates events / mean are gamma with variance the dispersion, and the rate ratio that of the means
    assert np.exp(fit.coefficients[1]) == pytest.approx(400_000 / 950_000, rel=1e-6)
    # gamma: log(1 / dispersion) - digamma(1 / dispersion) is the mean of -log(events / mean)
    ratios = np.array([90 / 95, 100 / 95, 1, 0.75, 1.25])
    ratio = negative_binomial_regression(events, [1] * 5, pd.DataFrame({"treated": [0, 0, 1, 1, 1]}))["treated"]
    fewer = negative_binomial_regression(np.array(events) / 1000, [1] * 5, pd.DataFrame({"treated": [0, 0, 1, 1, 1]}))[
        "treated"
    ]
    # 300 to 1000 events have a Poisson variance of up to 1/300 of the mean squared on top of a dispersion of 0.027
    assert (ratio.conf_low, ratio.conf_high) == pytest.approx((fewer.conf_low, fewer.conf_high), rel=0.03)
    assert np.log(1 / fit.dispersion) - digamma(1 / fit.dispersion) == pytest.approx(-np.log(ratios).mean(), rel=1e-3)
