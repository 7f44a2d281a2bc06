"""Shares of several studies or sites put together, with the spread between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import chi2

from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    check_conf_level,
    check_counts,
    check_option,
    not_estimable,
)
from nmosd_cohort.statistics.pooling.binomial_normal import LARGEST_TAU, fit_binomial_normal
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

ShareMethod = Literal["automatic", "logit", "freeman_tukey", "glmm"]
FEWEST_EVENTS = 5  # with fewer events, or fewer patients without, logits are biased and far from normal


def pool_proportions(
    events: ArrayLike,
    n: ArrayLike,
    *,
    method: ShareMethod = "automatic",
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
        ``automatic`` (default): ``glmm`` where a study has fewer than five events or fewer than five patients
        without the event, else ``logit``; `method` of the result says which and why. ``logit``: normal model of
        the observed logits, as ``pool_studies``. ``freeman_tukey``: the same for double arcsines. ``glmm``: the
        counts themselves, binomial with normal logits, by maximum likelihood.
    labels
        Name of each study; None numbers them.
    conf_level
        Coverage of the limits and of the prediction limits.
    **options
        See ``pool_studies``. ``automatic`` and ``glmm`` take `prediction` alone.

    Returns
    -------
    Pooled
        ``logit``: a study with none or all of its patients affected gets half a patient added on either side. With
        small shares its limits cover too little: in 12 studies of 10 to 79 patients with true logits of mean -3 and
        SD 0.5, 95 % limits held the truth in about 80 %, those of ``glmm`` in 95 %.
        ``glmm``: needs no such addition; limits with t(k - 1), Q from the likelihood ratio, I2 as in R's metafor
        from the typical variance of the logits, no limits of tau2. Its tau2 is too small on average when studies
        are few. ``freeman_tukey``: the way back uses the harmonic mean of the patients, and can mislead when
        studies differ much in size. With few events a study the prediction limits of all three cover too little.
        One study is returned as it is, with Wilson limits. Where no study has an event, or no study a patient
        without, ``automatic`` and ``glmm`` give the Clopper-Pearson limits of all patients together, which hold no
        spread between studies; what such data cannot tell is NaN.

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
    (0.76, 0.642, 0.849)
    >>> pooled.method.split("; ")[1]
    'chosen for fewer than 5 events or patients without in 1 of 4 studies'
    """
    check_option("method", method, get_args(ShareMethod))
    if method in ("logit", "freeman_tukey"):
        return pool_studies(share_studies(events, n, scale=method, labels=labels, conf_level=conf_level), **options)
    if set(options) - {"prediction"}:
        raise ValueError(
            f"method {method!r} has its own tau2 and limits; it takes no tau2_method and no knapp_hartung, "
            "which go with method 'logit' or 'freeman_tukey'"
        )
    prediction = options.get("prediction", "k-2")
    check_option("prediction", prediction, get_args(Prediction))
    studies = share_studies(events, n, labels=labels, conf_level=conf_level)
    sparse, k = _sparse(studies), len(studies.labels)
    if method == "automatic" and k > 1 and not sparse:
        pooled = pool_studies(studies, prediction=prediction)
        reason = f"chosen as each study has {FEWEST_EVENTS} events or more and as many patients without"
        return replace(pooled, method=f"{pooled.method}; {reason}")
    pooled = _binomial_normal(replace(studies, notes=("",) * k), prediction)
    if method == "glmm" or k == 1 or _all_alike(studies):
        return pooled
    reason = f"chosen for fewer than {FEWEST_EVENTS} events or patients without in {sparse} of {k} studies"
    return replace(pooled, method=f"{pooled.method}; {reason}")


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
        Each study by itself with Wilson limits. Logits of few events make limits of the mean that cover too
        little; ``pool_proportions`` takes the counts instead.

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
    affected, patients = _table(studies)
    if _all_alike(studies):
        return _all_together(studies)
    fit = fit_binomial_normal(affected, patients)
    if fit is None:
        return _without_fit(studies)
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


def _table(studies: Studies) -> tuple[Counts, Counts]:
    """Return events and patients of each study."""
    return np.array([study.events for study in studies.own]), np.array([study.n for study in studies.own])


def _sparse(studies: Studies) -> int:
    """Return how many studies have too few events, or too few patients without, for the logit model."""
    affected, patients = _table(studies)
    return int((np.minimum(affected, patients - affected) < FEWEST_EVENTS).sum())


def _all_alike(studies: Studies) -> bool:
    affected, patients = _table(studies)
    return affected.sum() in (0, patients.sum())


def _all_together(studies: Studies) -> Pooled:
    """Return the share of all patients with exact limits, where all of them or none has the event."""
    affected, patients = _table(studies)
    share = proportion(
        int(affected.sum()), int(patients.sum()), method="clopper_pearson", conf_level=studies.conf_level
    )
    which = "every patient has the event in every study" if share.events else "no patient has the event in any study"
    method = f"Clopper-Pearson (exact) limits of all patients together, as {which}; no spread estimable"
    return _without_spread(studies, share, method)


def _without_fit(studies: Studies) -> Pooled:
    """Return a share that is not estimable, where the likelihood of the binomial-normal model has no peak."""
    affected, patients = _table(studies)
    reason = f"the likelihood has no clear peak up to a spread of {LARGEST_TAU:g} logits between studies"
    if ((affected == 0) | (affected == patients)).all():
        reason = "the studies differ without bound, some all events and others none"
    gap = not_estimable(reason, int(patients.sum()), conf_level=studies.conf_level)
    return _without_spread(studies, gap, gap.method)


def _without_spread(studies: Studies, share: Estimate, method: str) -> Pooled:
    nan, limits = math.nan, (share.conf_low, share.conf_high)
    k, level = len(studies.labels), studies.conf_level
    return Pooled(share.estimate, *limits, nan, nan, nan, nan, nan, k, method, n=share.n, conf_level=level)
