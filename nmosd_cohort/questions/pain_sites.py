"""Where it hurts: sites of pain, several at once, and sites of each type."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from nmosd_cohort.cohort.open_pain import described_pain
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.described_rows import (
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
from nmosd_cohort.questions.pain_types import TimeFrame, combinations
from nmosd_cohort.questions.parts import finish, small_n_check
from nmosd_cohort.statistics.estimate import check_conf_level, check_option

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.result import Result


@checked
def pain_sites(
    registry: Registry,
    *,
    time_frame: TimeFrame = "current",
    diagnosis: str = "nmosd",
    min_days_after_attack: int = 30,
    conf_level: float = 0.95,
) -> Result:
    """Share of patients with pain who have it at each site, and at two or more sites, one answer a patient.

    Parameters
    ----------
    registry
        Checked tables.
    time_frame
        ``current``: pain at the last visit in remission at which it was asked, and the episodes open that day.
        ``ever``: at any visit, and all episodes on record.
    diagnosis
        Code of patients.diagnosis.
    min_days_after_attack
        A visit nearer to the last attack is not used; not read for ``ever``.
    conf_level
        Coverage of the Wilson limits.

    Returns
    -------
    Result
        Rows ``proportion``: outcome pain_sites_two_or_more (primary), pain_site_leg and so on (secondary), each site
        among patients with a type of pain (group pain_type), and pain_site_known. Who has pain but no episode, or an
        episode without a site, is unknown and left out; ``bounds_if_not_described`` says what they could change.
        Sites of several episodes are added up. Tally: patients with each combination of sites.

    Raises
    ------
    ValueError
        If an option is not one of those listed.
    TypeError
        If ``registry`` is no registry.

    References
    ----------
    Wilson 1927 (doi:10.1080/01621459.1927.10502953); Horowitz and Manski 2000 (doi:10.1080/01621459.2000.10473902).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.pain_sites(nc.simulate(n=200, seed=1))
    >>> answer.estimates["outcome"].unique().tolist()[:2]
    ['pain_sites_two_or_more', 'pain_site_head']
    """
    check_option("time_frame", time_frame, get_args(TimeFrame))
    check_conf_level(conf_level)
    described = described_pain(
        registry, time_frame=time_frame, diagnosis=diagnosis, min_days_after_attack=min_days_after_attack
    )
    patients = chosen_patients(described.patients, "with_pain")
    rows = []
    if patients["pain_sites"].ne("").any():
        rows += several_row(patients, "pain_sites", denominator="with_pain", role="primary", conf_level=conf_level)
        rows += share_rows(patients, "pain_sites", denominator="with_pain", role="secondary", conf_level=conf_level)
        rows += known_row(patients, "pain_sites", conf_level=conf_level)
        rows += by_type_rows(described.episodes, "pain_sites", conf_level=conf_level)
    return finish(
        registry,
        name="pain_sites",
        question=f"Share of patients with pain {TIME_WORDS[time_frame]} who have it at each site, and at several",
        rows=rows,
        steps=flow_of(registry, patients, "pain_sites", diagnosis=diagnosis, denominator="with_pain"),
        checks=[
            *description_checks(patients, ("pain_sites",)),
            *too_few_checks(described.episodes),
            *small_n_check(int(patients["pain_sites_known"].fillna(False).sum())),
        ],
        tally=combinations(patients, "pain_sites"),
        definitions={
            "time_frame": time_frame,
            "denominator": "with_pain",
            "diagnosis": diagnosis,
            "min_days_after_attack": min_days_after_attack,
            "conf_level": conf_level,
        },
    )
