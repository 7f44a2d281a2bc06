"""Firth's logistic model: estimates, penalised profile limits, and what it does where data are sparse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.models import newton, profile_likelihood
from nmosd_cohort.statistics.models.design import standardise
from nmosd_cohort.statistics.regression.firth import FirthLikelihood, firth_logistic
from tests.statistics.tally_helpers import REFERENCE, numbers_of

# The reference climbs its penalised likelihood with scoring and optim, whose last digits are not exact.
PROFILE_TOLERANCE = 1e-6
CASES = {
    "endometrial": ("endometrial.csv", "HG", ["NV", "PI", "EH"]),
    "tally": ("firth_tally.csv", "depressed", ["neuropathic", "woman", "nrs"]),
    "together": ("firth_together.csv", "event", ["a", "b"]),
}
# All but separated by two columns together: away from the peak that is found first there is a higher one.
TWO_PEAKS = pd.DataFrame(
    {
        "a": [0, 0, 0.5, 0, -0.5, 0, 0.5, -0.5, -0.5, 0, -0.5],
        "b": [0.1, -0.2, 0, -0.9, 0.9, 0.3, -0.2, 0.5, -1.0, -0.3, -0.7],
        "c": [1, 0, 0, 1, 1, 1, 1, 1, 1, 0, 1],
    }
)
TWO_PEAKS_EVENT, TWO_PEAKS_COUNTS = [1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0], [2, 4, 1, 4, 4, 1, 3, 2, 4, 4, 3]


@pytest.fixture(scope="module")
def firth_numbers() -> pd.Series:
    return numbers_of("firth")


def logs(ratio: Estimate) -> list[float]:
    return np.log([ratio.estimate, ratio.conf_low, ratio.conf_high]).tolist()


def random_cells(seed: int) -> tuple[pd.Series, pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.integers(0, 2, 40), "b": rng.integers(20, 70, 40)})
    frame["event"] = (frame["a"] + frame["b"] / 20 + 2 * rng.normal(size=40) > 3).astype(int)
    return frame["event"], frame[["a", "b"]], pd.Series(rng.integers(1, 4, 40))


@pytest.mark.parametrize("case", CASES)
def test_firth_gives_the_numbers_of_r(firth_numbers: pd.Series, case: str):
    # firth.R checks its profile routine against the limits that Heinze and Schemper (2002) print.
    file, outcome, terms = CASES[case]
    frame = pd.read_csv(REFERENCE / file)
    counts = frame.get("n")
    for term, ratio in firth_logistic(frame[outcome], frame[terms], counts).items():
        expected = [firth_numbers[f"{case}_{name}", term] for name in ("coefficient", "low", "high")]
        assert_allclose(logs(ratio), expected, rtol=PROFILE_TOLERANCE, atol=PROFILE_TOLERANCE)
        assert ratio.std_error / ratio.estimate == pytest.approx(firth_numbers[f"{case}_se", term], rel=1e-7)
        assert ratio.p_value == pytest.approx(firth_numbers[f"{case}_p", term], rel=1e-7)


def test_firth_is_finite_where_the_exposed_all_have_the_event(firth_numbers: pd.Series):
    ratio = firth_logistic([0, 1, 1], pd.DataFrame({"exposed": [0, 0, 1]}), [9, 5, 6])["exposed"]
    # In a saturated two by two table Firth adds a half to each cell: (6.5 * 9.5) / (5.5 * 0.5).
    assert ratio.estimate == pytest.approx(6.5 * 9.5 / (5.5 * 0.5))
    expected = [firth_numbers[f"separated_{side}", "exposed"] for side in ("low", "high")]
    assert_allclose(logs(ratio)[1:], expected, rtol=PROFILE_TOLERANCE)
    assert (ratio.n, ratio.events) == (20, 11)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_tally_rows_and_reversed_outcome_agree(seed: int):
    event, design, counts = random_cells(seed)
    whole = firth_logistic(event, design, counts)
    order = np.random.default_rng(seed).permutation(np.repeat(np.arange(40), counts))
    by_row = firth_logistic(event.iloc[order], design.iloc[order])
    reversed_outcome = firth_logistic(1 - event, design, counts)
    for term, ratio in whole.items():
        assert_allclose(logs(by_row[term]), logs(ratio), atol=1e-9)
        flipped = logs(reversed_outcome[term])
        assert_allclose([-flipped[0], -flipped[2], -flipped[1]], logs(ratio), atol=1e-7)
        assert reversed_outcome[term].p_value == pytest.approx(ratio.p_value, abs=1e-9)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-100, 100), scale=st.sampled_from([-10.0, 0.01, 3.0]))
def test_shifting_and_scaling_a_covariate_scales_its_log_odds(seed: int, shift: float, scale: float):
    event, design, counts = random_cells(seed)
    moved = design.assign(b=shift + scale * design["b"])
    one, other = firth_logistic(event, design, counts), firth_logistic(event, moved, counts)
    assert_allclose(logs(other["a"]), logs(one["a"]), atol=1e-6)
    assert_allclose(np.sort(scale * np.array(logs(other["b"]))), np.sort(logs(one["b"])), atol=1e-6)


def test_only_the_columns_asked_for_are_profiled():
    event, design, counts = random_cells(1)
    assert firth_logistic(event, design, counts, columns=["b"]) == {"b": firth_logistic(event, design, counts)["b"]}
    with pytest.raises(ValueError, match="the design has no column 'depth'; it has a, b"):
        firth_logistic(event, design, counts, columns=["depth"])


def test_p_value_and_limits_tell_the_same_story():
    # The p-value at a limit is 1 - conf_level: the limits of level 1 - p touch an odds ratio of 1.
    frame = pd.DataFrame({"a": [0, 0, 1, 1]})
    ratio = firth_logistic([0, 1, 0, 1], frame, [14, 6, 5, 9])["a"]
    touching = firth_logistic([0, 1, 0, 1], frame, [14, 6, 5, 9], conf_level=1 - ratio.p_value)["a"]
    assert touching.conf_low == pytest.approx(1, abs=1e-7)


def test_other_outcomes_are_refused():
    design = pd.DataFrame({"a": [0, 1, 0]})
    with pytest.raises(ValueError, match="values other than 0 and 1"):
        firth_logistic([0, 1, 2], design)
    with pytest.raises(ValueError, match="outcome01 is 1 in all 3 patients"):
        firth_logistic([1, 1, 1], design)
    with pytest.raises(ValueError, match="design column 'a' has one value only"):
        firth_logistic([1, 0, 1], design * 0)


def test_newton_steps_find_the_maximum_that_scoring_finds(monkeypatch: pytest.MonkeyPatch):
    frame = pd.read_csv(REFERENCE / "firth_tally.csv")
    arguments = frame["depressed"], frame[["neuropathic", "woman", "nrs"]], frame["n"]
    scoring = firth_logistic(*arguments)
    monkeypatch.setattr(newton, "CHEAP_STEPS", 0)
    for term, ratio in firth_logistic(*arguments).items():
        assert_allclose(logs(ratio), logs(scoring[term]), atol=1e-7)


def test_derivatives_of_the_penalised_likelihood_are_exact():
    rng = np.random.default_rng(2)
    columns = np.vstack([np.ones(30), rng.normal(size=(2, 30))])
    patients = rng.integers(1, 4, 30).astype(float)
    likelihood = FirthLikelihood(columns, patients, np.floor(patients * rng.random(30)))
    at, steps = np.array([0.2, -0.3, 0.5]), 1e-5 * np.eye(3)
    around = [(likelihood.at(at + step), likelihood.at(at - step)) for step in steps]
    slopes = [(up.value - down.value) / 2e-5 for up, down in around]
    curves = [(up.score - down.score) / 2e-5 for up, down in around]
    point = likelihood.at(at)
    assert_allclose(point.score, slopes, rtol=1e-6, atol=1e-7)
    assert_allclose(likelihood.curvature(point), -np.array(curves), rtol=1e-6, atol=1e-6)


def test_the_highest_of_two_peaks_counts_and_the_method_says_so():
    found = firth_logistic(TWO_PEAKS_EVENT, TWO_PEAKS, TWO_PEAKS_COUNTS)
    for ratio in found.values():
        assert ratio.method.endswith("highest of several maxima of the likelihood")
        assert ratio.conf_low < ratio.estimate < ratio.conf_high
    # The first peak, nearest to no effect, is the lower one.
    scaled = standardise(TWO_PEAKS.to_numpy(), np.array(TWO_PEAKS_COUNTS))[0]
    events = np.multiply(TWO_PEAKS_COUNTS, TWO_PEAKS_EVENT).astype(float)
    likelihood = FirthLikelihood(np.vstack([np.ones(11), scaled.T]), np.array(TWO_PEAKS_COUNTS, dtype=float), events)
    first = newton.climb(likelihood, likelihood.start(), np.arange(4), smallest_gain=1e-12)
    deviations = standardise(TWO_PEAKS.to_numpy(), np.array(TWO_PEAKS_COUNTS))[2]
    slopes = np.log([ratio.estimate for ratio in found.values()]) * deviations
    second = newton.climb(likelihood, np.array([-4.0, *slopes]), np.arange(4), smallest_gain=1e-12)
    assert_allclose(second.parameters[1:], slopes, atol=1e-5)
    assert first.value < second.value - 0.01


def test_too_many_peaks_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(profile_likelihood, "MAX_RESTARTS", 1)
    with pytest.raises(ValueError, match="penalised likelihood has too many maxima; leave out a column"):
        firth_logistic(TWO_PEAKS_EVENT, TWO_PEAKS, TWO_PEAKS_COUNTS)


def test_a_search_that_does_not_converge_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(newton, "MAX_STEPS", 1)
    with pytest.raises(ValueError, match="did not converge in 1 steps; leave out a column or merge sparse"):
        firth_logistic([0, 1, 1, 0], pd.DataFrame({"a": [0, 0, 1, 1]}), [9, 5, 6, 2])


@pytest.mark.parametrize("seed", range(6))
def test_hostile_tallies_have_ordered_finite_limits(seed: int):
    # Few patients, columns of very different spread, next to separation.
    rng = np.random.default_rng(seed)
    design = pd.DataFrame({f"x{i}": np.round(rng.normal(size=14) * 10**i, 1) for i in range(3)})
    chance = 1 / (1 + np.exp(-np.clip(5 * design["x0"] - 2 * design["x1"], -30, 30)))
    event = (rng.random(14) < chance).astype(int)
    for ratio in firth_logistic(event, design, rng.integers(1, 6, 14)).values():
        assert 0 < ratio.conf_low < ratio.estimate < ratio.conf_high < np.inf
        assert 0 < ratio.p_value <= 1


def test_limits_beyond_the_largest_number_are_infinite():
    design = pd.DataFrame({"dose": [0, 0, 1e-3, 1e-3]})
    assert firth_logistic([0, 1, 0, 1], design, [20, 10, 10, 20])["dose"].conf_high == np.inf


def test_the_penalised_likelihood_is_none_where_the_information_vanishes():
    likelihood = FirthLikelihood(np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([4.0, 5.0]), np.array([1.0, 3.0]))
    assert likelihood.at(np.array([2000.0, 0.0])) is None
