"""The assessments table: what the registry records of the truth, and what it leaves out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

from nmosd_cohort.codebook import typed_table
from nmosd_cohort.synthetic import scores
from nmosd_cohort.synthetic.columns import dates, labels, patient_ids, with_nulls
from nmosd_cohort.synthetic.course import NEUROPATHIC
from nmosd_cohort.synthetic.people import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.calibrate import Calibration, History
    from nmosd_cohort.synthetic.course import Course
    from nmosd_cohort.synthetic.people import People
    from nmosd_cohort.synthetic.scenario import Scenario

HADS_SITE, PHQ_SITE = 2, 3


@dataclass(frozen=True, slots=True)
class Outcomes:
    """True scores of each assessment, before anything is missing."""

    edss: NDArray[np.float64]
    mood: NDArray[np.float64]
    fatigue: NDArray[np.float64]
    bdi_ii: NDArray[np.int64]
    sf36: dict[str, NDArray[np.float64]]


def draw_outcomes(scenario: Scenario, calibration: Calibration, history: History, seed: int) -> Outcomes:
    """Draw EDSS, depression, fatigue and SF-36 of every assessment."""
    people, course, rng = history.people, history.course, stream(seed, 10)
    edss = scores.edss(scores.draw_disability(scenario, people, course, rng), calibration.edss_thresholds)
    own_fatigue = scores.draw_fatigue(scenario, people, course, rng)
    tired = scores.fatigue(scenario, course, own_fatigue)
    mood = scores.draw_mood(scenario, people, course, own_fatigue, rng)
    sf36 = scores.draw_sf36(scenario, course, edss, mood, tired, rng)
    return Outcomes(edss, mood, tired, scores.bdi_ii(mood, calibration.bdi_quantiles), sf36)


def draw_asked(scenario: Scenario, people: People, course: Course, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return whether pain was asked at each assessment; it is asked more often of patients with pain."""
    overall = scenario.number("pain.not_asked_share")
    slope = scenario.number("pain.not_asked_log_odds_pain")
    pain = scenario.number("pain.current_share")
    base = brentq(lambda b: pain * expit(b + slope) + (1 - pain) * expit(b) - overall, -20, 20)
    is_skipped = rng.random(len(course.patient)) < expit(base + slope * (course.nrs > 0))
    is_never_asked = rng.random(people.n) < scenario.number("pain.never_asked_share")
    return ~is_skipped & ~is_never_asked[course.patient]


def assessments_table(
    scenario: Scenario, history: History, outcomes: Outcomes, asked: NDArray[np.bool_], rng: np.random.Generator
) -> pd.DataFrame:
    """Return the assessments table, one row an assessment."""
    people, course = history.people, history.course
    columns: dict[str, Any] = {"patient_id": patient_ids(course.patient), "assessment_date": dates(course.day)}
    columns |= _pain_columns(scenario, course, asked, rng)
    columns |= _screening_columns(scenario, course, asked, rng)
    columns |= _disability_columns(scenario, course, outcomes, rng)
    columns |= _mood_columns(scenario, people.site[course.patient], outcomes, rng)
    sf36_missing = _missing(scenario, "visits.sf36_missing_share", len(asked), rng)
    columns |= {scale: with_nulls(score, sf36_missing) for scale, score in outcomes.sf36.items()}
    version = ("synthetic, assumed weights",)
    columns["sf36_version"] = labels(np.zeros(len(asked), np.int64), version, sf36_missing)
    return typed_table("assessments", pd.DataFrame(columns))


def _missing(scenario: Scenario, name: str, n: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    return rng.random(n) < scenario.number(name)


def _pain_columns(
    scenario: Scenario, course: Course, asked: NDArray[np.bool_], rng: np.random.Generator
) -> dict[str, Any]:
    has_pain = course.nrs > 0
    unclassified, unrecorded = (
        has_pain & _missing(scenario, "pain.not_classified_share", len(asked), rng) for _ in range(2)
    )
    severity = np.where(has_pain, (course.nrs + rng.normal(0, 0.7, len(asked))).clip(0.25, 10), 0.0)
    return {
        "has_pain": with_nulls(has_pain, ~asked),
        "pain_nrs": with_nulls(course.nrs, ~asked),
        "pain_recall": labels(np.zeros(len(asked), np.int64), ("average_7d",), ~asked),
        "has_neuropathic_pain": with_nulls(course.pain_group == NEUROPATHIC, ~asked | unclassified),
        "has_tonic_spasm": with_nulls(course.has_spasm, ~asked | unrecorded),
        "bpi_severity": with_nulls((severity * 4).round() / 4, ~asked),
        "bpi_interference": with_nulls(_interference(severity, rng), ~asked),
    }


def _interference(severity: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    raw = (0.9 * severity + rng.normal(0, 1.2, len(severity))).clip(0, 10)
    return np.where(severity > 0, (raw * 7).round() / 7, 0.0).round(2)


def _screening_columns(
    scenario: Scenario, course: Course, asked: NDArray[np.bool_], rng: np.random.Generator
) -> dict[str, Any]:
    """Return DN4 and painDETECT of patients with pain, positive with the scenario's sensitivity and specificity."""
    n = len(asked)
    left_out = ~asked | (course.nrs == 0) | _missing(scenario, "visits.dn4_missing_share", n, rng)
    dn4 = np.where(_positive(scenario, "dn4", course, rng), 4 + rng.binomial(6, 0.35, n), rng.binomial(3, 0.55, n))
    at_examination = rng.binomial(np.minimum(dn4, 3), 0.3)
    interview = np.minimum(dn4 - at_examination, 7)
    is_likely = _positive(scenario, "paindetect", course, rng)
    paindetect = np.where(is_likely, 19 + rng.binomial(19, 0.25, n), -1 + rng.binomial(19, 0.55, n))
    return {
        "dn4": with_nulls(dn4, left_out),
        "dn4_interview": with_nulls(interview, left_out),
        "paindetect": with_nulls(paindetect, left_out | (rng.random(n) < 0.3)),
    }


def _positive(scenario: Scenario, instrument: str, course: Course, rng: np.random.Generator) -> NDArray[np.bool_]:
    sensitivity = scenario.number(f"pain.{instrument}_sensitivity")
    specificity = scenario.number(f"pain.{instrument}_specificity")
    chance = np.where(course.pain_group == NEUROPATHIC, sensitivity, 1 - specificity)
    return rng.random(len(chance)) < chance


def _disability_columns(
    scenario: Scenario, course: Course, outcomes: Outcomes, rng: np.random.Generator
) -> dict[str, Any]:
    missing = _missing(scenario, "visits.edss_missing_share", len(outcomes.edss), rng)
    sensory = 0.35 * outcomes.edss + 0.3 * (course.felt_group == NEUROPATHIC) + rng.normal(0, 0.7, len(missing))
    health = 68 - 6 * (outcomes.edss - 3.7) - 5 * outcomes.mood - 3 * course.felt + rng.normal(0, 12, len(missing))
    return {
        "edss": with_nulls(outcomes.edss, missing),
        "edss_sensory": with_nulls(np.rint(sensory).clip(0, 6).astype(np.int64), missing),
        "eq_vas": with_nulls(np.rint(health).clip(0, 100).astype(np.int64), missing),
    }


def _mood_columns(
    scenario: Scenario, site: NDArray[np.int64], outcomes: Outcomes, rng: np.random.Generator
) -> dict[str, Any]:
    n = len(site)
    missing = _missing(scenario, "visits.bdi_missing_share", n, rng)
    fss = scenario.number("mood.fss_mean") + scenario.number("mood.fss_sd") * outcomes.fatigue

    def points(mean: float, sd: float, most: int) -> NDArray[np.int64]:
        latent = 0.8 * outcomes.mood + 0.6 * rng.standard_normal(n)
        return np.rint(mean + sd * latent).clip(0, most).astype(np.int64)

    return {
        "bdi_ii": with_nulls(outcomes.bdi_ii, missing),
        "phq9": with_nulls(points(7.5, 5.0, 27), missing | (site != PHQ_SITE)),
        "hads_d": with_nulls(points(6.0, 3.8, 21), missing | (site != HADS_SITE)),
        "hads_a": with_nulls(points(6.5, 3.9, 21), missing | (site != HADS_SITE)),
        "fss": with_nulls(((fss * 9).round() / 9).clip(1, 7).round(2), missing),
    }
