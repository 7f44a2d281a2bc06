"""Hazard ratios by Cox's model from counts, exactly those that one row a patient would give."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import chi2

from nmosd_cohort.statistics.estimate import Estimate, Floats, check_conf_level, check_option
from nmosd_cohort.statistics.models.design import model_cells, standardise
from nmosd_cohort.statistics.survival.cox_likelihood import (
    RUNAWAY_STEP,
    TIES,
    Peak,
    Stratum,
    Ties,
    log_likelihood,
    maximise,
    patient_scores,
    place_on_event_times,
    score_and_information,
)
from nmosd_cohort.statistics.survival.survival_cells import SurvivalCells, occupied_codes, survival_cells
from nmosd_cohort.statistics.wald import wald_estimate

Limits = Literal["profile", "wald", "robust"]
LIMITS = ("profile", "wald", "robust")
TIES_LABELS = {"efron": "Efron ties", "breslow": "Breslow ties"}
# Information smaller than this share of the largest is none.
NO_INFORMATION = 1e-9


@dataclass(frozen=True, slots=True)
class PlacedCox:
    """Cox's model before it is fitted: cells, columns and the SDs taken out of them, strata."""

    cells: SurvivalCells
    names: tuple[str, ...]
    deviations: Floats
    strata: list[Stratum]


@dataclass(frozen=True, slots=True)
class CoxFit:
    """Cox's model at its maximum, on covariates scaled to mean 0 and SD 1.

    Parameters
    ----------
    cells
        Times, events and counts; m rows.
    names, deviations
        The p columns and the SDs taken out of them.
    strata
        Patients placed on the event times of their stratum.
    peak
        Coefficients of the scaled columns, log-likelihood and information there.
    ties
        How tied events were taken.
    """

    cells: SurvivalCells
    names: tuple[str, ...]
    deviations: Floats
    strata: list[Stratum]
    peak: Peak
    ties: Ties


def cox_regression(
    time: ArrayLike,
    event: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    *,
    strata: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ties: Ties = "efron",
    limits: Limits = "profile",
    conf_level: float = 0.95,
) -> dict[str, Estimate]:
    """Hazard of the event per unit more of each covariate divided by the hazard without it, others held equal.

    Parameters
    ----------
    time
        End of follow-up, 0 or more, in any unit.
    event
        1 where follow-up ended with the event, 0 where it was censored.
    design
        Numeric covariates without an intercept; categories as 0/1 columns that leave out the reference.
    counts
        Patients in each row; None counts every row once.
    entry
        Time after which the patient was under observation (left truncation); None from the start.
    strata
        Labels of groups that each have a baseline hazard of their own.
    cluster
        Labels of patients who belong together, for `limits` ``robust``; the counts of a row are then patients
        of one cluster. None takes every patient alone.
    ties
        ``efron`` (default) or ``breslow``.
    limits
        ``profile`` (likelihood-ratio limits and p), ``wald``, or ``robust`` (sandwich variance).
    conf_level
        Coverage of the limits.

    Returns
    -------
    dict
        Column name to hazard ratio; `std_error` on the scale of the hazard ratio.

    Raises
    ------
    ValueError
        If nobody has the event; if a column is constant, collinear, not numeric or the same in all patients
        at risk at each event; or if a hazard ratio is not finite (monotone likelihood). The message names
        the column.

    Notes
    -----
    Cox 1972 (doi:10.1111/j.2517-6161.1972.tb00899.x); ties Efron 1977 (doi:10.1080/01621459.1977.10480613) or
    Breslow 1974 (doi:10.2307/2529620); robust variance Lin and Wei 1989 (doi:10.1080/01621459.1989.10478874).
    Counts are patients: a tie of a row with count 3 is a tie of three patients, which weights in other programs
    are not.

    Examples
    --------
    >>> design = pd.DataFrame({"treated": [1, 1, 0, 0, 1, 0]})
    >>> ratio = cox_regression([2, 4, 1, 3, 5, 5], [1, 1, 1, 1, 0, 0], design, [2, 3, 5, 4, 9, 2])["treated"]
    >>> round(ratio.estimate, 3), round(ratio.conf_low, 3), round(ratio.conf_high, 3), ratio.events
    (0.212, 0.063, 0.633, 14)
    """
    level = check_conf_level(conf_level)
    check_option("limits", limits, LIMITS)
    if cluster is not None and limits != "robust":
        raise ValueError(f"cluster is given but limits is {limits!r}; clusters need limits='robust'")
    fit = fit_cox(time, event, design, counts, entry, strata=strata, ties=ties)
    if limits == "profile":
        return {name: _profiled(fit, at, level) for at, name in enumerate(fit.names)}
    if limits == "wald":
        method = f"Cox model, {TIES_LABELS[ties]}, Wald limits"
        return wald_hazard_ratios(fit, np.asarray(np.linalg.inv(fit.peak.information)), method, level)
    covariance, units = _robust(fit, cluster, counts)
    method = f"Cox model, {TIES_LABELS[ties]}, robust variance over {units}"
    return wald_hazard_ratios(fit, covariance, method, level)


def fit_cox(
    time: ArrayLike,
    event: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    *,
    strata: ArrayLike | None = None,
    ties: Ties = "efron",
) -> CoxFit:
    """Return Cox's model at its maximum; arguments and errors as in `cox_regression`.

    Examples
    --------
    >>> fit = fit_cox([1, 2, 3], [1, 1, 1], pd.DataFrame({"woman": [0, 1, 0]}))
    >>> (fit.peak.coefficients / fit.deviations).round(6).tolist()
    [0.346574]
    """
    placed = place_cox(time, event, design, counts, entry, strata=strata, ties=ties)
    columns = np.arange(len(placed.names))
    peak = maximise(placed.strata, np.zeros(columns.size), columns)
    _check_finite(placed.strata, peak, placed.names)
    return CoxFit(placed.cells, placed.names, placed.deviations, placed.strata, peak, ties)


def place_cox(
    time: ArrayLike,
    event: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None,
    entry: ArrayLike | None,
    *,
    strata: ArrayLike | None,
    ties: Ties,
) -> PlacedCox:
    """Return Cox's model before it is fitted; arguments and errors as in `cox_regression`.

    Examples
    --------
    >>> design = pd.DataFrame({"woman": [0, 1, 0]})
    >>> place_cox([1, 2, 3], [1, 1, 1], design, None, None, strata=None, ties="efron").names
    ('woman',)
    """
    check_option("ties", ties, TIES)
    cells = survival_cells(time, event, counts, entry)
    covariates = model_cells(time, design, counts, name="time")
    if not covariates.names:
        raise ValueError("the design has no columns; a hazard ratio needs one")
    codes = occupied_codes(strata, counts, cells, name="strata")
    if cells.events == 0:
        raise ValueError(f"none of the {cells.n} patients has the event; a hazard ratio needs events")
    scaled, _, deviations = standardise(covariates.design, covariates.counts)
    placed = place_on_event_times(cells, scaled, codes, ties)
    _check_informative(placed, covariates.names)
    return PlacedCox(cells, covariates.names, deviations, placed)


def _check_informative(strata: list[Stratum], names: tuple[str, ...]) -> None:
    information = score_and_information(np.zeros(len(names)), strata)[1]
    spread = np.diagonal(information)
    events = sum(float(stratum.totals.sum()) for stratum in strata)
    silent = np.flatnonzero(spread < NO_INFORMATION * events)
    if silent.size:
        raise ValueError(
            f"design column {names[silent[0]]!r} is the same in all patients at risk at each event; leave it out"
        )
    scaled = information / np.sqrt(np.outer(spread, spread))
    values, vectors = np.linalg.eigh(scaled)
    if values[0] < NO_INFORMATION:
        partners = [repr(names[at]) for at in np.flatnonzero(np.abs(vectors[:, 0]) > 1e-4)]
        raise ValueError(
            f"design columns {', '.join(partners)} are combinations of each other in the patients at risk at each "
            "event; leave one of them out"
        )


def _check_finite(strata: list[Stratum], peak: Peak, names: tuple[str, ...]) -> None:
    """Raise if Newton's method ran along a likelihood that never falls (Heinze and Schemper 2001)."""
    move = max(float(np.ptp(stratum.design @ peak.last_step)) for stratum in strata)
    if move < RUNAWAY_STEP:
        return
    guilty = np.abs(peak.last_step) > 0.05 * np.abs(peak.last_step).max()
    columns = ", ".join(repr(name) for name, is_guilty in zip(names, guilty, strict=True) if is_guilty)
    raise ValueError(
        f"no finite hazard ratio for {columns}: at each event the patients with it had the highest (or lowest) value "
        "of all at risk (monotone likelihood); use firth_cox, leave the column out or merge categories"
    )


def wald_hazard_ratios(fit: CoxFit, covariance: Floats, method: str, conf_level: float) -> dict[str, Estimate]:
    """Return hazard ratios with limits from a covariance of the scaled coefficients.

    Examples
    --------
    >>> fit = fit_cox([1, 2, 3], [1, 1, 1], pd.DataFrame({"woman": [0, 1, 0]}))
    >>> round(wald_hazard_ratios(fit, np.eye(1), "by hand", 0.95)["woman"].estimate, 3)
    1.414
    """
    points = fit.peak.coefficients / fit.deviations
    errors = np.sqrt(np.diagonal(covariance)) / fit.deviations
    return {
        name: _with_events(
            wald_estimate(float(point), float(error), fit.cells.n, method, conf_level=conf_level, scale="log"),
            fit.cells.events,
        )
        for name, point, error in zip(fit.names, points, errors, strict=True)
    }


def _with_events(ratio: Estimate, events: int) -> Estimate:
    return Estimate(
        ratio.estimate,
        ratio.conf_low,
        ratio.conf_high,
        ratio.n,
        ratio.method,
        std_error=ratio.std_error,
        p_value=ratio.p_value,
        conf_level=ratio.conf_level,
        events=events,
    )


def _profiled(fit: CoxFit, at: int, conf_level: float) -> Estimate:
    error = math.sqrt(np.linalg.inv(fit.peak.information)[at, at])
    reach = math.sqrt(float(chi2.ppf(conf_level, 1)))
    best, deviation = float(fit.peak.coefficients[at]), float(fit.deviations[at])
    low, high = (deviance_limit(partial(_deviance, fit, at), best, side * error, reach) for side in (-1, 1))
    with np.errstate(over="ignore"):
        low, ratio, high = np.exp(np.array([low, best, high]) / deviation).tolist()
    return Estimate(
        ratio,
        low,
        high,
        fit.cells.n,
        f"Cox model, {TIES_LABELS[fit.ties]}, profile-likelihood limits, p from the likelihood ratio",
        std_error=ratio * error / deviation,
        p_value=float(chi2.sf(_deviance(fit, at, 0.0), 1)),
        conf_level=conf_level,
        events=fit.cells.events,
    )


def _deviance(fit: CoxFit, at: int, held: float) -> float:
    """Return twice the drop of the log-likelihood if one coefficient is held there."""
    free = np.delete(np.arange(len(fit.names)), at)
    start, information = fit.peak.coefficients.copy(), fit.peak.information
    shift = held - start[at]
    start[free] -= shift * np.linalg.solve(information[np.ix_(free, free)], information[free, at])
    start[at] = held
    value = maximise(fit.strata, start, free).value if free.size else log_likelihood(start, fit.strata)
    return max(0.0, 2 * (fit.peak.value - value))


def deviance_limit(deviance: Callable[[float], float], best: float, step: float, reach: float) -> float:
    """Return where the deviance of a coefficient, on the side of the step, equals the square of `reach`.

    Parameters
    ----------
    deviance
        Twice the drop of the log-likelihood if the coefficient is held at a value.
    best
        Coefficient where it is 0.
    step
        Standard error, below 0 for the lower limit.
    reach
        Limits reach this many standard deviations of the signed root of the deviance.

    Examples
    --------
    >>> round(deviance_limit(lambda value: (value / 2) ** 2, 0.0, -1.5, 1.96), 9)
    -3.92
    """

    def excess(steps: float) -> float:
        return math.sqrt(deviance(best + steps * step)) - reach if steps > 0 else -reach

    outer = reach
    while excess(outer) < 0:
        outer *= 1.5
    return best + step * float(brentq(excess, 0.0, outer, xtol=1e-10))


def _robust(fit: CoxFit, cluster: ArrayLike | None, counts: ArrayLike | None) -> tuple[Floats, str]:
    """Return the sandwich covariance and what it was summed over."""
    scores = patient_scores(fit.peak.coefficients, fit.strata, fit.cells.time.size)
    patients = fit.cells.counts.astype(np.float64)
    if cluster is None:
        return sandwich(fit, scores, patients), f"{fit.cells.n} patients"
    codes = occupied_codes(cluster, counts, fit.cells, name="cluster")
    number = np.unique(codes, return_inverse=True)[1].ravel()
    sums = np.zeros((int(number.max()) + 1, scores.shape[1]))
    np.add.at(sums, number, patients[:, None] * scores)
    return sandwich(fit, sums, np.ones(len(sums))), f"{len(sums)} clusters"


def sandwich(fit: CoxFit, scores: Floats, repeats: Floats) -> Floats:
    """Return the covariance of the scaled coefficients from the scores of independent units.

    Parameters
    ----------
    fit
        The model.
    scores
        Shape (u, p), one row a unit (a patient or a cluster).
    repeats
        Shape (u,), how many such units there are.

    Examples
    --------
    >>> fit = fit_cox([1, 2, 3], [1, 1, 1], pd.DataFrame({"woman": [0, 1, 0]}))
    >>> (sandwich(fit, np.ones((1, 1)), np.ones(1)) * fit.peak.information**2).round(9).tolist()
    [[1.0]]
    """
    inverse = np.linalg.inv(fit.peak.information)
    covariance: Floats = inverse @ (scores.T @ (repeats[:, None] * scores)) @ inverse
    return covariance
