"""p-value of Spearman's correlation: exact or by permutation in small samples, by t in others."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import gammaln

from nmosd_cohort.statistics.correlation.fisher_z import PERFECT, t_p_value
from nmosd_cohort.statistics.estimate import Counts, Floats
from nmosd_cohort.statistics.rounding import TIED_WITHIN

EXACT_PATIENTS = 9  # up to this p is exact without ties, as in R
PERMUTED_PATIENTS = 25  # up to this p is exact or by permutation with ties
MOST_STATES = 1_000_000  # exact p of a tied sample is given up beyond this many states of its recursion
N_PERMUTATIONS = 9_999


def spearman_p(
    estimate: float, x_place: Counts, y_place: Counts, counts: Counts, *, seed: int = 0
) -> tuple[float, str]:
    """Return the two-sided p of no rank correlation and how it was made, empty if by t with n - 2 degrees.

    Parameters
    ----------
    estimate
        Spearman's correlation.
    x_place, y_place
        Shape (m,), position of each cell's value among the distinct values.
    counts
        Shape (m,), patients in each cell.
    seed
        Of the permutations, where they are drawn.

    Notes
    -----
    Permutation of one of the two rankings given the ties; drawn ones count the data as one more, Phipson and
    Smyth 2010 (doi:10.2202/1544-6115.1585). A perfect correlation has as many arrangements as its ties allow.

    Examples
    --------
    >>> spearman_p(0.8, np.arange(4), np.array([1, 0, 2, 3]), np.ones(4, dtype=int))
    (0.3333333333333333, 'exact p')
    """
    n = int(counts.sum())
    totals = [np.bincount(place, counts).astype(np.int64) for place in (x_place, y_place)]
    is_tied = max(int(total.max()) for total in totals) > 1
    if n <= (PERMUTED_PATIENTS if is_tied else EXACT_PATIENTS):
        x_scores, y_scores = (_scores(total) for total in totals)
        observed = float(counts @ (x_scores[x_place] * y_scores[y_place]))
        products = int(np.repeat(x_scores, totals[0]) @ np.repeat(y_scores, totals[1])) + 1
        if float(np.prod(totals[1] + 1.0)) * products <= MOST_STATES:
            return _exact_p(observed, x_scores, totals[0], y_scores, totals[1]), "exact p"
        if float(np.prod(totals[0] + 1.0)) * products <= MOST_STATES:
            return _exact_p(observed, y_scores, totals[1], x_scores, totals[0]), "exact p"
        if abs(estimate) <= 1 - PERFECT:
            rows = [np.repeat(score, total) for score, total in ((x_scores, totals[0]), (y_scores, totals[1]))]
            return _drawn_p(observed, rows[0], rows[1], seed), f"p by {N_PERMUTATIONS} permutations, seed {seed}"
    if abs(estimate) > 1 - PERFECT:
        return _perfect_p(totals[0]), "exact p"
    return t_p_value(estimate, n), ""


def _scores(totals: Counts) -> Counts:
    """Return mid-ranks as the smallest whole numbers in the same proportions, the first 0."""
    doubled = 2 * np.cumsum(totals) - totals
    steps: Counts = doubled - doubled[0]
    return steps // max(int(np.gcd.reduce(steps)), 1)


def _exact_p(observed: float, x_scores: Counts, x_totals: Counts, y_scores: Counts, y_totals: Counts) -> float:
    """Return p from the sums of products of all arrangements, patients taken in the order of x.

    A state is how many patients of each y value have been taken; it holds the chance of every sum so far.
    """
    in_order = np.repeat(x_scores, x_totals)
    largest = int(in_order @ np.repeat(y_scores, y_totals))
    units = np.cumprod(np.append(1, y_totals + 1))
    chances = np.zeros((int(units[-1]), largest + 1))
    chances[0, 0] = 1.0
    for state in range(len(chances) - 1):
        taken = state // units[:-1] % (y_totals + 1)
        left = y_totals - taken
        score, rest = int(in_order[taken.sum()]), int(left.sum())
        for value in np.flatnonzero(left):
            shift = score * int(y_scores[value])
            following = chances[state + units[value]]
            following[shift:] += chances[state, : largest + 1 - shift] * (left[value] / rest)
    expected = float(x_totals @ x_scores) * float(y_totals @ y_scores) / float(x_totals.sum())
    is_as_far = np.abs(np.arange(largest + 1) - expected) >= abs(observed - expected) - TIED_WITHIN * (largest + 1)
    return min(1.0, float(chances[-1][is_as_far].sum()))


def _drawn_p(observed: float, x: Counts, y: Counts, seed: int) -> float:
    rng = np.random.default_rng(seed)
    shuffled: Floats = rng.permuted(np.tile(y.astype(np.float64), (N_PERMUTATIONS, 1)), axis=1)
    centred = x - x.mean()
    expected = float(x.sum()) * float(y.sum()) / x.size
    as_far = np.abs(shuffled @ centred) >= abs(observed - expected) - TIED_WITHIN * (1 + abs(observed))
    return (1 + int(as_far.sum())) / (1 + N_PERMUTATIONS)


def _perfect_p(totals: Counts) -> float:
    """Return the share of arrangements that are perfect: this one, and its reverse if its ties are symmetric."""
    reverse = 2 if bool((totals == totals[::-1]).all()) else 1
    log_arrangements = float(gammaln(totals.sum() + 1) - gammaln(totals + 1.0).sum())
    return min(1.0, reverse * math.exp(-log_arrangements))
