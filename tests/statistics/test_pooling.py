"""Shares pooled over studies."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from statsmodels.stats.meta_analysis import combine_effects

from nmosd_cohort.statistics.pooling import _reml_variance, pool_proportions

REFERENCE = Path(__file__).parents[1] / "reference"
STUDIES = {
    "any_pain": ([117, 125, 81, 25], [145, 166, 122, 29]),
    "neuropathic": ([93, 34, 35, 37], [145, 71, 122, 86]),
    "zero_cell": ([0, 3, 9, 12], [11, 25, 30, 61]),
    "alike": ([10, 21, 30], [40, 80, 120]),
}


@pytest.fixture(scope="module")
def numbers() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "models_numbers.csv")


@pytest.mark.parametrize("name", STUDIES)
def test_pooling_gives_the_numbers_of_r_metafor(numbers: pd.DataFrame, name: str):
    expected = numbers[numbers["quantity"] == f"pool_{name}"].set_index("term")["value"].to_dict()
    pooled = pool_proportions(*STUDIES[name])
    assert {term: getattr(pooled, term) for term in expected} == pytest.approx(expected, rel=1e-7, abs=1e-9)
    assert len(expected) == 8
    assert pooled.k == len(STUDIES[name][0])


def test_pooling_without_heterogeneity_agrees_with_statsmodels():
    events, n = (np.array(part) for part in STUDIES["alike"])
    share = events / n
    other = combine_effects(logit(share), 1 / (n * share * (1 - share)), method_re="iterated")
    pooled = pool_proportions(events, n)
    assert pooled.tau2 == 0
    assert pooled.i2 == 0
    assert pooled.q == pytest.approx(other.q)
    assert logit(pooled.estimate) == pytest.approx(other.mean_effect_fe)
    assert pooled.conf_low == pytest.approx(
        float(expit(other.mean_effect_fe - 4.302652729911275 * other.sd_eff_w_fe))  # R: qt(0.975, 2)
    )


def test_pooling_at_the_same_variance_agrees_with_statsmodels_hartung_knapp():
    events, n = (np.array(part) for part in STUDIES["any_pain"])
    share, pooled = events / n, pool_proportions(events, n)
    variance = 1 / (n * share * (1 - share))
    # Study variances that already hold tau2 turn its fixed-effect weights into ours.
    other = combine_effects(logit(share), variance + pooled.tau2, method_re="dl")
    assert logit(pooled.estimate) == pytest.approx(other.mean_effect_fe)
    reach = 3.182446305284263 * other.sd_eff_w_fe_hksj  # R: qt(0.975, 3)
    assert pooled.conf_high == pytest.approx(float(expit(other.mean_effect_fe + reach)))


def test_one_study_comes_back_unchanged():
    pooled = pool_proportions([117, 0], [145, 0])
    assert (pooled.estimate, pooled.k) == (117 / 145, 1)
    assert (pooled.conf_low, pooled.conf_high) == pytest.approx((0.735, 0.863), abs=0.0005)  # statistics.md 4.3
    assert np.isnan([pooled.prediction_low, pooled.prediction_high, pooled.tau2, pooled.i2, pooled.q]).all()
    assert pooled.method == "one study, Wilson limits"


def test_two_studies_have_no_prediction_limits():
    pooled = pool_proportions([10, 30], [40, 60])
    assert np.isnan([pooled.prediction_low, pooled.prediction_high]).all()
    assert pooled.conf_low < pooled.estimate < pooled.conf_high


@settings(max_examples=30, deadline=None)
@given(studies=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)), min_size=2, max_size=7))
def test_order_does_not_matter_and_counting_the_others_mirrors(studies: list[tuple[int, int]]):
    events = np.array([first for first, _ in studies])
    n = events + np.array([second for _, second in studies])
    pooled, back = pool_proportions(events, n), pool_proportions(events[::-1], n[::-1])
    mirrored = pool_proportions(n - events, n)
    assert back.estimate == pytest.approx(pooled.estimate, abs=1e-9)
    assert mirrored.estimate == pytest.approx(1 - pooled.estimate, abs=1e-9)
    assert mirrored.conf_low == pytest.approx(1 - pooled.conf_high, abs=1e-9)
    assert 0 <= pooled.conf_low <= pooled.estimate <= pooled.conf_high <= 1
    assert 0 <= pooled.i2 < 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 1)), min_size=2, max_size=6))
def test_reml_variance_is_where_the_restricted_likelihood_peaks(studies: list[tuple[float, float]]):
    estimates, variances = np.array(studies).T
    assume(np.ptp(estimates) > 0.01)

    def restricted(tau2: float) -> float:
        weights = 1 / (variances + tau2)
        mean = weights @ estimates / weights.sum()
        return float(np.log(weights).sum() - np.log(weights.sum()) - weights @ (estimates - mean) ** 2) / 2

    tau2 = _reml_variance(estimates, variances)
    assert restricted(tau2) >= restricted(tau2 * 1.01 + 1e-3) - 1e-9
    assert restricted(tau2) >= restricted(max(0.0, tau2 * 0.99 - 1e-3)) - 1e-9


def test_impossible_counts_are_named():
    with pytest.raises(ValueError, match="study 2 has 9 events in 8 patients"):
        pool_proportions([1, 9], [5, 8])
    with pytest.raises(ValueError, match="no study has patients"):
        pool_proportions([0], [0])
    with pytest.raises(ValueError, match="conf_level is 2"):
        pool_proportions([1, 2], [5, 8], conf_level=2)
