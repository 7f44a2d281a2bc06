"""P-values and chi-squares that follow from the printed counts of groups."""

from __future__ import annotations

from collections.abc import Sequence

from scipy.special import chdtrc, xlogy

from nmosd_cohort.literature.integrity.p_values import PossibleP
from nmosd_cohort.statistics.shares.two_by_two import EQUALLY_LIKELY, fisher_mid_p, table_chances


def p_from_counts(groups: Sequence[tuple[int, int]]) -> tuple[PossibleP, ...]:
    """Two-sided p-values against equal shares in groups.

    Parameters
    ----------
    groups
        Events and patients of each group, two or more groups.

    Returns
    -------
    tuple of PossibleP
        Of two groups: chi-square without and with correction, with N - 1, likelihood ratio, unpooled z,
        Fisher's exact test (by likelihood and doubled) and its mid-p. Of more: chi-square and likelihood ratio.

    Raises
    ------
    ValueError
        If there are fewer than two groups or one of them has no patients.

    Examples
    --------
    >>> found = {one.test: round(one.low, 4) for one in p_from_counts([(36, 57), (18, 51)])}
    >>> found["Pearson chi-square"], found["chi-square with Yates correction"]
    (0.0038, 0.007)
    """
    if len(groups) < 2 or any(n < 1 for _, n in groups):
        raise ValueError("counts are needed of two groups or more, each with patients")
    statistics = chi_squares(groups)
    found = {name: float(chdtrc(len(groups) - 1, value)) for name, value in statistics.items()}
    if len(groups) == 2:
        found |= _exact_p(*groups[0], *groups[1])
    return tuple(PossibleP(name, p, p) for name, p in found.items())


def chi_squares(groups: Sequence[tuple[int, int]]) -> dict[str, float]:
    """Return the chi-square statistics that are in use for shares of groups, by name.

    Examples
    --------
    >>> {name: round(value, 3) for name, value in chi_squares([(36, 57), (18, 51)]).items()}["Pearson chi-square"]
    8.359
    """
    events, patients = sum(k for k, _ in groups), sum(n for _, n in groups)
    if events in (0, patients):
        return {"Pearson chi-square": 0.0}
    cells = [(k, events * n / patients) for k, n in groups]
    cells += [(n - k, (patients - events) * n / patients) for k, n in groups]
    pearson = sum((seen - expected) ** 2 / expected for seen, expected in cells)
    likelihood = 2 * sum(float(xlogy(seen, seen / expected)) for seen, expected in cells)
    found = {"Pearson chi-square": pearson, "likelihood ratio chi-square": max(0.0, likelihood)}
    if len(groups) > 2:
        return found
    yates = sum(max(0.0, abs(seen - expected) - 0.5) ** 2 / expected for seen, expected in cells)
    (events_1, n_1), (events_2, n_2) = groups
    share_1, share_2 = events_1 / n_1, events_2 / n_2
    variance = share_1 * (1 - share_1) / n_1 + share_2 * (1 - share_2) / n_2
    unpooled = {"unpooled z": (share_1 - share_2) ** 2 / variance} if variance else {}
    smaller = {"N - 1 chi-square": pearson * (patients - 1) / patients}
    return found | {"chi-square with Yates correction": yates} | smaller | unpooled


def _exact_p(events_1: int, n_1: int, events_2: int, n_2: int) -> dict[str, float]:
    counts, chances = table_chances(events_1, n_1, events_2, n_2, 0.0)
    if not counts[0] <= events_1 <= counts[-1]:
        return dict.fromkeys(("Fisher exact", "Fisher exact, one tail doubled", "Fisher mid-p"), 0.0)
    place = int(events_1 - counts[0])
    below, above = float(chances[: place + 1].sum()), float(chances[place:].sum())
    fisher = float(chances[chances <= chances[place] * (1 + EQUALLY_LIKELY)].sum())
    return {
        "Fisher exact": min(1.0, fisher),
        "Fisher exact, one tail doubled": min(1.0, 2 * below, 2 * above),
        "Fisher mid-p": fisher_mid_p(events_1, n_1, events_2, n_2),
    }
