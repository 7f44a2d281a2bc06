"""Correlations known by value and number of patients: their limits, and differences between them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal, get_args

from scipy.special import betainc

from nmosd_cohort.statistics.estimate import (
    Estimate,
    as_number,
    check_conf_level,
    check_option,
    not_estimable,
    whole_number,
)
from nmosd_cohort.statistics.wald import p_of_t, square_and_add, wald_estimate

Kind = Literal["pearson", "spearman"]
FEWEST_PATIENTS = 4
# A correlation nearer to 1 than this is perfect but for rounding.
PERFECT = 1e-12
PERFECT_REASON = "perfect correlation"


def correlation_from_summary(r: float, n: int, *, kind: Kind, conf_level: float = 0.95) -> Estimate:
    """Give a correlation known only by its value and number of patients its Fisher z limits.

    Parameters
    ----------
    r
        The correlation, from -1 to 1.
    n
        Patients.
    kind
        ``pearson`` has variance 1 / (n - 3) on the z scale, ``spearman`` (1 + r^2 / 2) / (n - 3).
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        The p-value is by t with n - 2 degrees of freedom, which for a Spearman correlation of fewer than ten
        patients is too small; `spearman` has the exact one. A perfect correlation has no limits, and `method`
        says so; p of a perfect Spearman correlation depends on its ties and is NaN.

    Raises
    ------
    ValueError
        If r or n is not a number, r is outside of -1 to 1, n is below four, or `kind` is not one of the two.

    Notes
    -----
    Fisher 1921, Metron; Bonett and Wright 2000 (doi:10.1007/BF02294183).

    Examples
    --------
    >>> published = correlation_from_summary(0.341, 71, kind="pearson")
    >>> round(published.conf_low, 3), round(published.conf_high, 3), round(published.p_value, 4)
    (0.117, 0.532, 0.0036)
    """
    level = check_conf_level(conf_level)
    r, error = _checked_r(r), _z_error(r, n, kind)
    labels = {"pearson": "Pearson, Fisher z limits", "spearman": "Spearman, Bonett-Wright limits"}
    is_rank_perfect = kind == "spearman" and abs(r) > 1 - PERFECT
    p_value = math.nan if is_rank_perfect else t_p_value(r, n)
    return fisher_estimate(r, error, n, labels[kind], level, p_value=p_value)


def spearman_difference(
    r1: float, n1: int, r2: float, n2: int, kind_1: Kind, kind_2: Kind, *, conf_level: float = 0.95
) -> Estimate:
    """Difference r1 - r2 of two correlations in different patients.

    Parameters
    ----------
    r1, n1, kind_1
        First correlation, its patients, and whether it is ``pearson`` or ``spearman``.
    r2, n2, kind_2
        The second.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        On the scale of the correlations, limits from those of either correlation (Zou 2007); the p-value
        is that of the difference of Fisher z values. Two perfect correlations of one sign give NaN limits.

    Raises
    ------
    ValueError
        If a correlation is outside of -1 to 1, n is below four, or a kind is not one of the two.

    Notes
    -----
    Fisher 1921, Metron; Bonett and Wright 2000 (doi:10.1007/BF02294183); Zou 2007
    (doi:10.1037/1082-989X.12.4.399).

    Examples
    --------
    >>> gap = spearman_difference(0.55, 60, 0.341, 71, "spearman", "pearson")
    >>> round(gap.estimate, 3), round(gap.conf_low, 3), round(gap.conf_high, 3), round(gap.p_value, 3)
    (0.209, -0.084, 0.487, 0.159)
    """
    first = correlation_from_summary(r1, n1, kind=kind_1, conf_level=conf_level)
    second = correlation_from_summary(r2, n2, kind=kind_2, conf_level=conf_level)
    return difference_of_estimates(first, second, f"difference of {kind_1} and {kind_2}")


def difference_of_estimates(first: Estimate, second: Estimate, what: str) -> Estimate:
    """Difference of two correlations in different patients, from their estimates, limits and standard errors.

    Parameters
    ----------
    first, second
        Correlations with limits of one confidence level and `std_error` on the plain scale.
    what
        What is subtracted, the beginning of `method`.

    Returns
    -------
    Estimate
        Limits from those of either correlation; p from both standard errors on the scale of Fisher's z. If
        one has no limits or is perfect, the difference has none.

    Notes
    -----
    Zou 2007 (doi:10.1037/1082-989X.12.4.399).

    Examples
    --------
    >>> one, two = Estimate(0.5, 0.3, 0.66, 70, "", std_error=0.09), Estimate(0.2, 0.0, 0.4, 90, "", std_error=0.1)
    >>> gap = difference_of_estimates(one, two, "by hand")
    >>> round(gap.estimate, 2), round(gap.conf_low, 3), round(gap.conf_high, 3)
    (0.3, 0.017, 0.556)
    """
    n, gap, level = first.n + second.n, first.estimate - second.estimate, first.conf_level
    if max(abs(first.estimate), abs(second.estimate)) > 1 - PERFECT:
        return not_estimable("a correlation is perfect", n, conf_level=level, estimate=gap)
    for one in (first, second):
        if math.isnan(one.conf_low):
            return not_estimable(one.method.partition(": ")[2], n, conf_level=level, estimate=gap)
    error = math.hypot(*(one.std_error / (1 - one.estimate**2) for one in (first, second)))
    distance = math.atanh(first.estimate) - math.atanh(second.estimate)
    return Estimate(
        gap,
        *square_and_add(first, second),
        n,
        f"{what}, Zou limits, p-value by Fisher z",
        p_value=p_of_t(distance, error),
        conf_level=level,
    )


def _z_error(r: float, n: int, kind: Kind) -> float:
    check_option("kind", kind, get_args(Kind))
    _checked_r(r)
    if whole_number("n", n) < FEWEST_PATIENTS:
        raise ValueError(f"n is {n}; limits of a correlation need {FEWEST_PATIENTS} patients or more")
    return math.sqrt((1 + r**2 / 2 if kind == "spearman" else 1) / (n - 3))


def _checked_r(r: float) -> float:
    if not -1 <= as_number("r", r) <= 1:
        raise ValueError(f"a correlation of {r} is not possible; it must lie between -1 and 1")
    return float(r)


def fisher_estimate(
    r: float, z_error: float, n: int, method: str, conf_level: float, *, p_value: float | None = None
) -> Estimate:
    """Correlation with limits from its standard error on the z scale; a perfect one has none.

    Examples
    --------
    >>> fisher_estimate(0.5, 0.2, 28, "by hand", 0.95).conf_high < 1
    True
    """
    if abs(r) > 1 - PERFECT:
        p_value = math.nan if p_value is None else p_value
        return not_estimable(PERFECT_REASON, n, estimate=r, p_value=p_value, conf_level=conf_level)
    found = wald_estimate(math.atanh(r), z_error, n, method, conf_level=conf_level, scale="fisher_z")
    return replace(found, estimate=r, p_value=found.p_value if p_value is None else p_value)


def t_p_value(r: float, n: int) -> float:
    """Return the two-sided p-value of no correlation by t with n - 2 degrees of freedom.

    Examples
    --------
    >>> round(t_p_value(0.8, 5), 3)
    0.104
    """
    return float(betainc(n / 2 - 1, 0.5, 1 - r**2))
