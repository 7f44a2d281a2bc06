"""The three pain groups as exposure of an adjusted model: who is in it, and whether there are enough of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nmosd_cohort.cohort.pain import PAIN_GROUPS
from nmosd_cohort.questions.parts import complete_cells, covariate_design, dummies

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from nmosd_cohort.questions.parts import Check

EXPOSED = ("neuropathic", "other_pain")
REFERENCE = "no_pain"
FEWEST_PER_GROUP = 5
FEWEST_PER_PARAMETER = 5


@dataclass(frozen=True, slots=True)
class GroupModel:
    """Cells and design of an adjusted comparison of the pain groups.

    Parameters
    ----------
    cells
        Rows of the tally without a missing covariate, with ``n``.
    design
        The columns ``EXPOSED`` as 0 and 1 (``REFERENCE`` is neither), then the covariates.
    dropped
        Patients left out because a covariate is missing.
    checks
        Covariates that had to be left out.
    why_not
        Why the patients are too few for the model; empty if they suffice.
    """

    cells: pd.DataFrame
    design: pd.DataFrame
    dropped: int
    checks: tuple[Check, ...]
    why_not: str


def group_model(tally: pd.DataFrame, covariates: Sequence[str]) -> GroupModel:
    """Return the adjusted comparison that a tally of pain_group and covariates allows."""
    values, checks = covariate_design(tally, covariates)
    cells, rest, dropped = complete_cells(tally, values)
    sizes = cells.groupby("pain_group")["n"].sum().reindex(list(PAIN_GROUPS), fill_value=0)
    terms = len(EXPOSED) + rest.shape[1]
    why_not = ""
    if sizes.min() < FEWEST_PER_GROUP or sizes.sum() < FEWEST_PER_PARAMETER * terms:
        words = ", ".join(f"{level} {size}" for level, size in sizes.items())
        why_not = f"too few patients for a model of {terms} terms: {words}"
    design = dummies(cells, "pain_group", EXPOSED).join(rest)
    return GroupModel(cells, design, dropped, tuple(checks), why_not)
