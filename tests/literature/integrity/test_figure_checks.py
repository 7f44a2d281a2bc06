"""One figure through all its tests: which are chosen, and what they say of wrong numbers."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_cohort.literature.figure import Measure
from nmosd_cohort.literature.integrity.figure_checks import check_figure
from nmosd_cohort.literature.numbers import Group, Moment, Scale, Statistic
from tests.literature.integrity.honest_papers import figure_of

TEN = Scale(minimum=0, maximum=10, step=1)
GROUPS = (Group(name="one", n=20, mean=4.0, sd=2.0), Group(name="two", n=22, mean=2.5, sd=1.5))


def found(measure: str, **numbers: object) -> dict[str, str]:
    return {check.check: check.status for check in check_figure(figure_of(measure, **numbers))}


def test_nothing_printed_is_not_checkable() -> None:
    assert found("median") == {"any": "not checkable"}
    assert found("proportion", estimate=80.0, decimals=0) == {"any": "not checkable"}


def test_share_of_a_count() -> None:
    assert found("proportion", n=29, events=25, estimate=86.2, decimals=1) == {"percentage": "consistent"}
    assert found("proportion", n=29, events=24, estimate=86.2, decimals=1, verdict="inconsistent") == {
        "percentage": "inconsistent"
    }


def test_share_with_limits_and_no_count_may_be_pooled() -> None:
    pooled = found("proportion", n=124, estimate=96.6, decimals=1, conf_low=91.2, conf_high=98.7)
    assert pooled == {"percentage": "informative", "estimate and limits": "consistent"}
    survival = figure_of("proportion", n=124, estimate=96.6, decimals=1)
    assert [check.status for check in check_figure(survival)] == ["inconsistent"]
    [free] = check_figure(replace(survival, construct="relapse_free_on_satralizumab"))
    assert (free.status, "survival times" in free.detail) == ("informative", True)


def test_what_says_nothing_is_left_out() -> None:
    [untested] = check_figure(figure_of("mean", estimate=3.2, n=19, decimals=1, scale=TEN))
    assert (untested.check, untested.status) == ("any", "not checkable")
    assert untested.detail == "With 19 scores any mean of so many decimals is possible, so nothing is tested."
    # quartiles that fit a rule rise; limits that are symmetric hold the estimate
    quartiles = found("median", estimate=6.5, n=8, quartile_1=5.0, quartile_3=7.0, decimals=1, scale=TEN)
    assert quartiles == {"median and quartiles": "consistent"}
    assert set(found("odds_ratio", estimate=5.0, decimals=1, conf_low=1.0, conf_high=3.0)) == {
        "estimate and limits", "log symmetry of limits",
    }  # fmt: skip


def test_an_adjusted_difference_is_not_accused() -> None:
    # from the groups -0.4 to 3.4 or so; adjusted for a baseline with r = 0.95 the error is 0.31 times as large
    groups = (Group(name="one", n=30, mean=4.0, sd=4.1), Group(name="two", n=30, mean=2.5, sd=4.1))
    name = "limits of a difference of means"
    numbers = {"n": 60, "estimate": 1.5, "decimals": 1, "groups": groups}
    assert found("mean_difference", conf_low=0.9, conf_high=2.1, **numbers)[name] == "informative"
    assert found("mean_difference", conf_low=-3.5, conf_high=6.5, **numbers)[name] == "inconsistent"


def test_limits_from_a_percentage_alone() -> None:
    assert (
        found("proportion", n=122, estimate=66.4, decimals=1, conf_low=58.0, conf_high=74.8)["limits of a share"]
        == "consistent"
    )


def test_percentages_of_groups() -> None:
    groups = (Group(name="own", n=29, events=25, percent=86.2), Group(name="other", n=66, events=27, percent=41.9))
    checks = found("proportion", n=29, events=25, estimate=86.2, decimals=1, groups=groups, p="<0.001")
    assert checks == {"percentage": "consistent", "percentage, other": "inconsistent", "p and counts": "consistent"}


def test_chi_square_is_set_against_counts_and_p() -> None:
    groups = (Group(name="one", n=57, events=36), Group(name="two", n=51, events=18))
    statistic = Statistic(name="chi2", value=8.359, decimals=3)
    checks = found(
        "proportion", n=57, events=36, estimate=63.16, decimals=2, groups=groups, statistic=statistic, p="0.004"
    )
    assert checks.pop("percentage") == "consistent"
    assert checks == dict.fromkeys(("chi-square and counts", "p and statistic", "p and counts"), "consistent")
    assert found("correlation", statistic=Statistic(name="t", value=2.0), n=20) == {"any": "not checkable"}


def test_difference_of_groups() -> None:
    # Student: pooled variance (19 * 4 + 21 * 2.25) / 40 = 3.081, error 0.5422, t 2.0211: 1.096; p of 2.766 is 0.0085
    checks = found(
        "mean_difference",
        n=42,
        estimate=1.5,
        decimals=1,
        conf_low=0.4,
        conf_high=2.6,
        groups=GROUPS,
        p="0.009",
        spread="sd",
    )
    assert set(checks.values()) == {"consistent"}
    assert set(checks) == {
        "limits of a difference of means", "symmetry of limits", "difference of means",
        "p and means", "p and limits",
    }  # fmt: skip
    turned = found("mean_difference", n=42, estimate=-1.5, decimals=1, conf_low=-2.6, conf_high=-0.4, groups=GROUPS)
    assert turned["limits of a difference of means"] == "consistent"
    assert (
        found("mean_difference", n=42, estimate=0.7, decimals=1, groups=GROUPS)["difference of means"] == "informative"
    )
    assert "limits of a difference of means" not in found("mean_difference", conf_low=1.0, conf_high=2.0, groups=GROUPS)


def test_difference_of_shares() -> None:
    groups = (Group(name="one", n=7, events=6), Group(name="two", n=9, events=2))
    checks = found(
        "between_group_difference",
        estimate=63.5,
        decimals=1,
        conf_low=14.2,
        conf_high=83.2,
        unit="percentage points",
        groups=groups,
    )
    assert checks["limits of a difference of shares"] == "consistent"
    other_unit = found(
        "between_group_difference",
        estimate=98.6,
        conf_low=89.7,
        conf_high=100.0,
        unit="percent reduction",
        groups=groups,
    )
    assert set(other_unit) == {"estimate and limits"}


def test_ratios_and_correlations() -> None:
    assert found("hazard_ratio", estimate=0.21, decimals=2, conf_low=0.06, conf_high=0.76, p="0.017", n=41) == {
        "log symmetry of limits": "consistent", "p and limits": "consistent",
    }  # fmt: skip
    checks = found("correlation", estimate=0.341, n=71, decimals=3, conf_low=0.12, conf_high=0.53, p="<0.004")
    assert set(checks.values()) == {"consistent"}


def test_mean_with_limits() -> None:
    # 10 less and plus 2.064 * 2 / 5
    checks = found("mean", estimate=10.0, n=25, sd=2.0, decimals=1, conf_low=9.2, conf_high=10.8)
    assert checks["limits of a mean"] == "consistent"
    assert "limits of a mean" not in found("mean", estimate=10.0, n=25, decimals=1, conf_low=9.2, conf_high=10.8)


@pytest.mark.parametrize(("spread", "status"), [("sd", "inconsistent"), ("not stated", "informative")])
def test_paired_change_needs_a_correlation(spread: str, status: str) -> None:
    moments = {"baseline": Moment(mean=3.0, sd=1.0), "follow_up": Moment(mean=2.5, sd=3.0)}
    assert found("paired_change", n=10, p="<0.01", spread=spread, decimals=1, **moments) == {
        "correlation before and after": status
    }
    assert found("paired_change", n=10, p="<0.01", baseline=Moment(mean=3.0), follow_up=Moment(mean=2.0)) == {
        "any": "not checkable"
    }
    assert found("paired_change", n=10, p="<0.01") == {"any": "not checkable"}


def test_scores_of_a_scale() -> None:
    # 0.9 of 7 is 6/7; an SD of 2.5 is above the largest possible, 2.27
    possible = found("mean", estimate=0.9, n=7, sd=1.2, decimals=1, scale=TEN, spread="sd")
    assert set(possible.values()) == {"consistent"}
    assert "inconsistent" in found("mean", estimate=0.9, n=7, sd=2.5, decimals=1, scale=TEN, spread="sd").values()
    assert found("mean", estimate=0.5, n=7, sd=1.2, decimals=2, scale=TEN) == {"mean (GRIM)": "inconsistent"}
    assert found("mean", estimate=11.0, n=7, sd=1.2, decimals=1, scale=TEN) == {"mean and scale": "inconsistent"}
    sem = found("mean", estimate=0.9, n=7, sem=1.2, decimals=1, scale=TEN)
    assert sem["SD or SEM"] == "inconsistent"


def test_an_unnamed_spread_is_judged_as_sd_or_sem_alone() -> None:
    # seven scores with mean 3.0 and a spread of 0.01: neither, as the least SD above 0 is 0.58
    checks = found("mean", estimate=3.0, n=7, sd=0.01, decimals=1, scale=TEN)
    assert checks["mean and SD (GRIMMER)"] == "informative"
    assert checks["SD or SEM"] == "inconsistent"


def test_quantiles_rise() -> None:
    assert found("median", estimate=6.5, quartile_1=5.0, quartile_3=7.0) == {"order of quantiles": "consistent"}
    assert found("median", estimate=8.0, quartile_1=5.0, quartile_3=7.0)["order of quantiles"] == "inconsistent"
    beyond = found("median_change", n=9, baseline=Moment(minimum=0.0, maximum=12.0), follow_up=Moment(), scale=TEN)
    assert beyond == {"order of quantiles, before": "inconsistent"}


def test_impossible_shares() -> None:
    groups = (Group(name="one", n=5, events=6), Group(name="two", n=9, percent=120.0))
    assert found("proportion", estimate=140.0, n=9, groups=groups, p="0.04") == {
        "percentage": "inconsistent", "count, one": "inconsistent", "percentage, two": "inconsistent",
    }  # fmt: skip


NUMBER = st.none() | st.integers(-20, 1200).map(lambda tenths: tenths / 10)
SPREAD = st.none() | st.integers(0, 60).map(lambda tenths: tenths / 10)
COUNT = st.none() | st.integers(0, 25)
P = st.none() | st.sampled_from(["0.000", "0.04", "<0.001", "0.999", "1.000"[1:]])
MOMENT = st.builds(Moment, mean=NUMBER, sd=SPREAD, sem=SPREAD, median=NUMBER, quartile_1=NUMBER, quartile_3=NUMBER)
GROUP = st.builds(Group, name=st.just("group"), n=COUNT, events=COUNT, percent=NUMBER, mean=NUMBER, sd=SPREAD)
STATISTIC = st.builds(
    Statistic, name=st.sampled_from(["chi2", "t", "z", "f", "r", "rho", "u"]), value=SPREAD.map(lambda x: x or 0.0)
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(get_args(Measure)), COUNT, NUMBER, st.tuples(NUMBER, NUMBER), P,
    st.tuples(MOMENT, MOMENT) | st.none(), st.lists(GROUP, max_size=3), st.none() | STATISTIC,
    st.sampled_from([None, "sd", "sem", "not stated"]),
    st.sampled_from([None, TEN, Scale(minimum=0, maximum=None, step=None), Scale(minimum=0, maximum=100, step=None)]),
)  # fmt: skip
def test_no_printed_number_breaks_it(
    measure, n, estimate, limits, p, moments, groups, statistic, spread, scale
) -> None:
    between = sorted(limits) if None not in limits else (None, None)
    before_after = {"baseline": moments[0], "follow_up": moments[1]} if moments else {}
    figure = figure_of(
        measure, n=n, estimate=estimate, decimals=1, conf_low=between[0], conf_high=between[1], p=p,
        groups=tuple(groups), statistic=statistic, spread=spread, scale=scale, sd=n and 1.5, **before_after,
    )  # fmt: skip
    assert check_figure(figure)
