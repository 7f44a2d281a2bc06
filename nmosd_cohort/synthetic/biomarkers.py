"""Complement C5a tied to pain and anxiety, HADS-A of the sub-study, and a centre with a coarser IL-6 assay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nmosd_cohort.synthetic.columns import dates, patient_ids
from nmosd_cohort.synthetic.people import stream
from nmosd_cohort.synthetic.scenario import read_scenario

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.additions import Tables
    from nmosd_cohort.synthetic.calibrate import History
    from nmosd_cohort.synthetic.scenario import Scenario

HADS_A_MEAN, HADS_A_SD, HADS_A_MOST = 6.5, 3.9, 21


def add_biomarkers(tables: Tables, scenario: Scenario, history: History, seed: int) -> Tables:
    """Return the tables with C5a raised by pain, anxiety and an attack, and HADS-A at visits with a sample.

    Samples are drawn at entry, the day of the first assessment. Latent anxiety is independent of pain; HADS-A is filled
    where it was not asked. IL-6 is tied to nothing.
    """
    course, rng = history.course, stream(seed, 63)
    first = np.flatnonzero(np.diff(course.patient, prepend=-1) != 0)
    anxiety, own = rng.standard_normal((2, history.people.n))
    shift = scenario.number("biomarkers.c5a_pain_log_ratio") * (course.nrs[first] > 0)
    shift += scenario.number("biomarkers.c5a_attack_log_ratio") * ~course.in_remission[first]
    shift += scenario.number("biomarkers.c5a_anxiety_log_ratio") * anxiety[course.patient[first]]
    factors = pd.Series(np.exp(shift), index=patient_ids(course.patient[first]))
    labs = _il6_of_the_first_site(_raised_c5a(tables["labs"], factors), tables["patients"], scenario)
    weight = scenario.number("biomarkers.hads_a_anxiety_weight")
    latent = weight * anxiety + np.sqrt(1 - weight**2) * own
    scores = np.rint(HADS_A_MEAN + HADS_A_SD * latent).clip(0, HADS_A_MOST)
    at_first = pd.Series(scores[course.patient[first]], index=_visit_key(course.patient[first], course.day[first]))
    return tables | {"labs": labs, "assessments": _with_hads_a(tables["assessments"], labs, at_first)}


def _visit_key(patient: NDArray[np.int64], day: NDArray[np.int64]) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([patient_ids(patient), dates(day).to_numpy(dtype="datetime64[us]")])


def _raised_c5a(labs: pd.DataFrame, factors: pd.Series[float]) -> pd.DataFrame:
    is_c5a = (labs["analyte"] == "c5a").to_numpy(dtype=bool)
    factor = factors.reindex(labs["patient_id"].to_numpy(dtype=object)).fillna(1.0).to_numpy()
    values = labs["value"].to_numpy(dtype=float, na_value=np.nan)
    raised = np.where(is_c5a, (values * factor).round(2), values)
    return labs.assign(value=pd.Series(raised, index=labs.index).astype(labs["value"].dtype))


def _il6_of_the_first_site(labs: pd.DataFrame, patients: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Return the laboratory values with IL-6 of the first centre cut off at its own limit."""
    limit = scenario.number("biomarkers.il6_first_site_limit")
    site = patients["site"].to_numpy(dtype=object)
    first = min((name for name in site if name is not None), default="")
    there = patients["patient_id"].to_numpy(dtype=object)[site == first]
    values = labs["value"].to_numpy(dtype=float, na_value=np.nan)
    is_il6 = (labs["analyte"] == "il6").to_numpy(dtype=bool) & labs["patient_id"].isin(there).to_numpy(dtype=bool)
    is_below = is_il6 & (values <= limit)
    operator = labs["limit_operator"].mask(pd.Series(is_below, index=labs.index), "below")
    cut = pd.Series(np.where(is_below, limit, values), index=labs.index)
    return labs.assign(value=cut.astype(labs["value"].dtype), limit_operator=operator)


def _with_hads_a(assessments: pd.DataFrame, labs: pd.DataFrame, scores: pd.Series[float]) -> pd.DataFrame:
    """Return the assessments with HADS-A at the first visit of patients with a sample, where it was not asked."""
    sampled = scores[scores.index.get_level_values(0).isin(labs["patient_id"].to_numpy(dtype=object))]
    key = pd.MultiIndex.from_arrays(
        [
            assessments["patient_id"].to_numpy(dtype=object),
            assessments["assessment_date"].to_numpy(dtype="datetime64[us]"),
        ]
    )
    asked = pd.Series(sampled.reindex(key).to_numpy(), index=assessments.index, dtype="Float64")
    filled = assessments["hads_a"].astype("Float64").fillna(asked)
    return assessments.assign(hads_a=filled.astype("Int64").astype(assessments["hads_a"].dtype))


def true_biomarker_values(scenario: str | Path = "review") -> dict[str, float]:
    """Return the true ratios of geometric means by the model, exact: with against without pain, in remission.

    Examples
    --------
    >>> round(true_biomarker_values("review")["c5a_ratio_pain"], 3), true_biomarker_values("null")["c5a_ratio_pain"]
    (1.284, 1.0)
    """
    chosen = read_scenario(scenario)
    return {"c5a_ratio_pain": float(np.exp(chosen.number("biomarkers.c5a_pain_log_ratio"))), "il6_ratio_pain": 1.0}
