"""Tables of the verdicts on published figures."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from nmosd_cohort.report.format import NOT_ESTIMATED, NOT_TESTED, estimate_text, is_missing, p_text, whole
from nmosd_cohort.report.rows import Row, records
from nmosd_cohort.report.tables import PageTable
from nmosd_cohort.report.words import (
    humanise,
    labels,
    outcome_label,
    question_order,
    question_short,
    value_words,
    without_capital,
)

if TYPE_CHECKING:
    import pandas as pd

BLANK = "\N{NO-BREAK SPACE}"
SCALE_KINDS = {
    "log odds ratio": "ratio",
    "log rate": "rate",
    "log rate ratio": "ratio",
    "standard deviations": "correlation",
    "share": "share",
    "proportion": "share",
    "percent": "share",
    "correlation": "correlation",
    "probability": "probability",
    "ratio": "ratio",
    "odds_ratio": "ratio",
    "rate": "rate",
}


def scale_kind(scale: object) -> str:
    """Return how numbers of a verdict's scale are printed; two decimals where the scale is unknown.

    Examples
    --------
    >>> scale_kind("share"), scale_kind("points")
    ('share', 'mean')
    """
    return SCALE_KINDS.get(str(scale), "mean" if scale == "points" else "rate")


def in_order(verdicts: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the verdicts by question in the order of the report, and within one as they came."""
    names = sorted(dict.fromkeys(verdicts["question"].astype(str)), key=question_order) if len(verdicts) else []
    return [(name, verdicts[verdicts["question"].astype(str) == name]) for name in names]


def side_text(row: Row, side: str) -> str:
    """Return the local or the published figure of a verdict with its interval."""
    numbers = (row[f"{side}_estimate"], row[f"{side}_low"], row[f"{side}_high"])
    n = row[f"{side}_n"]
    return estimate_text(*numbers, kind=scale_kind(row["scale"]), n=None if is_missing(n) else n)


def difference_text(row: Row) -> str:
    """Return local minus published with its interval, shares as percentage points."""
    kind = scale_kind(row["scale"])
    kind = "share_difference" if kind == "share" else kind
    is_log = str(row["scale"]).startswith("log")
    text = estimate_text(
        row["difference"], row["difference_low"], row["difference_high"], kind="correlation" if is_log else kind
    )
    return f"{text} on the log scale" if is_log and text != NOT_ESTIMATED else text


def figure_name(row: Row) -> str:
    """Return a published figure as "Zhang 2022: pain any (assessed patients, current)"."""
    parts = (str(row["denominator"]).removeprefix("other: "), row["time_frame"])
    known = [part for part in parts if not is_missing(part) and part]
    where = ", ".join(without_capital(value_words(part)) for part in known)
    name = f"{humanise(str(row['paper']))}: {without_capital(outcome_label(str(row['construct'])))}"
    return f"{name} ({where})" if where else name


def _text(value: object, missing: str) -> str:
    return missing if is_missing(value) or value == "" else str(value)


def verdict_tables(verdicts: pd.DataFrame) -> list[PageTable]:
    """Return one table a question: figure, verdict, both estimates with n, difference, adjusted p, reason."""
    columns = ("Published figure", "Verdict", "Published", "Local", "Local minus published", "p, Holm", "Reason")
    return [
        PageTable(
            caption=question_short(name),
            columns=columns,
            rows=tuple(_cells(row) for row in records(rows)),
            numeric=(5,),
            name="verdicts",
        )
        for name, rows in in_order(verdicts)
    ]


def _cells(row: Row) -> tuple[str, ...]:
    tested = not is_missing(row["difference"]) and not is_missing(row["difference_low"])
    return (
        figure_name(row),
        f"{verdict_sign(str(row['verdict']))} {row['verdict']}",
        _with_n(row, "published"),
        _with_n(row, "local"),
        difference_text(row),
        p_text(row["p_adjusted"]) if tested else NOT_TESTED,
        _text(row["reason"], "none given"),
    )


def _with_n(row: Row, side: str) -> str:
    """Return a figure with its interval and patients, or that there is none."""
    n = row[f"{side}_n"]
    text = side_text(row, side)
    if text == NOT_ESTIMATED:
        return "no number seen" if side == "published" else text
    patients = whole(n) if is_missing(n) else f"={BLANK}{whole(n)}"
    return f"{text}, n{BLANK}{patients}"


def verdict_sign(verdict: str) -> str:
    """Return the sign that stands for a verdict in tables, of the same shape as in the forest plot."""
    signs = {"o": "●", "s": "■", "D": "◆", "^": "▲", "x": "✕", "v": "▽", "P": "✚"}
    entry = labels()["verdicts"].get(verdict)
    return signs.get(entry["marker"], "·") if entry else "·"


def verdict_counts(verdicts: pd.DataFrame) -> PageTable:
    """Return the legend: every verdict with its meaning and how many figures received it."""
    counts = dict(Counter(verdicts["verdict"].astype(str))) if len(verdicts) else {}
    rows = tuple(
        (f"{verdict_sign(name)} {name}", entry["meaning"], whole(int(counts.get(name, 0))))
        for name, entry in labels()["verdicts"].items()
    )
    return PageTable("What each verdict means", ("Verdict", "Meaning", "Figures"), rows, (2,))


def caveat_table(verdicts: pd.DataFrame) -> PageTable:
    """Return the catalogue's caveats and how each figure was read: one row a figure."""
    rows = tuple(
        (
            humanise(str(row["paper"])),
            humanise(str(row["figure"])),
            _text(row["caveats"], "none noted"),
            _text(row["provenance"], "not recorded"),
            _text(row["citation"], "not recorded"),
        )
        for _, group in in_order(verdicts)
        for row in records(group)
    )
    columns = ("Paper", "Figure", "Caveats of the catalogue", "How it was read", "Citation")
    return PageTable("Caveats of the catalogue", columns, rows, row_heads=2, empty="No figure was compared.")
