"""Least squares from counts, with the robust covariance that other models share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nmosd_cohort.statistics.estimate import Floats
from nmosd_cohort.statistics.models.design import Cells, check_estimable, standardise, to_design_units, with_intercept
from nmosd_cohort.statistics.rounding import SAME_WITHIN

# A patient with a leverage this near 1 alone decides a coefficient; the robust error is then undefined.
FULL_LEVERAGE = 1 - 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class LeastSquares:
    """Least-squares fit in the units of the design.

    Parameters
    ----------
    coefficients
        Shape (p + 1,), intercept first.
    bread
        Shape (p + 1, p + 1): covariance for residuals of variance 1.
    influences
        Shape (m, p + 1), what one patient of each cell adds to the coefficients.
    leverages
        Shape (m,), of one patient of each cell.
    squares, total_squares
        Sum of squared residuals, and of squared distances of the outcome to its mean.
    freedom
        Patients less coefficients.
    largest
        Largest absolute outcome.
    """

    coefficients: Floats
    bread: Floats
    influences: Floats
    leverages: Floats
    squares: float
    total_squares: float
    freedom: int
    largest: float

    @property
    def r_squared(self) -> float:
        """Share of the variance of the outcome that the columns explain."""
        return 1 - self.squares / self.total_squares

    def is_rounding(self, covariance: Floats, at: int) -> bool:
        """Return whether the error of a coefficient is below that of residuals that differ from 0 by rounding only."""
        return bool(covariance[at, at] <= self.bread[at, at] * (SAME_WITHIN * self.largest) ** 2)


def least_squares(cells: Cells) -> LeastSquares:
    """Fit the mean outcome by least squares, each cell as often as it has patients.

    Notes
    -----
    Orthogonal triangles on columns standardised over the patients.

    Examples
    --------
    >>> cells = Cells(np.array([1.0, 3.0, 6.0]), np.array([[0.0], [0.0], [1.0]]), np.array([2, 2, 4]), ("pain",))
    >>> fit = least_squares(cells)
    >>> fit.coefficients.round(9).tolist(), fit.freedom, round(fit.squares, 9)
    ([2.0, 4.0], 6, 4.0)
    """
    scaled, means, deviations = standardise(cells.design, cells.counts)
    matrix, back = with_intercept(scaled), to_design_units(means, deviations)
    root = np.sqrt(cells.counts.astype(np.float64))
    middle = float(np.average(cells.outcome, weights=cells.counts))
    orthogonal, triangle = np.linalg.qr(root[:, None] * matrix)
    parameters = np.linalg.solve(triangle, orthogonal.T @ (root * (cells.outcome - middle)))
    half = back @ np.linalg.inv(triangle)
    residuals = cells.outcome - middle - matrix @ parameters
    coefficients = back @ parameters
    coefficients[0] += middle
    return LeastSquares(
        coefficients,
        half @ half.T,
        (residuals / root)[:, None] * orthogonal @ half.T,
        (orthogonal**2).sum(axis=1) / cells.counts,
        float(cells.counts @ residuals**2),
        float(cells.counts @ (cells.outcome - middle) ** 2),
        cells.n - coefficients.size,
        float(np.abs(cells.outcome).max()),
    )


def hc3_covariance(influences: Floats, leverages: Floats, cells: Cells) -> Floats:
    """Return the covariance of coefficients that holds whatever the variance of the outcome.

    Parameters
    ----------
    influences
        Shape (m, p), what one patient of each cell adds to the coefficients: its derivatives of the log-likelihood
        times the inverse information.
    leverages
        Shape (m,), of one patient of each cell.
    cells
        The cells of the model, for counts and names.

    Raises
    ------
    ValueError
        If one patient alone decides a coefficient.

    Notes
    -----
    HC3: each patient's influence is divided by 1 - leverage (MacKinnon and White 1985,
    doi:10.1016/0304-4076(85)90158-7; Long and Ervin 2000, doi:10.1080/00031305.2000.10474549).

    Examples
    --------
    >>> cells = Cells(np.array([0.0, 2.0]), np.zeros((2, 0)), np.array([2, 2]), ())
    >>> hc3_covariance(np.array([[-0.25], [0.25]]), np.array([0.25, 0.25]), cells).round(4).tolist()
    [[0.4444]]
    """
    _check_leverage(cells, leverages)
    freed = influences * (np.sqrt(cells.counts) / (1 - leverages))[:, None]
    covariance: Floats = freed.T @ freed
    return covariance


def _check_leverage(cells: Cells, leverages: Floats) -> None:
    alone = np.flatnonzero(leverages > FULL_LEVERAGE)
    if alone.size == 0:
        return
    others = replace(cells, design=np.delete(cells.design, alone[0], axis=0))
    try:
        check_estimable(others.design, others.names)
    except ValueError as error:
        raise ValueError(f"without one patient who decides it, {error}") from error
