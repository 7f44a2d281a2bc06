"""Brain measures against pain: the nearest MRI, one unit, differences by hand, and what is not assessable."""

import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.cohort.assessments import index_visits, visits
from nmosd_cohort.cohort.brain_measures import measures_near, pain_days
from tests.conftest import registry_of

VISIT = "2021-06-01"
VOLUMES = [600, 610, 620, 630, 640, 650, 700, 710, 720, 730, 740, 750]  # six with neuropathic pain, then six without
NRS = [9, 8, 7, 6, 5, 4, 0, 0, 0, 0, 0, 0]


def brain(patient_ids, values, *, measure="pallidum_volume", date=VISIT, unit="mm3"):
    n = len(patient_ids)
    dates = [date] * n if isinstance(date, str) else date
    return pd.DataFrame(
        {"patient_id": patient_ids, "mri_date": dates, "region": "brain", "measure": measure, "value": values}
    ).assign(unit=unit)


def cohort(imaging, *, pain=None, sites=None):
    ids = [f"p{k:02d}" for k in range(12)]
    return registry_of(
        patients={
            "patient_id": ids,
            "diagnosis": ["nmosd"] * 12,
            "sex": ["female"] * 12,
            "birth_date": ["1980-01-01"] * 12,
            "site": sites or ["A"] * 12,
            "aqp4_status": ["positive"] * 11 + [None],
        },
        assessments={
            "patient_id": ids,
            "assessment_date": [VISIT] * 12,
            "has_pain": [True] * 6 + [False] * 6,
            "has_neuropathic_pain": [True] * 6 + [None] * 6,
            "pain_nrs": NRS,
        },
        imaging=imaging,
        **({"pain": pain} if pain else {}),
    )


def index_of(registry):
    return index_visits(visits(registry), needs=["has_pain"], min_days_after_attack=30)


def test_the_nearest_mri_in_the_window_counts_and_other_units_are_left_out(on_backend):
    dates = ["2021-05-01", "2021-06-11", "2021-05-22", "2020-01-01"]  # 31, 10 and 10 days away, and too far
    imaging = pd.concat(
        [
            brain(["p00"] * 4, [1.0, 2.0, 3.0, 4.0], date=dates),
            brain(["p01"], [0.6], unit="mL"),
            brain(["p02"], [1500.0], measure="intracranial_volume"),
        ]
    )
    registry = on_backend(cohort(imaging))
    found = measures_near(registry, index_of(registry), window_days=183)
    assert found.values["patient_id"].tolist() == ["p00"]  # p01 has another unit, p02 only a head
    assert found.values["pallidum_volume"].tolist() == [3.0]  # ten days before, not ten after
    assert found.units["pallidum_volume"] == "mm3"
    assert found.other_units == {"pallidum_volume": 1}


def test_days_of_pain_are_unknown_where_an_onset_is(on_backend):
    pain = {
        "patient_id": ["p00", "p00", "p01", "p01", "p02"],
        "pain_type": ["neuropathic", "headache", "neuropathic", "headache", "neuropathic"],
        "onset_date": ["2021-05-02", "2021-05-22", "2021-05-02", None, "2021-01-01"],
        "end_date": [None, None, None, None, "2021-02-01"],
    }
    registry = on_backend(cohort({}, pain=pain))
    found = pain_days(registry, index_of(registry)).set_index("patient_id")["pain_days"]
    assert found["p00"] == 30
    assert pd.isna(found["p01"])
    assert "p02" not in found.index


def test_differences_and_correlation_by_hand(on_backend):
    ids = [f"p{k:02d}" for k in range(12)]
    registry = on_backend(cohort(brain(ids, VOLUMES)))
    answer = nc.brain_imaging_and_pain(registry, n_draws=199)
    rows = answer.estimates.set_index(["measure", "term", "level"])["estimate"]
    # Mean 625 with neuropathic pain and 725 without; variance within both is 1750 / 5 = 350.
    assert rows["adjusted_mean_difference", "", "neuropathic"] == pytest.approx(-100)
    assert rows["adjusted_standardised_difference", "", "neuropathic"] == pytest.approx(-100 / 350**0.5)
    assert rows["mean", "", "no_pain"] == pytest.approx(725)
    assert rows["partial_spearman", "pain_nrs", "all"] < -0.8
    checks = answer.checks.set_index("check")
    assert checks.loc["volumes adjusted for head size", "status"] == "not met"
    assert checks.loc["scanners compared, volume", "status"] == "not assessable"
    assert checks.filter(like="dn4", axis=0)["status"].tolist() == ["not assessable"]
    assert answer.flow["n"].iloc[-1] == 12
    assert (answer.estimates["p_adjusted"].dropna() >= answer.estimates["p_value"].dropna()).all()
    assert answer.tally["n"].tolist() == [6, 6]


def test_serostatus_and_sex_leave_out_the_others_with_a_step(on_backend):
    ids = [f"p{k:02d}" for k in range(12)]
    registry = on_backend(cohort(brain(ids, VOLUMES)))
    answer = nc.brain_imaging_and_pain(registry, serostatus="aqp4_positive", sex="male", n_draws=199)
    assert answer.flow["n"].tolist()[-3:] == [11, 0, 0]
    assert answer.flow["excluded"].tolist()[-3:] == [1, 11, 0]
    assert answer.estimates.empty


def test_without_measures_the_answer_says_what_is_missing():
    answer = nc.brain_imaging_and_pain(cohort({}), measures=["pallidum_volume"])
    assert answer.estimates.empty
    detail = answer.checks.set_index("check").loc["measures of the brain", "detail"]
    assert "imaging.measure" in detail
    assert nc.plot(answer).texts
    empty = nc.brain_imaging_and_pain(registry_of())
    assert empty.estimates.empty


def test_a_few_patients_are_not_compared():
    answer = nc.brain_imaging_and_pain(cohort(brain(["p00", "p01", "p07"], [1.0, 2.0, 3.0])))
    assert answer.estimates.empty
    assert (answer.checks["status"] == "not assessable").sum() >= 3


@pytest.mark.parametrize(
    "options",
    [
        {"contrast": "np"},
        {"serostatus": "positive"},
        {"sex": "woman"},
        {"measures": ["thalamus"]},
        {"window_days": -1},
        {"neuropathic_by": "guess"},
    ],
)
def test_wrong_options_are_refused(options, review):
    with pytest.raises(ValueError, match=next(iter(options))):
        nc.brain_imaging_and_pain(review, **options)
