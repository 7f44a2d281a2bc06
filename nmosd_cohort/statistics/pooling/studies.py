"""Studies to be pooled: each with its effect, its variance, and the estimate that it gives by itself."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Estimate, Floats, as_values, check_conf_level, check_counts, check_option
from nmosd_cohort.statistics.wald import Scale, wald_estimate

PoolScale = Literal["plain", "log", "logit", "fisher_z", "freeman_tukey"]


@dataclass(frozen=True, slots=True, eq=False)
class Studies:
    """Effects of studies on the scale on which they are pooled.

    Parameters
    ----------
    labels
        Name of each study.
    effects, variances
        On the scale named by `scale`; variances are those within the study.
    own
        Each study by itself, on the plain scale.
    scale
        Where effects are averaged.
    null
        Value without effect on that scale; None if there is none to test, as for means and shares.
    conf_level
        Coverage of all limits.
    notes
        What had to be done to make the effect of each study, empty if nothing.
    note
        What had to be done to the studies as a whole.

    Examples
    --------
    >>> study_effects([0.2, 0.4], [0.01, 0.02]).labels
    ('study 1', 'study 2')
    """

    labels: tuple[str, ...]
    effects: Floats
    variances: Floats
    own: tuple[Estimate, ...]
    scale: PoolScale
    null: float | None
    conf_level: float
    notes: tuple[str, ...]
    note: str = ""


def study_effects(
    effects: ArrayLike,
    variances: ArrayLike,
    *,
    n: ArrayLike | None = None,
    scale: Scale = "plain",
    labels: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> Studies:
    """Studies known by their effects and the variances of these.

    Parameters
    ----------
    effects, variances
        One entry a study, on the scale named; a variance is a squared standard error, above 0.
    n
        Patients of each study; None if not told (counted as 0).
    scale
        What the effects are: as they stand (``plain``), logarithms, logits, or Fisher z values. Results are
        handed back on the plain scale. Logits are those of shares and have no p-value.
    labels
        Name of each study; None numbers them.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Studies
        Each study by itself with normal limits.

    Raises
    ------
    ValueError
        If there is no study, an entry is missing, lengths differ, a variance is not above 0, or an option is
        not allowed.

    Examples
    --------
    >>> study = study_effects([math.log(2)], [0.0625], scale="log").own[0]
    >>> round(study.estimate, 2), round(study.conf_low, 2), round(study.conf_high, 2)
    (2.0, 1.23, 3.26)
    """
    check_option("scale", scale, get_args(Scale))
    points = as_values(effects, name="effects")
    patients = check_counts(np.zeros(points.size) if n is None else n, size=points.size, name="n")
    errors = np.sqrt(positive_column(variances, points.size, "variances"))
    level = check_conf_level(conf_level)
    null = None if scale == "logit" else 0.0
    own = [
        wald_estimate(float(point), float(error), int(size), "normal limits", conf_level=level, scale=scale, null=null)
        for point, error, size in zip(points, errors, patients, strict=True)
    ]
    return make_studies(points, errors**2, own, scale, labels=labels, null=null, conf_level=level)


def make_studies(
    effects: Floats,
    variances: Floats,
    own: Sequence[Estimate],
    scale: PoolScale,
    *,
    labels: Sequence[str] | None,
    null: float | None,
    conf_level: float,
    notes: Sequence[str] | None = None,
    note: str = "",
) -> Studies:
    """Put checked effects together with their names.

    Raises
    ------
    ValueError
        If there is no study, or there are not as many labels or notes as studies.

    Examples
    --------
    >>> own = [Estimate(1.0, 0.8, 1.2, 20, "by hand")]
    >>> make_studies(np.array([1.0]), np.array([0.01]), own, "plain", labels=["A"], null=None, conf_level=0.95).labels
    ('A',)
    """
    if effects.size == 0:
        raise ValueError("there is no study; there is nothing to pool")
    names = study_labels(labels, effects.size)
    told = tuple(notes or [""] * effects.size)
    if len(told) != effects.size:
        raise ValueError(f"there are {effects.size} studies but {len(told)} notes; give one for each, empty if none")
    return Studies(names, effects, variances, tuple(own), scale, null, conf_level, told, note)


def study_labels(labels: Sequence[str] | None, size: int) -> tuple[str, ...]:
    """Return the name of each study, numbers if none were given.

    Raises
    ------
    ValueError
        If there are not as many labels as studies, or two are the same.

    Examples
    --------
    >>> study_labels(None, 2)
    ('study 1', 'study 2')
    """
    if labels is None:
        return tuple(f"study {place + 1}" for place in range(size))
    names = tuple(str(label) for label in labels)
    if len(names) != size:
        raise ValueError(f"there are {size} studies but {len(names)} labels; there must be one label for each")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"labels name a study twice: {', '.join(twice)}; every study needs a name of its own")
    return names


def study_groups(groups: Sequence[str], studies: Studies, *, name: str) -> list[str]:
    """Return the group of each study as text.

    Raises
    ------
    ValueError
        If there are not as many groups as studies, or the group of a study is missing or empty.

    Examples
    --------
    >>> study_groups([1, 2], study_effects([0.2, 0.4], [0.01, 0.02]), name="groups")
    ['1', '2']
    """
    size = len(studies.labels)
    if len(groups) != size:
        raise ValueError(f"{name} has {len(groups)} entries for {size} studies; there must be one for each")
    for label, group in zip(studies.labels, groups, strict=True):
        if pd.isna(group) or not str(group).strip():
            raise ValueError(f"{name} has no entry for {label}; studies without one are not one group: name it")
    return [str(group) for group in groups]


def take_studies(studies: Studies, places: Sequence[int]) -> Studies:
    """Return the studies at these places (0 is the first), in this order.

    Examples
    --------
    >>> take_studies(study_effects([0.2, 0.4], [0.01, 0.02]), [1]).labels
    ('study 2',)
    """
    chosen = np.asarray(places, dtype=np.intp)
    return replace(
        studies,
        labels=tuple(studies.labels[place] for place in chosen),
        effects=studies.effects[chosen],
        variances=studies.variances[chosen],
        own=tuple(studies.own[place] for place in chosen),
        notes=tuple(studies.notes[place] for place in chosen),
    )


def describe_notes(studies: Studies) -> str:
    """Return what had to be done to make the effects, and in how many studies; empty if nothing.

    Examples
    --------
    >>> studies = study_effects([0.2, 0.4], [0.01, 0.02])
    >>> describe_notes(replace(studies, notes=("", "mean from median")))
    'mean from median in 1 of 2 studies'
    """
    k = len(studies.notes)
    parts = [f"{text} in {count} of {k} studies" for text, count in Counter(studies.notes).items() if text]
    if studies.scale == "freeman_tukey" and k > 1:
        sizes = [study.n for study in studies.own]
        mean = f"{_harmonic_mean(sizes):.4g}, studies have {min(sizes)} to {max(sizes)}"
        parts.append(f"taken back with the harmonic mean of the patients, {mean}: misleading when sizes differ much")
    return "; ".join([*parts, studies.note] if studies.note else parts)


def to_plain(studies: Studies, point: float, error: float, freedom: float = math.inf, *, method: str = "") -> Estimate:
    """Take a pooled effect and its standard error back to the plain scale, with limits by t.

    Parameters
    ----------
    studies
        Those that were pooled; for ``freeman_tukey`` the harmonic mean of their patients is used.
    point, error
        On the scale of the studies.
    freedom
        Degrees of freedom; below 1 the limits are NaN.
    method
        How the numbers were made.

    Notes
    -----
    Inverse of the double arcsine: Miller 1978 (doi:10.1080/00031305.1978.10479283).

    Examples
    --------
    >>> studies = study_effects([0.0, 0.0], [0.02, 0.02], scale="logit")
    >>> to_plain(studies, 0.0, 0.1).estimate
    0.5
    """
    n = sum(study.n for study in studies.own)
    level = studies.conf_level
    scale = "plain" if studies.scale == "freeman_tukey" else studies.scale
    reach = max(freedom, 1.0)
    whole = wald_estimate(point, error, n, method, conf_level=level, freedom=reach, scale=scale, null=studies.null)
    if studies.scale == "freeman_tukey":
        size = _harmonic_mean([study.n for study in studies.own])
        low, share, high = (_share(angle, size) for angle in (whole.conf_low, point, whole.conf_high))
        # at 0 and 1 the way back is flat, which says nothing about the error of the share
        slope = 2 * math.sqrt(share * (1 - share)) or math.nan
        whole = replace(whole, estimate=share, conf_low=low, conf_high=high, std_error=error * slope)
    return whole if freedom >= 1 else replace(whole, conf_low=math.nan, conf_high=math.nan, p_value=math.nan)


def double_arcsine(events: ArrayLike, n: ArrayLike) -> Floats:
    """Return the Freeman-Tukey double arcsine of shares, halved, in radians.

    Notes
    -----
    Freeman and Tukey 1950 (doi:10.1214/aoms/1177729756).

    Examples
    --------
    >>> round(float(double_arcsine(12, 20)), 7)
    0.8813361
    """
    affected, size = np.asarray(events, dtype=np.float64), np.asarray(n, dtype=np.float64)
    angles = np.arcsin(np.sqrt(affected / (size + 1))) + np.arcsin(np.sqrt((affected + 1) / (size + 1)))
    return np.asarray(angles / 2)


def _harmonic_mean(sizes: Sequence[int]) -> float:
    return 1 / float(np.mean([1 / size for size in sizes]))


def _share(angle: float, size: float) -> float:
    """Return the share whose double arcsine in so many patients is this angle, 0 or 1 beyond the ends."""
    if angle <= double_arcsine(0, size):
        return 0.0
    if angle >= double_arcsine(size, size):
        return 1.0
    sine = math.sin(2 * angle)
    inner = sine + (sine - 1 / sine) / size
    return 0.5 * (1 - math.copysign(1, math.cos(2 * angle)) * math.sqrt(max(0.0, 1 - inner**2)))


def positive_column(values: ArrayLike, size: int, name: str) -> Floats:
    """Return numbers above 0, one a study.

    Raises
    ------
    ValueError
        If one is missing or not above 0, or there are not `size` of them.

    Examples
    --------
    >>> positive_column([1, 2], 2, "sds").tolist()
    [1.0, 2.0]
    """
    column = study_column(values, size, name)
    if (column <= 0).any():
        study = int(np.argmax(column <= 0))
        raise ValueError(
            f"{name} of study {study + 1} is {column[study]:g}; it must be above 0, or leave the study out"
        )
    return column


def study_column(values: ArrayLike, size: int, name: str) -> Floats:
    """Return finite numbers, one a study.

    Raises
    ------
    ValueError
        If one is missing, or there are not `size` of them.

    Examples
    --------
    >>> study_column([1, -2], 2, "changes").tolist()
    [1.0, -2.0]
    """
    column = as_values(values, name=name)
    if column.size != size:
        raise ValueError(f"{name} has {column.size} entries for {size} studies; there must be one for each")
    return column
