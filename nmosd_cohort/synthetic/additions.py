"""What the later parts of the generator add to the tables, in their order, each from random numbers of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nmosd_cohort.synthetic.biomarkers import add_biomarkers
from nmosd_cohort.synthetic.comparators import add_comparators
from nmosd_cohort.synthetic.function_systems import add_function_systems
from nmosd_cohort.synthetic.onset_scans import add_onset_scans, plant_segment_effect
from nmosd_cohort.synthetic.rescue import add_rescue
from nmosd_cohort.synthetic.symptomatic_drugs import add_symptomatic_drugs
from nmosd_cohort.synthetic.symptoms import add_symptoms
from nmosd_cohort.synthetic.trials import add_trials
from nmosd_cohort.synthetic.volumes import add_volumes

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from nmosd_cohort.synthetic.calibrate import History
    from nmosd_cohort.synthetic.scenario import Scenario

    Tables = dict[str, pd.DataFrame]
    Addition = Callable[[Tables, Scenario, History, int], Tables]

ADDITIONS: tuple[Addition, ...] = (
    add_symptoms,
    add_function_systems,
    plant_segment_effect,
    add_onset_scans,
    add_volumes,
    add_symptomatic_drugs,
    add_biomarkers,
    add_rescue,
)
# Patients of other diseases come last: until then rows agree with the drawn history.
LAST: tuple[Addition, ...] = (add_trials, add_comparators)


def add_all(tables: Tables, scenario: Scenario, history: History, seed: int) -> Tables:
    """Return the tables with every addition; what was drawn before stays as it was."""
    for add in (*ADDITIONS, *LAST):
        tables = add(tables, scenario, history, seed)
    return tables
