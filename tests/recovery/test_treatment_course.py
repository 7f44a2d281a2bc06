"""Contrasts of arms and interrupted series recover the planted effect, and find none where there is none."""

from __future__ import annotations

from functools import cache

import pytest

import nmosd_cohort as nc
from nmosd_cohort.synthetic.trials import trial_truth
from nmosd_cohort.synthetic.truth import true_values
from tests.recovery.test_truth import covers, row

N, N_STARTERS = 1500, 2500
SHARES = """
name = "{name} with trials"
based_on = "{name}"
[trials]
scrambler_share = {{ value = 0.5, source = "test" }}
tens_share = {{ value = 0.4, source = "test" }}
"""
ARMS = {
    "scrambler": {"drug": "scrambler therapy", "comparator": "sham scrambler therapy", "at_days": 10},
    "tens": {"drug": "tens", "comparator": "sham tens", "at_days": 28},
}
TRIAL = {"window_days": 5, "kind": "any_time", "randomised": True}


@pytest.fixture(scope="module", params=["review", "null"])
def trials(request, tmp_path_factory):
    """Return the name of the scenario, and a registry of it whose patients mostly took part in a trial."""
    path = tmp_path_factory.mktemp("scenario") / "trials.toml"
    path.write_text(SHARES.format(name=request.param), "utf-8")
    return request.param, nc.simulate(path, n=N, seed=41)


@pytest.mark.parametrize("key", list(ARMS))
def test_the_contrast_is_the_planted_effect_though_both_arms_fall(trials, key):
    scenario, registry = trials
    truth, options = trial_truth(scenario, key), ARMS[key]
    day = options["at_days"]
    result = nc.treatment_contrast(registry, **options, **TRIAL)
    found = row(result, measure="difference_at_equal_baseline")
    assert found["role"] == "primary"
    assert covers(found, truth[f"nrs_{day}"]), (found["estimate"], truth)
    sham = row(result, measure="mean_change", level=options["comparator"])
    assert covers(sham, truth[f"fall_without_{day}"])
    assert sham["conf_high"] < 0, "scores that were chosen for their height fall without any treatment"
    active = row(result, measure="mean_change", level=options["drug"])
    assert active["conf_high"] < 0
    if scenario == "null":
        assert truth[f"nrs_{day}"] == 0
        assert not found["conf_high"] < 0
    else:
        assert found["conf_high"] < 0


def test_spasms_of_the_arms(trials):
    scenario, registry = trials
    truth = trial_truth(scenario, "scrambler")
    result = nc.treatment_contrast(registry, outcome="spasms_per_day", **ARMS["scrambler"], **TRIAL)
    assert covers(row(result, measure="difference_at_equal_baseline"), truth["spasms_10"])


def test_durability_is_that_of_the_effect(trials):
    scenario, registry = trials
    truth = trial_truth(scenario, "scrambler")
    days = (10, 30, 60)
    result = nc.change_after_start(registry, drug="scrambler therapy", at_days=10, window_days=5, durability_days=days)
    for day in days:
        found = row(result, measure="mean_change_at", level=f"day {day}")
        assert covers(found, truth[f"nrs_{day}"] + truth[f"fall_without_{day}"]), day


@cache
def registry(scenario):
    return nc.simulate(scenario, n=N_STARTERS, seed=43)


@pytest.mark.parametrize("scenario", ["review", "null"])
def test_the_lag_takes_the_selection_out_of_an_interrupted_series(scenario):
    effect = true_values(scenario)["tocilizumab_mean_effect_nrs"]["value"]
    result = nc.interrupted_series(registry(scenario))
    level = row(result, measure="level_change", term="")
    assert covers(level, effect), level["estimate"]
    assert covers(row(result, measure="projected_change"), effect)
    kept = row(result, measure="level_change", term="the 90 days before the start kept")
    assert kept["estimate"] < level["estimate"] - 0.3, "with the visits that chose the start the change is too large"


def test_a_cut_of_the_baseline_makes_a_change_that_the_expected_one_accounts_for():
    result = nc.change_after_start(registry("null"), baseline_cut=5, at_days=365)
    for term in ("baseline below 5", "baseline at least 5"):
        assert covers(row(result, measure="corrected_change", term=term), 0.0), term
    crude = row(result, measure="mean_change", term="baseline at least 5")
    assert crude["conf_high"] < 0


def test_a_score_that_the_drug_leaves_alone_is_not_changed_though_pain_chose_the_starters():
    # Tocilizumab lowers the NRS of the scenario; SF-36 bodily pain follows the pain that is felt without it
    result = nc.change_after_start(registry("review"), outcome="sf36_bp", baseline_cut=40, at_days=365)
    assert row(result, measure="mean_change", term="", outcome="sf36_bp")["conf_low"] > 0
    for term in ("", "baseline below 40", "baseline at least 40"):
        assert covers(row(result, measure="corrected_change", term=term), 0.0), term
    both = row(result, measure="corrected_change", term="")
    alone = nc.change_after_start(registry("review"), outcome="sf36_bp", chosen_by="sf36_bp", at_days=365)
    alone = row(alone, measure="corrected_change")
    assert alone["estimate"] < both["estimate"] - 1.5, "the line of SF-36 alone takes too much away"
