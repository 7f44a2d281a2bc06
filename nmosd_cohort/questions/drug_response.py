"""Response to the last judged course of each class, and sodium-channel blockers against other antiepileptics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nmosd_cohort.cohort.drugs import SYMPTOMATIC_CLASSES
from nmosd_cohort.questions.parts import FEW_FOR_A_PERCENTAGE, estimate_row
from nmosd_cohort.statistics.ranks.superiority import probability_superiority
from nmosd_cohort.statistics.shares.proportions import proportion, proportion_difference
from nmosd_cohort.statistics.shares.ratios import odds_ratio

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.questions.parts import Check

ANSWERS = ("good", "partial", "none")  # best first
RANK = {"good": 2, "partial": 1, "none": 0}
KINDS = {
    "": "patients",
    "with_pain": "patients with pain ever recorded",
    "neuropathic": "patients with neuropathic pain ever recorded",
    "tonic_spasm": "patients with painful tonic spasms ever recorded",
}
ARMS = ("sodium_channel_blocker", "other_antiepileptic")
NOT_ALLOCATED: Check = (
    "drugs allocated by chance",
    "not met",
    "who got a sodium-channel blocker was decided by the complaint, its severity and what had failed before; the "
    "difference is not an effect, and nothing is adjusted for",
)
JUDGED_ONLY: Check = (
    "response judged",
    "not met",
    "patients without a judged course are not counted; drugs that were stopped early or work well may be judged more "
    "often, and there is no comparison with no drug",
)


def response_rows(courses: pd.DataFrame, conf_level: float) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the share that responded to each class, in all and by kind of pain, and the share of each answer.

    Parameters
    ----------
    courses
        From ``judged_courses``, with the kinds of pain on record.
    conf_level
        Coverage of the limits.

    Examples
    --------
    >>> import pandas as pd
    >>> kinds = {"with_pain": [True], "neuropathic": [True], "tonic_spasm": [False]}
    >>> course = {"patient_id": ["1"], "drug_class": ["opioid"], "response": ["partial"]}
    >>> rows, checks = response_rows(pd.DataFrame(course | kinds), 0.95)
    >>> rows[0]["outcome"], rows[0]["events"], rows[0]["n"]
    ('response_opioid', 1, 1)
    """
    if courses.empty:
        detail = "no course has treatments.response with a symptomatic drug_class"
        return [], [("response to drugs", "not assessable", detail)]
    last = courses.drop_duplicates(["patient_id", "drug_class"], keep="last")
    rows: list[dict[str, Any]] = []
    for name in SYMPTOMATIC_CLASSES:
        for kind, whom in KINDS.items():
            part = last[(last["drug_class"] == name) & (last[kind] if kind else True)]
            is_primary = name == "anticonvulsant" and kind == "neuropathic"
            rows += _class_rows(part, name, kind, f"{whom}, with a judged course of the class", is_primary, conf_level)
    wanted = last[(last["drug_class"] == "anticonvulsant") & last["neuropathic"]]
    checks: list[Check] = [JUDGED_ONLY]
    if wanted.empty:
        detail = "no judged course of an anticonvulsant in a patient with neuropathic pain on record"
        checks.append(("anticonvulsants in neuropathic pain", "not assessable", detail))
    return rows, checks


def _class_rows(
    part: pd.DataFrame, name: str, kind: str, denominator: str, is_primary: bool, conf_level: float
) -> list[dict[str, Any]]:
    """Return the response rate and, of patients of all kinds, the share of each answer."""
    n = len(part)
    if not n:
        return []
    labels = {"outcome": f"response_{name}", "measure": "proportion", "denominator": denominator, "unit": "share"}
    group = {"group": "pain_kind" if kind else "", "level": kind}
    rate = proportion(int((part["response"] != "none").sum()), n, conf_level=conf_level)
    rows = [estimate_row(rate, role="primary" if is_primary else "secondary", **labels, **group)]
    if not kind:
        for answer in ANSWERS:
            share = proportion(int((part["response"] == answer).sum()), n, conf_level=conf_level)
            rows.append(estimate_row(share, role="description", group="response", level=answer, **labels))
    return rows


def contrast_rows(courses: pd.DataFrame, conf_level: float, seed: int) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return response to sodium-channel blockers and to other antiepileptics in patients with tonic spasms.

    A patient counts once, in the arm of the last judged antiepileptic.

    Examples
    --------
    >>> import pandas as pd
    >>> columns = ["patient_id", "drug_class", "response", "is_sodium_channel_blocker", "tonic_spasm"]
    >>> rows, checks = contrast_rows(pd.DataFrame(columns=columns), 0.95, 0)
    >>> rows, checks[0][1]
    ([], 'not assessable')
    """
    name = "sodium-channel blockers in tonic spasms"
    is_antiepileptic = courses["drug_class"].eq("anticonvulsant").fillna(False).astype(bool)
    is_antiepileptic |= courses["is_sodium_channel_blocker"].eq(True)
    chosen = courses[is_antiepileptic & courses["tonic_spasm"].eq(True)]
    last = chosen.drop_duplicates("patient_id", keep="last")
    is_blocker = last["is_sodium_channel_blocker"].eq(True)
    arms = [last[is_blocker], last[~is_blocker]]
    whom = f"{KINDS['tonic_spasm']}, with a judged antiepileptic"
    labels = {"outcome": "response_antiepileptic", "group": "antiepileptic", "denominator": whom, "role": "secondary"}
    counts: list[int] = []
    rows = []
    for level, part in zip(ARMS, arms, strict=True):
        counts += [int((part["response"] != "none").sum()), len(part)]
        if len(part):
            share = proportion(*counts[-2:], conf_level=conf_level)
            rows.append(estimate_row(share, measure="proportion", level=level, unit="share", **labels))
    if not (counts[1] and counts[3]):
        detail = (
            f"{counts[1]} patients with tonic spasms on record have a judged sodium-channel blocker "
            f"and {counts[3]} another judged antiepileptic (treatments.drug, response); one of each is needed"
        )
        return rows, [(name, "not assessable", detail)]
    split = labels | {"level": ARMS[0], "reference": ARMS[1]}
    difference = proportion_difference(*counts, conf_level=conf_level)
    ratio = odds_ratio(*counts, conf_level=conf_level)
    ranks = [part["response"].map(RANK).to_numpy(dtype=np.float64) for part in arms]
    better = probability_superiority(ranks[0], None, ranks[1], None, conf_level=conf_level, seed=seed)
    rows.append(estimate_row(difference, measure="risk_difference", unit="share", **split))
    rows.append(estimate_row(ratio, measure="unadjusted_odds_ratio", unit="ratio", **split))
    rows.append(
        estimate_row(better, measure="probability_superiority", unit="share", **(split | {"role": "sensitivity"}))
    )
    return rows, [NOT_ALLOCATED, *_both_arms(chosen), *_few(counts)]


def _both_arms(chosen: pd.DataFrame) -> list[Check]:
    both = int((chosen.groupby("patient_id")["is_sodium_channel_blocker"].nunique() > 1).sum())
    detail = f"{both} patients were judged on drugs of both arms and count in that of the last"
    return [("each patient in one arm", "met" if not both else "note", detail)]


def _few(counts: list[int]) -> list[Check]:
    fewest = min(counts[1], counts[3])
    if fewest >= FEW_FOR_A_PERCENTAGE:
        return []
    detail = f"{fewest} in the smaller arm: read the counts and the interval"
    return [("enough patients in both arms", "not met", detail)]
