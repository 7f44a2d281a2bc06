"""What may predict pain or quality of life: spinal onset, lesion length and further scores beside the visit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from nmosd_cohort.cohort.lesions import lesion_cells
from nmosd_cohort.cohort.tally import day, lazy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.intake.registry import Registry


def with_scores(registry: Registry, frame: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """Return the visits with further columns of the assessments table.

    Parameters
    ----------
    registry
        Checked tables.
    frame
        From ``visits``; columns that it has already are left as they are.
    names
        Variables of the assessments table.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.assessments import visits
    >>> registry = nc.simulate(n=20, seed=1)
    >>> frame = with_scores(registry, visits(registry), ["edss_visual", "pain_nrs"])
    >>> "edss_visual" in frame.collect_schema().names()
    True
    """
    known = frame.collect_schema().names()
    absent = [name for name in names if name not in known]
    if not absent:
        return frame
    scores = lazy(registry.tables["assessments"]).select("patient_id", *absent, assessment_day=day("assessment_date"))
    return frame.join(scores, on=["patient_id", "assessment_day"], how="left")


def spinal_onset(registry: Registry) -> nw.LazyFrame[Any]:
    """One row a patient whose first syndrome tells whether the cord was in it: patient_id, spinal_onset (1 or 0).

    Myelitis is 1; a mixed onset is 1 if the first attack on record names myelitis, 0 if it names other types
    alone, and otherwise unknown, which leaves the patient out of this frame.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> spinal_onset(nc.simulate(n=20, seed=1)).collect_schema().names()
    ['patient_id', 'spinal_onset']
    """
    attacks = lazy(registry.tables["attacks"]).select("patient_id", "attack_type", attack_day=day("attack_date"))
    first = attacks.filter(nw.col("attack_day") == nw.col("attack_day").min().over("patient_id"))
    named = first.with_columns(is_myelitis=nw.col("attack_type").str.contains("myelitis", literal=True).cast(nw.Int64))
    # A first attack without a type makes the sum unknown unless another entry of that day names myelitis.
    by_attack = (
        named.with_columns(is_untyped=nw.col("attack_type").is_null().cast(nw.Int64))
        .group_by("patient_id")
        .agg(nw.col("is_myelitis").max(), nw.col("is_untyped").max())
    )
    is_told = ((nw.col("is_myelitis") == 1) | (nw.col("is_untyped") == 0)).fill_null(False)
    is_mixed = (nw.col("onset_phenotype") == "mixed").fill_null(False)
    by_phenotype = (nw.col("onset_phenotype") == "myelitis").cast(nw.Int64)
    patients = lazy(registry.tables["patients"]).select("patient_id", "onset_phenotype")
    joined = patients.join(by_attack, on="patient_id", how="left")
    found = joined.select(
        "patient_id",
        spinal_onset=nw.coalesce(
            nw.when(~is_mixed).then(by_phenotype), nw.when(is_mixed & is_told).then(nw.col("is_myelitis"))
        ),
    )
    return found.filter(~nw.col("spinal_onset").is_null())


def with_predictors(registry: Registry, index: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the index visits with spinal_onset and lesion_segments; unknown where they are unknown.

    Parameters
    ----------
    registry
        Checked tables.
    index
        One row a patient, from ``index_visits``.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.assessments import index_visits, visits
    >>> registry = nc.simulate(n=20, seed=1)
    >>> index = index_visits(visits(registry), needs=["pain_group"], min_days_after_attack=30)
    >>> "lesion_segments" in with_predictors(registry, index).collect_schema().names()
    True
    """
    lesions = lesion_cells(registry, index).select("patient_id", "lesion_segments")
    return index.join(spinal_onset(registry), on="patient_id", how="left").join(lesions, on="patient_id", how="left")
