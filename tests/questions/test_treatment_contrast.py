"""Contrast of two treatments: arms, reasons, differences and shares, by hand."""

from __future__ import annotations

import pytest

import nmosd_cohort as nc
from nmosd_cohort.cohort.treatment_arms import treatment_arms
from tests.conftest import registry_of

# patient: drug, start, score before, score after; four in each arm, as an analysis of covariance needs
ARMS = {
    "a": ("tens", "2022-01-01", 5, 3),
    "b": ("tens", "2022-01-03", 6, 3),
    "c": ("tens", "2022-01-05", 7, 5),
    "d": ("tens", "2022-01-07", 8, 5),
    "e": ("sham tens", "2022-01-01", 5, 5),
    "f": ("sham tens", "2022-01-03", 6, 5),
    "g": ("sham tens", "2022-01-05", 7, 7),
    "h": ("sham tens", "2022-01-07", 8, 7),
}
OPTIONS = {"drug": "TENS", "comparator": "sham tens", "at_days": 28, "window_days": 7}


def trial(**extra: tuple[str, str, int | None, int | None]) -> nc.Registry:
    people = ARMS | extra
    visits = [
        (name, day, score)
        for name, (_, _, before, after) in people.items()
        for day, score in (("2021-12-31", before), ("2022-02-01", after))
    ]
    courses = [(name, drug, start) for name, (drug, start, _, _) in people.items()]
    courses += [("a", "sham tens", "2022-01-10"), ("h", "tens", "2023-01-01")]
    return registry_of(
        patients={"patient_id": list(people), "diagnosis": ["nmosd"] * len(people)},
        assessments={
            "patient_id": [name for name, _, _ in visits],
            "assessment_date": [day for _, day, _ in visits],
            "pain_nrs": [score for _, _, score in visits],
        },
        treatments={
            "patient_id": [name for name, _, _ in courses],
            "drug": [drug for _, drug, _ in courses],
            "start_date": [start for _, _, start in courses],
        },
    )


def by_measure(result, **wanted):
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows.set_index("measure")


def test_difference_at_equal_baseline_by_hand(on_backend):
    result = nc.treatment_contrast(on_backend(trial()), **OPTIONS, randomised=True)
    row = by_measure(result, reference="sham tens").loc["difference_at_equal_baseline"]
    # Both arms have the same scores before; after they differ by 2 points in each patient
    assert (row["role"], row["n"]) == ("primary", 8)
    assert row["estimate"] == pytest.approx(-2)
    changes = by_measure(result, measure="mean_change").set_index("level")["estimate"]
    assert changes.to_dict() == {"TENS": -2.5, "sham tens": -0.5}
    assert by_measure(result).loc["standardised_difference_at_start", "estimate"] == 0


def test_responders_by_hand(on_backend):
    result = nc.treatment_contrast(on_backend(trial()), **OPTIONS)
    rows = by_measure(result, reference="sham tens")
    # falls of 40, 50, 29 and 38 % in the arm, of at most 17 % in the other
    assert rows.loc["responders_difference_pct30", "estimate"] == 0.75
    assert rows.loc["responders_difference_pct50", "estimate"] == 0.25
    shares = result.estimates.query("measure == 'responders_pct30'").set_index("level")["events"]
    assert shares.to_dict() == {"TENS": 3, "sham tens": 0}


def test_the_first_start_decides_the_arm_and_both_are_counted(on_backend):
    arms = treatment_arms(on_backend(trial()), outcome="pain_nrs", **OPTIONS).set_index("patient_id")
    assert arms["arm"].tolist() == [1, 1, 1, 1, 0, 0, 0, 0]
    assert arms.index[arms["had_both"]].tolist() == ["a", "h"]
    assert arms.index[arms["switched"]].tolist() == ["a"], "h started the other one long after the score"
    checks = nc.treatment_contrast(trial(), **OPTIONS).checks.set_index("check")["detail"]
    assert checks["one treatment a patient"].startswith("2 of 8 patients ever had both")
    assert "1 of them started the other one before the score after" in checks["one treatment a patient"]


def test_everyone_left_out_has_a_reason(on_backend):
    registry = trial(
        late=("tens", "2022-06-01", 5, 3),
        early=("sham tens", "2021-06-01", 5, 3),
        unknown=("tens", None, 5, 3),
        unscored=("tens", "2022-01-02", None, None),
        lost=("tens", "2022-01-02", 5, None),
        new=("sham tens", "2022-01-02", None, 5),
    )
    arms = treatment_arms(on_backend(registry), outcome="pain_nrs", **OPTIONS).set_index("patient_id")
    assert arms["reason"].to_dict() == dict.fromkeys(ARMS, "") | {
        "late": "other_time",
        "early": "other_time",
        "unknown": "no_start",
        "unscored": "never_scored",
        "lost": "no_after",
        "new": "no_before",
    }
    flow = nc.treatment_contrast(registry, **OPTIONS).flow
    assert flow["n"].iloc[-1] == 8
    assert flow["excluded"].sum() == 6


def test_a_historical_comparator_ends_where_the_drug_begins():
    registry = trial(early=("sham tens", "2021-12-31", 5, 5))
    arms = treatment_arms(registry, outcome="pain_nrs", kind="historical", **OPTIONS).set_index("patient_id")
    assert arms.index[(arms["arm"] == 0) & (arms["reason"] == "")].tolist() == ["early"]
    later = arms[(arms["arm"] == 0) & (arms.index != "early")]["reason"]
    assert set(later) == {"other_time"}
    everyone = treatment_arms(registry, outcome="pain_nrs", kind="any_time", **OPTIONS)
    assert (everyone["reason"] == "").all()


def test_words_promise_no_effect_unless_the_caller_says_that_chance_decided():
    checks = nc.treatment_contrast(trial(), **OPTIONS).checks.set_index("check")
    assert checks.loc["arms formed by chance", "status"] == "not met"
    stated = nc.treatment_contrast(trial(), **OPTIONS, randomised=True)
    assert stated.checks.set_index("check").loc["arms formed by chance", "status"] == "met"
    assert "not by chance" in nc.treatment_contrast(trial(), **OPTIONS).question


def test_no_p_where_it_would_mislead():
    rows = nc.treatment_contrast(trial(), **OPTIONS).estimates
    silent = rows["measure"].isin(["standardised_difference_at_start", "mean_change", "pseudo_median_change"])
    assert rows.loc[silent, "p_value"].isna().all()


def test_ordinal_scores_are_compared_by_ranks_alone(review):
    rows = nc.treatment_contrast(review, drug="rituximab", comparator="azathioprine", outcome="edss").estimates
    assert rows["measure"].iloc[0] == "probability_change_higher"
    assert rows["role"].iloc[0] == "primary"
    assert not rows["measure"].isin(["mean_change", "difference_at_equal_baseline"]).any()


def test_too_few_or_nobody_is_not_assessable(on_backend):
    empty = registry_of(patients={"patient_id": ["a"], "diagnosis": ["nmosd"]})
    for registry in (empty, trial()):
        result = nc.treatment_contrast(on_backend(registry), drug="nothing", comparator="sham tens", at_days=28,
                                       window_days=7)  # fmt: skip
        assert result.estimates.empty
        check = result.checks.set_index("check").loc["contrast of the arms"]
        assert check["status"] == "not assessable"
        assert "assessments.pain_nrs" in check["detail"]


@pytest.mark.parametrize(
    "option",
    [
        {"kind": "future"},
        {"outcome": "pain"},
        {"covariates": ("bmi",)},
        {"comparator": "TENS"},
        {"at_days": 5},
    ],
)
def test_wrong_options_are_refused(option):
    with pytest.raises(ValueError, match=r"must be|both"):
        nc.treatment_contrast(trial(), **(OPTIONS | option))
