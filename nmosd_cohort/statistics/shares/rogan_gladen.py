"""True prevalence from the share that a test calls positive, given how often the test is right."""

from __future__ import annotations

import math

from scipy.special import ndtri

from nmosd_cohort.statistics.estimate import (
    Estimate,
    as_number,
    check_conf_level,
    check_option,
    not_estimable,
    part_of_whole,
)
from nmosd_cohort.statistics.shares.proportions import METHOD_LABELS, Method, share_limits

# Limits of the apparent share widen by 1 / Youden: at 0.1, from plus or minus 5 points to plus or minus 50.
SMALLEST_YOUDEN = 0.1
ROUNDING = 1e-12


def true_prevalence(
    positive: int,
    n: int,
    *,
    sensitivity: float,
    specificity: float,
    method: Method = "wilson",
    conf_level: float = 0.95,
) -> Estimate:
    """Share that has the condition, from the share that a test of known accuracy calls positive.

    Parameters
    ----------
    positive, n
        Patients with a positive test, and patients tested.
    sensitivity, specificity
        Taken as known without error, from 0 to 1. If they come from a validation study, use
        `true_prevalence_estimated_accuracy`: with a study of 40 and 40 patients, limits that take them as
        known covered the truth 45 to 94 times in 100 in simulations.
    method
        Limits of the apparent share: ``wilson`` (default), ``clopper_pearson`` or ``jeffreys``.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Estimate and limits are held within 0 and 1, and `method` gives the value cut off. When all of them
        lie outside, limits are NaN and `method` says that the accuracy cannot be right. Without patients the
        estimate is NaN. `events` are the positive tests.

    Raises
    ------
    ValueError
        If a count is not whole, sensitivity or specificity is not a number from 0 to 1, or sensitivity plus
        specificity is not above 1.1: limits are then at least ten times as wide as those of the apparent
        share, and the answer is the test's error and not the patients.

    Notes
    -----
    Rogan and Gladen 1978 (doi:10.1093/oxfordjournals.aje.a112510); limits: Reiczigel, Foldi and Ozsvari 2010
    (doi:10.1017/S0950268810000385).

    Examples
    --------
    >>> prevalence = true_prevalence(45, 150, sensitivity=0.96, specificity=0.89)
    >>> round(prevalence.estimate, 3), round(prevalence.conf_low, 3), round(prevalence.conf_high, 3)
    (0.224, 0.144, 0.315)
    """
    check_option("method", method, tuple(METHOD_LABELS))
    positive, n = part_of_whole("positive", positive, "n", n)
    level = check_conf_level(conf_level)
    sensitivity = as_number("sensitivity", sensitivity, low=0, high=1)
    specificity = as_number("specificity", specificity, low=0, high=1)
    youden = _youden(sensitivity, specificity)
    if n == 0:
        return not_estimable("no patients tested", 0, conf_level=level)
    low, high = share_limits(positive, n, method, (1 - level) / 2)
    raw, raw_low, raw_high = ((share + specificity - 1) / youden for share in (positive / n, low, high))
    error = math.sqrt(positive / n * (1 - positive / n) / n) / youden
    how = f"Rogan-Gladen, sensitivity and specificity known, {METHOD_LABELS[method]} limits"
    return _within_0_and_1(raw, raw_low, raw_high, error, (positive, n), how, level)


def true_prevalence_estimated_accuracy(
    positive: int,
    n: int,
    *,
    se_events: int,
    se_n: int,
    sp_events: int,
    sp_n: int,
    conf_level: float = 0.95,
) -> Estimate:
    """Share that has the condition, from the share that a test of estimated accuracy calls positive.

    Parameters
    ----------
    positive, n
        Patients with a positive test, and patients tested.
    se_events, se_n
        Validation study: positive tests among those with the condition.
    sp_events, sp_n
        Validation study: negative tests among those without it.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Limits that include the error of sensitivity and specificity, widened to the estimate where they leave
        it out, as they can with a handful of patients. Held within 0 and 1 as in `true_prevalence`.

    Raises
    ------
    ValueError
        If a count is not whole, a part is more than its whole, a validation study has no patients,
        sensitivity plus specificity is not above 1.1, or is so uncertain that at this level it may be 1 or
        less: no limits are then narrower than 0 to 1.

    Notes
    -----
    Rogan and Gladen 1978 (doi:10.1093/oxfordjournals.aje.a112510); limits: Lang and Reiczigel 2014
    (doi:10.1016/j.prevetmed.2013.09.015). The three samples are taken as independent, and the test as equally
    accurate in the patients of both. In simulations of 50 to 400 patients and studies of 40 to 200, coverage of
    95 % limits was 95 % or more. When the sum may be 1, see Fieller 1954
    (doi:10.1111/j.2517-6161.1954.tb00159.x).

    Examples
    --------
    >>> prevalence = true_prevalence_estimated_accuracy(45, 150, se_events=69, se_n=83, sp_events=64, sp_n=71)
    >>> round(prevalence.estimate, 3), round(prevalence.conf_low, 3), round(prevalence.conf_high, 3)
    (0.275, 0.141, 0.399)
    """
    positive, n = part_of_whole("positive", positive, "n", n)
    level = check_conf_level(conf_level)
    se_events, se_n = _validated("se", se_events, se_n)
    sp_events, sp_n = _validated("sp", sp_events, sp_n)
    sensitivity, specificity = se_events / se_n, sp_events / sp_n
    youden = _youden(sensitivity, specificity)
    z = -float(ndtri((1 - level) / 2))
    low, high = _lang_reiczigel_limits((positive, n), (se_events, se_n), (sp_events, sp_n), z)
    if n == 0:
        return not_estimable("no patients tested", 0, conf_level=level)
    share = positive / n
    raw = (share + specificity - 1) / youden
    variance = (
        share * (1 - share) / n + raw**2 * _variance(sensitivity, se_n) + (1 - raw) ** 2 * _variance(specificity, sp_n)
    )
    how = f"Rogan-Gladen, sensitivity from {se_n} and specificity from {sp_n} patients, Lang-Reiczigel limits"
    return _within_0_and_1(raw, min(low, raw), max(high, raw), math.sqrt(variance) / youden, (positive, n), how, level)


def _lang_reiczigel_limits(
    tested: tuple[int, int], sensitive: tuple[int, int], specific: tuple[int, int], z: float
) -> tuple[float, float]:
    """Return limits from shares moved towards one half, with the shift of the paper's equation 17."""
    n = tested[1] + z * z
    share = (tested[0] + z * z / 2) / n
    sensitivity, specificity = (sensitive[0] + 1) / (sensitive[1] + 2), (specific[0] + 1) / (specific[1] + 2)
    error_se, error_sp = _variance(sensitivity, sensitive[1] + 2), _variance(specificity, specific[1] + 2)
    youden = sensitivity + specificity - 1
    if youden <= z * math.sqrt(error_se + error_sp):
        raise ValueError(
            f"sensitivity {sensitive[0]}/{sensitive[1]} and specificity {specific[0]}/{specific[1]} are so uncertain "
            "that their sum may be 1, a test that tells nothing; a larger validation study is needed"
        )
    prevalence = (share + specificity - 1) / youden
    shift = 2 * z * z * (prevalence * error_se - (1 - prevalence) * error_sp)
    variance = _variance(share, n) + prevalence**2 * error_se + (1 - prevalence) ** 2 * error_sp
    reach = z * math.sqrt(variance) / youden
    return prevalence + shift - reach, prevalence + shift + reach


def _within_0_and_1(
    raw: float, low: float, high: float, error: float, tested: tuple[int, int], how: str, level: float
) -> Estimate:
    """Return the estimate with what lies outside 0 and 1 cut off and told."""
    positive, n = tested
    if low >= 1 or high <= 0:
        excess = "many for the sensitivity" if low >= 1 else "few for the specificity"
        reason = f"{positive} positive of {n} are too {excess}, which cannot be right in these patients"
        return not_estimable(reason, n, estimate=float(low >= 1), conf_level=level, events=positive)
    names = {"estimate": raw, "lower limit": low, "upper limit": high}
    cut = [f"{name} {value:.3f}" for name, value in names.items() if not -ROUNDING <= value <= 1 + ROUNDING]
    note = f"; cut off at 0 or 1: {', '.join(cut)}" if cut else ""
    estimate, conf_low, conf_high = (min(1.0, max(0.0, value)) for value in (raw, low, high))
    return Estimate(estimate, conf_low, conf_high, n, how + note, std_error=error, conf_level=level, events=positive)


def _variance(share: float, n: float) -> float:
    return share * (1 - share) / n


def _validated(name: str, events: int, n: int) -> tuple[int, int]:
    events, n = part_of_whole(f"{name}_events", events, f"{name}_n", n)
    if n == 0:
        raise ValueError(f"{name}_n is 0; the validation study needs patients")
    return events, n


def _youden(sensitivity: float, specificity: float) -> float:
    youden = sensitivity + specificity - 1
    if youden <= SMALLEST_YOUDEN + ROUNDING:
        raise ValueError(
            f"sensitivity {sensitivity:.3g} + specificity {specificity:.3g} - 1 is {youden:.3g}; it must be above "
            f"{SMALLEST_YOUDEN}, as with less the limits are at least ten times as wide as those of the apparent share"
        )
    return youden
