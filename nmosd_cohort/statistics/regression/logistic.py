"""Odds ratios of an event from counts: the logistic model by maximum likelihood."""

from __future__ import annotations

import math
from typing import Literal, get_args

import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Estimate, check_conf_level, check_option
from nmosd_cohort.statistics.models.design import event_cells, standardise
from nmosd_cohort.statistics.models.profile_likelihood import profile_limits, profiled_ratio
from nmosd_cohort.statistics.regression.glm import GlmFit, finite_maximum, glm_fit, glm_likelihood
from nmosd_cohort.statistics.wald import wald_estimate

Limits = Literal["profile", "wald"]
REMEDY = "the odds ratio has no finite estimate: use firth_logistic, merge sparse categories or leave out a column"
# With fewer events for each column, estimates drift away from 1 and limits are too narrow.
ENOUGH_EVENTS = 10


def fit_logistic(outcome01: ArrayLike, design: pd.DataFrame, counts: ArrayLike | None = None) -> GlmFit:
    """Fit the log odds ratio of the event per unit of each covariate.

    Parameters
    ----------
    outcome01
        1 for patients with the event, 0 for those without, one a row of `design`.
    design
        Numeric covariates without an intercept; categories as 0/1 columns that leave out the reference.
        May have no columns.
    counts
        Patients in each row; None counts every row once.

    Returns
    -------
    GlmFit
        Maximum likelihood estimates, from which standardised risks can be made.

    Raises
    ------
    ValueError
        If the outcome is not 0 or 1, or all patients have the same outcome, or a column is constant, collinear
        or not numeric, or columns separate the patients with the event from those without.

    Notes
    -----
    Separation: Albert and Anderson 1984 (doi:10.1093/biomet/71.1.1).

    Examples
    --------
    >>> fit = fit_logistic([0, 1, 0, 1], pd.DataFrame({"pain": [0, 0, 1, 1]}), [20, 10, 10, 20])
    >>> round(math.exp(fit.coefficients[1]), 6), fit.events_per_column
    (4.0, 30.0)
    """
    cells = event_cells(outcome01, design, counts)
    likelihood = glm_likelihood("binomial", cells)
    return glm_fit(likelihood, finite_maximum(likelihood, cells.names, REMEDY), cells)


def logistic_regression(
    outcome01: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    limits: Limits = "profile",
    conf_level: float = 0.95,
) -> dict[str, Estimate]:
    """Odds ratio of the event per unit of each covariate, the other covariates held equal.

    Parameters
    ----------
    outcome01, design, counts
        As in `fit_logistic`.
    limits
        ``profile``: profile-likelihood limits with the p-value of the likelihood-ratio test. ``wald``: limits
        symmetric on the log scale with the p-value of the Wald test.
    conf_level
        Coverage of the limits.

    Returns
    -------
    dict
        Column name to odds ratio. `std_error` is on the scale of the odds ratio. `method` has the events (or
        non-events, the fewer) for each column, and names `firth_logistic` if they are below 10.

    Raises
    ------
    ValueError
        As `fit_logistic`, or if `limits` is not allowed.

    Notes
    -----
    Profile: Venzon and Moolgavkar 1988 (doi:10.2307/2347496). Events for each column: Peduzzi et al 1996
    (doi:10.1016/S0895-4356(96)00236-3).

    Examples
    --------
    >>> ratio = logistic_regression([0, 1, 0, 1], pd.DataFrame({"pain": [0, 0, 1, 1]}), [20, 10, 10, 20])["pain"]
    >>> round(ratio.estimate, 2), round(ratio.conf_low, 2), round(ratio.conf_high, 2)
    (4.0, 1.4, 12.17)
    >>> ratio.method
    'logistic model, profile-likelihood limits, 30 events per column'
    """
    level, kind = check_conf_level(conf_level), check_option("limits", limits, get_args(Limits))
    cells = event_cells(outcome01, design, counts)
    likelihood = glm_likelihood("binomial", cells)
    top = finite_maximum(likelihood, cells.names, REMEDY)
    fit = glm_fit(likelihood, top, cells)
    method = _method(fit, kind)
    if kind == "wald":
        return {name: _wald(fit, at, method, level) for at, name in enumerate(cells.names)}
    deviations = standardise(cells.design, cells.counts)[2].tolist()
    ends = [profile_limits(likelihood, top, at + 1, level) for at in range(len(deviations))]
    return {
        name: profiled_ratio(top, at + 1, ends[at], deviations[at], fit.n, method, conf_level=level, events=fit.events)
        for at, name in enumerate(cells.names)
    }


def _method(fit: GlmFit, limits: str) -> str:
    kind = "profile-likelihood" if limits == "profile" else "Wald"
    few = ", which is few: see firth_logistic" if fit.events_per_column < ENOUGH_EVENTS else ""
    return f"logistic model, {kind} limits, {fit.events_per_column:.3g} events per column{few}"


def _wald(fit: GlmFit, at: int, method: str, level: float) -> Estimate:
    error = math.sqrt(fit.covariance[at + 1, at + 1])
    point = float(fit.coefficients[at + 1])
    return wald_estimate(point, error, fit.n, method, conf_level=level, scale="log", events=fit.events)
