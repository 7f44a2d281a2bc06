"""Signed-rank test of change, its pseudo-median, and limits that are exact in small samples, tied or not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    Floats,
    as_counts,
    as_pairs,
    check_conf_level,
    check_option,
    not_estimable,
)
from nmosd_cohort.statistics.ranks.median_and_shift import quantile
from nmosd_cohort.statistics.ranks.rank_inversion import exact_limits, inverted_limits, standardised
from nmosd_cohort.statistics.rounding import SAME_WITHIN, grouped

Zeros = Literal["pratt", "drop"]
MOST_LEVELS = 3000  # distinct changes, whose 4.5 million pairs take some seconds and most of a gigabyte
EXACT_PAIRS = 50  # below this, as in R, the null distribution of the signed-rank sum is computed


@dataclass(frozen=True, slots=True)
class SignedRanks:
    """Signed ranks of the changes of patients, and what they say.

    Parameters
    ----------
    shift
        Pseudo-median of the changes with limits and the p-value of the signed-rank test.
    rank_biserial
        Positive less negative rank sum over both, -1 when everybody fell and 1 when everybody rose; NaN when
        nobody changed.
    positive_sum, negative_sum
        Sums of the ranks of patients who rose and who fell.
    n_changed, n_unchanged
        Patients who changed and who did not.

    Examples
    --------
    >>> wilcoxon_signed_rank([5, 6, 4], [3, 7, 3]).negative_sum
    4.5
    """

    shift: Estimate
    rank_biserial: float
    positive_sum: float
    negative_sum: float
    n_changed: int
    n_unchanged: int


def wilcoxon_signed_rank(
    before: ArrayLike,
    after: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    zeros: Zeros = "pratt",
    conf_level: float = 0.95,
) -> SignedRanks:
    """Signed-rank test of after minus before in the same patients, with the pseudo-median of the change.

    Parameters
    ----------
    before, after, counts
        Scores of the same patients, and patients with each pair; None counts every pair once.
    zeros, conf_level
        As in `pseudo_median`.

    Returns
    -------
    SignedRanks
        Estimate, limits and p are those of `pseudo_median`.

    Notes
    -----
    Wilcoxon 1945 (doi:10.2307/3001968); Pratt 1959 (doi:10.1080/01621459.1959.10501526).

    Examples
    --------
    >>> test = wilcoxon_signed_rank([5, 6, 4, 7, 8, 3, 6, 9], [3, 6, 3, 4, 2, 4, 5, 5])
    >>> test.shift.p_value, test.n_changed, test.n_unchanged
    (0.0625, 7, 1)
    """
    first, second, totals = as_pairs(before, after, counts)
    levels, patients = _distinct_changes(second - first, totals, float(np.abs([first, second]).max(initial=0.0)))
    shift = pseudo_median(levels, patients, zeros=zeros, conf_level=conf_level)
    is_zero = levels == 0
    if zeros == "drop":
        ranked = _signed_ranks(levels[~is_zero], patients[~is_zero], 0.0)
    else:
        ranked = _signed_ranks(levels, patients, 0.0)
    above, below = ranked.positive / 2, (ranked.total - ranked.positive) / 2
    balance = (above - below) / (above + below) if ranked.total else math.nan
    return SignedRanks(shift, balance, above, below, int(patients[~is_zero].sum()), int(patients[is_zero].sum()))


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Doubled midranks of the distances from a shift, patients with each, and their sum above it and in all."""

    ranks: Counts
    patients: Counts
    positive: int
    total: int


def pseudo_median(
    differences: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    zeros: Zeros = "pratt",
    conf_level: float = 0.95,
) -> Estimate:
    """Median of the means of all pairs of differences (pseudo-median), in points of the scale.

    Parameters
    ----------
    differences, counts
        Change of each patient, and patients with each change; None counts every change once. At most 3000
        distinct changes, since each is averaged with each. Those that differ by rounding only are one.
    zeros
        ``pratt`` ranks unchanged patients and leaves them out of the rank sums; ``drop`` leaves them out
        altogether, so that the estimate describes the changed ones only (the default of R).
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Limits are the shifts that the signed-rank test does not reject: with its exact distribution, given
        ties and zeros, for fewer than 50 patients, otherwise normal with tie and continuity correction. p is that
        of the same test at shift 0. On a coarse scale the shifts that are not rejected can begin just beside 0
        while 0 itself is rejected: the limit is then 0, and `method` ends in "0 itself rejected". Limits are
        NaN, with the reason in `method`, when there are too few patients or all changed by the same amount.

    Raises
    ------
    ValueError
        If there are more than 3000 distinct changes, or as `estimate.as_counts`.

    Notes
    -----
    Hodges and Lehmann 1963 (doi:10.1214/aoms/1177704172); Pratt 1959 (doi:10.1080/01621459.1959.10501526);
    Hollander, Wolfe and Chicken 2014 (doi:10.1002/9781119196037), section 3.3. Given ties the sign of each patient
    is still a fair coin, so the sum of midranks has an exact distribution; at a shift that equals a change, those
    patients are ranked and left out of the sums, as Pratt treats zeros.

    Examples
    --------
    >>> change = pseudo_median([-4, -3, -2, -1, 0, 1], [2, 4, 6, 4, 3, 1])
    >>> change.estimate, change.conf_low, change.conf_high
    (-2.0, -2.5, -1.0)
    """
    check_option("zeros", zeros, get_args(Zeros))
    level = check_conf_level(conf_level)
    levels, totals = as_counts(differences, counts, name="differences")
    levels, totals = _distinct_changes(levels, totals, float(np.abs(levels).max(initial=0.0)))
    n_zero = int(totals[levels == 0].sum())
    note = f", {n_zero} unchanged patients {'dropped' if zeros == 'drop' else 'ranked'}" if n_zero else ""
    if zeros == "drop":
        levels, totals = levels[levels != 0], totals[levels != 0]
    n = int(totals.sum())
    if n == 0:
        return not_estimable(f"no patients{note}", 0, conf_level=level)
    if levels.size > MOST_LEVELS:
        raise ValueError(
            f"differences has {levels.size} distinct values, of which at most {MOST_LEVELS} can be averaged in pairs; "
            "round them to the unit of the scale"
        )
    averages, weights, position = _walsh_averages(levels, totals)
    centre = quantile(averages, weights, 0.5)
    n_sizes = grouped(np.abs(levels), float(np.abs(levels).max()))[0].size
    if n < EXACT_PAIRS and n == n_sizes and levels.all():
        label = "signed-rank inversion, exact"
        low, high, p_value = exact_limits(averages, weights, signed_rank_null(n), level)
    elif n < EXACT_PAIRS:
        label = "signed-rank inversion, exact given the ties"
        low, high, p_value = _exact_tied_limits(levels, totals, averages, centre, level)
    else:
        label = "signed-rank inversion, normal with tie and continuity correction"
        z_at, z_between = _signed_rank_z(weights, position, totals)
        low, high, p_value = inverted_limits(averages, z_at, z_between, centre, level)
    reason = "every patient changed by the same amount" if levels.size == 1 and n > 1 else ""
    if not reason and (math.isinf(low) or math.isinf(high)):
        reason = f"too few patients (n = {n})"
    if reason:
        return not_estimable(reason + note, n, estimate=centre, p_value=p_value, conf_level=level)
    label += ", 0 itself rejected" if low * high == 0 and p_value <= 1 - level else ""
    return Estimate(centre, low, high, n, label + note, p_value=p_value, conf_level=level)


def signed_rank_null(n: int) -> Floats:
    """Return the probability of each signed-rank sum from 0 to n (n + 1) / 2 when nothing changes or ties.

    Notes
    -----
    Wilcoxon 1945 (doi:10.2307/3001968): every patient's sign is a fair coin.

    Examples
    --------
    >>> (8 * signed_rank_null(3)).tolist()
    [1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0]
    """
    null = np.ones(1)
    for rank in range(1, n + 1):
        null = (np.append(null, np.zeros(rank)) + np.append(np.zeros(rank), null)) / 2
    return null


def tied_rank_null(ranks: Counts, patients: Counts) -> Floats:
    """Return the probability of each sum of whole-number ranks of risers, from 0 to the sum of all.

    Parameters
    ----------
    ranks
        Distinct ranks, doubled so that midranks are whole.
    patients
        Patients with each rank, each rising or falling with probability one half.

    Examples
    --------
    >>> (4 * tied_rank_null(np.array([3]), np.array([2]))).tolist()
    [1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 1.0]
    """
    null = np.ones(1)
    for rank, count in zip(ranks.tolist(), patients.tolist(), strict=True):
        longer = np.zeros(null.size + rank * count)
        for risers in range(count + 1):
            chance = math.comb(count, risers) / 2**count
            longer[rank * risers : rank * risers + null.size] += chance * null
        null = longer
    return null


def _distinct_changes(changes: Floats, totals: Counts, scale: float) -> tuple[Floats, Counts]:
    """Return the distinct changes in rising order with their patients; what differs by rounding of the scale is one."""
    if changes.size == 0:
        return changes, totals
    is_zero = np.abs(changes) <= SAME_WITHIN * scale
    levels, position = grouped(np.where(is_zero, 0.0, changes), scale)
    return levels, np.bincount(position, weights=totals).astype(np.int64)


def _signed_ranks(levels: Floats, totals: Counts, shift: float) -> _Ranked:
    """Return the doubled midranks of the distances from a shift; patients on it are ranked and left out."""
    scale = max(float(np.abs(levels).max(initial=0.0)), abs(shift))
    distances, position = grouped(np.abs(levels - shift), scale) if levels.size else (levels, np.zeros(0, np.intp))
    patients = np.bincount(position, weights=totals, minlength=distances.size).astype(np.int64)
    ranks = 2 * (np.cumsum(patients) - patients) + patients + 1
    is_off = distances > SAME_WITHIN * scale
    own = ranks[position] * totals
    positive = int(own[(levels > shift) & is_off[position]].sum())
    return _Ranked(ranks[is_off], patients[is_off], positive, int((ranks * patients)[is_off].sum()))


def _exact_p(levels: Floats, totals: Counts, shift: float) -> float:
    """Return the two-sided exact p of the signed-rank test that changes are symmetric about a shift."""
    ranked = _signed_ranks(levels, totals, shift)
    step = int(np.gcd.reduce(ranked.ranks)) if ranked.ranks.size else 1
    null = tied_rank_null(ranked.ranks // step, ranked.patients)
    sums = step * np.arange(null.size)
    is_as_far = np.abs(2 * sums - ranked.total) >= abs(2 * ranked.positive - ranked.total)
    return min(1.0, float(null[is_as_far].sum()))


def _exact_tied_limits(
    levels: Floats, totals: Counts, candidates: Floats, centre: float, level: float
) -> tuple[float, float, float]:
    """Return the outermost shifts that the exact test does not reject, and its p at shift 0."""
    low = _outermost(levels, totals, candidates, level)
    high = -_outermost(-levels[::-1], totals[::-1], -candidates[::-1], level)
    return min(low, centre), max(high, centre), _exact_p(levels, totals, 0.0)


def _outermost(levels: Floats, totals: Counts, candidates: Floats, level: float) -> float:
    """Return the lowest shift that is not rejected, walking up through the gaps and candidates."""
    edges = np.concatenate(([-math.inf], candidates))
    below = np.concatenate((candidates[:1] - 1.0, (candidates[:-1] + candidates[1:]) / 2))
    shifts = np.column_stack((below, candidates)).ravel()
    limits = np.column_stack((edges[:-1], candidates)).ravel()
    kept = (limit for shift, limit in zip(shifts, limits, strict=True) if _exact_p(levels, totals, shift) > 1 - level)
    return float(next(kept, math.inf))


def _walsh_averages(levels: Floats, totals: Counts) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return the distinct averages of two differences, the pairs with each, and the place of each pair.

    Pairs of levels come in the order of `numpy.triu_indices`; a patient is also paired with itself.
    """
    first, second = np.triu_indices(levels.size)
    scale = float(np.abs(levels).max())
    averages, position = grouped((levels[first] + levels[second]) / 2, scale)
    averages = np.where(np.abs(averages) <= SAME_WITHIN * scale, 0.0, averages)
    n = totals.astype(np.float64)
    pairs = np.where(first == second, n[first] * (n[first] + 1) / 2, n[first] * n[second])
    return averages, np.bincount(position, weights=pairs).astype(np.float64), position


def _signed_rank_z(weights: Floats, position: NDArray[np.intp], totals: Counts) -> tuple[Floats, Floats]:
    """Return the absolute signed-rank z at each distinct average and in the gaps around them.

    The positive less the negative rank sum is the pairs averaging above the shift less those below; its
    variance is the sum of squared ranks of the patients who differ from the shift.
    """
    counts = totals.astype(np.float64)
    first, second = np.triu_indices(counts.size)
    one, two = counts[first], counts[second]
    n, all_pairs = counts.sum(), weights.sum()
    squares = n * (n + 1) * (2 * n + 1) / 6 - (counts**3 - counts).sum() / 12
    lost = np.where(first == second, one * (one + 1) ** 2 / 4, one * two * (one + two) / 4)
    spread_at = np.sqrt(np.maximum(squares - np.bincount(position, weights=lost), 0.0))
    through = np.cumsum(weights)
    balance_at, balance_between = all_pairs + weights - 2 * through, all_pairs - 2 * np.append(0.0, through)
    return (
        standardised(np.abs(balance_at) - 1, spread_at),
        standardised(np.abs(balance_between) - 1, np.full(through.size + 1, math.sqrt(squares))),
    )
