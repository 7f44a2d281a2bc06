"""Whether patients with higher scores change more, freed from the error that ties change to the first score."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from nmosd_cohort.statistics.distinct import distinct
from nmosd_cohort.statistics.estimate import Counts, Estimate, Floats, as_pairs, check_conf_level, not_estimable
from nmosd_cohort.statistics.paired.minimum_patients import too_few
from nmosd_cohort.statistics.regression.linear import adjusted_mean_difference
from nmosd_cohort.statistics.rounding import SAME_WITHIN
from nmosd_cohort.statistics.wald import p_of_t, wald_estimate

LEAST_SPREAD = 1e-70  # of scores whose variances can still be multiplied


@dataclass(frozen=True, slots=True)
class BaselineChange:
    """Relation of change to the first score.

    Parameters
    ----------
    slope
        Blomqvist: points of change per point of the true first score; 0 is no relation. NaN without an error
        variance or reliability.
    correlation
        Oldham: correlation of change with the mean of both scores; 0 when the spread stays the same.
    variance_ratio
        Variance after over variance before, which Oldham's correlation tests against 1.
    reliability
        Share of the variance before that is not error; NaN if not given.
    """

    slope: Estimate
    correlation: Estimate
    variance_ratio: Estimate
    reliability: float


def baseline_change_relation(
    before: ArrayLike,
    after: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    error_variance: float | None = None,
    reliability: float | None = None,
    reliability_error: float = 0.0,
    conf_level: float = 0.95,
) -> BaselineChange:
    """Slope of the change on the true first score (Blomqvist), and correlation with the mean score (Oldham).

    Parameters
    ----------
    before, after, counts
        Scores of the same patients, and patients with each pair; None counts every pair once.
    error_variance
        Variance of one score about the patient's true score, in squared points, for example half the variance
        of differences between untreated repeats. Taken as known.
    reliability
        In its place, the share of the variance before that is not error (above 0, up to 1).
    reliability_error
        Standard error of `reliability`; 0 takes it as known.
    conf_level
        Coverage of the limits.

    Returns
    -------
    BaselineChange
        Estimates are NaN, with the reason in `method`, below 10 patients or where scores do not vary.

    Raises
    ------
    ValueError
        If both or impossible values of error are given, `reliability_error` without `reliability`, or scores are
        not paired.

    Notes
    -----
    Blomqvist 1977 (JASA 72:746), reviewed by Chiolero 2013 (doi:10.3389/fpubh.2013.00029): the slope of change on
    the observed score, b, is (b + 1 - reliability) / reliability for the true one; limits by the delta method with
    HC3 and t. Oldham 1962 (Journal of Chronic Diseases 15:969): Fisher limits; the p-value is Pitman's exact test of
    equal variances, whose limits the variance ratio has. The plain slope of change on the first score is biased
    towards -1 by error and is not given.

    Examples
    --------
    >>> before, after = [2, 3, 4, 5, 6, 7, 8, 9, 4, 6], [2, 2, 4, 3, 5, 4, 6, 6, 3, 4]
    >>> relation = baseline_change_relation(before, after, reliability=0.8)
    >>> round(relation.slope.estimate, 2), round(relation.variance_ratio.estimate, 2)
    (-0.26, 0.43)
    """
    level = check_conf_level(conf_level)
    first, second, totals = as_pairs(before, after, counts)
    _check_error(error_variance, reliability, reliability_error)
    n = int(totals.sum())
    reason = too_few("baseline_change", n)
    if not reason and not (_varies(first) and _varies(second)):
        reason = "the scores before or after do not vary"
    if reason:
        unknown = not_estimable(reason, n, conf_level=level)
        return BaselineChange(unknown, unknown, unknown, math.nan if reliability is None else reliability)
    variance = _moments(first, second, totals)[0]
    share = math.nan if reliability is None else float(reliability)
    slope_in_share = 0.0
    if error_variance is not None:
        share = 1 - error_variance / variance
        slope_in_share = error_variance / variance * math.sqrt(2 / (n - 1))
    error = reliability_error if error_variance is None else slope_in_share
    slope = _blomqvist(first, second, totals, share, error, level)
    return BaselineChange(slope, *_oldham(first, second, totals, level), share)


def _varies(scores: Floats) -> bool:
    """Return whether scores differ by more than rounding, and their squares are not 0 to the computer."""
    spread = float(np.ptp(scores))
    return spread > max(LEAST_SPREAD, SAME_WITHIN * float(np.abs(scores).max()))


def _check_error(error_variance: float | None, reliability: float | None, reliability_error: float) -> None:
    if error_variance is not None and reliability is not None:
        raise ValueError("give error_variance or reliability, not both")
    if error_variance is not None and not 0 <= _number(error_variance) < math.inf:
        raise ValueError(f"error_variance is {error_variance!r}; it must be 0 or more squared points")
    if reliability is not None and not 0 < _number(reliability) <= 1:
        raise ValueError(f"reliability is {reliability!r}; it must lie above 0 and be at most 1")
    if not 0 <= _number(reliability_error) < math.inf:
        raise ValueError(f"reliability_error is {reliability_error!r}; it must be 0 or more")
    if reliability is None and reliability_error != 0:
        raise ValueError("reliability_error belongs to reliability; error_variance is taken as known")


def _number(value: float) -> float:
    """Return a number, NaN in place of what is none."""
    return float(value) if isinstance(value, numbers.Real) else math.nan


def _moments(first: Floats, second: Floats, totals: Counts) -> tuple[float, float, float]:
    """Return the variances of both scores and their covariance, with divisor n - 1."""
    n = totals.sum()
    x, y = first - totals @ first / n, second - totals @ second / n
    return float(totals @ x**2 / (n - 1)), float(totals @ y**2 / (n - 1)), float(totals @ (x * y) / (n - 1))


def _blomqvist(first: Floats, second: Floats, totals: Counts, share: float, error: float, level: float) -> Estimate:
    n = int(totals.sum())
    if math.isnan(share):
        return not_estimable("needs error_variance or reliability", n, conf_level=level)
    if share <= 0:
        return not_estimable("the error variance is not below the variance before", n, conf_level=level)
    if distinct(first, totals)[1].max() >= n - 1:
        return not_estimable("all patients but one start at the same score", n, conf_level=level)
    raw = adjusted_mean_difference(second, pd.DataFrame({"before": first}), totals, "before", conf_level=level)
    if math.isnan(raw.std_error):
        point = raw.estimate / share - 1
        return not_estimable("one score follows from the other", n, estimate=point, conf_level=level)
    spread = math.hypot(raw.std_error / share, raw.estimate / share**2 * error)
    method = f"Blomqvist slope at reliability {share:.3g}, delta method, HC3, t limits"
    return wald_estimate(raw.estimate / share - 1, spread, n, method, conf_level=level, freedom=n - 2)


def _oldham(first: Floats, second: Floats, totals: Counts, level: float) -> tuple[Estimate, Estimate]:
    n = int(totals.sum())
    before, after, both = _moments(first, second, totals)
    spread = math.sqrt(max((before + after) ** 2 - 4 * both**2, 0.0))
    within = both / math.sqrt(before * after)
    if spread <= 1e-9 * (before + after) or abs(within) >= 1 - 1e-12:
        reason = "one score follows from the other"
        return not_estimable(reason, n, conf_level=level), not_estimable(reason, n, conf_level=level)
    correlation = (after - before) / spread
    freedom = n - 2
    t_value = correlation * math.sqrt(freedom / (1 - correlation**2))
    p_value = p_of_t(t_value, 1.0, freedom)
    oldham = wald_estimate(
        math.atanh(correlation),
        1 / math.sqrt(n - 3),
        n,
        "Oldham correlation, Fisher limits, p of Pitman's test",
        conf_level=level,
        scale="fisher_z",
    )
    critical = float(stdtrit(freedom, (1 + level) / 2))
    bend = 1 + 2 * (1 - within**2) * critical**2 / freedom
    root, ratio = math.sqrt(bend**2 - 1), after / before
    method = "ratio of variances in the same patients, Pitman and Morgan limits"
    limits = Estimate(ratio, ratio * (bend - root), ratio * (bend + root), n, method, p_value=p_value, conf_level=level)
    return replace(oldham, p_value=p_value), limits
