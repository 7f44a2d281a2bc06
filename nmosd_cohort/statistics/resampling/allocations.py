"""Tables of counts that arise when patients are dealt to groups afresh, or differences change their sign.

A table has the shape (strata, groups, cells): patients of each group in each cell of the tally. Dealing afresh
keeps, within every stratum, the size of each group and the patients in each cell.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np
from scipy.special import gammaln

from nmosd_cohort.statistics.estimate import Counts, Floats
from nmosd_cohort.statistics.rounding import SAME_WITHIN

MOST_LISTED = 20_000  # different tables that are listed in full; beyond that tables are drawn
BLOCK_CELLS = 1_000_000  # cells of tables held in memory at a time
MOST_LISTED_CELLS = 10 * BLOCK_CELLS  # cells of all tables that are listed together
MANY_CELLS = 200  # with more cells than this and few patients in each, patients are drawn one by one
FEW_PATIENTS = 20  # in a cell, on average
PATIENTS_DRAWN = 10**9  # hypergeometric draws need fewer


def sub_table_count(pooled: Counts, size: int) -> float:
    """Return how many different counts arise when `size` patients are chosen from the cells; inf if too many to list.

    Examples
    --------
    >>> sub_table_count(np.array([2, 2]), 2)
    3.0
    >>> sub_table_count(np.ones(2000, dtype=np.int64), 1000)
    inf
    """
    ways, least, most, later = np.ones(1), 0, 0, int(pooled.sum())
    for count in pooled.tolist():
        later -= count
        lowest, highest = max(0, size - later), min(size, most + count)
        if highest - lowest >= MOST_LISTED:  # every number of patients so far ends in at least one table
            return math.inf
        sums = np.concatenate(([0.0], np.cumsum(ways)))
        chosen = np.arange(lowest, highest + 1) - least
        ways = sums[np.clip(chosen + 1, 0, ways.size)] - sums[np.clip(chosen - count, 0, ways.size)]
        least, most = lowest, highest
        if ways.sum() > MOST_LISTED:
            return math.inf
    return float(ways[0])


def sub_tables(pooled: Counts, size: int) -> tuple[Counts, Floats]:
    """Return the different counts that arise when `size` patients are chosen from the cells, and their chances.

    Examples
    --------
    >>> tables, chances = sub_tables(np.array([2, 2]), 2)
    >>> tables.tolist(), (6 * chances).round(9).tolist()
    ([[0, 2], [1, 1], [2, 0]], [1.0, 4.0, 1.0])
    """
    left, steps = np.array([size]), []
    capacity = int(pooled.sum())
    for count in pooled:
        capacity -= int(count)
        least, most = np.maximum(left - capacity, 0), np.minimum(left, count)
        repeats = most - least + 1
        ends = np.cumsum(repeats)
        origin = np.repeat(np.arange(left.size), repeats)
        taken = least[origin] + np.arange(ends[-1]) - (ends - repeats)[origin]
        left = left[origin] - taken
        steps.append((taken, origin))
    rows, place = np.empty((left.size, pooled.size), dtype=np.int64), np.arange(left.size)
    for cell, (taken, origin) in reversed(list(enumerate(steps))):
        rows[:, cell], place = taken[place], origin[place]
    log_chance = _log_choose(pooled, rows).sum(axis=1) - _log_choose(pooled.sum(), np.array(size))
    return rows, np.exp(log_chance)


def every_table(table: Counts) -> tuple[Counts, Floats] | None:
    """Return every table that dealing afresh can give, with its chance, None if there are too many to list.

    Parameters
    ----------
    table
        Shape (strata, groups, cells).

    Returns
    -------
    tuple or None
        Tables of shape (tables, strata, groups, cells) and chances of shape (tables,) that sum to 1.

    Raises
    ------
    ValueError
        If a stratum has 1 000 000 000 patients or more.

    Examples
    --------
    >>> tables, chances = every_table(np.array([[[2, 0], [0, 2]]]))
    >>> tables.shape, float(chances.sum().round(9))
    ((3, 1, 2, 2), 1.0)
    """
    largest = int(table.sum(axis=(1, 2)).max(initial=0))
    if largest >= PATIENTS_DRAWN:
        raise ValueError(f"there are {largest} patients; patients are dealt afresh up to {PATIENTS_DRAWN - 1}")
    n_tables, most = 1.0, min(MOST_LISTED, MOST_LISTED_CELLS / max(table.size, 1))
    for stratum in table:
        for size in stratum[:-1].sum(axis=1):
            n_tables *= sub_table_count(stratum.sum(axis=0), int(size))
            if n_tables > most:
                return None
    tables, chances = np.zeros((1, 0, *table.shape[1:]), dtype=np.int64), np.ones(1)
    for stratum in table:
        own, own_chances = _tables_of_stratum(stratum)
        first, second = np.divmod(np.arange(len(tables) * len(own)), len(own))
        tables = np.concatenate((tables[first], own[second][:, None]), axis=1)
        chances = chances[first] * own_chances[second]
    return tables, chances


def _tables_of_stratum(stratum: Counts) -> tuple[Counts, Floats]:
    """Return every table of one stratum, shape (tables, groups, cells), and its chance."""
    pooled, sizes = stratum.sum(axis=0), stratum.sum(axis=1)
    partial: list[tuple[list[Counts], Counts, float]] = [([], pooled, 1.0)]
    for size in sizes[:-1]:
        longer = []
        for groups, rest, chance in partial:
            rows, chances = sub_tables(rest, int(size))
            longer += [([*groups, row], rest - row, chance * own) for row, own in zip(rows, chances, strict=True)]
        partial = longer
    tables = np.array([[*groups, rest] for groups, rest, _ in partial], dtype=np.int64)
    return tables, np.array([chance for _, _, chance in partial])


def drawn_tables(table: Counts, size: int, seed: int) -> Iterator[Counts]:
    """Yield random tables in blocks of shape (tables, strata, groups, cells), `size` tables in all.

    Examples
    --------
    >>> blocks = list(drawn_tables(np.array([[[5, 1], [2, 4]]]), 10, 1))
    >>> blocks[0].shape, set(blocks[0].sum(axis=3).ravel().tolist())
    ((10, 1, 2, 2), {6})
    """
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK_CELLS // table.size)
    for start in range(0, size, step):
        rows = min(step, size - start)
        yield np.stack([_drawn_stratum(stratum, rows, rng) for stratum in table], axis=1)


def _drawn_stratum(stratum: Counts, rows: int, rng: np.random.Generator) -> Counts:
    pooled, sizes = stratum.sum(axis=0), stratum.sum(axis=1)
    rest = np.repeat(pooled[None], rows, axis=0)
    groups = []
    for position, size in enumerate(sizes[:-1]):
        if position == 0:
            one_by_one = pooled.size > MANY_CELLS and pooled.sum() <= FEW_PATIENTS * pooled.size
            how: Literal["count", "marginals"] = "count" if one_by_one else "marginals"
            taken = rng.multivariate_hypergeometric(pooled, size, size=rows, method=how)
        else:
            taken = chosen_patients(rest, int(size), rng)
        rest = rest - taken
        groups.append(taken)
    return np.stack([*groups, rest], axis=1)


def chosen_patients(rest: Counts, size: int, rng: np.random.Generator) -> Counts:
    """Return `size` patients drawn from each row of counts, cell by cell given those drawn before.

    Examples
    --------
    >>> chosen_patients(np.array([[3, 0], [0, 2]]), 2, np.random.default_rng(1)).tolist()
    [[2, 0], [0, 2]]
    """
    taken, needed, later = np.zeros_like(rest), np.full(len(rest), size), rest.sum(axis=1)
    for cell in range(rest.shape[1]):
        later = later - rest[:, cell]
        taken[:, cell] = rng.hypergeometric(rest[:, cell], later, needed)
        needed = needed - taken[:, cell]
    return taken


def drawn_flips(counts: Counts, size: int, seed: int) -> Iterator[Counts]:
    """Yield random choices of patients whose difference changes sign, in blocks of shape (choices, cells).

    Examples
    --------
    >>> blocks = list(drawn_flips(np.array([5, 1]), 10, 1))
    >>> blocks[0].shape, bool((blocks[0] <= [5, 1]).all())
    ((10, 2), True)
    """
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK_CELLS // counts.size)
    for start in range(0, size, step):
        yield rng.binomial(counts, 0.5, size=(min(step, size - start), counts.size))


def every_flip(counts: Counts) -> tuple[Counts, Floats] | None:
    """Return every way to choose patients whose difference changes sign, with its chance, None if too many.

    Examples
    --------
    >>> flipped, chances = every_flip(np.array([2]))
    >>> flipped.tolist(), chances.round(9).tolist()
    ([[0], [1], [2]], [0.25, 0.5, 0.25])
    """
    if np.log1p(counts).sum() > math.log(MOST_LISTED) + SAME_WITHIN:
        return None
    axes = np.meshgrid(*[np.arange(count + 1) for count in counts], indexing="ij")
    flipped = np.stack([axis.ravel() for axis in axes], axis=1)
    return flipped, np.exp(_log_choose(counts, flipped).sum(axis=1) - counts.sum() * np.log(2.0))


def _log_choose(whole: Counts, part: Counts) -> Floats:
    chance: Floats = gammaln(whole + 1.0) - gammaln(part + 1.0) - gammaln(whole - part + 1.0)
    return chance
