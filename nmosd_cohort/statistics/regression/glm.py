"""Generalised linear models from counts: logistic for events, log-linear for numbers of events."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit, gammaln, log_expit, logit, xlogy

from nmosd_cohort.statistics.estimate import Counts, Floats
from nmosd_cohort.statistics.models.cumulative_link import sort_by_level
from nmosd_cohort.statistics.models.design import Cells, standardise, to_design_units, with_intercept
from nmosd_cohort.statistics.models.newton import NoMaximumError, Point, climb
from nmosd_cohort.statistics.models.separation import (
    are_finite,
    separating_column,
    separating_columns,
    separation_message,
)
from nmosd_cohort.statistics.regression.rising_sums import log_rising

Family = Literal["binomial", "poisson", "negative_binomial"]
# Newton's method stops within the square root of this many standard errors of the maximum.
SMALLEST_GAIN = 1e-20
BY_EVENTS = "those with events from those without"


@dataclass(frozen=True, slots=True, eq=False)
class GlmFit:
    """Generalised linear model: link of the mean = coefficients[0] + design @ coefficients[1:] + offset.

    Parameters
    ----------
    family
        ``binomial`` (logit link), ``poisson`` or ``negative_binomial`` (log link).
    names
        The p design columns.
    coefficients
        Shape (p + 1,), intercept first: log odds ratios or log rate ratios.
    covariance
        Shape (p + 1, p + 1), inverse of the expected information.
    log_likelihood
        At the maximum, of single patients, constants included.
    deviance
        Twice the distance to the log-likelihood of a model with one parameter a patient.
    pearson
        Pearson chi-square: about `freedom` if the variance is that of the family.
    n
        Patients.
    events
        Patients with the event (``binomial``), or events of all patients.
    dispersion
        Variance of the events is mean + dispersion mean^2; 0 unless ``negative_binomial``.
    """

    family: Family
    names: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    deviance: float
    pearson: float
    n: int
    events: int
    dispersion: float = 0.0

    @property
    def freedom(self) -> int:
        """Patients less coefficients."""
        return self.n - self.coefficients.size

    @property
    def events_per_column(self) -> float:
        """Events (``binomial``: events or non-events, the fewer) for each column; infinite without columns."""
        fewer = min(self.events, self.n - self.events) if self.family == "binomial" else self.events
        return fewer / len(self.names) if self.names else math.inf


@dataclass(frozen=True, slots=True, eq=False)
class GlmLikelihood:
    """The log-likelihood of the coefficients; it is concave.

    Parameters
    ----------
    family
        ``binomial`` has a logit link, the other two a log link.
    matrix
        Shape (m, p + 1), intercept first.
    response
        Shape (m,): 0 or 1, or a number of events.
    counts
        Shape (m,), patients in each cell.
    offset
        Shape (m,), added to the linear predictor: log person-years, 0 for ``binomial``.
    dispersion
        Variance of the events is mean + dispersion mean^2.
    """

    family: Family
    matrix: Floats
    response: Floats
    counts: Floats
    offset: Floats
    dispersion: float = 0.0

    def at(self, parameters: Floats) -> Point | None:
        """Return the point at these parameters, None where a mean overflows."""
        means = self.means(parameters)
        if not np.isfinite(means).all():
            return None
        score = self.matrix.T @ (self.counts * self.residuals(means))
        value = float(self.counts @ self._log_likelihoods(self.matrix @ parameters + self.offset, means))
        return Point(parameters, value, score, self._information(self.weights(means)))

    def curvature(self, point: Point) -> Floats:
        """Return the negative second derivatives."""
        means = self.means(point.parameters)
        observed = (1 + self.dispersion * self.response) / (1 + self.dispersion * means)
        return self._information(self.weights(means) * observed)

    def stretch(self, direction: Floats) -> float:
        """Return the most that a step in this direction changes any linear predictor."""
        return float(np.abs(self.matrix @ direction).max())

    def start(self) -> Floats:
        """Return the overall share or rate as intercept, all else 0."""
        start, total = np.zeros(self.matrix.shape[1]), float(self.counts @ self.response)
        if self.family == "binomial":
            start[0] = logit(total / self.counts.sum())
        else:
            start[0] = math.log(total / float(self.counts @ np.exp(self.offset)))
        return start

    def means(self, parameters: Floats) -> Floats:
        """Return the expected response of a patient of each cell."""
        linear = self.matrix @ parameters + self.offset
        with np.errstate(over="ignore"):
            means: Floats = expit(linear) if self.family == "binomial" else np.exp(linear)
        return means

    def residuals(self, means: Floats) -> Floats:
        """Return derivatives of a patient's log-likelihood by the linear predictor."""
        residuals: Floats = (self.response - means) / (1 + self.dispersion * means)
        return residuals

    def weights(self, means: Floats) -> Floats:
        """Return a patient's expected information about the linear predictor."""
        if self.family == "binomial":
            return means * (1 - means)
        weights: Floats = means / (1 + self.dispersion * means)
        return weights

    def deviance(self, means: Floats) -> float:
        """Return twice the distance of the log-likelihood at these means to that of one parameter a patient."""
        response, spread = self.response, self.dispersion
        if self.family == "binomial":
            each = -np.log(np.where(response == 1, means, 1 - means))
        elif spread == 0:
            each = xlogy(response, response / means) - (response - means)
        else:
            shrink = np.log1p(spread * response) - np.log1p(spread * means)
            each = xlogy(response, response / means) - (response + 1 / spread) * shrink
        return float(2 * self.counts @ each)

    def leverages(self, point: Point) -> Floats:
        """Return the leverage of one patient of each cell."""
        spread = ((self.matrix @ np.linalg.inv(point.information)) * self.matrix).sum(axis=1)
        leverages: Floats = self.weights(self.means(point.parameters)) * spread
        return leverages

    def _information(self, each: Floats) -> Floats:
        information: Floats = self.matrix.T @ ((self.counts * each)[:, None] * self.matrix)
        return information

    def _log_likelihoods(self, linear: Floats, means: Floats) -> Floats:
        response, spread = self.response, self.dispersion
        if self.family == "binomial":
            return np.where(response == 1, log_expit(linear), log_expit(-linear))
        if spread == 0:
            return response * linear - means - gammaln(response + 1)
        shrunk = (response + 1 / spread) * np.log1p(spread * means) - log_rising(response, spread)
        each: Floats = response * linear - shrunk - gammaln(response + 1)
        return each


def glm_likelihood(family: Family, cells: Cells, offset: Floats | None = None) -> GlmLikelihood:
    """Return the likelihood of cells with their columns standardised.

    Examples
    --------
    >>> cells = Cells(np.array([0.0, 1.0]), np.array([[2.0], [6.0]]), np.array([3, 3]), ("age",))
    >>> glm_likelihood("binomial", cells).matrix.tolist()
    [[1.0, -1.0], [1.0, 1.0]]
    """
    scaled = standardise(cells.design, cells.counts)[0]
    shift = np.zeros(len(scaled)) if offset is None else offset
    return GlmLikelihood(family, with_intercept(scaled), cells.outcome, cells.counts.astype(np.float64), shift)


def glm_fit(likelihood: GlmLikelihood, top: Point, cells: Cells) -> GlmFit:
    """Return the fit in the units of the design from the maximum on standardised columns.

    Examples
    --------
    >>> cells = Cells(np.array([0.0, 1.0]), np.array([[2.0], [6.0]]), np.array([3, 3]), ("age",))
    >>> likelihood = glm_likelihood("binomial", cells)
    >>> glm_fit(likelihood, likelihood.at(np.array([0.0, 1.0])), cells).coefficients.tolist()
    [-2.0, 0.5]
    """
    fitted, back = likelihood.means(top.parameters), to_design_units(*standardise(cells.design, cells.counts)[1:])
    residuals, weights = likelihood.residuals(fitted), likelihood.weights(fitted)
    # a patient whose outcome is sure has no residual and no weight
    scaled_residuals = np.divide(residuals**2, weights, out=np.zeros_like(weights), where=residuals != 0)
    return GlmFit(
        likelihood.family,
        cells.names,
        back @ top.parameters,
        back @ np.linalg.inv(top.information) @ back.T,
        top.value,
        likelihood.deviance(fitted),
        float(likelihood.counts @ scaled_residuals),
        cells.n,
        int(likelihood.counts @ likelihood.response),
        likelihood.dispersion,
    )


def finite_maximum(likelihood: GlmLikelihood, names: tuple[str, ...], remedy: str) -> Point:
    """Return the maximum of the log-likelihood.

    Raises
    ------
    ValueError
        If columns separate the response, so that there is none; the message names them and ends with the remedy.

    Notes
    -----
    A log-linear model has no maximum if a direction of the design is the same in all cells with events and
    never higher in those without (Correia, Guimaraes and Zylkin 2019, arXiv:1903.01633).

    Examples
    --------
    >>> matrix = np.array([[1.0, -1.0], [1.0, 1.0]])
    >>> treated = GlmLikelihood("poisson", matrix, np.array([3.0, 0.0]), np.ones(2), np.zeros(2))
    >>> finite_maximum(treated, ("tocilizumab",), "leave it out")
    Traceback (most recent call last):
    ValueError: design column 'tocilizumab' separates those with events from those without; leave it out
    """
    level, position = _two_levels(likelihood)
    cells = sort_by_level(level, likelihood.matrix[position, 1:], likelihood.counts[position].astype(np.int64))
    column = separating_column(cells) if np.ptp(level) else None
    if column is not None:
        raise ValueError(separation_message([names[column]], f"{BY_EVENTS}; {remedy}"))
    top = maximum(likelihood, likelihood.start())
    if top is not None and are_finite(np.diagonal(np.linalg.inv(top.information))):
        return top
    columns = [names[at] for at in separating_columns(cells)]
    raise ValueError(separation_message(columns or list(names), f"{BY_EVENTS}; {remedy}"))


def maximum(likelihood: GlmLikelihood, start: Floats) -> Point | None:
    """Return the maximum of the log-likelihood, None if the climb finds none.

    Examples
    --------
    >>> coin = GlmLikelihood("binomial", np.ones((2, 1)), np.array([0.0, 1.0]), np.array([1.0, 3.0]), np.zeros(2))
    >>> round(float(maximum(coin, coin.start()).parameters[0]), 6)
    1.098612
    """
    try:
        return climb(likelihood, start, np.arange(start.size), smallest_gain=SMALLEST_GAIN)
    except NoMaximumError:
        return None


def _two_levels(likelihood: GlmLikelihood) -> tuple[Counts, Counts]:
    """Return levels 0 and 1 and the cells in them; a cell with a number of events is in both."""
    happened, every = np.flatnonzero(likelihood.response > 0), np.arange(likelihood.response.size)
    if likelihood.family == "binomial":
        return (likelihood.response > 0).astype(np.int64), every
    return np.repeat([0, 1], [every.size, happened.size]), np.concatenate([every, happened])
