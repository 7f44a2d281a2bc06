"""Limits of a share by every method that papers use."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.special import betainc, expit, logit

from nmosd_cohort.literature.integrity.p_values import critical_value
from nmosd_cohort.statistics.shares.proportions import share_limits, wilson_limits

Pair = tuple[float, float]


def share_candidates(events: int, n: int, level: float = 0.95) -> dict[str, Pair]:
    """Return the limits of a share in percent, by method.

    Parameters
    ----------
    events, n
        Patients with the event, and patients, n above zero.
    level
        Coverage of the limits.

    Returns
    -------
    dict
        Wald (also with continuity correction, and by t), Wilson (also with correction), Clopper-Pearson (also
        mid-p), Agresti-Coull, Jeffreys, logit, arcsine. Limits of Wald and Agresti-Coull may lie beyond 0 and 100.

    Notes
    -----
    Vollset 1993 (doi:10.1002/sim.4780120902); Newcombe 1998
    (doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E); Brown, Cai and DasGupta 2001
    (doi:10.1214/ss/1009213286).

    Examples
    --------
    >>> limits = share_candidates(81, 122)
    >>> {name: f"{limits[name][0]:.1f} to {limits[name][1]:.1f}" for name in ("Wald", "Wilson")}
    {'Wald': '58.0 to 74.8', 'Wilson': '57.6 to 74.2'}
    """
    z, tail = critical_value(math.inf, level), (1 - level) / 2
    by_t = critical_value(n - 1, level) if n > 1 else z
    shape, size = events + z * z / 2, n + z * z
    found: dict[str, Pair] = {
        "Wald": _wald(events, n, z),
        "Wald with continuity correction": _wald(events, n, z, correction=0.5 / n),
        "Wald by t": _wald(events, n, by_t * math.sqrt(n / max(1, n - 1))),
        "Wilson": wilson_limits(events, n, z),
        "Wilson with continuity correction": _corrected_wilson(events, n, z),
        "Clopper-Pearson": share_limits(events, n, "clopper_pearson", tail),
        "mid-p": _mid_p(events, n, tail),
        "Agresti-Coull": _wald(shape, size, z),
        "Jeffreys": share_limits(events, n, "jeffreys", tail),
        "arcsine": _arcsine(events, n, z),
    }
    if 0 < events < n:
        found["logit"] = _logit(events, n, z)
    else:
        found["logit"] = _logit(events + 0.5, n + 1, z)
    return {name: (100 * low, 100 * high) for name, (low, high) in found.items()}


def _wald(events: float, n: float, z: float, *, correction: float = 0.0) -> Pair:
    share = events / n
    half_width = z * math.sqrt(max(0.0, share * (1 - share)) / n) + correction
    return share - half_width, share + half_width


def _corrected_wilson(events: int, n: int, z: float) -> Pair:
    """Return the score limits with the correction of Newcombe 1998, method 4."""
    share, wide = events / n, 2 * (n + z * z)
    below = z * z - 2 - 1 / n + 4 * share * (n * (1 - share) + 1)
    above = z * z + 2 - 1 / n + 4 * share * (n * (1 - share) - 1)
    low = (2 * events + z * z - 1 - z * math.sqrt(max(0.0, below))) / wide
    high = (2 * events + z * z + 1 + z * math.sqrt(max(0.0, above))) / wide
    return 0.0 if events == 0 else max(0.0, low), 1.0 if events == n else min(1.0, high)


def _mid_p(events: int, n: int, tail: float) -> Pair:
    """Return the shares at which half the chance of the count and that of all beyond it make the tail."""

    def more(share: float) -> float:
        least = float(betainc(events, n - events + 1, share)) if events > 0 else 1.0
        beyond = float(betainc(events + 1, n - events, share)) if events < n else 0.0
        return (least + beyond) / 2

    low = 0.0 if events == 0 else _solve(more, tail)
    high = 1.0 if events == n else _solve(more, 1 - tail)
    return low, high


def _solve(rising: Callable[[float], float], target: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2


def _arcsine(events: int, n: int, z: float) -> Pair:
    angle, reach = math.asin(math.sqrt(events / n)), z / (2 * math.sqrt(n))
    return math.sin(max(0.0, angle - reach)) ** 2, math.sin(min(math.pi / 2, angle + reach)) ** 2


def _logit(events: float, n: float, z: float) -> Pair:
    centre, error = float(logit(events / n)), 1 / math.sqrt(events * (1 - events / n))
    return float(expit(centre - z * error)), float(expit(centre + z * error))
