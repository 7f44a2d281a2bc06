"""Segments of the cord that have a lesion on an MRI, C1 to conus, in one level system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from nmosd_cohort.codebook import SEGMENTS
from nmosd_cohort.cohort.lesions import POSITION
from nmosd_cohort.cohort.tally import collect, day, lazy

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

SYSTEMS = ("cord", "vertebral", "not_recorded")
BELOW_THORACIC = SEGMENTS[POSITION["T12"] + 1 :]
CERVICAL = SEGMENTS[: POSITION["C8"] + 1]
THORACIC = SEGMENTS[POSITION["T1"] : POSITION["T12"] + 1]


def scan_segments(registry: Registry, scans: nw.LazyFrame[Any]) -> pd.DataFrame:
    """Return which segments have a lesion on each MRI that covered the cervical and the thoracic cord.

    Parameters
    ----------
    registry
        Checked tables.
    scans
        One row an MRI of both levels: patient_id, mri_day, as from ``cohort.lesions``.

    Returns
    -------
    pandas.DataFrame
        One row an MRI: patient_id, mri_day; system (cord, vertebral, not_recorded, ``mixed`` where its lesions
        differ in it, empty without a lesion); is_readable (false where a lesion lacks a segment or has them in the
        wrong order); and one column for each of SEGMENTS: 1 with and 0 without a lesion. L1 to conus are missing
        where the MRI did not cover the whole cord and shows no lesion there; C8 where segments are vertebral, as
        there is none.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.lesions import covered_mri
    >>> registry = nc.simulate(n=40, seed=1)
    >>> set(scan_segments(registry, covered_mri(registry))["system"]) == {"cord", ""}
    True
    """
    scans = scans.select("patient_id", "mri_day")
    whole = (
        lazy(registry.tables["imaging"])
        .filter(nw.col("region") == "whole_cord")
        .select("patient_id", mri_day=day("mri_date"), is_whole=nw.lit(1).cast(nw.Int64))
        .unique()
    )
    seen = collect(scans.join(whole, on=["patient_id", "mri_day"], how="left"), ["patient_id", "mri_day"])
    lesions = collect(
        lazy(registry.tables["lesions"])
        .select("patient_id", "level_system", "upper_segment", "lower_segment", mri_day=day("mri_date"))
        .join(scans, on=["patient_id", "mri_day"], how="inner"),
        ["patient_id", "mri_day", "upper_segment", "lower_segment"],
    )
    keys = ["patient_id", "mri_day"]
    place = pd.MultiIndex.from_frame(seen[keys]).get_indexer(pd.MultiIndex.from_frame(lesions[keys]))
    top, bottom = (
        lesions[name].map(POSITION).astype("float64").to_numpy() for name in ("upper_segment", "lower_segment")
    )
    is_read = top <= bottom
    flags = np.zeros((len(seen), len(SEGMENTS)))
    for position in range(len(SEGMENTS)):
        hit = is_read & (top <= position) & (position <= bottom)
        flags[place[hit], position] = 1
    readable = np.ones(len(seen), dtype=bool)
    readable[place[~is_read]] = False
    system = _systems(lesions["level_system"], place, len(seen))
    return pd.concat([seen[keys].assign(system=system, is_readable=readable), _known(flags, seen, system)], axis=1)


def _systems(level_system: pd.Series, place: np.ndarray, size: int) -> np.ndarray:
    """Return the level system of each MRI."""
    named = level_system.astype(object).where(level_system.notna(), "not_recorded").to_numpy()
    system = np.full(size, "", dtype=object)
    for at, name in zip(place, named, strict=True):
        system[at] = name if system[at] in ("", name) else "mixed"
    return system


def _known(flags: np.ndarray, seen: pd.DataFrame, system: np.ndarray) -> pd.DataFrame:
    """Return the flags with missing where the MRI cannot tell."""
    known = pd.DataFrame(flags, columns=list(SEGMENTS), index=seen.index)
    is_whole = seen["is_whole"].fillna(0).astype(int).eq(1).to_numpy()
    for name in BELOW_THORACIC:
        known[name] = known[name].where(is_whole | known[name].eq(1).to_numpy())
    known["C8"] = known["C8"].where(system != "vertebral")
    return known


def in_one_system(scans: pd.DataFrame, system: str) -> tuple[pd.DataFrame, str, dict[str, int]]:
    """Return the MRIs that one level system can describe, that system, and how many were left out for each reason.

    MRIs without a lesion fit every system. ``most_used`` takes the system of most MRIs with lesions.

    Examples
    --------
    >>> scans = pd.DataFrame({"system": ["cord", "", "vertebral", "cord"], "is_readable": [True, True, True, False]})
    >>> kept, system, left_out = in_one_system(scans, "most_used")
    >>> len(kept), system, left_out
    (2, 'cord', {'segments missing or in the wrong order': 1, 'lesions counted by vertebral segments': 1})
    """
    left_out: dict[str, int] = {}
    if unread := int((~scans["is_readable"]).sum()):
        left_out["segments missing or in the wrong order"] = unread
    readable = scans[scans["is_readable"]]
    used = readable.loc[readable["system"].isin(SYSTEMS), "system"].value_counts()
    if system == "most_used":
        system = max(SYSTEMS, key=lambda name: int(used.get(name, 0)))
    other = readable.loc[~readable["system"].isin(("", system)), "system"].value_counts().sort_index()
    left_out |= {f"lesions counted by {name} segments": int(n) for name, n in other.items()}
    return readable[readable["system"].isin(("", system))].reset_index(drop=True), system, left_out
