"""Contrast of two treatments: the score after the start, between new users with equal scores before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from nmosd_cohort.cohort.outcomes import check_score
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import tally
from nmosd_cohort.cohort.treatment import BASELINE_DAYS
from nmosd_cohort.cohort.treatment_arms import REASONS, Kind, treatment_arms
from nmosd_cohort.questions.arm_contrasts import DENOMINATOR, balance_rows, between_rows, within_rows
from nmosd_cohort.questions.change_after_start import check_times
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import finish, small_n_check
from nmosd_cohort.statistics.estimate import check_option

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

COVARIATES = ("age_per_10_years", "male", "aqp4_positive", "duration_per_10_years", "attacks_in_year_before")
FEWEST_IN_AN_ARM = 2


@checked
def treatment_contrast(
    registry: Registry,
    *,
    drug: str = "tocilizumab",
    comparator: str = "azathioprine",
    outcome: str = "pain_nrs",
    kind: Kind = "concurrent",
    at_months: float = 12,
    at_days: int | None = None,
    window_days: int = 60,
    randomised: bool = False,
    covariates: tuple[str, ...] = COVARIATES,
    diagnosis: str = "nmosd",
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Difference in a score after the start between new users of two treatments with equal scores before it.

    Treatment policy: the treatment started first decides the arm, whatever was taken later. Time zero is the start
    in both arms. A difference, not an effect, unless the caller says that patients were randomised.

    Parameters
    ----------
    registry
        Checked tables.
    drug, comparator
        As in treatments.drug, for example tens and sham tens; capital letters do not matter. Differences are drug
        less comparator.
    outcome
        Any score of the assessments table. EDSS is ordinal: ranks only.
    kind
        ``concurrent`` takes starts in the calendar time in which both treatments were started; ``historical`` takes
        of the comparator those before the first start of the drug; ``any_time`` takes all, as in a trial.
    at_months, at_days, window_days
        Target of the later score, as in ``change_after_start``.
    randomised
        Whether chance decided the arm. Then the primary contrast takes the score before alone.
    covariates
        Of the primary contrast where chance did not decide: any of age_per_10_years, male, aqp4_positive,
        duration_per_10_years, attacks_in_year_before.
    diagnosis, conf_level
        As in ``pain_prevalence``.
    seed
        Of permutation limits of few patients.

    Returns
    -------
    Result
        ``adjusted_mean_difference`` by analysis of covariance, and ``difference_at_equal_baseline`` at equal scores
        before alone, primary where there are no covariates; ``probability_change_higher`` and ``change_shift``
        (Hodges-Lehmann) of the change; ``responders_difference_*`` with the
        shares of each arm; scores and change within each arm; ``standardised_difference_at_start`` of
        what was known then. The
        tally counts patients by arm and scores.

    Raises
    ------
    ValueError
        If an option is not one of those listed, or both treatments are the same.

    References
    ----------
    Vickers and Altman 2001 (doi:10.1136/bmj.323.7321.1123); Newcombe 1998 (difference of shares).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.treatment_contrast(nc.simulate("demo", n=300, seed=1), drug="scrambler therapy",
    ...     comparator="sham scrambler therapy", at_days=10, window_days=5, randomised=True)
    >>> answer.estimates["measure"].iloc[0], answer.estimates["reference"].iloc[0]
    ('difference_at_equal_baseline', 'sham scrambler therapy')
    """
    check_score(outcome)
    check_times(at_months, at_days, window_days)
    check_option("kind", kind, get_args(Kind))
    for name in covariates:
        check_option("covariates", name, COVARIATES)
    window: dict[str, Any] = {"at_months": at_months, "at_days": at_days, "window_days": window_days}
    everyone = treatment_arms(
        registry, drug=drug, comparator=comparator, outcome=outcome, kind=kind, diagnosis=diagnosis, **window
    )
    arms = everyone[everyone["reason"] == ""].reset_index(drop=True)
    labels = {"outcome": outcome, "level": drug, "reference": comparator, "denominator": DENOMINATOR}
    rows, checks = _rows(arms, labels, () if randomised else covariates, outcome, conf_level, seed)
    when = f"month {at_months:g}" if at_days is None else f"day {at_days}"
    by_chance = "by chance, as the caller states" if randomised else "not by chance: no effect is claimed"
    return finish(
        registry,
        name="treatment_contrast",
        question=f"Difference in {outcome} at {when} between new users of {drug} and of {comparator} with equal "
        f"{outcome} before; arms were formed {by_chance}.",
        rows=rows,
        steps=_steps(registry, everyone, outcome, diagnosis, f"{drug} or {comparator}"),
        checks=[*checks, *_design_checks(everyone, arms, labels, randomised), *small_n_check(len(arms))],
        tally=_counts(arms, labels),
        definitions={
            "drug": drug,
            "comparator": comparator,
            "outcome": outcome,
            "kind": kind,
            **window,
            "randomised": randomised,
            "covariates": covariates,
            "baseline": f"last score in the {BASELINE_DAYS} days up to the start",
            "estimand": "treatment policy: whatever was taken afterwards",
            "diagnosis": diagnosis,
            "conf_level": conf_level,
            "denominator": DENOMINATOR,
        },
    )


def _counts(arms: pd.DataFrame, labels: dict[str, Any]) -> pd.DataFrame:
    named = arms["arm"].map({1: labels["level"], 0: labels["reference"]}).astype("string")
    columns = ["arm", "before", "after"]
    return tally(arms.assign(arm=named)[columns], columns)


def _rows(
    arms: pd.DataFrame,
    labels: dict[str, Any],
    covariates: tuple[str, ...],
    outcome: str,
    conf_level: float,
    seed: int,
) -> tuple[list[dict[str, Any]], list[Check]]:
    n = {arm: int((arms["arm"] == arm).sum()) for arm in (1, 0)}
    if min(n.values()) < FEWEST_IN_AN_ARM:
        detail = (
            f"{n[1]} patients on {labels['level']} and {n[0]} on {labels['reference']} have {outcome} before and "
            f"after; {FEWEST_IN_AN_ARM} in each are needed. It takes treatments.drug and treatments.start_date, and "
            f"assessments.{outcome} in the {BASELINE_DAYS} days up to the start and near the target"
        )
        return [], [("contrast of the arms", "not assessable", detail)]
    rows, checks = between_rows(arms, labels, covariates, conf_level=conf_level, seed=seed)
    balance, check = balance_rows(arms, labels, conf_level)
    return [*rows, *within_rows(arms, labels, conf_level), *balance], [*checks, check]


def _design_checks(everyone: pd.DataFrame, arms: pd.DataFrame, labels: dict[str, Any], randomised: bool) -> list[Check]:
    chance: Check = (
        ("arms formed by chance", "met", "stated by the caller; the registry does not record it")
        if randomised
        else (
            "arms formed by chance",
            "not met",
            "who got which treatment may have depended on what also moves the score and is not recorded here: the "
            "difference is no effect of the treatment",
        )
    )
    dated = everyone[everyone["start_day"].notna() & ~everyone["reason"].isin(["same_day"])]
    switched, had_both = int(arms["switched"].sum()), int(arms["had_both"].sum())
    lost = {arm: _share_with_after(everyone, arm) for arm in (1, 0)}
    return [
        chance,
        ("no immortal time", "met", f"the {len(dated)} patients are followed from their first start, in its arm"),
        (
            "one treatment a patient",
            "met" if not had_both else "not met",
            f"{had_both} of {len(arms)} patients ever had both and are in the arm of the first; {switched} of them "
            "started the other one before the score after",
        ),
        (
            "followed alike",
            "note",
            f"of those with a score before, {lost[1]} on {labels['level']} and {lost[0]} on {labels['reference']} have "
            "one after; the others are taken as missing at random given the score before and the covariates",
        ),
    ]


def _share_with_after(everyone: pd.DataFrame, arm: int) -> str:
    own = everyone[everyone["arm"] == arm]
    return f"{int((own['reason'] == '').sum())} of {int(own['reason'].isin(['', 'no_after']).sum())}"


def _steps(
    registry: Registry, everyone: pd.DataFrame, outcome: str, diagnosis: str, treatments: str
) -> list[tuple[str, int, int, str]]:
    """Return the flow from all patients over those with either treatment to those analysed, one step a reason."""
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    left = len(everyone)
    steps.append((f"ever had {treatments}", left, steps[-1][1] - left, "had neither"))
    names = {
        "no_start": "both starts known",
        "same_day": "one started first",
        "other_time": "started in the time compared",
        "never_scored": f"{outcome} recorded",
        "no_before": f"{outcome} before",
        "no_after": f"{outcome} after",
    }
    for reason, words in REASONS.items():
        lost = int((everyone["reason"] == reason).sum())
        left -= lost
        steps.append((names[reason], left, lost, words))
    return steps
