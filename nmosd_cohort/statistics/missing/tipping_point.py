"""How far unobserved values must differ from what was assumed before a conclusion changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nmosd_cohort.statistics.estimate import Estimate, Floats, as_number, as_row, as_values, check_option
from nmosd_cohort.statistics.missing.imputation import Imputations
from nmosd_cohort.statistics.missing.rubin import are_shares, null_value, pool_estimates
from nmosd_cohort.statistics.wald import Scale

Shift = Literal["value", "log_odds"]
NO_NULL = "null is None, but a share has no value without effect; give the one the conclusion is about, such as 0.5"


@dataclass(frozen=True, slots=True, eq=False)
class TippingPoint:
    """An estimate over a grid of departures from missing at random.

    Parameters
    ----------
    rows
        One row a delta, rising: delta, estimate, std_error, conf_low, conf_high, p_value, n, method and
        conclusion (``above``, ``below`` or ``undecided``: where the limits lie).
    conclusion
        That at delta 0.
    tipping_delta
        The delta nearest to 0 at which the conclusion is another one, NaN if it never is.
    note
        Where no delta looked at changes the conclusion, a sentence that says so, otherwise empty.
    """

    rows: pd.DataFrame
    conclusion: str
    tipping_delta: float
    note: str


def shifted_frames(
    imputations: Imputations,
    variable: str,
    delta: float,
    *,
    shift: Shift | None = None,
    where: Mapping[str, object] | None = None,
    limits: tuple[float, float] = (-math.inf, math.inf),
) -> list[pd.DataFrame]:
    """Return the completed frames with the imputed values of one variable moved by delta.

    Parameters
    ----------
    imputations
        From `impute`.
    variable
        A declared variable. Only its imputed values move.
    delta
        Added to the value, or to the log odds of a higher value.
    shift
        ``value`` or ``log_odds``; None takes ``value`` for a numeric variable and ``log_odds`` for the others.
    where
        Column to value: only patients who have all of these are moved, such as one group; None moves all.
    limits
        Lowest and highest value that a moved value can take, such as 0 and 10.

    Raises
    ------
    ValueError
        If `imputations` are not those of `impute`, delta is not a finite number, limits are not a lowest and a
        highest number, the variable or a column of `where` is unknown, or log odds are shifted where the variable
        is numeric or was drawn by predictive mean matching.

    Examples
    --------
    >>> from nmosd_cohort.statistics.missing.imputation import impute
    >>> answers = pd.DataFrame({"woman": [0, 1, 0, 1, 1], "nrs": [2, 5, 4, 7, None]})
    >>> made = impute(answers, {"woman": "binary", "nrs": "numeric"}, [20, 20, 20, 20, 20], seed=1)
    >>> bool(shifted_frames(made, "nrs", 3, limits=(0, 10))[0]["nrs"].max() == 10)
    True
    """
    if not isinstance(imputations, Imputations):
        raise ValueError(f"imputations is a {type(imputations).__name__}; it must be what impute returns")
    delta, limits = _finite("delta", delta), _checked_limits(limits)
    if variable not in imputations.kinds:
        raise ValueError(f"{variable!r} was not imputed; declared are {', '.join(imputations.kinds)}")
    kind = imputations.kinds[variable]
    how = check_option("shift", shift or ("value" if kind == "numeric" else "log_odds"), get_args(Shift))
    if how == "log_odds" and kind == "numeric":
        raise ValueError(f"{variable!r} is numeric, which has no log odds; use shift='value'")
    missing = imputations.is_missing[variable].to_numpy()
    frames = []
    for position, frame in enumerate(imputations.frames()):
        values = frame[variable].to_numpy(dtype=np.float64).copy()
        if delta and missing.any():
            moves = _is_member(frame, where)[missing]
            old = values[missing]
            new = old + delta if how == "value" else _by_log_odds(imputations, variable, position, delta)
            values[missing] = np.where(moves, np.clip(new, *limits), old)
        frames.append(frame.assign(**{variable: values}))
    return frames


def tipping_point(
    imputations: Imputations,
    variable: str,
    deltas: ArrayLike,
    analysis: Callable[[pd.DataFrame], Estimate],
    *,
    shift: Shift | None = None,
    where: Mapping[str, object] | None = None,
    limits: tuple[float, float] = (-math.inf, math.inf),
    null: float | None = None,
    scale: Scale = "plain",
    complete_freedom: float = math.inf,
) -> TippingPoint:
    """Estimate pooled over imputations at each departure delta of the imputed values from missing at random.

    Parameters
    ----------
    imputations, variable, shift, where, limits
        As in `shifted_frames`.
    deltas
        Departures to look at; 0 is added.
    analysis
        Takes a completed frame (patients of each row in column n) and returns an estimate with its
        standard error, or a share with its events (see `pool_estimates`).
    null
        Value of the estimate, on the plain scale, that the conclusion is about. None takes that without effect: 0,
        with ``log`` 1. A share has none, so that it must be given.
    scale, complete_freedom
        As in `pool_estimates`.

    Returns
    -------
    TippingPoint
        The limits lie above the null value, below it, or on both sides (undecided).

    Raises
    ------
    ValueError
        As `shifted_frames` and `pool_estimates`, or if a share has no null value.

    Notes
    -----
    Cro, Morris, Kenward and Carpenter 2020 (doi:10.1002/sim.8569). The same draws serve every delta, so that what
    changes along the grid is delta alone.

    Examples
    --------
    >>> from nmosd_cohort.statistics.missing.imputation import impute
    >>> from nmosd_cohort.statistics.means.mean import mean
    >>> answers = pd.DataFrame({"woman": [0, 1, 0, 1, 1], "nrs": [2, 5, 4, 7, None]})
    >>> made = impute(answers, {"woman": "binary", "nrs": "numeric"}, [20, 20, 20, 20, 20], seed=1)
    >>> point = tipping_point(made, "nrs", [-2, -4], lambda frame: mean(frame["nrs"], frame["n"]), null=4)
    >>> point.rows["conclusion"].tolist(), point.conclusion, point.tipping_delta
    (['undecided', 'above', 'above'], 'above', -4.0)
    """
    check_option("scale", scale, get_args(Scale))
    tested = null_value(null, scale)
    if math.isnan(tested):
        raise ValueError(NO_NULL if null is None else f"null is {null}; it must be a number")
    grid = np.unique(np.append(as_values(deltas, name="deltas"), 0.0))
    rows = []
    for delta in grid:
        frames = shifted_frames(imputations, variable, float(delta), shift=shift, where=where, limits=limits)
        found = _analysed(frames, analysis)
        if null is None and scale == "plain" and are_shares(found):
            raise ValueError(NO_NULL)
        pooled = pool_estimates(found, complete_freedom=complete_freedom, scale=scale, null=math.nan).estimate
        rows.append(delta_row(float(delta), pooled, tested))
    conclusions = np.array([row["conclusion"] for row in rows])
    return _tipping(pd.DataFrame(rows), grid, conclusions)


def _analysed(frames: Sequence[pd.DataFrame], analysis: Callable[[pd.DataFrame], Estimate]) -> list[Estimate]:
    found = [analysis(frame) for frame in frames]
    for one in found:
        if isinstance(one, Mapping):
            column = next(iter(one), "edss")
            raise ValueError(f"analysis returns a dict; pick a column, for example return found[{column!r}]")
        if not isinstance(one, Estimate):
            raise ValueError(f"analysis returns {type(one).__name__}; it must return an Estimate, such as mean does")
    return found


def _finite(name: str, value: float) -> float:
    number = as_number(name, value)
    if math.isinf(number):
        raise ValueError(f"{name} is {value}; it must be finite")
    return number


def _checked_limits(limits: tuple[float, float]) -> tuple[float, float]:
    try:
        low, high = limits
    except (TypeError, ValueError) as error:
        raise ValueError(f"limits is {limits!r}; give the lowest and the highest value, such as (0, 10)") from error
    low, high = as_number("limits[0]", low), as_number("limits[1]", high)
    if low > high:
        raise ValueError(f"limits is {limits!r}; the lowest value comes first, such as (0, 10)")
    return low, high


def _is_member(frame: pd.DataFrame, where: Mapping[str, object] | None) -> NDArray[np.bool_]:
    chosen = np.ones(len(frame), dtype=np.bool_)
    for name, value in (where or {}).items():
        if name not in frame.columns:
            raise ValueError(f"where names the column {name!r}, which the frame does not have")
        chosen &= (frame[name] == value).to_numpy(dtype=np.bool_)
    return chosen


def _by_log_odds(imputations: Imputations, variable: str, position: int, delta: float) -> Floats:
    draw = imputations.latent[variable][position]
    if draw is None:
        raise ValueError(
            f"{variable!r} was not drawn from an ordered model in imputation {position + 1}, so that it has no "
            "log odds to shift; see the notes of the imputations, or use shift='value'"
        )
    return draw.values(delta)


def delta_row(delta: float, estimate: Estimate, null: float) -> dict[str, object]:
    """Return a row of a tipping-point table.

    Examples
    --------
    >>> delta_row(-1.0, Estimate(0.6, 0.55, 0.65, 90, "share"), 0.5)["conclusion"]
    'above'
    """
    return {"delta": delta, **as_row(estimate), "conclusion": conclusion_of(estimate, null)}


def conclusion_of(estimate: Estimate, null: float) -> str:
    """Return on which side of a value the limits lie.

    Examples
    --------
    >>> conclusion_of(Estimate(0.6, 0.45, 0.75, 40, "share"), 0.5)
    'undecided'
    """
    if estimate.conf_low > null:
        return "above"
    return "below" if estimate.conf_high < null else "undecided"


def _tipping(rows: pd.DataFrame, grid: Floats, conclusions: NDArray[np.str_]) -> TippingPoint:
    at_zero = str(conclusions[grid == 0][0])
    changed = grid[conclusions != at_zero]
    nearest = float(changed[np.argmin(np.abs(changed))]) if changed.size else math.nan
    note = "" if changed.size else unchanged_note(at_zero, float(grid[0]), float(grid[-1]))
    return TippingPoint(rows, at_zero, nearest, note)


def unchanged_note(conclusion: str, lowest: float, highest: float) -> str:
    """Return a sentence that says that no delta changes the conclusion.

    Examples
    --------
    >>> unchanged_note("above", -2.0, 2.0)
    "no delta looked at, from -2 to 2, changes the conclusion 'above'"
    """
    return f"no delta looked at, from {lowest:g} to {highest:g}, changes the conclusion {conclusion!r}"
