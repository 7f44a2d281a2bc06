"""Mean differences from counts by least squares with robust errors."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Estimate, Floats, as_row, check_conf_level, check_option, not_estimable
from nmosd_cohort.statistics.models.design import Cells, check_column, model_cells, standardise
from nmosd_cohort.statistics.regression.least_squares import LeastSquares, hc3_covariance, least_squares
from nmosd_cohort.statistics.rounding import SAME_WITHIN
from nmosd_cohort.statistics.wald import wald_estimate

LinearErrors = Literal["hc3", "classical"]
NO_SPREAD = "the patients that it rests on lie exactly on the fitted means, without any residual"


def linear_regression(
    outcome: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    errors: LinearErrors = "hc3",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Difference in mean outcome per unit of each covariate, the others held equal, one row a term.

    Parameters
    ----------
    outcome
        Numbers, one a row of `design`.
    design
        Numeric covariates without an intercept; categories as 0/1 columns that leave out the reference.
    counts
        Patients in each row; None counts every row once.
    errors
        ``hc3``: robust, right whatever the variance of the outcome. ``classical``: the same variance in all
        patients.
    conf_level
        Coverage of the limits.

    Returns
    -------
    pandas.DataFrame
        Columns term (``intercept``, then the design columns), estimate (units of the outcome), std_error,
        conf_low, conf_high, p_value, n, method. Limits by t with n - columns - 1 degrees of freedom. Numbers are
        missing, with the reason in `method`, if the outcome is constant or there are not more patients than
        parameters; only limits, error and p-value are if the columns explain the outcome exactly.

    Raises
    ------
    ValueError
        If a column is constant, collinear or not numeric, or, with ``hc3``, rests on a single patient.

    Notes
    -----
    HC3: MacKinnon and White 1985 (doi:10.1016/0304-4076(85)90158-7); Long and Ervin 2000
    (doi:10.1080/00031305.2000.10474549).

    Examples
    --------
    >>> table = linear_regression([40, 60, 30, 50], pd.DataFrame({"pain": [0, 0, 1, 1]}), [10, 10, 10, 10])
    >>> table.round(2)[["term", "estimate", "conf_low", "conf_high"]].values.tolist()
    [['intercept', 50.0, 45.24, 54.76], ['pain', -10.0, -16.74, -3.26]]
    """
    level, kind = check_conf_level(conf_level), check_option("errors", errors, get_args(LinearErrors))
    cells = model_cells(outcome, design, counts)
    terms, reason = ("intercept", *cells.names), _not_estimable_because(cells)
    if reason:
        estimates = [not_estimable(reason, cells.n, conf_level=level)] * len(terms)
    else:
        fit = least_squares(cells)
        covariance = _hc3(fit, cells) if kind == "hc3" else fit.bread * fit.squares / fit.freedom
        estimates = [_difference(fit, covariance, at, kind, level) for at in range(len(terms))]
    return pd.DataFrame([{"term": term, **as_row(one)} for term, one in zip(terms, estimates, strict=True)])


def adjusted_mean_difference(
    outcome: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None,
    term: str,
    *,
    conf_level: float = 0.95,
) -> Estimate:
    """Difference in mean outcome per unit of one covariate, the other covariates held equal.

    Parameters
    ----------
    outcome
        Numbers, one a row of `design`.
    design
        Numeric covariates without an intercept; categories as 0/1 columns that leave out the reference.
    counts
        Patients in each row; None counts every row once.
    term
        Design column whose difference is wanted.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        In units of the outcome. Least squares, heteroscedasticity-robust HC3 standard error, t limits with
        n - columns - 1 degrees of freedom. NaN if the outcome is constant or there are not more patients
        than parameters. Without limits if the columns explain the outcome exactly; `method` has the reason.

    Raises
    ------
    ValueError
        If the design has no such column, a column is constant, collinear or not numeric, or a column
        rests on a single patient.

    Notes
    -----
    HC3: MacKinnon and White 1985 (doi:10.1016/0304-4076(85)90158-7); Long and Ervin 2000
    (doi:10.1080/00031305.2000.10474549).

    Examples
    --------
    >>> design = pd.DataFrame({"pain": [0, 0, 1, 1]})
    >>> gap = adjusted_mean_difference([40, 60, 30, 50], design, [10, 10, 10, 10], "pain")
    >>> round(gap.estimate, 2), round(gap.conf_low, 2), round(gap.conf_high, 2)
    (-10.0, -16.74, -3.26)
    """
    level = check_conf_level(conf_level)
    cells = model_cells(outcome, design, counts)
    position, reason = check_column(term, cells.names), _not_estimable_because(cells)
    if reason:
        return not_estimable(reason, cells.n, conf_level=level)
    fit = least_squares(cells)
    return _difference(fit, _hc3(fit, cells), position + 1, "hc3", level)


def standardised_coefficient(
    outcome: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None,
    term: str,
    *,
    conf_level: float = 0.95,
) -> Estimate:
    """Difference in mean outcome, in SDs, per SD of one covariate, the other covariates held equal.

    Parameters
    ----------
    outcome, design, counts, term, conf_level
        As in `adjusted_mean_difference`. Outcome and term are scaled to SD 1, other columns are left.

    Returns
    -------
    Estimate
        Without a unit; robust HC3 limits that take both SDs as known. NaN or without limits as in
        `adjusted_mean_difference`.

    Raises
    ------
    ValueError
        As `adjusted_mean_difference`.

    Notes
    -----
    For comparison with published standardised coefficients; depends on the spread of the covariate, so it
    does not carry over between cohorts.

    Examples
    --------
    >>> design = pd.DataFrame({"thoracic": [0, 0, 1, 1]})
    >>> effect = standardised_coefficient([0, 4, 4, 8], design, [9, 9, 9, 9], "thoracic")
    >>> round(effect.estimate, 3)
    0.707
    """
    level = check_conf_level(conf_level)
    cells = model_cells(outcome, design, counts)
    position, reason = check_column(term, cells.names), _not_estimable_because(cells)
    if reason:
        return not_estimable(reason, cells.n, conf_level=level)
    fit = least_squares(cells)
    deviation = float(standardise(cells.design, cells.counts)[2][position])
    scale = deviation / math.sqrt(fit.total_squares / cells.n)
    point, covariance = float(fit.coefficients[position + 1]) * scale, _hc3(fit, cells)
    if fit.is_rounding(covariance, position + 1):
        return not_estimable(NO_SPREAD, cells.n, estimate=point, conf_level=level)
    error = math.sqrt(covariance[position + 1, position + 1]) * scale
    method = "least squares in SDs of outcome and term, HC3 robust standard error, t limits"
    return wald_estimate(point, error, cells.n, method, conf_level=level, freedom=fit.freedom)


def _not_estimable_because(cells: Cells) -> str:
    """Return why there is no coefficient, empty if there is one."""
    if np.ptp(cells.outcome) <= SAME_WITHIN * np.abs(cells.outcome).max():
        return "all patients have the same outcome"
    return "not more patients than parameters" if cells.n < len(cells.names) + 2 else ""


def _hc3(fit: LeastSquares, cells: Cells) -> Floats:
    return hc3_covariance(fit.influences, fit.leverages, cells)


def _difference(fit: LeastSquares, covariance: Floats, at: int, errors: str, conf_level: float) -> Estimate:
    kind = "HC3 robust" if errors == "hc3" else "classical"
    point, n = float(fit.coefficients[at]), fit.freedom + fit.coefficients.size
    if fit.is_rounding(covariance, at):
        return not_estimable(NO_SPREAD, n, estimate=point, conf_level=conf_level)
    return wald_estimate(
        point,
        math.sqrt(covariance[at, at]),
        n,
        f"least squares, {kind} standard error, t limits",
        conf_level=conf_level,
        freedom=fit.freedom,
    )
