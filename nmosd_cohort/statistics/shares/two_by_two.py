"""Tests of a two-by-two table: chi-square, exact where a cell is small, and McNemar for pairs."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr
from scipy.stats import binom, fisher_exact

from nmosd_cohort.statistics.estimate import part_of_whole, whole_number

FEWEST_EXPECTED = 5


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
    """Two-sided p against equal shares in two groups: the score test, or Fisher's exact test where ``is_sparse``.

    Examples
    --------
    >>> round(two_by_two_p(5, 6, 0, 3), 4)
    0.0476
    """
    if not is_sparse(events_1, n_1, events_2, n_2):
        return score_p(events_1, n_1, events_2, n_2)
    return float(fisher_exact(np.array([[events_1, n_1 - events_1], [events_2, n_2 - events_2]])).pvalue)


def two_by_two_test(events_1: int, n_1: int, events_2: int, n_2: int) -> str:
    """Return the name of the test that ``two_by_two_p`` used.

    Examples
    --------
    >>> two_by_two_test(30, 60, 20, 60)
    'from chi-square without correction'
    """
    sparse = is_sparse(events_1, n_1, events_2, n_2)
    return "from Fisher's exact test" if sparse else "from chi-square without correction"


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
