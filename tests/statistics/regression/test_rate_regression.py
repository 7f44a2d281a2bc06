"""Poisson regression of rates against R, statsmodels and arithmetic."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM

from nmosd_cohort.statistics.regression.rate_regression import fit_poisson, poisson_regression
from nmosd_cohort.statistics.regression.rates import overdispersion

COVARIATES = ["treated", "woman", "age_decade"]
# The covariance of R's glm is that of its last step but one.
GLM_ERROR_TOLERANCE = 1e-8


def arguments(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.DataFrame, pd.Series]:
    return frame["events"], frame["person_years"], frame[COVARIATES], frame["n"]


def random_tally(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"treated": np.arange(50) % 2, "woman": rng.integers(0, 2, 50)})
    frame = frame.assign(age_decade=rng.integers(2, 7, 50), person_years=rng.choice([0.5, 1, 2.5], 50))
    rate = np.exp(0.3 - 0.5 * frame["treated"]) * rng.gamma(2, 1 / 2, 50)
    return frame.assign(events=rng.poisson(rate * frame["person_years"]), n=rng.integers(1, 4, 50))


def test_the_fit_is_that_of_r_glm(found: pd.Series, attacks: pd.DataFrame):
    fit = fit_poisson(*arguments(attacks))
    terms = ["(Intercept)", *COVARIATES]
    assert_allclose(fit.coefficients, found["poisson_coefficient"][terms], rtol=1e-9)
    assert_allclose(np.sqrt(np.diagonal(fit.covariance)), found["poisson_model_se"][terms], rtol=GLM_ERROR_TOLERANCE)
    for quantity in ("log_likelihood", "deviance", "pearson"):
        assert getattr(fit, quantity) == pytest.approx(found[f"poisson_{quantity}", ""], rel=1e-9)
    assert (fit.n, fit.freedom, fit.events) == (240, 236, int(attacks["events"] @ attacks["n"]))
    assert fit.events_per_column == fit.events / 3


@pytest.mark.parametrize(
    ("errors", "quantity", "quantile"),
    # qt(0.975, 236) and qnorm(0.975) of R
    [
        ("robust", "hc3_se", 1.970066853102),
        ("scaled", "scaled_se", 1.970066853102),
        ("model", "model_se", 1.959963984540),
    ],
)
def test_errors_and_limits_are_those_of_r(
    found: pd.Series, attacks: pd.DataFrame, errors: str, quantity: str, quantile: float
):
    # robust: sandwich::vcovHC(type = "HC3"); scaled: quasipoisson, whose dispersion here is above 1
    ratios = poisson_regression(*arguments(attacks), errors=errors)
    for term in COVARIATES:
        log_ratio, error = found["poisson_coefficient", term], found[f"poisson_{quantity}", term]
        assert ratios[term].std_error / ratios[term].estimate == pytest.approx(error, rel=GLM_ERROR_TOLERANCE)
        assert math.log(ratios[term].conf_low) == pytest.approx(log_ratio - quantile * error, abs=1e-7)
        assert math.log(ratios[term].conf_high) == pytest.approx(log_ratio + quantile * error, abs=1e-7)
        assert (ratios[term].p_value < 0.05) == (ratios[term].conf_high < 1 or ratios[term].conf_low > 1)


def test_two_groups_give_the_ratio_of_rates_by_hand():
    # Rates (6 x 2) / (4 x 1 + 6 x 2) = 0.75 and (4 x 1) / (6 x 3 + 4 x 1) = 2/11; log error sqrt(1/12 + 1/4).
    design = pd.DataFrame({"treated": [0, 0, 1, 1]})
    ratio = poisson_regression([0, 2, 0, 1], [1, 2, 3, 1], design, [4, 6, 6, 4], errors="model")["treated"]
    assert ratio.estimate == pytest.approx(2 / 11 / 0.75)
    assert ratio.std_error == pytest.approx(ratio.estimate * math.sqrt(1 / 3))
    assert (ratio.n, ratio.events) == (20, 16)
    assert ratio.method == "Poisson model, Poisson variance, Wald limits"


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_tally_is_its_rows_and_statsmodels_agrees(seed: int):
    frame = random_tally(seed)
    rows = frame.loc[frame.index.repeat(frame["n"])].sample(frac=1, random_state=seed).assign(n=1)
    design = rows[COVARIATES].assign(c=1.0)
    model = GLM(rows["events"], design, family=Poisson(), offset=np.log(rows["person_years"]))
    for errors, other in (
        ("model", model.fit(tol=1e-14)),
        ("scaled", model.fit(tol=1e-14, scale="X2")),
        ("robust", None),
    ):
        whole = poisson_regression(*arguments(frame), errors=errors)["treated"]
        by_row = poisson_regression(*arguments(rows), errors=errors)["treated"]
        assert_allclose(
            [whole.estimate, whole.conf_low, whole.p_value],
            [by_row.estimate, by_row.conf_low, by_row.p_value],
            atol=1e-10,
        )
        if other is not None and (errors == "model" or other.scale > 1):
            assert whole.std_error / whole.estimate == pytest.approx(other.bse["treated"], rel=1e-7)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_years_in_other_units_and_swapped_groups(seed: int):
    frame = random_tally(seed)
    ratio = poisson_regression(*arguments(frame))["treated"]
    in_days = poisson_regression(*arguments(frame.assign(person_years=365.25 * frame["person_years"])))["treated"]
    assert_allclose([in_days.estimate, in_days.conf_low], [ratio.estimate, ratio.conf_low], rtol=1e-8)
    swapped = poisson_regression(*arguments(frame.assign(treated=1 - frame["treated"])))["treated"]
    assert_allclose(swapped.estimate * ratio.estimate, 1)
    assert_allclose(swapped.conf_low * ratio.conf_high, 1)


def test_scaled_limits_use_the_dispersion_but_are_never_narrower_than_poisson(attacks: pd.DataFrame):
    design = pd.DataFrame({"treated": [0, 1] * 10})
    alike = poisson_regression([1] * 20, [1] * 20, design, errors="scaled")["treated"]
    assert alike.method == "Poisson model, variance 1 times the mean, t(18) limits"
    assert alike.std_error == pytest.approx(math.sqrt(1 / 10 + 1 / 10))
    # without covariates the scale is the statistic of `overdispersion`
    rows = attacks.loc[attacks.index.repeat(attacks["n"])]
    none = fit_poisson(rows["events"], rows["person_years"], rows[[]])
    assert none.pearson / none.freedom == pytest.approx(overdispersion(rows["events"], rows["person_years"]))


def test_patients_without_time_are_left_out_and_counted():
    design = pd.DataFrame({"treated": [0, 1, 0, 1, 1]})
    ratio = poisson_regression([1, 1, 3, 0, 0], [1, 2, 1, 2, 0], design, [5, 5, 5, 5, 4])["treated"]
    same = poisson_regression([1, 1, 3, 0], [1, 2, 1, 2], design[:4], [5, 5, 5, 5])["treated"]
    assert (ratio.conf_low, ratio.n) == (same.conf_low, 20)
    assert ratio.method == f"{same.method}; 4 patients without time left out"


def test_separation_names_the_columns():
    years = [1, 1, 1, 1]
    with pytest.raises(ValueError, match=r"'treated' separates those with events .* use the exact rate_ratio"):
        poisson_regression([0, 2, 0, 0], years, pd.DataFrame({"treated": [0, 0, 1, 1], "b": [0, 1, 0, 1]}), [5] * 4)
    with pytest.raises(ValueError, match="'a', 'b' together separate"):
        poisson_regression([1, 2, 2, 0], years, pd.DataFrame({"a": [0, 1, 2, 1], "b": [0, 1, 2, 0]}), [5] * 4)
    # all patients have events: nothing separates
    one = poisson_regression([1, 2, 2, 4], years, pd.DataFrame({"a": [0, 0, 1, 1]}), [5] * 4)["a"]
    assert one.estimate == pytest.approx(2)


def test_a_column_that_rests_on_one_patient_is_named_where_errors_are_robust():
    data = [2, 1, 0, 3], [1, 1, 1, 1], pd.DataFrame({"rare": [1, 0, 0, 0]}), [1, 4, 5, 3]
    with pytest.raises(ValueError, match="without one patient who decides it, design column 'rare' has one"):
        poisson_regression(*data)
    assert poisson_regression(*data, errors="model")["rare"].estimate == pytest.approx(2 / (13 / 12))


def test_as_many_patients_as_parameters_leave_no_degrees_of_freedom():
    data = [1, 3], [1, 1], pd.DataFrame({"a": [0, 1]})
    for errors in ("robust", "scaled"):
        assert poisson_regression(*data, errors=errors)["a"].method.endswith("not more patients than parameters")
    assert poisson_regression(*data, errors="model")["a"].estimate == pytest.approx(3)


@pytest.mark.parametrize(
    ("events", "years", "counts", "message"),
    [
        ([0.5, 1], [1, 1], None, "events: 1 are negative or not whole"),
        ([0, 1], [1, -1], None, "person_years: 1 are negative"),
        ([0, 1], [1, 0], None, "1 rows have events but no time"),
        ([0, 0], [1, 1], None, "none of the 2 patients has an event"),
        ([0, 1], [1, math.nan], None, "person_years has 1 missing"),
        ([0, 1, 2], [1, 1, 1], None, "events has 3 entries but the design 2 rows"),
        ([0, 1], [0, 0], [0, 0], "events: 1 rows have events but no time"),
        ([0, 1], [1, 1], [0, 0], "events has no patients"),
        ([0], [1, 1], None, "events has 2 entries but 1 counts|must be one count"),
    ],
)
def test_other_data_are_refused(events: list[float], years: list[float], counts: list[int] | None, message: str):
    with pytest.raises(ValueError, match=message):
        poisson_regression(events, years, pd.DataFrame({"a": [0, 1]}), counts)


def test_options_are_checked():
    with pytest.raises(ValueError, match="errors is 'hc3'; it must be one of robust, scaled, model"):
        poisson_regression([1, 2], [1, 1], pd.DataFrame({"a": [0, 1]}), errors="hc3")


@pytest.mark.parametrize("years", [1.0, 0.3, 700.0])
def test_events_that_the_rates_explain_exactly_have_no_robust_limits(years: float):
    design = pd.DataFrame({"g": [0, 0, 1, 1]})
    ratio = poisson_regression([2, 2, 1, 1], [years] * 4, design, [5] * 4)["g"]
    assert ratio.estimate == pytest.approx(0.5)
    assert ratio.method.startswith("limits not estimable: all patients that it rests on have exactly the events")
    assert np.isnan([ratio.conf_low, ratio.std_error, ratio.p_value]).all()
    assert ratio.events == 30
    # the Poisson error does not rest on residuals: 10 patients x 2 and x 1 events
    model = poisson_regression([2, 2, 1, 1], [years] * 4, design, [5] * 4, errors="model")["g"]
    assert model.std_error == pytest.approx(0.5 * math.sqrt(1 / 20 + 1 / 10))


def test_a_design_that_is_no_frame_is_refused():
    with pytest.raises(ValueError, match="design is of type ndarray; it must be a pandas DataFrame"):
        poisson_regression([1, 2], [1, 1], np.zeros((2, 1)))
