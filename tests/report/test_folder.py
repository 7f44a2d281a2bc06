"""The folder: complete, hashed, escaped, and replaced only when the new report is whole."""

import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
import pytest

from nmosd_cohort.intake.registry import Registry
from nmosd_cohort.report import drawings, folder, staging, swap
from nmosd_cohort.report.files import csv_bytes, write_own
from nmosd_cohort.report.folder import write_report
from nmosd_cohort.report.literature_page import LiteraturePart
from nmosd_cohort.report.plots_core import empty_figure
from nmosd_cohort.result import Result


@pytest.fixture
def plain_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace every plot by a line of text where a test is about folders alone."""
    monkeypatch.setattr(drawings, "plot", lambda result: empty_figure(result.name))
    monkeypatch.setattr(drawings, "forest", lambda verdicts: empty_figure(f"{len(verdicts)} figures"))
    monkeypatch.setattr(drawings, "flow_diagram", lambda result: empty_figure("flow"))


@pytest.fixture
def few(results: list[Result]):
    return results[:1] + results[-1:]


@pytest.fixture
def write(few: list[Result], verdicts: pd.DataFrame, registry: Registry, tmp_path: Path):
    def _write(target: Path = tmp_path / "report", **other: Any) -> Path:
        settings = {"title": "Pain", "command": "nmosd-cohort report", "seed": 1} | other
        return write_report(few, verdicts, registry, target, **settings)

    return _write


def files_of(path: Path) -> dict[str, bytes]:
    return {found.relative_to(path).as_posix(): found.read_bytes() for found in path.rglob("*") if found.is_file()}


def test_every_file_is_in_the_manifest_with_its_hash(write: Callable[..., Path]):
    held = files_of(write())
    listed = {entry["file"]: entry for entry in json.loads(held.pop("manifest.json"))["artefacts"]}
    assert set(listed) == set(held)
    for name, content in held.items():
        assert listed[name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert listed[name]["bytes"] == len(content)
    assert {
        "index.html",
        "results.json",
        "tables/01_pain_prevalence_estimates.csv",
        "tables/02_change_after_start_flow.csv",
        "tables/findings_summary.csv",
        "tables/verdicts.csv",
        "plots/01_pain_prevalence.svg",
        "plots/published_pain_prevalence.png",
        "local_only/findings.csv",
        "local_only/quarantine.csv",
    } <= set(held)


@pytest.mark.usefixtures("plain_figures")
def test_estimates_are_unrounded_in_csv_and_json(write: Callable[..., Path]):
    path = write()
    table = pd.read_csv(path / "tables/01_pain_prevalence_estimates.csv")
    assert table["estimate"][0] == pytest.approx(35 / 122, abs=1e-15)
    told = json.loads((path / "results.json").read_text("utf-8"))
    assert told[0]["estimates"][0]["estimate"] == pytest.approx(35 / 122, abs=1e-15)
    assert told[0]["estimates"][6]["estimate"] is None


@pytest.mark.usefixtures("plain_figures")
@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_raw_values_are_only_in_local_only_which_its_owner_alone_can_read(write: Callable[..., Path]):
    path = write()
    secret = b"zq-raw-7-8-range"
    holders = [name for name, content in files_of(path).items() if secret in content]
    assert sorted(holders) == ["local_only/findings.csv", "local_only/quarantine.csv"]
    assert stat.S_IMODE((path / "local_only").stat().st_mode) == 0o700
    assert {stat.S_IMODE((path / name).stat().st_mode) for name in holders} == {0o600}


def test_same_input_gives_the_same_bytes(write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert files_of(write(tmp_path / "a")) == files_of(write(tmp_path / "b"))


@pytest.mark.usefixtures("plain_figures")
def test_a_report_is_replaced_and_nothing_is_left_beside_it(write: Callable[..., Path], tmp_path: Path):
    first = files_of(write(title="First"))
    second = files_of(write(title="Second"))
    assert b"<h1>First</h1>" in first["index.html"]
    assert b"<h1>Second</h1>" in second["index.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.usefixtures("plain_figures")
def test_two_step_replacement_where_folders_cannot_be_exchanged(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write(title="First")
    monkeypatch.setattr(swap, "exchange", lambda first, second: False)
    assert b"<h1>Second</h1>" in (write(title="Second") / "index.html").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.usefixtures("plain_figures")
@pytest.mark.parametrize(
    ("module", "broken"),
    [(folder, "render"), (folder, "_literature_files"), (staging, "put_in_place"), (folder, "json_bytes")],
)
def test_a_run_that_fails_midway_leaves_the_old_report_whole(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, broken: str
):
    before = files_of(write())

    def fail(*_args: object, **_named: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, broken, fail)
    with pytest.raises(KeyboardInterrupt):
        write(title="Second")
    assert files_of(tmp_path / "report") == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.usefixtures("plain_figures")
def test_failing_second_rename_gives_the_old_report_its_name_back(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    before = files_of(write())
    monkeypatch.setattr(swap, "exchange", lambda first, second: False)
    rename = Path.rename

    def fail_for_new(self: Path, target: Path) -> Path:
        if ".new-" in self.name:
            raise OSError("disk full")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_for_new)
    with pytest.raises(OSError, match="disk full"):
        write(title="Second")
    assert files_of(tmp_path / "report") == before


@pytest.mark.usefixtures("plain_figures")
def test_old_report_is_recovered_after_a_kill_between_the_renames(write: Callable[..., Path], tmp_path: Path):
    before = files_of(write())
    (tmp_path / "report").rename(tmp_path / "report.old-20260105T080000Z-abcdefab")
    swap.recover(tmp_path / "report")
    assert files_of(tmp_path / "report") == before


def test_exchange_swaps_two_folders_or_says_that_it_cannot(tmp_path: Path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    done = swap.exchange(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a" / ("b" if done else "a")).exists()
    assert not swap.exchange(tmp_path / "a", tmp_path / "missing")


@pytest.mark.usefixtures("plain_figures")
def test_a_folder_that_is_not_ours_is_not_replaced(write: Callable[..., Path], tmp_path: Path):
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "chapter.docx").touch()
    with pytest.raises(ValueError, match=r"thesis is not an earlier nmosd_cohort report"):
        write(thesis)
    (thesis / "manifest.json").write_text("{}")
    with pytest.raises(ValueError, match=r"thesis is not an earlier nmosd_cohort report"):
        write(thesis)
    with pytest.raises(ValueError, match=r"chapter.docx is a file"):
        write(thesis / "chapter.docx")
    assert sorted(path.name for path in thesis.iterdir()) == ["chapter.docx", "manifest.json"]


@pytest.mark.usefixtures("plain_figures")
def test_a_report_with_someone_elses_file_in_it_is_not_replaced(write: Callable[..., Path]):
    path = write()
    (path / "notes.docx").touch()
    with pytest.raises(ValueError, match=r"1 files that were not written here \(notes.docx\)"):
        write()
    assert (path / "index.html").exists()


@pytest.mark.usefixtures("plain_figures")
def test_an_empty_folder_is_used(write: Callable[..., Path], tmp_path: Path):
    (tmp_path / "report").mkdir()
    assert (write() / "index.html").exists()


@pytest.mark.usefixtures("plain_figures")
def test_progress_counts_up_to_the_number_of_steps(write: Callable[..., Path]):
    told: list[tuple[int, int, str]] = []
    write(progress=lambda done, total, step: told.append((done, total, step)))
    assert [done for done, _, _ in told] == list(range(told[0][1] + 1))
    assert told[-1][2] == "done"


def test_cells_that_a_spreadsheet_would_run_are_escaped():
    frame = pd.DataFrame({"note": ["=1+1", "+cmd", "-3", "-3,5", "@SUM", "\tx", "plain", None], "nrs": [-1.5] * 8})
    assert csv_bytes(frame).decode().splitlines() == [
        "note,nrs", "'=1+1,-1.5", "'+cmd,-1.5", "-3,-1.5", '"-3,5",-1.5', "'@SUM,-1.5", "'\tx,-1.5", "plain,-1.5",
        ",-1.5",
    ]  # fmt: skip


def test_each_plot_is_drawn_once_and_stands_in_the_page_as_in_the_files(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
):
    drawn: list[str] = []

    def plot(result: Result) -> Any:
        drawn.append(result.name)
        return empty_figure(f"drawn for {result.name}")

    monkeypatch.setattr(drawings, "plot", plot)
    monkeypatch.setattr(drawings, "forest", lambda verdicts: empty_figure("forest"))
    path = write()
    assert sorted(drawn) == ["change_after_start", "pain_prevalence"]
    page = (path / "index.html").read_text("utf-8")
    assert "drawn for pain_prevalence" in page
    assert "drawn for pain_prevalence" in (path / "plots/01_pain_prevalence.svg").read_text("utf-8")


@pytest.mark.usefixtures("plain_figures")
def test_frames_of_the_literature_are_files_and_settings_are_in_the_manifest(
    write: Callable[..., Path], literature: LiteraturePart
):
    path = write(literature=literature, settings={"catalogue_sha256": "abc"})
    assert pd.read_csv(path / "tables/literature_integrity.csv")["status"].tolist() == ["inconsistent", "consistent"]
    assert (path / "plots/pooled_neuropathic_all.svg").exists()
    assert json.loads((path / "manifest.json").read_text("utf-8"))["extra"]["catalogue_sha256"] == "abc"


def test_a_file_replaces_only_one_of_its_own_columns(tmp_path: Path):
    write_own(tmp_path / "figures.csv", pd.DataFrame({"a": [1]}))
    write_own(tmp_path / "figures.csv", pd.DataFrame({"a": [2]}))
    assert (tmp_path / "figures.csv").read_text("utf-8") == "a\n2\n"
    with pytest.raises(ValueError, match=r"figures\.csv exists and holds something else; give a new file"):
        write_own(tmp_path / "figures.csv", pd.DataFrame({"b": [2]}))
    assert (tmp_path / "figures.csv").read_text("utf-8") == "a\n2\n"
