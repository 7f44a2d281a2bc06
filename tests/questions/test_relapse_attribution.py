"""Attribution of pain to attacks on registries made by hand, on both backends."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.cohort.pain_events import classify, mri_around, pain_answers, pain_events, with_surroundings
from nmosd_cohort.cohort.risk_time import assessed_pairs, observed_years, risk_stretches
from nmosd_cohort.cohort.stable_mri import judged_mri
from tests.conftest import registry_of


def patient(name, **changes):
    return {"patient_id": name, "diagnosis": "nmosd", "last_contact_date": "2024-12-01"} | changes


def seed_case(**changes):
    """One patient: myelitis, pain 15 weeks later while the steroid is tapered, an unchanged MRI, no attack."""
    tables = {
        "patients": pd.DataFrame([patient("a")]),
        "attacks": {"patient_id": ["a"], "attack_date": ["2024-01-01"], "attack_type": ["myelitis"]},
        "pain": {
            "patient_id": ["a"],
            "pain_type": ["neuropathic"],
            "onset_date": ["2024-04-15"],
            "context": ["independent"],
        },
        "imaging": {"patient_id": ["a"] * 2, "mri_date": ["2024-01-03", "2024-04-20"], "region": ["whole_cord"] * 2},
        "lesions": {
            "patient_id": ["a"] * 2,
            "mri_date": ["2024-01-03", "2024-04-20"],
            "upper_segment": ["C4", "C4"],
            "lower_segment": ["C6", "C6"],
        },
    }
    return registry_of(**(tables | changes))


def classes(registry, **options):
    rows = nc.relapse_attribution(registry, **options).estimates
    rows = rows[(rows["measure"] == "share_of_events") & rows["role"].isin(["primary", "secondary"])]
    return {(row.outcome, row.level): row.events for row in rows.itertuples() if row.events}


def test_pain_at_steroid_taper_fifteen_weeks_after_the_attack_with_a_stable_mri_is_independent(on_backend):
    # 2024-01-01 to 2024-04-15 is 105 days, 15 weeks: outside all three windows; the MRI is 5 days after
    result = nc.relapse_attribution(on_backend(seed_case()))
    assert classes(on_backend(seed_case())) == {("onset", "independent_stable_mri"): 1}
    stable = result.estimates[result.estimates["level"] == "independent_stable_mri"]
    assert (stable.loc[stable["measure"] == "share_of_events", "estimate"] == 1).all()
    agreed = result.estimates[result.estimates["measure"] == "agreement_with_centre"]
    assert agreed["estimate"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # the second MRI reaches C7: new; without an attack that is not stable, and not known to be apart either
        ({"lesions": {"patient_id": ["a"] * 2, "mri_date": ["2024-01-03", "2024-04-20"], "upper_segment": ["C4"] * 2,
                      "lower_segment": ["C6", "C7"]}}, "undetermined"),
        ({"imaging": {}, "lesions": {}}, "independent_mri_unknown"),
        ({"attacks": {}}, "undetermined"),
        ({"attacks": {"patient_id": ["a"], "attack_date": ["2024-03-16"]}}, "attack_related"),  # 30 days before
        ({"attacks": {"patient_id": ["a"], "attack_date": ["2024-03-15"]}}, "independent_stable_mri"),  # 31
        ({"attacks": {"patient_id": ["a"], "attack_date": ["2024-04-22"]}}, "attack_related"),  # 7 days after
        ({"attacks": {"patient_id": ["a"], "attack_date": ["2024-04-23"]}}, "independent_stable_mri"),  # 8 after
        ({"patients": pd.DataFrame([patient("a", last_contact_date="2024-04-21")])}, "undetermined"),
        ({"pain": {"patient_id": ["a"], "pain_type": ["other"]}}, "undetermined"),
    ],
)  # fmt: skip
def test_what_moves_the_class(changes, expected, on_backend):
    assert classes(on_backend(seed_case(**changes))) == {("onset", expected): 1}


def test_requiring_an_mri_makes_the_unknown_undetermined():
    registry = seed_case(imaging={}, lesions={})
    assert classes(registry, needs_mri=True) == {("onset", "undetermined"): 1}


def answers_of(days, scores, **tables):
    dates = [str(np.datetime64("2024-01-01") + day) for day in days]
    assessed = {"patient_id": ["a"] * len(days), "assessment_date": dates, "pain_nrs": scores}
    return registry_of(patients=pd.DataFrame([patient("a")]), assessments=assessed, **tables)


def test_events_at_assessments_by_hand(on_backend):
    # 0 -> 2 onset and worsening; 2 -> 3 a rise of 50 % but 1 point; 3 -> unknown -> 5 compared with 3; 5 -> 6 is 20 %
    registry = on_backend(answers_of([0, 100, 200, 300, 400, 500], [0, 2, 3, None, 5, 6]))
    answers = pain_answers(registry)
    first = int((pd.Timestamp("2024-01-01") - pd.Timestamp("1970-01-01")).days)
    for rise, days in (("2_points", [100, 400]), ("30_percent", [100, 200, 400])):
        events = pain_events(registry, answers, rise=rise)
        assert (events.loc[events["event"] == "worsening", "event_day"] - first).tolist() == days
        assert (events.loc[events["event"] == "onset", "event_day"] - first).tolist() == [100]


def test_an_episode_that_begins_between_two_answers_is_not_counted_twice(on_backend):
    episode = {"patient_id": ["a", "a"], "pain_type": ["neuropathic", "tonic_spasm"], "onset_date": ["2024-02-01"] * 2}
    registry = on_backend(answers_of([0, 100], [0, 1], pain=episode))
    events = pain_events(registry, pain_answers(registry), rise="2_points")
    assert events["event"].tolist() == ["onset"]


def test_rates_and_stretches_by_hand():
    registry = answers_of([0, 366, 731], [1, 3, 5], attacks={"patient_id": ["a"], "attack_date": ["2024-12-22"]})
    # two years and half a day of observation with two worsenings
    result = nc.relapse_attribution(registry)
    rate = result.estimates.query("measure == 'event_rate' and level == 'all' and outcome == 'worsening'").iloc[0]
    assert rate["estimate"] == pytest.approx(2 / (731 / 365.25))
    answers = pain_answers(registry)
    first = int(answers["assessment_day"].iloc[0])
    attacks = pd.DataFrame({"patient_id": ["a"], "attack_day": [first + 356]}).astype({"patient_id": "string"})
    worse = pd.DataFrame({"patient_id": ["a", "a"], "event_day": [first + 366, first + 731]}).astype(
        {"patient_id": "string"}
    )
    stretches = risk_stretches(observed_years(answers), attacks, worse, window_days=30)
    # days 1 to 355, the attack and 30 days, the rest in two bands of two years (730 days)
    assert (stretches["years"] * 365.25).round().astype(int).tolist() == [355, 31, 343, 2]
    assert stretches["exposed"].tolist() == [0, 1, 0, 0]
    assert stretches["events"].tolist() == [0, 1, 0, 1]
    pairs = assessed_pairs(answers, attacks, [False, True, True], window_days=30)
    assert pairs["exposed"].tolist() == [1, 0]


def test_mri_that_covers_more_or_is_unreadable_is_not_judged(on_backend):
    dates = ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"]
    imaging = {"patient_id": ["a"] * 4, "mri_date": dates, "region": ["cervical_cord"] + ["whole_cord"] * 3}
    lesions = {
        "patient_id": ["a"] * 3,
        "mri_date": dates[:3],
        "upper_segment": ["C2", "T3", "T5"],
        "lower_segment": ["C2", "T4", "T3"],
    }
    judged = judged_mri(on_backend(registry_of(imaging=imaging, lesions=lesions)))
    # first with a lesion: nothing before; second covers more and shows more; third upside down; fourth free of lesions
    assert judged["mri"].tolist() == ["stable"]


def test_classification_reads_nothing_but_what_surrounds_the_event():
    registry = seed_case()
    answers = pain_answers(registry)
    placed = with_surroundings(registry, pain_events(registry, answers, rise="2_points"), answers, lead_days=7)
    near = classify(placed, mri_around(registry, placed), window_days=3, lead_days=7, needs_mri=False)
    assert near["class"].tolist() == ["independent_mri_unknown"]  # the MRI is 5 days away


def test_an_empty_registry_says_what_is_missing(on_backend):
    result = nc.relapse_attribution(on_backend(registry_of(patients=pd.DataFrame([patient("a")]))))
    assert result.estimates.empty
    assert "pain.onset_date" in result.checks.loc[result.checks["status"] == "not assessable", "detail"].iloc[0]
    assert nc.plot(result) is not None


def test_wrong_options_are_refused(review):
    with pytest.raises(ValueError, match="2_points, 30_percent"):
        nc.relapse_attribution(review, rise="a_lot")
    with pytest.raises(ValueError, match="window_days"):
        nc.relapse_attribution(review, window_days=())
    with pytest.raises(ValueError, match="lead_days"):
        nc.relapse_attribution(review, lead_days=-1)
    with pytest.raises(TypeError, match="registry"):
        nc.relapse_attribution(None)


def test_multiverse_has_every_cell_once_and_its_classes_add_up(review):
    rows = nc.relapse_attribution(review).estimates
    rows = rows[rows["measure"] == "share_of_events"]
    by_cell = rows.groupby(["outcome", "term"])["estimate"].sum()
    assert by_cell.to_numpy() == pytest.approx(1)
    assert by_cell.groupby("outcome").size().to_dict() == {"onset": 6, "worsening": 12}
