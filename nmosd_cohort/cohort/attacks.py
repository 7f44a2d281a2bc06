"""Attacks: entries of one attack joined, history up to a day, and person-time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from nmosd_cohort.cohort.remember import remembered
from nmosd_cohort.cohort.tally import day, lazy

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

ATTACK_GAP_DAYS = 30
ATTACK_COLUMNS = ("attack_day", "last_entry_day", "is_myelitis")


@remembered
def distinct_attacks(registry: Registry, *, gap_days: int = ATTACK_GAP_DAYS) -> nw.LazyFrame[Any]:
    """One row an attack: entries of one patient that follow each other by fewer than ``gap_days`` are one attack.

    Registries often hold the same attack twice, some days apart; a new attack is one that begins at
    least ``gap_days`` after the entry before it.

    Returns
    -------
    narwhals.LazyFrame
        patient_id, attack_day (first entry), last_entry_day, is_myelitis (1, 0, or missing where no entry names
        a type).
    """
    entries = (
        lazy(registry.tables["attacks"])
        .select("patient_id", attack_day=day("attack_date"), type="attack_type")
        .with_columns(previous_day=nw.col("attack_day").shift(1).over("patient_id", order_by="attack_day"))
        .with_columns(
            is_new=nw.when((nw.col("attack_day") - nw.col("previous_day")) < gap_days)
            .then(nw.lit(0))
            .otherwise(nw.lit(1))
            .cast(nw.Int64),
            is_myelitis=nw.col("type").str.contains("myelitis", literal=True).cast(nw.Int64),
        )
        .with_columns(attack_number=nw.col("is_new").cum_sum().over("patient_id", order_by="attack_day").cast(nw.Int64))
    )
    return (
        entries.group_by("patient_id", "attack_number")
        .agg(
            nw.col("attack_day").min(), nw.col("attack_day").max().alias("last_entry_day"), nw.col("is_myelitis").max()
        )
        .select("patient_id", *(nw.col(name).cast(nw.Int64) for name in ATTACK_COLUMNS))
    )


def attack_history(visits: nw.LazyFrame[Any], attacks: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row a visit that some attack precedes: attacks and myelitis attacks so far, and the day of the last entry.

    Attacks of myelitis are unknown where an attack so far has no type.

    Parameters
    ----------
    visits
        Must hold patient_id and assessment_day, unique together.
    attacks
        From ``distinct_attacks``.

    Returns
    -------
    narwhals.LazyFrame
        patient_id, assessment_day, attacks_so_far, myelitis_attacks_so_far, last_attack_day.
    """
    typed = attacks.with_columns(is_untyped=nw.col("is_myelitis").is_null().cast(nw.Int64))
    pairs = visits.select("patient_id", "assessment_day").join(typed, on="patient_id", how="inner")
    return (
        pairs.filter(nw.col("attack_day") <= nw.col("assessment_day"))
        .group_by("patient_id", "assessment_day")
        .agg(
            nw.len().alias("attacks_so_far"),
            nw.col("is_myelitis").sum().alias("myelitis_attacks_so_far"),
            nw.col("is_untyped").sum(),
            nw.col("last_entry_day").max().alias("last_attack_day"),
        )
        .with_columns(
            myelitis_attacks_so_far=nw.when(nw.col("is_untyped") == 0).then(nw.col("myelitis_attacks_so_far"))
        )
        .select(
            "patient_id",
            "assessment_day",
            *(nw.col(name).cast(nw.Int64) for name in ("attacks_so_far", "myelitis_attacks_so_far", "last_attack_day")),
        )
    )
