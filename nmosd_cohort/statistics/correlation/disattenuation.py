"""Correlation of true scores from that of measured ones."""

from __future__ import annotations

import math

from scipy.special import ndtri

from nmosd_cohort.statistics.estimate import Estimate, as_number, not_estimable


def disattenuated_correlation(
    correlation: Estimate, reliability_x: float | Estimate, reliability_y: float | Estimate
) -> Estimate:
    """Correlation that two measurements would have without random error of either.

    Parameters
    ----------
    correlation
        Of the measurements, with its limits.
    reliability_x, reliability_y
        Share of true variance in each, above 0 and no more than 1: a number taken as known, or an estimate
        whose `std_error` is passed on to the limits.

    Returns
    -------
    Estimate
        The correlation over the root of both reliabilities. A result or limit beyond -1 or 1 is kept, and
        `method` says so: the reliabilities are then too low, or the correlation too high by chance. p is that
        of the correlation. Without its limits, or without the standard error of a reliability given as an
        estimate, limits are NaN.

    Raises
    ------
    ValueError
        If the correlation is not an `Estimate`, or a reliability is not a number above 0 and at most 1.

    Notes
    -----
    Spearman 1904 (doi:10.2307/1412159). With known reliabilities the limits are those of the correlation over
    the same root; otherwise the distance to each is widened by the delta-method error of the root, in the way
    of Zou 2007 (doi:10.1037/1082-989X.12.4.399). Correct only if errors of x and y are independent.

    Examples
    --------
    >>> from nmosd_cohort.statistics.correlation.fisher_z import correlation_from_summary
    >>> true = disattenuated_correlation(correlation_from_summary(0.341, 71, kind="pearson"), 0.9, 0.85)
    >>> round(true.estimate, 3), round(true.conf_low, 3), round(true.conf_high, 3)
    (0.39, 0.134, 0.608)
    """
    if not isinstance(correlation, Estimate):
        raise ValueError(f"correlation is {correlation!r}; it must be an Estimate, see `correlation_from_summary`")
    shares, errors = zip(
        *(_reliability(name, given) for name, given in (("x", reliability_x), ("y", reliability_y))), strict=True
    )
    root = math.sqrt(math.prod(shares))
    true, level = correlation.estimate / root, correlation.conf_level
    relative = math.hypot(*(error / share for error, share in zip(errors, shares, strict=True))) / 2
    if math.isnan(correlation.conf_low) or math.isnan(relative):
        reason = correlation.method if math.isnan(correlation.conf_low) else "a reliability has no standard error"
        reason = reason.partition(": ")[2] or reason
        return not_estimable(reason, correlation.n, estimate=true, p_value=correlation.p_value, conf_level=level)
    reach = float(ndtri((1 + level) / 2)) * relative * true
    low = true - math.hypot(true - correlation.conf_low / root, reach)
    high = true + math.hypot(correlation.conf_high / root - true, reach)
    return Estimate(
        true,
        low,
        high,
        correlation.n,
        _method(correlation, shares, relative, max(abs(low), abs(high)), abs(true)),
        std_error=math.hypot(correlation.std_error / root, relative * true),
        p_value=correlation.p_value,
        conf_level=level,
    )


def _reliability(name: str, given: float | Estimate) -> tuple[float, float]:
    """Return a reliability and its standard error."""
    share, error = (given.estimate, given.std_error) if isinstance(given, Estimate) else (given, 0.0)
    if not 0 < as_number(f"reliability_{name}", share) <= 1:
        raise ValueError(f"reliability_{name} is {share}; it must be above 0 and at most 1")
    return share, error


def _method(correlation: Estimate, shares: tuple[float, ...], relative: float, widest: float, true: float) -> str:
    kind = "known" if relative == 0 else "estimated"
    label = f"{correlation.method}, over the root of {kind} reliabilities {shares[0]:.3g} and {shares[1]:.3g}"
    if true > 1:
        return f"{label}; beyond 1: reliabilities too low, or chance"
    return f"{label}; a limit is beyond 1" if widest > 1 else label
