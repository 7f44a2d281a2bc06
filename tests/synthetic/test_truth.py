"""True values of each scenario: what null makes zero, and what a cohort of another seed finds again."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from nmosd_cohort.synthetic.generate import simulate
from nmosd_cohort.synthetic.truth import true_values


def value(scenario: str, key: str):
    return true_values(scenario)[key]["value"]


def test_every_value_says_how_it_is_known():
    for entry in true_values("review").values():
        assert np.isfinite(entry["value"])
        assert entry["how"]


def test_null_has_no_association_and_no_effect():
    assert value("null", "spearman_pain_bdi") == 0
    assert value("null", "tocilizumab_mean_effect_nrs") == 0
    assert value("null", "tocilizumab_attack_rate_ratio") == 1
    for group in ("neuropathic", "other_pain", "no_pain"):
        assert value("null", f"depression_{group}") == pytest.approx(0.414, abs=0.01)
        assert value("null", f"sf36_bp_mean_{group}") == pytest.approx(value("null", "sf36_bp_mean"), abs=0.6)


def test_null_starters_fall_by_regression_to_the_mean_alone():
    expected = value("null", "tocilizumab_expected_change_without_effect_nrs")
    assert expected < -0.6
    assert value("null", "tocilizumab_crude_change_nrs") == expected
    assert (
        value("null", "tocilizumab_responders_pct30") == value("null", "tocilizumab_no_effect_responders_pct30") > 0.25
    )


def test_review_change_is_regression_to_the_mean_plus_the_effect():
    expected = value("review", "tocilizumab_expected_change_without_effect_nrs")
    crude = value("review", "tocilizumab_crude_change_nrs")
    assert crude - expected == pytest.approx(-1, abs=0.05)


def test_review_has_the_published_associations():
    assert value("review", "depression_with_pain") == pytest.approx(0.469, abs=0.02)
    assert value("review", "depression_without_pain") == pytest.approx(0.268, abs=0.02)
    assert value("review", "spearman_pain_bdi") == pytest.approx(0.3, abs=0.03)
    assert value("review", "nrs_test_retest_correlation") == pytest.approx(0.6, abs=0.02)
    assert value("review", "tonic_spasm_current_with_myelitis") > 0.26


def test_asking_depends_on_pain_so_the_assessed_have_more_of_it():
    assert 0.72 < value("review", "pain_current_assessed") < 0.74
    assert value("review", "chronic_assessed") < value("review", "pain_current_assessed")


def test_an_independent_cohort_finds_the_values_again():
    table = simulate("review", n=6000, seed=99).tables["assessments"]
    complete = table.dropna(subset=["has_pain", "bdi_ii"])
    last = complete.sort_values("assessment_date").groupby("patient_id").tail(1)
    # The last assessment may lie in an attack (6 %), which moves these little.
    assert last["has_pain"].mean() == pytest.approx(value("review", "pain_current_assessed"), abs=0.03)
    rho = spearmanr(last["pain_nrs"].astype(float), last["bdi_ii"].astype(float)).statistic
    assert rho == pytest.approx(value("review", "spearman_pain_bdi"), abs=0.05)
