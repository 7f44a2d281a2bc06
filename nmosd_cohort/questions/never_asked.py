"""What the patients who were never asked could change in a share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from nmosd_cohort.questions.parts import estimate_row
from nmosd_cohort.statistics.shares.assessment_bounds import worst_case_limits
from nmosd_cohort.statistics.shares.weighted_share import weighted_share

if TYPE_CHECKING:
    from nmosd_cohort.questions.parts import Check

# Known of every patient, asked or not: these decide who is like whom.
ASSESSED_BY = ("site", "sex", "aqp4_status", "onset_phenotype")
FEWEST_PER_LEVEL = 10
FEWEST_PER_COLUMN = 5


def never_asked_rows(
    cells: pd.DataFrame, labels: dict[str, Any], conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the bounds, their limits and the weighted share; a check says why there is no weighted share.

    Parameters
    ----------
    cells
        Tally with ``status`` (true, false, or missing where nobody asked), ``ASSESSED_BY`` and n.
    labels
        Columns that all rows share.

    Notes
    -----
    Horowitz and Manski 2000 (bounds, doi:10.1080/01621459.2000.10473902); Imbens and Manski 2004 (their limits,
    doi:10.1111/j.1468-0262.2004.00555.x); Seaman and White 2013 (weights, doi:10.1177/0962280210395740).
    """
    n_all = int(cells["n"].sum())
    asked = cells["status"].notna()
    events = int(cells.loc[cells["status"].fillna(False).astype(bool), "n"].sum())
    shared = labels | {"role": "sensitivity"}
    everybody = shared | {"denominator": f"{labels['denominator']}; and those without an answer"}
    if n_all == 0:
        nothing = {"conf_low": float("nan"), "conf_high": float("nan"), "method": "no patients"}
        return [{"measure": "bounds_if_never_asked", "n": 0, "events": 0, **nothing, **shared}], []
    found = worst_case_limits(events, int(cells.loc[asked, "n"].sum()), n_all, conf_level=conf_level)
    rows: list[dict[str, Any]] = [
        {
            "measure": measure,
            "n": n_all,
            "events": events,
            "conf_low": low,
            "conf_high": high,
            "conf_level": level,
            "method": method,
            **everybody,
        }
        for measure, low, high, level, method in (
            (
                "bounds_if_never_asked",
                found.low,
                found.high,
                None,
                "worst-case bounds (Horowitz and Manski): none, or all, without an answer have the pain",
            ),
            ("limits_if_never_asked", found.conf_low, found.conf_high, conf_level, found.method),
        )
    ]
    if asked.all() or not asked.any():
        return rows, []
    weighted, checks = _weighted(cells, conf_level, shared)
    return rows + weighted, checks


def _weighted(
    cells: pd.DataFrame, conf_level: float, shared: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the share by inverse-probability weights of being asked."""
    design = assessment_design(cells)
    name = "share weighted for who was asked"
    if design.empty:
        return [], [(name, "not assessable", "nothing known of all patients tells those asked from the others")]
    n = cells["n"].to_numpy()
    asked, with_event = (
        cells["status"].notna().to_numpy(),
        cells["status"].fillna(False).astype(bool).to_numpy(),
    )
    try:
        found = weighted_share(n * with_event, n * asked, n, design, conf_level=conf_level)
    except ValueError as problem:
        return [], [(name, "not assessable", str(problem))]
    row = estimate_row(found.share, measure="proportion", term="weighted for who was asked", **shared)
    detail = (
        f"weights by {', '.join(dict.fromkeys(column.split(' = ')[0] for column in design.columns))}; effective number "
        f"of patients {found.effective_n:.0f} of {found.n_assessed} asked, largest weight {found.largest_weight:.1f}; "
        "assumes that among patients alike in these it was chance who was asked"
    )
    return [row], [(name, "note", detail)]


def assessment_design(cells: pd.DataFrame) -> pd.DataFrame:
    """Return 0/1 columns of what is known of every patient and may tell those asked from the others.

    A level joins the commonest of its variable if it has fewer than ten patients, or if all or none of them were
    asked. No more columns are kept than one for each five patients on the smaller side of asked and not asked,
    largest levels first.

    Examples
    --------
    >>> sites = {"site": ["a", "a", "b", "b"], "status": [True, None, True, None], "n": [30, 10, 12, 8]}
    >>> assessment_design(pd.DataFrame(dict.fromkeys(ASSESSED_BY, "x") | sites)).columns.tolist()
    ['site = b']
    """
    n, is_asked = cells["n"], cells["status"].notna()
    smaller_side = min(int(n[is_asked].sum()), int(n[~is_asked].sum()))
    columns: dict[str, tuple[int, pd.Series]] = {}
    for variable in ASSESSED_BY:
        levels = cells[variable].astype("string").fillna("not recorded")
        sizes = n.groupby(levels).sum().sort_values(ascending=False, kind="stable")
        for level, size in sizes.iloc[1:].items():
            inside = levels == level
            if size >= FEWEST_PER_LEVEL and is_asked[inside].nunique() == 2:
                columns[f"{variable} = {level}"] = (int(size), inside.astype(float))
    largest = sorted(columns, key=lambda name: -columns[name][0])[: smaller_side // FEWEST_PER_COLUMN]
    return pd.DataFrame({name: columns[name][1] for name in columns if name in largest}, index=cells.index)
