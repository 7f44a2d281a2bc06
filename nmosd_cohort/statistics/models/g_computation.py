"""Risks if all patients had the same value of a covariate, from a fitted logistic model: g-computation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from nmosd_cohort.statistics.columns import check_frame
from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    Floats,
    as_number,
    check_conf_level,
    check_option,
    not_estimable,
    patient_counts,
)
from nmosd_cohort.statistics.models.design import check_column, numeric_design, with_intercept
from nmosd_cohort.statistics.wald import wald_estimate

Covariates = Literal["fixed", "random"]


class RiskModel(Protocol):
    """A fitted model with logit P(event) = coefficients[0] + design @ coefficients[1:], such as `GlmFit`."""

    @property
    def names(self) -> tuple[str, ...]:
        """The p design columns."""

    @property
    def coefficients(self) -> Floats:
        """Shape (p + 1,), intercept first."""

    @property
    def covariance(self) -> Floats:
        """Shape (p + 1, p + 1)."""

    @property
    def freedom(self) -> float:
        """Degrees of freedom of t for limits, patients less coefficients; infinite gives the normal distribution."""


@dataclass(frozen=True, slots=True, eq=False)
class MeanRisk:
    """Mean risk of patients, its derivatives by the coefficients, the risk of each row, and patients in each."""

    risk: float
    slope: Floats
    each: Floats
    counts: Counts

    @property
    def n(self) -> int:
        """Patients."""
        return int(self.counts.sum())


def standardised_risk(
    fit: RiskModel,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    assign: Mapping[str, float],
    covariates: Covariates = "random",
    conf_level: float = 0.95,
) -> Estimate:
    """Risk of the event if every patient of the design had the assigned covariate values.

    Parameters
    ----------
    fit
        From `fit_logistic`.
    design, counts
        The patients to average over, usually those of the fit.
    assign
        Column name to the value that all patients are given; other columns stay as they are. Set interaction
        columns as well.
    covariates
        ``random``: limits for the population that the patients are a sample of. ``fixed``: for a population with
        just the covariates of these patients, which is narrower.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        A share from 0 to 1, delta-method limits on the logit scale by t with n - coefficients degrees of freedom.

    Raises
    ------
    ValueError
        If the fit is not logistic, the design lacks a column of the fit or has no patients, or an assigned
        column is unknown or its value not a finite number.

    Notes
    -----
    g-computation: Robins 1986 (doi:10.1016/0270-0255(86)90088-6); Lane and Nelder 1982, Biometrics 38:613.
    ``random`` adds the variance of the patients' own risks over n. In simulations with two to four columns, 95 %
    limits of the population's risk covered 97 to 98 % of 24 patients and 95 to 97 % of 60.

    Examples
    --------
    >>> from nmosd_cohort.statistics.regression.logistic import fit_logistic
    >>> design = pd.DataFrame({"pain": [0, 0, 1, 1]})
    >>> fit = fit_logistic([0, 1, 0, 1], design, [20, 10, 10, 20])
    >>> risk = standardised_risk(fit, design, [20, 10, 10, 20], assign={"pain": 1})
    >>> round(risk.estimate, 3), round(risk.conf_low, 3), round(risk.conf_high, 3)
    (0.667, 0.479, 0.813)
    """
    level = check_conf_level(conf_level)
    one = mean_risk(fit, design, counts, assign)
    if not 0 < one.risk < 1:
        reason = "the assigned values lie so far outside that the model gives a risk of 0 or 1"
        return not_estimable(reason, one.n, estimate=one.risk, conf_level=level)
    error = _error(fit, one.slope, one.each, one.counts, covariates) / (one.risk * (1 - one.risk))
    method, point = _method(fit, "logit scale", covariates), logit(one.risk)
    return wald_estimate(point, error, one.n, method, conf_level=level, freedom=fit.freedom, scale="logit", null=None)


def standardised_risk_difference(
    fit: RiskModel,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    assign: Mapping[str, float],
    reference: Mapping[str, float],
    covariates: Covariates = "random",
    conf_level: float = 0.95,
) -> Estimate:
    """Risk if every patient had the assigned covariate values minus that with the reference values.

    Parameters
    ----------
    fit, design, counts, assign, covariates, conf_level
        As in `standardised_risk`.
    reference
        Column name to the value in the comparison.

    Returns
    -------
    Estimate
        A difference of two shares of the same patients, delta-method t limits held within -1 and 1. The variance
        is multiplied by n / (n - coefficients).

    Raises
    ------
    ValueError
        As `standardised_risk`, or if the two do not differ.

    Notes
    -----
    As `standardised_risk`. In simulations with two to four columns, 95 % limits covered 93 to 95 % of 24 patients
    and 94 to 96 % of 60; normal limits without the factor 88 to 92 % and 93 to 95 %.

    Examples
    --------
    >>> from nmosd_cohort.statistics.regression.logistic import fit_logistic
    >>> design = pd.DataFrame({"pain": [0, 0, 1, 1]})
    >>> fit = fit_logistic([0, 1, 0, 1], design, [20, 10, 10, 20])
    >>> gap = standardised_risk_difference(fit, design, [20, 10, 10, 20], assign={"pain": 1}, reference={"pain": 0})
    >>> round(gap.estimate, 3), round(gap.conf_low, 3), round(gap.conf_high, 3)
    (0.333, 0.086, 0.581)
    """
    level = check_conf_level(conf_level)
    one, other = mean_risk(fit, design, counts, assign), mean_risk(fit, design, counts, reference)
    _check_contrast(one, other, assign, reference)
    error = _error(fit, one.slope - other.slope, one.each - other.each, one.counts, covariates)
    if math.isfinite(fit.freedom):
        error *= math.sqrt(1 + fit.coefficients.size / fit.freedom)
    method = _method(fit, "risk scale", covariates)
    gap = wald_estimate(one.risk - other.risk, error, one.n, method, conf_level=level, freedom=fit.freedom)
    return replace(gap, conf_low=max(-1.0, gap.conf_low), conf_high=min(1.0, gap.conf_high))


def standardised_risk_ratio(
    fit: RiskModel,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    assign: Mapping[str, float],
    reference: Mapping[str, float],
    covariates: Covariates = "random",
    conf_level: float = 0.95,
) -> Estimate:
    """Risk if every patient had the assigned covariate values divided by that with the reference values.

    Parameters
    ----------
    fit, design, counts, assign, reference, covariates, conf_level
        As in `standardised_risk_difference`.

    Returns
    -------
    Estimate
        Delta-method t limits on the log scale; `std_error` is on the scale of the ratio. Without limits, with the
        reason in `method`, if one of the risks is 0.

    Raises
    ------
    ValueError
        As `standardised_risk_difference`.

    Notes
    -----
    As `standardised_risk`. In the same simulations, limits covered 95 to 97 %.

    Examples
    --------
    >>> from nmosd_cohort.statistics.regression.logistic import fit_logistic
    >>> design = pd.DataFrame({"pain": [0, 0, 1, 1]})
    >>> fit = fit_logistic([0, 1, 0, 1], design, [20, 10, 10, 20])
    >>> ratio = standardised_risk_ratio(fit, design, [20, 10, 10, 20], assign={"pain": 1}, reference={"pain": 0})
    >>> round(ratio.estimate, 3), round(ratio.conf_low, 3), round(ratio.conf_high, 3)
    (2.0, 1.122, 3.564)
    """
    level = check_conf_level(conf_level)
    one, other = mean_risk(fit, design, counts, assign), mean_risk(fit, design, counts, reference)
    if min(one.risk, other.risk) == 0:
        return not_estimable("the model gives a risk of 0", one.n, conf_level=level)
    _check_contrast(one, other, assign, reference)
    slope, each = one.slope / one.risk - other.slope / other.risk, one.each / one.risk - other.each / other.risk
    error, method = _error(fit, slope, each, one.counts, covariates), _method(fit, "log scale", covariates)
    point = math.log(one.risk / other.risk)
    return wald_estimate(point, error, one.n, method, conf_level=level, freedom=fit.freedom, scale="log")


def mean_risk(fit: RiskModel, design: pd.DataFrame, counts: ArrayLike | None, assign: Mapping[str, float]) -> MeanRisk:
    """Return the mean risk of the patients of a design with the assigned values, for contrasts of such means.

    Raises
    ------
    ValueError
        As `standardised_risk`.

    Examples
    --------
    >>> from nmosd_cohort.statistics.regression.logistic import fit_logistic
    >>> design = pd.DataFrame({"pain": [0, 0, 1, 1]})
    >>> fit = fit_logistic([0, 1, 0, 1], design, [20, 10, 10, 20])
    >>> round(mean_risk(fit, design, [20, 10, 10, 20], {"pain": 1}).risk, 6)
    0.666667
    """
    if getattr(fit, "family", "binomial") != "binomial":
        raise ValueError("the fit is of a model of rates; standardised risks need one from fit_logistic")
    missing = [name for name in fit.names if name not in check_frame(design, "design").columns]
    if missing:
        raise ValueError(f"the design has no column {missing[0]!r}, which the fit has")
    matrix = numeric_design(design[list(fit.names)])
    whole = patient_counts(counts, size=len(matrix), name="design")
    if not whole.any():
        raise ValueError("design has no patients: every count is 0 or there are no rows")
    for name, value in assign.items():
        matrix[:, check_column(name, fit.names)] = _finite(name, value)
    complete = with_intercept(matrix)
    each: Floats = expit(complete @ fit.coefficients)
    weights = whole / whole.sum()
    return MeanRisk(float(weights @ each), (weights * each * (1 - each)) @ complete, each, whole)


def _finite(name: str, value: float) -> float:
    number = as_number(f"the value assigned to column {name!r}", value)
    if math.isinf(number):
        raise ValueError(f"the value assigned to column {name!r} is {value!r}; it must be a finite number")
    return number


def _error(fit: RiskModel, slope: Floats, each: Floats, counts: Counts, covariates: str) -> float:
    """Return the standard error of a function of mean risks from its derivatives and each row's part in it."""
    check_option("covariates", covariates, get_args(Covariates))
    variance = float(slope @ fit.covariance @ slope)
    if covariates == "random":
        n = int(counts.sum())
        variance += float(counts @ (each - counts @ each / n) ** 2) / n**2
    return math.sqrt(variance)


def _check_contrast(
    one: MeanRisk, other: MeanRisk, assign: Mapping[str, float], reference: Mapping[str, float]
) -> None:
    if np.array_equal(one.each, other.each):
        raise ValueError(f"assign {dict(assign)} and reference {dict(reference)} do not differ")


def _method(fit: RiskModel, scale: str, covariates: str) -> str:
    limits = f"t({fit.freedom}) limits" if math.isfinite(fit.freedom) else "limits"
    return (
        f"logistic model, standardised (g-computation), delta-method {limits} on the {scale}, covariates {covariates}"
    )
