"""Whether pain is more common and worse than in another disease of the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.cohort.diagnoses import diagnosis_cells, diagnosis_steps
from nmosd_cohort.cohort.pain import NEUROPATHIC_BY
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.diagnosis_rows import severity_rows, share_contrasts, standardised_rows
from nmosd_cohort.questions.parts import finish, small_n_check
from nmosd_cohort.statistics.estimate import check_conf_level, check_option
from nmosd_cohort.statistics.multiplicity import holm

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

OUTCOMES = ("any", "neuropathic", "chronic")
NEEDS = {
    "neuropathic": "assessments.has_neuropathic_pain, dn4 or paindetect, as neuropathic_by says",
    "chronic": "pain.onset_date of an open episode",
}


@checked
def pain_and_diagnosis(
    registry: Registry,
    *,
    comparator: str = "ms",
    diagnosis: str = "nmosd",
    neuropathic_by: str = "recorded",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
    seed: int = 1,
) -> Result:
    """Share with pain in one diagnosis less that in another, at the last visit in remission that tells it.

    Parameters
    ----------
    registry
        Checked tables.
    comparator
        Code of patients.diagnosis of the group to compare with.
    diagnosis
        Code of patients.diagnosis that is studied.
    neuropathic_by
        ``recorded``, ``dn4`` or ``paindetect``.
    min_days_after_attack
        A visit nearer to the last attack is not used.
    conf_level
        Coverage of the limits.
    seed
        Of the permutations where a group has fewer than 30 patients.

    Returns
    -------
    Result
        For any pain (primary), neuropathic and chronic pain, each at its own last visit: ``proportion`` of each
        group, ``risk_difference``
        (Newcombe), ``risk_ratio``; ``standardised_risk_difference`` and ``standardised_risk_ratio``, as if the
        comparators had the age and sex of the studied group (logistic model, g-computation); ``standardised_share``
        of the comparators directly by age band and sex. Severity: ``median`` of the NRS and
        ``probability_superiority`` of all assessed and of those with pain. p_adjusted: Holm over the standardised
        differences and the severity of those with pain.

    Raises
    ------
    ValueError
        If an option is not one of those listed, or the two diagnoses are the same.
    TypeError
        If ``registry`` is no registry.

    References
    ----------
    Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I); Robins 1986
    (doi:10.1016/0270-0255(86)90088-6); Brunner and Munzel 2000
    (doi:10.1002/(SICI)1521-4036(200001)42:1<17::AID-BIMJ17>3.0.CO;2-U).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.pain_and_diagnosis(nc.simulate("demo", n=200, seed=1))
    >>> answer.estimates.loc[answer.estimates["role"] == "primary", ["measure", "outcome"]].values.tolist()
    [['risk_difference', 'any']]
    """
    codes = [code.code for code in read_codebook()["patients"].variables["diagnosis"].codes]
    check_option("comparator", comparator, codes)
    check_option("diagnosis", diagnosis, codes)
    check_option("neuropathic_by", neuropathic_by, NEUROPATHIC_BY)
    check_conf_level(conf_level)
    if comparator == diagnosis:
        raise ValueError(f"comparator and diagnosis are both {diagnosis!r}; they must differ")
    pair = (diagnosis, comparator)
    options: dict[str, Any] = {
        "diagnoses": pair,
        "neuropathic_by": neuropathic_by,
        "min_days_after_attack": min_days_after_attack,
    }
    cells = diagnosis_cells(registry, "chronic", **options)
    rows: list[dict[str, Any]] = []
    checks = _checks(cells, pair)
    if not any(status == "not assessable" for _, status, _ in checks):
        of_kind = {"any": cells, "chronic": cells, "neuropathic": diagnosis_cells(registry, "neuropathic", **options)}
        rows, notes = _answers(of_kind, pair, conf_level, seed)
        checks += notes
    return finish(
        registry,
        name="pain_and_diagnosis",
        question="Difference in the share of patients with pain, and in its severity, between two diagnoses at the "
        "last visit in remission",
        rows=rows,
        steps=diagnosis_steps(registry, **options),
        checks=checks,
        tally=_tally(cells),
        definitions={
            "diagnosis": diagnosis,
            "comparator": comparator,
            "neuropathic_by": neuropathic_by,
            "min_days_after_attack": min_days_after_attack,
            "standardised_to": "age (linear, in decades) and sex of the studied diagnosis",
            "time_frame": "current",
            "denominator": "assessed",
            "conf_level": conf_level,
        },
    )


def _answers(
    cells: dict[str, pd.DataFrame], pair: tuple[str, str], conf_level: float, seed: int
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the rows of each kind of pain and of severity, and what could not be answered."""
    rows: list[dict[str, Any]] = []
    checks: list[Check] = []
    for outcome in OUTCOMES:
        role = "primary" if outcome == "any" else "secondary"
        known = cells[outcome][cells[outcome][outcome].notna()]
        if outcome != "any":
            checks += _unknown_check(cells["any"], known, outcome, pair)
            if checks[-1][1] == "not assessable":
                continue
        rows += share_contrasts(known, outcome, pair, role=role, conf_level=conf_level)
        standardised, notes = standardised_rows(known, outcome, pair, conf_level=conf_level)
        rows += standardised
        checks += notes
    severity, notes = severity_rows(cells["any"], pair, conf_level=conf_level, seed=seed)
    rows += severity
    _adjust(rows)
    return rows, checks + notes


def _adjust(rows: list[dict[str, Any]]) -> None:
    """Adjust the p of the standardised differences and of severity among those with pain, in place."""
    family = [row for row in rows if row["measure"] == "standardised_risk_difference"]
    family += [row for row in rows if row["measure"] == "probability_superiority" and row["term"] == "with pain"]
    if family:
        for row, adjusted in zip(family, holm([row["p_value"] for row in family]).tolist(), strict=True):
            row["p_adjusted"] = adjusted
            row["method"] += f"; p_adjusted: Holm over {len(family)}"


def _unknown_check(asked: pd.DataFrame, known: pd.DataFrame, outcome: str, pair: tuple[str, str]) -> list[Check]:
    """Say how many of those asked about pain have no answer to this outcome; not assessable if none with pain has.

    Patients without pain always have an answer, so that a share of them alone would be 0.
    """
    missing = int(asked["n"].sum() - known["n"].sum())
    detail = f"{missing} of {asked['n'].sum()} patients asked have pain of which this is not known: left out, so shares"
    checks: list[Check] = [
        (f"{outcome} pain known", "met" if missing == 0 else "not met", f"{detail} are too low by what they would add")
    ]
    for code in pair:
        in_pain = asked[(asked["diagnosis"] == code) & asked["any"].astype(bool)]
        told = known[(known["diagnosis"] == code) & known["any"].astype(bool)]
        if len(in_pain) and told.empty:
            detail = f"of no patient with {code} and pain is it known ({NEEDS[outcome]})"
            checks.append((f"{outcome} pain", "not assessable", detail))
    return checks


def _tally(cells: pd.DataFrame) -> pd.DataFrame:
    """One row a diagnosis and pain score, with n, the patients."""
    by = ["diagnosis", "any", "pain_nrs"]
    counted: pd.DataFrame = cells.groupby(by, dropna=False)["n"].sum().reset_index()
    return counted


def _checks(cells: pd.DataFrame, pair: tuple[str, str]) -> list[Check]:
    checks: list[Check] = []
    for code in pair:
        n = int(cells.loc[cells["diagnosis"] == code, "n"].sum())
        if n == 0:
            detail = (
                f"no patient with patients.diagnosis = {code} has pain (assessments.has_pain or pain_nrs) recorded in "
                "remission: there is nothing to compare"
            )
            checks.append((f"patients with {code}", "not assessable", detail))
        else:
            checks += [(f"{name}, {code}", status, detail) for name, status, detail in small_n_check(n)]
    return checks
