"""Attack rates around a start recover the truth of the synthetic registry, and show what selection alone does."""

from __future__ import annotations

import math

import pytest

import nmosd_cohort as nc
from nmosd_cohort.synthetic.truth_attacks import attack_truth


@pytest.fixture(scope="module", params=["review", "null"])
def answer(request):
    registry = nc.simulate(request.param, n=3000, seed=501)
    return request.param, nc.attacks_after_start(registry, drug="tocilizumab", comparator="rituximab")


def row(result, **wanted):
    rows = result.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def log_distance(found, truth):
    """Return how many standard errors of the log the estimate is off."""
    return abs(math.log(found["estimate"] / truth)) / (math.log(found["conf_high"] / found["conf_low"]) / (2 * 1.96))


def test_the_rates_and_their_ratio(answer):
    scenario, result = answer
    truth = attack_truth(scenario)
    for level in ("before", "after"):
        assert log_distance(row(result, measure="rate", level=level), truth[f"rate_{level}"]) < 3.5
    ratio = row(result, measure="rate_ratio", role="primary")
    assert log_distance(ratio, truth["rate_ratio"]) < 3
    assert log_distance(row(result, term="negative binomial model"), truth["rate_ratio"]) < 3


def test_without_an_effect_the_ratio_still_falls_and_less_so_over_a_longer_time_before():
    # What the checks warn of: patients start after attacks.
    assert attack_truth("null")["rate_ratio_by_selection"] < 0.9
    result = nc.attacks_after_start(nc.simulate("null", n=3000, seed=501), drug="tocilizumab")
    ratios = {months: row(result, term=f"{months} months before")["estimate"] for months in (6, 24)}
    assert ratios[6] < 1
    assert ratios[24] > ratios[6] * 0.95


def test_share_free_at_a_year(answer):
    scenario, result = answer
    found = row(result, measure="attack_free_survival", term="month 12", level="")
    assert abs(found["estimate"] - attack_truth(scenario)["attack_free_at_12_months"]) < 3.5 * found["std_error"]


def test_two_drugs_differ_only_where_one_works(answer):
    scenario, result = answer
    found = row(result, measure="hazard_ratio", term="adjusted for attack rate before and age")
    if scenario == "review":
        assert found["conf_high"] < 0.7
    else:
        assert 0.6 < found["estimate"] < 1.7
