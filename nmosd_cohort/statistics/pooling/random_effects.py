"""Mean effect over studies that differ in their true effects, and where a further study would lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict, Unpack, get_args

import numpy as np
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.estimate import Floats, check_option
from nmosd_cohort.statistics.pooling.heterogeneity import Heterogeneity, Tau2Method, heterogeneity
from nmosd_cohort.statistics.pooling.studies import Studies, describe_notes, study_effects, to_plain
from nmosd_cohort.statistics.wald import Scale

KnappHartung = Literal["floor_at_zero", "floor", "plain", "none"]
Prediction = Literal["k-2", "k-1"]
SCALE_NAMES = {
    "plain": "",
    "log": " on the log scale",
    "logit": " on the logit scale",
    "fisher_z": " on the Fisher z scale",
    "freeman_tukey": " on the double arcsine scale",
}
LIMIT_NAMES = {
    "floor_at_zero": "Hartung-Knapp limits",
    "floor": "Hartung-Knapp limits never below those without the factor",
    "plain": "Hartung-Knapp limits without a floor",
    "none": "normal limits",
}
ROUNDING = 1e-12  # distances smaller than this share of the values are rounding
NO_SPREAD = "the studies have the same effect, which would make the Hartung-Knapp error 0"


class PoolOptions(TypedDict, total=False):
    """Options of ``pool_studies`` that every pooling function passes on."""

    tau2_method: Tau2Method
    knapp_hartung: KnappHartung
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Pooled:
    """Mean effect of k studies, and where the effect of a further study would lie.

    Parameters
    ----------
    estimate, conf_low, conf_high
        Mean effect with its limits on the plain scale: shares from 0 to 1, ratios, correlations, means.
    prediction_low, prediction_high
        Limits for the true effect of one further study; NaN with fewer than three studies.
    tau2
        Variance between studies on the scale of the pooling (log, logit, Fisher z); NaN with one study.
    i2
        Share of the variance of the effects that lies between studies, from 0 to 1; NaN with one study.
    q
        Cochran's Q, chi-square with k - 1 degrees of freedom if all studies have the same effect.
    k
        Studies.
    method
        How the numbers were made.
    n
        Patients of all studies, 0 if not told.
    std_error
        Standard error of the mean on the plain scale by the delta method.
    p_value
        Two-sided p-value against no effect; NaN for shares and means, which have none to test.
    conf_level
        Coverage of all limits.
    tau2_low, tau2_high, i2_low, i2_high
        Limits of `tau2` and `i2`, NaN where they are not made.
    h2
        Total variance over the variance within studies.
    q_p
        p-value of `q` against equal effects.
    weights
        Weight of each study in the mean, in the order of the studies; they add up to 1. Empty where the mean
        is not a weighted one.
    """

    estimate: float
    conf_low: float
    conf_high: float
    prediction_low: float
    prediction_high: float
    tau2: float
    i2: float
    q: float
    k: int
    method: str
    n: int = 0
    std_error: float = math.nan
    p_value: float = math.nan
    conf_level: float = 0.95
    tau2_low: float = math.nan
    tau2_high: float = math.nan
    i2_low: float = math.nan
    i2_high: float = math.nan
    h2: float = math.nan
    q_p: float = math.nan
    weights: tuple[float, ...] = ()


def pool_effects(
    effects: ArrayLike,
    variances: ArrayLike,
    *,
    n: ArrayLike | None = None,
    scale: Scale = "plain",
    labels: Sequence[str] | None = None,
    conf_level: float = 0.95,
    **options: Unpack[PoolOptions],
) -> Pooled:
    """Mean effect over studies that are known by their effects and the variances of these.

    Parameters
    ----------
    effects, variances, n, scale, labels, conf_level
        See ``study_effects``.
    **options
        See ``pool_studies``.

    Returns
    -------
    Pooled
        On the plain scale, for example exp of the mean logarithm.

    Raises
    ------
    ValueError
        As ``study_effects`` and ``pool_studies``.

    Examples
    --------
    >>> pooled = pool_effects([0.0, 1.0, 2.0], [0.2, 0.2, 0.2])
    >>> pooled.estimate, round(pooled.conf_low, 3), round(pooled.conf_high, 3)
    (1.0, -1.484, 3.484)
    """
    return pool_studies(
        study_effects(effects, variances, n=n, scale=scale, labels=labels, conf_level=conf_level), **options
    )


def pool_studies(
    studies: Studies,
    *,
    tau2_method: Tau2Method = "REML",
    knapp_hartung: KnappHartung = "floor_at_zero",
    prediction: Prediction = "k-2",
) -> Pooled:
    """Mean effect over studies that differ in their true effect, each study one draw.

    Parameters
    ----------
    studies
        Made by ``study_effects``, ``share_studies``, ``mean_studies``, ``change_studies``,
        ``correlation_studies``, ``ratio_studies`` or ``two_group_studies``.
    tau2_method
        Variance between studies: ``REML`` (default), ``DL``, ``PM``, or ``fixed``: all studies share one effect.
    knapp_hartung
        Hartung and Knapp's error with t(k - 1). Its factor can be near 0 where studies happen to agree:
        ``floor_at_zero`` (default) does not let it fall below 1 where no variance between studies is found,
        ``floor`` never lets it, ``plain`` always takes it as it is. ``none`` gives normal limits, which are too
        narrow with few studies. With ``fixed`` limits are always normal. Studies that all have the same effect give
        no limits without a floor.
    prediction
        Degrees of freedom of the prediction limits: ``k-2``, as Higgins, Thompson and Spiegelhalter propose, or
        ``k-1``, as R's metafor takes with the Hartung-Knapp error.

    Returns
    -------
    Pooled
        One study comes back as it is. Prediction limits are NaN with fewer than three studies (``k-1``: two) and
        with ``fixed``.

    Raises
    ------
    ValueError
        If an option is not allowed.

    Notes
    -----
    Knapp and Hartung 2003 (doi:10.1002/sim.1482); floor: Roever, Knapp and Friede 2015
    (doi:10.1186/s12874-015-0091-1); prediction limits: Higgins, Thompson and Spiegelhalter 2009
    (doi:10.1111/j.1467-985X.2008.00552.x) and Riley, Higgins and Deeks 2011 (doi:10.1136/bmj.d549). With four to
    six studies prediction limits can cover less than they say; also with 20 studies when tau2 is no larger than
    the variance within studies (86 to 91 %).

    Examples
    --------
    >>> pooled = pool_studies(study_effects([0.1, 0.3, 0.2], [0.02, 0.01, 0.04]), tau2_method="fixed")
    >>> round(pooled.estimate, 3), pooled.method
    (0.229, 'common-effect model, normal limits')
    """
    check_option("tau2_method", tau2_method, get_args(Tau2Method))
    check_option("knapp_hartung", knapp_hartung, get_args(KnappHartung))
    check_option("prediction", prediction, get_args(Prediction))
    k = len(studies.labels)
    if k == 1:
        return single_study(studies)
    spread = heterogeneity(studies.effects, studies.variances, tau2_method=tau2_method, conf_level=studies.conf_level)
    form = "none" if tau2_method == "fixed" else knapp_hartung
    mean, error, freedom = weighted_mean(studies.effects, studies.variances, spread.tau2, knapp_hartung=form)
    method = f"common-effect model{SCALE_NAMES[studies.scale]}, normal limits"
    reach = math.nan
    if tau2_method != "fixed":
        method = f"random-effects model{SCALE_NAMES[studies.scale]}, {tau2_method}, {LIMIT_NAMES[form]}"
        reach = math.hypot(error, math.sqrt(spread.tau2))
    if math.isnan(error):
        method = f"limits not estimable: {NO_SPREAD}; {method}"
    weights = 1 / (studies.variances + spread.tau2)
    return pooled_from(
        studies,
        spread,
        (mean, error, freedom),
        (reach, k - 2 if prediction == "k-2" else k - 1),
        method=method,
        weights=tuple((weights / weights.sum()).tolist()),
    )


def weighted_mean(
    effects: Floats, variances: Floats, tau2: float, *, knapp_hartung: KnappHartung = "floor_at_zero"
) -> tuple[float, float, float]:
    """Return the inverse-variance mean, its standard error and the degrees of freedom of its limits.

    Examples
    --------
    >>> weighted_mean(np.array([1.0, 2.0, 3.0]), np.full(3, 0.5), 0.5, knapp_hartung="plain")[2]
    2
    """
    weights = 1 / (variances + tau2)
    mean = float(weights @ effects / weights.sum())
    if knapp_hartung == "none":
        return mean, math.sqrt(1 / float(weights.sum())), math.inf
    factor = error_factor(effects, np.full(effects.size, mean), weights, effects.size - 1, tau2, knapp_hartung)
    return mean, math.sqrt(factor / float(weights.sum())), effects.size - 1


def error_factor(
    effects: Floats, means: Floats, weights: Floats, freedom: int, tau2: float, knapp_hartung: KnappHartung
) -> float:
    """Return the Hartung-Knapp factor, not below 1 where the option does not let it fall.

    Without a floor it is NaN where all effects are those of their means: studies that agree to the last digit do
    not show an error of 0.

    Examples
    --------
    >>> effects, means, weights = np.array([1.0, 2.0, 3.0]), np.full(3, 2.0), np.full(3, 0.2)
    >>> [round(error_factor(effects, means, weights, 2, 0.0, form), 3) for form in ("plain", "floor")]
    [0.2, 1.0]
    """
    factor = float(weights @ (effects - means) ** 2) / freedom
    if knapp_hartung == "floor" or (knapp_hartung == "floor_at_zero" and tau2 == 0):
        return max(factor, 1.0)
    return math.nan if is_rounding(effects - means, (effects,)) else factor


def is_rounding(distances: Floats, parts: tuple[Floats, ...]) -> bool:
    """Return whether distances are no more than the rounding of the parts that they were made of.

    Examples
    --------
    >>> is_rounding(np.array([1e-17, 0.0]), (np.array([0.5, 0.5]),))
    True
    """
    largest = max(float(np.abs(part).max()) for part in parts)
    return float(np.abs(distances).max()) <= ROUNDING * largest


def pooled_from(
    studies: Studies,
    spread: Heterogeneity,
    centre: tuple[float, float, float],
    further: tuple[float, int],
    *,
    method: str,
    weights: tuple[float, ...],
) -> Pooled:
    """Take a pooled mean (point, error, freedom) and the reach of a further study back to the plain scale.

    Examples
    --------
    >>> studies = study_effects([0.0, 1.0], [0.1, 0.1])
    >>> spread = heterogeneity(studies.effects, studies.variances)
    >>> pooled_from(studies, spread, (0.5, 0.5, 1), (0.9, 0), method="by hand", weights=(0.5, 0.5)).estimate
    0.5
    """
    text = "; ".join(part for part in (method, describe_notes(studies)) if part)
    mean = to_plain(studies, *centre, method=text)
    low, high = math.nan, math.nan
    if not math.isnan(further[0]):
        next_study = to_plain(studies, centre[0], further[0], further[1])
        low, high = next_study.conf_low, next_study.conf_high
    return Pooled(
        mean.estimate,
        mean.conf_low,
        mean.conf_high,
        low,
        high,
        spread.tau2,
        spread.i2,
        spread.q,
        len(studies.labels),
        text,
        n=mean.n,
        std_error=mean.std_error,
        p_value=mean.p_value,
        conf_level=studies.conf_level,
        tau2_low=spread.tau2_low,
        tau2_high=spread.tau2_high,
        i2_low=spread.i2_low,
        i2_high=spread.i2_high,
        h2=spread.h2,
        q_p=spread.q_p,
        weights=weights,
    )


def single_study(studies: Studies) -> Pooled:
    """Return the only study as it is.

    Examples
    --------
    >>> single_study(study_effects([0.3], [0.04])).method
    'one study, normal limits'
    """
    (own,) = studies.own
    # half a patient is added to a logit, not to the share that comes back here
    done = "" if studies.scale == "logit" else describe_notes(studies)
    text = "; ".join(part for part in (f"one study, {own.method}", done) if part)
    nan = math.nan
    return Pooled(
        own.estimate,
        own.conf_low,
        own.conf_high,
        nan,
        nan,
        nan,
        nan,
        nan,
        1,
        text,
        n=own.n,
        std_error=own.std_error,
        p_value=nan if studies.null is None else own.p_value,
        conf_level=studies.conf_level,
        weights=(1.0,),
    )
