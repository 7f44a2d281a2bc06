"""The difference between a registry's estimate and a published figure, on the scale that suits the measure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.scales.correlations import correlation_difference
from nmosd_cohort.literature.scales.difference import Difference, number
from nmosd_cohort.literature.scales.means import (
    change_difference,
    coefficient_difference,
    mean_difference,
    median_difference,
)
from nmosd_cohort.literature.scales.ratios import ratio_difference
from nmosd_cohort.literature.scales.shares import share_difference

METHODS: Mapping[str, Callable[[Figure, Mapping[str, Any]], Difference | str]] = {
    "proportion": share_difference,
    "correlation": correlation_difference,
    "odds_ratio": ratio_difference,
    "hazard_ratio": ratio_difference,
    "rate_ratio": ratio_difference,
    "rate": ratio_difference,
    "mean": mean_difference,
    "median": median_difference,
    "median_change": median_difference,
    "paired_change": change_difference,
    "mean_difference": coefficient_difference,
    "regression_coefficient": coefficient_difference,
}
# Measures without a method, and why.
NO_METHOD: Mapping[str, str] = {
    "between_group_difference": "no question of this registry gives the difference between these two groups",
    "share_range": "a range of shares over several studies is no single figure, so nothing can be subtracted from it",
}


def difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    """Return the local estimate less the published figure, or in words why there is none.

    Parameters
    ----------
    figure
        The published figure.
    local
        One row of a Result's estimates: read are estimate, conf_low, conf_high, n, events, std_error, measure.

    Returns
    -------
    Difference or str
        Shares by Newcombe 1998 where both counts are known, else on the logit scale; correlations by
        Zou 2007 and Fisher z; ratios and rates on the log scale; means by Welch 1947; changes of means with
        the widest standard error over plausible correlations. Medians have none.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> row = {"estimate": 0.5, "n": 60, "events": 30}
    >>> gap = difference(find_figure("zhang_2022_pain_current"), row)
    >>> round(gap.estimate, 3), round(gap.conf_low, 3), round(gap.conf_high, 3)
    (-0.164, -0.309, -0.013)
    """
    if number(local, "estimate") is None:
        return "the question gave no local value"
    if figure.measure in NO_METHOD:
        return NO_METHOD[figure.measure]
    return METHODS[figure.measure](figure, local)
