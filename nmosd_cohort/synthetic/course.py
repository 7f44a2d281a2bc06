"""The course of each patient: assessments, latent pain, start of tocilizumab, and what the drug changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nmosd_cohort.synthetic.pain_model import BOTH, CERVICAL_ONLY, THORACIC_ONLY
from nmosd_cohort.synthetic.people import attacks_before, keyed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.pain_model import PainModel
    from nmosd_cohort.synthetic.people import Attacks, PainTraits, People
    from nmosd_cohort.synthetic.scenario import Scenario

REMISSION_DAYS = 30
NEVER = np.iinfo(np.int64).max // 4  # a day after all days
NO_PAIN, OTHER_PAIN, NEUROPATHIC = range(3)


@dataclass(frozen=True, slots=True)
class Visits:
    """One entry an assessment, in the order of patient and day, with the passing part of recorded and felt pain."""

    patient: NDArray[np.int64]
    day: NDArray[np.int64]
    number: NDArray[np.int64]  # 0 for the one at entry; -1 for one that an attack prompted
    recorded_noise: NDArray[np.float64]
    felt_noise: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Course:
    """One entry an assessment, with what is true on that day.

    ``nrs_without_drug`` is the score that the same assessment would have had without the direct effect of
    tocilizumab; ``felt`` is latent felt pain standardised over the population in remission.
    """

    patient: NDArray[np.int64]
    day: NDArray[np.int64]
    attack_count: NDArray[np.int64]
    days_since_attack: NDArray[np.int64]
    is_treated: NDArray[np.bool_]
    nrs_without_drug: NDArray[np.int64]
    nrs: NDArray[np.int64]
    pain_group: NDArray[np.int64]
    has_spasm: NDArray[np.bool_]
    recorded: NDArray[np.float64]
    felt: NDArray[np.float64]
    felt_group: NDArray[np.int64]

    @property
    def in_remission(self) -> NDArray[np.bool_]:
        """Return whether no attack began in the 30 days before."""
        return self.days_since_attack >= REMISSION_DAYS

    def last_in_remission(self, among: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """Return the positions of each patient's last assessment in remission (among some assessments)."""
        usable = np.flatnonzero(self.in_remission if among is None else self.in_remission & among)
        is_last = np.diff(self.patient[usable], append=-1) != 0
        return np.asarray(usable[is_last])


def draw_regular_visits(scenario: Scenario, people: People, rng: np.random.Generator) -> Visits:
    """Draw assessments at entry and about every half year until last contact."""
    interval = scenario.number("visits.interval_days")
    most = int((people.last_day - people.entry_day).max() / interval) + 2
    jitter = rng.normal(0, scenario.number("visits.jitter_sd_days"), (people.n, most)).clip(-60, 60)
    jitter[:, 0] = 0
    day = people.entry_day[:, None] + np.rint(np.arange(most) * interval + jitter).astype(np.int64)
    patient, number = np.nonzero(day <= people.last_day[:, None])
    return Visits(patient, day[patient, number], number, *_noise(scenario, len(patient), rng))


def _noise(scenario: Scenario, n: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    felt, other = rng.standard_normal((2, n))
    return (felt, felt) if scenario.number("pain.is_linked_to_outcomes") else (other, felt)


def latent_pain(
    scenario: Scenario,
    traits: PainTraits,
    patient: NDArray[np.int64],
    noise: NDArray[np.float64],
    is_attack_phase: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return latent pain: shifts of the patient's cell, lasting and passing part (variance 1 together), attack."""
    cervical = np.isin(traits.level, (CERVICAL_ONLY, BOTH)) * scenario.number("pain.cervical_shift")
    thoracic = np.isin(traits.level, (THORACIC_ONLY, BOTH)) * scenario.number("pain.thoracic_shift")
    neuropathic = traits.is_neuropathic * scenario.number("pain.neuropathic_shift")
    lasting = cervical + thoracic + neuropathic + traits.has_spasms * scenario.number("pain.tonic_spasm_shift")
    share = scenario.number("pain.trait_share")
    lasting = lasting + np.sqrt(share) * traits.proneness
    bump = scenario.number("pain.attack_shift") * is_attack_phase
    pain: NDArray[np.float64] = lasting[patient] + np.sqrt(1 - share) * noise + bump
    return pain


def start_utilities(
    scenario: Scenario,
    pain_model: PainModel,
    people: People,
    attacks: Attacks,
    visits: Visits,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return how strongly each regular assessment in remission calls for tocilizumab; minus infinity if too early."""
    _, since_attack = attacks_before(attacks, visits.patient, visits.day)
    calm = since_attack >= REMISSION_DAYS
    pain = latent_pain(scenario, people.recorded_pain, visits.patient, visits.recorded_noise, ~calm)
    recent = since_attack < 365
    utility = (
        scenario.number("treatment.start_log_odds_per_nrs") * pain_model.nrs(pain)
        + scenario.number("treatment.start_log_odds_recent_attack") * recent
        + rng.logistic(size=len(pain))
    )
    may_start = calm & (visits.number >= scenario.number("treatment.earlier_visits"))
    return np.where(may_start, utility, -np.inf)


def start_days(
    people: People, visits: Visits, utilities: NDArray[np.float64], threshold: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the day on which each patient starts tocilizumab, up to ten days after the assessment; NEVER if not."""
    calling = np.flatnonzero(utilities > threshold)
    first = calling[np.diff(visits.patient[calling], prepend=-1) != 0]
    starts = np.full(people.n, NEVER, dtype=np.int64)
    starts[visits.patient[first]] = visits.day[first]
    delayed = np.minimum(starts + rng.integers(0, 11, people.n), people.last_day)
    return np.where(starts < NEVER, delayed, NEVER)


def thin_attacks(scenario: Scenario, attacks: Attacks, starts: NDArray[np.int64], rng: np.random.Generator) -> Attacks:
    """Return the attacks that happen; after the start each of the untreated course with the rate ratio as chance."""
    is_prevented = rng.random(len(attacks.day)) >= scenario.number("treatment.tocilizumab_attack_rate_ratio")
    return attacks.keep((attacks.day <= starts[attacks.patient]) | ~is_prevented)


def add_attack_visits(
    scenario: Scenario, people: People, attacks: Attacks, visits: Visits, rng: np.random.Generator
) -> Visits:
    """Return the assessments with some that an attack prompted, within 30 days after it."""
    delay = rng.integers(0, REMISSION_DAYS, len(attacks.day))
    prompts = rng.random(len(attacks.day)) < scenario.number("visits.attack_visit_share")
    day = attacks.day + delay
    prompts &= (attacks.day > people.entry_day[attacks.patient]) & (day <= people.last_day[attacks.patient])
    patient, day = attacks.patient[prompts], day[prompts]
    noise = _noise(scenario, len(day), rng)
    patient = np.concatenate([visits.patient, patient])
    day = np.concatenate([visits.day, day])
    number = np.concatenate([visits.number, np.full(len(noise[0]), -1)])
    # A regular assessment stands where both fall on one day: unique() keeps the first of equals.
    _, order = np.unique(keyed(patient, day), return_index=True)
    recorded = np.concatenate([visits.recorded_noise, noise[0]])
    felt = np.concatenate([visits.felt_noise, noise[1]])
    return Visits(patient[order], day[order], number[order], recorded[order], felt[order])


def follow(
    scenario: Scenario,
    pain_model: PainModel,
    people: People,
    attacks: Attacks,
    visits: Visits,
    starts: NDArray[np.int64],
    relief: float,
    rng: np.random.Generator,
) -> Course:
    """Return what is true at each assessment.

    Parameters
    ----------
    relief
        Chance with which tocilizumab removes each point of the NRS above the first. The drug lowers
        intensity but does not end pain, so shares with pain are the same with and without it.
    """
    count, since_attack = attacks_before(attacks, visits.patient, visits.day)
    is_attack_phase = since_attack < REMISSION_DAYS
    patient = visits.patient
    recorded = latent_pain(scenario, people.recorded_pain, patient, visits.recorded_noise, is_attack_phase)
    felt = latent_pain(scenario, people.felt_pain, patient, visits.felt_noise, is_attack_phase)
    is_treated = visits.day > starts[patient]
    nrs = pain_model.nrs(recorded)
    removed = rng.binomial(np.maximum(nrs - 1, 0), relief)
    return Course(
        patient=patient,
        day=visits.day,
        attack_count=count,
        days_since_attack=since_attack,
        is_treated=is_treated,
        nrs_without_drug=nrs,
        nrs=nrs - removed * is_treated,
        pain_group=_group(nrs > 0, people.recorded_pain.is_neuropathic[patient]),
        has_spasm=(nrs > 0) & people.recorded_pain.has_spasms[patient],
        recorded=(recorded - pain_model.mean) / pain_model.sd,
        felt=(felt - pain_model.mean) / pain_model.sd,
        felt_group=_group(felt > pain_model.thresholds[0], people.felt_pain.is_neuropathic[patient]),
    )


def _group(has_pain: NDArray[np.bool_], is_neuropathic: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.where(has_pain, np.where(is_neuropathic, NEUROPATHIC, OTHER_PAIN), NO_PAIN)
