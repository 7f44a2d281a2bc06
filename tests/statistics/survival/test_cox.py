"""Cox's model against R, statsmodels, arithmetic and its own laws; counts give the answer of rows."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t
from statsmodels.duration.hazard_regression import PHReg

from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.models.newton import NoMaximumError, climb
from nmosd_cohort.statistics.survival.cox import cox_regression, fit_cox
from nmosd_cohort.statistics.survival.cox_likelihood import (
    CoxLikelihood,
    efron_terms,
    log_likelihood,
    patient_scores,
    place_on_event_times,
    score_and_information,
)
from nmosd_cohort.statistics.survival.firth_cox import firth_cox
from nmosd_cohort.statistics.survival.survival_cells import survival_cells
from tests.statistics.survival_reference import EXACT, LOGLIK, ROOT, numbers, tally_of

NEWTON = 1e-9  # R stops Newton's method at a relative change of 1e-13 of the log-likelihood

# time, event, binary covariate, three-level covariate, patients
cells_of_a_model = st.lists(
    st.tuples(st.integers(1, 6), st.integers(0, 1), st.integers(0, 1), st.integers(0, 2), st.integers(1, 3)),
    min_size=8,
    max_size=14,
)
# at each early time an event with either value of both covariates, so that hazard ratios are finite
ANCHOR = [(1, 1, 0, 2, 1), (1, 1, 1, 0, 1), (2, 1, 0, 0, 1), (2, 1, 1, 2, 1), (6, 0, 0, 1, 2), (6, 0, 1, 1, 2)]


def model(tally: list[tuple[int, ...]], *, by_rows: bool = False):
    """Return time, event, design and counts, or one row a patient."""
    frame = pd.DataFrame(tally, columns=["time", "event", "woman", "attacks", "n"])
    if by_rows:
        frame = frame.loc[np.repeat(frame.index, frame["n"])].assign(n=1).reset_index(drop=True)
    return frame["time"], frame["event"], frame[["woman", "attacks"]], frame["n"]


def assert_same_ratios(one: dict[str, Estimate], two: dict[str, Estimate]):
    """Check that two models agree, in numbers and words."""
    assert list(one) == list(two)
    for name in one:
        for part in ("estimate", "conf_low", "conf_high", "std_error", "p_value"):
            assert getattr(one[name], part) == pytest.approx(getattr(two[name], part), rel=1e-9, abs=EXACT)
        assert (one[name].n, one[name].events, one[name].method) == (two[name].n, two[name].events, two[name].method)


def in_r(name: str):
    """Return the tally of a model and the options that R was given."""
    set_name, _, kind = name.partition("_")
    cells = tally_of(set_name)
    options = {
        "": {"limits": "wald"},
        "efron": {"limits": "wald"},
        "breslow": {"limits": "wald", "ties": "breslow"},
        "strata": {"limits": "wald", "strata": cells["group"]},
        "robust": {"limits": "robust"},
        "cluster": {"limits": "robust", "cluster": cells["z"]},
        "breslow_robust": {"limits": "robust", "ties": "breslow"},
    }[kind]
    entry = cells["start"] if set_name == "heart" else None
    return cells["time"], cells["event"], cells, cells["n"], entry, options


@pytest.mark.parametrize(
    "name",
    [
        "lung_efron",
        "lung_breslow",
        "lung_strata",
        "lung_robust",
        "lung_cluster",
        "lung_breslow_robust",
        "ovarian",
        "heart",
    ],
)
def test_hazard_ratios_are_those_of_r(name: str):
    # R: coxph(Surv(time, event) ~ ..., ties, robust, cluster) on one row a patient; heart with left truncation
    time, event, cells, counts, entry, options = in_r(name)
    coefficients = numbers(f"cox_{name}_coef")
    ratios = cox_regression(time, event, cells[list(coefficients)], counts, entry, **options)
    for column, coefficient in coefficients.items():
        ratio = ratios[column]
        assert math.log(ratio.estimate) == pytest.approx(coefficient, rel=NEWTON)
        error = numbers(f"cox_{name}_se")[column]
        if options["limits"] == "robust":  # R has no correction for few patients or clusters
            units = len(set(options["cluster"])) if "cluster" in options else ratio.n
            freedom = units - len(coefficients)
            error *= math.sqrt(units / freedom)
            assert ratio.std_error / ratio.estimate == pytest.approx(error, rel=NEWTON)
            reach = t.ppf(0.975, freedom) * error
            assert math.log(ratio.conf_high) == pytest.approx(coefficient + reach, rel=NEWTON)
            assert math.log(ratio.conf_low) == pytest.approx(coefficient - reach, rel=NEWTON)
            assert ratio.p_value == pytest.approx(2 * t.sf(abs(coefficient) / error, freedom), rel=NEWTON)
            continue
        assert ratio.std_error / ratio.estimate == pytest.approx(error, rel=NEWTON)
        assert ratio.conf_low == pytest.approx(numbers(f"cox_{name}_low")[column], rel=NEWTON)
        assert ratio.conf_high == pytest.approx(numbers(f"cox_{name}_high")[column], rel=NEWTON)
        assert ratio.p_value == pytest.approx(numbers(f"cox_{name}_p")[column], rel=NEWTON)


@pytest.mark.parametrize("name", ["lung", "ovarian", "heart"])
def test_profile_limits_are_where_the_likelihood_of_r_drops(name: str):
    # R: uniroot over coxph with an offset
    expected = numbers(f"profile_{name}")
    cells = tally_of(name)
    entry = cells["start"] if name == "heart" else None
    names = [column for column in ("x", "z", "group") if f"{column}_low" in expected]
    for column, ratio in cox_regression(cells["time"], cells["event"], cells[names], cells["n"], entry).items():
        assert ratio.conf_low == pytest.approx(expected[f"{column}_low"], rel=ROOT)
        assert ratio.conf_high == pytest.approx(expected[f"{column}_high"], rel=ROOT)
        assert ratio.p_value == pytest.approx(expected[f"{column}_p"], rel=LOGLIK)


@settings(max_examples=15, deadline=None)
@given(cells_of_a_model, st.sampled_from(["efron", "breslow"]))
def test_the_model_is_that_of_statsmodels(tally: list[tuple[int, ...]], ties: str):
    time, event, design, _ = model(tally + ANCHOR, by_rows=True)
    other = PHReg(time, design, status=event, ties=ties).fit()
    ratios = cox_regression(time, event, design, ties=ties, limits="wald")
    found = [math.log(ratio.estimate) for ratio in ratios.values()]
    assert found == pytest.approx(other.params, abs=1e-6)  # statsmodels stops early
    assert [ratio.std_error / ratio.estimate for ratio in ratios.values()] == pytest.approx(other.bse, rel=1e-5)


@settings(max_examples=12, deadline=None)
@given(
    cells_of_a_model,
    st.sampled_from(["efron", "breslow"]),
    st.sampled_from(["profile", "wald", "robust"]),
)
def test_a_tally_gives_the_model_of_its_rows(tally: list[tuple[int, ...]], ties: str, limits: str):
    time, event, design, counts = model(tally + ANCHOR)
    by_tally = cox_regression(time, event, design, counts, ties=ties, limits=limits)
    one, two, three, _ = model(tally + ANCHOR, by_rows=True)
    assert_same_ratios(by_tally, cox_regression(one, two, three, ties=ties, limits=limits))
    order = np.arange(len(time))[::-1]
    turned = (time[order] * 30.4, event[order], design.iloc[order], counts[order])
    assert_same_ratios(by_tally, cox_regression(*turned, ties=ties, limits=limits))


@settings(max_examples=12, deadline=None)
@given(cells_of_a_model)
def test_scale_and_side_of_a_covariate_only_turn_its_hazard_ratio(tally: list[tuple[int, ...]]):
    time, event, design, counts = model(tally + ANCHOR)
    ratios = cox_regression(time, event, design, counts)
    other = cox_regression(
        time, event, design.assign(woman=1 - design["woman"], attacks=3 + 10 * design["attacks"]), counts
    )
    assert other["woman"].estimate == pytest.approx(1 / ratios["woman"].estimate)
    assert other["woman"].conf_low == pytest.approx(1 / ratios["woman"].conf_high)
    assert other["attacks"].estimate == pytest.approx(ratios["attacks"].estimate ** 0.1)
    assert other["attacks"].p_value == pytest.approx(ratios["attacks"].p_value, abs=1e-8)


@settings(max_examples=12, deadline=None)
@given(cells_of_a_model, st.sampled_from(["efron", "breslow"]))
def test_one_stratum_early_entry_and_a_split_stretch_change_nothing(tally: list[tuple[int, ...]], ties: str):
    time, event, design, counts = model(tally + ANCHOR)
    plain = cox_regression(time, event, design, counts, ties=ties, limits="wald")
    early = cox_regression(
        time, event, design, counts, np.zeros(len(time)), strata=["all"] * len(time), ties=ties, limits="wald"
    )
    assert_same_ratios(plain, early)
    late = time > 3  # cut these patients' time at 3
    split = cox_regression(
        np.concatenate((np.where(late, 3, time), time[late])),
        np.concatenate((np.where(late, 0, event), event[late])),
        pd.concat((design, design[late])),
        np.concatenate((counts, counts[late])),
        np.concatenate((np.zeros(len(time)), np.full(int(late.sum()), 3))),
        ties=ties,
        limits="wald",
    )
    for name, ratio in plain.items():
        assert split[name].estimate == pytest.approx(ratio.estimate)
        assert split[name].conf_low == pytest.approx(ratio.conf_low)


@settings(max_examples=12, deadline=None)
@given(cells_of_a_model, st.sampled_from(["efron", "breslow"]))
def test_derivatives_are_those_of_the_likelihood(tally: list[tuple[int, ...]], ties: str):
    time, event, design, counts = model(tally + ANCHOR)
    cells = survival_cells(time, event, counts, (time - 1) % 3 * (time > 3))
    codes = np.arange(len(time)) % 2
    strata = place_on_event_times(cells, design.to_numpy(dtype=float), codes, ties)
    point, step = np.array([0.3, -0.4]), 1e-5
    score, information = score_and_information(point, strata)
    for at in range(2):
        up, down = point.copy(), point.copy()
        up[at] += step
        down[at] -= step
        slope = (log_likelihood(up, strata) - log_likelihood(down, strata)) / (2 * step)
        bend = (score_and_information(up, strata)[0] - score_and_information(down, strata)[0]) / (2 * step)
        assert score[at] == pytest.approx(slope, abs=1e-6)
        assert information[at] == pytest.approx(-bend, abs=1e-6)
    assert counts.to_numpy() @ patient_scores(point, strata, len(time)) == pytest.approx(score, abs=1e-9)


def test_a_hazard_ratio_by_hand():
    # events 1 (x 0), 2 (x 1), 3 (x 0): likelihood b / ((2 + b) (1 + b)), largest at b = sqrt(2)
    ratio = cox_regression([1, 2, 3], [1, 1, 1], pd.DataFrame({"x": [0, 1, 0]}))["x"]
    assert ratio.estimate == pytest.approx(math.sqrt(2))
    # likelihood ratio against b = 1: 2 log of 6 sqrt(2) / ((2 + sqrt(2)) (1 + sqrt(2)))
    chi_square = 2 * math.log(6 * math.sqrt(2) / ((2 + math.sqrt(2)) * (1 + math.sqrt(2))))
    assert ratio.p_value == pytest.approx(math.erfc(math.sqrt(chi_square / 2)))
    # at both limits the likelihood is exp(-1.92073) of the largest
    for limit in (ratio.conf_low, ratio.conf_high):
        drop = limit * (2 + math.sqrt(2)) * (1 + math.sqrt(2)) / (math.sqrt(2) * (2 + limit) * (1 + limit))
        assert -2 * math.log(drop) == pytest.approx(3.841458820694124)


def test_efron_ties_by_hand():
    # 2 events at 1, one with x 1, among 4 of whom 2 have x 1: at b = 1 the terms are 1/4 and 1/3 of b
    fit = fit_cox([1, 1, 2, 2], [1, 1, 0, 0], pd.DataFrame({"x": [0, 1, 0, 1]}))
    assert log_likelihood(np.zeros(1), fit.strata) == pytest.approx(-math.log(4 * 3))
    fit = fit_cox([1, 1, 2, 2], [1, 1, 0, 0], pd.DataFrame({"x": [0, 1, 0, 1]}), ties="breslow")
    assert log_likelihood(np.zeros(1), fit.strata) == pytest.approx(-math.log(4 * 4))


def test_clusters_hold_all_patients_of_a_row():
    time, event, design, counts = model(ANCHOR * 2)
    sites = np.arange(len(time)) % 5
    one, two, three, _ = model(ANCHOR * 2, by_rows=True)
    by_tally = cox_regression(time, event, design, counts, cluster=sites, limits="robust")
    by_rows = cox_regression(one, two, three, cluster=np.repeat(sites, counts), limits="robust")
    assert_same_ratios(by_tally, by_rows)
    assert by_tally["woman"].method == (
        "Cox model, Efron ties, robust variance over 5 clusters, t limits with 3 degrees of freedom; "
        "with fewer than 40 clusters they may cover less than 95%"
    )


@pytest.mark.parametrize("number", [1, 2, 3])
def test_too_few_clusters_have_no_limits(number: int):
    time, event, design, counts = model(ANCHOR * 2)
    plain = cox_regression(time, event, design, counts)["woman"]
    ratio = cox_regression(
        time, event, design, counts, cluster=np.arange(len(time)) % number, limits="robust", conf_level=0.9
    )["woman"]
    assert ratio.estimate == pytest.approx(plain.estimate, rel=EXACT)
    assert all(math.isnan(part) for part in (ratio.conf_low, ratio.conf_high, ratio.p_value, ratio.std_error))
    assert ratio.method == (
        f"limits not estimable: robust variance of 2 columns needs 4 or more clusters, there are {number}"
    )
    assert (ratio.n, ratio.events, ratio.conf_level) == (plain.n, plain.events, 0.9)


def test_many_patients_make_the_robust_limits_normal_and_need_no_warning():
    time, event, design, counts = model(ANCHOR)
    ratio = cox_regression(time, event, design, counts * 1000, limits="robust")["woman"]
    reach = 1.959963984540054 * ratio.std_error / ratio.estimate
    assert math.log(ratio.conf_high / ratio.estimate) == pytest.approx(reach, rel=1e-3)
    assert ratio.method.endswith("robust variance over 8000 patients, t limits with 7998 degrees of freedom")


@pytest.mark.parametrize("tied", [257, 289, 1000, 4096, 50_001])
@pytest.mark.parametrize("at_risk", [1.0, 1.0001, 1.7, 40.0])
def test_many_tied_events_are_summed_as_one_by_one(tied: int, at_risk: float):
    # what is left of the risk set when l of d tied events are out: S - l / d, with S = 1 if all at risk have the event
    shares, weights = efron_terms(tied)
    assert shares.size < 200
    assert weights.sum() == pytest.approx(tied)
    one_by_one = np.arange(tied) / tied
    for function in (
        np.log,
        lambda left: 1 / left,
        lambda left: left**-2.0,
        lambda left: (at_risk - left) ** 2 / left**3,
    ):
        expected = math.fsum(function(at_risk - one_by_one))
        assert weights @ function(at_risk - shares) == pytest.approx(expected, rel=1e-10)


def test_time_and_memory_follow_the_cells_and_not_the_tied_events():
    time, event, design, counts = model(ANCHOR)
    for scale in (10**6, 10**9):
        fit = fit_cox(time, event, design, counts * scale)
        assert sum(stratum.step_share.size for stratum in fit.strata) < 700
    many = cox_regression(time, event, design, counts * 10**9)["woman"]
    fewer = cox_regression(time, event, design, counts * 10**6)["woman"]
    assert many.estimate == pytest.approx(fewer.estimate, rel=1e-6)
    assert many.std_error * 1e9**0.5 == pytest.approx(fewer.std_error * 1e6**0.5, rel=1e-6)
    huge = cox_regression(time, event, design, counts * 10**12, limits="wald")["woman"]
    assert huge.estimate == pytest.approx(many.estimate, rel=1e-6)
    assert firth_cox(time, event, design, counts * 10**6)["woman"].estimate == pytest.approx(fewer.estimate, rel=1e-5)


def test_rows_without_patients_do_not_count():
    time, event, design, counts = model(ANCHOR)
    more = (
        [*time, 9],
        [*event, 1],
        pd.concat((design, pd.DataFrame({"woman": [7], "attacks": [9]}))),
        [*counts, 0],
    )
    assert_same_ratios(
        cox_regression(*more, strata=[1] * 6 + [2]), cox_regression(time, event, design, counts, strata=[1] * 6)
    )


def test_a_monotone_likelihood_names_the_column():
    design = pd.DataFrame({"woman": [1, 1, 0, 0, 1, 0], "age": [50, 30, 40, 20, 60, 35]})
    with pytest.raises(ValueError, match=r"no finite hazard ratio for 'woman': .* \(monotone likelihood\)"):
        cox_regression([1, 2, 3, 4, 5, 6], [1, 1, 0, 0, 1, 0], design, [3, 4, 5, 6, 7, 8])
    both = pd.DataFrame({"a": [2, 1, 1, 0], "b": [1, 1, 0, 0.5]})
    with pytest.raises(ValueError, match="no finite hazard ratio for"):
        cox_regression([1, 2, 3, 4], [1, 1, 1, 0], both, entry=[0, 0, 0, 0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"event": [0, 0, 0, 0]}, "none of the 4 patients has the event"),
        ({"design": pd.DataFrame({"x": [1, 1, 1, 1]})}, "design column 'x' has one value only"),
        ({"design": pd.DataFrame(index=range(4))}, "the design has no columns"),
        ({"design": pd.DataFrame({"x": [0, 1, 0]})}, "time has 4 entries but the design 3 rows"),
        ({"design": pd.DataFrame({"x": [0, 1, 0, 1], "y": [0, 2, 0, 2]})}, "'y' is a combination of 'x'"),
        ({"strata": [0, 1, 0, 1]}, "design column 'x' is the same in all patients at risk at each event"),
        (
            {"design": pd.DataFrame({"x": [0, 1, 0, 1], "y": [0, 1, 1, 2]}), "strata": [0, 0, 1, 1]},
            "design columns 'x', 'y' are combinations of each other in the patients at risk at each event",
        ),
        ({"limits": "score"}, "limits is 'score'; it must be one of profile, wald, robust"),
        ({"ties": "exact"}, "ties is 'exact'; it must be one of efron, breslow"),
        ({"cluster": [1, 2, 3, 4]}, "clusters need limits='robust'"),
        ({"conf_level": 1}, "conf_level is 1"),
    ],
)
def test_impossible_models_are_named(change: dict, message: str):
    given_ones = {"time": [1, 2, 3, 4], "event": [1, 1, 1, 0], "design": pd.DataFrame({"x": [0, 1, 0, 1]})}
    with pytest.raises(ValueError, match=message):
        cox_regression(**{**given_ones, **change})


def test_a_very_late_entry_with_huge_relative_hazards_stays_defined():
    design = pd.DataFrame({"x": [0.0, 1, 2, 3, 500, 2]})
    ratio = cox_regression([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 0, 0], design, entry=[0, 0, 0, 0, 4.5, 0])["x"]
    assert 0 < ratio.conf_low < ratio.estimate < ratio.conf_high < math.inf


def test_a_stratum_without_events_and_a_covariate_that_never_differs_say_nothing():
    cells = survival_cells([1, 2, 3, 4], [1, 1, 1, 0])
    sloped = place_on_event_times(cells, np.array([[0.0], [1], [0], [1]]), np.array([0, 0, 0, 1]), "efron")
    assert len(sloped) == 1
    flat = CoxLikelihood(place_on_event_times(cells, np.zeros((4, 1)), np.zeros(4, dtype=np.int64), "efron"))
    point = flat.at(np.zeros(1))
    assert point.information.tolist() == flat.curvature(point).tolist() == [[0.0]]
    with pytest.raises(NoMaximumError, match="the likelihood is flat"):
        climb(flat, np.zeros(1), np.array([0]), smallest_gain=1e-12)
