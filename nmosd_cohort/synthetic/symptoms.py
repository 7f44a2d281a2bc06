"""What pain feels like, whether it is the worst symptom, and what heralds an attack, added to the drawn tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, ndtr, ndtri

from nmosd_cohort.codebook import typed_table
from nmosd_cohort.synthetic.columns import subset_names, with_nulls
from nmosd_cohort.synthetic.patients import SYNDROMES
from nmosd_cohort.synthetic.people import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.calibrate import History
    from nmosd_cohort.synthetic.scenario import Scenario

QUALITIES = ("band_like", "burning", "pricking", "electric", "itch", "tingling", "cramping", "pressing")
OTHER_QUALITY = "other_quality"
OWN_QUALITIES = ("neuropathic", "tonic_spasm", "trigeminal")
SIGNS = ("new_or_worse_pain", "visual_loss", "weakness", "hiccup_vomiting", "other_sign")
# Sign of each syndrome other than pain, in the order of SYNDROMES: its place in SIGNS.
SIGN_OF_SYNDROME = np.array([2, 1, 3, 4, 4])
PAIN_AND_SIGN = 0.3  # attacks heralded by pain at which the syndrome's own sign came at once
SAME_ATTACK_DAYS = 30  # entries of one patient nearer to each other than this are one attack
QUALITY_STREAM, WORST_STREAM, SIGN_STREAM = 40, 41, 42


def add_symptoms(
    tables: dict[str, pd.DataFrame], scenario: Scenario, history: History, seed: int
) -> dict[str, pd.DataFrame]:
    """Return the tables with pain_qualities, is_pain_worst_symptom and first_signs.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> nc.simulate(n=40, seed=1).tables["attacks"]["first_signs"].str.contains("new_or_worse_pain").any().item()
    True
    """
    pain, assessments, attacks = (tables[name] for name in ("pain", "assessments", "attacks"))
    qualities = draw_qualities(scenario, pain["pain_type"], stream(seed, QUALITY_STREAM))
    is_asked = assessments["has_pain"].notna().to_numpy()
    is_worst, was_asked = draw_worst_symptom(scenario, history.course.nrs, is_asked, stream(seed, WORST_STREAM))
    first_signs = draw_first_signs(scenario, attacks, stream(seed, SIGN_STREAM))
    added = {
        "pain": pain.assign(pain_qualities=qualities),
        "assessments": assessments.assign(is_pain_worst_symptom=with_nulls(is_worst, ~was_asked)),
        "attacks": attacks.assign(first_signs=first_signs["first_signs"]),
    }
    return tables | {name: typed_table(name, table) for name, table in added.items()}


def quality_shares(scenario: Scenario, pain_type: str) -> NDArray[np.float64]:
    """Return how often episodes of a type have each of QUALITIES.

    Examples
    --------
    >>> from nmosd_cohort.synthetic.scenario import read_scenario
    >>> float(quality_shares(read_scenario(), "tonic_spasm")[6])
    0.85
    """
    lists = (*OWN_QUALITIES, "other")
    if not scenario.number("symptoms.qualities_follow_type"):
        each = np.array([scenario.numbers(f"symptoms.qualities_{name}") for name in lists])
        mean: NDArray[np.float64] = each.mean(axis=0)
        return mean
    return scenario.numbers(f"symptoms.qualities_{pain_type if pain_type in OWN_QUALITIES else 'other'}")


def draw_qualities(scenario: Scenario, pain_type: pd.Series[Any], rng: np.random.Generator) -> pd.Series[Any]:
    """Return the qualities of each episode, drawn one by one; an episode without any has another quality."""
    names, kind = np.unique(pain_type.to_numpy(dtype=object).astype(str), return_inverse=True)
    shares = np.array([quality_shares(scenario, str(name)) for name in names]).reshape(-1, len(QUALITIES))
    felt = rng.random((len(kind), len(QUALITIES))) < shares[kind]
    joined = subset_names(QUALITIES)[felt @ (2 ** np.arange(len(QUALITIES)))]
    joined[joined == ""] = OTHER_QUALITY
    return with_nulls(joined, rng.random(len(kind)) < scenario.number("symptoms.qualities_missing_share"))


def worst_symptom_chances(scenario: Scenario) -> NDArray[np.float64]:
    """Return the chance that pain is the worst symptom at NRS 0 to 10; over all in remission it is the scenario's.

    Examples
    --------
    >>> from nmosd_cohort.synthetic.scenario import read_scenario
    >>> chances = worst_symptom_chances(read_scenario())
    >>> float(chances[0]), bool(chances[9] > chances[2])
    (0.0, True)
    """
    slope = scenario.number("symptoms.worst_symptom_log_odds_per_nrs")
    wanted = scenario.number("symptoms.worst_symptom_share") / scenario.number("pain.current_share")
    scores, shares = np.arange(1, 11), scenario.numbers("pain.nrs_shares")
    base = brentq(lambda b: float(shares @ expit(b + slope * scores)) - wanted, -30, 30)
    return np.concatenate([[0.0], expit(base + slope * scores)])


def draw_worst_symptom(
    scenario: Scenario, nrs: NDArray[np.int64], is_asked: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return, for each assessment, whether pain is the worst symptom and whether that was asked."""
    is_worst = rng.random(len(nrs)) < worst_symptom_chances(scenario)[nrs]
    was_asked = is_asked & (rng.random(len(nrs)) < scenario.number("symptoms.worst_symptom_asked_share"))
    return is_worst, was_asked


def draw_first_signs(scenario: Scenario, attacks: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One row an entry of the attacks table: its attack, whether pain heralded it, the chance of that, first_signs.

    All entries of one attack have the same signs. Patients differ by a normal effect on the probit scale, and the
    chance of an attack is the mean over patients.
    """
    patient, _ = pd.factorize(attacks["patient_id"])
    day = attacks["attack_date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    is_new = (np.diff(patient, prepend=-1) != 0) | (np.diff(day, prepend=-(10**6)) >= SAME_ATTACK_DAYS)
    attack = np.cumsum(is_new) - 1
    types = attacks["attack_type"].to_numpy(dtype=object)[is_new]
    has = np.array([[name in text.split(";") for name in SYNDROMES] for text in types]).reshape(-1, len(SYNDROMES))
    chance = np.where(has, scenario.numbers("symptoms.first_sign_pain_shares"), 0.0).max(axis=1)
    spread = scenario.number("symptoms.first_sign_patient_sd")
    own = spread * rng.standard_normal(int(patient.max(initial=-1)) + 1)[patient[is_new]]
    heralded = rng.random(len(chance)) < ndtr(ndtri(chance) * np.hypot(1, spread) + own)
    sign = SIGN_OF_SYNDROME[has.argmax(axis=1)]
    shows_sign = ~heralded | (rng.random(len(chance)) < PAIN_AND_SIGN)
    names = subset_names(SIGNS)[heralded + np.where(shows_sign, 2**sign, 0)]
    is_missing = rng.random(len(chance)) < scenario.number("symptoms.first_signs_missing_share")
    signs = with_nulls(names[attack], is_missing[attack])
    return pd.DataFrame(
        {"attack": attack, "is_heralded": heralded[attack], "chance": chance[attack], "first_signs": signs}
    )
