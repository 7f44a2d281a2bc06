"""Restricted maximum likelihood for repeated outcomes of counted patients, some visits missing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmosd_cohort.statistics.estimate import Counts, Floats
from nmosd_cohort.statistics.longitudinal.covariance_structures import Structure

MAX_STEPS = 200
MAX_HALVINGS = 30
SMALLEST_GAIN = 1e-18  # rise of the log-likelihood that one more step promises
LOSS_BY_ROUNDING = 1e-10
SMALLEST_EIGENVALUE = 1e-8  # of the correlation between visits, on the way to the maximum
DETERMINED = 1e-5  # the same at the maximum; below it one visit follows from the others
NO_SPREAD = 1e-10  # of the residuals, as a share of the largest outcome
NO_MAXIMUM = (
    "the model has no maximum: the visits seen do not determine this covariance (one visit follows from the "
    "others, or hardly varies); take a simpler covariance, such as compound_symmetry, or fewer visits"
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Patients who were seen at the same visits.

    Parameters
    ----------
    seen
        Positions of those visits.
    n
        Patients.
    products
        Shape (t, p + 1, t, p + 1): sums over patients of products of design columns and outcome (the last)
        at one visit with those at another.
    """

    seen: NDArray[np.intp]
    n: float
    products: Floats


@dataclass(frozen=True, slots=True)
class Sums:
    """What likelihood and small-sample correction need at one covariance, k parameters and p coefficients.

    Parameters
    ----------
    log_likelihood
        Restricted, for the scaled outcome and design.
    coefficients, precision_inverse
        Generalised least squares, shapes (p,) and (p, p).
    score, information
        Of the covariance parameters, shapes (k,) and (k, k); the information is the expected one.
    first, second, curved
        P, Q and R of Kenward and Roger, shapes (k, p, p), (k, k, p, p) and (k, k, p, p).
    """

    log_likelihood: float
    coefficients: Floats
    precision_inverse: Floats
    score: Floats
    information: Floats
    first: Floats
    second: Floats
    curved: Floats


@dataclass(frozen=True, slots=True)
class RemlFit:
    """A fitted model of repeated outcomes.

    Parameters
    ----------
    coefficients, covariance
        Shapes (p,) and (visits, visits), in units of the outcome and its square.
    log_likelihood
        Restricted, with the constant.
    sums
        At the maximum, for the outcome in units of `unit` and a design whose columns are orthogonal.
    unit, triangle
        What undoes that: coefficients are unit times inverse triangle times the scaled ones.
    """

    coefficients: Floats
    covariance: Floats
    log_likelihood: float
    sums: Sums
    unit: float
    triangle: Floats


def fit_reml(outcomes: Floats, means: Floats, counts: Counts, shape: Structure) -> RemlFit:
    """Return the restricted maximum-likelihood fit.

    Parameters
    ----------
    outcomes
        Shape (rows, visits), NaN where a visit was missed.
    means
        Shape (rows, visits, p), design of the mean of each visit.
    counts
        Patients in each row.
    shape
        Covariance structure.

    Raises
    ------
    ValueError
        If the outcomes do not vary about their means, coefficients cannot be told apart, or there is no maximum.

    Notes
    -----
    Patterson and Thompson 1971 (doi:10.1093/biomet/58.3.545); Fisher scoring with halved steps. Without the
    determinant of X'X, as in ``nlme::gls`` and lme4.

    Examples
    --------
    >>> from nmosd_cohort.statistics.longitudinal.covariance_structures import structure
    >>> outcomes = np.array([[5.0, 3.0], [7.0, 4.0], [4.0, 4.0]])
    >>> fit = fit_reml(outcomes, np.tile(np.eye(2), (3, 1, 1)), np.ones(3, int), structure("unstructured", 2))
    >>> fit.covariance.round(4).tolist()
    [[2.3333, 0.1667], [0.1667, 0.3333]]
    """
    outcomes, means, counts = _merged(outcomes, means, counts)
    seen = np.isfinite(outcomes)
    weights = np.sqrt(np.broadcast_to(counts[:, None], seen.shape)[seen].astype(np.float64))
    design, y = means[seen], outcomes[seen]
    triangle = np.asarray(np.linalg.qr(weights[:, None] * design, mode="r"), dtype=np.float64)
    own_part = np.abs(np.diagonal(triangle))
    if own_part.size < design.shape[1] or (own_part < 1e-9 * own_part.max()).any():
        raise ValueError("the visits seen do not tell the coefficients apart; leave out a covariate or a visit")
    flat = means.reshape(-1, means.shape[2])
    scaled: Floats = np.linalg.solve(triangle.T, flat.T).T.reshape(means.shape).astype(np.float64)
    rough = scaled[seen].T @ (weights**2 * y)
    residuals: Floats = outcomes - scaled @ rough
    unit = math.sqrt(float(weights**2 @ residuals[seen] ** 2 / (weights**2).sum()))
    if unit <= NO_SPREAD * float(np.abs(y).max()):
        raise ValueError("the outcomes do not vary between patients; there is no covariance to estimate")
    patterns = _patterns(residuals / unit, scaled, counts, seen)
    parameters, sums = _climb(patterns, shape)
    if not _is_covariance(shape.covariance(parameters), DETERMINED):
        raise ValueError(NO_MAXIMUM)
    n_free = float((weights**2).sum()) - triangle.shape[1]
    log_likelihood = sums.log_likelihood - n_free * math.log(unit) - float(np.log(own_part).sum())
    coefficients: Floats = np.linalg.solve(triangle, unit * sums.coefficients + rough).astype(np.float64)
    return RemlFit(coefficients, unit**2 * shape.covariance(parameters), log_likelihood, sums, unit, triangle)


def _merged(outcomes: Floats, means: Floats, counts: Counts) -> tuple[Floats, Floats, Counts]:
    """Return rows of which no two are alike, in a fixed order, so that near a border rounding decides for none."""
    table = np.column_stack([np.where(np.isnan(outcomes), np.inf, outcomes), means.reshape(len(means), -1)])
    _, first, position = np.unique(table, axis=0, return_index=True, return_inverse=True)
    totals = np.zeros(first.size, dtype=np.int64)
    np.add.at(totals, position.ravel(), counts)
    return outcomes[first], means[first], totals


def _patterns(residuals: Floats, design: Floats, counts: Counts, seen: NDArray[np.bool_]) -> list[Pattern]:
    """Return the sums of products for each set of visits at which patients were seen."""
    both = np.concatenate([design, residuals[:, :, None]], axis=2)
    found, position = np.unique(seen, axis=0, return_inverse=True)
    patterns = []
    for which, is_seen in enumerate(found):
        rows = position.ravel() == which
        block = both[rows][:, is_seen]
        products = np.tensordot(block * counts[rows][:, None, None], block, axes=(0, 0))
        patterns.append(Pattern(np.flatnonzero(is_seen), float(counts[rows].sum()), products))
    return patterns


def _climb(patterns: list[Pattern], shape: Structure) -> tuple[Floats, Sums]:
    """Return the covariance parameters at the maximum and the sums there."""
    parameters, here = _step(patterns, shape, shape.start, np.zeros(shape.start.size), -math.inf)
    for _ in range(MAX_STEPS):
        step: Floats = np.linalg.lstsq(here.information, here.score, rcond=None)[0].astype(np.float64)
        if float(here.score @ step) < SMALLEST_GAIN:
            return parameters, here
        parameters, here = _step(patterns, shape, parameters, step, here.log_likelihood)
    raise ValueError(NO_MAXIMUM)


def _step(
    patterns: list[Pattern], shape: Structure, parameters: Floats, step: Floats, best: float
) -> tuple[Floats, Sums]:
    """Return the parameters after the longest halved step that does not lower the likelihood, and the sums there."""
    for _ in range(MAX_HALVINGS):
        there = _sums(patterns, shape, parameters + step)
        if there is not None and there.log_likelihood >= best - LOSS_BY_ROUNDING:
            return parameters + step, there
        step = step / 2
    raise ValueError(NO_MAXIMUM)


def _sums(patterns: list[Pattern], shape: Structure, parameters: Floats) -> Sums | None:
    """Return the sums at these covariance parameters, None where they give no covariance matrix."""
    sigma = shape.covariance(parameters)
    if not _is_covariance(sigma):
        return None
    slopes, curvatures = shape.slopes(parameters), shape.curvatures(parameters)
    k, p = parameters.size, patterns[0].products.shape[1] - 1
    total, first = np.zeros((p + 1, p + 1)), np.zeros((k, p + 1, p + 1))
    second, curved = np.zeros((k, k, p, p)), np.zeros((k, k, p, p))
    log_det, n_seen, trace, traces = 0.0, 0.0, np.zeros(k), np.zeros((k, k))
    for pattern in patterns:
        own_sigma = _block(sigma, pattern.seen)
        inverse: Floats = np.linalg.inv(own_sigma).astype(np.float64)
        left = inverse @ _block(slopes, pattern.seen)
        inner = left @ inverse
        own = pattern.products[:, :p, :, :p]
        total = total + _contract(inverse, pattern.products)
        first = first - _contract(inner, pattern.products)
        second = second + _contract(left[:, None] @ inner[None, :], own)
        curved = curved + _contract(inverse @ _block(curvatures, pattern.seen) @ inverse, own)
        log_det += pattern.n * float(np.linalg.slogdet(own_sigma)[1])
        trace += pattern.n * np.trace(left, axis1=1, axis2=2)
        traces += pattern.n * np.einsum("itu,jut->ij", left, left)
        n_seen += pattern.n * pattern.seen.size
    return _likelihood(total, first, second, curved, (log_det, n_seen, trace, traces))


def _block(matrices: Floats, seen: NDArray[np.intp]) -> Floats:
    """Return the rows and columns of the visits seen."""
    block: Floats = matrices[..., seen[:, None], seen[None, :]]
    return block


def _contract(weights: Floats, products: Floats) -> Floats:
    """Return sums of products weighted by matrices over two visits."""
    answer: Floats = np.einsum("...ts,tasb->...ab", weights, products)
    return answer


def _likelihood(
    total: Floats, first: Floats, second: Floats, curved: Floats, parts: tuple[float, float, Floats, Floats]
) -> Sums:
    log_det, n_seen, trace, traces = parts
    p = len(total) - 1
    phi: Floats = np.linalg.inv(total[:p, :p]).astype(np.float64)
    coefficients = phi @ total[:p, p]
    residual = np.append(-coefficients, 1.0)
    own = first[:, :p, :p]
    spread = phi @ own
    constant = (n_seen - p) * math.log(2 * math.pi)
    log_precision = float(np.linalg.slogdet(total[:p, :p])[1])
    value = -(log_det + log_precision + float(residual @ total @ residual) + constant) / 2
    score = -(trace + residual @ first @ residual + np.trace(spread, axis1=1, axis2=2)) / 2
    lost = 2 * np.einsum("ab,ijba->ij", phi, second) - np.einsum("iab,jba->ij", spread, spread)
    return Sums(value, coefficients, phi, score, (traces - lost) / 2, own, second, curved)


def _is_covariance(sigma: Floats, smallest: float = SMALLEST_EIGENVALUE) -> bool:
    """Return whether variances are positive and the correlations positive definite beyond rounding."""
    variances = np.diagonal(sigma)
    if not np.isfinite(sigma).all() or (variances <= smallest).any():
        return False
    deviations = np.sqrt(variances)
    return bool(np.linalg.eigvalsh(sigma / np.outer(deviations, deviations))[0] > smallest)
