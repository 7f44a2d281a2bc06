"""The truth behind predictors of neuropathic pain and quality of life, and behind associations without overlap."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import spearmanr

from nmosd_cohort.codebook import DAYS_PER_YEAR
from nmosd_cohort.instruments.edss import SYSTEMS, edss_from_systems
from nmosd_cohort.synthetic.calibrate import calibrate, draw_history
from nmosd_cohort.synthetic.generate import simulate
from nmosd_cohort.synthetic.scenario import read_scenario

if TYPE_CHECKING:
    import pandas as pd

TRUTH_N = 12_000
TRUTH_SEED = 78
SCALES = tuple(f"sf36_{scale}" for scale in ("pf", "rp", "gh", "vt", "sf", "re", "mh"))
PREDICTORS = ("pain_nrs", "edss_bowel_bladder", "sexual_dysfunction", "edss_visual", "edss_pyramidal")


@cache
def predictor_truth(scenario: str = "review") -> dict[str, float]:
    """Return true values by key, each from one seeded draw of 12,000 patients at their last usable visit.

    Returns
    -------
    dict
        odds_ratio_spinal_onset (crude, against all assessed); coefficient_<predictor> (standardised, given the
        others, age, sex and duration) and explained_variance of the mean of seven SF-36 scales; and
        spearman_<score> of pain with bdi_ii, bdi_ii_cognitive, edss and edss_without_sensory.

    Examples
    --------
    >>> predictor_truth.__name__
    'predictor_truth'
    """
    visits = _visits(scenario)
    return _onset(visits) | _quality_of_life(visits) | _correlations(visits)


def _visits(scenario: str) -> pd.DataFrame:
    """Return every assessment in remission with what is true of its patient, in order of patient and day."""
    chosen = read_scenario(scenario)
    tables = simulate(scenario, n=TRUTH_N, seed=TRUTH_SEED).tables
    history = draw_history(chosen, calibrate(chosen), TRUTH_N, TRUTH_SEED)
    course, people = history.course, history.people
    visits = tables["assessments"].iloc[: len(course.day)].reset_index(drop=True)
    first = tables["attacks"].sort_values(["patient_id", "attack_date"], kind="stable").drop_duplicates("patient_id")
    onset = first.set_index("patient_id")["attack_type"].str.contains("myelitis")
    known: pd.DataFrame = visits.assign(
        is_spinal=visits["patient_id"].map(onset).astype(float).to_numpy(),
        age=np.floor((course.day - people.birth_day[course.patient]) / DAYS_PER_YEAR),
        is_male=~people.is_female[course.patient],
        duration=np.floor((course.day - people.onset_day[course.patient]) / DAYS_PER_YEAR),
    )
    return known.loc[course.in_remission]


def _last_with(visits: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    return visits.dropna(subset=columns).drop_duplicates("patient_id", keep="last")


def _onset(visits: pd.DataFrame) -> dict[str, float]:
    is_known = ~visits["has_pain"].fillna(False).astype(bool) | visits["has_neuropathic_pain"].notna()
    known = _last_with(visits[is_known.to_numpy()], ["has_pain"])
    is_neuropathic = known["has_neuropathic_pain"].fillna(False).astype(bool).to_numpy()
    is_spinal = known["is_spinal"].to_numpy() == 1
    odds = [is_neuropathic[group].mean() / (1 - is_neuropathic[group].mean()) for group in (is_spinal, ~is_spinal)]
    return {"odds_ratio_spinal_onset": float(odds[0] / odds[1])}


def _quality_of_life(visits: pd.DataFrame) -> dict[str, float]:
    known = _last_with(visits, [*SCALES, *PREDICTORS])
    names = [*PREDICTORS, "age", "is_male", "duration"]
    columns = known[names].astype(float).to_numpy()
    outcome = known[list(SCALES)].astype(float).to_numpy().mean(axis=1)
    columns, outcome = (columns - columns.mean(axis=0)) / columns.std(axis=0), (outcome - outcome.mean())
    outcome = outcome / outcome.std()
    coefficients = np.linalg.lstsq(columns, outcome, rcond=None)[0]
    truth = {f"coefficient_{name}": float(value) for name, value in zip(names, coefficients, strict=True)}
    return truth | {"explained_variance": float(1 - ((outcome - columns @ coefficients) ** 2).mean())}


def _correlations(visits: pd.DataFrame) -> dict[str, float]:
    mood = _last_with(visits, ["pain_nrs", "bdi_ii", "bdi_ii_cognitive"])
    form = [f"edss_{name}" for name in (*SYSTEMS, "ambulation")]
    seen = _last_with(visits, ["pain_nrs", *form])
    grades = seen[form].rename(columns=lambda name: name.removeprefix("edss_"))
    scores = {
        "bdi_ii": (mood, mood["bdi_ii"]),
        "bdi_ii_cognitive": (mood, mood["bdi_ii_cognitive"]),
        "edss": (seen, edss_from_systems(grades)),
        "edss_without_sensory": (seen, edss_from_systems(grades, without=["sensory"])),
    }
    return {
        f"spearman_{name}": float(spearmanr(of["pain_nrs"].astype(float), score.astype(float)).statistic)
        for name, (of, score) in scores.items()
    }
