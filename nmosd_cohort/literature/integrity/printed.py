"""A printed number and the values behind it: rounding half up, half to even, or cut off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

Number = int | float | str | Decimal | Fraction
MOST_DECIMALS = 12
LARGEST_VALUE = Decimal(10) ** 15
CUT_OFF = " It fits only if digits were cut off, not by rounding."


@dataclass(frozen=True, slots=True)
class Interval:
    """The exact values that print as one number, from ``low`` to ``high``, each end in or out.

    Examples
    --------
    >>> Interval(Fraction(1), Fraction(2), has_low=True, has_high=False).holds(Fraction(2))
    False
    """

    low: Fraction
    high: Fraction
    has_low: bool
    has_high: bool

    def holds(self, value: Fraction) -> bool:
        """Whether the value lies in the interval."""
        above = value >= self.low if self.has_low else value > self.low
        return above and (value <= self.high if self.has_high else value < self.high)

    def squared(self) -> Interval:
        """Squares of the values of 0 or more in the interval, as for the variance behind a printed SD."""
        low = max(self.low, Fraction(0))
        return Interval(low**2, self.high**2, self.has_low or self.low < 0, self.has_high)

    def times(self, factor: Fraction) -> Interval:
        """Return the interval with both ends multiplied by a factor above zero."""
        return Interval(self.low * factor, self.high * factor, self.has_low, self.has_high)

    def whole_numbers(self) -> range:
        """Whole numbers in the interval."""
        first, last = math.ceil(self.low), math.floor(self.high)
        first += first == self.low and not self.has_low
        last -= last == self.high and not self.has_high
        return range(first, last + 1)


def exact(name: str, value: Number) -> Fraction:
    """Return a number as the fraction that its digits say, so that 0.1 is a tenth.

    Raises
    ------
    ValueError
        If it is no number, not finite, or too large.

    Examples
    --------
    >>> exact("step", 0.1)
    Fraction(1, 10)
    """
    return value if isinstance(value, Fraction) else Fraction(_as_decimal(name, value))


def as_printed(value: Number, decimals: int | None = None, *, name: str = "value") -> Decimal:
    """Return a printed number with its decimals, zeros at the end kept.

    Parameters
    ----------
    value
        A number, or the text as printed.
    decimals
        Decimals as printed, 0 to 12; None takes those of a text, and is not enough for a float, as 26.40 and
        26.4 are then the same.
    name
        What the number is, for messages.

    Raises
    ------
    ValueError
        If it is no number, has more digits than ``decimals``, or the decimals are not known.

    Examples
    --------
    >>> as_printed(26.4, 2), as_printed("26.40")
    (Decimal('26.40'), Decimal('26.40'))
    """
    number = _as_decimal(name, value)
    if decimals is None:
        if isinstance(value, float | Fraction):
            raise ValueError(f"{name} is {value!r}; say how many decimals were printed, or give it as text")
        decimals = max(0, -int(number.as_tuple().exponent))
    if isinstance(decimals, bool) or decimals != int(decimals) or not 0 <= decimals <= MOST_DECIMALS:
        raise ValueError(f"decimals is {decimals!r}; it must be a whole number from 0 to {MOST_DECIMALS}")
    shown = number.quantize(Decimal(1).scaleb(-int(decimals)))
    if shown != number:
        raise ValueError(f"{name} is {value}; a number printed with {decimals} decimals cannot have more digits")
    return shown


def printed_interval(value: Number, decimals: int | None = None, *, truncation: bool = True) -> Interval:
    """Return the exact values that print as a number, with each end in or out.

    Parameters
    ----------
    value, decimals
        The printed number and its decimals, as for `as_printed`.
    truncation
        Whether digits may have been cut off. Rounding is always allowed for; a tie counts for both its neighbours,
        as half up, half to even and binary fractions break it differently.

    Returns
    -------
    Interval
        With truncation the end away from zero is out: 0.3 is not printed as 0.2.

    Notes
    -----
    A fault that is not allowed for: cutting off after a multiplication in binary fractions, which makes 5.09 of 5.1.

    Examples
    --------
    >>> between = printed_interval("0.2")
    >>> float(between.low), float(between.high), between.has_low, between.has_high
    (0.15, 0.3, True, False)
    """
    shown = as_printed(value, decimals)
    exponent = int(shown.as_tuple().exponent)
    number, unit = Fraction(shown), Fraction(10) ** exponent
    if not truncation:
        return Interval(number - unit / 2, number + unit / 2, has_low=True, has_high=True)
    low = number - (unit / 2 if number > 0 else unit)
    high = number + (unit / 2 if number < 0 else unit)
    return Interval(low, high, has_low=number > 0, has_high=number < 0)


def possible_values(value: Number, decimals: int | None = None, *, truncation: bool = True) -> tuple[Decimal, Decimal]:
    """Return the closed interval of true values that print as a number, as `printed_interval` but without its ends.

    Examples
    --------
    >>> possible_values("26.40")
    (Decimal('26.395'), Decimal('26.41'))
    >>> possible_values(-1.5, 1, truncation=False)
    (Decimal('-1.55'), Decimal('-1.45'))
    """
    between = printed_interval(value, decimals, truncation=truncation)
    return _decimal(between.low), _decimal(between.high)


def share_possible(spacing: Fraction, decimals: int, *, truncation: bool = True) -> float:
    """Return the share of all numbers with these decimals that equally spaced true values can print as.

    Parameters
    ----------
    spacing
        Distance between neighbouring true values: 100 / n for percentages, step / n for means.
    decimals
        Decimals of the printed number.
    truncation
        As for `printed_interval`.

    Returns
    -------
    float
        1 where any number would fit, so that a test of it cannot fail.

    Notes
    -----
    The power of the GRIM test (Brown and Heathers 2017, doi:10.1177/1948550616673876), here exact and for the
    rounding rules allowed. The fractional parts of the multiples of a spacing a/q take each j/q equally often.

    Examples
    --------
    >>> share_possible(Fraction(100, 125), 1, truncation=False)  # multiples of 0.8 %
    0.125
    """
    wide = spacing * 10**decimals
    if wide <= (Fraction(3, 2) if truncation else 1):
        return 1.0
    cycle = wide.denominator
    ties = 1 if cycle % 2 == 0 else 0
    second = Fraction(cycle // 2 if truncation else ties, cycle)
    return float((1 + second) / wide)


def _as_decimal(name: str, value: Number) -> Decimal:
    if isinstance(value, bool):
        raise ValueError(f"{name} is {value!r}; it must be a number")
    try:
        if isinstance(value, Fraction):
            return _decimal(value)
        number = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise ValueError(f"{name} is {value!r}; it must be a number, a text such as '26.40' too") from error
    if not number.is_finite() or abs(number) >= LARGEST_VALUE:
        raise ValueError(f"{name} is {value!r}; it must be finite and below 10 to the power of 15")
    return number


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
