"""The catalogue of published figures: read, checked, cited, and laid out as one table."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd
import yaml
from pydantic import TypeAdapter, ValidationError

from nmosd_cohort.codebook.nearest import nearest
from nmosd_cohort.literature.figure import Figure, Paper
from nmosd_cohort.literature.figure_rows import WHOLE_NUMBERS, figure_row
from nmosd_cohort.literature.references import bibtex, reference

FOLDER = Path(__file__).parent / "figures"
FILLED_IN = ("paper", "citation", "overlap_group")
NEAREST = 5  # names that a message lists
Style = Literal["text", "bibtex"]


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


def catalogue_hash() -> str:
    """Return the SHA-256 of all files of the catalogue, so that a verdict tells which figures it was made from.

    Examples
    --------
    >>> len(catalogue_hash())
    64
    """
    digest = hashlib.sha256()
    for file in sorted(FOLDER.glob("*.yaml")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def find_figure(figure_id: str) -> Figure:
    """Return the catalogue's figure of that id.

    Raises
    ------
    ValueError
        If no figure has that id; the message names the nearest ones.

    Examples
    --------
    >>> find_figure("zhang_2022_np_all").numbers.events
    35
    """
    figures = {figure.id: figure for paper in read_catalogue() for figure in paper.figures}
    _check_name(figure_id, "the id of a published figure, for example zhang_2022_np_all")
    if figure_id not in figures:
        raise ValueError(f"no published figure is called {figure_id!r}; {nearest(figure_id, figures, most=NEAREST)}")
    return figures[figure_id]


def find_paper(name: str) -> Paper:
    """Return the catalogue's paper of that key, or the one that a figure of that id comes from.

    Raises
    ------
    ValueError
        If no paper and no figure is called so; the message names the nearest ones, papers first.

    Examples
    --------
    >>> find_paper("zhang_2022_np_all").key, find_paper("zhang_2022").year
    ('zhang_2022', 2022)
    """
    papers = {paper.key: paper for paper in read_catalogue()}
    by_figure = {figure.id: paper for paper in papers.values() for figure in paper.figures}
    known = papers | {figure: paper for figure, paper in by_figure.items() if figure not in papers}
    _check_name(name, "the key of a paper or the id of a published figure, for example zhang_2022")
    if name not in known:
        raise ValueError(f"no paper and no published figure is called {name!r}; {nearest(name, known, most=NEAREST)}")
    return known[name]


def chosen_papers(papers: str | Paper | Iterable[str | Paper] | None) -> list[Paper]:
    """Return the papers that an argument ``papers`` names, each key once.

    Parameters
    ----------
    papers
        Keys, or papers as they are; one of them may stand by itself. None takes the whole catalogue.

    Raises
    ------
    TypeError
        If it holds anything else.
    ValueError
        If no paper has such a key; the message says so of the id of a figure.

    Examples
    --------
    >>> [paper.key for paper in chosen_papers("zhang_2022")]
    ['zhang_2022']
    """
    catalogue = {paper.key: paper for paper in read_catalogue()}
    if papers is None:
        return list(catalogue.values())
    if not isinstance(papers, (str, Paper, Iterable)) or isinstance(papers, bytes):
        raise TypeError(f"papers is {papers!r}; give keys of papers, for example ['zhang_2022']")
    given = [papers] if isinstance(papers, (str, Paper)) else list(papers)
    for name in given:
        if not isinstance(name, (str, Paper)):
            raise TypeError(f"papers holds {name!r}; give keys of papers, for example ['zhang_2022']")
        if isinstance(name, str) and name not in catalogue:
            raise ValueError(f"papers: there is no paper {name or repr(name)}; {_paper_meant(name, catalogue)}")
    found = [catalogue[name] if isinstance(name, str) else name for name in given]
    return list({id(paper): paper for paper in found}.values())


def _paper_meant(name: str, catalogue: dict[str, Paper]) -> str:
    of_figure = next((key for key, paper in catalogue.items() if any(one.id == name for one in paper.figures)), "")
    return f"that is a figure of {of_figure}" if of_figure else nearest(name, catalogue)


def _check_name(name: object, wanted: str) -> None:
    if not isinstance(name, str):
        raise TypeError(f"{name!r} is no name; give {wanted}")


def cite(figure: str, *, style: Style = "text") -> str:
    r"""Return the reference of the paper that a figure comes from.

    Parameters
    ----------
    figure
        Id of a figure, or key of a paper.
    style
        ``text``: one line, in which what is unknown reads "not seen". ``bibtex``: an entry whose key is that of
        the paper; unknown fields are left out and named in its note.

    Raises
    ------
    ValueError
        If no figure and no paper is called so, or the style is unknown.

    Examples
    --------
    >>> cite("xue_np_among_pain")
    'Xue and co-workers (full author list not seen). Title not seen. Multiple Sclerosis and Related Disorders, year not seen. DOI not seen.'
    >>> print(cite("zhao_2013", style="bibtex").splitlines()[1])
      author = {Zhao, S. and Elsone, L. and Jacob, A. and Nurmikko, T. and Mutch, K.},
    """  # noqa: E501
    styles = get_args(Style)
    if style not in styles:
        raise ValueError(f"style is {style!r}; it must be one of {', '.join(styles)}")
    paper = find_paper(figure)
    return bibtex(paper) if style == "bibtex" else paper.figures[0].citation


def published_figures() -> pd.DataFrame:
    """Lay out the catalogue with one row a figure.

    Returns
    -------
    DataFrame
        What the catalogue holds of a figure in one value, with its paper's source and population; several
        groups (``numbers.groups``) and Table 1 are in ``read_catalogue``. Shares run from 0 to 1 in
        ``estimate``, ``conf_low`` and ``conf_high`` and in ``interval_low`` and ``interval_high`` (Wilson 95 %
        limits where events and n are known); ``printed`` is the number as it stands in the paper. A share that
        was not printed but follows from printed counts has ``derived`` true. Missing means not seen.

    Examples
    --------
    >>> table = published_figures().set_index("figure")
    >>> round(float(table.loc["zhang_2022_pain_current", "interval_low"]), 3)
    0.576
    """
    table = pd.DataFrame([figure_row(paper, figure) for paper in read_catalogue() for figure in paper.figures])
    return table.astype(dict.fromkeys(WHOLE_NUMBERS, "Int64"))


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
