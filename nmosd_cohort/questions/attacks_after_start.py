"""Attacks before and after the start of a treatment, and the time to the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import narwhals as nw
import pandas as pd

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.cohort.attack_exposure import (
    TRIGGER_DAYS,
    attack_days,
    exposure,
    has_dated_attacks,
    treated_patients,
    with_undated_attack,
)
from nmosd_cohort.cohort.patient_frame import SEROSTATUS_CODES, Serostatus
from nmosd_cohort.cohort.selection import eligibility_steps, eligible, select_patients
from nmosd_cohort.cohort.tally import collect
from nmosd_cohort.questions.attack_free_rows import CONCURRENT, comparison_rows, curve, followed, free_rows
from nmosd_cohort.questions.attack_rate_rows import rate_rows, selection_checks, sensitivity_rows, with_time
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import counted_steps, finish, small_n_check
from nmosd_cohort.statistics.estimate import check_conf_level, check_option

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

Strategy = Literal["treatment_policy", "while_on_treatment"]
PERIODS = (6.0, 12.0, 24.0)
POLICY_WORDS = {
    "treatment_policy": "until death or last contact, whatever was taken",
    "while_on_treatment": "until the stop of the treatment, death or last contact",
}


@checked
def attacks_after_start(
    registry: Registry,
    *,
    drug: str | None = "tocilizumab",
    drug_class: str | None = None,
    before_months: float = 12,
    after_months: float | None = None,
    strategy: Strategy = "treatment_policy",
    comparator: str | None = None,
    serostatus: Serostatus = "any",
    diagnosis: str = "nmosd",
    conf_level: float = 0.95,
) -> Result:
    """Attack rate after the start of a treatment divided by that before it in the same patients.

    A change after the start, not an effect: patients start after attacks, so the rate before is inflated. How much
    the answer owes to that is shown by other lengths of the time before and by leaving out the attack that led to the
    start. Beside it: the time to the first attack after the start.

    Parameters
    ----------
    registry
        Checked tables.
    drug
        As in treatments.drug, a drug, device or cell therapy; capital letters do not matter. The first known start
        counts.
    drug_class
        Code of treatments.drug_class, for any treatment of the class; ``drug`` must then be None.
    before_months
        Length of the time before, in months of 30.44 days, fixed beforehand.
    after_months
        Longest time after that is counted; None takes all.
    strategy
        ``treatment_policy``: time after ends at death or last contact. ``while_on_treatment``: also at the stop; a
        pause of fewer than 90 days is no stop.
    comparator
        Another drug, whose first starters are compared with those of ``drug``: of each patient the first start of
        either counts, and only starts between the day by which both had begun to be used and the day after which one
        was no longer started.
    serostatus
        ``any``, or only ``aqp4_positive`` or ``aqp4_negative`` patients; those of unknown status are then left out.
    diagnosis, conf_level
        As in ``pain_prevalence``.

    Returns
    -------
    Result
        Of attack_rate: ``rate`` before and after (exact limits), ``rate_ratio`` (primary; the same by a negative
        binomial model; over other times before, with and without the attack that led to the start) and
        ``patient_rate_median``. Of first_attack: ``attack_free_share`` (as papers print it), ``attack_free_survival``
        at 6, 12 and 24 months, ``attack_free_months`` and ``median_follow_up``; with a comparator ``hazard_ratio``
        and ``logrank_hazard_ratio``. The tally holds the curve, months rounded to a tenth, with those at risk.

    Raises
    ------
    ValueError
        If not exactly one of drug and class is given, or an option is not allowed.
    TypeError
        If it is no registry.

    References
    ----------
    Cochran 1977 and Liang and Zeger 1986 (ratio of totals in the same patients, doi:10.1093/biomet/73.1.13);
    Lawless 1987 (negative binomial model, doi:10.2307/3314912); Kaplan and Meier 1958
    (doi:10.1080/01621459.1958.10501452); Royston and Parmar 2013 (doi:10.1186/1471-2288-13-152).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.attacks_after_start(nc.simulate(n=300, seed=1), drug="tocilizumab")
    >>> primary = answer.estimates[answer.estimates["role"] == "primary"]
    >>> primary[["outcome", "measure", "level", "reference"]].values.tolist()
    [['attack_rate', 'rate_ratio', 'after', 'before']]
    """
    check_option("strategy", strategy, get_args(Strategy))
    check_option("serostatus", serostatus, get_args(Serostatus))
    level = check_conf_level(conf_level)
    treatment = _check_treatment(drug, drug_class, comparator)
    _check_months(before_months, after_months)
    options: dict[str, Any] = {"after_months": after_months, "while_on_treatment": strategy == "while_on_treatment"}
    who: dict[str, Any] = {"diagnosis": diagnosis, "serostatus": serostatus}
    people = treated_patients(registry, drug=drug, drug_class=drug_class, **who)
    attacks = attack_days(registry, people)
    lengths = sorted({*PERIODS, float(before_months)})
    periods = {months: exposure(people, attacks, before_months=months, **options) for months in lengths}
    chosen = periods[float(before_months)]
    steps = _steps(registry, people, chosen, treatment, diagnosis, serostatus)
    delivered = has_dated_attacks(registry)
    rows, checks = _rows(periods, float(before_months), level) if delivered else ([], [NO_ATTACKS])
    checks += _observation_checks(registry, chosen) if rows else []
    tally = curve(chosen if delivered else chosen.head(0), treatment, conf_level=level)
    if comparator is not None and drug is not None and delivered:
        arms, left_out = _arms(registry, drug, comparator, who, float(before_months), options)
        new_rows, new_checks, tally = _compared(arms, drug, comparator, level)
        rows, checks = rows + new_rows, [*checks, left_out, *new_checks]
    return finish(
        registry,
        name="attacks_after_start",
        question=f"Attack rate after the start of {treatment} against that in the {before_months:g} months before it "
        f"in the same patients, {POLICY_WORDS[strategy]}; not an effect, as patients start after attacks.",
        rows=rows,
        steps=steps,
        checks=checks,
        tally=tally,
        definitions={
            "treatment": treatment,
            "comparator": comparator,
            "before_months": before_months,
            "after_months": after_months,
            "strategy": strategy,
            "attack_that_led_to_start": f"the last attack in the {TRIGGER_DAYS} days up to the start",
            "attack_on_day_of_start": "counts as before",
            "serostatus": serostatus,
            "diagnosis": diagnosis,
            "conf_level": level,
            "denominator": "with observed time before and after",
        },
    )


NO_ATTACKS: Check = (
    "attacks",
    "not assessable",
    "the table attacks holds no attack with a date, so that nobody is known to have had, or not had, one; needed is "
    "attacks.attack_date",
)


def _observation_checks(registry: Registry, exposed: pd.DataFrame) -> list[Check]:
    """Return what the time before and after takes for granted: dates of attacks, its beginning, and deaths."""
    seen = followed(exposed)
    lost = int(seen["patient_id"].isin(with_undated_attack(registry)).sum())
    unknown = int(seen["observed_from_day"].isna().sum())
    died = int(((seen["death_day"] - seen["start_day"] <= seen["follow_days"]) & (seen["had_attack"] == 0)).sum())
    checks: list[Check] = []
    if lost:
        checks.append(
            ("every attack dated", "not met", f"{lost} starters also have an attack without date, not counted")
        )
    if unknown:
        detail = f"{unknown} starters have neither onset nor entry date; all the time before is taken as observed"
        checks.append(("beginning of observation known", "not met", detail))
    if died:
        detail = f"{died} starters died without an attack before; their time ends there as at a last contact"
        checks.append(("deaths", "note", detail))
    return checks


def _stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of all parts; empty ones have no types to give."""
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def _check_treatment(drug: str | None, drug_class: str | None, comparator: str | None) -> str:
    """Return the name of what was started."""
    if (drug is None) == (drug_class is None):
        raise ValueError("give either drug or drug_class; for a class write drug=None")
    if comparator is not None and (drug is None or comparator.strip().lower() == drug.strip().lower()):
        raise ValueError("comparator needs drug, and must be another drug than it")
    if drug_class is not None:
        known = [code.code for code in read_codebook()["treatments"].variables["drug_class"].codes]
        check_option("drug_class", drug_class, known)
        return drug_class
    return str(drug)


def _check_months(before_months: float, after_months: float | None) -> None:
    if before_months <= 0 or (after_months is not None and after_months <= 0):
        raise ValueError(f"before_months and after_months must be above 0, not {before_months} and {after_months}")


def _rows(
    periods: dict[float, pd.DataFrame], before_months: float, conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    chosen = periods[before_months]
    rows, checks = rate_rows(chosen, conf_level=conf_level)
    usable = with_time(chosen)
    if not usable.empty:
        rows += sensitivity_rows(periods, chosen=before_months, conf_level=conf_level)
        checks += [*selection_checks(usable, before_months), *small_n_check(len(usable))]
    free, more = free_rows(chosen, conf_level=conf_level)
    return rows + free, checks + more


def _steps(
    registry: Registry, people: pd.DataFrame, exposed: pd.DataFrame, treatment: str, diagnosis: str, serostatus: str
) -> list[tuple[str, int, int, str]]:
    patients = select_patients(registry, diagnosis=diagnosis)
    steps = eligibility_steps(patients)
    counts = []
    if serostatus != "any":
        wanted = SEROSTATUS_CODES[serostatus]
        own = eligible(patients).filter(nw.col("aqp4_status") == wanted).select("patient_id")
        counts = [(f"AQP4-IgG {wanted}", len(collect(own, ["patient_id"])), "another AQP4-IgG status, or unknown")]
    counts += [
        (f"ever had {treatment}", len(people), f"never had {treatment}"),
        ("start known", len(exposed), "start of the treatment not recorded"),
        ("end of observation known", int(exposed["follow_days"].notna().sum()), "last contact not recorded"),
        ("observed after the start", len(followed(exposed)), "no time under observation after the start"),
        ("observed before the start", len(with_time(exposed)), "disease began on or after the day of the start"),
    ]
    return steps + counted_steps(steps[-1][1], counts)


def _compared(
    arms: pd.DataFrame, drug: str, comparator: str, conf_level: float
) -> tuple[list[dict[str, Any]], list[Check], pd.DataFrame]:
    """Return the rows, the checks and the curves of the first starters of two drugs."""
    rows, checks = comparison_rows(arms, drug=drug, comparator=comparator, conf_level=conf_level)
    curves = []
    for name in (drug, comparator):
        arm = arms[arms["arm"] == name]
        labels = {"group": "drug", "level": name, "denominator": CONCURRENT}
        rows += free_rows(arm, conf_level=conf_level, labels=labels)[0]
        curves.append(curve(arm, name, conf_level=conf_level))
    return rows, checks, _stacked(curves)


def _arms(
    registry: Registry, drug: str, comparator: str, who: dict[str, Any], before_months: float, options: dict[str, Any]
) -> tuple[pd.DataFrame, Check]:
    """Return the first starters of either drug while both were being started, and how many were left out."""
    people = _stacked([treated_patients(registry, drug=name, **who).assign(arm=name) for name in (drug, comparator)])
    known = people["start_day"].notna().groupby(people["patient_id"]).transform("all").astype(bool)
    dated = people[known].sort_values(["patient_id", "start_day"], ignore_index=True)
    least = dated.groupby("patient_id")["start_day"].transform("min")
    tied = (dated["start_day"] == least).groupby(dated["patient_id"]).transform("sum") > 1
    first = dated[(dated["start_day"] == least) & ~tied]
    if options["while_on_treatment"]:
        switch = dated[dated["start_day"] > least].set_index("patient_id")["start_day"]
        first = first.assign(
            stop_day=pd.concat([first["stop_day"], first["patient_id"].map(switch)], axis=1).min(axis=1)
        )
    begin, end = first.groupby("arm")["start_day"].min().max(), first.groupby("arm")["start_day"].max().min()
    shared = first[first["start_day"].between(begin, end)].reset_index(drop=True)
    n, total = len(shared), people["patient_id"].nunique()
    detail = (
        f"{n} of {total} patients who ever had either: first start known, of one of the two only, and in the time in "
        f"which both were being started; {total - n} left out"
    )
    exposed = exposure(shared, attack_days(registry, shared), before_months=before_months, **options)
    return exposed, ("concurrent first starters", "note", detail)
