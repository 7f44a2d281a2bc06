"""What heralded each attack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw
import pandas as pd

from nmosd_cohort.cohort.attacks import distinct_attacks
from nmosd_cohort.cohort.open_pain import joined_codes
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect, day, lazy

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

PAIN_SIGN = "new_or_worse_pain"
SEVERAL = "mixed"


def heralded_attacks(registry: Registry, *, diagnosis: str = "nmosd") -> pd.DataFrame:
    """One row an attack of an eligible patient: its type, and whether new or worse pain was among its first signs.

    Entries that follow each other by fewer than 30 days are one attack, with the types and signs of all of them.

    Parameters
    ----------
    registry
        Checked tables.
    diagnosis
        Code of patients.diagnosis.

    Returns
    -------
    DataFrame
        patient_id, attack_day; attack_type (one syndrome, ``mixed`` for several, missing where no entry names one);
        is_heralded (missing where no entry has first signs).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> heralded_attacks(nc.simulate(n=40, seed=1)).columns.tolist()
    ['patient_id', 'attack_day', 'attack_type', 'is_heralded']
    """
    patients = eligible(select_patients(registry, diagnosis=diagnosis)).select("patient_id")
    attacks = distinct_attacks(registry).select("patient_id", "attack_day", "last_entry_day")
    entries = lazy(registry.tables["attacks"]).select(
        "patient_id", "attack_type", "first_signs", entry_day=day("attack_date")
    )
    of_attack = (nw.col("entry_day") >= nw.col("attack_day")) & (nw.col("entry_day") <= nw.col("last_entry_day"))
    joined = attacks.join(patients, on="patient_id", how="inner").join(entries, on="patient_id", how="inner")
    rows = collect(joined.filter(of_attack), ["patient_id", "attack_day", "entry_day"])
    keys = list(zip(rows["patient_id"], rows["attack_day"], strict=True))
    types, signs = joined_codes(keys, rows["attack_type"]), joined_codes(keys, rows["first_signs"])
    found = pd.DataFrame(list(types), columns=["patient_id", "attack_day"])
    kind = pd.Series(list(types.values()), dtype="string")
    told = pd.Series(list(signs.values()), dtype="string")
    found["attack_type"] = kind.mask(kind.str.contains(";", regex=False), SEVERAL).mask(kind == "")
    found["is_heralded"] = told.str.split(";").map(lambda each: PAIN_SIGN in each).astype("boolean").mask(told == "")
    return found
