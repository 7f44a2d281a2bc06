"""Freedman-Lane permutation with max-T: the numbers of R, a case by hand, its laws and its family-wise error."""

import numpy as np
import pandas as pd
import pytest

from nmosd_cohort.statistics.resampling.freedman_lane import freedman_lane_max_t
from tests.statistics.tally_helpers import numbers_of

PAIN = pd.DataFrame({"pain": [0, 3, 5, 2, 8, 6, 4]})
AGE = pd.DataFrame({"age": [31, 52, 47, 60, 38, 55, 44]})
LESIONS = pd.DataFrame(
    {"upper": [0, 0, 1, 0, 1, 1, 0], "lower": [1, 0, 1, 1, 0, 0, 1], "gap": [1, 0, np.nan, 1, 0, 1, 1]}
)
COLUMNS = ["estimate", "std_error", "statistic", "p_value", "p_adjusted", "conf_low", "conf_high"]


def test_all_orders_give_the_numbers_of_r():
    found = freedman_lane_max_t(PAIN, LESIONS, AGE, seed=1, conf_level=0.9).set_index("exposure")
    numbers = numbers_of("freedman_lane")
    for column in COLUMNS:
        for name in LESIONS:
            assert found.loc[name, column] == pytest.approx(numbers[column, name], abs=1e-9), (column, name)
    assert found["n"].tolist() == [7, 7, 6]
    assert "all 5040 orders" in found["method"].iloc[0]


def test_by_hand_without_covariates_it_is_the_exact_two_group_test():
    # Of the 20 ways to pick 3 of 6 patients, only the 3 highest and the 3 lowest lie as far apart: p = 2 / 20.
    found = freedman_lane_max_t(
        pd.DataFrame({"pain": [1, 2, 3, 6, 7, 8]}), pd.DataFrame({"T4": [0, 0, 0, 1, 1, 1]}), seed=1
    ).iloc[0]
    assert (found["estimate"], found["p_value"], found["p_adjusted"]) == pytest.approx((5, 0.1, 0.1))


def test_drawn_orders_agree_with_all_and_repeat_with_the_seed():
    every = freedman_lane_max_t(PAIN, LESIONS, AGE, seed=1)
    drawn = [freedman_lane_max_t(PAIN, LESIONS, AGE, seed=3, n_draws=4999) for _ in range(2)]
    pd.testing.assert_frame_equal(drawn[0], drawn[1])
    for column in ("p_value", "p_adjusted"):
        assert np.abs(drawn[0][column] - every[column]).max() < 0.03
        assert (drawn[0][column] >= 1 / 5000).all()


def test_counts_are_rows_written_out():
    counts = [2, 1, 3, 1, 2, 1, 2]
    cells = freedman_lane_max_t(PAIN, LESIONS, AGE, counts, seed=5, n_draws=299)
    written = [frame.loc[frame.index.repeat(counts)].reset_index(drop=True) for frame in (PAIN, LESIONS, AGE)]
    pd.testing.assert_frame_equal(cells, freedman_lane_max_t(*written, seed=5, n_draws=299))


def test_units_of_the_covariates_and_the_outcome_change_nothing_but_the_estimate():
    one = freedman_lane_max_t(PAIN, LESIONS, AGE, seed=1)
    other = freedman_lane_max_t(PAIN * 10 + 3, LESIONS, AGE * 365.25, seed=1)
    assert np.allclose(one["p_adjusted"], other["p_adjusted"])
    assert np.allclose(one["conf_low"] * 10, other["conf_low"])


def test_limits_leave_out_zero_exactly_where_the_adjusted_p_is_small():
    rng = np.random.default_rng(8)
    decided = set()
    for shift in np.linspace(0, 1.2, 25):
        doses = pd.DataFrame(rng.integers(0, 2, (40, 3)), columns=list("abc"))
        pain = pd.DataFrame({"pain": rng.normal(size=40) + shift * doses["a"]})
        found = freedman_lane_max_t(pain, doses, seed=2, n_draws=199)
        outside = (found["conf_low"] > 0) | (found["conf_high"] < 0)
        assert (outside == (found["p_adjusted"] <= 0.05)).all()
        decided |= set(outside)
    assert decided == {True, False}


def test_what_cannot_be_tested_says_why_and_is_not_in_the_family():
    doses = pd.DataFrame({"same": 1.0, "age_again": AGE["age"] * 2.0, "upper": LESIONS["upper"], "few": np.nan})
    doses.loc[:2, "few"] = [0, 1, 1]
    outcomes = PAIN.assign(flat=4.0)
    found = freedman_lane_max_t(outcomes, doses, AGE, seed=1, n_draws=199)
    tested = found[found["estimate"].notna()]
    assert tested[["outcome", "exposure"]].to_numpy().tolist() == [["pain", "upper"]]
    assert "over 1 tests" in tested["method"].item()
    reasons = found.set_index(["outcome", "exposure"])["method"]
    assert "same in all" in reasons["pain", "same"]
    assert "covariates explain" in reasons["pain", "age_again"]
    assert "too few" in reasons["pain", "few"]
    assert "does not vary" in reasons["flat", "upper"]
    nothing = freedman_lane_max_t(outcomes[["flat"]], doses[["upper"]], seed=1)
    assert nothing["p_adjusted"].isna().all()


def test_an_outcome_that_the_exposure_explains_wholly_has_an_infinite_t_and_no_error():
    apart = pd.DataFrame({"x": [0] * 4 + [1] * 4})
    exact = freedman_lane_max_t(apart.rename(columns={"x": "y"}), apart, seed=1, n_draws=999)
    assert np.isinf(exact["statistic"].item())
    assert 0 < exact["p_value"].item() < 0.1
    assert exact["std_error"].isna().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((PAIN, LESIONS.iloc[:3], AGE), "must match"),
        ((PAIN, LESIONS, AGE.replace(31, np.nan)), "missing"),
        ((PAIN.replace(8, np.inf), LESIONS, AGE), "infinite"),
        ((pd.DataFrame(index=range(7)), LESIONS, AGE), "no columns"),
        ((PAIN, LESIONS, AGE * 0), "one value only"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        freedman_lane_max_t(*arguments, seed=1)


def test_family_wise_error_is_kept_under_skewed_outcomes_and_correlated_exposures():
    """120 null registries of 60 patients, 8 overlapping lesions, outcome with many zeros that follows age."""
    rng, wrong = np.random.default_rng(42), 0
    for _ in range(120):
        age = rng.normal(size=60)
        top = rng.integers(0, 8, 60)
        doses = pd.DataFrame({f"s{k}": ((top <= k) & (k < top + 3)).astype(float) for k in range(2, 8)})
        pain = pd.DataFrame({"pain": np.maximum(0, np.rint(rng.normal(size=60) * 3 + 2 * age))})
        found = freedman_lane_max_t(pain, doses, pd.DataFrame({"age": age}), seed=1, n_draws=199)
        wrong += bool(found["p_adjusted"].min() <= 0.05)
    # 5 % of 120 is 6; more than 13 has a chance below 0.005.
    assert wrong <= 13
