"""Depression left untreated, drug use and response: arithmetic on ten patients, and what is not assessable."""

from __future__ import annotations

import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of

# Patient: pain, NRS, neuropathic, spasm, BDI-II. All visits on 2024-06-01.
VISITS = {
    "a": (True, 6, True, True, 20),
    "b": (True, 4, True, False, 30),
    "c": (True, 3, False, False, 15),
    "d": (True, 5, True, True, 2),
    "e": (False, 0, False, False, 25),
    "f": (False, 0, False, False, 3),
}
# Patient, drug, class, indication, start, stop, response.
COURSES = [
    ("a", "amitriptyline", "antidepressant", "pain", "2024-01-01", None, "good"),
    ("a", "gabapentin", "anticonvulsant", "pain", "2023-01-01", None, "none"),
    ("a", "carbamazepine", "anticonvulsant", "pain", "2024-03-01", None, "good"),
    ("b", "sertraline", "antidepressant", "depression", "2024-01-01", "2024-03-01", None),
    ("b", "Pregabalin", "anticonvulsant", "pain", None, None, "partial"),
    ("d", "escitalopram", "antidepressant", "depression", "2024-01-01", None, None),
    ("d", "levetiracetam", "anticonvulsant", "pain", "2022-01-01", "2022-06-01", "none"),
    ("e", "sertraline", "antidepressant", "depression", "2024-07-01", None, None),
    ("f", "rituximab", "b_cell_depletion", "attack_prevention", "2020-01-01", None, "good"),
]

GAP = [
    # With pain and BDI-II of 14 or more: a, b, c. a takes amitriptyline; the course of b had ended.
    ("no_antidepressant", "yes", (2, 3)),
    ("antidepressant_for_pain", "yes", (1, 3)),
    ("antidepressant_for_depression", "yes", (0, 3)),
    # e starts after the visit.
    ("no_antidepressant", "no", (1, 1)),
    ("no_antidepressant", "", (3, 4)),
    # On an antidepressant with pain: a (20, depressed) and d (2, not).
    ("depressed_on_antidepressant", "yes", (1, 2)),
    ("depressed_on_antidepressant_for_depression", "yes", (0, 1)),
    ("bdi_ii", "yes", (3, 4)),
    # BDI-II of 20 or more with pain: a, b.
    ("no_antidepressant_moderate", "yes", (1, 2)),
]
USE = [
    # Open on 2024-06-01 with pain (a, b, c, d): a and b an anticonvulsant (b of unknown start), a and d the other.
    ("on_anticonvulsant", {"level": "with_pain"}, (2, 4)),
    ("on_antidepressant", {"level": "with_pain"}, (2, 4)),
    ("on_opioid", {"level": "with_pain"}, (0, 4)),
    # d takes escitalopram against depression, which is no pain drug.
    ("on_pain_drug", {"level": "with_pain"}, (2, 4)),
    ("on_drug_for_pain", {"level": "with_pain"}, (2, 4)),
    ("no_symptomatic_drug", {"level": "with_pain"}, (1, 4)),
    ("no_symptomatic_drug", {"level": "neuropathic"}, (0, 3)),
    ("two_or_more_drug_classes", {"level": "with_pain"}, (1, 4)),
    ("on_anticonvulsant", {"level": "tonic_spasm"}, (1, 2)),
    ("on_pain_drug", {"group": ""}, (2, 6)),
    # NRS of those on a pain drug: 6, 4; d on escitalopram: 5.
    ("moderate_severe_pain", {"level": "with_pain", "term": "on_pain_drug"}, (2, 2)),
    ("moderate_severe_pain", {"level": "with_pain", "term": "on_symptomatic_drug"}, (3, 3)),
    ("pain_free_on_analgesic", {"term": "on_pain_drug"}, (0, 2)),
    # The last judged anticonvulsant: a carbamazepine good, b partial, d none.
    ("response_anticonvulsant", {"level": "neuropathic"}, (2, 3)),
    ("response_anticonvulsant", {"level": "good"}, (1, 3)),
    ("response_antiepileptic", {"level": "sodium_channel_blocker"}, (1, 1)),
    ("response_antiepileptic", {"level": "other_antiepileptic"}, (0, 1)),
]


def tables(courses=COURSES):
    names = list(VISITS)
    columns = ("patient_id", "drug", "drug_class", "indication", "start_date", "stop_date", "response")
    return {
        "patients": {"patient_id": names, "diagnosis": ["nmosd"] * len(names)},
        "assessments": {
            "patient_id": names,
            "assessment_date": ["2024-06-01"] * len(names),
            "has_pain": [row[0] for row in VISITS.values()],
            "pain_nrs": [row[1] for row in VISITS.values()],
            "has_neuropathic_pain": [row[2] for row in VISITS.values()],
            "has_tonic_spasm": [row[3] for row in VISITS.values()],
            "bdi_ii": [row[4] for row in VISITS.values()],
        },
        "treatments": {name: [course[at] for course in courses] for at, name in enumerate(columns)},
    }


@pytest.fixture
def six(on_backend):
    return on_backend(registry_of(**tables()))


def counts(result, outcome, **conditions):
    rows = result.estimates[result.estimates["outcome"] == outcome]
    for column, value in ({"measure": "proportion", "level": "", "term": ""} | conditions).items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return int(rows["events"].item()), int(rows["n"].item())


def test_gap_by_hand(six):
    result = nc.depression_treatment_gap(six)
    for outcome, level, expected in GAP:
        assert counts(result, outcome, level=level) == expected, (outcome, level)


def test_gap_contrast_and_primary_rows(six):
    rows = nc.depression_treatment_gap(six).estimates
    primary = rows[rows["role"] == "primary"]
    assert primary["outcome"].tolist() == ["no_antidepressant", "depressed_on_antidepressant"]
    contrast = rows[(rows["measure"] == "risk_difference") & (rows["outcome"] == "no_antidepressant")]
    assert contrast["estimate"].item() == pytest.approx(2 / 3 - 1)


def test_use_and_response_by_hand(six):
    result = nc.drug_use_and_response(six)
    for outcome, conditions, expected in USE:
        assert counts(result, outcome, **conditions) == expected, (outcome, conditions)


def test_who_had_drugs_of_both_arms_is_told_and_allocation_is_a_limit(six):
    result = nc.drug_use_and_response(six)
    checks = result.checks.set_index("check")
    assert checks.loc["each patient in one arm", "detail"].startswith("1 patients")
    assert checks.loc["drugs allocated by chance", "status"] == "not met"
    contrast = result.estimates[result.estimates["outcome"] == "response_antiepileptic"].set_index("measure")
    assert contrast.loc["risk_difference", "estimate"] == 1.0
    assert contrast.loc["risk_difference", "reference"] == "other_antiepileptic"


@pytest.mark.parametrize("question", [nc.depression_treatment_gap, nc.drug_use_and_response])
def test_without_symptomatic_drugs_nothing_is_called_untreated(question, on_backend):
    for courses, words in (([], "empty or not delivered"), (COURSES[-1:], "seem not to be collected")):
        result = question(on_backend(registry_of(**tables(courses))))
        told = result.checks[result.checks["status"] == "not assessable"]["detail"]
        assert told.str.contains(words).any()
        assert not result.estimates["outcome"].str.startswith(("no_", "on_", "response")).any()


def test_empty_registry_and_wrong_options():
    for question in (nc.depression_treatment_gap, nc.drug_use_and_response):
        result = question(registry_of())
        assert result.estimates.empty
        assert (result.checks["status"] == "not assessable").any()
        with pytest.raises(ValueError, match="neuropathic_by"):
            question(registry_of(), neuropathic_by="guess")
        with pytest.raises(TypeError, match="not a Registry"):
            question(None)
    with pytest.raises(ValueError, match="phq9"):
        nc.depression_treatment_gap(registry_of(), depression="phq2")


def test_courses_without_a_class_are_told():
    courses = [*COURSES, ("c", "mystery", None, None, None, None, None)]
    checks = nc.drug_use_and_response(registry_of(**tables(courses))).checks.set_index("check")
    assert checks.loc["class of each drug known", "detail"].startswith("1 of 10 courses")


def test_a_sodium_channel_blocker_of_another_class_is_in_the_arm():
    courses = [("a", "Mexiletine", "other", "pain", "2024-01-01", None, "partial"), COURSES[6]]
    result = nc.drug_use_and_response(registry_of(**tables(courses)))
    assert counts(result, "response_antiepileptic", level="sodium_channel_blocker") == (1, 1)


def test_flow_accounts_for_all(review):
    for question in (nc.depression_treatment_gap, nc.drug_use_and_response):
        flow = question(review).flow
        assert (flow["n"].shift(fill_value=400) - flow["excluded"]).tolist() == flow["n"].tolist()
        assert flow["n"].iloc[0] == 400
