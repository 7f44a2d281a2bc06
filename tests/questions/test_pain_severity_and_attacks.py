"""Pain severity against attacks so far: by hand, on both backends, and what is missing."""

from __future__ import annotations

import pandas as pd
import pytest
from scipy.stats import spearmanr

import nmosd_cohort as nc
from tests.conftest import registry_of


def cohort(scores, attacks):
    names = [f"p{number}" for number in range(len(scores))]
    dates = [(name, f"{2015 + k}-01-01") for name, count in zip(names, attacks, strict=True) for k in range(count)]
    return registry_of(
        patients={"patient_id": names, "diagnosis": ["nmosd"] * len(names)},
        assessments={"patient_id": names, "assessment_date": ["2024-01-01"] * len(names), "pain_nrs": scores},
        attacks={
            "patient_id": [name for name, _ in dates],
            "attack_date": [date for _, date in dates],
            "attack_type": ["myelitis"] * len(dates),
        },
    )


def test_correlation_by_hand_in_all_and_in_those_with_pain(on_backend):
    scores, attacks = [0, 0, 2, 3, 5, 6, 7, 8], [1, 2, 1, 3, 2, 4, 5, 4]
    rows = nc.pain_severity_and_attacks(on_backend(cohort(scores, attacks))).estimates
    rows = rows[(rows["measure"] == "spearman") & (rows["term"] == "attack_count")].set_index("level")
    assert rows.loc["all", "estimate"] == pytest.approx(spearmanr(scores, attacks).statistic)
    assert rows.loc["with_pain", "estimate"] == pytest.approx(spearmanr(scores[2:], attacks[2:]).statistic)
    assert rows["n"].to_dict() == {"all": 8, "with_pain": 6}


def test_few_patients_or_none_are_not_assessable(on_backend):
    result = nc.pain_severity_and_attacks(on_backend(cohort([1, 2], [1, 2])))
    assert result.estimates.empty
    assert "pain_nrs" in result.checks.loc[result.checks["status"] == "not assessable", "detail"].iloc[0]


def test_everyone_with_one_attack_has_no_model():
    result = nc.pain_severity_and_attacks(cohort(list(range(8)), [1] * 8))
    assert "not assessable" in result.checks["status"].to_list()
    assert result.estimates.loc[result.estimates["measure"] != "spearman"].empty


def test_wrong_options_are_refused(review):
    with pytest.raises(ValueError, match="age_per_10_years"):
        nc.pain_severity_and_attacks(review, covariates=("height",))


def test_flow_ends_with_those_analysed(review):
    result = nc.pain_severity_and_attacks(review)
    assert isinstance(result.flow, pd.DataFrame)
    primary = result.estimates[result.estimates["role"] == "primary"].iloc[0]
    assert result.flow["n"].iloc[-1] == primary["n"] == result.tally["n"].sum()
