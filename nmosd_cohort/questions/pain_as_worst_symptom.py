"""How many patients name pain the worst of their symptoms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from nmosd_cohort.cohort.assessments import index_reasons, index_steps, index_visits, visits
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY
from nmosd_cohort.cohort.selection import eligibility_steps, eligible, select_patients
from nmosd_cohort.cohort.tally import day, lazy, tally
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import estimate_row, finish, remission_check, small_n_check
from nmosd_cohort.statistics.estimate import Estimate, check_conf_level, check_option
from nmosd_cohort.statistics.shares.assessment_bounds import worst_case_limits
from nmosd_cohort.statistics.shares.proportions import proportion, proportion_difference

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

OUTCOME = "pain_worst_symptom"
ASKED = "patients who were asked which symptom is worst"
WITH_PAIN = "patients with pain who were asked which symptom is worst"
NRS_CLASSES = {"NRS 1 to 3": (1, 3), "NRS 4 to 6": (4, 6), "NRS 7 to 10": (7, 10)}
PAIN_FREE_COUNT = "without pain counts as no, asked or not"


@checked
def pain_as_worst_symptom(
    registry: Registry,
    *,
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
) -> Result:
    """Share of patients asked who name pain the worst of their symptoms, at the last such visit in remission.

    Parameters
    ----------
    registry
        Checked tables.
    diagnosis
        Code of patients.diagnosis.
    neuropathic_by
        ``recorded``, ``dn4`` or ``paindetect``, for the split by kind of pain.
    min_days_after_attack
        A visit nearer to the last attack is not used.
    conf_level
        Coverage of the Wilson and Newcombe limits.

    Returns
    -------
    Result
        Rows ``proportion``: all asked (primary); those with pain, by NRS and by kind of pain (secondary); with
        patients without pain counted as no even where nobody asked (sensitivity). ``risk_difference``: neuropathic
        against other pain. ``bounds_if_never_asked`` and ``limits_if_never_asked``: what the rest could change.

    Raises
    ------
    ValueError
        If an option is not one of those listed.
    TypeError
        If ``registry`` is no registry.

    References
    ----------
    Wilson 1927 (doi:10.1080/01621459.1927.10502953); Newcombe 1998
    (doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I); Imbens and Manski 2004
    (doi:10.1111/j.1468-0262.2004.00555.x).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.pain_as_worst_symptom(nc.simulate(n=200, seed=1))
    >>> bool(0.1 < answer.estimates["estimate"].iloc[0] < 0.4)
    True
    """
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    check_conf_level(conf_level)
    frame = _with_answer(registry, visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by))
    index = index_visits(frame, needs=["is_worst"], min_days_after_attack=min_days_after_attack)
    cells = tally(index, ["is_worst", "has_pain", "pain_group", "pain_nrs"])
    reasons = index_reasons(registry, frame, needs=["is_worst"], min_days_after_attack=min_days_after_attack,
                            diagnosis=diagnosis)  # fmt: skip
    everybody = eligible(select_patients(registry, diagnosis=diagnosis))
    rows: list[dict[str, Any]] = []
    if len(cells):
        n_all = int(tally(everybody, ["is_male"])["n"].sum())
        rows = _rows(cells, conf_level) + _bounds(cells, n_all, conf_level)
        wide = index_visits(frame, needs=["is_worst_or_free"], min_days_after_attack=min_days_after_attack)
        counted = tally(wide.with_columns(is_worst=nw.col("is_worst_or_free")), ["is_worst"])
        words = "patients who were asked, or have no pain"
        rows.append(_row(counted, conf_level, role="sensitivity", term=PAIN_FREE_COUNT, denominator=words))
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    return finish(
        registry,
        name="pain_as_worst_symptom",
        question="Share of patients asked who name pain their worst symptom at the last such visit in remission",
        rows=rows,
        steps=steps + index_steps(reasons, "worst symptom"),
        checks=_checks(cells) + (remission_check(index) if len(cells) else []),
        tally=cells,
        definitions={
            "diagnosis": diagnosis,
            "neuropathic_by": neuropathic_by,
            "min_days_after_attack": min_days_after_attack,
            "time_frame": "current",
            "denominator": "assessed",
            "conf_level": conf_level,
        },
    )


def _with_answer(registry: Registry, frame: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return the visits with is_worst, and is_worst_or_free: the answer, else no where there is no pain."""
    answers = lazy(registry.tables["assessments"]).select(
        "patient_id", is_worst="is_pain_worst_symptom", assessment_day=day("assessment_date")
    )
    joined = frame.join(answers, on=["patient_id", "assessment_day"], how="left")
    is_free = nw.when((~nw.col("has_pain")).fill_null(False)).then(nw.col("has_pain"))
    return joined.with_columns(is_worst_or_free=nw.coalesce(nw.col("is_worst"), is_free))


def _counts(cells: pd.DataFrame) -> tuple[int, int]:
    return int(cells.loc[cells["is_worst"].astype(bool), "n"].sum()), int(cells["n"].sum())


def _share(cells: pd.DataFrame, conf_level: float) -> Estimate:
    return proportion(*_counts(cells), conf_level=conf_level)


def _row(cells: pd.DataFrame, conf_level: float, **labels: Any) -> dict[str, Any]:
    shared = {"outcome": OUTCOME, "measure": "proportion", "unit": "share"}
    return estimate_row(_share(cells, conf_level), **shared | labels)


def _rows(cells: pd.DataFrame, conf_level: float) -> list[dict[str, Any]]:
    """Return the share of all asked, of those with pain, by NRS and by kind of pain."""
    rows = [_row(cells, conf_level, role="primary", denominator=ASKED)]
    painful = cells[cells["has_pain"].fillna(False).astype(bool)]
    parts = [("with_pain", "yes", painful)]
    parts += [
        ("nrs_class", level, painful[painful["pain_nrs"].between(*limits).fillna(False)])
        for level, limits in NRS_CLASSES.items()
    ]
    parts += [
        ("pain_group", level, cells[cells["pain_group"].eq(level).fillna(False)])
        for level in ("neuropathic", "other_pain")
    ]
    rows += [
        _row(part, conf_level, group=group, level=level, role="secondary", denominator=WITH_PAIN)
        for group, level, part in parts
        if len(part)
    ]
    first, second = parts[-2][2], parts[-1][2]
    if len(first) and len(second):
        difference = proportion_difference(*_counts(first), *_counts(second), conf_level=conf_level)
        labels = {"group": "pain_group", "level": "neuropathic", "reference": "other_pain", "denominator": WITH_PAIN}
        shared = {"role": "secondary", "outcome": OUTCOME, "measure": "risk_difference", "unit": "share"}
        rows.append(estimate_row(difference, **shared | labels))
    return rows


def _bounds(cells: pd.DataFrame, n_all: int, conf_level: float) -> list[dict[str, Any]]:
    events, n = _counts(cells)
    found = worst_case_limits(events, n, n_all, conf_level=conf_level)
    shared = {
        "role": "sensitivity",
        "outcome": OUTCOME,
        "denominator": f"{ASKED}; and those without an answer",
        "n": n_all,
        "events": events,
        "unit": "share",
    }
    bounds = {"conf_low": found.low, "conf_high": found.high, "method": "worst-case bounds (Horowitz and Manski)"}
    limits = {"conf_low": found.conf_low, "conf_high": found.conf_high, "method": found.method}
    return [
        shared | bounds | {"measure": "bounds_if_never_asked"},
        shared | limits | {"measure": "limits_if_never_asked", "conf_level": conf_level},
    ]


def _checks(cells: pd.DataFrame) -> list[Check]:
    n = int(cells["n"].sum())
    if n == 0:
        detail = "no eligible patient has assessments.is_pain_worst_symptom recorded in remission"
        return [("estimable", "not assessable", detail)]
    odd = cells[cells["is_worst"].astype(bool) & cells["has_pain"].eq(False).fillna(False)]
    contradicted = int(odd["n"].sum())
    detail = f"{contradicted} of {n} patients name pain the worst symptom and say that they have none: counted as named"
    unknown = int(cells.loc[cells["has_pain"].isna(), "n"].sum())
    told = f"{unknown} of {n} patients have no answer on pain at that visit: not among those with pain"
    return [
        ("answers agree", "met" if contradicted == 0 else "not met", detail),
        ("pain known at that visit", "met" if unknown == 0 else "not met", told),
        *small_n_check(n),
    ]
