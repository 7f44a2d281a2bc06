"""Least squares for all terms at once, against R, statsmodels and certified values of NIST."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from statsmodels.regression.linear_model import OLS

from nmosd_cohort.statistics.models.design import model_cells
from nmosd_cohort.statistics.regression.least_squares import least_squares
from nmosd_cohort.statistics.regression.linear import adjusted_mean_difference, linear_regression
from tests.statistics.tally_helpers import REFERENCE

COVARIATES = ["neuropathic", "woman", "age_decade", "duration_years"]
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]

# NIST StRD, Norris (calibration of ozone monitors), and the values certified there to 15 digits.
NORRIS_X = [
    [0.2, 337.4, 118.2, 884.6, 10.1, 226.5, 666.3, 996.3, 448.6, 777.0, 558.2, 0.4],
    [0.6, 775.5, 666.9, 338.0, 447.5, 11.6, 556.0, 228.1, 995.8, 887.6, 120.2, 0.3],
    [0.3, 556.8, 339.1, 887.2, 999.0, 779.0, 11.1, 118.3, 229.2, 669.1, 448.9, 0.5],
]
NORRIS_Y = [
    [0.1, 338.8, 118.1, 888.0, 9.2, 228.1, 668.5, 998.5, 449.1, 778.9, 559.2, 0.3],
    [0.1, 778.1, 668.8, 339.3, 448.9, 10.8, 557.7, 228.3, 998.0, 888.8, 119.6, 0.3],
    [0.6, 557.6, 339.3, 888.0, 998.5, 778.9, 10.2, 117.6, 228.9, 668.4, 449.2, 0.2],
]
# Same, Longley, in the units of NIST: estimates, then standard errors.
LONGLEY = [
    [-3482258.63459582, 890420.383607373],
    [15.0618722713733, 84.9149257747669],
    [-0.358191792925910e-01, 0.334910077722432e-01],
    [-2.02022980381683, 0.488399681651699],
    [-1.03322686717359, 0.214274163161675],
    [-0.511041056535807e-01, 0.226073200069370],
    [1829.15146461355, 455.478499142212],
]
# Same, Wampler: powers 0 to 5 of 0 to 20 with all coefficients 1 (in 1 and 3 to 5) plus multiples of this noise,
# and the standard errors for the noise as it is.
NOISE = [759, -2048, 2048, -2048, 2523, -2048, 2048, -2048, 1838, -2048, 2048]
NOISE += NOISE[-2::-1]
WAMPLER_ERRORS = [
    2152.32624678170,
    2363.55173469681,
    779.343524331583,
    101.475507550350,
    5.64566512170752,
    0.112324854679312,
]


def powers(x: np.ndarray, highest: int) -> pd.DataFrame:
    return pd.DataFrame({f"x{power}": x.astype(float) ** power for power in range(1, highest + 1)})


def digits(found: np.ndarray, certified: np.ndarray) -> float:
    """Return the correct digits of the worst number, -log10 of its relative error."""
    return float(-np.log10(np.max(np.abs(found - certified) / np.abs(certified)) + 1e-16))


@pytest.mark.parametrize("errors", ["hc3", "classical"])
def test_the_table_is_that_of_r_lm_and_sandwich(tally: pd.DataFrame, found: pd.Series, errors: str):
    table = linear_regression(tally["nrs"], tally[COVARIATES], tally["n"], errors=errors)
    terms = ["(Intercept)", *COVARIATES]
    assert table["term"].tolist() == ["intercept", *COVARIATES]
    assert_allclose(table["estimate"], found["linear_coefficient"][terms], rtol=1e-10)
    assert_allclose(table["std_error"], found[f"linear_{errors}_se"][terms], rtol=1e-10)
    reach = 1.967523531691 * table["std_error"]  # qt(0.975, 315) of R
    assert_allclose(table["conf_high"], table["estimate"] + reach, rtol=1e-10)
    if errors == "classical":
        assert_allclose(table["p_value"], found["linear_classical_p"][terms], rtol=1e-8)
    assert (table["n"] == 320).all()
    fit = least_squares(model_cells(tally["nrs"], tally[COVARIATES], tally["n"]))
    assert fit.r_squared == pytest.approx(found["linear_r_squared", ""], rel=1e-12)


def test_each_row_is_the_adjusted_mean_difference(tally: pd.DataFrame):
    table = linear_regression(tally["nrs"], tally[COVARIATES], tally["n"], conf_level=0.9).set_index("term")
    for term in COVARIATES:
        gap = adjusted_mean_difference(tally["nrs"], tally[COVARIATES], tally["n"], term, conf_level=0.9)
        assert [getattr(gap, name) for name in (*NUMBERS, "method")] == table.loc[term, [*NUMBERS, "method"]].tolist()


def test_norris_to_twelve_digits():
    table = linear_regression(np.ravel(NORRIS_Y), pd.DataFrame({"x": np.ravel(NORRIS_X)}), errors="classical")
    assert digits(table["estimate"].to_numpy(), np.array([-0.262323073774029, 1.00211681802045])) > 11.9
    assert digits(table["std_error"].to_numpy(), np.array([0.232818234301152, 0.429796848199937e-03])) > 13


def test_longley_to_ten_digits():
    data = pd.read_csv(REFERENCE / "regression_longley.csv")  # datasets::longley, back in the units of NIST
    units = {"GNP": 1000, "Unemployed": 10, "Armed.Forces": 10, "Population": 1000, "Employed": 1000}
    data = data.assign(**{name: (data[name] * unit).round() for name, unit in units.items()})
    table = linear_regression(data["Employed"], data.drop(columns="Employed"), errors="classical")
    certified = np.array(LONGLEY)
    assert digits(table["estimate"].to_numpy(), certified[:, 0]) > 10
    assert digits(table["std_error"].to_numpy(), certified[:, 1]) > 10


def test_wampler_without_noise():
    x = np.arange(21)
    design = powers(x, 5)
    one = linear_regression(1 + design.sum(axis=1), design, errors="classical")
    assert_allclose(one["estimate"], 1, rtol=1e-7)
    two = linear_regression(1 + (design * [1e-1, 1e-2, 1e-3, 1e-4, 1e-5]).sum(axis=1), design, errors="classical")
    assert digits(two["estimate"].to_numpy(), 10.0 ** -np.arange(6)) > 9


@pytest.mark.parametrize(("noise", "correct"), [(1, 9), (100, 7.5), (10_000, 5.5)], ids=["3", "4", "5"])
def test_wampler_with_noise(noise: float, correct: float):
    design = powers(np.arange(21), 5)
    outcome = 1 + design.sum(axis=1) + noise * np.array(NOISE)
    table = linear_regression(outcome, design, errors="classical")
    assert digits(table["estimate"].to_numpy(), np.ones(6)) > correct
    assert digits(table["std_error"].to_numpy(), noise * np.array(WAMPLER_ERRORS)) > 9


def test_powers_that_doubles_cannot_tell_apart_are_refused():
    # Filip of NIST asks for powers 1 to 10 of -9 to -3: a combination of one another to 1e-7.
    x = np.linspace(-8.78, -3.13, 82)
    with pytest.raises(ValueError, match="is a combination of"):
        linear_regression(np.sin(x), powers(x, 10))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.sampled_from([0.0, -30.0, 1e4]), unit=st.sampled_from([1.0, 0.1, 100.0]))
def test_a_tally_is_its_rows_statsmodels_agrees_and_units_carry_over(seed: int, shift: float, unit: float):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.integers(0, 2, 40), "b": rng.integers(20, 70, 40), "n": rng.integers(1, 4, 40)})
    frame["y"] = np.round(frame["a"] + frame["b"] / 20 + rng.normal(size=40))
    rows = frame.loc[frame.index.repeat(frame["n"])].sample(frac=1, random_state=seed)
    for errors, kind in (("hc3", {"cov_type": "HC3", "use_t": True}), ("classical", {})):
        table = linear_regression(frame["y"], frame[["a", "b"]], frame["n"], errors=errors)
        by_row = linear_regression(rows["y"], rows[["a", "b"]], errors=errors)
        assert_allclose(table[NUMBERS], by_row[NUMBERS], atol=1e-10)
        other = OLS(rows["y"], rows[["a", "b"]].assign(c=1.0)[["c", "a", "b"]]).fit(**kind)
        assert_allclose(table["std_error"], other.bse, atol=1e-9)
        assert_allclose(table["p_value"], other.pvalues, atol=1e-9)
        moved = linear_regression(unit * frame["y"] + shift, frame[["a", "b"]], frame["n"], errors=errors)
        assert_allclose(moved["estimate"][1:], unit * table["estimate"][1:], rtol=1e-7, atol=1e-9)
        assert_allclose(moved["std_error"], unit * table["std_error"], rtol=1e-7)


def test_two_patients_or_one_value_give_rows_with_the_reason():
    design = pd.DataFrame({"a": [0, 1]})
    for outcome, counts, reason in (
        ([1, 2], None, "not more patients than parameters"),
        ([3, 3], [4, 5], "all patients have the same outcome"),
    ):
        table = linear_regression(outcome, design, counts)
        assert table["term"].tolist() == ["intercept", "a"]
        assert table[NUMBERS].isna().all(axis=None)
        assert (table["method"] == f"not estimable: {reason}").all()


def test_a_column_of_one_patient_is_refused_only_where_errors_are_robust():
    data = [1, 2, 3, 5], pd.DataFrame({"rare": [1, 0, 0, 0]}), [1, 4, 5, 3]
    with pytest.raises(ValueError, match="without one patient who decides it, design column 'rare' has one"):
        linear_regression(*data)
    table = linear_regression(*data, errors="classical")
    assert table["estimate"][1] == pytest.approx(1 - (2 * 4 + 3 * 5 + 5 * 3) / 12)
    with pytest.raises(ValueError, match="errors is 'hc2'; it must be one of hc3, classical"):
        linear_regression(*data, errors="hc2")


def test_a_group_whose_patients_are_all_alike_has_no_error():
    # The unexposed all have 1, so their mean has no limits; the difference has the error of the exposed, whose squared
    # residuals of 1 are divided by (1 - 1/6)^2: variance 1 / 6 / (5/6)^2.
    table = linear_regression([1, 1, 5, 7], pd.DataFrame({"a": [0, 0, 1, 1]}), [3, 4, 3, 3])
    assert table["estimate"].tolist() == pytest.approx([1, 5])
    assert table["std_error"].tolist() == pytest.approx([np.nan, (1 / 6 / (5 / 6) ** 2) ** 0.5], nan_ok=True)
    assert table["method"][0].startswith("limits not estimable: the patients that it rests on")
    assert table["p_value"][1] < 1e-4


@pytest.mark.parametrize("errors", ["hc3", "classical"])
def test_columns_that_explain_the_outcome_exactly_give_no_limits(errors: str):
    table = linear_regression([1, 1, 2, 2], pd.DataFrame({"g": [0, 0, 1, 1]}), [5] * 4, errors=errors)
    assert table["estimate"].tolist() == pytest.approx([1, 1])
    assert table[["std_error", "conf_low", "conf_high", "p_value"]].isna().all(axis=None)


@pytest.mark.parametrize("design", [np.zeros((2, 1)), [[0], [1]], None])
def test_a_design_that_is_no_frame_is_refused(design: object):
    with pytest.raises(ValueError, match=r"design is of type .*; it must be a pandas DataFrame"):
        linear_regression([1, 2], design)
