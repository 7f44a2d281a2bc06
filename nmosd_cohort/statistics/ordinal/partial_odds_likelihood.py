"""Likelihood of the partial proportional odds model: where its parameters stand, and its derivatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import expit, log_expit

from nmosd_cohort.statistics.estimate import Counts, Floats
from nmosd_cohort.statistics.models.cumulative_link import WIDEST_GAP
from nmosd_cohort.statistics.models.newton import Point
from nmosd_cohort.statistics.models.separation import separating_parameters
from nmosd_cohort.statistics.ordinal.cumulative_logit import OrdinalFit


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Thresholds first, then each column in turn: one coefficient, or one a band where the column is free.

    Parameters
    ----------
    free
        Positions of the free columns.
    bands
        Shape (k - 1,), band of each cut point, rising from 0.
    n_columns
        Columns of the design.
    """

    free: Counts
    bands: Counts
    n_columns: int

    @property
    def n_thresholds(self) -> int:
        """One threshold a cut point."""
        return self.bands.size

    def terms(self) -> list[tuple[int, int | None]]:
        """Return column and band of each coefficient; the band is None where one serves all cut points.

        Examples
        --------
        >>> Layout(np.array([1]), np.array([0, 1]), 2).terms()
        [(0, None), (1, 0), (1, 1)]
        """
        free, bands = set(self.free.tolist()), range(int(self.bands.max()) + 1)
        return [(column, band) for column in range(self.n_columns) for band in (bands if column in free else [None])]

    def rows(self, cut: Counts, design: Floats) -> Floats:
        """Return what threshold minus linear predictor is made of, one row a cell, at the cut point of each.

        Examples
        --------
        >>> Layout(np.array([0]), np.array([0, 1]), 1).rows(np.array([0, 1]), np.array([[5.0], [7.0]])).tolist()
        [[1.0, 0.0, -5.0, -0.0], [0.0, 1.0, -0.0, -7.0]]
        """
        band = self.bands[cut]
        parts = [-design[:, column] * (True if own is None else band == own) for column, own in self.terms()]
        return np.column_stack([np.eye(self.n_thresholds)[cut], *parts])

    def start(self, common: OrdinalFit, means: Floats, deviations: Floats) -> Floats:
        """Return the proportional odds fit as parameters of this model, columns scaled to mean 0 and SD 1."""
        thresholds = common.thresholds - means @ common.coefficients
        scaled = common.coefficients * deviations
        return np.concatenate([thresholds, [scaled[column] for column, _ in self.terms()]])


class PartialLikelihood:
    """The log-likelihood, which is concave where the levels of all patients have a probability above 0.

    Parameters
    ----------
    layout
        Where the parameters stand.
    level
        Shape (m,), 0 to k - 1.
    design
        Shape (m, p).
    counts
        Shape (m,), patients in each cell.
    """

    def __init__(self, layout: Layout, level: Counts, design: Floats, counts: Counts) -> None:
        self.layout, self.design, self.counts = layout, design, counts.astype(np.float64)
        self.below_top, self.above_bottom = level < layout.n_thresholds, level > 0
        self.upper = layout.rows(np.minimum(level, layout.n_thresholds - 1), design) * self.below_top[:, None]
        self.lower = layout.rows(np.maximum(level - 1, 0), design) * self.above_bottom[:, None]
        self.between = self.below_top & self.above_bottom

    def at(self, parameters: Floats) -> Point | None:
        """Return the point at these parameters, None where the level of some patient has no probability."""
        high = np.where(self.below_top, self.upper @ parameters, np.inf)
        low = np.where(self.above_bottom, self.lower @ parameters, -np.inf)
        gaps = np.minimum(high[self.between] - low[self.between], WIDEST_GAP)
        if (gaps <= 0).any():
            return None
        inner = self.counts[self.between]
        value = self.counts @ (log_expit(high) + log_expit(-low)) + inner @ np.log(-np.expm1(-gaps))
        slope, bend = np.zeros((2, self.counts.size))
        slope[self.between] = inner / np.expm1(gaps)
        bend[self.between] = inner / (2 * np.sinh(gaps / 2)) ** 2
        above, below = expit(high), expit(low)
        score = (self.counts * (1 - above) + slope) @ self.upper - (self.counts * below + slope) @ self.lower
        apart = self.upper - self.lower
        information = (
            self._sums(self.upper, self.counts * above * (1 - above))
            + self._sums(self.lower, self.counts * below * (1 - below))
            + self._sums(apart, bend)
        )
        return Point(parameters, float(value), score, information)

    def _sums(self, rows: Floats, weights: Floats) -> Floats:
        sums: Floats = rows.T @ (weights[:, None] * rows)
        return sums

    def curvature(self, point: Point) -> Floats:
        """Return the negative second derivatives, here the information itself."""
        return point.information

    def stretch(self, direction: Floats) -> float:
        """Return the most that a step in this direction changes any log odds."""
        return float(max(np.abs(self.upper @ direction).max(), np.abs(self.lower @ direction).max()))

    def level_probabilities(self, parameters: Floats) -> Floats:
        """Return the probability of each level given each row of the design, negative where odds cross."""
        rows, cuts = len(self.design), range(self.layout.n_thresholds)
        at_most = [expit(self.layout.rows(np.full(rows, cut), self.design) @ parameters) for cut in cuts]
        return np.diff(np.column_stack([np.zeros(rows), *at_most, np.ones(rows)]), axis=1)


def separating_terms(likelihood: PartialLikelihood) -> list[int]:
    """Return the coefficients of a direction along which the likelihood never falls, empty if there is none.

    Examples
    --------
    >>> layout, design = Layout(np.array([0]), np.array([0, 1]), 1), np.array([[0.0], [0.0], [1.0], [1.0], [1.0]])
    >>> level, counts = np.array([0, 1, 0, 1, 2]), np.ones(5, dtype=np.int64)
    >>> separating_terms(PartialLikelihood(layout, level, design, counts))
    [1]
    """
    slack = csr_matrix(np.unique(np.vstack([likelihood.upper, -likelihood.lower]), axis=0))
    return separating_parameters(slack, likelihood.layout.n_thresholds)
