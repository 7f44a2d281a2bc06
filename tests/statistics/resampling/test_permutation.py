"""Permutation tests through tallies: the numbers of R, every allocation by hand, and their laws."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.ranks.superiority import probability_superiority
from nmosd_cohort.statistics.resampling import allocations
from nmosd_cohort.statistics.resampling.allocations import (
    drawn_tables,
    every_flip,
    every_table,
    sub_table_count,
    sub_tables,
)
from nmosd_cohort.statistics.resampling.max_t import max_t
from nmosd_cohort.statistics.resampling.permutation import permutation_test
from nmosd_cohort.statistics.resampling.permutation_limits import permutation_mean_difference, sign_flip_mean
from nmosd_cohort.statistics.shares.proportions import proportion_difference
from tests.statistics.tally_helpers import numbers_of

EXACT = 1e-10
ROUNDED = 1e-11  # R rounds the shifts to 12 digits before it looks for the outermost

PAIN = np.array([1, 2, 2, 3, 6, 7, 7, 8, 0, 3, 5, 5, 9, 4.0])
GROUP = np.array(list("bbbbaaaabbabab"))
SITE = np.array([1, 1, 1, 2, 1, 2, 1, 2, 2, 2, 2, 1, 1, 1])
THREE = np.array(list("abcabcabccbbaa"))
OUTCOMES = pd.DataFrame(
    {
        "pain": [1, 2, 2, 3, 6, 7, 7, 8, 5],
        "sleep": [3, 1, 4, 2, 5, 4, 7, 6, 5],
        "walk": [9, 7, 8, 6, 7, 8, 5, 6, 9],
        "mood": [1, 3, 2, 1, 4, 2, 3, 1, 2],
    }
)
LABEL = [0, 0, 0, 0, 1, 1, 1, 1, 1]
LEVELS = np.arange(10.0)
pooled_cells = st.lists(st.integers(0, 4), min_size=1, max_size=4)
tallies = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 3)), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def numbers() -> pd.Series:
    return numbers_of("permutation")


def table(group: np.ndarray) -> np.ndarray:
    """Return patients of each group in each level of pain."""
    return np.array([[((group == name) & (level == PAIN)).sum() for level in LEVELS] for name in np.unique(group)])


def mean_difference(tables: np.ndarray) -> np.ndarray:
    """Return the difference in means of two groups."""
    means = (tables @ LEVELS) / tables.sum(axis=-1)
    return means[..., 0] - means[..., 1]


def between_groups(tables: np.ndarray) -> np.ndarray:
    """Return the sum of n times squared mean over groups."""
    return ((tables @ LEVELS) ** 2 / tables.sum(axis=-1)).sum(axis=-1)


@pytest.mark.parametrize("alternative", ["two_sided", "greater", "less"])
@pytest.mark.parametrize("vectorized", [True, False])
def test_two_groups_have_the_exact_p_of_coin(numbers: pd.Series, alternative: str, vectorized: bool):
    test = permutation_test(table(GROUP), mean_difference, seed=1, alternative=alternative, vectorized=vectorized)
    assert test.p_value == pytest.approx(numbers["two_groups", alternative], rel=EXACT)
    assert test.estimate == pytest.approx(PAIN[GROUP == "a"].mean() - PAIN[GROUP == "b"].mean())
    assert test.method.startswith("permutation of groups, all ")
    assert numbers["two_groups", "exactRankTests"] == numbers["two_groups", "two_sided"]


def test_dealing_within_strata_has_the_exact_p_of_coin(numbers: pd.Series):
    strata = np.array([table(np.where(site == SITE, GROUP, "-"))[1:] for site in (1, 2)])

    def expected_removed(tables: np.ndarray) -> np.ndarray:
        pooled = tables.sum(axis=-2)
        expected = tables[..., 0, :].sum(axis=-1) / pooled.sum(axis=-1) * (pooled @ LEVELS)
        return (tables[..., 0, :] @ LEVELS - expected).sum(axis=-1)

    test = permutation_test(strata, expected_removed, seed=1, vectorized=True)
    assert test.p_value == pytest.approx(numbers["two_groups", "strata"], rel=EXACT)
    assert test.n == 14


def test_three_groups_have_the_exact_p_of_every_allocation(numbers: pd.Series, monkeypatch: pytest.MonkeyPatch):
    drawn = permutation_test(table(THREE), between_groups, seed=1, alternative="greater", vectorized=True)
    assert "9999 allocations, seed 1" in drawn.method
    assert drawn.p_value == pytest.approx(numbers["three_groups", "greater"], abs=0.015)
    monkeypatch.setattr(allocations, "MOST_LISTED", 1e6)
    monkeypatch.setattr(allocations, "MOST_LISTED_CELLS", 1e8)
    listed = permutation_test(table(THREE), between_groups, seed=1, alternative="greater", vectorized=True)
    assert listed.p_value == pytest.approx(numbers["three_groups", "greater"], rel=EXACT)


def test_drawn_allocations_count_the_observed_one_and_repeat_with_the_seed():
    many = np.array([[60, 30, 10], [20, 30, 50]]) * 9
    levels = np.array([0.0, 1.0, 2.0])
    test = permutation_test(
        many, lambda t: (t[:, 0] - t[:, 1]) @ levels, seed=4, n_draws=999, vectorized=True, null=0.0
    )
    assert "all" in test.method  # three cells leave few different tables, however many patients
    wide = np.random.default_rng(1).integers(0, 9, (2, 30)) + np.linspace(0, 9, 30, dtype=int) * [[0], [1]]
    scores = np.arange(30.0)

    def means(t: np.ndarray) -> np.ndarray:
        return t[:, 0] @ scores / t[:, 0].sum(-1) - t[:, 1] @ scores / t[:, 1].sum(-1)

    one, two, other = (
        permutation_test(wide, means, seed=seed, n_draws=999, vectorized=True, alternative="less") for seed in (4, 4, 5)
    )
    assert one == two
    assert one.p_value == other.p_value == 1 / 1000
    assert "999 allocations, seed 4" in one.method


def test_the_estimate_handed_in_comes_back_with_the_p_value():
    estimate = proportion_difference(9, 12, 3, 12, conf_level=0.9)
    test = permutation_test([[9, 3], [3, 9]], lambda t: t[0, 0] / 12 - t[1, 0] / 12, seed=1, estimate=estimate)
    assert (test.estimate, test.conf_low, test.conf_high) == (estimate.estimate, estimate.conf_low, estimate.conf_high)
    assert test.method == f"{estimate.method}; p by permutation of groups, all 13 tables"
    assert test.p_value == pytest.approx(stats.fisher_exact([[9, 3], [3, 9]]).pvalue)


def test_allocations_without_a_value_count_as_extreme():
    # of the three tables only the observed one has patients of group a in both cells; chances 1/6, 4/6, 1/6
    def ratio(t: np.ndarray) -> float:
        return math.log(t[0, 0] / t[0, 1]) if t[0].all() else math.nan

    assert permutation_test([[1, 1], [1, 1]], ratio, seed=1, alternative="greater").p_value == pytest.approx(1.0)
    assert permutation_test([[0, 2], [2, 0]], ratio, seed=1).method == "not estimable: the statistic has no value"


def test_one_group_cannot_be_compared():
    test = permutation_test(
        [[3, 4], [0, 0]], mean_difference, seed=1, estimate=Estimate(1, 0, 2, 7, "", conf_level=0.8)
    )
    assert test.method == "not estimable: fewer than two groups have patients"
    assert (test.n, test.conf_level) == (7, 0.8)


@pytest.mark.parametrize(
    ("given_table", "options", "message"),
    [
        ([1, 2], {}, "table has 1 dimensions; it must be groups by cells"),
        ([[], []], {}, "table has no cells"),
        ([[1, 2], [3]], {}, "table must hold numbers of patients"),
        ([[1, 2], [3, 0.5]], {}, "1 are negative or not whole"),
        ([[1, 2], [3, 4]], {"alternative": "both"}, "alternative is 'both'; it must be one of two_sided"),
        ([[1, 2], [3, 4]], {"n_draws": 50}, "n_draws is 50; a permutation test needs at least 99"),
        ([[1, 2], [3, 4]], {"vectorized": True}, r"statistic gave shape \(\) for 1 tables"),
    ],
)
def test_what_is_no_table_is_refused(given_table: list[Any], options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        permutation_test(given_table, lambda t: 1.0, seed=1, **options)


@settings(deadline=None)
@given(pooled_cells, st.data())
def test_listed_tables_are_those_of_every_choice(pooled: list[int], data: st.DataObject):
    size = data.draw(st.integers(0, sum(pooled)))
    tables, chances = sub_tables(np.array(pooled), size)
    patients = [cell for cell, count in enumerate(pooled) for _ in range(count)]
    chosen = [np.bincount(choice, minlength=len(pooled)) for choice in itertools.combinations(patients, size)]
    expected = pd.Series([tuple(c) for c in np.array(chosen).tolist()]).value_counts(normalize=True)
    assert dict(zip(map(tuple, tables.tolist()), chances, strict=True)) == pytest.approx(expected.to_dict())
    assert sub_table_count(np.array(pooled), size) == len(tables)


def test_drawn_tables_have_the_chances_of_listed_ones(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(allocations, "BLOCK_CELLS", 10_000)
    start = np.array([[[2, 1, 0], [0, 1, 1], [1, 0, 1]], [[1, 0, 1], [1, 1, 0], [0, 0, 1]]])
    tables, chances = every_table(start)
    drawn = np.concatenate(list(drawn_tables(start, 40_000, 3)))
    assert len(drawn) == 40_000
    keys = pd.Series([t.tobytes() for t in drawn]).value_counts()
    expected = pd.Series(chances, index=[t.tobytes() for t in tables]) * 40_000
    observed = keys.reindex(expected.index, fill_value=0)
    assert observed.sum() == 40_000
    assert ((observed - expected) ** 2 / expected).sum() < stats.chi2.isf(1e-4, len(expected) - 1)


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_limits_hold_the_shifts_that_no_allocation_rejects(numbers: pd.Series, level: float):
    shift = permutation_mean_difference([6, 7, 8, 9, 4.5], None, [1, 2, 4, 5, 5, 3], None, seed=1, conf_level=level)
    flip = sign_flip_mean([-4, -3, -3, -2, -2, -1, 0, 1], seed=1, conf_level=level)
    for name, found in (("shift", shift), ("flip", flip)):
        for term in ("conf_low", "conf_high", "p_value"):
            assert getattr(found, term) == pytest.approx(numbers[f"{name}_{level:g}", term], rel=ROUNDED), term


@settings(deadline=None, max_examples=40)
@given(tallies, tallies, st.integers(-9, 9))
def test_shifts_of_tallies_are_those_of_rows_and_follow_the_data(
    x: list[tuple[int, int]], y: list[tuple[int, int]], distance: int
):
    (vx, nx), (vy, ny) = (tuple(zip(*side, strict=True)) for side in (x, y))
    found = permutation_mean_difference(vx, nx, vy, ny, seed=1)
    rows = permutation_mean_difference(np.repeat(vx, nx), None, np.repeat(vy, ny), None, seed=1)
    assert found == rows
    moved = permutation_mean_difference([v + distance for v in vx], nx, vy, ny, seed=1)
    swapped = permutation_mean_difference(vy, ny, vx, nx, seed=1)
    assert found.estimate == pytest.approx(np.repeat(vx, nx).mean() - np.repeat(vy, ny).mean(), abs=EXACT)
    if "seed" in found.method or "seed" in moved.method or math.isnan(found.conf_low + moved.conf_low):
        return
    for name in ("conf_low", "conf_high"):
        assert getattr(moved, name) == pytest.approx(getattr(found, name) + distance, abs=1e-8)
    assert swapped.conf_low == pytest.approx(-found.conf_high, abs=1e-8)
    assert swapped.p_value == pytest.approx(found.p_value)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-6, 6), min_size=2, max_size=14))
def test_sign_flips_have_the_tails_of_scipy(differences: list[int]):
    found = sign_flip_mean(differences, seed=1)
    if "seed" in found.method:
        return
    expected = stats.permutation_test(
        (np.array(differences, dtype=float),),
        lambda d, axis: d.sum(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=True,
    )
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-9)
    if not math.isnan(found.conf_low):
        assert found.conf_low <= found.estimate <= found.conf_high


def test_draws_give_the_limits_of_t_in_large_samples():
    rng = np.random.default_rng(8)
    x, y = rng.normal(5, 2, 150).round(1), rng.normal(4, 2, 130).round(1)
    shift = permutation_mean_difference(x, None, y, None, seed=2)
    expected = stats.ttest_ind(x, y).confidence_interval()
    assert "9999 allocations, seed 2" in shift.method
    assert (shift.conf_low, shift.conf_high) == pytest.approx((expected.low, expected.high), abs=0.03)
    flip = sign_flip_mean(x - 5, seed=2)
    expected = stats.ttest_1samp(x - 5, 0).confidence_interval()
    assert "9999 draws, seed 2" in flip.method
    assert (flip.conf_low, flip.conf_high) == pytest.approx((expected.low, expected.high), abs=0.02)
    assert flip.p_value == pytest.approx(stats.ttest_1samp(x - 5, 0).pvalue, abs=0.02)


def test_zero_outside_the_limits_means_rejection():
    for seed in range(20):
        x, y = np.random.default_rng(seed).integers(0, 9, (2, 12))
        shift = permutation_mean_difference(x + 2, None, y, None, seed=seed)
        assert (shift.conf_low > 0 or shift.conf_high < 0) == (shift.p_value <= 0.05)


@pytest.mark.parametrize(
    ("found", "estimate", "p_value", "reason"),
    [
        (
            lambda: permutation_mean_difference([], None, [1], None, seed=1),
            math.nan,
            math.nan,
            "not estimable: a group",
        ),
        (lambda: permutation_mean_difference([4], [9], [4], [5], seed=1), 0, 1, "limits not estimable: all values"),
        (
            lambda: permutation_mean_difference([5, 7], None, [1, 2], None, seed=1),
            4.5,
            1 / 3,
            "limits not estimable: too",
        ),
        (lambda: sign_flip_mean([], seed=1), math.nan, math.nan, "not estimable: no patients"),
        (lambda: sign_flip_mean([2], [8], seed=1), 2, 2 / 256, "limits not estimable: all differences equal"),
        (lambda: sign_flip_mean([0], [8], seed=1), 0, 1, "limits not estimable: all differences equal"),
        (lambda: sign_flip_mean([1, 2, 3], seed=1), 2, 0.25, r"limits not estimable: too few patients (3)"),
    ],
)
def test_what_has_no_limits_says_why(found: Callable[[], Estimate], estimate: float, p_value: float, reason: str):
    answer = found()
    assert answer.method.startswith(reason)
    assert answer.estimate == pytest.approx(estimate, nan_ok=True)
    assert answer.p_value == pytest.approx(p_value, nan_ok=True)
    assert math.isnan(answer.conf_low)


def test_too_many_signs_are_drawn_and_few_are_listed():
    assert every_flip(np.full(20, 3)) is None
    flipped, chances = every_flip(np.array([2, 0, 1]))
    assert flipped.shape == (6, 3)
    assert chances.sum() == pytest.approx(1)


def test_max_t_is_that_of_multtest(numbers: pd.Series):
    compared = max_t(OUTCOMES, LABEL, seed=1).set_index("outcome")
    for term, column in (("teststat", "statistic"), ("rawp", "p_value"), ("adjp", "p_adjusted")):
        expected = numbers[f"max_t_{term}"]
        assert compared[column].to_dict() == pytest.approx(expected.to_dict(), rel=EXACT), column
    assert "step-down max-T, all " in compared["method"].iloc[0]


def test_max_t_estimates_are_those_of_welch():
    compared = max_t(OUTCOMES, LABEL, seed=1, conf_level=0.9).set_index("outcome")
    label = np.array(LABEL)
    for name in OUTCOMES:
        one, two = OUTCOMES[name][label == 1], OUTCOMES[name][label == 0]
        welch = stats.ttest_ind(one, two, equal_var=False)
        limits = welch.confidence_interval(0.9)
        row = compared.loc[name]
        assert row["estimate"] == pytest.approx(one.mean() - two.mean())
        assert (row["conf_low"], row["conf_high"]) == pytest.approx((limits.low, limits.high))
        assert row["statistic"] == pytest.approx(welch.statistic)


@pytest.mark.parametrize("score", ["value", "rank"])
def test_max_t_of_a_tally_is_that_of_rows_in_any_order(score: str):
    frame = OUTCOMES.assign(label=LABEL)
    doubled = pd.concat([frame, frame.iloc[::2]]).sample(frac=1, random_state=2)
    tally = doubled.value_counts(sort=False).reset_index(name="n")
    rows = max_t(doubled[list(OUTCOMES)], doubled["label"], seed=3, n_draws=500, score=score)
    cells = max_t(tally[list(OUTCOMES)], tally["label"], tally["n"], seed=3, n_draws=500, score=score)
    pd.testing.assert_frame_equal(rows, cells, rtol=EXACT)


def test_ranks_ask_only_for_order():
    plain = max_t(OUTCOMES, LABEL, seed=1, score="rank")
    curved = max_t(np.exp(OUTCOMES), LABEL, seed=1, score="rank")
    pd.testing.assert_frame_equal(plain, curved)
    label = np.array(LABEL)
    superior = probability_superiority(OUTCOMES["sleep"][label == 1], None, OUTCOMES["sleep"][label == 0], None)
    assert plain.loc[1, "estimate"] == superior.estimate
    ranks = stats.rankdata(OUTCOMES["sleep"])
    welch = stats.ttest_ind(ranks[label == 1], ranks[label == 0], equal_var=False)
    assert plain.loc[1, "statistic"] == pytest.approx(welch.statistic)


def test_missing_outcomes_keep_the_other_answers_of_a_patient():
    gaps = OUTCOMES.astype(float)
    gaps.loc[[0, 6], "sleep"] = math.nan
    with_gaps, without = max_t(gaps, LABEL, seed=1), max_t(OUTCOMES, LABEL, seed=1)
    assert with_gaps["n"].tolist() == [9, 7, 9, 9]
    assert with_gaps["p_value"].iloc[[0, 2, 3]].tolist() == without["p_value"].iloc[[0, 2, 3]].tolist()


def test_adjusted_p_values_rise_with_the_order_and_end_with_the_plain_one():
    rng = np.random.default_rng(6)
    scales = pd.DataFrame(rng.integers(0, 6, (60, 5)) + np.repeat([0, 2], 30)[:, None] * [0, 0, 1, 1, 0])
    compared = max_t(scales, np.repeat([0, 1], 30), seed=1, n_draws=999)
    assert (compared["p_adjusted"] >= compared["p_value"]).all()
    strongest_first = compared.sort_values("statistic", key=lambda t: -t.abs())["p_adjusted"]
    assert strongest_first.is_monotonic_increasing
    assert strongest_first.iloc[-1] == pytest.approx(compared["p_value"][strongest_first.index[-1]])
    assert "999 allocations, seed 1" in compared["method"].iloc[0]


def test_outcomes_that_cannot_be_tested_are_not_in_the_family():
    frame = OUTCOMES.assign(same=3.0, alone=[math.nan] * 3 + [1] + [2, 3, 4, 2, 1], nobody=[math.nan] * 4 + [1.0] * 5)
    compared, alone = max_t(frame, LABEL, seed=1).set_index("outcome"), max_t(OUTCOMES, LABEL, seed=1)
    assert compared["p_adjusted"].iloc[:4].tolist() == alone["p_adjusted"].tolist()
    assert compared["p_adjusted"].iloc[4:].isna().all()
    assert compared.loc["same", "method"] == "limits not estimable: each group holds a single value"
    assert compared.loc["alone", "method"] == "limits not estimable: a group has one patient"
    assert compared.loc["nobody", "method"] == "not estimable: a group has no assessed patients"
    nothing = max_t(frame[["same"]], LABEL, seed=1)
    assert nothing["p_value"].isna().all()


def test_groups_that_do_not_overlap_have_an_infinite_statistic():
    apart = max_t(pd.DataFrame({"pain": [1, 1, 1, 5, 5, 5]}), [0, 0, 0, 1, 1, 1], seed=1)
    assert apart.loc[0, "statistic"] == math.inf
    assert apart.loc[0, "p_adjusted"] == pytest.approx(2 / 20)


@pytest.mark.parametrize(
    ("outcomes", "group", "options", "message"),
    [
        (pd.DataFrame(index=range(2)), [0, 1], {}, "outcomes has no columns"),
        (pd.DataFrame({"a": ["x", "y"]}), [0, 1], {}, "column 'a' holds texts or dates"),
        (pd.DataFrame({"a": [1, math.inf]}), [0, 1], {}, "column 'a' has 1 infinite values"),
        (pd.DataFrame({"a": [1, 2]}), [0, 1, 1], {}, "group has 3 entries but outcomes 2 rows"),
        (pd.DataFrame({"a": [1, 2]}), [1, 2], {}, "group must be 1 for the group and 0 for the reference"),
        (pd.DataFrame({"a": [1, 2]}), [0, 1], {"score": "median"}, "score is 'median'"),
        (pd.DataFrame({"a": [1, 2]}), [0, 1], {"n_draws": 9}, "n_draws is 9"),
    ],
)
def test_what_max_t_cannot_use_is_refused(
    outcomes: pd.DataFrame, group: list[int], options: dict[str, Any], message: str
):
    with pytest.raises(ValueError, match=message):
        max_t(outcomes, group, seed=1, **options)
