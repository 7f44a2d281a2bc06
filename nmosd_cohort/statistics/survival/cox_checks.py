"""Whether the hazard ratios of Cox's model stay the same over time."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import chi2

from nmosd_cohort.statistics.estimate import Estimate, Floats, as_row, check_conf_level, check_option, not_estimable
from nmosd_cohort.statistics.survival.cox import CoxFit, fit_cox
from nmosd_cohort.statistics.survival.cox_likelihood import Ties, moments
from nmosd_cohort.statistics.survival.curves import before_each
from nmosd_cohort.statistics.survival.kaplan_meier import survival_curve
from nmosd_cohort.statistics.survival.survival_cells import SurvivalCells, counts_passed
from nmosd_cohort.statistics.wald import wald_estimate

Transform = Literal["km", "rank", "identity", "log"]
TRANSFORMS = {
    "km": "1 - Kaplan-Meier survival",
    "rank": "rank of time",
    "identity": "time",
    "log": "log of time",
}


def proportional_hazards_check(
    time: ArrayLike,
    event: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    *,
    strata: ArrayLike | None = None,
    ties: Ties = "efron",
    transform: Transform = "km",
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Change of each log hazard ratio per unit of transformed time, and the test that there is none.

    Parameters
    ----------
    time, event, design, counts, entry, strata, ties
        As in ``cox_regression``.
    transform
        Scale of time: ``km`` (1 minus overall Kaplan-Meier survival just before, 0 to 1; default), ``rank``,
        ``identity`` or ``log``.
    conf_level
        Coverage of the limits.

    Returns
    -------
    DataFrame
        One row a covariate, `term` its name: `estimate` (one-step change of the log hazard ratio) with
        `std_error`, `conf_low`, `conf_high`; `statistic`, `freedom`, `p_value` of the score test; `n`; `method`.
        The last row, `term` "all covariates", is the joint test and has no estimate.

    Raises
    ------
    ValueError
        As ``cox_regression``, or if the log is asked of a time of 0.

    Notes
    -----
    Grambsch and Therneau 1994 (doi:10.1093/biomet/81.3.515), as the score test of a covariate times transformed
    time in the model, which is the test of cox.zph in R's survival from version 3. A large p does not show that
    hazards are proportional; look at the limits.

    Examples
    --------
    >>> design = pd.DataFrame({"treated": [1, 1, 0, 0, 1, 0]})
    >>> check = proportional_hazards_check([2, 4, 1, 3, 5, 5], [1, 1, 1, 1, 0, 0], design, [2, 3, 5, 4, 9, 2])
    >>> check[["term", "freedom"]].values.tolist()
    [['treated', 1], ['all covariates', 1]]
    """
    level = check_conf_level(conf_level)
    check_option("transform", transform, tuple(TRANSFORMS))
    fit = fit_cox(time, event, design, counts, entry, strata=strata, ties=ties)
    score, information = _augmented(fit, transform)
    rows = [
        {"term": name, **_change(fit, at, score, information, transform, level)} for at, name in enumerate(fit.names)
    ]
    return pd.DataFrame([*rows, {"term": "all covariates", **_joint(fit, score, information, transform)}])


def _transformed(cells: SurvivalCells, times: Floats, transform: Transform) -> Floats:
    """Return event times on the scale of the check."""
    if transform == "km":
        curve = survival_curve(cells, 0.95)
        return 1 - before_each(curve.table.times, curve.survival, times, start=1.0)
    if transform == "rank":
        earlier = counts_passed(cells.time, cells.counts, times, "left")
        upto = counts_passed(cells.time, cells.counts, times, "right")
        return np.asarray((earlier + upto + 1) / 2, dtype=np.float64)
    if transform == "log":
        if (times <= 0).any():
            raise ValueError("transform 'log' needs event times above 0; there are events at time 0")
        return np.log(times)
    return times


def _augmented(fit: CoxFit, transform: Transform) -> tuple[Floats, Floats]:
    """Return score and information of (coefficients, coefficients times centred transformed time)."""
    events = np.concatenate([stratum.totals for stratum in fit.strata])
    places = [_transformed(fit.cells, stratum.times, transform) for stratum in fit.strata]
    centre = float(np.average(np.concatenate(places), weights=events))
    p = len(fit.names)
    score, information = np.zeros(2 * p), np.zeros((2 * p, 2 * p))
    for stratum, place in zip(fit.strata, places, strict=True):
        now = moments(fit.peak.parameters, stratum)
        shift = place - centre
        score[p:] += shift @ now.scores
        for power, block in enumerate((slice(0, p), slice(p, 2 * p))):
            information[block, block] += np.tensordot(shift ** (2 * power), now.information, axes=1)
        mixed = np.tensordot(shift, now.information, axes=1)
        information[:p, p:] += mixed
        information[p:, :p] += mixed
    return score, information


def _change(
    fit: CoxFit, at: int, score: Floats, information: Floats, transform: Transform, conf_level: float
) -> dict[str, object]:
    p = len(fit.names)
    mixed = information[:p, p + at]
    own = float(information[p + at, p + at])
    left = own - float(mixed @ np.linalg.solve(information[:p, :p], mixed))
    if left <= 1e-10 * max(own, 1e-300):
        reason = "all informative events fall at one time"
        return {**as_row(not_estimable(reason, fit.cells.n)), "statistic": math.nan, "freedom": 0}
    error = 1 / math.sqrt(left)
    change = wald_estimate(
        float(score[p + at]) / left / float(fit.deviations[at]),
        error / float(fit.deviations[at]),
        fit.cells.n,
        f"score test of the log hazard ratio against {TRANSFORMS[transform]}, one-step estimate",
        conf_level=conf_level,
    )
    statistic = float(score[p + at]) ** 2 / left
    return {**as_row(change), "statistic": statistic, "freedom": 1}


def _joint(fit: CoxFit, score: Floats, information: Floats, transform: Transform) -> dict[str, object]:
    scales = np.sqrt(np.maximum(np.diagonal(information), 1e-300))
    scaled = information / np.outer(scales, scales)
    p = len(fit.names)
    if np.linalg.eigvalsh(scaled)[0] < 1e-10:
        reason = "too few informative events at different times"
        return {**as_row(not_estimable(reason, fit.cells.n)), "statistic": math.nan, "freedom": 0}
    statistic = float(score / scales @ np.linalg.solve(scaled, score / scales))
    method = f"joint score test of all log hazard ratios against {TRANSFORMS[transform]}"
    whole = Estimate(math.nan, math.nan, math.nan, fit.cells.n, method, p_value=float(chi2.sf(statistic, p)))
    return {**as_row(whole), "statistic": statistic, "freedom": p}
