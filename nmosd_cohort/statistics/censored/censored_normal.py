"""Differences in means, or ratios of geometric means, of values with limits of detection."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import t

from nmosd_cohort.statistics.censored.tobit import ABOVE, BELOW, SEEN, CensoredValues, TobitFit, fit_tobit
from nmosd_cohort.statistics.estimate import (
    Estimate,
    as_values,
    check_conf_level,
    check_option,
    not_estimable,
    patient_counts,
)
from nmosd_cohort.statistics.models.design import check_estimable, numeric_design, with_intercept

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

CensoredScale = Literal["log", "plain"]
METHOD = "censored normal regression by maximum likelihood, profile limits"
MOST_WIDENINGS = 60
# A standard error of so many residual SDs per SD of a column: the likelihood is flat there and rises for ever.
FLAT = 50.0
BEYOND = "a group lies wholly beyond its limits, so that the likelihood rises for ever"


def censored_normal(
    values: ArrayLike,
    design: pd.DataFrame,
    censoring: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    scale: CensoredScale = "log",
    columns: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> dict[str, Estimate]:
    """Ratio of geometric means per unit of each covariate, some values known only to lie beyond a limit.

    Parameters
    ----------
    values
        Measured values, and the limit itself where a value lies beyond it, one a row of `design`.
    design
        Numeric covariates without an intercept; categories as 0/1 columns that leave out the reference. A frame
        without columns gives the geometric mean alone.
    censoring
        0: measured; -1: the true value lies below the limit; 1: above it. Each row may have a limit of its own.
    counts
        Patients in each row; None counts every row once.
    scale
        ``log``: the logarithm is normal, estimates are ratios of geometric means and, as ``intercept``, the
        geometric mean where all columns are 0. ``plain``: the values are normal, estimates are differences.
    columns
        Terms to estimate, for example ["pain"]; None takes the intercept and all.
    conf_level
        Coverage of the limits.

    Returns
    -------
    dict
        Term to Estimate. `n` are all patients, `events` those with a measured value. Limits from the profile
        likelihood, with the quantile that makes them those of t where nothing is censored; p from the same
        deviance. With fewer measured values than parameters plus 1, or where a group lies wholly beyond its
        limits, so that the likelihood rises for ever: NaN, and `method` says so.

    Raises
    ------
    ValueError
        If lengths differ, `censoring` has another value, values are not above 0 on the log scale, a column is
        constant or collinear, or a term is not there.

    Notes
    -----
    Tobin 1958 (doi:10.2307/1907382); Olsen 1978, Econometrica 46:1211. As ``survreg(dist = "gaussian")`` of R.
    Replacing a value below the limit by half the limit biases means and limits; this does not, if the
    logarithms are about normal also where they cannot be seen.

    Examples
    --------
    >>> import pandas as pd
    >>> pain = pd.DataFrame({"pain": [0, 0, 0, 0, 1, 1, 1, 1]})
    >>> ratio = censored_normal([2, 2, 4, 5, 4, 6, 9, 7], pain, [-1, -1, 0, 0, 0, 0, 0, 0])["pain"]
    >>> ratio.n, ratio.events, round(ratio.estimate, 2)
    (8, 6, 2.4)
    """
    level, kind = check_conf_level(conf_level), check_option("scale", scale, get_args(CensoredScale))
    censored, names = _censored(values, design, censoring, counts, kind)
    wanted = list(names) if columns is None else [check_option("columns", name, names) for name in columns]
    fit, reason = _fit(censored)
    if fit is None:
        n, seen = int(censored.counts.sum()), _seen(censored)
        return {name: not_estimable(reason, n, conf_level=level, events=seen) for name in wanted}
    return {name: _estimate(censored, fit, names.index(name), kind, level) for name in wanted}


def _censored(
    values: ArrayLike, design: pd.DataFrame, censoring: ArrayLike, counts: ArrayLike | None, scale: str
) -> tuple[CensoredValues, tuple[str, ...]]:
    measured, kind = as_values(values), as_values(censoring, name="censoring")
    matrix, names = numeric_design(design), tuple(map(str, design.columns))
    if not measured.size == kind.size == len(matrix):
        raise ValueError(f"values, censoring and design have {measured.size}, {kind.size} and {len(matrix)} rows")
    if not np.isin(kind, (BELOW, SEEN, ABOVE)).all():
        raise ValueError("censoring must be -1 (below the limit), 0 (measured) or 1 (above the limit)")
    if scale == "log" and measured.size and measured.min() <= 0:
        raise ValueError(f"values must be above 0 on the log scale; the smallest is {measured.min():g}")
    patients = patient_counts(counts, size=measured.size)
    used = patients > 0
    if used.any() and names:
        check_estimable(matrix[used], names)
    outcome = np.log(measured[used]) if scale == "log" else measured[used]
    rows = with_intercept(matrix[used])
    return CensoredValues(outcome, kind[used].astype(np.int64), rows, patients[used].astype(float)), (
        "intercept",
        *names,
    )


def _seen(censored: CensoredValues) -> int:
    return int(censored.counts[censored.kind == SEEN].sum())


def _fit(censored: CensoredValues) -> tuple[TobitFit | None, str]:
    seen, parameters = _seen(censored), censored.design.shape[1] + 1
    if seen < parameters:
        return None, f"{seen} values were measured, fewer than the {parameters} parameters"
    if np.unique(censored.values).size == 1:
        return None, "all values are equal"
    fit = fit_tobit(censored)
    if fit is None or fit.deviation < 1e-6:
        return None, "the likelihood has no maximum: the measured values lie on the fitted means"
    return fit, ""


def _estimate(censored: CensoredValues, fit: TobitFit, at: int, scale: str, level: float) -> Estimate:
    n = float(censored.counts.sum())
    freedom = max(1.0, n - censored.design.shape[1])
    quantile = float(t.ppf((1 + level) / 2, freedom))
    point, error = float(fit.effects[at]), math.sqrt(float(fit.covariance[at, at]))
    column = censored.design[:, at]
    if error * (float(np.std(column)) if at else 1.0) > FLAT * fit.deviation:
        return not_estimable(BEYOND, int(n), conf_level=level, events=_seen(censored))

    def root(effect: float) -> float:
        held = fit_tobit(censored.shifted(at, effect))
        if held is None:
            return math.inf
        deviance = max(0.0, 2 * (fit.log_likelihood - held.log_likelihood))
        return math.sqrt(freedom * math.expm1(deviance / n))

    low, high = (_limit(root, point, side * error, quantile) for side in (-1, 1))
    is_mean = scale == "log" and at == 0
    p_value = math.nan if is_mean else float(2 * t.sf(root(0.0), freedom))
    if scale == "log":
        point, low, high = (_exp(value) for value in (point, low, high))
        error *= point
    return Estimate(point, low, high, int(n), METHOD, error, p_value, level, _seen(censored))


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _limit(root: Callable[[float], float], point: float, error: float, quantile: float) -> float:
    """Return where the signed root of the deviance, scaled as t, reaches the quantile on one side."""
    inner, stride = point, error * quantile
    for _ in range(MOST_WIDENINGS):
        outer = inner + stride
        if root(outer) >= quantile:
            return _between(root, inner, outer, quantile)
        inner, stride = outer, stride * 1.5
    return math.copysign(math.inf, error)


def _between(root: Callable[[float], float], inner: float, outer: float, quantile: float) -> float:
    ceiling = 10 * quantile
    return float(brentq(lambda effect: min(root(effect), ceiling) - quantile, inner, outer, xtol=1e-12, rtol=1e-11))
