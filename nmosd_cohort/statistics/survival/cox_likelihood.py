"""The partial likelihood of Cox's model from counts: its value, derivatives, and each patient's score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_matrix

from nmosd_cohort.statistics.estimate import Counts, Floats
from nmosd_cohort.statistics.models.newton import Point
from nmosd_cohort.statistics.survival.survival_cells import SurvivalCells

# Up to so many tied events each is a term of Efron's sum; of more, the last ones are, and the others are taken
# together by Gauss's rule in blocks that double in length.
MOST_TERMS, LAST_TERMS, NODES = 256, 32, 12

Ties = Literal["efron", "breslow"]


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
class CoxLikelihood:
    """The log partial likelihood of all strata; it is concave."""

    strata: list[Stratum]

    def at(self, parameters: Floats) -> Point | None:
        """Return the point at these coefficients, None where rounding leaves a risk set without hazard."""
        value = log_likelihood(parameters, self.strata)
        if value == -np.inf:
            return None
        return Point(parameters, value, *score_and_information(parameters, self.strata))

    def curvature(self, point: Point) -> Floats:
        """Return the negative second derivatives, here the information itself."""
        return point.information

    def stretch(self, direction: Floats) -> float:
        """Return the most that a step in this direction moves the log hazards of two patients apart."""
        return max(float(np.ptp(stratum.design @ direction)) for stratum in self.strata)


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
        terms = [efron_terms(int(total)) for total in totals]
        slot = np.repeat(slot, [part.size for part, _ in terms])
        share, weight = (np.concatenate(parts) for parts in zip(*terms, strict=True))
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


def efron_terms(events: int) -> tuple[Floats, Floats]:
    """Return the shares of tied events already taken out, and how many events each share stands for.

    Notes
    -----
    Efron's sum of f(l / d) over l = 0, ..., d - 1, with f the log, inverse or squared inverse of what is left of
    the risk set. No block is longer than its distance from the end, where f may be infinite; Gauss's rule for
    equally spaced points (Gram polynomials) then gives the sum over it to 13 digits.

    Examples
    --------
    >>> [part.tolist() for part in efron_terms(2)]
    [[0.0, 0.5], [1.0, 1.0]]
    >>> efron_terms(10**9)[0].size, round(float(efron_terms(10**9)[1].sum()), 3)
    (332, 1000000000.0)
    """
    if events <= MOST_TERMS:
        return np.arange(events) / events, np.ones(events)
    left, lengths = LAST_TERMS, []
    while left < events:
        lengths.append(min(left, events - left))
        left += lengths[-1]
    sizes = np.array(lengths, dtype=np.float64)[:, None]
    order = np.arange(1, NODES, dtype=np.float64)
    beside = order / 2 * np.sqrt(np.maximum(sizes**2 - order**2, 0.0) / (4 * order**2 - 1))
    recurrence = np.zeros((len(lengths), NODES, NODES))
    recurrence[:, np.arange(1, NODES), np.arange(NODES - 1)] = beside
    nodes, vectors = np.linalg.eigh(recurrence)
    ends = LAST_TERMS + np.concatenate(([0], np.cumsum(lengths[:-1])))
    left_over = ends[:, None] + (sizes + 1) / 2 + nodes
    remaining = np.concatenate((np.arange(1, LAST_TERMS + 1), left_over.ravel()))
    return 1 - remaining / events, np.concatenate((np.ones(LAST_TERMS), (sizes * vectors[:, 0] ** 2).ravel()))


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
