"""What rounding leaves open: the range of a printed number, and of what is computed from several."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import product

from nmosd_cohort.literature.integrity.printed import possible_values

Span = tuple[float, float]


def decimals_of(*values: float | None, declared: int | None = None) -> int:
    """Return the decimals to read a set of numbers with, which were printed alike.

    Parameters
    ----------
    *values
        Numbers of one kind, such as both limits; missing ones are left out.
    declared
        Decimals said to be printed, used for a single number; it may have lost zeros at its end.

    Returns
    -------
    int
        The most decimals that one of several numbers shows. As zeros at the end are not seen, this errs on the
        side of a wider range.

    Examples
    --------
    >>> decimals_of(1.4, 12.35), decimals_of(1.0, 6.0, declared=2), decimals_of(3.0, declared=1)
    (2, 0, 1)
    """
    seen = [_decimals(value) for value in values if value is not None]
    shown = max(seen, default=0)
    return max(shown, declared or 0) if len(seen) < 2 else shown


def span(value: float, decimals: int) -> Span:
    """Return the lowest and highest value that prints as this number, rounded or cut off.

    Examples
    --------
    >>> span(0.9, 1)
    (0.85, 1.0)
    """
    low, high = possible_values(value, max(decimals, _decimals(value)))
    return float(low), float(high)


def over_rounding(function: Callable[..., float], *spans: Span) -> Span:
    """Return the least and largest value of a function that is monotone in each argument over their ranges.

    Examples
    --------
    >>> over_rounding(lambda a, b: a - b, (1.0, 2.0), (0.0, 0.5))
    (0.5, 2.0)
    """
    values = [function(*corner) for corner in product(*spans)]
    return min(values), max(values)


def overlap(one: Span, other: Span) -> bool:
    """Whether two closed ranges share a value, but for the last digits of floating point.

    Examples
    --------
    >>> overlap((0.0, 0.3), (0.1 + 0.2, 1.0)), overlap((0.0, 0.2), (0.3, 1.0))
    (True, False)
    """
    room = 1e-9 * max(1.0, *(abs(end) for end in (*one, *other)))
    return one[0] <= other[1] + room and other[0] <= one[1] + room


def words(values: Span, digits: int = 3) -> str:
    """Say a range in so many significant digits, one number where both ends look alike.

    Examples
    --------
    >>> words((0.12345, 0.1254)), words((2.0, 2.0))
    ('0.123 to 0.125', '2')
    """
    low, high = (f"{value:.{digits}g}" for value in values)
    return low if low == high else f"{low} to {high}"


def _decimals(value: float) -> int:
    return max(0, -int(Decimal(str(value)).normalize().as_tuple().exponent))
