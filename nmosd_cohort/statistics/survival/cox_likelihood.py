"""The partial likelihood of Cox's model from counts: its value, derivatives, maximum, and each patient's score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_matrix

from nmosd_cohort.statistics.estimate import Counts, Floats
from nmosd_cohort.statistics.survival.survival_cells import SurvivalCells

Ties = Literal["efron", "breslow"]
TIES = ("efron", "breslow")
MAX_STEPS = 100
MAX_HALVINGS = 30
# Newton stops once the log-likelihood could rise by less than half of this.
SMALLEST_GAIN = 1e-12
# A last step that still moves the log hazard of some patient by this much runs along a flat likelihood.
RUNAWAY_STEP = 0.01


@dataclass(frozen=True, slots=True)
class Stratum:
    """The patients of one stratum, placed on its k distinct event times.

    Parameters
    ----------
    rows
        Shape (m,), their rows in the cells of the model.
    times
        Shape (k,), rising.
    design, counts, deaths
        Shapes (m, p), (m,), (m,): covariates, patients, and those of them with the event.
    first, last
        Shape (m,): the row is at risk at the event times first, ..., last - 1.
    totals
        Shape (k,), events at each event time.
    step_slot, step_share, step_weight
        One entry a term of the likelihood: its event time, the share of the tied events already taken out of
        the risk set (Efron; 0 with Breslow), and how many events it stands for.
    """

    rows: Counts
    times: Floats
    design: Floats
    counts: Floats
    deaths: Floats
    first: Counts
    last: Counts
    totals: Counts
    step_slot: Counts
    step_share: Floats
    step_weight: Floats

    def sums_at_risk(self, values: Floats) -> Floats:
        """Return the sums over those at risk at each event time, first axis of length k."""
        size = self.totals.size + 1
        sums = _suffix_sums(_sums_by(self.last, values, size))
        if self.first.any():
            sums = sums - _suffix_sums(_sums_by(self.first, values, size))
        return sums

    def sums_of_deaths(self, values: Floats) -> Floats:
        """Return the sums over rows with the event at each event time, first axis of length k."""
        died = self.deaths > 0
        return _sums_by(self.last[died] - 1, values[died], self.totals.size)

    def step_sums(self, values: Floats) -> Floats:
        """Return the sums over the terms of each event time, first axis of length k."""
        starts = np.searchsorted(self.step_slot, np.arange(self.totals.size))
        return np.asarray(np.add.reduceat(values, starts, axis=0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Moments:
    """One stratum at given coefficients, k event times, s terms.

    Parameters
    ----------
    value
        Log partial likelihood.
    relative
        Shape (m,), relative hazard of each row.
    scores
        Shape (k, p), contribution of each event time to the first derivatives.
    information
        Shape (k, p, p), and to the negative second derivatives.
    risk, dying
        Shape (k, p): summed relative hazard times covariates of those at risk, and of those with the event.
    sums
        Shape (s,), summed relative hazard of the risk set in each term.
    """

    value: float
    relative: Floats
    scores: Floats
    information: Floats
    risk: Floats
    dying: Floats
    sums: Floats


@dataclass(frozen=True, slots=True)
class Peak:
    """Coefficients where Newton's method stopped, log-likelihood, information, and its last step."""

    coefficients: Floats
    value: float
    information: Floats
    last_step: Floats


def place_on_event_times(cells: SurvivalCells, design: Floats, codes: Counts, ties: Ties) -> list[Stratum]:
    """Return the strata with events, each on its own event times; others say nothing.

    Examples
    --------
    >>> from nmosd_cohort.statistics.survival.survival_cells import survival_cells
    >>> cells = survival_cells([2, 5, 5], [0, 1, 1], [3, 2, 1])
    >>> stratum = place_on_event_times(cells, np.array([[0.0], [1.0], [0.0]]), np.zeros(3, dtype=np.int64), "efron")[0]
    >>> stratum.step_share.round(3).tolist(), stratum.last.tolist()
    ([0.0, 0.333, 0.667], [0, 1, 1])
    """
    strata = []
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        chosen = cells.rows(codes == code)
        if chosen.events:
            strata.append(_stratum(chosen, design[rows], rows, ties))
    return strata


def _stratum(cells: SurvivalCells, design: Floats, rows: Counts, ties: Ties) -> Stratum:
    died = cells.event > 0
    times = np.unique(cells.time[died])
    deaths = cells.counts * died
    last = np.searchsorted(times, cells.time, side="right")
    totals = np.zeros(times.size, dtype=np.int64)
    np.add.at(totals, last[died] - 1, deaths[died])
    slot = np.arange(times.size)
    share, weight = np.zeros(times.size), totals.astype(np.float64)
    if ties == "efron":
        slot = np.repeat(slot, totals)
        place = np.arange(slot.size) - np.repeat(np.cumsum(totals) - totals, totals)
        share, weight = place / totals[slot], np.ones(slot.size)
    return Stratum(
        rows,
        times,
        design,
        cells.counts.astype(np.float64),
        deaths.astype(np.float64),
        np.searchsorted(times, cells.entry, side="right"),
        last,
        totals,
        slot,
        share,
        weight,
    )


def log_likelihood(coefficients: Floats, strata: list[Stratum]) -> float:
    """Return the log partial likelihood, minus infinity where rounding leaves a risk set without hazard.

    Examples
    --------
    >>> from nmosd_cohort.statistics.survival.survival_cells import survival_cells
    >>> cells = survival_cells([2, 5], [1, 1], [1, 1])
    >>> strata = place_on_event_times(cells, np.zeros((2, 1)), np.zeros(2, dtype=np.int64), "efron")
    >>> round(log_likelihood(np.zeros(1), strata), 6)
    -0.693147
    """
    return float(sum(_value(coefficients, stratum)[0] for stratum in strata))


def _value(coefficients: Floats, stratum: Stratum) -> tuple[float, Floats, Floats]:
    """Return log-likelihood, relative hazards (the largest 1) and their sums in each term."""
    linear = stratum.design @ coefficients
    linear = linear - linear.max()
    relative = np.exp(linear)
    slot = stratum.step_slot
    sums = stratum.sums_at_risk(stratum.counts * relative)[slot]
    sums = sums - stratum.step_share * stratum.sums_of_deaths(stratum.deaths * relative)[slot]
    if (sums <= 0).any():
        return -np.inf, relative, sums
    return float(stratum.deaths @ linear - stratum.step_weight @ np.log(sums)), relative, sums


def moments(coefficients: Floats, stratum: Stratum) -> Moments:
    """Return log-likelihood, scores and information of one stratum, by event time.

    Examples
    --------
    >>> from nmosd_cohort.statistics.survival.survival_cells import survival_cells
    >>> cells = survival_cells([2, 5], [1, 1], [1, 1])
    >>> strata = place_on_event_times(cells, np.array([[1.0], [0.0]]), np.zeros(2, dtype=np.int64), "efron")
    >>> at_zero = moments(np.zeros(1), strata[0])
    >>> at_zero.scores.ravel().tolist(), at_zero.information.ravel().tolist()
    ([0.5, 0.0], [0.25, 0.0])
    """
    value, relative, sums = _value(coefficients, stratum)
    share, weight = stratum.step_share, stratum.step_weight
    at_risk, dying, design = stratum.counts * relative, stratum.deaths * relative, stratum.design
    risk_1 = stratum.sums_at_risk(at_risk[:, None] * design)
    dead_1 = stratum.sums_of_deaths(dying[:, None] * design)
    outer = design[:, :, None] * design[:, None, :]
    risk_2 = stratum.sums_at_risk(at_risk[:, None, None] * outer)
    dead_2 = stratum.sums_of_deaths(dying[:, None, None] * outer)
    whole, part = (stratum.step_sums(weight * share**power / sums) for power in (0, 1))
    squares = [stratum.step_sums(weight * share**power / sums**2)[:, None, None] for power in (0, 1, 2)]
    mixed = risk_1[:, :, None] * dead_1[:, None, :]
    scores = stratum.sums_of_deaths(stratum.deaths[:, None] * design)
    scores = scores - risk_1 * whole[:, None] + dead_1 * part[:, None]
    information = risk_2 * whole[:, None, None] - dead_2 * part[:, None, None]
    information -= risk_1[:, :, None] * risk_1[:, None, :] * squares[0]
    information += (mixed + mixed.transpose(0, 2, 1)) * squares[1]
    information -= dead_1[:, :, None] * dead_1[:, None, :] * squares[2]
    return Moments(value, relative, scores, information, risk_1, dead_1, sums)


def score_and_information(coefficients: Floats, strata: list[Stratum]) -> tuple[Floats, Floats]:
    """Return first derivatives and negative second derivatives of the log partial likelihood.

    Examples
    --------
    >>> from nmosd_cohort.statistics.survival.survival_cells import survival_cells
    >>> cells = survival_cells([2, 5], [1, 1], [1, 1])
    >>> strata = place_on_event_times(cells, np.array([[1.0], [0.0]]), np.zeros(2, dtype=np.int64), "efron")
    >>> score_and_information(np.zeros(1), strata)[0].tolist()
    [0.5]
    """
    every = [moments(coefficients, stratum) for stratum in strata]
    score = np.sum([part.scores.sum(axis=0) for part in every], axis=0)
    return score, np.sum([part.information.sum(axis=0) for part in every], axis=0)


def maximise(strata: list[Stratum], start: Floats, free: Counts) -> Peak:
    """Return the maximum over the free coefficients, the others held, by Newton's method with halved steps.

    The log partial likelihood is concave. Where it has no maximum the last step is still long.

    Examples
    --------
    >>> from nmosd_cohort.statistics.survival.survival_cells import survival_cells
    >>> cells = survival_cells([1, 2, 3], [1, 1, 1], [1, 1, 1])
    >>> strata = place_on_event_times(cells, np.array([[0.0], [1.0], [0.0]]), np.zeros(3, dtype=np.int64), "efron")
    >>> maximise(strata, np.zeros(1), np.array([0])).coefficients.round(6).tolist()
    [0.346574]
    """
    coefficients, value = start, log_likelihood(start, strata)
    step = np.zeros(start.size)
    part = np.ix_(free, free)
    for _ in range(MAX_STEPS):
        score, information = score_and_information(coefficients, strata)
        try:
            step[free] = np.linalg.solve(information[part], score[free])
        except np.linalg.LinAlgError:
            return Peak(coefficients, value, information, step)
        gain = float(score[free] @ step[free])
        coefficients, value = _halved_step(coefficients, value, step, strata)
        if gain < SMALLEST_GAIN:
            break
    return Peak(coefficients, value, score_and_information(coefficients, strata)[1], step)


def _halved_step(coefficients: Floats, value: float, step: Floats, strata: list[Stratum]) -> tuple[Floats, float]:
    for halving in range(MAX_HALVINGS):
        candidate = coefficients + step / 2**halving
        candidate_value = log_likelihood(candidate, strata)
        if candidate_value >= value - 1e-13 * abs(value):
            return candidate, candidate_value
    return coefficients, value


def patient_scores(coefficients: Floats, strata: list[Stratum], size: int) -> Floats:
    """Return the score of one patient of each row, shape (size, p); rows that say nothing have 0.

    The sum over patients is the first derivative of the log-likelihood. With Efron's ties a patient with a
    tied event counts as at risk for the share of the tied events that come first.

    Examples
    --------
    >>> from nmosd_cohort.statistics.survival.survival_cells import survival_cells
    >>> cells = survival_cells([2, 5], [1, 1], [1, 1])
    >>> strata = place_on_event_times(cells, np.array([[1.0], [0.0]]), np.zeros(2, dtype=np.int64), "efron")
    >>> patient_scores(np.zeros(1), strata, 2).ravel().tolist()
    [0.25, 0.25]
    """
    scores = np.zeros((size, coefficients.size))
    for stratum in strata:
        scores[stratum.rows] = _stratum_scores(coefficients, stratum)
    return scores


def _stratum_scores(coefficients: Floats, stratum: Stratum) -> Floats:
    now = moments(coefficients, stratum)
    weight, share = stratum.step_weight, stratum.step_share
    whole, part = (stratum.step_sums(weight * share**power / now.sums)[:, None] for power in (0, 1))
    squares = [stratum.step_sums(weight * share**power / now.sums**2)[:, None] for power in (0, 1, 2)]

    def passed(sums: Floats) -> Floats:
        total = np.concatenate((np.zeros((1, sums.shape[1])), np.cumsum(sums, axis=0)))
        return np.asarray(total[stratum.last] - total[stratum.first], dtype=np.float64)

    expected = stratum.design * passed(whole) - passed(now.risk * squares[0] - now.dying * squares[1])
    scores: Floats = -now.relative[:, None] * expected
    died = stratum.deaths > 0
    own, design = stratum.last[died] - 1, stratum.design[died]
    middle = (now.risk * whole - now.dying * part) / stratum.totals[:, None]
    spared = design * part[own] - (now.risk * squares[1] - now.dying * squares[2])[own]
    scores[died] += design - middle[own] + now.relative[died, None] * spared
    return scores


def _sums_by(index: Counts, values: Floats, size: int) -> Floats:
    """Return the sums of the rows with each index, first axis of length `size`."""
    chooser = csr_matrix((np.ones(index.size), (index, np.arange(index.size))), shape=(size, index.size))
    sums = chooser @ values.reshape(index.size, -1)
    return np.asarray(sums, dtype=np.float64).reshape(size, *values.shape[1:])


def _suffix_sums(sums: Floats) -> Floats:
    """Return for each index but the first the sum from it to the end."""
    return np.asarray(np.cumsum(sums[::-1], axis=0)[::-1][1:], dtype=np.float64)
