"""How strong an unmeasured confounder would have to be to explain a result away: E-values."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import Literal

from nmosd_cohort.statistics.estimate import as_number, check_option

Measure = Literal["risk_ratio", "rate_ratio", "odds_ratio", "hazard_ratio", "common_odds_ratio", "common_hazard_ratio"]
METHODS = {
    "risk_ratio": "risk ratio",
    "rate_ratio": "rate ratio",
    "odds_ratio": "odds ratio of a rare outcome, taken as a risk ratio",
    "hazard_ratio": "hazard ratio of a rare outcome, taken as a risk ratio",
    "common_odds_ratio": "square root of the odds ratio of a common outcome",
    "common_hazard_ratio": "risk ratio from the hazard ratio of a common outcome",
}
# Log risk ratio per SD of a difference of means, and per standard error of it for the 95 % limits.
LOG_RATIO_PER_SD, LOG_RATIO_PER_ERROR = 0.91, 1.78
MOST_SDS = 100.0  # a difference or error beyond it is not in SDs


@dataclass(frozen=True, slots=True)
class EValue:
    """What a confounder would need to explain an estimate away.

    Parameters
    ----------
    estimate
        E-value of the estimate, 1 or more.
    limit
        E-value of the confidence limit nearer to no effect; 1 if the limits include no effect, NaN without
        limits.
    risk_ratio, conf_low, conf_high
        The estimate and its limits as (approximate) risk ratios, on which the E-values rest.
    method
        How the risk ratio was made.
    """

    estimate: float
    limit: float
    risk_ratio: float
    conf_low: float
    conf_high: float
    method: str


def e_value(
    estimate: float,
    conf_low: float = math.nan,
    conf_high: float = math.nan,
    *,
    measure: Measure,
) -> EValue:
    """Risk ratio that a confounder needs with both exposure and outcome to explain a ratio away.

    Parameters
    ----------
    estimate, conf_low, conf_high
        A ratio and its limits, adjusted for what was measured. Without limits, leave both out.
    measure
        ``odds_ratio`` and ``hazard_ratio`` of an outcome that fewer than 15 % have stand for risk ratios as they
        are. For outcomes that more have, ``common_odds_ratio`` takes the square root and ``common_hazard_ratio``
        takes (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1 / HR)).

    Returns
    -------
    EValue
        On the scale of risk ratios, whichever direction the estimate has.

    Raises
    ------
    ValueError
        If a ratio is not above 0, the limits do not enclose the estimate, one limit is missing, or the measure
        is unknown.

    Notes
    -----
    VanderWeele and Ding 2017 (doi:10.7326/M16-2607): RR + sqrt(RR (RR - 1)) for a ratio above 1, of 1 / RR below.
    The confounder must be associated this strongly with both, beyond the measured covariates. Other biases,
    such as selection or error of measurement, are not covered.

    Examples
    --------
    >>> bottle_fed = e_value(3.9, 1.8, 8.7, measure="risk_ratio")
    >>> round(bottle_fed.estimate, 2), round(bottle_fed.limit, 2)
    (7.26, 3.0)
    """
    check_option("measure", measure, METHODS)
    for name, value in (("estimate", estimate), ("conf_low", conf_low), ("conf_high", conf_high)):
        if not isinstance(value, numbers.Real) or value <= 0 or math.isinf(value):
            raise ValueError(f"{name} is {value!r}; a ratio must be above 0 and finite")
    ratio, low, high = (_as_risk_ratio(value, measure) for value in (estimate, conf_low, conf_high))
    return _e_values(ratio, low, high, METHODS[measure])


def e_value_of_mean_difference(difference_in_sds: float, std_error: float = math.nan) -> EValue:
    """Risk ratio that a confounder needs with both exposure and outcome to explain a mean difference away.

    Parameters
    ----------
    difference_in_sds
        Difference of means divided by the SD of the outcome.
    std_error
        Its standard error, in SDs too; without it there is no E-value of the limit.

    Returns
    -------
    EValue
        With the risk ratio exp(0.91 d) and its 95 % limits exp(0.91 d ± 1.78 standard errors).

    Raises
    ------
    ValueError
        If the difference is missing or beyond 100 SDs, or the error is negative or above 100 SDs.

    Notes
    -----
    VanderWeele and Ding 2017 (doi:10.7326/M16-2607), table 2; outcome about normal with equal SD in both groups.

    Examples
    --------
    >>> harder = e_value_of_mean_difference(0.5, 0.1)
    >>> round(harder.risk_ratio, 3), round(harder.estimate, 3), round(harder.limit, 3)
    (1.576, 2.529, 1.968)
    """
    given = as_number("difference_in_sds", difference_in_sds, low=-MOST_SDS, high=MOST_SDS)
    if not isinstance(std_error, numbers.Real) or not (math.isnan(std_error) or 0 <= std_error <= MOST_SDS):
        raise ValueError(f"std_error is {std_error!r}; it must be 0 or more, and {MOST_SDS:g} or less")
    middle, reach = LOG_RATIO_PER_SD * given, LOG_RATIO_PER_ERROR * float(std_error)
    ratio, low, high = math.exp(middle), math.exp(middle - reach), math.exp(middle + reach)
    return _e_values(ratio, low, high, "risk ratio exp(0.91 d) for a difference of d SDs")


def _e_values(ratio: float, low: float, high: float, method: str) -> EValue:
    if math.isnan(low) != math.isnan(high):
        raise ValueError("one of conf_low and conf_high is missing; give both or none")
    if math.isnan(ratio) or not (math.isnan(low) or low <= ratio <= high):
        raise ValueError("the limits must enclose the estimate: conf_low <= estimate <= conf_high")
    nearer = max(1.0, low) if ratio >= 1 else min(1.0, high)
    limit = math.nan if math.isnan(low) else _needed(nearer)
    return EValue(_needed(ratio), limit, ratio, low, high, method)


def _needed(risk_ratio: float) -> float:
    away = max(risk_ratio, 1 / risk_ratio)
    return away + math.sqrt(away * (away - 1))


def _as_risk_ratio(value: float, measure: str) -> float:
    if measure == "common_odds_ratio":
        return math.sqrt(value)
    if measure == "common_hazard_ratio":
        return math.expm1(-math.log(2) * math.sqrt(value)) / math.expm1(-math.log(2) * math.sqrt(1 / value))
    return value
