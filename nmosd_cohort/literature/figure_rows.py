"""A published figure as one row: every part of it that is one value, with its paper's source and population."""

from __future__ import annotations

from typing import Any

from nmosd_cohort.literature.figure import Figure, Paper
from nmosd_cohort.statistics.shares.proportions import proportion

DESCRIPTION = (
    "construct", "definition", "denominator", "time_frame", "instrument", "cutoff", "phase", "serostatus", "care_level",
    "measure",
)  # fmt: skip
SPREAD = ("p", "sd", "sem", "median", "quartile_1", "quartile_3")
MOMENT = ("mean", "sd", "sem", "median", "quartile_1", "quartile_3", "minimum", "maximum")
SOURCE = ("authors", "title", "journal", "year", "doi", "pmid", "registry", "extent_read")
POPULATION = ("country", "design", "n_centres", "years", "diagnosis")
WHOLE_NUMBERS = ("n", "events", "decimals", "statistic_decimals", "n_centres", "year", "oxford_level")


def figure_row(paper: Paper, figure: Figure) -> dict[str, Any]:
    """Return a figure with what belongs to it, by column; shares from 0 to 1, ``printed`` as in the paper.

    Examples
    --------
    >>> from nmosd_cohort.literature.catalogue import find_figure, find_paper
    >>> row = figure_row(find_paper("zhang_2022"), find_figure("zhang_2022_np_all"))
    >>> row["printed"], round(row["estimate"], 4), row["journal"]
    (28.7, 0.2869, 'Mult Scler Relat Disord 68:104213')
    """
    head = {"figure": figure.id, "paper": paper.key, "citation": figure.citation}
    what = {name: getattr(figure, name) for name in DESCRIPTION}
    return head | what | _estimates(figure) | _spread(figure) | _test(figure) | _judged(figure) | _source(paper)


def _estimates(figure: Figure) -> dict[str, Any]:
    numbers = figure.numbers
    is_share = figure.measure == "proportion"
    scale = 100 if is_share else 1
    low, high, method = _interval(figure)
    return {
        "n": numbers.n,
        "events": numbers.events,
        "estimate": figure.share if is_share else numbers.estimate,
        "conf_low": _scaled(numbers.conf_low, scale),
        "conf_high": _scaled(numbers.conf_high, scale),
        "unit": "share" if is_share else numbers.unit,
        "printed": numbers.estimate,
        "printed_unit": numbers.unit,
        "decimals": numbers.decimals,
        "derived": is_share and numbers.estimate is None and figure.share is not None,
        "interval_low": low,
        "interval_high": high,
        "interval_method": method,
    }


def _spread(figure: Figure) -> dict[str, Any]:
    numbers = figure.numbers
    own = {name: getattr(numbers, name) for name in SPREAD}
    scale = 100 if figure.measure == "proportion" else 1
    own |= {name: _scaled(getattr(numbers, name), scale) for name in ("minimum", "maximum")}
    before_after = {
        f"{time}_{name}": getattr(moment, name, None)
        for time, moment in (("baseline", numbers.baseline), ("follow_up", numbers.follow_up))
        for name in MOMENT
    }
    return own | {"spread": numbers.spread} | before_after


def _test(figure: Figure) -> dict[str, Any]:
    """Return the printed test statistic and what one patient can score."""
    test, scale = figure.numbers.statistic, figure.numbers.scale
    printed = {f"statistic_{name}": getattr(test, name, None) for name in ("name", "value", "decimals", "freedom")}
    return printed | {f"scale_{name}": getattr(scale, name, None) for name in ("minimum", "maximum", "step")}


def _judged(figure: Figure) -> dict[str, Any]:
    """Return where the figure was read, what others say of it, and what to make of it."""
    return {
        "provenance": figure.provenance.level,
        "url": figure.provenance.url,
        "read": figure.provenance.read,
        "review_says": figure.seeds.review,
        "case_report_says": figure.seeds.case_report,
        "caveats": " ".join(figure.caveats),
        "integrity": figure.integrity.verdict,
        "integrity_note": figure.integrity.note,
        "pool_group": figure.pool_group,
        "overlap_group": figure.overlap_group,
        "oxford_level": figure.oxford_level,
        "margin": figure.margin,
        "question": figure.answers.question if figure.answers else None,
        "why_not": figure.why_not,
    }


def _source(paper: Paper) -> dict[str, Any]:
    people = {name: getattr(paper.population, name) for name in POPULATION}
    people["population_serostatus"] = paper.population.serostatus
    people["population_care_level"] = paper.population.care_level
    return {name: getattr(paper, name) for name in SOURCE} | people


def _interval(figure: Figure) -> tuple[float | None, float | None, str]:
    """Return the limits to use: Wilson where the counts are known, else those printed."""
    numbers = figure.numbers
    if figure.measure == "proportion" and numbers.events is not None and numbers.n:
        wilson = proportion(numbers.events, numbers.n)
        return wilson.conf_low, wilson.conf_high, "Wilson 95 % limits of the printed counts"
    if numbers.conf_low is None:
        return None, None, ""
    scale = 100 if figure.measure == "proportion" else 1
    return _scaled(numbers.conf_low, scale), _scaled(numbers.conf_high, scale), "as printed"


def _scaled(value: float | None, scale: int) -> float | None:
    return None if value is None else value / scale
