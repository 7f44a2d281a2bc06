"""Published shares taken together by pool group: what counts, what does not and why, and where a further one lies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import pandas as pd

from nmosd_cohort.literature.catalogue import published_figures
from nmosd_cohort.statistics.estimate import Counts, whole_number
from nmosd_cohort.statistics.pooling.proportions import ShareMethod, pool_proportions
from nmosd_cohort.statistics.pooling.random_effects import Pooled

FEWEST_STUDIES = 2  # of which a mean can be taken
FEWEST_FOR_PREDICTION = 5  # a prediction interval of fewer spans almost every share
NEEDED = (
    "figure",
    "paper",
    "pool_group",
    "overlap_group",
    "measure",
    "construct",
    "denominator",
    "time_frame",
    "n",
    "events",
    "derived",
)
SHARE_COLUMNS = (*NEEDED, "is_counted", "why_not_counted", "remark")


@dataclass(frozen=True, slots=True)
class PooledGroup:
    """One pool group: which figures count, their mean, and the spread between them.

    Parameters
    ----------
    group
        Name of the pool group.
    construct, denominator, time_frame
        What the counted figures measure; several values with the number of figures of each.
    studies, n, events
        Counted studies, one a cohort, with their patients and events.
    estimate, conf_low, conf_high
        Mean share with its limits, NaN where too few studies are counted.
    prediction_low, prediction_high
        Where the true share of a further study would lie; NaN with fewer than three studies, and of little use
        with fewer than five, see ``is_for_verdicts``.
    tau, i2, q, q_p
        SD of the logits between studies, its share of the variance, and Cochran's Q with its p-value.
    lowest_without, highest_without
        Smallest and largest mean share when one cohort is left out; NaN where there is no mean.
    most_influential
        Figure without which the mean moves most; empty where there is no mean.
    used, left_out
        Figures that count; figures that do not, each with its reason.
    remarks
        What a reader must know of figures that count: see ``remark_on``.
    is_for_verdicts
        Whether there are studies enough to use the prediction interval in verdicts.
    method
        How the numbers were made, or why there are none.
    """

    group: str
    construct: str
    denominator: str
    time_frame: str
    studies: int
    n: int
    events: int
    estimate: float
    conf_low: float
    conf_high: float
    prediction_low: float
    prediction_high: float
    tau: float
    i2: float
    q: float
    q_p: float
    lowest_without: float
    highest_without: float
    most_influential: str
    used: str
    left_out: str
    remarks: str
    is_for_verdicts: bool
    method: str


POOLED_COLUMNS = tuple(field.name for field in fields(PooledGroup))


def pooled_evidence(
    figures: pd.DataFrame | None = None,
    *,
    fewest_studies: int = FEWEST_STUDIES,
    with_derived: bool = True,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Mean published share of each pool group, with the spread between studies and what was left out.

    Parameters
    ----------
    figures
        As ``published_figures`` returns them; None takes the catalogue.
    fewest_studies
        Studies below which no mean is made; two or more.
    with_derived
        Whether shares count that were not printed but follow from printed counts.
    conf_level
        Coverage of the limits and of the prediction limits.

    Returns
    -------
    DataFrame
        One row a pool group, by name, columns as ``PooledGroup``. Each cohort counts once, by its largest figure.
        Groups with fewer studies than asked for are there too, without a mean and with the reason in ``method``.

    Raises
    ------
    ValueError
        If a column is missing, or `fewest_studies` is below two.

    Notes
    -----
    See ``pool_proportions``. Figures of a group differ in denominator, time frame, instrument and case-mix: the
    mean describes the literature, it is not an estimate for any one population. Prediction limits rest on
    t(k - 2); with t(k - 1), as some programs have it, they are narrower.

    Examples
    --------
    >>> table = pooled_evidence().set_index("group")
    >>> int(table.loc["neuropathic_all", "studies"]), bool(table.loc["ms_pain", "is_for_verdicts"])
    (8, False)
    """
    if whole_number("fewest_studies", fewest_studies) < FEWEST_STUDIES:
        raise ValueError(f"fewest_studies is {fewest_studies}; a mean needs {FEWEST_STUDIES} studies or more")
    table = checked_figures(figures)
    names = sorted(table["pool_group"].dropna().unique())
    rows = [
        _pooled_group(group_shares(table, name, with_derived=with_derived), fewest_studies, conf_level)
        for name in names
    ]
    return pd.DataFrame([asdict(row) for row in rows], columns=list(POOLED_COLUMNS))


def group_shares(figures: pd.DataFrame | None, group: str, *, with_derived: bool = True) -> pd.DataFrame:
    """Figures of one pool group, with those that count towards its mean and the reason why others do not.

    Parameters
    ----------
    figures
        As ``published_figures`` returns them; None takes the catalogue.
    group
        Name of the pool group.
    with_derived
        Whether shares count that were not printed but follow from printed counts.

    Returns
    -------
    DataFrame
        One row a figure, in the order given, columns ``SHARE_COLUMNS``. A figure counts if it is a share whose
        events and patients are known, and the largest such figure of its cohort; of those as large one that was
        printed before one that was derived, then the first.
        ``remark`` is that of ``remark_on``, which asks for the column ``integrity``.

    Raises
    ------
    ValueError
        If a column is missing, a figure has no overlap group, or no figure is of that group; the message lists the
        groups.

    Examples
    --------
    >>> spasms = group_shares(None, "tonic_spasm_all").set_index("figure")
    >>> spasms.loc["li_qinying_2020_tonic_spasm", "why_not_counted"]
    'same cohort as shanghai_2020_tonic_spasm, which is larger'
    """
    table = checked_figures(figures)
    rows = table.loc[table["pool_group"].eq(str(group)), list(NEEDED)].reset_index(drop=True)
    if rows.empty:
        known = ", ".join(sorted(table["pool_group"].dropna().unique()))
        raise ValueError(f"no figure is of the pool group {group!r}; groups are {known or 'none'}")
    reasons = [_unusable(row, with_derived=with_derived) for row in rows.to_dict("records")]
    usable = rows[[not reason for reason in reasons]]
    nameless = usable.loc[usable["overlap_group"].isna(), "figure"]
    if len(nameless):
        raise ValueError(f"{nameless.iloc[0]} has no overlap_group; give each cohort a name of its own")
    # Of two as large the shares themselves must not decide, so that the mean is not drawn to either.
    largest = usable.sort_values(["n", "derived"], ascending=[False, True], kind="stable")
    firsts = largest.drop_duplicates("overlap_group")
    kept = dict(zip(firsts["overlap_group"], firsts["figure"], strict=True))
    sizes = dict(zip(usable["figure"], usable["n"], strict=True))
    rows["why_not_counted"] = [
        reason or ("" if kept[cohort] == figure else f"same cohort as {kept[cohort]}, {_size(n, sizes[kept[cohort]])}")
        for reason, cohort, figure, n in zip(reasons, rows["overlap_group"], rows["figure"], rows["n"], strict=True)
    ]
    rows["is_counted"] = rows["why_not_counted"].eq("")
    integrity = dict(zip(table["figure"], table["integrity"], strict=True)) if "integrity" in table else {}
    rows["remark"] = [
        remark_on(bool(derived), str(integrity.get(figure, "")))
        for derived, figure in zip(rows["derived"], rows["figure"], strict=True)
    ]
    return rows[list(SHARE_COLUMNS)]


def checked_figures(figures: pd.DataFrame | None) -> pd.DataFrame:
    """Return the published figures, the catalogue's where none are given.

    Raises
    ------
    ValueError
        If a column is missing.
    TypeError
        If it is no frame.

    Examples
    --------
    >>> "pool_group" in checked_figures(None)
    True
    """
    table = published_figures() if figures is None else figures
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"figures is of type {type(table).__name__}; give a frame as published_figures() returns it")
    missing = [name for name in (*NEEDED, "estimate") if name not in table]
    if missing:
        raise ValueError(f"figures has no column {', '.join(missing)}; take it from published_figures()")
    return table


def _size(n: int, of_kept: int) -> str:
    return "which is larger" if of_kept > n else "which is as large and comes before it"


def _unusable(row: Mapping[Any, Any], *, with_derived: bool) -> str:
    if row["measure"] != "proportion":
        return f"not a share but a {str(row['measure']).replace('_', ' ')}"
    if pd.isna(row["events"]) or pd.isna(row["n"]) or row["n"] == 0:
        return "no counts"
    return "" if with_derived or not row["derived"] else "derived, not printed"


def remark_on(derived: bool, integrity: str) -> str:
    """Return what a reader must know of a figure that counts: it was not printed, or its numbers disagree.

    Examples
    --------
    >>> remark_on(True, "inconsistent")
    'derived from printed counts, its printed numbers disagree'
    """
    remarks = (("derived from printed counts", derived), ("its printed numbers disagree", integrity == "inconsistent"))
    return ", ".join(words for words, holds in remarks if holds)


def counts_of_shares(shares: pd.DataFrame) -> tuple[Counts, Counts]:
    """Return events and patients of shares whose counts are known.

    Examples
    --------
    >>> events, n = counts_of_shares(pd.DataFrame({"events": [3], "n": [9]}))
    >>> int(events[0]), int(n[0])
    (3, 9)
    """
    return shares["events"].to_numpy(dtype=int), shares["n"].to_numpy(dtype=int)


def _pooled_group(shares: pd.DataFrame, fewest: int, conf_level: float) -> PooledGroup:
    counted = shares[shares["is_counted"]].reset_index(drop=True)
    described = counted if len(counted) else shares
    pooled = pool_proportions(*counts_of_shares(counted), conf_level=conf_level) if len(counted) >= fewest else None
    lowest, highest, influential = _without_one(counted, pooled)
    reason = f"not pooled: {len(counted)} with known counts, {fewest} are needed"
    nan = math.nan
    return PooledGroup(
        group=str(shares["pool_group"].iloc[0]),
        construct=_values(described["construct"]),
        denominator=_values(described["denominator"]),
        time_frame=_values(described["time_frame"]),
        studies=len(counted),
        n=int(counted["n"].sum()),
        events=int(counted["events"].sum()),
        estimate=pooled.estimate if pooled else nan,
        conf_low=pooled.conf_low if pooled else nan,
        conf_high=pooled.conf_high if pooled else nan,
        prediction_low=pooled.prediction_low if pooled else nan,
        prediction_high=pooled.prediction_high if pooled else nan,
        tau=math.sqrt(pooled.tau2) if pooled else nan,
        i2=pooled.i2 if pooled else nan,
        q=pooled.q if pooled else nan,
        q_p=pooled.q_p if pooled else nan,
        lowest_without=lowest,
        highest_without=highest,
        most_influential=influential,
        used=", ".join(counted["figure"]),
        left_out="; ".join(
            f"{row.figure} ({row.why_not_counted})" for row in shares.itertuples() if not row.is_counted
        ),
        remarks="; ".join(f"{row['figure']} ({row['remark']})" for row in counted.to_dict("records") if row["remark"]),
        is_for_verdicts=pooled is not None and len(counted) >= FEWEST_FOR_PREDICTION,
        method=pooled.method if pooled else reason,
    )


def _without_one(counted: pd.DataFrame, pooled: Pooled | None) -> tuple[float, float, str]:
    """Return the range of the mean when one cohort is left out, and the figure that moves it most."""
    if pooled is None or math.isnan(pooled.estimate):
        return math.nan, math.nan, ""
    method: ShareMethod = "logit" if pooled.weights else "glmm"  # as for the whole, so that only the studies differ
    means = [pool_proportions(*counts_of_shares(counted.drop(at)), method=method).estimate for at in counted.index]
    moves = [abs(mean - pooled.estimate) for mean in means]
    return min(means), max(means), str(counted["figure"].iloc[moves.index(max(moves))])


def _values(column: pd.Series[Any]) -> str:
    """Return the value of a column, or each with its number of rows where there are several."""
    counts = column.fillna("not stated").value_counts()
    return str(counts.index[0]) if len(counts) == 1 else ", ".join(f"{name} {count}" for name, count in counts.items())
