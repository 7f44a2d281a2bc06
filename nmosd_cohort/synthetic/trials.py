"""Patients given a device or a cell therapy for pain, with visits days to months later and an effect that is known.

A participant has a visit in remission with a pain score of at least the scenario's. That score chose them, so later
scores fall back towards the scenario's mean in both arms; the active arm falls further by its effect. Arms are drawn
with equal chances. The start is the day of that visit, and visits that would fall on another of the patient's, or
after last contact, are missed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.codebook import typed_table
from nmosd_cohort.synthetic.calibrate import calibrate, draw_history
from nmosd_cohort.synthetic.columns import dates, patient_ids, with_nulls
from nmosd_cohort.synthetic.people import keyed, stream
from nmosd_cohort.synthetic.scenario import read_scenario

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.calibrate import History
    from nmosd_cohort.synthetic.course import Course
    from nmosd_cohort.synthetic.scenario import Scenario

WHO_STREAM, SCORE_STREAM, SPASM_STREAM, OTHER_STREAM, MISSED_STREAM = 80, 81, 82, 83, 84
TRUTH_N, TRUTH_SEED = 20_000, 78
MEAN_HEALTH = 55.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One treatment: its name and class, the sham arm if there is one, last day of the course, days of the visits."""

    key: str
    drug: str
    sham: str | None
    drug_class: str
    indication: str
    last_course_day: int
    days: tuple[int, ...]


TRIALS = (
    Trial("scrambler", "scrambler therapy", "sham scrambler therapy", "device", "pain", 9, (10, 30, 60)),
    Trial("tens", "tens", "sham tens", "device", "pain", 27, (28,)),
    Trial("car_t", "anti-bcma car-t", None, "cell_therapy", "attack_prevention", 0, (91, 183, 365)),
)


@dataclass(frozen=True, slots=True)
class _Scores:
    """Scores at the visits of one trial, shape (patients, visits), and at the start where they were not there yet."""

    nrs: NDArray[np.int64]
    spasms_at_start: NDArray[np.int64]
    spasms: NDArray[np.int64]
    mcgill_at_start: NDArray[np.int64]
    mcgill: NDArray[np.int64]


def add_trials(
    tables: dict[str, pd.DataFrame], scenario: Scenario, history: History, seed: int
) -> dict[str, pd.DataFrame]:
    """Return the tables with the participants' courses and visits; nothing changes where their shares are 0.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> bool(nc.simulate("review", n=40, seed=1).tables["treatments"]["drug"].eq("tens").any())
    False
    """
    shares = np.array([scenario.number(f"trials.{trial.key}_share") for trial in TRIALS])
    if not shares.any():
        return tables
    rng = stream(seed, WHO_STREAM)
    course = history.course
    chosen = rng.choice(len(TRIALS) + 1, size=history.people.n, p=[*shares, 1 - shares.sum()])
    is_active = rng.random(history.people.n) < 0.5
    asked = tables["assessments"]["has_pain"].notna().to_numpy()
    for place, trial in enumerate(TRIALS):
        base = _entry_visits(scenario, history, trial, asked)
        base = base[chosen[course.patient[base]] == place]
        active = is_active[course.patient[base]] if trial.sham else np.ones(len(base), dtype=bool)
        scores = _draw_scores(scenario, trial, course, base, active, (seed, place))
        tables = _with_trial(tables, scenario, history, trial, base, active, scores, (seed, place))
    return {name: typed_table(name, table) for name, table in tables.items()}


def trial_truth(scenario: str | Path, key: str) -> dict[str, float]:
    """Return the mean effect on the NRS, and on spasms a day, of one treatment at each of its visits.

    Mean over a seeded draw of patients of the score with the treatment less the score of the same patient without
    it; ``fall_without_<day>`` is how far scores fall from the start without it.

    Examples
    --------
    >>> trial_truth("review", "tens")["nrs_28"] < 0
    True
    """
    return dict(_truth(read_scenario(scenario), key))


@cache
def _truth(scenario: Scenario, key: str) -> tuple[tuple[str, float], ...]:
    trial = next(one for one in TRIALS if one.key == key)
    history = draw_history(scenario, calibrate(scenario), TRUTH_N, TRUTH_SEED)
    base = _entry_visits(scenario, history, trial, np.ones(len(history.course.nrs), dtype=bool))
    with_it, without = (
        _draw_scores(scenario, trial, history.course, base, np.full(len(base), arm), (TRUTH_SEED, 0))
        for arm in (True, False)
    )
    start = history.course.nrs[base]
    found: list[tuple[str, float]] = []
    for place, day in enumerate(trial.days):
        found += [
            (f"nrs_{day}", float((with_it.nrs[:, place] - without.nrs[:, place]).mean())),
            (f"spasms_{day}", float((with_it.spasms[:, place] - without.spasms[:, place]).mean())),
            (f"fall_without_{day}", float((without.nrs[:, place] - start).mean())),
        ]
    return tuple(found)


def _entry_visits(scenario: Scenario, history: History, trial: Trial, asked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the last visit of each patient that lets them enter, followed at least to the last visit of the trial."""
    course = history.course
    is_followed = course.day + trial.days[-1] <= history.people.last_day[course.patient]
    is_high = course.nrs >= scenario.number("trials.entry_nrs")
    usable = np.flatnonzero(asked & is_high & course.in_remission & is_followed)
    return np.asarray(usable[np.diff(course.patient[usable], append=-1) != 0])


def _draw_scores(
    scenario: Scenario,
    trial: Trial,
    course: Course,
    base: NDArray[np.int64],
    active: NDArray[np.bool_],
    key: tuple[int, int],
) -> _Scores:
    """Draw the scores; the same patients in the other arm have the same random numbers."""
    seed, place = key
    rng = np.random.default_rng([seed, SCORE_STREAM, place])
    shape = (len(base), len(trial.days))
    effect = active[:, None] * scenario.numbers(f"trials.{trial.key}_nrs_effects")[None, :]
    mean, stays = scenario.number("trials.regression_mean"), scenario.number("trials.correlation")
    own = scenario.number("trials.own_sd") * rng.standard_normal((len(base), 1))
    noise = scenario.number("trials.visit_sd") * rng.standard_normal(shape)
    latent = mean + stays * (course.nrs[base][:, None] - mean) + own + noise
    nrs = np.rint(latent + effect).clip(0, 10).astype(np.int64)
    rng = np.random.default_rng([seed, SPASM_STREAM, place])
    rate = np.where(course.has_spasm[base], rng.gamma(1.5, scenario.number("trials.spasms_mean") / 1.5, len(base)), 0)
    ratio = np.where(active, scenario.number(f"trials.{trial.key}_spasm_ratio"), 1.0)
    spasms_at_start = rng.poisson(rate)
    # Thinned, so that the other arm has the same spasms less those that the treatment takes away.
    spasms = rng.poisson(np.broadcast_to(rate[:, None], shape))
    spasms = (rng.random((*shape, int(spasms.max(initial=0)) + 1)) < ratio[:, None, None]).cumsum(axis=2)[
        np.arange(len(base))[:, None], np.arange(shape[1])[None, :], np.maximum(spasms - 1, 0)
    ] * (spasms > 0)
    rng = np.random.default_rng([seed, OTHER_STREAM, place])
    points = 2.2 * np.column_stack([course.nrs[base], nrs]) + rng.normal(0, 3, (len(base), shape[1] + 1))
    mcgill = np.rint(points).clip(0, 45).astype(np.int64)
    return _Scores(nrs, spasms_at_start, spasms, mcgill[:, 0], mcgill[:, 1:])


def _with_trial(
    tables: dict[str, pd.DataFrame],
    scenario: Scenario,
    history: History,
    trial: Trial,
    base: NDArray[np.int64],
    active: NDArray[np.bool_],
    scores: _Scores,
    key: tuple[int, int],
) -> dict[str, pd.DataFrame]:
    course = history.course
    patient, start = course.patient[base], course.day[base]
    rng = np.random.default_rng([key[0], MISSED_STREAM, key[1]])
    day = start[:, None] + np.array(trial.days)
    taken = np.isin(keyed(np.repeat(patient, len(trial.days)), day.ravel()), keyed(course.patient, course.day))
    kept = ~taken & (rng.random(day.size) >= scenario.number("trials.missed_share"))
    who = np.repeat(np.arange(len(base)), len(trial.days))[kept]
    nrs = scores.nrs.ravel()[kept]
    assessments = tables["assessments"]
    identifier, start_date = patient_ids(patient), dates(start)
    health = _health(assessments, identifier, start_date, course.nrs[base])[who]
    health = MEAN_HEALTH + 0.5 * (health - MEAN_HEALTH) - 3 * (nrs - course.nrs[base][who]) + rng.normal(0, 8, len(who))
    visits: dict[str, Any] = {
        "patient_id": identifier[who],
        "assessment_date": dates(day.ravel()[kept]),
        "has_pain": nrs > 0,
        "pain_nrs": nrs,
        "pain_recall": "average_24h",
        "spasms_per_day": scores.spasms.ravel()[kept].astype(np.float64),
        "sf_mpq": scores.mcgill.ravel()[kept],
        "eq_vas": with_nulls(np.rint(np.nan_to_num(health)).clip(0, 100).astype(np.int64), np.isnan(health)),
    }
    courses: dict[str, Any] = {
        "patient_id": identifier,
        "drug": np.where(active, trial.drug, trial.sham or trial.drug),
        "drug_class": trial.drug_class,
        "start_date": start_date,
        "stop_date": dates(start + trial.last_course_day),
        "indication": trial.indication,
    }
    at_start = pd.DataFrame(
        {
            "patient_id": identifier,
            "assessment_date": start_date,
            "new_spasms": scores.spasms_at_start.astype(np.float64),
            "new_mcgill": scores.mcgill_at_start,
        }
    )
    return tables | {
        "assessments": _merged(assessments, at_start, pd.DataFrame(visits)),
        "treatments": _appended(tables["treatments"], "treatments", pd.DataFrame(courses), "start_date"),
    }


def _health(
    assessments: pd.DataFrame, identifier: NDArray[np.object_], start_date: pd.Series[Any], nrs: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return EQ VAS at the start, NaN where it was not recorded."""
    known = assessments[["patient_id", "assessment_date", "eq_vas"]]
    wanted = pd.DataFrame({"patient_id": identifier, "assessment_date": start_date, "nrs": nrs})
    found = typed_key(wanted).merge(typed_key(known), on=["patient_id", "assessment_date"], how="left")
    return found["eq_vas"].to_numpy(dtype=np.float64, na_value=np.nan)


def typed_key(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the key of the assessments table in one type, so that two such frames can be joined.

    Examples
    --------
    >>> frame = pd.DataFrame({"patient_id": ["P1"], "assessment_date": ["2020-01-01"]})
    >>> str(typed_key(frame)["assessment_date"].dtype)
    'datetime64[us]'
    """
    return frame.assign(
        patient_id=frame["patient_id"].astype(str),
        assessment_date=pd.to_datetime(frame["assessment_date"]).astype("datetime64[us]"),
    )


def _merged(assessments: pd.DataFrame, at_start: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """Return the assessments with what was scored at the start, and with the visits after it."""
    keys = typed_key(assessments)[["patient_id", "assessment_date"]]
    found = keys.merge(typed_key(at_start), on=["patient_id", "assessment_date"], how="left")
    filled = assessments.assign(
        **{
            name: assessments[name].astype("Float64").fillna(found[new].astype("Float64").set_axis(assessments.index))
            for name, new in (("spasms_per_day", "new_spasms"), ("sf_mpq", "new_mcgill"))
        }
    )
    return _appended(typed_table("assessments", filled), "assessments", visits, "assessment_date")


def _appended(table: pd.DataFrame, name: str, rows: pd.DataFrame, day: str) -> pd.DataFrame:
    joined = pd.concat([table, typed_table(name, rows)], ignore_index=True)
    return joined.sort_values(["patient_id", day], kind="stable", ignore_index=True)
