"""Predictors and overlap-free associations recover the truth of the generator; null finds no link of pain."""

from __future__ import annotations

import pytest

import nmosd_cohort as nc
from nmosd_cohort.instruments.edss import SYSTEMS, edss_from_systems
from nmosd_cohort.synthetic.truth_predictors import TRUTH_N, predictor_truth

N = 1500


@pytest.fixture(scope="module", params=["review", "null"])
def large(request):
    return request.param, nc.simulate(request.param, n=N, seed=42), predictor_truth(request.param)


def row(result, **wanted):
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def covers(found, truth):
    """Whether the truth, a draw of TRUTH_N patients, lies within 3.6 standard errors: 1 % over thirty comparisons."""
    widen = 3.6 / 1.96 * (1 + N / TRUTH_N) ** 0.5 - 1
    low = found["conf_low"] - widen * (found["estimate"] - found["conf_low"])
    high = found["conf_high"] + widen * (found["conf_high"] - found["estimate"])
    return low <= truth <= high


def test_odds_ratio_of_spinal_onset(large):
    name, registry, truth = large
    result = nc.predictors_of_neuropathic_pain(registry)
    crude = row(result, outcome="neuropathic", measure="crude_odds_ratio", term="spinal_onset")
    assert covers(crude, truth["odds_ratio_spinal_onset"])
    assert (truth["odds_ratio_spinal_onset"] > 1.15) == (name == "review")
    if name == "null":
        for term in ("spinal_onset", "attacks", "aqp4_positive"):
            assert covers(row(result, outcome="neuropathic", measure="crude_odds_ratio", term=term), 1.0)


def test_standardised_coefficients_and_explained_variance(large):
    name, registry, truth = large
    result = nc.predictors_of_quality_of_life(registry, n_resamples=100)
    for term in ("pain_nrs", "edss_bowel_bladder", "sexual_dysfunction", "edss_visual", "edss_pyramidal"):
        assert covers(row(result, measure="standardised_coefficient", term=term), truth[f"coefficient_{term}"]), term
    explained = row(result, measure="explained_variance")
    assert abs(explained["estimate"] - truth["explained_variance"]) < 3 * explained["std_error"]
    place = row(result, measure="rank_of_importance")
    assert (place["estimate"] == 1) == (name == "review")
    if name == "null":
        assert covers(row(result, role="primary"), 0.0)
        assert row(result, measure="probability_most_important")["estimate"] < 0.1


def test_correlations_with_and_without_overlap(large):
    name, registry, truth = large
    result = nc.pain_without_construct_overlap(registry, n_resamples=100)
    for outcome in ("bdi_ii", "bdi_ii_cognitive", "edss", "edss_without_sensory"):
        assert covers(row(result, outcome=outcome, measure="spearman"), truth[f"spearman_{outcome}"]), outcome
    change = truth["spearman_bdi_ii_cognitive"] - truth["spearman_bdi_ii"]
    assert covers(row(result, outcome="bdi_ii_cognitive", measure="spearman_part_difference"), change)
    if name == "null":
        primary = result.estimates[result.estimates["role"] == "primary"]
        assert len(primary) == 6
        assert all(covers(primary.iloc[at], 0.0) for at in range(len(primary)))


def test_functional_systems_give_each_edss():
    table = nc.simulate(n=400, seed=5).tables["assessments"]
    form = table[[f"edss_{name}" for name in (*SYSTEMS, "ambulation")]]
    found = edss_from_systems(form.rename(columns=lambda name: name.removeprefix("edss_")))
    known = found.notna()
    assert known.sum() > 1000
    assert (found[known] == table.loc[known, "edss"].astype(float)).all()
    assert (table["bdi_ii_cognitive"] <= table["bdi_ii"]).fillna(True).all()
    assert set(table.loc[known, "edss"].astype(float)) >= {0.0, 1.0, 1.5, 2.0, 3.5, 4.5, 5.0, 6.5, 8.0}
