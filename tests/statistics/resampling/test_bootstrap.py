"""The bootstrap through a tally: repeatable, right on known statistics, honest where there is nothing to draw."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.resampling.bootstrap import _acceleration, bootstrap_cells, resample, usable_replicates

VALUES = np.array([0.0, 1.0, 2.0, 4.0, 9.0])
COUNTS = np.array([12, 9, 7, 6, 3])


def mean(counts: list[int]):
    """Return the mean of the tally."""
    return float(counts @ VALUES / counts.sum())


def spread(counts: list[int]):
    """Return the standard deviation of the tally."""
    return math.sqrt(float(counts @ (VALUES - mean(counts)) ** 2 / counts.sum()))


def test_the_standard_error_of_a_mean_is_known():
    boot = bootstrap_cells(COUNTS, mean, seed=1, n_resamples=4000)
    assert boot.estimate == mean(COUNTS)
    assert boot.std_error == pytest.approx(spread(COUNTS) / math.sqrt(37), rel=0.05)
    assert (boot.n, boot.conf_level) == (37, 0.95)


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize("statistic", [mean, spread])
def test_limits_are_those_of_scipy_on_rows(method: str, statistic: Callable[[np.ndarray], float]):
    rows = np.repeat(np.arange(5), COUNTS)

    def on_rows(sample: np.ndarray, axis: int = -1) -> np.ndarray:
        picked = VALUES[sample.astype(int)]
        return picked.mean(axis=axis) if statistic is mean else picked.std(axis=axis)

    expected = stats.bootstrap(
        (rows,), on_rows, n_resamples=9999, method="BCa" if method == "bca" else "percentile", rng=2
    ).confidence_interval
    boot = bootstrap_cells(COUNTS, statistic, seed=3, n_resamples=9999, method=method)
    assert boot.conf_low == pytest.approx(expected.low, rel=0.03)
    assert boot.conf_high == pytest.approx(expected.high, rel=0.03)
    assert ("BCa" in boot.method) == (method == "bca")


def test_bca_differs_from_percentile_where_the_statistic_is_skewed():
    plain = bootstrap_cells(COUNTS, spread, seed=3, method="percentile")
    corrected = bootstrap_cells(COUNTS, spread, seed=3, method="bca")
    assert corrected.conf_low > plain.conf_low
    assert corrected.conf_high > plain.conf_high


def test_the_same_seed_gives_the_same_limits():
    one, two, other = (bootstrap_cells(COUNTS, mean, seed=seed) for seed in (5, 5, 6))
    assert one == two
    assert one.conf_low != other.conf_low


def test_empty_cells_change_nothing_in_bca():
    one = bootstrap_cells(COUNTS, spread, seed=1, method="bca")
    two = bootstrap_cells(np.insert(COUNTS, 0, 0), lambda n: spread(n[1:]), seed=1, method="bca")
    assert (one.conf_low, one.conf_high) == (two.conf_low, two.conf_high)


def test_resamples_keep_the_number_of_patients_and_the_shares():
    drawn = resample(COUNTS, 5000, np.random.default_rng(1))
    assert (drawn.sum(axis=1) == 37).all()
    assert drawn.mean(axis=0).tolist() == pytest.approx(COUNTS.tolist(), rel=0.05)


@pytest.mark.parametrize(
    ("counts", "statistic", "reason"),
    [
        ([0, 0], mean, "not estimable: no patients"),
        ([3, 4], lambda n: math.nan, "not estimable: the statistic has no value"),
        ([3, 4], lambda n: 1.0, "limits not estimable: all resamples give the same value"),
        ([3, 4], lambda n: 1.0 if n[0] == 3 else math.nan, "limits not estimable: "),
    ],
)
@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_nothing_to_draw_from_says_why(
    counts: list[int], statistic: Callable[[np.ndarray], float], reason: str, method: str
):
    boot = bootstrap_cells(counts, statistic, seed=1, method=method)
    assert boot.method.startswith(reason)
    assert math.isnan(boot.conf_low)


def test_resamples_without_a_value_are_left_out_and_counted():
    boot = bootstrap_cells(
        [2, 6], lambda n: n[1] / n[0] if n[0] else math.nan, seed=1, n_resamples=1000, method="percentile"
    )
    lost = int(boot.method.split(", ")[4].split()[0])
    assert lost == pytest.approx(1000 * 0.75**8, abs=40)
    assert boot.conf_low < 3 < boot.conf_high


def test_bca_without_a_value_when_one_patient_is_left_out_is_percentile():
    edge = bootstrap_cells([5, 1], lambda n: n[0] / n[1] if n[1] else math.nan, seed=1, method="bca")
    assert "percentile because leaving out one patient gives no value" in edge.method


def test_a_statistic_that_no_patient_moves_has_no_acceleration():
    boot = bootstrap_cells(
        [20, 20], lambda n: float(n[0] // 25) + float(n[0] < 15) * -1, seed=1, method="bca", n_resamples=2000
    )
    assert boot.method.startswith("bootstrap of patients, BCa")
    assert boot.conf_low <= boot.estimate <= boot.conf_high


def test_an_estimate_beyond_every_resample_has_percentile_limits():
    boot = bootstrap_cells(
        [30, 30, 30], lambda n: 9.0 if tuple(n) == (30, 30, 30) else n[0] / 90, seed=2, n_resamples=100, method="bca"
    )
    assert "percentile because every resample lies on one side of the estimate" in boot.method


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_resamples": 10}, "n_resamples is 10; limits need at least 100"),
        ({"method": "basic"}, "method is 'basic'; it must be one of percentile, bca"),
        ({"conf_level": 95}, "conf_level is 95"),
    ],
)
def test_wrong_settings_are_named(arguments: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        bootstrap_cells(COUNTS, mean, seed=1, **arguments)


def test_half_of_the_resamples_must_have_a_value():
    assert usable_replicates(np.array([1.0, math.nan, math.nan, 2.0]))[1] == "2 of 4 resamples have no value"
    assert usable_replicates(np.array([1.0, 2.0, math.nan]))[1] == ""


def mean_of_rows(counts: np.ndarray):
    """Return the mean of each row of counts."""
    return counts @ VALUES / counts.sum(axis=1)


def spread_of_rows(counts: np.ndarray):
    """Return the standard deviation of each row of counts."""
    n = counts.sum(axis=1)
    return np.sqrt(np.maximum(counts @ VALUES**2 / n - (counts @ VALUES / n) ** 2, 0))


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize(("one", "many"), [(mean, mean_of_rows), (spread, spread_of_rows)])
def test_a_vectorised_statistic_gives_the_same_limits(
    one: Callable[[np.ndarray], float],
    many: Callable[[np.ndarray], np.ndarray],
    method: str,
    monkeypatch: pytest.MonkeyPatch,
):
    row_by_row = bootstrap_cells(COUNTS, one, seed=7, method=method)
    at_once = bootstrap_cells(COUNTS, many, seed=7, method=method, vectorized=True)
    monkeypatch.setattr("nmosd_cohort.statistics.resampling.bootstrap.BLOCK_CELLS", 35)
    in_blocks = bootstrap_cells(COUNTS, many, seed=7, method=method, vectorized=True)
    for other in (at_once, in_blocks):
        for name in ("estimate", "conf_low", "conf_high", "std_error"):
            assert getattr(row_by_row, name) == pytest.approx(getattr(other, name), abs=1e-10), name
        assert row_by_row.method == other.method


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 6), min_size=3, max_size=6).filter(lambda counts: sum(counts) > 2))
def test_acceleration_is_that_of_leaving_out_each_patient(counts: list[int]):
    cells, values = np.array(counts), np.arange(len(counts)) ** 2.0

    def mean_square(rows: np.ndarray) -> np.ndarray:
        return (rows @ values / rows.sum(axis=1)) ** 2

    patients = np.repeat(values, cells)
    jackknife = np.array([np.delete(patients, row).mean() ** 2 for row in range(patients.size)])
    distance = jackknife.mean() - jackknife
    spread_of_jackknife = (distance**2).sum()
    if spread_of_jackknife < 1e-9:
        return
    expected = (distance**3).sum() / (6 * spread_of_jackknife**1.5)
    assert _acceleration(cells, mean_square) == pytest.approx(expected, abs=1e-10)


def test_a_patient_alone_has_no_jackknife():
    assert math.isnan(_acceleration(np.array([0, 1]), lambda rows: rows[:, 1] * 1.0))


def test_a_vectorised_statistic_must_give_one_number_a_row():
    with pytest.raises(ValueError, match=r"statistic gave shape \(5,\) for 1 rows of counts"):
        bootstrap_cells(COUNTS, lambda rows: rows.sum(axis=0), seed=1, vectorized=True)
