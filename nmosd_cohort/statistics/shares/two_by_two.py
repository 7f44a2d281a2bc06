"""Tests of a two-by-two table: chi-square, exact mid-p where a cell is small, and McNemar for pairs."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr
from scipy.stats import binom

from nmosd_cohort.statistics.estimate import Floats, part_of_whole, whole_number

FEWEST_EXPECTED = 5
EQUALLY_LIKELY = 1e-7  # tables whose chances differ by a smaller share than this differ by rounding
# The chances of tables beyond this many standard deviations and this many patients add up to nothing.
FARTHEST_DEVIATIONS, FARTHEST_PATIENTS = 20.0, 60


def is_sparse(events_1: int, n_1: int, events_2: int, n_2: int) -> bool:
    """Return whether fewer than 5 patients are expected in a cell if both groups were alike (Cochran's rule).

    Examples
    --------
    >>> is_sparse(5, 6, 0, 3), is_sparse(30, 60, 20, 60)
    (True, False)
    """
    events = events_1 + events_2
    return min(events, n_1 + n_2 - events) * min(n_1, n_2) / (n_1 + n_2) < FEWEST_EXPECTED


def score_p(events_1: int, n_1: int, events_2: int, n_2: int) -> float:
    """Two-sided p of the score test (chi-square without correction); 1 when nobody or everybody has the event.

    Examples
    --------
    >>> round(score_p(5, 6, 0, 3), 4)
    0.0177
    """
    pooled = (events_1 + events_2) / (n_1 + n_2)
    variance = pooled * (1 - pooled) * (1 / n_1 + 1 / n_2)
    if variance == 0:
        return 1.0
    return float(2 * ndtr(-abs(events_1 / n_1 - events_2 / n_2) / math.sqrt(variance)))


def two_by_two_p(events_1: int, n_1: int, events_2: int, n_2: int) -> float:
    """Two-sided p against equal shares in two groups: the score test, or Fisher's mid-p where ``is_sparse``.

    Examples
    --------
    >>> round(two_by_two_p(5, 6, 0, 3), 4)
    0.0238
    """
    if not is_sparse(events_1, n_1, events_2, n_2):
        return score_p(events_1, n_1, events_2, n_2)
    return fisher_mid_p(events_1, n_1, events_2, n_2)


def larger_p(events_1: int, n_1: int, events_2: int, n_2: int) -> float:
    """Two-sided p against equal shares: the larger of the score test's and Fisher's mid-p.

    Each of the two alone rejects equal shares in up to 5.9 % at a nominal 5 %, summed over all tables of 20 to
    500 patients against 29 to 166; where both must, at most 5.1 %.

    Examples
    --------
    >>> round(larger_p(5, 6, 0, 3), 4), round(larger_p(35, 122, 20, 40), 4)
    (0.0238, 0.0163)
    """
    return max(score_p(events_1, n_1, events_2, n_2), fisher_mid_p(events_1, n_1, events_2, n_2))


def fisher_mid_p(events_1: int, n_1: int, events_2: int, n_2: int) -> float:
    """Two-sided mid-p of Fisher's exact test: tables with these margins less likely, and half of those as likely.

    It is 1 when nobody or everybody has the event.

    Notes
    -----
    Lydersen, Fagerland and Laake 2009 (doi:10.1002/sim.3531). Fisher's own p counts tables as likely in full
    and rejects too rarely.

    Examples
    --------
    >>> round(fisher_mid_p(3, 4, 1, 4), 4)
    0.2571
    """
    if events_1 + events_2 in (0, n_1 + n_2):
        return 1.0
    counts, chances = table_chances(events_1, n_1, events_2, n_2, 0.0)
    if not counts[0] <= events_1 <= counts[-1]:
        return 0.0
    observed = float(chances[int(events_1 - counts[0])])
    less = chances < observed * (1 - EQUALLY_LIKELY)
    alike = ~less & (chances <= observed * (1 + EQUALLY_LIKELY))
    return float(chances[less].sum() + chances[alike].sum() / 2)


def table_chances(events_1: int, n_1: int, events_2: int, n_2: int, log_odds_ratio: float) -> tuple[Floats, Floats]:
    """Return events in group 1 and their chances given both margins, where they are not negligible.

    Notes
    -----
    Noncentral hypergeometric, from the ratios of neighbouring chances, which keep their digits in huge groups.

    Examples
    --------
    >>> counts, chances = table_chances(3, 4, 1, 4, 0.0)
    >>> counts.tolist(), (70 * chances).round(9).tolist()
    ([0.0, 1.0, 2.0, 3.0, 4.0], [1.0, 16.0, 36.0, 16.0, 1.0])
    """
    events = events_1 + events_2
    least, most = max(0, events - n_2), min(events, n_1)
    centre = _likeliest(events, n_1, n_2, log_odds_ratio)
    cells = (centre, n_1 - centre, events - centre, n_2 - events + centre)
    reach = FARTHEST_DEVIATIONS / math.sqrt(sum(1 / max(cell, 1.0) for cell in cells)) + FARTHEST_PATIENTS
    low, high = max(least, math.floor(centre - reach)), min(most, math.ceil(centre + reach))
    counts = np.arange(low, high + 1, dtype=np.float64)
    before = counts[:-1]
    steps = np.log((events - before) / (before + 1)) + np.log((n_1 - before) / (n_2 - events + before + 1))
    logs = np.append(0.0, np.cumsum(steps + log_odds_ratio))
    chances = np.exp(logs - logs.max())
    return counts, chances / chances.sum()


def _likeliest(events: int, n_1: int, n_2: int, log_odds_ratio: float) -> float:
    """Return the events in group 1 at which the odds ratio of the table is this one."""
    ratio = math.exp(log_odds_ratio)
    linear = ratio * (n_1 + events) + n_2 - events
    root = math.sqrt(max(linear**2 - 4 * (ratio - 1) * ratio * n_1 * events, 0.0))
    if linear > 0:
        return min(2 * ratio * n_1 * events / (linear + root), float(min(events, n_1)))
    return (linear - root) / (2 * (ratio - 1))


def two_by_two_test(events_1: int, n_1: int, events_2: int, n_2: int) -> str:
    """Return the name of the test that ``two_by_two_p`` used.

    Examples
    --------
    >>> two_by_two_test(30, 60, 20, 60)
    'from chi-square without correction'
    """
    sparse = is_sparse(events_1, n_1, events_2, n_2)
    return "from Fisher's exact test, mid-p" if sparse else "from chi-square without correction"


def mcnemar_mid_p(first_only: int, second_only: int) -> float:
    """Two-sided mid-p of McNemar's test that the event is as frequent at both occasions; 1 when nobody changed.

    Parameters
    ----------
    first_only, second_only
        Patients with the event at one occasion only.

    Raises
    ------
    ValueError
        If a count is not a whole number.

    Notes
    -----
    Probability of counts further apart plus half that of counts as far apart as those observed: Fagerland,
    Lydersen and Laake 2013 (doi:10.1186/1471-2288-13-91). With equal counts it is a little below 1.

    Examples
    --------
    >>> round(mcnemar_mid_p(1, 7), 4)
    0.0391
    """
    counts = whole_number("first_only", first_only), whole_number("second_only", second_only)
    changed = sum(counts)
    if changed == 0:
        return 1.0
    observed = float(binom.pmf(min(counts), changed, 0.5))
    if counts[0] == counts[1]:
        return 1 - observed / 2
    return 2 * float(binom.cdf(min(counts), changed, 0.5)) - observed


def two_groups(events_1: float, n_1: float, events_2: float, n_2: float) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return events and patients of two groups as whole numbers.

    Raises
    ------
    ValueError
        If a count is not a whole number, or a group has more events than patients.

    Examples
    --------
    >>> two_groups(6, 7.0, 2, 9)
    ((6, 7), (2, 9))
    """
    return part_of_whole("events_1", events_1, "n_1", n_1), part_of_whole("events_2", events_2, "n_2", n_2)
