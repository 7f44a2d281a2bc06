"""Types, sites, worst symptom, first signs and the contrast with MS recover the truth; null finds nothing."""

from __future__ import annotations

import pytest

import nmosd_cohort as nc
from nmosd_cohort.synthetic.scenario import read_scenario
from nmosd_cohort.synthetic.truth_symptoms import TRUTH_N, symptom_truth

N = 2000
WITH_MS = """
based_on = "review"
[comparators]
ms_share = { value = 0.4, source = "assumption" }
"""
NO_DIFFERENCE = """
ms_pain_share = { value = 0.72, source = "assumption" }
ms_nrs_shares = { value = [0.10, 0.13, 0.14, 0.20, 0.20, 0.13, 0.06, 0.025, 0.01, 0.005], source = "assumption" }
ms_neuropathic_share_of_pain = { value = 0.65, source = "assumption" }
ms_pain_log_odds_per_10_years = { value = 0.0, source = "assumption" }
ms_pain_log_odds_female = { value = 0.0, source = "assumption" }
[treatment]
tocilizumab_nrs_effect = { value = 0.0, source = "assumption" }
[pain]
not_asked_log_odds_pain = { value = 0.0, source = "assumption" }
not_classified_share = { value = 0.0, source = "assumption" }
"""


@pytest.fixture(scope="module", params=["review", "null"])
def large(request):
    return request.param, nc.simulate(request.param, n=N, seed=31), symptom_truth(read_scenario(request.param))


def row(result, **wanted):
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def near(found, truth):
    """Whether the truth, a draw of TRUTH_N patients, lies within three standard errors of the difference."""
    widen = 3 / 1.96 * (1 + N / TRUTH_N) ** 0.5 - 1
    low = found["conf_low"] - widen * (found["estimate"] - found["conf_low"])
    high = found["conf_high"] + widen * (found["conf_high"] - found["estimate"])
    return low <= truth <= high


def assert_near(result, truth, **wanted):
    found = row(result, **wanted)
    assert near(found, truth), (wanted, found["estimate"], truth)


def test_types_and_qualities(large):
    _, registry, truth = large
    result = nc.pain_types(registry)
    for name in ("neuropathic", "tonic_spasm", "musculoskeletal", "headache", "spasticity", "trigeminal", "other"):
        assert_near(result, truth[f"pain_type_{name}"], outcome=f"pain_type_{name}", measure="proportion")
    assert_near(result, truth["pain_types_two_or_more"], outcome="pain_types_two_or_more", measure="proportion")
    for name in ("band_like", "burning", "electric", "itch", "cramping", "pressing"):
        outcome = f"pain_quality_{name}"
        assert_near(result, truth[outcome], outcome=outcome, measure="proportion", role="secondary")
        for kind in ("neuropathic", "tonic_spasm"):
            assert_near(result, truth[f"{outcome}_of_{kind}"], outcome=outcome, level=kind)


def test_the_types_feel_different_in_review_and_alike_in_null(large):
    scenario, registry, _ = large
    result = nc.pain_types(registry)
    of_neuropathic = row(result, outcome="pain_quality_cramping", level="neuropathic")
    of_spasm = row(result, outcome="pain_quality_cramping", level="tonic_spasm")
    is_apart = of_spasm["conf_low"] > of_neuropathic["conf_high"]
    assert is_apart == (scenario == "review")


def test_sites(large):
    _, registry, truth = large
    result = nc.pain_sites(registry)
    assert_near(result, truth["pain_sites_two_or_more"], role="primary")
    for site in ("head", "face", "arm", "trunk", "back", "leg"):
        assert_near(result, truth[f"pain_site_{site}"], outcome=f"pain_site_{site}", role="secondary")


def test_worst_symptom(large):
    scenario, registry, truth = large
    result = nc.pain_as_worst_symptom(registry)
    assert_near(result, truth["pain_worst_symptom"], role="primary")
    assert_near(result, truth["pain_worst_symptom_with_pain"], group="with_pain")
    mild, severe = (row(result, level=level) for level in ("NRS 1 to 3", "NRS 7 to 10"))
    assert near(mild, truth["pain_worst_symptom_NRS 1 to 3"])
    assert near(severe, truth["pain_worst_symptom_NRS 7 to 10"])
    assert (severe["conf_low"] > mild["conf_high"]) == (scenario == "review")


def test_first_signs(large):
    scenario, registry, truth = large
    result = nc.pain_as_first_sign(registry)
    assert_near(result, truth["attack_heralded_by_pain"], role="primary")
    assert_near(result, truth["ever_heralded_by_pain"], outcome="ever_heralded_by_pain")
    for name in ("myelitis", "optic_neuritis", "area_postrema", "brainstem", "cerebral"):
        share = truth[f"attack_heralded_by_pain_{name}"]
        assert_near(result, share, level=name, measure="attack_share")
    odds = result.estimates[result.estimates["measure"] == "clustered_odds_ratio"].set_index("level")
    if scenario == "review":
        # Odds of area postrema 0.12 / 0.88, of myelitis 0.62 / 0.38.
        assert odds.loc["area_postrema", "p_adjusted"] < 0.001
        assert near(odds.loc["area_postrema"], (0.12 / 0.88) / (0.62 / 0.38))
    else:
        assert (odds["p_adjusted"] > 0.01).all()
    effect = float(row(result, role="primary")["method"].split("design effect ")[1].split(",")[0])
    assert effect > 1.3  # attacks of a patient are alike: limits of independent attacks would be too narrow


def test_ms_against_nmosd(tmp_path):
    path = tmp_path / "with_ms.toml"
    path.write_text(WITH_MS, encoding="utf-8")
    truth = symptom_truth(read_scenario(path))
    result = nc.pain_and_diagnosis(nc.simulate(path, n=N, seed=32))
    assert_near(result, truth["ms_pain"], outcome="any", measure="proportion", level="ms")
    assert_near(result, truth["nmosd_pain"], outcome="any", measure="proportion", level="nmosd")
    assert_near(result, truth["pain_difference"], role="primary")
    standardised = truth["pain_difference_standardised"]
    assert_near(result, standardised, outcome="any", measure="standardised_risk_difference")
    assert_near(result, truth["ms_pain_standardised"], outcome="any", measure="standardised_share")
    superior = truth["nrs_superiority_with_pain"]
    assert_near(result, superior, measure="probability_superiority", term="with pain")
    assert_near(result, 0.41 * 0.45, outcome="neuropathic", measure="proportion", level="ms")
    assert_near(result, 0.41 * 0.75, outcome="chronic", measure="proportion", level="ms")


def test_no_difference_where_there_is_none(tmp_path):
    path = tmp_path / "no_difference.toml"
    path.write_text(WITH_MS + NO_DIFFERENCE, encoding="utf-8")
    result = nc.pain_and_diagnosis(nc.simulate(path, n=N, seed=33))
    for outcome in ("any", "neuropathic"):
        assert_near(result, 0.0, outcome=outcome, measure="risk_difference")
        assert_near(result, 0.0, outcome=outcome, measure="standardised_risk_difference")
    assert_near(result, 0.5, measure="probability_superiority", term="with pain")
