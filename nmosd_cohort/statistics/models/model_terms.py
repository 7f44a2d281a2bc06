"""What of a model can be fitted: complete rows, terms that vary and say something new, and patients enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nmosd_cohort.statistics.columns import check_columns, check_frame, numeric_column
from nmosd_cohort.statistics.estimate import whole_number
from nmosd_cohort.statistics.models.design import check_estimable

PATIENTS_PER_TERM = 10


@dataclass(frozen=True, slots=True)
class ModelTerms:
    """Outcome and terms of a model that can be fitted, or why it cannot.

    Parameters
    ----------
    outcome
        Numbers, one a patient in whom the outcome and all terms asked for are known.
    terms
        The terms that can be used, one row a patient.
    left_out
        By term that was asked for and is not used, why.
    refusal
        Why no model should be fitted; empty if one may.
    """

    outcome: pd.Series[float]
    terms: pd.DataFrame
    left_out: Mapping[str, str]
    refusal: str


def model_terms(
    frame: pd.DataFrame,
    outcome: str,
    terms: Sequence[str],
    *,
    needs: Sequence[str] | None = None,
    patients_per_term: int = PATIENTS_PER_TERM,
) -> ModelTerms:
    """Outcome and terms of the patients in whom all are known, without terms that a model cannot tell apart.

    Parameters
    ----------
    frame
        One row a patient.
    outcome
        Column of the outcome, numbers or yes and no.
    terms
        Columns of the terms, the one of interest first: of terms that follow from one another the first is kept.
    needs
        Terms without which there is no model; None needs the first one.
    patients_per_term
        Patients needed for each term that is used.

    Returns
    -------
    ModelTerms
        A term is left out if it is the same in all patients or a combination of those before it. There is no model
        (``refusal`` says why) if a term of ``needs`` is left out, the outcome is the same in all, or the patients
        are too few.

    Raises
    ------
    ValueError
        If a column is missing or not numeric, or ``needs`` names another one.

    Examples
    --------
    >>> patients = pd.DataFrame({"pain": [0, 1] * 10, "age": range(20), "age_months": range(0, 240, 12), "sex": 1})
    >>> model = model_terms(patients, "pain", ["age", "age_months", "sex"])
    >>> list(model.terms), model.left_out["age_months"], model.left_out["sex"], model.refusal
    (['age'], "a combination of 'age' and the intercept", 'the same in all 20 patients', '')
    """
    wanted = list(dict.fromkeys(terms))
    needed = wanted[:1] if needs is None else list(needs)
    if unknown := [name for name in needed if name not in wanted]:
        raise ValueError(f"needs has {', '.join(unknown)}; terms are {', '.join(wanted)}")
    columns = [outcome, *wanted]
    check_columns(check_frame(frame), columns)
    numbers = {name: numeric_column(frame[name], name) for name in columns}
    known = pd.DataFrame(numbers, index=frame.index).dropna()
    kept, left_out = _estimable(known[wanted])
    refusal = _refusal(known[outcome], kept, left_out, needed, whole_number("patients_per_term", patients_per_term))
    return ModelTerms(known[outcome], known[kept], left_out, refusal)


def _estimable(known: pd.DataFrame) -> tuple[list[str], dict[str, str]]:
    """Return the terms that vary and do not follow from those before them, and why each other one is left out."""
    kept: list[str] = []
    left_out: dict[str, str] = {}
    for name in known:
        if known[name].nunique() < 2:
            left_out[str(name)] = f"the same in all {len(known)} patients"
            continue
        tried = (*kept, str(name))
        try:
            check_estimable(known[list(tried)].to_numpy(dtype=np.float64), tried)
        except ValueError as fault:
            left_out[str(name)] = str(fault).partition(" is ")[2].partition(";")[0]
        else:
            kept.append(str(name))
    return kept, left_out


def _refusal(
    outcome: pd.Series[float], kept: list[str], left_out: Mapping[str, str], needed: list[str], per_term: int
) -> str:
    if not (kept or left_out):
        return "no term was named"
    if outcome.empty:
        return "no patient has the outcome and all terms on record"
    if lost := [name for name in needed if name in left_out]:
        return f"{lost[0]} is {left_out[lost[0]]}"
    if outcome.nunique() < 2:
        return f"the outcome is the same in all {len(outcome)} patients"
    least = per_term * len(kept)
    if len(outcome) < least:
        return f"{len(outcome)} patients have all on record, {least} are needed for {', '.join(kept)}"
    return ""
