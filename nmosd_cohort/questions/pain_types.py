"""Which types of pain patients have, which of them together, and what each feels like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from nmosd_cohort.cohort.open_pain import described_pain
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.described_rows import (
    WHO,
    by_type_rows,
    chosen_patients,
    description_checks,
    flow_of,
    known_row,
    several_row,
    share_rows,
    too_few_checks,
)
from nmosd_cohort.questions.pain_prevalence import TIME_WORDS
from nmosd_cohort.questions.parts import finish, small_n_check
from nmosd_cohort.statistics.estimate import check_conf_level, check_option

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.result import Result

TimeFrame = Literal["current", "ever"]
Denominator = Literal["assessed", "with_pain", "with_myelitis"]


@checked
def pain_types(
    registry: Registry,
    *,
    time_frame: TimeFrame = "current",
    denominator: Denominator = "assessed",
    diagnosis: str = "nmosd",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
) -> Result:
    """Share of patients with each type and each quality of pain, one answer a patient, who may have several.

    Parameters
    ----------
    registry
        Checked tables.
    time_frame
        ``current``: pain at the last visit in remission at which it was asked, and the episodes open that day.
        ``ever``: at any visit, and all episodes on record.
    denominator
        ``assessed``: asked about pain; who has none counts as without each type. ``with_pain``, or
        ``with_myelitis`` (past myelitis and asked).
    diagnosis
        Code of patients.diagnosis.
    min_days_after_attack
        A visit nearer to the last attack is not used; not read for ``ever``.
    conf_level
        Coverage of the Wilson limits.

    Returns
    -------
    Result
        Rows ``proportion``: outcomes pain_type_eye and so on (primary), pain_types_two_or_more, pain_quality_itch and
        so on (secondary), each quality among patients with a type (group pain_type), and pain_type_known: of patients
        with pain, those all of whose episodes have a type. Who has pain but no episode, or an episode without a type,
        is unknown and left out; ``bounds_if_not_described`` says what they could change. Tally: patients with each
        combination of types (``pain_type``, empty where ``pain`` is no or unknown).

    Raises
    ------
    ValueError
        If an option is not one of those listed.
    TypeError
        If ``registry`` is no registry.

    References
    ----------
    Wilson 1927 (doi:10.1080/01621459.1927.10502953); Horowitz and Manski 2000 (doi:10.1080/01621459.2000.10473902).
    The plot: Lex and others 2014 (doi:10.1109/TVCG.2014.2346248).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.pain_types(nc.simulate(n=200, seed=1))
    >>> answer.estimates.loc[answer.estimates["role"] == "primary", "outcome"].tolist()[:2]
    ['pain_type_neuropathic', 'pain_type_tonic_spasm']
    """
    check_option("time_frame", time_frame, get_args(TimeFrame))
    check_option("denominator", denominator, get_args(Denominator))
    check_conf_level(conf_level)
    described = described_pain(
        registry, time_frame=time_frame, diagnosis=diagnosis, min_days_after_attack=min_days_after_attack
    )
    patients = chosen_patients(described.patients, denominator)
    episodes = described.episodes[described.episodes["patient_id"].isin(patients["patient_id"])]
    checks = description_checks(patients, ("pain_type", "pain_qualities"))
    rows = []
    if patients["pain_type"].ne("").any():
        rows += share_rows(patients, "pain_type", denominator=denominator, role="primary", conf_level=conf_level)
        rows += several_row(patients, "pain_type", denominator=denominator, role="secondary", conf_level=conf_level)
        rows += known_row(patients, "pain_type", conf_level=conf_level)
    if patients["pain_qualities"].ne("").any():
        rows += share_rows(patients, "pain_qualities", denominator=denominator, role="secondary", conf_level=conf_level)
        rows += known_row(patients, "pain_qualities", conf_level=conf_level)
        rows += by_type_rows(episodes, "pain_qualities", conf_level=conf_level)
    return finish(
        registry,
        name="pain_types",
        question=f"Share of {WHO[denominator]} with each type of pain {TIME_WORDS[time_frame]}",
        rows=rows,
        steps=flow_of(registry, patients, "pain_type", diagnosis=diagnosis, denominator=denominator),
        checks=[
            *checks,
            *too_few_checks(episodes),
            *small_n_check(int(patients["pain_type_known"].fillna(False).sum())),
        ],
        tally=combinations(patients, "pain_type"),
        definitions={
            "time_frame": time_frame,
            "denominator": denominator,
            "diagnosis": diagnosis,
            "min_days_after_attack": min_days_after_attack,
            "conf_level": conf_level,
        },
    )


def combinations(patients: pd.DataFrame, name: str) -> pd.DataFrame:
    """One row a combination of types or sites that occurs: pain (yes, no, unknown), the codes joined, and n.

    Patients who were not asked are left out; where not all is told, pain is ``unknown`` and the codes are empty.
    """
    asked = patients[patients["has_pain"].notna()]
    is_known = asked[f"{name}_known"].fillna(False).astype(bool)
    pain = asked["has_pain"].map({True: "yes", False: "no"}).where(is_known, "unknown")
    cells = asked.assign(pain=pain.astype(str), codes=asked[name].where(is_known, "").astype(str))
    counted = cells.groupby(["pain", "codes"])["patient_id"].size().rename("n").reset_index()
    return counted.rename(columns={"codes": name})
