"""The command line: exit codes, one-line messages, and an old report that outlives a run that fails."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import nmosd_cohort as nc
from nmosd_cohort.cli import app
from nmosd_cohort.synthetic.export import write_tables

PATIENTS = "patient_id,sex,diagnosis\np1,female,nmosd\np2,male,nmosd\n"
VISITS = "patient_id,assessment_date,has_pain,pain_nrs\np1,2024-01-01,true,4\np2,2024-01-01,false,0\n"


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path):
    """Return a clean registry of two patients in codebook form."""
    source = tmp_path / "registry"
    source.mkdir()
    (source / "patients.csv").write_text(PATIENTS, encoding="utf-8")
    (source / "assessments.csv").write_text(VISITS, encoding="utf-8")
    return source


def test_a_clean_registry_checks_with_0(folder):
    result = run("check", folder)
    assert result.exit_code == 0
    assert "no findings" in result.output


def test_findings_give_1_and_go_to_a_file_that_only_its_owner_reads(folder, tmp_path):
    (folder / "assessments.csv").write_text(VISITS.replace(",4\n", ",11\n"), encoding="utf-8")
    target = tmp_path / "findings.csv"
    result = run("check", folder, "--findings", target)
    assert result.exit_code == 1
    assert "out_of_range" in result.output
    assert "whole numbers from 0 to 10" in target.read_text(encoding="utf-8")
    assert target.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        (VISITS.replace("pain_nrs", "has_pain"), "columns 3, 4"),
        (VISITS + '"p1,2024-02-01,true,3\n', "line 4"),
    ],
)
def test_a_file_that_cannot_be_read_gives_3_and_one_line_that_names_it(folder, content, words):
    (folder / "assessments.csv").write_text(content, encoding="utf-8")
    result = run("check", folder)
    assert result.exit_code == 3
    assert "assessments.csv" in result.stderr
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_mapping_gives_2_with_the_nearest_right_name(folder):
    (folder / "registry.toml").write_text(
        '[registry]\nname = "x"\n[[source]]\nfile = "patients.csv"\n[[source.table]]\ntable = "patient"\n'
        '[source.table.columns]\npatient_id = "patient_id"\n',
        encoding="utf-8",
    )
    result = run("check", folder)
    assert result.exit_code == 2
    assert "patients" in result.stderr


def test_more_quarantine_than_the_limit_gives_4(folder):
    (folder / "registry.toml").write_text(
        '[registry]\nname = "x"\n[limits]\nquarantine_percent = 10\n', encoding="utf-8"
    )
    (folder / "assessments.csv").write_text(VISITS + "p9,2024-01-01,true,4\n" * 2, encoding="utf-8")
    assert run("check", folder).exit_code == 4


def test_a_report_appears_whole_and_its_path_is_the_last_line(folder, tmp_path):
    out = tmp_path / "report"
    result = run("report", folder, "--out", out)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == str(out / "index.html")
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["command"] == "nmosd-cohort report"
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert "pain_prevalence" in json.dumps(results)
    page = (out / "index.html").read_text(encoding="utf-8")
    (folder / "assessments.csv").write_text("", encoding="utf-8")
    assert run("report", folder, "--out", out).exit_code == 3
    assert (out / "index.html").read_text(encoding="utf-8") == page


def test_a_folder_that_is_not_a_report_is_left_alone(folder, tmp_path):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work", encoding="utf-8")
    result = run("report", folder, "--out", out)
    assert result.exit_code == 2
    assert (out / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_a_wrong_diagnosis_or_an_unwritable_findings_file_is_no_internal_error(folder, tmp_path):
    wrong = run("validate", folder, "--diagnosis", "nmsod")
    assert wrong.exit_code == 2
    assert "nmosd, mogad, ms" in wrong.stderr
    assert run("check", folder, "--findings", tmp_path / "no" / "such" / "folder.csv").exit_code == 3


def test_a_findings_file_that_others_could_read_is_closed_to_them(folder, tmp_path):
    target = tmp_path / "findings.csv"
    run("check", folder, "--findings", target)
    target.chmod(0o644)
    run("check", folder, "--findings", target)
    assert target.stat().st_mode & 0o077 == 0


def test_findings_never_replace_a_file_of_the_delivery(folder):
    result = run("check", folder, "--findings", folder / "assessments.csv")
    assert result.exit_code == 2
    assert (folder / "assessments.csv").read_text(encoding="utf-8") == VISITS


def test_the_version_is_printed():
    assert run("--version").output.strip() == nc.__version__


def test_codebook_prints_one_table_or_names_the_tables():
    shown = run("codebook", "assessments")
    assert shown.exit_code == 0
    assert "pain_nrs: Pain intensity (NRS) / 疼痛强度（NRS） [points] (higher is worse)" in shown.output
    wrong = run("codebook", "visits")
    assert wrong.exit_code == 2
    assert "assessments" in wrong.stderr


def test_figures_are_listed_by_paper_and_provenance(tmp_path):
    shown = run("figures", "--paper", "zhang_2022", "--provenance", "primary")
    assert shown.exit_code == 0
    assert "zhang_2022_np_all" in shown.stdout
    assert "xue_pain_all" not in shown.stdout
    rows = [line.split("\t") for line in shown.stdout.splitlines()]
    assert {len(row) for row in rows} == {14}
    assert shown.stderr.strip() == f"{len(rows) - 1} figures of 1 paper"
    target = tmp_path / "figures.csv"
    assert run("figures", "--paper", "zhang_2022", "--csv", target).exit_code == 0
    assert "review_says" in target.read_text(encoding="utf-8").splitlines()[0]
    assert run("figures", "--paper", "tong_2022", "--csv", target).exit_code == 0  # over one of its own
    assert "tong_2022" in target.read_text(encoding="utf-8")
    target.write_text("my,own\n1,2\n", encoding="utf-8")
    assert run("figures", "--csv", target).exit_code == 2  # never over another file
    assert target.read_text(encoding="utf-8") == "my,own\n1,2\n"


def test_an_unknown_value_names_the_near_ones_not_all():
    wrong = run("figures", "--paper", "zang_2022")
    assert wrong.exit_code == 2
    assert wrong.stderr.startswith("paper is 'zang_2022'; did you mean zhang_2022")
    assert len(wrong.stderr) < 200
    few = run("figures", "--provenance", "prime")
    assert few.stderr.strip() == "provenance is 'prime'; it must be one of primary, secondary, seed"


def test_cite_prints_a_reference_or_an_entry():
    assert run("cite", "zhang_2022_np_all").stdout.startswith("Zhang X, Pei L, Xu Y, et al. Factors")
    assert run("cite", "zhang_2022", "--bibtex").stdout.startswith("@article{zhang_2022,\n")
    wrong = run("cite", "zhang_2021")
    assert wrong.exit_code == 2
    assert "zhang_2022" in wrong.stderr


def test_simulate_writes_tables_that_open_without_findings(tmp_path):
    target = tmp_path / "synthetic"
    assert run("simulate", target, "--n", "30").exit_code == 0
    registry = nc.open_registry(target)
    assert len(registry.tables["patients"]) == 30
    assert registry.findings["severity"].unique().tolist() == ["info"]  # truth.json is no table
    assert run("simulate", target).exit_code == 2  # the folder is not empty
    assert run("simulate", tmp_path / "other", "--scenario", "reviw").exit_code == 2


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    """Return a folder of a synthetic registry in codebook form."""
    return write_tables(nc.simulate(n=60, seed=2), tmp_path_factory.mktemp("synthetic") / "tables")


def test_validate_lists_every_figure_of_the_papers_asked_for(synthetic):
    result = run("validate", synthetic, "--paper", "zhang_2022", "--paper", "tong_2022")
    assert result.exit_code in (0, 1)
    listed = {line.split("\t")[0] for line in result.stdout.splitlines()[1:]}
    figures = nc.published_figures()
    assert listed == set(figures.loc[figures["paper"].isin(["zhang_2022", "tong_2022"]), "figure"])
    assert " figures compared." in result.stderr
    assert run("validate", synthetic, "--paper", "zhang_2022, tong_2022").stdout == result.stdout
    assert run("validate", synthetic, "--paper", "zhang_2022,").exit_code == 2
    assert "adjusted over the papers asked for" in " ".join(run("validate", "--help").output.replace("│", " ").split())
    assert run("validate", synthetic, "--paper", "zang_2022").exit_code == 2


def test_validate_writes_page_table_and_data_and_replaces_only_its_own(synthetic, tmp_path):
    out = tmp_path / "verdicts"
    result = run("validate", synthetic, "--paper", "zhang_2022", "--out", out)
    assert result.exit_code in (0, 1)
    assert sorted(path.name for path in out.iterdir()) == [
        "manifest.json",
        "verdicts.csv",
        "verdicts.html",
        "verdicts.json",
    ]
    told = json.loads((out / "verdicts.json").read_text(encoding="utf-8"))
    assert told["extra"]["papers"] == ["zhang_2022"]
    assert len(told["extra"]["catalogue_sha256"]) == 64
    assert run("validate", synthetic, "--paper", "tong_2022", "--out", out).exit_code in (0, 1)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work", encoding="utf-8")
    assert run("validate", synthetic, "--paper", "tong_2022", "--out", mine).exit_code == 2
    assert (mine / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("verdict", "options", "code"),
    [
        ("different", ("--fail-on", "different"), 6),
        ("different", ("--fail-on", "never"), 0),
        ("different", (), 0),
        ("different, within between-study spread", ("--fail-on", "different"), 0),
        ("consistent", ("--fail-on", "different"), 0),
    ],
)
def test_a_difference_gives_6_only_where_it_is_asked_for(folder, monkeypatch, verdict, options, code):
    from nmosd_cohort import run as jobs

    def judged(registry, **_):
        return nc.validate(registry, papers=["qian_2012"]).assign(verdict=verdict)

    monkeypatch.setattr(jobs, "validate", judged)
    assert run("validate", folder, *options).exit_code == code


def test_quarantine_goes_before_a_difference(folder, monkeypatch):
    from nmosd_cohort import run as jobs

    (folder / "registry.toml").write_text(
        '[registry]\nname = "x"\n[limits]\nquarantine_percent = 10\n', encoding="utf-8"
    )
    (folder / "assessments.csv").write_text(VISITS + "p9,2024-01-01,true,4\n" * 2, encoding="utf-8")

    def judged(registry, **_):
        return nc.validate(registry, papers=["qian_2012"]).assign(verdict="different")

    monkeypatch.setattr(jobs, "validate", judged)
    assert run("validate", folder, "--fail-on", "different").exit_code == 4


def test_help_needs_no_heavy_library_and_lists_the_exit_codes():
    shown = subprocess.run([sys.executable, "-m", "nmosd_cohort", "--help"], capture_output=True, text=True, check=True)
    assert "70 internal error" in " ".join(shown.stdout.split())


def test_an_unforeseen_fault_gives_70_and_one_line(monkeypatch, capsys):
    from nmosd_cohort import cli

    def fail():
        raise RuntimeError("the disk grew legs")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ending:
        cli.main()
    assert ending.value.code == 70
    message = capsys.readouterr().err
    assert message.startswith("internal error, please report it: RuntimeError in test_cli.py, line ")
    assert "legs" not in message  # the text of a fault may hold a patient's value


@pytest.mark.parametrize("command", ["report", "validate"])
def test_no_patient_is_input_rejected(tmp_path, command):
    source = tmp_path / "registry"
    source.mkdir()
    (source / "patients.csv").write_text("patient_id,diagnosis\n", encoding="utf-8")
    result = run(command, source, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "no record of a patient was accepted" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["report", "validate"])
def test_a_folder_of_something_else_is_told_before_any_file_is_read(folder, tmp_path, monkeypatch, command):
    held = tmp_path / "held"
    held.mkdir()
    (held / "thesis.txt").write_text("mine", encoding="utf-8")
    monkeypatch.setattr("nmosd_cohort.run.open_registry", lambda source: pytest.fail(f"read {source}"))
    result = run(command, folder, "--out", held)
    assert result.exit_code == 2
    assert "choose another folder" in result.stderr
    assert (held / "thesis.txt").read_text(encoding="utf-8") == "mine"
