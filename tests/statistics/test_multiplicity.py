"""Holm's adjustment against R and its own laws."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_cohort.statistics.multiplicity import holm


def test_holm_is_that_of_r():
    # R 4.2.2: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_what_was_not_tested_is_not_counted():
    adjusted = holm([0.02, math.nan, 0.03])
    assert adjusted[[0, 2]].tolist() == pytest.approx([0.04, 0.04])
    assert math.isnan(adjusted[1])


def test_an_empty_family_and_one_without_tests():
    assert holm([]).size == 0
    assert np.isnan(holm([math.nan])).all()


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.randoms())
def test_order_does_not_matter_and_p_only_grows(p_values: list[float], random: Random):
    order = list(range(len(p_values)))
    random.shuffle(order)
    adjusted = holm(p_values)
    assert ((adjusted >= np.array(p_values)) & (adjusted <= 1)).all()
    assert holm([p_values[place] for place in order]).tolist() == adjusted[order].tolist()


@pytest.mark.parametrize(("p_values", "message"), [([1.2, 0.1], "1 lie outside"), ([[0.1]], "2 dimensions")])
def test_what_is_no_list_of_p_values_is_refused(p_values: list[float], message: str):
    with pytest.raises(ValueError, match=message):
        holm(p_values)
