"""The multiverse agrees with the questions whose definitions it varies, and by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.cohort.definition_grid import Prevalence, prevalence_answers
from tests.conftest import registry_of


@pytest.fixture(scope="module")
def cohort():
    return nc.simulate("review", n=300, seed=5)


@pytest.mark.parametrize(
    ("pain", "one"),
    [
        ("any", Prevalence()),
        ("any", Prevalence(time_frame="chronic", phase=90)),
        ("any", Prevalence(time_frame="ever", denominator="with_myelitis")),
        ("any", Prevalence(denominator="all_diagnosed", phase=0)),
        ("neuropathic", Prevalence(defined_by="dn4", denominator="aqp4_positive")),
        ("neuropathic", Prevalence(time_frame="chronic")),
        ("neuropathic", Prevalence(time_frame="ever", defined_by="paindetect")),
    ],
)
def test_every_definition_counts_as_pain_prevalence_does(cohort, pain, one):
    options = {"pain": pain, "time_frame": one.time_frame, "denominator": one.denominator}
    options |= {"min_days_after_attack": one.phase}
    if pain == "neuropathic":
        options["neuropathic_by"] = one.defined_by
    wanted = nc.pain_prevalence(cohort, **options).estimates.iloc[0]
    found = prevalence_answers(cohort, pain=pain)[one]
    assert (found.sum(), found.notna().sum()) == (wanted["events"], wanted["n"])


def test_primary_change_is_that_of_change_after_start(cohort):
    wanted = nc.change_after_start(cohort).estimates.query("measure == 'mean_change' and outcome == 'pain_nrs'").iloc[0]
    result = nc.definition_multiverse(cohort, of="change")
    found = result.estimates.iloc[0]
    assert (found["n"], found["estimate"]) == (wanted["n"], pytest.approx(wanted["estimate"]))
    assert result.definitions["combinations"] == 108
    modelled = result.estimates.query("term == 'summary: modelled'").set_index("measure")
    gap = modelled.loc["points_difference_to_primary", "estimate"]
    assert gap == pytest.approx(modelled.loc["change", "estimate"] - found["estimate"])
    assert nc.plot(result) is not None


def test_shares_and_their_difference_by_hand(on_backend):
    # eight patients with NRS 0, 0, 1, 2, 3, 4, 5, 8: pain in 6 of 8, NRS of 4 or more in 3, so 3/8 less
    names = [f"p{number}" for number in range(8)]
    scores = [0, 0, 1, 2, 3, 4, 5, 8]
    registry = registry_of(
        patients={"patient_id": names, "diagnosis": ["nmosd"] * 8},
        assessments={"patient_id": names, "assessment_date": ["2024-01-01"] * 8, "pain_nrs": scores},
    )
    rows = nc.definition_multiverse(on_backend(registry)).estimates
    assert rows.iloc[0]["estimate"] == 6 / 8
    gap = rows[(rows["measure"] == "difference_to_primary") & (rows["term"] == "defined_by: NRS >= 4")].iloc[0]
    assert gap["estimate"] == pytest.approx(-3 / 8)
    assert gap["conf_low"] < -3 / 8 < gap["conf_high"] <= 0
    low = rows[rows["measure"] == "lowest_of_grid"].iloc[0]
    assert low["estimate"] == 3 / 8 or low["estimate"] == 0


def test_difference_knows_that_the_patients_are_the_same(cohort):
    rows = nc.definition_multiverse(cohort).estimates
    gap = rows[(rows["measure"] == "difference_to_primary") & (rows["term"] == "phase: 90")].iloc[0]
    share = rows.iloc[0]
    assert gap["std_error"] < 0.5 * share["std_error"] if np.isfinite(share["std_error"]) else gap["std_error"] < 0.01


def test_shares_of_the_spread_lie_between_0_and_1_and_every_choice_has_one(cohort):
    rows = nc.definition_multiverse(cohort, pain="neuropathic").estimates
    parts = rows[rows["measure"] == "variance_share"]
    assert set(parts["level"]) == set(Prevalence._fields)
    assert parts["estimate"].between(0, 1).all()
    assert rows["p_value"].isna().all()


@pytest.mark.parametrize("of", ["prevalence", "change"])
def test_an_empty_registry_says_what_is_missing(of, on_backend):
    registry = on_backend(registry_of(patients={"patient_id": ["a"], "diagnosis": ["nmosd"]}))
    result = nc.definition_multiverse(registry, of=of)
    assert result.estimates.empty
    assert "assessments" in result.checks.loc[result.checks["status"] == "not assessable", "detail"].iloc[0]
    assert isinstance(result.tally, pd.DataFrame)
    assert nc.plot(result) is not None


def test_wrong_options_are_refused(cohort):
    with pytest.raises(ValueError, match="prevalence, change"):
        nc.definition_multiverse(cohort, of="everything")
    with pytest.raises(ValueError, match="any, neuropathic"):
        nc.definition_multiverse(cohort, pain="eye")


def test_mog_patients_move_the_share_where_they_count(on_backend):
    # six with pain in three; two more, MOG-IgG positive and AQP4-IgG negative, both with pain: 3/6 and 5/8
    names = [f"p{number}" for number in range(8)]
    patients = {"patient_id": names, "diagnosis": ["nmosd"] * 8}
    patients |= {"aqp4_status": ["positive"] * 6 + ["negative"] * 2, "mog_status": ["negative"] * 6 + ["positive"] * 2}
    visits = {"patient_id": names, "assessment_date": ["2024-01-01"] * 8, "pain_nrs": [0, 0, 0, 3, 4, 5, 6, 7]}
    rows = nc.definition_multiverse(on_backend(registry_of(patients=patients, assessments=visits))).estimates
    assert (rows.iloc[0]["estimate"], rows.iloc[0]["n"]) == (3 / 6, 6)
    counted = rows[rows["term"] == "mog: counted"].set_index("measure")
    assert (counted.loc["proportion", "estimate"], counted.loc["proportion", "n"]) == (5 / 8, 8)
    assert counted.loc["difference_to_primary", "estimate"] == pytest.approx(1 / 8)
