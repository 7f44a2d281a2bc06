"""Observed time of each patient cut at attacks: stretches inside and outside the risk window after an attack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.codebook import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

BAND_YEARS = 2


def observed_years(answers: pd.DataFrame) -> pd.DataFrame:
    """One row a patient with first_day and last_day of an assessment with an answer on pain, and the years between.

    Examples
    --------
    >>> visits = {"patient_id": ["a", "a"], "assessment_day": [0, 1461], "has_pain": [True, True]}
    >>> observed_years(pd.DataFrame(visits | {"pain_nrs": [3, 4]}))["years"].tolist()
    [4.0]
    """
    answered = answers[answers["has_pain"].notna() | answers["pain_nrs"].notna()]
    spans = (
        answered.dropna(subset=["assessment_day"])
        .groupby("patient_id")["assessment_day"]
        .agg(first_day="min", last_day="max")
        .reset_index()
    )
    spans = spans.astype({"first_day": "int64", "last_day": "int64"})
    return spans.assign(years=(spans["last_day"] - spans["first_day"]) / DAYS_PER_YEAR)


def risk_stretches(
    spans: pd.DataFrame, attacks: pd.DataFrame, events: pd.DataFrame, *, window_days: int
) -> pd.DataFrame:
    """One row a stretch of a patient's observed time, with the events in it.

    Days from the attack to ``window_days`` after it are exposed. A day belongs to the stretch that begins at or
    before it; the first observed day itself is not at risk, as nothing can have worsened since an assessment before.

    Parameters
    ----------
    spans
        From ``observed_years``.
    attacks, events
        patient_id with attack_day, and with event_day; missing days are left out.
    window_days
        Length of the risk window.

    Returns
    -------
    pandas.DataFrame
        patient_id, start_day, years, exposed (1 or 0), band (full ``BAND_YEARS`` since the first assessment), events.

    Examples
    --------
    >>> spans = pd.DataFrame({"patient_id": ["a"], "first_day": [0], "last_day": [100]})
    >>> attack = pd.DataFrame({"patient_id": ["a"], "attack_day": [40]})
    >>> event = pd.DataFrame({"patient_id": ["a"], "event_day": [50]})
    >>> risk_stretches(spans, attack, event, window_days=30)[["exposed", "events"]].to_numpy().tolist()
    [[0, 0], [1, 1], [0, 0]]
    """
    known = attacks.dropna(subset=["attack_day"])[["patient_id", "attack_day"]]
    cuts = pd.concat([_cuts(spans), _attack_cuts(known, spans, window_days)], ignore_index=True)
    cuts = cuts.drop_duplicates().sort_values(["patient_id", "cut"], ignore_index=True)
    following = cuts.groupby("patient_id")["cut"].shift(-1)
    rows = cuts[following.notna()].rename(columns={"cut": "start_day"})
    rows = rows.assign(years=(following.dropna() - rows["start_day"]) / DAYS_PER_YEAR).reset_index(drop=True)
    since = _days_since(rows, "start_day", known)
    rows["exposed"] = ((since >= 0) & (since <= window_days)).astype("int64")
    first = rows["patient_id"].map(spans.set_index("patient_id")["first_day"])
    rows["band"] = ((rows["start_day"] - first) // round(BAND_YEARS * DAYS_PER_YEAR)).astype("int64")
    return rows.assign(events=_counted(rows, events, spans))


def _cuts(spans: pd.DataFrame) -> pd.DataFrame:
    """Return first day plus one, one past the last day, and the begin of each band."""
    width = round(BAND_YEARS * DAYS_PER_YEAR)
    parts = [spans["first_day"] + 1, spans["last_day"] + 1]
    longest = int((spans["last_day"] - spans["first_day"]).max()) if len(spans) else 0
    for number in range(1, longest // width + 1):
        begin = spans["first_day"] + number * width
        parts.append(begin[begin <= spans["last_day"]])
    frames = [pd.DataFrame({"patient_id": spans["patient_id"].loc[part.index], "cut": part}) for part in parts]
    return pd.concat(frames, ignore_index=True)


def _attack_cuts(known: pd.DataFrame, spans: pd.DataFrame, window_days: int) -> pd.DataFrame:
    inside = known.merge(spans[["patient_id", "first_day", "last_day"]], on="patient_id")
    parts = []
    for cut in (inside["attack_day"], inside["attack_day"] + window_days + 1):
        kept = (cut > inside["first_day"] + 1) & (cut <= inside["last_day"])
        parts.append(pd.DataFrame({"patient_id": inside["patient_id"], "cut": cut})[kept])
    return pd.concat(parts, ignore_index=True).astype({"cut": "int64"})


def _days_since(rows: pd.DataFrame, column: str, attacks: pd.DataFrame) -> pd.Series[Any]:
    left = rows.reset_index()[["index", "patient_id", column]].astype({column: "int64"}).sort_values(column)
    right = attacks.astype({"attack_day": "int64"}).sort_values("attack_day")
    matched = pd.merge_asof(left, right, left_on=column, right_on="attack_day", by="patient_id").set_index("index")
    return (matched[column] - matched["attack_day"]).reindex(rows.index)


def _counted(rows: pd.DataFrame, events: pd.DataFrame, spans: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return how many events fall into each stretch."""
    dated = events.dropna(subset=["event_day"])[["patient_id", "event_day"]].merge(spans, on="patient_id")
    dated = dated[(dated["event_day"] > dated["first_day"]) & (dated["event_day"] <= dated["last_day"])]
    left = dated.astype({"event_day": "int64"})[["patient_id", "event_day"]].sort_values("event_day")
    right = rows.reset_index()[["index", "patient_id", "start_day"]].astype({"start_day": "int64"})
    right = right.sort_values("start_day")
    matched = pd.merge_asof(left, right, left_on="event_day", right_on="start_day", by="patient_id")
    return np.bincount(matched["index"].dropna().astype("int64"), minlength=len(rows))


def assessed_pairs(
    answers: pd.DataFrame, attacks: pd.DataFrame, worse: Sequence[bool] | pd.Series[bool], *, window_days: int
) -> pd.DataFrame:
    """One row an assessment with a score and an earlier score: whether it is exposed, and whether it was worse.

    Returns
    -------
    pandas.DataFrame
        patient_id, exposed (1 where an attack began at most ``window_days`` before), events (1 or 0), years (1 each:
        the opportunity is the assessment, not the time), band (full ``BAND_YEARS`` since the first score).

    Examples
    --------
    >>> scores = {"patient_id": ["a"], "assessment_day": [50], "previous_nrs": [2], "previous_nrs_day": [0]}
    >>> attack = pd.DataFrame({"patient_id": ["a"], "attack_day": [40]})
    >>> assessed_pairs(pd.DataFrame(scores | {"pain_nrs": [4]}), attack, [True], window_days=30)["exposed"].tolist()
    [1]
    """
    scored = answers.assign(events=np.asarray(worse, dtype=np.int64))
    scored = scored[scored["pain_nrs"].notna() & scored["previous_nrs"].notna()].reset_index(drop=True)
    since = _days_since(scored, "assessment_day", attacks.dropna(subset=["attack_day"])[["patient_id", "attack_day"]])
    first = scored.groupby("patient_id")["previous_nrs_day"].transform("min")
    band = (scored["assessment_day"] - first) // round(BAND_YEARS * DAYS_PER_YEAR)
    return pd.DataFrame(
        {
            "patient_id": scored["patient_id"],
            "exposed": ((since >= 0) & (since <= window_days)).astype("int64"),
            "events": scored["events"],
            "years": 1.0,
            "band": band.astype("int64"),
        }
    )
