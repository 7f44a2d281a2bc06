"""The pain table: episodes that agree with what was answered at the assessments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nmosd_cohort.codebook import DAYS_PER_YEAR, typed_table
from nmosd_cohort.synthetic.columns import dates, labels, patient_ids, subset_names, with_nulls

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.calibrate import History
    from nmosd_cohort.synthetic.scenario import Scenario

TYPES = (
    "neuropathic",
    "tonic_spasm",
    "musculoskeletal",
    "headache",
    "spasticity",
    "trigeminal",
    "other",
    "unclassified",
    "eye",
)
NEUROPATHIC_TYPE, SPASM_TYPE, FIRST_OTHER_TYPE, EYE_TYPE = 0, 1, 2, 8
OTHER_SHARES = (0.42, 0.28, 0.15, 0.02, 0.09, 0.04)
CONTEXTS = ("attack", "after_attack", "independent")
SITES = ("head", "eye", "face", "neck_shoulder", "arm", "trunk", "back", "leg")
# Where each type is felt most: chances of the main site, in the order of SITES.
SITE_SHARES = np.array(
    [
        [0.00, 0.00, 0.02, 0.10, 0.20, 0.28, 0.15, 0.25],
        [0.00, 0.00, 0.00, 0.05, 0.30, 0.10, 0.05, 0.50],
        [0.00, 0.00, 0.00, 0.30, 0.05, 0.05, 0.50, 0.10],
        [1.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00],
        [0.00, 0.00, 0.00, 0.00, 0.10, 0.05, 0.05, 0.80],
        [0.00, 0.00, 1.00, 0.00, 0.00, 0.00, 0.00, 0.00],
        [0.10, 0.00, 0.05, 0.15, 0.15, 0.15, 0.20, 0.20],
        [0.10, 0.00, 0.05, 0.15, 0.15, 0.15, 0.20, 0.20],
        [0.00, 1.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00],
    ]
)


@dataclass(frozen=True, slots=True)
class Spells:
    """One entry a spell of pain: assessments with pain in a row, among those at which pain was asked."""

    patient: NDArray[np.int64]
    onset_day: NDArray[np.int64]
    end_day: NDArray[np.int64]
    has_ended: NDArray[np.bool_]
    is_first: NDArray[np.bool_]
    began_with_attack: NDArray[np.bool_]
    is_single: NDArray[np.bool_]


def draw_spells(history: History, asked: NDArray[np.bool_], rng: np.random.Generator) -> Spells:
    """Draw onset and end of every spell of pain.

    A spell already there at the first answer began earlier in the disease, one that appears later began
    between the last answer without pain and the first with it, or with the attack between them. It ended
    between the last answer with pain and the next without; otherwise it is open.
    """
    course, people = history.course, history.people
    rows = np.flatnonzero(asked)
    patient, day, has_pain = course.patient[rows], course.day[rows], course.nrs[rows] > 0
    same = np.diff(patient, prepend=-1) == 0
    begins = has_pain & ~(same & np.roll(has_pain, 1))
    follows = np.roll(same, -1)
    ends = has_pain & ~(follows & np.roll(has_pain, -1))
    start, stop = np.flatnonzero(begins), np.flatnonzero(ends)
    is_first = ~same[start]
    earliest = np.where(is_first, people.onset_day[patient[start]], np.roll(day, 1)[start] + 1)
    attack_day = day[start] - course.days_since_attack[rows][start]
    by_attack = ~course.in_remission[rows][start] & (attack_day >= earliest) & (rng.random(len(start)) < 0.8)
    has_ended = follows[stop]
    next_day = np.where(has_ended, np.roll(day, -1)[stop], day[stop] + 1)
    return Spells(
        patient[start],
        np.where(by_attack, attack_day, _onset(earliest, day[start], is_first, rng)),
        rng.integers(day[stop], next_day),
        has_ended,
        is_first,
        by_attack,
        start == stop,
    )


def _onset(
    earliest: NDArray[np.int64], day: NDArray[np.int64], is_first: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.int64]:
    long_ago = day - 100 - (rng.exponential(2.5, len(day)) * DAYS_PER_YEAR).astype(np.int64)
    return np.where(is_first, np.maximum(earliest, long_ago), rng.integers(earliest, day + 1))


def pain_table(
    scenario: Scenario, history: History, spells: Spells, syndromes: NDArray[np.bool_], rng: np.random.Generator
) -> pd.DataFrame:
    """Return the pain table: an episode a spell, a second where spasms come with neuropathic pain, past eye pain."""
    traits = history.people.recorded_pain
    is_neuropathic, has_spasms = traits.is_neuropathic[spells.patient], traits.has_spasms[spells.patient]
    other = FIRST_OTHER_TYPE + rng.choice(len(OTHER_SHARES), size=len(is_neuropathic), p=OTHER_SHARES)
    main = np.where(is_neuropathic, NEUROPATHIC_TYPE, np.where(has_spasms, SPASM_TYPE, other))
    both = np.flatnonzero(is_neuropathic & has_spasms)
    spell = np.concatenate([np.arange(len(main)), both])
    kind = np.concatenate([main, np.full(len(both), SPASM_TYPE)])
    context = np.where(spells.began_with_attack, np.where(spells.is_single, 0, 1), 2)[spell]
    # Only a patient's first spell may lack its onset, so that two episodes never share a key.
    unknown = spells.is_first[spell] & (rng.random(len(spell)) < scenario.number("pain.onset_unknown_share"))
    eye_patient, eye_day, eye_end = _eye_pain(history, syndromes, spells, rng)
    n_eye = len(eye_patient)
    patient = np.concatenate([spells.patient[spell], eye_patient])
    kind = np.concatenate([kind, np.full(n_eye, EYE_TYPE)])
    onset_day = np.concatenate([spells.onset_day[spell], eye_day])
    order = np.lexsort((kind, onset_day, patient))
    is_open = np.concatenate([~spells.has_ended[spell], np.zeros(n_eye, bool)])
    context = np.concatenate([context, np.zeros(n_eye, np.int64)])
    columns = {
        "patient_id": patient_ids(patient),
        "pain_type": labels(kind, TYPES),
        "pain_sites": _sites(kind, rng),
        "onset_date": dates(onset_day, np.concatenate([unknown, np.zeros(n_eye, bool)])),
        "end_date": dates(np.concatenate([spells.end_day[spell], eye_end]), is_open),
        "context": labels(context, CONTEXTS, rng.random(len(context)) < 0.1),
    }
    return typed_table("pain", pd.DataFrame(columns).iloc[order])


def _eye_pain(
    history: History, syndromes: NDArray[np.bool_], spells: Spells, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return patient, onset and end of eye pain with optic neuritis that was over before entry."""
    attacks, people = history.attacks, history.people
    end = attacks.day + rng.integers(7, 28, len(attacks.day))
    was_asked = np.bincount(spells.patient, minlength=people.n) > 0
    kept = syndromes[:, 1] & (end < people.entry_day[attacks.patient]) & was_asked[attacks.patient]
    kept &= rng.random(len(end)) < 0.4
    return attacks.patient[kept], attacks.day[kept], end[kept]


def _sites(kind: NDArray[np.int64], rng: np.random.Generator) -> pd.Series[str]:
    main, second = (
        (rng.random(len(kind))[:, None] > SITE_SHARES.cumsum(axis=1)[kind]).sum(axis=1).clip(max=7) for _ in range(2)
    )
    second = np.where(rng.random(len(kind)) < 0.35, second, main)
    names = subset_names(SITES)[(1 << main) | (1 << second)]
    return with_nulls(names, rng.random(len(kind)) < 0.05)
