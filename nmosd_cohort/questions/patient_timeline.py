"""One patient on one time axis: pain, numbness, strength, drugs with doses, MRI, laboratory values and attacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import narwhals as nw

from nmosd_cohort.cohort.tally import lazy
from nmosd_cohort.cohort.timeline import Zero, timeline_events
from nmosd_cohort.questions.checked import checked
from nmosd_cohort.questions.parts import estimate_row, finish
from nmosd_cohort.statistics.estimate import check_option
from nmosd_cohort.statistics.ranks.median_and_shift import hodges_lehmann_shift, median
from nmosd_cohort.statistics.ranks.superiority import probability_superiority

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.intake.registry import Registry
    from nmosd_cohort.questions.parts import Check
    from nmosd_cohort.result import Result

OUTCOMES = ("pain_nrs", "edss")  # of both a lower score is better
FEWEST_SCORES = 3
CHANGE = "change within the patient"


@checked
def patient_timeline(
    registry: Registry,
    *,
    patient_id: str,
    zero: Zero = "onset",
    drug: str | None = None,
    outcome: str = "pain_nrs",
    conf_level: float = 0.95,
    seed: int = 0,
) -> Result:
    """Every recorded event of one patient on one time axis; with a drug, the change of a score at its start.

    Parameters
    ----------
    registry
        Checked tables.
    patient_id
        Whose timeline. It does not reach the Result, nor does a calendar date.
    zero
        Day 0: ``onset`` of the disease, ``first_attack``, ``last_attack`` or ``drug_start``.
    drug
        Drug whose start divides the scores into before (the day of the start counts as before) and after.
    outcome
        pain_nrs or edss.
    conf_level
        Coverage of the limits.
    seed
        Of the permutations of the comparison within the patient.

    Returns
    -------
    Result
        ``tally``: one row an event with lane, kind, label, start_days, end_days, value, value_high, unit
        and note.
        Estimates only with a drug and three scores or more on both sides of its start: medians,
        ``hodges_lehmann_shift`` (after less before), and ``non_overlap`` (share of all pairs of a score before
        and a score after in which the later one is lower, ties half), with p by permutation. Their n counts scores
        of one patient, not patients. With fewer scores there is no estimate and a check gives the counts. Scores
        that were recorded as a range are drawn and not computed with.

    Raises
    ------
    ValueError
        If the patient is not in the registry, an option is not one of those listed, or ``zero`` is
        ``drug_start`` without a drug.

    References
    ----------
    Parker and Vannest 2009 (non-overlap of all pairs, doi:10.1016/j.beth.2008.10.006).

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> registry = nc.simulate(n=20, seed=1)
    >>> first = registry.tables["patients"]["patient_id"].iloc[0]
    >>> answer = nc.patient_timeline(registry, patient_id=first)
    >>> "attacks" in set(answer.tally["lane"]), len(answer.estimates)
    (True, 0)
    """
    check_option("zero", zero, get_args(Zero))
    check_option("outcome", outcome, OUTCOMES)
    if zero == "drug_start" and drug is None:
        raise ValueError('zero is "drug_start"; name the drug too, for example drug="tocilizumab"')
    n = _patients(registry, patient_id)
    events, is_known = timeline_events(registry, patient_id=patient_id, zero=zero, drug=drug)
    rows, checks = _change(events, drug, outcome, conf_level, seed)
    return finish(
        registry,
        name="patient_timeline",
        question="Everything recorded of one patient, in days since day zero"
        + (f"; {outcome} before and after the start of {drug}." if drug else "."),
        rows=rows,
        steps=[("patients in the registry", n, 0, ""), ("the patient asked for", 1, n - 1, "not the one asked for")],
        checks=[_zero_check(zero, is_known), *_undated_checks(events), *checks],
        tally=events,
        definitions={"zero": zero, "drug": drug, "outcome": outcome, "conf_level": conf_level},
    )


def _patients(registry: Registry, patient_id: str) -> int:
    """Return how many patients there are; raise if the one asked for is not among them."""
    patients = lazy(registry.tables["patients"])
    counts = patients.select(n=nw.len(), found=(nw.col("patient_id") == str(patient_id)).cast(nw.Int64).sum()).collect(
        backend="pyarrow"
    )
    n, found = (int(counts[name][0] or 0) for name in ("n", "found"))
    if not found:
        raise ValueError(f"no patient with this patient_id among the {n} of the registry")
    return n


def _zero_check(zero: Zero, is_known: bool) -> Check:
    what = {
        "onset": "onset of the disease (patients.onset_date)",
        "first_attack": "first attack (attacks.attack_date)",
        "last_attack": "last attack (attacks.attack_date)",
        "drug_start": "first start of the drug (treatments.start_date)",
    }[zero]
    if is_known:
        return "day zero", "met", what
    return "day zero", "not met", f"{what} is not recorded: the first event with a date is day 0"


def _undated_checks(events: pd.DataFrame) -> list[Check]:
    """Say how many events have no date and how many scores are ranges or words."""
    checks: list[Check] = []
    if n := int(events["start_days"].isna().sum()):
        checks.append(
            ("every event has a date", "not met", f"{n} of {len(events)} events have none: listed, not placed")
        )
    if n := int((events["kind"] == "score_range").sum()):
        checks.append(("scores are single numbers", "note", f"{n} recorded as a range: drawn, not computed with"))
    return checks


def _change(
    events: pd.DataFrame, drug: str | None, outcome: str, conf_level: float, seed: int
) -> tuple[list[dict[str, Any]], list[Check]]:
    """Return the comparison of the scores before and after the start, or the counts that are too few for it."""
    if drug is None:
        return [], []
    is_drug = (events["lane"] == "drugs") & (events["label"].str.lower() == drug.strip().lower())
    starts = events.loc[is_drug, "start_days"].dropna()
    if starts.empty:
        reason = "treatments.start_date is blank" if is_drug.any() else "no course of it in treatments.drug"
        return [], [(CHANGE, "not assessable", f"start of {drug} not recorded: {reason}")]
    scores = events[(events["kind"] == "score") & (events["label"] == outcome)]
    is_before = scores["start_days"] <= starts.min()
    before, after = (scores.loc[side, "value"].to_numpy(dtype=float) for side in (is_before, ~is_before))
    counts = f"{len(before)} scores up to the start of {drug} and {len(after)} after it"
    if min(len(before), len(after)) < FEWEST_SCORES:
        detail = f"{counts} in assessments.{outcome}; {FEWEST_SCORES} on each side are needed, and none is made up"
        return [], [(CHANGE, "not assessable", detail)]
    labels = {"outcome": outcome, "group": "period", "unit": "points"}
    contrast = labels | {"level": "after", "reference": "before", "denominator": "scores of one patient"}
    rows = [
        estimate_row(
            median(values, None, conf_level=conf_level),
            **labels,
            role="description",
            measure="median",
            level=level,
            denominator="scores of one patient",
        )
        for level, values in (("before", before), ("after", after))
    ]
    shift = hodges_lehmann_shift(after, None, before, None, conf_level=conf_level)
    overlap = probability_superiority(before, None, after, None, conf_level=conf_level, seed=seed)
    rows.append(estimate_row(shift, **contrast, role="secondary", measure="hodges_lehmann_shift"))
    rows.append(estimate_row(overlap, **contrast | {"unit": "share"}, role="primary", measure="non_overlap"))
    independence = (
        "scores of one patient independent of each other",
        "not assessable",
        f"{counts}; near scores of one patient are alike: limits are too narrow and p too small; no cause is shown",
    )
    return rows, [independence]
