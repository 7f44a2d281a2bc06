"""Change within the same patients: its mean, and who responded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nmosd_cohort.statistics.estimate import (
    Estimate,
    Floats,
    as_pairs,
    check_conf_level,
    check_option,
    not_estimable,
    patient_counts,
)
from nmosd_cohort.statistics.rounding import SAME_WITHIN
from nmosd_cohort.statistics.wald import wald_estimate

ResponderRule = Literal["pct30", "pct50", "abs2", "pct30_or_abs2", "pct30_and_abs2"]
ON_THRESHOLD = 1e-9  # a fall from 10 to 7 is 30 % in spite of binary fractions


@dataclass(frozen=True, slots=True)
class ResponderCount:
    """Patients by their response: the four groups add up to all patients.

    Parameters
    ----------
    responders
        The fall reaches the threshold of the rule.
    non_responders
        Neither a response nor a worsening.
    worsened
        A rise of 30 % or more, or of 2 points or more.
    not_evaluable
        A score is missing, or the rule needs a percentage and the baseline is 0.

    Examples
    --------
    >>> ResponderCount(3, 4, 1, 2).evaluable
    8
    """

    responders: int
    non_responders: int
    worsened: int
    not_evaluable: int

    @property
    def evaluable(self) -> int:
        """Patients for whom the rule gives an answer, the denominator of the share of responders."""
        return self.responders + self.non_responders + self.worsened


def mean_change(
    before: ArrayLike, after: ArrayLike, counts: ArrayLike | None = None, *, conf_level: float = 0.95
) -> Estimate:
    """Mean of after minus before in the same patients, in points of the scale (negative is a fall).

    Parameters
    ----------
    before, after, counts
        Scores of the same patients, and patients with each pair of scores; None counts every pair once.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Student's paired t limits and p. With one patient, or the same change in all, the limits are NaN and
        `method` says why.

    Notes
    -----
    Student 1908 (doi:10.2307/2331554).

    Examples
    --------
    >>> change = mean_change([5, 6, 4, 7], [3, 6, 3, 4])
    >>> change.estimate, round(change.conf_low, 2), round(change.conf_high, 2)
    (-1.5, -3.55, 0.55)
    """
    first, second, totals = as_pairs(before, after, counts)
    level = check_conf_level(conf_level)
    n = int(totals.sum())
    if n == 0:
        return not_estimable("no patients", 0, conf_level=level)
    change = second - first
    mean = float(totals @ change) / n
    if n == 1:
        return not_estimable("one patient", 1, estimate=mean, conf_level=level)
    if np.ptp(change) <= SAME_WITHIN * np.abs(np.concatenate((first, second))).max():
        return not_estimable("every patient changed by the same amount", n, estimate=mean, conf_level=level)
    error = math.sqrt(float(totals @ (change - mean) ** 2) / (n - 1) / n)
    return wald_estimate(mean, error, n, "paired t", conf_level=level, freedom=n - 1)


def responders(
    before: ArrayLike, after: ArrayLike, counts: ArrayLike | None = None, *, rule: ResponderRule
) -> ResponderCount:
    """Patients by their response, on a scale on which lower is better.

    Parameters
    ----------
    before, after, counts
        Scores of the same patients (NaN where missing), and patients with each pair.
    rule
        Fall that makes a responder: ``pct30`` and ``pct50`` of the baseline, ``abs2`` 2 points,
        ``pct30_or_abs2`` either, ``pct30_and_abs2`` both. Thresholds are reached, not passed.

    Raises
    ------
    ValueError
        If the rule is unknown, the scores are not paired or infinite, or a baseline is negative.

    Notes
    -----
    Farrar 2001 (doi:10.1016/S0304-3959(01)00349-9); Dworkin 2008, IMMPACT (doi:10.1016/j.jpain.2007.09.005).

    Examples
    --------
    >>> responders([10, 9, 5, 4, 0], [7, 7, 4, 6, 0], rule="pct30")
    ResponderCount(responders=1, non_responders=2, worsened=1, not_evaluable=1)
    """
    categories = response(before, after, rule=rule)
    totals = patient_counts(counts, size=categories.size)
    return ResponderCount(
        *(
            int(totals[categories == category].sum())
            for category in ("responder", "non_responder", "worsened", "not_evaluable")
        )
    )


def response(before: ArrayLike, after: ArrayLike, *, rule: ResponderRule) -> NDArray[np.str_]:
    """Return the response of each patient: responder, non_responder, worsened or not_evaluable.

    Parameters
    ----------
    before, after, rule
        As in `responders`.

    Examples
    --------
    >>> response([3, 7], [2, float("nan")], rule="pct30").tolist()
    ['responder', 'not_evaluable']
    """
    check_option("rule", rule, get_args(ResponderRule))
    first, second = _scores("before", before), _scores("after", after)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"before has shape {first.shape} and after {second.shape}; they must be paired lists")
    if (first < 0).any():
        raise ValueError(f"before has {int((first < 0).sum())} negative scores; a fall in percent needs 0 or more")
    fall, allowed = first - second, ON_THRESHOLD * np.maximum(1.0, first)
    is_evaluable = np.isfinite(first) & np.isfinite(second) & ((first > 0) | (rule == "abs2"))
    is_worse = (-fall >= 2 - allowed) | ((first > 0) & (-fall >= 0.3 * first - allowed))
    choices = [~is_evaluable, _reaches(rule, fall, first, allowed), is_worse]
    return np.select(choices, ["not_evaluable", "responder", "worsened"], "non_responder")


def _scores(name: str, values: ArrayLike) -> Floats:
    """Return scores as floats, NaN where missing."""
    try:
        scores = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, NaN where missing") from error
    n_infinite = int(np.isinf(scores).sum())
    if n_infinite:
        raise ValueError(f"{name} has {n_infinite} infinite scores of {scores.size}; NaN stands for a missing one")
    return scores


def _reaches(rule: str, fall: Floats, baseline: Floats, allowed: Floats) -> NDArray[np.bool_]:
    """Return whether the fall reaches the threshold of the rule, within rounding."""
    by_30, by_50 = fall >= 0.3 * baseline - allowed, fall >= 0.5 * baseline - allowed
    by_2 = fall >= 2 - allowed
    return {
        "pct30": by_30,
        "pct50": by_50,
        "abs2": by_2,
        "pct30_or_abs2": by_30 | by_2,
        "pct30_and_abs2": by_30 & by_2,
    }[rule]
