"""Rate ratios of events per person-year, adjusted for covariates: the Poisson model from counts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.columns import check_frame
from nmosd_cohort.statistics.estimate import (
    Estimate,
    Floats,
    check_conf_level,
    check_option,
    not_estimable,
    patient_counts,
)
from nmosd_cohort.statistics.models.design import Cells, model_cells, standardise, to_design_units
from nmosd_cohort.statistics.models.newton import Point
from nmosd_cohort.statistics.regression.glm import (
    GlmFit,
    GlmLikelihood,
    finite_maximum,
    glm_fit,
    glm_likelihood,
)
from nmosd_cohort.statistics.regression.least_squares import hc3_covariance
from nmosd_cohort.statistics.regression.rates import person_time
from nmosd_cohort.statistics.wald import wald_estimate

Errors = Literal["robust", "scaled", "model"]
REMEDY = (
    "the rate ratio has no finite estimate: use the exact rate_ratio, merge sparse categories or leave out a column"
)


# A robust error below this share of the Poisson error comes of residuals that are 0 but for rounding.
NO_SPREAD = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class RateCells:
    """Cells whose outcome is a number of events, the years of one patient of each, and patients without time."""

    cells: Cells
    person_years: Floats
    left_out: int

    @property
    def note(self) -> str:
        """What `method` says of patients left out; empty if none are."""
        return f"; {self.left_out} patients without time left out" if self.left_out else ""


def rate_cells(
    events: ArrayLike, person_years: ArrayLike, design: pd.DataFrame, counts: ArrayLike | None = None
) -> RateCells:
    """Return the cells of a model of rates; rows without time are left out and counted.

    Parameters
    ----------
    events, person_years
        Events and years at risk of one patient of each row of `design`.
    design
        Numeric covariates without an intercept; categories as 0/1 columns that leave out the reference.
    counts
        Patients in each row; None counts every row once.

    Raises
    ------
    ValueError
        If events are not whole, there are none at all, time is negative, there are events without time, or as
        `model_cells`.

    Examples
    --------
    >>> ready = rate_cells([0, 2, 0], [1, 2, 0], pd.DataFrame({"woman": [0, 1, 1]}), [5, 3, 4])
    >>> ready.cells.n, ready.person_years.tolist(), ready.note
    (8, [1.0, 2.0], '; 4 patients without time left out')
    """
    happened, years = person_time(events, person_years, names=("events", "person_years"))
    whole = patient_counts(counts, size=years.size, name="events")
    if len(check_frame(design, "design")) != years.size:
        raise ValueError(f"events has {years.size} entries but the design {len(design)} rows; they must match")
    usable = (years > 0) & (whole > 0)
    cells = model_cells(happened[usable], design[usable], whole[usable], name="events")
    if not cells.outcome.any():
        raise ValueError(f"none of the {cells.n} patients has an event; there is nothing to compare")
    return RateCells(cells, years[usable], int(whole[years == 0].sum()))


def fit_poisson(
    events: ArrayLike, person_years: ArrayLike, design: pd.DataFrame, counts: ArrayLike | None = None
) -> GlmFit:
    """Fit the log ratio of the rate of events per unit of each covariate, events taken as Poisson.

    Parameters
    ----------
    events, person_years, design, counts
        As in `poisson_regression`.

    Returns
    -------
    GlmFit
        Maximum likelihood estimates; `pearson` over `freedom` is about 1 if events do not cluster in patients.

    Raises
    ------
    ValueError
        As `poisson_regression`.

    Examples
    --------
    >>> fit = fit_poisson([0, 2, 0, 1], [1, 2, 3, 1], pd.DataFrame({"treated": [0, 0, 1, 1]}), [4, 6, 6, 4])
    >>> round(float(np.exp(fit.coefficients[1])), 4), fit.events
    (0.2424, 16)
    """
    ready, likelihood, top = _poisson(events, person_years, design, counts)
    return glm_fit(likelihood, top, ready.cells)


def poisson_regression(
    events: ArrayLike,
    person_years: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    errors: Errors = "robust",
    conf_level: float = 0.95,
) -> dict[str, Estimate]:
    """Ratio of the rate of events per person-year per unit of each covariate, the other covariates held equal.

    Parameters
    ----------
    events, person_years
        Events and years at risk of one patient of each row of `design`.
    design
        Numeric covariates without an intercept; categories as 0/1 columns that leave out the reference.
    counts
        Patients in each row; None counts every row once.
    errors
        ``robust``: HC3 sandwich, right whatever the variance of the events. ``scaled``: variance a multiple of
        the mean, the Pearson chi-square over its degrees of freedom but never below 1. Both with t and n -
        coefficients degrees of freedom. ``model``: Poisson variance, normal limits, too narrow if events
        cluster in patients.
    conf_level
        Coverage of the limits.

    Returns
    -------
    dict
        Column name to rate ratio with limits symmetric on the log scale. `std_error` is on the scale of the
        ratio; `events` are those of all patients. Patients without time are left out, and `method` says how
        many. Limits are NaN, with the reason in `method`, where no patient's events differ from the rate fitted.

    Raises
    ------
    ValueError
        If events are not whole or there are none, time is negative, there are events without time, a column is
        constant, collinear or not numeric, a column separates patients with events from those without, or,
        with ``robust``, a column rests on a single patient.

    Notes
    -----
    McCullagh and Nelder 1989 (doi:10.1007/978-1-4899-3242-6), chapter 6. Robust errors for rates: Zou 2004
    (doi:10.1093/aje/kwh090).

    Examples
    --------
    >>> design = pd.DataFrame({"treated": [0, 0, 1, 1]})
    >>> ratio = poisson_regression([0, 2, 0, 1], [1, 2, 3, 1], design, [4, 6, 6, 4])["treated"]
    >>> round(ratio.estimate, 4), round(ratio.conf_low, 4), round(ratio.conf_high, 4)
    (0.2424, 0.0682, 0.8621)
    """
    level, kind = check_conf_level(conf_level), check_option("errors", errors, get_args(Errors))
    ready, likelihood, top = _poisson(events, person_years, design, counts)
    fit = glm_fit(likelihood, top, ready.cells)
    if kind == "model":
        covariance, label, freedom = fit.covariance, "Poisson variance, Wald limits", math.inf
    elif fit.freedom < 1:
        return dict.fromkeys(fit.names, not_estimable("not more patients than parameters", fit.n, conf_level=level))
    elif kind == "robust":
        covariance, freedom = _robust(likelihood, top, ready.cells), fit.freedom
        label = f"HC3 robust standard error, t({freedom}) limits"
    else:
        scale, freedom = max(1.0, fit.pearson / fit.freedom), fit.freedom
        covariance, label = fit.covariance * scale, f"variance {scale:.3g} times the mean, t({freedom}) limits"
    method = f"Poisson model, {label}{ready.note}"
    exact = np.diagonal(covariance) <= NO_SPREAD**2 * np.diagonal(fit.covariance)
    return {
        name: _without_limits(fit, at, level)
        if exact[at]
        else rate_ratio_estimate(fit, at, covariance, method, level, freedom)
        for at, name in enumerate(fit.names, start=1)
    }


def rate_ratio_estimate(
    fit: GlmFit, at: int, covariance: Floats, method: str, conf_level: float, freedom: float
) -> Estimate:
    """Return a rate ratio with limits symmetric on the log scale.

    Examples
    --------
    >>> fit = fit_poisson([0, 2, 0, 1], [1, 2, 3, 1], pd.DataFrame({"treated": [0, 0, 1, 1]}), [4, 6, 6, 4])
    >>> round(rate_ratio_estimate(fit, 1, fit.covariance, "by hand", 0.95, math.inf).conf_low, 4)
    0.0782
    """
    point, error = float(fit.coefficients[at]), math.sqrt(covariance[at, at])
    return wald_estimate(
        point, error, fit.n, method, conf_level=conf_level, freedom=freedom, scale="log", events=fit.events
    )


def _without_limits(fit: GlmFit, at: int, conf_level: float) -> Estimate:
    reason = "all patients that it rests on have exactly the events that the model expects"
    ratio = math.exp(fit.coefficients[at])
    return not_estimable(reason, fit.n, estimate=ratio, conf_level=conf_level, events=fit.events)


def _poisson(
    events: ArrayLike, person_years: ArrayLike, design: pd.DataFrame, counts: ArrayLike | None
) -> tuple[RateCells, GlmLikelihood, Point]:
    ready = rate_cells(events, person_years, design, counts)
    likelihood = glm_likelihood("poisson", ready.cells, np.log(ready.person_years))
    return ready, likelihood, finite_maximum(likelihood, ready.cells.names, REMEDY)


def _robust(likelihood: GlmLikelihood, top: Point, cells: Cells) -> Floats:
    scores = likelihood.residuals(likelihood.means(top.parameters))[:, None] * likelihood.matrix
    back = to_design_units(*standardise(cells.design, cells.counts)[1:])
    influences = scores @ np.linalg.inv(top.information) @ back.T
    return hc3_covariance(influences, likelihood.leverages(top), cells)
