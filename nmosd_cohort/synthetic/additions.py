"""What the later parts of the generator add to the tables, in their order, each from random numbers of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from nmosd_cohort.synthetic.calibrate import History
    from nmosd_cohort.synthetic.scenario import Scenario

    Tables = dict[str, pd.DataFrame]
    Addition = Callable[[Tables, Scenario, History, int], Tables]

ADDITIONS: tuple[Addition, ...] = ()


def add_all(tables: Tables, scenario: Scenario, history: History, seed: int) -> Tables:
    """Return the tables with every addition; what was drawn before stays as it was."""
    for add in ADDITIONS:
        tables = add(tables, scenario, history, seed)
    return tables
