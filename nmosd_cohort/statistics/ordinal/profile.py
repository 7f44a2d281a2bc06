"""Profile-likelihood limits of the common odds ratio, one-sided where a covariate separates the outcome."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import chi2

from nmosd_cohort.statistics.estimate import Estimate, check_conf_level, not_estimable
from nmosd_cohort.statistics.models.cumulative_link import CumulativeLikelihood, SortedCells, sort_by_level
from nmosd_cohort.statistics.models.design import check_column, model_cells, standardise
from nmosd_cohort.statistics.models.newton import NoMaximumError, Point, climb
from nmosd_cohort.statistics.models.profile_likelihood import profile_limit, ratio_p_value, refit
from nmosd_cohort.statistics.models.separation import separating_columns, unbounded_sides

SMALLEST_GAIN = 1e-20
# Without a finite maximum the log-likelihood comes this near to the height that it tends to.
SUPREMUM_GAIN = 1e-10
METHOD = "cumulative logit model, profile-likelihood limits"


@dataclass(frozen=True, slots=True)
class Supremum:
    """The highest point, or one as high as the likelihood tends to where columns separate the levels.

    Parameters
    ----------
    likelihood
        Of the model.
    flat
        Where all coefficients are 0.
    point
        The highest.
    separated
        Whether the likelihood goes on rising towards infinite coefficients.
    """

    likelihood: CumulativeLikelihood
    flat: Point
    point: Point
    separated: bool

    @property
    def n_thresholds(self) -> int:
        """Parameters before the coefficients."""
        return self.likelihood.cells.starts.size - 1


def profile_odds_ratios(
    outcome: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    columns: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> dict[str, Estimate]:
    """Return the common odds ratio of a higher outcome per unit of each covariate, with profile limits.

    Parameters
    ----------
    outcome, design, counts
        As in `fit_cumulative_link`, but columns may separate the outcome levels.
    columns
        Design columns whose odds ratios are wanted; None gives all. All columns are in the model.
    conf_level
        Coverage of the limits.

    Returns
    -------
    dict
        Column name to odds ratio with the p-value of the likelihood-ratio test. `std_error` is that of Wald,
        on the scale of the odds ratio. Where a column separates the levels, the odds ratio is infinite with a
        finite lower limit, or 0 with a finite upper limit, and `std_error` is NaN; where the columns leave it
        open in both directions, nothing is estimated and `method` says so.

    Raises
    ------
    ValueError
        If the outcome has one level only, a column is constant, collinear, not numeric or not in the design.

    Notes
    -----
    Model: McCullagh 1980 (doi:10.1111/j.2517-6161.1980.tb01109.x); limits: Venzon and Moolgavkar 1988
    (doi:10.2307/2347496). Where there is no separation Wald limits cover about as well, even with 40 patients.

    Examples
    --------
    >>> design = pd.DataFrame({"pain": [0, 0, 0, 1]})
    >>> ratio = profile_odds_ratios([2, 5, 8, 8], design, [9, 5, 2, 6])["pain"]
    >>> ratio.estimate, round(ratio.conf_low, 2), ratio.conf_high, round(ratio.p_value, 6)
    (inf, 12.97, inf, 4.2e-05)
    """
    level = check_conf_level(conf_level)
    cells = model_cells(outcome, design, counts)
    wanted = cells.names if columns is None else tuple(columns)
    positions = [check_column(name, cells.names) for name in wanted]
    levels, place = np.unique(cells.outcome, return_inverse=True)
    if levels.size < 2:
        raise ValueError(f"the outcome has one level only ({levels[0]:g}); there is nothing to compare")
    scaled, _, deviations = standardise(cells.design, cells.counts)
    try:
        top = _supremum(sort_by_level(place, scaled, cells.counts))
        return {
            name: _odds_ratio(top, at, float(deviations[at]), cells.n, level)
            for name, at in zip(wanted, positions, strict=True)
        }
    except NoMaximumError as error:
        raise ValueError(f"cumulative logit model: {error}; leave out a column or merge sparse levels") from error


def _supremum(cells: SortedCells) -> Supremum:
    likelihood = CumulativeLikelihood(cells)
    none, every = np.zeros(0, dtype=np.int64), np.arange(cells.starts.size - 1 + cells.design.shape[1])
    flat = climb(likelihood, likelihood.start(), none, smallest_gain=math.inf)
    separated = bool(separating_columns(cells))
    gain = SUPREMUM_GAIN if separated else SMALLEST_GAIN
    return Supremum(likelihood, flat, climb(likelihood, flat.parameters, every, smallest_gain=gain), separated)


def _odds_ratio(top: Supremum, column: int, deviation: float, n: int, conf_level: float) -> Estimate:
    falls, rises = unbounded_sides(top.likelihood.cells, column) if top.separated else (False, False)
    if falls and rises:
        return not_estimable("columns that separate the outcome levels leave it open", n, conf_level=conf_level)
    at = top.n_thresholds + column
    finite = not (falls or rises)
    null = refit(top.likelihood, top.point if finite else top.flat, at, 0.0)
    if finite:
        method, estimate = METHOD, float(top.point.parameters[at])
        error = math.sqrt(np.linalg.inv(top.point.information)[at, at])
    else:
        method, estimate = f"{METHOD}; columns separate the outcome levels", math.inf if rises else -math.inf
        error = math.nan
    reach = math.sqrt(chi2.ppf(conf_level, 1))
    low = -math.inf if falls else _limit(top, null, at, -reach, estimate, error)
    high = math.inf if rises else _limit(top, null, at, reach, estimate, error)
    with np.errstate(over="ignore"):
        low, ratio, high = np.exp(np.array([low, estimate, high]) / deviation).tolist()
    return Estimate(
        ratio,
        low,
        high,
        n,
        method,
        std_error=ratio * error / deviation,
        p_value=ratio_p_value(top.point.value, null),
        conf_level=conf_level,
    )


def _limit(top: Supremum, null: Point, at: int, target: float, estimate: float, error: float) -> float:
    finite = math.isfinite(estimate)
    return profile_limit(
        top.likelihood,
        top.point if finite else null,
        at,
        top_value=top.point.value,
        target=target,
        start=estimate + target * error if finite else 0.0,
        stride=abs(target) * error if finite else 1.0,
        inner=estimate,
    )
