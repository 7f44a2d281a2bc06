"""True prevalence by an imperfect test against epiR, the published formulas and hand calculation."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_cohort.statistics.shares.proportions import proportion
from nmosd_cohort.statistics.shares.rogan_gladen import true_prevalence, true_prevalence_estimated_accuracy
from tests.statistics.shares_reference import shares, whole_numbers

EXACT = 1e-9
counts = st.integers(1, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_with_known_accuracy_it_is_that_of_epir():
    cases = shares("known")
    assert len(cases) == 6
    for case, numbers in cases.items():
        table, method = case.split()
        positive, n, sensitivity, specificity = (float(number) for number in table.split("/"))
        prevalence = true_prevalence(
            positive,
            n,
            sensitivity=sensitivity,
            specificity=specificity,
            method={"wilson": "wilson", "c-p": "clopper_pearson"}[method],
        )
        for term, value in numbers.items():  # epiR lets the last case go above 1
            assert getattr(prevalence, term) == pytest.approx(min(1.0, value), abs=EXACT)


def test_with_estimated_accuracy_it_is_the_published_formula():
    cases = shares("estimated")
    assert len(cases) == 3
    for case, numbers in cases.items():
        positive, n, se_events, se_n, sp_events, sp_n = whole_numbers(case)
        prevalence = true_prevalence_estimated_accuracy(
            positive, n, se_events=se_events, se_n=se_n, sp_events=sp_events, sp_n=sp_n
        )
        assert (prevalence.conf_low, prevalence.conf_high) == pytest.approx(
            (numbers["conf_low"], numbers["conf_high"]), abs=EXACT
        )
        assert f"sensitivity from {se_n} and specificity from {sp_n} patients" in prevalence.method


def test_prevalence_by_hand():
    # (0.5 + 0.9 - 1) / (0.8 + 0.9 - 1) = 4 / 7; variance (0.25 / 100 + (4/7)^2 0.16 / 50 + (3/7)^2 0.09 / 30) / 0.49
    known = true_prevalence(50, 100, sensitivity=0.8, specificity=0.9)
    estimated = true_prevalence_estimated_accuracy(50, 100, se_events=40, se_n=50, sp_events=27, sp_n=30)
    assert known.estimate == pytest.approx(4 / 7)
    assert estimated.estimate == pytest.approx(4 / 7)
    assert known.std_error == pytest.approx(0.05 / 0.7)
    assert estimated.std_error == pytest.approx(
        math.sqrt((0.0025 + (4 / 7) ** 2 * 0.0032 + (3 / 7) ** 2 * 0.003) / 0.49)
    )
    assert (known.n, known.events, estimated.n, estimated.events) == (100, 50, 100, 50)


@settings(deadline=None)
@given(counts)
def test_a_perfect_test_gives_the_apparent_share(tested: tuple[int, int]):
    for method in ("wilson", "clopper_pearson"):
        prevalence = true_prevalence(*tested, sensitivity=1, specificity=1, method=method)
        plain = proportion(*tested, method=method)
        assert (prevalence.estimate, prevalence.conf_low, prevalence.conf_high) == pytest.approx(
            (plain.estimate, plain.conf_low, plain.conf_high), abs=EXACT
        )
        assert "cut off" not in prevalence.method


@settings(deadline=None)
@given(counts, st.integers(30, 60), st.integers(30, 60))
def test_swapping_ill_and_healthy_mirrors_the_prevalence(tested: tuple[int, int], se_events: int, sp_events: int):
    positive, n = tested
    one = true_prevalence_estimated_accuracy(
        positive, n, se_events=se_events + 40, se_n=100, sp_events=sp_events + 40, sp_n=100
    )
    two = true_prevalence_estimated_accuracy(
        n - positive, n, se_events=sp_events + 40, se_n=100, sp_events=se_events + 40, sp_n=100
    )
    assert one.estimate == pytest.approx(1 - two.estimate, abs=EXACT)
    assert one.conf_low == pytest.approx(1 - two.conf_high, abs=EXACT, nan_ok=True)
    assert one.std_error == pytest.approx(two.std_error, abs=EXACT, nan_ok=True)
    if not math.isnan(one.conf_low):
        assert 0 <= one.conf_low <= one.estimate <= one.conf_high <= 1


def test_a_huge_validation_study_gives_about_the_limits_of_known_accuracy():
    known = true_prevalence(450, 1500, sensitivity=0.96, specificity=0.89)
    estimated = true_prevalence_estimated_accuracy(
        450, 1500, se_events=96_000_000, se_n=100_000_000, sp_events=89_000_000, sp_n=100_000_000
    )
    # Agresti-Coull limits of the apparent share in place of Wilson's, and errors of 1e-4 in the accuracy
    assert (estimated.conf_low, estimated.conf_high) == pytest.approx((known.conf_low, known.conf_high), abs=2e-4)
    small = true_prevalence_estimated_accuracy(450, 1500, se_events=48, se_n=50, sp_events=89, sp_n=100)
    assert small.conf_high - small.conf_low > 2 * (known.conf_high - known.conf_low)


def test_what_is_cut_off_is_told():
    # (0.05 + 0.9 - 1) / 0.7 = -0.071
    low = true_prevalence(5, 100, sensitivity=0.8, specificity=0.9)
    assert (low.estimate, low.conf_low) == (0.0, 0.0)
    assert "cut off at 0 or 1: estimate -0.071, lower limit -0.112" in low.method
    # (0.85 + 0.9 - 1) / 0.7 = 1.071
    high = true_prevalence_estimated_accuracy(85, 100, se_events=80, se_n=100, sp_events=90, sp_n=100)
    assert (high.estimate, high.conf_high) == (1.0, 1.0)
    assert 0.8 < high.conf_low < 1
    assert "cut off at 0 or 1: estimate 1.071, upper limit 1.2" in high.method


def test_more_positive_tests_than_the_accuracy_allows_give_no_limits():
    many = true_prevalence_estimated_accuracy(95, 100, se_events=80, se_n=100, sp_events=90, sp_n=100)
    few = true_prevalence(1, 200, sensitivity=0.8, specificity=0.9)
    assert (many.estimate, few.estimate) == (1.0, 0.0)
    assert math.isnan(many.conf_low)
    assert math.isnan(few.conf_high)
    assert "95 positive of 100 are too many for the sensitivity" in many.method
    assert "1 positive of 200 are too few for the specificity" in few.method


def test_limits_that_would_leave_out_the_estimate_are_widened():
    # One patient, negative: the estimate is 0, and the plain limits start at 0.015.
    prevalence = true_prevalence_estimated_accuracy(0, 1, se_events=4, se_n=5, sp_events=1000, sp_n=1000)
    assert (prevalence.estimate, prevalence.conf_low, prevalence.conf_high) == (0.0, 0.0, 1.0)


def test_nobody_tested_gives_no_estimate():
    for nobody in (
        true_prevalence(0, 0, sensitivity=0.8, specificity=0.9),
        true_prevalence_estimated_accuracy(0, 0, se_events=40, se_n=50, sp_events=27, sp_n=30),
    ):
        assert math.isnan(nobody.estimate)
        assert nobody.method == "not estimable: no patients tested"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: true_prevalence(1, 4, sensitivity=0.6, specificity=0.5), r"- 1 is 0.1; it must be above 0.1"),
        (lambda: true_prevalence(1, 4, sensitivity=0.3, specificity=0.3), r"- 1 is -0.4; it must be above 0.1"),
        (
            lambda: true_prevalence(1, 4, sensitivity=80, specificity=0.5),
            "sensitivity is 80; it must be a number of 0 or more",
        ),
        (lambda: true_prevalence(1, 4, sensitivity=0.9, specificity=math.nan), "specificity is nan"),
        (lambda: true_prevalence(5, 4, sensitivity=0.9, specificity=0.9), "positive is 5, more than n = 4"),
        (lambda: true_prevalence(1, 4, sensitivity=0.9, specificity=0.9, method="wald"), "method is 'wald'"),
        (
            lambda: true_prevalence_estimated_accuracy(1, 4, se_events=4, se_n=6, sp_events=4, sp_n=6),
            "sensitivity 4/6 and specificity 4/6 are so uncertain",
        ),
        (
            lambda: true_prevalence_estimated_accuracy(1, 4, se_events=50, se_n=100, sp_events=60, sp_n=100),
            "it must be above 0.1",
        ),
        (
            lambda: true_prevalence_estimated_accuracy(1, 4, se_events=0, se_n=0, sp_events=4, sp_n=6),
            "se_n is 0; the validation study needs patients",
        ),
        (
            lambda: true_prevalence_estimated_accuracy(1, 4, se_events=4, se_n=6, sp_events=9, sp_n=6),
            "sp_events is 9, more than sp_n = 6",
        ),
    ],
)
def test_a_test_that_tells_nothing_and_wrong_counts_are_named(call: Callable[[], object], message: str):
    with pytest.raises(ValueError, match=message):
        call()


def test_accuracy_that_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="sensitivity is 'high'; it must be a number of 0 or more and 1 or less"):
        true_prevalence(45, 150, sensitivity="high", specificity=0.9)
