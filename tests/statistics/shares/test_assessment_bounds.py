"""Worst-case bounds and their limits against R, Clopper-Pearson at both ends, and synthetic truth."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_cohort.statistics.shares.assessment_bounds import critical_value, worst_case_bounds, worst_case_limits
from nmosd_cohort.statistics.shares.proportions import proportion
from tests.statistics.shares_reference import shares, whole_numbers

EXACT = 1e-9
patients = st.integers(1, 80).flatmap(
    lambda n: st.integers(0, n).flatmap(lambda asked: st.tuples(st.integers(0, asked), st.just(asked), st.just(n)))
)


def test_the_limits_are_those_of_r():
    cases = shares("worst_case")
    assert len(cases) == 5
    for case, numbers in cases.items():
        events, n_assessed, n_all = whole_numbers(case)
        share = worst_case_limits(events, n_assessed, n_all)
        # the critical value of R stops at 1e-14; its tail turns that into about 1e-13 of a limit
        assert critical_value(share.low, share.high, n_all, 0.95) == pytest.approx(numbers["z"], abs=1e-9)
        assert (share.conf_low, share.conf_high) == pytest.approx(
            (numbers["conf_low"], numbers["conf_high"]), abs=EXACT
        )


@pytest.mark.parametrize("method", ["wilson", "clopper_pearson", "jeffreys"])
def test_with_everybody_assessed_the_limits_are_those_of_the_share(method: str):
    share, plain = worst_case_limits(37, 86, 86, method=method), proportion(37, 86, method=method)
    assert share.low == share.high == plain.estimate
    assert (share.conf_low, share.conf_high) == pytest.approx((plain.conf_low, plain.conf_high), abs=EXACT)


def test_with_bounds_far_apart_each_side_has_the_whole_error():
    # 95 % limits one-sided are 90 % limits two-sided
    share = worst_case_limits(48, 60, 100)
    low, high = (proportion(events, 100, method="clopper_pearson", conf_level=0.9) for events in (48, 88))
    assert (share.conf_low, share.conf_high) == pytest.approx((low.conf_low, high.conf_high), abs=EXACT)
    assert (share.n_assessed, share.n_all, share.conf_level) == (60, 100, 0.95)
    assert share.method == "worst-case bounds, Imbens-Manski critical value, Clopper-Pearson limits"


def test_nobody_assessed_leaves_everything_possible():
    share = worst_case_limits(0, 0, 25)
    assert (share.low, share.high, share.conf_low, share.conf_high) == (0.0, 1.0, 0.0, 1.0)


@settings(deadline=None)
@given(patients, st.sampled_from([0.51, 0.8, 0.95, 0.99]))
def test_the_limits_hold_the_bounds_and_mirror(counts: tuple[int, int, int], conf_level: float):
    events, n_assessed, n_all = counts
    for method in ("wilson", "clopper_pearson"):
        share = worst_case_limits(*counts, method=method, conf_level=conf_level)
        rest = worst_case_limits(n_assessed - events, n_assessed, n_all, method=method, conf_level=conf_level)
        assert share.conf_low <= share.low + EXACT
        assert share.low <= share.high <= share.conf_high + EXACT
        assert share.conf_low == pytest.approx(1 - rest.conf_high, abs=1e-8)
        # never wider than two-sided limits of both bounds
        two_sided = proportion(events, n_all, method=method, conf_level=conf_level)
        assert share.conf_low >= two_sided.conf_low - EXACT


@settings(deadline=None)
@given(patients, st.data())
def test_whatever_those_never_asked_have_the_share_lies_within_the_bounds(
    counts: tuple[int, int, int], data: st.DataObject
):
    events, n_assessed, n_all = counts
    hidden = data.draw(st.integers(0, n_all - n_assessed))
    low, high = worst_case_bounds(*counts)
    assert low <= (events + hidden) / n_all <= high


def test_the_critical_value_falls_as_the_bounds_part():
    values = [critical_value(0.4, 0.4 + gap, 50, 0.95) for gap in (0.0, 0.001, 0.02, 0.05, 0.2, 0.6)]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(1.959963984540054)
    assert values[-1] == pytest.approx(1.6448536269514722)
    # hardly apart: the root lies where rounding decides
    assert critical_value(0.4, 0.4 + 1e-17, 50, 0.95) == values[0]
    assert critical_value(0.4, 0.4 + 1e-15, 50, 0.95) == pytest.approx(values[0])
    assert critical_value(0.0, 1.0, 50, 0.95) == values[-1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: worst_case_limits(5, 4, 9), "events is 5, more than n_assessed = 4"),
        (lambda: worst_case_limits(0, 0, 0), "n_all is 0"),
        (lambda: worst_case_limits(1, 4, 9, method="wald"), "method is 'wald'"),
        (lambda: worst_case_limits(1, 4, 9, conf_level=0), "conf_level is 0"),
    ],
)
def test_wrong_counts_and_options_are_named(call: Callable[[], object], message: str):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("level", [0.5, 0.2])
def test_a_level_of_a_half_or_less_is_refused(level: float):
    with pytest.raises(ValueError, match=f"conf_level is {level}; limits of bounds need a level above 0.5"):
        worst_case_limits(48, 60, 100, conf_level=level)
