"""Shares weighted for assessment against R, the bootstrap, hand calculation and synthetic truth."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from nmosd_cohort.statistics.shares.weighted_share import WeightedShare, weighted_share
from tests.statistics.shares_reference import shares

FITTED = 1e-7  # numerical derivatives in R
# The cells of shares.R
CELLS = pd.DataFrame(
    {
        "severe": [0, 0, 0, 0, 1, 1, 1, 1],
        "decade": [0, 1, 2, 3] * 2,
        "everybody": [30, 28, 25, 17, 14, 22, 19, 21],
        "assessed": [12, 15, 14, 11, 10, 17, 16, 19],
        "events": [5, 7, 8, 6, 7, 13, 14, 17],
    }
)
COVARIATES = ["severe", "decade"]


def weighted(cells: pd.DataFrame, covariates: list[str] = COVARIATES, **options: float) -> WeightedShare:
    return weighted_share(cells["events"], cells["assessed"], cells["everybody"], cells[covariates], **options)


@pytest.mark.parametrize(("case", "cap"), [("free", None), ("capped", 1.5)])
def test_the_weighted_share_is_that_of_stacked_equations_in_r(case: str, cap: float | None):
    numbers = shares("weighted")[case]
    found = weighted(CELLS, weight_cap=cap)
    for term in ("estimate", "std_error", "conf_low", "conf_high"):
        assert getattr(found.share, term) == pytest.approx(numbers[term], rel=FITTED), term
    assert found.effective_n == pytest.approx(numbers["effective_n"], rel=FITTED)
    assert found.largest_weight == pytest.approx(numbers["largest_weight"], rel=FITTED)
    assert found.smallest_probability == pytest.approx(shares("weighted")["free"]["smallest_probability"], rel=FITTED)
    assert (found.n_assessed, found.n_all, found.share.n, found.share.events) == (114, 176, 114, 77)


def test_the_weighted_share_is_about_that_of_the_survey_package():
    # estWeights takes the error of the weights out by regression and has other degrees of freedom
    numbers, found = shares("weighted")["survey"], weighted(CELLS)
    assert found.share.estimate == pytest.approx(numbers["estimate"], rel=1e-9)
    assert found.share.std_error == pytest.approx(numbers["std_error"], rel=0.01)


def test_the_standard_error_is_that_of_the_bootstrap():
    # 400 draws of all patients: the SD has a relative error of 1 / sqrt(800) = 3.5 %; three of them
    groups = np.column_stack(
        [CELLS["events"], CELLS["assessed"] - CELLS["events"], CELLS["everybody"] - CELLS["assessed"]]
    )
    n, generator, estimates = int(groups.sum()), np.random.default_rng(7), []
    for draw in generator.multinomial(n, groups.ravel() / n, size=400):
        yes, no, unknown = draw.reshape(-1, 3).T
        estimates.append(weighted_share(yes, yes + no, yes + no + unknown, CELLS[COVARIATES]).share.estimate)
    assert np.std(estimates) == pytest.approx(weighted(CELLS).share.std_error, rel=0.106)


def test_with_one_covariate_of_two_values_it_is_the_standardised_share_by_hand():
    # Shares 0.4 of 20 and 0.9 of 40, weights 60 / 110 and 50 / 110. Variance: that of both shares and that of the
    # weights, (60 x 50 / 110^2) 0.5^2 / 110, times 110 / 108.
    found = weighted_share([8, 36], [20, 40], [60, 50], pd.DataFrame({"severe": [0, 1]}))
    first, second = 60 / 110, 50 / 110
    variance = first**2 * 0.24 / 20 + second**2 * 0.09 / 40 + first * second * 0.25 / 110
    assert found.share.estimate == pytest.approx(0.4 * first + 0.9 * second)
    assert found.share.std_error == pytest.approx(math.sqrt(variance * 110 / 108))
    assert (found.largest_weight, found.smallest_probability) == pytest.approx((3, 1 / 3))
    assert found.effective_n == pytest.approx(110**2 / (20 * 9 + 40 * 1.25**2))
    assert found.unweighted.estimate == pytest.approx(44 / 60)


def test_without_covariates_it_is_the_plain_share():
    found = weighted(CELLS, [])
    assert found.share.estimate == pytest.approx(77 / 114)
    assert found.share.std_error == pytest.approx(math.sqrt(77 / 114 * 37 / 114 / 114 * 176 / 175))
    assert found.effective_n == pytest.approx(114)


def test_the_tally_gives_what_the_patients_give():
    patients = CELLS[COVARIATES].loc[CELLS.index.repeat(CELLS["everybody"])]
    number = patients.groupby(level=0).cumcount()
    is_assessed = number < CELLS["assessed"].reindex(patients.index)
    has_event = number < CELLS["events"].reindex(patients.index)
    rows = weighted_share(has_event, is_assessed, np.ones(len(patients)), patients)
    tally = weighted(CELLS)
    for term in ("estimate", "std_error", "conf_low", "conf_high", "n", "events"):
        assert getattr(rows.share, term) == pytest.approx(getattr(tally.share, term), rel=1e-10)
    assert rows.effective_n == pytest.approx(tally.effective_n, rel=1e-10)
    assert rows.unweighted == tally.unweighted


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(8)), st.floats(0.1, 50), st.floats(-20, 20))
def test_order_of_rows_and_scale_of_covariates_do_not_matter(order: list[int], scale: float, shift: float):
    one, two = weighted(CELLS), weighted(CELLS.iloc[order].assign(decade=lambda cells: cells["decade"] * scale + shift))
    assert two.share.estimate == pytest.approx(one.share.estimate, rel=1e-8)
    assert two.share.std_error == pytest.approx(one.share.std_error, rel=1e-7)


def test_counting_the_others_mirrors_the_share():
    one, rest = weighted(CELLS), weighted(CELLS.assign(events=CELLS["assessed"] - CELLS["events"]))
    assert one.share.estimate == pytest.approx(1 - rest.share.estimate, abs=1e-10)
    assert one.share.conf_low == pytest.approx(1 - rest.share.conf_high, abs=1e-9)
    assert one.share.std_error == pytest.approx(rest.share.std_error, abs=1e-10)


def test_rows_without_patients_do_not_matter():
    empty = pd.DataFrame({"severe": [1], "decade": [40], "everybody": [0], "assessed": [0], "events": [0]})
    assert weighted(pd.concat([CELLS, empty])).share == weighted(CELLS).share


def test_the_weights_bring_back_the_truth_where_the_severe_are_asked_more():
    generator = np.random.default_rng(20)
    severity, woman = generator.normal(size=6000), generator.integers(0, 2, 6000)
    is_assessed = generator.random(6000) < expit(-0.3 + 1.2 * severity + 0.4 * woman)
    has_pain = generator.random(6000) < expit(-0.5 + 1.5 * severity)
    truth = has_pain.mean()
    found = weighted_share(
        has_pain & is_assessed, is_assessed, np.ones(6000), pd.DataFrame({"severity": severity, "woman": woman})
    )
    assert found.unweighted.conf_low > truth + 0.08
    assert abs(found.share.estimate - truth) < 2.5 * found.share.std_error
    assert found.share.conf_low < truth < found.share.conf_high
    assert found.effective_n < found.n_assessed


def test_a_lower_cap_moves_the_share_towards_the_plain_one():
    found = [weighted(CELLS, weight_cap=cap) for cap in (100, 2, 1.5, 1)]
    gaps = [abs(one.share.estimate - one.unweighted.estimate) for one in found]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] == pytest.approx(0)
    assert all(low.n_capped <= high.n_capped for low, high in pairwise(found))
    assert (found[0].n_capped, found[-1].n_capped, found[-1].largest_weight) == (0, 114, 1.0)
    assert found[1].share.method.startswith("inverse-probability weights, capped at 2; stacked sandwich error, t(")
    assert weighted(CELLS).share.method.startswith("inverse-probability weights, not capped; ")


def test_everybody_assessed_gives_the_plain_share():
    found = weighted(CELLS.assign(everybody=CELLS["assessed"]))
    assert found.share.estimate == found.unweighted.estimate == 77 / 114
    assert found.share.method == "everybody was assessed; Wilson"
    assert (found.effective_n, found.largest_weight, found.smallest_probability) == (114.0, 1.0, 1.0)


@pytest.mark.parametrize(("events", "share", "who"), [(0, 0.0, "nobody"), (None, 1.0, "everybody")])
def test_nobody_or_everybody_with_the_event_gives_no_limits(events: int | None, share: float, who: str):
    found = weighted(CELLS.assign(events=CELLS["assessed"] if events is None else events))
    assert found.share.estimate == share
    assert math.isnan(found.share.conf_low)
    assert found.share.method == f"limits not estimable: {who} assessed has the event"


SEVERE = pd.DataFrame({"severe": [0, 1]})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: weighted_share([1, 30], [2, 60], [1000, 100], SEVERE),
            "1000 patients have a modelled probability of being assessed below 0.01",
        ),
        (
            lambda: weighted_share([0, 30], [0, 60], [100, 100], SEVERE),
            "the logistic model of being assessed.*'severe' separates",
        ),
        (lambda: weighted_share([0, 0], [0, 0], [100, 100], SEVERE), "nobody was assessed"),
        (lambda: weighted_share([3, 9], [5, 8], [10, 10], SEVERE), "row 2 has 9 events, 8 patients assessed and 10"),
        (lambda: weighted_share([3, 3], [15, 8], [10, 10], SEVERE), "row 1 has 3 events, 15 patients assessed and 10"),
        (lambda: weighted_share([3], [5, 8], [10, 10], SEVERE), "events has 1 entries but the design 2 rows"),
        (lambda: weighted_share([3, 4], [5, 8], [10, 10], SEVERE, weight_cap=0.5), "weight_cap is 0.5"),
        (lambda: weighted_share([3, 4], [5, 8], [10, 10], SEVERE * 0), "'severe' has one value only"),
        (lambda: weighted_share([3, 4], [5, 8], [10, 10], SEVERE, conf_level=2), "conf_level is 2"),
    ],
)
def test_what_cannot_be_weighted_is_named(call: Callable[[], object], message: str):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_cap_that_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="weight_cap is 'ten'; it must be a number"):
        weighted(CELLS, weight_cap="ten")
