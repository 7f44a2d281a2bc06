"""Patients for weighting: the share they give is that of the question, and what is known of each is by hand."""

from __future__ import annotations

import math

import pytest

import nmosd_cohort as nc
from nmosd_cohort.questions.case_mix_frame import DENOMINATORS, VARIABLES, local_case_mix
from tests.conftest import registry_of


@pytest.fixture(scope="module")
def simulated() -> nc.Registry:
    return nc.simulate(n=200, seed=4)


@pytest.mark.parametrize(
    ("pain", "time_frame", "denominator"),
    [
        *(("any", "current", denominator) for denominator in DENOMINATORS),
        ("neuropathic", "chronic", "aqp4_positive"),
        ("tonic_spasm", "ever", "all_diagnosed"),
    ],
)
def test_share_and_number_are_those_of_the_question(
    simulated: nc.Registry, pain: str, time_frame: str, denominator: str
) -> None:
    options = {"pain": pain, "time_frame": time_frame, "denominator": denominator}
    answer = nc.pain_prevalence(simulated, **options).estimates.iloc[0]
    outcome = local_case_mix(simulated, **options)["outcome"].dropna()
    assert (int(outcome.sum()), len(outcome)) == (answer["events"], answer["n"])
    assert outcome.mean() == pytest.approx(answer["estimate"], abs=1e-12)


def test_variables_of_the_visit_that_answered_by_hand(on_backend) -> None:
    registry = on_backend(
        registry_of(
            patients={
                "patient_id": ["a", "b", "c", "d"],
                "diagnosis": ["nmosd"] * 4,
                "sex": ["female", "male", None, "female"],
                "aqp4_status": ["positive", "negative", None, "positive"],
                "had_myelitis": [True, False, None, True],
                "birth_date": ["1970-06-01", None, "1980-01-01", None],
                "onset_date": ["2015-07-01", None, "2010-01-01", "2020-01-01"],
                "last_contact_date": ["2024-06-01", None, "2020-01-01", None],
            },
            attacks={"patient_id": ["a", "a"], "attack_date": ["2015-07-01", "2018-06-01"]},
            assessments={
                "patient_id": ["a", "a", "b", "b"],
                "assessment_date": ["2020-06-01", "2023-06-01", "2021-01-01", "2022-01-01"],
                "has_pain": [True, None, False, True],
                "edss": [3.5, 6.0, 2.0, None],
            },
        )
    )
    found = local_case_mix(registry).set_index("patient_id")
    assert list(found.columns) == ["outcome", *VARIABLES]
    # The answer of a is that of 2020; b answered last in 2022, when the EDSS was not recorded: that of 2021 stands.
    a, b, c, d = (found.loc[name] for name in "abcd")
    assert (a["outcome"], a["female"], a["aqp4_positive"], a["had_myelitis"]) == (1, 1, 1, 1)
    assert (a["age_years"], a["onset_age_years"], a["edss"], a["attacks"]) == (50, 45, 3.5, 2)
    assert a["duration_years"] == pytest.approx(1797 / 365.25)
    assert (b["outcome"], b["female"], b["aqp4_positive"], b["had_myelitis"], b["edss"]) == (1, 0, 0, 0, 2.0)
    assert math.isnan(b["age_years"])
    # c was never assessed: age and duration at the last contact, all else unknown. Of d nothing is dated but onset.
    assert c.isna().tolist() == [True, True, True, True, False, False, False, True, True]
    assert (c["age_years"], c["onset_age_years"]) == (40, 30)
    assert c["duration_years"] == pytest.approx(3652 / 365.25)
    assert (d["female"], math.isnan(d["duration_years"]), math.isnan(d["onset_age_years"])) == (1, True, True)
    everybody = local_case_mix(registry, denominator="all_diagnosed")
    assert everybody["outcome"].tolist() == [1, 1, 0, 0]
    assert local_case_mix(registry, denominator="with_myelitis")["patient_id"].tolist() == ["a", "d"]


def test_wrong_options_are_told(simulated: nc.Registry) -> None:
    with pytest.raises(ValueError, match="denominator is 'with_pain'"):
        local_case_mix(simulated, denominator="with_pain")
    with pytest.raises(ValueError, match="pain is 'back'"):
        local_case_mix(simulated, pain="back")
