"""Covariance of the visits of one patient: unstructured, compound symmetry, or decaying with time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from nmosd_cohort.statistics.estimate import Floats, check_option

CovarianceName = Literal["unstructured", "compound_symmetry", "ar1"]


@dataclass(frozen=True, slots=True)
class LinearStructure:
    """A covariance that is a sum of parameters times fixed matrices.

    Parameters
    ----------
    basis
        Shape (k, visits, visits), one symmetric matrix a parameter.
    start
        Shape (k,), parameters to start from, for outcomes with SD 1.

    Examples
    --------
    >>> structure("compound_symmetry", 2).covariance(np.array([1.0, 0.5])).tolist()
    [[1.5, 0.5], [0.5, 1.5]]
    """

    basis: Floats
    start: Floats

    def covariance(self, parameters: Floats) -> Floats:
        """Return the covariance of the visits, shape (visits, visits)."""
        sigma: Floats = np.tensordot(parameters, self.basis, axes=1)
        return sigma

    def slopes(self, _parameters: Floats) -> Floats:
        """Return the first derivatives, shape (k, visits, visits)."""
        return self.basis

    def curvatures(self, _parameters: Floats) -> Floats:
        """Return the second derivatives, shape (k, k, visits, visits)."""
        return np.zeros((len(self.basis), *self.basis.shape))


@dataclass(frozen=True, slots=True)
class DecayingStructure:
    """One variance, and a correlation that is a power of the time between two visits.

    Parameters
    ----------
    gaps
        Shape (visits, visits), time between visits in units of the smallest gap.
    start
        Variance and correlation one unit apart to start from.

    Examples
    --------
    >>> structure("ar1", 3).covariance(np.array([2.0, 0.5]))[0].tolist()
    [2.0, 1.0, 0.5]
    """

    gaps: Floats
    start: Floats

    def covariance(self, parameters: Floats) -> Floats:
        """Return the covariance of the visits, shape (visits, visits)."""
        sigma: Floats = parameters[0] * self._power(parameters[1], 0)
        return sigma

    def slopes(self, parameters: Floats) -> Floats:
        """Return the first derivatives, shape (2, visits, visits)."""
        variance, correlation = parameters
        return np.stack([self._power(correlation, 0), variance * self._power(correlation, 1)])

    def curvatures(self, parameters: Floats) -> Floats:
        """Return the second derivatives, shape (2, 2, visits, visits)."""
        variance, correlation = parameters
        cross = self._power(correlation, 1)
        return np.array([[np.zeros_like(cross), cross], [cross, variance * self._power(correlation, 2)]])

    def _power(self, correlation: float, order: int) -> Floats:
        """Return a derivative of correlation ** gap; NaN where a negative correlation has no power."""
        factor = np.ones_like(self.gaps)
        for step in range(order):
            factor = factor * (self.gaps - step)
        with np.errstate(invalid="ignore", divide="ignore"):
            power: Floats = np.where(factor == 0, 0.0, factor * np.power(correlation, self.gaps - order))
        return power


Structure = LinearStructure | DecayingStructure


def structure(name: CovarianceName, n_visits: int, times: Floats | None = None) -> Structure:
    """Return a covariance structure for so many visits.

    Parameters
    ----------
    name
        ``unstructured`` has a variance for each visit and a covariance for each two, ``compound_symmetry`` one
        variance and one correlation, ``ar1`` one variance and a correlation to the power of the gap.
    n_visits
        Visits.
    times
        Rising time of each visit, for ``ar1``; None takes them as equally far apart.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> [n_parameters(name, 4) for name in get_args(CovarianceName)]
    [10, 2, 2]
    """
    check_option("covariance", name, get_args(CovarianceName))
    if name == "ar1":
        place = np.arange(n_visits, dtype=np.float64) if times is None else times / np.diff(times).min()
        return DecayingStructure(np.abs(place[:, None] - place[None, :]), np.array([1.0, 0.5]))
    if name == "compound_symmetry":
        return LinearStructure(np.stack([np.eye(n_visits), np.ones((n_visits, n_visits))]), np.array([0.5, 0.5]))
    first, second = np.triu_indices(n_visits)
    basis = np.zeros((first.size, n_visits, n_visits))
    basis[np.arange(first.size), first, second] = basis[np.arange(first.size), second, first] = 1.0
    return LinearStructure(basis, np.where(first == second, 1.0, 0.5))


def n_parameters(name: CovarianceName, n_visits: int) -> int:
    """Return the parameters of a structure.

    Examples
    --------
    >>> n_parameters("unstructured", 3)
    6
    """
    return n_visits * (n_visits + 1) // 2 if name == "unstructured" else 2
