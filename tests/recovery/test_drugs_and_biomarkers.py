"""Treatment of depression, response to drugs and C5a by pain: the truth of the synthetic registry is found."""

from __future__ import annotations

import pytest

import nmosd_cohort as nc
from nmosd_cohort.synthetic.biomarkers import true_biomarker_values
from nmosd_cohort.synthetic.symptomatic_drugs import true_drug_values

N = 3000


@pytest.fixture(scope="module", params=["review", "null"])
def large(request):
    """Return a large registry with its truth."""
    truth = true_drug_values(request.param) | true_biomarker_values(request.param)
    return request.param, nc.simulate(request.param, n=N, seed=2026), truth


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


def test_depression_left_untreated(large):
    _, registry, truth = large
    result = nc.depression_treatment_gap(registry, depression="bdi_ii")
    for level in ("yes", "no"):
        found = row(result, outcome="antidepressant_for_depression", level=level)
        assert covers(found, truth["antidepressant_for_depression_depressed"]), found["estimate"]
    # Amitriptyline against pain, of at most 1.4 %, takes the rest.
    untreated = row(result, outcome="no_antidepressant", role="primary")
    assert covers(untreated, 1 - truth["antidepressant_for_depression_depressed"])
    # By Bayes: share with depression among those on a course against it.
    share = row(result, outcome="bdi_ii", level="yes")["estimate"]
    ill, well = (truth[f"antidepressant_for_depression_{name}"] for name in ("depressed", "others"))
    expected = share * ill / (share * ill + (1 - share) * well)
    found = row(result, outcome="depressed_on_antidepressant_for_depression", level="yes")
    assert covers(found, expected), (found["estimate"], expected)


def test_response_by_class_and_in_tonic_spasms(large):
    name, registry, truth = large
    result = nc.drug_use_and_response(registry)
    for drug_class in ("anticonvulsant", "antidepressant", "opioid", "nonopioid_analgesic", "muscle_relaxant"):
        found = row(result, outcome=f"response_{drug_class}", level="with_pain")
        assert covers(found, truth[f"response_{drug_class}"]), (drug_class, found["estimate"])
    assert covers(row(result, role="primary", outcome="response_anticonvulsant"), truth["response_anticonvulsant"])
    contrast = row(result, measure="risk_difference", outcome="response_antiepileptic")
    assert covers(contrast, truth["response_difference_sodium_channel_blocker"]), contrast["estimate"]
    odds = row(result, measure="unadjusted_odds_ratio")
    assert covers(odds, 1.0) if name == "null" else odds["conf_low"] > 1


def test_biomarkers_by_pain(large):
    name, registry, truth = large
    result = nc.biomarkers_and_pain(registry, scores=["hads_a"])
    for outcome, key in (("c5a_plasma", "c5a_ratio_pain"), ("il6_serum", "il6_ratio_pain")):
        adjusted = result.estimates[result.estimates["role"] != "sensitivity"]
        found = adjusted[
            (adjusted["outcome"] == outcome)
            & (adjusted["measure"] == "geometric_mean_ratio")
            & (adjusted["group"] == "with_pain")
        ].iloc[0]
        assert covers(found, truth[key]), (outcome, found["estimate"])
    # A centre with a coarser assay: more of IL-6 lies below a limit, and the means stay those of the model.
    assert row(result, outcome="il6_serum", measure="share_below_limit")["estimate"] > 0.08
    assert covers(row(result, outcome="il6_serum", measure="geometric_mean", level="no"), 4.0)
    anxiety = row(result, outcome="c5a_plasma", measure="spearman")
    assert covers(anxiety, 0.0) == (name == "null")
    by_type = row(result, outcome="c5a_plasma", measure="geometric_mean_ratio", reference="other_pain")
    assert covers(by_type, 1.0)


def test_incidence_counts_every_dated_case(large):
    _, registry, _ = large
    population = dict.fromkeys(range(1960, 2026), 10_000_000)
    result = nc.incidence_and_prevalence(registry, population=population, case_date="onset_date")
    eligible = result.flow[result.flow["step"] == "onset_date known"]["n"].item()
    total = row(result, outcome="incidence", role="primary")
    dated_before = eligible - result.flow["n"].iloc[-1]
    assert total["events"] + dated_before == eligible
    assert total["estimate"] == pytest.approx(total["events"] / (66 * 100))
