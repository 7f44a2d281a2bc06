"""What a stream does with a character that its encoding does not have."""

from __future__ import annotations

import sys


def write_what_can_be_written() -> None:
    """Let standard output and error print "?" for what their encoding lacks, where that encoding is not a UTF.

    Examples
    --------
    >>> write_what_can_be_written()
    """
    for stream in (sys.stdout, sys.stderr):
        encoding = str(getattr(stream, "encoding", None) or "utf-8").lower()
        if not encoding.startswith("utf") and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
