"""Pain of patients of two diagnoses at their last visit in remission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd

from nmosd_cohort.cohort.assessments import index_reasons, index_steps, index_visits, visits
from nmosd_cohort.cohort.pain import open_episode
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import collect, lazy, tally

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.intake.registry import Registry

CELL_COLUMNS = ("pain_nrs", "age_years", "is_male")
NEEDED = ["has_pain"]
# Outcome -> what a visit must tell to answer it. Chronic pain needs an episode beside it.
NEEDED_FOR = {"neuropathic": "has_neuropathic_pain", "chronic": "has_pain"}


def diagnosis_cells(
    registry: Registry, outcome: str, *, diagnoses: Sequence[str], neuropathic_by: str, min_days_after_attack: int
) -> pd.DataFrame:
    """One row a combination of diagnosis, pain, NRS, age and sex at the last visit in remission that tells the outcome.

    Parameters
    ----------
    registry
        Checked tables.
    outcome
        One of ``NEEDED_FOR``: neuropathic, or chronic as in ``questions.pain_prevalence``.
    diagnoses, neuropathic_by, min_days_after_attack
        As in ``questions.pain_and_diagnosis``.

    Returns
    -------
    DataFrame
        diagnosis, any (pain of any kind), the outcome (true, false, or missing), pain_nrs, age_years, is_male, and n,
        the patients.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> cells = diagnosis_cells(
    ...     nc.simulate("demo", n=40, seed=1), "chronic", diagnoses=["nmosd", "ms"], neuropathic_by="recorded",
    ...     min_days_after_attack=30)
    >>> sorted(cells["diagnosis"].unique())
    ['ms', 'nmosd']
    """
    parts = []
    for diagnosis in diagnoses:
        frame = visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by)
        index = index_visits(frame, needs=[NEEDED_FOR[outcome]], min_days_after_attack=min_days_after_attack)
        answer = nw.col(NEEDED_FOR[outcome])
        if outcome == "chronic":
            index = index.join(open_episode(registry, index, pain="any"), on="patient_id", how="left")
            answer = answer & nw.col("has_chronic_episode")
        answers = index.with_columns(answer.alias(outcome), any=nw.col("has_pain"))
        parts.append(tally(answers, ["any", outcome, *CELL_COLUMNS]).assign(diagnosis=diagnosis))
    return pd.concat(parts, ignore_index=True)


def diagnosis_steps(
    registry: Registry, *, diagnoses: Sequence[str], neuropathic_by: str, min_days_after_attack: int
) -> list[tuple[str, int, int, str]]:
    """Return the flow from all patients of the registry to those of either diagnosis whose pain is known."""
    total = len(collect(lazy(registry.tables["patients"]).select("patient_id"), ["patient_id"]))
    sizes, known_steps = [], []
    for diagnosis in diagnoses:
        patients = tally(eligible(select_patients(registry, diagnosis=diagnosis)), ["is_male"])
        sizes.append(int(patients["n"].sum()))
        frame = visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by)
        needed: dict[str, Any] = {"needs": NEEDED, "min_days_after_attack": min_days_after_attack}
        reasons = index_reasons(registry, frame, diagnosis=diagnosis, **needed)
        known_steps += [(f"{step}, {diagnosis}", lost, why) for step, _, lost, why in index_steps(reasons, "pain")]
    both = sum(sizes)
    reason = "another diagnosis, none recorded, or MOG-IgG positive and AQP4-IgG negative" if both < total else ""
    steps = [("patients in the registry", total, 0, ""), ("of either diagnosis", both, total - both, reason)]
    left = both
    for step, lost, why in known_steps:
        left -= lost
        steps.append((step, left, lost, why))
    return steps
