"""Summaries of an ordered score by group, and contrasts between groups, from a tally."""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from nmosd_cohort.questions.parts import estimate_row, group_counts, transform
from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.means.mean import mean
from nmosd_cohort.statistics.means.standardised_difference import hedges_g
from nmosd_cohort.statistics.ranks.kruskal_wallis import kruskal_wallis
from nmosd_cohort.statistics.ranks.median_and_shift import hodges_lehmann_shift, median, quantile
from nmosd_cohort.statistics.ranks.superiority import probability_superiority

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def group_summary(
    tally: pd.DataFrame,
    group: str,
    levels: Sequence[str],
    value: str,
    labels: dict[str, Any],
    *,
    factor: float = 1.0,
    conf_level: float = 0.95,
) -> list[dict[str, Any]]:
    """Return median with limits, quartiles and mean of each group that has patients.

    Parameters
    ----------
    tally
        Holds ``group``, ``value`` and n.
    levels
        Groups in the order of the rows.
    labels
        Columns that all rows share.
    factor
        From the unit of ``value`` to the unit of the rows, 0.5 for twice the EDSS.
    """
    rows = []
    for level in levels:
        values, counts = group_counts(tally, group, level, value)
        if counts.sum():
            rows += summary_rows(values * factor, counts, labels | {"level": level}, conf_level=conf_level)
    return rows


def summary_rows(
    values: np.ndarray, counts: np.ndarray, labels: dict[str, Any], *, conf_level: float = 0.95
) -> list[dict[str, Any]]:
    """Return median with limits, quartiles, and mean with its standard error, of one counted sample."""
    n = int(counts.sum())
    labels = {"role": "description", "unit": "points"} | labels
    rows = [estimate_row(median(values, counts, conf_level=conf_level), measure="median", **labels)]
    for measure, probability in (("quartile_1", 0.25), ("quartile_3", 0.75)):
        point = Estimate(quantile(values, counts, probability), math.nan, math.nan, n, "quantile of type 7")
        rows.append(estimate_row(point, measure=measure, **labels))
    return [
        *rows,
        estimate_row(mean(values, counts, conf_level=conf_level), measure="mean", **(labels | {"role": "comparison"})),
    ]


def overall_rows(
    tally: pd.DataFrame,
    group: str,
    value: str,
    labels: dict[str, Any],
    *,
    conf_level: float = 0.95,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Return the share of rank variance between all groups with the Kruskal-Wallis p, if two groups have patients."""
    known = tally[tally[group].notna() & tally[value].notna() & (tally["n"] > 0)]
    if known[group].nunique() < 2:
        return []
    values, counts = known[value].to_numpy(dtype=float), known["n"].to_numpy(dtype=np.int64)
    test = kruskal_wallis(values, known[group].astype(str).to_numpy(), counts, conf_level=conf_level, seed=seed)
    row = estimate_row(test.effect, measure="rank_variance_share", role="secondary", unit="share", **labels)
    return [row | {"level": "", "method": f"{test.effect.method}; p {test.method}"}]


def standardised_rows(
    tally: pd.DataFrame,
    group: str,
    levels: Sequence[str],
    value: str,
    labels: dict[str, Any],
    *,
    conf_level: float = 0.95,
) -> list[dict[str, Any]]:
    """Return Hedges' g of each pair of groups that both have patients, for comparison with papers."""
    rows = []
    for level, reference in combinations(levels, 2):
        pair = (*group_counts(tally, group, level, value), *group_counts(tally, group, reference, value))
        if pair[1].sum() and pair[3].sum():
            split = labels | {"role": "comparison", "level": level, "reference": reference}
            gap = hedges_g(*pair, conf_level=conf_level)
            rows.append(estimate_row(gap, measure="hedges_g", unit="standard deviations", **split))
    return rows


def pairwise_contrasts(
    tally: pd.DataFrame,
    group: str,
    levels: Sequence[str],
    value: str,
    labels: dict[str, Any],
    *,
    factor: float = 1.0,
    conf_level: float = 0.95,
    seed: int = 0,
    primary: tuple[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Return P(higher) and the Hodges-Lehmann shift of each pair of groups that both have patients.

    The first named group of a pair is the level, the second the reference. ``primary`` is the pair whose
    rows are primary; without it the pair of the first and the last level.
    """
    primary = primary or (levels[0], levels[-1])
    rows = []
    for level, reference in combinations(levels, 2):
        x, x_counts = group_counts(tally, group, level, value)
        y, y_counts = group_counts(tally, group, reference, value)
        if not (x_counts.sum() and y_counts.sum()):
            continue
        role = "primary" if (level, reference) == primary else "secondary"
        split = labels | {"role": role, "level": level, "reference": reference}
        higher = probability_superiority(x, x_counts, y, y_counts, conf_level=conf_level, seed=seed)
        shift = transform(hodges_lehmann_shift(x, x_counts, y, y_counts, conf_level=conf_level), factor)
        rows.append(estimate_row(higher, measure="probability_superiority", unit="probability", **split))
        rows.append(estimate_row(shift, measure="hodges_lehmann_shift", unit="points", **split))
    return rows
