"""Solve what no formula gives: start threshold, relief, EDSS thresholds and BDI-II quantiles, from one large draw."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from nmosd_cohort.synthetic import course as courses
from nmosd_cohort.synthetic import scores
from nmosd_cohort.synthetic.pain_model import PainModel, solve_pain_model
from nmosd_cohort.synthetic.people import Attacks, People, draw_attacks, draw_people, stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.course import Course, Visits
    from nmosd_cohort.synthetic.scenario import Scenario

CALIBRATION_N = 60_000
CALIBRATION_SEED = 20_251_231
MONTH_12_DAYS = 365
WINDOW_DAYS = 60


@dataclass(frozen=True, slots=True)
class Calibration:
    """The solved parts of a scenario.

    Parameters
    ----------
    pain_model
        Thresholds of the NRS and chances of the kinds of pain.
    start_threshold
        Tocilizumab starts at the first assessment whose utility is above it.
    relief
        Chance with which tocilizumab removes each NRS point above the first.
    edss_thresholds
        Shape (18,), on the logit scale, of the cumulative-link model.
    bdi_quantiles
        Latent depression at the anchors of the BDI-II.
    """

    pain_model: PainModel
    start_threshold: float
    relief: float
    edss_thresholds: NDArray[np.float64]
    bdi_quantiles: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class History:
    """Everything that is true about a drawn cohort, before any of it is recorded."""

    people: People
    attacks: Attacks
    starts: NDArray[np.int64]
    course: Course


@dataclass(frozen=True, slots=True)
class _Untreated:
    people: People
    attacks: Attacks
    visits: Visits
    utilities: NDArray[np.float64]


def draw_history(scenario: Scenario, calibration: Calibration, n: int, seed: int) -> History:
    """Draw ``n`` patients with attacks, assessments, pain and tocilizumab."""
    untreated = _draw_untreated(scenario, calibration.pain_model, n, seed)
    return _treat(scenario, calibration.pain_model, untreated, calibration.start_threshold, calibration.relief, seed)


def _draw_untreated(scenario: Scenario, pain_model: PainModel, n: int, seed: int) -> _Untreated:
    people = draw_people(scenario, pain_model, n, stream(seed, 0))
    attacks = draw_attacks(scenario, people, stream(seed, 1))
    visits = courses.draw_regular_visits(scenario, people, stream(seed, 2))
    utilities = courses.start_utilities(scenario, pain_model, people, attacks, visits, stream(seed, 3))
    return _Untreated(people, attacks, visits, utilities)


def _treat(
    scenario: Scenario, pain_model: PainModel, untreated: _Untreated, threshold: float, relief: float, seed: int
) -> History:
    people, visits = untreated.people, untreated.visits
    starts = courses.start_days(people, visits, untreated.utilities, threshold, stream(seed, 4))
    attacks = courses.thin_attacks(scenario, untreated.attacks, starts, stream(seed, 5))
    visits = courses.add_attack_visits(scenario, people, attacks, visits, stream(seed, 6))
    course = courses.follow(scenario, pain_model, people, attacks, visits, starts, relief, stream(seed, 7))
    return History(people, attacks, starts, course)


def month_12_pairs(history: History) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return positions of the last assessment up to the start and the one nearest month 12, of starters with both."""
    course = history.course
    since = course.day - history.starts[course.patient]
    before = np.flatnonzero((since <= 0) & (since >= -90))
    before = before[np.diff(course.patient[before], append=-1) != 0]
    distance = np.abs(since - MONTH_12_DAYS)
    near = np.flatnonzero((since > 0) & (distance <= WINDOW_DAYS))
    near = near[np.lexsort((distance[near], course.patient[near]))]
    near = near[np.diff(course.patient[near], prepend=-1) != 0]
    _, i, j = np.intersect1d(course.patient[before], course.patient[near], return_indices=True)
    return before[i], near[j]


@cache
def calibrate(scenario: Scenario) -> Calibration:
    """Return the solved parts of a scenario; the same scenario always gives the same ones."""
    pain_model = solve_pain_model(scenario)
    untreated = _draw_untreated(scenario, pain_model, CALIBRATION_N, CALIBRATION_SEED)
    threshold = _start_threshold(scenario, untreated)
    history = _treat(scenario, pain_model, untreated, threshold, 0.0, CALIBRATION_SEED)
    rng = stream(CALIBRATION_SEED, 8)
    own_fatigue = scores.draw_fatigue(scenario, history.people, history.course, rng)
    mood = scores.draw_mood(scenario, history.people, history.course, own_fatigue, rng)
    index = history.course.last_in_remission()
    predictor = scores.disability_predictor(scenario, history.people, history.course)[index]
    return Calibration(
        pain_model,
        threshold,
        _relief(scenario, history),
        _edss_thresholds(predictor, scenario.numbers("disability.edss_shares")),
        np.quantile(mood[index], scores.bdi_probabilities(scenario)),
    )


def _start_threshold(scenario: Scenario, untreated: _Untreated) -> float:
    highest = np.full(untreated.people.n, -np.inf)
    np.maximum.at(highest, untreated.visits.patient, untreated.utilities)
    share = scenario.number("treatment.tocilizumab_share")
    return float(np.quantile(highest, 1 - share, method="lower"))


def _relief(scenario: Scenario, history: History) -> float:
    _, after = month_12_pairs(history)
    removable = float(np.maximum(history.course.nrs_without_drug[after] - 1, 0).mean())
    relief = -scenario.number("treatment.tocilizumab_nrs_effect") / removable
    if not 0 <= relief <= 1:
        raise ValueError(
            f"treatment.tocilizumab_nrs_effect must lie between {-removable:.2f} and 0: starters have no more to lose"
        )
    return abs(relief)


def _edss_thresholds(predictor: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return thresholds at which the cumulative-link model has the wanted shares over these predictors (bisection)."""
    at_most = np.cumsum(shares)[:-1]
    low, high = np.full(len(at_most), -30.0), np.full(len(at_most), 30.0)
    for _ in range(45):
        middle = (low + high) / 2
        reached = np.array([expit(cut - predictor).mean() for cut in middle])
        low, high = np.where(reached < at_most, middle, low), np.where(reached < at_most, high, middle)
    return np.asarray((low + high) / 2)
