"""Shares of several studies or sites put together, with the spread between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, Unpack

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2

from nmosd_cohort.statistics.estimate import Counts, check_conf_level, check_counts, check_option
from nmosd_cohort.statistics.pooling.binomial_normal import fit_binomial_normal
from nmosd_cohort.statistics.pooling.heterogeneity import Heterogeneity, typical_variance
from nmosd_cohort.statistics.pooling.random_effects import (
    Pooled,
    PoolOptions,
    Prediction,
    pool_studies,
    pooled_from,
    single_study,
)
from nmosd_cohort.statistics.pooling.studies import Studies, double_arcsine, make_studies, study_labels
from nmosd_cohort.statistics.shares.proportions import proportion

__all__ = ["Pooled", "pool_proportions", "share_studies"]

ShareMethod = Literal["logit", "freeman_tukey", "glmm"]
SHARE_METHODS = ("logit", "freeman_tukey", "glmm")


def pool_proportions(
    events: ArrayLike,
    n: ArrayLike,
    *,
    method: ShareMethod = "logit",
    labels: Sequence[str] | None = None,
    conf_level: float = 0.95,
    **options: Unpack[PoolOptions],
) -> Pooled:
    """Mean share over studies that differ in their true share, each study one draw.

    Parameters
    ----------
    events, n
        Patients with the event, and patients, one entry a study. Studies without patients are left out.
    method
        ``logit`` (default): normal model of the observed logits, as ``pool_studies``. ``freeman_tukey``: the same
        for double arcsines. ``glmm``: the counts themselves, binomial with normal logits, by maximum likelihood.
    labels
        Name of each study; None numbers them.
    conf_level
        Coverage of the limits and of the prediction limits.
    **options
        See ``pool_studies``. ``glmm`` takes `prediction` alone.

    Returns
    -------
    Pooled
        ``logit``: a study with none or all of its patients affected gets half a patient added on either side.
        ``glmm``: needs no such addition; limits with t(k - 1), Q from the likelihood ratio, I2 as in R's metafor
        from the typical variance of the logits, no limits of tau2. Its tau2 is too small on average when studies
        are few. ``freeman_tukey``: the way back uses the harmonic mean of the patients, and can mislead when
        studies differ much in size. With few events a study the prediction limits of all three cover too little.
        One study is returned as it is, with Wilson limits.

    Raises
    ------
    ValueError
        If a count is missing, negative or not whole, there are more events than patients, no study has
        patients, or an option is not allowed.

    Notes
    -----
    Logit: see ``pool_studies``. Binomial-normal model: Stijnen, Hamza and Ozdemir 2010 (doi:10.1002/sim.4040).
    Double arcsine: Freeman and Tukey 1950 (doi:10.1214/aoms/1177729756), Miller 1978
    (doi:10.1080/00031305.1978.10479283); caveat: Schwarzer, Chemaitelly, Abu-Raddad and Ruecker 2019
    (doi:10.1002/jrsm.1348).

    Examples
    --------
    >>> pooled = pool_proportions([117, 125, 81, 25], [145, 166, 122, 29])
    >>> round(pooled.estimate, 3), round(pooled.conf_low, 3), round(pooled.conf_high, 3)
    (0.76, 0.615, 0.863)
    """
    check_option("method", method, SHARE_METHODS)
    if method != "glmm":
        return pool_studies(share_studies(events, n, scale=method, labels=labels, conf_level=conf_level), **options)
    if set(options) - {"prediction"}:
        raise ValueError("method 'glmm' has its own tau2 and limits; it takes no tau2_method and no knapp_hartung")
    prediction = options.get("prediction", "k-2")
    check_option("prediction", prediction, ("k-2", "k-1"))
    studies = share_studies(events, n, labels=labels, conf_level=conf_level)
    return _binomial_normal(replace(studies, notes=("",) * len(studies.notes)), prediction)


def share_studies(
    events: ArrayLike,
    n: ArrayLike,
    *,
    scale: Literal["logit", "freeman_tukey"] = "logit",
    labels: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> Studies:
    """Shares of studies, as logits or double arcsines, to be pooled.

    Parameters
    ----------
    events, n
        Patients with the event, and patients, one entry a study. Studies without patients are left out.
    scale
        ``logit`` or ``freeman_tukey``.
    labels
        Name of each study; None numbers them.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Studies
        Each study by itself with Wilson limits.

    Raises
    ------
    ValueError
        As ``pool_proportions``.

    Examples
    --------
    >>> share_studies([0, 12], [10, 20]).notes
    ('half a patient added on either side', '')
    """
    check_option("scale", scale, ("logit", "freeman_tukey"))
    level = check_conf_level(conf_level)
    affected, patients = _counts(events, n)
    kept = np.flatnonzero(patients)
    names = study_labels(labels, patients.size)
    affected, patients = affected[kept], patients[kept]
    own = [
        replace(proportion(int(some), int(all_), conf_level=level), method="Wilson limits")
        for some, all_ in zip(affected, patients, strict=True)
    ]
    notes = [""] * kept.size
    if scale == "logit":
        extra = np.where((affected == 0) | (affected == patients), 0.5, 0.0)
        with_event, without = affected + extra, patients - affected + extra
        effects, variances = np.log(with_event / without), 1 / with_event + 1 / without
        notes = ["half a patient added on either side" if more else "" for more in extra]
    else:
        effects, variances = double_arcsine(affected, patients), 1 / (4 * patients + 2)
    chosen = [names[place] for place in kept]
    return make_studies(effects, variances, own, scale, labels=chosen, null=None, conf_level=level, notes=notes)


def _counts(events: ArrayLike, n: ArrayLike) -> tuple[Counts, Counts]:
    patients = check_counts(n, size=np.size(n), name="n")
    affected = check_counts(events, size=patients.size, name="events")
    if (affected > patients).any():
        study = int(np.argmax(affected > patients))
        raise ValueError(
            f"study {study + 1} has {affected[study]} events in {patients[study]} patients; "
            "events cannot exceed patients"
        )
    if not patients.any():
        raise ValueError("no study has patients; there is nothing to pool")
    return affected, patients


def _binomial_normal(studies: Studies, prediction: Prediction) -> Pooled:
    k = len(studies.labels)
    if k == 1:
        return single_study(studies)
    patients = np.array([study.n for study in studies.own])
    affected = np.array([study.events for study in studies.own])
    if affected.sum() in (0, patients.sum()):
        share = float(affected.sum() > 0)
        which = "every patient has" if share else "no patient has"
        return _without_limits(studies, f"{which} the event in any study", share)
    fit = fit_binomial_normal(affected, patients)
    if fit is None:
        return _without_limits(studies, "the studies differ without bound, some all events and others none", math.nan)
    typical = typical_variance(studies.variances)
    i2, h2, nan = fit.tau2 / (fit.tau2 + typical), fit.tau2 / typical + 1, math.nan
    spread = Heterogeneity(fit.tau2, nan, nan, i2, nan, nan, h2, fit.q, k - 1, float(chi2.sf(fit.q, k - 1)))
    return pooled_from(
        studies,
        spread,
        (fit.mean, fit.std_error, k - 1),
        (math.hypot(fit.std_error, math.sqrt(fit.tau2)), k - 2 if prediction == "k-2" else k - 1),
        method=f"binomial-normal model, maximum likelihood, limits by t({k - 1})",
        weights=(),
    )


def _without_limits(studies: Studies, reason: str, share: float) -> Pooled:
    k, n, nan = len(studies.labels), sum(study.n for study in studies.own), math.nan
    what = "not estimable" if math.isnan(share) else "limits not estimable"
    method = f"{what}: {reason}"
    return Pooled(share, nan, nan, nan, nan, nan, nan, nan, k, method, n=n, conf_level=studies.conf_level)
