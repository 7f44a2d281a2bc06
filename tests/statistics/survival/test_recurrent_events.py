"""Events that come back against R, arithmetic and their own laws."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t

from nmosd_cohort.statistics.survival.cox import cox_regression
from nmosd_cohort.statistics.survival.recurrent_events import andersen_gill, mean_cumulative_count
from tests.statistics.survival_reference import EXACT, assert_same_frame, by_time, numbers, tally_of

# attack times of a patient, end of follow-up, identical patients
courses = st.lists(
    st.tuples(st.sets(st.integers(1, 7), max_size=3), st.integers(8, 12), st.integers(1, 3)), min_size=2, max_size=6
)


def stretches(patients: list[tuple[set[int], int, int]], *, by_rows: bool = False):
    """Return one row a stretch: start, stop, event, patient, treated and counts."""
    rows, label = [], 0
    for place, (attacks, end, counts) in enumerate(patients):
        for _ in range(counts if by_rows else 1):
            edges = [0, *sorted(attacks), end]
            for start, stop in itertools.pairwise(edges):
                rows.append((start, stop, int(stop < end), label, place % 2, 1 if by_rows else counts))
            label += 1
    return pd.DataFrame(rows, columns=["start", "stop", "event", "patient", "treated", "n"])


def test_the_mean_count_is_that_of_r():
    # R: survfit(Surv(start, time, event) ~ 1, id = id, robust = TRUE): cumhaz and std.chaz, times n / (n - 1)
    cells = tally_of("bladder")
    curve = mean_cumulative_count(cells["start"], cells["time"], cells["event"], cells["id"], cells["n"])
    curve = curve.set_index("time")
    expected, errors = by_time("mcc_estimate"), by_time("mcc_se")
    assert len(expected) == 51
    assert curve["estimate"][list(expected)].tolist() == pytest.approx(list(expected.values()), rel=EXACT)
    found = curve["std_error"][list(errors)] / math.sqrt(85 / 84)
    assert found.tolist() == pytest.approx(list(errors.values()), rel=EXACT)


def test_rate_ratios_are_those_of_r():
    # R: coxph(Surv(start, time, event) ~ x + z, cluster = id)
    cells = tally_of("bladder")
    ratios = andersen_gill(cells["start"], cells["time"], cells["event"], cells[["x", "z"]], cells["id"], cells["n"])
    for name, ratio in ratios.items():
        assert math.log(ratio.estimate) == pytest.approx(numbers("cox_bladder_coef")[name], rel=1e-9)
        error = ratio.std_error / ratio.estimate
        # R has no correction for few patients: two columns, 85 patients
        assert error * math.sqrt(83 / 85) == pytest.approx(numbers("cox_bladder_se")[name], rel=1e-9)
        assert ratio.p_value == pytest.approx(2 * t.sf(abs(math.log(ratio.estimate)) / error, 83), rel=1e-9)
        assert ratio.method.endswith("robust variance over 85 patients, t limits with 83 degrees of freedom")
        assert (ratio.n, ratio.events) == (85, 112)


@settings(max_examples=25, deadline=None)
@given(courses)
def test_with_complete_follow_up_the_mean_count_is_a_mean(patients: list[tuple[set[int], int, int]]):
    rows = stretches(patients, by_rows=True)
    row = mean_cumulative_count(rows["start"], rows["stop"], rows["event"], rows["patient"], times=[7]).iloc[0]
    attacks = rows.groupby("patient")["event"].sum().to_numpy()
    assert row["estimate"] == pytest.approx(attacks.mean())
    if attacks.std() > 0:
        error = attacks.std(ddof=1) / math.sqrt(attacks.size)
        reach = t.ppf(0.975, attacks.size - 1) * error / attacks.mean()
        assert row["std_error"] == pytest.approx(error)
        assert row["conf_low"] == pytest.approx(attacks.mean() * math.exp(-reach))
        assert row["conf_high"] == pytest.approx(attacks.mean() * math.exp(reach))


@settings(max_examples=30, deadline=None)
@given(courses)
def test_a_tally_gives_the_count_of_its_rows_in_any_order(patients: list[tuple[set[int], int, int]]):
    tally, rows = stretches(patients), stretches(patients, by_rows=True).sample(frac=1, random_state=2)
    by_tally = mean_cumulative_count(tally["start"], tally["stop"], tally["event"], tally["patient"], tally["n"])
    by_rows = mean_cumulative_count(rows["start"], rows["stop"], rows["event"], rows["patient"])
    assert_same_frame(by_tally, by_rows)
    in_days = mean_cumulative_count(
        tally["start"] * 30.4, tally["stop"] * 30.4, tally["event"], tally["patient"].map("p{}".format), tally["n"]
    )
    assert_same_frame(by_tally, in_days, but=("time",))


def test_a_tally_gives_the_rate_ratio_of_its_rows():
    patients = [({1, 4}, 9, 3), ({2}, 8, 2), ({3, 5, 7}, 10, 2), (set(), 9, 4), (set(), 12, 2), ({6}, 9, 3)]
    tally, rows = stretches(patients), stretches(patients, by_rows=True)
    one = andersen_gill(*_model(tally), tally["n"])["treated"]
    two = andersen_gill(*_model(rows))["treated"]
    for name in ("estimate", "std_error", "conf_low", "conf_high", "p_value"):
        assert getattr(one, name) == pytest.approx(getattr(two, name), rel=1e-9)
    assert (one.n, one.events, one.method) == (two.n, two.events, two.method)
    assert (one.n, one.events) == (16, 17)  # 2 x 3 + 1 x 2 + 3 x 2 + 1 x 3 events
    clustered = cox_regression(
        rows["stop"], rows["event"], rows[["treated"]], entry=rows["start"], cluster=rows["patient"], limits="robust"
    )["treated"]
    assert (clustered.conf_low, clustered.conf_high) == pytest.approx((two.conf_low, two.conf_high))


def test_few_patients_are_named_and_two_have_no_limits():
    rows = stretches([({1, 4}, 9, 1), ({2, 5}, 8, 1), ({3}, 9, 1), ({6}, 9, 1)])
    few = andersen_gill(*_model(rows))["treated"]
    assert few.method.endswith("with fewer than 40 patients they may cover less than 95%")
    assert few.conf_low < few.estimate < few.conf_high
    two = andersen_gill(*_model(rows[rows["patient"] < 2]))["treated"]
    assert two.estimate > 0
    assert math.isnan(two.conf_low)
    assert two.method.endswith("robust variance of 1 column needs 3 or more patients, there are 2")
    assert two.n == 2


def _model(rows: pd.DataFrame):
    return rows["start"], rows["stop"], rows["event"], rows[["treated"]], rows["patient"]


def test_a_mean_count_by_hand():
    # 4 patients, 2 events at 1; at 3 three at risk and 1 event: 0.5, then 0.5 + 1 / 3
    curve = mean_cumulative_count(
        [0, 1, 0, 1, 0, 0], [1, 3, 1, 2, 3, 3], [1, 1, 1, 0, 0, 0], [1, 1, 2, 2, 3, 4], times=[0.5, 1, 3, 4]
    )
    assert curve["estimate"].tolist() == pytest.approx([0, 0.5, 0.5 + 1 / 3, math.nan], nan_ok=True)
    assert curve["at_risk"].tolist() == [4, 4, 3, 0]
    assert curve["events"].tolist() == [0, 2, 1, 0]
    # influences at 3: (1/4)(1 or 0 - 1/2) + (1/3)(1 or 0 - 1/3) of those at risk there
    influence = [1 / 8 + 2 / 9, 1 / 8, -1 / 8 - 1 / 9, -1 / 8 - 1 / 9]
    assert curve["std_error"].iloc[2] == pytest.approx(math.sqrt(np.square(influence).sum() * 4 / 3))
    # before the first event: upper limit of a Poisson count of 0 over 4 patients
    assert (curve["conf_low"].iloc[0], curve["conf_high"].iloc[0]) == pytest.approx((0, -math.log(0.025) / 4))
    assert curve["method"].iloc[3] == "not estimable: after the last follow-up at 3"


def test_equal_courses_have_no_limits():
    curve = mean_cumulative_count([0, 2], [2, 5], [1, 0], ["a", "a"], [6, 6])
    assert curve["estimate"].tolist() == [1.0, 1.0]
    assert curve["method"].tolist() == ["limits not estimable: all patients had the same course"] * 2
    assert curve[["conf_low", "conf_high"]].isna().all(axis=None)


def test_a_time_with_nobody_at_risk_is_named():
    curve = mean_cumulative_count([0, 4], [2, 6], [1, 1], ["a", "b"], [3, 3], times=[1, 3, 6])
    assert curve["method"].iloc[0].endswith("; nobody at risk just after 2, no event counted there")
    no_events = mean_cumulative_count([0, 4], [2, 6], [0, 0], ["a", "b"], [3, 3], times=[1, 3])
    assert no_events["conf_high"].tolist() == pytest.approx([-math.log(0.025) / 3, math.inf])


def test_many_patients_are_taken_in_blocks(monkeypatch: pytest.MonkeyPatch):
    rows = stretches([({1, 4}, 9, 3), ({2}, 8, 2), ({3, 5, 7}, 10, 2), (set(), 9, 4)], by_rows=True)
    parts = rows["start"], rows["stop"], rows["event"], rows["patient"]
    whole = mean_cumulative_count(*parts)
    monkeypatch.setattr("nmosd_cohort.statistics.survival.recurrent_events.BLOCK_CELLS", 30)
    assert_same_frame(whole, mean_cumulative_count(*parts))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": [0, 1, 0]}, "patient: 1 stretches begin before the one before of that patient ends"),
        ({"counts": [2, 3, 1]}, "counts: 1 rows have another count than the row before of that patient"),
        ({"start": [0, 4, 0]}, "entry: 1 of 3 are not before their time"),
        ({"patient": [1, 1]}, "patient has 2 entries but there are 3 rows"),
        ({"event": [1, 2, 0]}, "event has 1 other values"),
    ],
)
def test_impossible_stretches_are_named(change: dict, message: str):
    given_ones = {"start": [0, 2, 0], "stop": [2, 4, 4], "event": [1, 0, 0], "patient": ["a", "a", "b"]}
    with pytest.raises(ValueError, match=message):
        mean_cumulative_count(**{**given_ones, **change})
