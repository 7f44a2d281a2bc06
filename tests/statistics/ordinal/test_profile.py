"""Profile-likelihood limits of the common odds ratio."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.models import newton
from nmosd_cohort.statistics.ordinal.cumulative_logit import fit_cumulative_link, odds_ratios
from nmosd_cohort.statistics.ordinal.profile import profile_odds_ratios
from tests.statistics.tally_helpers import REFERENCE

CASES = {
    "profile": ("models_tally.csv", ["neuropathic", "woman", "age_decade", "duration_years"]),
    "profile_small": ("ordinal_small.csv", ["neuropathic", "woman"]),
}
# R finds its roots to 1e-11 on a deviance that is exact to about 1e-10.
R_TOLERANCE = 1e-7
SEPARATED = pd.DataFrame({"pain": [0, 0, 0, 1, 0, 0, 0, 1], "woman": [0, 1, 1, 0, 1, 0, 0, 1]})
SEPARATED_LEVEL, SEPARATED_COUNTS = [2, 5, 8, 8, 2, 5, 8, 8], [9, 5, 2, 6, 4, 3, 2, 2]


def logs(ratio: Estimate) -> list[float]:
    return np.log([ratio.estimate, ratio.conf_low, ratio.conf_high]).tolist()


@pytest.mark.parametrize("case", CASES)
def test_limits_give_the_numbers_of_r_clm(ordinal_numbers: pd.Series, case: str):
    file, terms = CASES[case]
    frame = pd.read_csv(REFERENCE / file)
    wald = odds_ratios(fit_cumulative_link(frame["edss2"], frame[terms], frame["n"]))
    for term, ratio in profile_odds_ratios(frame["edss2"], frame[terms], frame["n"]).items():
        expected = [ordinal_numbers[f"{case}_{side}", term] for side in ("low", "high")]
        assert_allclose(logs(ratio)[1:], expected, rtol=R_TOLERANCE, atol=R_TOLERANCE)
        assert ratio.p_value == pytest.approx(ordinal_numbers[f"{case}_p", term], rel=1e-7)
        assert (ratio.estimate, ratio.std_error) == pytest.approx((wald[term].estimate, wald[term].std_error))


@pytest.mark.parametrize(("terms", "name"), [(["pain"], "1"), (["pain", "woman"], "woman")])
def test_separation_leaves_a_lower_limit(ordinal_numbers: pd.Series, terms: list[str], name: str):
    ratio = profile_odds_ratios(SEPARATED_LEVEL, SEPARATED[terms], SEPARATED_COUNTS)["pain"]
    assert (ratio.estimate, ratio.conf_high) == (np.inf, np.inf)
    assert np.isnan(ratio.std_error)
    assert np.log(ratio.conf_low) == pytest.approx(ordinal_numbers["separated_low", name], abs=R_TOLERANCE)
    assert ratio.p_value == pytest.approx(ordinal_numbers["separated_p", name], rel=1e-7)
    assert ratio.method.endswith("columns separate the outcome levels")


def test_reversing_a_separated_outcome_mirrors_the_limit():
    whole = profile_odds_ratios(SEPARATED_LEVEL, SEPARATED, SEPARATED_COUNTS)
    mirrored = profile_odds_ratios([-level for level in SEPARATED_LEVEL], SEPARATED, SEPARATED_COUNTS)
    assert (mirrored["pain"].estimate, mirrored["pain"].conf_low) == (0, 0)
    assert mirrored["pain"].conf_high == pytest.approx(1 / whole["pain"].conf_low, rel=1e-6)
    assert_allclose(sorted(-np.array(logs(mirrored["woman"]))), sorted(logs(whole["woman"])), atol=1e-6)


def test_columns_that_separate_together_leave_the_one_open_that_may_go_either_way():
    # The event is a + b > 0 but for the border: the direction (1, 1) separates, and so does (1, 0.5).
    design = pd.DataFrame({"a": [0.0, 0.0, 2.0, 3.0], "b": [0.0, 1.0, 1.0, -1.0]})
    found = profile_odds_ratios([0, 0, 1, 1], design, [5, 5, 5, 5])
    assert found["a"].estimate == np.inf
    assert 1 < found["a"].conf_low < np.inf
    assert found["b"].method == "not estimable: columns that separate the outcome levels leave it open"
    assert found["b"].n == 20


def test_two_by_two_limits_give_the_numbers_of_base_r():
    ratio = profile_odds_ratios([0, 1, 0, 1], pd.DataFrame({"pain": [0, 0, 1, 1]}), [20, 10, 10, 20])["pain"]
    # R: binomial log-likelihood with the intercept profiled out by optimize(), uniroot() of the deviance
    # minus qchisq(0.95, 1); confint(glm(...)), which interpolates, gives 0.338341 and 2.498783.
    assert_allclose(logs(ratio), [np.log(4), 0.338322469547, 2.498744373296], rtol=1e-7)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_rows_order_and_labels_do_not_matter(seed: int):
    rng = np.random.default_rng(seed)
    design = pd.DataFrame({"a": rng.integers(0, 2, 40), "b": rng.normal(size=40).round(1)})
    level = np.clip(np.floor(design["a"] + rng.logistic(size=40)), -2, 2)
    counts = rng.integers(1, 4, 40)
    whole = profile_odds_ratios(level, design, counts)
    order = rng.permutation(np.repeat(np.arange(40), counts))
    by_row = profile_odds_ratios(np.exp(level.iloc[order]), design.iloc[order], columns=["b"])
    assert_allclose(logs(by_row["b"]), logs(whole["b"]), atol=1e-7)
    assert by_row["b"].p_value == pytest.approx(whole["b"].p_value, abs=1e-9)
    assert whole["a"].conf_low < whole["a"].estimate < whole["a"].conf_high


def test_unusable_input_is_refused(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ValueError, match="no column 'depth'; it has pain, woman"):
        profile_odds_ratios(SEPARATED_LEVEL, SEPARATED, SEPARATED_COUNTS, columns=["depth"])
    with pytest.raises(ValueError, match=r"one level only \(3\)"):
        profile_odds_ratios([3, 3], pd.DataFrame({"a": [0, 1]}))
    monkeypatch.setattr(newton, "MAX_STEPS", 1)
    with pytest.raises(ValueError, match="did not converge in 1 steps; leave out a column or merge sparse levels"):
        profile_odds_ratios([0, 1, 2, 1], pd.DataFrame({"a": [0, 1, 1, 0]}), [9, 2, 3, 4])
