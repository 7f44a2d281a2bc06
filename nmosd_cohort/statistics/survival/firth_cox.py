"""Cox's model with Firth's penalty: finite hazard ratios even where the likelihood is monotone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Estimate, Floats, check_conf_level
from nmosd_cohort.statistics.models.newton import NoMaximumError, Point
from nmosd_cohort.statistics.models.profile_likelihood import highest_profiles, profiled_ratio
from nmosd_cohort.statistics.survival.cox import TIES_LABELS, place_cox
from nmosd_cohort.statistics.survival.cox_likelihood import (
    CoxLikelihood,
    Stratum,
    Ties,
    moments,
    score_and_information,
)

METHOD = "penalised profile-likelihood limits, p from the penalised likelihood ratio"
# The climb stops within the square root of this many standard errors of the maximum.
SMALLEST_GAIN = 1e-18
# Distance over which the score is differenced; the curvature only sets the pace.
NEARBY = 1e-5


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
    likelihood, columns = FirthCoxLikelihood(placed.strata), range(len(placed.names))
    try:
        top, limits, has_several = highest_profiles(
            likelihood, np.zeros(len(columns)), columns, level, smallest_gain=SMALLEST_GAIN
        )
    except NoMaximumError as error:
        raise ValueError(f"penalised Cox model: {error}; leave out a column") from error
    method = f"Firth Cox model, {TIES_LABELS[ties]}, {METHOD}"
    method += "; highest of several maxima of the likelihood" if has_several else ""
    n, events = placed.cells.n, placed.cells.events
    return {
        name: profiled_ratio(
            top, at, limits[at], float(placed.deviations[at]), n, method, conf_level=level, events=events
        )
        for at, name in enumerate(placed.names)
    }


@dataclass(frozen=True, slots=True)
class FirthCoxLikelihood:
    """The log partial likelihood plus half the log determinant of the information (Jeffreys prior)."""

    strata: list[Stratum]

    def at(self, parameters: Floats) -> Point | None:
        """Return the point with Firth's modified score, None where the information is singular."""
        plain = CoxLikelihood(self.strata).at(parameters)
        sign, determinant = (0.0, 0.0) if plain is None else np.linalg.slogdet(plain.information)
        if plain is None or sign <= 0:
            return None
        return Point(parameters, plain.value + float(determinant) / 2, *_penalised_score(parameters, self.strata))

    def curvature(self, point: Point) -> Floats:
        """Return negative second derivatives, those of the penalty included, by differences of the score."""
        near = point.parameters + NEARBY * np.eye(point.parameters.size)
        curvature = np.array([point.score - _penalised_score(row, self.strata)[0] for row in near]) / NEARBY
        return (curvature + curvature.T) / 2

    def stretch(self, direction: Floats) -> float:
        """Return the most that a step in this direction moves the log hazards of two patients apart."""
        return CoxLikelihood(self.strata).stretch(direction)


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
