"""Cumulative logit model, separation, g-computation, cut points and Brant test."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from statsmodels.miscmodels.ordinal_model import OrderedModel

from nmosd_cohort.statistics.models import newton
from nmosd_cohort.statistics.models.cumulative_link import (
    Maximum,
    log_likelihood,
    maximise,
    score_and_information,
    sort_by_level,
)
from nmosd_cohort.statistics.models.design import model_cells
from nmosd_cohort.statistics.models.separation import separating_columns
from nmosd_cohort.statistics.ordinal import cumulative_logit as ordinal_module
from nmosd_cohort.statistics.ordinal.cumulative_logit import (
    OrdinalFit,
    fit_cumulative_link,
    odds_ratios,
    standardised_contrast,
    standardised_probability,
)
from nmosd_cohort.statistics.ordinal.cutpoints import brant_test, cutpoint_odds_ratios
from tests.statistics.tally_helpers import REFERENCE, expanded

COVARIATES = ["neuropathic", "woman", "age_decade", "duration_years"]
# R stops its optimisers a little earlier than Newton's method here.
R_TOLERANCE = 2e-6
TALLY_TOLERANCE = 1e-8


@pytest.fixture(scope="module")
def fit(tally: pd.DataFrame) -> OrdinalFit:
    return fit_cumulative_link(tally["edss2"], tally[COVARIATES], tally["n"])


@pytest.fixture(scope="module")
def numbers() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "models_numbers.csv", dtype={"term": "string"})


def reference(numbers: pd.DataFrame, quantity: str) -> np.ndarray:
    found = numbers.loc[numbers["quantity"] == quantity, "value"].to_numpy()
    assert found.size, f"models.R writes no {quantity}"
    return found


def random_tally(seed: int, *, cells: int = 60, levels: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.integers(0, 2, cells), "b": rng.normal(size=cells).round(1)})
    frame["y"] = np.clip(np.floor(frame["a"] + frame["b"] + rng.logistic(size=cells) + levels / 2), 0, levels - 1)
    frame["n"] = rng.integers(1, 5, cells)
    return frame


def test_fit_gives_the_numbers_of_r_clm(fit: OrdinalFit, numbers: pd.DataFrame):
    assert_allclose(fit.coefficients, reference(numbers, "clm_coefficient"), rtol=R_TOLERANCE)
    assert_allclose(fit.thresholds, reference(numbers, "clm_threshold"), rtol=R_TOLERANCE, atol=R_TOLERANCE)
    assert_allclose(np.sqrt(np.diag(fit.covariance)), reference(numbers, "clm_se"), rtol=R_TOLERANCE)
    assert fit.log_likelihood == pytest.approx(reference(numbers, "clm_log_likelihood")[0], rel=1e-9)
    assert (fit.n, fit.converged, fit.names) == (320, True, tuple(COVARIATES))


def test_fit_agrees_with_statsmodels_ordered_model(tally: pd.DataFrame, fit: OrdinalFit):
    rows = expanded(tally)
    model = OrderedModel(rows["edss2"], rows[COVARIATES], distr="logit")
    other = model.fit(method="bfgs", maxiter=500, gtol=1e-7, disp=False)
    assert_allclose(fit.coefficients, other.params[COVARIATES], atol=1e-5)
    assert_allclose(fit.thresholds, model.transform_threshold_params(other.params.to_numpy())[1:-1], atol=1e-5)
    assert fit.log_likelihood == pytest.approx(other.llf, abs=1e-6)


def test_two_levels_are_a_logistic_model_by_hand():
    # Odds ratio (20 * 20) / (10 * 10) = 4, variance of its log 1/20 + 1/10 + 1/10 + 1/20 = 0.3.
    fit = fit_cumulative_link([0, 1, 0, 1], pd.DataFrame({"pain": [0, 0, 1, 1]}), [20, 10, 10, 20])
    ratio = odds_ratios(fit, conf_level=0.9)["pain"]
    assert ratio.estimate == pytest.approx(4)
    assert (ratio.conf_low, ratio.conf_high) == pytest.approx(
        (4 * np.exp(-1.6448536269514722 * 0.3**0.5), 4 * np.exp(1.6448536269514722 * 0.3**0.5))
    )
    assert ratio.std_error == pytest.approx(4 * 0.3**0.5)
    assert ratio.p_value == pytest.approx(0.011373277615)  # R: 2 * pnorm(-log(4) / sqrt(0.3))
    assert (ratio.n, ratio.conf_level) == (60, 0.9)


def test_without_covariates_thresholds_are_the_logits_of_cumulative_shares():
    fit = fit_cumulative_link([0, 1, 2], pd.DataFrame(index=range(3)), [10, 20, 30])
    assert_allclose(fit.thresholds, np.log([10 / 50, 30 / 30]), atol=1e-12)
    assert odds_ratios(fit) == {}


def test_derivatives_are_those_of_the_log_likelihood():
    frame = random_tally(3)
    _, level = np.unique(frame["y"], return_inverse=True)
    cells = sort_by_level(level, frame[["a", "b"]].to_numpy(float), frame["n"].to_numpy())
    at = np.concatenate([np.sort(np.random.default_rng(1).normal(size=cells.starts.size - 1)), [0.4, -0.7]])
    score, information = score_and_information(at, cells)
    steps = 1e-5 * np.eye(at.size)
    slopes = [(log_likelihood(at + s, cells) - log_likelihood(at - s, cells)) / 2e-5 for s in steps]
    curves = [(score_and_information(at + s, cells)[0] - score_and_information(at - s, cells)[0]) / 2e-5 for s in steps]
    assert_allclose(score, slopes, rtol=1e-6)
    assert_allclose(information, -np.array(curves), rtol=1e-5, atol=1e-6)


def test_log_likelihood_is_minus_infinity_where_thresholds_fall():
    cells = sort_by_level(np.array([0, 1, 2]), np.zeros((3, 0)), np.ones(3, dtype=np.int64))
    assert log_likelihood(np.array([1.0, 0.5]), cells) == -np.inf


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_tally_rows_order_and_labels_do_not_matter(seed: int):
    frame = random_tally(seed)
    fit = fit_cumulative_link(frame["y"], frame[["a", "b"]], frame["n"])
    rows = expanded(frame).sample(frac=1, random_state=seed)
    by_row = fit_cumulative_link(rows["y"] * 3 - 50, rows[["a", "b"]])
    assert_allclose(by_row.coefficients, fit.coefficients, rtol=TALLY_TOLERANCE, atol=TALLY_TOLERANCE)
    assert_allclose(by_row.thresholds, fit.thresholds, rtol=TALLY_TOLERANCE, atol=TALLY_TOLERANCE)
    assert_allclose(by_row.covariance, fit.covariance, rtol=1e-6, atol=TALLY_TOLERANCE)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_reversing_the_outcome_flips_the_sign_and_doubling_halves_the_covariance(seed: int):
    frame = random_tally(seed)
    fit = fit_cumulative_link(frame["y"], frame[["a", "b"]], frame["n"])
    reversed_fit = fit_cumulative_link(-frame["y"], frame[["a", "b"]], frame["n"])
    twice = pd.concat([frame, frame])
    doubled = fit_cumulative_link(twice["y"], twice[["a", "b"]], twice["n"])
    weighted = fit_cumulative_link(frame["y"], frame[["a", "b"]], 2 * frame["n"])
    assert_allclose(reversed_fit.coefficients, -fit.coefficients, atol=TALLY_TOLERANCE)
    assert_allclose(reversed_fit.thresholds, -fit.thresholds[::-1], atol=TALLY_TOLERANCE)
    assert_allclose(doubled.coefficients, weighted.coefficients, atol=TALLY_TOLERANCE)
    assert_allclose(doubled.covariance, fit.covariance / 2, rtol=1e-6, atol=TALLY_TOLERANCE)


def test_shifting_and_scaling_a_covariate_scales_its_coefficient(tally: pd.DataFrame, fit: OrdinalFit):
    moved = tally.assign(age_decade=2000 + 10 * tally["age_decade"])
    other = fit_cumulative_link(moved["edss2"], moved[COVARIATES], moved["n"])
    assert_allclose(other.coefficients, fit.coefficients / [1, 1, 10, 1], rtol=1e-7)
    assert odds_ratios(other)["woman"].conf_low == pytest.approx(odds_ratios(fit)["woman"].conf_low, rel=1e-7)


def test_levels_and_columns_without_patients_are_dropped():
    design = pd.DataFrame({"pain": [0, 1, 0, 1, 1]})
    fit = fit_cumulative_link([0, 0, 3, 3, 9], design, [5, 4, 3, 6, 0])
    assert fit.levels.tolist() == [0, 3]
    assert fit.n == 18


@pytest.mark.parametrize("levels", [20, 64])
def test_many_levels_and_columns_recover_the_truth(levels: int):
    rng = np.random.default_rng(levels)
    design = pd.DataFrame(rng.integers(0, 3, size=(20_000, 15)), columns=[f"x{i}" for i in range(15)])
    truth = np.linspace(-0.6, 0.8, 15)
    latent = design.to_numpy() @ truth + rng.logistic(size=len(design))
    outcome = np.clip(np.round((latent + 3) * levels / 14), 0, levels - 1)
    fit = fit_cumulative_link(outcome, design)
    errors = np.sqrt(np.diag(fit.covariance))[-15:]
    assert np.abs((fit.coefficients - truth) / errors).max() < 3.5
    assert fit.levels.size == levels


def test_wald_limits_cover_the_truth_in_a_small_seeded_simulation():
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(200):
        group = rng.integers(0, 2, 80)
        outcome = np.clip(np.round(2 * (0.7 * group + rng.logistic(size=80))), -3, 4)
        ratio = odds_ratios(fit_cumulative_link(outcome, pd.DataFrame({"g": group})))["g"]
        covered += ratio.conf_low < np.exp(0.7) < ratio.conf_high
    assert 181 <= covered <= 197  # R: qbinom(c(0.005, 0.995), 200, 0.95)


def test_g_computation_gives_the_numbers_of_r(tally: pd.DataFrame, fit: OrdinalFit, numbers: pd.DataFrame):
    options = {"assign": {"neuropathic": 1}, "at_least": 8}
    share = standardised_probability(fit, tally, tally["n"], **options)
    contrast = standardised_contrast(fit, tally, tally["n"], reference={"neuropathic": 0}, **options)
    assert_allclose([share.estimate, contrast.estimate], reference(numbers, "g_computation"), rtol=R_TOLERANCE)
    assert_allclose([share.std_error, contrast.std_error], reference(numbers, "g_computation_se"), rtol=1e-5)
    assert contrast.estimate == pytest.approx(
        share.estimate
        - standardised_probability(fit, tally, tally["n"], assign={"neuropathic": 0}, at_least=8).estimate
    )
    assert contrast.p_value == pytest.approx(0.000247179, rel=1e-4)  # R: 2 * pnorm(-0.112286618 / 0.030636170)
    assert 0 < share.conf_low < share.estimate < share.conf_high < 1


def test_saturated_g_computation_gives_the_observed_share_and_its_standard_error():
    design = pd.DataFrame({"pain": [0, 0, 1, 1]})
    fit = fit_cumulative_link([0, 1, 0, 1], design, [30, 10, 20, 20])
    share = standardised_probability(fit, design, assign={"pain": 0}, at_least=1)
    contrast = standardised_contrast(
        fit, design, assign={"pain": 1}, reference={"pain": 0}, at_least=0.5, conf_level=0.9
    )
    assert share.estimate == pytest.approx(0.25)
    assert share.std_error == pytest.approx((0.25 * 0.75 / 40) ** 0.5)
    assert share.n == 4
    assert contrast.estimate == pytest.approx(0.25)
    assert contrast.std_error == pytest.approx((0.25 * 0.75 / 40 + 0.25 / 40) ** 0.5)
    assert contrast.conf_high - contrast.conf_low == pytest.approx(2 * 1.6448536 * contrast.std_error)


def test_g_computation_refuses_what_it_cannot_answer(tally: pd.DataFrame, fit: OrdinalFit):
    with pytest.raises(ValueError, match=r"at_least is 40; it must be above the lowest level 0 and at most"):
        standardised_probability(fit, tally, assign={}, at_least=40)
    with pytest.raises(ValueError, match="no column 'depth'; it has neuropathic, woman"):
        standardised_probability(fit, tally, assign={"depth": 1}, at_least=8)
    with pytest.raises(ValueError, match="no column 'woman', which the fit has"):
        standardised_probability(fit, tally.drop(columns="woman"), assign={}, at_least=8)
    with pytest.raises(ValueError, match="design has no patients"):
        standardised_probability(fit, tally, 0 * tally["n"], assign={}, at_least=8)
    with pytest.raises(ValueError, match="do not differ"):
        standardised_contrast(fit, tally, assign={"woman": 1}, reference={"woman": 1}, at_least=8)


@pytest.mark.parametrize(
    ("design", "message"),
    [
        ({"a": [1, 1, 1, 1]}, "design column 'a' has one value only"),
        ({"a": [0, 1, 0, 1], "b": [1, 0, 1, 0]}, "design column 'b' is a combination of 'a' and the intercept"),
        ({"a": ["x", "y", "x", "y"]}, "design column 'a' holds texts or dates; give it as numbers"),
        ({"a": [0, 1, None, 1]}, "design column 'a' has 1 missing or infinite values of 4"),
        ({"a": [0, 1, 0]}, "outcome has 4 entries but the design 3 rows"),
        ({"a": [0, 0, 0, 1]}, "design column 'a' separates the outcome levels"),
        ({"a": [1, 1, 1, 0]}, "design column 'a' separates the outcome levels"),
    ],
)
def test_unusable_designs_are_refused_by_name(design: dict[str, list[object]], message: str):
    with pytest.raises(ValueError, match=message):
        fit_cumulative_link([0, 1, 1, 2], pd.DataFrame(design))


def test_repeated_names_constant_outcomes_and_empty_tallies_are_refused():
    twice = pd.DataFrame([[0, 1], [1, 0]], columns=["a", "a"])
    with pytest.raises(ValueError, match="'a' occurs more than once"):
        fit_cumulative_link([0, 1], twice)
    with pytest.raises(ValueError, match=r"one level only \(3\)"):
        fit_cumulative_link([3, 3, 3], pd.DataFrame({"a": [0, 1, 0]}))
    with pytest.raises(ValueError, match="outcome has no patients"):
        fit_cumulative_link([3, 4], pd.DataFrame({"a": [0, 1]}), [0, 0])
    with pytest.raises(ValueError, match="conf_level is 95"):
        fit_cumulative_link([3, 4], pd.DataFrame({"a": [0, 1]}), conf_level=95)


def test_more_columns_than_patients_are_named():
    with pytest.raises(ValueError, match="design column 'c' is a combination of 'a', 'b' and the intercept"):
        model_cells([0, 1, 2], pd.DataFrame({"a": [0, 1, 0], "b": [0, 0, 1], "c": [3, 1, 2], "d": [1, 5, 2]}))


def test_columns_that_separate_only_together_are_named():
    rng = np.random.default_rng(2)
    design = pd.DataFrame(rng.integers(0, 5, size=(300, 4)), columns=list("abcd"))
    total = design["b"] + design["d"]
    outcome = np.where(total > 4, 2, np.where(total < 4, 0, rng.integers(0, 3, 300)))
    with pytest.raises(ValueError, match="design columns 'b', 'd' together separate"):
        fit_cumulative_link(outcome, design)


def test_a_sparse_category_in_the_middle_does_not_separate():
    # All three patients with a = 1 are at the middle level: a finite maximum exists.
    design = pd.DataFrame({"a": [0, 0, 0, 1]})
    fit = fit_cumulative_link([0, 1, 2, 1], design, [10, 10, 10, 3])
    assert abs(fit.coefficients[0]) < 1


def test_a_fit_that_stops_without_separation_says_so(monkeypatch: pytest.MonkeyPatch):
    def stopped(cells: object) -> Maximum:
        return Maximum(np.zeros(2), -1.0, np.eye(2), converged=False)

    monkeypatch.setattr(ordinal_module, "maximise", stopped)
    with pytest.raises(ValueError, match="did not converge; design column 'pain' all but separates"):
        fit_cumulative_link([0, 1, 0, 1], pd.DataFrame({"pain": [0, 0, 1, 1]}))


def test_newton_reports_when_it_cannot_go_on():
    constant = sort_by_level(np.array([0, 1]), np.zeros((2, 1)), np.array([2, 1]))
    assert not maximise(constant).converged  # singular information
    ordered = sort_by_level(np.array([0, 1]), np.array([[0.0], [1e9]]), np.array([2, 1]))
    assert separating_columns(ordered) == [0]


def test_newton_gives_up_after_the_last_step(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(newton, "MAX_STEPS", 1)
    cells = sort_by_level(np.array([0, 1, 0, 1]), np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([9, 2, 3, 9]))
    assert not maximise(cells).converged


def test_shares_far_outside_of_the_data_get_no_limits():
    design = pd.DataFrame({"pain": [0, 0, 1, 1]})
    fit = fit_cumulative_link([0, 1, 0, 1], design, [30, 10, 20, 20])
    share = standardised_probability(fit, design, assign={"pain": 1e6}, at_least=1)
    assert share.estimate == 1
    assert np.isnan([share.conf_low, share.conf_high]).all()
    assert "so far outside" in share.method


def test_limits_beyond_the_largest_number_are_infinite():
    design = pd.DataFrame({"dose": [0, 0, 1e-5, 1e-5]})
    ratio = odds_ratios(fit_cumulative_link([0, 1, 0, 1], design, [20, 10, 10, 20]))["dose"]
    assert ratio.conf_high == np.inf


def test_singular_information_counts_as_not_finite():
    top = Maximum(np.zeros(2), 0.0, np.zeros((2, 2)), converged=True)
    assert not ordinal_module._is_finite(top, 1)


def test_cut_points_give_the_numbers_of_r_glm(tally: pd.DataFrame, numbers: pd.DataFrame):
    cuts = cutpoint_odds_ratios(tally["edss2"], tally[COVARIATES], tally["n"], "neuropathic")
    levels = numbers.loc[numbers["quantity"] == "cut_log_odds_ratio", "term"].astype(float)
    assert cuts["level"].tolist() == levels.tolist()
    assert_allclose(np.log(cuts["estimate"]), reference(numbers, "cut_log_odds_ratio"), rtol=1e-6, atol=1e-8)
    half_width = (np.log(cuts["conf_high"]) - np.log(cuts["conf_low"])) / 2 / 1.959963984540054
    assert_allclose(half_width, reference(numbers, "cut_se"), rtol=1e-5)
    rows = expanded(tally)
    assert cuts["events"].tolist() == [int((rows["edss2"] >= level).sum()) for level in cuts["level"]]
    assert (cuts["n"] == 320).all()


def test_cut_points_that_separate_or_are_sparse_are_marked_or_left_out():
    design = pd.DataFrame({"a": [0, 0, 0, 1, 1], "b": [0, 1, 0, 1, 0]})
    outcome, counts = [0, 1, 2, 1, 2], [20, 9, 4, 8, 4]
    cuts = cutpoint_odds_ratios(outcome, design, counts, "a")
    assert cuts["level"].tolist() == [1, 2]
    assert cuts["estimate"].isna().tolist() == [True, True]
    assert cuts["method"].str.contains("columns separate the event").all()
    few = cutpoint_odds_ratios([0, 1, 0, 1, 9], design.assign(b=[0, 1, 1, 0, 0]), [9, 9, 9, 9, 4], "a")
    assert few["level"].tolist() == [1]
    with pytest.raises(ValueError, match="no column 'c'; it has a, b"):
        cutpoint_odds_ratios(outcome, design, counts, "c")


def test_brant_gives_the_numbers_of_r(tally: pd.DataFrame, numbers: pd.DataFrame):
    test = brant_test(tally["edss2"], tally[COVARIATES], tally["n"])
    assert test["term"].tolist() == ["omnibus", *COVARIATES]
    assert_allclose(test["statistic"], reference(numbers, "brant"), rtol=1e-5)
    cut_points = (numbers["quantity"] == "cut_se").sum()
    assert test["freedom"].tolist() == [4 * (cut_points - 1)] + [cut_points - 1] * 4
    assert (test["cut_points"] == cut_points).all()


def test_brant_keeps_its_level_and_finds_unequal_odds_ratios():
    rng = np.random.default_rng(4)
    p_values, unequal = [], []
    for _ in range(150):
        group = rng.integers(0, 2, 300)
        outcome = np.digitize(0.8 * group + rng.logistic(size=300), [-1, 0.5, 2])
        p_values.append(brant_test(outcome, pd.DataFrame({"g": group}))["p_value"][0])
        spread = np.digitize(np.where(group, 2.5, 1) * rng.logistic(size=300), [-1, 0.5, 2])
        unequal.append(brant_test(spread, pd.DataFrame({"g": group}))["p_value"][0])
    assert 1 <= np.sum(np.array(p_values) < 0.05) <= 16  # R: qbinom(c(0.0015, 0.9985), 150, 0.05)
    assert np.mean(np.array(unequal) < 0.05) > 0.9


def test_brant_refuses_too_few_cut_points_or_columns():
    design = pd.DataFrame({"a": [0, 1, 0, 1]})
    with pytest.raises(ValueError, match="fewer than two cut points have 5 patients"):
        brant_test([0, 0, 1, 1], design, [9, 8, 8, 9])
    with pytest.raises(ValueError, match="no columns"):
        brant_test([0, 1, 2], pd.DataFrame(index=range(3)))


def test_a_level_that_is_no_number_is_refused(tally: pd.DataFrame, fit: OrdinalFit):
    with pytest.raises(ValueError, match="at_least is 'x'; it must be a number"):
        standardised_probability(fit, tally, assign={}, at_least="x")
