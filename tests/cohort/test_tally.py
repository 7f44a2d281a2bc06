"""The tally: counts by combination, the same from pandas and DuckDB, and additive over sites."""

from __future__ import annotations

import pandas as pd
import pytest

from nmosd_cohort.cohort.assessments import index_visits, visits
from nmosd_cohort.cohort.lesions import lesion_cells
from nmosd_cohort.cohort.pain_status import pain_status
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect, lazy, tally
from nmosd_cohort.cohort.treatment import attack_exposure, starters, timed_scores

BY = ["sex", "pain_group", "edss2"]


def test_a_missing_value_is_a_value_of_its_own():
    counts = tally(lazy(pd.DataFrame({"sex": ["female", None, "female", None]})), ["sex"])
    assert counts["n"].tolist() == [2, 2]
    assert counts["sex"].isna().tolist() == [False, True]


def test_an_unknown_column_is_named_with_those_that_exist():
    with pytest.raises(ValueError, match="no column seks; it has sex"):
        tally(lazy(pd.DataFrame({"sex": ["female"]})), ["seks"])


def frames(registry):
    """Every analysis frame of the package, with the columns that fix its order."""
    frame = visits(registry)
    started = starters(registry, eligible(select_patients(registry)), drug="tocilizumab")
    yield select_patients(registry), ["patient_id"]
    yield frame, ["patient_id", "assessment_day"]
    for time_frame in ("current", "chronic", "ever"):
        yield pain_status(registry, pain="tonic_spasm", time_frame=time_frame), ["patient_id"]
    yield (
        lesion_cells(registry, index_visits(frame, needs=["pain_nrs"], min_days_after_attack=30)),
        ["patient_id", "lesion_level", "lesion_segments"],
    )
    yield timed_scores(frame, started, outcome="pain_nrs"), ["patient_id", "days_since_start"]
    yield attack_exposure(registry, started, months=12), ["patient_id"]


def test_every_analysis_frame_is_identical_on_pandas_and_duckdb(review):
    for (one, order), (other, _) in zip(frames(review), frames(review.to_duckdb()), strict=True):
        pd.testing.assert_frame_equal(collect(one, order), collect(other, order))


def test_tallies_of_sites_add_up_to_the_tally_of_all(review):
    frame = visits(review)
    parts = tally(frame, ["site", *BY]).groupby(BY, dropna=False)["n"].sum().reset_index()
    whole = tally(frame, BY)
    assert parts.sort_values(BY)["n"].tolist() == whole.sort_values(BY)["n"].tolist()
    assert whole["n"].sum() == len(collect(frame, ["patient_id", "assessment_day"]))
