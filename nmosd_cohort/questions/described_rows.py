"""Rows of shares of patients whose pain has a type, site or quality, from what their episodes tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.cohort.open_pain import NO_TYPE, described_steps
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.questions.parts import estimate_row
from nmosd_cohort.statistics.shares.assessment_bounds import worst_case_limits
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check

# What an episode tells -> how outcomes of it are called: pain_type_eye, pain_site_leg, pain_quality_itch.
PREFIXES = {"pain_type": "pain_type", "pain_sites": "pain_site", "pain_qualities": "pain_quality"}
WORDS = {"pain_type": "type of pain", "pain_sites": "site of pain", "pain_qualities": "quality of pain"}
WHO = {
    "assessed": "patients who were asked",
    "with_pain": "patients with pain",
    "with_myelitis": "patients with past myelitis who were asked",
}
FEWEST_PER_TYPE = 5


def codes_of(name: str) -> list[str]:
    """Return the codes that an episode may have, in the order of the codebook, without "type not recorded".

    Examples
    --------
    >>> codes_of("pain_sites")[:2]
    ['head', 'eye']
    """
    codes = read_codebook()["pain"].variables[name].codes
    return [code.code for code in codes if code.code != NO_TYPE]


def chosen_patients(patients: pd.DataFrame, denominator: str) -> pd.DataFrame:
    """Return the patients that the denominator is about, known or not."""
    keep = {
        "with_pain": patients["has_pain"],
        "with_myelitis": patients["had_myelitis"],
    }.get(denominator)
    return patients if keep is None else patients[keep.fillna(False).astype(bool)]


def has_code(values: pd.Series[str], code: str) -> pd.Series[bool]:
    """Return whether a code is among those that each text joins by semicolons.

    Examples
    --------
    >>> has_code(pd.Series(["arm;leg", "", "leg"]), "leg").tolist()
    [True, False, True]
    """
    return (";" + values.fillna("").astype(str) + ";").str.contains(f";{code};", regex=False)


def share_rows(
    patients: pd.DataFrame, name: str, *, denominator: str, role: str, conf_level: float
) -> list[dict[str, Any]]:
    """Return the share of patients with each type, site or quality that anybody has, and the bounds of each.

    Parameters
    ----------
    patients
        From ``chosen_patients``.
    name
        pain_type, pain_sites or pain_qualities.
    denominator
        One of ``WHO``, for the words.
    role
        Of the shares; bounds are sensitivity rows.
    conf_level
        Coverage of the limits.
    """
    asked = patients[patients["has_pain"].notna()]
    known = asked[asked[f"{name}_known"].eq(True).fillna(False)]
    words = f"{WHO[denominator]} and whose {WORDS[name]} is known"
    rows: list[dict[str, Any]] = []
    for code in codes_of(name) if len(known) else ():
        events, named = int(has_code(known[name], code).sum()), has_code(asked[name], code)
        labels: dict[str, Any] = {"outcome": f"{PREFIXES[name]}_{code}", "unit": "share"}
        share = proportion(events, len(known), conf_level=conf_level)
        rows.append(estimate_row(share, role=role, measure="proportion", denominator=words, **labels))
        is_told = int((named | asked[f"{name}_known"].fillna(False).astype(bool)).sum())
        if is_told < len(asked):
            rows.append(_bounds(int(named.sum()), is_told, len(asked), WHO[denominator], labels))
    return rows


def _bounds(events: int, n_known: int, n: int, who: str, labels: dict[str, Any]) -> dict[str, Any]:
    found = worst_case_limits(events, n_known, n)
    return {
        "role": "sensitivity",
        "measure": "bounds_if_not_described",
        "denominator": f"{who}, described or not",
        "n": n,
        "events": events,
        "conf_low": found.low,
        "conf_high": found.high,
        "method": "worst-case bounds (Horowitz and Manski): none, or all, whose pain is not described have it",
        **labels,
    }


def by_type_rows(episodes: pd.DataFrame, name: str, *, conf_level: float) -> list[dict[str, Any]]:
    """Return the share with each site or quality among patients with a type of pain, from episodes of that type.

    A site or quality that no patient with the type has gets no row; nor does a type with fewer than five patients.
    """
    rows: list[dict[str, Any]] = []
    for kind in codes_of("pain_type"):
        of_type = episodes[episodes["pain_type"].eq(kind).fillna(False)]
        blank = of_type[name].fillna("").str.strip(" ;").eq("")
        untold = of_type.loc[blank, "patient_id"]
        told = of_type[~of_type["patient_id"].isin(untold)]
        n = int(told["patient_id"].nunique())
        if n < FEWEST_PER_TYPE:
            continue
        for code in codes_of(name):
            events = int(told.loc[has_code(told[name], code), "patient_id"].nunique())
            labels = {
                "role": "description",
                "measure": "proportion",
                "outcome": f"{PREFIXES[name]}_{code}",
                "group": "pain_type",
                "level": kind,
                "denominator": f"patients with this type of pain and whose {WORDS[name]} is known",
                "unit": "share",
            }
            if events:
                rows.append(estimate_row(proportion(events, n, conf_level=conf_level), **labels))
    return rows


def several_row(
    patients: pd.DataFrame, name: str, *, denominator: str, role: str, conf_level: float
) -> list[dict[str, Any]]:
    """Return the share of patients with two or more types or sites, of those in whom they are known, and its bounds."""
    asked = patients[patients["has_pain"].notna()]
    is_known = asked[f"{name}_known"].eq(True).fillna(False)
    if not is_known.any():
        return []
    has_several = asked[name].str.contains(";", regex=False)
    outcome = {"pain_type": "pain_types_two_or_more", "pain_sites": "pain_sites_two_or_more"}[name]
    labels: dict[str, Any] = {"outcome": outcome, "unit": "share"}
    words = f"{WHO[denominator]} and whose {WORDS[name]} is known"
    share = proportion(int((has_several & is_known).sum()), int(is_known.sum()), conf_level=conf_level)
    rows = [estimate_row(share, role=role, measure="proportion", denominator=words, **labels)]
    is_told = int((has_several | is_known).sum())
    if is_told < len(asked):
        rows.append(_bounds(int(has_several.sum()), is_told, len(asked), WHO[denominator], labels))
    return rows


def known_row(patients: pd.DataFrame, name: str, *, conf_level: float) -> list[dict[str, Any]]:
    """Return the share of patients with pain all of whose counted episodes tell the type, site or quality."""
    painful = patients[patients["has_pain"].fillna(False).astype(bool)]
    if painful.empty:
        return []
    share = proportion(int(painful[f"{name}_known"].sum()), len(painful), conf_level=conf_level)
    labels = {"outcome": f"{PREFIXES[name]}_known", "denominator": "patients with pain", "unit": "share"}
    return [estimate_row(share, role="description", measure="proportion", **labels)]


def flow_of(
    registry: Registry, patients: pd.DataFrame, name: str, *, diagnosis: str, denominator: str
) -> list[tuple[str, int, int, str]]:
    """Return the flow from all patients of the registry to those whose pain is described."""
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    left = steps[-1][1]
    if len(patients) < left:
        reason = {"with_pain": "no pain, or pain not known"}.get(denominator, "no myelitis, or not known")
        steps.append((WHO[denominator].split(" who ")[0], len(patients), left - len(patients), reason))
    return steps + described_steps(patients, name, len(patients))


def too_few_checks(episodes: pd.DataFrame) -> list[Check]:
    """Name the types of pain that fewer than five patients have, which are not split by site or quality."""
    patients = episodes.groupby("pain_type")["patient_id"].nunique()
    few = [f"{kind} ({n})" for kind, n in patients.items() if n < FEWEST_PER_TYPE]
    detail = f"fewer than {FEWEST_PER_TYPE} patients, not split: {', '.join(few)}"
    return [("types of pain split by site or quality", "note", detail)] if few else []


def description_checks(patients: pd.DataFrame, names: Sequence[str]) -> list[Check]:
    """Return what is not known of patients with pain, what contradicts, and what the registry does not hold at all."""
    painful = patients[patients["has_pain"].fillna(False).astype(bool)]
    n, without = len(painful), int((~painful["has_episode"]).sum())
    checks: list[Check] = []
    if n == 0:
        return [("estimable", "not assessable", "no eligible patient with pain: assessments.has_pain or pain_nrs")]
    detail = f"{without} of {n} patients with pain have no episode on record: unknown, not counted as without"
    checks.append(("every patient with pain has an episode", "met" if without == 0 else "not met", detail))
    for name in names:
        untold = int(n - painful[f"{name}_known"].sum())
        status = "met" if untold == 0 else "not met"
        if untold == n:
            status = "not assessable"
        detail = f"{untold} of {n} patients with pain have an episode without pain.{name}, or no episode"
        checks.append((f"{WORDS[name]} known", status, detail))
    if contradicted := int(patients["is_contradicted"].sum()):
        detail = f"{contradicted} patients say that they have no pain but have an open episode: counted as without pain"
        checks.append(("answers and episodes agree", "not met", detail))
    return checks
