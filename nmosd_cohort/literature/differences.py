"""The difference between a registry's estimate and a published figure, on the scale that suits the measure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from scipy.special import expit, logit
from scipy.stats import norm, t

from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.numbers import Numbers
from nmosd_cohort.statistics.correlation.fisher_z import Kind, spearman_difference
from nmosd_cohort.statistics.shares.proportions import proportion_difference

Z975 = float(norm.ppf(0.975))
Z95 = float(norm.ppf(0.95))
CONFIDENCE, EQUIVALENCE = 0.95, 0.90
# Correlations between the scores before and after that are taken as plausible where none was printed.
PLAUSIBLE_CORRELATIONS = (0.3, 0.8)
# Median of a normal sample has this many times the standard error of the mean; an interquartile range is
# this many SDs wide (Wan 2014).


@dataclass(frozen=True, slots=True)
class Difference:
    """Local estimate less published figure, with what a verdict needs.

    Parameters
    ----------
    scale
        Scale of the difference and its limits: share, correlation, log odds ratio, points ...
    estimate, conf_low, conf_high
        Difference with its 95 % limits.
    equivalence_low, equivalence_high
        Its 90 % limits, those of two one-sided tests at 5 % (Schuirmann 1987).
    p_value
        Two-sided, against no difference.
    std_error
        Standard error on that scale.
    note
        What had to be assumed, in words; empty if nothing.
    """

    scale: str
    estimate: float
    conf_low: float
    conf_high: float
    equivalence_low: float
    equivalence_high: float
    p_value: float
    std_error: float
    note: str = ""


def difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    """Return the local estimate less the published figure, or in words why there is none.

    Parameters
    ----------
    figure
        The published figure.
    local
        One row of a Result's estimates: read are estimate, conf_low, conf_high, n, events, std_error.

    Returns
    -------
    Difference or str
        Shares by Newcombe 1998 where both counts are known, else on the logit scale; correlations by
        Zou 2007 and Fisher z; ratios and rates on the log scale; means by Welch 1947; changes of means with
        the widest standard error over plausible correlations.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> row = {"estimate": 0.5, "n": 60, "events": 30}
    >>> gap = difference(find_figure("zhang_2022_pain_current"), row)
    >>> round(gap.estimate, 3), round(gap.conf_low, 3), round(gap.conf_high, 3)
    (-0.164, -0.309, -0.013)
    """
    if number(local, "estimate") is None:
        return "the question gave no local value"
    method = METHODS.get(figure.measure)
    if method is None:
        return f"no way is laid down to compare a published {figure.measure.replace('_', ' ')}"
    return method(figure, local)


def number(row: Mapping[str, Any], name: str) -> float | None:
    """Return a finite number of a row, None where it is missing.

    Examples
    --------
    >>> number({"n": 12, "estimate": float("nan")}, "estimate") is None
    True
    """
    value = row.get(name)
    try:
        found = float(cast("float", value))
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _share_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    numbers, n, events = figure.numbers, number(local, "n"), number(local, "events")
    if n is None or events is None:
        return "the local share has no counts"
    if numbers.events is None or not numbers.n:
        return _logit_difference(figure, int(events), int(n))
    counts = (int(events), int(n), numbers.events, numbers.n)
    wide = proportion_difference(*counts, conf_level=CONFIDENCE)
    narrow = proportion_difference(*counts, conf_level=EQUIVALENCE)
    return Difference(
        "share",
        wide.estimate,
        wide.conf_low,
        wide.conf_high,
        narrow.conf_low,
        narrow.conf_high,
        wide.p_value,
        (wide.conf_high - wide.conf_low) / (2 * Z975),
    )


def _logit_difference(figure: Figure, events: int, n: int) -> Difference | str:
    """Compare a share with one known only with its limits; limits are turned back into shares."""
    numbers, published = figure.numbers, figure.share
    if published is None:
        return "the published share was not seen"
    if numbers.conf_low is None or numbers.conf_high is None:
        return "the published share has neither counts nor an interval"
    if not 0 < numbers.conf_low <= numbers.conf_high < 100:
        return "the published interval reaches 0 or 100 %"
    centre = float(logit(published))
    published_error = float(logit(numbers.conf_high / 100) - logit(numbers.conf_low / 100)) / (2 * Z975)
    half = 0.5 if events in (0, n) else 0.0
    with_event, without = events + half, n - events + half
    gap = math.log(with_event / without) - centre
    error = math.hypot(published_error, math.sqrt(1 / with_event + 1 / without))

    def share(reach: float) -> float:
        return float(expit(centre + gap + reach * error)) - published

    return Difference(
        "share",
        events / n - published,
        share(-Z975),
        share(Z975),
        share(-Z95),
        share(Z95),
        float(2 * norm.sf(abs(gap) / error)),
        error * published * (1 - published),
        "tested on the logit scale against the published interval",
    )


def _correlation_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    numbers, estimate, n = figure.numbers, number(local, "estimate"), number(local, "n")
    if numbers.estimate is None or not numbers.n:
        return "the published correlation or its n was not seen"
    if estimate is None or n is None or abs(estimate) >= 1:
        return "the local correlation is perfect or has no n"
    published_kind: Kind = "spearman" if "Spearman" in (numbers.unit or "") else "pearson"
    local_kind: Kind = "spearman" if local.get("measure") == "spearman" else "pearson"
    values = (estimate, int(n), numbers.estimate, numbers.n, local_kind, published_kind)
    wide = spearman_difference(*values, conf_level=CONFIDENCE)
    narrow = spearman_difference(*values, conf_level=EQUIVALENCE)
    return Difference(
        "correlation",
        wide.estimate,
        wide.conf_low,
        wide.conf_high,
        narrow.conf_low,
        narrow.conf_high,
        wide.p_value,
        (wide.conf_high - wide.conf_low) / (2 * Z975),
    )


def _ratio_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    numbers, scale = figure.numbers, f"log {figure.measure.replace('_', ' ')}"
    if numbers.estimate is None or numbers.estimate <= 0:
        return f"the published {scale.removeprefix('log ')} was not seen"
    published_error, note = _published_log_error(numbers)
    if published_error is None:
        return "no interval, spread or p-value was printed from which a standard error follows"
    error = _local_log_error(local)
    estimate = number(local, "estimate")
    if error is None or estimate is None or estimate <= 0:
        return "the local value or its limits are zero or missing, so it has no logarithm"
    gap = math.log(estimate) - math.log(numbers.estimate)
    # A published error from the SD of n patients is itself uncertain.
    freedom = numbers.n - 1 if numbers.conf_low is None and numbers.sd is not None and numbers.n else math.inf
    return _wald(scale, gap, math.hypot(error, published_error), freedom=freedom, note=note)


def _published_log_error(numbers: Numbers) -> tuple[float | None, str]:
    """Return the standard error of the logarithm, and what it was taken from if not the interval."""
    if numbers.conf_low is not None and numbers.conf_high is not None and numbers.conf_low > 0:
        return math.log(numbers.conf_high / numbers.conf_low) / (2 * Z975), ""
    estimate = cast("float", numbers.estimate)
    if numbers.sd is not None and numbers.n:
        return numbers.sd / math.sqrt(numbers.n) / estimate, "the published error follows from the SD"
    if "ratio" not in (numbers.unit or ""):
        return None, ""
    return _error_from_p(math.log(estimate), numbers.p)


def _error_from_p(effect: float, p: str | None) -> tuple[float | None, str]:
    """Return the standard error that a p-value implies; a bound on p gives the largest one."""
    if p is None or effect == 0:
        return None, ""
    value = float(p.removeprefix("<"))
    words = "is at most what" if p.startswith("<") else "is the one that"
    return abs(effect) / float(norm.isf(value / 2)), f"the published error {words} p {p} implies"


def _local_log_error(local: Mapping[str, Any]) -> float | None:
    low, high = number(local, "conf_low"), number(local, "conf_high")
    if low is None or high is None or low <= 0 or high <= low:
        return None
    return math.log(high / low) / (2 * Z975)


def _mean_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    numbers = figure.numbers
    if numbers.estimate is None or numbers.sd is None or not numbers.n:
        return "the published mean, its SD or its n was not seen"
    error = _local_error(local)
    if error is None:
        return "the local mean has no standard error"
    published_error = numbers.sd / math.sqrt(numbers.n)
    gap = cast("float", number(local, "estimate")) - numbers.estimate
    return _welch("points", gap, (error, number(local, "n")), (published_error, numbers.n), "")


def _median_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    """Say why medians are not compared: of whole scores in few patients they differ by chance far too often."""
    return "medians of whole scores from few patients have no difference with reliable limits"


def _change_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    """Compare changes of means; without a correlation the widest plausible error is used."""
    numbers = figure.numbers
    before, after = numbers.baseline, numbers.follow_up
    if before is None or after is None or before.mean is None or after.mean is None:
        return "the published change was not seen as a number"
    if before.sd is None or after.sd is None or not numbers.n:
        return "the published change has no spread"
    error = _local_error(local)
    if error is None:
        return "the local change has no standard error"
    lowest, highest = (_change_sd(before.sd, after.sd, r) for r in reversed(PLAUSIBLE_CORRELATIONS))
    gap = cast("float", number(local, "estimate")) - (after.mean - before.mean)
    published_error = highest / math.sqrt(numbers.n)
    note = (
        f"the published SD of the change lies between {lowest:.2f} and {highest:.2f} for correlations of "
        f"{PLAUSIBLE_CORRELATIONS[1]} to {PLAUSIBLE_CORRELATIONS[0]}; the larger is used"
    )
    return _welch("points", gap, (error, number(local, "n")), (published_error, numbers.n), note)


def _change_sd(first: float, second: float, correlation: float) -> float:
    return math.sqrt(first**2 + second**2 - 2 * correlation * first * second)


def _coefficient_difference(figure: Figure, local: Mapping[str, Any]) -> Difference | str:
    """Compare coefficients or adjusted differences, whose error comes from limits or the p-value."""
    numbers = figure.numbers
    if numbers.estimate is None:
        return "the published value was not seen as a number"
    if numbers.conf_low is not None and numbers.conf_high is not None:
        published_error: float | None = (numbers.conf_high - numbers.conf_low) / (2 * Z975)
        note = ""
    else:
        published_error, note = _error_from_p(numbers.estimate, numbers.p)
    error = _local_error(local)
    if published_error is None or error is None:
        return "the standard error of the published or the local value is unknown"
    gap = cast("float", number(local, "estimate")) - numbers.estimate
    return _wald(numbers.unit or "points", gap, math.hypot(error, published_error), note=note)


def _local_error(local: Mapping[str, Any]) -> float | None:
    """Return the local standard error, from the limits where it was not given."""
    error, low, high = (number(local, name) for name in ("std_error", "conf_low", "conf_high"))
    if error is None and low is not None and high is not None:
        error = (high - low) / (2 * Z975)
    return error if error is not None and error > 0 else None


def _welch(
    scale: str, gap: float, local: tuple[float, float | None], published: tuple[float, int], note: str
) -> Difference:
    """Return a difference with the degrees of freedom of Welch 1947."""
    parts = [error**2 for error, _ in (local, published)]
    sizes = [local[1], published[1]]
    weights = [part**2 / (size - 1) for part, size in zip(parts, sizes, strict=True) if size is not None and size > 1]
    return _wald(scale, gap, math.sqrt(sum(parts)), freedom=sum(parts) ** 2 / sum(weights), note=note)


def _wald(scale: str, gap: float, error: float, *, freedom: float = math.inf, note: str = "") -> Difference:
    wide, narrow = (float(t.ppf((1 + level) / 2, freedom)) * error for level in (CONFIDENCE, EQUIVALENCE))
    p_value = float(2 * t.sf(abs(gap) / error, freedom))
    return Difference(scale, gap, gap - wide, gap + wide, gap - narrow, gap + narrow, p_value, error, note)


METHODS: Mapping[str, Callable[[Figure, Mapping[str, Any]], Difference | str]] = {
    "proportion": _share_difference,
    "correlation": _correlation_difference,
    "odds_ratio": _ratio_difference,
    "rate": _ratio_difference,
    "mean": _mean_difference,
    "median": _median_difference,
    "paired_change": _change_difference,
    "mean_difference": _coefficient_difference,
    "regression_coefficient": _coefficient_difference,
}
