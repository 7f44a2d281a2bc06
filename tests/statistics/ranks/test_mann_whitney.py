"""Mann-Whitney test against wilcox.test, coin, exactRankTests, scipy and all allocations."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.ranks.mann_whitney import mann_whitney, tie_correction
from nmosd_cohort.statistics.ranks.rank_inversion import mann_whitney_null
from tests.statistics.tally_helpers import EXACT, SAMPLES, assert_same, columns, numbers_of, rows, tallies

R = numbers_of("rank_tests")


@pytest.mark.parametrize("term", ["untied", "scores", "uneven"])
def test_u_and_both_p_values_are_those_of_r(term: str):
    x, y = SAMPLES[term]
    exact, normal = (mann_whitney(x, None, y, None, distribution=kind) for kind in ("exact", "normal"))
    assert exact.statistic == normal.statistic == R["u", term]
    assert exact.p_value == pytest.approx(R["exact p", term], rel=1e-9)
    assert normal.p_value == pytest.approx(R["normal p", term], rel=1e-9)
    assert exact.method == f"Mann-Whitney, exact{'' if term == 'untied' else ' given the ties'}"
    assert "normal" in normal.method


def test_exact_p_is_also_that_of_wilcox_test_and_wilcox_exact():
    for term, quantity in (("untied", "wilcox.test exact p"), ("scores", "wilcox.exact p")):
        x, y = SAMPLES[term]
        assert mann_whitney(x, None, y, None).p_value == pytest.approx(R[quantity, term])


def test_large_groups_are_normal():
    x, y = SAMPLES["many"]
    assert mann_whitney(x * 2, None, y * 2, None).method.startswith("Mann-Whitney, normal")
    normal = mann_whitney(x, None, y, None, distribution="normal")
    assert normal.p_value == pytest.approx(R["normal p", "many"], rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 10), min_size=1, max_size=25), st.lists(st.integers(0, 10), min_size=1, max_size=25))
def test_normal_p_is_that_of_scipy(x: list[int], y: list[int]):
    test = mann_whitney(x, None, y, None, distribution="normal")
    expected = stats.mannwhitneyu(x, y, method="asymptotic") if len(set(x + y)) > 1 else None
    assert test.p_value == pytest.approx(expected.pvalue if expected else 1, abs=EXACT)
    assert expected is None or test.statistic == pytest.approx(expected.statistic)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=2, max_size=5), st.lists(st.integers(0, 4), min_size=2, max_size=6))
def test_exact_p_is_the_share_of_all_allocations(x: list[int], y: list[int]):
    ranks = stats.rankdata(x + y)
    sums = np.array([ranks[list(chosen)].sum() for chosen in itertools.combinations(range(ranks.size), len(x))])
    distance = abs(ranks[: len(x)].sum() - sums.mean())
    expected = (np.abs(sums - sums.mean()) >= distance - 1e-9).mean()
    assert mann_whitney(x, None, y, None).p_value == pytest.approx(expected)


@settings(max_examples=30, deadline=None)
@given(tallies, tallies, st.integers(-9, 9))
def test_tallies_are_rows_and_groups_can_be_swapped_and_moved(
    x: list[tuple[int, ...]], y: list[tuple[int, ...]], distance: int
):
    test = mann_whitney(*columns(x), *columns(y))
    by_row = mann_whitney(rows(x)[::-1], None, rows(y), None)
    assert (test.statistic, test.p_value, test.method) == pytest.approx(
        (by_row.statistic, by_row.p_value, by_row.method)
    )
    assert_same(test.superiority, by_row.superiority)
    swapped = mann_whitney(*columns(y), *columns(x))
    assert swapped.p_value == pytest.approx(test.p_value)
    assert swapped.statistic == pytest.approx(rows(x).size * rows(y).size - test.statistic)
    moved = mann_whitney(rows(x) + distance, None, rows(y) + distance, None)
    assert moved.p_value == pytest.approx(test.p_value)


@pytest.mark.parametrize(("n_x", "n_y"), [(4, 7), (49, 49), (49, 3)])
def test_untied_values_have_the_null_distribution_of_the_recursion(n_x: int, n_y: int):
    rng = np.random.default_rng(n_x)
    x, y = rng.normal(0.3, 1, n_x), rng.normal(0, 1, n_y)
    test, null = mann_whitney(x, None, y, None), mann_whitney_null(n_x, n_y)
    tail = min(test.statistic, n_x * n_y - test.statistic)
    assert test.p_value == pytest.approx(min(1, 2 * null[: round(tail) + 1].sum()))
    assert test.method == "Mann-Whitney, exact"


def test_what_cannot_be_tested_says_why():
    empty = mann_whitney([], [], [1], [4])
    assert math.isnan(empty.p_value)
    assert empty.method == "not estimable: a group has no patients"
    tied = mann_whitney([3], [60], [3], [4])
    assert (tied.p_value, tied.statistic) == (1, 120)
    assert tie_correction(np.array([1.0])) == 0
    with pytest.raises(ValueError, match="exact p needs fewer than 50"):
        mann_whitney([1, 2], [60, 3], [1], [4], distribution="exact")
    with pytest.raises(ValueError, match="distribution is 'monte carlo'"):
        mann_whitney([1], None, [2], None, distribution="monte carlo")
