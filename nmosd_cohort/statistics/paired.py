"""Change within the same patients: its mean, its pseudo-median, and who responded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    Floats,
    as_pairs,
    check_conf_level,
    check_counts,
    check_option,
    distinct,
    not_estimable,
)
from nmosd_cohort.statistics.rank_inversion import (
    SAME_WITHIN,
    exact_limits,
    grouped,
    inverted_limits,
    standardised,
)
from nmosd_cohort.statistics.ranks import quantile

Zeros = Literal["pratt", "drop"]
ResponderRule = Literal["pct30", "pct50", "abs2", "pct30_or_abs2", "pct30_and_abs2"]
RESPONDER_RULES = ("pct30", "pct50", "abs2", "pct30_or_abs2", "pct30_and_abs2")
EXACT_PAIRS = 50  # up to this the null distribution of the signed-rank sum is computed, as in R
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
    Student 1908.

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
    half_width = -float(stdtrit(n - 1, (1 - level) / 2)) * error
    p_value = float(2 * stdtr(n - 1, -abs(mean) / error))
    return Estimate(mean, mean - half_width, mean + half_width, n, "paired t", error, p_value, level)


def pseudo_median(
    differences: ArrayLike,
    counts: ArrayLike | None = None,
    *,
    zeros: Zeros = "pratt",
    conf_level: float = 0.95,
) -> Estimate:
    """Median of the means of all pairs of differences (pseudo-median), in points of the scale.

    Parameters
    ----------
    differences, counts
        Change of each patient, and patients with each change; None counts every change once.
    zeros
        ``pratt`` ranks unchanged patients and leaves them out of the rank sums; ``drop`` leaves them out
        altogether, so that the estimate describes the changed ones only (the default of R).
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Limits are the shifts that the signed-rank test does not reject: with its exact distribution for up
        to 50 patients without ties or zeros, otherwise normal with tie and continuity correction. p is that
        of the same test at shift 0. Limits are NaN, with the reason in `method`, when there are too few
        patients or all changed by the same amount.

    Notes
    -----
    Hodges and Lehmann 1963; Pratt 1959; Hollander, Wolfe and Chicken 2014, section 3.3.

    Examples
    --------
    >>> change = pseudo_median([-4, -3, -2, -1, 0, 1], [2, 4, 6, 4, 3, 1])
    >>> change.estimate, change.conf_low, change.conf_high
    (-2.0, -2.5, -1.0)
    """
    check_option("zeros", zeros, ("pratt", "drop"))
    level = check_conf_level(conf_level)
    levels, totals = distinct(differences, counts, name="differences")
    n_zero = int(totals[levels == 0].sum())
    note = f", {n_zero} unchanged patients {'dropped' if zeros == 'drop' else 'ranked'}" if n_zero else ""
    if zeros == "drop":
        levels, totals = levels[levels != 0], totals[levels != 0]
    n = int(totals.sum())
    if n == 0:
        return not_estimable(f"no patients{note}", 0, conf_level=level)
    averages, weights, position = _walsh_averages(levels, totals)
    centre = quantile(averages, weights, 0.5)
    if n <= EXACT_PAIRS and n == np.unique(np.abs(levels)).size and levels.all():
        label = "signed-rank inversion, exact"
        low, high, p_value = exact_limits(averages, weights, signed_rank_null(n), level)
    else:
        label = "signed-rank inversion, normal with tie and continuity correction"
        z_at, z_between = _signed_rank_z(weights, position, totals)
        low, high, p_value = inverted_limits(averages, z_at, z_between, centre, level)
    reason = "every patient changed by the same amount" if levels.size == 1 and n > 1 else ""
    if not reason and (math.isinf(low) or math.isinf(high)):
        reason = f"too few patients (n = {n})"
    if reason:
        return not_estimable(reason + note, n, estimate=centre, p_value=p_value, conf_level=level)
    return Estimate(centre, low, high, n, label + note, p_value=p_value, conf_level=level)


def signed_rank_null(n: int) -> Floats:
    """Return the probability of each signed-rank sum from 0 to n (n + 1) / 2 when nothing changes or ties.

    Notes
    -----
    Wilcoxon 1945: every patient's sign is a fair coin.

    Examples
    --------
    >>> (8 * signed_rank_null(3)).tolist()
    [1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0]
    """
    null = np.ones(1)
    for rank in range(1, n + 1):
        null = (np.append(null, np.zeros(rank)) + np.append(np.zeros(rank), null)) / 2
    return null


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
        If the rule is unknown, the scores are not paired, or a baseline is negative.

    Notes
    -----
    Farrar 2001; Dworkin 2008 (IMMPACT).

    Examples
    --------
    >>> responders([10, 9, 5, 4, 0], [7, 7, 4, 6, 0], rule="pct30")
    ResponderCount(responders=1, non_responders=2, worsened=1, not_evaluable=1)
    """
    categories = response(before, after, rule=rule)
    totals = check_counts(np.ones(categories.size) if counts is None else counts, size=categories.size)
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
    check_option("rule", rule, RESPONDER_RULES)
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
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers, NaN where missing") from error


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


def _walsh_averages(levels: Floats, totals: Counts) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Return the distinct averages of two differences, the pairs with each, and the place of each pair.

    Pairs of levels come in the order of `numpy.triu_indices`; a patient is also paired with itself.
    """
    first, second = np.triu_indices(levels.size)
    scale = float(np.abs(levels).max())
    averages, position = grouped((levels[first] + levels[second]) / 2, scale)
    averages = np.where(np.abs(averages) <= SAME_WITHIN * scale, 0.0, averages)
    n = totals.astype(np.float64)
    pairs = np.where(first == second, n[first] * (n[first] + 1) / 2, n[first] * n[second])
    return averages, np.bincount(position, weights=pairs).astype(np.float64), position


def _signed_rank_z(weights: Floats, position: NDArray[np.intp], totals: Counts) -> tuple[Floats, Floats]:
    """Return the absolute signed-rank z at each distinct average and in the gaps around them.

    The positive less the negative rank sum is the pairs averaging above the shift less those below; its
    variance is the sum of squared ranks of the patients who differ from the shift.
    """
    counts = totals.astype(np.float64)
    first, second = np.triu_indices(counts.size)
    one, two = counts[first], counts[second]
    n, all_pairs = counts.sum(), weights.sum()
    squares = n * (n + 1) * (2 * n + 1) / 6 - (counts**3 - counts).sum() / 12
    lost = np.where(first == second, one * (one + 1) ** 2 / 4, one * two * (one + two) / 4)
    spread_at = np.sqrt(np.maximum(squares - np.bincount(position, weights=lost), 0.0))
    through = np.cumsum(weights)
    balance_at, balance_between = all_pairs + weights - 2 * through, all_pairs - 2 * np.append(0.0, through)
    return (
        standardised(np.abs(balance_at) - 1, spread_at),
        standardised(np.abs(balance_between) - 1, np.full(through.size + 1, math.sqrt(squares))),
    )
