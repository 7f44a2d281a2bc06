"""Repeated measures against nlme, lmerTest and the formulas of Kenward and Roger; laws of balanced data."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.longitudinal.covariance_structures import structure
from nmosd_cohort.statistics.longitudinal.mixed_model import MixedModel, change_from_baseline, clda, mixed_model
from nmosd_cohort.statistics.longitudinal.reml import fit_reml
from nmosd_cohort.statistics.longitudinal.small_sample import SmallSample
from nmosd_cohort.statistics.longitudinal.trajectories import trajectories
from nmosd_cohort.statistics.paired.ancova import ancova
from nmosd_cohort.statistics.paired.change import mean_change
from nmosd_cohort.statistics.paired.minimum_patients import MINIMUM_PATIENTS, too_few
from tests.statistics.tally_helpers import REFERENCE

VISITS = ["month_0", "month_3", "month_6", "month_12"]
REFINED = 1e-7  # base R with derivatives by differences
GLS = 1e-5  # the optimiser of gls stops a little before the maximum
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
STRUCTURES = {
    "unstructured": ("unstructured", None),
    "compound_symmetry": ("compound_symmetry", None),
    "ar1": ("ar1", None),
    "ar1_times": ("ar1", [0, 3, 6, 12]),
}
# 12 patients by hand, three visits, two missed
SMALL = pd.DataFrame(
    {
        "start": [5, 6, 7, 8, 6, 7, 5, 9, 4, 6, 8, 7.0],
        "month_6": [4, 3, 6, 6, 5, 5, 3, 8, 4, 4, None, 5.0],
        "month_12": [3, 4, 5, 6, 3, 5, 4, 6, 4, None, 6, 3.0],
    }
)
ARM = [0, 1] * 6


@pytest.fixture(scope="module")
def expected() -> dict[str, dict[str, float]]:
    frame = pd.read_csv(REFERENCE / "longitudinal.csv", keep_default_na=False)
    return {name: dict(zip(part["term"], part["value"], strict=True)) for name, part in frame.groupby("quantity")}


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "longitudinal_trajectories.csv")


def fitted(patients: pd.DataFrame, name: str) -> MixedModel:
    covariance, times = STRUCTURES[name]
    covariates = patients[["age_decade"]]
    return mixed_model(patients[VISITS], patients["n"], covariates=covariates, covariance=covariance, times=times)


@pytest.mark.parametrize("name", STRUCTURES)
def test_the_model_is_that_of_r(expected: dict, patients: pd.DataFrame, name: str):
    model = fitted(patients, name)
    table = model.coefficients.set_index("term")
    assert table["estimate"].to_dict() == pytest.approx(expected[f"{name}_estimate"], rel=REFINED)
    assert table["std_error"].to_dict() == pytest.approx(expected[f"{name}_error"], rel=REFINED)
    assert model.log_likelihood == pytest.approx(expected[f"{name}_log_likelihood"][""], abs=1e-9)
    pairs = {f"{one} {two}": model.covariance.loc[one, two] for one in VISITS for two in VISITS}
    assert pairs == pytest.approx(expected[f"{name}_covariance"], rel=REFINED)
    assert model.n == patients["n"].sum()


@pytest.mark.parametrize("name", ["unstructured", "compound_symmetry", "ar1"])
def test_the_model_is_that_of_gls(expected: dict, patients: pd.DataFrame, name: str):
    model = fitted(patients, name)
    assert model.log_likelihood == pytest.approx(expected[f"gls_{name}_log_likelihood"][""], abs=1e-6)
    found = model.coefficients.set_index("term")["estimate"].to_dict()
    assert found == pytest.approx(expected[f"gls_{name}_estimate"], rel=GLS)


@pytest.mark.parametrize("name", STRUCTURES)
def test_changes_have_the_errors_and_freedom_of_kenward_and_roger(expected: dict, patients: pd.DataFrame, name: str):
    covariance, times = STRUCTURES[name]
    change = change_from_baseline(
        patients[VISITS], patients["n"], covariates=patients[["age_decade"]], covariance=covariance, times=times
    ).set_index("visit")
    check_contrasts(change, expected, name)


def test_a_random_intercept_is_that_of_lmertest(expected: dict, patients: pd.DataFrame):
    change = change_from_baseline(
        patients[VISITS], patients["n"], covariates=patients[["age_decade"]], covariance="compound_symmetry"
    ).set_index("visit")
    check_contrasts(change, expected, "lmer")
    assert change["p_value"].to_dict() == pytest.approx(expected["lmer_contrast_p"], rel=1e-6)
    model = fitted(patients, "compound_symmetry")
    assert model.log_likelihood == pytest.approx(expected["lmer_log_likelihood"][""], abs=1e-9)


def test_the_difference_between_arms_is_that_of_r(expected: dict, patients: pd.DataFrame):
    gap = clda(patients[VISITS], patients["arm"], patients["n"]).set_index("visit")
    check_contrasts(gap, expected, "clda")
    gap = clda(patients[VISITS], patients["arm"], patients["n"], covariance="compound_symmetry").set_index("visit")
    check_contrasts(gap, expected, "lmer_clda")


def check_contrasts(table: pd.DataFrame, expected: dict, name: str):
    """Check estimate, error and freedom, the last through the width of the limits."""
    assert table["estimate"].to_dict() == pytest.approx(expected[f"{name}_contrast"], rel=REFINED)
    assert table["std_error"].to_dict() == pytest.approx(expected[f"{name}_contrast_error"], rel=REFINED)
    for visit, freedom in expected[f"{name}_contrast_freedom"].items():
        row = table.loc[visit]
        reach = float(stats.t.ppf(0.975, freedom)) * row["std_error"]
        assert row["conf_high"] - row["estimate"] == pytest.approx(reach, rel=REFINED)
        assert f"t({freedom:.1f})" in row["method"]


scores = st.lists(st.tuples(*[st.integers(0, 10)] * 3, st.integers(1, 3)), min_size=8, max_size=14)


@settings(max_examples=30, deadline=None)
@given(scores)
def test_with_no_visit_missed_the_change_is_the_paired_t(rows: list[tuple[int, ...]]):
    frame = pd.DataFrame(rows, columns=["start", "middle", "end", "n"])
    complete = np.repeat(frame[["start", "middle", "end"]].to_numpy(float), frame["n"], axis=0)
    assume(len(complete) >= 10)
    eigenvalues = np.linalg.eigvalsh(np.cov(complete.T))
    assume(eigenvalues[0] > 0.02)
    change = change_from_baseline(frame[["start", "middle", "end"]], frame["n"])
    for place, visit in enumerate(["middle", "end"]):
        paired = mean_change(frame["start"], frame[visit], frame["n"])
        for name in NUMBERS:
            assert change.loc[place, name] == pytest.approx(getattr(paired, name), rel=1e-6, abs=1e-9), name


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(12)), st.floats(-5, 5), st.floats(0.1, 50))
def test_rows_shift_and_scale_do_not_matter(order: list[int], shift: float, scale: float):
    for covariance in ("unstructured", "compound_symmetry", "ar1"):
        plain = change_from_baseline(SMALL, covariance=covariance)
        moved = change_from_baseline(scale * SMALL.iloc[order] + shift, covariance=covariance)
        for name in ("estimate", "std_error", "conf_low"):
            assert moved[name].tolist() == pytest.approx((scale * plain[name]).tolist(), rel=1e-7)
        assert moved["p_value"].tolist() == pytest.approx(plain["p_value"].tolist(), rel=1e-6)


@pytest.mark.parametrize("covariance", ["unstructured", "compound_symmetry", "ar1"])
def test_a_tally_of_trajectories_is_its_rows(patients: pd.DataFrame, covariance: str):
    rows = patients.loc[patients.index.repeat(patients["n"])].reset_index(drop=True)
    tally = clda(
        patients[VISITS], patients["arm"], patients["n"], covariates=patients[["age_decade"]], covariance=covariance
    )
    repeated = clda(rows[VISITS], rows["arm"], covariates=rows[["age_decade"]], covariance=covariance)
    for name in NUMBERS:
        assert tally[name].tolist() == pytest.approx(repeated[name].tolist(), rel=1e-9, abs=1e-10)
    assert tally["n_at_visit"].tolist() == repeated["n_at_visit"].tolist()


def test_swapping_the_arms_turns_the_difference_round():
    one, two = clda(SMALL, ARM), clda(SMALL, [1 - arm for arm in ARM])
    assert one["estimate"].tolist() == pytest.approx((-two["estimate"]).tolist(), abs=1e-8)
    assert one["conf_low"].tolist() == pytest.approx((-two["conf_high"]).tolist(), abs=1e-8)


def test_with_two_visits_the_constrained_analysis_has_the_slope_of_ancova():
    # With no visit missed the likelihood splits into that of the first score and that of ancova.
    two = SMALL[["start", "month_12"]].dropna()
    arm = [ARM[row] for row in two.index]
    gap = clda(two, arm)["estimate"].item()
    after_on_before = ancova(two["start"], two["month_12"], arm).estimate
    assert gap == pytest.approx(after_on_before, rel=1e-7)


def test_patients_without_any_visit_and_rows_without_patients_are_left_out():
    wider = pd.concat([SMALL, pd.DataFrame({"start": [None, 9.0], "month_6": [None, 0.0], "month_12": [None, 0.0]})])
    found = change_from_baseline(wider, [1] * 12 + [5, 0])
    pd.testing.assert_frame_equal(found, change_from_baseline(SMALL))
    assert found["n"].tolist() == [12, 12]
    assert found["n_at_visit"].tolist() == [11, 11]


def test_one_patient_more_who_was_seen_only_at_the_start_still_counts():
    more = SMALL.reindex(range(13))
    more.loc[12, "start"] = 10.0
    assert (change_from_baseline(more)["n"] == 13).all()
    assert (change_from_baseline(more)["estimate"] != change_from_baseline(SMALL)["estimate"]).all()


# by hand: covariance of the residuals of a balanced random intercept, mean square between and within
def test_compound_symmetry_of_balanced_data_is_the_analysis_of_variance():
    outcomes = SMALL.fillna(5.0)
    matrix = outcomes.to_numpy()
    residuals = matrix - matrix.mean(axis=0)
    between = 3 * (residuals.mean(axis=1) ** 2).sum() / 11
    within = ((residuals - residuals.mean(axis=1)[:, None]) ** 2).sum() / 22
    model = mixed_model(outcomes, covariance="compound_symmetry")
    assert model.covariance.iloc[0, 1] == pytest.approx((between - within) / 3, rel=1e-8)
    assert model.covariance.iloc[0, 0] == pytest.approx((between - within) / 3 + within, rel=1e-8)
    change = change_from_baseline(outcomes, covariance="compound_symmetry")
    assert change["method"].tolist() == ["REML, compound symmetry, Kenward-Roger t(22.0)"] * 2
    assert change["std_error"].tolist() == pytest.approx([math.sqrt(2 * within / 12)] * 2, rel=1e-8)


def test_a_negative_correlation_within_patients_is_allowed():
    # mirrored scores: correlation -1 but for a little noise
    first = np.arange(12.0)
    outcomes = pd.DataFrame({"start": first, "end": 11 - first + np.resize([0.0, 1.0, -0.5], 12)})
    model = mixed_model(outcomes, covariance="compound_symmetry")
    assert model.covariance.iloc[0, 1] < 0


@pytest.mark.parametrize(("analysis", "n"), [("mixed_model", 10), ("ancova", 8), ("gee", 10), ("repeats", 10)])
def test_each_minimum_is_the_first_number_that_is_enough(analysis: str, n: int):
    assert MINIMUM_PATIENTS[analysis].patients == n
    assert too_few(analysis, n) == ""
    assert too_few(analysis, n - 1).startswith(f"{n - 1} patients; ")


def test_below_ten_patients_the_change_is_the_paired_t_and_says_so():
    few = SMALL.iloc[[0, 1, 2, 3, 4, 9, 10]]
    change = change_from_baseline(few, covariates=pd.DataFrame({"age_years": range(7)}))
    paired = mean_change(few["start"].iloc[[0, 1, 2, 3, 4, 6]], few["month_12"].dropna())
    assert [change.loc[1, name] for name in NUMBERS] == [getattr(paired, name) for name in NUMBERS]
    assert change["method"].iloc[1] == (
        "paired t; patients seen at both visits (7 patients; a mixed model needs 10, with fewer variance components "
        "are guesses, covariates not used)"
    )
    assert change["n"].tolist() == [6, 6]
    assert change_from_baseline(few)["method"].iloc[0].endswith("are guesses)")


def test_below_ten_patients_the_arms_are_compared_by_ancova():
    few = SMALL.iloc[:9]
    gap = clda(few, ARM[:9])
    direct = ancova(few["start"], few["month_12"], ARM[:9])
    assert [gap.loc[1, name] for name in NUMBERS] == [getattr(direct, name) for name in NUMBERS]
    assert "analysis of covariance of patients seen at both visits (9 patients" in gap["method"].iloc[1]
    same_start = few.assign(start=5.0)
    refused = clda(same_start, ARM[:9])
    assert refused["method"].str.startswith("not estimable: design column 'before' has one value only").all()
    assert refused["estimate"].isna().all()


def test_a_mixed_model_of_few_patients_is_refused():
    with pytest.raises(ValueError, match=r"9 patients; a mixed model needs 10.*use change_from_baseline"):
        mixed_model(SMALL.iloc[:9])


ONE_SEEN = SMALL.assign(month_12=[3.0] + [None] * 11)
APART = SMALL.assign(month_6=[4, 3, 6, 5, 5, 3, None, None, 8, None, None, None])
APART = APART.assign(month_12=[None, None, None, None, None, 2, 6, 5, 4, 3, 4, 2.0])


@pytest.mark.parametrize(
    ("outcomes", "options", "message"),
    [
        (SMALL[["start"]], {}, "outcomes has 1 columns; a change needs at least two visits"),
        (SMALL.set_axis(["a", "a", "b"], axis=1), {}, "two visits of outcomes have the same label"),
        (SMALL.assign(start="five"), {}, "visit 'start' must hold numbers"),
        (SMALL.assign(start=math.inf), {}, "visit 'start' has infinite outcomes"),
        (SMALL.iloc[:0], {}, "outcomes has no patients"),
        (SMALL, {"counts": [0] * 12}, "outcomes has no patients"),
        (SMALL, {"counts": [1.5] * 12}, "12 are negative or not whole"),
        (SMALL, {"covariates": pd.DataFrame({"age": [1, 2]})}, "covariates has 2 rows but outcomes 12"),
        (SMALL, {"covariates": pd.DataFrame({"age": [50] * 12})}, "'age' has one value only"),
        (SMALL, {"covariance": "toeplitz"}, "covariance is 'toeplitz'; it must be one of unstructured"),
        (SMALL, {"times": [0, 6, 12]}, "times belong to covariance='ar1'"),
        (SMALL, {"times": [0, 6, 6], "covariance": "ar1"}, "times must be 3 rising numbers"),
        (SMALL, {"conf_level": 2}, "conf_level is 2"),
        (ONE_SEEN, {}, "visit 'month_12' was seen in 1 patients; leave it out"),
        (APART, {}, "2 patients were seen at both 'month_6' and 'month_12'; unstructured needs 5, take compound_symm"),
        (
            SMALL.assign(later=SMALL["start"]),
            {},
            "unstructured has 10 covariances and 4 means for 12 patients; take com",
        ),
        (SMALL.assign(month_12=SMALL["start"] - 1 + 1e-3 * np.resize([1, -1, 0], 12)), {}, "the model has no maximum"),
        (SMALL.assign(month_12=np.append(np.full(11, 3.0), 3.00001)), {}, "the model has no maximum.*hardly varies"),
        (SMALL.assign(month_12=SMALL["start"] - 1), {}, "the model has no maximum.*compound_symmetry"),
        (SMALL * 0 + 5, {"covariance": "ar1"}, "the outcomes do not vary between patients"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_the_remedy(outcomes: pd.DataFrame, options: dict, message: str):
    with pytest.raises(ValueError, match=message):
        change_from_baseline(outcomes, **options)


@pytest.mark.parametrize(
    ("outcomes", "group", "message"),
    [
        (SMALL, [1] * 12, "all patients seen belong to one arm"),
        (SMALL, [1, 2] * 6, "group must be 1 for one arm and 0 for the reference arm"),
        (SMALL, [1, 0], "group has 2 entries but outcomes 12 rows"),
        (SMALL, [1] + [0] * 11, "visit 'month_6' was seen in 1 patients of group 1; an arm needs 2"),
    ],
)
def test_arms_that_cannot_be_compared_are_refused(outcomes: pd.DataFrame, group: list[int], message: str):
    with pytest.raises(ValueError, match=message):
        clda(outcomes, group)


def test_a_covariate_that_is_the_arm_is_refused():
    with pytest.raises(ValueError, match="'treated' is a combination of 'group'"):
        clda(SMALL, ARM, covariates=pd.DataFrame({"treated": ARM}))


def test_coefficients_that_nobody_tells_apart_are_refused():
    design = np.tile(np.eye(2)[:, [0, 1, 1]], (12, 1, 1))
    with pytest.raises(ValueError, match="do not tell the coefficients apart"):
        fit_reml(SMALL[["start", "month_6"]].to_numpy(), design, np.ones(12, int), structure("ar1", 2))


def test_a_correction_that_leaves_no_variance_is_refused():
    errors = SmallSample(np.eye(1), -np.eye(1), np.zeros((1, 1, 1)), np.eye(1))
    with pytest.raises(ValueError, match="the small-sample correction fails"):
        errors.std_error(np.ones(1))
    assert errors.freedom(np.ones(1)) == math.inf


def test_times_equally_apart_change_nothing():
    pd.testing.assert_frame_equal(
        change_from_baseline(SMALL, covariance="ar1"),
        change_from_baseline(SMALL, covariance="ar1", times=[0, 6, 12]),
    )


def test_the_covariates_are_centred_over_patients():
    found = trajectories(SMALL, [2] * 6 + [1] * 6, covariates=pd.DataFrame({"age": range(12)}))
    assert found.counts @ found.covariates[:, 0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("given", [np.zeros((12, 2)), [[1, 2]], None])
def test_outcomes_and_covariates_that_are_no_frame_are_refused(given: object):
    with pytest.raises(ValueError, match=r"outcomes is of type .*; it must be a pandas DataFrame"):
        mixed_model(given)
    if given is not None:
        with pytest.raises(ValueError, match=r"covariates is of type .*; it must be a pandas DataFrame"):
            mixed_model(pd.DataFrame({"start": [5, 6], "end": [4, 4]}), covariates=given)
