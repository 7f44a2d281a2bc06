"""Difference of two rank correlations of the same patients."""

import numpy as np
import pytest
from scipy.stats import spearmanr

import nmosd_cohort as nc

RNG = np.random.default_rng(2)
PAIN = RNG.integers(0, 11, 120)
MOOD = RNG.integers(0, 20, 120)
TOTAL = MOOD + PAIN


def test_estimate_is_that_of_scipy():
    found = nc.statistics.spearman_part_difference(PAIN, TOTAL, MOOD, seed=1, n_resamples=200)
    expected = spearmanr(PAIN, MOOD).statistic - spearmanr(PAIN, TOTAL).statistic
    assert found.estimate == pytest.approx(expected)
    assert found.conf_high < 0


def test_counts_are_patients():
    once = nc.statistics.spearman_part_difference(PAIN, TOTAL, MOOD, seed=1, n_resamples=100)
    thrice = nc.statistics.spearman_part_difference(PAIN, TOTAL, MOOD, [3] * 120, seed=1, n_resamples=100)
    assert (thrice.n, thrice.estimate) == (360, pytest.approx(once.estimate))


def test_a_constant_part_has_no_correlation():
    found = nc.statistics.spearman_part_difference(PAIN, TOTAL, [1] * 120, seed=1, n_resamples=100)
    assert np.isnan(found.estimate)
    assert "no value" in found.method


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="have 3, 3, 2 entries"):
        nc.statistics.spearman_part_difference([1, 2, 3], [1, 2, 3], [1, 2], seed=1)
