"""Functional systems that give the EDSS of each assessment exactly, sexual function, and depression items apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit, logit

from nmosd_cohort.codebook import DAYS_PER_YEAR
from nmosd_cohort.instruments.edss import COUNTED_GRADES, LEAST_BY_WALKING, SYSTEMS
from nmosd_cohort.synthetic.columns import with_nulls
from nmosd_cohort.synthetic.course import NEUROPATHIC
from nmosd_cohort.synthetic.pain_model import NO_MYELITIS
from nmosd_cohort.synthetic.people import stream

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from nmosd_cohort.synthetic.calibrate import History
    from nmosd_cohort.synthetic.scenario import Scenario

# EDSS step -> grades of the worst, second worst ... system that give it; the rest are 0.
PATTERNS: dict[float, tuple[tuple[int, ...], ...]] = {
    0.0: ((),),
    1.0: ((1,),),
    1.5: ((1, 1), (1, 1, 1)),
    2.0: ((2,), (2, 1), (2, 1, 1)),
    2.5: ((2, 2), (2, 2, 1), (2, 2, 1, 1)),
    3.0: ((3,), (3, 1, 1), (2, 2, 2), (2, 2, 2, 2, 1)),
    3.5: ((3, 2), (3, 2, 2, 1), (3, 3, 1), (2, 2, 2, 2, 2)),
    4.0: ((3, 3, 2, 2), (3, 3, 3, 1), (4, 1, 1), (3, 2, 2, 2)),
    4.5: ((4, 3, 2), (4, 3, 3, 1), (3, 3, 3, 3, 3), (4, 2, 2)),
    5.0: ((4, 3, 3, 2), (4, 4, 2), (3, 3, 3, 3, 2, 1)),
}
FIRST_BY_WALKING = 5.0  # from this step on walking alone gives the EDSS
WORST_STEP_OF_SYSTEMS = 5.0
CEREBRAL = SYSTEMS.index("cerebral")
SEXUAL_THRESHOLDS = (0.2, 0.9, 1.5, 2.1)


def add_function_systems(
    tables: dict[str, pd.DataFrame], scenario: Scenario, history: History, seed: int
) -> dict[str, pd.DataFrame]:
    """Return the tables with functional systems, ambulation, sexual function and the mood items of depression scales.

    The systems replace the sensory grade that stood alone before, so that systems and EDSS agree at each assessment.
    """
    table = tables["assessments"]
    rng = stream(seed, 50)
    edss = table["edss"].to_numpy(dtype=np.float64, na_value=np.nan)
    given = np.flatnonzero(~np.isnan(edss))
    grades, walking = np.zeros((len(edss), len(SYSTEMS)), np.int64), np.zeros(len(edss), np.int64)
    burden = _burden(scenario, history, stream(seed, 51))
    grades[given], walking[given] = draw_systems(edss[given], burden[given], rng)
    unseen = np.isnan(edss) | (rng.random(len(edss)) < scenario.number("systems.missing_share"))
    columns = {
        f"edss_{name}": with_nulls(_on_the_form(grades[:, at], name, rng), unseen) for at, name in enumerate(SYSTEMS)
    }
    columns["edss_ambulation"] = with_nulls(walking, unseen)
    columns["sexual_dysfunction"] = _sexual(scenario, history, grades, unseen, stream(seed, 52))
    columns |= _mood_items(scenario, history, table, stream(seed, 53))
    typed = {name: column.astype(table[name].dtype) for name, column in columns.items()}
    return tables | {"assessments": table.assign(**typed)}


def draw_systems(
    edss: NDArray[np.float64], burden: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return counted grades of the seven systems, shape (m, 7), and ambulation scores that give each EDSS.

    Parameters
    ----------
    edss
        Shape (m,), 0 to 9.5.
    burden
        Shape (m, 7): the system with the greatest burden gets the highest grade.

    Examples
    --------
    >>> import pandas as pd
    >>> from nmosd_cohort.instruments.edss import edss_from_systems
    >>> rng = np.random.default_rng(1)
    >>> grades, walking = draw_systems(np.array([0, 1.5, 6.5]), rng.random((3, 7)), rng)
    >>> walking.tolist()
    [0, 0, 6]
    """
    grades, walking = np.zeros((len(edss), len(SYSTEMS)), np.int64), np.zeros(len(edss), np.int64)
    order = np.argsort(-_without_light_cerebral(burden, edss), axis=1, kind="stable")
    for step in np.unique(edss):
        rows = np.flatnonzero(edss == step)
        choices = _choices(float(step))
        chosen = rng.integers(len(choices), size=len(rows))
        in_order = np.array([row + (0,) * (len(SYSTEMS) - len(row)) for row in choices])[chosen]
        grades[rows[:, None], order[rows]] = in_order
        walking[rows] = _walking(float(step), rng.random(len(rows)))
    return grades, walking


def _without_light_cerebral(burden: NDArray[np.float64], edss: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return burdens in which the cerebral system comes last where a grade 1 decides, as that one does not count."""
    changed = burden.copy()
    changed[edss < PATTERNS[2.0][0][0], CEREBRAL] = -np.inf
    return changed


def _choices(step: float) -> tuple[tuple[int, ...], ...]:
    if step < FIRST_BY_WALKING:
        return PATTERNS[step]
    return tuple(row for known in (3.5, 4.0, 4.5, WORST_STEP_OF_SYSTEMS) for row in PATTERNS[known])


def _walking(step: float, uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the ambulation score: fixed from EDSS 5.0 on, below that the freer of two that the step allows."""
    if step >= FIRST_BY_WALKING:
        return np.full(len(uniform), LEAST_BY_WALKING.index(step), np.int64)
    most = 2 if step == LEAST_BY_WALKING[2] else 1 if step >= LEAST_BY_WALKING[1] else 0
    return np.floor(uniform * (most + 1)).astype(np.int64)


def _burden(scenario: Scenario, history: History, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return how much each system bears, with the patient's lasting part, past myelitis and felt neuropathic pain."""
    course, people = history.course, history.people
    share = scenario.number("systems.trait_share")
    lasting = rng.standard_normal((people.n, len(SYSTEMS)))[course.patient]
    noise = rng.standard_normal((len(course.patient), len(SYSTEMS)))
    burden: NDArray[np.float64] = np.sqrt(share) * lasting + np.sqrt(1 - share) * noise
    had_myelitis = people.lesion_level[course.patient] != NO_MYELITIS
    for name in ("pyramidal", "bowel_bladder", "sensory"):
        burden[:, SYSTEMS.index(name)] += scenario.number("systems.myelitis_shift") * had_myelitis
    burden[:, SYSTEMS.index("sensory")] += scenario.number("systems.neuropathic_shift") * (
        course.felt_group == NEUROPATHIC
    )
    return burden


def _on_the_form(counted: NDArray[np.int64], name: str, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return grades as they stand on the form: where two of them count alike, either."""
    table = np.array(COUNTED_GRADES[name])
    if name == "cerebral":  # a counted grade 1 does not exist there
        return counted
    first = np.searchsorted(table, counted, side="left")
    last = np.searchsorted(table, counted, side="right") - 1
    return first + np.floor(rng.random(len(counted)) * (last - first + 1)).astype(np.int64)


def _sexual(
    scenario: Scenario,
    history: History,
    grades: NDArray[np.int64],
    unseen: NDArray[np.bool_],
    rng: np.random.Generator,
) -> pd.Series[Any]:
    """Return the rating of sexual function, 0 to 4, from bladder and bowel, age and chance; pain has no part in it."""
    course, people = history.course, history.people
    decades = (course.day - people.birth_day[course.patient]) / DAYS_PER_YEAR / 10 - 5
    latent = scenario.number("systems.sexual_per_bladder_grade") * grades[:, SYSTEMS.index("bowel_bladder")]
    latent = latent + scenario.number("systems.sexual_per_10_years") * decades + rng.standard_normal(len(decades))
    unanswered = rng.random(len(latent)) < scenario.number("systems.sexual_missing_share")
    return with_nulls(np.searchsorted(SEXUAL_THRESHOLDS, latent).astype(np.int64), unseen | unanswered)


def _mood_items(
    scenario: Scenario, history: History, table: pd.DataFrame, rng: np.random.Generator
) -> dict[str, pd.Series[Any]]:
    """Return the points of the mood items: the total less bodily items, which pain and fatigue raise."""
    felt = history.course.felt
    tired = table["fss"].to_numpy(dtype=np.float64, na_value=np.nan)
    tired = np.nan_to_num((tired - scenario.number("mood.fss_mean")) / scenario.number("mood.fss_sd"))
    pull = scenario.number("systems.bodily_log_odds_pain") * felt
    pull = pull + scenario.number("systems.bodily_log_odds_fatigue") * tired
    columns = {}
    for scale, most_mood, most_bodily in (("bdi_ii", 42, 21), ("phq9", 12, 15)):
        total = table[scale].to_numpy(dtype=np.float64, na_value=np.nan)
        missing, points = np.isnan(total), np.nan_to_num(total).astype(np.int64)
        share = expit(logit(scenario.number(f"systems.bodily_share_{scale}")) + pull)
        bodily = rng.binomial(points, share).clip(np.maximum(points - most_mood, 0), most_bodily)
        columns[f"{scale}_cognitive"] = with_nulls(points - np.minimum(bodily, points), missing)
    return columns
