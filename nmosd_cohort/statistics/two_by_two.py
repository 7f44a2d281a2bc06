"""The test of a two-by-two table: chi-square, or exact where a cell is small."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr
from scipy.stats import fisher_exact

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
