"""Trajectories: one row a distinct course of an outcome over visits, with the patients who took it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.columns import check_frame
from nmosd_cohort.statistics.estimate import Counts, Floats, as_values, check_option, patient_counts
from nmosd_cohort.statistics.longitudinal.covariance_structures import (
    CovarianceName,
    Structure,
    n_parameters,
    structure,
)
from nmosd_cohort.statistics.models.design import check_estimable, numeric_design

SEEN_AT_A_VISIT = 2  # patients, without whom a visit has no variance
SEEN_TOGETHER = 5  # patients; with fewer the likelihood often rises without end towards a correlation of 1


@dataclass(frozen=True, slots=True)
class Trajectories:
    """Checked trajectories of patients who were seen at least once.

    Parameters
    ----------
    outcomes
        Shape (rows, visits), NaN where a visit was missed.
    counts
        Shape (rows,), patients, all above 0.
    covariates
        Shape (rows, c), with mean 0 over the patients.
    visits, names
        Labels of the visits and names of the covariates.
    group
        Shape (rows,), 1 and 0, or None with one group.
    """

    outcomes: Floats
    counts: Counts
    covariates: Floats
    visits: tuple[str, ...]
    names: tuple[str, ...]
    group: Floats | None = None

    @property
    def n(self) -> int:
        """Patients seen at least once."""
        return int(self.counts.sum())

    @property
    def n_at_visit(self) -> Counts:
        """Patients seen at each visit."""
        seen: Counts = self.counts @ np.isfinite(self.outcomes).astype(np.int64)
        return seen

    def visit_means(self) -> Floats:
        """Return a design with one mean a visit and one coefficient a covariate, shape (rows, visits, p)."""
        rows, n_visits = self.outcomes.shape
        at_visit = np.broadcast_to(np.eye(n_visits), (rows, n_visits, n_visits))
        shared = np.broadcast_to(self.covariates[:, None, :], (rows, n_visits, self.covariates.shape[1]))
        return np.concatenate([at_visit, shared], axis=2)


def trajectories(
    outcomes: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    covariates: pd.DataFrame | None = None,
    group: ArrayLike | None = None,
) -> Trajectories:
    """Return checked trajectories; rows without patients or without any visit are left out.

    Parameters
    ----------
    outcomes
        One column a visit in the order of time, NaN where a visit was missed.
    counts
        Patients in each row; None counts every row once.
    covariates
        Numeric columns without an intercept, known at the first visit, none missing.
    group
        1 for patients of one arm, 0 for the reference arm.

    Raises
    ------
    ValueError
        If there are fewer than two visits, nobody was seen, an outcome is not a number, lengths differ, a
        covariate is constant, collinear or missing, or the group is not 0 and 1.

    Examples
    --------
    >>> outcomes = pd.DataFrame({"start": [5, 7, None], "month_12": [3, None, None]})
    >>> trajectories(outcomes, [2, 1, 4]).n_at_visit.tolist()
    [3, 2]
    """
    matrix = outcome_matrix(outcomes)
    rows = len(matrix)
    whole = patient_counts(counts, size=rows, name="outcomes")
    kept = np.isfinite(matrix).any(axis=1) & (whole > 0)
    if not kept.any():
        raise ValueError("outcomes has no patients: every count is 0 or no visit was seen")
    arm = None if group is None else _arms(group, rows, kept)
    design = pd.DataFrame(index=range(rows)) if covariates is None else check_frame(covariates, "covariates")
    shared = numeric_design(design)
    if len(shared) != rows:
        raise ValueError(f"covariates has {len(shared)} rows but outcomes {rows}; they must match")
    names = tuple(str(column) for column in design.columns)
    check_estimable(shared[kept] if arm is None else np.column_stack([arm, shared[kept]]), _with_arm(names, arm))
    weights = whole[kept]
    centred = shared[kept] - weights @ shared[kept] / weights.sum()
    return Trajectories(matrix[kept], weights, centred, tuple(map(str, outcomes.columns)), names, arm)


def outcome_matrix(outcomes: pd.DataFrame) -> Floats:
    """Return the outcomes as floats, shape (rows, visits), NaN where a visit was missed.

    Raises
    ------
    ValueError
        If it is not a DataFrame, there are fewer than two visits, labels repeat, or an entry is text or infinite.

    Examples
    --------
    >>> outcome_matrix(pd.DataFrame({"start": [5], "month_12": [3]})).tolist()
    [[5.0, 3.0]]
    """
    if check_frame(outcomes, "outcomes").shape[1] < 2:
        raise ValueError(f"outcomes has {outcomes.shape[1]} columns; a change needs at least two visits")
    if outcomes.columns.duplicated().any():
        raise ValueError("two visits of outcomes have the same label; labels must differ")
    matrix = np.empty(outcomes.shape)
    for place, visit in enumerate(outcomes.columns):
        try:
            matrix[:, place] = outcomes[visit].to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise ValueError(f"visit {visit!r} must hold numbers, NaN where it was missed") from error
        if np.isinf(matrix[:, place]).any():
            raise ValueError(f"visit {visit!r} has infinite outcomes; set them to NaN or correct them")
    return matrix


def covariance_structure(
    patients: Trajectories, name: CovarianceName, n_means: int, times: ArrayLike | None = None
) -> Structure:
    """Return the covariance structure, after a check that these patients can determine it.

    Parameters
    ----------
    patients
        Checked trajectories.
    name
        As in `structure`.
    n_means
        Coefficients of the mean.
    times
        Rising time of each visit, for ``ar1``.

    Raises
    ------
    ValueError
        If a visit or two visits together were seen too rarely, there are not more patients than parameters, or
        times do not fit; the message says which structure can be used.

    Examples
    --------
    >>> few = trajectories(pd.DataFrame({"start": [5, 7, 4], "month_6": [3, 4, 1], "month_12": [3, 3, 2]}))
    >>> covariance_structure(few, "unstructured", 3)
    Traceback (most recent call last):
    ValueError: unstructured has 6 covariances and 3 means for 3 patients; take compound_symmetry or ar1
    """
    check_option("covariance", name, get_args(CovarianceName))
    n_visits = len(patients.visits)
    rare = np.flatnonzero(patients.n_at_visit < SEEN_AT_A_VISIT)
    if rare.size:
        seen = int(patients.n_at_visit[rare[0]])
        raise ValueError(f"visit {patients.visits[rare[0]]!r} was seen in {seen} patients; leave it out")
    if times is not None and name != "ar1":
        raise ValueError("times belong to covariance='ar1'; the other structures do not use them")
    if name == "unstructured":
        _check_unstructured(patients, n_parameters(name, n_visits), n_means)
    return structure(name, n_visits, None if times is None else _rising(times, n_visits))


def _check_unstructured(patients: Trajectories, n_covariances: int, n_means: int) -> None:
    if patients.n <= n_covariances + n_means:
        raise ValueError(
            f"unstructured has {n_covariances} covariances and {n_means} means for {patients.n} patients; "
            "take compound_symmetry or ar1"
        )
    seen = np.isfinite(patients.outcomes).astype(np.int64)
    together = seen.T @ (patients.counts[:, None] * seen)
    first, second = np.unravel_index(together.argmin(), together.shape)
    if together[first, second] < SEEN_TOGETHER:
        raise ValueError(
            f"{int(together[first, second])} patients were seen at both {patients.visits[first]!r} and "
            f"{patients.visits[second]!r}; unstructured needs {SEEN_TOGETHER}, take compound_symmetry or ar1"
        )


def _rising(times: ArrayLike, n_visits: int) -> Floats:
    values = as_values(times, name="times")
    if values.size != n_visits or (np.diff(values) <= 0).any():
        raise ValueError(f"times must be {n_visits} rising numbers, one a visit")
    return values


def _arms(group: ArrayLike, rows: int, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Floats:
    arm = as_values(group, name="group")
    if arm.size != rows:
        raise ValueError(f"group has {arm.size} entries but outcomes {rows} rows; they must match")
    if not np.isin(arm, (0, 1)).all():
        raise ValueError("group must be 1 for one arm and 0 for the reference arm")
    if np.ptp(arm[kept]) == 0:
        raise ValueError("all patients seen belong to one arm; a difference between arms needs both")
    return arm[kept]


def _with_arm(names: tuple[str, ...], arm: Floats | None) -> tuple[str, ...]:
    return names if arm is None else ("group", *names)
