"""Means and shares of patients weighted to the means of another population, with limits that count the weighting."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from nmosd_cohort.statistics.estimate import Estimate, Floats, as_values, check_conf_level, not_estimable
from nmosd_cohort.statistics.models.design import with_intercept
from nmosd_cohort.statistics.wald import wald_estimate
from nmosd_cohort.statistics.weighting.moment_weights import MomentWeights

# A patient who alone has some combination has leverage 1 and no residual: this keeps 0 / 0 apart.
LARGEST_LEVERAGE = 1 - 1e-9


def weighted_mean(
    weights: MomentWeights, outcome: ArrayLike, *, target_error: bool = True, conf_level: float = 0.95
) -> Estimate:
    """Mean outcome if the patients had the target's means of the covariates and, alike in these, the same outcome.

    Parameters
    ----------
    weights
        From `moment_weights`.
    outcome
        Numbers, one a row of the covariates that the weights were made from.
    target_error
        Whether the limits count that the targets are themselves means of `n` patients each. Without it the
        estimate is for a population that has exactly the targets.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        `n` patients of weight above 0; limits with t(effective sample size - 1). Refused weights give no estimate,
        `method` says why.

    Raises
    ------
    ValueError
        If the outcome has another length than the weights or missing values, or `conf_level` is not allowed.

    Notes
    -----
    Standard error from the stacked estimating equations of weights and mean (Signorovitch 2010,
    doi:10.2165/11538370-000000000-00000; Cheng, Ayyagari and Signorovitch 2020, arXiv:1910.06449): the weighted
    residuals of a weighted regression of the outcome on what the weights balance, each divided by 1 - leverage
    (the jackknife of MacKinnon and White 1985). The slopes of that regression say how the estimate moves with the
    targets, so their error adds slopes' @ covariance of the targets @ slopes. A target that is the lowest or highest
    value of its variable (100 % of 40 patients) adds none. In simulations of 60 to 300 patients against 120 printed
    ones, 95 % limits covered in 94 to 98 %, without the error of the targets in 89 to 96 %; with 20 to 40 patients
    and up to six variables they were wider than they need be and covered in 97 to 99 %.

    Examples
    --------
    >>> import pandas as pd
    >>> from nmosd_cohort.statistics.weighting.moment_weights import moment_weights
    >>> from nmosd_cohort.statistics.weighting.targets import Target
    >>> cells = pd.DataFrame({"had_myelitis": [1, 1, 0, 0], "pain_nrs": [4, 6, 1, 3], "n": [30, 30, 20, 20]})
    >>> weights = moment_weights(cells, [Target("had_myelitis", 0.9, n=100)], cells["n"])
    >>> found = weighted_mean(weights, cells["pain_nrs"])
    >>> round(found.estimate, 2), round(found.conf_low, 2), round(found.conf_high, 2)
    (4.7, 4.4, 5.0)
    """
    level = check_conf_level(conf_level)
    values = _outcome(weights, outcome)
    n = weights.n - weights.n_zero
    if weights.refusal:
        return not_estimable(weights.refusal, n, conf_level=level)
    point, error = _point_and_error(weights, values, target_error)
    how = _method("mean", weights, target_error)
    return wald_estimate(point, error, n, how, conf_level=level, freedom=weights.effective_n - 1, null=None)


def weighted_proportion(
    weights: MomentWeights, outcome01: ArrayLike, *, target_error: bool = True, conf_level: float = 0.95
) -> Estimate:
    """Share with an outcome if the patients had the target's means and, alike in these, the same outcome.

    Parameters
    ----------
    weights
        From `moment_weights`.
    outcome01
        0 or 1, one a row of the covariates that the weights were made from.
    target_error, conf_level
        As in `weighted_mean`.

    Returns
    -------
    Estimate
        As `weighted_mean`, limits on the logit scale; `events` are patients of weight above 0 with the outcome,
        unweighted. Limits are NaN if none or all of them have it.

    Raises
    ------
    ValueError
        If the outcome is not 0 or 1, or as `weighted_mean`.

    Examples
    --------
    >>> import pandas as pd
    >>> from nmosd_cohort.statistics.weighting.moment_weights import moment_weights
    >>> from nmosd_cohort.statistics.weighting.targets import Target
    >>> cells = pd.DataFrame({"had_myelitis": [1, 1, 0, 0], "has_pain": [1, 0, 1, 0], "n": [45, 15, 10, 30]})
    >>> weights = moment_weights(cells, [Target("had_myelitis", 0.9, n=100)], cells["n"])
    >>> found = weighted_proportion(weights, cells["has_pain"])
    >>> round(found.estimate, 2), round(found.conf_low, 2), round(found.conf_high, 2)
    (0.7, 0.58, 0.8)
    """
    level = check_conf_level(conf_level)
    values = _outcome(weights, outcome01)
    if not np.isin(values, (0, 1)).all():
        raise ValueError("outcome01 has values other than 0 and 1; code the event as 1")
    n = weights.n - weights.n_zero
    if weights.refusal:
        return not_estimable(weights.refusal, n, conf_level=level)
    events = int(weights.counts[weights.weights > 0] @ values[weights.weights > 0])
    if events in (0, n):
        reason = f"{'none' if events == 0 else 'all'} of the weighted patients have the outcome"
        return not_estimable(reason, n, estimate=float(events > 0), conf_level=level, events=events)
    point, error = _point_and_error(weights, values, target_error)
    return wald_estimate(
        float(logit(point)),
        error / (point * (1 - point)),
        n,
        f"{_method('share', weights, target_error)}, logit limits",
        conf_level=level,
        freedom=weights.effective_n - 1,
        scale="logit",
        null=None,
        events=events,
    )


def _outcome(weights: MomentWeights, outcome: ArrayLike) -> Floats:
    values = as_values(outcome, name="outcome")
    if values.size != weights.counts.size:
        raise ValueError(f"the outcome has {values.size} entries and the weights {weights.counts.size}; give one a row")
    return values


def _point_and_error(weights: MomentWeights, values: Floats, target_error: bool) -> tuple[float, float]:
    """Return the weighted mean and its standard error: intercept of the weighted regression, and its jackknife."""
    total = weights.counts * weights.weights
    design = with_intercept(weights.moments)
    design = design / np.maximum(np.abs(design).max(axis=0), np.finfo(np.float64).tiny)
    bread = np.linalg.inv(design.T @ (total[:, None] * design))
    residuals = values - design @ (bread @ (design.T @ (total * values)))
    leverage = weights.weights * ((design @ bread) * design).sum(axis=1)
    influence = weights.weights * residuals / (1 - np.minimum(leverage, LARGEST_LEVERAGE)) / weights.n
    variance = float(weights.counts @ influence**2)
    if target_error:
        slopes = _slopes(weights.moments, total, values)
        variance += float(slopes @ weights.target_covariance @ slopes)
    return float(total @ values) / weights.n, math.sqrt(variance)


def _slopes(moments: Floats, total: Floats, values: Floats) -> Floats:
    """Return how the weighted mean moves with each target; the moments have weighted mean 0."""
    slopes = np.linalg.lstsq(moments.T @ (total[:, None] * moments), moments.T @ (total * values))[0]
    return np.asarray(slopes, dtype=np.float64)


def _method(what: str, weights: MomentWeights, target_error: bool) -> str:
    without = ", ".join(weights.without_n)
    error = "" if not target_error else " and the targets' own error" + (f" (unknown for {without})" if without else "")
    k = weights.moments.shape[1]
    return f"{what} weighted to {k} target{'' if k == 1 else 's'}, jackknife error{error}, t(effective n - 1)"
