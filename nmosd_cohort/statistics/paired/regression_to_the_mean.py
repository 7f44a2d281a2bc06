"""Change that patients chosen for a high score would show without any effect of treatment."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.distinct import distinct_pairs
from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    Floats,
    as_counts,
    as_values,
    check_conf_level,
    not_estimable,
)
from nmosd_cohort.statistics.paired.change import mean_change
from nmosd_cohort.statistics.paired.minimum_patients import MINIMUM_PATIENTS
from nmosd_cohort.statistics.resampling.bootstrap import check_resamples, resample, usable_replicates
from nmosd_cohort.statistics.wald import wald_estimate

MIN_PAIRS = MINIMUM_PATIENTS["repeats"].patients


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
    James 1973 (Biometrics 29:121); Barnett, van der Pols and Dobson 2005 (doi:10.1093/ije/dyh299): the second
    score is regressed on the first, and the line read at the treated baselines. With equal means and variances this is
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
    n_resamples = check_resamples(n_resamples)
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
    Barnett, van der Pols and Dobson 2005 (doi:10.1093/ije/dyh299): (1 - correlation) (population mean - baseline mean).

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
    return wald_estimate(estimate, error, n, label, conf_level=level, freedom=freedom)


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
