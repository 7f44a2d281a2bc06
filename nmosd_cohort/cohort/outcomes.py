"""Scores of the assessments table that a change can be asked of, with the direction that the codebook gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.cohort.selection import eligible, select_patients
from nmosd_cohort.cohort.tally import day, lazy
from nmosd_cohort.statistics.estimate import check_option

if TYPE_CHECKING:
    from nmosd_cohort.codebook import Variable
    from nmosd_cohort.intake.registry import Registry

ORDINAL = ("edss",)


def score_names() -> tuple[str, ...]:
    """Return every score of the assessments table: a number with a direction.

    Examples
    --------
    >>> {"pain_vas", "sf36_bp", "edss", "spasms_per_day"} <= set(score_names())
    True
    """
    variables = read_codebook()["assessments"].variables.values()
    return tuple(entry.name for entry in variables if entry.direction and entry.type in ("integer", "number"))


def check_score(outcome: str) -> Variable:
    """Return the codebook's entry of a score.

    Raises
    ------
    ValueError
        If the assessments table has no such score.

    Examples
    --------
    >>> check_score("sf36_bp").direction
    'higher is better'
    """
    check_option("outcome", outcome, score_names())
    return read_codebook()["assessments"].variables[outcome]


def higher_is_better(outcome: str) -> bool:
    """Whether a higher score is the better one, by the codebook.

    Examples
    --------
    >>> higher_is_better("sf36_bp"), higher_is_better("pain_nrs")
    (True, False)
    """
    return check_score(outcome).direction == "higher is better"


def score_limits(outcome: str) -> tuple[float, float]:
    """Return the lowest and the highest score of the scale.

    Examples
    --------
    >>> score_limits("pain_nrs"), score_limits("edss")
    ((0.0, 10.0), (0.0, 10.0))
    """
    entry = check_score(outcome)
    if entry.allowed:
        return float(min(entry.allowed)), float(max(entry.allowed))
    return float(entry.min or 0), float(entry.max or 0)


def burden(outcome: str, scores: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return scores as what is left to improve: the score itself, or its distance from the best where higher is better.

    A percentage of it is then the same for a scale and its mirror image, and it is never below 0.

    Examples
    --------
    >>> burden("pain_nrs", [4]).tolist(), burden("sf36_bp", [40]).tolist(), burden("paindetect", [-1]).tolist()
    ([4.0], [60.0], [0.0])
    """
    low, high = score_limits(outcome)
    values = np.asarray(scores, dtype=np.float64)
    return high - values if higher_is_better(outcome) else values - min(low, 0.0)


def score_visits(registry: Registry, *, outcome: str, diagnosis: str = "nmosd") -> nw.LazyFrame[Any]:
    """One row an assessment of an eligible patient: patient_id, assessment_day and the score, under its name.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> frame = score_visits(nc.simulate(n=20, seed=1), outcome="eq_vas")
    >>> frame.collect_schema().names()
    ['patient_id', 'assessment_day', 'eq_vas']
    """
    check_score(outcome)
    patients = eligible(select_patients(registry, diagnosis=diagnosis)).select("patient_id")
    assessed = lazy(registry.tables["assessments"]).select("patient_id", outcome, assessment_day=day("assessment_date"))
    return assessed.select("patient_id", "assessment_day", nw.col(outcome).cast(nw.Float64)).join(
        patients, on="patient_id", how="inner"
    )
