"""A script opens the registry of its command line, and a fault of the files ends it with one line and a code."""

from pathlib import Path

import pytest

from nmosd_cohort.script import script_registry

EXAMPLE = Path(__file__).parents[1] / "examples" / "case_reports" / "registry.toml"


def test_registry_of_the_command_line_is_opened() -> None:
    assert script_registry([str(EXAMPLE)]).provenance["name"] != script_registry([]).provenance["name"]


def test_command_line_of_another_program_is_not_read() -> None:
    # under pytest sys.argv names test files; the module that runs is not a script with a registry
    assert script_registry([]).provenance["name"] == "Demo registry (synthetic)"


def test_faults_end_with_their_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        script_registry([str(tmp_path / "nowhere.toml")])
    assert ended.value.code in (2, 3)
    (tmp_path / "registry.toml").write_text("[registry\n", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        script_registry([str(tmp_path / "registry.toml")])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.count("\n") >= 2


def test_how_to_call_a_script_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, code in ((["--help"], 0), (["-h"], 0), (["a.toml", "b.toml"], 2), (["--paper"], 2)):
        with pytest.raises(SystemExit) as ended:
            script_registry(arguments)
        assert ended.value.code == code
        said = capsys.readouterr()
        line = said.err if code else said.out
        assert "one registry.toml" in line
        assert (said.out + said.err).count("\n") == 1
