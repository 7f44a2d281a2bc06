"""Profile likelihood: limits where the log-likelihood, all else refitted, has dropped as far as chance explains."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import chi2

from nmosd_cohort.statistics.estimate import Counts, Estimate, Floats
from nmosd_cohort.statistics.models.newton import (
    LONGEST_STEP,
    Likelihood,
    NoMaximumError,
    Point,
    ZeroLikelihoodError,
    climb,
)

MAX_TRIALS = 200
# How often the search for limits may come upon a higher maximum and begin again from there.
MAX_RESTARTS = 20
# Limits are found to this precision in standard deviations of the signed root of the deviance.
ROOT_TOLERANCE = 1e-8
# Refits stop within the square root of this many standard errors, which is exact to as much in deviance.
REFIT_GAIN = 1e-10
# On the way there it need not be exact.
ROUGH_GAIN = 1e-3
# A refit above the maximum by more than this in log-likelihood shows that there are two.
HIGHER = 1e-7
# A bracket narrower than this share of a step holds a jump of the profile, not a root.
NARROWEST_BRACKET = 1e-10


class HigherPeakError(Exception):
    """A refit with one parameter held is higher than the maximum; `point` is where."""

    def __init__(self, point: Point) -> None:
        super().__init__("the likelihood has more than one maximum")
        self.point = point


def refit(likelihood: Likelihood, state: Point, at: int, value: float) -> Point:
    """Return the highest point with one parameter held at a value, reached from a state by way of refits.

    The others move with it as the information foretells, in leaps that change no log odds by too much.

    Examples
    --------
    >>> from nmosd_cohort.statistics.models.cumulative_link import CumulativeLikelihood, sort_by_level
    >>> cells = sort_by_level(np.array([0, 0, 1, 1]), np.array([[0.0], [1.0]] * 2), np.array([20, 10, 10, 20]))
    >>> likelihood = CumulativeLikelihood(cells)
    >>> null = refit(likelihood, likelihood.at(np.array([0.7, 1.4])), 1, 0.0)
    >>> bool(abs(null.parameters[0]) < 1e-5)
    True
    """
    free = np.delete(np.arange(state.parameters.size), at)
    while True:
        along = _path(state, at, free)
        distance = value - float(state.parameters[at])
        leaps = max(1, math.ceil(likelihood.stretch(along) * abs(distance) / LONGEST_STEP))
        alone = state.parameters.copy()
        alone[at] = value if leaps == 1 else alone[at] + distance / leaps
        together = state.parameters + along * (distance / leaps)
        together[at] = alone[at]
        gain = REFIT_GAIN if leaps == 1 else ROUGH_GAIN
        try:
            state = climb(likelihood, together, free, smallest_gain=gain)
        except NoMaximumError:
            state = climb(likelihood, alone, free, smallest_gain=gain)
        if leaps == 1:
            return state


def _path(state: Point, at: int, free: Counts) -> Floats:
    """Return how the free parameters follow the held one near a state."""
    along = np.zeros(state.parameters.size)
    along[at] = 1.0
    try:
        along[free] = -np.linalg.solve(state.information[np.ix_(free, free)], state.information[free, at])
    except np.linalg.LinAlgError:
        return along
    return along


def ratio_p_value(top_value: float, null: Point) -> float:
    """Return the p-value of the likelihood-ratio test of one parameter.

    Examples
    --------
    >>> point = Point(np.zeros(1), -10.0, np.zeros(1), np.eye(1))
    >>> round(ratio_p_value(-8.0792, point), 4)
    0.05
    """
    check_peak(top_value, null)
    return float(chi2.sf(max(0.0, 2 * (top_value - null.value)), 1))


def check_peak(top_value: float, state: Point) -> None:
    """Raise `HigherPeakError` if a refit is higher than the maximum by more than rounding.

    Examples
    --------
    >>> check_peak(-8.0, Point(np.zeros(1), -10.0, np.zeros(1), np.eye(1)))
    """
    if state.value > top_value + HIGHER * max(1.0, abs(top_value) * 1e-6):
        raise HigherPeakError(state)


def profile_limit(
    likelihood: Likelihood,
    state: Point,
    at: int,
    *,
    top_value: float,
    target: float,
    start: float,
    stride: float,
    inner: float,
) -> float:
    """Return the value of one parameter where the signed root of its profile deviance equals a target.

    Parameters
    ----------
    likelihood
        Of the model.
    state
        Where refits set out from.
    at
        Position of the parameter.
    top_value
        Highest log-likelihood, or the height that it tends to.
    target
        Signed root of the deviance: below 0 for the lower limit, above for the upper.
    start
        First value tried.
    stride
        Longest first step from it, above 0; doubles with each trial.
    inner
        The estimate, between which and infinity the limit lies; it may be infinite.

    Raises
    ------
    HigherPeakError
        If a refit is higher than the maximum.
    NoMaximumError
        If a refit fails or the limit is not found.

    Examples
    --------
    >>> from nmosd_cohort.statistics.models.cumulative_link import CumulativeLikelihood, maximise, sort_by_level
    >>> cells = sort_by_level(np.array([0, 0, 1, 1]), np.array([[0.0], [1.0]] * 2), np.array([20, 10, 10, 20]))
    >>> likelihood, top = CumulativeLikelihood(cells), maximise(cells)
    >>> options = {"top_value": top.log_likelihood, "target": 1.96, "start": 2.4, "stride": 1.0, "inner": 1.386}
    >>> round(profile_limit(likelihood, likelihood.at(top.parameters), 1, **options), 3)
    2.499
    """

    def signed_root(value: float) -> tuple[float, float]:
        nonlocal state
        try:
            state = refit(likelihood, state, at, value)
        except ZeroLikelihoodError:
            return math.copysign(math.inf, target), 0.0
        check_peak(top_value, state)
        root = math.copysign(math.sqrt(max(0.0, 2 * (top_value - state.value))), target)
        return root, -float(state.score[at]) / root if root else math.inf

    bracket = (inner, math.inf) if target > 0 else (-math.inf, inner)
    return solve_rising(signed_root, target, start, stride, bracket)


def profile_limits(likelihood: Likelihood, top: Point, at: int, conf_level: float) -> tuple[float, float, float]:
    """Return profile-likelihood limits of one parameter and the p-value of its likelihood-ratio test.

    Parameters
    ----------
    likelihood
        Of the model.
    top
        Its maximum, which is finite.
    at
        Position of the parameter.
    conf_level
        Coverage of the limits.

    Raises
    ------
    HigherPeakError
        If a refit is higher than the maximum.
    NoMaximumError
        If a refit fails or a limit is not found.

    Notes
    -----
    Venzon and Moolgavkar 1988 (doi:10.2307/2347496).

    Examples
    --------
    >>> from nmosd_cohort.statistics.models.cumulative_link import CumulativeLikelihood, sort_by_level
    >>> cells = sort_by_level(np.array([0, 0, 1, 1]), np.array([[0.0], [1.0]] * 2), np.array([20, 10, 10, 20]))
    >>> likelihood = CumulativeLikelihood(cells)
    >>> top = climb(likelihood, likelihood.start(), np.arange(2), smallest_gain=1e-20)
    >>> [round(number, 4) for number in profile_limits(likelihood, top, 1, 0.95)]
    [0.3383, 2.4987, 0.0091]
    """
    p_value = ratio_p_value(top.value, refit(likelihood, top, at, 0.0))
    best, reach = float(top.parameters[at]), math.sqrt(chi2.ppf(conf_level, 1))
    distance = reach * math.sqrt(np.linalg.inv(top.information)[at, at])
    low, high = (
        profile_limit(
            likelihood,
            top,
            at,
            top_value=top.value,
            target=side * reach,
            start=best + side * distance,
            stride=distance,
            inner=best,
        )
        for side in (-1, 1)
    )
    return low, high, p_value


def highest_profiles(
    likelihood: Likelihood, start: Floats, positions: Sequence[int], conf_level: float, *, smallest_gain: float
) -> tuple[Point, list[tuple[float, float, float]], bool]:
    """Return the maximum of a likelihood that may have several, `profile_limits` there, and whether it has several.

    Where the search for limits comes upon a higher maximum it begins again from there.

    Examples
    --------
    >>> from nmosd_cohort.statistics.models.cumulative_link import CumulativeLikelihood, sort_by_level
    >>> cells = sort_by_level(np.array([0, 0, 1, 1]), np.array([[0.0], [1.0]] * 2), np.array([20, 10, 10, 20]))
    >>> likelihood = CumulativeLikelihood(cells)
    >>> top, limits, has_several = highest_profiles(likelihood, likelihood.start(), [1], 0.95, smallest_gain=1e-20)
    >>> round(float(top.parameters[1]), 4), len(limits), has_several
    (1.3863, 1, False)
    """
    everything = np.arange(start.size)
    for restarts in range(MAX_RESTARTS):
        top = climb(likelihood, start, everything, smallest_gain=smallest_gain)
        try:
            return top, [profile_limits(likelihood, top, at, conf_level) for at in positions], restarts > 0
        except HigherPeakError as found:
            start = found.point.parameters
    raise NoMaximumError("the penalised likelihood has too many maxima")


def profiled_ratio(
    top: Point,
    at: int,
    limits: tuple[float, float, float],
    deviation: float,
    n: int,
    method: str,
    *,
    conf_level: float,
    events: int,
) -> Estimate:
    """Return exp of a parameter per unit of its column with limits and p-value from `profile_limits`.

    Examples
    --------
    >>> top = Point(np.array([1.0]), -9.0, np.zeros(1), np.eye(1))
    >>> ratio = profiled_ratio(top, 0, (-0.5, 2.0, 0.2), 1.0, 30, "by hand", conf_level=0.95, events=9)
    >>> round(ratio.estimate, 3), round(ratio.conf_low, 3), round(ratio.std_error, 3)
    (2.718, 0.607, 2.718)
    """
    low, high, p_value = limits
    error = math.sqrt(np.linalg.inv(top.information)[at, at]) / deviation
    with np.errstate(over="ignore"):
        low, ratio, high = np.exp(np.array([low, top.parameters[at], high]) / deviation).tolist()
    return Estimate(
        ratio,
        low,
        high,
        n,
        method,
        std_error=ratio * error,
        p_value=p_value,
        conf_level=conf_level,
        events=events,
    )


def solve_rising(
    function: Callable[[float], tuple[float, float]],
    target: float,
    start: float,
    stride: float,
    bracket: tuple[float, float],
) -> float:
    """Return where a rising function of (height, slope) meets the target: Newton's method held in a bracket.

    Where the function jumps over the target, the value above the jump is returned for a target above 0, that
    below it for one below 0.

    Examples
    --------
    >>> round(solve_rising(lambda x: (x**3, 3 * x**2), 8.0, 1.0, 1.0, (0.0, math.inf)), 6)
    2.0
    """
    (low, high), value, narrowest = bracket, start, NARROWEST_BRACKET * stride
    for _ in range(MAX_TRIALS):
        height, slope = function(value)
        if abs(height - target) < ROOT_TOLERANCE:
            return value
        low, high = (value, high) if height < target else (low, value)
        if high - low < narrowest:
            return high if target > 0 else low
        guess = value + (target - height) / slope if slope > 0 else math.copysign(math.inf, target - height)
        guess = min(max(guess, value - stride), value + stride)
        value = guess if low < guess < high else (low + high) / 2
        stride *= 2
    raise NoMaximumError(f"profile-likelihood limit not found in {MAX_TRIALS} trials")
