"""Regression of outcomes that patients have several rows of, by generalised estimating equations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    Floats,
    as_row,
    check_conf_level,
    check_option,
    not_estimable,
    patient_counts,
)
from nmosd_cohort.statistics.models.cumulative_link import sort_by_level
from nmosd_cohort.statistics.models.design import Cells, model_cells, standardise, to_design_units, with_intercept
from nmosd_cohort.statistics.models.separation import separating_column, separating_columns, separation_message
from nmosd_cohort.statistics.paired.minimum_patients import too_few
from nmosd_cohort.statistics.regression.least_squares import least_squares
from nmosd_cohort.statistics.regression.linear import NO_SPREAD
from nmosd_cohort.statistics.rounding import SAME_WITHIN
from nmosd_cohort.statistics.wald import wald_estimate

Family = Literal["linear", "logistic"]
WorkingCorrelation = Literal["independence", "exchangeable"]
GeeErrors = Literal["mancl_derouen", "sandwich"]
MAX_STEPS = 200
SMALLEST_STEP = 1e-12
LONGEST_STEP = 5.0  # change of the log odds of any row
LARGEST_LOG_ODDS = 100.0  # beyond it the equations run away
FULL_LEVERAGE = 1e-9  # share of the information that must be left without any one patient


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows in the order of their patients.

    Outcome (m,), design with intercept (m, p), position of the patient of each row (m,), rows (k,) and patients
    with this history (k,) of each distinct patient.
    """

    outcome: Floats
    matrix: Floats
    patient: NDArray[np.intp]
    sizes: Counts
    counts: Counts


def gee(
    outcome: ArrayLike,
    design: pd.DataFrame,
    patient: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    family: Family = "linear",
    correlation: WorkingCorrelation = "exchangeable",
    errors: GeeErrors = "mancl_derouen",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Difference in mean outcome (odds ratio of the event) per unit of each covariate, over all rows of patients.

    Parameters
    ----------
    outcome
        Numbers (``linear``) or 0 and 1 (``logistic``), one a row of `design`.
    design
        Numeric covariates without an intercept; categories as 0/1 columns that leave out the reference.
    patient
        Label of the patient of each row; rows of one patient need not lie together.
    counts
        Patients with exactly this history, the same in all rows of one label; None counts each once.
    family
        ``linear`` mean or ``logistic``.
    correlation
        Working correlation of the rows of one patient: ``independence`` or ``exchangeable``. Errors hold even
        where it is wrong.
    errors
        ``mancl_derouen``, corrected for few patients, or the plain ``sandwich``, which is too small below about
        40 patients.
    conf_level
        Coverage of the limits.

    Returns
    -------
    DataFrame
        One row a term (``intercept`` first) in the columns ``term, estimate, std_error, conf_low, conf_high,
        p_value, n, method``; n is patients. Logistic estimates and their errors are odds ratios (odds for the
        intercept). NaN, with the reason in `method`, below 10 patients, with not more patients than parameters,
        or the same outcome in all rows; without limits if the columns explain the outcome exactly.

    Raises
    ------
    ValueError
        If a column is constant, collinear or not numeric, patients are missing or their counts differ, a
        covariate separates the events, one patient alone decides a coefficient, or the equations have no
        solution; the message says what to use instead.

    Notes
    -----
    Liang and Zeger 1986 (doi:10.1093/biomet/73.1.13); scale and correlation are the moment estimators without
    correction for the parameters, as in ``geepack``. Mancl and DeRouen 2001
    (doi:10.1111/j.0006-341X.2001.00126.x) with t of patients less parameters. Unlike the mixed model, missed
    visits must not depend on outcomes.

    Examples
    --------
    >>> design = pd.DataFrame({"after": [0, 1] * 6})
    >>> table = gee([5, 3, 6, 6, 7, 4, 4, 3, 8, 5, 5, 5], design, np.repeat(list("abcdef"), 2), [2] * 12)
    >>> table[["term", "estimate", "n"]].round(2).values.tolist()
    [['intercept', 5.83, 12], ['after', -1.5, 12]]
    """
    level = check_conf_level(conf_level)
    check_option("family", family, get_args(Family))
    check_option("correlation", correlation, get_args(WorkingCorrelation))
    check_option("errors", errors, get_args(GeeErrors))
    cells = model_cells(outcome, design, counts)
    labels = _labels(patient, len(design))
    rows, back = _by_patient(cells, labels[patient_counts(counts, size=len(design), name="outcome") > 0])
    terms, n = ("intercept", *cells.names), int(rows.counts.sum())
    reason = _not_estimable_because(cells, n)
    if reason:
        return _table(terms, [not_estimable(reason, n, conf_level=level)] * len(terms))
    if family == "logistic":
        _check_events(cells)
    coefficients, alpha = _solve(rows, family, correlation)
    covariance = back @ _covariance(rows, family, coefficients, alpha, errors) @ back.T
    alone = correlation == "exchangeable" and rows.sizes.max() == 1
    structure = "independence because no patient has two rows" if alone else _named(correlation, alpha)
    method = f"GEE, {family}, {structure}, {errors.replace('_', '-')} errors, t({n - len(terms)})"
    scale: Literal["plain", "log"] = "log" if family == "logistic" else "plain"
    fit, points = least_squares(cells), (back @ coefficients).tolist()
    errors_of = np.sqrt(np.diagonal(covariance)).tolist()
    estimates = [
        not_estimable(NO_SPREAD, n, estimate=points[at], conf_level=level)
        if family == "linear" and fit.is_rounding(covariance, at)
        else wald_estimate(points[at], errors_of[at], n, method, conf_level=level, freedom=n - len(terms), scale=scale)
        for at in range(len(terms))
    ]
    return _table(terms, estimates)


def _labels(patient: ArrayLike, size: int) -> NDArray[np.intp]:
    """Return a number a patient, in the order of the rows."""
    codes, _ = pd.factorize(np.asarray(patient))
    if codes.shape != (size,):
        raise ValueError(f"patient has {codes.size} entries but the design {size} rows; they must match")
    if (codes < 0).any():
        raise ValueError(f"patient is missing in {int((codes < 0).sum())} rows; leave them out and count them")
    return codes


def _by_patient(cells: Cells, labels: NDArray[np.intp]) -> tuple[_Rows, Floats]:
    """Return the rows in the order of their patients, and the matrix that undoes the scaling of the design."""
    scaled, means, deviations = standardise(cells.design, cells.counts)
    matrix, back = with_intercept(scaled), to_design_units(means, deviations)
    order = np.argsort(labels, kind="stable")
    _, starts, patient, sizes = np.unique(labels[order], return_index=True, return_inverse=True, return_counts=True)
    counts = cells.counts[order][starts]
    if (cells.counts[order] != counts[patient]).any():
        raise ValueError("counts differ between rows of one patient; all rows of a history need the same count")
    return _Rows(cells.outcome[order], matrix[order], patient, sizes, counts), back


def _not_estimable_because(cells: Cells, n: int) -> str:
    if cells.outcome.min() == cells.outcome.max():
        return "all rows have the same outcome"
    return too_few("gee", n) or ("not more patients than parameters" if n <= len(cells.names) + 1 else "")


def _check_events(cells: Cells) -> None:
    if not np.isin(cells.outcome, (0, 1)).all():
        raise ValueError("outcome must be 0 or 1 with family='logistic'")
    ordered = sort_by_level(cells.outcome.astype(np.int64), cells.design, cells.counts)
    alone = separating_column(ordered)
    columns = [alone] if alone is not None else separating_columns(ordered)
    if columns:
        remedy = "rows with and without the event; use firth_logistic, one row a patient"
        raise ValueError(separation_message([cells.names[column] for column in columns], remedy))


def _solve(rows: _Rows, family: Family, correlation: WorkingCorrelation) -> tuple[Floats, float]:
    """Return the coefficients and the working correlation, from those with independent rows."""
    coefficients, alpha = _iterate(rows, family, np.zeros(rows.matrix.shape[1]), is_shared=False)
    return (
        (coefficients, alpha) if correlation == "independence" else _iterate(rows, family, coefficients, is_shared=True)
    )


def _iterate(rows: _Rows, family: Family, coefficients: Floats, *, is_shared: bool) -> tuple[Floats, float]:
    """Return coefficients and correlation at which the estimating equations hold."""
    alpha = 0.0
    for _ in range(MAX_STEPS):
        whitened, residuals = _pearson(rows, family, coefficients)
        before = alpha
        alpha = _exchangeable(rows, residuals) if is_shared else 0.0
        information, scores = _pieces(rows, whitened, residuals, alpha)
        step = np.linalg.solve(_total(rows, information), rows.counts @ scores)
        if family == "logistic":
            step = step * LONGEST_STEP / max(float(np.abs(rows.matrix @ step).max()), LONGEST_STEP)
        coefficients = coefficients + step
        if family == "logistic" and float(np.abs(rows.matrix @ coefficients).max()) > LARGEST_LOG_ODDS:
            break
        scale = max(1.0, float(np.abs(coefficients).max()))
        if float(np.abs(step).max()) <= SMALLEST_STEP * scale and abs(alpha - before) <= SMALLEST_STEP:
            return coefficients, alpha
    raise ValueError("the estimating equations have no solution; take correlation='independence' or fewer covariates")


def _pearson(rows: _Rows, family: Family, coefficients: Floats) -> tuple[Floats, Floats]:
    """Return the design and the residuals in units of the SD of each row."""
    linear = rows.matrix @ coefficients
    if family == "linear":
        return rows.matrix, rows.outcome - linear
    chance, rest = expit(linear), expit(-linear)
    spread = np.sqrt(chance * rest)
    return spread[:, None] * rows.matrix, (rows.outcome * rest - (1 - rows.outcome) * chance) / spread


def _exchangeable(rows: _Rows, residuals: Floats) -> float:
    """Return the correlation of two rows of one patient; 0 if nobody has two."""
    pairs = float(rows.counts @ (rows.sizes * (rows.sizes - 1)) / 2)
    if pairs == 0:
        return 0.0
    squares = np.bincount(rows.patient, residuals**2)
    products = (np.bincount(rows.patient, residuals) ** 2 - squares) / 2
    scale = float(rows.counts @ squares) / float(rows.counts @ rows.sizes)
    if scale <= (SAME_WITHIN * float(np.abs(rows.outcome).max())) ** 2:
        return 0.0
    alpha = float(rows.counts @ products) / pairs / scale
    if not -1 / (int(rows.sizes.max()) - 1) < alpha < 1 - 1e-9:
        raise ValueError(
            f"the working correlation is {alpha:.3f}, which rows of one patient cannot have; "
            "take correlation='independence', or one row a patient if rows repeat each other"
        )
    return alpha


def _pieces(rows: _Rows, whitened: Floats, residuals: Floats, alpha: float) -> tuple[Floats, Floats]:
    """Return the information (k, p, p) and the score (k, p) of each distinct patient."""
    k, p = rows.sizes.size, whitened.shape[1]
    squares, sums = np.zeros((k, p, p)), np.zeros((k, p))
    np.add.at(squares, rows.patient, whitened[:, :, None] * whitened[:, None, :])
    np.add.at(sums, rows.patient, whitened)
    plain = np.zeros((k, p))
    np.add.at(plain, rows.patient, whitened * residuals[:, None])
    shared = alpha / (1 + (rows.sizes - 1) * alpha)
    common = np.bincount(rows.patient, residuals)
    information = (squares - shared[:, None, None] * sums[:, :, None] * sums[:, None, :]) / (1 - alpha)
    return information, (plain - (shared * common)[:, None] * sums) / (1 - alpha)


def _total(rows: _Rows, information: Floats) -> Floats:
    total: Floats = np.tensordot(rows.counts.astype(np.float64), information, axes=1)
    return total


def _covariance(rows: _Rows, family: Family, coefficients: Floats, alpha: float, errors: GeeErrors) -> Floats:
    """Return the sandwich covariance of the scaled coefficients.

    With the correction each patient's score is divided by the information without that patient, which is Mancl
    and DeRouen's inverse of one less the patient's leverage.
    """
    whitened, residuals = _pearson(rows, family, coefficients)
    information, scores = _pieces(rows, whitened, residuals, alpha)
    total = _total(rows, information)
    if errors == "sandwich":
        influence = scores @ np.linalg.inv(total)
    else:
        without = total - information
        left = np.linalg.eigvals(np.linalg.solve(total, without)).real.min()
        if left < FULL_LEVERAGE:
            raise ValueError(
                "one patient alone decides a coefficient; leave out the covariate, or take errors='sandwich'"
            )
        influence = np.linalg.solve(without, scores[:, :, None])[:, :, 0]
    covariance: Floats = influence.T @ (rows.counts[:, None] * influence)
    return covariance


def _named(correlation: str, alpha: float) -> str:
    return f"exchangeable ({alpha:.3f})" if correlation == "exchangeable" else "independence"


def _table(terms: tuple[str, ...], estimates: list[Estimate]) -> pd.DataFrame:
    return pd.DataFrame([{"term": term, **as_row(one)} for term, one in zip(terms, estimates, strict=True)])
