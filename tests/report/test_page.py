"""The page: self-contained, escaped, accessible, without raw values, the same each time."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from nmosd_cohort.intake.registry import Registry
from nmosd_cohort.report.html import render
from nmosd_cohort.report.literature_page import LiteraturePart
from nmosd_cohort.report.manifest import build_manifest, plain, without_folders
from nmosd_cohort.result import Result

STARTED = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Outline(HTMLParser):
    """Collects ids, links, attributes and heading levels, and checks that tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.hrefs: list[str] = []
        self.headings: list[int] = []
        self.assets: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        """Note what the tag links to and that it is open."""
        held = dict(attrs)
        self.ids += [held["id"]] if "id" in held else []
        self.hrefs += [held["href"]] if tag == "a" else []
        self.headings += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []
        self.assets += [held[key] for key in ("src", "srcset", "data", "poster") if key in held]
        self.assets += [value for key, value in attrs if key.endswith("href") and tag != "a"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        """Note what the tag links to; it closes itself."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Check that the tag closes the one opened last."""
        assert self.open.pop() == tag


@pytest.fixture
def manifest(registry: Registry) -> dict[str, Any]:
    return build_manifest(registry, command=["nmosd-cohort", "report", "/home/someone/registry.toml"], started=STARTED)


@pytest.fixture(scope="module")
def page(page_parts: tuple[list[Result], pd.DataFrame, Registry], page_literature: LiteraturePart) -> str:
    manifest = build_manifest(
        page_parts[2], command=["nmosd-cohort", "report", "/home/someone/registry.toml"], started=STARTED
    )
    settings: dict[str, Any] = {"title": "Pain <in> NMOSD", "generated": STARTED, "manifest": manifest}
    return render(*page_parts, literature=page_literature, **settings)


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    parser.close()
    return parser


def test_page_needs_no_network_and_no_script(page: str, outline: Outline):
    assert all(asset.startswith("#") for asset in outline.assets)
    assert not re.findall(r"url\((?!#)", page)
    assert "@import" not in page
    assert "<script" not in page
    assert "<link" not in page
    assert all(link.startswith(("#", "https://doi.org/")) for link in outline.hrefs)
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page


def test_page_is_well_formed_with_unique_ids_and_working_links(outline: Outline):
    assert outline.open == []
    assert len(outline.ids) == len(set(outline.ids))
    assert {link[1:] for link in outline.hrefs if link.startswith("#")} <= set(outline.ids)
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(outline.headings))


def test_labels_from_the_data_are_escaped(page: str):
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<b>note</b>" not in page
    assert "<title>Pain &lt;in&gt; NMOSD</title>" in page


def test_raw_values_and_ids_do_not_reach_the_page(page: str, registry: Registry):
    for secret in (*registry.findings["value"].unique(), *registry.tables["patients"]["patient_id"]):
        assert secret not in page
    assert "someone" not in page


def test_quality_comes_before_the_questions_in_their_order(page: str):
    places = [
        page.index(f"<h2>{title}</h2>")
        for title in (
            "Data quality and patients",
            "Answers",
            "How many patients have pain?",
            "Are patients with neuropathic pain more disabled?",
            "Is quality of life lower with neuropathic pain?",
            "Do pain and depression go together?",
            "Do thoracic cord lesions hurt more than cervical ones?",
            "How do pain, EDSS and attacks change after the start of a drug?",
            "Published figures beside those of this registry",
            "Definitions",
            "Methods",
            "Run",
        )
    ]
    assert places == sorted(places)
    assert "28.7 % (21.4 to 37.3), 35/122 patients" in page
    assert "not cleared for release" in page


def test_every_plot_has_role_title_and_description_that_states_the_finding(page: str):
    drawings = re.findall(r'<svg class="plot" role="img" aria-labelledby="(\S+) (\S+)"', page)
    assert len(drawings) == 6 + 4 + 1
    assert all(f'id="{title}"' in page and f'id="{words}"' in page for title, words in drawings)
    assert re.search(r'<desc id="a2-desc">EDSS, P\(higher\), neuropathic pain vs no pain: 0.71', page)


def test_page_differs_only_in_the_run_list_of_the_header(
    results: list[Result], verdicts: pd.DataFrame, registry: Registry, literature: LiteraturePart, page: str
):
    later = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    other = build_manifest(registry, command=["nmosd-cohort", "report", "registry.toml"], started=later)
    settings: dict[str, Any] = {"title": "Pain <in> NMOSD", "generated": later, "manifest": other}
    again = render(results, verdicts, registry, literature=literature, **settings)
    cut = re.compile(r'<dl class="facts" id="run">.*?</dl>', re.DOTALL)
    assert page != again
    assert cut.sub("", page) == cut.sub("", again)


def test_page_without_results_or_verdicts_still_reads(
    verdicts: pd.DataFrame, registry: Registry, manifest: dict[str, Any]
):
    page = render([], verdicts.head(0), registry, title="Empty", generated=STARTED, manifest=manifest)
    assert "No question was asked of this registry." in page
    assert "No figure was compared" in page


def test_manifest_holds_hashes_and_versions_but_no_paths(manifest: dict[str, Any], registry: Registry):
    assert manifest["inputs"] == [
        {"file": "patients.csv", "sha256": "cd" * 32, "bytes": 9123, "rows": 172},
        {"file": "visits.csv", "sha256": "ef" * 32, "bytes": 51234, "rows": 990},
    ]
    assert manifest["mapping_sha256"] == "ab" * 32
    assert manifest["command"] == "nmosd-cohort report registry.toml"
    assert manifest["findings"] == {"reject": 3, "warn": 1, "info": 0}
    assert manifest["run_id"].startswith("20260105T080000Z-")
    assert "someone" not in str(manifest)
    assert {"nmosd_cohort", "python", "numpy", "pandas"} <= set(manifest["versions"])


def test_source_date_epoch_fixes_the_time(monkeypatch: pytest.MonkeyPatch, registry: Registry):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    made = [build_manifest(registry, command="x", started=STARTED.replace(month=month)) for month in (1, 2)]
    assert made[0] == made[1]
    assert made[0]["started"] == "2023-11-14T22:13:20+00:00"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(ValueError, match="'yesterday'; it must be a whole number"):
        build_manifest(registry, command="x", started=STARTED)


def test_started_needs_a_time_zone(registry: Registry):
    with pytest.raises(ValueError, match="must carry its time zone"):
        build_manifest(registry, command="x", started=datetime(2026, 1, 5))


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("report /home/some.one/a/registry.toml", "report registry.toml"),
        (r"D:\Data\Max\visits.csv", "visits.csv"),
        ("~/exports/visits.csv", "visits.csv"),
        ("site_a/visits.csv", "site_a/visits.csv"),
        ("35/122 and 1 / 2", "35/122 and 1 / 2"),
        ("https://doi.org/10.1002/sim.1047", "https://doi.org/10.1002/sim.1047"),
    ],
)
def test_absolute_paths_are_cut(text: str, cut: str):
    assert without_folders(text) == cut


def test_plain_turns_missing_numbers_into_null():
    assert plain({"a": float("nan"), "b": (1, None), "c": float("inf")}) == {"a": None, "b": [1, None], "c": None}
