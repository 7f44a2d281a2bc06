"""Drugs against pain: who takes which class, who hurts in spite of them, and how each class was judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nmosd_cohort.cohort.assessments import index_reasons, index_steps, index_visits, visits
from nmosd_cohort.cohort.drugs import (
    SODIUM_CHANNEL_BLOCKERS,
    SYMPTOMATIC_CLASSES,
    judged_courses,
    pain_kinds_on_record,
    why_drugs_unknown,
    with_drugs,
)
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY
from nmosd_cohort.cohort.selection import eligibility_steps, eligible, select_patients
from nmosd_cohort.cohort.tally import lazy, tally
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.drug_response import contrast_rows, response_rows
from nmosd_cohort.questions.parts import estimate_row, finish, remission_check, small_n_check
from nmosd_cohort.statistics.estimate import check_conf_level, check_option
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

MODERATE_PAIN = 4
USE = (*(f"on_{name}" for name in SYMPTOMATIC_CLASSES), "on_pain_drug", "on_symptomatic_drug", "on_drug_for_pain")
KINDS = {
    "with_pain": ("has_pain", "patients with pain"),
    "neuropathic": ("has_neuropathic_pain", "patients with neuropathic pain"),
    "tonic_spasm": ("has_tonic_spasm", "patients with painful tonic spasms"),
    "": ("", "patients asked about pain"),
}
NONE_ON_RECORD: Check = (
    "no drug known",
    "not met",
    "no open course on record is counted as no drug; what is bought without prescription is often not recorded",
)


@checked
def drug_use_and_response(
    registry: Registry,
    *,
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Share of patients with pain on each class of drugs at one visit, and of those judged the share that responded.

    Parameters
    ----------
    registry
        Checked tables.
    diagnosis, neuropathic_by, min_days_after_attack, conf_level
        As in ``pain_prevalence``.
    seed
        Of permutation limits in small groups.

    Returns
    -------
    Result
        Of use, by ``pain_kind`` (with_pain, neuropathic, tonic_spasm; empty group: all asked), ``proportion`` of
        on_<class> for the five symptomatic classes, ``on_pain_drug`` (any but muscle relaxants, antidepressants
        given for depression left out; primary: with pain), ``on_symptomatic_drug``, ``on_drug_for_pain`` (by
        indication), ``no_symptomatic_drug`` and ``two_or_more_drug_classes``; ``moderate_severe_pain`` (NRS 4 or
        more) and ``pain_free_on_analgesic`` (NRS 0) among those on a pain drug.

        Of response, one patient once a class, by the last judged course: ``proportion`` of
        ``response_<class>``, good or partial, in all and by the kind of pain ever recorded (primary:
        anticonvulsants in neuropathic pain), and, group ``response``, the share of each answer. In patients with
        tonic spasms ``response_antiepileptic`` by ``antiepileptic``: sodium-channel blockers and others, with
        ``risk_difference`` (Newcombe), ``unadjusted_odds_ratio`` and ``probability_superiority`` of the better
        answer.

    Raises
    ------
    ValueError
        If an option is not one of those listed.
    TypeError
        If ``registry`` is no registry.

    References
    ----------
    Wilson 1927 (doi:10.1080/01621459.1927.10502953); Newcombe 1998; Brunner and Munzel 2000
    (doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.drug_use_and_response(nc.simulate(n=300, seed=1))
    >>> answer.estimates.query("role == 'primary'")["outcome"].tolist()
    ['on_pain_drug', 'response_anticonvulsant']
    """
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    conf_level = check_conf_level(conf_level)
    frame = visits(registry, diagnosis=diagnosis, neuropathic_by=neuropathic_by)
    index = index_visits(frame, needs=["has_pain"], min_days_after_attack=min_days_after_attack)
    states = [state for state, _ in KINDS.values() if state]
    cells = tally(with_drugs(registry, index), [*states, "pain_nrs", *USE, "drug_class_count"])
    patients = eligible(select_patients(registry, diagnosis=diagnosis))
    courses = judged_courses(registry, patients).merge(
        pain_kinds_on_record(registry, patients, frame), on="patient_id", how="left"
    )
    unknown = why_drugs_unknown(registry)
    rows, checks = ([], [("drugs known", "not assessable", unknown)]) if unknown else _use(cells, conf_level)
    responded, response_checks = response_rows(courses, conf_level)
    contrasted, contrast_checks = contrast_rows(courses, conf_level, seed)
    reasons = index_reasons(
        registry, frame, needs=["has_pain"], min_days_after_attack=min_days_after_attack, diagnosis=diagnosis
    )
    return finish(
        registry,
        name="drug_use_and_response",
        question="Share of patients with pain on each class of drugs at the last visit in remission with an answer on "
        "pain, and response to the last judged course of each class.",
        rows=[*rows, *responded, *contrasted],
        steps=eligibility_steps(select_patients(registry, diagnosis=diagnosis)) + index_steps(reasons, "pain"),
        checks=[*checks, *_unclassed(registry), *response_checks, *contrast_checks, *remission_check(index)],
        tally=cells,
        definitions={
            "on a class": "a course open on the day; unknown start or stop counts as open",
            "pain drug": "any of the classes but muscle relaxants; no antidepressant whose indication is depression",
            "response": "good or partial, as the clinician judged the last judged course of the class",
            "kind of pain in response rows": "ever recorded, at a visit or as an episode",
            "sodium_channel_blockers": list(SODIUM_CHANNEL_BLOCKERS),
            "moderate_pain": MODERATE_PAIN,
            "diagnosis": diagnosis,
            "neuropathic_by": neuropathic_by,
            "min_days_after_attack": min_days_after_attack,
            "conf_level": conf_level,
            "time_frame": "current",
        },
    )


def _use(cells: pd.DataFrame, conf_level: float) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the rows of use for each kind of pain, and checks."""
    if not int(cells["n"].sum()):
        detail = "no visit with assessments.has_pain or pain_nrs"
        return [], [("drugs with pain", "not assessable", detail)]
    rows: list[dict[str, Any]] = []
    for level, (state, whom) in KINDS.items():
        part = cells[cells[state].fillna(False).astype(bool)] if state else cells
        labels = {"group": "pain_kind" if level else "", "level": level, "denominator": f"{whom} at the visit"}
        for outcome in USE:
            primary = outcome == "on_pain_drug" and level == "with_pain"
            rows += _share(part, part[outcome] == 1, conf_level, outcome=outcome, role=_role(primary), **labels)
        rows += _share(part, part["on_symptomatic_drug"] == 0, conf_level, outcome="no_symptomatic_drug", **labels)
        several = part["drug_class_count"] >= 2
        rows += _share(part, several, conf_level, outcome="two_or_more_drug_classes", **labels)
        rows += _in_spite(part, whom, conf_level, labels)
    with_pain = cells[cells["has_pain"].fillna(False).astype(bool)]
    return rows, [NONE_ON_RECORD, *small_n_check(int(with_pain["n"].sum()))]


def _unclassed(registry: Registry) -> list[Check]:
    classes = tally(lazy(registry.tables["treatments"]), ["drug_class"])
    unclassed = int(classes.loc[classes["drug_class"].isna(), "n"].sum())
    if not unclassed:
        return []
    detail = f"{unclassed} of {int(classes['n'].sum())} courses have no treatments.drug_class and count in no class"
    return [("class of each drug known", "not met", detail)]


def _role(is_primary: bool) -> str:
    return "primary" if is_primary else "secondary"


def _in_spite(part: pd.DataFrame, whom: str, conf_level: float, labels: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the shares with moderate or severe pain, and without any, of those on a drug with a score."""
    rows = []
    scored = part[part["pain_nrs"].notna()]
    for flag, words in (("on_pain_drug", "a pain drug"), ("on_symptomatic_drug", "any symptomatic drug")):
        treated = scored[scored[flag] == 1]
        split = labels | {"term": flag, "denominator": f"{whom} at the visit, on {words}, with an NRS"}
        events = {"moderate_severe_pain": treated["pain_nrs"] >= MODERATE_PAIN}
        if not labels["level"]:
            events["pain_free_on_analgesic"] = treated["pain_nrs"] == 0
        for outcome, event in events.items():
            rows += _share(treated, event.astype(bool), conf_level, outcome=outcome, **split)
    return rows


def _share(cells: pd.DataFrame, event: pd.Series[bool], conf_level: float, **labels: Any) -> list[dict[str, Any]]:
    n = int(cells["n"].sum())
    if not n:
        return []
    share = proportion(int(cells.loc[event, "n"].sum()), n, conf_level=conf_level)
    return [estimate_row(share, **({"measure": "proportion", "unit": "share", "role": "secondary"} | labels))]
