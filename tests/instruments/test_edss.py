"""EDSS from functional systems: published definitions of the steps, and examples of two public calculators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from nmosd_cohort.instruments.edss import SYSTEMS, edss_from_systems

ORDER = (*SYSTEMS, "ambulation")  # visual, brainstem, pyramidal, cerebellar, sensory, bowel and bladder, cerebral


def edss(*grades, without=()):
    return edss_from_systems(pd.DataFrame([grades], columns=list(ORDER)), without=without).iloc[0]


@pytest.mark.parametrize(
    ("grades", "step"),
    [
        # Kurtzke 1983, steps defined by grades
        ((0, 0, 0, 0, 0, 0, 0, 0), 0.0),
        ((0, 0, 0, 0, 0, 0, 1, 0), 0.0),  # cerebral grade 1 is acceptable at 0
        ((0, 0, 1, 0, 0, 0, 0, 0), 1.0),
        ((0, 0, 1, 0, 1, 0, 1, 0), 1.5),
        ((0, 0, 2, 0, 1, 0, 0, 0), 2.0),
        ((0, 0, 2, 0, 2, 0, 0, 0), 2.5),
        ((0, 0, 3, 0, 1, 0, 0, 0), 3.0),
        ((0, 2, 2, 2, 2, 0, 0, 0), 3.0),
        ((0, 0, 3, 0, 2, 2, 0, 0), 3.5),
        ((0, 0, 3, 3, 1, 0, 0, 0), 3.5),
        ((0, 2, 2, 2, 2, 2, 0, 0), 3.5),
        ((0, 0, 4, 0, 1, 0, 0, 1), 4.0),
        # examples of a public calculator after the Neurostatus scoring table
        ((1, 2, 1, 3, 1, 4, 2, 1), 4.0),
        ((0, 0, 0, 3, 2, 0, 3, 1), 4.0),
        ((2, 3, 3, 3, 2, 2, 3, 1), 4.0),
        ((1, 1, 1, 1, 1, 1, 4, 1), 4.0),
        ((1, 4, 3, 3, 1, 1, 1, 1), 4.5),
        ((1, 4, 3, 1, 1, 1, 1, 1), 4.5),
        ((1, 3, 3, 3, 3, 1, 3, 1), 4.5),
        ((2, 2, 2, 2, 2, 2, 4, 1), 4.5),
        ((5, 1, 1, 1, 1, 1, 1, 2), 4.5),
        ((4, 3, 3, 3, 3, 1, 1, 2), 4.5),
        ((0, 0, 0, 0, 0, 0, 4, 2), 4.5),
        ((1, 4, 3, 3, 3, 1, 1, 2), 5.0),
        ((4, 3, 3, 3, 3, 3, 2, 2), 5.0),
        ((3, 4, 4, 3, 3, 3, 3, 2), 5.0),
        ((0, 0, 5, 0, 0, 0, 0, 2), 5.0),
        # walking alone, twelve scores
        ((0, 0, 0, 0, 0, 0, 0, 1), 2.0),
        ((1, 0, 1, 1, 1, 0, 1, 3), 5.0),
        ((1, 0, 1, 1, 1, 0, 1, 4), 5.5),
        ((1, 0, 1, 1, 1, 0, 1, 5), 6.0),
        ((3, 2, 1, 1, 2, 1, 3, 6), 6.5),
        ((1, 0, 1, 1, 0, 0, 1, 10), 8.5),
        ((0, 0, 6, 0, 6, 6, 0, 12), 9.5),
    ],
)
def test_steps(grades, step):
    assert edss(*grades) == step


def test_visual_and_bladder_grades_are_converted():
    # visual 6 counts as 4, bowel and bladder 6 as 5
    assert [edss(grade, 0, 0, 0, 0, 0, 0, 0) for grade in range(7)] == [0, 1, 2, 2, 3, 3, 4]
    assert [edss(0, 0, 0, 0, 0, grade, 0, 0) for grade in range(7)] == [0, 1, 2, 3, 3, 4, 5]


def test_without_the_sensory_system_walking_stays():
    assert edss(0, 0, 2, 0, 3, 0, 0, 0) == 3.5
    assert edss(0, 0, 2, 0, 3, 0, 0, 0, without=["sensory"]) == 2.0
    assert edss(0, 0, 2, 0, 3, 0, 0, 6, without=["sensory"]) == 6.5


def test_unknown_stays_unknown_unless_it_is_left_out():
    assert np.isnan(edss(0, 0, 2, 0, None, 0, 0, 0))
    assert np.isnan(edss(0, 0, 2, 0, 0, 0, 0, None))
    assert edss(0, 0, 2, 0, None, 0, 0, 0, without=["sensory"]) == 2.0


@pytest.mark.parametrize(
    ("grades", "words"),
    [((7, 0, 0, 0, 0, 0, 0, 0), "visual is 7"), ((0, 0, 0, 0, 0, 0, 0, 13), "ambulation is 13"),
     ((0, 0, 1.5, 0, 0, 0, 0, 0), "pyramidal is 1.5"), ((0, 0, 0, 0, 0, 0, -1, 0), "cerebral is -1")],
)  # fmt: skip
def test_grades_outside_the_form(grades, words):
    with pytest.raises(ValueError, match=words):
        edss(*grades)


def test_wrong_names():
    with pytest.raises(ValueError, match="without has motor"):
        edss(0, 0, 0, 0, 0, 0, 0, 0, without=["motor"])
    with pytest.raises(ValueError, match="no column ambulation"):
        edss_from_systems(pd.DataFrame([dict.fromkeys(SYSTEMS, 0)]))
