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

CELL_COLUMNS = ("any", "neuropathic", "chronic", "pain_nrs", "age_years", "is_male")
NEEDED = ["has_pain"]


def diagnosis_cells(
    registry: Registry, *, diagnoses: Sequence[str], neuropathic_by: str, min_days_after_attack: int
) -> pd.DataFrame:
    """One row a combination of diagnosis, pain, NRS, age and sex at the last visit in remission that asked about pain.

    Returns
    -------
    DataFrame
        diagnosis, any, neuropathic and chronic (true, false, or missing; chronic as in ``questions.pain_prevalence``),
        pain_nrs, age_years, is_male, and n, the patients.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> cells = diagnosis_cells(
    ...     nc.simulate("demo", n=40, seed=1), diagnoses=["nmosd", "ms"], neuropathic_by="recorded",
    ...     min_days_after_attack=30)
    >>> sorted(cells["diagnosis"].unique())
    ['ms', 'nmosd']
    """
    parts = []
    for diagnosis in diagnoses:
        frame = visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by)
        index = index_visits(frame, needs=NEEDED, min_days_after_attack=min_days_after_attack)
        lasting = open_episode(registry, index, pain="any")
        answers = index.join(lasting, on="patient_id", how="left").with_columns(
            any=nw.col("has_pain"),
            neuropathic=nw.col("has_neuropathic_pain"),
            chronic=nw.col("has_pain") & nw.col("has_chronic_episode"),
        )
        parts.append(tally(answers, list(CELL_COLUMNS)).assign(diagnosis=diagnosis))
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
