"""Level and slope of repeated outcomes before and after an event, from a Gaussian model of all visits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nmosd_cohort.statistics.estimate import Estimate, Floats, check_conf_level
from nmosd_cohort.statistics.longitudinal.covariance_structures import CovarianceName
from nmosd_cohort.statistics.longitudinal.reml import fit_reml
from nmosd_cohort.statistics.longitudinal.small_sample import contrast_estimate, kenward_roger
from nmosd_cohort.statistics.longitudinal.trajectories import covariance_structure, outcome_matrix, trajectories
from nmosd_cohort.statistics.paired.minimum_patients import too_few

N_TERMS = 4  # level and slope before, change of level, change of slope


@dataclass(frozen=True, slots=True)
class SegmentedChange:
    """What a straight line before the event, and another after it, say.

    Parameters
    ----------
    slope_before
        Change of the mean outcome a unit of time before the event.
    level_change
        Jump of the mean at the event: the line after it, read at the event, less the line before.
    slope_change
        Slope after less slope before.
    projected_change
        Line after less the line before, both read at `projected_at`.
    projected_at
        Time after the event.
    n
        Patients.
    n_visits
        Outcomes used.
    """

    slope_before: Estimate
    level_change: Estimate
    slope_change: Estimate
    projected_change: Estimate
    projected_at: float
    n: int
    n_visits: int


def segmented_change(
    outcomes: pd.DataFrame,
    times: pd.DataFrame,
    *,
    projected_at: float,
    covariance: CovarianceName = "compound_symmetry",
    conf_level: float = 0.95,
) -> SegmentedChange:
    """Change of level and of slope at an event, from all outcomes of each patient before and after it.

    Parameters
    ----------
    outcomes
        One row a patient, one column a visit in the order of time, NaN where a visit was missed.
    times
        Time of each outcome from the event, in the same form: 0 or less is before it.
    projected_at
        Time after the event at which the two lines are compared.
    covariance
        As in `mixed_model`; ``ar1`` takes the columns as equally far apart.
    conf_level
        Coverage of the limits.

    Raises
    ------
    ValueError
        If there are fewer than 10 patients, outcomes and times do not match, no line can be drawn before or after,
        or the likelihood has no maximum.

    Notes
    -----
    Segmented regression: Wagner, Soumerai, Zhang and Ross-Degnan 2002 (J Clin Pharm Ther 27:299), here with
    patients as clusters. Restricted maximum likelihood, errors and degrees of freedom of Kenward and Roger 1997
    (doi:10.2307/2533558).

    Examples
    --------
    >>> outcomes = pd.DataFrame([[5, 6, 6, 3, 3], [7, 6, 7, 4, 5], [4, 5, 5, 3, 2], [6, 7, 8, 5, 4]] * 3).astype(float)
    >>> times = pd.DataFrame([[-3.0, -2.0, -1.0, 1.0, 2.0]] * 12)
    >>> found = segmented_change(outcomes, times, projected_at=1)
    >>> round(found.slope_before.estimate, 3), round(found.level_change.estimate, 3), found.n_visits
    (0.5, -3.0, 60)
    """
    level = check_conf_level(conf_level)
    if outcomes.shape != times.shape:
        raise ValueError(f"outcomes has shape {outcomes.shape} and times {times.shape}; they must match")
    patients = trajectories(outcomes)
    reason = too_few("mixed_model", patients.n)
    if reason:
        raise ValueError(reason)
    kept = np.isfinite(outcome_matrix(outcomes)).any(axis=1)
    when = times.to_numpy(dtype=np.float64)[kept]
    seen = np.isfinite(patients.outcomes)
    if not np.isfinite(when[seen]).all():
        raise ValueError("an outcome has no time; give the time of each")
    if not np.isfinite(projected_at) or projected_at <= 0:
        raise ValueError(f"projected_at is {projected_at}; it must be a time after the event, above 0")
    shape = covariance_structure(patients, covariance, N_TERMS)
    fit = fit_reml(patients.outcomes, _design(np.where(seen, when, 0.0)), patients.counts, shape)
    errors = kenward_roger(fit)
    method = f"REML, {covariance.replace('_', ' ')}"
    contrasts = {
        "slope_before": [0, 1, 0, 0],
        "level_change": [0, 0, 1, 0],
        "slope_change": [0, 0, 0, 1],
        "projected_change": [0, 0, 1, projected_at],
    }
    found = {
        name: contrast_estimate(fit, errors, np.array(one, dtype=np.float64), patients.n, method, conf_level=level)
        for name, one in contrasts.items()
    }
    return SegmentedChange(**found, projected_at=float(projected_at), n=patients.n, n_visits=int(seen.sum()))


def _design(when: Floats) -> Floats:
    """Return level, slope, change of level and change of slope at each visit, shape (rows, visits, 4)."""
    after = (when > 0).astype(np.float64)
    design: Floats = np.stack([np.ones_like(when), when, after, after * when], axis=2)
    return design
