"""Reasons of verdicts, in sentences for a reader."""

from __future__ import annotations

import math

from nmosd_cohort.literature.comparability import GateOutcome, margin_of, plain
from nmosd_cohort.literature.figure import Figure
from nmosd_cohort.literature.power import Capability
from nmosd_cohort.literature.scales.difference import Difference
from nmosd_cohort.statistics.pooling.random_effects import Pooled

ALPHA = 0.05
SMALLEST_P = 0.0001  # that is printed as a number
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


def ending(
    figure: Figure,
    gap: Difference,
    p_adjusted: float,
    verdict: str,
    pooled: Pooled | None,
    *,
    family: int = 1,
    unlike: int = 0,
) -> str:
    """Return what the verdict rests on.

    Parameters
    ----------
    figure, gap, p_adjusted, verdict, pooled
        As judged.
    family
        Comparisons over which p was adjusted.
    unlike
        Pooled studies whose denominator is not that of the figure.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure
    >>> gap = Difference("share", 0.3, 0.2, 0.4, 0.22, 0.38, 0.001, 0.05)
    >>> ending(find_figure("zhang_2022_np_all"), gap, 0.002, "different", None)
    'p 0.002'
    >>> ending(find_figure("zhang_2022_np_all"), gap, 0.00002, "different", None, family=53)
    'adjusted p below 0.0001 over 53 comparisons'
    """
    adjusted = f"adjusted p {_chance(p_adjusted)}" if family > 1 else f"p {_chance(p_adjusted)}"
    over = f"{adjusted} over {family} comparisons" if family > 1 else adjusted
    margin = _distance(gap, margin_of(figure))
    if verdict == "consistent":
        beyond = f", though the difference itself is not chance ({over})" if p_adjusted < ALPHA else ""
        return f"both 90 % limits lie within the margin of {margin}{beyond}"
    if verdict == "compatible but imprecise":
        alone = gap.p_value < ALPHA
        found = f"p {_chance(gap.p_value)} alone does not hold over the family of {family} comparisons"
        found = found if alone else "no significant difference"
        return f"{found} ({adjusted}), and equality within {margin} is not shown"
    if verdict == "different" or pooled is None:
        return over
    low, high = (shown(figure, limit) for limit in (pooled.prediction_low, pooled.prediction_high))
    other = f" ({unlike} of them with another denominator)" if unlike else ""
    return f"{over}, yet inside the {low} to {high} that {pooled.k} studies predict{other}"


def power_words(gap: Difference, found: Capability, verdict: str, *, family: int = 1) -> str:
    """Return in a sentence what this comparison could have seen, before p is adjusted over a family.

    Examples
    --------
    >>> gap = Difference("share", 0.1, -0.05, 0.25, -0.03, 0.23, 0.2, 0.07)
    >>> power_words(gap, Capability(0.20, 0.15, False), "compatible but imprecise")
    'Power of 80 % for a truth here 20 points lower or 15 points higher; no value could have shown equality.'
    """
    known = [f"{_distance(gap, value)} {side}" for value, side in _sides(found) if not math.isnan(value)]
    text = (
        f"Power of 80 % for a truth here {' or '.join(known)}" if known else "Power below 80 % whatever the truth here"
    )
    text += " alone" if len(known) == 1 and "lower or higher" not in known[0] else ""
    text += ", before adjustment" if family > 1 and known else ""
    is_missed = verdict == "compatible but imprecise" and not found.can_show_equality
    return f"{text}; no value could have shown equality." if is_missed else f"{text}."


def gate_words(gate: GateOutcome) -> list[str]:
    """Return what the reader must know of a comparison that the gate let pass.

    Examples
    --------
    >>> from nmosd_cohort.literature.comparability import Item
    >>> gate_words(GateOutcome((Item("time_frame", "current", None, "unknown"),), True, ""))
    ['the paper does not state the time frame (here: current)']
    """
    unstated = [item for item in gate.items if item.item == "time_frame" and item.published is None]
    unlike = [
        f"{item.item.replace('_', ' ')} (published {plain(item.published)}, here {plain(item.local)})"
        for item in gate.items
        if item.agreement == "different"
    ]
    words = [f"the paper does not state the time frame{_here(item.local)}" for item in unstated]
    if any(item.item == "denominator" and item.local == "all_diagnosed" for item in gate.items):
        words.append("patients without an answer count as without")
    return [*words, f"not the same: {', '.join(unlike)}"] if unlike else words


def _here(local: str | None) -> str:
    return f" (here: {plain(local)})" if local else ""


def _chance(p: float) -> str:
    if p < SMALLEST_P:
        return f"below {SMALLEST_P:.4f}"
    if f"{p:.2f}" == f"{ALPHA:.2f}":
        return f"{p:.3f}"  # so that the reader sees on which side it lies
    return f"{p:.2f}" if p >= 2 * ALPHA else f"{p:.2g}"


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
