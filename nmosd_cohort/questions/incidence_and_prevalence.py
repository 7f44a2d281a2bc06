"""Incidence and prevalence of the disease in the population behind the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from nmosd_cohort.codebook.catchment import ALL_AGES, read_population
from nmosd_cohort.cohort.catchment import age_groups, case_rows, day_number
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import estimate_row, finish, transform
from nmosd_cohort.statistics.estimate import check_conf_level, check_option
from nmosd_cohort.statistics.regression.rates import poisson_rate
from nmosd_cohort.statistics.shares.standardisation import standardised_rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result
    from nmosd_cohort.statistics.estimate import Estimate

    Population = Mapping[int, Mapping[str, float]]

CaseDate = Literal["diagnosis_date", "onset_date"]
PER = 100_000
FEWEST_YEARS = 3
PERSON_YEARS = {"measure": "rate_per_100000", "unit": "per 100,000 person-years", "outcome": "incidence"}
PERSONS = {"measure": "prevalence_per_100000", "unit": "per 100,000 persons", "outcome": "prevalence"}
NO_POPULATION: Check = (
    "population known",
    "not assessable",
    "a clinic registry has no population behind it: give the persons of the area whose patients all come to the "
    "registry, by calendar year, as population or in [catchment] of registry.toml",
)
ALL_CASES: Check = (
    "all cases of the area found",
    "not met",
    "only patients of the registry are counted; those whom it never saw, and patients from outside the area, bias "
    "both numbers and no interval shows it",
)


@checked
def incidence_and_prevalence(
    registry: Registry,
    *,
    population: Mapping[int, Any] | None = None,
    case_date: CaseDate = "diagnosis_date",
    standard: Mapping[str, float] | None = None,
    diagnosis: str = "nmosd",
    conf_level: float = 0.95,
) -> Result:
    """Incidence per 100,000 person-years of the population, and prevalence per 100,000 persons.

    Parameters
    ----------
    registry
        Checked tables.
    population
        Calendar year to persons of the area, or to a mapping of age group (18-64, 65+) to persons. None takes
        ``[catchment]`` of registry.toml.
    case_date
        ``diagnosis_date`` or ``onset_date``: the day that makes a new case.
    standard
        Weights of a standard population for the same age groups, on any scale; adds age-standardised incidence.
    diagnosis, conf_level
        As in ``pain_prevalence``.

    Returns
    -------
    Result
        ``rate_per_100000`` over all years (primary), for each year, and for each age group; with ``standard`` also
        ``age_standardised_rate_per_100000``. ``prevalence_per_100000`` on 1 July of each year, the last primary, and as
        sensitivity those of them last seen on that day or after. n and events are cases. A year that the data cut
        leaves incomplete is left out. Without a population: no row and the reason.

    Raises
    ------
    ValueError
        If population, standard or an option is wrong.
    TypeError
        If ``registry`` is no registry.

    References
    ----------
    Garwood 1936 (doi:10.1093/biomet/28.3-4.437); Fay and Feuer 1997
    (doi:10.1002/(SICI)1097-0258(19970415)16:7<791::AID-SIM500>3.0.CO;2-#).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> registry = nc.simulate(n=300, seed=1)
    >>> answer = nc.incidence_and_prevalence(registry, population={2022: 5_000_000}, case_date="onset_date")
    >>> answer.estimates.query("role == 'primary'")["outcome"].tolist()
    ['incidence', 'prevalence']
    >>> nc.incidence_and_prevalence(registry).checks["status"].tolist()
    ['not assessable']
    """
    check_option("case_date", case_date, get_args(CaseDate))
    conf_level = check_conf_level(conf_level)
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    catchment = registry.provenance.get("catchment") or {}
    given = population if population is not None else catchment.get("population")
    rows: list[dict[str, Any]] = []
    checks: list[Check] = [NO_POPULATION]
    shown = pd.DataFrame()
    persons: Population = {}
    if given is not None:
        persons, checks = _complete_years(read_population(given), registry)
        _check_standard(standard, persons)
        cases = case_rows(registry, case_date=case_date, diagnosis=diagnosis)
        rows, new_checks, shown = _rows(cases, persons, standard, case_date, conf_level)
        checks += [*new_checks, *_late_years(rows)]
        steps += _steps(cases, persons, case_date, steps[-1][1])
    return finish(
        registry,
        name="incidence_and_prevalence",
        question="New cases of the disease per 100,000 person-years of the population behind the registry, and "
        "patients alive per 100,000 persons on 1 July.",
        rows=rows,
        steps=steps,
        checks=checks,
        tally=shown,
        definitions={
            "case_date": case_date,
            "population": {str(year): dict(groups) for year, groups in persons.items()},
            "standard": dict(standard) if standard else None,
            "prevalence day": "1 July",
            "diagnosis": diagnosis,
            "conf_level": conf_level,
        },
    )


def _complete_years(persons: Population, registry: Registry) -> tuple[Population, list[Check]]:
    """Return the years that end by the data cut, and a check for the others."""
    cut = str(registry.provenance.get("data_cut") or "9999-12-31")
    kept = {year: groups for year, groups in persons.items() if f"{year}-12-31" <= cut}
    late = [str(year) for year in persons if year not in kept]
    if not late:
        return kept, []
    status = "not met" if kept else "not assessable"
    return kept, [("complete years", status, f"{', '.join(late)} not over at the data cut {cut}: left out")]


def _check_standard(standard: Mapping[str, float] | None, persons: Population) -> None:
    labels = set(next(iter(persons.values()), {}))
    if standard is not None and persons and set(standard) != labels:
        raise ValueError(f"standard must have the age groups of population: {', '.join(sorted(labels))}")


def _late_years(rows: list[dict[str, Any]]) -> list[Check]:
    """Return a check where the last year has fewer than half the new cases of a year before it."""
    by_year = [row for row in rows if row["measure"] == PERSON_YEARS["measure"] and row.get("term") == "calendar_year"]
    cases = [int(row["events"]) for row in sorted(by_year, key=lambda row: str(row["level"]))]
    if len(cases) < FEWEST_YEARS or cases[-1] >= np.mean(cases[:-1]) / 2:
        return []
    detail = (
        f"{cases[-1]} new cases in the last year against {np.mean(cases[:-1]):.3g} a year before: they may not be "
        "entered yet; end the population a year or two earlier to see"
    )
    return [("last year complete", "not met", detail)]


def _rows(
    cases: pd.DataFrame, persons: Population, standard: Mapping[str, float] | None, case_date: str, conf_level: float
) -> tuple[list[dict[str, Any]], list[Check], pd.DataFrame]:
    if not persons or not int(cases["case_day"].notna().sum()):
        reason = f"no eligible patient has patients.{case_date}" if persons else "no complete year of the population"
        return [], [("incidence", "not assessable", reason)], pd.DataFrame()
    labels = list(next(iter(persons.values())))
    found = cases[cases["year"].isin(list(persons))]
    found = found.assign(age_group=age_groups(found["age_years_at_case"], labels))
    if labels == [ALL_AGES]:
        found["age_group"] = ALL_AGES
    rows = _incidence(found, persons, labels, conf_level)
    checks = [ALL_CASES, *_unknown(cases, found, case_date)]
    if standard is not None:
        rows.append(_standardised(found, persons, standard, conf_level))
    elif len(labels) > 1:
        checks.append(("age-standardised", "note", "not standardised: give standard, weights for the age groups"))
    rows += _prevalence(cases, persons, conf_level)
    counted = found.groupby(["year", "age_group"], dropna=False).size().rename("n").reset_index()
    return rows, checks, counted


def _incidence(found: pd.DataFrame, persons: Population, labels: list[str], conf_level: float) -> list[dict[str, Any]]:
    """Return the rate over all years, in each year and in each age group."""
    total = sum(sum(groups.values()) for groups in persons.values())
    whom = "inhabitants of the area, person-years"
    rows = [_per_100000(_rate(len(found), total, conf_level), role="primary", denominator=whom, **PERSON_YEARS)]
    for year, groups in persons.items():
        rate = _rate(int((found["year"] == year).sum()), sum(groups.values()), conf_level)
        split = {"group": "calendar_year", "level": str(year), "denominator": whom, "role": "description"}
        rows.append(_per_100000(rate, **split, **PERSON_YEARS))
    for label in labels if len(labels) > 1 else []:
        years = sum(groups[label] for groups in persons.values())
        rate = _rate(int((found["age_group"] == label).fillna(False).sum()), years, conf_level)
        split = {"group": "age_group", "level": label, "denominator": f"{whom}, of that age", "role": "secondary"}
        rows.append(_per_100000(rate, **split, **PERSON_YEARS))
    return rows


def _rate(events: int, size: float, conf_level: float) -> Estimate:
    return poisson_rate(events, size, n=events, conf_level=conf_level)


def _per_100000(rate: Estimate, **labels: Any) -> dict[str, Any]:
    return estimate_row(transform(rate, PER), **labels)


def _standardised(
    found: pd.DataFrame, persons: Population, standard: Mapping[str, float], conf_level: float
) -> dict[str, Any]:
    labels = list(standard)
    events = [int((found["age_group"] == label).fillna(False).sum()) for label in labels]
    years = [sum(groups[label] for groups in persons.values()) for label in labels]
    weights = list(standard.values())
    rate = standardised_rate(events, years, weights, strata=labels, n=sum(events), conf_level=conf_level)
    named = PERSON_YEARS | {"measure": "age_standardised_rate_per_100000", "role": "secondary"}
    return _per_100000(rate, denominator="inhabitants, weighted to the standard population", **named)


def _prevalence(cases: pd.DataFrame, persons: Population, conf_level: float) -> list[dict[str, Any]]:
    """Return patients alive on 1 July of each year, and of the last year those known to be under observation."""
    rows = []
    last = max(persons)
    for year, groups in persons.items():
        today = day_number(year, 7, 1)
        is_known = (cases["case_day"] <= today).fillna(False).astype(bool)
        is_alive = ~(cases["death_day"] <= today).fillna(False).astype(bool)
        here = is_known & is_alive
        split = {"group": "calendar_year", "level": str(year), "denominator": "inhabitants of the area on 1 July"}
        rate = _rate(int(here.sum()), sum(groups.values()), conf_level)
        role = "primary" if year == last else "description"
        rows.append(_per_100000(rate, role=role, **split, **PERSONS))
        if year == last:
            is_seen = (cases["last_contact_day"] >= today).fillna(False).astype(bool)
            rate = _rate(int((here & is_seen).sum()), sum(groups.values()), conf_level)
            term = {"role": "sensitivity", "term": "last seen on that day or after"}
            rows.append(_per_100000(rate, **term, **split, **PERSONS))
    return rows


def _unknown(cases: pd.DataFrame, found: pd.DataFrame, case_date: str) -> list[Check]:
    """Return checks for cases without a date and for cases that no age group holds."""
    undated, ageless = int(cases["case_day"].isna().sum()), int(found["age_group"].isna().sum())
    checks: list[Check] = []
    if undated:
        detail = f"{undated} of {len(cases)} patients have no {case_date} and are in no number: both are too low"
        checks.append(("date of every case known", "not met", detail))
    if ageless:
        detail = f"{ageless} of {len(found)} cases have no known age, or one outside the groups: only in the total"
        checks.append(("age of every case known", "not met", detail))
    return checks


def _steps(
    cases: pd.DataFrame, persons: Population, case_date: str, eligible_count: int
) -> list[tuple[str, int, int, str]]:
    dated = int(cases["case_day"].notna().sum())
    within = int(cases["year"].isin(list(persons)).fillna(False).sum())
    return [
        (f"{case_date} known", dated, eligible_count - dated, f"{case_date} not recorded"),
        ("new case in a year of the population", within, dated - within, "new in another year"),
    ]
