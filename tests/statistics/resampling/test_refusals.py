"""Settings that resampling cannot use are told in words, and defaults are those promised."""

import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nmosd_cohort.statistics.ranks.superiority import probability_superiority
from nmosd_cohort.statistics.resampling.bootstrap import bootstrap_cells
from nmosd_cohort.statistics.resampling.max_t import max_t
from nmosd_cohort.statistics.resampling.permutation import permutation_test
from nmosd_cohort.statistics.resampling.permutation_limits import permutation_mean_difference, sign_flip_mean
from nmosd_cohort.statistics.resampling.seed import check_seed

PAIN = pd.DataFrame({"pain": [1, 2, 2, 3, 6, 7, 7, 8], "sleep": [3, 1, 4, 2, 5, 4, 7, 6]})
LABEL = [0, 0, 0, 0, 1, 1, 1, 1]


def mean(counts: np.ndarray):
    """Return the mean of cells 0, 3 and 8."""
    return float(counts @ [0.0, 3.0, 8.0] / counts.sum())


RANDOM = {
    "bootstrap_cells": lambda **options: bootstrap_cells([5, 9, 6], mean, **options),
    "permutation_test": lambda **options: permutation_test([[1, 2], [3, 4]], lambda t: float(t[0, 0]), **options),
    "permutation_mean_difference": lambda **options: permutation_mean_difference([1, 2], None, [3, 5], None, **options),
    "sign_flip_mean": lambda **options: sign_flip_mean([1, 2], **options),
    "max_t": lambda **options: max_t(PAIN, LABEL, **options),
}


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize("seed", ["x", None, -1, 1.5, math.nan])
def test_a_seed_is_a_whole_number(name: str, seed: Any):
    with pytest.raises(ValueError, match=re.escape(f"seed is {seed!r}; it must be a whole number of 0 or more")):
        RANDOM[name](seed=seed)


def test_seeds_may_be_large_and_of_any_whole_type():
    assert check_seed(2**128) == 2**128
    assert check_seed(np.int64(3)) == check_seed(3.0) == 3
    assert RANDOM["bootstrap_cells"](seed=3.0) == RANDOM["bootstrap_cells"](seed=3)


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize("size", [999.5, "x", None])
def test_draws_are_whole_numbers(name: str, size: Any):
    option = "n_resamples" if name == "bootstrap_cells" else "n_draws"
    with pytest.raises(ValueError, match=f"{option} is {size!r}; it must be a whole number"):
        RANDOM[name](seed=1, **{option: size})
    assert str(RANDOM[name](seed=1, **{option: 500.0})) == str(RANDOM[name](seed=1, **{option: 500}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"null": math.nan}, "null is nan; it must be a number"),
        ({"null": "x"}, "null is 'x'; it must be a number"),
        ({"estimate": 0.5}, "estimate is 0.5; it must be an Estimate"),
    ],
)
def test_a_permutation_test_names_what_it_cannot_use(options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        RANDOM["permutation_test"](seed=1, **options)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pd.to_datetime(["2020-01-01", None] * 4), "column 'onset' holds texts or dates"),
        (pd.to_timedelta([3, None] * 4, unit="D"), "column 'onset' holds texts or dates"),
        (["3", "4"] * 4, "column 'onset' holds texts or dates"),
        ([1, math.inf] * 4, "column 'onset' has 4 infinite values"),
    ],
)
def test_outcomes_are_numbers_and_the_column_is_named(column: Any, message: str):
    with pytest.raises(ValueError, match=message):
        max_t(PAIN.assign(onset=column), LABEL, seed=1)
    with pytest.raises(ValueError, match="outcomes is of type list; it must be a pandas DataFrame"):
        max_t([[1, 2]], LABEL, seed=1)


def test_ranks_use_the_one_seed_given():
    rng = np.random.default_rng(1)
    scales = pd.DataFrame({"pain": rng.integers(0, 6, 26)})
    label = np.repeat([0, 1], 13)
    row = max_t(scales, label, seed=99, score="rank", n_draws=999).iloc[0]
    own, other = scales["pain"][label == 1], scales["pain"][label == 0]
    expected = probability_superiority(own, None, other, None, seed=99)
    assert "seed 99" in expected.method  # else this tests nothing
    assert (row["conf_low"], row["conf_high"]) == (expected.conf_low, expected.conf_high)
    assert set(re.findall(r"seed (\d+)", row["method"])) == {"99"}


def test_bca_is_the_default():
    assert bootstrap_cells([5, 9, 6], mean, seed=1) == bootstrap_cells([5, 9, 6], mean, seed=1, method="bca")
    assert "BCa" in bootstrap_cells([5, 9, 6], mean, seed=1).method


def test_groups_of_one_value_each_have_a_difference_without_limits():
    apart = permutation_mean_difference([3] * 10, None, [1] * 10, None, seed=1)
    assert apart.method == "limits not estimable: each group holds a single value"
    assert apart.estimate == 2
    assert math.isnan(apart.conf_low)
    assert math.isnan(apart.conf_high)
    assert apart.p_value == pytest.approx(2 / math.comb(20, 10))  # the two allocations that keep the groups apart
