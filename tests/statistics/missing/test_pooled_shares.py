"""Shares pooled over imputations with Wilson limits, their tipping points, and what is refused by name."""

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.means.mean import mean
from nmosd_cohort.statistics.missing.imputation import Imputations, impute
from nmosd_cohort.statistics.missing.missing_patterns import missing_patterns, missing_shares
from nmosd_cohort.statistics.missing.rubin import pool_estimates, pool_imputations
from nmosd_cohort.statistics.missing.tipping_point import shifted_frames, tipping_point
from nmosd_cohort.statistics.missing.tipping_share import tipping_share
from nmosd_cohort.statistics.regression.logistic import logistic_regression
from nmosd_cohort.statistics.shares.assessment_bounds import worst_case_bounds
from nmosd_cohort.statistics.shares.proportions import proportion, proportion_difference

EXACT = 1e-10


def share_of(frame: pd.DataFrame) -> Estimate:
    """Return the share of patients with depression."""
    return proportion(int(frame["n"] @ frame["depressed"]), int(frame["n"].sum()))


@pytest.fixture(scope="module")
def made() -> Imputations:
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"woman": rng.binomial(1, 0.7, 120), "depressed": rng.binomial(1, 0.6, 120) * 1.0})
    frame.loc[:29, "depressed"] = math.nan
    return impute(frame, {"woman": "binary", "depressed": "binary"}, seed=1, m=8, iterations=2)


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 200), st.data(), st.sampled_from([math.inf, 60.0]), st.sampled_from([0.9, 0.95]))
def test_limits_of_a_share_solve_the_equation(n: int, data: st.DataObject, complete: float, level: float):
    events = data.draw(st.lists(st.integers(0, n), min_size=2, max_size=6))
    pooled = pool_estimates([proportion(e, n, conf_level=level) for e in events], complete_freedom=complete)
    q = np.array(events) / n
    within, between = float((q * (1 - q) / n).mean()), float(q.var(ddof=1))
    found = pooled.estimate
    assert found.estimate == pytest.approx(q.mean())
    assert 0 <= found.conf_low <= found.estimate <= found.conf_high <= 1
    assert math.isnan(found.p_value)
    if within == 0 and between > 0:
        assert (found.conf_low, found.conf_high) == (0, 1)
        return
    r = (1 + 1 / q.size) * between / within if within else 0.0
    assert pooled.relative_increase == pytest.approx(r, rel=1e-9, abs=1e-12)
    quantile = float(stats.t.ppf((1 + level) / 2, pooled.freedom))
    if quantile > 1e100:  # next to no degrees of freedom: nothing is known
        assert (found.conf_low, found.conf_high) == pytest.approx((0, 1), abs=1e-9)
        return
    reach = quantile**2 * (1 + r) / n
    if reach > 1e12:  # hardly any degrees of freedom
        assert (found.conf_low, found.conf_high) == pytest.approx((0, 1), abs=1e-9)
        return
    for limit in (found.conf_low, found.conf_high):
        assert (q.mean() - limit) ** 2 == pytest.approx(reach * limit * (1 - limit), abs=1e-12 + 1e-14 * reach)
    mirror = pool_estimates([proportion(n - e, n, conf_level=level) for e in events], complete_freedom=complete)
    assert mirror.estimate.conf_low == pytest.approx(1 - found.conf_high, abs=1e-12)


def test_imputations_that_contradict_each_other_leave_everything_possible():
    opposed = pool_estimates([proportion(0, 78), proportion(77, 78)], complete_freedom=60)
    assert opposed.freedom < 0.01
    assert (opposed.estimate.conf_low, opposed.estimate.conf_high) == (0, 1)
    none_alike = pool_estimates([proportion(0, 3), proportion(3, 3)])
    assert (none_alike.relative_increase, none_alike.fraction_missing) == (math.inf, 1)
    assert (none_alike.estimate.conf_low, none_alike.estimate.conf_high) == (0, 1)


def test_limits_of_a_share_by_hand():
    # q = 0.4; U = (0.21 + 0.24 + 0.25) / 3 / 100 = 0.0023333; B = 0.01; r = 4 / 3 * B / U = 5.7142857;
    # df = 2 (1 + 1 / r)^2 = 2.76125; quadratic formula with a = t^2 / n and b = a r
    pooled = pool_estimates([proportion(events, 100) for events in (30, 40, 50)])
    assert pooled.relative_increase == pytest.approx(40 / 7)
    assert pooled.freedom == pytest.approx(2 * 1.175**2)
    a = stats.t.ppf(0.975, 2 * 1.175**2) ** 2 / 100
    b = a * 40 / 7
    root = math.sqrt((2 * 0.4 + a + b) ** 2 - 4 * (1 + a + b) * 0.4**2)
    expected = [(2 * 0.4 + a + b + sign * root) / (2 * (1 + a + b)) for sign in (-1, 1)]
    assert (pooled.estimate.conf_low, pooled.estimate.conf_high) == pytest.approx(expected, rel=EXACT)
    assert "Wilson limits by Lott and Reiter" in pooled.estimate.method


@pytest.mark.parametrize("events", [0, 3, 20])
def test_without_anything_missing_they_are_those_of_wilson(events: int):
    one = proportion(events, 20)
    pooled = pool_estimates([one, one]).estimate
    assert (pooled.conf_low, pooled.conf_high) == pytest.approx((one.conf_low, one.conf_high), rel=EXACT)
    assert pooled.std_error == pytest.approx(one.std_error)


def test_p_of_a_share_agrees_with_its_limits():
    shares = [proportion(events, 80) for events in (30, 36, 33)]
    edge = pool_estimates(shares).estimate.conf_low
    assert pool_estimates(shares, null=edge).estimate.p_value == pytest.approx(0.05)
    for null in (0.0, 1.0, None, math.nan):
        assert math.isnan(pool_estimates(shares, null=null).estimate.p_value)


def test_other_estimates_with_events_are_pooled_by_rubin():
    differences = [proportion_difference(events, 30, 9, 30) for events in (12, 14)]
    pooled = pool_estimates(differences).estimate
    expected = pool_imputations(
        [one.estimate for one in differences], [one.std_error**2 for one in differences], n=60
    ).estimate
    assert (pooled.conf_low, pooled.p_value) == (expected.conf_low, expected.p_value)
    on_logit = pool_estimates([proportion(events, 80) for events in (30, 36)], scale="logit").estimate
    assert "Wilson limits" not in on_logit.method


def test_confidence_levels_are_not_mixed():
    shares = [proportion(3, 9), proportion(4, 9, conf_level=0.9)]
    with pytest.raises(ValueError, match=r"the estimates have conf_level 0\.9 and 0\.95; they must have the same"):
        pool_estimates(shares)


def test_a_share_of_events_tips(made: Imputations):
    point = tipping_point(made, "depressed", [-40, -2, -1, 1, 40], share_of, null=0.5)
    rows = point.rows.set_index("delta")
    pooled = pool_estimates([share_of(frame) for frame in made.frames()]).estimate
    assert (rows.loc[0.0, "conf_low"], rows.loc[0.0, "conf_high"]) == (pooled.conf_low, pooled.conf_high)
    assert rows["estimate"].is_monotonic_increasing
    # nobody of the 30 never assessed has the event: the same in every imputation, Wilson of 120
    seen = int(next(made.frames())["depressed"][~made.is_missing["depressed"].to_numpy()].sum())
    wilson = proportion(seen, 120)
    assert (rows.loc[-40.0, "conf_low"], rows.loc[-40.0, "conf_high"]) == pytest.approx(
        (wilson.conf_low, wilson.conf_high), rel=EXACT
    )
    assert point.tipping_delta in rows.index
    assert rows.loc[point.tipping_delta, "conclusion"] != point.conclusion


def test_no_events_and_only_events_never_move():
    low, high = worst_case_bounds(0, 10, 20)
    rows = tipping_share(0, 10, 20, threshold=0.5, deltas=[-50, 50]).rows
    assert rows["estimate"].tolist() == [0, 0, 0]
    assert (low, high) == (0, 0.5)
    assert tipping_share(10, 10, 20, threshold=0.5, deltas=[-50, 50]).rows["estimate"].tolist() == [1, 1, 1]
    assert rows["n"].tolist() == [20, 20, 20]
    assert "limits from Wilson of the 10 assessed" in rows["method"].iloc[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": "x"}, "threshold is 'x'; it must be a number"),
        ({"threshold": math.nan}, "threshold is nan; it must be a number"),
        ({"comparison": 5}, "comparison is 5; give events and patients of the second group"),
        ({"comparison": (1, 2, 3)}, r"comparison is \(1, 2, 3\); give events"),
        ({"comparison": ("a", 3)}, "events is 'a'; it must be a whole number"),
    ],
)
def test_a_tipping_share_names_what_it_cannot_use(options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        tipping_share(3, 9, 12, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delta": math.nan}, "delta is nan; it must be a number"),
        ({"delta": math.inf}, "delta is inf; it must be finite"),
        ({"delta": "x"}, "delta is 'x'; it must be a number"),
        ({"limits": (10, 0)}, r"limits is \(10, 0\); the lowest value comes first"),
        ({"limits": 10}, "limits is 10; give the lowest and the highest value"),
        ({"limits": (math.nan, 10)}, r"limits\[0\] is nan; it must be a number"),
    ],
)
def test_shifts_and_limits_that_are_none_are_refused(made: Imputations, options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        shifted_frames(made, "depressed", **{"delta": 1.0, **options})
    with pytest.raises(ValueError, match="imputations is a list; it must be what impute returns"):
        shifted_frames([made.completed], "depressed", 1.0)


def test_a_tipping_point_needs_a_null_value(made: Imputations):
    for null in (math.nan, "x"):
        with pytest.raises(ValueError, match=f"null is {null!r}; it must be a number"):
            tipping_point(made, "depressed", [1], share_of, null=null)
    for scale in ("plain", "logit"):
        with pytest.raises(ValueError, match="null is None, but a share has no value without effect"):
            tipping_point(made, "depressed", [1], share_of, scale=scale)
    with pytest.raises(ValueError, match="null is 0; it is on the plain scale, where scale='log' needs a value above"):
        tipping_point(made, "depressed", [1], share_of, scale="log", null=0)


def odds_ratio(frame: pd.DataFrame) -> Estimate:
    """Return the odds ratio of depression, women against men."""
    return logistic_regression(frame["depressed"], frame[["woman"]], frame["n"])["woman"]


def test_a_ratio_tips_around_one(made: Imputations):
    point = tipping_point(made, "depressed", [-2, 0, 2], odds_ratio, scale="log")
    at_zero = point.rows.set_index("delta").loc[0.0]
    assert at_zero["conf_low"] < 1 < at_zero["conf_high"]
    assert point.conclusion == "undecided"
    assert tipping_point(made, "depressed", [], odds_ratio, scale="log", null=0.01).conclusion == "above"


def test_a_conclusion_that_no_delta_changes_is_told(made: Imputations):
    still = tipping_point(made, "depressed", [-0.5, 1], share_of, null=0.01)
    assert math.isnan(still.tipping_delta)
    assert still.note == "no delta looked at, from -0.5 to 1, changes the conclusion 'above'"
    moved = tipping_point(made, "depressed", [-40, 40], share_of, null=0.5)
    assert (math.isnan(moved.tipping_delta), moved.note) == (False, "")
    closed = tipping_share(48, 60, 60, threshold=0.5)
    assert closed.note == "no delta looked at, from -20 to 20, changes the conclusion 'above'"
    assert tipping_share(48, 60, 100, threshold=0.5).note == ""


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ({"edss": 1}, r"analysis returns a dict; pick a column, for example return found\['edss'\]"),
        (0.5, "analysis returns float; it must return an Estimate"),
    ],
)
def test_an_analysis_returns_one_estimate(made: Imputations, returned: Any, message: str):
    with pytest.raises(ValueError, match=message):
        tipping_point(made, "depressed", [1], lambda frame: returned, null=0.5)


@pytest.mark.parametrize(
    ("estimates", "options", "message"),
    [
        ([1, 2], {}, "estimates must be a list with one Estimate an imputation"),
        (5, {}, "estimates must be a list with one Estimate an imputation"),
        ([proportion(1, 9)] * 2, {"complete_freedom": "x"}, "complete_freedom is 'x'; it must be a number"),
        ([proportion(1, 9)] * 2, {"complete_freedom": math.nan}, "complete_freedom is nan; it must be a number"),
        ([proportion(1, 9)] * 2, {"complete_freedom": -1}, "complete_freedom is -1; it must be above 0"),
        ([proportion(1, 9)] * 2, {"null": "x"}, "null is 'x'; it must be a number"),
        ([mean([1, 2], [3, 4])] * 2, {"null": math.inf}, "null is inf; it must be finite"),
        ([mean([1, 2], [3, 4])] * 2, {"null": "x"}, "null is 'x'; it must be a number"),
        ([{"edss": 1}] * 2, {}, r"estimates holds dicts; pick a column, for example \[found\['edss'\] for found in"),
        ([mean([1, 2], [3, 4])] * 2, {"complete_freedom": "x"}, "complete_freedom is 'x'; it must be a number"),
    ],
)
def test_estimates_that_cannot_be_pooled_are_refused(estimates: Any, options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        pool_estimates(estimates, **options)


def test_estimates_may_come_one_by_one(made: Imputations):
    assert pool_estimates(share_of(frame) for frame in made.frames()) == pool_estimates(
        [share_of(frame) for frame in made.frames()]
    )
    nobody = dataclasses.replace(proportion(0, 0), events=0)
    with pytest.raises(ValueError, match="2 of 2 imputations have no estimate"):
        pool_estimates([nobody, nobody])


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pd.to_datetime(["2020-01-01", None, "2021-01-01"]), "numeric"),
        (pd.to_timedelta([3, None, 4], unit="D"), "numeric"),
        (["3", None, "4"], "ordinal"),
        (["0", "1", None], "binary"),
    ],
)
def test_dates_and_texts_are_not_imputed(column: Any, kind: Any):
    frame = pd.DataFrame({"nrs": [1.0, 2.0, 3.0], "onset": column})
    with pytest.raises(ValueError, match="column 'onset' holds texts or dates; give it as numbers"):
        impute(frame, {"nrs": "numeric", "onset": kind}, seed=1)


@pytest.mark.parametrize(
    ("frame", "kinds", "options", "message"),
    [
        ([[1, 2]], {"a": "numeric"}, {}, "frame is of type list; it must be a pandas DataFrame"),
        (pd.DataFrame({"a": [1.0]}), ["a"], {}, "variables must map each column to its kind"),
        (pd.DataFrame({"a": [1.0]}), {"a": "numeric"}, {"seed": "x"}, "seed is 'x'; it must be a whole number"),
        (pd.DataFrame({"a": [1.0]}), {"a": "numeric"}, {"seed": None}, "seed is None; it must be a whole number"),
        (pd.DataFrame({"a": [1.0]}), {"a": "numeric"}, {"cluster": ["a"]}, r"the frame has no column \['a'\]"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), {"a": "numeric"}, {}, "the frame has 2 columns 'a'"),
    ],
)
def test_impute_names_what_it_cannot_use(frame: Any, kinds: Any, options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        impute(frame, kinds, **{"seed": 1, **options})


@pytest.mark.parametrize("table", [missing_patterns, missing_shares])
@pytest.mark.parametrize(
    ("frame", "columns", "message"),
    [
        ([1, 2], None, "frame is of type list; it must be a pandas DataFrame"),
        (pd.DataFrame({"pain": [1, None]}), "pain", r"columns is the text 'pain'; give a list of names, such as \['pa"),
        (pd.DataFrame({"a": [1, None]}), ["a", "a"], "columns names 'a' twice; name each column once"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), None, "the frame has 2 columns 'a'; names must differ"),
    ],
)
def test_patterns_name_what_they_cannot_use(table: Any, frame: Any, columns: Any, message: str):
    with pytest.raises(ValueError, match=message):
        table(frame, columns)


def test_a_date_that_is_missing_is_missing():
    frame = pd.DataFrame({"onset": pd.to_datetime(["2020-01-01", None, None]), "sex": ["f", "", None]})
    found = missing_patterns(frame)[["onset", "sex", "n"]].to_numpy().tolist()
    assert sorted(found) == [[False, False, 1], [True, False, 1], [True, True, 1]]
