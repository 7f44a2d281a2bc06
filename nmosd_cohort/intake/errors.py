"""The two errors that end an intake: input that cannot be read, and a configuration that cannot be used."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class InputError(ValueError):
    """A file cannot be read at all, so nothing is analysed; the shell ends with exit code 3."""


class ConfigurationError(ValueError):
    """An argument or registry.toml is wrong; the shell ends with exit code 2."""


def nearest(name: str, right_names: Iterable[str]) -> str:
    """Return a phrase that names the nearest right name, or lists all when none is near.

    Examples
    --------
    >>> nearest("pain_nsr", ["pain_nrs", "edss"])
    'did you mean pain_nrs?'
    >>> nearest("x", ["pain_nrs", "edss"])
    'known: pain_nrs, edss'
    """
    names = list(right_names)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return "known: " + (", ".join(names) if names else "none")
