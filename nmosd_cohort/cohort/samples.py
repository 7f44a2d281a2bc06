"""Laboratory samples beside assessments: one pair a patient, specimens and units never mixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from nmosd_cohort.cohort.assessments import in_remission
from nmosd_cohort.cohort.attacks import distinct_attacks
from nmosd_cohort.cohort.tally import collect, day, lazy, tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nmosd_cohort.intake.registry import Registry

NOT_RECORDED = "not recorded"
STRATUM = ("analyte", "specimen", "unit")


def sample_strata(registry: Registry, patients: nw.LazyFrame[Any]) -> pd.DataFrame:
    """One row an analyte in one specimen and unit: how many of the patients have a value (``n``).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.selection import eligible, select_patients
    >>> registry = nc.simulate(n=60, seed=1)
    >>> sample_strata(registry, eligible(select_patients(registry)))["analyte"].tolist()
    ['c5a', 'il6']
    """
    rows = _samples(registry).join(patients.select("patient_id"), on="patient_id", how="inner")
    return tally(rows.select("patient_id", *STRATUM).unique(), list(STRATUM))


def _samples(registry: Registry) -> nw.LazyFrame[Any]:
    """One row a laboratory value with a date and a value."""
    labs = lazy(registry.tables["labs"]).filter(~nw.col("value").is_null(), ~nw.col("sample_date").is_null())
    return labs.select(
        "patient_id",
        "value",
        "limit_operator",
        analyte=nw.col("analyte").str.to_lowercase(),
        specimen=nw.col("specimen").fill_null(NOT_RECORDED),
        unit=nw.col("unit").fill_null(NOT_RECORDED),
        sample_day=day("sample_date"),
    )


def paired_samples(
    registry: Registry,
    frame: nw.LazyFrame[Any],
    *,
    stratum: tuple[str, str, str],
    window_days: int,
    min_days_after_attack: int,
) -> pd.DataFrame:
    """One row an assessment with a sample near it, and the nearest sample, in the order of patient and day.

    Parameters
    ----------
    registry
        Checked tables.
    frame
        From ``visits``.
    stratum
        Analyte, specimen and unit.
    window_days
        Most days between assessment and sample, on either side.
    min_days_after_attack
        An assessment, or sample, nearer than this to the start of the last attack is not in remission.

    Returns
    -------
    DataFrame
        The columns of ``frame``, value, censoring (-1 below the limit, 1 above, 0 measured), sample_day, is_calm
        (neither lies in an attack). Of two samples equally near the earlier counts; of two on one day the lower
        value.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.assessments import visits
    >>> registry = nc.simulate(n=60, seed=1)
    >>> pairs = paired_samples(registry, visits(registry), stratum=("c5a", "plasma", "ng/mL"), window_days=30,
    ...                        min_days_after_attack=30)
    >>> bool(last_pairs(pairs, needs=["has_pain"])["patient_id"].is_unique)
    True
    """
    chosen = _samples(registry).filter(*(nw.col(name) == wanted for name, wanted in zip(STRATUM, stratum, strict=True)))
    attacked = _drawn_in_attack(registry, chosen, min_days_after_attack)
    pairs = frame.join(chosen, on="patient_id", how="inner").join(attacked, on=["patient_id", "sample_day"], how="left")
    distance = (nw.col("sample_day") - nw.col("assessment_day")).abs()
    pairs = pairs.filter(distance <= window_days).with_columns(
        is_calm=in_remission(min_days_after_attack) & nw.col("in_attack").is_null(),
        censoring=nw.when(nw.col("limit_operator") == "below")
        .then(nw.lit(-1))
        .when(nw.col("limit_operator") == "above")
        .then(nw.lit(1))
        .otherwise(nw.lit(0)),
        distance=distance,
    )
    rows = collect(pairs, ["patient_id", "assessment_day", "distance", "sample_day", "value"])
    nearest = rows.drop_duplicates(["patient_id", "assessment_day"], keep="first")
    return nearest.assign(is_calm=nearest["is_calm"].fillna(True).astype(bool)).reset_index(drop=True)


def last_pairs(pairs: pd.DataFrame, *, needs: Sequence[str], is_calm: bool = True) -> pd.DataFrame:
    """One row a patient: the last pair of ``paired_samples`` in remission (or in an attack) with all of ``needs``.

    Examples
    --------
    >>> import pandas as pd
    >>> pairs = pd.DataFrame({"patient_id": ["1", "1"], "is_calm": [True, True], "hads_a": [7, None]})
    >>> last_pairs(pairs, needs=["hads_a"])["hads_a"].tolist()
    [7.0]
    """
    chosen = pairs[pairs["is_calm"] == is_calm].dropna(subset=list(needs))
    return chosen.drop_duplicates("patient_id", keep="last").reset_index(drop=True)


def _drawn_in_attack(registry: Registry, samples: nw.LazyFrame[Any], days: int) -> nw.LazyFrame[Any]:
    """One row a patient and day with a sample drawn in the days after the start of an attack."""
    pairs = samples.select("patient_id", "sample_day").join(distinct_attacks(registry), on="patient_id", how="inner")
    since = nw.col("sample_day") - nw.col("attack_day")
    hit = pairs.filter((since >= 0) & (since < days)).select("patient_id", "sample_day").unique()
    return hit.with_columns(in_attack=nw.lit(1))


def with_scores(registry: Registry, frame: nw.LazyFrame[Any], names: Sequence[str]) -> nw.LazyFrame[Any]:
    """One row an assessment of ``frame``, with those scores of the assessments table that it lacks.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.assessments import visits
    >>> registry = nc.simulate(n=30, seed=1)
    >>> "eq_vas" in with_scores(registry, visits(registry), ["eq_vas"]).collect_schema().names()
    True
    """
    lacking = [name for name in names if name not in frame.collect_schema().names()]
    if not lacking:
        return frame
    scores = lazy(registry.tables["assessments"]).select("patient_id", *lacking, assessment_day=day("assessment_date"))
    return frame.join(scores, on=["patient_id", "assessment_day"], how="left")
