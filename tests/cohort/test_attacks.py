"""Attacks: entries within 30 days are one attack; history and exposure count them once."""

from __future__ import annotations

from nmosd_cohort.cohort.assessments import visits
from nmosd_cohort.cohort.attacks import distinct_attacks
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect
from nmosd_cohort.cohort.treatment import attack_exposure, starters
from tests.conftest import registry_of

PATIENT = {"patient_id": ["a"], "diagnosis": ["nmosd"], "onset_date": ["2015-01-01"]}


def attack_days(dates, on_backend, **options):
    registry = on_backend(registry_of(attacks={"patient_id": ["a"] * len(dates), "attack_date": dates}))
    return collect(distinct_attacks(registry, **options), ["attack_day"])["attack_day"].tolist()


def test_an_entry_29_days_later_is_the_same_attack_and_30_days_later_a_new_one(on_backend):
    assert len(attack_days(["2020-01-01", "2020-01-30"], on_backend)) == 1
    assert len(attack_days(["2020-01-01", "2020-01-31"], on_backend)) == 2


def test_entries_that_follow_each_other_closely_are_one_attack_with_the_first_date(on_backend):
    days = attack_days(["2020-01-01", "2020-01-21", "2020-02-10"], on_backend)
    assert days == [18262]  # 2020-01-01


def test_remission_runs_from_the_last_entry_of_the_attack(on_backend):
    registry = registry_of(
        patients=PATIENT,
        attacks={"patient_id": ["a"] * 3, "attack_date": ["2020-01-01", "2020-01-26", "2020-02-20"]},
        assessments={"patient_id": ["a"], "assessment_date": ["2020-02-25"]},
    )
    row = collect(visits(on_backend(registry)), ["patient_id"]).iloc[0]
    assert (row["attack_count"], row["days_since_attack"]) == (1, 5)


def test_a_stated_number_of_attacks_counts_only_without_dated_ones(on_backend):
    registry = registry_of(
        patients={"patient_id": ["a", "b"], "diagnosis": ["nmosd"] * 2, "attack_count": [7, 4]},
        attacks={"patient_id": ["a"], "attack_date": ["2021-01-01"]},
        assessments={"patient_id": ["a", "b"], "assessment_date": ["2020-01-01"] * 2},
    )
    counts = collect(visits(on_backend(registry)), ["patient_id"])["attack_count"]
    assert counts.isna().tolist() == [True, False]
    assert counts.iloc[1] == 4


def test_an_attack_is_myelitis_if_any_of_its_entries_says_so(on_backend):
    attacks = {
        "patient_id": ["a", "a", "a"],
        "attack_date": ["2020-01-01", "2020-01-05", "2021-01-01"],
        "attack_type": [None, "myelitis;optic_neuritis", "optic_neuritis"],
    }
    found = collect(distinct_attacks(on_backend(registry_of(attacks=attacks))), ["attack_day"])
    assert found["is_myelitis"].tolist() == [1, 0]


def test_history_counts_attacks_up_to_the_visit_and_keeps_the_day_of_the_last(on_backend):
    registry = registry_of(
        patients=PATIENT,
        attacks={"patient_id": ["a", "a"], "attack_date": ["2015-01-01", "2016-01-01"]},
        assessments={"patient_id": ["a"] * 3, "assessment_date": ["2014-06-01", "2015-02-01", "2016-01-01"]},
    )
    frame = collect(visits(on_backend(registry)), ["assessment_day"])
    assert frame["attack_count"].isna().tolist() == [True, False, False]
    assert frame["attack_count"].tolist()[1:] == [1, 2]
    assert frame["days_since_attack"].tolist()[1:] == [31, 0]


def test_attacks_of_myelitis_are_unknown_where_one_attack_has_no_type(on_backend):
    registry = registry_of(
        patients=PATIENT,
        attacks={
            "patient_id": ["a"] * 2,
            "attack_date": ["2015-01-01", "2016-01-01"],
            "attack_type": ["myelitis", None],
        },
        assessments={"patient_id": ["a"] * 2, "assessment_date": ["2015-06-01", "2016-06-01"]},
    )
    counts = collect(visits(on_backend(registry)), ["assessment_day"])["myelitis_attack_count"]
    assert counts.isna().tolist() == [False, True]
    assert counts.iloc[0] == 1


def test_attack_on_the_day_of_the_start_counts_as_before_and_the_onset_attack_not_at_all(on_backend):
    registry = registry_of(
        patients=PATIENT | {"last_contact_date": ["2016-01-15"]},
        attacks={
            "patient_id": ["a"] * 4,
            "attack_date": ["2015-01-01", "2015-07-15", "2015-09-01", "2016-01-10"],
        },
        treatments={"patient_id": ["a"], "drug": ["tocilizumab"], "start_date": ["2015-07-15"]},
    )
    registry = on_backend(registry)
    started = starters(registry, eligible(select_patients(registry)), drug="tocilizumab")
    row = collect(attack_exposure(registry, started, months=12), ["patient_id"]).iloc[0]
    assert (row["events_before"], row["events_after"]) == (1, 2)
    assert abs(row["years_before"] - 195 / 365.25) < 1e-12  # from onset, not a whole year
    assert abs(row["years_after"] - 184 / 365.25) < 1e-12  # to last contact
