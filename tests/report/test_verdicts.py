"""The verdicts alone as a folder: whole, unrounded, told what they were made of, and never in place of a report."""

import json
from pathlib import Path

import pandas as pd
import pytest

from nmosd_cohort.intake.registry import Registry
from nmosd_cohort.report import drawings
from nmosd_cohort.report.literature_page import LiteraturePart
from nmosd_cohort.report.plots_core import empty_figure
from nmosd_cohort.report.verdicts import write_verdicts


@pytest.fixture(autouse=True)
def plain_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace forest plots by a line of text."""
    monkeypatch.setattr(drawings, "forest", lambda verdicts: empty_figure(f"{len(verdicts)} figures"))


def write(verdicts: pd.DataFrame, registry: Registry, out: Path, literature: LiteraturePart | None = None) -> Path:
    settings = {"diagnosis": "nmosd", "catalogue_sha256": "ab" * 32}
    command = "nmosd-cohort validate /home/someone/registry.toml"
    return write_verdicts(
        verdicts, registry, out, title="Verdicts", command=command, literature=literature, settings=settings
    )


def test_three_forms_and_a_manifest(
    verdicts: pd.DataFrame, registry: Registry, literature: LiteraturePart, tmp_path: Path
) -> None:
    folder = write(verdicts, registry, tmp_path / "verdicts", literature)
    assert sorted(path.name for path in folder.iterdir()) == [
        "manifest.json",
        "verdicts.csv",
        "verdicts.html",
        "verdicts.json",
    ]
    told = json.loads((folder / "verdicts.json").read_text("utf-8"))
    assert told["registry"] == registry.provenance["name"]
    assert told["extra"]["catalogue_sha256"] == "ab" * 32
    assert {"nmosd_cohort", "pandas"} <= set(told["versions"])
    assert sum(told["counts"].values()) == len(told["verdicts"]) == len(verdicts)
    assert told["verdicts"][0]["local_estimate"] == verdicts.loc[0, "local_estimate"]
    assert pd.read_csv(folder / "verdicts.csv")["figure"].tolist() == verdicts["figure"].tolist()
    page = (folder / "verdicts.html").read_text("utf-8")
    assert "abababababab" in page
    assert 'id="paper-author_2010"' in page
    assert "<script" not in page
    assert "someone" not in page


def test_an_earlier_list_is_replaced_and_a_report_is_not(
    verdicts: pd.DataFrame, registry: Registry, tmp_path: Path
) -> None:
    write(verdicts, registry, tmp_path / "verdicts")
    write(verdicts.head(3), registry, tmp_path / "verdicts")
    assert len(json.loads((tmp_path / "verdicts/verdicts.json").read_text("utf-8"))["verdicts"]) == 3
    other = tmp_path / "report"
    other.mkdir()
    (other / "manifest.json").write_text('{"kind": "nmosd_cohort report", "artefacts": []}', "utf-8")
    with pytest.raises(ValueError, match="report is not an earlier nmosd_cohort list of verdicts"):
        write(verdicts, registry, other)
