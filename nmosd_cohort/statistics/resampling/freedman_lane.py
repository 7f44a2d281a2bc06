"""Adjusted effects of several exposures or on several outcomes, one permutation for all, error under control."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nmosd_cohort.statistics.columns import check_frame, numeric_column
from nmosd_cohort.statistics.estimate import Counts, Floats, check_conf_level, patient_counts
from nmosd_cohort.statistics.models.design import check_estimable, numeric_design, with_intercept
from nmosd_cohort.statistics.resampling.permutation import check_draws
from nmosd_cohort.statistics.resampling.seed import check_seed
from nmosd_cohort.statistics.rounding import SAME_WITHIN

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS_A_BLOCK = 2_000_000
OWN_SHARE = 1e-7  # an exposure with less than this share of its length left after the covariates is explained by them
TIE = 1 - 1e-9  # statistics that differ by rounding only are one


@dataclass(frozen=True, slots=True)
class _Test:
    """One outcome against the exposures that the same patients have: residuals and what the covariates leave."""

    rows: NDArray[np.intp]
    residuals: Floats
    basis: Floats  # orthonormal columns that span the intercept and the covariates, shape (rows, covariates + 1)
    left: Floats  # part of each exposure that the covariates do not explain, length 1, shape (rows, exposures)
    lengths: Floats
    places: list[int]

    @property
    def freedom(self) -> int:
        return int(len(self.residuals) - self.basis.shape[1] - 1)

    def t(self, orders: Counts) -> Floats:
        """Return t of each exposure, shape (orders, exposures), for orders of this test's residuals."""
        shuffled = self.residuals[orders]
        slopes = shuffled @ self.left
        total = float(self.residuals @ self.residuals)
        unexplained = total - ((shuffled @ self.basis) ** 2).sum(axis=1, keepdims=True) - slopes**2
        unexplained = np.where(unexplained <= SAME_WITHIN * total, 0.0, unexplained)
        apart = np.where(slopes == 0, 0.0, np.copysign(np.inf, slopes))
        found: Floats = np.divide(slopes, np.sqrt(unexplained / self.freedom), out=apart, where=unexplained > 0)
        return found


def freedman_lane_max_t(
    outcomes: pd.DataFrame,
    exposures: pd.DataFrame,
    covariates: pd.DataFrame | None = None,
    counts: ArrayLike | None = None,
    *,
    seed: int,
    n_draws: int = 9999,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Difference in mean outcome per unit of an exposure given covariates, for all pairs, adjusted by max-T.

    Parameters
    ----------
    outcomes, exposures
        Numeric columns, one row a patient or a cell of a tally; every outcome is tested against every exposure.
        NaN means not known: such patients count in the tests for which they have both.
    covariates
        Numeric columns without a missing value; categories as 0/1 columns. None adjusts for nothing.
    counts
        Patients in each row; None counts every row once.
    seed
        Of the orders that are drawn; unused when all of them are listed.
    n_draws
        Orders drawn when there are more than these.
    conf_level
        Coverage of the simultaneous limits.

    Returns
    -------
    DataFrame
        One row a pair: outcome, exposure, estimate, std_error (least squares), statistic (t), p_value
        (permutation, two-sided), p_adjusted (single-step max-T over the family), conf_low and conf_high
        (simultaneous: the estimate plus or minus the critical value of the largest t times the error), n, method.
        They leave out 0 where p_adjusted is at most 1 - conf_level. A pair that cannot be tested has NaN and a
        `method` that says why, and is not in the family.

    Raises
    ------
    ValueError
        If a frame is none or has no columns, lengths differ, a value is text or infinite, a covariate is missing,
        constant or collinear, fewer than 99 orders are asked for, or the seed is no whole number of 0 or more.

    Notes
    -----
    Residuals of the outcome given the covariates are put in a new order, the fitted values added back, and the
    whole model fitted again: Freedman and Lane 1983 (doi:10.2307/1391660); Winkler et al. 2014
    (doi:10.1016/j.neuroimage.2014.01.060). The same order serves all pairs, so their correlation is used; the
    largest absolute t of each order gives p_adjusted: Westfall and Young 1993; Nichols and Holmes 2002
    (doi:10.1002/hbm.1058). Patients unknown in a pair are left out of its order.

    Examples
    --------
    >>> pain = pd.DataFrame({"pain": [1, 2, 3, 6, 7, 8]})
    >>> lesions = pd.DataFrame({"T4": [0, 0, 0, 1, 1, 1], "C2": [1, 0, 1, 0, 1, 0]})
    >>> found = freedman_lane_max_t(pain, lesions, seed=1)
    >>> found[["exposure", "estimate", "p_value", "p_adjusted"]].round(3).to_numpy().tolist()
    [['T4', 5.0, 0.1, 0.2], ['C2', -1.667, 0.7, 0.933]]
    """
    level, n_draws, seed = check_conf_level(conf_level), check_draws(n_draws), check_seed(seed)
    values, doses, known = _matrices(outcomes, exposures, covariates, counts)
    tests, reasons = _tests(values, doses, known)
    pairs = list(itertools.product(outcomes.columns, exposures.columns))
    rows: list[dict[str, Any]] = [
        {"outcome": outcome, "exposure": exposure, "n": 0, "method": f"not estimable: {reason}"}
        for (outcome, exposure), reason in zip(pairs, reasons, strict=True)
    ]
    if tests:
        _fill(rows, tests, len(values), n_draws, seed, level)
    numbers = ("estimate", "std_error", "statistic", "p_value", "p_adjusted", "conf_low", "conf_high")
    return pd.DataFrame(rows, columns=["outcome", "exposure", *numbers, "n", "method"]).astype(
        dict.fromkeys(numbers, np.float64)
    )


def _matrices(
    outcomes: pd.DataFrame, exposures: pd.DataFrame, covariates: pd.DataFrame | None, counts: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    """Return outcomes, exposures and covariates as arrays, one row a patient."""
    values, doses = _numbers(outcomes, "outcomes"), _numbers(exposures, "exposures")
    known = np.empty((len(values), 0))
    if covariates is not None and check_frame(covariates, "covariates").shape[1]:
        known = numeric_design(covariates)
    if not len(values) == len(doses) == len(known):
        raise ValueError(
            f"outcomes have {len(values)} rows, exposures {len(doses)} and covariates {len(known)}; they must match"
        )
    whole = patient_counts(counts, size=len(values), name="outcomes")
    if known.shape[1] and whole.sum():
        check_estimable(known[whole > 0], tuple(map(str, covariates.columns if covariates is not None else ())))
    return tuple(np.repeat(part, whole, axis=0) for part in (values, doses, known))  # type: ignore[return-value]


def _numbers(frame: pd.DataFrame, name: str) -> Floats:
    if not check_frame(frame, name).shape[1]:
        raise ValueError(f"{name} has no columns; give one column each")
    matrix = np.column_stack([numeric_column(column, label) for label, column in frame.items()])
    for label, infinite in zip(frame.columns, np.isinf(matrix).sum(axis=0), strict=True):
        if infinite:
            raise ValueError(f"column {label!r} has {infinite} infinite values; remove and count them first")
    return matrix


def _tests(values: Floats, doses: Floats, known: Floats) -> tuple[list[_Test], list[str]]:
    """Return the tests, pairs with the same patients together, and why a pair is none (empty if it is one)."""
    reasons, tests = [""] * (values.shape[1] * doses.shape[1]), []
    for at in range(values.shape[1]):
        seen = ~np.isnan(values[:, [at]]) & ~np.isnan(doses)
        patterns, which = np.unique(seen, axis=1, return_inverse=True)
        for number, pattern in enumerate(patterns.T):
            places = np.flatnonzero(which.ravel() == number)
            rows = np.flatnonzero(pattern)
            test, why = _test(values[rows, at], doses[np.ix_(rows, places)], known[rows], rows)
            for local, place in enumerate(places):
                reasons[at * doses.shape[1] + int(place)] = why[local]
            if test is not None:
                kept = [at * doses.shape[1] + int(places[local]) for local in test.places]
                tests.append(_Test(rows, test.residuals, test.basis, test.left, test.lengths, kept))
    return tests, reasons


def _test(outcome: Floats, doses: Floats, known: Floats, rows: NDArray[np.intp]) -> tuple[_Test | None, list[str]]:
    why = [""] * doses.shape[1]
    if len(outcome) < known.shape[1] + 4:
        return None, [f"{len(outcome)} patients are too few"] * len(why)
    basis = _basis(known)
    residuals = outcome - basis @ (basis.T @ outcome)
    if residuals @ residuals <= SAME_WITHIN * max(float(outcome @ outcome), 1e-300):
        return None, ["the outcome does not vary beyond the covariates"] * len(why)
    left = doses - basis @ (basis.T @ doses)
    lengths = np.sqrt((left**2).sum(axis=0))
    spread = np.sqrt(((doses - doses.mean(axis=0)) ** 2).sum(axis=0))
    varies = np.ptp(doses, axis=0) > 0
    can = varies & (lengths > OWN_SHARE * spread)
    for at in np.flatnonzero(~can):
        why[at] = "the covariates explain the exposure" if varies[at] else "the exposure is the same in all"
    if not can.any():
        return None, why
    places = np.flatnonzero(can).tolist()
    return _Test(rows, residuals, basis, left[:, can] / lengths[can], lengths[can], places), why


def _basis(known: Floats) -> Floats:
    """Return orthonormal columns that span the intercept and the covariates, as many as differ among these patients."""
    centred = known - known.mean(axis=0)
    lengths = np.sqrt((centred**2).sum(axis=0))
    varying = lengths > OWN_SHARE * np.maximum(np.abs(known).max(axis=0, initial=0.0), 1e-300)
    matrix = with_intercept(centred[:, varying] / lengths[varying])
    left, sizes, _ = np.linalg.svd(matrix, full_matrices=False)
    return np.asarray(left[:, sizes > OWN_SHARE * sizes[0]], dtype=np.float64)


def _fill(rows: list[dict[str, Any]], tests: list[_Test], size: int, n_draws: int, seed: int, level: float) -> None:
    """Put the numbers of all tests into their rows."""
    places = [place for test in tests for place in test.places]
    observed = np.concatenate([test.t(np.arange(len(test.residuals))[None])[0] for test in tests])
    bar = np.where(np.isfinite(observed), np.abs(observed) * TIE, np.inf)
    is_listed = math.factorial(min(size, 20)) <= n_draws
    blocks = _every_order(size) if is_listed else _drawn_orders(size, n_draws, seed)
    raw, beaten, largest = np.zeros(len(places)), np.zeros(len(places)), []
    for orders in blocks:
        distance = np.abs(np.concatenate([test.t(_own_order(orders, test.rows, size)) for test in tests], axis=1))
        top = distance.max(axis=1)
        raw += (distance >= bar).sum(axis=0)
        beaten += (top[:, None] >= bar).sum(axis=0)
        largest.append(top)
    tops = np.concatenate([*largest, [] if is_listed else [np.abs(observed).max()]])
    own = 0 if is_listed else 1
    p_values, adjusted = (raw + own) / len(tops), (beaten + own) / len(tops)
    # The order itself that is the (1 - level) part of all: a t above it has an adjusted p of at most 1 - level.
    rank = math.ceil(level * len(tops) - 1e-9)
    critical = float(np.sort(tops)[min(rank, len(tops)) - 1])
    how = f"all {len(tops)} orders" if is_listed else f"{n_draws} orders, seed {seed}"
    facts = [(test, at) for test in tests for at in range(len(test.places))]
    for number, ((test, at), place) in enumerate(zip(facts, places, strict=True)):
        slope = float(test.residuals @ test.left[:, at] / test.lengths[at])
        t = float(observed[number])
        error = slope / t if t and math.isfinite(t) else math.nan
        rows[place] |= {
            "estimate": slope,
            "std_error": error,
            "statistic": t,
            "p_value": p_values[number],
            "p_adjusted": adjusted[number],
            "conf_low": slope - critical * error,
            "conf_high": slope + critical * error,
            "n": len(test.residuals),
            "method": f"least squares; p by Freedman-Lane permutation, {how}; single-step max-T and simultaneous "
            f"limits over {len(places)} tests",
        }


def _own_order(orders: Counts, rows: NDArray[np.intp], size: int) -> Counts:
    """Return the orders among some patients only, as positions among these."""
    if len(rows) == size:
        return orders
    place = np.full(size, -1)
    place[rows] = np.arange(len(rows))
    own = place[orders]
    return own[own >= 0].reshape(len(orders), len(rows))


def _every_order(size: int) -> Iterator[Counts]:
    yield np.array(list(itertools.permutations(range(size))), dtype=np.int64)


def _drawn_orders(size: int, n_draws: int, seed: int) -> Iterator[Counts]:
    rng = np.random.default_rng(seed)
    block = max(1, NUMBERS_A_BLOCK // max(size, 1))
    for start in range(0, n_draws, block):
        yield rng.permuted(np.tile(np.arange(size), (min(block, n_draws - start), 1)), axis=1)
