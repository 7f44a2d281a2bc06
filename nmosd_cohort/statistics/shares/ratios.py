"""Ratios of shares and of odds between two groups."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, get_args

from scipy.optimize import brentq
from scipy.special import ndtri

from nmosd_cohort.statistics.estimate import Estimate, check_conf_level, check_option
from nmosd_cohort.statistics.shares.proportions import without_patients
from nmosd_cohort.statistics.shares.two_by_two import table_chances, two_by_two_p, two_by_two_test, two_groups
from nmosd_cohort.statistics.wald import wald_estimate

OddsRatioMethod = Literal["woolf", "conditional"]
EMPTY_CELL = ", because a cell is empty"


def risk_ratio(events_1: int, n_1: int, events_2: int, n_2: int, *, conf_level: float = 0.95) -> Estimate:
    """Share in group 1 divided by share in group 2.

    Parameters
    ----------
    events_1, n_1, events_2, n_2
        Patients with the event, and patients asked, in each group.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Score limits; p as that of `proportion_difference`: chi-square without correction or, with fewer than 5
        patients expected in a cell, Fisher's mid-p, which is another method than the limits and can disagree
        with them when near 1 - `conf_level`. No event in group 1: 0 with lower limit 0. No event in group 2:
        infinite with upper limit infinite. No event at all: NaN with limits 0 and infinity, and `method` says
        so.

    Raises
    ------
    ValueError
        If a count is not a whole number, or a group has more events than patients.

    Notes
    -----
    Koopman 1984 (doi:10.2307/2531405); mid-p: Lydersen, Fagerland and Laake 2009 (doi:10.1002/sim.3531).

    Examples
    --------
    >>> ratio = risk_ratio(36, 40, 16, 80)
    >>> round(ratio.estimate, 2), round(ratio.conf_low, 2), round(ratio.conf_high, 2)
    (4.5, 2.94, 7.15)
    """
    (events_1, n_1), (events_2, n_2) = two_groups(events_1, n_1, events_2, n_2)
    level = check_conf_level(conf_level)
    if 0 in (n_1, n_2):
        return without_patients(level)
    if events_1 + events_2 == 0:
        return _without_information("no event in either group", n_1 + n_2, 0, level)
    ratio = math.inf if events_2 == 0 else (events_1 / n_1) / (events_2 / n_2)
    return Estimate(
        ratio,
        0.0 if events_1 == 0 else 1 / _score_ratio_high(events_2, n_2, events_1, n_1, level),
        math.inf if events_2 == 0 else _score_ratio_high(events_1, n_1, events_2, n_2, level),
        n_1 + n_2,
        f"Koopman score; p {two_by_two_test(events_1, n_1, events_2, n_2)}",
        p_value=two_by_two_p(events_1, n_1, events_2, n_2),
        conf_level=level,
        events=events_1 + events_2,
    )


def odds_ratio(
    events_1: int,
    n_1: int,
    events_2: int,
    n_2: int,
    *,
    method: OddsRatioMethod = "woolf",
    conf_level: float = 0.95,
) -> Estimate:
    """Odds of the event in group 1 divided by the odds in group 2.

    Parameters
    ----------
    events_1, n_1, events_2, n_2
        Patients with the event, and patients asked, in each group.
    method
        ``woolf`` (default): ratio of the observed odds, limits from the standard error of its logarithm.
        ``conditional``: maximum of the likelihood given both margins, exact limits, as R's ``fisher.test``.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Woolf limits do not exist with an empty cell; the conditional method then takes over, and `method`
        says so. Its p is twice the smaller tail, so that p is below 0.05 exactly where the 95 % limits leave
        out 1; Fisher's own two-sided p can differ. If nobody or everybody has the event: NaN with limits 0
        and infinity, and `method` says so.

    Raises
    ------
    ValueError
        If a count is not a whole number, a group has more events than patients, or the method is unknown.

    Notes
    -----
    Woolf 1955 (doi:10.1111/j.1469-1809.1955.tb01348.x); exact conditional limits: Cornfield 1956, Proceedings
    of the Third Berkeley Symposium 4:135. The conditional maximum lies nearer to 1 than the observed ratio.

    Examples
    --------
    >>> ratio = odds_ratio(0, 10, 5, 10)
    >>> ratio.estimate, ratio.conf_low, round(ratio.conf_high, 3)
    (0.0, 0.0, 0.837)
    >>> ratio = odds_ratio(6, 7, 2, 9, method="conditional")
    >>> round(ratio.estimate, 1), round(ratio.conf_low, 2), round(ratio.conf_high)
    (16.2, 1.09, 1099)
    """
    check_option("method", method, get_args(OddsRatioMethod))
    (events_1, n_1), (events_2, n_2) = two_groups(events_1, n_1, events_2, n_2)
    level = check_conf_level(conf_level)
    if 0 in (n_1, n_2):
        return without_patients(level)
    if events_1 + events_2 in (0, n_1 + n_2):
        reason = "nobody or everybody has the event"
        return _without_information(reason, n_1 + n_2, events_1 + events_2, level)
    cells = (events_1, n_1 - events_1, events_2, n_2 - events_2)
    if method == "conditional":
        return _conditional_odds_ratio(cells, level, "")
    return _conditional_odds_ratio(cells, level, EMPTY_CELL) if 0 in cells else _woolf_odds_ratio(cells, level)


def _without_information(reason: str, n: int, events: int, level: float) -> Estimate:
    """Return a ratio about which the counts say nothing: any value is possible."""
    return Estimate(
        math.nan, 0.0, math.inf, n, f"not estimable: {reason}", p_value=1.0, conf_level=level, events=events
    )


def _score_ratio_high(events_1: int, n_1: int, events_2: int, n_2: int, level: float) -> float:
    """Return the upper score limit of the risk ratio, group 2 having at least one event."""
    z = -float(ndtri((1 - level) / 2))

    def excess(log_ratio: float) -> float:
        return _ratio_score(log_ratio, events_1, n_1, events_2, n_2) - z

    low = math.log(events_1 * n_2) - math.log(n_1 * events_2) if events_1 else -40.0
    high = low + 1.0
    while excess(high) < 0:
        high += 2.0
    return math.exp(brentq(excess, low, high, xtol=1e-20))


def _ratio_score(log_ratio: float, events_1: int, n_1: int, events_2: int, n_2: int) -> float:
    """Return the standardised distance of the observed shares from this ratio, positive above.

    Shares near 1 enter as what they lack, so that huge groups keep their digits.
    """
    ratio, no_1, no_2 = math.exp(log_ratio), n_1 - events_1, n_2 - events_2
    distance = math.expm1(log_ratio) * events_2 / n_2 + no_1 / n_1 - no_2 / n_2
    linear = ratio * (n_1 + events_2) + events_1 + n_2
    root = math.sqrt(max(linear**2 - 4 * (n_1 + n_2) * ratio * (events_1 + events_2), 0.0))
    share_2 = 2 * (events_1 + events_2) / (linear + root)
    lack_1, lack_2 = _lacking(-log_ratio, no_2, no_1, n_1 + n_2), _lacking(log_ratio, no_1, no_2, n_1 + n_2)
    variance = ratio * share_2 * (ratio * lack_2 / n_2 + lack_1 / n_1)
    return distance / math.sqrt(variance) if variance > 0 else 0.0


def _lacking(log_ratio: float, no_1: int, no_2: int, n: int) -> float:
    """Return 1 less the likeliest share of group 2 if the shares have this ratio, from patients without the event."""
    above = math.expm1(log_ratio)
    linear = above * (n + no_2) + no_1 + no_2
    root = math.sqrt(max(linear**2 - 4 * n * (above + 1) * above * no_2, 0.0))
    if linear > 0:
        return (linear + root) / (2 * n * (above + 1))
    return 2 * above * no_2 / (linear - root) if root > 0 or linear < 0 else 0.0


def _woolf_odds_ratio(cells: tuple[int, int, int, int], level: float) -> Estimate:
    yes_1, no_1, yes_2, no_2 = cells
    log_ratio = math.log(yes_1 * no_2) - math.log(no_1 * yes_2)
    log_error = math.sqrt(sum(1 / count for count in cells))
    return wald_estimate(log_ratio, log_error, sum(cells), "Woolf", conf_level=level, scale="log", events=yes_1 + yes_2)


def _conditional_odds_ratio(cells: tuple[int, int, int, int], level: float, note: str) -> Estimate:
    yes_1, no_1, yes_2, no_2 = cells
    table = (yes_1, yes_1 + no_1, yes_2, yes_2 + no_2)
    events, n = yes_1 + yes_2, sum(cells)
    is_least, is_most = 0 in (yes_1, no_2), 0 in (no_1, yes_2)
    tail = (1 - level) / 2
    at_least, at_most, _ = _tails(table, 0.0)

    def solved(excess: Callable[[float], float]) -> float:
        return _root_of_odds(excess, math.log((yes_1 + 0.5) * (no_2 + 0.5)) - math.log((no_1 + 0.5) * (yes_2 + 0.5)))

    observed = 0.0 if is_least else math.inf
    if not is_least and not is_most:
        observed = solved(lambda log_odds: _tails(table, log_odds)[2] - yes_1)
    return Estimate(
        observed,
        0.0 if is_least else solved(lambda log_odds: _tails(table, log_odds)[0] - tail),
        math.inf if is_most else solved(lambda log_odds: tail - _tails(table, log_odds)[1]),
        n,
        f"exact conditional{note}; p twice the smaller tail",
        p_value=min(1.0, 2 * min(at_least, at_most)),
        conf_level=level,
        events=events,
    )


def _tails(table: tuple[int, int, int, int], log_odds_ratio: float) -> tuple[float, float, float]:
    """Return the chances of as many events in group 1 or more, of as many or fewer, and their mean number."""
    counts, chances = table_chances(*table, log_odds_ratio)
    at_least, at_most = chances[counts >= table[0]].sum(), chances[counts <= table[0]].sum()
    return float(at_least), float(at_most), float(counts @ chances)


def _root_of_odds(excess: Callable[[float], float], start: float) -> float:
    """Return the odds ratio at which a function that rises with its logarithm is 0."""
    low, high = start - 1.0, start + 1.0
    while excess(low) > 0:
        low -= 2.0
    while excess(high) < 0:
        high += 2.0
    return math.exp(brentq(excess, low, high, xtol=1e-13))
