"""Outcomes of weighted patients: by hand, from R, against the bootstrap and synthetic truth."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from nmosd_cohort.statistics.weighting.moment_weights import moment_weights
from nmosd_cohort.statistics.weighting.targets import Target
from nmosd_cohort.statistics.weighting.weighted_outcome import weighted_mean, weighted_proportion
from tests.statistics.tally_helpers import REFERENCE, expanded, numbers_of
from tests.statistics.weighting.test_moment_weights import CASES, targets_of

CELLS = pd.DataFrame({"x": [1, 1, 0, 0], "y": [1, 0, 1, 0], "n": [45, 15, 10, 30]})


@pytest.mark.parametrize("case", CASES)
def test_worked_example_agrees_with_r(case: str) -> None:
    numbers, trial = numbers_of("maic"), pd.read_csv(REFERENCE / "maic_tally.csv")
    weights = moment_weights(trial, targets_of(case, numbers), trial["n"])
    expected = numbers[case]
    share, fixed = (weighted_proportion(weights, trial["y"], target_error=error) for error in (True, False))
    assert share.estimate == pytest.approx(expected["share"], abs=1e-7)
    assert fixed.std_error == pytest.approx(expected["share_error"], abs=1e-7)
    assert share.std_error == pytest.approx(expected["share_error_with_targets"], abs=1e-7)
    total = trial["n"] * weights.weights
    odds = {}
    for arm in ("A", "B"):
        inside = trial["treatment"] == arm
        event = float((total * trial["y"])[inside].sum() / total[inside].sum())
        assert event == pytest.approx(expected[f"share {arm}"], abs=1e-7)
        odds[arm] = math.log(event / (1 - event))
    assert odds["B"] - odds["A"] == pytest.approx(expected["log_odds_ratio"], abs=1e-6)


def test_share_and_its_error_by_hand() -> None:
    weights = moment_weights(CELLS, [Target("x", 0.9, n=100)], CELLS["n"])
    found = weighted_proportion(weights, CELLS["y"])
    # 0.9 of 45/60 and 0.1 of 10/40. Jackknife of a stratum's share: its variance times n / (n - 1)^2.
    own = 0.9**2 * 60 * 0.75 * 0.25 / 59**2 + 0.1**2 * 40 * 0.25 * 0.75 / 39**2
    # The share moves by 0.75 - 0.25 for each unit of the target, whose variance is 0.9 * 0.1 / 100.
    error = math.sqrt(own + 0.5**2 * 0.09 / 100)
    assert found.estimate == pytest.approx(0.70)
    assert found.std_error == pytest.approx(error, rel=1e-9)
    assert weighted_proportion(weights, CELLS["y"], target_error=False).std_error == pytest.approx(math.sqrt(own))
    assert (found.n, found.events) == (100, 55)
    assert found.method == (
        "share weighted to 1 target, jackknife error and the targets' own error, t(effective n - 1), logit limits"
    )
    as_mean = weighted_mean(weights, CELLS["y"])
    assert (as_mean.estimate, as_mean.std_error) == pytest.approx((found.estimate, found.std_error))
    # t(72.7 - 1) of 97.5 % is 1.9935.
    reach = 1.9935 * error
    assert (as_mean.conf_low, as_mean.conf_high) == pytest.approx((0.70 - reach, 0.70 + reach), abs=1e-5)
    rows = expanded(CELLS)
    same = weighted_proportion(moment_weights(rows, [Target("x", 0.9, n=100)]), rows["y"])
    assert (same.conf_low, same.conf_high) == pytest.approx((found.conf_low, found.conf_high))


def test_unknown_size_of_a_target_is_told() -> None:
    weights = moment_weights(CELLS, [Target("x", 0.9)], CELLS["n"])
    with_error, without = (weighted_mean(weights, CELLS["y"], target_error=error) for error in (True, False))
    assert with_error.std_error == without.std_error
    assert "error (unknown for x)" in with_error.method
    assert "error, t(" in without.method


def test_equal_weights_give_the_plain_share() -> None:
    weights = moment_weights(CELLS, [Target("x", 0.6)], CELLS["n"])
    assert weighted_proportion(weights, CELLS["y"]).estimate == pytest.approx(0.55)


def test_left_out_patients_do_not_count() -> None:
    weights = moment_weights(CELLS, [Target("x", 1.0, n=40)], CELLS["n"])
    found = weighted_proportion(weights, CELLS["y"])
    assert (found.n, found.events, found.estimate) == (60, 45, pytest.approx(0.75))
    assert found.std_error == pytest.approx(math.sqrt(60 * 0.75 * 0.25) / 59)


def test_one_sided_outcomes_have_no_limits() -> None:
    weights = moment_weights(CELLS, [Target("x", 0.9, n=100)], CELLS["n"])
    none, everybody = (weighted_proportion(weights, np.full(4, value)) for value in (0, 1))
    assert (none.estimate, everybody.estimate) == (0.0, 1.0)
    assert math.isnan(none.conf_low)
    assert "none of the weighted patients" in none.method
    assert "all of the weighted patients" in everybody.method


def test_refused_weights_give_no_estimate() -> None:
    weights = moment_weights(CELLS, [Target("x", 2.0)], CELLS["n"])
    for found in (weighted_mean(weights, CELLS["y"]), weighted_proportion(weights, CELLS["y"])):
        assert math.isnan(found.estimate)
        assert found.method.startswith("not estimable: no weights reach the target of 'x'")


def test_wrong_outcomes_are_told() -> None:
    weights = moment_weights(CELLS, [Target("x", 0.9)], CELLS["n"])
    with pytest.raises(ValueError, match="3 entries and the weights 4"):
        weighted_mean(weights, [1, 2, 3])
    with pytest.raises(ValueError, match="other than 0 and 1"):
        weighted_proportion(weights, [0, 1, 2, 1])


def drawn(random: np.random.Generator, n: int, shift: float) -> pd.DataFrame:
    """Return patients; a shift makes myelitis commoner and EDSS higher, the share given these stays the same."""
    x = random.random(n) < expit(1.2 * shift)
    y = np.round(2 * random.normal(3 + shift + 0.8 * x, 1.5, n)) / 2
    pain = random.random(n) < expit(-1.2 + 1.5 * x + 0.3 * (y - 3))
    return pd.DataFrame({"x": x * 1.0, "y": y, "pain": pain * 1.0})


def test_error_agrees_with_the_bootstrap_of_patients_and_paper() -> None:
    random = np.random.default_rng(5)
    local, paper = drawn(random, 200, 0.0), drawn(random, 120, 0.7)

    def goals(patients: pd.DataFrame) -> list[Target]:
        return [
            Target("x", float(patients["x"].mean()), n=120),
            Target("y", float(patients["y"].mean()), sd=float(patients["y"].std()), n=120),
        ]

    found = weighted_mean(moment_weights(local, goals(paper)), local["pain"])
    again = []
    for _ in range(250):
        patients = local.sample(200, replace=True, random_state=random, ignore_index=True)
        printed = paper.sample(120, replace=True, random_state=random, ignore_index=True)
        weights = moment_weights(patients, goals(printed), smallest_share=0)
        again.append(weighted_mean(weights, patients["pain"]).estimate)
    # Monte Carlo error of an SD of 250 draws is 4.5 %.
    assert found.std_error == pytest.approx(float(np.std(again)), rel=0.14)


def test_limits_cover_the_share_of_the_population_that_the_paper_sampled() -> None:
    truth = float(drawn(np.random.default_rng(1), 400_000, 0.7)["pain"].mean())
    random = np.random.default_rng(2)
    covered, crude = [], []
    for _ in range(150):
        local, paper = drawn(random, 100, 0.0), drawn(random, 120, 0.7)
        goals = [
            Target("x", float(paper["x"].mean()), n=120),
            Target("y", float(paper["y"].mean()), sd=float(paper["y"].std()), n=120),
        ]
        found = weighted_proportion(moment_weights(local, goals, smallest_share=0), local["pain"])
        covered.append(found.conf_low <= truth <= found.conf_high)
        crude.append(float(local["pain"].mean()))
    # Binomial error of 95 % in 150 draws is 1.8 %.
    assert np.mean(covered) > 0.895
    assert truth - np.mean(crude) > 0.08
