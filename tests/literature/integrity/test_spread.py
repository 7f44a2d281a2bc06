"""SD or standard error: the cases of the literature, brute force, and no false alarm on honest papers."""

import itertools
import math
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_cohort.literature.integrity.printed import printed_interval
from nmosd_cohort.literature.integrity.spread import sd_or_sem, spread_readings

RULES = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)


def shown(value: Decimal, decimals: int, rule: str) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=rule)


def as_decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def test_spread_of_araki_is_an_sd() -> None:
    # sum 6: one 6 and six 0 have variance (36 - 36/7) / 6 = 36/7, SD 2.268 and SEM 2.268 / sqrt(7) = 0.857
    readings = spread_readings("0.9", "1.2", 7, 0, 10)
    assert readings.possible == ("sd",)
    assert readings.largest_sd == pytest.approx(2.2678, abs=1e-4)
    assert readings.largest_sem == pytest.approx(0.8571, abs=1e-4)
    called_sem = sd_or_sem("0.9", "1.2", 7, 0, 10, stated="sem")
    assert (called_sem.status, called_sem.recomputed) == ("inconsistent", "SD")
    assert called_sem.detail == (
        "7 scores with mean 0.9 have an SD of at most 2.27 and an SEM of at most 0.86. As an SEM, 1.2 would need an SD "
        "of about 3.17. So 1.2 can only be an SD, not a standard error (SEM)."
    )
    assert sd_or_sem("0.9", "1.2", 7, 0, 10, stated="sd").status == "consistent"
    assert sd_or_sem("0.9", "1.2", 7, 0, 10).status == "informative"


def test_attack_rate_of_araki_is_an_sd() -> None:
    # 3 attacks of 7 patients: SEM at most 3/7 = 0.43, printed 0.8
    assert spread_readings("0.4", "0.8", 7).possible == ("sd",)


@pytest.mark.parametrize(("mean", "spread", "needed"), [("3.2", "2.2", "9.59"), ("1.7", "2.6", "11.33")])
def test_spreads_of_nineteen_patients_are_sds(mean: str, spread: str, needed: str) -> None:
    # 2.2 * sqrt(19) = 9.59, 2.6 * sqrt(19) = 11.33: on a scale from 0 to 10 no SD is above 5.13
    found = sd_or_sem(mean, spread, 19, 0, 10, 1, stated="not stated")
    assert (found.status, found.recomputed) == ("informative", "SD")
    assert f"would need an SD of about {needed}." in found.detail


def test_both_neither_and_no_mean() -> None:
    both = sd_or_sem("5.0", "1.0", 10, 0, 10)
    assert (both.status, both.recomputed) == ("not checkable", "SD or SEM")
    assert both.detail.endswith("Both readings are possible.")
    assert sd_or_sem("5.0", "1.0", 10, 0, 10, stated="sem").status == "consistent"
    neither = sd_or_sem("0.9", "3.0", 7, 0, 10)
    assert (neither.status, neither.recomputed) == ("inconsistent", "neither SD nor SEM")
    assert neither.detail.endswith("So 3.0 can be neither.")
    # three scores have means in thirds: 0.25 is none; and 11.0 is off the scale
    for mean, step in (("0.25", 1), ("11.00", 1), ("11.00", None), ("-1.00", None)):
        none = sd_or_sem(mean, "0.50", 3, 0, 10, step)
        assert (none.status, none.recomputed) == ("inconsistent", "neither SD nor SEM")
        assert none.detail == f"No 3 scores of this scale have mean {mean}."
    assert sd_or_sem("-1.0", "0.5", 3, 0, None, None).status == "inconsistent"


def test_only_an_sem_where_the_sd_would_be_too_small() -> None:
    # two scores with mean 1.5: SDs 0.71 (2, 1) and 2.12 (3, 0), or 0.5 and 1.5; errors 0.5 and 1.5, or 0.35 and 1.06
    assert spread_readings("1.50", "0.35", 2).possible == ("sem",)
    assert sd_or_sem("1.50", "0.35", 2).detail.endswith("So 0.35 can only be a standard error (SEM).")
    assert sd_or_sem("1.50", "0.35", 2, stated="sd").status == "inconsistent"


def test_scores_of_any_size_are_held_to_the_limits_of_the_scale() -> None:
    # Bodily pain 58.8 +- 29.8, n 53: SD at most sqrt(53/52 * 58.8 * 41.2), a little more for means from 58.75
    readings = spread_readings("58.8", "29.8", 53, 0, 100, None)
    assert readings.possible == ("sd",)
    assert readings.largest_sd == pytest.approx(math.sqrt(53 / 52 * 58.75 * 41.25))
    # without an upper end the SD is at most the mean times sqrt(n): 0.9 is below 1.0
    open_end = spread_readings("0.9", "1.2", 7, 0, None, None)
    assert open_end.possible == ("sd",)
    assert (open_end.largest_sd, open_end.largest_sem) == pytest.approx((math.sqrt(7), 1.0))
    # a mean interval that holds the middle of the scale has the largest variance there
    middle = spread_readings("5", "1", 4, 0, 10, None)
    assert middle.largest_sd == pytest.approx(math.sqrt(4 / 3 * 25))


@settings(max_examples=60, deadline=None)
@given(n=st.integers(2, 4), mean=st.integers(0, 40), spread=st.integers(0, 40))
def test_readings_agree_with_trying_all_samples(n: int, mean: int, spread: int) -> None:
    before, after = Decimal(mean).scaleb(-1), Decimal(spread).scaleb(-1)
    between, squares = printed_interval(before), printed_interval(after).squared()
    fit: set[str] = set()
    exists = False
    for levels in itertools.combinations_with_replacement(range(5), n):
        if not between.holds(Fraction(sum(levels), n)):
            continue
        exists = True
        for by in (n, n - 1):
            variance = Fraction(n * sum(level**2 for level in levels) - sum(levels) ** 2, n * by)
            fit |= {name for name, part in (("sd", variance), ("sem", variance / n)) if squares.holds(part)}
    found = spread_readings(before, after, n, 0, 4)
    assert set(found.possible) == fit
    assert math.isnan(found.largest_sd) != exists


def test_honest_spreads_pass_as_what_they_are() -> None:
    rng = np.random.default_rng(14)
    for turn in range(1500):
        step, end = (1, None)[turn % 3 == 0], (10, None)[turn % 5 == 0]
        n, called = int(rng.integers(2, 26 if end else 10)), ("sd", "sem")[turn % 2]
        scores = [int(score) for score in rng.binomial(10, rng.beta(0.6, 0.9, size=n))]
        total = sum(scores)
        variance = Fraction(n * sum(score**2 for score in scores) - total**2, n * (n - 1)) / (
            n if called == "sem" else 1
        )
        rules = [RULES[place] for place in rng.integers(3, size=2)]
        mean = shown(as_decimal(Fraction(total, n)), 1, rules[0])
        spread = shown(as_decimal(variance).sqrt(), 1, rules[1])
        assert sd_or_sem(mean, spread, n, 0, end, step, stated=called).status == "consistent", scores


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.integers(0, 1000), min_size=2, max_size=12),
    minimum=st.integers(-50, 50),
    rule=st.sampled_from(RULES),
)
def test_honest_values_of_any_size_pass(values: list[int], minimum: int, rule: str) -> None:
    n, total = len(values), sum(values)
    variance = Fraction(n * sum(value**2 for value in values) - total**2, n * (n - 1) * 100)
    mean = shown(as_decimal(Fraction(total, 10 * n) + minimum), 1, rule)
    spread = shown(as_decimal(variance).sqrt(), 1, rule)
    for end in (minimum + 100, None):
        assert "sd" in spread_readings(mean, spread, n, minimum, end, None).possible


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stated": "se"}, "stated is 'se'; it must be one of sd, sem, not stated"),
        ({"n": 1}, "n is 1; it must be a whole number from 2"),
        ({"spread": "-0.1"}, "spread is -0.1; it must be 0 or more"),
        ({"maximum": 0, "step": None}, "maximum is 0; it must be above the minimum 0"),
        ({"mean": 1.0}, "mean is 1.0; say how many decimals were printed"),
    ],
)
def test_wrong_input_is_refused(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"mean": "1.0", "spread": "0.5", "n": 5, "minimum": 0, "maximum": 10} | change
    with pytest.raises(ValueError, match=message):
        sd_or_sem(**arguments)
