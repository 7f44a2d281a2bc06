"""Subgroups of studies, leaving studies and cohorts out, small studies, and the rows of a forest plot."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f

from nmosd_cohort.statistics.pooling.correlations import correlation_studies
from nmosd_cohort.statistics.pooling.proportions import pool_proportions, share_studies
from nmosd_cohort.statistics.pooling.random_effects import pool_studies
from nmosd_cohort.statistics.pooling.ratios import two_group_studies
from nmosd_cohort.statistics.pooling.sensitivity import (
    forest_table,
    leave_one_group_out,
    leave_one_out,
    one_per_group,
    small_study_effect,
)
from nmosd_cohort.statistics.pooling.studies import Studies, study_effects
from nmosd_cohort.statistics.pooling.subgroups import pool_subgroups

NEAR = {"rel": 1e-9, "abs": 1e-11}  # metafor was told to stop late
TIDY = ["estimate", "std_error", "conf_low", "conf_high", "p_value", "n", "method"]


@pytest.fixture(scope="module")
def bcg(metafor) -> Studies:
    table = metafor["bcg"]
    columns = [[table[f"{what} {g} {s}"] for s in range(1, 14)] for g in (1, 2) for what in ("events", "of")]
    return two_group_studies(*columns, measure="risk_ratio")


@pytest.fixture(scope="module")
def alloc(metafor) -> list[str]:
    names = ("random", "alternate", "systematic")
    return [names[int(metafor["alloc"][str(study)]) - 1] for study in range(1, 14)]


@pytest.mark.parametrize(("test", "form"), [("knha", "plain"), ("z", "none")])
def test_subgroups_of_the_bcg_trials_come_out_as_a_meta_regression_in_r(metafor, bcg, alloc, test: str, form: str):
    expected, found = metafor[f"subgroups {test}"], pool_subgroups(bcg, alloc, knapp_hartung=form)
    # metafor's QM is divided by its degrees of freedom where it is an F
    statistic = found.q_between if form == "none" else found.q_between / found.freedom
    if form == "plain":
        statistic = float(f.isf(found.p_value, found.freedom, found.freedom_within))
    assert (statistic, found.p_value) == pytest.approx((expected["qm"], expected["qm_p"]), **NEAR)
    assert (found.freedom, found.freedom_within) == (2, 10 if form == "plain" else math.inf)
    assert found.groups["tau2"].tolist() == pytest.approx([expected["tau2"]] * 3, **NEAR)
    for index, row in found.groups.iterrows():
        limits = [math.log(row[name]) for name in ("estimate", "conf_low", "conf_high")]
        assert limits == pytest.approx([expected[f"{name} {index + 1}"] for name in ("mean", "low", "high")], **NEAR)
        assert row["std_error"] / row["estimate"] == pytest.approx(expected[f"error {index + 1}"], **NEAR)
    for index, row in found.differences.iterrows():
        limits = [math.log(row[name]) for name in ("estimate", "conf_low", "conf_high")]
        assert limits == pytest.approx([expected[f"{n} {index + 2}"] for n in ("gap", "gap_low", "gap_high")], **NEAR)
        assert row["p_value"] == pytest.approx(expected[f"gap_p {index + 2}"], **NEAR)
    assert set(found.differences["contrast"]) == {"ratio of ratios"}
    assert list(found.groups.columns) == ["group", "k", *TIDY, "tau2"]
    assert list(found.differences.columns) == ["group", "reference", "contrast", *TIDY]
    assert found.groups["k"].sum() == 13


def test_subgroups_with_a_variance_each_come_out_as_in_r(metafor, bcg, alloc):
    expected = metafor["subgroups separate"]
    found = pool_subgroups(bcg, alloc, tau2="separate", knapp_hartung="none")
    assert (found.q_between, found.p_value) == pytest.approx((expected["qm"], expected["qm_p"]), **NEAR)
    assert found.groups["tau2"].tolist() == pytest.approx([expected[f"tau2 {g}"] for g in (1, 2, 3)], **NEAR)
    for index, row in found.differences.iterrows():
        limits = [math.log(row[name]) for name in ("estimate", "conf_low", "conf_high")]
        assert limits == pytest.approx([expected[f"{n} {index + 2}"] for n in ("gap", "gap_low", "gap_high")], **NEAR)


def test_large_studies_with_a_variance_each_are_welchs_test_of_their_means(metafor):
    effects = [1.0, 2.2, 0.7, 3.9, 2.8, 6.1, 5.2, 1.9, 2.5, 2.4]
    groups = ["a"] * 4 + ["b"] * 3 + ["c"] * 3
    found = pool_subgroups(study_effects(effects, [1e-9] * 10), groups, tau2="separate")
    expected, gap = metafor["welch"], found.differences.iloc[0]
    near = {"rel": 1e-6}  # the variance within studies is 1e-9 and not 0
    assert found.p_value == pytest.approx(expected["p_value"], **near)
    assert found.freedom_within == pytest.approx(expected["freedom_within"], **near)
    assert (gap["conf_low"], gap["conf_high"]) == pytest.approx((expected["gap_low"], expected["gap_high"]), **near)
    assert gap["p_value"] == pytest.approx(expected["gap_p"], **near)
    assert found.method.startswith("Welch's test between 3 subgroups")


@pytest.mark.parametrize("tau2", ["common", "separate"])
@pytest.mark.parametrize("form", ["floor_at_zero", "floor", "plain", "none"])
def test_two_subgroups_have_one_p_value(tau2: str, form: str):
    studies = study_effects([0.1, 0.4, 0.2, 0.9, 1.2], [0.02, 0.05, 0.04, 0.03, 0.02])
    found = pool_subgroups(studies, ["a", "a", "a", "b", "b"], tau2=tau2, knapp_hartung=form)
    gap = found.differences.iloc[0]
    assert found.p_value == pytest.approx(gap["p_value"], rel=1e-9)
    assert (gap["group"], gap["reference"]) == ("b", "a")
    turned = pool_subgroups(studies, ["b", "b", "b", "a", "a"], tau2=tau2, knapp_hartung=form)
    assert turned.p_value == pytest.approx(found.p_value)


@pytest.mark.parametrize("tau2_method", ["REML", "DL", "PM", "fixed"])
def test_alike_subgroups_of_alike_studies_by_hand(tau2_method: str):
    # no variance anywhere: means 1 and 2 with errors sqrt(0.1 / 2); Q between = 1 / (2 x 0.05) = 10
    studies = study_effects([1, 1, 2, 2], [0.1] * 4)
    found = pool_subgroups(studies, ["a", "a", "b", "b"], tau2_method=tau2_method)
    assert found.q_between == pytest.approx(10)
    assert found.groups["estimate"].tolist() == pytest.approx([1, 2])
    assert found.groups["std_error"].tolist() == pytest.approx([math.sqrt(0.05)] * 2)
    assert found.differences["std_error"].tolist() == pytest.approx([math.sqrt(0.1)])
    assert found.freedom_within == (math.inf if tau2_method == "fixed" else 2)


def test_without_a_difference_the_factor_of_hartung_and_knapp_can_be_0():
    found = pool_subgroups(study_effects([0, 2, 1, 1], [0.1] * 4), ["a", "a", "b", "b"], knapp_hartung="plain")
    assert found.q_between == pytest.approx(0, abs=1e-12)
    assert found.p_value == pytest.approx(1)


def test_subgroups_of_one_effect_each_have_no_limits_without_a_floor():
    studies = study_effects([0.5, 0.5, 0.2, 0.2], [0.1] * 4)
    for tau2 in ("common", "separate"):
        found = pool_subgroups(studies, list("aabb"), tau2=tau2, knapp_hartung="plain")
        assert math.isnan(found.p_value)
        assert found.method.startswith("test not estimable: the studies have the same effect")
        assert found.groups["estimate"].tolist() == pytest.approx([0.5, 0.2])
        for table in (found.groups, found.differences):
            assert table[["std_error", "conf_low", "conf_high", "p_value"]].isna().all(axis=None)
            assert table["method"].str.startswith("limits not estimable: the studies have the same effect").all()


def test_a_subgroup_of_one_effect_leaves_the_other_its_limits():
    studies = study_effects([0.5, 0.5, 0.2, 0.9], [0.1] * 4)
    found = pool_subgroups(studies, list("aabb"), tau2="separate", knapp_hartung="plain")
    assert found.groups["conf_low"].isna().tolist() == [True, False]
    assert found.groups["method"].str.contains("not estimable").tolist() == [True, False]
    assert found.differences["conf_low"].isna().all()


def test_shares_differ_by_an_odds_ratio_and_correlations_by_fisher_z():
    shares = share_studies([10, 30, 20, 33], [40, 90, 40, 60])
    gap = pool_subgroups(shares, ["a", "a", "b", "b"]).differences.iloc[0]
    groups = pool_subgroups(shares, ["a", "a", "b", "b"]).groups["estimate"].to_numpy()
    odds = groups / (1 - groups)
    assert (gap["contrast"], gap["estimate"]) == ("odds ratio", pytest.approx(odds[1] / odds[0]))
    angles = share_studies([10, 30, 20, 33], [40, 90, 40, 60], scale="freeman_tukey")
    assert "arcsines" in pool_subgroups(angles, ["a", "a", "b", "b"]).differences["contrast"].iloc[0]
    z = pool_subgroups(correlation_studies([0.1, 0.5, 0.6], [40, 40, 40], kind="pearson"), ["a", "b", "b"])
    assert z.differences["contrast"].tolist() == ["difference of Fisher z"]


def test_subgroups_that_cannot_be_compared_are_named():
    studies = study_effects([0.1, 0.4, 0.2], [0.02, 0.05, 0.04])
    with pytest.raises(ValueError, match="all studies are in one subgroup"):
        pool_subgroups(studies, ["a", "a", "a"])
    with pytest.raises(ValueError, match="2 entries for 3 studies"):
        pool_subgroups(studies, ["a", "b"])
    with pytest.raises(ValueError, match="3 studies in 3 subgroups"):
        pool_subgroups(studies, ["a", "b", "c"])
    with pytest.raises(ValueError, match="subgroup b has one study"):
        pool_subgroups(studies, ["a", "a", "b"], tau2="separate")
    with pytest.raises(ValueError, match="tau2 is 'own'"):
        pool_subgroups(studies, ["a", "a", "b"], tau2="own")


def test_leaving_one_bcg_trial_out_comes_out_as_in_r_metafor(metafor, bcg):
    expected, table = metafor["leave1out"], leave_one_out(bcg, knapp_hartung="plain")
    found = {
        "estimate": np.log(table["estimate"]),
        "se": table["std_error"] / table["estimate"],
        "ci.lb": np.log(table["conf_low"]),
        "ci.ub": np.log(table["conf_high"]),
        "Q": table["q"],
        "tau2": table["tau2"],
    }
    for term, column in found.items():
        assert column.tolist() == pytest.approx([expected[f"{term} {study}"] for study in range(1, 14)], **NEAR)
    assert table["left_out"].tolist() == [f"study {study}" for study in range(1, 14)]
    assert set(TIDY) < set(table.columns)


def test_leaving_one_of_two_out_leaves_the_other_as_it_is():
    table = leave_one_out(share_studies([10, 117], [40, 145], labels=["Berlin", "Suzhou"]))
    assert table["estimate"].tolist() == pytest.approx([117 / 145, 0.25])
    assert table["method"].tolist() == ["one study, Wilson limits"] * 2
    with pytest.raises(ValueError, match="there is one study"):
        leave_one_out(share_studies([10], [40]))


def test_of_a_cohort_the_largest_study_counts():
    labels = ["pilot", "Oxford", "Berlin", "Suzhou"]
    shares = share_studies([10, 30, 12, 93], [26, 76, 40, 145], labels=labels)
    cohorts = ["Oxford", "Oxford", "Berlin", "Suzhou"]
    assert one_per_group(shares, cohorts).labels == ("Oxford", "Berlin", "Suzhou")
    table = leave_one_group_out(shares, cohorts)
    assert table["left_out"].tolist() == ["Oxford", "Berlin", "Suzhou"]
    for row, (events, n) in zip(
        table.itertuples(), [([12, 93], [40, 145]), ([30, 93], [76, 145]), ([30, 12], [76, 40])], strict=True
    ):
        other = pool_proportions(events, n)
        assert (row.estimate, row.conf_low, row.k) == pytest.approx((other.estimate, other.conf_low, 2))
    every = leave_one_group_out(shares, cohorts, keep="all")
    assert every["k"].tolist() == [2, 3, 3]
    other = pool_proportions([10, 30, 93], [26, 76, 145])
    assert every["estimate"].iloc[1] == pytest.approx(other.estimate)


def test_studies_without_numbers_count_by_their_variance_then_their_place():
    studies = study_effects([0.1, 0.2, 0.3, 0.4], [0.05, 0.02, 0.02, 0.09])
    assert one_per_group(studies, ["a", "a", "a", "b"]).labels == ("study 2", "study 4")


@pytest.mark.parametrize("gap", [None, math.nan, pd.NA, pd.NaT, "", "  "])
def test_studies_without_a_cohort_or_subgroup_are_named(gap):
    studies = study_effects([0.1, 0.2, 0.6], [0.01] * 3, n=[50, 40, 30], labels=["Oxford", "Berlin", "Suzhou"])
    groups = ["a", gap, gap]
    for call, name in (
        (one_per_group, "overlap_groups"),
        (leave_one_group_out, "overlap_groups"),
        (pool_subgroups, "groups"),
    ):
        with pytest.raises(ValueError, match=f"^{name} has no entry for Berlin"):
            call(studies, groups)


def test_cohorts_that_cannot_be_left_out_are_named():
    studies = study_effects([0.1, 0.4], [0.02, 0.05])
    with pytest.raises(ValueError, match="all studies are of one cohort"):
        leave_one_group_out(studies, ["a", "a"])
    with pytest.raises(ValueError, match="1 entries for 2 studies"):
        one_per_group(studies, ["a"])
    with pytest.raises(ValueError, match="keep is 'first'"):
        leave_one_group_out(studies, ["a", "b"], keep="first")


def test_eggers_regression_comes_out_as_in_r_metafor(metafor, bcg):
    slope, expected = small_study_effect(bcg), metafor["egger"]
    assert {term: getattr(slope, term) for term in expected} == pytest.approx(expected, rel=1e-9)
    assert slope.method.endswith("errors of shares and ratios hang on the effect, which alone can make a slope")


def test_eggers_regression_finds_a_planted_slope():
    errors = np.linspace(0.1, 0.9, 12)
    off = 0.01 * np.resize([1, -1, -1, 1], 12)
    slope = small_study_effect(study_effects(0.3 + 2 * errors + off, errors**2))
    assert slope.estimate == pytest.approx(2, abs=0.05)
    assert slope.conf_low < 2 < slope.conf_high
    assert "hang on" not in slope.method


@pytest.mark.parametrize(("level", "rise"), [(0.3, 2.0), (0.1, 0.0), (0.0, 0.0), (-5.0, 1 / 3)])
def test_eggers_regression_of_effects_on_the_line_has_no_limits(level: float, rise: float):
    errors = np.linspace(0.1, 0.9, 12)
    slope = small_study_effect(study_effects(level + rise * errors, errors**2, conf_level=0.9))
    assert slope.estimate == pytest.approx(rise, abs=1e-9)
    assert np.isnan([slope.std_error, slope.conf_low, slope.conf_high, slope.p_value]).all()
    assert (slope.method, slope.conf_level) == ("limits not estimable: all effects lie on the line", 0.9)


def test_eggers_regression_is_refused_below_ten_studies():
    few = small_study_effect(study_effects([0.1] * 9, np.linspace(0.1, 0.9, 9)))
    assert math.isnan(few.estimate)
    assert few.method == "not estimable: Egger regression needs 10 studies, there are 9"
    alike = small_study_effect(study_effects(np.arange(10), [0.2] * 10))
    assert alike.method == "not estimable: all studies have the same standard error"


def test_forest_table_holds_the_studies_the_mean_and_the_prediction():
    studies = share_studies([117, 125, 81, 25], [145, 166, 122, 29], labels=["Xue", "Ayzenberg", "Zhang", "Qian"])
    table, pooled = forest_table(studies), pool_studies(studies)
    assert list(table.columns) == ["study", "kind", "weight", *TIDY]
    assert table["kind"].tolist() == ["study"] * 4 + ["pooled", "prediction"]
    assert table["weight"][:4].sum() == pytest.approx(1)
    assert table["estimate"].tolist() == pytest.approx(
        [117 / 145, 125 / 166, 81 / 122, 25 / 29] + [pooled.estimate] * 2
    )
    assert table["conf_low"].iloc[0] == pytest.approx(0.735, abs=0.0005)  # statistics.md 4.3
    last = table.iloc[-1]
    assert (last["conf_low"], last["conf_high"]) == (pooled.prediction_low, pooled.prediction_high)
    assert math.isnan(last["std_error"])
    assert forest_table(share_studies([1, 2], [5, 8]))["kind"].tolist() == ["study", "study", "pooled"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(0.02, 1)), min_size=4, max_size=6), st.floats(-3, 3))
def test_differences_do_not_move_with_all_effects(studies, shift: float):
    effects, variances = (np.array(column) for column in zip(*studies, strict=True))
    groups = ["a", "b"] * 2 + ["a"] * (effects.size - 4)
    found, moved = (pool_subgroups(study_effects(effects + by, variances), groups) for by in (0.0, shift))
    near = {"rel": 1e-5, "abs": 1e-5}
    assert moved.p_value == pytest.approx(found.p_value, **near)
    assert moved.differences["estimate"].iloc[0] == pytest.approx(found.differences["estimate"].iloc[0], **near)
    assert moved.groups["estimate"].to_numpy() == pytest.approx(found.groups["estimate"].to_numpy() + shift, **near)
