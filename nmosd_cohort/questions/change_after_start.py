"""Pain, disability and attacks before and after the start of a treatment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from nmosd_cohort.cohort.assessments import SCORES, visits
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
from nmosd_cohort.questions.before_after import change_rows, rate_rows, regression_rows, responder_rows
from nmosd_cohort.questions.modelled_change import modelled_rows, visit_grid
from nmosd_cohort.questions.parts import finish, small_n_check
from nmosd_cohort.statistics.estimate import check_option

if TYPE_CHECKING:
    from collections.abc import Mapping

    import narwhals as nw

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

LOWER_IS_BETTER = ("pain_nrs", "bdi_ii", "bdi_i", "phq9", "hads_d", "ces_d", "fss")
FEWEST_PAIRS = 2


def change_after_start(
    registry: Registry,
    *,
    drug: str = "tocilizumab",
    outcome: str = "pain_nrs",
    at_months: float = 12,
    window_days: int = 60,
    diagnosis: str = "nmosd",
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Change in a score from the start of a drug to a later time in the same patients, whatever they took after.

    A change after start, not an effect: there is no comparator, and patients who start while their pain is
    high would improve without treatment. The expected part of that is estimated where untreated repeats of
    the same registry allow, and called not identifiable where they do not.

    Parameters
    ----------
    registry
        Checked tables.
    drug
        As in treatments.drug; capital letters do not matter. The first course counts.
    outcome
        A score of the assessments table, for example pain_nrs.
    at_months
        Target of the later score, in months of 30.44 days.
    window_days
        The later score lies within this many days of the target. The earlier one is the last in the 90 days
        up to the start.
    diagnosis, conf_level
        As in ``pain_prevalence``.
    seed
        Of the bootstrap limits.

    Returns
    -------
    Result
        Of the outcome: medians and means at both times, ``mean_change``, ``pseudo_median_change``, responders
        (30 %, 50 %, 2 points; those with baseline 0 are not evaluable for a percentage) in all starters and in
        those with baseline of at least 1 and of at least 4, each beside ``no_effect_responders_*``, the share
        expected without any effect; ``modelled_change`` to each of four visits, by a mixed model of all starters
        with a score at any of them; ``expected_change_without_effect`` and ``corrected_change``;
        ``baseline_change_slope`` (Blomqvist) and ``baseline_change_correlation`` (Oldham), whether those with
        higher scores change more.
        Of edss: medians and change. Of attack_rate: ``rate`` before and after
        (per person-year) and ``rate_ratio``. The tally holds every trajectory, numbered without identifiers.

    Raises
    ------
    ValueError
        If ``outcome`` is not a score, or the times are not positive.

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
    check_option("outcome", outcome, SCORES)
    if at_months <= 0 or window_days <= 0:
        raise ValueError(f"at_months and window_days must be above 0, not {at_months} and {window_days}")
    frame = visits(registry, diagnosis=diagnosis)
    started = starters(registry, eligible(select_patients(registry, diagnosis=diagnosis)), drug=drug)
    timed = timed_scores(frame, started, outcome=outcome)
    pairs = collect(paired_scores(timed, at_months=at_months, window_days=window_days), ["patient_id"])
    complete = pairs.dropna(subset=["before", "after"])
    counted = complete.groupby(["before", "after"])["patient_id"].count().reset_index(name="n")
    window: dict[str, Any] = {"at_months": at_months, "window_days": window_days}
    rows, checks = _score_rows(counted, outcome, conf_level)
    if len(complete) >= FEWEST_PAIRS:
        new_rows, new_checks = modelled_rows(visit_grid(timed, **window), outcome, conf_level)
        rows, checks = rows + new_rows, checks + new_checks
    if len(complete) >= FEWEST_PAIRS and outcome in LOWER_IS_BETTER:
        repeats = tally(untreated_repeats(frame, started, outcome=outcome, **window), ["first", "second"])
        new_rows, new_checks = regression_rows(counted, repeats, outcome, conf_level=conf_level, seed=seed)
        rows, checks = rows + new_rows, checks + new_checks
    edss = timed_scores(frame, started, outcome="edss2")
    disability = collect(paired_scores(edss, **window), ["patient_id"]).dropna(subset=["before", "after"])
    disability[["before", "after"]] = disability[["before", "after"]] / 2
    rows += change_rows(_arrays(disability), "edss", conf_level, ordinal=True)
    exposure = collect(attack_exposure(registry, started, months=at_months), ["patient_id"])
    new_rows, new_checks = rate_rows(exposure, at_months, conf_level)
    return finish(
        registry,
        name="change_after_start",
        question=f"Change in {outcome} from the start of {drug} to month {at_months:g} in patients who started it, "
        "whatever they took afterwards; not an effect of the drug, as there is no comparator.",
        rows=rows + new_rows,
        steps=_steps(registry, started, pairs, complete, drug, outcome, diagnosis),
        checks=[*checks, *new_checks, *small_n_check(len(complete)), NO_COMPARATOR],
        tally=_trajectories(collect(timed, ["patient_id", "days_since_start"]), complete, at_months, window_days),
        definitions={
            "drug": drug,
            "outcome": outcome,
            **window,
            "baseline": f"last score in the {BASELINE_DAYS} days up to the start",
            "estimand": "treatment policy: whatever was taken afterwards",
            "diagnosis": diagnosis,
            "conf_level": conf_level,
            "denominator": "with a score before and after",
        },
    )


NO_COMPARATOR: Check = (
    "comparator",
    "not met",
    "patients on other treatment are not compared here; selection at high pain alone makes scores fall",
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
        detail = f"{n} starters have the score before and after; {FEWEST_PAIRS} are needed"
        return [], [("change", "not assessable", detail)]
    rows = change_rows(_arrays(counted), outcome, conf_level)
    if outcome in LOWER_IS_BETTER:
        rows += responder_rows(counted, outcome, conf_level)
    return rows, []


def _steps(
    registry: Registry,
    started: nw.LazyFrame[Any],
    pairs: pd.DataFrame,
    complete: pd.DataFrame,
    drug: str,
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
        (f"ever had {drug}", len(starts), steps[-1][1] - len(starts), f"never had {drug}"),
        ("start known", dated, len(starts) - dated, "start of the first course not recorded"),
        (f"any {outcome}", len(pairs), dated - len(pairs), f"{outcome} never recorded"),
        (f"{outcome} before", left, no_before, f"no score in the {BASELINE_DAYS} days up to the start"),
        (f"{outcome} after", len(complete), left - len(complete), "no score near the target time"),
    ]


def _trajectories(timed: pd.DataFrame, complete: pd.DataFrame, at_months: float, window_days: int) -> pd.DataFrame:
    """One row a score of a patient with both scores, from a year before start to the end of the window."""
    # Numbered by score, not by identifier, and with days rounded to a tenth of a month.
    by_score = complete.sort_values(["before", "after", "before_days", "after_days"], kind="stable")["patient_id"]
    shown: Mapping[str, int] = {patient: place + 1 for place, patient in enumerate(by_score)}
    last = at_months * DAYS_PER_MONTH + window_days
    days = timed["days_since_start"]
    rows = timed[timed["patient_id"].isin(list(shown)) & (days >= -12 * DAYS_PER_MONTH) & (days <= last)]
    return pd.DataFrame(
        {
            "trajectory": rows["patient_id"].map(shown).astype("Int64"),
            "months": (rows["days_since_start"] / DAYS_PER_MONTH).round(1).astype("Float64"),
            "value": rows["score"],
            "period": rows["days_since_start"].le(0).map({True: "before", False: "after"}),
        }
    ).sort_values(["trajectory", "months"], ignore_index=True)
