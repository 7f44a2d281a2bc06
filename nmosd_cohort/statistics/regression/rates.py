"""Events per person-year, and ratios of such rates."""

from __future__ import annotations

import math
from dataclasses import replace

from numpy.typing import ArrayLike
from scipy.special import betaincinv, gammaincinv
from scipy.stats import binom

from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    Floats,
    as_values,
    check_conf_level,
    check_counts,
    not_estimable,
    whole_number,
)
from nmosd_cohort.statistics.wald import wald_estimate

MIN_CLUSTERS = 10  # below this the patient-clustered variance is too small on average


def poisson_rate(events: int, person_years: float, *, n: int = 0, conf_level: float = 0.95) -> Estimate:
    """Events per person-year: total events over total time.

    Parameters
    ----------
    events, person_years
        Total events, and the total time at risk in years.
    n
        Patients that gave the time, 0 when not told; the limits do not depend on it.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Exact Poisson limits; the lower is exactly 0 without events. No time and no event: NaN with the reason.

    Raises
    ------
    ValueError
        If events are not whole, time is negative, or there are events without time.

    Notes
    -----
    Garwood 1936 (doi:10.1093/biomet/28.3-4.437). Events that cluster in patients make the true limits wider:
    see `overdispersion`.

    Examples
    --------
    >>> rate = poisson_rate(12, 20)
    >>> rate.estimate, round(rate.conf_low, 6), round(rate.conf_high, 6)
    (0.6, 0.310029, 1.048079)
    """
    events = whole_number("events", events)
    years, level = _years("person_years", person_years, events), check_conf_level(conf_level)
    if years == 0:
        return not_estimable("no person-years", n, conf_level=level, events=0)
    tail = (1 - level) / 2
    low = 0.0 if events == 0 else float(gammaincinv(events, tail)) / years
    high = float(gammaincinv(events + 1, 1 - tail)) / years
    error = math.sqrt(events) / years
    return Estimate(events / years, low, high, n, "exact Poisson", std_error=error, conf_level=level, events=events)


def rate_ratio(
    events_1: int,
    person_years_1: float,
    events_2: int,
    person_years_2: float,
    *,
    n: int = 0,
    conf_level: float = 0.95,
) -> Estimate:
    """Rate of period or group 1 divided by the rate of 2.

    Parameters
    ----------
    events_1, person_years_1, events_2, person_years_2
        Total events and total time at risk in years.
    n
        Patients that gave the time, 0 when not told.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Exact conditional limits (F form) and p (twice the smaller tail). No events in 1: 0 with lower limit 0.
        None in 2: infinite with upper limit infinite. None at all: NaN with limits 0 and infinity. No time on
        one side: NaN. `method` says which.

    Raises
    ------
    ValueError
        If events are not whole, time is negative, or there are events without time.

    Notes
    -----
    Przyborowski and Wilenski 1940, Biometrika 31:313. Both rates are taken as Poisson: for the same
    patients before and after, use `paired_rate_ratio`; with covariates, `negative_binomial_regression`.

    Examples
    --------
    >>> ratio = rate_ratio(12, 20, 30, 22)
    >>> round(ratio.estimate, 2), round(ratio.conf_low, 5), round(ratio.conf_high, 6)
    (0.44, 0.20516, 0.884982)
    """
    events_1, events_2 = whole_number("events_1", events_1), whole_number("events_2", events_2)
    years_1 = _years("person_years_1", person_years_1, events_1)
    years_2 = _years("person_years_2", person_years_2, events_2)
    level = check_conf_level(conf_level)
    total = events_1 + events_2
    if min(years_1, years_2) == 0:
        return not_estimable("no person-years on one side", n, conf_level=level, events=total)
    low, high = _conditional_odds(events_1, events_2, level)
    share = years_1 / (years_1 + years_2)
    tails = binom.cdf(events_1, total, share), binom.sf(events_1 - 1, total, share)
    ratio = math.nan if total == 0 else math.inf
    if events_2:
        ratio = (events_1 / years_1) / (events_2 / years_2)
    return Estimate(
        ratio,
        low * years_2 / years_1,
        high * years_2 / years_1,
        n,
        "exact conditional" if total else "not estimable: no event on either side",
        p_value=min(1.0, 2 * float(min(tails))),
        conf_level=level,
        events=total,
    )


def paired_rate_ratio(
    events_before: ArrayLike,
    years_before: ArrayLike,
    events_after: ArrayLike,
    years_after: ArrayLike,
    *,
    conf_level: float = 0.95,
) -> Estimate:
    """Rate after divided by the rate before in the same patients, each total events over total time.

    Parameters
    ----------
    events_before, years_before, events_after, years_after
        One entry a patient. Patients without time in one of the periods are left out, and `method` says how
        many.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Log-scale limits with a variance clustered by patient and t with n - 1 degrees of freedom when there are
        at least 10 patients and events in both periods; otherwise exact conditional limits, which take the
        events as independent. `method` says which.

    Raises
    ------
    ValueError
        If the arrays differ in length, events are not whole, time is negative, or there are events without time.

    Notes
    -----
    Linearised ratio of two totals (Cochran 1977, chapter 6), clustered as in Liang and Zeger 1986
    (doi:10.1093/biomet/73.1.13).

    Examples
    --------
    >>> ratio = paired_rate_ratio([2, 1, 3, 0, 2, 1, 1, 2, 4, 1], [1] * 10, [0, 1, 1, 0, 0, 0, 1, 0, 2, 0], [1] * 10)
    >>> round(ratio.estimate, 3), ratio.n, ratio.events
    (0.294, 10, 22)
    """
    level = check_conf_level(conf_level)
    before, time_before = person_time(events_before, years_before, names=("events before", "years before"))
    after, time_after = person_time(events_after, years_after, names=("events after", "years after"))
    if before.size != after.size:
        raise ValueError(f"before has {before.size} patients and after {after.size}; they must be the same patients")
    is_followed = (time_before > 0) & (time_after > 0)
    n, left_out = int(is_followed.sum()), int((~is_followed).sum())
    note = f"; {left_out} patients without time in both periods left out" if left_out else ""
    before, time_before = before[is_followed], time_before[is_followed]
    after, time_after = after[is_followed], time_after[is_followed]
    events = int(before.sum()), int(after.sum())
    if n >= MIN_CLUSTERS and min(events) > 0:
        influence = _influence(after, time_after) - _influence(before, time_before)
        log_error = math.sqrt(n / (n - 1) * float(influence @ influence))
        if log_error > 0:
            ratio = (events[1] / time_after.sum()) / (events[0] / time_before.sum())
            return _clustered(float(ratio), log_error, n, sum(events), level, note)
    exact = rate_ratio(events[1], float(time_after.sum()), events[0], float(time_before.sum()), n=n, conf_level=level)
    return replace(exact, method=exact.method + note)


def overdispersion(events: ArrayLike, years: ArrayLike) -> float:
    """Pearson chi-square over its degrees of freedom of the patients' events around one common rate.

    Parameters
    ----------
    events, years
        One entry a patient; those without time are left out.

    Returns
    -------
    float
        About 1 for Poisson events; above 1 the events cluster in patients.

    Raises
    ------
    ValueError
        If fewer than two patients have time, or nobody has an event.

    Notes
    -----
    McCullagh and Nelder 1989 (doi:10.1007/978-1-4899-3242-6), section 6.2.

    Examples
    --------
    >>> overdispersion([0, 0, 0, 4], [1, 1, 1, 1])
    4.0
    """
    observed, time = person_time(events, years, names=("events", "years"))
    observed, time = observed[time > 0], time[time > 0]
    if observed.size < 2 or observed.sum() == 0:
        raise ValueError(
            f"overdispersion needs two patients with time and one event; there are {observed.size} patients with "
            f"{int(observed.sum())} events"
        )
    expected = observed.sum() / time.sum() * time
    return float(((observed - expected) ** 2 / expected).sum() / (observed.size - 1))


def _years(name: str, value: float, events: int) -> float:
    """Return a time at risk, which there must be when there are events."""
    years = float(value)
    if not math.isfinite(years) or years < 0:
        raise ValueError(f"{name} is {value}; it must be 0 or more years")
    if years == 0 and events > 0:
        raise ValueError(f"{name} is 0 but there are {events} events; events need time at risk")
    return years


def _conditional_odds(events_1: int, events_2: int, level: float) -> tuple[float, float]:
    """Return exact limits of the odds that an event falls on side 1."""
    tail = (1 - level) / 2
    low, high = 0.0, math.inf
    if events_1 > 0:
        share = float(betaincinv(events_1, events_2 + 1, tail))
        low = share / (1 - share)
    if events_2 > 0:
        rest = float(betaincinv(events_2, events_1 + 1, tail))
        high = (1 - rest) / rest
    return low, high


def person_time(events: ArrayLike, years: ArrayLike, *, names: tuple[str, str]) -> tuple[Counts, Floats]:
    """Return events and years at risk of each row; names are those of the two for messages.

    Raises
    ------
    ValueError
        If they differ in length, events are not whole, time is negative, or there are events without time.

    Examples
    --------
    >>> person_time([1, 1], [2.0, 0.0], names=("events", "person_years"))
    Traceback (most recent call last):
    ValueError: events: 1 rows have events but no time
    """
    time = as_values(years, name=names[1])
    whole = check_counts(events, size=time.size, name=names[0])
    if (time < 0).any():
        raise ValueError(f"{names[1]}: {int((time < 0).sum())} are negative; time at risk is 0 or more")
    if (whole[time == 0] > 0).any():
        raise ValueError(f"{names[0]}: {int((whole[time == 0] > 0).sum())} rows have events but no time")
    return whole, time


def _influence(events: Counts, years: Floats) -> Floats:
    """Return each patient's influence on the log of total events over total time."""
    influence: Floats = events / events.sum() - years / years.sum()
    return influence


def _clustered(ratio: float, log_error: float, n: int, events: int, level: float, note: str) -> Estimate:
    method = f"total events over total time, variance clustered by patient, t({n - 1}) on the log scale{note}"
    return wald_estimate(
        math.log(ratio), log_error, n, method, conf_level=level, freedom=n - 1, scale="log", events=events
    )
