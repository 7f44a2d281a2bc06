"""Shares, and effects in general, pooled over studies."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import binom, norm
from statsmodels.stats.meta_analysis import combine_effects

from nmosd_cohort.statistics.pooling.binomial_normal import fit_binomial_normal
from nmosd_cohort.statistics.pooling.heterogeneity import heterogeneity
from nmosd_cohort.statistics.pooling.proportions import pool_proportions, share_studies
from nmosd_cohort.statistics.pooling.random_effects import pool_effects, pool_studies
from nmosd_cohort.statistics.pooling.studies import double_arcsine, study_effects
from tests.statistics.tally_helpers import REFERENCE

STUDIES = {
    "any_pain": ([117, 125, 81, 25], [145, 166, 122, 29]),
    "neuropathic": ([93, 34, 35, 37], [145, 71, 122, 86]),
    "zero_cell": ([0, 3, 9, 12], [11, 25, 30, 61]),
    "alike": ([10, 21, 30], [40, 80, 120]),
    "rare": ([0, 1, 0, 2, 5, 0, 7], [25, 40, 18, 60, 44, 31, 52]),
}
FEW = {
    "apart": ([-0.4, 0.1, 0.9, 1.6], [0.05, 0.12, 0.02, 0.3]),
    "alike": ([0.30, 0.35, 0.28, 0.41, 0.33], [0.04, 0.09, 0.02, 0.10, 0.05]),
    "level": ([1.00, 1.01, 1.02, 1.00, 1.01, 0.99], [0.2, 0.3, 0.2, 0.4, 0.3, 0.2]),
    "two": ([0.1, 0.9], [0.02, 0.05]),
}
FORMS = {"z": "none", "knha": "plain", "adhoc": "floor"}


@pytest.fixture(scope="module")
def numbers() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "models_numbers.csv")


def told(pooled, k: int, expected: dict[str, float], prediction: int) -> dict[str, float]:
    """Return what we have under the names that pooling.R gives it."""
    known = {
        "mean": pooled.estimate,
        "error": pooled.std_error,
        "low": pooled.conf_low,
        "high": pooled.conf_high,
        f"prediction_low_{prediction}": pooled.prediction_low,
        f"prediction_high_{prediction}": pooled.prediction_high,
        **{f"weight_{study + 1}": weight for study, weight in enumerate(pooled.weights)},
        **{name: getattr(pooled, name) for name in ("tau2", "i2", "h2", "q", "q_p", "p_value")},
        **{name: getattr(pooled, name) for name in ("tau2_low", "tau2_high", "i2_low", "i2_high")},
    }
    assert len(pooled.weights) == k
    return {term: known[term] for term in known if term in expected}


NEAR = {"rel": 1e-9, "abs": 1e-11}  # metafor was told to stop late


@pytest.mark.parametrize("prediction", [1, 2])
@pytest.mark.parametrize("test", FORMS)
@pytest.mark.parametrize("tau2_method", ["REML", "DL", "PM"])
def test_the_bcg_trials_come_out_as_in_r_metafor(metafor, tau2_method: str, test: str, prediction: int):
    expected = metafor[f"bcg {tau2_method} {test}"]
    pooled = pool_effects(
        *bcg_effects(metafor), tau2_method=tau2_method, knapp_hartung=FORMS[test], prediction=f"k-{prediction}"
    )
    found = told(pooled, 13, expected, prediction)
    assert found == pytest.approx({term: expected[term] for term in found}, **NEAR)
    assert len(found) == 29


def bcg_effects(metafor) -> tuple[np.ndarray, np.ndarray]:
    table = metafor["bcg"]
    events, of = (
        np.array([[table[f"{what} {g} {s}"] for s in range(1, 14)] for g in (1, 2)]) for what in ("events", "of")
    )
    logs = np.log(events / of)
    return logs[0] - logs[1], (1 / events - 1 / of).sum(0)


def test_the_bcg_trials_come_out_as_printed_in_the_help_of_metafor(metafor):
    effects, variances = bcg_effects(metafor)
    pooled = pool_effects(effects, variances, scale="log", knapp_hartung="none")
    # help(rma.uni), help(confint.rma): average risk ratio 0.49 (0.34 to 0.70), tau2 0.3132 (0.1197 to 1.1115),
    # I2 92.22 % (81.92 to 97.68), H2 12.86, Q 152.2330
    assert (pooled.estimate, pooled.conf_low, pooled.conf_high) == pytest.approx((0.4894, 0.3441, 0.6962), abs=5e-5)
    assert (pooled.tau2, pooled.tau2_low, pooled.tau2_high) == pytest.approx((0.3132, 0.1197, 1.1115), abs=5e-5)
    assert (pooled.i2, pooled.i2_low, pooled.i2_high) == pytest.approx((0.9222, 0.8192, 0.9768), abs=5e-5)
    assert (pooled.h2, pooled.q) == pytest.approx((12.86, 152.2330), abs=5e-3)
    assert pooled.method == "random-effects model on the log scale, REML, normal limits"


def test_one_common_effect_has_normal_limits_and_no_prediction(metafor):
    pooled = pool_effects(*bcg_effects(metafor), tau2_method="fixed")
    expected = metafor["bcg fixed z"]
    found = told(pooled, 13, expected, 2)
    assert found == pytest.approx({term: expected[term] for term in found}, rel=1e-9)
    assert len(found) == 23
    assert np.isnan([pooled.prediction_low, pooled.tau2_low, pooled.i2_high]).all()
    # statsmodels has it as well
    other = combine_effects(*bcg_effects(metafor), method_re="dl")
    assert pooled.estimate == pytest.approx(other.mean_effect_fe)


@pytest.mark.parametrize("name", FEW)
@pytest.mark.parametrize("tau2_method", ["REML", "DL", "PM"])
def test_few_studies_come_out_as_in_r_metafor(metafor, name: str, tau2_method: str):
    expected = metafor[f"{name} {tau2_method} adhoc"]
    k = len(FEW[name][0])
    pooled = pool_effects(*FEW[name], tau2_method=tau2_method, knapp_hartung="floor")
    found = told(pooled, k, expected, 2)
    if k == 2:  # no degree of freedom for k - 2
        assert math.isnan(found.pop("prediction_low_2"))
        assert math.isnan(found.pop("prediction_high_2"))
    assert found == pytest.approx({term: expected[term] for term in found}, **NEAR)


def test_effects_more_alike_than_chance_have_tau2_limits_of_0():
    pooled = pool_effects(*FEW["level"])
    assert (pooled.tau2, pooled.tau2_low, pooled.tau2_high) == (0, 0, 0)


def test_equal_effects_have_no_variance_between_them():
    for tau2_method in ("REML", "DL", "PM"):
        pooled = pool_effects([0.5, 0.5, 0.5], [0.1, 0.2, 0.1], tau2_method=tau2_method)
        assert (pooled.estimate, pooled.tau2, pooled.q, pooled.tau2_high) == pytest.approx((0.5, 0, 0, 0))
        assert pooled.conf_low < 0.5 < pooled.conf_high  # the floor; without it the limits have no width
    assert pool_effects([0.5, 0.5], [0.1, 0.2], tau2_method="fixed").i2 == 0


@pytest.mark.parametrize("effects", [[0.5] * 3, [0.1] * 3, [0.0] * 3, [0.1 + 0.2, 0.3, 0.3]])
def test_studies_of_one_effect_have_no_limits_without_a_floor(effects: list[float]):
    bare = pool_effects(effects, [0.1, 0.2, 0.1], knapp_hartung="plain")
    assert bare.estimate == pytest.approx(effects[1])
    gone = (bare.conf_low, bare.conf_high, bare.std_error, bare.p_value, bare.prediction_low, bare.prediction_high)
    assert np.isnan(gone).all()
    assert bare.method.startswith("limits not estimable: the studies have the same effect")
    assert (bare.tau2, sum(bare.weights)) == pytest.approx((0, 1))
    near = pool_effects([0.5, 0.5, 0.5 + 1e-6], [0.1, 0.2, 0.1], knapp_hartung="plain")
    assert near.conf_low < near.conf_high


def test_variance_by_hand():
    # three studies of variance 0.2 with effects 0, 1, 2: their variance is 1, so tau2 = 1 - 0.2 by every estimator
    # that sets observed against expected; error = sqrt(1 / 3); Q = (1 + 0 + 1) / 0.2 = 10
    for tau2_method in ("REML", "DL", "PM"):
        pooled = pool_effects([0, 1, 2], [0.2] * 3, tau2_method=tau2_method)
        assert (pooled.tau2, pooled.std_error, pooled.q) == pytest.approx((0.8, math.sqrt(1 / 3), 10))
        assert pooled.weights == pytest.approx((1 / 3,) * 3)


def test_the_highest_of_two_peaks_of_the_restricted_likelihood_is_taken():
    # two exact studies at 0 and two at 1, with loose ones: likelihood by a fine grid as the witness
    effects = np.array([0.0, 0.001, 1.0, 3.0, -2.5])
    variances = np.array([1e-6, 1e-6, 1.5, 0.4, 0.4])
    tau2 = heterogeneity(effects, variances).tau2

    def restricted(value: float) -> float:
        weights = 1 / (variances + value)
        mean = weights @ effects / weights.sum()
        return float(np.log(weights).sum() - np.log(weights.sum()) - weights @ (effects - mean) ** 2) / 2

    grid = np.concatenate(([0.0], np.geomspace(1e-9, 100, 4000)))
    assert restricted(tau2) >= max(restricted(value) for value in grid) - 1e-9


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 1)), min_size=2, max_size=6))
def test_reml_variance_is_where_the_restricted_likelihood_peaks(studies: list[tuple[float, float]]):
    effects, variances = np.array(studies).T
    assume(np.ptp(effects) > 0.01)

    def restricted(tau2: float) -> float:
        weights = 1 / (variances + tau2)
        mean = weights @ effects / weights.sum()
        return float(np.log(weights).sum() - np.log(weights.sum()) - weights @ (effects - mean) ** 2) / 2

    tau2 = heterogeneity(effects, variances).tau2
    assert restricted(tau2) >= restricted(tau2 * 1.01 + 1e-3) - 1e-9
    assert restricted(tau2) >= restricted(max(0.0, tau2 * 0.99 - 1e-3)) - 1e-9


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(0.01, 1)), min_size=2, max_size=6),
    st.sampled_from(["REML", "DL", "PM", "fixed"]),
    st.floats(-5, 5),
    st.floats(0.1, 10),
)
def test_moving_and_scaling_all_effects_moves_and_scales_the_mean(
    studies, tau2_method: str, shift: float, factor: float
):
    effects, variances = np.array(studies).T
    assume(np.ptp(effects) > 0.01)
    pooled = pool_effects(effects, variances, tau2_method=tau2_method)
    moved = pool_effects(shift + factor * effects, factor**2 * variances, tau2_method=tau2_method)
    near = {"rel": 1e-6, "abs": 1e-6}
    assert moved.estimate == pytest.approx(shift + factor * pooled.estimate, **near)
    assert moved.conf_high == pytest.approx(shift + factor * pooled.conf_high, **near)
    assert moved.tau2 == pytest.approx(factor**2 * pooled.tau2, **near)
    assert (moved.i2, moved.q) == pytest.approx((pooled.i2, pooled.q), **near)
    turned = pool_effects(effects[::-1], variances[::-1], tau2_method=tau2_method)
    assert (turned.estimate, turned.conf_low) == pytest.approx((pooled.estimate, pooled.conf_low), **near)
    assert turned.weights[::-1] == pytest.approx(pooled.weights)
    assert min(effects) - 1e-9 <= pooled.estimate <= max(effects) + 1e-9


@pytest.mark.parametrize("name", list(STUDIES)[:4])
def test_pooling_gives_the_numbers_of_r_metafor(numbers: pd.DataFrame, name: str):
    expected = numbers[numbers["quantity"] == f"pool_{name}"].set_index("term")["value"].to_dict()
    pooled = pool_proportions(*STUDIES[name], method="logit")
    assert {term: getattr(pooled, term) for term in expected} == pytest.approx(expected, rel=1e-7, abs=1e-9)
    assert len(expected) == 8
    assert pooled.k == len(STUDIES[name][0])


@pytest.mark.parametrize(
    ("name", "shown"),
    [("any_pain", (76, 61, 86, 47, 92)), ("neuropathic", (46, 24, 69, 9, 88))],
)
def test_the_illustration_of_the_plan_comes_out(name: str, shown: tuple[int, ...]):
    # statistics.md, C 4.2: its prediction limits are those with t(k - 1); its 70 for the 69.4 is rounded up
    pooled = pool_proportions(*STUDIES[name], method="logit", prediction="k-1")
    limits = (pooled.conf_low, pooled.conf_high, pooled.prediction_low, pooled.prediction_high)
    assert tuple(round(100 * value) for value in (pooled.estimate, *limits)) == shown


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
    share, pooled = events / n, pool_proportions(events, n, method="logit")
    variance = 1 / (n * share * (1 - share))
    # Study variances that already hold tau2 turn its fixed-effect weights into ours.
    other = combine_effects(logit(share), variance + pooled.tau2, method_re="dl")
    assert logit(pooled.estimate) == pytest.approx(other.mean_effect_fe)
    reach = 3.182446305284263 * other.sd_eff_w_fe_hksj  # R: qt(0.975, 3)
    assert pooled.conf_high == pytest.approx(float(expit(other.mean_effect_fe + reach)))


@pytest.mark.parametrize("name", STUDIES)
def test_double_arcsines_come_out_as_in_r_metafor(metafor, name: str):
    expected = metafor[f"freeman_tukey {name}"]
    pooled = pool_proportions(*STUDIES[name], method="freeman_tukey")
    assert {term: getattr(pooled, term) for term in expected} == pytest.approx(expected, **NEAR)
    assert len(expected) == 6
    assert "harmonic mean of the patients" in pooled.method
    assert "misleading when sizes differ" in pooled.method


def test_double_arcsine_beyond_the_ends_is_0_or_1():
    assert pool_proportions([0, 0, 0], [9, 8, 20], method="freeman_tukey").estimate == 0
    assert pool_proportions([9, 8, 20], [9, 8, 20], method="freeman_tukey").estimate == 1


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_studies_of_one_size_come_back_from_the_double_arcsine(study: tuple[int, int]):
    events, n = study
    pooled = pool_proportions([events] * 3, [n] * 3, method="freeman_tukey")
    assert pooled.estimate == pytest.approx(events / n, abs=1e-7)
    assert double_arcsine(events, n) + double_arcsine(n - events, n) == pytest.approx(math.pi / 2)


@pytest.mark.parametrize("name", STUDIES)
def test_binomial_normal_model_comes_out_as_glmer(metafor, name: str):
    events, n = (np.array(part) for part in STUDIES[name])
    fit, expected = fit_binomial_normal(events, n), metafor[f"glmm {name}"]
    # glmer stops its search by steps, and its errors are numerical second derivatives: 2e-7 found.
    found = {"mean": fit.mean, "error": fit.std_error, "tau2": fit.tau2, "q": fit.q}
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)
    # rma.glmm integrates over 7 nodes only: 1e-3 for rare events
    rough, pooled = metafor[f"rma.glmm {name}"], pool_proportions(events, n, method="glmm")
    assert (pooled.i2, pooled.h2) == pytest.approx((rough["i2"], rough["h2"]), rel=1e-3)
    assert (logit(pooled.conf_low), logit(pooled.conf_high)) == pytest.approx((rough["low"], rough["high"]), rel=1e-3)


@pytest.mark.parametrize("name", ["neuropathic", "rare"])
def test_binomial_normal_likelihood_peaks_where_a_plain_sum_over_the_intercept_does(name: str):
    events, n = (np.array(part) for part in STUDIES[name])
    u = np.linspace(-9, 9, 3001)

    def minus(at: np.ndarray) -> float:
        shares = expit(at[0] + at[1] * u)[:, None]
        heights = binom.pmf(events, n, shares) * norm.pdf(u)[:, None]
        return -float(np.log(heights.sum(0) * (u[1] - u[0])).sum())

    fit = fit_binomial_normal(events, n)
    found = minimize(
        minus, [fit.mean + 0.05, math.sqrt(fit.tau2) + 0.05], method="Nelder-Mead", options={"xatol": 1e-7}
    )
    assert found.x == pytest.approx([fit.mean, math.sqrt(fit.tau2)], abs=1e-5)
    coefficients = binom.logpmf(events, n, 0.5).sum() - n.sum() * math.log(0.5)
    assert -found.fun == pytest.approx(fit.log_likelihood + coefficients, abs=1e-9)


def test_binomial_normal_model_needs_no_added_patients_and_has_no_weights():
    pooled = pool_proportions(*STUDIES["zero_cell"], method="glmm")
    assert "half a patient" not in pooled.method
    assert pooled.weights == ()
    assert pooled.estimate == pytest.approx(24 / 127)  # no spread found: all patients together
    wide = pool_proportions(*STUDIES["any_pain"], method="glmm")
    narrow = pool_proportions(*STUDIES["any_pain"], method="glmm", prediction="k-1")
    assert wide.prediction_low < narrow.prediction_low < narrow.conf_low


def test_binomial_normal_model_says_when_there_is_no_answer():
    nobody = pool_proportions([0, 0], [10, 20], method="glmm")
    assert (nobody.estimate, nobody.k, nobody.n) == (0, 2, 30)
    apart = pool_proportions([0, 20, 0, 20], [20, 20, 20, 20], method="glmm")
    assert apart.method.startswith("not estimable: the studies differ without bound")
    assert math.isnan(apart.estimate)
    assert pool_proportions([0, 20, 0, 20], [20, 20, 20, 20]).method.startswith(apart.method)
    # all events in large studies and none in large ones, but one: still no peak, and the reason is the true one
    wide = pool_proportions([0, 10**6, 0, 10**6, 1], [10**6] * 4 + [2], method="glmm")
    assert wide.method == "not estimable: the likelihood has no clear peak up to a spread of 8 logits between studies"
    for method in ("glmm", "automatic"):
        with pytest.raises(ValueError, match="takes no tau2_method"):
            pool_proportions([1, 2], [5, 8], method=method, tau2_method="DL")


@pytest.mark.parametrize("method", ["automatic", "glmm"])
def test_studies_without_any_event_have_the_exact_limits_of_all_patients(method: str):
    nobody = pool_proportions([0, 0], [10, 20], method=method, conf_level=0.9)
    # no event in 30: upper limit 1 - 0.05^(1/30)
    assert (nobody.estimate, nobody.conf_low, nobody.k, nobody.n) == (0, 0, 2, 30)
    assert nobody.conf_high == pytest.approx(1 - 0.05 ** (1 / 30))
    spread = (nobody.tau2, nobody.i2, nobody.q, nobody.prediction_low, nobody.prediction_high, nobody.std_error)
    assert np.isnan(spread).all()
    assert nobody.method.startswith("Clopper-Pearson (exact) limits of all patients together, as no patient has")
    everybody = pool_proportions([10, 20], [10, 20], method=method)
    assert (everybody.estimate, everybody.conf_high) == (1, 1)
    assert everybody.conf_low == pytest.approx(0.025 ** (1 / 30))
    assert "as every patient has the event in every study" in everybody.method


def test_studies_that_differ_by_10_logits_have_a_binomial_normal_mean():
    # metafor: 1.5 %, tau2 28.7
    events, n = np.array([500, 300, 1]), np.array([1000, 1000, 100000])
    pooled = pool_proportions(events, n, method="glmm")
    assert (pooled.estimate, pooled.tau2) == pytest.approx((0.015, 28.8), rel=0.01)
    u = np.linspace(-10, 10, 100001)

    def height(mean: float, tau: float) -> float:
        heights = binom.pmf(events, n, expit(mean + tau * u)[:, None]) * norm.pdf(u)[:, None]
        return float(np.log(heights.sum(0)).sum())

    mean, tau = float(logit(pooled.estimate)), math.sqrt(pooled.tau2)
    around = [height(mean + by, tau * times) for by in (-0.1, 0, 0.1) for times in (0.97, 1, 1.03)]
    assert max(around) == around[4]


def test_few_events_or_few_without_take_the_counts_and_many_the_logits():
    for events, n, few in (([4, 30], [40, 60], 1), ([36, 30], [40, 60], 1), ([0, 58], [40, 60], 2)):
        chosen, asked = pool_proportions(events, n), pool_proportions(events, n, method="glmm")
        assert (chosen.conf_low, chosen.tau2) == (asked.conf_low, asked.tau2)
        reason = f"; chosen for fewer than 5 events or patients without in {few} of 2 studies"
        assert chosen.method == asked.method + reason
    for events, n in (([5, 30], [40, 60]), ([35, 30], [40, 60])):
        chosen, asked = pool_proportions(events, n), pool_proportions(events, n, method="logit")
        assert (chosen.conf_low, chosen.tau2) == (asked.conf_low, asked.tau2)
        assert (
            chosen.method == f"{asked.method}; chosen as each study has 5 events or more and as many patients without"
        )


def test_small_shares_are_not_pulled_towards_a_half():
    # synthetic truth: 200 studies, true logits N(-3, 0.5); half patients and logits of few events overstate the share
    draws = np.random.default_rng(3)
    n = draws.integers(10, 80, 200)
    events = draws.binomial(n, expit(draws.normal(-3, 0.5, 200)))
    pooled, logits = pool_proportions(events, n), pool_proportions(events, n, method="logit")
    assert pooled.conf_low < expit(-3) < pooled.conf_high
    assert logits.conf_low > expit(-3)


@pytest.mark.parametrize("events", [[0, 0], [5, 8]])
def test_a_double_arcsine_at_the_end_has_no_standard_error(events: list[int]):
    pooled = pool_proportions(events, [5, 8], method="freeman_tukey")
    assert math.isnan(pooled.std_error)
    assert pooled.conf_low < pooled.conf_high


@settings(max_examples=25, deadline=None)
@given(
    studies=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60)), min_size=2, max_size=7),
    method=st.sampled_from(["automatic", "logit", "freeman_tukey", "glmm"]),
)
def test_order_does_not_matter_and_counting_the_others_mirrors(studies: list[tuple[int, int]], method: str):
    events = np.array([first for first, _ in studies])
    n = events + np.array([second for _, second in studies])
    assume(events.sum() > 0)
    pooled, back = (pool_proportions(*both, method=method) for both in ((events, n), (events[::-1], n[::-1])))
    mirrored = pool_proportions(n - events, n, method=method)
    near = 1e-6 if method in ("automatic", "glmm") else 1e-9
    assert back.estimate == pytest.approx(pooled.estimate, abs=near, nan_ok=True)
    assert mirrored.estimate == pytest.approx(1 - pooled.estimate, abs=near, nan_ok=True)
    assert mirrored.conf_low == pytest.approx(1 - pooled.conf_high, abs=near, nan_ok=True)
    if not math.isnan(pooled.estimate):
        assert 0 <= pooled.conf_low <= pooled.estimate <= pooled.conf_high <= 1
        assert 0 <= pooled.i2 < 1


@pytest.mark.parametrize("method", ["automatic", "logit", "freeman_tukey", "glmm"])
def test_one_study_comes_back_unchanged(method: str):
    pooled = pool_proportions([117, 0], [145, 0], method=method)
    assert (pooled.estimate, pooled.k, pooled.n) == (117 / 145, 1, 145)
    assert (pooled.conf_low, pooled.conf_high) == pytest.approx((0.735, 0.863), abs=0.0005)  # statistics.md 4.3
    assert np.isnan([pooled.prediction_low, pooled.prediction_high, pooled.tau2, pooled.i2, pooled.q]).all()
    assert pooled.method == "one study, Wilson limits"


def test_nothing_is_added_to_a_single_study_without_events():
    pooled = pool_proportions([0], [10])
    assert (pooled.estimate, pooled.conf_low, pooled.method) == (0, 0, "one study, Wilson limits")


def test_shares_given_as_logits_have_no_p_value():
    logits = [1.0, 0.5, 0.8]
    pooled = pool_effects(logits, [0.1, 0.1, 0.1], scale="logit")
    assert math.isnan(pooled.p_value)
    assert pooled.estimate == pytest.approx(float(expit(np.mean(logits))))


def test_one_effect_comes_back_unchanged():
    pooled = pool_effects([math.log(0.5)], [0.04], scale="log", n=[80])
    # exp(log 0.5 -+ 1.96 x 0.2)
    assert (pooled.estimate, pooled.conf_low, pooled.conf_high) == pytest.approx((0.5, 0.337854, 0.739964), abs=1e-6)
    assert (pooled.weights, pooled.n) == ((1.0,), 80)
    assert pooled.p_value == pytest.approx(2 * norm.sf(math.log(2) / 0.2))


def test_two_studies_have_no_prediction_limits():
    pooled = pool_proportions([10, 30], [40, 60])
    assert np.isnan([pooled.prediction_low, pooled.prediction_high]).all()
    assert pooled.conf_low < pooled.estimate < pooled.conf_high


def test_wider_coverage_gives_wider_limits_everywhere():
    narrow, wide = (pool_proportions(*STUDIES["neuropathic"], conf_level=level) for level in (0.8, 0.99))
    for name in ("conf", "prediction", "tau2"):
        assert getattr(wide, f"{name}_low") < getattr(narrow, f"{name}_low")
        assert getattr(narrow, f"{name}_high") < getattr(wide, f"{name}_high")


def test_method_says_what_was_added():
    pooled = pool_proportions(*STUDIES["zero_cell"], method="logit")
    assert pooled.method.endswith("Hartung-Knapp limits; half a patient added on either side in 1 of 4 studies")
    assert math.isnan(pooled.p_value)  # a share has no value without effect


def test_impossible_input_is_named():
    with pytest.raises(ValueError, match="study 2 has 9 events in 8 patients"):
        pool_proportions([1, 9], [5, 8])
    with pytest.raises(ValueError, match="no study has patients"):
        pool_proportions([0], [0])
    with pytest.raises(ValueError, match="conf_level is 2"):
        pool_proportions([1, 2], [5, 8], conf_level=2)
    with pytest.raises(ValueError, match="method is 'peto'"):
        pool_proportions([1, 2], [5, 8], method="peto")
    with pytest.raises(ValueError, match="prediction is 'k'"):
        pool_proportions([1, 2], [5, 8], method="glmm", prediction="k")
    with pytest.raises(ValueError, match="scale is 'log'"):
        share_studies([1, 2], [5, 8], scale="log")
    with pytest.raises(ValueError, match="3 labels"):
        share_studies([1, 2], [5, 8], labels=["a", "b", "c"])
    with pytest.raises(ValueError, match="labels name a study twice: a"):
        share_studies([1, 2], [5, 8], labels=["a", "a"])


def test_impossible_effects_are_named():
    with pytest.raises(ValueError, match="variances of study 2 is 0; it must be above 0"):
        pool_effects([0.1, 0.2], [0.1, 0.0])
    with pytest.raises(ValueError, match="variances has 1 entries for 2 studies"):
        pool_effects([0.1, 0.2], [0.1])
    with pytest.raises(ValueError, match="there is no study"):
        pool_effects([], [])
    with pytest.raises(ValueError, match="missing or infinite"):
        pool_effects([0.1, math.nan], [0.1, 0.1])
    with pytest.raises(ValueError, match="scale is 'freeman_tukey'"):
        study_effects([0.1], [0.1], scale="freeman_tukey")
    for option in ({"tau2_method": "HS"}, {"knapp_hartung": "yes"}, {"prediction": "z"}):
        with pytest.raises(ValueError, match=f"{next(iter(option))} is "):
            pool_studies(study_effects([0.1, 0.2], [0.1, 0.1]), **option)
    with pytest.raises(ValueError, match="2 studies in 2 groups"):
        heterogeneity(np.array([0.1, 0.2]), np.array([0.1, 0.1]), groups=np.array([0, 1]))
