"""The progress bar: on a terminal, for work that lasts, on stderr, and nowhere else."""

import io
import subprocess
import sys

import numpy as np
import pytest

from nmosd_cohort.statistics.resampling import progress
from nmosd_cohort.statistics.resampling.bootstrap import bootstrap_cells
from nmosd_cohort.statistics.resampling.permutation import permutation_test


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def use_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put a terminal in the place of stderr; a fixture would come before pytest puts its own there."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    return stream


def counted(**options: bool | None) -> list[int]:
    """Return the parts that come out of a tracked piece of work."""
    return list(progress.tracked(range(4), 4, label="resamples", **options))


def test_work_that_lasts_shows_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch):
    terminal = use_terminal(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", -1.0)
    assert counted() == [0, 1, 2, 3]
    assert "resamples" in terminal.getvalue()
    assert "4/4" in terminal.getvalue()


def test_short_work_shows_no_bar(monkeypatch: pytest.MonkeyPatch):
    terminal = use_terminal(monkeypatch)
    assert counted() == [0, 1, 2, 3]
    assert terminal.getvalue() == ""


def test_a_bar_can_be_asked_for_and_refused(monkeypatch: pytest.MonkeyPatch):
    terminal = use_terminal(monkeypatch)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", -1.0)
    assert counted(progress=False) == [0, 1, 2, 3]
    assert terminal.getvalue() == ""
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 1e9)
    assert counted(progress=True) == [0, 1, 2, 3]
    assert "4/4" in terminal.getvalue()


def test_without_a_terminal_nothing_is_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", -1.0)
    assert counted() == [0, 1, 2, 3]
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_work_that_fails_ends_the_bar(monkeypatch: pytest.MonkeyPatch):
    terminal = use_terminal(monkeypatch)

    def failing() -> float:
        for part in progress.tracked(range(4), 4, label="resamples", progress=True):
            assert part == 0, "the second part fails"
        return 0.0

    with pytest.raises(AssertionError, match="the second part fails"):
        failing()
    assert "\x1b[?25h" in terminal.getvalue()  # the cursor is back


def test_bootstrap_and_permutation_show_theirs(monkeypatch: pytest.MonkeyPatch):
    terminal = use_terminal(monkeypatch)

    def mean(counts: np.ndarray) -> float:
        return float(counts @ np.arange(counts.size) / counts.sum())

    bootstrap_cells([3, 4, 5], mean, seed=1, n_resamples=100, progress=True)
    assert "bootstrap" in terminal.getvalue()
    wide = np.random.default_rng(1).integers(1, 5, (2, 20))
    permutation_test(wide, lambda t: mean(t[0]) - mean(t[1]), seed=1, n_draws=99, progress=True)
    assert "permutation" in terminal.getvalue()


def test_rich_is_not_imported_before_a_bar_is_shown():
    code = "import sys, nmosd_cohort.statistics.resampling; print('rich' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
