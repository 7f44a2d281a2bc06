"""The score that chose the starters, beside another score at the same visit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.outcomes import score_visits
from nmosd_cohort.cohort.tally import collect

if TYPE_CHECKING:
    import narwhals as nw

    from nmosd_cohort.intake.registry import Registry

DAY = "assessment_day"


def scores_beside(
    registry: Registry, pairs: pd.DataFrame, repeats: nw.LazyFrame[Any], started: nw.LazyFrame[Any], *,
    score: str, diagnosis: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Return starters and untreated patients who had the other score as well at the visit of the first score.

    Parameters
    ----------
    registry
        Checked tables.
    pairs
        patient_id, before, before_days, after of ``paired_scores``, all known.
    repeats
        From ``untreated_repeats``.
    started
        From ``starters``.
    score
        The other score.
    diagnosis
        Code of patients.diagnosis.

    Returns
    -------
    tuple of DataFrame
        before, beside, after, one row a starter; first, beside, second, one row an untreated patient.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> from nmosd_cohort.cohort.selection import eligible, select_patients
    >>> from nmosd_cohort.cohort.treatment import paired_scores, starters, timed_scores, untreated_repeats
    >>> registry, window = nc.simulate(n=200, seed=1), {"at_months": 12, "window_days": 60}
    >>> started = starters(registry, eligible(select_patients(registry)), drug="tocilizumab")
    >>> frame = score_visits(registry, outcome="sf36_bp")
    >>> timed = timed_scores(frame, started, outcome="sf36_bp")
    >>> pairs = collect(paired_scores(timed, **window), ["patient_id"]).dropna(subset=["before", "after"])
    >>> repeats = untreated_repeats(frame, started, outcome="sf36_bp", **window)
    >>> treated, free = scores_beside(registry, pairs, repeats, started, score="pain_nrs", diagnosis="nmosd")
    >>> list(treated), list(free)
    (['before', 'beside', 'after'], ['first', 'beside', 'second'])
    """
    visits = collect(score_visits(registry, outcome=score, diagnosis=diagnosis), ["patient_id", DAY])
    known = visits.dropna(subset=[score]).rename(columns={score: "beside"})
    starts = collect(started.select("patient_id", "start_day"), ["patient_id"])
    treated = pairs.merge(starts, on="patient_id")
    treated = treated.assign(**{DAY: treated["start_day"] + treated["before_days"]})
    free = collect(repeats, ["patient_id"]).rename(columns={"first_day": DAY})
    found = []
    for rows, names in ((treated, ("before", "beside", "after")), (free, ("first", "beside", "second"))):
        beside = rows.merge(known, on=["patient_id", DAY])
        found.append(beside[list(names)].astype("Float64").astype(np.float64))
    return found[0], found[1]
