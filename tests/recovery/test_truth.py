"""The questions recover the truth of the synthetic registry, and find nothing where there is nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.synthetic.truth import true_values

N = 6000


@pytest.fixture(scope="module", params=["review", "null"])
def large(request):
    """Return a registry so large that an estimate off its truth is a fault, not chance; and its truth."""
    truth = {key: entry["value"] for key, entry in true_values(request.param).items()}
    return nc.simulate(request.param, n=N, seed=2024).to_duckdb(), truth


def row(result, **wanted):
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def covers(found, truth, *, errors=3.0):
    """Whether the truth lies within 1.5 times the 95 % limits, that is about three standard errors."""
    widen = errors / 1.96 - 1
    low = found["conf_low"] - widen * (found["estimate"] - found["conf_low"])
    high = found["conf_high"] + widen * (found["conf_high"] - found["estimate"])
    return low <= truth <= high


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"pain": "any"}, "pain_current_assessed"),
        ({"pain": "neuropathic"}, "neuropathic_current_assessed"),
        ({"pain": "tonic_spasm"}, "tonic_spasm_current_assessed"),
    ],
)
def test_prevalence(large, options, key):
    registry, truth = large
    found = row(nc.pain_prevalence(registry, **options), role="primary")
    assert covers(found, truth[key]), (found["estimate"], truth[key])


def test_bounds_hold_the_prevalence_among_all_whatever_the_asking_depended_on(large):
    registry, truth = large
    found = row(nc.pain_prevalence(registry, denominator="all_diagnosed"), measure="bounds_if_never_asked")
    assert found["conf_low"] - 0.02 <= truth["pain_current"] <= found["conf_high"] + 0.02


def test_weighting_for_who_was_asked_comes_near_the_prevalence_among_all(large):
    registry, truth = large
    result = nc.pain_prevalence(registry)
    assert covers(row(result, term="weighted for who was asked"), truth["pain_current"], errors=4.0)
    limits = row(result, measure="limits_if_never_asked")
    assert limits["conf_low"] <= truth["pain_current"] <= limits["conf_high"]


def test_odds_ratios_of_disability_are_those_of_the_model(large):
    registry, truth = large
    result = nc.neuropathic_pain_and_disability(registry)
    for level in ("neuropathic", "other_pain"):
        found = row(result, measure="odds_ratio", level=level)
        assert covers(found, truth[f"edss_odds_ratio_{level}"]), (level, found["estimate"])


def test_standardised_probabilities_of_disability(large):
    registry, truth = large
    result = nc.neuropathic_pain_and_disability(registry)
    at_least = {}
    for milestone in (4, 6):
        measure = f"probability_edss_at_least_{milestone}"
        at_least[milestone] = row(result, measure=measure, level="neuropathic")["estimate"]
        # standardised to all patients, so near the crude share where covariates are balanced
        assert abs(at_least[milestone] - truth[f"{measure}_neuropathic"]) < 0.04, milestone
    assert at_least[6] < at_least[4] - 0.1


def test_medians_and_superiority_of_disability(large):
    registry, truth = large
    result = nc.neuropathic_pain_and_disability(registry)
    medians = result.estimates[result.estimates["measure"] == "median"].set_index("level")["estimate"]
    assert medians["neuropathic"] == truth["edss_median_neuropathic"]
    found = row(result, measure="probability_superiority", level="neuropathic", reference="no_pain")
    assert covers(found, truth["edss_probability_superiority_neuropathic_vs_no_pain"])


def test_quality_of_life_means(large):
    registry, truth = large
    result = nc.neuropathic_pain_and_quality_of_life(registry)
    for scale in ("pf", "bp", "mh"):
        found = row(result, outcome=f"sf36_{scale}", measure="mean", level="neuropathic")
        assert covers(found, truth[f"sf36_{scale}_mean_neuropathic"]), scale


def test_lesion_level(large):
    registry, truth = large
    found = row(nc.lesion_level_and_pain(registry), measure="probability_superiority")
    assert covers(found, truth["nrs_probability_superiority_thoracic_only_vs_cervical_only"])


def test_pain_and_depression(large):
    registry, truth = large
    result = nc.pain_and_depression(registry, depression="bdi_ii")
    assert covers(row(result, measure="spearman", level="all"), truth["spearman_pain_bdi"])
    for level, key in (("yes", "depression_with_pain"), ("no", "depression_without_pain")):
        found = row(result, outcome="bdi_ii", measure="proportion", group="with_pain", level=level)
        assert covers(found, truth[key]), key


def test_crude_change_mixes_the_drug_with_regression_to_the_mean_and_the_corrected_one_does_not(large):
    registry, truth = large
    result = nc.change_after_start(registry)
    expected = row(result, measure="expected_change_without_effect")
    corrected = row(result, measure="corrected_change")
    assert covers(expected, truth["tocilizumab_expected_change_without_effect_nrs"])
    assert covers(corrected, truth["tocilizumab_mean_effect_nrs"])
    crude = row(result, measure="mean_change")
    modelled = row(result, measure="modelled_change", level="month 12")
    assert modelled["n"] >= crude["n"]
    assert covers(modelled, crude["estimate"]), "both describe the change of starters, the model of all of them"
    assert crude["conf_high"] < truth["tocilizumab_mean_effect_nrs"], "the crude change must show the selection"


def test_the_null_registry_shows_no_association():
    registry = nc.simulate("null", n=N, seed=2025).to_duckdb()
    assert covers(row(nc.pain_and_depression(registry), measure="partial_spearman"), 0.0)
    for reference in ("other_pain", "no_pain"):
        odds = row(nc.pain_and_depression(registry), measure="odds_ratio", level="neuropathic", reference=reference)
        assert covers(odds, 1.0)
    quality = nc.neuropathic_pain_and_quality_of_life(registry)
    for level in ("neuropathic", "other_pain"):
        vitality = row(quality, outcome="sf36_vt", measure="adjusted_mean_difference", level=level)
        assert covers(vitality, 0.0)


def test_groups_of_the_adjusted_comparisons_are_not_swapped():
    """Depression and vitality are set by hand: neuropathic 30 and 20, other pain 10 and 60, none 2 and 90."""
    registry = nc.simulate("null", n=600, seed=5)
    visits = registry.tables["assessments"].copy()
    group = visits["has_pain"].astype("Int64").fillna(0) + visits["has_neuropathic_pain"].astype("Int64").fillna(0)
    rng = np.random.default_rng(1)
    for column, values in (("bdi_ii", [2, 10, 30]), ("sf36_vt", [90, 60, 20])):
        exact = np.array(values)[group.clip(0, 2).to_numpy(dtype=int)] + rng.integers(-1, 8, len(visits))
        visits[column] = pd.Series(exact, index=visits.index).astype(visits[column].dtype)
    changed = replace(registry, tables={**registry.tables, "assessments": visits})
    quality = nc.neuropathic_pain_and_quality_of_life(changed)
    differences = {
        level: row(quality, outcome="sf36_vt", measure="adjusted_mean_difference", level=level)["estimate"]
        for level in ("neuropathic", "other_pain")
    }
    assert differences["neuropathic"] == pytest.approx(-70, abs=1)
    assert differences["other_pain"] == pytest.approx(-30, abs=1)
    depression = nc.pain_and_depression(changed, depression="bdi_ii")
    against = {
        reference: row(depression, measure="odds_ratio", level="neuropathic", reference=reference)["estimate"]
        for reference in ("other_pain", "no_pain")
    }
    assert against["no_pain"] > against["other_pain"] > 20
