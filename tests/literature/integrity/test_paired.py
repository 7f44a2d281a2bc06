"""Implied correlations of before-after results: the published cases, by hand, and against drawn patients."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.literature.integrity.paired import check_paired_p, correlation_needed, paired_change_range


def test_published_cases() -> None:
    # SD of change below 2.1 * sqrt(7) / 2.4469 = 2.2706: (1.5^2 + 1.2^2 - 5.1558) / 3.6
    araki = correlation_needed(3.0, 1.5, 0.9, 1.2, 7, 0.05)
    assert araki.at_printed == pytest.approx((2.25 + 1.44 - (2.1 * math.sqrt(7) / 2.4469) ** 2) / 3.6, abs=1e-3)
    assert round(araki.at_printed, 2) == -0.41
    # seven whole scores have means 21/7 and 6/7: change 15/7
    whole = correlation_needed(3.0, 1.5, 0.857142857, 1.2, 7, 0.05, decimals=9)
    assert round(whole.at_printed, 2) == -0.47
    assert araki.low < whole.at_printed < araki.high
    # 1.5 * sqrt(19) / 2.1009 = 3.1122: (4.84 + 6.76 - 9.6856) / 11.44
    assert round(correlation_needed(3.2, 2.2, 1.7, 2.6, 19, 0.05).at_printed, 2) == 0.17


@given(st.integers(3, 40), st.integers(0, 10_000))
def test_the_correlation_of_drawn_patients_gives_back_their_p(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.normal(5, 2, n)
    after = 0.5 * before + rng.normal(1, 1.5, n)
    p = float(stats.ttest_rel(before, after).pvalue)
    if not 1e-6 < p < 0.999:
        return
    numbers = [round(float(one), 11) for one in (before.mean(), before.std(ddof=1), after.mean(), after.std(ddof=1))]
    needed = correlation_needed(*numbers, n, p, decimals=11)
    assert needed.at_printed == pytest.approx(np.corrcoef(before, after)[0, 1], abs=1e-5)


def test_range_allows_for_the_turning_point_of_an_sd() -> None:
    # change 0 to 0.15 with equal SDs: the correlation for p below 0.9 is near 1, least where the SDs are alike
    needed = correlation_needed(1.0, 1.0, 1.0, 1.0, 9, 0.9)
    assert needed.low < needed.at_printed <= needed.high
    grid = np.linspace(0.95, 1.1, 200)
    reach = 3 / stats.t.ppf(0.55, 8)
    least = min((a * a + b * b - (0.15 * reach) ** 2) / (2 * a * b) for a in grid[::10] for b in grid[::10])
    assert needed.low <= least + 1e-9


def test_change_over_correlations() -> None:
    table = paired_change_range(3.0, 1.5, 0.9, 1.2, 7)
    assert len(table) == 19
    assert (table.conf_high - table.conf_low).is_monotonic_decreasing
    row = paired_change_range(3.0, 1.5, 0.9, 1.2, 7, correlations=[0.6]).iloc[0]
    # SD sqrt(3.69 - 2.16) = 1.2369; 2.4469 * 1.2369 / sqrt(7) = 1.1440
    assert (row.sd_change, row.conf_low, row.conf_high) == pytest.approx((1.2369, -3.244, -0.956), abs=1e-3)
    same = paired_change_range(3.0, 1.5, 2.0, 1.5, 7, correlations=[1.0]).iloc[0]
    assert (same.sd_change, same.p_value) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("p", "status", "words"),
    [
        ("<0.05", "consistent", "above -0.41"),
        ("0.026", "consistent", "correlation 0.03 of"),  # p 0.026 at no correlation
        ("0.0000001", "not checkable", "near 0"),
        ("<0.000002", "consistent", "above 1.00"),
        ("0.9", "inconsistent", "lower than -1"),
        ("0.000", "not checkable", "nothing follows"),
    ],
)
def test_verdict_on_a_paired_p(p: str, status: str, words: str) -> None:
    found = check_paired_p(3.0, 1.5, 0.9, 1.2, 7, p)
    if p == "0.000":
        assert found.status in {"consistent", "not checkable"}
        return
    assert found.status == status, found
    assert words in found.detail


def test_too_small_a_p_for_any_correlation() -> None:
    # SDs 1.0 and 3.0: the SD of the change is 2 at least, so that t is at most 0.5 * sqrt(10) / 2 = 0.79, p 0.45
    found = check_paired_p(3.0, 1.0, 2.5, 3.0, 10, "<0.01")
    assert (found.status, "higher than 1" in found.detail) == ("inconsistent", True)


def test_rounding_alone_may_bring_the_correlation_within_its_ends() -> None:
    at_end = paired_change_range(3.0, 1.0, 2.0, 2.0, 9, correlations=[1.0]).iloc[0].p_value
    found = check_paired_p(3.0, 1.0, 2.0, 2.0, 9, f"{at_end * 0.9:.4f}")
    assert (found.status, "only if rounding" in found.detail) == ("consistent", True)


def test_a_rank_test_has_some_room() -> None:
    # at a correlation of -1 t gives p 0.87, and 0.9063 is a signed-rank p
    assert check_paired_p(6.0, 1.41, 5.88, 0.64, 8, "0.9063", decimals=2).status == "informative"
    # all eight patients fell, so that no signed-rank p is below 0.0078, far above that of t
    assert check_paired_p(3.0, 1.07, 0.12, 0.35, 8, "0.0078", decimals=2).status == "informative"


def test_what_it_needs() -> None:
    with pytest.raises(ValueError, match="two patients"):
        correlation_needed(3, 1, 2, 1, 1, 0.05)
    with pytest.raises(ValueError, match="between 0 and 1"):
        correlation_needed(3, 1, 2, 1, 9, 1.0)
    with pytest.raises(ValueError, match="without spread"):
        correlation_needed(3, 0, 2, 1, 9, 0.05)
    with pytest.raises(ValueError, match="negative"):
        paired_change_range(3, -1, 2, 1, 9)
    with pytest.raises(ValueError, match="correlation"):
        paired_change_range(3, 1, 2, 1, 9, correlations=[1.2])
    assert check_paired_p(3.0, 0.0, 2.0, 1.0, 9, "0.04").status == "not checkable"
