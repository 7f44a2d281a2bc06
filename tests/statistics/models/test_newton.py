"""Newton's method and the search for profile-likelihood limits."""

import math

import numpy as np
import pytest

from nmosd_cohort.statistics.models.cumulative_link import CumulativeLikelihood, sort_by_level
from nmosd_cohort.statistics.models.newton import NoMaximumError, Point, climb
from nmosd_cohort.statistics.models.profile_likelihood import (
    HigherPeakError,
    check_peak,
    ratio_p_value,
    refit,
    solve_rising,
)


def likelihood_of(counts: list[int]) -> CumulativeLikelihood:
    return CumulativeLikelihood(sort_by_level(np.arange(len(counts)), np.zeros((len(counts), 0)), np.array(counts)))


class Slanted:
    """A log-likelihood that always rises, with derivatives that lie about it or not."""

    def __init__(self, score: float) -> None:
        self.score = score

    def at(self, parameters: np.ndarray) -> Point:
        """Return the height, the score that was asked for and an information of 1."""
        return Point(parameters, float(parameters[0]), np.array([self.score]), np.eye(1))

    def curvature(self, point: Point) -> np.ndarray:
        """Return curvature of the wrong sign."""
        return -point.information

    def stretch(self, direction: np.ndarray) -> float:
        """Return the length of the step."""
        return abs(float(direction[0]))


def test_steps_are_halved_until_thresholds_rise():
    # From thresholds -6 and 6 full steps would make them fall; the maximum is at the logits of 0.2 and 0.5.
    top = climb(likelihood_of([2, 3, 5]), np.array([-6.0, 6.0]), np.arange(2), smallest_gain=1e-20)
    assert top.parameters == pytest.approx([math.log(0.2 / 0.8), 0.0], abs=1e-9)


def test_held_parameters_stay_where_they_are():
    top = climb(likelihood_of([2, 3, 5]), np.array([-1.0, 1.0]), np.array([0]), smallest_gain=1e-20)
    assert top.parameters[1] == 1.0
    assert top.score[0] == pytest.approx(0, abs=1e-8)


def test_climbs_that_cannot_begin_or_end_say_so():
    with pytest.raises(NoMaximumError, match="likelihood is 0 where the climb begins"):
        climb(likelihood_of([2, 3, 5]), np.array([1.0, 0.0]), np.arange(2), smallest_gain=1e-20)
    with pytest.raises(NoMaximumError, match="did not converge in 200 steps"):
        climb(Slanted(1.0), np.zeros(1), np.arange(1), smallest_gain=1e-20)
    with pytest.raises(NoMaximumError, match="no step goes up"):
        climb(Slanted(-1.0), np.zeros(1), np.arange(1), smallest_gain=1e-20)


def test_a_gain_that_is_lost_in_rounding_ends_the_climb():
    assert climb(Slanted(-1e-5), np.zeros(1), np.arange(1), smallest_gain=1e-20).parameters[0] == 0


def test_roots_are_found_where_slopes_mislead():
    # A slope that is far too small throws Newton's step across the bracket.
    assert solve_rising(lambda x: (x**3, 0.01), 2.0, 3.0, 3.0, (0.0, math.inf)) == pytest.approx(2 ** (1 / 3))
    assert solve_rising(lambda x: (x**3, -1.0), -2.0, -9.0, 1.0, (-math.inf, 0.0)) == pytest.approx(-(2 ** (1 / 3)))


@pytest.mark.parametrize("side", [-1, 1])
def test_a_jump_over_the_target_gives_its_outer_end(side: int):
    found = solve_rising(lambda x: (3.0 * np.sign(x - side), 0.0), 2.0 * side, 4.0 * side, 1.0, (-math.inf, math.inf))
    assert found == pytest.approx(side, abs=1e-9)
    assert side * found >= 1


def test_a_target_that_is_never_met_is_refused():
    with pytest.raises(NoMaximumError, match="limit not found in 200 trials"):
        solve_rising(lambda _: (0.0, 0.0), 1.0, 0.0, 1.0, (0.0, math.inf))


def test_refits_above_the_maximum_are_not_passed_over():
    higher = Point(np.ones(1), -1.0, np.zeros(1), np.eye(1))
    with pytest.raises(HigherPeakError) as found:
        check_peak(-2.0, higher)
    assert found.value.point is higher
    assert ratio_p_value(-1.0 - 1e-9, higher) == 1


@pytest.mark.parametrize("information", [np.zeros((3, 3)), np.array([[1.0, 0, -5], [0, 1, 5], [-5, 5, 1]])])
def test_refits_find_the_same_point_where_the_information_misleads(information: np.ndarray):
    # The first has no solution, the second foretells thresholds that fall.
    design = np.tile([[0.0], [1.0]], (3, 1))
    cells = sort_by_level(np.repeat([0, 1, 2], 2), design, np.array([9, 4, 6, 6, 3, 8]))
    likelihood = CumulativeLikelihood(cells)
    state = likelihood.at(np.array([-1.0, 1.0, 0.5]))
    misled = Point(state.parameters, state.value, state.score, information)
    expected = refit(likelihood, state, 2, 1.5)
    assert refit(likelihood, misled, 2, 1.5).parameters == pytest.approx(expected.parameters, abs=1e-4)
    assert expected.parameters[2] == 1.5
