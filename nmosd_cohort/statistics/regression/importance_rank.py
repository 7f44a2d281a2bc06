"""Place of one covariate among the others by relative importance, and how sure that place is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Counts, Estimate, check_conf_level, not_estimable
from nmosd_cohort.statistics.regression.relative_importance import (
    importance_cells,
    r_squared_of,
    shares_of_terms,
    term_positions,
)
from nmosd_cohort.statistics.resampling.bootstrap import check_resamples, resample, usable_replicates
from nmosd_cohort.statistics.resampling.seed import check_seed


def importance_rank(
    outcome: ArrayLike,
    design: pd.DataFrame,
    counts: ArrayLike | None,
    term: str,
    *,
    seed: int,
    groups: Mapping[str, Sequence[str]] | None = None,
    among: Sequence[str] | None = None,
    n_resamples: int = 1000,
    conf_level: float = 0.95,
) -> dict[str, Estimate]:
    """Rank of one term by its share of R squared, 1 the largest, and the bootstrap probability that it is first.

    Parameters
    ----------
    outcome, design, counts, seed, groups, n_resamples, conf_level
        As in `relative_importance`, linear model.
    term
        Group, or column where there are no groups, whose place is wanted.
    among
        Terms that are ranked; None ranks all. All are in the model.

    Returns
    -------
    dict
        ``rank`` with percentile limits of the resampled ranks, and ``probability_first``, the share of resamples
        in which the term has the largest share, with its Monte Carlo error and without limits. Equal shares get
        the worse rank. Without limits, with the reason in `method`, if half of the resamples give no value.

    Raises
    ------
    ValueError
        As `relative_importance`, or if ``term`` is not among the ranked terms.

    Notes
    -----
    Shares: Groemping 2006 (doi:10.18637/jss.v017.i01). The probability is that of a resample of these patients, not
    a probability that the term matters most in others.

    Examples
    --------
    >>> design = pd.DataFrame({"pain": [0, 0, 1, 1], "woman": [0, 1, 0, 1]})
    >>> place = importance_rank([1, 2, 4, 6], design, [9, 9, 9, 9], "pain", seed=1, n_resamples=100)
    >>> place["rank"].estimate, place["probability_first"].estimate
    (1.0, 1.0)
    """
    level, n_resamples, seed = check_conf_level(conf_level), check_resamples(n_resamples), check_seed(seed)
    cells = importance_cells(outcome, design, counts, "linear")
    positions = term_positions(cells.names, groups)
    ranked = list(positions) if among is None else list(among)
    if term not in ranked or not set(ranked) <= set(positions):
        raise ValueError(f"term is {term!r} among {', '.join(ranked)}; terms of the model are {', '.join(positions)}")
    places = [list(positions).index(name) for name in ranked]

    def rank(weights: Counts) -> float:
        shares = shares_of_terms(cells, weights, list(positions.values()), r_squared_of)[places]
        own = shares[ranked.index(term)]
        return float((shares >= own).sum()) if np.isfinite(shares).all() else math.nan

    n, observed = cells.n, rank(cells.counts)
    replicates = np.array([rank(row) for row in resample(cells.counts, n_resamples, np.random.default_rng(seed))])
    usable, reason = usable_replicates(replicates)
    if usable.size <= n_resamples / 2:
        return dict.fromkeys(("rank", "probability_first"), not_estimable(reason, n, conf_level=level))
    label = f"rank of the share of R squared among {len(ranked)}, bootstrap of patients, {n_resamples} resamples"
    label += f", seed {seed}"
    low, high = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2], method="nearest")
    first = float((usable == 1).mean())
    error = math.sqrt(first * (1 - first) / usable.size)
    place = Estimate(observed, float(low), float(high), n, label, std_error=float(usable.std(ddof=1)), conf_level=level)
    chance = Estimate(
        first, math.nan, math.nan, n, f"share of resamples, no limits: {label}", std_error=error, conf_level=level
    )
    return {"rank": place, "probability_first": chance}
