"""Kruskal-Wallis against R, scipy and all regroupings; its effect against the noncentral F in R."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.multiplicity import holm
from nmosd_cohort.statistics.ranks.kruskal_wallis import kruskal_wallis
from nmosd_cohort.statistics.ranks.superiority import probability_superiority
from tests.statistics.tally_helpers import EXACT, SCORES_X, SCORES_Y, SCORES_Z, numbers_of

R = numbers_of("rank_tests")
ROOT = 1e-6  # limits that R finds by uniroot
GROUPS = {"three": (SCORES_X, SCORES_Y, SCORES_Z), "near null": (SCORES_X, SCORES_Z, [3, 5, 2, 8, 6, 4])}
cells = st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abc"), st.integers(1, 9)), min_size=3, max_size=15)


def long(samples: tuple[list[int], ...]):
    """Return values and group numbers, one row a patient."""
    return np.concatenate(samples), np.repeat(range(len(samples)), [len(sample) for sample in samples])


@pytest.mark.parametrize("term", GROUPS)
def test_h_p_and_effect_are_those_of_r(term: str):
    test = kruskal_wallis(*long(GROUPS[term]))
    assert test.statistic == pytest.approx(R["h", term], rel=1e-10)
    assert test.p_value == pytest.approx(R["kruskal p", term], rel=1e-10)
    assert test.effect.estimate == pytest.approx(R["rank eta squared", term], rel=1e-10)
    assert test.effect.conf_low == pytest.approx(R["effect low", term], abs=ROOT)
    assert test.effect.conf_high == pytest.approx(R["effect high", term], abs=ROOT)
    assert test.freedom == 2


def test_pairs_are_brunner_munzel_adjusted_by_holm():
    test = kruskal_wallis(*long(GROUPS["three"]), seed=4)
    assert test.pairs[["group", "reference"]].to_numpy().tolist() == [[0, 1], [0, 2], [1, 2]]
    one = probability_superiority(SCORES_X, None, SCORES_Z, None, seed=4)
    row = test.pairs.iloc[1]
    assert (row["estimate"], row["conf_low"], row["conf_high"], row["p_value"]) == pytest.approx(
        (one.estimate, one.conf_low, one.conf_high, one.p_value)
    )
    assert test.pairs["p_holm"].tolist() == pytest.approx(holm(test.pairs["p_value"]).tolist())


def test_small_groups_are_permuted():
    # choose(8, 3) choose(5, 3) = 560 regroupings enumerated in R; binomial error of 10,000 draws is 0.002
    values, groups = [0, 1, 1, 2, 4, 4, 3, 7], [1, 1, 1, 2, 2, 2, 3, 3]
    test = kruskal_wallis(values, groups, seed=2)
    assert test.statistic == pytest.approx(R["h", "tiny"])
    assert test.p_value == pytest.approx(R["enumerated p", "tiny"], abs=0.008)
    assert test.method == "Kruskal-Wallis, 9999 permutations, seed 2"
    assert test.p_value == kruskal_wallis(values, groups, seed=2).p_value


@settings(max_examples=40, deadline=None)
@given(cells)
def test_a_tally_is_its_rows_in_any_order_and_agrees_with_scipy(tally: list[tuple[int, str, int]]):
    values, groups, counts = (list(column) for column in zip(*tally, strict=True))
    if len(set(groups)) < 2:
        with pytest.raises(ValueError, match="groups: 1 have patients"):
            kruskal_wallis(values, groups, counts)
        return
    by_tally = kruskal_wallis(values, groups, counts)
    order = np.random.default_rng(1).permutation(sum(counts))
    by_row = kruskal_wallis(np.repeat(values, counts)[order], np.repeat(groups, counts)[order])
    assert by_tally.statistic == pytest.approx(by_row.statistic, abs=EXACT)
    assert by_tally.p_value == pytest.approx(by_row.p_value, abs=EXACT)
    pd.testing.assert_frame_equal(by_tally.pairs, by_row.pairs)
    samples = [np.repeat(values, counts)[np.repeat(groups, counts) == group] for group in sorted(set(groups))]
    if len(set(values)) > 1:
        assert by_tally.statistic == pytest.approx(stats.kruskal(*samples).statistic, abs=1e-9)
    effect = by_tally.effect
    if not math.isnan(effect.conf_low):
        assert 0 <= effect.conf_low <= effect.estimate <= effect.conf_high <= 1


def test_two_groups_are_the_squared_rank_correlation_with_the_group():
    values, groups = long((SCORES_X, SCORES_Y))
    test = kruskal_wallis(values, groups)
    n = values.size
    assert test.statistic / (n - 1) == pytest.approx(stats.spearmanr(values, groups).statistic ** 2)
    assert test.effect.estimate == pytest.approx((test.statistic - 1) / (n - 2))


def test_categories_keep_their_order_and_empty_groups_fall_out():
    names = pd.Categorical(["none", "other", "neuropathic", "none"], categories=["none", "other", "neuropathic"])
    test = kruskal_wallis([1, 2, 3, 0], names, [8, 0, 7, 9])
    assert test.pairs[["group", "reference"]].to_numpy().tolist() == [["none", "neuropathic"]]
    assert test.effect.n == 24


def test_effects_without_limits_say_why():
    equal = kruskal_wallis([4, 4], ["a", "b"], [9, 9])
    assert (equal.p_value, equal.statistic, equal.effect.method) == (1, 0, "limits not estimable: all values equal")
    apart = kruskal_wallis([1, 4], ["a", "b"], [9, 9])
    assert apart.effect.method == "limits not estimable: no spread of ranks within groups"
    assert apart.effect.estimate == 1
    nearly = kruskal_wallis([1, 2, 50, 51], [0, 0, 1, 1], [10**5, 1, 1, 10**5])
    assert nearly.effect.method == "limits not estimable: next to no spread of ranks within groups"
    single = kruskal_wallis([1, 4, 5], ["a", "b", "c"])
    assert single.effect.method == "not estimable: no spread of ranks within groups"
    alike = kruskal_wallis([1, 2, 3] * 3, ["a"] * 3 + ["b"] * 3 + ["c"] * 3, [9] * 9)
    assert alike.effect.estimate == 0
    assert alike.effect.method == "limits not estimable: groups more alike than chance would make them"
    weak = kruskal_wallis([1, 2, 3] * 3, ["a"] * 3 + ["b"] * 3 + ["c"] * 3, [9, 8, 9, 9, 11, 7, 8, 8, 10])
    assert weak.effect.method.endswith("negative estimate set to 0")
    assert weak.effect.conf_high > 0


def test_wrong_groups_are_named():
    with pytest.raises(ValueError, match="values has 3 entries but groups 2"):
        kruskal_wallis([1, 2, 3], ["a", "b"])
    with pytest.raises(ValueError, match="groups has 1 missing entries"):
        kruskal_wallis([1, 2], ["a", None])
    with pytest.raises(ValueError, match="groups cannot be told apart"):
        kruskal_wallis([1, 2], [["a"], ["b"]])


def test_very_many_patients_have_narrow_limits():
    counts = np.array([300_000, 200_000, 100_000, 100_000, 200_000, 300_000])
    effect = kruskal_wallis([1, 2, 3] * 2, [0] * 3 + [1] * 3, counts).effect
    assert effect.conf_high - effect.conf_low < 0.004
    assert effect.conf_low < effect.estimate < effect.conf_high
