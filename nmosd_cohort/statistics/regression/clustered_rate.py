"""Events per person-year where the events of one patient cluster: total over total, variance between patients."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Estimate, Floats, check_conf_level
from nmosd_cohort.statistics.regression.rates import MIN_CLUSTERS, person_time, poisson_rate
from nmosd_cohort.statistics.wald import wald_estimate


def clustered_rate(events: ArrayLike, years: ArrayLike, *, conf_level: float = 0.95) -> Estimate:
    """Events per person-year, where the events of one patient cluster.

    Parameters
    ----------
    events, years
        One entry a patient; those without time are left out.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Total events over total time. Limits are symmetric on the log scale with a variance clustered by patient
        and t with n - 1 degrees of freedom; with fewer than 10 patients, or fewer than two with an event, exact
        Poisson limits, which take the events as independent. `method` says which.

    Raises
    ------
    ValueError
        If events are not whole, time is negative, or there are events without time.

    Notes
    -----
    Ratio of two totals (Cochran 1977, Sampling Techniques, chapter 6), clustered as in Liang and Zeger 1986
    (doi:10.1093/biomet/73.1.13); exact limits: Garwood 1936 (doi:10.1093/biomet/28.3-4.437).

    Examples
    --------
    >>> rate = clustered_rate([0, 4, 0, 1, 2, 0, 0, 1, 0, 2], [2.0] * 10)
    >>> rate.estimate, rate.events, rate.conf_low < 0.31 < poisson_rate(10, 20).conf_low + 0.2
    (0.5, 10, True)
    """
    level = check_conf_level(conf_level)
    whole, time = person_time(events, years, names=("events", "years"))
    whole, time = whole[time > 0], time[time > 0]
    n, total = whole.size, int(whole.sum())
    if n < MIN_CLUSTERS or (whole > 0).sum() < 2:
        return poisson_rate(total, float(time.sum()), n=n, conf_level=level)
    rate = total / float(time.sum())
    error = _ratio_error(whole, time, rate)
    method = f"total events over total time, variance clustered by patient, t({n - 1}) on the log scale"
    return wald_estimate(
        math.log(rate),
        error / rate,
        n,
        method,
        conf_level=level,
        freedom=n - 1,
        scale="log",
        null=None,
        events=total,
    )


def _ratio_error(tops: ArrayLike, bottoms: ArrayLike, ratio: float) -> float:
    """Return the standard error of a ratio of two totals, one pair of entries a patient."""
    top, bottom = np.asarray(tops, dtype=float), np.asarray(bottoms, dtype=float)
    influence: Floats = (top - ratio * bottom) / bottom.sum()
    n = top.size
    return math.sqrt(n / (n - 1) * float(influence @ influence)) if n > 1 else 0.0
