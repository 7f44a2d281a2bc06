"""EDSS, depression, fatigue and SF-36 of each assessment, from felt pain, disability and the patient's traits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit, ndtr

from nmosd_cohort.codebook import DAYS_PER_YEAR
from nmosd_cohort.synthetic.course import NEUROPATHIC, OTHER_PAIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.course import Course
    from nmosd_cohort.synthetic.people import People
    from nmosd_cohort.synthetic.scenario import Scenario

EDSS_STEPS = np.concatenate([[0.0], np.arange(2, 20) / 2])  # 0, 1, 1.5 to 9.5
SF36_SCALES = ("pf", "rp", "bp", "gh", "vt", "sf", "re", "mh")
# BDI-II at these shares of the latent scale; the two at None are the shares below 14 and below 20.
BDI_ANCHORS = (
    (0.02, -0.49),
    (0.20, 4.0),
    (0.40, 9.0),
    (None, 13.5),
    (None, 19.5),
    (0.90, 28.0),
    (0.97, 36.0),
    (0.9995, 58.0),
)


def _completed_years(days: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.floor(days / DAYS_PER_YEAR)


def disability_predictor(scenario: Scenario, people: People, course: Course) -> NDArray[np.float64]:
    """Return the linear predictor of the cumulative-link model of the EDSS; higher means more disability."""
    patient = course.patient
    log_odds = {
        "neuropathic": course.felt_group == NEUROPATHIC,
        "other_pain": course.felt_group == OTHER_PAIN,
        "age_per_10_years": _completed_years(course.day - people.birth_day[patient]) / 10,
        "male": ~people.is_female[patient],
        "duration_per_10_years": _completed_years(course.day - people.onset_day[patient]) / 10,
        "aqp4_positive": people.is_aqp4_positive[patient],
        "per_attack": course.attack_count,
        "attack_phase": ~course.in_remission,
    }
    predictor = np.zeros(len(patient))
    for name, values in log_odds.items():
        predictor += scenario.number(f"disability.log_odds_{name}") * values
    return predictor


def draw_disability(
    scenario: Scenario, people: People, course: Course, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return latent disability: predictor plus a logistic error, so cutting it gives a cumulative-link model exactly.

    The errors of one patient's assessments are correlated (Gaussian copula), each is logistic.
    """
    share = scenario.number("disability.trait_share")
    passing = np.sqrt(1 - share) * rng.standard_normal(len(course.patient))
    uniform = ndtr(np.sqrt(share) * people.disability_trait[course.patient] + passing)
    latent: NDArray[np.float64] = disability_predictor(scenario, people, course) + logit(uniform.clip(1e-12, 1 - 1e-12))
    return latent


def edss(latent: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the EDSS of latent disability, 0 to 9.5 in its steps."""
    return EDSS_STEPS[np.searchsorted(thresholds, latent)]


def draw_fatigue(scenario: Scenario, people: People, course: Course, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the part of fatigue, standard normal, that pain does not explain."""
    return _trait_and_noise(scenario, people.fatigue_trait[course.patient], rng)


def fatigue(scenario: Scenario, course: Course, own: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return latent fatigue from its own part and felt pain."""
    weight = scenario.number("mood.fatigue_pain_weight")
    combined: NDArray[np.float64] = weight * course.felt + np.sqrt(1 - weight**2) * own
    return combined


def draw_mood(
    scenario: Scenario, people: People, course: Course, own_fatigue: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return latent depression from felt pain, neuropathic pain, fatigue and the patient's own part."""
    pain, tired = scenario.number("mood.pain_weight"), scenario.number("mood.fatigue_weight")
    own = _trait_and_noise(scenario, people.mood_trait[course.patient], rng)
    neuropathic = scenario.number("mood.neuropathic_shift") * (course.felt_group == NEUROPATHIC)
    rest = np.sqrt(1 - pain**2 - tired**2)
    mood: NDArray[np.float64] = pain * course.felt + neuropathic + tired * own_fatigue + rest * own
    return mood


def _trait_and_noise(scenario: Scenario, trait: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    share = scenario.number("mood.trait_share")
    mixed: NDArray[np.float64] = np.sqrt(share) * trait + np.sqrt(1 - share) * rng.standard_normal(len(trait))
    return mixed


def bdi_probabilities(scenario: Scenario) -> NDArray[np.float64]:
    """Return the shares of the population below each anchor of the BDI-II."""
    below = iter((1 - scenario.number("mood.depressed_share"), 1 - scenario.number("mood.moderate_share")))
    return np.array([next(below) if share is None else share for share, _ in BDI_ANCHORS])


def bdi_ii(mood: NDArray[np.float64], quantiles: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the BDI-II total, 0 to 63, of latent depression, by the quantiles that belong to the anchors."""
    scores = np.interp(mood, quantiles, [score for _, score in BDI_ANCHORS])
    return np.rint(scores).astype(np.int64).clip(0, 63)


def draw_sf36(
    scenario: Scenario,
    course: Course,
    disability: NDArray[np.float64],
    mood: NDArray[np.float64],
    tired: NDArray[np.float64],
    rng: np.random.Generator,
) -> dict[str, NDArray[np.float64]]:
    """Return the eight SF-36 scales, 0 to 100, and the two component scores, one array each.

    ``disability`` is the EDSS; it, ``mood`` and ``tired`` enter in units of about one SD.
    """
    burdens = (course.felt, (disability - 3.7) / 2, mood, tired)
    scores = {}
    for scale in SF36_SCALES:
        mean, sd, *weights, step = scenario.numbers(f"sf36.{scale}")
        burden = sum(weight * values for weight, values in zip(weights, burdens, strict=True))
        own = np.sqrt(max(1 - sum(weight**2 for weight in weights), 0.1)) * rng.standard_normal(len(mood))
        score = ((mean - sd * (burden + own)) / step).round() * step
        # Adding zero turns the negative zero of clipped scores into zero.
        scores[f"sf36_{scale}"] = np.where(score > 99, 100.0, score).clip(0, 100).round(1) + 0.0
    return scores | _components(scenario, scores)


def _components(scenario: Scenario, scores: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    mean, sd = scenario.number("sf36.reference_mean"), scenario.number("sf36.reference_sd")
    z = np.stack([(scores[f"sf36_{scale}"] - mean) / sd for scale in SF36_SCALES])
    physical = 50 + 10 * scenario.numbers("sf36.pcs_weights") @ z
    mental = 50 + 10 * scenario.numbers("sf36.mcs_weights") @ z
    return {"sf36_pcs": physical.clip(0, 80).round(2), "sf36_mcs": mental.clip(0, 85).round(2)}
