"""Persistent lesions: what became of each lesion by hand, who is left out, and what is not assessable."""

import pytest

import nmosd_cohort as nc
from nmosd_cohort.cohort.assessments import index_visits, visits
from nmosd_cohort.cohort.persistence import scan_pairs
from tests.conftest import registry_of

ATTACK, FIRST, LAST, VISIT = "2019-01-01", "2019-01-11", "2020-01-01", "2021-01-01"


def cohort(first, last, nrs, *, first_date=FIRST):
    """Return one patient an entry: the lesion (upper, lower) at the attack and the one on the last MRI, or None."""
    n = len(first)
    ids = [f"p{k:02d}" for k in range(n)]
    rows = [(who, first_date, *one) for who, one in zip(ids, first, strict=True) if one]
    rows += [(who, LAST, *one) for who, one in zip(ids, last, strict=True) if one]
    columns = list(zip(*rows, strict=True)) if rows else [[]] * 4
    return registry_of(
        patients={
            "patient_id": ids,
            "diagnosis": ["nmosd"] * n,
            "sex": ["female"] * n,
            "birth_date": ["1980-01-01"] * n,
        },
        attacks={"patient_id": ids, "attack_date": [ATTACK] * n, "attack_type": ["myelitis"] * n},
        assessments={"patient_id": ids, "assessment_date": [VISIT] * n, "pain_nrs": nrs},
        imaging={
            "patient_id": ids * 2,
            "mri_date": [first_date] * n + [LAST] * n,
            "region": ["whole_cord"] * 2 * n,
        },
        lesions={
            "patient_id": list(columns[0]),
            "mri_date": list(columns[1]),
            "upper_segment": list(columns[2]),
            "lower_segment": list(columns[3]),
            "level_system": ["cord"] * len(rows),
        },
    )


def test_what_became_of_each_lesion(on_backend):
    first = [("T2", "T5"), ("T2", "T5"), ("T2", "T5"), None, None, ("C7", "T2")]
    last = [("T5", "T8"), None, ("T8", "T9"), ("T3", "T3"), None, ("C7", "C8")]
    registry = on_backend(cohort(first, last, [5, 4, 3, 2, 1, 0]))
    index = index_visits(visits(registry), needs=["pain_nrs"], min_days_after_attack=30)
    pairs, system, left_out = scan_pairs(registry, index, onset_days=30, days_apart=90)
    pairs = pairs.sort_values("patient_id")
    assert pairs["thoracic"].tolist() == ["persistent", "resolved", "new", "new", "never", "resolved"]
    assert pairs["cervical"].tolist() == ["never"] * 5 + ["persistent"]
    assert (system, left_out) == ("cord", {})
    answer = nc.persistent_lesions_and_pain(registry)
    assert answer.flow["n"].tolist()[-2:] == [6, 4]
    assert (answer.checks["status"] == "not assessable").sum() >= 2
    shares = answer.estimates[answer.estimates["measure"] == "proportion"].set_index("outcome")
    assert shares.loc["thoracic_lesion_persists", ["events", "n"]].tolist() == [1, 3]


@pytest.mark.parametrize("date", ["2018-12-31", "2019-02-15", "2019-12-01"])
def test_a_scan_before_or_long_after_the_attack_is_none_at_the_attack(date):
    answer = nc.persistent_lesions_and_pain(cohort([("T2", "T5")], [("T2", "T5")], [3], first_date=date))
    assert answer.flow["n"].iloc[-1] == 0
    assert answer.estimates.empty
    assert nc.plot(answer).texts


def test_differences_by_hand(on_backend):
    # 8 patients in each of four cells: neither 2, cervical 1, thoracic 4, both 3, so exactly -1 and +2 points;
    # one point more and one less in turn, so that the scores are not explained wholly.
    first = [None] * 8 + [("C2", "C3")] * 8 + [("T2", "T3")] * 8 + [("C7", "T2")] * 8
    nrs = [base + step for base in (2, 1, 4, 3) for step in (1, -1) * 4]
    answer = nc.persistent_lesions_and_pain(on_backend(cohort(first, first, nrs)))
    rows = answer.estimates[answer.estimates["term"] != ""].set_index(["measure", "term"])["estimate"].to_dict()
    assert rows["adjusted_mean_difference", "persistent_cervical"] == pytest.approx(-1)
    assert rows["adjusted_mean_difference", "persistent_thoracic"] == pytest.approx(2)
    # Lesions have SD 1/2, scores a variance of 1/4 + 1 + 1.
    assert rows["standardised_coefficient", "persistent_thoracic"] == pytest.approx(2 * 0.5 / 2.25**0.5)
    assert rows["standardised_coefficient", "at_onset_cervical"] == pytest.approx(-0.5 / 1.5)
    assert nc.plot(answer).axes
    assert answer.tally["n"].sum() == 32


def test_nothing_delivered_is_not_assessable():
    answer = nc.persistent_lesions_and_pain(registry_of())
    assert answer.estimates.empty
    assert answer.checks["detail"].str.contains("lesions.mri_date").any()


@pytest.mark.parametrize("options", [{"onset_days": -1}, {"days_apart": 0.5}])
def test_wrong_options_are_refused(options, review):
    with pytest.raises(ValueError, match=next(iter(options))):
        nc.persistent_lesions_and_pain(review, **options)
