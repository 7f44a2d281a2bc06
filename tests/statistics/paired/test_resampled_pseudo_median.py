"""Pseudo-medians of many resamples are those of each resample by itself."""

from __future__ import annotations

import numpy as np
import pytest

from nmosd_cohort.statistics.paired.resampled_pseudo_median import pseudo_medians
from nmosd_cohort.statistics.paired.signed_rank import pseudo_median


def test_each_row_is_the_pseudo_median_of_its_counts():
    rng = np.random.default_rng(4)
    changes = np.array([-5, -3, 2, -3, 0, 1, 4, 0.5])
    counts = rng.multinomial(17, np.full(8, 1 / 8), size=40)
    alone = [pseudo_median(changes[row > 0], row[row > 0]).estimate for row in counts]
    assert pseudo_medians(changes, counts) == pytest.approx(alone)


def test_by_hand_and_without_patients():
    # -4, -1, 2: pairs average -4, -2.5, -1, -1, 0.5, 2; their median is -1
    found = pseudo_medians([-4, -1, 2], [[1, 1, 1], [0, 0, 0], [2, 0, 0]])
    assert found[[0, 2]].tolist() == [-1, -4]
    assert np.isnan(found[1])
    assert np.isnan(pseudo_medians([], np.zeros((2, 0)))).all()
