"""Pain states: never asked is not no; a yes to neuropathic is a yes to pain; chronic needs a dated episode."""

from __future__ import annotations

import pytest

from nmosd_cohort.cohort.assessments import visits
from nmosd_cohort.cohort.pain_status import pain_status
from nmosd_cohort.cohort.tally import collect
from tests.conftest import registry_of

ONE = {"patient_id": ["a"], "diagnosis": ["nmosd"]}


@pytest.mark.parametrize(
    ("answer", "nrs", "neuropathic", "has_pain", "is_neuropathic", "group"),
    [
        (None, None, None, None, None, None),
        (None, 0, None, False, False, "no_pain"),
        (None, 4, None, True, None, None),
        (True, None, True, True, True, "neuropathic"),
        (True, 0, False, True, False, "other_pain"),
        (None, None, True, True, True, "neuropathic"),
        (False, None, None, False, False, "no_pain"),
        (False, 3, True, False, False, "no_pain"),
    ],
)
def test_states_of_one_visit(answer, nrs, neuropathic, has_pain, is_neuropathic, group, on_backend):
    assessments = {
        "patient_id": ["a"],
        "assessment_date": ["2020-01-01"],
        "has_pain": [answer],
        "pain_nrs": [nrs],
        "has_neuropathic_pain": [neuropathic],
    }
    registry = on_backend(registry_of(patients=ONE, assessments=assessments))
    row = collect(visits(registry), ["patient_id"]).astype(object).iloc[0]
    row = row.where(row.notna(), None)
    assert [row[name] for name in ("has_pain", "has_neuropathic_pain", "pain_group")] == [
        has_pain,
        is_neuropathic,
        group,
    ]


@pytest.mark.parametrize(
    ("has_pain", "spasm", "expected"),
    [(False, None, "no"), (False, True, "no"), (True, None, "unknown"), (True, True, "yes"), (None, True, "yes")],
)
def test_spasms_left_blank_where_there_is_no_pain_are_a_no(has_pain, spasm, expected, on_backend):
    assessments = {
        "patient_id": ["a"],
        "assessment_date": ["2020-01-01"],
        "has_pain": [has_pain],
        "has_tonic_spasm": [spasm],
    }
    found = collect(visits(on_backend(registry_of(patients=ONE, assessments=assessments))), ["patient_id"])
    words = found["has_tonic_spasm"].map({True: "yes", False: "no"}).astype("string").fillna("unknown")
    assert words.tolist() == [expected]


def test_a_screening_score_is_used_only_when_asked_for(on_backend):
    assessments = {"patient_id": ["a"], "assessment_date": ["2020-01-01"], "has_pain": [True], "dn4": [5]}
    registry = on_backend(registry_of(patients=ONE, assessments=assessments))
    recorded = collect(visits(registry), ["patient_id"])["has_neuropathic_pain"]
    screened = collect(visits(registry, neuropathic_by="dn4"), ["patient_id"])["has_neuropathic_pain"]
    assert recorded.isna().tolist() == [True]
    assert screened.tolist() == [True]


def episode(onset, end=None, kind="neuropathic"):
    return {"patient_id": ["a"], "pain_type": [kind], "onset_date": [onset], "end_date": [end]}


def both(first, second):
    return {name: first[name] + second[name] for name in first}


@pytest.mark.parametrize(
    ("episodes", "has_pain", "expected"),
    [
        (None, True, "unknown"),
        (None, False, "no"),
        (episode("2020-03-31"), True, "yes"),  # 92 days before the visit
        (episode("2020-04-01"), True, "no"),  # 91 days: not longer than three months
        (episode("2020-01-01", "2020-06-30"), True, "unknown"),  # ended before the visit: not the pain of today
        (episode(None), True, "unknown"),
        (both(episode(None), episode("2020-06-01")), True, "unknown"),  # the undated one may be old
        (both(episode(None), episode("2019-06-01")), True, "yes"),
    ],
)
def test_chronic_pain_needs_an_open_episode_of_more_than_three_months(episodes, has_pain, expected, on_backend):
    registry = registry_of(
        patients=ONE,
        assessments={"patient_id": ["a"], "assessment_date": ["2020-07-01"], "has_pain": [has_pain]},
        pain=episodes or {},
    )
    found = collect(pain_status(on_backend(registry), pain="any", time_frame="chronic"), ["patient_id"])["status"]
    assert found.map({True: "yes", False: "no"}).astype("string").fillna("unknown").tolist() == [expected]


@pytest.mark.parametrize(
    ("answers", "episodes", "expected"),
    [
        ([False, True], None, "yes"),
        ([False, None], None, "no"),
        ([None, None], None, "unknown"),
        ([None, False], episode("2010-01-01", "2010-02-01"), "yes"),
    ],
)
def test_ever_is_yes_if_any_visit_or_episode_says_so(answers, episodes, expected, on_backend):
    registry = registry_of(
        patients=ONE,
        assessments={
            "patient_id": ["a", "a"],
            "assessment_date": ["2020-01-01", "2020-07-01"],
            "has_pain": answers,
        },
        pain=episodes or {},
    )
    found = collect(pain_status(on_backend(registry), pain="any", time_frame="ever"), ["patient_id"])["status"]
    assert found.map({True: "yes", False: "no"}).astype("string").fillna("unknown").tolist() == [expected]
