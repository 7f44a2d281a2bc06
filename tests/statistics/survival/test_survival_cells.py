"""Checks of times and the risk table that all survival functions share."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_cohort.statistics.survival.curves import asked_times, log_log_limits
from nmosd_cohort.statistics.survival.survival_cells import (
    fewest_at_risk,
    group_codes,
    occupied_codes,
    risk_table,
    row_groups,
    survival_cells,
)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1]), "time has 2 entries and event 1"),
        (([1, 2], [1, 2]), "event has 1 other values of 2; it must be 0 or 1"),
        (([1, 2], [1, 0.5]), "event has 1 other values"),
        (([1, -2], [1, 0]), "time: 1 of 2 are negative"),
        (([1, float("nan")], [1, 0]), "time has 1 missing"),
        (([1, 2], [1, 0], [0, 0]), "time has no patients"),
        (([], []), "time has no patients"),
        (([1, 2], [1, 0], [1]), "2 entries but 1 counts"),
        (([1, 2], [1, 0], None, [0]), "time has 2 entries and entry 1"),
        (([1, 2], [1, 0], None, [0, -1]), "entry: 1 of 2 are negative"),
        (([1, 2], [1, 0], None, [1, 0]), "entry: 1 of 2 are not before their time"),
        (([0.3, 2], [1, 0], None, [0.1 + 0.2, 0]), "entry: 1 of 2 are not before their time"),
    ],
)
def test_impossible_times_are_named(arguments: tuple, message: str):
    with pytest.raises(ValueError, match=message):
        survival_cells(*arguments)


def test_causes_are_whole_numbers():
    assert survival_cells([1, 2], [0, 3], causes=True).events == 1
    with pytest.raises(ValueError, match=r"event has 1 other values of 2; it must be 0 \(none\) or the number"):
        survival_cells([1, 2], [0, 1.5], causes=True)


def test_times_that_differ_by_rounding_only_are_tied():
    table = risk_table(survival_cells([0.1 + 0.2, 0.3, 0.3 + 1e-6], [1, 1, 1]))
    assert table.events.tolist() == [2, 1]


def test_a_patient_is_at_risk_after_entry_up_to_and_with_the_end():
    # entries 0, 2, 2, 4 and ends 2, 4, 5, 9: at 2 only the first; at 4 the second and third; at 5 third and fourth
    cells = survival_cells([2, 4, 5, 9], [1, 0, 1, 0], [5, 3, 4, 2], [0, 2, 2, 4])
    table = risk_table(cells)
    assert table.at_risk.tolist() == [5, 7, 6, 2]
    assert table.remaining.tolist() == [7, 6, 2, 0]
    assert fewest_at_risk(cells, np.array([1.0, 4.0, 8.0, 9.0])).tolist() == [5, 5, 2, 2]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(1, 5), st.integers(0, 1), st.integers(0, 3)), min_size=1, max_size=9
    )
)
def test_the_risk_table_counts_what_a_direct_count_finds(stretches: list[tuple[int, int, int, int]]):
    entry, length, event, counts = (np.array(column) for column in zip(*stretches, strict=True))
    if counts.sum() == 0:
        counts = counts + 1
    time = entry + length
    table = risk_table(survival_cells(time, event, counts, entry))
    for place, at in enumerate(table.times):
        assert table.at_risk[place] == counts[(entry < at) & (time >= at)].sum()
        assert table.remaining[place] == counts[(entry <= at) & (time > at)].sum()
        assert table.events[place] == counts[(time == at) & (event == 1)].sum()
        assert table.censored[place] == counts[(time == at) & (event == 0)].sum()


def test_groups_are_sorted_as_numbers_or_as_text():
    assert group_codes([10, 9, 10], 3)[1] == ("9", "10")
    cells = survival_cells([1, 2, 3], [1, 1, 1], [2, 0, 1])
    assert row_groups(["b", "z", "a"], [2, 0, 1], cells)[1] == ["a", "b"]
    assert occupied_codes(None, None, cells, name="strata").tolist() == [0, 0]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", "b"], "group has 2 entries but there are 3 rows"),
        (["a", None, "b"], "group has 1 missing entries of 3"),
        (["a", 1, "b"], "group mixes text and numbers"),
    ],
)
def test_impossible_groups_are_named(labels: list, message: str):
    with pytest.raises(ValueError, match=message):
        group_codes(np.array(labels, dtype=object), 3)


@pytest.mark.parametrize("times", [[], [-1, 2], [2, 1], [1, 1]])
def test_times_of_interest_must_rise(times: list[float]):
    with pytest.raises(ValueError, match="times must be one or more rising numbers"):
        asked_times(times, survival_cells([1], [1]))


def test_limits_at_the_edges_are_exact_binomial_ones():
    # nobody of 10 with the event: 0.025^(1/10) = 0.6915; all of 10: 1 - 0.6915; nobody at risk: nothing known
    low, high = log_log_limits(np.array([1.0, 0.0, 1.0]), np.zeros(3), np.array([10, 0, 0]), np.full(3, 10.0), 0.95)
    assert low.round(4).tolist() == [0.6915, 0.0, 0.0]
    assert high.round(4).tolist() == [1.0, 0.3085, 1.0]
