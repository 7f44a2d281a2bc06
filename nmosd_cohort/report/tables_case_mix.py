"""Tables of who was studied: a paper's Table 1 beside the registry's, and verdicts after reweighting to it."""

from __future__ import annotations

import pandas as pd

from nmosd_cohort.literature.catalogue import published_figures
from nmosd_cohort.report.format import NOT_RECORDED, count_text, decimal, estimate_text, is_missing, percent, whole
from nmosd_cohort.report.page_table import PageTable
from nmosd_cohort.report.rows import Row, records
from nmosd_cohort.report.tables_literature import (
    difference_text,
    figure_subjects,
    known_text,
    scale_kind,
    side_text,
    signed_verdict,
)
from nmosd_cohort.report.words import outcome_label

PRINTED = ("n", "events", "percent", "mean", "sd", "median", "quartile_1", "quartile_3", "minimum", "maximum")
REWEIGHTED_HEADS = (
    "Figure",
    "Local as it is",
    "Verdict",
    "Local, reweighted to the paper's patients",
    "Reweighted minus published",
    "Verdict, reweighted",
    "Effective patients",
    "Matched on",
    "Reason",
)


def reweighted_table(reweighted: pd.DataFrame, verdicts: pd.DataFrame) -> PageTable:
    """Return the verdicts before and after reweighting to a paper's patients, side by side: one row a figure."""
    shown, known = records(reweighted), {str(row["figure"]): row for row in records(verdicts)}
    beside = [known[str(row["figure"])] for row in shown]
    rows = tuple(map(_reweighted_cells, shown, beside, figure_subjects(beside)))
    caption = "The same patients, weighted so that they resemble the paper's"
    return PageTable(caption, REWEIGHTED_HEADS, rows, name="reweighted")


def reweighted_alone(reweighted: pd.DataFrame) -> PageTable:
    """Return the same without the verdicts at hand: what a figure is about comes from the catalogue, else its id."""
    catalogue = {str(row["figure"]): row for row in records(published_figures())}
    names = ("construct", "denominator", "time_frame")
    of_side = {"scale": "share", "local_low": None, "local_high": None}
    verdicts = [
        {name: catalogue.get(row["figure"], {}).get(name, "") for name in names}
        | {"construct": catalogue.get(row["figure"], {}).get("construct", row["figure"]), "paper": row["paper"]}
        | {"figure": row["figure"], "local_estimate": row["raw_estimate"], "local_n": None, **of_side}
        for row in records(reweighted)
    ]
    return reweighted_table(reweighted, pd.DataFrame(verdicts))


def _reweighted_cells(row: Row, verdict: Row, subject: str) -> tuple[str, ...]:
    limits = (row["reweighted_estimate"], row["reweighted_low"], row["reweighted_high"])
    return (
        subject,
        side_text(verdict, "local"),
        signed_verdict(row["raw_verdict"]),
        estimate_text(*limits, kind=scale_kind(verdict["scale"])),
        difference_text({**row, "scale": verdict["scale"]}),
        signed_verdict(row["reweighted_verdict"]),
        _weighted(row),
        _variables(row["variables"]),
        " ".join(filter(None, (known_text(row["reason"], ""), _not_used(row)))),
    )


def _weighted(row: Row) -> str:
    """Return the effective patients, their share of all, and the largest weight."""
    if is_missing(row["effective_n"]):
        return NOT_RECORDED
    share, largest = float(row["effective_share"]), float(row["largest_weight"])
    return f"{decimal(float(row['effective_n']), 1)} ({percent(share)}), largest weight {decimal(largest, 1)}"


def _not_used(row: Row) -> str:
    """Return why variables of Table 1 were not matched, in words: "edss, attacks: the paper does not print it"."""
    parts = [part.partition(": ") for part in known_text(row.get("not_used"), "").split("; ") if part]
    text = "; ".join(f"{_variables(names)}{mark}{why}" for names, mark, why in parts)
    return f"Not matched: {text}." if text else ""


def _variables(value: object) -> str:
    """Return the names of variables in words, whether they come as a list or as text with commas."""
    names = value.split(",") if isinstance(value, str) else value if isinstance(value, (list, tuple)) else []
    return ", ".join(outcome_label(str(name).strip()) for name in names if str(name).strip()) or "none"


def table_1(case_mix: pd.DataFrame) -> PageTable:
    """Return a paper's Table 1 with the registry's own patients beside it: one row a line of it."""
    rows = tuple(
        (
            outcome_label(str(row["variable"])),
            characteristic_text(row, "published"),
            characteristic_text(row, "local"),
            whole(row["local_unknown"]),
            str(row["read"]),
        )
        for row in records(case_mix)
    )
    caption = "Who was studied, and who in this registry was assessed for pain"
    return PageTable(
        caption, ("Characteristic", "Paper", "This registry", "Unknown here", "Where it was read"), rows, (3,)
    )


def characteristic_text(row: Row, side: str) -> str:
    """Return one side of a line of Table 1, a share with its counts, a quantity as the paper gives it.

    Examples
    --------
    >>> names = ("n", "events", "percent", "mean", "sd", "median", "quartile_1", "quartile_3", "minimum", "maximum")
    >>> row = {f"published_{name}": None for name in names}
    >>> characteristic_text(row | {"published_n": 44, "published_median": 41.5}, "published")
    'median 41.5, n = 44'
    """
    value = {name: row[f"{side}_{name}"] for name in PRINTED}
    known = [text for text in (_share(value), _mean(value), _median(value) or _range(value)) if text]
    n = value["n"]
    if not known:
        return NOT_RECORDED
    has_counts = not is_missing(value["events"])
    return "; ".join(known) + ("" if is_missing(n) or has_counts else f", n = {whole(n)}")


def _share(value: Row) -> str:
    if is_missing(value["percent"]):
        return ""
    counts = "" if is_missing(value["events"]) else f" ({count_text(value['events'], value['n'])})"
    return f"{percent(float(value['percent']) / 100, value['n'])}{counts}"


def _mean(value: Row) -> str:
    if is_missing(value["mean"]):
        return ""
    return f"mean {decimal(value['mean'], 1)}" + ("" if is_missing(value["sd"]) else f" (SD {decimal(value['sd'], 1)})")


def _median(value: Row) -> str:
    if is_missing(value["median"]):
        return ""
    spread = _between(value, "quartile_1", "quartile_3", "quartiles") or _between(value, "minimum", "maximum", "range")
    return f"median {decimal(value['median'], 1)}{spread}"


def _range(value: Row) -> str:
    return _between(value, "minimum", "maximum", "range").strip(" ()")


def _between(value: Row, low: str, high: str, name: str) -> str:
    if is_missing(value[low]) or is_missing(value[high]):
        return ""
    return f" ({name} {decimal(value[low], 1)} to {decimal(value[high], 1)})"
