"""Partial proportional odds, and the score test of proportional odds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from nmosd_cohort.statistics.ordinal.cumulative_logit import fit_cumulative_link
from nmosd_cohort.statistics.ordinal.partial_odds import partial_proportional_odds
from nmosd_cohort.statistics.ordinal.partial_odds_likelihood import Layout, PartialLikelihood
from nmosd_cohort.statistics.ordinal.proportional_odds import (
    _expected_information,
    merged_levels,
    proportional_odds_test,
)

COVARIATES = ["neuropathic", "woman", "age_decade", "duration_years"]
TABLE = pd.DataFrame({"pain": [0, 0, 0, 1, 1, 1]})


@pytest.fixture(scope="module")
def bands(tally: pd.DataFrame) -> np.ndarray:
    return np.searchsorted([3, 5, 8, 11], tally["edss2"], side="right")


def test_free_odds_ratios_give_the_numbers_of_r_clm(tally: pd.DataFrame, bands: np.ndarray, ordinal_numbers: pd.Series):
    fit = partial_proportional_odds(bands, tally[COVARIATES], tally["n"], free=["neuropathic"])
    free, common = fit.odds_ratios[:4], fit.odds_ratios[4:]
    assert_allclose(np.log(free["estimate"]), ordinal_numbers["nominal_log_odds"], rtol=1e-8)
    assert_allclose(free["std_error"] / free["estimate"], ordinal_numbers["nominal_se"], rtol=1e-8)
    assert free["level"].tolist() == [1, 2, 3, 4]
    assert_allclose(np.log(common["estimate"]), ordinal_numbers["nominal_common"], rtol=1e-8)
    assert_allclose(common["std_error"] / common["estimate"], ordinal_numbers["nominal_common_se"], rtol=1e-8)
    assert common["level"].isna().all()
    assert fit.statistic == pytest.approx(ordinal_numbers["nominal_lr", ""], rel=1e-8)
    assert fit.log_likelihood == pytest.approx(ordinal_numbers["nominal_log_likelihood", ""], rel=1e-12)
    assert (fit.freedom, fit.crossing_patients, fit.n) == (3, 0, 320)
    assert 0 < fit.lowest_probability < 0.1


def test_odds_ratios_that_change_at_some_levels_give_the_numbers_of_r_vglm(
    tally: pd.DataFrame, ordinal_numbers: pd.Series
):
    fit = partial_proportional_odds(
        tally["edss2"], tally[COVARIATES], tally["n"], free=["neuropathic"], changes_at=[6, 10]
    )
    # VGAM stops at half-steps, with six digits right.
    assert_allclose(np.log(fit.odds_ratios["estimate"]), ordinal_numbers["banded_coefficient"], atol=1e-6)
    assert fit.log_likelihood == pytest.approx(ordinal_numbers["banded_log_likelihood", ""], rel=1e-10)
    assert fit.statistic == pytest.approx(ordinal_numbers["banded_lr", ""], rel=1e-8)
    assert fit.odds_ratios["level"].tolist()[:3] == [1, 6, 10]
    assert fit.freedom == 2


def test_a_saturated_model_gives_the_cut_point_odds_ratios_by_hand():
    # Reaching 2: (45 / 15) / (30 / 30) = 3, variance of its log 1/45 + 1/15 + 1/30 + 1/30.
    fit = partial_proportional_odds([0, 2, 4] * 2, TABLE, [30, 20, 10, 15, 20, 25], free=["pain"], conf_level=0.9)
    first = fit.odds_ratios.iloc[0]
    assert first["estimate"] == pytest.approx(3)
    assert first["std_error"] == pytest.approx(3 * (1 / 45 + 1 / 15 + 1 / 30 + 1 / 30) ** 0.5)
    assert first["conf_high"] == pytest.approx(3 * np.exp(1.6448536269514722 * first["std_error"] / 3))
    assert fit.odds_ratios["estimate"][1] == pytest.approx((25 / 35) / (10 / 50))


def test_odds_that_cross_are_counted():
    # Dose raises the odds of reaching 1 and lowers those of reaching 2: at dose 3 the shares of the levels,
    # extrapolated from doses 0 and 1, would be below 0 in the middle.
    design = pd.DataFrame({"dose": [0, 0, 0, 1, 1, 1, 3, 3]})
    fit = partial_proportional_odds([0, 1, 2, 0, 1, 2, 0, 2], design, [20, 30, 20, 35, 10, 40, 3, 9], free=["dose"])
    assert fit.crossing_patients == 12
    assert fit.lowest_probability < 0
    assert fit.odds_ratios["method"].str.contains("odds cross, 12 patients have a level with a probability").all()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_tally_rows_and_order_agree_and_reversing_mirrors(seed: int):
    rng = np.random.default_rng(seed)
    design = pd.DataFrame({"a": np.tile([0, 1], 30), "b": rng.integers(0, 3, 60)})
    level = np.concatenate([np.tile([0, 0, 1, 1, 2, 2], 4), rng.integers(0, 3, 36)])
    counts = rng.integers(1, 5, 60)
    whole = partial_proportional_odds(level, design, counts, free=["a"])
    order = rng.permutation(np.repeat(np.arange(60), counts))
    by_row = partial_proportional_odds(level[order], design.iloc[order], free=["a"])
    mirrored = partial_proportional_odds(-level, design, counts, free=["a"])
    columns = ["estimate", "conf_low", "conf_high"]
    assert_allclose(np.log(by_row.odds_ratios[columns]), np.log(whole.odds_ratios[columns]), atol=1e-8)
    assert_allclose(
        -np.log(mirrored.odds_ratios["estimate"][[1, 0, 2]]), np.log(whole.odds_ratios["estimate"]), atol=1e-8
    )
    assert mirrored.statistic == pytest.approx(whole.statistic, abs=1e-8)
    assert whole.statistic >= 0


def test_derivatives_are_those_of_the_log_likelihood():
    rng = np.random.default_rng(5)
    design, level = rng.normal(size=(40, 2)), rng.integers(0, 4, 40)
    likelihood = PartialLikelihood(Layout(np.array([0]), np.array([0, 1, 1]), 2), level, design, rng.integers(1, 4, 40))
    at, steps = np.array([-2.0, 0.1, 1.5, 0.2, 0.3, -0.4]), 1e-5 * np.eye(6)
    around = [(likelihood.at(at + step), likelihood.at(at - step)) for step in steps]
    point = likelihood.at(at)
    assert_allclose(point.score, [(up.value - down.value) / 2e-5 for up, down in around], rtol=1e-6, atol=1e-6)
    curves = [(up.score - down.score) / 2e-5 for up, down in around]
    assert_allclose(likelihood.curvature(point), -np.array(curves), rtol=1e-5, atol=1e-5)
    assert likelihood.at(at[[1, 0, 2, 3, 4, 5]]) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"free": []}, "free names no column"),
        ({"free": ["age"]}, "no column 'age'; it has pain"),
        ({"free": ["pain"], "changes_at": [2]}, "changes_at is .*; it must list some of the levels 4"),
        ({"free": ["pain"], "changes_at": []}, "changes_at is .*; it must list some of the levels 4"),
    ],
)
def test_unusable_options_are_refused(options: dict[str, list[object]], message: str):
    with pytest.raises(ValueError, match=message):
        partial_proportional_odds([0, 2, 4] * 2, TABLE, [30, 20, 10, 15, 20, 25], **options)


def test_two_levels_and_cut_points_that_separate_are_refused():
    with pytest.raises(ValueError, match="two levels, one cut point; odds are proportional"):
        partial_proportional_odds([0, 2] * 3, TABLE, [9, 8, 7, 5, 6, 3], free=["pain"])
    with pytest.raises(
        ValueError, match="'pain' separates the outcome from level 4 on, so the odds ratio has no finite"
    ):
        partial_proportional_odds([0, 2, 2, 0, 2, 4], TABLE, [30, 20, 10, 15, 20, 25], free=["pain"])


def test_score_test_is_the_score_statistic_of_the_table_by_hand():
    # One binary column: the score test compares observed and expected counts of the proportional odds fit,
    # Pearson's chi-square on one degree of freedom.
    counts = np.array([30, 20, 10, 15, 20, 25])
    test = proportional_odds_test([0, 2, 4] * 2, TABLE, counts)
    fit = fit_cumulative_link([0, 2, 4] * 2, TABLE, counts)
    at_most = [1 / (1 + np.exp(-(fit.thresholds - group * fit.coefficients))) for group in (0, 1)]
    shares = [np.diff([0, *share, 1]) for share in at_most]
    expected = np.concatenate([60 * shares[0], 60 * shares[1]])
    assert_allclose(test["statistic"], ((counts - expected) ** 2 / expected).sum(), rtol=1e-9)
    assert test["freedom"].tolist() == [1, 1]
    assert (test["cut_points"] == 2).all()
    assert (test["n"] == 120).all()


def test_expected_information_is_the_mean_of_the_observed():
    # One patient a level, weighted with its probability: the observed information is then the expected.
    layout, at = Layout(np.array([0]), np.array([0, 1]), 1), np.array([-0.5, 0.9, 0.3, 0.6])
    design, level = np.repeat([[0.4], [-1.0]], 3, axis=0), np.tile([0, 1, 2], 2)
    plain = PartialLikelihood(layout, level, design, np.ones(6, dtype=np.int64))
    own = plain.level_probabilities(at)[np.arange(6), level]
    whole = np.round(1e12 * own).astype(np.int64)
    observed = PartialLikelihood(layout, level, design, whole).at(at)
    expected = _expected_information(PartialLikelihood(layout, level[::3], design[::3], np.full(2, 10**12)), at)
    assert_allclose(observed.information, expected, rtol=1e-9)


def test_score_test_of_tally_and_rows_agree_and_units_do_not_matter(tally: pd.DataFrame):
    whole = proportional_odds_test(tally["edss2"], tally[COVARIATES], tally["n"])
    rows = tally.loc[tally.index.repeat(tally["n"])].sample(frac=1, random_state=1)
    moved = rows.assign(age_decade=2000 - 10 * rows["age_decade"])
    by_row = proportional_odds_test(-moved["edss2"], moved[COVARIATES], fewest=1)
    same = proportional_odds_test(rows["edss2"], moved[COVARIATES])
    assert_allclose(same["statistic"], whole["statistic"], rtol=1e-8)
    assert whole["term"].tolist() == ["omnibus", *COVARIATES]
    assert by_row["cut_points"][0] == tally["edss2"].nunique() - 1
    assert whole["statistic"][0] > whole["statistic"][1:].max()


def test_levels_are_merged_until_bands_are_full():
    assert merged_levels([3, 1, 2, 0], [1, 30, 9, 9], fewest=10).tolist() == [1, 0, 1, 0]
    assert merged_levels([0, 1, 2], [5, 5, 5], fewest=1).tolist() == [0, 1, 2]
    assert merged_levels([0, 1, 2], [5, 5, 5], fewest=99).tolist() == [0, 0, 0]


def test_score_test_refuses_what_it_cannot_answer():
    with pytest.raises(ValueError, match="fewer than three bands of outcome levels hold 50 patients"):
        proportional_odds_test([0, 2, 4] * 2, TABLE, [30, 20, 10, 15, 20, 25], fewest=50)
    with pytest.raises(ValueError, match="no columns"):
        proportional_odds_test([0, 1, 2], pd.DataFrame(index=range(3)))
    with pytest.raises(ValueError, match=r"fewest is 2\.5"):
        proportional_odds_test([0, 2, 4] * 2, TABLE, fewest=2.5)


def test_unequal_odds_ratios_are_found():
    rng = np.random.default_rng(4)
    found = []
    for _ in range(20):
        group = rng.integers(0, 2, 300)
        outcome = np.digitize(np.where(group, 2.5, 1) * rng.logistic(size=300), [-1, 0.5, 2])
        found.append(proportional_odds_test(outcome, pd.DataFrame({"g": group}))["p_value"][0])
    assert np.median(found) < 0.01
