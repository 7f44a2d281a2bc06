"""Shares of attacks with limits that know the patients: by hand, from R, and as a law."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nmosd_cohort.statistics.shares.clustered_share import clustered_share

REFERENCE = pd.read_csv(Path(__file__).parents[1] / "reference" / "clustered_shares.csv").set_index(["case", "term"])
CASES = {
    "few": ([2, 0, 1, 3, 1], [3, 2, 1, 4, 1], None),
    "tally": ([2, 0, 1, 3], [3, 2, 1, 4], [5, 5, 5, 5]),
    "rare": ([0, 1, 0, 0, 2], [5, 6, 1, 2, 9], [20, 2, 30, 9, 1]),
}


@pytest.mark.parametrize("case", list(CASES))
def test_as_the_survey_package(case):
    found = clustered_share(*CASES[case])
    for term in ("estimate", "std_error", "conf_low", "conf_high"):
        assert getattr(found, term) == pytest.approx(REFERENCE.loc[(case, term), "value"], rel=1e-7)
    own = clustered_share(*CASES[case], weight="patient")
    assert own.estimate == pytest.approx(REFERENCE.loc[(case, "patient_estimate"), "value"], rel=1e-7)
    assert own.std_error == pytest.approx(REFERENCE.loc[(case, "patient_std_error"), "value"], rel=1e-7)


def test_by_hand():
    # 3 of 5; residuals 2 - 0.6 * 2 = 0.8, 1 - 0.6 * 2 = -0.2, 0 - 0.6 = -0.6: squares 0.64 + 0.04 + 0.36 = 1.04.
    # Variance 3 / 2 * 1.04 / 25 = 0.0624; binomial variance 0.6 * 0.4 / 5 = 0.048: design effect 1.3.
    found = clustered_share([2, 1, 0], [2, 2, 1])
    assert found.estimate == pytest.approx(0.6)
    assert found.std_error == pytest.approx(math.sqrt(0.0624))
    assert (found.n, found.events) == (3, 3)
    assert "5 units of 3 patients, design effect 1.30, few patients" in found.method


def test_a_tally_gives_the_answer_of_the_rows():
    rows = clustered_share([1, 1, 0, 2], [2, 2, 3, 2])
    cells = clustered_share([1, 0, 2, 0], [2, 3, 2, 0], [2, 1, 1, 7])
    assert cells == rows


def test_edges():
    nobody = clustered_share([0, 0], [3, 4], [5, 5])
    assert (nobody.estimate, nobody.conf_low) == (0.0, 0.0)
    # Wilson for 0 of 10 patients, z = 1.96: z^2 / (n + z^2) = 3.8415 / 13.8415.
    assert nobody.conf_high == pytest.approx(3.8415 / 13.8415, rel=1e-4)
    assert clustered_share([3, 4], [3, 4], [5, 5]).conf_high == 1.0
    one = clustered_share([1], [3])
    assert one.estimate == pytest.approx(1 / 3)
    assert math.isnan(one.conf_low)
    same = clustered_share([1, 2], [2, 4])
    assert "same share" in same.method
    assert clustered_share([0], [0]).n == 0
    with pytest.raises(ValueError, match="exceed"):
        clustered_share([3], [2])
    with pytest.raises(ValueError, match="unit, patient"):
        clustered_share([1], [2], weight="attack")


def test_limits_cover_the_truth_where_attacks_of_a_patient_are_alike():
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        own = rng.beta(1.2, 0.8, 60)
        units = 1 + rng.poisson(3, 60)
        found = clustered_share(rng.binomial(units, own), units)
        covered += found.conf_low <= 0.6 <= found.conf_high
    # 0.95 of 400 with four standard errors of 1.1 % below and the rest above.
    assert 0.905 <= covered / 400 <= 0.985
