"""Paired change against R and scipy, responders against the vectors of the scoring rules."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.paired.change import (
    ResponderCount,
    mean_change,
    responders,
    response,
)
from tests.statistics.tally_helpers import assert_same, reference

EXACT = 1e-10
ROOT = 1e-7  # limits that R finds by a numerical search
SAME = "every patient changed by the same amount"
RULES = ("pct30", "pct50", "abs2", "pct30_or_abs2", "pct30_and_abs2")

tallies = st.lists(st.tuples(st.integers(-6, 4), st.integers(1, 6)), min_size=1, max_size=8)
pair_tallies = st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10), st.integers(1, 6)), min_size=1, max_size=8)


def test_the_mean_change_is_that_of_r():
    ((before, after, _, numbers),) = reference("paired t")
    change = mean_change(before, after)
    for name in ("estimate", "conf_low", "conf_high", "p_value"):
        assert getattr(change, name) == pytest.approx(numbers[name], abs=1e-9)


# sd of the change from both SDs and a correlation of 0.6, limits by hand: statistics.md, golden values
@pytest.mark.parametrize(
    ("n", "change", "sd", "low", "high"), [(19, -1.5, 2.1817, -2.55, -0.45), (7, -2.1, 1.2369, -3.24, -0.96)]
)
def test_the_golden_mean_changes(n: int, change: float, sd: float, low: float, high: float):
    scatter = np.resize([-1.0, 1.0], n) if n % 2 == 0 else np.append(np.resize([-1.0, 1.0], n - 1), 0.0)
    scatter *= sd / scatter.std(ddof=1)
    estimate = mean_change(np.full(n, 5.0), 5.0 + change + scatter)
    assert estimate.estimate == pytest.approx(change)
    assert (estimate.conf_low, estimate.conf_high) == pytest.approx((low, high), abs=6e-3)


@settings(deadline=None)
@given(pair_tallies)
def test_the_mean_change_of_a_tally_is_that_of_its_rows(tally: list[tuple[int, ...]]):
    before, after, counts = (list(column) for column in zip(*tally, strict=True))
    rows = mean_change(np.repeat(before, counts), np.repeat(after, counts))
    assert_same(mean_change(before, after, counts), rows)
    if not math.isnan(rows.conf_low):
        expected = stats.ttest_rel(np.repeat(after, counts), np.repeat(before, counts))
        assert rows.p_value == pytest.approx(expected.pvalue, abs=EXACT)
        interval = expected.confidence_interval()
        assert (rows.conf_low, rows.conf_high) == pytest.approx((interval.low, interval.high), abs=1e-9)


@pytest.mark.parametrize(
    ("before", "after", "estimate", "reason"),
    [
        ([], [], math.nan, "not estimable: no patients"),
        ([5], [3], -2.0, "limits not estimable: one patient"),
        ([5, 7.1], [3, 5.1], -2.0, f"limits not estimable: {SAME}"),
        ([0, 0], [0, 0], 0.0, f"limits not estimable: {SAME}"),
    ],
)
def test_a_mean_change_that_cannot_have_limits_says_why(
    before: list[float], after: list[float], estimate: float, reason: str
):
    change = mean_change(before, after)
    assert change.estimate == pytest.approx(estimate, nan_ok=True)
    assert change.method == reason
    assert math.isnan(change.conf_low)


# instruments.md section 12: pairs, pct30, abs2
@pytest.mark.parametrize(
    ("before", "after", "pct30", "abs2"),
    [
        (10, 7, "responder", "responder"),
        (3, 2, "responder", "non_responder"),
        (9, 7, "non_responder", "responder"),
        (5, 4, "non_responder", "non_responder"),
        (0, 0, "not_evaluable", "non_responder"),
        (4, 6, "worsened", "worsened"),
        (7, math.nan, "not_evaluable", "not_evaluable"),
        (math.nan, 3, "not_evaluable", "not_evaluable"),
        (0, 2, "not_evaluable", "worsened"),
        (1, 1.3, "worsened", "worsened"),
        (9, 11, "worsened", "worsened"),
    ],
)
def test_the_vectors_of_the_responder_rules(before: list[float], after: list[float], pct30: str, abs2: str):
    assert response([before], [after], rule="pct30").tolist() == [pct30]
    assert response([before], [after], rule="abs2").tolist() == [abs2]
    either, both = (response([before], [after], rule=f"pct30_{word}_abs2").tolist()[0] for word in ("or", "and"))
    if before > 0 and not math.isnan(after):
        assert (either == "responder") == ("responder" in (pct30, abs2))
        assert (both == "responder") == (pct30 == abs2 == "responder")
    else:
        assert either == both == "not_evaluable"


# without a tolerance 7.0 - 4.9 and 1.4 - 0.98 fall short of 30 % by a binary fraction
@pytest.mark.parametrize(("before", "after"), [(10, 7), (7, 4.9), (1.4, 0.98)])
def test_30_percent_is_reached_in_spite_of_binary_fractions(before: float, after: float):
    assert response([before], [after], rule="pct30").tolist() == ["responder"]
    assert response([before], [after + 0.01], rule="pct30").tolist() == ["non_responder"]


@pytest.mark.parametrize(("before", "after"), [(10, 5), (0.6, 0.3), (2.2, 1.1)])
def test_half_is_reached_in_spite_of_binary_fractions(before: list[float], after: list[float]):
    assert response([before], [after], rule="pct50").tolist() == ["responder"]
    assert response([before], [after + 0.01], rule="pct50").tolist() == ["non_responder"]


@settings(deadline=None)
@given(pair_tallies, st.sampled_from(RULES))
def test_every_patient_is_counted_once(tally: list[tuple[int, ...]], rule: str):
    before, after, counts = (list(column) for column in zip(*tally, strict=True))
    found = responders(before, after, counts, rule=rule)
    assert found.evaluable + found.not_evaluable == sum(counts)
    assert found == responders(np.repeat(before, counts), np.repeat(after, counts), rule=rule)
    strict = responders(before, after, counts, rule="pct30_and_abs2")
    assert strict.responders <= responders(before, after, counts, rule="pct30").responders


def test_no_patients_are_no_responders():
    assert responders([], [], rule="pct30") == ResponderCount(0, 0, 0, 0)


@pytest.mark.parametrize(
    ("before", "after", "counts", "rule", "message"),
    [
        ([5], [3], None, "pct20", "rule is 'pct20'; it must be one of pct30, pct50, abs2"),
        ([5, 4], [3], None, "pct30", "must be paired"),
        (["five"], [3], None, "pct30", "before must be numbers, NaN where missing"),
        ([-5], [3], None, "pct30", "before has 1 negative scores"),
        ([5], [3], [1.5], "pct30", "1 are negative or not whole"),
    ],
)
def test_what_cannot_be_judged_is_refused(
    before: list[float], after: list[float], counts: list[int], rule: str, message: str
):
    with pytest.raises(ValueError, match=message):
        responders(before, after, counts, rule=rule)


def test_infinite_scores_have_no_response():
    with pytest.raises(ValueError, match="after has 1 infinite scores of 2"):
        response([5, 6], [3, math.inf], rule="pct30")
