"""Pain that begins or worsens: with an attack, apart from any, or not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from nmosd_cohort.cohort.arguments import check_registry
from nmosd_cohort.cohort.attack_exposure import with_undated_attack
from nmosd_cohort.cohort.attacks import distinct_attacks
from nmosd_cohort.cohort.pain_events import (
    CLASSES,
    KINDS,
    Rise,
    classify,
    mri_around,
    pain_answers,
    pain_events,
    rises,
    with_surroundings,
)
from nmosd_cohort.cohort.risk_time import assessed_pairs, observed_years, risk_stretches
from nmosd_cohort.cohort.selection import eligibility_steps, select_patients
from nmosd_cohort.cohort.tally import collect
from nmosd_cohort.questions.attribution_rows import (
    INDEPENDENT,
    RISES,
    agreement_rows,
    definition_name,
    multiverse_rows,
    rate_rows,
    self_controlled_rows,
    share_rows,
)
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import finish, small_n_check
from nmosd_cohort.statistics.estimate import check_conf_level, check_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

NOT_ASSESSABLE = (
    "no onset of pain and no two pain scores: needs pain.onset_date, or assessments.pain_nrs or has_pain twice"
)
LIMITS: tuple[Check, ...] = (
    (
        "events dated exactly",
        "not met",
        "a worsening is dated by the assessment that shows it and began at some time since the one before: a short "
        "window misses attacks between the two",
    ),
    (
        "onset and worsening apart",
        "note",
        "a rise from no pain is both; the two kinds of event are never added up",
    ),
    (
        "events leave exposure and observation alone",
        "not assessable",
        "the relative incidence assumes that worse pain changes neither later attacks nor how long a patient is "
        "observed; a death or drop-out because of pain would bias it",
    ),
    (
        "assessments independent of attacks",
        "not met",
        "attacks prompt assessments, and a worsening is only seen at one: the ratio per observed time is too high by "
        "that, the ratio per assessment is not",
    ),
)


@checked
def relapse_attribution(
    registry: Registry,
    *,
    window_days: Sequence[int] = (30, 60, 90),
    lead_days: int = 7,
    needs_mri: bool = False,
    rise: Rise = "2_points",
    diagnosis: str = "nmosd",
    conf_level: float = 0.95,
) -> Result:
    """Share of onsets and of worsenings of pain that come with an attack, apart from one, or cannot be told.

    Parameters
    ----------
    registry
        Checked tables.
    window_days
        Windows in days. The first is that of the primary definition, the others belong to the multiverse. An
        attack that began at most so many days before the event makes it attack-related; a cord MRI counts at most
        so many days before or after it.
    lead_days
        An attack that begins at most so many days after the event counts too, as pain may herald it.
    needs_mri
        Whether, in the primary definition, only a stable MRI makes an event independent.
    rise
        ``2_points`` or ``30_percent`` (and at least 1 point) since the assessment before, in the primary definition.
    diagnosis, conf_level
        As in ``pain_prevalence``.

    Returns
    -------
    Result
        Outcomes onset and worsening. ``share_of_events`` by attribution (attack_related; independent_stable_mri: no
        attack, and a cord MRI without a lesion that is new against the last MRI before; independent_mri_unknown;
        undetermined: undated, no attack of the patient on record, last contact before the window ends, or a new
        lesion without an attack), in the primary definition and, as sensitivity, in every other cell of windows,
        MRI required or not, and rise rule. ``agreement_with_centre``: of onsets that the centre judged.
        ``event_rate`` per person-year between first and last assessment. ``relative_incidence`` of a worsening in
        the first window after an attack against other time of the same patients, per assessment and per time.

    Raises
    ------
    ValueError
        If a window is not above 0, ``lead_days`` is negative, or an option is not one of those listed.

    References
    ----------
    Liang and Zeger 1986 (doi:10.1093/biomet/73.1.13); Farrington 1995, Biometrics 51:228; Petersen, Douglas and
    Whitaker 2016 (doi:10.1136/bmj.i4515).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> answer = nc.relapse_attribution(nc.simulate(n=200, seed=1))
    >>> answer.estimates["level"].unique().tolist()[:4]
    ['attack_related', 'independent_stable_mri', 'independent_mri_unknown', 'undetermined']
    """
    windows = _checked(registry, window_days, lead_days, rise, conf_level)
    answers = pain_answers(registry, diagnosis=diagnosis)
    by_rise = {}
    for rule in RISES:
        found = pain_events(registry, answers, rise=rule, diagnosis=diagnosis)
        placed = with_surroundings(registry, found, answers, lead_days=lead_days, diagnosis=diagnosis)
        by_rise[rule] = (placed, mri_around(registry, placed))
    classified = classify(*by_rise[rise], window_days=windows[0], lead_days=lead_days, needs_mri=needs_mri)
    primary = "; ".join(definition_name(windows[0], needs_mri, rise, kind) for kind in KINDS)
    rows = share_rows(classified, f"attack in {windows[0]} days", conf_level)
    rows += multiverse_rows(by_rise, windows=windows, lead_days=lead_days, primary=primary, conf_level=conf_level)
    checks = [*LIMITS] if len(classified) else [("attribution", "not assessable", NOT_ASSESSABLE)]
    if len(classified):
        more, new_checks = _other_rows(registry, answers, classified, rise, windows[0], conf_level)
        rows, checks = rows + more, checks + new_checks
    return finish(
        registry,
        name="relapse_attribution",
        question="Share of onsets of pain, and of worsenings of the pain score, that come with an attack "
        f"(begun at most {windows[0]} days before or {lead_days} days after), apart from one, or cannot be told.",
        rows=rows,
        steps=_steps(registry, answers, classified, diagnosis),
        checks=[
            *checks,
            *_undetermined(classified),
            *_undated(registry, classified),
            *small_n_check(classified["patient_id"].nunique()),
        ],
        tally=classified.groupby(["event", "class", "reason"]).size().reset_index(name="n"),
        definitions={
            "window_days": list(windows),
            "lead_days": lead_days,
            "needs_mri": needs_mri,
            "rise": rise,
            "primary_definition": primary,
            "diagnosis": diagnosis,
            "conf_level": conf_level,
            "denominator": "events, nested in patients",
        },
    )


def _checked(
    registry: Registry, window_days: Sequence[int], lead_days: int, rise: str, conf_level: float
) -> tuple[int, ...]:
    check_registry(registry)
    check_option("rise", rise, RISES)
    check_conf_level(conf_level)
    windows = tuple(dict.fromkeys((window_days,) if isinstance(window_days, int) else window_days))
    if not windows or min(windows) <= 0:
        raise ValueError(f"window_days is {window_days!r}; it must be numbers of days above 0, for example (30, 60)")
    if lead_days < 0:
        raise ValueError(f"lead_days is {lead_days}; it must be 0 or more")
    return windows


def _other_rows(
    registry: Registry, answers: pd.DataFrame, classified: pd.DataFrame, rise: Rise, window: int, conf_level: float
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return agreement with the centre, rates, and the self-controlled ratios."""
    rows, checks = agreement_rows(classified, conf_level)
    spans = observed_years(answers)
    more, new_checks = rate_rows(classified, spans, conf_level)
    attacks = collect(distinct_attacks(registry).select("patient_id", "attack_day"), ["patient_id", "attack_day"])
    pairs = assessed_pairs(answers, attacks, rises(answers, rise), window_days=window)
    if pairs["exposed"].sum() == 0:
        detail = (
            f"no pain score within {window} days after an attack, with an earlier one: needs attacks.attack_date and "
            "assessments.pain_nrs"
        )
        return rows + more, [*checks, *new_checks, ("relative incidence", "not assessable", detail)]
    ratios = self_controlled_rows(pairs, by="assessment", role="secondary", conf_level=conf_level)
    worse = classified[classified["event"] == "worsening"]
    stretches = risk_stretches(spans[spans["years"] > 0], attacks, worse, window_days=window)
    ratios += self_controlled_rows(stretches, by="observed time", role="sensitivity", conf_level=conf_level)
    return rows + more + ratios, checks + new_checks


def _steps(
    registry: Registry, answers: pd.DataFrame, classified: pd.DataFrame, diagnosis: str
) -> list[tuple[str, int, int, str]]:
    steps = eligibility_steps(select_patients(registry, diagnosis=diagnosis))
    left = steps[-1][1]
    known = set(answers.loc[answers["has_pain"].notna() | answers["pain_nrs"].notna(), "patient_id"])
    known |= set(classified["patient_id"])
    n = classified["patient_id"].nunique()
    return [
        *steps,
        ("pain on record", len(known), left - len(known), "never asked about pain, and no episode on record"),
        ("with an onset or a worsening", n, len(known) - n, "no onset and no worsening of pain on record"),
    ]


def _undated(registry: Registry, classified: pd.DataFrame) -> list[Check]:
    """Return how many events are called independent although an attack of the patient has no date."""
    apart = classified[classified["class"].isin(INDEPENDENT)]
    n = int(apart["patient_id"].isin(with_undated_attack(registry)).sum())
    detail = f"{n} events called independent are of patients who also have an attack without a date"
    return [("every attack dated", "not met", detail)] if n else []


def _undetermined(classified: pd.DataFrame) -> list[Check]:
    """Return why events could not be told, one line a kind."""
    checks: list[Check] = []
    for kind in KINDS:
        own = classified[(classified["event"] == kind) & (classified["class"] == CLASSES[-1])]
        if len(own):
            why = ", ".join(f"{reason} {n}" for reason, n in own["reason"].value_counts().items())
            checks.append((f"every {kind} classified", "not met", f"{len(own)} undetermined: {why}"))
    return checks
