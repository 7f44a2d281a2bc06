"""A change after a start under four strategies for what happened in between, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from nmosd_cohort.codebook import read_codebook
from nmosd_cohort.cohort.assessments import visits
from nmosd_cohort.cohort.attack_exposure import has_dated_attacks, treated_patients
from nmosd_cohort.cohort.event_scores import event_scores
from nmosd_cohort.cohort.intercurrent import EVENTS, events_after_start, last_clean_days
from nmosd_cohort.cohort.selection import eligibility_steps, eligible, select_patients
from nmosd_cohort.cohort.tally import collect, tally
from nmosd_cohort.cohort.treatment import DAYS_PER_MONTH, starters, timed_scores, untreated_repeats
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import counted_steps, estimate_row, finish, small_n_check
from nmosd_cohort.questions.strategy_rows import hypothetical_rows, observed_rows
from nmosd_cohort.statistics.estimate import check_conf_level, check_option
from nmosd_cohort.statistics.ranks.median_and_shift import median
from nmosd_cohort.statistics.shares.proportions import proportion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.questions.strategy_rows import Rule
    from nmosd_cohort.result import Result

SCORES = ("pain_nrs", "bdi_ii", "bdi_i", "phq9", "hads_d", "ces_d", "fss")
FAILURES = tuple(event for event in EVENTS if event != "steroid_taper")
ANY = "any_event"
NO_ATTACKS: Check = (
    "attacks among the events",
    "not assessable",
    "the table attacks holds no attack with a date; attacks are left out of the events; needed is attacks.attack_date",
)


@checked
def intercurrent_events(
    registry: Registry,
    *,
    drug: str = "tocilizumab",
    outcome: str = "pain_nrs",
    at_months: float = 12,
    window_days: int = 60,
    events: Sequence[str] = EVENTS,
    failures: Sequence[str] = FAILURES,
    rule: Rule = "pct30",
    diagnosis: str = "nmosd",
    conf_level: float = 0.95,
    n_imputations: int | None = None,
    seed: int = 0,
) -> Result:
    """Change in a score from the start of a drug to a later time, under four ways of handling what came in between.

    Treatment policy takes the later score whatever happened. Composite counts a failure as no response and no fall.
    Hypothetical asks what the score would have been had no event happened. While on treatment takes the last score
    before the event. They answer different questions: where they differ, the change is not the drug's alone.

    Parameters
    ----------
    registry
        Checked tables.
    drug
        As in treatments.drug; capital letters do not matter. The first known start counts.
    outcome
        A score on which lower is better, for example pain_nrs.
    at_months, window_days
        Target of the later score and its window, as in ``change_after_start``.
    events
        Which count: ``rescue_analgesic`` (a drug against pain begun or raised), ``steroid_taper`` (a corticosteroid
        stopped or lowered), ``acute_treatment``, ``attack``, ``drug_stop``, ``death``.
    failures
        Which of these the composite strategy counts as failure; by default all but a steroid taper.
    rule
        Responder: ``pct30``, ``pct50`` or ``abs2``.
    diagnosis, conf_level
        As in ``pain_prevalence``.
    n_imputations
        At least 2; None takes one for each per cent of incomplete patients, at least 20 and at most 40.
    seed
        Of the imputations.

    Returns
    -------
    Result
        ``mean_change`` and responders with ``level`` the strategy (treatment policy is primary); ``corrected_change``,
        beyond regression to the mean, under treatment policy and hypothetical where untreated repeats allow it;
        ``mean_change`` with imputed scores raised. Of intercurrent_event: ``event_share`` and ``event_median_day``
        of each event up to the end of the window. The tally counts pairs of scores by strategy.

    Raises
    ------
    ValueError
        If an option is not allowed, or the times are not positive.
    TypeError
        If it is no registry.

    References
    ----------
    ICH E9(R1) 2019, addendum on estimands; Rubin 1987; Cro, Morris, Kenward and Carpenter 2020
    (doi:10.1002/sim.8569); Barnett, van der Pols and Dobson 2005 (doi:10.1093/ije/dyh299); Farrar 2001
    (doi:10.1016/S0304-3959(01)00349-9).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.intercurrent_events(nc.simulate(n=300, seed=1), drug="tocilizumab")
    >>> changes = answer.estimates[answer.estimates["measure"] == "mean_change"]
    >>> sorted(set(changes["level"]))
    ['composite', 'hypothetical', 'treatment_policy', 'while_on_treatment']
    """
    level = check_conf_level(conf_level)
    kinds, failing = _check_options(outcome, events, failures, rule, at_months, window_days)
    if n_imputations is not None and n_imputations < 2:
        raise ValueError(f"n_imputations is {n_imputations}; it must be 2 or more, or None")
    unknown = [] if has_dated_attacks(registry) or "attack" not in kinds else [NO_ATTACKS]
    if unknown:  # an attack that nobody recorded is not one that did not happen
        kinds, failing = (tuple(event for event in named if event != "attack") for named in (kinds, failing))
    frame = visits(registry, diagnosis=diagnosis)
    started = starters(registry, eligible(select_patients(registry, diagnosis=diagnosis)), drug=drug)
    people = treated_patients(registry, drug=drug, diagnosis=diagnosis)
    happened = events_after_start(registry, people, drug=drug)
    scores = collect(timed_scores(frame, started, outcome=outcome), ["patient_id", "days_since_start"])
    window: dict[str, Any] = {"at_months": at_months, "window_days": window_days}
    clean, failed = last_clean_days(happened, kinds), last_clean_days(happened, failing)
    rows = event_scores(people, scores, clean, failed, **window)
    rows = rows.merge(people[["patient_id", "age_years", "is_aqp4_positive"]], on="patient_id", how="left")
    repeats = tally(untreated_repeats(frame, started, outcome=outcome, **window), ["first", "second"])
    found, checks = _event_rows(rows, happened, kinds, at_months * DAYS_PER_MONTH + window_days, level)
    new_rows, new_checks = _strategies(rows, repeats, outcome, rule, level, seed, n_imputations)
    return finish(
        registry,
        name="intercurrent_events",
        question=f"Change in {outcome} from the start of {drug} to month {at_months:g} under four strategies for "
        "rescue drugs, steroid tapers, attacks, stops and deaths; not an effect, as there is no comparator.",
        rows=[*new_rows, *found],
        steps=_steps(registry, people, rows, drug, outcome, diagnosis),
        checks=[
            *new_checks,
            *checks,
            *(unknown if len(rows) else []),
            *small_n_check(len(rows.dropna(subset="after"))),
        ],
        tally=_pairs(rows),
        definitions={
            "drug": drug,
            "outcome": outcome,
            **window,
            "events": ", ".join(kinds),
            "failures": ", ".join(failing),
            "responder": rule,
            "diagnosis": diagnosis,
            "conf_level": level,
            "seed": seed,
            "denominator": "see each row: the strategies count different patients",
        },
    )


def _check_options(
    outcome: str, events: Sequence[str], failures: Sequence[str], rule: str, at_months: float, window_days: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the events and, of them, the failures."""
    check_option("outcome", outcome, SCORES)
    check_option("rule", rule, ("pct30", "pct50", "abs2"))
    for name, chosen in (("events", events), ("failures", failures)):
        for event in chosen:
            check_option(name, event, EVENTS)
    if at_months <= 0 or window_days <= 0:
        raise ValueError(f"at_months and window_days must be above 0, not {at_months} and {window_days}")
    kinds = tuple(event for event in EVENTS if event in events)
    if not kinds:
        raise ValueError(f"events is empty; name at least one of {', '.join(EVENTS)}")
    return kinds, tuple(event for event in kinds if event in failures)


def _strategies(
    rows: pd.DataFrame,
    repeats: pd.DataFrame,
    outcome: str,
    rule: Rule,
    conf_level: float,
    seed: int,
    n_imputations: int | None,
) -> tuple[list[dict[str, Any]], list[Check]]:
    n = int(rows["after"].notna().sum())
    if n < 2:
        detail = f"{n} starters have {outcome} before and after the start; needed are assessments.{outcome} and dates"
        return [], [("change", "not assessable", detail)]
    variable = read_codebook()["assessments"].variables[outcome]
    limits = (float(variable.min or 0), float(variable.max or 10))
    options: dict[str, Any] = {"rule": rule, "conf_level": conf_level}
    found, checks = observed_rows(rows, outcome, **options)
    options |= {"seed": seed, "n_imputations": n_imputations}
    more, new_checks = hypothetical_rows(rows, repeats, outcome, limits=limits, **options)
    return found + more, checks + new_checks


def _event_rows(
    rows: pd.DataFrame, happened: pd.DataFrame, kinds: Sequence[str], last_day: float, conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return how many starters had each event up to the end of the window, and when."""
    n = len(rows)
    if n == 0 or not kinds:
        return [], []
    own = happened[happened["patient_id"].isin(rows["patient_id"]) & (happened["since_start"] <= last_day)]
    chosen = own[own["event"].isin(kinds)]
    first = chosen.groupby("patient_id", as_index=False)["since_start"].min().assign(event=ANY)
    labels = {"outcome": "intercurrent_event", "group": "event", "role": "description"}
    labels["denominator"] = "starters with a score before"
    found = []
    for event in (*kinds, ANY):
        days = pd.concat([chosen, first]).query("event == @event")["since_start"]
        share = proportion(len(days), n, conf_level=conf_level)
        found.append(estimate_row(share, measure="event_share", level=event, unit="share", **labels))
        if len(days):
            middle = median(days.to_numpy(dtype=float), conf_level=conf_level)
            row = estimate_row(middle, measure="event_median_day", level=event, unit="days", **labels)
            found.append(row | {"method": f"{row['method']}; first on day {days.min():.0f}"})
    left = int((~rows["is_followed"]).sum())
    detail = (
        "an event that was not recorded counts as none; drugs and attacks come from the tables treatments and "
        f"attacks; {left} of {n} were not seen until the window, and what happened later to them is not known"
    )
    return found, [("events recorded", "note", detail)]


def _steps(
    registry: Registry, people: pd.DataFrame, rows: pd.DataFrame, drug: str, outcome: str, diagnosis: str
) -> list[tuple[str, int, int, str]]:
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    counts = [
        (f"ever had {drug}", len(people), f"never had {drug}"),
        ("start known", int(people["start_day"].notna().sum()), "start of the drug not recorded"),
        (f"{outcome} before", len(rows), "no score in the 90 days up to the start"),
        (f"{outcome} after", int(rows["after"].notna().sum()), "no score near the target time"),
    ]
    return steps + counted_steps(steps[-1][1], counts)


def _pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Count pairs of scores under each strategy that takes scores as they are."""
    parts = [
        rows.dropna(subset=[column])
        .groupby(["before", column])
        .size()
        .rename("n")
        .reset_index()
        .rename(columns={column: "later"})
        .assign(strategy=strategy)
        for strategy, column in (("treatment_policy", "after"), ("while_on_treatment", "last_clean"))
    ]
    counted = pd.concat(parts, ignore_index=True)
    return counted[["strategy", "before", "later", "n"]].astype({"n": "Int64"})
