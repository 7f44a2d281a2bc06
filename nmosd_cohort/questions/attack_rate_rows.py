"""Rows of attack rates before and after a start: totals over time, ratios, and the choices that move them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.attack_exposure import TRIGGER_DAYS
from nmosd_cohort.questions.parts import estimate_row
from nmosd_cohort.statistics.ranks.median_and_shift import median
from nmosd_cohort.statistics.regression.clustered_rates import clustered_rate_ratios
from nmosd_cohort.statistics.regression.rates import overdispersion, paired_rate_ratio, poisson_rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nmosd_cohort.questions.parts import Check

DENOMINATOR = "starters with observed time before and after"
LABELS: Mapping[str, Any] = {"outcome": "attack_rate", "denominator": DENOMINATOR}
CONTRAST: Mapping[str, Any] = {"measure": "rate_ratio", "level": "after", "reference": "before", "unit": "ratio"}
PER_YEAR = "attacks per person-year"


def with_time(exposed: pd.DataFrame) -> pd.DataFrame:
    """Return the patients of ``exposure`` with observed time both before and after the start."""
    return exposed[(exposed["years_before"] > 0) & (exposed["years_after"] > 0)].reset_index(drop=True)


def rate_rows(exposed: pd.DataFrame, *, conf_level: float) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the rates in both periods, their ratio and each patient's own rate, or why there are none.

    Parameters
    ----------
    exposed
        From ``exposure``.
    """
    usable = with_time(exposed)
    n = len(usable)
    if n == 0:
        detail = (
            "no starter has time under observation both before and after the start; needed are treatments.start_date "
            "and patients.onset_date (or entry_date) and last_contact_date"
        )
        return [], [("attack rate", "not assessable", detail)]
    rows = []
    for level in ("before", "after"):
        events, years = int(usable[f"events_{level}"].sum()), float(usable[f"years_{level}"].sum())
        rate = poisson_rate(events, years, n=n, conf_level=conf_level)
        row = estimate_row(rate, role="secondary", measure="rate", level=level, unit=PER_YEAR, **LABELS)
        rows.append(row | {"method": f"{row['method']}; {events} attacks in {years:.1f} person-years"})
    rows.append(_ratio(usable, conf_level, role="primary", term=""))
    marginal, checks = _marginal(usable, conf_level)
    rows += marginal
    for level in ("before", "after"):
        own = median((usable[f"events_{level}"] / usable[f"years_{level}"]).to_numpy(float), conf_level=conf_level)
        row = estimate_row(own, role="description", measure="patient_rate_median", level=level, unit=PER_YEAR, **LABELS)
        rows.append(row | {"method": f"{row['method']}; each patient's attacks over that patient's time"})
    return rows, [*checks, *_spread(usable)]


def sensitivity_rows(
    periods: Mapping[float, pd.DataFrame], *, chosen: float, conf_level: float
) -> list[dict[str, Any]]:
    """Return the ratio for each length of the time before, with and without the attack that led to the start.

    Parameters
    ----------
    periods
        Months before to the frame of ``exposure``.
    chosen
        Months of the primary ratio, which is not given again.
    """
    rows = []
    for months, exposed in periods.items():
        usable = with_time(exposed)
        if usable.empty:
            continue
        words = f"{months:g} months before"
        if months != chosen:
            rows.append(_ratio(usable, conf_level, role="sensitivity", term=words))
        fewer = usable.assign(events_before=usable["events_before"] - usable["trigger"])
        rows.append(
            _ratio(fewer, conf_level, role="sensitivity", term=f"{words}, attack that led to the start left out")
        )
    return rows


def selection_checks(usable: pd.DataFrame, months: float) -> list[Check]:
    """Return what the choice of the start does to the rate before."""
    led, n = int(usable["trigger"].sum()), len(usable)
    detail = (
        f"{led} of {n} starters had an attack in the {TRIGGER_DAYS} days up to the start. Patients start after "
        f"attacks, so the rate in the {months:g} months before is inflated and the ratio would fall without any "
        "effect; the ratios over 6, 12 and 24 months, and those without that attack, show how far"
    )
    return [("rate before not chosen by the start", "not met", detail)]


def _ratio(usable: pd.DataFrame, conf_level: float, *, role: str, term: str) -> dict[str, Any]:
    columns = ("events_before", "years_before", "events_after", "years_after")
    ratio = paired_rate_ratio(*(usable[name].to_numpy(float) for name in columns), conf_level=conf_level)
    return estimate_row(ratio, role=role, term=term, **CONTRAST, **LABELS) | {"n": len(usable)}


def _marginal(usable: pd.DataFrame, conf_level: float) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the ratio of the negative binomial model with both periods of a patient in one cluster."""
    n = len(usable)
    events = np.concatenate([usable["events_before"], usable["events_after"]])
    years = np.concatenate([usable["years_before"], usable["years_after"]])
    design = pd.DataFrame({"after": np.repeat([0.0, 1.0], n)})
    try:
        ratio = clustered_rate_ratios(events, years, design, np.tile(np.arange(n), 2), conf_level=conf_level)["after"]
    except ValueError as problem:
        return [], [("negative binomial model", "not assessable", str(problem))]
    row = estimate_row(ratio, role="secondary", term="negative binomial model", **CONTRAST, **LABELS)
    return [row | {"n": n}], []


def _spread(usable: pd.DataFrame) -> list[Check]:
    if len(usable) < 2 or not usable["events_before"].sum():
        return []
    spread = overdispersion(usable["events_before"].to_numpy(float), usable["years_before"].to_numpy(float))
    return [
        (
            "attacks Poisson before start",
            "note",
            f"dispersion {spread:.2f}; above 1 the exact limits of the two rates are too narrow; those of the ratio "
            "allow for it",
        )
    ]
