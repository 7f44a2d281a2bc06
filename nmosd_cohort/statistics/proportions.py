"""Shares, and their differences and ratios, with score limits."""

from __future__ import annotations

import math
from typing import Literal

from scipy.optimize import brentq
from scipy.special import betaincinv, ndtr, ndtri
from scipy.stats import binom, hypergeom
from scipy.stats.contingency import odds_ratio as contingency_odds_ratio

from nmosd_cohort.statistics.estimate import (
    Estimate,
    check_conf_level,
    check_option,
    not_estimable,
    part_of_whole,
    whole_number,
)
from nmosd_cohort.statistics.two_by_two import score_p, two_by_two_p, two_by_two_test

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
    Wilson 1927; Clopper and Pearson 1934; comparison by Brown, Cai and DasGupta 2001.

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
        return _without_patients(level)
    low, high = _limits(events, n, method, level)
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

    Returns
    -------
    Estimate
        Newcombe's hybrid score limits; p as ``two_by_two_p`` gives it, `method` says by which test. When both
        groups are all events or all without, p is 1. An empty group gives NaN with the reason.

    Notes
    -----
    Newcombe 1998, method 10 for unpaired shares (Statistics in Medicine 17:873).

    Examples
    --------
    >>> difference = proportion_difference(6, 7, 2, 9)
    >>> round(difference.conf_low, 3), round(difference.conf_high, 3)
    (0.142, 0.832)
    """
    (events_1, n_1), (events_2, n_2) = _two_groups(events_1, n_1, events_2, n_2)
    level = check_conf_level(conf_level)
    if 0 in (n_1, n_2):
        return _without_patients(level)
    share_1, share_2 = events_1 / n_1, events_2 / n_2
    low_1, high_1 = _limits(events_1, n_1, "wilson", level)
    low_2, high_2 = _limits(events_2, n_2, "wilson", level)
    difference = share_1 - share_2
    return Estimate(
        difference,
        max(-1.0, difference - math.hypot(share_1 - low_1, high_2 - share_2)),
        min(1.0, difference + math.hypot(high_1 - share_1, share_2 - low_2)),
        n_1 + n_2,
        f"Newcombe hybrid score; p {two_by_two_test(events_1, n_1, events_2, n_2)}",
        std_error=math.sqrt(share_1 * (1 - share_1) / n_1 + share_2 * (1 - share_2) / n_2),
        p_value=two_by_two_p(events_1, n_1, events_2, n_2),
        conf_level=level,
        events=events_1 + events_2,
    )


def risk_ratio(events_1: int, n_1: int, events_2: int, n_2: int, *, conf_level: float = 0.95) -> Estimate:
    """Share in group 1 divided by share in group 2.

    Returns
    -------
    Estimate
        Score limits, p from the score (chi-square) test without continuity correction. No event in group 1:
        0 with lower limit 0. No event in group 2: infinite with upper limit infinite. No event at all: NaN
        with limits 0 and infinity, and `method` says so.

    Notes
    -----
    Koopman 1984 (Biometrics 40:513).

    Examples
    --------
    >>> ratio = risk_ratio(36, 40, 16, 80)
    >>> round(ratio.estimate, 2), round(ratio.conf_low, 2), round(ratio.conf_high, 2)
    (4.5, 2.94, 7.15)
    """
    (events_1, n_1), (events_2, n_2) = _two_groups(events_1, n_1, events_2, n_2)
    level = check_conf_level(conf_level)
    if 0 in (n_1, n_2):
        return _without_patients(level)
    if events_1 + events_2 == 0:
        return _without_information("no event in either group", n_1 + n_2, 0, level)
    ratio = math.inf if events_2 == 0 else (events_1 / n_1) / (events_2 / n_2)
    return Estimate(
        ratio,
        0.0 if events_1 == 0 else 1 / _score_ratio_high(events_2, n_2, events_1, n_1, level),
        math.inf if events_2 == 0 else _score_ratio_high(events_1, n_1, events_2, n_2, level),
        n_1 + n_2,
        "Koopman score; p from chi-square without correction",
        p_value=score_p(events_1, n_1, events_2, n_2),
        conf_level=level,
        events=events_1 + events_2,
    )


def odds_ratio(events_1: int, n_1: int, events_2: int, n_2: int, *, conf_level: float = 0.95) -> Estimate:
    """Odds of the event in group 1 divided by the odds in group 2.

    Returns
    -------
    Estimate
        Woolf limits and Wald p; with an empty cell exact conditional limits and p (twice the smaller tail).
        If nobody or everybody has the event: NaN with limits 0 and infinity, and `method` says so.

    Notes
    -----
    Woolf 1955; conditional limits Cornfield 1956.

    Examples
    --------
    >>> ratio = odds_ratio(0, 10, 5, 10)
    >>> ratio.estimate, ratio.conf_low, round(ratio.conf_high, 3)
    (0.0, 0.0, 0.837)
    """
    (events_1, n_1), (events_2, n_2) = _two_groups(events_1, n_1, events_2, n_2)
    level = check_conf_level(conf_level)
    if 0 in (n_1, n_2):
        return _without_patients(level)
    if events_1 + events_2 in (0, n_1 + n_2):
        reason = "nobody or everybody has the event"
        return _without_information(reason, n_1 + n_2, events_1 + events_2, level)
    cells = (events_1, n_1 - events_1, events_2, n_2 - events_2)
    return _exact_odds_ratio(cells, level) if min(cells) == 0 else _woolf_odds_ratio(cells, level)


def paired_proportion_difference(
    both: int, first_only: int, second_only: int, neither: int, *, conf_level: float = 0.95
) -> Estimate:
    """Share with the event at the first occasion minus share at the second, in the same patients.

    Parameters
    ----------
    both, first_only, second_only, neither
        Patients by the occasions at which they had the event.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Newcombe's paired hybrid score limits; McNemar's mid-p, 1 when no patient changed. `events` are the
        patients who changed.

    Notes
    -----
    Newcombe 1998 (Statistics in Medicine 17:2635), method 10; mid-p: Fagerland, Lydersen and Laake 2013.

    Examples
    --------
    >>> change = paired_proportion_difference(1, 1, 7, 12)
    >>> round(change.estimate, 3), round(change.p_value, 4)
    (-0.286, 0.0391)
    """
    names = ("both", "first_only", "second_only", "neither")
    both, first_only, second_only, neither = (
        whole_number(name, count) for name, count in zip(names, (both, first_only, second_only, neither), strict=True)
    )
    level = check_conf_level(conf_level)
    n = both + first_only + second_only + neither
    if n == 0:
        return _without_patients(level)
    share_1, share_2 = (both + first_only) / n, (both + second_only) / n
    low_1, high_1 = _limits(both + first_only, n, "wilson", level)
    low_2, high_2 = _limits(both + second_only, n, "wilson", level)
    phi = _corrected_phi(both, first_only, second_only, neither)
    difference = (first_only - second_only) / n
    return Estimate(
        difference,
        max(-1.0, difference - _paired_distance(share_1 - low_1, high_2 - share_2, phi)),
        min(1.0, difference + _paired_distance(high_1 - share_1, share_2 - low_2, phi)),
        n,
        "Newcombe paired hybrid score; McNemar mid-p",
        std_error=math.sqrt(first_only + second_only - (first_only - second_only) ** 2 / n) / n,
        p_value=_mcnemar_mid_p(first_only, second_only),
        conf_level=level,
        events=first_only + second_only,
    )


def worst_case_bounds(events: int, n_assessed: int, n_all: int) -> tuple[float, float]:
    """Lowest and highest share in all patients that the assessed ones leave possible.

    Parameters
    ----------
    events, n_assessed, n_all
        Patients with the event, patients asked, and all patients including those never asked.

    Raises
    ------
    ValueError
        If a count is not a whole number, they are not in rising order, or there are no patients.

    Notes
    -----
    Horowitz and Manski 2000: every patient never asked may or may not have the event.

    Examples
    --------
    >>> worst_case_bounds(48, 60, 100)
    (0.48, 0.88)
    """
    events, n_assessed = part_of_whole("events", events, "n_assessed", n_assessed)
    n_assessed, n_all = part_of_whole("n_assessed", n_assessed, "n_all", n_all)
    if n_all == 0:
        raise ValueError("n_all is 0; bounds need at least one patient")
    return events / n_all, (events + n_all - n_assessed) / n_all


def _two_groups(events_1: float, n_1: float, events_2: float, n_2: float) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return events and patients of both groups as whole numbers."""
    return part_of_whole("events_1", events_1, "n_1", n_1), part_of_whole("events_2", events_2, "n_2", n_2)


def _without_patients(level: float) -> Estimate:
    return not_estimable("no patients in the denominator", 0, conf_level=level)


def _without_information(reason: str, n: int, events: int, level: float) -> Estimate:
    """Return a ratio about which the counts say nothing: any value is possible."""
    return Estimate(
        math.nan, 0.0, math.inf, n, f"not estimable: {reason}", p_value=1.0, conf_level=level, events=events
    )


def _limits(events: int, n: int, method: str, level: float) -> tuple[float, float]:
    """Return confidence limits of one share, exactly 0 or 1 at the boundary."""
    tail = (1 - level) / 2
    if method == "wilson":
        low, high = _wilson_limits(events, n, -float(ndtri(tail)))
    else:
        shape = 0.5 if method == "jeffreys" else 0.0
        low = float(betaincinv(max(events, 0.5) + shape, n - events + 1 - shape, tail))
        high = float(betaincinv(events + 1 - shape, max(n - events, 0.5) + shape, 1 - tail))
    return 0.0 if events == 0 else low, 1.0 if events == n else high


def _wilson_limits(events: int, n: int, z: float) -> tuple[float, float]:
    share, shrink = events / n, z * z / n
    centre = (share + shrink / 2) / (1 + shrink)
    half_width = z * math.sqrt(share * (1 - share) / n + shrink / (4 * n)) / (1 + shrink)
    return centre - half_width, centre + half_width


def _score_ratio_high(events_1: int, n_1: int, events_2: int, n_2: int, level: float) -> float:
    """Return the upper score limit of the risk ratio, group 2 having at least one event."""
    z = -float(ndtri((1 - level) / 2))

    def excess(log_ratio: float) -> float:
        return _ratio_score(math.exp(log_ratio), events_1, n_1, events_2, n_2) - z

    low = math.log(events_1 * n_2) - math.log(n_1 * events_2) if events_1 else -40.0
    high = low + 1.0
    while excess(high) < 0:
        high += 2.0
    return math.exp(brentq(excess, low, high, xtol=1e-13))


def _ratio_score(ratio: float, events_1: int, n_1: int, events_2: int, n_2: int) -> float:
    """Return the standardised distance of the observed shares from this ratio, positive above."""
    distance = ratio * events_2 / n_2 - events_1 / n_1
    if abs(distance) < 1e-14:
        return 0.0
    linear = ratio * (n_1 + events_2) + events_1 + n_2
    root = math.sqrt(max(linear**2 - 4 * (n_1 + n_2) * ratio * (events_1 + events_2), 0.0))
    share_2 = 2 * (events_1 + events_2) / (linear + root)
    share_1 = ratio * share_2
    variance = ratio**2 * share_2 * (1 - share_2) / n_2 + share_1 * (1 - share_1) / n_1
    return distance / math.sqrt(variance)


def _woolf_odds_ratio(cells: tuple[int, int, int, int], level: float) -> Estimate:
    yes_1, no_1, yes_2, no_2 = cells
    log_ratio = math.log(yes_1 * no_2) - math.log(no_1 * yes_2)
    log_error = math.sqrt(sum(1 / count for count in cells))
    half_width = -float(ndtri((1 - level) / 2)) * log_error
    return Estimate(
        math.exp(log_ratio),
        math.exp(log_ratio - half_width),
        math.exp(log_ratio + half_width),
        sum(cells),
        "Woolf",
        std_error=math.exp(log_ratio) * log_error,
        p_value=float(2 * ndtr(-abs(log_ratio) / log_error)),
        conf_level=level,
        events=yes_1 + yes_2,
    )


def _exact_odds_ratio(cells: tuple[int, int, int, int], level: float) -> Estimate:
    yes_1, no_1, yes_2, no_2 = cells
    limits = contingency_odds_ratio([[yes_1, no_1], [yes_2, no_2]], kind="conditional").confidence_interval(level)
    events, n = yes_1 + yes_2, sum(cells)
    null = hypergeom(n, events, yes_1 + no_1)
    return Estimate(
        0.0 if yes_1 * no_2 == 0 else math.inf,
        float(limits.low),
        float(limits.high),
        n,
        "exact conditional, because a cell is empty; p twice the smaller tail",
        p_value=min(1.0, 2 * min(float(null.cdf(yes_1)), float(null.sf(yes_1 - 1)))),
        conf_level=level,
        events=events,
    )


def _corrected_phi(both: int, first_only: int, second_only: int, neither: int) -> float:
    """Return the continuity-corrected phi of the paired table, 0 when a margin is empty."""
    margins = math.prod((both + first_only, second_only + neither, both + second_only, first_only + neither))
    if margins == 0:
        return 0.0
    product = both * neither - first_only * second_only
    half_n = (both + first_only + second_only + neither) / 2
    numerator = max(product - half_n, 0.0) if product > 0 else float(product)
    return numerator / math.sqrt(margins)


def _paired_distance(side_1: float, side_2: float, phi: float) -> float:
    return math.sqrt(max(side_1**2 - 2 * phi * side_1 * side_2 + side_2**2, 0.0))


def _mcnemar_mid_p(first_only: int, second_only: int) -> float:
    discordant = first_only + second_only
    if discordant == 0:
        return 1.0
    smaller = min(first_only, second_only)
    tail = 2 * binom.cdf(smaller, discordant, 0.5) - binom.pmf(smaller, discordant, 0.5)
    return min(1.0, float(tail))
