"""Sums over 0, 1 ... events less one in the negative binomial likelihood, at a cost that is bounded for any count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nmosd_cohort.statistics.estimate import Floats

# Sums of more terms than this go on as an integral with Euler and Maclaurin's correction.
EXACT_TERMS = 1000
# Below this dispersion times mean, a series takes the place of a difference that would lose digits.
SERIES_BELOW = 0.02
SERIES_TERMS = 10


def log_rising(events: Floats, dispersion: float) -> Floats:
    """Return the sum of log(1 + dispersion j) over j below each number of events, which is gammas' log ratio.

    Notes
    -----
    A difference of log-gammas would lose its digits at small dispersions.

    Examples
    --------
    >>> np.exp(log_rising(np.array([0.0, 3.0]), 2.0)).round(9).tolist()  # 1 x 3 x 5
    [1.0, 15.0]
    """

    def integral(to: Floats) -> Floats:
        scaled = dispersion * to
        return ((1 + scaled) * np.log1p(scaled) - scaled) / dispersion

    def correction(at: Floats) -> Floats:
        slope = dispersion / (1 + dispersion * at)
        return slope / 12 - 2 * slope**3 / 720

    return _sum_below(events, lambda j: np.log1p(dispersion * j), integral, correction)


def rising_slope(events: Floats, dispersion: float) -> Floats:
    """Return the derivative of `log_rising` by the dispersion: the sum of j / (1 + dispersion j).

    Examples
    --------
    >>> rising_slope(np.array([0.0, 3.0]), 0.0).tolist()  # 1 + 2
    [0.0, 3.0]
    """

    def integral(to: Floats) -> Floats:
        scaled = dispersion * to
        return to**2 * (1 / (1 + scaled) - bend(scaled))

    def correction(at: Floats) -> Floats:
        factor = 1 / (1 + dispersion * at)
        return factor**2 / 12 - 6 * dispersion**2 * factor**4 / 720

    return _sum_below(events, lambda j: j / (1 + dispersion * j), integral, correction)


def bend(size: Floats) -> Floats:
    """Return (log(1 + x) - x / (1 + x)) / x^2, which is 1/2 at 0.

    Examples
    --------
    >>> bend(np.array([0.0, 1.0])).round(6).tolist()
    [0.5, 0.193147]
    """
    powers = np.arange(SERIES_TERMS)
    series = ((powers + 1) / (powers + 2) * (-np.minimum(size, SERIES_BELOW)[:, None]) ** powers).sum(axis=1)
    large = np.maximum(size, SERIES_BELOW)
    bent: Floats = np.where(size < SERIES_BELOW, series, (np.log1p(large) - large / (1 + large)) / large**2)
    return bent


def _sum_below(
    events: Floats,
    term: Callable[[Floats], Floats],
    integral: Callable[[Floats], Floats],
    correction: Callable[[Floats], Floats],
) -> Floats:
    """Return the sum of a smooth term over 0, 1 ... events - 1, exact up to a number of terms."""
    places = np.arange(min(float(events.max()), EXACT_TERMS))
    sums: Floats = np.concatenate(([0.0], np.cumsum(term(places))))
    totals: Floats = sums[np.minimum(events, EXACT_TERMS).astype(np.int64)]
    many = events > EXACT_TERMS
    if many.any():
        end, start = events[many], np.array([float(EXACT_TERMS)])
        totals[many] += integral(end) - integral(start) - (term(end) - term(start)) / 2
        totals[many] += correction(end) - correction(start)
    return totals
