"""Means, SDs, medians and quartiles of a figure set against what one patient can score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.integrity.finding import Check
from nmosd_cohort.literature.integrity.means import check_mean, check_mean_and_sd
from nmosd_cohort.literature.integrity.quartiles import check_quartiles
from nmosd_cohort.literature.integrity.spread import Stated, sd_or_sem
from nmosd_cohort.literature.integrity.tolerance import decimals_of
from nmosd_cohort.literature.numbers import Group, Moment, Numbers, Scale

Summary = Numbers | Moment | Group
OF_SCORES = ("mean", "rate")
ORDER = ("minimum", "quartile_1", "median", "quartile_3", "maximum")


@dataclass(frozen=True, slots=True)
class Scores:
    """What was printed of the scores of some patients, with the decimals to read it by."""

    label: str
    n: int | None
    summary: Summary
    mean: float | None
    mean_decimals: int
    sd_decimals: int


def score_checks(figure: Figure) -> Iterator[Check]:
    """Test the summaries of scores in a figure: its own, those before and after, those of its groups.

    Yields
    ------
    Check
        Mean and SD against whole scores, SD or SEM, quartiles, and the order of minimum to maximum.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> [one.status for one in score_checks(find_figure("ringelstein_2015_pain_follow_up"))]
    ['consistent', 'consistent']
    """
    numbers = figure.numbers
    for scores in _summaries(figure):
        found = [*_order(scores, numbers.scale)]
        if numbers.scale is not None:
            found += [*_of_means(scores, numbers.scale, numbers.spread), *_of_quartiles(scores, numbers.scale)]
        for check in found:
            yield replace(check, check=f"{check.check}, {scores.label}") if scores.label else check


def _summaries(figure: Figure) -> Iterator[Scores]:
    numbers = figure.numbers
    if figure.measure in (*OF_SCORES, "median"):
        mean = numbers.estimate if figure.measure in OF_SCORES else None
        places = decimals_of(mean, declared=numbers.decimals)
        yield Scores("", numbers.n, numbers, mean, places, _spread_decimals(numbers))
    moments = [("before", numbers.baseline), ("after", numbers.follow_up)]
    printed = [(label, moment) for label, moment in moments if moment is not None]
    places = decimals_of(*(moment.mean for _, moment in printed), declared=numbers.decimals)
    for label, moment in printed:
        yield Scores(label, numbers.n, moment, moment.mean, places, _spread_decimals(*(one for _, one in printed)))
    places = decimals_of(*(group.mean for group in numbers.groups))
    for group in numbers.groups:
        yield Scores(group.name, group.n, group, group.mean, places, _spread_decimals(*numbers.groups))


def _of_means(scores: Scores, scale: Scale, stated: Stated | None) -> Iterator[Check]:
    mean, n = scores.mean, scores.n
    sd, sem = scores.summary.sd, getattr(scores.summary, "sem", None)
    if mean is None or not n:
        return
    if mean < scale.minimum or (scale.maximum is not None and mean > scale.maximum):
        detail = "The mean lies beyond the ends of the scale."
        yield Check("mean and scale", "inconsistent", str(mean), f"{scale.minimum} to {scale.maximum}", detail)
        return
    low, high = scale.minimum, scale.maximum
    if scale.step is not None:
        found = check_mean(mean, n, scores.mean_decimals, minimum=low, maximum=high, step=scale.step)
        if found.status == "inconsistent" or sd is None or n < 2:
            yield found
        if found.status == "inconsistent":
            return
        if sd is not None and n > 1 and stated != "sem":
            places, sd_places = scores.mean_decimals, scores.sd_decimals
            found = check_mean_and_sd(
                mean, sd, n, places, sd_decimals=sd_places, minimum=low, maximum=high, step=scale.step
            )
            # A spread that may be a standard error is judged by the next test alone.
            yield found if stated == "sd" or found.status != "inconsistent" else replace(found, status="informative")
    spread = sd if sd is not None else sem
    if spread is not None and n > 1:
        called = "sem" if sd is None else stated
        places, sd_places = scores.mean_decimals, scores.sd_decimals
        yield sd_or_sem(mean, spread, n, low, high, scale.step, places, stated=called, spread_decimals=sd_places)


def _of_quartiles(scores: Scores, scale: Scale) -> Iterator[Check]:
    summary, n = scores.summary, scores.n
    median, first, third = summary.median, summary.quartile_1, summary.quartile_3
    if isinstance(summary, Numbers) and median is None:
        median = summary.estimate
    if scale.step is None or median is None or first is None or third is None or not n or n < 2:
        return
    places = decimals_of(median, first, third)
    yield check_quartiles(
        median, first, third, n, places, minimum=scale.minimum, maximum=scale.maximum, step=scale.step
    )


def _order(scores: Scores, scale: Scale | None) -> Iterator[Check]:
    """Test that minimum, quartiles, median and maximum rise, within the scale."""
    named = [(name, getattr(scores.summary, name)) for name in ORDER]
    if isinstance(scores.summary, Numbers) and scores.mean is None and scores.summary.median is None:
        named[2] = ("median", scores.summary.estimate)
    printed = [(name, value) for name, value in named if value is not None]
    if len(printed) < 2:
        return
    values = [float(value) for _, value in printed]
    rises = all(one <= other for one, other in pairwise(values))
    inside = scale is None or (
        values[0] >= scale.minimum and values[-1] <= (values[-1] if scale.maximum is None else scale.maximum)
    )
    shown = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in printed)
    if rises and inside:
        yield Check("order of quantiles", "consistent", shown, "", "They rise, within the scale.")
    else:
        yield Check("order of quantiles", "inconsistent", shown, "", "They do not rise, or leave the scale.")


def _spread_decimals(*summaries: Summary) -> int:
    """Return the most decimals that a spread shows: fewer than the mean's are not taken for zeros that were lost."""
    return decimals_of(*(value for one in summaries for value in (one.sd, getattr(one, "sem", None))))
