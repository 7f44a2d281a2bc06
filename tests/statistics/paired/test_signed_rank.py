"""Signed ranks and the pseudo-median against R, scipy and all signs dealt afresh."""

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.paired.signed_rank import (
    EXACT_PAIRS,
    pseudo_median,
    signed_rank_null,
    tied_rank_null,
    wilcoxon_signed_rank,
)
from tests.statistics.paired.test_change import EXACT, ROOT, SAME, assert_same, pair_tallies, tallies
from tests.statistics.tally_helpers import reference

LARGE = 60  # patients, above those with an exact distribution


@pytest.fixture(scope="module")
def numbers() -> pd.DataFrame:
    frame = pd.read_csv(Path(__file__).parents[2] / "reference" / "longitudinal.csv", keep_default_na=False)
    return frame[frame["quantity"].str.startswith("signed_rank")]


def changes(numbers: pd.DataFrame, case: str) -> np.ndarray:
    """Return the changes of one case of longitudinal.R."""
    rows = numbers[(numbers["quantity"] == "signed_rank_changes") & (numbers["term"].str.split().str[0] == case)]
    return rows["value"].to_numpy()


@pytest.mark.parametrize("case", ["a", "b", "c", "d"])
def test_p_is_exact_given_ties_as_in_exactranktests_and_coin(numbers: pd.DataFrame, case: str):
    expected = numbers.set_index(["quantity", "term"])["value"]
    for zeros in ("drop", "pratt"):
        test = wilcoxon_signed_rank(np.zeros(changes(numbers, case).size), changes(numbers, case), zeros=zeros)
        assert test.shift.p_value == pytest.approx(expected[f"signed_rank_{zeros}_p", case], rel=1e-10)
        assert "exact given the ties" in test.shift.method


small = st.lists(st.integers(-4, 4), min_size=1, max_size=9)


def all_signs(values: np.ndarray, zeros: str) -> float:
    """Return the p-value over every way to sign the ranks."""
    kept = values if zeros == "pratt" else values[values != 0]
    ranks = stats.rankdata(np.abs(kept))[kept != 0]
    signs = np.sign(kept[kept != 0])
    observed = abs(ranks @ signs)
    dealt = [abs(ranks @ np.array(one)) for one in itertools.product([-1, 1], repeat=ranks.size)]
    return float(np.mean(np.array(dealt) >= observed - 1e-9))


@settings(deadline=None, max_examples=60)
@given(small, st.sampled_from(["pratt", "drop"]))
def test_p_is_the_share_of_all_signs_at_least_as_far(values: list[int], zeros: str):
    changed = np.array(values, dtype=float)
    assume(changed.any())
    assert pseudo_median(changed, zeros=zeros).p_value == pytest.approx(all_signs(changed, zeros), abs=EXACT)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(-4, 4), min_size=6, max_size=9))
def test_the_limits_are_the_outermost_shifts_that_all_signs_do_not_reject(values: list[int]):
    changed = np.array(values, dtype=float)
    found = pseudo_median(changed)
    assume(not math.isnan(found.conf_low) and "ties" in found.method)
    grid = np.arange(-5, 5.01, 0.25)  # averages are halves, so each gap holds a quarter point
    kept = [shift for shift in grid if all_signs(changed - shift, "pratt") > 0.05]
    assert found.conf_low in (min(kept), min(kept) - 0.25)
    assert found.conf_high in (max(kept), max(kept) + 0.25)


@settings(deadline=None)
@given(pair_tallies, st.sampled_from(["pratt", "drop"]))
def test_the_rank_sums_are_those_of_scipy(tally: list[tuple[int, ...]], zeros: str):
    before, after, counts = (list(column) for column in zip(*tally, strict=True))
    test = wilcoxon_signed_rank(before, after, counts, zeros=zeros)
    differences = np.repeat(after, counts).astype(float) - np.repeat(before, counts)
    assert test.n_unchanged == (differences == 0).sum()
    assert test.n_changed + test.n_unchanged == differences.size
    if not differences.any():
        assert math.isnan(test.rank_biserial)
        return
    name = "wilcox" if zeros == "drop" else "pratt"
    expected = stats.wilcoxon(differences, zero_method=name, alternative="greater", method="asymptotic").statistic
    assert test.positive_sum == pytest.approx(expected, abs=EXACT)
    swapped = wilcoxon_signed_rank(after, before, counts, zeros=zeros)
    assert swapped.rank_biserial == pytest.approx(-test.rank_biserial, abs=EXACT)
    assert swapped.negative_sum == pytest.approx(expected, abs=EXACT)


def test_everybody_who_falls_gives_a_rank_biserial_of_minus_one():
    test = wilcoxon_signed_rank([5, 6, 7, 8, 9, 9], [3, 3, 6, 4, 9, 2])
    assert (test.rank_biserial, test.positive_sum, test.negative_sum) == (
        -1.0,
        0.0,
        20.0,
    )  # 21 less the rank of the zero


def test_no_patients_have_no_ranks():
    test = wilcoxon_signed_rank([], [])
    assert math.isnan(test.rank_biserial)
    assert test.shift.method == "not estimable: no patients"


# by hand: two patients of rank 1.5 (doubled 3) and one of rank 3 (doubled 6)
def test_the_null_distribution_given_ties_by_hand():
    assert (8 * tied_rank_null(np.array([3, 6]), np.array([2, 1]))).tolist() == [1, 0, 0, 2, 0, 0, 2, 0, 0, 2, 0, 0, 1]


@pytest.mark.parametrize("n", [1, 5, 30])
def test_without_ties_the_null_is_that_of_wilcoxon(n: int):
    null = tied_rank_null(np.arange(1, n + 1), np.ones(n, dtype=np.int64))
    assert null.tolist() == pytest.approx(signed_rank_null(n).tolist(), abs=1e-15)


def test_the_exact_and_the_normal_limits_meet_at_their_border():
    counts = np.array([4, 6, 8, 10, 9, 7, 6])
    exact, normal = pseudo_median(range(-4, 3), [4, 6, 8, 9, 9, 7, 6]), pseudo_median(range(-4, 3), counts)
    assert counts.sum() == EXACT_PAIRS
    assert exact.method.startswith("signed-rank inversion, exact given the ties")
    assert normal.method.startswith("signed-rank inversion, normal")
    assert exact.p_value == pytest.approx(normal.p_value, rel=0.15)
    assert (exact.conf_low, exact.conf_high) == pytest.approx((normal.conf_low, normal.conf_high), abs=0.5)


def test_a_limit_of_zero_that_the_test_rejects_is_named():
    found = pseudo_median([-4, -3, -2, -1, 0, 1], [1, 1, 2, 5, 7, 1])
    assert found.conf_high == 0
    assert found.p_value < 0.05
    assert found.method.endswith("0 itself rejected, 7 unchanged patients ranked")


def test_the_pseudo_median_is_that_of_r():
    cases = reference("one exact")
    assert len(cases) == 2
    for differences, _, level, expected in cases:
        change = pseudo_median(differences, zeros="drop", conf_level=level)
        assert change.estimate == pytest.approx(expected["estimate"], abs=EXACT)
        assert change.conf_low == pytest.approx(expected["conf_low"], abs=ROOT)
        assert change.conf_high == pytest.approx(expected["conf_high"], abs=ROOT)
        assert change.p_value == pytest.approx(expected["p_value"], abs=EXACT)
        assert change.method == "signed-rank inversion, exact"


def test_the_estimate_with_ties_is_that_of_r():
    for differences, _, _, expected in reference("one normal"):
        assert pseudo_median(differences, zeros="drop").estimate == pytest.approx(expected["estimate"], abs=EXACT)


def test_limits_of_many_patients_are_those_of_r(numbers: pd.DataFrame):
    expected = numbers[numbers["quantity"] == "signed_rank_normal"].set_index("term")["value"]
    many = pseudo_median(np.repeat(changes(numbers, "a"), 6), zeros="drop")
    assert many.p_value == pytest.approx(expected["p_value"], rel=1e-10)
    assert many.conf_low == pytest.approx(expected["conf_low"], abs=ROOT)
    assert many.conf_high == pytest.approx(expected["conf_high"], abs=ROOT)
    assert "normal" in many.method


@settings(deadline=None)
@given(tallies)
def test_the_pseudo_median_has_the_p_value_of_scipy(tally: list[tuple[int, ...]]):
    values, counts = (list(column) for column in zip(*tally, strict=True))
    assume(any(values))
    counts[int(np.abs(values).argmax())] += LARGE
    differences = np.repeat(values, counts).astype(float)
    for zeros, name in (("pratt", "pratt"), ("drop", "wilcox")):
        change = pseudo_median(values, counts, zeros=zeros)
        expected = stats.wilcoxon(differences, zero_method=name, correction=True, method="asymptotic").pvalue
        assert change.p_value == pytest.approx(expected, abs=EXACT)


@settings(deadline=None)
@given(tallies)
def test_the_pseudo_median_is_the_median_of_all_averages(tally: list[tuple[int, ...]]):
    values, counts = (list(column) for column in zip(*tally, strict=True))
    rows = np.repeat(values, counts).astype(float)
    first, second = np.triu_indices(rows.size)
    change = pseudo_median(values, counts)
    assert change.estimate == pytest.approx(np.median((rows[first] + rows[second]) / 2), abs=EXACT)
    assert_same(change, pseudo_median(rows))


@settings(deadline=None)
@given(tallies)
def test_the_pseudo_median_turns_round_with_the_sign(tally: list[tuple[int, ...]]):
    values, counts = (list(column) for column in zip(*tally, strict=True))
    one, two = pseudo_median(values, counts), pseudo_median([-value for value in values], counts)
    assert one.estimate == pytest.approx(-two.estimate, abs=EXACT)
    assert one.conf_low == pytest.approx(-two.conf_high, abs=EXACT, nan_ok=True)
    assert one.p_value == pytest.approx(two.p_value, abs=EXACT)


def test_exact_p_values_are_those_of_scipy():
    differences = [-2.3, 0.4, -1.1, -0.7, -3.2, 0.9, -1.6]
    change = pseudo_median(differences)
    assert change.p_value == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)


def test_unchanged_patients_are_counted_in_words():
    kept = pseudo_median([-2, -1, 0, 1], [6, 5, 9, 2])
    dropped = pseudo_median([-2, -1, 0, 1], [6, 5, 9, 2], zeros="drop")
    assert (kept.n, dropped.n) == (22, 13)
    assert kept.method.endswith("9 unchanged patients ranked")
    assert dropped.method.endswith("9 unchanged patients dropped")
    assert dropped.estimate < kept.estimate < 0


@pytest.mark.parametrize(
    ("differences", "zeros", "estimate", "reason"),
    [
        ([], "pratt", math.nan, "not estimable: no patients"),
        ([0, 0, 0], "drop", math.nan, "not estimable: no patients, 3 unchanged patients dropped"),
        (
            [0] * 9,
            "pratt",
            0.0,
            "limits not estimable: every patient changed by the same amount, 9 unchanged patients ranked",
        ),
        ([0] * 9, "pratt", 0.0, f"limits not estimable: {SAME}, 9 unchanged patients ranked"),
        ([-2] * 9, "pratt", -2.0, f"limits not estimable: {SAME}"),
        ([-2], "pratt", -2.0, "limits not estimable: too few patients (n = 1)"),
        ([-2, -1, 3, 5], "pratt", 1.25, "limits not estimable: too few patients (n = 4)"),
        ([-2, -1, -1], "pratt", -1.25, "limits not estimable: too few patients (n = 3)"),
    ],
)
def test_a_pseudo_median_that_cannot_have_limits_says_why(
    differences: list[float], zeros: str, estimate: float, reason: str
):
    change = pseudo_median(differences, zeros=zeros)
    assert change.estimate == pytest.approx(estimate, nan_ok=True)
    assert change.method == reason
    assert math.isnan(change.conf_low)


def test_no_change_at_all_gives_p_1():
    assert pseudo_median([0] * 9).p_value == 1.0


def test_a_wrong_way_to_treat_zeros_is_answered_with_the_right_ones():
    with pytest.raises(ValueError, match="zeros is 'split'; it must be one of pratt, drop"):
        pseudo_median([1, 2], zeros="split")


@pytest.mark.parametrize("n", [1, 4, 50])
def test_the_null_distribution_is_symmetric_with_the_known_variance(n: int):
    null = signed_rank_null(n)
    sums = np.arange(n * (n + 1) // 2 + 1)
    assert null.tolist() == pytest.approx(null[::-1].tolist())
    assert null @ sums == pytest.approx(n * (n + 1) / 4)
    assert null @ sums**2 - (null @ sums) ** 2 == pytest.approx(n * (n + 1) * (2 * n + 1) / 24)


@pytest.mark.parametrize("zeros", ["pratt", "drop"])
def test_a_change_of_rounding_is_no_change(zeros: str):
    # 0.1 + 0.2 is 5e-17 above 0.3; in tenths the scores are whole
    found = wilcoxon_signed_rank([0.3, 0.5, 0.6, 0.9, 1.2, 0.7], [0.1 + 0.2, 0.4, 0.3, 0.5, 0.7, 0.6], zeros=zeros)
    tenths = wilcoxon_signed_rank([3, 5, 6, 9, 12, 7], [3, 4, 3, 5, 7, 6], zeros=zeros)
    assert (found.n_changed, found.n_unchanged) == (tenths.n_changed, tenths.n_unchanged) == (5, 1)
    assert (found.positive_sum, found.negative_sum) == (tenths.positive_sum, tenths.negative_sum)
    assert found.shift.estimate == pytest.approx(tenths.shift.estimate / 10)
    assert (found.shift.n, found.shift.p_value) == (tenths.shift.n, tenths.shift.p_value)
    assert found.shift.method == tenths.shift.method


def test_too_many_distinct_changes_are_refused():
    with pytest.raises(ValueError, match=r"differences has 3001 distinct values, .* at most 3000"):
        pseudo_median(np.arange(1, 3002))
