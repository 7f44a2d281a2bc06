"""Variance between studies: its estimators, its limits, and what it is set against the variance within them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import chi2

from nmosd_cohort.statistics.estimate import Floats, check_option

Tau2Method = Literal["REML", "DL", "PM", "fixed"]
GRID = 80  # places at which the restricted likelihood is searched for more than one peak


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """How far studies (of one group) differ beyond the play of chance.

    Parameters
    ----------
    tau2, tau2_low, tau2_high
        Variance between studies with its limits, on the scale of the effects.
    i2, i2_low, i2_high
        Share of the variance of the effects that lies between studies, from 0 to 1.
    h2
        Total variance over the variance within studies.
    q, freedom, q_p
        Cochran's Q, its degrees of freedom, and its p-value against equal effects.

    Examples
    --------
    >>> heterogeneity(np.array([0.1, 0.5]), np.array([0.01, 0.01])).freedom
    1
    """

    tau2: float
    tau2_low: float
    tau2_high: float
    i2: float
    i2_low: float
    i2_high: float
    h2: float
    q: float
    freedom: int
    q_p: float


def heterogeneity(
    effects: Floats,
    variances: Floats,
    *,
    groups: NDArray[np.int64] | None = None,
    tau2_method: Tau2Method = "REML",
    conf_level: float = 0.95,
) -> Heterogeneity:
    """Variance between the studies of a group, the same in all groups, with Q and what follows from it.

    Parameters
    ----------
    effects, variances
        One entry a study; variances are those within studies, above 0.
    groups
        Group of each study as 0, 1, ...; None puts all studies in one.
    tau2_method
        ``REML``, ``DL`` (DerSimonian and Laird), ``PM`` (Paule and Mandel), or ``fixed`` for none.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Heterogeneity
        Limits by the Q profile whatever the estimator, so that a point estimate may lie outside of them. Where
        even no variance between studies makes Q improbably small, both limits are 0. I2 and H2 follow from tau2
        and the typical variance within studies; with ``fixed`` they follow from Q, and the limits are NaN.

    Raises
    ------
    ValueError
        If `tau2_method` is not allowed, or there are not more studies than groups.

    Notes
    -----
    REML: Viechtbauer 2005 (doi:10.3102/10769986030003261); where the restricted likelihood has several peaks the
    highest is taken. DerSimonian and Laird 1986 (doi:10.1016/0197-2456(86)90046-2). Paule and Mandel 1982
    (doi:10.6028/jres.087.022). Q profile: Viechtbauer 2007 (doi:10.1002/sim.2514). I2 and H2: Higgins and
    Thompson 2002 (doi:10.1002/sim.1186).

    Examples
    --------
    >>> spread = heterogeneity(np.array([0.0, 1.0, 2.0]), np.array([0.2, 0.2, 0.2]))
    >>> round(spread.tau2, 6), round(spread.i2, 6), round(spread.q, 6)
    (0.8, 0.8, 10.0)
    """
    check_option("tau2_method", tau2_method, get_args(Tau2Method))
    membership = _membership(effects.size, groups)
    freedom = effects.size - membership.shape[1]
    if freedom < 1:
        raise ValueError(f"{effects.size} studies in {membership.shape[1]} groups leave no variance between them")
    q = float(_generalised_q(0.0, effects, variances, membership))
    if tau2_method == "fixed":
        nan = math.nan
        i2 = max(0.0, (q - freedom) / q) if q > 0 else 0.0
        return Heterogeneity(0.0, nan, nan, i2, nan, nan, q / freedom, q, freedom, float(chi2.sf(q, freedom)))
    typical = typical_variance(variances, groups=groups)
    if tau2_method == "REML":
        tau2 = _reml_variance(effects, variances, membership)
    elif tau2_method == "DL":
        tau2 = max(0.0, (q - freedom) * typical / freedom)
    else:
        tau2 = _variance_at_q(freedom, effects, variances, membership)
    tail = (1 - conf_level) / 2
    low, high = (
        _variance_at_q(float(chi2.ppf(level, freedom)), effects, variances, membership) for level in (1 - tail, tail)
    )
    i2, i2_low, i2_high = (value / (value + typical) for value in (tau2, low, high))
    h2 = tau2 / typical + 1
    return Heterogeneity(tau2, low, high, i2, i2_low, i2_high, h2, q, freedom, float(chi2.sf(q, freedom)))


def typical_variance(variances: Floats, *, groups: NDArray[np.int64] | None = None) -> float:
    """Return the typical variance within studies, which I2 sets the variance between them against.

    Notes
    -----
    Higgins and Thompson 2002 (doi:10.1002/sim.1186).

    Examples
    --------
    >>> round(typical_variance(np.array([0.2, 0.2, 0.2])), 6)
    0.2
    """
    membership = _membership(variances.size, groups)
    weights = 1 / variances
    spare = float(weights.sum() - (weights**2 @ membership / (weights @ membership)).sum())
    return float(variances.size - membership.shape[1]) / spare


def _membership(size: int, groups: NDArray[np.int64] | None) -> Floats:
    """Return one column a group, 1 where the study belongs to it."""
    if groups is None:
        return np.ones((size, 1))
    return np.asarray(groups[:, None] == np.arange(groups.max() + 1), dtype=np.float64)


def _weighted(
    tau2: float | Floats, effects: Floats, variances: Floats, membership: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return weights, their sum by group, and distances from the group mean; one row for each `tau2`."""
    weights = 1 / (variances + np.asarray(tau2)[..., None])
    sums = weights @ membership
    means = (weights * effects) @ membership / sums
    return weights, sums, effects - means @ membership.T


def _generalised_q(tau2: float | Floats, effects: Floats, variances: Floats, membership: Floats) -> Floats:
    weights, _, distances = _weighted(tau2, effects, variances, membership)
    return np.asarray((weights * distances**2).sum(-1))


def _slope(tau2: float | Floats, effects: Floats, variances: Floats, membership: Floats) -> Floats:
    """Return twice the derivative of the restricted log-likelihood by tau2."""
    weights, sums, distances = _weighted(tau2, effects, variances, membership)
    trace = weights.sum(-1) - (weights**2 @ membership / sums).sum(-1)
    return np.asarray((weights**2 * distances**2).sum(-1) - trace)


def _restricted(tau2: float, effects: Floats, variances: Floats, membership: Floats) -> float:
    """Return the restricted log-likelihood but for a constant."""
    weights, sums, distances = _weighted(tau2, effects, variances, membership)
    return float(np.log(weights).sum() - np.log(sums).sum() - (weights * distances**2).sum()) / 2


def _reml_variance(effects: Floats, variances: Floats, membership: Floats) -> float:
    """Return where the restricted likelihood is highest."""
    spread = float(np.ptp(effects)) ** 2
    if spread == 0:
        return 0.0
    # With P the projection of the model, the slope is y'PPy - tr P <= largest eigenvalue (y'Py - 1), and
    # y'Py is below k range^2 / (4 tau2): beyond this value the slope is negative.
    highest = effects.size * spread
    grid = np.concatenate(([0.0], np.geomspace(highest * 1e-10, highest, GRID)))
    rises = _slope(grid, effects, variances, membership) > 0
    peaks = [] if rises[0] else [0.0]
    peaks += [
        _root(lambda at: float(_slope(at, effects, variances, membership)), grid[place], grid[place + 1], highest)
        for place in np.flatnonzero(rises[:-1] & ~rises[1:])
    ]
    return max(peaks, key=lambda at: _restricted(at, effects, variances, membership))


def _variance_at_q(target: float, effects: Floats, variances: Floats, membership: Floats) -> float:
    """Return the tau2 at which the generalised Q has this value, 0 if it is smaller from the start."""
    if _generalised_q(0.0, effects, variances, membership) <= target:
        return 0.0
    highest = effects.size * float(np.ptp(effects)) ** 2 / target
    return _root(lambda at: float(_generalised_q(at, effects, variances, membership)) - target, 0.0, highest, highest)


def _root(falling: Callable[[float], float], low: float, high: float, scale: float) -> float:
    return float(brentq(falling, low, high, xtol=max(scale * 1e-17, 1e-300), rtol=1e-14))
