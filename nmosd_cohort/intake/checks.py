"""Rules across rows: duplicates, patients that do not exist, dates and segments out of order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nmosd_cohort.codebook import SEGMENTS, read_codebook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

# Each pair: the first date is on or before the second.
DATE_ORDER = {
    "patients": (
        ("birth_date", "onset_date"),
        ("birth_date", "diagnosis_date"),
        ("birth_date", "entry_date"),
        ("birth_date", "last_contact_date"),
        ("onset_date", "diagnosis_date"),
        ("onset_date", "last_contact_date"),
        ("diagnosis_date", "last_contact_date"),
        ("entry_date", "last_contact_date"),
        ("birth_date", "death_date"),
        ("onset_date", "death_date"),
        ("diagnosis_date", "death_date"),
        ("entry_date", "death_date"),
        ("last_contact_date", "death_date"),
    ),
    "treatments": (("start_date", "stop_date"),),
    "pain": (("onset_date", "end_date"),),
}


@dataclass(frozen=True, slots=True)
class Doubt:
    """One row that is kept with a warning: its number in the table, its value, and what was expected."""

    row: int
    kind: str
    variable: str
    value: str
    allowed: str


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Rows that share a key: groups to reject whole, and groups whose rows become one."""

    clashing: tuple[tuple[int, ...], ...]
    joined: tuple[tuple[int, ...], ...]


def identical_rows(frame: pd.DataFrame, blocks: Sequence[int]) -> list[tuple[int, int]]:
    """Return each row that says the same as an earlier row of its block, with that earlier row.

    Parameters
    ----------
    frame
        One row a row of the table, with the column ``_block``.
    blocks
        Blocks in which identical rows are looked for.
    """
    among = frame[frame["_block"].isin(blocks)].drop(columns="_row")
    repeated = among[among.duplicated(keep=False)]
    first: dict[tuple[object, ...], int] = {}
    pairs = []
    for row, content in zip(repeated.index.tolist(), repeated.itertuples(index=False, name=None), strict=True):
        earlier = first.setdefault(content, row)
        if earlier != row:
            pairs.append((row, earlier))
    return pairs


def unknown_patients(frame: pd.DataFrame, patients: pd.DataFrame) -> NDArray[np.intp]:
    """Return the rows whose patient has no row in patients."""
    import numpy as np

    return np.flatnonzero(~frame["patient_id"].isin(set(patients["patient_id"])).to_numpy())


def duplicates(frame: pd.DataFrame, table: str) -> Duplicates:
    """Return the rows that share a complete key: those that clash and those that complete one another.

    Rows of different blocks complete one another where no variable has two different values, for example the
    pain scores of one file and the EDSS of another for the same patient and day. Rows whose key has a blank
    part are not compared.
    """
    key = list(read_codebook()[table].key)
    complete = frame[frame[key].notna().all(axis=1)]
    shared = complete[complete.duplicated(key, keep=False)]
    if shared.empty:
        return Duplicates((), ())
    group = shared.groupby(key, sort=False).ngroup()
    values = [name for name in shared.columns if name not in (*key, "_row", "_block") and shared[name].notna().any()]
    one_a_block = shared["_block"].groupby(group).nunique() == group.value_counts(sort=False).sort_index()
    clash = (shared[values].groupby(group).nunique() > 1).any(axis=1) if values else ~one_a_block
    can_join = set((one_a_block & ~clash).loc[lambda joinable: joinable].index.tolist())
    index = shared.index.to_numpy()
    groups = {number: tuple(int(index[row]) for row in rows) for number, rows in shared.groupby(group).indices.items()}
    return Duplicates(
        tuple(rows for number, rows in groups.items() if number not in can_join),
        tuple(rows for number, rows in groups.items() if number in can_join),
    )


def join_rows(frame: pd.DataFrame, groups: Sequence[tuple[int, ...]]) -> pd.DataFrame:
    """Return the frame in which the first row of each group holds the values of all its rows."""
    import pandas as pd

    number = pd.Series({row: place for place, group in enumerate(groups) for row in group})
    names = [name for name in frame.columns if name not in ("_block", "_row")]
    together = frame.loc[number.index, names].groupby(number).first()
    together = together.set_axis([group[0] for group in groups])
    joined = frame.copy()
    heads = joined.index.isin(together.index)
    joined.loc[heads, names] = together.loc[joined.index[heads]].to_numpy()
    return joined


def doubts(table: str, content: pd.DataFrame, patients: pd.DataFrame) -> list[Doubt]:
    """Return the rows of a table that are possible but hardly right.

    Parameters
    ----------
    table, content
        Name and rows of a table in codebook form.
    patients
        The patients table in codebook form.
    """
    found = [*_own_dates(table, content)]
    if table != "patients":
        found += _dates_of_the_patient(table, content, patients)
    if table == "lesions":
        found += _segments(content)
    if table == "assessments":
        found += _edss_ten(content, patients)
        found += _contradictions(content)
    return found


def _own_dates(table: str, content: pd.DataFrame) -> Iterator[Doubt]:
    for first, second in DATE_ORDER.get(table, ()):
        yield from _later(content[first], content[second], first, second)


def _dates_of_the_patient(table: str, content: pd.DataFrame, patients: pd.DataFrame) -> Iterator[Doubt]:
    own = [name for name, variable in read_codebook()[table].variables.items() if variable.type == "date"]
    by_patient = patients.set_index("patient_id")
    for limit, compare in (("birth_date", _earlier), ("death_date", _later)):
        if patients[limit].notna().any():
            limits = by_patient[limit].reindex(content["patient_id"]).reset_index(drop=True)
            for name in own:
                yield from compare(content[name], limits, name, limit)


def _later(first: pd.Series, second: pd.Series, name: str, limit: str) -> Iterator[Doubt]:
    for row in _where(first > second):
        words = f"on or before {limit} {_day(second[row])}"
        yield Doubt(row, "date_order", name, _day(first[row]), words)


def _earlier(first: pd.Series, second: pd.Series, name: str, limit: str) -> Iterator[Doubt]:
    for row in _where(first < second):
        yield Doubt(row, "date_order", name, _day(first[row]), f"on or after {limit} {_day(second[row])}")


def _segments(content: pd.DataFrame) -> Iterator[Doubt]:
    place: Mapping[str, int] = {segment: number for number, segment in enumerate(SEGMENTS)}
    upper, lower = (content[name].map(place) for name in ("upper_segment", "lower_segment"))
    for row in _where(upper > lower):
        words = f"at or below the upper segment {content['upper_segment'][row]}"
        yield Doubt(row, "segment_order", "lower_segment", content["lower_segment"][row], words)
    for name in ("upper_segment", "lower_segment"):
        for row in _where((content[name] == "C8") & (content["level_system"] == "vertebral")):
            yield Doubt(row, "segment_system", name, "C8", "C1 to C7: there is no vertebra C8, only a cord segment")


def _edss_ten(content: pd.DataFrame, patients: pd.DataFrame) -> Iterator[Doubt]:
    deaths = set(patients.loc[patients["death_date"].notna(), "patient_id"])
    for row in _where((content["edss"] == 10) & ~content["patient_id"].isin(deaths)):
        yield Doubt(row, "edss_without_death", "edss", "10", "below 10, or a death_date of the patient")


def _contradictions(content: pd.DataFrame) -> Iterator[Doubt]:
    """Yield visits at which the answer to pain is no and another answer says yes, or yes and the score is 0."""
    no, yes = (content["has_pain"] == answer for answer in (False, True))
    rules = (
        (no & (content["pain_nrs"] > 0), "pain_nrs", "0 where has_pain is false"),
        (no & (content["has_neuropathic_pain"] == True), "has_neuropathic_pain", "false where has_pain is false"),  # noqa: E712
        (no & (content["has_tonic_spasm"] == True), "has_tonic_spasm", "false where has_pain is false"),  # noqa: E712
        (yes & (content["pain_nrs"] == 0), "pain_nrs", "above 0 where has_pain is true"),
    )
    for condition, variable, words in rules:
        for row in _where(condition):
            yield Doubt(row, "contradiction", variable, str(content[variable][row]).lower(), words)


def _where(condition: pd.Series) -> list[int]:
    import numpy as np

    return [int(row) for row in np.flatnonzero(condition.fillna(False).to_numpy(dtype=bool))]


def _day(moment: pd.Timestamp) -> str:
    return moment.date().isoformat()
