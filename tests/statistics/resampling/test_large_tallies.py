"""Draws from tallies of many patients or many distinct ones: limited memory, and the numbers of t."""

import math
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.resampling import allocations
from nmosd_cohort.statistics.resampling.allocations import (
    drawn_flips,
    drawn_tables,
    every_flip,
    every_table,
    sub_table_count,
    sub_tables,
)
from nmosd_cohort.statistics.resampling.max_t import max_t
from nmosd_cohort.statistics.resampling.permutation import permutation_test
from nmosd_cohort.statistics.resampling.permutation_limits import permutation_mean_difference, sign_flip_mean

MOST_BYTES = 250e6
cells_of_a_tally = st.lists(st.integers(0, 6), min_size=1, max_size=6)


@pytest.mark.parametrize("cells", [1030, 2000, 100_000])
def test_many_distinct_patients_have_too_many_tables_to_list(cells: int):
    counts = np.ones(cells, dtype=np.int64)
    assert sub_table_count(counts, cells // 2) == math.inf
    assert every_table(np.stack((counts, counts))[None]) is None


def test_counts_of_a_thousand_million_are_counted_in_little_memory():
    tracemalloc.start()
    assert sub_table_count(np.array([10**9, 10**9]), 10**9) == math.inf
    assert sub_table_count(np.array([10**9, 3]), 10**9) == 4  # 0 to 3 of the rare value
    assert sub_table_count(np.array([10**12]), 10**11) == 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6


@settings(deadline=None)
@given(cells_of_a_tally, st.data())
def test_the_count_is_that_of_the_other_group_and_of_the_polynomial(pooled: list[int], data: st.DataObject):
    # the number of tables is the coefficient of x^size in the product of 1 + x + ... + x^count over cells
    size = data.draw(st.integers(0, sum(pooled)))
    product = np.ones(1)
    for count in pooled:
        product = np.convolve(product, np.ones(count + 1))
    counts = np.array(pooled)
    assert sub_table_count(counts, size) == sub_table_count(counts, sum(pooled) - size) == product[size]


def test_one_patient_against_many_is_listed_as_long_as_it_fits():
    counts = np.ones(1500, dtype=np.int64)
    rows, chances = sub_tables(counts, 1)
    assert (rows.sum(axis=1) == 1).all()
    assert chances == pytest.approx(np.full(1500, 1 / 1500))
    alone = np.zeros(9000, dtype=np.int64)
    alone[0] = 1
    assert sub_table_count(np.ones(9000, dtype=np.int64), 1) == 9000
    assert every_table(np.stack((alone, 1 - alone))[None]) is None


def test_distinct_patients_have_the_limits_of_t_in_little_memory():
    rng = np.random.default_rng(1)
    x, y = rng.normal(0.1, size=(2, 2500))
    tracemalloc.start()
    shift = permutation_mean_difference(x, None, y, None, seed=1, n_draws=1999)
    flip = sign_flip_mean(x, seed=1, n_draws=1999)
    compared = max_t(pd.DataFrame({"pain": np.r_[x, y]}), np.repeat([1, 0], 2500), seed=1, n_draws=1999)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST_BYTES
    welch, paired = stats.ttest_ind(x, y), stats.ttest_1samp(x, 0)
    limits, own = welch.confidence_interval(), paired.confidence_interval()
    # 1999 draws know a limit to about 1 / 20 of a standard error, here 0.0014; p to about 0.02
    assert (shift.conf_low, shift.conf_high) == pytest.approx((limits.low, limits.high), abs=0.006)
    assert (flip.conf_low, flip.conf_high) == pytest.approx((own.low, own.high), abs=0.006)
    assert shift.p_value == pytest.approx(welch.pvalue, abs=0.05)
    assert compared["p_value"].iloc[0] == pytest.approx(welch.pvalue, abs=0.05)


def test_a_million_patients_in_eleven_cells_have_the_limits_of_t():
    rng = np.random.default_rng(2)
    levels = np.arange(11.0)
    own, other = (rng.multinomial(500_000, np.ones(11) / 11) for _ in range(2))
    shift = permutation_mean_difference(levels, own, levels, other, seed=1)
    gap = own @ levels / 5e5 - other @ levels / 5e5
    reach = 1.959964 * math.sqrt(10 * 2 / 5e5)  # variance of 0 to 10 alike: (11^2 - 1) / 12 = 10
    assert (shift.conf_low, shift.conf_high) == pytest.approx((gap - reach, gap + reach), abs=5e-4)


def test_patients_drawn_one_by_one_have_hypergeometric_moments():
    # cells of one patient: each is in the first group with chance 3 / 10
    counts = np.ones(500, dtype=np.int64)
    first = np.where(np.arange(500) < 150, 1, 0)
    drawn = np.concatenate([block[:, 0, 0] for block in drawn_tables(np.stack((first, counts - first))[None], 4000, 1)])
    assert (drawn.sum(axis=1) == 150).all()
    assert drawn.max() == 1
    # 500 means of 4000 draws: the farthest of them about 3.5 errors of sqrt(0.21 / 4000) away
    assert np.abs(drawn.mean(axis=0) - 0.3).max() < 0.04


def test_signs_of_many_differences_are_drawn_in_blocks(monkeypatch: pytest.MonkeyPatch):
    counts = np.ones(1500, dtype=np.int64)
    assert every_flip(counts) is None
    whole = np.concatenate(list(drawn_flips(counts, 50, 3)))
    monkeypatch.setattr(allocations, "BLOCK_CELLS", 15_000)
    blocks = list(drawn_flips(counts, 50, 3))
    assert [len(block) for block in blocks] == [10] * 5
    assert (np.concatenate(blocks) == whole).all()
    assert every_flip(np.full(9, 2)) is not None  # 3^9 = 19683
    assert every_flip(np.array([19_999])) is not None
    assert every_flip(np.array([20_000])) is None


def test_a_thousand_million_patients_are_refused():
    message = "there are 2000000000 patients; patients are dealt afresh up to 999999999"
    with pytest.raises(ValueError, match=message):
        permutation_mean_difference([0, 1], [5 * 10**8] * 2, [0, 1], [5 * 10**8] * 2, seed=1)
    with pytest.raises(ValueError, match=message):
        permutation_test([[5 * 10**8] * 2] * 2, lambda t: float(t[0, 0]), seed=1)
