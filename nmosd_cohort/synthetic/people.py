"""Draw the patients and their attacks, before any pain is scored or any drug is started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, ndtri

from nmosd_cohort.codebook import DAYS_PER_YEAR
from nmosd_cohort.synthetic.pain_model import NO_MYELITIS, level_shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.pain_model import PainModel
    from nmosd_cohort.synthetic.scenario import Scenario

DATA_CUT = np.datetime64("2025-12-31", "D")
DATA_CUT_DAY = int(DATA_CUT.astype(np.int64))


@dataclass(frozen=True, slots=True)
class PainTraits:
    """What lasts in each patient's pain: lesion cell, kind of pain when present, proneness (standard normal)."""

    level: NDArray[np.int64]
    is_neuropathic: NDArray[np.bool_]
    has_spasms: NDArray[np.bool_]
    proneness: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class People:
    """One entry a patient; days count from 1970-01-01.

    ``recorded_pain`` is the pain that the registry records, ``felt_pain`` the one that acts on EDSS, SF-36,
    depression and fatigue. They are the same patient's pain unless the scenario cuts the link.
    """

    site: NDArray[np.int64]
    is_female: NDArray[np.bool_]
    is_aqp4_positive: NDArray[np.bool_]
    birth_day: NDArray[np.int64]
    onset_day: NDArray[np.int64]
    entry_day: NDArray[np.int64]
    last_day: NDArray[np.int64]
    attack_rate_per_year: NDArray[np.float64]
    lesion_level: NDArray[np.int64]
    recorded_pain: PainTraits
    felt_pain: PainTraits
    mood_trait: NDArray[np.float64]
    fatigue_trait: NDArray[np.float64]
    disability_trait: NDArray[np.float64]

    @property
    def n(self) -> int:
        """Return the number of patients."""
        return len(self.site)


@dataclass(frozen=True, slots=True)
class Attacks:
    """One entry an attack, in the order of patient and day."""

    patient: NDArray[np.int64]
    day: NDArray[np.int64]

    def keep(self, which: NDArray[np.bool_]) -> Attacks:
        """Return only some of the attacks."""
        return Attacks(self.patient[which], self.day[which])


def stream(seed: int, number: int) -> np.random.Generator:
    """Return one of many independent random streams of a seed, so that a change in one table leaves others alone."""
    return np.random.default_rng([seed, number])


def draw_people(scenario: Scenario, pain_model: PainModel, n: int, rng: np.random.Generator) -> People:
    """Draw ``n`` patients of the scenario's population."""
    dates = _draw_dates(scenario, n, rng)
    level = rng.choice(5, size=n, p=level_shares(scenario))
    felt = _draw_pain_traits(pain_model, level, rng)
    other = _draw_pain_traits(pain_model, rng.choice(5, size=n, p=level_shares(scenario)), rng)
    shape = scenario.number("attacks.frailty_shape")
    return People(
        site=rng.choice(len(scenario.numbers("people.site_shares")), size=n, p=scenario.numbers("people.site_shares")),
        is_female=rng.random(n) < scenario.number("people.female_share"),
        is_aqp4_positive=rng.random(n) < scenario.number("people.aqp4_positive_share"),
        attack_rate_per_year=rng.gamma(shape, scenario.number("attacks.rate_per_year") / shape, n),
        lesion_level=level,
        recorded_pain=felt if scenario.number("pain.is_linked_to_outcomes") else other,
        felt_pain=felt,
        mood_trait=rng.standard_normal(n),
        fatigue_trait=rng.standard_normal(n),
        disability_trait=rng.standard_normal(n),
        **dates,
    )


def _draw_pain_traits(pain_model: PainModel, level: NDArray[np.int64], rng: np.random.Generator) -> PainTraits:
    had_myelitis = (level != NO_MYELITIS).astype(int)
    n = len(level)
    return PainTraits(
        level,
        rng.random(n) < pain_model.neuropathic_probability[had_myelitis],
        rng.random(n) < pain_model.spasm_probability[had_myelitis],
        rng.standard_normal(n),
    )


def _draw_dates(scenario: Scenario, n: int, rng: np.random.Generator) -> dict[str, Any]:
    onset_age = _truncated_normal(
        scenario.number("people.onset_age_mean_years"),
        scenario.number("people.onset_age_sd_years"),
        scenario.numbers("people.onset_age_limits_years"),
        rng.random(n),
    )
    log_limits = np.log(scenario.numbers("people.duration_limits_years"))
    log_median = float(np.log(scenario.number("people.duration_median_years")))
    duration = np.exp(
        _truncated_normal(log_median, scenario.number("people.duration_log_sd"), log_limits, rng.random(n))
    )
    duration = np.minimum(duration, 95 - onset_age)
    longest = np.minimum(duration, scenario.number("people.follow_up_max_years"))
    follow_up = longest * (0.15 + 0.85 * rng.random(n))
    is_lost = rng.random(n) < scenario.number("people.lost_share")
    lag = np.where(is_lost, 0.5 + rng.exponential(1.5, n).clip(max=8), 0.5 * rng.random(n))
    last_day = DATA_CUT_DAY - _days(lag)
    onset_day = last_day - _days(duration)
    return {
        "last_day": last_day,
        "onset_day": onset_day,
        "entry_day": last_day - _days(follow_up),
        "birth_day": onset_day - _days(onset_age),
    }


def _truncated_normal(
    mean: float, sd: float, limits: NDArray[np.float64], uniform: NDArray[np.float64]
) -> NDArray[np.float64]:
    low, high = ndtr((limits - mean) / sd)
    drawn: NDArray[np.float64] = mean + sd * ndtri(low + (high - low) * uniform)
    return drawn


def _days(years: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.floor(years * DAYS_PER_YEAR).astype(np.int64)


def draw_attacks(scenario: Scenario, people: People, rng: np.random.Generator) -> Attacks:
    """Draw the attacks of each patient as they would run without tocilizumab: the onset, then gamma-Poisson.

    A later attack is left out when the one before it, counted or not, began fewer than
    ``attacks.minimum_gap_days`` earlier.
    """
    span = people.last_day - people.onset_day
    later = rng.poisson(people.attack_rate_per_year * span / DAYS_PER_YEAR)
    patient = np.repeat(np.arange(people.n), later)
    day = people.onset_day[patient] + np.ceil(rng.random(len(patient)) * span[patient]).astype(np.int64)
    patient = np.concatenate([np.arange(people.n), patient])
    day = np.concatenate([people.onset_day, day])
    order = np.lexsort((day, patient))
    attacks = Attacks(patient[order], day[order])
    is_first = np.diff(attacks.patient, prepend=-1) != 0
    is_apart = np.diff(attacks.day, prepend=0) >= scenario.number("attacks.minimum_gap_days")
    return attacks.keep(is_first | is_apart)


def keyed(patient: NDArray[np.int64], day: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number a row that sorts by patient, then day."""
    return patient * 200_000 + (day + 60_000)


def attacks_before(
    attacks: Attacks, patient: NDArray[np.int64], day: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return, for each patient and day, attacks up to and on that day and days since the last of them.

    Every patient has the onset attack, so a day from onset on has at least one.
    """
    last = np.searchsorted(keyed(attacks.patient, attacks.day), keyed(patient, day), side="right") - 1
    first = np.searchsorted(attacks.patient, patient, side="left")
    return last - first + 1, day - attacks.day[last]
