"""Patterns of missing values, Rubin's rules and tipping points of a share, against mice and by hand."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.missing.missing_patterns import missing_patterns, missing_shares
from nmosd_cohort.statistics.missing.rubin import pool_estimates, pool_imputations
from nmosd_cohort.statistics.missing.tipping_share import tipping_share
from nmosd_cohort.statistics.shares.assessment_bounds import worst_case_bounds
from nmosd_cohort.statistics.shares.proportions import proportion, proportion_difference
from tests.statistics.tally_helpers import numbers_of

EXACT = 1e-10
MICE = 1e-7  # mice adds nothing of its own, but keeps the between part of the variance above 1e-4 of the total

FIXED = {
    "small": ([2.0, 2.4, 2.2], [0.16, 0.16, 0.16], 58),
    "large": ([0.31, 0.44, 0.27, 0.38, 0.35, 0.40], [0.021, 0.019, 0.024, 0.020, 0.022, 0.018], math.inf),
    "tight": ([-1.21, -0.40, -0.93, -1.60, -0.12], [0.06, 0.08, 0.05, 0.07, 0.06], 23),
}
ANSWERS = pd.DataFrame(
    {"site": ["A", "A", "A", "B", None], "pain": [3, None, 5, None, 2], "edss": [2.0, 4.0, None, None, 1.0]}
)
PATIENTS = [10, 4, 5, 0, 1]


@pytest.fixture(scope="module")
def numbers() -> pd.Series:
    return numbers_of("missing")


def test_patterns_are_those_of_mice(numbers: pd.Series):
    nhanes = pd.DataFrame({name: numbers[f"nhanes_data_{name}"] for name in ("age", "bmi", "hyp", "chl")})
    patterns = missing_patterns(nhanes).set_index(["age", "bmi", "hyp", "chl"])
    found = {
        " ".join(["missing", *sorted(np.array(["age", "bmi", "hyp", "chl"])[list(key)])]): row["n"]
        for key, row in patterns.iterrows()
    }
    assert found == numbers["patterns"].to_dict()
    assert patterns["share"].sum() == pytest.approx(1)
    assert patterns["n"].is_monotonic_decreasing


def test_patterns_of_groups_by_hand():
    patterns = missing_patterns(ANSWERS, counts=PATIENTS, by="site")
    assert patterns.columns.tolist() == ["group", "pain", "edss", "n_missing", "n", "share"]
    site_a = patterns[patterns["group"] == "A"].iloc[:, 1:].to_numpy().tolist()
    assert site_a == [[False, False, 0, 10, 10 / 19], [False, True, 1, 5, 5 / 19], [True, False, 1, 4, 4 / 19]]
    assert patterns["group"].isna().sum() == 1
    assert "B" not in set(patterns["group"])


def test_shares_missing_have_wilson_limits():
    shares = missing_shares(ANSWERS, ["edss"], PATIENTS, by="site", conf_level=0.9)
    low, high = proportion_confint(5, 19, alpha=0.1, method="wilson")
    first = shares.iloc[0]
    assert (first["group"], first["variable"], first["n"], first["events"]) == ("A", "edss", 19, 5)
    assert (first["estimate"], first["conf_low"], first["conf_high"]) == pytest.approx((5 / 19, low, high))
    assert shares["method"].tolist()[1] == "not estimable: no patients in the denominator"
    overall = missing_shares(ANSWERS, counts=PATIENTS)
    assert overall["variable"].tolist() == ["site", "pain", "edss"]
    assert overall["events"].tolist() == [1, 4, 5]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 4)), min_size=1, max_size=8))
def test_patterns_of_a_tally_are_those_of_rows(cells: list[tuple[bool, bool, int]]):
    tally = pd.DataFrame({"a": [None if a else 1 for a, _, _ in cells], "b": [None if b else 1 for _, b, _ in cells]})
    counts = [n for _, _, n in cells]
    rows = tally.loc[tally.index.repeat(counts)]
    pd.testing.assert_frame_equal(missing_patterns(tally, counts=counts), missing_patterns(rows), check_dtype=False)
    if sum(counts):
        pd.testing.assert_frame_equal(missing_shares(tally, counts=counts), missing_shares(rows))
    assert missing_patterns(tally, counts=counts)["n"].sum() == sum(counts)


def test_an_empty_frame_has_no_patterns():
    assert missing_patterns(ANSWERS.iloc[:0]).empty
    assert missing_patterns(ANSWERS.iloc[:0], by="site").columns[0] == "group"
    assert missing_shares(ANSWERS.iloc[:0]).empty


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (ANSWERS, {"columns": ["nrs"]}, "the frame has no column 'nrs'; it has site, pain, edss"),
        (ANSWERS, {"by": "centre"}, "the frame has no column 'centre'"),
        (ANSWERS.rename(columns={"pain": "n"}), {}, "column 'n' has a name that the table itself needs"),
        (ANSWERS, {"columns": []}, "there are no variables"),
        (ANSWERS, {"counts": [1]}, "frame has 5 entries but 1 counts"),
    ],
)
def test_what_has_no_patterns_is_refused(frame: pd.DataFrame, options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        missing_patterns(frame, **options)


@pytest.mark.parametrize("name", FIXED)
def test_pooling_is_that_of_mice(numbers: pd.Series, name: str):
    estimates, variances, freedom = FIXED[name]
    pooled = pool_imputations(estimates, variances, n=60, complete_freedom=freedom)
    found = {
        "qbar": pooled.estimate.estimate,
        "ubar": pooled.within,
        "b": pooled.between,
        "t": pooled.total,
        "df": pooled.freedom,
        "r": pooled.relative_increase,
        "fmi": pooled.fraction_missing,
        "conf_low": pooled.estimate.conf_low,
        "conf_high": pooled.estimate.conf_high,
        "p_value": pooled.estimate.p_value,
    }
    assert found == pytest.approx(numbers[name].to_dict(), rel=EXACT)
    assert pooled.estimate.std_error == pytest.approx(math.sqrt(pooled.total))


@pytest.mark.parametrize("term", ["(Intercept)", "age", "bmi"])
def test_pooled_regressions_are_those_of_mice(numbers: pd.Series, term: str):
    estimates, variances = numbers[f"nhanes_estimate_{term}"], numbers[f"nhanes_variance_{term}"]
    pooled = pool_imputations(estimates, variances, n=25, complete_freedom=22)
    expected = numbers[f"nhanes_{term}"]
    found = (pooled.within, pooled.between, pooled.total, pooled.freedom, pooled.relative_increase)
    assert found == pytest.approx(tuple(expected[["ubar", "b", "t", "df", "riv"]]), rel=MICE)
    assert pooled.fraction_missing == pytest.approx(expected["fmi"], rel=MICE)


def test_equal_imputations_have_the_freedom_of_complete_data():
    # Barnard and Rubin: (nu + 1) / (nu + 3) * nu without anything missing
    pooled = pool_imputations([1.0, 1.0], [0.25, 0.25], n=30, complete_freedom=29)
    assert pooled.freedom == pytest.approx(30 / 32 * 29)
    assert pooled.relative_increase == 0
    endless = pool_imputations([1.0, 1.0], [0.25, 0.25], n=30)
    assert (endless.freedom, endless.fraction_missing) == (math.inf, 0.0)
    assert endless.estimate.conf_high == pytest.approx(1 + 0.5 * stats.norm.ppf(0.975))


def test_estimates_without_variance_of_their_own_differ_between_imputations_only():
    pooled = pool_imputations([1.0, 2.0, 3.0], [0, 0, 0], n=9, complete_freedom=20)
    assert (pooled.total, pooled.relative_increase, pooled.fraction_missing) == (pytest.approx(4 / 3), math.inf, 1.0)
    assert pooled.freedom == 2
    nothing = pool_imputations([0.7, 0.7], [0, 0], n=9, scale="log")
    assert nothing.estimate.method == "limits not estimable: no imputation has a variance"
    assert nothing.estimate.estimate == pytest.approx(math.exp(0.7))


@pytest.mark.parametrize(
    ("scale", "there", "slope"),
    [
        ("plain", lambda x: x, lambda x: 1.0),
        ("log", math.log, lambda x: 1 / x),
        ("logit", lambda x: math.log(x / (1 - x)), lambda x: 1 / (x * (1 - x))),
        ("fisher_z", math.atanh, lambda x: 1 / (1 - x * x)),
    ],
)
def test_estimates_are_pooled_on_their_scale(scale: Any, there: Any, slope: Any):
    estimates = [Estimate(x, 0, 1, n, "share", std_error=0.05, conf_level=0.9) for x, n in ((0.3, 80), (0.36, 79))]
    pooled = pool_estimates(estimates, scale=scale, complete_freedom=78)
    points, errors = [there(0.3), there(0.36)], [0.05 * slope(0.3), 0.05 * slope(0.36)]
    expected = pool_imputations(points, np.square(errors), n=79, complete_freedom=78, scale=scale, conf_level=0.9)
    assert pooled.estimate.estimate == pytest.approx(expected.estimate.estimate)
    assert pooled.estimate.conf_low == pytest.approx(expected.estimate.conf_low)
    assert pooled.freedom == pytest.approx(expected.freedom)
    assert (pooled.estimate.n, pooled.estimate.conf_level) == (79, 0.9)
    assert pooled.estimate.method.startswith("share; pooled over 2 imputations by Rubin's rules")


@pytest.mark.parametrize(
    ("scale", "default", "null", "there"),
    [
        ("plain", 0.0, 0.2, 0.2),
        ("log", 1.0, 1.5, math.log(1.5)),
        ("fisher_z", 0.0, 0.2, math.atanh(0.2)),
        ("logit", None, 0.6, math.log(1.5)),
    ],
)
def test_the_null_value_is_on_the_plain_scale(scale: Any, default: float | None, null: float, there: float):
    points, variances = [0.5, 0.7, 0.6], [0.04, 0.05, 0.04]
    pooled = pool_imputations(points, variances, n=60, scale=scale, null=null)
    t = (0.6 - there) / math.sqrt(pooled.total)
    assert pooled.estimate.p_value == pytest.approx(2 * stats.t.sf(abs(t), pooled.freedom))
    unsaid = pool_imputations(points, variances, n=60, scale=scale).estimate.p_value
    if default is None:
        assert math.isnan(unsaid)
    else:
        assert unsaid == pool_imputations(points, variances, n=60, scale=scale, null=default).estimate.p_value
        assert unsaid == pytest.approx(2 * stats.t.sf(0.6 / math.sqrt(pooled.total), pooled.freedom))
    assert math.isnan(pool_imputations(points, variances, n=60, scale=scale, null=math.nan).estimate.p_value)
    on_plain = [Estimate(value, 0, 2, 60, "ratio", std_error=0.1) for value in (0.7, 0.8)]
    low = pool_estimates(on_plain, scale=scale).estimate.conf_low
    assert pool_estimates(on_plain, scale=scale, null=low).estimate.p_value == pytest.approx(0.05)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 4)), min_size=2, max_size=8),
    st.floats(-3, 3),
    st.floats(0.1, 4),
)
def test_pooling_follows_shifts_and_units(imputed: list[tuple[float, float]], shift: float, unit: float):
    points, variances = (np.array(part) for part in zip(*imputed, strict=True))
    plain = pool_imputations(points, variances, n=50, complete_freedom=49)
    moved = pool_imputations(unit * points + shift, unit**2 * variances, n=50, complete_freedom=49)
    turned = pool_imputations(points[::-1], variances[::-1], n=50, complete_freedom=49)
    assert moved.estimate.conf_low == pytest.approx(unit * plain.estimate.conf_low + shift, rel=1e-6, abs=1e-6)
    assert moved.fraction_missing == pytest.approx(plain.fraction_missing, rel=1e-6, abs=1e-9)
    assert turned.estimate.conf_high == pytest.approx(plain.estimate.conf_high)
    assert plain.total >= plain.within


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1.0], [1.0]), {}, "there are 1 estimates; pooling needs those of at least two"),
        (([1.0, 2.0], [1.0]), {}, "there are 2 estimates but 1 variances"),
        (([1.0, 2.0], [1.0, -1.0]), {}, "variances: 1 are negative"),
        (([1.0, math.nan], [1.0, 1.0]), {}, "estimates has 1 missing"),
        (([1.0, 2.0], [1.0, 1.0]), {"complete_freedom": 0}, "complete_freedom is 0; it must be above 0"),
        (([1.0, 2.0], [1.0, 1.0]), {"scale": "root"}, "scale is 'root'"),
        (
            ([1.0, 2.0], [1.0, 1.0]),
            {"scale": "log", "null": 0},
            "null is 0; it is on the plain scale, where scale='log'",
        ),
        (([1.0, 2.0], [1.0, 1.0]), {"scale": "log", "null": -1}, "needs a value above 0, such as 1 for a ratio"),
        (([1.0, 2.0], [1.0, 1.0]), {"scale": "fisher_z", "null": 1}, "needs a value between -1 and 1"),
        (([1.0, 2.0], [1.0, 1.0]), {"scale": "logit", "null": 0}, "needs a value between 0 and 1"),
        (([1.0, 2.0], [1.0, 1.0]), {"null": "x"}, "null is 'x'; it must be a number"),
    ],
)
def test_what_cannot_be_pooled_is_refused(arguments: Any, options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        pool_imputations(*arguments, n=9, **options)


@pytest.mark.parametrize(
    ("values", "error", "scale", "message"),
    [
        ([0.3], 0.1, "plain", "there are 1 estimates"),
        ([0.3, math.nan], 0.1, "plain", "1 of 2 imputations have no estimate with a standard error"),
        ([0.3, 0.4], math.nan, "plain", "2 of 2 imputations have no estimate"),
        ([0.3, 1.0], 0.1, "logit", "1 of 2 estimates are not between 0 and 1, as the scale logit needs"),
    ],
)
def test_estimates_without_a_place_on_the_scale_are_refused(
    values: list[float], error: float, scale: Any, message: str
):
    with pytest.raises(ValueError, match=message):
        pool_estimates([Estimate(value, 0, 1, 9, "", std_error=error) for value in values], scale=scale)


def test_a_share_at_each_delta_is_that_of_r(numbers: pd.Series):
    point = tipping_share(48, 60, 100, threshold=0.5, deltas=[-2, -0.5, 0, 1.5])
    for row in point.rows.itertuples():
        for term in ("estimate", "conf_low", "conf_high"):
            assert getattr(row, term) == pytest.approx(numbers["tipping", f"{term}_{row.delta:g}"], rel=EXACT)
    assert point.tipping_delta == pytest.approx(numbers["tipping", "delta"], abs=1e-8)
    assert point.rows["conclusion"].tolist() == ["undecided", "above", "above", "above"]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 30), st.integers(1, 30), st.integers(0, 20), st.floats(-5, 5))
def test_the_share_lies_within_its_bounds_and_mirrors(events: int, others: int, never: int, delta: float):
    assessed, everyone = events + others, events + others + never
    point = tipping_share(events, assessed, everyone, threshold=0.4, deltas=[delta, -30, 30])
    mirror = tipping_share(others, assessed, everyone, threshold=0.6, deltas=[-delta, -30, 30])
    rows, mirrored = point.rows.set_index("delta"), mirror.rows.set_index("delta")
    low, high = worst_case_bounds(events, assessed, everyone)
    assert low - EXACT <= rows.loc[delta, "estimate"] <= high + EXACT
    assert rows.loc[delta, "conf_low"] == pytest.approx(1 - mirrored.loc[-delta, "conf_high"], abs=1e-9)
    assert point.rows["estimate"].is_monotonic_increasing
    if events:
        assert rows.loc[-30, "estimate"] == pytest.approx(low, abs=1e-9)
        assert rows.loc[30, "estimate"] == pytest.approx(high, abs=1e-9)
    wilson = proportion(events, assessed)
    at_zero = rows.loc[0.0]
    assert (at_zero["conf_low"], at_zero["conf_high"]) == pytest.approx((wilson.conf_low, wilson.conf_high))
    if math.isfinite(point.tipping_delta):
        assert point.tipping_delta == pytest.approx(-mirror.tipping_delta, abs=1e-6)


def test_a_comparison_at_delta_0_is_the_difference_of_the_assessed():
    point = tipping_share(30, 60, 80, comparison=(12, 50), conf_level=0.9)
    expected = proportion_difference(30, 60, 12, 50, conf_level=0.9)
    at_zero = point.rows.set_index("delta").loc[0.0]
    assert (at_zero["estimate"], at_zero["conf_low"], at_zero["conf_high"]) == pytest.approx(
        (expected.estimate, expected.conf_low, expected.conf_high), rel=EXACT
    )
    assert point.conclusion == "above"
    there = tipping_share(30, 60, 80, comparison=(12, 50), conf_level=0.9, deltas=[point.tipping_delta]).rows
    assert there["conf_low"].iloc[0] == pytest.approx(0, abs=1e-7)
    assert there["n"].iloc[0] == 130


def test_a_conclusion_that_nothing_changes_has_no_tipping_point():
    # everyone assessed: delta moves nobody
    assert math.isnan(tipping_share(48, 60, 60, threshold=0.5).tipping_delta)
    below = tipping_share(2, 60, 62, threshold=0.5)
    assert (below.conclusion, math.isnan(below.tipping_delta)) == ("below", True)
    undecided = tipping_share(30, 60, 100, threshold=0.5)
    assert undecided.conclusion == "undecided"
    assert undecided.tipping_delta != 0


@pytest.mark.parametrize(
    ("counts", "options", "message"),
    [
        ((1, 0, 9), {"threshold": 0.5}, "events is 1, more than n_assessed = 0"),
        ((0, 0, 9), {"threshold": 0.5}, "n_assessed is 0; nothing is known of the share"),
        ((1, 2, 9), {}, "give either threshold or comparison"),
        ((1, 2, 9), {"threshold": 0.5, "comparison": (1, 2)}, "give either threshold or comparison"),
        ((1, 2, 9), {"threshold": 50}, "threshold is 50; it must be a share"),
        ((1, 2, 9), {"comparison": (0, 0)}, "comparison has no patients"),
    ],
)
def test_shares_that_cannot_tip_are_refused(counts: tuple[int, int, int], options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        tipping_share(*counts, **options)
