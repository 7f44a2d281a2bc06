"""Cumulative logit (proportional odds) model from counts, and the probabilities that it implies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Estimate, Floats, as_number, check_conf_level
from nmosd_cohort.statistics.models.cumulative_link import Maximum, SortedCells, maximise, sort_by_level
from nmosd_cohort.statistics.models.design import model_cells, standardise
from nmosd_cohort.statistics.models.g_computation import standardised_risk, standardised_risk_difference
from nmosd_cohort.statistics.models.separation import (
    are_finite,
    separating_column,
    separating_columns,
    separation_message,
)
from nmosd_cohort.statistics.wald import wald_estimate

METHOD = "cumulative logit model, Wald limits"
SEPARATED = (
    "the outcome levels, so the odds ratio has no finite estimate; merge sparse categories or leave out a column"
)


@dataclass(frozen=True, slots=True, eq=False)
class OrdinalFit:
    """Cumulative logit model with k outcome levels: logit P(Y <= j) = threshold j - design @ coefficients.

    Parameters
    ----------
    levels
        Shape (k,), outcome values that occur, rising.
    thresholds
        Shape (k - 1,), rising.
    coefficients
        Shape (p,), log odds ratios; positive means a higher outcome.
    covariance
        Shape (k - 1 + p, k - 1 + p), of thresholds and coefficients in that order.
    names
        The p design columns.
    log_likelihood
        At the maximum.
    n
        Patients.
    converged
        Always True; a fit that does not converge raises.
    conf_level
        Coverage of limits that are made from this fit unless another is asked for.
    """

    levels: Floats
    thresholds: Floats
    coefficients: Floats
    covariance: Floats
    names: tuple[str, ...]
    log_likelihood: float
    n: int
    converged: bool
    conf_level: float = 0.95


def fit_cumulative_link(
    outcome: ArrayLike, design: pd.DataFrame, counts: ArrayLike | None = None, *, conf_level: float = 0.95
) -> OrdinalFit:
    """Fit the common log odds ratio of a higher outcome per unit of each covariate.

    Parameters
    ----------
    outcome
        Ordered numbers, one a row of `design`. Only their order matters. EDSS as 2 x EDSS.
    design
        Numeric covariates without an intercept; categories as 0/1 columns that leave out the reference.
        May have no columns.
    counts
        Patients in each row; None counts every row once.
    conf_level
        Coverage of limits made from the fit.

    Returns
    -------
    OrdinalFit
        Maximum likelihood estimates, covariance from the observed information.

    Raises
    ------
    ValueError
        If the outcome has one level only, a column is constant, collinear or not numeric, or columns
        separate the outcome levels so that no finite estimate exists.

    Notes
    -----
    McCullagh 1980 (doi:10.1111/j.2517-6161.1980.tb01109.x). Newton's method with analytic derivatives on
    columns scaled to mean 0 and SD 1.

    Examples
    --------
    >>> tally = pd.DataFrame({"pain": [0, 1, 0, 1], "edss2": [2, 2, 8, 8], "n": [20, 10, 10, 20]})
    >>> fit = fit_cumulative_link(tally["edss2"], tally[["pain"]], tally["n"])
    >>> round(float(np.exp(fit.coefficients[0])), 3)
    4.0
    """
    check_conf_level(conf_level)
    cells = model_cells(outcome, design, counts)
    levels, level = np.unique(cells.outcome, return_inverse=True)
    if levels.size < 2:
        raise ValueError(f"the outcome has one level only ({levels[0]:g}); there is nothing to compare")
    scaled, means, deviations = standardise(cells.design, cells.counts)
    ready = sort_by_level(level, scaled, cells.counts)
    top = _checked_maximum(ready, cells.names)
    thresholds, coefficients, covariance = _unscaled(top, levels.size - 1, means, deviations)
    return OrdinalFit(
        levels,
        thresholds,
        coefficients,
        covariance,
        cells.names,
        top.log_likelihood,
        cells.n,
        converged=True,
        conf_level=conf_level,
    )


def _checked_maximum(cells: SortedCells, names: tuple[str, ...]) -> Maximum:
    column = separating_column(cells)
    if column is not None:
        raise ValueError(separation_message([names[column]], SEPARATED))
    top = maximise(cells)
    if top.converged and _is_finite(top, cells.starts.size - 1):
        return top
    columns = separating_columns(cells)
    if columns:
        raise ValueError(separation_message([names[position] for position in columns], SEPARATED))
    steepest = names[int(np.argmax(np.abs(top.parameters[cells.starts.size - 1 :])))]
    raise ValueError(
        f"the cumulative logit model did not converge; design column {steepest!r} all but separates the levels"
    )


def _is_finite(top: Maximum, n_thresholds: int) -> bool:
    try:
        variances = np.diagonal(np.linalg.inv(top.information))[n_thresholds:]
    except np.linalg.LinAlgError:
        return False
    return are_finite(variances)


def _unscaled(top: Maximum, n_thresholds: int, means: Floats, deviations: Floats) -> tuple[Floats, Floats, Floats]:
    """Return thresholds, coefficients and covariance in the units of the design."""
    size = top.parameters.size
    back = np.eye(size)
    back[:n_thresholds, n_thresholds:] = means / deviations
    back[n_thresholds:, n_thresholds:] = np.diag(1 / deviations)
    thresholds, coefficients = np.split(back @ top.parameters, [n_thresholds])
    return thresholds, coefficients, back @ np.linalg.inv(top.information) @ back.T


def odds_ratios(fit: OrdinalFit, *, conf_level: float | None = None) -> dict[str, Estimate]:
    """Return the common odds ratio of a higher outcome per unit of each covariate, with Wald limits.

    Parameters
    ----------
    fit
        From `fit_cumulative_link`.
    conf_level
        Coverage of the limits; None takes that of the fit.

    Returns
    -------
    dict
        Column name to odds ratio with Wald limits and p-value. `std_error` is on the scale of the odds
        ratio (delta method).

    Raises
    ------
    ValueError
        If `conf_level` is not between 0 and 1.

    Examples
    --------
    >>> fit = fit_cumulative_link([2, 8, 2, 8], pd.DataFrame({"pain": [0, 0, 1, 1]}), [20, 10, 10, 20])
    >>> ratio = odds_ratios(fit)["pain"]
    >>> round(ratio.estimate, 2), round(ratio.conf_low, 2), round(ratio.conf_high, 2)
    (4.0, 1.37, 11.7)
    """
    level = check_conf_level(fit.conf_level if conf_level is None else conf_level)
    errors = np.sqrt(np.diagonal(fit.covariance)[fit.thresholds.size :])
    return {
        name: wald_estimate(float(log_ratio), float(error), fit.n, METHOD, conf_level=level, scale="log")
        for name, log_ratio, error in zip(fit.names, fit.coefficients, errors, strict=True)
    }


def standardised_probability(
    fit: OrdinalFit,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    assign: Mapping[str, float],
    at_least: float,
    conf_level: float | None = None,
) -> Estimate:
    """Return P(Y >= at_least) if every patient of the design had the assigned covariate values.

    Limits take the covariates of the patients as fixed.

    Parameters
    ----------
    fit
        From `fit_cumulative_link`.
    design, counts
        The patients to average over, usually those of the fit.
    assign
        Column name to the value that all patients are given; other columns stay as they are. Set
        interaction columns as well.
    at_least
        Outcome value, above the lowest and not above the highest level of the fit.
    conf_level
        Coverage of the limits; None takes that of the fit.

    Returns
    -------
    Estimate
        A share from 0 to 1, delta-method limits on the logit scale, covariates taken as fixed.

    Raises
    ------
    ValueError
        If the fit and the design have different columns, an assigned column is unknown, or `at_least` is
        outside of the levels.

    Notes
    -----
    g-computation: Robins 1986 (doi:10.1016/0270-0255(86)90088-6); Lane and Nelder 1982, Biometrics 38:613.

    Examples
    --------
    >>> design = pd.DataFrame({"pain": [0, 0, 1, 1]})
    >>> fit = fit_cumulative_link([2, 8, 2, 8], design, [20, 10, 10, 20])
    >>> share = standardised_probability(fit, design, [20, 10, 10, 20], assign={"pain": 1}, at_least=8)
    >>> round(share.estimate, 3), round(share.conf_low, 3), round(share.conf_high, 3)
    (0.667, 0.484, 0.81)
    """
    level = fit.conf_level if conf_level is None else conf_level
    model = _reaching(fit, at_least)
    share = standardised_risk(model, design, counts, assign=assign, covariates="fixed", conf_level=level)
    return _named(share)


def standardised_contrast(
    fit: OrdinalFit,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    assign: Mapping[str, float],
    reference: Mapping[str, float],
    at_least: float,
    conf_level: float | None = None,
) -> Estimate:
    """Return P(Y >= at_least) with the assigned minus that with the reference covariate values.

    Limits take the covariates of the patients as fixed.

    Parameters
    ----------
    fit, design, counts, assign, at_least, conf_level
        As in `standardised_probability`.
    reference
        Column name to the value in the comparison.

    Returns
    -------
    Estimate
        A difference of two shares of the same patients, delta-method limits held within -1 and 1.

    Raises
    ------
    ValueError
        As `standardised_probability`.

    Examples
    --------
    >>> design = pd.DataFrame({"pain": [0, 0, 1, 1]})
    >>> fit = fit_cumulative_link([2, 8, 2, 8], design, [20, 10, 10, 20])
    >>> contrast = standardised_contrast(
    ...     fit, design, [20, 10, 10, 20], assign={"pain": 1}, reference={"pain": 0}, at_least=8
    ... )
    >>> round(contrast.estimate, 3), round(contrast.conf_low, 3), round(contrast.conf_high, 3)
    (0.333, 0.095, 0.572)
    """
    level = fit.conf_level if conf_level is None else conf_level
    model = _reaching(fit, at_least)
    gap = standardised_risk_difference(
        model, design, counts, assign=assign, reference=reference, covariates="fixed", conf_level=level
    )
    return _named(gap)


@dataclass(frozen=True, slots=True, eq=False)
class _Reaching:
    """The logistic model of reaching a level that a cumulative logit model implies."""

    names: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    freedom: float = math.inf


def _reaching(fit: OrdinalFit, at_least: float) -> _Reaching:
    at_least = as_number("at_least", at_least)
    if not fit.levels[0] < at_least <= fit.levels[-1]:
        raise ValueError(
            f"at_least is {at_least:g}; it must be above the lowest level {fit.levels[0]:g} "
            f"and at most the highest, {fit.levels[-1]:g}"
        )
    cut, size = int(np.searchsorted(fit.levels, at_least)) - 1, fit.coefficients.size
    part = np.zeros((size + 1, fit.thresholds.size + size))
    part[0, cut] = -1.0
    part[1:, fit.thresholds.size :] = np.eye(size)
    coefficients = np.concatenate(([-fit.thresholds[cut]], fit.coefficients))
    return _Reaching(fit.names, coefficients, part @ fit.covariance @ part.T)


def _named(estimate: Estimate) -> Estimate:
    return replace(estimate, method=estimate.method.replace("logistic model", "cumulative logit model", 1))
