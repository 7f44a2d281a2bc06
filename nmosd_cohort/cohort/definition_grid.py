"""The answer of every patient under every combination of definitions, read from the tables once."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from nmosd_cohort.codebook import CHRONIC_DAYS
from nmosd_cohort.cohort.assessments import visits
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY, episode_recorded
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect, day, lazy
from nmosd_cohort.cohort.treatment import paired_scores, starters, timed_scores

if TYPE_CHECKING:
    import narwhals as nw

    from nmosd_cohort.intake.registry import Registry

    Answers = pd.Series[Any]

DEFINED_BY = {"any": ("recorded", "NRS >= 1", "NRS >= 3", "NRS >= 4"), "neuropathic": NEUROPATHIC_BY}
TIME_FRAMES = ("current", "chronic", "ever")
PHASES = (30, 0, 90)
PICKED = ("last", "first")
DENOMINATORS = ("assessed", "all_diagnosed", "with_myelitis", "aqp4_positive")
WINDOWS, MONTHS, BASELINES = (60, 30, 90), (12, 6, 24), (0, 1, 4)
MOG = ("left_out", "counted")


class Prevalence(NamedTuple):
    """One definition of prevalence; phase is the fewest days after an attack, picked the visit that counts.

    mog: whether MOG-IgG positive and AQP4-IgG negative patients are left out or counted.
    """

    denominator: str = "assessed"
    time_frame: str = "current"
    phase: int = PHASES[0]
    defined_by: str = "recorded"
    picked: str = "last"
    mog: str = MOG[0]


class Change(NamedTuple):
    """One definition of change: window in days, months after the start, least baseline score, mean or pseudo-median."""

    window_days: int = WINDOWS[0]
    at_months: int = MONTHS[0]
    least_baseline: int = BASELINES[0]
    summary: str = "mean"
    mog: str = MOG[0]


def prevalence_specifications(pain: str) -> list[Prevalence]:
    """Return every combination that makes sense, the primary one first.

    Pain ever is counted over all visits, so neither the phase nor the visit picked belongs to it.

    Examples
    --------
    >>> prevalence_specifications("any")[0] == Prevalence(), len(prevalence_specifications("any"))
    (True, 416)
    """
    grid = product(DENOMINATORS, TIME_FRAMES, PHASES, DEFINED_BY[pain], PICKED, MOG)
    made = (Prevalence(*choice) for choice in grid)
    return [one for one in made if one.time_frame != "ever" or (one.phase, one.picked) == (PHASES[0], "last")]


def change_specifications() -> list[Change]:
    """Return every combination, the primary one first.

    Examples
    --------
    >>> len(change_specifications())
    108
    """
    return [Change(*choice) for choice in product(WINDOWS, MONTHS, BASELINES, ("mean", "pseudo_median"), MOG)]


def _is_mog(registry: Registry, patients: pd.Index[Any], diagnosis: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which of these patients only count where MOG-IgG positive, AQP4-IgG negative patients do."""
    usual = eligible(select_patients(registry, diagnosis=diagnosis)).select("patient_id")
    return ~patients.isin(collect(usual, ["patient_id"])["patient_id"])


def prevalence_answers(registry: Registry, *, pain: str, diagnosis: str = "nmosd") -> dict[Prevalence, Answers]:
    """Return for every definition one entry an eligible patient: 1 pain, 0 none, missing not counted.

    Ever: at any visit or, unless a threshold of the score defines pain, in any recorded episode. Chronic: an episode
    open at the visit began more than 91.3 days before; pain with none that is dated is unknown. Among all diagnosed,
    those without an answer count as without pain.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answers = prevalence_answers(nc.simulate(n=50, seed=1), pain="any")
    >>> bool(answers[Prevalence(denominator="all_diagnosed")].notna().all())
    True
    """
    columns = ["patient_id", "had_myelitis", "is_aqp4_positive"]
    patients = eligible(select_patients(registry, diagnosis=diagnosis, with_mog=True))
    who = collect(patients.select(*columns), columns[:1]).set_index("patient_id")
    is_mog = _is_mog(registry, who.index, diagnosis)
    masks = {
        "assessed": np.ones(len(who), dtype=bool),
        "all_diagnosed": np.ones(len(who), dtype=bool),
        "with_myelitis": who["had_myelitis"].fillna(False).to_numpy(dtype=bool),
        "aqp4_positive": (who["is_aqp4_positive"] == 1).fillna(False).to_numpy(dtype=bool),
    }
    on_record = collect(episode_recorded(registry, pain=pain).select("patient_id"), ["patient_id"])["patient_id"]
    made: dict[tuple[Any, ...], Answers] = {}
    frames = {rule: _defined(registry, pain, rule, diagnosis) for rule in DEFINED_BY[pain]}
    found = {}
    for one in prevalence_specifications(pain):
        key = one[1:-1]
        if key not in made:
            made[key] = _answer(frames[one.defined_by], one).reindex(who.index)
            if one.time_frame == "ever" and not one.defined_by.startswith("NRS"):
                made[key] = made[key].mask(who.index.isin(on_record), 1.0)
        answer = made[key].fillna(0.0) if one.denominator == "all_diagnosed" else made[key]
        kept = masks[one.denominator] if one.mog == MOG[1] else masks[one.denominator] & ~is_mog
        found[one] = answer.where(kept)
    return found


def _defined(registry: Registry, pain: str, rule: str, diagnosis: str) -> pd.DataFrame:
    """One row a visit at which the definition has an answer: has (1 or 0), days since an attack, chronic."""
    by = rule if pain == "neuropathic" else "recorded"
    frame = visits(registry, diagnosis=diagnosis, neuropathic_by=by, with_mog=True)
    state = "has_neuropathic_pain" if pain == "neuropathic" else "has_pain"
    rows = collect(
        frame.select("patient_id", "assessment_day", "pain_nrs", "days_since_attack", state),
        ["patient_id", "assessment_day"],
    )
    answer = rows["pain_nrs"] >= int(rule.split()[-1]) if rule.startswith("NRS") else rows[state]
    rows = rows.assign(has=answer.astype("Float64").astype(float)).dropna(subset=["has"])
    return _with_chronic(registry, rows, pain).reset_index(drop=True)


def _with_chronic(registry: Registry, rows: pd.DataFrame, pain: str) -> pd.DataFrame:
    """Return the visits with ``chronic``: 1, 0, or missing where pain is present and no open episode is dated."""
    episodes = lazy(registry.tables["pain"]).select(
        "patient_id", "pain_type", onset_day=day("onset_date"), end_day=day("end_date")
    )
    spans = collect(episodes, ["patient_id", "onset_day"])
    spans = spans if pain == "any" else spans[spans["pain_type"] == pain]
    keyed = rows.rename_axis("visit").reset_index()[["visit", "patient_id", "assessment_day"]]
    pairs = keyed.merge(spans, on="patient_id")
    is_open = (pairs["onset_day"] <= pairs["assessment_day"]).fillna(True)
    is_open &= (pairs["end_day"] >= pairs["assessment_day"]).fillna(True)
    pairs = pairs[is_open.astype(bool)]
    long = (pairs["assessment_day"] - pairs["onset_day"] > CHRONIC_DAYS).astype("Float64").astype(float)
    grouped = long.groupby(pairs["visit"])
    lasting, undated = grouped.max(), long.isna().groupby(pairs["visit"]).max()
    lasting = lasting.where((lasting == 1) | ~undated)
    chronic = lasting.reindex(rows.index).where(rows["has"] == 1, 0.0)
    return rows.assign(chronic=chronic)


def _answer(rows: pd.DataFrame, one: Prevalence) -> Answers:
    """Return one answer a patient: at the visit picked, or over all visits."""
    if one.time_frame == "ever":
        return rows.groupby("patient_id")["has"].max()
    calm = (rows["days_since_attack"] >= one.phase).fillna(True).astype(bool)
    by_patient = rows[calm].groupby("patient_id")
    picked = by_patient.tail(1) if one.picked == "last" else by_patient.head(1)
    return picked.set_index("patient_id")["has" if one.time_frame == "current" else "chronic"]


def change_answers(registry: Registry, *, drug: str, diagnosis: str = "nmosd") -> dict[Change, Answers]:
    """Return for every definition the change of the pain score of each starter, missing where it does not count.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answers = change_answers(nc.simulate(n=100, seed=1), drug="tocilizumab")
    >>> len(answers)
    108
    """
    timed = timed_pain(registry, drug=drug, diagnosis=diagnosis, with_mog=True)
    pairs = {
        (window, months): collect(paired_scores(timed, at_months=months, window_days=window), ["patient_id"])
        for window, months in product(WINDOWS, MONTHS)
    }
    found = {}
    patients = pairs[WINDOWS[0], MONTHS[0]]["patient_id"]
    is_mog = pd.Series(_is_mog(registry, pd.Index(patients), diagnosis), index=patients)
    for one in change_specifications():
        rows = pairs[one.window_days, one.at_months].set_index("patient_id")
        change = (rows["after"] - rows["before"]).astype("Float64").astype(float)
        kept = (rows["before"] >= one.least_baseline).fillna(False).astype(bool)
        found[one] = change.where(kept if one.mog == MOG[1] else kept & ~is_mog.reindex(rows.index))
    return found


def timed_pain(registry: Registry, *, drug: str, diagnosis: str, with_mog: bool = False) -> nw.LazyFrame[Any]:
    """One row a pain score of a starter of the drug, as in ``timed_scores``."""
    patients = eligible(select_patients(registry, diagnosis=diagnosis, with_mog=with_mog))
    frame = visits(registry, diagnosis=diagnosis, with_mog=with_mog)
    return timed_scores(frame, starters(registry, patients, drug=drug), outcome="pain_nrs")
