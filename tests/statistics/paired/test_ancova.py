"""Analysis of covariance against R, and its laws."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.api import OLS, add_constant

from nmosd_cohort.statistics.paired.ancova import ancova
from tests.statistics.tally_helpers import REFERENCE

BEFORE = [5, 6, 7, 8, 4, 6, 8, 7, 3, 5]
AFTER = [3, 3, 5, 6, 4, 7, 7, 6, 3, 4]
ARM = [1, 1, 1, 1, 0, 0, 0, 0, 0, 1]
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "p_value")


def test_the_difference_is_that_of_r():
    frame = pd.read_csv(REFERENCE / "longitudinal.csv", keep_default_na=False)
    expected = frame[frame["quantity"] == "ancova"].set_index("term")["value"]
    rows = pd.read_csv(REFERENCE / "longitudinal_trajectories.csv").dropna(subset=["month_0", "month_12"])
    gap = ancova(rows["month_0"], rows["month_12"], rows["arm"], rows["n"], covariates=rows[["age_decade"]])
    assert gap.estimate == pytest.approx(expected["estimate"], rel=1e-10)
    assert gap.std_error == pytest.approx(expected["std_error"], rel=1e-10)
    reach = float(stats.t.ppf(0.975, expected["freedom"])) * expected["std_error"]
    assert gap.conf_high - gap.estimate == pytest.approx(reach, rel=1e-10)


patients = st.lists(
    st.tuples(st.integers(0, 10), st.integers(0, 10), st.booleans(), st.integers(1, 3)), min_size=12, max_size=20
)


@settings(deadline=None, max_examples=40)
@given(patients)
def test_a_tally_is_its_rows_and_statsmodels(rows: list[tuple[int, int, bool, int]]):
    # two patients of each kind keep every leverage below 1
    before, after, arm, counts = (np.array(column) for column in zip(*rows, strict=True))
    before = np.append(before, [2, 8, 2, 8])
    after = np.append(after, [1, 7, 3, 5])
    arm = np.append(arm, [0, 0, 1, 1]).astype(float)
    counts = np.append(counts, [2, 2, 2, 2])
    tally = ancova(before, after, arm, counts)
    repeated = ancova(*(np.repeat(column, counts) for column in (before, after, arm)))
    for name in NUMBERS:
        assert getattr(tally, name) == pytest.approx(getattr(repeated, name), rel=1e-9, abs=1e-10)
    design = add_constant(np.repeat(np.column_stack([arm, before]), counts, axis=0))
    other = OLS(np.repeat(after, counts), design).fit(cov_type="HC3", use_t=True)
    assert tally.estimate == pytest.approx(other.params[1], rel=1e-9, abs=1e-9)
    assert tally.std_error == pytest.approx(other.bse[1], rel=1e-9)
    assert tally.p_value == pytest.approx(other.pvalues[1], rel=1e-7, abs=1e-10)


def test_change_in_place_of_the_score_after_gives_the_same_difference():
    change = np.array(AFTER) - np.array(BEFORE)
    assert ancova(BEFORE, change, ARM).estimate == pytest.approx(ancova(BEFORE, AFTER, ARM).estimate)
    assert ancova(BEFORE, change, ARM).std_error == pytest.approx(ancova(BEFORE, AFTER, ARM).std_error)


def test_swapping_the_arms_turns_the_difference_round():
    one, two = ancova(BEFORE, AFTER, ARM), ancova(BEFORE, AFTER, [1 - arm for arm in ARM])
    assert (one.estimate, one.conf_low) == pytest.approx((-two.estimate, -two.conf_high))


@pytest.mark.parametrize(
    ("rows", "after", "arm", "reason"),
    [
        (slice(0, 0), AFTER, ARM, "0 patients; an analysis of covariance needs 8"),
        (slice(0, 7), AFTER, ARM, "7 patients; an analysis of covariance needs 8"),
        (slice(None), AFTER, [1] + [0] * 9, "1 patients; an arm of an analysis of covariance needs 4"),
        (slice(None), AFTER, [1] * 3 + [0] * 7, "3 patients; an arm of an analysis of covariance needs 4"),
        (slice(None), AFTER, [0] * 10, "0 patients; an arm of an analysis of covariance needs 4"),
        (slice(None), [4] * 10, ARM, "all patients have the same outcome"),
    ],
)
def test_a_difference_that_cannot_be_estimated_says_why(rows: slice, after: list[int], arm: list[int], reason: str):
    gap = ancova(BEFORE[rows], after[rows], arm[rows])
    assert gap.method.startswith(f"not estimable: {reason}")
    assert math.isnan(gap.estimate)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"group": [1, 0]}, "before, after and group have 10, 10 and 2 entries, not the same"),
        ({"group": ["a"] * 10}, "group must be numbers"),
        ({"group": [1, 2] * 5}, "group must be 1 for one arm and 0 for the reference arm"),
        ({"before": [5] * 10}, "'before' has one value only"),
        ({"covariates": [[1]] * 10}, "covariates is of type list; it must be a pandas DataFrame"),
        ({"covariates": pd.DataFrame({"age": [1, 2]})}, "covariates has 2 rows but group 10"),
        ({"covariates": pd.DataFrame({"age": ARM})}, "'age' is a combination of 'group'"),
        ({"counts": [0.5] * 10}, "10 are negative or not whole"),
        ({"conf_level": 1}, "conf_level is 1"),
    ],
)
def test_wrong_input_is_refused(options: dict, message: str):
    with pytest.raises(ValueError, match=message):
        ancova(**{"before": BEFORE, "after": AFTER, "group": ARM, **options})
