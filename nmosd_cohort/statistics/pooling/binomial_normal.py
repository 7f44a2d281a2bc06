"""Logistic model of counts with a normal random intercept for each study, by maximum likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logsumexp, xlog1py, xlogy

from nmosd_cohort.statistics.estimate import Counts, Floats

NODES, NODE_WEIGHTS = np.polynomial.hermite.hermgauss(80)
LARGEST_TAU = 8.0  # beyond this nearly every study is all events or none, and the likelihood has no clear peak
TAUS = np.concatenate(([0.0], np.geomspace(0.02, LARGEST_TAU, 20)))  # where the likelihood is searched for peaks


@dataclass(frozen=True, slots=True)
class BinomialNormal:
    """Mean logit, its standard error, the variance between studies, and what they are tested with.

    Parameters
    ----------
    mean, std_error
        Mean of the studies' logits with its standard error from the information on mean and spread together.
    tau2
        Variance of the logits between studies, by maximum likelihood.
    log_likelihood
        Without the binomial coefficients.
    q
        Twice the log-likelihood by which a share of its own for each study beats one share for all.

    Examples
    --------
    >>> fit_binomial_normal(np.array([10, 20]), np.array([40, 80])).tau2
    0.0
    """

    mean: float
    std_error: float
    tau2: float
    log_likelihood: float
    q: float


def fit_binomial_normal(events: Counts, n: Counts) -> BinomialNormal | None:
    """Fit the mean and the spread of the studies' logits to their counts.

    Parameters
    ----------
    events, n
        Patients with the event, and patients, one entry a study, at least two, with events and others in sum.

    Returns
    -------
    BinomialNormal or None
        None if the likelihood has no clear peak below a spread of 8 logits, as when some studies are all events and
        the others have none.

    Notes
    -----
    Stijnen, Hamza and Ozdemir 2010 (doi:10.1002/sim.4040). The integral over the random intercept is taken by
    adaptive Gauss-Hermite quadrature with 80 nodes, its derivatives by Louis' formula with the same nodes.

    Examples
    --------
    >>> fit = fit_binomial_normal(np.array([117, 125, 81, 25]), np.array([145, 166, 122, 29]))
    >>> round(float(expit(fit.mean)), 3)
    0.76
    """
    x, size = events.astype(np.float64), n.astype(np.float64)
    share = float(x.sum() / size.sum())
    fixed = math.log(share / (1 - share))
    together = float((xlogy(x, share) + xlog1py(size - x, -share)).sum())
    apart = float((xlogy(x, x / size) + xlog1py(size - x, -x / size)).sum())
    # At tau 0 the slope by tau is 0; its derivative says whether a spread is more likely than none.
    bend = float(((x - size * share) ** 2).sum() - size.sum() * share * (1 - share))

    def rise(tau: float) -> float:
        return float(_at_best_mean(tau, fixed, x, size)[2][1]) / tau if tau > 0 else bend

    rises = np.array([rise(tau) > 0 for tau in TAUS])
    if rises[-1]:
        return None
    peaks = [] if rises[0] else [0.0]
    peaks += [
        float(brentq(rise, TAUS[place], TAUS[place + 1], xtol=1e-12, rtol=1e-12))
        for place in np.flatnonzero(rises[:-1] & ~rises[1:])
    ]
    fits = [(*_at_best_mean(tau, fixed, x, size), tau) for tau in peaks]
    mean, log_likelihood, _, curve, tau = max(fits, key=lambda fit: fit[1])
    variance = float(-1 / curve[0, 0] if tau == 0 else np.linalg.inv(-curve)[0, 0])
    if not 0 < variance < math.inf:
        return None
    return BinomialNormal(mean, math.sqrt(variance), tau**2, log_likelihood, max(0.0, 2 * (apart - together)))


def _at_best_mean(tau: float, start: float, events: Floats, n: Floats) -> tuple[float, float, Floats, Floats]:
    """Return the mean most likely at this tau, with log-likelihood, gradient and second derivatives there."""
    mean, step, furthest = start, 0.0, 1.0
    while True:
        value, slope, curve = _likelihood(mean, tau, events, n)
        newton = float(-slope[0] / curve[0, 0])
        furthest = furthest / 2 if newton * step < 0 else furthest  # steps to and fro must shrink
        step = max(-furthest, min(furthest, newton))
        if abs(step) < 1e-11:
            return mean, value, slope, curve
        mean += step


def _likelihood(mean: float, tau: float, events: Floats, n: Floats) -> tuple[float, Floats, Floats]:
    """Return the log-likelihood with its gradient and second derivatives by mean and tau."""
    centre, width = _modes(mean, tau, events, n)
    u = centre[:, None] + math.sqrt(2) * width[:, None] * NODES
    logits = mean + tau * u
    joint = events[:, None] * logits - n[:, None] * np.logaddexp(0, logits) - u**2 / 2
    parts = joint + np.log(NODE_WEIGHTS) + NODES**2
    totals = logsumexp(parts, axis=1)
    value = float((totals + np.log(width) - 0.5 * math.log(math.pi)).sum())
    posterior = np.exp(parts - totals[:, None])
    shares = expit(logits)
    residual = events[:, None] - n[:, None] * shares
    scores = np.stack([residual, residual * u])
    means = (posterior * scores).sum(-1)
    bend = n[:, None] * shares * (1 - shares)
    bends = np.stack([np.stack([bend, bend * u]), np.stack([bend * u, bend * u**2])])
    squares = (posterior * (scores[:, None] * scores[None, :] - bends)).sum((-1, -2))
    return value, means.sum(-1), squares - means @ means.T


def _modes(mean: float, tau: float, events: Floats, n: Floats) -> tuple[Floats, Floats]:
    """Return where each study's standardised intercept is most likely, and the width of the peak there."""
    u = np.zeros(events.size)
    step, furthest = np.zeros(events.size), np.ones(events.size)
    while True:
        share = expit(mean + tau * u)
        newton = (tau * (events - n * share) - u) / (1 + tau**2 * n * share * (1 - share))
        furthest = np.where(newton * step < 0, furthest / 2, furthest)  # steps to and fro must shrink
        step = np.clip(newton, -furthest, furthest)
        u = u + step
        if float(np.abs(step).max()) < 1e-9:
            break
    share = expit(mean + tau * u)
    return u, 1 / np.sqrt(1 + tau**2 * n * share * (1 - share))
