"""Before and after the start of a treatment: pairs of scores, untreated repeats, and attacks with person-time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import narwhals as nw

from nmosd_cohort.codebook import DAYS_PER_YEAR
from nmosd_cohort.cohort.attacks import distinct_attacks
from nmosd_cohort.cohort.tally import day, lazy

if TYPE_CHECKING:
    from nmosd_cohort.intake.registry import Registry

DAYS_PER_MONTH = DAYS_PER_YEAR / 12
BASELINE_DAYS = 90
LONG_AGO = -1_000_000  # a day before all days


def starters(
    registry: Registry, patients: nw.LazyFrame[Any], *, drug: str = "", drug_class: str | None = None
) -> nw.LazyFrame[Any]:
    """One row an eligible patient who ever had the drug, with the day of the first start (missing if unknown).

    With ``drug_class`` any drug, device or cell therapy of that class counts, and ``drug`` is not read.
    """
    named = (
        nw.col("drug").str.to_lowercase() == drug.strip().lower()
        if drug_class is None
        else nw.col("drug_class") == drug_class
    )
    courses = lazy(registry.tables["treatments"]).filter(named)
    first = courses.with_columns(start_day=day("start_date")).group_by("patient_id").agg(nw.col("start_day").min())
    return first.select("patient_id", nw.col("start_day").cast(nw.Int64)).join(patients, on="patient_id", how="inner")


def timed_scores(visits: nw.LazyFrame[Any], started: nw.LazyFrame[Any], *, outcome: str) -> nw.LazyFrame[Any]:
    """One row a score of a starter: days_since_start (0 or less is before treatment) and the score."""
    scores = visits.select("patient_id", "assessment_day", score=nw.col(outcome)).filter(~nw.col("score").is_null())
    starts = started.select("patient_id", "start_day").filter(~nw.col("start_day").is_null())
    return scores.join(starts, on="patient_id", how="inner").select(
        "patient_id", "score", days_since_start=nw.col("assessment_day") - nw.col("start_day")
    )


def target_day(at_months: float, at_days: int | None = None) -> int:
    """Return the target of the later score in days from the start; ``at_days`` counts where it is given.

    Examples
    --------
    >>> target_day(12), target_day(12, at_days=10)
    (365, 10)
    """
    return round(at_months * DAYS_PER_MONTH) if at_days is None else at_days


def paired_scores(
    timed: nw.LazyFrame[Any], *, at_months: float, window_days: int, at_days: int | None = None
) -> nw.LazyFrame[Any]:
    """One row a starter with any score: the score before start and the one nearest the target, missing where none is.

    Returns
    -------
    narwhals.LazyFrame
        patient_id, before (last score in the 90 days up to the start), before_days, after (score nearest to
        ``at_months``, or to ``at_days`` if given, at most ``window_days`` away; of two equally near the earlier),
        after_days.
    """
    target = target_day(at_months, at_days)
    since = nw.col("days_since_start")
    before = timed.filter((since <= 0) & (since >= -BASELINE_DAYS)).filter(since == since.max().over("patient_id"))
    # Twice the distance, plus one for the later side, so that two equally near scores never tie.
    near = timed.with_columns(distance=(since - target).abs() * 2 + (since > target).cast(nw.Int64))
    near = near.filter((nw.col("distance") <= 2 * window_days + 1) & (since > 0))
    near = near.filter(nw.col("distance") == nw.col("distance").min().over("patient_id"))
    pairs = timed.select("patient_id").unique()
    pairs = pairs.join(
        before.select("patient_id", before=nw.col("score"), before_days=since), on="patient_id", how="left"
    )
    return pairs.join(near.select("patient_id", after=nw.col("score"), after_days=since), on="patient_id", how="left")


def untreated_repeats(
    visits: nw.LazyFrame[Any],
    started: nw.LazyFrame[Any],
    *,
    outcome: str,
    at_months: float,
    window_days: int,
    at_days: int | None = None,
) -> nw.LazyFrame[Any]:
    """One row an eligible patient with two scores that far apart while never on the drug: both, and the first day.

    For a starter both scores lie before the baseline window, so that neither was chosen by the start. The
    earliest such pair of a patient counts.
    """
    scores = visits.select("patient_id", "assessment_day", score=nw.col(outcome)).filter(~nw.col("score").is_null())
    # A start of unknown date makes every score of that patient possibly treated; it is put before all of them.
    starts = started.select("patient_id", start_day=nw.col("start_day").fill_null(LONG_AGO))
    scores = scores.join(starts, on="patient_id", how="left")
    free = (nw.col("assessment_day") < nw.col("start_day") - BASELINE_DAYS).fill_null(True)
    scores = scores.filter(free).drop("start_day")
    pairs = scores.join(scores, on="patient_id", how="inner", suffix="_second")
    gap = nw.col("assessment_day_second") - nw.col("assessment_day")
    target = target_day(at_months, at_days)
    pairs = pairs.filter((gap > 0) & (gap >= target - window_days) & (gap <= target + window_days))
    for column in ("assessment_day", "assessment_day_second"):
        pairs = pairs.filter(nw.col(column) == nw.col(column).min().over("patient_id"))
    return pairs.select(
        "patient_id", first_day=nw.col("assessment_day"), first=nw.col("score"), second=nw.col("score_second")
    )


def attack_exposure(registry: Registry, started: nw.LazyFrame[Any], *, months: float) -> nw.LazyFrame[Any]:
    """One row a starter with known start: attacks and person-years in the ``months`` before and after it.

    Time before runs from the start minus ``months``, or from disease onset (else entry) if that is later;
    the attack that marks the onset itself is not counted. Time after ends at last contact. An attack on the
    day of the start counts as before.

    Returns
    -------
    narwhals.LazyFrame
        patient_id, events_before, years_before, events_after, years_after (years missing where unknown).
    """
    span = round(months * DAYS_PER_MONTH)
    known = started.filter(~nw.col("start_day").is_null()).with_columns(
        from_day=nw.max_horizontal(
            nw.coalesce("onset_day", "entry_day", nw.col("start_day") - span), nw.col("start_day") - span
        ),
        to_day=nw.min_horizontal("last_contact_day", nw.col("start_day") + span),
    )
    attacks = known.select("patient_id", "start_day", "from_day", "to_day").join(
        distinct_attacks(registry), on="patient_id", how="inner"
    )
    when = nw.col("attack_day")
    counts = (
        attacks.with_columns(
            is_before=((when > nw.col("from_day")) & (when <= nw.col("start_day"))).cast(nw.Int64),
            is_after=((when > nw.col("start_day")) & (when <= nw.col("to_day"))).cast(nw.Int64),
        )
        .group_by("patient_id")
        .agg(nw.col("is_before").sum(), nw.col("is_after").sum())
    )
    return known.join(counts, on="patient_id", how="left").select(
        "patient_id",
        events_before=nw.col("is_before").cast(nw.Int64).fill_null(0),
        years_before=(nw.col("start_day") - nw.col("from_day")) / DAYS_PER_YEAR,
        events_after=nw.col("is_after").cast(nw.Int64).fill_null(0),
        years_after=nw.when(~nw.col("last_contact_day").is_null()).then(
            (nw.col("to_day") - nw.col("start_day")) / DAYS_PER_YEAR
        ),
    )


def on_drug_class(registry: Registry, index: nw.LazyFrame[Any], *, drug_class: str) -> nw.LazyFrame[Any]:
    """One row a patient with a course of the class open on the index day; an unknown start or stop counts as open."""
    courses = lazy(registry.tables["treatments"]).filter(nw.col("drug_class") == drug_class)
    spans = courses.select("patient_id", start_day=day("start_date"), stop_day=day("stop_date"))
    pairs = index.select("patient_id", "assessment_day").join(spans, on="patient_id", how="inner")
    is_open = (nw.col("start_day") <= nw.col("assessment_day")).fill_null(True) & (
        nw.col("stop_day") >= nw.col("assessment_day")
    ).fill_null(True)
    return pairs.filter(is_open).select("patient_id").unique()
