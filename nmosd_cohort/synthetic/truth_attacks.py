"""True attack rates around the start of tocilizumab, counted in one large draw before any of it is recorded."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from nmosd_cohort.codebook import DAYS_PER_YEAR
from nmosd_cohort.synthetic.calibrate import calibrate, draw_history
from nmosd_cohort.synthetic.course import NEVER
from nmosd_cohort.synthetic.scenario import Scenario, read_scenario

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

DRAW_N = 60_000
DRAW_SEED = 79
YEAR = 365


def attack_truth(scenario: str | Path = "review") -> Mapping[str, float]:
    """Return the true attack rates of starters of tocilizumab, and the ratio that selection alone would make.

    Returns
    -------
    Mapping
        rate_before (attacks per person-year in the 365 days up to the start, without the onset), rate_after,
        rate_ratio, rate_ratio_by_selection (rate_ratio divided by the effect of the drug, which is exact) and
        attack_free_at_12_months.

    Examples
    --------
    >>> truth = attack_truth("null")
    >>> truth["rate_ratio"] == truth["rate_ratio_by_selection"]
    True
    """
    return dict(_attack_truth(read_scenario(scenario)))


@cache
def _attack_truth(scenario: Scenario) -> Mapping[str, float]:
    history = draw_history(scenario, calibrate(scenario), DRAW_N, DRAW_SEED)
    people, attacks = history.people, history.attacks
    start, last = history.starts, people.last_day
    is_start = (start < NEVER) & (last > start) & (people.onset_day < start)
    day, patient = attacks.day, attacks.patient
    since = day - start[patient]
    own = is_start[patient]
    before = own & (since <= 0) & (since > -YEAR) & (day > people.onset_day[patient])
    after = own & (since > 0) & (day <= last[patient])
    years_before = np.minimum(start - people.onset_day, YEAR)[is_start].sum() / DAYS_PER_YEAR
    years_after = (last - start)[is_start].sum() / DAYS_PER_YEAR
    rate_before, rate_after = before.sum() / years_before, after.sum() / years_after
    effect = scenario.number("treatment.tocilizumab_attack_rate_ratio")
    return {
        "rate_before": float(rate_before),
        "rate_after": float(rate_after),
        "rate_ratio": float(rate_after / rate_before),
        "rate_ratio_by_selection": float(rate_after / rate_before / effect),
        "attack_free_at_12_months": _free_at(YEAR, patient[after], since[after], (last - start)[is_start], is_start),
    }


def _free_at(
    days: int,
    patient: NDArray[np.int64],
    since: NDArray[np.int64],
    follow: NDArray[np.int64],
    is_start: NDArray[np.bool_],
) -> float:
    """Return the share without an attack by then among those who were followed that long."""
    first = np.full(len(is_start), NEVER, dtype=np.int64)
    np.minimum.at(first, patient, since)
    return float((first[is_start][follow >= days] > days).mean())
