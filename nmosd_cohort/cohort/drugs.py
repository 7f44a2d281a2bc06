"""Drugs against pain, spasms and depression: who takes which class at a visit, and how each was judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from nmosd_cohort.cohort.pain import episode_recorded
from nmosd_cohort.cohort.tally import collect, day, lazy, tally

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry

SYMPTOMATIC_CLASSES = ("anticonvulsant", "antidepressant", "opioid", "nonopioid_analgesic", "muscle_relaxant")
PAIN_CLASSES = SYMPTOMATIC_CLASSES[:4]
INDICATIONS = ("depression", "pain")
# Drugs whose main action is to block voltage-gated sodium channels, by their non-proprietary names. Valproate,
# topiramate and zonisamide block them among other actions and are left out.
SODIUM_CHANNEL_BLOCKERS = (
    *("carbamazepine", "oxcarbazepine", "eslicarbazepine", "eslicarbazepine acetate", "phenytoin", "fosphenytoin"),
    *("lamotrigine", "lacosamide", "rufinamide", "cenobamate", "mexiletine"),
)
LONG_AGO = -1_000_000  # a day before all days: an unknown start


def why_drugs_unknown(registry: Registry) -> str:
    """Return why it cannot be told who takes no drug against symptoms; empty where it can.

    A table without any course of these classes cannot be told from one that never lists them.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> why_drugs_unknown(nc.simulate(n=60, seed=1))
    ''
    """
    classes = tally(lazy(registry.tables["treatments"]), ["drug_class"])
    if not int(classes["n"].sum()):
        return "table treatments (drug, drug_class, start_date, stop_date) is empty or not delivered"
    if not classes["drug_class"].isin(SYMPTOMATIC_CLASSES).any():
        listed = ", ".join(SYMPTOMATIC_CLASSES)
        return f"treatments.drug_class names no course of {listed}: such drugs seem not to be collected"
    return ""


def with_drugs(registry: Registry, index: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row a patient of ``index`` with what was open on the index day, 1 or 0 (0: none on record).

    Returns
    -------
    narwhals.LazyFrame
        The columns of ``index``; on_<class> for each symptomatic class; on_pain_drug (any class but muscle
        relaxants, and no antidepressant with the indication depression); on_symptomatic_drug (any class);
        on_drug_for_pain (any of them with the indication pain);
        antidepressant_for_depression and antidepressant_for_pain; drug_class_count. A course of unknown start or
        stop counts as open.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.assessments import index_visits, visits
    >>> registry = nc.simulate(n=60, seed=1)
    >>> index = index_visits(visits(registry), needs=["has_pain"], min_days_after_attack=30)
    >>> "on_opioid" in with_drugs(registry, index).collect_schema().names()
    True
    """
    flags = {f"on_{name}": nw.col("drug_class") == name for name in SYMPTOMATIC_CLASSES}
    flags["on_drug_for_pain"] = (nw.col("indication") == "pain").fill_null(False)
    against_mood = (nw.col("drug_class") == "antidepressant") & (nw.col("indication") == "depression").fill_null(False)
    flags["on_pain_drug"] = nw.col("drug_class").is_in(PAIN_CLASSES) & ~against_mood
    for reason in INDICATIONS:
        given = (nw.col("indication") == reason).fill_null(False)
        flags[f"antidepressant_for_{reason}"] = (nw.col("drug_class") == "antidepressant") & given
    taken = _open_courses(registry, index).with_columns(**{name: flag.cast(nw.Int64) for name, flag in flags.items()})
    taken = taken.group_by("patient_id").agg(*(nw.col(name).max() for name in flags))
    joined = index.join(taken, on="patient_id", how="left").with_columns(
        *(nw.col(name).fill_null(0).cast(nw.Int64) for name in flags)
    )
    classes = [nw.col(f"on_{name}") for name in SYMPTOMATIC_CLASSES]
    return joined.with_columns(
        on_symptomatic_drug=nw.max_horizontal(*classes),
        drug_class_count=nw.sum_horizontal(*classes).cast(nw.Int64),
    )


def _open_courses(registry: Registry, index: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row a course of a symptomatic class that is open on the index day."""
    courses = lazy(registry.tables["treatments"]).filter(nw.col("drug_class").is_in(SYMPTOMATIC_CLASSES))
    spans = courses.select(
        "patient_id", "drug_class", "indication", start_day=day("start_date"), stop_day=day("stop_date")
    )
    pairs = index.select("patient_id", "assessment_day").join(spans, on="patient_id", how="inner")
    return pairs.filter(
        (nw.col("start_day") <= nw.col("assessment_day")).fill_null(True),
        (nw.col("stop_day") >= nw.col("assessment_day")).fill_null(True),
    )


def judged_courses(registry: Registry, patients: nw.LazyFrame[Any]) -> pd.DataFrame:
    """One row a judged course of a symptomatic class or sodium-channel blocker; the last of a patient stands last.

    Returns
    -------
    DataFrame
        patient_id, drug (lower case), drug_class, response, is_sodium_channel_blocker.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.selection import eligible, select_patients
    >>> registry = nc.simulate(n=200, seed=1)
    >>> courses = judged_courses(registry, eligible(select_patients(registry)))
    >>> sorted(courses["response"].unique())
    ['good', 'none', 'partial']
    """
    courses = lazy(registry.tables["treatments"]).with_columns(drug=nw.col("drug").str.to_lowercase())
    # Mexiletine and its like may stand under another class.
    is_wanted = nw.col("drug_class").is_in(SYMPTOMATIC_CLASSES) | nw.col("drug").is_in(SODIUM_CHANNEL_BLOCKERS)
    courses = courses.filter(is_wanted.fill_null(False), ~nw.col("response").is_null())
    rows = courses.join(patients.select("patient_id"), on="patient_id", how="inner").select(
        "patient_id",
        "drug",
        "drug_class",
        "response",
        start_day=day("start_date").fill_null(LONG_AGO),
    )
    sorted_rows = collect(rows, ["patient_id", "start_day", "drug"]).drop(columns="start_day")
    blocker = sorted_rows["drug"].isin(SODIUM_CHANNEL_BLOCKERS)
    return sorted_rows.assign(is_sodium_channel_blocker=blocker.astype(bool))


def pain_kinds_on_record(registry: Registry, patients: nw.LazyFrame[Any], frame: nw.LazyFrame[Any]) -> pd.DataFrame:
    """One row a patient: which kinds of pain were ever recorded, at a visit or as an episode.

    Parameters
    ----------
    registry
        Checked tables.
    patients
        Who is looked at, one row each.
    frame
        From ``visits``.

    Returns
    -------
    DataFrame
        patient_id, with_pain, neuropathic, tonic_spasm; true or false, where false is "never recorded".

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.assessments import visits
    >>> from nmosd_cohort.cohort.selection import eligible, select_patients
    >>> registry = nc.simulate(n=60, seed=1)
    >>> kinds = pain_kinds_on_record(registry, eligible(select_patients(registry)), visits(registry))
    >>> bool((kinds["with_pain"] | ~kinds["neuropathic"]).all())
    True
    """
    states = {"with_pain": "has_pain", "neuropathic": "has_neuropathic_pain", "tonic_spasm": "has_tonic_spasm"}
    episodes = {"with_pain": "any", "neuropathic": "neuropathic", "tonic_spasm": "tonic_spasm"}
    flags = {name: nw.col(column).fill_null(False).cast(nw.Int64) for name, column in states.items()}
    seen = frame.with_columns(**flags).group_by("patient_id").agg(*(nw.col(name).max() for name in flags))
    seen = patients.select("patient_id").join(seen, on="patient_id", how="left")
    for name, pain in episodes.items():
        entered = episode_recorded(registry, pain=pain).select("patient_id", **{f"entered_{name}": nw.lit(1)})
        seen = seen.join(entered, on="patient_id", how="left")
    either = {
        name: nw.max_horizontal(nw.col(name).fill_null(0), nw.col(f"entered_{name}").fill_null(0)) > 0 for name in flags
    }
    return collect(seen.select("patient_id", **either), ["patient_id"]).astype(dict.fromkeys(flags, bool))
