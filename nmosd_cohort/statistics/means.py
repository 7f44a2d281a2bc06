"""Mean of a counted sample."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t

from nmosd_cohort.statistics.estimate import Estimate, as_counts, check_conf_level, not_estimable


def mean(values: ArrayLike, counts: ArrayLike | None = None, *, conf_level: float = 0.95) -> Estimate:
    """Mean of a counted sample with Student's t limits.

    Parameters
    ----------
    values
        Distinct values or one a patient.
    counts
        Patients who have each value; None for one each.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Not estimable without patients; one patient, or patients of one value, have no limits.

    Raises
    ------
    ValueError
        If values or counts cannot be counted, see ``as_counts``.

    Examples
    --------
    >>> mean([1.0, 3.0], [1, 1]).estimate
    2.0
    """
    level = check_conf_level(conf_level)
    scores, weights = as_counts(values, counts)
    n = int(weights.sum())
    if n == 0:
        return not_estimable("no patients", 0, conf_level=level)
    average = float(np.average(scores, weights=weights))
    if n < 2 or np.ptp(scores[weights > 0]) == 0:
        return Estimate(average, math.nan, math.nan, n, "mean; all values equal, no limits", conf_level=level)
    std_error = math.sqrt(float(weights @ (scores - average) ** 2) / (n - 1) / n)
    half = float(t.ppf((1 + level) / 2, n - 1)) * std_error
    return Estimate(average, average - half, average + half, n, "mean, t limits", std_error=std_error, conf_level=level)
