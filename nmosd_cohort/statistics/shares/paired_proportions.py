"""Shares of the same patients at two occasions, and their difference."""

from __future__ import annotations

import math

from nmosd_cohort.statistics.estimate import Estimate, check_conf_level, whole_number
from nmosd_cohort.statistics.shares.proportions import share_limits, without_patients
from nmosd_cohort.statistics.shares.two_by_two import mcnemar_mid_p


def paired_proportion_difference(
    both: int, first_only: int, second_only: int, neither: int, *, conf_level: float = 0.95
) -> Estimate:
    """Share with the event at the first occasion minus share at the second, in the same patients.

    Parameters
    ----------
    both, first_only, second_only, neither
        Patients by the occasions at which they had the event.
    conf_level
        Coverage of the limits.

    Returns
    -------
    Estimate
        Newcombe's paired hybrid score limits; McNemar's mid-p, 1 when no patient changed. `events` are the
        patients who changed.

    Raises
    ------
    ValueError
        If a count is not a whole number.

    Notes
    -----
    Newcombe 1998, method 10 for paired shares
    (doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C), with phi corrected for
    continuity; mid-p: Fagerland, Lydersen and Laake 2013 (doi:10.1186/1471-2288-13-91).

    Examples
    --------
    >>> change = paired_proportion_difference(1, 1, 7, 12)
    >>> round(change.estimate, 3), round(change.p_value, 4)
    (-0.286, 0.0391)
    """
    names = ("both", "first_only", "second_only", "neither")
    both, first_only, second_only, neither = (
        whole_number(name, count) for name, count in zip(names, (both, first_only, second_only, neither), strict=True)
    )
    level = check_conf_level(conf_level)
    n = both + first_only + second_only + neither
    if n == 0:
        return without_patients(level)
    share_1, share_2 = (both + first_only) / n, (both + second_only) / n
    low_1, high_1 = share_limits(both + first_only, n, "wilson", (1 - level) / 2)
    low_2, high_2 = share_limits(both + second_only, n, "wilson", (1 - level) / 2)
    phi = _corrected_phi(both, first_only, second_only, neither)
    difference = (first_only - second_only) / n
    return Estimate(
        difference,
        max(-1.0, difference - _paired_distance(share_1 - low_1, high_2 - share_2, phi)),
        min(1.0, difference + _paired_distance(high_1 - share_1, share_2 - low_2, phi)),
        n,
        "Newcombe paired hybrid score; McNemar mid-p",
        std_error=math.sqrt(first_only + second_only - (first_only - second_only) ** 2 / n) / n,
        p_value=mcnemar_mid_p(first_only, second_only),
        conf_level=level,
        events=first_only + second_only,
    )


def _corrected_phi(both: int, first_only: int, second_only: int, neither: int) -> float:
    """Return the continuity-corrected phi of the paired table, 0 when a margin is empty."""
    margins = math.prod((both + first_only, second_only + neither, both + second_only, first_only + neither))
    if margins == 0:
        return 0.0
    product = both * neither - first_only * second_only
    half_n = (both + first_only + second_only + neither) / 2
    numerator = max(product - half_n, 0.0) if product > 0 else float(product)
    return numerator / math.sqrt(margins)


def _paired_distance(side_1: float, side_2: float, phi: float) -> float:
    return math.sqrt(max(side_1**2 - 2 * phi * side_1 * side_2 + side_2**2, 0.0))
