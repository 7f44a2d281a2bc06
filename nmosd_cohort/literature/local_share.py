"""The registry's own share that is drawn beside a pool group: one row, of the same construct."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from nmosd_cohort.literature.definitions import PAIN_CONSTRUCTS
from nmosd_cohort.result import Result

DEPRESSION_SCALES = ("bdi_ii", "bdi_i", "phq9", "hads_d", "ces_d")
GIVE = "give a mapping with events and n, or one row of a result's estimates"


def one_share(local: object, group: str, constructs: set[str]) -> dict[str, Any]:
    """Return the row of the registry's own share.

    Parameters
    ----------
    local
        A row, or a Result or its estimates, of which the only share of all patients is taken that fits.
    group
        Name of the pool group, for messages.
    constructs
        What the figures of the group measure.

    Raises
    ------
    TypeError
        If it is none of these.
    ValueError
        If the row is no share or of another construct, or not exactly one row fits.

    Examples
    --------
    >>> one_share({"events": 9, "n": 20, "outcome": "any"}, "neuropathic_all", {"neuropathic_pain"})
    Traceback (most recent call last):
    ValueError: the registry's own share is of any_pain, neuropathic_all of neuropathic_pain; give a row of that
    """
    estimates = local.estimates if isinstance(local, Result) else local
    if isinstance(estimates, pd.DataFrame):
        return _only_row(estimates, group, constructs)
    if not isinstance(estimates, (Mapping, pd.Series)):
        given = "None" if local is None else f"of type {type(local).__name__}"
        raise TypeError(f"the registry's own share is {given}; {GIVE}")
    row = {str(name): value for name, value in estimates.items()}
    if _text(row, "measure") not in ("", "proportion"):
        raise ValueError(f"the registry's own row is a {_text(row, 'measure')}, not a proportion; {GIVE}")
    found = construct_of(_text(row, "outcome"))
    if found and found not in constructs:
        named = " or ".join(sorted(constructs))
        raise ValueError(f"the registry's own share is of {found}, {group} of {named}; give a row of that")
    return row


def construct_of(outcome: str) -> str:
    """Return what a share of this outcome measures; empty if the outcome does not tell.

    Examples
    --------
    >>> construct_of("neuropathic"), construct_of("bdi_ii_moderate"), construct_of("")
    ('neuropathic_pain', 'depression_moderate_severe', '')
    """
    if outcome in PAIN_CONSTRUCTS:
        return PAIN_CONSTRUCTS[outcome]
    if outcome in PAIN_CONSTRUCTS.values():
        return outcome
    if outcome.removesuffix("_moderate") in DEPRESSION_SCALES:
        return "depression_moderate_severe" if outcome.endswith("_moderate") else "depression"
    return ""


def _only_row(estimates: pd.DataFrame, group: str, constructs: set[str]) -> dict[str, Any]:
    """Return the only share of all patients, sensitivity analyses and subgroups left out."""
    rows = [{str(name): value for name, value in row.items()} for row in estimates.to_dict("records")]
    shares = [row for row in rows if _is_main_share(row)]
    fitting = [row for row in shares if construct_of(_text(row, "outcome")) in {*constructs, ""}]
    if len(shares) == 1 and not fitting:
        return one_share(shares[0], group, constructs)  # which says what it is of
    if len(fitting) != 1:
        raise ValueError(f"{len(fitting) or 'no'} rows are a share of all patients that fits {group}; give one row")
    return fitting[0]


def _is_main_share(row: Mapping[str, Any]) -> bool:
    is_whole = not any(_text(row, name) for name in ("term", "group", "level"))
    return is_whole and _text(row, "measure") in ("", "proportion") and _text(row, "role") != "sensitivity"


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
