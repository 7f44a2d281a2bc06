"""Draws of the missing values of one variable from a model of the others, parameters drawn as well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from nmosd_cohort.statistics.estimate import Counts, Floats
from nmosd_cohort.statistics.models.design import COLLINEAR_SHARE, standardise
from nmosd_cohort.statistics.ordinal.cumulative_logit import OrdinalFit, fit_cumulative_link
from nmosd_cohort.statistics.rounding import grouped


@dataclass(frozen=True, slots=True)
class LatentDraw:
    """Imputed values of one ordered variable as latent positions among thresholds.

    Parameters
    ----------
    positions
        Shape (missing,): log odds of a higher value plus logistic noise.
    thresholds
        Shape (k - 1,), rising.
    levels
        Shape (k,), the values of the variable.
    """

    positions: Floats
    thresholds: Floats
    levels: Floats

    def values(self, shift: float = 0.0) -> Floats:
        """Return the imputed values, the odds of a higher value multiplied by exp(shift)."""
        found: Floats = self.levels[np.searchsorted(self.thresholds, self.positions + shift)]
        return found


def draw_levels(
    outcome: Floats, design: Floats, counts: Counts, target: Floats, rng: np.random.Generator
) -> LatentDraw | None:
    """Return draws of an ordered outcome from a cumulative logit model, None where the design separates it.

    Parameters
    ----------
    outcome, design, counts
        The patients in whom it is observed; the outcome has at least two levels.
    target
        Design of the patients in whom it is missing.
    rng
        Source of the draws.

    Examples
    --------
    >>> draw = draw_levels(
    ...     np.array([0.0, 1.0, 0.0, 1.0]), np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([90, 10, 10, 90]),
    ...     np.repeat([[0.0], [1.0]], 2000, axis=0), np.random.default_rng(1),
    ... )
    >>> values = draw.values()
    >>> bool(values[:2000].mean() < 0.25), bool(values[2000:].mean() > 0.75)
    (True, True)
    """
    columns = usable_columns(design)
    frame = pd.DataFrame(design[:, columns], columns=[f"column {position}" for position in columns])
    try:
        fit = fit_cumulative_link(outcome, frame, counts)
    except ValueError:
        return None
    thresholds, coefficients = drawn_parameters(fit, rng)
    noise = logit(rng.uniform(np.finfo(float).tiny, 1.0, len(target)))
    return LatentDraw(target[:, columns] @ coefficients + noise, thresholds, fit.levels)


def drawn_parameters(fit: OrdinalFit, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return thresholds and coefficients drawn from their approximate posterior distribution.

    The threshold known best and the coefficients are normal; the gaps between thresholds are log-normal with
    the mean of the fit, so that thresholds rise in every draw.

    Examples
    --------
    >>> fit = fit_cumulative_link([0, 1, 2], pd.DataFrame(index=range(3)), [30, 40, 30])
    >>> thresholds, coefficients = drawn_parameters(fit, np.random.default_rng(1))
    >>> bool(np.diff(thresholds)[0] > 0), coefficients.size
    (True, 0)
    """
    k = fit.thresholds.size
    gaps = np.diff(fit.thresholds)
    anchor = int(np.argmin(np.diagonal(fit.covariance)[:k]))
    back = np.eye(len(fit.covariance))
    back[: k - 1, :k] = (np.eye(k, k, 1) - np.eye(k))[:-1] / gaps[:, None]
    back[k - 1, :k] = np.arange(k) == anchor
    covariance = back @ fit.covariance @ back.T
    variances, directions = np.linalg.eigh((covariance + covariance.T) / 2)
    error = directions @ (np.sqrt(np.maximum(variances, 0.0)) * rng.standard_normal(variances.size))
    drawn_gaps = gaps * np.exp(error[: k - 1] - np.diagonal(covariance)[: k - 1] / 2)
    heights = np.concatenate(([0.0], np.cumsum(drawn_gaps)))
    thresholds = fit.thresholds[anchor] + error[k - 1] + heights - heights[anchor]
    return thresholds, fit.coefficients + error[k:]


def match_means(
    outcome: Floats, design: Floats, counts: Counts, target: Floats, rng: np.random.Generator, *, donors: int = 5
) -> Floats:
    """Return draws by predictive mean matching: the value of one of the patients with the nearest prediction.

    Parameters
    ----------
    outcome, design, counts
        The patients in whom the variable is observed.
    target
        Design of the patients in whom it is missing.
    rng
        Source of the draws.
    donors
        Nearest patients among whom one is drawn; ties of distance are broken at random.

    Notes
    -----
    Type 1 matching: donors are predicted with the least-squares estimate, recipients with a draw from its
    posterior distribution (Morris, White and Royston 2014, doi:10.1186/1471-2288-14-75).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = np.arange(100.0)[:, None]
    >>> match_means(x[:, 0], x, np.ones(100, dtype=np.int64), np.array([[50.0]]), rng, donors=1).tolist()
    [50.0]
    """
    columns = usable_columns(design)
    n, p = int(counts.sum()), len(columns) + 1
    if n <= p:
        columns, p = [], 1
    centre = counts @ design[:, columns] / n
    known = np.column_stack((np.ones(len(design)), design[:, columns] - centre))
    wanted = np.column_stack((np.ones(len(target)), target[:, columns] - centre))
    coefficients, drawn = _least_squares(known, outcome, counts, rng)
    predicted, order = grouped(known @ coefficients, float(np.abs(known @ coefficients).max()))
    row = _nearest(predicted, order, counts, wanted @ drawn, min(donors, n), rng)
    return outcome[row]


def _least_squares(design: Floats, outcome: Floats, counts: Counts, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the least-squares coefficients and a draw from their posterior distribution."""
    root = np.sqrt(counts)[:, None]
    triangle = np.linalg.qr(design * root, mode="r")
    coefficients = np.asarray(np.linalg.lstsq(design * root, outcome * root[:, 0], rcond=None)[0], dtype=np.float64)
    freedom = max(int(counts.sum()) - design.shape[1], 1)
    squares = float(counts @ (outcome - design @ coefficients) ** 2)
    sigma = np.sqrt(squares / rng.chisquare(freedom))
    drawn: Floats = coefficients + sigma * np.linalg.solve(triangle, rng.standard_normal(len(triangle)))
    return coefficients, drawn


def _nearest(
    predicted: Floats, group: NDArray[np.intp], counts: Counts, wanted: Floats, donors: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return the row of a random one of the nearest patients for each wanted prediction."""
    totals = np.bincount(group, weights=counts, minlength=predicted.size).astype(np.int64)
    span = np.arange(-donors, donors)
    window = np.searchsorted(predicted, wanted)[:, None] + span
    inside = (window >= 0) & (window < predicted.size)
    window = np.clip(window, 0, predicted.size - 1)
    distance = np.where(inside, np.abs(predicted[window] - wanted[:, None]), np.inf)
    patients = np.where(inside, totals[window], 0)
    by_distance = np.argsort(distance, axis=1, kind="stable")
    reached = np.cumsum(np.take_along_axis(patients, by_distance, axis=1), axis=1)
    drawn = rng.integers(0, donors, size=wanted.size)
    place = (reached <= drawn[:, None]).sum(axis=1)
    own = np.take_along_axis(distance, np.take_along_axis(by_distance, place[:, None], axis=1), axis=1)
    tied = np.where(np.isclose(distance, own, rtol=1e-12, atol=0.0), patients, 0)
    chances = np.cumsum(tied, axis=1)
    pick = np.floor(rng.random(wanted.size) * chances[:, -1]).astype(np.int64)
    chosen = np.take_along_axis(window, (chances <= pick[:, None]).sum(axis=1)[:, None], axis=1)[:, 0]
    members = np.argsort(group, kind="stable")
    ends = np.cumsum(counts[members])
    first = np.cumsum(totals) - totals
    patient = first[chosen] + np.floor(rng.random(wanted.size) * totals[chosen]).astype(np.int64)
    rows: NDArray[np.intp] = members[np.searchsorted(ends, patient, side="right")]
    return rows


def usable_columns(design: Floats) -> list[int]:
    """Return the columns that vary and are no combination of an intercept and those before them.

    Examples
    --------
    >>> usable_columns(np.array([[1.0, 0.0, 5.0], [0.0, 1.0, 5.0], [1.0, 0.0, 5.0]]))
    [0]
    """
    kept = [int(column) for column in np.flatnonzero(np.ptp(design, axis=0) > 0)] if len(design) else []
    while kept:
        scaled = standardise(design[:, kept])[0]
        triangle = np.asarray(np.linalg.qr(scaled, mode="r"), dtype=np.float64)
        own_part = np.abs(np.diagonal(triangle)) / np.sqrt(len(design))
        surplus = [*np.flatnonzero(own_part < COLLINEAR_SHARE), *range(own_part.size, len(kept))]
        if not surplus:
            break
        del kept[int(surplus[0])]
    return kept
