"""Mean time without the event up to a horizon, and its difference and ratio between two groups."""

from __future__ import annotations

import math
import numbers
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Estimate, check_conf_level, not_estimable
from nmosd_cohort.statistics.rounding import SAME_WITHIN
from nmosd_cohort.statistics.survival.curves import AT_THE_EDGE
from nmosd_cohort.statistics.survival.kaplan_meier import survival_curve
from nmosd_cohort.statistics.survival.survival_cells import SurvivalCells, compared_groups, survival_cells
from nmosd_cohort.statistics.wald import wald_estimate

METHOD = "area under the Kaplan-Meier curve, t limits"
SAME_TIME = "all patients of a group had the event at one time"


def restricted_mean_survival(
    time: ArrayLike, event: ArrayLike, counts: ArrayLike | None = None, *, tau: float, conf_level: float = 0.95
) -> Estimate:
    """Mean time without the event in the first `tau` units of time.

    Parameters
    ----------
    time
        End of follow-up, 0 or more, in any unit.
    event
        1 where follow-up ended with the event, 0 where it was censored.
    counts
        Patients in each row; None counts every row once.
    tau
        Horizon in the unit of `time`, above 0. Not after the last follow-up, unless the curve is at 0 by then.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        In the unit of `time`, limits cut at 0 and `tau`. Without an event before `tau` it is `tau` and there are
        no limits, nor are there any if all have the event at one time.

    Raises
    ------
    ValueError
        If `tau` is not above 0 or lies after the last follow-up; the message gives the largest allowed.

    Notes
    -----
    Royston and Parmar 2013 (doi:10.1186/1471-2288-13-152); variance of the area by Greenwood's, as in R's
    survival (print with rmean). Limits by t with as many degrees of freedom as events before `tau` less one (at
    least 1): in simulations of 8 to 50 patients the 95% limits covered 93 to 99%, normal ones 88 to 94%.

    Examples
    --------
    >>> mean = restricted_mean_survival([1, 2, 3, 4], [1, 0, 1, 0], [4, 2, 4, 6], tau=3)
    >>> mean.estimate, round(mean.conf_low, 3), round(mean.conf_high, 3)
    (2.5, 1.811, 3)
    """
    level = check_conf_level(conf_level)
    return _restricted_mean(survival_cells(time, event, counts), tau, level, "")


def restricted_mean_contrast(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    tau: float,
    reference: str | float | None = None,
    conf_level: float = 0.95,
) -> dict[str, Estimate]:
    """Mean time without the event in the first `tau` units of time, in one group less that in the other.

    Parameters
    ----------
    time, event, counts, tau, conf_level
        As in `restricted_mean_survival`; `tau` must be allowed in both groups.
    group
        Label of each row's group; there must be two.
    reference
        Group that is taken away and divided by; None takes the first in sorted order.

    Returns
    -------
    dict
        ``difference`` (other group minus reference) with t limits, ``ratio`` (other over reference) with
        limits on the log scale, and the mean of each group under its label.

    Raises
    ------
    ValueError
        As `restricted_mean_survival`, or if there are not two groups.

    Notes
    -----
    Royston and Parmar 2013 (doi:10.1186/1471-2288-13-152). Limits and p by t with the degrees of freedom of
    Satterthwaite 1946 (Biometrics Bulletin 2:110), each group with its events before `tau` less one (at least 1).
    In simulations of 5 to 80 patients a group the 95% limits of the difference covered 93.5 to 97%, normal ones
    88 to 95%; with about 5 events in 50 patients of each group 99%.

    Examples
    --------
    >>> contrast = restricted_mean_contrast([1, 3, 2, 4], [1, 0, 1, 0], ["a", "a", "b", "b"], [5, 5, 3, 7], tau=3)
    >>> difference = contrast["difference"]
    >>> round(difference.estimate, 2), round(difference.conf_low, 2), round(difference.conf_high, 2)
    (0.7, -0.18, 1.58)
    """
    level = check_conf_level(conf_level)
    cells = survival_cells(time, event, counts)
    codes, names, base = compared_groups(group, counts, cells, reference)
    if len(names) != 2:
        raise ValueError(f"group has {len(names)} labels with patients; the contrast needs two")
    other = names[1] if base == names[0] else names[0]
    means = {
        name: _restricted_mean(cells.rows(codes == code), tau, level, f" in group {name}")
        for code, name in enumerate(names)
    }
    return {**_contrasts(means[other], means[base], level), **means}


def _contrasts(other: Estimate, base: Estimate, conf_level: float) -> dict[str, Estimate]:
    n, events = other.n + base.n, int(other.events or 0) + int(base.events or 0)
    gap = other.estimate - base.estimate
    ratio = other.estimate / base.estimate if base.estimate > 0 else math.nan
    error = math.hypot(other.std_error, base.std_error)
    if math.isnan(error) or error == 0:
        reason = "a group has no event before tau" if math.isnan(error) else SAME_TIME
        return {
            name: not_estimable(reason, n, estimate=value, conf_level=conf_level, events=events)
            for name, value in (("difference", gap), ("ratio", ratio))
        }
    freedom = _freedom(other, base, other.std_error, base.std_error)
    method = "difference of areas under Kaplan-Meier curves, t limits"
    difference = wald_estimate(gap, error, n, method, conf_level=conf_level, freedom=freedom)
    if math.isnan(ratio) or ratio == 0:
        fold = not_estimable("a group has no time without the event", n, conf_level=conf_level)
    else:
        parts = other.std_error / other.estimate, base.std_error / base.estimate
        freedom = _freedom(other, base, *parts)
        method = "ratio of areas under Kaplan-Meier curves, t limits of its log"
        fold = wald_estimate(
            math.log(ratio), math.hypot(*parts), n, method, conf_level=conf_level, freedom=freedom, scale="log"
        )
    return {"difference": replace(difference, events=events), "ratio": replace(fold, events=events)}


def _freedom(other: Estimate, base: Estimate, other_error: float, base_error: float) -> float:
    """Return the degrees of freedom of two errors together (Satterthwaite); a group with one event has 1."""
    one, two = other_error**2, base_error**2
    return (one + two) ** 2 / (one**2 / _own_freedom(other.events) + two**2 / _own_freedom(base.events))


def _own_freedom(events: int | None) -> int:
    return max(int(events or 0) - 1, 1)


def _restricted_mean(cells: SurvivalCells, tau: float, conf_level: float, where: str) -> Estimate:
    curve = survival_curve(cells, conf_level)
    last = float(curve.table.times[-1])
    if not (isinstance(tau, numbers.Real) and 0 < tau < math.inf):
        raise ValueError(f"tau is {tau!r}; it must be a time above 0, at most {last:g}{where}")
    if tau > last * (1 + SAME_WITHIN) and curve.survival[-1] > AT_THE_EDGE:
        raise ValueError(f"tau is {tau:g}, after the last follow-up{where}; at most {last:g} is allowed")
    early = curve.table.times < tau
    times, table = curve.table.times[early], curve.table
    events, at_risk = table.events[early].astype(np.float64), table.at_risk[early].astype(np.float64)
    edges = np.concatenate(([0.0], times, [tau]))
    areas = np.diff(edges) * np.concatenate(([1.0], curve.survival[early]))
    mean, n_events = float(areas.sum()), int(events.sum())
    if n_events == 0:
        return not_estimable("no event before tau", cells.n, estimate=mean, conf_level=conf_level, events=0)
    beyond = np.cumsum(areas[::-1])[::-1][1:]
    left = at_risk - events
    spread = np.divide(events, at_risk * left, out=np.zeros(left.size), where=left > 0)
    error = math.sqrt(float(beyond**2 @ spread))
    if error == 0:
        same = not_estimable(SAME_TIME, cells.n, estimate=mean, conf_level=conf_level, events=n_events)
        return replace(same, std_error=0.0)
    freedom = _own_freedom(n_events)
    found = wald_estimate(mean, error, cells.n, METHOD, conf_level=conf_level, freedom=freedom, null=None)
    low, high = max(found.conf_low, 0.0), min(found.conf_high, tau)
    return replace(found, conf_low=low, conf_high=high, events=n_events)
