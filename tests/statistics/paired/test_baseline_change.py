"""Relation of change to the first score against R, by hand and from synthetic truth."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.paired.baseline_change import BaselineChange, baseline_change_relation
from tests.statistics.tally_helpers import REFERENCE

BEFORE = [2, 3, 4, 5, 6, 7, 8, 9, 4, 6]
AFTER = [2, 2, 4, 3, 5, 4, 6, 6, 3, 4]


@pytest.fixture(scope="module")
def relation() -> BaselineChange:
    rows = pd.read_csv(REFERENCE / "longitudinal_trajectories.csv").dropna(subset=["month_0", "month_6"])
    return baseline_change_relation(rows["month_0"], rows["month_6"], rows["n"], reliability=0.8)


@pytest.mark.parametrize(
    ("quantity", "part"), [("oldham", "correlation"), ("pitman_morgan", "variance_ratio"), ("blomqvist_0.8", "slope")]
)
def test_the_relation_is_that_of_r(relation: BaselineChange, quantity: str, part: str):
    frame = pd.read_csv(REFERENCE / "longitudinal.csv", keep_default_na=False)
    expected = frame[frame["quantity"] == quantity].set_index("term")["value"].to_dict()
    found = getattr(relation, part)
    # 1e-7: R finds the limits of the variance ratio by a search
    assert {name: getattr(found, name) for name in expected} == pytest.approx(expected, rel=1e-7)


# by hand: the observed slope of after on before is b; (b + 1 - 0.8) / 0.8 - 1 with b the slope of change
def test_blomqvist_by_hand():
    slope_of_change = np.polyfit(BEFORE, np.subtract(AFTER, BEFORE), 1)[0]
    relation = baseline_change_relation(BEFORE, AFTER, reliability=0.8)
    assert relation.slope.estimate == pytest.approx((slope_of_change + 0.2) / 0.8)
    assert relation.reliability == 0.8


def test_an_error_variance_is_the_reliability_that_it_leaves():
    variance = np.var(BEFORE, ddof=1)
    known = baseline_change_relation(BEFORE, AFTER, reliability=0.75)
    estimated = baseline_change_relation(BEFORE, AFTER, error_variance=0.25 * variance)
    assert estimated.reliability == pytest.approx(0.75)
    assert estimated.slope.estimate == pytest.approx(known.slope.estimate)
    assert estimated.slope.std_error > known.slope.std_error  # the variance before is itself estimated
    # delta method: slope of after / reliability squared times the error of the reliability
    extra = (known.slope.estimate + 1) / 0.75 * 0.25 * math.sqrt(2 / 9)
    assert estimated.slope.std_error == pytest.approx(math.hypot(known.slope.std_error, extra))


def test_a_reliability_without_error_leaves_the_plain_slope():
    relation = baseline_change_relation(BEFORE, AFTER, error_variance=0)
    assert relation.slope.estimate == pytest.approx(np.polyfit(BEFORE, np.subtract(AFTER, BEFORE), 1)[0])


def test_an_uncertain_reliability_widens_the_limits():
    sure = baseline_change_relation(BEFORE, AFTER, reliability=0.8).slope
    unsure = baseline_change_relation(BEFORE, AFTER, reliability=0.8, reliability_error=0.1).slope
    assert unsure.std_error == pytest.approx(math.hypot(sure.std_error, (sure.estimate + 1) / 0.8 * 0.1))


def test_without_relation_the_plain_slope_misleads_and_this_one_does_not():
    rng = np.random.default_rng(8)
    true = rng.normal(5, 2, 4000)
    before, after = true + rng.normal(0, 1.5, 4000), true - 1 + rng.normal(0, 1.5, 4000)
    relation = baseline_change_relation(before, after, error_variance=2.25)
    assert np.polyfit(before, after - before, 1)[0] < -0.3
    assert relation.slope.conf_low < 0 < relation.slope.conf_high
    assert relation.correlation.conf_low < 0 < relation.correlation.conf_high
    assert relation.variance_ratio.conf_low < 1 < relation.variance_ratio.conf_high


pairs = st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10), st.integers(1, 4)), min_size=10, max_size=15)


@settings(deadline=None, max_examples=60)
@given(pairs)
def test_a_tally_is_its_rows_and_the_correlation_that_of_scipy(tally: list[tuple[int, int, int]]):
    before, after, counts = (np.array(column) for column in zip(*tally, strict=True))
    rows = np.repeat(before, counts), np.repeat(after, counts)
    one, two = (
        baseline_change_relation(before, after, counts, reliability=0.7),
        baseline_change_relation(*rows, reliability=0.7),
    )
    for part in ("slope", "correlation", "variance_ratio"):
        for name in ("estimate", "conf_low", "conf_high", "p_value"):
            first, second = getattr(getattr(one, part), name), getattr(getattr(two, part), name)
            assert first == pytest.approx(second, rel=1e-8, abs=1e-10, nan_ok=True)
    assume(not math.isnan(one.correlation.estimate))
    expected = stats.pearsonr(rows[1] - rows[0], rows[1] + rows[0])
    assert one.correlation.estimate == pytest.approx(expected.statistic, abs=1e-9)
    assert one.correlation.p_value == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)


def test_swapping_the_scores_turns_the_variance_ratio_over():
    one, two = baseline_change_relation(BEFORE, AFTER), baseline_change_relation(AFTER, BEFORE)
    assert one.variance_ratio.estimate == pytest.approx(1 / two.variance_ratio.estimate)
    assert one.variance_ratio.conf_low == pytest.approx(1 / two.variance_ratio.conf_high)
    assert one.variance_ratio.p_value == pytest.approx(two.variance_ratio.p_value)


def test_without_error_variance_only_oldham_is_given():
    relation = baseline_change_relation(BEFORE, AFTER)
    assert relation.slope.method == "not estimable: needs error_variance or reliability"
    assert math.isnan(relation.reliability)
    assert not math.isnan(relation.correlation.conf_low)


@pytest.mark.parametrize(
    ("before", "after", "options", "parts", "reason"),
    [
        (
            [],
            [],
            {},
            ("slope", "correlation", "variance_ratio"),
            "0 patients; a relation of change to baseline needs 10",
        ),
        (BEFORE[:9], AFTER[:9], {"reliability": 0.5}, ("slope", "correlation"), "9 patients"),
        ([4] * 10, AFTER, {}, ("slope", "variance_ratio"), "the scores before or after do not vary"),
        (BEFORE, [4] * 10, {}, ("slope", "variance_ratio"), "the scores before or after do not vary"),
        (BEFORE, AFTER, {"error_variance": 50}, ("slope",), "the error variance is not below the variance before"),
        ([5] * 9 + [8], AFTER, {"reliability": 0.8}, ("slope",), "all patients but one start at the same score"),
        (BEFORE, BEFORE, {}, ("correlation", "variance_ratio"), "one score follows from the other"),
        (BEFORE, [2 * value for value in BEFORE], {}, ("correlation",), "one score follows from the other"),
    ],
)
def test_what_cannot_be_estimated_says_why(
    before: list[int], after: list[int], options: dict, parts: tuple[str, ...], reason: str
):
    relation = baseline_change_relation(before, after, **options)
    for part in parts:
        assert getattr(relation, part).method.startswith(f"not estimable: {reason}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"error_variance": 1, "reliability": 0.5}, "give error_variance or reliability, not both"),
        ({"error_variance": -1}, "error_variance is -1"),
        ({"reliability": 0}, "reliability is 0; it must lie above 0 and be at most 1"),
        ({"reliability": 1.2}, "reliability is 1.2"),
        ({"reliability": 0.5, "reliability_error": -1}, "reliability_error is -1"),
        ({"reliability": "x"}, "reliability is 'x'; it must lie above 0"),
        ({"error_variance": "x"}, "error_variance is 'x'"),
        ({"reliability": 0.5, "reliability_error": "x"}, "reliability_error is 'x'"),
        ({"error_variance": 1, "reliability_error": 0.1}, "reliability_error belongs to reliability"),
        ({"reliability_error": 0.1}, "reliability_error belongs to reliability"),
    ],
)
def test_impossible_errors_are_refused(options: dict, message: str):
    with pytest.raises(ValueError, match=message):
        baseline_change_relation(BEFORE, AFTER, **options)


def test_scores_too_small_to_square_and_scores_that_follow_each_other_say_so():
    tiny = baseline_change_relation(np.array(BEFORE) * 1e-200, np.array(AFTER) * 1e-200, error_variance=0)
    assert tiny.slope.method == tiny.correlation.method == "not estimable: the scores before or after do not vary"
    follows = baseline_change_relation(BEFORE, [score / 2 for score in BEFORE], reliability=0.8)
    assert follows.slope.method == "limits not estimable: one score follows from the other"
    assert follows.slope.estimate == pytest.approx(0.5 / 0.8 - 1)
