"""Effect sizes in the answers are what scipy and pingouin find in the rows of the answer's own tally."""

import numpy as np
import pytest
from pingouin import compute_effsize
from scipy import stats

import nmosd_cohort as nc


@pytest.fixture(scope="module")
def registry():
    return nc.simulate("review", n=300, seed=3)


def repeated(tally, value):
    return tally[value].to_numpy(dtype=float).repeat(tally["n"])


def one(result, **wanted):
    rows = result.estimates
    for column, content in wanted.items():
        rows = rows[rows[column] == content]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize(
    ("question", "group", "value"),
    [("neuropathic_pain_and_disability", "pain_group", "edss"), ("lesion_level_and_pain", "lesion_level", "pain_nrs")],
)
def test_rank_variance_between_groups(registry, question, group, value):
    result = getattr(nc, question)(registry)
    samples = [repeated(part, value) for _, part in result.tally[result.tally[group].notna()].groupby(group)]
    h, p_value = stats.kruskal(*samples)
    found, n, k = one(result, measure="rank_variance_share"), sum(map(len, samples)), len(samples)
    assert found["n"] == n
    assert found["p_value"] == pytest.approx(p_value, rel=1e-9)
    assert found["estimate"] == pytest.approx(max(0.0, (h - k + 1) / (n - k)), rel=1e-9)
    assert found["conf_low"] <= found["estimate"] <= found["conf_high"]


def test_hedges_g_of_a_scale(registry):
    result = nc.neuropathic_pain_and_quality_of_life(registry)
    tally = result.tally[result.tally["outcome"] == "sf36_mh"]
    x, y = (repeated(tally[tally["pain_group"] == level], "value") for level in ("neuropathic", "no_pain"))
    found = one(result, outcome="sf36_mh", measure="hedges_g", level="neuropathic", reference="no_pain")
    # pingouin takes the approximate correction 1 - 3 / (4 df - 1)
    assert found["estimate"] == pytest.approx(compute_effsize(x, y, eftype="hedges"), rel=1e-4)
    assert found["role"] == "comparison"


def test_kendall_beside_spearman(registry):
    result = nc.pain_and_depression(registry)
    tau = stats.kendalltau(repeated(result.tally, "pain_nrs"), repeated(result.tally, "depression"))
    found = one(result, measure="kendall_tau_b", level="all")
    assert found["estimate"] == pytest.approx(tau.statistic, rel=1e-12)
    assert found["p_value"] == pytest.approx(tau.pvalue, rel=1e-6)


def test_whether_higher_scores_change_more_is_corrected_for_error(registry):
    result = nc.change_after_start(nc.simulate("null", n=2000, seed=4))
    slope = one(result, measure="baseline_change_slope")
    # Nothing is done in the null registry: true scores do not move, observed ones regress
    assert slope["conf_low"] < 0 < slope["conf_high"]
    assert "Blomqvist slope at reliability" in slope["method"]
    assert np.isfinite(one(result, measure="baseline_change_correlation")["estimate"])
