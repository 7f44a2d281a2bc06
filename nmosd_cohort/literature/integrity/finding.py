"""Check, what every test of printed numbers returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["consistent", "inconsistent", "informative", "not checkable"]


@dataclass(frozen=True, slots=True)
class Check:
    """One test of printed numbers, and what it found.

    Parameters
    ----------
    check
        Name of the test, such as ``percentage and counts``.
    status
        ``consistent``: the numbers can be true, and the test could have failed. ``inconsistent``: they cannot be
        true under any rounding rule allowed for. ``informative``: the test narrows down what was not printed and
        passes no judgement. ``not checkable``: a number is missing, or the test would pass for any value.
    printed
        The numbers tested, as printed.
    recomputed
        What follows from them, or what would have had to be printed.
    detail
        One or two sentences for a reader.

    Examples
    --------
    >>> Check("sum", "consistent", "3 and 4 of 7", "7", "The groups add up.").status
    'consistent'
    """

    check: str
    status: Status
    printed: str
    recomputed: str
    detail: str
