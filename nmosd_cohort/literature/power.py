"""What a comparison could have seen: its power, the smallest difference it finds, and whether it can show equality."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr
from scipy.stats import nct, t

from nmosd_cohort.literature.comparability import margin_of
from nmosd_cohort.literature.differences import difference
from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.scales.correlations import (
    local_correlation,
    published_correlation,
    z_error,
)
from nmosd_cohort.literature.scales.difference import EQUIVALENCE, Difference, number
from nmosd_cohort.literature.scales.shares import local_logit, published_logit, share_counts, whole_counts
from nmosd_cohort.statistics.shares.proportions import proportion
from nmosd_cohort.statistics.shares.two_by_two_power import two_by_two_power
from nmosd_cohort.statistics.wald import square_and_add

ALPHA, POWER = 0.05, 0.80
FARTHEST = 50.0  # standard errors at which the search for a difference ends
GRID = 51  # gaps tried on the way there; near shares of 0 and 1 power may fall again
STEPS = 41  # local shares around the published one at which equality is tried
EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Capability:
    """What a comparison could have found, on the scale of its difference.

    Parameters
    ----------
    detectable_down, detectable_up
        How far the truth here must lie below, or above, the published value for the test at 5 % to find it in
        80 % of repetitions; NaN where no possible value is far enough.
    can_show_equality
        Whether any local value would have both 90 % limits of the difference within the margin.
    """

    detectable_down: float
    detectable_up: float
    can_show_equality: bool

    @property
    def smallest_detectable(self) -> float:
        """The larger of the two distances, or the only one that there is."""
        known = [value for value in (self.detectable_down, self.detectable_up) if not math.isnan(value)]
        return max(known, default=math.nan)


@dataclass(frozen=True, slots=True)
class _Test:
    """Chance of p below alpha by the true gap, and the gaps between which that makes sense."""

    power: Callable[[float], float]
    lowest: float
    highest: float


def power_to_detect(
    figure: Figure,
    local_row: Mapping[str, Any],
    gap: float,
    *,
    published: float | None = None,
    alpha: float = ALPHA,
) -> float:
    """Probability that a repetition of both studies gives p below alpha, if their truths lie this far apart.

    Both sides are drawn anew: a registry and a paper of as many patients as these. It is the power of one
    comparison; Holm's adjustment over a family of figures takes some of it.

    Parameters
    ----------
    figure
        The published figure.
    local_row
        Row of the local Result's estimates.
    gap
        Truth here less truth there, on the scale of the difference: share, correlation, logarithm of a ratio or
        rate, points.
    published
        Truth of the paper's population, for shares and correlations; None takes the printed value.
    alpha
        Two-sided level of the test.

    Returns
    -------
    float
        For shares with counts on both sides exact, see ``two_by_two_power``; else by the normal or noncentral t
        distribution with the standard errors of the comparison, those of shares and correlations taken at the
        truth here.

    Raises
    ------
    ValueError
        If the two cannot be compared (the message says why) or the gap leads out of the possible values.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> row = {"estimate": 0.8, "n": 50, "events": 40}
    >>> round(power_to_detect(find_figure("xue_pain_all"), row, -0.15), 2)  # 50 here, 145 there
    0.56
    """
    test = _test(figure, local_row, published, alpha)
    if isinstance(test, str):
        raise ValueError(f"{figure.id} and the local row cannot be compared: {test}")
    if not test.lowest - EDGE <= gap <= test.highest + EDGE:
        raise ValueError(f"gap is {gap}; from this value only {test.lowest:.3f} to {test.highest:.3f} is possible")
    return test.power(min(max(gap, test.lowest), test.highest))


def capability(figure: Figure, local_row: Mapping[str, Any]) -> Capability:
    """Return the smallest differences that a comparison finds with 80 % power, and whether it can show equality.

    Parameters
    ----------
    figure, local_row
        As in ``power_to_detect``.

    Raises
    ------
    ValueError
        If the two cannot be compared.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> found = capability(find_figure("xue_pain_all"), {"estimate": 0.8, "n": 50, "events": 40})
    >>> round(found.detectable_down, 2), round(found.detectable_up, 2), found.can_show_equality
    (0.21, 0.15, False)
    """
    gap = difference(figure, local_row)
    test = _test(figure, local_row, None, ALPHA)
    if isinstance(gap, str) or isinstance(test, str):
        raise ValueError(f"{figure.id} and the local row cannot be compared: {gap if isinstance(gap, str) else test}")
    down, up = -_solve(test, -1.0, gap), _solve(test, 1.0, gap)
    return Capability(down, up, _can_show_equality(figure, local_row, gap))


def _solve(test: _Test, sign: float, gap: Difference) -> float:
    """Return the gap on one side that is found with 80 % power, NaN if there is none."""
    bound = test.lowest if sign < 0 else test.highest
    end = bound if math.isfinite(bound) else sign * FARTHEST * gap.std_error
    nearer = 0.0
    for step in np.linspace(0.0, end, GRID)[1:].tolist():
        if test.power(step) >= POWER:
            return float(brentq(lambda value: test.power(value) - POWER, nearer, step, xtol=EDGE))
        nearer = step
    return math.nan


def _test(figure: Figure, local: Mapping[str, Any], published: float | None, alpha: float) -> _Test | str:
    if figure.measure == "proportion":
        return _share_test(figure, local, published, alpha)
    if figure.measure == "correlation":
        return _correlation_test(figure, local, published, alpha)
    gap = difference(figure, local)
    if isinstance(gap, str):
        return gap
    if published is not None:
        raise ValueError(f"published is for shares and correlations; {figure.id} is a {figure.measure}")
    error, freedom = gap.std_error, gap.freedom
    return _Test(lambda value: _t_power(value / error, freedom, alpha), -math.inf, math.inf)


def _share_test(figure: Figure, local: Mapping[str, Any], published: float | None, alpha: float) -> _Test | str:
    counts = share_counts(figure, local)
    if counts is None:
        return _logit_test(figure, local, published, alpha)
    _, n, events, published_n = counts
    # a printed share of none or all is not the truth for certain
    printed = events / published_n if 0 < events < published_n else (events + 0.5) / (published_n + 1)
    truth = printed if published is None else published

    def power(value: float) -> float:
        return two_by_two_power(min(max(truth + value, 0.0), 1.0), n, truth, published_n, alpha=alpha)

    return _Test(power, -truth, 1 - truth)


def _logit_test(figure: Figure, local: Mapping[str, Any], published: float | None, alpha: float) -> _Test | str:
    there, here = published_logit(figure), local_logit(local)
    if isinstance(there, str):
        return there
    if isinstance(here, str):
        return here
    truth = float(expit(there[0])) if published is None else published
    patients = _patients(here)

    def power(value: float) -> float:
        share = min(max(truth + value, EDGE), 1 - EDGE)
        error = math.hypot(there[1], 1 / math.sqrt(patients * share * (1 - share)))
        return _t_power(float(logit(share) - logit(truth)) / error, math.inf, alpha)

    return _Test(power, -truth, 1 - truth)


def _patients(here: tuple[float, float]) -> float:
    """Return how many patients would give a logit this standard error (the effective n of a weighted share)."""
    share = float(expit(here[0]))
    return 1 / (here[1] ** 2 * share * (1 - share))


def _correlation_test(figure: Figure, local: Mapping[str, Any], published: float | None, alpha: float) -> _Test | str:
    there, here = published_correlation(figure), local_correlation(local)
    if isinstance(there, str):
        return there
    if isinstance(here, str):
        return here
    truth = there[0] if published is None else published
    own = number(local, "std_error")
    fixed = own / (1 - here[0] ** 2) if own else None

    def power(value: float) -> float:
        r = min(max(truth + value, EDGE - 1), 1 - EDGE)
        error = math.hypot(fixed or z_error(r, here[1], here[2]), z_error(truth, there[1], there[2]))
        return _t_power((math.atanh(r) - math.atanh(truth)) / error, math.inf, alpha)

    return _Test(power, -1 - truth, 1 - truth)


def _t_power(distance: float, freedom: float, alpha: float) -> float:
    """Return the chance that a two-sided t test rejects when the truth lies so many standard errors away."""
    reach = float(t.ppf(1 - alpha / 2, freedom))
    if math.isinf(freedom):
        return float(ndtr(abs(distance) - reach) + ndtr(-abs(distance) - reach))
    if abs(distance) > FARTHEST / 2 and abs(distance) > 2 * reach:
        return 1.0
    return float(nct.sf(reach, freedom, abs(distance)) + nct.cdf(-reach, freedom, abs(distance)))


def _can_show_equality(figure: Figure, local: Mapping[str, Any], gap: Difference) -> bool:
    margin = margin_of(figure)
    counts = share_counts(figure, local) if figure.measure == "proportion" else None
    if counts is not None:
        return _counts_can_be_equal(counts, margin)
    if figure.measure not in ("proportion", "correlation"):
        return (gap.equivalence_high - gap.equivalence_low) / 2 < margin
    rows = _other_shares if figure.measure == "proportion" else _other_correlations
    others = (difference(figure, row) for row in rows(figure, local, margin))
    return any(isinstance(other, Difference) and other.is_within(margin) for other in others)


def _other_shares(figure: Figure, local: Mapping[str, Any], margin: float) -> Iterator[dict[str, Any]]:
    """Return local rows of as many patients with other shares, those near the published one first."""
    here, counts, published = local_logit(local), whole_counts(local), figure.share
    assert isinstance(here, tuple)
    assert published is not None
    tried = np.clip(published + margin * _outwards(), 0, 1)
    if counts is not None:
        n = counts[1]
        for events in dict.fromkeys((tried * n).round().astype(int).tolist()):
            yield {"estimate": events / n, "n": n, "events": events}
        return
    patients = _patients(here)
    for share in tried[(tried > 0) & (tried < 1)].tolist():
        yield {"estimate": share, "n": local.get("n"), "std_error": math.sqrt(share * (1 - share) / patients)}


def _other_correlations(figure: Figure, local: Mapping[str, Any], margin: float) -> Iterator[dict[str, Any]]:
    """Return local rows of as many patients with other correlations, those near the published one first."""
    there, own = published_correlation(figure), number(local, "std_error")
    assert isinstance(there, tuple)
    fixed = own / (1 - float(local["estimate"]) ** 2) if own else None
    for r in np.clip(there[0] + margin * _outwards(), EDGE - 1, 1 - EDGE).tolist():
        yield dict(local) | {"estimate": r} | ({} if fixed is None else {"std_error": fixed * (1 - r**2)})


def _outwards() -> NDArray[np.float64]:
    """Return steps from -1 to 1, the small ones first."""
    steps = np.linspace(-1.0, 1.0, 3 * STEPS)
    return np.asarray(steps[np.argsort(np.abs(steps), kind="stable")])


def _counts_can_be_equal(counts: tuple[int, int, int, int], margin: float) -> bool:
    """Return whether any number of events here would have Newcombe's 90 % limits within the margin."""
    _, n, events, published_n = counts
    there = proportion(events, published_n, conf_level=EQUIVALENCE)
    low, high = (min(max((there.estimate + side * margin) * n, 0), n) for side in (-1, 1))
    tried = np.unique(np.append(np.linspace(low, high, STEPS), there.estimate * n).round().astype(int))
    for here in sorted(tried.tolist(), key=lambda count: abs(count / n - there.estimate)):
        below, above = square_and_add(proportion(here, n, conf_level=EQUIVALENCE), there)
        if -margin < below and above < margin:
            return True
    return False
