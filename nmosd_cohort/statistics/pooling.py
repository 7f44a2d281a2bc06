"""Shares of several studies or sites put together, with the spread between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import t

from nmosd_cohort.statistics.estimate import Counts, Floats, check_conf_level, check_counts
from nmosd_cohort.statistics.proportions import proportion


@dataclass(frozen=True, slots=True)
class Pooled:
    """Mean share of k studies on the logit scale, and where the share of a further study would lie.

    Parameters
    ----------
    estimate, conf_low, conf_high
        Mean share with its limits, from 0 to 1.
    prediction_low, prediction_high
        Limits for the true share of one further study; NaN with fewer than three studies.
    tau2
        Variance between studies on the logit scale; NaN with one study.
    i2
        Share of the variance of the estimates that lies between studies; NaN with one study.
    q
        Cochran's Q, chi-square with k - 1 degrees of freedom if all studies have the same share.
    k
        Studies.
    method
        How the numbers were made.
    """

    estimate: float
    conf_low: float
    conf_high: float
    prediction_low: float
    prediction_high: float
    tau2: float
    i2: float
    q: float
    k: int
    method: str


def pool_proportions(events: ArrayLike, n: ArrayLike, *, conf_level: float = 0.95) -> Pooled:
    """Mean share over studies that differ in their true share, each study one draw.

    Parameters
    ----------
    events, n
        Patients with the event, and patients, one entry a study. Studies without patients are left out.
    conf_level
        Coverage of the limits and of the prediction limits.

    Returns
    -------
    Pooled
        Random-effects model on the logit scale: variance between studies by REML, limits by Hartung and
        Knapp with t(k - 1), prediction limits with t(k - 2). Where REML finds no variance between
        studies the standard error is not let below that without the Hartung-Knapp factor, as the factor
        can then be near 0. A study with none or all of its patients affected gets half a patient added on
        either side. One study is returned as it is, with Wilson limits.

    Raises
    ------
    ValueError
        If a count is missing, negative or not whole, there are more events than patients, or no study
        has patients.

    Notes
    -----
    Hartung and Knapp 2001; Viechtbauer 2005 (REML); Higgins, Thompson and Spiegelhalter 2009
    (prediction limits); Roever, Knapp and Friede 2015 (the floor).

    Examples
    --------
    >>> pooled = pool_proportions([117, 125, 81, 25], [145, 166, 122, 29])
    >>> round(pooled.estimate, 3), round(pooled.conf_low, 3), round(pooled.conf_high, 3)
    (0.76, 0.615, 0.863)
    """
    level = check_conf_level(conf_level)
    affected, patients = _studies(events, n)
    if patients.size == 1:
        return _single_study(int(affected[0]), int(patients[0]), level)
    logits, variances = _logits(affected, patients)
    tau2 = _reml_variance(logits, variances)
    weights = 1 / (variances + tau2)
    mean = float(weights @ logits / weights.sum())
    error = _knapp_hartung_error(logits, weights, mean, tau2)
    k = patients.size
    low, high = _limits(mean, error, k - 1, level)
    prediction_low, prediction_high = _limits(mean, math.hypot(error, math.sqrt(tau2)), k - 2, level)
    q, i2 = _heterogeneity(logits, variances, tau2)
    method = "random-effects model on the logit scale, REML, Hartung-Knapp limits"
    share = float(expit(mean))
    return Pooled(share, low, high, prediction_low, prediction_high, tau2, i2, q, k, method)


def _studies(events: ArrayLike, n: ArrayLike) -> tuple[Counts, Counts]:
    patients = check_counts(n, size=np.size(n), name="n")
    affected = check_counts(events, size=patients.size, name="events")
    if (affected > patients).any():
        study = int(np.argmax(affected > patients))
        raise ValueError(
            f"study {study + 1} has {affected[study]} events in {patients[study]} patients; "
            "events cannot exceed patients"
        )
    if not patients.any():
        raise ValueError("no study has patients; there is nothing to pool")
    return affected[patients > 0], patients[patients > 0]


def _single_study(events: int, n: int, conf_level: float) -> Pooled:
    share = proportion(events, n, conf_level=conf_level)
    nan = math.nan
    return Pooled(
        share.estimate, share.conf_low, share.conf_high, nan, nan, nan, nan, nan, 1, "one study, Wilson limits"
    )


def _logits(events: Counts, n: Counts) -> tuple[Floats, Floats]:
    extra = np.where((events == 0) | (events == n), 0.5, 0.0)
    with_event, without = events + extra, n - events + extra
    return np.log(with_event / without), 1 / with_event + 1 / without


def _reml_variance(estimates: Floats, variances: Floats) -> float:
    """Return where the slope of the restricted likelihood is 0, or 0 if it falls from the start."""

    def slope(tau2: float) -> float:
        weights = 1 / (variances + tau2)
        mean = weights @ estimates / weights.sum()
        return float(weights**2 @ (estimates - mean) ** 2 - weights.sum() + weights @ weights / weights.sum())

    if slope(0.0) <= 0:
        return 0.0
    # With P the projection of the model, the slope is y'PPy - tr P <= largest eigenvalue (y'Py - 1), and
    # y'Py is below k range^2 / (4 tau2): beyond this value the slope is negative.
    highest = estimates.size * float(np.ptp(estimates)) ** 2
    return float(brentq(slope, 0.0, highest, xtol=1e-14, rtol=1e-13))


def _knapp_hartung_error(estimates: Floats, weights: Floats, mean: float, tau2: float) -> float:
    factor = float(weights @ (estimates - mean) ** 2) / (estimates.size - 1)
    if tau2 == 0:
        factor = max(factor, 1.0)
    return math.sqrt(factor / float(weights.sum()))


def _limits(mean: float, error: float, freedom: int, conf_level: float) -> tuple[float, float]:
    """Return limits as shares, NaN without a degree of freedom."""
    if freedom < 1:
        return math.nan, math.nan
    reach = float(t.ppf((1 + conf_level) / 2, freedom)) * error
    return float(expit(mean - reach)), float(expit(mean + reach))


def _heterogeneity(estimates: Floats, variances: Floats, tau2: float) -> tuple[float, float]:
    """Return Cochran's Q and the share of variance between studies (Higgins and Thompson 2002)."""
    weights = 1 / variances
    mean = weights @ estimates / weights.sum()
    typical = (estimates.size - 1) * weights.sum() / (weights.sum() ** 2 - weights @ weights)
    return float(weights @ (estimates - mean) ** 2), float(tau2 / (tau2 + typical))
