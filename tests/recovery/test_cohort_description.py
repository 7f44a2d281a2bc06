"""Who was asked and who the patients are, recovered from synthetic registries whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.synthetic.scenario import read_scenario

N = 2500


@pytest.fixture(scope="module", params=["review", "null"])
def large(request):
    return request.param, nc.simulate(request.param, n=N, seed=515)


def row(result, **wanted):
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def test_share_asked_and_no_site_asks_more_than_another(large):
    name, registry = large
    scenario = read_scenario(name)
    result = nc.ascertainment(registry)
    # Asked at an assessment: not skipped there, and not one of those who are never asked.
    truth = (1 - scenario.number("pain.not_asked_share")) * (1 - scenario.number("pain.never_asked_share"))
    found = row(result, outcome="asked_about_pain", role="primary")
    assert abs(found["estimate"] - truth) < 3 * np.sqrt(truth * (1 - truth) / found["n"])
    ratios = result.estimates[result.estimates["measure"] == "odds_ratio"]
    assert (ratios["p_adjusted"] > 0.001).all()
    assert row(result, measure="between_site_variance_share")["p_value"] > 0.001


def test_a_site_that_asks_less_is_found(large):
    name, registry = large
    patients, assessments = registry.tables["patients"], registry.tables["assessments"].copy()
    sizes = patients["site"].value_counts()
    lazy_site = sizes.index[1]
    members = set(patients.loc[patients["site"] == lazy_site, "patient_id"])
    rng = np.random.default_rng(7)
    hit = assessments["patient_id"].isin(members) & (rng.random(len(assessments)) < 0.5)
    for column in ("has_pain", "pain_nrs", "has_neuropathic_pain"):
        assessments.loc[hit, column] = pd.NA
    tables = registry.tables | {"assessments": assessments}
    result = nc.ascertainment(nc.Registry(tables, *[pd.DataFrame()] * 3, {"name": "one site asks less"}))
    # a share p asked elsewhere becomes p / 2 there: the odds ratio is (p/2 / (1 - p/2)) / (p / (1 - p))
    scenario = read_scenario(name)
    p = (1 - scenario.number("pain.not_asked_share")) * (1 - scenario.number("pain.never_asked_share"))
    truth = (p / 2 / (1 - p / 2)) / (p / (1 - p))
    found = row(result, measure="odds_ratio", group="site", level=lazy_site)
    widen = (found["conf_high"] / found["conf_low"]) ** 0.25  # from 1.96 to about 3 standard errors
    assert found["conf_low"] / widen < truth < found["conf_high"] * widen
    assert row(result, measure="between_site_variance_share")["p_value"] < 1e-6


def test_groups_drawn_by_chance_are_alike_and_pain_groups_of_the_null_are_too(large):
    _, registry = large
    rng = np.random.default_rng(3)
    patients = registry.tables["patients"].copy()
    patients["mog_status"] = rng.choice(["positive", "negative"], len(patients))
    patients.loc[patients["aqp4_status"] == "negative", "mog_status"] = "negative"  # else they are not eligible
    patients.loc[patients["aqp4_status"] != "positive", "mog_status"] = None
    random = nc.Registry(registry.tables | {"patients": patients}, *[pd.DataFrame()] * 3, {"name": "random"})
    gaps = nc.describe_cohort(random, by="mog_status").estimates.query("measure == 'standardised_difference'")
    signed = gaps[gaps["conf_low"] < 0]
    outside = (signed["conf_low"] > 0) | (signed["conf_high"] < 0)
    assert outside.sum() <= 3
    assert gaps["estimate"].abs().max() < 0.3


def test_bodily_pain_differs_between_pain_groups_of_the_review(large):
    name, registry = large
    result = nc.describe_cohort(registry, by="pain_group", reference="no_pain")
    gap = row(result, outcome="sf36_bp", measure="standardised_difference", level="neuropathic")
    assert gap["conf_high"] < (-0.8 if name == "review" else 0.3)
