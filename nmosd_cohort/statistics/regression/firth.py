"""Firth's logistic model, which has finite odds ratios even where a covariate separates the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.special import expit, log_expit, logit

from nmosd_cohort.statistics.estimate import Counts, Estimate, Floats, check_conf_level
from nmosd_cohort.statistics.models.design import check_column, event_cells, standardise, with_intercept
from nmosd_cohort.statistics.models.newton import NoMaximumError, Point
from nmosd_cohort.statistics.models.profile_likelihood import highest_profiles, profiled_ratio

# The climb stops within the square root of this many standard errors of the maximum.
SMALLEST_GAIN = 1e-18
METHOD = "Firth logistic model, penalised profile-likelihood limits"


@dataclass(frozen=True, slots=True)
class FirthLikelihood:
    """The log-likelihood plus half the log determinant of the information (Jeffreys prior).

    Parameters
    ----------
    columns
        Shape (p + 1, m), one column a combination of covariates, intercept first; laid out so because sums
        over patients are then twice as fast.
    patients, events
        Shape (m,), of each row.
    """

    columns: Floats
    patients: Floats
    events: Floats

    def at(self, parameters: Floats) -> Point | None:
        """Return the point with Firth's modified score, None where the information is singular."""
        linear = parameters @ self.columns
        probability = expit(linear)
        root = self._root(probability)
        try:
            triangle = np.asarray(np.linalg.cholesky(root @ root.T), dtype=np.float64)
        except np.linalg.LinAlgError:
            return None
        likelihood = self.patients @ log_expit(linear) - (self.patients - self.events) @ linear
        value = float(likelihood + np.log(np.diagonal(triangle)).sum())
        residual = self.events - self.patients * probability + _leverage(root, triangle) * (0.5 - probability)
        return Point(parameters, value, self.columns @ residual, triangle @ triangle.T)

    def curvature(self, point: Point) -> Floats:
        """Return negative second derivatives, those of the penalty included.

        With T_r the derivative of the information by coefficient r, those of its log determinant are
        sum(h ((1 - 2 p)^2 - 2 p (1 - p)) x_r x_s) - tr(I^-1 T_r I^-1 T_s).
        """
        probability = expit(point.parameters @ self.columns)
        root, inverse = self._root(probability), np.linalg.inv(point.information)
        leverage = _leverage(root, np.asarray(np.linalg.cholesky(point.information), dtype=np.float64))
        skew = 1 - 2 * probability
        bend = leverage * (skew**2 - 2 * probability * (1 - probability))
        change = [root @ (skew * column * root).T for column in self.columns]
        scaled = inverse @ np.array(change)
        traces = np.einsum("rjk,skj->rs", scaled, scaled)
        curvature: Floats = point.information - ((bend * self.columns) @ self.columns.T - traces) / 2
        return curvature

    def stretch(self, direction: Floats) -> float:
        """Return the most that a step in this direction changes the log odds of any patient."""
        return float(np.abs(direction @ self.columns).max())

    def start(self) -> Floats:
        """Return the log odds of the event in all patients together, and no effects."""
        start = np.zeros(len(self.columns))
        start[0] = logit(self.events.sum() / self.patients.sum())
        return start

    def _root(self, probability: Floats) -> Floats:
        root: Floats = np.sqrt(self.patients * probability * (1 - probability)) * self.columns
        return root


def _leverage(root: Floats, triangle: Floats) -> Floats:
    half = solve_triangular(triangle, np.eye(len(triangle)), lower=True) @ root
    return np.asarray(np.einsum("ij,ij->j", half, half), dtype=np.float64)


def firth_logistic(
    outcome01: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    columns: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> dict[str, Estimate]:
    """Odds ratio of the event per unit of each covariate, with the bias of small samples taken out.

    Parameters
    ----------
    outcome01
        1 for patients with the event, 0 for those without, one a row of `design`.
    design
        Numeric covariates without an intercept; categories as 0/1 columns that leave out the reference.
    counts
        Patients in each row; None counts every row once.
    columns
        Design columns whose odds ratios are wanted; None gives all. All columns are in the model.
    conf_level
        Coverage of the limits.

    Returns
    -------
    dict
        Column name to odds ratio with penalised profile-likelihood limits and the p-value of the penalised
        likelihood-ratio test. `std_error` is on the scale of the odds ratio. Finite under separation. Where
        so many columns meet so few patients that the penalised likelihood has more than one maximum, the
        highest that is found counts and `method` says so.

    Raises
    ------
    ValueError
        If the outcome is not 0 or 1, or all patients have the same outcome, or a column is constant,
        collinear, not numeric or not in the design; or if no maximum or limit is found.

    Notes
    -----
    Firth 1993 (doi:10.1093/biomet/80.1.27); limits and test of Heinze and Schemper 2002
    (doi:10.1002/sim.1047).

    Examples
    --------
    >>> ratio = firth_logistic([0, 1, 1], pd.DataFrame({"pain": [0, 0, 1]}), [9, 5, 6])["pain"]
    >>> round(ratio.estimate, 2), round(ratio.conf_low, 2), ratio.n, ratio.events
    (22.45, 2.0, 20, 11)
    """
    level = check_conf_level(conf_level)
    cells = event_cells(outcome01, design, counts)
    wanted = cells.names if columns is None else tuple(columns)
    positions = [check_column(name, cells.names) for name in wanted]
    scaled, _, deviations = standardise(cells.design, cells.counts)
    likelihood = _likelihood(cells.outcome, scaled, cells.counts)
    try:
        top, limits, has_several = highest_profiles(
            likelihood, likelihood.start(), [at + 1 for at in positions], level, smallest_gain=SMALLEST_GAIN
        )
    except NoMaximumError as error:
        raise ValueError(f"penalised logistic model: {error}; leave out a column or merge sparse categories") from error
    method = f"{METHOD}; highest of several maxima of the likelihood" if has_several else METHOD
    events = int(cells.counts @ cells.outcome)
    return {
        name: profiled_ratio(top, at + 1, ends, float(deviations[at]), cells.n, method, conf_level=level, events=events)
        for name, at, ends in zip(wanted, positions, limits, strict=True)
    }


def _likelihood(outcome: Floats, scaled: Floats, counts: Counts) -> FirthLikelihood:
    patterns, position = np.unique(scaled, axis=0, return_inverse=True)
    columns = with_intercept(patterns).T
    patients, events = (np.bincount(position.ravel(), weights=sums) for sums in (counts, counts * outcome))
    return FirthLikelihood(columns, patients.astype(np.float64), events.astype(np.float64))
