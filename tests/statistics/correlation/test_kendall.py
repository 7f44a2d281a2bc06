"""Kendall's tau-b against R, SAS, scipy and brute force over all pairs."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.correlation.kendall import kendall_tau_b, tau_and_error, weights_below
from tests.statistics.tally_helpers import EXACT, assert_same, numbers_of

R = numbers_of("correlations")
TIED = [0, 0, 1, 2, 3, 5, 5, 7, 8, 10], [3, 9, 8, 12, 10, 20, 18, 25, 20, 40]
UNTIED = [1.2, 0.4, 3.3, 2.8, 5.1, 4.7, 6.6, 2.2, 0.9, 7.4], [2.1, 0.3, 1.9, 4.4, 3.6, 6.1, 5.2, 0.8, 1.5, 4.9]
DOSE = np.repeat([0, 1], 5), np.tile(range(5), 2), [26, 26, 23, 18, 9, 6, 7, 9, 14, 23]
tables = st.lists(st.tuples(st.integers(0, 5), st.integers(-3, 3), st.integers(1, 5)), min_size=4, max_size=14)


def parted(table: list[tuple[int, int, int]]):
    """Return x, y and counts of a table of cells."""
    return [np.array(column) for column in zip(*table, strict=True)]


@pytest.mark.parametrize(("term", "cells"), [("tied", TIED), ("untied", UNTIED), ("dose", DOSE)])
def test_tau_and_limits_are_those_of_the_table_in_r(term: str, cells: tuple):
    tau = kendall_tau_b(*cells)
    assert tau.estimate == pytest.approx(R["tau", term], abs=EXACT)
    assert (tau.conf_low, tau.conf_high) == pytest.approx((R["tau low", term], R["tau high", term]), abs=EXACT)
    assert tau.std_error == pytest.approx(R["tau ase", term] * math.sqrt(tau.n / (tau.n - 2)), abs=EXACT)


@pytest.mark.parametrize(("term", "cells"), [("tied", TIED), ("untied", UNTIED)])
def test_tau_and_p_are_those_of_cor_test(term: str, cells: tuple):
    tau = kendall_tau_b(*cells)
    assert tau.estimate == pytest.approx(R["cor.test tau", term], abs=EXACT)
    assert tau.p_value == pytest.approx(R["cor.test p", term], rel=1e-9)
    assert tau.method.endswith("exact p" if term == "untied" else "normal p with tie correction")


def test_the_printed_example_of_sas():
    # SAS/STAT, PROC FREQ, measures of association of dose and adverse event: tau-b 0.3373, ASE 0.0642
    tau, error, _ = tau_and_error(DOSE[0], DOSE[1], np.array(DOSE[2]))
    assert (round(tau, 4), round(error, 4)) == (0.3373, 0.0642)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_a_tally_is_its_rows_in_any_order_and_agrees_with_scipy(table: list[tuple[int, int, int]]):
    x, y, counts = parted(table)
    tau = kendall_tau_b(x, y, counts)
    order = np.random.default_rng(2).permutation(counts.sum())
    by_row = np.repeat(x, counts)[order], np.repeat(y, counts)[order]
    assert_same(tau, kendall_tau_b(*by_row))
    if not math.isnan(tau.estimate):
        expected = stats.kendalltau(*by_row, method="asymptotic")
        assert tau.estimate == pytest.approx(expected.statistic, abs=EXACT)
        if "tie correction" in tau.method:
            assert tau.p_value == pytest.approx(expected.pvalue, abs=EXACT)


@settings(max_examples=40, deadline=None)
@given(tables)
def test_tau_turns_round_and_has_no_unit(table: list[tuple[int, int, int]]):
    x, y, counts = parted(table)
    tau, turned = kendall_tau_b(x, y, counts), kendall_tau_b(x, -y, counts)
    assert turned.estimate == pytest.approx(-tau.estimate, abs=EXACT, nan_ok=True)
    assert turned.conf_low == pytest.approx(-tau.conf_high, abs=EXACT, nan_ok=True)
    swapped = kendall_tau_b(y, np.exp(x), counts)
    for name in ("estimate", "conf_low", "conf_high", "p_value"):
        assert getattr(swapped, name) == pytest.approx(getattr(tau, name), abs=EXACT, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(tables)
def test_weights_below_are_those_of_all_pairs(table: list[tuple[int, int, int]]):
    x, y, counts = parted(table)
    y = y - y.min()
    is_below = (x[None, :] < x[:, None]) & (y[None, :] < y[:, None])
    assert weights_below(x, y, counts.astype(float)).tolist() == (is_below @ counts).tolist()


@pytest.mark.parametrize("n", [4, 9, 49])
def test_untied_p_is_exact_as_in_scipy(n: int):
    rng = np.random.default_rng(n)
    x, y = rng.permutation(n), rng.permutation(n)
    assert kendall_tau_b(x, y).p_value == pytest.approx(stats.kendalltau(x, y, method="exact").pvalue)
    assert "exact p" in kendall_tau_b(x, y).method


def test_what_cannot_be_estimated_says_why():
    assert kendall_tau_b([1, 2, 3], [1, 2, 3]).method == "not estimable: fewer than 4 patients"
    assert kendall_tau_b([2, 2], [1, 5], [4, 6]).method == "not estimable: all patients have the same value of x"
    assert kendall_tau_b([2, 3], [1, 1], [4, 6]).method == "not estimable: all patients have the same value of y"
    perfect = kendall_tau_b(range(6), range(6))
    # two of 6! = 720 orders are perfect
    assert (perfect.estimate, perfect.p_value) == (1, pytest.approx(2 / 720))
    assert perfect.method == "limits not estimable: perfect correlation"
    square = kendall_tau_b([0, 1, 1, 2], [1, 0, 2, 1])
    assert (square.estimate, square.method) == (0, "limits not estimable: standard error of 0")
    with pytest.raises(ValueError, match="x has 2 entries and y 3"):
        kendall_tau_b([1, 2], [1, 2, 3])


def test_many_distinct_values_are_no_burden():
    rng = np.random.default_rng(6)
    x = rng.normal(size=30_000)
    tau = kendall_tau_b(x, 0.5 * x + rng.normal(size=30_000))
    # tau = 2 / pi arcsin(rho) with rho = 0.5 / sqrt(1.25)
    assert tau.conf_low < 2 / math.pi * math.asin(0.5 / math.sqrt(1.25)) < tau.conf_high
    assert tau.conf_high - tau.conf_low < 0.02


def test_with_50_patients_p_is_normal_as_in_r():
    rng = np.random.default_rng(50)
    assert "normal p" in kendall_tau_b(rng.permutation(50), rng.permutation(50)).method
