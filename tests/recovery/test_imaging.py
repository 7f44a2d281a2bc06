"""Imaging questions recover the truth of the synthetic registry, and find nothing where there is nothing."""

from __future__ import annotations

import pytest

import nmosd_cohort as nc
from nmosd_cohort.synthetic.onset_scans import persistence_truth
from nmosd_cohort.synthetic.volumes import brain_truth

N = 3000
MEASURES = ("thalamus_ventral_posterior_volume", "hippocampus_volume", "putamen_volume", "amygdala_left_alff")


@pytest.fixture(scope="module", params=["review", "null"])
def large(request):
    return nc.simulate(request.param, n=N, seed=2026).to_duckdb(), request.param


def test_brain_measures(large):
    registry, scenario = large
    truth = brain_truth(scenario)
    answer = nc.brain_imaging_and_pain(registry, measures=MEASURES, adjust_for_site=True, n_draws=199)
    rows = answer.estimates
    rho = rows[(rows["measure"] == "partial_spearman") & (rows["term"] == "pain_nrs") & (rows["level"] == "all")]
    gap = rows[rows["measure"] == "adjusted_mean_difference"]
    assert len(rho) == len(gap) == 4
    for part, kind in ((rho, "rho"), (gap, "difference")):
        for row in part.itertuples():
            distance = abs(row.estimate - truth[f"{row.outcome}_{kind}"])
            assert distance < 3 * row.std_error, (row.outcome, kind, row.estimate)
    thalamus = rho.set_index("outcome").loc["thalamus_ventral_posterior_volume"]
    if scenario == "review":
        assert thalamus["p_adjusted"] <= 0.05
        assert thalamus["conf_high"] < -0.1
    else:
        assert thalamus["p_adjusted"] > 0.05


def test_persistent_lesions(large):
    registry, scenario = large
    truth = persistence_truth(scenario)
    rows = nc.persistent_lesions_and_pain(registry).estimates
    points = rows[rows["measure"] == "adjusted_mean_difference"].set_index("term")
    for level, true in truth.items():
        row = points.loc[f"persistent_{level}"]
        assert abs(row["estimate"] - true) < 3 * row["std_error"], (level, row["estimate"], true)
    if scenario == "review":
        # Lesions that healed leave no pain, so those at the attack tell less.
        beta = rows[rows["measure"] == "standardised_coefficient"].set_index("term")["estimate"]
        assert beta["persistent_thoracic"] > beta["at_onset_thoracic"] > 0
