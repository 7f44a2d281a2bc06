"""Difference between the correlations of two groups of patients."""

from __future__ import annotations

from typing import Literal, get_args

from numpy.typing import ArrayLike

from nmosd_cohort.statistics.correlation.coefficients import pearson, spearman
from nmosd_cohort.statistics.correlation.fisher_z import difference_of_estimates
from nmosd_cohort.statistics.correlation.kendall import kendall_tau_b
from nmosd_cohort.statistics.estimate import Estimate, check_option

CorrelationKind = Literal["pearson", "spearman", "kendall"]


def correlation_difference(
    x_1: ArrayLike,
    y_1: ArrayLike,
    counts_1: ArrayLike | None,
    x_2: ArrayLike,
    y_2: ArrayLike,
    counts_2: ArrayLike | None,
    *,
    kind: CorrelationKind = "spearman",
    conf_level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Correlation of x and y in the first group less that in the second, of different patients.

    Parameters
    ----------
    x_1, y_1, counts_1
        Values of the cells of the first group and the patients in each; None counts every row once.
    x_2, y_2, counts_2
        Those of the second.
    kind
        ``pearson``, ``spearman`` or ``kendall`` (tau-b), each with the limits of its own function.
    conf_level
        Coverage of the limits.
    seed
        Of the bootstrap behind Spearman limits of few patients or heavy ties.

    Returns
    -------
    Estimate
        From -2 to 2. Limits of the difference from those of either correlation; p from both standard errors
        on the scale of Fisher's z, so that near 1 - `conf_level` the two can disagree. NaN limits, with the
        reason in `method`, if one of the correlations has none or is perfect.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing, or the kind is not one of the three.

    See Also
    --------
    nmosd_cohort.statistics.correlation.fisher_z.spearman_difference : The same from published correlations.

    Notes
    -----
    Zou 2007 (doi:10.1037/1082-989X.12.4.399).

    Examples
    --------
    >>> first = [0, 1, 2, 3, 4, 5], [1, 0, 2, 4, 3, 5], [6, 5, 7, 5, 6, 5]
    >>> second = [0, 1, 2, 3, 4, 5], [2, 5, 1, 3, 0, 4], [5, 6, 5, 6, 7, 5]
    >>> gap = correlation_difference(*first, *second)
    >>> round(gap.estimate, 2), round(gap.conf_low, 2), round(gap.conf_high, 2)
    (1.08, 0.71, 1.4)
    """
    check_option("kind", kind, get_args(CorrelationKind))
    first, second = (
        _correlation(x, y, counts, kind, conf_level, seed)
        for x, y, counts in ((x_1, y_1, counts_1), (x_2, y_2, counts_2))
    )
    return difference_of_estimates(first, second, f"difference of {kind} correlations")


def _correlation(
    x: ArrayLike, y: ArrayLike, counts: ArrayLike | None, kind: CorrelationKind, conf_level: float, seed: int
) -> Estimate:
    if kind == "pearson":
        return pearson(x, y, counts, conf_level=conf_level)
    if kind == "kendall":
        return kendall_tau_b(x, y, counts, conf_level=conf_level)
    return spearman(x, y, counts, conf_level=conf_level, seed=seed)
