"""The catalogue of published figures: read, checked, cited, and laid out as one table."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import TypeAdapter, ValidationError

from nmosd_cohort.literature.figure import Figure, Paper
from nmosd_cohort.statistics.shares.proportions import proportion

FOLDER = Path(__file__).parent / "figures"
FILLED_IN = ("paper", "citation", "overlap_group")
NAMED_AUTHORS = 3
DESCRIPTION = (
    "construct",
    "definition",
    "denominator",
    "time_frame",
    "instrument",
    "cutoff",
    "phase",
    "serostatus",
    "care_level",
    "measure",
)


def read_catalogue() -> list[Paper]:
    """Read every paper of the catalogue, by file name.

    Returns
    -------
    list of Paper
        Checked; read once, then kept.

    Raises
    ------
    ValueError
        If a file breaks the format; the message names file and field.

    Examples
    --------
    >>> next(paper.year for paper in read_catalogue() if paper.key == "zhang_2022")
    2022
    """
    return list(_papers(FOLDER))


def read_papers(folder: Path) -> list[Paper]:
    """Read the papers of a folder, one YAML file a paper.

    Raises
    ------
    ValueError
        If the folder has no file, a file breaks the format, is not named for its paper, or a figure's id
        occurs twice; the message names file and field.

    Examples
    --------
    >>> len(read_papers(FOLDER)) > 50
    True
    """
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise ValueError(f"{folder} holds no .yaml file; a catalogue has one for each paper")
    papers = [_read_paper(file) for file in files]
    seen: dict[str, str] = {}
    for paper in papers:
        for figure in paper.figures:
            if figure.id in seen:
                raise ValueError(f"{paper.key}.yaml: figure {figure.id} is also in {seen[figure.id]}.yaml")
            seen[figure.id] = paper.key
    return papers


def find_figure(figure_id: str) -> Figure:
    """Return the catalogue's figure of that id.

    Raises
    ------
    ValueError
        If no figure has that id; the message names those of similar beginning.

    Examples
    --------
    >>> find_figure("zhang_2022_np_all").numbers.events
    35
    """
    figures = {figure.id: figure for paper in read_catalogue() for figure in paper.figures}
    if figure_id not in figures:
        near = sorted(name for name in figures if name.split("_")[0] == figure_id.split("_")[0])
        known = ", ".join(near) if near else f"{len(figures)} others, see published_figures()"
        raise ValueError(f"no published figure is called {figure_id}; known: {known}")
    return figures[figure_id]


def cite(figure_id: str) -> str:
    """Return the reference of the paper that a figure comes from; what is unknown reads "not seen".

    Raises
    ------
    ValueError
        If no figure has that id.

    Examples
    --------
    >>> cite("xue_np_among_pain")
    'Xue and co-workers (full author list not seen). Title not seen. Multiple Sclerosis and Related Disorders, year not seen. DOI not seen.'
    """  # noqa: E501
    return find_figure(figure_id).citation


def published_figures() -> pd.DataFrame:
    """Lay out the catalogue with one row a figure.

    Returns
    -------
    DataFrame
        Shares run from 0 to 1 in ``estimate``, ``conf_low`` and ``conf_high`` (as printed) and in
        ``interval_low`` and ``interval_high`` (Wilson 95 % limits where events and n are known). A share
        that was not printed but follows from printed counts has ``derived`` true. Missing means not seen.

    Examples
    --------
    >>> table = published_figures().set_index("figure")
    >>> round(float(table.loc["zhang_2022_pain_current", "interval_low"]), 3)
    0.576
    """
    rows = [_row(paper, figure) for paper in read_catalogue() for figure in paper.figures]
    table = pd.DataFrame(rows)
    counts = ("n", "events", "decimals", "n_centres", "year", "oxford_level")
    return table.astype(dict.fromkeys(counts, "Int64"))


def reference(paper: dict[str, Any]) -> str:
    """Compose a reference from the head of a catalogue file.

    Examples
    --------
    >>> head = {"authors": "A B, C D, E F, G H", "title": None, "journal": "J", "year": 2020, "doi": None}
    >>> reference(head)
    'A B, C D, E F, et al. Title not seen. J, 2020. DOI not seen.'
    """
    authors = _short_authors(paper.get("authors"))
    title, journal = paper.get("title") or "Title not seen", paper.get("journal") or "Journal not seen"
    year = paper.get("year") or "year not seen"
    doi = f"doi:{paper['doi']}" if paper.get("doi") else "DOI not seen"
    pmid = f" PMID {paper['pmid']}." if paper.get("pmid") else ""
    registry = f" {paper['registry']}." if paper.get("registry") else ""
    return f"{authors}. {title}. {journal}, {year}. {doi}.{pmid}{registry}"


def _short_authors(authors: str | None) -> str:
    if not authors or authors.startswith("not "):
        return "Authors not seen"
    names = [name.strip() for name in authors.split(",")]
    if len(names) <= NAMED_AUTHORS or "(" in authors:
        return authors
    return f"{', '.join(names[:NAMED_AUTHORS])}, et al"


@cache
def _adapter() -> TypeAdapter[Paper]:
    return TypeAdapter(Paper)


@cache
def _papers(folder: Path) -> tuple[Paper, ...]:
    return tuple(read_papers(folder))


def _read_paper(file: Path) -> Paper:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)
    except yaml.YAMLError as error:
        raise ValueError(f"{file.name} is not valid YAML: {error}") from error
    head, figures = _parts(file, content)
    try:
        paper = _adapter().validate_python(head | {"figures": _filled_in(file, head, figures)})
    except ValidationError as error:
        raise ValueError(_explain(file, figures, error)) from error
    if paper.key != file.stem:
        raise ValueError(f"{file.name}, paper.key: is {paper.key}; the file must be called {paper.key}.yaml")
    return paper


def _parts(file: Path, content: object) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if not isinstance(content, dict) or set(content) != {"paper", "figures"}:
        raise ValueError(f"{file.name} must have the two parts paper and figures")
    head, figures = content["paper"], content["figures"]
    if not isinstance(head, dict) or not isinstance(figures, list):
        raise ValueError(f"{file.name}: paper must be a mapping and figures a list")
    if not all(isinstance(figure, dict) for figure in figures):
        raise ValueError(f"{file.name}: each of figures must be a mapping")
    return head, figures


def _filled_in(file: Path, head: dict[str, Any], figures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for figure in figures:
        own = sorted(set(figure) & set(FILLED_IN))
        if own:
            raise ValueError(f"{file.name}, {figure.get('id')}.{own[0]}: is filled in when read; leave it out")
    key = str(head.get("key"))
    extra = {"paper": key, "citation": reference(head), "overlap_group": head.get("overlap_group") or key}
    population = head.get("population")
    care_level = population.get("care_level") if isinstance(population, dict) else None
    return [{"care_level": care_level} | figure | extra for figure in figures]


def _explain(file: Path, figures: list[dict[str, Any]], error: ValidationError) -> str:
    return "; ".join(f"{file.name}, {_field(figures, problem['loc'])}: {problem['msg']}" for problem in error.errors())


def _field(figures: list[dict[str, Any]], location: tuple[int | str, ...]) -> str:
    if location[:1] == ("figures",) and len(location) > 1:
        place = int(location[1])
        name = figures[place].get("id", f"figure {place + 1}")
        return ".".join(str(part) for part in (name, *location[2:]))
    return ".".join(str(part) for part in ("paper", *location))


def _row(paper: Paper, figure: Figure) -> dict[str, Any]:
    numbers, answers = figure.numbers, figure.answers
    is_share = figure.measure == "proportion"
    scale = 100 if is_share else 1
    low, high, method = _interval(figure)
    head = {"figure": figure.id, "paper": paper.key, "citation": figure.citation, "year": paper.year}
    what = {name: getattr(figure, name) for name in DESCRIPTION}
    counts = {"n": numbers.n, "events": numbers.events}
    estimates = {
        "estimate": figure.share if is_share else numbers.estimate,
        "conf_low": _scaled(numbers.conf_low, scale),
        "conf_high": _scaled(numbers.conf_high, scale),
        "unit": "share" if is_share else numbers.unit,
        "decimals": numbers.decimals,
        "derived": is_share and numbers.estimate is None and figure.share is not None,
        "interval_low": low,
        "interval_high": high,
        "interval_method": method,
    }
    source = {
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
        "question": answers.question if answers else None,
        "why_not": figure.why_not,
    }
    people = {
        name: getattr(paper.population, name) for name in ("country", "design", "n_centres", "years", "diagnosis")
    }
    return head | what | counts | estimates | _spread(figure) | source | people


def _spread(figure: Figure) -> dict[str, Any]:
    numbers = figure.numbers
    own = {name: getattr(numbers, name) for name in ("p", "sd", "median", "quartile_1", "quartile_3")}
    scale = 100 if figure.measure == "proportion" else 1
    own |= {name: _scaled(getattr(numbers, name), scale) for name in ("minimum", "maximum")}
    before_after = {
        f"{time}_{name}": getattr(moment, name, None)
        for time, moment in (("baseline", numbers.baseline), ("follow_up", numbers.follow_up))
        for name in ("mean", "sd", "median", "minimum", "maximum")
    }
    return own | before_after


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
