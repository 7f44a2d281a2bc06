"""Pain episodes that are open on a day, and what they tell of each patient: types, sites and qualities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from nmosd_cohort.cohort.assessments import index_reasons, index_visits, visits
from nmosd_cohort.cohort.pain_status import pain_status
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect, day, lazy

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from nmosd_cohort.intake.registry import Registry

DESCRIBED = ("pain_type", "pain_sites", "pain_qualities")
TIME_FRAMES = ("current", "ever")
NO_TYPE = "unclassified"
NO_EPISODE = "pain, but no episode on record"


@dataclass(frozen=True, slots=True)
class DescribedPain:
    """Patients with what their pain episodes tell, and those episodes.

    Parameters
    ----------
    patients
        One row an eligible patient: patient_id, reason (used, or why pain is not known), has_pain (missing where
        not known), had_myelitis, is_contradicted (no pain, yet an open episode); for each of ``DESCRIBED`` the codes
        of all episodes, each once, separated by semicolons (empty without pain), and ``<name>_known``: missing
        where pain is not known, else whether there is no pain, or every episode tells.
    episodes
        One row an episode that counts of a patient with pain: patient_id and ``DESCRIBED``; a type that is not
        recorded is missing.
    """

    patients: pd.DataFrame
    episodes: pd.DataFrame


def open_episodes(registry: Registry, index: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row an episode that is open on its patient's index day; one without onset or end counts as open.

    Parameters
    ----------
    registry
        Checked tables.
    index
        One row a patient: patient_id, assessment_day.

    Returns
    -------
    narwhals.LazyFrame
        patient_id, pain_type, pain_sites, pain_qualities, onset_day.
    """
    pairs = index.select("patient_id", "assessment_day").join(_all_episodes(registry), on="patient_id", how="inner")
    is_open = (nw.col("onset_day") <= nw.col("assessment_day")).fill_null(True) & (
        nw.col("end_day") >= nw.col("assessment_day")
    ).fill_null(True)
    return pairs.filter(is_open).drop("assessment_day", "end_day")


def _all_episodes(registry: Registry) -> nw.LazyFrame[Any]:
    return lazy(registry.tables["pain"]).select(
        "patient_id", *DESCRIBED, onset_day=day("onset_date"), end_day=day("end_date")
    )


def joined_codes(keys: Iterable[Hashable], values: Iterable[object]) -> dict[Hashable, str]:
    """Return for each key the codes of all its cells, which hold codes separated by semicolons: sorted, each once.

    Examples
    --------
    >>> joined_codes(["P1", "P1", "P2"], ["leg;arm", "arm", None])
    {'P1': 'arm;leg', 'P2': ''}
    """
    found: dict[Hashable, set[str]] = {}
    for key, text in zip(keys, values, strict=True):
        codes = found.setdefault(key, set())
        if isinstance(text, str):
            codes.update(part.strip() for part in text.split(";"))
    return {key: ";".join(sorted(codes - {""})) for key, codes in found.items()}


def described_pain(
    registry: Registry, *, time_frame: str, diagnosis: str = "nmosd", min_days_after_attack: int = 30
) -> DescribedPain:
    """Return whether each eligible patient has pain, and what the pain episodes of that time tell.

    Parameters
    ----------
    registry
        Checked tables.
    time_frame
        ``current``: pain at the last visit in remission at which it was asked, and the episodes open that day.
        ``ever``: at any visit, and all episodes on record.
    diagnosis, min_days_after_attack
        As in ``questions.pain_prevalence``.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> described = described_pain(nc.simulate(n=60, seed=1), time_frame="current")
    >>> described.patients["patient_id"].is_unique
    True
    """
    if time_frame == "current":
        frame = visits(registry, diagnosis=diagnosis)
        needed: dict[str, Any] = {"needs": ["has_pain"], "min_days_after_attack": min_days_after_attack}
        index = index_visits(frame, **needed)
        answers = index_reasons(registry, frame, diagnosis=diagnosis, **needed)
        answers = answers.with_columns(reason=nw.col("index_status"))
        answers = answers.join(index.select("patient_id", "has_pain"), on="patient_id", how="left")
        found = open_episodes(registry, index)
    else:
        answers = pain_status(registry, pain="any", time_frame="ever", diagnosis=diagnosis)
        answers = answers.with_columns(has_pain=nw.col("status"))
        ids = eligible(select_patients(registry, diagnosis=diagnosis)).select("patient_id")
        found = _all_episodes(registry).join(ids, on="patient_id", how="inner")
    patients = collect(answers.select("patient_id", "reason", "has_pain", "had_myelitis"), ["patient_id"])
    patients.loc[patients["has_pain"].notna(), "reason"] = "used"
    episodes = collect(found.select("patient_id", *DESCRIBED), ["patient_id", "pain_type"])
    return _described(patients, episodes)


def _described(patients: pd.DataFrame, episodes: pd.DataFrame) -> DescribedPain:
    episodes = episodes.assign(pain_type=episodes["pain_type"].mask(episodes["pain_type"] == NO_TYPE))
    has_pain = patients["has_pain"].fillna(False).astype(bool)
    has_episode = patients["patient_id"].isin(episodes["patient_id"])
    of_painful = episodes[episodes["patient_id"].isin(patients.loc[has_pain, "patient_id"])].reset_index(drop=True)
    columns: dict[str, Any] = {"is_contradicted": patients["has_pain"].eq(False).fillna(False) & has_episode}
    for name in DESCRIBED:
        columns[name] = patients["patient_id"].map(joined_codes(of_painful["patient_id"], of_painful[name]))
        columns[name] = columns[name].fillna("").astype("string")
        is_blank = of_painful[name].fillna("").str.strip(" ;").eq("")
        untold = patients["patient_id"].isin(of_painful.loc[is_blank, "patient_id"])
        told = ~has_pain | (has_episode & ~untold)
        columns[f"{name}_known"] = told.astype("boolean").mask(patients["has_pain"].isna())
    return DescribedPain(patients.assign(has_episode=has_episode, **columns), of_painful)


def described_steps(patients: pd.DataFrame, name: str, left: int) -> list[tuple[str, int, int, str]]:
    """Return the flow from the patients in it to those of whom it is known, one step a reason.

    Parameters
    ----------
    patients
        Those of ``DescribedPain`` that the denominator is about.
    name
        One of ``DESCRIBED``.
    left
        Patients before these steps.
    """
    steps = []
    unknown = patients[patients["has_pain"].isna()]
    for reason, n in unknown.groupby("reason")["patient_id"].size().items():
        left -= int(n)
        steps.append(("pain known", left, int(n), str(reason)))
    untold = patients[patients[f"{name}_known"].eq(False).fillna(False)]
    reasons = untold["has_episode"].map({False: NO_EPISODE, True: f"an episode without {name}"})
    for reason, n in untold.groupby(reasons)["patient_id"].size().items():
        left -= int(n)
        steps.append((f"{name} known", left, int(n), str(reason)))
    return steps
