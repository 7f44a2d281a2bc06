"""Censored normal regression: R's survreg and lm, closed forms, and what cannot be estimated."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t

from nmosd_cohort.statistics.censored.censored_normal import censored_normal
from nmosd_cohort.statistics.censored.tied import tied_beyond_limits
from nmosd_cohort.statistics.censored.tobit import CensoredValues, fit_tobit

REFERENCE = Path(__file__).parents[2] / "reference"
ROWS = pd.read_csv(REFERENCE / "censored_rows.csv")
NUMBERS = pd.read_csv(REFERENCE / "censored.csv", keep_default_na=False)
SETS = ("small", "large", "heavy", "measured")


def reference(name, quantity, term=""):
    rows = NUMBERS[(NUMBERS["set"] == name) & (NUMBERS["quantity"] == quantity) & (NUMBERS["term"] == term)]
    return float(rows["value"].item())


def censored(name, *columns):
    part = ROWS[ROWS["set"] == name]
    design = np.column_stack([np.ones(len(part)), *(part[column] for column in columns)])
    values = np.log(part["value"].to_numpy())
    return CensoredValues(values, part["kind"].to_numpy(), design, np.ones(len(part))), part


@pytest.mark.parametrize("name", SETS)
def test_maximum_and_profile_are_those_of_survreg(name):
    values, _ = censored(name, "pain", "age")
    fit = fit_tobit(values)
    for at, term in enumerate(("(Intercept)", "pain", "age")):
        assert fit.effects[at] == pytest.approx(reference(name, "effect", term), abs=2e-7)
        error = math.sqrt(fit.covariance[at, at])
        assert error == pytest.approx(reference(name, "std_error", term), rel=1e-6)
    assert fit.deviation == pytest.approx(reference(name, "deviation"), rel=1e-6)
    assert fit.log_likelihood == pytest.approx(reference(name, "log_likelihood"), abs=1e-7)
    for held in (0.0, 0.5):
        profile = fit_tobit(values.shifted(1, held)).log_likelihood
        assert profile == pytest.approx(reference(name, "profile_log_likelihood", f"{held:g}"), abs=1e-7)


@pytest.mark.parametrize("name", SETS)
def test_limits_are_where_the_profile_deviance_of_survreg_says(name):
    values, part = censored(name, "pain", "age")
    found = censored_normal(part["value"], part[["pain", "age"]], part["kind"])["pain"]
    top, n = reference(name, "log_likelihood"), len(part)
    for limit in (found.conf_low, found.conf_high):
        deviance = 2 * (top - fit_tobit(values.shifted(1, math.log(limit))).log_likelihood)
        assert math.sqrt((n - 3) * math.expm1(deviance / n)) == pytest.approx(t.ppf(0.975, n - 3), rel=1e-6)
    deviance = 2 * (top - reference(name, "profile_log_likelihood", "0"))
    assert found.p_value == pytest.approx(2 * t.sf(math.sqrt((n - 3) * math.expm1(deviance / n)), n - 3), rel=1e-6)
    assert (found.p_value < 0.05) == (not found.conf_low <= 1 <= found.conf_high)
    assert found.events == int((part["kind"] == 0).sum())


def test_without_censoring_limits_and_p_are_those_of_least_squares():
    part = ROWS[ROWS["set"] == "measured"]
    found = censored_normal(part["value"], part[["pain", "age"]], part["kind"], columns=["pain"])
    assert list(found) == ["pain"]
    ratio = found["pain"]
    assert math.log(ratio.conf_low) == pytest.approx(reference("measured", "conf_low", "pain"), abs=1e-7)
    assert math.log(ratio.conf_high) == pytest.approx(reference("measured", "conf_high", "pain"), abs=1e-7)
    assert ratio.p_value == pytest.approx(reference("measured", "p_value", "pain"), abs=1e-8)


def test_geometric_mean_alone_and_plain_scale():
    nothing = pd.DataFrame(index=range(3))
    mean = censored_normal([1, 10, 100], nothing, [0, 0, 0])["intercept"]
    assert mean.estimate == pytest.approx(10)
    assert math.isnan(mean.p_value)
    plain = censored_normal([1, 2, 6], nothing, [0, 0, 0], scale="plain")["intercept"]
    # mean 3, SD of n - 1 is sqrt(7), t(2) at 0.975 is 4.302653: 3 -+ 4.302653 * sqrt(7 / 3)
    assert plain.conf_low == pytest.approx(3 - 4.302653 * math.sqrt(7 / 3), abs=1e-5)


def test_one_limit_by_hand():
    # 2 of 3 groups of equal size below one limit 0: the two equations of the maximum are checked, not solved.
    values, kinds = [0.0, 0.0, 0.0, 1.0, 2.0, 3.0], [-1, -1, -1, 0, 0, 0]
    fit = fit_tobit(CensoredValues(np.array(values), np.array(kinds), np.ones((6, 1)), np.ones(6)))
    mean, sd = fit.effects[0], fit.deviation
    hazard = norm.pdf(-mean / sd) / norm.cdf(-mean / sd)
    seen = np.array([1.0, 2.0, 3.0])
    assert np.sum(seen - mean) / sd**2 - 3 * hazard / sd == pytest.approx(0, abs=1e-6)
    assert np.sum((seen - mean) ** 2) / sd**2 - 3 - 3 * hazard * (-mean / sd) == pytest.approx(0, abs=1e-6)


def test_counts_are_repeated_rows_and_mirrored_values_give_mirrored_effects():
    part = ROWS[ROWS["set"] == "small"]
    twice = pd.concat([part, part])
    by_rows = censored_normal(twice["value"], twice[["pain"]].reset_index(drop=True), twice["kind"])["pain"]
    by_counts = censored_normal(part["value"], part[["pain"]], part["kind"], [2] * len(part))["pain"]
    assert by_counts.conf_low == pytest.approx(by_rows.conf_low, rel=1e-8)
    assert by_counts.n == 2 * len(part)
    mirrored = censored_normal(1 / part["value"], part[["pain"]], -part["kind"])["pain"]
    straight = censored_normal(part["value"], part[["pain"]], part["kind"])["pain"]
    assert mirrored.estimate == pytest.approx(1 / straight.estimate, rel=1e-6)
    assert mirrored.conf_low == pytest.approx(1 / straight.conf_high, rel=1e-6)


def test_a_group_wholly_below_its_limit_has_no_maximum():
    pain = pd.DataFrame({"pain": [0, 0, 0, 0, 1, 1, 1]})
    found = censored_normal([1.0, 2, 3, 4, 1, 1, 1], pain, [0, 0, 0, 0, -1, -1, -1])["pain"]
    assert math.isnan(found.estimate)
    assert "wholly beyond" in found.method


@pytest.mark.parametrize(
    ("values", "kinds", "reason"),
    [([1.0, 2, 2], [0, -1, -1], "1 values were measured"), ([3.0, 3, 3], [0, 0, 0], "all values are equal")],
)
def test_too_little_is_told(values, kinds, reason):
    found = censored_normal(values, pd.DataFrame(index=range(3)), kinds)["intercept"]
    assert math.isnan(found.estimate)
    assert reason in found.method


@pytest.mark.parametrize(
    ("values", "kinds", "message"),
    [([1.0, 0], [0, 0], "above 0"), ([1.0, 2], [0, 3], "censoring must be"), ([1.0], [0], "rows")],
)
def test_wrong_arguments(values, kinds, message):
    with pytest.raises(ValueError, match=message):
        censored_normal(values, pd.DataFrame(index=range(2)), kinds)
    with pytest.raises(ValueError, match="scale"):
        censored_normal(values, pd.DataFrame(index=range(2)), kinds, scale="root")


def test_limits_that_the_profile_never_reaches_are_infinite():
    # One measured value in the group with pain, the rest below: the effect has no lower bound that 3 patients refute.
    pain = pd.DataFrame({"pain": [0] * 6 + [1] * 2})
    found = censored_normal([1.0, 2, 3, 4, 5, 6, 9, 9], pain, [0] * 6 + [-1, 0])["pain"]
    assert found.conf_low <= found.estimate <= found.conf_high


def test_collinear_columns_have_no_fit_and_exact_values_no_spread():
    ones = np.ones((3, 2))
    assert fit_tobit(CensoredValues(np.array([1.0, 2, 4]), np.zeros(3, int), ones, np.ones(3))) is None
    pain = pd.DataFrame({"pain": [0, 0, 1, 1]})
    found = censored_normal([1.0, 1, 2, 2], pain, [0] * 4)["pain"]
    assert math.isnan(found.estimate)
    assert "fitted means" in found.method


def test_ties_beyond_limits():
    assert tied_beyond_limits([1, 2, 4, 7, 9, 8], [0, -1, 0, 0, 1, 1]).tolist() == [2, 2, 4, 7, 8, 8]
    with pytest.raises(ValueError, match="not below the lowest upper limit"):
        tied_beyond_limits([5, 4], [-1, 1])
