"""Spinal onset and drugs of the demo registry recomputed from its tables."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import nmosd_cohort as nc
from tests.papers.registries import figures_of

PAPER = "zhang_2022"
# Those of the demo registry; escitalopram is given for depression there.
ANALGESICS = ("pregabalin", "gabapentin", "carbamazepine", "amitriptyline", "tramadol", "ibuprofen")


def test_sets_every_figure_beside_the_demo_registry(replay: Any) -> None:
    made, printed = replay(PAPER)
    assert set(made["verdicts"]["figure"]) == figures_of(PAPER)
    assert "published 66.4 %" in printed
    assert "published 15.8" in printed
    assert "published 29.6 %" in printed


def test_odds_ratio_of_spinal_onset_is_the_maximum_of_the_penalised_likelihood(replay: Any) -> None:
    made, _ = replay(PAPER)
    terms = made["model"].terms
    design = np.column_stack([np.ones(len(terms)), terms.to_numpy()])
    outcome = made["model"].outcome.to_numpy()
    beta = np.zeros(design.shape[1])
    for _ in range(100):  # modified scores of Firth 1993
        risk = 1 / (1 + np.exp(-design @ beta))
        weights = risk * (1 - risk)
        information = design.T @ (design * weights[:, None])
        leverage = weights * np.einsum("ij,jk,ik->i", design, np.linalg.inv(information), design)
        beta = beta + np.linalg.solve(information, design.T @ (outcome - risk + leverage * (0.5 - risk)))
    place = 1 + list(terms).index("spinal_onset")
    assert made["own"]["zhang_2022_or_spinal_onset"].estimate == pytest.approx(np.exp(beta[place]), rel=1e-5)


def test_analgesics_are_open_courses_of_patients_in_pain(replay: Any, demo: nc.Registry) -> None:
    made, _ = replay(PAPER)
    visits = made["in_pain"].set_index("patient_id")["assessment_day"]
    takers = set()
    for course in demo.tables["treatments"].to_dict("records"):
        if course["drug"] not in ANALGESICS:
            continue
        if course["patient_id"] in visits.index:
            day = pd.Timestamp(int(visits[course["patient_id"]]), unit="D")
            started = pd.isna(course["start_date"]) or course["start_date"] <= day
            if started and (pd.isna(course["stop_date"]) or course["stop_date"] >= day):
                takers.add(course["patient_id"])
    share = made["own"]["zhang_2022_analgesic_use"]
    assert (share.events, share.n) == (len(takers), len(visits))
    assert made["verdicts"].set_index("figure").loc["zhang_2022_analgesic_use", "local_n"] == len(visits)
    asked = nc.drug_use_and_response(demo).estimates.query("outcome == 'on_pain_drug' and role == 'primary'").iloc[0]
    assert (asked["events"], asked["n"]) == (share.events, share.n)


def test_says_what_a_poor_registry_lacks(replay: Any, poor_registry: nc.Registry) -> None:
    made, printed = replay(PAPER, poor_registry)
    assert "Missing for the odds ratio" in printed
    assert "Missing for the drugs" in printed
    assert made["own"] == {}
