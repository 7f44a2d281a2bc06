"""Direct standardisation: the rate or share that a standard population would have with these strata's own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincinv, ndtri

from nmosd_cohort.statistics.estimate import (
    Counts,
    Estimate,
    Floats,
    as_values,
    check_conf_level,
    check_counts,
    whole_number,
)
from nmosd_cohort.statistics.shares.proportions import wilson_limits


@dataclass(frozen=True, slots=True)
class Strata:
    """Strata with a standard weight above 0.

    Parameters
    ----------
    events
        Shape (k,), events in each stratum.
    size
        Shape (k,), patients or person-years, all above 0.
    weights
        Shape (k,), shares of the standard population, adding up to 1.
    """

    events: Counts
    size: Floats
    weights: Floats


def standardised_rate(
    events: ArrayLike,
    person_years: ArrayLike,
    weights: ArrayLike,
    *,
    strata: Sequence[str] | None = None,
    n: int = 0,
    conf_level: float = 0.95,
) -> Estimate:
    """Events per person-year in a standard population whose strata had the rates observed here.

    Parameters
    ----------
    events, person_years
        Events and time at risk in years, one entry a stratum.
    weights
        Standard population, one entry a stratum, on any scale; strata with weight 0 are left out.
    strata
        Names of the strata for messages; None numbers them from 1.
    n
        Patients that gave the time, 0 when not told; the limits do not depend on it.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Gamma limits, which with one stratum are the exact Poisson limits; the lower is exactly 0 without
        events. `events` are those of the strata with a weight.

    Raises
    ------
    ValueError
        If the entries differ in number, events are not whole, time or a weight is negative, all weights are
        0, there are events without time, a stratum with a weight has no time (the message names it), or `n` is
        not a whole number of 0 or more.

    Notes
    -----
    Fay and Feuer 1997 (doi:10.1002/(SICI)1097-0258(19970415)16:7<791::AID-SIM500>3.0.CO;2-#). The limits keep
    their level when strata are small, and are wide when one stratum has much weight and little time.

    Examples
    --------
    >>> rate = standardised_rate([3, 12], [20, 60], [0.5, 0.5])
    >>> round(rate.estimate, 3), round(rate.conf_low, 3), round(rate.conf_high, 3)
    (0.175, 0.088, 0.328)
    """
    level, n = check_conf_level(conf_level), whole_number("n", n)
    with_weight = _strata(events, person_years, weights, strata, "person-years")
    unit = with_weight.weights / with_weight.size
    rate, variance = float(unit @ with_weight.events), float(unit**2 @ with_weight.events)
    tail = (1 - level) / 2
    return Estimate(
        rate,
        0.0 if rate == 0 else _gamma_quantile(rate, variance, tail),
        _gamma_quantile(rate + float(unit.max()), variance + float(unit.max()) ** 2, 1 - tail),
        n,
        f"directly standardised over {unit.size} strata, Fay-Feuer gamma limits",
        std_error=math.sqrt(variance),
        conf_level=level,
        events=int(with_weight.events.sum()),
    )


def standardised_proportion(
    events: ArrayLike,
    n: ArrayLike,
    weights: ArrayLike,
    *,
    strata: Sequence[str] | None = None,
    conf_level: float = 0.95,
) -> Estimate:
    """Share with the event in a standard population whose strata had the shares observed here.

    Parameters
    ----------
    events, n
        Patients with the event, and patients asked, one entry a stratum.
    weights
        Standard population, one entry a stratum, on any scale; strata with weight 0 are left out.
    strata
        Names of the strata for messages; None numbers them from 1.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Stratified Wilson limits, which with one stratum are Wilson's. When nobody or everybody has the event
        they are put together from the strata by the distances of Newcombe's hybrid score method. `n` and
        `events` are those of the strata with a weight.

    Raises
    ------
    ValueError
        If the entries differ in number, a count is not whole, there are more events than patients, a weight
        is negative, all weights are 0, or a stratum with a weight has no patients; the message names it.

    Notes
    -----
    Yan and Su 2010, Statistics in Biopharmaceutical Research 2:329, with the weights given. When nobody or
    everybody has the event: Zou and Donner 2008 (doi:10.1002/sim.3095). In simulations of 1 to 8 strata of 1
    to 40 patients coverage of 95 % limits was 96 % on average and below 93 % in one setting of 20, as
    Wilson's own limits are in very small groups; 91.4 % where a stratum of 2 patients had most of the weight.

    Examples
    --------
    >>> share = standardised_proportion([3, 12], [10, 20], [0.5, 0.5])
    >>> round(share.estimate, 3), round(share.conf_low, 3), round(share.conf_high, 3)
    (0.45, 0.294, 0.629)
    """
    level = check_conf_level(conf_level)
    with_weight = _strata(events, n, weights, strata, "patients")
    whole, weight = with_weight.size, with_weight.weights
    shares = with_weight.events / whole
    low, high = _stratified_limits(with_weight, -float(ndtri((1 - level) / 2)))
    return Estimate(
        float(weight @ shares),
        low,
        high,
        int(whole.sum()),
        f"directly standardised over {whole.size} strata, {_limits_label(with_weight)}",
        std_error=math.sqrt(float(weight**2 @ (shares * (1 - shares) / whole))),
        conf_level=level,
        events=int(with_weight.events.sum()),
    )


def _strata(events: ArrayLike, size: ArrayLike, weights: ArrayLike, names: Sequence[str] | None, unit: str) -> Strata:
    """Return the strata with a weight, checked; `unit` is what their size counts."""
    standard = as_values(weights, name="weights")
    labels = [str(number + 1) for number in range(standard.size)] if names is None else [str(name) for name in names]
    lengths = {"events": np.size(events), unit: np.size(size), "weights": standard.size, "strata": len(labels)}
    if len(set(lengths.values())) > 1:
        counted = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"the number of entries differs ({counted}); there must be one of each a stratum")
    whole = check_counts(events, size=standard.size, name="events")
    sizes = _sizes(size, unit)
    if (standard < 0).any() or not standard.any():
        raise ValueError(
            "weights must be 0 or more, and at least one above 0; they are shares of a standard population"
        )
    impossible = whole > sizes if unit == "patients" else (whole > 0) & (sizes == 0)
    if impossible.any():
        first = int(np.argmax(impossible))
        raise ValueError(f"stratum {labels[first]!r} has {whole[first]} events but {sizes[first]:g} {unit}")
    empty = [label for label, weight, count in zip(labels, standard, sizes, strict=True) if weight > 0 and count == 0]
    if empty:
        raise ValueError(
            f"stratum {', '.join(map(repr, empty))} has a standard weight but no {unit}, so its share of the "
            "standard cannot be filled; merge it with a neighbour or choose another standard"
        )
    used = standard > 0
    return Strata(whole[used], sizes[used], standard[used] / standard.sum())


def _sizes(size: ArrayLike, unit: str) -> Floats:
    if unit == "patients":
        return check_counts(size, size=np.size(size), name=unit).astype(np.float64)
    years = as_values(size, name=unit)
    if (years < 0).any():
        raise ValueError(f"{unit}: {int((years < 0).sum())} are negative; time at risk is 0 or more")
    return years


def _gamma_quantile(mean: float, variance: float, probability: float) -> float:
    return float(gammaincinv(mean**2 / variance, probability)) * variance / mean


def _is_all_or_nothing(strata: Strata) -> bool:
    return not strata.events.any() or bool((strata.events == strata.size).all())


def _limits_label(strata: Strata) -> str:
    if strata.size.size == 1:
        return "Wilson limits"
    return "Zou-Donner limits from Wilson's" if _is_all_or_nothing(strata) else "stratified Wilson limits"


def _stratified_limits(strata: Strata, z: float) -> tuple[float, float]:
    """Return weighted means of the strata's Wilson limits, their z reduced as their errors partly cancel."""
    shares = strata.events / strata.size
    nobody = not strata.events.any()
    if _is_all_or_nothing(strata):
        limits = np.array(_wilson_of_each(strata, z))
        low, high = np.sqrt((strata.weights**2 * (limits - shares) ** 2).sum(axis=1))
        return (0.0, float(high)) if nobody else (1 - float(low), 1.0)
    errors = np.sqrt(shares * (1 - shares) / strata.size)
    # Without a stratum that has both, nothing tells how far errors cancel: z stays as it is.
    reduced = z * float(np.hypot.reduce(strata.weights * errors) / (strata.weights @ errors)) if errors.any() else z
    low, high = np.array(_wilson_of_each(strata, reduced)) @ strata.weights
    return max(0.0, float(low)), min(1.0, float(high))


def _wilson_of_each(strata: Strata, z: float) -> tuple[list[float], list[float]]:
    pairs = [wilson_limits(int(events), int(n), z) for events, n in zip(strata.events, strata.size, strict=True)]
    return [low for low, _ in pairs], [high for _, high in pairs]
