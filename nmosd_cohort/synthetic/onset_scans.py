"""Earlier MRIs of the cord, made at an attack, on which lesions are seen that later scans no longer show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nmosd_cohort.codebook import SEGMENTS, typed_table
from nmosd_cohort.synthetic.assessments import draw_asked
from nmosd_cohort.synthetic.calibrate import calibrate, draw_history
from nmosd_cohort.synthetic.columns import dates, labels, with_nulls
from nmosd_cohort.synthetic.pain_model import BOTH, CERVICAL_ONLY, NEITHER, NO_MYELITIS, THORACIC_ONLY
from nmosd_cohort.synthetic.people import stream
from nmosd_cohort.synthetic.scenario import read_scenario

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.calibrate import History
    from nmosd_cohort.synthetic.scenario import Scenario

ONSET_SCAN_STREAM, PLANTED_STREAM = 73, 74
LATEST_SCAN_DAYS = 15  # after the attack that the scan was made at
FEWEST_DAYS_BEFORE = 120  # from that scan to the one at entry
PLANTED_AT = ("T3", "T6")
TRUTH_N, TRUTH_SEED = 100_000, 79


def add_onset_scans(
    tables: dict[str, pd.DataFrame], scenario: Scenario, history: History, seed: int
) -> dict[str, pd.DataFrame]:
    """Return the tables with a cord MRI at the first myelitis of some patients, well before the one at entry.

    It shows every lesion of the scan at entry and, in some patients, one more that the later scans do not show: at
    a level, cervical or thoracic, that is then free. Pain knows the lesions that stay and no others.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> imaging = nc.simulate(n=60, seed=1).tables["imaging"]
    >>> cord = imaging[imaging["region"].eq("cervical_cord")]
    >>> bool(cord.groupby("patient_id")["mri_date"].nunique().gt(2).any())
    True
    """
    rng = stream(seed, ONSET_SCAN_STREAM)
    scans = _scans(tables, scenario, rng)
    kept = tables["lesions"].merge(scans[["patient_id", "first_scan", "scan_date"]], on="patient_id")
    kept = kept[kept["mri_date"] == kept["first_scan"]].assign(mri_date=lambda rows: rows["scan_date"])
    gone = _transient(scans, kept, scenario, rng)
    lesions = pd.concat([tables["lesions"], *(typed_table("lesions", part) for part in (kept, gone))])
    regions = pd.concat(
        [
            pd.DataFrame({"patient_id": scans["patient_id"], "mri_date": scans["scan_date"], "region": region})
            for region in ("cervical_cord", "thoracic_cord")
        ]
    )
    imaging = pd.concat([tables["imaging"], typed_table("imaging", regions)])
    return tables | {
        "lesions": lesions.sort_values(["patient_id", "mri_date"], kind="stable", ignore_index=True),
        "imaging": imaging.sort_values(["patient_id", "mri_date"], kind="stable", ignore_index=True),
    }


def _scans(tables: dict[str, pd.DataFrame], scenario: Scenario, rng: np.random.Generator) -> pd.DataFrame:
    """Return patient_id, first_scan of both levels, and scan_date at the first myelitis, of those who had both."""
    cord = tables["imaging"][tables["imaging"]["region"].isin(["cervical_cord", "thoracic_cord"])]
    regions = cord.groupby(["patient_id", "mri_date"])["region"].nunique().reset_index()
    first = regions[regions["region"] == 2].groupby("patient_id")["mri_date"].min().rename("first_scan")
    attacks = tables["attacks"]
    is_myelitis = attacks["attack_type"].str.contains("myelitis", regex=False).fillna(False).astype(bool)
    onset = attacks[is_myelitis].groupby("patient_id")["attack_date"].min().rename("attack_date")
    scans = pd.concat([first, onset], axis=1, join="inner").sort_index().reset_index()
    lag = rng.integers(0, LATEST_SCAN_DAYS + 1, len(scans))
    is_scanned = rng.random(len(scans)) < scenario.number("scans.onset_scan_share")
    attack_day = _days(scans["attack_date"])
    is_early = attack_day + lag + FEWEST_DAYS_BEFORE <= _days(scans["first_scan"])
    scans["scan_date"] = dates(attack_day + lag)
    return scans[is_scanned & is_early].reset_index(drop=True)


def _days(column: pd.Series) -> NDArray[np.int64]:
    days: NDArray[np.int64] = column.to_numpy(dtype="datetime64[us]").astype("datetime64[D]").astype(np.int64)
    return days


def _transient(scans: pd.DataFrame, kept: pd.DataFrame, scenario: Scenario, rng: np.random.Generator) -> pd.DataFrame:
    """Return the lesions that later scans do not show, one level a row."""
    place = {segment: at for at, segment in enumerate(SEGMENTS)}
    top, bottom = kept["upper_segment"].map(place).astype(int), kept["lower_segment"].map(place).astype(int)
    held = {
        "cervical": set(kept.loc[top <= place["C8"], "patient_id"]),
        "thoracic": set(kept.loc[(bottom >= place["T1"]) & (top <= place["T12"]), "patient_id"]),
    }
    parts = []
    for level, (first, last) in (("cervical", ("C2", "C5")), ("thoracic", ("T2", "T8"))):
        chance, start = rng.random(len(scans)), rng.integers(place[first], place[last] + 1, len(scans))
        is_free = ~scans["patient_id"].isin(held[level]).to_numpy()
        rows = np.flatnonzero(is_free & (chance < scenario.number("scans.transient_share")))
        columns = {
            "patient_id": scans["patient_id"].to_numpy()[rows],
            "mri_date": scans["scan_date"].to_numpy()[rows],
            "upper_segment": labels(start[rows], SEGMENTS),
            "lower_segment": labels(start[rows] + 2, SEGMENTS),
            "level_system": "cord",
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def plant_segment_effect(
    tables: dict[str, pd.DataFrame], scenario: Scenario, history: History, seed: int
) -> dict[str, pd.DataFrame]:
    """Return the tables with pain scores above 0 raised where a lesion of the scan at entry lies at T3 to T6.

    By ``scans.t3_t6_nrs_shift`` points, up to 10; the shipped scenarios have 0, which changes nothing.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.synthetic.scenario import read_scenario
    >>> tables = nc.simulate(n=20, seed=1).tables
    >>> plant_segment_effect(tables, read_scenario("review"), None, 1) is tables
    True
    """
    shift = scenario.number("scans.t3_t6_nrs_shift")
    if not shift:
        return tables
    place = {segment: at for at, segment in enumerate(SEGMENTS)}
    lesions = tables["lesions"]
    top, bottom = (lesions[name].map(place).astype(int) for name in ("upper_segment", "lower_segment"))
    is_at = (top <= place[PLANTED_AT[1]]) & (bottom >= place[PLANTED_AT[0]])
    hit = set(lesions.loc[is_at, "patient_id"])
    assessments = tables["assessments"]
    score = assessments["pain_nrs"].to_numpy(dtype=np.float64, na_value=np.nan)
    is_raised = assessments["patient_id"].isin(hit).to_numpy() & (score > 0)
    whole = np.floor(shift + stream(seed, PLANTED_STREAM).random(len(score)))
    raised = np.minimum(10, np.where(is_raised, score + whole, score))
    missing = np.isnan(raised)
    scores = with_nulls(np.where(missing, 0, raised).astype(np.int64), missing)
    return tables | {"assessments": typed_table("assessments", assessments.assign(pain_nrs=scores))}


def persistence_truth(scenario: str | Path = "review") -> dict[str, float]:
    """Return the true difference in the pain score with a lasting cervical and thoracic lesion, from a large draw.

    In NRS points, each given the other, among patients with past myelitis.
    """
    chosen = read_scenario(scenario)
    history = draw_history(chosen, calibrate(chosen), TRUTH_N, TRUTH_SEED)
    course = history.course
    index = course.last_in_remission(draw_asked(chosen, history.people, course, stream(TRUTH_SEED, 11)))
    level = history.people.lesion_level[course.patient[index]]
    lesions = [np.isin(level, (own, BOTH)).astype(float) for own in (CERVICAL_ONLY, THORACIC_ONLY)]
    # Half of the patients with neither have a scan of the lumbar cord only, and so no pair of scans.
    weight = np.where(level == NO_MYELITIS, 0.0, np.where(level == NEITHER, 0.5, 1.0)) ** 0.5
    design = np.column_stack([np.ones(len(index)), *lesions]) * weight[:, None]
    slopes = np.linalg.lstsq(design, course.nrs[index] * weight, rcond=None)[0]
    return {"cervical": float(slopes[1]), "thoracic": float(slopes[2])}
