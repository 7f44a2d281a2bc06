"""What scripts print: rounded, with n and interval, at the width of a log file, and nothing of rich's markup."""

import io
import os
import subprocess
import sys

import pandas as pd
import pytest

import nmosd_cohort as nc
from nmosd_cohort.report.streams import write_what_can_be_written


@pytest.fixture(scope="module")
def registry() -> nc.Registry:
    return nc.simulate(n=120, seed=2)


def test_result_says_estimate_patients_and_what_does_not_hold(
    registry: nc.Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = nc.pain_prevalence(registry)
    nc.show(answer, title="Pain")
    said = capsys.readouterr().out
    row = answer.estimates.iloc[0]
    assert said.startswith("Pain ───")
    assert f"{row['events']}/{row['n']} patients" in said
    assert f"{100 * row['estimate']:.1f} %" in said
    assert "120 patients at the first step" in said
    assert "bounds_if_never_asked" not in said
    assert max(map(len, said.splitlines())) <= 120


def test_measures_choose_rows_of_any_role(registry: nc.Registry, capsys: pytest.CaptureFixture[str]) -> None:
    nc.show(nc.pain_prevalence(registry), measures=["bounds_if_never_asked"])
    said = capsys.readouterr().out
    assert "Primary" not in said
    assert said.count("\n  - ") >= 1
    nc.show(nc.pain_prevalence(registry), measures=["spearman"])
    assert "No estimate of spearman could be made." in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"pain_prevalence has no measure zzz; it has .*proportion"):
        nc.show(nc.pain_prevalence(registry), measures=["zzz"])


def test_verdicts_frames_estimates_and_text(registry: nc.Registry, capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = nc.validate(registry)
    nc.show(verdicts[verdicts["figure"] == "zhang_2022_pain_current"])
    said = capsys.readouterr().out
    assert "published 66.4 % (57.6 to 74.2), n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}122; here " in said
    assert "difference" in said
    frame = pd.DataFrame({"pain_group": ["[red]x[/red]", None], "share": [0.12345, 0.5]})
    nc.show(frame, nc.statistics.proportion(0, 0), "as it is [bold]", {"of all": nc.statistics.proportion(35, 122)})
    said = capsys.readouterr().out
    assert "[red]x[/red]" in said
    assert "0.123" in said
    assert "not estimated, n = 0" in said
    assert "as it is [bold]" in said
    assert "  - of all: 0.287 (0.214 to 0.373), n = 122; Wilson" in said


def test_rows_of_no_group_say_who_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    answer = nc.change_after_start(nc.simulate(n=300, seed=1), drug="tocilizumab")
    nc.show(answer, measures=["responders_pct50"])
    lines = [line for line in capsys.readouterr().out.replace("\n", " ").split("  - ") if "responders, 50" in line]
    kinds = ("before and after", "baseline at least 1", "baseline at least 4")
    assert [f"{kind}:" in line for kind, line in zip(kinds, lines, strict=True)] == [True] * 3
    nc.show(nc.pain_prevalence(nc.simulate(n=120, seed=2), denominator="with_myelitis"), measures=["proportion"])
    said = capsys.readouterr().out
    assert "myelitis" in said
    assert ", all patients:" not in said


def test_cut_verdicts_print_what_they_have(registry: nc.Registry, capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = nc.validate(registry, papers=["zhang_2022"])
    said = {}
    for name, frame in (
        ("whole", verdicts),
        ("no reason", verdicts.drop(columns="reason")),
        ("index", verdicts.set_index("figure")),
        ("no n", verdicts.drop(columns=["published_n", "local_n", "scale", "difference_low", "difference_high"])),
        ("two", verdicts[["figure", "verdict"]]),
        ("own", verdicts[["figure", "verdict", "p_adjusted", "margin"]]),
    ):
        nc.show(frame)
        said[name] = capsys.readouterr().out
        assert said[name].count("zhang_2022_pain_current") == 1
        assert max(map(len, said[name].splitlines())) <= 120
        assert len(said[name].splitlines()) <= 9 * len(frame)
    assert said["index"] == said["whole"]
    assert "published 66.4 %" in said["no reason"]
    assert "Power of" in said["whole"]
    assert "Power of" not in said["no reason"]
    assert "published 0.66 (0.58 to 0.74); here" in said["no n"]
    assert len(said["two"].splitlines()) == len(verdicts) + 1
    assert "zhang_2022_pain_current: " in said["two"]
    assert "Margin: 0.1" in said["own"]


def test_a_wide_frame_prints_a_block_a_row_and_at_most_fifty(
    registry: nc.Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    nc.show(nc.reweighted_verdicts(registry, nc.validate(registry, papers=["kanamori_2011"])))
    said = capsys.readouterr().out
    assert "kanamori_2011_pain\n  - Paper: kanamori_2011\n" in said
    assert "  - Raw estimate: 0." in said
    wide = pd.DataFrame({f"column_{place}": ["a rather long text of words"] * 52 for place in range(12)})
    wide["column_1"] = None
    wide["n"] = 12345.678
    nc.show(wide)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["a rather long text of words"] + [
        f"  - Column {place}: a rather long text of words" for place in (2, 3)
    ]
    assert lines.count("a rather long text of words") == 50
    assert lines.count("  - n: 12346") == 50
    assert lines[-2] == "and 2 more rows"
    nc.show(wide.head(51))
    assert "and 1 more row\n" in capsys.readouterr().out


def test_numbers_have_up_to_four_digits(capsys: pytest.CaptureFixture[str]) -> None:
    nc.show(nc.published_figures().query("figure == 'zhang_2022_pain_current'")[["figure", "printed"]])
    said = capsys.readouterr().out
    assert "66.4 \n" in said
    assert "66.400" not in said
    nc.show({"share": 0.123456, "limits": (0.1, 0.26789), "text": "as it is"})
    assert capsys.readouterr().out == "  - share: 0.1235\n  - limits: 0.1, 0.2679\n  - text: as it is\n"
    nc.show(pd.DataFrame({"share": [0.5]}, index=pd.Index(["Centre 07"], name="site")))
    assert "Centre 07" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize(
    "call",
    [
        ["-c", "import nmosd_cohort as nc, pandas as pd; nc.show('\u2265 4 \u75bc', pd.DataFrame({'a': ['\u2265']}))"],
        ["-m", "nmosd_cohort", "codebook", "patients"],
    ],
)
def test_what_an_encoding_lacks_is_replaced(encoding: str, call: list[str]) -> None:
    settings = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    ended = subprocess.run([sys.executable, *call], env=settings, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert b"?" in ended.stdout or encoding == "ascii"  # click writes UTF-8 there


def test_only_streams_of_another_encoding_than_utf_are_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, errors in (("cp1252", "replace"), ("utf-8", "strict")):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", stream)
        write_what_can_be_written()
        assert stream.errors == errors
