"""Events after a start that change what a later score means: rescue drugs, steroid tapers, attacks, stops, deaths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import narwhals as nw
import pandas as pd

from nmosd_cohort.cohort.attack_exposure import attack_days
from nmosd_cohort.cohort.tally import collect, day, lazy

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

EVENTS = ("rescue_analgesic", "steroid_taper", "acute_treatment", "attack", "drug_stop", "death")
# Scores of the day itself were taken under what began on that day, and so are no longer free of it.
AT_ONCE = ("acute_treatment", "attack")
PAIN_CLASSES = ("anticonvulsant", "antidepressant", "opioid", "nonopioid_analgesic", "muscle_relaxant")
NOT_FOR_PAIN = ("depression", "attack_prevention", "acute_attack")
STEROID = "corticosteroid"
UNBROKEN_DAYS = 30


def events_after_start(registry: Registry, people: pd.DataFrame, *, drug: str) -> pd.DataFrame:
    """One row a patient and kind of event: the first day of it after the start of the drug.

    Parameters
    ----------
    people
        From ``treated_patients``.
    drug
        What was started; its own courses are no rescue.

    Returns
    -------
    DataFrame
        patient_id; event: ``rescue_analgesic`` (a drug against pain begun, or its dose raised; antidepressants unless
        given for depression), ``steroid_taper`` (a corticosteroid stopped, or a lower dose begun),
        ``acute_treatment`` (a corticosteroid or plasma exchange for an acute attack, or an attack with one recorded),
        ``attack``, ``drug_stop``, ``death``; since_start, days since the start (above 0).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.attack_exposure import treated_patients
    >>> registry = nc.simulate(n=300, seed=1)
    >>> people = treated_patients(registry, drug="tocilizumab")
    >>> found = events_after_start(registry, people, drug="tocilizumab")
    >>> bool((found["since_start"] > 0).all()), set(found["event"]) <= set(EVENTS)
    (True, True)
    """
    known = people.dropna(subset=["start_day"])
    courses = _courses(registry, known, drug)
    attacks = attack_days(registry, known).rename(columns={"since_start": "since"})
    parts = {
        "rescue_analgesic": _rescues(courses),
        "steroid_taper": _tapers(courses),
        "acute_treatment": pd.concat([_acute_courses(courses), _treated_attacks(registry, known)]),
        "attack": attacks,
        "drug_stop": known.assign(since=known["stop_day"] - known["start_day"])[["patient_id", "since"]],
        "death": known.assign(since=known["death_day"] - known["start_day"])[["patient_id", "since"]],
    }
    rows = pd.concat([part.assign(event=event) for event, part in parts.items()], ignore_index=True)
    rows = rows[rows["since"] > 0]
    first = rows.groupby(["patient_id", "event"])["since"].min()
    return first.rename("since_start").reset_index()


def last_clean_days(events: pd.DataFrame, kinds: tuple[str, ...]) -> pd.Series:
    """Return the last day since the start on which a score of each patient is free of the events, by patient_id."""
    rows = events[events["event"].isin(kinds)]
    clean = rows["since_start"] - rows["event"].isin(AT_ONCE).astype(float)
    return clean.groupby(rows["patient_id"]).min()


def _courses(registry: Registry, people: pd.DataFrame, drug: str) -> pd.DataFrame:
    """One row a dated course of another drug of a starter, in days since the start."""
    table = lazy(registry.tables["treatments"]).filter(nw.col("drug").str.to_lowercase() != drug.strip().lower())
    wanted = table.select(
        "patient_id",
        "drug_class",
        "indication",
        "dose_unit",
        drug=nw.col("drug").str.to_lowercase(),
        dose=nw.col("dose").cast(nw.Float64),
        begin_day=day("start_date"),
        stop_day=day("stop_date"),
    )
    rows = collect(wanted, ["patient_id", "drug", "begin_day"])
    rows = rows.merge(people[["patient_id", "start_day"]], on="patient_id", how="inner")
    rows = rows.assign(
        since=rows["begin_day"].astype(float) - rows["start_day"],
        until=rows["stop_day"].astype(float) - rows["start_day"],
        dose=rows["dose"].astype(float),
    )
    rows = rows.sort_values(["patient_id", "drug", "since"], ignore_index=True)
    own = rows.groupby(["patient_id", "drug"])
    return rows.assign(
        before_dose=own["dose"].shift(1),
        before_unit=own["dose_unit"].shift(1),
        before_until=own["until"].shift(1),
        is_first=own.cumcount() == 0,
    )


def _dose_is(courses: pd.DataFrame, higher: bool) -> pd.Series:
    """Return whether the dose went up (or down) from the course before, where both are known in one unit."""
    same = courses["dose_unit"].fillna("") == courses["before_unit"].fillna("")
    step = courses["dose"] - courses["before_dose"]
    moved: pd.Series = same & ((step > 0) if higher else (step < 0))
    return moved


def _rescues(courses: pd.DataFrame) -> pd.DataFrame:
    against_pain = courses["drug_class"].isin(PAIN_CLASSES) & ~courses["indication"].isin(NOT_FOR_PAIN)
    again = courses["before_until"] < courses["since"] - UNBROKEN_DAYS
    new = courses["is_first"] | again | _dose_is(courses, higher=True)
    return courses.loc[against_pain & new, ["patient_id", "since"]]


def _tapers(courses: pd.DataFrame) -> pd.DataFrame:
    """Return days on which a lower dose began, or a steroid that was running at the start ended for good."""
    steroids = courses[(courses["drug_class"] == STEROID) & (courses["indication"] != "acute_attack").fillna(True)]
    lower = steroids[~steroids["is_first"] & _dose_is(steroids, higher=False)]
    own = steroids.groupby(["patient_id", "drug"])
    follows = own["since"].shift(-1) <= steroids["until"] + UNBROKEN_DAYS
    ended = steroids[steroids["until"].notna() & ~follows]
    stops = ended[["patient_id", "until"]].rename(columns={"until": "since"})
    return pd.concat([lower[["patient_id", "since"]], stops])


def _acute_courses(courses: pd.DataFrame) -> pd.DataFrame:
    acute = courses["indication"].eq("acute_attack").fillna(False)
    acute |= courses["drug_class"].eq("plasma_exchange").fillna(False)
    return courses.loc[acute.astype(bool), ["patient_id", "since"]]


def _treated_attacks(registry: Registry, people: pd.DataFrame) -> pd.DataFrame:
    treated = lazy(registry.tables["attacks"]).filter(~nw.col("acute_treatment").is_null())
    rows = collect(treated.select("patient_id", attack_day=day("attack_date")), ["patient_id", "attack_day"])
    rows = rows.merge(people[["patient_id", "start_day"]], on="patient_id", how="inner")
    return rows.assign(since=rows["attack_day"].astype(float) - rows["start_day"])[["patient_id", "since"]]
