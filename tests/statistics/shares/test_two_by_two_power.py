"""Power of the test of two shares: every table by itself, the normal approximation, and its limits."""

import numpy as np
import pytest
from scipy.stats import binom

from nmosd_cohort.statistics.shares.two_by_two import larger_p
from nmosd_cohort.statistics.shares.two_by_two_power import _normal_power, two_by_two_power


@pytest.mark.parametrize(("n_1", "n_2", "alpha"), [(7, 9, 0.05), (12, 25, 0.05), (30, 4, 0.10), (1, 1, 0.05)])
def test_power_is_the_sum_over_all_tables_that_are_rejected(n_1: int, n_2: int, alpha: float) -> None:
    for one, two in ((0.3, 0.8), (0.05, 0.5), (0.0, 1.0), (0.6, 0.6)):
        chances = [binom.pmf(np.arange(n + 1), n, share) for n, share in ((n_1, one), (n_2, two))]
        by_hand = sum(
            chances[0][a] * chances[1][b]
            for a in range(n_1 + 1)
            for b in range(n_2 + 1)
            if larger_p(a, n_1, b, n_2) < alpha
        )
        assert two_by_two_power(one, n_1, two, n_2, alpha=alpha) == pytest.approx(by_hand)


@pytest.mark.parametrize(("n_1", "n_2"), [(400, 250), (3000, 300)])
def test_normal_approximation_is_near_in_large_groups(n_1: int, n_2: int) -> None:
    for one, two in ((0.1, 0.15), (0.5, 0.6), (0.8, 0.75), (0.3, 0.3)):
        assert _normal_power(one, n_1, two, n_2, 0.05) == pytest.approx(two_by_two_power(one, n_1, two, n_2), abs=0.011)


def test_huge_groups_have_an_answer() -> None:
    assert two_by_two_power(0.50, 10**6, 0.51, 10**6) > 0.999
    assert two_by_two_power(0.5, 10**9, 0.5, 10**9) == pytest.approx(0.05)
    # against 40 patients it hardly matters whether the other group has 20,000 or more
    assert two_by_two_power(0.5, 10**6, 0.8, 40) == pytest.approx(two_by_two_power(0.5, 9000, 0.8, 40), abs=0.005)
    assert two_by_two_power(0.8, 40, 0.5, 10**6) == pytest.approx(two_by_two_power(0.5, 10**6, 0.8, 40))
    assert _normal_power(0.0, 1000, 1.0, 1000, 0.05) == 1.0


@pytest.mark.parametrize("arguments", [(0.5, 0, 0.5, 10), (0.5, 10, 0.5, 0)])
def test_empty_groups_are_refused(arguments: tuple[float, int, float, int]) -> None:
    with pytest.raises(ValueError, match="groups need patients"):
        two_by_two_power(*arguments)


def test_wrong_shares_and_levels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"share_1 is 1\.2"):
        two_by_two_power(1.2, 10, 0.5, 10)
    with pytest.raises(ValueError, match="alpha is between 0 and 1"):
        two_by_two_power(0.2, 10, 0.5, 10, alpha=1.0)


@pytest.mark.parametrize(("n_1", "n_2"), [(20, 29), (50, 29), (20, 122), (500, 29), (150, 122), (100, 166)])
def test_equal_shares_are_rejected_in_hardly_more_than_five_in_a_hundred(n_1: int, n_2: int) -> None:
    # power at no difference is the size of the test; either of its two parts alone reaches 5.9 %
    assert max(two_by_two_power(share, n_1, share, n_2) for share in np.linspace(0.02, 0.98, 97)) < 0.0515
