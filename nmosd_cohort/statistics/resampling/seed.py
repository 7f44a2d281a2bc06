"""The seed that makes draws repeatable."""

from __future__ import annotations

import numbers


def check_seed(seed: int) -> int:
    """Return a seed as a whole number, however large.

    Raises
    ------
    ValueError
        If it is missing, negative or not whole.

    Examples
    --------
    >>> check_seed(12)
    12
    >>> check_seed(None)
    Traceback (most recent call last):
    ValueError: seed is None; it must be a whole number of 0 or more
    """
    is_whole = isinstance(seed, numbers.Integral) or (isinstance(seed, numbers.Real) and float(seed).is_integer())
    if not is_whole or seed < 0:
        raise ValueError(f"seed is {seed!r}; it must be a whole number of 0 or more")
    return int(seed)
