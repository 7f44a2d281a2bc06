"""Kruskal-Wallis test of several groups, its effect, and P(higher) for every pair of groups."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import chdtrc

from nmosd_cohort.statistics.estimate import (
    Estimate,
    Floats,
    as_row,
    as_values,
    check_aligned,
    check_conf_level,
    check_counts,
    not_estimable,
)
from nmosd_cohort.statistics.means.noncentral import f_noncentrality
from nmosd_cohort.statistics.multiplicity import holm
from nmosd_cohort.statistics.ranks.placements import N_PERMUTATIONS
from nmosd_cohort.statistics.ranks.superiority import probability_superiority
from nmosd_cohort.statistics.resampling.allocations import chosen_patients
from nmosd_cohort.statistics.rounding import TIED_WITHIN

SMALL_GROUP = 5  # below this chi-squared is not near enough to the null distribution of H
PAIR_COLUMNS = [
    *("group", "reference", "estimate", "std_error", "conf_low", "conf_high"),
    *("p_value", "p_holm", "n", "method"),
]


@dataclass(frozen=True, slots=True, eq=False)
class KruskalWallis:
    """Kruskal-Wallis test with its effect and all pairs of groups.

    Parameters
    ----------
    statistic, freedom
        H corrected for ties, and its degrees of freedom: groups less one.
    p_value
        Against equal distributions in all groups.
    method
        How p was made, or why there is none.
    effect
        Share of the variance of ranks that lies between the groups, 0 to 1.
    pairs
        One row a pair: group, reference, estimate = P(group higher than reference), std_error, conf_low,
        conf_high, p_value, p_holm, n, method.
    """

    statistic: float
    freedom: int
    p_value: float
    method: str
    effect: Estimate
    pairs: pd.DataFrame


def kruskal_wallis(
    values: ArrayLike,
    groups: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    conf_level: float = 0.95,
    seed: int = 0,
) -> KruskalWallis:
    """Test that groups have one distribution, with the share of rank variance between them.

    Parameters
    ----------
    values, groups
        Value and group of each cell, of the same length. Groups are taken in sorted order, categories in
        theirs; groups without patients are left out.
    counts
        Patients in each cell; None counts every row once.
    conf_level
        Coverage of the limits, each by itself and not of all pairs together.
    seed
        Of the permutations drawn when a group is small.

    Returns
    -------
    KruskalWallis
        p by chi-squared, or from 9999 permutations if a group has fewer than five patients. p of each pair is
        that of Brunner and Munzel, as such and adjusted by Holm for the number of pairs.

    Raises
    ------
    ValueError
        If lengths differ, a value or group is missing, or fewer than two groups have patients.

    Notes
    -----
    Kruskal and Wallis 1952 (doi:10.1080/01621459.1952.10483441); Holm 1979.

    The effect is (H - k + 1) / (n - k) for k groups of n patients: H / (n - 1), the share in this sample, less
    what chance adds to it. Below 0 it is set to 0. Its limits are those of the noncentral F of the ranks: in
    simulations of an 11- to 20-level scale they covered the truth in 92 to 96 %, those of the bootstrap in 0
    to 94 %. As a share cannot be negative the lower limit rises from 0 only when p is below about
    (1 - `conf_level`) / 2.

    Examples
    --------
    >>> test = kruskal_wallis([0, 3, 6] * 3, ["a"] * 3 + ["b"] * 3 + ["c"] * 3, [9, 4, 2, 5, 6, 4, 2, 5, 8])
    >>> round(test.statistic, 3), test.freedom, round(test.p_value, 4), round(test.effect.estimate, 3)
    (8.327, 2, 0.0156, 0.151)
    >>> test.pairs["p_holm"].round(3).tolist()
    [0.299, 0.017, 0.299]
    """
    level = check_conf_level(conf_level)
    labels, levels, cells = group_cells(values, groups, counts)
    if len(labels) < 2:
        raise ValueError(f"groups: {len(labels)} have patients; a comparison needs two or more")
    n, freedom = int(cells.sum()), len(labels) - 1
    pairs = _pairs(labels, levels, cells, level, seed)
    if np.count_nonzero(cells.sum(axis=0)) == 1:
        effect = not_estimable("all values equal", n, estimate=0.0, p_value=1.0, conf_level=level)
        return KruskalWallis(0.0, freedom, 1.0, "Kruskal-Wallis, all values equal", effect, pairs)
    statistic = (n - 1) * float(rank_share(cells))
    label, p_value = "Kruskal-Wallis, chi-squared with tie correction", float(chdtrc(freedom, statistic))
    if cells.sum(axis=1).min() < SMALL_GROUP:
        label = f"Kruskal-Wallis, {N_PERMUTATIONS} permutations, seed {seed}"
        p_value = _permuted_p(cells, seed)
    return KruskalWallis(statistic, freedom, p_value, label, _effect(statistic, cells, p_value, level), pairs)


def group_cells(
    values: ArrayLike, groups: ArrayLike, counts: ArrayLike | None = None
) -> tuple[list[object], Floats, Floats]:
    """Return groups that have patients, the distinct values, and the patients of each group at each value.

    Examples
    --------
    >>> labels, levels, cells = group_cells([1, 4, 4], ["b", "a", "b"], [2, 3, 1])
    >>> labels, levels.tolist(), cells.tolist()
    (['a', 'b'], [1.0, 4.0], [[0.0, 3.0], [2.0, 1.0]])
    """
    check_aligned(values=values, groups=groups, counts=counts)
    numbers = as_values(values)
    names = pd.Series(groups).reset_index(drop=True)
    if len(names) != numbers.size:
        raise ValueError(f"values has {numbers.size} entries but groups {len(names)}; they must match")
    if names.isna().any():
        raise ValueError(f"groups has {int(names.isna().sum())} missing entries; remove and count them first")
    whole = np.ones(numbers.size, dtype=np.int64) if counts is None else check_counts(counts, size=numbers.size)
    kept = whole > 0
    try:
        group, labels = pd.factorize(names[kept], sort=True)
    except TypeError as error:
        raise ValueError("groups cannot be told apart; labels must be strings, numbers or categories") from error
    levels, place = np.unique(numbers[kept], return_inverse=True)
    cells = np.zeros((len(labels), levels.size))
    np.add.at(cells, (group, place), whole[kept])
    return list(labels), levels, cells


def rank_share(cells: Floats) -> Floats:
    """Return the share of the variance of mid-ranks between groups, shape (..., groups, levels) to (...).

    Examples
    --------
    >>> float(rank_share(np.array([[5.0, 0.0], [0.0, 5.0]])))
    1.0
    """
    totals = cells.sum(-2)
    ranks = np.cumsum(totals, axis=-1) - totals / 2
    ranks = ranks - totals.sum(-1, keepdims=True) / 2
    sums = (cells * ranks[..., None, :]).sum(-1)
    share: Floats = (sums**2 / cells.sum(-1)).sum(-1) / (totals * ranks**2).sum(-1)
    return share


def _effect(statistic: float, cells: Floats, p_value: float, level: float) -> Estimate:
    n, k = int(cells.sum()), len(cells)
    within = n - 1 - statistic
    share = (statistic - k + 1) / (n - k) if n > k else math.nan
    if n == k or within <= TIED_WITHIN * n:
        reason = "no spread of ranks within groups"
        return not_estimable(reason, n, estimate=share, p_value=p_value, conf_level=level)
    low, high = f_noncentrality(statistic / (k - 1) / (within / (n - k)), (k - 1, n - k), level)
    if math.isnan(low) or math.isnan(high):
        reason = "next to no spread of ranks within groups"
        return not_estimable(reason, n, estimate=share, p_value=p_value, conf_level=level)
    if high == 0:
        reason = "groups more alike than chance would make them"
        return not_estimable(reason, n, estimate=0.0, p_value=p_value, conf_level=level)
    label = "share of rank variance between groups, noncentral F limits"
    label += ", negative estimate set to 0" if share < 0 else ""
    return Estimate(max(share, 0.0), low / (low + n), high / (high + n), n, label, p_value=p_value, conf_level=level)


def _permuted_p(cells: Floats, seed: int) -> float:
    """Return the share of random regroupings of the patients whose groups lie as far apart as these."""
    rng = np.random.default_rng(seed)
    left = np.repeat(cells.sum(axis=0)[None, :].astype(np.int64), N_PERMUTATIONS, axis=0)
    drawn = np.empty((N_PERMUTATIONS, *cells.shape))
    for group, size in enumerate(cells.sum(axis=1).astype(int)[:-1]):
        chosen = chosen_patients(left, int(size), rng)
        drawn[:, group] = chosen
        left = left - chosen
    drawn[:, -1] = left
    as_extreme = int((rank_share(drawn) >= float(rank_share(cells)) - TIED_WITHIN).sum())
    return (as_extreme + 1) / (N_PERMUTATIONS + 1)


def _pairs(labels: list[object], levels: Floats, cells: Floats, level: float, seed: int) -> pd.DataFrame:
    rows = []
    for one, two in combinations(range(len(labels)), 2):
        found = probability_superiority(levels, cells[one], levels, cells[two], conf_level=level, seed=seed)
        rows.append({"group": labels[one], "reference": labels[two], **as_row(found)})
    pairs = pd.DataFrame(rows)
    pairs["p_holm"] = holm(pairs["p_value"])
    return pairs[PAIR_COLUMNS]
