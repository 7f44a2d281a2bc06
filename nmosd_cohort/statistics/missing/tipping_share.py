"""Closed form: how much rarer or more frequent an event must be in those never assessed to change a conclusion."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit, logit

from nmosd_cohort.statistics.estimate import Estimate, as_number, as_values, check_conf_level, part_of_whole
from nmosd_cohort.statistics.missing.tipping_point import TippingPoint, conclusion_of, delta_row, unchanged_note
from nmosd_cohort.statistics.shares.proportions import proportion
from nmosd_cohort.statistics.wald import square_and_add

FARTHEST = 20.0  # log odds, beyond which a share is 0 or 1 to all intents
STEPS = 400


def tipping_share(
    events: int,
    n_assessed: int,
    n_all: int,
    *,
    threshold: float | None = None,
    comparison: tuple[int, int] | None = None,
    deltas: ArrayLike = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0),
    conf_level: float = 0.95,
) -> TippingPoint:
    """Share of all patients with the event, were the log odds of those never assessed higher by delta.

    Parameters
    ----------
    events, n_assessed, n_all
        Patients with the event, patients assessed, and all patients.
    threshold
        Share that the conclusion is about.
    comparison
        Events and patients of a second group; the estimate then is the difference of the shares and the
        conclusion is about 0. Give either this or a threshold.
    deltas
        Log odds ratios of the event, never assessed against assessed; 0 is added.
    conf_level
        Coverage of the limits.

    Returns
    -------
    TippingPoint
        Rows have the further column share_unassessed, the share assumed in those never assessed. Their n is
        `n_all`, with a comparison plus its patients; the limits rest on those assessed only, as `method` says.
        `tipping_delta` is solved for, not taken from the grid.

    Raises
    ------
    ValueError
        If counts are not whole or not in order, there is no patient assessed, both or neither of threshold
        and comparison are given, the threshold is not between 0 and 1, or the comparison is not a pair of counts.

    Notes
    -----
    The share is f p + (1 - f) expit(logit p + delta) with f the fraction assessed, taken as known. It rises with
    p, so that the Wilson limits of p give its limits; those of the difference follow by Newcombe 1998
    (doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I), method 10. At delta 0 this is the
    share of the assessed; at delta without bound it reaches `worst_case_bounds`. Where none or all of the assessed
    have the event, the log odds are without bound themselves and no delta moves the share: see `worst_case_limits`.

    Examples
    --------
    >>> point = tipping_share(48, 60, 100, threshold=0.5)
    >>> point.rows.loc[point.rows["delta"] == -2, ["estimate", "conf_low", "conf_high"]].round(3).to_numpy().tolist()
    [[0.62, 0.499, 0.73]]
    >>> point.conclusion, round(point.tipping_delta, 2)
    ('above', -1.99)
    """
    level = check_conf_level(conf_level)
    n_assessed, n_all = part_of_whole("n_assessed", n_assessed, "n_all", n_all)
    events, n_assessed = part_of_whole("events", events, "n_assessed", n_assessed)
    if n_assessed == 0:
        raise ValueError("n_assessed is 0; nothing is known of the share, see worst_case_bounds")
    if (threshold is None) == (comparison is None):
        raise ValueError("give either threshold or comparison")
    if threshold is not None and not 0 < as_number("threshold", threshold) < 1:
        raise ValueError(f"threshold is {threshold}; it must be a share between 0 and 1")
    null = 0.0 if threshold is None else float(threshold)
    other = None if comparison is None else _second_group(comparison, level)
    if other is not None and other.n == 0:
        raise ValueError("comparison has no patients")
    assessed, fraction = proportion(events, n_assessed, conf_level=level), n_assessed / n_all

    def at(delta: float) -> Estimate:
        return _shifted_share(assessed, fraction, delta, n_all, other)

    grid = np.unique(np.append(as_values(deltas, name="deltas"), 0.0))
    rows = [
        {**delta_row(float(delta), at(float(delta)), null), "share_unassessed": _moved(assessed.estimate, float(delta))}
        for delta in grid
    ]
    nearest = _nearest_change(lambda delta: conclusion_of(at(delta), null))
    conclusion = conclusion_of(at(0.0), null)
    note = unchanged_note(conclusion, -FARTHEST, FARTHEST) if math.isnan(nearest) else ""
    return TippingPoint(pd.DataFrame(rows), conclusion, nearest, note)


def _second_group(comparison: tuple[int, int], level: float) -> Estimate:
    try:
        events, n = comparison
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"comparison is {comparison!r}; give events and patients of the second group, such as (12, 50)"
        ) from error
    return proportion(events, n, conf_level=level)


def _moved(share: float, delta: float) -> float:
    return float(expit(logit(share) + delta)) if 0 < share < 1 else share


def _shifted_share(assessed: Estimate, fraction: float, delta: float, n_all: int, other: Estimate | None) -> Estimate:
    """Return the share of all patients, or its difference from another share, at one delta."""
    low, share, high = (
        fraction * part + (1 - fraction) * _moved(part, delta)
        for part in (assessed.conf_low, assessed.estimate, assessed.conf_high)
    )
    what = "with assumed log odds ratio of those never assessed, limits"
    whole = Estimate(
        share,
        low,
        high,
        n_all,
        f"share {what} from Wilson of the {assessed.n} assessed",
        conf_level=assessed.conf_level,
    )
    if other is None:
        return whole
    low, high = square_and_add(whole, other)
    return replace(
        whole,
        estimate=share - other.estimate,
        conf_low=max(-1.0, low),
        conf_high=min(1.0, high),
        n=n_all + other.n,
        method=f"difference of shares {what} by Newcombe",
    )


def _nearest_change(conclusion: Callable[[float], str]) -> float:
    """Return the delta nearest to 0 at which the conclusion is another one, NaN if there is none."""
    start = conclusion(0.0)
    found = []
    for side in (-1.0, 1.0):
        steps = side * np.linspace(0.0, FARTHEST, STEPS + 1)
        changed = [place for place, delta in enumerate(steps) if conclusion(float(delta)) != start]
        if changed:
            inner, outer = float(steps[changed[0] - 1]), float(steps[changed[0]])
            found.append(brentq(lambda delta: 0.5 - (conclusion(delta) != start), inner, outer, xtol=1e-10))
    return float(min(found, key=abs)) if found else math.nan
