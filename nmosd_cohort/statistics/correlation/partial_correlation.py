"""Correlation of probability-scale residuals with the variance that allows for both fitted models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nmosd_cohort.statistics.estimate import Counts, Floats
from nmosd_cohort.statistics.models.cumulative_link import cumulative_probabilities
from nmosd_cohort.statistics.ordinal.cumulative_logit import fit_cumulative_link


@dataclass(frozen=True, slots=True, eq=False)
class RankModel:
    """Cumulative logit model of one variable on covariates, seen cell by cell.

    Parameters
    ----------
    design
        Shape (m, p).
    level
        Shape (m,), position of the own value among the k that occur.
    upper, lower
        Shape (m,), P(Y <= own value) and P(Y < own value).
    pull
        Shape (m,), how strongly the gap of the own level is pulled open, 0 for the lowest and the highest.
    covariance
        Shape (k - 1 + p, k - 1 + p).
    """

    design: Floats
    level: Counts
    upper: Floats
    lower: Floats
    pull: Floats
    covariance: Floats

    @property
    def residual(self) -> Floats:
        """P(Y* < own value) - P(Y* > own value) for Y* drawn from the model (Li and Shepherd 2012)."""
        return self.upper + self.lower - 1

    @property
    def n_thresholds(self) -> int:
        """Outcome levels less one."""
        return len(self.covariance) - int(self.design.shape[1])


def rank_model(values: Floats, covariates: pd.DataFrame, counts: Counts) -> RankModel:
    """Fit a cumulative logit model of a variable on covariates and evaluate it in each cell.

    Raises
    ------
    ValueError
        As `fit_cumulative_link`.

    Examples
    --------
    >>> model = rank_model(np.array([0.0, 5.0]), pd.DataFrame(index=range(2)), np.array([30, 10]))
    >>> model.residual.round(2).tolist()
    [-0.25, 0.75]
    """
    fit = fit_cumulative_link(values, covariates, counts)
    design = covariates.to_numpy(dtype=np.float64)
    level = np.searchsorted(fit.levels, values)
    upper, lower = cumulative_probabilities(fit.thresholds, fit.coefficients, design, level)
    pull = np.zeros(fit.levels.size)
    pull[1:-1] = 1 / np.expm1(np.diff(fit.thresholds))
    return RankModel(design, level, upper, lower, pull[level], fit.covariance)


def residual_correlation(first: RankModel, second: RankModel, counts: Counts) -> tuple[float, float]:
    """Return the correlation of two models' residuals and its large-sample standard error.

    The error is that of stacked estimating equations: scores of both models and the moments of the
    residuals: Liu, Li, Wanga and Shepherd 2018 (doi:10.1111/biom.12812).

    Examples
    --------
    >>> none, n = pd.DataFrame(index=range(4)), np.array([30, 10, 10, 30])
    >>> x, y = np.array([0.0, 0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0, 1.0])
    >>> estimate, error = residual_correlation(rank_model(x, none, n), rank_model(y, none, n), n)
    >>> round(estimate, 3), round(error, 3)
    (0.5, 0.097)
    """
    shares = counts / counts.sum()
    x, y = _z_scores(first.residual, shares), _z_scores(second.residual, shares)
    estimate = float(shares @ (x * y))
    influence = x * y - estimate * (x**2 + y**2) / 2
    influence += _model_influence(first, shares, (y - estimate * x) / _deviation(first.residual, shares), counts)
    influence += _model_influence(second, shares, (x - estimate * y) / _deviation(second.residual, shares), counts)
    return estimate, float(np.sqrt(shares @ influence**2 / counts.sum()))


def tied_spearman(x_position: Counts, y_position: Counts, counts: Counts) -> tuple[float, float]:
    """Return Spearman's correlation and its large-sample standard error, which allows for ties.

    The error is that of `residual_correlation` without covariates, by cumulative sums.

    Parameters
    ----------
    x_position, y_position
        Shape (m,), position of each cell's value among the distinct values.
    counts
        Shape (m,), patients in each cell.

    Examples
    --------
    >>> x, y = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> estimate, error = tied_spearman(x, y, np.array([30, 10, 10, 30]))
    >>> round(estimate, 3), round(error, 3)
    (0.5, 0.097)
    """
    shares = counts / counts.sum()
    ridits = [_sign_sums(position, shares) for position in (x_position, y_position)]
    x, y = (_z_scores(ridit, shares) for ridit in ridits)
    estimate = float(shares @ (x * y))
    influence = x * y - estimate * (x**2 + y**2) / 2
    for position, ridit, pull in ((x_position, ridits[0], y - estimate * x), (y_position, ridits[1], x - estimate * y)):
        weights = shares * pull / _deviation(ridit, shares)
        influence -= _sign_sums(position, weights) + weights @ ridit
    return estimate, float(np.sqrt(shares @ influence**2 / counts.sum()))


def _sign_sums(position: Counts, weights: Floats) -> Floats:
    """Return, for each cell, the weights of lower positions minus those of higher positions."""
    totals = np.bincount(position, weights=weights)
    below = np.cumsum(totals) - totals
    sums: Floats = (2 * below + totals - totals.sum())[position]
    return sums


def _deviation(values: Floats, shares: Floats) -> float:
    return float(np.sqrt(shares @ (values - shares @ values) ** 2))


def _z_scores(values: Floats, shares: Floats) -> Floats:
    return (values - shares @ values) / _deviation(values, shares)


def _model_influence(model: RankModel, shares: Floats, sensitivity: Floats, counts: Counts) -> Floats:
    """Return what each patient does to the correlation through the fitted parameters of one model."""
    weights = shares * sensitivity
    spread_upper = weights * model.upper * (1 - model.upper)
    spread_lower = weights * model.lower * (1 - model.lower)
    slope = np.concatenate(
        [
            np.bincount(model.level, spread_upper)[:-1] + np.bincount(model.level, spread_lower)[1:],
            -((spread_upper + spread_lower) @ model.design),
        ]
    )
    direction = model.covariance @ slope * counts.sum()
    thresholds, coefficients = np.split(direction, [model.n_thresholds])
    padded = np.concatenate(([0.0], thresholds, [0.0]))
    opened = padded[model.level + 1] * (1 - model.upper + model.pull)
    closed = padded[model.level] * (model.lower + model.pull)
    influence: Floats = opened - closed + model.residual * (model.design @ coefficients)
    return influence
