"""Cord lesions seen at a myelitis attack, and which of them the last scan before the pain score still shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from nmosd_cohort.cohort.attacks import distinct_attacks
from nmosd_cohort.cohort.lesions import covered_mri
from nmosd_cohort.cohort.segments import CERVICAL, THORACIC, in_one_system, scan_segments
from nmosd_cohort.cohort.tally import collect

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

LEVELS = {"cervical": CERVICAL, "thoracic": THORACIC}


def scan_pairs(
    registry: Registry, index: nw.LazyFrame[Any], *, onset_days: int, days_apart: int
) -> tuple[pd.DataFrame, str, dict[str, int]]:
    """Return the scan at an attack and the last scan before the pain score of each patient that has both.

    Parameters
    ----------
    registry
        Checked tables.
    index
        One row a patient with patient_id and assessment_day.
    onset_days
        The first scan was made at most so many days after the start of a myelitis attack; the earliest counts.
    days_apart
        The last scan, on or before the assessment, was made at least so many days later.

    Returns
    -------
    tuple
        One row a patient: patient_id, and for each level ``<level>``: persistent (a segment has a lesion on both
        scans), resolved (on the first only), new (on the last, at none of the first's segments) or never; then the
        level system, and the scans left out by reason.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.assessments import index_visits, visits
    >>> registry = nc.simulate(n=100, seed=1)
    >>> index = index_visits(visits(registry), needs=["pain_nrs"], min_days_after_attack=30)
    >>> pairs, system, left_out = scan_pairs(registry, index, onset_days=30, days_apart=90)
    >>> sorted(pairs["cervical"].unique())
    ['never', 'persistent', 'resolved']
    """
    before = (
        covered_mri(registry)
        .join(index.select("patient_id", "assessment_day"), on="patient_id", how="inner")
        .filter(nw.col("mri_day") <= nw.col("assessment_day"))
    )
    scans, system, left_out = in_one_system(scan_segments(registry, before), "most_used")
    attacks = distinct_attacks(registry).filter(nw.col("is_myelitis") == 1).select("patient_id", "attack_day")
    near = collect(before.join(attacks, on="patient_id", how="inner"), ["patient_id", "mri_day", "attack_day"])
    near = near[(near["mri_day"] - near["attack_day"]).between(0, onset_days)]
    first = near.groupby("patient_id")["mri_day"].min().rename("first_day").reset_index()
    last = scans.groupby("patient_id")["mri_day"].max().rename("last_day").reset_index()
    days = first.merge(last, on="patient_id")
    days = days[days["last_day"] - days["first_day"] >= days_apart]
    pairs = days.merge(scans, left_on=["patient_id", "first_day"], right_on=["patient_id", "mri_day"])
    pairs = pairs.merge(
        scans, left_on=["patient_id", "last_day"], right_on=["patient_id", "mri_day"], suffixes=("_first", "_last")
    )
    states = {level: _state(pairs, segments) for level, segments in LEVELS.items()}
    return pd.DataFrame({"patient_id": pairs["patient_id"], **states}), system, left_out


def _state(pairs: pd.DataFrame, segments: tuple[str, ...]) -> pd.Series:
    """Return what became of the lesions of one level."""
    first, last = (pairs[[f"{name}_{scan}" for name in segments]].eq(1).to_numpy() for scan in ("first", "last"))
    # A lesion elsewhere in the level on the last scan is new, even if the first has healed.
    chosen = np.select(
        [(first & last).any(axis=1), last.any(axis=1), first.any(axis=1)], ["persistent", "new", "resolved"], "never"
    )
    return pd.Series(chosen, index=pairs.index, dtype=object)
