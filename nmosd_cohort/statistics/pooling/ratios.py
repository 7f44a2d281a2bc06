"""Odds, risk, hazard and rate ratios of several studies put together on the log scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from nmosd_cohort.statistics.estimate import Counts, Estimate, Floats, check_conf_level, check_counts, check_option
from nmosd_cohort.statistics.pooling.random_effects import Pooled, PoolOptions, pool_studies
from nmosd_cohort.statistics.pooling.studies import Studies, make_studies, positive_column, study_labels
from nmosd_cohort.statistics.wald import wald_estimate

Measure = Literal["odds_ratio", "risk_ratio", "rate_ratio"]
UNEVEN = 0.1  # share of the width by which a ratio may lie off the middle of its limits before it is named


def pool_ratios(
    ratios: ArrayLike,
    conf_low: ArrayLike,
    conf_high: ArrayLike,
    *,
    n: ArrayLike | None = None,
    limits_level: float = 0.95,
    labels: Sequence[str] | None = None,
    conf_level: float = 0.95,
    **options: Unpack[PoolOptions],
) -> Pooled:
    """Mean over studies of a ratio (odds, risk, hazard or rate) that they give with its limits.

    Parameters
    ----------
    ratios, conf_low, conf_high
        Of each study; all above 0.
    n
        Patients of each study; None if not told.
    limits_level
        Coverage of the limits given.
    labels
        Name of each study; None numbers them.
    conf_level
        Coverage of the limits handed back.
    **options
        See ``pool_studies``.

    Returns
    -------
    Pooled
        exp of the mean logarithm. The error of each study is the width of its limits on the log scale. `method`
        counts studies whose ratio lies more than a tenth of the width off the middle of its limits: rounding, or
        limits not made on the log scale. One study is returned as it is.

    Raises
    ------
    ValueError
        If a number is missing or not above 0, a ratio lies outside of its limits, the limits are equal, or
        lengths differ.

    Notes
    -----
    Error from limits: Altman and Bland 2011 (doi:10.1136/bmj.d2304). The rest as ``pool_studies``.

    Examples
    --------
    >>> pooled = pool_ratios([0.22, 0.38, 0.31], [0.12, 0.21, 0.15], [0.40, 0.69, 0.64])
    >>> round(pooled.estimate, 2)
    0.3
    """
    studies = ratio_studies(
        ratios, conf_low, conf_high, n=n, limits_level=limits_level, labels=labels, conf_level=conf_level
    )
    return pool_studies(studies, **options)


def ratio_studies(
    ratios: ArrayLike,
    conf_low: ArrayLike,
    conf_high: ArrayLike,
    *,
    n: ArrayLike | None = None,
    limits_level: float = 0.95,
    labels: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> Studies:
    """Ratios of studies with their limits, to be pooled; arguments as ``pool_ratios``.

    Examples
    --------
    >>> ratio_studies([0.5], [0.25], [1.0]).own[0].conf_low
    0.25
    """
    level, given_level = check_conf_level(conf_level), check_conf_level(limits_level)
    size = int(np.size(ratios))
    points, lows, highs = (
        positive_column(column, size, name)
        for column, name in ((ratios, "ratios"), (conf_low, "conf_low"), (conf_high, "conf_high"))
    )
    patients = check_counts(np.zeros(size) if n is None else n, size=size, name="n")
    wrong = (points < lows) | (points > highs) | (lows == highs)
    if wrong.any():
        study = int(np.argmax(wrong))
        limits = f"{lows[study]:g} to {highs[study]:g}"
        raise ValueError(f"study {study + 1} has the ratio {points[study]:g} with limits {limits}; check the three")
    width = np.log(highs) - np.log(lows)
    errors = width / (2 * float(ndtri((1 + given_level) / 2)))
    off = np.abs(2 * np.log(points) - np.log(lows) - np.log(highs)) > 2 * UNEVEN * width
    notes = ["ratio off the middle of its limits" if uneven else "" for uneven in off]
    own = _ratios_alone(np.log(points), errors, patients, level)
    if level == given_level:
        own = [_as_given(*study) for study in zip(own, lows, highs, strict=True)]
    return make_studies(np.log(points), errors**2, own, "log", labels=labels, null=0.0, conf_level=level, notes=notes)


def pool_two_groups(
    events_1: ArrayLike,
    of_1: ArrayLike,
    events_2: ArrayLike,
    of_2: ArrayLike,
    *,
    measure: Measure,
    labels: Sequence[str] | None = None,
    conf_level: float = 0.95,
    **options: Unpack[PoolOptions],
) -> Pooled:
    """Mean over studies of the odds, risk or rate ratio of group 1 to group 2.

    Parameters
    ----------
    events_1, of_1, events_2, of_2
        Of each study: events in group 1 and the patients (for ``rate_ratio`` the person-years) they arose in;
        the same for group 2.
    measure
        ``odds_ratio``, ``risk_ratio`` or ``rate_ratio``.
    labels
        Name of each study; None numbers them.
    conf_level
        Coverage of the limits.
    **options
        See ``pool_studies``.

    Returns
    -------
    Pooled
        A study with an empty cell gets half an event added to every cell (``rate_ratio``: to the events of both
        groups, a study without events in one of them). A study without any event (or, for
        odds and risk ratios, with events alone) tells nothing about the ratio and is left out. `method` counts
        both.

    Raises
    ------
    ValueError
        If counts are missing, negative or not whole, there are more events than patients, a group is empty, no
        study is left, or the measure is not allowed.

    Notes
    -----
    Half an event: Gart and Zweifel 1967 (doi:10.1093/biomet/54.1-2.181), in studies with an empty cell alone. With
    many such studies the answer hangs on it. The rest as ``pool_studies``.

    Examples
    --------
    >>> pooled = pool_two_groups([4, 6], [123, 306], [11, 29], [139, 303], measure="risk_ratio")
    >>> round(pooled.estimate, 3)
    0.266
    """
    studies = two_group_studies(events_1, of_1, events_2, of_2, measure=measure, labels=labels, conf_level=conf_level)
    return pool_studies(studies, **options)


def two_group_studies(
    events_1: ArrayLike,
    of_1: ArrayLike,
    events_2: ArrayLike,
    of_2: ArrayLike,
    *,
    measure: Measure,
    labels: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> Studies:
    """Ratios of studies from their counts, to be pooled; arguments as ``pool_two_groups``.

    Examples
    --------
    >>> two_group_studies([0, 6], [20, 30], [3, 9], [20, 30], measure="odds_ratio").notes
    ('half an event added to every cell', '')
    """
    check_option("measure", measure, get_args(Measure))
    level = check_conf_level(conf_level)
    size = int(np.size(events_1))
    first, of_first = _group(events_1, of_1, size, measure, 1)
    second, of_second = _group(events_2, of_2, size, measure, 2)
    rest_1, rest_2 = (of_first - first, of_second - second) if measure != "rate_ratio" else (of_first, of_second)
    names = study_labels(labels, size)
    silent = (first + second == 0) | (rest_1 + rest_2 == 0)
    kept = np.flatnonzero(~silent)
    if kept.size == 0:
        raise ValueError("no study tells anything about the ratio: each has no event, or events alone")
    empty = np.minimum(first, second) == 0
    if measure != "rate_ratio":
        empty = empty | (np.minimum(rest_1, rest_2) == 0)
    half: Floats = np.where(empty, 0.5, 0.0)
    cells: list[Floats] = [first + half, rest_1 + half, second + half, rest_2 + half]
    if measure == "rate_ratio":
        cells[1], cells[3] = rest_1, rest_2
    effects, variances = (column[kept] for column in _log_ratios(cells, measure))
    patients = np.zeros(size, dtype=np.int64) if measure == "rate_ratio" else (of_first + of_second).astype(np.int64)
    own = _ratios_alone(effects, np.sqrt(variances), patients[kept], level)
    added = "half an event added to both groups" if measure == "rate_ratio" else "half an event added to every cell"
    notes = [added if more else "" for more in half[kept]]
    out = int(silent.sum())
    note = f"{out} stud{'y' if out == 1 else 'ies'} left out that tell nothing of the ratio" if out else ""
    chosen = [names[place] for place in kept]
    return make_studies(
        effects, variances, own, "log", labels=chosen, null=0.0, conf_level=level, notes=notes, note=note
    )


def _log_ratios(cells: Sequence[Floats], measure: Measure) -> tuple[Floats, Floats]:
    """Return log ratios and their variances from events and others of both groups."""
    yes_1, no_1, yes_2, no_2 = cells
    if measure == "odds_ratio":
        return np.log(yes_1 / no_1) - np.log(yes_2 / no_2), 1 / yes_1 + 1 / no_1 + 1 / yes_2 + 1 / no_2
    if measure == "rate_ratio":
        return np.log(yes_1 / no_1) - np.log(yes_2 / no_2), 1 / yes_1 + 1 / yes_2
    all_1, all_2 = yes_1 + no_1, yes_2 + no_2
    return np.log(yes_1 / all_1) - np.log(yes_2 / all_2), 1 / yes_1 - 1 / all_1 + 1 / yes_2 - 1 / all_2


def _group(events: ArrayLike, of: ArrayLike, size: int, measure: Measure, group: int) -> tuple[Counts, Floats]:
    """Return events and what they arose in, which must be more than none."""
    affected = check_counts(events, size=size, name=f"events_{group}")
    total = positive_column(of, size, f"of_{group}")
    if measure != "rate_ratio":
        check_counts(total, size=size, name=f"of_{group}")
        if (affected > total).any():
            study = int(np.argmax(affected > total))
            raise ValueError(
                f"study {study + 1} has {affected[study]} events in {total[study]:g} patients of group {group}; "
                "events cannot exceed patients"
            )
    return affected, total


def _ratios_alone(logs: Floats, errors: Floats, patients: Counts, level: float) -> list[Estimate]:
    return [
        wald_estimate(float(log), float(error), int(n), "normal limits on the log scale", conf_level=level, scale="log")
        for log, error, n in zip(logs, errors, patients, strict=True)
    ]


def _as_given(study: Estimate, low: float, high: float) -> Estimate:
    return replace(study, conf_low=float(low), conf_high=float(high), method="limits as given")
