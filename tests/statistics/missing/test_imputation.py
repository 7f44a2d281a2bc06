"""Multiple imputation: the laws of its draws, recovery of the truth, and tipping points."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit

from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.means.mean import mean
from nmosd_cohort.statistics.missing.imputation import Imputations, impute
from nmosd_cohort.statistics.missing.imputation_models import (
    LatentDraw,
    draw_levels,
    drawn_parameters,
    match_means,
    usable_columns,
)
from nmosd_cohort.statistics.missing.rubin import pool_estimates
from nmosd_cohort.statistics.missing.tipping_point import shifted_frames, tipping_point
from nmosd_cohort.statistics.ordinal.cumulative_logit import fit_cumulative_link

KINDS = {"woman": "binary", "edss2": "ordinal", "nrs": "numeric"}


def world(n: int, seed: int) -> pd.DataFrame:
    """Return patients whose EDSS and pain rise together and are missing more often in the worst."""
    rng = np.random.default_rng(seed)
    woman = rng.binomial(1, 0.6, n).astype(float)
    burden = rng.normal(0, 1, n)
    edss2 = np.clip(np.round(6 + 3 * burden + rng.normal(0, 1.5, n)), 0, 12)
    nrs = np.clip(np.round(4 + 1.6 * burden + woman + rng.normal(0, 1, n)), 0, 10)
    frame = pd.DataFrame({"site": rng.choice(["A", "B", "C"], n), "woman": woman, "edss2": edss2, "nrs": nrs})
    frame["true_nrs"] = nrs
    frame.loc[rng.random(n) < expit(0.8 * burden - 1), "nrs"] = math.nan
    frame.loc[rng.random(n) < 0.1, "edss2"] = math.nan
    frame.loc[rng.random(n) < 0.05, "woman"] = math.nan
    return frame


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    return world(150, 3)


@pytest.fixture(scope="module")
def made(patients: pd.DataFrame) -> Imputations:
    return impute(patients, KINDS, seed=1, m=6, iterations=3, cluster="site")


def test_observed_values_stay_and_missing_ones_are_filled(patients: pd.DataFrame, made: Imputations):
    for frame in made.frames():
        assert frame.index.tolist() == patients.index.tolist()
        for name in KINDS:
            observed = patients[name].notna()
            assert (frame.loc[observed, name] == patients.loc[observed, name]).all()
            assert set(frame[name]) <= set(patients[name].dropna())
        pd.testing.assert_series_equal(frame["true_nrs"], patients["true_nrs"])
        assert (frame["n"] == 1).all()
    assert (made.is_missing.to_numpy() == patients[list(KINDS)].isna().to_numpy()).all()
    assert made.n_incomplete == patients[list(KINDS)].isna().any(axis=1).sum()
    assert made.notes == ()
    assert made.method == "chained equations, 6 imputations, 3 iterations, seed 1"


def test_imputed_values_differ_between_imputations(made: Imputations):
    first, second, *_ = made.frames()
    missing = made.is_missing["nrs"].to_numpy()
    assert (first["nrs"][missing] != second["nrs"][missing]).mean() > 0.3


def test_the_seed_repeats_and_more_imputations_begin_with_the_same(patients: pd.DataFrame, made: Imputations):
    more = impute(patients, KINDS, seed=1, m=7, iterations=3, cluster="site")
    pd.testing.assert_frame_equal(more.completed[more.completed["imputation"] <= 6], made.completed)
    other = impute(patients, KINDS, seed=2, m=6, iterations=3, cluster="site")
    assert not other.completed.equals(made.completed)


def test_the_trace_is_that_of_the_imputed_values(made: Imputations):
    assert len(made.trace) == 6 * 3 * 3
    last = made.trace[(made.trace["imputation"] == 4) & (made.trace["iteration"] == 3)].set_index("variable")
    frame = list(made.frames())[3]
    for name in KINDS:
        imputed = frame[name][made.is_missing[name].to_numpy()]
        assert last.loc[name, "mean"] == pytest.approx(imputed.mean())
        assert last.loc[name, "std_dev"] == pytest.approx(imputed.std(ddof=0))


def test_a_tally_is_imputed_as_its_rows():
    tally = pd.DataFrame(
        {"woman": [0, 1, 0, 1, 1, 0], "edss2": [4, 6, 8, 9, 7, 2], "nrs": [2, None, 4, 7, None, 5]}, dtype=float
    )
    counts = [9, 3, 7, 11, 2, 6]
    by_tally = impute(tally, KINDS, counts, seed=5, m=3)
    by_rows = impute(tally.loc[tally.index.repeat(counts)].reset_index(drop=True), KINDS, seed=5, m=3)
    for cells, rows in zip(by_tally.frames(), by_rows.frames(), strict=True):
        assert cells["n"].sum() == 38
        assert (cells.loc[[1, 4], "n"] == 1).all()
        expanded = np.repeat(cells[list(KINDS)].to_numpy(), cells["n"], axis=0)
        assert expanded.tolist() == rows[list(KINDS)].to_numpy().tolist()
    assert by_tally.n_incomplete == by_rows.n_incomplete == 5
    assert impute(tally, KINDS, counts, seed=5).m == math.ceil(100 * 5 / 38)


def test_ordered_draws_of_a_tally_are_exactly_those_of_rows():
    tally = pd.DataFrame({"woman": [0, 1, 0, 1, 1, 0, 1], "edss2": [4, 6, 8, 4, 8, 6, None]}, dtype=float)
    counts = np.array([9, 3, 7, 11, 2, 6, 12])
    kinds = {"woman": "binary", "edss2": "ordinal"}
    by_tally = impute(tally, kinds, counts, seed=5, m=4)
    by_rows = impute(tally.loc[tally.index.repeat(counts)], kinds, seed=5, m=4)
    for cells, rows in zip(by_tally.latent["edss2"], by_rows.latent["edss2"], strict=True):
        assert cells.positions == pytest.approx(rows.positions, abs=1e-8)
        assert cells.thresholds == pytest.approx(rows.thresholds, abs=1e-8)


def test_a_frame_without_gaps_comes_back_unchanged(patients: pd.DataFrame):
    complete = patients.dropna()
    back = impute(complete, KINDS, seed=1)
    assert (back.m, back.n_incomplete, len(back.trace)) == (5, 0, 0)
    for frame in back.frames():
        pd.testing.assert_frame_equal(frame.drop(columns="n"), complete)


@pytest.mark.parametrize("kind", ["ordinal", "numeric"])
def test_imputation_takes_the_bias_of_complete_cases_away(kind: str):
    # the worst are missing more often; the true mean is that of the values before they went missing
    frame = world(600, 8)
    estimates = [
        mean(f["nrs"], f["n"]) for f in impute(frame, {**KINDS, "nrs": kind}, seed=2, m=8, iterations=3).frames()
    ]
    pooled = pool_estimates(estimates, complete_freedom=599)
    truth, observed = frame["true_nrs"].mean(), frame["nrs"].mean()
    assert abs(pooled.estimate.estimate - truth) < 0.5 * abs(observed - truth)
    assert pooled.estimate.conf_low < truth < pooled.estimate.conf_high
    assert 0.02 < pooled.fraction_missing < 0.5


def test_sites_enter_the_model():
    # at site A nobody scores above 3, at site B nobody below 6
    frame = pd.DataFrame({"site": ["A"] * 60 + ["B"] * 60, "x": np.tile([0.0, 1, 2], 40)})
    frame["nrs"] = np.where(frame["site"] == "A", frame["x"] + 1, frame["x"] + 6)
    frame.loc[::6, "nrs"] = math.nan
    filled = next(impute(frame, {"x": "numeric", "nrs": "numeric"}, seed=1, m=2, cluster="site").frames())
    assert filled.groupby("site")["nrs"].agg(["min", "max"]).to_numpy().tolist() == [[1, 3], [6, 8]]


def test_separation_and_a_single_value_are_told_in_notes():
    frame = pd.DataFrame({"site": list("AABB") * 10, "relapse": [0, 0, 1, 1] * 10, "always": 1.0}, dtype=object)
    frame.loc[[0, 2], "relapse"] = None
    frame.loc[5, "always"] = None
    found = impute(frame, {"relapse": "binary", "always": "binary"}, seed=1, cluster="site", m=2, iterations=2)
    assert found.notes == (
        "always: one observed value only, taken for all in 4 of 4 draws",
        "relapse: no finite ordered model, drawn by predictive mean matching in 4 of 4 draws",
    )
    for filled in found.frames():
        assert filled.loc[[0, 2], "relapse"].tolist() == [0, 1]
        assert (filled["always"] == 1).all()


def test_more_columns_than_patients_still_draw_observed_values():
    frame = pd.DataFrame(np.random.default_rng(1).normal(size=(6, 9)), columns=list("abcdefghi"))
    frame.loc[0, "a"] = math.nan
    found = impute(frame, dict.fromkeys("abcdefghi", "numeric"), seed=1, m=2)
    assert found.completed.loc[0, "a"].isin(frame["a"]).all()


@pytest.mark.parametrize(
    ("frame", "kinds", "options", "message"),
    [
        (pd.DataFrame({"a": [1.0]}), {}, {}, "variables is empty"),
        (pd.DataFrame({"a": [1.0]}), {"b": "numeric"}, {}, "the frame has no column 'b'; it has a"),
        (pd.DataFrame({"a": [1.0]}), {"a": "numeric"}, {"cluster": "site"}, "the frame has no column 'site'"),
        (pd.DataFrame({"a": [1.0], "n": [4]}), {"a": "numeric"}, {}, "the frame has a column 'n'"),
        (pd.DataFrame({"a": [1.0]}), {"a": "nominal"}, {}, "kind of 'a' is 'nominal'; it must be one of ordinal"),
        (pd.DataFrame({"a": ["x"]}), {"a": "ordinal"}, {}, "column 'a' holds texts or dates"),
        (pd.DataFrame({"a": [None, None]}), {"a": "ordinal"}, {}, "column 'a' has no observed value"),
        (pd.DataFrame({"a": [math.inf]}), {"a": "ordinal"}, {}, "column 'a' has 1 infinite values"),
        (pd.DataFrame({"a": [0, 2]}), {"a": "binary"}, {}, "column 'a' is declared binary but holds other values"),
        (pd.DataFrame({"a": [0], "s": [None]}), {"a": "binary"}, {"cluster": "s"}, "column 's' has missing labels"),
        (pd.DataFrame({"a": [0.0]}), {"a": "binary"}, {"m": 1}, "m is 1; it must be a whole number of 2 or more"),
        (pd.DataFrame({"a": [0.0]}), {"a": "binary"}, {"iterations": 0}, "iterations is 0"),
        (pd.DataFrame({"a": [0.0]}), {"a": "binary"}, {"donors": 2.5}, "donors is 2.5"),
        (pd.DataFrame({"a": [0.0]}), {"a": "binary"}, {"m": math.nan}, "m is nan; it must be a whole number"),
        (pd.DataFrame({"a": [0.0]}), {"a": "binary"}, {"counts": [1, 2]}, "frame has 1 entries but 2 counts"),
    ],
)
def test_what_cannot_be_imputed_is_refused(
    frame: pd.DataFrame, kinds: dict[str, Any], options: dict[str, Any], message: str
):
    with pytest.raises(ValueError, match=message):
        impute(frame, kinds, seed=1, **options)


def test_nobody_makes_no_imputations_of_anybody():
    nobody = impute(pd.DataFrame({"a": [1.0, None]}), {"a": "ordinal"}, [0, 0], seed=1)
    assert (nobody.m, nobody.n, len(nobody.completed)) == (5, 0, 0)


def test_drawn_parameters_have_mean_and_spread_of_the_fit():
    rng = np.random.default_rng(4)
    design = pd.DataFrame({"x": rng.normal(size=300)})
    outcome = np.searchsorted([-1.5, -0.3, 0.4, 1.9], design["x"] + rng.logistic(size=300))
    fit = fit_cumulative_link(outcome, design)
    draws = [np.concatenate(drawn_parameters(fit, rng)) for _ in range(4000)]
    means, errors = np.mean(draws, axis=0), np.std(draws, axis=0)
    expected = np.sqrt(np.diagonal(fit.covariance))
    # 4000 draws: their mean is known to 0.016 standard errors, their spread to 1.1 %
    assert means == pytest.approx(np.concatenate((fit.thresholds, fit.coefficients)), abs=0.07 * expected.max())
    assert errors == pytest.approx(expected, rel=0.07)
    assert all((np.diff(draw[:4]) > 0).all() for draw in draws)


def test_rare_levels_keep_thresholds_in_order():
    fit = fit_cumulative_link([0, 1, 2, 3, 4], pd.DataFrame(index=range(5)), [40, 1, 1, 1, 40])
    rng = np.random.default_rng(1)
    assert all((np.diff(drawn_parameters(fit, rng)[0]) > 0).all() for _ in range(500))


def test_levels_are_drawn_with_the_probabilities_of_the_model():
    design = np.array([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]])
    outcome, counts = np.tile([1.0, 2.0, 5.0], 2), np.array([5000, 3000, 2000, 2000, 3000, 5000])
    target = np.repeat([[0.0], [1.0]], 5000, axis=0)
    values = draw_levels(outcome, design, counts, target, np.random.default_rng(2)).values()
    for group, shares in ((values[:5000], (0.5, 0.3, 0.2)), (values[5000:], (0.2, 0.3, 0.5))):
        assert [(group == level).mean() for level in (1, 2, 5)] == pytest.approx(shares, abs=0.03)


def test_separated_levels_have_no_draw():
    draw = draw_levels(
        np.array([0.0, 0, 1, 1]),
        np.array([[0.0], [1], [2], [3]]),
        np.ones(4, dtype=np.int64),
        np.array([[1.0]]),
        np.random.default_rng(1),
    )
    assert draw is None


def test_a_latent_shift_multiplies_the_odds():
    u = np.linspace(1e-6, 1 - 1e-6, 100_001)
    draw = LatentDraw(logit(u), np.array([logit(0.7)]), np.array([0.0, 1.0]))
    assert draw.values().mean() == pytest.approx(0.3, abs=1e-4)
    assert draw.values(1.2).mean() == pytest.approx(expit(logit(0.3) + 1.2), abs=1e-4)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 3)), min_size=2, max_size=8),
    st.integers(0, 6),
    st.integers(1, 6),
)
def test_donors_are_the_nearest_patients(cells: list[tuple[int, int]], wanted: int, donors: int):
    # without noise in the regression (outcome = design) predictions are the values themselves
    x = np.array([value for value, _ in cells], dtype=float)
    counts = np.array([n for _, n in cells])
    if np.ptp(x) == 0 or counts.sum() <= 2:
        return
    rng = np.random.default_rng(3)
    target = np.full((300, 1), float(wanted))
    drawn = match_means(x, x[:, None], counts, target, rng, donors=donors)
    everyone = np.repeat(x, counts)
    distance = np.sort(np.abs(everyone - wanted))
    border = distance[min(donors, everyone.size) - 1]
    assert np.abs(drawn - wanted).max() <= border + 1e-6
    nearest = np.unique(everyone[np.abs(everyone - wanted) <= border - 1e-6])
    assert set(nearest) <= set(drawn)


def test_tied_donors_are_drawn_by_their_number():
    # one nearest patient of 4 at distance 1: three hold 2 below, one holds 4 above
    x, counts = np.array([2.0, 4.0]), np.array([3, 1])
    drawn = match_means(x, x[:, None], counts, np.full((8000, 1), 3.0), np.random.default_rng(1), donors=1)
    assert (drawn == 2).mean() == pytest.approx(0.75, abs=0.02)


def test_all_patients_are_donors_when_nothing_predicts():
    x, counts = np.array([1.0, 2.0, 7.0]), np.array([1, 2, 5])
    drawn = match_means(x, np.zeros((3, 0)), counts, np.zeros((8000, 0)), np.random.default_rng(1), donors=2)
    assert [(drawn == value).mean() for value in x] == pytest.approx([1 / 8, 2 / 8, 5 / 8], abs=0.02)


def test_columns_that_say_nothing_new_are_left_out():
    x = np.random.default_rng(1).normal(size=(20, 2))
    design = np.column_stack((x[:, 0], np.ones(20), 2 * x[:, 0] - 1, x[:, 1], x.sum(axis=1)))
    assert usable_columns(design) == [0, 3]
    assert usable_columns(design[:3]) == [0, 3]
    assert usable_columns(np.zeros((0, 2))) == []


def test_numeric_values_move_by_delta_within_their_limits(made: Imputations):
    plain, moved = next(made.frames()), shifted_frames(made, "nrs", -3, limits=(0, 10))[0]
    missing = made.is_missing["nrs"].to_numpy()
    assert (moved["nrs"][~missing] == plain["nrs"][~missing]).all()
    assert (moved["nrs"][missing] == np.maximum(plain["nrs"][missing] - 3, 0)).all()


def test_only_the_patients_named_are_moved(made: Imputations):
    plain, moved = next(made.frames()), shifted_frames(made, "nrs", 2, where={"site": "A"})[0]
    changed = moved["nrs"] != plain["nrs"]
    assert (changed == (made.is_missing["nrs"].to_numpy() & (plain["site"] == "A"))).all()
    assert (moved["nrs"][changed] == plain["nrs"][changed] + 2).all()


@pytest.mark.parametrize("name", ["woman", "edss2"])
def test_ordered_values_move_on_the_scale_of_log_odds(made: Imputations, name: str):
    means = [np.mean([f[name].mean() for f in shifted_frames(made, name, delta)]) for delta in (-40, -1, 0, 1, 40)]
    assert means == sorted(means)
    unchanged = [f[name].tolist() for f in shifted_frames(made, name, 1e-12)]
    assert unchanged == [f[name].tolist() for f in made.frames()]
    missing = made.is_missing[name].to_numpy()
    highest = shifted_frames(made, name, 40)[0][name]
    assert (highest[missing] == highest.max()).all()


def test_ordered_values_can_move_by_points(made: Imputations):
    plain, moved = next(made.frames()), shifted_frames(made, "edss2", 2, shift="value", limits=(0, 20))[0]
    missing = made.is_missing["edss2"].to_numpy()
    assert (moved["edss2"][missing] == plain["edss2"][missing] + 2).all()


def test_the_tipping_point_is_where_the_conclusion_changes(made: Imputations):
    def analysis(frame: pd.DataFrame) -> Estimate:
        return mean(frame["nrs"], frame["n"])

    point = tipping_point(made, "nrs", np.arange(-6, 7), analysis, null=4, complete_freedom=149)
    rows = point.rows.set_index("delta")
    assert point.conclusion == rows.loc[0.0, "conclusion"] == "above"
    assert rows["estimate"].is_monotonic_increasing
    expected = pool_estimates([analysis(frame) for frame in made.frames()], complete_freedom=149, null=None).estimate
    assert (rows.loc[0.0, "conf_low"], rows.loc[0.0, "conf_high"]) == (expected.conf_low, expected.conf_high)
    # mean rises by delta times the share missing
    share = made.is_missing["nrs"].mean()
    assert rows.loc[2.0, "estimate"] - rows.loc[0.0, "estimate"] == pytest.approx(2 * share)
    before = rows.loc[point.tipping_delta + 1 : 0.0, "conclusion"]
    assert rows.loc[point.tipping_delta, "conclusion"] != "above"
    assert (before == "above").all()


def test_a_share_tips_on_the_scale_of_log_odds(made: Imputations):
    def analysis(frame: pd.DataFrame) -> Estimate:
        share = frame["woman"].mean()
        return Estimate(share, 0, 1, len(frame), "share", std_error=math.sqrt(share * (1 - share) / len(frame)))

    point = tipping_point(made, "woman", [-3, 3], analysis, scale="logit", null=0.99)
    assert (point.conclusion, math.isnan(point.tipping_delta)) == ("below", True)
    assert point.rows["estimate"].is_monotonic_increasing
    assert point.rows["delta"].tolist() == [-3, 0, 3]


@pytest.mark.parametrize(
    ("variable", "options", "message"),
    [
        ("site", {}, "'site' was not imputed; declared are woman, edss2, nrs"),
        ("nrs", {"shift": "log_odds"}, "'nrs' is numeric, which has no log odds"),
        ("nrs", {"shift": "odds"}, "shift is 'odds'; it must be one of value, log_odds"),
        ("nrs", {"where": {"centre": 1}}, "where names the column 'centre'"),
    ],
)
def test_what_cannot_be_shifted_is_refused(made: Imputations, variable: str, options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        shifted_frames(made, variable, 1.0, **options)


def test_matched_values_have_no_log_odds_to_shift():
    frame = pd.DataFrame({"x": [0.0, 1, 2, 3, 1], "y": [0, 0, 1, 1, None]})
    found = impute(frame, {"x": "numeric", "y": "binary"}, [9, 9, 9, 9, 2], seed=1, m=2)
    with pytest.raises(ValueError, match="'y' was not drawn from an ordered model in imputation 1"):
        shifted_frames(found, "y", 1.0)
    assert len(shifted_frames(found, "y", 0.0)) == 2


def test_half_missing_at_random_is_half_of_the_information():
    # covariate without relation to the outcome: imputation adds nothing, the share observed is the answer
    rng = np.random.default_rng(2)
    outcome = np.where(np.arange(400) % 2, math.nan, rng.binomial(1, 0.4, 400))
    frame = pd.DataFrame({"pain": outcome, "x": rng.normal(size=400)})
    made = impute(frame, {"pain": "binary", "x": "numeric"}, seed=4, m=60, iterations=1)
    pooled = pool_estimates([mean(f["pain"], f["n"]) for f in made.frames()], complete_freedom=399)
    # 60 imputations know their between part to about a fifth
    assert pooled.fraction_missing == pytest.approx(0.5, abs=0.12)
    assert pooled.estimate.estimate == pytest.approx(frame["pain"].mean(), abs=0.02)
    assert pooled.estimate.std_error == pytest.approx(stats.sem(frame["pain"], nan_policy="omit"), rel=0.12)
