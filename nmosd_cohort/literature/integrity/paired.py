"""What a printed before-after result implies for the correlation of the two scores, which is hardly ever printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import pandas as pd
from scipy.special import stdtrit

from nmosd_cohort.literature.integrity.finding import Check
from nmosd_cohort.literature.integrity.p_agreement import p_distance, printed_p
from nmosd_cohort.literature.integrity.p_values import critical_value, two_sided_p
from nmosd_cohort.literature.integrity.tolerance import Span, over_rounding, overlap, span, words
from nmosd_cohort.statistics.estimate import as_number, whole_number

SMALLEST_P = 1e-6
RANK_TEST = 1.0  # normal deviates that a signed-rank test may lie from every t test
CORRELATIONS = tuple(round(step / 10, 1) for step in range(-9, 10))


@dataclass(frozen=True, slots=True)
class NeededCorrelation:
    """Correlation of the scores before and after at which a paired t test gives a p-value.

    Parameters
    ----------
    at_printed
        At the printed means and SDs; may lie outside -1 to 1, which no patients have. NaN without change.
    low, high
        The least and the most over all means and SDs that print as those.

    Examples
    --------
    >>> NeededCorrelation(0.2, 0.1, 0.3).low
    0.1
    """

    at_printed: float
    low: float
    high: float


def correlation_needed(
    mean_before: float,
    sd_before: float,
    mean_after: float,
    sd_after: float,
    n: int,
    p_below: float,
    *,
    decimals: int = 1,
) -> NeededCorrelation:
    """Correlation of the scores before and after above which a paired t test gives p below a bound.

    Parameters
    ----------
    mean_before, sd_before, mean_after, sd_after
        As printed.
    n
        Patients with both scores, two or more.
    p_below
        Bound on the two-sided p, above 0 and below 1. For an exact p this is the correlation that gives it.
    decimals
        Decimals of means and SDs.

    Raises
    ------
    ValueError
        If an SD is not above zero, n is below two, or p_below is not between 0 and 1.

    Notes
    -----
    p is below the bound when the SD of the change is below ``|change| sqrt(n) / t``, with t the quantile of n - 1
    degrees of freedom; its square is ``sd_before^2 + sd_after^2 - 2 r sd_before sd_after``.

    Seven patients with 3.0 (1.5) before and 0.9 (1.2) after, P < 0.05, need r above -0.41 with the change of -2.1
    that the printed means give. Seven whole scores can only have means of 21/7 and 6/7, a change of -15/7 = -2.14,
    and then r above -0.47 is enough. Both lie in the range that rounding leaves open.

    Examples
    --------
    >>> needed = correlation_needed(3.0, 1.5, 0.9, 1.2, 7, 0.05)
    >>> round(needed.at_printed, 3), needed.low < -0.466 < needed.high
    (-0.407, True)
    >>> round(correlation_needed(3.2, 2.2, 1.7, 2.6, 19, 0.05).at_printed, 3)
    0.167
    """
    size = _pairs(n)
    if not 0 < as_number("p_below", p_below) < 1:
        raise ValueError(f"p_below is {p_below}; it must lie between 0 and 1, for example 0.05")
    if min(sd_before, sd_after) <= 0:
        raise ValueError(f"the SDs are {sd_before} and {sd_after}; without spread there is no correlation")
    reach = _reach(size, p_below)
    at_printed = _correlation(abs(mean_after - mean_before) * reach, sd_before, sd_after)
    change, before, after = _ranges(mean_before, sd_before, mean_after, sd_after, decimals)
    found = []
    for distance, one, two in product(change, before, after):
        most = distance * reach
        # In each SD the correlation falls to a least value and rises again, so that is tried with the ends.
        turning = [
            (math.sqrt(max(0.0, two * two - most * most)), two),
            (one, math.sqrt(max(0.0, one * one - most * most))),
        ]
        inside = [(a, b) for a, b in turning if before[0] <= a <= before[1] and after[0] <= b <= after[1]]
        found += [_correlation(most, a, b) for a, b in [(one, two), *inside]]
    return NeededCorrelation(at_printed, min(found), max(found))


def paired_change_range(
    mean_before: float,
    sd_before: float,
    mean_after: float,
    sd_after: float,
    n: int,
    *,
    correlations: Sequence[float] = CORRELATIONS,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Mean change of a before-after study with limits and p, one row for each correlation that is assumed.

    Parameters
    ----------
    mean_before, sd_before, mean_after, sd_after, n
        As printed, two patients or more.
    correlations
        Correlations of the two scores to assume, from -1 to 1.
    conf_level
        Coverage of the limits.

    Returns
    -------
    DataFrame
        ``correlation, change, sd_change, conf_low, conf_high, p_value``, by t with n - 1 degrees of freedom.

    Raises
    ------
    ValueError
        If a correlation is not from -1 to 1, an SD is negative, or n is below two.

    Examples
    --------
    >>> row = paired_change_range(3.2, 2.2, 1.7, 2.6, 19, correlations=[0.6]).iloc[0]
    >>> [round(float(row[name]), 2) for name in ("change", "conf_low", "conf_high")]
    [-1.5, -2.55, -0.45]
    """
    size, change = _pairs(n), mean_after - mean_before
    if min(sd_before, sd_after) < 0:
        raise ValueError(f"the SDs are {sd_before} and {sd_after}; they cannot be negative")
    critical = critical_value(size - 1, conf_level)
    rows = []
    for r in correlations:
        as_number("correlation", r, low=-1, high=1)
        spread = math.sqrt(max(0.0, sd_before**2 + sd_after**2 - 2 * r * sd_before * sd_after))
        error = spread / math.sqrt(size)
        p = two_sided_p(change / error, size - 1) if error > 0 else float(change == 0)
        rows.append((float(r), change, spread, change - critical * error, change + critical * error, p))
    columns = ["correlation", "change", "sd_change", "conf_low", "conf_high", "p_value"]
    return pd.DataFrame(rows, columns=columns)


def check_paired_p(
    mean_before: float, sd_before: float, mean_after: float, sd_after: float, n: int, p: str, *, decimals: int = 1
) -> Check:
    """Test whether some correlation of the scores before and after gives the printed p of a before-after result.

    Parameters
    ----------
    mean_before, sd_before, mean_after, sd_after, n, decimals
        As for `correlation_needed`.
    p
        As printed, ``<`` in front of a bound.

    Returns
    -------
    Check
        ``consistent`` if a correlation from -1 to 1 gives it, ``inconsistent`` if none does, whatever rounding hid.
        ``informative`` if none does but a signed-rank test may: the p at 1 or -1 is near, or all patients changed
        one way, where its p is bounded by their number.
        ``not checkable`` without spread or where p is below 0.000001 or above 0.999999.

    Notes
    -----
    A signed-rank p follows from no means and SDs. Of 3000 drawn papers with whole scores of 5 to 59 patients, 29
    print a signed-rank p for which t would need a correlation that does not exist. With the room of one normal
    deviate all were ``informative``; with half of one, 1 was ``inconsistent``.

    Examples
    --------
    >>> check_paired_p(3.0, 1.5, 0.9, 1.2, 7, "<0.05").recomputed
    'correlation above -0.407 (-0.748 to -0.047 with rounding)'
    """
    name = "correlation before and after"
    printed = f"{mean_before} ({sd_before}) to {mean_after} ({sd_after}), n = {n}, p {p}"
    lowest_p, highest_p = printed_p(p)
    if min(sd_before, sd_after) <= 0 or highest_p <= SMALLEST_P or lowest_p >= 1 - SMALLEST_P:
        return Check(name, "not checkable", printed, "", "Without spread, or with a p near 0 or 1, nothing follows.")
    numbers = (mean_before, sd_before, mean_after, sd_after, n)
    if p.startswith("<"):
        needed = correlation_needed(*numbers, highest_p, decimals=decimals)
        between, side = (needed.low, math.inf), "above "
        centre = needed.at_printed
    else:
        # A smaller p needs a higher correlation.
        ends = [max(lowest_p, SMALLEST_P), min(highest_p, 1 - SMALLEST_P)]
        needed_ends = [correlation_needed(*numbers, end, decimals=decimals) for end in ends]
        middle = min(max(float(p), ends[0]), ends[1])
        centre = correlation_needed(*numbers, middle, decimals=decimals).at_printed
        between, side = (needed_ends[1].low, needed_ends[0].high), ""
        needed = NeededCorrelation(centre, *between)
    recomputed = f"correlation {side}{centre:.3g} ({words((needed.low, needed.high))} with rounding)"
    if between[0] > 1 or between[1] < -1:
        end = 1 if between[0] > 1 else -1
        nearest = _p_at(end, *_ranges(mean_before, sd_before, mean_after, sd_after, decimals), n)
        ways = [nearest] if end == 1 else [nearest, (nearest[0], max(nearest[1], _least_rank_p(n)))]
        shown = (lowest_p, highest_p)
        gap = min(0.0 if overlap(way, shown) else p_distance(way, shown) for way in ways)
        far = "higher than 1" if end == 1 else "lower than -1"
        detail = f"A paired t test gives this p only with a correlation {far}, which does not exist."
        if gap <= RANK_TEST:
            return Check(name, "informative", printed, recomputed, f"{detail} A rank test may give it.")
        return Check(name, "inconsistent", printed, recomputed, detail)
    detail = f"A paired t test gives this p with a correlation {side}{centre:.2f} of the scores before and after."
    if not -1 <= centre <= 1:
        detail = "A paired t test gives this p with a possible correlation only if rounding is allowed for."
    return Check(name, "consistent", printed, recomputed, detail)


def _pairs(n: int) -> int:
    size = whole_number("n", n)
    if size < 2:
        raise ValueError(f"n is {n}; a change with spread needs two patients or more")
    return size


def _reach(n: int, p: float) -> float:
    """Return the SD of a change, in units of its mean, at which a paired t test gives p."""
    return math.sqrt(n) / float(stdtrit(n - 1, 1 - p / 2))


def _correlation(sd_change: float, sd_before: float, sd_after: float) -> float:
    return (sd_before**2 + sd_after**2 - sd_change**2) / (2 * sd_before * sd_after)


def _p_at(correlation: int, change: Span, before: Span, after: Span, n: int) -> Span:
    """Return the p-values of a paired t test at a correlation of 1 or -1, over what rounding leaves open."""

    def p(distance: float, one: float, two: float) -> float:
        error = abs(one - correlation * two) / math.sqrt(n)
        return two_sided_p(distance / error, n - 1) if error > 0 else float(distance == 0)

    low, high = over_rounding(p, change, before, after)
    return (0.0 if correlation == 1 and overlap(before, after) and change[1] > 0 else low), high


def _least_rank_p(n: int) -> float:
    """Return the p of the signed-rank test, by the normal distribution, when all n patients change one way."""
    return two_sided_p(math.sqrt(n * (n + 1) * 1.5 / (2 * n + 1)))


def _ranges(
    mean_before: float, sd_before: float, mean_after: float, sd_after: float, decimals: int
) -> tuple[Span, Span, Span]:
    """Return the ranges of the size of the change and of both SDs that the printed digits leave open."""
    first, second = span(mean_before, decimals), span(mean_after, decimals)
    gaps = (second[0] - first[1], second[1] - first[0])
    change = (0.0 if gaps[0] <= 0 <= gaps[1] else min(map(abs, gaps)), max(map(abs, gaps)))
    tiny = 10.0 ** -(decimals + 3)
    before, after = ((max(tiny, low), high) for low, high in (span(sd_before, decimals), span(sd_after, decimals)))
    return change, before, after
