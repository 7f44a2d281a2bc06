"""Cord MRIs judged against the last one before: stable, or a new lesion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from nmosd_cohort.cohort.lesions import POSITION
from nmosd_cohort.cohort.tally import collect, day, lazy

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

CORD_REGIONS = ("cervical_cord", "thoracic_cord", "whole_cord")
KEY = ["patient_id", "mri_day"]


def judged_mri(registry: Registry) -> pd.DataFrame:
    """One row a cord MRI that could be judged, with ``mri``: stable or new_lesion.

    New is a lesion with a segment that no lesion of the last cord MRI before had. An MRI without any lesion has none
    that is new. Not judged, and absent here: the first cord MRI with a lesion, one with a lesion whose segments
    cannot be read (on it or on the one before), and one that covered more of the cord than the one before and has a
    lesion that was not there.

    Returns
    -------
    pandas.DataFrame
        patient_id, mri_day, mri.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> set(judged_mri(nc.simulate(n=200, seed=1))["mri"]) <= {"stable", "new_lesion"}
    True
    """
    scans = _scans(registry)
    earlier = scans.groupby("patient_id")[["segments", "readable", "covered"]].shift(1)
    rows = []
    for patient, mri_day, now, before in zip(
        scans["patient_id"],
        scans["mri_day"],
        scans[["segments", "readable", "covered"]].itertuples(index=False, name=None),
        earlier.itertuples(index=False, name=None),
        strict=True,
    ):
        judgement = _judgement(now, before)
        if judgement:
            rows.append((patient, mri_day, judgement))
    judged = pd.DataFrame(rows, columns=[*KEY, "mri"])
    return judged.astype({"patient_id": "string", "mri_day": "Int64", "mri": "string"})


Scan = tuple[frozenset[int], bool, frozenset[str]]


def _judgement(now: Scan, before: Scan | tuple[float, float, float]) -> str:
    segments, readable, covered = now
    if not readable:
        return ""
    if not segments:
        return "stable"
    earlier, was_readable, was_covered = before
    if not isinstance(earlier, frozenset) or not isinstance(was_covered, frozenset) or not was_readable:
        return ""
    if segments <= earlier:
        return "stable"
    return "new_lesion" if covered <= was_covered else ""


def _scans(registry: Registry) -> pd.DataFrame:
    """One row a cord MRI, in order: the segments with a lesion, whether all could be read, the levels covered."""
    regions = lazy(registry.tables["imaging"]).select("patient_id", "region", mri_day=day("mri_date")).unique()
    scanned = collect(regions, [*KEY, "region"])
    scanned = scanned[scanned["region"].isin(CORD_REGIONS)]
    covered = scanned.groupby(KEY)["region"].agg(_levels).reset_index(name="covered")
    columns = ("patient_id", "upper_segment", "lower_segment")
    lesions = collect(
        lazy(registry.tables["lesions"]).select(*columns, mri_day=day("mri_date")), [*KEY, *columns[1:]]
    ).dropna(subset=["mri_day"])
    top, bottom = (lesions[name].map(POSITION) for name in columns[1:])
    readable = (top <= bottom).fillna(False).astype(bool)
    lesions = lesions.assign(readable=readable, segments=_column(_spans(top, bottom, readable), lesions.index))
    found = lesions.groupby(KEY).agg(segments=("segments", _union), readable=("readable", "min")).reset_index()
    scans = covered.merge(found, on=KEY, how="left").sort_values(KEY, ignore_index=True)
    shown = [part if isinstance(part, frozenset) else frozenset() for part in scans["segments"]]
    scans["segments"] = _column(shown, scans.index)
    scans["readable"] = scans["readable"].ne(False)  # without any lesion there is nothing to misread
    return scans


def _levels(regions: pd.Series[Any]) -> frozenset[str]:
    return frozenset(("cervical_cord", "thoracic_cord") if "whole_cord" in set(regions) else regions)


def _column(sets: list[frozenset[int]], index: pd.Index[Any]) -> pd.Series[Any]:
    return pd.Series(sets, index=index, dtype="object")


def _spans(top: pd.Series[Any], bottom: pd.Series[Any], readable: pd.Series[Any]) -> list[frozenset[int]]:
    return [
        frozenset(range(int(first), int(last) + 1)) if is_readable else frozenset()
        for first, last, is_readable in zip(top, bottom, readable, strict=True)
    ]


def _union(parts: pd.Series[Any]) -> frozenset[int]:
    return frozenset().union(*parts)
