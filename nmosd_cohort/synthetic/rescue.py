"""Drugs against pain begun after the start of tocilizumab because it hurt, and steroids lowered in steps.

Both shares are 0 in the scenarios that the package ships: pain scores and drugs stay as they were drawn. A scenario
file based on one of these sets them, and so knows what part of a change the rescue made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.codebook import typed_table
from nmosd_cohort.synthetic.columns import dates, patient_ids
from nmosd_cohort.synthetic.course import NEVER
from nmosd_cohort.synthetic.people import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.calibrate import History
    from nmosd_cohort.synthetic.scenario import Scenario

    Tables = dict[str, pd.DataFrame]

RESCUE_STREAM, RELIEF_STREAM, TAPER_STREAM = 90, 91, 92
RESCUE = {
    "drug": "nortriptyline",
    "drug_class": "antidepressant",
    "dose": 50.0,
    "dose_unit": "mg/day",
    "indication": "pain",
}
STEPS = ((30, 5.0), (90, 2.5))  # days after the start, dose in mg/day
LAST_STEP_DAYS = 180


def add_rescue(tables: Tables, scenario: Scenario, history: History, seed: int) -> Tables:
    """Return the tables with rescue drugs and steroid steps after the start of tocilizumab.

    A rescue begins, with the stated chance, on the day of a recorded NRS of at least the stated height after the
    start, once a patient. From the day after it every point above the first is taken away with the stated chance.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> drugs = nc.simulate("review", n=200, seed=1).tables["treatments"]["drug"]
    >>> bool((drugs == "nortriptyline").any())
    False
    """
    if scenario.number("rescue.start_share") > 0:
        tables = _with_rescue(tables, scenario, history, seed)
    if scenario.number("rescue.taper_share") > 0:
        tables = _with_tapers(tables, scenario, history, seed)
    return tables


def _starts(history: History) -> pd.Series:
    """Return the day of the start of tocilizumab by patient_id."""
    patient = np.flatnonzero(history.starts < NEVER)
    return pd.Series(history.starts[patient], index=patient_ids(patient))


def _days(column: pd.Series) -> NDArray[np.float64]:
    """Return a column of dates as days since 1970-01-01, NaN where missing."""
    moments = pd.to_datetime(column.astype("datetime64[us]"))
    return np.asarray((moments - pd.Timestamp(0)) / pd.Timedelta(days=1), dtype=np.float64)


def _with_rescue(tables: Tables, scenario: Scenario, history: History, seed: int) -> Tables:
    assessments = tables["assessments"]
    start = assessments["patient_id"].map(_starts(history)).to_numpy(dtype=float, na_value=np.nan)
    day = _days(assessments["assessment_date"])
    nrs = assessments["pain_nrs"].to_numpy(dtype=float, na_value=np.nan)
    hurts = (day > start) & (nrs >= scenario.number("rescue.least_nrs"))
    drawn = stream(seed, RESCUE_STREAM).random(len(nrs)) < scenario.number("rescue.start_share")
    begun = pd.Series(day[hurts & drawn], index=assessments["patient_id"][hurts & drawn].to_numpy())
    begin = begun.groupby(level=0).min()
    since = day - assessments["patient_id"].map(begin).to_numpy(dtype=float, na_value=np.nan)
    points = np.where((since > 0) & (nrs > 1), nrs - 1, 0).astype(np.int64)
    taken = stream(seed, RELIEF_STREAM).binomial(points, scenario.number("rescue.relief"))
    eased = pd.array(np.nan_to_num(nrs - taken), dtype="Int64")
    eased[np.isnan(nrs)] = pd.NA
    changed = assessments.assign(pain_nrs=pd.Series(eased, index=assessments.index))
    rows = {
        "patient_id": begin.index.to_numpy(dtype=object),
        **{name: [value] * len(begin) for name, value in RESCUE.items()},
        "start_date": dates(np.asarray(begin, dtype=np.int64)),
    }
    return tables | {
        "assessments": typed_table("assessments", changed),
        "treatments": _appended(tables["treatments"], rows),
    }


def _with_tapers(tables: Tables, scenario: Scenario, history: History, seed: int) -> Tables:
    """Return the tables with prednisolone that ran at the start lowered in two steps and then stopped."""
    treatments = tables["treatments"]
    start = treatments["patient_id"].map(_starts(history)).to_numpy(dtype=float, na_value=np.nan)
    begin, stop = _days(treatments["start_date"]), _days(treatments["stop_date"])
    running = (treatments["drug"] == "prednisolone").to_numpy(dtype=bool) & (begin <= start) & ~(stop <= start)
    drawn = stream(seed, TAPER_STREAM).random(len(treatments)) < scenario.number("rescue.taper_share")
    chosen = np.flatnonzero(running & drawn)
    first = start[chosen].astype(np.int64)
    new_stop = stop.copy()
    new_stop[chosen] = first + STEPS[0][0]
    kept: NDArray[np.int64] = np.nan_to_num(new_stop).astype(np.int64)
    lowered = treatments.assign(stop_date=dates(kept, np.isnan(new_stop)).to_numpy())
    ends = (STEPS[1][0], LAST_STEP_DAYS)
    parts = []
    for (after, dose), end in zip(STEPS, ends, strict=True):
        parts.append(
            pd.DataFrame(
                {
                    "patient_id": treatments["patient_id"].to_numpy(dtype=object)[chosen],
                    "drug": "prednisolone",
                    "drug_class": "corticosteroid",
                    "dose": dose,
                    "dose_unit": "mg/day",
                    "start_date": (first + after + 1).astype("datetime64[D]").astype("datetime64[us]"),
                    "stop_date": (first + end).astype("datetime64[D]").astype("datetime64[us]"),
                    "indication": "attack_prevention",
                }
            )
        )
    steps = pd.concat(parts, ignore_index=True)
    return tables | {"treatments": _appended(typed_table("treatments", lowered), steps)}


def _appended(treatments: pd.DataFrame, rows: Any) -> pd.DataFrame:
    added = typed_table("treatments", pd.DataFrame(rows))
    joined = pd.concat([treatments, added], ignore_index=True)
    return joined.sort_values(["patient_id", "start_date"], kind="stable", ignore_index=True)
