"""Correlation within patients against analysis of covariance in R, pingouin and by hand."""

import math

import numpy as np
import pandas as pd
import pingouin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.correlation.repeated_measures import repeated_measures_correlation
from tests.statistics.tally_helpers import EXACT, assert_same, numbers_of

R = numbers_of("correlations")
PATIENT = [1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5]
X = [2, 4, 5, 6, 7, 9, 8, 1, 3, 5, 5, 6, 3, 1]
Y = [9, 8, 6, 5, 6, 2, 4, 7, 7, 6, 5, 5, 8, 9]


def visits(seed: int, *, patients: int = 12) -> pd.DataFrame:
    """Return visits of patients whose means pull the other way than their changes."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(range(patients), rng.integers(2, 6, patients))
    level = rng.normal(0, 3, patients)[patient]
    x = np.round(level + rng.normal(0, 2, patient.size))
    y = np.round(2 * level - x + rng.normal(0, 2, patient.size))
    return pd.DataFrame({"patient": patient, "x": x, "y": y})


def test_the_numbers_are_those_of_analysis_of_covariance_in_r():
    within = repeated_measures_correlation(PATIENT, X, Y, limits="parallel_slopes")
    assert within.estimate == pytest.approx(R["within r", "visits"], abs=EXACT)
    assert within.p_value == pytest.approx(R["within p", "visits"], rel=1e-9)
    limits = R["within low", "visits"], R["within high", "visits"]
    assert (within.conf_low, within.conf_high) == pytest.approx(limits, abs=EXACT)
    assert within.method == "correlation within 5 patients, 8 degrees of freedom"
    assert within.n == 5


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000))
def test_the_numbers_are_those_of_pingouin(seed: int):
    frame = visits(seed)
    within = repeated_measures_correlation(frame["patient"], frame["x"], frame["y"], limits="parallel_slopes")
    other = pingouin.rm_corr(frame, x="x", y="y", subject="patient").iloc[0]
    assert within.estimate == pytest.approx(other["r"], abs=1e-9)
    assert within.p_value == pytest.approx(other.filter(regex="^p").iloc[0], abs=1e-9)
    assert f"{other['dof']:.0f} degrees" in within.method


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["parallel_slopes", "patients"]))
def test_shared_visits_counted_are_visits_repeated(seed: int, limits: str):
    frame = visits(seed, patients=6)
    sharing = np.random.default_rng(seed).integers(0, 4, 6)
    sharing[:2] = 2
    frame["n"] = sharing[frame["patient"]]
    copies = [
        frame[frame["patient"] == one].assign(patient=f"{one} {copy}")
        for one in range(6)
        for copy in range(sharing[one])
    ]
    rows = pd.concat(copies)
    by_tally = repeated_measures_correlation(frame["patient"], frame["x"], frame["y"], frame["n"], limits=limits)
    by_row = repeated_measures_correlation(rows["patient"], rows["x"], rows["y"], limits=limits)
    assert_same(by_tally, by_row)
    assert by_tally.n == sharing.sum()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(-50, 50))
def test_what_stays_the_same_in_a_patient_plays_no_part(seed: int, distance: int):
    frame = visits(seed)
    within = repeated_measures_correlation(frame["patient"], frame["x"], frame["y"])
    own = np.random.default_rng(seed).integers(-50, 50, 12)[frame["patient"]]
    once = pd.DataFrame({"patient": [98, 99], "x": [1, distance], "y": [5, 5]})
    more = pd.concat([frame.assign(x=3 * (frame["x"] + own), y=-frame["y"]), once]).sample(frac=1, random_state=seed)
    moved = repeated_measures_correlation(more["patient"], more["x"], more["y"])
    assert moved.estimate == pytest.approx(-within.estimate, abs=1e-9)
    assert (moved.conf_low, moved.p_value) == pytest.approx((-within.conf_high, within.p_value), abs=1e-9)
    assert moved.n == within.n


def test_visits_alike_within_patients_widen_the_limits_by_patients_only():
    # each visit entered four times: nothing new is known, the parallel-slopes limits narrow all the same
    frame = visits(3, patients=40)
    four = pd.concat([frame] * 4)
    once, often = (
        {
            limits: repeated_measures_correlation(rows["patient"], rows["x"], rows["y"], limits=limits)
            for limits in ("parallel_slopes", "patients")
        }
        for rows in (frame, four)
    )
    width = {
        (name, limits): found[limits].conf_high - found[limits].conf_low
        for name, found in (("once", once), ("often", often))
        for limits in found
    }
    assert width["often", "parallel_slopes"] < 0.6 * width["once", "parallel_slopes"]
    assert width["often", "patients"] == pytest.approx(width["once", "patients"], rel=1e-9)


def test_limits_by_patients_are_a_jackknife_of_patients():
    # the error of leaving out one of 150 patients in turn differs from the sandwich by a term of order 1 / n
    frame = visits(5, patients=150)
    within = repeated_measures_correlation(frame["patient"], frame["x"], frame["y"])
    left_out = [
        repeated_measures_correlation(rest["patient"], rest["x"], rest["y"]).estimate
        for rest in (frame[frame["patient"] != one] for one in range(150))
    ]
    assert within.std_error == pytest.approx(np.std(left_out) * math.sqrt(149), rel=0.03)
    # Fisher z, t with n - 2 = 148 degrees of freedom
    reach = stats.t.ppf(0.975, 148) * within.std_error / (1 - within.estimate**2)
    assert within.conf_high == pytest.approx(math.tanh(math.atanh(within.estimate) + reach))
    assert (within.conf_low > 0 or within.conf_high < 0) == (within.p_value < 0.05)


def test_what_cannot_be_estimated_says_why():
    few = repeated_measures_correlation([1, 1, 2, 2, 3], [1, 2, 3, 4, 9], [1, 3, 2, 5, 9])
    assert few.method == "not estimable: too few repeated visits (2 beyond the first)"
    none = repeated_measures_correlation([], [], [])
    assert none.method == "not estimable: too few repeated visits (0 beyond the first)"
    still = repeated_measures_correlation([1, 1, 1, 2, 2], [0.1, 0.1, 0.1, 4, 4], [1, 2, 3, 4, 5])
    assert still.method == "not estimable: x never changes within a patient"
    three = repeated_measures_correlation([1, 1, 1, 2, 2, 3, 3], [1, 2, 4, 1, 2, 1, 2], [1, 3, 2, 1, 2, 5, 9])
    assert three.method == "limits not estimable: fewer than 4 patients"
    patient, x = np.repeat(range(4), 3), [1, 2, 4, 5, 1, 3, 7, 8, 2, 1, 1, 9]
    perfect = repeated_measures_correlation(patient, x, x)
    assert (perfect.estimate, perfect.method) == (1, "limits not estimable: perfect correlation")
    copies = repeated_measures_correlation([1, 1, 1], [1, 2, 3], [2, 1, 3], [5, 5, 5])
    assert copies.method == "limits not estimable: all patients change alike"
    flat = repeated_measures_correlation([1, 1, 1, 2, 2], [1, 2, 3, 4, 5], [7, 7, 7, 0, 0])
    assert flat.method == "not estimable: y never changes within a patient"


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="patient, x and y have 2, 2 and 1 entries"):
        repeated_measures_correlation([1, 1], [1, 2], [1])
    with pytest.raises(ValueError, match="patient must hold one name or number"):
        repeated_measures_correlation([[1], [2]], [1, 2], [1, 2])
    with pytest.raises(ValueError, match="patient has 1 missing entries"):
        repeated_measures_correlation([1, None], [1, 2], [1, 2])
    with pytest.raises(ValueError, match="counts differ between the rows of 1 patients"):
        repeated_measures_correlation([1, 1, 2], [1, 2, 3], [1, 2, 3], [2, 3, 3])
    with pytest.raises(ValueError, match="limits is 'wald'"):
        repeated_measures_correlation([1, 1], [1, 2], [1, 2], limits="wald")


def test_parallel_slopes_of_a_perfect_correlation_say_why_there_are_no_limits():
    within = repeated_measures_correlation(
        [1, 1, 2, 2, 3, 3], [1, 2, 4, 6, 5, 8], [1, 2, 4, 6, 5, 8], limits="parallel_slopes"
    )
    assert (within.estimate, within.n, within.method) == (1, 3, "limits not estimable: perfect correlation")
