"""A progress bar on the terminal for work that lasts."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

Part = TypeVar("Part")
PATIENCE_SECONDS = 2.0  # shorter work shows no bar


def tracked(parts: Iterable[Part], total: int, *, label: str, progress: bool | None = None) -> Iterator[Part]:
    """Yield the parts of a piece of work one by one, and show on stderr how many are done.

    Parameters
    ----------
    parts
        What is worked on.
    total
        How many there are.
    label
        What the work is, in a few words.
    progress
        None shows a bar when stderr is a terminal and the work lasts longer than two seconds; True shows it
        at once (without a terminal, one line at the end); False never.

    Examples
    --------
    >>> sum(tracked([1, 2, 3], 3, label="resamples", progress=False))
    6
    """
    if progress is False or (progress is None and not sys.stderr.isatty()):
        yield from parts
        return
    start, bar = time.monotonic(), None
    try:
        for done, part in enumerate(parts, start=1):
            yield part
            if bar is None and (progress or time.monotonic() - start > PATIENCE_SECONDS):
                bar = _started_bar(label, total)
            if bar is not None:
                bar.update(bar.task_ids[0], completed=done)
    finally:
        if bar is not None:
            bar.stop()


def _started_bar(label: str, total: int) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    is_terminal = sys.stderr.isatty()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(file=sys.stderr), transient=is_terminal)
    bar.add_task(label, total=total)
    bar.start()
    return bar
