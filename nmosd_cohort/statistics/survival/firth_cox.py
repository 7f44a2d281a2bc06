"""Cox's model with Firth's penalty: finite hazard ratios even where the likelihood is monotone."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import chi2

from nmosd_cohort.statistics.estimate import Counts, Estimate, Floats, check_conf_level
from nmosd_cohort.statistics.survival.cox import TIES_LABELS, PlacedCox, deviance_limit, place_cox
from nmosd_cohort.statistics.survival.cox_likelihood import (
    Peak,
    Stratum,
    Ties,
    log_likelihood,
    moments,
    score_and_information,
)

MAX_STEPS = 200
MAX_HALVINGS = 30
SMALLEST_GAIN = 1e-16
# Distance over which the score is differenced; the curvature only sets the pace.
NEARBY = 1e-5
# Most that a step changes a coefficient per SD of its column.
LONGEST_STEP = 1.0


def firth_cox(
    time: ArrayLike,
    event: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    *,
    strata: ArrayLike | None = None,
    ties: Ties = "efron",
    conf_level: float = 0.95,
) -> dict[str, Estimate]:
    """Hazard ratio per unit of each covariate with the bias of few events taken out.

    Parameters
    ----------
    time, event, design, counts, entry, strata, ties, conf_level
        As in ``cox_regression``.

    Returns
    -------
    dict
        Column name to hazard ratio with penalised profile-likelihood limits and the p-value of the penalised
        likelihood-ratio test; finite where ``cox_regression`` finds a monotone likelihood.

    Raises
    ------
    ValueError
        As ``cox_regression``, monotone likelihood apart; or if the search for the maximum does not end.

    Notes
    -----
    Firth 1993 (doi:10.1093/biomet/80.1.27); Heinze and Schemper 2001 (doi:10.1111/j.0006-341X.2001.00114.x).

    Examples
    --------
    >>> design = pd.DataFrame({"woman": [1, 1, 0, 0, 1, 0]})
    >>> ratio = firth_cox([1, 2, 3, 4, 5, 6], [1, 1, 0, 0, 1, 0], design, [3, 4, 5, 6, 7, 8])["woman"]
    >>> round(ratio.estimate, 1), ratio.conf_low > 1, ratio.n, ratio.events
    (69.7, True, 33, 14)
    """
    level = check_conf_level(conf_level)
    placed = place_cox(time, event, design, counts, entry, strata=strata, ties=ties)
    columns = np.arange(len(placed.names))
    best = _peak(placed.strata, np.zeros(columns.size), columns)
    method = f"Firth Cox model, {TIES_LABELS[ties]}"
    return {name: _hazard_ratio(placed, best, at, method, level) for at, name in enumerate(placed.names)}


def _penalised(coefficients: Floats, strata: list[Stratum]) -> float:
    """Return the log partial likelihood plus half the log determinant of the information."""
    value = log_likelihood(coefficients, strata)
    if value == -np.inf:
        return value
    sign, determinant = np.linalg.slogdet(score_and_information(coefficients, strata)[1])
    return value + float(determinant) / 2 if sign > 0 else -np.inf


def _penalised_score(coefficients: Floats, strata: list[Stratum]) -> tuple[Floats, Floats]:
    score, information = score_and_information(coefficients, strata)
    inverse = np.asarray(np.linalg.inv(information), dtype=np.float64)
    penalty = np.sum([_penalty_slope(coefficients, stratum, inverse) for stratum in strata], axis=0)
    return score + penalty / 2, information


def _penalty_slope(coefficients: Floats, stratum: Stratum, inverse: Floats) -> Floats:
    """Return the derivative of the log determinant of the information in this stratum.

    It is the third central moment of the covariates in each term, two of its three sides closed with the
    inverse information: with q = x' V x and means m, E[q x] - E[q] m - 2 E[x x'] V m + 2 (m' V m) m.
    """
    now, design, slot = moments(coefficients, stratum), stratum.design, stratum.step_slot
    risk, dying = stratum.counts * now.relative, stratum.deaths * now.relative

    def mean(values: Floats) -> Floats:
        axes = (slice(None), *[None] * (values.ndim - 1))
        sums = stratum.sums_at_risk(risk[axes] * values)[slot]
        sums = sums - stratum.step_share[axes] * stratum.sums_of_deaths(dying[axes] * values)[slot]
        return np.asarray(sums / now.sums[axes], dtype=np.float64)

    square = ((design @ inverse) * design).sum(axis=1)
    means = mean(design)
    turned = means @ inverse
    third = mean(square[:, None] * design) - mean(square)[:, None] * means
    third -= 2 * np.einsum("sj,sjk->sk", turned, mean(design[:, :, None] * design[:, None, :]))
    third += 2 * (turned * means).sum(axis=1)[:, None] * means
    return np.asarray(stratum.step_weight @ third, dtype=np.float64)


def _peak(strata: list[Stratum], start: Floats, free: Counts) -> Peak:
    """Return the maximum over the free coefficients, the others held at their start."""
    coefficients, value = start, _penalised(start, strata)
    part = np.ix_(free, free)
    for _ in range(MAX_STEPS):
        score, information = _penalised_score(coefficients, strata)
        step = np.zeros(start.size)
        curvature = _curvature(coefficients, strata, score, information)
        step[free] = np.linalg.solve(curvature[part] if _is_bent(curvature[part]) else information[part], score[free])
        gain = float(score[free] @ step[free])
        step *= LONGEST_STEP / max(LONGEST_STEP, float(np.abs(step).max()))
        coefficients, value, moved = _halved_step(coefficients, value, step, strata)
        if gain < SMALLEST_GAIN or not moved:
            return Peak(coefficients, value, information, step)
    raise ValueError(f"the penalised Cox model did not converge in {MAX_STEPS} steps; leave out a column")


def _curvature(coefficients: Floats, strata: list[Stratum], score: Floats, information: Floats) -> Floats:
    """Return negative second derivatives, those of the penalty included, by differences of the score.

    The information alone is too flat by up to half, so that steps by it may swing for ever.
    """
    curvature = np.empty_like(information)
    for at in range(coefficients.size):
        near = coefficients.copy()
        near[at] += NEARBY
        curvature[:, at] = (score - _penalised_score(near, strata)[0]) / NEARBY
    return (curvature + curvature.T) / 2


def _is_bent(curvature: Floats) -> bool:
    return bool(np.linalg.eigvalsh(curvature)[0] > 0)


def _halved_step(coefficients: Floats, value: float, step: Floats, strata: list[Stratum]) -> tuple[Floats, float, bool]:
    for halving in range(MAX_HALVINGS):
        candidate = coefficients + step / 2**halving
        candidate_value = _penalised(candidate, strata)
        if candidate_value >= value - 1e-13 * abs(value):
            return candidate, candidate_value, True
    return coefficients, value, False


def _deviance(strata: list[Stratum], best: Peak, at: int, held: float) -> float:
    """Return twice the drop of the penalised log-likelihood if one coefficient is held there."""
    free = np.delete(np.arange(best.coefficients.size), at)
    start = best.coefficients.copy()
    start[at] = held
    value = _peak(strata, start, free).value if free.size else _penalised(start, strata)
    return max(0.0, 2 * (best.value - value))


def _hazard_ratio(placed: PlacedCox, best: Peak, at: int, method: str, conf_level: float) -> Estimate:
    error = math.sqrt(np.linalg.inv(best.information)[at, at])
    reach = math.sqrt(float(chi2.ppf(conf_level, 1)))
    point, deviation = float(best.coefficients[at]), float(placed.deviations[at])
    deviance = partial(_deviance, placed.strata, best, at)
    low, high = (deviance_limit(deviance, point, side * error, reach) for side in (-1, 1))
    with np.errstate(over="ignore"):
        low, ratio, high = np.exp(np.array([low, point, high]) / deviation).tolist()
    return Estimate(
        ratio,
        low,
        high,
        placed.cells.n,
        f"{method}, penalised profile-likelihood limits, p from the penalised likelihood ratio",
        std_error=ratio * error / deviation,
        p_value=float(chi2.sf(deviance(0.0), 1)),
        conf_level=conf_level,
        events=placed.cells.events,
    )
