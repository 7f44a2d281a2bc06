"""Generalised estimating equations against geepack and statsmodels, and their laws."""

import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.genmod.cov_struct import Exchangeable, Independence
from statsmodels.genmod.families import Binomial, Gaussian
from statsmodels.genmod.generalized_estimating_equations import GEE

from nmosd_cohort.statistics.longitudinal.gee import gee
from tests.statistics.tally_helpers import REFERENCE

KINDS = [(family, correlation) for family in ("linear", "logistic") for correlation in ("independence", "exchangeable")]
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "longitudinal_rows.csv")


def fitted(rows: pd.DataFrame, family: str, correlation: str, **options: object) -> pd.DataFrame:
    """Return the fit with estimate and error on the scale of the coefficients."""
    outcome = rows["y"] if family == "linear" else rows["event"]
    table = gee(
        outcome, rows[["arm", "after"]], rows["id"], family=family, correlation=correlation, **options
    ).set_index("term")
    if family == "logistic":
        table["std_error"] /= table["estimate"]
        table["estimate"] = np.log(table["estimate"])
    return table


@pytest.mark.parametrize(("family", "correlation"), KINDS)
def test_the_sandwich_is_that_of_geepack(rows: pd.DataFrame, family: str, correlation: str):
    frame = pd.read_csv(REFERENCE / "longitudinal.csv", keep_default_na=False)
    expected = {name: part.set_index("term")["value"].to_dict() for name, part in frame.groupby("quantity")}
    table = fitted(rows, family, correlation, errors="sandwich")
    name = f"gee_{family}_{correlation}"
    # 1e-6: geepack stops when steps are small
    assert table["estimate"].to_dict() == pytest.approx(expected[f"{name}_estimate"], rel=1e-6)
    assert table["std_error"].to_dict() == pytest.approx(expected[f"{name}_error"], rel=1e-6)
    if correlation == "exchangeable":
        assert f"exchangeable ({expected[f'{name}_alpha']['']:.3f})" in table["method"].iloc[0]


@pytest.mark.parametrize(("family", "correlation"), KINDS)
@pytest.mark.parametrize("n_patients", [14, 46])
def test_the_corrected_errors_are_those_of_statsmodels(
    rows: pd.DataFrame, family: str, correlation: str, n_patients: int
):
    few = rows[rows["id"] <= n_patients]
    structure = Exchangeable() if correlation == "exchangeable" else Independence()
    kind = Gaussian() if family == "linear" else Binomial()
    design = np.column_stack([np.ones(len(few)), few[["arm", "after"]]])
    outcome = few["y"] if family == "linear" else few["event"]
    model = GEE(outcome.to_numpy(), design, groups=few["id"].to_numpy(), family=kind, cov_struct=structure)
    # ddof_scale=0: moment estimators as in geepack
    other = model.fit(ctol=1e-12, maxiter=500, ddof_scale=0, cov_type="bias_reduced")
    table = fitted(few, family, correlation)
    assert table["estimate"].tolist() == pytest.approx(other.params.tolist(), rel=1e-7)
    assert table["std_error"].tolist() == pytest.approx(other.bse.tolist(), rel=1e-7)
    assert f"t({few['id'].nunique() - 3})" in table["method"].iloc[0]


@pytest.mark.parametrize(("family", "correlation"), KINDS)
def test_counted_histories_are_their_rows(rows: pd.DataFrame, family: str, correlation: str):
    counts = rows["id"] % 3  # a third of the patients leaves
    tally = gee(
        rows["y"] if family == "linear" else rows["event"],
        rows[["arm", "after"]],
        rows["id"],
        counts,
        family=family,
        correlation=correlation,
    )
    kept = pd.concat([rows[counts >= 1], rows[counts == 2].assign(id=rows["id"] + 1000)])
    repeated = gee(
        kept["y"] if family == "linear" else kept["event"],
        kept[["arm", "after"]],
        kept["id"],
        family=family,
        correlation=correlation,
    )
    for name in NUMBERS:
        assert tally[name].tolist() == pytest.approx(repeated[name].tolist(), rel=1e-9, abs=1e-12)
    assert tally["n"].tolist() == repeated["n"].tolist()


@pytest.mark.parametrize(("family", "correlation"), KINDS)
def test_order_and_labels_do_not_matter(rows: pd.DataFrame, family: str, correlation: str):
    plain = fitted(rows, family, correlation)
    mixed = rows.sample(frac=1, random_state=3).assign(id=lambda frame: "p" + frame["id"].astype(str))
    other = fitted(mixed, family, correlation)
    for name in NUMBERS:
        assert other[name].tolist() == pytest.approx(plain[name].tolist(), rel=1e-8, abs=1e-12)


def test_shifting_and_scaling_a_covariate_carries_through(rows: pd.DataFrame):
    moved = rows.assign(after=2020 + 10 * rows["after"])
    for family in ("linear", "logistic"):
        plain, other = fitted(rows, family, "exchangeable"), fitted(moved, family, "exchangeable")
        assert other.loc["after", "estimate"] == pytest.approx(plain.loc["after", "estimate"] / 10, rel=1e-8)
        assert other.loc["after", "p_value"] == pytest.approx(plain.loc["after", "p_value"], rel=1e-6)


def test_the_other_event_turns_the_odds_ratio_over(rows: pd.DataFrame):
    one = gee(rows["event"], rows[["arm"]], rows["id"], family="logistic")
    two = gee(1 - rows["event"], rows[["arm"]], rows["id"], family="logistic")
    assert one["estimate"].tolist() == pytest.approx((1 / two["estimate"]).tolist())
    assert one["conf_low"].tolist() == pytest.approx((1 / two["conf_high"]).tolist())


# by hand: with one row a patient the equations are least squares, the sandwich HC0 and the correction HC3
def test_one_row_a_patient_is_least_squares_with_robust_errors():
    outcome, pain = np.array([4, 6, 3, 5, 9, 7, 8, 2, 5, 6, 7.0]), np.array([0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0])
    table = gee(outcome, pd.DataFrame({"pain": pain}), range(11)).set_index("term")
    sums = {arm: ((outcome[pain == arm] - outcome[pain == arm].mean()) ** 2).sum() for arm in (0, 1)}
    hc3 = math.sqrt(sum(sums[arm] / ((pain == arm).sum() - 1) ** 2 for arm in (0, 1)))
    assert table.loc["pain", "estimate"] == pytest.approx(outcome[pain == 1].mean() - outcome[pain == 0].mean())
    assert table.loc["pain", "std_error"] == pytest.approx(hc3)
    assert "independence because no patient has two rows" in table.loc["pain", "method"]


def test_the_correction_widens_the_limits(rows: pd.DataFrame):
    few = rows[rows["id"] <= 14]
    corrected, plain = fitted(few, "linear", "exchangeable"), fitted(few, "linear", "exchangeable", errors="sandwich")
    assert (corrected["std_error"] > plain["std_error"]).all()


@pytest.mark.parametrize(
    ("outcome", "n_patients", "n_columns", "reason"),
    [
        ([5.0] * 24, 12, 1, "all rows have the same outcome"),
        (list(range(18)), 9, 1, "9 patients; a model of patients with repeated rows needs 10"),
        (list(range(24)), 12, 11, "not more patients than parameters"),
    ],
)
def test_what_cannot_be_estimated_says_why(outcome: list[float], n_patients: int, n_columns: int, reason: str):
    rng = np.random.default_rng(4)
    design = pd.DataFrame(rng.normal(size=(len(outcome), n_columns))).add_prefix("x")
    table = gee(outcome, design, np.repeat(range(n_patients), 2))
    assert table["method"].str.startswith(f"not estimable: {reason}").all()
    assert table["estimate"].isna().all()
    assert (table["n"] == n_patients).all()


PATIENT = np.repeat(range(12), 2)
VISIT = pd.DataFrame({"after": [0, 1] * 12})
SCORE = np.resize([5, 3, 6, 6, 7, 4, 4, 3, 8, 5, 5, 5, 2], 24)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"family": "poisson"}, "family is 'poisson'; it must be one of linear, logistic"),
        ({"correlation": "ar1"}, "correlation is 'ar1'; it must be one of independence, exchangeable"),
        ({"errors": "jackknife"}, "errors is 'jackknife'; it must be one of mancl_derouen, sandwich"),
        ({"patient": range(3)}, "patient has 3 entries but the design 24 rows"),
        ({"patient": [None, *PATIENT[1:]]}, "patient is missing in 1 rows"),
        ({"counts": [1, 2] * 12}, "counts differ between rows of one patient"),
        ({"family": "logistic"}, "outcome must be 0 or 1 with family='logistic'"),
        ({"family": "logistic", "outcome": [0, 1] * 12}, "'after' separates rows .*; use firth_logistic"),
        ({"outcome": np.repeat(range(12), 2)}, "the working correlation is 1.000.*one row a patient"),
        ({"outcome": np.tile([0, 1, 1, 0], 6)}, "the working correlation is -1.000.*correlation='independence'"),
        ({"design": pd.DataFrame({"first": PATIENT == 0})}, "one patient alone decides a coefficient"),
    ],
)
def test_what_cannot_be_fitted_is_refused_with_the_remedy(options: dict, message: str):
    with pytest.raises(ValueError, match=message):
        gee(**{"outcome": SCORE, "design": VISIT, "patient": PATIENT, **options})


def test_two_covariates_that_together_separate_are_both_named():
    first, second = np.resize([0, 1, 2, 3], 24), np.resize([3, 1, 0, 2, 1], 24)
    event = (first + second > 3).astype(int)
    with pytest.raises(ValueError, match="'first', 'second' together separate"):
        gee(event, pd.DataFrame({"first": first, "second": second}), PATIENT, family="logistic")


@pytest.mark.parametrize(("limit", "value"), [("MAX_STEPS", 1), ("LARGEST_LOG_ODDS", 0.01)])
def test_equations_without_solution_are_refused(monkeypatch: pytest.MonkeyPatch, limit: str, value: float):
    monkeypatch.setattr(f"nmosd_cohort.statistics.longitudinal.gee.{limit}", value)
    with pytest.raises(ValueError, match="the estimating equations have no solution; take correlation='independence'"):
        gee(SCORE > 4, VISIT, PATIENT, family="logistic")


def test_equations_that_run_away_are_refused_and_independence_has_a_solution():
    outcome = [1, 0, 1, 1, 1, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0]
    patient = [0, 1, 1, 1, 1, 2, 2, 2, 3, 4, 5, 6, 7, 7, 7, 8, 9, 9, 9]
    x = [1, 0, 0, 0, 0, 1, -1, -1, 1, 1, 1, 1, -1, 1, 0, 1, 0, 1, -1]
    design = pd.DataFrame({"arm": [1] * 10 + [0] * 9, "x": x})
    with pytest.raises(ValueError, match="no solution; take correlation='independence'"):
        gee(outcome, design, patient, family="logistic")
    table = gee(outcome, design, patient, family="logistic", correlation="independence")
    assert table["conf_high"].notna().all()


def test_a_high_mean_does_not_look_like_correlation():
    rng = np.random.default_rng(9)
    outcome = 1000 + rng.normal(0, 1, 40)
    table = gee(outcome, pd.DataFrame({"after": [0, 1] * 20}), np.repeat(range(20), 2))
    assert table.loc[0, "estimate"] == pytest.approx(outcome[::2].mean())


@pytest.mark.parametrize("correlation", ["independence", "exchangeable"])
def test_outcomes_without_residuals_have_no_limits(correlation: str):
    design = pd.DataFrame({"after": [0, 1] * 10})
    for outcome in ([5, 3] * 10, [0.3, 0.1] * 10):
        table = gee(outcome, design, np.repeat(np.arange(10), 2), correlation=correlation)
        assert table["estimate"].tolist() == pytest.approx([outcome[0], outcome[1] - outcome[0]])
        assert table[["std_error", "conf_low", "conf_high", "p_value"]].isna().all(axis=None)
        assert table["method"].str.startswith("limits not estimable: the patients that it rests on").all()
