"""Recomputed limits: by hand, against R, and what each verdict takes."""

from pathlib import Path

import pandas as pd
import pytest

from nmosd_cohort.literature.integrity import limits as under_test
from nmosd_cohort.literature.integrity.limits import (
    check_correlation_limits,
    check_mean_difference_limits,
    check_mean_limits,
    check_share_difference_limits,
    check_share_limits,
    check_within_limits,
)
from nmosd_cohort.literature.integrity.p_of_groups import MeanSpan
from nmosd_cohort.literature.integrity.share_limits import share_candidates

REFERENCE = pd.read_csv(Path(__file__).parents[2] / "reference" / "integrity_recompute.csv")
SHARES = REFERENCE[REFERENCE.case.str.match(r"^\d+/\d+$")]


@pytest.mark.parametrize("row", list(SHARES.itertuples(index=False)), ids=lambda row: f"{row.case} {row.name}")
def test_limits_of_a_share_agree_with_r(row: pd.Series) -> None:
    events, n = (int(part) for part in row.case.split("/"))
    assert share_candidates(events, n)[row.name] == pytest.approx((row.low, row.high), abs=1e-4)


def test_mid_p_limits_solve_their_own_equation() -> None:
    from scipy.stats import binom

    low, high = (limit / 100 for limit in share_candidates(6, 20)["mid-p"])
    assert binom.sf(6, 20, low) + binom.pmf(6, 20, low) / 2 == pytest.approx(0.025)
    assert binom.cdf(5, 20, high) + binom.pmf(6, 20, high) / 2 == pytest.approx(0.025)


@pytest.mark.parametrize(("events", "end"), [(0, 0), (12, 1)])
def test_empty_and_full_shares_have_limits_at_the_end(events: int, end: int) -> None:
    found = share_candidates(events, 12)
    for method in ("Wilson", "Wilson with continuity correction", "Clopper-Pearson", "mid-p", "Jeffreys"):
        assert found[method][end] == pytest.approx(100.0 * end)
    assert 0 < found["logit"][0] < found["logit"][1] < 100


@pytest.mark.parametrize(
    ("limits", "status", "words"),
    [
        ((58.0, 74.8), "consistent", "Wald"),
        ((57.6, 74.2), "consistent", "Wilson"),
        ((59.3, 73.4), "informative", "90%"),
        ((55.0, 78.0), "informative", "near enough"),  # Wilson's width is 16.5, a quarter 4.1: from 53.1 to 79.4
        ((52.0, 80.5), "inconsistent", "No method tried"),
        ((39.9, 92.9), "inconsistent", "No method tried"),
    ],
)
def test_verdict_on_limits_of_a_share(limits: tuple[float, float], status: str, words: str) -> None:
    found = check_share_limits(range(81, 82), 122, *limits, 1)
    assert (found.status, words in found.detail) == (status, True), found


def test_wald_limits_below_zero_may_be_cut_off() -> None:
    # 1/20: 5 % less 1.96 * 4.873 is -4.6 %
    assert check_share_limits(range(1, 2), 20, -4.6, 14.6, 1).detail == "Given by Wald."
    assert "Wald" in check_share_limits(range(1, 2), 20, 0.0, 14.6, 1).detail


def test_many_possible_counts_are_thinned_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # 50 % without decimals of 1000 is any count from 495 to 509
    monkeypatch.setattr(under_test, "MOST_COUNTS", 5)
    assert check_share_limits(range(495, 510), 1000, 47.0, 53.0, 0).status == "consistent"


def test_what_shares_need() -> None:
    with pytest.raises(ValueError, match="need patients and a count"):
        check_share_limits(range(0), 10, 1, 2, 0)


def test_correlation_limits_by_hand() -> None:
    # atanh(0.5) = 0.5493, error 1/sqrt(25) = 0.2: tanh(0.1573) = 0.156, tanh(0.9413) = 0.736
    assert check_correlation_limits((0.5, 0.5), 28, 0.156, 0.736, 3).detail == "Given by Fisher z."
    # ranks: error 0.2 * sqrt(1.125) = 0.2121: tanh(0.1336) = 0.133, tanh(0.9650) = 0.746
    assert check_correlation_limits((0.5, 0.5), 28, 0.133, 0.747, 3).detail == "Given by Bonett-Wright."
    assert check_correlation_limits((0.5, 0.5), 28, -0.6, 0.74, 2).status == "inconsistent"
    assert check_correlation_limits((1.0, 1.0), 28, 1.0, 1.0, 2).status == "consistent"
    with pytest.raises(ValueError, match="n is 3"):
        check_correlation_limits((0.5, 0.5), 3, 0.1, 0.7, 1)


def test_mean_limits_by_hand() -> None:
    # 10 less and plus 2.064 * 2 / 5 = 0.826 by t; 0.784 by the normal distribution
    group = MeanSpan((10, 10), (2, 2), 25)
    assert check_mean_limits(group, 9.174, 10.826, 3).detail == "Given by t."
    assert check_mean_limits(group, 9.216, 10.784, 3).detail == "Given by normal."
    assert check_mean_limits(group, 6.0, 14.0, 1).status == "inconsistent"
    with pytest.raises(ValueError, match="n is 1"):
        check_mean_limits(MeanSpan((1, 1), (1, 1), 1), 0, 2, 0)


def test_limits_of_a_difference_of_means_by_hand() -> None:
    # 4 - 2 = 2; SDs 3 and 4 of 9 and 16: pooled (8 * 9 + 15 * 16) / 23 = 13.565, error 1.5346, t 2.0687: 3.1747
    groups = MeanSpan((4, 4), (3, 3), 9), MeanSpan((2, 2), (4, 4), 16)
    assert "Student" in check_mean_difference_limits(*groups, -1.175, 5.175, 3).detail
    # Welch: error sqrt(1 + 1) = 1.4142, freedom 4 / (1/8 + 1/15) = 20.87, t 2.0804: 2.9421
    assert "Welch" in check_mean_difference_limits(*groups, -0.942, 4.942, 3).detail
    assert check_mean_difference_limits(*groups, -9.0, 12.0, 1).status == "inconsistent"
    with pytest.raises(ValueError, match="two are needed"):
        check_mean_difference_limits(groups[0], MeanSpan((1, 1), (1, 1), 1), 0, 1, 0)


def test_limits_of_a_difference_of_shares() -> None:
    # Wald: 6/7 - 2/9 = 0.6349, error sqrt(0.01749 + 0.01920) = 0.19156: 25.9 to 101.0 %
    assert check_share_difference_limits((6, 7), (2, 9), 25.9, 101.0, 1).detail == "Given by Wald."
    # 7/9 - 3/11 = 0.50505; error sqrt(0.019204 + 0.018032) = 0.19297: 12.7 to 88.3 %
    assert check_share_difference_limits((6, 7), (2, 9), 12.7, 88.3, 1).detail == "Given by Agresti-Caffo."
    assert check_share_difference_limits((6, 7), (2, 9), -60.0, 83.0, 1).status == "inconsistent"


def test_an_estimate_may_touch_its_limit_but_not_pass_it() -> None:
    assert check_within_limits(2.0, 2.0, 3.0, 1).status == "consistent"
    assert check_within_limits(3.3, 2.0, 3.0, 1).status == "inconsistent"
