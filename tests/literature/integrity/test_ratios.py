"""Symmetry of limits: on the log scale for ratios, on the plain one for differences."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_cohort.literature.integrity.ratios import (
    arm_ratio,
    check_difference_symmetry,
    check_ratio_symmetry,
    nearest_to_one,
)


def statuses(*numbers: float, decimals: int = 2) -> list[str]:
    return [one.status for one in check_ratio_symmetry(*numbers, decimals, decimals)]


def test_sparse_data_are_told_though_symmetric() -> None:
    # sqrt(1.37 * 182.15) = 15.80; 182.15 / 1.37 = 133
    found = check_ratio_symmetry(15.78, 1.37, 182.15, 2, 2)
    assert [(one.check, one.status) for one in found] == [
        ("log symmetry of limits", "consistent"),
        ("sparse data", "informative"),
    ]
    assert "133" in found[1].recomputed


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        ((4.15, 1.40, 12.35), "consistent"),  # geometric mean 4.158
        ((5.65, 1.74, 18.18), "consistent"),  # 5.624
        ((2.0, 1.0, 8.0), "informative"),  # arms log 2 and log 4
        ((2.0, 1.5, 10.0), "inconsistent"),  # log(5) / log(4/3) = 5.6
        ((2.0, 0.5, 3.5), "informative"),  # symmetric on the plain scale
        ((0.2, 0.0, 0.9), "not checkable"),
        ((5.0, 1.0, 3.0), "inconsistent"),
        ((2.0, 1.2, 150.0), "informative"),  # sparse, arms differ 8.5 times
        ((0.5, 1.2, 150.0), "inconsistent"),
    ],
)
def test_verdict_on_a_ratio(numbers: tuple[float, float, float], status: str) -> None:
    assert statuses(*numbers)[0] == status


@given(st.floats(-3, 3), st.floats(0.01, 2))
def test_every_ratio_with_log_limits_is_symmetric(log_ratio: float, error: float) -> None:
    printed = [round(math.exp(log_ratio + reach * error), 2) for reach in (0, -1.96, 1.96)]
    assert statuses(*printed)[0] in {"consistent", "not checkable"}


def test_a_lost_sign_is_named() -> None:
    # the middle of -1.89 and +0.31 is -0.79
    found = check_difference_symmetry(-0.79, -1.89, -0.31, 2, 2)
    assert (found.status, "-1.89 to 0.31" in found.detail) == ("informative", True)
    turned = check_difference_symmetry(0.79, 0.31, 1.89, 2, 2)
    assert "-0.31 to 1.89" in turned.detail


def test_verdict_on_a_difference() -> None:
    assert check_difference_symmetry(-0.81, -1.04, -0.58, 2, 2).status == "consistent"
    # arms 0.92 and 0.11
    assert check_difference_symmetry(-2.6, -2.71, -1.68, 1, 2).status == "inconsistent"
    assert check_difference_symmetry(1.0, 0.0, 3.0, 1, 1).status == "informative"


def test_arms_without_length() -> None:
    assert arm_ratio((1, 1), (1, 1), (1, 1)) == (1.0, 1.0)
    assert arm_ratio((1, 1), (1, 1), (2, 2)) == (math.inf, math.inf)
    assert nearest_to_one((0.0, 0.0)) == math.inf
    assert nearest_to_one((math.inf, math.inf)) == math.inf
    assert check_difference_symmetry(5.0, 1.0, 3.0, 2, 2).status == "inconsistent"
    assert check_difference_symmetry(0.5, 1.0, 3.0, 2, 2).status == "inconsistent"
