"""One patient on one time axis: events in days since day zero, and a change only where scores are."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of

CASE = Path(__file__).parents[2] / "examples" / "amitriptyline_case"


def events_of(result, **wanted):
    rows = result.tally
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows


def one_patient(scores, **more):
    days = pd.date_range("2020-01-01", periods=len(scores), freq="30D").astype(str).tolist()
    return registry_of(
        patients={"patient_id": ["secret-7", "other"], "onset_date": ["2019-12-02", None]},
        assessments={"patient_id": ["secret-7"] * len(scores), "assessment_date": days, "pain_nrs": scores},
        treatments={
            "patient_id": ["secret-7"] * 3,
            "drug": ["pregabalin", "prednisolone", "prednisolone"],
            "dose": [150.0, 40.0, 10.0],
            "dose_unit": ["mg/day"] * 3,
            "start_date": ["2020-03-31", "2020-01-01", "2020-01-31"],
        },
        **more,
    )


@pytest.fixture(scope="module")
def case():
    registry = nc.open_registry(CASE)
    assert registry.findings["file"].tolist() == ["README.md"]  # not read, which is said
    assert len(registry.quarantine) == 0
    return nc.patient_timeline(registry, patient_id="case", drug="amitriptyline")


def test_the_published_range_is_drawn_and_no_score_is_made_up(case):
    ranges = events_of(case, kind="score_range")
    assert ranges[["start_days", "value", "value_high"]].to_numpy().tolist() == [[105, 7.0, 8.0]]
    assert events_of(case, kind="score", label="pain_nrs").empty
    assert case.estimates.empty
    change = case.checks[case.checks["check"] == "change within the patient"].iloc[0]
    assert change["status"] == "not assessable"
    assert "0 scores up to the start of amitriptyline and 0 after it in assessments.pain_nrs" in change["detail"]


def test_the_case_as_published(case):
    doses = events_of(case, label="prednisolone")
    assert doses["value"].tolist() == [8.0, 5.0, 40.0]
    assert events_of(case, label="amitriptyline")["note"].tolist() == ["good"]
    assert doses["start_days"].isna().tolist() == [False, True, True]  # only that of week 15 was published
    strength = events_of(case, lane="strength").sort_values(["label", "start_days"])
    assert strength["value"].tolist() == [1.0, 3.5, 4.0, 4.5]
    assert events_of(case, lane="csf", label="csf_protein")["value"].tolist() == [66.7, 45.5]
    assert events_of(case, kind="above_limit")["label"].tolist() == ["aqp4_igg"]
    assert events_of(case, kind="new_lesions")["value"].tolist() == [0.0]
    assert events_of(case, kind="first_lesions")["label"].tolist() == ["C5-T9"]
    assert events_of(case, kind="attack")["start_days"].tolist() == [-363, 0]


def test_neither_identifier_nor_calendar_date_is_in_the_result():
    text = nc.patient_timeline(one_patient([5, 6]), patient_id="secret-7", drug="pregabalin").to_json()
    assert "secret-7" not in text
    assert "2020-" not in text
    assert "2019-" not in text


def test_a_later_dose_of_a_drug_ends_the_earlier_one(on_backend):
    result = nc.patient_timeline(on_backend(one_patient([5])), patient_id="secret-7")
    steps = events_of(result, label="prednisolone")
    # onset 2 December 2019: 1 January is day 30, 31 January day 60.
    assert steps["start_days"].tolist() == [30, 60]
    assert steps["end_days"].tolist()[0] == 60
    assert pd.isna(steps["end_days"].tolist()[1])


def test_change_by_hand(on_backend):
    # Pregabalin begins on day 90 of the series: scores 6, 5, 5, 4 up to it, 4, 2, 1 after it. Of the 12 pairs 11 have
    # the lower score later and one (4 and 4) ties: (11 + 0.5) / 12. All differences after less before:
    # -2 -1 -1 0, -4 -3 -3 -2, -5 -4 -4 -3: the middle two of the sorted are -3 and -3.
    registry = on_backend(one_patient([6, 5, 5, 4, 4, 2, 1]))
    rows = nc.patient_timeline(registry, patient_id="secret-7", drug="Pregabalin").estimates.set_index("measure")
    assert rows.loc["non_overlap", "estimate"] == pytest.approx(11.5 / 12)
    assert rows.loc["hodges_lehmann_shift", "estimate"] == -3.0
    assert rows.loc["median", "estimate"].tolist() == [5.0, 2.0]
    assert rows.loc["median", "n"].tolist() == [4, 3]
    assert 0 < rows.loc["non_overlap", "p_value"] < 0.15


def test_two_scores_after_the_start_are_too_few():
    result = nc.patient_timeline(one_patient([6, 5, 5, 4, 4, 2]), patient_id="secret-7", drug="pregabalin")
    assert result.estimates.empty
    assert "4 scores up to the start of pregabalin and 2 after" in result.checks["detail"].str.cat()


@pytest.mark.parametrize(
    ("zero", "first"), [("first_attack", 0), ("last_attack", -100), ("drug_start", -10), ("onset", 0)]
)
def test_day_zero(zero, first):
    registry = registry_of(
        patients={"patient_id": ["p"]},
        attacks={
            "patient_id": ["p", "p"],
            "attack_date": ["2020-01-01", "2020-04-10"],
            "acute_treatment": ["pulse", None],
        },
        treatments={"patient_id": ["p"], "drug": ["rituximab"], "start_date": ["2020-01-11"]},
    )
    result = nc.patient_timeline(registry, patient_id="p", zero=zero, drug="rituximab")
    assert events_of(result, kind="attack")["start_days"].tolist()[0] == first
    status = result.checks.set_index("check").loc["day zero", "status"]
    assert status == ("not met" if zero == "onset" else "met")  # no onset recorded: the first event is day 0


def test_lesions_that_share_no_segment_with_earlier_ones_are_new():
    registry = registry_of(
        patients={"patient_id": ["p"], "onset_date": ["2020-01-01"]},
        lesions={
            "patient_id": ["p"] * 3,
            "mri_date": ["2020-01-11", "2020-03-01", "2020-05-01"],
            "upper_segment": ["C3", "C5", "T8"],
            "lower_segment": ["C6", "C7", "T9"],
        },
        imaging={
            "patient_id": ["p", "p", "p"],
            "mri_date": ["2020-01-11", "2020-06-01", "2020-06-01"],
            "region": ["cervical_cord", "cervical_cord", "brain"],
        },
    )
    mri = events_of(nc.patient_timeline(registry, patient_id="p"), lane="mri")
    assert mri["kind"].tolist() == ["first_lesions", "same_lesions", "new_lesion", "imaged", "no_lesion"]


def test_wrong_arguments():
    registry = one_patient([5])
    with pytest.raises(ValueError, match="no patient with this patient_id among the 2"):
        nc.patient_timeline(registry, patient_id="nobody")
    with pytest.raises(ValueError, match="name the drug too"):
        nc.patient_timeline(registry, patient_id="secret-7", zero="drug_start")
    with pytest.raises(ValueError, match="outcome is 'sf36_bp'; it must be one of pain_nrs, edss"):
        nc.patient_timeline(registry, patient_id="secret-7", outcome="sf36_bp")
    with pytest.raises(ValueError, match="zero"):
        nc.patient_timeline(registry, patient_id="secret-7", zero="birth")


def test_a_drug_that_was_never_started_or_has_no_date():
    registry = one_patient([5])
    detail = nc.patient_timeline(registry, patient_id="secret-7", drug="x").checks["detail"].iloc[-1]
    assert detail == "start of x not recorded: no course of it in treatments.drug"
    undated = nc.patient_timeline(nc.open_registry(CASE), patient_id="case", drug="inebilizumab")
    assert "treatments.start_date is blank" in undated.checks["detail"].iloc[-1]


@pytest.mark.parametrize("place", range(0, 60, 7))
def test_any_patient_can_be_drawn(review, place):
    patient = review.tables["patients"]["patient_id"].iloc[place]
    figure = nc.plot(nc.patient_timeline(review, patient_id=patient))
    assert len(figure.axes) >= 2


def test_the_case_is_drawn_with_its_range_and_its_undated_doses(case):
    texts = [text.get_text() for panel in nc.plot(case).axes for text in panel.texts]
    assert "NRS 7 to 8" in texts
    assert any("start not recorded" in text for text in texts)
    assert any("thoracic cord: no new lesions" in text for text in texts)
    assert {"response good", "right leg: 4 to 5", "left leg: 3 to 4"} <= set(texts)
    assert any(text.startswith("\N{MINUS SIGN}52 weeks: hiccup") for text in texts)
    assert "1000 mg/day for three days" in "".join(texts)


def test_texts_of_attacks_that_are_near_each_other_stand_in_rows_and_a_late_one_at_the_left():
    days = ["2020-01-01", "2020-03-01", "2024-12-01"]
    registry = registry_of(
        patients={"patient_id": ["p"], "onset_date": ["2020-01-01"]},
        attacks={"patient_id": ["p"] * 3, "attack_date": days, "attack_type": ["myelitis"] * 3,
                 "acute_treatment": ["methylprednisolone, plasma exchange"] * 3},
    )  # fmt: skip
    panel = nc.plot(nc.patient_timeline(registry, patient_id="p")).axes[0]
    texts = [text for text in panel.texts if "myelitis" in text.get_text()]
    assert [text.xy[1] for text in texts] == [0, 1, 0]
    assert [text.get_ha() for text in texts] == ["left", "left", "right"]


def test_nothing_recorded():
    nothing = nc.patient_timeline(registry_of(patients={"patient_id": ["p"]}), patient_id="p")
    assert nothing.tally.empty
    assert nc.plot(nothing).texts[0].get_text().startswith("Nothing to draw")
