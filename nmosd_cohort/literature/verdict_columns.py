"""The columns of a verdict that need no judgement: what is compared, both sides, and the difference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nmosd_cohort.literature.comparability import margin_of
from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.power import Capability
from nmosd_cohort.literature.scales.difference import Difference, number
from nmosd_cohort.statistics.shares.proportions import proportion


def figure_columns(figure: Figure, gap: Difference | None) -> dict[str, Any]:
    """Return what is compared.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> figure_columns(find_figure("zhang_2022_np_all"), None)["construct"]
    'neuropathic_pain'
    """
    return {
        "figure": figure.id,
        "paper": figure.paper,
        "citation": figure.citation,
        "question": figure.answers.question if figure.answers else "",
        "construct": figure.construct,
        "denominator": figure.denominator,
        "time_frame": figure.time_frame or "",
        "scale": gap.scale if gap else "share" if figure.measure == "proportion" else "",
    }


def side_columns(figure: Figure, local: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of both sides with patients and limits.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> side_columns(find_figure("zhang_2022_np_all"), {"estimate": 0.3, "n": 50})["published_n"]
    122
    """
    n, published = number(local, "n"), published_values(figure)
    return {
        "local_n": None if n is None else int(n),
        "local_estimate": or_nan(number(local, "estimate")),
        "local_low": or_nan(number(local, "conf_low")),
        "local_high": or_nan(number(local, "conf_high")),
        "published_n": figure.numbers.n,
        "published_estimate": published[0],
        "published_low": published[1],
        "published_high": published[2],
    }


def difference_columns(
    figure: Figure, gap: Difference | None, found: Capability | None, p_adjusted: float
) -> dict[str, Any]:
    """Return the difference, its p-values, the margin, and the smallest difference that could have been seen.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> difference_columns(find_figure("zhang_2022_np_all"), None, None, math.nan)["margin"]
    0.1
    """
    return {
        "difference": gap.estimate if gap else math.nan,
        "difference_low": gap.conf_low if gap else math.nan,
        "difference_high": gap.conf_high if gap else math.nan,
        "p_value": gap.p_value if gap else math.nan,
        "p_adjusted": p_adjusted,
        "margin": margin_of(figure),
        "smallest_detectable": found.smallest_detectable if found else math.nan,
    }


def published_values(figure: Figure) -> tuple[float, float, float]:
    """Return the published value and the limits to show: Wilson from the counts, else as printed.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> [round(value, 3) for value in published_values(find_figure("zhang_2022_pain_current"))]
    [0.664, 0.576, 0.742]
    """
    numbers, share = figure.numbers, figure.share
    if share is not None and numbers.events is not None and numbers.n:
        wilson = proportion(numbers.events, numbers.n)
        return wilson.estimate, wilson.conf_low, wilson.conf_high
    scale = 100.0 if figure.measure == "proportion" else 1.0
    estimate = numbers.estimate
    if numbers.baseline is not None and numbers.follow_up is not None and estimate is None:
        before, after = numbers.baseline.mean, numbers.follow_up.mean
        estimate = None if before is None or after is None else after - before
    values = [or_nan(value) / scale for value in (estimate, numbers.conf_low, numbers.conf_high)]
    return values[0], values[1], values[2]


def or_nan(value: float | None) -> float:
    """Return a number, NaN where it is missing.

    Examples
    --------
    >>> or_nan(None), or_nan(2.0)
    (nan, 2.0)
    """
    return math.nan if value is None else value
