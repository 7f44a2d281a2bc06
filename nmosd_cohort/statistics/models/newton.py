"""Newton's method for log-likelihoods: the highest point, all parameters free or some held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nmosd_cohort.statistics.estimate import Counts, Floats

MAX_STEPS = 200
MAX_HALVINGS = 30
# The information of a penalised likelihood leaves out the penalty: cheap and mostly enough. Where it crawls
# after so many steps, exact second derivatives take over.
CHEAP_STEPS = 5
# Most that a step changes the log odds of any patient.
LONGEST_STEP = 5.0
# A predicted gain below this cannot be told from rounding once no step goes up any more.
ROUNDING_GAIN = 1e-7
# So near to the maximum, sums over millions of events may fall by this much from rounding alone; the score decides.
NOISE = 1e-8


@dataclass(frozen=True, slots=True)
class Point:
    """Parameters of a model with the log-likelihood, its first and its negative (expected) second derivatives."""

    parameters: Floats
    value: float
    score: Floats
    information: Floats


class Likelihood(Protocol):
    """A log-likelihood, penalised or not."""

    def at(self, parameters: Floats) -> Point | None:
        """Return the point at these parameters, None where the likelihood is 0 or flat."""

    def curvature(self, point: Point) -> Floats:
        """Return the exact negative second derivatives."""

    def stretch(self, direction: Floats) -> float:
        """Return the most that a step in this direction changes the log odds of any patient."""


class NoMaximumError(ValueError):
    """The climb found no maximum."""


class ZeroLikelihoodError(NoMaximumError):
    """The likelihood is 0 where the climb begins, if only by rounding."""


def climb(likelihood: Likelihood, start: Floats, free: Counts, *, smallest_gain: float) -> Point:
    """Return the highest point over the free parameters, the others held at their start.

    Parameters
    ----------
    likelihood
        What is climbed.
    start
        Shape (p,), where the climb begins.
    free
        Positions of the parameters that may move.
    smallest_gain
        The climb ends where Newton's method expects to rise by less than half of this; the square root is
        the distance to the maximum in standard errors.

    Raises
    ------
    NoMaximumError
        If the likelihood is 0 at the start or still rises after the last step.

    Examples
    --------
    >>> from nmosd_cohort.statistics.models.cumulative_link import CumulativeLikelihood, sort_by_level
    >>> cells = sort_by_level(np.array([0, 1]), np.zeros((2, 0)), np.array([1, 3]))
    >>> top = climb(CumulativeLikelihood(cells), np.zeros(1), np.array([0]), smallest_gain=1e-12)
    >>> round(float(top.parameters[0]), 6)
    -1.098612
    """
    point = likelihood.at(start)
    if point is None:
        raise ZeroLikelihoodError("the likelihood is 0 where the climb begins")
    for number in range(MAX_STEPS):
        step = _step(likelihood, point, free, exact=number >= CHEAP_STEPS)
        gain = float(point.score @ step)
        if gain < smallest_gain:
            return point
        step *= min(1.0, LONGEST_STEP / max(likelihood.stretch(step), LONGEST_STEP))
        higher = _higher(likelihood, point, step)
        if higher is None:
            if gain < ROUNDING_GAIN:
                return point
            raise NoMaximumError("no step goes up although the likelihood is not at its maximum")
        point = higher
    raise NoMaximumError(f"the model did not converge in {MAX_STEPS} steps")


def _step(likelihood: Likelihood, point: Point, free: Counts, *, exact: bool) -> Floats:
    part = np.ix_(free, free)
    curvature = point.information[part]
    if exact:
        candidate = likelihood.curvature(point)[part]
        curvature = candidate if np.linalg.eigvalsh(candidate)[0] > 0 else curvature
    step = np.zeros(point.parameters.size)
    try:
        step[free] = np.linalg.solve(curvature, point.score[free])
    except np.linalg.LinAlgError as error:
        raise NoMaximumError("the likelihood is flat") from error
    return step


def _higher(likelihood: Likelihood, point: Point, step: Floats) -> Point | None:
    lowest, slope = point.value - 1e-13 * abs(point.value), float(point.score @ step)
    for halving in range(MAX_HALVINGS):
        candidate = likelihood.at(point.parameters + step / 2**halving)
        if candidate is None:
            continue
        is_flatter = slope < NOISE and abs(float(candidate.score @ step)) < slope
        if candidate.value >= (lowest - NOISE if is_flatter else lowest):
            return candidate
    return None
