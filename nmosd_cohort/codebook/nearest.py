"""What a message says of a wrong name: the right ones that are near it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_LISTED = 15  # right names that are all named where none is near


def nearest(name: str, right_names: Iterable[str], *, most: int = 1) -> str:
    """Return a phrase that names the right names nearest to a wrong one; all, if none is near and they are few.

    Parameters
    ----------
    name
        The wrong name.
    right_names
        All right ones.
    most
        How many near ones to name; those that begin with the wrong name come first.

    Examples
    --------
    >>> nearest("pain_nsr", ["pain_nrs", "edss"])
    'did you mean pain_nrs?'
    >>> nearest("zhang", ["zhang_2022", "xue", "zhang_2013"], most=5)
    'did you mean zhang_2022, zhang_2013?'
    >>> nearest("x", ["pain_nrs", "edss"]), nearest("x", map(str, range(20)))
    ('known: pain_nrs, edss', 'none of the 20 known is near')
    """
    names = list(right_names)
    close = [other for other in names if name and other.startswith(name)]
    close += [other for other in get_close_matches(name, names, n=most, cutoff=0.6) if other not in close]
    if close:
        return f"did you mean {', '.join(close[:most])}?"
    if len(names) > MOST_LISTED:
        return f"none of the {len(names)} known is near"
    return "known: " + (", ".join(names) if names else "none")
