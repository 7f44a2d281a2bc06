"""The true cause of each onset and worsening of pain in a drawn registry: the attack, or the pain's own course."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nmosd_cohort.synthetic.assessments import draw_asked
from nmosd_cohort.synthetic.calibrate import calibrate, draw_history
from nmosd_cohort.synthetic.columns import patient_ids
from nmosd_cohort.synthetic.people import stream
from nmosd_cohort.synthetic.scenario import read_scenario

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.calibrate import History
    from nmosd_cohort.synthetic.scenario import Scenario

DRAW_N, DRAW_SEED = 60_000, 103
WINDOW_DAYS = 30


def true_causes(scenario: str | Path = "review", *, n: int, seed: int) -> pd.DataFrame:
    """One row an onset or worsening at an assessment of the registry that ``simulate`` makes of the same arguments.

    Pain rises after an attack by a known shift. An event is caused by the attack if it happens with the shift and
    would not have happened without it, everything else as it was.

    Returns
    -------
    pandas.DataFrame
        patient_id, event (onset: pain after a pain-free answer; worsening: 2 points more), event_day, is_by_attack.

    Examples
    --------
    >>> causes = true_causes("review", n=200, seed=1)
    >>> causes.columns.tolist(), bool(causes["is_by_attack"].any())
    (['patient_id', 'event', 'event_day', 'is_by_attack'], True)
    """
    chosen = read_scenario(scenario)
    history = draw_history(chosen, calibrate(chosen), n, seed)
    rows, earlier = _answered_pairs(chosen, history, seed)
    nrs, without = history.course.nrs, _nrs_without_attack(chosen, history)
    parts = []
    for event, happens in (("onset", _onset), ("worsening", _worsening)):
        real, unshifted = happens(nrs[rows], nrs[earlier]), happens(without[rows], nrs[earlier])
        parts.append(
            pd.DataFrame(
                {
                    "patient_id": patient_ids(history.course.patient[rows]),
                    "event": event,
                    "event_day": history.course.day[rows],
                    "is_by_attack": ~unshifted,
                }
            )[real]
        )
    return pd.concat(parts, ignore_index=True)


def true_relative_incidence(scenario: str | Path = "review") -> dict[str, float]:
    """Return the relative incidence of a worsening per assessment after an attack, and the share caused by attacks.

    From one large draw, by the stratified ratio of Mantel and Haenszel over patients rather than by a model.

    Examples
    --------
    >>> sorted(true_relative_incidence.__annotations__)
    ['return', 'scenario']
    """
    chosen = read_scenario(scenario)
    history = draw_history(chosen, calibrate(chosen), DRAW_N, DRAW_SEED)
    rows, earlier = _answered_pairs(chosen, history, DRAW_SEED)
    course = history.course
    worse = _worsening(course.nrs[rows], course.nrs[earlier])
    exposed = course.days_since_attack[rows] <= WINDOW_DAYS
    patient, size = course.patient[rows], history.people.n
    count = {
        (is_exposed, is_worse): np.bincount(patient[(exposed == is_exposed) & (worse >= is_worse)], minlength=size)
        for is_exposed in (False, True)
        for is_worse in (False, True)
    }
    total = np.maximum(count[True, False] + count[False, False], 1)
    top = (count[True, True] * count[False, False] / total).sum()
    bottom = (count[False, True] * count[True, False] / total).sum()
    unshifted = _worsening(_nrs_without_attack(chosen, history)[rows], course.nrs[earlier])
    return {
        "relative_incidence_per_assessment": float(top / bottom),
        "worsening_by_attack_share": float((worse & ~unshifted).sum() / worse.sum()),
    }


def _answered_pairs(scenario: Scenario, history: History, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return positions of assessments with an answer and of the answer before each, in the same patient."""
    course = history.course
    rows = np.flatnonzero(draw_asked(scenario, history.people, course, stream(seed, 11)))
    same = course.patient[rows[1:]] == course.patient[rows[:-1]]
    return rows[1:][same], rows[:-1][same]


def _nrs_without_attack(scenario: Scenario, history: History) -> NDArray[np.int64]:
    """Return the score that each assessment would have had without the attack; relief by the drug stays the same."""
    course, model = history.course, calibrate(scenario).pain_model
    latent = course.recorded * model.sd + model.mean
    calm = model.nrs(latent - scenario.number("pain.attack_shift") * ~course.in_remission)
    relieved = calm - (course.nrs_without_drug - course.nrs)
    scores: NDArray[np.int64] = np.where(course.in_remission, course.nrs, np.maximum(relieved, np.minimum(calm, 1)))
    return scores


def _onset(now: NDArray[np.int64], before: NDArray[np.int64]) -> NDArray[np.bool_]:
    begun: NDArray[np.bool_] = (now > 0) & (before == 0)
    return begun


def _worsening(now: NDArray[np.int64], before: NDArray[np.int64]) -> NDArray[np.bool_]:
    risen: NDArray[np.bool_] = now - before >= 2
    return risen
