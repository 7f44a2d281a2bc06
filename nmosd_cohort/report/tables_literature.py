"""Tables of the verdicts on published figures."""

from __future__ import annotations

import math
from collections import Counter

import pandas as pd

from nmosd_cohort.literature.references import paper_name
from nmosd_cohort.report.format import NOT_ESTIMATED, NOT_TESTED, estimate_text, is_missing, p_text, whole
from nmosd_cohort.report.page_table import PageTable
from nmosd_cohort.report.rows import Row, records
from nmosd_cohort.report.words import labels, outcome_label, question_order, value_words, without_capital

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
VERDICT_HEADS = (
    "Figure",
    "Verdict",
    "Published",
    "Local",
    "Local minus published",
    "p, Holm",
    "Detectable, 80 % power",
    "Reason",
)
UNCOMPARED_HEADS = ("Figure", "Verdict", "Published", "Local", "Reason")
NEEDED = ("figure", "paper", "question", "scale", "verdict", "reason", "published_estimate", "local_estimate")


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


def by_paper(verdicts: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Return the verdicts by paper as they came, figures with a difference before those without."""
    if verdicts.empty:
        return []
    groups = verdicts.groupby("paper", sort=False)
    return [(str(name), rows.sort_values("difference", key=pd.isna, kind="stable")) for name, rows in groups]


def is_compared(verdicts: pd.DataFrame) -> pd.Series[bool]:
    """Return which figures received a difference, and so a verdict on agreement."""
    return verdicts["difference"].notna()


def side_text(row: Row, side: str) -> str:
    """Return the local or the published figure of a verdict with its interval."""
    numbers = (row[f"{side}_estimate"], row[f"{side}_low"], row[f"{side}_high"])
    n = row[f"{side}_n"]
    return estimate_text(*numbers, kind=scale_kind(row["scale"]), n=None if is_missing(n) else n)


def difference_text(row: Row) -> str:
    """Return local minus published with its interval, shares as percentage points, logs as the factor between both."""
    numbers = [row["difference"], row["difference_low"], row["difference_high"]]
    return _of_difference(row["scale"], *numbers)


def _of_difference(scale: object, *numbers: float) -> str:
    """Return a difference of a scale as text; that of two logs as local divided by published."""
    if not str(scale).startswith("log"):
        return estimate_text(*numbers, kind=_difference_kind(scale))
    factors = [math.nan if is_missing(number) else math.exp(number) for number in numbers]
    text = estimate_text(*factors, kind="ratio")
    return text if text == NOT_ESTIMATED else f"factor {text}"


def _difference_kind(scale: object) -> str:
    kind = scale_kind(scale)
    return "share_difference" if kind == "share" else kind


def detectable_text(row: Row) -> str:
    """Return the smallest difference that would have been found with 80 % power, down and up where they differ."""
    sides = [row.get("detectable_down"), row.get("detectable_up")]
    if any(is_missing(side) for side in sides):
        sides = [row.get("smallest_detectable")] * 2
    known = [
        _of_difference(row["scale"], abs(float(side))).removesuffix(" (no interval)")
        for side in sides
        if side is not None and not is_missing(side)
    ]
    if not known or is_missing(row["difference"]):
        return NOT_ESTIMATED
    down, up = known
    return down if down == up else f"{down} below, {up} above"


def figure_name(row: Row) -> str:
    """Return a published figure as "Zhang 2022: pain any (assessed patients, current)"."""
    return f"{paper_name(str(row['paper']))}: {without_capital(figure_subject(row))}"


def figure_subject(row: Row) -> str:
    """Return what a figure is about, without its paper: "Pain any (assessed patients, current)"."""
    parts = (str(row["denominator"]).removeprefix("other: "), row["time_frame"])
    known = [part for part in parts if not is_missing(part) and part]
    where = ", ".join(without_capital(value_words(part)) for part in known)
    name = outcome_label(str(row["construct"]))
    return f"{name} ({where})" if where else name


def figure_subjects(rows: list[Row]) -> list[str]:
    """Return what each figure is about; those of one paper that read the same have their id behind."""
    names = [(str(row["paper"]), figure_subject(row)) for row in rows]
    often = Counter(names)
    return [
        f"{name[1]} [{row['figure']}]" if often[name] > 1 else name[1] for name, row in zip(names, rows, strict=True)
    ]


def known_text(value: object, missing: str) -> str:
    """Return a text, or what to say where there is none."""
    return missing if is_missing(value) or value == "" else str(value)


def verdict_table(verdicts: pd.DataFrame, *, caption: str) -> PageTable:
    """Return one row a figure: verdict, both estimates with n, difference, p, power and reason."""
    rows = tuple(verdict_rows(verdicts))
    return PageTable(caption, VERDICT_HEADS, rows, (5,), name="verdicts", empty="No figure was compared.")


def uncompared_table(verdicts: pd.DataFrame, *, caption: str) -> PageTable:
    """Return the figures that have no difference, one row a figure: what there is of either side, and why not."""
    kept = [VERDICT_HEADS.index(head) for head in UNCOMPARED_HEADS]
    rows = tuple(tuple(cells[place] for place in kept) for cells in verdict_rows(verdicts))
    return PageTable(caption, UNCOMPARED_HEADS, rows, name="verdicts")


def verdict_rows(verdicts: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return each verdict as the texts of ``VERDICT_HEADS``, no two figures of a paper under one name."""
    rows = records(verdicts)
    return [_verdict_cells(row, subject) for row, subject in zip(rows, figure_subjects(rows), strict=True)]


def _verdict_cells(row: Row, subject: str) -> tuple[str, ...]:
    tested = not is_missing(row["difference"]) and not is_missing(row["difference_low"])
    return (
        subject,
        signed_verdict(row["verdict"]),
        side_with_n(row, "published"),
        side_with_n(row, "local"),
        difference_text(row),
        p_text(row["p_adjusted"]) if tested else NOT_TESTED,
        detectable_text(row),
        known_text(row["reason"], "none given"),
    )


def side_with_n(row: Row, side: str) -> str:
    """Return a figure with its interval and patients, or that there is none."""
    n = row[f"{side}_n"]
    text = side_text(row, side)
    if text == NOT_ESTIMATED:
        return "no single number" if side == "published" else text
    patients = whole(n) if is_missing(n) else f"={BLANK}{whole(n)}"
    return f"{text}, n{BLANK}{patients}"


def verdict_sign(verdict: str) -> str:
    """Return the sign that stands for a verdict in tables, of the same shape as in the forest plot."""
    signs = {"o": "●", "s": "■", "D": "◆", "^": "▲", "x": "✕", "v": "▽", "P": "✚"}
    entry = labels()["verdicts"].get(verdict)
    return signs.get(entry["marker"], "·") if entry else "·"


def signed_verdict(verdict: object) -> str:
    """Return a verdict with its sign, which stays on the line of its first word."""
    text = known_text(verdict, "none")
    return f"{verdict_sign(text)}{BLANK}{text}" if text != "none" else text


def counts_of(verdicts: pd.DataFrame) -> dict[str, int]:
    """Return how many figures received each verdict, in the order of the legend, those of none with 0."""
    counts = Counter(verdicts["verdict"].astype(str)) if len(verdicts) else Counter[str]()
    names = [*labels()["verdicts"], *(name for name in counts if name not in labels()["verdicts"])]
    return {name: counts[name] for name in names}


def counts_said(verdicts: pd.DataFrame) -> str:
    """Return the counts of verdicts in one line, those of none left out."""
    return "; ".join(f"{name} {whole(n)}" for name, n in counts_of(verdicts).items() if n)


def check_verdicts(verdicts: pd.DataFrame) -> None:
    """Check that a frame holds verdicts.

    Raises
    ------
    ValueError
        If it lacks columns of the verdicts; the message names them.
    """
    missing = [name for name in NEEDED if name not in verdicts.columns]
    if missing:
        made = "a table is made of a Result, or of the frame of validate() or reweighted_verdicts()"
        raise ValueError(f"the frame has no {', '.join(missing)}; {made}")
