"""The gate: whether a registry's estimate may be set beside a published figure at all.

Margins. ``MARGINS`` holds how far apart two values may lie and still count as equal, on the scale of the
comparison, where a figure does not carry its own: 0.10 for shares, 0.15 for correlations and
standardised coefficients, a factor of 1.25 (on the log scale) for odds ratios, hazard ratios and rates,
and 1 point for scores from 0 to 10. They are fixed in advance and apply whatever the numbers turn out
to be.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from nmosd_cohort.literature.figure import Answers, Figure

Agreement = Literal["same", "different", "unknown"]
ITEMS = ("construct", "denominator", "time_frame", "instrument", "phase", "serostatus")
MARGINS: Mapping[str, float] = {
    "proportion": 0.10,
    "correlation": 0.15,
    "regression_coefficient": 0.15,
    "odds_ratio": math.log(1.25),
    "hazard_ratio": math.log(1.25),
    "rate": math.log(1.25),
    "mean": 1.0,
    "median": 1.0,
    "paired_change": 1.0,
    "median_change": 1.0,
    "mean_difference": 1.0,
    "between_group_difference": 1.0,
    "rate_ratio": math.log(1.25),
    "share_range": 0.10,
}
# What these are depends on the instrument, so another one is another thing.
MEASURED_BY_INSTRUMENT = ("neuropathic_pain", "depression")
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
    ("lesion_level_and_pain", "chronic_pain", "odds_ratio_per_myelitis_attack"): ("chronic_pain_per_myelitis_attack"),
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
    ("change_after_start", "pain_nrs", "follow_up_median"): "pain_intensity_after_start",
    ("change_after_start", "edss", "pseudo_median_change"): "edss_change_after_start",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that two definitions can agree or differ in."""

    item: str
    local: str | None
    published: str | None
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """Whether the two may be compared, item by item, and the reason if not.

    Parameters
    ----------
    items
        One entry for each of ``ITEMS``: the local definition, the published one, and whether they agree.
    comparable
        False if construct, denominator or time frame stand in the way.
    reason
        Why not; empty if comparable.
    """

    items: tuple[Item, ...]
    comparable: bool
    reason: str

    def __str__(self) -> str:
        """Say in one line what agrees, differs or is unknown."""
        listed = [
            f"{name}: {', '.join(item.item for item in self.items if item.agreement == name)}"
            for name in ("same", "different", "unknown")
            if any(item.agreement == name for item in self.items)
        ]
        return ("comparable; " if self.comparable else f"not comparable, {self.reason}; ") + "; ".join(listed)


def compare_definitions(figure: Figure, definitions: Mapping[str, object]) -> GateOutcome:
    """Set the definitions of a registry's estimate beside those of a published figure, item by item.

    Parameters
    ----------
    figure
        The published figure.
    definitions
        Definitions of the local Result; read are those of ``ITEMS``. What they leave out follows from the
        arguments and the row that the figure's ``answers`` name; the rest is unknown.

    Returns
    -------
    GateOutcome
        Not comparable if the construct differs, the denominator differs or is unknown, or the time frames
        are both known and differ, or, for neuropathic pain and depression, the instruments are and do. Phase and
        serostatus are listed and never stop it.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> gate = compare_definitions(find_figure("xue_np_among_pain"), {"denominator": "assessed"})
    >>> gate.comparable, gate.reason
    (False, 'the published share is of patients with pain, the local one is not')
    """
    local = local_definitions(figure.answers, definitions)
    published = published_definitions(figure)
    items = tuple(
        Item(name, local[name], published[name], _agree(name, local[name], published[name])) for name in ITEMS
    )
    reason = next((text for text in (_obstacle(item, figure.construct) for item in items) if text), "")
    return GateOutcome(items, not reason, reason)


def published_definitions(figure: Figure) -> dict[str, str | None]:
    """Return what a published figure says of each item; None where it says nothing.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> published_definitions(find_figure("tong_2022_pain"))["phase"]
    'remission'
    """
    stated = {name: getattr(figure, name) for name in ITEMS}
    return {name: None if value in (None, "unknown", "unspecified") else value for name, value in stated.items()}


def local_definitions(answers: Answers | None, definitions: Mapping[str, object]) -> dict[str, str | None]:
    """Return what the local estimate says of each item; None where it says nothing.

    Examples
    --------
    >>> local_definitions(None, {"pain": "any", "denominator": "assessed"})["construct"]
    'any_pain'
    """
    implied = _implied(answers) if answers else {}
    stated = {name: str(value) for name, value in definitions.items() if name in ITEMS and value is not None}
    if "pain" in definitions and "construct" not in stated:
        stated["construct"] = PAIN_CONSTRUCTS.get(str(definitions["pain"]), str(definitions["pain"]))
    known: dict[str, str | None] = {name: stated.get(name, implied.get(name)) for name in ITEMS}
    if answers and answers.select.get("group") == "with_pain":
        known["denominator"] = implied["denominator"]
    if known["denominator"] == "aqp4_positive":
        known["serostatus"] = "aqp4_positive"
    return {name: None if value in ("unknown", "unspecified", "") else value for name, value in known.items()}


def margin_of(figure: Figure) -> float:
    """Return how far the local value may lie from the published one and still count as equal.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> margin_of(find_figure("zhang_2022_np_all"))
    0.1
    """
    return MARGINS[figure.measure] if figure.margin is None else figure.margin


def _implied(answers: Answers) -> dict[str, str]:
    """Return the definitions that follow from the question, its arguments and the row taken."""
    chosen, row = answers.arguments, answers.select
    if answers.question == "pain_prevalence":
        asked = {name: str(chosen[name]) for name in ("denominator", "time_frame") if name in chosen}
        return asked | {"construct": PAIN_CONSTRUCTS[str(chosen["pain"])]}
    outcome = row.get("outcome", "")
    known = {"denominator": _implied_denominator(answers)}
    if outcome == "attack_rate":
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


def _agree(name: str, local: str | None, published: str | None) -> Agreement:
    if local is None or published is None:
        return "unknown"
    if name != "instrument":
        return "same" if local == published else "different"
    return "same" if _instruments(local) & _instruments(published) else "different"


def _instruments(text: str) -> set[str]:
    """Return the instruments that a text names, without case and punctuation."""
    return {re.sub(r"[^a-z0-9]", "", part) for part in re.split(r"[+/,;]| and ", text.lower())} - {""}


def _obstacle(item: Item, construct: str) -> str:
    """Return why this item stops the comparison, or nothing."""
    if item.item == "instrument" and not construct.startswith(MEASURED_BY_INSTRUMENT):
        return ""
    if item.item not in ("construct", "denominator", "time_frame", "instrument") or item.agreement == "same":
        return ""
    if item.item == "denominator" and item.agreement == "unknown":
        side = "published" if item.published is None else "local"
        return f"the denominator of the {side} figure is unknown"
    if item.agreement == "unknown":
        return ""
    if item.item == "denominator" and "with_pain" in (item.local, item.published):
        of_pain, other = ("published", "local") if item.published == "with_pain" else ("local", "published")
        return f"the {of_pain} share is of patients with pain, the {other} one is not"
    name = item.item.replace("_", " ")
    return f"the {name} differs: published {item.published}, local {item.local}"
