"""The likelihood of normal values of which some are only known to lie below or above a limit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from nmosd_cohort.statistics.estimate import Counts, Floats

BELOW, SEEN, ABOVE = -1, 0, 1
MAX_STEPS = 100
MAX_HALVINGS = 40
SMALLEST_GAIN = 1e-14
LOG_ROOT_TWO_PI = 0.5 * math.log(2 * math.pi)


@dataclass(frozen=True, slots=True)
class CensoredValues:
    """Values, or limits where ``kind`` is not 0, with covariates (intercept included) and patients a row."""

    values: Floats
    kind: Counts
    design: Floats
    counts: Floats

    def shifted(self, at: int, effect: float) -> CensoredValues:
        """Return the same patients with one effect held: taken from the values, its column left out."""
        held = self.values - effect * self.design[:, at]
        return CensoredValues(held, self.kind, np.delete(self.design, at, axis=1), self.counts)


@dataclass(frozen=True, slots=True)
class TobitFit:
    """Maximum of the likelihood: effects, residual SD, covariance of the effects, log-likelihood."""

    effects: Floats
    deviation: float
    covariance: Floats
    log_likelihood: float


def fit_tobit(censored: CensoredValues) -> TobitFit | None:
    """Return the maximum of the likelihood, None where it has none.

    In the effects over the residual SD and one over that SD the likelihood has a single maximum, which
    Newton's method finds from anywhere.

    Notes
    -----
    Tobin 1958 (doi:10.2307/1907382); the parameters: Olsen 1978, Econometrica 46:1211.

    Examples
    --------
    >>> plain = CensoredValues(np.array([1.0, 3.0]), np.zeros(2, np.int64), np.ones((2, 1)), np.ones(2))
    >>> fit = fit_tobit(plain)
    >>> round(float(fit.effects[0]), 6), round(fit.deviation, 6)
    (2.0, 1.0)
    """
    point = _start(censored)
    value, score, curvature = _derivatives(censored, point)
    for _ in range(MAX_STEPS):
        try:
            step = np.asarray(np.linalg.solve(curvature, score), dtype=np.float64)
        except np.linalg.LinAlgError:
            return None
        gain = float(score @ step)
        if gain < SMALLEST_GAIN * max(1.0, abs(value)):
            return _as_fit(point, curvature, value)
        point, (value, score, curvature) = _higher(censored, point, step, value)
    return None


def _higher(
    censored: CensoredValues, point: Floats, step: Floats, value: float
) -> tuple[Floats, tuple[float, Floats, Floats]]:
    """Return the point after the longest halving of a step that does not go down; the precision stays above 0."""
    for _ in range(MAX_HALVINGS):
        candidate = point + step
        if candidate[-1] > 0:
            found = _derivatives(censored, candidate)
            if found[0] >= value - 1e-12 * abs(value):
                break
        step = step / 2
    return candidate, _derivatives(censored, candidate)


def _start(censored: CensoredValues) -> Floats:
    root = np.sqrt(censored.counts)
    effects = np.linalg.lstsq(censored.design * root[:, None], censored.values * root, rcond=None)[0]
    squares = censored.counts @ (censored.values - censored.design @ effects) ** 2 / censored.counts.sum()
    precision = 1 / math.sqrt(max(float(squares), 1e-12))
    return np.append(effects * precision, precision)


def _residuals(censored: CensoredValues, point: Floats) -> Floats:
    residuals: Floats = point[-1] * censored.values - censored.design @ point[:-1]
    return residuals


def _derivatives(censored: CensoredValues, point: Floats) -> tuple[float, Floats, Floats]:
    """Return the log-likelihood, its first and its negative second derivatives."""
    residual = _residuals(censored, point)
    sign = np.where(censored.kind == ABOVE, -1.0, 1.0)
    tail = log_ndtr(sign * residual)
    hazard = np.exp(-0.5 * residual**2 - LOG_ROOT_TWO_PI - tail)
    is_seen = censored.kind == SEEN
    each = np.where(is_seen, math.log(point[-1]) - 0.5 * residual**2 - LOG_ROOT_TWO_PI, tail)
    first = np.where(is_seen, -residual, sign * hazard)
    second = np.where(is_seen, 1.0, hazard * (hazard + sign * residual))
    columns = np.column_stack([-censored.design, censored.values])
    seen = float(censored.counts[is_seen].sum())
    score = columns.T @ (censored.counts * first)
    score[-1] += seen / point[-1]
    curvature = columns.T @ (columns * (censored.counts * second)[:, None])
    curvature[-1, -1] += seen / point[-1] ** 2
    return float(censored.counts @ each), score, curvature


def _as_fit(point: Floats, curvature: Floats, value: float) -> TobitFit:
    """Return the fit in plain parameters, the covariance by the delta method."""
    effects, deviation = point[:-1] / point[-1], 1 / float(point[-1])
    slopes = np.column_stack([np.eye(effects.size) * deviation, -effects * deviation])
    covariance = slopes @ np.linalg.inv(curvature) @ slopes.T
    return TobitFit(effects, deviation, covariance, value)
