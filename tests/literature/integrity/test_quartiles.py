"""Quartiles of whole scores: places from R, the case of the literature, and brute force over all samples."""

import csv
import itertools
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_cohort.literature.integrity.printed import printed_interval
from nmosd_cohort.literature.integrity.quartiles import (
    RULES,
    check_quartiles,
    fitting_quartile_rules,
    quartile_place,
)

FROM_R = Path(__file__).parents[2] / "reference" / "integrity.csv"
ROUNDING = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)


def at(place: Fraction, values: list[int]) -> Fraction:
    below = int(place)
    return values[below - 1] + (place - below) * (values[min(below, len(values) - 1)] - values[below - 1])


def three(values: list[int], rule: str) -> tuple[Fraction, Fraction, Fraction]:
    n = len(values)
    places = quartile_place(rule, n, Fraction(1, 4)), Fraction(n + 1, 2), quartile_place(rule, n, Fraction(3, 4))
    return tuple(at(place, values) for place in places)  # type: ignore[return-value]


def test_places_agree_with_r() -> None:
    with FROM_R.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["rule"] for row in rows} == set(RULES)
    for row in rows:
        places = [float(quartile_place(row["rule"], int(row["n"]), p)) for p in (Fraction(1, 4), Fraction(3, 4))]
        assert places == pytest.approx([float(row["lower"]), float(row["upper"])]), row


def test_quartiles_of_ringelstein_fit_one_rule_only() -> None:
    # eight scores, (n+1)p: a quarter of the way from the second (0) to the third (1) is 0.25, printed 0.3
    assert fitting_quartile_rules("2.5", "0.3", "4.5", 8, maximum=10) == ("(n+1)p",)
    assert check_quartiles("2.5", "0.3", "4.5", 8, maximum=10).status == "consistent"
    before = check_quartiles("6.5", "5.0", "7.0", 8, maximum=10)
    assert (before.status, before.recomputed) == ("consistent", "any rule")


def test_quartiles_that_no_rule_gives() -> None:
    found = check_quartiles("2.4", "1.0", "4.0", 8, maximum=10)
    assert (found.status, found.recomputed) == ("inconsistent", "no rule")
    assert found.detail.startswith("No 8 whole scores have this median and these quartiles, by any of 11 rules")
    # above the scale, and out of order
    assert fitting_quartile_rules("8.0", "7.0", "11.0", 8, maximum=10) == ()
    assert fitting_quartile_rules("2.0", "3.0", "4.0", 8, maximum=10) == ()
    assert fitting_quartile_rules("-2.0", "-3.0", "4.0", 8) == ()
    some = check_quartiles("2.0", "1.5", "3.0", 9, maximum=10)
    assert "Possible for 9 whole scores, by " in some.detail
    assert " of 11 rules: (n+1)p" in some.detail
    assert check_quartiles("2.00", "1.50", "3.00", 9, maximum=10, step=0.5).detail.startswith(
        "Possible for 9 scores of this scale"
    )


@pytest.mark.parametrize(("n", "top"), [(2, 4), (3, 4), (4, 4), (5, 3), (6, 3), (8, 2)])
def test_rules_agree_with_trying_all_samples(n: int, top: int) -> None:
    samples = [list(levels) for levels in itertools.combinations_with_replacement(range(top + 1), n)]
    behind = {rule: {three(values, rule) for values in samples} for rule in RULES}
    grid = [Decimal(k).scaleb(-1) for k in range(0, 10 * top + 1, 5 if n > 2 else 3)]
    for median, lower, upper in itertools.product(grid, grid, grid):
        wanted = [printed_interval(value) for value in (lower, median, upper)]
        fit = tuple(
            rule
            for rule in RULES
            if any(all(w.holds(v) for w, v in zip(wanted, values, strict=True)) for values in behind[rule])
        )
        assert fitting_quartile_rules(median, lower, upper, n, maximum=top) == fit


@settings(max_examples=200, deadline=None)
@given(
    scores=st.lists(st.integers(0, 30), min_size=2, max_size=40),
    rule=st.sampled_from(sorted(RULES)),
    rounding=st.sampled_from(ROUNDING),
    decimals=st.integers(0, 2),
    has_end=st.booleans(),
    minimum=st.integers(-5, 5),
)
def test_honest_quartiles_fit_their_rule(
    scores: list[int], rule: str, rounding: str, decimals: int, has_end: bool, minimum: int
) -> None:
    unit = Decimal(1).scaleb(-decimals)
    values = [value + minimum for value in three(sorted(scores), rule)]
    lower, median, upper = (
        (Decimal(value.numerator) / value.denominator).quantize(unit, rounding=rounding) for value in values
    )
    end = minimum + 30 if has_end else None
    assert rule in fitting_quartile_rules(median, lower, upper, len(scores), minimum=minimum, maximum=end)


@given(st.lists(st.integers(0, 100), min_size=2, max_size=30))
def test_places_agree_with_numpy(scores: list[int]) -> None:
    names = {"(n-1)p": "linear", "(n+1)p": "weibull", "midpoints": "hazen", "median-unbiased": "median_unbiased"}
    for rule, name in names.items():
        place = quartile_place(rule, len(scores), Fraction(1, 4))
        assert float(at(place, sorted(scores))) == pytest.approx(np.quantile(scores, 0.25, method=name))


def test_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="rule is 'type 7'; it must be one of "):
        quartile_place("type 7", 8, Fraction(1, 4))
