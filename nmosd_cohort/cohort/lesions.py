"""Spinal cord lesions of one MRI date reduced to cervical and thoracic cells, length and segments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from nmosd_cohort.codebook import SEGMENTS
from nmosd_cohort.cohort.tally import day, lazy

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

# Position of each segment from the head down. Vertebral and cord counts share names; only C8 is cord alone.
POSITION = {segment: place for place, segment in enumerate(SEGMENTS)}
C8, T1, T6, T12 = (POSITION[segment] for segment in ("C8", "T1", "T6", "T12"))
LESION_LEVELS = ("cervical_only", "thoracic_only", "both", "neither")


def _place(column: str) -> nw.Expr:
    return nw.col(column).replace_strict(list(POSITION), list(POSITION.values()), default=None, return_dtype=nw.Int64)


def _overlap(first: int, last: int) -> nw.Expr:
    """Return how many segments of a lesion lie from ``first`` to ``last``, both included."""
    top = nw.max_horizontal(nw.col("top"), nw.lit(first))
    bottom = nw.min_horizontal(nw.col("bottom"), nw.lit(last))
    return nw.max_horizontal(bottom - top + 1, nw.lit(0)).cast(nw.Int64)


def lesions_by_mri(registry: Registry) -> nw.LazyFrame[Any]:
    """One row a spinal MRI of one patient: which levels have a lesion, and how many segments are affected.

    Lengths count segments, both ends included. By cord segments C7 to T1 is three; by vertebral bodies
    (level_system ``vertebral``) there is no C8, so it is two. Two lesions stay two: the gap is not counted.

    Returns
    -------
    narwhals.LazyFrame
        patient_id, mri_day, cervical_segments, thoracic_segments, upper_thoracic_segments (T1 to T6),
        lesion_segments, all above 0 or 0; is_readable, 0 where the segments of a lesion are missing or in the
        wrong order, else 1.
    """
    lesions = lazy(registry.tables["lesions"]).select(
        "patient_id",
        "level_system",
        mri_day=day("mri_date"),
        top=_place("upper_segment"),
        bottom=_place("lower_segment"),
    )
    crosses_c8 = (
        (nw.col("level_system") == "vertebral").fill_null(False) & (nw.col("top") < C8) & (nw.col("bottom") > C8)
    )
    phantom = nw.when(crosses_c8).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)
    segments = lesions.with_columns(
        phantom=phantom,
        cervical_segments=_overlap(0, C8),
        thoracic_segments=_overlap(T1, T12),
        upper_thoracic_segments=_overlap(T1, T6),
        lesion_segments=_overlap(0, len(SEGMENTS) - 1),
    ).with_columns(
        cervical_segments=nw.col("cervical_segments") - nw.col("phantom"),
        lesion_segments=nw.col("lesion_segments") - nw.col("phantom"),
    )
    counted = ("cervical_segments", "thoracic_segments", "upper_thoracic_segments", "lesion_segments")
    # Segments in the wrong order, or missing, leave the whole MRI unread rather than free of that lesion.
    is_readable = (nw.col("top") <= nw.col("bottom")).fill_null(False)
    return (
        segments.with_columns(is_readable=is_readable.cast(nw.Int64))
        .group_by("patient_id", "mri_day")
        .agg(*(nw.col(name).sum() for name in counted), nw.col("is_readable").min())
        .select("patient_id", "mri_day", *(nw.col(name).cast(nw.Int64) for name in (*counted, "is_readable")))
    )


def covered_mri(registry: Registry) -> nw.LazyFrame[Any]:
    """One row an MRI that covered both the cervical and the thoracic cord: patient_id, mri_day."""
    regions = lazy(registry.tables["imaging"]).select("patient_id", "region", mri_day=day("mri_date"))
    whole = (nw.col("region") == "whole_cord").cast(nw.Int64)
    cover = regions.with_columns(
        cervical=(nw.col("region") == "cervical_cord").cast(nw.Int64) + whole,
        thoracic=(nw.col("region") == "thoracic_cord").cast(nw.Int64) + whole,
    )
    best = cover.group_by("patient_id", "mri_day").agg(nw.col("cervical").max(), nw.col("thoracic").max())
    return best.filter((nw.col("cervical") > 0) & (nw.col("thoracic") > 0)).select("patient_id", "mri_day")


def last_covered_mri(registry: Registry, index: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row a patient: patient_id and mri_day of the last MRI of both levels on or before the index visit."""
    before = (
        covered_mri(registry)
        .join(index.select("patient_id", "assessment_day"), on="patient_id", how="inner")
        .filter(nw.col("mri_day") <= nw.col("assessment_day"))
    )
    return before.filter(nw.col("mri_day") == nw.col("mri_day").max().over("patient_id")).select(
        "patient_id", "mri_day"
    )


def lesion_cells(registry: Registry, index: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row a patient with a spinal MRI of both levels on or before the index visit: the four cells and length.

    The last such MRI counts. A patient whose MRI did not cover both levels is unknown, not free of lesions,
    and is absent here.

    Parameters
    ----------
    registry
        Checked tables.
    index
        One row a patient with patient_id and assessment_day.

    Returns
    -------
    narwhals.LazyFrame
        patient_id, lesion_level (cervical_only, thoracic_only, both, neither), cervical and thoracic (1 or 0),
        lesion_segments, upper_thoracic_segments.
    """
    last = last_covered_mri(registry, index)
    found = last.join(lesions_by_mri(registry), on=["patient_id", "mri_day"], how="left")
    found = found.filter(nw.col("is_readable").fill_null(1).cast(nw.Int64) == 1)
    counted = ("cervical_segments", "thoracic_segments", "upper_thoracic_segments", "lesion_segments")
    filled = found.with_columns(*(nw.col(name).fill_null(0).cast(nw.Int64) for name in counted))
    cervical, thoracic = nw.col("cervical_segments") > 0, nw.col("thoracic_segments") > 0
    level = (
        nw.when(cervical & thoracic)
        .then(nw.lit("both"))
        .when(cervical)
        .then(nw.lit("cervical_only"))
        .when(thoracic)
        .then(nw.lit("thoracic_only"))
        .otherwise(nw.lit("neither"))
    )
    return filled.select(
        *("patient_id", "lesion_segments", "upper_thoracic_segments"),
        lesion_level=level,
        cervical=cervical.cast(nw.Int64),
        thoracic=thoracic.cast(nw.Int64),
    )
