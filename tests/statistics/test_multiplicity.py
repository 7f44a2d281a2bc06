"""Adjusted p-values against R, scipy and their own laws."""

import math
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nmosd_cohort.statistics.multiplicity import adjust_family, benjamini_hochberg, holm

P_VALUES = [0.01, 0.04, 0.03, 0.005, 0.55, 0.02, 1, 0.0004, 0.03]
REFERENCE = pd.read_csv(Path(__file__).parents[1] / "reference" / "permutation.csv")


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


@pytest.mark.parametrize(("adjust", "name"), [(holm, "adjust_holm"), (benjamini_hochberg, "adjust_BH")])
def test_both_adjustments_are_those_of_r(adjust: Callable[[list[float]], np.ndarray], name: str):
    expected = REFERENCE.loc[REFERENCE["quantity"] == name, "value"]
    assert adjust(P_VALUES).tolist() == pytest.approx(expected.tolist(), rel=1e-12)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_the_false_discovery_rate_is_that_of_scipy_and_asks_less_than_holm(p_values: list[float]):
    adjusted = benjamini_hochberg(p_values)
    assert adjusted.tolist() == pytest.approx(stats.false_discovery_control(p_values).tolist(), abs=1e-12)
    assert (adjusted <= holm(p_values) + 1e-12).all()
    assert (adjusted >= np.array(p_values)).all()


def test_the_false_discovery_rate_leaves_out_what_was_not_tested():
    # 2 tested: 0.02 * 2 / 1 = 0.04 and 0.03 * 2 / 2 = 0.03, and no adjusted value exceeds the next
    adjusted = benjamini_hochberg([0.02, math.nan, 0.03])
    assert adjusted[[0, 2]].tolist() == pytest.approx([0.03, 0.03])
    assert math.isnan(adjusted[1])
    assert benjamini_hochberg([]).size == 0


@pytest.mark.parametrize(("method", "adjust"), [("holm", holm), ("benjamini_hochberg", benjamini_hochberg)])
def test_families_are_adjusted_apart(method: str, adjust: Callable[[list[float]], np.ndarray]):
    p_values = pd.Series([0.01, 0.02, math.nan, 0.04, 0.03], index=list("vwxyz"))
    adjusted = adjust_family(p_values, ["a", "b", "a", "a", "b"], method=method)
    assert adjusted["p_adjusted"].iloc[[0, 3]].tolist() == adjust([0.01, 0.04]).tolist()
    assert adjusted["p_adjusted"].iloc[[1, 4]].tolist() == adjust([0.02, 0.03]).tolist()
    assert math.isnan(adjusted.loc["x", "p_adjusted"])
    assert adjusted["family_size"].tolist() == [2, 2, 2, 2, 2]
    assert adjusted.index.tolist() == list("vwxyz")
    assert set(adjusted["method"]) == {method}


def test_no_hypotheses_make_an_empty_table():
    assert adjust_family([], []).shape == (0, 5)


@pytest.mark.parametrize(
    ("p_values", "families", "method", "message"),
    [
        ([0.1], ["a"], "bonferroni", "method is 'bonferroni'; it must be one of holm, benjamini_hochberg"),
        ([0.1, 0.2], ["a"], "holm", "families has 1 labels but p_values 2 entries"),
        ([0.1, 0.2], ["a", None], "holm", "families has 1 missing labels of 2"),
        (["small"], ["a"], "holm", "p_values must be numbers"),
    ],
)
def test_what_is_no_family_is_refused(p_values: list[Any], families: list[Any], method: str, message: str):
    with pytest.raises(ValueError, match=message):
        adjust_family(p_values, families, method=method)
