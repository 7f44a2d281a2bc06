"""Laws that every method keeps: a bad tally is answered in words, and a tally is its rows in any order."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_cohort import statistics as s
from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.weighting.moment_weights import MomentWeights

Cells = pd.DataFrame
# Iterative fits stop at a gain in log-likelihood of about 1e-12, which leaves 1e-6 of a standard error.
TOLERANCE = 1e-5

hostile = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 2, 5]),
        st.integers(0, 4),
        st.integers(0, 1),
        st.integers(0, 1),
        st.integers(1, 3),
        st.sampled_from([0, 1, 2, 7]),
    ),
    max_size=7,
).map(lambda rows: pd.DataFrame(rows, columns=["x", "y", "group", "event", "time", "n"], dtype=int))
decent = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.integers(0, 6),
        st.integers(0, 1),
        st.integers(0, 1),
        st.integers(1, 6),
        st.integers(1, 4),
    ),
    min_size=8,
    max_size=14,
).map(lambda rows: pd.DataFrame(rows, columns=["x", "y", "group", "event", "time", "n"], dtype=int))


def two(cells: Cells, value: str = "y") -> tuple[Any, Any, Any, Any]:
    """Return values and counts of both groups."""
    parts = [cells[cells["group"] == level] for level in (1, 0)]
    return parts[0][value], parts[0]["n"], parts[1][value], parts[1]["n"]


def table(cells: Cells) -> tuple[int, int, int, int]:
    """Return events and patients of both groups."""
    inside = [cells[cells["group"] == level] for level in (1, 0)]
    return tuple(int(part[part["event"] >= least]["n"].sum()) for part in inside for least in (1, 0))  # type: ignore


def design(cells: Cells, *names: str) -> pd.DataFrame:
    return cells[list(names)].astype(float)


def visits(cells: Cells) -> pd.DataFrame:
    """Return three visits, the last of them missed where there was an event."""
    return pd.DataFrame(
        {"start": cells["x"] * 1.0, "later": cells["y"] * 1.0, "last": cells["time"].where(cells["event"] == 0) * 1.0}
    )


def weights_of(cells: Cells) -> MomentWeights:
    """Return weights under which x has the mean 2.4 and half are of the group."""
    goals = [s.Target("x", 2.4, sd=2.0, n=30), s.Target("group", 0.5, n=40)]
    return s.moment_weights(design(cells, "x", "group"), goals, cells["n"], smallest_share=0.05)


def what_weights_cost(cells: Cells) -> dict[str, Any]:
    """Return what weights are whatever the rows; there is a reason where there are none."""
    found = weights_of(cells)
    assert found.refusal or found.balance["reweighted"].notna().all()
    assert math.isnan(found.effective_n) <= bool(found.refusal)
    return {name: getattr(found, name) for name in ("n", "n_zero", "effective_n", "largest_weight", "balance")}


def three(cells: Cells, level: int) -> tuple[Any, Any, Any]:
    """Return three scores of each patient of a group."""
    patients = cells.loc[cells.index.repeat(cells["n"])]
    patients = patients[patients["group"] == level]
    return patients["x"], patients["time"], patients["y"]


def segmented(cells: Cells) -> Any:
    """Return the change at an event of patients with two visits before and two after it."""
    patients = cells.loc[cells.index.repeat(cells["n"])].reset_index(drop=True)
    outcomes = visits(patients).assign(after=patients["x"] - patients["group"])
    times = pd.DataFrame([[-2.0, -1.0, 1.0, 2.0]] * len(patients))
    return s.segmented_change(outcomes, times, projected_at=1.0)


METHODS: dict[str, Callable[[Cells], Any]] = {
    "proportion": lambda c: s.proportion(*table(c)[:2]),
    "proportion_difference": lambda c: s.proportion_difference(*table(c)),
    "risk_ratio": lambda c: s.risk_ratio(*table(c)),
    "odds_ratio": lambda c: s.odds_ratio(*table(c)),
    "odds_ratio conditional": lambda c: s.odds_ratio(*table(c), method="conditional"),
    "paired_proportion_difference": lambda c: s.paired_proportion_difference(*c["n"].reindex(range(4), fill_value=0)),
    "standardised_proportion": lambda c: s.standardised_proportion(c["n"] * c["event"], c["n"], np.ones(len(c))),
    "standardised_rate": lambda c: s.standardised_rate(c["n"] * c["event"], c["n"] * c["time"], np.ones(len(c))),
    "true_prevalence": lambda c: s.true_prevalence(*table(c)[:2], sensitivity=0.8, specificity=0.9),
    "worst_case_limits": lambda c: s.worst_case_limits(*table(c)[:2], int(c["n"].sum())),
    "weighted_share": lambda c: s.weighted_share(
        c["n"] * c["event"] * (c["x"] > 1), c["n"] * (c["x"] > 1), c["n"], design(c, "group")
    ),
    "median": lambda c: s.median(c["y"], c["n"]),
    "mean": lambda c: s.mean(c["y"], c["n"]),
    "mean_difference": lambda c: s.mean_difference(*two(c)),
    "hedges_g": lambda c: s.hedges_g(*two(c)),
    "mann_whitney": lambda c: s.mann_whitney(*two(c)),
    "probability_superiority": lambda c: s.probability_superiority(*two(c)),
    "cliffs_delta": lambda c: s.cliffs_delta(*two(c)),
    "hodges_lehmann_shift": lambda c: s.hodges_lehmann_shift(*two(c)),
    "standardised_share_difference": lambda c: s.standardised_share_difference(*table(c)),
    "standardised_category_difference": lambda c: s.standardised_category_difference(
        *(part.reindex(range(7), fill_value=0) for part in (c[c["group"] == i].groupby("x")["n"].sum() for i in (1, 0)))
    ),
    "standardised_score_difference": lambda c: s.standardised_score_difference(*two(c)),
    "kruskal_wallis": lambda c: s.kruskal_wallis(c["y"], c["x"], c["n"]),
    "pearson": lambda c: s.pearson(c["x"], c["y"], c["n"]),
    "spearman": lambda c: s.spearman(c["x"], c["y"], c["n"], n_resamples=200),
    "partial_spearman": lambda c: s.partial_spearman(c["x"], c["y"], design(c, "group"), c["n"]),
    "kendall_tau_b": lambda c: s.kendall_tau_b(c["x"], c["y"], c["n"]),
    "correlation_difference": lambda c: s.correlation_difference(
        *(part[name] for part in (c[c["group"] == 1], c[c["group"] == 0]) for name in ("x", "y", "n")), kind="pearson"
    ),
    "mean_change": lambda c: s.mean_change(c["x"], c["y"], c["n"]),
    "wilcoxon_signed_rank": lambda c: s.wilcoxon_signed_rank(c["x"], c["y"], c["n"]),
    "pseudo_median": lambda c: s.pseudo_median(c["y"] - c["x"], c["n"]),
    "responders": lambda c: s.responders(c["x"], c["y"], c["n"], rule="pct30"),
    "ancova": lambda c: s.ancova(c["x"], c["y"], c["group"], c["n"]),
    "baseline_change_relation": lambda c: s.baseline_change_relation(c["x"], c["y"], c["n"]),
    "regression_given_related_score": lambda c: s.regression_given_related_score(
        *three(c, 1), **dict(zip(("first", "first_related", "second"), three(c, 0), strict=True))
    ),
    "segmented_change": segmented,
    "mixed_model": lambda c: s.mixed_model(visits(c), c["n"], covariance="compound_symmetry"),
    "change_from_baseline": lambda c: s.change_from_baseline(visits(c), c["n"]),
    "clda": lambda c: s.clda(visits(c), c["group"], c["n"], covariance="compound_symmetry"),
    "fit_cumulative_link": lambda c: s.odds_ratios(s.fit_cumulative_link(c["y"], design(c, "group"), c["n"])),
    "profile_odds_ratios": lambda c: s.profile_odds_ratios(c["y"], design(c, "group"), c["n"]),
    "partial_proportional_odds": lambda c: s.partial_proportional_odds(
        c["time"], design(c, "group"), c["n"], free=["group"]
    ),
    "proportional_odds_test": lambda c: s.proportional_odds_test(c["y"], design(c, "group"), c["n"]),
    "brant_test": lambda c: s.brant_test(c["y"], design(c, "group"), c["n"]),
    "cutpoint_odds_ratios": lambda c: s.cutpoint_odds_ratios(c["y"], design(c, "group"), c["n"], "group"),
    "linear_regression": lambda c: s.linear_regression(c["y"], design(c, "x", "group"), c["n"]),
    "adjusted_mean_difference": lambda c: s.adjusted_mean_difference(c["y"], design(c, "x", "group"), c["n"], "x"),
    "logistic_regression": lambda c: s.logistic_regression(c["event"], design(c, "x", "group"), c["n"]),
    "firth_logistic": lambda c: s.firth_logistic(c["event"], design(c, "x", "group"), c["n"]),
    "standardised_risk_difference": lambda c: s.standardised_risk_difference(
        s.fit_logistic(c["event"], design(c, "x", "group"), c["n"]),
        design(c, "x", "group"),
        c["n"],
        assign={"group": 1},
        reference={"group": 0},
    ),
    "poisson_regression": lambda c: s.poisson_regression(c["y"], c["time"], design(c, "group"), c["n"]),
    "negative_binomial_regression": lambda c: s.negative_binomial_regression(
        c["y"], c["time"], design(c, "group"), c["n"]
    ),
    "relative_importance": lambda c: s.relative_importance(
        c["y"], design(c, "x", "group"), c["n"], seed=1, n_resamples=100
    ),
    "kaplan_meier": lambda c: s.kaplan_meier(c["time"], c["event"], c["n"]),
    "survival_quantile": lambda c: s.survival_quantile(c["time"], c["event"], c["n"]),
    "logrank": lambda c: s.logrank(c["time"], c["event"], c["group"], c["n"]),
    "cox_regression": lambda c: s.cox_regression(c["time"], c["event"], design(c, "group"), c["n"]),
    "firth_cox": lambda c: s.firth_cox(c["time"], c["event"], design(c, "group"), c["n"]),
    "restricted_mean_contrast": lambda c: s.restricted_mean_contrast(
        c["time"], c["event"], c["group"], c["n"], tau=2.0
    ),
    "cumulative_incidence": lambda c: s.cumulative_incidence(c["time"], c["event"] * (1 + c["group"]), c["n"]),
    "gray_test": lambda c: s.gray_test(c["time"], c["event"] * (1 + c["x"] % 2), c["group"], c["n"], at=2.0),
    "permutation_mean_difference": lambda c: s.permutation_mean_difference(*two(c), seed=1, n_draws=199),
    "sign_flip_mean": lambda c: s.sign_flip_mean(c["y"] - c["x"], c["n"], seed=1, n_draws=199),
    "bootstrap_cells": lambda c: s.bootstrap_cells(
        c["n"], lambda n: float(n @ c["y"].to_numpy() / n.sum()), seed=1, n_resamples=100, method="bca"
    ),
    "censored_normal": lambda c: s.censored_normal(
        c["x"] + 1, design(c, "group"), (c["event"] * -1).to_numpy(), c["n"], columns=["group"]
    ),
    "freedman_lane_max_t": lambda c: s.freedman_lane_max_t(
        design(c, "y"), design(c, "group", "event"), design(c, "x"), c["n"], seed=1, n_draws=99
    ),
    "missing_shares": lambda c: s.missing_shares(visits(c), counts=c["n"]),
    "moment_weights": what_weights_cost,
    "weighted_mean": lambda c: s.weighted_mean(weights_of(c), c["y"]),
    "weighted_proportion": lambda c: s.weighted_proportion(weights_of(c), c["event"]),
    "robust_map": lambda c: s.robust_map(*table(c)[:2], prior_events=c["n"] * c["event"], prior_n=c["n"]),
    "pool_proportions": lambda c: s.pool_proportions(c["n"] * c["event"], c["n"]),
    "pool_proportions glmm": lambda c: s.pool_proportions(c["n"] * c["event"], c["n"], method="glmm"),
    "pool_proportions freeman_tukey": lambda c: s.pool_proportions(c["n"] * c["event"], c["n"], method="freeman_tukey"),
    "pool_means": lambda c: s.pool_means(c["y"], c["time"], c["n"]),
}
# What these make of a row of a tally is a study or a stratum, not so many patients, or their draws are of cells.
NOT_OF_ROWS = {
    *(name for name in METHODS if name.startswith(("pool_", "standardised_proportion", "standardised_rate"))),
    *("paired_proportion_difference", "bootstrap_cells", "robust_map", "freedman_lane_max_t"),
}


def estimates(found: Any) -> list[Estimate]:
    """Return every Estimate inside a result."""
    if isinstance(found, Estimate):
        return [found]
    if isinstance(found, dict):
        return [estimate for part in found.values() for estimate in estimates(part)]
    if dataclasses.is_dataclass(found):
        parts = [getattr(found, field.name) for field in dataclasses.fields(found)]
        return [estimate for part in parts for estimate in estimates(part)]
    return []


def frames(found: Any) -> list[pd.DataFrame]:
    """Return every frame inside a result."""
    if isinstance(found, pd.DataFrame):
        return [found]
    if dataclasses.is_dataclass(found):
        return [frame for field in dataclasses.fields(found) for frame in frames(getattr(found, field.name))]
    return []


def numbers(found: Any) -> list[float]:
    """Return every number of a result in a fixed order."""
    if isinstance(found, (int, float, np.number)):
        return [float(found)]
    if isinstance(found, np.ndarray) and found.dtype.kind in "fiu":
        return [float(value) for value in found.ravel()]
    if isinstance(found, pd.DataFrame):
        return [float(value) for value in found.select_dtypes("number").to_numpy().ravel()]
    if isinstance(found, dict):
        return [number for part in found.values() for number in numbers(part)]
    if dataclasses.is_dataclass(found):
        return [number for field in dataclasses.fields(found) for number in numbers(getattr(found, field.name))]
    return []


def answer(name: str, cells: Cells) -> tuple[Any, str | None]:
    """Return what a method found, or the message of the ValueError by which it refused."""
    try:
        return METHODS[name](cells), None
    except ValueError as error:
        return None, str(error)


def has_reason(method: object) -> bool:
    """Return whether a method says why something is missing: it holds the reason after a colon or a semicolon."""
    return any(mark in str(method) for mark in ("not estimable", ":", ";", "no ", "not "))


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=30, deadline=None)
@given(cells=hostile)
def test_a_bad_tally_gets_an_answer_or_a_reason(name: str, cells: Cells):
    found, message = answer(name, cells)
    if message is not None:
        assert len(message) > 15
        assert "nan" not in message.lower().split()
    for estimate in estimates(found):
        if any(math.isnan(value) for value in (estimate.estimate, estimate.conf_low, estimate.conf_high)):
            assert has_reason(estimate.method), estimate
        else:
            assert estimate.conf_low - 1e-9 <= estimate.estimate <= estimate.conf_high + 1e-9 or has_reason(
                estimate.method
            ), estimate
    for frame in frames(found):
        columns = [column for column in ("estimate", "conf_low", "conf_high") if column in frame]
        gaps = frame[frame[columns].isna().any(axis=1)] if columns else frame.iloc[:0]
        if "method" in frame:
            assert all(has_reason(method) for method in gaps["method"]), gaps
        else:
            assert gaps.empty, gaps


@pytest.mark.parametrize("name", [name for name in METHODS if name not in NOT_OF_ROWS])
@settings(max_examples=8, deadline=None)
@given(cells=decent, seed=st.integers(0, 99))
def test_a_tally_is_its_rows_in_any_order(name: str, cells: Cells, seed: int):
    rows = cells.loc[cells.index.repeat(cells["n"])].assign(n=1).sample(frac=1, random_state=seed)
    rows = rows.reset_index(drop=True)
    (of_tally, message), (of_rows, message_of_rows) = answer(name, cells), answer(name, rows)
    assert (message is None) == (message_of_rows is None), (message, message_of_rows)
    assert numbers(of_rows) == pytest.approx(numbers(of_tally), rel=TOLERANCE, abs=TOLERANCE, nan_ok=True)
