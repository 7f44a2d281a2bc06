"""Rank of relative importance: order by the shares, probability by the resamples, errors."""

import numpy as np
import pandas as pd
import pytest

import nmosd_cohort as nc

RNG = np.random.default_rng(4)
DESIGN = pd.DataFrame(RNG.normal(size=(80, 3)), columns=["strong", "weak", "none"])
OUTCOME = 2 * DESIGN["strong"] + 0.5 * DESIGN["weak"] + RNG.normal(size=80)


def place(term, **options):
    return nc.statistics.importance_rank(OUTCOME, DESIGN, None, term, seed=1, n_resamples=100, **options)


def test_order_is_that_of_the_shares():
    shares = nc.statistics.relative_importance(OUTCOME, DESIGN, seed=1, n_resamples=100).set_index("term")["estimate"]
    order = shares.drop("total").sort_values(ascending=False).index.tolist()
    assert [place(term)["rank"].estimate for term in order] == [1, 2, 3]
    assert place("strong")["probability_first"].estimate == 1
    assert place("none")["probability_first"].estimate == 0


def test_terms_outside_the_ranking_stay_in_the_model():
    assert place("weak", among=["weak", "none"])["rank"].estimate == 1


def test_a_copy_of_a_term_ties_and_gets_the_worse_rank():
    twice = pd.DataFrame({"a": [0, 1, 0, 1.0], "b": [0, 0, 1, 1.0]})
    tied = nc.statistics.importance_rank([0, 1, 1, 2], twice, [9] * 4, "a", seed=1, n_resamples=100)
    assert tied["rank"].estimate == 2


def test_few_patients_give_no_limits():
    few = pd.DataFrame({"a": [0.0, 0.0, 0.0, 0.0, 1.0], "b": [1.0, 0.0, 0.0, 0.0, 0.0]})
    found = nc.statistics.importance_rank([1, 2, 3, 5, 9], few, None, "a", seed=1, n_resamples=100)
    assert np.isnan(found["rank"].estimate)
    assert "have no value" in found["rank"].method


def test_unknown_term():
    with pytest.raises(ValueError, match="terms of the model are strong, weak, none"):
        place("pain")
