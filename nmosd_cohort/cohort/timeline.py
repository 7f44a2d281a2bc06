"""Everything a registry holds of one patient, as events on one time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import narwhals as nw
import pandas as pd

from nmosd_cohort.codebook.reader import SEGMENTS
from nmosd_cohort.cohort.tally import collect, day, lazy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nmosd_cohort.intake.registry import Registry

Zero = Literal["onset", "first_attack", "last_attack", "drug_start"]
EVENT_COLUMNS = ("lane", "kind", "label", "start_days", "end_days", "value", "value_high", "unit", "note")
LANES = ("attacks", "pain", "numbness", "strength", "disability", "drugs", "mri", "csf", "blood")
# Score -> its lane and the unit it is shown in.
SCORES = {
    "pain_nrs": ("pain", "NRS"),
    "mrc_right_leg": ("strength", "MRC grade"),
    "mrc_left_leg": ("strength", "MRC grade"),
    "edss": ("disability", "EDSS"),
}
NEW_LESIONS = "new_lesions"  # imaging.measure: lesions that an earlier MRI did not show
Event = dict[str, Any]


def patient_rows(registry: Registry, table: str, patient_id: str, dates: Sequence[str]) -> pd.DataFrame:
    """Return the rows of one patient in one table, dates as whole days since 1970, without the identifier.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> registry = nc.simulate(n=20, seed=1)
    >>> first = registry.tables["patients"]["patient_id"].iloc[0]
    >>> len(patient_rows(registry, "patients", first, ["onset_date"]))
    1
    """
    chosen = lazy(registry.tables[table]).filter(nw.col("patient_id") == patient_id)
    numbered = chosen.with_columns(**{name: day(name) for name in dates}).drop("patient_id")
    return collect(numbered, numbered.collect_schema().names())


def timeline_events(
    registry: Registry, *, patient_id: str, zero: Zero = "onset", drug: str | None = None
) -> tuple[pd.DataFrame, bool]:
    """One row an event of one patient, in days since a day zero, and whether that day is known.

    Parameters
    ----------
    registry
        Checked tables.
    patient_id
        Whose events.
    zero
        ``onset``: patients.onset_date; ``first_attack`` and ``last_attack``: of attacks; ``drug_start``: first
        start of ``drug``. Where it is not recorded the first event with a date is day 0.
    drug
        Name in treatments.drug, for ``drug_start``.

    Returns
    -------
    tuple
        A frame with ``EVENT_COLUMNS``: lane (one of ``LANES``), kind, label, start_days and end_days (missing: not
        recorded), value with value_high (equal unless the value is a range), unit, note (response to a course, as the
        clinician judged it). It holds neither identifier nor calendar date. And whether day zero was recorded.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> registry = nc.simulate(n=20, seed=1)
    >>> first = registry.tables["patients"]["patient_id"].iloc[0]
    >>> events, is_known = timeline_events(registry, patient_id=first)
    >>> list(events.columns) == list(EVENT_COLUMNS), is_known
    (True, True)
    """
    parts = (_attacks, _scores, _numbness, _episodes, _drugs, _mri, _labs)
    found = [event for part in parts for event in part(registry, patient_id)]
    types = dict.fromkeys(("start_days", "end_days"), "Int64") | dict.fromkeys(("value", "value_high"), "Float64")
    events = pd.DataFrame(found, columns=list(EVENT_COLUMNS)).astype(types)
    day_zero = _day_zero(registry, patient_id, zero, drug)
    is_known = day_zero is not None
    if day_zero is None and events["start_days"].notna().any():
        day_zero = int(events["start_days"].min())
    for name in ("start_days", "end_days"):
        events[name] = events[name] - (day_zero or 0)
    place = events["lane"].map({lane: i for i, lane in enumerate(LANES)})
    ordered = events.assign(place=place).sort_values(["place", "start_days", "label"], kind="stable")
    return ordered.drop(columns="place").reset_index(drop=True), is_known


def _day_zero(registry: Registry, patient_id: str, zero: Zero, drug: str | None) -> int | None:
    if zero == "onset":
        days = patient_rows(registry, "patients", patient_id, ["onset_date"])["onset_date"]
    elif zero == "drug_start":
        courses = patient_rows(registry, "treatments", patient_id, ["start_date", "stop_date"])
        days = courses.loc[courses["drug"].str.lower() == (drug or "").lower(), "start_date"]
    else:
        days = patient_rows(registry, "attacks", patient_id, ["attack_date"])["attack_date"]
    known = days.dropna()
    if known.empty:
        return None
    return int(known.max() if zero == "last_attack" else known.min())


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def _event(lane: str, kind: str, label: Any, start: Any, **more: Any) -> Event:
    value = more.get("value")
    return {
        "lane": lane,
        "kind": kind,
        "label": "" if pd.isna(label) else str(label),
        "start_days": start,
        "end_days": more.get("end", pd.NA),
        "value": pd.NA if value is None else value,
        "value_high": more.get("high", pd.NA if value is None else value),
        **{name: "" if pd.isna(more.get(name, "")) else more.get(name, "") for name in ("unit", "note")},
    }


def _attacks(registry: Registry, patient_id: str) -> Iterator[Event]:
    rows = patient_rows(registry, "attacks", patient_id, ["attack_date"])
    for row in _records(rows):
        signs = "" if pd.isna(row["first_signs"]) else row["first_signs"]
        yield _event(
            "attacks", "attack", signs if pd.isna(row["attack_type"]) else row["attack_type"], row["attack_date"]
        )
        if not pd.isna(row["acute_treatment"]):
            yield _event("attacks", "acute_treatment", row["acute_treatment"], row["attack_date"])


def _scores(registry: Registry, patient_id: str) -> Iterator[Event]:
    rows = patient_rows(registry, "assessments", patient_id, ["assessment_date"])
    for name, (lane, unit) in SCORES.items():
        known = rows[rows[name].notna()]
        for start, value in zip(known["assessment_date"], known[name], strict=True):
            yield _event(lane, "score", name, start, value=float(value), unit=unit)
    ranges = rows[rows["pain_nrs"].isna() & rows["pain_nrs_low"].notna() & rows["pain_nrs_high"].notna()]
    for row in _records(ranges):
        low, high = sorted((float(row["pain_nrs_low"]), float(row["pain_nrs_high"])))
        yield _event("pain", "score_range", "pain_nrs", row["assessment_date"], value=low, high=high, unit="NRS")
    told = rows[rows["pain_nrs"].isna() & rows["pain_nrs_low"].isna() & rows["has_pain"].notna()]
    for row in _records(told):
        yield _event("pain", "answer", "yes" if row["has_pain"] else "no", row["assessment_date"])


def _numbness(registry: Registry, patient_id: str) -> Iterator[Event]:
    rows = patient_rows(registry, "assessments", patient_id, ["assessment_date"])
    for row in _records(rows[rows["has_numbness"].notna()]):
        yield _event("numbness", "answer", "yes" if row["has_numbness"] else "no", row["assessment_date"])


def _episodes(registry: Registry, patient_id: str) -> Iterator[Event]:
    rows = patient_rows(registry, "pain", patient_id, ["onset_date", "end_date"])
    for row in _records(rows):
        yield _event("pain", "episode", row["pain_type"], row["onset_date"], end=row["end_date"])


def _drugs(registry: Registry, patient_id: str) -> Iterator[Event]:
    """One event a course; a course of the same drug that starts later ends the one before, as a step of dose."""
    rows = patient_rows(registry, "treatments", patient_id, ["start_date", "stop_date"])
    for drug, courses in rows.groupby("drug", sort=False):
        ordered = courses.sort_values("start_date", kind="stable")
        following = ordered["start_date"].shift(-1)
        stops = ordered["stop_date"].where(ordered["start_date"].notna())
        stops = stops.fillna(following).mask(stops > following, following)
        for row, stop in zip(_records(ordered), stops, strict=True):
            dose = None if pd.isna(row["dose"]) else float(row["dose"])
            more = {"value": dose, "unit": row["dose_unit"], "note": row["response"]}
            yield _event("drugs", "course", drug, row["start_date"], end=stop, **more)


def _mri(registry: Registry, patient_id: str) -> Iterator[Event]:
    """One event an MRI and region: what it showed of the cord, and whether that was new."""
    imaged = patient_rows(registry, "imaging", patient_id, ["mri_date"])
    lesions = patient_rows(registry, "lesions", patient_id, ["mri_date"])
    counted = imaged[(imaged["measure"] == NEW_LESIONS).fillna(False) & imaged["value"].notna()]
    for row in _records(counted):
        yield _event(
            "mri", "new_lesions", row["region"], row["mri_date"], value=float(row["value"]), unit="new lesions"
        )
    seen: set[int] = set()
    said = set(zip(counted["mri_date"], counted["region"], strict=True))
    for when, found in lesions.groupby("mri_date"):
        spans = [_span(low, high) for low, high in zip(found["upper_segment"], found["lower_segment"], strict=True)]
        new = sum(1 for span in spans if not span & seen)
        names = ", ".join(dict.fromkeys(f"{SEGMENTS[min(s)]}-{SEGMENTS[max(s)]}" for s in spans))
        kind = "first_lesions" if not seen else "new_lesion" if new else "same_lesions"
        seen = seen.union(*spans)
        yield _event("mri", kind, names, when)
    with_lesions = set(lesions["mri_date"])
    covered = imaged[imaged["measure"].isna()]
    for row in _records(covered):
        is_cord = str(row["region"]).endswith("cord")
        if (row["mri_date"], row["region"]) not in said and not (is_cord and row["mri_date"] in with_lesions):
            yield _event("mri", "no_lesion" if is_cord else "imaged", row["region"], row["mri_date"])


def _span(upper: str, lower: str) -> set[int]:
    first, last = sorted((SEGMENTS.index(upper), SEGMENTS.index(lower)))
    return set(range(first, last + 1))


def _labs(registry: Registry, patient_id: str) -> Iterator[Event]:
    rows = patient_rows(registry, "labs", patient_id, ["sample_date"])
    for row in _records(rows[rows["value"].notna()]):
        is_csf = row["specimen"] == "csf" or str(row["analyte"]).startswith("csf_")
        kind = "value" if pd.isna(row["limit_operator"]) else f"{row['limit_operator']}_limit"
        lane = "csf" if is_csf else "blood"
        yield _event(lane, kind, row["analyte"], row["sample_date"], value=float(row["value"]), unit=row["unit"])
