"""Percentages and counts: the cases found in the literature, brute force, and no false alarm on honest papers."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_cohort.literature.integrity.percentages import (
    check_percentage,
    fitting_counts,
    fitting_denominators,
    possible_denominators,
    printed_percentages,
)

RULES = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)


def honest_percentage(events: int, n: int, decimals: int, rule: str) -> str:
    return str((Decimal(100 * events) / n).quantize(Decimal(1).scaleb(-decimals), rounding=rule))


def test_neuropathic_pain_of_ayzenberg_is_no_share_of_125() -> None:
    # 82/125 = 65.6 %, 83/125 = 66.4 %; 81/123 = 65.85 %
    assert fitting_counts("65.9", 125) == ()
    assert possible_denominators("65.9", None, 100, 125) == {123: (81,)}
    found = check_percentage("65.9", 125)
    assert found.status == "inconsistent"
    assert found.detail == "No whole count of 125 prints as 65.9 %. With 100 to 125 patients it can be 81/123."
    # the two other percentages of the paper do fit 125: 86/125 = 68.8 %, 33/125 = 26.4 %
    assert fitting_counts("68.8", 125) == (86,)
    assert fitting_counts("26.4", 125) == (33,)


def test_neuropathic_pain_of_xue_is_a_share_of_those_with_pain() -> None:
    # 93/117 = 79.49 %; 115/145 = 79.31 % and 116/145 = 80.00 %
    assert fitting_counts("79.5", 117) == (93,)
    assert fitting_counts("79.5", 145) == ()
    assert check_percentage("79.5", 145).status == "inconsistent"
    assert check_percentage("79.5", 117, events=93).status == "consistent"
    assert fitting_counts("64.1", 145) == (93,)


def test_117_is_the_denominator_and_not_the_count() -> None:
    # 71/117 = 60.68 %; 117/192 = 60.94 %, 117/193 = 60.62 %
    assert fitting_counts("60.7", 117) == (71,)
    assert list(fitting_denominators("60.7", 117)) == []
    found = check_percentage("60.7", 193, events=117)
    assert (found.status, found.recomputed) == ("inconsistent", "60.62 %")
    assert found.detail.startswith("117 of 193 is 60.62 %. No count of 193, and no n for 117, fits.")


def test_upper_end_of_tonic_spasm_is_cut_off() -> None:
    # 4/15 = 26.667 %, 52/230 = 22.609 %
    assert fitting_counts("26.66", 15) == (4,)
    assert fitting_counts("26.66", 15, truncation=False) == ()
    found = check_percentage("26.66", 15, events=4)
    assert (found.status, found.recomputed) == ("consistent", "26.667 %")
    assert found.detail.endswith("It fits only if digits were cut off, not by rounding.")
    assert fitting_counts("22.61", 230) == (52,)


@pytest.mark.parametrize(
    ("percent", "events", "n"), [("86.2", 25, 29), ("40.9", 27, 66), ("80.7", 117, 145), ("43.0", 37, 86)]
)
def test_counts_that_agree_with_their_percentages(percent: str, events: int, n: int) -> None:
    found = check_percentage(percent, n, events=events)
    assert found.status == "consistent"
    assert found.detail == f"{events} of {n} prints as {percent} %."


def test_a_wrong_count_is_told_what_would_fit() -> None:
    # 37/86 = 43.02 %; 36/84 = 42.86, 36/83 = 43.37: no n for 36
    assert check_percentage("43.0", 86, events=36).detail == ("36 of 86 is 41.86 %. 43.0 % would be 37 of 86.")
    # 30 of 40 is 75 %; 29 of 40 is 72.5 %, and 30/40 and 30/41 = 73.17
    assert check_percentage("75", 41, events=30).detail == "30 of 41 is 73.2 %. 75 % would be 31 of 41 or 30 of 40."
    assert check_percentage("50", 7, events=0).detail == "0 of 7 is 0.0 %. No count of 7, and no n for 0, fits."


def test_a_share_taken_from_100_is_told() -> None:
    # 27/67 = 40.2985 %, cut off 40.29; 100 - 40.29 = 59.71, where 40/67 is 59.7015 %
    found = check_percentage("59.71", 67, events=40)
    assert (found.status, found.recomputed) == ("inconsistent", "59.701 %")
    assert found.detail.endswith("as where the other share, cut off, is taken from 100 %.")
    assert "last digit" not in check_percentage("59.72", 67, events=40).detail


def test_power_is_said() -> None:
    # steps of 0.8 %: one in eight one-decimal percentages is possible
    assert check_percentage("68.8", 125).detail.endswith("Of all such percentages 12% fit a count of 125.")
    everything = check_percentage("68.8", 2000)
    assert everything.status == "not checkable"
    assert everything.detail.startswith("With 2000 patients any percentage of so many decimals fits")
    # 49.5 % of 2000 is 990; 51 % is 1020
    assert check_percentage("50", 2000).recomputed == "990 to 1019 of 2000"
    # 70 patients, steps of 1.43: any whole percentage fits if cut off, seven of ten by rounding
    rounded = check_percentage("50", 70)
    assert rounded.status == "not checkable"
    assert rounded.detail == "If digits may be cut off, any such percentage fits a count of 70, by rounding 70%."
    # 33/70 = 47.14, 34/70 = 48.57: 48 is possible as cut off only
    cut = check_percentage("48", 70)
    assert (cut.status, cut.recomputed) == ("informative", "34 of 70")
    assert cut.detail.endswith("It fits only if digits were cut off, not by rounding.")


def test_denominators_are_told() -> None:
    assert possible_denominators("65.9", None, 100, 125) == {123: (81,)}
    assert possible_denominators("65.9", None, 100, 122) == {}
    # 50.0 % is half of every even number; of an odd one, of 1001 or more (cut off, of 1003 or more)
    assert set(possible_denominators("50.0", None, 200, 300)) == set(range(200, 301, 2))
    assert possible_denominators("60.7", None, 110, 120) == {112: (68,), 117: (71,)}
    assert check_percentage("99.9", 10).detail.endswith("Nor does one of 8 to 10.")


@given(n=st.integers(1, 150), decimals=st.integers(0, 2), truncation=st.booleans(), tenth=st.integers(0, 10_000))
def test_counts_agree_with_trying_all(n: int, decimals: int, truncation: bool, tenth: int) -> None:
    shown = Decimal(tenth).scaleb(-2).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_DOWN)
    half = Fraction(1, 2 * 10**decimals)
    fit = []
    for events in range(n + 1):
        true = Fraction(100 * events, n)
        rounds = abs(true - Fraction(shown)) <= half
        prints = shown in printed_percentages(events, n, decimals)
        assert prints == (shown in {Decimal(honest_percentage(events, n, decimals, rule)) for rule in RULES})
        if prints if truncation else rounds:
            fit.append(events)
    assert fitting_counts(shown, n, truncation=truncation) == tuple(fit)


@given(events=st.integers(1, 60), decimals=st.integers(0, 2), shown=st.integers(100, 10_000))
def test_denominators_agree_with_trying_all(events: int, decimals: int, shown: int) -> None:
    percent = Decimal(shown).scaleb(-2).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    found = fitting_denominators(percent, events)
    largest = 100 * events // (float(percent) / 2)  # half of it never prints so
    ends = {events, *found[:2], *found[-2:], *(n for n in (found.start - 1, found.stop) if events <= n <= largest)}
    for n in ends:
        assert (n in found) == (events in fitting_counts(percent, n))


def test_honest_percentages_are_never_called_inconsistent() -> None:
    rng = np.random.default_rng(20)
    for _ in range(3000):
        n = int(rng.integers(1, 400))
        events, decimals, rule = int(rng.integers(0, n + 1)), int(rng.integers(0, 3)), RULES[rng.integers(3)]
        shown = honest_percentage(events, n, decimals, rule)
        assert check_percentage(shown, n).status != "inconsistent", (shown, events, n)
        assert check_percentage(shown, n, events=events).status == "consistent", (shown, events, n)
        assert events in fitting_counts(shown, n)


def test_made_up_percentages_are_found_as_often_as_said() -> None:
    # one-decimal percentages of 125 patients: 126 of 1001 are possible
    found = [check_percentage(Decimal(k).scaleb(-1), 125).status for k in range(1001)]
    assert found.count("consistent") == 126
    assert found.count("inconsistent") == 1001 - 126


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fitting_counts("101", 10), "percent is 101; it must lie from 0 to 100"),
        (lambda: fitting_counts("-1", 10), "percent is -1; it must lie from 0 to 100"),
        (lambda: fitting_counts("50", 0), "n is 0; it must be a whole number of 1 or more"),
        (lambda: fitting_counts("50", 1.5), "n is 1.5; it must be a whole number of 0 or more"),
        (lambda: fitting_counts(26.4, 10), "say how many decimals were printed"),
        (lambda: check_percentage("50", 4, events=5), "events is 5, more than n = 4"),
        (lambda: possible_denominators("50", None, 20, 10), "low is 20, more than high = 10"),
        (lambda: possible_denominators("50", None, 1, 10**6), "try at most 100000 denominators at a time"),
        (lambda: fitting_denominators("0.0", 3), "a percentage that prints as zero has no largest denominator"),
        (lambda: fitting_denominators("5.0", 0), "events is 0; it must be a whole number of 1 or more"),
    ],
)
def test_wrong_input_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
