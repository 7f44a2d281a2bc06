"""P-values from other printed numbers: by hand, against R and scipy, and the verdicts on printed ones."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from nmosd_cohort.literature.integrity.p_agreement import compare_chi_square, compare_p, printed_p
from nmosd_cohort.literature.integrity.p_checks import (
    check_correlation_p,
    check_counts_p,
    check_limits_p,
    check_means_p,
    check_statistic_p,
)
from nmosd_cohort.literature.integrity.p_of_groups import (
    MeanSpan,
    chi_squares,
    p_from_counts,
    p_from_many_means,
    p_from_means,
)
from nmosd_cohort.literature.integrity.p_values import PossibleP, p_from_limits, p_from_statistic
from nmosd_cohort.literature.integrity.tolerance import decimals_of, overlap, span, words
from nmosd_cohort.literature.numbers import Group, Numbers, Statistic

REFERENCE = pd.read_csv(Path(__file__).parents[2] / "reference" / "integrity_recompute.csv")
TABLES = REFERENCE[REFERENCE.case.str.count("/") == 3]


def of_r(case: str, name: str) -> float:
    return float(REFERENCE[(REFERENCE.case == case) & (REFERENCE.name == name)].low.iloc[0])


def exactly(mean: float, sd: float, n: int) -> MeanSpan:
    return MeanSpan((mean, mean), (sd, sd), n)


def difference(estimate: float, low: float, high: float, **more: object) -> Numbers:
    numbers = {"n": None, "unit": None, "decimals": 2, "p": None, **more}
    return Numbers(estimate=estimate, conf_low=low, conf_high=high, **numbers)  # type: ignore[arg-type]


@pytest.mark.parametrize("row", list(TABLES.itertuples(index=False)), ids=lambda row: f"{row.case} {row.name}")
def test_p_of_counts_agrees_with_r(row: pd.Series) -> None:
    a, b, c, d = (int(part) for part in row.case.split("/"))
    found = {one.test: one.low for one in p_from_counts([(a, b), (c, d)])}
    assert found[row.name] == pytest.approx(row.low, rel=1e-9)


def test_other_tests_of_counts_by_hand() -> None:
    # 6/7 and 2/9: doubled upper tail of the hypergeometric, (C(8,6)C(8,1) + C(8,7)) / C(16,7) = 232 / 11440
    found = {one.test: one.low for one in p_from_counts([(6, 7), (2, 9)])}
    assert found["Fisher exact, one tail doubled"] == pytest.approx(2 * 232 / 11440)
    # Pearson's is 16 * (6 * 7 - 1 * 2)^2 / (7 * 9 * 8 * 8) = 6.349; with N - 1 it is 15/16 of that
    values = chi_squares([(6, 7), (2, 9)])
    assert values["Pearson chi-square"] == pytest.approx(16 * 40**2 / (7 * 9 * 8 * 8))
    assert values["N - 1 chi-square"] == pytest.approx(15 / 16 * values["Pearson chi-square"])


def test_three_groups_and_degenerate_counts() -> None:
    found = p_from_counts([(10, 20), (5, 20), (12, 20)])
    table = [[10, 10], [5, 15], [12, 8]]
    assert found[0].low == pytest.approx(stats.chi2_contingency(table).pvalue)
    assert {one.low for one in p_from_counts([(0, 5), (0, 6)])} == {1.0}
    assert "unpooled z" not in chi_squares([(0, 5), (6, 6)])
    assert p_from_counts([(0, 3000), (2900, 3000)])[-1].low == 0.0
    with pytest.raises(ValueError, match="two groups"):
        p_from_counts([(1, 2)])


def test_p_of_statistics_agrees_with_r() -> None:
    [chi] = p_from_statistic("chi2", (3.038, 3.038))
    assert chi.low == pytest.approx(of_r("chi2 3.038", "p"))
    [f] = p_from_statistic("f", (4.2, 4.2), freedom=30)
    assert f.low == pytest.approx(of_r("f 4.2 on 1 and 30", "p"))
    [t] = p_from_statistic("t", (-2.3, -2.3), freedom=18)
    assert t.high == pytest.approx(of_r("t 2.3 on 18", "p"))


def test_p_of_statistics_without_degrees_of_freedom() -> None:
    assert [one.test for one in p_from_statistic("t", (2.0, 2.0), n=20)][:2] == [
        "t with 19 degrees of freedom",
        "t with 18 degrees of freedom",
    ]
    [any_freedom] = p_from_statistic("t", (1.96, 1.96))
    assert (any_freedom.low, any_freedom.high) == pytest.approx((0.05, stats.t.sf(1.96, 1) * 2), abs=1e-4)
    assert p_from_statistic("f", (4.0, 4.0), n=20)[2].low == pytest.approx(0.0455, abs=1e-4)
    assert p_from_statistic("z", (-0.1, 0.1))[0].high == 1.0
    assert p_from_statistic("u", (10, 10), n=30) == ()
    assert p_from_statistic("r", (0.5, 0.5)) == ()
    # t = 0.5 * sqrt(26 / 0.75) = 2.944 on 26
    assert p_from_statistic("r", (0.5, 0.5), freedom=26)[0].low == pytest.approx(0.0067, abs=1e-4)
    assert p_from_statistic("rho", (1.0, 1.0), n=9)[1].low == 0.0
    with pytest.raises(ValueError, match="name"):
        p_from_statistic("w", (1, 1))  # type: ignore[arg-type]


def test_p_of_limits_by_hand() -> None:
    # Altman and Bland: log(0.81) = -0.2107, error log(0.94 / 0.70) / 3.92 = 0.0752, z 2.80, p 0.005
    found = p_from_limits((0.81, 0.81), (0.70, 0.70), (0.94, 0.94), scale="log")
    assert found[0].low == pytest.approx(0.005, abs=3e-4)
    # -0.79 with a lower arm of 1.10 and an upper one of 0.48: by width z 1.96, by the upper limit 3.23
    width, upper = p_from_limits((-0.79, -0.79), (-1.89, -1.89), (-0.31, -0.31))
    assert (width.low, upper.low) == pytest.approx((0.05, 0.00126), abs=2e-4)
    assert p_from_limits((0.1, 0.2), (0.0, 0.1), (0.5, 0.6), scale="log") == ()
    assert p_from_limits((-0.1, 0.1), (-1, -1), (1, 1))[0].high == 1.0
    assert p_from_limits((1.0, 1.0), (1.0, 1.0), (2.0, 2.0))[1].low == 0.0
    with pytest.raises(ValueError, match="scale"):
        p_from_limits((1, 1), (1, 1), (1, 1), scale="square")  # type: ignore[arg-type]


def test_p_of_means_agrees_with_r_and_scipy() -> None:
    groups = exactly(3.3, 3.1, 38), exactly(2.3, 2.2, 43)
    welch, student, z = p_from_means(*groups)
    assert welch.low == pytest.approx(of_r("means", "Welch t"))
    assert student.low == pytest.approx(of_r("means", "Student t"))
    # 1 / sqrt(3.1^2 / 38 + 2.2^2 / 43) = 1.654
    assert z.low == pytest.approx(0.0981, abs=1e-4)
    scores = [np.array([1.0, 2, 4, 5]), np.array([2.0, 6, 7]), np.array([3.0, 3, 4, 8, 9])]
    spans = [exactly(one.mean(), one.std(ddof=1), one.size) for one in scores]
    assert p_from_many_means(spans)[0].low == pytest.approx(stats.f_oneway(*scores).pvalue)


def test_means_without_spread_or_patients() -> None:
    assert {one.low for one in p_from_means(exactly(1, 0, 5), exactly(1, 0, 5))} == {1.0}
    assert {one.low for one in p_from_means(exactly(1, 0, 5), exactly(2, 0, 5))} == {0.0}
    assert p_from_many_means([exactly(1, 0, 5)] * 3)[0].low == 1.0
    with pytest.raises(ValueError, match="two in each"):
        p_from_means(exactly(1, 1, 1), exactly(1, 1, 5))
    with pytest.raises(ValueError, match="two groups"):
        p_from_many_means([exactly(1, 1, 5)])


def test_printed_p() -> None:
    assert printed_p(".02") == pytest.approx((0.015, 0.03))
    assert printed_p("0.000") == pytest.approx((0, 0.001))
    assert printed_p("<0.001") == (0.0, 0.001)
    with pytest.raises(ValueError, match="between 0 and 1"):
        printed_p("1.7")


@pytest.mark.parametrize(
    ("printed", "status"),
    [
        ("0.04", "consistent"),
        ("<0.05", "consistent"),
        ("0.02", "informative"),  # one-sided
        ("0.06", "informative"),  # z 2.05 and 1.92
        ("<0.01", "inconsistent"),  # z 2.58
        ("0.4", "inconsistent"),
    ],
)
def test_verdict_on_a_printed_p(printed: str, status: str) -> None:
    assert compare_p("p", printed, [PossibleP("t", 0.0401, 0.041)]).status == status


def test_without_a_test_p_is_not_checkable() -> None:
    assert compare_p("p", "0.04", []).status == "not checkable"


def test_chi_square_of_counts() -> None:
    groups = [(36, 57), (18, 51)]
    assert compare_chi_square(8.36, 2, groups).status == "consistent"
    assert compare_chi_square(7.8, 1, groups).status == "informative"  # roots 2.79, and 2.85 for the likelihood ratio
    assert compare_chi_square(3.2, 1, groups).status == "inconsistent"


def test_statistic_and_p() -> None:
    three_groups = Statistic(name="chi2", value=7.0, decimals=1)
    # chi-square of 7 has p 0.030 with two degrees of freedom, 0.008 with one
    assert check_statistic_p(three_groups, "0.030", groups=3).status == "consistent"
    assert check_statistic_p(three_groups, "0.030").status == "inconsistent"


def test_counts_and_p_of_all_groups_or_a_pair() -> None:
    groups = [(10, 20), (5, 20), (12, 20)]
    pair = p_from_counts(groups[1:])[0].low
    assert check_counts_p(groups, f"{pair:.3f}").status == "consistent"
    assert check_counts_p(groups[:2], "<0.0001").status == "inconsistent"


def test_counts_of_the_same_patients_twice() -> None:
    # unpaired chi-square 8, z 2.83; 20 patients changed, all one way: chi-square 20, z 4.47
    same = check_counts_p([(60, 100), (40, 100)], "0.00001")
    assert (same.status, "McNemar" in same.detail) == ("informative", True)
    assert check_counts_p([(60, 100), (40, 99)], "0.00001").status == "inconsistent"
    assert check_counts_p([(60, 100), (40, 100)], "0.9").status == "inconsistent"
    assert check_counts_p([(40, 100), (40, 100)], "<0.01").status == "inconsistent"


def test_correlation_and_p() -> None:
    assert check_correlation_p(0.341, 3, 71, "<0.004").status == "consistent"
    wrong = check_correlation_p(0.486, 3, 32, "0.019")
    assert (wrong.status, "takes 23 patients" in wrong.detail) == ("informative", True)
    assert "takes" not in check_correlation_p(0.0, 1, 32, "0.019").detail
    assert check_correlation_p(0.9, 1, 30, "0.9").status == "inconsistent"
    # r 0.5 of 50 has p 0.0002: ten tests make 0.002 of it, but none makes 0.3
    several = check_correlation_p(0.5, 2, 50, "0.002")
    assert (several.status, "correction for several tests" in several.detail) == ("informative", True)
    assert check_correlation_p(0.5, 2, 50, "0.3").status == "inconsistent"
    assert check_correlation_p(0.5, 2, 50, "<0.002").recomputed == "p 0.000114 to 0.00053"


def test_means_and_p_by_a_rank_test_or_standard_errors() -> None:
    groups = [exactly(3.3, 3.1, 38), exactly(2.3, 2.2, 43)]
    assert check_means_p(groups, "0.01", is_sd_certain=True).status == "informative"
    assert check_means_p(groups, "<0.0000001", is_sd_certain=True).status == "inconsistent"
    # as standard errors of 25 patients each: z = 1 / hypot(0.3, 0.4) = 2; as SDs z = 10
    errors = [exactly(2, 0.3, 25), exactly(1, 0.4, 25)]
    assert check_means_p(errors, "0.05", is_sd_certain=False).status == "informative"
    assert check_means_p(errors, "0.05", is_sd_certain=True).status == "inconsistent"
    assert check_means_p(errors, "0.9", is_sd_certain=False).status == "inconsistent"


def test_limits_and_p() -> None:
    [found] = check_limits_p(difference(-0.18, -0.41, 0.05, n=361), "0.93", is_ratio=False)
    assert (found.status, found.recomputed) == ("inconsistent", "p 0.0977 to 0.153")
    # t on two degrees of freedom: 0.783 * 4.303 = 3.37, p 0.078
    [few] = check_limits_p(difference(-0.18, -0.41, 0.05), "0.08", is_ratio=False)
    assert few.status in {"consistent", "informative"}
    [pooled] = check_limits_p(difference(-1.0, -1.5, -0.5), "0.01", is_ratio=False)
    assert (pooled.status, "few degrees" in pooled.detail) == ("informative", True)
    [wide] = check_limits_p(difference(15.78, 1.37, 182.15, n=122), "0.06", is_ratio=True)
    assert wide.status == "informative"
    assert (
        list(
            check_limits_p(
                Numbers(n=9, estimate=1.0, unit=None, decimals=1, conf_low=None, conf_high=None, p=None),
                "0.1",
                is_ratio=True,
            )
        )
        == []
    )


def test_small_groups_widen_the_limits() -> None:
    groups = (Group(name="one", n=6), Group(name="two", n=7))
    # Student's t on 11: p = 0.011 for an estimate of 1.4 half-widths, where the normal distribution has 0.006
    [found] = check_limits_p(difference(1.4, 0.4, 2.4, groups=groups), "0.0106", is_ratio=False)
    assert found.status == "consistent"


def test_decimals_and_ranges() -> None:
    assert decimals_of() == 0
    assert decimals_of(2.0, declared=1) == 1
    assert decimals_of(2.25, None, declared=1) == 2
    assert span(-0.5, 1) == pytest.approx((-0.6, -0.45))
    assert overlap((0, 1), (1, 2))
    assert words((1.0, 2.0)) == "1 to 2"
    assert math.isclose(span(12.0, 0)[1], 13.0)
