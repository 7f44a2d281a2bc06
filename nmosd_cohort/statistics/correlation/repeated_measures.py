"""Correlation within patients who were measured several times."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.correlation.fisher_z import FEWEST_PATIENTS, PERFECT, correlation_from_summary
from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    Floats,
    as_values,
    check_aligned,
    check_conf_level,
    check_option,
    not_estimable,
    patient_counts,
)
from nmosd_cohort.statistics.wald import wald_estimate

WithinLimits = Literal["patients", "parallel_slopes"]


def repeated_measures_correlation(
    patient: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    limits: WithinLimits = "patients",
    conf_level: float = 0.95,
) -> Estimate:
    """Correlation of two measurements within a patient over visits, one slope for all patients, from -1 to 1.

    Parameters
    ----------
    patient, x, y
        Patient and both values of each visit, of the same length.
    counts
        Patients who share the visits of this patient, the same number in each row of a patient; None is one.
    limits
        ``patients`` takes only patients as independent of each other; ``parallel_slopes``, as published, also
        takes a visit as independent of the patient's other visits and the slope as the same in all patients.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Limits on the scale of Fisher's z. `n` is the number of patients with two visits or more; the others
        tell nothing of change within a patient and are left out. p belongs to the limits: by t with n - 2
        degrees of freedom, or with visits less patients less 1 (``parallel_slopes``). NaN, with the reason in
        `method`, if patients or visits are too few, or x or y never changes within a patient.

    Raises
    ------
    ValueError
        If lengths differ, an entry is missing, the counts of a patient differ, or `limits` is unknown.

    Notes
    -----
    Bland and Altman 1995 (doi:10.1136/bmj.310.6977.446); Bakdash and Marusich 2017
    (doi:10.3389/fpsyg.2017.00456). A pooled correlation of all visits would count visits as patients.

    ``patients`` sums what each patient does to the correlation (a sandwich variance times n / (n - 2)). In
    simulations of 6 to 40 patients with five visits it covered 94 to 97 %, also where neighbouring visits are
    alike (autocorrelation 0.8) or slopes differ; there ``parallel_slopes`` covered 83 to 89 %.

    Examples
    --------
    >>> patient, x, y = [1, 1, 1, 2, 2, 2, 3, 3, 4, 4], [2, 4, 5, 6, 7, 9, 1, 3, 5, 2], [9, 8, 6, 5, 5, 2, 7, 6, 5, 6]
    >>> within = repeated_measures_correlation(patient, x, y)
    >>> round(within.estimate, 3), round(within.p_value, 4), within.n
    (-0.871, 0.0282, 4)
    """
    level = check_conf_level(conf_level)
    check_option("limits", limits, get_args(WithinLimits))
    who, x_values, y_values, sharing = _visits(patient, x, y, counts)
    visits = np.bincount(who)
    is_repeated = visits > 1
    sharing, n = sharing[is_repeated], int(sharing[is_repeated].sum())
    freedom = int(sharing @ (visits[is_repeated] - 1)) - 1
    if freedom + 2 < FEWEST_PATIENTS:
        return not_estimable(f"too few repeated visits ({freedom + 1} beyond the first)", n, conf_level=level)
    sums = _within_sums(who, x_values, y_values)[is_repeated]
    totals = sharing @ sums
    for name, spread in (("x", totals[0]), ("y", totals[1])):
        if spread == 0:
            return not_estimable(f"{name} never changes within a patient", n, conf_level=level)
    r = min(1.0, max(-1.0, float(totals[2]) / math.sqrt(totals[0] * totals[1])))
    if limits == "patients":
        return _limits_by_patients(r, sums, sharing, level)
    by_slopes = correlation_from_summary(r, freedom + 2, kind="pearson", conf_level=level)
    if math.isnan(by_slopes.conf_low):
        return replace(by_slopes, n=n)
    return replace(by_slopes, n=n, method=f"correlation within {n} patients, {freedom} degrees of freedom")


def _limits_by_patients(r: float, sums: Floats, sharing: Counts, level: float) -> Estimate:
    """Return the correlation with limits from the patients' squares of x, of y and products, shape (m, 3)."""
    n, totals = int(sharing.sum()), sharing @ sums
    if n < FEWEST_PATIENTS or abs(r) > 1 - PERFECT:
        reason = "perfect correlation" if n >= FEWEST_PATIENTS else f"fewer than {FEWEST_PATIENTS} patients"
        return not_estimable(reason, n, estimate=r, conf_level=level)
    influence = sums[:, 2] / math.sqrt(totals[0] * totals[1]) - r / 2 * (sums[:, :2] / totals[:2]).sum(axis=1)
    error = math.sqrt(float(sharing @ influence**2) * n / (n - 2))
    if error <= PERFECT:
        return not_estimable("all patients change alike", n, estimate=r, conf_level=level)
    label = f"correlation within {n} patients, limits by patients"
    return wald_estimate(math.atanh(r), error / (1 - r**2), n, label, conf_level=level, freedom=n - 2, scale="fisher_z")


def _visits(
    patient: ArrayLike, x: ArrayLike, y: ArrayLike, counts: ArrayLike | None
) -> tuple[Counts, Floats, Floats, Counts]:
    """Return each visit's patient as a position, its values, and how many patients each position stands for."""
    check_aligned(patient=patient, x=x, y=y, counts=counts)
    x_values, y_values, names = as_values(x, name="x"), as_values(y, name="y"), pd.Series(patient)
    if not x_values.size == y_values.size == len(names):
        sizes = f"{len(names)}, {x_values.size} and {y_values.size}"
        raise ValueError(f"patient, x and y have {sizes} entries; they must match")
    if names.isna().any():
        raise ValueError(f"patient has {int(names.isna().sum())} missing entries; every visit needs its patient")
    whole = patient_counts(counts, size=x_values.size)
    kept = whole > 0
    try:
        who = pd.factorize(names.to_numpy()[kept])[0].astype(np.int64)
    except TypeError as error:
        raise ValueError("patient must hold one name or number a visit") from error
    sharing = np.zeros(who.max(initial=-1) + 1, dtype=np.int64)
    sharing[who] = whole[kept]
    unequal = np.unique(who[sharing[who] != whole[kept]]).size
    if unequal:
        raise ValueError(f"counts differ between the rows of {unequal} patients; each patient has one count")
    return who, x_values[kept], y_values[kept], sharing


def _within_sums(who: Counts, x: Floats, y: Floats) -> Floats:
    """Return for each patient the squares of x and y about the own means and their product, shape (patients, 3)."""
    visits = np.bincount(who)
    x_own, y_own = (_about_own_mean(values, who, visits) for values in (x, y))
    return np.column_stack([np.bincount(who, product) for product in (x_own**2, y_own**2, x_own * y_own)])


def _about_own_mean(values: Floats, who: Counts, visits: Counts) -> Floats:
    """Return deviations from each patient's mean, 0 where all visits have one value."""
    first = np.zeros(visits.size)
    first[who] = values
    steps = values - first[who]
    deviations: Floats = steps - (np.bincount(who, steps) / visits)[who]
    return deviations
