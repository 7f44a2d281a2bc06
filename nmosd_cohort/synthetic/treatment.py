"""The treatments table: prevention of attacks, tocilizumab, and drugs against pain and depression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.codebook import typed_table
from nmosd_cohort.synthetic.columns import dates, labels, patient_ids
from nmosd_cohort.synthetic.course import NEVER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.calibrate import History
    from nmosd_cohort.synthetic.scenario import Scenario

# drug, class, dose, unit, indication; a course refers to one by its position.
DRUGS = (
    ("azathioprine", "immunosuppressant", 125.0, "mg/day", "attack_prevention"),
    ("rituximab", "b_cell_depletion", 1000.0, "mg/6 months", "attack_prevention"),
    ("mycophenolate mofetil", "immunosuppressant", 1500.0, "mg/day", "attack_prevention"),
    ("tocilizumab", "il6_receptor_inhibitor", 8.0, "mg/kg/month", "attack_prevention"),
    ("prednisolone", "corticosteroid", 10.0, "mg/day", "attack_prevention"),
    ("gabapentin", "anticonvulsant", 1200.0, "mg/day", "pain"),
    ("pregabalin", "anticonvulsant", 150.0, "mg/day", "pain"),
    ("carbamazepine", "anticonvulsant", 400.0, "mg/day", "pain"),
    ("amitriptyline", "antidepressant", 25.0, "mg/day", "pain"),
    ("baclofen", "muscle_relaxant", 30.0, "mg/day", "spasticity"),
    ("sertraline", "antidepressant", 50.0, "mg/day", "depression"),
)
TOCILIZUMAB, PREDNISOLONE, FIRST_ANALGESIC, SERTRALINE = 3, 4, 5, 10
ANALGESIC_SHARES = (0.36, 0.34, 0.16, 0.04, 0.10)
RESPONSES = ("good", "partial", "none")

Courses = tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.int64]"]


def treatments_table(
    scenario: Scenario, history: History, asked: NDArray[np.bool_], rng: np.random.Generator
) -> pd.DataFrame:
    """Return the treatments table, one row a course; a drug occurs once a patient."""
    parts = [
        _prevention(scenario, history, rng),
        _tocilizumab(history),
        _prednisolone(scenario, history, rng),
        _analgesics(scenario, history, asked, rng),
        _antidepressants(scenario, history, rng),
    ]
    patient, drug, start, stop = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((drug, start, patient))
    patient, drug, start, stop = patient[order], drug[order], start[order], stop[order]
    has_response = (drug >= FIRST_ANALGESIC) & (rng.random(len(drug)) < 0.7)
    columns: dict[str, Any] = {
        "patient_id": patient_ids(patient),
        "drug": labels(drug, [entry[0] for entry in DRUGS]),
        "drug_class": labels(drug, [entry[1] for entry in DRUGS]),
        "dose": np.array([entry[2] for entry in DRUGS])[drug],
        "dose_unit": labels(drug, [entry[3] for entry in DRUGS]),
        "start_date": dates(start),
        "stop_date": dates(stop, stop == NEVER),
        "indication": labels(drug, [entry[4] for entry in DRUGS]),
        "response": labels(rng.choice(3, size=len(drug), p=(0.25, 0.45, 0.30)), RESPONSES, ~has_response),
    }
    return typed_table("treatments", pd.DataFrame(columns))


def _prevention(scenario: Scenario, history: History, rng: np.random.Generator) -> Courses:
    people = history.people
    drug = rng.choice(4, size=people.n, p=scenario.numbers("treatment.preventive_shares"))
    patient = np.flatnonzero(drug < 3)
    start = np.minimum(people.onset_day + rng.integers(20, 700, people.n), people.entry_day)[patient]
    return patient, drug[patient], start, history.starts[patient]


def _tocilizumab(history: History) -> Courses:
    patient = np.flatnonzero(history.starts < NEVER)
    never = np.full(len(patient), NEVER)
    return patient, np.full(len(patient), TOCILIZUMAB), history.starts[patient], never


def _prednisolone(scenario: Scenario, history: History, rng: np.random.Generator) -> Courses:
    people = history.people
    patient = np.flatnonzero(rng.random(people.n) < scenario.number("treatment.prednisolone_share"))
    start = np.minimum(people.onset_day[patient] + rng.integers(5, 40, len(patient)), people.last_day[patient])
    stop = start + rng.integers(180, 2500, len(patient))
    stop = np.where(stop <= people.last_day[patient], stop, NEVER)
    return patient, np.full(len(patient), PREDNISOLONE), start, stop


def _analgesics(scenario: Scenario, history: History, asked: NDArray[np.bool_], rng: np.random.Generator) -> Courses:
    course, people = history.course, history.people
    painful = np.flatnonzero(asked & (course.nrs > 0))
    first = painful[np.diff(course.patient[painful], prepend=-1) != 0]
    treated = first[rng.random(len(first)) < scenario.number("treatment.analgesic_share")]
    patient = course.patient[treated]
    drug = FIRST_ANALGESIC + rng.choice(len(ANALGESIC_SHARES), size=len(patient), p=ANALGESIC_SHARES)
    start = np.minimum(course.day[treated] + rng.integers(0, 15, len(patient)), people.last_day[patient])
    return patient, drug, start, np.full(len(patient), NEVER)


def _antidepressants(scenario: Scenario, history: History, rng: np.random.Generator) -> Courses:
    people = history.people
    patient = np.flatnonzero(rng.random(people.n) < scenario.number("treatment.antidepressant_share"))
    return patient, np.full(len(patient), SERTRALINE), people.entry_day[patient], np.full(len(patient), NEVER)
