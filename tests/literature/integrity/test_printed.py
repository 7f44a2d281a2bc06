"""Printed numbers and the values behind them, by hand and against the rounding of the decimal module."""

from dataclasses import FrozenInstanceError
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_cohort.literature.integrity.finding import Check
from nmosd_cohort.literature.integrity.printed import (
    Interval,
    as_printed,
    exact,
    possible_values,
    printed_interval,
    share_possible,
)

ROUNDING = st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN])
EXACT = st.decimals(min_value=-1000, max_value=1000, places=5)


@pytest.mark.parametrize(
    ("value", "decimals", "low", "high"),
    [
        ("26.40", None, "26.395", "26.41"),  # cut off: 26.40 to below 26.41
        (26.4, 2, "26.395", "26.41"),
        (-1.5, 1, "-1.6", "-1.45"),  # cut off towards zero: from above -1.6
        (0, 1, "-0.1", "0.1"),
        (7, 0, "6.5", "8"),
        (np.float64(0.9), 1, "0.85", "1.0"),
        (np.int64(3), 0, "2.5", "4"),
    ],
)
def test_interval_by_hand(value: Any, decimals: int | None, low: str, high: str) -> None:
    assert possible_values(value, decimals) == (Decimal(low), Decimal(high))


def test_without_truncation_the_interval_is_half_a_unit_either_way() -> None:
    assert possible_values("26.40", truncation=False) == (Decimal("26.395"), Decimal("26.405"))
    assert possible_values("0", truncation=False) == (Decimal("-0.5"), Decimal("0.5"))


def test_a_number_is_not_printed_as_its_lower_neighbour() -> None:
    assert not printed_interval("0.2").holds(Fraction(3, 10))
    assert not printed_interval("-0.2").holds(Fraction(-3, 10))
    assert printed_interval("0.0").holds(Fraction(-99, 1000))
    assert not printed_interval("0.0").holds(Fraction(1, 10))


@given(value=EXACT, decimals=st.integers(0, 4), rule=ROUNDING)
def test_whatever_is_printed_lies_in_its_interval(value: Decimal, decimals: int, rule: str) -> None:
    shown = value.quantize(Decimal(1).scaleb(-decimals), rounding=rule)
    low, high = possible_values(shown, decimals)
    assert low <= value <= high
    assert printed_interval(shown, decimals).holds(Fraction(value))
    if rule != ROUND_DOWN:
        assert printed_interval(shown, decimals, truncation=False).holds(Fraction(value))


@given(value=EXACT, decimals=st.integers(0, 3))
def test_interval_holds_nothing_that_prints_otherwise(value: Decimal, decimals: int) -> None:
    unit = Decimal(1).scaleb(-decimals)
    printed = {value.quantize(unit, rounding=rule) for rule in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)}
    nearest = value.quantize(unit, rounding=ROUND_DOWN)
    for shown in (nearest - unit, nearest, nearest + unit):
        if shown != 0:  # minus and plus zero print alike
            assert printed_interval(shown, decimals).holds(Fraction(value)) == (shown in printed)


@given(value=EXACT)
def test_negative_numbers_mirror_positive_ones(value: Decimal) -> None:
    low, high = possible_values(value)
    assert possible_values(-value) == (-high, -low)


@pytest.mark.parametrize(
    ("value", "decimals", "message"),
    [
        (26.43, 1, "value is 26.43; a number printed with 1 decimals cannot have more digits"),
        (26.4, None, "say how many decimals were printed, or give it as text"),
        ("26,4", 1, "value is '26,4'; it must be a number"),
        (float("nan"), 1, "must be finite"),
        (10**15, 0, "below 10 to the power of 15"),
        (True, 0, "value is True; it must be a number"),
        (1.5, 13, "decimals is 13; it must be a whole number from 0 to 12"),
        (1.5, -1, "decimals is -1"),
        (1.5, 1.5, "decimals is 1.5"),
        (1.0, True, "decimals is True"),
    ],
)
def test_what_cannot_be_a_printed_number_is_refused(value: Any, decimals: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        possible_values(value, decimals)


def test_texts_keep_zeros_at_the_end() -> None:
    assert str(as_printed(" 3.0 ")) == "3.0"
    assert str(as_printed("30")) == "30"
    assert as_printed(Fraction(1, 4), 2) == Decimal("0.25")
    assert exact("step", "0.5") == exact("step", Fraction(1, 2)) == Fraction(1, 2)


def test_squares_of_an_interval_keep_its_ends() -> None:
    # 1.15 squared to below 1.3 squared
    assert printed_interval("1.2").squared() == Interval(Fraction(13225, 10**4), Fraction(169, 100), True, False)
    zero = printed_interval("0.0").squared()
    assert zero.holds(Fraction(0))
    assert not zero.holds(Fraction(1, 100))


def test_whole_numbers_of_open_and_closed_intervals() -> None:
    two_to_four = {(low, high): list(Interval(Fraction(2), Fraction(4), low, high).whole_numbers())
                   for low in (True, False) for high in (True, False)}  # fmt: skip
    assert two_to_four == {
        (True, True): [2, 3, 4],
        (True, False): [2, 3],
        (False, True): [3, 4],
        (False, False): [3],
    }


@pytest.mark.parametrize("truncation", [True, False])
@pytest.mark.parametrize(
    ("n", "decimals"), [(7, 1), (8, 1), (3, 2), (13, 1), (16, 2), (25, 1), (64, 2), (90, 2), (9, 0)]
)
def test_share_of_possible_means_by_counting(n: int, decimals: int, truncation: bool) -> None:
    # printed means from 0.0 to 9.9...: an interval that holds a sum over n, of all of them
    many = 10 ** (decimals + 1)
    fit = [
        bool(
            printed_interval(Fraction(k, 10**decimals), decimals, truncation=truncation)
            .times(Fraction(n))
            .whole_numbers()
        )
        for k in range(many, 2 * many)
    ]
    assert share_possible(Fraction(1, n), decimals, truncation=truncation) == pytest.approx(sum(fit) / many, abs=1e-12)


def test_share_of_possible_percentages_by_hand() -> None:
    # 1/7 is 1.43 tenths: by rounding 7 of 10 one-decimal means are possible, as Brown and Heathers say
    assert share_possible(Fraction(1, 7), 1, truncation=False) == pytest.approx(0.7)
    assert share_possible(Fraction(1, 7), 1) == 1
    # multiples of 0.8 %: 1000 / 125 = 8 steps apart; never a fraction, so one printed value each
    assert share_possible(Fraction(100, 125), 1) == pytest.approx(1 / 8)


def test_a_check_cannot_be_changed() -> None:
    found = Check("sum", "consistent", "7", "7", "")
    with pytest.raises(FrozenInstanceError):
        found.status = "inconsistent"  # type: ignore[misc]
