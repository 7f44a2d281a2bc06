"""Weights under which the patients at hand have the means that another population was printed with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from nmosd_cohort.statistics.columns import check_columns, check_frame
from nmosd_cohort.statistics.estimate import Counts, Floats, as_number, patient_counts
from nmosd_cohort.statistics.models.design import check_estimable, numeric_design
from nmosd_cohort.statistics.models.newton import NoMaximumError, Point, climb
from nmosd_cohort.statistics.models.separation import separating_parameters
from nmosd_cohort.statistics.weighting.targets import Moment, Target, check_targets, sampling_covariance

FEWEST_PATIENTS = 20
SMALLEST_SHARE = 0.30
# Newton's method ends when the weighted means lie within about 1e-12 SDs of their targets.
SMALLEST_GAIN = 1e-24
# A target this near to the lowest or highest value, as a share of their distance, is that value: a linear programme
# cannot tell them apart.
EDGE = 1e-6
Rows = NDArray[np.bool_]


class NoWeightsError(ValueError):
    """No weights reach the targets."""


@dataclass(frozen=True, slots=True)
class MomentWeights:
    """Weights of the rows of a tally, what they reach and what they cost.

    Parameters
    ----------
    weights
        Shape (m,), one a row, with mean 1 over the patients; NaN if there are none.
    counts
        Shape (m,), patients in each row.
    moments
        Shape (m, p), what the weights balance, less its target.
    target_covariance
        Shape (p, p), covariance of the targets from the patients they were printed for.
    n
        Patients.
    n_zero
        Patients of weight 0, since a target is the lowest or highest value that occurs (100 % seropositive).
    effective_n
        Patients of equal weight who would tell as much: (sum of weights)^2 / sum of squared weights.
    largest_weight
        Patients that one patient stands for, at most.
    balance
        One row a variable and moment (mean, sd) with `local`, `reweighted`, `target` and `matched`.
    without_n
        Variables whose target has no `n`, so that its error is unknown.
    refusal
        Why the weights must not be used; empty if they may.
    """

    weights: Floats
    counts: Counts
    moments: Floats
    target_covariance: Floats
    n: int
    n_zero: int
    effective_n: float
    largest_weight: float
    balance: pd.DataFrame
    without_n: tuple[str, ...]
    refusal: str

    @property
    def effective_share(self) -> float:
        """Effective sample size as a share of the patients."""
        return self.effective_n / self.n if self.n else math.nan


def moment_weights(
    covariates: pd.DataFrame,
    targets: Sequence[Target],
    counts: ArrayLike | None = None,
    *,
    smallest_share: float = SMALLEST_SHARE,
) -> MomentWeights:
    """Weights exp(covariates @ a) whose weighted means are the targets: those of all such weights nearest to equal.

    Parameters
    ----------
    covariates
        One row a patient or cell of a tally, numbers without missing values; only columns with a target are read.
    targets
        Means, and SDs where wanted, that the weighted patients are to have.
    counts
        Patients in each row; None counts every row once.
    smallest_share
        Weights whose effective sample size is below this share of the patients are refused.

    Returns
    -------
    MomentWeights
        With `refusal` if there are fewer than 20 patients, no weights reach the targets, a variable is a
        combination of others, or the effective sample size is below `smallest_share` of the patients or below the
        number of balanced means plus 2, of which no error can be told. A target that is the lowest or highest
        value of its variable gives weight 0 to patients with another value, and counts as known without error.

    Raises
    ------
    ValueError
        If a target's column is missing, not numeric or has missing values, two targets are of one variable, or
        `smallest_share` is not from 0 to 1.

    Notes
    -----
    Method of moments of matching-adjusted indirect comparison: Signorovitch 2010
    (doi:10.2165/11538370-000000000-00000), Phillippo 2016 (NICE DSU technical support document 18). It is entropy
    balancing with equal base weights: Hainmueller 2012 (doi:10.1093/pan/mpr025), Phillippo 2020
    (doi:10.1002/jrsm.1416). Solved by Newton's method; a linear programme tells beforehand whether there is a
    solution.

    Examples
    --------
    >>> patients = pd.DataFrame({"had_myelitis": [1, 0]})
    >>> found = moment_weights(patients, [Target("had_myelitis", 0.9, n=100)], [60, 40])
    >>> found.weights.round(3).tolist(), round(found.effective_n, 1), found.refusal
    ([1.5, 0.25], 72.7, '')
    """
    share = as_number("smallest_share", smallest_share, low=0, high=1)
    check_targets(targets)
    check_columns(check_frame(covariates, "covariates"), [target.variable for target in targets])
    values = numeric_design(covariates[[target.variable for target in targets]])
    whole = patient_counts(counts, size=len(values), name="covariates")
    n = int(whole.sum())
    if n < FEWEST_PATIENTS:
        return _none(values, targets, whole, f"fewer than {FEWEST_PATIENTS} patients to weight: {n}")
    try:
        weights, moments = _solve(values, targets, whole)
    except NoWeightsError as error:
        return _none(values, targets, whole, str(error))
    effective_n = float(whole @ weights) ** 2 / float(whole @ weights**2)
    return MomentWeights(
        weights,
        whole,
        np.column_stack([np.zeros((whole.size, 0)), *(moment.gaps for moment in moments)]),
        sampling_covariance(moments, whole * weights / n) if moments else np.zeros((0, 0)),
        n,
        int(whole[weights == 0].sum()),
        effective_n,
        float(weights[whole > 0].max()),
        _balance(values, targets, whole, weights),
        tuple(target.variable for target in targets if target.n is None),
        _too_few(effective_n, n, len(moments), share),
    )


class EntropyDual:
    """Minus the logarithm of the mean of exp(moments @ a), whose maximum balances the moments."""

    def __init__(self, moments: Floats, counts: Counts) -> None:
        self._moments, self._counts = moments, counts

    def weights(self, parameters: Floats) -> tuple[Floats, float]:
        """Return each row's share of the total weight and the logarithm of that total."""
        log_weights = self._moments @ parameters + np.log(self._counts)
        top = float(log_weights.max())
        raw = np.exp(log_weights - top)
        return raw / raw.sum(), top + math.log(float(raw.sum()))

    def at(self, parameters: Floats) -> Point | None:
        """Return the point at these parameters."""
        shares, total = self.weights(parameters)
        mean = shares @ self._moments
        centred = self._moments - mean
        return Point(parameters, -total, -mean, centred.T @ (shares[:, None] * centred))

    def curvature(self, point: Point) -> Floats:
        """Return the negative second derivatives, which the point already has exactly."""
        return point.information

    def stretch(self, direction: Floats) -> float:
        """Return the most that a step in this direction changes the logarithm of a weight."""
        return float(np.abs(self._moments @ direction).max())


def _solve(values: Floats, targets: Sequence[Target], counts: Counts) -> tuple[Floats, list[Moment]]:
    """Return the weights with mean 1, and the moments that they balance other than by leaving patients out."""
    moments = [moment for target, column in zip(targets, values.T, strict=True) for moment in target.moments(column)]
    inside, free = _off_the_edges(moments, counts > 0)
    weights = np.zeros(counts.size)
    weights[inside] = counts.sum() / counts[inside].sum()
    balanced = [moment for moment, is_free in zip(moments, free, strict=True) if is_free]
    if balanced:
        gaps = np.column_stack([moment.gaps[inside] for moment in balanced])
        shares = _shares(gaps, counts[inside], [moment.name for moment in balanced])
        weights[inside] = shares / counts[inside] * counts.sum()
    return weights, balanced


def _too_few(effective_n: float, n: int, balanced: int, share: float) -> str:
    """Return why the weighted patients tell too little; empty if they tell enough."""
    if effective_n < share * n:
        return (
            f"the effective sample size of {effective_n:.1f} is below {share:.0%} of the {n} patients: too few of "
            "them are like those of the paper"
        )
    if effective_n < balanced + 2:
        means = "1 mean" if balanced == 1 else f"{balanced} means"
        return f"the effective sample size of {effective_n:.1f} is too small to balance {means} and tell an error"
    return ""


def _off_the_edges(moments: Sequence[Moment], inside: Rows) -> tuple[Rows, Rows]:
    """Return the rows whose weight may be above 0, and the moments that are not already where they must be.

    Raises
    ------
    NoWeightsError
        If a target lies beyond all values of its variable.
    """
    gaps = np.column_stack([moment.gaps for moment in moments])
    free = np.ones(len(moments), dtype=np.bool_)
    scale = np.maximum(np.ptp(gaps[inside], axis=0), np.finfo(np.float64).tiny)
    while True:
        lowest, highest = gaps[inside].min(axis=0) / scale, gaps[inside].max(axis=0) / scale
        beyond = np.flatnonzero(free & ((lowest > EDGE) | (highest < -EDGE)))
        if beyond.size:
            where = "every patient" if inside.all() else "every patient who can have weight"
            side = "above" if lowest[beyond[0]] > EDGE else "below"
            raise NoWeightsError(f"no weights reach the target of {moments[beyond[0]].name!r}: {where} lies {side} it")
        edges = np.flatnonzero(free & ((lowest > -EDGE) | (highest < EDGE)))
        if not edges.size:
            return inside, free
        free[edges] = False
        inside = inside & (np.abs(gaps[:, edges]) / scale[edges] <= EDGE).all(axis=1)
        if not inside.any():
            raise NoWeightsError("no weights reach all targets: no patient has all the values that they demand")


def _shares(moments: Floats, counts: Counts, names: Sequence[str]) -> Floats:
    """Return each row's share of the total weight, so that every moment has mean 0.

    Raises
    ------
    NoWeightsError
        If a moment is a combination of others, or the targets together lie outside the patients.
    """
    try:
        check_estimable(moments, tuple(names))
    except ValueError as error:
        raise NoWeightsError(str(error).removeprefix("design column ")) from error
    scaled = moments / moments.std(axis=0)
    distinct = np.unique(scaled, axis=0)
    outside = separating_parameters(csr_matrix(distinct), 0)
    if outside:
        listed = ", ".join(repr(names[place]) for place in outside)
        raise NoWeightsError(f"no weights reach the targets of {listed} together: the patients lie to one side of them")
    dual = EntropyDual(scaled, counts)
    start = np.zeros(len(names))
    try:
        top = climb(dual, start, np.arange(len(names)), smallest_gain=SMALLEST_GAIN)
    except NoMaximumError as error:
        raise NoWeightsError(f"the weights were not found: {error}") from error
    return dual.weights(top.parameters)[0]


def _balance(values: Floats, targets: Sequence[Target], counts: Counts, weights: Floats | None) -> pd.DataFrame:
    """One row a variable and moment: before, after, target; the SD only where one was given."""
    rows = []
    for target, column in zip(targets, values.T, strict=True):
        local = _mean_and_sd(column, counts.astype(np.float64))
        reached = (math.nan, math.nan) if weights is None else _mean_and_sd(column, counts * weights)
        rows.append((target.variable, "mean", local[0], reached[0], target.mean, True))
        if target.sd is not None:
            rows.append((target.variable, "sd", local[1], reached[1], target.sd, target.match_sd))
    return pd.DataFrame(rows, columns=["variable", "moment", "local", "reweighted", "target", "matched"])


def _mean_and_sd(values: Floats, weights: Floats) -> tuple[float, float]:
    """Return the weighted mean and SD, the latter with the sum of the weights as divisor."""
    total = float(weights.sum())
    if total == 0:
        return math.nan, math.nan
    mean = float(weights @ values) / total
    return mean, math.sqrt(float(weights @ (values - mean) ** 2) / total)


def _none(values: Floats, targets: Sequence[Target], counts: Counts, refusal: str) -> MomentWeights:
    """Return that there are no weights, with the reason."""
    empty = np.zeros((counts.size, 0))
    return MomentWeights(
        np.full(counts.size, math.nan),
        counts,
        empty,
        np.zeros((0, 0)),
        int(counts.sum()),
        0,
        math.nan,
        math.nan,
        _balance(values, targets, counts, None),
        tuple(target.variable for target in targets if target.n is None),
        refusal,
    )
