"""EDSS from functional systems and walking, so that it can be had without one of the systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

# System -> the grade that counts for the EDSS, for each grade of the form.
COUNTED_GRADES = {
    "visual": (0, 1, 2, 2, 3, 3, 4),
    "brainstem": (0, 1, 2, 3, 4, 5),
    "pyramidal": (0, 1, 2, 3, 4, 5, 6),
    "cerebellar": (0, 1, 2, 3, 4, 5),
    "sensory": (0, 1, 2, 3, 4, 5, 6),
    "bowel_bladder": (0, 1, 2, 3, 3, 4, 5),
    "cerebral": (0, 0, 2, 3, 4, 5),
}
SYSTEMS = tuple(COUNTED_GRADES)
# Least EDSS of each ambulation score: walking restricted but 500 m, 300 m, 200 m, 100 m, help on one side, on both,
# wheelchair, wheelchair with help, bed or chair, bed, helpless in bed, helpless and unable to communicate.
LEAST_BY_WALKING = (0.0, 2.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 8.5, 9.0, 9.5)


def edss_from_systems(grades: pd.DataFrame, *, without: Collection[str] = ()) -> pd.Series[float]:
    """EDSS of each row from the seven functional systems and the ambulation score.

    Parameters
    ----------
    grades
        Columns ``SYSTEMS`` and ambulation as on the form: visual, pyramidal, sensory and bowel_bladder 0 to 6,
        brainstem, cerebellar and cerebral 0 to 5, ambulation 0 to 12. Visual and bowel_bladder are the grades
        before conversion; they are converted here.
    without
        Systems that are set to 0. Walking stays as it was.

    Returns
    -------
    pandas.Series
        0 to 9.5. Missing where a system that counts, or ambulation, is missing.

    Raises
    ------
    ValueError
        If a grade is outside its range or no whole number, a column is absent, or ``without`` names no system.

    Notes
    -----
    The greater of the step of the systems and the least step of the walking range. Steps of the systems: Kurtzke
    1983 (doi:10.1212/wnl.33.11.1444), with the counts of the scoring table of the Neurostatus form where Kurtzke has
    only "combinations": 4.0 for more than 3.5 allows, up to four grades 3, or one grade 4 with grades 0 and 1;
    4.5 for five grades 3, or one grade 4 with grades 2 or one or two grades 3; 5.0 for more, or any grade 5.
    A cerebral grade 1 (fatigue alone) does not count. Calculators differ for one grade 4: some give 4.0 beside
    grades 2, or 4.5 beside three or four grades 3. Forms with 16 ambulation scores need to be recoded first.

    Examples
    --------
    >>> form = pd.DataFrame([dict.fromkeys(SYSTEMS, 0) | {"pyramidal": 3, "sensory": 2, "ambulation": 0}])
    >>> edss_from_systems(form).tolist(), edss_from_systems(form, without=["sensory"]).tolist()
    ([3.5], [3.0])
    """
    if unknown := sorted(set(without) - set(SYSTEMS)):
        raise ValueError(f"without has {', '.join(unknown)}; it may name {', '.join(SYSTEMS)}")
    if absent := [name for name in (*SYSTEMS, "ambulation") if name not in grades]:
        raise ValueError(f"grades has no column {', '.join(absent)}")
    counted = np.column_stack(
        [
            np.zeros(len(grades)) if name in without else _looked_up(grades[name], name, COUNTED_GRADES[name])
            for name in SYSTEMS
        ]
    )
    walking = _looked_up(grades["ambulation"], "ambulation", LEAST_BY_WALKING)
    known = ~np.isnan(counted).any(axis=1) & ~np.isnan(walking)
    steps = np.full(len(grades), np.nan)
    steps[known] = np.maximum(_step_of_systems(counted[known].astype(np.int64)), walking[known])
    return pd.Series(steps, index=grades.index, name="edss")


def _looked_up(values: pd.Series, name: str, table: tuple[float, ...]) -> NDArray[np.float64]:
    """Return the entry of the table for each value, NaN for a missing one."""
    numbers = values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(numbers)
    wrong = known & ((numbers < 0) | (numbers >= len(table)) | (numbers != np.floor(np.where(known, numbers, 0))))
    if wrong.any():
        raise ValueError(f"{name} is {numbers[wrong][0]:g}; it must be a whole number from 0 to {len(table) - 1}")
    found = np.full(len(numbers), np.nan)
    found[known] = np.asarray(table, dtype=np.float64)[numbers[known].astype(np.int64)]
    return found


def _step_of_systems(counted: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the EDSS step, 0 to 5.0, that the grades alone give."""
    highest = counted.max(axis=1, initial=0)
    one, two, three, four = ((counted == grade).sum(axis=1) for grade in (1, 2, 3, 4))
    up_to_2 = np.select([two == 0, two == 1, two == 2, two <= 4, two == 5], [0.0, 2.0, 2.5, 3.0, 3.5], 4.0)
    up_to_3 = np.select(
        [(three == 1) & (two == 0), (three == 1) & (two <= 2), (three == 2) & (two == 0), three <= 4, three == 5],
        [3.0, 3.5, 3.5, 4.0, 4.5],
        5.0,
    )
    up_to_4 = np.select([four > 1, three > 2, (three > 0) | (two > 0)], [5.0, 5.0, 4.5], 4.0)
    only_1 = np.select([one == 0, one == 1], [0.0, 1.0], 1.5)
    return np.select([highest <= 1, highest == 2, highest == 3, highest == 4], [only_1, up_to_2, up_to_3, up_to_4], 5.0)
