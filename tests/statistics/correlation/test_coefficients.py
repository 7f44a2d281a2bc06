"""Pearson, Spearman and adjusted Spearman correlation, and differences of correlations."""

import itertools
import math

import numpy as np
import pandas as pd
import pingouin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from nmosd_cohort.statistics.correlation.coefficients import partial_spearman, pearson, spearman
from nmosd_cohort.statistics.correlation.fisher_z import correlation_from_summary, spearman_difference
from nmosd_cohort.statistics.correlation.partial_correlation import rank_model, residual_correlation, tied_spearman
from nmosd_cohort.statistics.ordinal.cumulative_logit import fit_cumulative_link
from tests.statistics.tally_helpers import expanded, numbers_of

COVARIATES = ["neuropathic", "woman", "age_decade", "duration_years"]


def discrete(seed: int, *, n: int = 60, link: float = 0.5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = link * x + rng.normal(size=n)
    frame = pd.DataFrame({"x": np.round(2 * x + 5), "y": np.round(3 * y + 9)})
    return frame.value_counts().rename("n").reset_index().sort_values(["y", "x"], ignore_index=True)


def test_published_correlation_gets_its_golden_limits():
    # statistics.md 4.2: Chavarro 2016, r = 0.341, n = 71, Fisher (0.117, 0.532), p = 0.0036.
    fisher = correlation_from_summary(0.341, 71, kind="pearson")
    assert (fisher.conf_low, fisher.conf_high) == pytest.approx((0.117, 0.532), abs=0.0005)
    assert fisher.p_value == pytest.approx(0.0036, abs=0.00005)
    # R: tanh(atanh(.341) + c(-1, 1) * qnorm(.975) * sqrt((1 + .341^2 / 2) / 68))
    bonett_wright = correlation_from_summary(0.341, 71, kind="spearman")
    assert (bonett_wright.conf_low, bonett_wright.conf_high) == pytest.approx((0.11028094268, 0.53684747682))


def test_pearson_gives_the_numbers_of_r_cor_test():
    # R: x <- c(0,0,1,2,3,5,5,7,8,10); y <- c(3,9,8,12,10,20,18,25,20,40); cor.test(x, y)
    r = pearson([0, 0, 1, 2, 3, 5, 5, 7, 8, 10], [3, 9, 8, 12, 10, 20, 18, 25, 20, 40])
    assert r.p_value == pytest.approx(9.87023887614e-05)
    assert (r.conf_low, r.conf_high) == pytest.approx((0.723318865998, 0.983550173412))
    assert r.n == 10


def test_spearman_gives_the_numbers_of_r_cor_test():
    # R: cor.test(x, y, method = "spearman", exact = FALSE)
    rho = spearman([0, 0, 1, 2, 3, 5, 5, 7, 8, 10], [3, 9, 8, 12, 10, 20, 18, 25, 20, 40])
    assert rho.estimate == pytest.approx(0.938842310526)
    assert rho.p_value == pytest.approx(0.00017306, abs=2e-6)  # by t 0.00005683, too small with ten patients
    assert rho.method.endswith("; exact p")
    assert "BCa" in rho.method
    assert rho.conf_low < rho.estimate < rho.conf_high <= 1


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_tallies_agree_with_rows_scipy_and_pingouin(seed: int):
    frame = discrete(seed)
    rows = expanded(frame)
    by_cell = spearman(frame["x"], frame["y"], frame["n"])
    by_row = spearman(rows["x"], rows["y"])
    assert by_cell.estimate == pytest.approx(stats.spearmanr(rows["x"], rows["y"]).statistic, abs=1e-10)
    assert by_cell.p_value == pytest.approx(stats.spearmanr(rows["x"], rows["y"]).pvalue, abs=1e-10)
    assert (by_row.conf_low, by_row.conf_high) == pytest.approx((by_cell.conf_low, by_cell.conf_high), abs=1e-10)
    linear = pearson(frame["x"], frame["y"], frame["n"])
    other = pingouin.corr(rows["x"], rows["y"], method="pearson")
    assert linear.estimate == pytest.approx(other["r"].iloc[0], abs=1e-10)
    assert_allclose([linear.conf_low, linear.conf_high], other.filter(like="CI95").iloc[0].tolist()[0], atol=0.0051)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_reversing_a_variable_flips_the_sign_and_the_limits(seed: int):
    frame = discrete(seed)
    there, back = spearman(frame["x"], frame["y"], frame["n"]), spearman(-frame["x"], frame["y"], frame["n"])
    assert back.estimate == pytest.approx(-there.estimate)
    swapped = spearman(frame["y"], frame["x"], frame["n"])
    assert swapped.estimate == pytest.approx(there.estimate)
    if "Bonett" in there.method:
        assert (back.conf_low, back.conf_high) == pytest.approx((-there.conf_high, -there.conf_low))


def test_spearman_names_its_limits():
    untied = np.arange(40.0)
    shuffled = np.random.default_rng(1).permutation(untied)
    assert spearman(untied, shuffled).method == "Spearman, Bonett-Wright limits"
    assert spearman(untied[:24], shuffled[:24], seed=3).method == (
        "Spearman, bootstrap of patients, BCa, 2000 resamples, seed 3"
    )
    assert "BCa" in spearman(np.where(untied < 15, 0, untied), shuffled).method
    many = np.arange(6000.0)
    mixed = np.random.default_rng(2).permutation(many)
    floor = spearman(np.where(many < 3000, 0, many), mixed)
    assert floor.method == "Spearman, Fisher z limits with large-sample variance under ties"
    assert floor.conf_high - floor.conf_low == pytest.approx(2 * 1.96 / np.sqrt(6000), rel=0.02)


def test_bootstrap_limits_are_near_those_of_bonett_and_wright_where_both_serve():
    frame = discrete(8, n=400)
    tied = frame.assign(x=frame["x"].clip(lower=5))
    assert "BCa" in spearman(tied["x"], tied["y"], tied["n"]).method
    rho = spearman(tied["x"], tied["y"], tied["n"])
    normal = correlation_from_summary(rho.estimate, rho.n, kind="spearman")
    assert (rho.conf_low, rho.conf_high) == pytest.approx((normal.conf_low, normal.conf_high), abs=0.03)


def test_perfect_correlations_have_no_limits():
    values = np.arange(30.0)
    r = pearson(values, 2 * values)
    assert (r.estimate, r.p_value, r.method) == (1, 0, "limits not estimable: perfect correlation")
    published = correlation_from_summary(-1, 30, kind="spearman")
    assert (published.estimate, published.method) == (-1, "limits not estimable: perfect correlation")
    assert np.isnan([r.conf_low, r.conf_high, published.conf_low, published.p_value]).all()
    rho = spearman(values[:4], values[:4])
    # 2 of 4! orders are perfect
    assert (rho.p_value, rho.method) == (pytest.approx(2 / 24), "limits not estimable: perfect correlation")
    tied = spearman([0] * 3 + [1] * 27, [5] * 3 + [9] * 27)
    assert tied.p_value == pytest.approx(1 / 4060)  # C(30, 3) arrangements, none of them the reverse
    assert spearman(values, -values).p_value == pytest.approx(2 / math.factorial(30))
    gap = spearman_difference(1, 30, 0.2, 30, "pearson", "pearson")
    assert gap.method == "limits not estimable: a correlation is perfect"
    assert gap.estimate == 0.8


def test_what_cannot_be_estimated_says_why():
    assert pearson([1, 2, 3], [1, 2, 4]).method == "not estimable: fewer than 4 patients"
    assert spearman([1, 1], [1, 2], [5, 6]).method == "not estimable: all patients have the same value of x"
    assert pearson([1, 2, 9], [1, 1, 5], [5, 6, 0]).method == "not estimable: all patients have the same value of y"
    covariates = pd.DataFrame({"a": [0, 1, 0, 1], "b": [1, 3, 2, 2]})
    assert partial_spearman([1, 2, 3, 4], [2, 1, 4, 3], covariates).method == ("not estimable: fewer than 6 patients")


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="x has 2 entries and y 3"):
        pearson([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="x has 8 entries but the covariates 1 rows"):
        partial_spearman(range(8), range(8), pd.DataFrame({"a": [1]}))
    with pytest.raises(ValueError, match="covariates is of type Series; it must be a pandas DataFrame"):
        partial_spearman(range(8), range(8), pd.Series(range(8)))
    with pytest.raises(ValueError, match="kind is 'kendall'; it must be one of pearson, spearman"):
        correlation_from_summary(0.3, 20, kind="kendall")
    with pytest.raises(ValueError, match=r"correlation of 1.2 is not possible"):
        correlation_from_summary(1.2, 20, kind="pearson")
    with pytest.raises(ValueError, match="n is 3; limits of a correlation need 4"):
        correlation_from_summary(0.2, 3, kind="pearson")


def test_difference_of_correlations_by_hand():
    # R: z <- atanh(c(.55, .341)); se <- sqrt((1 + .55^2 / 2) / 57 + 1 / 68); 2 * pnorm(-abs(diff(z)) / se)
    gap = spearman_difference(0.55, 60, 0.341, 71, "spearman", "pearson")
    assert gap.p_value == pytest.approx(0.158957932597)
    back = spearman_difference(0.341, 71, 0.55, 60, "pearson", "spearman")
    assert (back.estimate, back.conf_low, back.conf_high) == pytest.approx(
        (-gap.estimate, -gap.conf_high, -gap.conf_low)
    )
    # With a second correlation of 0 from very many patients the limits are those of the first alone.
    alone = correlation_from_summary(0.55, 60, kind="spearman")
    wide = spearman_difference(0.55, 60, 0.0, 10**12, "spearman", "pearson")
    assert (wide.conf_low, wide.conf_high) == pytest.approx((alone.conf_low, alone.conf_high), abs=1e-5)


def test_partial_spearman_gives_the_numbers_of_r_clm(tally: pd.DataFrame, numbers: pd.Series):
    rho = partial_spearman(tally["edss2"], tally["nrs"], tally[COVARIATES], tally["n"])
    assert rho.estimate == pytest.approx(numbers["partial_spearman", "edss2 nrs"], abs=1e-6)
    assert rho.n == 320
    raw = spearman(tally["edss2"], tally["nrs"], tally["n"])
    assert raw.estimate == pytest.approx(numbers["spearman", "edss2 nrs"], abs=1e-12)
    linear = pearson(tally["edss2"], tally["nrs"], tally["n"])
    assert linear.estimate == pytest.approx(numbers["pearson", "edss2 nrs"], abs=1e-12)


@pytest.mark.parametrize("term", ["edss2 nrs", "nrs in four"])
def test_partial_spearman_and_its_error_are_those_of_polr_and_a_sandwich_in_r(tally: pd.DataFrame, term: str):
    # correlations.R: models by MASS::polr, stacked estimating equations with a numerical Jacobian
    expected = numbers_of("correlations")
    nrs = tally["nrs"] if term == "edss2 nrs" else np.digitize(tally["nrs"], [1, 4, 7])
    counts = tally["n"].to_numpy()
    models = [
        rank_model(np.asarray(values, dtype=float), tally[COVARIATES], counts) for values in (tally["edss2"], nrs)
    ]
    estimate, error = residual_correlation(*models, counts)
    assert estimate == pytest.approx(expected["partial spearman", term], rel=1e-7)
    assert error == pytest.approx(expected["partial spearman se", term], rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_partial_spearman_without_covariates_is_spearman(seed: int):
    frame = discrete(seed)
    rho = partial_spearman(frame["x"], frame["y"], pd.DataFrame(index=frame.index), frame["n"])
    rows = expanded(frame)
    assert rho.estimate == pytest.approx(stats.spearmanr(rows["x"], rows["y"]).statistic, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_tied_spearman_is_the_residual_correlation_without_covariates(seed: int):
    frame = discrete(seed)
    counts, none = frame["n"].to_numpy(), pd.DataFrame(index=frame.index)
    models = [rank_model(frame[name].to_numpy(), none, counts) for name in ("x", "y")]
    positions = [np.unique(frame[name], return_inverse=True)[1] for name in ("x", "y")]
    assert_allclose(tied_spearman(*positions, counts), residual_correlation(*models, counts), atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_partial_spearman_of_tally_rows_and_duplicates_agree(seed: int):
    frame = discrete(seed, n=80)
    frame["z"] = np.random.default_rng(seed).normal(size=len(frame)).round(1)
    rows = expanded(frame).sample(frac=1, random_state=seed)
    by_cell = partial_spearman(frame["x"], frame["y"], frame[["z"]], frame["n"])
    by_row = partial_spearman(rows["x"], rows["y"], rows[["z"]])
    with_empty = pd.concat([frame, frame.head(1).assign(n=0, x=77)])
    empty = partial_spearman(with_empty["x"], with_empty["y"], with_empty[["z"]], with_empty["n"])
    for other in (by_row, empty):
        assert other.estimate == pytest.approx(by_cell.estimate, abs=1e-8)
        assert (other.conf_low, other.conf_high) == pytest.approx((by_cell.conf_low, by_cell.conf_high), abs=1e-8)
    flipped = partial_spearman(-frame["x"], frame["y"], frame[["z"]], frame["n"])
    assert flipped.estimate == pytest.approx(-by_cell.estimate, abs=1e-8)
    assert flipped.conf_low == pytest.approx(-by_cell.conf_high, abs=1e-8)


def test_standard_error_is_that_of_one_more_patient_in_each_cell():
    # Influence by brute force: a cell gains 100 of 2 million patients, both models are fitted again.
    frame = discrete(5, n=40)
    frame["z"] = np.random.default_rng(5).integers(0, 3, len(frame))
    covariates = pd.get_dummies(frame["z"], drop_first=True).astype(float)
    counts, scale = frame["n"].to_numpy(), 50_000

    def correlate(whole: np.ndarray) -> tuple[float, float]:
        models = [rank_model(frame[name].to_numpy(), covariates, whole) for name in ("x", "y")]
        return residual_correlation(*models, whole)

    error = correlate(counts)[1]
    base = correlate(counts * scale)[0]
    influence = np.array(
        [
            (correlate(counts * scale + 100 * (np.arange(counts.size) == cell))[0] - base) * counts.sum() * scale / 100
            for cell in range(counts.size)
        ]
    )
    assert error == pytest.approx(np.sqrt(counts @ influence**2) / counts.sum(), rel=2e-3)


def test_probability_scale_residuals_by_hand():
    # Marginal shares 10, 20 and 30 of 60: P(lower) - P(higher) = -50/60, (10 - 30)/60, 30/60.
    model = rank_model(np.array([0.0, 1.0, 2.0]), pd.DataFrame(index=range(3)), np.array([10, 20, 30]))
    assert_allclose(model.residual, [-50 / 60, -20 / 60, 30 / 60], atol=1e-12)
    fit = fit_cumulative_link([0, 1, 2], pd.DataFrame(index=range(3)), [10, 20, 30])
    assert model.n_thresholds == fit.thresholds.size


def test_identical_variables_correlate_perfectly_after_adjustment():
    frame = discrete(3)
    frame["z"] = np.random.default_rng(1).normal(size=len(frame))
    rho = partial_spearman(frame["x"], frame["x"], frame[["z"]], frame["n"])
    assert (rho.estimate, rho.method) == (pytest.approx(1), "limits not estimable: perfect correlation")


def test_false_positives_stay_near_five_percent_with_a_three_level_confounder():
    # statistics.md 4.1: ranks adjusted linearly for the confounder as a number give 13 %.
    rng = np.random.default_rng(7)
    shift = np.array([0.0, 2.0, 0.5])
    rejected = 0
    for _ in range(400):
        group = rng.integers(0, 3, 120)
        x = np.clip(np.round(2 * (shift[group] + rng.normal(size=120)) + 2), 0, 10)
        y = np.clip(np.round(5 * (shift[group] + rng.normal(size=120)) + 12), 0, 63)
        dummies = pd.DataFrame({"one": group == 1, "two": group == 2})
        rejected += partial_spearman(x, y, dummies).p_value < 0.05
    assert 10 <= rejected <= 32  # R: qbinom(c(0.005, 0.995), 400, 0.05)


def test_limits_of_partial_spearman_cover_the_truth():
    rng = np.random.default_rng(9)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
        z, shared = rng.integers(0, 2, n), rng.normal(size=n)
        x = np.round(2 * (z + shared + rng.normal(size=n)))
        y = np.round(2 * (-z + shared + rng.normal(size=n)))
        return np.clip(x, 0, 8), np.clip(y, -6, 8), pd.DataFrame({"z": z})

    truth = partial_spearman(*draw(200_000)).estimate
    answers = [partial_spearman(*draw(60)) for _ in range(300)]
    covered = sum(answer.conf_low < truth < answer.conf_high for answer in answers)
    assert 275 <= covered <= 294  # R: qbinom(c(0.005, 0.995), 300, 0.95)


@pytest.mark.parametrize(
    ("y", "p_value"),
    [
        ([2, 1, 4, 3, 6, 5, 8, 7], 0.004563492063),
        ([3, 1, 2, 6, 4, 5, 9, 8, 7], 0.008267196),
        ([3, 1, 7, 2, 4, 6, 5], 0.302381),
        ([6, 4, 5, 2, 1, 3], 0.1027778),
    ],
)
def test_spearman_of_few_untied_patients_has_the_exact_p_of_r(y: list[int], p_value: float):
    # R 4.2.2: cor.test(seq_along(y), y, method = "spearman", exact = TRUE)
    rho = spearman(range(len(y)), y)
    assert rho.p_value == pytest.approx(p_value, rel=1e-6)
    assert rho.method.endswith("; exact p")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=4, max_size=6))
def test_spearman_of_few_tied_patients_counts_all_arrangements(pairs: list[tuple[int, int]]):
    x, y = (stats.rankdata(values) for values in zip(*pairs, strict=True))
    rho = spearman(x, y)
    if np.ptp(x) and np.ptp(y):
        sums = np.array([x @ np.array(order) for order in itertools.permutations(y)]) - x.sum() * y.mean()
        observed = abs(x @ y - x.sum() * y.mean())
        assert rho.p_value == pytest.approx((np.abs(sums) >= observed - 1e-9).mean())


def test_spearman_of_tied_patients_up_to_25_draws_permutations_with_its_seed():
    rng = np.random.default_rng(5)
    x = rng.integers(0, 12, 25)
    y = np.round(x / 3 + rng.normal(0, 6, 25))
    one, two = (spearman(x, y, seed=seed) for seed in (1, 2))
    assert one.method.endswith("; p by 9999 permutations, seed 1")
    assert one.p_value != two.p_value
    expected = stats.permutation_test(
        (x,), lambda values: stats.spearmanr(values, y).statistic, permutation_type="pairings", n_resamples=2000, rng=1
    ).pvalue
    assert one.p_value == pytest.approx(expected, abs=0.03)
    assert "permutations" not in spearman(np.append(x, 3), np.append(y, 2)).method


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: correlation_from_summary("x", 30, kind="pearson"), "r is 'x'; it must be a number"),
        (lambda: correlation_from_summary(0.3, "x", kind="pearson"), "n is 'x'"),
        (lambda: correlation_from_summary(None, 30, kind="spearman"), "r is None; it must be a number"),
    ],
)
def test_summaries_that_are_not_numbers_are_refused(call, message: str):
    with pytest.raises(ValueError, match=message):
        call()
