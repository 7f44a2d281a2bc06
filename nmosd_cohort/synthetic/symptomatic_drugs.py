"""Drugs against depression and pain beyond those of the first tables, and how each class was judged; with the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.codebook import typed_table
from nmosd_cohort.synthetic.columns import dates, patient_ids
from nmosd_cohort.synthetic.people import stream
from nmosd_cohort.synthetic.scenario import Scenario, read_scenario
from nmosd_cohort.synthetic.treatment import ANALGESIC_SHARES

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.additions import Tables
    from nmosd_cohort.synthetic.calibrate import History

DEPRESSED_FROM = 14  # BDI-II
RESPONSES = np.array(["good", "partial", "none"], dtype=object)
SODIUM_CHANNEL_BLOCKER = "carbamazepine"  # the only one of the generator
JUDGED_CLASSES = ("antidepressant", "opioid", "nonopioid_analgesic", "muscle_relaxant")


def add_symptomatic_drugs(tables: Tables, scenario: Scenario, history: History, seed: int) -> Tables:
    """Return the tables with more courses against depression and pain, and responses drawn by class.

    A course against depression is drawn for the last visit in remission with pain and BDI-II, by whether the BDI-II
    is 14 or more, and by nothing else. The response depends on the class alone; carbamazepine is drawn apart
    from the other anticonvulsants.
    """
    visits = _visits(tables["assessments"], history)
    courses = pd.concat(
        [
            tables["treatments"],
            _antidepressants(visits, scenario, stream(seed, 60)),
            _analgesics(visits, scenario, stream(seed, 61)),
        ],
        ignore_index=True,
    )
    courses = courses.sort_values(["patient_id", "start_date"], kind="stable", ignore_index=True)
    return tables | {"treatments": _judged(courses, scenario, stream(seed, 62))}


def _visits(assessments: pd.DataFrame, history: History) -> pd.DataFrame:
    """One row an assessment in the order of patient and day, with whether it lies in remission."""
    course = history.course
    calm = pd.DataFrame(
        {
            "patient_id": patient_ids(course.patient),
            "assessment_date": dates(course.day).to_numpy(dtype="datetime64[us]"),
            "in_remission": course.in_remission,
        }
    )
    seen = pd.DataFrame(
        {
            "patient_id": assessments["patient_id"].to_numpy(dtype=object),
            "assessment_date": assessments["assessment_date"].to_numpy(dtype="datetime64[us]"),
            "nrs": assessments["pain_nrs"].astype("Float64").to_numpy(dtype=float, na_value=np.nan),
            "bdi_ii": assessments["bdi_ii"].astype("Float64").to_numpy(dtype=float, na_value=np.nan),
        }
    )
    return seen.merge(calm, on=["patient_id", "assessment_date"]).sort_values(
        ["patient_id", "assessment_date"], ignore_index=True
    )


def _courses(patients: pd.DataFrame, start: pd.Series[Any], drug: tuple[str, str, float, str]) -> pd.DataFrame:
    name, drug_class, dose, indication = drug
    columns = {
        "patient_id": patients["patient_id"].to_numpy(dtype=object),
        "drug": name,
        "drug_class": drug_class,
        "dose": dose,
        "dose_unit": "mg/day",
        "start_date": start.to_numpy(dtype="datetime64[us]"),
        "indication": indication,
    }
    return typed_table("treatments", pd.DataFrame(columns, index=range(len(patients))))


def _antidepressants(visits: pd.DataFrame, scenario: Scenario, rng: np.random.Generator) -> pd.DataFrame:
    usable = visits[visits["in_remission"] & visits["nrs"].notna() & visits["bdi_ii"].notna()]
    index = usable.drop_duplicates("patient_id", keep="last")
    chance = np.where(
        index["bdi_ii"] >= DEPRESSED_FROM,
        scenario.number("symptomatic.antidepressant_share_depressed"),
        scenario.number("symptomatic.antidepressant_share_others"),
    )
    drawn, before = rng.random(len(index)), rng.integers(40, 400, len(index))
    is_treated = drawn < chance
    start = index["assessment_date"] - pd.to_timedelta(before, unit="D")
    return _courses(index[is_treated], start[is_treated], ("escitalopram", "antidepressant", 10.0, "depression"))


def _analgesics(visits: pd.DataFrame, scenario: Scenario, rng: np.random.Generator) -> pd.DataFrame:
    first = visits[visits["nrs"] > 0].drop_duplicates("patient_id")
    drugs = {
        "opioid": ("tramadol", "opioid", 100.0, "pain"),
        "nonopioid": ("ibuprofen", "nonopioid_analgesic", 1200.0, "pain"),
    }
    parts = []
    for name, drug in drugs.items():
        is_treated = rng.random(len(first)) < scenario.number(f"symptomatic.{name}_share")
        parts.append(_courses(first[is_treated], first.loc[is_treated, "assessment_date"], drug))
    return pd.concat(parts, ignore_index=True)


def _judged(courses: pd.DataFrame, scenario: Scenario, rng: np.random.Generator) -> pd.DataFrame:
    """Return the courses with responses of the symptomatic classes drawn anew."""
    drug_class = courses["drug_class"].to_numpy(dtype=object)
    is_blocker = courses["drug"].to_numpy(dtype=object) == SODIUM_CHANNEL_BLOCKER
    response = courses["response"].astype(object).to_numpy(dtype=object)
    is_judged = rng.random(len(courses)) < scenario.number("symptomatic.judged_share")
    uniform = rng.random(len(courses))
    chosen = {name: drug_class == name for name in JUDGED_CLASSES}
    chosen["sodium_channel_blocker"] = is_blocker
    chosen["other_anticonvulsant"] = (drug_class == "anticonvulsant") & ~is_blocker
    for name, rows in chosen.items():
        drawn = _drawn_response(scenario, name, uniform[rows])
        drawn[~is_judged[rows]] = None
        response[rows] = drawn
    return courses.assign(response=pd.Series(response, dtype=courses["response"].dtype, index=courses.index))


def _drawn_response(scenario: Scenario, name: str, uniform: NDArray[np.float64]) -> NDArray[np.object_]:
    limits = np.cumsum(scenario.numbers(f"symptomatic.response_{name}"))[:2]
    drawn: NDArray[np.object_] = RESPONSES[np.searchsorted(limits, uniform, side="right")]
    return drawn


def true_drug_values(scenario: str | Path = "review") -> dict[str, float]:
    """Return what holds exactly of the drugs by the model, by key.

    Returns
    -------
    dict
        ``antidepressant_for_depression_depressed`` and ``_others``: share with such a course at the last visit in
        remission with pain and BDI-II. ``response_<class>``: share good or partial of judged courses;
        ``response_anticonvulsant`` over both kinds, ``response_difference_sodium_channel_blocker`` between them.

    Examples
    --------
    >>> round(true_drug_values("review")["response_difference_sodium_channel_blocker"], 3)
    0.19
    """
    chosen = read_scenario(scenario)
    sertraline = chosen.number("treatment.antidepressant_share")
    truth = {}
    for name in ("depressed", "others"):
        share = chosen.number(f"symptomatic.antidepressant_share_{name}")
        truth[f"antidepressant_for_depression_{name}"] = 1 - (1 - share) * (1 - sertraline)
    rates = {}
    for name in (*JUDGED_CLASSES, "sodium_channel_blocker", "other_anticonvulsant"):
        rates[name] = float(1 - chosen.numbers(f"symptomatic.response_{name}")[2])
        truth[f"response_{name}"] = rates[name]
    others, blockers = sum(ANALGESIC_SHARES[:2]), ANALGESIC_SHARES[2]
    mixed = others * rates["other_anticonvulsant"] + blockers * rates["sodium_channel_blocker"]
    truth["response_anticonvulsant"] = mixed / (others + blockers)
    difference = rates["sodium_channel_blocker"] - rates["other_anticonvulsant"]
    truth["response_difference_sodium_channel_blocker"] = difference
    return truth
