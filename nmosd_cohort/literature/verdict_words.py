"""Reasons of verdicts, in sentences for a reader."""

from __future__ import annotations

import math

from nmosd_cohort.literature.comparability import GateOutcome, margin_of
from nmosd_cohort.literature.differences import Difference
from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.power import Capability
from nmosd_cohort.statistics.pooling.random_effects import Pooled

ALPHA = 0.05
NEARLY_ALIKE = 0.05  # up and down are told apart if they differ by a larger share than this
TEN = 10.0  # factors from here on have no decimals


def sentence(text: str) -> str:
    """Return a text as a sentence.

    Examples
    --------
    >>> sentence("the share was not seen")
    'The share was not seen.'
    """
    return f"{text[:1].upper()}{text[1:]}."


def shown(figure: Figure, value: float) -> str:
    """Return a value on either side, shares in percent.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> shown(find_figure("zhang_2022_np_all"), 0.287)
    '28.7 %'
    """
    return f"{100 * value:.1f} %" if figure.measure == "proportion" else f"{value:.2f}"


def size(gap: Difference) -> str:
    """Return a difference with its limits, that of logarithms as the factor between the two.

    Examples
    --------
    >>> size(Difference("share", 0.1, 0.02, 0.18, 0.03, 0.17, 0.01, 0.04))
    '+10.0 percentage points (+2.0 to +18.0)'
    """
    if gap.scale == "share":
        low, middle, high = (f"{100 * value:+.1f}" for value in (gap.conf_low, gap.estimate, gap.conf_high))
        return f"{middle} percentage points ({low} to {high})"
    if gap.scale.startswith("log "):
        low, middle, high = (f"{math.exp(value):.2f}" for value in (gap.conf_low, gap.estimate, gap.conf_high))
        return f"a factor of {middle} ({low} to {high})"
    return f"{gap.estimate:+.2f} ({gap.conf_low:+.2f} to {gap.conf_high:+.2f}, {gap.scale})"


def ending(figure: Figure, gap: Difference, p_adjusted: float, verdict: str, pooled: Pooled | None) -> str:
    """Return what the verdict rests on.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> gap = Difference("share", 0.3, 0.2, 0.4, 0.22, 0.38, 0.001, 0.05)
    >>> ending(find_figure("zhang_2022_np_all"), gap, 0.002, "different", None)
    'adjusted p 0.002'
    """
    margin = _distance(gap, margin_of(figure))
    if verdict == "consistent":
        return f"both 90 % limits lie within the margin of {margin}"
    if verdict == "compatible but imprecise":
        alone = gap.p_value < ALPHA
        found = f"p {gap.p_value:.2g} alone does not hold over the family" if alone else "no significant difference"
        return f"{found} (adjusted p {p_adjusted:.2f}), and equality within {margin} is not shown"
    if verdict == "different" or pooled is None:
        return f"adjusted p {p_adjusted:.2g}"
    low, high = (shown(figure, limit) for limit in (pooled.prediction_low, pooled.prediction_high))
    return f"adjusted p {p_adjusted:.2g}, yet inside the {low} to {high} that {pooled.k} studies predict"


def power_words(gap: Difference, found: Capability) -> str:
    """Return in sentences what this comparison could have seen.

    Examples
    --------
    >>> gap = Difference("share", 0.1, -0.05, 0.25, -0.03, 0.23, 0.2, 0.07)
    >>> power_words(gap, Capability(0.20, 0.15, False))
    'A truth here less than 20 points lower or 15 points higher would often have been missed. No value here could have shown equality.'
    """  # noqa: E501
    known = [f"{_distance(gap, value)} {side}" for value, side in _sides(found) if not math.isnan(value)]
    unseen = [side for value, side in _sides(found) if math.isnan(value)]
    text = "A truth here however far away would often have been missed."
    if known:
        text = f"A truth here less than {' or '.join(known)} would often have been missed"
        text += f", and so would any {unseen[0]} one." if unseen else "."
    return text if found.can_show_equality else f"{text} No value here could have shown equality."


def gate_words(gate: GateOutcome) -> list[str]:
    """Return what the reader must know of a comparison that the gate let pass.

    Examples
    --------
    >>> from nmosd_cohort.literature.comparability import Item
    >>> gate_words(GateOutcome((Item("time_frame", "current", None, "unknown"),), True, ""))
    ['the paper does not state the time frame']
    """
    unstated = [item for item in gate.items if item.item == "time_frame" and item.published is None]
    unlike = [
        f"{item.item.replace('_', ' ')} (published {_plain(item.published)}, here {_plain(item.local)})"
        for item in gate.items
        if item.agreement == "different"
    ]
    words = ["the paper does not state the time frame"] if unstated else []
    return [*words, f"not the same: {', '.join(unlike)}"] if unlike else words


def _plain(code: str | None) -> str:
    return str(code).replace("_", " ")


def _sides(found: Capability) -> list[tuple[float, str]]:
    down, up = found.detectable_down, found.detectable_up
    if abs(down - up) <= NEARLY_ALIKE * max(down, up):
        return [(max(down, up), "lower or higher")]
    return [(down, "lower"), (up, "higher")]


def _distance(gap: Difference, value: float) -> str:
    if gap.scale == "share":
        return f"{100 * value:.0f} points"
    if gap.scale.startswith("log "):
        factor = math.exp(value)
        return f"a factor of {factor:.2f}" if factor < TEN else f"a factor of {factor:.0f}"
    return f"{value:.2f} points" if gap.scale == "points" else f"{value:.2f}"
