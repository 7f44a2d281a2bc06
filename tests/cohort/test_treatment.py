"""Before and after: which scores make a pair, and which untreated repeats may stand for no effect."""

from __future__ import annotations

import pytest

from nmosd_cohort.cohort.assessments import visits
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect
from nmosd_cohort.cohort.treatment import paired_scores, starters, timed_scores, untreated_repeats
from tests.conftest import registry_of

START = "2020-01-01"


def frames(on_backend, dates, scores, start=START):
    registry = registry_of(
        patients={"patient_id": ["a"], "diagnosis": ["nmosd"]},
        assessments={"patient_id": ["a"] * len(dates), "assessment_date": dates, "pain_nrs": scores},
        treatments={"patient_id": ["a"], "drug": ["Tocilizumab"], "start_date": [start]},
    )
    registry = on_backend(registry)
    frame = visits(registry)
    return frame, starters(registry, eligible(select_patients(registry)), drug="tocilizumab")


def pair(on_backend, dates, scores):
    frame, started = frames(on_backend, dates, scores)
    timed = timed_scores(frame, started, outcome="pain_nrs")
    row = collect(paired_scores(timed, at_months=12, window_days=60), ["patient_id"]).iloc[0][["before", "after"]]
    return [None if missing else int(value) for value, missing in zip(row, row.isna(), strict=True)]


@pytest.mark.parametrize(
    ("dates", "scores", "expected"),
    [
        (["2019-11-01", "2019-12-20", "2020-12-31"], [8, 6, 2], [6, 2]),  # the last before, the nearest after
        (["2020-01-01", "2020-12-31"], [5, 3], [5, 3]),  # the day of the start is before
        (["2019-10-02", "2020-12-31"], [5, 3], [None, 3]),  # 91 days before the start is too early
        (["2019-12-20", "2021-03-02"], [5, 3], [5, None]),  # 61 days after the target is too late
        (["2019-12-20", "2020-12-21", "2021-01-10"], [5, 4, 3], [5, 4]),  # 10 days off either side: the earlier
    ],
)
def test_pairs(dates, scores, expected, on_backend):
    assert pair(on_backend, dates, scores) == expected


def repeats(on_backend, dates, scores, start=START):
    frame, started = frames(on_backend, dates, scores, start)
    rows = untreated_repeats(frame, started, outcome="pain_nrs", at_months=12, window_days=60)
    return collect(rows, ["patient_id"])[["first", "second"]].to_numpy(dtype=int).tolist()


def test_repeats_of_a_starter_lie_before_the_baseline_window(on_backend):
    dates = ["2018-01-01", "2019-01-05", "2019-12-20"]
    assert repeats(on_backend, dates, [4, 5, 9]) == [[4, 5]]
    assert repeats(on_backend, dates[1:], [5, 9]) == []


def test_a_start_of_unknown_date_allows_no_untreated_score(on_backend):
    assert repeats(on_backend, ["2018-01-01", "2019-01-05"], [4, 5], start=None) == []
