"""Firth's Cox model against R, arithmetic and its own laws."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nmosd_cohort.statistics.survival import firth_cox as firth_module
from nmosd_cohort.statistics.survival.cox import cox_regression
from nmosd_cohort.statistics.survival.cox_likelihood import place_on_event_times
from nmosd_cohort.statistics.survival.firth_cox import FirthCoxLikelihood, firth_cox
from nmosd_cohort.statistics.survival.survival_cells import survival_cells
from tests.statistics.survival_reference import numbers, tally_of

SEARCH = 1e-6  # R finds the maximum by optim with numerical derivatives
ONE_SIDED = {
    "time": [1, 2, 3, 4, 5, 6, 2, 3],
    "event": [1, 1, 0, 0, 1, 0, 1, 0],
    "design": pd.DataFrame({"x": [1, 1, 0, 0, 1, 0, 1, 0], "z": [3, 1, 2, 5, 4, 1, 2, 2]}),
    "counts": [2, 1, 3, 2, 1, 4, 1, 2],
}


@pytest.mark.parametrize("name", ["one_sided", "ovarian"])
def test_hazard_ratios_are_those_of_r(name: str):
    # R: coxph at fixed coefficients gives likelihood and information; their penalised sum maximised by optim
    if name == "one_sided":
        ratios = firth_cox(**ONE_SIDED)
    else:
        cells = tally_of(name)
        ratios = firth_cox(cells["time"], cells["event"], cells[["x"]], cells["n"])
    expected = numbers(f"firth_{name}")
    assert len(expected) == 4 * len(ratios)
    for column, ratio in ratios.items():
        assert math.log(ratio.estimate) == pytest.approx(expected[f"{column}_coef"], rel=SEARCH)
        assert ratio.conf_low == pytest.approx(expected[f"{column}_low"], rel=SEARCH)
        assert ratio.conf_high == pytest.approx(expected[f"{column}_high"], rel=SEARCH)
        assert ratio.p_value == pytest.approx(expected[f"{column}_p"], rel=SEARCH)


def test_it_is_finite_where_the_likelihood_is_monotone():
    with pytest.raises(ValueError, match=r"no finite hazard ratio for 'x'.*use firth_cox"):
        cox_regression(**ONE_SIDED)
    ratio = firth_cox(**ONE_SIDED)["x"]
    assert 1 < ratio.conf_low < ratio.estimate < ratio.conf_high < math.inf
    assert (ratio.n, ratio.events) == (16, 5)


def test_with_many_events_the_penalty_hardly_matters():
    cells = tally_of("lung")
    parts = cells["time"], cells["event"], cells[["x", "z"]], cells["n"]
    plain, shrunk = cox_regression(*parts), firth_cox(*parts)
    for name, ratio in plain.items():
        assert abs(math.log(shrunk[name].estimate / ratio.estimate)) < 0.05 * ratio.std_error / ratio.estimate
        assert shrunk[name].p_value == pytest.approx(ratio.p_value, rel=0.05)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.integers(0, 1), st.integers(0, 3), st.integers(1, 3)), min_size=5, max_size=9
    ),
    st.sampled_from(["efron", "breslow"]),
)
def test_the_score_is_the_slope_of_the_penalised_likelihood(tally: list[tuple[int, ...]], ties: str):
    time, event, x, counts = (np.array(column) for column in zip(*[*tally, (1, 1, 0, 2), (5, 0, 3, 2)], strict=True))
    design = np.column_stack((x, (np.arange(x.size) % 3) ** 2)).astype(float)
    cells = survival_cells(time, event, counts)
    strata = place_on_event_times(cells, design, np.zeros(x.size, dtype=np.int64), ties)
    point, step = np.array([0.4, -0.2]), 1e-5
    likelihood = FirthCoxLikelihood(strata)
    score = likelihood.at(point).score
    for at in range(2):
        up, down = point.copy(), point.copy()
        up[at] += step
        down[at] -= step
        slope = (likelihood.at(up).value - likelihood.at(down).value) / (2 * step)
        assert score[at] == pytest.approx(slope, abs=1e-5)


def test_a_tally_gives_the_model_of_its_rows_and_a_swap_turns_the_ratio():
    time, event, design, counts = ONE_SIDED.values()
    repeat = np.repeat(np.arange(8), counts)[::-1]
    by_rows = firth_cox(np.array(time)[repeat], np.array(event)[repeat], design.iloc[repeat])
    turned = firth_cox(time, event, design.assign(x=1 - design["x"]), counts)
    for name, ratio in firth_cox(**ONE_SIDED).items():
        for part in ("estimate", "std_error", "conf_low", "conf_high", "p_value"):
            assert getattr(by_rows[name], part) == pytest.approx(getattr(ratio, part), rel=1e-6)
    assert turned["x"].conf_low == pytest.approx(1 / firth_cox(**ONE_SIDED)["x"].conf_high, rel=1e-6)


def test_impossible_models_are_named():
    with pytest.raises(ValueError, match="none of the 2 patients has the event"):
        firth_cox([1, 2], [0, 0], pd.DataFrame({"x": [0, 1]}))


def test_a_search_that_does_not_end_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("nmosd_cohort.statistics.models.newton.MAX_STEPS", 1)
    with pytest.raises(ValueError, match="did not converge in 1 steps; leave out a column"):
        firth_cox(**ONE_SIDED)


def test_a_second_higher_maximum_would_be_named(monkeypatch: pytest.MonkeyPatch):
    def two_maxima(*parts: object, **options: float):
        return *highest_profiles(*parts, **options)[:2], True

    highest_profiles = firth_module.highest_profiles
    monkeypatch.setattr(firth_module, "highest_profiles", two_maxima)
    assert firth_cox(**ONE_SIDED)["x"].method.endswith("highest of several maxima of the likelihood")


def test_a_risk_set_lost_to_rounding_and_columns_without_information_have_no_likelihood():
    cells = survival_cells([1, 2, 9], [1, 1, 0], None, [0, 0, 5])
    everybody = np.zeros(3, dtype=np.int64)
    for column in ([[0.0], [1.0], [500.0]], [[0.0], [0.0], [0.0]]):
        strata = place_on_event_times(cells, np.array(column), everybody, "efron")
        assert FirthCoxLikelihood(strata).at(np.ones(1)) is None
