"""Every analysis opens as a notebook, runs on any registry, and sets all figures of its papers beside the answers."""

import ast
from pathlib import Path
from typing import Any

import pytest

import nmosd_cohort as nc
from nmosd_cohort.literature.catalogue import read_catalogue

ANALYSES = sorted((Path(__file__).parents[2] / "analyses").glob("*.py"))
NAMES = [file.stem for file in ANALYSES]


@pytest.mark.parametrize("name", NAMES)
def test_runs_on_the_demo_registry_and_shows_every_figure_of_its_papers(name: str, replay: Any) -> None:
    made, printed = replay(name)
    verdicts = made["verdicts"]
    papers = {paper.key: {figure.id for figure in paper.figures} for paper in read_catalogue()}
    assert set(verdicts["figure"]) == set().union(*(papers[key] for key in verdicts["paper"]))
    assert name in papers
    assert name in set(verdicts["paper"])
    assert "published" in printed


@pytest.mark.parametrize("name", NAMES)
def test_runs_on_a_poor_registry(name: str, replay: Any, poor_registry: nc.Registry) -> None:
    made, _ = replay(name, poor_registry)
    assert len(made["verdicts"]) > 0


@pytest.mark.parametrize("file", ANALYSES, ids=NAMES)
def test_opens_as_a_notebook(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    cells = text.split("\n# %%")[1:]
    assert len(cells) >= 4
    for cell in cells:
        head, _, body = cell.partition("\n")
        if "[markdown]" in head:
            assert all(line.startswith("#") or not line for line in body.splitlines())
        else:
            compile(body, file.name, "exec")
