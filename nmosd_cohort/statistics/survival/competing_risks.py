"""Cumulative incidence of one kind of event when another can come first, and its difference between groups."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Counts, Estimate, Floats, as_number, check_conf_level
from nmosd_cohort.statistics.survival.curves import (
    AT_THE_EDGE,
    asked_times,
    before_each,
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
    compared_groups,
    fewest_at_risk,
    risk_table,
    survival_cells,
    totals_at,
)
from nmosd_cohort.statistics.wald import square_and_add

METHOD = "Aalen-Johansen, log(-log(1 - F)) limits"


@dataclass(frozen=True, slots=True)
class Incidence:
    """Cumulative incidence of one cause at each time of a risk table, its variance and limits."""

    table: RiskTable
    own: Counts
    share: Floats
    variances: Floats
    effective: Floats


def cumulative_incidence(
    time: ArrayLike,
    event: ArrayLike,
    counts: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    *,
    cause: int = 1,
    times: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Share of the patients who have had the event of this cause by each time, other causes taking patients away.

    Parameters
    ----------
    time
        End of follow-up, 0 or more, in any unit.
    event
        Number of the cause that ended follow-up (1, 2 ...), 0 where it was censored.
    counts
        Patients in each row; None counts every row once.
    entry
        Time after which the patient was under observation (left truncation); None from the start.
    cause
        Cause of interest; all others compete with it.
    times
        Times of interest; None gives each distinct time at which follow-up of somebody ends.
    conf_level
        Coverage of the limits, at each time by itself.

    Returns
    -------
    DataFrame
        One row a time: `time`; `at_risk` just before it; `events` of the cause, `competing` events and
        `censored` since the row before; `estimate` with `std_error`, `conf_low`, `conf_high`; `p_value` (always
        NaN); `n`; `method`. After the last follow-up the estimate is NaN and `method` says so.

    Raises
    ------
    ValueError
        If the cause is not a whole number above 0, or as ``kaplan_meier``.

    Notes
    -----
    Aalen and Johansen 1978, Scandinavian Journal of Statistics 5:141. Variance by the delta method over the
    multinomial counts of each time; with one cause it is Greenwood's. Without `entry` it is also that of the
    infinitesimal jackknife (R survival: survfit); with `entry` the two differ. Limits symmetric on
    log(-log(1 - F)); at shares of 0 and 1 those of ``kaplan_meier``.
    One minus Kaplan-Meier with competing events as censored is too high.

    Examples
    --------
    >>> curve = cumulative_incidence([1, 2, 3], [1, 2, 0], [3, 4, 3], times=[2])
    >>> curve[["events", "competing", "estimate", "conf_low", "conf_high"]].round(3).values.tolist()
    [[3.0, 4.0, 0.3, 0.108, 0.671]]
    """
    level = check_conf_level(conf_level)
    cells = survival_cells(time, event, counts, entry, causes=True)
    curve = incidence_curve(cells, check_cause(cause))
    return _frame(cells, curve, curve.table.times if times is None else asked_times(times, cells), level)


def cumulative_incidence_difference(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    at: float,
    cause: int = 1,
    reference: str | float | None = None,
    conf_level: float = 0.95,
) -> dict[str, Estimate]:
    """Share who have had the event of this cause by one time, in each group minus that in the reference group.

    Parameters
    ----------
    time, event, counts, cause, conf_level
        As in `cumulative_incidence`.
    group
        Label of each row's group.
    at
        Time of interest, not after the last follow-up of any group.
    reference
        Group that is taken away; None takes the first in sorted order.

    Returns
    -------
    dict
        Group to difference, from -1 to 1; `events` are those of the cause up to that time in both groups.
        With one cause it is the difference of 1 minus Kaplan-Meier survival. No p: ``gray_test`` has one.

    Raises
    ------
    ValueError
        If there are fewer than two groups, the reference is none of them, the time is negative or after the last
        follow-up of a group, or as `cumulative_incidence`.

    Notes
    -----
    Limits by the square-and-add rule from those of the two shares, which is Newcombe's for plain shares:
    Zou and Donner 2008 (doi:10.1002/sim.3095).

    Examples
    --------
    >>> gap = cumulative_incidence_difference([1, 2, 1, 2], [1, 0, 1, 0], ["a", "a", "b", "b"], [3, 7, 6, 4], at=1)["b"]
    >>> round(gap.estimate, 2), round(gap.conf_low, 2), round(gap.conf_high, 2)
    (0.3, -0.16, 0.64)
    """
    level = check_conf_level(conf_level)
    cells = survival_cells(time, event, counts, causes=True)
    codes, names, base = compared_groups(group, counts, cells, reference)
    moment = as_number("at", at, low=0)
    rows = {
        name: _one_time(cells.rows(codes == code), name, check_cause(cause), moment, level)
        for code, name in enumerate(names)
    }
    return {name: _difference(row, rows[base], level) for name, row in rows.items() if name != base}


def check_cause(cause: int) -> int:
    """Return the number of a cause.

    Raises
    ------
    ValueError
        If it is not a whole number above 0.

    Examples
    --------
    >>> check_cause(2)
    2
    """
    if isinstance(cause, bool) or not isinstance(cause, numbers.Real) or not cause >= 1 or cause % 1:
        raise ValueError(f"cause is {cause!r}; it must be a whole number of 1 or more")
    return int(cause)


def incidence_curve(cells: SurvivalCells, cause: int) -> Incidence:
    """Return the cumulative incidence of a cause with its variance.

    With A the survival before a time over those at risk, F the incidence at it, r those left, and G the
    incidence wanted, one time adds A^2 d1 (n - d1) / n - 2 A (G - F) d1 / n + (G - F)^2 d / (n r).

    Examples
    --------
    >>> incidence_curve(survival_cells([1, 2], [1, 2], causes=True), 1).share.tolist()
    [0.5, 0.5]
    """
    table = risk_table(cells)
    own = totals_at(table.times, cells.time[cells.event == cause], cells.counts[cells.event == cause])
    n, d, d1 = (part.astype(np.float64) for part in (table.at_risk, table.events, own))
    survival: Floats = np.cumprod((n - d) / n, dtype=np.float64)
    height = before_each(table.times, survival, table.times, start=1.0) / n
    share: Floats = np.cumsum(height * d1, dtype=np.float64)
    spread = np.divide(d, n * (n - d), out=np.zeros(n.size), where=n > d)
    constant = np.cumsum(height**2 * d1 * (n - d1) / n + 2 * height * share * d1 / n + share**2 * spread)
    linear = np.cumsum(-2 * height * d1 / n - 2 * share * spread)
    variances: Floats = np.maximum(constant + linear * share + np.cumsum(spread) * share**2, 0.0)
    variances[(share < AT_THE_EDGE) | (share > 1 - AT_THE_EDGE)] = 0.0
    effective = effective_patients(1 - share, variances, table.at_risk)
    return Incidence(table, own, share, variances, effective)


def _frame(cells: SurvivalCells, curve: Incidence, asked: Floats, conf_level: float) -> pd.DataFrame:
    table = curve.table
    is_complete = bool((table.events == table.at_risk)[-1])
    method = METHOD + truncation_note(table)
    methods = curve_methods(cells, asked, method, is_complete=is_complete)
    place = np.searchsorted(table.times, asked, side="right")
    share, errors, effective = (
        np.concatenate(([start], part))[place]
        for start, part in ((0.0, curve.share), (0.0, np.sqrt(curve.variances)), (1.0, curve.effective))
    )
    low, high = log_log_limits(1 - share, errors, fewest_at_risk(cells, asked), effective, conf_level)
    counted = {
        "events": since_row_before(table.times, curve.own, asked),
        "competing": since_row_before(table.times, table.events - curve.own, asked),
        "censored": since_row_before(table.times, table.censored, asked),
    }
    return curve_frame(cells, asked, counted, (share, errors, 1 - high, 1 - low), methods, n=cells.n)


def _one_time(cells: SurvivalCells, name: str, cause: int, at: float, conf_level: float) -> Estimate:
    row = _frame(cells, incidence_curve(cells, cause), asked_times([at], cells), conf_level).iloc[0]
    if math.isnan(row["estimate"]):
        raise ValueError(f"at is {at:g}, after the last follow-up in group {name}; at most {cells.time.max():g}")
    return Estimate(
        float(row["estimate"]),
        float(row["conf_low"]),
        float(row["conf_high"]),
        cells.n,
        METHOD,
        std_error=float(row["std_error"]),
        conf_level=conf_level,
        events=int(row["events"]),
    )


def _difference(other: Estimate, base: Estimate, conf_level: float) -> Estimate:
    return Estimate(
        other.estimate - base.estimate,
        *square_and_add(other, base),
        other.n + base.n,
        "difference of Aalen-Johansen cumulative incidences, square-and-add limits",
        std_error=math.hypot(other.std_error, base.std_error),
        conf_level=conf_level,
        events=int(other.events or 0) + int(base.events or 0),
    )
