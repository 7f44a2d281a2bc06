"""Means and SDs of whole scores: the cases of the literature, other programs, and brute force over all samples."""

import itertools
import math
from collections.abc import Callable, Iterator
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_cohort.literature.integrity import samples, scores
from nmosd_cohort.literature.integrity.means import check_mean, check_mean_and_sd
from nmosd_cohort.literature.integrity.printed import Interval, as_printed, printed_interval
from nmosd_cohort.literature.integrity.samples import limits_of_sd, possible_samples, variance_possible

RULES = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)


def possible_sums(mean: Any, n: int, *, truncation: bool = True, **scale: Any) -> tuple[Fraction, ...]:
    grid = scores.score_grid(**scale)
    between = printed_interval(as_printed(mean), truncation=truncation)
    return tuple(grid.mean(total, n) * n for total in scores.sums_of_levels(between, n, grid))


def sd_limits(mean: Any, n: int, *, divisor: Any = "n-1", **scale: Any) -> tuple[float, float]:
    grid = scores.score_grid(**scale)
    return limits_of_sd(scores.sums_of_levels(printed_interval(as_printed(mean)), n, grid), n, grid, divisor=divisor)


def shown(value: Decimal, decimals: int, rule: str) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=rule)


def mean_and_sd(levels: tuple[int, ...], divisor: str = "n-1", step: Fraction = Fraction(1)) -> tuple[Decimal, Decimal]:
    n, total = len(levels), sum(levels)
    by = n * (n if divisor == "n" else n - 1)
    variance = step**2 * Fraction(n * sum(level**2 for level in levels) - total**2, by)
    mean = step * Fraction(total, n)
    return (
        Decimal(mean.numerator) / mean.denominator,
        (Decimal(variance.numerator) / variance.denominator).sqrt(),
    )


def all_samples(n: int, top: int) -> Iterator[tuple[int, ...]]:
    return itertools.combinations_with_replacement(range(top, -1, -1), n)


# Araki 2014: seven patients, pain from 0 to 10


def test_scores_of_araki_at_12_months() -> None:
    assert possible_sums("0.9", 7) == (6,)
    assert possible_samples("0.9", "1.2", 7, maximum=10).samples == ((3, 2, 1, 0, 0, 0, 0),)
    # the population SD has no solution
    assert possible_samples("0.9", "1.2", 7, maximum=10, divisor="n").samples == ()
    assert check_mean_and_sd("0.9", "1.2", 7, maximum=10).recomputed == "SD with divisor n-1"
    # six sevenths: one 6 and six 0 give variance (36 - 36/7) / 6 = 5.143; six 1 and one 0 (6 - 36/7) / 6 = 0.143
    limits = sd_limits("0.9", 7, maximum=10)
    assert limits == pytest.approx((math.sqrt(1 / 7), math.sqrt(36 / 7)))


def test_scores_of_araki_at_6_months_and_before() -> None:
    rounded = possible_samples("1.3", "1.3", 7, maximum=10, truncation=False).samples
    assert set(rounded) == {(4, 1, 1, 1, 1, 1, 0), (3, 3, 1, 1, 1, 0, 0), (3, 2, 2, 2, 0, 0, 0)}
    # 4 2 1 1 1 0 0 has squares 23: SD sqrt((23 - 81/7) / 6) = 1.38, printed as 1.3 if cut off; so has 3 3 2 1 0 0 0
    assert len(possible_samples("1.3", "1.3", 7, maximum=10).samples) == 5
    before = possible_samples("3.0", "1.5", 7, maximum=10)
    assert len(before.samples) == 6
    assert sum(0 in sample for sample in before.samples) == 2
    assert before.is_complete


def test_attack_rates_of_araki() -> None:
    assert possible_samples("0.4", "0.8", 7).samples == ((2, 1, 0, 0, 0, 0, 0),)


# GRIM


def test_grim_agrees_with_the_r_package_scrutiny() -> None:
    # grim_map(pigs1) in the documentation of scrutiny, rounding up or down
    means = ["7.22", "4.74", "5.23", "2.57", "6.77", "2.68", "7.01", "7.38", "3.14", "6.89", "5.00", "0.24"]
    sizes = [32, 25, 29, 24, 27, 28, 29, 26, 27, 31, 25, 28]
    fit = [bool(possible_sums(mean, n, truncation=False)) for mean, n in zip(means, sizes, strict=True)]
    assert fit == [True, False, False, False, False, True, False, True, False, False, True, False]


def test_grim_by_hand() -> None:
    # 145/28 = 5.179, 146/28 = 5.214
    found = check_mean("5.19", 28)
    assert found.status == "inconsistent"
    assert (
        found.detail == "No 28 scores from 0 up have a mean that prints as 5.19; the nearest are 5.17857 and 5.21429. "
        "A smaller n, as some had no score, may explain it."
    )
    # three items: 436/84 = 5.1905
    assert possible_sums("5.19", 28, step=Fraction(1, 3)) == (Fraction(436, 3),)
    assert check_mean("5.19", 28, step=Fraction(1, 3)).status == "not checkable"
    assert possible_sums("5.18", 28, step=0.5) == (145,)
    # above the scale
    high = check_mean("10.2", 5, maximum=10)
    assert high.detail.startswith("No 5 scores from 0 to 10 have a mean that prints as 10.2; the nearest are 10. A")
    assert possible_sums("-2.0", 3, minimum=-5, maximum=5) == (-6,)


def test_grim_says_what_it_can_find() -> None:
    assert check_mean("3.2", 19).status == "not checkable"
    # 6/7 = 0.857: 0.8 if cut off, never by rounding
    cut = check_mean("0.8", 7)
    assert (cut.status, cut.recomputed) == ("informative", "sum 6")
    assert cut.detail.endswith("It fits only if digits were cut off, not by rounding.")
    assert check_mean("0.9", 7).status == "not checkable"
    # 12/5 = 2.4 and 13/5 = 2.6, one decimal: half of all
    assert "50%" in check_mean("2.4", 5).detail
    assert check_mean("2", 8).recomputed == "sum 12 to 23"
    assert check_mean("2", 8, step=0.5).recomputed == "sum 12 to 23.5"


# GRIMMER and DEBIT


def test_grimmer_by_hand() -> None:
    # two scores with sum 4: SDs 0 (2, 2), 1.41 or 1.00 (3, 1) and 2.83 or 2.00 (4, 0)
    fit = [
        sd for sd in ("0.00", "1.41", "2.00", "2.83", "2.45") if check_mean_and_sd("2.00", sd, 2).status == "consistent"
    ]
    assert fit == ["0.00", "1.41", "2.00", "2.83"]
    none = check_mean_and_sd("2.3", "1.0", 4)
    assert (none.status, none.recomputed) == ("consistent", "SD with divisor n-1 or n")
    assert check_mean_and_sd("2.35", "1.00", 4).recomputed == "no sum"
    outside = check_mean_and_sd("0.9", "2.4", 7, maximum=10)
    assert outside.detail == (
        "No 7 scores from 0 to 10 have this mean and SD, with divisor n-1 or n. "
        "The mean allows SDs (divisor n-1) from 0.38 to 2.27. A smaller n, as some had no score, may explain it."
    )


def test_grimmer_tells_an_sd_that_was_cut_off() -> None:
    # 3, 3 and 1: variance 4/3, SD 1.1547
    assert check_mean_and_sd("2.33", "1.15", 3).detail.count("cut off") == 0
    assert "fits only if digits were cut off" in check_mean_and_sd("2.3", "1.1", 3, maximum=4).detail


def test_few_samples_are_told() -> None:
    assert check_mean_and_sd("0.9", "1.2", 7, maximum=10).detail.endswith("Only the scores 3, 2, 1, 0, 0, 0, 0 fit.")
    # 4 1 1 1 1 1 0, 3 3 1 1 1 0 0 and 3 2 2 2 0 0 0 rounded; 4 2 1 1 1 0 0 and 3 3 2 1 0 0 0 cut off, see below
    assert "sets of scores fit" in check_mean_and_sd("1.3", "1.3", 7, maximum=10).detail
    assert "scores fit" not in check_mean_and_sd("5.0", "2.5", 10, maximum=10).detail


def test_a_long_search_is_not_passed_off_as_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    unproved = "Tested by limits and parity only, as there are too many samples to search."
    assert unproved not in check_mean_and_sd("50.30", "28.31", 20, maximum=100).detail
    assert check_mean_and_sd("50.3013", "28.3167", 305, maximum=100).status == "inconsistent"
    assert check_mean_and_sd("50.3016", "28.3150", 305, maximum=100).detail.endswith(unproved)
    monkeypatch.setattr(samples, "MOST_STEPS", 3)
    assert check_mean_and_sd("50.30", "28.31", 20, maximum=100).detail.endswith(unproved)


@pytest.mark.parametrize(("n", "decimals"), [(12, 1), (12, 2), (115, 2), (115, 1), (60, 3)])
def test_no_search_is_long(n: int, decimals: int) -> None:
    rng = np.random.default_rng(n)
    steps = 0
    for _ in range(20):
        levels = tuple(int(level) for level in rng.choice([0, 1, 50, 99, 100], n))
        mean, sd = (shown(value, decimals, ROUND_HALF_UP) for value in mean_and_sd(levels))
        found = check_mean_and_sd(mean, sd, n, maximum=100)
        assert found.status == "consistent"
        steps += found.detail.endswith("search.")
    assert steps == 0


def test_debit_by_hand() -> None:
    # 36 of 100: sqrt(36 * 64 / 9900) = 0.4824
    assert check_mean_and_sd("0.36", "0.48", 100, maximum=1).status == "consistent"
    assert check_mean_and_sd("0.36", "0.47", 100, maximum=1).status == "inconsistent"


@given(n=st.integers(2, 60), ones=st.integers(0, 60), decimals=st.integers(1, 3), sd=st.integers(0, 600))
def test_debit_is_the_closed_formula(n: int, ones: int, decimals: int, sd: int) -> None:
    ones = min(ones, n)
    share = shown(Decimal(ones) / n, decimals, ROUND_HALF_UP)
    spread = Decimal(sd).scaleb(-3).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_DOWN)
    between, variances = printed_interval(share), printed_interval(spread).squared()
    fit = any(
        variances.holds(Fraction(k * (n - k), n * by))
        for k in range(n + 1)
        if between.holds(Fraction(k, n))
        for by in (n - 1, n)
    )
    assert (check_mean_and_sd(share, spread, n, maximum=1).status == "consistent") == fit


# Brute force


@pytest.mark.parametrize(
    ("n", "top", "decimals"), [(2, 6, 1), (3, 5, 1), (4, 4, 1), (5, 4, 1), (4, 3, 2), (7, 3, 1), (3, 8, 1)]
)
def test_every_pair_of_mean_and_sd_agrees_with_trying_all_samples(n: int, top: int, decimals: int) -> None:
    behind: dict[tuple[str, Decimal, Decimal], set[tuple[int, ...]]] = {}
    for levels in all_samples(n, top):
        for divisor in ("n-1", "n"):
            mean, sd = mean_and_sd(levels, divisor)
            for one, other in itertools.product(RULES, RULES):
                key = (divisor, shown(mean, decimals, one), shown(sd, decimals, other))
                behind.setdefault(key, set()).add(levels)
    unit = Decimal(1).scaleb(-decimals)
    stride = 1 if decimals == 1 and top < 8 else 7
    for mean in (unit * k for k in range(0, top * 10**decimals + 1, stride)):
        for sd in (unit * k for k in range(0, (top + 1) * 10**decimals, stride)):
            fit = [divisor for divisor in ("n-1", "n") if (divisor, mean, sd) in behind]
            assert (check_mean_and_sd(mean, sd, n, maximum=top).status == "consistent") == bool(fit)
            for divisor in ("n-1", "n"):
                found = possible_samples(mean, sd, n, maximum=top, divisor=divisor)
                assert sorted(found.samples) == sorted(behind.get((divisor, mean, sd), set()))
                assert found.is_complete


@pytest.mark.parametrize(("n", "top"), [(2, 9), (3, 7), (4, 6), (5, 5), (3, None), (8, 2)])
def test_sums_of_squares_agree_with_trying_all(n: int, top: int | None) -> None:
    grid = scores.score_grid(maximum=top)
    occur: dict[int, set[int]] = {}
    for levels in all_samples(n, top or 8):
        occur.setdefault(sum(levels), set()).add(sum(level**2 for level in levels))
    for total in range((n * top if top else 8) + 1):
        assert scores.limits_of_squares(total, n, top) == (min(occur[total]), max(occur[total]))
        for low, width in itertools.product(range(max(occur[total]) + 3), (0, 1, 2, 5, 9)):
            # variance with divisor n: (n * squares - total^2) / n^2
            ends = (Fraction(n * squares - total**2, n * n) for squares in (low, low + width))
            window = Interval(*ends, has_low=True, has_high=True)
            fit = any(low <= squares <= low + width for squares in occur[total])
            assert variance_possible(range(total, total + 1), n, grid, window, divisor="n") == (fit, True)


@given(
    n=st.integers(2, 6),
    mean=st.integers(0, 50),
    step=st.sampled_from(["1", "0.5", "2"]),
    divisor=st.sampled_from(["n-1", "n"]),
)
def test_limits_of_sd_agree_with_trying_all(n: int, mean: int, step: str, divisor: Any) -> None:
    between = printed_interval(Decimal(mean).scaleb(-1))
    width = Fraction(step)
    top = int(4 / width)
    sds = [
        float(mean_and_sd(levels, divisor, width)[1])
        for levels in all_samples(n, top)
        if between.holds(width * Fraction(sum(levels), n))
    ]
    if not sds:
        return
    found = sd_limits(Decimal(mean).scaleb(-1), n, maximum=4, step=step, divisor=divisor)
    assert found == pytest.approx((min(sds), max(sds)))


# Honest papers


def test_honest_means_and_sds_are_never_called_inconsistent() -> None:
    rng = np.random.default_rng(4)
    for turn in range(1000):
        n, top = int(rng.integers(2, 31)), int(rng.choice([3, 10, 10, 10]))
        levels = tuple(int(level) for level in rng.binomial(top, rng.beta(0.7, 0.7, size=n)))
        decimals, divisor = int(rng.integers(1, 3)), ("n-1", "n")[rng.integers(2)]
        mean, sd = mean_and_sd(levels, divisor)
        one, other = (shown(value, decimals, RULES[rng.integers(3)]) for value in (mean, sd))
        if turn % 4 == 0:
            assert check_mean(one, n, maximum=top).status != "inconsistent", levels
        assert check_mean_and_sd(one, other, n, maximum=top).status == "consistent", levels


@settings(max_examples=150, deadline=None)
@given(
    levels=st.lists(st.integers(0, 20), min_size=2, max_size=8),
    step=st.sampled_from([Fraction(1, 2), Fraction(1), Fraction(1, 3)]),
    minimum=st.integers(-10, 10),
    has_end=st.booleans(),
    rules=st.tuples(st.sampled_from(RULES), st.sampled_from(RULES)),
)
def test_honest_scores_on_any_scale_pass(
    levels: list[int], step: Fraction, minimum: int, has_end: bool, rules: tuple[str, str]
) -> None:
    n = len(levels)
    mean, sd = mean_and_sd(tuple(levels), step=step)
    one, other = shown(mean + minimum, 2, rules[0]), shown(sd, 1, rules[1])
    scale: dict[str, Any] = {"minimum": minimum, "maximum": minimum + 20 * step if has_end else None}
    scale["step"] = step
    assert check_mean(one, n, **scale).status != "inconsistent"
    assert check_mean_and_sd(one, other, n, **scale).status == "consistent"
    limits = sd_limits(one, n, **scale)
    assert limits[0] - 1e-9 <= float(sd) <= limits[1] + 1e-9
    total = sum(levels) * step + n * minimum
    assert total in possible_sums(one, n, **scale)


@settings(max_examples=60, deadline=None)
@given(levels=st.lists(st.integers(0, 10), min_size=2, max_size=7), rule=st.sampled_from(RULES))
def test_the_true_sample_is_among_those_listed(levels: list[int], rule: str) -> None:
    mean, sd = (shown(value, 2, rule) for value in mean_and_sd(tuple(levels)))
    found = possible_samples(mean, sd, len(levels), maximum=10)
    assert tuple(sorted(levels, reverse=True)) in found.samples
    assert len(set(found.samples)) == len(found.samples)
    assert all(shown(mean_and_sd(one)[0], 2, ROUND_DOWN) <= mean for one in found.samples)  # type: ignore[arg-type]


# Limits of the lists, and wrong input


def test_lists_are_cut_short_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    few = possible_samples("5.0", "2.5", 10, maximum=10, limit=3)
    assert len(few.samples) == 3
    assert not few.is_complete
    exactly = possible_samples("3.0", "1.5", 7, maximum=10, limit=6)
    assert exactly.is_complete
    monkeypatch.setattr(samples, "MOST_STEPS", 10)
    assert not possible_samples("3.0", "1.5", 7, maximum=10).is_complete


def test_scores_print_as_whole_numbers_where_they_are() -> None:
    assert possible_samples("0.25", "0.35", 2, maximum=1, step=0.5).samples == ((0.5, 0),)
    assert possible_samples("2.0", "0.0", 3).samples == ((2, 2, 2),)
    assert possible_samples("0.0", "0.0", 3, truncation=False).samples == ((0, 0, 0),)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: check_mean_and_sd("1.0", "1.0", 1), "n is 1; it must be a whole number from 2 to 100000"),
        (lambda: check_mean("1.0", 10**7), "n is 10000000; it must be a whole number from 1"),
        (lambda: check_mean_and_sd("1.0", "-1.0", 5), "sd is -1.0; it must be 0 or more"),
        (lambda: check_mean("1.0", 5, step=0), "step is 0; it must be above zero"),
        (lambda: check_mean("1.0", 5, maximum=0), "maximum is 0; it must be a whole number of steps of 1 above 0"),
        (lambda: check_mean("1.0", 5, maximum=2.5), "maximum is 2.5; it must be a whole number of steps"),
        (lambda: check_mean(1.5, 5), "mean is 1.5; say how many decimals were printed"),
        (lambda: possible_samples("1.0", "1.0", 13), "samples are listed for at most 12 patients"),
        (lambda: possible_samples("1.0", "1.0", 5, limit=0), "limit is 0; it must be 1 or more"),
        (
            lambda: variance_possible(range(1), 5, scores.score_grid(), printed_interval("1"), divisor="m"),  # type: ignore[arg-type]
            "divisor is 'm'",
        ),
    ],
)
def test_wrong_input_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
