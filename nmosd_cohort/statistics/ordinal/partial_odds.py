"""Partial proportional odds: chosen covariates have an odds ratio of their own at each cut point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import chi2

from nmosd_cohort.statistics.estimate import Counts, Floats, as_row, check_conf_level
from nmosd_cohort.statistics.models.design import Cells, check_column, model_cells, standardise
from nmosd_cohort.statistics.models.newton import NoMaximumError, climb
from nmosd_cohort.statistics.models.separation import are_finite
from nmosd_cohort.statistics.ordinal.cumulative_logit import OrdinalFit, fit_cumulative_link
from nmosd_cohort.statistics.ordinal.partial_odds_likelihood import Layout, PartialLikelihood, separating_terms
from nmosd_cohort.statistics.wald import wald_estimate

SMALLEST_GAIN = 1e-20
# Probabilities above minus this are rounding.
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class PartialOddsFit:
    """Partial proportional odds model, set against the proportional odds model within it.

    Parameters
    ----------
    odds_ratios
        One row a covariate and band of cut points: term, level (the lowest cut point at which this odds
        ratio of reaching it or more holds; missing where one odds ratio serves all), estimate, std_error,
        conf_low, conf_high, p_value, n, method.
    statistic, freedom, p_value
        Likelihood-ratio chi-square against proportional odds of all covariates; too large where odds cross.
    log_likelihood
        At the maximum.
    crossing_patients
        Patients with covariates for which the model gives some outcome level a probability below 0.
    lowest_probability
        The lowest probability of any level for the covariates of any patient; below 0 if there are
        crossing patients.
    n
        Patients.
    """

    odds_ratios: pd.DataFrame
    statistic: float
    freedom: int
    p_value: float
    log_likelihood: float
    crossing_patients: int
    lowest_probability: float
    n: int


def partial_proportional_odds(
    outcome: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    free: Sequence[str],
    changes_at: Sequence[float] | None = None,
    conf_level: float = 0.95,
) -> PartialOddsFit:
    """Odds ratios of reaching each outcome level per unit of the free covariates, one for all levels of the others.

    Parameters
    ----------
    outcome, design, counts
        As in `fit_cumulative_link`.
    free
        Design columns whose odds ratio may change along the outcome.
    changes_at
        Outcome levels from which on the odds ratios of the free columns may be others, rising; None lets
        them change at each level, which sparse levels do not bear.
    conf_level
        Coverage of the Wald limits.

    Returns
    -------
    PartialOddsFit
        Odds ratios with limits, the likelihood-ratio test against proportional odds, and the patients for
        whom odds cross, which would give levels a negative probability. Nothing is clipped.

    Raises
    ------
    ValueError
        If `free` is empty or names no design column, if there are fewer than two bands of cut points, if a
        column separates a band of cut points so that its odds ratio there is infinite, or as
        `fit_cumulative_link`.

    Notes
    -----
    Unconstrained model for cumulative logits of Peterson and Harrell 1990 (doi:10.2307/2347760).

    Examples
    --------
    >>> design = pd.DataFrame({"pain": [0, 0, 0, 1, 1, 1]})
    >>> fit = partial_proportional_odds([0, 2, 4] * 2, design, [30, 20, 10, 15, 20, 25], free=["pain"])
    >>> fit.odds_ratios.round(2)[["level", "estimate", "conf_low", "conf_high"]].values.tolist()
    [[2.0, 3.0, 1.38, 6.5], [4.0, 3.57, 1.52, 8.37]]
    >>> round(fit.statistic, 3), fit.freedom, round(fit.p_value, 2), fit.crossing_patients
    (0.163, 1, 0.69, 0)
    """
    level = check_conf_level(conf_level)
    common = fit_cumulative_link(outcome, design, counts)
    cells = model_cells(outcome, design, counts)
    bands = _bands(common.levels, changes_at)
    layout = Layout(_free_columns(free, cells.names), bands, len(cells.names))
    scaled, means, deviations = standardise(cells.design, cells.counts)
    places = np.searchsorted(common.levels, cells.outcome)
    likelihood = PartialLikelihood(layout, places, scaled, cells.counts)
    parameters, covariance, height = _maximum(likelihood, layout.start(common, means, deviations), cells, common)
    lowest, crossing = _crossing(likelihood, parameters, cells.counts)
    statistic, freedom = max(0.0, 2 * (height - common.log_likelihood)), layout.free.size * int(bands.max())
    method = "partial proportional odds model, Wald limits"
    if crossing:
        method += f"; odds cross, {crossing} patients have a level with a probability below 0"
    table = _table(layout, cells, common.levels, (parameters, covariance, deviations), method, level)
    p_value = float(chi2.sf(statistic, freedom))
    return PartialOddsFit(table, statistic, freedom, p_value, height, crossing, lowest, cells.n)


def _free_columns(free: Sequence[str], names: tuple[str, ...]) -> Counts:
    if not free:
        raise ValueError("free names no column; give those whose odds ratio may change along the outcome")
    return np.array(sorted({check_column(name, names) for name in free}))


def _bands(levels: Floats, changes_at: Sequence[float] | None) -> Counts:
    """Return the band of each cut point, shape (levels - 1,), rising from 0."""
    cuts = levels[1:]
    starts = cuts[1:] if changes_at is None else np.unique(np.asarray(changes_at, dtype=np.float64))
    allowed = ", ".join(f"{cut:g}" for cut in cuts[1:])
    if not allowed:
        raise ValueError("the outcome has two levels, one cut point; odds are proportional")
    if starts.size == 0 or not np.isin(starts, cuts[1:]).all():
        raise ValueError(f"changes_at is {changes_at}; it must list some of the levels {allowed}")
    return np.searchsorted(starts, cuts, side="right").astype(np.int64)


def _maximum(
    likelihood: PartialLikelihood, start: Floats, cells: Cells, common: OrdinalFit
) -> tuple[Floats, Floats, float]:
    """Return parameters, covariance and log-likelihood at the maximum, which is finite."""
    layout = likelihood.layout
    try:
        top = climb(likelihood, start, np.arange(start.size), smallest_gain=SMALLEST_GAIN)
        covariance = np.asarray(np.linalg.inv(top.information), dtype=np.float64)
    except (NoMaximumError, np.linalg.LinAlgError):
        covariance = np.full((start.size, start.size), np.inf)
    variances = np.diagonal(covariance)[layout.n_thresholds :]
    if are_finite(variances):
        return top.parameters, covariance, top.value
    infinite = separating_terms(likelihood) or [int(np.argmax(np.abs(variances)))]
    column, band = layout.terms()[infinite[0]]
    where = "" if band is None else f" from level {common.levels[1:][layout.bands == band][0]:g} on"
    raise ValueError(
        f"design column {cells.names[column]!r} separates the outcome{where}, so the odds ratio has no finite "
        "estimate; give fewer levels in changes_at or merge sparse levels"
    )


def _crossing(likelihood: PartialLikelihood, parameters: Floats, counts: Counts) -> tuple[float, int]:
    probabilities = likelihood.level_probabilities(parameters).min(axis=1)
    return float(probabilities.min()), int(counts[probabilities < -ROUNDING].sum())


def _table(
    layout: Layout,
    cells: Cells,
    levels: Floats,
    fitted: tuple[Floats, Floats, Floats],
    method: str,
    conf_level: float,
) -> pd.DataFrame:
    parameters, covariance, deviations = fitted
    rows = []
    for place, (column, band) in enumerate(layout.terms()):
        at = layout.n_thresholds + place
        log_ratio, error = parameters[at] / deviations[column], np.sqrt(covariance[at, at]) / deviations[column]
        ratio = wald_estimate(float(log_ratio), float(error), cells.n, method, conf_level=conf_level, scale="log")
        from_level = np.nan if band is None else levels[1:][layout.bands == band][0]
        rows.append({"term": cells.names[column], "level": from_level, **as_row(ratio)})
    return pd.DataFrame(rows)
