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

from nmosd_cohort.literature.definitions import ITEMS, MIXED, local_definitions, published_definitions
from nmosd_cohort.literature.figure import Figure

__all__ = ["ITEMS", "MARGINS", "RULES", "GateOutcome", "Item", "Rule", "compare_definitions", "margin_of", "plain"]

Agreement = Literal["same", "different", "unknown"]
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
# What these are depends on the instrument, so another one, or another cut-off of it, is another thing.
MEASURED_BY_INSTRUMENT = ("neuropathic_pain", "depression", "no_antidepressant")
# Scores in points of an instrument; they have no cut-off.
SCORED_BY_INSTRUMENT = ("pain_change_after_start", "pain_intensity")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a disagreement over one item does to the comparison.

    Parameters
    ----------
    stops_if_different, stops_if_unknown
        Whether the comparison is refused; else the item is listed and the reader judges.
    why
        The reason for the rule.
    needs_instrument
        The rule holds only for constructs that an instrument defines. A cut-off is not looked at for others.
    """

    stops_if_different: bool
    stops_if_unknown: bool
    why: str
    needs_instrument: bool = False


RULES: Mapping[str, Rule] = {
    "construct": Rule(True, True, "two different things have no difference that means anything"),
    "denominator": Rule(True, True, "a share of those with pain and a share of all differ whatever the truth is"),
    "time_frame": Rule(True, False, "current, chronic and lifetime pain nest; many papers do not say which they mean"),
    "instrument": Rule(True, False, "another ruler finds another share; papers often leave it out", True),
    "cutoff": Rule(True, False, "another cut-off is another share; papers often leave it out", True),
    "phase": Rule(
        False, False, "a figure of attacks alone is answered by a row of attacks alone; the reader sees the phase"
    ),
    "serostatus": Rule(False, False, "cohorts are mixed in shares that papers seldom give; reweighting takes it up"),
    "care_level": Rule(
        False, False, "it shifts who is seen, as every cohort does; the spread between studies holds it"
    ),
    "diagnosis": Rule(True, False, "another disease is another population, however alike the number"),
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
        One entry for each of ``ITEMS`` that the construct needs: the local definition, the published one, and
        whether they agree.
    comparable
        False if an item stops the comparison by its rule in ``RULES``.
    reason
        Why not; empty if comparable.
    """

    items: tuple[Item, ...]
    comparable: bool
    reason: str

    def listed(self, agreement: Agreement) -> str:
        """Return the items that are same, different or unknown, as a list with commas."""
        return ", ".join(item.item for item in self.items if item.agreement == agreement)

    def __str__(self) -> str:
        """Say in one line what agrees, differs or is unknown."""
        named: tuple[Agreement, ...] = ("same", "different", "unknown")
        parts = [f"{name}: {self.listed(name)}" for name in named if self.listed(name)]
        return ("comparable; " if self.comparable else f"not comparable, {self.reason}; ") + "; ".join(parts)


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
        Not comparable if construct or denominator differ or are unknown, or if time frame, diagnosis or, for
        neuropathic pain, depression and scores of pain, instrument or cut-off are known on both sides and differ.
        Phase, serostatus and care level are listed and never stop it. ``RULES`` has the reason of each.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> gate = compare_definitions(find_figure("xue_np_among_pain"), {"denominator": "assessed"})
    >>> gate.comparable, gate.reason
    (False, 'the published share is of patients with pain, the local one is not')
    """
    local = local_definitions(figure.answers, definitions)
    published = published_definitions(figure)
    has_cutoff = figure.construct.startswith(MEASURED_BY_INSTRUMENT)
    is_measured = has_cutoff or figure.construct.startswith(SCORED_BY_INSTRUMENT)
    needed = [name for name in ITEMS if name != "cutoff" or has_cutoff]
    items = tuple(
        Item(name, local[name], published[name], _agree(name, local[name], published[name])) for name in needed
    )
    reason = next((text for text in (_obstacle(item, is_measured) for item in items) if text), "")
    return GateOutcome(items, not reason, reason)


def margin_of(figure: Figure) -> float:
    """Return how far the local value may lie from the published one and still count as equal.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> margin_of(find_figure("zhang_2022_np_all"))
    0.1
    """
    return MARGINS[figure.measure] if figure.margin is None else figure.margin


def plain(code: str | None) -> str:
    """Return a code of a definition in words.

    Examples
    --------
    >>> plain("other: patients without pain"), plain("all_diagnosed")
    ('patients without pain', 'all diagnosed')
    """
    return str(code).removeprefix("other: ").replace("_", " ")


def _agree(name: str, local: str | None, published: str | None) -> Agreement:
    if local is None or published is None:
        return "unknown"
    if name == "diagnosis" and local != published and local in published.split(MIXED):
        return "unknown"  # whether the number holds for these patients alone
    if name != "instrument":
        return "same" if local == published else "different"
    return "same" if _instruments(local) & _instruments(published) else "different"


def _instruments(text: str) -> set[str]:
    """Return the instruments that a text names, without case and punctuation."""
    return {re.sub(r"[^a-z0-9]", "", part) for part in re.split(r"[+/,;]| and ", text.lower())} - {""}


def _obstacle(item: Item, is_measured: bool) -> str:
    """Return why this item stops the comparison, or nothing."""
    rule = RULES[item.item]
    if item.agreement == "same" or (rule.needs_instrument and not is_measured):
        return ""
    name = item.item.replace("_", " ").replace("cutoff", "cut-off")
    if item.agreement == "unknown":
        side = "published" if item.published is None else "local"
        return f"the {name} of the {side} figure is unknown" if rule.stops_if_unknown else ""
    if not rule.stops_if_different:
        return ""
    if item.item == "denominator" and "with_pain" in (item.local, item.published):
        of_pain, other = ("published", "local") if item.published == "with_pain" else ("local", "published")
        return f"the {of_pain} share is of patients with pain, the {other} one is not"
    return f"the {name} differs: published {plain(item.published)}, local {plain(item.local)}"
