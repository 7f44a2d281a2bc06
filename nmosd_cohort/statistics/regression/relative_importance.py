"""How much of what a model explains each covariate accounts for: general dominance from counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Counts, Floats, as_row, check_option
from nmosd_cohort.statistics.models.cumulative_link import maximise, sort_by_level
from nmosd_cohort.statistics.models.design import Cells, check_column, merged_cells, model_cells, standardise
from nmosd_cohort.statistics.ordinal.cumulative_logit import fit_cumulative_link
from nmosd_cohort.statistics.resampling.bootstrap import bootstrap_cells

Model = Literal["linear", "logistic", "ordinal"]
OfColumns = Callable[[list[int]], float]
# With more covariates there are too many models to fit, one for each subset.
MOST_GROUPS = 10
# A column with less spread than this share of its spread in all patients is constant in a resample.
CONSTANT_SHARE = 1e-9


def relative_importance(
    outcome: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None = None,
    *,
    seed: int,
    model: Model = "linear",
    groups: Mapping[str, Sequence[str]] | None = None,
    n_resamples: int = 1000,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Share of the outcome's variation that each covariate accounts for, averaged over all orders of entry.

    Parameters
    ----------
    outcome
        Numbers, one a row of `design`: any for ``linear``, 0 or 1 for ``logistic``, ordered for ``ordinal``.
    design
        Numeric covariates without an intercept; categories as 0/1 columns that leave out the reference.
    counts
        Patients in each row; None counts every row once.
    seed
        Of the resamples of patients.
    model
        ``linear`` divides R squared; ``logistic`` and ``ordinal`` divide McFadden's, 1 - log-likelihood over
        that without covariates.
    groups
        Name to columns that enter together, such as the 0/1 columns of a category; each column in one group.
        None takes each column by itself. At most 10 groups.
    n_resamples
        Bootstrap samples, each of which fits all subsets of the groups.
    conf_level
        Coverage of the percentile limits.

    Returns
    -------
    pandas.DataFrame
        Columns term (groups in their order, then ``total``), estimate, std_error, conf_low, conf_high, p_value
        (missing: a share cannot be below 0, so that 0 is on the border), n, method. The estimates of the groups
        add up to the total. Limits of a covariate without any effect lie above 0 for the same reason.

    Raises
    ------
    ValueError
        If there are more than 10 groups or none, a column is in no group or in two, the outcome is constant or
        not 0 or 1 where it must be, there are not more patients than parameters, or as the models themselves.

    Notes
    -----
    Lindeman, Merenda and Gold 1980, section 4.10; Budescu 1993 (doi:10.1037/0033-2909.114.3.542); Azen and Traxel
    2009 (doi:10.3102/1076998609332754); Groemping 2006 (doi:10.18637/jss.v017.i01). Describes a fitted model and
    its cohort, not causes.

    Examples
    --------
    >>> design = pd.DataFrame({"pain": [0, 0, 1, 1], "woman": [0, 1, 0, 1]})
    >>> shares = relative_importance([1, 2, 4, 6], design, [9, 9, 9, 9], seed=1, n_resamples=100)
    >>> shares.round(3)[["term", "estimate"]].values.tolist()
    [['pain', 0.831], ['woman', 0.153], ['total', 0.983]]
    """
    check_option("model", model, get_args(Model))
    cells = importance_cells(outcome, design, counts, model)
    positions = term_positions(cells.names, groups)
    measure = r_squared_of if model == "linear" else _mcfadden
    known: dict[bytes, Floats] = {}

    def shares(weights: Counts) -> Floats:
        if weights.tobytes() not in known:
            known[weights.tobytes()] = shares_of_terms(cells, weights, list(positions.values()), measure)
        return known[weights.tobytes()]

    label = f"{'R squared' if model == 'linear' else 'McFadden R squared'} averaged over orders of entry"
    rows = []
    for at, term in enumerate([*positions, "total"]):
        share = bootstrap_cells(
            cells.counts,
            partial(_entry, shares, at),
            seed=seed,
            n_resamples=n_resamples,
            conf_level=conf_level,
            method="percentile",
        )
        rows.append({"term": term, **as_row(replace(share, method=f"{label}; {share.method}"))})
    return pd.DataFrame(rows)


def _entry(shares: Callable[[Counts], Floats], at: int, weights: Counts) -> float:
    return float(shares(weights)[at])


def importance_cells(outcome: ArrayLike, design: pd.DataFrame, counts: ArrayLike | None, model: str) -> Cells:
    """Return the patients by outcome and design, checked as `relative_importance` says.

    Examples
    --------
    >>> importance_cells([1, 2, 4], pd.DataFrame({"pain": [0, 0, 1]}), [9, 9, 9], "linear").n
    27
    """
    cells = model_cells(outcome, design, counts)
    if np.ptp(cells.outcome) == 0:
        raise ValueError(f"the outcome is {cells.outcome[0]:g} in all {cells.n} patients; there is nothing to explain")
    if cells.n < len(cells.names) + 2:
        raise ValueError(f"{cells.n} patients are not more than the parameters of {len(cells.names)} columns")
    if model == "logistic" and not np.isin(cells.outcome, (0, 1)).all():
        raise ValueError("outcome has values other than 0 and 1; code the event as 1 or take model='ordinal'")
    if model != "linear":
        fit_cumulative_link(outcome, design, counts)  # raises where columns separate the outcome
    return merged_cells(cells)


def term_positions(names: tuple[str, ...], groups: Mapping[str, Sequence[str]] | None) -> dict[str, list[int]]:
    """Return the places of the columns of each group, or of each column where there are no groups.

    Examples
    --------
    >>> term_positions(("pain", "age", "sex"), {"pain": ["pain"], "person": ["age", "sex"]})
    {'pain': [0], 'person': [1, 2]}
    """
    members = {name: [name] for name in names} if groups is None else {name: list(of) for name, of in groups.items()}
    if not 0 < len(members) <= MOST_GROUPS:
        raise ValueError(f"there are {len(members)} groups of columns; 1 to {MOST_GROUPS} can be compared")
    positions = {name: [check_column(column, names) for column in columns] for name, columns in members.items()}
    used = [at for columns in positions.values() for at in columns]
    for at, name in enumerate(names):
        if used.count(at) != 1:
            raise ValueError(f"design column {name!r} is in {used.count(at)} groups; it must be in one")
    return positions


def shares_of_terms(
    cells: Cells, weights: Counts, groups: list[list[int]], measure: Callable[[Cells], OfColumns]
) -> Floats:
    """Return the share of each group and their total, NaN where these patients do not give them.

    Examples
    --------
    >>> cells = importance_cells([1, 2, 4], pd.DataFrame({"pain": [0, 0, 1]}), [9, 9, 9], "linear")
    >>> shares_of_terms(cells, cells.counts, [[0]], r_squared_of).round(3).tolist()
    [0.893, 0.893]
    """
    kept = weights > 0
    here = Cells(cells.outcome[kept], cells.design[kept], weights[kept], cells.names)
    spread = np.ptp(cells.design, axis=0) * CONSTANT_SHARE
    if np.ptp(here.outcome) == 0 or (np.ptp(here.design, axis=0) <= spread).any():
        return np.full(len(groups) + 1, np.nan)
    whole, explained = range(len(groups)), measure(here)
    values = {
        members: explained([at for member in members for at in groups[member]]) if members else 0.0
        for size in range(len(groups) + 1)
        for members in combinations(whole, size)
    }
    each = [_average_gain(values, group, len(groups)) for group in whole]
    return np.array([*each, values[tuple(whole)]])


def _average_gain(values: Mapping[tuple[int, ...], float], group: int, n_groups: int) -> float:
    """Return the mean over all orders of entry of what one group adds to those before it."""
    gains = 0.0
    for members, value in values.items():
        if group not in members:
            joined = tuple(sorted((*members, group)))
            before = len(members)
            gains += (values[joined] - value) / math.comb(n_groups - 1, before) / n_groups
    return gains


def r_squared_of(cells: Cells) -> OfColumns:
    """Return a function that gives R squared of the columns at some places of the design.

    Examples
    --------
    >>> cells = importance_cells([1, 2, 4], pd.DataFrame({"pain": [0, 0, 1]}), [9, 9, 9], "linear")
    >>> round(r_squared_of(cells)([0]), 3)
    0.893
    """
    scaled = standardise(np.column_stack([cells.outcome, cells.design]), cells.counts)[0]
    correlations = scaled.T @ (cells.counts[:, None] * scaled) / cells.n

    def of_columns(columns: list[int]) -> float:
        chosen = np.array(columns) + 1
        with_outcome = correlations[chosen, 0]
        return float(with_outcome @ np.linalg.lstsq(correlations[np.ix_(chosen, chosen)], with_outcome, rcond=None)[0])

    return of_columns


def _mcfadden(cells: Cells) -> OfColumns:
    """Return 1 - log-likelihood over that without covariates, NaN where the climb finds no maximum."""
    level = np.unique(cells.outcome, return_inverse=True)[1]
    scaled = standardise(cells.design, cells.counts)[0]
    shares = np.bincount(level, weights=cells.counts) / cells.n
    null = float(cells.n * shares @ np.log(shares))

    def of_columns(columns: list[int]) -> float:
        top = maximise(sort_by_level(level, scaled[:, columns], cells.counts))
        return 1 - top.log_likelihood / null if top.converged else math.nan

    return of_columns
