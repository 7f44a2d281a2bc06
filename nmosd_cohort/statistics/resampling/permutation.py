"""Permutation tests through the cells of a tally, with the estimate they belong to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    Floats,
    as_number,
    as_values,
    check_counts,
    check_option,
    not_estimable,
    whole_number,
)
from nmosd_cohort.statistics.resampling.allocations import BLOCK_CELLS, drawn_tables, every_table
from nmosd_cohort.statistics.resampling.progress import tracked
from nmosd_cohort.statistics.resampling.seed import check_seed
from nmosd_cohort.statistics.rounding import SAME_WITHIN

Alternative = Literal["two_sided", "greater", "less"]
FEWEST_DRAWS = 99


def permutation_test(
    table: ArrayLike,
    statistic: Callable[[Counts], Any],
    *,
    seed: int,
    estimate: Estimate | None = None,
    null: float = 0.0,
    alternative: Alternative = "two_sided",
    n_draws: int = 9999,
    vectorized: bool = False,
    progress: bool | None = None,
) -> Estimate:
    """Statistic of a table of groups, with the p-value of dealing the patients to the groups afresh.

    Parameters
    ----------
    table
        Patients in each cell of the tally: shape (groups, cells), or (strata, groups, cells) to deal afresh
        within strata only.
    statistic
        Takes a table of the shape given and returns a number; NaN where the table does not give one. If
        `vectorized`, takes tables with one more axis in front and returns one number a table.
    seed
        Of the allocations that are drawn; unused when all of them are listed.
    estimate
        What the p-value belongs to, handed back with it; None makes an estimate of the statistic itself.
    null
        Value of the statistic when groups do not differ.
    alternative
        ``two_sided`` counts allocations at least as far from `null` as the observed one, on either side;
        ``greater`` and ``less`` those at least as high or as low.
    n_draws
        Allocations drawn when there are too many different tables to list.
    vectorized
        Whether the statistic takes many tables at once, which is much faster.
    progress
        None shows a bar on a terminal when the work lasts longer than two seconds; True at once; False never.

    Returns
    -------
    Estimate
        The estimate handed in, or the statistic without limits, with the permutation p-value. It is exact
        when all tables are listed; else (1 + extreme) / (1 + drawn). An allocation whose statistic has no
        value counts as extreme.

    Raises
    ------
    ValueError
        If the table has another number of axes, a count is not whole, a stratum has 1 000 000 000 patients or more,
        an option is unknown, `estimate` is none, `null` or the seed is no number, or fewer than 99 allocations are
        asked for.

    Notes
    -----
    Phipson and Smyth 2010 (doi:10.2202/1544-6115.1585) for the 1 in both parts of the p-value. The test
    assumes that patients of all groups (of a stratum) are exchangeable when groups do not differ.

    Examples
    --------
    >>> nrs = np.array([0, 3, 5, 8])
    >>> means = lambda tables: (tables @ nrs) / tables.sum(axis=-1)
    >>> difference = lambda tables: means(tables)[..., 0] - means(tables)[..., 1]
    >>> test = permutation_test([[1, 2, 3, 4], [5, 3, 1, 1]], difference, seed=1, vectorized=True)
    >>> round(test.estimate, 1), round(test.p_value, 3), test.method
    (3.1, 0.035, 'permutation of groups, all 140 tables; no limits')
    """
    check_option("alternative", alternative, get_args(Alternative))
    n_draws, seed, null = check_draws(n_draws), check_seed(seed), as_number("null", null)
    if estimate is not None and not isinstance(estimate, Estimate):
        raise ValueError(f"estimate is {estimate!r}; it must be an Estimate, such as mean_difference returns")
    cells = _checked_table(table)
    groups, n = cells.sum(axis=(0, 2)), int(cells.sum())
    level = estimate.conf_level if estimate is not None else 0.95
    if (groups > 0).sum() < 2:
        return not_estimable("fewer than two groups have patients", n, conf_level=level)
    shape = np.asarray(table).shape
    of_tables = _of_tables(statistic, shape, vectorized=vectorized)
    observed = float(of_tables(cells[None])[0])
    if math.isnan(observed):
        return not_estimable("the statistic has no value", n, conf_level=level)
    listed = every_table(cells)
    if listed is not None:
        extreme = _is_extreme(of_tables(listed[0]), observed, null, alternative)
        p_value, how = float(listed[1] @ extreme), f"permutation of groups, all {len(listed[1])} tables"
    else:
        n_blocks = math.ceil(n_draws / max(1, BLOCK_CELLS // cells.size))
        blocks: Iterable[Counts] = drawn_tables(cells, n_draws, seed)
        blocks = tracked(blocks, n_blocks, label="permutation", progress=progress)
        extreme_total = sum(int(_is_extreme(of_tables(b), observed, null, alternative).sum()) for b in blocks)
        p_value, how = (1 + extreme_total) / (1 + n_draws), f"permutation of groups, {n_draws} allocations, seed {seed}"
    p_value = min(p_value, 1.0)
    if estimate is not None:
        return replace(estimate, p_value=p_value, method=f"{estimate.method}; p by {how}")
    return Estimate(observed, math.nan, math.nan, n, f"{how}; no limits", p_value=p_value)


def check_draws(n_draws: int) -> int:
    """Return the number of allocations, which must be whole and not too small.

    Examples
    --------
    >>> check_draws(10)
    Traceback (most recent call last):
    ValueError: n_draws is 10; a permutation test needs at least 99
    """
    whole = whole_number("n_draws", n_draws)
    if whole < FEWEST_DRAWS:
        raise ValueError(f"n_draws is {n_draws}; a permutation test needs at least {FEWEST_DRAWS}")
    return whole


def _checked_table(table: ArrayLike) -> Counts:
    """Return whole counts of shape (strata, groups, cells)."""
    try:
        counts = np.asarray(table, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError("table must hold numbers of patients, one row of equal length a group") from error
    if counts.ndim not in (2, 3):
        raise ValueError(
            f"table has {counts.ndim} dimensions; it must be groups by cells, or strata by groups by cells"
        )
    if not counts.shape[-1]:
        raise ValueError("table has no cells; it must hold patients of each group in at least one cell")
    whole = check_counts(as_values(counts.ravel(), name="table"), size=counts.size, name="table")
    return whole.reshape((-1, *counts.shape[-2:]))


def _of_tables(
    statistic: Callable[[Counts], Any], shape: tuple[int, ...], *, vectorized: bool
) -> Callable[[Counts], Floats]:
    """Return a function of tables with an axis of strata, whatever the statistic takes."""

    def of_tables(tables: Counts) -> Floats:
        given = tables.reshape((len(tables), *shape))
        if not vectorized:
            return np.array([float(statistic(table)) for table in given])
        values = np.asarray(statistic(given), dtype=np.float64)
        if values.shape != (len(tables),):
            raise ValueError(
                f"statistic gave shape {values.shape} for {len(tables)} tables; "
                "with vectorized=True it must give one number a table"
            )
        return values

    return of_tables


def _is_extreme(values: Floats, observed: float, null: float, alternative: str) -> NDArray[np.bool_]:
    slack = SAME_WITHIN * max(abs(observed), abs(null), 1e-300) if math.isfinite(observed) else 0.0
    slack *= 1000  # statistics are sums of many cells, each rounded
    if alternative == "two_sided":
        is_inside = np.abs(values - null) < abs(observed - null) - slack
    elif alternative == "greater":
        is_inside = values < observed - slack
    else:
        is_inside = values > observed + slack
    return ~is_inside
