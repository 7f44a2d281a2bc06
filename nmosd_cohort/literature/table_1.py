"""Each paper's Table 1 beside the registry's own patients."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, get_args

import pandas as pd

from nmosd_cohort.literature.case_mix import SHARES
from nmosd_cohort.literature.catalogue import read_catalogue
from nmosd_cohort.literature.figure import Characteristic, Paper, Variable
from nmosd_cohort.statistics.columns import check_columns, check_frame, numeric_column

PRINTED = ("n", "events", "percent", "mean", "sd", "median", "quartile_1", "quartile_3", "minimum", "maximum")
TABLE_1_COLUMNS = (
    "paper",
    "variable",
    *(f"published_{name}" for name in PRINTED),
    "read",
    *(f"local_{name}" for name in PRINTED),
    "local_unknown",
)
NUMBERS = tuple(name for name in TABLE_1_COLUMNS if name not in ("paper", "variable", "read"))


def beside_table_1(patients: pd.DataFrame, papers: Iterable[Paper] | None = None) -> pd.DataFrame:
    """Lines of each paper's Table 1 with the same numbers of the patients at hand.

    Parameters
    ----------
    patients
        One row a patient, the variables of Table 1 as numbers (yes 1, no 0), missing where unknown; a variable
        may be absent.
    papers
        Papers; None takes the catalogue.

    Returns
    -------
    DataFrame
        One row a line of a Table 1, columns ``TABLE_1_COLUMNS``. Shares are percentages on both sides; that of a
        paper follows from its counts where both are known. Missing means not seen, or not known here;
        ``local_unknown`` counts the patients in whom the variable is unknown.

    Raises
    ------
    ValueError
        If a variable is not numeric.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_paper
    >>> ours = pd.DataFrame({"aqp4_positive": [1, 1, 0, None]})
    >>> table = beside_table_1(ours, [find_paper("kong_2016")]).set_index("variable")
    >>> table.loc["aqp4_positive", ["published_n", "local_events", "local_n"]].astype(int).to_list()
    [44, 2, 3]
    """
    check_frame(patients)
    local = {name: _local(patients, name) for name in get_args(Variable)}
    known = read_catalogue() if papers is None else papers
    rows = [_line(paper.key, line) | local[line.variable] for paper in known for line in paper.table_1]
    return pd.DataFrame(rows, columns=list(TABLE_1_COLUMNS)).astype(dict.fromkeys(NUMBERS, "float64"))


def _line(paper: str, line: Characteristic) -> dict[str, Any]:
    printed: dict[str, Any] = {f"published_{name}": getattr(line, name) for name in PRINTED}
    if line.events is not None and line.n:
        printed["published_percent"] = 100 * line.events / line.n
    return {"paper": paper, "variable": line.variable, "read": line.read} | printed


def _local(patients: pd.DataFrame, name: str) -> dict[str, Any]:
    """Return what is known of one variable here; nothing if it is absent."""
    if name not in patients:
        return {"local_n": 0, "local_unknown": len(patients)}
    check_columns(patients, [name])
    values = pd.Series(numeric_column(patients[name], name))
    known = values.dropna()
    about = {"local_n": len(known), "local_unknown": len(values) - len(known)}
    if known.empty:
        return about
    if name in SHARES:
        return about | {"local_events": known.sum(), "local_percent": 100 * known.mean()}
    quartiles = {f"local_quartile_{place}": known.quantile(place / 4) for place in (1, 3)}
    spread = known.std() if len(known) > 1 else math.nan
    middle = {"local_mean": known.mean(), "local_sd": spread, "local_median": known.median()}
    return about | middle | quartiles | {"local_minimum": known.min(), "local_maximum": known.max()}
