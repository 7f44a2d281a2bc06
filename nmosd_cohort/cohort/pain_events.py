"""Onsets of pain and rises of the pain score, one row an event, with the attacks and MRIs around each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.assessments import visits
from nmosd_cohort.cohort.attacks import distinct_attacks
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.stable_mri import judged_mri
from nmosd_cohort.cohort.tally import collect, day, lazy

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

Rise = Literal["2_points", "30_percent"]
KINDS = ("onset", "worsening")
ATTACK, STABLE, MRI_UNKNOWN, UNDETERMINED = (
    "attack_related",
    "independent_stable_mri",
    "independent_mri_unknown",
    "undetermined",
)
CLASSES = (ATTACK, STABLE, MRI_UNKNOWN, UNDETERMINED)
EVENT_COLUMNS = ("patient_id", "event", "event_day", "context")


def pain_answers(registry: Registry, *, diagnosis: str = "nmosd") -> pd.DataFrame:
    """One row an assessment of an eligible patient, with the answers at the one before it.

    Returns
    -------
    pandas.DataFrame
        patient_id, assessment_day, pain_nrs, has_pain, previous_nrs and previous_pain (at the last earlier
        assessment that has an answer of that kind), previous_day and previous_nrs_day, sorted.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answers = pain_answers(nc.simulate(n=20, seed=1))
    >>> later = answers.dropna(subset=["previous_day"])
    >>> bool((later["previous_day"] < later["assessment_day"]).all())
    True
    """
    columns = ["patient_id", "assessment_day", "pain_nrs", "has_pain"]
    rows = collect(visits(registry, diagnosis=diagnosis).select(*columns), columns[:2])
    for value, name, when in (
        ("has_pain", "previous_pain", "previous_day"),
        ("pain_nrs", "previous_nrs", "previous_nrs_day"),
    ):
        known = rows.loc[rows[value].notna(), ["patient_id", "assessment_day", value]]
        before = known.groupby("patient_id")[["assessment_day", value]].shift(1)
        rows[name], rows[when] = before[value].reindex(rows.index), before["assessment_day"].reindex(rows.index)
    return rows


def rises(answers: pd.DataFrame, rise: Rise) -> pd.Series[bool]:
    """Return for each assessment whether the pain score rose since the one before; without two scores it did not.

    ``2_points``: by at least 2. ``30_percent``: by at least 30 % of the earlier score and at least 1 point.

    Examples
    --------
    >>> scores = pd.DataFrame({"pain_nrs": [4, 4, 1], "previous_nrs": [2, 3, pd.NA]}, dtype="Int64")
    >>> rises(scores, "2_points").tolist(), rises(scores, "30_percent").tolist()
    ([True, False, False], [True, True, False])
    """
    gain = (answers["pain_nrs"] - answers["previous_nrs"]).astype("Float64")
    least: Any = 2 if rise == "2_points" else (0.3 * answers["previous_nrs"].astype("Float64")).clip(lower=1)
    risen: pd.Series[bool] = (gain >= least - 1e-9).fillna(False).astype(bool)
    return risen


def pain_events(registry: Registry, answers: pd.DataFrame, *, rise: Rise, diagnosis: str = "nmosd") -> pd.DataFrame:
    """One row an event of an eligible patient: an onset of pain, or a worsening.

    An onset is the beginning of a recorded episode (episodes of one patient that begin on one day are one onset,
    all undated ones of a patient are one), and the first painful assessment after a pain-free one where no episode
    begins between the two. A worsening is a rise of the score, see ``rises``; it is dated by the assessment.
    A rise from no pain is both an onset and a worsening, so the two kinds are never added up.

    Returns
    -------
    pandas.DataFrame
        patient_id, event, event_day (missing where undated), context (the centre's judgement; missing where there
        is none or two disagree).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> registry = nc.simulate(n=50, seed=1)
    >>> sorted(pain_events(registry, pain_answers(registry), rise="2_points")["event"].unique())
    ['onset', 'worsening']
    """
    recorded = _recorded_onsets(registry, diagnosis)
    seen = answers[(answers["has_pain"] & ~answers["previous_pain"]).fillna(False).astype(bool)]
    seen = seen.drop(index=_with_episode_between(seen, recorded))
    worse = answers[rises(answers, rise)]
    parts = [recorded.assign(event="onset")]
    for event, part in (("onset", seen), ("worsening", worse)):
        days = part[["patient_id", "assessment_day"]].rename(columns={"assessment_day": "event_day"})
        parts.append(days.assign(event=event, context=pd.Series(pd.NA, index=days.index, dtype="string")))
    events = pd.concat(parts, ignore_index=True)[list(EVENT_COLUMNS)]
    return events.sort_values(["event", "patient_id", "event_day"], ignore_index=True)


def _recorded_onsets(registry: Registry, diagnosis: str) -> pd.DataFrame:
    patients = eligible(select_patients(registry, diagnosis=diagnosis)).select("patient_id")
    episodes = lazy(registry.tables["pain"]).select("patient_id", "context", event_day=day("onset_date"))
    rows = collect(episodes.join(patients, on="patient_id", how="inner"), ["patient_id", "event_day", "context"])
    by_onset = rows.groupby(["patient_id", "event_day"], dropna=False)["context"]
    onsets = by_onset.agg(["first", "nunique"]).reset_index()
    onsets["context"] = onsets["first"].where(onsets["nunique"] == 1).astype("string")
    return onsets[["patient_id", "event_day", "context"]]


def _with_episode_between(seen: pd.DataFrame, recorded: pd.DataFrame) -> pd.Index[int]:
    """Return the assessments between which and the one before an episode begins."""
    onsets = recorded.dropna(subset=["event_day"])[["patient_id", "event_day"]]
    pairs = seen.reset_index()[["index", "patient_id", "assessment_day", "previous_day"]].merge(onsets, on="patient_id")
    inside = (pairs["event_day"] > pairs["previous_day"]) & (pairs["event_day"] <= pairs["assessment_day"])
    return pd.Index(pairs.loc[inside, "index"].unique())


def with_surroundings(
    registry: Registry, events: pd.DataFrame, answers: pd.DataFrame, *, lead_days: int, diagnosis: str = "nmosd"
) -> pd.DataFrame:
    """Return the events with what was recorded around each.

    Returns
    -------
    pandas.DataFrame
        The events, days_since_attack (of the last attack that began before the event or at most ``lead_days``
        after it; negative where after), has_attacks (whether any attack of the patient has a date), followed_days
        (from the event to last contact or last assessment), event_number.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> registry = nc.simulate(n=50, seed=1)
    >>> answers = pain_answers(registry)
    >>> events = pain_events(registry, answers, rise="2_points")
    >>> bool((with_surroundings(registry, events, answers, lead_days=7)["days_since_attack"].dropna() >= -7).all())
    True
    """
    attacks = collect(distinct_attacks(registry).select("patient_id", "attack_day"), ["patient_id", "attack_day"])
    attacks = attacks.dropna(subset=["attack_day"])
    patients = eligible(select_patients(registry, diagnosis=diagnosis)).select("patient_id", "last_contact_day")
    ends = collect(patients, ["patient_id"]).set_index("patient_id")["last_contact_day"]
    last_seen = answers.groupby("patient_id")["assessment_day"].max()
    ends = pd.concat([ends, last_seen], axis=1).max(axis=1)
    found = events.reset_index(drop=True).rename_axis("event_number").reset_index()
    found["has_attacks"] = found["patient_id"].isin(attacks["patient_id"])
    found["followed_days"] = found["patient_id"].map(ends) - found["event_day"]
    found["days_since_attack"] = found["event_day"] - _last_day(
        found, attacks.rename(columns={"attack_day": "day"}), lead_days
    )
    return found


def _last_day(events: pd.DataFrame, days: pd.DataFrame, lead_days: int) -> pd.Series[Any]:
    """Return the last of each patient's days up to so many days after the event, missing where there is none."""
    dated = events.loc[events["event_day"].notna(), ["event_number", "patient_id", "event_day"]]
    left = dated.assign(key=(dated["event_day"] + lead_days).astype("int64")).sort_values("key", kind="stable")
    right = days.assign(key=days["day"].astype("int64"))[["patient_id", "key", "day"]].sort_values("key", kind="stable")
    matched = pd.merge_asof(left, right, on="key", by="patient_id").set_index("event_number")["day"]
    return matched.reindex(events["event_number"]).reset_index(drop=True)


def mri_around(registry: Registry, events: pd.DataFrame) -> pd.DataFrame:
    """One row a pair of a dated event and a judged cord MRI of the same patient.

    Returns
    -------
    pandas.DataFrame
        event_number, days_from_event (absolute), mri (stable or new_lesion).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> registry = nc.simulate(n=50, seed=1)
    >>> answers = pain_answers(registry)
    >>> events = with_surroundings(registry, pain_events(registry, answers, rise="2_points"), answers, lead_days=7)
    >>> list(mri_around(registry, events).columns)
    ['event_number', 'days_from_event', 'mri']
    """
    dated = events.loc[events["event_day"].notna(), ["event_number", "patient_id", "event_day"]]
    pairs = dated.merge(judged_mri(registry), on="patient_id")
    pairs["days_from_event"] = (pairs["mri_day"] - pairs["event_day"]).abs()
    return pairs[["event_number", "days_from_event", "mri"]]


def classify(
    events: pd.DataFrame, around: pd.DataFrame, *, window_days: int, lead_days: int, needs_mri: bool
) -> pd.DataFrame:
    """Return the class of each event, and why those that are undetermined are.

    Parameters
    ----------
    events
        From ``with_surroundings``.
    around
        From ``mri_around``.
    window_days, lead_days
        An attack that began at most ``window_days`` before the event, or at most ``lead_days`` after it, makes the
        event attack-related. A cord MRI counts within ``window_days`` before or after it.
    needs_mri
        Whether an event counts as independent only where an MRI was stable; else the others are
        independent_mri_unknown.

    Examples
    --------
    >>> one = {"event_number": [0], "event_day": [100], "has_attacks": [True], "followed_days": [50]}
    >>> event = pd.DataFrame(one | {"days_since_attack": [105]})
    >>> mri = pd.DataFrame({"event_number": [0], "days_from_event": [5], "mri": ["stable"]})
    >>> classify(event, mri, window_days=30, lead_days=7, needs_mri=True)["class"].tolist()
    ['independent_stable_mri']
    """
    near = around[around["days_from_event"] <= window_days]
    stable = events["event_number"].isin(near.loc[near["mri"] == "stable", "event_number"])
    changed = events["event_number"].isin(near.loc[near["mri"] == "new_lesion", "event_number"])
    by_attack = (events["days_since_attack"] <= window_days).fillna(False).astype(bool)
    reasons = [
        (events["event_day"].isna(), "onset undated"),
        (by_attack, ""),
        (~events["has_attacks"], "no attack of the patient has a date"),
        ((events["followed_days"] < lead_days).fillna(True), f"last contact within {lead_days} days"),
        (changed, "new cord lesion without a recorded attack"),
        (stable, ""),
        (np.full(len(events), needs_mri), "no MRI that could show stability"),
    ]
    conditions = [np.asarray(condition, dtype=bool) for condition, _ in reasons]
    names = [
        UNDETERMINED,
        ATTACK,
        UNDETERMINED,
        UNDETERMINED,
        UNDETERMINED,
        STABLE,
        UNDETERMINED,
    ]
    return events.assign(
        **{
            "class": np.select(conditions, names, MRI_UNKNOWN),
            "reason": np.select(conditions, [reason for _, reason in reasons], ""),
        }
    )
