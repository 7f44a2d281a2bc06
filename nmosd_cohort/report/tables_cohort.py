"""The description of a cohort as a Table 1: one line a characteristic, one column a group, known patients in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nmosd_cohort.report.format import estimate_text, is_missing
from nmosd_cohort.report.page_table import PageTable
from nmosd_cohort.report.rows import Row, records
from nmosd_cohort.report.words import group_label, level_label, outcome_label, without_capital

if TYPE_CHECKING:
    import pandas as pd

    from nmosd_cohort.result import Result

TABLE_1_OF = "describe_cohort"  # the question whose answer is a Table 1
MOST_PAIRS = 3  # with more groups only the largest difference has a column
CAPTION = "Patients (number known of all in brackets; missing values are no category)"


def table_1(result: Result) -> pd.DataFrame:
    """Return a description of a cohort as texts: one row a line of Table 1, one column a group.

    Parameters
    ----------
    result
        Answer of ``describe_cohort``.

    Returns
    -------
    pandas.DataFrame
        characteristic, "All patients", one column a group, and the standardised differences from the reference.

    Examples
    --------
    >>> import nmosd_cohort as nc
    >>> lines = table_1(nc.describe_cohort(nc.simulate(n=60, seed=1)))
    >>> lines.columns[:2].tolist(), lines["characteristic"][0]
    (['characteristic', 'All patients'], 'Sex: female')
    """
    import pandas as pd

    found = {(row["outcome"], row["level"], row["measure"], row["term"]): row for row in records(result.estimates)}
    levels = list(dict.fromkeys(level for _, level, measure, _ in found if measure == "missing_share"))
    gaps = {(outcome, level): row for (outcome, level, measure, _), row in found.items() if measure == GAP}
    pairs = list(dict.fromkeys(level for _, level in gaps))
    group = next((row["group"] for row in found.values() if row["group"]), "")
    lines = []
    for outcome, measure, term, name in _lines(found):
        cells = {_head(level, group): _cell(found, outcome, level, measure, term) for level in levels}
        of_line = {level: gaps[outcome, level] for level in pairs if (outcome, level) in gaps}
        lines.append({"characteristic": name} | cells | _gap_cells(of_line, pairs))
    return pd.DataFrame(lines).fillna("")


GAP = "standardised_difference"
Found = dict[tuple[str, str, str, str], Row]


def _lines(found: Found) -> list[tuple[str, str, str, str]]:
    """Return the lines in order: outcome, measure, category and name."""
    lines: dict[tuple[str, str, str], str] = {}
    for outcome, _, measure, term in found:
        name = outcome_label(outcome)
        if measure == "proportion":
            lines[outcome, measure, term] = name if term == "yes" else f"{name}: {without_capital(level_label(term))}"
        elif measure == "mean":
            lines[outcome, measure, term] = f"{name}, mean (SD)"
        elif measure == "median":
            lines[outcome, measure, term] = f"{name}, median (quartiles)"
    order = list(dict.fromkeys(outcome for outcome, *_ in found))
    ordered = sorted(lines.items(), key=lambda entry: order.index(entry[0][0]))
    return [(*key, name) for key, name in ordered]


def _head(level: str, group: str) -> str:
    if level in ("yes", "no"):
        return f"{group_label(group)}: {level}"
    return level_label(level) if level else "All patients"


def _cell(found: Found, outcome: str, level: str, measure: str, term: str) -> str:
    """Return one cell: the numbers, and in how many of the group's patients the value is known."""
    lost = found[outcome, level, "missing_share", ""]
    known, everybody = int(lost["n"]) - int(lost["events"]), int(lost["n"])
    row = found.get((outcome, level, measure, term))
    if row is None or is_missing(row["estimate"]):
        return f"none known [{known}/{everybody}]"
    if measure == "proportion":
        text = f"{int(row['events'])} ({100 * row['estimate']:.0f} %)"
    elif measure == "mean":
        text = f"{row['estimate']:.1f} ({_number(found, outcome, level, 'standard_deviation')})"
    else:
        low, high = (_number(found, outcome, level, f"quartile_{place}") for place in (1, 3))
        text = f"{row['estimate']:.1f} ({low} to {high})"
    return f"{text} [{known}/{everybody}]"


def _number(found: Found, outcome: str, level: str, measure: str) -> str:
    row = found.get((outcome, level, measure, ""))
    return "not estimable" if row is None or is_missing(row["estimate"]) else f"{row['estimate']:.1f}"


def _gap_cells(of_line: dict[str, Row], pairs: list[str]) -> dict[str, str]:
    if len(pairs) > MOST_PAIRS:
        known = [row for row in of_line.values() if not is_missing(row["estimate"])]
        if not known:
            return {}
        most = max(known, key=lambda row: abs(row["estimate"]))
        return {"Largest standardised difference": f"{_gap_text(most)}, {without_capital(level_label(most['level']))}"}
    return {
        f"Standardised difference, {without_capital(level_label(level))}": _gap_text(row)
        for level, row in of_line.items()
    }


def _gap_text(row: Row) -> str:
    if is_missing(row["estimate"]):
        return "not estimable"
    return estimate_text(row["estimate"], row["conf_low"], row["conf_high"], kind="correlation")


def table_1_pages(result: Result) -> list[PageTable]:
    """Return Table 1 for a page; a difference stands on the first line of its characteristic alone."""
    lines = table_1(result)
    if lines.empty:
        return [PageTable(CAPTION, ("Characteristic",), (), empty="No eligible patient.", name="table_1")]
    gap_columns = [name for name in lines if "tandardised difference" in str(name)]
    subject = lines["characteristic"].str.split(":").str[0].str.split(",").str[0]
    lines.loc[subject.duplicated(), gap_columns] = ""
    group = next((row["group"] for row in records(result.estimates) if row["group"]), "")
    by = f", by {without_capital(group_label(group))}" if group else ""
    heads = ("Characteristic", *(str(name) for name in lines.columns[1:]))
    rows = tuple(tuple(str(cell) for cell in line) for line in lines.itertuples(index=False))
    numeric = tuple(range(1, len(heads)))
    return [PageTable(f"{CAPTION[:8]}{by}{CAPTION[8:]}", heads, rows, numeric, marks=("",) * len(rows), name="table_1")]
