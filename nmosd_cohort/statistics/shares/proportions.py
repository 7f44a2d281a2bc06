"""Shares and their differences between groups, with score limits."""

from __future__ import annotations

import math
from typing import Literal

from scipy.special import betaincinv, ndtri

from nmosd_cohort.statistics.estimate import Estimate, check_conf_level, check_option, not_estimable, part_of_whole
from nmosd_cohort.statistics.shares.two_by_two import two_by_two_p, two_by_two_test, two_groups
from nmosd_cohort.statistics.wald import square_and_add

Method = Literal["wilson", "clopper_pearson", "jeffreys"]
METHOD_LABELS = {"wilson": "Wilson", "clopper_pearson": "Clopper-Pearson", "jeffreys": "Jeffreys"}


def proportion(events: int, n: int, *, method: Method = "wilson", conf_level: float = 0.95) -> Estimate:
    """Share of the patients who have the event, from 0 to 1.

    Parameters
    ----------
    events, n
        Patients with the event, and patients asked; both counts.
    method
        ``wilson`` (default), ``clopper_pearson`` (exact, conservative) or ``jeffreys`` (beta prior).
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        With no event the lower limit is exactly 0, with only events the upper limit is exactly 1.
        Without patients the estimate is NaN and `method` says so.

    Raises
    ------
    ValueError
        If a count is not a whole number, or there are more events than patients.

    Notes
    -----
    Wilson 1927 (doi:10.1080/01621459.1927.10502953); Clopper and Pearson 1934 (doi:10.1093/biomet/26.4.404);
    comparison by Brown, Cai and DasGupta 2001 (doi:10.1214/ss/1009213286).

    Examples
    --------
    >>> share = proportion(117, 145)
    >>> round(share.conf_low, 3), round(share.conf_high, 3)
    (0.735, 0.863)
    """
    check_option("method", method, tuple(METHOD_LABELS))
    events, n = part_of_whole("events", events, "n", n)
    level = check_conf_level(conf_level)
    if n == 0:
        return without_patients(level)
    low, high = share_limits(events, n, method, (1 - level) / 2)
    share = events / n
    return Estimate(
        share,
        low,
        high,
        n,
        METHOD_LABELS[method],
        std_error=math.sqrt(share * (1 - share) / n),
        conf_level=level,
        events=events,
    )


def proportion_difference(events_1: int, n_1: int, events_2: int, n_2: int, *, conf_level: float = 0.95) -> Estimate:
    """Share in group 1 minus share in group 2, from -1 to 1.

    Parameters
    ----------
    events_1, n_1, events_2, n_2
        Patients with the event, and patients asked, in each group.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Newcombe's hybrid score limits; p from chi-square without correction or, with fewer than 5 patients
        expected in a cell, Fisher's mid-p; `method` says which. Limits and p are different methods and can
        disagree when p is near 1 - `conf_level`. When both groups are all events or all without, p is 1. An
        empty group gives NaN with the reason.

    Raises
    ------
    ValueError
        If a count is not a whole number, or a group has more events than patients.

    Notes
    -----
    Newcombe 1998, method 10 for unpaired shares
    (doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I); mid-p: Lydersen, Fagerland and
    Laake 2009 (doi:10.1002/sim.3531). Of the 15876 tables with 4 to 15 patients in each group, 95 % limits and
    p contradict each other in 484 (in 1049 with Fisher's p in full).

    Examples
    --------
    >>> difference = proportion_difference(6, 7, 2, 9)
    >>> round(difference.conf_low, 3), round(difference.conf_high, 3)
    (0.142, 0.832)
    """
    (events_1, n_1), (events_2, n_2) = two_groups(events_1, n_1, events_2, n_2)
    level = check_conf_level(conf_level)
    if 0 in (n_1, n_2):
        return without_patients(level)
    one, two = (proportion(events, n, conf_level=level) for events, n in ((events_1, n_1), (events_2, n_2)))
    low, high = square_and_add(one, two)
    return Estimate(
        one.estimate - two.estimate,
        max(-1.0, low),
        min(1.0, high),
        n_1 + n_2,
        f"Newcombe hybrid score; p {two_by_two_test(events_1, n_1, events_2, n_2)}",
        std_error=math.hypot(one.std_error, two.std_error),
        p_value=two_by_two_p(events_1, n_1, events_2, n_2),
        conf_level=level,
        events=events_1 + events_2,
    )


def share_limits(events: int, n: int, method: str, tail: float) -> tuple[float, float]:
    """Return confidence limits of one share, exactly 0 or 1 at the boundary.

    Parameters
    ----------
    events, n
        Whole numbers, n above 0.
    method
        ``wilson``, ``clopper_pearson`` or ``jeffreys``.
    tail
        Error allowed on each side, 0.025 for 95 % limits.

    Examples
    --------
    >>> low, high = share_limits(6, 7, "wilson", 0.025)
    >>> round(low, 4), round(high, 4)
    (0.4869, 0.9743)
    """
    if method == "wilson":
        low, high = wilson_limits(events, n, -float(ndtri(tail)))
    else:
        shape = 0.5 if method == "jeffreys" else 0.0
        low = float(betaincinv(max(events, 0.5) + shape, n - events + 1 - shape, tail))
        high = float(betaincinv(events + 1 - shape, max(n - events, 0.5) + shape, 1 - tail))
    return 0.0 if events == 0 else low, 1.0 if events == n else high


def wilson_limits(events: float, n: int, z: float) -> tuple[float, float]:
    """Return the shares that lie z standard errors from the observed one, each with its own standard error.

    Examples
    --------
    >>> wilson_limits(1, 4, 0.0)
    (0.25, 0.25)
    """
    share, shrink = events / n, z * z / n
    centre = (share + shrink / 2) / (1 + shrink)
    half_width = z * math.sqrt(share * (1 - share) / n + shrink / (4 * n)) / (1 + shrink)
    return centre - half_width, centre + half_width


def without_patients(level: float) -> Estimate:
    """Return what there is to say about a share of nobody.

    Examples
    --------
    >>> without_patients(0.95).method
    'not estimable: no patients in the denominator'
    """
    return not_estimable("no patients in the denominator", 0, conf_level=level)
