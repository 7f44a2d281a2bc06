"""Disability, quality of life, lesions and depression: values by hand, and honest silence where patients are few."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import nmosd_cohort as nc
from tests.conftest import registry_of

GROUP_FLAGS = {"neuropathic": (True, True), "other_pain": (True, False), "no_pain": (False, None)}


def grouped(values: dict[str, list[float]], column: str):
    """Return a registry whose pain groups have these values of one score, one visit a patient."""
    rows = [(group, value) for group, scores in values.items() for value in scores]
    names = [f"p{i}" for i in range(len(rows))]
    return registry_of(
        patients={"patient_id": names, "diagnosis": ["nmosd"] * len(rows)},
        assessments={
            "patient_id": names,
            "assessment_date": ["2024-01-01"] * len(rows),
            "has_pain": [GROUP_FLAGS[group][0] for group, _ in rows],
            "has_neuropathic_pain": [GROUP_FLAGS[group][1] for group, _ in rows],
            column: [value for _, value in rows],
        },
    )


EDSS = {"neuropathic": [4, 6, 6.5], "other_pain": [2, 3], "no_pain": [1, 2, 2, 6]}


def test_edss_medians_and_contrasts_by_hand(on_backend):
    rows = nc.neuropathic_pain_and_disability(on_backend(grouped(EDSS, "edss"))).estimates
    medians = rows[rows["measure"] == "median"].set_index("level")["estimate"]
    assert medians.to_dict() == {"neuropathic": 6.0, "other_pain": 2.5, "no_pain": 2.0}
    pair = rows[(rows["level"] == "neuropathic") & (rows["reference"] == "no_pain")].set_index("measure")["estimate"]
    # 12 pairs: 4 beats 1, 2, 2; 6 beats three and ties one; 6.5 beats four: (3 + 3.5 + 4) / 12
    assert pair["probability_superiority"] == pytest.approx(10.5 / 12)
    # differences: 3 2 2 -2 | 5 4 4 0 | 5.5 4.5 4.5 0.5: the median of the twelve
    assert pair["hodges_lehmann_shift"] == pytest.approx(np.median([3, 2, 2, -2, 5, 4, 4, 0, 5.5, 4.5, 4.5, 0.5]))


def test_no_model_is_fitted_to_nine_patients():
    result = nc.neuropathic_pain_and_disability(grouped(EDSS, "edss"))
    assert "odds_ratio" not in set(result.estimates["measure"])
    detail = result.checks.set_index("check").loc["adjusted model", "detail"]
    assert "neuropathic 3, other_pain 2, no_pain 4" in detail


def test_a_milestone_that_nobody_has_reached_is_not_assessable_and_stops_nothing(review):
    visits = review.tables["assessments"].copy()
    visits["edss"] = visits["edss"].clip(upper=5.5)
    mild = replace(review, tables={**review.tables, "assessments": visits})
    result = nc.neuropathic_pain_and_disability(mild)
    assert "probability_edss_at_least_4" in set(result.estimates["measure"])
    assert "probability_edss_at_least_6" not in set(result.estimates["measure"])
    assert result.checks.set_index("check").loc["probability of EDSS at least 6", "status"] == "not assessable"


def test_remission_that_no_dated_attack_confirms_is_said(review):
    known = nc.neuropathic_pain_and_disability(review).checks.set_index("check").loc["remission known", "detail"]
    no_dates = replace(review, tables={**review.tables, "attacks": review.tables["attacks"].iloc[:0]})
    unknown = nc.neuropathic_pain_and_disability(no_dates).checks.set_index("check").loc["remission known"]
    assert unknown["status"] == "not met"
    assert unknown["detail"] != known


def test_bodily_pain_is_kept_apart_from_the_family(review):
    rows = nc.neuropathic_pain_and_quality_of_life(review).estimates
    family = rows[rows["p_adjusted"].notna()]
    assert set(family["outcome"]) == {f"sf36_{scale}" for scale in ("pf", "rp", "gh", "vt", "sf", "re", "mh")}
    assert (family["p_adjusted"] >= family["p_value"]).all()
    assert set(rows.loc[rows["outcome"] == "sf36_bp", "role"]) == {"comparison", "description", "secondary"}


def test_floor_and_ceiling_are_counted():
    scores = {"neuropathic": [0, 0, 50], "other_pain": [100], "no_pain": [100, 100]}
    rows = nc.neuropathic_pain_and_quality_of_life(grouped(scores, "sf36_pf")).estimates.set_index("measure")
    assert rows.loc["floor_share", ["events", "n"]].tolist() == [2, 6]
    assert rows.loc["ceiling_share", ["events", "n"]].tolist() == [3, 6]


def with_lesions(cells: dict[str, list[int]]):
    """Return a registry of patients with past myelitis and a whole-cord MRI, with these pain scores in each cell."""
    spans = {"cervical_only": [("C3", "C5")], "thoracic_only": [("T3", "T5")], "both": [("C6", "T2")], "neither": []}
    rows = [(level, score) for level, scores in cells.items() for score in scores]
    names = [f"p{i}" for i in range(len(rows))]
    lesions = [(name, *span) for name, (level, _) in zip(names, rows, strict=True) for span in spans[level]]
    return registry_of(
        patients={"patient_id": names, "diagnosis": ["nmosd"] * len(rows), "had_myelitis": [True] * len(rows)},
        assessments={
            "patient_id": names,
            "assessment_date": ["2024-01-01"] * len(rows),
            "pain_nrs": [score for _, score in rows],
        },
        imaging={"patient_id": names, "mri_date": ["2023-01-01"] * len(rows), "region": ["whole_cord"] * len(rows)},
        lesions=pd.DataFrame(lesions, columns=["patient_id", "upper_segment", "lower_segment"]).assign(
            mri_date="2023-01-01", level_system="cord"
        ),
    )


def test_lesion_contrast_by_hand(on_backend):
    cells = {"cervical_only": [0] * 6 + [2] * 2, "thoracic_only": [5] * 6 + [0] * 2, "both": [3], "neither": [0]}
    rows = nc.lesion_level_and_pain(on_backend(with_lesions(cells))).estimates
    pair = rows[(rows["level"] == "thoracic_only") & (rows["outcome"] == "pain_nrs")].set_index("measure")["estimate"]
    # 64 pairs: 6 fives beat 8; 2 zeros tie 6 and lose to 2
    assert pair["probability_superiority"] == pytest.approx((48 + 0.5 * 12) / 64)
    difference = rows[(rows["outcome"] == "any_pain") & (rows["measure"] == "risk_difference")].iloc[0]
    assert difference["estimate"] == pytest.approx(6 / 8 - 2 / 8)


def test_seven_patients_in_a_cell_are_described_and_not_contrasted():
    result = nc.lesion_level_and_pain(with_lesions({"cervical_only": [0] * 7, "thoracic_only": [5] * 9}))
    assert "probability_superiority" not in set(result.estimates["measure"])
    assert result.checks.set_index("check").loc["enough patients for a contrast", "status"] == "not assessable"
    assert result.tally["n"].sum() == 16


def depressed(rows, column="bdi_ii"):
    names = [f"p{i}" for i in range(len(rows))]
    return registry_of(
        patients={"patient_id": names, "diagnosis": ["nmosd"] * len(rows)},
        assessments={
            "patient_id": names,
            "assessment_date": ["2024-01-01"] * len(rows),
            "pain_nrs": [pain for pain, _ in rows],
            column: [score for _, score in rows],
        },
    )


SCORES = [(0, 5), (0, 10), (2, 13), (3, 20), (5, 14), (8, 30)]


def test_depression_is_counted_at_the_cut_off_of_the_instrument(on_backend):
    rows = nc.pain_and_depression(on_backend(depressed(SCORES)), depression="bdi_ii").estimates
    shares = rows[rows["measure"] == "proportion"].set_index(["outcome", "group", "level"])[["events", "n"]]
    assert shares.loc[("bdi_ii", "", "")].tolist() == [3, 6]  # 13 is below, 14 is at the cut-off
    assert shares.loc[("bdi_ii", "with_pain", "yes")].tolist() == [3, 4]
    assert shares.loc[("bdi_ii", "with_pain", "no")].tolist() == [0, 2]
    assert shares.loc[("bdi_ii_moderate", "", "")].tolist() == [2, 6]


def test_correlation_is_given_with_and_without_the_pain_free():
    rows = nc.pain_and_depression(depressed(SCORES), depression="bdi_ii").estimates
    rho = rows[rows["measure"] == "spearman"].set_index("level")
    # scipy.stats.spearmanr([0, 0, 2, 3, 5, 8], [5, 10, 13, 20, 14, 30]).statistic
    assert rho.loc["all", "estimate"] == pytest.approx(0.9276336, abs=1e-6)
    assert "with_pain" not in rho.index  # four patients are too few


def test_the_instrument_that_most_patients_have_is_taken_and_named():
    result = nc.pain_and_depression(depressed(SCORES, "phq9"))
    assert result.definitions["instrument"] == "phq9"
    assert result.definitions["cutoff"] == 10


def test_no_scores_give_no_correlation_and_a_reason():
    result = nc.pain_and_depression(registry_of(patients={"patient_id": ["a"], "diagnosis": ["nmosd"]}))
    assert result.estimates.empty
    assert "not assessable" in set(result.checks["status"])
