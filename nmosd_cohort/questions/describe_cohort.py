"""Table 1: who the patients are, overall and by group, with the patients known on each line and no test."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from nmosd_cohort.cohort.description import CHARACTERISTICS, described_diagnoses, described_patients
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import estimate_row, finish, small_n_check
from nmosd_cohort.statistics.balance.standardised import (
    standardised_category_difference,
    standardised_score_difference,
    standardised_share_difference,
)
from nmosd_cohort.statistics.estimate import Estimate, check_option, whole_number
from nmosd_cohort.statistics.means.mean import mean
from nmosd_cohort.statistics.means.standardised_difference import hedges_g
from nmosd_cohort.statistics.ranks.median_and_shift import median, quantile
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.cohort.description import Characteristic
    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

By = Literal[
    "sex",
    "aqp4_status",
    "mog_status",
    "onset_phenotype",
    "site",
    "had_myelitis",
    "has_pain",
    "pain_group",
    "lesion_level",
    "drug",
    "diagnosis",
]
PRIMARY = {("sex", "proportion", "female"), ("age_years", "median", ""), ("edss", "median", "")}
SHOWN = ("yes", "positive", "female")  # of two categories the one whose share is compared
ALL = ""
FEW = 10  # patients of a group below which its shares and quartiles say little
LARGE = 0.2  # standardised difference from which groups are often called unlike


@checked
def describe_cohort(
    registry: Registry,
    *,
    by: By | None = None,
    reference: str | None = None,
    drug: str | None = None,
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Distribution of each characteristic among the patients in whom it is known, in all and in each group.

    Parameters
    ----------
    registry
        Checked tables.
    by
        Groups that stand side by side: sex, aqp4_status, mog_status, onset_phenotype, site, had_myelitis, has_pain,
        pain_group, lesion_level, drug (any course of ``drug`` on record, or none), or diagnosis (every diagnosis on
        record, "all" being all of them). Patients whose group is not known are in "all" and in no group; the flow
        counts them.
    reference
        Group that the others are set against; by default the largest, of diagnoses ``diagnosis``.
    drug
        Name in treatments.drug, for ``by="drug"``.
    diagnosis, neuropathic_by, min_days_after_attack, conf_level
        As in ``pain_prevalence``.
    seed
        Of the permutations that limits of small groups rest on.

    Returns
    -------
    Result
        For each characteristic and group ``missing_share`` (events: patients without the value, n: all of the
        group); of amounts ``mean``, ``standard_deviation``, ``median``, ``quartile_1`` and ``quartile_3``; of scores
        the last three; of categories ``proportion`` of each (term: the category). Their n are the patients in whom
        the value is known; a missing value is no category. With ``by`` ``standardised_difference`` of each group
        from the reference, without a test: of means (Hedges g), of shares, of categories (Yang and Dalton), of
        scores by their order alone.

    Raises
    ------
    ValueError
        If an option is not one of those listed, ``by`` is ``drug`` without one, or ``reference`` is no group.

    References
    ----------
    Austin 2009 (doi:10.1002/sim.3697); Yang and Dalton 2012; Ruscio 2008 (doi:10.1037/1082-989X.13.1.19); von Elm 2007
    (STROBE item 14, doi:10.1016/S0140-6736(07)61602-X).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.describe_cohort(nc.simulate(n=80, seed=1), by="sex")
    >>> "standardised_difference" in set(answer.estimates["measure"])
    True
    """
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    days = whole_number("min_days_after_attack", min_days_after_attack)
    if by is not None:
        check_option("by", by, get_args(By))
    if by == "drug" and drug is None:
        raise ValueError('by is "drug"; name the drug too, for example drug="tocilizumab"')
    eligible_steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    options: dict[str, Any] = {"neuropathic_by": neuropathic_by, "min_days_after_attack": days}
    if by == "diagnosis":
        patients = described_diagnoses(registry, **options)
        eligible_steps = _steps_of_diagnoses(registry, len(patients))
    else:
        patients = described_patients(registry, diagnosis=diagnosis, drug=drug, **options)
    groups, steps, checks = _groups(patients, by)
    base = _reference(groups, by, reference, diagnosis)
    labels = {"group": by or ""}
    lines = [line for line in CHARACTERISTICS if line.name != by]
    rows = [row for line in lines for row in _described(patients, groups, line, labels, conf_level)]
    if base:
        for line in lines:
            rows += _differences(groups, base, line, labels, conf_level, seed)
    checks += [*_absent(patients), *_unlike(rows, by), *small_n_check(len(patients))]
    return finish(
        registry,
        name="describe_cohort",
        question="Characteristics of the patients"
        + (f" by {by}" if by else "")
        + ", each among those in whom it is known, at the last assessment in remission.",
        rows=rows,
        steps=eligible_steps + steps,
        checks=checks,
        tally=_known(patients, groups),
        definitions={
            "by": by,
            "reference": base or None,
            "drug": drug,
            "diagnosis": diagnosis,
            "neuropathic_by": neuropathic_by,
            "min_days_after_attack": days,
            "conf_level": conf_level,
        },
    )


def _steps_of_diagnoses(registry: Registry, n: int) -> list[tuple[str, int, int, str]]:
    total = int(tally(registry.tables["patients"], ["diagnosis"])["n"].sum())
    reason = "diagnosis not recorded, or NMOSD with MOG-IgG positive and AQP4-IgG negative"
    return [("patients in the registry", total, 0, ""), ("eligible", n, total - n, reason if n < total else "")]


def _groups(
    patients: pd.DataFrame, by: str | None
) -> tuple[dict[str, pd.DataFrame], list[tuple[str, int, int, str]], list[Check]]:
    """Return the patients of each group, the largest group first, and those whose group is not known."""
    n = len(patients)
    unseen = int(patients["assessment_day"].isna().sum())
    checks: list[Check] = []
    if unseen:
        detail = f"{unseen} of {n} patients have no assessment in remission: their scores, age and drugs are missing"
        checks.append(("assessed in remission", "not met", detail))
    if by is None:
        return {}, [("described", n, 0, "")], checks
    unknown = int(patients[by].isna().sum())
    sizes = patients[by].value_counts()
    groups = {str(level): patients[patients[by] == level] for level in sizes.index}
    steps = [(f"{by} known", n - unknown, unknown, f"{by} not recorded: in all patients, in no group")]
    few = ", ".join(f"{name} {n}" for name, n in sizes.items() if n < FEW)
    if few:
        checks.append(("patients in each group", "not met", f"fewer than {FEW}: {few}; read their counts, not shares"))
    if len(groups) < 2:
        checks.append(("groups differ", "not assessable", f"{by} has {len(groups)} recorded values; two are needed"))
    return groups, steps, checks


def _reference(groups: dict[str, pd.DataFrame], by: str | None, reference: str | None, diagnosis: str) -> str:
    if by is None or not groups:
        return ""
    if reference is not None:
        return check_option("reference", reference, tuple(groups))
    return diagnosis if by == "diagnosis" and diagnosis in groups else next(iter(groups))


def _described(
    patients: pd.DataFrame,
    groups: dict[str, pd.DataFrame],
    line: Characteristic,
    labels: dict[str, Any],
    conf_level: float,
) -> list[dict[str, Any]]:
    """Return the rows of one characteristic, in all patients and in each group."""
    rows = []
    categories = sorted(patients[line.name].dropna().unique()) if line.kind in ("category", "yes_no") else []
    for level, part in ((ALL, patients), *groups.items()):
        known = part[line.name].dropna()
        about = labels | {"outcome": line.name, "level": level} | ({} if level else {"group": ""})
        n, missing = len(part), len(part) - len(known)
        if n == 0:
            continue
        lost = proportion(missing, n, conf_level=conf_level)
        missing_share = {"measure": "missing_share", "denominator": "all patients", "unit": "share"}
        rows.append(estimate_row(lost, **about, **missing_share, role="description"))
        about["denominator"] = f"patients in whom it is known: {len(known)} of {n}"
        if len(known) == 0:
            continue
        found = _shares(known, categories, conf_level) if categories else _numbers(known, line, conf_level)
        for measure, term, unit, estimate in found:
            is_primary = not level and (line.name, measure, term) in PRIMARY
            role = "primary" if is_primary else "description"
            rows.append(estimate_row(estimate, **about, role=role, measure=measure, term=term, unit=unit))
    return rows


Found = list[tuple[str, str, str, Estimate]]


def _shares(known: pd.Series[Any], categories: list[str], conf_level: float) -> Found:
    shown = categories if categories != ["no", "yes"] else ["yes"]
    return [
        ("proportion", str(name), "share", proportion(int((known == name).sum()), len(known), conf_level=conf_level))
        for name in shown
    ]


def _numbers(known: pd.Series[Any], line: Characteristic, conf_level: float) -> Found:
    values, counts = np.unique(known.to_numpy(dtype=float), return_counts=True)
    unit = "years" if line.kind == "amount" else "points"
    n, nothing = len(known), float("nan")
    found: Found = []
    if line.kind == "amount":
        spread = float(known.astype(float).std()) if n > 1 else nothing
        deviation = Estimate(spread, nothing, nothing, n, "standard deviation of the sample")
        found = [
            ("mean", "", unit, mean(values, counts, conf_level=conf_level)),
            ("standard_deviation", "", unit, deviation),
        ]
    found.append(("median", "", unit, median(values, counts, conf_level=conf_level)))
    for name, share in (("quartile_1", 0.25), ("quartile_3", 0.75)):
        place = Estimate(quantile(values, counts, share), nothing, nothing, n, "quartile, interpolated")
        found.append((name, "", unit, place))
    return found


def _differences(
    groups: dict[str, pd.DataFrame],
    base: str,
    line: Characteristic,
    labels: dict[str, Any],
    conf_level: float,
    seed: int,
) -> list[dict[str, Any]]:
    """Return the standardised difference of each group from the reference, where both have known values."""
    other = groups[base][line.name].dropna()
    rows = []
    for level, part in groups.items():
        own = part[line.name].dropna()
        if level == base or len(own) == 0 or len(other) == 0:
            continue
        found = replace(_difference(own, other, line, conf_level, seed), p_value=float("nan"))
        about = labels | {"outcome": line.name, "level": level, "reference": base}
        denominator = f"patients in whom it is known: {len(own)} of {len(part)} and {len(other)} of {len(groups[base])}"
        about |= {"denominator": denominator, "unit": "standard deviations"}
        rows.append(estimate_row(found, **about, role="secondary", measure="standardised_difference"))
    return rows


def _difference(
    own: pd.Series[Any], other: pd.Series[Any], line: Characteristic, conf_level: float, seed: int
) -> Estimate:
    if line.kind == "amount":
        return hedges_g(own.to_numpy(float), None, other.to_numpy(float), None, conf_level=conf_level)
    if line.kind == "score":
        x, y = (np.unique(side.to_numpy(float), return_counts=True) for side in (own, other))
        return standardised_score_difference(*x, *y, conf_level=conf_level, seed=seed)
    categories = sorted(set(own) | set(other))
    if len(categories) == 2:
        shown = next((name for name in SHOWN if name in categories), categories[0])
        counts = (int((own == shown).sum()), len(own), int((other == shown).sum()), len(other))
        return standardised_share_difference(*counts, conf_level=conf_level)
    of_each = ([int((side == name).sum()) for name in categories] for side in (own, other))
    return standardised_category_difference(*of_each, conf_level=conf_level)


def _absent(patients: pd.DataFrame) -> list[Check]:
    """Say which characteristics no patient has, and where they would stand."""
    if patients.empty:
        return [("patients", "not assessable", "no eligible patient in patients.diagnosis")]
    empty = [line.source for line in CHARACTERISTICS if patients[line.name].isna().all()]
    if not empty:
        return [("every characteristic delivered", "met", "each is known in at least one patient")]
    detail = f"not in the registry: {', '.join(dict.fromkeys(empty))}"
    return [("every characteristic delivered", "not assessable", detail)]


def _unlike(rows: list[dict[str, Any]], by: str | None) -> list[Check]:
    gaps = [abs(row["estimate"]) for row in rows if row["measure"] == "standardised_difference"]
    if by is None or not gaps:
        return []
    large = sum(gap >= LARGE for gap in gaps)
    detail = f"{large} of {len(gaps)} standardised differences are {LARGE} or more; a description, no test of balance"
    return [("groups alike", "note", detail)]


def _known(patients: pd.DataFrame, groups: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a characteristic and group: patients in whom it is known, and all."""
    import pandas as pd

    rows = [
        {"variable": line.name, "level": level, "known": int(part[line.name].notna().sum()), "n": len(part)}
        for line in CHARACTERISTICS
        for level, part in ((ALL, patients), *groups.items())
    ]
    return pd.DataFrame(rows)
