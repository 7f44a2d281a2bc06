"""One published figure put through every test that its numbers allow."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.integrity.finding import Check
from nmosd_cohort.literature.integrity.limits import (
    check_correlation_limits,
    check_mean_difference_limits,
    check_mean_limits,
    check_share_difference_limits,
    check_share_limits,
    check_within_limits,
)
from nmosd_cohort.literature.integrity.p_agreement import compare_chi_square
from nmosd_cohort.literature.integrity.p_checks import (
    check_correlation_p,
    check_counts_p,
    check_limits_p,
    check_means_p,
    check_statistic_p,
)
from nmosd_cohort.literature.integrity.p_of_groups import MeanSpan
from nmosd_cohort.literature.integrity.p_values import critical_value
from nmosd_cohort.literature.integrity.paired import check_paired_p
from nmosd_cohort.literature.integrity.percentages import check_percentage, fitting_counts
from nmosd_cohort.literature.integrity.printed_scores import score_checks
from nmosd_cohort.literature.integrity.ratios import check_difference_symmetry, check_ratio_symmetry
from nmosd_cohort.literature.integrity.tolerance import decimals_of, span
from nmosd_cohort.literature.numbers import Group, Numbers

NOTHING = "Too few numbers were printed, or read, for any test."
RATIOS = ("odds_ratio", "hazard_ratio", "rate_ratio")
DIFFERENCES = ("mean_difference", "between_group_difference", "paired_change", "regression_coefficient")
PERCENT_POINTS = ("percent", "percentage points")
# Measures whose groups are shares of patients, not times to an event.
OF_COUNTS = ("proportion", "between_group_difference", "mean_difference")


def check_figure(figure: Figure) -> tuple[Check, ...]:
    """Every test of integrity that the numbers of a published figure allow.

    Parameters
    ----------
    figure
        The figure, with its numbers as printed.

    Returns
    -------
    tuple of Check
        In a fixed order, those that tell something; one that is ``not checkable`` if none does.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> [(one.check, one.status) for one in check_figure(find_figure("zhang_2022_pain_current"))]
    [('percentage', 'consistent'), ('limits of a share', 'inconsistent'), ('estimate and limits', 'consistent')]
    """
    found = [check for checks in CHECKS for check in checks(figure)]
    telling = [check for check in found if check.status != "not checkable" and not _is_implied(check, found)]
    if telling:
        return tuple(telling)
    return (Check("any", "not checkable", "", "", found[0].detail if found else NOTHING),)


def _is_implied(check: Check, found: list[Check]) -> bool:
    """Whether a passed test of order says no more than another test of the same numbers, also passed."""
    name, _, label = check.check.partition(", ")
    closer = {"estimate and limits": "symmetry of limits", "order of quantiles": "median and quartiles"}.get(name)
    passed = {one.check for one in found if one.status == "consistent"}
    suffix = f", {label}" if label else ""
    return check.status == "consistent" and bool({f"{closer}{suffix}", f"log {closer}"} & passed)


def _percentages(figure: Figure) -> Iterator[Check]:
    numbers = figure.numbers
    own: tuple[float | None, int | None, int | None] = (None, None, None)
    if figure.measure == "proportion":
        own = (numbers.estimate, numbers.n, numbers.events)
        found = _percentage(*own, numbers.decimals)
        is_modelled = numbers.conf_low is not None or figure.construct.startswith("relapse")
        if found is not None and found.status == "inconsistent" and own[2] is None and is_modelled:
            detail = f"{found.detail} Without a count it may be weighted, pooled or from survival times."
            found = replace(found, status="informative", detail=detail)
        if found is not None:
            yield found
    for group in numbers.groups:
        if (group.percent, group.n, group.events) != own:
            found = _percentage(group.percent, group.n, group.events, None)
            if found is not None:
                yield replace(found, check=f"{found.check}, {group.name}")


def _percentage(percent: float | None, n: int | None, events: int | None, decimals: int | None) -> Check | None:
    if events is not None and n is not None and events > n:
        return Check("count", "inconsistent", f"{events} of {n}", "", "There are more events than patients.")
    if percent is not None and not 0 <= percent <= 100:
        return Check("percentage", "inconsistent", f"{percent} %", "0 to 100 %", "No share is beyond 0 and 100 %.")
    if percent is None or not n:
        return None
    return check_percentage(percent, n, decimals_of(percent, declared=decimals), events=events)


def _limits(figure: Figure) -> Iterator[Check]:
    numbers = figure.numbers
    low, high = numbers.conf_low, numbers.conf_high
    if low is None or high is None:
        return
    decimals = decimals_of(low, high)
    if figure.measure == "proportion":
        yield from _share_limits(numbers, low, high, decimals)
    elif figure.measure == "correlation" and numbers.estimate is not None and numbers.n and numbers.n > 3:
        r = span(numbers.estimate, decimals_of(numbers.estimate, declared=numbers.decimals))
        yield check_correlation_limits(r, numbers.n, low, high, decimals)
    elif figure.measure == "mean" and numbers.n and numbers.n > 1:
        group = _mean_span(numbers.estimate, numbers.sd, numbers.n, numbers.decimals)
        if group is not None:
            yield check_mean_limits(group, low, high, decimals)
    elif figure.measure in DIFFERENCES and len(numbers.groups) == 2:
        yield from _difference_limits(numbers, low, high, decimals)
    if numbers.estimate is not None:
        yield check_within_limits(numbers.estimate, low, high, max(decimals, numbers.decimals or 0))


def _share_limits(numbers: Numbers, low: float, high: float, decimals: int) -> Iterator[Check]:
    if numbers.n and numbers.events is not None:
        counts = range(numbers.events, numbers.events + 1)
    elif numbers.n and numbers.estimate is not None and 0 <= numbers.estimate <= 100:
        fitting = fitting_counts(numbers.estimate, numbers.n, decimals_of(numbers.estimate, declared=numbers.decimals))
        counts = range(fitting[0], fitting[-1] + 1) if fitting else range(0)
    else:
        counts = range(0)
    if numbers.n and counts:
        yield check_share_limits(counts, numbers.n, low, high, decimals)


def _difference_limits(numbers: Numbers, low: float, high: float, decimals: int) -> Iterator[Check]:
    if numbers.estimate is None:
        return
    means = _group_spans(numbers)
    if len(means) == 2:
        first, second = means
        if (numbers.estimate > 0) != (sum(first.mean) > sum(second.mean)):
            first, second = second, first
        found = check_mean_difference_limits(first, second, low, high, decimals)
        if found.status == "inconsistent" and _may_be_adjusted(numbers.estimate, first, second, low, high):
            detail = f"{found.detail} A difference adjusted for other variables may have such limits."
            found = replace(found, status="informative", detail=detail)
        yield found
        return
    pairs = sorted(_counts(numbers), key=lambda pair: pair[0] / pair[1], reverse=numbers.estimate > 0)
    if len(pairs) == 2 and numbers.unit in PERCENT_POINTS:
        yield check_share_difference_limits(pairs[0], pairs[1], low, high, decimals)


def _may_be_adjusted(estimate: float, one: MeanSpan, other: MeanSpan, low: float, high: float) -> bool:
    """Whether limits are narrower than the groups give, or about another difference, as those of a model may be."""
    error = math.sqrt(sum(group.sd[1] ** 2 / group.n for group in (one, other)))
    is_difference = one.mean[0] - other.mean[1] <= estimate <= one.mean[1] - other.mean[0]
    return high - low < 2 * critical_value(math.inf) * error or not is_difference


def _symmetry(figure: Figure) -> Iterator[Check]:
    numbers = figure.numbers
    if numbers.estimate is None or numbers.conf_low is None or numbers.conf_high is None:
        return
    limits = (numbers.conf_low, numbers.conf_high)
    decimals = (decimals_of(numbers.estimate, declared=numbers.decimals), decimals_of(*limits))
    if _is_ratio(figure):
        yield from check_ratio_symmetry(numbers.estimate, *limits, *decimals)
    elif figure.measure in DIFFERENCES and not _is_reduction(figure):
        yield check_difference_symmetry(numbers.estimate, *limits, *decimals)


def _group_difference(figure: Figure) -> Iterator[Check]:
    """Set a printed difference beside that of the means of its two groups."""
    numbers = figure.numbers
    means = [group.mean for group in numbers.groups if group.mean is not None]
    if figure.measure not in DIFFERENCES or numbers.estimate is None or len(numbers.groups) != 2 or len(means) != 2:
        return
    places = decimals_of(*means)
    one, other = (span(mean, places) for mean in means)
    own = span(numbers.estimate, decimals_of(numbers.estimate, declared=numbers.decimals))
    fits = any(a[0] - b[1] <= own[1] and own[0] <= a[1] - b[0] for a, b in ((one, other), (other, one)))
    shown = f"{means[0]} and {means[1]}, difference {numbers.estimate}"
    gap = f"{means[0] - means[1]:.{places}f}"
    detail = "It is the difference of the means."
    if not fits:
        detail = "It is not the difference of the means; it may be adjusted, or of those seen twice."
    yield Check("difference of means", "consistent" if fits else "informative", shown, gap, detail)


def _p_values(figure: Figure) -> Iterator[Check]:
    numbers, statistic, p = figure.numbers, figure.numbers.statistic, figure.numbers.p
    counts = _counts(numbers) if figure.measure in OF_COUNTS else []
    if statistic is not None:
        if statistic.name == "chi2" and len(counts) > 1:
            places = decimals_of(statistic.value, declared=statistic.decimals)
            yield compare_chi_square(statistic.value, places, counts)
        if p is not None:
            yield check_statistic_p(statistic, p, n=numbers.n, groups=max(2, len(numbers.groups)))
    if p is None:
        return
    if len(counts) > 1:
        yield check_counts_p(counts, p)
    if figure.measure == "correlation" and numbers.estimate is not None and numbers.n and numbers.n > 3:
        yield check_correlation_p(
            numbers.estimate, decimals_of(numbers.estimate, declared=numbers.decimals), numbers.n, p
        )
    means = _group_spans(numbers)
    if figure.measure in DIFFERENCES and len(means) == len(numbers.groups) > 1:
        yield check_means_p(means, p, is_sd_certain=numbers.spread == "sd")
    if _is_ratio(figure) or (figure.measure in DIFFERENCES and not _is_reduction(figure)):
        yield from check_limits_p(numbers, p, is_ratio=_is_ratio(figure))


def _paired(figure: Figure) -> Iterator[Check]:
    numbers, before, after = figure.numbers, figure.numbers.baseline, figure.numbers.follow_up
    if figure.measure != "paired_change" or numbers.p is None or not numbers.n or numbers.n < 2:
        return
    if before is None or after is None:
        return
    values = (before.mean, before.sd, after.mean, after.sd)
    if any(value is None for value in values):
        return
    mean_1, sd_1, mean_2, sd_2 = (float(value) for value in values if value is not None)
    places = decimals_of(*values)
    found = check_paired_p(mean_1, sd_1, mean_2, sd_2, numbers.n, numbers.p, decimals=places)
    if found.status == "inconsistent" and numbers.spread != "sd":
        detail = f"{found.detail} The spread may be a standard error, which was not tested."
        found = Check(found.check, "informative", found.printed, found.recomputed, detail)
    yield found


def _counts(numbers: Numbers) -> list[tuple[int, int]]:
    groups = numbers.groups
    found = [(one.events, one.n) for one in groups if one.events is not None and one.n and one.events <= one.n]
    return found if len(found) == len(numbers.groups) else []


def _group_spans(numbers: Numbers) -> list[MeanSpan]:
    """Means and SDs of the groups, empty unless each group has both and two patients or more."""
    groups = numbers.groups
    places = (decimals_of(*(group.mean for group in groups)), decimals_of(*(group.sd for group in groups)))
    found = [_span_of(group, *places) for group in groups]
    return [one for one in found if one is not None] if all(found) else []


def _span_of(group: Group, mean_places: int, sd_places: int) -> MeanSpan | None:
    if group.mean is None or group.sd is None or not group.n or group.n < 2:
        return None
    return MeanSpan(span(group.mean, mean_places), span(group.sd, sd_places), group.n)


def _mean_span(mean: float | None, sd: float | None, n: int, decimals: int | None) -> MeanSpan | None:
    if mean is None or sd is None:
        return None
    return MeanSpan(span(mean, decimals_of(mean, declared=decimals)), span(sd, decimals_of(sd)), n)


def _is_reduction(figure: Figure) -> bool:
    """Whether it is a reduction in percent of another number, which is symmetric on no scale that is known here."""
    return "reduction" in (figure.numbers.unit or "")


def _is_ratio(figure: Figure) -> bool:
    return figure.measure in RATIOS or "ratio" in (figure.numbers.unit or "")


CHECKS: tuple[Callable[[Figure], Iterator[Check]], ...] = (
    _percentages,
    score_checks,
    _limits,
    _symmetry,
    _group_difference,
    _p_values,
    _paired,
)
