"""Symptoms and comparators of the generator: what is added, and what stays as it was."""

from __future__ import annotations

import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.synthetic.scenario import read_scenario
from nmosd_cohort.synthetic.symptoms import SAME_ATTACK_DAYS, quality_shares, worst_symptom_chances


def test_comparators_come_after_the_same_patients():
    review, demo = nc.simulate("review", n=60, seed=5).tables, nc.simulate("demo", n=60, seed=5).tables
    patients = demo["patients"]
    assert len(patients) == 75
    assert patients["patient_id"].is_unique
    assert patients["diagnosis"].tolist()[60:] == ["ms"] * 15
    pd.testing.assert_frame_equal(patients.iloc[:60], review["patients"])
    assert review["patients"]["diagnosis"].ne("ms").all()
    own = demo["pain"]["patient_id"].str.startswith("P")
    assert demo["pain"].loc[own, "pain_qualities"].tolist() == review["pain"]["pain_qualities"].tolist()


def test_comparator_episodes_agree_with_the_last_answer():
    tables = nc.simulate("demo", n=400, seed=6).tables
    last = tables["assessments"].groupby("patient_id").tail(1).set_index("patient_id")
    ms = last[last.index.str.startswith("M")]
    with_episode = set(tables["pain"]["patient_id"])
    assert {one for one in ms.index if one in with_episode} == set(ms.index[ms["has_pain"].astype(bool)])


def test_all_entries_of_an_attack_have_the_same_signs():
    attacks = nc.simulate(n=300, seed=7).tables["attacks"]
    same = attacks["patient_id"].eq(attacks["patient_id"].shift())
    near = same & attacks["attack_date"].diff().dt.days.lt(SAME_ATTACK_DAYS)
    assert near.sum() > 10
    signs = attacks["first_signs"].fillna("")
    assert (signs[near.fillna(False)] == signs.shift()[near.fillna(False)]).all()


def test_null_has_no_link():
    null = read_scenario("null")
    assert quality_shares(null, "tonic_spasm").tolist() == quality_shares(null, "neuropathic").tolist()
    assert len(set(worst_symptom_chances(null)[1:].round(12))) == 1


def test_worst_symptom_share_is_the_one_of_the_scenario():
    scenario = read_scenario("review")
    of_pain = worst_symptom_chances(scenario)[1:] @ scenario.numbers("pain.nrs_shares")
    assert of_pain * scenario.number("pain.current_share") == pytest.approx(0.25)
