"""Interrupted series: level and slope of a score before and after the start of a treatment, from all visits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.outcomes import ORDINAL, check_score, score_names, score_visits
from nmosd_cohort.cohort.selection import eligibility_steps, eligible, select_patients
from nmosd_cohort.cohort.start_series import patients_with, start_series, wide_series
from nmosd_cohort.cohort.tally import collect
from nmosd_cohort.cohort.treatment import BASELINE_DAYS, DAYS_PER_MONTH, starters, timed_scores
from nmosd_cohort.questions.change_after_start import treatment_words
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import estimate_row, finish, small_n_check
from nmosd_cohort.statistics.estimate import check_option
from nmosd_cohort.statistics.longitudinal.covariance_structures import CovarianceName
from nmosd_cohort.statistics.longitudinal.segmented import segmented_change

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

FEWEST_BEFORE = 3
DENOMINATOR = f"starters with {FEWEST_BEFORE} scores before the lag and one after the start"
NAME = "interrupted series"
MEASURES = {
    "level_change": ("primary", "points"),
    "projected_change": ("secondary", "points"),
    "slope_before": ("secondary", "points per year"),
    "slope_change": ("secondary", "points per year"),
}
NO_COMPARATOR: Check = (
    "comparator",
    "not met",
    "what else happened at the start, and a line that would have bent by itself, look like the treatment",
)


@checked
def interrupted_series(
    registry: Registry,
    *,
    drug: str = "tocilizumab",
    drug_class: str | None = None,
    outcome: str = "pain_nrs",
    months_before: float = 36,
    months_after: float = 24,
    at_months: float = 12,
    lag_days: int = BASELINE_DAYS,
    diagnosis: str = "nmosd",
    conf_level: float = 0.95,
) -> Result:
    """Change of level and of slope of a score at the start of a treatment, from all visits before and after it.

    The visits in the lag up to the start are left out, because the start was chosen by them. A change at the start,
    not an effect: each patient is compared with the line that their own visits before draw.

    Parameters
    ----------
    registry
        Checked tables.
    drug, drug_class
        As in ``change_after_start``.
    outcome
        Any score of the assessments table but EDSS, whose steps are not equal.
    months_before, months_after
        Visits so far from the start are used, in months of 30.44 days.
    at_months
        Time after the start at which the line after is compared with the line before.
    lag_days
        Length of the time up to the start that is left out; 0 leaves nothing out.
    diagnosis, conf_level
        As in ``pain_prevalence``.

    Returns
    -------
    Result
        ``level_change`` (primary), ``projected_change`` at ``at_months``, ``slope_before`` and ``slope_change`` a
        year, by a mixed model with patients as clusters; the same with the correlation of visits decaying, and with
        the lag kept, as sensitivity. The tally has the mean score and its visits by quarter of a year.

    Raises
    ------
    ValueError
        If ``outcome`` is not such a score, or a time is not positive.

    References
    ----------
    Wagner, Soumerai, Zhang and Ross-Degnan 2002 (J Clin Pharm Ther 27:299); Kenward and Roger 1997
    (doi:10.2307/2533558).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.interrupted_series(nc.simulate(n=300, seed=1))
    >>> answer.estimates["measure"].iloc[0]
    'level_change'
    """
    check_score(outcome)
    check_option("outcome", outcome, tuple(name for name in score_names() if name not in ORDINAL))
    _check_times(months_before, months_after, at_months, lag_days)
    treatment = treatment_words(drug, drug_class)
    patients = eligible(select_patients(registry, diagnosis=diagnosis))
    started = starters(registry, patients, drug=drug, drug_class=drug_class)
    timed = timed_scores(score_visits(registry, outcome=outcome, diagnosis=diagnosis), started, outcome=outcome)
    span = {"months_before": months_before, "months_after": months_after}
    visits = start_series(timed, **span, lag_days=lag_days)
    counted = visits[visits["patient_id"].isin(patients_with(visits, fewest_before=FEWEST_BEFORE))]
    rows, checks = _rows(counted, outcome, at_months, conf_level)
    kept_lag = start_series(timed, **span, lag_days=0)
    kept_lag = kept_lag[kept_lag["patient_id"].isin(counted["patient_id"])]
    rows += _sensitivity_rows(counted, kept_lag, outcome, at_months, lag_days, conf_level) if rows else []
    n = counted["patient_id"].nunique()
    return finish(
        registry,
        name="interrupted_series",
        question=f"Change of level and slope of {outcome} at the start of {treatment}, against the line that the "
        f"visits up to {lag_days} days before the start draw; not an effect of the treatment: there is no comparator.",
        rows=rows,
        steps=_steps(registry, collect(started.select("patient_id", "start_day"), ["patient_id"]), visits, counted,
                     treatment, outcome, diagnosis),
        checks=[*checks, NO_COMPARATOR, *small_n_check(n)],
        tally=_quarters(counted),
        definitions={
            "drug": drug,
            "drug_class": drug_class,
            "treatment": treatment,
            "outcome": outcome,
            **span,
            "at_months": at_months,
            "lag_days": lag_days,
            "fewest_before": FEWEST_BEFORE,
            "diagnosis": diagnosis,
            "conf_level": conf_level,
            "denominator": DENOMINATOR,
        },
    )  # fmt: skip


def _check_times(months_before: float, months_after: float, at_months: float, lag_days: int) -> None:
    if not (months_before > 0 and months_after > 0 and at_months > 0):
        given = f"{months_before}, {months_after} and {at_months}"
        raise ValueError(f"months_before, months_after and at_months must be above 0, not {given}")
    if not 0 <= lag_days < months_before * DAYS_PER_MONTH:
        raise ValueError(f"lag_days must be 0 or more and end within months_before, not {lag_days}")


def _rows(
    visits: pd.DataFrame, outcome: str, at_months: float, conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    n = visits["patient_id"].nunique()
    if not n:
        detail = (
            f"no starter has {FEWEST_BEFORE} scores before the lag and one after. It takes treatments.start_date and "
            f"assessments.{outcome} at {FEWEST_BEFORE} visits before"
        )
        return [], [(NAME, "not assessable", detail)]
    try:
        rows, lost = _model_rows(visits, outcome, at_months, conf_level, "compound_symmetry", "")
    except ValueError as problem:
        return [], [
            (NAME, "not assessable", f"{n} starters with {FEWEST_BEFORE} scores before and one after: {problem}")
        ]
    place = visits["place"]
    detail = (
        f"{n} starters, {int((place < 0).sum())} visits before and {int((place > 0).sum())} after; "
        f"{int(visits['is_in_lag'].sum())} in the lag are left out"
        + (f"; {lost} of those before or after are left out, as hardly anyone has so many" if lost else "")
    )
    return rows, [
        (NAME, "note", detail),
        ("straight lines", "note", "assumes one line before and one after; missed visits depend on seen scores only"),
    ]


def _model_rows(
    visits: pd.DataFrame, outcome: str, at_months: float, conf_level: float, covariance: CovarianceName, term: str
) -> tuple[list[dict[str, Any]], int]:
    """Return the four rows of one model, and how many visits it could not use; raise where there is no model."""
    scores, years, lost = wide_series(visits)
    found = segmented_change(scores, years, projected_at=at_months / 12, covariance=covariance, conf_level=conf_level)
    rows = []
    for measure, (role, unit) in MEASURES.items():
        own = {"outcome": outcome, "term": term, "denominator": DENOMINATOR, "unit": unit}
        row = estimate_row(getattr(found, measure), measure=measure, role="sensitivity" if term else role, **own)
        rows.append(row | {"method": f"{row['method']}; {found.n_visits} visits"})
    return rows, lost


def _sensitivity_rows(
    visits: pd.DataFrame, kept_lag: pd.DataFrame, outcome: str, at_months: float, lag_days: int, conf_level: float
) -> list[dict[str, Any]]:
    """Return the change of level with the other covariance, and with the visits of the lag kept."""
    models: list[tuple[pd.DataFrame, CovarianceName, str]] = [(visits, "ar1", "correlation decays from visit to visit")]
    if lag_days:
        models.append((kept_lag, "compound_symmetry", f"the {lag_days} days before the start kept"))
    rows = []
    for part, covariance, term in models:
        try:
            found, _ = _model_rows(part, outcome, at_months, conf_level, covariance, term)
        except ValueError:
            continue
        rows += [row for row in found if row["measure"] == "level_change"]
    return rows


def _steps(
    registry: Registry,
    starts: pd.DataFrame,
    visits: pd.DataFrame,
    counted: pd.DataFrame,
    treatment: str,
    outcome: str,
    diagnosis: str,
) -> list[tuple[str, int, int, str]]:
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    dated = int(starts["start_day"].notna().sum())
    scored, left = visits["patient_id"].nunique(), counted["patient_id"].nunique()
    enough = len(patients_before(visits))
    return [
        *steps,
        (f"ever had {treatment}", len(starts), steps[-1][1] - len(starts), f"never had {treatment}"),
        ("start known", dated, len(starts) - dated, "start of the first course not recorded"),
        (f"any {outcome} around the start", scored, dated - scored, f"{outcome} not recorded in those months"),
        (f"{FEWEST_BEFORE} scores before", enough, scored - enough, f"fewer than {FEWEST_BEFORE} before the lag"),
        ("a score after", left, enough - left, "none after the start"),
    ]


def patients_before(visits: pd.DataFrame) -> list[str]:
    """Return the patients with enough scores before the start.

    Examples
    --------
    >>> patients_before(pd.DataFrame({"patient_id": ["a"] * 3 + ["b"], "place": [-3, -2, -1, -1]}))
    ['a']
    """
    before = visits[(visits["place"] < 0).fillna(False)].groupby("patient_id").size()
    return [str(name) for name in before[before >= FEWEST_BEFORE].index]


def _quarters(visits: pd.DataFrame) -> pd.DataFrame:
    """Return mean score and visits by quarter of a year from the start; those in the lag apart."""
    quarter = np.ceil(visits["days_since_start"].to_numpy(dtype=float) / (3 * DAYS_PER_MONTH)) * 3 - 1.5
    named = visits.assign(months=quarter, period=visits["is_in_lag"].map({True: "lag", False: ""}))
    named["period"] = named["period"].mask(
        named["period"] == "", (named["days_since_start"] > 0).map({True: "after", False: "before"})
    )
    grouped = named.groupby(["period", "months"])["score"]
    return pd.DataFrame({"mean": grouped.mean().astype(float), "n": grouped.size()}).reset_index()
