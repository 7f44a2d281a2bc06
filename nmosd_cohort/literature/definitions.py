"""What a published figure and a registry's own estimate say of themselves, in words that can be compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from nmosd_cohort.literature.catalogue import read_catalogue
from nmosd_cohort.literature.figure import Answers, Figure
from nmosd_cohort.literature.row_definitions import row_definitions

ITEMS = (
    "construct",
    "denominator",
    "time_frame",
    "instrument",
    "cutoff",
    "phase",
    "serostatus",
    "care_level",
    "diagnosis",
)
UNSTATED = ("unknown", "unspecified", "")
PAIN_CONSTRUCTS = {"any": "any_pain", "neuropathic": "neuropathic_pain", "tonic_spasm": "tonic_spasm"}
MIXED = " with "  # between the diagnoses of patients who were counted together
# A word of a paper's diagnosis -> the codebook's code.
DISEASES = (("nmo", "nmosd"), ("sclerosis", "ms"), ("mog", "mogad"))
CUTOFF = re.compile(
    r"(?:(?P<test>[A-Za-z][\w-]*(?: [A-Z][\w-]*)?) )?"
    r"(?:(?:at least |>= ?|≥ ?)(?P<least>\d+)|(?P<more>\d+) (?:or more|and above)|(?:above |over |> ?)(?P<above>\d+))"
)


def published_definitions(figure: Figure) -> dict[str, str | None]:
    """Return what a published figure says of each of ``ITEMS``; None where it says nothing.

    Parameters
    ----------
    figure
        The published figure. Its diagnosis is that of the paper's patients, or of the denominator where that
        names others; patients with antibodies to aquaporin-4 have NMOSD whatever else the paper is about.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> published_definitions(find_figure("tong_2022_pain"))["phase"]
    'remission'
    >>> published_definitions(find_figure("sun_2017_pain_ms"))["diagnosis"]
    'ms'
    """
    stated = {name: getattr(figure, name, None) for name in ITEMS}
    stated |= {"cutoff": cutoff_of(figure.cutoff), "diagnosis": _published_diagnosis(figure)}
    return {name: None if value in (None, *UNSTATED) else value for name, value in stated.items()}


def local_definitions(answers: Answers | None, definitions: Mapping[str, object]) -> dict[str, str | None]:
    """Return what the local estimate says of each of ``ITEMS``; None where it says nothing.

    Parameters
    ----------
    answers
        Question, arguments and row that the figure asks for; None if there is none.
    definitions
        Of the local row, with what is known of the registry (serostatus, care_level). They go before what
        follows from ``answers``.

    Raises
    ------
    ValueError
        If they contradict one another.

    Examples
    --------
    >>> local_definitions(None, {"pain": "any", "denominator": "assessed"})["construct"]
    'any_pain'
    """
    implied = _implied(answers) if answers else {}
    stated = {name: str(value) for name, value in definitions.items() if name in ITEMS and value is not None}
    if "pain" in definitions:
        of_pain = PAIN_CONSTRUCTS.get(str(definitions["pain"]), str(definitions["pain"]))
        construct = stated.setdefault("construct", of_pain)
        if construct != of_pain and construct in PAIN_CONSTRUCTS.values():
            raise ValueError(f"definitions say pain {definitions['pain']} and construct {construct}; leave one out")
    known: dict[str, str | None] = {name: stated.get(name, implied.get(name)) for name in ITEMS}
    if answers and answers.select.get("outcome", "").endswith("_moderate"):
        known["cutoff"] = str(definitions.get("cutoff_moderate") or "")
    if known["denominator"] == "aqp4_positive":
        known["serostatus"] = "aqp4_positive"
    known["cutoff"] = cutoff_of(known["cutoff"])
    return {name: None if value in UNSTATED else value for name, value in known.items()}


def cutoff_of(text: str | None) -> str | None:
    """Return the smallest score that counts, as "14 or more"; None unless the text is nothing but a cut-off.

    Examples
    --------
    >>> cutoff_of("14"), cutoff_of("DN4 4 or more"), cutoff_of("above 12")
    ('14 or more', '4 or more', '13 or more')
    >>> cutoff_of("not seen (customary for DN4: 4 or more)") is None
    True
    """
    if text is None:
        return None
    if text.strip().isdigit():
        return f"{int(text)} or more"
    found = CUTOFF.fullmatch(text.strip())
    if found is None:
        return None
    lowest = int(found["above"]) + 1 if found["above"] else int(found["least"] or found["more"])
    return f"{lowest} or more"


def _published_diagnosis(figure: Figure) -> str | None:
    named = _diseases(figure.denominator) if figure.denominator.startswith("other: ") else []
    if named:
        return MIXED.join(named)
    if figure.serostatus == "aqp4_positive":
        return "nmosd"
    text = _diagnoses().get(figure.paper)
    return MIXED.join(_diseases(text or "")) or text


def _diseases(text: str) -> list[str]:
    return [code for word, code in DISEASES if word in text.lower()]


@cache
def _diagnoses() -> dict[str, str | None]:
    return {paper.key: paper.population.diagnosis for paper in read_catalogue()}


def _implied(answers: Answers) -> dict[str, str]:
    """Return the definitions that follow from the question, its arguments and the row taken."""
    chosen = answers.arguments
    if answers.question != "pain_prevalence":
        return row_definitions(answers)
    asked = {name: str(chosen[name]) for name in ("denominator", "time_frame") if name in chosen}
    phase = "mixed" if chosen.get("time_frame") == "ever" else "remission"
    return asked | {"construct": PAIN_CONSTRUCTS[str(chosen["pain"])], "phase": phase}
