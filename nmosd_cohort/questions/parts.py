"""Parts that every question is made of: option checks, estimate rows, design matrices and provenance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.result import Result, check_frame, estimate_frame, flow_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.statistics.estimate import Estimate

# Column of the design matrix -> column of the visit frame and the factor to the unit in its name.
COVARIATES = {
    "age_per_10_years": ("age_years", 0.1),
    "male": ("is_male", 1.0),
    "duration_per_10_years": ("disease_duration_years", 0.1),
    "aqp4_positive": ("is_aqp4_positive", 1.0),
    "attacks": ("attack_count", 1.0),
}
MOST_MISSING_SHARE = 0.5
FEW_FOR_A_PERCENTAGE = 20
NEVER_HAD = "never had "  # how the reason of a step begins that leaves out who never had a treatment

Check = tuple[str, str, str]


def estimate_row(estimate: Estimate, **labels: Any) -> dict[str, Any]:
    """Return one row of a Result's estimates from a statistic and its labels."""
    numbers = {
        "n": estimate.n,
        "events": estimate.events,
        "estimate": estimate.estimate,
        "std_error": estimate.std_error,
        "conf_low": estimate.conf_low,
        "conf_high": estimate.conf_high,
        "conf_level": estimate.conf_level,
        "p_value": estimate.p_value,
        "method": estimate.method,
    }
    return numbers | labels


def transform(estimate: Estimate, factor: float) -> Estimate:
    """Return the estimate in another unit, for example EDSS points from twice the EDSS."""
    return replace(
        estimate,
        estimate=estimate.estimate * factor,
        conf_low=estimate.conf_low * factor,
        conf_high=estimate.conf_high * factor,
        std_error=estimate.std_error * factor,
    )


def group_counts(tally: pd.DataFrame, group: str, level: str, value: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct values of one group and how many patients have each."""
    rows = tally.loc[(tally[group] == level) & tally[value].notna(), [value, "n"]]
    counted = rows.groupby(value, observed=True)["n"].sum()
    return counted.index.to_numpy(dtype=float), counted.to_numpy(dtype=np.int64)


def covariate_design(tally: pd.DataFrame, covariates: Sequence[str]) -> tuple[pd.DataFrame, list[Check]]:
    """Return the covariates of each cell as numbers, and a check for each that had to be left out.

    A covariate is left out where it is missing in more than half of the patients or does not vary. Cells
    with a remaining missing value keep it: the caller drops them and counts them.
    """
    columns: dict[str, pd.Series] = {}
    checks: list[Check] = []
    total = int(tally["n"].sum())
    for name in covariates:
        source, factor = COVARIATES.get(name, (name, 1.0))
        values = tally[source].astype("Float64").astype(float) * factor
        missing = int(tally.loc[values.isna(), "n"].sum())
        if total and missing / total > MOST_MISSING_SHARE:
            checks.append((f"adjusted for {name}", "not met", f"missing in {missing} of {total} patients: left out"))
        elif values.nunique() < 2:
            checks.append((f"adjusted for {name}", "not met", "the same in all patients: left out"))
        else:
            columns[name] = values
    return pd.DataFrame(columns, index=tally.index), checks


def complete_cells(tally: pd.DataFrame, design: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return the cells and design rows without a missing value, and how many patients were dropped.

    Columns that no longer vary are dropped from the design.
    """
    kept = design.notna().all(axis=1)
    cells, rows = tally[kept].reset_index(drop=True), design[kept].reset_index(drop=True)
    return cells, rows.loc[:, rows.nunique() > 1], int(tally.loc[~kept, "n"].sum())


def dummies(cells: pd.DataFrame, group: str, levels: Sequence[str]) -> pd.DataFrame:
    """Return one 0/1 column for each level; the reference level is the one not listed."""
    return pd.DataFrame({level: (cells[group] == level).astype(float) for level in levels}, index=cells.index)


def finish(
    registry: Registry,
    *,
    name: str,
    question: str,
    rows: Iterable[Mapping[str, Any]],
    steps: Iterable[tuple[str, int, int, str]],
    checks: Iterable[Check],
    tally: pd.DataFrame,
    definitions: Mapping[str, Any],
) -> Result:
    """Return the Result of a question, with the registry's provenance."""
    from nmosd_cohort._version import __version__

    provenance = {
        key: registry.provenance.get(key) for key in ("name", "data_cut", "mapping_sha256", "scenario", "seed")
    }
    provenance = {key: value for key, value in provenance.items() if value is not None}
    steps = list(steps)
    return Result(
        question=question,
        estimates=estimate_frame(rows),
        flow=flow_frame(steps),
        checks=check_frame([*_nobody_started(steps), *checks]),
        tally=tally,
        definitions=definitions,
        provenance=provenance | {"software": f"nmosd_cohort {__version__}"},
        name=name,
    )


def _nobody_started(steps: Iterable[tuple[str, int, int, str]]) -> list[Check]:
    """Return a check where a flow ends because no patient ever had the treatment."""
    for _, left, excluded, reason in steps:
        if left == 0 and excluded and reason.startswith(NEVER_HAD):
            treatment = reason.removeprefix(NEVER_HAD).strip()
            detail = f"none of {excluded} patients has a course of {treatment} in treatments.drug or drug_class"
            return [("somebody started", "not assessable", detail)]
    return []


def counted_steps(n: int, counts: Iterable[tuple[str, int, str]]) -> list[tuple[str, int, int, str]]:
    """Return the steps of a flow that goes on from n patients, given step, patients left and reason.

    Examples
    --------
    >>> counted_steps(10, [("start known", 7, "start not recorded"), ("score known", 7, "no score")])
    [('start known', 7, 3, 'start not recorded'), ('score known', 7, 0, '')]
    """
    steps = []
    for step, left, reason in counts:
        steps.append((step, left, n - left, reason if n > left else ""))
        n = left
    return steps


def remission_check(index: nw.LazyFrame[Any]) -> list[Check]:
    """Return a check for patients whose visit counts as remission only because no attack of theirs has a date."""
    counts = tally(index.with_columns(is_unknown=nw.col("days_since_attack").is_null()), ["is_unknown"])
    unknown, n = int(counts.loc[counts["is_unknown"], "n"].sum()), int(counts["n"].sum())
    if not n:
        return []
    if not unknown:
        return [("remission known", "met", f"all {n} patients have a dated attack before the visit")]
    detail = f"{unknown} of {n} patients have no dated attack before the visit and are taken as in remission"
    return [("remission known", "not met", detail)]


def small_n_check(n: int) -> list[Check]:
    """Return a note where so few patients were counted that percentages mislead."""
    if n >= FEW_FOR_A_PERCENTAGE:
        return []
    return [("enough patients for a percentage", "not met", f"{n} patients: read the counts and the interval")]
