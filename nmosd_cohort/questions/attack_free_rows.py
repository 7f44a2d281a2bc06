"""Rows of the time to the first attack after a start, for one treatment and for two."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from nmosd_cohort.cohort.treatment import DAYS_PER_MONTH
from nmosd_cohort.questions.parts import estimate_row
from nmosd_cohort.statistics.estimate import Estimate
from nmosd_cohort.statistics.shares.proportions import proportion
from nmosd_cohort.statistics.survival.cox import cox_regression
from nmosd_cohort.statistics.survival.cox_checks import proportional_hazards_check
from nmosd_cohort.statistics.survival.kaplan_meier import kaplan_meier, survival_quantile
from nmosd_cohort.statistics.survival.logrank import logrank
from nmosd_cohort.statistics.survival.restricted_mean import restricted_mean_survival

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nmosd_cohort.questions.parts import Check

TIMES = (6.0, 12.0, 24.0)
DENOMINATOR = "starters with observed time after the start"
CONCURRENT = "first starters of either while both were being started"
LABELS: Mapping[str, Any] = {"outcome": "first_attack"}
ADJUSTED = ("rate_before", "age_per_10_years")
ALL_COVARIATES = "all covariates"


def followed(exposed: pd.DataFrame) -> pd.DataFrame:
    """Return the patients of ``exposure`` who were observed after the start, with ``months`` to attack or end."""
    usable = exposed[exposed["follow_days"] > 0].reset_index(drop=True)
    return usable.assign(months=usable["attack_free_days"] / DAYS_PER_MONTH)


def free_rows(
    exposed: pd.DataFrame, *, conf_level: float, labels: Mapping[str, Any] | None = None
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the share without an attack at fixed times, as a plain share, its mean time, and how long was looked.

    Parameters
    ----------
    exposed
        From ``exposure``.
    labels
        Of the group, where there are two.
    """
    usable = followed(exposed)
    n = len(usable)
    if n == 0:
        detail = "no starter has time under observation after the start; needed is patients.last_contact_date"
        return [], [("attack-free time", "not assessable", detail)]
    own = {**LABELS, "denominator": DENOMINATOR, **(labels or {})}
    follow = _follow_up(usable, conf_level)
    rows = [estimate_row(follow, role="description", measure="median_follow_up", unit="months", **own)]
    free = proportion(int((usable["had_attack"] == 0).sum()), n, conf_level=conf_level)
    crude = estimate_row(free, role="secondary", measure="attack_free_share", unit="share", **own)
    crude["method"] += f"; seen for {_range(usable)}; a share of those followed for different times"
    rows.append(crude)
    rows += _at_times(usable, own, conf_level)
    rows += _restricted_mean(usable, own, conf_level)
    return rows, []


def curve(exposed: pd.DataFrame, arm: str, *, conf_level: float) -> pd.DataFrame:
    """Return the curve for the plot: arm, months, attack_free, its limits, and n still at risk."""
    usable = followed(exposed)
    columns = ["arm", "months", "attack_free", "conf_low", "conf_high", "n", "attacks"]
    if usable.empty:
        return pd.DataFrame(columns=columns)
    # To a tenth of a month, so that nobody is known by the day; never 0.
    months = usable["months"].mul(10).round().clip(lower=1) / 10
    found = kaplan_meier(months, usable["had_attack"], conf_level=conf_level)
    shown = pd.DataFrame(
        {
            "arm": arm,
            "months": found["time"].astype("Float64"),
            "attack_free": found["estimate"],
            "conf_low": found["conf_low"],
            "conf_high": found["conf_high"],
            "n": found["at_risk"].astype("Int64"),
            "attacks": found["events"].astype("Int64"),
        }
    )
    return shown[columns]


def comparison_rows(
    arms: pd.DataFrame, *, drug: str, comparator: str, conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the hazard ratios of the drug against the comparator, or why there are none.

    Parameters
    ----------
    arms
        From ``exposure``, with the column arm: the drug or the comparator.
    """
    usable = followed(arms)
    sizes = {name: int((usable["arm"] == name).sum()) for name in (drug, comparator)}
    own = {
        **LABELS,
        "group": "drug",
        "level": drug,
        "reference": comparator,
        "denominator": CONCURRENT,
        "unit": "ratio",
    }
    title = f"{drug} against {comparator}"
    if min(sizes.values()) < 2:
        detail = f"{sizes[drug]} and {sizes[comparator]} first starters with time after the start; 2 of each are needed"
        return [], [(title, "not assessable", detail)]
    usable = usable.assign(treated=(usable["arm"] == drug).astype(float))
    try:
        rows, checks = _hazard_rows(usable, own, conf_level, drug, comparator)
    except ValueError as problem:
        return [], [(title, "not assessable", str(problem))]
    note = (
        "not randomised: who gets which treatment is a choice; the adjusted ratio holds attacks before and age equal "
        "and nothing else"
    )
    return rows, [*checks, (title, "note", note)]


def _hazard_rows(
    usable: pd.DataFrame, own: dict[str, Any], conf_level: float, drug: str, comparator: str
) -> tuple[list[dict[str, Any]], list[Check]]:
    time, event, crude = usable["months"], usable["had_attack"], usable[["treated"]]
    ratio = cox_regression(time, event, crude, conf_level=conf_level)["treated"]
    rows = [estimate_row(ratio, role="primary", measure="hazard_ratio", **own)]
    test = logrank(time, event, usable["arm"], reference=comparator, conf_level=conf_level)
    rows.append(estimate_row(test.hazard_ratios[drug], role="secondary", measure="logrank_hazard_ratio", **own))
    checks = _proportional(usable, crude, conf_level)
    full = pd.DataFrame(
        {
            "treated": usable["treated"],
            "rate_before": usable["events_before"] / usable["years_before"].where(usable["years_before"] > 0),
            "age_per_10_years": usable["age_years"] / 10,
        }
    )
    kept = full.notna().all(axis=1)
    design = full[kept].loc[:, full[kept].nunique() > 1]
    if "treated" not in design or design.shape[1] < 2:
        return rows, [
            *checks,
            ("adjusted hazard ratio", "not assessable", "attacks before and age do not vary or are not known"),
        ]
    try:
        found = cox_regression(time[kept], event[kept], design, conf_level=conf_level)["treated"]
    except ValueError as problem:
        return rows, [*checks, ("adjusted hazard ratio", "not assessable", str(problem))]
    terms = {"term": "adjusted for attack rate before and age"}
    rows.append(estimate_row(found, role="secondary", measure="hazard_ratio", **terms, **own))
    return rows, checks


def _proportional(usable: pd.DataFrame, design: pd.DataFrame, conf_level: float) -> list[Check]:
    found = proportional_hazards_check(usable["months"], usable["had_attack"], design, conf_level=conf_level)
    p = float(found.loc[found["term"] == ALL_COVARIATES, "p_value"].iloc[0])
    if math.isnan(p):
        return [("proportional hazards", "not assessable", "too few attacks")]
    slope = found.iloc[0]
    detail = (
        f"log hazard ratio changes by {slope['estimate']:.2f} ({slope['conf_low']:.2f} to {slope['conf_high']:.2f}) "
        f"over the follow-up, p = {p:.3f}; a large p does not show that hazards are proportional"
    )
    return [("proportional hazards", "not met" if p < 0.05 else "note", detail)]


def _follow_up(usable: pd.DataFrame, conf_level: float) -> Estimate:
    """Return the median time under observation by the reverse Kaplan-Meier method: the end is the event."""
    found = survival_quantile(usable["months"], 1 - usable["had_attack"], conf_level=conf_level)
    seen = usable["follow_days"].median() / DAYS_PER_MONTH
    method = f"reverse {found.method}; plain median of the time observed {seen:.1f} months"
    return Estimate(
        found.estimate,
        found.conf_low,
        found.conf_high,
        found.n,
        method,
        std_error=found.std_error,
        conf_level=conf_level,
    )


def _range(usable: pd.DataFrame) -> str:
    months = usable["follow_days"] / DAYS_PER_MONTH
    return f"a median of {months.median():.1f} months (range {months.min():.1f} to {months.max():.1f})"


def _at_times(usable: pd.DataFrame, own: dict[str, Any], conf_level: float) -> list[dict[str, Any]]:
    found = kaplan_meier(usable["months"], usable["had_attack"], times=list(TIMES), conf_level=conf_level)
    rows, attacks = [], 0
    for point in found.to_dict("records"):
        attacks += int(point["events"])
        if math.isnan(point["estimate"]):
            continue
        share = Estimate(
            point["estimate"],
            point["conf_low"],
            point["conf_high"],
            len(usable),
            f"{point['method']}; {int(point['at_risk'])} at risk just before, {attacks} had an attack by then",
            std_error=point["std_error"],
            conf_level=conf_level,
        )
        labels = {**own, "term": f"month {point['time']:g}"}
        rows.append(estimate_row(share, role="secondary", measure="attack_free_survival", unit="share", **labels))
    return rows


def _restricted_mean(usable: pd.DataFrame, own: dict[str, Any], conf_level: float) -> list[dict[str, Any]]:
    reached = [time for time in TIMES if time <= usable["months"].max()]
    if not reached:
        return []
    found = restricted_mean_survival(usable["months"], usable["had_attack"], tau=reached[-1], conf_level=conf_level)
    labels = {**own, "term": f"first {reached[-1]:g} months"}
    return [estimate_row(found, role="secondary", measure="attack_free_months", unit="months", **labels)]
