"""Two groups compared on several outcomes of the same patients, with family-wise error under control."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nmosd_cohort.statistics.columns import check_frame, numeric_column
from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    Floats,
    as_values,
    check_conf_level,
    check_option,
    not_estimable,
    patient_counts,
)
from nmosd_cohort.statistics.means.mean import mean_difference
from nmosd_cohort.statistics.ranks.superiority import probability_superiority
from nmosd_cohort.statistics.resampling.allocations import drawn_tables, every_table
from nmosd_cohort.statistics.resampling.permutation import check_draws
from nmosd_cohort.statistics.resampling.seed import check_seed
from nmosd_cohort.statistics.rounding import SAME_WITHIN

Score = Literal["value", "rank"]
COLUMNS = ("estimate", "std_error", "conf_low", "conf_high")


@dataclass(frozen=True, slots=True)
class _Scores:
    """Scores of the cells (0 where not assessed), shape (cells, outcomes), and who was assessed (0 or 1)."""

    values: Floats
    squares: Floats
    seen: Floats


def max_t(
    outcomes: pd.DataFrame,
    group: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    seed: int,
    score: Score = "value",
    n_draws: int = 9999,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Difference between two groups in each of several outcomes, p-values adjusted by step-down max-T.

    Parameters
    ----------
    outcomes
        One column an outcome, one row a patient or a cell of a tally. NaN means not assessed: such patients
        count in the outcomes they have.
    group
        1 for the group, 0 for the reference, one a row.
    counts
        Patients in each row; None counts every row once.
    seed
        Of the allocations that are drawn, for the p-values and for the limits of ranks; unused when all of them
        are listed.
    score
        ``value`` compares means: the estimate is the difference in means with Welch limits. ``rank`` compares
        mean ranks: the estimate is P(group higher) + P(equal) / 2 with the limits of `probability_superiority`.
    n_draws
        Allocations drawn when there are too many different tables to list.
    conf_level
        Coverage of the limits of each outcome alone.

    Returns
    -------
    DataFrame
        One row an outcome in the order given: outcome, estimate, std_error, conf_low, conf_high, statistic
        (Welch's t of the scores), p_value (permutation, two-sided), p_adjusted, n and method. An outcome that
        does not vary, or has fewer than two patients in a group, is not tested and not in the family.

    Raises
    ------
    ValueError
        If `outcomes` is no frame or has no columns, the group holds other values than 0 and 1, lengths differ, an
        outcome holds texts, dates or infinite values, there are 1 000 000 000 patients or more, fewer than 99
        allocations are asked for, or the seed is no whole number of 0 or more.

    Notes
    -----
    Westfall and Young 1993 (Resampling-Based Multiple Testing), step-down. All outcomes of a patient move
    together, so that the correlation among outcomes is used. An allocation that leaves fewer than two assessed
    patients in a group counts as extreme.

    Examples
    --------
    >>> scales = pd.DataFrame({"pain": [1, 2, 2, 3, 6, 7, 7, 8], "sleep": [3, 1, 4, 2, 5, 4, 7, 6]})
    >>> compared = max_t(scales, [0, 0, 0, 0, 1, 1, 1, 1], seed=1)
    >>> compared[["outcome", "estimate", "p_value", "p_adjusted"]].round(3).to_numpy().tolist()
    [['pain', 5.0, 0.029, 0.029], ['sleep', 3.0, 0.057, 0.057]]
    """
    check_option("score", score, get_args(Score))
    level, n_draws, seed = check_conf_level(conf_level), check_draws(n_draws), check_seed(seed)
    matrix, tables = _patients(outcomes, group, counts)
    pooled = tables.sum(axis=0)
    estimates = [_estimate(column, tables, score, level, seed) for column in matrix.T]
    scores = _scores(matrix, pooled, score)
    observed = _welch_t(tables[:1], pooled, scores)[0]
    tested = np.flatnonzero(_is_tested(matrix, tables))
    raw, adjusted = np.full(observed.size, np.nan), np.full(observed.size, np.nan)
    how = "no outcome tested"
    if tested.size:
        kept = _Scores(scores.values[:, tested], scores.squares[:, tested], scores.seen[:, tested])
        raw[tested], adjusted[tested], how = _step_down(observed[tested], tables, kept, n_draws, seed)
    rows = []
    for position, (name, estimate) in enumerate(zip(outcomes.columns, estimates, strict=True)):
        numbers = {column: getattr(estimate, column) for column in COLUMNS}
        is_tested = position in tested
        statistic = float(observed[position]) if is_tested else math.nan
        method = f"{estimate.method}; p by step-down max-T, {how}" if is_tested else estimate.method
        p_values = {"statistic": statistic, "p_value": raw[position], "p_adjusted": adjusted[position]}
        rows.append({"outcome": name, **numbers, **p_values, "n": estimate.n, "method": method})
    return pd.DataFrame(rows)


def _patients(outcomes: pd.DataFrame, group: ArrayLike, counts: ArrayLike | None) -> tuple[Floats, Counts]:
    """Return distinct combinations of outcomes, shape (cells, outcomes), and patients (2, cells), group first."""
    if not check_frame(outcomes, "outcomes").shape[1]:
        raise ValueError("outcomes has no columns; give one column an outcome")
    matrix = np.column_stack([numeric_column(column, name) for name, column in outcomes.items()])
    for name, infinite in zip(outcomes.columns, np.isinf(matrix).sum(axis=0), strict=True):
        if infinite:
            raise ValueError(f"column {name!r} has {infinite} infinite values; remove and count them first")
    member = as_values(group, name="group")
    whole = patient_counts(counts, size=member.size, name="group")
    if member.size != len(matrix):
        raise ValueError(f"group has {member.size} entries but outcomes {len(matrix)} rows; they must match")
    if not np.isin(member, (0.0, 1.0)).all():
        raise ValueError("group must be 1 for the group and 0 for the reference")
    cells, position = np.unique(np.where(np.isnan(matrix), np.inf, matrix), axis=0, return_inverse=True)
    tables = np.zeros((2, len(cells)), dtype=np.int64)
    np.add.at(tables, ((member == 0).astype(np.int64), position.ravel()), whole)
    occupied = tables.sum(axis=0) > 0
    return np.where(np.isinf(cells), np.nan, cells)[occupied], tables[:, occupied]


def _scores(matrix: Floats, pooled: Counts, score: str) -> _Scores:
    seen = ~np.isnan(matrix)
    values = np.zeros(matrix.shape)
    for column in range(matrix.shape[1]):
        rows = seen[:, column]
        own = matrix[rows, column]
        if score == "rank" and own.size:
            levels, position = np.unique(own, return_inverse=True)
            totals = np.bincount(position, weights=pooled[rows], minlength=levels.size)
            own = (np.cumsum(totals) - (totals - 1) / 2)[position]
        values[rows, column] = own - own.mean() if own.size else own
    return _Scores(values, values**2, seen.astype(np.float64))


def _is_tested(matrix: Floats, tables: Counts) -> NDArray[np.bool_]:
    seen = ~np.isnan(matrix)
    enough = (tables @ seen >= 2).all(axis=0)
    varies = np.array([np.unique(column[~np.isnan(column)]).size > 1 for column in matrix.T])
    return enough & varies


def _welch_t(own: Counts, pooled: Counts, scores: _Scores) -> Floats:
    """Return Welch's t of each row of the group's counts and each outcome, infinite where it has no error."""
    moments = [own @ part for part in (scores.seen, scores.values, scores.squares)]
    totals = [pooled @ part for part in (scores.seen, scores.values, scores.squares)]
    variance, means = np.zeros(moments[0].shape), []
    scale = np.maximum(totals[2], 1e-300)
    too_small = (moments[0] < 2) | (totals[0] - moments[0] < 2)
    for n, total, squares in (moments, [whole - part for whole, part in zip(totals, moments, strict=True)]):
        size = np.maximum(n, 2)
        means.append(total / size)
        spread = np.maximum(squares - total**2 / size, 0.0)
        variance += np.where(spread <= SAME_WITHIN * scale, 0.0, spread) / (size - 1) / size
    difference = means[0] - means[1]
    difference = np.where(difference**2 <= SAME_WITHIN**2 * scale, 0.0, difference)
    apart = np.where(difference == 0, 0.0, np.copysign(np.inf, difference))
    t = np.divide(difference, np.sqrt(variance), out=apart, where=variance > 0)
    return np.where(too_small, np.inf, t)


def _step_down(
    observed: Floats, tables: Counts, scores: _Scores, n_draws: int, seed: int
) -> tuple[Floats, Floats, str]:
    """Return unadjusted and adjusted p-values of the outcomes, and how allocations were made."""
    pooled, distance = tables.sum(axis=0), np.abs(observed)
    order = np.argsort(-distance, kind="stable")
    bar = np.where(np.isfinite(distance), distance * (1 - 1e-9), np.inf)
    listed = every_table(tables[None])
    if listed is not None:
        blocks, start, share = iter([listed[0]]), 0.0, listed[1]
        how = f"all {len(share)} tables"
    else:
        blocks, start = drawn_tables(tables[None], n_draws, seed), 1 / (n_draws + 1)
        share = np.full(n_draws, start)
        how = f"{n_draws} allocations, seed {seed}"
    t = np.abs(np.concatenate([_welch_t(block[:, 0, 0], pooled, scores) for block in blocks]))
    raw = start + share @ (t >= bar)
    largest = np.maximum.accumulate(t[:, order[::-1]], axis=1)[:, ::-1]
    steps = start + share @ (largest >= bar[order])
    adjusted = np.empty(observed.size)
    adjusted[order] = np.maximum.accumulate(steps)
    return np.minimum(raw, 1.0), np.minimum(adjusted, 1.0), how


def _estimate(column: Floats, tables: Counts, score: str, level: float, seed: int) -> Estimate:
    """Return the difference of the groups in one outcome, among the assessed."""
    seen = ~np.isnan(column)
    values, (own, other) = column[seen], tables[:, seen]
    n_own, n_other = int(own.sum()), int(other.sum())
    if not n_own or not n_other:
        return not_estimable("a group has no assessed patients", n_own + n_other, conf_level=level)
    if score == "rank":
        return probability_superiority(values, own, values, other, conf_level=level, seed=seed)
    return mean_difference(values, own, values, other, conf_level=level)
