"""Differences of correlations of two groups against base R, psych and their own laws."""

import numpy as np
import pytest

from nmosd_cohort.statistics.correlation.coefficients import pearson, spearman
from nmosd_cohort.statistics.correlation.correlation_difference import correlation_difference
from nmosd_cohort.statistics.correlation.fisher_z import difference_of_estimates, spearman_difference
from nmosd_cohort.statistics.correlation.kendall import kendall_tau_b
from nmosd_cohort.statistics.estimate import Estimate
from tests.statistics.tally_helpers import EXACT, assert_same, numbers_of

R = numbers_of("correlations")
RNG = np.random.default_rng(12)
FIRST = RNG.integers(0, 9, 40), RNG.integers(0, 9, 40), RNG.integers(1, 4, 40)
SECOND = (SHARED := RNG.integers(0, 15, 30)), SHARED + RNG.integers(0, 9, 30), RNG.integers(1, 4, 30)


@pytest.mark.parametrize(("r1", "n1", "r2", "n2"), [(0.55, 60, 0.341, 71), (0.2, 25, -0.4, 40)])
def test_limits_from_summaries_are_the_formula_in_r(r1: float, n1: int, r2: float, n2: int):
    gap = spearman_difference(r1, n1, r2, n2, "pearson", "pearson")
    term = f"{r1} {n1} {r2} {n2}"
    assert gap.conf_low == pytest.approx(R["zou low", term], abs=EXACT)
    assert gap.conf_high == pytest.approx(R["zou high", term], abs=EXACT)


def test_p_is_that_of_psych():
    gap = spearman_difference(0.55, 60, 0.341, 71, "pearson", "pearson")
    assert gap.p_value == pytest.approx(R["psych r.test p", "0.55 60 0.341 71"], rel=1e-9)


@pytest.mark.parametrize("kind", ["pearson", "spearman"])
def test_a_difference_of_samples_is_that_of_their_summaries(kind: str):
    one, two = ({"pearson": pearson, "spearman": spearman}[kind](*sample) for sample in (FIRST, SECOND))
    gap = correlation_difference(*FIRST, *SECOND, kind=kind)
    summary = spearman_difference(one.estimate, one.n, two.estimate, two.n, kind, kind)
    for name in ("estimate", "conf_low", "conf_high", "p_value", "n"):
        assert getattr(gap, name) == pytest.approx(getattr(summary, name), abs=EXACT)


def test_a_difference_of_tau_by_hand():
    one, two = kendall_tau_b(*FIRST), kendall_tau_b(*SECOND)
    gap = correlation_difference(*FIRST, *SECOND, kind="kendall")
    down = np.hypot(one.estimate - one.conf_low, two.conf_high - two.estimate)
    assert gap.estimate == pytest.approx(one.estimate - two.estimate)
    assert gap.conf_low == pytest.approx(gap.estimate - down)


@pytest.mark.parametrize("kind", ["pearson", "spearman", "kendall"])
def test_groups_swap_and_tallies_are_rows(kind: str):
    gap, back = (correlation_difference(*one, *two, kind=kind) for one, two in ((FIRST, SECOND), (SECOND, FIRST)))
    assert (gap.estimate, gap.conf_low, gap.p_value) == pytest.approx((-back.estimate, -back.conf_high, back.p_value))
    rows = [(np.repeat(x, n), np.repeat(y, n), None) for x, y, n in (FIRST, SECOND)]
    assert_same(gap, correlation_difference(*rows[0], *rows[1], kind=kind))


def test_a_difference_without_limits_says_why():
    few = correlation_difference([1, 2, 3], [2, 1, 3], None, *SECOND, kind="pearson")
    assert few.method == "not estimable: fewer than 4 patients"
    perfect = correlation_difference(range(9), range(9), None, *SECOND, kind="pearson")
    assert perfect.method == "limits not estimable: a correlation is perfect"
    assert correlation_difference(*SECOND, range(9), range(9), None, kind="kendall").method == (
        "limits not estimable: a correlation is perfect"
    )
    with pytest.raises(ValueError, match="kind is 'biserial'; it must be one of pearson, spearman, kendall"):
        correlation_difference(*FIRST, *SECOND, kind="biserial")


def test_equal_correlations_have_p_one():
    one = Estimate(0.4, 0.2, 0.57, 80, "by hand", std_error=0.1)
    assert difference_of_estimates(one, one, "nothing").p_value == 1
