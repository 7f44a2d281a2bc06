"""Differences of correlations, by Fisher's z with the error that suits each kind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.scales.difference import (
    CONFIDENCE,
    EQUIVALENCE,
    Z975,
    Difference,
    number,
)
from nmosd_cohort.statistics.correlation.fisher_z import (
    Kind,
    correlation_from_summary,
    difference_of_estimates,
    fisher_estimate,
)
from nmosd_cohort.statistics.estimate import Estimate

FEWEST_PATIENTS = 4
Correlation = tuple[float, int, Kind]


def correlation_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    """Return local less published correlation, or why there is none.

    A local row with a standard error is taken with that, for example one that was reweighted.

    Notes
    -----
    Bonett and Wright 2000 (doi:10.1007/BF02294183); Zou 2007 (doi:10.1037/1082-989X.12.4.399).

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> figure = find_figure("chavarro_2016_r_np_depression")
    >>> gap = correlation_difference(figure, {"estimate": 0.55, "n": 60, "measure": "spearman"})
    >>> round(gap.estimate, 3), round(gap.p_value, 3)
    (0.209, 0.159)
    """
    published, here = published_correlation(figure), local_correlation(local)
    if isinstance(published, str):
        return published
    if isinstance(here, str):
        return here
    wide, narrow = (
        difference_of_estimates(
            _with_limits(here, local, level),
            correlation_from_summary(published[0], published[1], kind=published[2], conf_level=level),
            "local less published",
        )
        for level in (CONFIDENCE, EQUIVALENCE)
    )
    return Difference(
        "correlation",
        wide.estimate,
        wide.conf_low,
        wide.conf_high,
        narrow.conf_low,
        narrow.conf_high,
        wide.p_value,
        (wide.conf_high - wide.conf_low) / (2 * Z975),
    )


def published_correlation(figure: Figure) -> Correlation | str:
    """Return a published correlation, its patients and its kind, or why it cannot be used.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> published_correlation(find_figure("chavarro_2016_r_np_depression"))
    (0.341, 71, 'pearson')
    """
    numbers = figure.numbers
    if numbers.estimate is None or not numbers.n:
        return "the published correlation or its n was not seen"
    if abs(numbers.estimate) >= 1 or numbers.n < FEWEST_PATIENTS:
        return f"the published correlation is perfect or of fewer than {FEWEST_PATIENTS} patients"
    return numbers.estimate, numbers.n, "spearman" if "Spearman" in (numbers.unit or "") else "pearson"


def local_correlation(local: Mapping[str, Any]) -> Correlation | str:
    """Return the local correlation, its patients and its kind, or why it cannot be used.

    Examples
    --------
    >>> local_correlation({"estimate": 0.2, "n": 40, "measure": "spearman"})
    (0.2, 40, 'spearman')
    """
    estimate, n = number(local, "estimate"), number(local, "n")
    if estimate is None or n is None or abs(estimate) >= 1 or n < FEWEST_PATIENTS:
        return f"the local correlation does not lie between -1 and 1, or is of fewer than {FEWEST_PATIENTS} patients"
    return estimate, int(n), "spearman" if "spearman" in str(local.get("measure")) else "pearson"


def _with_limits(here: Correlation, local: Mapping[str, Any], level: float) -> Estimate:
    error, (r, n, kind) = number(local, "std_error"), here
    if error is None or error <= 0:
        return correlation_from_summary(r, n, kind=kind, conf_level=level)
    return fisher_estimate(r, error / (1 - r**2), n, "own standard error", level)


def z_error(r: float, n: int, kind: Kind) -> float:
    """Return the standard error of Fisher's z of a correlation of so many patients.

    Examples
    --------
    >>> round(z_error(0.55, 60, "spearman"), 4)
    0.1421
    """
    return math.sqrt((1 + r**2 / 2 if kind == "spearman" else 1.0) / (n - 3))
