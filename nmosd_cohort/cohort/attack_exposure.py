"""Attacks and time at risk of those who started a treatment: before, after, and until the first attack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from nmosd_cohort.codebook import DAYS_PER_YEAR
from nmosd_cohort.cohort.attacks import distinct_attacks
from nmosd_cohort.cohort.patient_frame import SEROSTATUS_CODES, Serostatus
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect, day, lazy
from nmosd_cohort.cohort.treatment import DAYS_PER_MONTH

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

GAP_DAYS = 90  # a pause of a treatment shorter than this is no stop
TRIGGER_DAYS = 90  # an attack this near before the start is taken as what led to it
NUMBERS = ("start_day", "stop_day", "end_day", "observed_from_day", "death_day")


def treated_patients(
    registry: Registry,
    *,
    drug: str | None = None,
    drug_class: str | None = None,
    diagnosis: str = "nmosd",
    serostatus: Serostatus = "any",
) -> pd.DataFrame:
    """One row an eligible patient who ever had the drug, or any of the class, from its first known start.

    Parameters
    ----------
    drug
        As in treatments.drug; capital letters do not matter.
    drug_class
        Code of treatments.drug_class; give one of the two.
    serostatus
        ``aqp4_positive`` or ``aqp4_negative`` leaves out those of the other and of unknown status; ``any`` nobody.

    Returns
    -------
    DataFrame
        patient_id; start_day (first known); stop_day (last day of use without a pause of 90 days or more, missing
        where it is not known to have stopped); end_day (death or last contact, whichever comes first, missing where
        neither is known); observed_from_day (disease onset, else entry); death_day; age_years (at the start);
        is_aqp4_positive. Days since 1970-01-01, as floats; NaN where not known.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> people = treated_patients(nc.simulate(n=200, seed=1), drug="tocilizumab")
    >>> bool((people["end_day"] >= people["start_day"]).all())
    True
    """
    chosen = (
        nw.col("drug_class") == drug_class
        if drug is None
        else nw.col("drug").str.to_lowercase() == str(drug).strip().lower()
    )
    courses = lazy(registry.tables["treatments"]).filter(chosen)
    spans = collect(
        courses.select("patient_id", start_day=day("start_date"), stop_day=day("stop_date")), ["patient_id"]
    )
    deaths = lazy(registry.tables["patients"]).select("patient_id", death_day=day("death_date"))
    patients = eligible(select_patients(registry, diagnosis=diagnosis)).join(deaths, on="patient_id", how="left")
    if serostatus != "any":
        patients = patients.filter(nw.col("aqp4_status") == SEROSTATUS_CODES[serostatus])
    wanted = ("onset_day", "entry_day", "last_contact_day", "death_day", "birth_day")
    known = collect(patients.select("patient_id", "is_aqp4_positive", "age_at_entry_years", *wanted), ["patient_id"])
    known[list(wanted)] = known[list(wanted)].astype(float)
    known["end_day"] = known[["last_contact_day", "death_day"]].min(axis=1)
    known["observed_from_day"] = known["onset_day"].fillna(known["entry_day"])
    people = _uses(spans).merge(known, on="patient_id", how="inner")
    by_birth = (people["start_day"] - people["birth_day"]) / DAYS_PER_YEAR
    since_entry = ((people["start_day"] - people["entry_day"]) / DAYS_PER_YEAR).fillna(0)
    people["age_years"] = by_birth.fillna(people["age_at_entry_years"].astype(float) + since_entry)
    return people[["patient_id", *NUMBERS, "age_years", "is_aqp4_positive"]].reset_index(drop=True)


def _uses(spans: pd.DataFrame) -> pd.DataFrame:
    """One row a patient: the first known start, and the stop of the use that began then."""
    spans = spans.astype({"start_day": float, "stop_day": float}).sort_values(["patient_id", "start_day"])
    rows = []
    for patient, courses in spans.groupby("patient_id", sort=True):
        dated = courses.dropna(subset=["start_day"])
        stop = float("nan")
        for place, (start, last) in enumerate(zip(dated["start_day"], dated["stop_day"], strict=True)):
            if place and start >= stop + GAP_DAYS:
                break
            stop = last if place == 0 else max(stop, last)
            if pd.isna(last):
                stop = last
                break
        rows.append((patient, dated["start_day"].min() if len(dated) else float("nan"), stop))
    made = pd.DataFrame(rows, columns=["patient_id", "start_day", "stop_day"])
    return made.astype({"patient_id": spans["patient_id"].dtype, "start_day": float, "stop_day": float})


def has_dated_attacks(registry: Registry) -> bool:
    """Return whether any attack of the registry has a date; without, nobody is known to have had, or not had, one.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> has_dated_attacks(nc.simulate(n=20, seed=1))
    True
    """
    dated = lazy(registry.tables["attacks"]).filter(~nw.col("attack_date").is_null())
    return not collect(dated.select("patient_id").head(1), ["patient_id"]).empty


def with_undated_attack(registry: Registry) -> set[str]:
    """Return the patients of whom an attack without a date is on record.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> with_undated_attack(nc.simulate(n=20, seed=1))
    set()
    """
    undated = lazy(registry.tables["attacks"]).filter(nw.col("attack_date").is_null()).select("patient_id")
    return set(collect(undated, ["patient_id"])["patient_id"])


def attack_days(registry: Registry, people: pd.DataFrame) -> pd.DataFrame:
    """One row an attack of a treated patient: patient_id and since_start, days since the start (0 or less: before)."""
    rows = collect(distinct_attacks(registry).select("patient_id", "attack_day"), ["patient_id", "attack_day"])
    joined = rows.merge(people[["patient_id", "start_day"]].dropna(), on="patient_id", how="inner")
    since = joined["attack_day"].astype(float) - joined["start_day"]
    return joined.assign(since_start=since)[["patient_id", "since_start"]]


def exposure(
    people: pd.DataFrame,
    attacks: pd.DataFrame,
    *,
    before_months: float,
    after_months: float | None = None,
    while_on_treatment: bool = False,
    trigger_days: int = TRIGGER_DAYS,
) -> pd.DataFrame:
    """One row a patient of known start: attacks and person-years before and after it, and time to the first attack.

    Time before runs from ``before_months`` before the start, or from disease onset (else entry) if that is later;
    the attack that marks the onset is not counted. An attack on the day of the start counts as before.

    Parameters
    ----------
    people, attacks
        From ``treated_patients`` and ``attack_days``.
    before_months, after_months
        Longest time counted; None takes all time after the start.
    while_on_treatment
        Time after ends at the stop as well, not only at last contact or death.
    trigger_days
        The last attack within this many days up to the start is the one that led to it.

    Returns
    -------
    DataFrame
        The columns of ``people``; events_before, years_before, trigger (1 where an attack counted before led to the
        start), events_after, years_after, follow_days (NaN where the end is not known), had_attack (1 or 0) and
        attack_free_days (to the first attack or the end).
    """
    rows = people.dropna(subset=["start_day"]).reset_index(drop=True)
    span = round(before_months * DAYS_PER_MONTH)
    rows["before_days"] = (rows["start_day"] - rows["observed_from_day"]).clip(upper=span).fillna(span)
    end = (
        rows[["end_day", "stop_day"]].min(axis=1).where(rows["end_day"].notna())
        if while_on_treatment
        else rows["end_day"]
    )
    longest = float("inf") if after_months is None else round(after_months * DAYS_PER_MONTH)
    rows["follow_days"] = (end - rows["start_day"]).clip(upper=longest)
    near = attacks.merge(rows[["patient_id", "before_days", "follow_days"]], on="patient_id", how="inner")
    since = near["since_start"]
    before = near[(since <= 0) & (since > -near["before_days"])]
    after = near[(since > 0) & (since <= near["follow_days"])]
    led = before[before["since_start"] >= -trigger_days]
    counted: dict[str, Any] = {
        "events_before": before.groupby("patient_id").size(),
        "events_after": after.groupby("patient_id").size(),
        "trigger": led.groupby("patient_id").size().clip(upper=1),
    }
    for name, values in counted.items():
        rows[name] = rows["patient_id"].map(values).fillna(0).astype(int)
    rows["years_before"], rows["years_after"] = rows["before_days"] / DAYS_PER_YEAR, rows["follow_days"] / DAYS_PER_YEAR
    first = rows["patient_id"].map(after.groupby("patient_id")["since_start"].min()).astype(float)
    rows["had_attack"] = first.notna().astype(int)
    rows["attack_free_days"] = first.fillna(rows["follow_days"])
    return rows
