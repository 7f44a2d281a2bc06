"""Estimates of several imputations pooled by Rubin's rules."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit
from scipy.stats import t

from nmosd_cohort.statistics.estimate import (
    Estimate,
    Floats,
    as_number,
    as_values,
    check_conf_level,
    check_option,
    not_estimable,
)
from nmosd_cohort.statistics.rounding import SAME_WITHIN
from nmosd_cohort.statistics.shares.proportions import wilson_limits
from nmosd_cohort.statistics.wald import Scale, p_of_t, wald_estimate

BOUNDLESS = 1e100  # standard errors whose square may be no number
NO_SHARE = 1e-100  # a part of the variance that is none, below which its square is no number
# Between which values an estimate has a place on a scale, and which of them is no effect, both on the plain scale.
RANGES: dict[Scale, tuple[float, float]] = {"log": (0.0, math.inf), "logit": (0.0, 1.0), "fisher_z": (-1.0, 1.0)}
NO_EFFECT: dict[Scale, float] = {"plain": 0.0, "log": 1.0, "fisher_z": 0.0}


@dataclass(frozen=True, slots=True)
class PooledImputations:
    """One estimate from several imputations.

    Parameters
    ----------
    estimate
        On the plain scale, with limits by t, for shares those of Wilson.
    within
        Mean of the variances of the imputations, on the scale of pooling.
    between
        Variance of the estimates of the imputations.
    total
        within + (1 + 1 / m) between.
    freedom
        Degrees of freedom of t.
    relative_increase
        Rise of the variance for what is missing, (1 + 1 / m) between / within.
    fraction_missing
        Share of the information about the estimate that is missing.
    m
        Imputations.
    """

    estimate: Estimate
    within: float
    between: float
    total: float
    freedom: float
    relative_increase: float
    fraction_missing: float
    m: int


def pool_imputations(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    n: int,
    complete_freedom: float = math.inf,
    scale: Scale = "plain",
    null: float | None = None,
    conf_level: float = 0.95,
) -> PooledImputations:
    """Estimate pooled over imputations, whose limits reflect what is missing.

    Parameters
    ----------
    estimates, variances
        One a imputation, both on the scale named by `scale`: for an odds ratio its logarithm and the squared
        error of that.
    n
        Patients.
    complete_freedom
        Degrees of freedom that the analysis of complete data has; infinite for a large sample.
    scale
        Where estimates are pooled and limits symmetric; the estimate is handed back on the plain scale.
    null
        Value that p is about, always on the plain scale: an odds ratio of 1, not its logarithm. None takes the value
        without effect: 0, with ``log`` 1, with ``logit`` none, so that there is no p. ``math.nan`` tests nothing.
    conf_level
        Coverage of the limits.

    Returns
    -------
    PooledImputations
        Its estimate is not estimable without any variance.

    Raises
    ------
    ValueError
        If there are fewer than two imputations, lengths differ, a variance is negative, the degrees of freedom
        are not above 0, or the null value is no number or has no place on the scale.

    Notes
    -----
    Rubin 1987 (Multiple Imputation for Nonresponse in Surveys, doi:10.1002/9780470316696); degrees of freedom
    Barnard and Rubin 1999 (doi:10.1093/biomet/86.4.948).

    Examples
    --------
    >>> pooled = pool_imputations([2.0, 2.4, 2.2], [0.16, 0.16, 0.16], n=60, complete_freedom=58)
    >>> round(pooled.estimate.estimate, 2), round(pooled.total, 3), round(pooled.freedom, 1)
    (2.2, 0.213, 18.2)
    """
    level = check_conf_level(conf_level)
    check_option("scale", scale, get_args(Scale))
    points, errors = as_values(estimates, name="estimates"), as_values(variances, name="variances")
    m = points.size
    if m < 2:
        raise ValueError(f"there are {m} estimates; pooling needs those of at least two imputations")
    if errors.size != m:
        raise ValueError(f"there are {m} estimates but {errors.size} variances; there must be one for each")
    if (errors < 0).any():
        raise ValueError(f"variances: {int((errors < 0).sum())} are negative")
    complete_freedom, tested = _checked_freedom(complete_freedom), null_value(null, scale)
    point, within, between = float(points.mean()), float(errors.mean()), float(points.var(ddof=1))
    total = within + (1 + 1 / m) * between
    if total == 0:
        return _without_variance(point, n, m, level, scale)
    freedom = _freedom(m, (1 + 1 / m) * between / total, complete_freedom)
    increase = (1 + 1 / m) * between / within if within > 0 else math.inf
    fraction = (increase + 2 / (freedom + 3)) / (increase + 1) if within > 0 else 1.0
    method = f"pooled over {m} imputations by Rubin's rules, t with Barnard-Rubin df {freedom:.4g}"
    there = None if math.isnan(tested) else float(_on_scale(np.array([tested]), scale)[0][0])
    estimate = wald_estimate(
        point, math.sqrt(total), n, method, conf_level=level, freedom=freedom, scale=scale, null=there
    )
    return PooledImputations(estimate, within, between, total, freedom, increase, min(fraction, 1.0), m)


def pool_estimates(
    estimates: Iterable[Estimate],
    *,
    complete_freedom: float = math.inf,
    scale: Scale = "plain",
    null: float | None = None,
) -> PooledImputations:
    """Estimates of the imputations, each with its standard error, pooled on the scale named.

    Parameters
    ----------
    estimates
        One a imputation, all on the plain scale, of the same confidence level. Estimates whose `events` over `n`
        are the estimate, such as those of `proportion`, are shares; without a scale they get Wilson limits.
    complete_freedom
        As in `pool_imputations`.
    null
        As in `pool_imputations`. For a share with Wilson limits p is that of the value the limits would end at;
        0 and 1, which no sample of both kinds can have, make no p-value.
    scale
        Where they are pooled: ``plain`` (default), ``log`` for ratios, ``fisher_z`` for correlations, ``logit``
        for shares without `events`. Errors are taken there by the delta method.

    Returns
    -------
    PooledImputations
        `n` is the smallest of the estimates; the method of the first one is named.

    Raises
    ------
    ValueError
        As `pool_imputations`, or if something is no Estimate (a model returns several: pick one), confidence levels
        differ, or an estimate or its standard error is missing, or has no place on the scale.

    Notes
    -----
    Wilson limits of a share p from several imputations: Lott and Reiter 2020 (doi:10.1080/00031305.2018.1473796).
    With q the mean of the shares, U that of q (1 - q) / n, B their variance and r = (1 + 1 / m) B / U they solve
    (q - p)^2 = t^2 (1 + r) p (1 - p) / n, t with the degrees of freedom of Barnard and Rubin. Without anything
    missing they are those of Wilson; no or only events give limits as well.

    Examples
    --------
    >>> shares = [Estimate(share, 0, 1, 80, "share", std_error=0.05) for share in (0.30, 0.34, 0.32)]
    >>> pooled = pool_estimates(shares, scale="logit").estimate
    >>> round(pooled.estimate, 3), round(pooled.conf_low, 3), round(pooled.conf_high, 3)
    (0.32, 0.221, 0.438)
    >>> from nmosd_cohort.statistics.shares.proportions import proportion
    >>> pooled = pool_estimates([proportion(events, 80) for events in (0, 1, 0)]).estimate
    >>> round(pooled.estimate, 4), round(pooled.conf_low, 4), round(pooled.conf_high, 4)
    (0.0042, 0.0001, 0.156)
    """
    check_option("scale", scale, get_args(Scale))
    estimates = _checked_estimates(estimates)
    if scale == "plain" and are_shares(estimates):
        return _pooled_shares(estimates, _checked_freedom(complete_freedom), null_value(null, scale))
    plain = np.array([one.estimate for one in estimates])
    errors = np.array([one.std_error for one in estimates])
    bad = int((~np.isfinite(plain) | ~np.isfinite(errors)).sum())
    if bad:
        raise ValueError(f"{bad} of {plain.size} imputations have no estimate with a standard error; see their method")
    points, slopes = _on_scale(plain, scale)
    pooled = pool_imputations(
        points,
        (errors * slopes) ** 2,
        n=min(one.n for one in estimates),
        complete_freedom=complete_freedom,
        scale=scale,
        null=null,
        conf_level=estimates[0].conf_level,
    )
    method = f"{estimates[0].method}; {pooled.estimate.method}"
    return replace(pooled, estimate=replace(pooled.estimate, method=method))


def null_value(null: float | None, scale: Scale) -> float:
    """Return the value that p is about on the plain scale, that without effect for None; NaN if there is none.

    Examples
    --------
    >>> null_value(None, "log"), null_value(4, "plain"), null_value(None, "logit")
    (1.0, 4.0, nan)
    """
    if null is None:
        return NO_EFFECT.get(scale, math.nan)
    if isinstance(null, float) and math.isnan(null):
        return math.nan
    number = as_number("null", null)
    if math.isinf(number):
        raise ValueError(f"null is {null}; it must be finite")
    low, high = RANGES.get(scale, (-math.inf, math.inf))
    if not low < number < high:
        needed = f"between {low:g} and {high:g}" if high < math.inf else f"above {low:g}, such as 1 for a ratio"
        raise ValueError(f"null is {null}; it is on the plain scale, where scale={scale!r} needs a value {needed}")
    return number


def are_shares(estimates: Iterable[Estimate]) -> bool:
    """Return whether all estimates are their events over n.

    Examples
    --------
    >>> are_shares([Estimate(0.6, 0.5, 0.7, 90, "share", events=54)]), are_shares([Estimate(4.1, 3, 5, 90, "mean")])
    (True, False)
    """
    return all(_is_share(one) for one in estimates)


def _checked_freedom(complete_freedom: float) -> float:
    freedom = as_number("complete_freedom", complete_freedom)
    if freedom <= 0:
        raise ValueError(f"complete_freedom is {complete_freedom}; it must be above 0")
    return freedom


def _checked_estimates(estimates: Iterable[Estimate]) -> list[Estimate]:
    estimates = list(estimates) if isinstance(estimates, Iterable) else [estimates]
    dicts = [one for one in estimates if isinstance(one, Mapping)]
    if dicts:
        column = next(iter(dicts[0]), "edss")
        raise ValueError(f"estimates holds dicts; pick a column, for example [found[{column!r}] for found in ...]")
    if not all(isinstance(one, Estimate) for one in estimates):
        raise ValueError("estimates must be a list with one Estimate an imputation, such as mean returns")
    if len(estimates) < 2:
        raise ValueError(f"there are {len(estimates)} estimates; pooling needs those of at least two imputations")
    levels = sorted({one.conf_level for one in estimates})
    if len(levels) > 1:
        raise ValueError(f"the estimates have conf_level {' and '.join(map(str, levels))}; they must have the same")
    return estimates


def _is_share(one: Estimate) -> bool:
    return bool(one.events is not None and one.n > 0 and abs(one.estimate - one.events / one.n) <= SAME_WITHIN)


def _pooled_shares(estimates: Sequence[Estimate], complete_freedom: float, null: float) -> PooledImputations:
    """Return a share pooled over imputations with Wilson limits, defined for 0 and all events too."""
    shares, sizes = np.array([one.estimate for one in estimates]), np.array([one.n for one in estimates])
    m, n, level = shares.size, int(sizes.min()), estimates[0].conf_level
    share, between = float(shares.mean()), float(shares.var(ddof=1))
    within = float((shares * (1 - shares) / sizes).mean())
    total = within + (1 + 1 / m) * between
    share_between = (1 + 1 / m) * between / total if total > 0 else 0.0
    freedom = _freedom(m, share_between, complete_freedom)
    increase = share_between / (1 - share_between) if within > 0 or total == 0 else math.inf
    low, high = _wilson(share, n, float(t.ppf((1 + level) / 2, freedom)) * math.sqrt(1 + increase))
    p_value = math.nan
    if 0 < null < 1:
        p_value = p_of_t(share - null, math.sqrt((1 + increase) * null * (1 - null) / n), freedom)
    fraction = (increase + 2 / (freedom + 3)) / (increase + 1) if math.isfinite(increase) else 1.0
    method = (
        f"{estimates[0].method}; pooled over {m} imputations by Rubin's rules, Wilson limits by Lott and Reiter, "
        f"t with Barnard-Rubin df {freedom:.4g}"
    )
    error = math.sqrt(total)
    estimate = Estimate(share, low, high, n, method, std_error=error, p_value=p_value, conf_level=level)
    return PooledImputations(estimate, within, between, total, freedom, increase, min(fraction, 1.0), m)


def _wilson(share: float, n: int, z: float) -> tuple[float, float]:
    """Return Wilson limits of a share of which events need not be whole; a boundless z leaves all possible."""
    if z > BOUNDLESS:
        return 0.0, 1.0
    low, high = wilson_limits(share * n, n, z)
    return 0.0 if share == 0 else max(low, 0.0), 1.0 if share == 1 else min(high, 1.0)


def _on_scale(plain: Floats, scale: Scale) -> tuple[Floats, Floats]:
    """Return estimates on the scale of pooling and the derivative of the scale."""
    low, high = RANGES.get(scale, (-math.inf, math.inf))
    outside = int(((plain <= low) | (plain >= high)).sum())
    if outside:
        raise ValueError(
            f"{outside} of {plain.size} estimates are not between {low:g} and {high:g}, as the scale {scale} needs; "
            "pool on the plain scale"
        )
    if scale == "log":
        return np.log(plain), 1 / plain
    if scale == "logit":
        return np.asarray(logit(plain)), 1 / (plain * (1 - plain))
    return (np.arctanh(plain), 1 / (1 - plain**2)) if scale == "fisher_z" else (plain, np.ones(plain.size))


def _freedom(m: int, share_between: float, complete_freedom: float) -> float:
    """Return Barnard and Rubin's degrees of freedom; `share_between` is the between part of the total variance."""
    old = (m - 1) / share_between**2 if share_between > NO_SHARE else math.inf
    if math.isinf(complete_freedom):
        return old
    observed = (complete_freedom + 1) / (complete_freedom + 3) * complete_freedom * (1 - share_between)
    if math.isinf(old) or observed == 0:
        return observed if observed > 0 else old
    return old * observed / (old + observed)


def _without_variance(point: float, n: int, m: int, level: float, scale: Scale) -> PooledImputations:
    plain = wald_estimate(point, 0.0, n, "", scale=scale).estimate
    estimate = not_estimable("no imputation has a variance", n, estimate=plain, conf_level=level)
    return PooledImputations(estimate, 0.0, 0.0, 0.0, math.nan, math.nan, math.nan, m)
