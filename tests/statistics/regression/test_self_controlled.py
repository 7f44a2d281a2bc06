"""The self-controlled ratio against a Poisson model with patient intercepts in R, and by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nmosd_cohort.statistics.regression.self_controlled import self_controlled_rate_ratio

REFERENCE = Path(__file__).parents[2] / "reference"


def test_ratios_limits_and_numbers_are_those_of_r():
    rows = pd.read_csv(REFERENCE / "self_controlled_rows.csv")
    found = self_controlled_rate_ratio(rows["events"], rows["years"], rows["patient"], rows[["exposed", "late"]])
    for _, wanted in pd.read_csv(REFERENCE / "self_controlled.csv").iterrows():
        one = found[wanted["term"]]
        assert one.estimate == pytest.approx(wanted["ratio"], rel=1e-9)
        assert one.std_error == pytest.approx(wanted["std_error"] * wanted["ratio"], rel=1e-7)
        assert (one.conf_low, one.conf_high) == pytest.approx((wanted["low"], wanted["high"]), rel=1e-7)
        assert (one.n, one.events) == (wanted["patients"], wanted["events"])


def test_order_of_rows_and_patients_without_events_change_nothing():
    rows = pd.read_csv(REFERENCE / "self_controlled_rows.csv")
    mixed = rows.sample(frac=1, random_state=3).reset_index(drop=True)
    extra = pd.DataFrame({"patient": [900, 900], "exposed": [0, 1], "late": [0, 0], "years": [1, 1], "events": [0, 0]})
    more = pd.concat([mixed, extra], ignore_index=True)
    one, other = (
        self_controlled_rate_ratio(part["events"], part["years"], part["patient"], part[["exposed"]])["exposed"]
        for part in (rows, more)
    )
    assert one.estimate == pytest.approx(other.estimate, rel=1e-10)
    assert one.n == other.n


def test_one_patient_by_hand():
    # 3 events in 0.25 years, 2 in 0.75: (3 / 0.25) / (2 / 0.75) = 4.5; variance of the log is 1/3 + 1/2
    ratio = self_controlled_rate_ratio([3, 2], [0.25, 0.75], ["a", "a"], pd.DataFrame({"x": [1, 0]}))["x"]
    assert ratio.estimate == pytest.approx(4.5)
    assert ratio.std_error / ratio.estimate == pytest.approx(np.sqrt(1 / 3 + 1 / 2))


@pytest.mark.parametrize(
    ("events", "exposed", "reason"),
    [
        ([0, 0], [1, 0], "no events"),
        ([0, 2], [1, 0], "no event in exposed time"),
        ([2, 0], [1, 0], "no event in other time"),
        ([2, 1], [1, 1], "time on both sides"),
    ],
)
def test_what_cannot_be_told_says_why(events, exposed, reason):
    ratio = self_controlled_rate_ratio(events, [1, 1], [1, 1], pd.DataFrame({"x": exposed}))["x"]
    assert np.isnan(ratio.estimate)
    assert reason in ratio.method


def test_exposures_that_are_the_same_cannot_be_told_apart():
    both = pd.DataFrame({"x": [1, 0], "y": [1, 0]})
    found = self_controlled_rate_ratio([2, 1], [1, 1], [1, 1], both)
    assert all(np.isnan(one.estimate) for one in found.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 1], [1, 1], [1], pd.DataFrame({"x": [1, 0]})), "one entry a stretch"),
        (([1, 1], [1, 1], [1, 1], pd.DataFrame({"x": [1, np.nan]})), "must not be missing"),
        (([1, 1], [1, 0], [1, 1], pd.DataFrame({"x": [1, 0]})), "events but no time"),
    ],
)
def test_wrong_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        self_controlled_rate_ratio(*arguments)
