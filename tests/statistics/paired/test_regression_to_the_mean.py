"""Change without effect: by hand, against least squares, and with known truth in simulated registries."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_cohort.statistics.paired.change import mean_change, responders
from nmosd_cohort.statistics.paired.no_effect_responders import no_effect_responders
from nmosd_cohort.statistics.paired.regression_to_the_mean import regression_to_the_mean, sensitivity_curve

FIRST, SECOND = [0, 2, 2, 4, 4, 6, 6, 8, 3, 5], [1, 2, 3, 3, 4, 5, 6, 6, 4, 5]
BEFORE, AFTER = [6, 8, 7, 8], [4, 6, 6, 5]

pair_tallies = st.lists(
    st.tuples(st.integers(0, 10), st.integers(0, 10), st.integers(1, 6)), min_size=3, max_size=10
).filter(lambda tally: len({row[0] for row in tally}) > 1 and sum(row[2] for row in tally) >= 10)


def scores(rng: np.random.Generator, n: int):
    """Return two scores from 0 to 10 of each patient with the same mean and a correlation of about 0.7."""
    trait = rng.standard_normal((n, 1)) * math.sqrt(0.75)
    return np.clip(np.round(1.8 + 3.3 * (trait + 0.5 * rng.standard_normal((n, 2)))), 0, 10)


def high_scores(rng: np.random.Generator, n: int, threshold: float):
    """Return two scores of patients whose first one reached the threshold; nothing else happened to them."""
    pool = scores(rng, 40 * n)
    return pool[pool[:, 0] >= threshold][:n]


def test_the_expected_change_by_hand():
    # means 4 and 3.9, Sxx = 50, Sxy = 33, slope 0.66; at the mean baseline 7.25: 3.9 + 0.66 * 3.25 - 7.25
    answer = regression_to_the_mean(BEFORE, AFTER, first=FIRST, second=SECOND)
    assert answer.identifiable
    assert answer.reason == ""
    assert answer.n_pairs == 10
    assert answer.expected_change.estimate == pytest.approx(-1.205)
    assert answer.crude_change == mean_change(BEFORE, AFTER)
    assert answer.corrected_change.estimate == pytest.approx(-2.0 + 1.205)
    assert answer.off_selection_mean == pytest.approx(3.95)
    assert answer.correlation == pytest.approx(np.corrcoef(FIRST, SECOND)[0, 1])


def test_a_given_baseline_mean_replaces_that_of_the_treated():
    answer = regression_to_the_mean(BEFORE, AFTER, first=FIRST, second=SECOND, selected_mean=4.0)
    assert answer.expected_change.estimate == pytest.approx(3.9 - 4.0)
    assert answer.crude_change.estimate == -2.0


@settings(deadline=None)
@given(pair_tallies)
def test_the_expected_change_is_that_of_least_squares(tally: list[tuple[int, ...]]):
    first, second, counts = (list(column) for column in zip(*tally, strict=True))
    answer = regression_to_the_mean(BEFORE, AFTER, first=first, second=second, pair_counts=counts, n_resamples=100)
    if answer.identifiable:
        slope, intercept = np.polyfit(np.repeat(first, counts), np.repeat(second, counts), 1)
        assert answer.expected_change.estimate == pytest.approx(intercept + slope * 7.25 - 7.25, abs=1e-8)


def test_tallies_and_rows_agree_to_the_last_digit():
    by_row = {"first": np.repeat(FIRST, 2), "second": np.repeat(SECOND, 2)}
    by_cell = {"first": FIRST, "second": SECOND, "pair_counts": [2] * 10}
    rows = regression_to_the_mean(np.repeat(BEFORE, 3), np.repeat(AFTER, 3), **by_row)
    assert rows == regression_to_the_mean(BEFORE, AFTER, [3] * 4, **by_cell)
    share = no_effect_responders(np.repeat(BEFORE, 3), rule="abs2", **by_row)
    assert share == no_effect_responders(BEFORE[::-1], [3] * 4, rule="abs2", **by_cell)


def test_the_same_seed_gives_the_same_limits():
    one, two, other = (
        regression_to_the_mean(BEFORE, AFTER, first=FIRST, second=SECOND, seed=seed) for seed in (1, 1, 2)
    )
    assert one == two
    assert one.corrected_change.conf_low != other.corrected_change.conf_low


@pytest.mark.parametrize(
    ("before", "after", "first", "second", "reason"),
    [
        (BEFORE, AFTER, FIRST[:9], SECOND[:9], "repeats before start: 9; at least 10 patients are needed"),
        (BEFORE, AFTER, [], [], "repeats before start: 0; at least 10 patients are needed"),
        (BEFORE, AFTER, [4] * 12, [*SECOND, 1, 2], "the repeats before start do not vary"),
        (BEFORE, AFTER, FIRST, [4] * 10, "the repeats before start do not vary"),
        ([], [], FIRST, SECOND, "treated: 0; at least 2 patients are needed"),
        ([6], [4], FIRST, SECOND, "treated: 1; at least 2 patients are needed"),
    ],
)
def test_what_is_not_identifiable_says_why(
    before: list[float], after: list[float], first: list[float], second: list[float], reason: str
):
    answer = regression_to_the_mean(before, after, first=first, second=second)
    assert not answer.identifiable
    assert answer.reason == reason
    assert answer.expected_change.method == answer.corrected_change.method == f"not estimable: {reason}"
    assert math.isnan(answer.corrected_change.estimate)
    if len(before) > 1:
        assert answer.crude_change.estimate == -2.0
    assert math.isnan(answer.correlation) == (len(set(first)) < 2 or len(set(second)) < 2)
    assert math.isnan(answer.off_selection_mean) == (not first)


def test_treated_who_are_all_alike_have_no_limits_that_rest_on_them_alone():
    answer = regression_to_the_mean([6, 6], [6, 6], first=FIRST, second=FIRST)
    assert answer.expected_change.estimate == pytest.approx(0.0)
    assert math.isnan(answer.crude_change.conf_low)
    assert answer.identifiable


def test_corrected_change_covers_0_without_effect_and_crude_change_does_not():
    rng = np.random.default_rng(7)
    is_corrected_right, is_crude_right = [], []
    for seed in range(300):
        treated, pairs = high_scores(rng, 30, 4), scores(rng, 100)
        answer = regression_to_the_mean(
            treated[:, 0], treated[:, 1], first=pairs[:, 0], second=pairs[:, 1], seed=seed, n_resamples=300
        )
        corrected, crude = answer.corrected_change, answer.crude_change
        is_corrected_right.append(corrected.conf_low <= 0 <= corrected.conf_high)
        is_crude_right.append(crude.conf_low <= 0 <= crude.conf_high)
    assert 0.92 <= np.mean(is_corrected_right) <= 0.98
    assert np.mean(is_crude_right) < 0.5


def test_a_true_effect_is_recovered():
    rng = np.random.default_rng(8)
    treated, pairs = high_scores(rng, 4000, 5), scores(rng, 4000)
    answer = regression_to_the_mean(treated[:, 0], treated[:, 1] - 1, first=pairs[:, 0], second=pairs[:, 1])
    assert answer.corrected_change.estimate == pytest.approx(-1, abs=0.15)
    assert answer.crude_change.estimate < -1.8


def test_the_curve_by_hand():
    curve = sensitivity_curve([6, 9], [2, 1], population_mean=3, correlations=[0, 0.5, 1])
    assert curve["correlation"].tolist() == [0, 0.5, 1]
    assert curve["expected_change"].tolist() == [-4, -2, 0]


def test_the_curve_meets_the_estimate_where_both_scores_have_the_same_distribution():
    first, second = FIRST + SECOND, SECOND + FIRST
    answer = regression_to_the_mean(BEFORE, AFTER, first=first, second=second)
    curve = sensitivity_curve(BEFORE, population_mean=answer.off_selection_mean, correlations=[answer.correlation])
    assert curve["expected_change"][0] == pytest.approx(answer.expected_change.estimate)


@pytest.mark.parametrize(
    ("before", "mean", "correlation", "message"),
    [
        ([], 3, 0.5, "before is empty"),
        ([5], math.nan, 0.5, "population_mean is nan"),
        ([5], 3, 1.5, "1 lie outside -1 to 1"),
    ],
)
def test_a_curve_needs_baselines_a_mean_and_correlations(
    before: list[float], mean: float, correlation: float, message: str
):
    with pytest.raises(ValueError, match=message):
        sensitivity_curve(before, population_mean=mean, correlations=[correlation])


def test_responders_without_effect_by_hand():
    # at 4 half of 10 respond, at 8 two of 10; baselines 4, 8, 8, 8 and the 0 that nobody can judge
    share = no_effect_responders(
        [4, 8, 0],
        [1, 3, 5],
        first=[4, 4, 8, 8],
        second=[4, 2, 8, 5],
        pair_counts=[5, 5, 8, 2],
        rule="pct30",
    )
    assert share.estimate == pytest.approx((0.5 + 3 * 0.2) / 4)
    assert share.n == 4
    assert 0 <= share.conf_low < share.estimate < share.conf_high <= 1


def test_a_baseline_without_repeats_takes_the_nearest_and_the_lower_of_two():
    repeats = {"first": [4, 8], "second": [2, 8], "pair_counts": [10, 10], "rule": "pct30"}
    assert no_effect_responders([5], [3], **repeats).estimate == 1.0
    assert no_effect_responders([7], [3], **repeats).estimate == 0.0
    assert no_effect_responders([6], [3], **repeats).estimate == 1.0


def test_treated_like_the_repeats_have_the_crude_share_of_the_repeats():
    pairs = scores(np.random.default_rng(1), 200)
    found = responders(pairs[:, 0], pairs[:, 1], rule="abs2")
    share = no_effect_responders(pairs[:, 0], first=pairs[:, 0], second=pairs[:, 1], rule="abs2")
    assert share.estimate == pytest.approx(found.responders / found.evaluable)


def test_the_limits_cover_the_share_that_no_effect_gives():
    rng = np.random.default_rng(9)
    many = high_scores(rng, 20_000, 4)
    truth = responders(many[:, 0], many[:, 1], rule="pct30").responders / 20_000
    covered = []
    for seed in range(150):
        treated, pairs = high_scores(rng, 40, 4), scores(rng, 200)
        share = no_effect_responders(
            treated[:, 0], first=pairs[:, 0], second=pairs[:, 1], rule="pct30", seed=seed, n_resamples=300
        )
        covered.append(share.conf_low <= truth <= share.conf_high)
    assert 0.3 < truth < 0.45
    assert 0.89 <= np.mean(covered) <= 0.99


@pytest.mark.parametrize(
    ("before", "n_pairs", "reason"),
    [
        ([5, 6], 19, "not estimable: repeats: 19; at least 20 patients are needed"),
        ([0, 0], 40, "not estimable: no baseline that the rule can judge"),
        ([], 40, "not estimable: no baseline that the rule can judge"),
    ],
)
def test_a_share_that_cannot_be_had_says_why(before: list[float], n_pairs: int, reason: str):
    share = no_effect_responders(before, first=[5], second=[4], pair_counts=[n_pairs], rule="pct30")
    assert share.method == reason
    assert math.isnan(share.estimate)


def test_repeats_that_all_do_the_same_have_a_share_but_no_limits():
    share = no_effect_responders([5, 6], first=[5], second=[5], pair_counts=[30], rule="pct30")
    assert share.estimate == 0.0
    assert share.method == "limits not estimable: all resamples give the same value"


def test_too_few_resamples_are_refused():
    with pytest.raises(ValueError, match="n_resamples is 5; limits need at least 100"):
        regression_to_the_mean(BEFORE, AFTER, first=FIRST, second=SECOND, n_resamples=5)
    with pytest.raises(ValueError, match="n_resamples is 5; limits need at least 100"):
        no_effect_responders(BEFORE, first=FIRST, second=SECOND, rule="abs2", n_resamples=5)
