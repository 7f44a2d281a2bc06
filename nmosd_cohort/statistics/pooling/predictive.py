"""What shares of past studies say about the share of a further one, by summing over mean and spread."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit, log_expit, ndtr, ndtri

from nmosd_cohort.statistics.estimate import Floats, as_number, check_counts

MEAN_SD = 2.0  # logits: 95 % of mean shares between 2 and 98 %
TAU_SCALE = 1.0  # logits: half of all spreads below 0.67, 95 % below 1.96
REACH = 9.0  # standard deviations beyond which a normal density counts as 0
TAU_REACH = 6.0
STEP = 0.3  # of the narrowest standard deviation: sums are then exact to more digits than are kept
LARGEST_TAU_STEP = 0.05
TAU_SCALES, MEAN_SDS = (0.05, 10.0), (0.05, 100.0)  # of any use, and of sums that a computer can hold
NEGLIGIBLE = 1e-14


@dataclass(frozen=True, slots=True, eq=False)
class Predictive:
    """Distribution of the true share of one further study, as a mixture of normal distributions of its logit.

    Parameters
    ----------
    weights, means, sds
        One entry for each pair of mean and spread that was summed over; weights add up to 1.
    tau_mean
        Mean of the spread between studies, in logits, given the studies.
    k, n
        Studies, and their patients.

    Examples
    --------
    >>> further_share([12, 20, 9], [40, 61, 35]).k
    3
    """

    weights: Floats
    means: Floats
    sds: Floats
    tau_mean: float
    k: int
    n: int

    def cdf(self, share: float) -> float:
        """Return the probability that the share of a further study is no larger than this one."""
        if not 0 < share < 1:
            return float(share >= 1)
        return self._below(math.log(share / (1 - share)))

    def quantile(self, level: float) -> float:
        """Return the share that a further study stays below with this probability."""
        ends = self.means + ndtri(level) * self.sds
        low, high = float(ends.min()), float(ends.max())
        if high - low < 1e-12:
            return float(expit(low))
        return float(expit(brentq(lambda logit: self._below(logit) - level, low - 1e-9, high + 1e-9, xtol=1e-12)))

    def density(self, logits: Floats) -> Floats:
        """Return the density of the logit of the share at these logits."""
        density = np.zeros(logits.size)
        for part in np.array_split(np.arange(self.weights.size), 1 + self.weights.size // 2000):
            z = (logits[:, None] - self.means[part]) / self.sds[part]
            density += np.exp(-0.5 * z**2) @ (self.weights[part] / self.sds[part])
        return density / math.sqrt(2 * math.pi)

    def _below(self, logit: float) -> float:
        return float(self.weights @ ndtr((logit - self.means) / self.sds))


def further_share(
    events: ArrayLike, n: ArrayLike, *, mean_sd: float = MEAN_SD, tau_scale: float = TAU_SCALE
) -> Predictive:
    """Share of one further study of the kind of the past ones: the meta-analytic-predictive distribution.

    Parameters
    ----------
    events, n
        Patients with the event, and patients, one entry a past study. Studies without patients are left out.
    mean_sd
        SD of the normal prior around 0 of the mean logit, from 0.05 to 100. The default holds every mean share for
        possible.
    tau_scale
        Scale of the half-normal prior of the SD of logits between studies, from 0.05 to 10. 1 admits everything
        from no spread to a very large one; 0.5 holds large spreads for unlikely and borrows more.

    Returns
    -------
    Predictive
        Nothing random is in it: sums over a fine grid, exact to five decimals of a share.

    Raises
    ------
    ValueError
        If a count is missing, negative or not whole, there are more events than patients, no study has patients,
        or a prior is out of its range.

    Notes
    -----
    Neuenschwander, Capkun-Niggli, Branson and Spiegelhalter 2010, Clinical Trials 7:5-18. Binomial counts, normal
    logits. The sums are trapezoid and midpoint sums of smooth functions, whose error falls exponentially with the
    step; the midpoints of tau are those of a function that is even around 0.

    Examples
    --------
    >>> ankylosing = further_share([23, 12, 19, 9, 39, 6, 9, 10], [107, 44, 51, 39, 139, 20, 78, 35])
    >>> [round(ankylosing.quantile(level), 2) for level in (0.025, 0.5, 0.975)]
    [0.11, 0.25, 0.47]
    """
    sizes = check_counts(n, size=np.size(n), name="n")
    affected = check_counts(events, size=sizes.size, name="events")
    if (affected > sizes).any():
        study = int(np.argmax(affected > sizes))
        raise ValueError(f"past study {study + 1} has {affected[study]} events in {sizes[study]} patients")
    if not sizes.any():
        raise ValueError("no past study has patients; there is nothing to borrow from")
    spread = as_number("mean_sd", mean_sd, low=MEAN_SDS[0], high=MEAN_SDS[1])
    scale = as_number("tau_scale", tau_scale, low=TAU_SCALES[0], high=TAU_SCALES[1])
    kept = sizes > 0
    return _summed(tuple(affected[kept].tolist()), tuple(sizes[kept].tolist()), spread, scale)


@lru_cache(maxsize=64)
def _summed(events: tuple[int, ...], n: tuple[int, ...], mean_sd: float, tau_scale: float) -> Predictive:
    affected, sizes = np.array(events, dtype=np.float64), np.array(n, dtype=np.float64)
    width = min(LARGEST_TAU_STEP, tau_scale / 4)
    taus = width * (np.arange(math.ceil(TAU_REACH * tau_scale / width)) + 0.5)
    grids = [_means(float(tau), affected, sizes, mean_sd) for tau in taus]
    logs = [
        _log_likelihood(mean, float(tau), affected, sizes)
        - 0.5 * (mean / mean_sd) ** 2
        - 0.5 * (tau / tau_scale) ** 2
        + math.log(mean[1] - mean[0])
        for mean, tau in zip(grids, taus, strict=True)
    ]
    every = np.concatenate(logs)
    weights = np.exp(every - every.max())
    weights /= weights.sum()
    sds = np.repeat(taus, [mean.size for mean in grids])
    kept = weights > NEGLIGIBLE
    means = np.concatenate(grids)[kept]
    weights, sds = weights[kept] / weights[kept].sum(), sds[kept]
    return Predictive(weights, means, sds, float(weights @ sds), len(n), sum(n))


def _logits(events: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Return the logit of each study and its variance, half a patient added on either side."""
    with_event, without = events + 0.5, n - events + 0.5
    return np.log(with_event / without), 1 / with_event + 1 / without


def _means(tau: float, events: Floats, n: Floats, mean_sd: float) -> Floats:
    """Return evenly spaced mean logits over all that are possible at this tau."""
    logits, variances = _logits(events, n)
    precision = 1 / (variances + tau**2)
    total = float(precision.sum()) + 1 / mean_sd**2
    centre, spread = float(precision @ logits) / total, 1 / math.sqrt(total)
    step = min(STEP * spread, tau)
    half = math.ceil(REACH * spread / step)
    return np.asarray(centre + step * np.arange(-half, half + 1), dtype=np.float64)


def _log_likelihood(means: Floats, tau: float, events: Floats, n: Floats) -> Floats:
    """Return the log-likelihood of each mean at this tau, the studies' own logits summed over."""
    logits, variances = _logits(events, n)
    step = STEP * min(2 * math.sqrt(float(variances.min())), 2 * tau)
    low = min(float(means[0]), float(logits.min())) - REACH * tau
    high = max(float(means[-1]), float(logits.max())) + REACH * tau
    own = np.arange(low, high + step, step)
    log_given_own = events * log_expit(own)[:, None] + (n - events) * log_expit(-own)[:, None]
    top = log_given_own.max(axis=0)
    given_own = np.exp(log_given_own - top)
    nearness = np.exp(-0.5 * ((means[:, None] - own) / tau) ** 2) * (step / (tau * math.sqrt(2 * math.pi)))
    likelihood: Floats = np.maximum(nearness @ given_own, np.finfo(float).tiny)
    logs: Floats = np.log(likelihood) + top
    return np.asarray(logs.sum(axis=1), dtype=np.float64)
