"""What a person sees in a shell, at its width, and what a pipe receives."""

import io

import pandas as pd
import pytest
from rich.console import Console

from nmosd_cohort.literature.catalogue import published_figures
from nmosd_cohort.report.terminal import print_figures, print_verdicts, printed_text


def watched(width: int) -> Console:
    return Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)


def said(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 140])
def test_tables_keep_to_the_width_and_end_with_a_count(verdicts: pd.DataFrame, width: int) -> None:
    figures = published_figures()
    figures = figures[figures["paper"].isin(["zhang_2022", "tong_2022"])]
    for show, frame, ending in (
        (print_figures, figures, f"{len(figures)} figures of 2 papers"),
        (print_verdicts, verdicts, "published figure inconsistent 3"),
    ):
        console = watched(width)
        show(frame, console=console)
        lines = said(console).splitlines()
        assert max(len(line) for line in lines) <= width
        assert " ".join(" ".join(lines[-2:]).split()).endswith(ending)


def test_verdicts_are_by_paper_with_the_reason_below_and_the_rest_by_reason(verdicts: pd.DataFrame) -> None:
    console = watched(140)
    print_verdicts(verdicts, console=console)
    text = said(console).replace("\N{NO-BREAK SPACE}", " ")
    assert text.index("Author 2010 ──") < text.index("● consistent") < text.index("What could not be compared")
    assert "figure_00: local estimate differs by less than the margin" in text
    assert "The definitions differ: 3" in text
    assert "3 time frame not stated in the paper" in text
    assert "15 of 24 figures compared. Consistent 4; " in text


def test_many_reasons_are_cut_and_counted(verdicts: pd.DataFrame) -> None:
    many = pd.concat([verdicts.iloc[[5]]] * 9, ignore_index=True)
    many["reason"] = [f"reason {place}" for place in range(9)]
    console = watched(100)
    print_verdicts(many, console=console)
    assert "3 for 3 other reasons, see --out" in said(console)
    assert "0 of 9 figures compared" in said(console)


def test_a_pipe_receives_tab_separated_lines_and_the_count_goes_to_stderr(
    verdicts: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    print_verdicts(verdicts, console=Console(file=io.StringIO()))
    found = capsys.readouterr()
    header, *lines = (line.split("\t") for line in found.out.splitlines())
    assert header[:3] == ["figure", "paper", "verdict"]
    assert [line[0] for line in lines] == verdicts["figure"].tolist()
    assert {len(line) for line in lines} == {len(header)}
    assert found.err.startswith("15 of 24 figures compared")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"printed": 1.27, "printed_unit": "odds ratio", "unit": "odds ratio", "decimals": 2}, "1.27 odds ratio"),
        ({"printed": 48.0, "decimals": 0}, "48 %"),
        ({"printed": None, "derived": True, "estimate": 35 / 81}, "43.2 % (derived)"),
        ({"printed": None}, "no number seen"),
        ({"printed": None, "median": 4.5}, "median 4.5"),
        ({"printed": None, "baseline_mean": 3.0, "follow_up_mean": 0.9}, "mean 3 before, 0.9 after"),
        ({"printed": 0.5, "printed_unit": None, "unit": None, "conf_low": 0.1, "conf_high": 0.9}, "0.5 (0.1 to 0.9)"),
    ],
)
def test_printed_numbers_stand_as_printed(row: dict[str, object], text: str) -> None:
    given = {"printed_unit": "percent", "unit": "share", "decimals": None, "derived": False, "conf_low": None}
    assert printed_text(given | row) == text
