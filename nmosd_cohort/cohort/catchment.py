"""Cases of the disease with the dates that count them: diagnosis or onset, death, birth, last contact."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nmosd_cohort.codebook import DAYS_PER_YEAR
from nmosd_cohort.codebook.catchment import ALL_AGES, age_limits
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect, day, lazy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nmosd_cohort.intake.registry import Registry

EPOCH = date(1970, 1, 1)


def case_rows(registry: Registry, *, case_date: str, diagnosis: str) -> pd.DataFrame:
    """One row an eligible patient: case_day, year of it, death_day, last_contact_day and age_years_at_case.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> rows = case_rows(nc.simulate(n=30, seed=1), case_date="onset_date", diagnosis="nmosd")
    >>> len(rows), int(rows["year"].isna().sum())
    (30, 0)
    """
    patients = eligible(select_patients(registry, diagnosis=diagnosis)).select(
        "patient_id", "birth_day", "entry_day", "age_at_entry_years", "last_contact_day"
    )
    days = lazy(registry.tables["patients"]).select("patient_id", case_day=day(case_date), death_day=day("death_date"))
    rows = collect(patients.join(days, on="patient_id", how="left"), ["patient_id"])
    year = [pd.NA if pd.isna(value) else calendar_year(int(value)) for value in rows["case_day"]]
    return rows.assign(year=pd.array(year, dtype="Int64"), age_years_at_case=age_at(rows, rows["case_day"]))


def age_at(rows: pd.DataFrame, days: pd.Series[int] | int) -> pd.Series[int]:
    """Return the age in completed years at a day, missing where neither birth nor age at entry is known.

    Examples
    --------
    >>> rows = pd.DataFrame({"birth_day": [0, None], "entry_day": [None, None], "age_at_entry_years": [None, None]})
    >>> age_at(rows.astype("Int64"), 365 * 30 + 8).tolist()
    [30, <NA>]
    """
    by_birth = (days - rows["birth_day"]) / DAYS_PER_YEAR
    by_entry = rows["age_at_entry_years"] + (days - rows["entry_day"]) / DAYS_PER_YEAR
    age = by_birth.astype("Float64").fillna(by_entry.astype("Float64"))
    known = np.floor(age.to_numpy(dtype=float, na_value=np.nan))
    return pd.Series(known, index=rows.index).clip(lower=0).astype("Int64")


def calendar_year(day_number: int) -> int:
    """Return the calendar year of a day counted from 1970-01-01.

    Examples
    --------
    >>> calendar_year(0), calendar_year(-1)
    (1970, 1969)
    """
    return date.fromordinal(day_number + EPOCH.toordinal()).year


def day_number(year: int, month: int, day_of_month: int) -> int:
    """Return a date as days since 1970-01-01.

    Examples
    --------
    >>> day_number(1970, 1, 2)
    1
    """
    return date(year, month, day_of_month).toordinal() - EPOCH.toordinal()


def age_groups(ages: pd.Series[int], labels: Iterable[str]) -> pd.Series[str]:
    """Return the group of each age, missing where the age is unknown or in no group.

    Examples
    --------
    >>> age_groups(pd.Series([3, 70, None], dtype="Int64"), ["0-17", "18+"]).tolist()
    ['0-17', '18+', <NA>]
    """
    grouped = pd.Series(pd.NA, index=ages.index, dtype="string")
    for label in labels:
        low, high = (0, np.inf) if label == ALL_AGES else age_limits(label)
        grouped[ages.between(low, high).fillna(False).astype(bool)] = label
    return grouped
