"""Rates with limits clustered by patient: by hand, and coverage where events cluster."""

from __future__ import annotations

import numpy as np
import pytest

from nmosd_cohort.statistics.regression.clustered_rate import clustered_rate
from nmosd_cohort.statistics.regression.rates import poisson_rate


def test_rate_by_hand_and_with_few():
    # 10 patients, 1 year each, five with 2 events: rate 1; influence 1 and -1 over 10: 10/9 * 10 / 100 -> 1/3
    rate = clustered_rate([2] * 5 + [0] * 5, [1] * 10)
    assert rate.std_error == pytest.approx(1 / 3)
    assert clustered_rate([3, 0], [1, 1]).conf_high == poisson_rate(3, 2).conf_high
    assert clustered_rate([0] * 12, [1] * 12).conf_low == 0


def test_coverage_with_events_that_cluster():
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        years = rng.uniform(1, 5, 150)
        rate = clustered_rate(rng.poisson(years * rng.gamma(1, 0.5, 150)), years)  # mean 0.5 a year
        held += rate.conf_low <= 0.5 <= rate.conf_high
    assert 0.92 <= held / 400 <= 0.98
