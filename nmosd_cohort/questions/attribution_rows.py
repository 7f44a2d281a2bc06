"""Rows of the attribution of pain to attacks: shares, their multiverse, agreement, rates, self-controlled ratios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.pain_events import (
    ATTACK,
    CLASSES,
    KINDS,
    MRI_UNKNOWN,
    STABLE,
    UNDETERMINED,
    Rise,
    classify,
)
from nmosd_cohort.questions.parts import estimate_row
from nmosd_cohort.statistics.regression.clustered_rate import clustered_rate
from nmosd_cohort.statistics.regression.rates import overdispersion
from nmosd_cohort.statistics.regression.self_controlled import self_controlled_rate_ratio
from nmosd_cohort.statistics.shares.clustered_share import clustered_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.questions.parts import Check

KIND_WORDS = {"onset": "onsets of pain", "worsening": "worsenings of the pain score"}
INDEPENDENT = (STABLE, MRI_UNKNOWN)
CENTRE = {"attack": True, "after_attack": True, "independent": False}
RISES: tuple[Rise, ...] = get_args(Rise)


def class_share(events: pd.DataFrame, is_kind: pd.Series[bool], conf_level: float) -> Any:
    """Return the share of events for which ``is_kind`` holds, clustered by patient.

    Examples
    --------
    >>> events = pd.DataFrame({"patient_id": ["a", "a", "b"]})
    >>> class_share(events, pd.Series([True, False, True]), 0.95).events
    2
    """
    counted = events.assign(kind=np.asarray(is_kind, dtype=int)).groupby("patient_id")["kind"].agg(["sum", "size"])
    return clustered_share(counted["sum"].to_numpy(), counted["size"].to_numpy(), conf_level=conf_level)


def share_rows(classified: pd.DataFrame, primary: str, conf_level: float) -> list[dict[str, Any]]:
    """Return the share of each class of each kind of event under the primary definition.

    Examples
    --------
    >>> events = {"patient_id": ["a"], "event": ["onset"], "class": ["undetermined"]}
    >>> len(share_rows(pd.DataFrame(events), "30 days", 0.95))
    4
    """
    rows = []
    for kind in KINDS:
        own = classified[classified["event"] == kind]
        for name in CLASSES if len(own) else ():
            role = "primary" if name == ATTACK else "secondary"
            share = class_share(own, own["class"] == name, conf_level)
            rows.append(
                estimate_row(
                    share,
                    role=role,
                    measure="share_of_events",
                    outcome=kind,
                    term=primary,
                    group="attribution",
                    level=name,
                    denominator=f"{KIND_WORDS[kind]}, {len(own)} in {share.n} patients",
                    unit="share",
                )
            )
    return rows


def definition_name(window_days: int, needs_mri: bool, rise: str, kind: str = "worsening") -> str:
    """Return one cell of the multiverse in words; the rise rule is no part of an onset.

    Examples
    --------
    >>> definition_name(30, True, "2_points")
    'attack in 30 days, MRI required, 2 points'
    """
    mri = "MRI required" if needs_mri else "MRI not required"
    words = {"2_points": ", 2 points", "30_percent": ", 30 %"}[rise] if kind == "worsening" else ""
    return f"attack in {window_days} days, {mri}{words}"


def multiverse_rows(
    by_rise: dict[Rise, tuple[pd.DataFrame, pd.DataFrame]],
    *,
    windows: Sequence[int],
    lead_days: int,
    primary: str,
    conf_level: float,
) -> list[dict[str, Any]]:
    """Return the share of each class in every cell but the primary one; onsets do not depend on the rise rule."""
    rows = []
    cells = [(window, mri, rise) for rise in RISES for window in windows for mri in (False, True)]
    for window, mri, rise in cells:
        events, around = by_rise[rise]
        classified = classify(events, around, window_days=window, lead_days=lead_days, needs_mri=mri)
        for kind in KINDS if rise == RISES[0] else KINDS[1:]:
            name = definition_name(window, mri, rise, kind)
            own = classified[classified["event"] == kind]
            if name == primary.split("; ")[KINDS.index(kind)] or own.empty:
                continue
            labels = {"outcome": kind, "term": name, "group": "attribution", "unit": "share"}
            labels |= {"role": "sensitivity", "measure": "share_of_events"}
            # Where an MRI is required, no event is independent with an unknown one.
            for level in CLASSES if not mri else (ATTACK, STABLE, UNDETERMINED):
                share = class_share(own, own["class"] == level, conf_level)
                words = f"{KIND_WORDS[kind]}, {len(own)} in {share.n} patients"
                rows.append(estimate_row(share, level=level, denominator=words, **labels))
    return rows


def agreement_rows(classified: pd.DataFrame, conf_level: float) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return how often the definition agrees with the centre's own judgement, of onsets that have both.

    Examples
    --------
    >>> onset = {"patient_id": ["a"], "event": ["onset"], "context": ["attack"], "class": ["attack_related"]}
    >>> agreement_rows(pd.DataFrame(onset), 0.95)[0][0]["estimate"]
    1.0
    """
    judged = classified[(classified["event"] == "onset") & classified["context"].notna()]
    judged = judged.assign(centre=judged["context"].map(CENTRE))
    known = judged[judged["class"] != UNDETERMINED]
    if known.empty:
        detail = "pain.context is not recorded for any onset that could be classified"
        return [], [("agreement with the centre", "not assessable", detail)]
    right = (known["class"] == ATTACK) == known["centre"]
    parts = (
        ("all", known, "onsets judged by the centre and classified"),
        ("attack", known[known["centre"]], "onsets that the centre put down to an attack, classified"),
        ("independent", known[~known["centre"].astype(bool)], "onsets that the centre called independent, classified"),
    )
    rows = [
        estimate_row(
            class_share(part, right.loc[part.index], conf_level),
            role="description",
            measure="agreement_with_centre",
            outcome="onset",
            group="centre_judgement",
            level=level,
            denominator=f"{words}, {len(part)}",
            unit="share",
        )
        for level, part, words in parts
        if len(part)
    ]
    return rows, []


def rate_rows(
    classified: pd.DataFrame, spans: pd.DataFrame, conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return events of each class per person-year of observed time, and how much they cluster."""
    followed = spans[spans["years"] > 0]
    if followed.empty:
        return [], [("rates", "not assessable", "no patient has two assessments with an answer on pain")]
    dated = classified.merge(followed, on="patient_id")
    dated = dated[((dated["event_day"] > dated["first_day"]) & (dated["event_day"] <= dated["last_day"])).fillna(False)]
    rows: list[dict[str, Any]] = []
    checks: list[Check] = []
    for kind in KINDS:
        own = dated[dated["event"] == kind]
        for level in ("all", *CLASSES):
            part = own if level == "all" else own[own["class"] == level]
            counts = followed["patient_id"].map(part.groupby("patient_id").size()).fillna(0).astype("int64").to_numpy()
            labels = {"outcome": kind, "measure": "event_rate", "group": "attribution", "level": level}
            labels |= {"role": "secondary", "unit": "per person-year"}
            labels["denominator"] = f"{followed['years'].sum():.0f} person-years between first and last assessment"
            rows.append(
                estimate_row(clustered_rate(counts, followed["years"].to_numpy(), conf_level=conf_level), **labels)
            )
            if level == "all" and counts.sum() and len(followed) > 1:
                ratio = overdispersion(counts, followed["years"].to_numpy())
                detail = f"variance of the {KIND_WORDS[kind]} over that of independent events: {ratio:.2f}"
                checks.append(("events cluster in patients", "note", f"{detail}; limits are clustered by patient"))
    return rows, checks


def self_controlled_rows(stretches: pd.DataFrame, *, by: str, role: str, conf_level: float) -> list[dict[str, Any]]:
    """Return the relative incidence in the risk window, as it is and adjusted for time since the first assessment.

    Examples
    --------
    >>> time = {"patient_id": ["a", "a"], "events": [3, 2], "years": [0.25, 0.75], "exposed": [1, 0], "band": [0, 0]}
    >>> rows = self_controlled_rows(pd.DataFrame(time), by="time", role="secondary", conf_level=0.95)
    >>> [round(row["estimate"], 6) for row in rows]
    [4.5]
    """
    bands = pd.get_dummies(stretches["band"], prefix="band", dtype=float).iloc[:, 1:]
    exposed = stretches[["exposed"]].astype(float)
    rows = []
    for adjusted, design in ((False, exposed), (True, exposed.join(bands))):
        if adjusted and bands.empty:
            continue
        ratio = self_controlled_rate_ratio(
            stretches["events"].to_numpy(),
            stretches["years"].to_numpy(),
            stretches["patient_id"].to_numpy(),
            design.reset_index(drop=True),
            conf_level=conf_level,
        )["exposed"]
        words = " adjusted for time since the first assessment" if adjusted else ""
        rows.append(
            estimate_row(
                ratio,
                role="sensitivity" if adjusted else role,
                measure="relative_incidence",
                outcome="worsening",
                term=f"per {by}{words}",
                group="risk_window",
                level="after_attack",
                reference="other_time",
                denominator="patients with a worsening, each compared with themselves",
                unit="ratio",
            )
        )
    return rows
