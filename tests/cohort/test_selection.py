"""Eligibility and flow: every patient is included or has one reason, and the steps add up."""

from __future__ import annotations

from itertools import pairwise

from nmosd_cohort.cohort.assessments import index_reasons, index_steps, visits
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import collect
from tests.conftest import registry_of


def test_each_patient_is_included_or_has_one_reason(on_backend):
    patients = {
        "patient_id": ["a", "b", "c", "d", "e"],
        "diagnosis": ["nmosd", "ms", None, "nmosd", "nmosd"],
        "aqp4_status": ["positive", None, None, "negative", "positive"],
        "mog_status": [None, None, None, "positive", "positive"],
    }
    chosen = select_patients(on_backend(registry_of(patients=patients)))
    reasons = collect(chosen, ["patient_id"])["eligibility"].tolist()
    assert reasons == [
        "included",
        "another diagnosis",
        "diagnosis not recorded",
        "MOG-IgG positive and AQP4-IgG negative",
        "included",
    ]
    steps = eligibility_steps(chosen)
    assert steps[0][1] == 5
    assert steps[-1][1] == 2
    assert all(before[1] - after[1] == after[2] for before, after in pairwise(steps))


def test_past_myelitis_is_known_from_the_record_the_onset_or_typed_attacks_and_else_unknown(on_backend):
    registry = registry_of(
        patients={
            "patient_id": ["said", "onset", "attack", "typed", "untyped", "nothing", "said_no"],
            "diagnosis": ["nmosd"] * 7,
            "had_myelitis": [True, None, None, None, None, None, False],
            "onset_phenotype": [None, "myelitis", None, None, None, None, None],
        },
        attacks={
            "patient_id": ["attack", "typed", "untyped"],
            "attack_date": ["2020-01-01"] * 3,
            "attack_type": ["myelitis", "optic_neuritis", None],
        },
    )
    found = collect(select_patients(on_backend(registry)), ["patient_id"]).set_index("patient_id")["had_myelitis"]
    words = found.map({True: "yes", False: "no"}).astype("string").fillna("unknown").to_dict()
    assert words == {
        "said": "yes",
        "onset": "yes",
        "attack": "yes",
        "typed": "no",
        "untyped": "unknown",
        "nothing": "unknown",
        "said_no": "no",
    }


def test_patients_without_an_index_visit_are_counted_by_reason(on_backend):
    registry = registry_of(
        patients={"patient_id": ["a", "b", "c", "d"], "diagnosis": ["nmosd"] * 4},
        attacks={"patient_id": ["c"], "attack_date": ["2020-01-01"]},
        assessments={
            "patient_id": ["b", "c", "d"],
            "assessment_date": ["2020-01-20"] * 3,
            "has_pain": [None, True, True],
        },
    )
    registry = on_backend(registry)
    reasons = index_reasons(registry, visits(registry), needs=["has_pain"], min_days_after_attack=30, diagnosis="nmosd")
    steps = index_steps(reasons, "pain")
    assert {step[3]: step[2] for step in steps} == {
        "no assessment on record": 1,
        "assessed, but never with all that is needed": 1,
        "recorded only within 30 days of an attack": 1,
    }
    assert steps[-1][1] == 1


def test_age_comes_from_birth_or_from_the_age_at_entry(on_backend):
    registry = registry_of(
        patients={
            "patient_id": ["a", "b", "c"],
            "diagnosis": ["nmosd"] * 3,
            "birth_date": ["1980-01-02", None, None],
            "age_years": [None, 50, 60],
            "entry_date": [None, "2018-01-01", None],
        },
        assessments={"patient_id": ["a", "b", "c"], "assessment_date": ["2020-01-01"] * 3},
    )
    ages = collect(visits(on_backend(registry)), ["patient_id"])["age_years"].tolist()
    assert ages == [39, 51, 60]
