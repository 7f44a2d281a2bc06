"""Pain prevalence: counts by hand, one number for each denominator, and no one lost."""

from __future__ import annotations

import numpy as np
import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of

# patient: pain, neuropathic, serostatus, past myelitis
PATIENTS = {
    "p1": (True, True, "positive", True),
    "p2": (True, True, "positive", True),
    "p3": (True, False, "negative", True),
    "p4": (True, False, "positive", False),
    "p5": (False, None, "positive", True),
    "p6": (False, None, None, None),
    "p7": (None, None, "positive", True),
    "p8": (None, None, "negative", False),
    "p9": None,  # never assessed
    "p10": None,
}


@pytest.fixture
def ten(on_backend):
    """Ten patients: six asked, of whom four have pain, two of them neuropathic."""
    seen = {name: facts for name, facts in PATIENTS.items() if facts}
    registry = registry_of(
        patients={
            "patient_id": list(PATIENTS),
            "diagnosis": ["nmosd"] * 10,
            "sex": ["female"] * 7 + ["male"] * 3,
            "aqp4_status": [facts[2] if facts else None for facts in PATIENTS.values()],
            "had_myelitis": [facts[3] if facts else None for facts in PATIENTS.values()],
        },
        assessments={
            "patient_id": list(seen),
            "assessment_date": ["2024-01-01"] * len(seen),
            "has_pain": [facts[0] for facts in seen.values()],
            "has_neuropathic_pain": [facts[1] for facts in seen.values()],
        },
    )
    return on_backend(registry)


@pytest.mark.parametrize(
    ("pain", "denominator", "events", "n"),
    [
        ("any", "assessed", 4, 6),
        ("any", "all_diagnosed", 4, 10),
        ("any", "with_myelitis", 3, 4),
        ("any", "aqp4_positive", 3, 4),
        ("neuropathic", "assessed", 2, 6),
        ("neuropathic", "with_pain", 2, 4),
        ("neuropathic", "all_diagnosed", 2, 10),
    ],
)
def test_each_denominator_has_its_own_count(ten, pain, denominator, events, n):
    result = nc.pain_prevalence(ten, pain=pain, denominator=denominator)
    row = result.estimates.iloc[0]
    assert (row["events"], row["n"]) == (events, n)
    assert row["estimate"] == events / n
    assert result.definitions["denominator"] == denominator


def test_limits_are_wilsons(ten):
    row = nc.pain_prevalence(ten).estimates.iloc[0]
    assert (round(row["conf_low"], 4), round(row["conf_high"], 4)) == (
        0.3000,
        0.9032,
    )  # R: prop.test(4, 6, correct = FALSE)


def test_bounds_show_what_the_unasked_could_change(ten):
    rows = nc.pain_prevalence(ten).estimates
    bounds = rows[rows["measure"] == "bounds_if_never_asked"].iloc[0]
    assert (bounds["conf_low"], bounds["conf_high"], bounds["n"]) == (0.4, 0.8, 10)


def test_the_flow_accounts_for_every_patient(ten):
    flow = nc.pain_prevalence(ten, denominator="with_myelitis").flow
    assert flow["n"].iloc[0] == 10
    assert flow["n"].iloc[-1] == 4
    assert flow["excluded"].sum() == 6
    assert set(flow["reason"]) >= {"no myelitis, or not known", "assessed, but never with all that is needed"}


def test_groups_are_split_and_contrasted_with_the_commonest(ten):
    rows = nc.pain_prevalence(ten, by=["had_myelitis"]).estimates
    shares = rows[(rows["measure"] == "proportion") & (rows["group"] == "had_myelitis")].set_index("level")
    assert shares["events"].to_dict() == {"no": 1, "not recorded": 0, "yes": 3}
    contrast = rows[(rows["measure"] == "risk_difference") & (rows["level"] == "no")].iloc[0]
    assert contrast["reference"] == "yes"
    assert contrast["estimate"] == 1.0 - 0.75


def test_few_patients_are_called_few(ten):
    checks = nc.pain_prevalence(ten).checks.set_index("check")["status"]
    assert checks["enough patients for a percentage"] == "not met"
    assert checks["everyone was asked"] == "not met"


@pytest.mark.parametrize(
    "option", [{"pain": "headache"}, {"denominator": "all"}, {"time_frame": "now"}, {"by": ["shoe"]}]
)
def test_a_wrong_option_is_answered_with_the_right_ones(ten, option):
    with pytest.raises(ValueError, match=r"must be one of .*(any|assessed|current|sex)"):
        nc.pain_prevalence(ten, **option)


def test_a_registry_without_answers_says_so_and_divides_by_nothing():
    registry = registry_of(patients={"patient_id": ["a"], "diagnosis": ["nmosd"]})
    result = nc.pain_prevalence(registry)
    assert result.estimates.iloc[0]["n"] == 0
    assert "not assessable" in set(result.checks["status"])


def test_pain_of_a_kind_nobody_classified_stays_in_the_denominator_as_unknown(on_backend):
    registry = registry_of(
        patients={"patient_id": ["a", "b"], "diagnosis": ["nmosd"] * 2},
        assessments={
            "patient_id": ["a", "b"],
            "assessment_date": ["2024-01-01"] * 2,
            "has_pain": [True, True],
            "has_neuropathic_pain": [True, None],
        },
    )
    result = nc.pain_prevalence(on_backend(registry), pain="neuropathic", denominator="with_pain")
    assert result.estimates.iloc[0][["events", "n"]].tolist() == [1, 1]
    bounds = result.estimates[result.estimates["measure"] == "bounds_if_never_asked"].iloc[0]
    assert (bounds["conf_low"], bounds["conf_high"]) == (0.5, 1.0)
    assert result.flow.iloc[-1]["reason"] == "pain present, but its kind or duration is not known"


def test_the_sensitivity_uses_only_visits_90_days_after_an_attack(on_backend):
    registry = registry_of(
        patients={"patient_id": ["a", "b"], "diagnosis": ["nmosd"] * 2},
        attacks={"patient_id": ["a", "b"], "attack_date": ["2023-11-01", "2023-06-01"]},
        assessments={"patient_id": ["a", "b"], "assessment_date": ["2024-01-01"] * 2, "has_pain": [True, False]},
    )
    rows = nc.pain_prevalence(on_backend(registry)).estimates
    primary = rows[rows["role"] == "primary"].iloc[0]
    later = rows[(rows["role"] == "sensitivity") & (rows["measure"] == "proportion")].iloc[0]
    assert (primary["events"], primary["n"]) == (1, 2)
    assert (later["events"], later["n"]) == (0, 1)  # 61 days after the attack is too near


def test_chronic_pain_is_not_estimated_where_duration_is_unknown_in_most_of_those_with_pain(on_backend):
    registry = registry_of(
        patients={"patient_id": ["a", "b", "c"], "diagnosis": ["nmosd"] * 3},
        assessments={
            "patient_id": ["a", "b", "c"],
            "assessment_date": ["2024-01-01"] * 3,
            "has_pain": [True, True, False],
        },
    )
    result = nc.pain_prevalence(on_backend(registry), time_frame="chronic")
    primary = result.estimates.iloc[0]
    assert np.isnan(primary["estimate"])
    assert "duration of pain is unknown in 2 patients" in primary["method"]
    bounds = result.estimates[result.estimates["measure"] == "bounds_if_never_asked"].iloc[0]
    assert (bounds["conf_low"], bounds["conf_high"]) == (0, 2 / 3)


def test_bands_are_those_of_the_last_visit_that_has_the_variable(on_backend):
    registry = registry_of(
        patients={"patient_id": ["a", "b"], "diagnosis": ["nmosd"] * 2, "birth_date": ["1980-06-01", "1950-01-01"]},
        assessments={
            "patient_id": ["a", "a", "b"],
            "assessment_date": ["2020-01-01", "2020-07-01", "2020-01-01"],
            "has_pain": [True, True, False],
            "edss": [6, None, 3.5],
        },
    )
    rows = nc.pain_prevalence(on_backend(registry), by=["age_group", "edss_group"]).estimates
    shares = rows[(rows["measure"] == "proportion") & (rows["group"] != "")]
    found = {(row.group, row.level): row.events for row in shares.itertuples()}
    assert found == {
        ("age_group", "40 to 59"): 1,  # 40 at the last visit, 39 at the one before
        ("age_group", "60 and over"): 0,
        ("edss_group", "0 to 3.5"): 0,
        ("edss_group", "6 and more"): 1,
    }
