"""Times to an event from counts: their checks, groups and the risk table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from nmosd_cohort.statistics.estimate import Counts, Floats, as_values, check_aligned, check_option, patient_counts
from nmosd_cohort.statistics.rounding import SAME_WITHIN, grouped


@dataclass(frozen=True, slots=True)
class SurvivalCells:
    """One row a combination of entry, end of follow-up and what ended it, with the patients that have it.

    Parameters
    ----------
    time
        Shape (m,), end of follow-up, in any unit. Times that differ by rounding only are made equal.
    event
        Shape (m,), 0 where follow-up ended without the event, 1 (or the number of the cause) where with it.
    counts
        Shape (m,), patients in each row, all above 0.
    entry
        Shape (m,), time after which the patient was observed; minus infinity where from the start.
    """

    time: Floats
    event: Counts
    counts: Counts
    entry: Floats

    @property
    def n(self) -> int:
        """Patients in all cells together."""
        return int(self.counts.sum())

    @property
    def events(self) -> int:
        """Events of any kind."""
        return int(self.counts[self.event > 0].sum())

    def rows(self, chosen: NDArray[np.bool_]) -> SurvivalCells:
        """Return the chosen rows."""
        return SurvivalCells(self.time[chosen], self.event[chosen], self.counts[chosen], self.entry[chosen])


@dataclass(frozen=True, slots=True)
class RiskTable:
    """One row a distinct time at which follow-up of somebody ends, in rising order.

    Parameters
    ----------
    times
        Shape (k,).
    at_risk
        Patients observed just before each time: entered before it, not yet gone.
    events, censored
        Patients who leave at that time with and without the event.
    remaining
        Patients at risk just after each time, those who enter at it included.
    """

    times: Floats
    at_risk: Counts
    events: Counts
    censored: Counts
    remaining: Counts


def survival_cells(
    time: ArrayLike,
    event: ArrayLike,
    counts: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    *,
    causes: bool = False,
) -> SurvivalCells:
    """Return checked times, events, counts and entries, rows with count 0 left out.

    Parameters
    ----------
    time
        End of follow-up, 0 or more, in any unit.
    event
        1 where follow-up ended with the event, 0 where without; with `causes` the number of the cause.
    counts
        Patients in each row; None counts every row once.
    entry
        Time after which the patient was under observation (left truncation); None from the start.
    causes
        Whether events above 1 are allowed.

    Raises
    ------
    ValueError
        If lengths differ, a value is missing, a time is negative, an entry is not before its time, an event
        has another code, or there are no patients.

    Notes
    -----
    Times that differ by less than 1e-12 of the largest are one time, so that 0.1 + 0.2 ties with 0.3.

    Examples
    --------
    >>> survival_cells([2, 5], [1, 0], [3, 4]).n
    7
    """
    check_aligned(time=time, event=event, counts=counts, entry=entry)
    ends, codes = as_values(time, name="time"), as_values(event, name="event")
    if codes.size != ends.size:
        raise ValueError(f"time has {ends.size} entries and event {codes.size}; there must be one event for each")
    bad = int(((codes < 0) | (codes != np.floor(codes)) | ((codes > 1) & (not causes))).sum())
    if bad:
        allowed = "0 (none) or the number of the cause, 1, 2 ..." if causes else "0 or 1; code the event as 1"
        raise ValueError(f"event has {bad} other values of {codes.size}; it must be {allowed}")
    if (ends < 0).any():
        raise ValueError(f"time: {int((ends < 0).sum())} of {ends.size} are negative; time runs from 0")
    whole = patient_counts(counts, size=ends.size, name="time")
    ends, starts = _same_times(ends, _entries(ends, entry))
    occupied = whole > 0
    if not occupied.any():
        raise ValueError("time has no patients: every count is 0 or there are no rows")
    return SurvivalCells(ends, codes.astype(np.int64), whole, starts).rows(occupied)


def _entries(ends: Floats, entry: ArrayLike | None) -> Floats:
    if entry is None:
        return np.full(ends.size, -np.inf)
    starts = as_values(entry, name="entry")
    if starts.size != ends.size:
        raise ValueError(f"time has {ends.size} entries and entry {starts.size}; there must be one entry for each")
    if (starts < 0).any():
        raise ValueError(f"entry: {int((starts < 0).sum())} of {starts.size} are negative; time runs from 0")
    late = int((ends - starts <= SAME_WITHIN * np.maximum(ends, 1e-300)).sum())
    if late:
        raise ValueError(f"entry: {late} of {starts.size} are not before their time; follow-up must last some time")
    return starts


def _same_times(ends: Floats, starts: Floats) -> tuple[Floats, Floats]:
    """Return times and entries, those that differ by rounding only made equal."""
    if ends.size == 0:
        return ends, starts
    both = np.concatenate((ends, starts[np.isfinite(starts)]))
    levels, position = grouped(both, float(both.max()))
    same, entries = levels[position], starts.copy()
    entries[np.isfinite(starts)] = same[ends.size :]
    return same[: ends.size], entries


def totals_at(times: Floats, at: Floats, counts: Counts) -> Counts:
    """Return the counts that fall on each of the rising `times`.

    Examples
    --------
    >>> totals_at(np.array([1.0, 2.0]), np.array([2.0, 2.0]), np.array([3, 4])).tolist()
    [0, 7]
    """
    totals = np.zeros(times.size, dtype=np.int64)
    np.add.at(totals, np.searchsorted(times, at), counts)
    return totals


def patients_at_risk(cells: SurvivalCells, times: Floats) -> Counts:
    """Return the patients under observation just before each time.

    Examples
    --------
    >>> patients_at_risk(survival_cells([2, 5], [1, 0], [3, 4]), np.array([2.0, 3.0])).tolist()
    [7, 4]
    """
    return counts_passed(cells.entry, cells.counts, times, "left") - counts_passed(
        cells.time, cells.counts, times, "left"
    )


def counts_passed(at: Floats, counts: Counts, times: Floats, side: Literal["left", "right"]) -> Counts:
    """Return the counts before each time (side left), or up to and with it (right).

    Examples
    --------
    >>> counts_passed(np.array([2.0, 1.0]), np.array([5, 7]), np.array([1.0, 2.0]), "left").tolist()
    [0, 7]
    """
    order = np.argsort(at, kind="stable")
    sums = np.concatenate(([0], np.cumsum(counts[order])))
    places = np.searchsorted(at[order], times, side=side)
    passed: Counts = sums[places]
    return passed


def risk_table(cells: SurvivalCells) -> RiskTable:
    """Return patients at risk, events and censorings at each time at which follow-up of somebody ends.

    Examples
    --------
    >>> table = risk_table(survival_cells([2, 5, 5], [1, 0, 1], [3, 4, 1]))
    >>> table.at_risk.tolist(), table.events.tolist(), table.censored.tolist()
    ([8, 5], [3, 1], [0, 4])
    """
    times = np.unique(cells.time)
    had_event = cells.event > 0
    return RiskTable(
        times,
        patients_at_risk(cells, times),
        totals_at(times, cells.time[had_event], cells.counts[had_event]),
        totals_at(times, cells.time[~had_event], cells.counts[~had_event]),
        _just_after(cells, times),
    )


def _just_after(cells: SurvivalCells, times: Floats) -> Counts:
    return counts_passed(cells.entry, cells.counts, times, "right") - counts_passed(
        cells.time, cells.counts, times, "right"
    )


def fewest_at_risk(cells: SurvivalCells, times: Floats) -> Counts:
    """Return the fewest patients under observation at any moment between the first entry and each time.

    Examples
    --------
    >>> fewest_at_risk(survival_cells([2, 9], [1, 1], [5, 7], [0, 1]), np.array([1.0, 2.0, 3.0])).tolist()
    [5, 5, 5]
    """
    moments = np.unique(np.concatenate((cells.time, cells.entry[np.isfinite(cells.entry)])))
    lowest = np.minimum.accumulate(_just_after(cells, moments))
    place = np.searchsorted(moments, times, side="left") - 1
    fewest: Counts = np.minimum(
        patients_at_risk(cells, times), np.where(place >= 0, lowest[np.maximum(place, 0)], cells.n)
    )
    return fewest


def group_codes(group: ArrayLike, size: int, *, name: str = "group") -> tuple[Counts, tuple[str, ...]]:
    """Return the place of each row's group among the sorted labels, and the labels as text.

    Raises
    ------
    ValueError
        If there is not one label for each row, one is missing, or labels of several types cannot be sorted.

    Examples
    --------
    >>> codes, labels = group_codes(["b", "a", "b"], 3)
    >>> codes.tolist(), labels
    ([1, 0, 1], ('a', 'b'))
    """
    given = np.asarray(group)
    if given.ndim != 1:
        raise ValueError(f"{name} has {given.ndim} dimensions; it must have one, with a label for each row")
    labels = pd.Series(given.tolist())
    if len(labels) != size:
        raise ValueError(f"{name} has {len(labels)} entries but there are {size} rows; there must be one for each")
    missing = int(labels.isna().sum())
    if missing:
        raise ValueError(f"{name} has {missing} missing entries of {size}; leave those patients out and count them")
    try:
        levels = sorted(labels.unique().tolist())
    except TypeError as error:
        raise ValueError(f"{name} mixes text and numbers; use one type") from error
    places = {level: place for place, level in enumerate(levels)}
    return labels.map(places).to_numpy(dtype=np.int64), tuple(str(level) for level in levels)


def occupied_codes(labels: ArrayLike | None, counts: ArrayLike | None, cells: SurvivalCells, *, name: str) -> Counts:
    """Return the number of each row's label for rows with patients, 0 for all without labels.

    Examples
    --------
    >>> cells = survival_cells([1, 2, 3], [1, 1, 0], [4, 0, 6])
    >>> occupied_codes(["b", "c", "a"], [4, 0, 6], cells, name="site").tolist()
    [1, 0]
    """
    if labels is None:
        return np.zeros(cells.time.size, dtype=np.int64)
    occupied = patient_counts(counts, size=cells.time.size if counts is None else np.size(counts)) > 0
    return group_codes(labels, occupied.size, name=name)[0][occupied]


def row_groups(
    group: ArrayLike, counts: ArrayLike | None, cells: SurvivalCells, *, name: str = "group"
) -> tuple[Counts, list[str]]:
    """Return each row's place among the sorted groups that have patients, and their labels as text.

    Examples
    --------
    >>> codes, labels = row_groups([10, 1, 2], [1, 0, 5], survival_cells([1, 2, 3], [1, 1, 1], [1, 0, 5]))
    >>> codes.tolist(), labels
    ([1, 0], ['2', '10'])
    """
    labels = group_codes(group, np.size(np.asarray(group)), name=name)[1]
    present, codes = np.unique(occupied_codes(group, counts, cells, name=name), return_inverse=True)
    return codes.ravel().astype(np.int64), [labels[at] for at in present]


def compared_groups(
    group: ArrayLike, counts: ArrayLike | None, cells: SurvivalCells, reference: str | float | None
) -> tuple[Counts, list[str], str]:
    """Return what `row_groups` does for two or more groups, and the reference: the first if none is named.

    A reference is compared with the labels as text, so that 1 names the group 1.

    Examples
    --------
    >>> cells = survival_cells([1, 2, 3], [1, 1, 1])
    >>> compared_groups(["b", "a", "b"], None, cells, None)[1:]
    (['a', 'b'], 'a')
    """
    codes, names = row_groups(group, counts, cells)
    if len(names) < 2:
        raise ValueError(f"group has one label with patients ({names[0]}); a comparison needs two")
    return codes, names, names[0] if reference is None else check_option("reference", str(reference), names)
