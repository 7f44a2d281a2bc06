"""Differences of shares: from the counts of both sides where they are known, else on the logit scale."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from scipy.special import expit, logit

from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.scales.difference import (
    CONFIDENCE,
    EQUIVALENCE,
    Z95,
    Z975,
    Difference,
    number,
)
from nmosd_cohort.statistics.shares.proportions import proportion_difference
from nmosd_cohort.statistics.shares.two_by_two import larger_p
from nmosd_cohort.statistics.wald import p_of_t

Logit = tuple[float, float]
SAME_SHARE = 1e-9  # an estimate further from events / n than this is not that of the counts


def share_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    """Return local less published share, or why there is none.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> gap = share_difference(find_figure("zhang_2022_pain_current"), {"estimate": 0.5, "std_error": 0.07, "n": 60})
    >>> round(gap.estimate, 3), gap.note
    (-0.164, 'tested on the logit scale')
    """
    if fault := _impossible(local):
        return fault
    counts = share_counts(figure, local)
    if counts is None:
        return _logit_difference(figure, local)
    wide = proportion_difference(*counts, conf_level=CONFIDENCE)
    narrow = proportion_difference(*counts, conf_level=EQUIVALENCE)
    return Difference(
        "share",
        wide.estimate,
        wide.conf_low,
        wide.conf_high,
        narrow.conf_low,
        narrow.conf_high,
        larger_p(*counts),
        (wide.conf_high - wide.conf_low) / (2 * Z975),
    )


def share_counts(figure: Figure, local: Mapping[str, Any]) -> tuple[int, int, int, int] | None:
    """Return events and patients here and in the paper; None where either side is not known by its counts.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> share_counts(find_figure("zhang_2022_pain_current"), {"estimate": 0.5, "n": 60, "events": 30})
    (30, 60, 81, 122)
    """
    ours, numbers = whole_counts(local), figure.numbers
    if ours is None or numbers.events is None or not numbers.n:
        return None
    return *ours, numbers.events, numbers.n


def local_logit(local: Mapping[str, Any]) -> Logit | str:
    """Return the logit of the local share and its standard error, or why there is none.

    A share that is not that of its counts, for example a reweighted one, is taken with its own standard error.

    Examples
    --------
    >>> tuple(round(part, 3) for part in local_logit({"estimate": 0.5, "std_error": 0.05, "n": 100}))
    (0.0, 0.2)
    """
    counts = whole_counts(local)
    if counts is not None:
        return _count_logit(*counts)
    estimate, error = number(local, "estimate"), number(local, "std_error")
    if estimate is None or error is None or error <= 0:
        return "the local share has neither counts nor a standard error"
    if not 0 < estimate < 1:
        return "the local share is 0 or 1 and has no counts, so its error is not known"
    return float(logit(estimate)), error / (estimate * (1 - estimate))


def published_logit(figure: Figure) -> Logit | str:
    """Return the logit of the published share and its standard error, or why there is none.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> tuple(round(part, 3) for part in published_logit(find_figure("akrivaki_2026_np")))
    (0.249, 0.303)
    """
    numbers, published = figure.numbers, figure.share
    if published is None:
        return "the published share was not seen"
    if numbers.events is not None and numbers.n:
        return _count_logit(numbers.events, numbers.n)
    if numbers.conf_low is None or numbers.conf_high is None:
        return "the published share has neither counts nor an interval"
    if not 0 < numbers.conf_low < numbers.conf_high < 100 or not 0 < published < 1:
        return "the published interval reaches 0 or 100 %, or has no width"
    width = float(logit(numbers.conf_high / 100) - logit(numbers.conf_low / 100))
    return float(logit(published)), width / (2 * Z975)


def _logit_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    """Compare on the logit scale; limits are turned back into shares around the published one."""
    published, here = published_logit(figure), local_logit(local)
    if isinstance(published, str):
        return published
    if isinstance(here, str):
        return here
    centre, error = published[0], math.hypot(published[1], here[1])
    estimate = float(local["estimate"]) - float(figure.share or 0.0)

    def share(reach: float) -> float:
        return float(expit(here[0] + reach * error) - expit(centre))

    return Difference(
        "share",
        estimate,
        min(share(-Z975), estimate),
        max(share(Z975), estimate),
        min(share(-Z95), estimate),
        max(share(Z95), estimate),
        p_of_t(here[0] - centre, error),
        error * float(expit(centre) * expit(-centre)),
        "tested on the logit scale",
    )


def _impossible(local: Mapping[str, Any]) -> str:
    """Return why no patients can have given this local share, or nothing."""
    estimate, events, n = (number(local, name) for name in ("estimate", "events", "n"))
    if estimate is not None and not 0 <= estimate <= 1:
        return f"the local share is {estimate:.3g}; shares run from 0 to 1"
    if events is not None and not 0 <= events <= (math.inf if n is None else n):
        return f"the local share has {events:g} events of {'unknown' if n is None else f'{n:g}'} patients"
    return ""


def whole_counts(local: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return events and patients of a local row; None where its estimate is not their quotient, or one is unknown.

    Examples
    --------
    >>> whole_counts({"estimate": 0.5, "n": 60, "events": 30}), whole_counts({"estimate": 0.4, "n": 60, "events": 30})
    ((30, 60), None)
    """
    n, events, estimate = number(local, "n"), number(local, "events"), number(local, "estimate")
    if not n or events is None or estimate is None or abs(events / n - estimate) > SAME_SHARE:
        return None
    if not (events.is_integer() and n.is_integer()):
        return None
    return int(events), int(n)


def _count_logit(events: int, n: int) -> Logit:
    """Return logit and error of counts; half a patient is added on either side where one of them is empty."""
    half = 0.5 if events in (0, n) else 0.0
    with_event, without = events + half, n - events + half
    return math.log(with_event / without), math.sqrt(1 / with_event + 1 / without)
