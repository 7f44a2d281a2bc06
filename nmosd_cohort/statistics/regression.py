"""Mean differences from counts by least squares with robust errors; Firth's logistic model is handed on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import t

from nmosd_cohort.statistics.design import Cells, check_column, check_estimable, model_cells, standardise
from nmosd_cohort.statistics.estimate import Estimate, Floats, check_conf_level, not_estimable
from nmosd_cohort.statistics.firth import firth_logistic

__all__ = ["adjusted_mean_difference", "firth_logistic", "standardised_coefficient"]

# A patient with a leverage this near 1 alone decides a coefficient; the robust error is then undefined.
FULL_LEVERAGE = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Slope:
    """One least-squares coefficient, its HC3 error, residual degrees of freedom and SDs (divisor n - 1)."""

    coefficient: float
    error: float
    freedom: int
    deviation: float
    outcome_deviation: float


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
        than parameters.

    Raises
    ------
    ValueError
        If the design has no such column, a column is constant, collinear or not numeric, or a column
        rests on a single patient.

    Notes
    -----
    HC3: MacKinnon and White 1985; Long and Ervin 2000.

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
    slope = _slope(cells, position)
    method = "least squares, HC3 robust standard error, t limits"
    return _slope_estimate(slope, 1.0, cells.n, method, level)


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
        Without a unit; robust HC3 limits that take both SDs as known. NaN if the outcome is constant or
        there are not more patients than parameters.

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
    slope = _slope(cells, position)
    method = "least squares in SDs of outcome and term, HC3 robust standard error, t limits"
    return _slope_estimate(slope, slope.deviation / slope.outcome_deviation, cells.n, method, level)


def _not_estimable_because(cells: Cells) -> str:
    """Return why there is no coefficient, empty if there is one."""
    if cells.outcome.min() == cells.outcome.max():
        return "all patients have the same outcome"
    return "not more patients than parameters" if cells.n < len(cells.names) + 2 else ""


def _slope(cells: Cells, position: int) -> Slope:
    scaled, _, deviations = standardise(cells.design, cells.counts)
    matrix = np.column_stack([np.ones(len(scaled)), scaled])
    weights = cells.counts.astype(np.float64)
    inverse = np.linalg.inv(matrix.T @ (weights[:, None] * matrix))
    coefficients = inverse @ (matrix.T @ (weights * cells.outcome))
    leverage = ((matrix @ inverse) * matrix).sum(axis=1)
    _check_leverage(cells, leverage)
    scores = matrix * ((cells.outcome - matrix @ coefficients) / (1 - leverage))[:, None]
    covariance = inverse @ (scores.T @ (weights[:, None] * scores)) @ inverse
    bessel = np.sqrt(cells.n / (cells.n - 1))
    return Slope(
        float(coefficients[position + 1] / deviations[position]),
        float(np.sqrt(covariance[position + 1, position + 1]) / deviations[position]),
        cells.n - len(cells.names) - 1,
        float(deviations[position] * bessel),
        float(np.sqrt(np.average((cells.outcome - coefficients[0]) ** 2, weights=weights)) * bessel),
    )


def _check_leverage(cells: Cells, leverage: Floats) -> None:
    alone = np.flatnonzero(leverage > FULL_LEVERAGE)
    if alone.size == 0:
        return
    others = replace(cells, design=np.delete(cells.design, alone[0], axis=0))
    try:
        check_estimable(others.design, others.names)
    except ValueError as error:
        raise ValueError(f"without one patient who decides it, {error}") from error


def _slope_estimate(slope: Slope, scale: float, n: int, method: str, conf_level: float) -> Estimate:
    estimate, error = slope.coefficient * scale, slope.error * scale
    reach = float(t.ppf((1 + conf_level) / 2, slope.freedom)) * error
    p_value = float(2 * t.sf(abs(estimate) / error, slope.freedom)) if error > 0 else float(estimate == 0)
    return Estimate(
        estimate,
        estimate - reach,
        estimate + reach,
        n,
        method,
        std_error=error,
        p_value=p_value,
        conf_level=conf_level,
    )
