"""Result, the answer of every question, and the list of columns that an estimate may have."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

ESTIMATE_COLUMNS = (
    "role",  # primary, secondary, sensitivity or description
    "outcome",  # variable that the estimate is about, by its codebook name
    "measure",  # what the estimate is: proportion, median, risk_difference, probability_superiority ...
    "term",  # covariate of a model or name of a contrast; empty where there is none
    "group",  # variable that splits the patients; empty where there is none
    "level",  # value of that variable
    "reference",  # value with which the level is contrasted; empty where there is no contrast
    "denominator",  # who is counted in n, in words
    "n",  # patients that the estimate was made of
    "events",  # patients with the event, for shares and counts
    "estimate",
    "std_error",
    "conf_low",
    "conf_high",
    "conf_level",  # coverage of the interval, 0.95 by default
    "p_value",  # never printed without the estimate and its interval
    "p_adjusted",  # adjusted within the family, Holm or max-T, that `method` names
    "unit",  # share (0 to 1), points, odds, ratio, per person-year ...
    "method",  # how estimate and interval were made
)
FLOW_COLUMNS = ("step", "n", "excluded", "reason")
CHECK_COLUMNS = ("check", "status", "detail")  # status: met, not met, not assessable, note


@dataclass(frozen=True, repr=False)
class Result:
    """The answer to one question, unrounded, with all that a reader needs to judge it.

    Parameters
    ----------
    question
        The estimand in one sentence: population, variable, contrast, time.
    estimates
        One row an estimate, columns ``ESTIMATE_COLUMNS``. Shares run from 0 to 1.
    flow
        One row a step from all patients to those analysed, columns ``FLOW_COLUMNS``:
        ``n`` remain after the step, ``excluded`` left at it, for the ``reason``.
    checks
        One row an assumption or limit, columns ``CHECK_COLUMNS``.
    tally
        Counts that the estimates were made of, for plots: one row a combination of values with ``n``.
    definitions
        Every choice that was made: denominator, window, cut-off, instrument.
    provenance
        Registry, data cut, hashes, software version.
    name
        Name of the question function, for example ``pain_prevalence``.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = estimate_frame([{"measure": "proportion", "n": 4, "events": 1, "estimate": 0.25}])
    >>> empty = pd.DataFrame()
    >>> answer = Result("Share of patients with pain", rows, empty, empty, empty, {}, {}, "pain_prevalence")
    >>> answer.estimates["estimate"].tolist()
    [0.25]
    """

    question: str
    estimates: pd.DataFrame
    flow: pd.DataFrame
    checks: pd.DataFrame
    tally: pd.DataFrame
    definitions: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    def __repr__(self) -> str:
        """Say what was asked and how many estimates there are."""
        return f"<Result {self.name}: {len(self.estimates)} estimates. {self.question}>"

    def _repr_html_(self) -> str:
        """Show the question and the estimates in a notebook."""
        from html import escape

        shown = self.estimates.dropna(axis="columns", how="all")
        return f"<p><b>{escape(self.question)}</b></p>{shown.to_html(index=False)}"

    def to_json(self) -> str:
        """Return the whole result as JSON text, unrounded, missing values as null."""
        frames = {
            key: json.loads(getattr(self, key).to_json(orient="records", date_format="iso", double_precision=15))
            for key in ("estimates", "flow", "checks", "tally")
        }
        head = {"name": self.name, "question": self.question}
        tail = {"definitions": dict(self.definitions), "provenance": dict(self.provenance)}
        return json.dumps(head | frames | tail, ensure_ascii=False, indent=1, default=str)


def estimate_frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return estimates as a frame with exactly ``ESTIMATE_COLUMNS``, in that order.

    Parameters
    ----------
    rows
        One mapping an estimate; keys that are left out become missing.

    Raises
    ------
    ValueError
        If a row has a key that is not one of ``ESTIMATE_COLUMNS``.

    Examples
    --------
    >>> estimate_frame([{"measure": "median", "n": 7, "estimate": 3.0}]).shape
    (1, 19)
    """
    import pandas as pd

    rows = list(rows)
    unknown = sorted({key for row in rows for key in row} - set(ESTIMATE_COLUMNS))
    if unknown:
        raise ValueError(f"no estimate column is called {', '.join(unknown)}; known: {', '.join(ESTIMATE_COLUMNS)}")
    text = (
        "role",
        "outcome",
        "measure",
        "term",
        "group",
        "level",
        "reference",
        "denominator",
        "unit",
        "method",
    )
    columns = {
        name: pd.Series(
            [row.get(name, "" if name in text else None) for row in rows],
            dtype="object" if name in text else ("Int64" if name in ("n", "events") else "float64"),
        )
        for name in ESTIMATE_COLUMNS
    }
    return pd.DataFrame(columns)


def flow_frame(steps: Iterable[tuple[str, int, int, str]]) -> pd.DataFrame:
    """Return a flow as a frame with ``FLOW_COLUMNS``: step, n that remain, excluded, reason.

    Examples
    --------
    >>> flow_frame([("all patients", 10, 0, ""), ("assessed", 8, 2, "never asked about pain")])["n"].tolist()
    [10, 8]
    """
    import pandas as pd

    return pd.DataFrame(list(steps), columns=list(FLOW_COLUMNS))


def check_frame(rows: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """Return checks as a frame with ``CHECK_COLUMNS``: check, status, detail.

    Examples
    --------
    >>> check_frame([("one patient counts once", "met", "120 patients, 120 rows")]).shape
    (1, 3)
    """
    import pandas as pd

    return pd.DataFrame(list(rows), columns=list(CHECK_COLUMNS))
