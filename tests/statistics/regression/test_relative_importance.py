"""General dominance against enumeration in R and arithmetic."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from statsmodels.regression.linear_model import OLS

from nmosd_cohort.statistics.regression.relative_importance import relative_importance

COVARIATES = ["neuropathic", "woman", "age_decade", "duration_years"]
GROUPS = {"pain": ["neuropathic"], "person": ["woman", "age_decade"], "disease": ["duration_years"]}
OUTCOMES = {"linear": "nrs", "logistic": "depressed", "ordinal": "edss2"}
FEW = {"seed": 1, "n_resamples": 100}


def shares(table: pd.DataFrame) -> pd.Series:
    return table.set_index("term")["estimate"]


@pytest.mark.parametrize("model", OUTCOMES)
def test_shares_are_those_of_enumeration_in_r(tally: pd.DataFrame, found: pd.Series, model: str):
    # averages over all 24 orders of stats::lm, stats::glm and ordinal::clm fits
    table = relative_importance(tally[OUTCOMES[model]], tally[COVARIATES], tally["n"], model=model, **FEW)
    expected = found[f"importance_{model}"]
    assert_allclose(shares(table)[expected.index], expected, rtol=1e-7)  # clm stops at gradients of 1e-12
    assert shares(table)[COVARIATES].sum() == pytest.approx(shares(table)["total"], rel=1e-12)
    assert (table["conf_low"] < table["estimate"]).all()
    assert (table["n"] == 320).all()


@pytest.mark.parametrize("model", OUTCOMES)
def test_shares_of_groups_are_those_of_r(tally: pd.DataFrame, found: pd.Series, model: str):
    table = relative_importance(
        tally[OUTCOMES[model]], tally[COVARIATES], tally["n"], model=model, groups=GROUPS, **FEW
    )
    assert table["term"].tolist() == [*GROUPS, "total"]
    assert_allclose(shares(table)[list(GROUPS)], found[f"importance_groups_{model}"][list(GROUPS)], rtol=1e-7)


def test_two_covariates_by_hand():
    # Balanced: nothing is shared, so each accounts for its own R squared. Cell means 1, 2, 4, 6, overall 3.25:
    # total 14.75; pain 4 x 1.75^2 = 12.25; woman 4 x 0.75^2 = 2.25.
    design = pd.DataFrame({"pain": [0, 0, 1, 1], "woman": [0, 1, 0, 1]})
    table = relative_importance([1, 2, 4, 6], design, [9, 9, 9, 9], **FEW)
    assert_allclose(table["estimate"], [12.25 / 14.75, 2.25 / 14.75, 14.5 / 14.75])
    assert table["p_value"].isna().all()
    assert table["method"][0] == (
        "R squared averaged over orders of entry; bootstrap of patients, percentile, 100 resamples, seed 1"
    )


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_shares_of_a_tally_are_those_of_rows_add_up_and_follow_the_columns(seed: int):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.integers(0, 2, 30), "b": rng.integers(0, 5, 30), "n": rng.integers(1, 4, 30)})
    frame["c"] = frame["b"] + rng.integers(0, 3, 30)
    frame["y"] = np.round(frame["a"] + frame["b"] + rng.normal(size=30))
    rows = frame.loc[frame.index.repeat(frame["n"])].sample(frac=1, random_state=seed)
    table = shares(relative_importance(frame["y"], frame[["a", "b", "c"]], frame["n"], **FEW))
    by_row = shares(relative_importance(rows["y"], rows[["c", "a", "b"]], **FEW))
    assert_allclose(table[["a", "b", "c", "total"]], by_row[["a", "b", "c", "total"]], atol=1e-10)
    assert table[["a", "b", "c"]].sum() == pytest.approx(table["total"], abs=1e-12)
    other = OLS(rows["y"], rows[["a", "b", "c"]].assign(one=1.0)).fit()
    assert table["total"] == pytest.approx(other.rsquared, abs=1e-10)
    rescaled = frame.assign(a=1 - frame["a"], b=10 * frame["b"] - 3, y=-2 * frame["y"])
    again = shares(relative_importance(rescaled["y"], rescaled[["a", "b", "c"]], frame["n"], **FEW))
    assert_allclose(again, table, atol=1e-10)


def test_limits_are_the_same_for_the_same_seed_and_hold_the_truth():
    rng = np.random.default_rng(8)
    design = pd.DataFrame({"a": rng.normal(size=400), "b": rng.normal(size=400)})
    outcome = design["a"] + 0.5 * design["b"] + rng.normal(size=400)  # shares 1 / 2.25 and 0.25 / 2.25
    one = relative_importance(outcome, design, **FEW)
    pd.testing.assert_frame_equal(one, relative_importance(outcome, design, **FEW))
    low, high = one["conf_low"].to_numpy(), one["conf_high"].to_numpy()
    assert ((low < [1 / 2.25, 0.25 / 2.25, 1.25 / 2.25]) & (high > [1 / 2.25, 0.25 / 2.25, 1.25 / 2.25])).all()


def test_resamples_without_a_rare_value_are_left_out_and_counted():
    design = pd.DataFrame({"rare": [0, 0, 1, 1], "b": [0, 1, 0, 1]})
    table = relative_importance([1, 2, 3, 5], design, [20, 20, 1, 1], **FEW)
    assert "without a value left out" in table["method"][0]
    assert table["conf_low"].notna().all()


def test_one_covariate_accounts_for_everything(tally: pd.DataFrame):
    table = relative_importance(tally["nrs"], tally[["age_decade"]], tally["n"], **FEW)
    correlation = np.corrcoef(np.repeat(tally["nrs"], tally["n"]), np.repeat(tally["age_decade"], tally["n"]))[0, 1]
    assert_allclose(table["estimate"], correlation**2)


@pytest.mark.parametrize(
    ("outcome", "options", "message"),
    [
        ([1, 2, 4, 6], {"groups": {"pain": ["pain"]}}, "'woman' is in 0 groups; it must be in one"),
        ([1, 2, 4, 6], {"groups": {"p": ["pain", "woman"], "w": ["woman"]}}, "'woman' is in 2 groups"),
        ([1, 2, 4, 6], {"groups": {"p": ["pain", "age"]}}, "no column 'age'"),
        ([1, 2, 4, 6], {"groups": {}}, "there are 0 groups of columns; 1 to 10"),
        ([1, 2, 4, 6], {"model": "logistic"}, "outcome has values other than 0 and 1"),
        ([1, 2, 4, 6], {"model": "probit"}, "model is 'probit'; it must be one of linear, logistic, ordinal"),
        ([3, 3, 3, 3], {}, "the outcome is 3 in all 36 patients"),
        ([0, 0, 1, 1], {"model": "logistic"}, "'pain' separates"),
    ],
)
def test_what_cannot_be_compared_is_named(outcome: list[float], options: dict[str, object], message: str):
    design = pd.DataFrame({"pain": [0, 0, 1, 1], "woman": [0, 1, 0, 1]})
    with pytest.raises(ValueError, match=message):
        relative_importance(outcome, design, [9, 9, 9, 9], seed=1, **options)


def test_too_many_columns_or_too_few_patients_are_refused():
    rng = np.random.default_rng(2)
    many = pd.DataFrame(rng.normal(size=(40, 11))).rename(columns=str)
    with pytest.raises(ValueError, match="there are 11 groups of columns; 1 to 10"):
        relative_importance(rng.normal(size=40), many, seed=1)
    with pytest.raises(ValueError, match="2 patients are not more than the parameters of 1 columns"):
        relative_importance([1, 2], pd.DataFrame({"a": [0, 1]}), seed=1)
