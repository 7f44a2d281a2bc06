"""Regression to the mean where a related score chose the treated: by least squares, by simulation, and its refusals."""

import math
import re

import numpy as np
import pytest

from nmosd_cohort.statistics.paired.regression_to_the_mean import regression_to_the_mean
from nmosd_cohort.statistics.paired.related_score import regression_given_related_score


def chosen_by_pain(n, seed=1):
    """Return pain, score and later score of n patients without any effect; both scores share what passes that day."""
    rng = np.random.default_rng(seed)
    trait, day = rng.standard_normal((2, n))
    pain = 0.7 * trait + 0.5 * day + 0.5 * rng.standard_normal(n)
    score = 50 - 10 * (0.6 * trait + 0.3 * day + 0.7 * rng.standard_normal(n))
    later = 50 - 10 * (0.6 * trait + 0.76 * rng.standard_normal(n))
    return pain, score, later


def both(pain, score, later, is_treated):
    free = ~is_treated
    repeats = {"first": score[free], "first_related": pain[free], "second": later[free]}
    return regression_given_related_score(score[is_treated], pain[is_treated], later[is_treated], **repeats)


def test_no_effect_is_found_where_one_score_alone_finds_one():
    pain, score, later = chosen_by_pain(20_000)
    is_treated = pain > 1
    found = both(pain, score, later, is_treated)
    own = regression_to_the_mean(
        score[is_treated], later[is_treated], first=score[~is_treated], second=later[~is_treated], n_resamples=100
    )
    assert found.crude_change.conf_low > 0
    assert abs(found.corrected_change.estimate) < 3 * found.corrected_change.std_error
    assert own.corrected_change.conf_high < -1, "the line of the score alone takes too much away"


def test_the_line_is_least_squares_and_its_error_that_of_both_groups():
    pain, score, later = chosen_by_pain(60)
    is_treated = np.arange(60) < 20
    found = both(pain, score, later, is_treated)
    design = np.column_stack([np.ones(60), score, pain])
    free, treated = design[~is_treated], design[is_treated]
    line = np.linalg.lstsq(free, later[~is_treated], rcond=None)[0]
    rest = later[is_treated] - treated @ line
    assert found.corrected_change.estimate == pytest.approx(rest.mean())
    assert found.expected_change.estimate == pytest.approx((treated @ line - score[is_treated]).mean())
    bread = np.linalg.inv(free.T @ free)
    residual = later[~is_treated] - free @ line
    freed = residual / (1 - np.einsum("ij,jk,ik->i", free, bread, free))
    spread = bread @ (free.T * freed**2) @ free @ bread
    middle = treated.mean(axis=0)
    error = math.sqrt(rest.var(ddof=1) / 20 + middle @ spread @ middle)
    assert found.corrected_change.std_error == pytest.approx(error)
    assert "t(19)" in found.corrected_change.method
    assert (found.n_pairs, found.identifiable) == (40, True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"before": [5.0], "related": [1.0], "after": [4.0]}, "treated: 1"),
        ({name: [1.0, 2.0] for name in ("first", "first_related", "second")}, "with both scores: 2; at least 20"),
        ({"second": [3.0] * 24}, "do not vary"),
        ({"first_related": [2.0] * 24}, "no line of the repeats: .*one value"),
        ({"first": [], "first_related": [], "second": []}, "with both scores: 0"),
    ],
)
def test_what_it_cannot_tell_has_a_reason(change, reason):
    first = [float(i % 8) for i in range(24)]
    known = {
        "before": [5.0, 6.0], "related": [1.0, 2.0], "after": [4.0, 4.0],
        "first": first, "first_related": [float(i % 5) for i in range(24)], "second": first[::-1],
    } | change  # fmt: skip
    found = regression_given_related_score(**known)
    assert not found.identifiable
    assert math.isnan(found.corrected_change.estimate)
    assert re.search(reason, found.reason)


def test_scores_that_are_not_paired_are_refused():
    with pytest.raises(ValueError, match="before has 2, related has 1"):
        regression_given_related_score([1, 2], [1], [1, 2], first=[], first_related=[], second=[])
