"""Make the documentation pages that come from data, or check that they are up to date.

``python tools/check_docs.py`` fails if a page differs from what the data say; ``--write`` makes the pages anew.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from pathlib import Path

import nmosd_cohort.statistics
from nmosd_cohort.codebook import codebook_frame, read_codebook
from nmosd_cohort.literature.catalogue import published_figures, read_catalogue
from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.report.terminal import printed_text
from nmosd_cohort.report.words import labels
from nmosd_cohort.statistics.paired.minimum_patients import MINIMUM_PATIENTS

DOCS = Path(__file__).parents[1] / "docs"
MADE = "<!-- Made by tools/check_docs.py from {source}; do not edit. -->\n"


def codebook_page() -> str:
    """Return the codebook as a page, one section a table."""
    parts = [MADE.format(source="nmosd_cohort/codebook/tables"), "# Codebook\n"]
    parts.append(
        "Every table and variable that the package knows. A registry's own files are mapped to these\n"
        "words, see [registry_toml.md](registry_toml.md). A blank cell means not known; it never means no.\n"
    )
    frame = codebook_frame()
    for table in read_codebook().values():
        parts.append(f"## {table.name} – {table.label_en} / {table.label_zh}\n")
        parts.append(f"One row is {table.row}. Key: {', '.join(table.key)}.\n")
        parts.append("| variable | label | type | unit | allowed | direction | meaning |")
        parts.append("|---|---|---|---|---|---|---|")
        parts += [
            f"| `{row.variable}`{' (required)' if row.required else ''} | {row.label_en} / {row.label_zh} "
            f"| {row.type} | {row.unit} | {row.allowed} | {row.direction} | {row.meaning} |"
            for row in frame[frame["table"] == table.name].itertuples()
        ]
        parts.append("")
    return "\n".join(parts)


def figures_page() -> str:
    """Return the catalogue of published figures as a page, one section a paper."""
    rows = {row["figure"]: row for row in published_figures().to_dict("records")}
    parts = [MADE.format(source="nmosd_cohort/literature/figures"), "# Published figures\n"]
    parts.append(
        f"{len(rows)} figures of {len(read_catalogue())} papers: what the papers print, with denominator, time\n"
        "frame and caveats; a caveat is part of the figure. A figure without a question says why it has none.\n"
        "`nmosd-cohort figures` lists the same, `nmosd-cohort cite` gives the reference, also as BibTeX.\n"
    )
    for paper in read_catalogue():
        parts.append(f"## {paper.key}\n\n{paper.figures[0].citation} Read: {paper.extent_read}\n".replace("..", "."))
        for figure in paper.figures:
            question = figure.answers.question if figure.answers else f"Not compared: {figure.why_not}"
            facts = (figure.denominator, figure.time_frame, figure.instrument, figure.provenance.level)
            about = ", ".join(fact for fact in facts if fact)
            text = f"{figure.definition} {_printed(figure, rows[figure.id])}. {question}."
            parts.append(f"- `{figure.id}` ({about}): {text}".replace("..", "."))
            parts += [f"  - {caveat}" for caveat in figure.caveats]
            if figure.integrity.verdict == "inconsistent":
                parts.append(f"  - Inconsistent: {figure.integrity.note}".rstrip(".") + ".")
        parts.append("")
    return "\n".join(parts)


def _printed(figure: Figure, row: dict[str, object]) -> str:
    """Return the number of a figure as printed, with its counts."""
    numbers = figure.numbers
    counts = (
        "" if numbers.n is None else f"n {numbers.n}" if numbers.events is None else f"{numbers.events}/{numbers.n}"
    )
    return "Printed: " + ", ".join(part for part in (counts, printed_text(row)) if part)


STATISTICS_INTRO = """Every method of rows takes a tally: values and, as `counts`, the patients in each row; without
counts a row is a patient. Two samples are handed in as `x, x_counts, y, y_counts`, with None for rows; shares and
rates take totals. The docstring (`help(nc.statistics.proportion)`) gives units, options, what is refused and an
example. `tests/reference` holds the R scripts that the numbers are checked against;
[coverage](../benchmarks/coverage.md) and [speed](../benchmarks/statistics.md) are measured.

```python
import nmosd_cohort as nc
import pandas as pd

visits = nc.simulate(n=300, seed=1).tables["assessments"].dropna(subset=["edss", "has_pain"])
last = visits.sort_values("assessment_date").groupby("patient_id").tail(1)  # one row a patient
cells = nc.tally(last, ["has_pain", "edss"])  # one row a combination, with n patients
test = nc.statistics.kruskal_wallis(cells["edss"], cells["has_pain"], cells["n"])
test.effect  # Estimate: estimate, conf_low, conf_high, n, method, p_value ...
test.pairs  # every pair: P(higher) with limits, p and Holm-adjusted p
ratios = nc.statistics.logistic_regression(last["has_pain"], last[["edss"]])  # by column
pd.DataFrame(list(ratios.values()), index=list(ratios))  # as a table
```
"""


def statistics_page() -> str:
    """Return the statistical methods as a page, one section a folder: what each gives, and its sources."""
    parts = [MADE.format(source="nmosd_cohort/statistics"), "# Statistical methods\n"]
    parts.append(STATISTICS_INTRO)
    subjects: dict[str, list[str]] = {}
    for name, module in nmosd_cohort.statistics._HOME.items():
        method = getattr(nmosd_cohort.statistics, name)
        if inspect.isfunction(method):
            row = f"| `{name}` | {first_sentence(method)} | {sources(method)} |"
            subjects.setdefault(module.split(".")[0], []).append(row)
    for folder, rows in subjects.items():
        subject = importlib.import_module(f"nmosd_cohort.statistics.{folder}")
        title = inspect.getdoc(subject).splitlines()[0].rstrip(".")
        parts += [f"## {title}\n", "| `nc.statistics.` | gives | source |", "|---|---|---|", *rows, ""]
    parts += [
        "## How many patients an analysis of change needs\n",
        "| analysis | patients | with fewer |",
        "|---|--:|---|",
    ]
    parts += [f"| {least.analysis} | {least.patients} | {least.why} |" for least in MINIMUM_PATIENTS.values()]
    return "\n".join([*parts, ""])


def first_sentence(method: object) -> str:
    """Return the first paragraph of a docstring in one line."""
    return " ".join(inspect.getdoc(method).split("\n\n")[0].split()).replace("|", "\\|")


def sources(method: object) -> str:
    """Return the works that the notes of a docstring name: authors, year and doi."""
    notes = re.split(r"\nNotes\n-+\n", inspect.getdoc(method))
    if len(notes) == 1:
        return ""
    text = " ".join(re.split(r"\n\w+\n-+\n", notes[1])[0].split())
    found = re.findall(WORK, text)
    return "; ".join(
        dict.fromkeys(
            re.sub(r"(?<=\d), doi[: ]([^()]*(?:\([^()]*\)[^()]*)*)\)?$", r" (doi:\1)", part) for part in found
        )
    )


WORK = (
    r"((?:[A-Z][\w'-]+(?:, | and |-)?(?:der |de |van )*)+(?: et al\.)? (?:18|19|20)\d\d"
    r"(?:,? \(?doi[: ]10\.(?:[^\s()]|\([^\s()]*\))+\)?)?)"
)


def questions_page() -> str:
    """Return the list of the questions' pages, by chapter of the report."""
    parts = [MADE.format(source="nmosd_cohort/report/labels"), "# Questions\n"]
    parts.append(
        "One page a question: what is asked, the estimand, the tables it needs, the method, a plot, how to read it\n"
        "and its limits. Where a registry lacks what a question needs, the answer says so and names the variable.\n"
    )
    for chapter, names in labels()["chapters"].items():
        entries = [f"- [{labels()['questions'][name]['title']}]({name}.md): `{name}`" for name in names]
        parts.append(f"## {chapter}\n\n" + "\n".join(entries) + "\n")
    return "\n".join(parts)


PAGES = {
    "questions/README.md": questions_page,
    "statistics.md": statistics_page,
    "codebook.md": codebook_page,
    "published_figures.md": figures_page,
}


def main() -> int:
    """Write the pages, or return 1 if one of them is out of date."""
    stale = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if "--write" in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    if stale:
        print(f"out of date: {', '.join(stale)}; run python tools/check_docs.py --write")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
