"""Printed numbers, against texts written by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_cohort.report.format import count_text, decimal, estimate_text, p_text, percent


@pytest.mark.parametrize(
    ("share", "n", "printed"),
    [
        (35 / 122, 122, "28.7 %"),
        (6 / 7, 7, "86 %"),
        (6 / 19, 19, "32 %"),
        (6 / 20, 20, "30.0 %"),
        (1.0, 40, "100.0 %"),
        (0.0, 5, "0 %"),
        (0.5, None, "50.0 %"),
    ],
)
def test_percent_has_no_decimals_below_twenty_patients(share: float, n: float | None, printed: str):
    assert percent(share, n) == printed


@pytest.mark.parametrize(
    ("numbers", "kind", "n", "printed"),
    [
        ((0.287, 0.214, 0.373), "share", 122, "28.7 % (21.4 to 37.3)"),
        ((-0.046, -0.2, 0.1), "share_difference", 50, "−4.6 pp (−20.0 to 10.0)"),
        ((0.21, 0.036, 0.723), "ratio", 7, "0.21 (0.036 to 0.72)"),
        ((15.8, 1.4, 182.0), "ratio", 120, "15.8 (1.40 to 182)"),
        ((3.5, math.nan, math.nan), "points", 9, "3.5 (no interval)"),
        ((3.5, 2.0, math.nan), "points", 9, "3.5 (2.0 to not estimated)"),
        ((math.nan, math.nan, math.nan), "ratio", 9, "not estimated"),
        ((math.nan, 0.25, 0.75), "share", 12, "between 25 % and 75 %"),
        ((-0.001, -0.02, 0.02), "correlation", 90, "0.00 (−0.02 to 0.02)"),
    ],
)
def test_estimate_is_printed_with_its_interval(
    numbers: tuple[float, float, float], kind: str, n: float | None, printed: str
):
    assert estimate_text(*numbers, kind=kind, n=n) == printed


def test_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'percent'; known: share, share_difference"):
        estimate_text(0.1, kind="percent")


@pytest.mark.parametrize(
    ("p_value", "printed"),
    [(0.0004, "<0.001"), (0.0013, "0.001"), (0.0476, "0.048"), (0.0512, "0.051"), (0.2, "0.20"), (0.995, ">0.99")],
)
def test_p_value(p_value: float, printed: str):
    assert p_text(p_value) == printed


@given(st.floats(0, 1))
def test_printed_p_never_changes_sides_of_the_five_percent_line(p_value: float):
    bare = p_text(p_value).lstrip("<>")
    assert (float(bare) < 0.05) == (p_value < 0.05) or round(p_value, 3) == 0.05


@given(st.floats(-1e6, 1e6, allow_nan=False))
def test_decimal_is_never_minus_zero_and_uses_the_true_minus(value: float):
    text = decimal(value, 1)
    assert "-" not in text
    assert text not in ("−0.0", "-0.0")


def test_missing_is_a_word():
    assert count_text(None, None) == "not recorded"
    assert p_text(math.nan) == "not tested"
