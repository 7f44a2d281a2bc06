"""What scripts print: rounded, with n and interval, at the width of a log file, and nothing of rich's markup."""

import pandas as pd
import pytest

import nmosd_cohort as nc


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
    nc.show(nc.pain_prevalence(registry), measures=["nothing_like_it"])
    assert "No estimate could be made." in capsys.readouterr().out


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
