"""Likelihood of the cumulative logit model and its maximum by Newton's method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit, logit

from nmosd_cohort.statistics.estimate import Counts, Floats
from nmosd_cohort.statistics.models.newton import NoMaximumError, Point, climb

# Newton's method stops within the square root of this many standard errors of the maximum.
SMALLEST_GAIN = 1e-20
# exp() of a wider gap between two thresholds would overflow; its likelihood term is 0 long before.
WIDEST_GAP = 700.0


@dataclass(frozen=True, slots=True)
class SortedCells:
    """One row a cell, rows sorted by outcome level.

    Parameters
    ----------
    level
        Shape (m,), rising, 0 for the lowest of k outcome levels; each level occurs.
    design
        Shape (m, p).
    counts
        Shape (m,), patients in each cell.
    starts
        Shape (k,), first row of each level.
    """

    level: Counts
    design: Floats
    counts: Counts
    starts: Counts

    def sums(self, values: Floats) -> Floats:
        """Return sums of the rows of each level, first axis of length k."""
        totals: Floats = np.add.reduceat(values, self.starts, axis=0)
        return totals


@dataclass(frozen=True, slots=True)
class Maximum:
    """The maximum of the log-likelihood.

    Parameters
    ----------
    parameters
        Shape (k - 1 + p,): thresholds, then coefficients.
    log_likelihood
        Its value there.
    information
        Negative second derivatives there, shape (k - 1 + p, k - 1 + p).
    converged
        Whether there is a maximum; if not, the parameters are where the search began.
    """

    parameters: Floats
    log_likelihood: float
    information: Floats
    converged: bool


def sort_by_level(level: Counts, design: Floats, counts: Counts) -> SortedCells:
    """Return cells with one row a combination, sorted by outcome level.

    Examples
    --------
    >>> sort_by_level(np.array([1, 0, 1]), np.zeros((3, 0)), np.array([5, 6, 7])).counts.tolist()
    [6, 5, 7]
    """
    order = np.argsort(level, kind="stable")
    rising = level[order]
    starts = np.searchsorted(rising, np.arange(rising[-1] + 1))
    return SortedCells(rising, design[order], counts[order], starts)


def cumulative_probabilities(
    thresholds: Floats, coefficients: Floats, design: Floats, level: Counts
) -> tuple[Floats, Floats]:
    """Return P(Y <= own level) and P(Y < own level) of each row.

    Parameters
    ----------
    thresholds
        Shape (k - 1,), rising: logit P(Y <= j) = threshold j - design @ coefficients.
    coefficients
        Shape (p,).
    design
        Shape (m, p).
    level
        Shape (m,), 0 to k - 1.

    Examples
    --------
    >>> upper, lower = cumulative_probabilities(np.zeros(1), np.zeros(0), np.zeros((2, 0)), np.array([0, 1]))
    >>> upper.tolist(), lower.tolist()
    ([0.5, 1.0], [0.0, 0.5])
    """
    padded = np.concatenate(([-np.inf], thresholds, [np.inf]))
    linear = design @ coefficients
    return expit(padded[level + 1] - linear), expit(padded[level] - linear)


def log_likelihood(parameters: Floats, cells: SortedCells) -> float:
    """Return the log-likelihood, minus infinity where thresholds do not rise.

    The probability of a level between thresholds a and b is F(a) (1 - F(b)) (1 - exp(b - a)), which
    keeps its digits in both tails.

    Examples
    --------
    >>> cells = sort_by_level(np.array([0, 1]), np.zeros((2, 0)), np.array([1, 1]))
    >>> round(log_likelihood(np.zeros(1), cells), 6)
    -1.386294
    """
    n_thresholds = cells.starts.size - 1
    thresholds, coefficients = np.split(parameters, [n_thresholds])
    padded = np.concatenate(([-np.inf], thresholds, [np.inf]))
    gaps = np.minimum(np.diff(padded), WIDEST_GAP)
    if (gaps <= 0).any():
        return -np.inf
    linear = cells.design @ coefficients
    tails = log_expit(padded[cells.level + 1] - linear) + log_expit(linear - padded[cells.level])
    between = np.log(-np.expm1(-gaps)) @ cells.sums(cells.counts.astype(np.float64))
    return float(cells.counts @ tails + between)


def score_and_information(parameters: Floats, cells: SortedCells) -> tuple[Floats, Floats]:
    """Return first derivatives and negative second derivatives of the log-likelihood.

    Examples
    --------
    >>> cells = sort_by_level(np.array([0, 1]), np.zeros((2, 0)), np.array([1, 3]))
    >>> score, information = score_and_information(np.zeros(1), cells)
    >>> score.tolist(), information.tolist()
    ([-1.0], [[1.0]])
    """
    thresholds, coefficients = np.split(parameters, [cells.starts.size - 1])
    upper, lower = cumulative_probabilities(thresholds, coefficients, cells.design, cells.level)
    counts = cells.counts.astype(np.float64)
    half_gaps = np.minimum(np.diff(thresholds), WIDEST_GAP) / 2
    inner_totals = cells.sums(counts)[1:-1]
    slope = inner_totals / np.expm1(2 * half_gaps)
    curve = inner_totals / (2 * np.sinh(half_gaps)) ** 2
    score = np.concatenate(
        [
            _threshold_score(cells.sums(counts * (1 - upper)), cells.sums(counts * lower), slope),
            cells.design.T @ (counts * (upper + lower - 1)),
        ]
    )
    information = _information(cells, counts * upper * (1 - upper), counts * lower * (1 - lower), curve)
    return score, information


def _threshold_score(above: Floats, below: Floats, slope: Floats) -> Floats:
    score: Floats = above[:-1] - below[1:]
    score[1:] += slope
    score[:-1] -= slope
    return score


def _information(cells: SortedCells, upper: Floats, lower: Floats, curve: Floats) -> Floats:
    n_thresholds, n_columns = cells.starts.size - 1, cells.design.shape[1]
    information = np.zeros((n_thresholds + n_columns, n_thresholds + n_columns))
    diagonal = cells.sums(upper)[:-1] + cells.sums(lower)[1:]
    diagonal[1:] += curve
    diagonal[:-1] += curve
    inner = np.arange(n_thresholds - 1)
    information[np.arange(n_thresholds), np.arange(n_thresholds)] = diagonal
    information[inner, inner + 1] = information[inner + 1, inner] = -curve
    design = cells.design
    mixed = cells.sums(upper[:, None] * design)[:-1] + cells.sums(lower[:, None] * design)[1:]
    information[:n_thresholds, n_thresholds:] = -mixed
    information[n_thresholds:, :n_thresholds] = -mixed.T
    information[n_thresholds:, n_thresholds:] = design.T @ ((upper + lower)[:, None] * design)
    return information


@dataclass(frozen=True, slots=True)
class CumulativeLikelihood:
    """The log-likelihood of thresholds and coefficients; it is concave.

    Pratt 1981 (doi:10.1080/01621459.1981.10477613).
    """

    cells: SortedCells

    def at(self, parameters: Floats) -> Point | None:
        """Return the point at these parameters, None where thresholds do not rise."""
        value = log_likelihood(parameters, self.cells)
        if not np.isfinite(value):
            return None
        return Point(parameters, value, *score_and_information(parameters, self.cells))

    def curvature(self, point: Point) -> Floats:
        """Return the negative second derivatives, here the information itself."""
        return point.information

    def stretch(self, direction: Floats) -> float:
        """Return the most that a step in this direction changes any log odds."""
        thresholds, coefficients = np.split(direction, [self.cells.starts.size - 1])
        return float(np.abs(self.cells.design @ coefficients).max() + np.abs(thresholds).max())

    def start(self) -> Floats:
        """Return the maximum without covariates: thresholds at the logits of the cumulative shares."""
        totals = self.cells.sums(self.cells.counts.astype(np.float64))
        thresholds = logit(np.cumsum(totals)[:-1] / totals.sum())
        return np.concatenate([thresholds, np.zeros(self.cells.design.shape[1])])


def maximise(cells: SortedCells) -> Maximum:
    """Return the maximum of the log-likelihood by Newton's method.

    Where the data separate there is no maximum: the result then is not converged or its information is
    close to singular.

    Examples
    --------
    >>> cells = sort_by_level(np.array([0, 1]), np.zeros((2, 0)), np.array([1, 3]))
    >>> round(float(maximise(cells).parameters[0]), 6)
    -1.098612
    """
    likelihood = CumulativeLikelihood(cells)
    start = likelihood.start()
    try:
        top = climb(likelihood, start, np.arange(start.size), smallest_gain=SMALLEST_GAIN)
    except NoMaximumError:
        return Maximum(start, log_likelihood(start, cells), np.zeros((start.size, start.size)), converged=False)
    return Maximum(top.parameters, top.value, top.information, converged=True)
