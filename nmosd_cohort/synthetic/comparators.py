"""Patients with multiple sclerosis beside those with NMOSD: a simple model, enough for pain and its severity.

Each patient has three assessments, half a year apart, at all of which pain is asked. Pain at the last depends on age
and sex, and has the scenario's share. Lasting pain is there at all three; the rest began in the 60 days before the
last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, ndtr, ndtri

from nmosd_cohort.codebook import DAYS_PER_YEAR, typed_table
from nmosd_cohort.synthetic.columns import dates, labels, with_nulls
from nmosd_cohort.synthetic.patients import SITES, SYNDROMES
from nmosd_cohort.synthetic.people import DATA_CUT_DAY, stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.calibrate import History
    from nmosd_cohort.synthetic.scenario import Scenario

AGE_LIMITS_YEARS = np.array([18.0, 80.0])
VISIT_DAYS = np.array([-365, -182, 0])  # before the last contact
SYNDROME_SHARES = (0.30, 0.30, 0.0, 0.25, 0.15)
OTHER_TYPES = ("musculoskeletal", "headache", "spasticity", "trigeminal", "other")
OTHER_TYPE_SHARES = (0.45, 0.30, 0.10, 0.05, 0.10)
PEOPLE_STREAM, PAIN_STREAM = 43, 44


@dataclass(frozen=True, slots=True)
class ComparatorPain:
    """One entry a patient: pain at the last assessment, its kind, whether it lasts, scores at the three assessments."""

    has_pain: NDArray[np.bool_]
    is_neuropathic: NDArray[np.bool_]
    has_spasm: NDArray[np.bool_]
    is_chronic: NDArray[np.bool_]
    nrs: NDArray[np.int64]


def add_comparators(
    tables: dict[str, pd.DataFrame], scenario: Scenario, history: History, seed: int
) -> dict[str, pd.DataFrame]:
    """Return the tables with patients with MS after all others; none where the scenario has no share of them.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> nc.simulate("demo", n=40, seed=1).tables["patients"]["diagnosis"].tolist().count("ms")
    10
    """
    n = round(history.people.n * scenario.number("comparators.ms_share"))
    if n == 0:
        return tables
    people = _draw_people(scenario, n, stream(seed, PEOPLE_STREAM))
    rng = stream(seed, PAIN_STREAM)
    pain = draw_comparator_pain(scenario, people["age_years"].to_numpy(), people["is_female"].to_numpy(), rng)
    added = {
        "patients": _patients(people),
        "attacks": _attacks(people),
        "assessments": _assessments(scenario, people, pain, rng),
        "pain": _episodes(people, pain, rng),
    }
    return tables | {
        name: typed_table(name, pd.concat([tables[name], typed_table(name, table)], ignore_index=True))
        for name, table in added.items()
    }


def age_quantiles(scenario: Scenario, uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ages of patients with MS at their last assessment, in years, at these places from 0 to 1.

    Examples
    --------
    >>> from nmosd_cohort.synthetic.scenario import read_scenario
    >>> bool(44 < age_quantiles(read_scenario(), np.array([0.5]))[0] < 46)
    True
    """
    mean, sd = scenario.number("comparators.ms_age_mean_years"), scenario.number("comparators.ms_age_sd_years")
    low, high = ndtr((AGE_LIMITS_YEARS - mean) / sd)
    ages: NDArray[np.float64] = mean + sd * ndtri(low + (high - low) * uniform)
    return ages


def comparator_pain_chance(
    scenario: Scenario, age_years: NDArray[np.float64], is_female: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the chance of pain of patients with MS of these ages and sexes; over all of them it is the scenario's.

    Examples
    --------
    >>> from nmosd_cohort.synthetic.scenario import read_scenario
    >>> chance = comparator_pain_chance(read_scenario(), np.array([40.0, 60.0]), np.array([True, True]))
    >>> bool(chance[1] > chance[0])
    True
    """
    grid = age_quantiles(scenario, (np.arange(2000) + 0.5) / 2000)
    female = scenario.number("comparators.ms_female_share")
    wanted = scenario.number("comparators.ms_pain_share")

    def share(base: float) -> float:
        by_sex = [expit(base + _pain_slope(scenario, grid, np.full(2000, sex))).mean() for sex in (True, False)]
        return float(female * by_sex[0] + (1 - female) * by_sex[1])

    base = brentq(lambda b: share(b) - wanted, -20, 20)
    chance: NDArray[np.float64] = expit(base + _pain_slope(scenario, age_years, is_female))
    return chance


def _pain_slope(
    scenario: Scenario, age_years: NDArray[np.float64], is_female: NDArray[np.bool_]
) -> NDArray[np.float64]:
    by_age = scenario.number("comparators.ms_pain_log_odds_per_10_years") * (age_years - 45) / 10
    slope: NDArray[np.float64] = by_age + scenario.number("comparators.ms_pain_log_odds_female") * is_female
    return slope


def draw_comparator_pain(
    scenario: Scenario, age_years: NDArray[np.float64], is_female: NDArray[np.bool_], rng: np.random.Generator
) -> ComparatorPain:
    """Draw pain of patients with MS of these ages and sexes."""
    n = len(age_years)
    has_pain = rng.random(n) < comparator_pain_chance(scenario, age_years, is_female)
    neuropathic, spasm, chronic = (
        has_pain & (rng.random(n) < scenario.number(f"comparators.ms_{name}_share_of_pain"))
        for name in ("neuropathic", "tonic_spasm", "chronic")
    )
    drawn = 1 + rng.choice(10, size=(n, len(VISIT_DAYS)), p=scenario.numbers("comparators.ms_nrs_shares"))
    is_present = np.stack([chronic, chronic, has_pain], axis=1)
    return ComparatorPain(has_pain, neuropathic, spasm, chronic, np.where(is_present, drawn, 0))


def _draw_people(scenario: Scenario, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """One row a patient: who they are, days from 1970-01-01."""
    last_day = DATA_CUT_DAY - rng.integers(0, 180, n)
    age = age_quantiles(scenario, rng.random(n))
    duration = np.minimum(np.exp(rng.normal(np.log(9), 0.6, n)).clip(1.5, 35), age - 14)
    return pd.DataFrame(
        {
            "patient_id": [f"M{number + 1:06d}" for number in range(n)],
            "site": rng.choice(len(SITES), size=n, p=scenario.numbers("people.site_shares")),
            "age_years": age,
            "is_female": rng.random(n) < scenario.number("comparators.ms_female_share"),
            "birth_day": last_day - np.floor(age * DAYS_PER_YEAR).astype(np.int64),
            "onset_day": last_day - np.floor(duration * DAYS_PER_YEAR).astype(np.int64),
            "entry_day": last_day + VISIT_DAYS[0],
            "last_day": last_day,
            "onset": rng.choice(len(SYNDROMES), size=n, p=SYNDROME_SHARES),
        }
    )


def _patients(people: pd.DataFrame) -> pd.DataFrame:
    onset = people["onset"].to_numpy()
    columns = {
        "patient_id": people["patient_id"],
        "site": labels(people["site"].to_numpy(), SITES),
        "sex": labels(people["is_female"].to_numpy().astype(np.int64), ("male", "female")),
        "birth_date": dates(people["birth_day"].to_numpy()),
        "diagnosis": "ms",
        "aqp4_status": "negative",
        "onset_date": dates(people["onset_day"].to_numpy()),
        "onset_phenotype": labels(onset, SYNDROMES),
        "entry_date": dates(people["entry_day"].to_numpy()),
        "last_contact_date": dates(people["last_day"].to_numpy()),
        "had_myelitis": onset == 0,
        "attack_count": 1,
    }
    return pd.DataFrame(columns)


def _attacks(people: pd.DataFrame) -> pd.DataFrame:
    columns = {
        "patient_id": people["patient_id"],
        "attack_date": dates(people["onset_day"].to_numpy()),
        "attack_type": labels(people["onset"].to_numpy(), SYNDROMES),
    }
    return pd.DataFrame(columns)


def _assessments(
    scenario: Scenario, people: pd.DataFrame, pain: ComparatorPain, rng: np.random.Generator
) -> pd.DataFrame:
    visits = len(VISIT_DAYS)
    nrs = pain.nrs.ravel()
    edss = rng.normal(scenario.number("comparators.ms_edss_mean"), scenario.number("comparators.ms_edss_sd"), len(nrs))
    days = people["last_day"].to_numpy()[:, None] + VISIT_DAYS
    columns = {
        "patient_id": np.repeat(people["patient_id"].to_numpy(), visits),
        "assessment_date": dates(days.ravel()),
        "has_pain": nrs > 0,
        "pain_nrs": nrs,
        "pain_recall": "average_7d",
        "has_neuropathic_pain": (nrs > 0) & np.repeat(pain.is_neuropathic, visits),
        "has_tonic_spasm": (nrs > 0) & np.repeat(pain.has_spasm, visits),
        "edss": (np.rint(edss * 2) / 2).clip(1.0, 8.0),
    }
    return pd.DataFrame(columns)


def _episodes(people: pd.DataFrame, pain: ComparatorPain, rng: np.random.Generator) -> pd.DataFrame:
    """Return one open episode a patient with pain, a second where spasms come with neuropathic pain."""
    n = len(people)
    recent = rng.integers(1, 61, n)
    long = 400 + rng.integers(0, 900, n)
    onset_day = people["last_day"].to_numpy() - np.where(pain.is_chronic, long, recent)
    other = np.array(OTHER_TYPES, dtype=object)[rng.choice(len(OTHER_TYPES), size=n, p=OTHER_TYPE_SHARES)]
    main = np.where(pain.is_neuropathic, "neuropathic", np.where(pain.has_spasm, "tonic_spasm", other))
    first, second = np.flatnonzero(pain.has_pain), np.flatnonzero(pain.is_neuropathic & pain.has_spasm)
    rows = np.concatenate([first, second])
    kind = np.concatenate([main[first], np.full(len(second), "tonic_spasm", dtype=object)])
    order = np.lexsort((kind.astype(str), rows))
    columns = {
        "patient_id": people["patient_id"].to_numpy()[rows[order]],
        "pain_type": kind[order],
        "onset_date": dates(onset_day[rows[order]]),
        "end_date": with_nulls(np.zeros(len(rows), "datetime64[us]"), np.ones(len(rows), bool)),
    }
    return pd.DataFrame(columns)
