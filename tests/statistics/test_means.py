"""The mean of a counted sample, against scipy and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from nmosd_cohort.statistics.means import mean


def test_limits_are_those_of_a_one_sample_t_test():
    values, counts = np.array([1.0, 2.0, 5.0]), np.array([3, 1, 2])
    found = mean(values, counts, conf_level=0.9)
    expected = stats.ttest_1samp(np.repeat(values, counts), 0).confidence_interval(0.9)
    assert found.estimate == pytest.approx(2.5)
    assert (found.conf_low, found.conf_high) == pytest.approx((expected.low, expected.high))
    assert found.n == 6


@pytest.mark.parametrize("counts", [[1], [4]])
def test_one_value_has_a_mean_and_no_limits(counts):
    found = mean([3.0], counts)
    assert found.estimate == 3
    assert math.isnan(found.conf_low)
    assert "no limits" in found.method


def test_nobody_has_no_mean():
    assert mean([], []).method.startswith("not estimable")
