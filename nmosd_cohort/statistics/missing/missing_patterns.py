"""Which values are missing together, how often, and in which groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from nmosd_cohort.statistics.columns import check_columns, check_frame
from nmosd_cohort.statistics.estimate import ROW_COLUMNS, Counts, patient_counts
from nmosd_cohort.statistics.shares.proportions import proportion

OWN_COLUMNS = ("group", "n", "share", "n_missing")


def missing_patterns(
    frame: pd.DataFrame,
    columns: Sequence[str] | None = None,
    counts: ArrayLike | None = None,
    *,
    by: str | None = None,
) -> pd.DataFrame:
    """Patients with each pattern of missing values.

    Parameters
    ----------
    frame
        One row a patient or a cell of a tally, columns of any type; None, NaN, NA and, among dates, NaT are
        missing. An empty text is not.
    columns
        Variables of the patterns; None takes all columns but `by`.
    counts
        Patients in each row; None counts every row once.
    by
        Column such as the site whose groups are described apart; a missing label is a group of its own.

    Returns
    -------
    DataFrame
        One row a pattern, the most frequent first (within each group in the order of first appearance): a
        column for each variable that is True where it is missing, n_missing (variables missing), n (patients)
        and share (of the patients of the group). With `by`, the first column is group.

    Raises
    ------
    ValueError
        If `frame` is no frame, `columns` is a text, a column is not in the frame, named twice or has a name that
        the table needs, or counts are not whole.

    Examples
    --------
    >>> answers = pd.DataFrame({"pain": [3, None, 5, None], "edss": [2.0, 4.0, 6.0, None]})
    >>> missing_patterns(answers, counts=[10, 4, 5, 1])[["pain", "edss", "n", "share"]].to_numpy().tolist()
    [[False, False, 15, 0.75], [True, False, 4, 0.2], [True, True, 1, 0.05]]
    """
    names, whole, labels = _checked(frame, columns, counts, by)
    is_missing = frame[names].isna().to_numpy()
    tables = []
    for label, members in labels:
        tally = pd.DataFrame(is_missing[members], columns=names).assign(n=whole[members])
        patterns = tally.groupby(names, sort=True)["n"].sum().reset_index()
        patterns = patterns[patterns["n"] > 0].sort_values("n", ascending=False, kind="stable")
        patterns["n_missing"] = patterns[names].sum(axis=1).astype(np.int64)
        patterns["share"] = patterns["n"] / max(int(patterns["n"].sum()), 1)
        if by is not None:
            patterns = patterns.assign(group=label)
        tables.append(patterns)
    ends = ["n_missing", "n", "share"]
    if not tables:
        return pd.DataFrame(columns=(["group"] if by is not None else []) + names + ends)
    together = pd.concat(tables, ignore_index=True)
    return together[(["group"] if by is not None else []) + names + ends]


def missing_shares(
    frame: pd.DataFrame,
    columns: Sequence[str] | None = None,
    counts: ArrayLike | None = None,
    *,
    by: str | None = None,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Share of patients in whom each variable is missing, overall or in each group, with Wilson limits.

    Parameters
    ----------
    frame, columns, counts, by
        As in `missing_patterns`.
    conf_level
        Coverage of the limits.

    Returns
    -------
    DataFrame
        One row a group and variable: group (with `by`), variable, estimate, std_error, conf_low, conf_high,
        p_value (NaN: nothing is tested), n, events (patients in whom it is missing) and method.

    Raises
    ------
    ValueError
        As `missing_patterns`, or if the confidence level is not between 0 and 1.

    Notes
    -----
    Wilson 1927 (doi:10.1080/01621459.1927.10502953).

    Examples
    --------
    >>> answers = pd.DataFrame({"site": ["A", "A", "B"], "pain": [3, None, 5]})
    >>> shares = missing_shares(answers, counts=[15, 5, 9], by="site")
    >>> shares[["group", "estimate", "conf_low", "n"]].round(3).to_numpy().tolist()
    [['A', 0.25, 0.112, 20], ['B', 0.0, 0.0, 9]]
    """
    names, whole, labels = _checked(frame, columns, counts, by)
    is_missing = frame[names].isna().to_numpy()
    numbers = (*ROW_COLUMNS[:-1], "events", "method")
    rows = []
    for label, members in labels:
        n = int(whole[members].sum())
        for name, column in zip(names, is_missing[members].T, strict=True):
            share = proportion(int(whole[members] @ column), n, conf_level=conf_level)
            first = {} if by is None else {"group": label}
            rows.append({**first, "variable": name, **{number: getattr(share, number) for number in numbers}})
    heads = ([] if by is None else ["group"]) + ["variable", *numbers]
    return pd.DataFrame(rows, columns=heads)


def _checked(
    frame: pd.DataFrame, columns: Sequence[str] | None, counts: ArrayLike | None, by: str | None
) -> tuple[list[str], Counts, list[tuple[Any, Counts]]]:
    """Return the variables, patients in each row, and the rows of each group with its label."""
    check_frame(frame)
    if isinstance(columns, str):
        raise ValueError(f"columns is the text {columns!r}; give a list of names, such as [{columns!r}]")
    names = [name for name in frame.columns if name != by] if columns is None else list(columns)
    check_columns(frame, [*names, *([] if by is None else [by])])
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f"columns names {twice[0]!r} twice; name each column once")
    taken = [name for name in names if name in OWN_COLUMNS]
    if taken or not names:
        raise ValueError(
            f"column {taken[0]!r} has a name that the table itself needs; choose columns or rename it"
            if taken
            else "there are no variables; name at least one column"
        )
    whole = patient_counts(counts, size=len(frame), name="frame")
    if by is None:
        return names, whole, [("", np.arange(len(frame)))] if len(frame) else []
    codes, found = pd.factorize(frame[by], use_na_sentinel=False)
    return names, whole, [(label, np.flatnonzero(codes == code)) for code, label in enumerate(found)]
