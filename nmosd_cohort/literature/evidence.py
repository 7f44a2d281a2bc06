"""One pool group beside the registry: the rows of a forest plot, and what a tiny registry may borrow."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from nmosd_cohort.literature.local_share import one_share
from nmosd_cohort.literature.pooled import FEWEST_FOR_PREDICTION, checked_figures, counts_of_shares, group_shares
from nmosd_cohort.literature.references import paper_name
from nmosd_cohort.result import Result
from nmosd_cohort.statistics.estimate import whole_number
from nmosd_cohort.statistics.pooling.borrowing import BorrowedShare, robust_map
from nmosd_cohort.statistics.pooling.predictive import TAU_SCALE
from nmosd_cohort.statistics.pooling.proportions import pool_proportions
from nmosd_cohort.statistics.pooling.random_effects import Pooled
from nmosd_cohort.statistics.shares.proportions import proportion

TOO_LARGE = 50  # patients from which on a registry's share stands by itself
FEWEST_TO_BORROW_FROM = 3  # studies; fewer hardly tell how far studies differ
FOREST_COLUMNS = (
    "kind",
    "label",
    "figure",
    "n",
    "events",
    "estimate",
    "conf_low",
    "conf_high",
    "weight",
    "note",
)
BORROWED_COLUMNS = (
    "group",
    "role",
    "local_n",
    "local_events",
    "local_estimate",
    "local_low",
    "local_high",
    "prior_studies",
    "prior_n",
    "prior_estimate",
    "prior_low",
    "prior_high",
    "prior_patients",
    "estimate",
    "conf_low",
    "conf_high",
    "robust_weight",
    "robust_weight_after",
    "conflict_p",
    "is_in_conflict",
    "used",
    "method",
)


def evidence_for(
    group: str,
    local: Mapping[str, Any] | pd.DataFrame | Result | None = None,
    *,
    figures: pd.DataFrame | None = None,
    with_derived: bool = True,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Rows of a forest plot of one pool group, the registry's own share last.

    Parameters
    ----------
    group
        Name of the pool group.
    local
        The registry's own share: a mapping with `events` and `n`, as a row of a result's estimates; or a Result
        or its estimates, of which the only share of all patients that fits is taken. None leaves it out.
    figures, with_derived
        See ``group_shares``.
    conf_level
        Coverage of the limits.

    Returns
    -------
    DataFrame
        Columns ``FOREST_COLUMNS``, shares from 0 to 1. ``kind`` is ``study`` (``note`` says if it was derived or its
        printed numbers disagree), ``not counted`` (``note`` has the reason), ``pooled``, ``prediction`` or
        ``local``. Single shares have Wilson limits; a figure whose counts are not known has those that were
        printed, if any, and what is no share has no numbers. Weights of the counted studies add up to 1; where the
        model weighs no study by itself they are shares of the patients, and ``note`` of the mean says so.

    Raises
    ------
    ValueError
        If no figure is of that group, or `local` lacks its counts, is of another construct or has several rows.

    Examples
    --------
    >>> rows = evidence_for("depression_all", {"events": 9, "n": 20})
    >>> rows["kind"].tolist()
    ['study', 'study', 'study', 'not counted', 'pooled', 'prediction', 'local']
    """
    shares = group_shares(figures, group, with_derived=with_derived)
    printed = checked_figures(figures).set_index("figure").reindex(columns=["estimate", "conf_low", "conf_high"])
    counted, rest = shares[shares["is_counted"]], shares[~shares["is_counted"]]
    rows, sums = [], []
    if len(counted):
        pooled = pool_proportions(*counts_of_shares(counted), conf_level=conf_level)
        weights = pooled.weights or tuple((counted["n"] / counted["n"].sum()).astype(float))
        rows = [
            _single("study", row, conf_level, weight=weight, note=row["remark"])
            for row, weight in zip(counted.to_dict("records"), weights, strict=True)
        ]
        rows.sort(key=lambda row: -row["n"])
        sums = _sums(pooled, "" if pooled.weights else "; squares by patients") if len(counted) > 1 else []
    rows += [
        _single("not counted", row, conf_level, printed=printed.loc[row["figure"]], note=row["why_not_counted"])
        for row in rest.to_dict("records")
    ]
    rows += sums
    if local is not None:
        own = one_share(local, group, set(shares["construct"]))
        rows.append(_single("local", own, conf_level, note="this registry"))
    table = pd.DataFrame(rows, columns=list(FOREST_COLUMNS))
    return table.astype({"n": "Int64", "events": "Int64"})


def borrow(
    local: Mapping[str, Any] | pd.DataFrame | Result,
    group: str,
    *,
    figures: pd.DataFrame | None = None,
    exclude_overlap_group: str | None = None,
    too_large: int = TOO_LARGE,
    fewest_studies: int = FEWEST_TO_BORROW_FROM,
    robust_weight: float = 0.2,
    tau_scale: float = TAU_SCALE,
    conf_level: float = 0.95,
) -> dict[str, Any]:
    """Share of a tiny registry once the published shares of a pool group are taken into account.

    Parameters
    ----------
    local
        The registry's own share, as in ``evidence_for``.
    group
        Name of the pool group.
    figures
        As ``published_figures`` returns them; None takes the catalogue.
    exclude_overlap_group
        Cohort that the registry's patients are in, whose figures are then left out; None if they are in none.
    too_large
        Patients from which on nothing is borrowed.
    fewest_studies
        Studies below which nothing is borrowed.
    robust_weight, tau_scale
        See ``robust_map``.
    conf_level
        Coverage of the limits.

    Returns
    -------
    dict
        Keys ``BORROWED_COLUMNS``; ``role`` is always ``secondary``. Where nothing is borrowed the borrowed numbers
        are NaN and ``method`` says why. ``prior`` is where past studies lead one to expect a further one.

    Raises
    ------
    ValueError
        If `local` lacks its counts, is of another construct or has several rows, no figure is of that group, or
        no figure is of the cohort to exclude.

    Notes
    -----
    See ``robust_map``. Published figures differ from the registry in more than chance: definition, denominator and
    case-mix are those of the pool group, not of the registry.

    Examples
    --------
    >>> row = borrow({"events": 6, "n": 12}, "neuropathic_all")
    >>> row["role"], round(row["estimate"], 2), row["is_in_conflict"]
    ('secondary', 0.5, False)
    """
    too_large, fewest_studies = whole_number("too_large", too_large), whole_number("fewest_studies", fewest_studies)
    table = _without_cohort(checked_figures(figures), exclude_overlap_group)
    shares = group_shares(table, group)
    events, n = local_counts(one_share(local, group, set(shares["construct"])))
    counted = shares[shares["is_counted"]]
    own = proportion(events, n, conf_level=conf_level)
    row: dict[str, Any] = dict.fromkeys(BORROWED_COLUMNS, math.nan) | {
        "group": group,
        "role": "secondary",
        "local_n": n,
        "local_events": events,
        "local_estimate": own.estimate,
        "local_low": own.conf_low,
        "local_high": own.conf_high,
        "prior_studies": len(counted),
        "prior_n": int(counted["n"].sum()),
        "is_in_conflict": None,
        "used": ", ".join(counted["figure"]),
    }
    reason = _why_not(n, too_large, len(counted), fewest_studies)
    if reason:
        return row | {"method": f"not borrowed: {reason}"}
    past_events, past_n = counts_of_shares(counted)
    return row | _borrowed(
        robust_map(
            events,
            n,
            prior_events=past_events,
            prior_n=past_n,
            robust_weight=robust_weight,
            tau_scale=tau_scale,
            conf_level=conf_level,
        )
    )


def local_counts(local: Mapping[str, Any]) -> tuple[int, int]:
    """Return events and patients of the registry's own share.

    Raises
    ------
    ValueError
        If one of them is missing or not a whole number.

    Examples
    --------
    >>> local_counts({"events": 9, "n": 20.0, "estimate": 0.45})
    (9, 20)
    """
    for name in ("events", "n"):
        if local.get(name) is None or pd.isna(local[name]):
            raise ValueError(f"the registry's own share has no {name}; give a mapping with events and n")
    return whole_number("events", local["events"]), whole_number("n", local["n"])


def _without_cohort(figures: pd.DataFrame, cohort: str | None) -> pd.DataFrame:
    if cohort is None:
        return figures
    is_of_cohort = figures["overlap_group"].eq(cohort)
    if not is_of_cohort.any():
        known = ", ".join(sorted(figures["overlap_group"].dropna().unique()))
        raise ValueError(f"no figure is of the cohort {cohort!r}; cohorts are {known}")
    return figures[~is_of_cohort]


def _why_not(n: int, too_large: int, studies: int, fewest: int) -> str:
    if n == 0:
        return "the registry has no patients for this"
    if n >= too_large:
        return f"the registry has {n} patients, {too_large} stand by themselves"
    return "" if studies >= fewest else f"{fewest} published shares are needed, {studies} with known counts"


def _borrowed(found: BorrowedShare) -> dict[str, Any]:
    same = ("prior_low", "prior_high", "prior_patients", "estimate", "conf_low", "conf_high")
    more = ("robust_weight", "robust_weight_after", "conflict_p", "is_in_conflict", "method")
    return {"prior_estimate": found.prior_median} | {name: getattr(found, name) for name in same + more}


def _single(
    kind: str,
    row: Mapping[Any, Any],
    conf_level: float,
    *,
    weight: float = math.nan,
    printed: Mapping[Any, Any] | None = None,
    note: str = "",
) -> dict[str, Any]:
    """Return one share with its Wilson limits, or as printed where its counts are not known; no other measure."""
    label = "This registry" if kind == "local" else paper_name(str(row["paper"]))
    head = {"kind": kind, "label": label, "figure": row.get("figure", "") if kind != "local" else ""}
    tail = {"weight": weight, "note": note}
    is_share = kind == "local" or row["measure"] == "proportion"
    if kind != "local" and (not is_share or pd.isna(row["events"]) or pd.isna(row["n"])):
        shown = dict.fromkeys(("estimate", "conf_low", "conf_high"), math.nan)
        if is_share and printed is not None:
            shown = {name: float(printed[name]) for name in shown}
        return head | {"n": row["n"], "events": row["events"]} | shown | tail
    events, n = local_counts(row)
    share = proportion(events, n, conf_level=conf_level)
    limits = {"estimate": share.estimate, "conf_low": share.conf_low, "conf_high": share.conf_high}
    return head | {"n": n, "events": events} | limits | tail


def _sums(pooled: Pooled, remark: str) -> list[dict[str, Any]]:
    """Return the rows of the mean and, where there is one, of a further study."""
    head = {"figure": "", "n": pooled.n, "events": None, "estimate": pooled.estimate, "weight": math.nan}
    mean = head | {"kind": "pooled", "label": f"Mean of {pooled.k} studies", "note": pooled.method + remark}
    rows = [mean | {"conf_low": pooled.conf_low, "conf_high": pooled.conf_high}]
    if not math.isnan(pooled.prediction_low):
        limits = {"conf_low": pooled.prediction_low, "conf_high": pooled.prediction_high}
        remark = "" if pooled.k >= FEWEST_FOR_PREDICTION else "too few studies to judge by"
        rows.append(head | limits | {"kind": "prediction", "label": "A further study", "note": remark})
    return rows
