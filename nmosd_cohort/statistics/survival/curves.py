"""What curves over time share: limits on the log-log scale, times asked for, and where there is no estimate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from nmosd_cohort.statistics.estimate import Counts, Floats, as_values
from nmosd_cohort.statistics.rounding import SAME_WITHIN
from nmosd_cohort.statistics.survival.survival_cells import RiskTable, SurvivalCells, counts_passed, patients_at_risk

# A curve this near 0 or 1 is there; the difference is rounding.
AT_THE_EDGE = 1e-12


def log_log_limits(
    survival: Floats, errors: Floats, fewest: NDArray[np.generic], effective: Floats, conf_level: float
) -> tuple[Floats, Floats]:
    """Return limits of a survival curve that are symmetric on the scale log(-log S).

    Parameters
    ----------
    survival, errors
        Survival and its standard error.
    fewest
        Fewest patients at risk so far: while survival is 1 the lower limit is the exact binomial one for
        that many patients without an event.
    effective
        Patients that the last survival above 0 was worth: once survival is 0 the upper limit is the exact
        binomial one for that many patients, all with an event.
    conf_level
        Coverage of the limits.

    Examples
    --------
    >>> low, high = log_log_limits(np.array([1.0, 0.5]), np.array([0.0, 0.1]), np.array([9, 5]), np.ones(2), 0.95)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.664, 0.295], [1.0, 0.675])
    """
    tail = (1 - conf_level) / 2
    low, high = np.zeros(survival.size), np.ones(survival.size)
    untouched = survival > 1 - AT_THE_EDGE
    low[untouched] = tail ** (1 / np.maximum(fewest[untouched].astype(np.float64), 1e-9))
    gone = survival < AT_THE_EDGE
    high[gone] = 1 - tail ** (1 / effective[gone])
    inside = ~untouched & ~gone & np.isfinite(survival)
    hazard = -np.log(survival[inside])
    reach = -float(ndtri(tail)) * errors[inside] / (survival[inside] * hazard)
    with np.errstate(over="ignore"):
        low[inside], high[inside] = np.exp(-hazard * np.exp(reach)), np.exp(-hazard * np.exp(-reach))
    return low, high


def effective_patients(survival: Floats, variances: Floats, at_risk: Counts) -> Floats:
    """Return for each row the patients whose binomial share has the variance of the survival one row before.

    Examples
    --------
    >>> effective_patients(np.array([0.5, 0.0]), np.array([0.025, 0.0]), np.array([10, 5])).tolist()
    [10.0, 10.0]
    """
    worth = at_risk.astype(np.float64)
    earlier = np.flatnonzero((variances[:-1] > 0) & (survival[:-1] > AT_THE_EDGE))
    worth[earlier + 1] = survival[earlier] * (1 - survival[earlier]) / variances[earlier]
    gone = np.flatnonzero(survival < AT_THE_EDGE)
    worth[gone] = worth[gone[:1]]
    return worth


def asked_times(times: ArrayLike, cells: SurvivalCells) -> Floats:
    """Return times of interest; one that differs by rounding only from an end of follow-up becomes it.

    Raises
    ------
    ValueError
        If there are none, one is negative or missing, or they do not rise.

    Examples
    --------
    >>> from nmosd_cohort.statistics.survival.survival_cells import survival_cells
    >>> asked_times([0.3, 2], survival_cells([0.1 + 0.2, 5], [1, 1])).tolist()
    [0.30000000000000004, 2.0]
    """
    asked = as_values(times, name="times")
    if asked.size == 0 or asked[0] < 0 or (np.diff(asked) <= 0).any():
        raise ValueError("times must be one or more rising numbers of 0 or more")
    ends = np.unique(cells.time)
    above = np.minimum(np.searchsorted(ends, asked), ends.size - 1)
    for near in (above, np.maximum(above - 1, 0)):
        asked = np.where(np.abs(ends[near] - asked) <= SAME_WITHIN * ends[-1], ends[near], asked)
    return asked


def since_row_before(times: Floats, numbers: Counts, asked: Floats) -> Counts:
    """Return the sums of `numbers`, which fall on rising `times`, after the time asked before up to this one.

    Examples
    --------
    >>> since_row_before(np.array([1.0, 2.0, 3.0]), np.array([4, 5, 6]), np.array([0.0, 2.0])).tolist()
    [0, 9]
    """
    return np.diff(counts_passed(times, numbers, asked, "right"), prepend=0)


def curve_methods(cells: SurvivalCells, asked: Floats, method: str, *, is_complete: bool) -> NDArray[np.object_]:
    """Return the method of a curve at each time asked, which says where there is no estimate.

    Parameters
    ----------
    cells
        Those the curve was made of.
    asked
        Times of interest.
    method
        How the curve was made.
    is_complete
        Whether the curve cannot change after the last follow-up, as when everybody has had the event.

    Examples
    --------
    >>> from nmosd_cohort.statistics.survival.survival_cells import survival_cells
    >>> curve_methods(survival_cells([1, 2], [1, 0]), np.array([1.0, 3.0]), "by hand", is_complete=False).tolist()
    ['by hand', 'not estimable: after the last follow-up at 2']
    """
    last, first = float(cells.time.max()), float(cells.entry.min())
    methods = np.full(asked.size, method, dtype=object)
    if not is_complete:
        methods[asked > last] = f"not estimable: after the last follow-up at {last:g}"
    methods[asked < first] = f"not estimable: before the first entry at {first:g}"
    return methods


def curve_frame(
    cells: SurvivalCells,
    asked: Floats,
    counted: dict[str, Counts],
    numbers: Sequence[Floats],
    methods: NDArray[np.object_],
    *,
    n: int,
) -> pd.DataFrame:
    """Return a curve as one row a time; where its method says that it is not estimable, its numbers are NaN.

    Parameters
    ----------
    cells
        Those the curve was made of.
    asked
        Times of interest.
    counted
        Columns of counts that stand behind `at_risk`.
    numbers
        Estimate, standard error, lower and upper limit.
    methods
        From `curve_methods`.
    n
        Patients.

    Examples
    --------
    >>> from nmosd_cohort.statistics.survival.survival_cells import survival_cells
    >>> cells, asked = survival_cells([1, 2], [1, 0]), np.array([1.0])
    >>> methods = curve_methods(cells, asked, "by hand", is_complete=False)
    >>> curve_frame(cells, asked, {}, [np.array([0.5])] * 4, methods, n=2)[["time", "at_risk", "n"]].values.tolist()
    [[1.0, 2.0, 2.0]]
    """
    known = np.column_stack(numbers)
    known[[text.startswith("not estimable") for text in methods]] = np.nan
    return pd.DataFrame(
        {
            "time": asked,
            "at_risk": patients_at_risk(cells, asked),
            **counted,
            **dict(zip(("estimate", "std_error", "conf_low", "conf_high"), known.T, strict=True)),
            "p_value": np.nan,
            "n": n,
            "method": methods,
        }
    )


def truncation_note(table: RiskTable) -> str:
    """Return what left truncation did to the curve, empty where nothing.

    Examples
    --------
    >>> from nmosd_cohort.statistics.survival.survival_cells import risk_table, survival_cells
    >>> truncation_note(risk_table(survival_cells([2, 9], [0, 1], None, [0, 5])))
    '; nobody at risk just after 2: the curve takes it that there was no event until the next entry'
    >>> truncation_note(risk_table(survival_cells([2, 9], [1, 1], None, [0, 5])))
    '; everybody at risk at 2 had the event and others entered later: start later'
    """
    fallen, empty = (table.events == table.at_risk)[:-1], table.remaining[:-1] == 0
    if fallen.any():
        where = f"{table.times[:-1][fallen][0]:g}"
        return f"; everybody at risk at {where} had the event and others entered later: start later"
    if empty.any():
        where = f"{table.times[:-1][empty][0]:g}"
        return f"; nobody at risk just after {where}: the curve takes it that there was no event until the next entry"
    return ""


def before_each(times: Floats, curve: Floats, asked: Floats, *, start: float) -> Floats:
    """Return the value of a step curve just before each time asked.

    Examples
    --------
    >>> before_each(np.array([1.0, 2.0]), np.array([0.5, 0.2]), np.array([1.0, 2.0, 3.0]), start=1.0).tolist()
    [1.0, 0.5, 0.2]
    """
    padded = np.concatenate(([start], curve))
    return np.asarray(padded[np.searchsorted(times, asked, side="left")], dtype=np.float64)
