"""What a row of a question is about, read from the table beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from nmosd_cohort.literature.figure import Answers

TABLE = "row_definitions.toml"
MATCHED = ("outcome", "measure", "group", "level", "term", "reference")
STATED = ("construct", "denominator", "phase", "time_frame", "instrument", "diagnosis")
AROUND_A_START = ("change_after_start", "attacks_after_start")
DISEASE_WORDS = {"ms": "multiple sclerosis"}


def row_definitions(answers: Answers) -> dict[str, str]:
    """Return the definitions that follow from a question other than pain_prevalence, its arguments and the row taken.

    Parameters
    ----------
    answers
        Question, arguments and select of a published figure.

    Returns
    -------
    dict
        Some of construct, denominator, phase, time_frame, instrument and diagnosis. No construct if the table does
        not know the row. ``diagnosis`` only where the row is of other patients than those of the registry's question.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> row_definitions(find_figure("qian_2012_pain_ms").answers)["denominator"]
    'other: patients with multiple sclerosis'
    """
    chosen = answers.arguments
    # Scores and attacks around the start of a drug count whenever they were recorded, in attacks too.
    phase = "mixed" if answers.question in AROUND_A_START or chosen.get("time_frame") == "ever" else "remission"
    known = {"denominator": _of_pain_split(answers.select), "phase": phase}
    line = next((line for line in _table() if _fits(line, answers)), {})
    known |= {name: line[name].format(**chosen).replace(" ", "_") for name in ("construct",) if name in line}
    known |= {name: line[name] for name in STATED[1:] if name in line}
    known |= {name: str(chosen[name]) for name in ("denominator", "time_frame") if name in chosen}
    if disease := chosen.get("diagnosis"):
        patients = DISEASE_WORDS.get(str(disease), str(disease))
        known |= {"diagnosis": str(disease), "denominator": f"other: patients with {patients}"}
    return known


def row_diagnosis(answers: Answers | None) -> str | None:
    """Return the diagnosis of the patients of a row where it is not that which the caller asks for.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> row_diagnosis(find_figure("qian_2012_pain_ms").answers)
    'ms'
    """
    return row_definitions(answers).get("diagnosis") if answers else None


def _of_pain_split(row: Mapping[str, str]) -> str:
    if row.get("group") != "with_pain":
        return "assessed"
    return "with_pain" if row.get("level") == "yes" else "other: patients without pain"


def _fits(line: Mapping[str, str], answers: Answers) -> bool:
    return line["question"] == answers.question and all(
        answers.select.get(name, "") == line[name] for name in MATCHED if name in line
    )


@cache
def _table() -> tuple[dict[str, str], ...]:
    """Read the table and check that it has no name that would never be looked at."""
    text = files("nmosd_cohort.literature").joinpath(TABLE).read_text(encoding="utf-8")
    lines = tuple(tomllib.loads(text)["rows"])
    for line in lines:
        unknown = set(line) - {"question", *MATCHED, *STATED}
        if unknown or not {"question", "outcome", "measure", "construct"} <= set(line):
            raise ValueError(f"{TABLE}: {line} has unknown names ({', '.join(sorted(unknown))}) or lacks one")
    return lines
