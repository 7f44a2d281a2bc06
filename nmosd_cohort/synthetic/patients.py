"""The tables patients, attacks, lesions, imaging and labs of a drawn history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nmosd_cohort.codebook import SEGMENTS, typed_table
from nmosd_cohort.synthetic.columns import dates, labels, patient_ids, subset_names, with_nulls
from nmosd_cohort.synthetic.pain_model import BOTH, CERVICAL_ONLY, NEITHER, NO_MYELITIS, THORACIC_ONLY
from nmosd_cohort.synthetic.people import attacks_before

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.calibrate import History
    from nmosd_cohort.synthetic.scenario import Scenario

SITES = ("Centre A", "Centre B", "Centre C", "Centre D", "Centre E")
SYNDROMES = ("myelitis", "optic_neuritis", "area_postrema", "brainstem", "cerebral")
ACUTE_TREATMENTS = ("methylprednisolone 1 g for 5 days", "plasma exchange", "methylprednisolone, then plasma exchange")
BRAIN, CERVICAL_CORD, THORACIC_CORD, WHOLE_CORD = range(4)
REGIONS = ("brain", "cervical_cord", "thoracic_cord", "whole_cord")


def draw_syndromes(scenario: Scenario, history: History, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which syndromes each attack has, shape (attacks, 5).

    A patient with past myelitis has a myelitis before entry, so it is past at every assessment.
    """
    attacks, people = history.attacks, history.people
    number, _ = attacks_before(attacks, attacks.patient, attacks.day)
    early, _ = attacks_before(attacks, attacks.patient, people.entry_day[attacks.patient])
    first_is_myelitis = rng.random(people.n) < scenario.number("attacks.myelitis_share_first")
    first_is_myelitis = first_is_myelitis[attacks.patient] | (early == 1)
    later_is_myelitis = rng.random(len(number)) < scenario.number("attacks.myelitis_share_later")
    later_is_myelitis |= (number == 2) & ~first_is_myelitis
    is_myelitis = np.where(number == 1, first_is_myelitis, later_is_myelitis)
    is_myelitis &= people.lesion_level[attacks.patient] != NO_MYELITIS
    other = 1 + rng.choice(4, size=len(number), p=scenario.numbers("attacks.other_shares"))
    main = np.where(is_myelitis, 0, other)
    syndromes = np.eye(5, dtype=bool)[main]
    has_second = rng.random(len(number)) < scenario.number("attacks.second_syndrome_share")
    second = np.where(main == 1, 3, 1)
    syndromes[np.flatnonzero(has_second), second[has_second]] = True
    return syndromes


def patients_table(
    scenario: Scenario, history: History, syndromes: NDArray[np.bool_], rng: np.random.Generator
) -> pd.DataFrame:
    """Return the patients table, one row a patient."""
    people, attacks = history.people, history.attacks
    number, _ = attacks_before(attacks, attacks.patient, attacks.day)
    onset = syndromes[number == 1]
    phenotype = np.where(onset.sum(axis=1) > 1, 5, onset.argmax(axis=1))
    to_diagnosis = rng.random(people.n) * (people.entry_day - people.onset_day)
    died = rng.random(people.n) < scenario.number("people.death_share")
    is_mog_tested = rng.random(people.n) < scenario.number("people.mog_tested_share")
    is_mog_positive = (rng.random(people.n) < scenario.number("people.mog_positive_share")) & ~people.is_aqp4_positive
    serostatus = ("negative", "positive")
    columns = {
        "patient_id": patient_ids(np.arange(people.n)),
        "site": labels(people.site, SITES),
        "sex": labels(people.is_female.astype(int), ("male", "female")),
        "birth_date": dates(people.birth_day),
        "diagnosis": labels(is_mog_positive.astype(int), ("nmosd", "mogad")),
        "aqp4_status": labels(
            people.is_aqp4_positive.astype(int),
            serostatus,
            rng.random(people.n) < scenario.number("people.aqp4_unknown_share"),
        ),
        "mog_status": labels(is_mog_positive.astype(int), serostatus, ~is_mog_tested & ~is_mog_positive),
        "onset_date": dates(people.onset_day),
        "onset_phenotype": labels(phenotype, (*SYNDROMES, "mixed")),
        "diagnosis_date": dates(people.onset_day + to_diagnosis.astype(np.int64)),
        "entry_date": dates(people.entry_day),
        "last_contact_date": dates(people.last_day),
        "death_date": dates(people.last_day, ~died),
        "had_myelitis": people.lesion_level != NO_MYELITIS,
        "attack_count": np.bincount(attacks.patient, minlength=people.n),
    }
    return typed_table("patients", pd.DataFrame(columns))


def attacks_table(
    scenario: Scenario, history: History, syndromes: NDArray[np.bool_], rng: np.random.Generator
) -> pd.DataFrame:
    """Return the attacks table, one row an entry; a few attacks are entered twice within 30 days."""
    attacks = history.attacks
    day = attacks.day + rng.integers(1, 29, len(attacks.day))
    is_twice = rng.random(len(day)) < scenario.number("attacks.entered_twice_share")
    is_twice &= day <= history.people.last_day[attacks.patient]
    rows = np.concatenate([np.arange(len(day)), np.flatnonzero(is_twice)])
    day = np.concatenate([attacks.day, day[is_twice]])
    in_order = np.lexsort((day, attacks.patient[rows]))
    rows, day = rows[in_order], day[in_order]
    codes = subset_names(SYNDROMES)[syndromes @ (2 ** np.arange(5))]
    reviewed = rng.random(len(rows))
    columns = {
        "patient_id": patient_ids(attacks.patient[rows]),
        "attack_date": dates(day),
        "attack_type": codes[rows],
        "is_confirmed": with_nulls(reviewed < 0.85, reviewed > 0.90),
        "acute_treatment": labels(rng.choice(3, size=len(rows), p=(0.7, 0.1, 0.2)), ACUTE_TREATMENTS),
    }
    return typed_table("attacks", pd.DataFrame(columns))


def _segments(level: NDArray[np.int64], rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return upper and lower segment of one lesion for each lesion level, as positions in the cord from C1 down."""
    length = np.where(rng.random(len(level)) < 0.85, 3 + rng.integers(0, 5, len(level)), rng.integers(1, 3, len(level)))
    upper = np.select(
        [level == CERVICAL_ONLY, level == THORACIC_ONLY, level == BOTH],
        [rng.integers(0, 6, len(level)), rng.integers(8, 18, len(level)), rng.integers(3, 8, len(level))],
        rng.integers(20, 24, len(level)),
    )
    lower = upper + length - 1
    bounds = [np.minimum(lower, 7), np.minimum(lower, 19), np.maximum(lower, 8)]
    lower = np.select([level == CERVICAL_ONLY, level == THORACIC_ONLY, level == BOTH], bounds, np.minimum(lower, 26))
    return upper, lower


def imaging_tables(scenario: Scenario, history: History, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables lesions and imaging: one spinal MRI a patient before entry, a second for some.

    Only levels that the MRI covered can show a lesion. Of the patients with past myelitis whose lesion is
    neither cervical nor thoracic, half have one of the lumbar cord, half none.
    """
    people = history.people
    first = np.maximum(people.onset_day, people.entry_day - rng.integers(0, 60, people.n))
    second = first + rng.integers(300, 1200, people.n)
    again = np.flatnonzero((second <= people.last_day) & (rng.random(people.n) < 0.4))
    patient = np.concatenate([np.arange(people.n), again])
    day = np.concatenate([first, second[again]])
    coverage = rng.choice(3, size=people.n, p=scenario.numbers("lesions.coverage_shares"))
    lumbar = (people.lesion_level == NEITHER) & (rng.random(people.n) < 0.5) & (coverage == 0)
    shows = _covered(coverage, lumbar)
    place, region = np.nonzero(shows[patient])
    imaging = _imaging(patient[place], day[place], region)
    return _lesions(history, shows, lumbar, patient, day, rng), imaging


def _covered(coverage: NDArray[np.int64], lumbar: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which of REGIONS the MRI of each patient covered."""
    parts = [np.ones(len(coverage), bool), (coverage < 2) & ~lumbar, (coverage == 0) & ~lumbar, lumbar]
    return np.stack(parts, axis=1)


def _imaging(patient: NDArray[np.int64], day: NDArray[np.int64], region: NDArray[np.int64]) -> pd.DataFrame:
    in_order = np.lexsort((region, day, patient))
    columns = {
        "patient_id": patient_ids(patient[in_order]),
        "mri_date": dates(day[in_order]),
        "region": labels(region[in_order], REGIONS),
    }
    return typed_table("imaging", pd.DataFrame(columns))


def _lesions(
    history: History,
    shows: NDArray[np.bool_],
    lumbar: NDArray[np.bool_],
    patient: NDArray[np.int64],
    day: NDArray[np.int64],
    rng: np.random.Generator,
) -> pd.DataFrame:
    level = history.people.lesion_level
    # Half of the patients with both levels have one long lesion, half two apart from each other.
    is_apart = (level == BOTH) & (rng.random(len(level)) < 0.5)
    kinds = [
        (CERVICAL_ONLY, ((level == CERVICAL_ONLY) | is_apart) & shows[:, CERVICAL_CORD]),
        (THORACIC_ONLY, ((level == THORACIC_ONLY) | is_apart) & shows[:, THORACIC_CORD]),
        (BOTH, (level == BOTH) & ~is_apart & shows[:, CERVICAL_CORD]),
        (NEITHER, lumbar),
    ]
    parts = []
    for kind, which in kinds:
        upper, lower = _segments(np.full(len(level), kind), rng)
        # Where only the cervical cord was imaged the picture ends at C8.
        lower = np.where(shows[:, THORACIC_CORD] | (kind != BOTH), lower, np.minimum(lower, 7))
        rows = np.flatnonzero(which[patient])
        parts.append(np.stack([patient[rows], day[rows], upper[patient[rows]], lower[patient[rows]]]))
    found = np.concatenate(parts, axis=1)
    found = found[:, np.lexsort((found[2], found[1], found[0]))]
    columns = {
        "patient_id": patient_ids(found[0]),
        "mri_date": dates(found[1]),
        "upper_segment": labels(found[2], SEGMENTS),
        "lower_segment": labels(found[3], SEGMENTS),
        "level_system": "cord",
    }
    return typed_table("lesions", pd.DataFrame(columns))


def labs_table(scenario: Scenario, history: History, rng: np.random.Generator) -> pd.DataFrame:
    """Return the labs table: complement C5a in plasma and interleukin 6 in serum of some patients, at entry."""
    people = history.people
    patient = np.flatnonzero(rng.random(people.n) < scenario.number("labs.measured_share"))
    spread = scenario.number("labs.log_sd")
    c5a = scenario.number("labs.c5a_median") * np.exp(spread * rng.standard_normal(len(patient)))
    il6 = scenario.number("labs.il6_median") * np.exp(spread * rng.standard_normal(len(patient)))
    limit = scenario.number("labs.il6_limit")
    is_below = np.stack([np.zeros(len(patient), bool), il6 < limit], axis=1).ravel()
    columns = {
        "patient_id": np.repeat(patient_ids(patient), 2),
        "sample_date": dates(np.repeat(people.entry_day[patient], 2)),
        "analyte": np.tile(np.array(["c5a", "il6"], dtype=object), len(patient)),
        "specimen": np.tile(np.array(["plasma", "serum"], dtype=object), len(patient)),
        "value": np.stack([c5a, np.maximum(il6, limit)], axis=1).ravel().round(2),
        "limit_operator": labels(np.zeros(2 * len(patient), np.int64), ("below",), ~is_below),
        "unit": np.tile(np.array(["ng/mL", "pg/mL"], dtype=object), len(patient)),
    }
    return typed_table("labs", pd.DataFrame(columns))
