"""What a published figure and a registry's own estimate say of themselves, in words that can be compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from nmosd_cohort.literature.catalogue import read_catalogue
from nmosd_cohort.literature.figure import Answers, Figure

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
# What the rows of the questions other than pain_prevalence are about: (question, outcome, measure).
ROW_CONSTRUCTS: Mapping[tuple[str, str, str], str] = {
    ("neuropathic_pain_and_disability", "edss", "probability_superiority"): "neuropathic_pain_and_edss",
    ("neuropathic_pain_and_quality_of_life", "sf36_bp", "mean"): "sf36_bodily_pain",
    ("neuropathic_pain_and_quality_of_life", "sf36_pcs", "adjusted_mean_difference"): (
        "neuropathic_pain_and_quality_of_life"
    ),
    ("neuropathic_pain_and_quality_of_life", "sf36_mcs", "adjusted_mean_difference"): (
        "neuropathic_pain_and_quality_of_life"
    ),
    ("lesion_level_and_pain", "chronic_pain", "odds_ratio_per_myelitis_attack"): "chronic_pain_per_myelitis_attack",
    ("lesion_level_and_pain", "chronic_pain", "odds_ratio_per_upper_thoracic_segment"): (
        "chronic_pain_per_upper_thoracic_segment"
    ),
    ("lesion_level_and_pain", "pain_nrs", "standardised_coefficient"): "lesion_level_and_pain_severity",
    ("pain_and_depression", "bdi_ii", "proportion"): "depression",
    ("pain_and_depression", "bdi_ii_moderate", "proportion"): "depression_moderate_severe",
    ("pain_and_depression", "bdi_ii", "pearson"): "pain_and_depression",
    ("pain_and_depression", "bdi_ii", "odds_ratio"): "neuropathic_pain_and_depression",
    ("change_after_start", "pain_nrs", "mean_change"): "pain_change_after_start",
    ("change_after_start", "pain_nrs", "pseudo_median_change"): "pain_change_after_start",
    ("change_after_start", "pain_nrs", "baseline_mean"): "pain_intensity_at_start",
    ("change_after_start", "pain_nrs", "baseline_median"): "pain_intensity_at_start",
    ("change_after_start", "pain_nrs", "follow_up_mean"): "pain_intensity_after_start",
    ("change_after_start", "pain_nrs", "follow_up_median"): "pain_intensity_after_start",
    ("change_after_start", "edss", "mean_change"): "edss_change_after_start",
    ("change_after_start", "edss", "pseudo_median_change"): "edss_change_after_start",
    ("change_after_start", "edss", "baseline_mean"): "edss_at_start",
    ("change_after_start", "edss", "baseline_median"): "edss_at_start",
    ("change_after_start", "edss", "follow_up_mean"): "edss_after_start",
    ("change_after_start", "edss", "follow_up_median"): "edss_after_start",
    ("change_after_start", "attack_rate", "rate_ratio"): "attack_rate_change_after_start",
}
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
    chosen, row = answers.arguments, answers.select
    if answers.question == "pain_prevalence":
        asked = {name: str(chosen[name]) for name in ("denominator", "time_frame") if name in chosen}
        phase = "mixed" if chosen.get("time_frame") == "ever" else "remission"
        return asked | {"construct": PAIN_CONSTRUCTS[str(chosen["pain"])], "phase": phase}
    outcome = row.get("outcome", "")
    # Scores before and after the start of a drug are taken whenever they were recorded, in attacks too.
    phase = "mixed" if answers.question == "change_after_start" else "remission"
    known = {"denominator": _implied_denominator(answers), "phase": phase}
    if outcome == "attack_rate" and row["measure"] == "rate":
        return known | {"construct": f"attack_rate_{row.get('level', '')}_start"}
    if outcome == "chronic_pain":
        known["time_frame"] = "chronic"
    construct = ROW_CONSTRUCTS.get((answers.question, outcome, row["measure"]))
    return known | ({"construct": construct} if construct else {})


def _implied_denominator(answers: Answers) -> str:
    row = answers.select
    if row.get("group") == "with_pain":
        return "with_pain" if row.get("level") == "yes" else "other: patients without pain"
    if row.get("outcome") == "chronic_pain":
        return "other: patients with an MRI of cervical and thoracic cord"
    is_cord_score = answers.question == "lesion_level_and_pain" and row.get("outcome") == "pain_nrs"
    return "with_myelitis" if is_cord_score else "assessed"
