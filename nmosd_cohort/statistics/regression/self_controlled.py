"""Self-controlled case series: events in exposed against other time of the same patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    Floats,
    check_aligned,
    check_conf_level,
    not_estimable,
)
from nmosd_cohort.statistics.models.newton import NoMaximumError, Point, climb
from nmosd_cohort.statistics.regression.rates import person_time
from nmosd_cohort.statistics.wald import wald_estimate

SMALLEST_GAIN = 1e-24
FARTHEST = 15.0  # a log rate ratio beyond it is that of a coefficient without a maximum


@dataclass(frozen=True, slots=True)
class ConditionalLikelihood:
    """Log-likelihood of how each patient's events fall on their own stretches of time (conditional Poisson)."""

    matrix: Floats
    events: Counts
    log_time: Floats
    first: Counts  # where each patient's rows begin
    patient: Counts  # number of the patient of each row

    def at(self, parameters: Floats) -> Point | None:
        """Return value, score and information at these log rate ratios."""
        linear = self.matrix @ parameters + self.log_time
        linear -= np.maximum.reduceat(linear, self.first)[self.patient]
        weight = np.exp(linear)
        share = weight / np.add.reduceat(weight, self.first)[self.patient]
        totals = np.add.reduceat(self.events, self.first)
        means = np.add.reduceat(share[:, None] * self.matrix, self.first)
        centred = self.matrix - means[self.patient]
        value = float(self.events[self.events > 0] @ np.log(share[self.events > 0]))
        expected = totals[self.patient] * share
        return Point(parameters, value, centred.T @ self.events, centred.T @ (expected[:, None] * centred))

    def curvature(self, point: Point) -> Floats:
        """Return the exact negative second derivatives, which do not depend on the events beyond their totals."""
        return point.information

    def stretch(self, direction: Floats) -> float:
        """Return the most that a step in this direction changes the log rate of any row."""
        return float(np.abs(self.matrix @ direction).max())


def self_controlled_rate_ratio(
    events: ArrayLike,
    years: ArrayLike,
    patients: ArrayLike,
    exposures: pd.DataFrame,
    *,
    conf_level: float = 0.95,
) -> dict[str, Estimate]:
    """Rate of events in exposed time divided by that in other time of the same patients, one ratio a column.

    Whatever does not change within a patient (sex, serostatus, proneness) cancels. Patients without events tell
    nothing and are left out.

    Parameters
    ----------
    events, years
        One entry a stretch of one patient's observed time: events in it, and its length (or another measure of the
        opportunity to have an event, such as the number of assessments). Stretches without time are left out.
    patients
        Whose stretch it is.
    exposures
        One column an exposure (0 or 1), or a band of age or time to adjust for; columns that never change within a
        patient with events have no ratio.
    conf_level
        Coverage of the Wald limits on the log scale.

    Returns
    -------
    dict
        Column to Estimate; `n` is the number of patients with an event, `events` their events. A column that no
        patient with events changes in, or with no event on one side, is not estimable; `method` says so.

    Raises
    ------
    ValueError
        If lengths differ, events are not whole, an exposure is missing, or there are events without time.

    Notes
    -----
    Farrington 1995, Biometrics 51:228; Petersen, Douglas and Whitaker 2016 (doi:10.1136/bmj.i4515). The method
    assumes that an event changes neither later exposure nor how long the patient is observed, and that the rate
    of events, not only of the first, is studied.

    Examples
    --------
    >>> exposed = pd.DataFrame({"after_attack": [1, 0, 1, 0]})
    >>> ratio = self_controlled_rate_ratio([2, 2, 1, 3], [0.5, 1.5, 0.5, 1.5], [1, 1, 2, 2], exposed)["after_attack"]
    >>> round(ratio.estimate, 2), ratio.n, ratio.events  # 3 in one year against 5 in three
    (1.8, 2, 8)
    """
    level = check_conf_level(conf_level)
    check_aligned(events=events, years=years, patients=patients, exposures=exposures)
    whole, time = person_time(events, years, names=("events", "years"))
    matrix = exposures.to_numpy(dtype=float)
    codes, _ = pd.factorize(np.asarray(patients, dtype=object))
    if not len(matrix) == codes.size == whole.size:
        raise ValueError("events, years, patients and exposures must have one entry a stretch of time each")
    if not np.isfinite(matrix).all() or (codes < 0).any():
        raise ValueError("patients and exposures must not be missing; leave unknown stretches out and count them")
    counted = np.bincount(codes[whole > 0], minlength=codes.max(initial=-1) + 1) > 0
    kept = (time > 0) & counted[codes]
    rows = np.flatnonzero(kept)[np.argsort(codes[kept], kind="stable")]
    names = [str(name) for name in exposures.columns]
    return _fitted(matrix[rows], whole[rows], np.log(time[rows]), codes[rows], names, level)


def _fitted(
    matrix: Floats, events: Counts, log_time: Floats, codes: Counts, names: list[str], level: float
) -> dict[str, Estimate]:
    if not events.size:
        return {name: not_estimable("no events", 0, conf_level=level, events=0) for name in names}
    first = np.flatnonzero(np.diff(codes, prepend=-1) != 0)
    patient = np.cumsum(np.diff(codes, prepend=-1) != 0) - 1
    n, total = first.size, int(events.sum())
    usable, why = _usable(matrix, events, first, patient)
    likelihood = ConditionalLikelihood(matrix[:, usable], events, log_time, first, patient)
    found = {
        name: not_estimable(reason, n, conf_level=level, events=total)
        for name, reason in zip(names, why, strict=True)
        if reason
    }
    kept = [name for name, is_usable in zip(names, usable, strict=True) if is_usable]
    if kept:
        found |= _ratios(likelihood, kept, n, total, level)
    return {name: found[name] for name in names}


def _usable(matrix: Floats, events: Counts, first: Counts, patient: Counts) -> tuple[NDArray[np.bool_], list[str]]:
    """Return which columns change within a patient with events, and why the others are not used."""
    lowest, highest = np.minimum.reduceat(matrix, first), np.maximum.reduceat(matrix, first)
    changes = (lowest < highest)[patient]
    happened = events > 0
    reasons = []
    for column in range(matrix.shape[1]):
        own = changes[:, column]
        values = matrix[own & happened, column]
        if not own.any():
            reasons.append("no patient with events has time on both sides")
        elif (values == lowest[patient[own & happened], column]).all():
            reasons.append("no event in exposed time")
        elif (values == highest[patient[own & happened], column]).all():
            reasons.append("no event in other time of the same patients")
        else:
            reasons.append("")
    return np.array([not reason for reason in reasons], dtype=bool), reasons


def _ratios(
    likelihood: ConditionalLikelihood, names: list[str], n: int, total: int, level: float
) -> dict[str, Estimate]:
    size = len(names)
    try:
        top = climb(likelihood, np.zeros(size), np.arange(size), smallest_gain=SMALLEST_GAIN)
        if np.abs(top.parameters).max() > FARTHEST or np.linalg.cond(top.information) > 1e12:
            raise NoMaximumError("the exposures cannot be told apart")
    except NoMaximumError as problem:
        return {name: not_estimable(str(problem), n, conf_level=level, events=total) for name in names}
    errors = np.sqrt(np.diag(np.linalg.inv(top.information)))
    method = "self-controlled case series, conditional Poisson, Wald on the log scale"
    return {
        name: wald_estimate(float(point), float(error), n, method, conf_level=level, scale="log", events=total)
        for name, point, error in zip(names, top.parameters, errors, strict=True)
    }
