"""Standardised differences of shares, categories and scores: R, by hand, laws and what cannot be estimated."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from nmosd_cohort import statistics as s

REFERENCE = pd.read_csv(Path(__file__).parents[2] / "reference" / "balance.csv")


def numbers(text):
    return [int(part) for part in text.split()]


@pytest.mark.parametrize("row", REFERENCE.to_dict("records"), ids=lambda row: f"{row['case']} {row['quantity']}")
def test_numbers_of_r(row):
    x, y = numbers(row["x"]), numbers(row["y"])
    if row["case"] == "shares":
        found = s.standardised_share_difference(*x, *y, conf_level=row["conf_level"])
    else:
        found = s.standardised_category_difference(x, y, conf_level=row["conf_level"])
    assert getattr(found, row["quantity"]) == pytest.approx(row["value"], abs=1e-8)
    assert math.isnan(found.p_value)


def test_two_categories_are_the_size_of_the_share_difference():
    # shares 0.75 and 0.5: 0.25 / sqrt((0.1875 + 0.25) / 2) = 0.5345
    share = s.standardised_share_difference(30, 40, 50, 100)
    assert share.estimate == pytest.approx(0.25 / math.sqrt(0.21875))
    assert s.standardised_category_difference([30, 10], [50, 50]).estimate == pytest.approx(share.estimate)
    assert s.standardised_share_difference(50, 100, 30, 40).estimate == pytest.approx(-share.estimate)


def test_order_of_categories_and_empty_ones_do_not_matter():
    one = s.standardised_category_difference([5, 3, 2], [4, 8, 6])
    other = s.standardised_category_difference([2, 0, 5, 3], [6, 0, 4, 8])
    assert one.estimate == pytest.approx(other.estimate)
    assert one.conf_high == pytest.approx(other.conf_high)


def test_equal_groups_have_distance_0_and_a_lower_limit_of_0():
    found = s.standardised_category_difference([10, 20, 30], [20, 40, 60])
    assert found.estimate == pytest.approx(0, abs=1e-7)
    assert found.conf_low == 0
    assert found.conf_high >= found.estimate


def test_scores_by_hand():
    # x 1, 3 against y 2, 2: one of two scores of x is higher, P = 0.5 and the distance 0; shifted by 5: no overlap
    assert s.standardised_score_difference([1, 3], None, [2, 2], None).estimate == pytest.approx(0)
    assert s.standardised_score_difference([6, 8], None, [2, 2], None).method.endswith("do not overlap")
    # P = 0.75: sqrt(2) * 0.67449
    found = s.standardised_score_difference([2, 4], None, [1, 3], None)
    assert found.estimate == pytest.approx(math.sqrt(2) * 0.6744897501960817)
    assert math.isnan(found.p_value)


def test_scores_of_a_normal_shift_come_near_the_shift_in_standard_deviations():
    # quantiles of two normal distributions 0.8 standard deviations apart
    from statistics import NormalDist

    grid = [(i + 0.5) / 400 for i in range(400)]
    x, y = ([NormalDist(shift).inv_cdf(share) for share in grid] for shift in (0.8, 0.0))
    found = s.standardised_score_difference(x, None, y, None)
    assert found.estimate == pytest.approx(0.8, abs=0.01)
    assert found.conf_low < 0.8 < found.conf_high


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (s.standardised_share_difference(0, 0, 1, 2), "no patients"),
        (s.standardised_share_difference(0, 3, 2, 2), "single value"),
        (s.standardised_share_difference(3, 3, 2, 2), "single value"),
        (s.standardised_category_difference([0, 0], [1, 2]), "no patients"),
        (s.standardised_category_difference([3], [2]), "one category"),
        (s.standardised_category_difference([3, 0], [0, 2]), "share no category"),
        (s.standardised_score_difference([], None, [1], None), "no patients"),
    ],
)
def test_what_cannot_be_estimated_says_why(found, reason):
    assert reason in found.method
    assert math.isnan(found.conf_low)


def test_limits_of_one_patient_a_group_and_wrong_counts():
    single = s.standardised_score_difference([3], None, [1, 3], None)
    assert math.isnan(single.conf_low)
    with pytest.raises(ValueError, match="counts"):
        s.standardised_category_difference([1, 2], [1])
    with pytest.raises(ValueError, match="more than"):
        s.standardised_share_difference(3, 2, 1, 2)


def test_limits_that_reach_0_or_1_are_open():
    found = s.standardised_score_difference([1, 5, 6, 7], None, [1, 2, 2, 3], None)
    assert found.conf_high >= found.estimate
