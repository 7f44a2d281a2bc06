"""Every score of a starter before and after the start, for an interrupted series."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pandas as pd

from nmosd_cohort.cohort.tally import collect
from nmosd_cohort.cohort.treatment import DAYS_PER_MONTH

VISIT_COLUMNS = ("patient_id", "days_since_start", "score", "is_in_lag", "place")


def start_series(timed: nw.LazyFrame[Any], *, months_before: float, months_after: float, lag_days: int) -> pd.DataFrame:
    """One row a score in the months around the start, with its place: -1 the last before the start, 1 the first after.

    Scores in the ``lag_days`` up to the start, the day itself included, have no place: the start was chosen by them.

    Parameters
    ----------
    timed
        From ``timed_scores``.
    months_before, months_after
        How far scores may lie from the start, in months of 30.44 days.
    lag_days
        Length of the time before the start that is left out.

    Returns
    -------
    DataFrame
        VISIT_COLUMNS, in the order of patient and day; place is missing in the lag.

    Examples
    --------
    >>> rows = pd.DataFrame({"patient_id": ["a"] * 3, "days_since_start": [-200, -20, 100], "score": [5, 8, 4]})
    >>> timed = nw.from_native(rows.convert_dtypes(dtype_backend="pyarrow")).lazy()
    >>> start_series(timed, months_before=12, months_after=12, lag_days=90)["place"].tolist()
    [-1, <NA>, 1]
    """
    since = nw.col("days_since_start")
    near = timed.filter((since >= -months_before * DAYS_PER_MONTH) & (since <= months_after * DAYS_PER_MONTH))
    visits = collect(near.select("patient_id", "days_since_start", "score"), ["patient_id", "days_since_start"])
    days = visits["days_since_start"]
    visits["is_in_lag"] = ((days <= 0) & (days > -lag_days)).astype("boolean") if lag_days else False
    used = visits[~visits["is_in_lag"].astype(bool)]
    is_after = used["days_since_start"] > 0
    after = used[is_after].groupby("patient_id").cumcount() + 1
    before = -(used[~is_after].groupby("patient_id").cumcount(ascending=False) + 1)
    visits["place"] = pd.concat([before, after]).reindex(visits.index).astype("Int64")
    return visits[list(VISIT_COLUMNS)]


def patients_with(visits: pd.DataFrame, *, fewest_before: int) -> list[str]:
    """Return the patients with so many scores before the start and any after it, outside the lag.

    Examples
    --------
    >>> visits = pd.DataFrame({"patient_id": ["a", "a", "b"], "place": [-1, 1, -1]})
    >>> patients_with(visits, fewest_before=1)
    ['a']
    """
    place = visits["place"]
    before = visits[(place < 0).fillna(False)].groupby("patient_id").size()
    after = visits[(place > 0).fillna(False)].groupby("patient_id").size()
    return sorted({str(name) for name in before[before >= fewest_before].index} & {str(name) for name in after.index})


def wide_series(visits: pd.DataFrame, *, fewest_at_a_place: int = 2) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return scores and years since the start, one row a patient and one column a place, and how many scores were lost.

    A place that fewer patients have is left out; those are the farthest from the start.

    Examples
    --------
    >>> visits = pd.DataFrame({"patient_id": ["a", "a", "b", "b"], "place": [-1, 1, -1, 1], "score": [5, 3, 6, 4],
    ...     "days_since_start": [-100, 90, -120, 80]})
    >>> scores, years, lost = wide_series(visits)
    >>> scores.to_numpy().tolist(), lost
    ([[5.0, 3.0], [6.0, 4.0]], 0)
    """
    used = visits.dropna(subset=["place"])
    seen = used["place"].value_counts()
    kept = used[used["place"].isin(seen[seen >= fewest_at_a_place].index)]
    kept = kept.assign(years=kept["days_since_start"].astype(float) / (12 * DAYS_PER_MONTH))
    tables = (
        kept.pivot_table(index="patient_id", columns="place", values=name, aggfunc="first").astype(float)
        for name in ("score", "years")
    )
    scores, years = tables
    scores.columns = years.columns = pd.Index([str(place) for place in scores.columns])
    return scores, years, len(used) - len(kept)
