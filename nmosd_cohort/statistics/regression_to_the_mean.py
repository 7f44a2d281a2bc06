"""Change that patients chosen for a high score would show without any effect of treatment."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    Floats,
    as_counts,
    as_values,
    check_conf_level,
    distinct,
    distinct_pairs,
    not_estimable,
)
from nmosd_cohort.statistics.paired import ResponderRule, mean_change, response
from nmosd_cohort.statistics.resampling import MIN_RESAMPLES, resample, usable_replicates

MIN_PAIRS = 10  # repeats below which the regression on the first score is not worth having
MIN_PAIRS_RESPONDERS = 20  # a share needs more repeats than a slope


@dataclass(frozen=True, slots=True)
class RegressionToTheMean:
    """Change after start, the part expected without effect, and the rest.

    Parameters
    ----------
    crude_change
        Mean of after minus before in the treated.
    expected_change
        Mean change that the same baselines would show without any effect.
    corrected_change
        Crude less expected change.
    correlation, off_selection_mean
        Test-retest correlation and mean of the repeats, NaN without any.
    n_pairs
        Patients with two scores that were not chosen by their height.
    identifiable
        Whether the repeats allow the expected change.
    reason
        Why not, or empty.

    Examples
    --------
    >>> answer = regression_to_the_mean([8, 7], [4, 6], first=[5], second=[4])
    >>> answer.crude_change.estimate, answer.identifiable, answer.reason
    (-2.5, False, 'repeats before start: 1; at least 10 patients are needed')
    """

    crude_change: Estimate
    expected_change: Estimate
    corrected_change: Estimate
    correlation: float
    off_selection_mean: float
    n_pairs: int
    identifiable: bool
    reason: str


@dataclass(frozen=True, slots=True)
class _Repeats:
    """Moments of the repeats, one value a resample."""

    mean_first: Floats
    mean_second: Floats
    variance_first: Floats
    variance_second: Floats
    covariance: Floats


def regression_to_the_mean(
    before: ArrayLike,
    after: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    first: ArrayLike,
    second: ArrayLike,
    pair_counts: ArrayLike | None = None,
    selected_mean: float | None = None,
    conf_level: float = 0.95,
    seed: int = 0,
    n_resamples: int = 2000,
) -> RegressionToTheMean:
    """Mean change after start less the mean change that the same baselines would show without effect.

    Parameters
    ----------
    before, after, counts
        Scores of the treated at start and at follow-up, and patients with each pair.
    first, second, pair_counts
        Two scores of patients before (or without) treatment, not chosen by their height, the same time
        apart as before and after, and patients with each pair.
    selected_mean
        Mean baseline to take for the treated, None for the mean of `before`.
    conf_level
        Coverage of the limits.
    seed, n_resamples
        Of the bootstrap, which draws treated patients and patients with repeats independently.

    Returns
    -------
    RegressionToTheMean
        Not identifiable (with the reason, and NaN for what needs them) with fewer than 10 repeats, scores that
        do not vary, or nobody treated.

    Raises
    ------
    ValueError
        If scores are not paired or missing, or there are fewer than 100 resamples.

    Notes
    -----
    James 1973; Barnett, van der Pols and Dobson 2005 (IJE 34:215): the second score is regressed on the
    first, and the line read at the treated baselines. With equal means and variances this is
    (1 - correlation) (mean - baseline mean). Limits take the standard error of the resamples with t, which
    keeps their coverage in groups of ten, where plain percentiles fall short.

    Examples
    --------
    >>> first, second = [0, 2, 2, 4, 4, 6, 6, 8, 3, 5], [1, 2, 3, 3, 4, 5, 6, 6, 4, 5]
    >>> answer = regression_to_the_mean([6, 8, 7, 8], [4, 6, 6, 5], first=first, second=second)
    >>> round(answer.crude_change.estimate, 2), round(answer.expected_change.estimate, 2)
    (-2.0, -1.21)
    """
    level = check_conf_level(conf_level)
    _check_resamples(n_resamples)
    start, follow_up, treated = distinct_pairs(before, after, counts)
    one, two, repeats = distinct_pairs(first, second, pair_counts, names=("first", "second"))
    crude = mean_change(start, follow_up, treated, conf_level=level)
    moments = _moments(one, two, repeats[None, :])
    reason = _why_not_identifiable(treated, repeats, moments)
    if reason:
        unknown = not_estimable(reason, crude.n, conf_level=level)
        return _answer(crude, unknown, unknown, moments, int(repeats.sum()), reason)
    rng = np.random.default_rng(seed)
    drawn_treated = resample(treated, n_resamples, rng)
    drawn = _moments(one, two, resample(repeats, n_resamples, rng))
    mean_start = np.append(start @ treated, drawn_treated @ start) / crude.n
    mean_follow_up = np.append(follow_up @ treated, drawn_treated @ follow_up) / crude.n
    baseline = mean_start if selected_mean is None else np.full(mean_start.size, float(selected_mean))
    expected = np.append(_expected_change(moments, baseline[:1]), _expected_change(drawn, baseline[1:]))
    freedom = min(crude.n, int(repeats.sum())) - 1
    label = f"bootstrap of patients, t({freedom}), {n_resamples} resamples, seed {seed}"
    return _answer(
        crude,
        _with_limits(expected, freedom, crude.n, label, level),
        _with_limits(mean_follow_up - mean_start - expected, freedom, crude.n, label, level),
        moments,
        int(repeats.sum()),
        "",
    )


def sensitivity_curve(
    before: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    population_mean: float,
    correlations: ArrayLike,
) -> pd.DataFrame:
    """One row an assumed test-retest correlation, with the mean change expected without any effect.

    Parameters
    ----------
    before, counts
        Baselines of the treated, and patients with each.
    population_mean
        Mean score of the patients before they were chosen.
    correlations
        Assumed correlations of two scores of the same patient, from -1 to 1.

    Returns
    -------
    DataFrame
        Columns ``correlation`` and ``expected_change`` (points; negative is a fall).

    Raises
    ------
    ValueError
        If there are no baselines, the mean is not a number, or a correlation is outside -1 to 1.

    Notes
    -----
    Barnett, van der Pols and Dobson 2005: (1 - correlation) (population mean - baseline mean).

    Examples
    --------
    >>> sensitivity_curve([6, 8], population_mean=3, correlations=[0.5, 0.75])["expected_change"].tolist()
    [-2.0, -1.0]
    """
    start, totals = as_counts(before, counts, name="before")
    assumed = as_values(correlations, name="correlations")
    if start.size == 0:
        raise ValueError("before is empty; the curve needs the baseline of at least one patient")
    if not math.isfinite(population_mean):
        raise ValueError(f"population_mean is {population_mean}; it must be a number")
    if (np.abs(assumed) > 1).any():
        raise ValueError(f"correlations: {int((np.abs(assumed) > 1).sum())} lie outside -1 to 1")
    distance = population_mean - float(totals @ start) / float(totals.sum())
    return pd.DataFrame({"correlation": assumed, "expected_change": (1 - assumed) * distance})


def no_effect_responders(
    before: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    first: ArrayLike,
    second: ArrayLike,
    pair_counts: ArrayLike | None = None,
    rule: ResponderRule,
    conf_level: float = 0.95,
    seed: int = 0,
    n_resamples: int = 2000,
) -> Estimate:
    """Share of responders to expect among the treated without any effect, of those whom the rule can judge.

    Parameters
    ----------
    before, counts
        Baselines of the treated, and patients with each. Baselines that the rule cannot judge (0 with a
        percentage) are left out, as in `responders`.
    first, second, pair_counts
        Two scores of patients before (or without) treatment, not chosen by their height.
    rule
        As in `responders`.
    conf_level
        Coverage of the limits.
    seed, n_resamples
        Of the bootstrap, which draws treated patients and patients with repeats independently.

    Returns
    -------
    Estimate
        The share of responders among the repeats at each first score, averaged over the treated baselines; a
        baseline at which nobody has repeats takes the nearest first score that somebody has (the lower one
        of two). With fewer than 20 repeats, or nobody to judge, NaN with the reason in `method`.

    Notes
    -----
    Direct standardisation; the question is that of Barnett, van der Pols and Dobson 2005 for shares.

    Examples
    --------
    >>> share = no_effect_responders(
    ...     [4, 8], [1, 3], first=[4, 4, 8, 8], second=[4, 2, 8, 5], pair_counts=[5, 5, 8, 2], rule="pct30"
    ... )
    >>> round(share.estimate, 3)
    0.275
    """
    level = check_conf_level(conf_level)
    _check_resamples(n_resamples)
    start, treated = distinct(before, counts, name="before")
    is_judged = response(start, start, rule=rule) != "not_evaluable"
    start, treated = start[is_judged], treated[is_judged]
    one, two, repeats = distinct_pairs(first, second, pair_counts, names=("first", "second"))
    category = response(one, two, rule=rule)
    one, repeats = one[category != "not_evaluable"], repeats[category != "not_evaluable"]
    is_responder = category[category != "not_evaluable"] == "responder"
    n = int(treated.sum())
    if n == 0 or repeats.sum() < MIN_PAIRS_RESPONDERS:
        reason = f"repeats: {int(repeats.sum())}; at least {MIN_PAIRS_RESPONDERS} patients are needed"
        return not_estimable(reason if n else "no baseline that the rule can judge", n, conf_level=level)
    rng = np.random.default_rng(seed)
    drawn = np.vstack([treated, resample(treated, n_resamples, rng)])
    drawn_repeats = np.vstack([repeats, resample(repeats, n_resamples, rng)])
    shares = _standardised_shares(start, drawn, one, is_responder, drawn_repeats)
    return _percentile_share(shares, n, f"{n_resamples} resamples, seed {seed}", level)


def _check_resamples(n_resamples: int) -> None:
    if n_resamples < MIN_RESAMPLES:
        raise ValueError(f"n_resamples is {n_resamples}; limits need at least {MIN_RESAMPLES}")


def _moments(first: Floats, second: Floats, counts: Counts) -> _Repeats:
    """Return the moments of the repeats for each row of counts, about the overall mean for accuracy."""
    n = np.maximum(counts.sum(axis=1), 1)
    origin = float(first.mean()) if first.size else 0.0
    x, y = first - origin, second - origin
    mean_x, mean_y = counts @ x / n, counts @ y / n
    return _Repeats(
        mean_x + origin,
        mean_y + origin,
        counts @ x**2 / n - mean_x**2,
        counts @ y**2 / n - mean_y**2,
        counts @ (x * y) / n - mean_x * mean_y,
    )


def _why_not_identifiable(treated: Counts, repeats: Counts, moments: _Repeats) -> str:
    n_pairs = int(repeats.sum())
    if treated.sum() < 2:
        return f"treated: {int(treated.sum())}; at least 2 patients are needed"
    if n_pairs < MIN_PAIRS:
        return f"repeats before start: {n_pairs}; at least {MIN_PAIRS} patients are needed"
    if not (_varies(moments.variance_first[0]) and _varies(moments.variance_second[0])):
        return "the repeats before start do not vary"
    return ""


def _varies(variance: float) -> bool:
    return bool(variance > 1e-12)


def _expected_change(moments: _Repeats, baseline: Floats) -> Floats:
    """Return the second score on the regression line at the baseline, less the baseline; NaN without a line."""
    slope = np.full(baseline.size, math.nan)
    np.divide(moments.covariance, moments.variance_first, out=slope, where=moments.variance_first > 1e-12)
    change: Floats = moments.mean_second + slope * (baseline - moments.mean_first) - baseline
    return change


def _with_limits(values: Floats, freedom: int, n: int, label: str, level: float) -> Estimate:
    """Return the first value with t limits from the spread of the others, its resamples."""
    estimate = float(values[0])
    usable, reason = usable_replicates(values[1:])
    if reason:
        return not_estimable(reason, n, estimate=estimate, conf_level=level)
    error = float(usable.std(ddof=1))
    half_width = -float(stdtrit(freedom, (1 - level) / 2)) * error
    p_value = float(2 * stdtr(freedom, -abs(estimate) / error))
    return Estimate(estimate, estimate - half_width, estimate + half_width, n, label, error, p_value, level)


def _answer(
    crude: Estimate, expected: Estimate, corrected: Estimate, moments: _Repeats, n_pairs: int, reason: str
) -> RegressionToTheMean:
    spread = math.sqrt(max(float(moments.variance_first[0] * moments.variance_second[0]), 0.0))
    mean = float(moments.mean_first[0] + moments.mean_second[0]) / 2
    return RegressionToTheMean(
        crude,
        expected,
        corrected,
        float(moments.covariance[0]) / spread if _varies(spread) else math.nan,
        mean if n_pairs else math.nan,
        n_pairs,
        not reason,
        reason,
    )


def _standardised_shares(
    start: Floats, treated: Counts, first: Floats, is_responder: ArrayLike, repeats: Counts
) -> Floats:
    """Return the responder share at each first score averaged over the treated baselines, one a resample."""
    scores, position = np.unique(first, return_inverse=True)
    at_score = (position[:, None] == np.arange(scores.size)).astype(np.int64)
    patients = repeats @ at_score
    responding = repeats @ (at_score * np.asarray(is_responder, dtype=np.int64)[:, None])
    total = np.zeros(len(treated))
    for column, baseline in enumerate(start):
        distance = np.where(patients > 0, np.abs(scores - baseline), math.inf)
        nearest = distance.argmin(axis=1)[:, None]
        share = np.take_along_axis(responding, nearest, 1) / np.take_along_axis(patients, nearest, 1)
        total += treated[:, column] * share[:, 0]
    shares: Floats = total / treated.sum(axis=1)
    return shares


def _percentile_share(shares: Floats, n: int, label: str, level: float) -> Estimate:
    """Return the first share with percentile limits of the others, its resamples."""
    usable, reason = usable_replicates(shares[1:])
    if reason:
        return not_estimable(reason, n, estimate=float(shares[0]), conf_level=level)
    low, high = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2])
    method = f"repeats standardised to the treated baselines, bootstrap of patients, percentile, {label}"
    error = float(usable.std(ddof=1))
    return Estimate(float(shares[0]), float(low), float(high), n, method, std_error=error, conf_level=level)
