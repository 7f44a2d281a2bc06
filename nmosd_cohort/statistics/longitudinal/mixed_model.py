"""Change over several visits from a Gaussian model of all of them, in one group or between two arms."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Counts, Estimate, Floats, as_row, check_conf_level, not_estimable
from nmosd_cohort.statistics.longitudinal.covariance_structures import CovarianceName
from nmosd_cohort.statistics.longitudinal.reml import RemlFit, fit_reml
from nmosd_cohort.statistics.longitudinal.small_sample import contrast_estimate, kenward_roger
from nmosd_cohort.statistics.longitudinal.trajectories import (
    SEEN_AT_A_VISIT,
    Trajectories,
    covariance_structure,
    trajectories,
)
from nmosd_cohort.statistics.paired.ancova import ancova
from nmosd_cohort.statistics.paired.change import mean_change
from nmosd_cohort.statistics.paired.minimum_patients import too_few


@dataclass(frozen=True, slots=True)
class MixedModel:
    """A fitted model of repeated outcomes.

    Parameters
    ----------
    coefficients
        One row a visit (its mean, at the average of the covariates) and one a covariate, in the columns
        ``term, estimate, std_error, conf_low, conf_high, p_value, n, method``.
    covariance
        Covariance of the visits, visits by visits.
    log_likelihood
        Restricted, comparable between covariances with the same means.
    n
        Patients seen at least once.
    """

    coefficients: pd.DataFrame
    covariance: pd.DataFrame
    log_likelihood: float
    n: int


def mixed_model(
    outcomes: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    covariates: pd.DataFrame | None = None,
    covariance: CovarianceName = "unstructured",
    times: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> MixedModel:
    """Mean outcome of every visit had no visit been missed, and the covariance of the visits.

    Parameters
    ----------
    outcomes
        One row a trajectory, one column a visit in the order of time, NaN where a visit was missed.
    counts
        Patients in each row; None counts every row once.
    covariates
        Numeric columns known at the first visit, without an intercept; one coefficient each for all visits.
    covariance
        ``unstructured``; ``compound_symmetry`` (a random intercept, whose correlation may be negative);
        ``ar1``, a correlation that decays with the gap. The last two take one variance for all visits, and
        limits are too narrow where it grows from visit to visit.
    times
        Rising times of the visits, for ``ar1``; None takes visits as equally far apart.
    conf_level
        Coverage of the limits.

    Raises
    ------
    ValueError
        If there are fewer than 10 patients, an entry is not a number, a structure asks more than the patients
        can determine, or the likelihood has no maximum; the message says what to use instead.

    Notes
    -----
    Restricted maximum likelihood; errors and degrees of freedom of Kenward and Roger 1997
    (doi:10.2307/2533558). Unbiased if visits are missed at random given the outcomes seen. The errors of ``ar1``
    depend a little (about 0.3 %) on the unit of `times`, since their correction takes the correlation over one unit
    as the parameter.

    Examples
    --------
    >>> outcomes = pd.DataFrame({"start": [5, 6, 7, 8], "month_6": [4, 3, 6, 6], "month_12": [3, None, 5, 6]})
    >>> model = mixed_model(outcomes, [4, 3, 3, 2], covariance="compound_symmetry")
    >>> model.coefficients["estimate"].round(2).tolist()
    [6.25, 4.58, 4.05]
    """
    level = check_conf_level(conf_level)
    patients = trajectories(outcomes, counts, covariates=covariates)
    reason = too_few("mixed_model", patients.n)
    if reason:
        raise ValueError(f"{reason}; use change_from_baseline, which then compares two visits at a time")
    design = patients.visit_means()
    fit = _fit(patients, design, covariance, times)
    rows = _contrasts(patients, fit, np.eye(design.shape[2]), covariance, level)
    sigma = pd.DataFrame(fit.covariance, index=list(patients.visits), columns=list(patients.visits))
    table = _table("term", [*patients.visits, *patients.names], rows)
    return MixedModel(table, sigma, fit.log_likelihood, patients.n)


def change_from_baseline(
    outcomes: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    covariates: pd.DataFrame | None = None,
    covariance: CovarianceName = "unstructured",
    times: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Mean change from the first visit to each later one, had no visit been missed.

    Parameters
    ----------
    outcomes, counts, covariates, covariance, times, conf_level
        As in `mixed_model`.

    Returns
    -------
    DataFrame
        One row a later visit in the columns ``visit, estimate, std_error, conf_low, conf_high, p_value, n,
        method, n_at_visit, baseline``; `baseline` names the first column, from which change is taken (a pivoted
        table sorts its columns by name: put them in order of time). n is patients seen at least once. Below 10
        patients each row is the paired t of the patients seen at both visits, n are those, and `method` says so.

    Raises
    ------
    ValueError
        As `mixed_model`, without the limit of 10 patients.

    Notes
    -----
    As `mixed_model`. With no visit missed, unstructured gives the paired t test.

    Examples
    --------
    >>> outcomes = pd.DataFrame(
    ...     {"start": [5, 6, 7, 8, 6, 7, 5], "month_6": [4, 3, 6, 6, 5, 5, 3], "month_12": [3, None, 5, 6, 3, 5, 4]}
    ... )
    >>> change = change_from_baseline(outcomes, [2, 3, 2, 2, 2, 1, 2])
    >>> change[["visit", "estimate", "n_at_visit"]].round(2).values.tolist()
    [['month_6', -1.79, 14], ['month_12', -1.69, 11]]
    """
    level = check_conf_level(conf_level)
    patients = trajectories(outcomes, counts, covariates=covariates)
    reason = too_few("mixed_model", patients.n)
    if reason:
        reason += ", covariates not used" if patients.names else ""
        rows = [_paired(patients, visit, reason, level) for visit in range(1, len(patients.visits))]
    else:
        design = patients.visit_means()
        unit = np.eye(design.shape[2])
        fit = _fit(patients, design, covariance, times)
        rows = _contrasts(patients, fit, unit[1 : len(patients.visits)] - unit[0], covariance, level)
    return _visit_table(patients, rows)


def clda(
    outcomes: pd.DataFrame,
    group: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    covariates: pd.DataFrame | None = None,
    covariance: CovarianceName = "unstructured",
    times: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Difference between two arms in mean change from the first visit, had no visit been missed.

    Parameters
    ----------
    outcomes, counts, covariates, covariance, times, conf_level
        As in `mixed_model`.
    group
        1 for patients of one arm, 0 for the reference arm, one a row of `outcomes`.

    Returns
    -------
    DataFrame
        Columns of `change_from_baseline`; the estimate is arm 1 less arm 0. Below 10 patients each row is the
        analysis of covariance of the patients seen at both visits, and `method` says so.

    Raises
    ------
    ValueError
        As `change_from_baseline`, or if an arm has fewer than two patients at a later visit.

    Notes
    -----
    Constrained longitudinal analysis of Liang and Zeger 2000 (Sankhya B 62:134): the first visit is an outcome
    whose mean is the same in both arms, as in a randomised comparison. Where the arms were not made alike by
    design, that is an assumption. Errors as in `mixed_model`.

    Examples
    --------
    >>> outcomes = pd.DataFrame({"start": [5, 6, 7, 8, 4, 6, 8, 7], "month_6": [3, 3, 5, 6, 4, 7, 7, 6]})
    >>> gap = clda(outcomes, [1, 1, 1, 1, 0, 0, 0, 0], [3, 2, 2, 1, 2, 3, 1, 2])
    >>> gap["estimate"].round(2).tolist()
    [-2.23]
    """
    level = check_conf_level(conf_level)
    patients = trajectories(outcomes, counts, covariates=covariates, group=group)
    arm = np.asarray(patients.group, dtype=np.float64)
    _check_both_arms(patients, arm)
    reason = too_few("mixed_model", patients.n)
    n_visits = len(patients.visits)
    if reason:
        rows = [_ancova_at(patients, arm, visit, reason, level) for visit in range(1, n_visits)]
    else:
        by_arm = arm[:, None, None] * np.eye(n_visits)[None, :, 1:]
        design = np.concatenate([by_arm, patients.visit_means()], axis=2)
        fit = _fit(patients, design, covariance, times)
        rows = _contrasts(patients, fit, np.eye(design.shape[2])[: n_visits - 1], covariance, level)
    return _visit_table(patients, rows)


def _fit(patients: Trajectories, design: Floats, covariance: CovarianceName, times: ArrayLike | None) -> RemlFit:
    shape = covariance_structure(patients, covariance, design.shape[2], times)
    return fit_reml(patients.outcomes, design, patients.counts, shape)


def _contrasts(
    patients: Trajectories, fit: RemlFit, contrasts: Floats, covariance: str, conf_level: float
) -> list[Estimate]:
    errors, method = kenward_roger(fit), f"REML, {covariance.replace('_', ' ')}"
    return [contrast_estimate(fit, errors, one, patients.n, method, conf_level=conf_level) for one in contrasts]


def _paired(patients: Trajectories, visit: int, reason: str, conf_level: float) -> Estimate:
    both = np.isfinite(patients.outcomes[:, [0, visit]]).all(axis=1)
    before, after = patients.outcomes[both, 0], patients.outcomes[both, visit]
    change = mean_change(before, after, patients.counts[both], conf_level=conf_level)
    return replace(change, method=f"{change.method}; patients seen at both visits ({reason})")


def _ancova_at(patients: Trajectories, arm: Floats, visit: int, reason: str, conf_level: float) -> Estimate:
    both = np.isfinite(patients.outcomes[:, [0, visit]]).all(axis=1)
    shared = pd.DataFrame(patients.covariates[both], columns=list(patients.names))
    before, after = patients.outcomes[both, 0], patients.outcomes[both, visit]
    try:
        gap = ancova(before, after, arm[both], patients.counts[both], covariates=shared, conf_level=conf_level)
    except ValueError as error:
        gap = not_estimable(str(error), int(patients.counts[both].sum()), conf_level=conf_level)
    return replace(gap, method=f"{gap.method}; analysis of covariance of patients seen at both visits ({reason})")


def _check_both_arms(patients: Trajectories, arm: Floats) -> None:
    seen = np.isfinite(patients.outcomes).astype(np.int64)
    for value in (0, 1):
        n_seen: Counts = (patients.counts * (arm == value)) @ seen
        rare = np.flatnonzero(n_seen[1:] < SEEN_AT_A_VISIT)
        if rare.size:
            visit = int(rare[0]) + 1
            raise ValueError(
                f"visit {patients.visits[visit]!r} was seen in {int(n_seen[visit])} patients of group {value}; "
                f"an arm needs {SEEN_AT_A_VISIT}, leave the visit out"
            )


def _visit_table(patients: Trajectories, rows: list[Estimate]) -> pd.DataFrame:
    table = _table("visit", list(patients.visits[1:]), rows)
    return table.assign(n_at_visit=patients.n_at_visit[1:], baseline=patients.visits[0])


def _table(key: str, labels: list[str], rows: list[Estimate]) -> pd.DataFrame:
    """Return one row an estimate under its label."""
    return pd.DataFrame([{key: label, **as_row(row)} for label, row in zip(labels, rows, strict=True)])
