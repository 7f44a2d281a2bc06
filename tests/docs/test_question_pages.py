"""Every question has a page that says the same things in the same order, with a picture and an example that runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import nmosd_cohort as nc
from nmosd_cohort.report.words import labels

DOCS = Path(__file__).parents[2] / "docs"
QUESTIONS = tuple(labels()["questions"])
HEADINGS = (
    "Clinical question",
    "Estimand",
    "Tables needed",
    "Method",
    "Plot",
    "How to read it",
    "Limits",
    "Example",
)


def page(name: str) -> str:
    return (DOCS / "questions" / f"{name}.md").read_text("utf-8")


def test_the_pages_are_those_of_the_questions():
    assert {path.stem for path in (DOCS / "questions").glob("*.md")} == {*QUESTIONS, "README"}
    listed = re.findall(r"\]\((\w+)\.md\)", page("README"))
    assert sorted(listed) == sorted(QUESTIONS)


@pytest.mark.parametrize("name", QUESTIONS)
def test_page_has_every_heading_and_a_picture(name: str):
    text = page(name)
    assert text.splitlines()[0] == f"# {labels()['questions'][name]['title']}"
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == HEADINGS
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert pictures == [f"../images/questions/{name}.png"]
    assert (DOCS / "questions" / pictures[0]).stat().st_size > 5000
    assert "doi:" in text or "doi.org" in text or "no method of its own" in text


@pytest.mark.parametrize("name", QUESTIONS)
def test_example_of_the_page_runs(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(DOCS.parent)
    blocks = re.findall(r"```python\n(.*?)```", page(name), re.DOTALL)
    assert f"nc.{name}(" in blocks[0]
    found: dict[str, object] = {}
    for block in blocks:
        exec(block, found)
    assert any(isinstance(value, nc.Result) for value in found.values())
