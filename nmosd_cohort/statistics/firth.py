"""Firth's logistic model, which has finite odds ratios even where a covariate separates the outcome."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit, log_expit, logit
from scipy.stats import chi2

from nmosd_cohort.statistics.design import model_cells, standardise
from nmosd_cohort.statistics.estimate import Counts, Estimate, Floats, check_conf_level

MAX_STEPS = 200
MAX_HALVINGS = 30
# Fisher scoring is cheap and mostly enough; where leverages are large it crawls and Newton's method takes over.
SCORING_STEPS = 10
# Most that a step changes the log odds of any patient.
LONGEST_STEP = 5.0
SMALLEST_GAIN = 1e-12
# Limits are found to this precision in standard deviations of the signed root of the deviance.
ROOT_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Trials:
    """One row a combination of covariates: intercept and covariates (m, p + 1), patients, events."""

    matrix: Floats
    patients: Floats
    events: Floats


@dataclass(frozen=True, slots=True)
class Peak:
    """Coefficients at a maximum of the penalised log-likelihood, its value, and the score there."""

    coefficients: Floats
    value: float
    score: Floats
    information: Floats


def firth_logistic(
    outcome01: ArrayLike, design: pd.DataFrame, counts: ArrayLike | None = None, *, conf_level: float = 0.95
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
    conf_level
        Coverage of the limits.

    Returns
    -------
    dict
        Column name to odds ratio with penalised profile-likelihood limits and the p-value of the penalised
        likelihood-ratio test. `std_error` is on the scale of the odds ratio. Finite under separation.

    Raises
    ------
    ValueError
        If the outcome is not 0 or 1, or all patients have the same outcome, or a column is constant,
        collinear or not numeric; or if there are so many columns for the patients that the penalised
        likelihood has more than one maximum or is flat.

    Notes
    -----
    Firth 1993; Heinze and Schemper 2002.

    Examples
    --------
    >>> ratio = firth_logistic([0, 1, 1], pd.DataFrame({"pain": [0, 0, 1]}), [9, 5, 6])["pain"]
    >>> round(ratio.estimate, 2), round(ratio.conf_low, 2), ratio.n, ratio.events
    (22.45, 2.0, 20, 11)
    """
    level = check_conf_level(conf_level)
    cells = model_cells(outcome01, design, counts, name="outcome01")
    if not np.isin(cells.outcome, (0, 1)).all():
        raise ValueError("outcome01 has values other than 0 and 1; code the event as 1")
    events = int(cells.counts @ cells.outcome)
    if events in (0, cells.n):
        raise ValueError(f"outcome01 is {int(events > 0)} in all {cells.n} patients; there is nothing to compare")
    scaled, _, deviations = standardise(cells.design, cells.counts)
    trials = _trials(cells.outcome, scaled, cells.counts)
    try:
        best = _peak(trials, _start(trials), np.arange(trials.matrix.shape[1]))
        return {
            name: _odds_ratio(trials, best, at + 1, float(deviations[at]), level, cells.n, events)
            for at, name in enumerate(cells.names)
        }
    except np.linalg.LinAlgError as error:
        raise ValueError("the penalised logistic model has a flat likelihood: leave out a column") from error


def _trials(outcome: Floats, scaled: Floats, counts: Counts) -> Trials:
    patterns, position = np.unique(scaled, axis=0, return_inverse=True)
    matrix = np.column_stack([np.ones(len(patterns)), patterns])
    patients, events = (np.bincount(position.ravel(), weights=sums) for sums in (counts, counts * outcome))
    return Trials(matrix, patients.astype(np.float64), events.astype(np.float64))


def _start(trials: Trials) -> Floats:
    start = np.zeros(trials.matrix.shape[1])
    start[0] = logit(trials.events.sum() / trials.patients.sum())
    return start


def _penalised(coefficients: Floats, trials: Trials) -> float:
    """Return the log-likelihood plus half the log determinant of the information (Jeffreys prior)."""
    linear = trials.matrix @ coefficients
    misses = trials.patients - trials.events
    likelihood = trials.events @ log_expit(linear) + misses @ log_expit(-linear)
    sign, determinant = np.linalg.slogdet(_information(expit(linear), trials))
    return float(likelihood + determinant / 2) if sign > 0 else -np.inf


def _information(probability: Floats, trials: Trials) -> Floats:
    spread = trials.patients * probability * (1 - probability)
    information: Floats = trials.matrix.T @ (spread[:, None] * trials.matrix)
    return information


def _score(coefficients: Floats, trials: Trials) -> tuple[Floats, Floats]:
    """Return the modified score of Firth and the information."""
    probability = expit(trials.matrix @ coefficients)
    information = _information(probability, trials)
    inverse = np.linalg.inv(information)
    spread = trials.patients * probability * (1 - probability)
    leverage = spread * ((trials.matrix @ inverse) * trials.matrix).sum(axis=1)
    residual = trials.events - trials.patients * probability + leverage * (0.5 - probability)
    return trials.matrix.T @ residual, information


def _peak(trials: Trials, start: Floats, free: Counts) -> Peak:
    """Return the maximum over the free coefficients, the others held at their start."""
    coefficients, value = start, _penalised(start, trials)
    for number in range(MAX_STEPS):
        score, information = _score(coefficients, trials)
        part = np.ix_(free, free)
        curvature = information if number < SCORING_STEPS else _curvature(coefficients, trials, information, free)
        step = np.zeros(start.size)
        step[free] = np.linalg.solve(curvature[part], score[free])
        gain = float(score @ step)
        step *= LONGEST_STEP / max(LONGEST_STEP, float(np.abs(trials.matrix @ step).max()))
        coefficients, value = _halved_step(coefficients, value, step, trials)
        if gain < SMALLEST_GAIN:
            return Peak(coefficients, value, *_score(coefficients, trials))
    raise ValueError(f"the penalised logistic model did not converge in {MAX_STEPS} steps")


def _curvature(coefficients: Floats, trials: Trials, information: Floats, free: Counts) -> Floats:
    """Return negative second derivatives, those of the penalty included, if positive definite.

    Else the information alone, which is. With T_r the derivative of the information by coefficient r, those
    of its log determinant are sum(h ((1 - 2 p)^2 - 2 p (1 - p)) x_r x_s) - tr(I^-1 T_r I^-1 T_s).
    """
    matrix, probability = trials.matrix, expit(trials.matrix @ coefficients)
    inverse = np.linalg.inv(information)
    spread = trials.patients * probability * (1 - probability)
    leverage = spread * ((matrix @ inverse) * matrix).sum(axis=1)
    skew = 1 - 2 * probability
    bend = leverage * (skew**2 - 2 * probability * (1 - probability))
    change = np.einsum("i,ir,ij,ik->rjk", spread * skew, matrix, matrix, matrix, optimize=True)
    scaled = inverse @ change
    traces = np.einsum("rjk,skj->rs", scaled, scaled)
    curvature: Floats = information - (matrix.T @ (bend[:, None] * matrix) - traces) / 2
    lowest = np.linalg.eigvalsh(curvature[np.ix_(free, free)])[0]
    return curvature if lowest > 0 else information


def _halved_step(coefficients: Floats, value: float, step: Floats, trials: Trials) -> tuple[Floats, float]:
    for halving in range(MAX_HALVINGS):
        candidate = coefficients + step / 2**halving
        candidate_value = _penalised(candidate, trials)
        if candidate_value >= value - 1e-13 * abs(value):
            return candidate, candidate_value
    return coefficients, value


def _odds_ratio(
    trials: Trials, best: Peak, at: int, deviation: float, conf_level: float, n: int, events: int
) -> Estimate:
    error = float(np.sqrt(np.linalg.inv(best.information)[at, at]))
    reach = float(np.sqrt(chi2.ppf(conf_level, 1)))
    limits = [_limit(trials, best, at, error, side * reach) for side in (-1, 1)]
    with np.errstate(over="ignore"):
        low, ratio, high = np.exp(np.array([limits[0], best.coefficients[at], limits[1]]) / deviation).tolist()
    held = best.coefficients.copy()
    held[at] = 0.0
    null = _peak(trials, held, np.delete(np.arange(held.size), at))
    return Estimate(
        ratio,
        low,
        high,
        n,
        "Firth logistic model, penalised profile-likelihood limits",
        std_error=ratio * error / deviation,
        p_value=float(chi2.sf(max(0.0, 2 * (best.value - null.value)), 1)),
        conf_level=conf_level,
        events=events,
    )


def _limit(trials: Trials, best: Peak, at: int, error: float, target: float) -> float:
    """Return where the signed root of the profile deviance of one coefficient equals the target."""
    free = np.delete(np.arange(best.coefficients.size), at)
    along = np.zeros(best.coefficients.size)
    along[at] = 1.0
    along[free] = -np.linalg.solve(best.information[np.ix_(free, free)], best.information[free, at])
    state = best.coefficients

    def signed_root(value: float) -> tuple[float, float]:
        nonlocal state
        stretch = float(np.abs(trials.matrix @ along).max() * abs(value - state[at]))
        for stop in np.linspace(state[at], value, 1 + max(1, math.ceil(stretch / LONGEST_STEP)))[1:]:
            peak = _peak(trials, state + along * (stop - state[at]), free)
            state = peak.coefficients
        root = math.sqrt(_drop(best, peak)) * math.copysign(1, target)
        return root, float(-peak.score[at]) / root

    return _solve(signed_root, float(best.coefficients[at]), error * target, target)


def _drop(best: Peak, peak: Peak) -> float:
    """Return the profile deviance, twice the drop of the penalised log-likelihood from its maximum."""
    drop = 2 * (best.value - peak.value)
    if drop <= 0:
        raise ValueError("the penalised likelihood has more than one maximum: too many columns for the patients")
    return drop


def _solve(signed_root: Callable[[float], tuple[float, float]], inner: float, offset: float, target: float) -> float:
    """Return the value with the target root by Newton's method, halving the bracket where a step leaves it."""
    value, outer = inner + offset, None
    for _ in range(MAX_STEPS):
        root, slope = signed_root(value)
        if abs(root - target) < ROOT_TOLERANCE:
            return value
        if abs(root) < abs(target):
            inner = value
        else:
            outer = value
        farthest = inner + 2 * offset if outer is None else outer
        step = (target - root) / slope if slope > 0 else math.inf
        inside = min(inner, farthest) < value + step < max(inner, farthest)
        value = value + step if inside else (inner + farthest) / 2
    raise ValueError(f"profile-likelihood limit not found in {MAX_STEPS} steps")
