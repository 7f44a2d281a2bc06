"""Numbers as printed text: the only place that rounds."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Literal, get_args

Kind = Literal["share", "share_difference", "probability", "correlation", "ratio", "points", "mean", "rate"]
SMALL_N = 20  # below this a decimal of a percentage would claim more than the patients can tell
NOT_ESTIMATED = "not estimated"
NO_INTERVAL = "no interval"
NOT_TESTED = "not tested"
NOT_RECORDED = "not recorded"


def is_missing(value: object) -> bool:
    """Return whether a value is missing: none, NaN, or a frame library's own missing value.

    Examples
    --------
    >>> is_missing(float("nan")), is_missing(None), is_missing(0), is_missing("")
    (True, True, False, False)
    """
    return value is None or str(value) in ("nan", "<NA>", "NaT")


def _signed(text: str) -> str:
    """Return number text with a true minus sign and without a minus before zero."""
    bare = text.lstrip("-")
    return f"\N{MINUS SIGN}{bare}" if text.startswith("-") and float(bare.replace(",", "")) != 0 else bare


def decimal(value: float, decimals: int) -> str:
    """Return a number with so many decimals, a true minus sign, never minus zero.

    Examples
    --------
    >>> decimal(2.345, 1), decimal(-0.04, 1), decimal(-1.26, 1)
    ('2.3', '0.0', '−1.3')
    """
    return _signed(f"{value:.{decimals}f}")


def number_text(value: float) -> str:
    """Return a number of an unknown kind with up to 4 significant digits, whole ones in full.

    Examples
    --------
    >>> number_text(66.4), number_text(0.123456), number_text(-12345.6), number_text(122.0), number_text(0.00002)
    ('66.4', '0.1235', '−12346', '122', '2e-05')
    """
    return _signed(f"{value:.0f}" if 1000 <= abs(value) < math.inf else f"{value:.4g}")


def percent(share: float, n: float | None = None) -> str:
    """Return a share of 0 to 1 as percent: no decimals if n is below 20, one otherwise.

    Examples
    --------
    >>> percent(35 / 122, 122), percent(6 / 7, 7), percent(0.0, 30)
    ('28.7 %', '86 %', '0.0 %')
    """
    return f"{_percent_number(share, n)} %"


def _percent_number(share: float, n: float | None) -> str:
    return decimal(100 * share, 0 if not is_missing(n) and n is not None and n < SMALL_N else 1)


def _ratio(value: float) -> str:
    size = abs(value)
    return decimal(value, 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 else 3)


def _limit(value: float, kind: str, n: float | None) -> str:
    """Return a number of a kind without its unit; an infinite limit in words."""
    if is_missing(value):
        return NOT_ESTIMATED
    if math.isinf(value):
        return "no upper limit" if value > 0 else "no lower limit"
    if kind in ("share", "share_difference"):
        return _percent_number(value, n)
    decimals = {"probability": 2, "correlation": 2, "rate": 2, "points": 1, "mean": 1}
    return decimal(value, decimals[kind]) if kind in decimals else _ratio(value)


def _unit(kind: str) -> str:
    return {"share": " %", "share_difference": " pp"}.get(kind, "")


def check_kind(kind: str) -> None:
    """Check that a kind of number is known.

    Raises
    ------
    ValueError
        If it is not; the message lists the known ones.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"no kind of number is called {kind!r}; known: {', '.join(get_args(Kind))}")


def estimate_text(
    estimate: float,
    conf_low: float = math.nan,
    conf_high: float = math.nan,
    *,
    kind: str = "share",
    n: float | None = None,
) -> str:
    """Return an estimate with its interval, shares as percent, differences of shares as percentage points.

    Parameters
    ----------
    estimate, conf_low, conf_high
        Unrounded numbers; shares from 0 to 1.
    kind
        What is printed: one of ``Kind``.
    n
        Patients behind it; decides the decimals of a percentage.

    Raises
    ------
    ValueError
        If the kind is unknown.

    Examples
    --------
    >>> estimate_text(0.287, 0.214, 0.373, n=122)
    '28.7 % (21.4 to 37.3)'
    >>> estimate_text(2.5, 1.1, float("inf"), kind="ratio")
    '2.50 (1.10 to no upper limit)'
    >>> estimate_text(float("nan"), 0.2, 0.6, n=60)
    'between 20.0 % and 60.0 %'
    >>> estimate_text(3.0, kind="points")
    '3.0 (no interval)'
    """
    check_kind(kind)
    unit = _unit(kind)
    has_low, has_high = not is_missing(conf_low), not is_missing(conf_high)
    if is_missing(estimate):
        if not (has_low and has_high):
            return NOT_ESTIMATED
        return f"between {_limit(conf_low, kind, n)}{unit} and {_limit(conf_high, kind, n)}{unit}"
    shown = f"{_limit(estimate, kind, n)}{unit}"
    if not (has_low or has_high):
        return f"{shown} ({NO_INTERVAL})"
    return f"{shown} ({_limit(conf_low, kind, n)} to {_limit(conf_high, kind, n)})"


def p_text(p_value: float) -> str:
    """Return a p value; print it only beside an estimate and its interval.

    Examples
    --------
    >>> p_text(0.034), p_text(0.0004), p_text(0.0476), p_text(0.004), p_text(0.999), p_text(float("nan"))
    ('0.03', '<0.001', '0.048', '0.004', '>0.99', 'not tested')
    """
    if is_missing(p_value):
        return NOT_TESTED
    if p_value < 0.001:
        return "<0.001"
    if p_value > 0.99:
        return ">0.99"
    near_the_line = 0.045 <= p_value < 0.055
    return f"{p_value:.3f}" if p_value < 0.01 or near_the_line else f"{p_value:.2f}"


def count_text(events: float | None, n: float | None) -> str:
    """Return patients as "35/122", or as "122" where nothing was counted among them.

    Examples
    --------
    >>> count_text(35, 122), count_text(None, 122), count_text(None, None)
    ('35/122', '122', 'not recorded')
    """
    if is_missing(n) or n is None:
        return NOT_RECORDED
    return f"{n:.0f}" if is_missing(events) or events is None else f"{events:.0f}/{n:.0f}"


def whole(value: float | None) -> str:
    """Return a count with a thin space between thousands.

    Examples
    --------
    >>> whole(1234567).replace("\N{THIN SPACE}", "_"), whole(None)
    ('1_234_567', 'not recorded')
    """
    if is_missing(value) or value is None:
        return NOT_RECORDED
    return f"{value:,.0f}".replace(",", "\N{THIN SPACE}")


def time_text(moment: datetime) -> str:
    """Return a moment to the minute in UTC.

    Examples
    --------
    >>> time_text(datetime(2026, 1, 5, 8, 0, tzinfo=UTC))
    '2026-01-05 08:00 UTC'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
