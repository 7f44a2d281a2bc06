"""Measures of the brain from the MRI nearest to an assessment, and how long the pain of that day has lasted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from nmosd_cohort.cohort.open_pain import open_episodes
from nmosd_cohort.cohort.tally import collect, day, lazy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nmosd_cohort.intake.registry import Registry

HEAD_SIZE = "intracranial_volume"
KINDS = ("volume", "alff")


@dataclass(frozen=True, slots=True)
class BrainMeasures:
    """Measures of each patient, one unit a measure.

    Parameters
    ----------
    values
        One row a patient with a measure in the window: patient_id and one column a measure, missing where that MRI
        has none; the head size too.
    units
        Unit of each measure; empty where none is recorded.
    other_units
        Values left out because their unit is another one than that of most values of the measure, by measure.
    """

    values: pd.DataFrame
    units: Mapping[str, str]
    other_units: Mapping[str, int]


def kind_of(measure: str) -> str:
    """Return whether a measure is a ``volume`` or ``alff``; empty for the head size and anything else.

    Examples
    --------
    >>> kind_of("hippocampus_volume"), kind_of("amygdala_left_alff"), kind_of("intracranial_volume")
    ('volume', 'alff', '')
    """
    if measure == HEAD_SIZE:
        return ""
    return next((kind for kind in KINDS if measure.endswith(f"_{kind}")), "")


def measures_near(registry: Registry, index: nw.LazyFrame[Any], *, window_days: int) -> BrainMeasures:
    """Return each patient's measures from the MRI nearest to the index visit, before or after, within a window.

    The MRI is chosen for each kind by itself, since volumes and ALFF may come from different days; of two equally
    near the earlier counts. Head size is that of the MRI of the volumes.

    Parameters
    ----------
    registry
        Checked tables.
    index
        One row a patient with patient_id and assessment_day.
    window_days
        Days between MRI and visit, at most.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.assessments import index_visits, visits
    >>> registry = nc.simulate(n=60, seed=1)
    >>> index = index_visits(visits(registry), needs=["has_pain"], min_days_after_attack=30)
    >>> measures_near(registry, index, window_days=183).units["hippocampus_volume"]
    'mm3'
    """
    rows = collect(
        lazy(registry.tables["imaging"])
        .filter(nw.col("region") == "brain", ~nw.col("measure").is_null(), ~nw.col("value").is_null())
        .select("patient_id", "measure", "value", "unit", mri_day=day("mri_date"))
        .join(index.select("patient_id", "assessment_day"), on="patient_id", how="inner"),
        ["patient_id", "mri_day", "measure"],
    )
    rows["kind"] = ["volume" if name == HEAD_SIZE else kind_of(str(name)) for name in rows["measure"]]
    rows["distance"] = (rows["mri_day"] - rows["assessment_day"]).abs()
    rows = rows[(rows["kind"] != "") & (rows["distance"] <= window_days)].astype({"value": "float64"})
    rows["unit"] = rows["unit"].fillna("").astype(object)
    units = {str(name): str(part["unit"].mode().iloc[0]) for name, part in rows.groupby("measure")}
    is_other = rows["unit"] != rows["measure"].map(units)
    other = {str(name): int(n) for name, n in rows.loc[is_other, "measure"].value_counts().items()}
    rows = rows[~is_other].sort_values(["patient_id", "distance", "mri_day"], kind="stable")
    # Whose only value on that day is the head size has no volume there.
    has_structure = rows[rows["measure"] != HEAD_SIZE]
    nearest = has_structure.drop_duplicates(["patient_id", "kind"])[["patient_id", "kind", "mri_day"]]
    chosen = rows.merge(nearest, on=["patient_id", "kind", "mri_day"])
    wide = chosen.pivot_table(index="patient_id", columns="measure", values="value", aggfunc="first")
    wide = wide.astype("float64").reset_index().rename_axis(columns=None)
    if wide.empty:
        wide = pd.DataFrame({"patient_id": pd.Series(dtype="string")})
    return BrainMeasures(wide, units, other)


def pain_days(registry: Registry, index: nw.LazyFrame[Any]) -> pd.DataFrame:
    """Return days since the oldest open pain episode began, one row a patient with one; missing if one has no onset.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.assessments import index_visits, visits
    >>> registry = nc.simulate(n=60, seed=1)
    >>> index = index_visits(visits(registry), needs=["has_pain"], min_days_after_attack=30)
    >>> pain_days(registry, index).columns.tolist()
    ['patient_id', 'pain_days']
    """
    episodes = open_episodes(registry, index).join(
        index.select("patient_id", "assessment_day"), on="patient_id", how="inner"
    )
    rows = collect(
        episodes.select("patient_id", lasted=nw.col("assessment_day") - nw.col("onset_day")), ["patient_id", "lasted"]
    )
    grouped = rows.groupby("patient_id")["lasted"]
    days = grouped.max().astype("float64").where(grouped.count() == grouped.size())
    return days.rename("pain_days").reset_index()
