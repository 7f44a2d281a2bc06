"""Method-of-moments weights: by hand, from R, and the laws they keep."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nmosd_cohort.statistics.models.newton import NoMaximumError
from nmosd_cohort.statistics.weighting.moment_weights import FEWEST_PATIENTS, MomentWeights, moment_weights
from nmosd_cohort.statistics.weighting.targets import Moment, Target, check_targets, sampling_covariance
from tests.statistics.tally_helpers import REFERENCE, expanded, numbers_of


@pytest.fixture(scope="module")
def numbers() -> pd.Series:
    return numbers_of("maic")


@pytest.fixture(scope="module")
def trial() -> pd.DataFrame:
    """Return the patients of the trial of A and B as a tally."""
    return pd.read_csv(REFERENCE / "maic_tally.csv")


def targets_of(case: str, numbers: pd.Series) -> list[Target]:
    """Return what maic.R matches in a case."""
    age, age_sd, male = (float(numbers["target", term]) for term in ("age", "age_sd", "male"))
    found = [Target("age", age, sd=age_sd, n=300, match_sd="sd" in case)]
    return [*found, Target("male", male, n=300)] if "sex" in case else found


CASES = ("age", "age and sd", "age sd sex")


@pytest.mark.parametrize("case", CASES)
def test_weights_of_the_worked_example_agree_with_r(case: str, numbers: pd.Series, trial: pd.DataFrame) -> None:
    found = moment_weights(trial, targets_of(case, numbers), trial["n"])
    expected = numbers[case]
    assert found.effective_n == pytest.approx(expected["effective_n"], rel=1e-7)
    assert found.largest_weight == pytest.approx(expected["largest_weight"], rel=1e-7)
    for age in (45, 50, 55, 60):
        for male in (0, 1):
            weights = found.weights[trial["age"].eq(age) & trial["male"].eq(male)]
            assert weights == pytest.approx(expected[f"weight {age} {male}"], abs=1e-7)
    assert (found.n, found.n_zero, found.refusal) == (500, 0, "")


def test_one_share_by_hand() -> None:
    # 60 of 100 have it and 90 % are wanted: 0.9 / 0.6 and 0.1 / 0.4. Effective n 100^2 / (60 1.5^2 + 40 0.25^2).
    found = moment_weights(pd.DataFrame({"x": [1, 0]}), [Target("x", 0.9, n=50)], [60, 40])
    assert found.weights == pytest.approx([1.5, 0.25], abs=1e-12)
    assert found.effective_n == pytest.approx(10000 / 137.5)
    assert found.effective_share == pytest.approx(100 / 137.5)
    assert found.largest_weight == pytest.approx(1.5)
    assert found.target_covariance == pytest.approx(np.array([[0.9 * 0.1 / 50]]))
    row = found.balance.iloc[0]
    assert (row["variable"], row["moment"], row["matched"]) == ("x", "mean", True)
    assert row[["local", "reweighted", "target"]].tolist() == pytest.approx([0.6, 0.9, 0.9])


def test_matched_sd_is_reached_and_an_unmatched_one_is_only_shown() -> None:
    frame, n = pd.DataFrame({"edss": np.arange(0, 7, 0.5)}), np.full(14, 10)
    free = moment_weights(frame, [Target("edss", 4.0, sd=1.2, n=80)], n).balance.set_index("moment")
    held = moment_weights(frame, [Target("edss", 4.0, sd=1.2, n=80, match_sd=True)], n).balance.set_index("moment")
    assert held["reweighted"].tolist() == pytest.approx([4.0, 1.2], abs=1e-9)
    assert free.loc["mean", "reweighted"] == pytest.approx(4.0, abs=1e-9)
    assert abs(free.loc["sd", "reweighted"] - 1.2) > 0.3
    assert (free["matched"].tolist(), held["matched"].tolist()) == ([True, False], [True, True])


def test_target_at_the_edge_takes_weight_from_the_others() -> None:
    # All of the paper are seropositive, 95 % of them women: only the 80 seropositive count, 60 of them women.
    frame = pd.DataFrame({"positive": [1, 1, 0], "female": [1, 0, 1]})
    found = moment_weights(frame, [Target("positive", 1.0, n=40), Target("female", 0.9, n=40)], [60, 20, 20])
    assert (found.n_zero, found.refusal) == (20, "")
    # 0.9 of a weight of 100 on 60 women, 0.1 on 20 men.
    assert found.weights == pytest.approx([1.5, 0.5, 0.0], abs=1e-12)
    assert found.moments.shape == (3, 1)


def test_a_variable_that_all_share_is_balanced_already() -> None:
    frame = pd.DataFrame({"female": [1.0, 1.0], "x": [0.0, 1.0]})
    found = moment_weights(frame, [Target("female", 1.0), Target("x", 0.5)], [50, 50])
    assert found.weights == pytest.approx([1.0, 1.0])
    assert (found.n_zero, found.without_n) == (0, ("female", "x"))
    alone = moment_weights(frame, [Target("female", 1.0)], [50, 50])
    assert alone.weights.tolist() == [1.0, 1.0]
    assert alone.target_covariance.shape == (0, 0)


def refused(frame: dict[str, Any], targets: list[Target], counts: list[int], **options: float) -> MomentWeights:
    found = moment_weights(pd.DataFrame(frame), targets, counts, **options)
    assert found.refusal
    return found


def test_refusals_say_why() -> None:
    few = refused({"x": [0, 1]}, [Target("x", 0.5)], [FEWEST_PATIENTS - 1, 0])
    assert few.refusal == "fewer than 20 patients to weight: 19"
    assert np.isnan(few.weights).all()
    assert math.isnan(few.effective_n)
    assert few.balance["reweighted"].isna().all()
    above = refused({"edss": [0, 3]}, [Target("edss", 4.0)], [50, 50])
    assert above.refusal == "no weights reach the target of 'edss': every patient lies below it"
    below = refused({"edss": [2, 3]}, [Target("edss", 1.0)], [50, 50])
    assert below.refusal.endswith("every patient lies above it")
    constant = refused({"x": [1, 1], "y": [0, 1]}, [Target("x", 0.9), Target("y", 0.4)], [50, 50])
    assert constant.refusal == "no weights reach the target of 'x': every patient lies above it"
    twins = refused({"x": [0, 1, 0], "y": [1, 0, 1]}, [Target("x", 0.4), Target("y", 0.6)], [50, 50, 9])
    assert twins.refusal == "'y' is a combination of 'x' and the intercept; leave one of them out"
    edge = refused({"x": [1, 0], "y": [0, 1]}, [Target("x", 1.0), Target("y", 1.0)], [50, 50])
    assert edge.refusal == "no weights reach all targets: no patient has all the values that they demand"
    rest = refused({"x": [1, 0], "y": [0, 1]}, [Target("x", 1.0), Target("y", 0.5)], [50, 50])
    assert rest.refusal == ("no weights reach the target of 'y': every patient who can have weight lies below it")


def test_targets_that_are_met_one_by_one_but_not_together_are_refused() -> None:
    # Whoever had myelitis has pain here, so 80 % with myelitis cannot have 20 % with pain.
    frame = {"x": [1, 0, 0], "y": [1, 1, 0]}
    found = refused(frame, [Target("x", 0.8), Target("y", 0.2)], [40, 30, 30])
    assert found.refusal == "no weights reach the targets of 'x', 'y' together: the patients lie to one side of them"
    # With 80 % of each, those who have y alone would get no weight, which no weight of this form is.
    edge = refused(frame, [Target("x", 0.8), Target("y", 0.8)], [40, 30, 30])
    assert edge.refusal == found.refusal


def test_gate_on_the_effective_sample_size() -> None:
    frame, target = {"x": [1, 0]}, [Target("x", 0.9)]
    # 10 of 100 have it: weights 9 and 1/9, effective n 100^2 / (810 + 90 / 81) = 12.3.
    found = refused(frame, target, [10, 90])
    assert found.effective_n == pytest.approx(10000 / (810 + 90 / 81))
    assert found.refusal.startswith("the effective sample size of 12.3 is below 30% of the 100 patients")
    assert moment_weights(pd.DataFrame(frame), target, [10, 90], smallest_share=0.12).refusal == ""


def test_as_many_means_as_patients_leave_no_error_to_tell() -> None:
    # Only the 7 seropositive of 20 patients count; with 6 more variables each of them is fitted by itself.
    rows = np.vstack([np.zeros(6), np.eye(6), np.zeros((13, 6))])
    frame = pd.DataFrame(rows, columns=list("abcdef")).assign(positive=[1] * 7 + [0] * 13)
    goals = [Target("positive", 1.0), *(Target(name, 1 / 7) for name in "abcdef")]
    found = moment_weights(frame, goals)
    assert found.effective_n == pytest.approx(7)
    assert found.refusal == "the effective sample size of 7.0 is too small to balance 6 means and tell an error"
    assert moment_weights(frame, goals[:-2]).refusal == ""
    alone = refused({"x": [1, 0]}, [Target("x", 1.0)], [1, 29], smallest_share=0.0)
    assert alone.refusal == "the effective sample size of 1.0 is too small to balance 0 means and tell an error"
    near = refused({"x": [1, 0]}, [Target("x", 0.999)], [1, 29], smallest_share=0.0)
    assert near.refusal.endswith("too small to balance 1 mean and tell an error")


def test_where_the_edge_is_does_not_hang_on_how_patients_are_listed() -> None:
    # 2e-6 short of the largest value: of a distance of 1 not the edge, whether rows are cells or patients.
    tally, goal = pd.DataFrame({"x": [1.0, 0.0], "n": [200, 2]}), [Target("x", 1 - 2e-6)]
    cells, rows = moment_weights(tally, goal, tally["n"]), moment_weights(expanded(tally), goal)
    assert (cells.n_zero, rows.n_zero) == (0, 0)
    assert rows.largest_weight == pytest.approx(cells.largest_weight)
    assert moment_weights(tally, [Target("x", 1 - 5e-7)], tally["n"]).n_zero == 2


@pytest.mark.parametrize(
    ("frame", "targets", "options", "message"),
    [
        ({"x": [0, 1]}, [], {}, "there are no targets"),
        ({"x": [0, 1]}, [Target("x", 0.5), Target("x", 0.4)], {}, "'x' has two targets"),
        ({"x": [0, 1]}, [Target("y", 0.5)], {}, "no column 'y'"),
        ({"x": [0, None]}, [Target("x", 0.5)], {}, "has 1 missing"),
        ({"x": [0, 1]}, [Target("x", 0.5)], {"smallest_share": 1.5}, "smallest_share is 1.5"),
    ],
)
def test_wrong_input_is_told(frame: Any, targets: list[Target], options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        moment_weights(pd.DataFrame(frame), targets, [50, 50], **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mean": math.nan}, "must be a number"),
        ({"mean": None}, "the target of 'edss' is None; it must be a number"),
        ({"mean": math.inf}, "finite"),
        ({"mean": 1.0, "sd": -1.0}, "0 or more"),
        ({"mean": 1.0, "match_sd": True}, "is not given"),
        ({"mean": 1.0, "n": 0}, "1 or more"),
        ({"mean": 1.0, "n": 2.5}, "n of 'edss' is 2.5; it must be a whole number"),
        ({"mean": 1.0, "n": math.nan}, "whole number"),
    ],
)
def test_wrong_targets_are_told(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Target("edss", **options)


def test_good_targets_pass() -> None:
    check_targets([Target("edss", 3.5), Target("female", 0.9)])


def test_covariance_of_targets_by_hand() -> None:
    # Two 0/1 variables, one of 100 patients and one of 50 among them. In the weighted patients they are correlated
    # 0.5: variances 0.25, covariance 0.125. SD of the first printed as 1 instead of 0.5.
    gaps = np.array([[0.5, 0.5], [0.5, -0.5], [-0.5, 0.5], [-0.5, -0.5]])
    moments = [Moment("x", gaps[:, 0], 1.0, 100.0), Moment("y", gaps[:, 1], math.nan, 50.0)]
    found = sampling_covariance(moments, np.array([0.375, 0.125, 0.125, 0.375]))
    assert found == pytest.approx(np.array([[1 / 100, 0.25 / 100], [0.25 / 100, 0.25 / 50]]))
    unknown = sampling_covariance([moments[0], Moment("y", gaps[:, 1], math.nan, math.inf)], np.full(4, 0.25))
    assert unknown == pytest.approx(np.array([[1 / 100, 0.0], [0.0, 0.0]]))


cells = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 6), st.integers(1, 9), st.floats(0.2, 3.0)), min_size=4, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(cells)
def test_weights_reach_any_mix_of_the_patients_and_a_tally_is_its_rows(drawn: list[tuple[Any, ...]]) -> None:
    tally = pd.DataFrame(drawn, columns=["x", "y", "n", "mix"])
    assume(
        tally["n"].sum() >= FEWEST_PATIENTS
        and np.linalg.matrix_rank(np.c_[np.ones(len(tally)), tally[["x", "y"]]]) == 3
    )
    mix = tally["mix"] * tally["n"] / (tally["mix"] @ tally["n"])
    goals = [Target("x", float(mix @ tally["x"]), n=50), Target("y", float(mix @ tally["y"]), sd=1.5, n=60)]
    found = moment_weights(tally, goals, tally["n"], smallest_share=0)
    assert found.refusal == ""
    means = found.balance[found.balance["moment"] == "mean"]
    assert means["reweighted"].to_numpy() == pytest.approx(means["target"].to_numpy(), abs=1e-8)
    assert found.weights @ tally["n"] == pytest.approx(tally["n"].sum())
    assert 0 < found.effective_n <= found.n + 1e-9
    rows = expanded(tally)
    single = moment_weights(rows, goals, smallest_share=0)
    assert single.weights == pytest.approx(np.repeat(found.weights, tally["n"]), abs=1e-7)
    assert single.target_covariance == pytest.approx(found.target_covariance, abs=1e-9)
    # No other weights with these means are nearer to equal, in relative entropy; the mix itself is one such.
    entropy = [float(share @ np.log(share / tally["n"])) for share in (found.weights * tally["n"] / found.n, mix)]
    assert entropy[0] <= entropy[1] + 1e-9


def test_own_means_leave_the_weights_at_one() -> None:
    tally = pd.DataFrame({"x": [0, 1, 0, 1], "y": [1.0, 2.0, 3.0, 5.0]})
    n = np.array([10, 20, 30, 5])
    goals = [Target(name, float(n @ tally[name]) / 65) for name in tally]
    found = moment_weights(tally, goals, n)
    assert found.weights == pytest.approx(np.ones(4), abs=1e-9)
    assert found.effective_n == pytest.approx(65)


def test_nobody_cannot_be_weighted() -> None:
    found = moment_weights(pd.DataFrame({"x": [0, 1]}), [Target("x", 0.5)], [0, 0])
    assert found.refusal == "fewer than 20 patients to weight: 0"
    assert math.isnan(found.effective_share)
    assert found.balance["local"].isna().all()


def test_a_climb_without_a_summit_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: Any, **__: Any) -> None:
        raise NoMaximumError("the model did not converge")

    monkeypatch.setattr("nmosd_cohort.statistics.weighting.moment_weights.climb", lost)
    found = moment_weights(pd.DataFrame({"x": [0, 1]}), [Target("x", 0.4)], [50, 50])
    assert found.refusal == "the weights were not found: the model did not converge"
