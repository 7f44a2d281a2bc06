"""Pain, disability and attacks before and after the start of a treatment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.cohort.outcomes import ORDINAL, check_score, score_names, score_visits
from nmosd_cohort.cohort.score_beside import scores_beside
from nmosd_cohort.cohort.selection import eligibility_steps, eligible, select_patients
from nmosd_cohort.cohort.tally import collect, tally
from nmosd_cohort.cohort.treatment import (
    BASELINE_DAYS,
    DAYS_PER_MONTH,
    attack_exposure,
    paired_scores,
    starters,
    timed_scores,
    untreated_repeats,
)
from nmosd_cohort.questions.baseline_cut import baseline_cut_rows
from nmosd_cohort.questions.before_after import change_rows, rate_rows, regression_rows, responder_rows
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.durability import durability_rows
from nmosd_cohort.questions.modelled_change import modelled_rows, scores_at, visit_grid
from nmosd_cohort.questions.parts import finish, small_n_check
from nmosd_cohort.questions.related_score import related_score_rows
from nmosd_cohort.statistics.estimate import check_option
from nmosd_cohort.statistics.paired.regression_to_the_mean import regression_to_the_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    import narwhals as nw

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result
    from nmosd_cohort.statistics.paired.regression_to_the_mean import RegressionToTheMean

FEWEST_PAIRS = 2
FIXED = {
    "baseline": f"last score in the {BASELINE_DAYS} days up to the start",
    "estimand": "treatment policy: whatever was taken afterwards",
    "denominator": "with a score before and after",
}


@checked
def change_after_start(
    registry: Registry,
    *,
    drug: str = "tocilizumab",
    drug_class: str | None = None,
    outcome: str = "pain_nrs",
    at_months: float = 12,
    at_days: int | None = None,
    window_days: int = 60,
    baseline_cut: float | None = None,
    chosen_by: str = "pain_nrs",
    durability_days: tuple[int, ...] = (),
    diagnosis: str = "nmosd",
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Change in a score from the start of a treatment to a later time in the same patients, whatever they took after.

    A change after start, not an effect: there is no comparator, and patients who start while their pain is
    high would improve without treatment. The expected part of that is estimated where untreated repeats of
    the same registry allow, and called not identifiable where they do not.

    Parameters
    ----------
    registry
        Checked tables.
    drug
        Drug, device or cell therapy as in treatments.drug; capital letters do not matter. The first course counts.
    drug_class
        Code of treatments.drug_class, for example b_cell_depletion: the first course of any drug of that class
        counts, and ``drug`` is not read.
    outcome
        Any score of the assessments table, for example pain_nrs, pain_vas, sf36_bp, spasms_per_day or edss. The
        codebook says whether higher is better. EDSS is ordinal: medians and the median change only.
    at_months
        Target of the later score, in months of 30.44 days; a fraction is allowed.
    at_days
        Target in days, in place of ``at_months``, for treatments of days or weeks.
    window_days
        The later score lies within this many days of the target. The earlier one is the last in the 90 days
        up to the start.
    baseline_cut
        Score that parts starters into those below it and the others; their change is given with the change
        expected from regression to the mean beside it, or not at all.
    chosen_by
        Score that decided who started. If it is the outcome, the change expected without effect is read at the
        outcome before; if not, at both scores before, in patients who had both at that visit.
    durability_days
        Rising times in days from the start at which the change of the same patients is followed, for example
        (10, 30, 60). The window of each ends half-way to the next.
    diagnosis, conf_level
        As in ``pain_prevalence``.
    seed
        Of the bootstrap limits.

    Returns
    -------
    Result
        Of the outcome: medians and means at both times, ``mean_change``, ``pseudo_median_change``, responders
        (30 %, 50 %, 2 points; those at the best score are not evaluable for a percentage) in all starters and in
        those whose baseline lets them improve, each beside ``no_effect_responders_*``, the share
        expected without any effect, if ``chosen_by`` is the outcome; ``modelled_change`` to each later visit, by a
        mixed model of all starters with a score at any of them; ``expected_change_without_effect`` and
        ``corrected_change``;
        ``baseline_change_slope`` (Blomqvist) and ``baseline_change_correlation`` (Oldham), whether those with
        higher scores change more; with ``baseline_cut`` change, expected and corrected change on each side of it;
        with ``durability_days`` ``mean_change_at`` each time and ``back_at_baseline_by``.
        Of edss: medians and change. Of attack_rate: ``rate`` before and after
        (per person-year) and ``rate_ratio``. The tally holds every trajectory, numbered without identifiers.

    Raises
    ------
    ValueError
        If ``outcome`` or ``chosen_by`` is no score, ``drug_class`` no code, or the times are not positive and rising.

    References
    ----------
    Barnett, van der Pols and Dobson 2005 (regression to the mean, doi:10.1093/ije/dyh299); Farrar 2001 (30 % and
    2 points, doi:10.1016/S0304-3959(01)00349-9).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.change_after_start(nc.simulate(n=300, seed=1), drug="tocilizumab")
    >>> answer.definitions["drug"]
    'tocilizumab'
    """
    check_score(outcome)
    check_option("chosen_by", chosen_by, score_names())
    check_times(at_months, at_days, window_days)
    _check_durability(durability_days)
    treatment = treatment_words(drug, drug_class)
    frame = score_visits(registry, outcome=outcome, diagnosis=diagnosis)
    patients = eligible(select_patients(registry, diagnosis=diagnosis))
    started = starters(registry, patients, drug=drug, drug_class=drug_class)
    timed = timed_scores(frame, started, outcome=outcome)
    window: dict[str, Any] = {"at_months": at_months, "window_days": window_days, "at_days": at_days}
    asked = {
        "outcome": outcome,
        **window,
        "baseline_cut": baseline_cut,
        "chosen_by": chosen_by,
        "durability_days": durability_days,
        "diagnosis": diagnosis,
        "conf_level": conf_level,
    }
    pairs = collect(paired_scores(timed, **window), ["patient_id"])
    complete = pairs.dropna(subset=["before", "after"])
    rows, checks = _all_rows(registry, (frame, started, timed), complete, window, asked, seed)
    months = at_months if at_days is None else at_days / DAYS_PER_MONTH
    rates, notes = _rates(registry, started, months, conf_level) if at_days is None else NO_RATES
    when = f"month {at_months:g}" if at_days is None else f"day {at_days}"
    last = max(months * DAYS_PER_MONTH, *durability_days, 0) + window_days
    return finish(
        registry,
        name="change_after_start",
        question=f"Change in {outcome} from the start of {treatment} to {when} in patients who started it, "
        "whatever they took afterwards; not an effect of the treatment, as there is no comparator.",
        rows=rows + rates,
        steps=_steps(registry, started, pairs, complete, treatment, outcome, diagnosis),
        checks=[*checks, *notes, *small_n_check(len(complete)), NO_COMPARATOR],
        tally=_trajectories(collect(timed, ["patient_id", "days_since_start"]), complete, last, at_days),
        definitions={"drug": drug, "drug_class": drug_class, "treatment": treatment, **asked, **FIXED},
    )


def _all_rows(
    registry: Registry,
    frames: tuple[nw.LazyFrame[Any], nw.LazyFrame[Any], nw.LazyFrame[Any]],
    complete: pd.DataFrame,
    window: dict[str, Any],
    asked: dict[str, Any],
    seed: int,
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return every row but the attack rates, from the frames of visits, starters and their scores."""
    frame, started, timed = frames
    outcome, diagnosis, conf_level = asked["outcome"], asked["diagnosis"], asked["conf_level"]
    counted = complete.groupby(["before", "after"])["patient_id"].count().reset_index(name="n")
    found = [_score_rows(counted, outcome, conf_level)]
    if len(complete) >= FEWEST_PAIRS and outcome not in ORDINAL:
        found.append(modelled_rows(visit_grid(timed, **window), outcome, conf_level))
        repeats = untreated_repeats(frame, started, outcome=outcome, **window)
        known: dict[str, Any] = {"cut": asked["baseline_cut"], "conf_level": conf_level}
        chosen_by = asked["chosen_by"]
        if chosen_by == outcome:
            found.append(_own_score_rows(counted, repeats, outcome, seed=seed, **known))
        else:
            beside = scores_beside(registry, complete, repeats, started, score=chosen_by, diagnosis=diagnosis)
            found.append(related_score_rows(*beside, outcome, chosen_by=chosen_by, n=len(complete), **known))
    if days := asked["durability_days"]:
        followed = scores_at(timed, days, window["window_days"])
        found.append(durability_rows(followed, outcome, days, conf_level))
    if outcome not in ORDINAL:
        found.append((_disability_rows(registry, started, diagnosis, window, conf_level), []))
    return [row for rows, _ in found for row in rows], [check for _, checks in found for check in checks]


def check_times(at_months: float, at_days: int | None, window_days: int) -> None:
    """Raise unless the target and its window are usable.

    Raises
    ------
    ValueError
        If a time is not above 0, or a window in days would reach back to the start.

    Examples
    --------
    >>> check_times(12, 10, 60)
    Traceback (most recent call last):
    ValueError: window_days must be below at_days (10), not 60
    """
    if not (at_months > 0 and window_days > 0):
        raise ValueError(f"at_months and window_days must be above 0, not {at_months} and {window_days}")
    if at_days is None:
        return
    if not isinstance(at_days, int) or at_days < 1:
        raise ValueError(f"at_days must be a whole number above 0, not {at_days}")
    if window_days >= at_days:
        raise ValueError(f"window_days must be below at_days ({at_days}), not {window_days}")


def _check_durability(days: tuple[int, ...]) -> None:
    times = list(days)
    if any(not isinstance(when, int) or when < 1 for when in times) or times != sorted(set(times)):
        raise ValueError(f"durability_days must be rising whole days above 0, not {days}")


def treatment_words(drug: str, drug_class: str | None) -> str:
    """Return the treatment in words: the drug, or what the codebook calls the class.

    Raises
    ------
    ValueError
        If the class is no code of treatments.drug_class.

    Examples
    --------
    >>> treatment_words("tens", None), treatment_words("", "b_cell_depletion")
    ('tens', 'any treatment of the class b-cell depletion')
    """
    if drug_class is None:
        return drug
    labels = {code.code: code.en for code in read_codebook()["treatments"].variables["drug_class"].codes}
    check_option("drug_class", drug_class, tuple(labels))
    return f"any treatment of the class {labels[drug_class].lower()}"


def _own_score_rows(
    counted: pd.DataFrame,
    repeats: nw.LazyFrame[Any],
    outcome: str,
    *,
    cut: float | None,
    conf_level: float,
    seed: int,
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the change expected without effect and the rest, where the score of the answer chose the starters."""
    free = tally(repeats, ["first", "second"])
    rows, checks = regression_rows(counted, free, outcome, conf_level=conf_level, seed=seed)
    if cut is None:
        return rows, checks
    first, second, pair_counts = (free[name].to_numpy(dtype=float) for name in ("first", "second", "n"))

    def corrected(part: pd.DataFrame) -> RegressionToTheMean:
        return regression_to_the_mean(
            *_arrays(part), first=first, second=second, pair_counts=pair_counts, conf_level=conf_level, seed=seed
        )

    of_parts, more = baseline_cut_rows(counted, corrected, outcome, cut=cut)
    return [*rows, *of_parts], [*checks, *more]


def _rates(
    registry: Registry, started: nw.LazyFrame[Any], months: float, conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    exposure = collect(attack_exposure(registry, started, months=months), ["patient_id"])
    return rate_rows(exposure, months, conf_level)


def _disability_rows(
    registry: Registry, started: nw.LazyFrame[Any], diagnosis: str, window: dict[str, Any], conf_level: float
) -> list[dict[str, Any]]:
    timed = timed_scores(score_visits(registry, outcome="edss", diagnosis=diagnosis), started, outcome="edss")
    pairs = collect(paired_scores(timed, **window), ["patient_id"]).dropna(subset=["before", "after"])
    return change_rows(_arrays(pairs), "edss", conf_level, ordinal=True)


NO_RATES: tuple[list[dict[str, Any]], list[Check]] = (
    [],
    [("attack rate", "note", "days are too few for a rate: give at_months for it")],
)
NO_COMPARATOR: Check = (
    "comparator",
    "not met",
    "patients on other treatment are not compared here; starting when a score is bad makes it better later by itself",
)


def _arrays(pairs: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    counts = pairs["n"] if "n" in pairs else pd.Series(1, index=pairs.index)
    return (
        pairs["before"].to_numpy(dtype=float),
        pairs["after"].to_numpy(dtype=float),
        counts.to_numpy(dtype=np.int64),
    )


def _score_rows(counted: pd.DataFrame, outcome: str, conf_level: float) -> tuple[list[dict[str, Any]], list[Check]]:
    n = int(counted["n"].sum())
    if n < FEWEST_PAIRS:
        detail = (
            f"{n} starters have the score before and after; {FEWEST_PAIRS} are needed. It takes treatments.start_date, "
            f"and assessments.{outcome} both in the {BASELINE_DAYS} days up to it and near the target"
        )
        return [], [("change", "not assessable", detail)]
    if outcome in ORDINAL:
        rows = change_rows(_arrays(counted), outcome, conf_level, ordinal=True)
        return [row | ({"role": "primary"} if row["role"] == "secondary" else {}) for row in rows], []
    return change_rows(_arrays(counted), outcome, conf_level) + responder_rows(counted, outcome, conf_level), []


def _steps(
    registry: Registry,
    started: nw.LazyFrame[Any],
    pairs: pd.DataFrame,
    complete: pd.DataFrame,
    treatment: str,
    outcome: str,
    diagnosis: str,
) -> list[tuple[str, int, int, str]]:
    """Return the flow from eligible patients over starters to those with both scores."""
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    starts = collect(started.select("patient_id", "start_day"), ["patient_id"])
    dated = int(starts["start_day"].notna().sum())
    no_before = int(pairs["before"].isna().sum())
    left = len(pairs) - no_before
    return [
        *steps,
        (f"ever had {treatment}", len(starts), steps[-1][1] - len(starts), f"never had {treatment}"),
        ("start known", dated, len(starts) - dated, "start of the first course not recorded"),
        (f"any {outcome}", len(pairs), dated - len(pairs), f"{outcome} never recorded"),
        (f"{outcome} before", left, no_before, f"no score in the {BASELINE_DAYS} days up to the start"),
        (f"{outcome} after", len(complete), left - len(complete), "no score near the target time"),
    ]


def _trajectories(timed: pd.DataFrame, complete: pd.DataFrame, last: float, at_days: int | None) -> pd.DataFrame:
    """One row a score of a patient with both, from a year (or the baseline window) before to the end of the window."""
    # Numbered by score, not by identifier, and with days rounded to a tenth of a month.
    by_score = complete.sort_values(["before", "after", "before_days", "after_days"], kind="stable")["patient_id"]
    shown: Mapping[str, int] = {patient: place + 1 for place, patient in enumerate(by_score)}
    days = timed["days_since_start"]
    first = -12 * DAYS_PER_MONTH if at_days is None else -BASELINE_DAYS
    rows = timed[timed["patient_id"].isin(list(shown)) & (days >= first) & (days <= last)]
    return pd.DataFrame(
        {
            "trajectory": rows["patient_id"].map(shown).astype("Int64"),
            "months": (rows["days_since_start"] / DAYS_PER_MONTH).round(1).astype("Float64"),
            "value": rows["score"],
            "period": rows["days_since_start"].le(0).map({True: "before", False: "after"}),
        }
    ).sort_values(["trajectory", "months"], ignore_index=True)
