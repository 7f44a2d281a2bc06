"""The negative binomial model with errors clustered by patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nmosd_cohort.statistics import clustered_rate_ratios

REFERENCE = Path(__file__).parents[2] / "reference"


def test_it_agrees_with_r():
    rows = pd.read_csv(REFERENCE / "clustered_rates_rows.csv")
    wanted = pd.read_csv(REFERENCE / "clustered_rates.csv").set_index("name")["value"]
    found = clustered_rate_ratios(rows["events"], rows["years"], rows[["after"]], rows["patient"])["after"]
    assert np.log(found.estimate) == pytest.approx(wanted["log_ratio"], abs=1e-5)
    assert found.std_error / found.estimate == pytest.approx(wanted["error"], rel=1e-4)
    assert f"dispersion {wanted['dispersion']:.2f}" in found.method
    assert found.n == 14


def test_rows_without_time_are_left_out():
    rows = pd.read_csv(REFERENCE / "clustered_rates_rows.csv")
    more = pd.concat([rows, pd.DataFrame({"patient": [99], "after": [1], "events": [0], "years": [0.0]})])
    options = [
        clustered_rate_ratios(part["events"], part["years"], part[["after"]].reset_index(drop=True), part["patient"])
        for part in (rows, more)
    ]
    assert options[1]["after"].estimate == pytest.approx(options[0]["after"].estimate)
    assert options[1]["after"].n == 14


def test_few_patients_get_no_limits():
    found = clustered_rate_ratios([2, 1, 3, 0], [1] * 4, pd.DataFrame({"after": [0, 1, 0, 1]}), [1, 1, 2, 2])["after"]
    assert found.estimate == pytest.approx(0.2)
    assert np.isnan(found.conf_low)
    assert "fewer than 10 patients" in found.method


def test_labels_must_be_one_a_row():
    with pytest.raises(ValueError, match="3 labels of patients for 4 events"):
        clustered_rate_ratios([2, 1, 3, 0], [1] * 4, pd.DataFrame({"after": [0, 1, 0, 1]}), [1, 1, 2])
