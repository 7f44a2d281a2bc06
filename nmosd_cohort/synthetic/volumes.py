"""Brain volumes and activity at rest of some patients, with a known share of felt pain in each structure."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from nmosd_cohort.codebook import DAYS_PER_YEAR, typed_table
from nmosd_cohort.synthetic.assessments import draw_asked
from nmosd_cohort.synthetic.calibrate import calibrate, draw_history
from nmosd_cohort.synthetic.columns import dates, patient_ids
from nmosd_cohort.synthetic.course import NEUROPATHIC, NO_PAIN
from nmosd_cohort.synthetic.people import stream
from nmosd_cohort.synthetic.scenario import Scenario, read_scenario

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.calibrate import History

VOLUME_STREAM, ALFF_STREAM, SCAN_STREAM = 70, 71, 72
HEAD_SIZE = "intracranial_volume"
HEAD_MEAN, HEAD_SD, HEAD_MALE = 1_450_000.0, 120_000.0, 130_000.0
# Measure -> mean and SD in mm3, the SD given head size, age, sex and scanner.
VOLUMES = {
    "thalamus_ventral_posterior_volume": (680.0, 68.0),
    "hippocampus_volume": (3600.0, 400.0),
    "pallidum_volume": (1800.0, 220.0),
    "accumbens_volume": (500.0, 90.0),
    "caudate_volume": (3400.0, 430.0),
    "putamen_volume": (4600.0, 560.0),
}
ALFF = ("amygdala_left_alff", "insula_anterior_right_alff", "precuneus_alff")
# Offset of each site's scanner, in scanner SDs.
SCANNERS = np.array([-1.0, 0.5, 0.0, 1.0, -0.5])
LONGEST_LAG_DAYS = 60
TRUTH_N, TRUTH_SEED = 100_000, 78


def add_volumes(
    tables: dict[str, pd.DataFrame], scenario: Scenario, history: History, seed: int
) -> dict[str, pd.DataFrame]:
    """Return the tables with volumes (mm3) and ALFF (z scores) of some patients, from one MRI of the brain each.

    The MRI lies up to 60 days before the last assessment in remission at which pain was asked.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> imaging = nc.simulate(n=40, seed=1).tables["imaging"]
    >>> bool(imaging["measure"].eq("hippocampus_volume").any())
    True
    """
    course = history.course
    index = course.last_in_remission(draw_asked(scenario, history.people, course, stream(seed, 11)))
    rng = stream(seed, SCAN_STREAM)
    day = course.day[index] - rng.integers(0, LONGEST_LAG_DAYS + 1, len(index))
    volumes = draw_volumes(scenario, history, index, stream(seed, VOLUME_STREAM)).round(1)
    activity = draw_alff(scenario, history, index, stream(seed, ALFF_STREAM)).round(3)
    who = patient_ids(course.patient[index])
    parts = []
    for measures, share, unit in ((volumes, "volume_share", "mm3"), (activity, "alff_share", "z")):
        rows = np.flatnonzero(rng.random(len(index)) < scenario.number(f"volumes.{share}"))
        parts.append(_long(measures.iloc[rows], who[rows], day[rows], unit))
    measured = pd.concat(parts, ignore_index=True)
    covered = measured[["patient_id", "mri_date", "region"]].drop_duplicates()
    imaging = pd.concat([tables["imaging"], *(typed_table("imaging", part) for part in (covered, measured))])
    # The day may be that of an MRI of the cord, whose brain is on record already.
    imaging = imaging.drop_duplicates(["patient_id", "mri_date", "region", "measure"])
    return tables | {"imaging": imaging.sort_values(["patient_id", "mri_date"], kind="stable", ignore_index=True)}


def _long(measures: pd.DataFrame, who: NDArray[np.object_], day: NDArray[np.int64], unit: str) -> pd.DataFrame:
    """Return one row a patient and measure."""
    times = measures.shape[1]
    columns = {
        "patient_id": np.repeat(who, times),
        "mri_date": dates(np.repeat(day, times)),
        "region": "brain",
        "measure": np.tile(measures.columns.to_numpy(dtype=object), len(measures)),
        "value": measures.to_numpy(dtype=np.float64).ravel(),
        "unit": unit,
    }
    return pd.DataFrame(columns)


def draw_volumes(
    scenario: Scenario, history: History, index: NDArray[np.int64], rng: np.random.Generator
) -> pd.DataFrame:
    """Return head size and volumes of the patients of these assessments, one column a measure.

    Each volume rises with head size, falls with age, and, in SDs given these, falls with felt pain of that day by
    the scenario's weight.
    """
    people, patient = history.people, history.course.patient[index]
    is_male = ~people.is_female[patient]
    head = rng.standard_normal(len(index))
    columns = {HEAD_SIZE: HEAD_MEAN + HEAD_SD * head + HEAD_MALE * is_male}
    decades = (history.course.day[index] - people.birth_day[patient]) / DAYS_PER_YEAR / 10 - 4.5
    shared = (
        0.5 * (columns[HEAD_SIZE] - HEAD_MEAN) / HEAD_SD - scenario.number("volumes.age_sds_per_10_years") * decades
    )
    weights = scenario.numbers("volumes.volume_pain_weights")
    for (measure, (mean, sd)), weight in zip(VOLUMES.items(), weights, strict=True):
        columns[measure] = mean + sd * (shared + _own_part(scenario, history, index, float(weight), rng))
    return pd.DataFrame(columns)


def draw_alff(scenario: Scenario, history: History, index: NDArray[np.int64], rng: np.random.Generator) -> pd.DataFrame:
    """Return ALFF of the patients of these assessments as z scores, one column a measure."""
    weights = scenario.numbers("volumes.alff_pain_weights")
    columns = {
        measure: _own_part(scenario, history, index, float(weight), rng)
        for measure, weight in zip(ALFF, weights, strict=True)
    }
    return pd.DataFrame(columns)


def _own_part(
    scenario: Scenario, history: History, index: NDArray[np.int64], weight: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return what pain, scanner and chance add to a measure, variance 1 but for the scanner."""
    scanner = scenario.number("volumes.scanner_sd") * SCANNERS[history.people.site[history.course.patient[index]]]
    chance = np.sqrt(1 - weight**2) * rng.standard_normal(len(index))
    own: NDArray[np.float64] = weight * history.course.felt[index] + chance + scanner
    return own


def brain_truth(scenario: str | Path = "review") -> dict[str, float]:
    """Return the true values of the brain's measures, from one large seeded draw.

    Returns
    -------
    dict
        ``<measure>_difference``: mean with neuropathic pain minus without pain, in units of the measure, head size,
        age, sex and site held equal; ``<measure>_rho``: rank correlation of the pain score with what these leave.
    """
    return dict(_brain_truth(read_scenario(scenario)))


@cache
def _brain_truth(scenario: Scenario) -> dict[str, float]:
    history = draw_history(scenario, calibrate(scenario), TRUTH_N, TRUTH_SEED)
    course = history.course
    index = course.last_in_remission(draw_asked(scenario, history.people, course, stream(TRUTH_SEED, 11)))
    felt, nrs, group = course.felt[index], course.nrs[index], course.pain_group[index]
    gap = float(felt[group == NEUROPATHIC].mean() - felt[group == NO_PAIN].mean())
    weights = dict(zip(VOLUMES, scenario.numbers("volumes.volume_pain_weights"), strict=True))
    weights |= dict(zip(ALFF, scenario.numbers("volumes.alff_pain_weights"), strict=True))
    chance, truth = stream(TRUTH_SEED, SCAN_STREAM).standard_normal(len(index)), {}
    for measure, weight in weights.items():
        own = weight * felt + np.sqrt(1 - weight**2) * chance
        truth[f"{measure}_difference"] = VOLUMES.get(measure, (0.0, 1.0))[1] * float(weight) * gap
        truth[f"{measure}_rho"] = float(spearmanr(nrs, own).statistic)
    return truth
