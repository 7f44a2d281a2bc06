"""Survival by the product-limit method, and the time by which a share of the patients have had the event."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Estimate, Floats, check_conf_level
from nmosd_cohort.statistics.survival.curves import (
    AT_THE_EDGE,
    asked_times,
    curve_frame,
    curve_methods,
    effective_patients,
    log_log_limits,
    since_row_before,
    truncation_note,
)
from nmosd_cohort.statistics.survival.survival_cells import (
    RiskTable,
    SurvivalCells,
    fewest_at_risk,
    risk_table,
    survival_cells,
)

METHOD = "Kaplan-Meier, log-log limits"
# Two survivals nearer than this are one, as in R.
SAME_SURVIVAL = 1.5e-8


@dataclass(frozen=True, slots=True)
class Curve:
    """Survival, its variance (Greenwood) and limits at each time of a risk table."""

    table: RiskTable
    survival: Floats
    variances: Floats
    low: Floats
    high: Floats


def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    counts: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    *,
    times: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Share of the patients still without the event at each time, had nobody been lost to follow-up.

    Parameters
    ----------
    time
        End of follow-up, 0 or more, in any unit.
    event
        1 where follow-up ended with the event, 0 where it was censored.
    counts
        Patients in each row; None counts every row once.
    entry
        Time after which the patient was under observation (left truncation); None from the start.
    times
        Times of interest; None gives each distinct time at which follow-up of somebody ends.
    conf_level
        Coverage of the limits, at each time by itself.

    Returns
    -------
    DataFrame
        One row a time: `time`; `at_risk` just before it; `events` and `censored` since the row before;
        `estimate` with `std_error`, `conf_low`, `conf_high`; `p_value` (always NaN); `n`; `method`. After the
        last follow-up, and before the first entry, the estimate is NaN and `method` says so.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing, an entry is not before its time, an event is not 0 or 1, there
        are no patients, or `times` are negative or do not rise.

    Notes
    -----
    Kaplan and Meier 1958 (doi:10.1080/01621459.1958.10501452), variance of Greenwood 1926, limits symmetric
    on log(-log S). These do not exist at survival 1 and 0. While nobody has had the event the lower limit is
    that of Clopper and Pearson 1934 (doi:10.1093/biomet/26.4.404) for the fewest patients at risk so far;
    after everybody has had it the upper limit is theirs for the effective number of patients of the survival
    before (Dorey and Korn 1987, doi:10.1002/sim.4780060605). With left truncation survival is that of
    patients without the event at the first entry; `method` says if there was a time with nobody at risk.

    Examples
    --------
    >>> curve = kaplan_meier([1, 2, 3], [1, 0, 1], [4, 2, 4], times=[0, 2])
    >>> curve[["at_risk", "estimate", "conf_low", "conf_high"]].round(3).values.tolist()
    [[10.0, 1.0, 0.692, 1.0], [6.0, 0.6, 0.253, 0.827]]
    """
    level = check_conf_level(conf_level)
    cells = survival_cells(time, event, counts, entry)
    curve = survival_curve(cells, level)
    return _frame(cells, curve, curve.table.times if times is None else asked_times(times, cells), level)


def survival_quantile(
    time: ArrayLike,
    event: ArrayLike,
    counts: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    *,
    probability: float = 0.5,
    conf_level: float = 0.95,
) -> Estimate:
    """Time by which this share of the patients have had the event; 0.5 gives the median survival time.

    Parameters
    ----------
    time, event, counts, entry, conf_level
        As in `kaplan_meier`.
    probability
        Share with the event, above 0 and below 1.

    Returns
    -------
    Estimate
        In the unit of `time`. Where the curve, or a limit of it, never comes down to the share, the estimate
        or limit is NaN and `method` says "not reached". If the curve stays flat exactly at the share the
        middle of the flat piece is taken.

    Raises
    ------
    ValueError
        As `kaplan_meier`, or if the probability is not above 0 and below 1.

    Notes
    -----
    Brookmeyer and Crowley 1982 (doi:10.2307/2530286), with the log-log limits of the curve: the limits are
    the times at which its limits come down to the share.

    Examples
    --------
    >>> middle = survival_quantile(range(1, 21), [1] * 16 + [0] * 4)
    >>> middle.estimate, middle.conf_low, middle.conf_high
    (10.5, 5.0, 15.0)
    """
    if not (isinstance(probability, numbers.Real) and 0 < probability < 1):
        raise ValueError(f"probability is {probability!r}; it must lie between 0 and 1, for example 0.5")
    level = check_conf_level(conf_level)
    cells = survival_cells(time, event, counts, entry)
    curve = survival_curve(cells, level)
    has_begun = curve.survival <= 1 - AT_THE_EDGE
    times, target = curve.table.times[has_begun], 1 - probability
    low, middle, high = (_reached(times, part[has_begun], target) for part in (curve.low, curve.survival, curve.high))
    missing = [name for name, value in (("estimate", middle), ("upper limit", high)) if math.isnan(value)]
    method = "Kaplan-Meier, limits where the log-log limits of the curve reach the share" + truncation_note(curve.table)
    if missing:
        method += f"; {' and '.join(missing)} not reached by the last follow-up at {curve.table.times[-1]:g}"
    if math.isnan(low):
        method += "; lower limit not reached"
    return Estimate(middle, low, high, cells.n, method, conf_level=level, events=cells.events)


def survival_curve(cells: SurvivalCells, conf_level: float) -> Curve:
    """Return the product-limit curve with log-log limits.

    Examples
    --------
    >>> survival_curve(survival_cells([1, 2], [1, 0]), 0.95).survival.tolist()
    [0.5, 0.5]
    """
    table = risk_table(cells)
    left = table.at_risk - table.events
    survival: Floats = np.cumprod(left / table.at_risk, dtype=np.float64)
    spread = np.zeros(left.size)
    np.divide(table.events, table.at_risk * left.astype(np.float64), out=spread, where=left > 0)
    variances: Floats = survival * survival * np.cumsum(spread)
    effective = effective_patients(survival, variances, table.at_risk)
    limits = log_log_limits(survival, np.sqrt(variances), fewest_at_risk(cells, table.times), effective, conf_level)
    return Curve(table, survival, variances, *limits)


def _frame(cells: SurvivalCells, curve: Curve, asked: Floats, conf_level: float) -> pd.DataFrame:
    table, fewest = curve.table, fewest_at_risk(cells, asked)
    is_complete = bool(curve.survival[-1] < AT_THE_EDGE)
    methods = curve_methods(cells, asked, METHOD + truncation_note(table), is_complete=is_complete)
    place = np.searchsorted(table.times, asked, side="right")
    start = np.full(1, math.nan)
    survival, errors, low, high = (
        np.concatenate((first, part))[place]
        for first, part in (
            (np.ones(1), curve.survival),
            (np.zeros(1), np.sqrt(curve.variances)),
            (start, curve.low),
            (start, curve.high),
        )
    )
    untouched = survival > 1 - AT_THE_EDGE
    limits = log_log_limits(survival[untouched], errors[untouched], fewest[untouched], survival[untouched], conf_level)
    low[untouched], high[untouched] = limits
    counted = {
        "events": since_row_before(table.times, table.events, asked),
        "censored": since_row_before(table.times, table.censored, asked),
    }
    return curve_frame(cells, asked, counted, (survival, errors, low, high), methods, n=cells.n)


def _reached(times: Floats, curve: Floats, target: float) -> float:
    """Return the first time at which a curve is down at the target, NaN if never."""
    down = np.flatnonzero(curve < target + SAME_SURVIVAL)
    if down.size == 0:
        return math.nan
    lower = np.flatnonzero(curve < curve[down[0]] - SAME_SURVIVAL)
    if abs(curve[down[0]] - target) < SAME_SURVIVAL and lower.size:
        return float(times[down[0]] + times[lower[0]]) / 2
    return float(times[down[0]])
