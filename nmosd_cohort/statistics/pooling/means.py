"""Means, and mean changes, of several studies put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import numpy as np
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import (
    Counts,
    Floats,
    as_values,
    check_conf_level,
    check_counts,
)
from nmosd_cohort.statistics.pooling.random_effects import Pooled, PoolOptions, pool_studies
from nmosd_cohort.statistics.pooling.studies import Studies, make_studies, positive_column, study_column
from nmosd_cohort.statistics.wald import wald_estimate


def pool_means(
    means: ArrayLike,
    sds: ArrayLike,
    n: ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    notes: Sequence[str] | None = None,
    conf_level: float = 0.95,
    **options: Unpack[PoolOptions],
) -> Pooled:
    """Mean over studies of their mean value, on the unit of the values.

    Parameters
    ----------
    means, sds, n
        Mean, standard deviation (not standard error) and patients of each study.
    labels
        Name of each study; None numbers them.
    notes
        For each study what was done to its numbers before, empty if nothing; `method` tells it. The method of a
        mean made from a median belongs here.
    conf_level
        Coverage of the limits.
    **options
        See ``pool_studies``.

    Returns
    -------
    Pooled
        One study is returned as it is, with limits by t(n - 1).

    Raises
    ------
    ValueError
        If lengths differ, an SD is not above 0, or a study has fewer than two patients.

    Notes
    -----
    Variance of a mean SD^2 / n; the rest as ``pool_studies``. Medians: see ``mean_from_quartiles``.

    Examples
    --------
    >>> pooled = pool_means([4.1, 5.0, 3.6], [2.0, 2.4, 1.9], [40, 25, 60])
    >>> round(pooled.estimate, 2), pooled.n
    (4.15, 125)
    """
    return pool_studies(mean_studies(means, sds, n, labels=labels, notes=notes, conf_level=conf_level), **options)


def mean_studies(
    means: ArrayLike,
    sds: ArrayLike,
    n: ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    notes: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> Studies:
    """Mean values of studies, to be pooled; arguments as ``pool_means``.

    Examples
    --------
    >>> mean_studies([4.1, 5.0], [2.0, 2.4], [40, 25]).own[0].method
    't limits'
    """
    points = as_values(means, name="means")
    spreads = positive_column(sds, points.size, "sds")
    return _studies(points, spreads, _patients(n, points.size), None, labels, notes, conf_level)


def pool_changes(
    changes: ArrayLike,
    n: ArrayLike,
    *,
    sd_change: ArrayLike | None = None,
    sd_before: ArrayLike | None = None,
    sd_after: ArrayLike | None = None,
    correlation: float | None = None,
    labels: Sequence[str] | None = None,
    notes: Sequence[str] | None = None,
    conf_level: float = 0.95,
    **options: Unpack[PoolOptions],
) -> Pooled:
    """Mean over studies of their mean change within patients (after minus before).

    Parameters
    ----------
    changes, n
        Mean change, and patients with both values, of each study.
    sd_change
        SD of the patients' changes; NaN for a study that does not report it.
    sd_before, sd_after
        SDs at the two times, for studies without `sd_change`; NaN where not needed.
    correlation
        Between the two values of a patient, from -1 to 1, for studies without `sd_change`. It must be stated:
        nothing can be assumed silently. Pool again with others to see what hangs on it.
    labels
        Name of each study; None numbers them.
    notes
        For each study what was done to its numbers before, empty if nothing; `method` tells it.
    conf_level
        Coverage of the limits.
    **options
        See ``pool_studies``.

    Returns
    -------
    Pooled
        `method` says for how many studies the correlation was assumed. One study is returned as it is, with
        limits by t(n - 1).

    Raises
    ------
    ValueError
        If a study has neither SD of change nor both SDs, a correlation is needed and not given, lengths differ,
        an SD is not above 0, or a study has fewer than two patients.

    Notes
    -----
    Variance of a change: SD_before^2 + SD_after^2 - 2 r SD_before SD_after.

    Examples
    --------
    >>> pooled = pool_changes([-2.1, -1.5], [7, 19], sd_before=[1.5, 2.2], sd_after=[1.2, 2.6], correlation=0.6)
    >>> round(pooled.estimate, 2), pooled.method.split("; ")[1]
    (-1.82, 'SD of change from SDs before and after with an assumed correlation of 0.6 in 2 of 2 studies')
    """
    studies = change_studies(
        changes,
        n,
        sd_change=sd_change,
        sd_before=sd_before,
        sd_after=sd_after,
        correlation=correlation,
        labels=labels,
        notes=notes,
        conf_level=conf_level,
    )
    return pool_studies(studies, **options)


def change_studies(
    changes: ArrayLike,
    n: ArrayLike,
    *,
    sd_change: ArrayLike | None = None,
    sd_before: ArrayLike | None = None,
    sd_after: ArrayLike | None = None,
    correlation: float | None = None,
    labels: Sequence[str] | None = None,
    notes: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> Studies:
    """Mean changes of studies, to be pooled; arguments as ``pool_changes``.

    Examples
    --------
    >>> change_studies([-2.1, -1.5], [7, 19], sd_change=[1.3, 2.0]).null
    0.0
    """
    points = as_values(changes, name="changes")
    given = _optional(sd_change, points.size, "sd_change")
    before, after = _optional(sd_before, points.size, "sd_before"), _optional(sd_after, points.size, "sd_after")
    is_made = np.isnan(given)
    unknown = is_made & (np.isnan(before) | np.isnan(after))
    if unknown.any():
        raise ValueError(
            f"study {int(np.argmax(unknown)) + 1} has no sd_change; it then needs sd_before, sd_after and a correlation"
        )
    if is_made.any():
        made = before**2 + after**2 - 2 * _correlation(correlation) * before * after
        given = np.where(is_made, np.sqrt(np.maximum(made, 0.0)), given)
        text = f"SD of change from SDs before and after with an assumed correlation of {correlation:g}"
        told = notes or [""] * points.size
        notes = ["; ".join(filter(None, pair)) for pair in zip(told, np.where(is_made, text, ""), strict=True)]
    spreads = positive_column(given, points.size, "sd_change")
    return _studies(points, spreads, _patients(n, points.size), 0.0, labels, notes, conf_level)


def _correlation(correlation: float | None) -> float:
    if correlation is None:
        raise ValueError("correlation is not given; SDs before and after alone do not tell the SD of the change")
    if not -1 <= correlation <= 1:
        raise ValueError(f"correlation is {correlation}; it must lie between -1 and 1")
    return float(correlation)


def _optional(values: ArrayLike | None, size: int, name: str) -> Floats:
    """Return SDs, NaN where a study does not tell one."""
    if values is None:
        return np.full(size, np.nan)
    column = np.asarray(values, dtype=np.float64)
    study_column(np.nan_to_num(column, posinf=np.inf), size, name)
    if (column <= 0).any():
        study = int(np.argmax(column <= 0))
        raise ValueError(f"{name} of study {study + 1} is {column[study]:g}; it must be above 0, or NaN if not told")
    return column


def _patients(n: ArrayLike, size: int) -> Counts:
    patients = check_counts(n, size=size, name="n")
    if (patients < 2).any():
        study = int(np.argmax(patients < 2))
        raise ValueError(f"study {study + 1} has {patients[study]} patients; a mean with an SD needs two or more")
    return patients


def _studies(
    points: Floats,
    sds: Floats,
    patients: Counts,
    null: float | None,
    labels: Sequence[str] | None,
    notes: Sequence[str] | None,
    conf_level: float,
) -> Studies:
    level = check_conf_level(conf_level)
    errors = sds / np.sqrt(patients)
    own = [
        wald_estimate(float(point), float(error), int(n), "t limits", conf_level=level, freedom=float(n - 1), null=null)
        for point, error, n in zip(points, errors, patients, strict=True)
    ]
    return make_studies(points, errors**2, own, "plain", labels=labels, null=null, conf_level=level, notes=notes)
